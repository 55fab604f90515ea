//! The output of `--check-config`.

use std::fmt::Write;

use super::{Config, PropertyFile};

impl Config {
    /// What was read from where, every value that is not a built-in default, and all warnings but mistakes. Secrets are masked.
    pub fn report(&self) -> String {
        let mut out = String::from("Files:\n");
        for file in PropertyFile::ALL {
            let found = self.files.iter().find(|found| found.file == file);
            let place = match found {
                Some(found) => found.path.display().to_string(),
                None if file == PropertyFile::Db && !self.server.enable_db => {
                    "not read, since enable.db is not true".into()
                }
                None => "none, built-in defaults".into(),
            };
            let _ = writeln!(out, "  {:<22}{place}", file.file_name());
        }
        for (file, entries) in self.tables() {
            let _ = writeln!(out, "{}:", file.file_name());
            for (key, value) in entries {
                let unit = if key.unit.is_empty() { String::new() } else { format!(" {}", key.unit) };
                let set = self.set.iter().find(|s| s.file == file && s.key == key.name);
                let origin = set.map_or("default", |s| &s.origin);
                let _ = writeln!(out, "  {} = {value}{unit}  ({origin})", key.name);
            }
        }
        for email in self.push_targets.accounts.keys() {
            let _ = writeln!(out, "  account {email} has push services of its own");
        }
        for warning in &self.warnings {
            let _ = writeln!(out, "WARNING : {warning}");
        }
        out
    }
}

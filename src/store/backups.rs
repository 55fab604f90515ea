//! The daily copies of user files that cannot be read.

use super::folder::BACKUP;
use super::names::{is_user_file, user_file_name, OLD_PREFIX, SUFFIX};
use crate::model::MAIN_APP;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Backups of broken files, which come with the reason, newest first. One walk over the folder, which holds a file per account and day.
pub fn list(folder: &Path, broken: &[(String, String)]) -> HashMap<String, Vec<PathBuf>> {
    let mut found: HashMap<String, Vec<(SystemTime, PathBuf)>> = HashMap::new();
    let Ok(entries) = fs::read_dir(folder.join(BACKUP)) else {
        return HashMap::new();
    };
    let mut wanted: HashMap<String, Vec<&str>> = HashMap::new();
    for (name, _) in broken {
        wanted.entry(name.clone()).or_default().push(name);
        if let Some(rest) = name.strip_prefix(OLD_PREFIX).and_then(|n| n.strip_suffix(SUFFIX)) {
            // Backups never had the old names.
            wanted.entry(user_file_name(rest, MAIN_APP)).or_default().push(name);
        }
    }
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        // `<file name>.<date>`, but any ending will do.
        let stem = if is_user_file(name) { name } else { name.rsplit_once('.').map_or(name, |(stem, _)| stem) };
        for file in wanted.get(stem).into_iter().flatten() {
            let modified = entry.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            found.entry((*file).to_owned()).or_default().push((modified, entry.path()));
        }
    }
    found
        .into_iter()
        .map(|(name, mut files)| {
            files.sort_by(|a, b| b.cmp(a));
            (name, files.into_iter().map(|(_, path)| path).collect())
        })
        .collect()
}

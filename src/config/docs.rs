//! Writes the manual of all properties, `docs/configuration.md`, from the tables.

use std::fmt::Write;

use super::table::{Key, Kind};
use super::{
    DbConfig, MailConfig, PropertyFile, PushConfig, PushTargetsConfig, ServerConfig, SmsConfig, TwitterConfig,
};

/// What stands above the tables.
const HEAD: &str = include_str!("docs_head.md");

/// The table, the ignored keys and a sentence about a file.
#[allow(clippy::type_complexity)]
fn table(file: PropertyFile) -> (&'static [Key], &'static [(&'static str, &'static str)], &'static str) {
    match file {
        PropertyFile::Server => {
            (ServerConfig::KEYS, ServerConfig::IGNORED, "Ports, folders, limits, periods, administration.")
        }
        PropertyFile::Mail => (
            MailConfig::KEYS,
            MailConfig::IGNORED,
            "The SMTP server for mails. Mail is off while neither server, user name nor password is set.",
        ),
        PropertyFile::Sms => {
            (SmsConfig::KEYS, SmsConfig::IGNORED, "The gateway for text messages; off without key and secret.")
        }
        PropertyFile::Gcm => {
            (PushConfig::KEYS, PushConfig::IGNORED, "The phone apps' own push gateway, and texts of pushes.")
        }
        PropertyFile::Push => (
            PushTargetsConfig::KEYS,
            PushTargetsConfig::IGNORED,
            "Pushes through other services. An account may have its own: `account.<mail address>.<key>`, for example \
             `account.ann@example.com.ntfy.topic`; what it does not set is as for the server.",
        ),
        PropertyFile::Twitter => {
            (TwitterConfig::KEYS, TwitterConfig::IGNORED, "The application that tweets are sent by.")
        }
        PropertyFile::Db => {
            (DbConfig::KEYS, DbConfig::IGNORED, "The PostgreSQL databases; read only when `enable.db=true`.")
        }
    }
}

/// The manual as Markdown.
pub fn markdown() -> String {
    let mut out = HEAD.to_owned();
    for file in PropertyFile::ALL {
        let (keys, ignored, about) = table(file);
        let _ = write!(out, "\n## {}\n\n{about}\n\n", file.file_name());
        out.push_str("| Key | Type | Default | Meaning |\n|---|---|---|---|\n");
        for key in keys {
            let _ = writeln!(out, "| `{}` | {} | {} | {} |", key.name, kind(key), default(key), meaning(key));
        }
        if !ignored.is_empty() {
            out.push_str("\nKnown, but without effect:\n\n");
            for (name, why) in ignored {
                let _ = writeln!(out, "* `{name}`: {}.", cell(why));
            }
        }
    }
    out
}

fn kind(key: &Key) -> String {
    match (key.kind, key.unit) {
        (Kind::Integer, unit) if !unit.is_empty() => format!("integer, {unit}"),
        (kind, _) => key.form.name().unwrap_or(kind.name()).to_owned(),
    }
}

fn default(key: &Key) -> String {
    let mut text = match key.default_text() {
        None => "absent".to_owned(),
        Some("") => "empty".to_owned(),
        Some(value) => format!("`{}`", cell(value)),
    };
    // An empty number means something else than an absent one in some rows.
    if let (Kind::Integer, Some(shipped), Some(code)) = (key.kind, key.shipped, key.code) {
        if shipped != code {
            let _ = write!(text, " (empty value: `{code}`)");
        }
    }
    text
}

fn meaning(key: &Key) -> String {
    let mut text = cell(key.doc);
    let (min, max) = key.range;
    if key.kind == Kind::Integer && min > 0 {
        let _ = write!(text, " At least {min}.");
    }
    if key.kind == Kind::Integer && max < i64::from(i32::MAX) {
        let _ = write!(text, " At most {max}.");
    }
    if key.reload {
        text.push_str(" *[reload]*");
    }
    if key.own {
        text.push_str(" *[new]*");
    }
    text
}

/// Text for a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    /// To write the file anew: `EYELET_WRITE_DOCS=1 cargo test --lib config::docs`.
    #[test]
    fn the_manual_is_up_to_date() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        if std::env::var_os("EYELET_WRITE_DOCS").is_some() {
            fs::write(&file, markdown()).unwrap();
        }
        let there = fs::read_to_string(&file).unwrap_or_default();
        assert!(there == markdown(), "write it anew: EYELET_WRITE_DOCS=1 cargo test --lib config::docs");
    }
}

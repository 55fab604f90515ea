//! Environment variables as a source: every key in capitals with underscores for dots, `EYELET_HTTP_PORT` for `http.port`.
//! They count more than the files and less than the command line.

use super::source::{Override, PropertyFile};
use super::table::Key;

/// What the variables begin with.
const PREFIX: &str = "EYELET_";

impl PropertyFile {
    /// The keys of this file.
    pub fn keys(self) -> &'static [Key] {
        match self {
            Self::Server => super::ServerConfig::KEYS,
            Self::Mail => super::MailConfig::KEYS,
            Self::Sms => super::SmsConfig::KEYS,
            Self::Gcm => super::PushConfig::KEYS,
            Self::Push => super::PushTargetsConfig::KEYS,
            Self::Twitter => super::TwitterConfig::KEYS,
            Self::Db => super::DbConfig::KEYS,
        }
    }
}

/// The variable of a key.
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "_"))
}

/// A remark for each variable that begins like those of keys and is of none.
pub fn unknown(variables: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let is_key =
        |name: &str| PropertyFile::ALL.iter().flat_map(|file| file.keys()).any(|key| variable(key.name) == name);
    let names = variables.into_iter().map(|(name, _)| name).filter(|name| name.starts_with(PREFIX) && !is_key(name));
    names.map(|name| format!("Unknown variable '{name}' of the environment is ignored")).collect()
}

/// The image's variable that says that names without [`PREFIX`] count, too.
const LEGACY: &str = "LEGACY_VARIABLES";

/// The variable that the reference server's images knew for a key of `server.properties`.
fn legacy_variable(key: &Key) -> Option<String> {
    // They had those of the shipped file.
    let is_known = !key.own && key.shipped.is_some();
    let name = if key.name == "admin.rootPath" { "admin.root.path" } else { key.name };
    is_known.then(|| name.to_ascii_uppercase().replace('.', "_"))
}

/// What these variables set. In a container that says so the names of the reference server's images count, too, unless
/// they are empty.
pub fn overrides(variables: impl IntoIterator<Item = (String, String)>) -> Vec<Override> {
    let mut found = Vec::new();
    let (own, others): (Vec<_>, Vec<_>) = variables.into_iter().partition(|(name, _)| name.starts_with(PREFIX));
    for (name, value) in own {
        for file in PropertyFile::ALL {
            for key in file.keys().iter().filter(|key| variable(key.name) == name) {
                let origin = format!("environment {name}");
                found.push(Override { file, key: key.name, value: value.clone(), origin });
            }
        }
    }
    if !others.iter().any(|(name, value)| name == LEGACY && value == "true") {
        return found;
    }
    let file = PropertyFile::Server;
    for (name, value) in others.into_iter().filter(|(_, value)| !value.is_empty()) {
        if let Some(key) = file.keys().iter().find(|key| legacy_variable(key).is_some_and(|known| known == name)) {
            found.push(Override { file, key: key.name, value, origin: format!("environment {name}") });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{load, Sources};

    fn set(variables: &[(&str, &str)]) -> Vec<Override> {
        overrides(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let mut names: Vec<String> =
            PropertyFile::ALL.iter().flat_map(|file| file.keys()).map(|key| variable(key.name)).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(variable("admin.rootPath"), "EYELET_ADMIN_ROOTPATH");
    }

    #[test]
    fn misspelt_variables_are_told() {
        let names = ["EYELET_HTTP_PORT", "EYELET_ADMIN_ROOT_PATH", "HTTP_PORT", "EYELET_MAIL_SMTP_HOST"];
        let told = unknown(names.map(|name| (name.to_owned(), String::new())));
        assert_eq!(told, ["Unknown variable 'EYELET_ADMIN_ROOT_PATH' of the environment is ignored"]);
    }

    #[test]
    fn the_names_of_old_images_count_where_they_are_wanted() {
        let old =
            [("HTTP_PORT", "81"), ("ADMIN_ROOT_PATH", "/boss"), ("ADMIN_PASS", ""), ("REGION", "x"), ("USER", "me")];
        assert!(set(&old).is_empty());
        let own = [(LEGACY, "true"), ("EYELET_HTTP_PORT", "82")];
        let found = set(&[&old[..], &own].concat());
        let found: Vec<_> = found.iter().map(|o| (o.key, o.value.as_str(), o.origin.as_str())).collect();
        assert_eq!(
            found,
            [
                ("http.port", "82", "environment EYELET_HTTP_PORT"),
                ("http.port", "81", "environment HTTP_PORT"),
                ("admin.rootPath", "/boss", "environment ADMIN_ROOT_PATH"),
            ],
            "the first of two counts"
        );
    }

    #[test]
    fn variables_count_more_than_files_and_less_than_options() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("server.properties"), "http.port=1\nhttps.port=2\nregion=file\n").unwrap();
        let mut sources = Sources { working_folder: folder.path().to_path_buf(), ..Sources::default() };
        let option = Override {
            file: PropertyFile::Server,
            key: "http.port",
            value: "3".into(),
            origin: "option -hardPort".into(),
        };
        sources.overrides.push(option);
        sources.overrides.extend(set(&[
            ("EYELET_HTTP_PORT", "4"),
            ("EYELET_HTTPS_PORT", "5"),
            ("EYELET_MAIL_SMTP_HOST", "mail.example"),
            ("EYELET_MAIL_SMTP_USERNAME", "me@example.com"),
            ("EYELET_NO_KEY", "x"),
            ("HTTP_PORT", "6"),
        ]));
        let config = load(&sources).unwrap();
        let server = &config.server;
        assert_eq!((server.http_port, server.https_port, server.region.as_str()), (3, 5, "file"));
        assert_eq!(config.mail.as_ref().unwrap().host, "mail.example");
        assert!(config.report().contains("https.port = 5  (environment EYELET_HTTPS_PORT)"), "{}", config.report());
        sources.overrides = set(&[("EYELET_HTTP_PORT", "x")]);
        let error = load(&sources).unwrap_err().to_string();
        assert!(error.contains("EYELET_HTTP_PORT"), "{error}");
    }
}

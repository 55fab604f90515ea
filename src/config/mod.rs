//! Configuration: property files and command line in, typed structs out.
//!
//! Each property file has one table ([`server`], [`mail`], [`sms`], [`gcm`], [`push`], [`twitter`], [`db`]): a row per
//! key with its type, default, unit, bounds and a sentence for the manual. The table makes the struct, reads it, checks
//! it, shows it (`--check-config`) and documents it (`docs/configuration.md`, see [`docs`]). To add a key, add a row.
//!
//! [`load`] looks at [`Sources`]: values of the command line count more than those of the environment, these more than
//! files, files more than defaults.

pub mod address;
pub mod db;
pub mod docs;
pub mod environment;
pub mod folders;
pub mod form;
pub mod gcm;
pub mod level;
pub mod mail;
pub mod properties;
pub mod push;
pub mod reader;
pub mod report;
pub mod secret;
pub mod server;
pub mod sms;
pub mod source;
pub mod table;
pub mod twitter;
pub mod value;

use std::path::PathBuf;

pub use db::{DbConfig, JdbcUrl};
pub use gcm::PushConfig;
pub use level::LogLevel;
pub use mail::MailConfig;
pub use push::{PushTargets, PushTargetsConfig};
pub use secret::Secret;
pub use server::ServerConfig;
pub use sms::SmsConfig;
pub use source::{FoundFile, Override, PropertyFile, Sources};
pub use twitter::TwitterConfig;

use properties::Properties;
use reader::{Reader, Setting};
use table::Key;

/// The keys of a table with their values as text, secrets masked.
pub type Entries = Vec<(&'static Key, String)>;

/// The whole configuration. The program reads it as `Rc<Config>` and never changes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// `server.properties`.
    pub server: ServerConfig,
    /// `mail.properties`; `None` when nobody configured a mail server.
    pub mail: Option<MailConfig>,
    /// `sms.properties`; `None` without key and secret.
    pub sms: Option<SmsConfig>,
    /// `gcm.properties`: the phones' own push gateway, and texts of pushes.
    pub push: PushConfig,
    /// `push.properties`: other push services.
    pub push_targets: PushTargets,
    /// `twitter4j.properties`; `None` without key and secret.
    pub twitter: Option<TwitterConfig>,
    /// `db.properties`; `None` without `enable.db`.
    pub db: Option<DbConfig>,
    /// Values that are not used as they are written, or will not do; one line each, to be logged at start.
    pub mistakes: Vec<String>,
    /// Other remarks for the operator, one line each, to be logged at start.
    pub warnings: Vec<String>,
    /// The files that were read.
    pub files: Vec<FoundFile>,
    /// Which keys are not built-in defaults, and where they were set.
    pub set: Vec<Setting>,
    /// The values of files whose service is off, for those who ask what was read.
    pub off: Vec<(PropertyFile, Entries)>,
    /// Folder of the program file.
    pub program_folder: PathBuf,
    /// Folder the program was started in: `static-override`, mail texts, `fullchain.crt` and `privkey.pem`.
    pub working_folder: PathBuf,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A file that the operator named does not exist.
    #[error("Path {} not found.", .0.display())]
    NotFound(PathBuf),
    /// A file cannot be read or is malformed.
    #[error("Error reading properties file : '{}'. Reason : {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Values that the program cannot start with, one line each.
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

/// Reads the configuration from its sources. All bad values are reported at once.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let (config, errors) = examine(sources)?;
    if errors.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Invalid(errors))
    }
}

/// The same for `--check-config`: the configuration with defaults in place of values that the program cannot start with, and
/// one line for each of those.
pub fn examine(sources: &Sources) -> Result<(Config, Vec<String>), ConfigError> {
    let mut loader = Loader { sources, config: Config::default(), errors: Vec::new() };
    loader.server()?;
    loader.mail()?;
    loader.others()?;
    let mut config = loader.config;
    config.program_folder.clone_from(&sources.program_folder);
    config.working_folder.clone_from(&sources.working_folder);
    Ok((config, loader.errors))
}

/// The state of one [`load`].
struct Loader<'a> {
    sources: &'a Sources,
    config: Config,
    errors: Vec<String>,
}

impl Loader<'_> {
    /// Finds and reads a file; notes where it was. Returns its content and its path for messages.
    fn file(&mut self, file: PropertyFile) -> Result<(Option<Properties>, String), ConfigError> {
        let server = self.config.files.iter().find(|found| found.file == PropertyFile::Server);
        let server = server.map(|found| found.path.clone());
        Ok(match self.sources.read(file, server.as_deref())? {
            None => (None, file.file_name().to_owned()),
            Some((found, properties)) => {
                let path = found.path.display().to_string();
                self.config.files.push(found);
                (Some(properties), path)
            }
        })
    }

    /// Takes over what a reader noticed.
    fn finish(&mut self, mut reader: Reader<'_>) {
        self.config.mistakes.append(&mut reader.mistakes);
        self.config.warnings.append(&mut reader.warnings);
        self.config.set.append(&mut reader.set);
        self.errors.append(&mut reader.errors);
    }

    fn server(&mut self) -> Result<(), ConfigError> {
        let (properties, path) = self.file(PropertyFile::Server)?;
        let mut reader = Reader::new(PropertyFile::Server, path, properties.as_ref(), &self.sources.overrides);
        self.config.server = ServerConfig::read(&mut reader);
        self.config.server.check(&mut reader);
        reader.warn_unknown(ServerConfig::KEYS, ServerConfig::IGNORED, |_| false);
        self.finish(reader);
        Ok(())
    }

    fn mail(&mut self) -> Result<(), ConfigError> {
        let (mut properties, path) = self.file(PropertyFile::Mail)?;
        if let Some(properties) = &mut properties {
            spell_smtps_as_smtp(properties);
        }
        let mut reader = Reader::new(PropertyFile::Mail, path.clone(), properties.as_ref(), &self.sources.overrides);
        let mut mail = MailConfig::read(&mut reader);
        if MailConfig::is_configured(&reader) {
            mail.check(&mut reader);
            let named = self.sources.named.iter().any(|(file, _)| *file == PropertyFile::Mail);
            if named && !reader.is_set("mail.smtp.port") {
                let port = mail.port;
                reader.warnings.push(format!(
                    "Property 'mail.smtp.port' is missing in {path}: {port} is used (the legacy server used 25)"
                ));
            }
            self.config.mail = Some(mail);
        } else if !reader.set.is_empty() {
            self.config.off.push((PropertyFile::Mail, mail.entries()));
        }
        reader.warn_unknown(MailConfig::KEYS, MailConfig::IGNORED, |_| false);
        self.finish(reader);
        Ok(())
    }

    fn others(&mut self) -> Result<(), ConfigError> {
        let sources = self.sources;
        let (properties, path) = self.file(PropertyFile::Sms)?;
        let mut reader = Reader::new(PropertyFile::Sms, path, properties.as_ref(), &sources.overrides);
        let sms = SmsConfig::read(&mut reader);
        let configured = !sms.nexmo_api_key.is_empty() || !sms.nexmo_api_secret.is_empty();
        if configured {
            self.config.sms = Some(sms);
        } else if !reader.set.is_empty() {
            self.config.off.push((PropertyFile::Sms, sms.entries()));
        }
        reader.warn_unknown(SmsConfig::KEYS, SmsConfig::IGNORED, |_| false);
        self.finish(reader);

        let (properties, path) = self.file(PropertyFile::Gcm)?;
        let mut reader = Reader::new(PropertyFile::Gcm, path, properties.as_ref(), &sources.overrides);
        self.config.push = PushConfig::read(&mut reader);
        reader.warn_unknown(PushConfig::KEYS, PushConfig::IGNORED, |_| false);
        self.finish(reader);

        let (properties, path) = self.file(PropertyFile::Push)?;
        let mut reader = Reader::new(PropertyFile::Push, path.clone(), properties.as_ref(), &sources.overrides);
        self.config.push_targets = PushTargets::read(&mut reader, properties.as_ref(), &path);
        reader.warn_unknown(PushTargetsConfig::KEYS, PushTargetsConfig::IGNORED, |name| {
            push::account_key(name).is_some()
        });
        self.finish(reader);

        let (properties, path) = self.file(PropertyFile::Twitter)?;
        let mut reader = Reader::new(PropertyFile::Twitter, path, properties.as_ref(), &sources.overrides);
        let twitter = TwitterConfig::read(&mut reader);
        let configured = !twitter.oauth_consumer_key.is_empty() && !twitter.oauth_consumer_secret.is_empty();
        if configured {
            self.config.twitter = Some(twitter);
        } else if !reader.set.is_empty() {
            self.config.off.push((PropertyFile::Twitter, twitter.entries()));
        }
        // The file belongs to a Java library with many keys of its own: no warnings about those.
        self.finish(reader);

        if self.config.server.enable_db {
            let (properties, path) = self.file(PropertyFile::Db)?;
            let mut reader = Reader::new(PropertyFile::Db, path, properties.as_ref(), &sources.overrides);
            let mut db = DbConfig::read(&mut reader);
            db.check(&reader);
            self.config.db = Some(db);
            reader.warn_unknown(DbConfig::KEYS, DbConfig::IGNORED, |_| false);
            self.finish(reader);
        }
        Ok(())
    }
}

/// With `mail.transport.protocol=smtps` the mail library reads `mail.smtps.*`; here they become `mail.smtp.*`.
fn spell_smtps_as_smtp(properties: &mut Properties) {
    let smtps = properties.get("mail.transport.protocol").map(|entry| value::java_trim(&entry.value));
    if !smtps.is_some_and(|word| word.eq_ignore_ascii_case("smtps")) {
        return;
    }
    let old: Vec<_> = properties
        .iter()
        .filter_map(|(name, entry)| Some((name.strip_prefix("mail.smtps.")?.to_owned(), entry.clone())))
        .collect();
    for (rest, entry) in old {
        properties.remove(&format!("mail.smtps.{rest}"));
        properties.insert(format!("mail.smtp.{rest}"), entry);
    }
}

impl Config {
    /// A configuration for tests: built-in defaults, loopback only, ports chosen by the system.
    pub fn for_tests() -> Self {
        let mut config = Self::default();
        config.server.http_port = 0;
        config.server.https_port = 0;
        config.server.hardware_mqtt_port = 0;
        config.server.listen_address = "127.0.0.1".into();
        config.server.server_host = "127.0.0.1".into();
        config.server.logs_folder = PathBuf::new();
        config
    }

    /// The account mail for Let's Encrypt: `contact.email`, or when that key is absent the login of the mail server.
    /// `None` when there is none, or one of the placeholders of the reference server's files.
    pub fn acme_contact(&self) -> Option<&str> {
        let contact = match &self.server.contact_email {
            Some(contact) => contact.as_str(),
            None => self.mail.as_ref()?.username.as_str(),
        };
        let placeholder = contact.is_empty() || contact == "example@gmail.com" || contact.starts_with("SMTP");
        (!placeholder).then_some(contact)
    }

    /// Everything that the operator should read: mistakes, then other remarks.
    pub fn remarks(&self) -> impl Iterator<Item = &String> {
        self.mistakes.iter().chain(&self.warnings)
    }

    /// Every table with its values as text, secrets masked; also of what is off. A file that was not read shows defaults.
    pub fn tables(&self) -> Vec<(PropertyFile, Entries)> {
        let off = |file: PropertyFile, defaults: fn() -> Entries| {
            self.off.iter().find(|(known, _)| *known == file).map_or_else(defaults, |(_, entries)| entries.clone())
        };
        let mail = self.mail.as_ref().map(MailConfig::entries);
        let sms = self.sms.as_ref().map(SmsConfig::entries);
        let twitter = self.twitter.as_ref().map(TwitterConfig::entries);
        vec![
            (PropertyFile::Server, self.server.entries()),
            (PropertyFile::Mail, mail.unwrap_or_else(|| off(PropertyFile::Mail, || MailConfig::default().entries()))),
            (PropertyFile::Sms, sms.unwrap_or_else(|| off(PropertyFile::Sms, || SmsConfig::default().entries()))),
            (PropertyFile::Gcm, self.push.entries()),
            (PropertyFile::Push, self.push_targets.common.entries()),
            (
                PropertyFile::Twitter,
                twitter.unwrap_or_else(|| off(PropertyFile::Twitter, || TwitterConfig::default().entries())),
            ),
            (PropertyFile::Db, self.db.clone().unwrap_or_default().entries()),
        ]
    }
}

#[cfg(test)]
mod tests;

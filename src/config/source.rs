//! Where the configuration comes from: property files, found by rule or named by the operator, and single values.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::properties::Properties;
use super::ConfigError;

/// The property files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PropertyFile {
    /// `server.properties`.
    Server,
    /// `mail.properties`.
    Mail,
    /// `sms.properties`.
    Sms,
    /// `gcm.properties`: pushes through the apps' own gateway.
    Gcm,
    /// `push.properties`: pushes through other services. Eyelet's own.
    Push,
    /// `twitter4j.properties`.
    Twitter,
    /// `db.properties`.
    Db,
}

impl PropertyFile {
    /// All, in the order of the manual.
    pub const ALL: [Self; 7] = [Self::Server, Self::Mail, Self::Sms, Self::Gcm, Self::Push, Self::Twitter, Self::Db];

    /// The name a file of this kind has when it is found by rule.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Server => "server.properties",
            Self::Mail => "mail.properties",
            Self::Sms => "sms.properties",
            Self::Gcm => "gcm.properties",
            Self::Push => "push.properties",
            Self::Twitter => "twitter4j.properties",
            Self::Db => "db.properties",
        }
    }
}

/// A single value that counts more than the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The table it belongs to.
    pub file: PropertyFile,
    /// The key.
    pub key: &'static str,
    /// The value, as it would stand in the file.
    pub value: String,
    /// Who says so, for messages: `option -hardPort`.
    pub origin: String,
}

/// Everything [`super::load`] looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Looked into first.
    pub working_folder: PathBuf,
    /// The folder of the program file; looked into last.
    pub program_folder: PathBuf,
    /// Files named by the operator; these must exist, and no other file of that kind is read.
    pub named: Vec<(PropertyFile, PathBuf)>,
    /// Values that count more than the files; of two for one key the first counts.
    pub overrides: Vec<Override>,
}

/// A property file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Its kind.
    pub file: PropertyFile,
    /// Where it was.
    pub path: PathBuf,
    /// The operator named it (else it was found by rule).
    pub named: bool,
}

impl Sources {
    /// Sources of a process: its working folder and the folder of its program file.
    pub fn of_process() -> Self {
        let program = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
        Self {
            working_folder: std::env::current_dir().unwrap_or_default(),
            program_folder: program.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Finds and reads one file. By rule: working folder, then beside `server` (the server.properties that was read),
    /// then beside the program; the first that exists.
    pub(crate) fn read(
        &self,
        file: PropertyFile,
        server: Option<&Path>,
    ) -> Result<Option<(FoundFile, Properties)>, ConfigError> {
        if let Some((_, path)) = self.named.iter().find(|(named, _)| *named == file) {
            let found = FoundFile { file, path: path.clone(), named: true };
            return match self.read_at(path)? {
                Some(properties) => Ok(Some((found, properties))),
                None => Err(ConfigError::NotFound(path.clone())),
            };
        }
        let beside = server.and_then(Path::parent);
        for folder in [Some(self.working_folder.as_path()), beside, Some(&self.program_folder)].into_iter().flatten() {
            let path = folder.join(file.file_name());
            if let Some(properties) = self.read_at(&path)? {
                return Ok(Some((FoundFile { file, path, named: false }, properties)));
            }
        }
        Ok(None)
    }

    /// Reads a file; `None` when there is none.
    fn read_at(&self, path: &Path) -> Result<Option<Properties>, ConfigError> {
        let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_path_buf(), reason };
        match fs::read(self.working_folder.join(path)) {
            Ok(bytes) => Properties::parse(&bytes).map(Some).map_err(|e| unreadable(e.to_string())),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(e) => Err(unreadable(e.to_string())),
        }
    }
}

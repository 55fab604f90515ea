//! The log: four files in `logs.folder` and the console.
//!
//! Everything goes through the `log` crate. The target chooses the file: [`WORKER`], [`STATS`] and [`POSTGRES`] have their
//! own, everything else is in `blynk.log`. The console (standard error) has the lines of `log.console.level`, or, when
//! there are no log files, all lines of `log.level`. A log that cannot be written never stops the server.
//!
//! Lines of libraries appear only from `warn` on: they may hold addresses with secrets in them.
#![allow(clippy::disallowed_types)] // The log is written by every thread.

mod rolling;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::civil::DateTime;
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::config::folders::absolute;
use crate::config::{LogLevel, ServerConfig};
use crate::local_time;
use rolling::Rolling;

/// Target of periodic jobs, timers and certificate renewal: `worker.log`.
pub const WORKER: &str = "worker";
/// Target of the statistics records: `stats.log`.
pub const STATS: &str = "stats";
/// Target of everything about databases: `postgres.log`.
pub const POSTGRES: &str = "postgres";

/// Target of what the console was told already: `blynk.log` only.
pub const TOLD: &str = "told";

/// The files, and the target of each but the first.
const FILES: [(&str, &str); 4] =
    [("blynk.log", ""), ("worker.log", WORKER), ("stats.log", STATS), ("postgres.log", POSTGRES)];

/// What the log is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Folder of the files; `None` = console only.
    pub folder: Option<PathBuf>,
    /// Level of the files, and of the console when there are no files.
    pub level: LogLevel,
    /// Level of the console beside files.
    pub console_level: LogLevel,
    /// A file that grows larger goes to the archive, bytes; 0 = no limit.
    pub file_max: u64,
    /// Archived files that are older go, days; 0 = no limit.
    pub days_max: u32,
    /// Oldest archived files go when all files together are larger, bytes; 0 = no limit.
    pub total_max: u64,
}

impl Settings {
    /// The settings of the server.
    pub fn of(server: &ServerConfig) -> Self {
        let folder = &server.logs_folder;
        Self {
            folder: (!folder.as_os_str().is_empty()).then(|| absolute(folder)),
            level: server.log_level,
            console_level: server.log_console_level,
            file_max: u64::from(server.log_file_max_size) * 1024,
            total_max: u64::from(server.log_total_max_size) * 1024,
            days_max: server.log_archive_max_days,
        }
    }

    /// The same without files: for subcommands, which must not write into the log of the running server.
    pub fn console_only(server: &ServerConfig) -> Self {
        Self { folder: None, level: server.log_console_level, ..Self::of(server) }
    }
}

/// Starts the log. Only the first call of a process counts.
pub fn init(settings: &Settings) {
    let logger = Logger::new(settings);
    if log::set_logger(Box::leak(Box::new(logger))).is_ok() {
        set_level(settings.level);
    }
}

/// Changes the level of the running log.
pub fn set_level(level: LogLevel) {
    log::set_max_level(level.filter());
}

/// The logger behind the `log` crate.
struct Logger {
    console: LevelFilter,
    // Threads of workers and of HTTP log, too: this is one of the few locks, held for one line.
    files: Option<Mutex<Files>>,
}

/// The open files and a buffer for one line.
struct Files {
    all: [Rolling; FILES.len()],
    line: String,
}

impl Logger {
    fn new(settings: &Settings) -> Self {
        let files = settings.folder.as_deref().map(|folder| Files::open(folder, settings));
        let console = if files.is_some() { settings.console_level } else { LogLevel::All };
        Self { console: console.filter(), files: files.map(Mutex::new) }
    }

    /// Writes a record with this time.
    fn write(&self, record: &Record<'_>, now: DateTime) {
        if let Some(files) = &self.files {
            // After a panic of another thread the log goes on.
            files.lock().unwrap_or_else(PoisonError::into_inner).write(record, now);
        }
        let is_for_console = match record.target() {
            TOLD => false,
            STATS => self.files.is_none(),
            _ => true,
        };
        if record.level() <= self.console && is_for_console {
            let mut line = String::new();
            with_level(&mut line, record, now);
            // A console that is gone is no reason to stop.
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn || is_ours(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.write(record, local_time::now());
        }
    }

    fn flush(&self) {}
}

/// True for targets of this program, false for those of libraries.
fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or(target);
    name == env!("CARGO_PKG_NAME") || name == TOLD || FILES.iter().any(|(_, own)| !own.is_empty() && *own == name)
}

impl Files {
    fn open(folder: &Path, settings: &Settings) -> Self {
        let now = local_time::now();
        let all = FILES.map(|(name, _)| {
            let mut file = Rolling::new(folder, name, settings.file_max, settings.total_max, settings.days_max);
            file.open(now);
            file
        });
        Self { all, line: String::new() }
    }

    fn write(&mut self, record: &Record<'_>, now: DateTime) {
        let own = FILES.iter().position(|(_, target)| !target.is_empty() && *target == record.target());
        self.line.clear();
        match own {
            None => with_level(&mut self.line, record, now),
            Some(_) if record.target() == STATS => {
                let _ = writeln!(self.line, "{}", record.args());
            }
            Some(_) => {
                let _ = write!(self.line, "{} - ", Clock(now));
                escaped(&mut self.line, record);
            }
        }
        if let Some(file) = self.all.get_mut(own.unwrap_or(0)) {
            file.write(self.line.as_bytes(), now);
        }
        // A giant line must not stay in memory.
        self.line.shrink_to(1024);
    }
}

/// `12:00:01.250 INFO - text`.
fn with_level(line: &mut String, record: &Record<'_>, now: DateTime) {
    let _ = write!(line, "{} {:<5}- ", Clock(now), record.level());
    escaped(line, record);
}

/// Appends the text and a line end. Control characters of peers must neither begin lines nor move the cursor.
fn escaped(line: &mut String, record: &Record<'_>) {
    let start = line.len();
    let _ = write!(line, "{}", record.args());
    if line[start..].contains(char::is_control) {
        let text = line.split_off(start);
        for c in text.chars() {
            if c.is_control() {
                line.extend(c.escape_default());
            } else {
                line.push(c);
            }
        }
    }
    line.push('\n');
}

/// A time of day as `HH:mm:ss.SSS`.
struct Clock(DateTime);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let t = self.0;
        write!(f, "{:02}:{:02}:{:02}.{:03}", t.hour(), t.minute(), t.second(), t.millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use std::fs;

    fn settings(folder: &Path) -> Settings {
        Settings {
            folder: Some(folder.to_path_buf()),
            console_level: LogLevel::Off,
            ..Settings::of(&ServerConfig::default())
        }
    }

    fn log(logger: &Logger, level: Level, target: &str, text: &str) {
        let noon = date(2024, 5, 3).at(12, 0, 1, 250_000_000);
        logger.write(&Record::builder().level(level).target(target).args(format_args!("{text}")).build(), noon);
    }

    /// What a file holds; the files were opened today, so lines of 2024 may have moved the (empty) file or not.
    fn read(folder: &Path, name: &str) -> String {
        fs::read_to_string(folder.join(name)).unwrap()
    }

    #[test]
    fn each_target_has_its_file_and_form() {
        let folder = tempfile::tempdir().unwrap();
        let logger = Logger::new(&settings(&folder.path().join("deep/logs")));
        let logs = folder.path().join("deep/logs");
        log(&logger, Level::Info, "eyelet::hub", "text");
        log(&logger, Level::Error, "eyelet", "bad\nnews\u{1b}");
        log(&logger, Level::Info, WORKER, "saved");
        log(&logger, Level::Info, STATS, "{\n  \"a\" : 1\n}");
        log(&logger, Level::Warn, POSTGRES, "down");
        assert_eq!(read(&logs, "blynk.log"), "12:00:01.250 INFO - text\n12:00:01.250 ERROR- bad\\nnews\\u{1b}\n");
        assert_eq!(read(&logs, "worker.log"), "12:00:01.250 - saved\n");
        assert_eq!(read(&logs, "stats.log"), "{\n  \"a\" : 1\n}\n");
        assert_eq!(read(&logs, "postgres.log"), "12:00:01.250 - down\n");
    }

    #[test]
    fn what_the_console_was_told_is_only_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let logger = Logger::new(&settings(folder.path()));
        log(&logger, Level::Error, TOLD, "no port");
        assert_eq!(read(folder.path(), "blynk.log"), "12:00:01.250 ERROR- no port\n");
    }

    #[test]
    fn libraries_are_heard_only_when_something_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let logger = Logger::new(&settings(folder.path()));
        let heard = |level, target| logger.enabled(&Metadata::builder().level(level).target(target).build());
        assert!(heard(Level::Trace, "eyelet::net") && heard(Level::Info, STATS) && heard(Level::Warn, "lettre"));
        assert!(!heard(Level::Info, "lettre::run") && !heard(Level::Debug, "eyelet_other"));
    }

    #[test]
    fn a_log_folder_that_cannot_be_made_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let logger = Logger::new(&settings(&folder.path().join("file/logs")));
        log(&logger, Level::Info, "eyelet", "text");
    }

    #[test]
    fn an_empty_folder_means_console_only() {
        let mut server = ServerConfig { log_level: LogLevel::Debug, ..ServerConfig::default() };
        assert!(Settings::of(&server).folder.is_some_and(|f| f.is_absolute()));
        server.logs_folder = PathBuf::new();
        let settings = Settings::of(&server);
        assert_eq!((settings.folder.as_ref(), settings.level), (None, LogLevel::Debug));
        assert_eq!(Logger::new(&settings).console, LevelFilter::Trace);
    }
}

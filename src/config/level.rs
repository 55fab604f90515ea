//! The names of log levels.

use log::LevelFilter;

use super::table::{Key, Kind};
use super::value::{Read, Value};

/// A level as `log.level` names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing is logged.
    Off,
    /// As `error`: nothing is worse.
    Fatal,
    /// Errors only.
    Error,
    /// Errors and warnings.
    Warn,
    /// The default.
    #[default]
    Info,
    /// For finding problems.
    Debug,
    /// Everything, per message.
    Trace,
    /// As `trace`.
    All,
}

impl LogLevel {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Off, "off"),
        (Self::Fatal, "fatal"),
        (Self::Error, "error"),
        (Self::Warn, "warn"),
        (Self::Info, "info"),
        (Self::Debug, "debug"),
        (Self::Trace, "trace"),
        (Self::All, "all"),
    ];

    /// The `log` crate's filter.
    pub fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::Off,
            Self::Fatal | Self::Error => LevelFilter::Error,
            Self::Warn => LevelFilter::Warn,
            Self::Info => LevelFilter::Info,
            Self::Debug => LevelFilter::Debug,
            Self::Trace | Self::All => LevelFilter::Trace,
        }
    }
}

impl Value for LogLevel {
    const KIND: Kind = Kind::Choice;

    fn parse(text: &str, _: &Key) -> Result<Read<Self>, String> {
        Self::ALL
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
            .map(|(level, _)| (*level).into())
            .ok_or_else(|| format!("Unknown level constant [{}].", text.to_ascii_uppercase()))
    }

    fn show(&self) -> String {
        Self::ALL.iter().find(|(level, _)| level == self).map_or("", |(_, name)| name).to_owned()
    }
}

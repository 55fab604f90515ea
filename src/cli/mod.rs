//! The command line: options of the server, with the legacy spellings, and subcommands.
//!
//! The legacy server's options begin with one dash and are in camel case (`-dataFolder DIR`). Here every option also has
//! two dashes and the form with hyphens (`--data-folder DIR`, `--data-folder=DIR`). [`parse`] brings them all to the form
//! that `argh` knows, by the legacy grammar: the first of two equal options counts, words that are no options are
//! ignored (unless they name a subcommand), so is everything after `--`, and one pair of double quotes around a value
//! is taken off.

mod admin;
mod archive;
mod args;
mod check;
mod export;
mod status;
mod user;
mod words;

#[cfg(test)]
mod tests;

use argh::{EarlyExit, FromArgs};

pub use admin::{Admin, AdminAction, AdminReset};
pub use archive::{Backup, Restore};
pub use args::Args;
pub use check::{Doctor, MailTest};
pub use export::ExportHistory;
pub use status::{Health, Status};
pub use user::{User, UserAction, UserAdd, UserDel, UserList, UserPasswd};
use words::Words;

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub struct Cli {
    /// Options and subcommand.
    pub args: Args,
    /// Words that meant nothing, to be mentioned in the log.
    pub ignored: Vec<String>,
}

/// Why the command line asks for nothing that can be done, or only for a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A text for standard output; exit status 0.
    Help(String),
    /// A line for standard error; exit status 2.
    Usage(String),
}

/// The subcommands.
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand)]
pub enum Command {
    /// Accounts.
    User(User),
    /// State of the running server.
    Status(Status),
    /// Administrators.
    Admin(Admin),
    /// Save everything to a file.
    Backup(Backup),
    /// Bring a backup back.
    Restore(Restore),
    /// Try the mail settings.
    MailTest(MailTest),
    /// Look for problems.
    Doctor(Doctor),
    /// For health checks of containers.
    Health(Health),
    /// Write history as text files.
    ExportHistory(ExportHistory),
}

/// Reads the words after the program's name.
pub fn parse(words: &[String]) -> Result<Cli, Stop> {
    let Words { options, command, ignored } = Words::sort(words)?;
    let options = options.iter().flat_map(|(name, value)| [Some(*name), value.as_deref()]).flatten();
    let all: Vec<&str> = options.chain(command.iter().map(String::as_str)).collect();
    match Args::from_args(&["eyelet"], &all) {
        Ok(args) => Ok(Cli { args, ignored }),
        Err(EarlyExit { output, status: Ok(()) }) => Err(Stop::Help(output)),
        Err(EarlyExit { output, status: Err(()) }) => Err(Stop::Usage(output.trim_end().to_owned())),
    }
}

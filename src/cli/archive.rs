//! `eyelet backup`, `eyelet restore`: the data folder as one file.

use std::path::PathBuf;

use argh::FromArgs;

/// write a backup of the data folder to a file (also: --backup FILE)
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "backup")]
pub struct Backup {
    /// file to write
    #[argh(positional)]
    pub file: PathBuf,
}

/// bring a backup back into the data folder; the server must not be running (also: --restore FILE)
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "restore")]
pub struct Restore {
    /// file written by backup
    #[argh(positional)]
    pub file: PathBuf,
    /// only show what would be written
    #[argh(switch)]
    pub dry_run: bool,
}

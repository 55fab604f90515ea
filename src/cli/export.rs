//! `eyelet export-history`: history as text files.

use std::path::PathBuf;

use argh::FromArgs;

/// write the history of a user as text files (also: --export-history USER DIR)
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "export-history")]
pub struct ExportHistory {
    /// mail address of the account
    #[argh(positional)]
    pub user: String,
    /// folder to write to
    #[argh(positional)]
    pub folder: PathBuf,
}

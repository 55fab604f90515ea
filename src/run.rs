//! Runs what the command line asks for.

use std::process::ExitCode;
use std::rc::Rc;

use crate::cli::{Args, Command, ExportHistory};
use crate::config::{folders, Config};
use crate::console;
use crate::history::files::HistoryFiles;
use crate::history::names::Owner;
use crate::history::text_export;
use crate::model::MAIN_APP;
use crate::serve;

/// Runs the server, or the subcommand that `args` names, until it ends.
pub fn run(config: Rc<Config>, args: &Args) -> ExitCode {
    match &args.command {
        None => serve::serve(config),
        Some(Command::ExportHistory(export)) => export_history(&config, export),
        Some(_) => {
            log::error!("this subcommand is not there yet");
            ExitCode::FAILURE
        }
    }
}

/// Writes an account's history as text files. For an account of another app than the main one, `user` is the name of its
/// folder: `mail_app`.
fn export_history(config: &Config, export: &ExportHistory) -> ExitCode {
    let configured = &config.server.data_folder;
    let is_configured = !configured.as_os_str().is_empty();
    let data = if is_configured { folders::absolute(configured) } else { folders::temp_folder() };
    let files = HistoryFiles::new(serve::history_root(config, &data));
    match text_export::export(&files, &Owner::new(&export.user, MAIN_APP), &export.folder) {
        Ok(done) if done.files == 0 => {
            log::error!("{} has no history in {}", export.user, files.root().display());
            ExitCode::FAILURE
        }
        Ok(done) => {
            let to = export.folder.display();
            console::say(&format!("{} files with {} records written to {to}", done.files, done.records));
            ExitCode::SUCCESS
        }
        Err(error) => {
            log::error!("History of {} cannot be written: {error}", export.user);
            ExitCode::FAILURE
        }
    }
}

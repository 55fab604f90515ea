//! Runs what the command line asks for.

use std::process::ExitCode;
use std::rc::Rc;

use crate::cli::Args;
use crate::config::Config;
use crate::serve;

/// Runs the server, or the subcommand that `args` names, until it ends.
pub fn run(config: Rc<Config>, args: &Args) -> ExitCode {
    match &args.command {
        None => serve::serve(config),
        Some(_) => {
            log::error!("this subcommand is not there yet");
            ExitCode::FAILURE
        }
    }
}

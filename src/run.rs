//! Runs what the command line asks for.

use std::process::ExitCode;
use std::rc::Rc;

use crate::cli::Args;
use crate::config::Config;

/// Runs the server, or the subcommand that `args` names, until it ends.
pub fn run(_config: Rc<Config>, _args: &Args) -> ExitCode {
    log::error!("nothing to run yet");
    ExitCode::FAILURE
}

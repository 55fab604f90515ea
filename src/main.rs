//! The `eyelet` program: arguments, configuration, log, run, exit code.
//!
//! Exit codes: 0 = a good end, 1 = the configuration is bad or the program failed, 2 = the command line is bad.

use std::process::ExitCode;
use std::rc::Rc;

use eyelet::cli::{self, Args, Stop};
use eyelet::config::{self, Config, Sources};
use eyelet::net::certificate;
use eyelet::{allocator, console, logging, run};

/// The allocators of glibc, of musl and of zig's musl keep most of the memory that a storm of clients needed; this one gives it
/// back, see [`allocator`].
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code for a command line that makes no sense.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let cli = match cli::parse(&words) {
        Ok(cli) => cli,
        Err(Stop::Help(text)) => {
            console::say(text.trim_end());
            return ExitCode::SUCCESS;
        }
        Err(Stop::Usage(text)) => {
            let line: Vec<&str> = text.split_whitespace().collect();
            console::complain(&format!("{} (run with --help for all options)", line.join(" ")));
            return ExitCode::from(USAGE);
        }
    };
    if cli.args.version {
        console::say(&console::version());
        return ExitCode::SUCCESS;
    }
    if serves(&cli.args) && !cli.args.check_config {
        allocator::give_back_at_once();
    }
    let mut sources = Sources::of_process();
    cli.args.apply(&mut sources);
    sources.overrides.extend(config::environment::overrides(variables()));
    if cli.args.check_config {
        return check_config(&sources);
    }
    let config = match config::load(&sources) {
        Ok(config) => config,
        Err(e) => {
            console::complain(&e.to_string());
            return ExitCode::FAILURE;
        }
    };
    if cli.args.restore && config.db.is_none() {
        console::complain("Error restoring data from DB! -restore needs enable.db=true and db.properties.");
        return ExitCode::FAILURE;
    }
    start_log(&config, &cli.args);
    for word in &cli.ignored {
        log::warn!("Argument '{word}' is ignored");
    }
    run::run(Rc::new(config), &sources, &cli.args)
}

/// The environment, as far as it is text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Shows the whole configuration, and what is wrong with it on standard error. A value that is wrong in any way fails, also one
/// that the server would start with.
fn check_config(sources: &Sources) -> ExitCode {
    let (config, mut mistakes) = match config::examine(sources) {
        Ok(found) => found,
        Err(error) => {
            console::complain(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    mistakes.extend(config.mistakes.iter().cloned());
    mistakes.extend(certificate::check(&config));
    console::say(config.report().trim_end());
    for remark in config::environment::unknown(variables()) {
        console::say(&format!("WARNING : {remark}"));
    }
    if mistakes.is_empty() {
        console::say("The configuration is valid.");
        return ExitCode::SUCCESS;
    }
    console::complain(&mistakes.join("\n"));
    ExitCode::FAILURE
}

/// Whether the server runs, and not a subcommand.
fn serves(args: &Args) -> bool {
    args.command.is_none() && !args.init_db && !args.test_push
}

/// Starts the log and writes what loading the configuration had to say.
fn start_log(config: &Config, args: &Args) {
    if !serves(args) {
        // Whoever asks the running server does not want to read about its configuration again.
        logging::init(&logging::Settings::console_only(&config.server));
        return;
    }
    logging::init(&logging::Settings::of(&config.server));
    for found in &config.files {
        log::info!("Configuration read from {}", found.path.display());
    }
    for warning in config.remarks() {
        log::warn!("{warning}");
    }
}

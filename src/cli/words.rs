//! The legacy grammar of the command line: sorts its words and brings options to the form that `argh` knows.

use super::Stop;

/// What an option wants after it.
#[derive(Clone, Copy, PartialEq)]
enum Wants {
    Nothing,
    Value,
}

/// Legacy name, name for argh, value.
type Known = (&'static str, &'static str, Wants);

/// All options of the server. The first eight are the legacy server's.
const OPTIONS: &[Known] = &[
    ("hardPort", "--hard-port", Wants::Value),
    ("appPort", "--app-port", Wants::Value),
    ("workerThreads", "--worker-threads", Wants::Value),
    ("dataFolder", "--data-folder", Wants::Value),
    ("serverConfig", "--server-config", Wants::Value),
    ("mailConfig", "--mail-config", Wants::Value),
    ("smsConfig", "--sms-config", Wants::Value),
    ("restore", "--restore", Wants::Nothing),
    ("httpPort", "--hard-port", Wants::Value),
    ("httpsPort", "--app-port", Wants::Value),
    ("mqttPort", "--mqtt-port", Wants::Value),
    ("gcmConfig", "--gcm-config", Wants::Value),
    ("pushConfig", "--push-config", Wants::Value),
    ("twitterConfig", "--twitter-config", Wants::Value),
    ("dbConfig", "--db-config", Wants::Value),
    ("checkConfig", "--check-config", Wants::Nothing),
    ("initDb", "--init-db", Wants::Nothing),
    ("testPush", "--test-push", Wants::Nothing),
    ("version", "--version", Wants::Nothing),
    ("help", "--help", Wants::Nothing),
];

/// First words that begin a subcommand.
const COMMANDS: &[&str] =
    &["user", "status", "admin", "backup", "restore", "mail-test", "doctor", "health", "export-history"];

/// An option as written: with one or two dashes, in camel case or with hyphens, perhaps with `=value`.
fn option(word: &str) -> Option<(&'static Known, Option<&str>)> {
    let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    let (name, value) = bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)));
    let found = OPTIONS.iter().find(|(legacy, long, wants)| {
        let fits = *legacy == name || long.strip_prefix("--") == Some(name);
        fits && (value.is_none() || *wants == Wants::Value)
    })?;
    Some((found, value))
}

/// The subcommands that work on files may be written as options: `--backup FILE`, `--restore FILE`, `--export-history USER DIR`.
/// `--restore` without a file is the legacy server's option, which loads the users from PostgreSQL.
fn subcommand_as_option(word: &str, next: Option<&String>) -> Option<&'static str> {
    match word {
        "--export-history" | "-exportHistory" => Some("export-history"),
        "--backup" => Some("backup"),
        "--restore" => next.is_some_and(|next| !next.starts_with('-') || next == "--dry-run").then_some("restore"),
        _ => None,
    }
}

/// Takes one pair of double quotes off a value.
fn unquoted(value: &str) -> &str {
    match value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        Some(inner) if !inner.contains('"') => inner,
        _ => value,
    }
}

/// The words of the command line, sorted by what they are.
#[derive(Default)]
pub(super) struct Words {
    /// Options of the server, in argh's spelling, with their values.
    pub(super) options: Vec<(&'static str, Option<String>)>,
    /// The subcommand and what belongs to it.
    pub(super) command: Vec<String>,
    pub(super) ignored: Vec<String>,
}

impl Words {
    pub(super) fn sort(words: &[String]) -> Result<Self, Stop> {
        let mut sorted = Self::default();
        let mut rest = words.iter().peekable();
        while let Some(word) = rest.next() {
            let in_command = !sorted.command.is_empty();
            if word == "--" {
                break;
            } else if in_command && matches!(word.as_str(), "--help" | "-help" | "-h") {
                sorted.command.push("--help".to_owned());
            } else if let Some(name) = subcommand_as_option(word, rest.peek().copied()).filter(|_| !in_command) {
                sorted.command.push(name.to_owned());
            } else if let Some(((legacy, long, wants), given)) = option(word) {
                let value = match (wants, given) {
                    (Wants::Nothing, _) => None,
                    (Wants::Value, Some(value)) => Some(unquoted(value).to_owned()),
                    // A known option is no value; anything else is, also when it begins with a dash.
                    (Wants::Value, None) => match rest.next_if(|next| option(next).is_none()) {
                        Some(value) => Some(unquoted(value).to_owned()),
                        None => return Err(Stop::Usage(format!("Missing argument for option: {legacy}"))),
                    },
                };
                // The first one counts.
                if !sorted.options.iter().any(|(seen, _)| seen == long) {
                    sorted.options.push((long, value));
                }
            } else if in_command {
                sorted.command.push(word.clone());
            } else if word == "-h" {
                sorted.options.push(("--help", None));
            } else if word.starts_with('-') && word != "-" {
                return Err(Stop::Usage(format!("Unrecognized option: {word}")));
            } else if COMMANDS.contains(&word.as_str()) {
                sorted.command.push(word.clone());
            } else {
                sorted.ignored.push(word.clone());
            }
        }
        Ok(sorted)
    }
}

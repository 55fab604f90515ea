//! The command line: options of the server, with the legacy spellings, and subcommands.
//!
//! The legacy server's options begin with one dash and are in camel case (`-dataFolder DIR`). Here every option also has
//! two dashes and the form with hyphens (`--data-folder DIR`, `--data-folder=DIR`). [`parse`] brings them all to the form
//! that `argh` knows, by the legacy grammar: the first of two equal options counts, words that are no options are
//! ignored (unless they name a subcommand), so is everything after `--`, and one pair of double quotes around a value
//! is taken off.

use std::path::PathBuf;

use argh::{EarlyExit, FromArgs};

use crate::config::{Override, PropertyFile, Sources};

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

/// A server for Blynk apps and devices. Options may also be written as the legacy server has them: -dataFolder,
/// -serverConfig, -hardPort and so on.
#[derive(FromArgs, Debug, Default, PartialEq)]
pub struct Args {
    /// port for HTTP and plain hardware, instead of http.port
    #[argh(option, from_str_fn(integer), arg_name = "port")]
    pub hard_port: Option<i32>,
    /// port for apps, HTTPS and hardware over TLS, instead of https.port
    #[argh(option, from_str_fn(integer), arg_name = "port")]
    pub app_port: Option<i32>,
    /// port for MQTT, instead of hardware.mqtt.port
    #[argh(option, from_str_fn(integer), arg_name = "port")]
    pub mqtt_port: Option<i32>,
    /// accepted, without effect
    #[argh(option, from_str_fn(integer), arg_name = "number")]
    pub worker_threads: Option<i32>,
    /// folder of users and history, instead of data.folder
    #[argh(option, arg_name = "folder")]
    pub data_folder: Option<String>,
    /// file instead of server.properties
    #[argh(option, arg_name = "file")]
    pub server_config: Option<PathBuf>,
    /// file instead of mail.properties
    #[argh(option, arg_name = "file")]
    pub mail_config: Option<PathBuf>,
    /// file instead of sms.properties
    #[argh(option, arg_name = "file")]
    pub sms_config: Option<PathBuf>,
    /// file instead of gcm.properties
    #[argh(option, arg_name = "file")]
    pub gcm_config: Option<PathBuf>,
    /// file instead of push.properties
    #[argh(option, arg_name = "file")]
    pub push_config: Option<PathBuf>,
    /// file instead of twitter4j.properties
    #[argh(option, arg_name = "file")]
    pub twitter_config: Option<PathBuf>,
    /// file instead of db.properties
    #[argh(option, arg_name = "file")]
    pub db_config: Option<PathBuf>,
    /// load the users from PostgreSQL instead of from the data folder
    #[argh(switch)]
    pub restore: bool,
    /// show the whole configuration and what is wrong with it, then end
    #[argh(switch)]
    pub check_config: bool,
    /// make missing tables in the databases of db.properties, then end
    #[argh(switch)]
    pub init_db: bool,
    /// send a test push through every configured service, then end
    #[argh(switch)]
    pub test_push: bool,
    /// show the version, then end
    #[argh(switch)]
    pub version: bool,
    /// a subcommand; without one the server runs
    #[argh(subcommand)]
    pub command: Option<Command>,
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

/// add, list, change and delete accounts
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "user")]
pub struct User {
    /// what to do
    #[argh(subcommand)]
    pub action: UserAction,
}

/// What to do with accounts.
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand)]
pub enum UserAction {
    /// A new account.
    Add(UserAdd),
    /// A new password.
    Passwd(UserPasswd),
    /// All accounts.
    List(UserList),
    /// One account less.
    Del(UserDel),
}

/// make an account; its password is asked for, or read from standard input when that is no terminal
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "add")]
pub struct UserAdd {
    /// mail address of the account
    #[argh(positional)]
    pub email: String,
    /// name of the app, Blynk unless told otherwise
    #[argh(option, default = "blynk()", arg_name = "name")]
    pub app: String,
    /// may open the admin pages
    #[argh(switch)]
    pub admin: bool,
}

/// give an account a new password; it is asked for, or read from standard input when that is no terminal
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "passwd")]
pub struct UserPasswd {
    /// mail address of the account
    #[argh(positional)]
    pub email: String,
    /// name of the app, Blynk unless told otherwise
    #[argh(option, default = "blynk()", arg_name = "name")]
    pub app: String,
}

/// list all accounts
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "list")]
pub struct UserList {}

/// delete an account with its projects; its file is kept in the folder "deleted"
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "del")]
pub struct UserDel {
    /// mail address of the account
    #[argh(positional)]
    pub email: String,
    /// name of the app, Blynk unless told otherwise
    #[argh(option, default = "blynk()", arg_name = "name")]
    pub app: String,
}

/// show connections, rates and memory of the running server
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "status")]
pub struct Status {
    /// as JSON
    #[argh(switch)]
    pub json: bool,
}

/// administrators
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "admin")]
pub struct Admin {
    /// what to do
    #[argh(subcommand)]
    pub action: AdminAction,
}

/// What to do with administrators.
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand)]
pub enum AdminAction {
    /// A new password.
    Reset(AdminReset),
}

/// give the administrator a new random password and show it
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "reset")]
pub struct AdminReset {
    /// mail address, when it is not that of admin.email
    #[argh(option, arg_name = "mail")]
    pub email: Option<String>,
}

/// write a backup of the data folder to a file
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "backup")]
pub struct Backup {
    /// file to write
    #[argh(positional)]
    pub file: PathBuf,
}

/// bring a backup back into the data folder; the server must not be running
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

/// send a test mail with the settings of mail.properties and show what the mail server says
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "mail-test")]
pub struct MailTest {
    /// mail address of the recipient
    #[argh(positional)]
    pub to: String,
}

/// look for problems in configuration, ports, certificate, data folder and clock
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "doctor")]
pub struct Doctor {}

/// end with status 0 when the running server answers
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "health")]
pub struct Health {}

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

/// The app whose accounts almost all are.
fn blynk() -> String {
    "Blynk".to_owned()
}

/// A Java `int`.
fn integer(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_| format!("For input string: \"{text}\""))
}

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

/// Takes one pair of double quotes off a value.
fn unquoted(value: &str) -> &str {
    match value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        Some(inner) if !inner.contains('"') => inner,
        _ => value,
    }
}

/// The words of the command line, sorted by what they are.
#[derive(Default)]
struct Words {
    /// Options of the server, in argh's spelling, with their values.
    options: Vec<(&'static str, Option<String>)>,
    /// The subcommand and what belongs to it.
    command: Vec<String>,
    ignored: Vec<String>,
}

impl Words {
    fn sort(words: &[String]) -> Result<Self, Stop> {
        let mut sorted = Self::default();
        let mut rest = words.iter().peekable();
        while let Some(word) = rest.next() {
            let in_command = !sorted.command.is_empty();
            if word == "--" {
                break;
            } else if in_command && matches!(word.as_str(), "--help" | "-help" | "-h") {
                sorted.command.push("--help".to_owned());
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
            } else if matches!(word.as_str(), "--export-history" | "-exportHistory") && !in_command {
                sorted.command.push("export-history".to_owned());
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

impl Args {
    /// Adds what the options say to the sources of the configuration.
    pub fn apply(&self, sources: &mut Sources) {
        let files = [
            (PropertyFile::Server, &self.server_config),
            (PropertyFile::Mail, &self.mail_config),
            (PropertyFile::Sms, &self.sms_config),
            (PropertyFile::Gcm, &self.gcm_config),
            (PropertyFile::Push, &self.push_config),
            (PropertyFile::Twitter, &self.twitter_config),
            (PropertyFile::Db, &self.db_config),
        ];
        sources.named.extend(files.into_iter().filter_map(|(file, path)| Some((file, path.clone()?))));
        let number = |n: Option<i32>| n.map(|n| n.to_string());
        let values = [
            ("http.port", "hardPort", number(self.hard_port)),
            ("https.port", "appPort", number(self.app_port)),
            ("hardware.mqtt.port", "mqttPort", number(self.mqtt_port)),
            ("server.worker.threads", "workerThreads", number(self.worker_threads)),
            ("data.folder", "dataFolder", self.data_folder.clone()),
        ];
        for (key, option, value) in values {
            let Some(value) = value else { continue };
            let origin = format!("option -{option}");
            sources.overrides.push(Override { file: PropertyFile::Server, key, value, origin });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Cli, Stop> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    fn args(line: &str) -> Args {
        read(line).unwrap_or_else(|e| panic!("{line}: {e:?}")).args
    }

    fn refused(line: &str) -> String {
        match read(line) {
            Err(Stop::Usage(text)) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn legacy_options() {
        let args = args(
            "-hardPort 1 -appPort -2 -workerThreads 3 -dataFolder d -serverConfig s -mailConfig m -smsConfig x -restore",
        );
        assert_eq!((args.hard_port, args.app_port, args.worker_threads), (Some(1), Some(-2), Some(3)));
        assert_eq!((args.data_folder.as_deref(), args.restore), (Some("d"), true));
        assert_eq!(
            (args.server_config, args.mail_config, args.sms_config),
            (Some("s".into()), Some("m".into()), Some("x".into()))
        );
    }

    #[test]
    fn other_spellings() {
        for line in [
            "--hardPort 7",
            "--appPort 1 --hardPort=7",
            "-hardPort=7",
            "--hard-port 7",
            "-httpPort 7",
            "-hardPort \"7\"",
        ] {
            assert_eq!(args(line).hard_port, Some(7), "{line}");
        }
        assert_eq!(args("-gcmConfig g --db-config=d").gcm_config, Some("g".into()));
    }

    #[test]
    fn values_that_look_like_options() {
        assert_eq!(args("-dataFolder -x").data_folder.as_deref(), Some("-x"));
        assert_eq!(args("-dataFolder --").data_folder.as_deref(), Some("--"));
        assert_eq!(refused("-dataFolder -restore"), "Missing argument for option: dataFolder");
        assert_eq!(refused("-smsConfig"), "Missing argument for option: smsConfig");
        assert_eq!(args("-dataFolder \"a\"b\"").data_folder.as_deref(), Some("\"a\"b\""));
    }

    #[test]
    fn the_first_of_two_counts_and_strange_words_are_ignored() {
        let cli = read("run - -hardPort 1 -hardPort 2 -restore -restore -- -foo -appPort x").unwrap();
        assert_eq!((cli.args.hard_port, cli.args.app_port), (Some(1), None));
        assert_eq!(cli.ignored, ["run", "-"]);
        assert_eq!(args("--data-folder=--hard-port --hard-port 3").hard_port, Some(3));
    }

    #[test]
    fn errors_are_worded_as_before() {
        assert_eq!(refused("-foo"), "Unrecognized option: -foo");
        assert_eq!(refused("-HardPort 1"), "Unrecognized option: -HardPort");
        assert_eq!(refused("-restore=1"), "Unrecognized option: -restore=1");
        let text = refused("-hardPort abc");
        assert!(text.contains("For input string: \"abc\"") && !text.contains('\n'), "{text}");
    }

    #[test]
    fn texts() {
        for line in ["--help", "-help", "-h", "user --help", "user add -h", "-dataFolder x --help"] {
            assert!(matches!(read(line), Err(Stop::Help(text)) if text.contains("Usage: eyelet")), "{line}");
        }
        assert!(args("--version").version && args("--check-config -serverConfig x").check_config);
    }

    #[test]
    fn subcommands() {
        let line = "-serverConfig s user add a@b.c --app Mine --admin -dataFolder d";
        let found = args(line);
        assert_eq!((found.server_config, found.data_folder.as_deref()), (Some("s".into()), Some("d")));
        let add = UserAdd { email: "a@b.c".into(), app: "Mine".into(), admin: true };
        assert_eq!(found.command, Some(Command::User(User { action: UserAction::Add(add) })));
        let export = ExportHistory { user: "a@b.c".into(), folder: "out".into() };
        assert_eq!(args("--export-history a@b.c out").command, Some(Command::ExportHistory(export)));
        assert_eq!(args("restore f").command, Some(Command::Restore(Restore { file: "f".into(), dry_run: false })));
        assert!(matches!(args("restore f --dry-run").command, Some(Command::Restore(Restore { dry_run: true, .. }))));
        for line in [
            "user passwd a@b.c",
            "user list",
            "user del a",
            "status --json",
            "admin reset",
            "backup f",
            "mail-test a",
            "doctor",
            "health",
        ] {
            assert!(args(line).command.is_some(), "{line}");
        }
        assert!(refused("user add").contains("email"));
        assert!(refused("health --nonsense").contains("--nonsense"));
    }

    #[test]
    fn options_become_sources() {
        let mut sources = Sources::default();
        args("-hardPort 1 -smsConfig f -dataFolder d").apply(&mut sources);
        assert_eq!(sources.named, [(PropertyFile::Sms, PathBuf::from("f"))]);
        let keys: Vec<_> = sources.overrides.iter().map(|o| (o.key, o.value.as_str(), o.origin.as_str())).collect();
        assert_eq!(keys, [("http.port", "1", "option -hardPort"), ("data.folder", "d", "option -dataFolder")]);
    }

    proptest! {
        #[test]
        fn any_words_are_read_without_panic(words in prop::collection::vec("(-|--)?(hardPort|restore|user|add|x|=|\"| |é){0,3}", 0..6)) {
            let _ = parse(&words);
        }
    }
}

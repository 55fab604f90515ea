//! The command line as people write it.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::config::{PropertyFile, Sources};

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
    for line in
        ["--hardPort 7", "--appPort 1 --hardPort=7", "-hardPort=7", "--hard-port 7", "-httpPort 7", "-hardPort \"7\""]
    {
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
    assert_eq!(args("--backup f").command, Some(Command::Backup(Backup { file: "f".into() })));
    for line in ["--restore f --dry-run", "--restore --dry-run f", "-dataFolder d --restore f --dry-run"] {
        let wanted = Some(Command::Restore(Restore { file: "f".into(), dry_run: true }));
        assert_eq!(args(line).command, wanted, "{line}");
    }
    assert!(args("--restore").restore && args("--restore -dataFolder d").restore && args("-restore f").restore);
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

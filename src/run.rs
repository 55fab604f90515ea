//! Runs what the command line asks for: the server or a subcommand.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use crate::cli::{AdminAction, Args, Command, ExportHistory, UserAction};
use crate::config::{folders, Config, Sources};
use crate::control::accounts::{self, Place};
use crate::control::offline::Settings;
use crate::control::{client, password, status, Request, Response};
use crate::history::files::HistoryFiles;
use crate::history::names::Owner;
use crate::history::text_export;
use crate::model::MAIN_APP;
use crate::store::archive::{self, Change};
use crate::store::folder::CONTROL_SOCKET;
use crate::store::LoadSettings;
use crate::{console, doctor, local_time, serve, trials};

/// Runs the server, or the subcommand that `args` names, until it ends. `sources`: where the configuration came from.
pub fn run(config: Rc<Config>, sources: &Sources, args: &Args) -> ExitCode {
    let done = match &args.command {
        None if args.init_db => init_db(&config),
        None if args.test_push => trials::push(&config),
        None => return serve::serve(config, sources, args.restore),
        Some(command) => subcommand(&config, command),
    };
    match done {
        Ok(text) => {
            console::say(&text);
            ExitCode::SUCCESS
        }
        Err(why) => {
            console::complain(&why);
            ExitCode::FAILURE
        }
    }
}

/// Where the control socket is. `data_folder`: the one in use.
pub fn control_socket(config: &Config, data_folder: &Path) -> PathBuf {
    let configured = &config.server.control_socket;
    if configured.as_os_str().is_empty() {
        data_folder.join(CONTROL_SOCKET)
    } else {
        folders::absolute(configured)
    }
}

/// Does what a subcommand says; what to print, or one line why not.
fn subcommand(config: &Config, command: &Command) -> Result<String, String> {
    let folder = folders::data_folder(&config.server.data_folder);
    let socket = control_socket(config, &folder);
    match command {
        Command::User(user) => with_place(config, &socket, &folder, |place| match &user.action {
            UserAction::Add(add) => {
                let password = password::ask(&format!("Password for {}: ", add.email))?;
                accounts::add(place, &add.email, &add.app, &password, add.admin)
            }
            UserAction::Passwd(passwd) => {
                let password = password::ask(&format!("New password for {}: ", passwd.email))?;
                accounts::passwd(place, &passwd.email, &passwd.app, &password)
            }
            UserAction::List(_) => accounts::list(place),
            UserAction::Del(del) => accounts::del(place, &del.email, &del.app),
        }),
        Command::Admin(admin) => with_place(config, &socket, &folder, |place| match &admin.action {
            AdminAction::Reset(reset) => {
                accounts::reset_admin(place, reset.email.as_deref().unwrap_or(&config.server.admin_email))
            }
        }),
        Command::Status(wanted) => match ask(&socket, &Request::Status)? {
            Response::Status(found) if wanted.json => Ok(status::json(&found)),
            Response::Status(found) => Ok(status::text(&found)),
            Response::Failed(why) => Err(why),
            Response::Done(_) | Response::Users(_) => Err("the server's answer is not understood".to_owned()),
        },
        Command::Health(_) => match ask(&socket, &Request::Health)? {
            Response::Done(text) => Ok(text),
            Response::Failed(why) => Err(why),
            Response::Status(_) | Response::Users(_) => Err("the server's answer is not understood".to_owned()),
        },
        Command::Backup(backup) => back_up(&socket, &folder, &backup.file),
        Command::Restore(restore) => bring_back(&restore.file, &folder, restore.dry_run),
        Command::MailTest(test) => trials::mail(config, &test.to),
        Command::Doctor(_) => doctor::examine(config, &folder, &socket),
        Command::ExportHistory(export) => export_history(config, &folder, &socket, export),
    }
}

/// Asks the running server.
fn ask(socket: &Path, request: &Request) -> Result<Response, String> {
    match client::ask(socket, request) {
        Ok(Some(response)) => Ok(response),
        Ok(None) => Err(format!("no server is running: nobody listens at {}", socket.display())),
        Err(error) => Err(format!("{}: {error}", socket.display())),
    }
}

fn with_place(
    config: &Config,
    socket: &Path,
    folder: &Path,
    work: impl FnOnce(&Place<'_>) -> Result<String, String>,
) -> Result<String, String> {
    let server = &config.server;
    let host = crate::host::find(server);
    let load = LoadSettings {
        host: &host,
        initial_energy: server.initial_energy,
        terminal_lines: server.terminal_strings_pool_size as usize,
        table_rows: server.table_rows_pool_size as usize,
        now: local_time::timestamp().as_millisecond(),
    };
    work(&Place { socket, folder, settings: Settings { load, region: &server.region } })
}

/// Lets a running server write everything that waits. Its files are whole at any time.
fn save_first(socket: &Path) -> Result<(), String> {
    match client::ask(socket, &Request::Save) {
        Ok(None | Some(Response::Done(_))) => Ok(()),
        Ok(Some(Response::Failed(why))) => {
            // With a full disk above all people want to have a copy of what is there.
            console::complain(&why);
            Ok(())
        }
        Ok(Some(_)) => Err("the server's answer is not understood".to_owned()),
        Err(error) => Err(format!("{}: {error}", socket.display())),
    }
}

fn back_up(socket: &Path, folder: &Path, file: &Path) -> Result<String, String> {
    save_first(socket)?;
    if !folder.is_dir() {
        return Err(format!("there is no data folder {}", folder.display()));
    }
    let written = archive::backup(folder, file).map_err(|error| error.to_string())?;
    Ok(format!("{}: {} files, {} KB before compression", file.display(), written.files, written.bytes.div_ceil(1024)))
}

fn bring_back(file: &Path, folder: &Path, dry_run: bool) -> Result<String, String> {
    let restored = archive::restore(file, folder, dry_run).map_err(|error| error.to_string())?;
    let mut text = String::new();
    for entry in &restored.entries {
        let change = match entry.change {
            Change::New => "new     ",
            Change::Replaced => "replaced",
            Change::Same => "the same",
        };
        text.push_str(&format!("{change}  {}\n", entry.name));
    }
    for name in &restored.left {
        text.push_str(&format!("kept      {name} (not in the backup)\n"));
    }
    let count = restored.entries.iter().filter(|entry| entry.change != Change::Same).count();
    let verb = if dry_run { "would be written" } else { "were written" };
    text.push_str(&format!("{count} of {} files {verb} to {}", restored.entries.len(), folder.display()));
    Ok(text)
}

/// Writes an account's history as text files. For an account of another app than the main one, `user` is the name of its
/// folder: `mail_app`.
fn export_history(
    config: &Config,
    data_folder: &Path,
    socket: &Path,
    export: &ExportHistory,
) -> Result<String, String> {
    save_first(socket)?;
    let files = HistoryFiles::new(serve::history_root(config, data_folder));
    match text_export::export(&files, &Owner::new(&export.user, MAIN_APP), &export.folder) {
        Ok(done) if done.files == 0 => Err(format!("{} has no history in {}", export.user, files.root().display())),
        Ok(done) => {
            let to = export.folder.display();
            Ok(format!("{} files with {} records written to {to}", done.files, done.records))
        }
        Err(error) => Err(format!("History of {} cannot be written: {error}", export.user)),
    }
}

fn init_db(config: &Config) -> Result<String, String> {
    match &config.db {
        None => Err("--init-db needs enable.db=true and db.properties".to_owned()),
        #[cfg(feature = "postgres")]
        Some(databases) => crate::database::init(databases),
        #[cfg(not(feature = "postgres"))]
        Some(_) => Err("--init-db: this build cannot use PostgreSQL".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_in_the_data_folder_unless_configured() {
        let mut config = Config::default();
        assert_eq!(control_socket(&config, Path::new("/srv/data")), Path::new("/srv/data/control.sock"));
        config.server.control_socket = "/run/eyelet.sock".into();
        assert_eq!(control_socket(&config, Path::new("/srv/data")), Path::new("/run/eyelet.sock"));
    }

    #[test]
    fn a_backup_comes_back() {
        let temp = tempfile::tempdir().unwrap();
        let (folder, file) = (temp.path().join("data"), temp.path().join("b.tar.gz"));
        let socket = folder.join(CONTROL_SOCKET);
        assert!(back_up(&socket, &folder, &file).unwrap_err().contains("no data folder"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a@b.cc.Blynk.user"), "{}").unwrap();
        assert!(back_up(&socket, &folder, &file).unwrap().contains("1 files"));
        std::fs::remove_file(folder.join("a@b.cc.Blynk.user")).unwrap();
        let text = bring_back(&file, &folder, true).unwrap();
        assert!(text.contains("new       a@b.cc.Blynk.user") && text.contains("would be written"), "{text}");
        assert!(!folder.join("a@b.cc.Blynk.user").exists());
        assert!(bring_back(&file, &folder, false).unwrap().contains("1 of 1 files were written"));
        assert!(folder.join("a@b.cc.Blynk.user").exists());
    }

    #[test]
    fn a_database_must_be_configured() {
        assert!(init_db(&Config::default()).unwrap_err().contains("enable.db=true"));
    }
}

//! Answers requests about accounts on the data folder itself, when no server runs.

use super::protocol::{Hash, Request, Response, UserLine};
use crate::history::names::Owner;
use crate::model::{User, MAIN_APP};
use crate::store::accounts::{new_account, NewAccount};
use crate::store::save::Item;
use crate::store::{self, DataFolder, Finding, FolderError, LoadSettings, Saver};
use std::fs;
use std::io;
use std::path::Path;

/// What new accounts get from the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// As at the server's start.
    pub load: LoadSettings<'a>,
    /// `region`.
    pub region: &'a str,
}

/// The accounts of a data folder that this process has locked.
#[derive(Debug)]
pub struct Offline<'a> {
    folder: DataFolder,
    saver: Saver,
    users: Vec<User>,
    settings: Settings<'a>,
    /// What was wrong with the files.
    pub findings: Vec<Finding>,
}

impl<'a> Offline<'a> {
    /// Locks an existing data folder and reads its accounts.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn open(path: &Path, settings: Settings<'a>) -> Result<Offline<'a>, FolderError> {
        let mut folder = DataFolder::open(path)?;
        let listing = folder.take_listing();
        let loaded = store::load(folder.root(), &listing, &settings.load);
        Ok(Offline {
            saver: Saver::new(folder.root(), loaded.leftovers),
            users: loaded.users.into_iter().map(|loaded| loaded.user).collect(),
            findings: loaded.findings,
            folder,
            settings,
        })
    }

    /// Does what a request asks for; the files are on the disk when it returns.
    pub fn answer(&mut self, request: &Request) -> Response {
        let done = match request {
            Request::AddUser { email, app, pass, admin } => self.add(email, app, pass, *admin),
            Request::SetPassword { email, app, pass } => self.set_password(email, app, pass),
            Request::ResetAdmin { email, pass } => self.reset_admin(email, pass),
            Request::DeleteUser { email, app } => self.delete(email, app),
            Request::ListUsers => return Response::Users(self.list()),
            Request::Save => Ok("nothing to save: no server is running".to_owned()),
            Request::Status | Request::Health => Err("no server is running".to_owned()),
        };
        done.map_or_else(Response::Failed, Response::Done)
    }

    fn find(&mut self, email: &str, app: &str) -> Option<&mut User> {
        let email = email.to_lowercase();
        self.users.iter_mut().find(|user| user.email == email && user.app_name == app)
    }

    fn existing(&mut self, email: &str, app: &str) -> Result<&mut User, String> {
        self.find(email, app).ok_or_else(|| format!("{email} ({app}) has no account"))
    }

    fn add(&mut self, email: &str, app: &str, pass: &Hash, admin: bool) -> Result<String, String> {
        if self.find(email, app).is_some() {
            return Err(format!("{email} ({app}) has an account already"));
        }
        let load = &self.settings.load;
        let user = new_account(&NewAccount {
            email,
            app,
            pass: pass.0.expose(),
            is_super_admin: admin,
            region: self.settings.region,
            host: load.host,
            energy: load.initial_energy,
            now: load.now,
        });
        self.save(&user)?;
        let done = format!("{} ({}) was added", user.email, user.app_name);
        self.users.push(user);
        Ok(done)
    }

    fn set_password(&mut self, email: &str, app: &str, pass: &Hash) -> Result<String, String> {
        let now = self.settings.load.now;
        let user = self.existing(email, app)?;
        user.pass = Some(pass.0.expose().to_owned());
        user.last_modified_ts = now;
        let changed = user.clone();
        self.save(&changed)?;
        Ok(format!("{} ({app}) has a new password", changed.email))
    }

    fn reset_admin(&mut self, email: &str, pass: &Hash) -> Result<String, String> {
        if self.find(email, MAIN_APP).is_none() {
            return self.add(email, MAIN_APP, pass, true);
        }
        self.existing(email, MAIN_APP)?.is_super_admin = true;
        self.set_password(email, MAIN_APP, pass)
    }

    fn delete(&mut self, email: &str, app: &str) -> Result<String, String> {
        let user = self.existing(email, app)?;
        let owner = Owner::new(&user.email, &user.app_name);
        self.saver.delete(&owner.email, &owner.app).map_err(|error| error.to_string())?;
        self.users.retain(|user| *user.email != *owner.email || *user.app_name != *owner.app);
        if let Some(history) = owner.folder() {
            match fs::remove_dir_all(self.folder.history().join(history)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Ok(format!("{} ({app}) was deleted, but its history is left: {error}", owner.email));
                }
                _ => {}
            }
        }
        Ok(format!("{} ({app}) was deleted; its file is kept in the folder \"deleted\"", owner.email))
    }

    fn list(&self) -> Vec<UserLine> {
        let mut lines: Vec<_> = self.users.iter().map(UserLine::of).collect();
        lines.sort_by(|a, b| (&a.email, &a.app).cmp(&(&b.email, &b.app)));
        lines
    }

    fn save(&self, user: &User) -> Result<(), String> {
        let text = user.to_file();
        let item = Item { email: &user.email, app: &user.app_name, text: &text, whole: true };
        self.saver.save(item).map_err(|error| format!("cannot save: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings<'_> = Settings {
        load: LoadSettings {
            host: "h",
            initial_energy: 2000,
            terminal_lines: 25,
            table_rows: 100,
            now: 1_795_399_984_160,
        },
        region: "local",
    };

    fn account(email: &str, app: &str) -> (String, String) {
        (email.to_owned(), app.to_owned())
    }

    fn users(offline: &mut Offline<'_>) -> Vec<UserLine> {
        match offline.answer(&Request::ListUsers) {
            Response::Users(users) => users,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_account_from_its_beginning_to_its_end() {
        let temp = tempfile::tempdir().unwrap();
        let (email, app) = account("A@b.cc", "Blynk");
        let pass = Hash::of(&email, "one");
        let add = Request::AddUser { email: email.clone(), app: app.clone(), pass, admin: false };
        let mut offline = Offline::open(temp.path(), SETTINGS).unwrap();
        assert_eq!(offline.answer(&add), Response::Done("a@b.cc (Blynk) was added".into()));
        assert!(matches!(offline.answer(&add), Response::Failed(why) if why.ends_with("has an account already")));
        assert!(matches!(Offline::open(temp.path(), SETTINGS), Err(FolderError::InUse(..))));
        drop(offline);

        let mut offline = Offline::open(temp.path(), SETTINGS).unwrap();
        let wanted = UserLine { email: "a@b.cc".into(), app: "Blynk".into(), energy: 2000, ..UserLine::default() };
        assert_eq!(users(&mut offline), [wanted]);
        let pass = Hash::of(&email, "two");
        let change = Request::SetPassword { email: email.clone(), app: app.clone(), pass: pass.clone() };
        assert!(matches!(offline.answer(&change), Response::Done(_)));
        let file = temp.path().join("a@b.cc.Blynk.user");
        assert!(fs::read_to_string(&file).unwrap().contains(&format!("\"pass\":\"{}\"", pass.0.expose())));
        fs::create_dir_all(temp.path().join("data/a@b.cc")).unwrap();
        fs::create_dir_all(temp.path().join("data/other@b.cc")).unwrap();
        let delete = Request::DeleteUser { email: email.clone(), app: app.clone() };
        assert!(matches!(offline.answer(&delete), Response::Done(_)));
        assert!(matches!(offline.answer(&delete), Response::Failed(_)));
        assert!(matches!(offline.answer(&change), Response::Failed(_)));
        assert!(!file.exists() && temp.path().join("deleted/a@b.cc.Blynk.user").exists());
        assert!(!temp.path().join("data/a@b.cc").exists() && temp.path().join("data/other@b.cc").exists());
        assert_eq!(users(&mut offline), []);
    }

    #[test]
    fn an_administrator_is_made_or_raised() {
        let temp = tempfile::tempdir().unwrap();
        let mut offline = Offline::open(temp.path(), SETTINGS).unwrap();
        let (email, app) = account("a@b.cc", "Blynk");
        let pass = Hash::of(&email, "x");
        offline.answer(&Request::AddUser { email, app, pass: pass.clone(), admin: false });
        for email in ["a@b.cc", "new@b.cc"] {
            let reset = Request::ResetAdmin { email: email.into(), pass: pass.clone() };
            assert!(matches!(offline.answer(&reset), Response::Done(_)));
        }
        drop(offline);
        let users = users(&mut Offline::open(temp.path(), SETTINGS).unwrap());
        assert_eq!(users.len(), 2);
        assert!(users.iter().all(|user| user.admin));
    }

    #[test]
    fn what_needs_a_server_fails() {
        let temp = tempfile::tempdir().unwrap();
        let mut offline = Offline::open(temp.path(), SETTINGS).unwrap();
        for request in [Request::Status, Request::Health] {
            assert_eq!(offline.answer(&request), Response::Failed("no server is running".into()));
        }
        assert!(matches!(offline.answer(&Request::Save), Response::Done(_)));
    }
}

//! What administrators do to accounts, through the control socket and the admin pages: make, change, delete.

use super::connections::ConnId;
use super::history::Doomed;
use super::jobs::Queue;
use super::users::UserId;
use super::Hub;
use crate::model::MAIN_APP;
use crate::store::accounts::{new_account, NewAccount};

impl Hub {
    /// Makes an account without projects, saved at once. `None`: there is one with this e-mail (in any case) and app.
    /// `pass`: the hash, see [`password_hash`](crate::store::accounts::password_hash).
    pub fn create_account(&mut self, email: &str, app: &str, pass: &str, is_super_admin: bool) -> Option<UserId> {
        let email = email.to_lowercase();
        let app = if app.is_empty() { MAIN_APP } else { app };
        if self.users.find(&email, app).is_some() {
            return None;
        }
        let user = new_account(&NewAccount {
            email: &email,
            app,
            pass,
            is_super_admin,
            region: &self.config.server.region,
            host: &self.host,
            energy: self.config.server.initial_energy,
            now: self.now(),
        });
        let id = self.add_user(user);
        self.user_changed(id);
        log::info!("{email} ({app}): account made by an administrator");
        Some(id)
    }

    /// Gives an account another password, saved at once. Its apps are disconnected: whoever knew the old one is out.
    /// `pass`: the hash.
    pub fn set_password(&mut self, user: UserId, pass: &str) {
        let Some(account) = self.users.get_mut(user) else { return };
        account.user.pass = Some(pass.to_owned());
        let apps = account.apps.clone();
        log::info!("{} ({}): new password by an administrator", account.user.email, account.user.app_name);
        self.user_changed(user);
        for conn in apps {
            self.close(conn);
        }
    }

    /// Deletes an account with its tokens and history and closes its connections. Its file moves to `deleted/`; what is
    /// on its way to the file is written before. Nothing happens without such an account.
    pub fn delete_account(&mut self, user: UserId) {
        let Some(account) = self.users.get(user) else { return };
        let devices = account.hardware.iter().map(|member| member.conn);
        let conns: Vec<ConnId> = account.apps.iter().copied().chain(devices).collect();
        for conn in conns {
            self.close(conn);
        }
        self.tokens.remove_user(user);
        self.drop_history(user, Doomed::All);
        let Some(account) = self.users.remove(user) else { return };
        let (email, app) = (account.user.email, account.user.app_name);
        let app = if app.is_empty() { MAIN_APP.to_owned() } else { app };
        self.reset_tokens.remove_account(&email, &app);
        log::info!("{email} ({app}): account deleted by an administrator");
        self.delete_account_row(&email, &app);
        let Some(saver) = self.saver() else { return };
        // The worker keeps its order: saves that wait are done before.
        let files = self.jobs.work(
            Queue::Disk,
            move || saver.delete(&email, &app),
            |hub, result| {
                if let Err(error) = result {
                    hub.saving.failures += 1;
                    log::error!("The file of a deleted account stays: {error}");
                }
            },
        );
        if files.is_err() {
            log::error!("no worker for the file of a deleted account: it stays");
        }
        self.save_changes();
    }

    /// Whether this account is an administrator and no other is.
    pub fn is_last_administrator(&self, user: UserId) -> bool {
        let mut all = self.users.iter().filter(|(_, account)| account.user.is_super_admin).map(|(id, _)| id);
        all.next() == Some(user) && all.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use crate::hub::testing::{self, run_jobs};

    #[test]
    fn a_deleted_account_leaves_nothing_but_its_file() {
        let (mut hub, temp, _folder) = testing::hub_with_files();
        let root = temp.path();
        let dash = r#"{"id":1,"sharedToken":"s","devices":[{"id":0,"token":"t"}]}"#;
        let user = testing::user(&mut hub, "a@b.cc", dash);
        hub.user_changed(user);
        hub.save_changes();
        let (_, app) = testing::app(&mut hub, user);
        let (conn, device) = testing::device(&mut hub, user, 1, 0);
        std::fs::create_dir_all(root.join("data/a@b.cc")).unwrap();
        std::fs::write(root.join("data/a@b.cc/history_1-0_v5_minute.bin"), [0; 16]).unwrap();
        hub.reset_tokens.add("r", "a@b.cc", "Blynk", 0);

        hub.delete_account(user);
        run_jobs(&mut hub);
        assert!(app.is_closing() && device.is_closing());
        assert_eq!((hub.tokens.device("t"), hub.tokens.shared("s")), (None, None));
        assert!(hub.reset_tokens.get("r", 0).is_none());
        assert!(hub.users.find("a@b.cc", "Blynk").is_none());
        assert!(root.join("deleted/a@b.cc.Blynk.user").exists() && !root.join("a@b.cc.Blynk.user").exists());
        assert!(!root.join("data/a@b.cc/history_1-0_v5_minute.bin").exists());
        hub.connection_lost(conn);
        hub.delete_account(user);

        let again = hub.create_account("A@b.cc", "", "hash", false).unwrap();
        assert!(hub.create_account("a@B.cc", "Blynk", "hash", false).is_none());
        hub.save_changes();
        run_jobs(&mut hub);
        assert!(root.join("a@b.cc.Blynk.user").exists());
        assert!(hub.users.profile(again).unwrap().dashboards.is_empty());
    }

    #[test]
    fn a_new_password_ends_the_sessions_of_apps() {
        let mut hub = testing::hub();
        let user = hub.create_account("a@b.cc", "Blynk", "old", true).unwrap();
        assert!(hub.is_last_administrator(user));
        let (_, app) = testing::app(&mut hub, user);
        hub.set_password(user, "new");
        assert!(app.is_closing());
        assert_eq!(hub.users.get(user).unwrap().user.pass.as_deref(), Some("new"));
        hub.create_account("b@b.cc", "Blynk", "x", true).unwrap();
        assert!(!hub.is_last_administrator(user));
    }
}

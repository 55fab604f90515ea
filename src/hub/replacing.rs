//! An administrator replaces an account's content, sometimes with another e-mail.

use super::connections::ConnId;
use super::jobs::Queue;
use super::users::UserId;
use super::Hub;
use crate::history::names::Owner;
use crate::model::{User, MAIN_APP};
use crate::store::save::Item;

impl Hub {
    /// Puts another content in the place of an account's, saved at once: tokens, timers and displays follow, its
    /// connections are closed. With another e-mail its file and history move along. The caller has checked that the new
    /// e-mail is free, and that no token is another account's.
    pub fn replace_account(&mut self, user: UserId, mut new: User) {
        let Some(account) = self.users.get(user) else { return };
        let devices = account.hardware.iter().map(|member| member.conn);
        let conns: Vec<ConnId> = account.apps.iter().copied().chain(devices).collect();
        let (old_email, new_email) = (account.user.email.clone(), new.email.clone());
        log::info!("{old_email} ({}): account changed by an administrator", account.user.app_name);
        for conn in conns {
            self.close(conn);
        }
        self.tokens.remove_user(user);
        new.email.clone_from(&old_email);
        if let Some(account) = self.users.get_mut(user) {
            account.user = new;
            account.polls = None;
        }
        self.tokens.add_user(&self.users, user);
        if new_email != old_email {
            self.rename(user, &old_email, &new_email);
        }
        self.user_changed(user);
    }

    fn rename(&mut self, user: UserId, old: &str, new: &str) {
        let app = self.users.get(user).map(|account| account.user.app_name.clone()).unwrap_or_default();
        let app = if app.is_empty() { MAIN_APP.to_owned() } else { app };
        self.users.rename(user, new);
        self.delete_account_row(old, &app);
        self.reset_tokens.remove_account(old, &app);
        self.history.rename(user, &Owner::new(old, &app), &Owner::new(new, &app));
        let (from, to, files) = (Owner::new(old, &app), Owner::new(new, &app), self.history.files());
        let history = self.jobs.work(
            Queue::History,
            move || files.rename_owner(&from, &to),
            |_, result| {
                if let Err(error) = result {
                    log::error!("The history of an account with a new e-mail stays under the old one: {error}");
                }
            },
        );
        let text = self.users.get(user).map(|account| account.user.to_file()).unwrap_or_default();
        let (old, new) = (old.to_owned(), new.to_owned());
        let file = self.saver().map(|saver| {
            // The new file first. The worker keeps the order, also of a save that is under way.
            let work = move || {
                saver.save(Item { email: &new, app: &app, text: &text, whole: true })?;
                saver.delete(&old, &app)
            };
            self.jobs.work(Queue::Disk, work, |hub, result| {
                if let Err(error) = result {
                    hub.saving.failures += 1;
                    log::error!("The old file of an account with a new e-mail stays: {error}");
                }
            })
        });
        if history.is_err() || file.is_some_and(|queued| queued.is_err()) {
            log::error!("no worker for the files of an account with a new e-mail: the old ones stay");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::names::{Pin, PinType};
    use crate::hub::{testing, Job};

    #[test]
    fn file_and_history_move_along() {
        let (mut hub, temp, _folder) = testing::hub_with_files();
        let root = temp.path();
        let user = testing::user(&mut hub, "a@b.cc", r#"{"id":1,"name":"Pond"}"#);
        hub.user_changed(user);
        hub.save_changes();
        std::fs::create_dir_all(root.join("data/a@b.cc")).unwrap();
        std::fs::write(root.join("data/a@b.cc/history_1-0_v5_minute.bin"), [0; 16]).unwrap();
        let owner = hub.history_owner(user).unwrap();
        let (pin, now) = (Pin::new(1, 0, PinType::Virtual, 5), hub.now());
        hub.history.averages_mut().record(&owner, pin, 1.0, now);

        let mut new = hub.users.get(user).unwrap().user.clone();
        (new.email, new.energy) = ("n@b.cc".into(), 5);
        hub.replace_account(user, new);
        hub.save_changes();
        for (_, job) in hub.jobs.take_kept() {
            let Job::Work(work) = job else { panic!() };
            work()(&mut hub);
        }
        assert_eq!(hub.users.find("n@b.cc", "Blynk"), Some(user));
        assert!(hub.users.find("a@b.cc", "Blynk").is_none());
        assert!(root.join("n@b.cc.Blynk.user").exists() && !root.join("a@b.cc.Blynk.user").exists());
        assert!(root.join("deleted/a@b.cc.Blynk.user").exists());
        assert!(root.join("data/n@b.cc/history_1-0_v5_minute.bin").exists());
        assert_eq!(hub.history_owner(user), Some(Owner::new("n@b.cc", "Blynk")));
        let unfinished = hub.history.averages_mut().unfinished();
        assert!(unfinished.iter().all(|sum| sum.file.owner == Owner::new("n@b.cc", "Blynk")) && !unfinished.is_empty());
    }
}

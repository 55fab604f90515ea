//! When accounts are written to the data folder.
//!
//! What a person changed goes to the disk worker as soon as the message is handled; what devices wrote waits for the
//! periodic save, because flash wears out. At most one save per account is under way.

use super::jobs::Queue;
use super::trouble::Trouble;
use super::users::{Unsaved, UserId};
use super::Hub;
use crate::store::save::{Item, BACKUP_PERIOD};
use crate::store::Saver;
use std::collections::HashSet;
use std::sync::Arc;

/// The data folder's writer, and when the daily copies were made.
#[derive(Debug, Default)]
pub struct Saving {
    saver: Option<Arc<Saver>>,
    /// ms since 1970; 0 = not yet since start.
    backed_up_at: i64,
    /// Something was saved that no daily copy holds.
    uncopied: bool,
    /// ms since 1970 of the last successful save.
    pub saved_at: i64,
    /// Saves since start.
    pub saves: u32,
    /// Saves that failed since start.
    pub failures: u32,
    trouble: Trouble,
    /// Accounts whose last save failed.
    failing: HashSet<UserId>,
}

struct Account {
    id: UserId,
    email: String,
    app: String,
    text: String,
}

impl Hub {
    /// From now on accounts are written by `saver`.
    pub fn save_with(&mut self, saver: Arc<Saver>) {
        self.saving.saver = Some(saver);
    }

    /// The data folder's writer; `None` in tests.
    pub fn saver(&self) -> Option<Arc<Saver>> {
        self.saving.saver.clone()
    }

    /// Starts saving what people changed, and lets timers and displays follow. Called after every batch of messages.
    pub fn save_changes(&mut self) {
        self.follow_tokens();
        if self.users.is_urgent() {
            self.follow_changes();
            self.save(Unsaved::Changes);
        }
    }

    /// Starts saving everything that is unsaved, and the daily copies when they are due.
    pub fn save_all(&mut self) {
        self.save(Unsaved::Values);
        self.send_accounts();
        if !self.saving.uncopied {
            return;
        }
        let now = self.now();
        if self.saving.backed_up_at != 0 && now - self.saving.backed_up_at < BACKUP_PERIOD {
            return;
        }
        (self.saving.backed_up_at, self.saving.uncopied) = (now, false);
        let Some(saver) = self.saver() else { return };
        let date = crate::local_time::now().strftime("%Y-%m-%d").to_string();
        let work = move || saver.back_up(&date).map_err(|e| e.to_string());
        let _ = self.jobs.work(Queue::Disk, work, |_, result| match result {
            Ok(done) => log::info!("Daily copies: {} files copied, {} unchanged", done.copied, done.linked),
            Err(e) => log::error!("Daily copies failed: {e}"),
        });
    }

    /// Saves for the last time: the disk worker, which keeps the order, is about to be joined.
    pub fn save_at_end(&mut self) {
        self.users.forget_saves();
        self.follow_tokens();
        self.save_all();
        self.send_all_accounts();
    }

    /// Saves now and every `profile.save.worker.period`.
    pub fn schedule_saves(&mut self) {
        let period = u64::from(self.config.server.profile_save_worker_period);
        self.after(period, |hub| {
            hub.save_all();
            hub.schedule_saves();
        });
    }

    fn save(&mut self, at_least: Unsaved) {
        let ids = self.users.take_unsaved(at_least);
        if self.databases.is_some() {
            ids.iter().for_each(|id| self.account_rows.note(*id));
        }
        let Some(saver) = self.saver() else { return };
        let mut accounts = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(account) = self.users.get_mut(id) else { continue };
            account.saving = true;
            let text = account.user.to_file();
            account.budget.weighed(text.len() + account.user.unwritten());
            accounts.push(Account { id, email: account.user.email.clone(), app: account.user.app_name.clone(), text });
        }
        let count = accounts.len();
        if count == 0 {
            return;
        }
        self.saving.uncopied = true;
        let work = move || {
            let items = accounts.iter().map(|a| Item { email: &a.email, app: &a.app, text: &a.text });
            let results = saver.save_all(items);
            accounts.iter().zip(results).map(|(a, r)| (a.id, r.map_err(|e| e.to_string()))).collect::<Vec<_>>()
        };
        let queued = self.jobs.work(Queue::Disk, work, |hub, results| {
            hub.saved(results);
            hub.save_changes();
        });
        if queued.is_err() {
            log::error!("no worker for saving: {count} accounts wait");
        }
    }

    fn saved(&mut self, results: Vec<(UserId, Result<(), String>)>) {
        let now = self.now();
        let mut first_error = None;
        for (id, result) in results {
            self.users.saved(id, result.is_ok());
            match result {
                Ok(()) => {
                    self.saving.saved_at = now;
                    self.saving.saves = self.saving.saves.wrapping_add(1);
                    self.saving.failing.remove(&id);
                }
                Err(error) => {
                    self.saving.failures = self.saving.failures.wrapping_add(1);
                    self.saving.failing.insert(id);
                    first_error.get_or_insert(error);
                }
            }
        }
        self.saving.failing.retain(|id| self.users.get(*id).is_some());
        match first_error {
            None if self.saving.failing.is_empty() && self.saving.trouble.succeeded() => {
                log::info!("Accounts are saved again");
            }
            Some(error) if self.saving.trouble.failed(now) => {
                log::error!("Accounts are not saved, trying again with every save: {error}");
            }
            _ => {}
        }
    }
}

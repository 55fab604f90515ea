//! When accounts are written to the data folder.
//!
//! What a person changed goes to the disk worker as soon as the message is handled; what devices wrote waits for the
//! periodic save, because flash wears out. Where only values changed, the file is written whole every `profile.write.period`
//! and what differs goes beside it in between ([`crate::store::changes`]). At most one save per account is under way.
//!
//! Accounts are put into text by the event loop, which does so for a few milliseconds at a time: the next ones follow when
//! the disk worker is done with these, so that thousands of unsaved accounts neither hold up messages nor fill the memory.

use super::jobs::Queue;
use super::trouble::Trouble;
use super::users::{Unsaved, UserId};
use super::{Hub, MINUTE_MS};
use crate::logging::WORKER;
use crate::store::daily::{self, Copies};
use crate::store::save::Item;
use crate::store::Saver;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of accounts that are put into text in one go, but for the last of them.
const CHUNK: usize = 512 * 1024;

/// The data folder's writer, and when the daily copies were made.
#[derive(Debug, Default)]
pub struct Saving {
    saver: Option<Arc<Saver>>,
    /// Accounts that the running periodic save has not come to.
    backlog: usize,
    /// ms since start; the wall clock may be set back by years.
    backed_up_at: Option<u64>,
    /// Something was saved that no daily copy holds.
    uncopied: bool,
    /// ms since 1970 of the last successful save.
    pub saved_at: i64,
    /// Saves since start.
    pub saves: u32,
    /// Saves that failed since start.
    pub failures: u32,
    trouble: Trouble,
    /// Accounts whose last save was of changes beside their file.
    beside: HashSet<UserId>,
    /// Accounts whose last save failed.
    failing: HashSet<UserId>,
}

/// The disk worker makes daily copies for so long without a look at what else waits.
const COPY_TIME: Duration = Duration::from_millis(500);

fn make_some(mut copies: Copies) -> io::Result<Copies> {
    copies.go_on(COPY_TIME)?;
    Ok(copies)
}

struct Account {
    id: UserId,
    email: String,
    app: String,
    text: String,
    whole: bool,
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
            self.save(Unsaved::Changes, CHUNK, false);
        }
    }

    /// Starts saving everything that is unsaved at once, each file whole, and the daily copies when they are due: for somebody
    /// who waits for it.
    pub fn save_all(&mut self) {
        for id in std::mem::take(&mut self.saving.beside) {
            self.users.mark(id, Unsaved::Values);
        }
        self.save(Unsaved::Presence, usize::MAX, true);
        self.send_accounts();
        self.saving.backlog = 0;
        self.copy_daily();
    }

    /// Saves the next part of what was unsaved when the period ended, and after the last one makes the daily copies when
    /// they are due.
    fn go_on_saving(&mut self) {
        if self.saving.backlog == 0 {
            return;
        }
        let saved = self.save(Unsaved::Values, CHUNK, false);
        self.send_accounts();
        // What waits for another save counts for the next period.
        self.saving.backlog = if saved == 0 { 0 } else { self.saving.backlog.saturating_sub(saved) };
        if self.saving.backlog == 0 {
            self.copy_daily();
        }
    }

    fn copy_daily(&mut self) {
        if !self.saving.uncopied {
            return;
        }
        let ticks = self.ticks();
        if self.saving.backed_up_at.is_some_and(|at| ticks.saturating_sub(at) < daily::PERIOD) {
            return;
        }
        (self.saving.backed_up_at, self.saving.uncopied) = (Some(ticks), false);
        let Some(saver) = self.saver() else { return };
        let date = crate::local_time::now().date().to_string();
        let work = move || Copies::begin(&saver, &date).and_then(make_some).map_err(|e| e.to_string());
        let _ = self.jobs.work(Queue::Disk, work, Hub::some_copied);
    }

    /// Daily copies go on after what was to be saved meanwhile. Who stops the server waits for a part of them only: the next
    /// start makes the rest.
    fn some_copied(&mut self, copies: Result<Copies, String>) {
        let copies = match copies {
            Ok(copies) => copies,
            Err(e) => return log::error!(target: WORKER, "Daily copies failed: {e}"),
        };
        match copies.all_made() {
            Some(made) => {
                log::info!(target: WORKER, "Daily copies: {} files copied, {} unchanged", made.copied, made.linked);
            }
            None => {
                let work = move || make_some(copies).map_err(|e| e.to_string());
                let _ = self.jobs.work(Queue::Disk, work, Hub::some_copied);
            }
        }
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
            hub.mark_outdated_files();
            hub.saving.backlog = hub.users.unsaved();
            hub.go_on_saving();
            // What was saved at once goes to the database with the period, too.
            hub.send_accounts();
            hub.schedule_saves();
        });
    }

    /// Files that were not written whole for too long are unsaved, also when no value came since.
    fn mark_outdated_files(&mut self) {
        let (ticks, period) = (self.clock.ticks(), self.write_period());
        let users = &mut self.users;
        self.saving.beside.retain(|id| match users.get(*id) {
            Some(account) if account.may_lag(ticks, period) => true,
            _ => {
                users.mark(*id, Unsaved::Values);
                false
            }
        });
    }

    /// ms.
    fn write_period(&self) -> u64 {
        u64::from(self.config.server.profile_write_period) * MINUTE_MS
    }

    /// Starts saving accounts with at least this much to save, until their texts fill `room` bytes; how many. `whole`: also
    /// those of which only values changed go into their files.
    fn save(&mut self, at_least: Unsaved, mut room: usize, whole: bool) -> usize {
        let period = self.write_period();
        let beside = &mut self.saving.beside;
        let (saver, in_database) = (self.saving.saver.clone(), self.databases.is_some());
        let (mut accounts, rows, ticks) = (Vec::new(), &mut self.account_rows, self.clock.ticks());
        self.users.take_unsaved_while(at_least, |id, account| {
            if room == 0 {
                return false;
            }
            if in_database {
                rows.note(id);
            }
            if saver.is_some() {
                account.saving = true;
                let text = account.user.to_file();
                account.budget.saved(text.len(), account.user.unwritten(), ticks);
                room = room.saturating_sub(text.len());
                let (email, app) = (account.user.email.clone(), account.user.app_name.clone());
                let whole = whole || account.unsaved == Unsaved::Changes || !account.may_lag(ticks, period);
                if whole {
                    account.written_at = Some(ticks);
                    beside.remove(&id);
                } else {
                    beside.insert(id);
                }
                accounts.push(Account { id, email, app, text, whole });
            }
            true
        });
        let count = accounts.len();
        let Some(saver) = saver.filter(|_| count > 0) else { return 0 };
        self.saving.uncopied = true;
        let work = move || {
            let items = accounts.iter();
            let items = items.map(|a| Item { email: &a.email, app: &a.app, text: &a.text, whole: a.whole });
            let results = saver.save_all(items);
            accounts.iter().zip(results).map(|(a, r)| (a.id, r.map_err(|e| e.to_string()))).collect::<Vec<_>>()
        };
        let queued = self.jobs.work(Queue::Disk, work, |hub, results| {
            hub.saved(results);
            hub.save_changes();
            hub.go_on_saving();
        });
        if queued.is_err() {
            log::error!("no worker for saving: {count} accounts wait");
        }
        count
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing::{advance, hub_with_files, run_jobs, run_work, user};
    use crate::model::PinType;

    #[test]
    fn values_go_beside_the_file_until_it_is_written_whole() {
        let (mut hub, folder, _lock) = hub_with_files();
        hub.schedule_saves();
        let name = "x".repeat(16 * 1024);
        let id = user(&mut hub, "a@b.cc", &format!(r#"{{"id":1,"name":"{name}","devices":[{{"id":0}}]}}"#));
        let file = folder.path().join("a@b.cc.Blynk.user");
        let changes = folder.path().join("a@b.cc.Blynk.user.changes");
        // The last value in the file, and in the one beside it.
        let holds = |path: &std::path::Path, value: u32| {
            std::fs::read_to_string(path)
                .is_ok_and(|text| text.lines().last().unwrap().contains(&format!("\"{value}\"")))
        };
        let minute = |hub: &mut Hub, value: Option<u32>| {
            if let Some(value) = value {
                hub.store_value(id, (1, 0), (PinType::Virtual, 5), &value.to_string()).unwrap();
                hub.users.mark(id, Unsaved::Values);
            }
            advance(hub, MINUTE_MS);
            run_jobs(hub);
        };
        minute(&mut hub, Some(1000));
        assert!(holds(&file, 1000) && !changes.exists());
        for value in 1001..1010 {
            minute(&mut hub, Some(value));
            assert!(holds(&file, 1000) && holds(&changes, value), "{value}");
        }
        minute(&mut hub, Some(1010));
        assert!(holds(&file, 1010) && !changes.exists());
        // What a person changes is in the file at once.
        minute(&mut hub, Some(1011));
        assert!(changes.exists());
        hub.users.mark(id, Unsaved::Changes);
        hub.save_changes();
        run_jobs(&mut hub);
        assert!(holds(&file, 1011) && !changes.exists());
        // Nothing stays beside the file for long, also when no value comes any more.
        minute(&mut hub, Some(1012));
        assert!(holds(&changes, 1012));
        (0..10).for_each(|_| minute(&mut hub, None));
        assert!(holds(&file, 1012) && !changes.exists());
        // Who waits for it finds everything in the file, also what was saved already.
        minute(&mut hub, Some(1013));
        assert!(holds(&changes, 1013));
        hub.save_all();
        run_jobs(&mut hub);
        assert!(holds(&file, 1013) && !changes.exists());
    }

    #[test]
    fn a_periodic_save_of_many_accounts_goes_in_parts() {
        let (mut hub, folder, _lock) = hub_with_files();
        hub.schedule_saves();
        let name = "x".repeat(CHUNK / 2);
        for n in 0..5 {
            let dash = format!(r#"{{"id":1,"name":"{name}"}}"#);
            let id = user(&mut hub, &format!("{n}@b.cc"), &dash);
            hub.users.mark(id, Unsaved::Values);
        }
        let period = u64::from(hub.config.server.profile_save_worker_period);
        let files = || std::fs::read_dir(folder.path()).unwrap().flatten().filter(|e| e.path().is_file()).count();
        let before = files();
        advance(&mut hub, period);
        let mut steps = Vec::new();
        while hub.users.unsaved() > 0 {
            steps.push(hub.users.unsaved());
            run_work(&mut hub);
            assert!(steps.len() < 9, "{steps:?}");
        }
        run_work(&mut hub);
        assert_eq!(steps, [3, 1]);
        assert_eq!(files() - before, 5);
        run_work(&mut hub); // the daily copies
        assert_eq!(hub.saving.saves, 5);
        assert_eq!(std::fs::read_dir(folder.path().join("backup")).unwrap().count(), 5);
    }

    #[test]
    fn a_clock_that_was_ahead_holds_up_no_daily_copies() {
        let (mut hub, folder, _lock) = hub_with_files();
        let id = user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let move_wall = |hub: &mut Hub, by: i64| {
            if let crate::hub::Clock::Manual { wall, .. } = &hub.clock {
                wall.set(wall.get() + by);
            }
        };
        let copies = |hub: &mut Hub| {
            hub.users.get_mut(id).unwrap().user.energy += 1;
            hub.users.mark(id, Unsaved::Values);
            hub.save_all();
            run_jobs(hub);
            let backups = std::fs::read_dir(folder.path().join("backup")).unwrap();
            let gone = backups.flatten().map(|copy| std::fs::remove_file(copy.path()).unwrap());
            gone.count()
        };
        move_wall(&mut hub, 10 * 365 * 24 * 3_600_000);
        assert_eq!(copies(&mut hub), 1);
        move_wall(&mut hub, -10 * 365 * 24 * 3_600_000);
        assert_eq!(copies(&mut hub), 0);
        advance(&mut hub, 24 * 3_600_000);
        assert_eq!(copies(&mut hub), 1);
    }
}

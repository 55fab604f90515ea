//! What keeps history and exports small: minute files are cut, old downloads and files that nobody looks at any more are
//! deleted. Spec 04 §7.1, §7.2.

use super::jobs::Queue;
use super::users::UserId;
use super::Hub;
use crate::history::export_folder;
use crate::history::names::{Granularity, Pin};
use crate::logging::WORKER;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

impl Hub {
    /// Cuts and deletes every week from now on; the first time soon, since many servers do not run for a week.
    pub fn schedule_housekeeping(&mut self) {
        self.after(HOUR, Hub::cut_every_week);
        let since = self.now();
        self.after(DAY, move |hub| hub.clean_every_week(since));
    }

    fn cut_every_week(&mut self) {
        self.cut_history();
        self.after(WEEK, Hub::cut_every_week);
    }

    fn clean_every_week(&mut self, since: i64) {
        let now = self.now();
        self.clean_history(since);
        self.after(WEEK, move |hub| hub.clean_every_week(now));
    }

    /// Cuts minute files to their days and deletes old downloads.
    fn cut_history(&mut self) {
        let server = &self.config.server;
        let (minute_days, export_days) = (server.store_minute_record_days, server.store_export_csv_report_days);
        let (files, exports) = (Arc::clone(&self.history.files), Arc::clone(&self.history.exports));
        let work = move || {
            match files.truncate_minutes(minute_days) {
                Ok(done) => {
                    log::info!(target: WORKER, "history: {} files cut, {} empty folders removed", done.files, done.folders)
                }
                Err(error) => log::warn!(target: WORKER, "history: minute files were not cut: {error}"),
            }
            match export_folder::purge(&exports, export_days, SystemTime::now()) {
                Ok(count) => log::info!(target: WORKER, "exports: {count} old files deleted"),
                Err(error) => log::warn!(target: WORKER, "exports: old files were not deleted: {error}"),
            }
        };
        if self.jobs.work(Queue::History, work, |_, ()| ()).is_err() {
            log::warn!(target: WORKER, "history: too much work is waiting, files are cut in a week");
        }
    }

    /// Deletes the files that no graph or report shows any more, of accounts that changed after `since` (ms since 1970).
    fn clean_history(&mut self, since: i64) {
        let changed = |(user, account): (UserId, &super::users::Account)| {
            let dashes = &account.user.profile.dashboards;
            let is_changed = account.user.last_modified_ts >= since || dashes.iter().any(|d| d.updated_at >= since);
            is_changed.then_some(user)
        };
        let users: Vec<UserId> = self.users.iter().filter_map(changed).collect();
        for user in users {
            let Some(owner) = self.history_owner(user).filter(|owner| owner.folder().is_some()) else { continue };
            let Some(profile) = self.users.profile(user) else { continue };
            let mut used = HashSet::new();
            for dash in &profile.dashboards {
                for (device, pin_type, pin) in dash.history_pins() {
                    let pin = Pin::new(dash.id, device, pin_type, pin);
                    used.extend(Granularity::ALL.map(|granularity| pin.file_name(granularity)));
                }
            }
            let files = Arc::clone(&self.history.files);
            let work = move || match files.clean(&owner, &used) {
                Ok(0) => {}
                Ok(count) => log::info!(target: WORKER, "history: {count} unused files of one account deleted"),
                Err(error) => log::warn!(target: WORKER, "history: unused files of one account stay: {error}"),
            };
            if self.jobs.work(Queue::History, work, |_, ()| ()).is_err() {
                log::warn!(target: WORKER, "history: too much work is waiting, unused files are deleted in a week");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing::{advance, hub, run_jobs, user};
    use std::fs;

    const DASH: &str = r#"{"id":1,"devices":[{"id":0},{"id":1}],"widgets":[{"type":"ENHANCED_GRAPH","id":9,"dataStreams":[
        {"targetId":0,"pin":{"pin":5,"pinType":"VIRTUAL"}}]}]}"#;

    #[test]
    fn unused_files_of_changed_accounts_go_after_a_day_and_long_ones_are_cut_after_an_hour() {
        let folder = tempfile::tempdir().unwrap();
        let mut hub = hub();
        let changed = user(&mut hub, "a@b.cc", DASH);
        user(&mut hub, "b@b.cc", DASH);
        hub.history.open(folder.path().into());
        hub.history.exports = folder.path().join("exports").into();
        let names = ["1-0_v5_daily", "1-0_v6_daily", "1-1_v5_minute", "2-0_v5_minute"];
        for email in ["a@b.cc", "b@b.cc"] {
            fs::create_dir(folder.path().join(email)).unwrap();
            for name in names {
                fs::write(folder.path().join(email).join(format!("history_{name}.bin")), [0; 16]).unwrap();
            }
        }
        let long = folder.path().join("b@b.cc/history_1-0_v5_minute.bin");
        fs::write(&long, vec![0; 16 * 14_401]).unwrap();
        hub.schedule_housekeeping();
        advance(&mut hub, HOUR);
        run_jobs(&mut hub);
        assert_eq!(fs::metadata(long).unwrap().len(), 16 * 14_400);
        hub.user_changed(changed);
        advance(&mut hub, DAY - HOUR);
        run_jobs(&mut hub);
        let count = |email: &str| fs::read_dir(folder.path().join(email)).unwrap().count();
        assert_eq!((count("a@b.cc"), count("b@b.cc")), (1, 5));
    }
}

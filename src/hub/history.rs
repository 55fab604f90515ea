//! The history as the hub sees it: running averages and live values in memory, files through jobs.
//!
//! At every full minute finished averages go to the history worker, which has one thread and so keeps the order: what is
//! queued later (a graph, a report, a deletion) finds them in the files. Now and then the unfinished ones are saved too, for
//! a server that is killed; at a regular end they always are.

use super::jobs::{Queue, QueueFull};
use super::users::UserId;
use super::Hub;
use crate::config::{folders, ServerConfig};
use crate::history::averages::{Append, Averages};
use crate::history::files::HistoryFiles;
use crate::history::graph::Source;
use crate::history::live::LiveRings;
use crate::history::names::{FileId, Owner, Pin};
use crate::history::temp_files;
use crate::model::MAIN_APP;
use crate::notify::percent;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MINUTE: i64 = 60_000;
/// Finished records may wait so many minutes for a common write.
const WRITE_PERIOD_MIN: u32 = 1;
/// Unfinished averages are saved at the first flush and then at every so many.
const FLUSHES_PER_SNAPSHOT: u32 = 15;
/// Most records (16 bytes each) that are kept for another try after a failed write.
const FAILED_MAX: usize = 50_000;

/// What the hub keeps of the history.
#[derive(Debug)]
pub struct History {
    /// Running averages.
    pub averages: Averages,
    /// The last values of pins that are shown live.
    pub live: LiveRings,
    /// The history files; for jobs.
    pub files: Arc<HistoryFiles>,
    /// The folder of downloads; for jobs.
    pub exports: Arc<Path>,
    owners: HashMap<UserId, Owner>,
    /// What could not be written at the last flush.
    failed: Vec<Append>,
    flushes: u32,
    /// The last snapshot of unfinished averages had some.
    has_snapshot: bool,
}

/// What of an account's history is to be deleted.
#[derive(Debug, Clone, PartialEq)]
pub enum Doomed {
    /// All of these devices of a project.
    Devices(i32, Vec<i32>),
    /// These pins.
    Pins(Vec<Pin>),
    /// Everything.
    All,
}

impl Doomed {
    fn includes(&self, pin: &Pin) -> bool {
        match self {
            Doomed::Devices(dash, devices) => pin.dash == *dash && devices.contains(&pin.device),
            Doomed::Pins(pins) => pins.contains(pin),
            Doomed::All => true,
        }
    }

    /// Deletes the files. Those that are not there are fine, also where the owner can have none.
    fn delete(&self, files: &HistoryFiles, owner: &Owner) -> io::Result<()> {
        if owner.folder().is_none() {
            return Ok(());
        }
        match self {
            Doomed::Devices(dash, devices) => {
                devices.iter().try_for_each(|device| files.delete_device(owner, *dash, *device, &[]).map(drop))
            }
            Doomed::Pins(pins) => pins.iter().try_for_each(|pin| files.delete_pin(owner, pin)),
            Doomed::All => files.delete_owner(owner).map(drop),
        }
    }
}

impl History {
    /// No values yet; the files are where the configuration says.
    pub fn new(config: &ServerConfig, now: i64) -> Self {
        History {
            averages: Averages::new(now, WRITE_PERIOD_MIN),
            live: LiveRings::new(),
            files: Arc::new(HistoryFiles::new(config.data_folder.join("data"))),
            exports: folders::temp_folder().into(),
            owners: HashMap::new(),
            failed: Vec::new(),
            flushes: 0,
            has_snapshot: false,
        }
    }

    /// The files lie below `root`. Goes on with the averages that the last run left there.
    pub fn open(&mut self, root: PathBuf) {
        self.files = Arc::new(HistoryFiles::new(root));
        self.averages.restore(temp_files::load(&self.files));
    }

    /// The files.
    pub fn files(&self) -> Arc<HistoryFiles> {
        Arc::clone(&self.files)
    }

    /// The running averages, for tests.
    #[cfg(test)]
    pub fn averages_mut(&mut self) -> &mut Averages {
        &mut self.averages
    }

    /// An account has another name: its values in memory are the new owner's. The files are the caller's.
    pub fn rename(&mut self, user: UserId, from: &Owner, to: &Owner) {
        self.owners.remove(&user);
        self.averages.rename(from, to);
        self.live.rename(from, to);
        for append in self.failed.iter_mut().filter(|append| append.file.owner == *from) {
            append.file.owner = to.clone();
        }
    }

    /// A file to read, and what is still on its way to it.
    pub fn source(&self, file: FileId) -> Source {
        let unwritten = self.averages.unwritten(&file).to_vec();
        Source { file, unwritten }
    }
}

impl Hub {
    /// Whose history an account's is.
    pub fn history_owner(&mut self, user: UserId) -> Option<Owner> {
        let user_data = &self.users.get(user)?.user;
        let app = if user_data.app_name.is_empty() { MAIN_APP } else { &user_data.app_name };
        // Owners are kept to share their texts; an administrator may have changed the address meanwhile.
        let known = self.history.owners.get(&user);
        if let Some(owner) = known.filter(|owner| *owner.email == *user_data.email && *owner.app == *app) {
            return Some(owner.clone());
        }
        let owner = Owner::new(&user_data.email, app);
        self.history.owners.insert(user, owner.clone());
        Some(owner)
    }

    /// The address at which people find a file of the folder of downloads.
    pub fn download_url(&self, name: &str) -> String {
        let server = &self.config.server;
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.to_string() };
        let port = match server.http_port {
            80 => String::new(),
            _ if server.force_port_80_for_csv => String::new(),
            port => format!(":{port}"),
        };
        // Mail programs and browsers take these two as they are, and so did the reference.
        let path = percent::encode(name).replace("%40", "@").replace("%2B", "+");
        format!("http://{host}{port}/{path}")
    }

    /// Writes finished averages at every full minute of the wall clock from now on.
    pub fn schedule_flushes(&mut self) {
        let rest = MINUTE - self.now().rem_euclid(MINUTE);
        self.after(rest.unsigned_abs(), |hub| {
            hub.flush_history();
            hub.schedule_flushes();
        });
    }

    fn flush_history(&mut self) {
        let now = self.now();
        let mut appends = std::mem::take(&mut self.history.failed);
        appends.extend(self.history.averages.flush(now));
        let is_snapshot_due = self.history.flushes.is_multiple_of(FLUSHES_PER_SNAPSHOT);
        self.history.flushes = self.history.flushes.wrapping_add(1);
        // An empty one is worth a write only in the place of another.
        let snapshot = is_snapshot_due
            .then(|| self.history.averages.unfinished())
            .filter(|sums| !sums.is_empty() || self.history.has_snapshot);
        if appends.is_empty() && snapshot.is_none() {
            return;
        }
        self.history.has_snapshot = snapshot.as_ref().map_or(self.history.has_snapshot, |sums| !sums.is_empty());
        let files = Arc::clone(&self.history.files);
        let appends = Arc::new(appends);
        let shared = Arc::clone(&appends);
        let work = move || {
            let failed = append_all(&files, &shared);
            if let Some(Err(error)) = snapshot.map(|sums| temp_files::save(&files, &sums, false)) {
                log::warn!("history: unfinished averages were not saved: {error}");
            }
            failed
        };
        if self.jobs.work(Queue::History, work, Hub::keep_failed).is_err() {
            log::warn!("history: too much work is waiting, averages are written later");
            self.keep_failed(appends.to_vec());
        }
    }

    /// Keeps what could not be written for the next flush, the oldest only as far as there is room.
    fn keep_failed(&mut self, appends: Vec<Append>) {
        let failed = &mut self.history.failed;
        failed.extend(appends);
        let mut surplus = failed.iter().map(|a| a.records.len()).sum::<usize>().saturating_sub(FAILED_MAX);
        if surplus > 0 {
            log::error!("history: {surplus} records are lost, since they cannot be written");
            failed.retain_mut(|append| {
                let gone = surplus.min(append.records.len());
                append.records.drain(..gone);
                surplus -= gone;
                !append.records.is_empty()
            });
        }
    }

    /// Queues the last writes: everything finished, and the unfinished averages for the next start.
    pub fn end_history(&mut self) {
        let now = self.now();
        let mut appends = std::mem::take(&mut self.history.failed);
        appends.extend(self.history.averages.flush_all(now));
        let sums = self.history.averages.unfinished();
        let files = Arc::clone(&self.history.files);
        let work = move || {
            let lost: usize = append_all(&files, &appends).iter().map(|a| a.records.len()).sum();
            if lost > 0 {
                log::error!("history: {lost} records are lost, since they cannot be written");
            }
            if let Err(error) = temp_files::save(&files, &sums, true) {
                log::error!("history: unfinished averages were not saved: {error}");
            }
        };
        if self.jobs.work(Queue::History, work, |_, ()| ()).is_err() {
            log::error!("history: no worker for the last averages");
        }
    }

    /// Forgets history in memory and queues the deletion of its files.
    ///
    /// Errors: [`QueueFull`]; then the files stay.
    pub fn delete_history(
        &mut self,
        user: UserId,
        doomed: Doomed,
        then: impl FnOnce(&mut Hub, io::Result<()>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        let Some(owner) = self.history_owner(user) else {
            then(self, Ok(()));
            return Ok(());
        };
        self.history.averages.forget(&owner, |pin| doomed.includes(pin));
        self.history.live.forget(&owner, |pin| doomed.includes(pin));
        self.history.failed.retain(|append| append.file.owner != owner || !doomed.includes(&append.file.pin));
        let files = Arc::clone(&self.history.files);
        self.jobs.work(Queue::History, move || doomed.delete(&files, &owner), then)
    }

    /// As [`Hub::delete_history`], for what was deleted for good reasons already: nobody waits for an answer.
    pub fn drop_history(&mut self, user: UserId, doomed: Doomed) {
        let logged = |_: &mut Hub, result: io::Result<()>| {
            if let Err(error) = result {
                log::warn!("history: files of something deleted stay: {error}");
            }
        };
        if self.delete_history(user, doomed, logged).is_err() {
            log::warn!("history: too much work is waiting, files of something deleted stay until the weekly cleaning");
        }
    }
}

/// Appends to the files; returns what must be tried again.
fn append_all(files: &HistoryFiles, appends: &[Append]) -> Vec<Append> {
    let mut failed: Vec<Append> = Vec::new();
    for append in appends {
        match files.append(append) {
            Ok(()) => {}
            // An account whose name is no file name never gets a folder.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            Err(error) => {
                if failed.is_empty() {
                    log::error!("history: averages were not written, trying again in a minute: {error}");
                }
                failed.push(append.clone());
            }
        }
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::names::{Granularity, PinType, Record};
    use crate::hub::testing::{advance, hub, run_jobs, user, START};
    use crate::hub::{DeviceRef, Jobs};
    use tempfile::TempDir;

    const DASH: &str = r#"{"id":1,"devices":[{"id":0},{"id":1}],"widgets":[{"type":"ENHANCED_GRAPH","id":9,"dataStreams":[
        {"targetId":0,"pin":{"pin":5,"pinType":"VIRTUAL"}}]}]}"#;
    const FIRST_FLUSH: u64 = (MINUTE - START % MINUTE) as u64;

    fn one() -> (Hub, DeviceRef, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut hub = hub();
        let user = user(&mut hub, "a@b.cc", DASH);
        hub.history.open(folder.path().join("data"));
        hub.schedule_flushes();
        (hub, DeviceRef { user, dash: 1, device: 0 }, folder)
    }

    fn write(hub: &mut Hub, device: DeviceRef, value: &str) {
        let now = hub.now();
        hub.record(device, PinType::Virtual, 5, value, now);
    }

    fn v5(hub: &mut Hub, device: DeviceRef, granularity: Granularity) -> FileId {
        let owner = hub.history_owner(device.user).unwrap();
        FileId { owner, pin: Pin::new(1, 0, PinType::Virtual, 5), granularity }
    }

    fn minutes(hub: &mut Hub, device: DeviceRef) -> Vec<f64> {
        let file = v5(hub, device, Granularity::Minute);
        hub.history.files.read(&file, 100, 0, &[]).unwrap().iter().map(|r| r.value).collect()
    }

    #[test]
    fn numbers_of_shown_pins_become_records_at_the_full_minute() {
        let (mut hub, device, _folder) = one();
        for value in ["1", "x", "2"] {
            write(&mut hub, device, value);
        }
        let now = hub.now();
        hub.record(device, PinType::Virtual, 6, "7", now);
        hub.record(DeviceRef { device: 1, ..device }, PinType::Virtual, 5, "7", now);
        assert_eq!(hub.history.averages.pins(), 1);
        advance(&mut hub, FIRST_FLUSH);
        run_jobs(&mut hub);
        let file = v5(&mut hub, device, Granularity::Minute);
        assert_eq!(hub.history.files.read(&file, 9, 0, &[]).unwrap(), [Record::new(1.5, START / MINUTE * MINUTE)]);
        let live: Vec<f64> = hub.history.live.points(&file.owner, file.pin).iter().map(|r| r.value).collect();
        assert_eq!(live, [1.0, 2.0]);
    }

    #[test]
    fn failed_writes_are_tried_again_in_order() {
        let (mut hub, device, folder) = one();
        std::fs::write(folder.path().join("data"), "in the way").unwrap();
        write(&mut hub, device, "1");
        advance(&mut hub, FIRST_FLUSH);
        run_jobs(&mut hub);
        assert_eq!(hub.history.failed.len(), 1);
        write(&mut hub, device, "2");
        std::fs::remove_file(folder.path().join("data")).unwrap();
        advance(&mut hub, MINUTE as u64);
        run_jobs(&mut hub);
        assert_eq!(minutes(&mut hub, device), [1.0, 2.0]);
        assert!(hub.history.failed.is_empty());
    }

    #[test]
    fn what_never_can_be_written_is_dropped_from_the_oldest() {
        let (mut hub, device, _folder) = one();
        let file = v5(&mut hub, device, Granularity::Minute);
        let append = |n: usize, value| Append { file: file.clone(), records: vec![Record::new(value, 0); n] };
        hub.keep_failed(vec![append(10, 1.0), append(20, 2.0), append(FAILED_MAX - 15, 3.0)]);
        let left: Vec<usize> = hub.history.failed.iter().map(|a| a.records.len()).collect();
        assert_eq!(left, [15, FAILED_MAX - 15]);
    }

    /// The next run of the server on the same folder.
    fn restarted(device: DeviceRef, folder: &TempDir) -> (Hub, DeviceRef) {
        let mut next = hub();
        let user = user(&mut next, "a@b.cc", DASH);
        next.history.open(folder.path().join("data"));
        next.schedule_flushes();
        (next, DeviceRef { user, ..device })
    }

    #[test]
    fn hours_go_on_after_a_crash() {
        let (mut hub, device, folder) = one();
        write(&mut hub, device, "1");
        advance(&mut hub, FIRST_FLUSH);
        run_jobs(&mut hub);
        let (mut hub, device) = restarted(device, &folder);
        write(&mut hub, device, "2");
        advance(&mut hub, 3_600_000);
        run_jobs(&mut hub);
        let file = v5(&mut hub, device, Granularity::Hourly);
        let values: Vec<f64> = hub.history.files.read(&file, 9, 0, &[]).unwrap().iter().map(|r| r.value).collect();
        assert_eq!(values, [1.5]);
    }

    #[test]
    fn a_minute_goes_on_after_a_restart() {
        let (mut hub, device, folder) = one();
        write(&mut hub, device, "1");
        hub.end_history();
        run_jobs(&mut hub);
        let (mut hub, device) = restarted(device, &folder);
        write(&mut hub, device, "2");
        advance(&mut hub, FIRST_FLUSH);
        run_jobs(&mut hub);
        assert_eq!(minutes(&mut hub, device), [1.5]);
    }

    #[test]
    fn deleted_history_is_gone_from_memory_and_disk() {
        let (mut hub, device, _folder) = one();
        write(&mut hub, device, "1");
        advance(&mut hub, FIRST_FLUSH);
        write(&mut hub, device, "2");
        hub.drop_history(device.user, Doomed::Devices(1, vec![0]));
        advance(&mut hub, MINUTE as u64);
        run_jobs(&mut hub);
        let file = v5(&mut hub, device, Granularity::Minute);
        assert!(minutes(&mut hub, device).is_empty() && hub.history.live.points(&file.owner, file.pin).is_empty());
        assert_eq!(hub.history.averages.pins(), 0);
    }

    #[test]
    fn a_refused_job_keeps_the_records() {
        let (mut hub, device, _folder) = one();
        write(&mut hub, device, "1");
        hub.jobs.finish();
        hub.jobs = Jobs::refusing();
        advance(&mut hub, FIRST_FLUSH);
        assert_eq!(hub.history.failed.len(), 1);
    }
}

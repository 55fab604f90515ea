//! The history as the hub sees it: running averages and live values in memory, files through jobs.
//!
//! At every full minute finished averages that have waited long enough (`history.write.period`) go to the history worker, which
//! has one thread and so keeps the order: what is queued later (a graph, a report, a deletion) finds them in the files. As often
//! as the period says the unfinished ones are saved too, for a server that is killed; at a regular end they always are.

use super::database::Write;
use super::jobs::{Queue, QueueFull};
use super::trouble::Trouble;
use super::users::UserId;
use super::{Hub, MINUTE_MS};
use crate::config::{folders, ServerConfig};
use crate::history::averages::{Append, Averages, Unfinished};
use crate::history::files::HistoryFiles;
use crate::history::graph::Source;
use crate::history::live::LiveRings;
use crate::history::names::{FileId, Owner, Pin, Record};
use crate::history::rows::RawRow;
use crate::history::temp_files;
use crate::model::MAIN_APP;
use crate::notify::percent;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Unfinished averages are saved at the first flush, then with the write period, but not more often than this; minutes.
const SNAPSHOT_PERIOD_MIN: u32 = 10;

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
    /// Values as they came, on their way to the reporting database.
    pub raw: Vec<RawRow>,
    owners: HashMap<UserId, Owner>,
    flushes: u32,
    /// The last snapshot of unfinished averages had some.
    has_snapshot: bool,
    /// What went to the disk since the start.
    pub written: Written,
    trouble: Trouble,
    /// Records that were lost since the log said so.
    lost: usize,
}

/// What was written to the disk: what flash memory has to bear. All wrap around.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that were appended to or replaced, each with one write.
    pub writes: u32,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// What became of a write.
#[derive(Debug, Default)]
struct Outcome {
    written: Written,
    /// To be tried again.
    failed: Vec<Append>,
    /// Why something was not written.
    error: Option<String>,
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
            averages: Averages::new(now, config.history_write_period),
            live: LiveRings::new(),
            files: Arc::new(HistoryFiles::new(config.data_folder.join("data"))),
            exports: folders::temp_folder().into(),
            raw: Vec::new(),
            owners: HashMap::new(),
            flushes: 0,
            has_snapshot: false,
            written: Written::default(),
            trouble: Trouble::default(),
            lost: 0,
        }
    }

    /// The files lie below `root`. Goes on with the averages that the last run left there.
    pub fn open(&mut self, root: PathBuf) {
        self.files = Arc::new(HistoryFiles::new(root));
        let kept = temp_files::load(&self.files);
        self.has_snapshot = !kept.is_empty();
        self.averages.restore(kept);
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
    }

    /// The last write failed.
    pub fn has_trouble(&self) -> bool {
        self.trouble.is_on()
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
        let rest = MINUTE_MS as i64 - self.now().rem_euclid(MINUTE_MS as i64);
        self.after(rest.unsigned_abs(), |hub| {
            hub.flush_history();
            hub.schedule_flushes();
        });
    }

    fn flush_history(&mut self) {
        let now = self.now();
        let appends = self.history.averages.flush(now);
        self.report_history();
        self.report(|| Write::Clean(now));
        let period = self.config.server.history_write_period.max(SNAPSHOT_PERIOD_MIN);
        let is_snapshot_due = self.history.flushes.is_multiple_of(period);
        self.history.flushes = self.history.flushes.wrapping_add(1);
        self.write_history_files(appends, is_snapshot_due);
    }

    /// Writes all finished averages without regard to the write period, and saves the unfinished ones: for who is about to read
    /// the files. They are there when the history worker has done what is queued.
    pub fn write_history(&mut self) {
        let now = self.now();
        let appends = self.history.averages.flush_all(now);
        self.write_history_files(appends, true);
    }

    fn write_history_files(&mut self, appends: Vec<Append>, with_snapshot: bool) {
        // An empty one is worth a write only in the place of another.
        let snapshot = with_snapshot
            .then(|| self.history.averages.unfinished())
            .filter(|sums| !sums.is_empty() || self.history.has_snapshot);
        if appends.is_empty() && snapshot.is_none() {
            return;
        }
        self.history.has_snapshot = snapshot.as_ref().map_or(self.history.has_snapshot, |sums| !sums.is_empty());
        let files = Arc::clone(&self.history.files);
        let appends = Arc::new(appends);
        let shared = Arc::clone(&appends);
        let work = move || write(&files, &shared, snapshot.as_deref());
        if self.jobs.work(Queue::History, work, Hub::history_written).is_err() {
            let error = Some("too much work is waiting".to_owned());
            self.history_written(Outcome { failed: appends.to_vec(), error, ..Outcome::default() });
        }
    }

    /// Counts what was written, keeps what was not, and tells the log when that begins and ends, and now and then between.
    fn history_written(&mut self, outcome: Outcome) {
        let now = self.now();
        let history = &mut self.history;
        history.written.writes = history.written.writes.wrapping_add(outcome.written.writes);
        history.written.bytes = history.written.bytes.wrapping_add(outcome.written.bytes);
        history.lost += history.averages.put_back(outcome.failed);
        match outcome.error {
            None if history.trouble.succeeded() => log::info!("history: averages are written again"),
            Some(error) if history.trouble.failed(now) => {
                log::error!("history: averages are not written, trying again every minute: {error}");
                match std::mem::take(&mut history.lost) {
                    0 => {}
                    lost => log::error!("history: too many averages wait, {lost} are lost"),
                }
            }
            _ => {}
        }
    }

    /// Queues the last writes: everything finished, and the unfinished averages for the next start.
    pub fn end_history(&mut self) {
        let now = self.now();
        let appends = self.history.averages.flush_all(now);
        self.report_history();
        let sums = self.history.averages.unfinished();
        let files = Arc::clone(&self.history.files);
        let work = move || {
            let Outcome { failed, error, .. } = write(&files, &appends, Some(&sums));
            if let Some(error) = error {
                let lost: usize = failed.iter().map(|append| append.records.len()).sum();
                log::error!("history: {lost} averages are lost, or the unfinished ones: {error}");
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
        // What was saved of it must go, too: the next flush saves anew.
        self.history.flushes = 0;
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

/// Appends to the files, and keeps the unfinished averages.
fn write(files: &HistoryFiles, appends: &[Append], unfinished: Option<&[Unfinished]>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut count = |result: io::Result<usize>| match result {
        Ok(0) => None,
        Ok(bytes) => {
            outcome.written.writes += 1;
            outcome.written.bytes += bytes as u64;
            None
        }
        // An account whose name is no file name never gets a folder.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => None,
        Err(error) => Some(error.to_string()),
    };
    let mut errors = Vec::new();
    for append in appends {
        if let Some(error) = count(files.append(append).map(|()| append.records.len() * Record::SIZE)) {
            errors.push(error);
            outcome.failed.push(append.clone());
        }
    }
    let saved = unfinished.and_then(|sums| count(temp_files::save(files, sums)));
    outcome.error = errors.into_iter().chain(saved).next();
    outcome
}

#[cfg(test)]
mod tests;

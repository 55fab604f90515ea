//! Reading all user files at the start, and what to do about those that are old, damaged, broken or there twice.
//!
//! Nothing is written here. What must be kept aside before an account's file may be written goes to the
//! [`Saver`](super::Saver) as [`Leftovers`].

use super::backups;
use super::changes;
use super::listing::Listing;
use super::names::user_file_name;
use crate::model::enums::DeviceStatus;
use crate::model::json::Reading;
use crate::model::storage::MultiKind;
use crate::model::{PinValue, User};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

/// More threads do not help: routers have few cores, and memory is what counts.
const THREADS: usize = 2;
/// Lines kept of a stored LCD.
const LCD_LINES: usize = 6;
/// Longest text of a finding, in bytes.
const FINDING_MAX: usize = 300;

/// What accounts get at the load.
#[derive(Debug, Clone, Copy)]
pub struct LoadSettings<'a> {
    /// This server's host name: `ip` of every account.
    pub host: &'a str,
    /// Energy of accounts whose file names none.
    pub initial_energy: i32,
    /// `terminal.strings.pool.size`: lines kept of a stored terminal.
    pub terminal_lines: usize,
    /// `table.rows.pool.size`: rows kept of a stored table.
    pub table_rows: usize,
    /// The time now, ms since 1970.
    pub now: i64,
}

/// One account, as it was found.
#[derive(Debug)]
pub struct LoadedUser {
    /// The account; e-mail in lower case, devices offline.
    pub user: User,
    /// The file in the data folder, which may have another than the usual name.
    pub file_name: String,
    /// Bytes of its text.
    pub size: usize,
    /// The file was not read as it is: bad values were replaced, or it is broken and a backup was read.
    pub damaged: bool,
    /// The content is that of a backup: it should be saved soon.
    pub from_backup: bool,
}

/// Something that the administrator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file's name in the data folder.
    pub file: String,
    /// What is wrong and what was done, one line without secrets.
    pub text: String,
    /// An account or a part of it is not there; else only information.
    pub is_loss: bool,
}

/// All accounts of a data folder.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Each (e-mail, app name) once, in the order of file names.
    pub users: Vec<LoadedUser>,
    /// What was found wrong.
    pub findings: Vec<Finding>,
    /// For the [`Saver`](super::Saver).
    pub leftovers: Leftovers,
}

/// What must happen to files before or after an account is first saved, by the name that the account will have.
pub type Leftovers = HashMap<String, Vec<Leftover>>;

/// A file that is in the way of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its name in the data folder.
    pub file: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a file once its account has been written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// All that it held is in the new file: it goes.
    Remove,
    /// It could not be read wholly: kept as `*.broken`.
    KeepBroken,
    /// A newer file has the same account: kept as `*.duplicate`.
    KeepDuplicate,
}

/// What came of one file.
enum Read {
    Account(Box<Account>),
    Broken(String),
}

struct Account {
    user: User,
    file: String,
    size: usize,
    modified: SystemTime,
    notes: Vec<String>,
    backup: Option<Backup>,
}

/// The backup that stands for a broken file.
struct Backup {
    name: String,
    reason: String,
}

/// Reads all user files of `folder`, which are those of the listing. A file that cannot be read costs its own account only
/// and is a [`Finding`].
pub fn load(folder: &Path, listing: &Listing, settings: &LoadSettings<'_>) -> Loaded {
    let mut loaded = Loaded::default();
    for name in &listing.odd {
        loaded.find(name, "the name is no UTF-8: not read", true);
    }
    let mut accounts: Vec<Account> = Vec::with_capacity(listing.users.len());
    let mut broken = Vec::new();
    for (name, read) in listing.users.iter().zip(read_all(folder, listing, settings)) {
        match read {
            Read::Account(account) => accounts.push(*account),
            Read::Broken(reason) => broken.push((name.clone(), reason)),
        }
    }
    if !broken.is_empty() {
        let backups = backups::list(folder, &broken);
        for (name, reason) in broken {
            match from_backups(&name, &reason, backups.get(&name), settings) {
                Some(account) => accounts.push(account),
                None => {
                    loaded.find(
                        &name,
                        &format!("cannot be read ({reason}) and has no usable backup: the account is missing"),
                        true,
                    );
                    let leftover = Leftover { file: name.clone(), fate: Fate::KeepBroken };
                    loaded.leftovers.entry(name).or_default().push(leftover);
                }
            }
        }
        accounts.sort_by(|a, b| a.file.cmp(&b.file));
    }
    loaded.take(accounts);
    for LoadedUser { user, .. } in &mut loaded.users {
        // Only now, so that a file without a time does not count as the newest of two.
        if user.last_modified_ts == 0 {
            user.last_modified_ts = settings.now;
        }
    }
    loaded
}

/// Reads files by a few threads; results in the order of the names.
fn read_all(folder: &Path, listing: &Listing, settings: &LoadSettings<'_>) -> Vec<Read> {
    let Listing { users: names, changed, .. } = listing;
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut results, mut buffer) = (Vec::new(), Vec::new());
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match names.get(index) {
                Some(name) => {
                    let read = read_file(&folder.join(name), name, &mut buffer, changed.contains(name), settings);
                    results.push((index, read));
                }
                None => return results,
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, |n| n.get()).min(THREADS).min(names.len());
    let mut results = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut results = work();
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, read)| read).collect()
}

/// Reads one file, and the changes beside it if it lags; `buffer` is room for its content, which the next one uses again.
fn read_file(path: &Path, name: &str, buffer: &mut Vec<u8>, lags: bool, settings: &LoadSettings<'_>) -> Read {
    let read = File::open(path).and_then(|file| {
        let modified = file.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        buffer.clear();
        // A `File` itself would first ask for size and place.
        file.take(u64::MAX).read_to_end(buffer)?;
        if let Some(newest) = lags.then(|| changes::newest(path)).transpose()?.flatten() {
            *buffer = newest.into_bytes();
        }
        Ok(modified)
    });
    let parsed = match read {
        Ok(modified) => parse(buffer, settings).map(|parsed| (parsed, modified)),
        Err(error) => Err(error.to_string()),
    };
    match parsed {
        Ok(((user, notes), modified)) => {
            let size = buffer.len();
            Read::Account(Box::new(Account { user, file: name.to_owned(), size, modified, notes, backup: None }))
        }
        Err(reason) => Read::Broken(reason),
    }
}

/// The account in a file's content and what was wrong with it, or why the content is no account.
fn parse(bytes: &[u8], settings: &LoadSettings<'_>) -> Result<(User, Vec<String>), String> {
    let mut notes = Vec::new();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            notes.push("bytes that are no UTF-8 were replaced".to_owned());
            String::from_utf8_lossy(bytes)
        }
    };
    let cx = Reading::forgiving();
    let defaults = User { energy: settings.initial_energy, ..User::default() };
    let mut user = match User::from_file(&text, defaults, &cx) {
        Ok(Some(user)) => user,
        Ok(None) => return Err("it holds null".into()),
        Err(error) => return Err(error.to_string()),
    };
    if cx.is_damaged() && !has_projects(&text) {
        return Err("the projects are not where they belong".into());
    }
    if user.email.is_empty() {
        return Err("it names no e-mail".into());
    }
    notes.extend(cx.notes());
    user.email = user.email.to_lowercase();
    settings.host.clone_into(&mut user.ip);
    for device in user.profile.dashboards.iter_mut().flat_map(|dash| &mut dash.devices) {
        device.status = DeviceStatus::Offline;
    }
    for value in user.profile.storage.0.values_mut() {
        if let PinValue::Multi(kind, lines) = value {
            let limit = match kind {
                MultiKind::Lcd => LCD_LINES,
                MultiKind::Terminal => settings.terminal_lines,
                MultiKind::Table => settings.table_rows,
            };
            lines.drain(..lines.len().saturating_sub(limit));
        }
    }
    Ok((user, notes))
}

/// Whether profile and projects are an object and an array, or absent. Single bad values may be replaced by defaults, but
/// an account that lost all its projects is better served by a backup.
fn has_projects(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Root {
        #[allow(dead_code)] // only its shape matters
        profile: Option<Profile>,
    }
    #[derive(serde::Deserialize)]
    struct Profile {
        #[serde(rename = "dashBoards")]
        #[allow(dead_code)] // only its shape matters
        dashboards: Option<Vec<IgnoredAny>>,
    }
    let mut deserializer = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
    <Root as serde::Deserialize>::deserialize(&mut deserializer).is_ok()
}

fn from_backups(
    name: &str,
    reason: &str,
    backups: Option<&Vec<PathBuf>>,
    settings: &LoadSettings<'_>,
) -> Option<Account> {
    for path in backups? {
        if let Read::Account(mut account) = read_file(path, name, &mut Vec::new(), false, settings) {
            let backup = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            account.backup = Some(Backup { name: backup, reason: reason.to_owned() });
            return Some(*account);
        }
    }
    None
}

impl Account {
    /// Which of two files of one account to prefer: the one that changed last.
    fn rank(&self) -> (i64, bool, SystemTime) {
        let changed = self.user.profile.dashboards.iter().map(|dash| dash.updated_at);
        let changed = changed.chain([self.user.last_modified_ts]).max().unwrap_or(0);
        (changed, self.backup.is_none(), self.modified)
    }
}

impl Loaded {
    /// Chooses among duplicates and notes what happened.
    fn take(&mut self, accounts: Vec<Account>) {
        let mut best: HashMap<(&str, &str), usize> = HashMap::with_capacity(accounts.len());
        let mut beaten = Vec::new();
        for (index, account) in accounts.iter().enumerate() {
            let key = (account.user.email.as_str(), account.user.app_name.as_str());
            let winner = best.entry(key).or_insert(index);
            if *winner != index {
                let loser =
                    if account.rank() > accounts[*winner].rank() { std::mem::replace(winner, index) } else { index };
                beaten.push(loser);
            }
        }
        let beaten: HashMap<usize, String> = beaten
            .into_iter()
            .map(|index| {
                let user = &accounts[index].user;
                let winner = best.get(&(user.email.as_str(), user.app_name.as_str())).copied().unwrap_or(index);
                (index, accounts[winner].file.clone())
            })
            .collect();
        drop(best);
        self.users.reserve_exact(accounts.len() - beaten.len());
        for (index, account) in accounts.into_iter().enumerate() {
            self.take_one(account, beaten.get(&index));
        }
    }

    fn take_one(&mut self, account: Account, winner: Option<&String>) {
        let Account { user, file, size, notes, backup, .. } = account;
        let target = user_file_name(&user.email, &user.app_name);
        let damaged = backup.is_some() || !notes.is_empty();
        let fate = match winner {
            Some(_) => Some(Fate::KeepDuplicate),
            None if damaged => Some(Fate::KeepBroken),
            None if file != target => Some(Fate::Remove),
            None => None,
        };
        if let Some(fate) = fate {
            self.leftovers.entry(target).or_default().push(Leftover { file: file.clone(), fate });
        }
        if let Some(winner) = winner {
            self.find(&file, &format!("the same account is in {winner}, which is newer and used"), false);
            return;
        }
        if let Some(backup) = &backup {
            self.find(&file, &format!("cannot be read ({}): {} is used instead", backup.reason, backup.name), true);
        }
        for note in notes {
            self.find(&file, &format!("{note}: left out"), true);
        }
        self.users.push(LoadedUser { user, file_name: file, size, damaged, from_backup: backup.is_some() });
    }

    fn find(&mut self, file: &str, text: &str, is_loss: bool) {
        let mut clean = String::with_capacity(text.len().min(FINDING_MAX));
        for c in text.chars() {
            if clean.len() + c.len_utf8() > FINDING_MAX {
                break;
            }
            clean.push(if c.is_control() { ' ' } else { c });
        }
        self.findings.push(Finding { file: file.to_owned(), text: clean, is_loss });
    }
}

#[cfg(test)]
mod tests;

//! Daily copies of all user files, some at a time: the saves of thousands of accounts need not wait for all of them.

use super::atomic::sync_folder;
use super::folder::BACKUP;
use super::names::{is_date, is_user_file, SUFFIX};
use super::save::{bring_up_to_date, write_copy, Saver};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two runs, ms.
pub const PERIOD: u64 = 24 * 60 * 60 * 1000;

/// Copies that were made, in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Made {
    /// Copied, because they changed since the last copy.
    pub copied: usize,
    /// Unchanged: the new name shares the last copy's place on the disk.
    pub linked: usize,
    /// Could not be copied.
    pub failed: usize,
}

/// The copies of one day: `backup/<name>.<date>` of all user files but for those that could not be read. A file that is the
/// same as its last copy costs no new space where the file system has hard links.
#[derive(Debug)]
pub struct Copies {
    root: PathBuf,
    /// `yyyy-MM-dd`.
    date: String,
    /// Files that are still to be copied.
    names: Vec<String>,
    /// Dates of the last copies.
    last: HashMap<String, String>,
    made: Made,
}

impl Copies {
    /// What is to be copied at a local date, as `yyyy-MM-dd`.
    ///
    /// # Errors
    /// A bad date, or folders that cannot be listed.
    pub fn begin(saver: &Saver, date: &str) -> io::Result<Copies> {
        if !is_date(date) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "no date"));
        }
        let (root, damaged) = (saver.root(), saver.damaged());
        let mut names = HashSet::new();
        for entry in fs::read_dir(root)? {
            if let Ok(name) = entry?.file_name().into_string() {
                if is_user_file(&name) && !damaged.contains(&name) {
                    names.insert(name);
                }
            }
        }
        let last = last_copies(&root.join(BACKUP), &names)?;
        let names = names.into_iter().collect();
        Ok(Copies { root: root.to_owned(), date: date.to_owned(), names, last, made: Made::default() })
    }

    /// Makes copies for about so long, but at least one, and waits for the disk. A file that cannot be copied is counted and
    /// logged.
    ///
    /// # Errors
    /// The folder cannot be synced.
    pub fn go_on(&mut self, time: Duration) -> io::Result<()> {
        let (begun, folder) = (Instant::now(), self.root.join(BACKUP));
        while let Some(name) = self.names.pop() {
            let (from, to) = (self.root.join(&name), folder.join(format!("{name}.{}", self.date)));
            bring_up_to_date(&from);
            let last = self.last.remove(&name).map(|date| folder.join(format!("{name}.{date}")));
            match copy_once(&from, &to, last.as_deref()) {
                Ok(true) => self.made.copied += 1,
                Ok(false) => self.made.linked += 1,
                Err(error) if error.kind() == ErrorKind::NotFound => {} // deleted meanwhile
                Err(error) => {
                    log::warn!("cannot copy {} to {}: {error}", from.display(), to.display());
                    self.made.failed += 1;
                }
            }
            if begun.elapsed() >= time {
                break;
            }
        }
        sync_folder(&folder)
    }

    /// What was made, once that is all.
    pub fn all_made(&self) -> Option<Made> {
        self.names.is_empty().then_some(self.made)
    }
}

/// The date of the newest copy of each file.
fn last_copies(folder: &Path, names: &HashSet<String>) -> io::Result<HashMap<String, String>> {
    let mut last: HashMap<String, String> = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        let Some((name, date)) = name.rsplit_once('.').filter(|(name, date)| name.ends_with(SUFFIX) && is_date(date))
        else {
            continue;
        };
        if names.contains(name) && last.get(name).is_none_or(|known| known.as_str() < date) {
            last.insert(name.to_owned(), date.to_owned());
        }
    }
    Ok(last)
}

/// Makes `to` a copy of `from`. False: `last` has the same content and only got another name.
fn copy_once(from: &Path, to: &Path, last: Option<&Path>) -> io::Result<bool> {
    let content = fs::read(from)?;
    if let Some(last) = last {
        let is_same = fs::metadata(last).is_ok_and(|m| m.len() == content.len() as u64)
            && fs::read(last).is_ok_and(|old| old == content);
        if is_same && (last == to || fs::hard_link(last, to).is_ok()) {
            return Ok(false);
        }
    }
    write_copy(to, &content)?;
    Ok(true)
}

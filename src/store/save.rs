//! Writing user files, keeping aside what must not be lost, and deletion.
//!
//! Calls block on the disk: they are for workers. Two calls for the same account must not run at once, or the older text
//! may win; calls for different accounts may.

// Several workers may save: they share the list of what is in the way of accounts.
#![allow(clippy::disallowed_types)]

use super::atomic::{sync_folder, AtomicFile, PRIVATE};
use super::changes;
use super::folder::DELETED;
use super::names::user_file_name;
use super::users::{Fate, Leftover, Leftovers};
use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Files of one name that are kept aside; after that the last is replaced.
const ASIDE_MAX: u32 = 99;

/// One account to write: e-mail, app name and the content of its file.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Item<'a> {
    pub email: &'a str,
    pub app: &'a str,
    pub text: &'a str,
    /// Into its file; else what differs may go into the file of [`changes`].
    pub whole: bool,
}

/// Writes the user files of one data folder.
#[derive(Debug)]
pub struct Saver {
    root: PathBuf,
    /// What the load found in the way of accounts; an entry goes when its account is written.
    leftovers: Mutex<Leftovers>,
}

impl Saver {
    /// For this data folder, with what [`load`](super::load) found.
    pub fn new(root: impl Into<PathBuf>, leftovers: Leftovers) -> Saver {
        Saver { root: root.into(), leftovers: Mutex::new(leftovers) }
    }

    /// The data folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// User files that could not be read, or not as they are.
    pub fn damaged(&self) -> HashSet<String> {
        let leftovers = self.leftovers();
        let damaged = leftovers.values().flatten().filter(|leftover| leftover.fate != Fate::Remove);
        damaged.map(|leftover| leftover.file.clone()).collect()
    }

    fn leftovers(&self) -> MutexGuard<'_, Leftovers> {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes one account's file and waits for the disk.
    ///
    /// # Errors
    /// Those of the file system, with the path; the old file is then still there and the call may be repeated.
    pub fn save(&self, item: Item<'_>) -> io::Result<()> {
        self.save_all([item]).pop().unwrap_or(Ok(()))
    }

    /// Writes many accounts and waits for the disk once. The results are in the order of the items. A file that has the same
    /// content already is left alone: flash wears out.
    pub fn save_all<'a>(&self, items: impl IntoIterator<Item = Item<'a>>) -> Vec<io::Result<()>> {
        let results: Vec<io::Result<Option<PathBuf>>> = items.into_iter().map(|item| self.write(item)).collect();
        let is_any_written = results.iter().any(|result| matches!(result, Ok(Some(_))));
        let synced = if is_any_written { sync_folder(&self.root) } else { Ok(()) };
        let with_folder = |result: io::Result<Option<PathBuf>>| match (result, &synced) {
            (Ok(Some(_)), Err(error)) => Err(named(&self.root, io::Error::new(error.kind(), error.to_string()))),
            // Only now: the file's new name is on the disk. If these stay there, they do not fit to it.
            (Ok(Some(path)), Ok(())) => changes::remove(&path).map(drop).map_err(|error| named(&path, error)),
            (result, _) => result.map(drop),
        };
        results.into_iter().map(with_folder).collect()
    }

    /// Writes a file, whose path it returns if it is another one now. When it cannot be written whole, what differs is kept
    /// beside it, so that a full disk costs no more than it must; the error counts all the same.
    fn write(&self, item: Item<'_>) -> io::Result<Option<PathBuf>> {
        let name = user_file_name(item.email, item.app);
        let path = self.root.join(&name);
        let leftovers = self.leftovers().remove(&name).unwrap_or_default();
        if leftovers.is_empty() {
            if !item.whole && changes::append(&path, item.text).map_err(|error| named(&path, error))? {
                return Ok(None);
            }
            if holds(&path, item.text) {
                return changes::remove(&path).map(|_| None).map_err(|error| named(&path, error));
            }
        }
        let written = AtomicFile::create(&path, PRIVATE).and_then(|mut file| {
            file.write_all(item.text.as_bytes())?;
            // Only now, so that a full disk that is tried again and again does not make a copy each time.
            keep_target(&self.root, &name, &leftovers)?;
            file.commit_without_folder()
        });
        if let Err(error) = written {
            if !leftovers.is_empty() {
                self.leftovers().insert(name, leftovers);
            } else if let Err(error) = changes::append(&path, item.text) {
                log::debug!("nor can what differs in {}: {error}", path.display());
            }
            return Err(named(&path, error));
        }
        for leftover in leftovers.iter().filter(|leftover| leftover.file != name) {
            clear_away(&self.root, &path, leftover);
        }
        Ok(Some(path))
    }

    /// Moves an account's file, whatever its name, to `deleted/`, where it replaces an older one. `Ok(false)`: there was
    /// none.
    ///
    /// # Errors
    /// Those of the file system, with the path.
    pub fn delete(&self, email: &str, app: &str) -> io::Result<bool> {
        let name = user_file_name(email, app);
        // A file that could not be read and whose account was never loaded is nobody's to delete, but then nobody asks.
        let leftovers = self.leftovers().remove(&name).unwrap_or_default();
        let mut files: Vec<&str> = leftovers.iter().map(|leftover| leftover.file.as_str()).collect();
        if !files.contains(&name.as_str()) {
            files.push(&name);
        }
        let mut moved = false;
        for file in files {
            let from = self.root.join(file);
            bring_up_to_date(&from);
            match fs::rename(&from, self.root.join(DELETED).join(file)) {
                Ok(()) => {
                    moved = true;
                    changes::remove(&from).map_err(|error| named(&from, error))?;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    self.leftovers().insert(name, leftovers);
                    return Err(named(&from, error));
                }
            }
        }
        if moved {
            sync_folder(&self.root.join(DELETED)).and_then(|()| sync_folder(&self.root))?;
        }
        Ok(moved)
    }
}

/// Brings what is kept beside a user file into it, before it is copied or moved. The file is good enough when that fails.
pub fn bring_up_to_date(path: &Path) {
    if let Err(error) = changes::apply(path) {
        log::warn!("{} is not brought up to date: {error}", path.display());
    }
}

/// Whether a file can be read and has this content.
fn holds(path: &Path, text: &str) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == text.len() as u64)
        && fs::read(path).is_ok_and(|content| content == text.as_bytes())
}

/// Gives a file that is about to be replaced, and must not be lost, a second name.
fn keep_target(root: &Path, name: &str, leftovers: &[Leftover]) -> io::Result<()> {
    let Some(ending) =
        leftovers.iter().find(|leftover| leftover.file == name).and_then(|leftover| ending(leftover.fate))
    else {
        return Ok(());
    };
    let from = root.join(name);
    let aside = aside(&from, ending);
    match fs::hard_link(&from, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()), // somebody took it away
        Err(_) => copy(&from, &aside)?,
    }
    log::info!("kept {} as {}", from.display(), aside.display());
    Ok(())
}

/// Removes or renames another file of an account that has just been written to `written`. A failure is no harm: the file
/// is older and loses at the next start.
fn clear_away(root: &Path, written: &Path, leftover: &Leftover) {
    let path = root.join(&leftover.file);
    // Where the file system knows no letter case, both names may be one file.
    if let (Ok(one), Ok(other)) = (fs::canonicalize(&path), fs::canonicalize(written)) {
        if one == other {
            return;
        }
    }
    let result = match ending(leftover.fate) {
        None => fs::remove_file(&path),
        Some(ending) => fs::rename(&path, aside(&path, ending)),
    };
    match result {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            log::warn!("{} is replaced by {} but stays: {error}", path.display(), written.display());
        }
        _ => {}
    }
}

fn ending(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Remove => None,
        Fate::KeepBroken => Some("broken"),
        Fate::KeepDuplicate => Some("duplicate"),
    }
}

/// A free name for a file that is kept aside.
fn aside(path: &Path, ending: &str) -> PathBuf {
    let with = |ending: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let first = with(format!(".{ending}"));
    if !first.exists() {
        return first;
    }
    let free = (2..ASIDE_MAX).map(|n| with(format!(".{ending}-{n}"))).find(|path| !path.exists());
    free.unwrap_or_else(|| with(format!(".{ending}-{ASIDE_MAX}")))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    write_copy(to, &fs::read(from)?)
}

/// Makes or replaces a copy and waits for the disk, but not for its folder.
pub fn write_copy(to: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(to, PRIVATE)?;
    file.write_all(content)?;
    file.commit_without_folder()
}

/// An error that says which file it is about.
fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;

//! The folder of binary history files: append, read, cut, clean and delete. Blocking; for workers.
//!
//! A file is a row of 16-byte [`Record`]s, oldest first as a rule, without a header, exactly as the reference wrote them.
//! Files are only appended to and may hold late records out of order. A crash can leave part of a record at the end:
//! readers ignore it and the next append cuts it off. Nothing is ever touched outside the root, see [`Owner::folder`].
#![allow(clippy::disallowed_types)]
// Workers share the folder; the event loop never takes this lock.

use super::averages::Append;
use super::names::{device_prefix, pin_prefix, FileId, Granularity, Owner, Pin, Record};
use crate::store::atomic::{remove, AtomicFile, PUBLIC};
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

const RECORD: u64 = Record::SIZE as u64;
const MINUTES_PER_DAY: u64 = 1440;

/// The history root, `{data.folder}/data`. Shared by workers; writers take turns.
#[derive(Debug)]
pub struct HistoryFiles {
    root: PathBuf,
    /// Held while a file is changed, so that cutting a file cannot lose an append.
    writing: Mutex<()>,
}

/// What [`HistoryFiles::truncate_minutes`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Truncated {
    /// Minute files that were cut.
    pub files: usize,
    /// Empty folders that were removed.
    pub folders: usize,
}

impl HistoryFiles {
    /// The files below that folder, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> HistoryFiles {
        HistoryFiles { root: root.into(), writing: Mutex::new(()) }
    }

    /// The history root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn folder(&self, owner: &Owner) -> io::Result<PathBuf> {
        let name = owner.folder().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "no folder for this name"))?;
        Ok(self.root.join(name))
    }

    fn path(&self, file: &FileId) -> io::Result<PathBuf> {
        Ok(self.folder(&file.owner)?.join(file.pin.file_name(file.granularity)))
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes records to the end of a file in one write; makes file and folders where they are missing. After an error nothing
    /// of them is there.
    ///
    /// Errors: those of the file system, and `InvalidInput` for an owner without a folder.
    pub fn append(&self, append: &Append) -> io::Result<()> {
        let path = self.path(&append.file)?;
        let bytes: Vec<u8> = append.records.iter().flat_map(|record| record.to_bytes()).collect();
        let _turn = self.lock();
        let open = || OpenOptions::new().append(true).create(true).open(&path);
        let mut file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
                open()?
            }
            other => other?,
        };
        let size = file.metadata()?.len();
        let whole = size - size % RECORD;
        if size != whole {
            file.set_len(whole)?;
        }
        // A disk that fills up takes a part: it must not be there twice after the next try.
        file.write_all(&bytes).inspect_err(|_| drop(file.set_len(whole)))
    }

    /// Up to `count` records that end `skip` records before the newest one; empty when there are none.
    ///
    /// `unwritten` are finished records on their way to the file, which count as its end.
    ///
    /// Errors: those of the file system, except that a missing file is an empty one.
    pub fn read(&self, file: &FileId, count: usize, skip: usize, unwritten: &[Record]) -> io::Result<Vec<Record>> {
        let mut opened = match self.path(file).and_then(File::open) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => None,
            other => Some(other?),
        };
        let stored = match &opened {
            Some(file) => usize::try_from(file.metadata()?.len() / RECORD).unwrap_or(usize::MAX),
            None => 0,
        };
        let mut unwritten = unwritten;
        if let (Some(file), Some(same)) = (&mut opened, stored.checked_sub(unwritten.len())) {
            // The append may have overtaken this reader.
            if !unwritten.is_empty() && read_range(file, same, stored)? == unwritten {
                unwritten = &[];
            }
        }
        let end = (stored + unwritten.len()).saturating_sub(skip);
        let start = end.saturating_sub(count);
        let mut records = match &mut opened {
            Some(file) => read_range(file, start.min(stored), end.min(stored))?,
            None => Vec::new(),
        };
        let rest = start.saturating_sub(stored)..end.saturating_sub(stored);
        records.extend_from_slice(unwritten.get(rest).unwrap_or(&[]));
        Ok(records)
    }

    /// Time (ms) of the last record of a file, None without one.
    pub fn last_ms(&self, file: &FileId) -> Option<i64> {
        self.read(file, 1, 0, &[]).ok()?.last().map(|record| record.ms)
    }

    /// Names and paths of an owner's files, sorted; none when there is no folder.
    ///
    /// Errors: those of the file system, and `InvalidInput` for an owner that can have none.
    pub fn of_owner(&self, owner: &Owner) -> io::Result<Vec<(String, PathBuf)>> {
        let mut files = file_names(&self.folder(owner)?)?;
        files.retain(|(name, _)| name.starts_with("history_") && name.ends_with(".bin"));
        files.sort();
        Ok(files)
    }

    /// Deletes the three files of a pin. Missing files are fine.
    ///
    /// Errors: those of the file system.
    pub fn delete_pin(&self, owner: &Owner, pin: &Pin) -> io::Result<()> {
        let folder = self.folder(owner)?;
        let _turn = self.lock();
        Granularity::ALL
            .into_iter()
            .try_for_each(|granularity| remove(&folder.join(pin.file_name(granularity))).map(drop))
    }

    /// Deletes all files of a device; `pins` limits it to those pins unless empty.
    ///
    /// Errors: those of the file system.
    pub fn delete_device(&self, owner: &Owner, dash: i32, device: i32, pins: &[Pin]) -> io::Result<usize> {
        let prefixes: Vec<String> = match pins {
            [] => vec![device_prefix(dash, device)],
            pins => pins.iter().map(|p| pin_prefix(dash, device, p.pin_type, p.pin)).collect(),
        };
        self.delete_where(owner, |name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
    }

    /// Deletes all files of an owner; the folder stays until the next truncation.
    ///
    /// Errors: those of the file system.
    pub fn delete_owner(&self, owner: &Owner) -> io::Result<usize> {
        self.delete_where(owner, |_| true)
    }

    /// Gives all files of an owner to another, whose own ones of the same names are replaced.
    ///
    /// Errors: those of the file system, and `InvalidInput` for an owner without a folder.
    pub fn rename_owner(&self, from: &Owner, to: &Owner) -> io::Result<()> {
        let (from, to) = (self.folder(from)?, self.folder(to)?);
        let _turn = self.lock();
        let names = file_names(&from)?;
        if !names.is_empty() {
            fs::create_dir_all(&to)?;
        }
        for (name, path) in names {
            fs::rename(path, to.join(name))?;
        }
        Ok(())
    }

    /// Deletes every file of an owner whose name is not among those in use; returns how many.
    ///
    /// Errors: those of the file system.
    pub fn clean(&self, owner: &Owner, used: &HashSet<String>) -> io::Result<usize> {
        self.delete_where(owner, |name| !used.contains(name))
    }

    fn delete_where(&self, owner: &Owner, hit: impl Fn(&str) -> bool) -> io::Result<usize> {
        let folder = self.folder(owner)?;
        let _turn = self.lock();
        let mut count = 0;
        for (name, path) in file_names(&folder)? {
            if hit(&name) {
                remove(&path)?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Cuts every minute file to its last `days` days' worth of records and removes empty folders.
    ///
    /// An error in one folder is logged and does not stop the others.
    ///
    /// Errors: only when the root cannot be listed; a missing root is fine.
    pub fn truncate_minutes(&self, days: u32) -> io::Result<Truncated> {
        let mut done = Truncated::default();
        let entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(done),
            other => other?,
        };
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if let Err(error) = self.truncate_folder(&entry.path(), u64::from(days) * MINUTES_PER_DAY, &mut done) {
                    log::warn!("history: cannot cut the minute files of one user: {error}");
                }
            }
        }
        Ok(done)
    }

    fn truncate_folder(&self, folder: &Path, keep: u64, done: &mut Truncated) -> io::Result<()> {
        let files = file_names(folder)?;
        if files.is_empty() {
            // Not forced: a sub folder, which nobody of ours made, keeps it alive.
            done.folders += usize::from(fs::remove_dir(folder).is_ok());
            return Ok(());
        }
        for (_, path) in files.iter().filter(|(name, _)| name.ends_with("_minute.bin")) {
            let _turn = self.lock();
            let mut file = File::open(path)?;
            let records = file.metadata()?.len() / RECORD;
            if records > keep {
                file.seek(SeekFrom::Start((records - keep) * RECORD))?;
                let mut copy = AtomicFile::create(path, PUBLIC)?;
                io::copy(&mut file.take(keep * RECORD), &mut copy)?;
                copy.commit_without_folder()?;
                done.files += 1;
            }
        }
        Ok(())
    }
}

/// Records `from..to` of a file.
fn read_range(file: &mut File, from: usize, to: usize) -> io::Result<Vec<Record>> {
    let count = to.saturating_sub(from);
    if count == 0 {
        return Ok(Vec::new());
    }
    file.seek(SeekFrom::Start(from as u64 * RECORD))?;
    let mut bytes = Vec::new();
    file.take(count as u64 * RECORD).read_to_end(&mut bytes)?;
    let record = |bytes: &[u8]| <&[u8; Record::SIZE]>::try_from(bytes).ok().map(Record::from_bytes);
    Ok(bytes.chunks_exact(Record::SIZE).filter_map(record).collect())
}

/// Names and paths of the plain files of a folder; none when it is missing.
fn file_names(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests;

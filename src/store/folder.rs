//! The data folder as a place: its sub-folders, and the lock that keeps a second process out.

use super::atomic::{clean_leftovers, give_to_owner_of, AtomicFile, PRIVATE};
use super::changes;
use super::listing::Listing;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The file whose lock says that a process uses the folder; it holds the process id.
pub const LOCK_FILE: &str = "eyelet.lock";
/// The control socket, unless the configuration names another.
pub const CONTROL_SOCKET: &str = "control.sock";
/// User files that an administrator deleted.
pub const DELETED: &str = "deleted";
/// Daily copies of user files.
pub const BACKUP: &str = "backup";
/// Projects that were given away as clones.
pub const CLONES: &str = "clone";
/// Tokens that were given out before anybody owned their devices.
pub const FLASHED: &str = "flashed";
/// History of pins.
pub const HISTORY: &str = "data";

/// A data folder that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    listing: Listing,
    /// Closing it gives the lock back.
    _lock: File,
}

/// Why a data folder cannot be used. Each is one line that names the folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something that is no folder stands there.
    #[error("{0} is not a folder")]
    NotAFolder(PathBuf),
    /// The folder or a sub-folder cannot be made.
    #[error("cannot make the folder {0}: {1}")]
    Create(PathBuf, #[source] io::Error),
    /// The folder cannot be listed.
    #[error("cannot read the data folder {0}: {1}")]
    NotReadable(PathBuf, #[source] io::Error),
    /// No file can be made in it.
    #[error("cannot write to the data folder {0}: {1}")]
    NotWritable(PathBuf, #[source] io::Error),
    /// Another process has it.
    #[error("the data folder {0} is in use by another server{by}", by = by(.1))]
    InUse(PathBuf, Option<u32>),
}

fn by(process: &Option<u32>) -> String {
    process.map_or(String::new(), |id| format!(" (process {id})"))
}

impl DataFolder {
    /// Makes the folder and its sub-folders where they are missing, locks it, removes what a crash left unfinished and brings
    /// the changes that it left ([`changes`]) into their user files.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn open(path: &Path) -> Result<DataFolder, FolderError> {
        if path.exists() && !path.is_dir() {
            return Err(FolderError::NotAFolder(path.to_owned()));
        }
        make(path)?;
        let unreadable = |error| FolderError::NotReadable(path.to_owned(), error);
        fs::read_dir(path).map_err(unreadable)?;
        let lock = lock(path)?;
        for part in [DELETED, BACKUP, CLONES, FLASHED, HISTORY] {
            make(&path.join(part))?;
        }
        AtomicFile::create(&path.join("probe"), PRIVATE)
            .map_err(|error| FolderError::NotWritable(path.to_owned(), error))?;
        for part in [DELETED, BACKUP, CLONES, FLASHED, HISTORY] {
            clean_leftovers(&path.join(part)).map_err(unreadable)?;
        }
        let mut listing = Listing::of(path).map_err(unreadable)?;
        for name in std::mem::take(&mut listing.unfinished) {
            // One that cannot be removed stays.
            let _ = fs::remove_file(path.join(name));
        }
        changes::apply_all(path, &mut listing.changed);
        Ok(DataFolder { root: path.to_owned(), listing, _lock: lock })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What stood in the folder when it was opened, for whoever asks first.
    pub fn take_listing(&mut self) -> Listing {
        std::mem::take(&mut self.listing)
    }

    /// Where the history of pins is.
    pub fn history(&self) -> PathBuf {
        self.root.join(HISTORY)
    }

    /// Where the control socket is unless the configuration names another.
    pub fn control_socket(&self) -> PathBuf {
        self.root.join(CONTROL_SOCKET)
    }
}

/// Makes a folder that only its owner may enter, with its parents; what is there stays as it is.
fn make(path: &Path) -> Result<(), FolderError> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    builder.create(path).map_err(|error| FolderError::Create(path.to_owned(), error))?;
    if let (Some(parent), Ok(folder)) = (path.parent(), File::open(path)) {
        give_to_owner_of(parent, &folder);
    }
    Ok(())
}

fn lock(folder: &Path) -> Result<File, FolderError> {
    let not_writable = |error| FolderError::NotWritable(folder.to_owned(), error);
    let path = folder.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    let mut file = options.open(&path).map_err(not_writable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = (&file).take(20).read_to_string(&mut text);
            return Err(FolderError::InUse(folder.to_owned(), text.trim().parse().ok()));
        }
        Err(TryLockError::Error(error)) => {
            // Some network file systems know no locks: better without than not at all.
            log::warn!("{} cannot be locked ({error}): make sure that only one server uses the folder", path.display());
        }
    }
    give_to_owner_of(folder, &file);
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(not_writable)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_and_belongs_to_one_process() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/b");
        let folder = DataFolder::open(&path).unwrap();
        for part in [DELETED, BACKUP, CLONES, FLASHED, HISTORY] {
            assert!(path.join(part).is_dir(), "{part}");
        }
        let error = DataFolder::open(&path).unwrap_err();
        let wanted = format!("in use by another server (process {})", std::process::id());
        assert!(error.to_string().ends_with(&wanted), "{error}");
        fs::write(folder.history().join(".eyelet-3.tmp"), "x").unwrap();
        drop(folder);
        let folder = DataFolder::open(&path).unwrap();
        assert!(!folder.history().join(".eyelet-3.tmp").exists());
        assert_eq!(folder.control_socket(), path.join("control.sock"));
    }

    #[test]
    fn a_file_is_no_folder() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(DataFolder::open(&file), Err(FolderError::NotAFolder(_))));
        assert!(matches!(DataFolder::open(&file.join("x")), Err(FolderError::Create(..))));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_without_rights_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let (no_reading, no_writing) = (temp.path().join("r"), temp.path().join("w"));
        for (path, mode) in [(&no_reading, 0o300), (&no_writing, 0o500)] {
            fs::create_dir(path).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        if fs::read_dir(&no_reading).is_ok() {
            return; // root may do everything
        }
        assert!(matches!(DataFolder::open(&no_reading), Err(FolderError::NotReadable(..))));
        assert!(matches!(DataFolder::open(&no_writing), Err(FolderError::NotWritable(..))));
    }
}

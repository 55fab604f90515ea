//! Files that are there whole or not at all: written under another name in the same folder, synced, renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What names of unfinished files begin and end with.
pub(super) const TEMPORARY: (&str, &str) = (".eyelet-", ".tmp");
/// More unfinished files than this in one folder are not made.
pub(super) const TEMPORARY_MAX: u32 = 10_000;

/// Mode of files that hold personal data or secrets: only the owner reads and writes them.
pub const PRIVATE: u32 = 0o600;
/// Mode of files that others may read.
pub const PUBLIC: u32 = 0o644;

/// Replaces or makes the file `path` with this content and these Unix permissions, and waits until the disk has it.
///
/// A program that runs as root gives the file to the owner of its folder, so that a server under its own user can still
/// read what an administrator made.
///
/// # Errors
/// Those of the file system; the old content is then still there.
pub fn write_atomically(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = AtomicFile::create(path, mode)?;
    file.write_all(content)?;
    file.commit()
}

/// An unfinished file. It gets its name by [`AtomicFile::commit`]; dropped without, it vanishes.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    is_done: bool,
}

impl AtomicFile {
    /// Begins a file that shall replace or become `path`, with these Unix permissions.
    ///
    /// # Errors
    /// Those of the file system, and `path` without a file name.
    pub fn create(path: &Path, mode: u32) -> io::Result<AtomicFile> {
        if path.file_name().is_none() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "no file name"));
        }
        let folder = folder_of(path);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        for number in 0..TEMPORARY_MAX {
            let temporary = folder.join(format!("{}{number}{}", TEMPORARY.0, TEMPORARY.1));
            match options.open(&temporary) {
                Ok(file) => {
                    give_to_owner_of(folder, &file);
                    return Ok(AtomicFile { file, temporary, target: path.to_owned(), is_done: false });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(ErrorKind::AlreadyExists, "too many unfinished files in the folder"))
    }

    /// Sets when the content was last changed, for copies.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.file.set_modified(time)
    }

    /// Waits until the disk has the content and gives the file its name for good.
    ///
    /// # Errors
    /// Those of the file system; the old content is then still there.
    pub fn commit(self) -> io::Result<()> {
        let folder = folder_of(&self.target).to_owned();
        self.commit_without_folder()?;
        sync_folder(&folder)
    }

    /// As [`AtomicFile::commit`], but a power cut may still undo the renaming until [`sync_folder`] is called: for many
    /// files in one folder.
    ///
    /// # Errors
    /// Those of the file system; the old content is then still there.
    pub fn commit_without_folder(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.temporary, &self.target)?;
        self.is_done = true;
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// The folder that a path's last part lies in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Waits until the disk has all names of this folder.
///
/// # Errors
/// Those of the disk. File systems that cannot sync folders are content.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

/// Gives a file that root just made to the owner of the folder. Others may not do that and keep it.
pub fn give_to_owner_of(folder: &Path, file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{fchown, MetadataExt};
        if let (Ok(folder), Ok(own)) = (fs::metadata(folder), file.metadata()) {
            if own.uid() != folder.uid() {
                let _ = fchown(file, Some(folder.uid()), Some(folder.gid()));
            }
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, file);
}

/// Removes a file. `Ok(false)`: there was none.
///
/// # Errors
/// Those of the file system.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        result => result.map(|()| true),
    }
}

/// Whether this is the name of an unfinished file.
pub fn is_temporary(name: &str) -> bool {
    name.len() > TEMPORARY.0.len() + TEMPORARY.1.len() && name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1)
}

/// Removes unfinished files that a crash left in this folder. Only for a folder that nobody else writes to now.
///
/// # Errors
/// The folder cannot be listed. Files that cannot be removed stay.
pub fn clean_leftovers(folder: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_temporary) && fs::remove_file(entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn content_is_replaced_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.user");
        write_atomically(&path, b"one", PUBLIC).unwrap();
        write_atomically(&path, b"two", PRIVATE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["a.user"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, PRIVATE);
        }
    }

    #[test]
    fn an_abandoned_file_vanishes_and_the_old_content_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.user");
        write_atomically(&path, b"one", PRIVATE).unwrap();
        let mut file = AtomicFile::create(&path, PRIVATE).unwrap();
        file.write_all(b"half").unwrap();
        let second = AtomicFile::create(&path, PRIVATE).unwrap();
        assert_eq!(names(folder.path()), [".eyelet-0.tmp", ".eyelet-1.tmp", "a.user"]);
        drop((file, second));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["a.user"]);
    }

    #[test]
    fn errors_are_returned() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/a.user");
        assert_eq!(write_atomically(&missing, b"", PRIVATE).unwrap_err().kind(), ErrorKind::NotFound);
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(write_atomically(&folder.path().join("taken"), b"", PRIVATE).is_err());
        assert_eq!(names(folder.path()), ["taken"]);
        assert!(write_atomically(Path::new("/"), b"", PRIVATE).is_err());
    }

    #[test]
    fn leftovers_of_a_crash_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".eyelet-0.tmp", ".eyelet-17.tmp", "a.tmp", ".eyelet", "eyelet-1.tmp"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(clean_leftovers(folder.path()).unwrap(), 2);
        assert_eq!(names(folder.path()), [".eyelet", "a.tmp", "eyelet-1.tmp"]);
    }
}

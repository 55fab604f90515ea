//! The folder of files that people download once: which names may be served, making a file, deleting old ones. Blocking.

use super::names::is_plain_name;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Endings of the files that lie in the folder.
const ENDINGS: [&str; 2] = [".csv.gz", ".zip"];
const DAY: Duration = Duration::from_secs(86_400);

/// Whether a name is that of an export, so that it may be served to strangers and deleted when old.
pub fn is_export_name(name: &str) -> bool {
    is_plain_name(name) && !name.contains("..") && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Makes a file and lets `fill` write it; the file appears under its name when it is whole, and only if `fill` says so.
/// Returns what `fill` said.
///
/// Errors: those of the file system and of `fill`, and `InvalidInput` for a name that is none of an export.
pub fn create(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<bool>,
) -> io::Result<bool> {
    if !is_export_name(name) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a name for an export"));
    }
    fs::create_dir_all(folder)?;
    let part = PartFile { path: folder.join(format!(".{:016x}.part", fastrand::u64(..))) };
    // Never through a link that somebody put into a shared temporary folder.
    let file = OpenOptions::new().write(true).create_new(true).open(&part.path)?;
    let mut writer = BufWriter::new(file);
    let has_data = fill(&mut writer)?;
    writer.flush()?;
    if has_data {
        fs::rename(&part.path, folder.join(name))?;
    }
    Ok(has_data)
}

/// Deletes the unfinished file if it was not renamed.
struct PartFile {
    path: PathBuf,
}

impl Drop for PartFile {
    fn drop(&mut self) {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => log::warn!("exports: a partial file stays: {error}"),
            _ => (),
        }
    }
}

/// Deletes exports, and leftovers of unfinished ones, that were last changed more than `days` before `now`; returns how many.
/// A file that cannot be deleted is logged and left.
///
/// Errors: only when the folder cannot be listed; a missing one is fine.
pub fn purge(folder: &Path, days: u32, now: SystemTime) -> io::Result<usize> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        other => other?,
    };
    let mut count = 0;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_ours = is_export_name(name) || (name.starts_with('.') && name.ends_with(".part"));
        let is_old = |changed: SystemTime| now.duration_since(changed).is_ok_and(|age| age > DAY * days);
        // Of links and folders neither is ours.
        let Some(meta) = entry.metadata().ok().filter(|meta| is_ours && meta.is_file()) else { continue };
        if meta.modified().is_ok_and(is_old) {
            match fs::remove_file(entry.path()) {
                Ok(()) => count += 1,
                Err(error) => log::warn!("exports: cannot delete an old file: {error}"),
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exports_are_served() {
        for name in ["a@b.cc_1_0_v5_1700000123456.csv.gz", "a@b.cc_Blynk_1_2024-05-15.zip"] {
            assert!(is_export_name(name), "{name}");
        }
        for name in
            ["", "a@b.cc.Blynk.user", "x.gz", ".hidden.zip", "../x.zip", "a/b.zip", "a\\b.zip", "a\0.zip", "a..zip"]
        {
            assert!(!is_export_name(name), "{name:?}");
        }
    }

    #[test]
    fn files_appear_when_they_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let exports = folder.path().join("a/b");
        let names = || fs::read_dir(&exports).unwrap().count();
        let write = |result: io::Result<bool>| {
            create(&exports, "x.zip", |file| {
                file.write_all(b"content")?;
                result
            })
        };
        assert!(!write(Ok(false)).unwrap());
        assert!(write(Err(ErrorKind::Other.into())).is_err());
        assert_eq!(names(), 0);
        assert!(write(Ok(true)).unwrap());
        assert!(write(Ok(true)).unwrap());
        assert_eq!((names(), fs::read(exports.join("x.zip")).unwrap()), (1, b"content".to_vec()));
        assert!(create(&exports, "../x.zip", |_| Ok(true)).is_err());
    }

    #[test]
    fn old_exports_go() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["x.csv.gz", "x.zip", ".1.part", "a@b.cc.Blynk.user"] {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        let now = SystemTime::now();
        assert_eq!(purge(folder.path(), 45, now + DAY * 44).unwrap(), 0);
        assert_eq!(purge(folder.path(), 45, now + DAY * 46).unwrap(), 3);
        assert!(folder.path().join("a@b.cc.Blynk.user").exists());
        assert_eq!(purge(&folder.path().join("none"), 45, now).unwrap(), 0);
    }
}

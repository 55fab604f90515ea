//! A whole data folder as one `.tar.gz` file, and back.
//!
//! A backup may be made while a server runs: every file is either replaced by renaming or only appended to, so each is
//! whole in itself. Locks, sockets, unfinished files, links, logs, programs and other backups are left out.

use super::atomic::{is_temporary, sync_folder, AtomicFile, PRIVATE};
use super::folder::{DataFolder, FolderError, LOCK_FILE};
use super::names::is_user_file;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flate2::Compression;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a folder or file directly in the data folder is called that no backup holds.
const LEFT_OUT: [&str; 2] = [LOCK_FILE, "logs"];
/// Endings of files directly in the data folder that no backup holds.
const ENDINGS_LEFT_OUT: [&str; 3] = [".tar.gz", ".jar", ".log"];
/// Deeper folders are not walked and refused in archives.
const DEPTH_MAX: usize = 8;
/// Bytes that are compared or copied at a time.
const CHUNK: usize = 64 * 1024;

/// What [`backup`] wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Files in the archive.
    pub files: usize,
    /// Their size, uncompressed.
    pub bytes: u64,
}

/// What [`restore`] does, or would do, with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is not there yet.
    New,
    /// Other content is there.
    Replaced,
    /// The same content is there; it is not written again.
    Same,
}

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the data folder, with `/`.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it means for the data folder.
    pub change: Change,
}

/// What [`restore`] did or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// The files of the archive.
    pub entries: Vec<Entry>,
    /// User files in the data folder that the archive does not hold; they stay.
    pub left: Vec<String>,
}

/// Why a backup or restore failed. Each is one line.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// The archive is damaged or none.
    #[error("{0} is not a whole backup: {1}")]
    NotAnArchive(PathBuf, #[source] io::Error),
    /// The archive holds something that no backup holds.
    #[error("the archive holds {0:?}, which no backup does: nothing was restored")]
    Refused(String),
    /// The data folder cannot be used, for example because a server runs on it.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> ArchiveError + '_ {
    |error| ArchiveError::Io(path.to_owned(), error)
}

/// Writes all data of a folder to `out`, a `.tar.gz` file that is there whole or not at all.
///
/// # Errors
/// The folder, one of its files or `out`. Files that vanish meanwhile are left out.
pub fn backup(folder: &Path, out: &Path) -> Result<Written, ArchiveError> {
    let at_out = io_at(out);
    let file = AtomicFile::create(out, PRIVATE).map_err(&at_out)?;
    let mut archive = tar::Builder::new(GzEncoder::new(BufWriter::new(file), Compression::default()));
    let mut written = Written::default();
    let out = fs::canonicalize(out).ok();
    add_folder(&mut archive, folder, "", 1, out.as_deref(), &mut written)?;
    let file = archive.into_inner().and_then(GzEncoder::finish).map_err(&at_out)?;
    let file = file.into_inner().map_err(|error| at_out(error.into_error()))?;
    file.commit().map_err(&at_out)?;
    Ok(written)
}

fn add_folder(
    archive: &mut tar::Builder<impl Write>,
    folder: &Path,
    prefix: &str,
    depth: usize,
    out: Option<&Path>,
    written: &mut Written,
) -> Result<(), ArchiveError> {
    let mut entries: Vec<_> =
        fs::read_dir(folder).and_then(|entries| entries.collect::<Result<_, _>>()).map_err(io_at(folder))?;
    entries.sort_by_key(|entry: &fs::DirEntry| entry.file_name());
    for entry in entries {
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            log::warn!("{} is not in the backup: its name is no UTF-8", path.display());
            continue;
        };
        let left_out = LEFT_OUT.contains(&name.as_str()) || ENDINGS_LEFT_OUT.iter().any(|end| name.ends_with(end));
        if is_temporary(&name)
            || depth == 1 && left_out
            || out.is_some_and(|out| fs::canonicalize(&path).is_ok_and(|p| p == out))
        {
            continue;
        }
        let inner = format!("{prefix}{name}");
        // The type of the entry itself: links and sockets are neither files nor folders.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < DEPTH_MAX => {
                add_folder(archive, &path, &format!("{inner}/"), depth + 1, out, written)?;
            }
            Ok(kind) if kind.is_file() => match File::open(&path) {
                Ok(file) => add_file(archive, &file, &inner, written).map_err(io_at(&path))?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(ArchiveError::Io(path, error)),
            },
            _ => {}
        }
    }
    Ok(())
}

fn add_file(archive: &mut tar::Builder<impl Write>, file: &File, name: &str, written: &mut Written) -> io::Result<()> {
    let metadata = file.metadata()?;
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(PRIVATE);
    header.set_size(metadata.len());
    let age = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    header.set_mtime(age.as_secs());
    // The header promises so many bytes: what is appended meanwhile is cut off, what was cut off meanwhile is zeros.
    let content = file.take(metadata.len()).chain(io::repeat(0)).take(metadata.len());
    archive.append_data(&mut header, name, content)?;
    written.files += 1;
    written.bytes += metadata.len();
    Ok(())
}

/// Puts the files of a backup into a data folder, over those of the same names; other files stay. The whole archive is
/// checked before anything is written. With `dry_run` nothing is written, not even the folder made.
///
/// # Errors
/// A damaged or strange archive, a folder that a server uses, and those of the file system.
pub fn restore(archive: &Path, folder: &Path, dry_run: bool) -> Result<Restored, ArchiveError> {
    let mut restored = Restored::default();
    each_file(archive, |name, entry| {
        let path = folder.join(name);
        let size = entry.size();
        let change = match File::open(&path) {
            Err(_) => Change::New,
            Ok(file) if is_same(&file, entry).map_err(|error| damaged(archive, error))? => Change::Same,
            Ok(_) => Change::Replaced,
        };
        io::copy(entry, &mut io::sink()).map_err(|error| damaged(archive, error))?;
        restored.entries.push(Entry { name: name.to_owned(), size, change });
        Ok(())
    })?;
    let held: HashSet<&str> = restored.entries.iter().map(|entry| entry.name.as_str()).collect();
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    restored.left = names.filter(|name| is_user_file(name) && !held.contains(name.as_str())).collect();
    restored.left.sort();
    if !dry_run {
        let _lock = DataFolder::open(folder)?;
        write_files(archive, folder, &restored.entries)?;
    }
    Ok(restored)
}

fn write_files(archive: &Path, folder: &Path, entries: &[Entry]) -> Result<(), ArchiveError> {
    let same = entries.iter().filter(|entry| entry.change == Change::Same);
    let same: HashSet<&str> = same.map(|entry| entry.name.as_str()).collect();
    let mut folders = HashSet::new();
    each_file(archive, |name, entry| {
        if same.contains(name) {
            return Ok(());
        }
        let path = folder.join(name);
        let modified = UNIX_EPOCH + Duration::from_secs(entry.header().mtime().unwrap_or(0).min(u64::from(u32::MAX)));
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(io_at(parent))?;
        write_file(&path, entry, modified).map_err(io_at(&path))?;
        folders.insert(parent.to_owned());
        Ok(())
    })?;
    folders.iter().try_for_each(|folder| sync_folder(folder).map_err(io_at(folder)))
}

fn write_file(path: &Path, content: &mut impl Read, modified: SystemTime) -> io::Result<()> {
    let mut file = AtomicFile::create(path, PRIVATE)?;
    io::copy(content, &mut file)?;
    file.set_modified(modified)?;
    file.commit_without_folder()
}

/// Calls `visit` with the name and content of each file of an archive, to its very end.
fn each_file(
    archive: &Path,
    mut visit: impl FnMut(&str, &mut tar::Entry<'_, GzDecoder<BufReader<File>>>) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let file = File::open(archive).map_err(io_at(archive))?;
    let mut tar = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    for entry in tar.entries().map_err(|error| damaged(archive, error))? {
        let mut entry = entry.map_err(|error| damaged(archive, error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match entry.header().entry_type() {
            tar::EntryType::Directory if is_inside(&name) => {}
            tar::EntryType::Regular if is_inside(&name) => visit(&name, &mut entry)?,
            _ => return Err(ArchiveError::Refused(name)),
        }
    }
    // The checksum comes last.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(|error| damaged(archive, error))?;
    Ok(())
}

fn damaged(archive: &Path, error: io::Error) -> ArchiveError {
    ArchiveError::NotAnArchive(archive.to_owned(), error)
}

/// Whether a path of an archive names a file inside the data folder that a backup could hold.
fn is_inside(name: &str) -> bool {
    let path = Path::new(name);
    let parts = path.components().count();
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let odd = name.contains(['\0', '\\', '\u{fffd}']) || name.contains("//") || name.contains("/./");
    plain && !odd && (1..=DEPTH_MAX).contains(&parts) && !LEFT_OUT.contains(&name) && !name.split('/').any(is_temporary)
}

/// Whether a file holds what the rest of `content` holds. Only errors of `content` are errors.
fn is_same(file: &File, content: &mut impl Read) -> io::Result<bool> {
    let mut file = BufReader::with_capacity(CHUNK, file);
    let (mut one, mut other) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let n = content.read(&mut one)?;
        if n == 0 {
            return Ok(file.read(&mut other).is_ok_and(|n| n == 0));
        }
        if file.read_exact(&mut other[..n]).is_err() || one[..n] != other[..n] {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, content) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    fn changes(restored: &Restored) -> Vec<(&str, Change)> {
        restored.entries.iter().map(|entry| (entry.name.as_str(), entry.change)).collect()
    }

    /// An archive of these entries, made by hand so that names can be anything.
    fn archive_of(path: &Path, entries: &[(&[u8], tar::EntryType)]) {
        let mut tar = tar::Builder::new(GzEncoder::new(File::create(path).unwrap(), Compression::fast()));
        for (name, kind) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
            header.set_entry_type(*kind);
            header.set_size(1);
            header.set_cksum();
            tar.append(&header, &b"x"[..]).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
    }

    #[test]
    fn a_folder_comes_back_elsewhere() {
        let temp = tempfile::tempdir().unwrap();
        let (from, to, file) = (temp.path().join("from"), temp.path().join("to"), temp.path().join("x.tar.gz"));
        let long = format!("{}@example.com.Blynk.user", "long".repeat(45));
        write(
            &from,
            &[
                ("a@b.cc.Blynk.user", "one"),
                (&long, "two"),
                ("backup/a@b.cc.Blynk.user.2020-02-29", "old"),
                ("data/a@b.cc/history_1-0_v5_minute.bin", "0123456789abcdef"),
                ("żółw.pem", "key"),
                ("eyelet.lock", "1"),
                ("logs/blynk.log", "log"),
                ("server-0.41.17.jar", "program"),
                ("old.tar.gz", "archive"),
                ("clone/.eyelet-0.tmp", "unfinished"),
            ],
        );
        let old = SystemTime::now() - Duration::from_secs(500_000);
        let backup_file = "backup/a@b.cc.Blynk.user.2020-02-29";
        File::options().write(true).open(from.join(backup_file)).unwrap().set_modified(old).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", from.join("link.user")).unwrap();
        assert_eq!(backup(&from, &file).unwrap(), Written { files: 5, bytes: 28 });
        write(&to, &[("a@b.cc.Blynk.user", "other"), ("żółw.pem", "key"), ("new@b.cc.Blynk.user", "new")]);
        let dry = restore(&file, &to, true).unwrap();
        assert_eq!(
            changes(&dry),
            [
                ("a@b.cc.Blynk.user", Change::Replaced),
                (backup_file, Change::New),
                ("data/a@b.cc/history_1-0_v5_minute.bin", Change::New),
                (long.as_str(), Change::New),
                ("żółw.pem", Change::Same),
            ]
        );
        assert_eq!(dry.left, ["new@b.cc.Blynk.user"]);
        assert!(!to.join("data").exists());
        assert_eq!(restore(&file, &to, false).unwrap(), dry);
        assert_eq!(fs::read_to_string(to.join("a@b.cc.Blynk.user")).unwrap(), "one");
        assert_eq!(fs::read_to_string(to.join(&long)).unwrap(), "two");
        let age = fs::metadata(to.join(backup_file)).unwrap().modified().unwrap().elapsed().unwrap();
        assert!(age > Duration::from_secs(499_000), "the newest backup is found by its time");
        assert!(restore(&file, &to, false).unwrap().entries.iter().all(|entry| entry.change == Change::Same));
    }

    #[test]
    fn a_backup_inside_the_folder_does_not_hold_itself() {
        let temp = tempfile::tempdir().unwrap();
        write(temp.path(), &[("a@b.cc.Blynk.user", "one")]);
        let out = temp.path().join("copy.bin");
        for _ in 0..2 {
            assert_eq!(backup(temp.path(), &out).unwrap().files, 1);
        }
    }

    #[test]
    fn a_folder_in_use_and_a_dry_run_on_none() {
        let temp = tempfile::tempdir().unwrap();
        let (from, file) = (temp.path().join("from"), temp.path().join("x.tar.gz"));
        let folder = DataFolder::open(&from).unwrap();
        write(&from, &[("a@b.cc.Blynk.user", "one")]);
        backup(&from, &file).unwrap();
        fs::remove_file(from.join("a@b.cc.Blynk.user")).unwrap();
        assert!(matches!(restore(&file, &from, false), Err(ArchiveError::Folder(FolderError::InUse(..)))));
        assert!(!from.join("a@b.cc.Blynk.user").exists());
        drop(folder);
        restore(&file, &from, false).unwrap();
        assert!(from.join("a@b.cc.Blynk.user").exists());
        assert_eq!(restore(&file, &temp.path().join("none"), true).unwrap().entries.len(), 1);
        assert!(!temp.path().join("none").exists());
    }

    #[test]
    fn strange_archives_are_refused_whole() {
        let temp = tempfile::tempdir().unwrap();
        let (file, to) = (temp.path().join("x.tar.gz"), temp.path().join("to"));
        use tar::EntryType as T;
        for (name, kind) in [
            (&b"../evil.user"[..], T::Regular),
            (b"/etc/evil", T::Regular),
            (b"data/../../evil", T::Regular),
            (b"a\\b", T::Regular),
            (b"bad\xff", T::Regular),
            (b"./a", T::Regular),
            (b"eyelet.lock", T::Regular),
            (b"data/.eyelet-0.tmp", T::Regular),
            (b"1/2/3/4/5/6/7/8/9", T::Regular),
            (b"link", T::Symlink),
            (b"link", T::Link),
            (b"device", T::Char),
            (b"../folder", T::Directory),
        ] {
            archive_of(&file, &[(b"a@b.cc.Blynk.user", T::Regular), (name, kind)]);
            let result = restore(&file, &to, false);
            assert!(matches!(result, Err(ArchiveError::Refused(_))), "{} {result:?}", String::from_utf8_lossy(name));
            assert!(!to.exists());
        }
    }

    #[test]
    fn damaged_archives_are_refused_whole() {
        let temp = tempfile::tempdir().unwrap();
        let (from, file, to) = (temp.path().join("from"), temp.path().join("x.tar.gz"), temp.path().join("to"));
        let content: String = (0..20_000).map(|n| format!("{n} ")).collect();
        write(&from, &[("a@b.cc.Blynk.user", &content), ("b@b.cc.Blynk.user", &content)]);
        backup(&from, &file).unwrap();
        let whole = fs::read(&file).unwrap();
        let mut wrong = whole.clone();
        let checksum = wrong.len() - 8;
        wrong[checksum] ^= 1;
        for bad in [&whole[..whole.len() / 2], &whole[..whole.len() - 1], b"", b"no archive", &wrong] {
            fs::write(&file, bad).unwrap();
            let result = restore(&file, &to, false);
            assert!(matches!(result, Err(ArchiveError::NotAnArchive(..))), "{} {result:?}", bad.len());
            assert!(!to.exists());
        }
    }
}

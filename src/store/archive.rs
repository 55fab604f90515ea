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
/// Longest path in an archive, bytes with the NUL at its end.
const NAME_MAX: u64 = 4096;
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
    let mut entries: Vec<_> = match fs::read_dir(folder).and_then(|entries| entries.collect::<Result<_, _>>()) {
        // The server removes empty folders.
        Err(error) if error.kind() == ErrorKind::NotFound && depth > 1 => return Ok(()),
        other => other.map_err(io_at(folder))?,
    };
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
    // Before anything is compared, since that brings files of the folder up to date.
    let open = || DataFolder::open(folder);
    let early = (!dry_run && folder.is_dir()).then(open).transpose()?;
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
        let _lock = early.map_or_else(open, Ok)?;
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
    let mut long_name = None;
    // Raw: an entry that only names the next one is read here, since the library would take one of any size into memory.
    for entry in tar.entries().map_err(|error| damaged(archive, error))?.raw(true) {
        let mut entry = entry.map_err(|error| damaged(archive, error))?;
        if entry.header().entry_type().is_gnu_longname() && entry.size() <= NAME_MAX && long_name.is_none() {
            let mut name = Vec::new();
            entry.read_to_end(&mut name).map_err(|error| damaged(archive, error))?;
            long_name = Some(name.strip_suffix(b"\0").map_or(name.clone(), <[u8]>::to_vec));
            continue;
        }
        let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let name = String::from_utf8_lossy(&name).into_owned();
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
mod tests;

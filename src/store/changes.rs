//! What changed in a user file since it was written whole, in a file beside it: `<user file>.changes`.
//!
//! Devices that write all the time change a few numbers of an account. To rewrite its whole file for them every minute wears
//! flash out, so [`append`] adds one line to the file of changes, and [`apply_all`] makes whole files of both when the next
//! process opens the data folder. UTF-8, tabs between the fields of a line:
//!
//! | line | fields |
//! |---|---|
//! | the first | `eyelet changes 1`, SHA-256 of the user file (base64) |
//! | each other | SHA-256 of the newer text, then pairs: number of a piece from 0, its new content. Pieces are what stands between commas |
//!
//! Every line is against the user file, so the last one that is whole counts and a torn one costs one save. A file of changes
//! that does not fit to its user file has no effect.

use super::atomic::{self, sync_folder, write_atomically, PRIVATE};
use super::names::is_user_file;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::Engine;
use ring::digest::{digest, SHA256};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const SUFFIX: &str = ".changes";
const MAGIC: &str = "eyelet changes 1";
/// User files below this size are written whole, bytes: they fill a few pages only.
const WHOLE_BELOW: usize = 12 * 1024;
/// A line may be so many times smaller than the text, or the text is written whole.
const LINE_SHARE: usize = 4;

/// Keeps `text`, which shall take the place of the user file `path`, as changes to that, and waits for the disk.
/// `Ok(false)`: that is not worth while, and nothing was done.
///
/// # Errors
/// Those of the file system; the text is then not kept, and what was kept before is still there.
pub fn append(path: &Path, text: &str) -> io::Result<bool> {
    if text.len() < WHOLE_BELOW {
        return Ok(false);
    }
    let Ok(base) = fs::read_to_string(path) else { return Ok(false) };
    let Some(line) = line(&base, text) else { return Ok(false) };
    let header = header(&base);
    let file = file_of(path);
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if base == text && !kept.starts_with(&header) {
        return Ok(false);
    }
    if !kept.starts_with(&header) || !kept.ends_with('\n') {
        return write_atomically(&file, format!("{header}{line}").as_bytes(), PRIVATE).map(|()| true);
    }
    let is_kept = kept.ends_with(&line);
    if !is_kept && kept.len() + line.len() > base.len() {
        return Ok(false);
    }
    let mut file = OpenOptions::new().append(true).open(&file)?;
    if !is_kept {
        file.write_all(line.as_bytes())?;
    }
    // Also of a line that is there already: perhaps the disk did not take it then.
    file.sync_data()?;
    Ok(true)
}

/// Removes the changes to a user file that was written whole. `Ok(false)`: there were none.
///
/// # Errors
/// Those of the file system.
pub fn remove(path: &Path) -> io::Result<bool> {
    atomic::remove(&file_of(path))
}

/// Writes a user file whole with its changes, which are removed. `Ok(false)`: there are none, or they do not fit to the file.
///
/// # Errors
/// Those of the file system; the changes are then still there.
pub fn apply(path: &Path) -> io::Result<bool> {
    let Some(text) = newest(path)? else { return Ok(false) };
    write_atomically(path, text.as_bytes(), PRIVATE)?;
    remove(path)
}

/// Writes these user files of a folder whole, for which there are changes. What stays in the set could not be brought into
/// its file, as the log says: [`newest`] has both. Only for a folder that nobody else uses now.
pub fn apply_all(folder: &Path, changed: &mut BTreeSet<String>) {
    let mut is_any_gone = false;
    changed.retain(|name| {
        let path = folder.join(name);
        let applied = apply(&path).and_then(|applied| {
            if applied {
                return Ok(true);
            }
            log::warn!("{name}{SUFFIX} does not fit to {name}: left out");
            remove(&path)
        });
        match applied {
            Ok(gone) => is_any_gone |= gone,
            Err(ref error) => log::error!("{name}{SUFFIX}: the values in it cannot be brought into {name}: {error}"),
        }
        applied.is_err()
    });
    if is_any_gone && sync_folder(folder).is_err() {
        // Changes that a crash brings back do not fit to their file any more.
        log::debug!("the data folder was not synced");
    }
}

fn file_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SUFFIX);
    name.into()
}

fn hash(text: &str) -> String {
    STANDARD_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

fn header(base: &str) -> String {
    format!("{MAGIC}\t{}\n", hash(base))
}

/// What makes `text` of `base`. `None`: too much, or something that a line cannot hold.
fn line(base: &str, text: &str) -> Option<String> {
    let mut line = hash(text);
    let (mut old, mut new) = (base.split(','), text.split(','));
    for number in 0.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (Some(old), Some(new)) if old == new => {}
            (Some(_), Some(new)) if !new.contains(['\t', '\n']) => {
                line.push_str(&format!("\t{number}\t{new}"));
                if line.len() > text.len() / LINE_SHARE {
                    return None;
                }
            }
            _ => return None,
        }
    }
    line.push('\n');
    Some(line)
}

/// The newest text that a user file and its changes hold.
///
/// `Ok(None)`: there are no changes, or they do not fit to the file.
///
/// # Errors
/// Those of the file system, when one of the files is there but cannot be read.
pub fn newest(path: &Path) -> io::Result<Option<String>> {
    let Some(bytes) = there(fs::read(file_of(path)))? else { return Ok(None) };
    let base = match there(fs::read(path))?.map(String::from_utf8) {
        Some(Ok(base)) => base,
        _ => return Ok(None),
    };
    // A torn line may end within a character.
    let lines = String::from_utf8_lossy(&bytes);
    let Some(lines) = lines.strip_prefix(&header(&base)) else { return Ok(None) };
    Ok(lines.split_inclusive('\n').rev().find_map(|line| applied(&base, line.strip_suffix('\n')?)))
}

/// `Ok(None)`: there is no such file.
fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// The name of the user file that a file of changes with this name belongs to.
pub fn is_of(name: &str) -> Option<&str> {
    name.strip_suffix(SUFFIX).filter(|name| is_user_file(name))
}

/// The text of one line of changes.
fn applied(base: &str, line: &str) -> Option<String> {
    let mut fields = line.split('\t');
    let wanted = fields.next()?;
    let mut pieces: Vec<&str> = base.split(',').collect();
    while let Some(number) = fields.next() {
        *pieces.get_mut(number.parse::<usize>().ok()?)? = fields.next()?;
    }
    Some(pieces.join(",")).filter(|text| hash(text) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{load, Listing, LoadSettings};
    use proptest::prelude::*;
    use tempfile::TempDir;

    /// An account with many numbers, of which the first ones are these.
    fn text(numbers: &[&str]) -> String {
        let rest = (0..2000).map(|n| format!("\"v{n}\":\"0\""));
        let first = numbers.iter().enumerate().map(|(n, value)| format!("\"w{n}\":\"{value}\""));
        format!("{{{}}}", first.chain(rest).collect::<Vec<_>>().join(","))
    }

    fn place(numbers: &[&str]) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a@b.cc.Blynk.user");
        fs::write(&path, text(numbers)).unwrap();
        (folder, path)
    }

    fn apply_there(folder: &Path) {
        apply_all(folder, &mut Listing::of(folder).unwrap().changed);
    }

    fn opened(folder: &TempDir, path: &Path) -> String {
        apply_there(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the user file is left");
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_last_changes_count_and_the_user_file_stays_until_they_are_applied() {
        let (folder, path) = place(&["1", "2"]);
        for numbers in [["3", "2"], ["3", "44"], ["5", "2"], ["5", "2"]] {
            assert!(append(&path, &text(&numbers)).unwrap());
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text(&["1", "2"]));
        let kept = fs::read_to_string(file_of(&path)).unwrap();
        assert_eq!(kept.lines().count(), 4, "the same again is no line: {kept}");
        assert!(kept.lines().nth(2).unwrap().ends_with("\t0\t{\"w0\":\"3\"\t1\t\"w1\":\"44\""), "{kept}");
        assert_eq!(opened(&folder, &path), text(&["5", "2"]));
    }

    #[test]
    fn where_they_cannot_be_applied_the_load_has_them() {
        let user = |pass: &str| {
            format!(r#"{{"email":"a@b.cc","appName":"Blynk","name":"{}","pass":"{pass}"}}"#, "x".repeat(20_000))
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a@b.cc.Blynk.user");
        fs::write(&path, user("old")).unwrap();
        assert!(append(&path, &user("new")).unwrap());
        let host = String::new();
        let settings = LoadSettings { host: &host, initial_energy: 0, terminal_lines: 1, table_rows: 1, now: 1 };
        let loaded = load(folder.path(), &Listing::of(folder.path()).unwrap(), &settings);
        assert_eq!(loaded.users[0].user.pass.as_deref(), Some("new"));
        assert!(loaded.findings.is_empty());
    }

    #[test]
    fn changes_that_cannot_be_read_stay() {
        let (folder, path) = place(&["1"]);
        append(&path, &text(&["2"])).unwrap();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(newest(&path).is_err());
        apply_there(folder.path());
        assert!(file_of(&path).exists());
    }

    #[test]
    fn the_old_text_again_is_a_change_too() {
        let (folder, path) = place(&["1"]);
        assert!(append(&path, &text(&["2"])).unwrap() && append(&path, &text(&["1"])).unwrap());
        assert_eq!(opened(&folder, &path), text(&["1"]));
    }

    #[test]
    fn a_torn_line_costs_one_save_and_is_never_continued() {
        let (folder, path) = place(&["1"]);
        append(&path, &text(&["2"])).unwrap();
        append(&path, &text(&["ä3"])).unwrap();
        let whole = fs::read(file_of(&path)).unwrap();
        for end in (0..whole.len()).rev() {
            fs::write(&path, text(&["1"])).unwrap();
            fs::write(file_of(&path), &whole[..end]).unwrap();
            assert_ne!(opened(&folder, &path), text(&["ä3"]), "{end}");
        }
        fs::write(&path, text(&["1"])).unwrap();
        fs::write(file_of(&path), &whole[..whole.len() - 3]).unwrap();
        apply_there(folder.path());
        assert_eq!(fs::read_to_string(&path).unwrap(), text(&["2"]));
        fs::write(&path, text(&["1"])).unwrap();
        fs::write(file_of(&path), &whole[..whole.len() - 3]).unwrap();
        assert!(append(&path, &text(&["4"])).unwrap());
        assert_eq!(opened(&folder, &path), text(&["4"]));
    }

    #[test]
    fn changes_of_another_text_have_no_effect() {
        let (folder, path) = place(&["1"]);
        append(&path, &text(&["2"])).unwrap();
        fs::write(&path, text(&["7"])).unwrap();
        assert_eq!(opened(&folder, &path), text(&["7"]));
        append(&path, &text(&["2"])).unwrap();
        fs::remove_file(&path).unwrap();
        apply_there(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_small_or_differs_in_much_is_written_whole() {
        let (_folder, path) = place(&["1"]);
        let long = "x".repeat(20_000);
        for other in [text(&["1", "2"]), text(&["1,2"]), text(&["1\t2"]), text(&[&long]), "{}".to_owned()] {
            assert!(!append(&path, &other).unwrap());
        }
        assert!(!append(&path.with_extension("none"), &text(&["1"])).unwrap());
        assert!(!file_of(&path).exists());
        let many = (0..20_000).take_while(|n| append(&path, &text(&[&n.to_string()])).unwrap()).count();
        assert!((100..2000).contains(&many), "{many}");
        assert!(fs::metadata(file_of(&path)).unwrap().len() <= fs::metadata(&path).unwrap().len());
    }

    proptest! {
        #[test]
        fn a_line_makes_the_text_or_there_is_none(base in "[a,ä]{0,40}", text in "[a,ä\t\n]{0,40}") {
            let pad = "x".repeat(400);
            let (base, text) = (format!("{pad},{base}"), format!("{pad},{text}"));
            if let Some(line) = line(&base, &text) {
                prop_assert_eq!(applied(&base, line.strip_suffix('\n').unwrap()), Some(text));
            }
        }
    }
}

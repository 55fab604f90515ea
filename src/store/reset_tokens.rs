//! Password resets that wait, over a restart: `reset_tokens`, lines made by the hub. It is there only while no server runs.

use super::atomic::{remove, write_atomically, PRIVATE};
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

const FILE: &str = "reset_tokens";
/// Where the reference server kept its own, in a form of its language.
const REFERENCE_FILE: &str = "data/tokens_pool_temp.bin";
/// Largest file that is read, in bytes.
const SIZE_MAX: u64 = 4 * 1024 * 1024;

/// Writes the lines; nothing for no lines.
///
/// # Errors
/// Those of the file system.
pub fn write(root: &Path, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    write_atomically(&root.join(FILE), text.as_bytes(), PRIVATE)
}

/// Reads the lines and deletes the file, and the one that the reference server left.
///
/// # Errors
/// Those of the file system.
pub fn take(root: &Path) -> io::Result<String> {
    remove(&root.join(REFERENCE_FILE))?;
    let path = root.join(FILE);
    let mut text = String::new();
    match fs::File::open(&path) {
        Ok(file) => file.take(SIZE_MAX).read_to_string(&mut text)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(text),
        Err(error) => return Err(error),
    };
    remove(&path)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::write(folder.path().join(REFERENCE_FILE), b"\xac\xed").unwrap();
        assert_eq!(take(folder.path()).unwrap(), "");
        write(folder.path(), "").unwrap();
        assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 0);
        write(folder.path(), "a\tb\n").unwrap();
        assert_eq!((take(folder.path()).unwrap(), take(folder.path()).unwrap()), ("a\tb\n".into(), String::new()));
    }
}

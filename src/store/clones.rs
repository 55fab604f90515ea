//! Cloned projects: `clone/<token>`, each the restricted JSON of one project.

use super::atomic::{write_atomically, PRIVATE};
use super::folder::CLONES;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Characters of a clone token.
const TOKEN_LENGTH: usize = 32;
/// Largest clone that is read, in bytes: somebody else's project must not fill the memory.
pub const CLONE_MAX: u64 = 4 * 1024 * 1024;

/// Whether this is a clone token: 32 characters of `A-Za-z0-9_-`. Nothing else reaches the file system.
pub fn is_clone_token(token: &str) -> bool {
    token.len() == TOKEN_LENGTH && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn path(root: &Path, token: &str) -> io::Result<PathBuf> {
    if !is_clone_token(token) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "no clone token"));
    }
    Ok(root.join(CLONES).join(token))
}

/// Keeps a project under this token.
///
/// # Errors
/// A bad token, and those of the file system.
pub fn write_clone(root: &Path, token: &str, project: &str) -> io::Result<()> {
    write_atomically(&path(root, token)?, project.as_bytes(), PRIVATE)
}

/// The project that was kept under this token. `Ok(None)`: there is none.
///
/// # Errors
/// A bad token, content that is too large or no UTF-8, and those of the file system.
pub fn read_clone(root: &Path, token: &str) -> io::Result<Option<String>> {
    let file = match File::open(path(root, token)?) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(CLONE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > CLONE_MAX {
        return Err(io::Error::new(ErrorKind::InvalidData, "the clone is too large"));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const TOKEN: &str = "fxA0Kd3mQ7w_Zr9TnB2cL5hVyE8sG-1p";

    #[test]
    fn a_clone_comes_back() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(CLONES)).unwrap();
        assert_eq!(read_clone(root.path(), TOKEN).unwrap(), None);
        write_clone(root.path(), TOKEN, "{\"id\":1}").unwrap();
        assert_eq!(read_clone(root.path(), TOKEN).unwrap().as_deref(), Some("{\"id\":1}"));
    }

    #[test]
    fn a_token_is_no_path() {
        let root = tempfile::tempdir().unwrap();
        for bad in ["", "../a@b.cc.Blynk.user", "x", &"a/".repeat(16), &"ä".repeat(16), &".".repeat(32)] {
            assert!(!is_clone_token(bad));
            assert_eq!(read_clone(root.path(), bad).unwrap_err().kind(), ErrorKind::InvalidInput, "{bad}");
            assert!(write_clone(root.path(), bad, "").is_err());
        }
    }

    #[test]
    fn a_clone_that_fills_the_memory_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(CLONES)).unwrap();
        let file = File::create(root.path().join(CLONES).join(TOKEN)).unwrap();
        file.set_len(CLONE_MAX + 1).unwrap();
        assert!(read_clone(root.path(), TOKEN).is_err());
    }
}

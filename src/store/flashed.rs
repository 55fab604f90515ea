//! Flashed tokens: `flashed/<token>`, each the JSON of what the token was made for.

use super::atomic::{write_atomically, PRIVATE};
use super::clones::is_clone_token;
use super::folder::FLASHED;
use crate::json_object;
use crate::model::json::{from_str, to_string, Audience, ObjectSeed, Reading};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes: names and addresses have bounds.
const SIZE_MAX: u64 = 64 * 1024;

/// A token that was given out before anybody owned its device. Field names are the columns of the reference's table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlashedToken {
    /// The published app whose users may take it.
    pub app_name: String,
    /// The publisher's address.
    pub email: String,
    /// The publisher's project.
    pub project_id: i32,
    /// The device that it is for, or -1.
    pub device_id: i32,
    /// Somebody took it.
    pub is_activated: bool,
    /// When it was made or taken, ms since 1970.
    pub ts: i64,
}

json_object!(FlashedToken {
    "app_name" app_name, "email" email, "project_id" project_id, "device_id" device_id,
    "is_activated" is_activated, "ts" ts
});

/// The file of a token, which looks like that of a clone.
fn path(root: &Path, token: &str) -> io::Result<PathBuf> {
    if !is_clone_token(token) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "no token"));
    }
    Ok(root.join(FLASHED).join(token))
}

/// Keeps what a token was made for.
///
/// # Errors
/// A bad token, and those of the file system.
pub fn write(root: &Path, token: &str, flashed: &FlashedToken) -> io::Result<()> {
    write_atomically(&path(root, token)?, to_string(flashed, Audience::Disk).as_bytes(), PRIVATE)
}

/// What a token was made for. `Ok(None)`: nobody made it.
///
/// # Errors
/// A bad token, content that is no such JSON, and those of the file system.
pub fn read(root: &Path, token: &str) -> io::Result<Option<FlashedToken>> {
    let file = match File::open(path(root, token)?) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(SIZE_MAX).read_to_string(&mut text)?;
    let read = from_str(&text, ObjectSeed::new(&Reading::strict()));
    let read: Option<FlashedToken> = read.map_err(|error| io::Error::new(ErrorKind::InvalidData, error.to_string()))?;
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "fxA0Kd3mQ7w_Zr9TnB2cL5hVyE8sG-1p";

    #[test]
    fn a_token_comes_back() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(FLASHED)).unwrap();
        assert_eq!(read(root.path(), TOKEN).unwrap(), None);
        let flashed = FlashedToken {
            app_name: "blynkabcdefgh".into(),
            email: "p@b.cc".into(),
            project_id: 7,
            device_id: -1,
            is_activated: true,
            ts: 1_700_000_000_000,
        };
        write(root.path(), TOKEN, &flashed).unwrap();
        assert_eq!(read(root.path(), TOKEN).unwrap(), Some(flashed));
        std::fs::write(root.path().join(FLASHED).join(TOKEN), "{").unwrap();
        assert_eq!(read(root.path(), TOKEN).unwrap_err().kind(), ErrorKind::InvalidData);
        assert!(
            read(root.path(), "../a@b.cc.Blynk.user").is_err()
                && write(root.path(), "x", &FlashedToken::default()).is_err()
        );
    }
}

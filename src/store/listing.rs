//! What stands directly in the data folder, as one walk over it tells: it may hold thousands of files.

use super::atomic::is_temporary;
use super::changes;
use super::names::is_user_file;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// Names of files in the data folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// User files, sorted.
    pub users: Vec<String>,
    /// User files beside which there are changes.
    pub changed: BTreeSet<String>,
    /// What a crash left unfinished.
    pub unfinished: Vec<String>,
    /// User files whose names are no UTF-8, with something in place of what is none.
    pub odd: Vec<String>,
}

impl Listing {
    /// Lists the folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn of(folder: &Path) -> io::Result<Listing> {
        let mut listing = Listing::default();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_name().into_string() {
                Ok(name) if is_user_file(&name) => {
                    // The type of the entry is known without asking the file, but links count as what they lead to.
                    let is_file =
                        entry.file_type().is_ok_and(|t| t.is_file() || t.is_symlink() && entry.path().is_file());
                    if is_file {
                        listing.users.push(name);
                    }
                }
                Ok(name) if is_temporary(&name) => listing.unfinished.push(name),
                Ok(name) => listing.changed.extend(changes::is_of(&name).map(str::to_owned)),
                Err(name) => {
                    let name = name.to_string_lossy().into_owned();
                    if is_user_file(&name) {
                        listing.odd.push(name);
                    }
                }
            }
        }
        listing.users.sort();
        Ok(listing)
    }
}

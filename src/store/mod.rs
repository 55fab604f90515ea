//! The data folder: blocking functions that the start-up code, the worker threads and the subcommands call.
//!
//! What goes into a database instead are [`rows`] and [`statistics`]; `postgres` (a feature) brings them there.
//!
//! Every file is written under another name, synced and renamed, so that it is there whole or not at all ([`changes`] are the
//! exception). Whatever could not be read is kept aside before its name is used again.

pub mod accounts;
pub mod archive;
pub mod atomic;
mod backups;
pub mod changes;
pub mod clones;
pub mod daily;
pub mod flashed;
pub mod folder;
pub mod listing;
pub mod names;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod reset_tokens;
pub mod rows;
pub mod save;
pub mod statistics;
pub mod users;

pub use folder::{DataFolder, FolderError};
pub use listing::Listing;
pub use save::Saver;
pub use users::{load, Finding, LoadSettings, Loaded, LoadedUser};

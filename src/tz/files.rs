//! The system's zone files, and zones kept for some minutes, so that a changed file is noticed and few are read.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

/// Where zone files lie; a folder that `TZDIR` names goes first.
const FOLDERS: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
/// How long a zone is kept.
const KEPT: Duration = Duration::from_secs(300);

/// Loading accounts, log lines and HTTP ask for zones, each in threads of its own. No file is read while it is locked.
#[allow(clippy::disallowed_types)]
static ZONES: std::sync::Mutex<BTreeMap<Box<str>, (Instant, TimeZone)>> = std::sync::Mutex::new(BTreeMap::new());

/// The zone that was made for this key lately, else a new one. Keys for which none can be made are not remembered.
pub fn kept(key: &str, make: impl FnOnce() -> Option<TimeZone>) -> Option<TimeZone> {
    let now = Instant::now();
    let zones = || ZONES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((made, zone)) = zones().get(key) {
        if now.duration_since(*made) < KEPT {
            return Some(zone.clone());
        }
    }
    let zone = make()?;
    zones().insert(key.into(), (now, zone.clone()));
    Some(zone)
}

/// The zone of this name by its file; the name must be one that stays in the folder.
pub fn region(name: &str) -> Option<TimeZone> {
    let own = env::var_os("TZDIR").map(PathBuf::from);
    own.into_iter().chain(FOLDERS.map(PathBuf::from)).find_map(|folder| {
        let file = fs::read(folder.join(name)).ok()?;
        TimeZone::tzif(name, &file).ok()
    })
}

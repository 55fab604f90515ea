//! The machine's local time, for log lines and dates in file names. Stored times are always UTC.

use std::env;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::Timestamp;

use crate::tz;

/// Under this key the machine's zone is kept, beside those that have names.
const KEY: &str = "";
/// A path up to here stands before a zone's name.
const FOLDER: &str = "zoneinfo/";

/// The machine's time zone: `TZ` or `/etc/localtime`, on OpenWrt `/etc/TZ`, else UTC.
pub fn zone() -> TimeZone {
    tz::kept(KEY, || {
        let own = match env::var("TZ") {
            Ok(text) => of_variable(&text),
            Err(_) => of_file(Path::new("/etc/localtime")),
        };
        let router = || TimeZone::posix(fs::read_to_string("/etc/TZ").ok()?.trim()).ok();
        Some(own.or_else(router).unwrap_or(TimeZone::UTC))
    })
    .unwrap_or(TimeZone::UTC)
}

/// What `TZ` means: a rule, a zone's name, or a zone file; `:` may stand before names and files.
fn of_variable(text: &str) -> Option<TimeZone> {
    if text.is_empty() {
        return Some(TimeZone::UTC);
    }
    let name = text.strip_prefix(':');
    let rule = || TimeZone::posix(text).ok().filter(|_| name.is_none());
    let name = name.unwrap_or(text);
    rule().or_else(|| tz::region(name)).or_else(|| of_file(Path::new(name)))
}

/// The zone of a file, or, where it is missing, of the name that the path or the link tells.
fn of_file(path: &Path) -> Option<TimeZone> {
    let link = fs::read_link(path).unwrap_or_else(|_| path.into());
    let name = link.to_str().and_then(|path| path.rsplit_once(FOLDER)).map(|(_, name)| name);
    let unnamed = || TimeZone::tzif("", &fs::read(path).ok()?).ok();
    name.and_then(tz::region).or_else(unnamed)
}

/// Local date and time of ms since 1970, for people.
pub fn shown(ms: i64) -> String {
    let time = zone().to_datetime(Timestamp::from_millisecond(ms).unwrap_or_default());
    format!("{}:{:02}", minute(time), time.second())
}

/// `2026-11-28 14:05`.
pub fn minute(time: DateTime) -> String {
    format!("{} {:02}:{:02}", time.date(), time.hour(), time.minute())
}

/// What the clock of this moment is. (Through jiff's own way all its error texts would come into the binary.)
pub fn timestamp() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millisecond(i64::try_from(since.as_millis()).unwrap_or(0)).unwrap_or_default()
}

/// Date and time on the wall.
pub fn now() -> DateTime {
    zone().to_datetime(timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tz_means() {
        let shown = |text: &str| {
            let time = "2024-07-01T10:00:00Z".parse::<Timestamp>().unwrap();
            of_variable(text).map(|zone| minute(zone.to_datetime(time)))
        };
        for (text, time) in [
            ("", "10:00"),
            ("UTC0", "10:00"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "12:00"),
            ("<+03>-3", "13:00"),
            ("Europe/Berlin", "12:00"),
            (":Europe/Berlin", "12:00"),
            ("/usr/share/zoneinfo/Europe/Berlin", "12:00"),
            ("../zoneinfo/Europe/Berlin", "12:00"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(&*format!("2024-07-01 {time}")), "{text}");
        }
        for text in ["Nowhere/Else", "/etc/passwd", ":CET-1", "/nowhere/zoneinfo/x"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_and_a_link_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("localtime");
        std::os::unix::fs::symlink("/nowhere/zoneinfo/Asia/Kolkata", &path).unwrap();
        assert_eq!(of_file(&path).unwrap().to_offset(Timestamp::UNIX_EPOCH).seconds(), 19_800);
        fs::remove_file(&path).unwrap();
        assert!(of_file(&path).is_none());
        fs::write(&path, "no zone").unwrap();
        assert!(of_file(&path).is_none());
    }
}

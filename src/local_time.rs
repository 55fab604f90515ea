//! The machine's local time, for log lines and dates in file names. Stored times are always UTC.

use std::fs;
use std::sync::OnceLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::Timestamp;

/// The machine's time zone: `TZ` or `/etc/localtime`, on OpenWrt `/etc/TZ`, else UTC.
pub fn zone() -> TimeZone {
    // Only the fall-back is remembered: jiff notices a changed /etc/localtime.
    static ROUTER: OnceLock<Option<TimeZone>> = OnceLock::new();
    TimeZone::try_system().unwrap_or_else(|_| {
        let router = ROUTER.get_or_init(|| TimeZone::posix(fs::read_to_string("/etc/TZ").ok()?.trim()).ok());
        router.clone().unwrap_or(TimeZone::UTC)
    })
}

/// Local date and time of ms since 1970, for people.
pub fn shown(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or_default();
    zone().to_datetime(time).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Date and time on the wall.
pub fn now() -> DateTime {
    zone().to_datetime(Timestamp::now())
}

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

/// Date and time on the wall.
pub fn now() -> DateTime {
    zone().to_datetime(Timestamp::now())
}

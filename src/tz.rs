//! Time zones: which zone texts are known and how they are kept, and what the clock shows in a zone.
//!
//! The system's zone files are asked first, then the table in the binary (feature `timezones`): routers often have none, or
//! only a few.

mod files;
#[cfg(feature = "timezones")]
mod table;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::Timestamp;

use std::fmt;

pub use files::kept;

/// Longest zone text that is looked up, bytes.
const TEXT_MAX: usize = 64;
/// Furthest offset from UTC, seconds.
const OFFSET_MAX: i32 = 18 * 3600;
/// Zone texts of the apps that were never in the database, and what they mean.
const OTHER_NAMES: [(&str, &str); 2] =
    [("Canada/East-Saskatchewan", "America/Regina"), ("Asia/Hanoi", "Asia/Ho_Chi_Minh")];

/// The rules of a zone. Cheap to clone.
#[derive(Clone)]
pub struct Rules {
    id: Box<str>,
    zone: TimeZone,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// The zone of a tz database id; case counts.
pub fn region(id: &str) -> Option<TimeZone> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+');
    let starts_well = id.starts_with(|c: char| c.is_ascii_uppercase());
    if id.len() > TEXT_MAX || !starts_well || !id.bytes().all(is_plain) {
        return None;
    }
    kept(id, || {
        let zone = files::region(id);
        #[cfg(feature = "timezones")]
        let zone = zone.or_else(|| table::region(id));
        zone
    })
}

/// The form in which a zone text is kept: known ids as they are, offsets as `+03:00` or `GMT+03:00`, others as `UTC`.
pub fn normalise(text: &str) -> Box<str> {
    Rules::of(text).id
}

/// Whether there is a database of regions at all.
pub fn knows_regions() -> bool {
    region("Europe/London").is_some()
}

impl Rules {
    /// UTC.
    pub fn utc() -> Rules {
        Rules { id: "UTC".into(), zone: TimeZone::UTC }
    }

    /// The rules of a zone text: a tz database id (case counts), `Z`, `UTC`, `GMT`, `UT`, an offset like `+3` or `-03:30`, or an
    /// offset after one of the three. Unknown texts are UTC.
    pub fn of(text: &str) -> Rules {
        let known = |text: &str| Rules::of_offset(text).or_else(|| Rules::of_region(text));
        let other_name = || OTHER_NAMES.iter().find(|(name, _)| *name == text).and_then(|(_, id)| known(id));
        known(text).or_else(other_name).unwrap_or_else(Rules::utc)
    }

    fn of_offset(text: &str) -> Option<Rules> {
        let prefix = ["UTC", "GMT", "UT", ""].into_iter().find(|prefix| text.starts_with(prefix))?;
        let rest = text.get(prefix.len()..)?;
        let seconds = match (prefix, rest) {
            ("UTC" | "GMT" | "UT", "") | ("", "Z") => 0,
            _ => parse_offset(rest)?,
        };
        let id = match seconds {
            0 if !prefix.is_empty() => prefix.into(),
            _ => format!("{prefix}{}", offset_text(seconds)),
        };
        Some(Rules { id: id.into(), zone: TimeZone::fixed(Offset::from_seconds(seconds).ok()?) })
    }

    fn of_region(text: &str) -> Option<Rules> {
        region(text).map(|zone| Rules { id: text.into(), zone })
    }

    /// The zone's id, as it is kept.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Seconds to add to UTC at a Unix time in ms.
    pub fn offset_seconds(&self, ms: i64) -> i32 {
        self.zone.to_offset(timestamp(ms)).seconds()
    }

    /// What calendar and clock show at a Unix time in ms; times far outside our era are moved to its ends.
    pub fn local(&self, ms: i64) -> DateTime {
        self.zone.to_datetime(timestamp(ms))
    }

    /// Day of the week at a Unix time in ms, 1 = Monday to 7 = Sunday.
    pub fn weekday(&self, ms: i64) -> i8 {
        self.local(ms).weekday().to_monday_one_offset()
    }

    /// The Unix time in ms at which the clock shows that. A time that the clock skips is moved on by what it skips; for one that
    /// it shows twice the offset of `near_ms` is taken if that is one of the two, else the earlier.
    pub fn at(&self, local: DateTime, near_ms: i64) -> i64 {
        let offset = match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { before, .. } => before,
            AmbiguousOffset::Fold { after, .. } if after.seconds() == self.offset_seconds(near_ms) => after,
            AmbiguousOffset::Fold { before, .. } => before,
        };
        match offset.to_timestamp(local) {
            Ok(time) => time.as_millisecond(),
            Err(_) => Timestamp::MAX.as_millisecond(),
        }
    }

    /// Start of a day as Unix time in ms.
    pub fn day_start(&self, date: Date) -> i64 {
        self.at(date.to_datetime(Time::midnight()), i64::MIN)
    }

    /// Last millisecond of a day as Unix time in ms.
    pub fn day_end(&self, date: Date) -> i64 {
        match date.tomorrow() {
            Ok(next) => self.day_start(next) - 1,
            Err(_) => Timestamp::MAX.as_millisecond(),
        }
    }

    /// The zone's short name at a Unix time in ms, like `EET`; the id of an offset zone, and the offset of a zone without names.
    pub fn short_name(&self, ms: i64) -> String {
        if self.zone.to_fixed_offset().is_ok_and(|offset| offset != Offset::UTC) {
            return self.id.to_string();
        }
        let info = self.zone.to_offset_info(timestamp(ms));
        match info.abbreviation() {
            name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => name.into(),
            _ => offset_text(info.offset().seconds()),
        }
    }
}

fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// An offset in the usual form: `Z`, `+03:00`, `-00:30`, `+02:02:04`.
pub fn offset_text(seconds: i32) -> String {
    if seconds == 0 {
        return "Z".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let (h, m, s) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    match s {
        0 => format!("{sign}{h:02}:{m:02}"),
        _ => format!("{sign}{h:02}:{m:02}:{s:02}"),
    }
}

/// `+h`, `+hh`, `+hhmm`, `+hh:mm`, `+hhmmss` or `+hh:mm:ss`, either sign, up to 18 hours; in seconds.
fn parse_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let parts: Vec<&str> = match digits.len() {
        1 | 2 => vec![digits],
        4 | 6 => [digits.get(..2), digits.get(2..4), digits.get(4..)].into_iter().flatten().collect(),
        5 | 8 => digits.split(':').collect(),
        _ => return None,
    };
    let has_colons = matches!(digits.len(), 5 | 8);
    if has_colons && (parts.len() != digits.len() / 3 + 1 || parts.iter().any(|part| part.len() != 2)) {
        return None;
    }
    let mut seconds = 0;
    for (part, unit) in parts.iter().filter(|part| !part.is_empty()).zip([3600, 60, 1]) {
        let number: i32 = part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())??;
        if unit != 3600 && number > 59 {
            return None;
        }
        seconds += number * unit;
    }
    (seconds <= OFFSET_MAX).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn known_ids_are_kept() {
        for id in
            ["Europe/Kiev", "Europe/Kyiv", "Brazil/East", "CET", "GMT0", "UTC", "GMT", "UT", "Z", "Etc/GMT+3", "EST"]
        {
            assert_eq!(&*normalise(id), id);
        }
        assert_eq!(Rules::of("Europe/Kiev").offset_seconds(ms("2019-01-01T12:00:00Z")), 7200);
        assert_eq!(Rules::of("Etc/GMT+3").offset_seconds(0), -3 * 3600);
        assert_eq!(Rules::of("EST").offset_seconds(0), -5 * 3600);
    }

    #[test]
    fn offsets_are_normalised() {
        for (text, id, seconds) in [
            ("+3", "+03:00", 10800),
            ("+03", "+03:00", 10800),
            ("+03:00", "+03:00", 10800),
            ("-0330", "-03:30", -12600),
            ("+01:02:03", "+01:02:03", 3723),
            ("-010203", "-01:02:03", -3723),
            ("+18:00", "+18:00", 64800),
            ("+0", "Z", 0),
            ("GMT+2", "GMT+02:00", 7200),
            ("UTC+3", "UTC+03:00", 10800),
            ("UTC+01:00", "UTC+01:00", 3600),
            ("UT-1", "UT-01:00", -3600),
            ("GMT+0", "GMT", 0),
        ] {
            let rules = Rules::of(text);
            assert_eq!((rules.id(), rules.offset_seconds(0)), (id, seconds), "{text}");
        }
    }

    #[test]
    fn unknown_texts_are_utc() {
        for text in [
            "",
            "5",
            "europe/kiev",
            "Nowhere/Else",
            "+19",
            "+18:01",
            "+3:00",
            "+03:60",
            "+1:2:3",
            "+ab",
            "++3",
            "+",
            "GMT+x",
            "UTC3",
            "../../etc/passwd",
            "/etc/localtime",
            "posix/Europe/Kiev",
            "Europe/Kiev ",
            "Ж",
            "+Ж",
        ] {
            assert_eq!(&*normalise(text), "UTC", "{text:?}");
        }
        assert_eq!(&*normalise(&"A".repeat(100_000)), "UTC");
        assert_eq!(&*normalise("Canada/East-Saskatchewan"), "America/Regina");
        assert_eq!(&*normalise("Asia/Hanoi"), "Asia/Ho_Chi_Minh");
    }

    #[test]
    fn skipped_times_move_on_and_double_times_keep_the_offset() {
        let zone = Rules::of("America/New_York");
        let gap = date(2024, 3, 10).at(2, 30, 0, 0);
        assert_eq!(zone.at(gap, 0), ms("2024-03-10T07:30:00Z"));
        let fold = date(2024, 11, 3).at(1, 30, 0, 0);
        assert_eq!(zone.at(fold, ms("2024-07-01T00:00:00Z")), ms("2024-11-03T05:30:00Z"));
        assert_eq!(zone.at(fold, ms("2024-12-01T00:00:00Z")), ms("2024-11-03T06:30:00Z"));
        assert_eq!(zone.day_start(date(2024, 11, 3)), ms("2024-11-03T04:00:00Z"));
        assert_eq!(zone.day_end(date(2024, 11, 3)), ms("2024-11-04T04:59:59.999Z"));
    }

    #[test]
    fn any_time_has_a_local_form() {
        let zone = Rules::of("Asia/Kolkata");
        assert_eq!(zone.local(ms("2023-11-14T22:14:00Z")), date(2023, 11, 15).at(3, 44, 0, 0));
        assert_eq!(zone.weekday(ms("2023-11-14T22:14:00Z")), 3);
        for extreme in [i64::MIN, i64::MAX] {
            zone.local(extreme);
            zone.at(zone.local(extreme), extreme);
            zone.day_end(zone.local(extreme).date());
        }
    }

    #[test]
    fn short_names() {
        let (winter, summer) = (ms("2023-11-14T22:14:00Z"), ms("2023-07-14T22:14:00Z"));
        for (id, name) in [
            ("Europe/Kiev", "EET"),
            ("UTC", "UTC"),
            ("America/New_York", "EST"),
            ("Asia/Kolkata", "IST"),
            ("+3", "+03:00"),
            ("Asia/Dubai", "+04:00"),
        ] {
            assert_eq!(Rules::of(id).short_name(winter), name);
        }
        assert_eq!(Rules::of("Europe/Kiev").short_name(summer), "EEST");
    }
}

//! The zones in the binary, for systems without files of them: each zone's rule as it is now, not those of past years.
//!
//! `make-table` writes the table and tells its form.

use jiff::tz::TimeZone;

/// All zones by rule, after a line with the database's version.
const ZONES: &str = include_str!("zones.txt");
/// An hour, seconds.
const HOUR: i64 = 3600;

/// The zone of this name, case counts.
pub fn region(name: &str) -> Option<TimeZone> {
    let (area, city) = name.rsplit_once('/').unwrap_or(("", name));
    let is_this = |word: &str| {
        let (other, cities) = word.rsplit_once('/').unwrap_or(("", word));
        other == area && cities.split(',').any(|other| other == city)
    };
    let line = ZONES.lines().find(|line| line.split(' ').skip(1).any(is_this))?;
    let mut parts = line.split(' ').next()?.split('|');
    let rule = parts.next()?;
    match parts.next_back() {
        None => TimeZone::posix(rule).ok(),
        Some(changes) => TimeZone::tzif(name, &file(rule, parts, changes)?).ok(),
    }
}

/// What a zone file (RFC 9636) with these kinds of time and changes has in it.
fn file<'a>(rule: &str, kinds: impl Iterator<Item = &'a str>, changes: &str) -> Option<Vec<u8>> {
    let (mut kind_bytes, mut names) = (Vec::new(), Vec::new());
    for kind in kinds {
        let mut parts = kind.split(',');
        let (name, seconds, dst) = (parts.next()?, parts.next()?, parts.next()?);
        kind_bytes.extend(seconds.parse::<i32>().ok()?.to_be_bytes());
        kind_bytes.extend([dst.parse().ok()?, u8::try_from(names.len()).ok()?]);
        names.extend(name.bytes().chain([0]));
    }
    let (mut hours, mut times, mut time_kinds) = (0, Vec::new(), Vec::new());
    for change in changes.split_inclusive(|c: char| c.is_ascii_lowercase()) {
        let (number, kind) = change.split_at_checked(change.len() - 1)?;
        hours += number.parse::<i64>().ok()?;
        times.extend((hours * HOUR).to_be_bytes());
        time_kinds.push(kind.bytes().next()? - b'a');
    }
    // The part for old readers is as good as empty.
    let mut file = header(0, 1, 1);
    file.extend([0; 7]);
    file.extend(header(time_kinds.len(), kind_bytes.len() / 6, names.len()));
    for part in [&times, &time_kinds, &kind_bytes, &names] {
        file.extend(part);
    }
    file.extend(format!("\n{rule}\n").bytes());
    Some(file)
}

fn header(times: usize, kinds: usize, chars: usize) -> Vec<u8> {
    let mut header = b"TZif2".to_vec();
    header.resize(20, 0);
    for count in [0, 0, 0, times, kinds, chars] {
        header.extend(u32::try_from(count).unwrap_or(0).to_be_bytes());
    }
    header
}

#[cfg(test)]
mod tests {
    use super::super::files;
    use super::*;
    use jiff::tz::Offset;
    use jiff::Timestamp;
    use std::collections::BTreeSet;
    use std::fs;

    fn names() -> Vec<String> {
        let words = ZONES.lines().skip(1).flat_map(|line| line.split(' ').skip(1));
        words
            .flat_map(|word| {
                let (area, cities) = word.rsplit_once('/').map_or(("", word), |(area, rest)| (area, rest));
                let name = |city| if area.is_empty() { String::from(city) } else { format!("{area}/{city}") };
                cities.split(',').map(name).collect::<Vec<_>>()
            })
            .collect()
    }

    fn offset(zone: &TimeZone, second: i64) -> Offset {
        zone.to_offset(Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn every_zone_can_be_read() {
        let names = names();
        assert!(names.len() > 590, "{}", names.len());
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a zone stands twice in it");
        for name in &names {
            assert!(region(name).is_some(), "{name}");
        }
        for name in ["", "2026f", "europe/kiev", "Europe", "Europe/", "Amsterdam", "Europe/Amsterdam,Berlin", "CET-1"] {
            assert!(region(name).is_none(), "{name}");
        }
    }

    #[test]
    fn changes_that_no_rule_tells() {
        let at = |name: &str, time: &str| {
            let time: Timestamp = time.parse().unwrap();
            let zone = region(name).unwrap();
            let info = zone.to_offset_info(time);
            (info.offset().seconds(), info.abbreviation().to_owned())
        };
        // Ramadan of 2038 ends the summer time for a while.
        for (time, seconds, kind) in [
            ("2038-07-01T00:00:00Z", 10800, "EEST"),
            ("2038-10-10T00:00:00Z", 7200, "EET"),
            ("2100-07-01T00:00:00Z", 10800, "EEST"),
            ("2100-12-01T00:00:00Z", 7200, "EET"),
        ] {
            assert_eq!(at("Asia/Gaza", time), (seconds, kind.to_owned()), "{time}");
        }
        assert_eq!(at("Africa/Casablanca", "2026-03-01T00:00:00Z").0, 0);
        assert_eq!(at("Africa/Casablanca", "2026-06-01T00:00:00Z").0, 3600);
        assert_eq!(at("Africa/Casablanca", "2030-06-01T00:00:00Z").0, 0);
    }

    /// What the table tells for this year and the next two is what the system's files tell. One of both may be older: then
    /// few zones may differ, those whose country has another law since.
    #[test]
    fn clocks_are_the_systems() {
        const DIFFERENT_MAX: usize = 40;
        let version = fs::read_to_string("/usr/share/zoneinfo/tzdata.zi").unwrap_or_default();
        let version = version.lines().next().unwrap_or_default().trim_start_matches("# version ").to_owned();
        let is_same = Some(version.as_str()) == ZONES.lines().next();
        let start = Timestamp::now().as_second() / (365 * 86_400) * (365 * 86_400);
        let (mut compared, mut different) = (0, Vec::new());
        for name in names() {
            let (Some(ours), Some(theirs)) = (region(&name), files::region(&name)) else { continue };
            compared += 1;
            let moments = (0..3 * 365 * 4).map(|i| start + i * 6 * HOUR);
            if let Some(moment) = moments.clone().find(|moment| offset(&ours, *moment) != offset(&theirs, *moment)) {
                different.push((name, Timestamp::from_second(moment).unwrap()));
            }
        }
        println!("{compared} zones compared with {version}, different: {different:?}");
        assert!(different.len() <= if is_same { 0 } else { DIFFERENT_MAX.min(compared / 4) }, "{different:?}");
    }
}

//! When a report runs next.

use crate::model::enums::{DayOfMonth, DurationType};
use crate::model::widget::{ReportType, Schedule};
use crate::tz::Rules;
use jiff::civil::Date;

/// Why there is no next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRun {
    /// The report has no schedule.
    #[error("a one-time report")]
    OneTime,
    /// Its last day is over before the next run.
    #[error("its time is over")]
    Expired,
    /// The day of the week is none of 1 to 7.
    #[error("no such day of the week")]
    BadWeekday,
}

/// Unix time in ms of the next run after `now_ms`; a whole number of seconds after it.
///
/// The time of day is that of the schedule's `atTime` in the zone. A custom schedule runs from the day of its start to the day of
/// its end.
///
/// Errors: see [`NoRun`].
pub fn next_run(report_type: &ReportType, zone: &Rules, now_ms: i64) -> Result<i64, NoRun> {
    let schedule = report_type.schedule().ok_or(NoRun::OneTime)?;
    let now = zone.local(now_ms);
    let custom_start = is_custom(schedule).then(|| zone.local(schedule.start_ts).date());
    let first = match custom_start {
        Some(start) if zone.day_start(start) > now_ms => start,
        _ => now.date(),
    };
    let time_of_day = zone.local(schedule.at_time).time();
    let time = jiff::civil::Time::new(
        time_of_day.hour(),
        time_of_day.minute(),
        time_of_day.second(),
        now.time().subsec_nanosecond(),
    )
    .unwrap_or(time_of_day);
    let mut date = Some(match report_type {
        ReportType::OneTime { .. } => return Err(NoRun::OneTime),
        ReportType::Daily(_) => first,
        ReportType::Weekly(_, day) => {
            let day = i8::try_from(*day).ok().filter(|day| (1..=7).contains(day)).ok_or(NoRun::BadWeekday)?;
            let ahead = (day - first.weekday().to_monday_one_offset()).rem_euclid(7);
            days_later(first, ahead).ok_or(NoRun::Expired)?
        }
        ReportType::Monthly(_, DayOfMonth::First) => first.first_of_month(),
        ReportType::Monthly(_, DayOfMonth::Last) => first.last_of_month(),
    });
    // At most two steps: past now, and past a start in the middle of a month.
    while let Some(day) = date {
        let at = zone.at(day.to_datetime(time), now_ms);
        if at > now_ms && custom_start.is_none_or(|start| day >= start) {
            if is_custom(schedule) && zone.day_end(zone.local(schedule.end_ts).date()) < at {
                return Err(NoRun::Expired);
            }
            return Ok(now_ms + (at - now_ms) / 1000 * 1000);
        }
        date = following(report_type, day);
    }
    Err(NoRun::Expired)
}

/// The day of the run after that of a day; None at the end of the calendar.
fn following(report_type: &ReportType, day: Date) -> Option<Date> {
    match report_type {
        ReportType::OneTime { .. } => None,
        ReportType::Daily(_) => days_later(day, 1),
        ReportType::Weekly(..) => days_later(day, 7),
        ReportType::Monthly(_, which) => {
            let next = days_later(day.last_of_month(), 1)?;
            Some(if *which == DayOfMonth::First { next } else { next.last_of_month() })
        }
    }
}

/// Some days later; None after the end of the calendar. (jiff's own sums of dates bring all its error texts with them.)
fn days_later(day: Date, days: i8) -> Option<Date> {
    (0..days).try_fold(day, |day, _| day.tomorrow().ok())
}

/// Whether the schedule has a first and a last day.
pub fn is_custom(schedule: &Schedule) -> bool {
    schedule.duration_type == Some(DurationType::Custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn at(text: &str) -> Schedule {
        Schedule { at_time: ms(text), duration_type: Some(DurationType::Infinite), start_ts: 0, end_ts: 0 }
    }

    fn custom(at_time: &str, start: &str, end: &str) -> Schedule {
        let duration_type = Some(DurationType::Custom);
        Schedule { duration_type, start_ts: ms(start), end_ts: ms(end), ..at(at_time) }
    }

    fn next(report_type: ReportType, zone: &str, now: &str) -> String {
        match next_run(&report_type, &Rules::of(zone), ms(now)) {
            Ok(at) => Timestamp::from_millisecond(at).unwrap().to_string(),
            Err(error) => error.to_string(),
        }
    }

    const NOON: &str = "2024-05-15T09:00:00Z"; // a Wednesday

    #[test]
    fn daily() {
        let now = "2024-03-12T08:00:00.250Z"; // 10:00 in Kiev
        let kiev = |time| next(ReportType::Daily(at(time)), "Europe/Kiev", now);
        assert_eq!(kiev("2024-01-01T08:00:05Z"), "2024-03-12T08:00:05.25Z");
        assert_eq!(kiev("2024-01-01T08:00:00Z"), "2024-03-13T08:00:00.25Z");
        // the offset at the time of `atTime` counts: summer
        assert_eq!(kiev("2024-07-01T07:00:05Z"), "2024-03-12T08:00:05.25Z");
        let gap = next(ReportType::Daily(at("2024-01-01T07:30:00Z")), "America/New_York", "2024-03-09T17:00:00Z");
        assert_eq!(gap, "2024-03-10T07:30:00Z");
        assert_eq!(ms(&gap) - ms("2024-03-09T17:00:00Z"), 52_200_000);
    }

    #[test]
    fn weekly() {
        let next = |day, time| next(ReportType::Weekly(at(time), day), "UTC", NOON);
        assert_eq!(next(3, "2020-01-01T10:00:00Z"), "2024-05-15T10:00:00Z");
        assert_eq!(next(3, "2020-01-01T08:00:00Z"), "2024-05-22T08:00:00Z");
        assert_eq!(next(1, "2020-01-01T08:00:00Z"), "2024-05-20T08:00:00Z");
        for day in [0, 8, -1, i32::MAX] {
            assert_eq!(next(day, NOON), NoRun::BadWeekday.to_string());
        }
    }

    #[test]
    fn monthly() {
        let next = |day, now| next(ReportType::Monthly(at("2020-01-01T08:00:00Z"), day), "UTC", now);
        assert_eq!(next(DayOfMonth::First, NOON), "2024-06-01T08:00:00Z");
        assert_eq!(next(DayOfMonth::Last, "2024-01-31T09:00:00Z"), "2024-02-29T08:00:00Z");
        assert_eq!(next(DayOfMonth::Last, NOON), "2024-05-31T08:00:00Z");
    }

    #[test]
    fn custom_schedules() {
        let eight = "2020-01-01T08:00:00Z";
        let daily = |start, end| next(ReportType::Daily(custom(eight, start, end)), "UTC", NOON);
        assert_eq!(daily("2024-05-20T12:00:00Z", "2024-05-25T00:00:00Z"), "2024-05-20T08:00:00Z");
        assert_eq!(daily("2024-05-10T00:00:00Z", "2024-05-15T00:00:00Z"), NoRun::Expired.to_string());
        assert_eq!(daily("2024-05-10T00:00:00Z", "2024-05-16T00:00:00Z"), "2024-05-16T08:00:00Z");
        let monthly =
            ReportType::Monthly(custom(eight, "2024-06-15T00:00:00Z", "2024-12-31T00:00:00Z"), DayOfMonth::First);
        assert_eq!(next(monthly, "UTC", NOON), "2024-07-01T08:00:00Z");
        let leap = ReportType::Daily(custom(eight, "2024-02-29T00:00:00Z", "2024-12-31T00:00:00Z"));
        assert_eq!(next(leap, "UTC", "2023-12-05T00:00:00Z"), "2024-02-29T08:00:00Z");
    }

    #[test]
    fn odd_schedules_end() {
        for time in [i64::MIN, 0, i64::MAX] {
            let odd =
                Schedule { at_time: time, duration_type: Some(DurationType::Custom), start_ts: time, end_ts: time };
            for report_type in [
                ReportType::Daily(odd.clone()),
                ReportType::Weekly(odd.clone(), 7),
                ReportType::Monthly(odd.clone(), DayOfMonth::First),
                ReportType::Monthly(odd.clone(), DayOfMonth::Last),
            ] {
                let _ = next_run(&report_type, &Rules::of("Asia/Kolkata"), ms(NOON));
                let _ = next_run(&report_type, &Rules::of("Europe/Kiev"), i64::MAX);
            }
        }
        assert_eq!(next_run(&ReportType::default(), &Rules::utc(), 0), Err(NoRun::OneTime));
    }
}

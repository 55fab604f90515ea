//! What the mail about a report says of it.

use super::schedule::is_custom;
use super::ReportJob;
use crate::model::enums::DayOfMonth;
use crate::model::widget::ReportType;
use crate::notify::template::escape;

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Name and schedule in words, as HTML.
pub fn dynamic_section(job: &ReportJob) -> String {
    let mut text = format!("Report name: {}<br>Period: ", escape(&job.name));
    let Some(schedule) = job.report_type.as_ref().and_then(ReportType::schedule) else { return text + "One time" };
    let local = job.zone.local(schedule.at_time);
    let at = format!("at {:02}:{:02}", local.hour(), local.minute());
    text += &match &job.report_type {
        Some(ReportType::Weekly(_, day)) => {
            let day = usize::try_from(day - 1).ok().and_then(|at| DAYS.get(at)).copied().unwrap_or_default();
            format!("Weekly, {at} every {day}")
        }
        Some(ReportType::Monthly(_, DayOfMonth::First)) => format!("Monthly, {at} at the first day of every month"),
        Some(ReportType::Monthly(_, DayOfMonth::Last)) => format!("Monthly, {at} at the last day of every month"),
        _ => format!("Daily, {at}"),
    };
    if is_custom(schedule) {
        let (start, end) = (job.zone.local(schedule.start_ts).date(), job.zone.local(schedule.end_ts).date());
        text += &format!("<br>Start date: {start}<br>End date: {end}<br>");
    }
    text
}

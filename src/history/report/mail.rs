//! The mail that tells where a report lies.

use super::schedule::is_custom;
use super::ReportJob;
use crate::model::enums::DayOfMonth;
use crate::model::widget::ReportType;

/// The mail's HTML where no file overrides it; with the placeholders `{DYNAMIC_SECTION}`, `{DOWNLOAD_URL}`, `{PRODUCT_NAME}`.
pub const TEMPLATE: &str = include_str!("report-email.html");

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// `Your daily Temps is ready`.
pub fn subject(job: &ReportJob) -> String {
    let kind = match job.report_type {
        None | Some(ReportType::OneTime { .. }) => "one time",
        Some(ReportType::Daily(_)) => "daily",
        Some(ReportType::Weekly(..)) => "weekly",
        Some(ReportType::Monthly(..)) => "monthly",
    };
    let name: String = job.name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("Your {kind} {name} is ready")
}

/// The mail's HTML: a template with its placeholders filled.
pub fn html(template: &str, job: &ReportJob, download_url: &str, product_name: &str) -> String {
    let replacements = [
        ("{DYNAMIC_SECTION}", dynamic_section(job)),
        ("{DOWNLOAD_URL}", escape(download_url)),
        ("{PRODUCT_NAME}", escape(product_name)),
    ];
    // One pass, so that a name with a placeholder in it stays a name.
    let mut html = String::with_capacity(template.len() + 256);
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        html.push_str(before);
        let found = replacements.iter().find_map(|(name, text)| from.strip_prefix(name).map(|after| (text, after)));
        rest = match found {
            Some((text, after)) => {
                html.push_str(text);
                after
            }
            None => {
                html.push('{');
                from.strip_prefix('{').unwrap_or_default()
            }
        };
    }
    html + rest
}

/// Name and schedule in words.
fn dynamic_section(job: &ReportJob) -> String {
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

/// HTML text for use between tags and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

//! Reports: CREATE_REPORT (77), UPDATE_REPORT (78), DELETE_REPORT (79), EXPORT_REPORT (80). Spec 02 §15.5, 04 §12.

use super::request::{admit, admit_instead, check_size, json_text, object, part};
use super::Caller;
use crate::history::report::schedule::NoRun;
use crate::hub::reports::{is_valid, next_run_of, ReportRef};
use crate::hub::{Handled, Hub, Reply};
use crate::model::checks::REPORTS_MAX;
use crate::model::enums::ReportResult;
use crate::model::json::{to_string, Audience};
use crate::model::price::REPORT;
use crate::model::weight::weight;
use crate::model::widget::{Report, ReportWidget};
use crate::wire::body::{parse_int32, split2};
use crate::wire::Status;

/// Project, REPORT widget and JSON of a request.
fn read<'h, 'b>(hub: &'h Hub, caller: &Caller, body: &'b str) -> Result<(i32, &'h ReportWidget, &'b str), Status> {
    let (dash, json) = split2(body);
    let dash = parse_int32(part(json.map(|_| dash))?)?;
    let json = json_text(json)?;
    let widget = part(caller.dash(hub, dash)?.report_widget())?;
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    Ok((dash, widget, json))
}

/// Checks a report that is to be stored, and sets its next run.
///
/// Errors: not valid 2, over before the next run 11.
fn prepare(report: &mut Report, now: i64) -> Result<(), Status> {
    if !is_valid(report) {
        return Err(Status::IllegalCommand);
    }
    match next_run_of(report, now) {
        Ok(at) => report.next_report_at = at,
        Err(NoRun::OneTime) => {}
        Err(NoRun::Expired) => return Err(Status::IllegalCommandBody),
        Err(NoRun::BadWeekday) => return Err(Status::IllegalCommand),
    }
    Ok(())
}

/// CREATE_REPORT. Body `dash\0json`, answer: the stored report. Errors, in this order: parts missing, unknown project, no
/// REPORT widget 2, too long 6, too many reports 2, unreadable 11, the id in use 2, too little energy 21, not valid 2, over
/// before its first run 11, the account is full 6.
pub fn create_report(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let now = hub.now();
    let (dash, widget, json) = read(hub, &caller, body)?;
    if widget.reports.len() >= REPORTS_MAX {
        return Err(Status::IllegalCommand);
    }
    let mut report: Report = object(json)?;
    if widget.reports.iter().any(|known| known.id == report.id) {
        return Err(Status::IllegalCommand);
    }
    let account = caller.account(hub)?;
    let price = account.price_in(dash, REPORT);
    if !account.can_pay(price) {
        return Err(Status::EnergyLimit);
    }
    prepare(&mut report, now)?;
    admit(hub, &caller, &report, hub.config.server.user_widget_max_size_limit)?;
    caller.account(hub)?.charge(price);
    let (id, answer) = (report.id, to_string(&report, Audience::Owner));
    part(caller.dash_mut(hub, dash)?.report_widget_mut())?.reports.push(report);
    stored(hub, &caller, dash, id);
    Ok(Reply::Text(answer))
}

/// UPDATE_REPORT. Body `dash\0json`, answer: the stored report, which the JSON replaces as a whole. Errors as for
/// CREATE_REPORT, an unknown id 2; the old report stays as it was then.
pub fn update_report(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let now = hub.now();
    let (dash, _, json) = read(hub, &caller, body)?;
    let mut report: Report = object(json)?;
    let old = weight(part(caller.dash(hub, dash)?.report(report.id))?);
    prepare(&mut report, now)?;
    let is_periodic = report.report_type.as_ref().is_some_and(|kind| kind.schedule().is_some());
    if is_periodic && report.last_run_result == Some(ReportResult::Expired) {
        report.last_run_result = None;
    }
    admit_instead(hub, &caller, &report, old, hub.config.server.user_widget_max_size_limit)?;
    let (id, answer) = (report.id, to_string(&report, Audience::Owner));
    *part(caller.dash_mut(hub, dash)?.report_mut(id))? = report;
    stored(hub, &caller, dash, id);
    Ok(Reply::Text(answer))
}

fn stored(hub: &mut Hub, caller: &Caller, dash: i32, report: i32) {
    hub.dash_changed(caller.user(), dash);
    hub.plan_report(ReportRef { user: caller.user(), dash, report });
}

/// The report that a body `dash\0report` names. Errors: 2.
fn named(hub: &Hub, caller: &Caller, body: &str) -> Result<ReportRef, Status> {
    let (dash, report) = split2(body);
    let (dash, report) = (parse_int32(dash)?, parse_int32(part(report)?)?);
    part(caller.dash(hub, dash)?.report(report))?;
    Ok(ReportRef { user: caller.user(), dash, report })
}

/// DELETE_REPORT. Body `dash\0report`, answer 200. Its energy comes back. Errors: 2.
pub fn delete_report(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let key = named(hub, &caller, body)?;
    part(caller.dash_mut(hub, key.dash)?.report_widget_mut())?.reports.retain(|report| report.id != key.report);
    let account = caller.account(hub)?;
    account.refund(account.price_in(key.dash, REPORT));
    hub.user_changed(key.user);
    stored(hub, &caller, key.dash, key.report);
    Ok(Reply::OK)
}

/// EXPORT_REPORT. Body `dash\0report`: runs the report now; answer: the report with its result. Errors: 2, within a minute
/// of the last run 1, too much work 19.
pub fn export_report(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let key = named(hub, &caller, body)?;
    hub.export_report(key, caller.conn, caller.id)?;
    Ok(Reply::None)
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::{advance, run_jobs, sent, START};
    use crate::wire::Command;

    const DASH: &str = r#"{"id":1,"devices":[{"id":0}],"widgets":[{"type":"REPORT","id":4}]}"#;
    const NO_WIDGET: &str = r#"{"id":2,"devices":[{"id":0}]}"#;
    const SOURCES: &str = r#""reportSources":[{"type":"DEVICE","deviceIds":[0],"reportDataStreams":[{"pin":5,"pinType":"VIRTUAL","isSelected":true}]}]"#;

    fn body(id: i32, kind: &str) -> String {
        format!(r#"1|{{"id":{id},{SOURCES},"recipients":"a@b.cc","isActive":true,"reportType":{{"type":{kind}}}}}"#)
    }

    const ONE_TIME: &str = r#""ONE_TIME","rangeMillis":86400000"#;

    fn create(one: &mut One, id: i32, kind: &str) -> String {
        one.ask(Command::CREATE_REPORT, &body(id, kind)).remove(0)
    }

    #[test]
    fn a_report_costs_energy_until_it_is_deleted() {
        let mut one = one(DASH);
        let made = create(&mut one, 7, ONE_TIME);
        assert!(
            made.starts_with(r#"77 5 {"id":7,"reportSources":"#) && made.ends_with(r#""lastReportAt":0}"#),
            "{made}"
        );
        assert_eq!((one.energy(), one.dash().updated_at), (97_100, START));
        let other = one.ask(Command::UPDATE_REPORT, &body(7, ONE_TIME).replace("{\"id\":7", r#"{"name":"N","id":7"#));
        assert!(other[0].starts_with(r#"78 5 {"id":7,"name":"N""#) && one.energy() == 97_100, "{other:?}");
        one.statuses(Command::DELETE_REPORT, &[("1|8", 2), ("1", 2), ("1|x", 2), ("2|7", 2), ("1|7", 200), ("1|7", 2)]);
        assert_eq!(one.energy(), 100_000);
    }

    #[test]
    fn checks_come_in_their_order() {
        let mut one = one(DASH);
        let one_time = body(1, ONE_TIME);
        let expired = format!(r#""DAILY","durationType":"CUSTOM","startTs":1,"endTs":{}"#, START - 86_400_000);
        let rows = [
            ("1".to_owned(), 2),
            ("x|{".into(), 2),
            ("1|".into(), 2),
            ("9|{".into(), 2),
            ("1|{".into(), 11),
            (format!("1|{}", " ".repeat(1 << 20)), 6),
            (one_time.replace("86400000", "86399999"), 2),
            (one_time.replace("ONE_TIME", "YEARLY"), 11),
            (body(1, &expired), 11),
            (body(1, r#""WEEKLY","dayOfTheWeek":8"#), 2),
        ];
        let rows: Vec<(&str, u16)> = rows.iter().map(|(body, status)| (body.as_str(), *status)).collect();
        one.statuses(Command::CREATE_REPORT, &rows);
        one.statuses(Command::UPDATE_REPORT, &rows[..8]);
        one.statuses(Command::UPDATE_REPORT, &[(&one_time, 2)]);
        for id in 1..=25 {
            create(&mut one, id, ONE_TIME);
        }
        one.statuses(Command::CREATE_REPORT, &[("1|{", 2)]);
        one.statuses(Command::DELETE_REPORT, &[("1|25", 200)]);
        one.statuses(Command::CREATE_REPORT, &[(&one_time, 2)]);
        one.hub.users.get_mut(one.user).unwrap().user.energy = 2899;
        one.statuses(Command::CREATE_REPORT, &[(&body(25, r#""DAILY","startTs":1"#), 21)]);
        let mut other = super::super::testing::one(NO_WIDGET);
        other.statuses(Command::CREATE_REPORT, &[(&one_time.replacen('1', "2", 1), 2)]);
    }

    #[test]
    fn a_refused_update_changes_nothing() {
        let mut one = one(DASH);
        let at = START + 3_600_000;
        create(&mut one, 1, &format!(r#""DAILY","atTime":{at}"#));
        let before = one.dash().report(1).cloned();
        one.statuses(Command::UPDATE_REPORT, &[(&body(1, r#""WEEKLY","dayOfTheWeek":8"#), 2)]);
        assert_eq!(one.dash().report(1).cloned(), before);
        advance(&mut one.hub, 3_600_000);
        assert_eq!(one.hub.jobs.take_kept().len(), 1);
    }

    #[test]
    fn a_one_time_report_no_longer_runs_by_itself() {
        let mut one = one(DASH);
        create(&mut one, 1, &format!(r#""DAILY","atTime":{}"#, START + 3_600_000));
        one.ask(Command::UPDATE_REPORT, &body(1, ONE_TIME));
        advance(&mut one.hub, 3_600_000);
        assert!(one.hub.jobs.take_kept().is_empty());
    }

    #[test]
    fn exports_answer_with_the_result() {
        let mut one = one(DASH);
        let folder = tempfile::tempdir().unwrap();
        one.hub.history.open(folder.path().join("data"));
        one.hub.history.exports = folder.path().join("exports").into();
        create(&mut one, 1, ONE_TIME);
        assert!(one.ask(Command::EXPORT_REPORT, "1|1").is_empty());
        one.statuses(Command::EXPORT_REPORT, &[("1|1", 1), ("1|2", 2), ("1", 2)]);
        run_jobs(&mut one.hub);
        let done = sent(&one.outbox).remove(0);
        assert!(done.starts_with("80 5 {") && done.ends_with(r#""lastRunResult":"NO_DATA"}"#), "{done}");
        one.statuses(Command::EXPORT_REPORT, &[("1|1", 1)]);
        advance(&mut one.hub, 60_000);
        assert!(one.ask(Command::EXPORT_REPORT, "1|1").is_empty());
    }
}

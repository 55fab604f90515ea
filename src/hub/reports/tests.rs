//! Tests of planning and running reports.

use super::*;
use crate::history::averages::Append;
use crate::history::names::{Granularity, Pin, PinType};
use crate::hub::testing::{advance, app, hub, user, START};
use crate::hub::Job;
use tempfile::TempDir;

const HOUR: i64 = 3_600_000;

fn report(id: i32, more: &str) -> String {
    format!(
        r#"{{"id":{id},"reportSources":[{{"type":"DEVICE","deviceIds":[0],"reportDataStreams":[
        {{"pin":5,"pinType":"VIRTUAL","isSelected":true}}]}}],"recipients":"a@b.cc","isActive":true,{more}}}"#
    )
}

fn daily(id: i32, at: i64, more: &str) -> String {
    report(id, &format!(r#""reportType":{{"type":"DAILY","atTime":{at}{more}}}"#))
}

fn with(reports: &str) -> (Hub, ReportRef, TempDir) {
    let (mut hub, folder) = (hub(), tempfile::tempdir().unwrap());
    let dash = format!(
        r#"{{"id":1,"devices":[{{"id":0,"name":"D"}}],"widgets":[{{"type":"REPORT","id":4,"reports":[{reports}]}}]}}"#
    );
    let user = user(&mut hub, "a@b.cc", &dash);
    hub.history.open(folder.path().join("data"));
    hub.history.exports = folder.path().join("exports").into();
    (hub, ReportRef { user, dash: 1, report: 1 }, folder)
}

fn seed(hub: &Hub) {
    let owner = crate::history::names::Owner::new("a@b.cc", "Blynk");
    let file = FileId { owner, pin: Pin::new(1, 0, PinType::Virtual, 5), granularity: Granularity::Minute };
    hub.history.files.append(&Append { file, records: vec![Record::new(1.0, START - 60_000)] }).unwrap();
}

/// Does all jobs; the subjects of the mails, which fail if `mails` says so.
fn work(hub: &mut Hub, mails: Result<(), String>) -> Vec<String> {
    let mut subjects = Vec::new();
    loop {
        let jobs = hub.jobs.take_kept();
        if jobs.is_empty() {
            return subjects;
        }
        for (_, job) in jobs {
            match job {
                Job::Work(work) => work()(hub),
                Job::Mail(mail, then) => {
                    subjects.push(mail.subject.clone());
                    then(hub, mails.clone());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn stored(hub: &Hub, key: ReportRef) -> &Report {
    hub.users.dash(key.user, 1).unwrap().report(key.report).unwrap()
}

#[test]
fn a_daily_report_runs_every_day() {
    let (mut hub, key, _folder) = with(&daily(1, START + HOUR, ""));
    seed(&hub);
    hub.plan_reports_of(key.user, 1);
    assert_eq!(stored(&hub, key).next_report_at, START + HOUR);
    advance(&mut hub, HOUR as u64 - 1);
    assert!(work(&mut hub, Ok(())).is_empty());
    advance(&mut hub, 1);
    assert_eq!(work(&mut hub, Ok(())), ["Your daily Report is ready"]);
    let ran = stored(&hub, key);
    assert_eq!((ran.last_run_result, ran.last_report_at), (Some(ReportResult::Ok), START + HOUR));
    assert_eq!(ran.next_report_at, START + HOUR + DAY_MS);
    for _ in 0..DAY_MS / LONGEST_WAIT {
        advance(&mut hub, LONGEST_WAIT as u64);
    }
    assert!(work(&mut hub, Ok(())).is_empty());
    assert_eq!(stored(&hub, key).last_run_result, Some(ReportResult::NoData));
    assert_eq!(stored(&hub, key).next_report_at, START + HOUR + 2 * DAY_MS);
}

#[test]
fn reports_of_two_projects_with_one_id_have_their_own_files() {
    let (mut hub, key, _folder) = with(&daily(1, START + HOUR, ""));
    seed(&hub);
    hub.plan_reports_of(key.user, 1);
    advance(&mut hub, HOUR as u64);
    work(&mut hub, Ok(()));
    let mut other = hub.users.dash(key.user, 1).unwrap().clone();
    other.id = 2;
    hub.users.profile_mut(key.user).unwrap().dashboards.push(other);
    for _ in 0..DAY_MS / LONGEST_WAIT {
        advance(&mut hub, LONGEST_WAIT as u64);
    }
    let owner = crate::history::names::Owner::new("a@b.cc", "Blynk");
    let file = FileId { owner, pin: Pin::new(1, 0, PinType::Virtual, 5), granularity: Granularity::Minute };
    let records = vec![Record::new(2.0, START + DAY_MS)];
    hub.history.files.append(&Append { file, records }).unwrap();
    work(&mut hub, Ok(()));
    let mut names: Vec<String> = std::fs::read_dir(&hub.history.exports)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 2);
    assert!(names[0].starts_with("a@b.cc_Blynk_1-1_") && names[1].starts_with("a@b.cc_Blynk_1_"), "{names:?}");
}

#[test]
fn a_failed_mail_is_an_error_and_the_plan_goes_on() {
    let (mut hub, key, _folder) = with(&daily(1, START + HOUR, ""));
    seed(&hub);
    hub.plan_reports_of(key.user, 1);
    advance(&mut hub, HOUR as u64);
    assert_eq!(work(&mut hub, Err("no".into())).len(), 1);
    assert_eq!(stored(&hub, key).last_run_result, Some(ReportResult::Error));
    assert!(hub.reports.plan.contains_key(&key));
}

#[test]
fn missed_runs_are_made_up_and_the_end_is_seen() {
    let custom = format!(r#","durationType":"CUSTOM","startTs":{},"endTs":{START}"#, START - DAY_MS);
    let at = START - HOUR;
    let missed = daily(1, at, "");
    let last = daily(2, at, &custom);
    let over = daily(3, at, &custom).replace(r#""isActive""#, r#""lastRunResult":"EXPIRED","isActive""#);
    let inactive = daily(4, at, "").replace(r#""isActive":true"#, r#""isActive":false"#);
    let (mut hub, key, _folder) = with(&[missed, last, over, inactive].join(","));
    hub.plan_all_reports();
    advance(&mut hub, 0);
    work(&mut hub, Ok(()));
    let results: Vec<_> = (1..=4).map(|report| stored(&hub, ReportRef { report, ..key }).last_run_result).collect();
    use ReportResult::{Expired, NoData};
    assert_eq!(results, [Some(NoData), Some(Expired), Some(Expired), None]);
    assert_eq!(hub.reports.plan.keys().collect::<Vec<_>>(), [&key]);
    assert_eq!(stored(&hub, ReportRef { report: 3, ..key }).last_report_at, 0);
}

#[test]
fn what_was_taken_away_or_moved_does_not_run() {
    let (mut hub, key, _folder) = with(&[daily(1, START + HOUR, ""), daily(2, START + HOUR, "")].join(","));
    hub.plan_reports_of(key.user, 1);
    hub.report_mut(key).unwrap().is_active = false;
    let other = ReportRef { report: 2, ..key };
    hub.report_mut(other).unwrap().next_report_at += HOUR;
    hub.plan_report(other);
    advance(&mut hub, HOUR as u64);
    assert!(hub.jobs.take_kept().is_empty());
    hub.users.dash_mut(key.user, 1).unwrap().widgets.clear();
    advance(&mut hub, HOUR as u64);
    assert!(hub.jobs.take_kept().is_empty() && hub.reports.plan.is_empty());
}

#[test]
fn a_jump_of_the_clock_is_seen() {
    let (mut hub, key, _folder) = with(&daily(1, START + 20 * HOUR, ""));
    hub.plan_reports_of(key.user, 1);
    let crate::hub::Clock::Manual { wall, .. } = &hub.clock else { panic!() };
    wall.set(START + 30 * HOUR);
    advance(&mut hub, LONGEST_WAIT as u64);
    assert_eq!(hub.jobs.take_kept().len(), 1);
}

#[test]
fn a_clock_that_was_years_ahead_holds_up_no_report() {
    let (mut hub, key, _folder) = with(&daily(1, START + HOUR, ""));
    let years = 10 * 365 * DAY_MS;
    let move_wall = |hub: &mut Hub, by: i64| {
        if let crate::hub::Clock::Manual { wall, .. } = &hub.clock {
            wall.set(wall.get() + by);
        }
    };
    move_wall(&mut hub, years);
    hub.plan_all_reports();
    let (conn, _) = app(&mut hub, key.user);
    hub.export_report(key, conn, 1).unwrap();
    work(&mut hub, Ok(()));
    move_wall(&mut hub, -years);
    advance(&mut hub, 61_000);
    let at = stored(&hub, key).next_report_at;
    assert!((START..=START + HOUR).contains(&at), "{}", at - START);
    assert_eq!(hub.export_report(key, conn, 2), Ok(()));
}

#[test]
fn validity() {
    let valid = |more: &str| {
        let (hub, key, _folder) = with(&report(1, more));
        is_valid(stored(&hub, key))
    };
    assert!(valid(r#""reportType":{"type":"ONE_TIME","rangeMillis":86400000}"#));
    assert!(!valid(r#""reportType":{"type":"ONE_TIME","rangeMillis":86399999}"#));
    assert!(!valid(r#""reportType":null"#));
    assert!(!valid(r#""reportType":{"type":"DAILY","startTs":2,"endTs":1}"#));
    assert!(!valid(r#""reportType":{"type":"DAILY"},"recipients":"nobody""#));
    assert!(!valid(r#""reportType":{"type":"DAILY"},"reportSources":[]"#));
}

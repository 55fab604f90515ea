//! Tests of whole reports.

use super::super::averages::Append;
use super::super::files::HistoryFiles;
use super::zip::tests::unzip;
use super::*;
use crate::model::enums::{DayOfMonth, DurationType};
use crate::model::widget::{ReportStream, Schedule};
use crate::model::zone::Zone;

const T0: i64 = 1_700_000_040_000;

fn stream(pin: i16, label: &str) -> ReportStream {
    ReportStream { pin, pin_type: Some(PinType::Virtual), label: label.into(), is_selected: true }
}

fn source(device_ids: &[i32], streams: Vec<ReportStream>) -> ReportSource {
    ReportSource { template_id: None, device_ids: device_ids.into(), streams }
}

fn report(output: ReportOutput, sources: Vec<ReportSource>) -> Report {
    let report_type = Some(ReportType::OneTime { range_millis: DAY_MS });
    Report { id: 12, name: "My/Report: 1".into(), sources, report_type, output, ..Report::default() }
}

fn job(report: &Report) -> ReportJob {
    let names = [(0, "My Device"), (1, "Left, \"upper\""), (3, "")];
    let name = |id| names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.to_string());
    ReportJob::new(Owner::new("a@b.cc", "Blynk"), 1, report, name)
}

/// Values at T0 by (device, pin); the entries of the zip, decoded.
fn run(report: &Report, values: &[(i32, i16, f64)]) -> Vec<(String, String)> {
    let read = |file: &FileId, _| {
        let here = values.iter().filter(|(device, pin, _)| (*device, *pin) == (file.pin.device, file.pin.pin));
        Ok(here.map(|(_, _, value)| Record::new(*value, T0)).collect())
    };
    let folder = tempfile::tempdir().unwrap();
    match job(report).run(folder.path(), T0 + 60_000, read).unwrap() {
        Outcome::NoData => Vec::new(),
        Outcome::File(name) => {
            assert_eq!(name, "a@b.cc_Blynk_12_2023-11-14.zip");
            unzip(&std::fs::read(folder.path().join(name)).unwrap()).into_iter().map(decode).collect()
        }
    }
}

fn decode((name, bytes): (String, Vec<u8>)) -> (String, String) {
    if bytes.is_empty() {
        return (name, String::new());
    }
    let text = bytes.strip_prefix(&[0xFE, 0xFF]).expect("byte order mark");
    let units: Vec<u16> = text.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    (name, String::from_utf16(&units).unwrap())
}

fn entries(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, text)| (name.to_string(), text.replace("T0", &T0.to_string()))).collect()
}

#[test]
fn an_entry_per_device_and_pin() {
    let sources = vec![source(&[0, 1], vec![stream(5, "Temperature,yes"), stream(6, "")])];
    let made = run(&report(ReportOutput::CsvPerDevicePerPin, sources), &[(0, 5, 21.5), (1, 6, 7.0)]);
    let wanted = [("MyDevice_0_Temperatureyes.csv", "T0,21.5\n"), ("Left,upper_1_v6.csv", "T0,7.0\n")];
    assert_eq!(made, entries(&wanted));
}

#[test]
fn a_pin_with_two_labels_has_two_entries() {
    let sources = vec![source(&[0], vec![stream(5, "")]), source(&[0, 1], vec![stream(5, "Inside")])];
    let made = run(&report(ReportOutput::CsvPerDevicePerPin, sources), &[(0, 5, 1.0)]);
    assert_eq!(made, entries(&[("MyDevice_0_v5.csv", "T0,1.0\n"), ("MyDevice_0_Inside.csv", "T0,1.0\n")]));
}

#[test]
fn equal_labels_lose_no_data() {
    let both =
        vec![source(&[0], vec![stream(5, "Темп"), stream(6, "a"), stream(7, "a")]), source(&[0], vec![stream(5, "")])];
    let made = run(&report(ReportOutput::ExcelTabPerDevice, both), &[(0, 5, 1.0), (0, 6, 2.0), (0, 7, 3.0)]);
    let wanted =
        [("MyDevice_0_v5.csv", "T0,1.0\n"), ("MyDevice_0_a.csv", "T0,2.0\n"), ("MyDevice_0_a_v7.csv", "T0,3.0\n")];
    assert_eq!(made, entries(&wanted));
}

#[test]
fn an_entry_per_device() {
    let sources = vec![source(&[0, 3], vec![stream(5, "Temp")]), source(&[0], vec![stream(6, ""), stream(5, "Temp")])];
    let made = run(&report(ReportOutput::CsvPerDevice, sources), &[(0, 5, 21.5), (0, 6, 1.0)]);
    assert_eq!(made, entries(&[("MyDevice_0.csv", "T0,Temp,21.5\nT0,v6,1.0\n"), ("_3.csv", "")]));
}

#[test]
fn one_merged_entry() {
    let sources = vec![source(&[0, 1, 3], vec![stream(5, "T;1")]), source(&[], vec![stream(5, "")])];
    let made = run(&report(ReportOutput::MergedCsv, sources), &[(0, 5, 1.0), (1, 5, 2.0), (3, 5, 3.0)]);
    let text = "T0,\"T;1\",My Device,1.0\nT0,\"T;1\",\"Left, \"\"upper\"\"\",2.0\nT0,\"T;1\",3,3.0\n";
    assert_eq!(made, entries(&[("MyReport1.csv", text)]));
}

#[test]
fn only_selected_pins_and_the_range_count() {
    let unselected = ReportStream { is_selected: false, ..stream(5, "") };
    let untyped = ReportStream { pin_type: None, ..stream(5, "") };
    let streams = vec![unselected, untyped, stream(-1, "")];
    assert!(run(&report(ReportOutput::MergedCsv, vec![source(&[0], streams)]), &[(0, 5, 1.0)]).is_empty());
    let one = job(&report(ReportOutput::MergedCsv, vec![source(&[0], vec![stream(5, "")])]));
    let mut out = Vec::new();
    let late = T0 + DAY_MS;
    for (now, has_data) in [(late, true), (late + 59_999, true), (late + 60_000, false)] {
        out.clear();
        let made = generate::generate(&one, now, &mut |_, _| Ok(vec![Record::new(1.0, T0)]), &mut out);
        assert_eq!(made.unwrap(), has_data, "{now}");
    }
}

#[test]
fn kinds_and_steps_decide_how_much_is_read() {
    let daily = Schedule::default();
    for (report_type, granularity, count) in [
        (ReportType::OneTime { range_millis: 3 * DAY_MS + 5 }, Granularity::Daily, 3),
        (ReportType::OneTime { range_millis: i64::MAX }, Granularity::Daily, (i64::MAX / DAY_MS) as usize),
        (ReportType::OneTime { range_millis: -DAY_MS }, Granularity::Daily, 0),
        (ReportType::Daily(daily.clone()), Granularity::Minute, 1440),
        (ReportType::Weekly(daily.clone(), 1), Granularity::Hourly, 168),
        (ReportType::Monthly(daily, DayOfMonth::First), Granularity::Minute, 43_200),
    ] {
        let report = Report { report_type: Some(report_type), granularity, ..Report::default() };
        assert_eq!(job(&report).count(), count);
        job(&report).start_ms(T0);
    }
}

#[test]
fn a_report_reads_history_files() {
    let folder = tempfile::tempdir().unwrap();
    let files = HistoryFiles::new(folder.path().join("data"));
    let job = job(&report(ReportOutput::MergedCsv, vec![source(&[0], vec![stream(5, "")])]));
    let file = job.files().next().unwrap();
    assert_eq!(file.pin.file_name(file.granularity), "history_1-0_v5_minute.bin");
    let read = |file: &FileId, count| files.read(file, count, 0, &[]);
    assert_eq!(job.run(folder.path(), T0, read).unwrap(), Outcome::NoData);
    files.append(&Append { file, records: vec![Record::new(1.0, T0)] }).unwrap();
    assert!(matches!(job.run(folder.path(), T0, read).unwrap(), Outcome::File(_)));
    let odd = ReportJob { owner: Owner::new("a@b.cc", "../x"), ..job.clone() };
    assert!(odd.run(folder.path(), T0, read).is_err());
    let failing = |_: &FileId, _| Err(io::ErrorKind::Other.into());
    assert!(job.run(folder.path(), T0, failing).is_err());
}

#[test]
fn mails_name_report_and_schedule() {
    let at = |time: &str| time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let schedule = Schedule { at_time: at("2024-01-01T08:30:00Z"), ..Schedule::default() };
    let custom = Schedule {
        duration_type: Some(DurationType::Custom),
        start_ts: at("2024-05-19T22:00:00Z"),
        end_ts: at("2024-05-25T10:00:00Z"),
        ..schedule.clone()
    };
    let cases = [
        (ReportType::default(), "One time"),
        (ReportType::Daily(custom), "Daily, at 10:30<br>Start date: 2024-05-20<br>End date: 2024-05-25<br>"),
        (ReportType::Weekly(schedule.clone(), 1), "Weekly, at 10:30 every Monday"),
        (ReportType::Monthly(schedule, DayOfMonth::Last), "Monthly, at 10:30 at the last day of every month"),
    ];
    for (report_type, period) in cases {
        let tz_name = Zone::parse("Europe/Kiev");
        let job = job(&Report { report_type: Some(report_type), tz_name, ..Report::default() });
        assert_eq!(mail::dynamic_section(&job), format!("Report name: Report<br>Period: {period}"));
    }
}

#[test]
fn names_cannot_change_a_mail() {
    let mut job = job(&report(ReportOutput::MergedCsv, vec![]));
    job.name = "<b>&\"".into();
    assert_eq!(mail::dynamic_section(&job), "Report name: &lt;b&gt;&amp;&quot;<br>Period: One time");
}

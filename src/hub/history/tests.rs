//! Tests of the history as the hub sees it, on real files.

use super::*;
use crate::history::names::{Granularity, PinType, Record};
use crate::hub::testing::{advance, hub, run_jobs, user, START};
use crate::hub::{DeviceRef, Jobs};
use tempfile::TempDir;

const DASH: &str = r#"{"id":1,"devices":[{"id":0},{"id":1}],"widgets":[{"type":"ENHANCED_GRAPH","id":9,"dataStreams":[
    {"targetId":0,"pin":{"pin":5,"pinType":"VIRTUAL"}}]}]}"#;
const MINUTE: i64 = MINUTE_MS as i64;
const FIRST_FLUSH: u64 = (MINUTE - START % MINUTE) as u64;

fn one() -> (Hub, DeviceRef, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = hub();
    let user = user(&mut hub, "a@b.cc", DASH);
    hub.history.open(folder.path().join("data"));
    hub.schedule_flushes();
    (hub, DeviceRef { user, dash: 1, device: 0 }, folder)
}

fn write(hub: &mut Hub, device: DeviceRef, value: &str) {
    let now = hub.now();
    hub.record(device, PinType::Virtual, 5, value, now);
}

fn v5(hub: &mut Hub, device: DeviceRef, granularity: Granularity) -> FileId {
    let owner = hub.history_owner(device.user).unwrap();
    FileId { owner, pin: Pin::new(1, 0, PinType::Virtual, 5), granularity }
}

fn minutes(hub: &mut Hub, device: DeviceRef) -> Vec<f64> {
    let file = v5(hub, device, Granularity::Minute);
    hub.history.files.read(&file, 100, 0, &[]).unwrap().iter().map(|r| r.value).collect()
}

#[test]
fn numbers_of_shown_pins_become_records_at_the_full_minute() {
    let (mut hub, device, _folder) = one();
    for value in ["1", "x", "2"] {
        write(&mut hub, device, value);
    }
    let now = hub.now();
    hub.record(device, PinType::Virtual, 6, "7", now);
    hub.record(DeviceRef { device: 1, ..device }, PinType::Virtual, 5, "7", now);
    assert_eq!(hub.history.averages.pins(), 1);
    advance(&mut hub, FIRST_FLUSH);
    run_jobs(&mut hub);
    let file = v5(&mut hub, device, Granularity::Minute);
    assert_eq!(hub.history.files.read(&file, 9, 0, &[]).unwrap(), [Record::new(1.5, START / MINUTE * MINUTE)]);
    let live: Vec<f64> = hub.history.live.points(&file.owner, file.pin).iter().map(|r| r.value).collect();
    assert_eq!(live, [1.0, 2.0]);
}

#[test]
fn failed_writes_are_tried_again_in_order() {
    let (mut hub, device, folder) = one();
    std::fs::write(folder.path().join("data"), "in the way").unwrap();
    write(&mut hub, device, "1");
    advance(&mut hub, FIRST_FLUSH);
    run_jobs(&mut hub);
    let file = v5(&mut hub, device, Granularity::Minute);
    assert_eq!(hub.history.source(file).unwritten.len(), 1);
    assert!(hub.history.has_trouble());
    write(&mut hub, device, "2");
    std::fs::remove_file(folder.path().join("data")).unwrap();
    advance(&mut hub, MINUTE as u64);
    run_jobs(&mut hub);
    assert_eq!(minutes(&mut hub, device), [1.0, 2.0]);
    assert!(!hub.history.has_trouble());
}

#[test]
fn what_cannot_be_written_for_hours_is_not_lost() {
    let (mut hub, device, folder) = one();
    std::fs::write(folder.path().join("data"), "in the way").unwrap();
    for _ in 0..150 {
        write(&mut hub, device, "1");
        advance(&mut hub, MINUTE as u64);
        run_jobs(&mut hub);
    }
    let file = v5(&mut hub, device, Granularity::Minute);
    assert_eq!(hub.history.source(file).unwritten.len(), 150);
    std::fs::remove_file(folder.path().join("data")).unwrap();
    advance(&mut hub, MINUTE as u64);
    run_jobs(&mut hub);
    let file = v5(&mut hub, device, Granularity::Minute);
    assert_eq!(hub.history.files.read(&file, 999, 0, &[]).unwrap().len(), 150);
}

/// What an hour with 100 pins at one value a second writes, and the files that it leaves.
fn an_hour(write_period: u32) -> (Written, Vec<(String, Vec<u8>)>) {
    let (mut hub, device, folder) = one();
    let mut config = crate::config::Config::for_tests();
    config.server.history_write_period = write_period;
    hub.history = History::new(&config.server, START);
    hub.history.open(folder.path().join("data"));
    hub.config = std::rc::Rc::new(config);
    let streams: Vec<String> =
        (0..100).map(|pin| format!(r#"{{"targetId":0,"pin":{{"pin":{pin},"pinType":"VIRTUAL"}}}}"#)).collect();
    let dash = format!(
        r#"{{"id":2,"devices":[{{"id":0}}],"widgets":[{{"type":"ENHANCED_GRAPH","id":9,"dataStreams":[{}]}}]}}"#,
        streams.join(",")
    );
    let user = user(&mut hub, "b@b.cc", &dash);
    let device = DeviceRef { user, dash: 2, ..device };
    // From midnight on, so that an hour ends and no day.
    advance(&mut hub, (86_400_000 - START % 86_400_000).unsigned_abs());
    let before = hub.history.written;
    for second in 0..3600 {
        let now = hub.now();
        for pin in 0..100 {
            hub.record(device, PinType::Virtual, pin, &(second + i64::from(pin)).to_string(), now);
        }
        advance(&mut hub, 1000);
        run_jobs(&mut hub);
    }
    assert_eq!(before, Written::default());
    let written = hub.history.written;
    hub.end_history();
    run_jobs(&mut hub);
    let owner = hub.history_owner(user).unwrap();
    let files = hub.history.files.of_owner(&owner).unwrap();
    (written, files.into_iter().map(|(name, path)| (name, std::fs::read(path).unwrap())).collect())
}

#[test]
fn waiting_for_a_common_write_spares_flash_and_changes_no_file() {
    let records = 100 * 61 * Record::SIZE as u64;
    let (each_minute, files) = an_hour(1);
    // One append per minute and pin, one per hour and pin; and the unfinished averages at the first minute, then every ten.
    assert_eq!(each_minute.writes, 100 * 61 + 6);
    let default = crate::config::ServerConfig::default().history_write_period;
    let (spared, same_files) = an_hour(default);
    assert_eq!(files.len(), 200);
    assert_eq!(files, same_files);
    // 9 common writes (after minutes 1, 2, 4, 8, 16, 26, 36, 46, 56) instead of 60, in which 4 records are still missing.
    assert_eq!((default, spared.writes), (10, 100 * (9 + 1) + 6));
    let snapshots = each_minute.bytes - records;
    assert_eq!(spared.bytes, records - 100 * 4 * Record::SIZE as u64 + snapshots);
    assert!(snapshots < 100 * 6 * 60, "{snapshots}");
}

#[test]
fn who_reads_the_files_gets_everything() {
    let (mut hub, device, folder) = one();
    for value in ["1", "2", "3"] {
        write(&mut hub, device, value);
        advance(&mut hub, MINUTE as u64);
        run_jobs(&mut hub);
    }
    assert_eq!(minutes(&mut hub, device), [1.0, 2.0]);
    let file = v5(&mut hub, device, Granularity::Minute);
    assert_eq!(hub.history.source(file).unwritten.len(), 1);
    write(&mut hub, device, "4");
    hub.write_history();
    run_jobs(&mut hub);
    assert_eq!(minutes(&mut hub, device), [1.0, 2.0, 3.0]);
    assert!(folder.path().join("data/unfinished_averages.bin").exists());
}

#[test]
fn a_clock_that_is_set_back_loses_nothing() {
    let (mut hub, device, _folder) = one();
    let first = START / MINUTE * MINUTE;
    write(&mut hub, device, "1");
    advance(&mut hub, FIRST_FLUSH);
    run_jobs(&mut hub);
    write(&mut hub, device, "5");
    let crate::hub::Clock::Manual { wall, .. } = &hub.clock else { panic!() };
    wall.set(first + 30_000);
    for value in ["3", "7"] {
        write(&mut hub, device, value);
        advance(&mut hub, MINUTE as u64);
        run_jobs(&mut hub);
    }
    hub.write_history();
    advance(&mut hub, MINUTE as u64);
    run_jobs(&mut hub);
    let file = v5(&mut hub, device, Granularity::Minute);
    let records = hub.history.files.read(&file, 9, 0, &hub.history.source(file.clone()).unwritten).unwrap();
    // The minute comes twice, which the files may have; nothing is left out.
    let wanted = [(1.0, first), (3.0, first), (6.0, first + MINUTE)];
    assert_eq!(records, wanted.map(|(value, ms)| Record::new(value, ms)));
}

/// The next run of the server on the same folder.
fn restarted(device: DeviceRef, folder: &TempDir) -> (Hub, DeviceRef) {
    let mut next = hub();
    let user = user(&mut next, "a@b.cc", DASH);
    next.history.open(folder.path().join("data"));
    next.schedule_flushes();
    (next, DeviceRef { user, ..device })
}

#[test]
fn hours_go_on_after_a_crash() {
    let (mut hub, device, folder) = one();
    write(&mut hub, device, "1");
    advance(&mut hub, FIRST_FLUSH);
    run_jobs(&mut hub);
    let (mut hub, device) = restarted(device, &folder);
    write(&mut hub, device, "2");
    advance(&mut hub, 3_600_000);
    run_jobs(&mut hub);
    let file = v5(&mut hub, device, Granularity::Hourly);
    let values: Vec<f64> = hub.history.files.read(&file, 9, 0, &[]).unwrap().iter().map(|r| r.value).collect();
    assert_eq!(values, [1.5]);
}

#[test]
fn a_minute_goes_on_after_a_restart() {
    let (mut hub, device, folder) = one();
    write(&mut hub, device, "1");
    hub.end_history();
    run_jobs(&mut hub);
    let (mut hub, device) = restarted(device, &folder);
    write(&mut hub, device, "2");
    advance(&mut hub, FIRST_FLUSH);
    run_jobs(&mut hub);
    assert_eq!(minutes(&mut hub, device), [1.5]);
}

#[test]
fn deleted_history_is_gone_from_memory_and_disk() {
    let (mut hub, device, _folder) = one();
    write(&mut hub, device, "1");
    advance(&mut hub, FIRST_FLUSH);
    write(&mut hub, device, "2");
    hub.drop_history(device.user, Doomed::Devices(1, vec![0]));
    advance(&mut hub, MINUTE as u64);
    run_jobs(&mut hub);
    let file = v5(&mut hub, device, Granularity::Minute);
    assert!(minutes(&mut hub, device).is_empty() && hub.history.live.points(&file.owner, file.pin).is_empty());
    assert_eq!(hub.history.averages.pins(), 0);
}

#[test]
fn a_refused_job_keeps_the_records() {
    let (mut hub, device, _folder) = one();
    write(&mut hub, device, "1");
    hub.jobs.finish();
    hub.jobs = Jobs::refusing();
    advance(&mut hub, FIRST_FLUSH);
    let file = v5(&mut hub, device, Granularity::Minute);
    assert_eq!(hub.history.source(file).unwritten.len(), 1);
}

//! A disk that is full or takes nothing: the server goes on, loses nothing, says so once, and catches up.

mod common;

use common::app::{App, Device, OK};
use common::owner::{history, project, put_old, PINS, USER};
use common::Place;
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

const CREATE_DASH: u8 = 21;
const PING: u8 = 6;
const GET_GRAPH: u8 = 60;
const SERVER_ERROR: u32 = 19;

/// A file system of its own at a folder, as long as this lives.
struct Mount(PathBuf);

impl Mount {
    /// None, with a message, where this user may not mount.
    fn small(folder: &Path) -> Option<Mount> {
        fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"]).arg(folder).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Mount(folder.to_owned()));
        }
        eprintln!("skipped: only root may mount a small disk");
        None
    }

    fn set(&self, option: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{option}")]).arg(&self.0).status().unwrap();
        assert!(done.success(), "remount,{option}");
    }

    /// Takes all room but a few bytes of a page.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path).unwrap();
        while file.write_all(&[0; 1024]).is_ok() {}
        path
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Lines of the log about what cannot be saved, and all of it.
fn complaints(place: &Place) -> (usize, String) {
    let log = fs::read_to_string(place.path().join("logs/blynk.log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
    (log.lines().filter(|line| line.contains("trying again")).count(), log)
}

/// Values of three minutes for some pins; a backup makes the server write them at once.
fn put_and_save(place: &Place, token: &str, pins: Range<u8>, minute: i64) {
    for pin in pins {
        let rows: Vec<(f64, i64)> = (minute..minute + 3).map(|minute| (minute as f64, minute * 60_000)).collect();
        put_old(place, token, pin, &rows);
    }
    place.ok(&["backup", &place.path().join("elsewhere.tar.gz").display().to_string()], "");
}

fn has_minutes(place: &Place, pins: Range<u8>, minutes: Range<i64>) {
    let wanted: Vec<(f64, i64)> = minutes.map(|minute| (minute as f64, minute * 60_000)).collect();
    for pin in pins {
        assert_eq!(history(&place.data(), pin), wanted, "v{pin}");
    }
}

#[test]
fn a_full_disk() {
    let place = Place::new("profile.save.worker.period=50");
    let Some(mount) = Mount::small(&place.data()) else { return };
    let mut server = place.start();
    let token = project(&place);
    put_and_save(&place, &token, 0..10, 100);
    has_minutes(&place, 0..10, 100..103);

    let filler = mount.fill();
    // Also pins that have no files yet.
    put_and_save(&place, &token, 0..PINS, 103);
    put_and_save(&place, &token, 0..PINS, 106);
    let mut app = App::connect(place.https);
    assert_eq!(app.login(USER, "pw"), OK);
    for id in 10..30 {
        assert_eq!(app.ask(CREATE_DASH, &format!(r#"{{"id":{id},"name":"Late {id}"}}"#)), OK);
    }
    let mut device = Device::connect(place.http);
    assert_eq!(device.login(&token), OK);
    assert_eq!(device.ask(PING, ""), OK);
    let stored = || fs::read_to_string(place.data().join(format!("{USER}.Blynk.user"))).unwrap();
    assert!(!stored().contains("Late"), "the disk takes nothing");
    serde_json::from_str::<serde_json::Value>(&stored()).expect("the old file is whole");
    let (count, log) = complaints(&place);
    assert_eq!(count, 2, "accounts and averages, once each: {log}");

    fs::remove_file(filler).unwrap();
    put_and_save(&place, &token, 0..PINS, 109);
    has_minutes(&place, 0..10, 100..112);
    has_minutes(&place, 10..PINS, 103..112);
    assert!(stored().contains("Late 29"));
    let (_, log) = complaints(&place);
    for line in ["averages are written again", "Accounts are saved again"] {
        assert!(log.contains(line), "{log}");
    }
    assert!(server.stop().success());
    has_minutes(&place, 10..PINS, 103..112);
}

#[test]
fn a_history_folder_that_became_read_only() {
    let place = Place::new("");
    let Some(mount) = Mount::small(&place.data().join("data")) else { return };
    let mut server = place.start();
    let token = project(&place);
    put_and_save(&place, &token, 0..PINS, 100);
    mount.set("ro");
    put_and_save(&place, &token, 0..PINS, 103);
    put_and_save(&place, &token, 0..PINS, 106);
    has_minutes(&place, 0..PINS, 100..103);
    assert_eq!(complaints(&place).0, 1);
    mount.set("rw");
    put_and_save(&place, &token, 0..PINS, 109);
    has_minutes(&place, 0..PINS, 100..112);
    // And read-only until the end: the server ends all the same.
    mount.set("ro");
    put_and_save(&place, &token, 0..1, 112);
    assert!(server.stop().success());
    assert!(complaints(&place).1.contains("averages are lost"));
}

#[test]
fn a_file_that_cannot_be_opened_is_alone() {
    let place = Place::new("");
    let mut server = place.start();
    let token = project(&place);
    let file = place.data().join(format!("data/{USER}/history_1-0_v0_minute.bin"));
    fs::create_dir_all(&file).unwrap();
    put_and_save(&place, &token, 0..PINS, 100);
    put_and_save(&place, &token, 0..PINS, 103);
    has_minutes(&place, 1..PINS, 100..106);
    let mut app = App::connect(place.https);
    assert_eq!(app.login(USER, "pw"), OK);
    assert_eq!(app.ask(GET_GRAPH, "1\x005\x00DAY"), SERVER_ERROR);
    assert_eq!(complaints(&place).0, 1);
    fs::remove_dir(&file).unwrap();
    put_and_save(&place, &token, 0..PINS, 106);
    has_minutes(&place, 0..PINS, 100..109);
    assert!(server.stop().success());
}

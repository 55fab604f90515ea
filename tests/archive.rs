//! `--backup`, `--restore` and `--export-history` with a server under load, and without one.
#![allow(clippy::disallowed_methods)] // Tests may wait.

mod common;

use common::app::{Device, OK};
use common::owner::{history, project, put_old, PINS, USER};
use common::Place;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

const HARDWARE: u8 = 20;

#[test]
fn backups_of_a_busy_server_are_consistent() {
    let place = Place::new("user.message.quota.limit=100000\nhistory.write.period=1440");
    let mut server = place.start();
    let token = project(&place);
    let ends = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (ends, mut device) = (Arc::clone(&ends), Device::connect(place.http));
        assert_eq!(device.login(&token), OK);
        move || {
            let mut count = 0;
            while !ends.load(Ordering::Relaxed) {
                count += 1;
                for pin in 0..PINS {
                    device.send(HARDWARE, &format!("vw\0{pin}\0{count}"));
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            count
        }
    });
    for (round, minute) in (1..=4).zip(28_000_000..) {
        for pin in 0..PINS {
            put_old(&place, &token, pin, &[(f64::from(round), minute * 60_000)]);
        }
        let file = place.path().join(format!("{round}.tar.gz")).display().to_string();
        assert!(place.ok(&["--backup", &file], "").contains(" files, "));
    }
    ends.store(true, Ordering::Relaxed);
    assert!(writer.join().unwrap() > 20);
    assert!(server.stop().success());

    for round in 1..=4 {
        let other = Place::new("");
        let file = place.path().join(format!("{round}.tar.gz")).display().to_string();
        let seen = other.ok(&["--restore", &file, "--dry-run"], "");
        assert!(seen.contains(&format!("new       {USER}.Blynk.user")), "{seen}");
        assert!(!other.data().exists(), "a dry run makes nothing");
        other.ok(&["--restore", &file], "");
        let user = std::fs::read_to_string(other.data().join(format!("{USER}.Blynk.user"))).unwrap();
        let user: serde_json::Value = serde_json::from_str(&user).unwrap();
        assert_eq!(user["profile"]["dashBoards"][0]["name"], "P");
        // Everything that was acknowledged before the backup is in it, and nothing twice.
        let wanted: Vec<(f64, i64)> =
            (1..=round).map(|n| (f64::from(n), (28_000_000 + i64::from(n) - 1) * 60_000)).collect();
        for pin in 0..PINS {
            let old: Vec<_> =
                history(&other.data(), pin).into_iter().filter(|(_, ms)| *ms < 29_000_000 * 60_000).collect();
            assert_eq!(old, wanted, "v{pin}");
        }
        let _server = other.start();
        let mut device = Device::connect(other.http);
        assert_eq!(device.login(&token), OK, "the token of backup {round} works");
    }
}

#[test]
fn an_export_has_what_waits_in_memory() {
    let place = Place::new("");
    let mut server = place.start();
    let token = project(&place);
    put_old(&place, &token, 3, &[(21.5, 1_700_000_040_000), (1e-4, 1_700_000_100_000)]);
    let to = place.path().join("texts").display().to_string();
    assert!(place.ok(&["--export-history", USER, &to], "").contains("3 files with 4 records"));
    let text = std::fs::read_to_string(place.path().join("texts/history_1-0_v3_minute.csv")).unwrap();
    let lines = "2023-11-14T22:14:00Z,1700000040000,21.5\n2023-11-14T22:15:00Z,1700000100000,1.0E-4\n";
    assert_eq!(text, format!("time,timestamp_ms,value\n{lines}"));
    assert!(place.fails(&["export-history", "nobody@example.com", &to], "").contains("has no history"));
    assert!(place.fails(&["export-history", "../data", &to], "").contains("cannot be written"));
    assert!(server.stop().success());
    std::fs::remove_dir_all(place.path().join("texts")).unwrap();
    assert!(place.ok(&["export-history", USER, &to], "").contains("3 files with 4 records"), "without a server");
}

#[test]
fn a_bad_archive_changes_nothing() {
    let place = Place::new("");
    let mut server = place.start();
    project(&place);
    let file = place.path().join("good.tar.gz").display().to_string();
    place.ok(&["backup", &file], "");
    assert!(server.stop().success());
    let whole = std::fs::read(&file).unwrap();
    let bad = place.path().join("bad.tar.gz");
    let name = bad.display().to_string();
    let before = std::fs::read(place.data().join(format!("{USER}.Blynk.user"))).unwrap();
    for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&bad, &whole[..cut]).unwrap();
        for arguments in [&["--restore", &name][..], &["--restore", &name, "--dry-run"]] {
            assert!(place.fails(arguments, "").contains("is not a whole backup"), "{cut} bytes");
        }
    }
    // Paths that lead out of the folder, and links.
    let mut evil = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..10].copy_from_slice(b"../outside");
    header.set_size(4);
    header.set_cksum();
    evil.append(&header, &b"evil"[..]).unwrap();
    std::fs::write(&bad, evil.into_inner().unwrap().finish().unwrap()).unwrap();
    assert!(place.fails(&["--restore", &name], "").contains("\"../outside\""));
    let mut link = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    link.append_link(&mut header, "link.user", "/etc/passwd").unwrap();
    std::fs::write(&bad, link.into_inner().unwrap().finish().unwrap()).unwrap();
    assert!(place.fails(&["--restore", &name], "").contains("\"link.user\""));
    assert!(!place.path().join("outside").exists());
    assert_eq!(std::fs::read(place.data().join(format!("{USER}.Blynk.user"))).unwrap(), before);
    assert!(place.ok(&["--restore", &file], "").contains(" files were written"));
}

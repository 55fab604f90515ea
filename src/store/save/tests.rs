//! Saving, deleting and copying on real folders.

use super::super::daily::{Copies, Made};
use super::super::{atomic, load, DataFolder, Listing, LoadSettings};
use super::*;

const NOW: i64 = 1_795_399_984_160;

struct Place {
    temp: tempfile::TempDir,
    saver: Saver,
    emails: Vec<String>,
}

/// A data folder with these files, loaded.
fn place(files: &[(&str, &str)]) -> Place {
    let temp = tempfile::tempdir().unwrap();
    drop(DataFolder::open(temp.path()).unwrap());
    for (name, content) in files {
        fs::write(temp.path().join(name), content).unwrap();
    }
    let settings = LoadSettings { host: "h", initial_energy: 1, terminal_lines: 25, table_rows: 100, now: NOW };
    let loaded = load(temp.path(), &Listing::of(temp.path()).unwrap(), &settings);
    let emails = loaded.users.iter().map(|loaded| loaded.user.email.clone()).collect();
    Place { saver: Saver::new(temp.path(), loaded.leftovers), temp, emails }
}

/// The daily copies, one at a time.
fn back_up(place: &Place, date: &str) -> Made {
    let mut copies = Copies::begin(&place.saver, date).unwrap();
    for _ in 0..10 {
        if let Some(made) = copies.all_made() {
            return made;
        }
        copies.go_on(std::time::Duration::ZERO).unwrap();
    }
    panic!("{copies:?}")
}

impl Place {
    fn save(&self, email: &str, text: &str) {
        self.saver.save(Item { email, app: "Blynk", text, whole: true }).unwrap();
    }
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.temp.path().join(name)).unwrap()
    }
    /// Names of regular files in a sub-folder, but for the lock.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.temp.path().join(folder)).unwrap().map(|e| e.unwrap());
        let files = entries.filter(|e| e.file_type().unwrap().is_file());
        let mut names: Vec<_> = files.map(|e| e.file_name().into_string().unwrap()).collect();
        names.retain(|name| name != super::super::folder::LOCK_FILE);
        names.sort();
        names
    }
}

/// An account whose file is large enough for changes beside it.
fn large(value: &str) -> String {
    format!(r#"{{"email":"a@b.cc","appName":"Blynk","name":"{}","pass":"{value}"}}"#, "x".repeat(20_000))
}

#[test]
fn copies_have_what_is_kept_beside_the_file() {
    let name = "a@b.cc.Blynk.user";
    let place = place(&[(name, &large("1"))]);
    let beside = |value: &str| {
        let text = large(value);
        place.saver.save(Item { email: "a@b.cc", app: "Blynk", text: &text, whole: false }).unwrap();
    };
    beside("2");
    assert_eq!(place.read(name), large("1"));
    back_up(&place, "2020-01-01");
    assert_eq!(place.read(&format!("backup/{name}.2020-01-01")), large("2"));
    beside("3");
    place.saver.delete("a@b.cc", "Blynk").unwrap();
    assert_eq!(place.read(&format!("deleted/{name}")), large("3"));
    assert!(!place.temp.path().join(format!("{name}.changes")).exists());
}

#[test]
fn what_cannot_be_written_whole_is_kept_beside_the_file() {
    let name = "a@b.cc.Blynk.user";
    let place = place(&[(name, &large("1"))]);
    let save =
        |value: &str, whole| place.saver.save(Item { email: "a@b.cc", app: "Blynk", text: &large(value), whole });
    save("2", false).unwrap();
    let full: Vec<_> = (0..atomic::TEMPORARY_MAX)
        .map(|number| place.temp.path().join(format!("{}{number}{}", atomic::TEMPORARY.0, atomic::TEMPORARY.1)))
        .collect();
    full.iter().for_each(|path| fs::write(path, "").unwrap());
    assert!(save("3", true).is_err());
    assert_eq!(place.read(name), large("1"));
    assert_eq!(changes::newest(&place.temp.path().join(name)).unwrap(), Some(large("3")));
    full.iter().for_each(|path| fs::remove_file(path).unwrap());
    save("3", true).unwrap();
    assert_eq!(place.read(name), large("3"));
    assert_eq!(changes::newest(&place.temp.path().join(name)).unwrap(), None);
}

#[test]
fn an_account_gets_its_usual_name_and_old_names_go() {
    let place = place(&[
        ("u_a@b.cc.user", r#"{"name":"a@b.cc"}"#),
        ("Up@B.cc.Blynk.user", r#"{"email":"Up@B.cc"}"#),
        ("other.txt", "mine"),
    ]);
    assert_eq!(place.emails, ["up@b.cc", "a@b.cc"]);
    place.save("a@b.cc", "one");
    place.save("up@b.cc", "two");
    assert_eq!(place.names(""), ["a@b.cc.Blynk.user", "other.txt", "up@b.cc.Blynk.user"]);
    place.save("a@b.cc", "three");
    assert_eq!(place.read("a@b.cc.Blynk.user"), "three");
    place.save("a/../b@c.dd", "four");
    assert_eq!(place.read("a%2F..%2Fb@c.dd.Blynk.user"), "four");
}

#[test]
fn the_same_content_is_not_written_again() {
    let place = place(&[]);
    let file = place.temp.path().join("a@b.cc.Blynk.user");
    let id = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(&file).unwrap());
    place.save("a@b.cc", "one");
    let first = id();
    // Keeps the number from being used again.
    fs::hard_link(&file, place.temp.path().join("other")).unwrap();
    place.save("a@b.cc", "one");
    assert_eq!(id(), first);
    place.save("a@b.cc", "two");
    assert_ne!(id(), first);
    assert_eq!(place.read("a@b.cc.Blynk.user"), "two");
}

#[test]
fn what_could_not_be_read_is_kept_once() {
    let bad = r#"{"email":"bad@b.cc","energy":[],"profile":{}}"#;
    let place = place(&[
        ("gone@b.cc.Blynk.user", "no JSON"),
        ("gone@b.cc.Blynk.user.broken", "older"),
        ("bad@b.cc.Blynk.user", bad),
        ("u_worse@b.cc.user", r#"{"name":"worse@b.cc","energy":"many"}"#),
    ]);
    assert_eq!(place.emails, ["bad@b.cc", "worse@b.cc"]);
    for _ in 0..2 {
        for email in ["gone@b.cc", "bad@b.cc", "worse@b.cc"] {
            place.save(email, "new");
        }
    }
    assert_eq!(place.read("gone@b.cc.Blynk.user"), "new");
    assert_eq!(place.read("gone@b.cc.Blynk.user.broken-2"), "no JSON");
    assert_eq!(place.read("bad@b.cc.Blynk.user.broken"), bad);
    assert_eq!(
        place.names(""),
        [
            "bad@b.cc.Blynk.user",
            "bad@b.cc.Blynk.user.broken",
            "gone@b.cc.Blynk.user",
            "gone@b.cc.Blynk.user.broken",
            "gone@b.cc.Blynk.user.broken-2",
            "u_worse@b.cc.user.broken",
            "worse@b.cc.Blynk.user"
        ]
    );
}

#[test]
fn a_duplicate_is_kept_aside() {
    let old = r#"{"email":"a@b.cc","lastModifiedTs":1}"#;
    let new = r#"{"email":"a@b.cc","lastModifiedTs":2}"#;
    let winner_elsewhere = place(&[("a@b.cc.Blynk.user", old), ("copy.user", new)]);
    winner_elsewhere.save("a@b.cc", "saved");
    assert_eq!(winner_elsewhere.names(""), ["a@b.cc.Blynk.user", "a@b.cc.Blynk.user.duplicate"]);
    assert_eq!(winner_elsewhere.read("a@b.cc.Blynk.user.duplicate"), old);
    let winner_at_home = place(&[("a@b.cc.Blynk.user", new), ("copy.user", old)]);
    winner_at_home.save("a@b.cc", "saved");
    assert_eq!(winner_at_home.names(""), ["a@b.cc.Blynk.user", "copy.user.duplicate"]);
}

#[test]
fn a_deleted_account_does_not_come_back() {
    let place = place(&[
        ("a@b.cc.Blynk.user", r#"{"email":"a@b.cc","lastModifiedTs":1}"#),
        ("u_a@b.cc.user", r#"{"email":"a@b.cc","lastModifiedTs":2}"#),
        ("deleted/a@b.cc.Blynk.user", "older"),
    ]);
    assert!(place.saver.delete("a@b.cc", "Blynk").unwrap());
    assert_eq!(place.names(""), [""; 0]);
    assert_eq!(place.names("deleted"), ["a@b.cc.Blynk.user", "u_a@b.cc.user"]);
    assert_ne!(place.read("deleted/a@b.cc.Blynk.user"), "older");
    assert!(!place.saver.delete("a@b.cc", "Blynk").unwrap());
}

#[test]
fn errors_name_the_file_and_lose_nothing() {
    let place = place(&[("a@b.cc.Blynk.user", "broken")]);
    let root = place.temp.path();
    fs::rename(root, root.with_extension("away")).unwrap();
    let item = Item { email: "a@b.cc", app: "Blynk", text: "new", whole: true };
    let error = place.saver.save(item).unwrap_err();
    assert!(error.to_string().contains("a@b.cc.Blynk.user"), "{error}");
    assert!(place.saver.save_all([item, item]).iter().all(Result::is_err));
    fs::rename(root.with_extension("away"), root).unwrap();
    assert!(place.saver.save_all([item]).iter().all(Result::is_ok));
    assert_eq!(place.read("a@b.cc.Blynk.user.broken"), "broken");
}

#[test]
fn copies_are_made_of_all_readable_files() {
    let place = place(&[
        ("a@b.cc.Blynk.user", r#"{"email":"a@b.cc"}"#),
        ("b@b.cc.Blynk.user", r#"{"email":"b@b.cc"}"#),
        ("wreck@b.cc.Blynk.user", "no JSON"),
    ]);
    assert!(Copies::begin(&place.saver, "../../x").is_err());
    assert_eq!(back_up(&place, "2026-11-22"), Made { copied: 2, ..Made::default() });
    place.save("a@b.cc", "changed");
    assert_eq!(back_up(&place, "2026-11-23"), Made { copied: 1, linked: 1, failed: 0 });
    assert_eq!(
        place.names("backup"),
        [
            "a@b.cc.Blynk.user.2026-11-22",
            "a@b.cc.Blynk.user.2026-11-23",
            "b@b.cc.Blynk.user.2026-11-22",
            "b@b.cc.Blynk.user.2026-11-23"
        ]
    );
    assert_eq!(place.read("backup/a@b.cc.Blynk.user.2026-11-23"), "changed");
    place.save("b@b.cc", "changed too");
    assert_eq!(back_up(&place, "2026-11-23"), Made { copied: 1, linked: 1, failed: 0 });
    assert_eq!(place.read("backup/b@b.cc.Blynk.user.2026-11-22"), r#"{"email":"b@b.cc"}"#);
}

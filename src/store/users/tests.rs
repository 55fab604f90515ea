//! Data folders in every state, and what is read from them.

use super::*;
use crate::store::folder::DataFolder;
use std::fs;
use std::time::Duration;

const NOW: i64 = 1_795_399_984_160;
const SETTINGS: LoadSettings<'_> =
    LoadSettings { host: "10.0.0.2", initial_energy: 2000, terminal_lines: 25, table_rows: 100, now: NOW };

struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Place {
        let temp = tempfile::tempdir().unwrap();
        drop(DataFolder::open(temp.path()).unwrap());
        for (name, content) in files {
            fs::write(temp.path().join(name), content).unwrap();
        }
        Place(temp)
    }
    fn load(&self) -> Loaded {
        let before = self.content();
        let loaded = load(self.0.path(), &Listing::of(self.0.path()).unwrap(), &SETTINGS);
        assert_eq!(self.content(), before, "nothing is written at the load");
        loaded
    }
    fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(self.0.path()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
        let mut content: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        content.sort();
        content
    }
}

fn project(name: &str) -> String {
    format!(r#"{{"email":"a@b.cc","profile":{{"dashBoards":[{{"id":1,"name":"{name}"}}]}}}}"#)
}

fn first_project(loaded: &Loaded) -> &str {
    &loaded.users[0].user.profile.dashboards[0].name
}

#[test]
fn accounts_get_what_their_files_lack() {
    let place = Place::new(&[
        (
            "Old@Example.com.Blynk.user",
            r#"{"name":"Old@Example.com","appName":null,"lastModifiedTs":5,"profile":{"dashBoards":
               [{"id":1,"devices":[{"id":0,"status":"ONLINE"}],"widgets":null}]}}"#,
        ),
        ("x.txt", "{"),
        (".user", "{"),
        ("x.user.broken", "{"),
    ]);
    fs::create_dir(place.0.path().join("folder.user")).unwrap();
    let loaded = place.load();
    assert_eq!(loaded.findings, []);
    let [LoadedUser { user, file_name, damaged: false, from_backup: false, .. }] = &loaded.users[..] else {
        panic!("{:?}", loaded.users)
    };
    assert_eq!((user.email.as_str(), user.app_name.as_str()), ("old@example.com", "Blynk"));
    assert_eq!((user.ip.as_str(), user.energy, user.last_modified_ts), ("10.0.0.2", 2000, 5));
    assert_eq!(user.profile.dashboards[0].devices[0].status, DeviceStatus::Offline);
    assert_eq!(file_name, "Old@Example.com.Blynk.user");
    assert_eq!(
        loaded.leftovers["old@example.com.Blynk.user"],
        [Leftover { file: file_name.clone(), fate: Fate::Remove }]
    );
}

#[test]
fn the_newest_readable_backup_replaces_a_broken_file() {
    for broken in ["", "no JSON", "{\"email\":\"a@b.cc\",", "\0\0\0", "null", "[]", "{}"] {
        let place = Place::new(&[
            ("a@b.cc.Blynk.user", broken),
            ("backup/a@b.cc.Blynk.user.2020-03-03", &project("older")),
            ("backup/a@b.cc.Blynk.user.2020-02-02", &project("newer")),
            ("backup/a@b.cc.Blynk.user.2020-04-04", "also broken"),
            ("backup/a@b.cc.Blynk.users.2020-05-05", &project("other")),
        ]);
        for (age, name) in [(9, "2020-03-03"), (6, "2020-02-02")] {
            let path = place.0.path().join("backup").join(format!("a@b.cc.Blynk.user.{name}"));
            let time = SystemTime::now() - Duration::from_secs(age);
            fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        }
        let loaded = place.load();
        assert_eq!(first_project(&loaded), "newer", "{broken:?}");
        assert!(loaded.users[0].damaged && loaded.users[0].from_backup);
        assert_eq!(loaded.findings.len(), 1);
        assert!(loaded.findings[0].text.ends_with("a@b.cc.Blynk.user.2020-02-02 is used instead"));
        assert_eq!(loaded.leftovers["a@b.cc.Blynk.user"][0].fate, Fate::KeepBroken);
    }
}

#[test]
fn a_broken_file_of_an_old_name_finds_backups_of_the_new_one() {
    let place = Place::new(&[("u_a@b.cc.user", "{"), ("backup/a@b.cc.Blynk.user.2020-03-03", &project("saved"))]);
    assert_eq!(first_project(&place.load()), "saved");
}

#[test]
fn a_broken_file_without_a_backup_costs_only_its_account() {
    let place = Place::new(&[("lost@b.cc.Blynk.user", "{"), ("a@b.cc.Blynk.user", &project("here"))]);
    let loaded = place.load();
    assert_eq!(loaded.users.len(), 1);
    assert!(loaded.findings[0].is_loss && loaded.findings[0].text.contains("the account is missing"));
    assert_eq!(loaded.leftovers["lost@b.cc.Blynk.user"][0].fate, Fate::KeepBroken);
}

#[test]
fn bad_values_do_not_cost_the_account_but_lost_projects_do() {
    let bad = r#"{"email":"a@b.cc","profile":{"dashBoards":[{"id":1,"name":"here","theme":"Neon"}],
                 "pinsStorage":{"1-0-v300":"?","1-0-v5":"good"}}}"#;
    let place = Place::new(&[("a@b.cc.Blynk.user", bad)]);
    let loaded = place.load();
    assert_eq!(first_project(&loaded), "here");
    assert!(loaded.users[0].damaged && !loaded.users[0].from_backup);
    assert_eq!(loaded.findings.len(), 2);
    for wreck in [
        r#"{"email":"a@b.cc","profile":{"dashBoards":{"an object":"where an array belongs"}}}"#,
        r#"{"email":"a@b.cc","profile":[]}"#,
    ] {
        let place = Place::new(&[("a@b.cc.Blynk.user", wreck), ("backup/a@b.cc.Blynk.user.x", &project("saved"))]);
        assert_eq!(first_project(&place.load()), "saved");
    }
}

#[test]
fn bad_bytes_are_replaced() {
    let place = Place::new(&[]);
    fs::write(place.0.path().join("a.user"), b"{\"email\":\"a@b.cc\",\"region\":\"\xff\"}").unwrap();
    let loaded = place.load();
    assert!(loaded.users[0].damaged);
    assert_eq!(loaded.users[0].user.region, "\u{fffd}");
}

#[test]
fn the_newer_of_two_files_of_an_account_is_used() {
    let with = |modified, updated| {
        format!(
            r#"{{"email":"a@b.cc","lastModifiedTs":{modified},"profile":{{"dashBoards":[{{"updatedAt":{updated}}}]}}}}"#
        )
    };
    for (one, other, winner) in [(with(1, 9), with(5, 5), "a"), (with(1, 2), with(5, 1), "b")] {
        let place = Place::new(&[("a.user", &one), ("b.user", &other), ("c.user", &with(0, 0))]);
        let loaded = place.load();
        assert_eq!(loaded.users.len(), 1);
        assert_eq!(loaded.users[0].file_name, format!("{winner}.user"));
        assert_eq!(loaded.findings.len(), 2);
        assert!(loaded.findings[0].text.contains(&format!("in {winner}.user")));
        assert_eq!(loaded.leftovers["a@b.cc.Blynk.user"].len(), 3);
    }
}

#[test]
fn stored_lines_beyond_the_limit_are_dropped() {
    let lines = |n: usize| (0..n).map(|i| format!("\"{i}\"")).collect::<Vec<_>>().join(",");
    let storage = format!(
        r#"{{"email":"a@b.cc","profile":{{"pinsStorage":{{"1-0-v1":{{"type":"LCD","values":[{}]}},
           "1-0-v2":{{"type":"TABLE","values":null}},"1-0-v3":{{"type":"TERMINAL","values":[{}]}}}}}}}}"#,
        lines(8),
        lines(27)
    );
    let loaded = Place::new(&[("a.user", &storage)]).load();
    let lengths: Vec<_> = loaded.users[0].user.profile.storage.0.values().map(|v| v.lines().len()).collect();
    assert_eq!(lengths, [6, 0, 25]);
    assert_eq!(loaded.users[0].user.profile.storage.0[0].lines()[0], "2");
    assert!(!loaded.users[0].damaged);
}

#[test]
fn findings_are_one_line() {
    let mut loaded = Loaded::default();
    loaded.find("f", &format!("a\nb{}", "ä".repeat(1000)), true);
    assert!(loaded.findings[0].text.starts_with("a b") && loaded.findings[0].text.len() <= FINDING_MAX);
}

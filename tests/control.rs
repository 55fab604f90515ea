//! Subcommands on a running server, through its control socket, and without one, on the data folder.

mod common;

use common::app::{App, OK};
use common::Place;
use std::os::unix::fs::PermissionsExt;

/// Status of a wrong password.
const USER_NOT_AUTHENTICATED: u32 = 5;
const INVALID_TOKEN: u32 = 9;
/// Status of an unknown account.
const USER_NOT_REGISTERED: u32 = 3;

#[test]
fn accounts_with_and_without_a_server() {
    let place = Place::new("");
    std::fs::create_dir(place.data()).unwrap();
    assert!(place.ok(&["user", "add", "first@example.com"], "one\n").contains("was added"));
    assert!(place.fails(&["status"], "").contains("no server is running"));
    assert!(place.fails(&["health"], "").contains("no server is running"));

    let mut server = place.start();
    let socket = place.data().join("control.sock");
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(place.ok(&["health"], "").contains("well"));
    assert_eq!(App::connect(place.https).login("first@example.com", "one"), OK);

    assert!(place.ok(&["user", "add", "Second@example.com"], "two").contains("second@example.com (Blynk) was added"));
    assert!(place.fails(&["user", "add", "second@example.com"], "x").contains("already"));
    assert!(place.fails(&["user", "add", "third@example.com"], "").contains("no password"));
    assert!(place.data().join("second@example.com.Blynk.user").exists());
    let mut app = App::connect(place.https);
    assert_eq!(app.login("second@example.com", "two"), OK);

    assert!(place.ok(&["user", "passwd", "second@example.com"], "three\n").contains("new password"));
    assert!(app.receive().is_err(), "the old password's session ends");
    assert_eq!(App::connect(place.https).login("second@example.com", "two"), USER_NOT_AUTHENTICATED);
    assert_eq!(App::connect(place.https).login("second@example.com", "three"), OK);

    let list = place.ok(&["user", "list"], "");
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[1].starts_with("admin@blynk.cc") && lines[1].ends_with("administrator"), "{list}");
    assert!(list.contains("first@example.com") && list.ends_with("3 accounts\n"), "{list}");

    let token = "NoSuchToken-NoSuchToken-NoSuchTo";
    assert_eq!(common::app::Device::connect(place.http).login(token), INVALID_TOKEN);
    let status = place.ok(&["status"], "");
    assert!(status.contains("NoSu... from 127.0.0.1 at 20") && !status.contains(token), "{status}");
    assert!(status.contains("eyelet-cert.pem") && status.contains("certificate ends at  20"), "{status}");
    assert!(status.lines().any(|line| line.starts_with("accounts ") && line.ends_with(" 3")), "{status}");
    let json: serde_json::Value = serde_json::from_str(&place.ok(&["status", "--json"], "")).unwrap();
    assert_eq!(json["process"], server.id());

    assert!(place.ok(&["user", "del", "second@example.com"], "").contains("was deleted"));
    assert!(place.data().join("deleted/second@example.com.Blynk.user").exists());
    assert_eq!(App::connect(place.https).login("second@example.com", "three"), USER_NOT_REGISTERED);

    let reset = place.ok(&["admin", "reset"], "");
    let password = reset.trim().rsplit(' ').next().unwrap();
    assert_eq!(App::connect(place.https).login("admin@blynk.cc", password), OK);

    assert!(server.stop().success());
    assert!(!socket.exists());
    let list = place.ok(&["user", "list"], "");
    assert!(list.ends_with("2 accounts\n") && !list.contains("second"), "{list}");
    assert!(place.ok(&["user", "del", "first@example.com"], "").contains("was deleted"));
}

#[test]
fn a_backup_of_a_running_server_comes_back() {
    let place = Place::new("");
    let mut server = place.start();
    assert_eq!(App::connect(place.https).register("a@example.com", "one"), OK);
    let file = place.path().join("backup.tar.gz").display().to_string();
    assert!(place.ok(&["backup", &file], "").contains(" files, "));
    assert!(place.fails(&["restore", &file], "").contains("in use by another server"));
    assert!(server.stop().success());
    std::fs::remove_file(place.data().join("a@example.com.Blynk.user")).unwrap();
    assert!(place.ok(&["restore", &file, "--dry-run"], "").contains("new       a@example.com.Blynk.user"));
    assert!(place.ok(&["restore", &file], "").contains("were written"));
    let _server = place.start();
    assert_eq!(App::connect(place.https).login("a@example.com", "one"), OK);
}

#[test]
fn a_doctor_says_what_is_wrong() {
    let place = Place::new("");
    let server = place.start();
    let report = place.ok(&["doctor"], "");
    assert!(report.contains(&format!("server: running as process {}", server.id())), "{report}");
    assert!(report.contains(&format!("port {} (http.port): the server's", place.http)), "{report}");
    assert!(report.contains("certificate: ") && report.ends_with("No problem was found.\n"), "{report}");
    drop(server);
    // The port of somebody else.
    let _other = std::net::TcpListener::bind(("127.0.0.1", place.mqtt)).unwrap();
    let report = place.fails(&["doctor"], "");
    assert!(report.contains(&format!("process {}", std::process::id())), "{report}");
    assert!(place.fails(&["mail-test", "a@example.com"], "").contains("mail.properties"));
    assert!(place.fails(&["--test-push"], "").contains("push.properties"));
    assert!(place.fails(&["--init-db"], "").contains("enable.db=true"));
}

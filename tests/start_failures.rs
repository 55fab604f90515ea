//! A server that cannot start ends at once: one line that says why, and status 1.

mod common;

use common::{Place, PATIENCE};
use std::fs;
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How long a start that fails may take.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Starts a server that must fail, with these words in the only line that it says.
fn fails(place: &Place, arguments: &[&str], words: &[&str]) {
    let begun = Instant::now();
    let child = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = ended(child);
    assert!(begun.elapsed() < AT_ONCE, "{words:?}: {:?}", begun.elapsed());
    assert_eq!(output.status.code(), Some(1), "{words:?}");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(said.lines().count(), 1, "{words:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{word:?} in {said}");
    }
}

/// Its output; a server that runs on is killed.
fn ended(mut child: Child) -> std::process::Output {
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        #[allow(clippy::disallowed_methods)] // Tests may wait.
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

#[test]
fn a_command_line_that_makes_no_sense_is_one_line_and_status_2() {
    let place = Place::new("");
    for (arguments, words) in [
        (&["-foo"][..], "Unrecognized option: -foo"),
        (&["-dataFolder"], "Missing argument for option: dataFolder"),
        (&["-hardPort", "abc"], "For input string: \"abc\""),
        (&["user"], "subcommands must be present: help add passwd list del"),
    ] {
        let output = place.run(arguments, "");
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn a_busy_port_is_named_and_no_other_stays_open() {
    let busy = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = busy.local_addr().unwrap().port();
    for key in ["http.port=", "https.port=", "hardware.mqtt.port=", "listen.extra=tls:"] {
        let place = Place::new(&format!("{key}{port}"));
        fails(&place, &[], &["Server ports are busy", &port.to_string(), "127.0.0.1"]);
        assert!(fs::read_to_string(place.path().join("logs/blynk.log")).unwrap().contains("Server ports are busy"));
    }
}

#[test]
fn an_address_of_another_machine_is_named() {
    for address in ["192.0.2.1", "no-such-host.invalid"] {
        fails(&Place::new(&format!("listen.address={address}")), &[], &["Error starting the server", address]);
    }
}

#[test]
fn values_of_the_command_line_are_checked_too() {
    fails(&Place::new(""), &["-hardPort", "70000"], &["'70000'", "'http.port'", "option -hardPort"]);
    fails(&Place::new(""), &["-restore"], &["Error restoring data from DB!"]);
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let place = Place::new("server.ssl.cert=cert.pem\nserver.ssl.key=cert.pem");
    fs::write(place.path().join("cert.pem"), "nothing").unwrap();
    fails(&place, &[], &["cert.pem", "no certificate"]);
    let place = Place::new("");
    for name in ["fullchain.crt", "privkey.pem"] {
        fs::write(place.path().join(name), "nothing").unwrap();
    }
    fails(&place, &[], &["fullchain.crt", "no certificate"]);
}

#[test]
fn a_data_folder_that_cannot_be_used_is_named() {
    let place = Place::new("");
    let mut first = place.start();
    let second = Place::new(&format!("data.folder={}", place.data().display()));
    fails(&second, &[], &["is in use by another server", &place.data().display().to_string(), &first.id().to_string()]);
    assert!(first.stop().success(), "the first one is not disturbed");
    // Something else where a file of the server shall be.
    fs::remove_file(place.data().join("eyelet.lock")).unwrap();
    fs::create_dir(place.data().join("eyelet.lock")).unwrap();
    fails(&place, &[], &["data folder", &place.data().display().to_string()]);
}

#[test]
fn a_mail_text_that_is_no_text_is_named() {
    let place = Place::new("");
    fs::write(place.path().join("template_id_mail.html"), [b'x', 0xff]).unwrap();
    fails(&place, &[], &["template_id_mail.html", "not UTF-8"]);
}

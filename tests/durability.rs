//! What was acknowledged is there after a stop and after a crash, and a peer that sends nonsense disturbs nobody.

mod common;

use common::app::{tcp, tls, Answer, App, Device, OK};
use common::{eventually, Place};
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

const CREATE_DASH: u8 = 21;
const ACTIVATE: u8 = 7;
const LOAD_PROFILE: u8 = 24;
const CREATE_DEVICE: u8 = 42;
const HARDWARE: u8 = 20;
const PING: u8 = 6;
const ILLEGAL_COMMAND: u32 = 2;
const INVALID_TOKEN: u32 = 9;
const ILLEGAL_COMMAND_BODY: u32 = 11;

/// Registers, logs in.
fn account(place: &Place, email: &str) -> App {
    let mut app = App::connect(place.https);
    assert_eq!(app.register(email, "pw"), OK);
    assert_eq!(app.login(email, "pw"), OK);
    app
}

fn inflate(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_hundred_acknowledged_changes_survive_a_stop_at_once() {
    let place = Place::new("");
    let mut server = place.start();
    let mut app = account(&place, "owner@example.com");
    for i in 0..50 {
        assert_eq!(App::connect(place.https).register(&format!("user{i}@example.com"), "pw"), OK);
        assert_eq!(app.ask(CREATE_DASH, &format!(r#"{{"id":{},"name":"Project {i}"}}"#, i + 1)), OK);
    }
    assert!(server.stop().success());
    assert_eq!(server.said.last().map(String::as_str), Some("Done."));

    let _server = place.start();
    let mut app = App::connect(place.https);
    assert_eq!(app.login("owner@example.com", "pw"), OK);
    let profile: serde_json::Value = serde_json::from_str(&inflate(&app.get(LOAD_PROFILE, ""))).unwrap();
    let mut names: Vec<&str> =
        profile["dashBoards"].as_array().unwrap().iter().map(|dash| dash["name"].as_str().unwrap()).collect();
    names.sort_by_key(|name| name.len());
    let wanted: Vec<String> = (0..50).map(|i| format!("Project {i}")).collect();
    assert_eq!(names, wanted);
    for i in 0..50 {
        assert_eq!(App::connect(place.https).login(&format!("user{i}@example.com"), "pw"), OK, "user {i}");
    }
}

#[test]
fn who_came_and_went_is_in_the_file_after_a_stop() {
    let place = Place::new("");
    let mut server = place.start();
    let (mut app, token) = App::with_project(place.https, "a@example.com", "");
    let file = place.data().join("a@example.com.Blynk.user");
    let written = |path: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(serde_json::Value::Null).pointer(path).cloned().unwrap_or_default()
    };
    let is_set = |path: &str| written(path).as_i64().is_some_and(|time| time > 0);
    const DEVICE: &str = "/profile/dashBoards/0/devices/0";
    {
        let mut device = Device::connect(place.http);
        assert_eq!(device.login(&token), OK);
        // A change that is saved at once, while the device is there.
        assert_eq!(app.ask(ACTIVATE, "1"), OK);
        let connected = || is_set(&format!("{DEVICE}/connectTime")).then_some(());
        eventually("the change is written", connected);
    }
    let gone = || inflate(&app.get(LOAD_PROFILE, "1")).contains(r#""status":"OFFLINE""#).then_some(());
    eventually("the device is gone", gone);
    assert!(server.stop().success());
    assert_eq!(written(&format!("{DEVICE}/status")), "OFFLINE");
    assert!(is_set(&format!("{DEVICE}/disconnectTime")) && is_set("/lastLoggedAt"));

    // An account that nobody changed keeps its file as it was.
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.insert(1, ' ');
    std::fs::write(&file, &text).unwrap();
    let mut server = place.start();
    assert_eq!(App::connect(place.https).login("a@example.com", "pw"), OK);
    assert!(server.stop().success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn what_people_changed_survives_a_crash() {
    let place = Place::new("");
    let mut server = place.start();
    let mut app = account(&place, "a@example.com");
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"Kept"}"#), OK);
    let file = place.data().join("a@example.com.Blynk.user");
    let written = || std::fs::read_to_string(&file).is_ok_and(|text| text.contains("Kept"));
    eventually("the project is written without being asked", || written().then_some(()));
    server.kill();
    assert!(place.data().join("control.sock").exists(), "a crash leaves the socket's file");
    // What an interrupted write leaves.
    std::fs::write(place.data().join(".a@example.com.Blynk.user.tmp"), "{\"email\":").unwrap();

    let mut server = place.start();
    let mut app = App::connect(place.https);
    assert_eq!(app.login("a@example.com", "pw"), OK);
    assert!(inflate(&app.get(LOAD_PROFILE, "1")).contains("Kept"));
    assert!(place.ok(&["health"], "").contains("well"));
    server.kill();
    let mut server = place.start();
    assert!(server.stop().success());
}

#[test]
fn values_survive_a_crash_in_a_large_account_too() {
    let place = Place::new("profile.save.worker.period=200");
    let mut server = place.start();
    let padding = format!(r#"{{"type":"BUTTON","id":2,"label":"{}"}}"#, "x".repeat(20_000));
    let (_app, token) = App::with_project(place.https, "a@example.com", &padding);
    let file = place.data().join("a@example.com.Blynk.user");
    let beside = place.data().join("a@example.com.Blynk.user.changes");
    let holds = |path: &Path, value: &str| std::fs::read_to_string(path).is_ok_and(|text| text.contains(value));
    let write = |value: &str| {
        let mut device = Device::connect(place.http);
        assert_eq!(device.login(&token), OK);
        device.send(HARDWARE, &format!("vw\x005\x00{value}"));
        eventually("the value is saved", || (holds(&file, value) || holds(&beside, value)).then_some(()));
    };
    ["value-1", "value-2", "value-3"].iter().for_each(|value| write(value));
    assert!(holds(&beside, "value-3") && !holds(&file, "value-3"), "only what differs was written");
    server.kill();

    let mut server = place.start();
    assert!(holds(&file, "value-3") && !beside.exists(), "the start makes one file of both");
    ["value-4", "value-5"].iter().for_each(|value| write(value));
    assert!(beside.exists());
    assert!(server.stop().success());
    assert!(holds(&file, "value-5") && !beside.exists(), "the end writes whole files");
}

/// An app and a device that go on talking whatever others do.
struct Pair {
    app: App,
    device: Device,
    count: u32,
}

impl Pair {
    fn new(place: &Place) -> Pair {
        let mut app = account(place, "pair@example.com");
        assert_eq!(app.ask(CREATE_DASH, r#"{"id":1,"name":"Pair"}"#), OK);
        let device = app.get(CREATE_DEVICE, "1\0{\"id\":1,\"name\":\"D\",\"boardType\":\"ESP8266\"}");
        let device: serde_json::Value = serde_json::from_slice(&device).unwrap();
        let mut hardware = Device::connect(place.http);
        assert_eq!(hardware.login(device["token"].as_str().unwrap()), OK);
        assert_eq!(app.ask(ACTIVATE, "1"), OK);
        Pair { app, device: hardware, count: 0 }
    }

    fn talk(&mut self) {
        self.count += 1;
        self.device.send(HARDWARE, &format!("vw\x005\x00{}", self.count));
        let wanted = format!("1-1\0vw\x005\x00{}", self.count).into_bytes();
        let seen = |answer| matches!(answer, Answer::Message { command: HARDWARE, body, .. } if body == wanted);
        while !seen(self.app.receive().unwrap()) {}
    }
}

/// Everything until the peer closes; it must do so soon.
fn read_to_end(stream: &mut impl Read) -> Vec<u8> {
    let began = Instant::now();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    assert!(began.elapsed() < Duration::from_secs(15), "the connection stays open after {bytes:?}");
    bytes
}

#[test]
fn nonsense_ends_only_its_own_connection() {
    let place = Place::new("");
    let server = place.start();
    let mut pair = Pair::new(&place);
    pair.talk();

    // Frames that cannot be: the connection is closed without a word.
    let frames: [&[u8]; 4] = [
        // Unknown commands.
        &[100, 0, 1, 0, 0],
        &[255, 255, 255, 0, 3, 255, 255, 255, 255],
        // The beginning of a login, then an unknown command.
        &[29, 0, 1, 0, 4, b'n', b'o', b'n', b'e', 200, 0, 2, 0, 0],
        // Not even the beginning of anything known.
        &[0xfe, 0xff, 0xff, 0x00, 0x02, 0x03, 0x80, 0x81],
    ];
    for frame in frames {
        let mut socket = tcp(place.http);
        socket.write_all(frame).unwrap();
        let answer = read_to_end(&mut socket);
        let refused_login = [0, 0, 1, 0, INVALID_TOKEN as u8];
        assert!(answer.is_empty() || frame[0] == 29 && answer == refused_login, "{frame:?}: {answer:?}");
        pair.talk();
    }
    // The same for apps, whose frames have longer lengths: unknown, more than anybody may send, more than a stranger may.
    for header in [[120, 0, 1, 0, 0, 0, 0], [2, 0, 1, 0x7f, 0xff, 0xff, 0xff], [2, 0, 1, 0, 0x30, 0, 0]] {
        let mut stream = tls(tcp(place.https));
        stream.write_all(&header).unwrap();
        stream.flush().unwrap();
        assert_eq!(read_to_end(&mut stream), b"", "{header:?}");
        pair.talk();
    }
    // No TLS where TLS is spoken.
    let mut socket = tcp(place.https);
    socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    read_to_end(&mut socket);
    pair.talk();

    // Half a frame, and then nothing: it waits without harm, and its end is seen.
    let mut half = tcp(place.http);
    half.write_all(&[29, 0, 1, 0, 32, b'x']).unwrap();
    pair.talk();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut half), b"");

    // What can be read but makes no sense is answered or ignored, and the connection goes on.
    let mut device = Device::connect(place.http);
    assert_eq!(device.login("no-such-token-but-of-32-characters"), INVALID_TOKEN);
    assert_eq!(pair.device.ask(HARDWARE, "vw\x00no-number\x001"), ILLEGAL_COMMAND);
    pair.device.send(73, "");
    assert_eq!(pair.device.ask(PING, ""), OK);
    assert_eq!(pair.app.ask(CREATE_DASH, "{"), ILLEGAL_COMMAND_BODY);
    pair.talk();
    drop(server);
}

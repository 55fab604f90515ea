//! Peers that mean no good at the level of connections: too many, too slow, too long, under false names. Others go on.
#![allow(clippy::disallowed_methods)] // Tests may wait.

mod common;

use common::app::{tcp, Answer, App, Device, OK};
use common::{eventually, Place};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const PING: u8 = 6;
const HARDWARE: u8 = 20;
const CREATE_DASH: u8 = 21;
const EMAIL: &str = "own@example.com";

/// Reads to the end of a connection; what came. Panics when the server leaves it open.
fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match socket.read_to_end(&mut bytes) {
        Ok(_) => bytes,
        Err(e) if e.kind() == ErrorKind::ConnectionReset => bytes,
        Err(e) => panic!("after {} bytes: {e}", bytes.len()),
    }
}

/// Whether the server has closed a connection.
fn is_closed(socket: &mut TcpStream) -> bool {
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    match socket.read(&mut [0]) {
        Ok(n) => n == 0,
        Err(e) => e.kind() == ErrorKind::ConnectionReset,
    }
}

fn http_status(port: u16) -> String {
    let mut socket = tcp(port);
    let _ = socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let answer = rest(&mut socket);
    String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned()
}

#[test]
fn strangers_cannot_take_the_descriptors_that_files_need() {
    let place = Place::new("");
    let _server = place.start_within(100);
    let (mut app, token) = App::with_project(place.https, EMAIL, "");
    let mut strangers: Vec<TcpStream> = (0..90).map(|_| tcp(place.http)).collect();
    let refused = eventually("it is full", || {
        let refused = strangers.iter_mut().filter_map(|s| is_closed(s).then_some(())).count();
        (refused >= 55).then_some(refused)
    });
    assert!(refused < 75, "{refused} of 90 were refused");
    assert_eq!(app.ask(CREATE_DASH, r#"{"id":2,"name":"While it was full"}"#), OK);
    let saved = || fs::read_to_string(place.data().join(format!("{EMAIL}.Blynk.user"))).unwrap_or_default();
    eventually("the project is saved", || saved().contains("While it was full").then_some(()));
    let log = fs::read_to_string(place.path().join("logs/blynk.log")).unwrap();
    assert_eq!(log.matches("no more are taken").count(), 1);
    drop(strangers);
    eventually("there is room again", || (!is_closed(&mut tcp(place.http))).then_some(()));
    assert_eq!(Device::connect(place.http).login(&token), OK);
}

#[test]
fn silent_strangers_make_room_for_who_has_something_to_say() {
    let place = Place::new("");
    let _server = place.start_within(100);
    let (_app, token) = App::with_project(place.https, EMAIL, "");
    // Silent ones, half logins, half requests, and browsers that keep their connection.
    let beginnings: [&[u8]; 4] = [b"", b"\x1d\0\x01\0\x20ab", b"GET / HT", b"GET /healthz HTTP/1.1\r\n\r\n"];
    let began = Instant::now();
    let strangers: Vec<TcpStream> = (0..60)
        .map(|n| {
            let mut socket = tcp(place.http);
            let _ = socket.write_all(beginnings[n % beginnings.len()]);
            socket
        })
        .collect();
    eventually("it is full", || is_closed(&mut tcp(place.http)).then_some(()));
    // They have some seconds; those whose session had begun also have time to read why it ends.
    let is_in = || {
        let (mut socket, mut answer) = (tcp(place.http), [0; 5]);
        let login = [&[29, 0, 1, 0, 32][..], token.as_bytes()].concat();
        socket.write_all(&login).is_ok() && socket.read_exact(&mut answer).is_ok() && answer == [0, 0, 1, 0, 200]
    };
    for _ in 0..5 {
        eventually("a device is let in", || is_in().then_some(()));
    }
    eventually("HTTP is served", || (http_status(place.http) == "200").then_some(()));
    assert!(began.elapsed() < Duration::from_secs(20), "only when their own time was over");
    drop(strangers);
}

#[test]
fn http_goes_on_when_strangers_took_all_they_could() {
    let place = Place::new("");
    let _server = place.start_within(200);
    let (_, token) = App::with_project(place.https, EMAIL, "");
    let ask = |socket: &mut TcpStream| {
        let mut answer = [0; 12];
        let _ = socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
        socket.read_exact(&mut answer).is_ok_and(|()| &answer == b"HTTP/1.1 200")
    };
    for _ in 0..3 {
        let mut first = eventually("there is room", || {
            let mut socket = tcp(place.http);
            ask(&mut socket).then_some(socket)
        });
        let mut strangers: Vec<TcpStream> = (0..150).map(|_| tcp(place.http)).collect();
        for socket in &mut strangers {
            let _ = socket.write_all(b"GET / HTTP/1.1\r\n\r\n");
        }
        // Whoever was let in is served; what is left of the first answer comes before the second.
        first.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let answers = String::from_utf8_lossy(&rest(&mut first)).into_owned();
        assert!(answers.contains("HTTP/1.1 200"), "{answers}");
    }
    eventually("HTTP works", || (http_status(place.http) == "200").then_some(()));
    assert_eq!(Device::connect(place.http).login(&token), OK);
    let mut app = App::connect(place.https);
    assert_eq!(app.login(EMAIL, "pw"), OK);
}

#[test]
fn a_tls_handshake_has_ten_seconds() {
    let place = Place::new("");
    let _server = place.start();
    let began = Instant::now();
    let mut silent: Vec<TcpStream> = (0..50).map(|_| tcp(place.https)).collect();
    let mut slow = tcp(place.https);
    let mut dripping = slow.try_clone().unwrap();
    let drip = std::thread::spawn(move || {
        // The beginning of a client's first message, which never becomes whole.
        for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".iter().chain([&0; 40]) {
            if dripping.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(400));
        }
        panic!("it may drip for ever");
    });
    let (mut app, _) = App::with_project(place.https, EMAIL, "");
    assert!(began.elapsed() < Duration::from_secs(5));
    rest(&mut slow);
    silent.iter_mut().for_each(|socket| drop(rest(socket)));
    let took = began.elapsed().as_secs_f32();
    assert!((9.0..15.0).contains(&took), "{took} s");
    drip.join().unwrap();
    assert_eq!(app.ask(PING, ""), OK);
}

#[test]
fn one_address_has_a_limit_and_proxies_must_be_known() {
    let place = Place::new("proxy.protocol.networks=127.0.0.1/32\nmax.connections.per.address=5");
    let mut server = place.start();
    let (mut app, token) = App::with_project(place.https, EMAIL, "");
    let from = |address: &str| {
        let mut socket = tcp(place.http);
        let (kind, to) = if address.contains(':') { ("TCP6", "::1") } else { ("TCP4", "127.0.0.1") };
        socket.write_all(format!("PROXY {kind} {address} {to} 4000 80\r\n").as_bytes()).unwrap();
        socket
    };
    let mut held: Vec<Device> = (0..5).map(|_| Device::over(from("192.0.2.1"))).collect();
    assert!(held.iter_mut().all(|device| device.login(&token) == OK));
    assert!(rest(&mut from("192.0.2.1")).is_empty());
    assert_eq!(Device::over(from("192.0.2.2")).login(&token), OK);
    // Who has one IPv6 address has many.
    let mut neighbours: Vec<Device> = (1..=5).map(|n| Device::over(from(&format!("2001:db8::{n}")))).collect();
    assert!(neighbours.iter_mut().all(|device| device.login(&token) == OK));
    assert!(rest(&mut from("2001:db8::6")).is_empty());
    assert_eq!(Device::over(from("2001:db8:0:1::1")).login(&token), OK);
    held.pop();
    eventually("its place is free", || {
        let mut device = Device::over(from("192.0.2.1"));
        device.send(29, &token);
        device.receive().is_ok().then_some(())
    });
    assert_eq!(app.ask(PING, ""), OK);
    assert!(server.stop().success());

    // Whoever is not a known proxy speaks the device's protocol, and not well.
    let place = Place::new("proxy.protocol.networks=192.0.2.0/24");
    let _server = place.start();
    let (_app, token) = App::with_project(place.https, EMAIL, "");
    let mut liar = Device::over(tcp(place.http));
    liar.stream.write_all(b"PROXY TCP4 192.0.2.1 127.0.0.1 4000 80\r\n").unwrap();
    liar.send(29, &token);
    liar.stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    assert!(liar.receive().is_err());
}

#[test]
fn the_last_word_arrives_though_the_peer_goes_on_sending() {
    let place = Place::new("");
    let _server = place.start();
    for _ in 0..5 {
        let mut socket = tcp(place.http);
        let key = "GET /websockets HTTP/1.1\r\nhost: x\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n\r\n";
        socket.write_all(key.as_bytes()).unwrap();
        let mut frame = b"\x82\xFF\0\0\0\0\0\x01\0\x01\0\0\0\0".to_vec();
        frame.extend(vec![b'x'; 400_000]);
        // The close frame comes after the head.
        let _ = socket.write_all(&frame);
        let answer = rest(&mut socket);
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").map(|at| &answer[at + 4..]);
        assert!(end.is_some_and(|end| end.starts_with(b"\x88") && end[2..4] == 1009u16.to_be_bytes()), "{end:02X?}");
    }
}

#[test]
fn an_app_that_does_not_read_costs_little_and_delays_nobody() {
    let place = Place::new("user.message.quota.limit=100000");
    let server = place.start();
    let (mut app, token) = App::with_project(place.https, EMAIL, "");
    let mut deaf = App::connect(place.https);
    assert_eq!(deaf.login(EMAIL, "pw"), OK);
    let mut device = Device::connect(place.http);
    assert_eq!(device.login(&token), OK);
    let before = server.memory("VmHWM");
    let value = "x".repeat(30_000);
    for round in 0..600 {
        device.send(HARDWARE, &format!("vw\01\0{round} {value}"));
        let heard = loop {
            if let Answer::Message { command: HARDWARE, body, .. } = app.receive().unwrap() {
                break body;
            }
        };
        assert!(heard.starts_with(format!("1-0\0vw\01\0{round} ").as_bytes()));
    }
    let grown = server.memory("VmHWM") - before;
    assert!(grown < 4 * 1024, "{grown} KB more for an app that did not read 18 MB");
}

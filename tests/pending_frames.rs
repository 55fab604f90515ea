//! Apps and strangers that begin large frames and never end them: what the server keeps of them is bounded in the sum, and others go
//! on, with large frames, too.

#![allow(clippy::disallowed_methods)] // Clients wait.

mod common;

use common::app::{tcp, App, OK};
use common::{eventually, Place};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const CREATE_DASH: u8 = 21;
/// Apps of one account, each of which begins a frame of this size.
const APPS: usize = 30;
const FRAME: usize = 9_500_000;
/// Strangers, each of which begins a frame of 64 KB.
const STRANGERS: usize = 600;
/// KB that the server may grow by: the bounds of an account and of strangers, what TLS keeps of 30 apps, and some. All frames would be
/// ten times as much.
const GROWTH_MAX: u64 = (16 + 16 + 8) * 1024;

#[test]
fn unfinished_frames_are_bounded_in_the_sum() {
    let place = Place::new("");
    let server = place.start();
    assert_eq!(App::connect(place.https).register("a@example.com", "pw"), OK);
    let mut other = App::connect(place.https);
    assert_eq!((other.register("b@example.com", "pw"), other.login("b@example.com", "pw")), (OK, OK));
    let mut apps: Vec<App> = (0..APPS).map(|_| App::connect(place.https)).collect();
    for app in &mut apps {
        assert_eq!(app.login("a@example.com", "pw"), OK);
    }
    let before = server.memory("VmRSS");

    let kept: Vec<bool> = apps.iter_mut().map(|app| begin(app, CREATE_DASH, FRAME)).collect();
    let mut sockets: Vec<_> = (0..STRANGERS).map(|_| tcp(place.http)).collect();
    for socket in &mut sockets {
        let _ = socket.write_all(&[&[20, 0, 1, 0xff, 0xff][..], &[b'x'; 60_000]].concat());
    }
    let is_closed = |socket: &mut TcpStream| {
        socket.set_nonblocking(true).unwrap();
        socket.read(&mut [0]).map_or_else(|e| e.kind() == ErrorKind::ConnectionReset, |n| n == 0)
    };
    eventually("strangers are refused", || {
        let closed = sockets.iter_mut().filter_map(|socket| is_closed(socket).then_some(())).count();
        (closed > STRANGERS / 3).then_some(())
    });
    assert!(!sockets.iter_mut().all(is_closed), "there was room for many");
    // Another account's frames of any size are taken meanwhile.
    let name = "n".repeat(150_000);
    assert_ne!(other.ask(CREATE_DASH, &format!(r#"{{"id":1,"name":"{name}"}}"#)), 0);
    assert_eq!(other.ask(CREATE_DASH, r#"{"id":2,"name":"small"}"#), OK);
    let grown = server.memory("VmHWM").saturating_sub(before);
    assert!(grown < GROWTH_MAX, "{grown} KB more");
    assert!(kept[0], "the first frame was not kept");
    assert!(kept.iter().filter(|kept| **kept).count() <= 2, "{kept:?}");

    // Whoever holds them leaves: there is room again.
    drop(apps);
    drop(sockets);
    eventually("an app may begin a large frame", || {
        let mut app = App::connect(place.https);
        assert_eq!(app.login("a@example.com", "pw"), OK);
        begin(&mut app, CREATE_DASH, FRAME).then_some(())
    });
}

/// Sends a frame but for its last bytes; whether the server keeps it and waits for the rest.
fn begin(app: &mut App, command: u8, length: usize) -> bool {
    let header = [&[command, 0, 9][..], &u32::try_from(length).unwrap().to_be_bytes()].concat();
    let part = [b' '; 16 * 1024];
    let stream = &mut app.stream;
    let sent = stream.write_all(&header).is_ok() && (0..length / part.len()).all(|_| stream.write_all(&part).is_ok());
    stream.sock.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    sent && stream.read(&mut [0]).is_err_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

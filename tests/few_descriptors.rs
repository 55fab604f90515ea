//! A server that may open only 100 files and sockets, and strangers that want 600 connections: it serves as many as it can, lives,
//! and serves everybody afterwards.

#![allow(clippy::disallowed_methods)] // Clients wait.

mod common;

use common::app::{App, Device, OK};
use common::{eventually, Place};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Connections of each kind.
const MANY: usize = 300;

fn connect(port: u16) -> Option<TcpStream> {
    let socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    Some(socket)
}

/// The first line of the answer, if there is one.
fn ask(socket: &mut TcpStream, request: &str) -> Option<String> {
    socket.write_all(request.as_bytes()).ok()?;
    let mut answer = [0; 2048];
    let n = socket.read(&mut answer).ok().filter(|n| *n > 0)?;
    Some(String::from_utf8_lossy(&answer[..n]).lines().next().unwrap_or_default().to_owned())
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\n\r\n";

#[test]
fn strangers_cannot_take_what_http_needs() {
    let place = Place::new("");
    let mut server = place.start_within(100);
    for _ in 0..3 {
        let (mut browsers, mut devices) = (Vec::new(), Vec::new());
        for n in 0..MANY {
            // All at once: requests that are answered at once, those that wait for more, devices that say nothing useful.
            let mut browser = connect(place.http).unwrap();
            let request =
                if n % 2 == 0 { HEALTH } else { "PUT /token/update/v1 HTTP/1.1\r\nContent-Length: 9\r\n\r\n[" };
            let _ = browser.write_all(request.as_bytes());
            browsers.push(browser);
            let mut device = connect(place.http).unwrap();
            let _ = device.write_all(b"\x1d\0\x01\0\x20ffffffffffffffffffffffffffffffff");
            devices.push(device);
        }
        let heard = |sockets: &mut Vec<TcpStream>| {
            let read = |socket: &mut TcpStream| {
                let _ = socket.set_read_timeout(Some(Duration::from_millis(200)));
                socket.read(&mut [0; 100]).is_ok_and(|n| n > 0).then_some(())
            };
            sockets.iter_mut().filter_map(read).count()
        };
        let (answered, refused) = (heard(&mut browsers), heard(&mut devices));
        assert!(answered + refused >= 10, "{answered} browsers and {refused} devices were heard");
    }
    eventually("HTTP is served again", || {
        let mut socket = connect(place.http)?;
        (0..5).all(|_| ask(&mut socket, HEALTH).is_some_and(|line| line == "HTTP/1.1 200 OK")).then_some(())
    });
    // Several at the same time, and other services.
    let mut sockets: Vec<_> = (0..10).map(|_| connect(place.http).unwrap()).collect();
    for socket in &mut sockets {
        assert_eq!(ask(socket, HEALTH).as_deref(), Some("HTTP/1.1 200 OK"));
    }
    let (_app, token) = App::with_project(place.https, "a@example.com", "");
    assert_eq!(Device::connect(place.http).login(&token), OK);
    assert!(server.stop().success());
    // Nobody was ever without: what has to be written could not be.
    let logs = ["blynk.log", "worker.log"]
        .map(|name| fs::read_to_string(place.path().join("logs").join(name)).unwrap_or_default());
    assert!(!logs.concat().contains("Too many open files"), "{}", logs.concat());
}

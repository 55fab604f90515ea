//! What slow and many HTTP clients may cost: heads and bodies end after their time, an address has a number of connections,
//! and meanwhile others are answered.

#![allow(clippy::disallowed_methods)] // Clients wait, and have threads.

mod common;

use common::Place;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How much later than they must things may happen on a busy machine.
const GRACE: Duration = Duration::from_secs(20);
/// Slow connections of each kind: more than requests that may be at work at once.
const SLOW: usize = 40;

fn connect(port: u16, first: &str) -> TcpStream {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.write_all(first.as_bytes()).unwrap();
    socket
}

/// Sends a byte a second until the server ends the connection; its last words, and how long that took.
fn drip(port: u16, first: &str) -> (String, Duration) {
    let begun = Instant::now();
    let mut socket = connect(port, first);
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut heard = String::new();
    while begun.elapsed() < HEAD_TIMEOUT + GRACE {
        let mut bytes = [0; 1024];
        match socket.read(&mut bytes) {
            Ok(0) => break,
            Ok(n) => heard.push_str(&String::from_utf8_lossy(&bytes[..n])),
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(_) => {
                if socket.write_all(b"x").is_err() {
                    break;
                }
            }
        }
    }
    (heard, begun.elapsed())
}

#[test]
fn slow_clients_are_given_up_and_stop_nobody() {
    let place = Place::new("");
    let server = place.start();
    let port = place.http;
    let memory = || {
        let text = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let before = memory();
    let head = "GET /healthz HTTP/1.1\r\nX-Slow: ";
    let body = "PUT /token/update/v1 HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n[";
    let clients: Vec<_> =
        (0..2 * SLOW).map(|n| thread::spawn(move || drip(port, if n < SLOW { head } else { body }))).collect();
    for _ in 0..20 {
        let mut healthy = connect(port, "GET /healthz HTTP/1.1\r\n\r\n");
        let mut answer = [0; 1024];
        let n = healthy.read(&mut answer).unwrap();
        assert!(answer[..n].starts_with(b"HTTP/1.1 200 "));
        thread::sleep(Duration::from_millis(500));
    }
    // Each has a few KB, not a thread.
    assert!(memory() < before + 2048, "{} KB, then {} KB", before, memory());
    let ends: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    for (heard, after) in &ends[..SLOW] {
        assert!(heard.is_empty() && *after >= HEAD_TIMEOUT && *after < HEAD_TIMEOUT + GRACE, "{heard} {after:?}");
    }
    for (heard, after) in &ends[SLOW..] {
        assert!(heard.starts_with("HTTP/1.1 408 "), "{heard}");
        assert!(*after >= BODY_TIMEOUT && *after < BODY_TIMEOUT + GRACE, "{after:?}");
    }
}

#[test]
fn an_address_has_a_number_of_connections() {
    let place = Place::new("max.connections.per.address=3\nproxy.protocol.networks=127.0.0.1");
    let _server = place.start();
    let ask = |from: &str| {
        connect(place.http, &format!("PROXY TCP4 {from} 192.0.2.9 40000 8080\r\nGET /healthz HTTP/1.1\r\n\r\n"))
    };
    let is_answered = |socket: &mut TcpStream| socket.read(&mut [0; 1024]).is_ok_and(|n| n > 0);
    let mut first: Vec<_> = (0..3).map(|_| ask("198.51.100.1")).collect();
    assert!(first.iter_mut().all(is_answered));
    assert!(!is_answered(&mut ask("198.51.100.1")));
    assert!(is_answered(&mut ask("198.51.100.2")));
    drop(first);
    common::eventually("there is room again", || is_answered(&mut ask("198.51.100.1")).then_some(()));
}

#[test]
fn a_download_that_is_nowhere_is_answered_as_a_missing_file() {
    let place = Place::new("");
    let _server = place.start();
    for (path, text) in
        [("/a/b.gz", "Failure: 404 Not Found"), ("/a/b/c.zip?x=1", "Failure: 404 Not Found"), ("/a/b", "")]
    {
        let mut socket = connect(place.http, &format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"));
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
        assert_eq!(body.trim_end(), text, "{path}");
    }
}

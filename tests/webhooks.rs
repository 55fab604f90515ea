//! Webhooks to servers that mean no good: one that never answers, one that answers without end, one that breaks the
//! connection. Memory stays bounded, and other webhooks go on, of the same account and of others.
#![allow(clippy::disallowed_methods)] // Tests may wait.

mod common;

use common::app::{App, Device, OK};
use common::{Place, Server};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const HARDWARE: u8 = 20;
/// What the endless answer announces, bytes.
const ENDLESS: usize = 1 << 30;
/// Webhooks that call the server which never answers.
const SILENT: u8 = 20;

/// A server on loopback that treats each connection so; its port.
fn target(treat: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let treat = Arc::new(treat);
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let treat = Arc::clone(&treat);
            thread::spawn(move || treat(socket));
        }
    });
    port
}

/// Reads the head of a request.
fn read_head(socket: &mut TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).is_ok_and(|n| n == 1) {
        head.push(byte[0]);
    }
}

/// Tells of each connection, and never answers.
fn silent() -> (u16, Receiver<()>) {
    let (called, calls) = mpsc::channel();
    let port = target(move |mut socket| {
        read_head(&mut socket);
        let _ = called.send(());
        while socket.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {}
    });
    (port, calls)
}

/// Answers with a gigabyte, as far as it is taken; counts the bytes that went.
fn endless() -> (u16, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let port = target(move |mut socket| {
        read_head(&mut socket);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {ENDLESS}\r\n\r\n");
        let _ = socket.write_all(head.as_bytes());
        let piece = [b'x'; 64 * 1024];
        for _ in 0..ENDLESS / piece.len() {
            match socket.write(&piece) {
                Ok(n) => count.fetch_add(n, Ordering::Relaxed),
                Err(_) => break,
            };
        }
    });
    (port, sent)
}

/// Breaks the connection: what it did not read makes the system reset it.
fn resetting() -> u16 {
    target(|socket| {
        let _ = socket.peek(&mut [0]);
    })
}

fn healthy(answer: &'static str) -> u16 {
    target(move |mut socket| {
        read_head(&mut socket);
        let text = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        let _ = socket.write_all(text.as_bytes());
    })
}

fn webhook(pin: u8, port: u16) -> String {
    format!(
        r#"{{"type":"WEBHOOK","id":{},"deviceId":0,"pin":{pin},"pinType":"VIRTUAL","width":2,"height":1,
        "method":"POST","headers":[{{"name":"Content-Type","value":"text/plain"}}],"body":"/pin/",
        "url":"http://127.0.0.1:{port}/"}}"#,
        u32::from(pin) + 1
    )
}

fn device(place: &Place, email: &str, widgets: &[String]) -> (App, Device) {
    let (app, token) = App::with_project(place.https, email, &widgets.join(","));
    let mut device = Device::connect(place.http);
    assert_eq!(device.login(&token), OK);
    (app, device)
}

fn start(config: &str) -> (Place, Server) {
    let place = Place::new(&format!("webhooks.frequency.user.quota.limit=0\nuser.message.quota.limit=10000\n{config}"));
    let server = place.start();
    (place, server)
}

#[test]
fn hostile_targets_stop_nobody_else() {
    let (place, server) = start("");
    let (silent, calls) = silent();
    let (endless, sent) = endless();
    let (reset, well) = (resetting(), healthy("well"));
    let mut widgets: Vec<String> = (0..SILENT).map(|pin| webhook(pin, silent)).collect();
    widgets.extend([webhook(100, endless), webhook(101, reset), webhook(102, well)]);
    let (_app, mut greedy) = device(&place, "greedy@example.com", &widgets);
    let (_other_app, mut other) = device(&place, "other@example.com", &[webhook(1, well)]);
    let before = server.memory("VmHWM");

    // A large value, so that what waits would be seen in memory.
    let value = "x".repeat(40_000);
    for pin in 0..SILENT {
        for _ in 0..5 {
            greedy.send(HARDWARE, &format!("vw\0{pin}\0{value}"));
        }
    }
    calls.recv_timeout(common::PATIENCE).unwrap();
    for _ in 0..20 {
        greedy.send(HARDWARE, "vw\0100\01");
        greedy.send(HARDWARE, "vw\0101\01");
    }
    // Somebody else's call is made at once, again and again.
    let began = Instant::now();
    for _ in 0..5 {
        other.send(HARDWARE, "vw\01\01");
        assert_eq!(other.hear(), "vw\01\0well");
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(greedy.ask(6, ""), OK);
    let grown = server.memory("VmHWM") - before;
    assert!(grown < 24 * 1024, "{grown} KB more");
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < ENDLESS / 4, "{sent} bytes of an endless answer were taken");
}

#[test]
fn one_hostile_webhook_does_not_stop_the_others_of_its_account() {
    let (place, _server) = start("blocking.processor.thread.pool.limit=1");
    let (silent, calls) = silent();
    let (endless, _) = endless();
    let widgets = [webhook(1, silent), webhook(2, endless), webhook(3, resetting()), webhook(4, healthy("well"))];
    let (_app, mut device) = device(&place, "own@example.com", &widgets);
    for _ in 0..6 {
        device.send(HARDWARE, "vw\01\01");
    }
    calls.recv_timeout(common::PATIENCE).unwrap();
    for pin in [2, 3, 4, 2, 3, 4] {
        device.send(HARDWARE, &format!("vw\0{pin}\01"));
    }
    for _ in 0..2 {
        assert_eq!(device.hear(), "vw\04\0well");
    }
}

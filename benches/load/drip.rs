//! Many connections that send one byte a second: what others feel of them, and what they cost the server in memory.
//!
//! A third of them never finish a request's head, a third a request's body, a third a device's message.

use crate::burst::connect_devices;
use crate::client::{command, Peer};
use crate::latency::Spread;
use crate::options::Options;
use crate::server::Server;
use crate::world;
use crate::Fallible;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

pub fn run(options: &mut Options) -> Fallible<()> {
    let (connections, seconds): (usize, u64) = (options.get("connections", 500)?, options.get("seconds", 15)?);
    let server = Server::from_options(options)?;
    options.finish()?;
    let (accounts, mut devices) = connect_devices(&server, 1, 1)?;
    let (token, device) = (&accounts[0].tokens[0], &mut devices[0]);
    let mut app = world::app(server.https, &accounts[0])?;
    device.send(command::HARDWARE, &world::write_body("1"))?;
    while app.receive()?.command != command::HARDWARE {}
    let mut line = Line::new(server.http, token)?;
    println!("drip: {connections} connections of one byte a second, {seconds} s each phase");

    let length = Duration::from_secs(seconds);
    phase("warming up", &server, &mut line, device, &mut app, length / 5)?;
    phase("without them", &server, &mut line, device, &mut app, length)?;
    let before = server.memory().ok();
    let mut clients = Vec::with_capacity(connections);
    for n in 0..connections {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, server.http))?;
        socket.set_nodelay(true)?;
        socket.write_all(beginning(n, token).as_bytes())?;
        clients.push(socket);
    }
    let (end, gone) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let dripping = {
        let (end, gone) = (Arc::clone(&end), Arc::clone(&gone));
        thread::spawn(move || {
            let pause = Duration::from_secs(1) / u32::try_from(clients.len().max(1)).unwrap_or(1);
            let start = Instant::now();
            for step in 0u32.. {
                if end.load(Ordering::Acquire) {
                    return;
                }
                let count = clients.len().max(1);
                if let Some(mut client) = clients.get(step as usize % count) {
                    if client.write_all(b"x").is_err() {
                        gone.fetch_add(1, Ordering::AcqRel);
                    }
                }
                thread::sleep((start + pause * step).saturating_duration_since(Instant::now()));
            }
        })
    };
    phase("with them", &server, &mut line, device, &mut app, length)?;
    if let (Some(before), Ok(after)) = (before, server.memory()) {
        println!("they take {} KB", after.0 as i64 - before.0 as i64);
    }
    println!("bytes that were refused: {}", gone.load(Ordering::Acquire));
    end.store(true, Ordering::Release);
    dripping.join().map_err(|_| "the slow clients panicked")?;
    phase("after them", &server, &mut line, device, &mut app, length / 3)
}

/// What a client sends at once, before its bytes come one by one.
fn beginning(number: usize, token: &str) -> String {
    match number % 3 {
        0 => format!("GET /{token}/get/v5 HTTP/1.1\r\nX-Slow: "),
        1 => {
            format!("PUT /{token}/update/v6 HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n")
        }
        // A message of 1,000 bytes of a device that never logs in.
        _ => "\u{14}\0\u{1}\u{3}\0".to_owned(),
    }
}

/// Asks by HTTP and sends from device to app, in turns, and prints how long each took.
fn phase(
    name: &str,
    server: &Server,
    line: &mut Line,
    device: &mut Peer,
    app: &mut Peer,
    length: Duration,
) -> Fallible<()> {
    let (mut by_http, mut to_app, start) = (Vec::new(), Vec::new(), Instant::now());
    while start.elapsed() < length {
        let asked = Instant::now();
        line.ask()?;
        by_http.push(asked.elapsed());
        let sent = Instant::now();
        device.send(command::HARDWARE, &world::write_body("1"))?;
        while app.receive()?.command != command::HARDWARE {}
        to_app.push(sent.elapsed());
        thread::sleep(Duration::from_millis(1));
    }
    println!("{name}: HTTP {}", Spread::of(by_http));
    println!("{name}: device to app {}", Spread::of(to_app));
    if let Ok(memory) = server.memory() {
        println!("{name}: {} KB resident", memory.0);
    }
    Ok(())
}

/// A keep-alive connection that reads a pin.
struct Line {
    socket: TcpStream,
    request: String,
}

impl Line {
    fn new(port: u16, token: &str) -> Fallible<Line> {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Line { socket, request: format!("GET /{token}/get/v5 HTTP/1.1\r\nHost: x\r\n\r\n") })
    }

    fn ask(&mut self) -> Fallible<()> {
        self.socket.write_all(self.request.as_bytes())?;
        let mut answer = [0; 4096];
        let mut length = 0;
        // The value is an array, so the answer ends with its bracket.
        loop {
            let n = self.socket.read(answer.get_mut(length..).unwrap_or_default())?;
            length += n;
            let seen = answer.get(..length).unwrap_or_default();
            if n == 0 || seen.ends_with(b"]") {
                break;
            }
        }
        if answer.starts_with(b"HTTP/1.1 200 ") {
            Ok(())
        } else {
            Err(format!("the answer was {}", String::from_utf8_lossy(answer.get(..length).unwrap_or_default())).into())
        }
    }
}

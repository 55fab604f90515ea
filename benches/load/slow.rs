//! One app among many never reads: what the others feel of it, and what it costs the server in memory.
//!
//! Three phases: all apps read; one does not; that one also asks, without reading the answers.

use crate::burst::connect_devices;
use crate::client::{command, Peer};
use crate::latency::Spread;
use crate::options::Options;
use crate::server::Server;
use crate::world::{self, Account};
use crate::Fallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How much the slow app asks for at most, in requests.
const REQUESTS_MAX: usize = 2_000_000;

pub fn run(options: &mut Options) -> Fallible<()> {
    let (apps, messages): (usize, usize) = (options.get("apps", 50)?, options.get("messages", 6000)?);
    let (size, pause): (usize, u64) = (options.get("size", 1000)?, options.get("pause-us", 2000)?);
    let server = Server::from_options(options)?;
    options.finish()?;
    let (accounts, mut devices) = connect_devices(&server, 1, 1)?;
    let (account, device) = (&accounts[0], &mut devices[0]);
    println!("slow: {apps} apps, {messages} messages of {size} bytes, {pause} us between them");

    let plan = Plan { messages, size, pause, readers: apps.saturating_sub(1).max(1) };
    let mut reading = world::app(server.https, account)?;
    // It is the ordinary app in the place of the slow one, and goes on to the end.
    thread::spawn(move || while reading.receive_all(|_, _| {}).is_ok() {});
    phase("all apps read", &server, account, device, &plan)?;

    let mut slow = world::app(server.https, account)?;
    phase("one app never reads", &server, account, device, &plan)?;

    slow.set_timeout(Duration::from_secs(2))?;
    let mut asked = 0;
    let requests = {
        let mut bytes = Vec::new();
        (0..1000)
            .for_each(|id| slow.encode(&mut bytes, command::GET_DEVICES, id, world::PROJECT.to_string().as_bytes()));
        bytes
    };
    while asked < REQUESTS_MAX && slow.write(&requests).is_ok() {
        asked += 1000;
    }
    println!("it asked {asked} questions before it was not listened to any more");
    phase("it has asked and never reads", &server, account, device, &plan)?;
    drop(slow);
    Ok(())
}

struct Plan {
    messages: usize,
    size: usize,
    pause: u64,
    readers: usize,
}

/// Sends the messages to so many readers and prints what they saw.
fn phase(name: &str, server: &Server, account: &Account, device: &mut Peer, plan: &Plan) -> Fallible<()> {
    let (epoch, ready) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let mut readers = Vec::new();
    for _ in 0..plan.readers {
        let (mut app, messages, ready) = (world::app(server.https, account)?, plan.messages, Arc::clone(&ready));
        readers.push(thread::spawn(move || -> Fallible<Vec<Duration>> {
            let mut times = Vec::with_capacity(messages);
            ready.fetch_add(1, Ordering::AcqRel);
            while times.len() < messages {
                app.receive_all(|received, body| {
                    if received == command::HARDWARE {
                        times.push(epoch.elapsed().saturating_sub(sent_at(body)));
                    }
                })?;
            }
            Ok(times)
        }));
    }
    while ready.load(Ordering::Acquire) < plan.readers {
        thread::sleep(Duration::from_millis(1));
    }
    let before = server.memory().ok();
    for _ in 0..plan.messages {
        // The value begins with the time, and is filled up.
        let value = format!("{:0width$}", epoch.elapsed().as_nanos(), width = plan.size);
        device.send(command::HARDWARE, &world::write_body(&value))?;
        if plan.pause > 0 {
            thread::sleep(Duration::from_micros(plan.pause));
        }
    }
    let mut times = Vec::new();
    for reader in readers {
        times.extend(reader.join().map_err(|_| "a reader panicked")??);
    }
    print!("{name}: {} arrived at {} others; {}", times.len(), plan.readers, Spread::of(times));
    if let (Some(before), Ok(after)) = (before, server.memory()) {
        print!("; resident {} -> {} KB", before.0, after.0);
    }
    println!();
    Ok(())
}

/// When a message was sent, from its value.
fn sent_at(body: &[u8]) -> Duration {
    let value = body.rsplit(|byte| *byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(value).unwrap_or_default();
    Duration::from_nanos(text.trim_start_matches('0').parse().unwrap_or(0))
}

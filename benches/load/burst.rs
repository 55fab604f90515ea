//! Devices write in bursts, apps of their accounts receive: what a delivered message costs the server.
//!
//! A round is one burst of every device; the next one begins when everything has been delivered, so that nothing is
//! dropped for congestion and every message that is counted has arrived.

use crate::client::{command, Peer, Tls};
use crate::options::Options;
use crate::server::Server;
use crate::world::{self, Account};
use crate::Fallible;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A round that takes longer has failed.
const ROUND_MAX: Duration = Duration::from_secs(30);

pub fn run(options: &mut Options) -> Fallible<()> {
    let (devices, apps): (usize, usize) = (options.get("devices", 20)?, options.get("apps", 20)?);
    let (accounts, burst): (usize, usize) = (options.get("accounts", 1)?, options.get("burst", 50)?);
    let (rounds, size): (usize, usize) = (options.get("rounds", 200)?, options.get("size", 4)?);
    let runs: usize = options.get("runs", 3)?;
    let server = Server::from_options(options)?;
    options.finish()?;
    if accounts == 0 || devices % accounts != 0 || apps % accounts != 0 {
        return Err("--devices and --apps must be multiples of --accounts".into());
    }

    let (made, mut senders) = connect_devices(&server, accounts, devices / accounts)?;
    let delivered = Arc::new(AtomicUsize::new(0));
    let ending = Arc::new(AtomicBool::new(false));
    for account in &made {
        for _ in 0..apps / accounts {
            let app = world::app(server.https, account)?;
            let (delivered, ending, waiter) = (Arc::clone(&delivered), Arc::clone(&ending), thread::current());
            thread::spawn(move || read(app, &delivered, &ending, &waiter));
        }
    }

    let (per_round, to_apps) = (devices * burst, apps / accounts);
    println!("burst: {devices} devices, {apps} apps, {accounts} accounts, bursts of {burst}, values of {size} bytes");
    let mut best = f64::INFINITY;
    for run in 0..=runs {
        // Run 0 warms up.
        let rounds = if run == 0 { rounds.div_ceil(10) } else { rounds };
        let (cpu, start) = (server.cpu()?, Instant::now());
        for round in 0..rounds {
            let target = delivered.load(Ordering::Acquire) + per_round * to_apps;
            for sender in &mut senders {
                let mut bytes = Vec::new();
                for n in 0..burst {
                    let value = format!("{:0size$}", round * burst + n);
                    let body = world::write_body(&value[value.len() - size..]);
                    sender.encode(&mut bytes, command::HARDWARE, n as u16 + 1, &body);
                }
                sender.write(&bytes)?;
            }
            let begun = Instant::now();
            while delivered.load(Ordering::Acquire) < target {
                thread::park_timeout(Duration::from_millis(10));
                if begun.elapsed() > ROUND_MAX {
                    let missing = target - delivered.load(Ordering::Acquire);
                    return Err(format!("{missing} messages of a round did not arrive").into());
                }
            }
        }
        if run == 0 {
            continue;
        }
        let (sent, arrived, took) = (rounds * per_round, rounds * per_round * to_apps, start.elapsed().as_secs_f64());
        print!("run {run}: {arrived} delivered in {took:.2} s ({:.0}/s)", arrived as f64 / took);
        if let (Some(before), Some(after)) = (cpu, server.cpu()?) {
            let used = (after - before).as_secs_f64() * 1e6;
            best = best.min(used / arrived as f64);
            print!(
                "; server CPU {:.3} us per delivered message, {:.3} us per written one",
                used / arrived as f64,
                used / sent as f64
            );
        }
        println!();
    }
    if best.is_finite() {
        println!("best: {best:.3} us of server CPU per delivered message");
    }
    ending.store(true, Ordering::Release);
    Ok(())
}

/// The accounts and their logged-in devices.
pub fn connect_devices(server: &Server, accounts: usize, each: usize) -> Fallible<(Vec<Account>, Vec<Peer>)> {
    let (mut made, mut senders) = (Vec::new(), Vec::new());
    for number in 0..accounts {
        let account = world::account(server.https, number, each)?;
        for token in &account.tokens {
            let mut device = Peer::device(server.http, Tls::None)?;
            world::log_device_in(&mut device, token)?;
            senders.push(device);
        }
        made.push(account);
    }
    Ok((made, senders))
}

/// Counts what arrives until the program ends.
fn read(mut app: Peer, delivered: &AtomicUsize, ending: &AtomicBool, waiter: &thread::Thread) {
    loop {
        let mut count = 0;
        let result = app.receive_all(|received, _| count += usize::from(received == command::HARDWARE));
        if let Err(error) = result {
            if !ending.load(Ordering::Acquire) {
                eprintln!("load: an app: {error}");
            }
            return;
        }
        if count > 0 {
            delivered.fetch_add(count, Ordering::AcqRel);
            waiter.unpark();
        }
    }
}

//! Devices log in and stay silent: what each of them costs in resident memory, and what comes back when they leave.

use crate::client::{command, Peer, Tls};
use crate::options::Options;
use crate::server::Server;
use crate::world;
use crate::Fallible;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Devices of one account.
const PER_ACCOUNT: usize = 50;

pub fn run(options: &mut Options) -> Fallible<()> {
    let connections: usize = options.get("connections", 1000)?;
    let tls = match options.get("tls", "no".to_owned())?.as_str() {
        "no" => Tls::None,
        "yes" | "1.3" => Tls::V13,
        "1.2" => Tls::V12,
        other => return Err(format!("--tls {other} is neither no, yes nor 1.2").into()),
    };
    let (settle, wait): (u64, u64) = (options.get("settle", 5)?, options.get("wait", 60)?);
    let mut server = Server::from_options(options)?;
    options.finish()?;

    let mut tokens = Vec::new();
    while tokens.len() < connections {
        let devices = PER_ACCOUNT.min(connections - tokens.len());
        tokens.extend(world::account(server.https, tokens.len() / PER_ACCOUNT, devices)?.tokens);
    }
    // Making the accounts leaves freed memory behind, in which connections would hide.
    server.restart()?;
    sleep(Duration::from_secs(settle));
    let before = server.memory()?;
    println!("idle: {connections} devices, {PER_ACCOUNT} an account");
    println!("before: {} KB resident, {} KB of it anonymous", before.0, before.1);

    let port = if tls == Tls::None { server.http } else { server.https };
    let (cpu, start) = (server.cpu()?, Instant::now());
    let mut devices = Vec::with_capacity(connections);
    for token in &tokens {
        let mut device = Peer::device(port, tls)?;
        world::log_device_in(&mut device, token)?;
        devices.push(device);
    }
    print!("logged in within {:.2} s", start.elapsed().as_secs_f64());
    if let (Some(before), Some(after)) = (cpu, server.cpu()?) {
        print!(", server CPU {:.1} us each", (after - before).as_secs_f64() * 1e6 / connections as f64);
    }
    println!();
    sleep(Duration::from_secs(settle));
    let with = server.memory()?;
    let (more, each) = (with.0 as i64 - before.0 as i64, |kb: i64| kb as f64 / connections as f64);
    println!(
        "with them: {} KB resident, {more} KB more: {:.2} KB each ({:.2} KB anonymous)",
        with.0,
        each(more),
        each(with.1 as i64 - before.1 as i64)
    );
    // They are all still there, or the figure is worth nothing.
    for device in &mut devices {
        device.ask_ok(command::PING, b"")?;
    }

    let left = Instant::now();
    drop(devices);
    for after in [2, 10, 30, 60, 120].into_iter().filter(|after| *after <= wait.max(2)) {
        sleep(Duration::from_secs(after).saturating_sub(left.elapsed()));
        let now = server.memory()?;
        println!(
            "{after} s after they left: {} KB resident, {:.2} times the start",
            now.0,
            now.0 as f64 / before.0 as f64
        );
    }
    Ok(())
}

//! One device writes, one app over TLS receives: how long that takes, one message at a time.

use crate::burst::connect_devices;
use crate::client::command;
use crate::options::Options;
use crate::server::Server;
use crate::world;
use crate::Fallible;
use std::time::{Duration, Instant};

pub fn run(options: &mut Options) -> Fallible<()> {
    let (messages, pause): (usize, u64) = (options.get("messages", 20_000)?, options.get("pause-us", 0)?);
    let runs: usize = options.get("runs", 3)?;
    let server = Server::from_options(options)?;
    options.finish()?;
    let (accounts, mut devices) = connect_devices(&server, 1, 1)?;
    let mut app = world::app(server.https, &accounts[0])?;
    println!("latency: one device over TCP to one app over TLS, {messages} messages, {pause} us between them");
    for run in 0..=runs {
        // Run 0 warms up.
        let messages = if run == 0 { messages.div_ceil(10) } else { messages };
        let (cpu, mut took) = (server.cpu()?, Vec::with_capacity(messages));
        for n in 0..messages {
            if pause > 0 {
                std::thread::sleep(Duration::from_micros(pause));
            }
            let body = world::write_body(&n.to_string());
            let start = Instant::now();
            devices[0].send(command::HARDWARE, &body)?;
            while app.receive()?.command != command::HARDWARE {}
            took.push(start.elapsed());
        }
        if run == 0 {
            continue;
        }
        print!("run {run}: {}", Spread::of(took));
        if let (Some(before), Some(after)) = (cpu, server.cpu()?) {
            print!("; server CPU {:.1} us per message", (after - before).as_secs_f64() * 1e6 / messages as f64);
        }
        println!();
    }
    Ok(())
}

/// How times are distributed.
pub struct Spread([f64; 4]);

impl Spread {
    /// Of these times.
    pub fn of(mut times: Vec<Duration>) -> Spread {
        times.sort_unstable();
        let at = |share: f64| {
            let index = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
            times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
        };
        Spread([at(0.5), at(0.99), at(0.999), at(1.0)])
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, p999, max] = self.0;
        write!(f, "p50 {p50:.1} us, p99 {p99:.1} us, p99.9 {p999:.0} us, max {max:.0} us")
    }
}

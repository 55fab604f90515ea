//! A load generator that speaks the public protocol: it can drive any legacy Blynk server, over TLS for apps and plain
//! TCP (or TLS) for devices. `docs/measuring.md` shows how the figures of this project were measured with it.
//!
//! * [`client`]: connections and frames. [`server`]: the process under test, its CPU time and memory.
//! * [`world`]: accounts, projects, tokens. [`options`]: the command line.
//! * One file per mode: [`start`], [`burst`], [`latency`], [`idle`], [`slow`], [`drip`].

// A load generator waits and has threads; the rules in clippy.toml are for the server.
#![allow(clippy::disallowed_methods, missing_docs)]

mod burst;
mod client;
mod drip;
mod idle;
mod latency;
mod options;
mod server;
mod slow;
mod start;
#[path = "../../tests/common/trusting.rs"]
mod trusting;
mod world;

use options::Options;
use std::process::ExitCode;

/// Errors are only ever printed.
type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const HELP: &str = "\
usage: load MODE --server PROGRAM [OPTION VALUE ...]
       load MODE --http PORT --https PORT [--pid PID] [OPTION VALUE ...]

PROGRAM is started in a temporary folder on free loopback ports, with -dataFolder and -serverConfig; it may have
arguments, in which {data} and {config} stand for its folder and its server.properties:
'java -jar server.jar -dataFolder {data} -serverConfig {config}'. A server that runs already needs a high
user.message.quota.limit and user.devices.limit (this program writes 1000000000 and 1000).

modes, with their options and defaults
  start    time from exec to both ports open, and resident memory when idle      --runs 5  --settle 3
  burst    devices send bursts of writes that go to apps over TLS: server CPU per delivered message
           --devices 20  --apps 20  --accounts 1  --burst 50  --rounds 200  --size 4  --runs 3
           (devices and apps are spread evenly over the accounts: 20 accounts are 20 pairs)
  latency  one device writes, one app over TLS waits for it                      --messages 20000  --pause-us 0  --runs 3
  idle     devices log in and stay silent: resident memory for each, and after they left
           --connections 1000  --tls no|yes|1.2  --settle 5  --wait 60
  slow     one app of many never reads, then asks and never reads: latency of the others, server memory
           --apps 50  --messages 6000  --size 1000  --pause-us 2000
  drip     many connections send one byte a second: latency of others by HTTP and from device to app, server memory
           --connections 500  --seconds 15";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Fallible<()> {
    // `cargo bench` and `cargo test --benches` add an argument of their own; without a mode there is nothing to do.
    let mut words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.is_empty() || words.iter().any(|word| word == "--help" || word.starts_with("--test")) {
        println!("{HELP}");
        return Ok(());
    }
    let mode = words.remove(0);
    let mut options = Options::parse(&words)?;
    match mode.as_str() {
        "start" => start::run(&mut options),
        "burst" => burst::run(&mut options),
        "latency" => latency::run(&mut options),
        "idle" => idle::run(&mut options),
        "slow" => slow::run(&mut options),
        "drip" => drip::run(&mut options),
        other => Err(format!("there is no mode {other}; see --help").into()),
    }
}

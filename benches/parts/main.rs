//! Measures single parts of the server without sockets, each as a table of best times: `docs/measuring.md` has the figures.
//!
//! * [`clock`]: processor time and memory of this process. [`world`]: a hub in memory with accounts and connections.
//! * One file per part: [`accounts`], [`profile`], [`timers`], [`rules`], [`recording`], [`graph`], [`forward`].

// A benchmark is a program of its own; the rules in clippy.toml are for the server.
#![allow(clippy::disallowed_methods, missing_docs)]

mod accounts;
mod clock;
mod forward;
mod graph;
mod profile;
mod recording;
mod rules;
mod timers;
mod world;

/// As the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A part's name, what is measured, and the function that does it.
const PARTS: &[(&str, &str, fn())] = &[
    ("accounts", "10,000 accounts of 10 KB: time and memory of the load at the start", accounts::run),
    ("profile", "profiles of 10 KB to 2 MB: reading, writing, compressing", profile::run),
    ("timers", "100,000 timers of 1,000 accounts: an idle hour, and all of them in one second", timers::run),
    ("rules", "10,000 eventor rules on one pin: one write", rules::run),
    ("recording", "1,000 recorded pins at 10 values a second", recording::run),
    ("graph", "a month of minutes of one pin: read and answered", graph::run),
    ("forward", "a device's write on its way to apps", forward::run),
];

fn main() {
    // `cargo bench` and `cargo test --benches` add arguments of their own; without a name nothing is to be measured.
    let names: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if names.is_empty() {
        println!("usage: cargo bench --bench parts -- NAME ...\n");
        PARTS.iter().for_each(|(name, what, _)| println!("  {name:10} {what}"));
    }
    for name in &names {
        match PARTS.iter().find(|(known, ..)| known == name) {
            Some((name, what, run)) => {
                println!("\n{name}: {what}");
                run();
            }
            None => println!("there is no part {name}"),
        }
    }
}

//! Feeds the decoders with mutated frames and noise on a stable compiler: the targets of `fuzz/` without coverage.
//!
//! `EYELET_FUZZ_RUNS` is the number of executions per target (20,000 by default), `EYELET_FUZZ_SEED` the seed, so that a
//! failure can be repeated. Long runs belong in release mode:
//! `EYELET_FUZZ_RUNS=10000000 cargo test --release --test fuzz_decoders -- --nocapture`.

use std::time::Instant;

use eyelet::net::fuzz_targets as net_targets;
use eyelet::wire::fuzz_targets;

/// Well-formed input to mutate: one stream per form, with every kind of body.
const SEEDS: &[&[u8]] = &[
    b"\x1D\0\x01\0\x20Ab3dEf6hIj9lMn2pQr5tUv8xYz1BcD4F\x06\0\x02\0\0\x11\0\x03\0\x05ver\x001",
    b"\x14\0\x04\0\x09vw\x007\x0021.5\0\0\x05\0\xC8\x10\0\x06\0\x04vr\x004",
    b"\x02\0\x01\0\0\0\x0Bme@x.y\0hash\x06\0\x02\0\0\0\0\x14\0\x03\0\0\0\x0917-3\0vw\x001\0\0\x04\0\0\0\xC8",
    b"\x06\0\x02",
    b"\x04\0\x0117-3",
    b"17-3\0vw\x00255\0\0a\0\0",
    b"\0\0-1\0+5\x002147483648\0-",
    b"\xE2\x82A\xED\xA0\x80\xF0\x9F\x98\x80\0\xFF",
    b"GET /websockets HTTP/1.1\r\n",
    b"\x07\x82\x83\0\0\0\0one\x02\x81\x01\x02\x03\x04x\x89\x81\x05\x06\x07\x08p\x80\x81\x01\x01\x01\x01y\x82\xFE\0\x80\x01\x02\x03\x04",
    b"\x02\x81\x82\0\0\0\0\xC3\xA9\x88\x82\0\0\0\0\x03\xE8\x8A\x80\0\0\0\0",
    b"\x10\x1A\0\x04MQTT\x04\xC2\0\x3C\0\x02d1\0\x04me@x\0\x04toke\x30\x10\0\x08hardwarevw 7 5\xC0\0",
    b"\x10\x1C\0\x06MQIsdp\x03\xC6\0\x3C\0\0\0\x01w\0\x01m\0\x01u\0\x01p\x32\x06\0\x01t\0\x01x\x62\x02\0\x01",
    b"\x82\x09\0\x01\0\x04hard\x01\xA2\x08\0\x02\0\x04hard\xE0\0",
];

/// Bytes on which decoders branch.
const INTERESTING: &[u8] = &[0, 1, 2, 5, 7, 20, 29, 32, 99, 100, 127, 128, 152, 255, b'-', b'0', b'9'];

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Makes the next input out of a seed, or of noise.
fn mutate(random: &mut fastrand::Rng, data: &mut Vec<u8>) {
    data.clear();
    if random.u8(..) < 32 {
        data.extend((0..random.usize(..64)).map(|_| random.u8(..)));
        return;
    }
    data.extend_from_slice(SEEDS[random.usize(..SEEDS.len())]);
    for _ in 0..random.usize(..6) {
        let at = random.usize(..=data.len());
        match random.u8(..6) {
            0 => data.insert(at, random.u8(..)),
            1 => data.truncate(at),
            2 => data.extend_from_slice(SEEDS[random.usize(..SEEDS.len())]),
            3 => drop(data.drain(..at)),
            kind => {
                if let Some(byte) = data.get_mut(at) {
                    *byte = if kind == 4 { random.u8(..) } else { INTERESTING[random.usize(..INTERESTING.len())] };
                }
            }
        }
    }
}

fn run(name: &str, target: fn(&[u8])) {
    let (runs, seed) = (setting("EYELET_FUZZ_RUNS", 20_000), setting("EYELET_FUZZ_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut data, start) = (Vec::new(), Instant::now());
    for _ in 0..runs {
        mutate(&mut random, &mut data);
        if std::panic::catch_unwind(|| target(&data)).is_err() {
            panic!("{name}, seed {seed}: fails on {:02X?}", data);
        }
    }
    println!("{name}: {runs} executions in {:.1} s", start.elapsed().as_secs_f32());
}

#[test]
fn hardware_frames() {
    run("hardware_frames", fuzz_targets::hardware_frames);
}

#[test]
fn app_frames() {
    run("app_frames", fuzz_targets::app_frames);
}

#[test]
fn dash_frame() {
    run("dash_frame", fuzz_targets::dash_frame);
}

#[test]
fn bodies() {
    run("bodies", fuzz_targets::bodies);
}

#[test]
fn sniffing() {
    run("sniffing", fuzz_targets::sniffing);
}

#[test]
fn websocket() {
    run("websocket", net_targets::websocket);
}

#[test]
fn mqtt_packets() {
    run("mqtt_packets", net_targets::mqtt_packets);
}

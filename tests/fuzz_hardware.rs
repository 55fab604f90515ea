//! Feeds the handlers of every hardware command with mutated bodies and noise, on a stable compiler.
//!
//! `EYELET_FUZZ_RUNS` is the number of executions per command (20,000 by default), `EYELET_FUZZ_SEED` the seed, so that a
//! failure can be repeated. Long runs belong in release mode:
//! `EYELET_FUZZ_RUNS=10000000 cargo test --release --test fuzz_hardware -- --nocapture`.

use eyelet::hardware::fuzz_targets::{World, COMMANDS};
use eyelet::wire::Command;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Instant;

const USER_FILE: &str = include_str!("data/example-profile.user.json");
/// After so many executions what is stored is checked, and a new world begins.
const WORLD: u64 = 4000;

/// Bodies of every command, with `|` for NUL: a mutation of one command's is a strange one of another.
const SEEDS: &[&str] = &[
    "vw|7|21.5",
    "dw|1|1",
    "aw|0|1023",
    "vw|13|a line of text|",
    "vw|31|add|1|name|value",
    "vw|31|update|1|name|value",
    "vw|31|pick|1",
    "vw|31|select|1",
    "vw|31|deselect|1",
    "vw|31|order|0|1",
    "vw|31|clr",
    "vw|42|add|2|x|y",
    "vw|33|1|46.5|7.5|label",
    "vw|33|clr",
    "vw|23|p|0|0|Hello",
    "vw|24|clr",
    "vw|8|255|128|0",
    "vw|11|100|-100",
    "vw|28|http://127.0.0.1/stream",
    "vw|32|2",
    "vw|32|-1",
    "vw|53|1e309",
    "vw|53|/pin/",
    "vw|17|36000|43200|Europe/Berlin|1,2,3|0",
    "vw|20|nan",
    "vw|21|-0.0000001",
    "vw|29|99999999999999999999",
    "vr|1",
    "ar|0",
    "pm|1|in|2|out",
    "",
    "vr",
    "vr|1|7|13|31",
    "ver|0.6.1|h-beat|10|buff-in|1024|dev|ESP8266|fw|1.0|build|Jan 01 2020 10:00:00|tmpl|T1|con|WiFi|cpu|x",
    "h-beat|0|buff-in|-1",
    "rtc",
    "i|fxB1Pz6tJ4e-Wq0YkM8dN3vRaS7xHo2i",
    "64|i|fxB1Pz6tJ4e-Wq0YkM8dN3vRaS7xHo2i",
    "64|vw|1|on",
    "64|dw|1|1",
    "i",
    "1|label|Kitchen",
    "7|color|#FF8000",
    "7|min|-5",
    "7|max|1e10",
    "29|labels|a|b|c",
    "32|urls|http://a/1.png|http://a/2.png",
    "32|url|2|http://a/3.png",
    "32|opacity|50",
    "32|scale|200",
    "32|rotation|90",
    "30|isOnPlay|true",
    "19|onLabel|on",
    "2|offBackColor|#23C48E",
    "28|url|rtsp://x",
    "5|maximumFractionDigits|2",
    "Somebody rang {DEVICE_NAME}",
    "me@example.com|Subject|Body of {DEVICE_NAME} {VENDOR_EMAIL}",
    "Subject|Body",
    "a,b;c@example.com|<b>x</b>|y|text/html",
    "fxA0Kd3mQ7w_Zr9TnB2cL5hVyE8sGu1p",
    "fxA0Kd3mQ7w_Zr9TnB2cL5hVyE8sGu1q",
    " fxB1Pz6tJ4e-Wq0YkM8dN3vRaS7xHo2i\r\n",
    "\u{20AC}\u{1F600}|\u{FEFF}",
];

/// Packets of MQTT devices that are logged in.
const PACKETS: &[&[u8]] = &[
    b"\x30\x10\0\x08hardwarevw 7 5",
    b"\x32\x14\0\x08hardware\0\x05vw 31 add 1 a b",
    b"\x34\x14\0\x08hardware\0\x06vw 33 1 46 7 x y",
    b"\x62\x02\0\x06\xC0\0",
    b"\x82\x0D\0\x07\0\x08hardware\x01",
    b"\xA2\x0C\0\x08\0\x08hardware",
    b"\x30\x0C\0\x06bridgei x 7",
];

/// Bytes and pieces on which handlers branch.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\0\0",
    b"0",
    b"-1",
    b"255",
    b"256",
    b"2147483648",
    b"9223372036854775808",
    b"1e400",
    b"nan",
    b"inf",
    b" ",
    b"vw\0",
    b"add\0",
    b"clr",
    b"\xFF",
    b"\xE2\x82",
    b"\xED\xA0\x80",
    b"\xF0\x9F\x98\x80",
    b"{}",
    b"/pin/",
    b"@",
    b",",
];

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Makes the next body out of a seed, or of noise.
fn mutate(random: &mut fastrand::Rng, seeds: &[Vec<u8>], data: &mut Vec<u8>) {
    data.clear();
    if random.u8(..) < 16 {
        data.extend((0..random.usize(..48)).map(|_| random.u8(..)));
        return;
    }
    data.extend_from_slice(&seeds[random.usize(..seeds.len())]);
    for _ in 0..random.usize(..5) {
        let at = random.usize(..=data.len());
        match random.u8(..8) {
            0 => data.insert(at, random.u8(..)),
            1 => data.truncate(at),
            2 => drop(data.drain(..at)),
            3 => data.extend_from_slice(&seeds[random.usize(..seeds.len())]),
            4 => data.extend_from_within(at..),
            5 => drop(data.splice(at..at, PIECES[random.usize(..PIECES.len())].iter().copied())),
            _ => {
                if let Some(byte) = data.get_mut(at) {
                    *byte = if random.bool() { b'0' + random.u8(..10) } else { random.u8(..) };
                }
            }
        }
    }
    // Rarely a long one, up to what a frame holds.
    if random.u16(..) == 0 {
        while !data.is_empty() && data.len() < 20_000 {
            data.extend_from_within(..);
        }
        data.truncate(65_535);
    }
}

fn run(name: &str, seeds: &[Vec<u8>], mut target: impl FnMut(&mut World, &mut fastrand::Rng, &[u8])) {
    let (runs, seed) = (setting("EYELET_FUZZ_RUNS", 20_000), setting("EYELET_FUZZ_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut world, mut data, start) = (World::new(USER_FILE), Vec::new(), Instant::now());
    for n in 0..runs {
        mutate(&mut random, seeds, &mut data);
        let result = catch_unwind(AssertUnwindSafe(|| {
            target(&mut world, &mut random, &data);
            if n % WORLD == WORLD - 1 {
                world.check();
                world = World::new(USER_FILE);
            }
        }));
        if result.is_err() {
            panic!("{name}, seed {seed}, execution {n}: fails on {:?}", data.escape_ascii().to_string());
        }
    }
    println!("{name}: {runs} executions in {:.1} s", start.elapsed().as_secs_f32());
}

fn bodies() -> Vec<Vec<u8>> {
    SEEDS.iter().map(|seed| seed.replace('|', "\0").into_bytes()).collect()
}

fn run_command(command: Command) {
    run(command.name(), &bodies(), |world, random, body| world.send(command, random.u16(..), body));
}

macro_rules! commands {
    ($($name:ident $command:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            run_command(Command::$command);
        })*

        #[test]
        fn every_command_has_a_test() {
            assert_eq!([$(Command::$command),*], COMMANDS);
        }
    };
}

commands! {
    hardware HARDWARE,
    ping PING,
    set_widget_property SET_WIDGET_PROPERTY,
    hardware_sync HARDWARE_SYNC,
    bridge BRIDGE,
    blynk_internal BLYNK_INTERNAL,
    push_notification PUSH_NOTIFICATION,
    email EMAIL,
    tweet TWEET,
    sms SMS,
    hardware_login_again HARDWARE_LOGIN,
    login_again LOGIN,
    hardware_log_event HARDWARE_LOG_EVENT,
}

#[test]
fn first_message() {
    run("first message", &bodies(), |world, random, body| {
        let command =
            if random.u8(..) < 200 { Command::HARDWARE_LOGIN } else { COMMANDS[random.usize(..COMMANDS.len())] };
        world.send_first(command, random.u16(..), body);
    });
}

#[test]
fn any_command() {
    run("any command", &bodies(), |world, random, body| {
        world.send(COMMANDS[random.usize(..COMMANDS.len())], random.u16(..), body);
    });
}

#[test]
fn mqtt_packets() {
    let packets: Vec<Vec<u8>> = PACKETS.iter().map(|packet| packet.to_vec()).collect();
    run("MQTT packets", &packets, |world, _, data| world.packet(data));
}

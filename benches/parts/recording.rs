//! Many pins that a graph records: values as devices write them, and the minute's flush.

use crate::clock;
use crate::world;
use eyelet::hardware::dispatch;
use eyelet::wire::{Command, Message};
use std::fmt::Write;

const DEVICES: i32 = 4;
const PINS: i32 = 250;
/// Values per pin and second.
const RATE: u32 = 10;
/// Seconds of one run.
const SECONDS: u32 = 60;

pub fn run() {
    let mut devices = String::new();
    let mut widgets = String::new();
    for device in 0..DEVICES {
        write!(devices, "{}{{\"id\":{device}}}", if device > 0 { "," } else { "" }).expect("a text");
        // A graph shows four pins or so.
        for first in (0..PINS).step_by(4) {
            let streams: Vec<String> = (first..PINS.min(first + 4))
                .map(|pin| format!(r#"{{"targetId":{device},"pin":{{"pin":{pin},"pinType":"VIRTUAL"}}}}"#))
                .collect();
            let id = device * PINS + first + 1;
            let comma = if widgets.is_empty() { "" } else { "," };
            write!(widgets, r#"{comma}{{"type":"ENHANCED_GRAPH","id":{id},"dataStreams":[{}]}}"#, streams.join(","))
                .expect("a text");
        }
    }
    let project = format!(r#"{{"id":1,"isActive":true,"devices":[{devices}],"widgets":[{widgets}]}}"#);
    let mut hub = world::hub();
    let user = world::account(&mut hub, "a@b.cc", &project);
    let connections: Vec<_> = (0..DEVICES).map(|device| world::device(&mut hub, user, 1, device).0).collect();
    let mut value = 0;
    let cost = clock::best(3, || {
        for _ in 0..SECONDS {
            for _ in 0..RATE {
                for conn in &connections {
                    for pin in 0..PINS {
                        value = (value + 37) % 1000;
                        let body = format!("vw\0{pin}\0{value}");
                        dispatch(&mut hub, *conn, Message { command: Command::HARDWARE, id: 1, body: body.as_bytes() });
                    }
                }
            }
            world::advance(&mut hub, 1000);
        }
    });
    let values = SECONDS * RATE * (DEVICES * PINS) as u32;
    println!("  {:.2} % of one core", cost.cpu.as_secs_f64() / f64::from(SECONDS) * 100.0);
    clock::row_each("one value, whole handling of the message", cost, values);
}

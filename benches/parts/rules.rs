//! Many eventor rules on one pin: a device's write of it, with an app and the device listening.

use crate::clock;
use crate::world;
use eyelet::hardware::dispatch;
use eyelet::wire::{Command, Message};

const RULES: usize = 10_000;
const WRITES: u32 = 40;

pub fn run() {
    measure("all on this pin, never met", 1, ["1", "2"]);
    measure("all on this pin, stay met", 1, ["60", "61"]);
    measure("all on this pin, all met at every second write", 1, ["60", "1"]);
    measure("all on other pins", 3, ["60", "1"]);
}

fn measure(what: &str, trigger: u8, values: [&str; 2]) {
    let rule = format!(
        r#"{{"isActive":true,"triggerPin":{{"pin":{trigger},"pinType":"VIRTUAL"}},"condition":{{"type":"GT","value":50}},
            "actions":[{{"type":"SETPIN","pin":{{"pin":2,"pinType":"VIRTUAL"}},"value":"x"}}]}}"#
    );
    let project = format!(
        r#"{{"id":1,"isActive":true,"devices":[{{"id":0}}],
            "widgets":[{{"type":"EVENTOR","id":5,"deviceId":0,"rules":[{}]}}]}}"#,
        vec![rule; RULES].join(",")
    );
    let mut hub = world::hub();
    let user = world::account(&mut hub, "a@b.cc", &project);
    let (conn, device) = world::device(&mut hub, user, 1, 0);
    let (_, app) = world::app(&mut hub, user);
    let (mut worst, mut sent) = (std::time::Duration::ZERO, 0);
    let all = clock::best(5, || {
        worst = std::time::Duration::ZERO;
        for n in 0..WRITES {
            let body = format!("vw\x001\0{}", values[n as usize % 2]);
            let message = Message { command: Command::HARDWARE, id: 1, body: body.as_bytes() };
            worst = worst.max(clock::once(|| dispatch(&mut hub, conn, message)).cpu);
            sent = sent.max(world::taken(&device));
            world::taken(&app);
        }
    });
    clock::row_each(what, all, WRITES);
    println!("    longest write {worst:?}, up to {sent} bytes for the device");
}

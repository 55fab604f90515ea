//! Many timers: what they cost while nothing happens, and how long it takes when they all have the same second. Every account
//! has a device and an app, whose bytes are counted.

use crate::clock;
use crate::world::{self, START};
use eyelet::hub::{Hub, Outbox};
use std::rc::Rc;

const ACCOUNTS: i64 = 1000;
const TIMERS: i64 = 100;
/// Seconds that are watched while timers are spread over the day.
const SECONDS: u32 = 3600;
/// Second of the day at which the world begins.
const BEGIN: i64 = START / 1000 % 86_400;

struct World {
    hub: Hub,
    devices: Vec<Rc<Outbox>>,
    apps: Vec<Rc<Outbox>>,
}

/// All accounts; `at` says when a timer is due, in seconds from the beginning.
fn world(at: impl Fn(i64, i64) -> i64) -> World {
    let mut world = World { hub: world::hub(), devices: Vec::new(), apps: Vec::new() };
    for account in 0..ACCOUNTS {
        let timer = |n: i64| {
            let time = (BEGIN + at(account, n)) % 86_400;
            format!(
                r#"{{"type":"TIMER","id":{},"deviceId":0,"pin":{n},"pinType":"VIRTUAL","startTime":{time},"startValue":"1"}}"#,
                n + 1
            )
        };
        let widgets: Vec<String> = (0..TIMERS).map(timer).collect();
        let project = format!(r#"{{"id":1,"isActive":true,"devices":[{{"id":0}}],"widgets":[{}]}}"#, widgets.join(","));
        let user = world::account(&mut world.hub, &format!("u{account}@b.cc"), &project);
        world.devices.push(world::device(&mut world.hub, user, 1, 0).1);
        world.apps.push(world::app(&mut world.hub, user).1);
    }
    world.hub.follow_changes();
    world
}

fn total(outboxes: &[Rc<Outbox>]) -> usize {
    outboxes.iter().map(|outbox| world::taken(outbox)).sum()
}

pub fn run() {
    let mut spread = world(|account, n| 1 + (account * TIMERS + n) * 7919 % 86_399);
    let mut worst = std::time::Duration::ZERO;
    let cost = clock::once(|| {
        for _ in 0..SECONDS {
            worst = worst.max(clock::once(|| world::advance(&mut spread.hub, 1000)).cpu);
        }
    });
    let share = cost.cpu.as_secs_f64() / f64::from(SECONDS) * 100.0;
    let sent = total(&spread.devices) / FRAME;
    println!("  spread over the day: {sent} fired in an hour, {share:.4} % of one core, longest second {worst:?}");

    let mut quiet = world(|_, _| 7200);
    let cost = clock::once(|| {
        for _ in 0..SECONDS {
            world::advance(&mut quiet.hub, 1000);
        }
    });
    println!(
        "  an hour in which none is due: {:.5} % of one core",
        cost.cpu.as_secs_f64() / f64::from(SECONDS) * 100.0
    );
    for round in 0..3 {
        let wait = if round == 0 { 7_200_000 - u64::from(SECONDS) * 1000 } else { 86_400_000 };
        quiet.hub.clock.advance(std::time::Duration::from_millis(wait));
        let cost = clock::once(|| {
            quiet.hub.run_due();
        });
        quiet.hub.jobs.take_kept();
        let (devices, apps) = (total(&quiet.devices), total(&quiet.apps));
        clock::row("all in one second: until the last is on its way", cost);
        println!("    {devices} bytes for devices, {apps} for apps");
    }
}

/// Bytes of a frame with a pin of one digit; those with two have one more, which the count of an hour may overlook.
const FRAME: usize = 12;

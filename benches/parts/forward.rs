//! The most frequent thing of all: a device writes a value, apps are told.

use crate::clock;
use crate::world::{self, EXAMPLE};
use eyelet::hardware::dispatch;
use eyelet::model::json::Reading;
use eyelet::model::User;
use eyelet::wire::{Command, Message};

const WRITES: u32 = 20_000;

pub fn run() {
    let plain = r#"{"id":1,"isActive":true,"devices":[{"id":0}],"widgets":[]}"#;
    let empty = User { email: "a@b.cc".into(), ..User::default() };
    let project = |json: &str| {
        let cx = Reading::strict();
        let dash = eyelet::model::json::from_str(json, eyelet::model::json::ObjectSeed::new(&cx));
        let mut user = empty.clone();
        user.profile.dashboards.push(dash.expect("a project").expect("not null"));
        user
    };
    let example = User::from_file(EXAMPLE, User::default(), &Reading::forgiving()).expect("readable").expect("a user");
    measure("a project without widgets, 1 app", project(plain), 1);
    measure("a project without widgets, 20 apps", project(plain), 20);
    measure("a project with every widget type, 1 app", example, 1);
}

fn measure(what: &str, user: User, apps: usize) {
    let (dash, device) = {
        let project = user.profile.dashboards.first().expect("a project");
        (project.id, project.devices.first().map_or(0, |device| device.id))
    };
    let mut hub = world::hub();
    let user = hub.add_user(user);
    let conn = world::device(&mut hub, user, dash, device).0;
    let apps: Vec<_> = (0..apps).map(|_| world::app(&mut hub, user).1).collect();
    let cost = clock::best(5, || {
        for n in 0..WRITES {
            let value = if n % 2 == 0 { b"vw\x007\x0021.5" } else { b"vw\x007\x0022.5" };
            dispatch(&mut hub, conn, Message { command: Command::HARDWARE, id: 1, body: value });
            hub.save_changes();
            if n % 32 == 0 {
                apps.iter().for_each(|outbox| {
                    world::taken(outbox);
                });
            }
        }
    });
    clock::row_each(what, cost, WRITES);
}

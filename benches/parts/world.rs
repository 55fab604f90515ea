//! A hub in memory: accounts from JSON, logged-in connections, what they are sent.

use eyelet::config::Config;
use eyelet::hub::{AppLogin, AppOs, Clock, ConnId, DeviceRef, Framing, Hub, Jobs, Origin, Outbox, UserId};
use eyelet::model::json::{from_str, ObjectSeed, Reading};
use eyelet::model::{Dashboard, User};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

/// When the world begins: 2023-11-14 22:13:20 UTC, in ms.
pub const START: i64 = 1_700_000_000_000;

/// A profile with every widget type, 35 KB.
pub const EXAMPLE: &str = include_str!("../../tests/data/example-profile.user.json");

/// A hub without accounts, whose clock is moved by hand.
pub fn hub() -> Hub {
    let mut hub = Hub::new(Rc::new(Config::default()), Clock::manual(START), Jobs::kept());
    hub.start_periodic_work();
    hub
}

/// An account with one project.
pub fn account(hub: &mut Hub, email: &str, project: &str) -> UserId {
    let cx = Reading::strict();
    let project: Dashboard = from_str(project, ObjectSeed::new(&cx)).expect("a project").expect("not null");
    let mut user = User { email: email.into(), name: email.into(), energy: 100_000, ..User::default() };
    user.profile.dashboards.push(project);
    hub.add_user(user)
}

fn connect(hub: &mut Hub, framing: Framing) -> (ConnId, Rc<Outbox>) {
    let origin = Origin { address: Ipv4Addr::LOCALHOST.into(), port: 8080, tls: framing == Framing::App };
    let ticks = hub.ticks();
    hub.connections.open(framing, origin, 0, ticks)
}

/// A logged-in app.
pub fn app(hub: &mut Hub, user: UserId) -> (ConnId, Rc<Outbox>) {
    let (conn, outbox) = connect(hub, Framing::App);
    hub.join_app(conn, AppLogin { user, guest_of: None, os: AppOs::Android, version: 22_734 }, 1);
    taken(&outbox);
    (conn, outbox)
}

/// A logged-in device.
pub fn device(hub: &mut Hub, user: UserId, dash: i32, device: i32) -> (ConnId, Rc<Outbox>) {
    let (conn, outbox) = connect(hub, Framing::Hardware);
    hub.join_hardware(conn, DeviceRef { user, dash, device }, 1);
    taken(&outbox);
    (conn, outbox)
}

/// How many bytes wait to be sent; they are taken as the connection's task does.
pub fn taken(outbox: &Outbox) -> usize {
    let mut count = 0;
    let _ = outbox.drain(|bytes| {
        count = bytes.len();
        Ok::<_, ()>(count)
    });
    count
}

/// Moves the clock and does what is due. Jobs for workers are dropped.
pub fn advance(hub: &mut Hub, ms: u64) {
    hub.clock.advance(Duration::from_millis(ms));
    hub.run_due();
    hub.jobs.take_kept();
}

/// An account like the example's, cut or repeated to about so many bytes.
pub fn user_of_size(size: usize) -> User {
    let cx = Reading::forgiving();
    let mut user = User::from_file(EXAMPLE, User::default(), &cx).expect("readable").expect("a user");
    let example = user.profile.dashboards.first().expect("a project").clone();
    user.profile.dashboards.truncate(1);
    while user.to_file().len() < size {
        let id = user.profile.dashboards.len() as i32 + 100;
        user.profile.dashboards.push(Dashboard { id, ..example.clone() });
    }
    while user.to_file().len() > size {
        let project = user.profile.dashboards.last_mut().expect("a project");
        if project.widgets.pop().is_none() {
            user.profile.dashboards.pop();
        }
    }
    user
}

//! A hub in memory for unit tests: a hand-moved clock, kept jobs, connections whose bytes can be read back.

use super::roster::Member;
use super::{AppLogin, AppOs, Clock, ConnId, DeviceRef, Framing, Hub, Job, Jobs, Origin, Outbox, Peer, UserId};
use crate::config::Config;
use crate::model::json::{from_str, ObjectSeed, Reading};
use crate::model::{Dashboard, User};
use crate::wire::frame;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

/// When tests begin: 2023-11-14 22:13:20 UTC, in ms.
pub const START: i64 = 1_700_000_000_000;

/// A hub without accounts.
pub fn hub() -> Hub {
    Hub::new(Rc::new(Config::default()), Clock::manual(START), Jobs::kept())
}

/// Adds an account with one project from JSON.
pub fn user(hub: &mut Hub, email: &str, dash: &str) -> UserId {
    let cx = Reading::strict();
    let dash: Dashboard = from_str(dash, ObjectSeed::new(&cx)).unwrap().unwrap();
    let mut user = User { email: email.into(), name: email.into(), energy: 100_000, ..User::default() };
    user.profile.dashboards.push(dash);
    let weight = user.to_file().len();
    let id = hub.add_user(user);
    hub.users.get_mut(id).unwrap().budget.loaded(weight);
    id
}

/// From now on the account holds as much as it may.
pub fn fill(hub: &mut Hub, user: UserId) {
    let limit = hub.config.server.user_account_max_size as usize * 1024;
    hub.users.get_mut(user).unwrap().budget.loaded(limit);
}

/// What an account really holds, bytes.
pub fn held(hub: &Hub, user: UserId) -> usize {
    let user = &hub.users.get(user).unwrap().user;
    user.to_file().len() + user.unwritten()
}

/// A connection that is not logged in.
pub fn connect(hub: &mut Hub, framing: Framing) -> (ConnId, Rc<Outbox>) {
    let origin = Origin { address: Ipv4Addr::LOCALHOST.into(), port: 8080, tls: framing == Framing::App };
    let ticks = hub.ticks();
    hub.connections.open(framing, origin, 0, ticks)
}

/// A logged-in app of the account.
pub fn app(hub: &mut Hub, user: UserId) -> (ConnId, Rc<Outbox>) {
    guest_or_owner(hub, user, None)
}

/// A guest of one project of the account.
pub fn guest(hub: &mut Hub, user: UserId, dash: i32) -> (ConnId, Rc<Outbox>) {
    guest_or_owner(hub, user, Some(dash))
}

fn guest_or_owner(hub: &mut Hub, user: UserId, guest_of: Option<i32>) -> (ConnId, Rc<Outbox>) {
    let (conn, outbox) = connect(hub, Framing::App);
    let login = AppLogin { user, guest_of, os: AppOs::Android, version: 22734 };
    hub.connections.get_mut(conn).unwrap().peer = Peer::App(login);
    hub.users.get_mut(user).unwrap().apps.push(conn);
    (conn, outbox)
}

/// A logged-in device.
pub fn device(hub: &mut Hub, user: UserId, dash: i32, device: i32) -> (ConnId, Rc<Outbox>) {
    let (conn, outbox) = connect(hub, Framing::Hardware);
    hub.connections.get_mut(conn).unwrap().peer = Peer::Hardware(DeviceRef { user, dash, device });
    hub.users.get_mut(user).unwrap().hardware.join(Member { dash, device, conn });
    (conn, outbox)
}

/// A hub that keeps accounts and history in an empty data folder, which is locked as long as that lives.
pub fn hub_with_files() -> (Hub, tempfile::TempDir, crate::store::DataFolder) {
    let temp = tempfile::tempdir().unwrap();
    let folder = crate::store::DataFolder::open(temp.path()).unwrap();
    let mut hub = hub();
    hub.save_with(std::sync::Arc::new(crate::store::Saver::new(temp.path(), Default::default())));
    hub.history.open(folder.history());
    (hub, temp, folder)
}

/// Runs the file work that waits, and what is done with its results.
pub fn run_work(hub: &mut Hub) {
    for (_, job) in hub.jobs.take_kept() {
        let Job::Work(work) = job else { panic!("{job:?}") };
        work()(hub);
    }
}

/// The bytes that were sent since the last call.
pub fn sent_bytes(outbox: &Outbox) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = outbox.drain(|b| {
        bytes.extend_from_slice(b);
        Ok::<_, ()>(b.len())
    });
    bytes
}

/// What was sent since the last call, one text a frame: `20 5 vw|7|1` is command, id and body with `|` for NUL,
/// `= 5 200` is a response's id and status.
pub fn sent(outbox: &Outbox) -> Vec<String> {
    let bytes = sent_bytes(outbox);
    let header = match outbox.framing() {
        Framing::Hardware => frame::HARDWARE_HEADER,
        _ => frame::APP_HEADER,
    };
    let mut frames = Vec::new();
    let mut rest = &bytes[..];
    while rest.len() >= header {
        let (command, id) = (rest[0], u16::from_be_bytes([rest[1], rest[2]]));
        let length = rest[3..header].iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
        if command == 0 {
            frames.push(format!("= {id} {length}"));
            rest = &rest[header..];
            continue;
        }
        let body = String::from_utf8_lossy(&rest[header..header + length]).replace('\0', "|");
        frames.push(format!("{command} {id} {body}"));
        rest = &rest[header + length..];
    }
    frames
}

/// Moves the clock and runs what is due.
pub fn advance(hub: &mut Hub, ms: u64) {
    hub.clock.advance(Duration::from_millis(ms));
    hub.run_due();
}

/// Does the kept file jobs and their results until none is left. Mails are sent, other jobs are dropped.
pub fn run_jobs(hub: &mut Hub) {
    loop {
        let jobs = hub.jobs.take_kept();
        if jobs.is_empty() {
            return;
        }
        for (_, job) in jobs {
            match job {
                Job::Work(work) => work()(hub),
                Job::Mail(_, then) => then(hub, Ok(())),
                _ => {}
            }
        }
    }
}

//! All open connections, and what each of them has become by logging in.

use super::meter::Meter;
use super::outbox::{Framing, Outbox};
use super::users::UserId;
use std::net::IpAddr;
use std::rc::Rc;

/// Names one connection; never reused for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId {
    slot: u32,
    generation: u32,
}

/// A device of a project of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct DeviceRef {
    pub user: UserId,
    pub dash: i32,
    pub device: i32,
}

/// Operating system of a phone app, as told at login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AppOs {
    Android,
    Ios,
    Other,
}

/// An app's login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppLogin {
    /// Whose session it belongs to: the owner's, also for guests.
    pub user: UserId,
    /// The one project that a guest may see; `None` for the owner.
    pub guest_of: Option<i32>,
    /// Operating system.
    pub os: AppOs,
    /// Version as a·10000+b·100+c, 0 when unknown.
    pub version: i32,
}

/// Who a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Not logged in. `registered`: it made an account on this connection.
    New {
        /// A second REGISTER on the same connection is refused.
        registered: bool,
    },
    /// A device.
    Hardware(DeviceRef),
    /// A phone app or web dashboard.
    App(AppLogin),
}

/// How a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The peer's address.
    pub address: IpAddr,
    /// The local port it came to.
    pub port: u16,
    /// Whether it is encrypted.
    pub tls: bool,
}

/// When a device connection last caused a mail, push, tweet or text message; ms since start plus one, 0 = never.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct LastNotifications {
    pub mail: u64,
    pub push: u64,
    pub tweet: u64,
    pub sms: u64,
    pub webhook: u64,
}

/// Targets by the text of their bridge pin.
pub type Bridges = Vec<(Box<str>, DeviceRef)>;

/// One open connection.
#[derive(Debug)]
pub struct Connection {
    /// What waits to be sent to it.
    pub outbox: Rc<Outbox>,
    /// How it came in.
    pub origin: Origin,
    /// Who it is.
    pub peer: Peer,
    /// Message rate quota.
    pub meter: Meter,
    /// When it was opened, s since start.
    pub opened_at: u32,
    /// When bytes last came, ms since start.
    pub last_read: u64,
    /// ms without a byte after which it is closed; 0 = never.
    pub idle_timeout: u32,
    /// Intervals of notifications; made at the first one.
    pub notified: Option<Box<LastNotifications>>,
    /// Failed logins.
    pub failures: u8,
    /// Until when it may take its last bytes, ms since start; 0 = nobody asked to close it.
    pub closes_at: u64,
    /// The targets that this device may reach with BRIDGE, by its bridge pin; made at the first init.
    pub bridges: Option<Box<Bridges>>,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    connection: Option<Box<Connection>>,
}

/// ms that a long idle time-out is exceeded by: a ping that was held up on its way must not cost the connection. Short
/// time-outs were chosen by somebody who wants them short.
fn grace(connection: &Connection) -> u64 {
    if connection.idle_timeout >= 20_000 {
        3000
    } else {
        0
    }
}

/// ms that a closed connection may take to receive its last bytes.
const CLOSING_MAX: u64 = 5000;
/// ms that a device has for its first good login. Apps may take as long as they are not idle: people type.
const LOGIN_MAX: u64 = 30_000;

/// When a connection is given up unless something happens before, ms since start; `None` = never.
fn deadline(connection: &Connection) -> Option<u64> {
    if connection.outbox.is_closing() {
        return Some(connection.closes_at);
    }
    let idle = (connection.idle_timeout > 0)
        .then(|| connection.last_read.saturating_add(u64::from(connection.idle_timeout)) + grace(connection));
    let is_app = matches!(connection.outbox.framing(), Framing::App | Framing::AppWebSocket);
    let is_stranger = !is_app && matches!(connection.peer, Peer::New { .. });
    let login = is_stranger.then(|| u64::from(connection.opened_at) * 1000 + LOGIN_MAX);
    idle.into_iter().chain(login).min()
}

/// All open connections.
#[derive(Debug, Default)]
pub struct Connections {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// How many were ever opened: the generation of the next one.
    opened: u32,
}

impl Connections {
    /// Takes in a connection that was opened at `ticks` (ms since start).
    pub fn open(&mut self, framing: Framing, origin: Origin, idle_timeout: u32, ticks: u64) -> (ConnId, Rc<Outbox>) {
        let outbox = Rc::new(Outbox::new(framing));
        let connection = Box::new(Connection {
            outbox: Rc::clone(&outbox),
            origin,
            peer: Peer::New { registered: false },
            meter: Meter::new(ticks),
            opened_at: u32::try_from(ticks / 1000).unwrap_or(u32::MAX),
            last_read: ticks,
            idle_timeout,
            notified: None,
            failures: 0,
            closes_at: 0,
            bridges: None,
        });
        let generation = self.opened;
        self.opened = generation.wrapping_add(1);
        let entry = Slot { generation, connection: Some(connection) };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = entry;
                slot
            }
            None => {
                self.slots.push(entry);
                (self.slots.len() - 1) as u32
            }
        };
        (ConnId { slot, generation }, outbox)
    }

    /// Forgets a connection.
    pub fn remove(&mut self, id: ConnId) -> Option<Box<Connection>> {
        let slot = self.slots.get_mut(id.slot as usize).filter(|s| s.generation == id.generation)?;
        let connection = slot.connection.take()?;
        self.free.push(id.slot);
        // After a storm of clients the memory goes back.
        if self.free.len() == self.slots.len() {
            (self.free, self.slots) = (Vec::new(), Vec::new());
        }
        Some(connection)
    }

    /// The connection with this id, if it is still open.
    pub fn get(&self, id: ConnId) -> Option<&Connection> {
        self.slots.get(id.slot as usize).filter(|s| s.generation == id.generation)?.connection.as_deref()
    }

    /// The connection with this id, if it is still open.
    pub fn get_mut(&mut self, id: ConnId) -> Option<&mut Connection> {
        self.slots.get_mut(id.slot as usize).filter(|s| s.generation == id.generation)?.connection.as_deref_mut()
    }

    /// All open connections.
    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &Connection)> {
        self.slots.iter().enumerate().filter_map(|(slot, s)| {
            Some((ConnId { slot: slot as u32, generation: s.generation }, s.connection.as_deref()?))
        })
    }

    /// Gives up connections that were silent for too long, devices that do not log in, and connections that do not take
    /// their last bytes. `ticks`: ms since start. Returns when the next one will be, if nothing happens before.
    pub fn sweep(&mut self, ticks: u64) -> Option<u64> {
        let mut next = None;
        for connection in self.slots.iter_mut().filter_map(|s| s.connection.as_deref_mut()) {
            if connection.outbox.is_closing() && connection.closes_at == 0 {
                connection.closes_at = ticks + CLOSING_MAX;
            }
            match deadline(connection) {
                Some(deadline) if deadline <= ticks => connection.outbox.abort(),
                Some(deadline) => next = Some(next.map_or(deadline, |next: u64| next.min(deadline))),
                None => {}
            }
        }
        next
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing::{hub, user};
    use std::net::Ipv4Addr;

    const ORIGIN: Origin = Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 8080, tls: false };

    #[test]
    fn devices_have_half_a_minute_to_log_in() {
        let mut connections = Connections::default();
        let opened = |c: &mut Connections, framing| c.open(framing, ORIGIN, 0, 5000).0;
        let hardware =
            [Framing::Hardware, Framing::HardwareWebSocket, Framing::Mqtt].map(|f| opened(&mut connections, f));
        let apps = [Framing::App, Framing::AppWebSocket].map(|f| opened(&mut connections, f));
        let known = opened(&mut connections, Framing::Hardware);
        let user = user(&mut hub(), "a@b.cc", r#"{"id":1}"#);
        let device = DeviceRef { user, dash: 1, device: 0 };
        connections.get_mut(known).unwrap().peer = Peer::Hardware(device);
        let closing = |connections: &Connections, id| connections.get(id).unwrap().outbox.is_closing();
        assert_eq!(connections.sweep(34_999), Some(35_000));
        assert!(connections.iter().all(|(id, _)| !closing(&connections, id)));
        connections.sweep(35_000);
        assert!(hardware.iter().all(|id| closing(&connections, *id)));
        assert!(apps.iter().chain([&known]).all(|id| !closing(&connections, *id)));
    }

    #[test]
    fn ids_are_not_reused() {
        let origin = ORIGIN;
        let mut connections = Connections::default();
        let (first, _) = connections.open(Framing::App, origin, 0, 0);
        assert!(connections.remove(first).is_some());
        let (second, _) = connections.open(Framing::App, origin, 0, 0);
        assert_ne!(first, second);
        assert!(connections.get(first).is_none());
        assert!(connections.remove(first).is_none());
        assert_eq!(connections.len(), 1);
        assert_eq!(connections.iter().next().unwrap().0, second);
    }
}

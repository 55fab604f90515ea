//! What all connection tasks share: the hub, the TLS settings, one read buffer, the counts per address.

use super::pending::Pending;
use super::places::{Places, GRACE};
use super::tls::Tls;
use crate::descriptors::Shares;
use crate::http::Http;
use crate::hub::attempts::network;
use crate::hub::{ConnId, Framing, Hub, Origin, Outbox, Peer};
use async_executor::LocalExecutor;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

/// Size of the read buffer: one TLS record.
pub const READ_BUFFER: usize = 16 * 1024;
/// Most connections of which nothing is known yet; more are refused until some of them have said what they are.
pub const OPENING_MAX: usize = 4096;

/// Shared by all tasks of the event loop.
pub struct Server {
    /// All state. Never borrowed across an await.
    pub hub: Rc<RefCell<Hub>>,
    /// The executor of all tasks.
    pub executor: Rc<LocalExecutor<'static>>,
    /// Certificate and TLS settings.
    pub tls: Tls,
    /// Where every connection reads into.
    pub buffer: RefCell<Box<[u8]>>,
    /// What answers HTTP requests.
    pub http: Http,
    /// HTTP requests that are being read and answered.
    pub exchanges: super::exchange::Exchanges,
    /// Connections that wait for what their clients have to say.
    pub places: Places,
    /// What unfinished frames take.
    pub pending: Rc<Pending>,
    per_address: RefCell<HashMap<IpAddr, u32>>,
    open: Cell<usize>,
    /// Most connections at the same time.
    open_max: usize,
    opening: Cell<usize>,
    /// [`super::tables::make_room`] was done.
    pub has_room: Cell<bool>,
}

impl Server {
    /// State for a hub.
    pub fn new(
        hub: Rc<RefCell<Hub>>,
        executor: Rc<LocalExecutor<'static>>,
        tls: Tls,
        http: Http,
        shares: Shares,
    ) -> Self {
        Server {
            hub,
            executor,
            tls,
            buffer: RefCell::new(vec![0; READ_BUFFER].into_boxed_slice()),
            http,
            exchanges: super::exchange::Exchanges::new(shares.uploads),
            places: Places::default(),
            pending: Rc::default(),
            per_address: RefCell::new(HashMap::new()),
            open: Cell::new(0),
            open_max: shares.connections,
            opening: Cell::new(0),
            has_room: Cell::new(false),
        }
    }

    /// Most connections at the same time.
    pub fn open_max(&self) -> usize {
        self.open_max
    }

    /// Counts a connection in; `None` when there are as many as there are descriptors for. The guard counts it out.
    pub fn enter(self: &Rc<Self>) -> Option<Entrance> {
        if self.open.get() >= self.open_max {
            return None;
        }
        self.open.set(self.open.get() + 1);
        Some(Entrance(Rc::clone(self)))
    }

    /// Asks one to leave who has not said for some time who they are. Returns whether there is one; the place is free when
    /// their task has run, or a little later.
    pub fn make_place(&self) -> bool {
        self.places.take_one(Instant::now()) || self.close_stranger()
    }

    /// Closes the oldest session that is not logged in.
    fn close_stranger(&self) -> bool {
        let hub = self.hub.borrow();
        let is_stranger = |peer| matches!(peer, Peer::New { .. });
        let strangers = hub.connections.iter().map(|(_, connection)| connection);
        let strangers = strangers.filter(|one| is_stranger(one.peer) && !one.outbox.is_closing());
        let Some(oldest) = strangers.min_by_key(|one| one.opened_at) else { return false };
        let is_due = hub.ticks() >= (u64::from(oldest.opened_at) + GRACE.as_secs()) * 1000;
        if is_due {
            oldest.outbox.abort();
        }
        is_due
    }

    /// Does something with the state, then starts to save what it changed: the one way in for tasks that handle messages,
    /// results of workers and what is due.
    pub fn batch<R>(&self, work: impl FnOnce(&mut Hub) -> R) -> R {
        let mut hub = self.hub.borrow_mut();
        let result = work(&mut hub);
        hub.save_changes();
        result
    }

    /// Counts a connection of an address in; `None` when it has too many. The guard counts it out.
    pub fn admit(self: &Rc<Self>, address: IpAddr) -> Option<Admission> {
        let limit = self.hub.borrow().config.server.max_connections_per_address;
        // People run tests, gateways and reverse proxies on the server itself.
        if !address.is_loopback() && limit > 0 {
            // Everybody has as many IPv6 addresses as he likes, in one network.
            let address = network(address);
            let mut counts = self.per_address.borrow_mut();
            let count = counts.entry(address).or_insert(0);
            if *count >= limit {
                return None;
            }
            *count += 1;
            return Some(Admission { server: Rc::clone(self), address: Some(address) });
        }
        Some(Admission { server: Rc::clone(self), address: None })
    }

    /// Whether an address is one of `proxy.protocol.networks`.
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        self.hub.borrow().config.server.proxy_protocol_networks.contains(address)
    }

    /// A place for a connection of a trusted proxy, which is not counted.
    pub fn admit_proxy(self: &Rc<Self>) -> Admission {
        Admission { server: Rc::clone(self), address: None }
    }

    /// Counts a connection of which nothing is known yet; `None` when there are too many.
    pub fn begin_opening(self: &Rc<Self>) -> Option<Opening> {
        if self.opening.get() >= OPENING_MAX {
            return None;
        }
        self.opening.set(self.opening.get() + 1);
        Some(Opening(Rc::clone(self)))
    }

    /// Registers a connection whose protocol is known.
    pub fn open(&self, framing: Framing, origin: Origin, idle_timeout: u32) -> (ConnId, Rc<Outbox>) {
        let mut hub = self.hub.borrow_mut();
        let ticks = hub.ticks();
        hub.connections.open(framing, origin, idle_timeout, ticks)
    }
}

/// A connection's place among all; given back when dropped.
pub struct Entrance(Rc<Server>);

impl Drop for Entrance {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

/// A connection's place among those of its address; given back when dropped.
pub struct Admission {
    server: Rc<Server>,
    address: Option<IpAddr>,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.server.per_address.borrow_mut();
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
                counts.shrink_to_fit();
            }
        }
    }
}

/// A place among the connections of which nothing is known yet; given back when dropped.
pub struct Opening(Rc<Server>);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.opening.set(self.0.opening.get() - 1);
    }
}

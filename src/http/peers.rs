//! Who is behind the connections that the relay makes to the HTTP thread.
#![allow(clippy::disallowed_types)] // See `PeerTable` for the reason.

use crate::hub::Origin;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The relay's local ports, with the client that each serves at the moment. A request from any other port comes from a
/// stranger on this machine.
///
/// Shared by two threads and locked: the one exception from the rule that only the event loop has state, because the
/// answer is needed before a request is worth a call into the event loop. The lock is held for a look-up only.
#[derive(Debug, Clone, Default)]
pub struct PeerTable(Arc<Mutex<HashMap<u16, Origin>>>, Arc<AtomicU32>);

impl PeerTable {
    fn lock(&self) -> MutexGuard<'_, HashMap<u16, Origin>> {
        // Nothing that holds the lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests from this port are this client's from now on.
    pub fn set(&self, port: u16, client: Origin) {
        self.lock().insert(port, client);
    }

    /// The port is closed.
    pub fn remove(&self, port: u16) {
        self.lock().remove(&port);
    }

    /// Nobody answers on any of the connections any more that were begun up to now.
    pub fn forget_all(&self) {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.lock().clear();
    }

    /// How often that happened.
    pub fn epoch(&self) -> u32 {
        self.1.load(Ordering::Relaxed)
    }

    /// The client behind a port.
    pub fn get(&self, port: u16) -> Option<Origin> {
        self.lock().get(&port).copied()
    }
}

//! TLS sessions that may be resumed, in one block of memory.
//!
//! The library's own store makes three small allocations in every handshake, in the midst of what the new connection
//! allocates: after a storm of clients, the last of them would keep all that memory from going back to the system.

use rustls::server::StoresServerSessions;
use std::fmt;
#[allow(clippy::disallowed_types)] // The library asks for it: its settings can be shared by threads.
use std::sync::Mutex;
use std::sync::{MutexGuard, PoisonError};

/// How many sessions may be resumed without a full handshake. Devices that lose their Wi-Fi come back often, and a full
/// handshake costs a router tens of milliseconds.
const SESSIONS: usize = 128;
/// Longest session id, bytes.
const ID_MAX: usize = 32;
/// Longest session, bytes; one without a client certificate has some 120 and the server's name.
const SESSION_MAX: usize = 222;

/// Id and session, each with its length in front; a session of length 0 is none.
#[derive(Clone)]
struct Entry {
    id: (u8, [u8; ID_MAX]),
    session: (u8, [u8; SESSION_MAX]),
}

impl Entry {
    fn id(&self) -> &[u8] {
        &self.id.1[..usize::from(self.id.0)]
    }

    fn session(&self) -> &[u8] {
        &self.session.1[..usize::from(self.session.0)]
    }
}

/// The newest entry overwrites the oldest.
#[derive(Default)]
struct Ring {
    /// Made for the first session.
    entries: Vec<Entry>,
    next: usize,
}

impl Ring {
    fn find(&mut self, id: &[u8]) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.session.0 > 0 && entry.id() == id)
    }
}

/// The sessions of the last [`SESSIONS`] clients that asked for one.
#[derive(Default)]
#[allow(clippy::disallowed_types)]
pub struct Sessions(Mutex<Ring>);

impl Sessions {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(...)")
    }
}

/// The bytes, filled up, and their length; `None`: too long.
fn padded<const N: usize>(bytes: &[u8]) -> Option<(u8, [u8; N])> {
    let mut filled = [0; N];
    filled.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some((u8::try_from(bytes.len()).ok()?, filled))
}

impl StoresServerSessions for Sessions {
    fn put(&self, id: Vec<u8>, session: Vec<u8>) -> bool {
        let (Some(id), Some(session)) = (padded(&id), padded(&session)) else { return false };
        let entry = Entry { id, session };
        let mut ring = self.ring();
        if let Some(known) = ring.find(entry.id()) {
            *known = entry;
            return true;
        }
        if ring.entries.capacity() == 0 {
            ring.entries.reserve_exact(SESSIONS);
        }
        let next = ring.next;
        ring.next = (next + 1) % SESSIONS;
        match ring.entries.get_mut(next) {
            Some(oldest) => *oldest = entry,
            None => ring.entries.push(entry),
        }
        true
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.ring().find(id).map(|entry| entry.session().to_vec())
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.ring().find(id).map(|entry| {
            let session = entry.session().to_vec();
            entry.session = (0, [0; SESSION_MAX]);
            session
        })
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes() {
        let sessions = Sessions::default();
        for n in 0..SESSIONS as u8 {
            assert!(sessions.put(vec![n; ID_MAX], vec![n; 100]));
        }
        assert!(sessions.put(vec![0; ID_MAX], vec![9; SESSION_MAX]));
        assert_eq!(sessions.get(&[0; ID_MAX]), Some(vec![9; SESSION_MAX]));
        assert!(sessions.put(vec![7], vec![8]));
        assert_eq!((sessions.get(&[0; ID_MAX]), sessions.get(&[7])), (None, Some(vec![8])));
        assert_eq!(sessions.get(&[1; ID_MAX]), Some(vec![1; 100]));
        assert_eq!(sessions.ring().entries.len(), SESSIONS);
    }

    #[test]
    fn taken_is_gone() {
        let sessions = Sessions::default();
        assert!(sessions.take(&[]).is_none());
        assert!(sessions.put(vec![1], vec![2, 3]));
        assert_eq!((sessions.take(&[1]), sessions.take(&[1]), sessions.get(&[1])), (Some(vec![2, 3]), None, None));
        assert!(!format!("{sessions:?}").contains('2'));
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let sessions = Sessions::default();
        assert!(!sessions.put(vec![1; ID_MAX + 1], vec![2]));
        assert!(!sessions.put(vec![1], vec![2; SESSION_MAX + 1]));
        assert!(sessions.ring().entries.is_empty());
    }
}

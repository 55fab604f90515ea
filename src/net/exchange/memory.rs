//! What the heads and bodies of requests may take in the sum.
//!
//! Small ones are free, so that nobody can stop them. What is above is counted for all together and for each network, which
//! leaves something to the others.

use super::head::Refusal;
use crate::hub::attempts::network;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;

/// So many bytes of a request are not counted; nearly all requests are smaller.
const FREE: usize = 4 * 1024;
/// Bytes that all may take besides one body of the largest allowed size.
const ALL_MAX: usize = 2 * 1024 * 1024;
/// The same of one network.
const NETWORK_MAX: usize = ALL_MAX / 2;

/// The sums.
#[derive(Debug, Default)]
pub struct Requests {
    all: Cell<usize>,
    of_network: RefCell<HashMap<IpAddr, usize>>,
}

/// What one request takes; given back when dropped.
pub struct Memory<'a> {
    requests: &'a Requests,
    network: IpAddr,
    taken: usize,
}

impl<'a> Memory<'a> {
    /// Nothing yet.
    pub fn new(requests: &'a Requests, client: IpAddr) -> Self {
        Memory { requests, network: network(client), taken: 0 }
    }

    /// The request takes so many bytes. `limit`: of a body.
    ///
    /// Errors: [`Refusal::Busy`] when there is no room for them.
    pub fn grow_to(&mut self, size: usize, limit: usize) -> Result<(), Refusal> {
        let more = size.saturating_sub(FREE).saturating_sub(self.taken);
        if more == 0 {
            return Ok(());
        }
        let mut networks = self.requests.of_network.borrow_mut();
        let own = networks.get(&self.network).copied().unwrap_or(0);
        let all = self.requests.all.get();
        if all + more > ALL_MAX.saturating_add(limit) || own + more > NETWORK_MAX.saturating_add(limit) {
            return Err(Refusal::Busy);
        }
        networks.insert(self.network, own + more);
        self.requests.all.set(all + more);
        self.taken += more;
        Ok(())
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        if self.taken == 0 {
            return;
        }
        self.requests.all.set(self.requests.all.get() - self.taken);
        let mut networks = self.requests.of_network.borrow_mut();
        if let Some(own) = networks.get_mut(&self.network) {
            *own -= self.taken;
            if *own == 0 {
                networks.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_leaves_room_for_others_and_small_requests_are_free() {
        let requests = Requests::default();
        let [greedy, neighbour, other] =
            ["192.0.2.1", "2001:db8::1", "2001:db8::ffff"].map(|text| text.parse().unwrap());
        let limit = 100_000;
        let mut many: Vec<_> = (0..100).map(|_| Memory::new(&requests, greedy)).collect();
        let kept = many.iter_mut().filter_map(|one| one.grow_to(FREE + limit, limit).ok()).count();
        assert_eq!(kept, (NETWORK_MAX + limit) / limit);
        assert!(many.iter_mut().all(|one| one.grow_to(FREE, limit).is_ok()));
        let mut others: Vec<_> =
            [neighbour, other].into_iter().cycle().take(100).map(|from| Memory::new(&requests, from)).collect();
        let kept = others.iter_mut().filter_map(|one| one.grow_to(FREE + limit, limit).ok()).count();
        assert!(kept == 10, "{kept} in the same network of 64 bits");
        // Step by step is as much as at once.
        let mut slow = Memory::new(&requests, neighbour);
        assert!((1..=FREE + 1000).all(|size| slow.grow_to(size, limit).is_ok()) && slow.taken == 1000);
        drop((many, others, slow));
        assert_eq!((requests.all.get(), requests.of_network.borrow().len()), (0, 0));
    }
}

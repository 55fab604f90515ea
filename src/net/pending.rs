//! What the beginnings of frames may take in the sum, whose rest has not come.
//!
//! A frame is kept until it is whole, and an app's may have ten million bytes: many connections with half a frame each
//! would take all memory. Small ones are free. What is above them is counted for strangers together, for each account and
//! for all accounts together. Who has no more than a token, guests and devices, takes nothing from the account's own apps;
//! and when all accounts together have too much, whoever has most makes room for who has less.

use crate::hub::{Outbox, Peer, UserId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// So many bytes of a connection are not counted; nearly all frames are smaller.
pub const FREE: usize = 4 * 1024;
/// Most bytes of all connections that are not logged in.
const STRANGERS_MAX: usize = 16 * 1024 * 1024;
/// Most bytes of one account's own apps: more than one of the largest frames.
const ACCOUNT_MAX: usize = 16 * 1024 * 1024;
/// Most bytes of one account's guests and devices, whose frames have 64 KB at most.
const TOKENS_MAX: usize = 2 * 1024 * 1024;
/// Most bytes of all accounts.
const ACCOUNTS_MAX: usize = 32 * 1024 * 1024;

/// Whose bytes they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// All who are not logged in.
    Stranger,
    /// An account's apps.
    Account(UserId),
    /// An account's guests and devices.
    Token(UserId),
}

impl Owner {
    /// Of a connection; `None`: it is gone.
    pub fn of(peer: Option<Peer>) -> Self {
        match peer {
            Some(Peer::Hardware(device)) => Owner::Token(device.user),
            Some(Peer::App(login)) if login.guest_of.is_some() => Owner::Token(login.user),
            Some(Peer::App(login)) => Owner::Account(login.user),
            Some(Peer::New { .. }) | None => Owner::Stranger,
        }
    }

    fn most(self) -> usize {
        match self {
            Owner::Stranger => STRANGERS_MAX,
            Owner::Account(_) => ACCOUNT_MAX,
            Owner::Token(_) => TOKENS_MAX,
        }
    }
}

/// The sums.
#[derive(Debug, Default)]
pub struct Pending {
    /// Of all accounts, their guests and devices.
    accounts: Cell<usize>,
    owners: RefCell<HashMap<Owner, Vec<Rc<Holding>>>>,
}

/// What one connection has.
#[derive(Debug)]
struct Holding {
    /// Counted bytes; 0: it is in no sum.
    bytes: Cell<usize>,
    outbox: Rc<Outbox>,
}

fn sum(holdings: &[Rc<Holding>]) -> usize {
    holdings.iter().map(|holding| holding.bytes.get()).sum()
}

impl Pending {
    /// Whether the owner may have so much more. Others may have to make room for it.
    fn make_room(&self, owner: Owner, more: usize) -> bool {
        let has = self.owners.borrow().get(&owner).map_or(0, |holdings| sum(holdings)) + more;
        if has > owner.most() {
            return false;
        }
        while owner != Owner::Stranger && self.accounts.get() + more > ACCOUNTS_MAX {
            if !self.take_from_largest(has) {
                return false;
            }
        }
        true
    }

    /// Closes the largest connection of the account that has most, if that is more than `has`.
    fn take_from_largest(&self, has: usize) -> bool {
        let mut owners = self.owners.borrow_mut();
        let accounts = owners.iter_mut().filter(|(owner, _)| **owner != Owner::Stranger);
        let Some((owner, holdings)) = accounts.max_by_key(|(_, holdings)| sum(holdings)) else { return false };
        let owner = *owner;
        if sum(holdings) <= has {
            return false;
        }
        let Some(largest) = holdings.iter().max_by_key(|holding| holding.bytes.get()).map(Rc::clone) else {
            return false;
        };
        self.forget(&mut owners, owner, &largest);
        largest.outbox.close();
        true
    }

    fn forget(&self, owners: &mut HashMap<Owner, Vec<Rc<Holding>>>, owner: Owner, holding: &Rc<Holding>) {
        let bytes = holding.bytes.take();
        if owner != Owner::Stranger {
            self.accounts.set(self.accounts.get() - bytes);
        }
        if let Some(holdings) = owners.get_mut(&owner) {
            holdings.retain(|other| !Rc::ptr_eq(other, holding));
            if holdings.is_empty() {
                owners.remove(&owner);
            }
        }
    }
}

/// One connection's part of them; given back when dropped.
#[derive(Debug)]
pub struct Share {
    all: Rc<Pending>,
    owner: Owner,
    holding: Rc<Holding>,
}

impl Share {
    /// A connection that keeps nothing yet. `outbox`: to close it when it has to make room for others.
    pub fn new(all: Rc<Pending>, outbox: Rc<Outbox>) -> Self {
        Share { all, owner: Owner::Stranger, holding: Rc::new(Holding { bytes: Cell::new(0), outbox }) }
    }

    /// The connection keeps this many bytes now, and is this owner's. False: there is no room for them.
    #[must_use]
    pub fn set(&mut self, bytes: usize, owner: Owner) -> bool {
        let (counted, before) = (bytes.saturating_sub(FREE), self.holding.bytes.get());
        if (counted, owner) == (before, self.owner) || (counted == 0 && before == 0) {
            return true;
        }
        self.release();
        if counted > 0 && !self.all.make_room(owner, counted) {
            return false;
        }
        self.owner = owner;
        self.holding.bytes.set(counted);
        if counted > 0 {
            if owner != Owner::Stranger {
                self.all.accounts.set(self.all.accounts.get() + counted);
            }
            self.all.owners.borrow_mut().entry(owner).or_default().push(Rc::clone(&self.holding));
        }
        true
    }

    fn release(&mut self) {
        if self.holding.bytes.get() > 0 {
            self.all.forget(&mut self.all.owners.borrow_mut(), self.owner, &self.holding);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::{testing, Framing};

    fn users() -> Vec<UserId> {
        let mut hub = testing::hub();
        let names = ["a@b.cc", "b@b.cc", "c@b.cc", "d@b.cc"];
        names.map(|email| testing::user(&mut hub, email, r#"{"id":1}"#)).to_vec()
    }

    fn share(all: &Rc<Pending>) -> Share {
        Share::new(Rc::clone(all), Rc::new(Outbox::new(Framing::App)))
    }

    fn is_closed(share: &Share) -> bool {
        share.holding.outbox.is_closing()
    }

    #[test]
    fn each_has_a_bound_and_gives_back() {
        let users = users();
        let all = Rc::new(Pending::default());
        // Strangers have their own sum.
        let mut strangers: Vec<Share> = (0..STRANGERS_MAX / 65_536).map(|_| share(&all)).collect();
        assert!(strangers.iter_mut().all(|one| one.set(FREE + 65_536, Owner::Stranger)));
        assert!(share(&all).set(FREE, Owner::Stranger) && !share(&all).set(FREE + 1, Owner::Stranger));
        let own = Owner::Account(users[0]);
        let (mut first, mut second) = (share(&all), share(&all));
        assert!(first.set(FREE + 10_000_000, own) && !second.set(FREE + 10_000_000, own));
        // A stranger that logs in moves to the account's sum.
        assert!(strangers[0].set(FREE + 65_536, own));
        assert!(share(&all).set(FREE + 65_536, Owner::Stranger));
        // The same again and less are no growth.
        assert!(first.set(FREE + 10_000_000, own) && first.set(0, own));
        drop((first, second, strangers));
        assert_eq!((all.accounts.get(), all.owners.borrow().len()), (0, 0));
    }

    #[test]
    fn a_token_takes_nothing_from_the_owner() {
        let users = users();
        let all = Rc::new(Pending::default());
        let mut guests: Vec<Share> = (0..1000).map(|_| share(&all)).collect();
        let kept =
            guests.iter_mut().filter_map(|one| one.set(FREE + 65_536, Owner::Token(users[0])).then_some(())).count();
        assert_eq!(kept, TOKENS_MAX / 65_536);
        assert!(share(&all).set(FREE + ACCOUNT_MAX, Owner::Account(users[0])));
    }

    #[test]
    fn who_has_most_makes_room_for_who_has_less() {
        let users = users();
        let all = Rc::new(Pending::default());
        let account = |n: usize| Owner::Account(users[n]);
        let mut greedy: Vec<Share> = (0..4).map(|_| share(&all)).collect();
        for (n, one) in greedy.iter_mut().enumerate() {
            assert!(one.set(FREE + ACCOUNT_MAX / 2 - n, account(n / 2)));
        }
        let mut honest = share(&all);
        assert!(honest.set(FREE + 8_000_000, account(2)));
        let closed: Vec<bool> = greedy.iter().map(is_closed).collect();
        assert_eq!(closed, [true, false, false, false], "one is enough, the largest");
        // The closed one goes without taking from the sums once more.
        let before = all.accounts.get();
        drop(greedy.remove(0));
        assert_eq!(all.accounts.get(), before);
        // Who wants as much as the others have gets nothing.
        let mut late = share(&all);
        assert!(!late.set(FREE + ACCOUNT_MAX, account(3)) && !is_closed(&honest) && !greedy.iter().any(is_closed));
        assert!(late.set(FREE + 5_000, account(3)));
        drop((greedy, honest, late));
        assert_eq!((all.accounts.get(), all.owners.borrow().len()), (0, 0));
    }
}

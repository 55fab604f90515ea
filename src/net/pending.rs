//! What the beginnings of frames may take in the sum, whose rest has not come.
//!
//! A frame is kept until it is whole, and an app's may have ten million bytes: many connections with half a frame each
//! would take all memory. Small ones are free. What is above them is counted for strangers together, for each account and
//! for all accounts together, so that strangers take nothing from accounts and one account not everything from others.

use crate::hub::UserId;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// So many bytes of a connection are not counted; nearly all frames are smaller.
pub const FREE: usize = 4 * 1024;
/// Most bytes of all connections that are not logged in.
const STRANGERS_MAX: usize = 16 * 1024 * 1024;
/// Most bytes of one account's connections: more than one of the largest frames.
const ACCOUNT_MAX: usize = 16 * 1024 * 1024;
/// Most bytes of all accounts.
const ACCOUNTS_MAX: usize = 32 * 1024 * 1024;

/// The sums.
#[derive(Debug, Default)]
pub struct Pending {
    strangers: Cell<usize>,
    accounts: Cell<usize>,
    of_account: RefCell<HashMap<UserId, usize>>,
}

/// One connection's part of them; given back when dropped.
#[derive(Debug)]
pub struct Share {
    all: Rc<Pending>,
    owner: Option<UserId>,
    counted: usize,
}

impl Share {
    /// A connection that keeps nothing yet.
    pub fn new(all: Rc<Pending>) -> Self {
        Share { all, owner: None, counted: 0 }
    }

    /// The connection keeps this many bytes now, and is this account's. False: there is no room for them.
    #[must_use]
    pub fn set(&mut self, bytes: usize, owner: Option<UserId>) -> bool {
        let counted = bytes.saturating_sub(FREE);
        if (counted, owner) == (self.counted, self.owner) || (counted == 0 && self.counted == 0) {
            return true;
        }
        self.release();
        let all = &self.all;
        let has_room = match owner {
            None => all.strangers.get() + counted <= STRANGERS_MAX,
            Some(user) => {
                let own = all.of_account.borrow().get(&user).copied().unwrap_or(0);
                own + counted <= ACCOUNT_MAX && all.accounts.get() + counted <= ACCOUNTS_MAX
            }
        };
        if !has_room {
            return false;
        }
        (self.owner, self.counted) = (owner, counted);
        if counted > 0 {
            match owner {
                None => all.strangers.set(all.strangers.get() + counted),
                Some(user) => {
                    all.accounts.set(all.accounts.get() + counted);
                    *all.of_account.borrow_mut().entry(user).or_default() += counted;
                }
            }
        }
        true
    }

    fn release(&mut self) {
        let counted = std::mem::take(&mut self.counted);
        match self.owner {
            _ if counted == 0 => {}
            None => self.all.strangers.set(self.all.strangers.get() - counted),
            Some(user) => {
                self.all.accounts.set(self.all.accounts.get() - counted);
                let mut accounts = self.all.of_account.borrow_mut();
                if let Some(own) = accounts.get_mut(&user) {
                    *own -= counted;
                    if *own == 0 {
                        accounts.remove(&user);
                    }
                }
            }
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
    use crate::hub::testing;

    #[test]
    fn each_has_a_bound_and_gives_back() {
        let mut hub = testing::hub();
        let users = ["a@b.cc", "b@b.cc", "c@b.cc"].map(|email| Some(testing::user(&mut hub, email, r#"{"id":1}"#)));
        let all = Rc::new(Pending::default());
        let share = || Share::new(Rc::clone(&all));
        // Strangers have their own sum.
        let mut strangers: Vec<Share> = (0..STRANGERS_MAX / 65_536).map(|_| share()).collect();
        assert!(strangers.iter_mut().all(|one| one.set(FREE + 65_536, None)));
        assert!(share().set(FREE, None) && !share().set(FREE + 1, None));
        // One account has a half of what all have.
        let (mut first, mut second, mut third) = (share(), share(), share());
        assert!(first.set(FREE + 10_000_000, users[0]) && !second.set(FREE + 10_000_000, users[0]));
        assert!(second.set(FREE + ACCOUNT_MAX, users[1]));
        assert!(!third.set(FREE + 10_000_000, users[2]) && third.set(FREE + 5_000_000, users[2]));
        drop(second);
        assert!(third.set(FREE + 10_000_000, users[2]));
        // A stranger that logs in moves to the account's sum.
        assert!(strangers[0].set(FREE + 65_536, users[0]));
        assert!(share().set(FREE + 65_536, None));
        // The same again and less are no growth.
        assert!(first.set(FREE + 10_000_000, users[0]) && first.set(0, users[0]));
        drop((first, third, strangers));
        assert_eq!((all.strangers.get(), all.accounts.get(), all.of_account.borrow().len()), (0, 0, 0));
    }
}

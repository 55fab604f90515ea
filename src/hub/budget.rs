//! How much an account may hold: what its apps make and its devices write is bounded in the sum, so that nobody can fill
//! the memory of all.
//!
//! Every save tells how much an account weighs. What it takes in afterwards is added, as if nothing were replaced, and it is
//! weighed anew only when that sum is over the limit, at most once a second.

use super::users::UserId;
use super::Hub;
use crate::model::{BadNumber, PinType};

/// Least ms between two weighings that somebody's data cause.
const WEIGHING_INTERVAL: u64 = 1000;
/// What a value or object costs beside its bytes.
const OVERHEAD: usize = 64;

/// What an account weighs, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Budget {
    /// When it was weighed last.
    weighed: usize,
    /// What came since.
    grown: usize,
    /// When data caused a weighing, ms since start plus one; 0 = never.
    looked_at: u64,
    /// It was told that it is full.
    full: bool,
}

impl Budget {
    /// The account was weighed.
    pub fn weighed(&mut self, bytes: usize) {
        (self.weighed, self.grown) = (bytes, 0);
    }

    fn with(&self, more: usize) -> usize {
        self.weighed.saturating_add(self.grown).saturating_add(more)
    }
}

impl Hub {
    /// Whether an account may take in so many more bytes; if so they are counted.
    pub fn may_grow(&mut self, user: UserId, bytes: usize) -> bool {
        let limit = (self.config.server.user_account_max_size as usize).saturating_mul(1024);
        let Some(account) = self.users.get_mut(user) else { return false };
        let more = bytes.saturating_add(OVERHEAD);
        let budget = &mut account.budget;
        if limit > 0 && budget.with(more) > limit {
            let ticks = self.clock.ticks();
            if budget.looked_at == 0 || ticks.saturating_sub(budget.looked_at - 1) >= WEIGHING_INTERVAL {
                budget.looked_at = ticks + 1;
                budget.weighed(account.user.weight());
            }
        }
        let fits = limit == 0 || budget.with(more) <= limit;
        if fits {
            budget.grown += more;
        } else if !budget.full {
            log::warn!("{} holds as much as user.account.max.size allows: it gets nothing more", account.user.email);
        }
        account.budget.full = !fits;
        fits
    }

    /// Stores a value of a pin, see [`crate::model::Profile::store_value`]; not if the account is full.
    ///
    /// Errors: [`BadNumber`].
    pub fn store_value(
        &mut self,
        user: UserId,
        (dash, device): (i32, i32),
        (pin_type, pin): (PinType, u8),
        value: &str,
    ) -> Result<(), BadNumber> {
        let Some(project) = self.users.dash(user, dash) else { return Ok(()) };
        let keepers = project.keepers(device, pin_type, pin);
        if !self.may_grow(user, value.len().saturating_mul(keepers)) {
            return Ok(());
        }
        let (now, limits) = (self.now(), self.limits());
        let Some(profile) = self.users.profile_mut(user) else { return Ok(()) };
        let stored = profile.store_value(dash, device, pin_type, pin, value, &limits, now);
        self.users.mark(user, super::Unsaved::Values);
        stored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::hub::testing::{advance, hub, user};
    use crate::model::{PinKey, PinValue};
    use std::rc::Rc;

    /// An account that may hold 64 KiB.
    fn small() -> (Hub, UserId) {
        let mut hub = hub();
        let mut config = Config::default();
        config.server.user_account_max_size = 64;
        hub.config = Rc::new(config);
        let terminals = (0..8).map(|id| format!(r#"{{"type":"TERMINAL","id":{id},"pinType":"VIRTUAL","pin":1}}"#));
        let widgets = terminals.collect::<Vec<_>>().join(",");
        let user = user(&mut hub, "a@b.cc", &format!(r#"{{"id":1,"devices":[{{"id":0}}],"widgets":[{widgets}]}}"#));
        (hub, user)
    }

    fn store(hub: &mut Hub, user: UserId, pin: u8, length: usize) {
        hub.store_value(user, (1, 0), (PinType::Virtual, pin), &"x".repeat(length)).unwrap();
    }

    fn kept(hub: &Hub, user: UserId, pin: u8) -> usize {
        let key = PinKey::value(1, 0, PinType::Virtual, pin);
        hub.users.profile(user).unwrap().storage.0.get(&key).map_or(0, |value| match value {
            PinValue::Single(text) => text.len(),
            PinValue::Multi(..) => panic!(),
        })
    }

    #[test]
    fn a_full_account_keeps_what_it_has_until_it_gives_something_up() {
        let (mut hub, user) = small();
        for pin in 10..20 {
            store(&mut hub, user, pin, 10_000);
        }
        let before: usize = (10..20).map(|pin| kept(&hub, user, pin)).sum();
        assert!((50_000..64 * 1024).contains(&before), "{before}");
        store(&mut hub, user, 30, 20_000);
        assert_eq!(kept(&hub, user, 30), 0);
        hub.users.profile_mut(user).unwrap().storage.0.clear();
        store(&mut hub, user, 30, 20_000);
        assert_eq!(kept(&hub, user, 30), 0, "it is not weighed more often than once a second");
        advance(&mut hub, 1000);
        store(&mut hub, user, 30, 20_000);
        assert_eq!(kept(&hub, user, 30), 20_000);
    }

    #[test]
    fn values_that_replace_others_fit_for_ever() {
        let (mut hub, user) = small();
        for n in 0..1000 {
            advance(&mut hub, 1000);
            store(&mut hub, user, 30, 10_000 + n);
        }
        assert_eq!(kept(&hub, user, 30), 10_999);
    }

    #[test]
    fn a_value_counts_for_every_widget_that_keeps_it() {
        let (mut hub, user) = small();
        store(&mut hub, user, 1, 10_000);
        assert_eq!(hub.users.get(user).unwrap().user.unwritten(), 0);
        store(&mut hub, user, 1, 1000);
        assert_eq!(hub.users.get(user).unwrap().user.unwritten(), 8 * 1000);
    }
}

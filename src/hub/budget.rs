//! How much an account may hold: what its apps make and its devices write is bounded in the sum, so that nobody can fill
//! the memory of all.
//!
//! Its file, and then every save, tells how much an account holds; nothing is weighed for this alone. What it takes in afterwards
//! is added; values also take the place of others, whatever else is thought to replace nothing until the next save. So the sum
//! is never too low. It may be too high: a refusal asks for a save, which tells how much it really is.
//!
//! How much work its apps may make is bounded, too: bytes of requests, the weight of the account for each request that
//! goes through all of it, and a part of that for each save. One loop serves everybody.

use super::connections::{AppLogin, DeviceRef};
use super::users::UserId;
use super::Hub;
use super::Unsaved;
use crate::model::weight::{text_weight, Growth, OVERHEAD};
use crate::model::{BadNumber, PinType};

/// Bytes of work a second that the apps of an account, and its guests, may make.
const WORK_RATE: u64 = 4 * 1024 * 1024;
/// ms of such work that may come at once.
const WORK_BURST: u64 = 15_000;
/// Whose work: that of the account's own apps ...
const OWN: usize = 0;
/// ... and that of guests.
const GUESTS: usize = 1;
/// ms after a save until a refusal asks for the next one at once.
const REFUSED_AGAIN: u64 = 10_000;
/// Writing an account down is so many times less work than to go through it for a peer.
const SAVE_SHARE: usize = 4;

/// What an account holds, and the work that is made for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Budget {
    /// Bytes.
    held: usize,
    /// What the request that is handled was granted.
    asked: Growth,
    /// It was told that it is full.
    full: bool,
    /// When it was last written, ms since start.
    saved_at: u64,
    /// When the work of its own apps, and that of its guests, would be done at [`WORK_RATE`]; µs since start.
    busy_until: [u64; 2],
}

impl Budget {
    /// The account was read from so many bytes.
    pub fn loaded(&mut self, bytes: usize) {
        self.held = bytes;
    }

    /// The account is written at `ticks` (ms since start), which is work, too: `text` bytes, and `unwritten` that stay in
    /// memory only.
    pub fn saved(&mut self, text: usize, unwritten: usize, ticks: u64) {
        (self.held, self.saved_at) = (text + unwritten, ticks);
        self.work(OWN, text / SAVE_SHARE, ticks);
    }

    fn work(&mut self, share: usize, bytes: usize, ticks: u64) {
        let until = &mut self.busy_until[share];
        *until = (*until).max(ticks * 1000).saturating_add((bytes as u64).saturating_mul(1_000_000) / WORK_RATE);
    }
}

impl Hub {
    /// Whether an account may take in so many more bytes; if so they are counted.
    pub fn may_grow(&mut self, user: UserId, bytes: usize) -> bool {
        self.may_change(user, Growth { more: bytes.saturating_add(OVERHEAD), less: 0 })
    }

    /// Whether an account may take in what a request brings; if so it is counted, until [`Hub::end_request`] says that the
    /// request was refused for something else.
    pub fn may_take(&mut self, user: UserId, growth: Growth) -> bool {
        let fits = self.may_change(user, growth);
        if let Some(account) = self.users.get_mut(user).filter(|_| fits) {
            let asked = &mut account.budget.asked;
            (asked.more, asked.less) = (asked.more + growth.more, asked.less + growth.less);
        }
        fits
    }

    /// A request was handled: what it was granted is given back if it was refused.
    pub fn end_request(&mut self, user: UserId, refused: bool) {
        let Some(account) = self.users.get_mut(user) else { return };
        let Budget { held, asked, .. } = &mut account.budget;
        let Growth { more, less } = std::mem::take(asked);
        if refused {
            *held = held.saturating_add(less).saturating_sub(more);
        }
    }

    /// Whether something of this weight may take the place of what an account holds; if so it is counted.
    pub fn may_change(&mut self, user: UserId, growth: Growth) -> bool {
        let limit = (self.config.server.user_account_max_size as usize).saturating_mul(1024);
        let ticks = self.ticks();
        let Some(account) = self.users.get_mut(user) else { return false };
        let budget = &mut account.budget;
        let held = budget.held.saturating_add(growth.more).saturating_sub(growth.less);
        let fits = limit == 0 || held <= limit || growth.more <= growth.less;
        if fits {
            budget.held = held;
        } else if !budget.full {
            log::warn!("{} holds as much as user.account.max.size allows: it gets nothing more", account.user.email);
        }
        account.budget.full = !fits;
        if !fits {
            let soon = ticks.saturating_sub(account.budget.saved_at) >= REFUSED_AGAIN;
            self.users.mark(user, if soon { Unsaved::Changes } else { Unsaved::Values });
        }
        fits
    }

    /// Whether the widgets of a pin, or else the pin storage, may keep a property; if so it is counted.
    pub fn may_keep_property(&mut self, device: DeviceRef, (pin_type, pin): (PinType, u8), value: &str) -> bool {
        let dash = self.users.dash(device.user, device.dash);
        let keepers = dash.map_or(1, |dash| dash.keepers(device.device, pin_type, pin));
        self.may_grow(device.user, (text_weight(value) + OVERHEAD).saturating_mul(keepers))
    }

    /// Whether an app may make so many bytes of work more, and, if it goes through the whole account, as many as that
    /// weighs; if so they are counted. Nobody is held up who has made none for a while.
    pub fn may_work(&mut self, login: AppLogin, bytes: usize, whole: bool) -> bool {
        let ticks = self.ticks();
        let Some(account) = self.users.get_mut(login.user) else { return false };
        let budget = &mut account.budget;
        let bytes = if whole { budget.held.saturating_add(bytes) } else { bytes };
        let share = if login.guest_of.is_some() { GUESTS } else { OWN };
        let fits = budget.busy_until[share] <= (ticks + WORK_BURST) * 1000;
        if fits {
            budget.work(share, bytes, ticks);
        }
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
        let (now, limits) = (self.now(), self.limits());
        let Some(profile) = self.users.profile(user) else { return Ok(()) };
        let Some(project) = profile.dash(dash) else { return Ok(()) };
        let growth = project.growth(&profile.storage, (device, pin_type, pin), value, &limits);
        if !self.may_change(user, growth) {
            return Ok(());
        }
        let Some(profile) = self.users.profile_mut(user) else { return Ok(()) };
        let stored = profile.store_value(dash, device, pin_type, pin, value, &limits, now);
        self.users.mark(user, Unsaved::Values);
        if stored.is_err() {
            // What it was to take the place of is still there.
            if let Some(account) = self.users.get_mut(user) {
                account.budget.held += growth.less;
            }
        }
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

    /// What [`Hub::save_all`] tells the budget.
    fn save(hub: &mut Hub, user: UserId) {
        let account = hub.users.get_mut(user).unwrap();
        account.budget.saved(account.user.to_file().len(), account.user.unwritten(), 0);
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
        store(&mut hub, user, 10, 10_000);
        assert_eq!(kept(&hub, user, 10), 10_000, "in the place of another");
        hub.users.profile_mut(user).unwrap().storage.0.clear();
        hub.users.take_unsaved(Unsaved::Values);
        store(&mut hub, user, 30, 20_000);
        assert_eq!(kept(&hub, user, 30), 0, "nobody has weighed it");
        assert_eq!(hub.users.take_unsaved(Unsaved::Values), [user], "it asks to be saved");
        save(&mut hub, user);
        store(&mut hub, user, 30, 20_000);
        assert_eq!(kept(&hub, user, 30), 20_000);
    }

    #[test]
    fn what_replaces_nothing_makes_no_room() {
        let mut hub = hub();
        let widgets = r#"{"type":"TABLE","id":1,"pinType":"VIRTUAL","pin":1},
            {"type":"TIME_INPUT","id":2,"pinType":"VIRTUAL","pin":2},{"type":"LABELED_VALUE_DISPLAY","id":3,"pinType":"VIRTUAL","pin":2}"#;
        let user = user(&mut hub, "a@b.cc", &format!(r#"{{"id":1,"devices":[{{"id":0}}],"widgets":[{widgets}]}}"#));
        let held = |hub: &Hub| hub.users.get(user).unwrap().budget.held;
        let text = "x".repeat(10_000);
        for (pin, first, idle) in [
            (1, format!("update\x001\0n\0{text}"), ["\0", "pick\0x"]),
            (2, format!("1\x002\0UTC\0{text}"), ["x\x001\0UTC", "y\x001"]),
        ] {
            let _ = hub.store_value(user, (1, 0), (PinType::Virtual, pin), &first);
            let before = held(&hub);
            for value in idle {
                let _ = hub.store_value(user, (1, 0), (PinType::Virtual, pin), value);
            }
            assert!(held(&hub) >= before, "v{pin}");
        }
    }

    #[test]
    fn apps_and_guests_wait_for_their_own_work() {
        let (mut hub, user) = small();
        let login = |guest_of| AppLogin { user, guest_of, os: crate::hub::AppOs::Ios, version: 0 };
        let mut loads = 0;
        while hub.may_work(login(None), 1024 * 1024, true) {
            loads += 1;
        }
        assert!((55..=62).contains(&loads), "{loads}");
        assert!(hub.may_work(login(Some(1)), 10, true), "guests have their own share");
        assert!(!hub.may_work(login(None), 0, false));
        advance(&mut hub, 1000);
        hub.users.get_mut(user).unwrap().budget.saved(400_000_000, 0, 1000);
        assert!(!hub.may_work(login(None), 0, false), "so much was saved");
        advance(&mut hub, 25_000);
        assert!(hub.may_work(login(None), usize::MAX, false), "one request of any size");
        assert!(!hub.may_work(login(None), 0, false));
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

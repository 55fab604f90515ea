//! Tokens of devices, shared projects and provisioning, as indices over the accounts.

use super::connections::DeviceRef;
use super::users::{UserId, Users};
use crate::model::Device;
use std::collections::HashMap;

/// A device that was promised a token and joins its project at its first login.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Provisional {
    pub user: UserId,
    pub dash: i32,
    pub device: Device,
    /// ms since start.
    pub made_at: u64,
}

/// ms that a provisional token lives.
pub const PROVISIONAL_LIFE: u64 = 7 * 24 * 3600 * 1000;

/// Most provisional tokens of one account.
const PROMISES_MAX: usize = 100;

/// All tokens.
#[derive(Debug, Default)]
pub struct Tokens {
    devices: HashMap<Box<str>, DeviceRef>,
    shared: HashMap<Box<str>, (UserId, i32)>,
    provisional: HashMap<Box<str>, Provisional>,
    /// Device tokens that came (with their device) or went since the last [`Tokens::take_changes`]; `None`: not noted.
    changes: Option<HashMap<Box<str>, Option<DeviceRef>>>,
}

impl Tokens {
    /// The device with this token.
    pub fn device(&self, token: &str) -> Option<DeviceRef> {
        self.devices.get(token).copied()
    }

    /// The owner and project with this share token.
    pub fn shared(&self, token: &str) -> Option<(UserId, i32)> {
        self.shared.get(token).copied()
    }

    /// Makes a token name a device.
    pub fn set_device(&mut self, token: &str, device: DeviceRef) {
        self.devices.insert(token.into(), device);
        if let Some(changes) = &mut self.changes {
            changes.insert(token.into(), Some(device));
        }
    }

    /// From now on changes of device tokens are noted, for a database.
    pub fn note_changes(&mut self) {
        self.changes = Some(HashMap::new());
    }

    /// The device tokens that came or went since the last call.
    pub fn take_changes(&mut self) -> HashMap<Box<str>, Option<DeviceRef>> {
        self.changes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Makes a token name a shared project.
    pub fn set_shared(&mut self, token: &str, user: UserId, dash: i32) {
        self.shared.insert(token.into(), (user, dash));
    }

    /// Forgets a device token, if it names this device and nobody else's.
    pub fn remove_device(&mut self, token: &str, device: DeviceRef) {
        if self.devices.get(token) == Some(&device) {
            self.devices.remove(token);
            if let Some(changes) = &mut self.changes {
                changes.insert(token.into(), None);
            }
        }
    }

    /// Forgets a share token, if it names this project.
    pub fn remove_shared(&mut self, token: &str, user: UserId, dash: i32) {
        if self.shared.get(token) == Some(&(user, dash)) {
            self.shared.remove(token);
        }
    }

    /// Promises a token to a device. The oldest promise to an account makes room when it has too many.
    pub fn promise(&mut self, token: &str, provisional: Provisional) {
        self.expire(provisional.made_at);
        let own = self.provisional.iter().filter(|(_, p)| p.user == provisional.user);
        if own.clone().count() >= PROMISES_MAX {
            let oldest = own.min_by_key(|(_, p)| p.made_at).map(|(token, _)| token.clone());
            oldest.and_then(|token| self.provisional.remove(&token));
        }
        self.provisional.insert(token.into(), provisional);
    }

    /// Forgets the promises to devices of a project that was deleted.
    pub fn break_promises(&mut self, user: UserId, dash: i32) {
        self.provisional.retain(|_, p| (p.user, p.dash) != (user, dash));
    }

    /// The promise behind a token.
    pub fn provisional(&self, token: &str) -> Option<&Provisional> {
        self.provisional.get(token)
    }

    /// Takes the promise behind a token.
    pub fn take_provisional(&mut self, token: &str) -> Option<Provisional> {
        self.provisional.remove(token)
    }

    /// Drops promises that are too old.
    pub fn expire(&mut self, ticks: u64) {
        self.provisional.retain(|_, p| ticks.saturating_sub(p.made_at) < PROVISIONAL_LIFE);
        self.provisional.shrink_to_fit();
    }

    /// Takes in all tokens of an account: at start, and when an account is replaced.
    pub fn add_user(&mut self, users: &Users, user: UserId) {
        let Some(profile) = users.profile(user) else { return };
        for dash in &profile.dashboards {
            for device in dash.devices.iter().filter(|d| !d.token.is_empty()) {
                self.set_device(&device.token, DeviceRef { user, dash: dash.id, device: device.id });
            }
            if !dash.shared_token.is_empty() {
                self.set_shared(&dash.shared_token, user, dash.id);
            }
        }
    }

    /// Forgets all tokens of an account.
    pub fn remove_user(&mut self, user: UserId) {
        let changes = &mut self.changes;
        self.devices.retain(|token, device| {
            let stays = device.user != user;
            if let Some(changes) = changes.as_mut().filter(|_| !stays) {
                changes.insert(token.clone(), None);
            }
            stays
        });
        self.shared.retain(|_, (u, _)| *u != user);
        self.provisional.retain(|_, p| p.user != user);
    }
}

/// A new token: 24 random bytes in URL-safe Base64, 32 characters.
pub fn new_token() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random_bytes::<24>())
}

/// A number of 13 digits that nobody can guess: where names of exports had the ms since 1970, which everybody can.
pub fn export_number() -> i64 {
    const LEAST: u64 = 1_000_000_000_000;
    let number = LEAST + u64::from_be_bytes(random_bytes()) % (9 * LEAST);
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Random bytes that nobody can guess.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    use ring::rand::SecureRandom;
    let mut bytes = [0; N];
    // Linux's getrandom cannot fail once the system is up; without randomness there are no secrets to give out.
    while ring::rand::SystemRandom::new().fill(&mut bytes).is_err() {
        log::error!("the system gives no random numbers");
        std::thread::yield_now();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_32_url_safe_characters() {
        let token = new_token();
        assert_eq!(token.len(), 32);
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_ne!(token, new_token());
    }

    #[test]
    fn promises_are_forgotten_after_a_week() {
        let mut hub = crate::hub::testing::hub();
        let user = hub.users.add(Default::default());
        let promise = Provisional { user, dash: 1, device: Device::default(), made_at: 0 };
        hub.tokens.promise("t", promise);
        hub.start_periodic_work();
        let mut days = 0;
        while hub.tokens.provisional("t").is_some() {
            crate::hub::testing::advance(&mut hub, 24 * 3600 * 1000);
            days += 1;
        }
        assert_eq!(days, 7);
    }

    #[test]
    fn a_token_that_moved_on_is_not_removed_by_its_old_owner() {
        let mut users = Users::default();
        let user = users.add(Default::default());
        let (old, new) = (DeviceRef { user, dash: 1, device: 0 }, DeviceRef { user, dash: 1, device: 1 });
        let mut tokens = Tokens::default();
        tokens.set_device("t", new);
        tokens.remove_device("t", old);
        assert_eq!(tokens.device("t"), Some(new));
    }
}

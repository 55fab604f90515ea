//! Sessions of administrators in browsers: who is behind a cookie (spec 05 §8).

use super::users::UserId;
use super::Hub;
use crate::hub::tokens::new_token;
use ring::digest::{digest, SHA256, SHA256_OUTPUT_LEN};
use std::collections::HashMap;

/// ms without a request after which a session ends.
const IDLE_MAX: u64 = 12 * 3600 * 1000;
/// ms that a session lives at most.
pub const LIFE: u64 = 30 * 24 * 3600 * 1000;
/// Most sessions. The one that was used least recently makes room for a new one.
const SESSIONS: usize = 64;

#[derive(Debug)]
struct Session {
    user: UserId,
    /// The password at the login: another one ends the session, whoever changed it.
    pass: Box<str>,
    /// ms since start.
    made_at: u64,
    used_at: u64,
}

impl Session {
    fn is_over(&self, ticks: u64) -> bool {
        ticks.saturating_sub(self.made_at) >= LIFE || ticks.saturating_sub(self.used_at) >= IDLE_MAX
    }
}

/// All sessions, by the hash of their secret: how long a look-up takes tells nothing about the secrets there are.
#[derive(Debug, Default)]
pub struct Sessions(HashMap<[u8; SHA256_OUTPUT_LEN], Session>);

fn key(secret: &str) -> [u8; SHA256_OUTPUT_LEN] {
    let mut key = [0; SHA256_OUTPUT_LEN];
    key.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    key
}

impl Sessions {
    /// Begins a session at `ticks` (ms since start) and returns its secret.
    fn open(&mut self, user: UserId, pass: &str, ticks: u64) -> String {
        self.0.retain(|_, session| !session.is_over(ticks));
        if self.0.len() >= SESSIONS {
            let oldest = self.0.iter().min_by_key(|(_, session)| session.used_at).map(|(key, _)| *key);
            oldest.and_then(|key| self.0.remove(&key));
        }
        let secret = new_token();
        self.0.insert(key(&secret), Session { user, pass: pass.into(), made_at: ticks, used_at: ticks });
        secret
    }

    /// Ends a session, if there is one with this secret.
    pub fn close(&mut self, secret: &str) {
        self.0.remove(&key(secret));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Hub {
    /// Begins a session of an administrator and returns its secret. `None`: this account is none.
    pub fn open_session(&mut self, user: UserId) -> Option<String> {
        let ticks = self.ticks();
        let account = self.users.get(user).filter(|account| account.user.is_super_admin)?;
        Some(self.sessions.open(user, account.user.pass.as_deref()?, ticks))
    }

    /// The administrator whose session has this secret. Sessions end with time, with another password, and with the
    /// right to be here.
    pub fn session(&mut self, secret: &str) -> Option<UserId> {
        let (ticks, key) = (self.ticks(), key(secret));
        let session = self.sessions.0.get_mut(&key)?;
        let account = self.users.get(session.user).map(|account| &account.user);
        let valid = |user: &&crate::model::User| user.is_super_admin && user.pass.as_deref() == Some(&*session.pass);
        if session.is_over(ticks) || account.filter(valid).is_none() {
            self.sessions.0.remove(&key);
            return None;
        }
        session.used_at = ticks;
        Some(session.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing;

    fn admin(hub: &mut Hub) -> UserId {
        let user = testing::user(hub, "root@b.cc", r#"{"id":1}"#);
        let account = &mut hub.users.get_mut(user).unwrap().user;
        (account.is_super_admin, account.pass) = (true, Some("hash".into()));
        user
    }

    #[test]
    fn a_session_ends_with_password_right_account_and_logout() {
        let mut hub = testing::hub();
        let user = admin(&mut hub);
        let ends = |hub: &mut Hub, how: fn(&mut Hub, UserId, &str)| {
            let secret = hub.open_session(user).unwrap();
            assert_eq!(hub.session(&secret), Some(user));
            how(hub, user, &secret);
            assert_eq!(hub.session(&secret), None);
        };
        ends(&mut hub, |hub, _, secret| hub.sessions.close(secret));
        ends(&mut hub, |hub, user, _| hub.users.get_mut(user).unwrap().user.pass = Some("other".into()));
        ends(&mut hub, |hub, user, _| hub.users.get_mut(user).unwrap().user.is_super_admin = false);
        assert_eq!(hub.open_session(user), None);
        hub.users.get_mut(user).unwrap().user.is_super_admin = true;
        ends(&mut hub, |hub, user, _| drop(hub.users.remove(user)));
        assert_eq!(hub.session("7c9e6679-7425-40de-944b-e07fc1f90ae7"), None);
    }

    #[test]
    fn sessions_end_with_time_and_are_bounded() {
        let mut hub = testing::hub();
        let user = admin(&mut hub);
        let (first, second) = (hub.open_session(user).unwrap(), hub.open_session(user).unwrap());
        testing::advance(&mut hub, IDLE_MAX - 1);
        assert_eq!(hub.session(&first), Some(user));
        testing::advance(&mut hub, 2);
        assert_eq!((hub.session(&first), hub.session(&second)), (Some(user), None));
        for _ in 0..LIFE / IDLE_MAX * 2 {
            hub.session(&first);
            testing::advance(&mut hub, IDLE_MAX / 2);
        }
        assert_eq!(hub.session(&first), None);
        for _ in 0..2 * SESSIONS {
            hub.open_session(user);
        }
        assert_eq!(hub.sessions.len(), SESSIONS);
    }
}

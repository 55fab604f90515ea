//! All accounts, with the session of each: its connections, its unsaved changes, its counters.

use super::budget::Budget;
use super::connections::ConnId;
use super::roster::Roster;
use crate::model::{Dashboard, Polls, Profile, User, MAIN_APP};
use std::collections::HashMap;

/// Names one account for the life of the process; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(u32);

/// What of an account differs from its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Unsaved {
    /// Nothing.
    #[default]
    Nothing,
    /// Who came and went when: not worth a write to flash, saved with something else or at the end.
    Presence,
    /// Values and times that devices wrote: saved by the periodic worker.
    Values,
    /// Something that a person changed: saved at once.
    Changes,
}

/// One account.
#[derive(Debug)]
pub struct Account {
    /// The content of its file.
    pub user: User,
    /// Its app connections, guests included, in the order of their logins.
    pub apps: Vec<ConnId>,
    /// Its device connections.
    pub hardware: Roster,
    /// What must be saved.
    pub unsaved: Unsaved,
    /// A save is under way; the next one waits for it.
    pub saving: bool,
    /// When its file was last written whole, ms since start.
    pub written_at: Option<u64>,
    /// The file it was loaded from, when that is not the canonical one.
    pub loaded_from: Option<Box<str>>,
    /// Mails sent in the running window, and when the window began (ms since start).
    pub mails: (u32, u64),
    /// How much it holds.
    pub budget: Budget,
    /// When displays were read; made at the first time.
    pub polls: Option<Box<Polls>>,
    /// It is among the changed ones.
    is_changed: bool,
}

/// All accounts.
#[derive(Debug, Default)]
pub struct Users {
    accounts: Vec<Option<Box<Account>>>,
    by_key: HashMap<Box<str>, UserId>,
    unsaved: Vec<UserId>,
    /// Some account may have changes that must be saved at once.
    urgent: bool,
    /// Accounts that came, went or were changed by people since the last [`Users::take_changed`].
    changed: Vec<UserId>,
}

fn key(email: &str, app_name: &str) -> String {
    let app_name = if app_name.is_empty() { MAIN_APP } else { app_name };
    format!("{email}\0{app_name}")
}

impl Account {
    /// Whether its file was written whole less than `period` ago, both in ms, so that changes may be kept beside it.
    pub fn may_lag(&self, ticks: u64, period: u64) -> bool {
        self.written_at.is_some_and(|at| ticks.saturating_sub(at) < period)
    }
}

impl Users {
    /// Takes in an account. The caller has checked that the key is free; otherwise the new one wins.
    pub fn add(&mut self, user: User) -> UserId {
        let id = UserId(self.accounts.len() as u32);
        self.by_key.insert(key(&user.email, &user.app_name).into(), id);
        self.accounts.push(Some(Box::new(Account {
            user,
            apps: Vec::new(),
            hardware: Roster::default(),
            unsaved: Unsaved::Nothing,
            saving: false,
            written_at: None,
            loaded_from: None,
            mails: (0, 0),
            budget: Budget::default(),
            polls: None,
            is_changed: true,
        })));
        self.changed.push(id);
        // A storm of values moves no table about.
        self.unsaved.reserve(self.accounts.len() - self.unsaved.len());
        id
    }

    /// Forgets an account.
    pub fn remove(&mut self, id: UserId) -> Option<Box<Account>> {
        let account = self.accounts.get_mut(id.0 as usize)?.take()?;
        self.by_key.remove(key(&account.user.email, &account.user.app_name).as_str());
        self.unsaved.retain(|u| *u != id);
        if !account.is_changed {
            self.changed.push(id);
        }
        Some(account)
    }

    /// Gives an account another e-mail. The caller has checked that it is free.
    pub fn rename(&mut self, id: UserId, email: &str) {
        let Some(account) = self.accounts.get_mut(id.0 as usize).and_then(|a| a.as_deref_mut()) else { return };
        self.by_key.remove(key(&account.user.email, &account.user.app_name).as_str());
        account.user.email = email.to_owned();
        self.by_key.insert(key(email, &account.user.app_name).into(), id);
    }

    /// The account of (e-mail, app name), exact match; an empty app name counts as the main app.
    pub fn find(&self, email: &str, app_name: &str) -> Option<UserId> {
        self.by_key.get(key(email, app_name).as_str()).copied()
    }

    /// The account with this id.
    pub fn get(&self, id: UserId) -> Option<&Account> {
        self.accounts.get(id.0 as usize)?.as_deref()
    }

    /// The account with this id.
    pub fn get_mut(&mut self, id: UserId) -> Option<&mut Account> {
        self.accounts.get_mut(id.0 as usize)?.as_deref_mut()
    }

    /// The profile of an account.
    pub fn profile(&self, id: UserId) -> Option<&Profile> {
        Some(&self.get(id)?.user.profile)
    }

    /// The profile of an account. The caller marks what it changes.
    pub fn profile_mut(&mut self, id: UserId) -> Option<&mut Profile> {
        Some(&mut self.get_mut(id)?.user.profile)
    }

    /// A project of an account.
    pub fn dash(&self, id: UserId, dash: i32) -> Option<&Dashboard> {
        self.profile(id)?.dash(dash)
    }

    /// A project of an account. The caller marks what it changes.
    pub fn dash_mut(&mut self, id: UserId, dash: i32) -> Option<&mut Dashboard> {
        self.profile_mut(id)?.dash_mut(dash)
    }

    /// All accounts.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, &Account)> {
        self.accounts.iter().enumerate().filter_map(|(i, a)| Some((UserId(i as u32), a.as_deref()?)))
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there is no account.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Notes that an account differs from its file.
    pub fn mark(&mut self, id: UserId, what: Unsaved) {
        let Some(account) = self.accounts.get_mut(id.0 as usize).and_then(|a| a.as_deref_mut()) else { return };
        if account.unsaved == Unsaved::Nothing && what != Unsaved::Nothing {
            self.unsaved.push(id);
        }
        account.unsaved = account.unsaved.max(what);
        if what == Unsaved::Changes {
            self.urgent = true;
            if !std::mem::replace(&mut account.is_changed, true) {
                self.changed.push(id);
            }
        }
    }

    /// Takes the accounts that came, went or were changed by people since the last call.
    pub fn take_changed(&mut self) -> Vec<UserId> {
        let changed = std::mem::take(&mut self.changed);
        for id in &changed {
            if let Some(account) = self.get_mut(*id) {
                account.is_changed = false;
            }
        }
        changed
    }

    /// Whether [`Users::take_unsaved`] or [`Users::take_changed`] may find changes; cheap enough to be asked after every message.
    pub fn is_urgent(&self) -> bool {
        self.urgent || !self.changed.is_empty()
    }

    /// A save of this account ended; on failure everything is unsaved again, and the file is tried whole next time.
    pub fn saved(&mut self, id: UserId, success: bool) {
        let Some(account) = self.get_mut(id) else { return };
        account.saving = false;
        let is_urgent = account.unsaved == Unsaved::Changes;
        if !success {
            account.written_at = None;
            // The periodic worker tries again.
            self.mark(id, Unsaved::Values);
        }
        self.urgent |= is_urgent;
    }

    /// For the end of the program, when no result of a save comes back any more: accounts with a save under way are
    /// saved once more.
    pub fn forget_saves(&mut self) {
        for account in self.accounts.iter_mut().flatten() {
            account.saving = false;
        }
    }

    /// How many accounts have something to save.
    pub fn unsaved(&self) -> usize {
        self.unsaved.len()
    }

    /// Hands the accounts that have at least this much to save to `take`, those that wait longest first, until it says that
    /// there is no more room. What it took counts as saved from now on. Accounts with a save under way stay for later.
    pub fn take_unsaved_while(&mut self, at_least: Unsaved, mut take: impl FnMut(UserId, &mut Account) -> bool) {
        let (mut has_room, mut urgent) = (true, false);
        let accounts = &mut self.accounts;
        self.unsaved.retain(|id| {
            let Some(account) = accounts.get_mut(id.0 as usize).and_then(|a| a.as_deref_mut()) else { return false };
            if account.saving || account.unsaved < at_least {
                return true;
            }
            has_room = has_room && take(*id, account);
            if !has_room {
                urgent |= account.unsaved == Unsaved::Changes;
                return true;
            }
            account.unsaved = Unsaved::Nothing;
            false
        });
        self.urgent = urgent;
    }

    /// Takes all of them.
    #[cfg(test)]
    pub fn take_unsaved(&mut self, at_least: Unsaved) -> Vec<UserId> {
        let mut taken = Vec::new();
        self.take_unsaved_while(at_least, |id, _| {
            taken.push(id);
            true
        });
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_email_and_app() {
        let mut users = Users::default();
        let id = users.add(User { email: "a@b.cc".into(), ..User::default() });
        assert_eq!(users.find("a@b.cc", "Blynk"), Some(id));
        assert_eq!(users.find("a@b.cc", ""), Some(id));
        assert_eq!(users.find("a@b.cc", "Other"), None);
        users.remove(id);
        assert_eq!(users.find("a@b.cc", "Blynk"), None);
        assert_eq!(users.len(), 0);
    }

    #[test]
    fn changes_are_taken_before_values() {
        let mut users = Users::default();
        let a = users.add(User { email: "a@b.cc".into(), ..User::default() });
        let b = users.add(User { email: "b@b.cc".into(), ..User::default() });
        users.mark(a, Unsaved::Presence);
        assert!(users.take_unsaved(Unsaved::Values).is_empty());
        users.mark(a, Unsaved::Values);
        users.mark(b, Unsaved::Values);
        users.mark(b, Unsaved::Changes);
        users.mark(b, Unsaved::Values);
        assert_eq!(users.take_unsaved(Unsaved::Changes), [b]);
        assert_eq!(users.take_unsaved(Unsaved::Values), [a]);
        assert!(users.take_unsaved(Unsaved::Values).is_empty());
    }

    #[test]
    fn what_has_no_room_stays_for_later_in_its_order() {
        let mut users = Users::default();
        let ids: Vec<UserId> =
            (0..4).map(|n| users.add(User { email: format!("{n}@b.cc"), ..User::default() })).collect();
        ids.iter().for_each(|id| users.mark(*id, Unsaved::Changes));
        users.take_changed();
        let mut room = 3;
        users.take_unsaved_while(Unsaved::Changes, |id, _| {
            room -= 1;
            assert_ne!(id == ids[3], room >= 0);
            room >= 0
        });
        assert!(users.is_urgent() && users.unsaved() == 1);
        users.mark(ids[0], Unsaved::Values);
        assert_eq!(users.take_unsaved(Unsaved::Values), [ids[3], ids[0]]);
        assert!(!users.is_urgent());
    }

    #[test]
    fn at_the_end_a_save_under_way_does_not_hold_up_the_last_one() {
        let mut users = Users::default();
        let id = users.add(User { email: "a@b.cc".into(), ..User::default() });
        users.get_mut(id).unwrap().saving = true;
        users.mark(id, Unsaved::Changes);
        assert!(users.take_unsaved(Unsaved::Values).is_empty());
        users.forget_saves();
        assert_eq!(users.take_unsaved(Unsaved::Values), [id]);
    }
}

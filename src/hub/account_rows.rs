//! When accounts and device tokens go to the database.
//!
//! Accounts follow their files: what changed in a period of the profile saver is sent a few accounts at a time, the next
//! ones when these are stored. So a database that is away costs no memory, and nothing is forgotten.

use super::connections::DeviceRef;
use super::database::Write;
use super::users::UserId;
use super::Hub;
use crate::model::MAIN_APP;
use crate::store::rows::{ForwardingRow, UserRow};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most accounts that are sent at once.
const ACCOUNTS: usize = 50;
/// Bytes of profiles after which no more are sent at once.
const BYTES: usize = 1024 * 1024;
/// Tokens in one write.
const TOKENS: usize = 1000;

/// Which accounts the database does not have as they are.
#[derive(Debug, Default)]
pub struct AccountRows {
    /// They changed.
    changed: BTreeSet<UserId>,
    /// They may have changed while no database was there.
    stale: BTreeSet<UserId>,
    /// Some are being stored; the others wait.
    under_way: bool,
}

impl AccountRows {
    /// An account changed.
    pub fn note(&mut self, user: UserId) {
        self.changed.insert(user);
    }
}

impl Hub {
    /// Tells the database about everything that it may have missed, when the server starts.
    pub fn catch_up_database(&mut self) {
        if self.databases.is_none() {
            return;
        }
        self.account_rows.stale = self.users.iter().map(|(id, _)| id).collect();
        self.send_accounts();
        let mut rows = Vec::new();
        for (_, account) in self.users.iter() {
            for dash in &account.user.profile.dashboards {
                for device in dash.devices.iter().filter(|device| !device.token.is_empty()) {
                    rows.push(ForwardingRow {
                        token: device.token.clone(),
                        host: self.host.to_string(),
                        email: account.user.email.clone(),
                        dash: dash.id,
                        device: device.id,
                    });
                }
            }
        }
        for rows in rows.chunks(TOKENS) {
            self.tell_database(|| Write::Forward { rows: rows.to_vec(), only_new: true });
        }
        self.tokens.note_changes();
        self.history.averages.note();
    }

    /// Sends the next accounts, unless some are under way.
    pub fn send_accounts(&mut self) {
        if self.databases.is_none() || self.account_rows.under_way {
            return;
        }
        let Some((rows, only_newer)) = self.next_rows() else { return };
        self.account_rows.under_way = true;
        let then = |hub: &mut Hub, ()| {
            hub.account_rows.under_way = false;
            hub.send_accounts();
        };
        self.tell_database(|| Write::Users { rows, only_newer, then: Box::new(then) });
    }

    /// Sends all accounts, for the end of the program.
    pub fn send_all_accounts(&mut self) {
        while self.databases.is_some() {
            let Some((rows, only_newer)) = self.next_rows() else { return };
            self.tell_database(|| Write::Users { rows, only_newer, then: Box::new(|_, ()| ()) });
        }
    }

    /// Rows of the next accounts, and whether they are for those only that the database has in an older form.
    fn next_rows(&mut self) -> Option<(Vec<UserRow>, bool)> {
        let only_newer = self.account_rows.changed.is_empty();
        let set = if only_newer { &mut self.account_rows.stale } else { &mut self.account_rows.changed };
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < ACCOUNTS && bytes < BYTES {
            let Some(id) = set.pop_first() else { break };
            // An account that is gone has no row.
            let Some(account) = self.users.get(id) else { continue };
            let row = UserRow::of(&account.user);
            bytes += row.json.len();
            rows.push(row);
        }
        (!rows.is_empty()).then_some((rows, only_newer))
    }

    /// An account is gone, or has another e-mail from now on.
    pub fn delete_account_row(&mut self, email: &str, app: &str) {
        let app = if app.is_empty() { MAIN_APP } else { app };
        self.tell_database(|| Write::DeleteUser(email.to_owned(), app.to_owned()));
    }

    /// Tells the database about device tokens that came and went.
    pub fn follow_tokens(&mut self) {
        let changes = self.tokens.take_changes();
        if changes.is_empty() {
            return;
        }
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for (token, device) in changes {
            match device.and_then(|device| Some((device, self.users.get(device.user)?))) {
                Some((DeviceRef { dash, device, .. }, account)) => rows.push(ForwardingRow {
                    token: token.into(),
                    host: self.host.to_string(),
                    email: account.user.email.clone(),
                    dash,
                    device,
                }),
                None => gone.push(token.into()),
            }
        }
        if !gone.is_empty() {
            let host = Arc::from(&*self.host);
            self.tell_database(|| Write::Unforward(gone, host));
        }
        if !rows.is_empty() {
            self.tell_database(|| Write::Forward { rows, only_new: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::database::Databases;
    use crate::hub::testing;

    const DASH: &str = r#"{"id":1,"devices":[{"id":0,"token":"t"},{"id":1}]}"#;

    fn with_database() -> Hub {
        let mut hub = testing::hub();
        hub.host = "farm".into();
        hub.databases = Some(Databases::new(1 << 20));
        hub
    }

    fn writes(hub: &Hub) -> Vec<Write> {
        hub.databases.as_ref().unwrap().main.take_all().1
    }

    #[test]
    fn the_database_catches_up_a_few_accounts_at_a_time() {
        let mut hub = with_database();
        for i in 0..=ACCOUNTS {
            testing::user(&mut hub, &format!("u{i}@b.cc"), &DASH.replace("\"t\"", &format!("\"t{i}\"")));
        }
        hub.catch_up_database();
        let sent = writes(&hub);
        let [Write::Users { rows, only_newer: true, .. }, Write::Forward { rows: tokens, only_new: true }] = &sent[..]
        else {
            panic!("{}", sent.len())
        };
        assert_eq!((rows.len(), tokens.len()), (ACCOUNTS, ACCOUNTS + 1));
        assert!(rows[0].json.contains("\"token\":\"t0\"") && rows[0].user.profile.dashboards.is_empty());
        assert_eq!((&*tokens[3].token, &*tokens[3].host, tokens[3].dash), ("t3", "farm", 1));
        // Nothing more until these are stored.
        let first = hub.users.find("u0@b.cc", "Blynk").unwrap();
        hub.user_changed(first);
        hub.save_all();
        assert!(writes(&hub).is_empty());
        for write in sent {
            if let Write::Users { then, .. } = write {
                then(&mut hub, ());
            }
        }
        // What changed goes before what may have changed.
        let sent = writes(&hub);
        let [Write::Users { rows, only_newer: false, .. }] = &sent[..] else { panic!("{}", sent.len()) };
        assert_eq!(rows[0].user.email, "u0@b.cc");
        hub.send_all_accounts();
        let sent = writes(&hub);
        let [Write::Users { rows, only_newer: true, .. }] = &sent[..] else { panic!("{}", sent.len()) };
        assert_eq!(rows.len(), 1);
    }

    #[test]
    fn tokens_that_come_and_go_are_told() {
        let mut hub = with_database();
        let user = testing::user(&mut hub, "a@b.cc", DASH);
        hub.catch_up_database();
        writes(&hub);
        let device = DeviceRef { user, dash: 1, device: 1 };
        hub.tokens.set_device("new", device);
        hub.tokens.set_device("passing", device);
        hub.tokens.remove_device("passing", device);
        hub.save_changes();
        let sent = writes(&hub);
        let [Write::Unforward(gone, host), Write::Forward { rows, only_new: false }] = &sent[..] else { panic!() };
        assert_eq!((gone.as_slice(), &**host), (["passing".to_owned()].as_slice(), "farm"));
        assert_eq!((&*rows[0].token, &*rows[0].email, rows[0].device, rows.len()), ("new", "a@b.cc", 1, 1));
        hub.delete_account(user);
        hub.save_changes();
        let sent = writes(&hub);
        let [Write::DeleteUser(email, app), Write::Unforward(gone, _)] = &sent[..] else { panic!("{}", sent.len()) };
        assert_eq!((email.as_str(), app.as_str(), gone.len()), ("a@b.cc", "Blynk", 2));
    }
}

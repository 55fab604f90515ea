//! What the unit tests of the handlers share. Bodies are written with `|` for NUL.

use super::dispatch;
use crate::hub::testing::{app, hub, sent, user};
use crate::hub::{ConnId, Flow, Hub, Outbox, UserId};
use crate::wire::{Command, Message};
use std::rc::Rc;

/// A hub with one account that has one logged-in app.
pub struct One {
    /// The hub.
    pub hub: Hub,
    /// The account `a@b.cc`.
    pub user: UserId,
    /// Its app.
    pub conn: ConnId,
    /// What the app is sent.
    pub outbox: Rc<Outbox>,
}

/// An account with this project, and an app.
pub fn one(dash: &str) -> One {
    let mut hub = hub();
    let user = user(&mut hub, "a@b.cc", dash);
    let (conn, outbox) = app(&mut hub, user);
    One { hub, user, conn, outbox }
}

impl One {
    /// What answers a request of the app, with id 5: see [`sent`].
    pub fn ask(&mut self, command: Command, body: &str) -> Vec<String> {
        ask(&mut self.hub, self.conn, &self.outbox, command, body)
    }

    /// Sends requests of one command, each with the status that must answer it.
    pub fn statuses(&mut self, command: Command, rows: &[(&str, u16)]) {
        for (body, status) in rows {
            assert_eq!(self.ask(command, body), [format!("= 5 {status}")], "{command} {body}");
        }
    }

    /// The first project as the owner sees it.
    pub fn dash(&self) -> &crate::model::Dashboard {
        &self.hub.users.profile(self.user).unwrap().dashboards[0]
    }

    /// The account's energy.
    pub fn energy(&self) -> i32 {
        self.hub.users.get(self.user).unwrap().user.energy
    }
}

/// Sends a message with id 5.
pub fn send(hub: &mut Hub, conn: ConnId, command: Command, body: &str) -> Flow {
    let body = body.replace('|', "\0");
    dispatch(hub, conn, Message { command, id: 5, body: body.as_bytes() })
}

/// Sends a message with id 5 and returns what the same connection is sent.
pub fn ask(hub: &mut Hub, conn: ConnId, outbox: &Outbox, command: Command, body: &str) -> Vec<String> {
    sent(outbox);
    send(hub, conn, command, body);
    sent(outbox)
}

//! What the tests of the handlers share: a hub with an account, a project with two devices, an app and a device.

use super::dispatch;
use crate::hub::testing::{self, sent};
use crate::hub::{ConnId, Flow, Framing, Hub, Outbox, Unsaved, UserId};
use crate::model::Dashboard;
use crate::wire::{Command, Message};
use std::rc::Rc;

/// Token of device 3.
pub const TOKEN: &str = "token-of-device-3-aaaaaaaaaaaaaa";
/// Token of device 4.
pub const OTHER_TOKEN: &str = "token-of-device-4-aaaaaaaaaaaaaa";

/// Project 17 of `me@example.com` with devices 3 and 4, one app and one connection of device 3.
pub struct World {
    pub hub: Hub,
    pub user: UserId,
    pub app: Rc<Outbox>,
    pub conn: ConnId,
    pub device: Rc<Outbox>,
}

/// A frame; `|` in the body stands for NUL.
pub fn frame(command: Command, id: u16, body: &'static str) -> Message<'static> {
    Message { command, id, body: body.as_bytes() }
}

impl World {
    /// An active project without widgets.
    pub fn new() -> Self {
        Self::with("")
    }

    /// With these widgets, as JSON objects separated by commas.
    pub fn with(widgets: &str) -> Self {
        let mut hub = testing::hub();
        let dash = format!(
            r#"{{"id":17,"isActive":true,"widgets":[{widgets}],"devices":[
            {{"id":3,"name":"Pump","boardType":"ESP8266","token":"{TOKEN}"}},
            {{"id":4,"boardType":"ESP8266","token":"{OTHER_TOKEN}"}}]}}"#
        );
        let user = testing::user(&mut hub, "me@example.com", &dash);
        let (_, app) = testing::app(&mut hub, user);
        let (conn, device) = testing::connect(&mut hub, Framing::Hardware);
        let mut world = World { hub, user, app, conn, device };
        assert_eq!(world.send_on(conn, Command::HARDWARE_LOGIN, 1, TOKEN), Flow::Continue);
        world.quiet();
        world
    }

    /// The project.
    pub fn dash(&mut self) -> &mut Dashboard {
        self.hub.users.dash_mut(self.user, 17).unwrap()
    }

    /// What of the account must be saved.
    pub fn unsaved(&self) -> Unsaved {
        self.hub.users.get(self.user).unwrap().unsaved
    }

    /// Forgets what was sent so far.
    pub fn quiet(&self) {
        sent(&self.app);
        sent(&self.device);
    }

    /// Sends a frame on a connection; `|` in the body stands for NUL.
    pub fn send_on(&mut self, conn: ConnId, command: Command, id: u16, body: &str) -> Flow {
        let body = body.replace('|', "\0");
        dispatch(&mut self.hub, conn, Message { command, id, body: body.as_bytes() })
    }

    /// Sends a frame of device 3; what comes back.
    pub fn send(&mut self, command: Command, id: u16, body: &str) -> Vec<String> {
        let conn = self.conn;
        assert_eq!(self.send_on(conn, command, id, body), Flow::Continue);
        sent(&self.device)
    }

    /// What the app has been told.
    pub fn told(&self) -> Vec<String> {
        sent(&self.app)
    }

    /// One more connection, logged in with this token.
    pub fn login(&mut self, token: &str) -> (ConnId, Rc<Outbox>) {
        let (conn, outbox) = testing::connect(&mut self.hub, Framing::Hardware);
        self.send_on(conn, Command::HARDWARE_LOGIN, 1, token);
        self.quiet();
        sent(&outbox);
        (conn, outbox)
    }
}

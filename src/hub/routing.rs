//! Who gets a message: the devices and apps of one account (spec 01 §7).

use super::connections::{ConnId, Peer};
use super::outbox::Framing;
use super::roster::Member;
use super::users::UserId;
use super::Hub;
use crate::model::dashboard::Place;
use crate::wire::body::{utf16_len, Digits};
use crate::wire::{Command, Status};

impl Hub {
    /// To every connection of these devices of a project (none given: of all its devices) whose receive buffer is
    /// large enough, a body in parts. True if at least one qualified, also when it is too slow to get the message.
    pub fn to_hardware(
        &mut self,
        user: UserId,
        dash: i32,
        devices: &[i32],
        command: Command,
        id: u16,
        body: &[&str],
    ) -> bool {
        let Some(account) = self.users.get(user).filter(|account| !account.hardware.is_empty()) else { return false };
        let Some(project) = account.user.profile.dash(dash) else { return false };
        let characters = body.iter().map(|part| utf16_len(part)).sum();
        let mut reached = false;
        let mut place = Place::default();
        let mut send = |members: &[Member]| {
            let device = members.first().and_then(|member| project.device_from(member.device, &mut place));
            if !device.is_some_and(|d| d.accepts(characters)) {
                return;
            }
            for connection in members.iter().filter_map(|member| self.connections.get(member.conn)) {
                reached = true;
                connection.outbox.push(command, id, body);
                self.stats.count(command);
            }
        };
        let roster = &account.hardware;
        match devices {
            [] => roster.of_dash(dash).chunk_by(|a, b| a.device == b.device).for_each(send),
            [device] => send(roster.of_device(dash, *device)),
            several => {
                let mut several = several.to_vec();
                several.sort_unstable();
                several.dedup();
                several.iter().for_each(|device| send(roster.of_device(dash, *device)));
            }
        }
        reached
    }

    /// To every app of the account that may see the project. With a device, the body gets `<dash>-<device>\0` in front.
    pub fn to_apps(&mut self, user: UserId, dash: i32, device: Option<i32>, command: Command, id: u16, body: &str) {
        if !self.is_app_connected(user) {
            return;
        }
        match device {
            Some(device) => {
                let (project, device) = (Digits::of(dash), Digits::of(device));
                self.fan_out(user, dash, None, command, id, &[project.as_str(), "-", device.as_str(), "\0", body]);
            }
            None => self.fan_out(user, dash, None, command, id, &[body]),
        }
    }

    /// A pin's value to every app of the account that may see the project: `<letters>\0<pin>\0<value>` in parts.
    pub fn pin_to_apps(&mut self, user: UserId, dash: i32, device: i32, id: u16, [letters, pin, value]: [&str; 3]) {
        if !self.is_app_connected(user) {
            return;
        }
        let (project, device) = (Digits::of(dash), Digits::of(device));
        let body = [project.as_str(), "-", device.as_str(), "\0", letters, "\0", pin, "\0", value];
        self.fan_out(user, dash, None, Command::HARDWARE, id, &body);
    }

    /// To every app of the account that may see the project, but one.
    pub fn to_other_apps(&mut self, except: ConnId, user: UserId, dash: i32, command: Command, id: u16, body: &str) {
        self.fan_out(user, dash, Some(except), command, id, &[body]);
    }

    fn fan_out(&mut self, user: UserId, dash: i32, except: Option<ConnId>, command: Command, id: u16, body: &[&str]) {
        let Some(account) = self.users.get(user) else { return };
        for conn in account.apps.iter().filter(|c| Some(**c) != except) {
            let Some(connection) = self.connections.get(*conn) else { continue };
            let Peer::App(app) = connection.peer else { continue };
            if app.guest_of.is_none_or(|seen| seen == dash) {
                connection.outbox.push(command, id, body);
                self.stats.count(command);
            }
        }
    }

    /// One message to one connection that nobody asked for.
    pub fn push(&mut self, conn: ConnId, command: Command, id: u16, body: &str) {
        if let Some(connection) = self.connections.get(conn) {
            connection.outbox.push(command, id, &[body]);
            self.stats.count(command);
        }
    }

    /// A status for one connection, if it is still there.
    pub fn respond(&mut self, conn: ConnId, id: u16, status: Status) {
        if let Some(connection) = self.connections.get(conn) {
            connection.outbox.respond(id, status);
        }
    }

    /// A data answer for one connection, if it is still there.
    pub fn answer(&mut self, conn: ConnId, command: Command, id: u16, body: &[u8]) {
        if let Some(connection) = self.connections.get(conn) {
            connection.outbox.answer(command, id, body);
            self.stats.count(command);
        }
    }

    /// Sends what waits for a connection, then closes it.
    pub fn close(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections.get(conn) {
            connection.outbox.close();
        }
    }

    /// Closes the connections of a project, or of one of its devices.
    pub fn close_hardware(&mut self, user: UserId, dash: i32, device: Option<i32>) {
        for conn in self.hardware_of(user, dash, device).collect::<Vec<_>>() {
            self.close(conn);
        }
    }

    /// Whether the project, or one of its devices, is connected.
    pub fn is_hardware_connected(&self, user: UserId, dash: i32, device: Option<i32>) -> bool {
        self.hardware_of(user, dash, device).next().is_some()
    }

    /// Whether any app of the account is connected, guests included.
    pub fn is_app_connected(&self, user: UserId) -> bool {
        self.users.get(user).is_some_and(|a| !a.apps.is_empty())
    }

    /// The device connections of a project, or of one of its devices.
    pub fn hardware_of(&self, user: UserId, dash: i32, device: Option<i32>) -> impl Iterator<Item = ConnId> + '_ {
        let members = self.users.get(user).map_or(&[][..], |account| match device {
            Some(device) => account.hardware.of_device(dash, device),
            None => account.hardware.of_dash(dash),
        });
        members.iter().map(|member| member.conn)
    }

    /// Whether a connection speaks MQTT.
    pub fn is_mqtt(&self, conn: ConnId) -> bool {
        self.connections.get(conn).is_some_and(|c| c.outbox.framing() == Framing::Mqtt)
    }
}

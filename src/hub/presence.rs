//! Who is there: connections join the session of their account at login and leave it when they are gone; devices and
//! apps are told about each other (spec 01 §8.3, §8.6, spec 02 §2).

use super::connections::{AppLogin, ConnId, DeviceRef, Peer};
use super::outbox::Framing;
use super::roster::Member;
use super::tokens::Provisional;
use super::users::{Unsaved, UserId};
use super::Hub;
use crate::model::enums::DeviceStatus;
use crate::model::weight::weight;
use crate::model::{Dashboard, LoggedAddress};
use crate::wire::{body, Command, Status};
use std::collections::HashSet;

/// Message id of the pin modes.
pub const PIN_MODE_ID: u16 = 1;
/// Message id of DEVICE_OFFLINE.
const OFFLINE_ID: u16 = 0;
/// Message id of `acon`, `adis` and `ota`.
pub const INTERNAL_ID: u16 = 7777;

/// What is remembered about devices that went away.
#[derive(Debug, Default)]
pub struct Presence {
    /// Devices whose offline notice waits for the end of its ignore period. One notice each, so that a device that comes
    /// and goes cannot fill the schedule.
    pending: HashSet<DeviceRef>,
}

impl Hub {
    /// A device has shown its token: it joins the session of its account and is answered (spec 01 §8.3 steps 2-6).
    /// An MQTT device has had its answer already and gets no pin modes.
    pub fn join_hardware(&mut self, conn: ConnId, device: DeviceRef, id: u16) {
        let DeviceRef { user, dash, device: device_id } = device;
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let Some(account) = self.users.get_mut(user) else { return };
        connection.peer = Peer::Hardware(device);
        connection.failures = 0;
        let address = connection.origin.address;
        let mqtt = connection.outbox.framing() == Framing::Mqtt;
        account.hardware.join(Member { dash, device: device_id, conn });
        log::info!("{} hardware joined.", account.user.email);
        self.start_reads(user);
        self.respond(conn, id, Status::Ok);
        if !mqtt {
            let modes = self.users.dash(user, dash).filter(|d| d.is_active).and_then(|d| d.pin_mode_body(device_id));
            if let Some(modes) = modes {
                self.push(conn, Command::HARDWARE, PIN_MODE_ID, &body::ascii(&modes));
            }
        }
        self.to_apps(user, dash, None, Command::HARDWARE_CONNECTED, id, &format!("{dash}-{device_id}"));
        let (now, store_ip) = (self.now(), self.config.server.allow_store_ip);
        let Some(known) = self.users.dash_mut(user, dash).and_then(|d| d.device_mut(device_id)) else { return };
        known.status = DeviceStatus::Online;
        known.connect_time = now;
        if store_ip {
            known.last_logged_ip = LoggedAddress::Ip(address);
        }
        let is_first = known.first_connect_time == 0;
        if is_first {
            known.first_connect_time = now;
        }
        self.users.mark(user, if is_first { Unsaved::Values } else { Unsaved::Presence });
    }

    /// A device shows a promised token for the first time: it joins its project and the token is its own from now on.
    /// A device that got the same id meanwhile takes over the token. `None`: no such promise, its project is gone, or the account
    /// has no room for the device yet.
    pub fn claim_promised(&mut self, token: &str) -> Option<DeviceRef> {
        let Provisional { user, dash, device, .. } = self.tokens.provisional(token)?;
        let (user, is_new) =
            (*user, self.users.dash(*user, *dash).is_some_and(|dash| dash.device(device.id).is_none()));
        let bytes = weight(device);
        if is_new && !self.may_grow(user, bytes) {
            return None;
        }
        let Provisional { user, dash, mut device, .. } = self.tokens.take_provisional(token)?;
        let claimed = DeviceRef { user, dash, device: device.id };
        let project = self.users.dash_mut(user, dash)?;
        device.token = token.to_owned();
        match project.device_mut(device.id) {
            Some(existing) => {
                let old = std::mem::replace(&mut existing.token, device.token);
                self.tokens.remove_device(&old, claimed);
            }
            None => project.devices.push(device),
        }
        self.tokens.set_device(token, claimed);
        self.user_changed(user);
        Some(claimed)
    }

    /// An app has shown its password or share token: it joins the session of the account, is answered 200, and an
    /// owner's app is announced to the devices (spec 02 §4.4 steps 2-4).
    pub fn join_app(&mut self, conn: ConnId, login: AppLogin, id: u16) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let Some(account) = self.users.get_mut(login.user) else { return };
        connection.peer = Peer::App(login);
        connection.failures = 0;
        account.apps.push(conn);
        self.start_reads(login.user);
        self.respond(conn, id, Status::Ok);
        if login.guest_of.is_none() {
            self.tell_devices(login.user, None, "acon");
        }
    }

    /// A connection is gone, whoever it was: it leaves its session, and its account's other peers are told.
    pub fn connection_lost(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.remove(conn) else { return };
        match connection.peer {
            Peer::New { .. } => {}
            Peer::Hardware(device) => {
                let Some(account) = self.users.get_mut(device.user) else { return };
                let was_newest = account.hardware.leave(Member { dash: device.dash, device: device.device, conn });
                self.device_left(device, was_newest);
            }
            Peer::App(login) => {
                let Some(account) = self.users.get_mut(login.user) else { return };
                account.apps.retain(|c| *c != conn);
                if account.apps.is_empty() {
                    account.apps = Vec::new();
                }
                self.tell_devices(login.user, login.guest_of, "adis");
            }
        }
    }

    /// An app came or went: BLYNK_INTERNAL to the devices of all active projects, or of one, that want to know.
    fn tell_devices(&mut self, user: UserId, only: Option<i32>, word: &str) {
        let Some(profile) = self.users.profile(user) else { return };
        let told = |d: &&Dashboard| d.is_app_connected_on && d.is_active && only.is_none_or(|dash| dash == d.id);
        let projects: Vec<i32> = profile.dashboards.iter().filter(told).map(|d| d.id).collect();
        for dash in projects {
            self.to_hardware(user, dash, &[], Command::BLYNK_INTERNAL, INTERNAL_ID, &[word]);
        }
    }

    /// Status and time of a device without connections.
    fn note_offline(&mut self, device: DeviceRef, now: i64) {
        let Some(known) = self.users.dash_mut(device.user, device.dash).and_then(|d| d.device_mut(device.device))
        else {
            return;
        };
        known.status = DeviceStatus::Offline;
        known.disconnect_time = now;
        self.users.mark(device.user, Unsaved::Presence);
    }

    /// A connection of a device has left the session (spec 01 §8.6). While it has others it is not offline: nothing happens
    /// when it has a newer one, and the apps hear of it without a push when only older ones are left, since those may be
    /// dead already.
    fn device_left(&mut self, device: DeviceRef, was_newest: bool) {
        if self.is_hardware_connected(device.user, device.dash, Some(device.device)) {
            let waits = |dash: &Dashboard| {
                dash.notification().is_some_and(|n| n.notify_when_offline && n.notify_when_offline_ignore_period > 0)
            };
            let dash = self.users.dash(device.user, device.dash);
            if was_newest && dash.is_some_and(|dash| dash.is_active && !waits(dash)) {
                self.offline_to_apps(device);
            }
            return;
        }
        let now = self.now();
        self.note_offline(device, now);
        // Who deleted its project has told the apps.
        let Some(dash) = self.users.dash(device.user, device.dash) else { return };
        if !dash.is_active {
            return;
        }
        let notify = dash.notification().filter(|n| n.notify_when_offline);
        match notify.map(|n| u64::try_from(n.notify_when_offline_ignore_period).unwrap_or(0)) {
            None => self.offline_to_apps(device),
            Some(0) => {
                self.offline_to_apps(device);
                self.push_offline(device);
            }
            Some(period) => {
                if self.presence.pending.insert(device) {
                    self.after(period, move |hub| hub.offline_period_over(device, now, period));
                }
            }
        }
    }

    /// The ignore period, in ms, of a device that went away at `since` (ms since 1970) is over.
    fn offline_period_over(&mut self, device: DeviceRef, since: i64, period: u64) {
        self.presence.pending.remove(&device);
        let known = self.users.dash(device.user, device.dash).and_then(|d| d.device(device.device));
        let Some(known) = known.filter(|d| d.status == DeviceStatus::Offline) else { return };
        let last = known.disconnect_time;
        self.offline_to_apps(device);
        // Wall time is compared for being the same only: it may be set while devices are away.
        if last == since {
            self.push_offline(device);
        } else if self.presence.pending.insert(device) {
            // It came back and went away once more.
            let gone_for = u64::try_from(self.now().saturating_sub(last)).unwrap_or(0);
            let rest = period.saturating_sub(gone_for);
            self.after(rest, move |hub| hub.offline_period_over(device, last, period));
        }
    }

    /// The connected devices of a project of which apps hear when it is deleted.
    pub fn heard_devices(&self, user: UserId, dash: i32) -> Vec<i32> {
        let Some(project) = self.users.dash(user, dash).filter(|d| d.is_active && !d.is_notifications_off) else {
            return Vec::new();
        };
        let ids = project.devices.iter().map(|device| device.id);
        ids.filter(|id| self.is_hardware_connected(user, dash, Some(*id))).collect()
    }

    /// DEVICE_OFFLINE to the apps that may see the project, unless it wants silence.
    pub fn offline_to_apps(&mut self, device: DeviceRef) {
        let silent = self.users.dash(device.user, device.dash).is_some_and(|d| d.is_notifications_off);
        if !silent {
            let body = format!("{}-{}", device.dash, device.device);
            self.to_apps(device.user, device.dash, None, Command::DEVICE_OFFLINE, OFFLINE_ID, &body);
        }
    }

    /// The push that a device went offline; none for a device that was deleted.
    fn push_offline(&mut self, device: DeviceRef) {
        let Some(dash) = self.users.dash(device.user, device.dash) else { return };
        let Some(known) = dash.device(device.device) else { return };
        let text = self.config.push.notification_body.replace("{DEVICE_NAME}", known.name_or("device"));
        self.push_to_phones(device.user, device.dash, text);
    }
}

#[cfg(test)]
mod tests;

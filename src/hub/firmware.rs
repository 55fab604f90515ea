//! Firmware updates over the air: which file waits for whom, and how devices are told (spec 05 §7).

use super::connections::{ConnId, DeviceRef};
use super::presence::INTERNAL_ID;
use super::users::UserId;
use super::Hub;
use crate::model::device::DeviceOtaInfo;
use crate::wire::{body, Command};
use std::collections::HashMap;

/// A firmware file that waits for devices with another build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firmware {
    /// Where it is served, from the slash on.
    pub path: String,
    /// The build that the file names.
    pub build: String,
    /// Only for devices of projects with this name, in any letter case.
    pub project: Option<String>,
    /// E-mail of the administrator who gave it out.
    pub by: String,
    /// ms since 1970.
    pub at: i64,
}

/// All files that wait; in memory only.
#[derive(Debug, Default)]
pub struct Firmwares {
    all: Option<Firmware>,
    users: HashMap<UserId, Firmware>,
}

impl Firmwares {
    /// For all devices of the server.
    pub fn for_all(&mut self, firmware: Firmware) {
        self.all = Some(firmware);
    }

    /// For the devices of an account; an older one is replaced.
    pub fn for_user(&mut self, user: UserId, firmware: Firmware) {
        self.users.insert(user, firmware);
    }

    /// What waits for all devices, and what waits for those of single accounts.
    pub fn waiting(&self) -> (Option<&Firmware>, impl Iterator<Item = (UserId, &Firmware)>) {
        (self.all.as_ref(), self.users.iter().map(|(user, firmware)| (*user, firmware)))
    }

    /// Nothing waits any more. Devices that were told are not stopped.
    pub fn clear(&mut self) {
        *self = Firmwares::default();
    }

    /// What a device of this account and project with this build must load.
    fn wanted(&self, user: UserId, project: &str, build: &str) -> Option<&Firmware> {
        let other = |firmware: &&Firmware| firmware.build != build;
        let same_project = |firmware: &&Firmware| {
            firmware.project.as_deref().is_none_or(|name| name.to_lowercase() == project.to_lowercase())
        };
        self.all.as_ref().filter(other).or_else(|| self.users.get(&user).filter(other).filter(same_project))
    }
}

impl Hub {
    /// A device told its build: when another firmware waits for it, this connection is told where.
    pub fn offer_firmware(&mut self, conn: ConnId, device: DeviceRef, build: &str) {
        if build.is_empty() {
            return;
        }
        let Some(dash) = self.users.dash(device.user, device.dash) else { return };
        let Some(firmware) = self.firmwares.wanted(device.user, &dash.name, build) else { return };
        let (text, by, at) = (self.firmware_body(&firmware.path), firmware.by.clone(), firmware.at);
        self.push(conn, Command::BLYNK_INTERNAL, INTERNAL_ID, &text);
        self.note_firmware(device, by, at);
    }

    /// Tells the connections of one device to load a file now. `by`: who ordered it. False: it is not connected, or
    /// its buffer is too small for the message.
    pub fn start_firmware(&mut self, device: DeviceRef, path: &str, by: &str) -> bool {
        let text = self.firmware_body(path);
        let DeviceRef { user, dash, device: id } = device;
        let reached = self.to_hardware(user, dash, &[id], Command::BLYNK_INTERNAL, INTERNAL_ID, &[&text]);
        if reached {
            let now = self.now();
            self.note_firmware(device, by.to_owned(), now);
        }
        reached
    }

    fn firmware_body(&self, path: &str) -> String {
        let port = match self.config.server.http_port {
            80 => String::new(),
            port => format!(":{port}"),
        };
        body::ascii(&format!("ota\0http://{}{port}{path}", self.host)).into_owned()
    }

    fn note_firmware(&mut self, device: DeviceRef, by: String, at: i64) {
        let now = self.now();
        let Some(known) = self.users.dash_mut(device.user, device.dash).and_then(|d| d.device_mut(device.device))
        else {
            return;
        };
        known.ota_info = Some(DeviceOtaInfo { ota_initiated_by: by, ota_initiated_at: at, ota_update_at: now });
        self.users.mark(device.user, super::Unsaved::Values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::testing::World;

    fn firmware(build: &str, project: Option<&str>) -> Firmware {
        let project = project.map(str::to_owned);
        Firmware { path: format!("/static/ota/{build}.bin"), build: build.into(), project, by: "admin".into(), at: 7 }
    }

    fn tell(w: &mut World, build: &str) -> Vec<String> {
        w.send(Command::BLYNK_INTERNAL, 5, &format!("ver|1|build|{build}"))
    }

    fn world() -> World {
        let mut w = World::new();
        let mut config = (*w.hub.config).clone();
        config.server.http_port = 8080;
        w.hub.config = std::rc::Rc::new(config);
        w.hub.host = "10.0.0.7".into();
        w.dash().name = "Garden".into();
        w
    }

    #[test]
    fn waiting_firmware_is_told_before_the_200() {
        let mut w = world();
        w.hub.firmwares.for_all(firmware("B2", None));
        assert_eq!(tell(&mut w, "B1"), ["17 7777 ota|http://10.0.0.7:8080/static/ota/B2.bin", "= 5 200"]);
        let info = w.dash().device(3).unwrap().ota_info.clone().unwrap();
        assert_eq!((info.ota_initiated_by.as_str(), info.ota_initiated_at), ("admin", 7));
        assert_eq!(info.ota_update_at, crate::hub::testing::START);
        assert_eq!(tell(&mut w, "B2"), ["= 5 200"]);
        assert_eq!(w.send(Command::BLYNK_INTERNAL, 5, "ver|1"), ["= 5 200"]);
        w.hub.firmwares.clear();
        assert_eq!(tell(&mut w, "B1"), ["= 5 200"]);
    }

    #[test]
    fn firmware_of_an_account_may_be_for_one_project() {
        let mut w = world();
        w.hub.firmwares.for_user(w.user, firmware("B2", Some("gARDEN")));
        assert_eq!(tell(&mut w, "B1").len(), 2);
        w.hub.firmwares.for_user(w.user, firmware("B2", Some("House")));
        assert_eq!(tell(&mut w, "B1"), ["= 5 200"]);
    }

    #[test]
    fn one_device_is_told_at_once() {
        let mut w = world();
        let device = DeviceRef { user: w.user, dash: 17, device: 3 };
        assert!(w.hub.start_firmware(device, "/static/ota/x.bin", "me"));
        assert_eq!(crate::hub::testing::sent(&w.device), ["17 7777 ota|http://10.0.0.7:8080/static/ota/x.bin"]);
        assert!(!w.hub.start_firmware(DeviceRef { device: 4, ..device }, "/static/ota/x.bin", "me"));
    }
}

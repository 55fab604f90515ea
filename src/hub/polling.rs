//! The reading worker: devices are asked for the values of displays that want them (spec 07 §5). It runs only while some
//! account with such displays has both a device and an app connected.

use super::users::UserId;
use super::Hub;
use crate::model::{Polls, Profile};
use crate::wire::Command;
use std::collections::BTreeSet;

/// Message id of read requests.
const READ_ID: u16 = 7778;
/// ms after the full second at which devices are asked.
const AFTER_SECOND: i64 = 400;

/// Who wants to be asked for values.
#[derive(Debug, Default)]
pub struct Polling {
    /// Accounts with displays that want values.
    readers: BTreeSet<UserId>,
    running: bool,
}

impl Hub {
    /// The displays of an account changed, or it is gone.
    pub(super) fn note_reads(&mut self, user: UserId) {
        if self.users.profile(user).is_some_and(Profile::has_reads) {
            self.polling.readers.insert(user);
        } else {
            self.polling.readers.remove(&user);
        }
        // A changed display begins anew.
        if let Some(account) = self.users.get_mut(user) {
            account.polls = None;
        }
        self.start_reads(user);
    }

    /// A device or app of an account came, or its displays changed: asking begins when it is needed.
    pub(super) fn start_reads(&mut self, user: UserId) {
        if !self.polling.running && self.wants_reads(user) {
            self.polling.running = true;
            self.schedule_reads();
        }
    }

    fn wants_reads(&self, user: UserId) -> bool {
        let without_app = self.config.server.allow_reading_widget_without_active_app;
        let is_there =
            self.users.get(user).is_some_and(|a| !a.hardware.is_empty() && (without_app || !a.apps.is_empty()));
        is_there && self.polling.readers.contains(&user)
    }

    fn schedule_reads(&mut self) {
        let wait = (AFTER_SECOND - 1 - self.now()).rem_euclid(1000) + 1;
        self.after(wait.unsigned_abs(), |hub| {
            let readers: Vec<UserId> = hub.polling.readers.iter().copied().filter(|u| hub.wants_reads(*u)).collect();
            hub.polling.running = !readers.is_empty();
            for user in readers {
                hub.ask_devices(user);
            }
            if hub.polling.running {
                hub.schedule_reads();
            }
        });
    }

    /// Sends the read requests that are due for the connected devices of an account.
    fn ask_devices(&mut self, user: UserId) {
        let now = self.now();
        let Some(account) = self.users.get_mut(user) else { return };
        let mut polls = account.polls.take().unwrap_or_default();
        let mut devices: Vec<(i32, i32)> = account.hardware.iter().map(|member| (member.dash, member.device)).collect();
        devices.dedup();
        for (dash, device) in devices {
            let bodies = match self.users.dash(user, dash) {
                Some(project) if project.is_active => project.due_reads(device, &mut polls, now),
                _ => continue,
            };
            for body in bodies {
                self.to_hardware(user, dash, &[device], Command::HARDWARE, READ_ID, &[&body]);
            }
        }
        let polls: Option<Box<Polls>> = Some(polls);
        if let Some(account) = self.users.get_mut(user) {
            account.polls = polls;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::hub::testing::{advance, app, device, hub, sent, user};

    const DASH: &str = r#"{"id":1,"isActive":true,"devices":[{"id":0}],"widgets":[
        {"type":"GAUGE","id":5,"deviceId":0,"pin":10,"pinType":"VIRTUAL","frequency":3000},
        {"type":"LCD","id":6,"deviceId":0,"frequency":1000,"pins":[{"pin":1,"pinType":"ANALOG"},{"pin":-1}]}]}"#;

    #[test]
    fn devices_are_asked_while_an_app_watches() {
        let mut hub = hub();
        let user = user(&mut hub, "a@b.cc", DASH);
        hub.follow_changes();
        let (_, hardware) = device(&mut hub, user, 1, 0);
        hub.start_reads(user);
        assert!(hub.schedule.is_empty());
        let (conn, _) = app(&mut hub, user);
        hub.start_reads(user);
        advance(&mut hub, 399);
        assert!(sent(&hardware).is_empty());
        advance(&mut hub, 1);
        assert_eq!(sent(&hardware), ["20 7778 vr|10", "20 7778 ar|1"]);
        advance(&mut hub, 1000);
        advance(&mut hub, 1000);
        assert_eq!(sent(&hardware), ["20 7778 ar|1", "20 7778 ar|1"]);
        advance(&mut hub, 1000);
        assert_eq!(sent(&hardware).len(), 2);
        hub.users.dash_mut(user, 1).unwrap().is_active = false;
        advance(&mut hub, 1000);
        assert!(sent(&hardware).is_empty());
        hub.connection_lost(conn);
        advance(&mut hub, 1000);
        assert!(hub.schedule.is_empty() && !hub.polling.running);
    }

    #[test]
    fn accounts_without_such_displays_cost_nothing() {
        let mut hub = hub();
        let user = user(&mut hub, "a@b.cc", &DASH.replace("\"frequency\"", "\"f\""));
        hub.follow_changes();
        device(&mut hub, user, 1, 0);
        app(&mut hub, user);
        hub.start_reads(user);
        assert!(hub.schedule.is_empty());
    }
}

//! Commands that devices send: one file per command, one table that says who handles what.
//!
//! | Command | File |
//! |---|---|
//! | LOGIN 2, HARDWARE_LOGIN 29 | [`login`] |
//! | HARDWARE 20 | [`write`] |
//! | PING 6 | [`ping`] |
//! | HARDWARE_SYNC 16 | [`sync`] |
//! | BLYNK_INTERNAL 17 | [`internal`] |
//! | BRIDGE 15 | [`bridge`] |
//! | SET_WIDGET_PROPERTY 19 | [`property`] |
//! | EMAIL 13 | [`mail`] |
//! | PUSH_NOTIFICATION 14 | [`push`] |
//! | TWEET 12 | [`tweet`] |
//! | SMS 18 | [`sms`] |
//!
//! Before the login only a login is taken, anything else closes the connection without a word. Afterwards commands that
//! are not in the table are ignored without a reply (spec 01 §2.6, §9). The message quota is applied before.

pub mod bridge;
#[doc(hidden)]
pub mod fuzz_targets;
pub mod internal;
pub mod login;
pub mod mail;
pub mod mqtt;
pub mod ping;
pub mod property;
pub mod push;
pub mod sms;
pub mod sync;
pub mod tweet;
pub mod write;

use crate::hub::{ConnId, DeviceRef, Flow, Framing, Handled, Hub, Peer, Reply};
use crate::wire::{body, Command, Message};

/// Who sent a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The connection.
    pub conn: ConnId,
    /// The device that logged in on it.
    pub device: DeviceRef,
}

/// A command of a logged-in device: message id and body come with it.
type Handler = fn(&mut Hub, Caller, u16, &str) -> Handled;

/// What logged-in devices may send, the frequent commands first.
const COMMANDS: &[(Command, Handler)] = &[
    (Command::HARDWARE, write::handle),
    (Command::PING, ping::handle),
    (Command::SET_WIDGET_PROPERTY, property::handle),
    (Command::HARDWARE_SYNC, sync::handle),
    (Command::BRIDGE, bridge::handle),
    (Command::BLYNK_INTERNAL, internal::handle),
    (Command::PUSH_NOTIFICATION, push::handle),
    (Command::EMAIL, mail::handle),
    (Command::TWEET, tweet::handle),
    (Command::SMS, sms::handle),
    (Command::HARDWARE_LOGIN, login::handle_again),
    (Command::LOGIN, login::handle_again),
];

/// Handles one frame of a device connection.
pub fn dispatch(hub: &mut Hub, conn: ConnId, message: Message<'_>) -> Flow {
    hub.stats.count(message.command);
    let Some(connection) = hub.connections.get(conn) else { return Flow::Close };
    match connection.peer {
        Peer::Hardware(device) => {
            let Some((_, handler)) = COMMANDS.iter().find(|(command, _)| *command == message.command) else {
                return Flow::Continue;
            };
            let handled = handler(hub, Caller { conn, device }, message.id, &body::text(message.body));
            finish(hub, conn, &message, handled)
        }
        Peer::New { .. } if matches!(message.command, Command::HARDWARE_LOGIN | Command::LOGIN) => {
            login::handle(hub, conn, message.id, &body::text(message.body))
        }
        _ => Flow::Close,
    }
}

/// Sends what a handler answers.
fn finish(hub: &mut Hub, conn: ConnId, message: &Message<'_>, handled: Handled) -> Flow {
    match handled {
        Ok(Reply::None) => {}
        Ok(Reply::Status(status)) | Err(status) => hub.respond(conn, message.id, status),
        Ok(Reply::Text(text)) => hub.answer(conn, message.command, message.id, text.as_bytes()),
        // No device asks for something that large.
        Ok(Reply::Packed(_)) => {}
        Ok(Reply::Close) => return Flow::Close,
    }
    Flow::Continue
}

/// ms without a byte after which a connection that said nothing else is closed; 0 = never. `seconds`: the configured
/// idle time. Devices have 2.3 times as long, also over secure websockets; an MQTT client has the time once, until its
/// CONNECT names a keep-alive of its own.
pub fn idle_timeout(seconds: u32, framing: Framing) -> u32 {
    match framing {
        Framing::Mqtt => seconds.saturating_mul(1000),
        _ => patience(seconds),
    }
}

/// ms of silence that a device with a heartbeat of this many seconds may keep: 2.3 times as long, in whole seconds.
fn patience(seconds: u32) -> u32 {
    let ms = (u64::from(seconds) * 23).div_ceil(10) * 1000;
    u32::try_from(ms).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::testing::{frame, World};
    use super::*;
    use crate::hub::testing::{connect, fill, held, sent};

    #[test]
    fn only_a_login_is_taken_before_the_login() {
        for command in [Command::PING, Command::HARDWARE, Command::REGISTER, Command::RESPONSE] {
            let mut w = World::new();
            let (conn, outbox) = connect(&mut w.hub, Framing::Hardware);
            assert_eq!(dispatch(&mut w.hub, conn, frame(command, 1, "")), Flow::Close);
            assert!(sent(&outbox).is_empty());
        }
    }

    #[test]
    fn what_is_not_known_is_ignored() {
        let mut w = World::new();
        for command in [Command::HARDWARE_LOG_EVENT, Command::RESPONSE, Command::REGISTER, Command::ADD_ENERGY] {
            assert_eq!(w.send(command, 3, "x"), [""; 0]);
        }
        assert_eq!(w.send(Command::PING, 4, ""), ["= 4 200"]);
        assert_eq!(w.hub.stats.counted(Command::PING), 1);
        assert_eq!(w.hub.stats.counted(Command::HARDWARE_LOG_EVENT), 1);
    }

    #[test]
    fn idle_times() {
        assert_eq!(idle_timeout(10, Framing::Hardware), 23_000);
        assert_eq!(idle_timeout(10, Framing::HardwareWebSocket), 23_000);
        assert_eq!(idle_timeout(1, Framing::Hardware), 3_000);
        assert_eq!(idle_timeout(0, Framing::Hardware), 0);
        assert_eq!(idle_timeout(10, Framing::Mqtt), 10_000);
        assert_eq!(idle_timeout(u32::MAX, Framing::Hardware), u32::MAX);
    }

    #[test]
    fn a_full_account_holds_no_more_whatever_its_devices_send() {
        let long = "long ".repeat(50);
        let growing = [
            (Command::HARDWARE, format!("vw|1|{long}")),
            (Command::HARDWARE, format!("vw|9|{long}")),
            (Command::SET_WIDGET_PROPERTY, format!("1|label|{long}")),
            (Command::SET_WIDGET_PROPERTY, format!("9|label|{long}")),
            (Command::BLYNK_INTERNAL, format!("ver|{long}")),
        ];
        let world = || {
            let mut w = World::with(r#"{"type":"GAUGE","id":1,"deviceId":3,"pinType":"VIRTUAL","pin":1}"#);
            let now = w.hub.now();
            w.dash().updated_at = now;
            w.dash().devices.iter_mut().for_each(|device| device.data_received_at = now);
            w
        };
        for (command, body) in &growing {
            let mut room = world();
            let before = held(&room.hub, room.user);
            room.send(*command, 1, body);
            assert!(held(&room.hub, room.user) > before, "{command}");
            let mut full = world();
            fill(&mut full.hub, full.user);
            full.send(*command, 1, body);
            assert_eq!(held(&full.hub, full.user), before, "{command}");
        }
        // The rest of the table stores nothing. Bridges write what HARDWARE would.
        let others = [
            Command::PING,
            Command::HARDWARE_SYNC,
            Command::BRIDGE,
            Command::PUSH_NOTIFICATION,
            Command::EMAIL,
            Command::TWEET,
            Command::SMS,
            Command::HARDWARE_LOGIN,
            Command::LOGIN,
        ];
        for (command, _) in COMMANDS {
            assert_ne!(growing.iter().any(|(growing, _)| growing == command), others.contains(command), "{command}");
        }
    }
}

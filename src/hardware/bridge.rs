//! BRIDGE (15): a device writes for another device of its account.
//!
//! * `<bridge pin>\0i..\0<token>`: from now on that pin (any text) stands for the device with this token; 200.
//! * `<bridge pin>\0<hardware body>`: the body goes to the target's connections as BRIDGE with the same id, and then counts
//!   as written by the target: stored, shown to the apps, whether it is connected or not. No reply when delivered; 7 when
//!   nobody got it, and 2 after that for a malformed write.
//! * 6: pin without a target, too many targets, bad token or one of another account. 2: fewer than three parts.

use super::Caller;
use crate::hub::outbox::Queued;
use crate::hub::{DeviceRef, Handled, Hub, Reply};
use crate::wire::{body, Command, Status};

/// With more entries than this no further init is taken.
const ENTRIES_MAX: usize = 100;
/// Length of a token, in characters.
const TOKEN_LENGTH: usize = 32;
/// Longest name of a bridge pin, in bytes; libraries use numbers.
const PIN_LENGTH_MAX: usize = 64;

/// Handles BRIDGE.
pub fn handle(hub: &mut Hub, caller: Caller, id: u16, text: &str) -> Handled {
    let (pin, Some(second), Some(third)) = body::split3(text) else { return Err(Status::IllegalCommand) };
    if second.starts_with('i') {
        return init(hub, caller, pin, third);
    }
    let target = target(hub, caller, pin).ok_or(Status::NotAllowed)?;
    let (_, Some(write)) = body::split2(text) else { return Err(Status::IllegalCommand) };
    if !deliver(hub, caller, target, id, write) {
        hub.respond(caller.conn, id, Status::DeviceNotInNetwork);
    }
    hub.hardware_wrote(caller.conn, target, id, write)?;
    Ok(Reply::None)
}

fn init(hub: &mut Hub, caller: Caller, pin: &str, token: &str) -> Handled {
    let target = hub.tokens.device(token);
    let connection = hub.connections.get_mut(caller.conn).ok_or(Status::NotAllowed)?;
    let bridges = connection.bridges.get_or_insert_with(Box::default);
    if bridges.len() > ENTRIES_MAX || body::utf16_len(token) != TOKEN_LENGTH || pin.len() > PIN_LENGTH_MAX {
        return Err(Status::NotAllowed);
    }
    let target = target.filter(|t| t.user == caller.device.user).ok_or(Status::NotAllowed)?;
    match bridges.iter_mut().find(|(known, _)| **known == *pin) {
        Some((_, old)) => *old = target,
        None => bridges.push((pin.into(), target)),
    }
    Ok(Reply::OK)
}

/// The device that a bridge pin stands for, if it still exists.
fn target(hub: &Hub, caller: Caller, pin: &str) -> Option<DeviceRef> {
    let bridges = hub.connections.get(caller.conn)?.bridges.as_ref()?;
    let target = bridges.iter().find(|(known, _)| **known == *pin)?.1;
    hub.users.dash(target.user, target.dash)?.device(target.device)?;
    Some(target)
}

/// Sends the body to all connections of the target but the sender's own; whether any of them took it.
fn deliver(hub: &mut Hub, caller: Caller, target: DeviceRef, id: u16, write: &str) -> bool {
    let mut delivered = false;
    for conn in hub.hardware_of(target.user, target.dash, Some(target.device)) {
        if conn == caller.conn {
            continue;
        }
        if let Some(connection) = hub.connections.get(conn) {
            delivered |= connection.outbox.push(Command::BRIDGE, id, &[write]) == Queued::Yes;
        }
    }
    if delivered {
        hub.stats.count(Command::BRIDGE);
    }
    delivered
}

#[cfg(test)]
mod tests {
    use crate::hardware::testing::{World, OTHER_TOKEN, TOKEN};
    use crate::hub::testing::{sent, user};
    use crate::wire::Command;

    fn bridge(w: &mut World, id: u16, body: &str) -> Vec<String> {
        w.send(Command::BRIDGE, id, body)
    }

    #[test]
    fn only_tokens_of_the_account() {
        let mut w = World::new();
        let foreign = "token-of-a-stranger-aaaaaaaaaaaa";
        let dash = format!(r#"{{"id":1,"devices":[{{"id":0,"boardType":"ESP8266","token":"{foreign}"}}]}}"#);
        user(&mut w.hub, "other@example.com", &dash);
        for token in [TOKEN, OTHER_TOKEN] {
            assert_eq!(bridge(&mut w, 7, &format!("64|i|{token}")), ["= 7 200"]);
        }
        assert_eq!(bridge(&mut w, 7, &format!("any text|init|{TOKEN}")), ["= 7 200"]);
        let long = format!("{OTHER_TOKEN}x");
        for token in [foreign, &OTHER_TOKEN[1..], &long, "token-of-nobody-aaaaaaaaaaaaaaaa"] {
            assert_eq!(bridge(&mut w, 7, &format!("2|i|{token}")), ["= 7 6"]);
        }
        assert_eq!(bridge(&mut w, 7, "2|vw|1|1"), ["= 7 6"]);
        for body in ["", "1", "1|i", "1|vw"] {
            assert_eq!(bridge(&mut w, 7, body), ["= 7 2"]);
        }
    }

    #[test]
    fn a_hundred_and_one_targets() {
        let mut w = World::new();
        for n in 0..101 {
            assert_eq!(bridge(&mut w, 7, &format!("{n}|i|{OTHER_TOKEN}")), ["= 7 200"], "{n}");
        }
        assert_eq!(bridge(&mut w, 7, &format!("101|i|{OTHER_TOKEN}")), ["= 7 6"]);
        assert_eq!(bridge(&mut w, 7, &format!("1|i|{OTHER_TOKEN}")), ["= 7 6"]);
    }

    #[test]
    fn a_connected_target_gets_the_body() {
        let mut w = World::new();
        let (_, target) = w.login(OTHER_TOKEN);
        bridge(&mut w, 7, &format!("64|i|{OTHER_TOKEN}"));
        assert_eq!(bridge(&mut w, 8, "64|vw|1|1|2"), [""; 0]);
        assert_eq!(sent(&target), ["15 8 vw|1|1|2"]);
        assert_eq!(w.told(), ["20 8 17-4|vw|1|1|2"]);
        assert_eq!(bridge(&mut w, 9, "64|vw|999|1"), ["= 9 2"]);
        assert_eq!(sent(&target), ["15 9 vw|999|1"]);
        assert_eq!(bridge(&mut w, 9, "64|ar|1"), [""; 0]);
        assert_eq!(sent(&target), ["15 9 ar|1"]);
        assert_eq!(w.told(), [""; 0]);
    }

    #[test]
    fn an_absent_target_is_written_to_all_the_same() {
        let mut w = World::new();
        bridge(&mut w, 7, &format!("64|i|{OTHER_TOKEN}"));
        assert_eq!(bridge(&mut w, 8, "64|vw|1|1"), ["= 8 7"]);
        assert_eq!(w.told(), ["20 8 17-4|vw|1|1"]);
        assert_eq!(bridge(&mut w, 9, "64|vw|999|1"), ["= 9 7", "= 9 2"]);
        // To itself: nobody else is there.
        bridge(&mut w, 7, &format!("1|i|{TOKEN}"));
        assert_eq!(bridge(&mut w, 10, "1|vw|1|1"), ["= 10 7"]);
    }

    #[test]
    fn a_deleted_target_is_none() {
        let mut w = World::new();
        bridge(&mut w, 7, &format!("64|i|{OTHER_TOKEN}"));
        w.dash().devices.pop();
        assert_eq!(bridge(&mut w, 8, "64|vw|1|1"), ["= 8 6"]);
    }
}

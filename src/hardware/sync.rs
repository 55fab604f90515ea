//! HARDWARE_SYNC (16): a device asks for stored values.
//!
//! Body empty: all values. Body `<t>r\0<pin>[\0<pin>..]`: those of some pins. The answers are HARDWARE messages
//! `<t>w\0<pin>\0<value>` with the request's id, none for a pin without a value, and no closing reply. The project need
//! not be active.
//!
//! * 2: no pin, bad pin type, or a bad pin number (after the answers for the pins before it).
//! * Other bodies whose second character is not `r` are ignored.

use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::model::PinType;
use crate::wire::{body, Command, Status};

/// Handles HARDWARE_SYNC.
pub fn handle(hub: &mut Hub, caller: Caller, id: u16, text: &str) -> Handled {
    if text.is_empty() {
        let device = caller.device;
        let profile = hub.users.profile(device.user);
        let values = profile.map(|p| p.hardware_sync(device.dash, device.device)).unwrap_or_default();
        send(hub, caller, id, &values);
        return Ok(Reply::None);
    }
    let mut parts = body::split_all(text).peekable();
    let kind = parts.next().filter(|first| !first.is_empty()).ok_or(Status::IllegalCommand)?;
    if parts.peek().is_none() {
        return Err(Status::IllegalCommand);
    }
    let mut letters = kind.chars();
    let pin_type = letters.next().and_then(PinType::from_letter).ok_or(Status::IllegalCommand)?;
    if letters.next() != Some('r') {
        return Ok(Reply::None);
    }
    for pin in parts {
        let pin = body::parse_pin(pin)?;
        let device = caller.device;
        let Some(profile) = hub.users.profile(device.user) else { break };
        let values = profile.hardware_sync_pin(device.dash, device.device, pin_type, pin);
        send(hub, caller, id, &values);
    }
    Ok(Reply::None)
}

/// A device that does not read its answers loses some: one small request can ask for megabytes.
fn send(hub: &mut Hub, caller: Caller, id: u16, bodies: &[String]) {
    for body in bodies {
        hub.push(caller.conn, Command::HARDWARE, id, body);
    }
}

#[cfg(test)]
mod tests {
    use crate::hardware::testing::World;
    use crate::wire::Command;

    fn sync(w: &mut World, body: &str) -> Vec<String> {
        w.send(Command::HARDWARE_SYNC, 9, body)
    }

    fn write(w: &mut World, body: &str) {
        assert_eq!(w.send(Command::HARDWARE, 1, body), [""; 0]);
    }

    #[test]
    fn all_values_widgets_first() {
        let mut w = World::with(
            r#"{"type":"SLIDER","id":1,"deviceId":3,"pinType":"VIRTUAL","pin":3},
               {"type":"LCD","id":2,"deviceId":3,"pins":[{"pin":11,"pinType":"VIRTUAL"}]},
               {"type":"TERMINAL","id":3,"deviceId":3,"pinType":"VIRTUAL","pin":10},
               {"type":"SLIDER","id":4,"deviceId":4,"pinType":"VIRTUAL","pin":4}"#,
        );
        assert_eq!(sync(&mut w, ""), [""; 0]);
        for body in ["vw|20|x|y", "vw|10|a", "vw|10|b", "vw|11|z", "vw|3|33"] {
            write(&mut w, body);
        }
        assert_eq!(sync(&mut w, ""), ["20 9 vw|3|33", "20 9 vw|10|b", "20 9 vw|20|x|y"]);
        w.dash().is_active = false;
        assert_eq!(sync(&mut w, "").len(), 3);
    }

    #[test]
    fn some_pins() {
        let mut w = World::new();
        write(&mut w, "vw|4|1");
        write(&mut w, "dw|4|0");
        assert_eq!(sync(&mut w, "vr|4|5"), ["20 9 vw|4|1"]);
        assert_eq!(sync(&mut w, "dr|4"), ["20 9 dw|4|0"]);
        assert_eq!(sync(&mut w, "vr|4|x|4"), ["20 9 vw|4|1", "= 9 2"]);
        assert_eq!(sync(&mut w, "vrx|4"), ["20 9 vw|4|1"]);
        assert_eq!(sync(&mut w, "vr|7"), [""; 0]);
    }

    #[test]
    fn malformed_requests() {
        let mut w = World::new();
        for body in ["vr", "vr|", "|vr|4", "|", "xr|1", "vr|256", "vr||4"] {
            assert_eq!(sync(&mut w, body), ["= 9 2"], "{body}");
        }
        for body in ["vw|4", "v|4", "VR|4"] {
            assert_eq!(sync(&mut w, body), [""; 0], "{body}");
        }
    }

    #[test]
    fn a_merged_colour_answers_for_all_its_pins() {
        let mut w = World::with(
            r#"{"type":"RGB","id":1,"deviceId":3,"splitMode":false,"pins":[{"pin":21,"pinType":"VIRTUAL"},
               {"pin":22,"pinType":"VIRTUAL"},{"pin":23,"pinType":"VIRTUAL"}]}"#,
        );
        write(&mut w, "vw|21|1|2|3");
        assert_eq!(sync(&mut w, "vr|22"), ["20 9 vw|21|1|2|3"]);
    }
}

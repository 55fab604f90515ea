//! HARDWARE (20), `<t>w\0<pin>\0<value>`: a device writes a value.
//!
//! * No reply on success; what is no write (reads, pin modes) is ignored without a reply.
//! * 2: body too short, no pin, no value, bad pin or pin type, or a number that a widget does not take.
//!
//! See [`crate::hub::pins`] for what a write sets off.

use super::Caller;
use crate::hub::{Handled, Hub, Reply};

/// Handles HARDWARE.
pub fn handle(hub: &mut Hub, caller: Caller, id: u16, body: &str) -> Handled {
    hub.hardware_wrote(caller.conn, caller.device, id, body)?;
    Ok(Reply::None)
}

#[cfg(test)]
mod tests {
    use crate::hardware::testing::World;
    use crate::hub::testing::{app, guest, sent, START};
    use crate::hub::Unsaved;
    use crate::model::{Kind, PinType};
    use crate::wire::Command;

    fn stored(w: &World, pin: u8) -> Vec<String> {
        w.hub.users.profile(w.user).unwrap().hardware_sync_pin(17, 3, PinType::Virtual, pin)
    }

    #[test]
    fn a_write_is_stored_and_forwarded_as_it_came() {
        let mut w = World::new();
        assert_eq!(w.send(Command::HARDWARE, 4, "vw|7|21.5"), [""; 0]);
        assert_eq!(w.told(), ["20 4 17-3|vw|7|21.5"]);
        assert_eq!(stored(&w, 7), ["vw\x007\x0021.5"]);
        assert_eq!(w.send(Command::HARDWARE, 5, "vw|7|a|b|"), [""; 0]);
        assert_eq!(w.told(), ["20 5 17-3|vw|7|a|b|"]);
        assert_eq!(w.send(Command::HARDWARE, 6, "vwx|1|5"), [""; 0]);
        assert_eq!(w.told(), ["20 6 17-3|vwx|1|5"]);
        assert_eq!(w.dash().updated_at, START);
        assert_eq!(w.dash().device(3).unwrap().data_received_at, START);
        assert_eq!(w.unsaved(), Unsaved::Values);
    }

    #[test]
    fn malformed_writes() {
        let mut w = World::new();
        for body in ["", "vw", "vw|1", "vw|1|", "xw|1|x", "vw|256|x", "vw|-1|x", "vw|a|x", "|w|1|x"] {
            assert_eq!(w.send(Command::HARDWARE, 9, body), ["= 9 2"], "{body}");
        }
        for body in ["ar|1", "vr|1|", "pm|1|in", "VW|1|x", "a€|1|x"] {
            assert_eq!(w.send(Command::HARDWARE, 9, body), [""; 0], "{body}");
        }
        assert_eq!(w.told(), [""; 0]);
        assert_eq!(w.send(Command::HARDWARE, 9, "Vw|+1|x"), [""; 0]);
        assert_eq!(w.told(), ["20 9 17-3|Vw|+1|x"]);
    }

    #[test]
    fn an_inactive_project_keeps_values_to_itself() {
        let mut w = World::new();
        w.dash().is_active = false;
        assert_eq!(w.send(Command::HARDWARE, 4, "vw|7|1"), [""; 0]);
        assert_eq!(w.told(), [""; 0]);
        assert_eq!(stored(&w, 7), ["vw\x007\x001"]);
    }

    #[test]
    fn a_bad_number_in_a_table_is_told_and_not_forwarded() {
        let mut w = World::with(r#"{"type":"TABLE","id":1,"deviceId":3,"pinType":"VIRTUAL","pin":30}"#);
        assert_eq!(w.send(Command::HARDWARE, 4, "vw|30|add|x|n|v"), ["= 4 2"]);
        assert_eq!(w.told(), [""; 0]);
        assert_eq!(w.dash().device(3).unwrap().data_received_at, 0);
        assert_eq!(w.send(Command::HARDWARE, 4, "vw|30|add|1|n|v"), [""; 0]);
        assert_eq!(w.told().len(), 1);
    }

    #[test]
    fn a_digital_write_reaches_an_analog_widget() {
        let mut w = World::with(r#"{"type":"GAUGE","id":1,"deviceId":3,"pinType":"ANALOG","pin":3}"#);
        w.send(Command::HARDWARE, 4, "dw|3|7");
        let Kind::Gauge(gauge) = &w.dash().widgets[0].kind else { panic!() };
        assert_eq!(gauge.pin.value.as_deref(), Some("7"));
    }

    #[test]
    fn every_app_that_may_see_the_project_is_told() {
        let mut w = World::new();
        let (_, second) = app(&mut w.hub, w.user);
        let (_, seeing) = guest(&mut w.hub, w.user, 17);
        let (_, other) = guest(&mut w.hub, w.user, 18);
        w.send(Command::HARDWARE, 4, "vw|7|1");
        assert_eq!(w.told().len(), 1);
        assert_eq!((sent(&second).len(), sent(&seeing).len(), sent(&other).len()), (1, 1, 0));
    }
}

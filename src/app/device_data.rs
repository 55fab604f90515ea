//! Deletion of history: DELETE_DEVICE_DATA (76). Spec 02 §15.4, 04 §10.

use super::graph::delete;
use super::request::part;
use super::Caller;
use crate::history::names::Pin;
use crate::hub::history::Doomed;
use crate::hub::{Handled, Hub};
use crate::model::PinType;
use crate::wire::body::{dash_device, parse_int32, split2, split_all};
use crate::wire::Status;

/// Instead of a device: all of the project.
const ALL_DEVICES: &str = "*";
/// More pins than this no device has.
const PINS_MAX: usize = 1000;

/// DELETE_DEVICE_DATA. Body `dash-device`, `dash-*` or `dash-device\0pin\0pin...` with pins like `v5`; answer 200 when the
/// files are gone. The device need not exist. Errors: 2; guests without permission 6, without a REPORT widget that could
/// give it 2.
pub fn delete_device_data(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (target, pins) = split2(body);
    let (dash, device) = dash_device(target);
    let (dash, device) = (parse_int32(dash)?, part(device)?);
    let dash = caller.dash(hub, dash)?;
    if caller.login.guest_of.is_some() && !part(dash.report_widget())?.allow_end_user_to_delete_data_on {
        return Err(Status::NotAllowed);
    }
    if device == ALL_DEVICES {
        let all = Doomed::Devices(dash.id, dash.devices.iter().map(|device| device.id).collect());
        return delete(hub, caller, all);
    }
    let device = parse_int32(device)?;
    let doomed = match pins {
        None => Doomed::Devices(dash.id, vec![device]),
        // A text that is no pin stands for nothing, and so does an empty list.
        Some(pins) => {
            Doomed::Pins(split_all(pins).take(PINS_MAX).filter_map(|text| pin(dash.id, device, text)).collect())
        }
    };
    delete(hub, caller, doomed)
}

fn pin(dash: i32, device: i32, text: &str) -> Option<Pin> {
    let mut letters = text.chars();
    let pin_type = PinType::from_letter(letters.next()?)?;
    let number: u8 = letters.as_str().parse().ok()?;
    Some(Pin::new(dash, device, pin_type, number.into()))
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::{guest, run_jobs, sent};
    use crate::wire::Command;
    use std::fs;

    fn dash(report: &str) -> String {
        format!(r#"{{"id":1,"devices":[{{"id":0}},{{"id":2}}],"widgets":[{report}]}}"#)
    }

    /// Files that are left of four after a request.
    fn left(body: &str) -> Vec<String> {
        let (mut one, folder) = (one(&dash("")), tempfile::tempdir().unwrap());
        let files = folder.path().join("a@b.cc");
        fs::create_dir(&files).unwrap();
        for name in ["1-0_v9", "1-0_v90", "1-2_v9", "1-20_v9"] {
            fs::write(files.join(format!("history_{name}_minute.bin")), "").unwrap();
        }
        one.hub.history.open(folder.path().into());
        send(&mut one.hub, one.conn, Command::DELETE_DEVICE_DATA, body);
        run_jobs(&mut one.hub);
        assert_eq!(sent(&one.outbox), ["= 5 200"], "{body}");
        let names = fs::read_dir(&files).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.map(|name| name[8..].replace("_minute.bin", "")).collect();
        names.sort();
        names
    }

    #[test]
    fn devices_and_pins_are_told_apart() {
        assert_eq!(left("1-0|d8|v9"), ["1-0_v90", "1-20_v9", "1-2_v9"]);
        assert_eq!(left("1-2"), ["1-0_v9", "1-0_v90", "1-20_v9"]);
        assert_eq!(left("1-20"), ["1-0_v9", "1-0_v90", "1-2_v9"]);
        assert_eq!(left("1-*|v9"), ["1-20_v9"]);
        for no_pin in ["1-0|x|v", "1-0|", "1-0||"] {
            assert_eq!(left(no_pin), ["1-0_v9", "1-0_v90", "1-20_v9", "1-2_v9"]);
        }
    }

    #[test]
    fn errors_and_guests() {
        let mut owner = one(&dash(""));
        owner.statuses(Command::DELETE_DEVICE_DATA, &[("1", 2), ("", 2), ("2-0", 2), ("1-x", 2), ("x-0", 2)]);
        let allowed = r#"{"type":"REPORT","id":4,"allowEndUserToDeleteDataOn":true}"#;
        for (report, seen, status) in
            [("", 1, 2), (r#"{"type":"REPORT","id":4}"#, 1, 6), (allowed, 2, 6), (allowed, 1, 200)]
        {
            let mut one = one(&dash(report));
            let folder = tempfile::tempdir().unwrap();
            one.hub.history.open(folder.path().into());
            let (conn, outbox) = guest(&mut one.hub, one.user, seen);
            send(&mut one.hub, conn, Command::DELETE_DEVICE_DATA, "1-0");
            run_jobs(&mut one.hub);
            assert_eq!(sent(&outbox), [format!("= 5 {status}")], "{report}");
        }
    }
}

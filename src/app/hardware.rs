//! HARDWARE (20) and HARDWARE_RESEND_FROM_BLUETOOTH (65): pin values. Spec 02 §10.

use super::request::part;
use super::sync::sync_all;
use super::Caller;
use crate::hub::pins::PinWrite;
use crate::hub::{DeviceRef, Handled, Hub, Reply};
use crate::model::{Kind, PinType, Target};
use crate::wire::body::{dash_device, parse_int32, parse_int64, parse_pin, split2, split3, utf16_len};
use crate::wire::frame::MAX_HARDWARE_BODY;
use crate::wire::{Command, Status};

/// Longest value of an app, bytes: no device could receive more.
const VALUE_MAX: usize = MAX_HARDWARE_BODY;
/// Shortest body of HARDWARE_RESEND_FROM_BLUETOOTH, in characters.
const SHORTEST_RESEND: usize = 8;

/// HARDWARE. Body `dash[-target]\0<t>w\0pin\0value` writes to a device, a tag's devices or a selector's device;
/// `dash[-target]\0vu\0selector\0device` selects a device. A write has no answer when a device got it, and none at all
/// when the project is inactive or the target unknown. Errors: 2, no value 11, no device reached 7 (the value is stored
/// and echoed all the same), a guest while sharing is off or of another project 6.
pub fn write(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (head, text) = split2(body);
    let (dash, target) = dash_device(head);
    let dash = caller.dash_of(hub, dash)?;
    if !dash.is_active {
        return Ok(Reply::None);
    }
    let target = target.map_or(Ok(0), parse_int32)?;
    if caller.login.guest_of.is_some() && !dash.is_shared {
        return Err(Status::NotAllowed);
    }
    let (devices, is_tag) = match dash.target(target) {
        Some(found) if !found.write_ids().is_empty() => (found.write_ids().to_vec(), matches!(found, Target::Tag(_))),
        _ => return Ok(Reply::None),
    };
    let to = Destination { dash: dash.id, target, devices, is_tag, silent: dash.is_notifications_off };
    let text = part(text)?;
    match part(text.chars().nth(1))? {
        'w' => write_pin(hub, caller, &to, body, text),
        'u' => select_device(hub, caller, to.dash, body, text),
        // Apps do not read: the server polls devices for them.
        _ => Ok(Reply::None),
    }
}

/// Where a write goes.
struct Destination {
    dash: i32,
    /// What the app named: a device, tag or selector.
    target: i32,
    /// What that means now.
    devices: Vec<i32>,
    is_tag: bool,
    /// The project wants no answer about absent devices.
    silent: bool,
}

fn write_pin(hub: &mut Hub, caller: Caller, to: &Destination, body: &str, text: &str) -> Handled {
    let (pin_type, Some(pin), Some(value)) = split3(text) else { return Err(Status::IllegalCommandBody) };
    let pin_type = pin_type_of(pin_type)?;
    let pin = parse_pin(pin)?;
    if value.len() > VALUE_MAX {
        // Nothing to keep: no frame of a device could hold it, now or in a later sync.
        return if to.silent { Ok(Reply::None) } else { Err(Status::DeviceNotInNetwork) };
    }
    let (user, dash) = (caller.user(), to.dash);
    // A tag's own value is what widgets that are bound to the tag show.
    let tag = to.is_tag.then_some(to.target);
    for id in to.devices.iter().copied().chain(tag) {
        hub.store_value(user, (dash, id), (pin_type, pin), value)?;
    }
    hub.to_other_apps(caller.conn, user, dash, Command::APP_SYNC, caller.id, body);
    let reached = hub.to_hardware(user, dash, &to.devices, Command::HARDWARE, caller.id, &[text]);
    let target = DeviceRef { user, dash, device: to.target };
    hub.run_eventor(target, pin_type, pin, value);
    hub.run_webhooks(Some(caller.conn), target, pin_type, pin, value);
    if reached || to.silent {
        Ok(Reply::None)
    } else {
        Err(Status::DeviceNotInNetwork)
    }
}

fn select_device(hub: &mut Hub, caller: Caller, dash: i32, body: &str, text: &str) -> Handled {
    let (_, widget, device) = split3(text);
    let (widget, device) = (parse_int64(part(widget)?)?, parse_int32(part(device)?)?);
    if !hub.may_work(caller.login, 0, true) {
        return Err(Status::QuotaLimit);
    }
    let widget = part(caller.dash_mut(hub, dash)?.widget_mut(widget))?;
    let Kind::DeviceSelector(selector) = &mut widget.kind else { return Err(Status::IllegalCommand) };
    selector.value = device;
    hub.dash_changed(caller.user(), dash);
    hub.respond(caller.conn, caller.id, Status::Ok);
    hub.to_other_apps(caller.conn, caller.user(), dash, Command::APP_SYNC, caller.id, body);
    sync_all(hub, caller.user(), dash, Some(device));
    Ok(Reply::None)
}

fn pin_type_of(text: &str) -> Result<PinType, Status> {
    part(text.chars().next().and_then(PinType::from_letter))
}

/// HARDWARE_RESEND_FROM_BLUETOOTH. Body `dash-device\0<t>w\0pin\0value`: a phone tells what a device wrote to it. The value
/// is recorded and stored, nobody is told; one of an unknown device is only stored. No answer; errors 2.
pub fn resend_from_bluetooth(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    if utf16_len(body) < SHORTEST_RESEND {
        return Err(Status::IllegalCommand);
    }
    let (head, text) = split2(body);
    let (dash, device) = dash_device(head);
    let device = parse_int32(part(device)?)?;
    let dash = caller.dash_of(hub, dash)?;
    // A stored value's key has no room for a sign.
    part((device >= 0).then_some(()))?;
    let (dash, is_known) = (dash.id, dash.device(device).is_some());
    if text.is_some_and(|text| text.len() > VALUE_MAX) {
        return Err(Status::IllegalCommand);
    }
    if let Some(write) = PinWrite::parse(part(text)?)? {
        let device = DeviceRef { user: caller.user(), dash, device };
        if is_known {
            hub.store_pin(device, write)?;
        } else {
            // No history: files of devices that are not there would never be deleted.
            hub.store_value(device.user, (dash, device.device), (write.pin_type, write.pin), write.value)?;
        }
        hub.run_eventor(device, write.pin_type, write.pin, write.value);
        hub.run_webhooks(Some(caller.conn), device, write.pin_type, write.pin, write.value);
    }
    Ok(Reply::None)
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::{app, device, guest, sent};
    use crate::wire::Command;

    const DASH: &str = r#"{"id":7,"isActive":true,"isShared":true,"devices":[{"id":0},{"id":3}],
        "tags":[{"id":100002,"name":"t","deviceIds":[0,3]},{"id":100003,"name":"e"}],"widgets":[
        {"type":"SLIDER","id":1,"pinType":"VIRTUAL","pin":4},
        {"type":"TABLE","id":2,"pinType":"VIRTUAL","pin":5},
        {"type":"DEVICE_SELECTOR","id":200000,"value":3,"deviceIds":[0,3]}]}"#;

    fn value(one: &One) -> Option<&str> {
        one.dash().widgets[0].kind.one_pin().unwrap().value.as_deref()
    }

    fn stored(one: &One, key: &str) -> bool {
        let key = crate::model::PinKey::parse(key).unwrap();
        one.hub.users.profile(one.user).unwrap().storage.0.contains_key(&key)
    }

    #[test]
    fn a_write_reaches_device_app_and_guest() {
        let mut one = one(DASH);
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        let (_, second) = app(&mut one.hub, one.user);
        let (_, shared) = guest(&mut one.hub, one.user, 7);
        let (_, foreign) = guest(&mut one.hub, one.user, 8);
        assert!(one.ask(Command::HARDWARE, "7|vw|4|1").is_empty());
        assert_eq!(sent(&d0), ["20 5 vw|4|1"]);
        for outbox in [&second, &shared] {
            assert_eq!(sent(outbox), ["25 5 7|vw|4|1"]);
        }
        assert!(sent(&foreign).is_empty());
        assert_eq!(value(&one), Some("1"));
        // Several values, and letters as they came.
        assert!(one.ask(Command::HARDWARE, "7-0|Dw|07|255|0|3|").is_empty());
        assert_eq!(sent(&d0), ["20 5 Dw|07|255|0|3|"]);
    }

    #[test]
    fn absent_devices_unknown_targets_and_nonsense() {
        let mut one = one(DASH);
        let (_, second) = app(&mut one.hub, one.user);
        one.statuses(
            Command::HARDWARE,
            &[
                ("7-3|vw|4|1", 7),
                ("7|vw|4", 11),
                ("7|vw", 11),
                ("7|vw|256|1", 2),
                ("7|xw|4|1", 2),
                ("7-x|vw|4|1", 2),
                ("7-|vw|4|1", 2),
                ("99|vw|4|1", 2),
                ("x|vw|4|1", 2),
                ("7", 2),
                ("7|v", 2),
                ("7|", 2),
                ("7|vw|5|add|x|n|v", 2),
                (&format!("7|vw|4|{}", "x".repeat(65_536)), 7),
            ],
        );
        assert_eq!(sent(&second), ["25 5 7-3|vw|4|1"]);
        assert!(stored(&one, "7-3-v4"));
        for quiet in ["7-9|vw|4|1", "7-100003|vw|4|1", "7-100009|vw|4|1", "7-200001|vw|4|1", "7|vr|4", "7|vW|4|1"] {
            assert!(one.ask(Command::HARDWARE, quiet).is_empty(), "{quiet}");
        }
        let dash = one.hub.users.dash_mut(one.user, 7).unwrap();
        dash.is_notifications_off = true;
        assert!(one.ask(Command::HARDWARE, "7|vw|4|8").is_empty());
        one.hub.users.dash_mut(one.user, 7).unwrap().is_active = false;
        assert!(one.ask(Command::HARDWARE, "7|vw|4|9").is_empty());
        assert_eq!(value(&one), Some("8"));
    }

    #[test]
    fn long_values_do_not_fit() {
        let mut one = one(DASH);
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        one.statuses(Command::HARDWARE, &[(&format!("7|vw|4|{}", "x".repeat(246)), 7)]);
        assert!(one.ask(Command::HARDWARE, &format!("7|vw|4|{}", "x".repeat(245))).is_empty());
        assert_eq!(sent(&d0).len(), 1);
    }

    #[test]
    fn tags_and_selectors() {
        let mut one = one(DASH);
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        let (_, d3) = device(&mut one.hub, one.user, 7, 3);
        let (_, second) = app(&mut one.hub, one.user);
        assert!(one.ask(Command::HARDWARE, "7-100002|vw|20|5").is_empty());
        assert_eq!((sent(&d0), sent(&d3)), (vec!["20 5 vw|20|5".to_owned()], vec!["20 5 vw|20|5".to_owned()]));
        assert!(["7-0-v20", "7-3-v20", "7-100002-v20"].iter().all(|key| stored(&one, key)));
        assert!(one.ask(Command::HARDWARE, "7-200000|vw|21|6").is_empty());
        assert!(sent(&d0).is_empty() && sent(&d3) == ["20 5 vw|21|6"]);
        sent(&second);
        assert_eq!(one.ask(Command::HARDWARE, "7|vu|200000|0"), ["= 5 200", "25 1111 7-0|vw|20|5"]);
        assert_eq!(sent(&second), ["25 5 7|vu|200000|0", "25 1111 7-0|vw|20|5"]);
        one.statuses(Command::HARDWARE, &[("7|vu|1|0", 2), ("7|vu|9|0", 2), ("7|vu|200000", 2), ("7|vu|200000|x", 2)]);
    }

    #[test]
    fn guests_write_while_sharing_is_on() {
        let mut one = one(DASH);
        one.hub.users.profile_mut(one.user).unwrap().dashboards.push(Default::default());
        let (conn, outbox) = guest(&mut one.hub, one.user, 7);
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        let hub = &mut one.hub;
        assert!(ask(hub, conn, &outbox, Command::HARDWARE, "7|vw|4|8").is_empty());
        assert_eq!((sent(&d0), sent(&one.outbox)), (vec!["20 5 vw|4|8".into()], vec!["25 5 7|vw|4|8".into()]));
        assert_eq!(ask(hub, conn, &outbox, Command::HARDWARE, "0|vw|4|8"), ["= 5 6"]);
        hub.users.dash_mut(one.user, 7).unwrap().is_shared = false;
        assert_eq!(ask(hub, conn, &outbox, Command::HARDWARE, "7|vw|4|9"), ["= 5 6"]);
        assert_eq!(value(&one), Some("8"));
    }

    #[test]
    fn bluetooth_writes_are_stored_silently() {
        let mut one = one(DASH);
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        let (_, second) = app(&mut one.hub, one.user);
        one.hub.users.dash_mut(one.user, 7).unwrap().is_active = false;
        assert!(one.ask(Command::HARDWARE_RESEND_FROM_BLUETOOTH, "7-0|vw|4|21").is_empty());
        assert!(one.ask(Command::HARDWARE_RESEND_FROM_BLUETOOTH, "7-0|vr|4|21").is_empty());
        assert_eq!(value(&one), Some("21"));
        one.statuses(
            Command::HARDWARE_RESEND_FROM_BLUETOOTH,
            &[
                ("7-0|vw|", 2),
                ("7|vw|60|21.5", 2),
                ("9-0|vw|4|1", 2),
                ("7-x|vw|4|1", 2),
                ("7--1|vw|4|1", 2),
                ("7-0|vw|4444", 2),
                ("7-0|xw|4|1", 2),
                ("7-0|vw|256|1", 2),
            ],
        );
        assert!(one.ask(Command::HARDWARE_RESEND_FROM_BLUETOOTH, "7-9|vw|4|1").is_empty());
        assert_eq!(one.ask(Command::APP_SYNC, "7-9"), ["= 5 200", "25 1111 7-9|vw|4|1"]);
        assert!(sent(&d0).is_empty() && sent(&second).is_empty());
    }
}

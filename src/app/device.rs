//! Devices and their tokens: CREATE_DEVICE (42), UPDATE_DEVICE (43), DELETE_DEVICE (44), GET_DEVICES (45),
//! MOBILE_GET_DEVICE (50), REFRESH_TOKEN (9), GET_PROVISION_TOKEN (74). Spec 02 §9.1-§9.6, §9.8.

use super::request::{admit, admit_instead, check_size, json_text, object, part, take_in};
use super::Caller;
use crate::hub::history::Doomed;
use crate::hub::tokens::{new_token, Provisional};
use crate::hub::{DeviceRef, Handled, Hub, Reply};
use crate::model::json::{to_string, Audience, Writer};
use crate::model::tag::FIRST_TAG_ID;
use crate::model::weight::weight;
use crate::model::{Dashboard, Device};
use crate::wire::body::{parse_int32, split2};
use crate::wire::Status;

/// A device from JSON that may be stored: with a board, a name that is not too long, and the id of a device.
fn read(json: &str) -> Result<Device, Status> {
    let device: Device = object(json)?;
    if !device.is_valid() || !(0..FIRST_TAG_ID).contains(&device.id) {
        return Err(Status::IllegalCommand);
    }
    Ok(device)
}

/// A device as an app describes it, with a fresh token and nothing else that only the server knows.
fn fresh(dash: &Dashboard, json: &str) -> Result<Device, Status> {
    let mut device = read(json)?;
    if dash.device(device.id).is_some() {
        return Err(Status::NotAllowed);
    }
    device.erase();
    device.token = new_token();
    Ok(device)
}

/// Of a device what apps say about it, and nothing else.
fn described(device: &Device) -> Device {
    let mut copy = Device { id: device.id, ..Device::default() };
    copy.update(device);
    copy
}

/// CREATE_DEVICE. Body `dash\0json`, answer: the device's JSON with its token. Errors, in this order: parts missing, unknown
/// project 2, JSON too long or too many devices 6, unreadable 11, not valid 2, the id in use 6.
pub fn create_device(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, json) = split2(body);
    let json = json_text(json)?;
    let dash = caller.dash_of(hub, dash)?;
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    // One more than the limit is possible.
    if dash.devices.len() > hub.config.server.user_devices_limit as usize {
        return Err(Status::NotAllowed);
    }
    let device = fresh(dash, json)?;
    let dash = dash.id;
    admit(hub, &caller, &device, hub.config.server.user_widget_max_size_limit)?;
    let answer = to_string(&device, Audience::Owner);
    hub.tokens.set_device(&device.token, DeviceRef { user: caller.user(), dash, device: device.id });
    caller.dash_mut(hub, dash)?.devices.push(device);
    hub.user_changed(caller.user());
    Ok(Reply::Text(answer))
}

/// UPDATE_DEVICE. Body `dash\0json`, answer 200; what the JSON lacks becomes empty, token and state stay. Errors: 2,
/// unreadable or an unknown id 11, the account is full 6.
pub fn update_device(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, json) = split2(body);
    let json = json_text(json)?;
    let dash = caller.dash_of(hub, dash)?.id;
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    let new: Device = object(json)?;
    if !new.is_valid() {
        return Err(Status::IllegalCommand);
    }
    let old = described(caller.dash(hub, dash)?.device(new.id).ok_or(Status::IllegalCommandBody)?);
    admit_instead(hub, &caller, &described(&new), weight(&old), hub.config.server.user_widget_max_size_limit)?;
    caller.dash_mut(hub, dash)?.device_mut(new.id).ok_or(Status::IllegalCommandBody)?.update(&new);
    hub.dash_changed(caller.user(), dash);
    Ok(Reply::OK)
}

/// DELETE_DEVICE. Body `dash\0device`, answer 200. Errors: 2.
pub fn delete_device(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, device) = split2(body);
    let (dash, device) = (parse_int32(dash)?, parse_int32(part(device)?)?);
    let user = caller.user();
    let gone = part(caller.profile(hub)?.delete_device(dash, device))?;
    hub.tokens.remove_device(&gone.token, DeviceRef { user, dash, device });
    hub.close_hardware(user, dash, Some(device));
    hub.drop_history(user, Doomed::Devices(dash, vec![device]));
    hub.user_changed(user);
    Ok(Reply::OK)
}

/// GET_DEVICES. Body `dash`, answer: a JSON array; guests get no tokens. Errors: 2, a guest of another project 6.
pub fn get_devices(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let dash = caller.dash_of(hub, body)?;
    let mut w = Writer::new(Audience::Owner);
    w.braces('[', ']', |w| {
        dash.devices.iter().for_each(|device| device.write_list_element(w, caller.login.guest_of.is_some()));
    });
    Ok(Reply::Text(w.finish()))
}

/// MOBILE_GET_DEVICE. Body `dash\0device`, answer: the device's JSON. Errors: 2, an unknown device 11.
pub fn get_device(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, device) = split2(body);
    let device = parse_int32(part(device)?)?;
    let device = caller.dash_of(hub, dash)?.device(device).ok_or(Status::IllegalCommandBody)?;
    Ok(Reply::Text(to_string(device, Audience::Owner)))
}

/// REFRESH_TOKEN. Body `dash[\0device]`, device 0 by default; answer: the new token. The old one is worth nothing at once,
/// and its connection is closed. Errors: 2, an unknown device 11, the account is full 6.
pub fn refresh_token(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, device) = split2(body);
    let (dash, device) = (parse_int32(dash)?, device.map_or(Ok(0), parse_int32)?);
    let (user, token) = (caller.user(), new_token());
    if caller.dash(hub, dash)?.device(device).ok_or(Status::IllegalCommandBody)?.token.is_empty() {
        take_in(hub, &caller, token.len())?;
    }
    let known = caller.dash_mut(hub, dash)?.device_mut(device).ok_or(Status::IllegalCommandBody)?;
    let old = std::mem::replace(&mut known.token, token.clone());
    let named = DeviceRef { user, dash, device };
    hub.tokens.remove_device(&old, named);
    hub.tokens.set_device(&token, named);
    hub.close_hardware(user, dash, Some(device));
    hub.user_changed(user);
    Ok(Reply::Text(token))
}

/// GET_PROVISION_TOKEN. Body `dash\0json`, answer: the device's JSON with a token. The device joins the project when it logs
/// in with it, within 7 days. Errors as CREATE_DEVICE, without a limit.
pub fn get_provision_token(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, json) = split2(body);
    let json = part(json)?;
    let dash = caller.dash_of(hub, dash)?;
    let json = json_text(Some(json))?;
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    let device = fresh(dash, json)?;
    let (user, dash, made_at) = (caller.user(), dash.id, hub.ticks());
    admit(hub, &caller, &device, hub.config.server.user_widget_max_size_limit)?;
    let answer = to_string(&device, Audience::Owner);
    let token = device.token.clone();
    hub.tokens.promise(&token, Provisional { user, dash, device, made_at });
    Ok(Reply::Text(answer))
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::{device, guest, hub, user};
    use crate::wire::Command;

    const DASH: &str = r#"{"id":7,"devices":[{"id":0,"name":"Pump","boardType":"NodeMCU","token":"old"}],
        "tags":[{"id":100000,"name":"t","deviceIds":[0]}]}"#;

    fn token(answer: &str) -> String {
        answer.split(r#""token":""#).nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    #[test]
    fn devices_get_a_token_of_their_own() {
        let mut one = one(DASH);
        let sent = r#"7|{"id":3,"name":"Lamp","boardType":"Toaster","connectionType":"WI_FI","token":"old","status":"ONLINE","connectTime":5,"x":1}"#;
        let answer = one.ask(Command::CREATE_DEVICE, sent).remove(0);
        let new = token(&answer);
        assert_eq!(
            answer,
            format!(
                r#"42 5 {{"id":3,"name":"Lamp","boardType":"Generic Board","token":"{new}","connectionType":"WI_FI","status":"OFFLINE","disconnectTime":0,"connectTime":0,"firstConnectTime":0,"dataReceivedAt":0,"isUserIcon":false}}"#
            )
        );
        assert_eq!(one.hub.tokens.device(&new).unwrap().device, 3);
        assert_eq!(one.hub.tokens.device("old").unwrap().device, 0);
        let long = format!(r#"7|{{"id":5,"boardType":"x","name":"{}"}}"#, "n".repeat(51));
        one.statuses(
            Command::CREATE_DEVICE,
            &[
                (r#"7|{"id":5}"#, 2),
                (&long, 2),
                (r#"7|{"id":0,"boardType":"x"}"#, 6),
                (r#"7|{"id":-1,"boardType":"x"}"#, 2),
                (r#"7|{"id":100000,"boardType":"x"}"#, 2),
                (r#"7|{"id":5,"boardType":"x","connectionType":"?"}"#, 11),
                ("7|{", 11),
                ("7|null", 2),
                ("7|", 2),
                ("7", 2),
                (r#"8|{"id":5,"boardType":"x"}"#, 2),
            ],
        );
        for id in 10..59 {
            assert!(
                one.ask(Command::CREATE_DEVICE, &format!(r#"7|{{"id":{id},"boardType":"x"}}"#))[0].starts_with("42")
            );
        }
        one.statuses(Command::CREATE_DEVICE, &[(r#"7|{"id":60,"boardType":"x"}"#, 6)]);
    }

    #[test]
    fn devices_are_changed_and_listed() {
        let mut one = one(DASH);
        assert_eq!(
            one.ask(Command::GET_DEVICES, "7"),
            [
                r#"45 5 [{"id":0,"name":"Pump","boardType":"NodeMCU","token":"old","status":"OFFLINE","disconnectTime":0,"connectTime":0,"dataReceivedAt":0,"isUserIcon":false}]"#
            ]
        );
        one.statuses(
            Command::UPDATE_DEVICE,
            &[
                (r#"7|{"id":0,"boardType":"ESP8266","token":"x"}"#, 200),
                (r#"7|{"id":9,"boardType":"x"}"#, 11),
                (r#"7|{"id":0}"#, 2),
                ("7|{", 11),
                ("7", 2),
                (r#"8|{"id":0,"boardType":"x"}"#, 2),
            ],
        );
        let device = one.ask(Command::MOBILE_GET_DEVICE, "7|0").remove(0);
        assert!(device.starts_with(r#"50 5 {"id":0,"boardType":"ESP8266","token":"old""#), "{device}");
        one.statuses(Command::MOBILE_GET_DEVICE, &[("7|9", 11), ("7", 2), ("8|0", 2), ("7|x", 2)]);
        one.statuses(Command::GET_DEVICES, &[("8", 2), ("", 2)]);
        let (conn, outbox) = guest(&mut one.hub, one.user, 7);
        assert!(!ask(&mut one.hub, conn, &outbox, Command::GET_DEVICES, "7")[0].contains("token"));
    }

    #[test]
    fn a_deleted_device_is_forgotten() {
        let mut one = one(DASH);
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        one.statuses(Command::DELETE_DEVICE, &[("7|9", 2), ("7", 2), ("8|0", 2), ("7|0", 200), ("7|0", 2)]);
        assert!(d0.is_closing() && one.hub.tokens.device("old").is_none());
        assert!(one.dash().devices.is_empty() && one.dash().tags[0].device_ids.is_empty());
    }

    #[test]
    fn a_refreshed_token_replaces_the_old_one() {
        let mut one = one(DASH);
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        let answer = one.ask(Command::REFRESH_TOKEN, "7").remove(0);
        let new = answer.strip_prefix("9 5 ").unwrap();
        assert_eq!(one.dash().devices[0].token, new);
        assert!(one.hub.tokens.device("old").is_none() && one.hub.tokens.device(new).is_some() && d0.is_closing());
        one.statuses(Command::REFRESH_TOKEN, &[("7|5", 11), ("8", 2), ("x", 2), ("7|", 2)]);
    }

    #[test]
    fn a_provisional_device_waits_for_its_login() {
        let mut one = one(DASH);
        let answer =
            one.ask(Command::GET_PROVISION_TOKEN, r#"7|{"id":9,"name":"é","boardType":"ESP8266","token":"old"}"#);
        let promised = one.hub.tokens.provisional(&token(&answer[0])).unwrap();
        assert_eq!((promised.user, promised.dash, promised.device.id), (one.user, 7, 9));
        assert!(answer[0].contains(r#""name":"é""#) && one.dash().devices.len() == 1);
        one.statuses(
            Command::GET_PROVISION_TOKEN,
            &[
                (r#"7|{"id":0,"boardType":"x"}"#, 6),
                (r#"7|{"id":8}"#, 2),
                ("7|{", 11),
                ("7|", 2),
                ("7", 2),
                (r#"8|{"id":8,"boardType":"x"}"#, 2),
            ],
        );
    }

    #[test]
    fn the_device_of_somebody_else_is_unknown() {
        let mut hub = hub();
        user(&mut hub, "b@b.cc", DASH);
        let mut one = one(r#"{"id":1}"#);
        one.statuses(Command::DELETE_DEVICE, &[("7|0", 2)]);
    }
}

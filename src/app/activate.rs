//! ACTIVATE_DASHBOARD (7) and DEACTIVATE_DASHBOARD (8): a project runs or rests. Spec 02 §11.1, §11.2.

use super::sync::sync_all;
use super::Caller;
use crate::hub::presence::PIN_MODE_ID;
use crate::hub::{Handled, Hub, Peer, Reply};
use crate::wire::body::{self, parse_int32};
use crate::wire::{Command, Status};

/// ACTIVATE_DASHBOARD. Body `dash`. Pin modes go to its devices, status 7 with id 1 for each absent one, and 7 for each for
/// which they are too long; answer 200, or 7 when no device is there and the project wants to know; then an echo and all values to the apps. Errors: 2.
pub fn activate(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let dash = parse_int32(body)?;
    caller.dash_mut(hub, dash)?.is_active = true;
    hub.dash_changed(caller.user(), dash);
    let status = tell_pin_modes(hub, caller, dash)?;
    hub.respond(caller.conn, caller.id, status);
    hub.to_other_apps(caller.conn, caller.user(), dash, Command::ACTIVATE_DASHBOARD, caller.id, body);
    sync_all(hub, caller.user(), dash, None);
    Ok(Reply::None)
}

/// Sends the pin modes and the notices about absent devices; the result is the answer.
fn tell_pin_modes(hub: &mut Hub, caller: Caller, dash_id: i32) -> Result<Status, Status> {
    let user = caller.user();
    let dash = caller.dash(hub, dash_id)?;
    let silent = dash.is_notifications_off;
    if !hub.is_hardware_connected(user, dash_id, None) {
        return Ok(if silent { Status::Ok } else { Status::DeviceNotInNetwork });
    }
    let devices: Vec<(i32, Option<String>, bool)> = dash
        .devices
        .iter()
        .map(|device| {
            let modes = dash.pin_mode_body(device.id).map(|modes| body::ascii(&modes).into_owned());
            let fits = modes.as_ref().is_none_or(|modes| device.accepts(modes.len()));
            (device.id, modes, fits)
        })
        .collect();
    for (device, modes, fits) in devices {
        if !fits {
            // Whether or not it is there, and whatever the project wants to know.
            hub.respond(caller.conn, caller.id, Status::DeviceNotInNetwork);
            continue;
        }
        if let Some(modes) = modes {
            hub.to_hardware(user, dash_id, &[device], Command::HARDWARE, PIN_MODE_ID, &[&modes]);
        }
        if !silent && !hub.is_hardware_connected(user, dash_id, Some(device)) {
            hub.respond(caller.conn, PIN_MODE_ID, Status::DeviceNotInNetwork);
        }
    }
    Ok(Status::Ok)
}

/// DEACTIVATE_DASHBOARD. Body `dash`, or empty for all projects. Answer 200; other apps get the same message. Errors: 2.
pub fn deactivate(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let user = caller.user();
    if !body.is_empty() {
        let dash = parse_int32(body)?;
        caller.dash_mut(hub, dash)?.is_active = false;
        hub.dash_changed(user, dash);
        hub.to_other_apps(caller.conn, user, dash, Command::DEACTIVATE_DASHBOARD, caller.id, body);
        return Ok(Reply::OK);
    }
    let now = hub.now();
    let Some(profile) = hub.users.profile_mut(user) else { return Err(Status::IllegalCommand) };
    for dash in &mut profile.dashboards {
        dash.is_active = false;
        dash.updated_at = now;
    }
    hub.user_changed(user);
    for conn in hub.users.get(user).map(|account| account.apps.clone()).unwrap_or_default() {
        let is_app = hub.connections.get(conn).is_some_and(|c| matches!(c.peer, Peer::App(_)));
        if conn != caller.conn && is_app {
            hub.push(conn, Command::DEACTIVATE_DASHBOARD, caller.id, body);
        }
    }
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::{app, device, guest, sent};
    use crate::wire::Command;

    const DASH: &str = r#"{"id":7,"devices":[{"id":0},{"id":3}],"widgets":[
        {"type":"BUTTON","id":1,"pinType":"DIGITAL","pin":5,"value":"1"},
        {"type":"LED","id":2,"pinType":"DIGITAL","pin":6}]}"#;

    #[test]
    fn activation_tells_pin_modes_then_values() {
        let mut one = one(DASH);
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        let (_, second) = app(&mut one.hub, one.user);
        let (_, foreign) = guest(&mut one.hub, one.user, 8);
        assert_eq!(one.ask(Command::ACTIVATE_DASHBOARD, "7"), ["= 1 7", "= 5 200", "25 1111 7-0|dw|5|1"]);
        assert_eq!(sent(&d0), ["20 1 pm|5|out|6|in"]);
        assert_eq!(sent(&second), ["7 5 7", "25 1111 7-0|dw|5|1"]);
        assert!(sent(&foreign).is_empty());
        assert!(one.dash().is_active);
    }

    #[test]
    fn pin_modes_that_are_too_long_are_told_also_of_absent_devices() {
        let leds: Vec<_> = (0..40)
            .map(|id| format!(r#"{{"type":"LED","id":{id},"deviceId":{},"pinType":"DIGITAL","pin":200}}"#, id % 2))
            .collect();
        let info = r#""hardwareInfo":{"buffIn":30}"#;
        let mut one = one(&format!(
            r#"{{"id":7,"isNotificationsOff":true,"devices":[{{"id":0,{info}}},{{"id":1,{info}}}],"widgets":[{}]}}"#,
            leds.join(",")
        ));
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        assert_eq!(one.ask(Command::ACTIVATE_DASHBOARD, "7"), ["= 5 7", "= 5 7", "= 5 200"]);
        assert!(sent(&d0).is_empty());
    }

    #[test]
    fn activation_without_devices() {
        let mut one = one(DASH);
        assert_eq!(one.ask(Command::ACTIVATE_DASHBOARD, "7"), ["= 5 7", "25 1111 7-0|dw|5|1"]);
        one.hub.users.dash_mut(one.user, 7).unwrap().is_notifications_off = true;
        assert_eq!(one.ask(Command::ACTIVATE_DASHBOARD, "7")[0], "= 5 200");
        device(&mut one.hub, one.user, 7, 0);
        assert_eq!(one.ask(Command::ACTIVATE_DASHBOARD, "7")[0], "= 5 200");
        one.statuses(Command::ACTIVATE_DASHBOARD, &[("9", 2), ("x", 2), ("", 2)]);
    }

    #[test]
    fn deactivation_of_one_or_all() {
        let mut one = one(r#"{"id":7,"isActive":true}"#);
        one.hub.users.profile_mut(one.user).unwrap().dashboards.push(crate::model::Dashboard {
            id: 8,
            is_active: true,
            ..Default::default()
        });
        let (_, second) = app(&mut one.hub, one.user);
        let (_, shared) = guest(&mut one.hub, one.user, 8);
        one.statuses(Command::DEACTIVATE_DASHBOARD, &[("7", 200), ("9", 2), ("x", 2)]);
        assert!(!one.dash().is_active && one.hub.users.dash(one.user, 8).unwrap().is_active);
        assert_eq!((sent(&second), sent(&shared).len()), (vec!["8 5 7".to_owned()], 0));
        one.statuses(Command::DEACTIVATE_DASHBOARD, &[("", 200)]);
        assert!(!one.hub.users.dash(one.user, 8).unwrap().is_active);
        assert_eq!((sent(&second), sent(&shared)), (vec!["8 5 ".to_owned()], vec!["8 5 ".to_owned()]));
    }
}

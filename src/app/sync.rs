//! APP_SYNC (25): an app asks for all stored values, and the sending of them. Spec 02 §11.3.

use super::Caller;
use crate::hub::{ConnId, Handled, Hub, Peer, Reply, UserId};
use crate::model::sync::{SyncKind, SyncMessage};
use crate::wire::body::{dash_device, parse_int32};
use crate::wire::{Command, Status};

/// Message id of everything that a sync sends.
pub const SYNC_ID: u16 = 1111;

/// Body `dash[-target]`. Answer 200, then the stored values of the project or of one device or tag, id 1111. Errors: 2, a
/// guest of another project 6.
pub fn app_sync(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, target) = dash_device(body);
    let dash = caller.dash_of(hub, dash)?.id;
    let target = target.map(parse_int32).transpose()?;
    hub.respond(caller.conn, caller.id, Status::Ok);
    let messages = collect(hub, caller.user(), dash, target);
    send(hub, caller.conn, &messages);
    Ok(Reply::None)
}

/// Sends the stored values of a project, or of one device, to all apps that may see it.
pub fn sync_all(hub: &mut Hub, user: UserId, dash: i32, target: Option<i32>) {
    let messages = collect(hub, user, dash, target);
    let Some(account) = hub.users.get(user) else { return };
    for conn in account.apps.clone() {
        let Some(connection) = hub.connections.get(conn) else { continue };
        let sees = matches!(connection.peer, Peer::App(app) if app.guest_of.is_none_or(|own| own == dash));
        // All values or none: half of them would look like all.
        if sees && !connection.outbox.is_congested() {
            send(hub, conn, &messages);
        }
    }
}

fn collect(hub: &Hub, user: UserId, dash: i32, target: Option<i32>) -> Vec<SyncMessage> {
    hub.users.profile(user).map(|profile| profile.app_sync(dash, target)).unwrap_or_default()
}

fn send(hub: &mut Hub, conn: ConnId, messages: &[SyncMessage]) {
    for (kind, body) in messages {
        let command = match kind {
            SyncKind::Value => Command::APP_SYNC,
            SyncKind::Property => Command::SET_WIDGET_PROPERTY,
        };
        hub.answer(conn, command, SYNC_ID, body.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::guest;
    use crate::model::{Dashboard, PinKey, PinValue};
    use crate::wire::Command;

    #[test]
    fn values_follow_the_answer() {
        let mut one = one(r#"{"id":7,"devices":[{"id":0},{"id":3}],"widgets":[
            {"type":"SLIDER","id":1,"deviceId":3,"pinType":"VIRTUAL","pin":4,"value":"1"}]}"#);
        let profile = one.hub.users.profile_mut(one.user).unwrap();
        profile.dashboards.push(Dashboard { id: 8, ..Dashboard::default() });
        for (key, value) in [("7-0-v33-label", "Temp"), ("7-3-v20", "5"), ("8-0-v1", "no")] {
            profile.storage.0.insert(PinKey::parse(key).unwrap(), PinValue::Single(value.into()));
        }
        assert_eq!(
            one.ask(Command::APP_SYNC, "7"),
            ["= 5 200", "19 1111 7-0|33|label|Temp", "25 1111 7-3|vw|20|5", "25 1111 7-3|vw|4|1"]
        );
        assert_eq!(one.ask(Command::APP_SYNC, "7-3"), ["= 5 200", "25 1111 7-3|vw|20|5", "25 1111 7-3|vw|4|1"]);
        one.statuses(Command::APP_SYNC, &[("7-99", 200), ("7-", 2), ("", 2), ("9", 2), ("7-x", 2)]);
        let (conn, outbox) = guest(&mut one.hub, one.user, 8);
        assert_eq!(ask(&mut one.hub, conn, &outbox, Command::APP_SYNC, "7"), ["= 5 6"]);
        assert_eq!(ask(&mut one.hub, conn, &outbox, Command::APP_SYNC, "8"), ["= 5 200", "25 1111 8-0|vw|1|no"]);
    }

    #[test]
    fn a_large_sync_is_complete() {
        let mut one = one(r#"{"id":7}"#);
        let profile = one.hub.users.profile_mut(one.user).unwrap();
        for pin in 0..=255 {
            let key = PinKey::value(7, 0, crate::model::PinType::Virtual, pin);
            profile.storage.0.insert(key, PinValue::Single("x".repeat(1000)));
        }
        assert_eq!(one.ask(Command::APP_SYNC, "7").len(), 257);
    }
}

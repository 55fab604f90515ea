//! CREATE_DASH (21), UPDATE_DASH (22), DELETE_DASH (23), UPDATE_PROJECT_SETTINGS (38). Spec 02 §7.

use super::request::{admit, admit_instead, check_size, json_text, object, part, refused};
use super::Caller;
use crate::hub::history::Doomed;
use crate::hub::tokens::new_token;
use crate::hub::{DeviceRef, Handled, Hub, Reply};
use crate::model::storage::ObsoleteStorage;
use crate::model::tag::FIRST_TAG_ID;
use crate::model::weight::weight;
use crate::model::{Dashboard, DashboardSettings, Device};
use crate::wire::body::{parse_int32, split2};
use crate::wire::Status;
use serde::de::IgnoredAny;
use serde::Deserialize;

/// In front of the JSON: devices get no tokens and values are erased.
const NO_TOKEN: &str = "no_token";

/// CREATE_DASH. Body `[no_token\0]json`, answer 200. Errors, in this order: no JSON 2, too long 6, unreadable 11, too many
/// widgets 6, a widget or device id twice or out of range 2, too many devices 6, too many projects 1, the id in use 6, too
/// little energy 21, the account is full 6.
pub fn create_dash(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (with_tokens, json) = match body.starts_with(NO_TOKEN) {
        true => (false, part(split2(body).1)?),
        false => (true, body),
    };
    let mut dash: Dashboard = read(hub, json)?;
    // Negative ids cannot be told apart from others in the keys of stored values.
    let is_bad_device = |device: &Device| !(0..FIRST_TAG_ID).contains(&device.id);
    if dash.id < 0 || dash.devices.iter().any(is_bad_device) || dash.has_duplicate_ids() {
        return Err(Status::IllegalCommand);
    }
    // One more than the limit is possible, as for CREATE_DEVICE.
    if dash.devices.len() > hub.config.server.user_devices_limit as usize + 1 {
        return Err(Status::NotAllowed);
    }
    let (now, limit) = (hub.now(), hub.config.server.user_dashboard_max_limit as usize);
    let account = caller.account(hub)?;
    if account.profile.dashboards.len() >= limit {
        return Err(Status::QuotaLimit);
    }
    if account.profile.dash(dash.id).is_some() {
        return Err(Status::NotAllowed);
    }
    let price = dash.price();
    if !account.can_pay(price) {
        return Err(Status::EnergyLimit);
    }
    admit(hub, &caller, &dash, hub.config.server.user_profile_max_size)?;
    caller.account(hub)?.charge(price);
    // What only the server gives out.
    dash.shared_token.clear();
    dash.obsolete_storage = ObsoleteStorage::default();
    if dash.created_at == 0 {
        dash.created_at = now;
    }
    dash.devices.iter_mut().for_each(|device| device.erase());
    if !with_tokens {
        dash.erase_widgets();
    }
    add(hub, &caller, dash, with_tokens)?;
    Ok(Reply::OK)
}

/// Adds a project that was checked and paid for; its devices get tokens if asked to.
pub fn add(hub: &mut Hub, caller: &Caller, mut dash: Dashboard, with_tokens: bool) -> Result<(), Status> {
    if with_tokens {
        for device in &mut dash.devices {
            device.token = new_token();
            let named = DeviceRef { user: caller.user(), dash: dash.id, device: device.id };
            hub.tokens.set_device(&device.token, named);
        }
    }
    let id = dash.id;
    caller.profile(hub)?.dashboards.push(dash);
    hub.plan_reports_of(caller.user(), id);
    hub.user_changed(caller.user());
    Ok(())
}

/// UPDATE_DASH. Body: JSON, answer 200. Settings and widgets are replaced. Errors: no JSON 2, too long 6, unreadable 11,
/// no widgets (`null`) or an unknown project 2, the account is full 6.
pub fn update_dash(hub: &mut Hub, caller: Caller, json: &str) -> Handled {
    let dash: Dashboard = read(hub, json)?;
    if has_null_widgets(json) {
        return Err(Status::IllegalCommand);
    }
    let (now, id) = (hub.now(), dash.id);
    caller.dash(hub, id)?;
    admit(hub, &caller, &dash, hub.config.server.user_profile_max_size)?;
    caller.profile(hub)?.update_dash(dash, now).map_err(refused)?;
    hub.plan_reports_of(caller.user(), id);
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

fn read(hub: &Hub, json: &str) -> Result<Dashboard, Status> {
    let json = json_text(Some(json))?;
    check_size(json, hub.config.server.user_profile_max_size)?;
    let dash: Dashboard = object(json)?;
    dash.check_lists().map_err(refused)?;
    Ok(dash)
}

/// Whether the JSON says `"widgets":null`, which is not the same as saying nothing: an app that lost its widgets.
fn has_null_widgets(json: &str) -> bool {
    #[derive(Deserialize)]
    struct Probe {
        #[serde(default, deserialize_with = "is_null")]
        widgets: bool,
    }
    fn is_null<'de, D: serde::Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
        Ok(Option::<IgnoredAny>::deserialize(d)?.is_none())
    }
    Probe::deserialize(&mut serde_json::Deserializer::from_str(json)).is_ok_and(|probe| probe.widgets)
}

/// UPDATE_PROJECT_SETTINGS. Body `dash\0json`, answer 200; what the JSON lacks becomes false, 0 or empty. Errors, in this
/// order: no JSON or an id that is no number 2, too long 6, unreadable 11, an unknown project 2, the account is full 6.
pub fn update_settings(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, json) = split2(body);
    let (dash, json) = (parse_int32(dash)?, json_text(json)?);
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    let settings: DashboardSettings = object(json)?;
    let old = weight(&caller.dash(hub, dash)?.settings());
    admit_instead(hub, &caller, &settings, old, hub.config.server.user_widget_max_size_limit)?;
    caller.dash_mut(hub, dash)?.apply_settings(settings);
    hub.dash_changed(caller.user(), dash);
    Ok(Reply::OK)
}

/// DELETE_DASH. Body `dash`, answer 200. Its devices are disconnected, which apps hear if it was active; its energy comes
/// back. Errors: 2.
pub fn delete_dash(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let gone = remove(hub, &caller, parse_int32(body)?)?;
    hub.respond(caller.conn, caller.id, Status::Ok);
    gone.into_iter().for_each(|device| hub.offline_to_apps(device));
    Ok(Reply::None)
}

/// Takes a project with tokens, connections and history away, and gives its energy back. The result are the devices of
/// which apps must hear once they are answered.
///
/// Errors: `IllegalCommand` for an unknown project.
pub fn remove(hub: &mut Hub, caller: &Caller, dash: i32) -> Result<Vec<DeviceRef>, Status> {
    let user = caller.user();
    let heard = hub.heard_devices(user, dash);
    let account = caller.account(hub)?;
    let dash = part(account.profile.delete_dash(dash))?;
    account.refund(dash.price());
    let named = |device: i32| DeviceRef { user, dash: dash.id, device };
    for device in &dash.devices {
        hub.tokens.remove_device(&device.token, named(device.id));
    }
    hub.tokens.remove_shared(&dash.shared_token, user, dash.id);
    hub.tokens.break_promises(user, dash.id);
    hub.close_hardware(user, dash.id, None);
    hub.drop_history(user, Doomed::Devices(dash.id, dash.devices.iter().map(|device| device.id).collect()));
    hub.plan_reports_of(user, dash.id);
    hub.user_changed(user);
    Ok(heard.into_iter().map(named).collect())
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::config::Config;
    use crate::hub::testing::{device, sent, START};
    use crate::hub::Unsaved;
    use crate::model::{PinKey, PinValue};
    use crate::wire::Command;
    use std::rc::Rc;

    #[test]
    fn a_project_gets_new_tokens_and_costs_its_widgets() {
        let mut one = one(r#"{"id":1}"#);
        let body = r#"{"id":7,"sharedToken":"s","pinsStorage":{"0-v1":"1"},
            "devices":[{"id":0,"token":"forged","status":"ONLINE","connectTime":5},{"id":1}],
            "widgets":[{"type":"SLIDER","id":1},{"type":"TERMINAL","id":2}]}} trailing"#;
        one.statuses(
            Command::CREATE_DASH,
            &[
                (body, 200),
                (r#"{"id":7}"#, 6),
                (r#"{"id":9"#, 11),
                ("", 2),
                ("null", 2),
                ("no_token", 2),
                (r#"{"id":8,"widgets":[{"id":1},{"id":1}]}"#, 2),
                (r#"{"id":8,"devices":[{"id":1},{"id":1}]}"#, 2),
            ],
        );
        assert_eq!(one.energy(), 100_000 - 400);
        let dash = one.hub.users.dash(one.user, 7).unwrap();
        let device = &dash.devices[0];
        assert_eq!((device.connect_time, dash.shared_token.as_str(), dash.created_at), (0, "", START));
        assert_eq!(device.token.len(), 32);
        assert_eq!(one.hub.tokens.device(&device.token).unwrap().device, 0);
        assert_eq!(one.hub.tokens.device("forged"), None);
        assert_eq!(one.hub.users.take_unsaved(Unsaved::Changes), [one.user]);
        let dear = (0..53).map(|id| format!(r#"{{"type":"DEVICE_SELECTOR","id":{id}}}"#)).collect::<Vec<_>>().join(",");
        one.statuses(
            Command::CREATE_DASH,
            &[
                (&format!(r#"{{"id":8,"widgets":[{dear}]}}"#), 21),
                (&format!(r#"{{"id":8,"parentId":5,"widgets":[{dear}]}}"#), 200),
            ],
        );
        assert_eq!(one.energy(), 100_000 - 400);
    }

    #[test]
    fn without_tokens_values_are_erased() {
        let mut one = one(r#"{"id":1}"#);
        let body =
            r#"no_token|{"id":3,"parentId":1,"devices":[{"id":0}],"widgets":[{"type":"SLIDER","id":1,"value":"5"}]}"#;
        one.statuses(Command::CREATE_DASH, &[(body, 200)]);
        let dash = one.hub.users.dash(one.user, 3).unwrap();
        assert_eq!((dash.devices[0].token.as_str(), &dash.widgets[0].kind.one_pin().unwrap().value), ("", &None));
    }

    #[test]
    fn number_and_size_are_limited() {
        let mut one = one(r#"{"id":1}"#);
        let mut config = Config::default();
        (config.server.user_dashboard_max_limit, config.server.user_profile_max_size) = (2, 1);
        one.hub.config = Rc::new(config);
        let big = format!(r#"{{"id":1,"name":"{}"}}"#, "n".repeat(1024));
        one.statuses(Command::CREATE_DASH, &[(&big, 6), (r#"{"id":2}"#, 200), (r#"{"id":3}"#, 1)]);
        one.statuses(Command::UPDATE_DASH, &[(&big, 6)]);
    }

    #[test]
    fn widgets_and_devices_are_limited() {
        let mut one = one(r#"{"id":1}"#);
        let list = |n: usize| (0..n).map(|id| format!(r#"{{"id":{id}}}"#)).collect::<Vec<_>>().join(",");
        let widgets = |n| format!(r#"{{"id":2,"parentId":1,"widgets":[{}]}}"#, list(n));
        let devices = |n| format!(r#"{{"id":3,"devices":[{}]}}"#, list(n));
        one.statuses(
            Command::CREATE_DASH,
            &[(&widgets(2001), 6), (&widgets(2000), 200), (&devices(52), 6), (&devices(51), 200)],
        );
    }

    #[test]
    fn an_update_replaces_settings_and_widgets() {
        let mut one = one(
            r#"{"id":7,"isActive":true,"theme":"SparkFun","devices":[{"id":0}],"widgets":[{"type":"LED","id":1}]}"#,
        );
        one.statuses(
            Command::UPDATE_DASH,
            &[
                (r#"{"id":7,"name":"N","devices":[],"widgets":[{"type":"SLIDER","id":2}]}"#, 200),
                (r#"{"id":7,"widgets":null}"#, 2),
                (r#"{"id":8}"#, 2),
                ("{", 11),
                ("", 2),
                ("null", 2),
            ],
        );
        let dash = one.dash();
        assert_eq!((dash.name.as_str(), dash.is_active, dash.devices.len(), dash.widgets[0].id), ("N", true, 1, 2));
        assert_eq!((dash.updated_at, dash.color), (START, -1));
        one.statuses(Command::UPDATE_DASH, &[(r#"{"id":7}"#, 200)]);
        assert!(one.dash().widgets.is_empty());
    }

    #[test]
    fn settings_are_set_as_a_whole() {
        let mut one = one(r#"{"id":7,"name":"N","color":5,"widgets":[{"type":"LED","id":1}]}"#);
        one.statuses(
            Command::UPDATE_PROJECT_SETTINGS,
            &[
                (r#"7|{"isShared":true}"#, 200),
                ("7", 2),
                ("7|", 2),
                (r#"7|{"theme":"Pink"}"#, 11),
                ("7|null", 2),
                ("8|{}", 2),
                ("x|{}", 2),
                (&format!(r#"7|{{"name":"{}"}}"#, "n".repeat(30_000)), 6),
            ],
        );
        let dash = one.dash();
        assert_eq!((dash.name.as_str(), dash.color, dash.is_shared, dash.is_default_color), ("", 0, true, false));
        assert_eq!(dash.widgets.len(), 1);
    }

    #[test]
    fn apps_hear_of_the_devices_of_an_active_project_only() {
        for (settings, told) in [
            (r#""isActive":true"#, true),
            (r#""isActive":false"#, false),
            (r#""isActive":true,"isNotificationsOff":true"#, false),
        ] {
            let mut one = one(&format!(r#"{{"id":7,{settings},"devices":[{{"id":0}},{{"id":1}}]}}"#));
            let (d0, _) = device(&mut one.hub, one.user, 7, 0);
            let mut answers = vec!["= 5 200"];
            answers.extend(told.then_some("71 0 7-0"));
            assert_eq!(one.ask(Command::DELETE_DASH, "7"), answers, "{settings}");
            one.hub.connection_lost(d0);
            assert!(sent(&one.outbox).is_empty(), "{settings}");
        }
    }

    #[test]
    fn a_deleted_project_takes_everything_along() {
        let mut one =
            one(r#"{"id":7,"sharedToken":"s","devices":[{"id":0,"token":"t"}],"widgets":[{"type":"LED","id":1}]}"#);
        let (_, d0) = device(&mut one.hub, one.user, 7, 0);
        let key = PinKey::parse("7-0-v5").unwrap();
        one.hub.users.profile_mut(one.user).unwrap().storage.0.insert(key, PinValue::Single("1".into()));
        one.statuses(Command::DELETE_DASH, &[("8", 2), ("x", 2), ("7", 200), ("7", 2)]);
        assert_eq!(one.energy(), 100_100);
        assert!(d0.is_closing());
        assert!(one.hub.tokens.device("t").is_none() && one.hub.tokens.shared("s").is_none());
        let profile = one.hub.users.profile(one.user).unwrap();
        assert!(profile.dashboards.is_empty() && profile.storage.0.is_empty());
    }
}

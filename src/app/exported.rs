//! What a new account of a published app begins with: a copy of the publisher's project. Spec 02 §4.2.

use crate::hub::tokens::new_token;
use crate::hub::{DeviceRef, Hub, UserId};
use crate::model::enums::ProvisionType;

/// Gives a fresh account the first project of the app it was made in. Nothing happens when nobody publishes that app,
/// when the app has several faces, or when its project is gone.
pub fn fill(hub: &mut Hub, user: UserId, app_name: &str) {
    let now = hub.now();
    let published = hub.users.iter().find_map(|(_, account)| {
        let profile = &account.user.profile;
        Some((profile, profile.apps.iter().find(|app| app.id == app_name)?))
    });
    let Some((profile, app)) = published else {
        log::info!("somebody registered in the unknown app {app_name}");
        return;
    };
    if app.is_multi_face {
        return;
    }
    let Some(parent) = app.projects().first().and_then(|id| profile.dash(*id)) else {
        log::warn!("the app {app_name} has no project to begin with");
        return;
    };
    let mut dash = parent.copy_for_customer(now);
    if app.provision_type == Some(ProvisionType::Dynamic) {
        for device in &mut dash.devices {
            device.token = new_token();
            hub.tokens.set_device(&device.token, DeviceRef { user, dash: dash.id, device: device.id });
        }
    }
    if let Some(profile) = hub.users.profile_mut(user) {
        profile.dashboards.push(dash);
    }
    hub.user_changed(user);
}

#[cfg(test)]
mod tests {
    use crate::app::testing::ask;
    use crate::hub::testing::{connect, hub, user};
    use crate::hub::{Framing, Hub};
    use crate::model::enums::ProvisionType;
    use crate::model::{App, Dashboard};
    use crate::wire::Command;

    const DASH: &str = r#"{"id":5,"devices":[{"id":0,"token":"t"},{"id":1}],
        "widgets":[{"type":"SLIDER","id":1,"deviceId":0,"value":"5"}]}"#;

    fn registered(provision_type: ProvisionType, is_multi_face: bool, project: i32) -> (Hub, Vec<Dashboard>) {
        let mut hub = hub();
        let publisher = user(&mut hub, "p@b.cc", DASH);
        hub.users.profile_mut(publisher).unwrap().apps.push(App {
            id: "farm".into(),
            provision_type: Some(provision_type),
            is_multi_face,
            project_ids: Some(vec![project]),
            ..App::default()
        });
        let (conn, outbox) = connect(&mut hub, Framing::App);
        assert_eq!(ask(&mut hub, conn, &outbox, Command::REGISTER, "c@b.cc|h|farm"), ["= 5 200"]);
        let id = hub.users.find("c@b.cc", "farm").unwrap();
        let dashboards = hub.users.profile(id).unwrap().dashboards.clone();
        (hub, dashboards)
    }

    #[test]
    fn a_customer_begins_with_a_copy() {
        let (hub, dashboards) = registered(ProvisionType::Dynamic, false, 5);
        let [dash] = dashboards.as_slice() else { panic!() };
        assert!(dash.id == 1 && dash.is_active && dash.devices.len() == 1);
        assert_eq!(dash.widgets[0].kind.one_pin().unwrap().value, None);
        let token = &dash.devices[0].token;
        assert!(token.len() == 32 && hub.tokens.device(token).is_some());
        let (_, dashboards) = registered(ProvisionType::Static, false, 5);
        assert_eq!(dashboards[0].devices[0].token, "");
        assert!(registered(ProvisionType::Static, true, 5).1.is_empty());
        assert!(registered(ProvisionType::Static, false, 6).1.is_empty());
    }
}

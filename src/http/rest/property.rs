//! `GET /{token}/update/{pin}?{property}={value}`: sets a property of all widgets of a pin. Of several properties only the
//! first one in the order of [`Property`] counts.
//!
//! Apps get SET_WIDGET_PROPERTY with id 111, `{dash}-{device}\0{pin}\0{property}\0{value}`; the answer is an empty 200.
//! Errors: 400 `Wrong request format.` (no known property), `Project is not active.`, `Wrong pin format.`,
//! `Error setting widget property.`, `No widget for SetWidgetProperty command.`

use super::update::MESSAGE_ID;
use super::{pin, project, Answered};
use crate::http::params::Params;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::hub::{DeviceRef, Hub, Unsaved};
use crate::model::enums::Property;
use crate::model::json::Name;
use crate::model::property::PropertyError;
use crate::wire::Command;

/// See the module.
pub fn set(hub: &mut Hub, request: &Request, device: DeviceRef, query: &Params) -> Answered {
    let asked = Property::NAMES.iter().find_map(|(name, property)| Some((*name, *property, query.get(name)?)));
    let (name, property, value) = asked.ok_or_else(|| Response::text(400, "Wrong request format."))?;
    if !project(hub, device)?.is_active {
        return Err(Response::text(400, "Project is not active."));
    }
    let (pin_type, pin) = pin(request)?;
    let now = hub.now();
    // A full account shows it to the apps that are there.
    let fits = hub.may_keep_property(device, (pin_type, pin), value);
    let dash = hub.users.dash_mut(device.user, device.dash).ok_or_else(Response::failure)?;
    let set = match fits {
        true => dash.set_property_by_http(device.device, pin_type, pin, property, value, now),
        false => Ok(()),
    };
    // Also when a widget refused: those before it keep the change.
    hub.users.mark(device.user, Unsaved::Values);
    match set {
        Ok(()) => {}
        Err(PropertyError::NoWidget) => {
            return Err(Response::text(400, "No widget for SetWidgetProperty command."));
        }
        Err(PropertyError::NotSupported | PropertyError::BadNumber) => {
            return Err(Response::text(400, "Error setting widget property."));
        }
    }
    let body = format!("{pin}\0{name}\0{value}");
    hub.to_apps(device.user, device.dash, Some(device.device), Command::SET_WIDGET_PROPERTY, MESSAGE_ID, &body);
    Ok(Response::empty(200))
}

#[cfg(test)]
mod tests {
    use crate::http::request::{testing::request, Method};
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::http::rest::update;
    use crate::hub::testing::{app, device, fill, held, sent};

    #[test]
    fn properties() {
        let widgets = r#"[{"type":"SLIDER","id":7,"deviceId":0,"pinType":"VIRTUAL","pin":5}]"#;
        let (mut hub, user) = hub_with(widgets);
        let (_, phone) = app(&mut hub, user);
        let (_, board) = device(&mut hub, user, 1, 0);
        let mut get = |pin: &str, query: &str| {
            let ask = request(Method::Get, &format!("/t/update/{pin}?{query}"), &[TOKEN, pin]);
            let response = update::get(&mut hub, &ask);
            (response.status, String::from_utf8(response.body).unwrap())
        };
        assert_eq!(get("v5", "min=3&label=Pump"), (200, "".into()));
        assert_eq!(sent(&phone), ["19 111 1-0|5|label|Pump"]);
        assert_eq!(get("v5", "color=%23000000"), (200, "".into()));
        assert_eq!(get("v5", "onLabel=x"), (400, "Error setting widget property.".into()));
        assert_eq!(get("v5", "min=abc"), (400, "Error setting widget property.".into()));
        assert_eq!(get("v6", "label=x"), (400, "No widget for SetWidgetProperty command.".into()));
        assert_eq!(get("x6", "label=x"), (400, "Wrong pin format.".into()));
        assert_eq!(get("v5", "Label=x&val=1"), (400, "Wrong request format.".into()));
        let widget = hub.users.dash(user, 1).unwrap().widget(7).unwrap();
        assert_eq!((widget.label.as_str(), widget.color), ("Pump", 255));
        fill(&mut hub, user);
        sent(&phone);
        let before = held(&hub, user);
        let ask = request(Method::Get, "/t/update/v5?label=A%20longer%20one", &[TOKEN, "v5"]);
        assert_eq!(update::get(&mut hub, &ask).shown(), (200, ""));
        assert_eq!((sent(&phone).len(), held(&hub, user)), (1, before), "a full account only shows it");
        hub.users.dash_mut(user, 1).unwrap().is_active = false;
        let response = update::get(&mut hub, &request(Method::Get, "/t/update/x5?label=x", &[TOKEN, "x5"]));
        assert_eq!(response.shown(), (400, "Project is not active."));
        assert!(sent(&board).is_empty());
    }
}

//! SET_WIDGET_PROPERTY (19), `<pin>\0<property>\0<value>`: a device changes how the widgets of a virtual pin look.
//!
//! * 200, and the apps get the message with `<dash>-<device>\0` in front. What no widget takes is kept for the widgets on
//!   tags, selectors and in tiles.
//! * 11: not three parts, an empty property or value, or an unknown property. 2: bad pin, number or colour.
//! * No reply, and nothing is done, while the project is inactive.

use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::model::enums::Property;
use crate::model::json::Name;
use crate::model::{PinType, PropertyOrigin};
use crate::wire::{body, Command, Status};

/// Handles SET_WIDGET_PROPERTY.
pub fn handle(hub: &mut Hub, caller: Caller, id: u16, text: &str) -> Handled {
    let (pin, Some(property), Some(value)) = body::split3(text) else { return Err(Status::IllegalCommandBody) };
    if property.is_empty() || value.is_empty() {
        return Err(Status::IllegalCommandBody);
    }
    let device = caller.device;
    if !hub.users.dash(device.user, device.dash).is_some_and(|d| d.is_active) {
        return Ok(Reply::None);
    }
    let property = Property::from_name(property).ok_or(Status::IllegalCommandBody)?;
    let pin = body::parse_pin(pin)?;
    let now = hub.now();
    // A full account shows it to the apps that are there.
    let fits = hub.may_keep_property(device, (PinType::Virtual, pin), value);
    if let Some(profile) = hub.users.profile_mut(device.user).filter(|_| fits) {
        let place = (device.dash, device.device, pin);
        let set = profile.set_property_of_pin(PropertyOrigin::Device, place, property, value, now);
        hub.users.mark(device.user, crate::hub::Unsaved::Values);
        set?;
    }
    hub.to_apps(device.user, device.dash, Some(device.device), Command::SET_WIDGET_PROPERTY, id, text);
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use crate::hardware::testing::World;
    use crate::hub::testing::START;
    use crate::model::SyncKind;
    use crate::wire::Command;

    fn set(w: &mut World, body: &str) -> Vec<String> {
        w.send(Command::SET_WIDGET_PROPERTY, 6, body)
    }

    const SLIDERS: &str = r#"{"type":"SLIDER","id":1,"deviceId":3,"pinType":"VIRTUAL","pin":7},
        {"type":"SLIDER","id":2,"deviceId":3,"pinType":"VIRTUAL","pin":8}"#;

    #[test]
    fn widgets_of_the_pin_change_and_apps_are_told() {
        let mut w = World::with(SLIDERS);
        assert_eq!(set(&mut w, "7|label|Temp"), ["= 6 200"]);
        assert_eq!(w.told(), ["19 6 17-3|7|label|Temp"]);
        let labels: Vec<&str> = w.dash().widgets.iter().map(|widget| widget.label.as_str()).collect();
        assert_eq!(labels, ["Temp", ""]);
        assert_eq!(w.dash().updated_at, START);
        assert_eq!(set(&mut w, "7|color|#23C48E"), ["= 6 200"]);
        assert_eq!((w.dash().widgets[0].color, w.dash().widgets[0].is_default_color), (600_084_223, false));
    }

    #[test]
    fn malformed_properties() {
        let mut w = World::with(SLIDERS);
        for body in ["", "7", "7|label", "7|label|", "7||x", "7|Label|x", "x|y|z"] {
            assert_eq!(set(&mut w, body), ["= 6 11"], "{body}");
        }
        for body in ["256|label|x", "x|label|x", "7|color|red", "7|min|low", "7|maximumFractionDigits|1.5"] {
            assert_eq!(set(&mut w, body), ["= 6 2"], "{body}");
        }
        assert_eq!(w.told(), [""; 0]);
    }

    #[test]
    fn an_inactive_project_is_silent() {
        let mut w = World::with(SLIDERS);
        w.dash().is_active = false;
        assert_eq!(set(&mut w, "7|label|Temp"), [""; 0]);
        assert_eq!(set(&mut w, "7|nonsense|Temp"), [""; 0]);
        assert_eq!(set(&mut w, "7|label"), ["= 6 11"]);
        assert_eq!(w.dash().widgets[0].label, "");
        assert_eq!(w.told(), [""; 0]);
    }

    #[test]
    fn without_a_widget_it_is_kept_for_the_apps() {
        let mut w = World::new();
        assert_eq!(set(&mut w, "70|label|none here"), ["= 6 200"]);
        assert_eq!(w.told(), ["19 6 17-3|70|label|none here"]);
        let kept = w.hub.users.profile(w.user).unwrap().app_sync(17, None);
        assert_eq!(kept, [(SyncKind::Property, "17-3\x0070\0label\0none here".to_owned())]);
        assert_eq!(w.send(Command::HARDWARE_SYNC, 1, ""), [""; 0]);
    }
}

//! SET_WIDGET_PROPERTY (19): changes one property of one widget.
//!
//! Body `dash\0widget\0property\0value`, exactly four parts, the last two not empty. Answer 200; nobody else is told.
//! Errors, in this order: another number of parts 11; ids that are no numbers 2; an unknown property 11; unknown ids 2; a
//! property that the widget does not have 11; a value longer than a widget may be 6; a value that is no number or colour where one is needed 2. Spec 02 §10.5.

use super::request::{check_size, take_in};
use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::model::enums::Property;
use crate::model::json::Name;
use crate::model::property::PropertyError;
use crate::model::weight::text_weight;
use crate::wire::body::{parse_int32, parse_int64, split_all};
use crate::wire::Status;

/// See the module.
pub fn set_property(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let parts: Vec<&str> = split_all(body).take(5).collect();
    let &[dash, widget, property, value] = parts.as_slice() else { return Err(Status::IllegalCommandBody) };
    let (dash_id, widget) = (parse_int32(dash)?, parse_int64(widget)?);
    if property.is_empty() || value.is_empty() {
        return Err(Status::IllegalCommandBody);
    }
    let property = Property::from_name(property).ok_or(Status::IllegalCommandBody)?;
    check_size(value, hub.config.server.user_widget_max_size_limit)?;
    let now = hub.now();
    caller.dash(hub, dash_id)?.find_widget(widget).ok_or(Status::IllegalCommand)?;
    take_in(hub, &caller, text_weight(value))?;
    let dash = caller.dash_mut(hub, dash_id)?;
    dash.set_property_of_widget(widget, property, value, now).map_err(|error| match error {
        PropertyError::NoWidget | PropertyError::BadNumber => Status::IllegalCommand,
        PropertyError::NotSupported => Status::IllegalCommandBody,
    })?;
    hub.dash_changed(caller.user(), dash_id);
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::{app, sent};
    use crate::wire::Command;

    #[test]
    fn a_property_is_set_or_refused() {
        let mut one = one(r#"{"id":7,"widgets":[{"type":"BUTTON","id":11,"isDefaultColor":true},
            {"type":"DEVICE_TILES","id":900,"templates":[{"id":1,"widgets":[{"type":"LED","id":77}]}]}]}"#);
        let (_, other) = app(&mut one.hub, one.user);
        one.statuses(
            Command::SET_WIDGET_PROPERTY,
            &[
                ("7|11|color|#FF8000", 200),
                ("7|77|label|x", 200),
                ("7|11|label", 11),
                ("7|11|label|", 11),
                ("7|11|label|a|b", 11),
                ("7|11|Label|a", 11),
                ("9|11|nope|a", 11),
                ("9|11|label|a", 2),
                ("7|12|label|a", 2),
                ("7|x|label|a", 2),
                ("7|x|nope|a", 2),
                ("x|11||a", 2),
                ("7|11|labels|a", 11),
                ("7|11|color|red", 2),
                ("7|11|min|x", 2),
            ],
        );
        let button = &one.dash().widgets[0];
        assert_eq!((button.color, button.is_default_color), (-8388353, false));
        assert_eq!(one.dash().find_widget(77).unwrap().label, "x");
        assert!(sent(&other).is_empty());
    }
}

//! Tests of properties: what each widget makes of them, and who sets them.

use super::*;
use crate::model::json::Name;
use crate::model::testing::{fixture, text_of};

fn by_device(profile: &mut Profile, pin: u8, property: &str, value: &str) -> Result<(), BadNumber> {
    let property = Property::from_name(property).unwrap();
    let value = value.replace('|', "\0");
    profile.set_property_of_pin(PropertyOrigin::Device, (1, 0, pin), property, &value, 9)
}

fn json(profile: &Profile, widget: i64) -> serde_json::Value {
    use crate::model::json::{to_string, Audience};
    serde_json::from_str(&to_string(profile.dash(1).unwrap().widget(widget).unwrap(), Audience::Disk)).unwrap()
}

#[test]
fn colors_are_parsed_like_integers() {
    let red = -16776961;
    for (text, wanted) in [
        ("#23C48E", 600084223),
        ("255", 65535),
        ("010", 0x8FF),
        ("0", 255),
        ("-1", -1),
        ("#FF0000", red),
        ("0xFF0000", red),
        ("+16711680", red),
        ("#7FFF0000", red),
        ("-0x1", -1),
    ] {
        assert_eq!(color(text), Ok(wanted), "{text}");
    }
    for bad in ["red", "#FFFFFFFF", "", "#", "-", "08", "#-1", "--1", "1.5", " 1", "2147483648"] {
        assert_eq!(color(bad), Err(BadNumber), "{bad}");
    }
}

#[test]
fn a_styled_button_without_a_state_takes_every_value_and_stays() {
    let mut button = crate::model::widget::from_request(r#"{"type":"STYLED_BUTTON","id":1}"#).unwrap().unwrap();
    let before = button.clone();
    for (property, value) in [("onColor", "red"), ("offBackColor", "#FF0000"), ("onLabel", "x")] {
        assert_eq!(button.set_property(Property::from_name(property).unwrap(), value), Ok(true), "{property}");
    }
    assert_eq!(button, before);
}

#[test]
fn devices_set_what_the_types_have() {
    let mut profile = fixture();
    for (pin, property, value, widget, path, wanted) in [
        (5, "label", "Scan me", 7, "/label", "\"Scan me\""),
        (5, "color", "#23C48E", 7, "/color", "600084223"),
        (5, "min", " -1.5 ", 7, "/min", "-1.5"),
        (5, "max", "1e3", 7, "/max", "1000.0"),
        (5, "maximumFractionDigits", "3", 7, "/maximumFractionDigits", "3"),
        (2, "onLabel", "An", 3, "/onButtonState/text", "\"An\""),
        (2, "offLabel", "Aus", 3, "/offButtonState/text", "\"Aus\""),
        (2, "onColor", "#010203", 3, "/onButtonState/textColor", "16909311"),
        (2, "offColor", "#000000", 3, "/offButtonState/textColor", "255"),
        (2, "onBackColor", "#0000FF", 3, "/onButtonState/backgroundColor", "65535"),
        (2, "offBackColor", "#FFFFFF", 3, "/offButtonState/backgroundColor", "-1"),
        (19, "onLabel", "1|2", 20, "/onLabel", "\"1\\u00002\""),
        (14, "step", "0.25", 15, "/step", "0.25"),
        (4, "suffix", "°C", 6, "/suffix", "\"°C\""),
        (22, "valueFormatting", "/pin.#/ %", 24, "/valueFormatting", "\"/pin.#/ %\""),
        (21, "valueFormatting", "x", 23, "/valueFormatting", "\"x\""),
        (30, "isOnPlay", "TRUE", 32, "/isOnPlay", "true"),
        (30, "isOnPlay", "1", 32, "/isOnPlay", "false"),
        (28, "url", "rtsp://cam/2", 29, "/url", "\"rtsp://cam/2\""),
        (29, "labels", "a|b||c||", 31, "/labels", r#"["a","b","","c"]"#),
        (18, "labels", "Low|High", 19, "/labels", r#"["Low","High"]"#),
        (32, "opacity", "50", 34, "/opacity", "50"),
        (32, "rotation", "-90", 34, "/rotation", "-90"),
        (32, "urls", "http://a|http://b", 34, "/urls", r#"["http://a","http://b"]"#),
        (32, "url", "2|http://c", 34, "/urls", r#"["http://a","http://c"]"#),
        (6, "label", "Lamp", 9, "/label", "\"Lamp\""),
    ] {
        by_device(&mut profile, pin, property, value).unwrap();
        let set = json(&profile, widget);
        let wanted: serde_json::Value = serde_json::from_str(wanted).unwrap();
        assert_eq!(set.pointer(path), Some(&wanted), "{property} of v{pin}");
    }
    assert_eq!(json(&profile, 7)["isDefaultColor"], false);
    assert_eq!(profile.storage, fixture().storage);
    assert_eq!(profile.dash(1).unwrap().updated_at, 9);
}

#[test]
fn what_no_widget_has_is_stored() {
    let mut profile = fixture();
    by_device(&mut profile, 4, "step", "2").unwrap();
    by_device(&mut profile, 6, "min", "5").unwrap();
    by_device(&mut profile, 7, "labels", "a|b").unwrap();
    by_device(&mut profile, 32, "url", "3|c").unwrap();
    by_device(&mut profile, 32, "url", "http://c").unwrap();
    assert_eq!(text_of(&profile, "1-0-v4-step"), ["2"]);
    assert_eq!(text_of(&profile, "1-0-v6-min"), ["5"]);
    assert_eq!(text_of(&profile, "1-0-v7-labels"), ["a\0b"]);
    assert_eq!(text_of(&profile, "1-0-v32-url"), ["http://c"]);
    assert_eq!(json(&profile, 6)["step"], 0.5);
    // A tile's pin: the tiles widget changes and the property is stored as well, but not for a rule.
    by_device(&mut profile, 63, "label", "T").unwrap();
    assert_eq!(
        (&json(&profile, 60)["label"], text_of(&profile, "1-0-v63-label")),
        (&"T".into(), &["T".to_owned()][..])
    );
    let color = Property::Color;
    profile.set_property_of_pin(PropertyOrigin::Rule, (1, 0, 63), color, "1", 9).unwrap();
    assert!(text_of(&profile, "1-0-v63-color").is_empty());
    profile.set_property_of_pin(PropertyOrigin::Rule, (1, 0, 99), color, "1", 9).unwrap();
    assert_eq!(text_of(&profile, "1-0-v99-color"), ["1"]);
}

#[test]
fn bad_numbers_change_nothing() {
    let mut profile = fixture();
    for (pin, property, value) in [
        (5, "color", "red"),
        (5, "min", "low"),
        (5, "max", "1,5"),
        (5, "max", "NaN"),
        (5, "max", "1e99"),
        (5, "maximumFractionDigits", "2.5"),
        (32, "opacity", "full"),
        (32, "url", "x|y"),
        (2, "onColor", "x"),
    ] {
        assert_eq!(by_device(&mut profile, pin, property, value), Err(BadNumber), "{property} {value}");
    }
    assert_eq!(profile, fixture());
}

#[test]
fn apps_set_widgets_by_id_also_in_templates() {
    let mut profile = fixture();
    let dash = profile.dash_mut(1).unwrap();
    let mut set = |id, property, value: &str| dash.set_property_of_widget(id, property, value, 9);
    assert_eq!(set(31, Property::Labels, "one"), Ok(()));
    assert_eq!(set(501, Property::Max, "50"), Ok(()));
    assert_eq!(set(1, Property::Color, "#FF0000"), Ok(()));
    assert_eq!(set(61, Property::Min, "1"), Err(PropertyError::NotSupported));
    assert_eq!(set(9999, Property::Label, "x"), Err(PropertyError::NoWidget));
    assert_eq!(set(31, Property::Color, "red"), Err(PropertyError::BadNumber));
    assert_eq!(dash.find_widget(501).unwrap().kind.one_pin().unwrap().max, 50.0);
    assert_eq!(dash.widget(1).unwrap().color, -16776961);
    assert_eq!(dash.updated_at, 9);
}

#[test]
fn http_sets_pins_that_have_widgets() {
    let mut profile = fixture();
    let dash = profile.dash_mut(1).unwrap();
    let mut set = |pin, property, value: &str| dash.set_property_by_http(0, PinType::Virtual, pin, property, value, 9);
    assert_eq!(set(5, Property::Label, "Pump"), Ok(()));
    assert_eq!(set(63, Property::Label, "Tiles"), Ok(()));
    assert_eq!(set(5, Property::Step, "1"), Err(PropertyError::NotSupported));
    assert_eq!(set(99, Property::Label, "x"), Err(PropertyError::NoWidget));
    assert_eq!(set(5, Property::Color, "red"), Err(PropertyError::BadNumber));
    assert_eq!((dash.widget(7).unwrap().label.as_str(), dash.updated_at), ("Pump", 9));
}

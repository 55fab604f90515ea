//! Values as the REST API gives and forwards them (spec 03 §8.7, 05 §4.2 and §4.3).

use super::json::{Audience, Writer};
use super::pin::{DataStream, PinType};
use super::storage::{PinKey, PinValue};
use super::user::Profile;
use super::values::parts;
use super::widget::{Kind, Widget};
use super::Dashboard;

/// A JSON array of strings.
fn array<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let mut w = Writer::new(Audience::Disk);
    w.braces('[', ']', |w| {
        for item in items {
            w.separate();
            w.text(item);
        }
    });
    w.finish()
}

/// The array of a value's parts, `[]` if there is no value.
fn value_array(value: Option<&str>) -> String {
    array(value.into_iter().flat_map(parts))
}

impl Widget {
    /// For a widget with several streams: whether each has its own value, and the streams.
    fn split_streams(&self) -> Option<(bool, &[DataStream])> {
        match &self.kind {
            Kind::Rgb(rgb) => Some((rgb.split_mode, &rgb.pins)),
            Kind::Joystick(stick) => Some((stick.split, &stick.pins)),
            Kind::Lcd(lcd) => Some((!lcd.advanced_mode, &lcd.pins)),
            _ => None,
        }
    }

    fn http_value(&self, device_id: i32, pin_type: PinType, pin: u8) -> Option<String> {
        Some(match &self.kind {
            Kind::Terminal(terminal) => array(terminal.lines.iter().map(String::as_str)),
            Kind::Map(map) => array(map.lines.iter().map(String::as_str)),
            Kind::Tiles(tiles) => tiles.tile_stream(device_id, pin_type, pin)?.value.clone()?,
            kind => match self.split_streams() {
                Some((true, streams)) => array(streams.iter().map(|s| s.value.as_deref().unwrap_or_default())),
                Some((false, streams)) => {
                    let first = streams.first().filter(|s| s.is_valid());
                    value_array(first.and_then(|s| s.value.as_deref()))
                }
                None => value_array(kind.one_pin()?.value.as_deref()),
            },
        })
    }

    fn http_update_body(&self, pin_type: PinType, pin: u8) -> Option<String> {
        match &self.kind {
            Kind::Terminal(terminal) => {
                let own = &terminal.pin;
                super::pin::write_body(own.pin_type?, own.pwm_mode, own.pin, terminal.lines.last()?)
            }
            _ => match self.split_streams() {
                Some((true, streams)) => streams.iter().find(|s| s.is_same(pin_type, pin))?.write_body(),
                Some((false, streams)) => {
                    let (first, rest) = streams.split_first()?;
                    let mut body = first.write_body()?;
                    for value in rest.iter().filter(|s| s.is_valid()).filter_map(|s| s.value.as_deref()) {
                        body.push('\0');
                        body.push_str(value);
                    }
                    Some(body)
                }
                None => self.write_body(),
            },
        }
    }
}

impl Dashboard {
    /// The write body that others are told after an HTTP write of `value`: made from what the first widget of the pin
    /// now holds, else (no widget, a tile, nothing held, e.g. after `clr`) from the value itself.
    pub fn http_update_body(&self, device_id: i32, pin_type: PinType, pin: u8, value: &str) -> String {
        let own = self.widget_of_pin(device_id, pin_type, pin).and_then(|w| w.http_update_body(pin_type, pin));
        own.unwrap_or_else(|| format!("{}w\0{pin}\0{value}", pin_type.letter()))
    }
}

impl Profile {
    /// The body of a REST answer with the value of a pin: a JSON array of strings, or the bare text of a tile's value.
    /// `None`: there is no such pin.
    pub fn http_value(&self, dash_id: i32, device_id: i32, pin_type: PinType, pin: u8) -> Option<String> {
        if let Some(widget) = self.dash(dash_id)?.widget_of_pin(device_id, pin_type, pin) {
            return widget.http_value(device_id, pin_type, pin);
        }
        Some(match self.storage.0.get(&PinKey::value(dash_id, device_id, pin_type, pin))? {
            PinValue::Single(value) => value_array(Some(value)),
            PinValue::Multi(_, lines) => array(lines.iter().map(String::as_str)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::fixture;
    use crate::model::Limits;
    use PinType::{Analog, Digital, Virtual};

    #[test]
    fn values_as_observed() {
        let profile = fixture();
        let get = |device, pin| profile.http_value(1, device, Virtual, pin);
        for (device, pin, wanted) in [
            (0, 6, r#"["60","143","158"]"#),
            (0, 13, "[]"),
            (0, 25, "[]"),
            (0, 23, r#"["12.5","77"]"#),
            (0, 44, r#"["12.5","13.5"]"#),
            (0, 63, "1"),
            (1, 7, r#"["10","20","30"]"#),
            (1, 60, "19.5"),
            (1, 41, r#"["boot","ready"]"#),
            (0, 3, r#"["hello"]"#),
            (0, 33, "[]"),
            (0, 31, r#"["add","1","Pump","3 bar"]"#),
        ] {
            assert_eq!(get(device, pin).as_deref(), Some(wanted), "v{pin} of {device}");
        }
        assert_eq!((get(2, 60), get(0, 200), get(0, 53)), (None, None, None));
        assert_eq!(profile.http_value(1, 0, Digital, 0).as_deref(), Some(r#"["612"]"#));
        assert_eq!(profile.http_value(9, 0, Digital, 0), None);
    }

    #[test]
    fn texts_are_escaped() {
        let mut profile = fixture();
        for (pin, value) in [(3, "a\"b"), (13, "y\0z"), (13, "\\"), (44, "q\"")] {
            profile.store_value(1, 0, Virtual, pin, value, &Limits::default(), 5).unwrap();
        }
        let get = |pin| profile.http_value(1, 0, Virtual, pin).unwrap();
        assert_eq!(get(3), r#"["a\"b"]"#);
        assert_eq!(get(13), r#"["y\u0000z","\\"]"#);
        assert_eq!(get(44), r#"["q\""]"#);
    }

    #[test]
    fn update_bodies_come_from_the_widget() {
        let mut profile = fixture();
        let mut update = |device, pin_type, pin, value: &str| {
            profile.store_value(1, device, pin_type, pin, value, &Limits::default(), 5).unwrap();
            profile.dash(1).unwrap().http_update_body(device, pin_type, pin, value).replace('\0', "|")
        };
        assert_eq!(update(0, Digital, 3, "5"), "aw|3|5");
        assert_eq!(update(0, Analog, 3, "6"), "aw|3|6");
        assert_eq!(update(0, Digital, 0, "7"), "aw|0|7");
        assert_eq!(update(0, Virtual, 13, "line"), "vw|13|line");
        assert_eq!(update(0, Virtual, 13, "clr"), "vw|13|clr");
        assert_eq!(update(0, Virtual, 33, "clr"), "vw|33|clr");
        assert_eq!(update(1, Virtual, 8, "2"), "vw|8|2");
        assert_eq!(update(0, Virtual, 6, "1\x002"), "vw|6|1|2|1|2|1|2");
        assert_eq!(update(0, Virtual, 63, "1"), "vw|63|1");
        assert_eq!(update(0, Virtual, 99, ""), "vw|99|");
    }
}

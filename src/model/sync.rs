//! What a freshly connected app or device is told about stored values (spec 03 §14.4, §14.5), and pin modes (§8.6).

use super::dashboard::Dashboard;
use super::pin::{self, DataStream, OnePin, PinType, NO_PIN};
use super::storage::{PinKey, PinValue};
use super::tag::FIRST_SELECTOR_ID;
use super::user::Profile;
use super::widget::{Action, Kind, Table, Widget, WidgetType};
use crate::model::json::Name;
use std::fmt::Write;

/// The command of a message to apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncKind {
    /// APP_SYNC
    Value,
    /// SET_WIDGET_PROPERTY
    Property,
}

/// A message to apps; its message id is always 1111.
pub type SyncMessage = (SyncKind, String);

/// The streams' own bodies if the widget is split, else the first stream's.
fn stream_bodies(split: bool, streams: &[DataStream]) -> impl Iterator<Item = String> + '_ {
    let count = if split { streams.len() } else { streams.len().min(1) };
    streams[..count].iter().filter_map(DataStream::write_body)
}

/// `<letter>w\0<pin>\0<line>` of a stored value.
fn stored_body(key: &PinKey, line: &str) -> String {
    format!("{}w\0{}\0{line}", key.pin_type.letter(), key.pin)
}

/// `<letter>m\0<pin>` followed by `\0` and each line.
fn multi_body<'a>(pin_type: PinType, pin: i16, lines: impl Iterator<Item = &'a str>) -> String {
    let mut body = format!("{}m\0{pin}", pin_type.letter());
    for line in lines {
        body.push('\0');
        body.push_str(line);
    }
    body
}

impl OnePin {
    /// A write body of this pin with a remembered line instead of its value. Widgets with lines have no PWM mode.
    fn body_with(&self, line: &str) -> Option<String> {
        pin::write_body(self.pin_type?, false, self.pin, line)
    }

    fn multi_body<'a>(&self, lines: impl Iterator<Item = &'a str>) -> Option<String> {
        (self.pin != NO_PIN).then_some(multi_body(self.pin_type?, self.pin, lines))
    }
}

impl Table {
    fn sync_body(&self) -> Option<String> {
        if self.rows.is_empty() || !self.pin.is_valid() {
            return None;
        }
        let mut body = self.pin.multi_body(std::iter::empty())?;
        for row in &self.rows {
            let (name, value) = (row.name.as_deref().unwrap_or("null"), row.value.as_deref().unwrap_or("null"));
            let _ = write!(body, "\0add\0{}\0{name}\0{value}\0{}", row.id, row.is_selected);
        }
        Some(body)
    }
}

impl Widget {
    /// BUTTON, STYLED_BUTTON and SWITCH write with their own letter even in PWM mode.
    fn keeps_letter(&self) -> bool {
        matches!(self.widget_type, WidgetType::Button | WidgetType::StyledButton | WidgetType::Switch)
    }

    /// `<letter>w\0<pin>\0<value>` of a one-pin widget, if it has a pin and a value.
    pub fn write_body(&self) -> Option<String> {
        self.kind.one_pin()?.write_body(self.keeps_letter())
    }

    /// Calls `send` with the device id and body of each message that replays this widget to apps. `target`: only this
    /// device or tag id.
    fn app_sync(&self, target: Option<i32>, mut send: impl FnMut(i32, String)) {
        let wanted = |id: i32| target.is_none_or(|target| target == id);
        match &self.kind {
            Kind::Webhook(_) | Kind::Video(_) => {}
            Kind::Terminal(terminal) => {
                if wanted(terminal.pin.device_id) && !terminal.lines.is_empty() {
                    let body = terminal.pin.multi_body(terminal.lines.iter().map(String::as_str));
                    body.into_iter().for_each(|body| send(terminal.pin.device_id, body));
                }
            }
            Kind::Map(map) if wanted(map.pin.device_id) => {
                let bodies = map.lines.iter().filter_map(|line| map.pin.body_with(line));
                bodies.for_each(|body| send(map.pin.device_id, body));
            }
            Kind::Map(_) => {}
            Kind::Table(table) => {
                if wanted(table.pin.device_id) {
                    table.sync_body().into_iter().for_each(|body| send(table.pin.device_id, body));
                }
            }
            Kind::Rgb(rgb) if wanted(rgb.device_id) => {
                stream_bodies(rgb.split_mode, &rgb.pins).for_each(|body| send(rgb.device_id, body));
            }
            Kind::Joystick(stick) if wanted(stick.device_id) => {
                stream_bodies(stick.split, &stick.pins).for_each(|body| send(stick.device_id, body));
            }
            Kind::Lcd(lcd) if wanted(lcd.device_id) && lcd.device_id < FIRST_SELECTOR_ID => {
                if !lcd.advanced_mode {
                    stream_bodies(true, &lcd.pins).for_each(|body| send(lcd.device_id, body));
                } else if let Some(DataStream { pin, pin_type: Some(pin_type), pwm_mode, .. }) = lcd.pins.first() {
                    let bodies = lcd.lines.iter().filter_map(|l| pin::write_body(*pin_type, *pwm_mode, *pin, l));
                    bodies.for_each(|body| send(lcd.device_id, body));
                }
            }
            Kind::Tiles(tiles) => {
                for tile in tiles.tiles.iter().filter(|tile| wanted(tile.device_id)) {
                    let body = tile.pin.as_ref().and_then(DataStream::write_body);
                    body.into_iter().for_each(|body| send(tile.device_id, body));
                }
            }
            kind => {
                if let Some(own) = kind.one_pin() {
                    if own.device_id < FIRST_SELECTOR_ID && wanted(own.device_id) {
                        self.write_body().into_iter().for_each(|body| send(own.device_id, body));
                    }
                }
            }
        }
    }

    /// The bodies that give this widget's values back to a device.
    fn hardware_sync(&self, device_id: i32, bodies: &mut Vec<String>) {
        match &self.kind {
            Kind::Map(_)
            | Kind::Video(_)
            | Kind::Table(_)
            | Kind::Webhook(_)
            | Kind::GpsTrigger(_)
            | Kind::GpsStreaming(_)
            | Kind::Sensor(_)
            | Kind::Temperature(_) => {}
            Kind::Terminal(terminal) => {
                if terminal.pin.device_id == device_id {
                    bodies.extend(terminal.lines.last().and_then(|line| terminal.pin.body_with(line)));
                }
            }
            Kind::Rgb(rgb) if rgb.device_id == device_id => bodies.extend(stream_bodies(rgb.split_mode, &rgb.pins)),
            Kind::Joystick(stick) if stick.device_id == device_id => {
                bodies.extend(stream_bodies(stick.split, &stick.pins))
            }
            Kind::Tiles(tiles) => {
                let tiles = tiles.tiles.iter().filter(|t| t.device_id == device_id);
                bodies.extend(tiles.filter_map(|t| t.pin.as_ref()?.write_body()));
            }
            kind => {
                if kind.one_pin().is_some_and(|own| own.device_id == device_id) {
                    bodies.extend(self.write_body());
                }
            }
        }
    }
}

impl Profile {
    /// All stored values and properties of a project for apps, in order: pin storage, then widgets. `target`: only
    /// those of this device or tag; `None` and -1 mean all. Bodies carry the `<dash>-<device>\0` prefix.
    pub fn app_sync(&self, dash_id: i32, target: Option<i32>) -> Vec<SyncMessage> {
        let target = target.filter(|id| *id != -1);
        let mut messages = Vec::new();
        let Some(dash) = self.dash(dash_id) else { return messages };
        for (key, value) in &self.storage.0 {
            if key.dash != dash_id || target.is_some_and(|id| id != key.device) {
                continue;
            }
            let prefix = |body: String| format!("{dash_id}-{}\0{body}", key.device);
            match (key.property, value) {
                (Some(property), value) => {
                    if let Some(line) = value.lines().last() {
                        let body = prefix(format!("{}\0{}\0{line}", key.pin, property.name()));
                        messages.push((SyncKind::Property, body));
                    }
                }
                (None, PinValue::Single(line)) => messages.push((SyncKind::Value, prefix(stored_body(key, line)))),
                (None, PinValue::Multi(_, lines)) => {
                    if let Some(last) = lines.last() {
                        let all = multi_body(key.pin_type, i16::from(key.pin), lines.iter().map(String::as_str));
                        messages.push((SyncKind::Value, prefix(all)));
                        messages.push((SyncKind::Value, prefix(stored_body(key, last))));
                    }
                }
            }
        }
        for widget in &dash.widgets {
            widget.app_sync(target, |device_id, body| {
                messages.push((SyncKind::Value, format!("{dash_id}-{device_id}\0{body}")));
            });
        }
        messages
    }

    /// All values of a device, as bodies for it: those of widgets in order, then those of the pin storage.
    pub fn hardware_sync(&self, dash_id: i32, device_id: i32) -> Vec<String> {
        let mut bodies = Vec::new();
        let Some(dash) = self.dash(dash_id) else { return bodies };
        for widget in &dash.widgets {
            widget.hardware_sync(device_id, &mut bodies);
        }
        for (key, value) in &self.storage.0 {
            if key.dash == dash_id && key.device == device_id && key.property.is_none() {
                bodies.extend(value.lines().iter().map(|line| stored_body(key, line)));
            }
        }
        bodies
    }

    /// The values of one pin of a device, as bodies for it: what the first widget of the pin gives back (possibly
    /// nothing, or also other pins of that widget), else what the pin storage holds.
    pub fn hardware_sync_pin(&self, dash_id: i32, device_id: i32, pin_type: PinType, pin: u8) -> Vec<String> {
        let mut bodies = Vec::new();
        let Some(dash) = self.dash(dash_id) else { return bodies };
        if let Some(widget) = dash.widget_of_pin(device_id, pin_type, pin) {
            widget.hardware_sync(device_id, &mut bodies);
        } else {
            let key = PinKey::value(dash_id, device_id, pin_type, pin);
            let lines = self.storage.0.get(&key).map_or(&[][..], PinValue::lines);
            bodies.extend(lines.iter().map(|line| stored_body(&key, line)));
        }
        bodies
    }
}

/// The direction of a widget's hardware pins, as devices are told it.
fn pin_mode(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Terminal(_) | Kind::Video(_) | Kind::Webhook(_) => None,
        Kind::Digit4Display(_)
        | Kind::LabeledValue(_)
        | Kind::Gauge(_)
        | Kind::Lcd(_)
        | Kind::Level(_)
        | Kind::Map(_)
        | Kind::Image(_) => Some("in"),
        kind => (kind.one_pin().is_some() || kind.multi_pin().is_some()).then_some("out"),
    }
}

impl Dashboard {
    /// `pm` and, for each non-virtual pin of the device, `\0<pin>\0<in|out>`; `None` if there is no such pin.
    pub fn pin_mode_body(&self, device_id: i32) -> Option<String> {
        let mut body = String::from("pm");
        let mut add = |pin: i16, pin_type: Option<PinType>, mode: &str| {
            if pin != NO_PIN && pin_type != Some(PinType::Virtual) {
                let _ = write!(body, "\0{pin}\0{mode}");
            }
        };
        for widget in &self.widgets {
            if let Kind::Eventor(eventor) = &widget.kind {
                if eventor.device_id == device_id {
                    for action in eventor.rules.iter().flat_map(|rule| &rule.actions) {
                        if let Action::SetPin { pin: Some(stream), .. } = action {
                            add(stream.pin, stream.pin_type, "out");
                        }
                    }
                }
                continue;
            }
            // LED is the only display among the widgets that are nothing but a pin.
            let mode = if widget.widget_type == WidgetType::Led { Some("in") } else { pin_mode(&widget.kind) };
            let Some(mode) = mode else { continue };
            if let Some(own) = widget.kind.one_pin().filter(|own| own.device_id == device_id) {
                add(own.pin, own.pin_type, mode);
            } else if let Some((own_device, streams)) = widget.kind.multi_pin() {
                if own_device == device_id {
                    streams.iter().for_each(|s| add(s.pin, s.pin_type, mode));
                }
            }
        }
        (body.len() > 2).then_some(body)
    }
}

#[cfg(test)]
mod tests;

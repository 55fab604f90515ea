//! A value arrives for a pin: which widgets take it, what they make of it, and when it goes to the pin storage
//! (spec 03 §14.1, §10, §6.3).

use super::dashboard::Dashboard;
use super::limits::{push_bounded, Limits};
use super::pin::{DataStream, PinType};
use super::storage::{MultiKind, PinKey, PinStorage, PinValue};
use super::tag::FIRST_SELECTOR_ID;
use super::user::Profile;
use super::widget::{DeviceSelector, DeviceTiles, Kind, Row, Table, TimeInput, Widget};
use super::zone::Zone;

/// A text stands where a number is needed; peers are told `ILLEGAL_COMMAND`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number")]
pub struct BadNumber;

/// The parts of a value: cut at every NUL, empty ones at the end dropped. The empty text has one empty part, a text of
/// only NULs has none. Lazy, because a long value could hold millions of them.
pub fn parts(value: &str) -> impl Iterator<Item = &str> {
    let trimmed = value.trim_end_matches('\0');
    let none = trimmed.is_empty() && !value.is_empty();
    (!none).then(|| trimmed.split('\0')).into_iter().flatten()
}

/// Replaces a value without a new allocation when it fits.
fn set(slot: &mut Option<String>, value: &str) {
    match slot {
        // A long value must not leave its memory to short ones.
        Some(old) if old.capacity() >= value.len() && old.capacity() <= value.len() + 64 => {
            old.clear();
            old.push_str(value);
        }
        _ => *slot = Some(value.to_owned()),
    }
}

fn number(text: &str) -> Result<i32, BadNumber> {
    text.parse().map_err(|_| BadNumber)
}

impl Widget {
    /// Whether a value of this pin is for this widget (spec 03 §5). WEBHOOK never takes values; a tiles widget takes
    /// those of its tiles.
    pub fn matches(&self, device_id: i32, pin_type: PinType, pin: u8) -> bool {
        match &self.kind {
            Kind::Webhook(_) => false,
            Kind::Tiles(tiles) => tiles.tile_stream(device_id, pin_type, pin).is_some(),
            kind => match (kind.one_pin(), kind.multi_pin()) {
                (Some(own), _) => own.is_same(device_id, pin_type, pin),
                (None, Some((own_device, streams))) => {
                    own_device == device_id && streams.iter().any(|s| s.is_same(pin_type, pin))
                }
                (None, None) => false,
            },
        }
    }

    /// Delivers a value. `Ok(false)`: it is not for this widget.
    ///
    /// Errors: [`BadNumber`] from TABLE (nothing changed) and TIME_INPUT (its text is already the new one).
    pub fn take_value(
        &mut self,
        device_id: i32,
        pin_type: PinType,
        pin: u8,
        value: &str,
        limits: &Limits,
    ) -> Result<bool, BadNumber> {
        if let Kind::Tiles(tiles) = &mut self.kind {
            return Ok(tiles.take_value(device_id, pin_type, pin, value));
        }
        if !self.matches(device_id, pin_type, pin) {
            return Ok(false);
        }
        match &mut self.kind {
            Kind::Terminal(terminal) => match value {
                "clr" => terminal.lines.clear(),
                _ => push_bounded(&mut terminal.lines, value.to_owned(), limits.terminal_lines),
            },
            Kind::Map(map) => match value {
                "clr" => {
                    map.lines.clear();
                    map.pin.value = None;
                }
                _ => {
                    set(&mut map.pin.value, value);
                    push_bounded(&mut map.lines, value.to_owned(), limits.map_lines);
                }
            },
            Kind::Table(table) => table.take_command(value, limits.table_rows)?,
            Kind::Player(player) => {
                match value {
                    "play" => player.is_on_play = true,
                    "stop" => player.is_on_play = false,
                    _ => {}
                }
                set(&mut player.pin.value, value);
            }
            Kind::TimeInput(input) => input.take_value(value)?,
            Kind::Lcd(lcd) => {
                set_streams(&mut lcd.pins, pin_type, pin, value);
                if lcd.advanced_mode {
                    push_bounded(&mut lcd.lines, value.to_owned(), limits.lcd_lines);
                }
            }
            kind => {
                if let Some(own) = kind.one_pin_mut() {
                    set(&mut own.value, value);
                } else if let Some((_, streams)) = kind.multi_pin_mut() {
                    set_streams(streams, pin_type, pin, value);
                }
            }
        }
        Ok(true)
    }
}

fn set_streams(streams: &mut [DataStream], pin_type: PinType, pin: u8, value: &str) {
    for stream in streams.iter_mut().filter(|s| s.is_same(pin_type, pin)) {
        set(&mut stream.value, value);
    }
}

impl DeviceTiles {
    /// The stream of the first tile of this device with this pin.
    pub fn tile_stream(&self, device_id: i32, pin_type: PinType, pin: u8) -> Option<&DataStream> {
        let mut streams = self.tiles.iter().filter(|t| t.device_id == device_id).filter_map(|t| t.pin.as_ref());
        streams.find(|s| s.is_same(pin_type, pin))
    }

    fn take_value(&mut self, device_id: i32, pin_type: PinType, pin: u8, value: &str) -> bool {
        let mut streams = self.tiles.iter_mut().filter(|t| t.device_id == device_id).filter_map(|t| t.pin.as_mut());
        match streams.find(|s| s.is_same(pin_type, pin)) {
            Some(stream) => {
                set(&mut stream.value, value);
                true
            }
            None => false,
        }
    }
}

impl Table {
    fn take_command(&mut self, value: &str, limit: usize) -> Result<(), BadNumber> {
        let parts: Vec<&str> = parts(value).take(4).collect();
        match parts[..] {
            ["clr", ..] => {
                self.rows.clear();
                self.current_row_index = 0;
            }
            ["add", id, name, text] => {
                let id = number(id)?;
                if !self.replace_row(id, name, text) {
                    let row = Row { id, name: Some(name.into()), value: Some(text.into()), is_selected: true };
                    push_bounded(&mut self.rows, row, limit);
                }
            }
            ["update", id, name, text] => {
                self.replace_row(number(id)?, name, text);
            }
            ["pick", index, ..] => self.current_row_index = number(index)?,
            ["select", id, ..] => self.select_row(number(id)?, true),
            ["deselect", id, ..] => self.select_row(number(id)?, false),
            _ => {}
        }
        if !parts.is_empty() {
            set(&mut self.pin.value, value);
        }
        Ok(())
    }

    fn replace_row(&mut self, id: i32, name: &str, value: &str) -> bool {
        match self.rows.iter_mut().find(|row| row.id == id) {
            Some(row) => {
                set(&mut row.name, name);
                set(&mut row.value, value);
                true
            }
            None => false,
        }
    }

    fn select_row(&mut self, id: i32, selected: bool) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.id == id) {
            row.is_selected = selected;
        }
    }
}

impl TimeInput {
    /// `<start>\0<stop>\0<zone>[\0<day,day,..>]`; shorter texts are only remembered.
    fn take_value(&mut self, value: &str) -> Result<(), BadNumber> {
        set(&mut self.pin.value, value);
        let parts: Vec<&str> = parts(value).take(4).collect();
        if let [start, stop, zone, days @ ..] = &parts[..] {
            self.start_at = time_of_day(start)?;
            self.stop_at = time_of_day(stop)?;
            self.tz_name = Zone::parse(zone);
            self.days = match days.first() {
                None | Some(&"") => None,
                Some(days) => Some(days_of(days)?),
            };
        }
        Ok(())
    }
}

/// Numbers between commas; empty ones at the end do not count.
fn days_of(text: &str) -> Result<Vec<i32>, BadNumber> {
    match text.trim_end_matches(',') {
        "" => Ok(Vec::new()),
        text => text.split(',').map(number).collect(),
    }
}

/// Seconds of the day; sunset is -2, sunrise -3, nothing -1.
fn time_of_day(text: &str) -> Result<i32, BadNumber> {
    match text {
        "ss" => Ok(-2),
        "sr" => Ok(-3),
        "" => Ok(-1),
        seconds => number(seconds),
    }
}

impl Dashboard {
    /// The first widget of the project's own list that is bound to this device and pin.
    pub fn widget_of_pin(&self, device_id: i32, pin_type: PinType, pin: u8) -> Option<&Widget> {
        self.widgets.of_pin(pin).find(|w| w.matches(device_id, pin_type, pin))
    }

    /// Delivers a value to all widgets of the pin, in order; `Ok(true)` if there was one.
    ///
    /// Errors: [`BadNumber`]; earlier widgets keep the value, later ones do not get it.
    pub fn deliver(
        &mut self,
        device_id: i32,
        pin_type: PinType,
        pin: u8,
        value: &str,
        limits: &Limits,
    ) -> Result<bool, BadNumber> {
        let mut taken = false;
        self.widgets.each_of_pin(pin, |widget| {
            taken |= widget.take_value(device_id, pin_type, pin, value, limits)?;
            Ok(())
        })?;
        Ok(taken)
    }

    /// Stores a value of a pin (spec 03 §14.1): in the widgets of the pin or, if there is none, in the pin storage.
    /// `device_id` may be a tag's id.
    ///
    /// Errors: [`BadNumber`]; earlier widgets keep the value, nothing else happens.
    #[allow(clippy::too_many_arguments)]
    pub fn store_value(
        &mut self,
        storage: &mut PinStorage,
        device_id: i32,
        pin_type: PinType,
        pin: u8,
        value: &str,
        limits: &Limits,
        now_ms: i64,
    ) -> Result<(), BadNumber> {
        if !self.deliver(device_id, pin_type, pin, value, limits)? {
            let key = PinKey::value(self.id, device_id, pin_type, pin);
            match storage.0.get_mut(&key) {
                Some(stored) => {
                    let limit = match stored {
                        PinValue::Single(_) => 1,
                        PinValue::Multi(kind, _) => limits.of(*kind),
                    };
                    stored.update(value, limit);
                }
                None => {
                    let stored = match self.stored_kind(device_id, pin_type, pin) {
                        Some(kind) => PinValue::Multi(kind, vec![value.to_owned()]),
                        None => PinValue::Single(value.to_owned()),
                    };
                    storage.0.insert(key, stored);
                }
            }
        }
        self.updated_at = now_ms;
        Ok(())
    }

    /// How a new entry of the pin storage remembers: several lines if a terminal, table or LCD on a device selector or
    /// in a tile template shows this pin of this device (spec 03 §6.3).
    fn stored_kind(&self, device_id: i32, pin_type: PinType, pin: u8) -> Option<MultiKind> {
        self.widgets.of_pin(pin).find_map(|widget| match &widget.kind {
            Kind::Tiles(tiles) => {
                let templates = tiles.templates.iter().filter(|t| t.device_ids.contains(&device_id));
                templates.flat_map(|t| &t.widgets).find_map(|w| w.multi_kind(pin_type, pin).map(|(kind, _)| kind))
            }
            _ => {
                let (kind, target) = widget.multi_kind(pin_type, pin)?;
                let selector = (target >= FIRST_SELECTOR_ID).then(|| self.selector(target))??;
                selector.device_ids.contains(&device_id).then_some(kind)
            }
        })
    }

    /// The device selector with this id.
    pub fn selector(&self, id: i32) -> Option<&DeviceSelector> {
        match &self.widget(i64::from(id))?.kind {
            Kind::DeviceSelector(selector) => Some(selector),
            _ => None,
        }
    }
}

impl Widget {
    /// If this is a widget that shows several lines and has this pin: its kind and its target.
    fn multi_kind(&self, pin_type: PinType, pin: u8) -> Option<(MultiKind, i32)> {
        let (kind, own) = match &self.kind {
            Kind::Terminal(terminal) => (MultiKind::Terminal, &terminal.pin),
            Kind::Table(table) => (MultiKind::Table, &table.pin),
            Kind::Lcd(lcd) if lcd.pins.iter().any(|s| s.is_same(pin_type, pin)) => {
                return Some((MultiKind::Lcd, lcd.device_id))
            }
            _ => return None,
        };
        (own.pin == i16::from(pin) && own.pin_type == Some(pin_type)).then_some((kind, own.device_id))
    }
}

impl Profile {
    /// Stores a value of a pin of a project, see [`Dashboard::store_value`]. Nothing happens in an unknown project.
    #[allow(clippy::too_many_arguments)]
    pub fn store_value(
        &mut self,
        dash_id: i32,
        device_id: i32,
        pin_type: PinType,
        pin: u8,
        value: &str,
        limits: &Limits,
        now_ms: i64,
    ) -> Result<(), BadNumber> {
        match self.dashboards.iter_mut().find(|d| d.id == dash_id) {
            Some(dash) => dash.store_value(&mut self.storage, device_id, pin_type, pin, value, limits, now_ms),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

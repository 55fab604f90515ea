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
                Some(days) => Some(days.trim_end_matches(',').split(',').map(number).collect::<Result<_, _>>()?),
            };
        }
        Ok(())
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
        self.widgets.iter().find(|w| w.matches(device_id, pin_type, pin))
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
        for widget in &mut self.widgets {
            taken |= widget.take_value(device_id, pin_type, pin, value, limits)?;
        }
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
        self.widgets.iter().find_map(|widget| match &widget.kind {
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
mod tests {
    use super::*;
    use crate::model::testing::{fixture, text_of};
    use PinType::{Analog, Digital, Virtual};

    fn write(profile: &mut Profile, device: i32, pin_type: PinType, pin: u8, value: &str) -> Result<(), BadNumber> {
        profile.store_value(1, device, pin_type, pin, value, &Limits::default(), 5)
    }

    fn value(profile: &Profile, widget: i64) -> Option<&str> {
        profile.dash(1).unwrap().widget(widget).unwrap().kind.one_pin().unwrap().value.as_deref()
    }

    macro_rules! kind {
        ($profile:expr, $id:expr, $kind:ident) => {
            match &$profile.dash(1).unwrap().widget($id).unwrap().kind {
                Kind::$kind(fields) => fields,
                _ => panic!("widget {} is something else", $id),
            }
        };
    }

    #[test]
    fn parts_end_with_the_last_that_is_not_empty() {
        let all = |text| parts(text).collect::<Vec<_>>();
        assert_eq!(all("a\0b\0\0c\0\0"), ["a", "b", "", "c"]);
        assert_eq!(all(""), [""]);
        assert_eq!(all("\0\0"), [""; 0]);
        assert_eq!(all("\0a"), ["", "a"]);
    }

    #[test]
    fn pin_types_match_as_the_reference_did() {
        let mut profile = fixture();
        write(&mut profile, 0, Digital, 0, "700").unwrap();
        write(&mut profile, 0, Analog, 3, "11").unwrap();
        assert_eq!((value(&profile, 22), value(&profile, 8)), (Some("700"), Some("11")));
        assert_eq!(profile.dash(1).unwrap().updated_at, 5);
        // An analog write is not for a plain digital widget, and webhooks never hold values.
        write(&mut profile, 0, Analog, 1, "9").unwrap();
        write(&mut profile, 0, Virtual, 53, "9").unwrap();
        assert_eq!((value(&profile, 2), value(&profile, 62)), (Some("1"), None));
        assert_eq!(text_of(&profile, "1-0-a1"), ["9"]);
        assert_eq!(text_of(&profile, "1-0-v53"), ["9"]);
    }

    #[test]
    fn a_terminal_remembers_lines_until_clr() {
        let mut profile = fixture();
        for line in ["a", "b b", "clr", "c", "d\0e"] {
            write(&mut profile, 0, Virtual, 13, line).unwrap();
        }
        assert_eq!(kind!(profile, 14, Terminal).lines, ["c", "d\0e"]);
        assert_eq!(value(&profile, 14), None);
        for i in 0..26 {
            write(&mut profile, 0, Virtual, 13, &i.to_string()).unwrap();
        }
        let lines = &kind!(profile, 14, Terminal).lines;
        assert_eq!((lines.len(), lines[0].as_str()), (25, "1"));
    }

    #[test]
    fn an_advanced_lcd_remembers_six_commands() {
        let mut profile = fixture();
        for i in 0..8 {
            write(&mut profile, 0, Virtual, 25, &format!("p\x000\0{i}\0L{i}")).unwrap();
        }
        let lcd = kind!(profile, 26, Lcd);
        assert_eq!((lcd.lines.len(), lcd.lines[0].as_str()), (6, "p\x000\x002\0L2"));
        assert_eq!(lcd.pins[1].value.as_deref(), Some("p\x000\x007\0L7"));
        write(&mut profile, 0, Virtual, 23, "1").unwrap();
        assert!(kind!(profile, 25, Lcd).lines.is_empty());
    }

    #[test]
    fn a_table_understands_its_commands() {
        let mut profile = fixture();
        for command in
            ["update\x001\0Pump\x004", "add\x000\0Gate\0shut", "add\x002\0short", "update\x009\0x\0y", "select\x001"]
        {
            write(&mut profile, 0, Virtual, 31, command).unwrap();
        }
        let rows: Vec<_> = kind!(profile, 33, Table)
            .rows
            .iter()
            .map(|r| (r.id, r.name.as_deref().unwrap(), r.value.as_deref().unwrap(), r.is_selected))
            .collect();
        assert_eq!(rows, [(0, "Gate", "shut", true), (1, "Pump", "4", true)]);
        for bad in ["add\0x\0a\x001", "update\0\0a\x001", "pick\0first", "select\x001.5"] {
            assert_eq!(write(&mut profile, 0, Virtual, 31, bad), Err(BadNumber), "{bad:?}");
            assert_eq!(value(&profile, 33), Some("select\x001"));
        }
        for i in 0..101 {
            write(&mut profile, 0, Virtual, 31, &format!("add\0{}\0n\0v", 10 + i)).unwrap();
        }
        let rows = &kind!(profile, 33, Table).rows;
        assert_eq!((rows.len(), rows[0].id, rows[99].id), (100, 11, 110));
        write(&mut profile, 0, Virtual, 31, "pick\x0077").unwrap();
        assert_eq!(kind!(profile, 33, Table).current_row_index, 77);
        write(&mut profile, 0, Virtual, 31, "clr").unwrap();
        assert!(kind!(profile, 33, Table).rows.is_empty());
        assert_eq!(kind!(profile, 33, Table).current_row_index, 0);
        write(&mut profile, 0, Virtual, 31, "\0").unwrap();
        assert_eq!(value(&profile, 33), Some("clr"));
    }

    #[test]
    fn a_map_remembers_points() {
        let mut profile = fixture();
        for point in ["1\x0050.45\x0030.52\0Kyiv", "2\x0052.5\x0013.4\0Berlin"] {
            write(&mut profile, 0, Virtual, 33, point).unwrap();
        }
        assert_eq!(kind!(profile, 35, Map).lines.len(), 2);
        write(&mut profile, 0, Virtual, 33, "clr").unwrap();
        assert!(kind!(profile, 35, Map).lines.is_empty());
        assert_eq!(value(&profile, 35), None);
    }

    #[test]
    fn player_and_multi_pin_widgets() {
        let mut profile = fixture();
        let playing = |profile: &Profile| kind!(profile, 32, Player).is_on_play;
        for (command, wanted) in [("stop", false), ("next", false), ("play", true), ("prev", true)] {
            write(&mut profile, 0, Virtual, 30, command).unwrap();
            assert_eq!((playing(&profile), value(&profile, 32)), (wanted, Some(command)));
        }
        write(&mut profile, 0, Virtual, 6, "1\x002\x003").unwrap();
        assert!(kind!(profile, 9, Rgb).pins.iter().all(|p| p.value.as_deref() == Some("1\x002\x003")));
        write(&mut profile, 1, Virtual, 8, "5").unwrap();
        let split: Vec<_> = kind!(profile, 10, Rgb).pins.iter().map(|p| p.value.as_deref().unwrap()).collect();
        assert_eq!(split, ["10", "5", "30"]);
    }

    #[test]
    fn a_time_input_takes_its_parts() {
        let mut profile = fixture();
        let cases = [
            ("28800\x0061200\0Europe/Kiev\x001,2,5", 28800, 61200, "Europe/Kiev", Some(vec![1, 2, 5])),
            ("ss\0sr\0UTC", -2, -3, "UTC", None),
            ("\0\0Europe/Paris\x007", -1, -1, "Europe/Paris", Some(vec![7])),
            ("60\x00120", -1, -1, "Europe/Paris", Some(vec![7])),
            ("0\0\0UTC\0", 0, -1, "UTC", None),
        ];
        for (text, start, stop, zone, days) in cases {
            write(&mut profile, 0, Virtual, 17, text).unwrap();
            let input = kind!(profile, 18, TimeInput);
            assert_eq!((input.start_at, input.stop_at, input.tz_name.id()), (start, stop, zone), "{text:?}");
            assert_eq!((&input.days, value(&profile, 18)), (&days, Some(text)));
        }
        assert_eq!(write(&mut profile, 0, Virtual, 17, "8:00\x009\0UTC"), Err(BadNumber));
        assert_eq!(value(&profile, 18), Some("8:00\x009\0UTC"));
    }

    #[test]
    fn the_first_tile_of_the_device_takes_the_value() {
        let mut profile = fixture();
        write(&mut profile, 1, Virtual, 60, "22").unwrap();
        let tiles = kind!(profile, 60, Tiles);
        assert_eq!(tiles.tile_stream(1, Virtual, 60).unwrap().value.as_deref(), Some("22"));
        assert!(text_of(&profile, "1-1-v60").is_empty());
        // Device 0 has no tile with this pin.
        write(&mut profile, 0, Virtual, 60, "1").unwrap();
        assert_eq!(text_of(&profile, "1-0-v60"), ["1"]);
    }

    #[test]
    fn values_without_widget_go_to_the_storage_in_the_kind_of_their_selector_or_template_widget() {
        let mut profile = fixture();
        for value in ["a", "clr"] {
            write(&mut profile, 0, Virtual, 41, value).unwrap(); // TERMINAL on a selector
            write(&mut profile, 0, Virtual, 40, value).unwrap(); // display on a selector
            write(&mut profile, 2, Virtual, 62, value).unwrap(); // TERMINAL in a template of device 2
            write(&mut profile, 0, Virtual, 62, value).unwrap(); // but not of device 0
            write(&mut profile, 0, Virtual, 43, value).unwrap(); // LCD on a selector
        }
        assert_eq!(text_of(&profile, "1-0-v41"), ["a", "clr"]);
        assert_eq!(text_of(&profile, "1-0-v40"), ["clr"]);
        assert_eq!(text_of(&profile, "1-2-v62"), ["a", "clr"]);
        assert_eq!(text_of(&profile, "1-0-v62"), ["clr"]);
        assert_eq!(text_of(&profile, "1-0-v43"), ["p\x000\x000\0Hello", "p\x000\x001\0World", "a", "clr"]);
        for i in 0..9 {
            write(&mut profile, 0, Virtual, 43, &i.to_string()).unwrap();
        }
        assert_eq!(text_of(&profile, "1-0-v43").len(), 6);
        // A device that the selector does not list gets a single value.
        write(&mut profile, 77, Virtual, 41, "a").unwrap();
        write(&mut profile, 77, Virtual, 41, "b").unwrap();
        assert_eq!(text_of(&profile, "1-77-v41"), ["b"]);
        // A tag's own value goes to the widget bound to the tag.
        write(&mut profile, 100_000, Virtual, 45, "0").unwrap();
        assert_eq!(value(&profile, 59), Some("0"));
        assert_eq!(profile.store_value(99, 0, Virtual, 1, "x", &Limits::default(), 5), Ok(()));
    }
}

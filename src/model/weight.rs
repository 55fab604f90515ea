//! How much an account holds, in bytes.

use super::dashboard::Dashboard;
use super::json::{to_string, Audience, Object};
use super::limits::Limits;
use super::pin::PinType;
use super::storage::{PinKey, PinStorage, PinValue};
use super::user::User;
use super::widget::{Kind, Widget};

/// What a new value or object may cost beside its texts.
pub const OVERHEAD: usize = 64;
/// What the first value of a widget or stream costs beside its text.
const NAME: usize = "\"value\":\"\",".len();
/// The command that empties a TERMINAL, MAP or TABLE.
const CLEAR: &str = "clr";

/// What an object weighs in a user file.
pub fn weight(object: &dyn Object) -> usize {
    to_string(object, Audience::Disk).len()
}

/// What a text weighs between its quotes.
pub fn text_weight(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 1,
        0..=0x1f => 5,
        _ => 0,
    });
    text.len() + escapes.sum::<usize>()
}

/// What a value adds to an account when it is stored, and what it takes the place of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Growth {
    /// At least so many bytes more are held than `less` says: never fewer than what really comes.
    pub more: usize,
    /// Never more than what really goes.
    pub less: usize,
}

impl Growth {
    /// In the place of a single value; `new`: what the first one costs beside its text.
    fn replace(&mut self, old: Option<&str>, value: usize, new: usize) {
        self.more += value;
        match old {
            Some(old) if !old.is_empty() => self.less += text_weight(old),
            _ => self.more += new,
        }
    }

    /// At the end of lines.
    fn push(&mut self, lines: &[String], limit: usize, value: usize) {
        self.more += value;
        self.less += lines.first().filter(|_| lines.len() >= limit).map_or(0, String::len);
    }
}

impl Widget {
    /// Adds what a value of a pin that is this widget's makes of it.
    fn add_growth(
        &self,
        growth: &mut Growth,
        (device_id, pin_type, pin): (i32, PinType, u8),
        (value, clears): (usize, bool),
        limits: &Limits,
    ) {
        match &self.kind {
            Kind::Terminal(_) if clears => return growth.less += self.unwritten(),
            Kind::Map(map) if clears => {
                let value = map.pin.value.as_deref().map_or(0, text_weight);
                return growth.less += self.unwritten() + value;
            }
            // The command itself is its new value, as any other would be.
            Kind::Table(table) if clears => growth.less += table.rows.iter().map(|row| weight(row)).sum::<usize>(),
            Kind::Terminal(terminal) => return growth.push(&terminal.lines, limits.terminal_lines, value),
            Kind::Map(map) => growth.push(&map.lines, limits.map_lines, value),
            Kind::Lcd(lcd) if lcd.advanced_mode => growth.push(&lcd.lines, limits.lcd_lines, value),
            // A row. Not every command takes the place of the last value.
            Kind::Table(_) => return growth.more += 2 * (value + OVERHEAD),
            // Times and days: no more than the text says, in other words.
            Kind::TimeInput(_) => growth.more += value + OVERHEAD,
            _ => {}
        }
        let mut replace = |old: &Option<String>| growth.replace(old.as_deref(), value, NAME);
        if let Kind::Tiles(tiles) = &self.kind {
            tiles.tile_stream(device_id, pin_type, pin).into_iter().for_each(|stream| replace(&stream.value));
        } else if let Some(own) = self.kind.one_pin() {
            replace(&own.value);
        } else if let Some((_, streams)) = self.kind.multi_pin() {
            streams.iter().filter(|s| s.is_same(pin_type, pin)).for_each(|stream| replace(&stream.value));
        }
    }

    /// What it holds in memory only.
    fn unwritten(&self) -> usize {
        let lines: &[String] = match &self.kind {
            Kind::Terminal(terminal) => &terminal.lines,
            Kind::Map(map) => &map.lines,
            Kind::Lcd(lcd) => &lcd.lines,
            _ => &[],
        };
        lines.iter().map(String::len).sum()
    }
}

impl Dashboard {
    /// How many places keep a value of this pin: widgets, or else one in the pin storage.
    pub fn keepers(&self, device_id: i32, pin_type: PinType, pin: u8) -> usize {
        self.widgets.of_pin(pin).filter(|widget| widget.matches(device_id, pin_type, pin)).count().max(1)
    }

    /// What [`Dashboard::store_value`] makes of an account.
    pub fn growth(
        &self,
        storage: &PinStorage,
        (device_id, pin_type, pin): (i32, PinType, u8),
        value: &str,
        limits: &Limits,
    ) -> Growth {
        let (mut growth, mut taken, weight) = (Growth::default(), false, text_weight(value));
        let text = (weight, value == CLEAR);
        for widget in self.widgets.of_pin(pin).filter(|widget| widget.matches(device_id, pin_type, pin)) {
            widget.add_growth(&mut growth, (device_id, pin_type, pin), text, limits);
            taken = true;
        }
        if !taken {
            match storage.0.get(&PinKey::value(self.id, device_id, pin_type, pin)) {
                Some(PinValue::Multi(kind, lines)) => {
                    growth.push(lines, limits.of(*kind), weight);
                    // Quotes and a comma.
                    growth.more += 3;
                }
                Some(PinValue::Single(old)) => growth.replace(Some(old), weight, OVERHEAD),
                None => growth.replace(None, weight, OVERHEAD),
            }
        }
        growth
    }
}

impl User {
    /// What it weighs beside the text of its file: lines that widgets keep in memory.
    pub fn unwritten(&self) -> usize {
        self.profile.dashboards.iter().flat_map(|dash| &dash.widgets).map(Widget::unwritten).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::fixture;
    use crate::model::user::Profile;

    #[test]
    fn what_is_kept_in_memory_weighs_too() {
        let mut user = User { profile: fixture(), ..User::default() };
        assert_eq!(weight(&user), user.to_file().len());
        // A terminal on v13.
        user.profile.store_value(1, 0, PinType::Virtual, 13, "0123456789", &Limits::default(), 1).unwrap();
        assert_eq!(user.unwritten(), 10);
        let dash = user.profile.dash(1).unwrap();
        assert_eq!(dash.keepers(0, PinType::Virtual, 13), 1);
        assert_eq!(dash.keepers(0, PinType::Virtual, 200), 1, "the pin storage");
        let twins = Dashboard { widgets: vec![dash.widget(2).unwrap().clone(); 3].into(), ..Dashboard::default() };
        let own = twins.widgets[0].kind.one_pin().unwrap();
        assert_eq!(twins.keepers(0, own.pin_type.unwrap(), own.pin as u8), 3);
    }
    #[test]
    fn growth_is_never_less_than_what_really_comes() {
        let mut user = User { profile: fixture(), ..User::default() };
        let limits = Limits { terminal_lines: 3, map_lines: 2, table_rows: 2, lcd_lines: 2 };
        let total = |user: &User| weight(user) + user.unwritten();
        let (mut held, mut added) = (total(&user), 0);
        let values = [
            "7",
            "a longer text",
            "",
            "1\x002\x00Europe/Berlin\x001,2",
            "add\x001\0n\0v",
            "clr",
            "\"q\"\n",
            "play",
            "\0",
            "x\x001\0UTC",
            "pick\0x",
        ];
        for round in 0..6 {
            for pin in 0..=40 {
                for (n, pin_type) in [PinType::Virtual, PinType::Digital, PinType::Analog].into_iter().enumerate() {
                    let value = values[(round + usize::from(pin) * 3 + n * 5) % values.len()].repeat(1 + round % 2);
                    for device in 0..2 {
                        let Profile { dashboards, storage, .. } = &user.profile;
                        let growth = dashboards[0].growth(storage, (device, pin_type, pin), &value, &limits);
                        let before = total(&user);
                        let stored =
                            user.profile.store_value(1, device, pin_type, pin, &value, &limits, 1_600_000_000_000);
                        let after = total(&user);
                        // What a refused value was to replace stays, as `Hub::store_value` knows.
                        let less = if stored.is_err() { 0 } else { growth.less };
                        held = held + growth.more - less;
                        added += after.saturating_sub(before);
                        assert!(
                            before + growth.more >= after + less,
                            "{pin_type:?} {pin} {value:?}: {before} {after} {growth:?}"
                        );
                    }
                }
            }
        }
        assert!(added > 10_000 && held >= total(&user), "{added} {held} {}", total(&user));
    }

    #[test]
    fn a_value_that_takes_the_place_of_another_adds_the_difference() {
        let limits = Limits::default();
        let mut profile = fixture();
        for (pin, value) in [(200, "12\x003"), (9, "7")] {
            for _ in 0..30 {
                profile.store_value(1, 0, PinType::Virtual, pin, value, &limits, 1).unwrap();
            }
            let growth = profile.dashboards[0].growth(&profile.storage, (0, PinType::Virtual, pin), value, &limits);
            assert_eq!(growth.more, growth.less, "v{pin}");
        }
    }
}

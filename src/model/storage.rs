//! Pin storage: values and properties of pins that no widget holds.

use super::enums::Property;
use super::json::{read_map, Audience, Bad, Cursor, Element, Field, Name, Reading, Writer};
use super::pin::PinType;
use crate::json_enum;
use indexmap::IndexMap;
use serde_json::value::RawValue;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Which value of which pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PinKey {
    pub dash: i32,
    /// A device id, or a tag id for values written to the tag.
    pub device: i32,
    pub pin_type: PinType,
    pub pin: u8,
    /// `None`: the pin's value.
    pub property: Option<Property>,
}

/// In two numbers, since every value that no widget takes is looked up.
impl Hash for PinKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.dash as u32) << 32 | u64::from(self.device as u32));
        let property = self.property.map_or(0, |property| property as u32 + 1);
        state.write_u32(property << 16 | (self.pin_type as u32) << 8 | u32::from(self.pin));
    }
}

impl PinKey {
    /// The key of a pin's value.
    pub fn value(dash: i32, device: i32, pin_type: PinType, pin: u8) -> Self {
        PinKey { dash, device, pin_type, pin, property: None }
    }

    /// `<dash>-<device>-<letter><pin>[-<property>]`. Unknown properties count as `label`, as they always did.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        if parts.len() < 3 {
            return None;
        }
        let letter = parts[2].chars().next()?;
        Some(PinKey {
            dash: parts[0].parse().ok()?,
            device: parts[1].parse().ok()?,
            pin_type: PinType::from_letter(letter)?,
            pin: parts[2][letter.len_utf8()..].parse().ok()?,
            property: (parts.len() == 4).then(|| Property::from_name(parts[3]).unwrap_or_default()),
        })
    }
}

impl fmt::Display for PinKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}{}", self.dash, self.device, self.pin_type.letter(), self.pin)?;
        match self.property {
            Some(property) => write!(f, "-{}", property.name()),
            None => Ok(()),
        }
    }
}

json_enum!(
    /// Which widget's way of remembering several lines.
    MultiKind, default Terminal { Lcd = "LCD", Terminal = "TERMINAL", Table = "TABLE" }
);

/// A stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinValue {
    /// The last value written.
    Single(String),
    /// The last lines written, oldest first.
    Multi(MultiKind, Vec<String>),
}

impl PinValue {
    /// Takes a new value: replaces a single one, appends to lines, of which the newest `limit` stay.
    pub fn update(&mut self, text: &str, limit: usize) {
        match self {
            PinValue::Single(value) => text.clone_into(value),
            PinValue::Multi(_, lines) => {
                while !lines.is_empty() && lines.len() >= limit {
                    lines.remove(0);
                }
                lines.push(text.to_owned());
            }
        }
    }

    /// All values, oldest first.
    pub fn lines(&self) -> &[String] {
        match self {
            PinValue::Single(value) => std::slice::from_ref(value),
            PinValue::Multi(_, lines) => lines,
        }
    }

    fn write_bare(&self, w: &mut Writer) {
        match self {
            PinValue::Single(value) => w.text(value),
            PinValue::Multi(kind, lines) => w.braces('{', '}', |w| {
                kind.write("type", w);
                lines.write("values", w);
            }),
        }
    }

    fn from_raw(raw: &str) -> Result<Option<Self>, String> {
        match raw.as_bytes().first() {
            Some(b'n' | b'[') => Ok(None),
            Some(b'{') => {
                #[derive(serde::Deserialize)]
                struct Lines<'a> {
                    #[serde(rename = "type", default)]
                    kind: String,
                    #[serde(borrow, default)]
                    values: Option<Vec<&'a RawValue>>,
                }
                let lines: Lines<'_> = serde_json::from_str(raw).map_err(|e| e.to_string())?;
                let kind = MultiKind::from_name(&lines.kind).ok_or("unknown kind of stored value")?;
                let values = lines.values.iter().flatten().filter_map(|v| super::json::text(v.get()).ok().flatten());
                Ok(Some(PinValue::Multi(kind, values.map(|v| v.into_owned()).collect())))
            }
            _ => Ok(super::json::text(raw)?.map(|t| PinValue::Single(t.into_owned()))),
        }
    }
}

/// All stored values of a profile, in the order in which they were first stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PinStorage(pub IndexMap<PinKey, PinValue>);

impl PinStorage {
    /// Removes what `unwanted` says, keeping the order of the rest. True if something was removed.
    pub fn remove_if(&mut self, mut unwanted: impl FnMut(&PinKey) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|key, _| !unwanted(key));
        self.0.len() != before
    }
}

/// Values stored inside a dashboard by old servers; keys lack the project id. Only read, then moved to the profile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObsoleteStorage(pub Vec<(ObsoleteKey, PinValue)>);

/// Key of an [`ObsoleteStorage`] entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ObsoleteKey {
    pub device: i32,
    pub pin_type: PinType,
    pub pin: u8,
    pub property: Option<Property>,
}

impl ObsoleteKey {
    /// `<device>-<letter><pin>[-<property>]`; an unparsable pin counts as 0 and loses its property.
    fn parse(text: &str) -> Option<Self> {
        let (minus, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let mut parts = rest.split('-');
        let device = parts.next()?.parse::<i32>().ok()?.checked_mul(minus)?;
        let pin = parts.next()?;
        let letter = pin.chars().next()?;
        let pin_type = PinType::from_letter(letter)?;
        match pin[letter.len_utf8()..].parse() {
            Ok(pin) => {
                let property = parts.next().map(|label| Property::from_name(label).unwrap_or_default());
                Some(ObsoleteKey { device, pin_type, pin, property })
            }
            Err(_) => Some(ObsoleteKey { device, pin_type, pin: 0, property: None }),
        }
    }
}

/// Reads stored values. Bad entries cost only themselves, whoever sent them; a stored file keeps its original.
fn read_entries<K>(
    json: &mut Cursor<'_>,
    cx: &Reading,
    parse: fn(&str) -> Option<K>,
    mut take: impl FnMut(K, PinValue),
) -> Result<(), Bad> {
    read_map(json, cx, &mut |key, raw| {
        match (parse(key), PinValue::from_raw(raw)) {
            (Some(key), Ok(Some(value))) => take(key, value),
            _ => cx.note(format!("stored value {key:?} is not usable")),
        }
        Ok(())
    })
}

impl Field for PinStorage {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        let mut storage = IndexMap::new();
        read_entries(json, cx, PinKey::parse, |key, value| drop(storage.insert(key, value)))?;
        Ok(PinStorage(storage))
    }
    fn write(&self, key: &str, w: &mut Writer) {
        if self.0.is_empty() {
            return;
        }
        w.key(key);
        w.braces('{', '}', |w| {
            // As everywhere, empty texts are left out. Apps see the negative ids of some old files, but the reference could not
            // read an account with such a key.
            let is_shown = w.audience() != Audience::Disk;
            let is_kept = |key: &PinKey, value: &PinValue| {
                let is_readable = is_shown || key.dash >= 0 && key.device >= 0;
                is_readable && !matches!(value, PinValue::Single(v) if v.is_empty())
            };
            for (key, value) in self.0.iter().filter(|(key, value)| is_kept(key, value)) {
                w.foreign_key(&key.to_string());
                value.write_bare(w);
            }
        });
    }
}

impl Field for ObsoleteStorage {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        let mut storage = Vec::new();
        read_entries(json, cx, ObsoleteKey::parse, |key, value| storage.push((key, value)))?;
        Ok(ObsoleteStorage(storage))
    }
    fn write(&self, _: &str, _: &mut Writer) {}
}

/// A map of strings, e.g. push tokens by the app's installation id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StringMap(pub IndexMap<String, String>);

impl Field for StringMap {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        let mut entries = IndexMap::new();
        read_map(json, cx, &mut |key, raw| {
            let text = super::json::text(raw)?.ok_or_else(|| format!("{key:?} has no value"))?;
            entries.insert(key.to_owned(), text.into_owned());
            Ok(())
        })?;
        Ok(StringMap(entries))
    }
    fn write(&self, key: &str, w: &mut Writer) {
        if self.0.is_empty() {
            return;
        }
        w.key(key);
        w.braces('{', '}', |w| {
            for (key, value) in self.0.iter().filter(|(_, value)| !value.is_empty()) {
                w.foreign_key(key);
                value.write_bare(w);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_the_reference_did() {
        let key = PinKey::parse("1-100001-d3").unwrap();
        assert_eq!((key.dash, key.device, key.pin_type, key.pin), (1, 100_001, PinType::Digital, 3));
        assert_eq!(key.to_string(), "1-100001-d3");
        assert_eq!(PinKey::parse("1-0-V24-label").unwrap().to_string(), "1-0-v24-label");
        assert_eq!(PinKey::parse("1-0-v24-nonsense").unwrap().property, Some(Property::Label));
        assert_eq!(PinKey::parse("1-0-v24-label-x").unwrap().property, None);
        for bad in ["", "1", "1-0", "1-0-x1", "1-0-v", "1-0-v256", "-1-0-v1", "a-0-v1"] {
            assert_eq!(PinKey::parse(bad), None, "{bad}");
        }
        let key = ObsoleteKey::parse("3-vxx-label").unwrap();
        assert_eq!((key.device, key.pin, key.property), (3, 0, None));
        assert_eq!(ObsoleteKey::parse("-1-v5").unwrap().device, -1);
    }

    #[test]
    fn lines_are_limited() {
        let mut value = PinValue::Multi(MultiKind::Lcd, vec![]);
        for line in ["a", "b", "c"] {
            value.update(line, 2);
        }
        assert_eq!(value.lines(), ["b", "c"]);
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        use crate::model::User;
        let file = r#"{"email":"a@b.cc","profile":{"dashBoards":[{"id":1,"pinsStorage":{"-1-v5":"x","0-v5":"y"}},
            {"id":-3,"pinsStorage":{"0-v5":"z"}}]}}"#;
        let read = |text: &str| {
            let cx = Reading::forgiving();
            let user = User::from_file(text, User::default(), &cx).unwrap().unwrap();
            assert_eq!(cx.notes(), [""; 0]);
            user
        };
        let user = read(file);
        let shown = crate::model::json::to_string(&user.profile, Audience::Owner);
        assert!(shown.contains(r#""1--1-v5":"x""#), "{shown}");
        let again = read(&user.to_file());
        assert_eq!(again.profile.storage.0.keys().map(ToString::to_string).collect::<Vec<_>>(), ["1-0-v5"]);
    }
}

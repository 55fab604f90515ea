//! The profile JSON codec: one table of fields per object drives both reading and writing.
//!
//! Profiles come from old apps and old servers, so reading is lenient in exactly the ways the reference was (numbers as
//! strings, nulls, ordinals for enums, unknown fields, text after the value); writing leaves out empty strings, arrays
//! and maps and always writes numbers and booleans. The same objects are written for several [`Audience`]s.
//!
//! Tokenising is `serde_json`'s; scalars are taken as raw slices and converted by plain functions ([`scalar`]), which
//! keeps one small reader per object instead of a generated one per field type.

mod number;
mod read;
mod scalar;
mod write;

pub use number::{write_f32, write_f64};
pub use read::{from_str, Error, MapSeed, ObjectSeed, Reading, TaggedSeed};
pub use scalar::{integer, text};
pub use write::{to_string, Audience, Writer};

use serde::de::MapAccess;

/// An object with named fields. Implemented by the [`json_object!`](crate::json_object) table.
pub trait Object: Default {
    /// Takes the value of `key` from `map`. `Ok(false)`: unknown key, nothing consumed.
    fn read_key<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A, cx: &Reading) -> Result<bool, A::Error>;
    /// Writes all fields, in the reference's order, without the braces.
    fn write_keys(&self, w: &mut Writer);
}

/// An object whose shape depends on a discriminator field, which may stand anywhere among its keys.
pub trait Tagged: Object {
    /// The discriminator's name.
    const TAG: &'static str;
    /// The empty object for this discriminator; `None` when it is missing or null. `Err` is the reader's error text.
    fn for_tag(tag: Option<&str>) -> Result<Self, String>;
}

/// A value that can stand in a field.
pub trait Field: Sized {
    /// Reads the next value of `map`.
    fn read<'de, A: MapAccess<'de>>(map: &mut A, cx: &Reading) -> Result<Self, A::Error>;
    /// Writes `"key":value`, or nothing when the value counts as absent.
    fn write(&self, key: &str, w: &mut Writer);
}

/// A value that can stand in an array.
pub trait Element: Sized {
    /// Reads the next element of `seq`; `Ok(None)` at the end of the array.
    fn read_next<'de, S: serde::de::SeqAccess<'de>>(seq: &mut S, cx: &Reading) -> Result<Option<Self>, S::Error>;
    /// Writes the bare value.
    fn write_bare(&self, w: &mut Writer);
}

/// Names an enum's JSON texts in ordinal order.
pub trait Name: Copy + PartialEq + 'static {
    /// All constants with their texts, in the reference's ordinal order.
    const NAMES: &'static [(&'static str, Self)];
    /// The JSON text of this constant.
    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, v)| *v == self).map_or("", |(n, _)| n)
    }
    /// The constant with exactly this text.
    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }
    /// The constant of a text or of a zero-based ordinal written in digits, with or without blanks around it.
    fn from_name_or_ordinal(text: &str) -> Option<Self> {
        let text = text.trim();
        let ordinal = || text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<usize>().ok()).flatten();
        Self::from_name(text).or_else(|| Self::NAMES.get(ordinal()?).map(|(_, v)| *v))
    }
}

/// The table of an object's fields: `"jsonName" rust_field`, followed by `private` where restricted audiences must
/// not see it, or `not_for_guests`. `flatten field;` in front puts another object's fields first.
#[macro_export]
macro_rules! json_object {
    ($type:ty { $(flatten $first:ident;)? $($name:literal $field:ident $($private:ident)?),* $(,)? }) => {
        impl $crate::model::json::Object for $type {
            fn read_key<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
                cx: &$crate::model::json::Reading,
            ) -> Result<bool, A::Error> {
                $(if self.$first.read_key(key, map, cx)? { return Ok(true); })?
                match key {
                    $($name => self.$field = $crate::model::json::Field::read(map, cx)?,)*
                    _ => return Ok(false),
                }
                Ok(true)
            }
            fn write_keys(&self, w: &mut $crate::model::json::Writer) {
                $(self.$first.write_keys(w);)?
                $($crate::json_object!(@write self, w, $name, $field $(, $private)?);)*
            }
        }
    };
    (@write $self:ident, $w:ident, $name:literal, $field:ident) => {
        $crate::model::json::Field::write(&$self.$field, $name, $w);
    };
    (@write $self:ident, $w:ident, $name:literal, $field:ident, private) => {
        if $w.shows_private() {
            $crate::model::json::Field::write(&$self.$field, $name, $w);
        }
    };
    (@write $self:ident, $w:ident, $name:literal, $field:ident, not_for_guests) => {
        if $w.audience() != $crate::model::json::Audience::Guest {
            $crate::model::json::Field::write(&$self.$field, $name, $w);
        }
    };
}

/// Declares an enum with its JSON texts in ordinal order; the first constant listed with `default` is the default.
#[macro_export]
macro_rules! json_enum {
    ($(#[$doc:meta])* $name:ident, default $default:ident { $($(#[$vdoc:meta])* $constant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum $name { $($(#[$vdoc])* $constant),* }
        impl Default for $name {
            fn default() -> Self { $name::$default }
        }
        impl $crate::model::json::Name for $name {
            const NAMES: &'static [(&'static str, Self)] = &[$(($text, $name::$constant)),*];
        }
        impl $crate::model::json::Field for $name {
            fn read<'de, A: serde::de::MapAccess<'de>>(map: &mut A, cx: &$crate::model::json::Reading) -> Result<Self, A::Error> {
                Ok($crate::model::json::read_name(map, cx)?.unwrap_or_default())
            }
            fn write(&self, key: &str, w: &mut $crate::model::json::Writer) {
                w.key(key);
                w.text($crate::model::json::Name::name(*self));
            }
        }
        impl $crate::model::json::Field for Option<$name> {
            fn read<'de, A: serde::de::MapAccess<'de>>(map: &mut A, cx: &$crate::model::json::Reading) -> Result<Self, A::Error> {
                $crate::model::json::read_name(map, cx)
            }
            fn write(&self, key: &str, w: &mut $crate::model::json::Writer) {
                if let Some(value) = self {
                    $crate::model::json::Field::write(value, key, w);
                }
            }
        }
        impl $crate::model::json::Element for $name {
            fn read_next<'de, S: serde::de::SeqAccess<'de>>(seq: &mut S, cx: &$crate::model::json::Reading) -> Result<Option<Self>, S::Error> {
                $crate::model::json::next_name(seq, cx)
            }
            fn write_bare(&self, w: &mut $crate::model::json::Writer) {
                w.text($crate::model::json::Name::name(*self));
            }
        }
    };
}

pub use read::{next_name, read_name};

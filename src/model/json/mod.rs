//! The profile JSON codec: one table of fields per object drives both reading and writing.
//!
//! Profiles come from old apps and old servers, so reading is lenient in exactly the ways the reference was (numbers as
//! strings, nulls, ordinals for enums, unknown fields, text after the value); writing leaves out empty strings, arrays
//! and maps and always writes numbers and booleans. The same objects are written for several [`Audience`]s.
//!
//! A [`Cursor`] walks over the text; scalars are taken as raw slices and converted by plain functions ([`scalar`]), which
//! keeps one small reader per object instead of a generated one per field type. `serde_json` remains for what is rare:
//! escapes and the words of errors.

mod cursor;
mod number;
mod read;
mod scalar;
mod write;

pub use cursor::{Bad, Cursor, Key};
pub use number::{write_f32, write_f64};
pub use read::{from_str, read_array, read_map, read_name, Error, ObjectSeed, Reading, Seed, TaggedSeed};
pub use scalar::{integer, text};
pub use write::{to_string, Audience, Writer};

/// An object with named fields. Implemented by the [`json_object!`](crate::json_object) table.
pub trait Object {
    /// Takes the value of `key`. `Ok(false)`: unknown key, nothing consumed.
    fn read_key(&mut self, key: Key<'_>, json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad>;
    /// Writes all fields, in the reference's order, without the braces.
    fn write_keys(&self, w: &mut Writer);
}

/// An object whose shape depends on a discriminator field, which may stand anywhere among its keys.
pub trait Tagged: Object + Sized {
    /// The discriminator's name.
    const TAG: &'static str;
    /// The empty object for this discriminator; `None` when it is missing or null. `Err` is the reader's error text.
    fn for_tag(tag: Option<&str>) -> Result<Self, String>;
}

/// A value that can stand in a field.
pub trait Field: Sized {
    /// Reads the next value.
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad>;
    /// Writes `"key":value`, or nothing when the value counts as absent.
    fn write(&self, key: &str, w: &mut Writer);
}

/// A value that can stand in an array.
pub trait Element: Sized {
    /// Reads the next element; `Ok(None)`: it is left out.
    fn read_element(json: &mut Cursor<'_>, cx: &Reading) -> Result<Option<Self>, Bad>;
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
        Self::NAMES.iter().find(|(n, _)| n.len() == name.len() && *n == name).map(|(_, v)| *v)
    }
    /// The constant of a text or of a zero-based ordinal written in digits, with or without blanks around it.
    fn from_name_or_ordinal(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::from_name(text).or_else(|| Self::NAMES.get(ordinal(text)?).map(|(_, v)| *v))
    }
}

/// A constant's place in its enum, which is written in digits only.
pub fn ordinal(text: &str) -> Option<usize> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Takes the value of a key into the field of this name, if there is one. Numbers are compared, not texts: a key of a profile is
/// looked for in several tables.
#[macro_export]
macro_rules! json_keys {
    ($self:ident, $key:ident, $json:ident, $cx:ident: $($name:literal $field:ident),*) => {{
        $(const $field: u32 = $crate::model::json::Key::of($name).code;)*
        match $key.code {
            $($field if $key.text == $name => {
                $self.$field = $crate::model::json::Field::read($json, $cx)?;
                true
            })*
            _ => false,
        }
    }};
}

/// The table of an object's fields: `"jsonName" rust_field`, followed by `private` where restricted audiences must
/// not see it, or `not_for_guests`. `flatten field;` in front puts another object's fields first.
#[macro_export]
macro_rules! json_object {
    ($type:ty { $(flatten $first:ident;)? $($name:literal $field:ident $($private:ident)?),* $(,)? }) => {
        impl $crate::model::json::Object for $type {
            #[allow(non_upper_case_globals)] // constants named as the fields
            fn read_key(
                &mut self,
                key: $crate::model::json::Key<'_>,
                json: &mut $crate::model::json::Cursor<'_>,
                cx: &$crate::model::json::Reading,
            ) -> Result<bool, $crate::model::json::Bad> {
                $(if self.$first.read_key(key, json, cx)? { return Ok(true); })?
                Ok($crate::json_keys!(self, key, json, cx: $($name $field),*))
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
            fn read(json: &mut $crate::model::json::Cursor<'_>, cx: &$crate::model::json::Reading) -> Result<Self, $crate::model::json::Bad> {
                Ok($crate::model::json::read_name(json, cx)?.unwrap_or_default())
            }
            fn write(&self, key: &str, w: &mut $crate::model::json::Writer) {
                w.key(key);
                w.text($crate::model::json::Name::name(*self));
            }
        }
        impl $crate::model::json::Field for Option<$name> {
            fn read(json: &mut $crate::model::json::Cursor<'_>, cx: &$crate::model::json::Reading) -> Result<Self, $crate::model::json::Bad> {
                $crate::model::json::read_name(json, cx)
            }
            fn write(&self, key: &str, w: &mut $crate::model::json::Writer) {
                if let Some(value) = self {
                    $crate::model::json::Field::write(value, key, w);
                }
            }
        }
        impl $crate::model::json::Element for $name {
            fn read_element(json: &mut $crate::model::json::Cursor<'_>, cx: &$crate::model::json::Reading) -> Result<Option<Self>, $crate::model::json::Bad> {
                // Nulls and, in forgiving readings, unknown ones are left out.
                $crate::model::json::read_name(json, cx)
            }
            fn write_bare(&self, w: &mut $crate::model::json::Writer) {
                w.text($crate::model::json::Name::name(*self));
            }
        }
    };
}

//! Reading: visitors that turn `serde_json`'s tokens into objects, with the reference's leniency.

use super::{Element, Name, Object, Tagged};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;

/// Why a JSON text was refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(#[from] serde_json::Error);

impl Error {
    /// The text ends too early, as a cut file does.
    pub fn is_cut_off(&self) -> bool {
        self.0.is_eof()
    }
}

/// How to treat single bad values, and what was found wrong.
#[derive(Debug, Default)]
pub struct Reading {
    /// A stored file: a single bad value is replaced by its default and noted, so that one of them does not cost a
    /// user the account. Otherwise the first bad value refuses the whole document.
    forgiving: bool,
    notes: RefCell<Vec<String>>,
    /// How many texts with a late discriminator enclose the one being read.
    rebuilt: Cell<u8>,
}

/// More nested late discriminators than this are refused: each costs a copy of its text and some stack. Real profiles
/// need three (tiles, template, widget).
const REBUILT_MAX: u8 = 8;

/// More notes than this are not kept for one document.
const NOTES_MAX: usize = 20;

impl Reading {
    /// Refuses the document at its first bad value: for requests.
    pub fn strict() -> Self {
        Reading::default()
    }

    /// Replaces bad values by their defaults and notes them: for stored files.
    pub fn forgiving() -> Self {
        Reading { forgiving: true, ..Reading::default() }
    }

    /// What was replaced, in reading order.
    pub fn notes(self) -> Vec<String> {
        self.notes.into_inner()
    }

    /// Whether something was replaced or dropped, so that the original must be kept.
    pub fn is_damaged(&self) -> bool {
        !self.notes.borrow().is_empty()
    }

    /// Notes a bad value, or refuses the document.
    pub fn complain<E: de::Error>(&self, problem: String) -> Result<(), E> {
        if !self.forgiving {
            return Err(E::custom(problem));
        }
        self.note(problem);
        Ok(())
    }

    /// Notes something that was left out.
    pub fn note(&self, problem: String) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < NOTES_MAX {
            notes.push(problem);
        }
    }

    /// Reads the next value of an object by its raw text.
    pub fn scalar<'de, A: MapAccess<'de>, T: Default>(
        &self,
        map: &mut A,
        convert: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, A::Error> {
        let raw: &'de RawValue = map.next_value()?;
        self.converted(raw, convert)
    }

    /// Reads the next element of an array by its raw text.
    pub fn element<'de, S: SeqAccess<'de>, T: Default>(
        &self,
        seq: &mut S,
        convert: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, S::Error> {
        match seq.next_element::<&'de RawValue>()? {
            Some(raw) => self.converted(raw, convert).map(Some),
            None => Ok(None),
        }
    }

    fn converted<T: Default, E: de::Error>(
        &self,
        raw: &RawValue,
        convert: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, E> {
        match convert(raw.get()) {
            Ok(value) => Ok(value),
            Err(problem) => self.complain(problem).map(|()| T::default()),
        }
    }
}

/// Reads the first JSON value of `text`; what follows it is ignored, as the reference did. `Ok(None)`: the value is null.
pub fn from_str<'t, T>(text: &'t str, seed: impl DeserializeSeed<'t, Value = Option<T>>) -> Result<Option<T>, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
    Ok(seed.deserialize(&mut deserializer)?)
}

/// Reads an enum constant by name or ordinal; null is `None`.
pub fn read_name<'de, A: MapAccess<'de>, T: Name>(map: &mut A, cx: &Reading) -> Result<Option<T>, A::Error> {
    cx.scalar(map, constant)
}

/// Reads the next enum constant of an array; nulls and (in forgiving readings) unknown ones are left out.
pub fn next_name<'de, S: SeqAccess<'de>, T: Name>(seq: &mut S, cx: &Reading) -> Result<Option<T>, S::Error> {
    loop {
        match cx.element(seq, constant)? {
            Some(Some(value)) => return Ok(Some(value)),
            Some(None) => continue,
            None => return Ok(None),
        }
    }
}

fn constant<T: Name>(raw: &str) -> Result<Option<T>, String> {
    match super::scalar::text(raw)? {
        None => Ok(None),
        Some(text) => {
            T::from_name_or_ordinal(&text).map(Some).ok_or_else(|| format!("{raw} is not one of the known constants"))
        }
    }
}

/// Reads `T` or null.
pub struct ObjectSeed<'c, T>(&'c Reading, T);

impl<'c, T: Default> ObjectSeed<'c, T> {
    /// A seed that reads in this way.
    pub fn new(cx: &'c Reading) -> Self {
        ObjectSeed(cx, T::default())
    }

    /// As [`ObjectSeed::new`]; the values of `defaults` stand for missing fields.
    pub fn over(cx: &'c Reading, defaults: T) -> Self {
        ObjectSeed(cx, defaults)
    }
}

impl<'de, T: Object> DeserializeSeed<'de> for ObjectSeed<'_, T> {
    type Value = Option<T>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_any(self)
    }
}

/// What is not the expected object or array: null is nothing, the rest is bad.
macro_rules! other_kinds {
    ($expected:literal, $none:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str($expected)
        }
        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok($none)
        }
        fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
            self.0.complain(concat!($expected, " is expected").into()).map(|()| $none)
        }
        fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
            self.visit_bool(false)
        }
        fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
            self.visit_bool(false)
        }
        fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
            self.visit_bool(false)
        }
        fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
            self.visit_bool(false)
        }
    };
}

/// As [`other_kinds`], of what is not the expected object.
macro_rules! no_object {
    ($none:expr) => {
        other_kinds!("an object", $none);
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            self.0.complain("an object is expected".into())?;
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok($none)
        }
    };
}

impl<'de, T: Object> Visitor<'de> for ObjectSeed<'_, T> {
    type Value = Option<T>;
    no_object!(None);

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        while let Some(key) = next_key(&mut map)? {
            read_or_skip(&mut self.1, &key, &mut map, self.0)?;
        }
        Ok(Some(self.1))
    }
}

fn next_key<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    struct Key;
    impl<'de> DeserializeSeed<'de> for Key {
        type Value = Cow<'de, str>;
        fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
            d.deserialize_str(self)
        }
    }
    impl<'de> Visitor<'de> for Key {
        type Value = Cow<'de, str>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a key")
        }
        fn visit_borrowed_str<E: de::Error>(self, v: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(v))
        }
        fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(v.to_owned()))
        }
    }
    map.next_key_seed(Key)
}

fn read_or_skip<'de, T: Object, A: MapAccess<'de>>(
    object: &mut T,
    key: &str,
    map: &mut A,
    cx: &Reading,
) -> Result<(), A::Error> {
    if !object.read_key(key, map, cx)? {
        map.next_value::<IgnoredAny>()?;
    }
    Ok(())
}

/// Reads a [`Tagged`] object or null. In forgiving readings an object with a bad discriminator is dropped.
pub struct TaggedSeed<'c, T>(&'c Reading, PhantomData<T>);

impl<'c, T> TaggedSeed<'c, T> {
    /// A seed that reads in this way.
    pub fn new(cx: &'c Reading) -> Self {
        TaggedSeed(cx, PhantomData)
    }
}

impl<'de, T: Tagged> DeserializeSeed<'de> for TaggedSeed<'_, T> {
    type Value = Option<T>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de, T: Tagged> Visitor<'de> for TaggedSeed<'_, T> {
    type Value = Option<T>;
    no_object!(None);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let cx = self.0;
        let first = next_key(&mut map)?;
        if first.as_deref() == Some(T::TAG) {
            let raw: &'de RawValue = map.next_value()?;
            let tag = match super::scalar::text(raw.get()) {
                Ok(tag) => tag,
                Err(problem) => {
                    cx.complain(problem)?;
                    None
                }
            };
            let mut object = match T::for_tag(tag.as_deref()) {
                Ok(object) => object,
                Err(problem) => {
                    cx.complain(problem)?;
                    while next_key(&mut map)?.is_some() {
                        map.next_value::<IgnoredAny>()?;
                    }
                    return Ok(None);
                }
            };
            while let Some(key) = next_key(&mut map)? {
                read_or_skip(&mut object, &key, &mut map, cx)?;
            }
            return Ok(Some(object));
        }
        // The discriminator comes later or never: put it in front and read the text again.
        let mut tag = "null";
        let mut rest = String::new();
        let mut key = first;
        while let Some(name) = key {
            let raw: &'de RawValue = map.next_value()?;
            if name == T::TAG {
                tag = raw.get();
            } else {
                rest.push(',');
                rest.push_str(&serde_json::to_string(&name).map_err(de::Error::custom)?);
                rest.push(':');
                rest.push_str(raw.get());
            }
            key = next_key(&mut map)?;
        }
        let text = format!("{{\"{}\":{tag}{rest}}}", T::TAG);
        if cx.rebuilt.get() >= REBUILT_MAX {
            return Err(de::Error::custom("objects are nested too deeply"));
        }
        cx.rebuilt.set(cx.rebuilt.get() + 1);
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let object = TaggedSeed::<T>::new(cx).deserialize(&mut deserializer).map_err(de::Error::custom);
        cx.rebuilt.set(cx.rebuilt.get() - 1);
        object
    }
}

/// Takes an entry of a map: key and raw value. `Err`: what is wrong with it.
pub type TakeEntry<'c> = &'c mut dyn FnMut(&str, &str) -> Result<(), String>;

/// Reads an object whose keys are data, entry by entry; null is an empty one.
pub struct MapSeed<'c>(pub &'c Reading, pub TakeEntry<'c>);

impl<'de> DeserializeSeed<'de> for MapSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MapSeed<'_> {
    type Value = ();
    no_object!(());

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = next_key(&mut map)? {
            let raw: &'de RawValue = map.next_value()?;
            if let Err(problem) = (self.1)(&key, raw.get()) {
                self.0.complain(problem)?;
            }
        }
        Ok(())
    }
}

/// Reads an array; null is an empty one.
pub struct ArraySeed<'c, T>(&'c Reading, PhantomData<T>);

impl<'c, T> ArraySeed<'c, T> {
    /// A seed that reads in this way.
    pub fn new(cx: &'c Reading) -> Self {
        ArraySeed(cx, PhantomData)
    }
}

impl<'de, T: Element> DeserializeSeed<'de> for ArraySeed<'_, T> {
    type Value = Vec<T>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de, T: Element> Visitor<'de> for ArraySeed<'_, T> {
    type Value = Vec<T>;
    other_kinds!("an array", Vec::new());

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = T::read_next(&mut seq, self.0)? {
            elements.push(element);
        }
        elements.shrink_to_fit();
        Ok(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        self.0.complain("an array is expected".into())?;
        while next_key(&mut map)?.is_some() {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(Vec::new())
    }
}

/// Makes an [`Object`] usable as a field (nullable) and as an array element.
#[macro_export]
macro_rules! json_nested {
    ($seed:ident: $($type:ty),* $(,)?) => { $(
        impl $crate::model::json::Field for Option<$type> {
            fn read<'de, A: serde::de::MapAccess<'de>>(map: &mut A, cx: &$crate::model::json::Reading) -> Result<Self, A::Error> {
                map.next_value_seed($crate::model::json::$seed::<$type>::new(cx))
            }
            fn write(&self, key: &str, w: &mut $crate::model::json::Writer) {
                if let Some(object) = self {
                    w.key(key);
                    w.object(object);
                }
            }
        }
        impl $crate::model::json::Element for $type {
            fn read_next<'de, S: serde::de::SeqAccess<'de>>(seq: &mut S, cx: &$crate::model::json::Reading) -> Result<Option<Self>, S::Error> {
                // Null elements and, in forgiving readings, unreadable ones are left out.
                loop {
                    match seq.next_element_seed($crate::model::json::$seed::<$type>::new(cx))? {
                        Some(Some(object)) => return Ok(Some(object)),
                        Some(None) => continue,
                        None => return Ok(None),
                    }
                }
            }
            fn write_bare(&self, w: &mut $crate::model::json::Writer) {
                w.object(self);
            }
        }
    )* };
}

/// Reads an array; null is `None`.
pub struct OptionalArraySeed<'c, T>(pub ArraySeed<'c, T>);

impl<'de, T: Element> DeserializeSeed<'de> for OptionalArraySeed<'_, T> {
    type Value = Option<Vec<T>>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_option(self)
    }
}

impl<'de, T: Element> Visitor<'de> for OptionalArraySeed<'_, T> {
    type Value = Option<Vec<T>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }
    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(d).map(Some)
    }
}

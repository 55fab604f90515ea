//! Reading: what stands at a [`Cursor`] becomes objects, with the reference's leniency.

use super::cursor::{Bad, Cursor, Key};
use super::{Element, Name, Object, Tagged};
use serde::de::{Deserialize, IgnoredAny};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;

/// Why a JSON text was refused.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Error {
    reason: String,
}

impl Error {
    fn new(bad: Bad, text: &str, at: usize) -> Self {
        let reason = match bad {
            Bad::Refused(reason) => {
                let before = text.get(..at).unwrap_or_default();
                let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
                format!("{reason} at line {} column {column}", before.matches('\n').count() + 1)
            }
            // This happens once: serde_json says best what it is.
            _ => match IgnoredAny::deserialize(&mut serde_json::Deserializer::from_str(text)) {
                Err(error) => error.to_string(),
                Ok(_) => "an object is nested too deeply, or a key is no text".to_owned(),
            },
        };
        Error { reason }
    }
}

/// How to treat single bad values, and what was found wrong.
#[derive(Debug, Default)]
pub struct Reading {
    /// A stored file: a single bad value is replaced by its default and noted, so that one of them does not cost a
    /// user the account. Otherwise the first bad value refuses the whole document.
    forgiving: bool,
    notes: RefCell<Vec<String>>,
    /// How many objects with a late discriminator enclose the one being read.
    late: Cell<u8>,
}

/// More nested late discriminators than this are refused: each costs another walk over its text. Real profiles need three
/// (tiles, template, widget).
const LATE_MAX: u8 = 8;

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
    pub fn complain(&self, problem: String) -> Result<(), Bad> {
        if !self.forgiving {
            return Err(Bad::Refused(problem));
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

    /// Reads the next value by its raw text.
    pub fn scalar<T: Default>(
        &self,
        json: &mut Cursor<'_>,
        convert: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Bad> {
        match convert(json.raw()?) {
            Ok(value) => Ok(value),
            Err(problem) => self.complain(problem).map(|()| T::default()),
        }
    }
}

/// How to read a whole text.
pub trait Seed<T> {
    /// Reads the value at the cursor; `Ok(None)` when it is null.
    fn read(self, json: &mut Cursor<'_>) -> Result<Option<T>, Bad>;
}

/// Reads the first JSON value of `text`; what follows it is ignored, as the reference did. `Ok(None)`: the value is null.
pub fn from_str<T>(text: &str, seed: impl Seed<T>) -> Result<Option<T>, Error> {
    let mut json = Cursor::new(text);
    seed.read(&mut json).map_err(|bad| Error::new(bad, text, json.at()))
}

/// Reads an enum constant by name or ordinal; null is `None`.
pub fn read_name<T: Name>(json: &mut Cursor<'_>, cx: &Reading) -> Result<Option<T>, Bad> {
    cx.scalar(json, constant)
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

impl<'c, T: Object + Default> ObjectSeed<'c, T> {
    /// A seed that reads in this way.
    pub fn new(cx: &'c Reading) -> Self {
        ObjectSeed(cx, T::default())
    }

    /// As [`ObjectSeed::new`]; the values of `defaults` stand for missing fields.
    pub fn over(cx: &'c Reading, defaults: T) -> Self {
        ObjectSeed(cx, defaults)
    }
}

impl<T: Object> Seed<T> for ObjectSeed<'_, T> {
    fn read(mut self, json: &mut Cursor<'_>) -> Result<Option<T>, Bad> {
        if !enter_object(json, self.0)? {
            return Ok(None);
        }
        read_entries(json, self.0, &mut self.1, true, None)?;
        Ok(Some(self.1))
    }
}

/// Into the next value if it is an object. Otherwise behind it: null is nothing, the rest is bad.
fn enter_object(json: &mut Cursor<'_>, cx: &Reading) -> Result<bool, Bad> {
    if json.peek()? == b'{' {
        return json.enter().map(|()| true);
    }
    skip_other(json, cx, "an object").map(|()| false)
}

/// Goes behind a value that is not the expected object or array: null is nothing, the rest is bad.
fn skip_other(json: &mut Cursor<'_>, cx: &Reading, expected: &str) -> Result<(), Bad> {
    let raw = json.raw()?;
    if raw == "null" {
        return Ok(());
    }
    if super::scalar::string_literal(raw).is_err() || raw.parse::<f64>().is_ok_and(f64::is_infinite) {
        return Err(Bad::Syntax);
    }
    cx.complain(format!("{expected} is expected"))
}

/// Reads the entries of an object that the cursor is in, behind a value unless `first`. Those named `except` are left out.
fn read_entries(
    json: &mut Cursor<'_>,
    cx: &Reading,
    object: &mut dyn Object,
    mut first: bool,
    except: Option<&str>,
) -> Result<(), Bad> {
    while let Some(key) = json.key(first)? {
        first = false;
        let key = Key::of(&key);
        if except == Some(key.text) || !object.read_key(key, json, cx)? {
            json.skip()?;
        }
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

impl<T: Tagged> Seed<T> for TaggedSeed<'_, T> {
    fn read(self, json: &mut Cursor<'_>) -> Result<Option<T>, Bad> {
        let cx = self.0;
        if !enter_object(json, cx)? {
            return Ok(None);
        }
        let (tag, late) = find_tag(json, T::TAG)?;
        if late && cx.late.get() >= LATE_MAX {
            return Err(Bad::Refused("objects are nested too deeply".to_owned()));
        }
        let tag = match super::scalar::text(tag) {
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
                return read_entries(json, cx, &mut Nothing, late, None).map(|()| None);
            }
        };
        cx.late.set(cx.late.get() + u8::from(late));
        let read = read_entries(json, cx, &mut object, late, late.then_some(T::TAG));
        cx.late.set(cx.late.get() - u8::from(late));
        read.map(|()| Some(object))
    }
}

/// The discriminator's text of an object that has been entered, and whether it comes late or never: then the cursor stays in
/// front of the first entry, otherwise it is behind the discriminator. It is the first one that is no null, array or object.
fn find_tag<'t>(json: &mut Cursor<'t>, name: &str) -> Result<(&'t str, bool), Bad> {
    let start = json.clone();
    let mut key = json.key(true)?;
    let mut late = false;
    while let Some(found) = key {
        let raw = json.raw()?;
        if found == name && !raw.starts_with(['n', '[', '{']) {
            if late {
                *json = start;
            }
            return Ok((raw, late));
        }
        late = true;
        key = json.key(false)?;
    }
    *json = start;
    Ok(("null", true))
}

/// An object of which nothing is kept.
struct Nothing;

impl Object for Nothing {
    fn read_key(&mut self, _: Key<'_>, _: &mut Cursor<'_>, _: &Reading) -> Result<bool, Bad> {
        Ok(false)
    }
    fn write_keys(&self, _: &mut super::Writer) {}
}

/// Takes an entry of a map: key and raw value. `Err`: what is wrong with it.
pub type TakeEntry<'c> = &'c mut dyn FnMut(&str, &str) -> Result<(), String>;

/// Reads an object whose keys are data, entry by entry; null is an empty one.
pub fn read_map(json: &mut Cursor<'_>, cx: &Reading, take: TakeEntry<'_>) -> Result<(), Bad> {
    if !enter_object(json, cx)? {
        return Ok(());
    }
    let mut first = true;
    while let Some(key) = json.key(first)? {
        first = false;
        if let Err(problem) = take(&key, json.raw()?) {
            cx.complain(problem)?;
        }
    }
    Ok(())
}

/// Reads an array; null is an empty one.
pub fn read_array<T: Element>(json: &mut Cursor<'_>, cx: &Reading) -> Result<Vec<T>, Bad> {
    let mut elements = Vec::new();
    if json.peek()? != b'[' {
        return skip_other(json, cx, "an array").map(|()| elements);
    }
    json.enter()?;
    let mut first = true;
    while json.more(first)? {
        first = false;
        elements.extend(T::read_element(json, cx)?);
    }
    elements.shrink_to_fit();
    Ok(elements)
}

/// Makes an [`Object`] usable as a field (nullable) and as an array element.
#[macro_export]
macro_rules! json_nested {
    ($seed:ident: $($type:ty),* $(,)?) => { $(
        impl $crate::model::json::Field for Option<$type> {
            fn read(json: &mut $crate::model::json::Cursor<'_>, cx: &$crate::model::json::Reading) -> Result<Self, $crate::model::json::Bad> {
                $crate::model::json::Seed::read($crate::model::json::$seed::<$type>::new(cx), json)
            }
            fn write(&self, key: &str, w: &mut $crate::model::json::Writer) {
                if let Some(object) = self {
                    w.key(key);
                    w.object(object);
                }
            }
        }
        impl $crate::model::json::Element for $type {
            // Null elements and, in forgiving readings, unreadable ones are left out.
            fn read_element(json: &mut $crate::model::json::Cursor<'_>, cx: &$crate::model::json::Reading) -> Result<Option<Self>, $crate::model::json::Bad> {
                $crate::model::json::Field::read(json, cx)
            }
            fn write_bare(&self, w: &mut $crate::model::json::Writer) {
                w.object(self);
            }
        }
    )* };
}

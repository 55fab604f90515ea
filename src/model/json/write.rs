//! Writing: compact JSON in the reference's form.

use super::cursor::{Bad, Cursor};
use super::{read_array, Element, Field, Object, Reading};
use std::fmt::Write as _;

/// Who will read the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The user file and its backup: everything, unknown widgets verbatim.
    Disk,
    /// The owner's apps: everything that the app protocol knows.
    Owner,
    /// Clones, previews and REST: without tokens, secrets, states and stored values.
    Restricted,
    /// Guests of a shared project: as restricted, and without the headers and bodies of webhooks.
    Guest,
}

/// Builds one JSON text.
#[derive(Debug)]
pub struct Writer {
    out: String,
    audience: Audience,
}

impl Writer {
    /// An empty text for this audience.
    pub fn new(audience: Audience) -> Self {
        Writer { out: String::new(), audience }
    }

    /// Goes on behind a text.
    pub fn onto(out: String, audience: Audience) -> Self {
        Writer { out, audience }
    }

    /// The finished text.
    pub fn finish(self) -> String {
        self.out
    }

    /// Whether private fields are written.
    pub fn shows_private(&self) -> bool {
        !matches!(self.audience, Audience::Restricted | Audience::Guest)
    }

    /// Who will read the text.
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// A comma if something stands before in the same object or array.
    pub fn separate(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(',');
        }
    }

    /// `"key":`, with a comma in front where needed. Keys are ours: they need no escaping.
    pub fn key(&mut self, key: &str) {
        self.separate();
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
    }

    /// `"key":` for a key that came from outside.
    pub fn foreign_key(&mut self, key: &str) {
        self.separate();
        self.text(key);
        self.out.push(':');
    }

    /// A quoted and escaped string.
    pub fn text(&mut self, text: &str) {
        self.out.push('"');
        let mut start = 0;
        for (i, b) in text.bytes().enumerate() {
            let escape = match b {
                b'"' => "\\\"",
                b'\\' => "\\\\",
                b'\n' => "\\n",
                b'\r' => "\\r",
                b'\t' => "\\t",
                8 => "\\b",
                12 => "\\f",
                0..=0x1f => "",
                _ => continue,
            };
            self.out.push_str(&text[start..i]);
            if escape.is_empty() {
                let _ = write!(self.out, "\\u{b:04X}");
            } else {
                self.out.push_str(escape);
            }
            start = i + 1;
        }
        self.out.push_str(&text[start..]);
        self.out.push('"');
    }

    /// Text that is JSON already.
    pub fn raw(&mut self, json: &str) {
        self.out.push_str(json);
    }

    /// An integer.
    pub fn integer(&mut self, n: i64) {
        let _ = write!(self.out, "{n}");
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, b: bool) {
        self.out.push_str(if b { "true" } else { "false" });
    }

    /// An object in braces.
    pub fn object(&mut self, object: &dyn Object) {
        self.braces('{', '}', |w| object.write_keys(w));
    }

    /// Something between two delimiters.
    pub fn braces(&mut self, open: char, close: char, inside: impl FnOnce(&mut Self)) {
        self.out.push(open);
        inside(self);
        self.out.push(close);
    }

    /// An array.
    pub fn array<T: Element>(&mut self, elements: &[T]) {
        self.braces('[', ']', |w| {
            for element in elements {
                w.separate();
                element.write_bare(w);
            }
        });
    }
}

/// An object as JSON text.
pub fn to_string(object: &dyn Object, audience: Audience) -> String {
    let mut w = Writer::new(audience);
    w.object(object);
    w.finish()
}

macro_rules! integer_field {
    ($($type:ty),*) => { $(
        impl Field for $type {
            fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
                cx.scalar(json, |raw| {
                    super::scalar::integer(raw, <$type>::MIN as i64, <$type>::MAX as i64).map(|n| n as $type)
                })
            }
            fn write(&self, key: &str, w: &mut Writer) {
                w.key(key);
                w.integer(i64::from(*self));
            }
        }
        impl Element for $type {
            fn read_element(json: &mut Cursor<'_>, cx: &Reading) -> Result<Option<Self>, Bad> {
                Self::read(json, cx).map(Some)
            }
            fn write_bare(&self, w: &mut Writer) {
                w.integer(i64::from(*self));
            }
        }
    )* };
}

integer_field!(i16, i32, i64);

macro_rules! scalar_field {
    ($type:ty, $read:expr, |$self:ident, $w:ident| $write:expr) => {
        impl Field for $type {
            fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
                cx.scalar(json, $read)
            }
            fn write(&self, key: &str, $w: &mut Writer) {
                $w.key(key);
                let $self = self;
                $write
            }
        }
    };
}

scalar_field!(f32, |raw| super::scalar::float(raw).map(|x| x as f32), |x, w| super::write_f32(&mut w.out, *x));
scalar_field!(f64, super::scalar::float, |x, w| super::write_f64(&mut w.out, *x));
scalar_field!(bool, super::scalar::boolean, |x, w| w.boolean(*x));

impl Field for String {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        cx.scalar(json, |raw| Ok(super::scalar::text(raw)?.unwrap_or_default().into_owned()))
    }
    fn write(&self, key: &str, w: &mut Writer) {
        if !self.is_empty() {
            w.key(key);
            w.text(self);
        }
    }
}

impl Field for Option<String> {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        cx.scalar(json, |raw| Ok(super::scalar::text(raw)?.map(|t| t.into_owned())))
    }
    fn write(&self, key: &str, w: &mut Writer) {
        if let Some(text) = self {
            text.write(key, w);
        }
    }
}

impl Element for String {
    fn read_element(json: &mut Cursor<'_>, cx: &Reading) -> Result<Option<Self>, Bad> {
        Self::read(json, cx).map(Some)
    }
    fn write_bare(&self, w: &mut Writer) {
        w.text(self);
    }
}

impl<T: Element> Field for Vec<T> {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        read_array(json, cx)
    }
    fn write(&self, key: &str, w: &mut Writer) {
        if !self.is_empty() {
            w.key(key);
            w.array(self);
        }
    }
}

impl<T: Element> Field for Option<Vec<T>> {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        // Null and a missing field are the same: no value.
        if json.peek()? == b'n' {
            return json.skip().map(|()| None);
        }
        read_array(json, cx).map(Some)
    }
    fn write(&self, key: &str, w: &mut Writer) {
        if let Some(elements) = self {
            elements.write(key, w);
        }
    }
}

impl Element for Option<String> {
    fn read_element(json: &mut Cursor<'_>, cx: &Reading) -> Result<Option<Self>, Bad> {
        Self::read(json, cx).map(Some)
    }
    fn write_bare(&self, w: &mut Writer) {
        match self {
            Some(text) => w.text(text),
            None => w.raw("null"),
        }
    }
}

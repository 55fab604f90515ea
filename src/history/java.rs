//! Reads Java object serialization streams, as far as the reference's temp files use them.
//!
//! The stream is a tree of objects: each names its class (with all its fields) at the first use and by number later, and so do
//! repeated strings and constants. [`read_object`] returns the one object that a file holds. Nothing is believed: every length
//! is checked against the bytes that are left, nesting is bounded, and an unexpected byte is an error, never a panic.

use std::rc::Rc;

/// Deepest nesting of objects and super classes; the temp files need about 8.
const DEPTH_MAX: u32 = 32;
/// Number of the first handle.
const FIRST_HANDLE: u32 = 0x7E_0000;

const NULL: u8 = 0x70;
const REFERENCE: u8 = 0x71;
const CLASS_DESC: u8 = 0x72;
const OBJECT: u8 = 0x73;
const STRING: u8 = 0x74;
const ARRAY: u8 = 0x75;
const BLOCK_DATA: u8 = 0x77;
const END_BLOCK_DATA: u8 = 0x78;
const ENUM: u8 = 0x7E;

const FLAG_OWN_DATA: u8 = 1;
const FLAG_SERIALIZABLE: u8 = 2;

/// Why a stream was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JavaError {
    /// The stream ends inside something.
    #[error("it ends too early")]
    Truncated,
    /// The first four bytes are not those of version 5.
    #[error("it is not a Java object stream")]
    NotAStream,
    /// A byte or a type that is not expected at its place.
    #[error("unexpected {0}")]
    Unexpected(&'static str),
    /// Nested deeper than any temp file.
    #[error("it is nested too deep")]
    TooDeep,
}

/// A value of a field.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// Any whole number, char or boolean.
    Whole(i64),
    /// A float or double.
    Float(f64),
    /// A string.
    Text(Rc<str>),
    /// The name of an enum constant.
    Constant(Rc<str>),
    /// An object.
    Object(Rc<Object>),
    /// Something whose content nobody needs: an array, or a reference to what is still being read.
    Other,
}

/// An object: the fields of its class and its super classes.
#[derive(Debug)]
pub struct Object {
    class: Rc<Class>,
    /// In the order of the fields, those of the top-most super class first.
    values: Vec<Value>,
    /// Objects that the class wrote after its fields.
    pub extra: Vec<Value>,
}

impl Object {
    /// Full name of the class.
    pub fn class_name(&self) -> &str {
        &self.class.name
    }

    /// A field by its name; the super classes' fields come first.
    pub fn field(&self, name: &str) -> Option<&Value> {
        let chain = self.class.chain();
        let fields = chain.iter().flat_map(|class| &class.fields);
        fields.zip(&self.values).find_map(|(field, value)| (&*field.name == name).then_some(value))
    }

    /// A field that is a whole number.
    pub fn whole(&self, name: &str) -> Option<i64> {
        match self.field(name)? {
            Value::Whole(number) => Some(*number),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Class {
    name: Rc<str>,
    flags: u8,
    fields: Vec<Field>,
    parent: Option<Rc<Class>>,
}

#[derive(Debug)]
struct Field {
    kind: u8,
    name: Rc<str>,
}

impl Class {
    /// The class and its super classes, the top-most first.
    fn chain(self: &Rc<Class>) -> Vec<Rc<Class>> {
        let mut chain = Vec::new();
        let mut next = Some(self.clone());
        while let Some(class) = next {
            next = class.parent.clone();
            chain.push(class);
        }
        chain.reverse();
        chain
    }
}

/// Reads the one object of a stream.
///
/// Errors: whatever the stream does other than a temp file of the reference, also bytes after the object.
pub fn read_object(stream: &[u8]) -> Result<Rc<Object>, JavaError> {
    let rest = stream.strip_prefix(&[0xAC, 0xED, 0, 5]).ok_or(JavaError::NotAStream)?;
    let mut reader = Reader { rest, handles: Vec::new(), depth: 0 };
    match reader.content()? {
        Value::Object(_) if !reader.rest.is_empty() => Err(JavaError::Unexpected("rest")),
        Value::Object(object) => Ok(object),
        _ => Err(JavaError::Unexpected("first item")),
    }
}

enum Handle {
    Class(Rc<Class>),
    Value(Value),
}

struct Reader<'a> {
    rest: &'a [u8],
    handles: Vec<Handle>,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], JavaError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(JavaError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], JavaError> {
        self.take(N)?.try_into().map_err(|_| JavaError::Truncated)
    }

    fn u8(&mut self) -> Result<u8, JavaError> {
        Ok(self.bytes::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, JavaError> {
        self.bytes().map(u16::from_be_bytes)
    }

    fn utf(&mut self) -> Result<Rc<str>, JavaError> {
        let length = self.u16()?;
        decode_utf(self.take(length.into())?)
    }

    fn add(&mut self, handle: Handle) -> usize {
        self.handles.push(handle);
        self.handles.len() - 1
    }

    fn set(&mut self, at: usize, handle: Handle) {
        if let Some(place) = self.handles.get_mut(at) {
            *place = handle;
        }
    }

    fn reference(&mut self) -> Result<&Handle, JavaError> {
        let number = u32::from_be_bytes(self.bytes()?);
        let at = number.checked_sub(FIRST_HANDLE).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.handles.get(at)).ok_or(JavaError::Unexpected("reference"))
    }

    /// Runs a step one level deeper.
    fn nested<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, JavaError>) -> Result<T, JavaError> {
        if self.depth >= DEPTH_MAX {
            return Err(JavaError::TooDeep);
        }
        self.depth += 1;
        let result = step(self);
        self.depth -= 1;
        result
    }

    fn content(&mut self) -> Result<Value, JavaError> {
        let tag = self.u8()?;
        self.content_of(tag)
    }

    fn content_of(&mut self, tag: u8) -> Result<Value, JavaError> {
        self.nested(|reader| match tag {
            NULL => Ok(Value::Null),
            REFERENCE => match reader.reference()? {
                Handle::Value(value) => Ok(value.clone()),
                Handle::Class(_) => Err(JavaError::Unexpected("class")),
            },
            STRING => reader.string(),
            OBJECT => reader.object(),
            ARRAY => reader.array(),
            ENUM => reader.constant(),
            _ => Err(JavaError::Unexpected("tag")),
        })
    }

    fn string(&mut self) -> Result<Value, JavaError> {
        let value = Value::Text(self.utf()?);
        self.add(Handle::Value(value.clone()));
        Ok(value)
    }

    fn class(&mut self) -> Result<Option<Rc<Class>>, JavaError> {
        self.nested(|reader| match reader.u8()? {
            NULL => Ok(None),
            REFERENCE => match reader.reference()? {
                Handle::Class(class) => Ok(Some(class.clone())),
                Handle::Value(_) => Err(JavaError::Unexpected("value")),
            },
            CLASS_DESC => reader.class_desc().map(Some),
            _ => Err(JavaError::Unexpected("class tag")),
        })
    }

    fn some_class(&mut self) -> Result<Rc<Class>, JavaError> {
        self.class()?.ok_or(JavaError::Unexpected("missing class"))
    }

    fn class_desc(&mut self) -> Result<Rc<Class>, JavaError> {
        let name = self.utf()?;
        let _serial_version = self.take(8)?;
        let handle = self.add(Handle::Value(Value::Other));
        let flags = self.u8()?;
        let mut fields = Vec::new();
        for _ in 0..self.u16()? {
            let kind = self.u8()?;
            let name = self.utf()?;
            if matches!(kind, b'L' | b'[') {
                self.content()?;
            }
            fields.push(Field { kind, name });
        }
        if self.u8()? != END_BLOCK_DATA {
            return Err(JavaError::Unexpected("class annotation"));
        }
        let parent = self.class()?;
        let class = Rc::new(Class { name, flags, fields, parent });
        self.set(handle, Handle::Class(class.clone()));
        Ok(class)
    }

    fn object(&mut self) -> Result<Value, JavaError> {
        let class = self.some_class()?;
        let handle = self.add(Handle::Value(Value::Other));
        let mut object = Object { class: class.clone(), values: Vec::new(), extra: Vec::new() };
        for class in class.chain() {
            if class.flags & FLAG_SERIALIZABLE == 0 {
                return Err(JavaError::Unexpected("kind of class"));
            }
            for field in &class.fields {
                let value = self.field(field.kind)?;
                object.values.push(value);
            }
            if class.flags & FLAG_OWN_DATA != 0 {
                self.own_data(&mut object.extra)?;
            }
        }
        let value = Value::Object(Rc::new(object));
        self.set(handle, Handle::Value(value.clone()));
        Ok(value)
    }

    /// What a class wrote by itself: objects and raw bytes up to the end mark.
    fn own_data(&mut self, extra: &mut Vec<Value>) -> Result<(), JavaError> {
        loop {
            match self.u8()? {
                END_BLOCK_DATA => return Ok(()),
                BLOCK_DATA => {
                    let length = self.u8()?;
                    self.take(length.into())?;
                }
                tag => extra.push(self.content_of(tag)?),
            }
        }
    }

    fn field(&mut self, kind: u8) -> Result<Value, JavaError> {
        Ok(match kind {
            b'B' => Value::Whole(i8::from_be_bytes(self.bytes()?).into()),
            b'Z' => Value::Whole(self.u8()?.into()),
            b'C' => Value::Whole(self.u16()?.into()),
            b'S' => Value::Whole(i16::from_be_bytes(self.bytes()?).into()),
            b'I' => Value::Whole(i32::from_be_bytes(self.bytes()?).into()),
            b'J' => Value::Whole(i64::from_be_bytes(self.bytes()?)),
            b'F' => Value::Float(f32::from_be_bytes(self.bytes()?).into()),
            b'D' => Value::Float(f64::from_be_bytes(self.bytes()?)),
            b'L' | b'[' => self.content()?,
            _ => return Err(JavaError::Unexpected("type of field")),
        })
    }

    fn array(&mut self) -> Result<Value, JavaError> {
        let class = self.some_class()?;
        self.add(Handle::Value(Value::Other));
        let kind = class.name.as_bytes().get(1).copied().unwrap_or(0);
        let length = i32::from_be_bytes(self.bytes()?);
        for _ in 0..u32::try_from(length).map_err(|_| JavaError::Unexpected("length of array"))? {
            self.field(kind)?; // takes at least one byte, so the bytes left are the bound
        }
        Ok(Value::Other)
    }

    fn constant(&mut self) -> Result<Value, JavaError> {
        self.some_class()?;
        let handle = self.add(Handle::Value(Value::Other));
        let Value::Text(name) = self.content()? else { return Err(JavaError::Unexpected("name of constant")) };
        let value = Value::Constant(name);
        self.set(handle, Handle::Value(value.clone()));
        Ok(value)
    }
}

/// Java's modified UTF-8: surrogates are encoded one by one, zero takes two bytes.
fn decode_utf(bytes: &[u8]) -> Result<Rc<str>, JavaError> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.into());
    }
    let bad = JavaError::Unexpected("text");
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().map(|byte| u16::from(*byte));
    while let Some(first) = rest.next() {
        let mut next = || rest.next().filter(|byte| byte & 0xC0 == 0x80).map(|byte| byte & 0x3F).ok_or(bad);
        units.push(match first {
            0..=0x7F => first,
            0xC0..=0xDF => (first & 0x1F) << 6 | next()?,
            0xE0..=0xEF => (first & 0x0F) << 12 | next()? << 6 | next()?,
            _ => return Err(bad),
        });
    }
    String::from_utf16(&units).map(Rc::from).map_err(|_| bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modified_utf8() {
        assert_eq!(&*decode_utf("plain ä".as_bytes()).unwrap(), "plain ä");
        assert_eq!(&*decode_utf(&[0x61, 0xC0, 0x80]).unwrap(), "a\0");
        assert_eq!(&*decode_utf(&[0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]).unwrap(), "😀");
        for bad in [&[0xC3][..], &[0xE2, 0x82], &[0xFF], &[0xED, 0xA0, 0xBD], &[0x80], &[0xC3, 0x41]] {
            assert!(decode_utf(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let mut stream = vec![0xAC, 0xED, 0, 5];
        for _ in 0..100_000 {
            // an object of a class without fields whose super class is ... one more class
            stream.extend([OBJECT, CLASS_DESC, 0, 1, b'A', 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, END_BLOCK_DATA, NULL]);
        }
        assert_eq!(read_object(&stream).unwrap_err(), JavaError::TooDeep);
        let mut stream = vec![0xAC, 0xED, 0, 5, OBJECT];
        for _ in 0..100_000 {
            stream.extend([CLASS_DESC, 0, 1, b'A', 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, END_BLOCK_DATA]);
        }
        assert_eq!(read_object(&stream).unwrap_err(), JavaError::TooDeep);
    }
}

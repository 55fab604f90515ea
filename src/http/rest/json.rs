//! JSON bodies, read as leniently as the reference did.

use crate::http::request::Request;
use crate::http::response::Response;
use crate::model::json::text;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// The first JSON value of the body; what follows it is ignored.
///
/// Errors: 500 for a content type that does not name JSON, and for a body that is none of this kind.
pub fn body<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Response> {
    if !request.header("content-type").is_some_and(|kind| kind.contains("application/json")) {
        return Err(Response::text(500, "Unexpected content type. Expecting application/json."));
    }
    // What follows the value may be anything.
    let valid = std::str::from_utf8(&request.body).map_or_else(|e| e.valid_up_to(), str::len);
    let text = std::str::from_utf8(&request.body[..valid]).unwrap_or_default();
    let first = serde_json::Deserializer::from_str(text).into_iter().next();
    first.and_then(Result::ok).ok_or_else(|| bad_body(request))
}

/// The answer to a body that is not what it should be.
pub fn bad_body(request: &Request) -> Response {
    Response::text(500, format!("Error parsing body param. {}", String::from_utf8_lossy(&request.body)))
}

/// What takes the fields of an object in their order, so that the last one of a name counts.
pub trait Fields<'a>: Default {
    /// Takes a field; null is nothing. Unknown names are ignored.
    fn take(&mut self, name: &str, value: Option<&'a RawValue>);
}

/// An object in a body.
pub struct Read<T>(pub T);

impl<'a, T: Fields<'a>> Deserialize<'a> for Read<T> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'a, T: Fields<'a>> Visitor<'a> for Entries<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<T, M::Error> {
                let mut fields = T::default();
                while let Some((name, value)) = map.next_entry::<Cow<'a, str>, _>()? {
                    fields.take(&name, value);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Entries(PhantomData)).map(Read)
    }
}

/// An array of texts; numbers, booleans and null count as written.
///
/// Errors: see [`body`]; 500 without a text for `null`.
pub fn strings(request: &Request) -> Result<Vec<String>, Response> {
    let elements: Option<Vec<Box<RawValue>>> = body(request)?;
    let elements = elements.ok_or_else(Response::failure)?;
    elements.iter().map(|raw| scalar(raw).ok_or_else(|| bad_body(request))).collect()
}

/// A text, or what else has no parts, as it is written.
pub fn scalar(raw: &RawValue) -> Option<String> {
    match raw.get().as_bytes().first()? {
        b'[' | b'{' => None,
        b'"' => Some(text(raw.get()).ok()??.into_owned()),
        _ => Some(raw.get().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::json, Method};

    fn read(body: &str) -> Result<Vec<String>, (u16, String)> {
        strings(&json(Method::Put, "", &[], body)).map_err(|r| (r.status, String::from_utf8(r.body).unwrap()))
    }

    #[test]
    fn elements_keep_their_text() {
        assert_eq!(read(r#" [1,2.50,true,null,"a\"b"] tail"#).unwrap(), ["1", "2.50", "true", "null", "a\"b"]);
        assert_eq!(read("null"), Err((500, String::new())));
        for bad in ["\"100\"", "{\"a\":1}", "[[1]]", "[{}]", "[1", "", "x"] {
            assert_eq!(read(bad), Err((500, format!("Error parsing body param. {bad}"))));
        }
    }
}

//! Parameters of queries and forms, and percent escapes.

/// An escape that is no escape, with the reference's words for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid hex byte '{byte}' at index {at} of '{text}'")]
pub struct BadEscape {
    byte: String,
    at: usize,
    text: String,
}

/// Most parameters that are looked at.
const PARAMETERS_MAX: usize = 1024;

/// Names and values in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// From `a=1&b=2`; a name without `=` has the empty value, the fragment counts not.
    ///
    /// Errors: [`BadEscape`].
    pub fn parse(text: &str) -> Result<Self, BadEscape> {
        let text = text.split('#').next().unwrap_or_default();
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).take(PARAMETERS_MAX);
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name, true)?, decode(value, true)?))
        });
        decoded.collect::<Result<_, _>>().map(Params)
    }

    /// The first parameter of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All parameters of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Resolves `%xx`, and `+` where it stands for a blank. Bytes that are no UTF-8 become the replacement character.
///
/// Errors: [`BadEscape`].
pub fn decode(text: &str, plus: bool) -> Result<String, BadEscape> {
    if !text.contains(['%', '+']) {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes().enumerate();
    while let Some((at, byte)) = rest.next() {
        bytes.push(match byte {
            b'+' if plus => b' ',
            b'%' => {
                let pair = text.get(at + 1..at + 3).unwrap_or_else(|| text.get(at + 1..).unwrap_or_default());
                let hex = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
                let value = if hex { u8::from_str_radix(pair, 16).ok() } else { None };
                let value = value.ok_or_else(|| BadEscape { byte: pair.to_owned(), at, text: text.to_owned() })?;
                rest.nth(1);
                value
            }
            other => other,
        });
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_order_and_semicolons() {
        let params = Params::parse("value=1;2&value=&x&value=a+b%20%C3%A9%26#value=9").unwrap();
        assert_eq!(params.all("value").collect::<Vec<_>>(), ["1;2", "", "a b é&"]);
        assert_eq!((params.get("x"), params.get("y")), (Some(""), None));
    }

    #[test]
    fn bad_escapes_are_told() {
        for bad in ["v=%zz", "v=%1", "v=%", "%g0=1", "v=%é"] {
            assert!(Params::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(decode("a%zz", true).unwrap_err().to_string(), "invalid hex byte 'zz' at index 1 of 'a%zz'");
        assert_eq!(decode("%ff%41+", false).unwrap(), "\u{fffd}A+");
    }
}

//! Lenient conversions of raw JSON scalars: what the reference accepted for numbers, booleans and strings.

use std::borrow::Cow;

/// The text of a JSON string literal, or `None` when `raw` is not a string.
pub fn string_literal(raw: &str) -> Result<Option<Cow<'_, str>>, String> {
    if raw.as_bytes().first() != Some(&b'"') {
        return Ok(None);
    }
    let inner = &raw[1..raw.len() - 1];
    if !inner.as_bytes().contains(&b'\\') {
        return Ok(Some(Cow::Borrowed(inner)));
    }
    serde_json::from_str::<String>(raw).map(|s| Some(Cow::Owned(s))).map_err(|e| e.to_string())
}

/// A string field: text as it is, numbers and booleans as their literal, null as `None`.
pub fn text(raw: &str) -> Result<Option<Cow<'_, str>>, String> {
    match raw.as_bytes().first() {
        Some(b'"') => string_literal(raw),
        Some(b'n') => Ok(None),
        Some(b'{' | b'[') => Err("an object or array stands where a text is expected".into()),
        _ => Ok(Some(Cow::Borrowed(raw))),
    }
}

/// An integer field: numbers are truncated, strings must be plain integers, null and `""` are 0.
pub fn integer(raw: &str, min: i64, max: i64) -> Result<i64, String> {
    let value = match raw.as_bytes().first() {
        Some(b'"') => {
            let text = string_literal(raw)?.unwrap_or_default();
            match text.trim() {
                "" => 0,
                t => t.parse::<i64>().map_err(|_| format!("{raw} is not an integer"))?,
            }
        }
        Some(b'n') => 0,
        // Most numbers are short and whole.
        Some(b'0'..=b'9') if raw.len() <= 18 && raw.bytes().all(|byte| byte.is_ascii_digit()) => {
            raw.bytes().fold(0, |n, digit| n * 10 + i64::from(digit - b'0'))
        }
        Some(b'-' | b'0'..=b'9') => match raw.parse::<i64>() {
            Ok(n) => n,
            Err(_) => {
                let x = raw.parse::<f64>().map_err(|_| format!("{raw} is not a number"))?;
                if !(-9.3e18..9.3e18).contains(&x) {
                    return Err(format!("{raw} is out of range"));
                }
                x as i64
            }
        },
        _ => return Err("a number is expected".into()),
    };
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(format!("{value} is out of range"))
    }
}

/// A floating point field: numbers, numeric strings, `"NaN"` and the infinities; null and `""` are 0.
pub fn float(raw: &str) -> Result<f64, String> {
    match raw.as_bytes().first() {
        Some(b'"') => {
            let text = string_literal(raw)?.unwrap_or_default();
            match text.trim() {
                "" => Ok(0.0),
                "NaN" => Ok(f64::NAN),
                "Infinity" | "INF" => Ok(f64::INFINITY),
                "-Infinity" | "-INF" => Ok(f64::NEG_INFINITY),
                t if t.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E')) => {
                    t.parse().map_err(|_| format!("{raw} is not a number"))
                }
                _ => Err(format!("{raw} is not a number")),
            }
        }
        Some(b'n') => Ok(0.0),
        Some(b'-' | b'0'..=b'9') => raw.parse().map_err(|_| format!("{raw} is not a number")),
        _ => Err("a number is expected".into()),
    }
}

/// A boolean field: booleans, their texts, whole numbers (0 is false) without a fraction or exponent; null and `""` are
/// false.
pub fn boolean(raw: &str) -> Result<bool, String> {
    match raw.as_bytes().first() {
        Some(b't') => Ok(true),
        Some(b'f' | b'n') => Ok(false),
        Some(b'"') => match string_literal(raw)?.unwrap_or_default().trim() {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" | "" => Ok(false),
            _ => Err(format!("{raw} is not a boolean")),
        },
        Some(b'-' | b'0'..=b'9') if raw.bytes().skip(1).all(|b| b.is_ascii_digit()) => Ok(raw != "0"),
        _ => Err("a boolean is expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_lenient_in_the_documented_ways_only() {
        assert_eq!(integer("7", -9, 9), Ok(7));
        assert_eq!(integer("\"7\"", -9, 9), Ok(7));
        assert_eq!(integer("\" 7 \"", -9, 9), Ok(7));
        assert_eq!(integer("7.9", -9, 9), Ok(7));
        assert_eq!(integer("1e2", 0, 100), Ok(100));
        assert_eq!(integer("null", -9, 9), Ok(0));
        assert_eq!(integer("\"\"", -9, 9), Ok(0));
        assert!(integer("10", -9, 9).is_err());
        assert!(integer("\"7.5\"", -9, 9).is_err());
        assert!(integer("true", -9, 9).is_err());
        assert!(integer("[1]", -9, 9).is_err());
        assert_eq!(float("\"1.5\""), Ok(1.5));
        assert!(float("\"inf\"").is_err());
        assert_eq!(boolean("\"True\""), Ok(true));
        assert_eq!((boolean("2"), boolean("0"), boolean("-1")), (Ok(true), Ok(false), Ok(true)));
        assert!(boolean("1.0").is_err() && boolean("1e1").is_err());
        assert!(boolean("\"yes\"").is_err());
        assert_eq!(text("5.10"), Ok(Some(Cow::Borrowed("5.10"))));
        assert_eq!(text("null"), Ok(None));
        assert_eq!(text("\"a\\u0000b\""), Ok(Some(Cow::Borrowed("a\0b"))));
        assert!(text("{}").is_err());
    }
}

//! Message bodies: UTF-8 text whose fields are separated by NUL, and the numbers and pins in those fields.
//!
//! The three ways of splitting differ in corner cases that decide which error a peer is told, so handlers must use the
//! one that their command's documentation names. Splitters borrow and never allocate.

use std::borrow::Cow;

use super::Status;

/// The byte between two fields.
pub const SEPARATOR: char = '\0';

/// A body's text. Each maximal broken UTF-8 sequence becomes one U+FFFD, and is stored and forwarded like that.
pub fn text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body)
}

/// The text with `?` for every character that is not ASCII: the form of pin modes, `rtc`, `ota`, redirect and
/// device-offline bodies.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect())
    }
}

/// Length limits count UTF-16 code units of the text: a character outside the basic plane counts 2.
pub fn utf16_len(text: &str) -> usize {
    // Every byte that begins a character counts, the beginning of a character of four bytes twice.
    text.bytes().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0)).sum()
}

/// A number as text, for messages that are sent often: it needs no memory of its own.
#[derive(Debug, Clone, Copy)]
pub struct Digits {
    bytes: [u8; 11],
    start: u8,
}

impl Digits {
    /// The decimal digits of a number.
    pub fn of(number: i32) -> Digits {
        let (mut bytes, mut start, mut rest) = ([0; 11], 11, number.unsigned_abs());
        loop {
            start -= 1;
            bytes[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            start -= 1;
            bytes[start] = b'-';
        }
        Digits { bytes, start: start as u8 }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[usize::from(self.start)..]).unwrap_or_default()
    }
}

/// Where the first `separator` (ASCII) is, not looking at the first character.
fn find_after_first(text: &str, separator: char) -> Option<usize> {
    let first = text.chars().next()?.len_utf8();
    text[first..].find(separator).map(|at| at + first)
}

/// Cuts at the first NUL that is not the first character: the text before it and, if there is one, all behind it.
pub fn split2(body: &str) -> (&str, Option<&str>) {
    match find_after_first(body, SEPARATOR) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    }
}

/// As [`split2`], then cuts the second part at its first NUL; the third part keeps its NULs.
pub fn split3(body: &str) -> (&str, Option<&str>, Option<&str>) {
    match split2(body) {
        (first, Some(rest)) => match rest.split_once(SEPARATOR) {
            Some((second, third)) => (first, Some(second), Some(third)),
            None => (first, Some(rest), None),
        },
        (first, None) => (first, None, None),
    }
}

/// All fields: cuts at every NUL and drops empty fields at the end, but keeps them elsewhere. An empty body has one
/// empty field, a body of only NULs has none.
///
/// Lazy, because a body of a few megabytes could hold millions of fields: collect at most what the command needs.
pub fn split_all(body: &str) -> SplitAll<'_> {
    let rest = match body.trim_end_matches(SEPARATOR) {
        "" if !body.is_empty() => None,
        trimmed => Some(trimmed),
    };
    SplitAll { rest }
}

/// The fields of a body, see [`split_all`].
#[derive(Clone, Debug)]
pub struct SplitAll<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for SplitAll<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.take()?;
        match rest.split_once(SEPARATOR) {
            Some((field, rest)) => {
                self.rest = Some(rest);
                Some(field)
            }
            None => Some(rest),
        }
    }
}

/// Cuts `<dashId>-<deviceId>` at the first `-` that is not the first character: `-1` is one part, `1-` is `1` and an
/// empty part. Pass the body's first field.
pub fn dash_device(field: &str) -> (&str, Option<&str>) {
    match find_after_first(field, '-') {
        Some(at) => (&field[..at], Some(&field[at + 1..])),
        None => (field, None),
    }
}

/// A decimal signed 32-bit number with an optional sign, no blanks: project, device, tag and report ids.
///
/// Errors: [`Status::IllegalCommand`].
pub fn parse_int32(field: &str) -> Result<i32, Status> {
    field.parse().map_err(|_| Status::IllegalCommand)
}

/// A decimal signed 64-bit number with an optional sign, no blanks: widget and template ids, times.
///
/// Errors: [`Status::IllegalCommand`].
pub fn parse_int64(field: &str) -> Result<i64, Status> {
    field.parse().map_err(|_| Status::IllegalCommand)
}

/// A pin number: a 32-bit number from 0 to 255.
///
/// Errors: [`Status::IllegalCommand`].
pub fn parse_pin(field: &str) -> Result<u8, Status> {
    u8::try_from(parse_int32(field)?).map_err(|_| Status::IllegalCommand)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(body: &str) -> Vec<&str> {
        split_all(body).collect()
    }

    proptest! {
        #[test]
        fn digits_are_those_of_the_number(number in any::<i32>()) {
            let digits = Digits::of(number);
            prop_assert_eq!(digits.as_str(), number.to_string());
        }

        #[test]
        fn lengths_are_those_in_utf16(text in any::<String>()) {
            prop_assert_eq!(utf16_len(&text), text.encode_utf16().count());
        }
    }

    #[test]
    fn digits_at_their_bounds() {
        for number in [0, -1, 9, 10, i32::MIN, i32::MAX] {
            assert_eq!(Digits::of(number).as_str(), number.to_string());
        }
    }

    #[test]
    fn split2_looks_from_the_second_character() {
        assert_eq!(split2(""), ("", None));
        assert_eq!(split2("a"), ("a", None));
        assert_eq!(split2("\0"), ("\0", None));
        assert_eq!(split2("\0a"), ("\0a", None));
        assert_eq!(split2("\0\0a"), ("\0", Some("a")));
        assert_eq!(split2("a\0"), ("a", Some("")));
        assert_eq!(split2("a\0b\0c"), ("a", Some("b\0c")));
        assert_eq!(split2("é\0b"), ("é", Some("b")));
    }

    #[test]
    fn split3_keeps_the_rest() {
        assert_eq!(split3("vw"), ("vw", None, None));
        assert_eq!(split3("vw\x001"), ("vw", Some("1"), None));
        assert_eq!(split3("vw\x001\0"), ("vw", Some("1"), Some("")));
        assert_eq!(split3("vw\x001\0a\0b\0"), ("vw", Some("1"), Some("a\0b\0")));
        assert_eq!(split3("vw\0\0x"), ("vw", Some(""), Some("x")));
        assert_eq!(split3("\0vr\x004"), ("\0vr", Some("4"), None));
    }

    #[test]
    fn split_all_drops_empty_fields_at_the_end() {
        assert_eq!(all(""), [""]);
        assert_eq!(all("\0"), [""; 0]);
        assert_eq!(all("\0\0"), [""; 0]);
        assert_eq!(all("a"), ["a"]);
        assert_eq!(all("a\0\0"), ["a"]);
        assert_eq!(all("\0a"), ["", "a"]);
        assert_eq!(all("a\0\0b\0"), ["a", "", "b"]);
    }

    #[test]
    fn dash_device_cuts_at_the_first_inner_dash() {
        assert_eq!(dash_device("17-3"), ("17", Some("3")));
        assert_eq!(dash_device("17"), ("17", None));
        assert_eq!(dash_device("-1"), ("-1", None));
        assert_eq!(dash_device("1-"), ("1", Some("")));
        assert_eq!(dash_device("-1-2-3"), ("-1", Some("2-3")));
        assert_eq!(dash_device(""), ("", None));
    }

    #[test]
    fn numbers() {
        for (field, number) in [("0", 0), ("+5", 5), ("-7", -7), ("2147483647", i32::MAX), ("007", 7)] {
            assert_eq!(parse_int32(field), Ok(number), "{field}");
        }
        for field in ["", "+", "-", " 1", "1 ", "2147483648", "1.0", "0x1", "--1", "٣"] {
            assert_eq!(parse_int32(field), Err(Status::IllegalCommand), "{field}");
        }
        assert_eq!(parse_int64("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(parse_int64("9223372036854775808"), Err(Status::IllegalCommand));
        assert_eq!(parse_pin("+255"), Ok(255));
        assert_eq!(parse_pin("-0"), Ok(0));
        assert_eq!(parse_pin("256"), Err(Status::IllegalCommand));
        assert_eq!(parse_pin("-1"), Err(Status::IllegalCommand));
    }

    #[test]
    fn one_replacement_per_broken_sequence() {
        assert_eq!(text(b"\xFF"), "\u{FFFD}");
        assert_eq!(text(b"\xFF\xFE"), "\u{FFFD}\u{FFFD}");
        assert_eq!(text(b"\xE2\x82A"), "\u{FFFD}A");
        assert!(matches!(text(b"vw\x001\x0021.5"), Cow::Borrowed(_)));
        assert_eq!(ascii("21°😀"), "21??");
        assert_eq!(utf16_len("a°😀"), 4);
    }

    proptest! {
        #[test]
        fn splitters_lose_nothing(body in "[a\\x00é]{0,12}") {
            let (first, rest) = split2(&body);
            prop_assert_eq!(rest.map_or(first.to_owned(), |rest| format!("{first}\0{rest}")), &*body);
            let (a, b, c) = split3(&body);
            let joined: Vec<&str> = [Some(a), b, c].into_iter().flatten().collect();
            prop_assert_eq!(joined.join("\0"), &*body);
            let fields = all(&body);
            prop_assert_eq!(fields.join("\0"), body.trim_end_matches('\0'));
            prop_assert!(fields.len() < 2 || fields.last().is_some_and(|field| !field.is_empty()));
        }

        #[test]
        fn numbers_round_trip(number: i32, wide: i64) {
            prop_assert_eq!(parse_int32(&number.to_string()), Ok(number));
            prop_assert_eq!(parse_int64(&wide.to_string()), Ok(wide));
        }
    }
}

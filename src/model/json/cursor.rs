//! Walks over a JSON text value by value, without copying any of it.
//!
//! It takes exactly what `serde_json` takes (a test compares the two), in one pass and without a generated reader per type:
//! the time of a start with thousands of accounts is spent here. What is short and hot is inlined by hand, as the program is
//! built for size.

use std::borrow::Cow;

/// Why a text is not read any further.
#[derive(Debug)]
pub enum Bad {
    /// It is no JSON, or nested too deeply.
    Syntax,
    /// It ends too early.
    End,
    /// It is JSON, but says something that cannot be; the reason.
    Refused(String),
}

/// Objects and arrays may be nested so deeply; what is only skipped may be so at will.
const DEPTH_MAX: u8 = 127;

/// A place in a text, in front of a value unless a method says otherwise.
#[derive(Debug, Clone)]
pub struct Cursor<'t> {
    text: &'t str,
    at: usize,
    depth: u8,
}

/// A key of an object, made to be compared with many names.
#[derive(Debug, Clone, Copy)]
pub struct Key<'k> {
    /// The key.
    pub text: &'k str,
    /// Differs for nearly all keys that differ.
    pub code: u32,
}

impl<'k> Key<'k> {
    /// A key to be looked up.
    #[inline(always)]
    pub const fn of(text: &'k str) -> Self {
        let bytes = text.as_bytes();
        let (first, last) = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => (u32::from_le_bytes(*first), u32::from_le_bytes(*last)),
            _ => match bytes {
                [] => (0, 0),
                [one] => (*one as u32, 0),
                [one, .., last] => (*one as u32, *last as u32),
            },
        };
        Key { text, code: first ^ last.rotate_left(13) ^ (bytes.len() as u32).rotate_left(27) }
    }
}

impl<'t> Cursor<'t> {
    /// In front of the whole text.
    pub fn new(text: &'t str) -> Self {
        Cursor { text, at: 0, depth: 0 }
    }

    /// Bytes before this place.
    pub fn at(&self) -> usize {
        self.at
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The byte with which the next value begins.
    #[inline(always)]
    pub fn peek(&mut self) -> Result<u8, Bad> {
        match self.byte() {
            Some(byte) if byte > b' ' => Ok(byte),
            _ => self.peek_far(),
        }
    }

    #[inline(never)]
    fn peek_far(&mut self) -> Result<u8, Bad> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return Ok(byte),
                None => return Err(Bad::End),
            }
        }
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Result<(), Bad> {
        if self.peek()? != byte {
            return Err(Bad::Syntax);
        }
        self.at += 1;
        Ok(())
    }

    /// The text of the next value, which is checked only.
    pub fn raw(&mut self) -> Result<&'t str, Bad> {
        let byte = self.peek()?;
        let start = self.at;
        match byte {
            b'"' => drop(self.string()?),
            b'-' | b'0'..=b'9' => self.number()?,
            _ => self.skip()?,
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Goes behind the next value.
    pub fn skip(&mut self) -> Result<(), Bad> {
        // The brackets that are still to come.
        let mut open: Vec<u8> = Vec::new();
        loop {
            let byte = self.peek()?;
            match byte {
                b'"' => drop(self.string()?),
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                b'{' | b'[' => {
                    self.at += 1;
                    // Two behind the opening one in ASCII.
                    let close = byte + 2;
                    if self.peek()? != close {
                        open.push(close);
                        if close == b'}' {
                            self.skip_key()?;
                        }
                        continue;
                    }
                    self.at += 1;
                }
                _ => return Err(Bad::Syntax),
            }
            loop {
                let Some(close) = open.last().copied() else { return Ok(()) };
                match self.peek()? {
                    b',' => {
                        self.at += 1;
                        if close == b'}' {
                            self.skip_key()?;
                        }
                        break;
                    }
                    byte if byte == close => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return Err(Bad::Syntax),
                }
            }
        }
    }

    fn skip_key(&mut self) -> Result<(), Bad> {
        if self.peek()? != b'"' {
            return Err(Bad::Syntax);
        }
        self.string()?;
        self.expect(b':')
    }

    /// From an opening quote to behind the closing one. Whether something is escaped.
    fn string(&mut self) -> Result<bool, Bad> {
        const ONES: u64 = u64::MAX / 255;
        self.at += 1;
        let mut escaped = false;
        loop {
            // Eight bytes at once: the lowest high bit is that of the first quote, backslash or control character.
            while let Some(eight) = self.text.as_bytes().get(self.at..).and_then(|rest| rest.first_chunk()) {
                let eight = u64::from_le_bytes(*eight);
                let is_zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
                let quote = is_zero(eight ^ (ONES * u64::from(b'"'))) | is_zero(eight ^ (ONES * u64::from(b'\\')));
                let special = (quote | (eight.wrapping_sub(ONES * 0x20) & !eight)) & (ONES << 7);
                self.at += special.trailing_zeros() as usize / 8;
                if special != 0 {
                    break;
                }
            }
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0..=0x1f) => return Err(Bad::Syntax),
                Some(_) => self.at += 1,
                None => return Err(Bad::End),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Bad> {
        self.at += 1;
        let digits = match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 0,
            Some(b'u') => 4,
            Some(_) => return Err(Bad::Syntax),
            None => return Err(Bad::End),
        };
        self.at += 1;
        let Some(hex) = self.text.as_bytes().get(self.at..self.at + digits) else { return Err(Bad::End) };
        self.at += digits;
        if hex.iter().all(u8::is_ascii_hexdigit) {
            Ok(())
        } else {
            Err(Bad::Syntax)
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Bad> {
        for wanted in word {
            match self.byte() {
                Some(byte) if byte == *wanted => self.at += 1,
                Some(_) => return Err(Bad::Syntax),
                None => return Err(Bad::End),
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Bad> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        let start = self.at;
        let digits = self.digits()?;
        if digits > 1 && self.text.as_bytes().get(start) == Some(&b'0') {
            return Err(Bad::Syntax);
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// How many there are, at least one.
    #[inline(always)]
    fn digits(&mut self) -> Result<usize, Bad> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        match self.at - start {
            0 => Err(Bad::Syntax),
            digits => Ok(digits),
        }
    }

    /// From the opening bracket of an object or array into it.
    pub fn enter(&mut self) -> Result<(), Bad> {
        if self.depth == DEPTH_MAX {
            return Err(Bad::Syntax);
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// In an array, behind an element unless `first`: whether another one comes; if not, the array is left.
    pub fn more(&mut self, first: bool) -> Result<bool, Bad> {
        self.more_until(b']', first)
    }

    #[inline(always)]
    fn more_until(&mut self, close: u8, first: bool) -> Result<bool, Bad> {
        match self.peek()? {
            byte if byte == close => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            b',' if !first => {
                self.at += 1;
                Ok(true)
            }
            _ if first => Ok(true),
            _ => Err(Bad::Syntax),
        }
    }

    /// In an object, behind a value unless `first`: the next key, which the cursor is behind then; at the end nothing, and the
    /// object is left.
    pub fn key(&mut self, first: bool) -> Result<Option<Cow<'t, str>>, Bad> {
        if !self.more_until(b'}', first)? {
            return Ok(None);
        }
        if self.peek()? != b'"' {
            return Err(Bad::Syntax);
        }
        let start = self.at;
        let escaped = self.string()?;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        self.expect(b':')?;
        Ok(Some(match quoted.get(1..quoted.len() - 1) {
            Some(plain) if !escaped => Cow::Borrowed(plain),
            _ => Cow::Owned(serde_json::from_str(quoted).map_err(|_| Bad::Syntax)?),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::value::RawValue;

    /// `serde_json` takes the same first value, or finds the same kind of fault.
    fn same(text: &str) {
        let ours = Cursor::new(text).raw();
        match <&RawValue>::deserialize(&mut serde_json::Deserializer::from_str(text)) {
            Ok(theirs) => assert_eq!(ours.ok(), Some(theirs.get()), "{text:?}"),
            Err(error) if error.is_eof() => assert!(matches!(ours, Err(Bad::End)), "{text:?}: {ours:?}"),
            Err(_) => assert!(matches!(ours, Err(Bad::Syntax)), "{text:?}: {ours:?}"),
        }
    }

    #[test]
    fn every_cut_and_every_changed_byte_of_a_profile_counts_as_for_serde_json() {
        let whole = include_str!("../../../tests/data/example-profile.user.json");
        let text = &whole[..3000];
        same(whole);
        same("\"\\u00\0");
        for at in 0..text.len() {
            same(&text[..at]);
            for byte in ['"', '\\', '}', ']', ',', ':', '0', '-', '.', 'e', 't', ' ', '\u{1}', 'é'] {
                let end = (at + 60).min(text.len());
                same(&format!("[{}{byte}{}", &text[at.saturating_sub(30)..at], &text[at + 1..end]));
            }
        }
    }

    #[test]
    fn deep_texts_are_skipped_but_not_entered() {
        let text = "[".repeat(100_000) + &"]".repeat(100_000);
        same(&text);
        let mut cursor = Cursor::new(&text);
        for _ in 0..DEPTH_MAX {
            cursor.enter().unwrap();
        }
        assert!(cursor.enter().is_err());
    }

    proptest! {
        #[test]
        fn texts_of_json_characters_count_as_for_serde_json(
            text in r#"([\[\]{},:"\\ \n\x00u0-9a-fEe.+-]|true|false|null|"a[\\"]*"|\\u00|[1-9]{1,3}|"[a-zé]{7,10}"){0,24}"#
        ) {
            same(&text);
        }

        #[test]
        fn keys_are_those_of_serde_json(key in ".{0,20}", other in "[a-z\"\\\\é]{0,12}") {
            let text = serde_json::json!({ &key: 1 }).to_string();
            let mut cursor = Cursor::new(&text);
            cursor.enter().unwrap();
            let read = cursor.key(true).unwrap().unwrap();
            prop_assert_eq!(&*read, &*key);
            prop_assert_eq!(Key::of(&read).code, Key::of(&key).code);
            prop_assert_eq!(cursor.raw().unwrap(), "1");
            prop_assert!(cursor.key(false).unwrap().is_none());
            let quoted = serde_json::to_string(&other).unwrap();
            prop_assert_eq!(Cursor::new(&quoted).raw().unwrap(), &quoted);
        }
    }
}

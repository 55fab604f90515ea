//! The syntax of Java `.properties` files, with line numbers kept.

use std::collections::BTreeMap;
use std::fmt;

/// One value of a property file and the line its key stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value, escapes resolved, nothing trimmed at the end.
    pub value: String,
    /// Line of the key in the file, from 1.
    pub line: usize,
}

/// The keys of a property file. Of a key given twice the last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, Entry>);

/// A file that is no property file: the only possible reason is a malformed `\u` escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line of the key or value with the bad escape, from 1.
    pub line: usize,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Malformed \\uxxxx encoding in line {}.", self.line)
    }
}

impl std::error::Error for SyntaxError {}

impl Properties {
    /// Reads a file's bytes. They are UTF-8 when they are valid UTF-8, else ISO-8859-1 as Java has it (pure ASCII is
    /// the same in both). A byte order mark is skipped.
    pub fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse_text(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(_) => Self::parse_text(&bytes.iter().map(|&b| char::from(b)).collect::<String>()),
        }
    }

    /// Reads the text of a file.
    pub fn parse_text(text: &str) -> Result<Self, SyntaxError> {
        let mut entries = BTreeMap::new();
        let mut lines = NaturalLines { rest: text, number: 0 };
        while let Some((line, text)) = lines.next() {
            let start = text.trim_start_matches(is_blank);
            if start.is_empty() || start.starts_with(['#', '!']) {
                continue;
            }
            let mut logical = start.to_owned();
            while ends_in_continuation(&logical) {
                logical.pop();
                // A backslash at the end of the file just vanishes.
                let Some((_, more)) = lines.next() else { break };
                logical.push_str(more.trim_start_matches(is_blank));
            }
            let (key, value) = split(&logical);
            let value = unescape(value).ok_or(SyntaxError { line })?;
            entries.insert(unescape(key).ok_or(SyntaxError { line })?, Entry { value, line });
        }
        Ok(Self(entries))
    }

    /// The entry of a key; keys are case-sensitive.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.0.get(key)
    }

    /// Adds or replaces an entry.
    pub fn insert(&mut self, key: impl Into<String>, entry: Entry) {
        self.0.insert(key.into(), entry);
    }

    /// Takes an entry away.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// All entries, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(key, entry)| (key.as_str(), entry))
    }
}

/// The lines of a text, ended by LF, CR LF or CR, with their numbers.
struct NaturalLines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Iterator for NaturalLines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let (line, rest) = match self.rest.split_once(['\n', '\r']) {
            None => (self.rest, ""),
            Some((line, rest)) => {
                let cr = self.rest.as_bytes().get(line.len()) == Some(&b'\r');
                (line, if cr { rest.strip_prefix('\n').unwrap_or(rest) } else { rest })
            }
        };
        self.rest = rest;
        Some((self.number, line))
    }
}

/// What Java calls white space in a property file.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// An odd number of backslashes at the end.
fn ends_in_continuation(line: &str) -> bool {
    line.bytes().rev().take_while(|&b| b == b'\\').count() % 2 == 1
}

/// Splits a logical line at the first unescaped `=`, `:` or blank; blanks and one separator after the key vanish.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line
        .find(|c| {
            let ends = !escaped && (is_blank(c) || c == '=' || c == ':');
            escaped = c == '\\' && !escaped;
            ends
        })
        .unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (key, rest.trim_start_matches(is_blank))
}

/// Resolves escapes; `None` for a malformed `\u`. Surrogate pairs written as two escapes become one character, a
/// lone half becomes U+FFFD.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => match chars.next() {
                Some('u') => {
                    let digits = chars.as_str().get(..4)?;
                    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                        return None;
                    }
                    units.push(u16::from_str_radix(digits, 16).ok()?);
                    chars = chars.as_str().get(4..)?.chars();
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(other) => other,
                None => break,
            },
            plain => plain,
        };
        flush(&mut units, &mut out);
        out.push(c);
    }
    flush(&mut units, &mut out);
    Some(out)
}

/// Appends UTF-16 units as characters.
fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.extend(char::decode_utf16(units.drain(..)).map(|c| c.unwrap_or('\u{fffd}')));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(text: &str) -> (String, String) {
        let all = Properties::parse(text.as_bytes()).unwrap();
        assert_eq!(all.0.len(), 1, "{all:?}");
        let (key, entry) = all.iter().next().unwrap();
        (key.into(), entry.value.clone())
    }

    #[test]
    fn separators_and_blanks() {
        for text in ["a=1", "a: 1", "a 1", "  a\t=  1", "a\u{c}:1", "\n\r\n a = 1\r\n", "a\\\n   =1"] {
            assert_eq!(one(text), ("a".into(), "1".into()), "{text:?}");
        }
        assert_eq!(one("only"), ("only".into(), String::new()));
        assert_eq!(one("=x"), (String::new(), "x".into()));
        assert_eq!(one("a==1"), ("a".into(), "=1".into()));
        assert_eq!(one("a = : 1"), ("a".into(), ": 1".into()));
        assert_eq!(one("https.port=9443 ").1, "9443 ");
        assert_eq!(one("log.level=info #x").1, "info #x");
    }

    #[test]
    fn comments_and_continued_lines() {
        let all = Properties::parse(b"! old: x=1\n  # a \\\nb=1,\\\n   2,\\\r\n\t3\nc=4\\\\\n\nd=5\\").unwrap();
        let got: Vec<_> = all.iter().map(|(k, e)| (k, e.value.as_str(), e.line)).collect();
        assert_eq!(got, [("b", "1,2,3", 3), ("c", "4\\", 6), ("d", "5", 8)]);
    }

    #[test]
    fn a_continued_line_may_look_like_a_comment() {
        assert_eq!(one("a=1\\\n#2").1, "1#2");
    }

    #[test]
    fn escapes() {
        assert_eq!(one("product.name My\\u0020Product").1, "My Product");
        assert_eq!(one(r"d=C:\\blynk\\data").1, r"C:\blynk\data");
        assert_eq!(one(r"d=C:\blynk\new").1, "C:blynk\new");
        assert_eq!(one(r"a\ b\=\:=\t\r\f\#"), ("a b=:".into(), "\t\r\u{c}#".into()));
        assert_eq!(one(r"a=\ud83d\ude00!").1, "😀!");
        assert_eq!(one(r"a=\ud83d!").1, "\u{fffd}!");
        for bad in [r"a=\u12", r"a=\u12g4", r"b=\u00éé", r"\uxxxx=1"] {
            assert_eq!(Properties::parse(format!("#\n{bad}").as_bytes()), Err(SyntaxError { line: 2 }), "{bad}");
        }
    }

    #[test]
    fn the_last_of_two_lines_counts() {
        assert_eq!(one("a=1\na=2"), ("a".into(), "2".into()));
    }

    #[test]
    fn encodings() {
        let value = |bytes: &[u8]| Properties::parse(bytes).unwrap().get("a").unwrap().value.clone();
        assert_eq!(value("\u{feff}a=Gärtnerei 水".as_bytes()), "Gärtnerei 水");
        assert_eq!(value(b"a=Gr\xfcn"), "Grün");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = Properties::parse(&bytes);
        }

        #[test]
        fn any_tricky_text_is_read_without_panic(text in r"[ab\\ud0=: \t\n\r#!é\u{1F600}]{0,60}") {
            let _ = Properties::parse(text.as_bytes());
        }

        #[test]
        fn written_values_come_back(key in "[a-zA-Z0-9.]{1,20}", value: String) {
            let mut text = format!("{key}=");
            for unit in value.encode_utf16() {
                text.push_str(&format!("\\u{unit:04x}"));
            }
            let all = Properties::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(&all.get(&key).unwrap().value, &value);
        }
    }
}

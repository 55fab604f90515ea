//! Where the values of a JSON text stand, for tests that put others in their place.

use std::ops::Range;

/// A valid JSON text with the places of all its values, in the order of their beginnings.
pub struct Text {
    pub text: String,
    pub values: Vec<Range<usize>>,
}

impl Text {
    /// From compact, valid JSON.
    pub fn new(text: &str) -> Text {
        let mut values = Vec::new();
        let end = value(text.as_bytes(), 0, &mut values);
        assert_eq!(end, text.len());
        Text { text: text.to_owned(), values }
    }
}

/// Notes the value that begins at `at` and those in it; returns its end.
fn value(text: &[u8], at: usize, values: &mut Vec<Range<usize>>) -> usize {
    let own = values.len();
    values.push(at..at);
    let end = match text[at] {
        b'"' => string(text, at),
        open @ (b'{' | b'[') => {
            let mut at = at + 1;
            while !matches!(text[at], b'}' | b']') {
                if text[at] == b',' {
                    at += 1;
                }
                if open == b'{' {
                    at = string(text, at) + 1;
                }
                at = value(text, at, values);
            }
            at + 1
        }
        _ => at + text[at..].iter().position(|b| matches!(b, b',' | b'}' | b']')).unwrap_or(text.len() - at),
    };
    values[own].end = end;
    end
}

fn string(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

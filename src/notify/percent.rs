//! Percent-encoding of form fields and of OAuth's strings: everything but letters, digits and `-._~` (RFC 3986).

use std::fmt::Write;

/// The text with every other byte of its UTF-8 form as `%XX`; a blank is `%20`.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `name=value&...`, both encoded.
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unreserved_characters_stay() {
        assert_eq!(encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(encode("Rain & wïnd+/%"), "Rain%20%26%20w%C3%AFnd%2B%2F%25");
        assert_eq!(form(&[("a b", "c=d"), ("e", "")]), "a%20b=c%3Dd&e=");
    }
}

//! Addresses of `http` and `https`, as far as a request needs them.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// `https`.
    pub is_secure: bool,
    /// Name or address of the host; IPv6 without its brackets.
    pub host: String,
    /// The port, also when it is the usual one.
    pub port: u16,
    /// What is asked of the host: path and query, never empty.
    pub target: String,
    /// The value of `Authorization` when the address names a user.
    pub login: Option<String>,
}

impl Url {
    /// Reads it; `None` if it is not one of HTTP.
    pub fn parse(text: &str) -> Option<Url> {
        let (scheme, rest) = text.split_once("://")?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        if rest.bytes().any(|b| b <= b' ' || b == 0x7f || b"<>`".contains(&b)) {
            return None;
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user, place) = authority.rsplit_once('@').map_or((None, authority), |(user, place)| (Some(user), place));
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => place.split_at(place.find(':').unwrap_or(place.len())),
        };
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~%:!$&'()*+,;=".contains(&b);
        if host.is_empty() || !host.bytes().all(is_plain) {
            return None;
        }
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some("") => None,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
            _ => return None,
        };
        let login = user.map(|user| {
            let colon = if user.contains(':') { "" } else { ":" };
            format!("Basic {}", STANDARD.encode(format!("{user}{colon}")))
        });
        Some(Url {
            is_secure,
            host: host.to_owned(),
            port: port.unwrap_or(if is_secure { 443 } else { 80 }),
            target: if target.starts_with('/') { target.to_owned() } else { format!("/{target}") },
            login,
        })
    }

    /// The value of `Host`.
    pub fn host_header(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.is_secure, self.port) {
            (false, 80) | (true, 443) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, is_secure, host, port, target, header) in [
            ("http://h", false, "h", 80, "/", "h"),
            ("HTTPS://h.example:8443/a?b=c#d", true, "h.example", 8443, "/a?b=c", "h.example:8443"),
            ("https://h:443?x=/", true, "h", 443, "/?x=/", "h"),
            ("http://h:443/", false, "h", 443, "/", "h:443"),
            ("http://[::1]:81/x", false, "::1", 81, "/x", "[::1]:81"),
            ("http://[fe80::1]", false, "fe80::1", 80, "/", "[fe80::1]"),
            ("http://h:/", false, "h", 80, "/", "h"),
            ("http://h/a@b:c", false, "h", 80, "/a@b:c", "h"),
        ] {
            let url = Url::parse(text).unwrap();
            let seen = (url.is_secure, url.host.as_str(), url.port, url.target.as_str(), url.login.as_deref());
            assert_eq!(seen, (is_secure, host, port, target, None), "{text}");
            assert_eq!(url.host_header(), header, "{text}");
        }
        for text in [
            "",
            "/x",
            "h",
            "http:/h",
            "ftp://h/",
            "http://",
            "http:///x",
            "http://:80/",
            "http://h:x/",
            "http://h:70000/",
            "http://h:+1/",
            "http://[::1",
            "http://[::1]x/",
            "http://a b/",
            "http://h/a b",
            "http://h/\r\nX: y",
            "http://h/\u{7f}",
            "http://@/",
            "http://hö/",
            "://h",
        ] {
            assert_eq!(Url::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_user_logs_in() {
        for (text, login) in [
            ("http://martin:secret@h/", "Basic bWFydGluOnNlY3JldA=="),
            ("http://martin@h/", "Basic bWFydGluOg=="),
            ("http://:secret@h/", "Basic OnNlY3JldA=="),
        ] {
            assert_eq!(Url::parse(text).unwrap().login.as_deref(), Some(login), "{text}");
        }
    }
}

//! The address that a device or an app logged in from, as profiles store it.

use super::json::{Bad, Cursor, Field, Reading, Writer};
use std::fmt;
use std::net::IpAddr;

/// An address that is kept without memory of its own: it is written at every login, in the midst of everything that a
/// connection allocates and gives back, and would keep that memory from going back to the system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LoggedAddress {
    /// Never logged in, or the address is not stored.
    #[default]
    None,
    /// An address: IPv4 dotted, IPv6 with all of its eight groups.
    Ip(IpAddr),
    /// What a file says in another form.
    Other(Box<str>),
}

impl From<&str> for LoggedAddress {
    fn from(text: &str) -> Self {
        match text.parse::<IpAddr>() {
            _ if text.is_empty() => LoggedAddress::None,
            Ok(address) if LoggedAddress::Ip(address).to_string() == text => LoggedAddress::Ip(address),
            _ => LoggedAddress::Other(text.into()),
        }
    }
}

impl fmt::Display for LoggedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoggedAddress::None => Ok(()),
            LoggedAddress::Ip(IpAddr::V4(v4)) => v4.fmt(f),
            LoggedAddress::Ip(IpAddr::V6(v6)) => {
                let [a, b, c, d, e, g, h, i] = v6.segments();
                write!(f, "{a:x}:{b:x}:{c:x}:{d:x}:{e:x}:{g:x}:{h:x}:{i:x}")
            }
            LoggedAddress::Other(text) => f.write_str(text),
        }
    }
}

impl Field for LoggedAddress {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        cx.scalar(json, |raw| Ok(super::json::text(raw)?.as_deref().unwrap_or_default().into()))
    }
    fn write(&self, key: &str, w: &mut Writer) {
        if *self != LoggedAddress::None {
            w.key(key);
            w.text(&self.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    #[test]
    fn texts_stay_as_they_are() {
        for text in ["", "10.0.0.7", "0:0:0:0:0:0:0:1", "2001:db8:0:0:0:0:0:a0", "::1", "fe80::1%eth0", "local"] {
            assert_eq!(LoggedAddress::from(text).to_string(), text);
        }
        assert_eq!(LoggedAddress::from("0:0:0:0:0:0:0:1"), LoggedAddress::Ip(Ipv6Addr::LOCALHOST.into()));
        assert_eq!(LoggedAddress::Ip("2001:db8::a0".parse().unwrap()).to_string(), "2001:db8:0:0:0:0:0:a0");
        assert!(matches!(LoggedAddress::from("::1"), LoggedAddress::Other(_)));
        assert!(size_of::<LoggedAddress>() <= size_of::<String>());
    }
}

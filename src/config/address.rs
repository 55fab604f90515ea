//! Addresses in properties: who may connect (lists of networks) and where to listen (extra listeners).

use std::fmt;
use std::net::IpAddr;

use super::table::{Key, Kind};
use super::value::{items, Read, Value};

/// An address with the number of leading bits that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `10.0.0.1`, `10.0.0.0/8`, `::1` or `fe80::/10`. Bits of the host part do not count.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    /// True for an address of this network. An IPv4 address in IPv6 clothes (`::ffff:1.2.3.4`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                (a.to_bits() ^ b.to_bits()) & mask == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                (a.to_bits() ^ b.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.bits == if self.address.is_ipv4() { 32 } else { 128 };
        if whole {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.bits)
        }
    }
}

/// A list of networks; empty means nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<Network>);

impl Networks {
    /// True when one of the networks holds the address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Value for Networks {
    const KIND: Kind = Kind::List;

    fn parse(text: &str, _: &Key) -> Result<Read<Self>, String> {
        let (mut networks, mut remark) = (Vec::new(), None);
        for item in items(text) {
            match Network::parse(item) {
                Some(network) => networks.push(network),
                None if item.contains('/') => {
                    return Err(format!("address or address/bits expected, not '{item}'"));
                }
                // The reference server compared such a text with addresses and never found it.
                None => remark = Some(format!("has '{item}', which is no address and is left out")),
            }
        }
        Ok(Read { value: Self(networks), remark })
    }

    fn show(&self) -> String {
        self.0.iter().map(Network::to_string).collect::<Vec<_>>().join(",")
    }
}

/// What an extra listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// As `http.port`: HTTP, plain hardware, plain websockets.
    Plain,
    /// As `https.port`: apps, hardware over TLS, HTTPS, secure websockets.
    Tls,
    /// As `hardware.mqtt.port`.
    Mqtt,
    /// MQTT over TLS.
    Mqtts,
}

/// One more address to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// What is spoken there.
    pub kind: ListenerKind,
    /// `None` = the same as `listen.address`.
    pub address: Option<IpAddr>,
    /// TCP port.
    pub port: u16,
}

/// Extra listeners.
pub type Listeners = Vec<Listener>;

impl ListenerKind {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Plain, "plain"), (Self::Tls, "tls"), (Self::Mqtt, "mqtt"), (Self::Mqtts, "mqtts")];
}

impl Listener {
    /// Reads `kind:port` or `kind:address:port` (IPv6 in brackets).
    pub fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(':')?;
        let kind = ListenerKind::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(word))?.0;
        let (address, port) = match rest.rsplit_once(':') {
            None => (None, rest),
            Some((address, port)) => {
                let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
                (Some(bare.parse().ok()?), port)
            }
        };
        Some(Self { kind, address, port: port.parse().ok()? })
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ListenerKind::ALL.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, name)| name);
        match self.address {
            None => write!(f, "{name}:{}", self.port),
            Some(IpAddr::V4(address)) => write!(f, "{name}:{address}:{}", self.port),
            Some(IpAddr::V6(address)) => write!(f, "{name}:[{address}]:{}", self.port),
        }
    }
}

impl Value for Listeners {
    const KIND: Kind = Kind::List;

    fn parse(text: &str, _: &Key) -> Result<Read<Self>, String> {
        let all: Result<Vec<_>, _> = items(text)
            .map(|item| {
                Listener::parse(item).ok_or_else(|| {
                    format!("plain|tls|mqtt|mqtts:port or plain|tls|mqtt|mqtts:address:port expected, not '{item}'")
                })
            })
            .collect();
        all.map(Into::into)
    }

    fn show(&self) -> String {
        self.iter().map(Listener::to_string).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn networks_hold_addresses() {
        assert!(holds("192.168.0.53/24", "192.168.0.1"));
        assert!(!holds("192.168.0.53/24", "192.168.1.1"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(holds("0:0:0:0:0:0:0:1", "::1"));
        assert!(holds("10.0.0.1", "::ffff:10.0.0.1"));
        assert!(!holds("10.0.0.1/32", "10.0.0.2"));
        for bad in ["", "10.0.0", "10.0.0.1/33", "::/129", "localhost", "10.0.0.1/x"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn listeners_are_read() {
        let key = Key::new("listen.extra", "", Kind::List);
        let Ok(read) = Listeners::parse("plain:8442, tls:127.0.0.1:8441,mqtts:[::1]:8883", &key) else { panic!() };
        assert_eq!(read.value.show(), "plain:8442,tls:127.0.0.1:8441,mqtts:[::1]:8883");
        for bad in ["8442", "http:80", "tls:x:1", "tls:99999", "tls:"] {
            assert!(Listeners::parse(bad, &key).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text: String, bits: u8, a: u128, b: u128) {
            let _ = (Network::parse(&text), Listener::parse(&text));
            let v6 = |n: u128| IpAddr::V6(n.into());
            if let Some(network) = Network::parse(&format!("{}/{bits}", v6(a))) {
                let _ = network.contains(v6(b));
            }
        }
    }
}

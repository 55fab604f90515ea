//! Which addresses requests may go to that users' texts decide on (webhooks, push hooks).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The rule for addresses inside the owner's own network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LocalAddresses {
    /// Home users call their own LAN devices and this server itself: all but the metadata services of clouds.
    #[default]
    Allow,
    /// For public installations: only addresses of the public internet.
    Refuse,
}

impl LocalAddresses {
    /// True when a request may go to `address`.
    pub fn allows(self, address: IpAddr) -> bool {
        let address = match address {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        if METADATA.contains(&address) {
            return false;
        }
        match (self, address) {
            (Self::Allow, _) => true,
            (Self::Refuse, IpAddr::V4(v4)) => !is_local_v4(v4),
            (Self::Refuse, IpAddr::V6(v6)) => !is_local_v6(v6),
        }
    }
}

/// Where clouds hand out the credentials of a machine to whoever asks from it.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

fn is_local_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, ..] = address.segments();
    // 6to4, NAT64 and the old "compatible" form carry an IPv4 address that could be a local one: they are refused
    // whole, because no public service needs them.
    let carries_v4 =
        first == 0x2002 || (first == 0x64 && second == 0xff9b) || (first == 0 && second == 0 && third == 0);
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || (first & 0xfe00) == 0xfc00
        || (first & 0xffc0) == 0xfe80
        || carries_v4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rule: LocalAddresses, address: &str) -> bool {
        rule.allows(address.parse().unwrap())
    }

    #[test]
    fn home_addresses_are_refused_only_on_request() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fd12::1",
            "::ffff:192.168.1.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(allowed(LocalAddresses::Allow, address), "{address}");
            assert!(!allowed(LocalAddresses::Refuse, address), "{address}");
        }
        for address in ["93.184.216.34", "100.128.0.1", "172.32.0.1", "2606:2800:220:1::1", "::ffff:8.8.8.8"] {
            assert!(allowed(LocalAddresses::Allow, address), "{address}");
            assert!(allowed(LocalAddresses::Refuse, address), "{address}");
        }
    }

    #[test]
    fn cloud_metadata_is_always_refused() {
        for address in
            ["169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254", "::ffff:169.254.169.254"]
        {
            assert!(!allowed(LocalAddresses::Allow, address), "{address}");
        }
    }
}

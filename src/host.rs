//! The server's own address, as told to apps and devices.

use crate::config::ServerConfig;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// `server.host`, or the IPv4 address of the first interface whose name begins with `net.interface`, or that of the
/// default route, or 127.0.0.1.
pub fn find(config: &ServerConfig) -> String {
    if !config.server_host.is_empty() {
        return config.server_host.clone();
    }
    interface_address(&config.net_interface)
        .or_else(route_address)
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
        .to_string()
}

/// The address of the default route.
fn route_address() -> Option<IpAddr> {
    address_towards(Ipv4Addr::new(192, 0, 2, 1))
}

/// The address from which a datagram to there would leave; nothing is sent.
fn address_towards(there: Ipv4Addr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((there, 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified()).then_some(address)
}

/// The address of the first interface whose name begins so and that has one.
fn interface_address(prefix: &str) -> Option<IpAddr> {
    if prefix.is_empty() {
        return None;
    }
    let routes = std::fs::read_to_string("/proc/net/route").ok()?;
    let mut near = neighbours(&routes, prefix);
    near.find_map(address_towards)
}

/// An address in each network that the interfaces with this prefix are in: the own address is the one from which its
/// neighbours are reached. `routes`: the kernel's table, in which addresses are in the machine's byte order.
fn neighbours<'a>(routes: &'a str, prefix: &'a str) -> impl Iterator<Item = Ipv4Addr> + 'a {
    let number = |text: Option<&str>| u32::from_str_radix(text?, 16).ok();
    routes.lines().skip(1).filter(move |line| line.starts_with(prefix)).filter_map(move |line| {
        // Interface, destination, gateway, flags, and so on.
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (network, gateway) = (number(fields.next())?, number(fields.next())?);
        let network = Ipv4Addr::from(network.to_ne_bytes());
        // What lies behind a gateway says nothing about the interface's own address.
        (gateway == 0 && !network.is_unspecified()).then(|| Ipv4Addr::from_bits(network.to_bits() | 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_interface_has_its_networks() {
        let row = |name: &str, network: [u8; 4], gateway: [u8; 4]| {
            let hex = |address: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(address));
            format!("{name}\t{}\t{}\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", hex(network), hex(gateway))
        };
        let table = [
            "Iface\tDestination\tGateway\tFlags\n".to_owned(),
            row("wan", [0, 0, 0, 0], [203, 0, 113, 1]),
            row("br-lan", [192, 168, 1, 0], [0, 0, 0, 0]),
            row("br-lan", [10, 9, 0, 0], [192, 168, 1, 7]),
            row("wan", [203, 0, 113, 0], [0, 0, 0, 0]),
            "wan\tx\n".to_owned(),
        ]
        .concat();
        let of = |prefix| neighbours(&table, prefix).map(|a| a.to_string()).collect::<Vec<_>>();
        assert_eq!(of("br"), ["192.168.1.1"]);
        assert_eq!(of("wan"), ["203.0.113.1"]);
        assert!(of("eth").is_empty());
        assert_eq!(address_towards(Ipv4Addr::LOCALHOST), Some(Ipv4Addr::LOCALHOST.into()));
    }

    #[test]
    fn a_configured_host_wins() {
        let config = ServerConfig { server_host: "blynk.example".into(), ..ServerConfig::default() };
        assert_eq!(find(&config), "blynk.example");
        assert!(!find(&ServerConfig::default()).is_empty());
    }
}

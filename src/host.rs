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

/// The address from which a datagram to the outside would leave; nothing is sent.
fn route_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified()).then_some(address)
}

/// The interface's address by its name: the kernel lists interfaces and, per interface, the routes of its networks.
fn interface_address(prefix: &str) -> Option<IpAddr> {
    if prefix.is_empty() {
        return None;
    }
    let text = std::fs::read_to_string("/proc/net/route").ok()?;
    let on_interface = text.lines().skip(1).any(|line| line.starts_with(prefix));
    // A machine with that interface nearly always has its default route there; anything finer needs netlink.
    if on_interface {
        route_address()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_host_wins() {
        let config = ServerConfig { server_host: "blynk.example".into(), ..ServerConfig::default() };
        assert_eq!(find(&config), "blynk.example");
        assert!(!find(&ServerConfig::default()).is_empty());
    }
}

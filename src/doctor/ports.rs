//! Looks at the server's ports: whether they can be used, and who holds those that cannot.

use super::Findings;
use crate::config::ServerConfig;
use crate::net::listen;
use std::fs;
use std::io::ErrorKind;

/// The state of a listening socket in the kernel's tables.
const LISTEN: &str = "0A";

/// Looks at all ports. `server`: the process of the running server.
pub fn examine(config: &ServerConfig, server: Option<u32>, found: &mut Findings) {
    let address = &config.listen_address;
    let mut ports = vec![
        ("http.port", address.clone(), config.http_port),
        ("https.port", address.clone(), config.https_port),
        ("hardware.mqtt.port", address.clone(), config.hardware_mqtt_port),
    ];
    let extra = config.listen_extra.iter();
    ports.extend(extra.map(|l| ("listen.extra", l.address.map_or(address.clone(), |a| a.to_string()), l.port)));
    for (key, address, port) in ports {
        let name = format!("port {port} ({key})");
        match listen::bind(&address, port) {
            Ok(_) if server.is_some() => found.note(format!("{name}: the running server does not hold it")),
            Ok(_) => found.good(format!("{name}: free")),
            Err(error) if error.kind() == ErrorKind::AddrInUse => match holder(port) {
                Some((process, _)) if Some(process) == server => found.good(format!("{name}: the server's")),
                Some((process, program)) => found.bad(format!("{name}: process {process} ({program}) holds it")),
                // Without root other users' processes cannot be looked at.
                None if server.is_some() => found.good(format!("{name}: in use, by the server as it seems")),
                None => found.bad(format!("{name}: in use by another program")),
            },
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                found.bad(format!("{name}: ports below 1024 need root or the capability CAP_NET_BIND_SERVICE"));
            }
            Err(error) => found.bad(format!("{name}: {error}")),
        }
    }
}

/// Process and program that listen on a port, as far as this user may know.
fn holder(port: u16) -> Option<(u32, String)> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let sockets: Vec<String> = tables.iter().flat_map(|table| inodes(table, port)).collect();
    if sockets.is_empty() {
        return None;
    }
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(descriptors) = fs::read_dir(entry.path().join("fd")) else { continue };
        for descriptor in descriptors.flatten() {
            let Ok(target) = fs::read_link(descriptor.path()) else { continue };
            if target.to_str().is_some_and(|target| sockets.iter().any(|socket| socket == target)) {
                let program = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                return Some((process, program.trim().to_owned()));
            }
        }
    }
    None
}

/// The listening sockets of a port in one of the kernel's tables, as descriptors name them: `socket:[INODE]`.
fn inodes(table: &str, port: u16) -> Vec<String> {
    let end = format!(":{port:04X}");
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listening = lines.filter(|fields| {
        fields.get(1).is_some_and(|local| local.ends_with(&end)) && fields.get(3).copied() == Some(LISTEN)
    });
    listening.filter_map(|fields| fields.get(9).map(|inode| format!("socket:[{inode}]"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_holder_of_a_port_is_found() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(holder(port).map(|(process, _)| process), Some(std::process::id()));
        let config = ServerConfig {
            listen_address: "127.0.0.1".into(),
            http_port: port,
            https_port: 0,
            hardware_mqtt_port: 0,
            ..ServerConfig::default()
        };
        let mut found = Findings::default();
        examine(&config, None, &mut found);
        assert!(found.0[0].1.contains(&format!("process {}", std::process::id())), "{found:?}");
        let mut found = Findings::default();
        examine(&config, Some(std::process::id()), &mut found);
        assert!(found.0[0].1.ends_with("the server's"), "{found:?}");
        drop(listener);
        assert_eq!(holder(port), None);
    }

    #[test]
    fn tables_are_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n   \
                     1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4712 1\n";
        assert_eq!(inodes(table, 8080), ["socket:[4711]"]);
        assert!(inodes(table, 80).is_empty() && inodes("", 80).is_empty());
    }
}

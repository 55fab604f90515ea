//! Tells the service manager how the server is: the datagrams that systemd asks for with `Type=notify`, and nothing without
//! one.

use std::env;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The start is done.
pub const READY: &str = "READY=1";
/// The configuration is being read again; [`READY`] follows.
pub const RELOADING: &str = "RELOADING=1";
/// The end has begun.
pub const STOPPING: &str = "STOPPING=1";
/// Still alive.
pub const WATCHDOG: &str = "WATCHDOG=1";

/// The way to the service manager.
#[derive(Debug)]
pub struct Supervisor {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that started this process, if any: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    pub fn of_process() -> Self {
        let name = env::var_os("NOTIFY_SOCKET").unwrap_or_default();
        let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_for_us = number("WATCHDOG_PID").is_none_or(|id| id == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|us| is_for_us && *us > 0).map(Duration::from_micros);
        let socket = connect(name.as_bytes());
        Supervisor { watchdog: watchdog.filter(|_| socket.is_some()), socket }
    }

    /// Sends a line. Nothing depends on whether it arrives.
    pub fn tell(&self, line: &str) {
        if let Some(socket) = &self.socket {
            if let Err(error) = socket.send(line.as_bytes()) {
                log::debug!("service manager: {error}");
            }
        }
    }

    /// How often it wants to hear [`WATCHDOG`] at least; twice as often is safe.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog.map(|period| period / 2)
    }
}

/// `name`: a path, or `@` and the name of an abstract socket.
fn connect(name: &[u8]) -> Option<UnixDatagram> {
    let address = match name.split_first()? {
        (b'@', name) => SocketAddr::from_abstract_name(name),
        (b'/', _) => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name)),
        _ => return None,
    };
    let socket = UnixDatagram::unbound().ok()?;
    // A manager that does not read must not hold up the event loop.
    socket.set_nonblocking(true).ok()?;
    match address.and_then(|address| socket.connect_addr(&address)) {
        Ok(()) => Some(socket),
        Err(error) => {
            log::warn!("service manager: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hears(listener: &UnixDatagram, name: &[u8]) {
        let supervisor = Supervisor { socket: connect(name), watchdog: Some(Duration::from_secs(30)) };
        supervisor.tell(READY);
        let mut bytes = [0; 32];
        let length = listener.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], b"READY=1");
        assert_eq!(supervisor.watchdog(), Some(Duration::from_secs(15)));
    }

    #[test]
    fn paths_and_abstract_names() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("notify");
        hears(&UnixDatagram::bind(&path).unwrap(), path.as_os_str().as_bytes());
        let name = format!("eyelet-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        hears(&UnixDatagram::bind_addr(&address).unwrap(), format!("@{name}").as_bytes());
        for nobody in [&b""[..], b"x", b"/no/such/socket"] {
            assert!(connect(nobody).is_none());
        }
    }
}

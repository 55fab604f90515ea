//! The header of the PROXY protocol, versions 1 and 2, by which trusted proxies say whose connection they pass on.
//!
//! A connection of a proxy that begins with something else is the proxy's own: HTTP proxies say in the request who asks.

use async_io::{Async, Timer};
use futures_lite::AsyncReadExt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::time::Duration;

/// First bytes of version 1.
const TEXT: &[u8] = b"PROXY ";
/// Longest header of version 1, line end included.
const TEXT_MAX: usize = 107;
/// First bytes of version 2.
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version, family, length.
const BINARY_HEADER: usize = 16;
/// Longest rest of version 2 that is read: addresses and what proxies add.
const BINARY_MAX: usize = 4096;
/// Pause before looking again, when the beginning of a header has come.
const PAUSE: Duration = Duration::from_millis(5);

/// Takes the header off a fresh connection of a proxy. `None`: the proxy speaks for itself, or does not say for whom.
///
/// # Errors
/// The connection's, and `InvalidData` for a malformed header.
pub async fn client(socket: &mut Async<TcpStream>) -> io::Result<Option<IpAddr>> {
    let mut start = [0; BINARY.len()];
    loop {
        let n = socket.peek(&mut start).await?;
        let seen = start.get(..n).unwrap_or_default();
        if seen.is_empty() {
            return Ok(None);
        }
        if begins(seen, TEXT) {
            if n >= TEXT.len() {
                return text(&read_line(socket).await?);
            }
        } else if begins(seen, BINARY) {
            if n == BINARY.len() {
                return read_binary(socket).await;
            }
        } else {
            return Ok(None);
        }
        Timer::after(PAUSE).await;
    }
}

/// Whether `seen` is the beginning of a signature, or begins with it.
fn begins(seen: &[u8], signature: &[u8]) -> bool {
    seen.iter().zip(signature).all(|(a, b)| a == b)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "malformed PROXY header")
}

/// Byte by byte: what follows the line belongs to the connection's own protocol.
async fn read_line(socket: &mut Async<TcpStream>) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(TEXT_MAX);
    while !line.ends_with(b"\r\n") {
        if line.len() >= TEXT_MAX {
            return Err(malformed());
        }
        let mut byte = [0];
        socket.read_exact(&mut byte).await?;
        line.extend_from_slice(&byte);
    }
    Ok(line)
}

/// `PROXY TCP4 192.0.2.1 192.0.2.9 40000 8080`, or `PROXY UNKNOWN` and anything.
fn text(line: &[u8]) -> io::Result<Option<IpAddr>> {
    let line = std::str::from_utf8(line).map_err(|_| malformed())?;
    let words: Vec<&str> = line.trim_end_matches("\r\n").split(' ').collect();
    match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => Ok(None),
        ["PROXY", "TCP4", from, _, _, _] => from.parse::<Ipv4Addr>().map(|a| Some(a.into())).map_err(|_| malformed()),
        ["PROXY", "TCP6", from, _, _, _] => from.parse::<Ipv6Addr>().map(|a| Some(a.into())).map_err(|_| malformed()),
        _ => Err(malformed()),
    }
}

async fn read_binary(socket: &mut Async<TcpStream>) -> io::Result<Option<IpAddr>> {
    let mut header = [0; BINARY_HEADER];
    socket.read_exact(&mut header).await?;
    let [.., command, family, l1, l2] = header;
    let length = usize::from(u16::from_be_bytes([l1, l2]));
    if length > BINARY_MAX {
        return Err(malformed());
    }
    let mut rest = vec![0; length];
    socket.read_exact(&mut rest).await?;
    binary(command, family, &rest)
}

/// `command`: version and command; `family`: addresses and transport.
fn binary(command: u8, family: u8, rest: &[u8]) -> io::Result<Option<IpAddr>> {
    match (command, family) {
        // The proxy's own connection, a health check.
        (0x20, _) => Ok(None),
        (0x21, 0x11) => rest.first_chunk::<4>().map(|a| Some(Ipv4Addr::from(*a).into())).ok_or_else(malformed),
        (0x21, 0x21) => rest.first_chunk::<16>().map(|a| Some(Ipv6Addr::from(*a).into())).ok_or_else(malformed),
        (0x21, _) => Ok(None),
        _ => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use std::net::TcpListener;

    /// What is found in front of `rest`, and what is left to read.
    fn found(header: &[u8], rest: &[u8]) -> (io::Result<Option<IpAddr>>, Vec<u8>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        let mut socket = Async::new(socket).unwrap();
        let (first, second) = header.split_at(header.len().min(3));
        peer.write_all(first).unwrap();
        let (second, rest) = (second.to_vec(), rest.to_vec());
        smol::block_on(async move {
            let write = smol::unblock(move || {
                // So that the beginning is seen alone.
                std::io::Write::flush(&mut peer).unwrap();
                peer.write_all(&second).unwrap();
                peer.write_all(&rest).unwrap();
            });
            let client = client(&mut socket).await;
            write.await;
            let mut left = Vec::new();
            let _ = socket.read_to_end(&mut left).await;
            (client, left)
        })
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        [BINARY, &[command, family, 0, body.len() as u8], body].concat()
    }

    #[test]
    fn both_versions_name_the_client_and_leave_the_rest() {
        let v4: IpAddr = "192.0.2.1".parse().unwrap();
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        let mut six = vec![0; 36];
        six[..16].copy_from_slice(&"2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        for (header, client) in [
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 40000 8080\r\n".to_vec(), Some(v4)),
            (b"PROXY TCP6 2001:db8::1 ::1 40000 8080\r\n".to_vec(), Some(v6)),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (v2(0x21, 0x11, &[192, 0, 2, 1, 10, 0, 0, 1, 1, 2, 3, 4]), Some(v4)),
            (v2(0x21, 0x21, &six), Some(v6)),
            (v2(0x20, 0x00, &[]), None),
            (v2(0x21, 0x31, &[0; 20]), None),
        ] {
            let (seen, left) = found(&header, b"\x1d\0\x01");
            assert_eq!((seen.unwrap(), left.as_slice()), (client, &b"\x1d\0\x01"[..]), "{header:?}");
        }
    }

    #[test]
    fn other_beginnings_are_the_proxys_own() {
        for own in [&b"GET / HTTP/1.1\r\n"[..], b"POST / HTTP/1.1\r\n", b"\x1d\0\x01\0\x20", b"\r\n\r\nx"] {
            let (seen, left) = found(own, b"");
            assert_eq!((seen.unwrap(), left.as_slice()), (None, own));
        }
        assert_eq!(found(b"", b"").0.unwrap(), None);
    }

    #[test]
    fn malformed_headers_end_the_connection() {
        let long = [b"PROXY TCP4 ", &[b'1'; 200][..]].concat();
        for bad in [
            b"PROXY TCP4 example 10.0.0.1 1 2\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1\r\n".to_vec(),
            b"PROXY \xff\r\n".to_vec(),
            v2(0x31, 0x11, &[0; 12]),
            v2(0x21, 0x11, &[0; 3]),
            [BINARY, &[0x21, 0x11, 0xff, 0xff]].concat(),
            long,
        ] {
            assert!(found(&bad, b"").0.is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(line: Vec<u8>, command: u8, family: u8, rest: Vec<u8>) {
            let _ = (text(&line), binary(command, family, &rest));
        }
    }
}

//! A connection to a database server: TCP, with TLS when the server can and the address wants it.

use super::address::{Address, TlsMode};
use super::error::PgError;
use super::trust;
use crate::outgoing::stream::{Socket, Stream};
use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustls::pki_types::ServerName;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;

/// Connects.
///
/// # Errors
/// Nobody there, or TLS is wanted and cannot be had.
pub fn connect(address: &Address) -> Result<Stream, PgError> {
    let mut tcp = dial(address)?;
    if address.tls == TlsMode::Disable || !ask_for_tls(&mut tcp)? {
        return match address.tls {
            TlsMode::Disable | TlsMode::Prefer => Ok(Stream::Plain(Socket::new(tcp))),
            _ => Err(PgError::Tls("the server has none, and sslmode wants it".into())),
        };
    }
    let name = ServerName::try_from(address.host.clone())
        .map_err(|_| PgError::Tls(format!("{} is no name for a certificate", address.host)))?;
    Stream::begin_tls(Socket::new(tcp), Arc::new(trust::client_config(address)?), name)
        .map_err(|error| PgError::Tls(error.to_string()))
}

/// Tries every address of the host.
fn dial(address: &Address) -> io::Result<TcpStream> {
    let mut error = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for place in (address.host.as_str(), address.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, address.connect_timeout) {
            Ok(tcp) => {
                tcp.set_nodelay(true)?;
                tcp.set_read_timeout(address.socket_timeout)?;
                tcp.set_write_timeout(address.socket_timeout)?;
                if address.keep_alive {
                    rustix::net::sockopt::set_socket_keepalive(&tcp, true)?;
                }
                return Ok(tcp);
            }
            Err(refused) => error = refused,
        }
    }
    Err(error)
}

/// Asks whether TLS may begin. Nothing else is read: the next byte is the handshake's.
fn ask_for_tls(tcp: &mut TcpStream) -> Result<bool, PgError> {
    let mut message = BytesMut::new();
    frontend::ssl_request(&mut message);
    tcp.write_all(&message)?;
    let mut answer = [0];
    tcp.read_exact(&mut answer)?;
    match answer[0] {
        b'S' => Ok(true),
        b'N' => Ok(false),
        _ => Err(PgError::Protocol("to the question for TLS")),
    }
}

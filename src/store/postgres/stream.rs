//! A connection to a database server: TCP, with TLS when the server can and the address wants it.

use super::address::{Address, TlsMode};
use super::error::PgError;
use super::trust;
use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;

/// Bytes to and from the server.
pub enum Stream {
    /// As they are.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// Connects.
    ///
    /// # Errors
    /// Nobody there, or TLS is wanted and cannot be had.
    pub fn connect(address: &Address) -> Result<Stream, PgError> {
        let mut tcp = dial(address)?;
        if address.tls == TlsMode::Disable || !ask_for_tls(&mut tcp)? {
            return match address.tls {
                TlsMode::Disable | TlsMode::Prefer => Ok(Stream::Plain(tcp)),
                _ => Err(PgError::Tls("the server has none, and sslmode wants it".into())),
            };
        }
        let name = ServerName::try_from(address.host.clone())
            .map_err(|_| PgError::Tls(format!("{} is no name for a certificate", address.host)))?;
        let mut connection = ClientConnection::new(Arc::new(trust::client_config(address)?), name)
            .map_err(|error| PgError::Tls(error.to_string()))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut tcp).map_err(|error| PgError::Tls(error.to_string()))?;
        }
        Ok(Stream::Tls(Box::new(StreamOwned::new(connection, tcp))))
    }
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

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.flush(),
            Stream::Tls(tls) => tls.flush(),
        }
    }
}

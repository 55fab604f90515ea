//! A connection to another server for a worker: TCP or TLS, which may end at a moment whatever the other side does.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes to and from the server.
pub enum Stream {
    /// As they are.
    Plain(Socket),
    /// Encrypted.
    Tls(Box<StreamOwned<ClientConnection, Socket>>),
}

/// A socket with an end of all waiting.
pub struct Socket {
    tcp: TcpStream,
    end: Option<Instant>,
}

impl Socket {
    /// Around a connected socket, without an end.
    pub fn new(tcp: TcpStream) -> Socket {
        Socket { tcp, end: None }
    }

    /// Connects to one of these addresses, in order. Each but the last has half of the time that is left.
    ///
    /// # Errors
    /// The last one.
    pub fn connect(addresses: &[SocketAddr], end: Instant) -> io::Result<Socket> {
        let mut error = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for (i, address) in addresses.iter().enumerate() {
            let left = left(end)?;
            let time = if i + 1 == addresses.len() { left } else { left / 2 };
            match TcpStream::connect_timeout(address, time) {
                Ok(tcp) => {
                    tcp.set_nodelay(true)?;
                    return Ok(Socket { tcp, end: Some(end) });
                }
                Err(refused) => error = refused,
            }
        }
        Err(error)
    }

    /// When reading and writing end; also if bytes come all the time.
    pub fn end_at(&mut self, end: Instant) {
        self.end = Some(end);
    }

    /// How long each reading and writing may wait, in place of an end of all.
    ///
    /// # Errors
    /// The system's.
    pub fn wait_each(&mut self, time: Duration) -> io::Result<()> {
        self.end = None;
        self.tcp.set_read_timeout(Some(time))?;
        self.tcp.set_write_timeout(Some(time))
    }

    /// Whether the other side neither said anything nor closed the connection.
    pub fn is_quiet(&self) -> bool {
        let peeked = self.tcp.set_nonblocking(true).and_then(|()| self.tcp.peek(&mut [0]));
        let is_quiet = peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        is_quiet && self.tcp.set_nonblocking(false).is_ok()
    }
}

/// The time until then; never none, which sockets take for "no end".
fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(end) = self.end {
            self.tcp.set_read_timeout(Some(left(end)?))?;
        }
        self.tcp.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(end) = self.end {
            self.tcp.set_write_timeout(Some(left(end)?))?;
        }
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream {
    /// Begins TLS with the server of this name.
    ///
    /// # Errors
    /// No handshake, or no trust.
    pub fn begin_tls(mut socket: Socket, config: Arc<ClientConfig>, name: ServerName<'static>) -> io::Result<Stream> {
        let mut connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(Stream::Tls(Box::new(StreamOwned::new(connection, socket))))
    }

    /// Whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }

    /// The socket underneath.
    pub fn socket(&mut self) -> &mut Socket {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(tls) => &mut tls.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(tls) => tls.flush(),
        }
    }
}

//! Connections to a server: sockets with or without TLS, hardware and app frames.

use crate::trusting::AnyCertificate;
use crate::Fallible;
use rustls::crypto::ring;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// Command numbers of the protocol.
pub mod command {
    pub const RESPONSE: u8 = 0;
    pub const REGISTER: u8 = 1;
    pub const LOGIN: u8 = 2;
    pub const PING: u8 = 6;
    pub const ACTIVATE_DASHBOARD: u8 = 7;
    pub const HARDWARE: u8 = 20;
    pub const CREATE_DASH: u8 = 21;
    pub const HARDWARE_LOGIN: u8 = 29;
    pub const GET_DEVICES: u8 = 45;
}

/// The status of success.
pub const OK: usize = 200;
/// A server that is silent for so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which TLS a connection uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    None,
    V12,
    V13,
}

/// What came in a frame; a response has its status in place of a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub command: u8,
    pub id: u16,
    pub status: usize,
    pub body: Vec<u8>,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// One connection.
pub struct Peer {
    wire: Wire,
    /// 5 for devices, 7 for apps.
    header: usize,
    received: Vec<u8>,
    next_id: u16,
}

impl Peer {
    /// An app; always over TLS.
    pub fn app(https_port: u16) -> Fallible<Peer> {
        Peer::connect(https_port, Tls::V13, 7)
    }

    /// A device.
    pub fn device(port: u16, tls: Tls) -> Fallible<Peer> {
        Peer::connect(port, tls, 5)
    }

    fn connect(port: u16, tls: Tls, header: usize) -> Fallible<Peer> {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let wire = match tls {
            Tls::None => Wire::Plain(socket),
            _ => {
                let config = client_config(tls)?;
                let connection = ClientConnection::new(config, "localhost".try_into()?)?;
                Wire::Tls(Box::new(StreamOwned::new(connection, socket)))
            }
        };
        Ok(Peer { wire, header, received: Vec::new(), next_id: 0 })
    }

    /// Closes without saying goodbye in TLS when dropped; limits how long reading and writing may wait.
    pub fn set_timeout(&mut self, timeout: Duration) -> Fallible<()> {
        let socket = match &self.wire {
            Wire::Plain(socket) => socket,
            Wire::Tls(stream) => &stream.sock,
        };
        socket.set_read_timeout(Some(timeout))?;
        socket.set_write_timeout(Some(timeout))?;
        Ok(())
    }

    /// Appends a frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>, command: u8, id: u16, body: &[u8]) {
        out.push(command);
        out.extend_from_slice(&id.to_be_bytes());
        let length = (body.len() as u32).to_be_bytes();
        out.extend_from_slice(if self.header == 5 { &length[2..] } else { &length });
        out.extend_from_slice(body);
    }

    /// Sends bytes that are encoded already.
    pub fn write(&mut self, bytes: &[u8]) -> Fallible<()> {
        match &mut self.wire {
            Wire::Plain(socket) => socket.write_all(bytes)?,
            Wire::Tls(stream) => {
                stream.write_all(bytes)?;
                stream.flush()?;
            }
        }
        Ok(())
    }

    /// Sends a frame; its id.
    pub fn send(&mut self, command: u8, body: &[u8]) -> Fallible<u16> {
        self.next_id = if self.next_id == u16::MAX { 1 } else { self.next_id + 1 };
        let mut bytes = Vec::with_capacity(self.header + body.len());
        self.encode(&mut bytes, command, self.next_id, body);
        self.write(&bytes)?;
        Ok(self.next_id)
    }

    /// Sends a frame and waits for the one that answers it; what else comes is dropped.
    pub fn ask(&mut self, command: u8, body: &[u8]) -> Fallible<Frame> {
        let id = self.send(command, body)?;
        loop {
            let frame = self.receive()?;
            if frame.id == id && (frame.command == command || frame.command == command::RESPONSE) {
                return Ok(frame);
            }
        }
    }

    /// Sends a frame that must succeed.
    pub fn ask_ok(&mut self, command: u8, body: &[u8]) -> Fallible<()> {
        let frame = self.ask(command, body)?;
        match (frame.command, frame.status) {
            (command::RESPONSE, OK) => Ok(()),
            (_, status) => Err(format!("command {command} was answered with {status}").into()),
        }
    }

    /// The next frame.
    pub fn receive(&mut self) -> Fallible<Frame> {
        loop {
            if let Some((size, command, id, length)) = head(&self.received, self.header) {
                if self.received.len() >= size {
                    let body = self.received[self.header..size].to_vec();
                    self.received.drain(..size);
                    return Ok(Frame { command, id, status: length, body });
                }
            }
            self.read_more()?;
        }
    }

    /// Waits for bytes and hands every whole frame's command and body to `each`.
    pub fn receive_all(&mut self, mut each: impl FnMut(u8, &[u8])) -> Fallible<()> {
        self.read_more()?;
        let mut used = 0;
        while let Some((size, command, ..)) = head(&self.received[used..], self.header) {
            let Some(frame) = self.received.get(used..used + size) else { break };
            each(command, &frame[self.header..]);
            used += size;
        }
        self.received.drain(..used);
        Ok(())
    }

    fn read_more(&mut self) -> Fallible<()> {
        let mut buffer = [0; 16 * 1024];
        let n = loop {
            let result = match &mut self.wire {
                Wire::Plain(socket) => socket.read(&mut buffer),
                Wire::Tls(stream) => stream.read(&mut buffer),
            };
            match result {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err("the server does not send what it should".into());
                }
                result => break result?,
            }
        };
        if n == 0 {
            return Err("the server closed the connection".into());
        }
        self.received.extend_from_slice(&buffer[..n]);
        Ok(())
    }
}

/// Size of the first frame, its command, id and length field.
fn head(bytes: &[u8], header: usize) -> Option<(usize, u8, u16, usize)> {
    let bytes = bytes.get(..header)?;
    let length = bytes[3..].iter().fold(0, |n, byte| n << 8 | usize::from(*byte));
    let body = if bytes[0] == command::RESPONSE { 0 } else { length };
    Some((header + body, bytes[0], u16::from_be_bytes([bytes[1], bytes[2]]), length))
}

/// Settings for a TLS client that takes any certificate and never resumes a session.
fn client_config(tls: Tls) -> Fallible<Arc<ClientConfig>> {
    static V12: std::sync::OnceLock<Arc<ClientConfig>> = std::sync::OnceLock::new();
    static V13: std::sync::OnceLock<Arc<ClientConfig>> = std::sync::OnceLock::new();
    let (known, version) = if tls == Tls::V12 { (&V12, &TLS12) } else { (&V13, &TLS13) };
    if let Some(config) = known.get() {
        return Ok(Arc::clone(config));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::clone(known.get_or_init(|| Arc::new(config))))
}

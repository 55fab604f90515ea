//! Tiny peers: an app over TLS and a device over TCP, frame by frame.

use super::trusting::AnyCertificate;
use super::PATIENCE;
use eyelet::store::accounts::password_hash;
use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// Status 200.
pub const OK: u32 = 200;

/// Connects to a port of this machine.
pub fn tcp(port: u16) -> TcpStream {
    tcp_to("127.0.0.1", port)
}

/// Connects to a port of one of this machine's addresses.
pub fn tcp_to(host: &str, port: u16) -> TcpStream {
    let socket = TcpStream::connect((host, port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// Speaks TLS on a connection.
pub fn tls(socket: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(client, socket)
}

/// The certificate that a TLS port shows.
pub fn certificate(port: u16) -> Vec<u8> {
    let mut stream = tls(tcp(port));
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

/// What a server sends: a status or a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Status(u16, u32),
    Message { command: u8, id: u16, body: Vec<u8> },
}

/// A phone app.
pub struct App {
    pub stream: StreamOwned<ClientConnection, TcpStream>,
    id: u16,
}

impl App {
    pub fn connect(port: u16) -> App {
        App::over(tcp(port))
    }

    /// On a connection that has begun.
    pub fn over(socket: TcpStream) -> App {
        App { stream: tls(socket), id: 0 }
    }

    /// Sends a request; its id.
    pub fn send(&mut self, command: u8, body: &str) -> u16 {
        self.id = self.id.wrapping_add(1);
        let mut frame = vec![command];
        frame.extend_from_slice(&self.id.to_be_bytes());
        frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
        frame.extend_from_slice(body.as_bytes());
        self.stream.write_all(&frame).unwrap();
        self.stream.flush().unwrap();
        self.id
    }

    /// The next frame.
    pub fn receive(&mut self) -> io::Result<Answer> {
        let mut header = [0; 7];
        self.stream.read_exact(&mut header)?;
        let id = u16::from_be_bytes([header[1], header[2]]);
        let length = u32::from_be_bytes([header[3], header[4], header[5], header[6]]);
        if header[0] == 0 {
            return Ok(Answer::Status(id, length));
        }
        let mut body = vec![0; length as usize];
        self.stream.read_exact(&mut body)?;
        Ok(Answer::Message { command: header[0], id, body })
    }

    /// Sends a request; the status of its answer.
    pub fn ask(&mut self, command: u8, body: &str) -> u32 {
        let sent = self.send(command, body);
        loop {
            match self.receive().unwrap() {
                Answer::Status(id, status) if id == sent => return status,
                _ => {}
            }
        }
    }

    /// Sends a request; the body of its answer.
    pub fn get(&mut self, command: u8, body: &str) -> Vec<u8> {
        let sent = self.send(command, body);
        loop {
            match self.receive().unwrap() {
                Answer::Message { id, body, .. } if id == sent => return body,
                Answer::Status(id, status) if id == sent => panic!("status {status}"),
                _ => {}
            }
        }
    }

    pub fn register(&mut self, email: &str, password: &str) -> u32 {
        self.ask(1, &format!("{email}\0{}\0Blynk", password_hash(email, password)))
    }

    /// A new account with active project 1, which has these widgets (JSON objects with commas between) and device 0; the
    /// logged-in app and the device's token.
    pub fn with_project(port: u16, email: &str, widgets: &str) -> (App, String) {
        let mut app = App::connect(port);
        assert_eq!(app.register(email, "pw"), OK);
        assert_eq!(app.login(email, "pw"), OK);
        let dash = format!(r#"{{"id":1,"name":"One","isActive":true,"widgets":[{widgets}]}}"#);
        assert_eq!(app.ask(21, &dash), OK);
        let device = app.get(42, "1\0{\"id\":0,\"name\":\"D\",\"boardType\":\"ESP8266\"}");
        let device: serde_json::Value = serde_json::from_slice(&device).unwrap();
        let token = device["token"].as_str().unwrap().to_owned();
        (app, token)
    }

    pub fn login(&mut self, email: &str, password: &str) -> u32 {
        self.ask(2, &format!("{email}\0{}\0Android\x002.27.34\0Blynk", password_hash(email, password)))
    }
}

/// A device.
pub struct Device<S = TcpStream> {
    pub stream: S,
    id: u16,
}

impl Device {
    pub fn connect(port: u16) -> Device {
        Device::over(tcp(port))
    }
}

impl<S: Read + Write> Device<S> {
    /// On a connection that has begun.
    pub fn over(stream: S) -> Device<S> {
        Device { stream, id: 0 }
    }

    /// Sends a message; its id.
    pub fn send(&mut self, command: u8, body: &str) -> u16 {
        self.id = self.id.wrapping_add(1);
        let mut frame = vec![command];
        frame.extend_from_slice(&self.id.to_be_bytes());
        frame.extend_from_slice(&(body.len() as u16).to_be_bytes());
        frame.extend_from_slice(body.as_bytes());
        self.stream.write_all(&frame).unwrap();
        self.id
    }

    /// The next frame.
    pub fn receive(&mut self) -> io::Result<Answer> {
        let mut header = [0; 5];
        self.stream.read_exact(&mut header)?;
        let id = u16::from_be_bytes([header[1], header[2]]);
        let length = u16::from_be_bytes([header[3], header[4]]);
        if header[0] == 0 {
            return Ok(Answer::Status(id, u32::from(length)));
        }
        let mut body = vec![0; usize::from(length)];
        self.stream.read_exact(&mut body)?;
        Ok(Answer::Message { command: header[0], id, body })
    }

    /// Sends a message; the status of its answer.
    pub fn ask(&mut self, command: u8, body: &str) -> u32 {
        let sent = self.send(command, body);
        loop {
            match self.receive().unwrap() {
                Answer::Status(id, status) if id == sent => return status,
                _ => {}
            }
        }
    }

    pub fn login(&mut self, token: &str) -> u32 {
        self.ask(29, token)
    }

    /// Waits for a HARDWARE message; its body.
    pub fn hear(&mut self) -> String {
        loop {
            if let Answer::Message { command: 20, body, .. } = self.receive().unwrap() {
                return String::from_utf8(body).unwrap();
            }
        }
    }
}

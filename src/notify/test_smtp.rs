//! A local SMTP server for tests: says yes to everything but what it is told to refuse, with or without TLS.
#![allow(clippy::disallowed_methods)] // A peer for tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{channel, Receiver};
use std::sync::Arc;
use std::time::Duration;

/// How a conversation is encrypted.
#[derive(Clone, Copy, PartialEq)]
pub enum Encryption {
    None,
    /// After the command `STARTTLS`.
    StartTls,
    /// From the first byte.
    Wrapper,
}

/// One conversation.
#[derive(Default)]
pub struct Seen {
    pub commands: Vec<String>,
    /// The message with its CR LF and doubled dots, without the final dot.
    pub data: String,
    pub encrypted: bool,
}

/// The running server; it takes one conversation.
pub struct SmtpPeer {
    port: u16,
    root: Option<Vec<u8>>,
    seen: Receiver<Seen>,
}

struct Script {
    extensions: Vec<String>,
    refuse: Option<(String, String)>,
    tls: Option<Arc<rustls::ServerConfig>>,
}

impl SmtpPeer {
    pub fn start(encryption: Encryption, extensions: &[&str]) -> Self {
        Self::run(encryption, extensions, None)
    }

    /// A server that answers the first command that starts with `command` with `answer`.
    pub fn refusing(command: &str, answer: &str) -> Self {
        Self::run(Encryption::None, &["AUTH PLAIN"], Some((command.to_owned(), answer.to_owned())))
    }

    fn run(encryption: Encryption, extensions: &[&str], refuse: Option<(String, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (root, tls) = match encryption {
            Encryption::None => (None, None),
            _ => {
                let (root, config) = certificate();
                (Some(root), Some(config))
            }
        };
        let script = Script { extensions: extensions.iter().map(|&e| e.to_owned()).collect(), refuse, tls };
        let (tx, seen) = channel();
        std::thread::spawn(move || {
            let Ok((stream, _)) = listener.accept() else { return };
            let mut seen = Seen::default();
            if encryption == Encryption::Wrapper {
                seen.encrypted = true;
                let mut stream = script.encrypt(stream);
                if stream.write_all(b"220 ready\r\n").is_ok() {
                    script.talk(stream, &mut seen);
                }
            } else {
                (&stream).write_all(b"220 ready\r\n").unwrap();
                if script.talk(&stream, &mut seen) {
                    seen.encrypted = true;
                    script.talk(script.encrypt(stream), &mut seen);
                }
            }
            let _ = tx.send(seen);
        });
        Self { port, root, seen }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate to trust, DER.
    pub fn root(&self) -> Option<Vec<u8>> {
        self.root.clone()
    }

    /// The conversation, when it is over.
    pub fn seen(&self) -> Seen {
        self.seen.recv_timeout(Duration::from_secs(5)).expect("a conversation")
    }
}

impl Script {
    fn encrypt(&self, stream: TcpStream) -> rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
        let config = self.tls.clone().expect("a certificate");
        rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), stream)
    }

    /// Talks until the end; true when the client asked for TLS.
    fn talk(&self, stream: impl Read + Write, seen: &mut Seen) -> bool {
        let mut stream = BufReader::new(stream);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                return false;
            }
            let command = line.trim_end().to_owned();
            let answer = match (&self.refuse, command.split(' ').next().unwrap_or_default()) {
                (Some((refused, answer)), word) if word == refused => format!("{answer}\r\n"),
                (_, "EHLO") => {
                    let mut answer = "250-hello\r\n".to_owned();
                    self.extensions.iter().for_each(|e| answer += &format!("250-{e}\r\n"));
                    answer + "250 SIZE 1000000\r\n"
                }
                (_, "DATA") => "354 go on\r\n".to_owned(),
                (_, "AUTH") if command == "AUTH LOGIN" => "334 VXNlcm5hbWU6\r\n".to_owned(),
                (_, "AUTH") => "235 ok\r\n".to_owned(),
                (_, "STARTTLS") => "220 go\r\n".to_owned(),
                (_, "QUIT") => "221 bye\r\n".to_owned(),
                (_, "MAIL" | "RCPT") => "250 ok\r\n".to_owned(),
                // The two answers of AUTH LOGIN, in base64.
                _ if seen.commands.last().is_some_and(|last| last == "AUTH LOGIN") => "334 UGFzc3dvcmQ6\r\n".to_owned(),
                _ => "235 ok\r\n".to_owned(),
            };
            seen.commands.push(command.clone());
            if stream.get_mut().write_all(answer.as_bytes()).is_err() || stream.get_mut().flush().is_err() {
                return false;
            }
            match command.as_str() {
                "STARTTLS" => return true,
                "QUIT" => return false,
                "DATA" => {
                    let mut data = String::new();
                    while !data.ends_with("\r\n.\r\n") && stream.read_line(&mut data).unwrap_or(0) > 0 {}
                    seen.data = data.strip_suffix("\r\n.\r\n").unwrap_or(&data).to_owned();
                    if stream.get_mut().write_all(b"250 taken\r\n").is_err() {
                        return false;
                    }
                }
                _ => {}
            }
        }
    }
}

fn certificate() -> (Vec<u8>, Arc<rustls::ServerConfig>) {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let der = key.cert.der().clone();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der.clone()], key.signing_key.serialize_der().try_into().unwrap())
        .unwrap();
    (der.to_vec(), Arc::new(config))
}

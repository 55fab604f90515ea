//! A conversation with a mail server (RFC 5321, RFC 3207, RFC 4954).

use crate::outgoing::stream::{Socket, Stream};
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use rustls::pki_types::ServerName;
use rustls::ClientConfig;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest reply, bytes.
const REPLY_MAX: usize = 64 * 1024;
/// Most questions of a server before it takes a login.
const QUESTIONS_MAX: usize = 10;
/// A reply's code that says: go on.
const QUESTION: u16 = 334;

/// Why a conversation failed.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The connection.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server says no.
    #[error("{} error ({code}): {text}", if *.code < 500 { "transient" } else { "permanent" })]
    Refused {
        /// The reply's code, from 400 on.
        code: u16,
        /// Its words.
        text: String,
    },
    /// What the server says is no SMTP, or not what follows.
    #[error("unexpected answer: {0}")]
    Answer(&'static str),
    /// The server cannot what this mail needs.
    #[error("it does not support {0}")]
    Missing(&'static str),
}

/// Where a mail server is.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Name or address.
    pub host: &'a str,
    /// Port.
    pub port: u16,
    /// Longest time until it answers.
    pub connect: Duration,
    /// What we call ourselves.
    pub hello: &'a str,
}

/// A conversation that has begun.
pub struct Conversation {
    stream: Stream,
    input: Vec<u8>,
    /// What the server offers, in capitals.
    offers: Vec<String>,
}

/// A reply of the server that is no refusal.
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Conversation {
    /// Connects and says hello; with `tls` encrypted from the first byte.
    ///
    /// # Errors
    /// Nobody there, no trust, or no welcome.
    pub fn begin(place: Place<'_>, tls: Option<Arc<ClientConfig>>) -> Result<Conversation, SmtpError> {
        let addresses: Vec<SocketAddr> = (place.host, place.port).to_socket_addrs()?.collect();
        let mut socket = Socket::connect(&addresses, Instant::now() + place.connect)?;
        socket.wait_each(place.connect)?;
        let stream = match tls {
            Some(tls) => Stream::begin_tls(socket, tls, name(place.host)?)?,
            None => Stream::Plain(socket),
        };
        let mut begun = Conversation { stream, input: Vec::new(), offers: Vec::new() };
        begun.reply()?;
        begun.hello(place.hello)?;
        Ok(begun)
    }

    /// How long each answer may take.
    ///
    /// # Errors
    /// The system's.
    pub fn wait_each(&mut self, time: Duration) -> io::Result<()> {
        self.stream.socket().wait_each(time)
    }

    /// Whether the server offers this, for example `8BITMIME`.
    pub fn offers(&self, what: &str) -> bool {
        self.offers.iter().any(|line| line.split(' ').next() == Some(what))
    }

    /// Whether it offers this way to log in.
    pub fn offers_login(&self, way: &str) -> bool {
        self.offers
            .iter()
            .any(|line| line.strip_prefix("AUTH ").is_some_and(|ways| ways.split(' ').any(|it| it == way)))
    }

    /// Encrypts what follows.
    ///
    /// # Errors
    /// The server does not want to, or is not trusted.
    pub fn start_tls(self, place: Place<'_>, tls: Arc<ClientConfig>) -> Result<Conversation, SmtpError> {
        let mut plain = self;
        plain.command("STARTTLS")?;
        // What somebody put behind the answer would count as encrypted.
        if !plain.input.is_empty() {
            return Err(SmtpError::Answer("more than one to STARTTLS"));
        }
        let Stream::Plain(socket) = plain.stream else { return Err(SmtpError::Answer("TLS within TLS")) };
        let stream = Stream::begin_tls(socket, tls, name(place.host)?)?;
        let mut encrypted = Conversation { stream, input: Vec::new(), offers: Vec::new() };
        encrypted.hello(place.hello)?;
        Ok(encrypted)
    }

    /// Whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.stream.is_encrypted()
    }

    /// Logs in by `PLAIN`, else by `LOGIN`.
    ///
    /// # Errors
    /// The server refuses.
    pub fn log_in(&mut self, user: &str, password: &str) -> Result<(), SmtpError> {
        if self.offers_login("PLAIN") {
            let text = format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}")));
            return match self.command(&text)?.code {
                QUESTION => Err(SmtpError::Answer("to a login")),
                _ => Ok(()),
            };
        }
        let mut reply = self.command("AUTH LOGIN")?;
        for _ in 0..QUESTIONS_MAX {
            if reply.code != QUESTION {
                return Ok(());
            }
            let question = reply.lines.first().and_then(|line| STANDARD.decode(line.trim()).ok()).unwrap_or_default();
            let question = String::from_utf8_lossy(&question).to_ascii_lowercase();
            let answer = match question.trim_end_matches(['\0', ':']) {
                "user name" | "username" => user,
                "password" => password,
                _ => return Err(SmtpError::Answer("to a login")),
            };
            reply = self.command(&STANDARD.encode(answer))?;
        }
        Err(SmtpError::Answer("to a login"))
    }

    /// Delivers one mail: text with CR LF at the ends of lines.
    ///
    /// # Errors
    /// The server refuses, or cannot take letters that are not ASCII.
    pub fn deliver<A: AsRef<str>>(&mut self, from: &A, to: &[A], text: &[u8]) -> Result<(), SmtpError> {
        let mut options = String::new();
        if !to.iter().chain([from]).all(|address| address.as_ref().is_ascii()) {
            options += self.option("SMTPUTF8", " SMTPUTF8")?;
        }
        if !text.is_ascii() {
            options += self.option("8BITMIME", " BODY=8BITMIME")?;
        }
        self.command(&format!("MAIL FROM:<{}>{options}", from.as_ref()))?;
        for address in to {
            self.command(&format!("RCPT TO:<{}>", address.as_ref()))?;
        }
        self.command("DATA")?;
        self.send(&with_end(text))?;
        self.reply().map(drop)
    }

    fn option(&self, name: &'static str, option: &'static str) -> Result<&'static str, SmtpError> {
        self.offers(name).then_some(option).ok_or(SmtpError::Missing(name))
    }

    /// Says good-bye. How the server takes it does not matter.
    pub fn quit(mut self) {
        let _ = self.command("QUIT");
    }

    fn hello(&mut self, name: &str) -> Result<(), SmtpError> {
        let reply = self.command(&format!("EHLO {name}"))?;
        self.offers = reply.lines.iter().skip(1).map(|line| line.trim().to_ascii_uppercase()).collect();
        Ok(())
    }

    fn command(&mut self, command: &str) -> Result<Reply, SmtpError> {
        self.send(format!("{command}\r\n").as_bytes())?;
        self.reply()
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    fn reply(&mut self) -> Result<Reply, SmtpError> {
        let (mut lines, mut size) = (Vec::new(), 0);
        loop {
            let line = self.line()?;
            size += line.len();
            let code: u16 = line.get(..3).and_then(|code| code.parse().ok()).ok_or(SmtpError::Answer("no SMTP"))?;
            let rest = line.get(3..).unwrap_or_default();
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
            match rest.bytes().next() {
                Some(b'-') if size <= REPLY_MAX => {}
                None | Some(b' ') if (200..400).contains(&code) => return Ok(Reply { code, lines }),
                None | Some(b' ') if (400..600).contains(&code) => {
                    return Err(SmtpError::Refused { code, text: lines.join(" ") });
                }
                _ => return Err(SmtpError::Answer("no SMTP")),
            }
        }
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<String, SmtpError> {
        loop {
            if let Some(end) = self.input.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.input.len() > REPLY_MAX {
                return Err(SmtpError::Answer("too long"));
            }
            let mut buffer = [0; 1024];
            match self.stream.read(&mut buffer)? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                count => self.input.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

fn name(host: &str) -> Result<ServerName<'static>, SmtpError> {
    ServerName::try_from(host.to_owned()).map_err(|_| SmtpError::Answer("the host's name fits into no certificate"))
}

/// The text with its dots doubled and the final dot, for one write. In two, TCP holds the dot back until the server has
/// acknowledged the text, which takes it 40 ms, and a mail overtakes an earlier, shorter one.
fn with_end(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 64 + 5);
    let mut before = b'\n';
    for &byte in text {
        if before == b'\n' && byte == b'.' {
            out.push(b'.');
        }
        out.push(byte);
        before = byte;
    }
    out.extend_from_slice(b"\r\n.\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Says these lines, each but the first after something was said to it.
    #[allow(clippy::disallowed_methods)] // A peer for tests.
    fn begin(lines: &[&str]) -> Result<Conversation, SmtpError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines: Vec<String> = lines.iter().map(|line| format!("{line}\r\n")).collect();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for line in lines {
                stream.write_all(line.as_bytes()).unwrap();
                let _ = stream.read(&mut [0; 1000]);
            }
        });
        let place = Place { host: "127.0.0.1", port, connect: Duration::from_secs(5), hello: "me" };
        Conversation::begin(place, None)
    }

    #[test]
    fn what_a_server_offers() {
        let server = begin(&[
            "220-hello\r\n220 you",
            "250-STARTTLS.example\r\n250-starttls\r\n250-AUTH LOGIN xoauth2\r\n250 8BITMIME",
        ])
        .unwrap();
        assert!(server.offers("STARTTLS") && server.offers("8BITMIME") && !server.offers("SMTPUTF8"));
        assert!(server.offers_login("LOGIN") && server.offers_login("XOAUTH2") && !server.offers_login("PLAIN"));
        assert!(!server.is_encrypted());
    }

    #[test]
    fn refusals_have_all_their_lines() {
        for (lines, text) in [
            (&["554-go\r\n554 away"][..], "permanent error (554): go away"),
            (&["220 x", "421 later"], "transient error (421): later"),
            (&["220 x", "250"], ""),
            (&["SSH-2.0"], "unexpected answer: no SMTP"),
            (&["150 x"], "unexpected answer: no SMTP"),
            (&["999 x"], "unexpected answer: no SMTP"),
            (&["22"], "unexpected answer: no SMTP"),
        ] {
            let error = begin(lines).err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(error, text, "{lines:?}");
        }
    }

    #[test]
    fn letters_that_are_not_ascii_need_an_extension() {
        let mut server = begin(&["220 x", "250 x"]).unwrap();
        assert!(matches!(server.deliver(&"a@b.c", &["ö@b.c"], b""), Err(SmtpError::Missing("SMTPUTF8"))));
        assert!(matches!(server.deliver(&"a@b.c", &["o@b.c"], "ö".as_bytes()), Err(SmtpError::Missing("8BITMIME"))));
        let mut server =
            begin(&["220 x", "250-x\r\n250-8BITMIME\r\n250 SMTPUTF8", "250 x", "250 x", "354 x", "250 x"]).unwrap();
        server.deliver(&"a@b.c", &["ö@b.c"], "ö".as_bytes()).unwrap();
    }

    #[test]
    fn nothing_may_stand_behind_the_answer_to_starttls() {
        let server = begin(&["220 x", "250-x\r\n250 STARTTLS", "220 go\r\n250 injected"]).unwrap();
        let place = Place { host: "127.0.0.1", port: 0, connect: Duration::from_secs(5), hello: "me" };
        let tls = Arc::new(crate::outgoing::trust::authorities(Vec::new()).unwrap());
        assert!(matches!(server.start_tls(place, tls), Err(SmtpError::Answer(_))));
    }

    #[test]
    fn dots_are_doubled_at_the_start_of_lines() {
        for (text, wire) in [("", "\r\n.\r\n"), (".", "..\r\n.\r\n"), ("a.b\r\n.\r\n..c", "a.b\r\n..\r\n...c\r\n.\r\n")]
        {
            assert_eq!(String::from_utf8(with_end(text.as_bytes())).unwrap(), wire);
        }
    }
}

//! The web app's websocket `/dashws` carries the same commands as a phone's connection: both are asked the same, and must
//! be answered the same.

mod common;

use common::app::{tcp, tls, App, OK};
use common::Place;
use eyelet::store::accounts::password_hash;
use rustls::{ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;

const LOGIN: u8 = 2;
const PING: u8 = 6;
const HARDWARE: u8 = 20;
const APP_SYNC: u8 = 25;

/// A web app: each binary message is command, id and body.
struct WebApp {
    stream: StreamOwned<ClientConnection, TcpStream>,
    id: u16,
}

impl WebApp {
    fn connect(port: u16) -> WebApp {
        let mut stream = tls(tcp(port));
        let head = "GET /dashws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
        WebApp { stream, id: 0 }
    }

    /// Sends a masked binary message; its id.
    fn send(&mut self, command: u8, body: &str) -> u16 {
        self.id = self.id.wrapping_add(1);
        let mut message = vec![command];
        message.extend_from_slice(&self.id.to_be_bytes());
        message.extend_from_slice(body.as_bytes());
        let mask = [7, 77, 177, 17];
        let mut frame = vec![0x82];
        match u8::try_from(message.len()) {
            Ok(short @ 0..=125) => frame.push(0x80 | short),
            _ => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&u16::try_from(message.len()).unwrap().to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(message.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.stream.write_all(&frame).unwrap();
        self.id
    }

    /// The next message: command, id, body.
    fn receive(&mut self) -> (u8, u16, Vec<u8>) {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 0x82, "an unfragmented binary message");
        let length = match head[1] {
            126 => {
                let mut long = [0; 2];
                self.stream.read_exact(&mut long).unwrap();
                usize::from(u16::from_be_bytes(long))
            }
            127 => {
                let mut long = [0; 8];
                self.stream.read_exact(&mut long).unwrap();
                usize::try_from(u64::from_be_bytes(long)).unwrap()
            }
            short => usize::from(short),
        };
        let mut message = vec![0; length];
        self.stream.read_exact(&mut message).unwrap();
        (message[0], u16::from_be_bytes([message[1], message[2]]), message.split_off(3))
    }
}

/// Somebody who asks, and what comes back up to the answer of a ping.
trait Asks {
    fn request(&mut self, command: u8, body: &str) -> u16;
    /// The next frame: command, id, body; a response's body is its status, four bytes.
    fn frame(&mut self) -> (u8, u16, Vec<u8>);

    fn answers(&mut self, command: u8, body: &str) -> Vec<String> {
        self.request(command, body);
        let fence = self.request(PING, "");
        let mut answers = Vec::new();
        loop {
            let (command, id, body) = self.frame();
            if (command, id) == (0, fence) {
                return answers;
            }
            answers.push(shown(command, id, &body));
        }
    }
}

impl Asks for WebApp {
    fn request(&mut self, command: u8, body: &str) -> u16 {
        self.send(command, body)
    }
    fn frame(&mut self) -> (u8, u16, Vec<u8>) {
        self.receive()
    }
}

impl Asks for App {
    fn request(&mut self, command: u8, body: &str) -> u16 {
        self.send(command, body)
    }
    fn frame(&mut self) -> (u8, u16, Vec<u8>) {
        match self.receive().unwrap() {
            common::app::Answer::Status(id, status) => (0, id, status.to_be_bytes().to_vec()),
            common::app::Answer::Message { command, id, body } => (command, id, body),
        }
    }
}

/// A frame without what differs from account to account: tokens and times.
fn shown(command: u8, id: u16, body: &[u8]) -> String {
    let mut inflated = Vec::new();
    let text = match command {
        0 => format!("{}", u32::from_be_bytes(body.try_into().unwrap())),
        24 => {
            flate2::read::ZlibDecoder::new(body).read_to_end(&mut inflated).unwrap();
            String::from_utf8(inflated).unwrap()
        }
        _ => String::from_utf8(body.to_vec()).unwrap(),
    };
    // Tokens have 32 characters, times of today 13 digits.
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let masked: Vec<String> = text
        .split_inclusive(|c| !is_word(c))
        .map(|part| {
            let word = part.trim_end_matches(|c| !is_word(c));
            let rest = &part[word.len()..];
            match word.len() {
                32 => format!("<token>{rest}"),
                13 if word.bytes().all(|b| b.is_ascii_digit()) => format!("<time>{rest}"),
                _ => part.to_owned(),
            }
        })
        .collect();
    format!("{command} {id} {}", masked.concat().replace('\0', "|"))
}

const DASH: &str = r#"{"id":1,"name":"Pond","devices":[{"id":0,"name":"Pump","boardType":"NodeMCU"}],"widgets":[
    {"type":"SLIDER","id":1,"width":1,"height":1,"pinType":"VIRTUAL","pin":4},
    {"type":"NOTIFICATION","id":2,"width":1,"height":1},
    {"type":"DEVICE_TILES","id":900,"width":1,"height":1},
    {"type":"DEVICE_SELECTOR","id":200000,"width":1,"height":1,"deviceIds":[0]},
    {"type":"ENHANCED_GRAPH","id":6,"width":1,"height":1},
    {"type":"REPORT","id":7,"width":1,"height":1}]}"#;

/// Command and body; `|` is NUL.
const REQUESTS: [(u8, &str); 62] = [
    (21, DASH),
    (21, DASH),
    (22, r#"{"id":2}"#),
    (38, r#"1|{"name":"Pool","theme":"SparkFun","isNotificationsOff":true}"#),
    (7, "1"),
    (24, "1"),
    (33, r#"1|{"type":"LED","id":12,"width":1,"height":1,"pinType":"VIRTUAL","pin":9}"#),
    (33, r#"1|{"type":"LED","id":12,"width":1,"height":1}"#),
    (34, r#"1|{"type":"LED","id":12,"width":2,"height":1,"label":"Lamp","pinType":"VIRTUAL","pin":9}"#),
    (70, "1|12"),
    (19, "1|12|color|#FF8000"),
    (19, "1|12|step|1"),
    (67, r#"1|900|{"id":1,"deviceIds":[0],"pin":{"pin":5,"pinType":"VIRTUAL"}}"#),
    (68, r#"1|900|{"id":1,"name":"Tile","deviceIds":[0],"pin":{"pin":5,"pinType":"VIRTUAL"}}"#),
    (33, r#"1|900|1|{"type":"LED","id":77,"width":1,"height":1}"#),
    (42, r#"1|{"id":3,"name":"Lamp","boardType":"ESP8266"}"#),
    (43, r#"1|{"id":3,"name":"Lamp 2","boardType":"ESP8266"}"#),
    (45, "1"),
    (50, "1|3"),
    (50, "1|4"),
    (9, "1|3"),
    (74, r#"1|{"id":9,"name":"New","boardType":"ESP8266"}"#),
    (46, r#"1|{"id":100000,"name":"All","deviceIds":[0,3]}"#),
    (47, r#"1|{"id":100000,"name":"Few","deviceIds":[3]}"#),
    (49, "1"),
    (20, "1|vw|4|21"),
    (20, "1|vw|20|a|b"),
    (20, "1-100000|vw|21|7"),
    (20, "1|vw|256|1"),
    (20, "1|vw|4"),
    (20, "1|vu|200000|0"),
    (65, "1-0|vw|4|22"),
    (APP_SYNC, "1"),
    (APP_SYNC, "1-3"),
    (27, "1|uid|token"),
    (26, "1|on"),
    (30, "1"),
    (31, "1"),
    (36, ""),
    (37, "200|AdColonyAward"),
    (37, "-5|tx"),
    (3, "code"),
    (55, r#"{"theme":"Blynk","provisionType":"STATIC","name":"App","icon":"i"}"#),
    (57, "nobody"),
    (51, "1"),
    (60, "1|6|DAY"),
    (61, "1-0|12"),
    (
        77,
        r#"1|{"id":1,"name":"r","reportSources":[{"type":"DEVICE","deviceIds":[0]}],"reportType":{"type":"ONE_TIME","rangeMillis":86400000},"recipients":"a@b.cc"}"#,
    ),
    (78, r#"1|{"id":2}"#),
    (79, "1|1"),
    (48, "1|100000"),
    (69, "1|900|1"),
    (44, "1|3"),
    (35, "1|12"),
    (35, "1|12"),
    (8, "1"),
    (24, ""),
    (23, "1"),
    (24, ""),
    // Ignored: retired, and what phones send before login.
    (5, "1"),
    (1, "a|b|c"),
    (73, "x"),
];

#[test]
fn a_web_app_is_answered_like_a_phone() {
    let place = Place::new("user.message.quota.limit=10000");
    let _server = place.start();
    let mut phone = App::connect(place.https);
    assert_eq!(phone.register("phone@example.com", "pw"), OK);
    assert_eq!(App::connect(place.https).register("web@example.com", "pw"), OK);
    let mut web = WebApp::connect(place.https);
    // Each has asked twice then, so that ids are equal.
    let login = |email: &str| format!("{email}\0{}\0Android\x002.27.34", password_hash(email, "pw"));
    web.request(LOGIN, &login("nobody@example.com"));
    assert_eq!(web.frame(), (0, 1, 3u32.to_be_bytes().to_vec()));
    phone.request(LOGIN, &login("phone@example.com"));
    web.request(LOGIN, &login("web@example.com"));
    for asker in [&mut phone as &mut dyn Asks, &mut web] {
        while asker.frame() != (0, 2, 200u32.to_be_bytes().to_vec()) {}
    }
    let mut answered = 0;
    for (command, body) in REQUESTS {
        let body = body.replace('|', "\0");
        let wanted = phone.answers(command, &body);
        assert_eq!(web.answers(command, &body), wanted, "{command} {body:?}");
        answered += wanted.len();
    }
    assert!(answered > 55, "{answered}");
}

#[test]
fn web_and_phone_of_one_account_hear_of_each_other() {
    let place = Place::new("");
    let _server = place.start();
    let mut phone = App::connect(place.https);
    assert_eq!(phone.register("a@example.com", "pw"), OK);
    assert_eq!(phone.login("a@example.com", "pw"), OK);
    assert_eq!(phone.ask(21, r#"{"id":1,"isActive":true,"isNotificationsOff":true,"devices":[{"id":0}]}"#), OK);
    let mut web = WebApp::connect(place.https);
    let hash = password_hash("a@example.com", "pw");
    web.answers(LOGIN, &format!("a@example.com\0{hash}"));
    web.request(HARDWARE, "1\0vw\05\07");
    assert_eq!(phone.frame().2, b"1\0vw\05\07");
    phone.request(HARDWARE, "1\0vw\05\08");
    let (command, _, body) = web.frame();
    assert_eq!((command, body.as_slice()), (APP_SYNC, &b"1\0vw\05\08"[..]));
}

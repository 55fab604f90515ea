//! What waits to be sent to one connection: encoded bytes, bounded, with the waker of the task that sends them.
//!
//! Invariant: bytes or a close request in an outbox imply that its task was woken or is running, so that nothing
//! stays behind unsent.

use crate::wire::frame;
use crate::wire::{Command, Status};
use std::cell::{Cell, RefCell};
use std::task::Waker;

/// More waiting bytes than this and messages that nobody asked for are dropped ...
pub const CONGESTED_ABOVE: usize = 64 * 1024;
/// ... until fewer than this wait.
pub const CONGESTED_UNTIL: usize = 32 * 1024;
/// More waiting bytes than this and the peer is given up: it asks and does not read the answers.
pub const OVERFLOW: usize = 24 * 1024 * 1024;

/// Close frame 1000 with the reason `Bye`.
const WEBSOCKET_BYE: &[u8] = b"\x88\x05\x03\xe8Bye";

/// How messages are put into bytes for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// 5-byte headers: devices over TCP and TLS.
    Hardware,
    /// 5-byte headers, each message in one binary websocket frame.
    HardwareWebSocket,
    /// 7-byte headers: phone apps.
    App,
    /// Dash form, each message in one binary websocket frame.
    AppWebSocket,
    /// MQTT packets: see [`crate::hub::mqtt`].
    Mqtt,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// It waits to be sent.
    Yes,
    /// It was dropped: the peer does not read fast enough, or the message does not fit its protocol.
    Dropped,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    /// How many of `bytes` were sent.
    sent: usize,
    congested: bool,
    closing: bool,
    waker: Option<Waker>,
}

/// The outbox of one connection. Shared by the hub and the connection's task, which run on the same thread.
#[derive(Debug)]
pub struct Outbox {
    framing: Framing,
    /// Topics that an MQTT device is subscribed to.
    topics: Cell<u8>,
    /// About how many bytes of answers workers are still at.
    promised: Cell<usize>,
    state: RefCell<State>,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(framing: Framing) -> Self {
        Outbox { framing, topics: Cell::new(0), promised: Cell::new(0), state: RefCell::new(State::default()) }
    }

    /// How messages are put into bytes.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// An MQTT device wants to hear these topics.
    pub fn subscribe(&self, filter: &str) {
        self.topics.set(self.topics.get() | super::mqtt::topics(filter));
    }

    /// An MQTT device does not want to hear these topics any more.
    pub fn unsubscribe(&self, filter: &str) {
        self.topics.set(self.topics.get() & !super::mqtt::topics(filter));
    }

    /// A message that nobody asked for: dropped when the peer is slow.
    pub fn push(&self, command: Command, id: u16, body: &[&str]) -> Queued {
        if self.is_congested() {
            return Queued::Dropped;
        }
        let topics = self.topics.get();
        self.encode(|framing, out| encode(framing, topics, out, command, id, body))
    }

    /// An answer: dropped only together with the connection.
    pub fn answer(&self, command: Command, id: u16, body: &[u8]) -> Queued {
        let topics = self.topics.get();
        self.encode(|framing, out| encode_bytes(framing, topics, out, command, id, body))
    }

    /// A status: dropped only together with the connection.
    pub fn respond(&self, id: u16, status: Status) -> Queued {
        self.encode(|framing, out| {
            match framing {
                Framing::Hardware => frame::encode_response_hardware(out, id, status),
                Framing::HardwareWebSocket => {
                    push_websocket_head(out, frame::HARDWARE_HEADER);
                    frame::encode_response_hardware(out, id, status);
                }
                Framing::App => frame::encode_response_app(out, id, status),
                Framing::AppWebSocket => {
                    push_websocket_head(out, frame::APP_HEADER);
                    frame::encode_response_dash(out, id, status);
                }
                // MQTT has no statuses: its acknowledgements are packets of their own.
                Framing::Mqtt => {}
            }
            true
        })
    }

    /// Bytes that are encoded already.
    pub fn push_raw(&self, bytes: &[u8]) -> Queued {
        self.encode(|_, out| {
            out.extend_from_slice(bytes);
            true
        })
    }

    /// More than [`CONGESTED_ABOVE`] bytes wait, or more than [`CONGESTED_UNTIL`] since then.
    pub fn is_congested(&self) -> bool {
        self.state.borrow().congested
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        let state = self.state.borrow();
        state.bytes.len() - state.sent
    }

    /// A worker is at an answer of about this many bytes.
    pub fn promise(&self, bytes: usize) {
        self.promised.set(self.promised.get() + bytes);
    }

    /// The worker has done it, and the answer follows.
    pub fn fulfil(&self, bytes: usize) {
        self.promised.set(self.promised.get().saturating_sub(bytes));
    }

    /// Whether workers are still at answers.
    pub fn is_promised_more(&self) -> bool {
        self.promised.get() > 0
    }

    /// Bytes that wait or will.
    pub fn owed(&self) -> usize {
        self.waiting() + self.promised.get()
    }

    /// Asks the task to send what waits and then to close; websockets are told so.
    pub fn close(&self) {
        if matches!(self.framing, Framing::HardwareWebSocket | Framing::AppWebSocket) {
            self.push_raw(WEBSOCKET_BYE);
        }
        self.finish();
    }

    /// Asks the task to send what waits and then to close, without a word.
    pub fn finish(&self) {
        let mut state = self.state.borrow_mut();
        state.closing = true;
        wake(&mut state);
    }

    /// Gives up what waits and asks the task to close.
    pub fn abort(&self) {
        let mut state = self.state.borrow_mut();
        state.bytes = Vec::new();
        state.sent = 0;
        state.closing = true;
        wake(&mut state);
    }

    /// Whether somebody asked to close.
    pub fn is_closing(&self) -> bool {
        self.state.borrow().closing
    }

    /// For the task: it runs and need not be woken.
    pub fn unregister(&self) {
        self.state.borrow_mut().waker = None;
    }

    /// For the task: waits to be woken.
    pub fn register(&self, waker: &Waker) {
        let mut state = self.state.borrow_mut();
        match &state.waker {
            Some(known) if known.will_wake(waker) => {}
            _ => state.waker = Some(waker.clone()),
        }
    }

    /// For the task: lets `write` send from the waiting bytes; it returns how many it could send. The buffer is given
    /// back as soon as it is drained, so that an idle connection holds none.
    pub fn drain<E>(&self, write: impl FnOnce(&[u8]) -> Result<usize, E>) -> Result<(), E> {
        let mut state = self.state.borrow_mut();
        let n = write(&state.bytes[state.sent..])?;
        state.sent += n;
        let waiting = state.bytes.len() - state.sent;
        if waiting == 0 {
            state.bytes = Vec::new();
            state.sent = 0;
        } else if state.sent > CONGESTED_ABOVE {
            let sent = std::mem::take(&mut state.sent);
            state.bytes.drain(..sent);
        }
        if waiting < CONGESTED_UNTIL {
            state.congested = false;
        }
        Ok(())
    }

    fn encode(&self, put: impl FnOnce(Framing, &mut Vec<u8>) -> bool) -> Queued {
        let mut state = self.state.borrow_mut();
        if state.closing {
            return Queued::Dropped;
        }
        let done = put(self.framing, &mut state.bytes);
        let waiting = state.bytes.len() - state.sent;
        if waiting > CONGESTED_ABOVE {
            state.congested = true;
        }
        if waiting > OVERFLOW {
            state.bytes = Vec::new();
            state.sent = 0;
            state.closing = true;
        }
        wake(&mut state);
        if done {
            Queued::Yes
        } else {
            Queued::Dropped
        }
    }
}

fn wake(state: &mut State) {
    if let Some(waker) = state.waker.take() {
        waker.wake();
    }
}

fn encode(framing: Framing, topics: u8, out: &mut Vec<u8>, command: Command, id: u16, body: &[&str]) -> bool {
    let length: usize = body.iter().map(|part| part.len()).sum();
    match framing {
        Framing::Hardware | Framing::HardwareWebSocket if length > frame::MAX_HARDWARE_BODY => return false,
        Framing::Hardware => push_hardware(out, command, id, length, body),
        Framing::HardwareWebSocket => {
            push_websocket_head(out, frame::HARDWARE_HEADER + length);
            push_hardware(out, command, id, length, body);
        }
        Framing::App => {
            out.reserve(frame::APP_HEADER + length);
            out.push(command.byte());
            out.extend_from_slice(&id.to_be_bytes());
            out.extend_from_slice(&(length as u32).to_be_bytes());
            body.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        }
        Framing::AppWebSocket => {
            push_websocket_head(out, frame::DASH_HEADER + length);
            out.push(command.byte());
            out.extend_from_slice(&id.to_be_bytes());
            body.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        }
        Framing::Mqtt => return super::mqtt::encode(out, topics, command, body),
    }
    true
}

fn push_hardware(out: &mut Vec<u8>, command: Command, id: u16, length: usize, body: &[&str]) {
    out.reserve(frame::HARDWARE_HEADER + length);
    out.push(command.byte());
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&(length as u16).to_be_bytes());
    body.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
}

fn encode_bytes(framing: Framing, topics: u8, out: &mut Vec<u8>, command: Command, id: u16, body: &[u8]) -> bool {
    match framing {
        Framing::Hardware => frame::encode_hardware(out, command, id, body).is_ok(),
        Framing::HardwareWebSocket if body.len() > frame::MAX_HARDWARE_BODY => false,
        Framing::HardwareWebSocket => {
            push_websocket_head(out, frame::HARDWARE_HEADER + body.len());
            frame::encode_hardware(out, command, id, body).is_ok()
        }
        Framing::App => {
            frame::encode_app(out, command, id, body);
            true
        }
        Framing::AppWebSocket => {
            push_websocket_head(out, frame::DASH_HEADER + body.len());
            frame::encode_dash(out, command, id, body);
            true
        }
        Framing::Mqtt => match std::str::from_utf8(body) {
            Ok(text) => super::mqtt::encode(out, topics, command, &[text]),
            Err(_) => false,
        },
    }
}

/// The head of an unmasked, unfragmented binary websocket frame.
fn push_websocket_head(out: &mut Vec<u8>, length: usize) {
    out.push(0x82);
    match length {
        0..=125 => out.push(length as u8),
        126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(outbox: &Outbox) -> Vec<u8> {
        let mut bytes = Vec::new();
        outbox
            .drain(|b| {
                bytes.extend_from_slice(b);
                Ok::<_, ()>(b.len())
            })
            .unwrap();
        bytes
    }

    #[test]
    fn every_framing_is_byte_exact() {
        for (framing, message, response) in [
            (Framing::Hardware, &b"\x14\x00\x05\x00\x06vw\x007\x001"[..], &b"\x00\x00\x05\x00\xc8"[..]),
            (Framing::HardwareWebSocket, b"\x82\x0b\x14\x00\x05\x00\x06vw\x007\x001", b"\x82\x05\x00\x00\x05\x00\xc8"),
            (Framing::App, b"\x14\x00\x05\x00\x00\x00\x06vw\x007\x001", b"\x00\x00\x05\x00\x00\x00\xc8"),
            (Framing::AppWebSocket, b"\x82\x09\x14\x00\x05vw\x007\x001", b"\x82\x07\x00\x00\x05\x00\x00\x00\xc8"),
        ] {
            let outbox = Outbox::new(framing);
            assert_eq!(outbox.push(Command::HARDWARE, 5, &["vw\0", "7\x001"]), Queued::Yes);
            assert_eq!(taken(&outbox), message, "{framing:?}");
            outbox.answer(Command::HARDWARE, 5, b"vw\x007\x001");
            assert_eq!(taken(&outbox), message, "{framing:?}");
            outbox.respond(5, Status::Ok);
            assert_eq!(taken(&outbox), response, "{framing:?}");
        }
    }

    #[test]
    fn a_slow_peer_loses_messages_but_no_answers() {
        let outbox = Outbox::new(Framing::App);
        let text = "x".repeat(10_000);
        let queued = (0..20).filter(|_| outbox.push(Command::HARDWARE, 1, &[&text]) == Queued::Yes).count();
        assert_eq!(queued, 7);
        assert_eq!(outbox.answer(Command::GET_ENERGY, 2, b"5"), Queued::Yes);
        outbox.drain(|b| Ok::<_, ()>(b.len() - CONGESTED_UNTIL)).unwrap();
        assert!(outbox.is_congested());
        outbox.drain(|_| Ok::<_, ()>(1)).unwrap();
        assert!(!outbox.is_congested());
    }

    #[test]
    fn messages_too_long_for_hardware_are_dropped_whole() {
        let outbox = Outbox::new(Framing::Hardware);
        assert_eq!(outbox.push(Command::HARDWARE, 1, &[&"x".repeat(65_536)]), Queued::Dropped);
        assert_eq!(outbox.waiting(), 0);
    }

    #[test]
    fn a_peer_that_never_reads_is_given_up() {
        let outbox = Outbox::new(Framing::App);
        let body = vec![0; 1 << 20];
        for _ in 0..30 {
            outbox.answer(Command::LOAD_PROFILE_GZIPPED, 1, &body);
        }
        assert!(outbox.is_closing());
        assert_eq!(outbox.waiting(), 0);
    }
}

//! The server's side of one websocket connection as a state machine over bytes: no I/O.
//!
//! `tungstenite` knows the frame header's form, opcodes and close codes; its own connection type is not used, because it
//! holds a read buffer per connection (128 KiB by default), wants a stream to read from, and accepts lengths that are
//! not in their shortest form. Here an idle connection costs its struct and nothing on the heap: payload bytes are
//! unmasked into the message while they arrive, so that at most the unfinished message is kept.

use std::io::Cursor;

use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tungstenite::protocol::frame::FrameHeader;

/// The longest payload of a frame, in bytes.
pub const MAX_PAYLOAD: usize = 65_536;
/// The longest message that comes in several frames, in bytes: the longest hardware message is longer than a frame.
pub const MAX_MESSAGE: usize = 2 * MAX_PAYLOAD;
/// The longest header: two bytes, eight of length, four of mask.
const MAX_HEAD: usize = 14;
/// The longest payload of a ping, pong or close frame.
const MAX_CONTROL: u64 = 125;

/// What the bytes from the peer amounted to.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The payload of a whole binary message.
    Message(&'a [u8]),
    /// The peer closed, or broke the protocol. The close frame that answers it is in the output: write it, then close
    /// the connection.
    Closed,
}

/// The receiving side of one connection, after the handshake.
#[derive(Debug, Default)]
pub struct WebSocket {
    /// The header that is being read, and how much of it is there.
    head: [u8; MAX_HEAD],
    head_length: u8,
    /// The frame whose payload is being read.
    frame: Option<Frame>,
    /// The message that is being put together, with the payload of a control frame that came in between at its end.
    message: Vec<u8>,
    /// The kind of the message of which some frames have come, but not the last.
    unfinished: Option<Kind>,
    /// The message was given to the caller and is dropped at the next call.
    delivered: bool,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Binary,
    Text,
}

#[derive(Clone, Copy, Debug)]
enum Purpose {
    Message(Kind, /* last frame */ bool),
    Ping,
    Pong,
    Close,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    purpose: Purpose,
    mask: [u8; 4],
    length: u32,
    remaining: u32,
}

/// Why a connection is closed: the code and the reason in the close frame.
type Failure = (CloseCode, &'static str);

const fn violation(reason: &'static str) -> Failure {
    (CloseCode::Protocol, reason)
}

impl WebSocket {
    /// A connection that has just been upgraded.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the front of `input` up to the next event; `None` means that all were taken. Pongs and close
    /// frames for the peer are appended to `out`. After [`Event::Closed`] all further input is dropped.
    pub fn receive(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Option<Event<'_>> {
        if std::mem::take(&mut self.delivered) {
            self.message.clear();
        }
        while !self.closed {
            let Some(mut frame) = self.frame.take() else {
                match self.read_head(input) {
                    Ok(Some(frame)) => self.frame = Some(frame),
                    Ok(None) => {
                        if self.message.is_empty() {
                            self.message = Vec::new();
                        }
                        return None;
                    }
                    Err(failure) => return Some(self.fail(failure, out)),
                }
                continue;
            };
            self.read_payload(&mut frame, input);
            if frame.remaining > 0 {
                self.frame = Some(frame);
                return None;
            }
            match self.finish(&frame, out) {
                Ok(false) => {}
                Ok(true) if self.closed => return Some(Event::Closed),
                Ok(true) => {
                    self.delivered = true;
                    return Some(Event::Message(&self.message));
                }
                Err(failure) => return Some(self.fail(failure, out)),
            }
        }
        *input = &[];
        None
    }

    /// Bytes that the unfinished message takes.
    pub fn kept(&self) -> usize {
        self.message.capacity()
    }

    fn fail(&mut self, (code, reason): Failure, out: &mut Vec<u8>) -> Event<'static> {
        let mut payload = u16::from(code).to_be_bytes().to_vec();
        payload.extend_from_slice(reason.as_bytes());
        push_frame(out, OpCode::Control(Control::Close), &payload);
        self.closed = true;
        self.message = Vec::new();
        Event::Closed
    }

    /// Reads a header, perhaps over several calls; `None` when the input is used up before its end.
    fn read_head(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, Failure> {
        let had = usize::from(self.head_length);
        let took = input.len().min(MAX_HEAD - had);
        self.head[had..had + took].copy_from_slice(&input[..took]);
        let mut cursor = Cursor::new(&self.head[..had + took]);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| violation("reserved opcode"))?;
        let Some((header, length)) = parsed else {
            // It cannot be all 14 bytes, which are a header whatever they say.
            self.head_length = (had + took) as u8;
            *input = &input[took..];
            return Ok(None);
        };
        let size = cursor.position() as usize;
        // The header was not complete before, so that it ends in the input.
        *input = &input[size.saturating_sub(had)..];
        self.head_length = 0;
        self.check_head(&header, length, size).map(Some)
    }

    fn check_head(&self, header: &FrameHeader, length: u64, size: usize) -> Result<Frame, Failure> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(violation("reserved bits set without an extension"));
        }
        let mask = header.mask.ok_or(violation("frame is not masked"))?;
        if header.len(length) != size {
            return Err(violation("length is not in its shortest form"));
        }
        let purpose = match header.opcode {
            OpCode::Control(_) if !header.is_final => return Err(violation("fragmented control frame")),
            OpCode::Control(_) if length > MAX_CONTROL => return Err(violation("control frame is too long")),
            OpCode::Control(Control::Ping) => Purpose::Ping,
            OpCode::Control(Control::Pong) => Purpose::Pong,
            OpCode::Control(Control::Close) => Purpose::Close,
            OpCode::Data(data) => {
                let kind = match (data, self.unfinished) {
                    (Data::Continue, Some(kind)) => kind,
                    (Data::Continue, None) => return Err(violation("continuation without a message")),
                    (_, Some(_)) => return Err(violation("new message inside a message")),
                    (Data::Binary, None) => Kind::Binary,
                    (Data::Text, None) => Kind::Text,
                    (Data::Reserved(_), None) => return Err(violation("reserved opcode")),
                };
                Purpose::Message(kind, header.is_final)
            }
            OpCode::Control(Control::Reserved(_)) => return Err(violation("reserved opcode")),
        };
        match u32::try_from(length) {
            Ok(length) if length as usize > MAX_PAYLOAD => Err((CloseCode::Size, "frame is longer than 65536 bytes")),
            // Control frames are short and leave the message as long as it is.
            Ok(length)
                if matches!(purpose, Purpose::Message(..))
                    && self.message.len().saturating_add(length as usize) > MAX_MESSAGE =>
            {
                Err((CloseCode::Size, "message is longer than 131072 bytes"))
            }
            Ok(length) => Ok(Frame { purpose, mask, length, remaining: length }),
            Err(_) => Err((CloseCode::Size, "frame is longer than 65536 bytes")),
        }
    }

    /// Moves what is there of the frame's payload to the message and removes its mask.
    fn read_payload(&mut self, frame: &mut Frame, input: &mut &[u8]) {
        let (payload, rest) = input.split_at(input.len().min(frame.remaining as usize));
        *input = rest;
        let done = (frame.length - frame.remaining) as usize;
        let mask = frame.mask.iter().cycle().skip(done % frame.mask.len());
        self.message.extend(payload.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        frame.remaining -= payload.len() as u32;
    }

    /// Acts on a whole frame; `true` when there is something for the caller: a message, or the end.
    fn finish(&mut self, frame: &Frame, out: &mut Vec<u8>) -> Result<bool, Failure> {
        // Control frames lie behind the message that they interrupt and leave it as it was.
        let before = self.message.len() - frame.length as usize;
        match frame.purpose {
            Purpose::Message(kind, false) => self.unfinished = Some(kind),
            Purpose::Message(Kind::Binary, true) => {
                self.unfinished = None;
                return Ok(true);
            }
            Purpose::Message(Kind::Text, true) => {
                self.unfinished = None;
                let valid = std::str::from_utf8(&self.message).is_ok();
                self.message.clear();
                if !valid {
                    return Err((CloseCode::Invalid, "text is not UTF-8"));
                }
            }
            Purpose::Ping => {
                push_frame(out, OpCode::Control(Control::Pong), &self.message[before..]);
                self.message.truncate(before);
            }
            Purpose::Pong => self.message.truncate(before),
            Purpose::Close => {
                let payload = &self.message[before..];
                match payload {
                    [] => {}
                    [_] => return Err(violation("close frame of one byte")),
                    [high, low, reason @ ..] => {
                        if !CloseCode::from(u16::from_be_bytes([*high, *low])).is_allowed() {
                            return Err(violation("close code that must not be sent"));
                        }
                        if std::str::from_utf8(reason).is_err() {
                            return Err((CloseCode::Invalid, "text is not UTF-8"));
                        }
                    }
                }
                push_frame(out, OpCode::Control(Control::Close), payload);
                self.closed = true;
                self.message = Vec::new();
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Appends the head of a binary frame whose payload of `length` bytes the caller appends next: so that messages are
/// encoded in place.
pub fn push_binary_head(out: &mut Vec<u8>, length: usize) {
    push_head(out, OpCode::Data(Data::Binary), length);
}

/// Appends a binary frame.
pub fn push_binary(out: &mut Vec<u8>, payload: &[u8]) {
    push_frame(out, OpCode::Data(Data::Binary), payload);
}

fn push_frame(out: &mut Vec<u8>, opcode: OpCode, payload: &[u8]) {
    push_head(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

fn push_head(out: &mut Vec<u8>, opcode: OpCode, length: usize) {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    // Writing to a Vec cannot fail.
    let _ = header.format(length as u64, out);
}

#[cfg(test)]
mod tests;

//! Frames: the three binary forms of a message, decoded from a buffer and appended to one.
//!
//! | form | message | response | for |
//! |---|---|---|---|
//! | hardware | `command:u8 id:u16 length:u16 body` | `0:u8 id:u16 code:u16` | devices: TCP, TLS, inside websockets |
//! | app | `command:u8 id:u16 length:u32 body` | `0:u8 id:u16 code:u32` | phone apps: TLS |
//! | dash | `command:u8 id:u16 body` | `0:u8 id:u16 code:u32` | apps: one websocket frame each |
//!
//! All numbers are big-endian. Decoders are given everything that is buffered and cut one frame from its start.

use super::{Command, Status};

/// Size of a hardware frame's header, and of a whole response.
pub const HARDWARE_HEADER: usize = 5;
/// Size of an app frame's header, and of a whole response (also of a response in dash form).
pub const APP_HEADER: usize = 7;
/// Size of a dash frame's header.
pub const DASH_HEADER: usize = 3;
/// The longest body of a hardware frame, in bytes.
pub const MAX_HARDWARE_BODY: usize = u16::MAX as usize;
/// The longest body that an app may send, in bytes.
pub const MAX_APP_BODY: usize = 10_000_000;

/// One decoded message. Its body lies in the buffer that it was decoded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What is asked for. With [`Command::RESPONSE`] the body is empty and the status is not kept: clients' responses
    /// mean nothing to a server.
    pub command: Command,
    /// The sender's id of the message; a reply carries the same.
    pub id: u16,
    /// The body's bytes, see [`super::body`].
    pub body: &'a [u8],
}

/// What a decoder found at the start of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole message, and how many bytes of the buffer it took.
    Message(Message<'a>, usize),
    /// The frame is not complete: call again once the buffer holds at least this many bytes. It is always more than
    /// it holds now; once the header is there it is the whole frame's size.
    Incomplete(usize),
}

/// Why the bytes are not a frame. On a stream there is no way to go on: the connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first byte is not a command (100 or more).
    #[error("unknown command {0}")]
    UnknownCommand(u8),
    /// An app frame announces more than [`MAX_APP_BODY`] bytes.
    #[error("body of {0} bytes announced, at most {MAX_APP_BODY} are allowed")]
    TooLong(u32),
    /// A dash frame has fewer than [`DASH_HEADER`] bytes.
    #[error("frame too short")]
    TooShort,
}

/// A body does not fit the length field of a hardware frame: the message must be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("body of {0} bytes is too long for a hardware frame")]
pub struct BodyTooLong(pub usize);

/// Cuts one hardware frame from the start of `buffer`.
///
/// Errors: [`FrameError::UnknownCommand`], once the whole frame has come.
pub fn decode_hardware(buffer: &[u8]) -> Result<Decoded<'_>, FrameError> {
    let Some((&[command, i1, i2, l1, l2], rest)) = buffer.split_first_chunk::<HARDWARE_HEADER>() else {
        return Ok(Decoded::Incomplete(HARDWARE_HEADER));
    };
    let length = u16::from_be_bytes([l1, l2]);
    with_body(command, [i1, i2], usize::from(length), rest, HARDWARE_HEADER)
}

/// Cuts one app frame from the start of `buffer`.
///
/// Errors: [`FrameError::TooLong`] as soon as the header has come, [`FrameError::UnknownCommand`] once the whole frame
/// has come.
pub fn decode_app(buffer: &[u8]) -> Result<Decoded<'_>, FrameError> {
    let Some((&[command, i1, i2, l1, l2, l3, l4], rest)) = buffer.split_first_chunk::<APP_HEADER>() else {
        return Ok(Decoded::Incomplete(APP_HEADER));
    };
    let announced = u32::from_be_bytes([l1, l2, l3, l4]);
    let length = match usize::try_from(announced) {
        // The status of a response stands in the same place and has no limit.
        Ok(length) if length <= MAX_APP_BODY || command == Command::RESPONSE.byte() => length,
        _ => return Err(FrameError::TooLong(announced)),
    };
    with_body(command, [i1, i2], length, rest, APP_HEADER)
}

/// Reads the one message of a binary websocket frame in dash form. Nothing follows it and nothing is incomplete.
///
/// Errors: [`FrameError::TooShort`] and [`FrameError::UnknownCommand`]; both mean that this frame is ignored and the
/// connection stays.
pub fn decode_dash(frame: &[u8]) -> Result<Message<'_>, FrameError> {
    let (&[command, i1, i2], body) = frame.split_first_chunk::<DASH_HEADER>().ok_or(FrameError::TooShort)?;
    let command = Command::from_byte(command).ok_or(FrameError::UnknownCommand(command))?;
    let body = if command == Command::RESPONSE { &[] } else { body };
    Ok(Message { command, id: u16::from_be_bytes([i1, i2]), body })
}

/// The part that both stream forms share: `rest` is what follows the header of `header` bytes.
fn with_body(command: u8, id: [u8; 2], length: usize, rest: &[u8], header: usize) -> Result<Decoded<'_>, FrameError> {
    let length = if command == Command::RESPONSE.byte() { 0 } else { length };
    let Some(body) = rest.get(..length) else {
        return Ok(Decoded::Incomplete(header + length));
    };
    let command = Command::from_byte(command).ok_or(FrameError::UnknownCommand(command))?;
    Ok(Decoded::Message(Message { command, id: u16::from_be_bytes(id), body }, header + length))
}

/// Appends a hardware frame.
///
/// Errors: [`BodyTooLong`], and nothing is appended: a wrapped length would put the device's stream out of step.
pub fn encode_hardware(out: &mut Vec<u8>, command: Command, id: u16, body: &[u8]) -> Result<(), BodyTooLong> {
    let length = u16::try_from(body.len()).map_err(|_| BodyTooLong(body.len()))?;
    out.reserve(HARDWARE_HEADER + body.len());
    push_head(out, command, id);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
    Ok(())
}

/// Appends an app frame.
pub fn encode_app(out: &mut Vec<u8>, command: Command, id: u16, body: &[u8]) {
    encode_app_parts(out, command, id, &[body]);
}

/// Appends an app frame whose body is the given parts in a row, so that a prefix such as `17-3\0` needs no copy of the
/// body. A body beyond the 4 GiB of the length field is dropped.
pub fn encode_app_parts(out: &mut Vec<u8>, command: Command, id: u16, body: &[&[u8]]) {
    let size: usize = body.iter().map(|part| part.len()).sum();
    let Ok(length) = u32::try_from(size) else { return };
    out.reserve(APP_HEADER + size);
    push_head(out, command, id);
    out.extend_from_slice(&length.to_be_bytes());
    body.iter().for_each(|part| out.extend_from_slice(part));
}

/// Appends a message in dash form: the whole payload of one binary websocket frame.
pub fn encode_dash(out: &mut Vec<u8>, command: Command, id: u16, body: &[u8]) {
    encode_dash_parts(out, command, id, &[body]);
}

/// Appends a message in dash form whose body is the given parts in a row.
pub fn encode_dash_parts(out: &mut Vec<u8>, command: Command, id: u16, body: &[&[u8]]) {
    push_head(out, command, id);
    body.iter().for_each(|part| out.extend_from_slice(part));
}

/// Appends a response in hardware form.
pub fn encode_response_hardware(out: &mut Vec<u8>, id: u16, status: Status) {
    push_head(out, Command::RESPONSE, id);
    out.extend_from_slice(&status.code().to_be_bytes());
}

/// Appends a response in app form.
pub fn encode_response_app(out: &mut Vec<u8>, id: u16, status: Status) {
    push_head(out, Command::RESPONSE, id);
    out.extend_from_slice(&u32::from(status.code()).to_be_bytes());
}

/// Appends a response in dash form, which is the same as in app form.
pub fn encode_response_dash(out: &mut Vec<u8>, id: u16, status: Status) {
    encode_response_app(out, id, status);
}

fn push_head(out: &mut Vec<u8>, command: Command, id: u16) {
    let [i1, i2] = id.to_be_bytes();
    out.extend_from_slice(&[command.byte(), i1, i2]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOGIN: &[u8] = b"\x1D\0\x01\0\x20Ab3dEf6hIj9lMn2pQr5tUv8xYz1BcD4F";

    fn message(command: Command, id: u16, body: &[u8]) -> Message<'_> {
        Message { command, id, body }
    }

    #[test]
    fn hardware_login_byte_by_byte() {
        for end in 0..LOGIN.len() {
            let needed = if end < HARDWARE_HEADER { HARDWARE_HEADER } else { LOGIN.len() };
            assert_eq!(decode_hardware(&LOGIN[..end]), Ok(Decoded::Incomplete(needed)));
        }
        let expected = message(Command::HARDWARE_LOGIN, 1, &LOGIN[5..]);
        assert_eq!(decode_hardware(LOGIN), Ok(Decoded::Message(expected, LOGIN.len())));
        let two = [LOGIN, b"\x06\0\x02\0\0"].concat();
        assert_eq!(decode_hardware(&two), Ok(Decoded::Message(expected, LOGIN.len())));
        assert_eq!(
            decode_hardware(&two[LOGIN.len()..]),
            Ok(Decoded::Message(message(Command::PING, 2, b""), HARDWARE_HEADER))
        );
    }

    #[test]
    fn a_response_has_no_body() {
        let response = Decoded::Message(message(Command::RESPONSE, 3, b""), 5);
        assert_eq!(decode_hardware(b"\0\0\x03\0\xC8\x06"), Ok(response));
        let response = Decoded::Message(message(Command::RESPONSE, 3, b""), 7);
        assert_eq!(decode_app(b"\0\0\x03\xFF\xFF\xFF\xFF"), Ok(response));
        assert_eq!(decode_dash(b"\0\0\x03\0\0\0\xC8"), Ok(message(Command::RESPONSE, 3, b"")));
    }

    #[test]
    fn an_unknown_command_errs_once_its_body_is_there() {
        assert_eq!(decode_hardware(b"\x64\0\x01\0\x02a"), Ok(Decoded::Incomplete(7)));
        assert_eq!(decode_hardware(b"\x64\0\x01\0\x02ab"), Err(FrameError::UnknownCommand(100)));
        assert_eq!(decode_app(b"\xFF\0\x01\0\0\0\0"), Err(FrameError::UnknownCommand(255)));
        assert_eq!(decode_dash(b"\x64\0\x01"), Err(FrameError::UnknownCommand(100)));
    }

    #[test]
    fn the_limit_of_app_bodies_is_checked_on_the_header() {
        assert_eq!(decode_app(b"\x02\0\x01\x00\x98\x96\x80"), Ok(Decoded::Incomplete(10_000_007)));
        assert_eq!(decode_app(b"\x02\0\x01\x00\x98\x96\x81"), Err(FrameError::TooLong(10_000_001)));
        assert_eq!(decode_app(b"\x02\0\x01\xFF\xFF\xFF\xFF"), Err(FrameError::TooLong(u32::MAX)));
        assert_eq!(decode_app(b"\x02\0\x01\xFF\xFF\xFF"), Ok(Decoded::Incomplete(APP_HEADER)));
    }

    #[test]
    fn dash_frames() {
        assert_eq!(decode_dash(b"\x06\0\x02"), Ok(message(Command::PING, 2, b"")));
        assert_eq!(decode_dash(b"\x04\0\x0117-3"), Ok(message(Command::HARDWARE_CONNECTED, 1, b"17-3")));
        assert_eq!(decode_dash(b""), Err(FrameError::TooShort));
        assert_eq!(decode_dash(b"\x06\0"), Err(FrameError::TooShort));
    }

    #[test]
    fn encoded_bytes() {
        let mut out = Vec::new();
        encode_response_hardware(&mut out, 1, Status::Ok);
        assert_eq!(out, b"\0\0\x01\0\xC8");
        out.clear();
        encode_response_app(&mut out, 5, Status::DeviceNotInNetwork);
        assert_eq!(out, b"\0\0\x05\0\0\0\x07");
        out.clear();
        encode_app_parts(&mut out, Command::HARDWARE, 3, &[b"17-3", b"\0", b"vw\x007\x0021.5"]);
        assert_eq!(out, b"\x14\0\x03\0\0\0\x0E17-3\0vw\x007\x0021.5");
        out.clear();
        encode_dash(&mut out, Command::HARDWARE_CONNECTED, 1, b"17-3");
        assert_eq!(out, b"\x04\0\x0117-3");
        out.clear();
        encode_response_dash(&mut out, 1, Status::Ok);
        assert_eq!(out, b"\0\0\x01\0\0\0\xC8");
    }

    #[test]
    fn a_hardware_body_that_does_not_fit_is_dropped() {
        let mut out = vec![1];
        let body = vec![b'x'; MAX_HARDWARE_BODY + 1];
        assert_eq!(encode_hardware(&mut out, Command::HARDWARE, 1, &body), Err(BodyTooLong(65_536)));
        assert_eq!(out, [1]);
        assert_eq!(encode_hardware(&mut out, Command::HARDWARE, 1, &body[1..]), Ok(()));
        assert_eq!(out.len(), 1 + HARDWARE_HEADER + MAX_HARDWARE_BODY);
    }

    type Decoder = fn(&[u8]) -> Result<Decoded<'_>, FrameError>;
    type Owned = (Command, u16, Vec<u8>);

    /// Decodes a stream that arrives in the given pieces, keeping only what is unfinished, as a connection does.
    fn decode_pieces<'a>(
        decode: Decoder,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> (Vec<Owned>, Vec<u8>, Option<FrameError>) {
        let (mut messages, mut buffer) = (Vec::new(), Vec::new());
        for piece in pieces {
            buffer.extend_from_slice(piece);
            loop {
                match decode(&buffer) {
                    Ok(Decoded::Message(message, consumed)) => {
                        messages.push((message.command, message.id, message.body.to_vec()));
                        buffer.drain(..consumed);
                    }
                    Ok(Decoded::Incomplete(needed)) => {
                        assert!(needed > buffer.len());
                        break;
                    }
                    Err(error) => return (messages, Vec::new(), Some(error)),
                }
            }
        }
        (messages, buffer, None)
    }

    fn messages() -> impl Strategy<Value = Vec<Owned>> {
        let command = (1..Command::LIMIT).prop_map(|byte| Command::from_byte(byte).unwrap());
        let message = (command, any::<u16>(), proptest::collection::vec(any::<u8>(), 0..40));
        proptest::collection::vec(message, 0..8)
    }

    proptest! {
        #[test]
        fn streams_round_trip_in_any_fragmentation(sent in messages(), size in 1usize..30) {
            let (mut hardware, mut app) = (Vec::new(), Vec::new());
            for (command, id, body) in &sent {
                encode_hardware(&mut hardware, *command, *id, body).unwrap();
                encode_app(&mut app, *command, *id, body);
                let mut dash = Vec::new();
                encode_dash(&mut dash, *command, *id, body);
                prop_assert_eq!(decode_dash(&dash), Ok(message(*command, *id, body)));
            }
            prop_assert_eq!(decode_pieces(decode_hardware, hardware.chunks(size)), (sent.clone(), vec![], None));
            prop_assert_eq!(decode_pieces(decode_app, app.chunks(size)), (sent, vec![], None));
        }

        #[test]
        fn garbage_decodes_the_same_in_any_fragmentation(
            bytes in proptest::collection::vec(prop_oneof![Just(0u8), 0..4u8, any::<u8>()], 0..200),
            size in 1usize..20,
        ) {
            for decode in [decode_hardware as Decoder, decode_app] {
                let whole = decode_pieces(decode, std::iter::once(&bytes[..]));
                prop_assert_eq!(decode_pieces(decode, bytes.chunks(size)), whole);
            }
            let _ = decode_dash(&bytes);
        }
    }
}

//! What must hold for every input of the network's own decoders; see `wire::fuzz_targets`.

use super::exchange::head;
use super::websocket::{Event, WebSocket, MAX_MESSAGE};
use crate::hub::Origin;
use crate::wire::chunked::Decoder;
use crate::wire::mqtt::{self, Decoded};
use std::net::Ipv4Addr;

/// Takes the first byte as the size of the pieces in which the rest arrives at a websocket: cutting must change
/// neither the messages nor the answers.
pub fn websocket(data: &[u8]) {
    let Some((size, data)) = data.split_first() else { return };
    let whole = websocket_in_pieces(data, data.len().max(1));
    assert!(websocket_in_pieces(data, usize::from(*size) + 1) == whole);
}

fn websocket_in_pieces(data: &[u8], size: usize) -> (Vec<u8>, Vec<u8>, usize) {
    let (mut socket, mut received, mut out, mut closed) = (WebSocket::new(), Vec::new(), Vec::new(), 0);
    for mut piece in data.chunks(size) {
        while let Some(event) = socket.receive(&mut piece, &mut out) {
            match event {
                Event::Message(message) => {
                    assert!(message.len() <= MAX_MESSAGE && closed == 0);
                    received.extend_from_slice(message);
                    received.push(0);
                }
                Event::Closed => closed += 1,
            }
        }
        assert!(piece.is_empty() && closed <= 1);
    }
    // A frame of six bytes at least is answered with as many bytes less its mask; only the last answer has a text.
    assert!(out.len() <= data.len() + 2 + 125);
    (received, out, closed)
}

/// Walks `data` as a stream of MQTT packets.
pub fn mqtt_packets(data: &[u8]) {
    let mut rest = data;
    while let Ok(decoded) = mqtt::decode(rest) {
        match decoded {
            Decoded::Packet(_, size) => {
                assert!(size >= 2 && size <= rest.len());
                rest = &rest[size..];
            }
            Decoded::Incomplete(needed) => {
                assert!(needed > rest.len() && needed <= mqtt::MAX_REMAINING + 5);
                return;
            }
        }
    }
}

/// A request's head: what handlers get of it is ASCII without line ends, and no word of them is about the body's length.
pub fn http_head(data: &[u8]) {
    let origin = Origin { address: Ipv4Addr::LOCALHOST.into(), port: 1, tls: true };
    let Ok((request, _)) = head::read(data, origin) else { return };
    assert!(request.target.bytes().all(|byte| byte.is_ascii_graphic()) && request.origin == origin);
    for (name, value) in &request.headers {
        assert!(value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')));
        assert!(!["content-length", "transfer-encoding", "connection"].contains(&name.as_str()));
    }
}

/// Takes the first byte as the size of the pieces in which a chunked body arrives: cutting must not change it.
pub fn chunked_body(data: &[u8]) {
    let Some((size, data)) = data.split_first() else { return };
    let whole = chunked_in_pieces(data, data.len().max(1));
    let cut = chunked_in_pieces(data, usize::from(*size) + 1);
    // Where it is malformed may be noticed earlier or later.
    assert!(whole == cut || (whole.is_none() || cut.is_none()));
}

fn chunked_in_pieces(data: &[u8], size: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut decoder, mut input, mut out) = (Decoder::default(), Vec::new(), Vec::new());
    let mut done = false;
    for piece in data.chunks(size) {
        input.extend_from_slice(piece);
        if !done {
            done = decoder.feed(&mut input, &mut out).ok()?;
        }
    }
    assert!(out.len() <= data.len());
    Some((out, input))
}

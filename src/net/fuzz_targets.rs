//! What must hold for every input of the network's own decoders; see `wire::fuzz_targets`.

use super::websocket::{Event, WebSocket, MAX_PAYLOAD};
use crate::wire::mqtt::{self, Decoded};

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
                    assert!(message.len() <= MAX_PAYLOAD && closed == 0);
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

//! Frames and messages in any pieces, and what breaks the protocol.

use super::*;
use proptest::prelude::*;

const CONTINUE: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A client's frame, masked.
fn frame(last: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![opcode | if last { 0x80 } else { 0 }];
    match payload.len() {
        length @ 0..126 => out.push(0x80 | length as u8),
        length @ 126..65_536 => {
            out.push(0x80 | 126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    out.extend(mask);
    out.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    out
}

/// Feeds the bytes in pieces; returns the messages, what was sent back and whether the connection closed.
fn feed(bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, Vec<u8>, bool) {
    let (mut socket, mut messages, mut out, mut closed) = (WebSocket::new(), vec![], vec![], false);
    for mut piece in bytes.chunks(size) {
        while let Some(event) = socket.receive(&mut piece, &mut out) {
            match event {
                Event::Message(message) => messages.push(message.to_vec()),
                Event::Closed => closed = true,
            }
        }
        assert!(piece.is_empty());
    }
    if socket.unfinished.is_none() && socket.frame.is_none() {
        assert_eq!(socket.message.capacity(), 0, "an idle connection keeps no buffer");
    }
    (messages, out, closed)
}

fn closes_with(bytes: &[u8], code: u16) {
    let (_, out, closed) = feed(bytes, 1000);
    assert!(closed, "{bytes:02X?}");
    assert_eq!(out[0], 0x88);
    assert_eq!(out[2..4], code.to_be_bytes(), "{}", String::from_utf8_lossy(&out[4..]));
    assert_eq!(out.len(), 2 + usize::from(out[1]));
}

#[test]
fn an_idle_connection_is_small() {
    assert!(std::mem::size_of::<WebSocket>() <= 96, "{}", std::mem::size_of::<WebSocket>());
}

#[test]
fn messages_whole_fragmented_and_in_any_pieces() {
    let stream = [
        frame(true, BINARY, b"one"),
        frame(true, TEXT, "ignored °".as_bytes()),
        frame(false, BINARY, b"tw"),
        frame(true, PING, b"abc"),
        frame(false, CONTINUE, b""),
        frame(true, CONTINUE, b"o"),
        frame(true, PONG, b"ignored"),
        frame(true, BINARY, &[7; 300]),
        frame(true, BINARY, b""),
    ]
    .concat();
    for size in [1, 2, 3, 5, 14, 1000] {
        let (messages, out, closed) = feed(&stream, size);
        assert_eq!(messages, [&b"one"[..], b"two", &[7; 300], b""]);
        assert_eq!(out, b"\x8A\x03abc");
        assert!(!closed);
    }
}

#[test]
fn close_is_echoed() {
    for payload in [&b""[..], b"\x03\xE8", b"\x03\xE8Bye"] {
        let bytes = [frame(true, CLOSE, payload), frame(true, PING, b"late")].concat();
        let (messages, out, closed) = feed(&bytes, 3);
        assert!(messages.is_empty() && closed);
        assert_eq!(out, [&[0x88, payload.len() as u8], payload].concat());
    }
}

#[test]
fn sizes() {
    let most = vec![1; MAX_PAYLOAD];
    assert_eq!(feed(&frame(true, BINARY, &most), 4096).0, [&most[..]]);
    closes_with(&frame(true, BINARY, &[1; MAX_PAYLOAD + 1])[..14], 1009);
    let two = [frame(false, BINARY, &most), frame(false, CONTINUE, &most)].concat();
    closes_with(&[&two[..], &frame(true, CONTINUE, b"x")].concat(), 1009);
    let longest = feed(&[&two[..], &frame(true, CONTINUE, b"")].concat(), 4096);
    assert_eq!((longest.0.len(), longest.0[0].len(), longest.2), (1, MAX_MESSAGE, false));
    closes_with(b"\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0", 1009);
    let with_ping = [frame(false, BINARY, &most), frame(true, PING, b"p"), frame(true, CONTINUE, b"")].concat();
    let (messages, out, closed) = feed(&with_ping, 999);
    assert_eq!((messages.len(), &out[..], closed), (1, &b"\x8A\x01p"[..], false));
}

#[test]
fn violations() {
    closes_with(b"\x82\x01x", 1002); // not masked
    closes_with(b"\xC2\x80\0\0\0\0", 1002); // reserved bit
    closes_with(b"\x83\x80\0\0\0\0", 1002); // reserved opcodes
    closes_with(b"\x8B\x80\0\0\0\0", 1002);
    closes_with(b"\x82\xFE\0\x01\0\0\0\0x", 1002); // lengths that are too long
    closes_with(b"\x82\xFF\0\0\0\0\0\0\0\x01\0\0\0\0x", 1002);
    closes_with(&frame(false, PING, b""), 1002);
    closes_with(&frame(true, PING, &[0; 126]), 1002);
    closes_with(&frame(true, CONTINUE, b"x"), 1002);
    closes_with(&[frame(false, BINARY, b"x"), frame(true, BINARY, b"y")].concat(), 1002);
    closes_with(&frame(true, CLOSE, b"\x03"), 1002);
    closes_with(&frame(true, CLOSE, b"\x03\xED"), 1002); // 1005 must not be sent
    closes_with(&frame(true, CLOSE, b"\x03\xE8\xFF"), 1007);
    closes_with(&frame(true, TEXT, b"\xFF"), 1007);
}

#[test]
fn sent_frames() {
    let mut out = Vec::new();
    push_binary(&mut out, b"\0\0\x03\0\xC8");
    assert_eq!(out, b"\x82\x05\0\0\x03\0\xC8");
    out.clear();
    push_binary_head(&mut out, 65_536);
    assert_eq!(out, b"\x82\x7F\0\0\0\0\0\x01\0\0");
    out.clear();
    push_binary_head(&mut out, 200);
    assert_eq!(out, b"\x82\x7E\0\xC8");
}

proptest! {
    #[test]
    fn fragmentation_changes_nothing(
        frames in proptest::collection::vec(
            (any::<bool>(), prop_oneof![Just(CONTINUE), Just(BINARY), Just(PING), 0..16u8],
                proptest::collection::vec(any::<u8>(), 0..140)), 0..8),
        size in 1usize..50,
    ) {
        let stream: Vec<u8> = frames.iter().flat_map(|(last, opcode, data)| frame(*last, *opcode, data)).collect();
        prop_assert_eq!(feed(&stream, size), feed(&stream, usize::MAX));
    }

    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(prop_oneof![Just(0x82u8), Just(0x80), any::<u8>()], 0..300), size in 1usize..50) {
        prop_assert_eq!(feed(&bytes, size), feed(&bytes, usize::MAX));
    }
}

//! What must hold for every input of the decoders, as functions that panic when it does not.
//!
//! Shared by the cargo-fuzz targets in `fuzz/` and by `tests/fuzz_decoders.rs`, which needs no nightly compiler.

use super::frame::{self, Decoded, FrameError, Message};
use super::{body, sniff, Command};

/// Walks `data` as a stream of hardware frames; each frame must encode back to the bytes that it was cut from.
pub fn hardware_frames(data: &[u8]) {
    stream(data, frame::decode_hardware, frame::HARDWARE_HEADER, |out, message| {
        frame::encode_hardware(out, message.command, message.id, message.body).expect("a decoded body fits");
    });
}

/// Walks `data` as a stream of app frames, as [`hardware_frames`].
pub fn app_frames(data: &[u8]) {
    stream(data, frame::decode_app, frame::APP_HEADER, |out, message| {
        assert!(message.body.len() <= frame::MAX_APP_BODY);
        frame::encode_app(out, message.command, message.id, message.body);
    });
}

fn stream(
    data: &[u8],
    decode: fn(&[u8]) -> Result<Decoded<'_>, FrameError>,
    header: usize,
    encode: fn(&mut Vec<u8>, Message<'_>),
) {
    let (mut rest, mut encoded) = (data, Vec::new());
    while let Ok(decoded) = decode(rest) {
        match decoded {
            Decoded::Message(message, consumed) => {
                assert!(consumed >= header && consumed <= rest.len());
                encoded.clear();
                encode(&mut encoded, message);
                // The status of a response is not kept, so only its head can be compared.
                let same = if message.command == Command::RESPONSE { frame::DASH_HEADER } else { consumed };
                assert_eq!(encoded[..same], rest[..same]);
                assert!(
                    matches!(decode(&rest[..consumed - 1]), Ok(Decoded::Incomplete(n)) if n == header || n == consumed)
                );
                rest = &rest[consumed..];
            }
            Decoded::Incomplete(needed) => {
                assert!(needed > rest.len() && needed <= header + frame::MAX_APP_BODY);
                return;
            }
        }
    }
}

/// Reads `data` as one websocket frame of an app.
pub fn dash_frame(data: &[u8]) {
    if let Ok(message) = frame::decode_dash(data) {
        let mut encoded = Vec::new();
        frame::encode_dash(&mut encoded, message.command, message.id, message.body);
        assert!(data.starts_with(&encoded));
        assert!(message.command == Command::RESPONSE || encoded.len() == data.len());
    }
}

/// Splits `data` as a body in every way and reads every field as number and pin.
pub fn bodies(data: &[u8]) {
    let text = body::text(data);
    let text = &*text;
    let (first, rest) = body::split2(text);
    assert_eq!(first.len() + rest.map_or(0, |rest| rest.len() + 1), text.len());
    let (a, b, c) = body::split3(text);
    assert_eq!(a, first);
    assert_eq!([Some(a), b, c].iter().flatten().map(|part| part.len() + 1).sum::<usize>(), text.len() + 1);
    let mut total = 0;
    for field in body::split_all(text) {
        assert!(!field.contains(body::SEPARATOR));
        total += field.len() + 1;
        let number = body::parse_int32(field);
        assert!(number.is_err() || body::parse_int64(field) == number.map(i64::from));
        assert_eq!(body::parse_pin(field).ok().map(i32::from), number.ok().filter(|n| (0..=255).contains(n)));
        let (dash, device) = body::dash_device(field);
        assert_eq!(dash.len() + device.map_or(0, |device| device.len() + 1), field.len());
    }
    assert!(total <= text.len() + 1);
    assert!(body::utf16_len(text) <= text.len());
    assert!(body::ascii(text).is_ascii());
}

/// Decides the protocol from every prefix of `data`: the decision must never change once it is made.
pub fn sniffing(data: &[u8]) {
    for decide in [sniff::plain_port, sniff::tls_port] {
        let whole = decide(data);
        for end in 0..data.len().min(16) {
            let part = decide(&data[..end]);
            assert!(part == whole || (part == sniff::Protocol::NeedMore && end < sniff::NEEDED));
        }
    }
}

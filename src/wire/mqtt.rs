//! MQTT 3.1 and 3.1.1 packets from bytes and back, over the `mqttbytes` crate.
//!
//! The crate checks every length inside a packet, but knows only the protocol name of 3.1.1. What is added here: the
//! name of 3.1, the limit on a packet's size, and the answer to how many bytes an unfinished packet still needs.

use bytes::{BufMut, Bytes, BytesMut};
use mqttbytes::v4::{
    self, ConnAck, ConnectReturnCode, PingResp, PubAck, PubComp, PubRec, SubAck, SubscribeReasonCode, UnsubAck,
};
use mqttbytes::{Error, FixedHeader, PacketType, Protocol};

pub use mqttbytes::v4::ConnectReturnCode as ReturnCode;
pub use mqttbytes::v4::Packet;
pub use mqttbytes::QoS;

/// The longest packet without its fixed header, in bytes.
pub const MAX_REMAINING: usize = 8_092;

/// What a decoder found at the start of the buffer.
#[derive(Debug, PartialEq)]
pub enum Decoded {
    /// A whole packet, and how many bytes of the buffer it took.
    Packet(Packet, usize),
    /// The packet is not complete: call again once the buffer holds at least this many bytes.
    Incomplete(usize),
}

/// Why the bytes are not a packet. There is no way to go on with the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MqttError {
    /// The packet announces more than [`MAX_REMAINING`] bytes.
    #[error("packet of {0} bytes, at most {MAX_REMAINING} are allowed")]
    TooLong(usize),
    /// CONNECT with another protocol or level than 3.1 and 3.1.1: refuse it with
    /// [`ConnectReturnCode::RefusedProtocolVersion`].
    #[error("protocol version is not supported")]
    UnsupportedVersion,
    /// Anything else.
    #[error("malformed packet: {0:?}")]
    Malformed(Error),
}

impl From<Error> for MqttError {
    fn from(error: Error) -> Self {
        match error {
            Error::PayloadSizeLimitExceeded(size) => MqttError::TooLong(size),
            Error::InvalidProtocol | Error::InvalidProtocolLevel(_) => MqttError::UnsupportedVersion,
            error => MqttError::Malformed(error),
        }
    }
}

/// Cuts one packet from the start of `buffer`.
///
/// Errors: [`MqttError::TooLong`] as soon as the fixed header is there, the others once the whole packet is there.
pub fn decode(buffer: &[u8]) -> Result<Decoded, MqttError> {
    let header = match mqttbytes::check(buffer.iter(), MAX_REMAINING) {
        Err(Error::InsufficientBytes(more)) => return Ok(Decoded::Incomplete(buffer.len() + more)),
        header => header?,
    };
    let size = header.frame_length();
    let bytes = buffer.get(..size).ok_or(MqttError::Malformed(Error::MalformedPacket))?;
    let packet = if header.packet_type()? == PacketType::Connect {
        connect(&header, bytes)?
    } else {
        v4::read(&mut BytesMut::from(bytes), MAX_REMAINING)?
    };
    Ok(Decoded::Packet(packet, size))
}

/// Reads a CONNECT: the crate's reader is given the head of 3.1.1 in place of that of 3.1, which has the same fields
/// behind it.
fn connect(header: &FixedHeader, bytes: &[u8]) -> Result<Packet, MqttError> {
    const NAME_3_1: &[u8] = b"\0\x06MQIsdp\x03";
    const NAME_3_1_1: &[u8] = b"\0\x04MQTT\x04";
    let length_size = bytes.iter().skip(1).take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let fixed = 1 + length_size;
    let rest = bytes.get(fixed..).and_then(|body| body.strip_prefix(NAME_3_1));
    let connect = match rest {
        Some(rest) => {
            // The reader skips as many bytes as the fixed header had and looks at nothing else of it.
            let mut renamed = BytesMut::with_capacity(header.frame_length());
            renamed.put_bytes(0, fixed);
            renamed.put_slice(NAME_3_1_1);
            renamed.put_slice(rest);
            v4::Connect::read(*header, renamed.freeze())?
        }
        None => v4::Connect::read(*header, Bytes::copy_from_slice(bytes))?,
    };
    match connect.protocol {
        Protocol::V4 => Ok(Packet::Connect(connect)),
        Protocol::V5 => Err(MqttError::UnsupportedVersion),
    }
}

/// Appends the answer to CONNECT; there is never a session from before.
pub fn push_connack(out: &mut Vec<u8>, code: ConnectReturnCode) {
    push(out, |bytes| ConnAck::new(code, false).write(bytes));
}

/// Appends the answer to PINGREQ.
pub fn push_pingresp(out: &mut Vec<u8>) {
    push(out, |bytes| PingResp.write(bytes));
}

/// Appends the acknowledgement of a PUBLISH with QoS 1.
pub fn push_puback(out: &mut Vec<u8>, id: u16) {
    push(out, |bytes| PubAck::new(id).write(bytes));
}

/// Appends the first acknowledgement of a PUBLISH with QoS 2.
pub fn push_pubrec(out: &mut Vec<u8>, id: u16) {
    push(out, |bytes| PubRec::new(id).write(bytes));
}

/// Appends the answer to PUBREL, which ends a PUBLISH with QoS 2.
pub fn push_pubcomp(out: &mut Vec<u8>, id: u16) {
    push(out, |bytes| PubComp::new(id).write(bytes));
}

/// Appends the answer to SUBSCRIBE with this many filters: all are granted QoS 0.
pub fn push_suback(out: &mut Vec<u8>, id: u16, filters: usize) {
    push(out, |bytes| SubAck::new(id, vec![SubscribeReasonCode::Success(QoS::AtMostOnce); filters]).write(bytes));
}

/// Appends the answer to UNSUBSCRIBE.
pub fn push_unsuback(out: &mut Vec<u8>, id: u16) {
    push(out, |bytes| UnsubAck::new(id).write(bytes));
}

fn push(out: &mut Vec<u8>, write: impl FnOnce(&mut BytesMut) -> Result<usize, Error>) {
    let mut bytes = BytesMut::with_capacity(4);
    // These packets have no field that could be too long.
    if write(&mut bytes).is_ok() {
        out.extend_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqttbytes::v4::{Login, Publish};
    use proptest::prelude::*;

    const CONNECT: &[u8] = b"\x10\x1A\0\x04MQTT\x04\xC2\0\x3C\0\x02d1\0\x04me@x\0\x04toke";

    fn packet(bytes: &[u8]) -> Packet {
        match decode(bytes) {
            Ok(Decoded::Packet(packet, size)) if size == bytes.len() => packet,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn connect_of_both_versions() {
        let old = b"\x10\x1C\0\x06MQIsdp\x03\xC2\0\x3C\0\x02d1\0\x04me@x\0\x04toke";
        for bytes in [CONNECT, old] {
            let Packet::Connect(connect) = packet(bytes) else { panic!("no CONNECT") };
            assert_eq!(connect.login, Some(Login::new("me@x", "toke")));
            assert_eq!((connect.keep_alive, &*connect.client_id), (60, "d1"));
        }
    }

    #[test]
    fn other_versions_are_refused() {
        for bytes in [
            &b"\x10\x0C\0\x04MQTT\x05\x02\0\x3C\0\0"[..],
            b"\x10\x0C\0\x04MQTT\x03\x02\0\x3C\0\0",
            b"\x10\x0C\0\x04MQXX\x04\x02\0\x3C\0\0",
            b"\x10\x0E\0\x06MQIsdp\x04\x02\0\x3C\0\0",
        ] {
            assert_eq!(decode(bytes), Err(MqttError::UnsupportedVersion));
        }
    }

    #[test]
    fn publish_with_every_quality() {
        let Packet::Publish(publish) = packet(b"\x30\x10\0\x08hardwarevw 7 5") else { panic!("no PUBLISH") };
        assert_eq!((&*publish.topic, &publish.payload[..], publish.qos), ("hardware", &b"vw 7 5"[..], QoS::AtMostOnce));
        let Packet::Publish(publish) = packet(b"\x34\x06\0\x01t\x01\x02x") else { panic!("no PUBLISH") };
        assert_eq!((publish.pkid, publish.qos, &publish.payload[..]), (258, QoS::ExactlyOnce, &b"x"[..]));
    }

    #[test]
    fn short_packets_and_answers() {
        assert_eq!(packet(b"\xC0\0"), Packet::PingReq);
        assert_eq!(packet(b"\xE0\0"), Packet::Disconnect);
        assert!(matches!(packet(b"\x62\x02\x01\x02"), Packet::PubRel(release) if release.pkid == 258));
        let mut out = Vec::new();
        push_connack(&mut out, ConnectReturnCode::Success);
        push_connack(&mut out, ConnectReturnCode::BadUserNamePassword);
        push_pingresp(&mut out);
        push_puback(&mut out, 258);
        push_pubrec(&mut out, 258);
        push_pubcomp(&mut out, 258);
        assert_eq!(out, b"\x20\x02\0\0\x20\x02\0\x04\xD0\0\x40\x02\x01\x02\x50\x02\x01\x02\x70\x02\x01\x02");
    }

    #[test]
    fn partial_packets_say_what_they_need() {
        assert_eq!(decode(b""), Ok(Decoded::Incomplete(2)));
        assert_eq!(decode(b"\x30\x81"), Ok(Decoded::Incomplete(3)));
        for end in 2..CONNECT.len() {
            assert_eq!(decode(&CONNECT[..end]), Ok(Decoded::Incomplete(CONNECT.len())));
        }
    }

    #[test]
    fn limits_and_garbage() {
        let most = [b"\x30\x9C\x3F\0\x01t".to_vec(), vec![b'x'; MAX_REMAINING - 3]].concat();
        assert!(matches!(packet(&most), Packet::Publish(publish) if publish.payload.len() == MAX_REMAINING - 3));
        assert_eq!(decode(b"\x30\x9D\x3F"), Err(MqttError::TooLong(8_093)));
        assert_eq!(decode(b"\x30\xFF\xFF\xFF\x7F"), Err(MqttError::TooLong(268_435_455)));
        for bytes in [
            &b"\x30\xFF\xFF\xFF\xFF\x01"[..], // a length of five bytes
            b"\x30\0",                        // no topic
            b"\x30\x02\0\x05",                // topic longer than the packet
            b"\x36\x03\0\x01t",               // QoS 3
            b"\x32\x05\0\x01t\0\0",           // packet id 0
            b"\x30\x03\0\x01\xFF",            // topic is not UTF-8
            b"\xF0\0",                        // no such packet
            b"\x10\0",                        // CONNECT without anything
            b"\x62\x01\x01",                  // half an id
        ] {
            assert!(matches!(decode(bytes), Err(MqttError::Malformed(_))), "{bytes:02X?}: {:?}", decode(bytes));
        }
    }

    proptest! {
        #[test]
        fn publish_round_trips(topic in "[a-zé]{0,20}", payload: Vec<u8>, id in 1u16..) {
            let mut publish = Publish::new(topic, QoS::AtLeastOnce, payload);
            publish.pkid = id;
            let mut bytes = BytesMut::new();
            publish.write(&mut bytes).unwrap();
            prop_assert_eq!(packet(&bytes), Packet::Publish(publish));
        }

        #[test]
        fn noise_never_panics(
            first: u8,
            bytes in proptest::collection::vec(prop_oneof![0..10u8, any::<u8>()], 0..60),
        ) {
            let bytes = [&[first][..], &bytes].concat();
            match decode(&bytes) {
                Ok(Decoded::Packet(_, size)) => prop_assert!(size >= 2 && size <= bytes.len()),
                Ok(Decoded::Incomplete(needed)) => prop_assert!(needed > bytes.len()),
                Err(_) => {}
            }
        }
    }
}

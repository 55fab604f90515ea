//! How messages to a device look as MQTT packets: a QoS 0 PUBLISH to the topic of their command.

use crate::wire::Command;

/// Appends the packet, if MQTT devices understand the command. False: it was not encoded.
pub fn encode(out: &mut Vec<u8>, command: Command, body: &[&str]) -> bool {
    let topic: &[u8] = match command {
        Command::HARDWARE => b"hardware",
        Command::BRIDGE => b"bridge",
        Command::BLYNK_INTERNAL => b"internal",
        _ => return false,
    };
    let length = 2 + topic.len() + body.iter().map(|part| part.len()).sum::<usize>();
    if length > 268_435_455 {
        return false;
    }
    out.push(0x30);
    let mut rest = length;
    loop {
        let digit = (rest % 128) as u8;
        rest /= 128;
        if rest == 0 {
            out.push(digit);
            break;
        }
        out.push(digit | 0x80);
    }
    out.extend_from_slice(&(topic.len() as u16).to_be_bytes());
    out.extend_from_slice(topic);
    for part in body {
        // The device's own form: blanks in place of the separators.
        out.extend(part.bytes().map(|b| if b == 0 { b' ' } else { b }));
    }
    true
}

//! How messages to a device look as MQTT packets: a QoS 0 PUBLISH to the topic of their command.

use crate::wire::Command;

/// Topics on which devices hear something, with the commands behind them.
const TOPICS: [(&str, Command); 3] =
    [("hardware", Command::HARDWARE), ("bridge", Command::BRIDGE), ("internal", Command::BLYNK_INTERNAL)];

/// The topics that a filter names, as a set of bits.
pub fn topics(filter: &str) -> u8 {
    let mut set = 0;
    for (i, (topic, _)) in TOPICS.iter().enumerate() {
        if matches!(filter, "#" | "+") || filter == *topic || filter.strip_suffix("/#") == Some(topic) {
            set |= 1 << i;
        }
    }
    set
}

/// Appends the packet, if the command has a topic and the device is subscribed to it. False: it was not encoded.
pub fn encode(out: &mut Vec<u8>, subscribed: u8, command: Command, body: &[&str]) -> bool {
    let Some(i) = TOPICS.iter().position(|(_, c)| *c == command) else { return false };
    if subscribed & (1 << i) == 0 {
        return false;
    }
    let topic = TOPICS[i].0.as_bytes();
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

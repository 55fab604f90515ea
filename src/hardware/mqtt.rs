//! Devices that speak MQTT 3.1 or 3.1.1 (spec 01 §12, `docs/mqtt.md`).
//!
//! * CONNECT: user name = e-mail, password = token; CONNACK 0 or 4, after 4 it may try again.
//! * PUBLISH to `hardware`: a HARDWARE body with blanks for the separators; QoS 1 and 2 are acknowledged.
//! * SUBSCRIBE to `hardware`: what apps write comes as PUBLISH with the same form, QoS 0. Also `bridge` and `internal`.
//! * PINGREQ, UNSUBSCRIBE, DISCONNECT as MQTT says. A second CONNECT ends the connection.

use crate::hub::{ConnId, DeviceRef, Flow, Hub, Peer};
use crate::wire::mqtt::{self, Packet, QoS, ReturnCode};
use crate::wire::Command;

/// Message id that apps see for what an MQTT device sent without one.
const NO_ID: u16 = u16::MAX;
/// Most QoS 2 messages of one connection that were received and not yet released.
const UNRELEASED_MAX: usize = 64;
/// A connection is closed after so many refused logins.
const FAILURES_MAX: u8 = 10;

/// What one connection remembers beside its peer.
#[derive(Debug, Default)]
pub struct State {
    /// Packet ids of QoS 2 messages that were handled and wait for their release.
    unreleased: Vec<u16>,
    /// Logged in by the packet before; the session is joined after the answer.
    joining: Option<DeviceRef>,
}

impl State {
    /// What must happen after the answer to a packet was queued.
    pub fn after_answer(&mut self, hub: &mut Hub, conn: ConnId) {
        if let Some(device) = self.joining.take() {
            hub.join_hardware(conn, device, NO_ID);
        }
    }
}

/// Handles one packet; its answer is appended to `out`.
pub fn packet(hub: &mut Hub, conn: ConnId, packet: Packet, state: &mut State, out: &mut Vec<u8>) -> Flow {
    hub.stats.mqtt = hub.stats.mqtt.wrapping_add(1);
    let Some(peer) = hub.connections.get(conn).map(|c| c.peer) else { return Flow::Close };
    let device = match (peer, packet) {
        (Peer::Hardware(_), Packet::Connect(_)) => return Flow::Close,
        (Peer::Hardware(device), packet) => return logged_in(hub, conn, device, packet, state, out),
        (_, Packet::Connect(connect)) => {
            let login = connect.login.as_ref().map(|l| (l.username.trim().to_lowercase(), l.password.as_str()));
            let device = login.and_then(|(email, token)| find(hub, &email, token));
            // A client that falls silent for one and a half of its own intervals is gone.
            if let (Some(_), Some(connection)) = (device, hub.connections.get_mut(conn)) {
                if connect.keep_alive > 0 {
                    connection.idle_timeout = u32::from(connect.keep_alive) * 1500;
                }
            }
            device
        }
        (_, Packet::Disconnect) => return Flow::Close,
        // Nothing else means anything before the login.
        _ => return Flow::Continue,
    };
    match device {
        Some(device) => {
            mqtt::push_connack(out, ReturnCode::Success);
            state.joining = Some(device);
        }
        None => {
            mqtt::push_connack(out, ReturnCode::BadUserNamePassword);
            let Some(connection) = hub.connections.get_mut(conn) else { return Flow::Close };
            connection.failures = connection.failures.saturating_add(1);
            if connection.failures >= FAILURES_MAX {
                return Flow::Close;
            }
        }
    }
    Flow::Continue
}

/// The device with this token, if it belongs to an account with this e-mail.
fn find(hub: &mut Hub, email: &str, token: &str) -> Option<DeviceRef> {
    let device = match hub.tokens.device(token) {
        Some(device) => device,
        None => {
            let owner = hub.tokens.provisional(token)?.user;
            if hub.users.get(owner)?.user.email != email {
                return None;
            }
            hub.claim_promised(token)?
        }
    };
    (hub.users.get(device.user)?.user.email == email).then_some(device)
}

fn logged_in(
    hub: &mut Hub,
    conn: ConnId,
    device: DeviceRef,
    packet: Packet,
    state: &mut State,
    out: &mut Vec<u8>,
) -> Flow {
    match packet {
        Packet::Publish(publish) => {
            let id = if publish.qos == QoS::AtMostOnce { NO_ID } else { publish.pkid };
            let again = publish.qos == QoS::ExactlyOnce && state.unreleased.contains(&publish.pkid);
            match publish.qos {
                QoS::AtMostOnce => {}
                QoS::AtLeastOnce => mqtt::push_puback(out, publish.pkid),
                QoS::ExactlyOnce => {
                    if !again && state.unreleased.len() >= UNRELEASED_MAX {
                        return Flow::Close;
                    }
                    if !again {
                        state.unreleased.push(publish.pkid);
                    }
                    mqtt::push_pubrec(out, publish.pkid);
                }
            }
            if !again && publish.topic.eq_ignore_ascii_case("hardware") {
                hub.stats.count(Command::HARDWARE);
                let text = String::from_utf8_lossy(&publish.payload).replace(' ', "\0");
                // MQTT has no answer for a malformed one.
                let _ = hub.hardware_wrote(conn, device, id, &text);
            }
        }
        Packet::PubRel(release) => {
            state.unreleased.retain(|id| *id != release.pkid);
            mqtt::push_pubcomp(out, release.pkid);
        }
        Packet::Subscribe(subscribe) => {
            let filters: Vec<&str> = subscribe.filters.iter().map(|f| f.path.as_str()).collect();
            if let Some(connection) = hub.connections.get(conn) {
                filters.iter().for_each(|filter| connection.outbox.subscribe(filter));
            }
            mqtt::push_suback(out, subscribe.pkid, filters.len());
        }
        Packet::Unsubscribe(unsubscribe) => {
            if let Some(connection) = hub.connections.get(conn) {
                unsubscribe.topics.iter().for_each(|filter| connection.outbox.unsubscribe(filter));
            }
            mqtt::push_unsuback(out, unsubscribe.pkid);
        }
        Packet::PingReq => mqtt::push_pingresp(out),
        Packet::Disconnect => return Flow::Close,
        // Acknowledgements of messages with QoS 0 are not expected, and harmless.
        _ => {}
    }
    Flow::Continue
}

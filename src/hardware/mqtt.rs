//! Devices that speak MQTT 3.1 or 3.1.1 (spec 01 §12, `docs/mqtt.md`).
//!
//! * CONNECT: user name = e-mail, password = token; CONNACK 0 or 4, after 4 it may try again.
//! * PUBLISH to `hardware`: a HARDWARE body with blanks for the separators; QoS 1 and 2 are acknowledged. What is no write
//!   goes to the apps as it is.
//! * SUBSCRIBE to `hardware`: what apps write comes as PUBLISH with the same form, QoS 0. Also `bridge` and `internal`.
//! * PINGREQ, UNSUBSCRIBE, DISCONNECT as MQTT says. A second CONNECT ends the connection.

use crate::hub::pins::PinWrite;
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
            let device = login.as_ref().and_then(|(email, token)| find(hub, email, token));
            if let (None, Some((_, token)), Some(connection)) = (device, &login, hub.connections.get(conn)) {
                hub.refused.add(token, connection.origin.address, hub.clock.now());
            }
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

/// A device published a HARDWARE body. MQTT has no answer for a malformed one.
fn published(hub: &mut Hub, conn: ConnId, device: DeviceRef, id: u16, text: &str) {
    match PinWrite::parse(text) {
        Ok(Some(_)) => {
            let _ = hub.hardware_wrote(conn, device, id, text);
        }
        Ok(None) if hub.users.dash(device.user, device.dash).is_some_and(|d| d.is_active) => {
            hub.to_apps(device.user, device.dash, Some(device.device), Command::HARDWARE, id, text);
        }
        Ok(None) | Err(_) => {}
    }
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
                published(hub, conn, device, id, &text);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::testing::{World, OTHER_TOKEN, TOKEN};
    use crate::hub::testing::connect;
    use crate::hub::Framing;
    use mqttbytes::v4::{Connect, PubRel, Publish, Subscribe, Unsubscribe};

    /// An MQTT client beside the world's app and device.
    struct Client {
        world: World,
        conn: ConnId,
        state: State,
    }

    impl Client {
        fn new() -> Self {
            let mut world = World::new();
            let (conn, _) = connect(&mut world.hub, Framing::Mqtt);
            Client { world, conn, state: State::default() }
        }

        fn logged_in() -> Self {
            let mut client = Self::new();
            assert_eq!(client.connect("me@example.com", OTHER_TOKEN, 60), (Flow::Continue, b"\x20\x02\0\0".to_vec()));
            client.world.quiet();
            client
        }

        /// What becomes of the connection, and the answer.
        fn send(&mut self, sent: Packet) -> (Flow, Vec<u8>) {
            let mut out = Vec::new();
            let flow = packet(&mut self.world.hub, self.conn, sent, &mut self.state, &mut out);
            self.state.after_answer(&mut self.world.hub, self.conn);
            (flow, out)
        }

        fn connect(&mut self, email: &str, token: &str, keep_alive: u16) -> (Flow, Vec<u8>) {
            let mut connect = Connect::new("d1");
            connect.set_login(email, token);
            connect.keep_alive = keep_alive;
            self.send(Packet::Connect(connect))
        }

        fn publish(&mut self, qos: QoS, id: u16, payload: &str) -> (Flow, Vec<u8>) {
            let mut publish = Publish::new("hardware", qos, payload);
            publish.pkid = id;
            self.send(Packet::Publish(publish))
        }

        fn idle_timeout(&self) -> u32 {
            self.world.hub.connections.get(self.conn).unwrap().idle_timeout
        }
    }

    #[test]
    fn the_account_may_be_written_in_any_case_the_token_not() {
        let refused = (Flow::Continue, b"\x20\x02\0\x04".to_vec());
        let mut client = Client::new();
        assert_eq!(client.connect("other@example.com", TOKEN, 60), refused);
        assert_eq!(client.connect("me@example.com", &TOKEN.to_uppercase(), 60), refused);
        assert_eq!(client.send(Packet::PingReq), (Flow::Continue, vec![]));
        assert_eq!(client.publish(QoS::AtLeastOnce, 5, "vw 1 2"), (Flow::Continue, vec![]));
        assert!(client.world.told().is_empty());
        assert_eq!(client.connect(" Me@Example.COM ", TOKEN, 60).1, b"\x20\x02\0\0");
        assert_eq!(client.world.told(), ["4 65535 17-3"]);
        assert_eq!(client.connect("me@example.com", TOKEN, 60).0, Flow::Close);
    }

    #[test]
    fn guessing_ends() {
        let mut client = Client::new();
        for _ in 1..FAILURES_MAX {
            assert_eq!(client.connect("me@example.com", "wrong", 60).0, Flow::Continue);
        }
        assert_eq!(client.connect("me@example.com", "wrong", 60).0, Flow::Close);
    }

    #[test]
    fn the_keep_alive_sets_the_idle_time() {
        let mut client = Client::new();
        let before = client.idle_timeout();
        client.connect("me@example.com", "wrong", 7);
        client.connect("me@example.com", TOKEN, 0);
        assert_eq!(client.idle_timeout(), before);
        let mut client = Client::new();
        client.connect("me@example.com", TOKEN, 7);
        assert_eq!(client.idle_timeout(), 10_500);
    }

    #[test]
    fn writes_are_stored_and_everything_goes_to_the_apps() {
        let mut client = Client::logged_in();
        client.publish(QoS::AtMostOnce, 0, "vw 7 21.5");
        client.publish(QoS::AtMostOnce, 0, "vr 7");
        client.publish(QoS::AtMostOnce, 0, "pm 1 in");
        assert_eq!(client.world.told(), ["20 65535 17-4|vw|7|21.5", "20 65535 17-4|vr|7", "20 65535 17-4|pm|1|in"]);
        for bad in ["vw", "vr ", "vw 1", "xw 1 1", "vw 256 1", "vw a 1", "vw 1 "] {
            client.publish(QoS::AtMostOnce, 0, bad);
        }
        client.world.dash().is_active = false;
        client.publish(QoS::AtMostOnce, 0, "vw 8 1");
        client.publish(QoS::AtMostOnce, 0, "vr 8");
        assert!(client.world.told().is_empty());
        let values = client.world.hub.users.profile(client.world.user).unwrap().hardware_sync(17, 4);
        assert_eq!(values.len(), 2, "{values:?}");
    }

    #[test]
    fn each_quality_has_its_acknowledgements_and_counts_once() {
        let mut client = Client::logged_in();
        assert_eq!(client.publish(QoS::AtLeastOnce, 258, "vw 1 1").1, b"\x40\x02\x01\x02");
        assert_eq!(client.publish(QoS::ExactlyOnce, 3, "vw 1 2").1, b"\x50\x02\0\x03");
        assert_eq!(client.publish(QoS::ExactlyOnce, 3, "vw 1 2").1, b"\x50\x02\0\x03");
        assert_eq!(client.world.told(), ["20 258 17-4|vw|1|1", "20 3 17-4|vw|1|2"]);
        assert_eq!(client.send(Packet::PubRel(PubRel::new(3))).1, b"\x70\x02\0\x03");
        client.publish(QoS::ExactlyOnce, 3, "vw 1 3");
        assert_eq!(client.world.told(), ["20 3 17-4|vw|1|3"]);
        for id in 4..=UNRELEASED_MAX as u16 + 2 {
            assert_eq!(client.publish(QoS::ExactlyOnce, id, "vw 1 4").0, Flow::Continue);
        }
        assert_eq!(client.publish(QoS::ExactlyOnce, 1000, "vw 1 5").0, Flow::Close);
    }

    #[test]
    fn subscribers_hear_what_apps_write() {
        let mut client = Client::logged_in();
        let outbox = std::rc::Rc::clone(&client.world.hub.connections.get(client.conn).unwrap().outbox);
        let user = client.world.user;
        let write = |client: &mut Client| {
            assert!(client.world.hub.to_hardware(user, 17, &[4], Command::HARDWARE, 5, &["vw\x001\0on"]));
            crate::hub::testing::sent_bytes(&outbox)
        };
        assert!(write(&mut client).is_empty());
        let subscribe = |client: &mut Client, topic| {
            let mut subscribe = Subscribe::new(topic, QoS::ExactlyOnce);
            subscribe.pkid = 9;
            client.send(Packet::Subscribe(subscribe))
        };
        assert_eq!(subscribe(&mut client, "other").1, b"\x90\x03\0\x09\0");
        assert!(write(&mut client).is_empty());
        subscribe(&mut client, "#");
        assert_eq!(write(&mut client), b"\x30\x11\0\x08hardwarevw 1 on");
        let mut unsubscribe = Unsubscribe::new("hardware");
        unsubscribe.pkid = 10;
        assert_eq!(client.send(Packet::Unsubscribe(unsubscribe)).1, b"\xB0\x02\0\x0A");
        assert!(write(&mut client).is_empty());
        assert_eq!(client.send(Packet::Disconnect).0, Flow::Close);
    }
}

//! A connection that speaks MQTT: bytes to packets, packets to [`hardware::mqtt`], and what waits back to the socket.

use super::server::Server;
use super::session::{self, Feed};
use super::stream::Stream;
use crate::hardware;
use crate::hub::{ConnId, Flow, Framing, Hub, Origin, Outbox};
use crate::wire::mqtt::{self, Decoded};
use std::rc::Rc;

/// The packet layer of one connection.
#[derive(Default)]
pub struct Packets {
    /// The beginning of a packet whose rest has not come.
    partial: Vec<u8>,
    state: hardware::mqtt::State,
}

/// Serves a connection to its end.
pub async fn run(server: Rc<Server>, stream: Stream, origin: Origin) {
    session::run(server, stream, origin, Vec::new(), Framing::Mqtt, Feed::Packets(Box::default())).await;
}

impl Packets {
    /// Bytes that the unfinished packet takes.
    pub fn kept(&self) -> usize {
        self.partial.capacity()
    }

    /// Handles the packets in the bytes that came.
    pub fn feed(&mut self, hub: &mut Hub, conn: ConnId, outbox: &Outbox, bytes: &[u8]) -> Flow {
        let mut whole = std::mem::take(&mut self.partial);
        let rest = if whole.is_empty() {
            bytes
        } else {
            whole.extend_from_slice(bytes);
            &whole
        };
        let mut used = 0;
        while used < rest.len() {
            match mqtt::decode(&rest[used..]) {
                Ok(Decoded::Packet(packet, length)) => {
                    used += length;
                    let mut answers = Vec::new();
                    let flow = hardware::mqtt::packet(hub, conn, packet, &mut self.state, &mut answers);
                    if !answers.is_empty() {
                        outbox.push_raw(&answers);
                    }
                    self.state.after_answer(hub, conn);
                    if flow == Flow::Close {
                        return Flow::Close;
                    }
                }
                Ok(Decoded::Incomplete(_)) => {
                    self.partial = rest[used..].to_vec();
                    break;
                }
                Err(error) => {
                    log::debug!("MQTT: {error}");
                    if error == mqtt::MqttError::UnsupportedVersion {
                        let mut answer = Vec::new();
                        mqtt::push_connack(&mut answer, mqtt::ReturnCode::RefusedProtocolVersion);
                        outbox.push_raw(&answer);
                    }
                    return Flow::Close;
                }
            }
        }
        Flow::Continue
    }
}

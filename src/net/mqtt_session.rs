//! A connection that speaks MQTT.

use super::server::Server;
use super::stream::Stream;
use crate::hub::Origin;
use std::rc::Rc;

/// Serves a connection to its end.
pub async fn run(_server: Rc<Server>, mut stream: Stream, _origin: Origin) {
    stream.shut_down();
}

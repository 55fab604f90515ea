//! Commands that devices send.

use crate::hub::{ConnId, Flow, Hub};
use crate::wire::Message;

/// Handles one frame of a device connection.
pub fn dispatch(_hub: &mut Hub, _conn: ConnId, _message: Message<'_>) -> Flow {
    Flow::Close
}

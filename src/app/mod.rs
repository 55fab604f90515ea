//! Commands that phone apps send.

use crate::hub::{ConnId, Flow, Hub};
use crate::wire::Message;

/// Handles one frame of an app connection.
pub fn dispatch(_hub: &mut Hub, _conn: ConnId, _message: Message<'_>) -> Flow {
    Flow::Close
}

//! PING (6): any body, answered with 200.

use super::Caller;
use crate::hub::{Handled, Hub, Reply};

/// Handles PING.
pub fn handle(_hub: &mut Hub, _caller: Caller, _id: u16, _body: &str) -> Handled {
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use crate::hardware::testing::World;
    use crate::wire::Command;

    #[test]
    fn a_body_does_not_matter() {
        let mut w = World::new();
        assert_eq!(w.send(Command::PING, 5, "anything"), ["= 5 200"]);
        assert_eq!(w.send(Command::PING, 0, ""), ["= 0 200"]);
    }
}

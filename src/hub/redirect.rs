//! Which server owns a token that is unknown here. Only installations with a common database can tell.

use super::Hub;
use crate::wire::Status;

/// What was found out about a token: the host that owns it, or nobody.
pub type TokenHost = Result<Option<String>, Status>;

impl Hub {
    /// Looks up the host of a device token that no account here has, and goes on with `then`, now or later.
    ///
    /// `then` gets an error when the look-up was not possible.
    pub fn find_token_host(&mut self, _token: &str, then: impl FnOnce(&mut Hub, TokenHost) + 'static) {
        // Without a database every token that is unknown here is unknown everywhere.
        then(self, Ok(None));
    }
}

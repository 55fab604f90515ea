//! The codes of response frames.

/// What a peer is told about its request: the code of a response frame.
///
/// Handlers return it as their error; [`Status::Ok`] is the plain success answer. The codes 10, 12, 16, 18 and 20
/// belonged to older servers and are never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Status {
    /// Success, where a command has a reply.
    #[error("ok")]
    Ok,
    /// Too many messages per second; a notification too soon after the last; a daily or per-account limit reached.
    #[error("quota limit")]
    QuotaLimit,
    /// A malformed body, a bad number, an unknown pin type; in app commands also an unknown id.
    #[error("illegal command")]
    IllegalCommand,
    /// App login of a user who does not exist.
    #[error("user not registered")]
    UserNotRegistered,
    /// A second login on a logged-in hardware connection; registering a user who exists.
    #[error("user already registered")]
    UserAlreadyRegistered,
    /// App login with a wrong password.
    #[error("user not authenticated")]
    UserNotAuthenticated,
    /// Bridge misuse; mail without its widget or in an inactive project; many app commands.
    #[error("not allowed")]
    NotAllowed,
    /// Bridge target, written device or activated project without a connected device.
    #[error("device not in network")]
    DeviceNotInNetwork,
    /// A push while the project is inactive.
    #[error("no active dashboard")]
    NoActiveDashboard,
    /// Hardware login or share login with an unknown token.
    #[error("invalid token")]
    InvalidToken,
    /// Set-property with a wrong body or an unknown property; app commands with bad JSON.
    #[error("illegal command body")]
    IllegalCommandBody,
    /// Push, tweet or text message: body empty or too long.
    #[error("notification body invalid")]
    NotificationInvalidBody,
    /// Push, tweet or text message: the widget, its tokens or its number are missing.
    #[error("notification not authorized")]
    NotificationNotAuthorized,
    /// The mail, tweet or text message could not be sent.
    #[error("notification error")]
    NotificationError,
    /// A graph or profile request that finds nothing.
    #[error("no data")]
    NoData,
    /// The server could not do it now: a lookup queue is full, a worker failed.
    #[error("server error")]
    ServerError,
    /// The account's energy does not suffice.
    #[error("energy limit")]
    EnergyLimit,
    /// Password login to an account that was made through Facebook.
    #[error("facebook user login with password")]
    FacebookUserLoginWithPass,
}

impl Status {
    /// Every status, by rising code (200 last).
    pub const ALL: [Status; 18] = [
        Status::QuotaLimit,
        Status::IllegalCommand,
        Status::UserNotRegistered,
        Status::UserAlreadyRegistered,
        Status::UserNotAuthenticated,
        Status::NotAllowed,
        Status::DeviceNotInNetwork,
        Status::NoActiveDashboard,
        Status::InvalidToken,
        Status::IllegalCommandBody,
        Status::NotificationInvalidBody,
        Status::NotificationNotAuthorized,
        Status::NotificationError,
        Status::NoData,
        Status::ServerError,
        Status::EnergyLimit,
        Status::FacebookUserLoginWithPass,
        Status::Ok,
    ];

    /// The number on the wire.
    pub const fn code(self) -> u16 {
        match self {
            Status::Ok => 200,
            Status::QuotaLimit => 1,
            Status::IllegalCommand => 2,
            Status::UserNotRegistered => 3,
            Status::UserAlreadyRegistered => 4,
            Status::UserNotAuthenticated => 5,
            Status::NotAllowed => 6,
            Status::DeviceNotInNetwork => 7,
            Status::NoActiveDashboard => 8,
            Status::InvalidToken => 9,
            Status::IllegalCommandBody => 11,
            Status::NotificationInvalidBody => 13,
            Status::NotificationNotAuthorized => 14,
            Status::NotificationError => 15,
            Status::NoData => 17,
            Status::ServerError => 19,
            Status::EnergyLimit => 21,
            Status::FacebookUserLoginWithPass => 22,
        }
    }

    /// The status of a number on the wire, if it is one that this server sends.
    pub fn from_code(code: u16) -> Option<Status> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found_again() {
        for status in Status::ALL {
            assert_eq!(Status::from_code(status.code()), Some(status));
        }
        assert_eq!(Status::from_code(10), None);
        assert_eq!(Status::from_code(0), None);
        assert_eq!(Status::Ok.code(), 200);
    }
}

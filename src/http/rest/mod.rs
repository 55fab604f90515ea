//! The API of device tokens: `/{token}/...`, on both ports, without a login.
//!
//! Order of checks: the request's body and parameters, the token, the pin, then the rest. One file per group of routes.

pub mod email;
pub mod get;
pub mod history;
pub mod json;
pub mod notify;
pub mod presence;
pub mod project;
mod property;
pub mod rtc;
pub mod update;

use super::request::Request;
use super::response::Response;
use crate::hub::{DeviceRef, Hub};
use crate::model::{Dashboard, PinType};
use crate::wire::Command;

/// What a handler that can fail returns: `Err` is an answer, too.
pub type Answered = Result<Response, Response>;

/// The device of the token in the path, promised tokens included.
///
/// Errors: the answer for an unknown token.
pub fn device(hub: &Hub, request: &Request) -> Result<DeviceRef, Response> {
    let token = request.var(0);
    let promised = || {
        let promise = hub.tokens.provisional(token)?;
        Some(DeviceRef { user: promise.user, dash: promise.dash, device: promise.device.id })
    };
    hub.tokens.device(token).or_else(promised).ok_or_else(|| Response::text(400, "Invalid token."))
}

/// The project of a device. Errors: 500, which only a broken index can cause.
pub fn project(hub: &Hub, device: DeviceRef) -> Result<&Dashboard, Response> {
    hub.users.dash(device.user, device.dash).ok_or_else(Response::failure)
}

/// The pin in the path. Errors: the answer for a text that is no pin.
pub fn pin(request: &Request) -> Result<(PinType, u8), Response> {
    parse_pin(request.var(1)).ok_or_else(|| Response::text(400, "Wrong pin format."))
}

/// One letter, then 0 to 255 in decimal digits, a sign and leading zeros tolerated.
fn parse_pin(text: &str) -> Option<(PinType, u8)> {
    let mut letters = text.chars();
    let pin_type = PinType::from_letter(letters.next()?)?;
    let number: i32 = letters.as_str().parse().ok()?;
    Some((pin_type, u8::try_from(number).ok()?))
}

/// Counts a request that passed the checks of its token.
pub fn count(hub: &mut Hub, command: Command) {
    hub.stats.count(command);
    hub.stats.count(Command::HTTP_TOTAL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins() {
        assert_eq!(parse_pin("D8"), Some((PinType::Digital, 8)));
        assert_eq!(parse_pin("v+1"), Some((PinType::Virtual, 1)));
        assert_eq!(parse_pin("a-0"), Some((PinType::Analog, 0)));
        assert_eq!(parse_pin("v0255"), Some((PinType::Virtual, 255)));
        for bad in ["x8", "v256", "v", "v1.0", "vv1", "1", "", "v-1", "é1"] {
            assert_eq!(parse_pin(bad), None, "{bad}");
        }
    }
}

#[cfg(test)]
pub mod testing {
    //! An account with one active project, 1, and one device, 0.

    use crate::hub::{testing, Hub, UserId};

    /// The device's token.
    pub const TOKEN: &str = "tokentokentokentokentokentokento";

    /// A hub with these widgets.
    pub fn hub_with(widgets: &str) -> (Hub, UserId) {
        let mut hub = testing::hub();
        let dash = format!(
            r#"{{"id":1,"name":"Pond","isActive":true,"widgets":{widgets},
               "devices":[{{"id":0,"name":"Node","boardType":"ESP8266","token":"{TOKEN}"}}]}}"#
        );
        let user = testing::user(&mut hub, "a@b.cc", &dash);
        (hub, user)
    }
}

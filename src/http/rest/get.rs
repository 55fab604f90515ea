//! `GET /{token}/get/{pin}`: the value of a pin as a JSON array of strings, e.g. `["60","143"]`, or the bare text for
//! the pin of a device tile. Old sketches say `pin` for `get`.
//!
//! Errors: 400 `Invalid token.`, `Wrong pin format.`, `Requested pin doesn't exist in the app.`

use super::{count, device, pin, Answered};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::hub::Hub;
use crate::wire::Command;

/// See the module.
pub fn handle(hub: &mut Hub, request: &Request) -> Response {
    answer(hub, request).unwrap_or_else(|refusal| refusal)
}

fn answer(hub: &mut Hub, request: &Request) -> Answered {
    let device = device(hub, request)?;
    count(hub, Command::HTTP_GET_PIN_DATA);
    let (pin_type, pin) = pin(request)?;
    let profile = hub.users.profile(device.user).ok_or_else(Response::failure)?;
    let value = profile.http_value(device.dash, device.device, pin_type, pin);
    value.map(Response::json).ok_or_else(|| Response::text(400, "Requested pin doesn't exist in the app."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::http::rest::testing::{hub_with, TOKEN};

    #[test]
    fn values_and_errors() {
        let (mut hub, _) =
            hub_with(r#"[{"type":"BUTTON","id":7,"deviceId":0,"pinType":"VIRTUAL","pin":5,"value":"42"}]"#);
        let mut get = |token: &str, pin: &str| {
            let response = handle(&mut hub, &request(Method::Get, "", &[token, pin]));
            (response.status, String::from_utf8(response.body).unwrap())
        };
        assert_eq!(get(TOKEN, "v5"), (200, r#"["42"]"#.into()));
        assert_eq!(get(TOKEN, "V05"), (200, r#"["42"]"#.into()));
        assert_eq!(get(TOKEN, "v6"), (400, "Requested pin doesn't exist in the app.".into()));
        assert_eq!(get(TOKEN, "x5"), (400, "Wrong pin format.".into()));
        assert_eq!(get("nobody", "x5"), (400, "Invalid token.".into()));
    }
}

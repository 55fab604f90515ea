//! `GET /{token}/isHardwareConnected` and `isAppConnected`: `true` or `false`.
//!
//! Errors: 400 `Invalid token.`

use super::{count, device, project, Answered};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::hub::Hub;
use crate::wire::Command;

/// Whether this very device is logged in.
pub fn hardware(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Answered {
        let device = device(hub, request)?;
        count(hub, Command::HTTP_IS_HARDWARE_CONNECTED);
        Ok(boolean(hub.is_hardware_connected(device.user, device.dash, Some(device.device))))
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// Whether the project is active and any app of its account is logged in, guests included.
pub fn app(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Answered {
        let device = device(hub, request)?;
        count(hub, Command::HTTP_IS_APP_CONNECTED);
        Ok(boolean(project(hub, device)?.is_active && hub.is_app_connected(device.user)))
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

fn boolean(value: bool) -> Response {
    Response::json(if value { "true" } else { "false" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::hub::testing;

    #[test]
    fn devices_and_apps() {
        let (mut hub, user) = hub_with("[]");
        let ask = |hub: &mut Hub, f: fn(&mut Hub, &Request) -> Response| {
            String::from_utf8(f(hub, &request(Method::Get, "", &[TOKEN])).body).unwrap()
        };
        assert_eq!((ask(&mut hub, hardware), ask(&mut hub, app)), ("false".into(), "false".into()));
        testing::device(&mut hub, user, 1, 9);
        testing::app(&mut hub, user);
        assert_eq!((ask(&mut hub, hardware), ask(&mut hub, app)), ("false".into(), "true".into()));
        testing::device(&mut hub, user, 1, 0);
        hub.users.dash_mut(user, 1).unwrap().is_active = false;
        assert_eq!((ask(&mut hub, hardware), ask(&mut hub, app)), ("true".into(), "false".into()));
    }
}

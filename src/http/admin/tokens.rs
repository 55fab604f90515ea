//! Devices get chosen tokens.
//!
//! * `/users/token/assign?old&new`: the device of a token. `/users/token/force?email&app&dashId&deviceId&new`: any.
//!   `POST`, or as the reference had it `GET`. The old token is worth nothing at once; connections stay.
//!
//! Errors: 400 `This token not exists.`, `No user with such email.` and others.

use super::lists::query;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::hub::{DeviceRef, Hub};
use crate::model::MAIN_APP;

/// Longest token.
const TOKEN_MAX: usize = 100;

/// See the module.
pub fn assign(hub: &mut Hub, request: &Request) -> Response {
    let query = query(request);
    match query.get("old").and_then(|token| hub.tokens.device(token)) {
        Some(device) => give(hub, device, query.get("new").unwrap_or_default()),
        None => Response::text(400, "This token not exists."),
    }
}

/// See the module.
pub fn force(hub: &mut Hub, request: &Request) -> Response {
    let query = query(request);
    let email = query.get("email").unwrap_or_default().trim().to_lowercase();
    let Some(user) = hub.users.find(&email, query.get("app").unwrap_or(MAIN_APP)) else {
        return Response::text(400, "No user with such email.");
    };
    let number = |name| query.get(name).and_then(|text| text.parse().ok());
    match (number("dashId"), number("deviceId")) {
        (Some(dash), Some(device)) => give(hub, DeviceRef { user, dash, device }, query.get("new").unwrap_or_default()),
        _ => Response::text(400, "dashId and deviceId must be numbers."),
    }
}

fn give(hub: &mut Hub, device: DeviceRef, new: &str) -> Response {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    if new.is_empty() || new.len() > TOKEN_MAX || !new.chars().all(fits) {
        return Response::text(400, "The new token must have 1 to 100 characters A-Z a-z 0-9 - _ . ~");
    }
    let taken = hub.tokens.device(new).is_some_and(|other| other != device);
    if taken || hub.tokens.shared(new).is_some() || hub.tokens.provisional(new).is_some() {
        return Response::text(400, "The new token is in use.");
    }
    let known = hub.users.dash_mut(device.user, device.dash).and_then(|dash| dash.device_mut(device.device));
    let Some(known) = known else { return Response::text(400, "No such device.") };
    let old = std::mem::replace(&mut known.token, new.to_owned());
    hub.tokens.remove_device(&old, device);
    hub.tokens.set_device(new, device);
    hub.user_changed(device.user);
    Response::empty(200)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::hub::testing;

    #[test]
    fn the_old_token_is_worth_nothing() {
        let (mut hub, user) = hub_with("[]");
        testing::user(&mut hub, "o@b.cc", r#"{"id":1,"devices":[{"id":0,"token":"other"}]}"#);
        let mut ask = |query: &str| {
            let answer = assign(&mut hub, &request(Method::Get, &format!("/x?{query}"), &[]));
            answer.shown().0
        };
        assert_eq!(ask("old=123&new=n"), 400);
        for bad in ["", "a%20b", "other", "%00"] {
            assert_eq!(ask(&format!("old={TOKEN}&new={bad}")), 400, "{bad}");
        }
        assert_eq!(ask(&format!("old={TOKEN}&new=chosen")), 200);
        assert_eq!(ask(&format!("old={TOKEN}&new=x")), 400);
        assert_eq!(hub.tokens.device("chosen").map(|d| d.user), Some(user));
        assert_eq!(hub.users.dash(user, 1).unwrap().devices[0].token, "chosen");
        let mut ask =
            |query: &str| force(&mut hub, &request(Method::Get, &format!("/x?{query}"), &[])).shown().1.to_owned();
        assert_eq!(ask("email=z@b.cc&dashId=1&deviceId=0&new=n"), "No user with such email.");
        assert_eq!(ask("email=a@b.cc&dashId=1&deviceId=9&new=n"), "No such device.");
        assert_eq!(ask("email=a@b.cc&dashId=1&deviceId=0&new=forced"), "");
        assert!(hub.tokens.device("forced").is_some() && hub.tokens.device("chosen").is_none());
    }
}

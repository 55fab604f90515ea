//! `POST /{token}/notify`, body `{"body":"text"}`: a push to all phones of the project's notification widget; the text goes
//! out as it is. The answer is an empty 200, whatever the push service says later.
//!
//! Errors: 500 for a bad content type or body; 400 `Invalid token.`, `Body is empty or larger than 255 chars.`,
//! `Project is not active.`, `No notification widget.`, `Notification widget not initialized.`; 429 for a second push
//! within the interval of device connections.

use super::json::{Fields, Read};
use super::{count, device, json, project, Answered};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::hub::Hub;
use crate::wire::body::utf16_len;
use crate::wire::Command;
use serde_json::value::RawValue;

/// Longest text, in characters.
const TEXT_MAX: usize = 255;

#[derive(Default)]
struct Body<'a> {
    body: Option<&'a RawValue>,
}

impl<'a> Fields<'a> for Body<'a> {
    fn take(&mut self, name: &str, value: Option<&'a RawValue>) {
        if name == "body" {
            self.body = value;
        }
    }
}

/// See the module.
pub fn handle(hub: &mut Hub, request: &Request) -> Response {
    answer(hub, request).unwrap_or_else(|refusal| refusal)
}

fn answer(hub: &mut Hub, request: &Request) -> Answered {
    let body: Option<Read<Body<'_>>> = json::body(request)?;
    let text = match body.and_then(|Read(b)| b.body) {
        Some(raw) => json::scalar(raw).ok_or_else(|| json::bad_body(request))?,
        None => String::new(),
    };
    let device = device(hub, request)?;
    count(hub, Command::HTTP_NOTIFY);
    let refuse = |text: &str| Err(Response::text(400, text));
    if text.is_empty() || utf16_len(&text) > TEXT_MAX {
        return refuse("Body is empty or larger than 255 chars.");
    }
    let dash = project(hub, device)?;
    if !dash.is_active {
        return refuse("Project is not active.");
    }
    match hub.push_reaches(device.user, device.dash) {
        None => return refuse("No notification widget."),
        Some(false) => return refuse("Notification widget not initialized."),
        Some(true) => {}
    }
    let (ticks, interval) = (hub.ticks(), hub.notification_interval());
    if !hub.http_pushes.take(device.user, device.dash, ticks, interval) {
        return Err(Response::text(429, "Too many notifications."));
    }
    hub.push_to_phones(device.user, device.dash, text);
    Ok(Response::empty(200))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::testing::json;
    use crate::http::request::Method;
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::hub::{testing, Job};

    fn post(hub: &mut Hub, body: &str) -> (u16, String) {
        let response = handle(hub, &json(Method::Post, "", &[TOKEN], body));
        (response.status, String::from_utf8(response.body).unwrap())
    }

    #[test]
    fn errors_in_order() {
        let (mut hub, user) = hub_with("[]");
        assert_eq!(post(&mut hub, ""), (500, "Error parsing body param. ".into()));
        for body in ["{}", "null", r#"{"body":""}"#, &format!(r#"{{"body":"{}"}}"#, "x".repeat(256))] {
            assert_eq!(post(&mut hub, body), (400, "Body is empty or larger than 255 chars.".into()), "{body}");
        }
        for body in ["[]", r#"["a"]"#, r#"{"body":["a"]}"#, r#"{"body":"a""#] {
            assert_eq!(post(&mut hub, body).0, 500, "{body}");
        }
        let long = format!(r#"{{"body":"{}"}}"#, "x".repeat(255));
        assert_eq!(post(&mut hub, &long), (400, "No notification widget.".into()));
        let (mut other, _) = hub_with(r#"[{"type":"NOTIFICATION","id":8}]"#);
        assert_eq!(post(&mut other, &long), (400, "Notification widget not initialized.".into()));
        hub.users.dash_mut(user, 1).unwrap().is_active = false;
        assert_eq!(post(&mut hub, &long), (400, "Project is not active.".into()));
    }

    #[test]
    fn a_push_per_interval() {
        let (mut hub, _) = hub_with(r#"[{"type":"NOTIFICATION","id":8,"androidTokens":{"u":"p"}}]"#);
        let body = r#"{"body":"{DEVICE_NAME} is full"}"#;
        assert_eq!(post(&mut hub, body), (200, "".into()));
        assert_eq!(post(&mut hub, body).0, 429);
        testing::advance(&mut hub, 15_000);
        assert_eq!(post(&mut hub, r#"{"body":null,"body":5,"body":"twice"}"#).0, 200);
        let jobs = hub.jobs.take_kept();
        assert_eq!(jobs.len(), 2);
        assert!(matches!(&jobs[1].1, Job::Push(push, _) if push.text == "twice"));
        assert!(matches!(&jobs[0].1, Job::Push(push, _) if push.text == "{DEVICE_NAME} is full"));
    }
}

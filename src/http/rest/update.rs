//! Writing a pin.
//!
//! * `PUT /{token}/update/{pin}` (old name: `pin`), body a JSON array of strings; numbers and booleans count as written.
//! * `GET /{token}/update/{pin}?value=a&value=b`: each `value` is one element. Without any `value` it sets a property,
//!   see [`super::property`].
//! * `PUT /{token}/extra/pin/{pin}`, body `[{"value":"20.5","timestamp":1700000000000}, ...]`: all are recorded with their
//!   own times (ms since 1970), the first one becomes the pin's value.
//!
//! The elements joined by NUL are the value. It is recorded and stored, eventor rules run (webhooks do not, and neither
//! runs for `extra`), then the device and, in an active project, the apps get HARDWARE with id 111. The answer is an
//! empty 200.
//!
//! Errors: 500 for a bad content type or body, then 400 `No pin for update provided.`, `Invalid token.`,
//! `Wrong pin format.`, and `The value is too long.` for more bytes than any device can take.

use super::json::{Fields, Read};
use super::{count, device, json, pin, property, Answered};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::hub::pins::PinWrite;
use crate::hub::{DeviceRef, Hub};
use crate::model::json::integer;
use crate::wire::frame::MAX_HARDWARE_BODY;
use crate::wire::Command;
use serde_json::value::RawValue;

/// Id of the messages that an HTTP write makes.
pub const MESSAGE_ID: u16 = 111;
/// Most stamped values of one request that are recorded.
const STAMPED_MAX: usize = 100_000;

/// The PUT form.
pub fn put(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Answered {
        let elements = json::strings(request)?;
        if elements.is_empty() {
            return Err(Response::text(400, "No pin for update provided."));
        }
        let device = device(hub, request)?;
        count(hub, Command::HTTP_UPDATE_PIN_DATA);
        let (pin_type, pin) = pin(request)?;
        write(hub, device, PinWrite { pin_type, pin, value: &elements.join("\0") })
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// The GET form, which also sets properties.
pub fn get(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Answered {
        let query = request.query().map_err(|e| Response::text(400, e.to_string()))?;
        let device = device(hub, request)?;
        count(hub, Command::HTTP_UPDATE_PIN_DATA);
        let elements: Vec<&str> = query.all("value").collect();
        if elements.is_empty() {
            return property::set(hub, request, device, &query);
        }
        let (pin_type, pin) = pin(request)?;
        write(hub, device, PinWrite { pin_type, pin, value: &elements.join("\0") })
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// One element of the body of `extra`.
#[derive(Default)]
struct Stamped<'a> {
    value: Option<&'a RawValue>,
    timestamp: Option<&'a RawValue>,
}

impl<'a> Fields<'a> for Stamped<'a> {
    fn take(&mut self, name: &str, value: Option<&'a RawValue>) {
        match name {
            "value" => self.value = value,
            "timestamp" => self.timestamp = value,
            _ => {}
        }
    }
}

/// Values with times of their own.
pub fn extra(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Answered {
        let stamped: Option<Vec<Read<Stamped<'_>>>> = json::body(request)?;
        let stamped = stamped.ok_or_else(Response::failure)?;
        let nothing = || Response::text(400, "No pin for update provided.");
        if stamped.iter().any(|Read(one)| one.value.is_none()) {
            return Err(nothing());
        }
        let values: Vec<(String, i64)> = stamped
            .iter()
            .map(|Read(one)| unstamp(one))
            .collect::<Option<_>>()
            .ok_or_else(|| json::bad_body(request))?;
        let Some((first, _)) = values.first() else { return Err(nothing()) };
        let device = device(hub, request)?;
        count(hub, Command::HTTP_UPDATE_PIN_DATA);
        let (pin_type, pin) = pin(request)?;
        check_length(first)?;
        for (value, at) in values.iter().take(STAMPED_MAX) {
            hub.record(device, pin_type, pin, value, *at);
        }
        let _ = hub.store_value(device.user, (device.dash, device.device), (pin_type, pin), first);
        Ok(forward(hub, device, PinWrite { pin_type, pin, value: first }))
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// Value and time; the value may be a number, the time a text or, as scripts compute it, a fraction, which is cut off. Nothing
/// where one of them cannot be read.
fn unstamp(stamped: &Stamped<'_>) -> Option<(String, i64)> {
    let value = json::scalar(stamped.value?)?;
    let at = stamped.timestamp.map_or(Ok(0), |raw| integer(raw.get(), i64::MIN, i64::MAX)).ok()?;
    Some((value, at))
}

/// Widgets keep many values, so one has a bound. Errors: the answer for a longer one.
fn check_length(value: &str) -> Result<(), Response> {
    if value.len() > MAX_HARDWARE_BODY {
        return Err(Response::text(400, "The value is too long."));
    }
    Ok(())
}

fn write(hub: &mut Hub, device: DeviceRef, write: PinWrite<'_>) -> Answered {
    check_length(write.value)?;
    if hub.store_pin(device, write).is_err() {
        // A table or time input keeps what it has; the device shall get the text all the same.
        log::debug!("a widget cannot use the value that came by HTTP");
    }
    let now = hub.now();
    if let Some(known) = hub.users.dash_mut(device.user, device.dash).and_then(|d| d.device_mut(device.device)) {
        known.data_received_at = now;
    }
    hub.run_eventor(device, write.pin_type, write.pin, write.value);
    Ok(forward(hub, device, write))
}

/// Tells the device and the apps.
fn forward(hub: &mut Hub, device: DeviceRef, write: PinWrite<'_>) -> Response {
    let Some(dash) = hub.users.dash(device.user, device.dash) else { return Response::failure() };
    let body = dash.http_update_body(device.device, write.pin_type, write.pin, write.value);
    let is_active = dash.is_active;
    hub.to_hardware(device.user, device.dash, &[device.device], Command::HARDWARE, MESSAGE_ID, &[&body]);
    if is_active {
        hub.to_apps(device.user, device.dash, Some(device.device), Command::HARDWARE, MESSAGE_ID, &body);
    }
    Response::empty(200)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::testing::{json, request};
    use crate::http::request::Method;
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::hub::testing::{app, device, sent};

    #[test]
    fn device_and_app_get_the_value() {
        let (mut hub, user) = hub_with("[]");
        let (_, phone) = app(&mut hub, user);
        let (_, board) = device(&mut hub, user, 1, 0);
        let ask = json(Method::Put, "", &[TOKEN, "V31"], r#"["7", 8, 9.50]"#);
        assert_eq!(put(&mut hub, &ask).shown(), (200, ""));
        assert_eq!(sent(&board), ["20 111 vw|31|7|8|9.50"]);
        assert_eq!(sent(&phone), ["20 111 1-0|vw|31|7|8|9.50"]);
        let dash = hub.users.dash_mut(user, 1).unwrap();
        assert_eq!((dash.updated_at, dash.devices[0].data_received_at), (dash.updated_at, hub.clock.now()));
        hub.users.dash_mut(user, 1).unwrap().is_active = false;
        let ask = request(Method::Get, "/t/update/v31?value=a+b&label=x&value=", &[TOKEN, "v31"]);
        assert_eq!(get(&mut hub, &ask).shown(), (200, ""));
        assert_eq!((sent(&board), sent(&phone)), (vec!["20 111 vw|31|a b|".to_owned()], vec![]));
    }

    #[test]
    fn the_first_of_stamped_values_is_the_value() {
        let (mut hub, user) = hub_with("[]");
        let (_, board) = device(&mut hub, user, 1, 0);
        let mut ask = |body: &str| {
            let response = extra(&mut hub, &json(Method::Put, "", &[TOKEN, "v3"], body));
            (response.status, String::from_utf8(response.body).unwrap())
        };
        assert_eq!(
            ask(r#"[{"value":20.5,"timestamp":"1700000000000"},{"value":"21","timestamp":17}]"#),
            (200, "".into())
        );
        assert_eq!(sent(&board), ["20 111 vw|3|20.5"]);
        assert_eq!(ask(r#"[{"value":"1","timestamp":"x","value":"2","timestamp":17}]"#), (200, "".into()));
        assert_eq!(sent(&board), ["20 111 vw|3|2"], "the last of a name");
        assert_eq!(ask("[]"), (400, "No pin for update provided.".into()));
        assert_eq!(ask("null"), (500, "".into()));
        for valueless in [r#"[{"timestamp":1}]"#, r#"[{"value":null}]"#, r#"[{"value":"1"},{"timestamp":1}]"#] {
            assert_eq!(ask(valueless), (400, "No pin for update provided.".into()));
        }
        for time in ["1700000000000.75", "1.7e12", "null", "\"\""] {
            assert_eq!(ask(&format!(r#"[{{"value":1,"timestamp":{time}}}]"#)), (200, "".into()), "{time}");
        }
        for bad in [
            "{}",
            r#"[{"value":[]}]"#,
            r#"[{"value":1,"timestamp":true}]"#,
            r#"[{"value":1,"timestamp":1e30}]"#,
            r#"[{"value":"1","timestamp":"x"}]"#,
            "[1]",
        ] {
            assert_eq!(ask(bad), (500, format!("Error parsing body param. {bad}")));
        }
    }

    #[test]
    fn errors_in_order() {
        let (mut hub, _) = hub_with("[]");
        let mut ask = |token: &str, pin: &str, body: &str| {
            let response = put(&mut hub, &json(Method::Put, "", &[token, pin], body));
            (response.status, String::from_utf8(response.body).unwrap())
        };
        assert_eq!(ask("nobody", "v1", "[\"1\""), (500, "Error parsing body param. [\"1\"".into()));
        assert_eq!(ask("nobody", "v1", ""), (500, "Error parsing body param. ".into()));
        assert_eq!(ask("nobody", "v1", "[]"), (400, "No pin for update provided.".into()));
        assert_eq!(ask("nobody", "x1", "[1]"), (400, "Invalid token.".into()));
        assert_eq!(ask(TOKEN, "x1", "[1]"), (400, "Wrong pin format.".into()));
        let mut degree = json(Method::Put, "", &[TOKEN, "v1"], "");
        degree.body = b"[\"20 \xb0C\"]".to_vec();
        degree.make_text();
        assert_eq!(put(&mut hub, &degree).status, 200);
        let mut ask = |token: &str, pin: &str, body: &str| {
            let response = put(&mut hub, &json(Method::Put, "", &[token, pin], body));
            (response.status, String::from_utf8(response.body).unwrap())
        };
        let long = |length: usize| format!("[\"{}\"]", "x".repeat(length));
        assert_eq!(ask(TOKEN, "v1", &long(65_536)), (400, "The value is too long.".into()));
        assert_eq!(ask(TOKEN, "v1", &long(65_535)), (200, "".into()));
        let typeless = request(Method::Put, "", &["nobody", "v1"]);
        let response = put(&mut hub, &typeless);
        assert_eq!(response.shown(), (500, "Unexpected content type. Expecting application/json."));
        let response = get(&mut hub, &request(Method::Get, "/t/update/x1?val=1", &[TOKEN, "x1"]));
        assert_eq!(response.shown(), (400, "Wrong request format."));
        let response = get(&mut hub, &request(Method::Get, "/t/update/v1?value=%zz", &[TOKEN, "v1"]));
        assert_eq!(response.status, 400);
    }
}

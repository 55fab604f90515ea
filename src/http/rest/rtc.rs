//! `GET /{token}/rtc`: `[1700003600]`, the time of the project's first RTC widget as seconds since 1970 of its local clock.
//!
//! Errors: 400 `Invalid token.`, `Requested rtc not exists in app.`

use super::{count, device, project, Answered};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::hub::Hub;
use crate::model::Kind;
use crate::tz::Rules;
use crate::wire::Command;

/// See the module.
pub fn handle(hub: &mut Hub, request: &Request) -> Response {
    answer(hub, request).unwrap_or_else(|refusal| refusal)
}

fn answer(hub: &mut Hub, request: &Request) -> Answered {
    let device = device(hub, request)?;
    count(hub, Command::HTTP_GET_PIN_DATA);
    let zone = project(hub, device)?.widgets.iter().find_map(|widget| match &widget.kind {
        Kind::Rtc(rtc) => Some(&rtc.tz_name),
        _ => None,
    });
    let zone = zone.ok_or_else(|| Response::text(400, "Requested rtc not exists in app."))?;
    let now = hub.now();
    let local = now.div_euclid(1000) + i64::from(Rules::of(zone.id()).offset_seconds(now));
    Ok(Response::json(format!("[{local}]")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::http::rest::testing::{hub_with, TOKEN};

    #[test]
    fn local_seconds() {
        let ask = request(Method::Get, "", &[TOKEN]);
        let (mut hub, _) = hub_with(r#"[{"type":"RTC","id":3,"tzName":"Asia/Tokyo"}]"#);
        assert_eq!(handle(&mut hub, &ask).shown(), (200, "[1700032400]"));
        let (mut hub, _) = hub_with("[]");
        assert_eq!(handle(&mut hub, &ask).shown(), (400, "Requested rtc not exists in app."));
    }
}

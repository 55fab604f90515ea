//! The whole project.
//!
//! * `GET /{token}/project`: its JSON without tokens, states and secrets.
//! * `GET /{token}/qr`: a PNG with the link that lets an app copy it,
//!   `blynk://token/clone/{code}?server={host}&port={https port}`.
//! * `GET /{code}/clone`: the JSON by that code, for everybody who has it.
//!
//! Errors: 400 `Invalid token.`; 500 `Requested QR not found.`, `Error getting cloned project.`

use super::{count, device, project, Answered};
use crate::http::request::Request;
use crate::http::response::{Responder, Response};
use crate::hub::clones::{CloneError, Content};
use crate::hub::Hub;
use crate::model::json::{to_string, Audience};
use crate::notify::qr as picture;
use crate::wire::Command;

/// The JSON.
pub fn handle(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Answered {
        let device = device(hub, request)?;
        count(hub, Command::HTTP_GET_PROJECT);
        Ok(Response::json(to_string(project(hub, device)?, Audience::Restricted)))
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// The picture.
pub fn qr(hub: &mut Hub, request: Request, responder: Responder) {
    let device = match device(hub, &request) {
        Ok(device) => device,
        Err(refusal) => return responder.send(refusal),
    };
    count(hub, Command::HTTP_QR);
    let server = &hub.config.server;
    let port = if server.force_port_80_for_csv { 443 } else { server.https_port };
    let address = format!("server={}&port={port}", hub.host);
    // Answered by the worker: drawing takes time on a router. Dropped without work, the responder says 500.
    let draw = move |code: Result<&str, CloneError>| {
        let Ok(code) = code else { return responder.send(Response::failure()) };
        let answer = match picture::png(&format!("blynk://token/clone/{code}?{address}"), picture::SMALL) {
            Ok(png) => Response::ok("image/png", png),
            Err(error) => {
                log::error!("QR code of a project: {error}");
                Response::failure()
            }
        };
        responder.send(answer);
    };
    if let Err(error) = hub.clone_project(device.user, device.dash, Content::WithValues, draw, |_, ()| ()) {
        log::warn!("QR code of a project: {error}");
    }
}

/// The JSON by code.
pub fn cloned(hub: &mut Hub, request: Request, responder: Responder) {
    count(hub, Command::HTTP_CLONE);
    let queued = hub.find_clone(request.var(0), move |_, found| {
        responder.send(match found {
            Ok(text) => Response::json(text),
            Err(CloneError::Unknown) => Response::text(500, "Requested QR not found."),
            Err(_) => Response::text(500, "Error getting cloned project."),
        });
    });
    if let Err(error) = queued {
        log::warn!("clone of a project: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::http::response::testing::responder;
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::hub::Job;

    #[test]
    fn the_project_without_secrets() {
        let widgets = r#"[{"type":"NOTIFICATION","id":8,"androidTokens":{"u":"pushtoken"}},
            {"type":"TWITTER","id":9,"token":"t","secret":"geheim"}]"#;
        let (mut hub, _) = hub_with(widgets);
        let response = handle(&mut hub, &request(Method::Get, "", &[TOKEN]));
        let (status, text) = response.shown();
        assert!(status == 200 && text.starts_with(r#"{"id":1,"parentId":-1,"#), "{text}");
        for secret in [TOKEN, "pushtoken", "geheim"] {
            assert!(!text.contains(secret), "{text}");
        }
    }

    #[test]
    fn pictures_and_unknown_codes() {
        let (mut hub, _) = hub_with("[]");
        let (to, answers) = responder();
        qr(&mut hub, request(Method::Get, "", &[TOKEN]), to);
        let (to, others) = responder();
        cloned(&mut hub, request(Method::Get, "", &["123"]), to);
        let (to, refused) = responder();
        qr(&mut hub, request(Method::Get, "", &["nobody"]), to);
        assert_eq!(refused.recv().unwrap().shown(), (400, "Invalid token."));
        for (_, job) in hub.jobs.take_kept() {
            let Job::Work(work) = job else { panic!() };
            work()(&mut hub);
        }
        let png = answers.recv().unwrap();
        assert_eq!((png.header("content-type"), &png.body[..4]), (Some("image/png"), &b"\x89PNG"[..]));
        assert_eq!(others.recv().unwrap().shown(), (500, "Requested QR not found."));
    }
}

//! A new password by the browser.
//!
//! * `POST /resetPassword`, form `email`, `appName` (default `Blynk`): mails a link with a token of 64 characters.
//! * `GET /landing?token=`: the page that the link leads to, a form for the new password.
//! * `GET /restore?token=&email=`: where the link of the app's own mail leads (32 characters) when no app catches it: the
//!   same form for a token that waits, else a page with a button for the app.
//! * `POST /updatePassword`, form `token`, `password` (the hash): sets it and disconnects the account's apps.
//!
//! Texts of the answers: see the functions. Tokens live for 45 minutes and work once.

use super::params::Params;
use super::request::Request;
use super::response::{Responder, Response};
use crate::hub::tokens::new_token;
use crate::hub::Hub;
use crate::model::MAIN_APP;
use crate::notify::address;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;

/// Content type of pages.
pub const HTML: &str = "text/html;charset=utf-8";
const INVALID: &str = "Invalid request parameters.";
/// Most clients that wait for a mail server: they hold some of the few requests that may be under way.
const MAILS_MAX: u32 = 4;

/// 200 `Email was sent.` when the mail server took the mail; 400 `{email} email has not valid format.`, `Sorry, this account
/// does not exist.`, `Error sending reset email.`; 429 when a mail is on its way already or an address asks too often; 503
/// when the mail server is slow.
pub fn reset_password(hub: &mut Hub, request: Request, responder: Responder) {
    let form = match form(&request) {
        Ok(form) => form,
        Err(refusal) => return responder.send(refusal),
    };
    let given = form.get("email").unwrap_or("null");
    if !address::is_valid(given) {
        return responder.send(Response::text(400, format!("{given} email has not valid format.")));
    }
    let (email, app_name) = (given.trim().to_lowercase(), form.get("appName").unwrap_or(MAIN_APP).to_owned());
    let (ticks, peer) = (hub.ticks(), request.origin.address);
    if !hub.attempts.allows(peer, ticks) {
        return responder.send(Response::text(429, "Too many requests."));
    }
    if hub.users.find(&email, &app_name).is_none() {
        hub.attempts.failed(peer, ticks);
        return responder.send(Response::text(400, "Sorry, this account does not exist."));
    }
    if hub.reset_tokens.has(&email, &app_name, ticks) {
        hub.attempts.failed(peer, ticks);
        return responder.send(Response::text(429, "Email was sent already. Please try again in 45 minutes."));
    }
    if hub.reset_tokens.mails >= MAILS_MAX {
        return responder.send(Response::text(503, "Please try again later."));
    }
    log::info!("{email} ({app_name}) asks for a new password.");
    let token = new_token() + &new_token();
    let mail = hub.texts.reset_by_web(&email, &format!("{}/landing?token={token}", own_address(hub)));
    hub.reset_tokens.add(&token, &email, &app_name, ticks);
    hub.reset_tokens.mails += 1;
    let queued_token = token.clone();
    let queued = hub.jobs.mail(mail, move |hub, result| {
        hub.reset_tokens.mails -= 1;
        responder.send(match result {
            Ok(()) => Response::json("Email was sent."),
            Err(error) => {
                log::warn!("{email}: the mail for a new password was not sent: {error}");
                hub.reset_tokens.remove(&token);
                Response::text(400, "Error sending reset email.")
            }
        });
    });
    if queued.is_err() {
        // The responder, dropped with the job, says 500.
        hub.reset_tokens.mails -= 1;
        hub.reset_tokens.remove(&queued_token);
    }
}

/// 200 with the form; 400 `Your token was not found or it is outdated. Please try again.`
pub fn landing(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Result<Response, Response> {
        let query = request.query().map_err(|e| Response::text(400, e.to_string()))?;
        let token = query.get("token").ok_or_else(|| Response::text(400, INVALID))?;
        let unknown = "Your token was not found or it is outdated. Please try again.";
        password_form(hub, request, token).ok_or_else(|| Response::text(400, unknown))
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// 200 with a page; 400 `Invalid request parameters.`
pub fn restore(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Result<Response, Response> {
        let query = request.query().map_err(|e| Response::text(400, e.to_string()))?;
        let email = query.get("email");
        let token = query.get("token").filter(|t| is_token(t) && email.is_none_or(address::is_valid));
        let token = token.ok_or_else(|| Response::text(400, INVALID))?;
        if let Some(form) = password_form(hub, request, token) {
            return Ok(form);
        }
        let host = hub.config.server.restore_host.clone();
        Ok(Response::ok(HTML, hub.texts.restore_page(&host, token, email.unwrap_or("null"))))
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// 200 `Password was successfully reset.`; 400 `Invalid token. Please repeat all steps.`; 404 when the account is gone.
pub fn update_password(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Result<Response, Response> {
        let form = form(request)?;
        let invalid = || Response::text(400, INVALID);
        let token = form.get("token").ok_or_else(invalid)?;
        let (ticks, peer) = (hub.ticks(), request.origin.address);
        if !hub.attempts.allows(peer, ticks) {
            return Err(Response::text(429, "Too many requests."));
        }
        let Some(reset) = hub.reset_tokens.get(token, ticks) else {
            hub.attempts.failed(peer, ticks);
            return Err(Response::text(400, "Invalid token. Please repeat all steps."));
        };
        let (email, app_name) = (reset.email.clone(), reset.app_name.clone());
        let user = hub.users.find(&email, &app_name).ok_or_else(|| Response::empty(404))?;
        let hash = form.get("password").filter(|hash| is_hash(hash)).ok_or_else(invalid)?;
        let Some(account) = hub.users.get_mut(user) else { return Err(Response::empty(404)) };
        account.user.pass = Some(hash.to_owned());
        for app in account.apps.clone() {
            hub.close(app);
        }
        hub.user_changed(user);
        hub.reset_tokens.remove(token);
        log::info!("{email}: new password");
        Ok(Response::ok("text/plain", "Password was successfully reset."))
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// The form for a token that waits.
fn password_form(hub: &mut Hub, request: &Request, token: &str) -> Option<Response> {
    let (ticks, peer) = (hub.ticks(), request.origin.address);
    if !hub.attempts.allows(peer, ticks) {
        return Some(Response::text(429, "Too many requests."));
    }
    let Some(reset) = hub.reset_tokens.get(token, ticks).filter(|_| is_token(token)) else {
        hub.attempts.failed(peer, ticks);
        return None;
    };
    let email = reset.email.clone();
    Some(Response::ok(HTML, hub.texts.new_password_page(&email, token)))
}

/// 64 characters of ours, 32 of the app's flow.
fn is_token(token: &str) -> bool {
    matches!(token.len(), 32 | 64) && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Base64 of a SHA-256.
pub fn is_hash(text: &str) -> bool {
    text.len() == 44 && STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// The fields of a form. Errors: 500 for another content type, 400 for a bad escape.
pub fn form(request: &Request) -> Result<Params, Response> {
    let kind = request.header("content-type").unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
        return Err(Response::failure());
    }
    let text = String::from_utf8_lossy(&request.body);
    Params::parse(&text).map_err(|e| Response::text(400, e.to_string()))
}

/// How browsers reach this server: over TLS if it has a certificate of the operator, which browsers trust.
fn own_address(hub: &Hub) -> String {
    let server = &hub.config.server;
    let (scheme, port, usual) = match server.server_ssl_cert.as_os_str().is_empty() {
        true => ("http", server.http_port, 80),
        false => ("https", server.https_port, 443),
    };
    if server.force_port_80_for_csv || port == usual {
        format!("{scheme}://{}", hub.host)
    } else {
        format!("{scheme}://{}:{port}", hub.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::http::response::testing::responder;
    use crate::hub::{testing, Job};
    use crate::notify::mail::MailBody;
    use std::sync::mpsc::Receiver;

    fn posted(body: &str) -> Request {
        let mut ask = request(Method::Post, "/", &[]);
        ask.headers.push(("content-type".into(), "application/x-www-form-urlencoded; charset=UTF-8".into()));
        ask.body = body.as_bytes().to_vec();
        ask
    }

    fn reset(hub: &mut Hub, body: &str) -> Receiver<Response> {
        let (to, answer) = responder();
        reset_password(hub, posted(body), to);
        answer
    }

    /// The link in the mail that waits, after the mail server's answer.
    fn mailed(hub: &mut Hub, result: Result<(), String>) -> String {
        let (_, Job::Mail(mail, then)) = hub.jobs.take_kept().pop().unwrap() else { panic!() };
        then(hub, result);
        let MailBody::Html(html) = mail.body else { panic!() };
        html.split("/landing?token=").nth(1).unwrap()[..64].to_owned()
    }

    const HASH: &str = "9f840iNTw0TozfVKHOCEcoMZHfEFi2px2nlvQEXuEpc=";

    #[test]
    fn from_mail_to_new_password() {
        let mut hub = testing::hub();
        let user = testing::user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let (_, phone) = testing::app(&mut hub, user);
        let answer = reset(&mut hub, "email=+A%40B.cc+&appName=Blynk");
        let token = mailed(&mut hub, Ok(()));
        assert_eq!(answer.recv().unwrap().shown(), (200, "Email was sent."));
        assert_eq!(reset(&mut hub, "email=a@b.cc").recv().unwrap().status, 429);
        for path in ["/landing", "/restore"] {
            let ask = request(Method::Get, &format!("{path}?token={token}"), &[]);
            let page = if path == "/landing" { landing(&mut hub, &ask) } else { restore(&mut hub, &ask) };
            let (status, text) = page.shown();
            assert!(
                status == 200 && text.contains(&token) && text.contains("a@b.cc") && text.contains("updatePassword")
            );
        }
        let update =
            |hub: &mut Hub, hash: &str| update_password(hub, &posted(&format!("token={token}&password={hash}")));
        assert_eq!(update(&mut hub, "short").shown(), (400, INVALID));
        assert_eq!(update(&mut hub, HASH).shown(), (200, "Password was successfully reset."));
        assert_eq!(hub.users.get(user).unwrap().user.pass.as_deref(), Some(HASH));
        assert!(phone.is_closing());
        assert_eq!(update(&mut hub, HASH).shown(), (400, "Invalid token. Please repeat all steps."));
        let ask = request(Method::Get, &format!("/landing?token={token}"), &[]);
        let unknown = "Your token was not found or it is outdated. Please try again.";
        assert_eq!(landing(&mut hub, &ask).shown(), (400, unknown));
    }

    #[test]
    fn what_is_refused() {
        let mut hub = testing::hub();
        testing::user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        for (body, text) in [
            ("email=bad", "bad email has not valid format."),
            ("appName=Blynk", "null email has not valid format."),
            ("email=b@b.cc", "Sorry, this account does not exist."),
            ("email=a@b.cc&appName=Other", "Sorry, this account does not exist."),
        ] {
            assert_eq!(reset(&mut hub, body).recv().unwrap().shown(), (400, text));
        }
        let failed = reset(&mut hub, "email=a@b.cc");
        mailed(&mut hub, Err("no mail server".into()));
        assert_eq!(failed.recv().unwrap().shown(), (400, "Error sending reset email."));
        // It may be tried again at once.
        let again = reset(&mut hub, "email=a@b.cc");
        mailed(&mut hub, Ok(()));
        assert_eq!(again.recv().unwrap().status, 200);
        let waiting: Vec<_> = (0..5)
            .map(|n| {
                let email = format!("w{n}@b.cc");
                testing::user(&mut hub, &email, &format!(r#"{{"id":1,"devices":[{{"id":0,"token":"w{n}"}}]}}"#));
                reset(&mut hub, &format!("email={email}"))
            })
            .collect();
        assert_eq!(waiting[4].try_recv().unwrap().status, 503);
        assert!(waiting[..4].iter().all(|answer| answer.try_recv().is_err()));
        testing::run_jobs(&mut hub);
        assert_eq!(hub.reset_tokens.mails, 0);
        let mut typeless = posted("email=a@b.cc");
        typeless.headers.clear();
        assert_eq!(update_password(&mut hub, &typeless).shown(), (500, ""));
    }

    #[test]
    fn the_apps_link_in_a_browser() {
        let mut hub = testing::hub();
        let get = |hub: &mut Hub, query: &str| {
            let page = restore(hub, &request(Method::Get, &format!("/restore?{query}"), &[]));
            (page.status, String::from_utf8(page.body).unwrap())
        };
        let (t32, t64) = ("aB3-_x7q".repeat(4), "a".repeat(64));
        assert_eq!(get(&mut hub, &format!("token={t32}")).0, 200);
        let (status, page) = get(&mut hub, &format!("token={t64}&email=o@b.cc"));
        assert!(status == 200 && page.contains("o@b.cc") && page.contains(&t64));
        for bad in ["token=123", &format!("token={}/", "a".repeat(63)), &format!("token={t64}&email=123"), ""] {
            assert_eq!(get(&mut hub, bad), (400, INVALID.into()));
        }
        let ticks = hub.ticks();
        hub.reset_tokens.add(&t32, "o@b.cc", "Blynk", ticks);
        assert!(get(&mut hub, &format!("token={t32}")).1.contains("updatePassword"));
    }
}

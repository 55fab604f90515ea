//! Sessions of administrators.
//!
//! * `POST {admin}/login`, form `email`, `password` (the hash): leads to the page, with a cookie if both are right.
//! * `POST {admin}/logout`: ends the session and leads to the page.
//! * `GET {admin}/me`: who is logged in, and what they should know.
//! * `POST {admin}/password`, JSON `{"old":hash,"new":hash}`: another password for whoever is logged in.

use super::{check, secrets};
use crate::http::pages::{form, is_hash};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::rest::json;
use crate::hub::sessions::LIFE;
use crate::hub::{Hub, UserId};
use crate::model::device::BoardType;
use crate::store::accounts::password_hash;
use serde::Deserialize;
use serde_json::json;

/// Passwords that many servers have: who still has one must choose another.
const WELL_KNOWN: [&str; 6] = ["admin", "password", "blynk", "Blynk", "12345678", "123456"];

/// See the module. Errors: 429 after many failures, 500 for another content type.
pub fn login(hub: &mut Hub, request: &Request) -> Response {
    let form = match form(request) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let email = form.get("email").unwrap_or_default().trim().to_lowercase();
    let found = match check(hub, request, &email, form.get("password").unwrap_or_default()) {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let session = found.and_then(|user| hub.open_session(user));
    let to_page = Response::redirect(303, &hub.config.server.admin_root_path);
    match session {
        Some(secret) => {
            log::info!("{email}: administrator logged in from {}", request.origin.address);
            let life = LIFE / 1000;
            let expires = date(hub, LIFE);
            to_page.with("set-cookie", cookie(hub, &secret, life, &expires))
        }
        None => to_page,
    }
}

/// See the module.
pub fn logout(hub: &mut Hub, request: &Request) -> Response {
    for secret in secrets(request) {
        hub.sessions.close(secret);
    }
    let expires = date(hub, 0);
    Response::redirect(303, &hub.config.server.admin_root_path).with("set-cookie", cookie(hub, "", 0, &expires))
}

fn cookie(hub: &Hub, secret: &str, life: u64, expires: &str) -> String {
    let path = &hub.config.server.admin_root_path;
    format!("session={secret}; Max-Age={life}; Expires={expires}; Path={path}; HttpOnly; Secure; SameSite=Strict")
}

/// The date in so many ms.
fn date(hub: &Hub, ms: u64) -> String {
    let now = u64::try_from(hub.now()).unwrap_or(0);
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_millis(now.saturating_add(ms)))
}

/// `{"email","name","mustChangePassword","warnings":[..],"version","product","host",
/// "boards": what a device may be}`.
pub fn me(hub: &mut Hub, request: &Request) -> Response {
    let Some(account) = request.admin.and_then(|user| hub.users.get(user)) else { return Response::empty(404) };
    let (email, pass) = (account.user.email.as_str(), account.user.pass.as_deref().unwrap_or_default());
    let server = &hub.config.server;
    let mut warnings = Vec::new();
    let everybody = ["198.51.100.1", "2001:db8::1"].iter().filter_map(|address| address.parse().ok());
    if everybody.into_iter().any(|address| server.allowed_administrator_ips.contains(address)) {
        warnings
            .push("This page can be opened from every address. Set allowed.administrator.ips to your own networks.");
    }
    let configured = server.admin_pass.expose();
    if !configured.is_empty() && password_hash(email, configured) == pass {
        warnings.push("Your password stands in the configuration (admin.pass). Change it and remove it there.");
    }
    let body = json!({
        "email": email,
        "name": account.user.name,
        "mustChangePassword": is_known(email, pass),
        "warnings": warnings,
        "version": env!("CARGO_PKG_VERSION"),
        "product": server.product_name,
        "host": &*hub.host,
        "boards": BoardType::KNOWN,
    });
    Response::json(body.to_string())
}

/// Whether the account still has a password that everybody knows.
pub fn has_known_password(hub: &Hub, user: UserId) -> bool {
    let account = hub.users.get(user);
    account.is_some_and(|account| is_known(&account.user.email, account.user.pass.as_deref().unwrap_or_default()))
}

fn is_known(email: &str, hash: &str) -> bool {
    WELL_KNOWN.iter().any(|known| password_hash(email, known) == hash)
}

#[derive(Deserialize)]
struct Passwords {
    old: String,
    new: String,
}

/// 200 with a cookie for a new session, since all others end; 400 `Wrong password.`, `This password is well known.`
pub fn password(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Result<Response, Response> {
        let Passwords { old, new } = json::body(request)?;
        let user = request.admin.ok_or_else(|| Response::empty(404))?;
        let email = hub.users.get(user).map(|account| account.user.email.clone()).unwrap_or_default();
        if check(hub, request, &email, &old)? != Some(user) {
            return Err(Response::text(400, "Wrong password."));
        }
        if !is_hash(&new) || is_known(&email, &new) || new == password_hash(&email, "") {
            return Err(Response::text(400, "This password is well known."));
        }
        hub.set_password(user, &new);
        let secret = hub.open_session(user).ok_or_else(Response::failure)?;
        let expires = date(hub, LIFE);
        Ok(Response::empty(200).with("set-cookie", cookie(hub, &secret, LIFE / 1000, &expires)))
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

//! `GET {admin}`: the page for administrators, or the login page for who is not logged in.

use super::by_session;
use crate::http::assets;
use crate::http::pages::HTML;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::hub::Hub;

/// The page runs its own files only, talks to its own server only, and nobody can put it into a frame.
const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// See the module.
pub fn page(hub: &mut Hub, request: &Request) -> Response {
    let name = if by_session(hub, request).is_some() { "admin.html" } else { "login.html" };
    let Some(asset) = assets::find(name) else { return Response::failure() };
    // Scripts and styles are found by the root's path, whatever it is.
    let page =
        String::from_utf8_lossy(&asset.plain()).replace("{ADMIN_ROOT}", &escaped(&hub.config.server.admin_root_path));
    Response::ok(HTML, page)
        .with("cache-control", "no-store")
        .with("content-security-policy", POLICY)
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "no-referrer")
}

fn escaped(text: &str) -> String {
    text.trim_end_matches('/').replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::hub::testing;

    #[test]
    fn the_page_is_for_those_who_are_logged_in() {
        let mut hub = testing::hub();
        let user = hub.create_account("root@b.cc", "Blynk", "hash", true).unwrap();
        let mut ask = request(Method::Get, "/admin", &[]);
        let login = page(&mut hub, &ask);
        assert!(login.shown().1.contains("Admin account"));
        ask.headers.push(("cookie".into(), format!("session={}", hub.open_session(user).unwrap())));
        let admin = page(&mut hub, &ask);
        assert!(admin.body != login.body && admin.shown().1.contains("data-root=\"/admin\""));
    }
}

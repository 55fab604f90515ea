//! The table of all routes, and how a request finds its own.

use super::params;
use super::request::{Method, Request};
use super::response::{Responder, Response};
use super::server::Site;
use super::{files, pages, rest};
use crate::hub::Hub;
use Method::{Get, Post, Put};

/// What answers a request.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Runs in the event loop.
    Hub(fn(&mut Hub, &Request) -> Response),
    /// Starts in the event loop and answers when its job is done.
    Later(fn(&mut Hub, Request, Responder)),
    /// Runs in the HTTP thread, for files.
    Thread(fn(&Site, &Request) -> Response),
}

/// The ports that a route is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Ports {
    Both,
    Plain,
    Tls,
}

/// What kind of route it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// For pages of any origin.
    Open,
    /// Files: their answers have headers of their own.
    Files,
}

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Route {
    method: Method,
    /// Segments of the path: as written, `{name}` for any, `{name}.x` for any that ends so, `{name..}` for all that follow.
    pattern: &'static str,
    ports: Ports,
    /// Kind of the route.
    pub area: Area,
    /// What answers.
    pub handler: Handler,
}

const fn open(method: Method, pattern: &'static str, handler: Handler) -> Route {
    Route { method, pattern, ports: Ports::Both, area: Area::Open, handler }
}

const fn file(pattern: &'static str, handler: fn(&Site, &Request) -> Response) -> Route {
    Route { method: Get, pattern, ports: Ports::Both, area: Area::Files, handler: Handler::Thread(handler) }
}

/// All routes; the first that fits answers.
const ROUTES: &[Route] = &[
    open(Get, "/healthz", Handler::Hub(health)),
    Route { area: Area::Open, ..file("/", files::home) },
    file("/favicon.ico", files::favicon),
    file("/static/{path..}", files::from_static),
    file("/{name}.gz", files::download),
    file("/{name}.zip", files::download),
    open(Post, "/resetPassword", Handler::Later(pages::reset_password)),
    open(Get, "/landing", Handler::Hub(pages::landing)),
    open(Get, "/restore", Handler::Hub(pages::restore)),
    open(Post, "/updatePassword", Handler::Hub(pages::update_password)),
    open(Get, "/{token}/get/{pin}", Handler::Hub(rest::get::handle)),
    open(Get, "/{token}/pin/{pin}", Handler::Hub(rest::get::handle)),
    open(Get, "/{token}/update/{pin}", Handler::Hub(rest::update::get)),
    open(Put, "/{token}/update/{pin}", Handler::Hub(rest::update::put)),
    open(Put, "/{token}/pin/{pin}", Handler::Hub(rest::update::put)),
    open(Put, "/{token}/extra/pin/{pin}", Handler::Hub(rest::update::extra)),
    open(Get, "/{token}/data/{pin}", Handler::Later(rest::history::handle)),
    open(Get, "/{token}/isHardwareConnected", Handler::Hub(rest::presence::hardware)),
    open(Get, "/{token}/isAppConnected", Handler::Hub(rest::presence::app)),
    open(Get, "/{token}/rtc", Handler::Hub(rest::rtc::handle)),
    open(Get, "/{token}/project", Handler::Hub(rest::project::handle)),
    open(Get, "/{token}/qr", Handler::Later(rest::project::qr)),
    open(Get, "/{code}/clone", Handler::Later(rest::project::cloned)),
    open(Post, "/{token}/notify", Handler::Hub(rest::notify::handle)),
    open(Post, "/{token}/email", Handler::Hub(rest::email::handle)),
];

/// What was found for a method and a path.
pub enum Found {
    /// A route, and what its variables stand for.
    Route(&'static Route, Vec<String>),
    /// The path has routes of this kind, but not for this method.
    OtherMethod(Area),
    /// Nothing.
    Nothing,
}

/// Finds the route. `tls`: the request came to the TLS port.
pub fn find(method: Method, path: &str, tls: bool) -> Found {
    let mut other = Found::Nothing;
    for route in ROUTES {
        if route.ports == if tls { Ports::Plain } else { Ports::Tls } {
            continue;
        }
        let Some(vars) = matches(route.pattern, path) else { continue };
        if route.method == method {
            return Found::Route(route, vars);
        }
        if matches!(other, Found::Nothing) {
            other = Found::OtherMethod(route.area);
        }
    }
    other
}

/// What the variables of a pattern stand for, decoded, if the path fits.
fn matches(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut vars = Vec::new();
    let mut rest = path.strip_prefix('/')?;
    let mut parts = pattern.strip_prefix('/')?.split('/').peekable();
    while let Some(part) = parts.next() {
        if part.starts_with('{') && part.ends_with("..}") {
            vars.push(params::decode(rest, false).ok()?);
            return Some(vars);
        }
        let (segment, after) = match rest.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (rest, None),
        };
        if let Some((_, ending)) = part.strip_prefix('{').and_then(|p| p.split_once('}')) {
            let known = segment.len() > ending.len() && segment.ends_with(ending);
            if !known || !segment.bytes().all(is_variable_byte) {
                return None;
            }
            vars.push(params::decode(segment, false).ok()?);
        } else if part != segment {
            return None;
        }
        match (after, parts.peek()) {
            (Some(after), Some(_)) => rest = after,
            (None, None) => {}
            _ => return None,
        }
    }
    Some(vars)
}

fn is_variable_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_%-.~!$&'()*+,;=:[]@".contains(&byte)
}

/// `GET /healthz`: 200 while the event loop works.
fn health(_: &mut Hub, _: &Request) -> Response {
    Response::text(200, "ok")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(pattern: &str, path: &str) -> Option<Vec<String>> {
        matches(pattern, path)
    }

    #[test]
    fn patterns_match_whole_paths() {
        let found = |path| vars("/{token}/get/{pin}", path);
        assert_eq!(found("/TOK/get/v1"), Some(vec!["TOK".into(), "v1".into()]));
        assert_eq!(found("/a%40b/get/v%31"), Some(vec!["a@b".into(), "v1".into()]));
        for path in
            ["/TOK/get", "/TOK/get/", "/TOK/get/v1/", "//TOK/get/v1", "/TOK/Get/v1", "TOK/get/v1", "/T K/get/v1", "/"]
        {
            assert_eq!(found(path), None, "{path}");
        }
        assert_eq!(vars("/static/{path..}", "/static/js/a.js"), Some(vec!["js/a.js".into()]));
        assert_eq!(vars("/healthz", "/healthz"), Some(vec![]));
        assert_eq!(vars("/", "/"), Some(vec![]));
        assert_eq!(vars("/{name}.gz", "/a@b.cc_1.csv.gz"), Some(vec!["a@b.cc_1.csv.gz".into()]));
        assert!(vars("/{name}.gz", "/.gz").is_none() && vars("/{name}.gz", "/a.zip").is_none());
    }

    #[test]
    fn methods_choose_among_routes() {
        assert!(matches!(find(Put, "/t/update/v1", false), Found::Route(..)));
        assert!(matches!(find(Post, "/t/update/v1", true), Found::OtherMethod(Area::Open)));
        assert!(matches!(find(Get, "/index.html", true), Found::Nothing));
    }
}

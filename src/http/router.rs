//! The table of all routes, and how a request finds its own.

use super::dispatch::Site;
use super::params;
use super::request::{Method, Request};
use super::response::{Responder, Response};
use super::upload::Purpose;
use super::{admin, files, metrics, pages, rest};
use crate::hub::Hub;
use Guard::{Either, Newcomer, Nobody, Password, Session};
use Method::{Delete, Get, Post, Put};

/// What answers a request.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Runs in the event loop.
    Hub(fn(&mut Hub, &Request) -> Response),
    /// Starts in the event loop and answers when its job is done.
    Later(fn(&mut Hub, Request, Responder)),
    /// Runs in a thread that may wait for disks, for files.
    Thread(fn(&Site, &Request) -> Response),
    /// Takes a file in a thread of its own.
    Upload(Purpose),
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
    /// Not for scripts of other sites.
    Private,
    /// For administrators only: those whose addresses are allowed, and who are logged in so.
    Admin(Guard),
}

/// How an administrator must be logged in. Who is not gets 404: the routes are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Not at all.
    Nobody,
    /// By the cookie of a session, also while the password is one that everybody knows.
    Newcomer,
    /// By the cookie of a session.
    Session,
    /// By e-mail and password in the request (HTTP Basic).
    Password,
    /// By either.
    Either,
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

impl Route {
    /// Whether a device token is the first variable.
    pub fn is_of_device(&self) -> bool {
        self.pattern.starts_with("/{token}/")
    }
}

const fn open(method: Method, pattern: &'static str, handler: Handler) -> Route {
    Route { method, pattern, ports: Ports::Both, area: Area::Open, handler }
}

const fn file(pattern: &'static str, handler: fn(&Site, &Request) -> Response) -> Route {
    Route { method: Get, pattern, ports: Ports::Both, area: Area::Files, handler: Handler::Thread(handler) }
}

const fn admin(method: Method, pattern: &'static str, guard: Guard, handler: Handler) -> Route {
    Route { method, pattern, ports: Ports::Tls, area: Area::Admin(guard), handler }
}

/// What lies below `admin.rootPath`, as seen from there.
const ADMIN_ROUTES: &[Route] = &[
    admin(Get, "/", Nobody, Handler::Hub(admin::page::page)),
    admin(Post, "/login", Nobody, Handler::Hub(admin::login::login)),
    admin(Post, "/logout", Nobody, Handler::Hub(admin::login::logout)),
    admin(Get, "/me", Newcomer, Handler::Hub(admin::login::me)),
    admin(Post, "/password", Session, Handler::Hub(admin::login::password)),
    admin(Get, "/users", Session, Handler::Hub(admin::users::list)),
    admin(Post, "/users", Session, Handler::Hub(admin::users::create)),
    admin(Get, "/users/names/getAll", Session, Handler::Hub(admin::users::names)),
    admin(Get, "/users/token/assign", Session, Handler::Hub(admin::tokens::assign)),
    admin(Post, "/users/token/assign", Session, Handler::Hub(admin::tokens::assign)),
    admin(Get, "/users/token/force", Session, Handler::Hub(admin::tokens::force)),
    admin(Post, "/users/token/force", Session, Handler::Hub(admin::tokens::force)),
    admin(Get, "/users/{id}", Session, Handler::Hub(admin::users::get)),
    admin(Put, "/users/{id}", Session, Handler::Hub(admin::users::put)),
    admin(Delete, "/users/{id}", Session, Handler::Later(admin::users::delete)),
    admin(Get, "/config", Session, Handler::Hub(admin::config::list)),
    admin(Get, "/config/{name}", Session, Handler::Hub(admin::config::get)),
    admin(Put, "/config/{name}", Session, Handler::Hub(admin::config::put)),
    admin(Get, "/stats/realtime", Session, Handler::Hub(admin::stats::realtime)),
    admin(Get, "/stats/requestsPerUser", Session, Handler::Hub(admin::stats::requests_per_user)),
    admin(Get, "/stats/messages", Session, Handler::Hub(admin::stats::messages)),
    admin(Get, "/stats/widgets", Session, Handler::Hub(admin::stats::widgets)),
    admin(Get, "/stats/projectsPerUser", Session, Handler::Hub(admin::stats::projects_per_user)),
    admin(Get, "/stats/boards", Session, Handler::Hub(admin::stats::boards)),
    admin(Get, "/stats/facebookLogins", Session, Handler::Hub(admin::stats::facebook_logins)),
    admin(Get, "/stats/filledSpace", Session, Handler::Hub(admin::stats::filled_space)),
    admin(Get, "/stats/userProfileSize", Session, Handler::Later(admin::stats::profile_sizes)),
    admin(Get, "/stats/webHookHosts", Session, Handler::Hub(admin::stats::webhook_hosts)),
    admin(Get, "/stats/ips", Session, Handler::Hub(admin::stats::ips)),
    admin(Get, "/hardwareInfo/{what}", Session, Handler::Hub(admin::stats::hardware_info)),
    admin(Get, "/ota/start", Password, Handler::Hub(admin::ota::start)),
    admin(Post, "/ota/start", Either, Handler::Upload(Purpose::Firmware)),
    admin(Get, "/ota/stop", Password, Handler::Hub(admin::ota::stop)),
    admin(Post, "/ota/stop", Either, Handler::Hub(admin::ota::stop)),
    admin(Get, "/ota", Session, Handler::Later(admin::ota::state)),
];

/// All other routes; the first that fits answers.
const ROUTES: &[Route] = &[
    open(Get, "/healthz", Handler::Hub(health)),
    Route { area: Area::Private, ..open(Get, "/metrics", Handler::Hub(metrics::handle)) },
    admin(Post, "/upload", Either, Handler::Upload(Purpose::File)),
    Route { area: Area::Open, ..file("/", files::home) },
    file("/favicon.ico", files::favicon),
    file("/static/{path..}", files::from_static),
    file("/{name}.gz", files::download),
    file("/{name}.zip", files::download),
    #[cfg(feature = "acme")]
    Route {
        ports: Ports::Plain,
        ..open(Get, "/.well-known/acme-challenge/{token}", Handler::Hub(super::challenge::handle))
    },
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
#[derive(Clone)]
pub enum Found {
    /// A route, and what its variables stand for.
    Route(&'static Route, Vec<String>),
    /// The path has routes of this kind, but not for this method.
    OtherMethod(Area),
    /// Nothing.
    Nothing,
}

/// Finds the route of an administrator; `path` is seen from `admin.rootPath`.
pub fn find_admin(method: Method, path: &str) -> Found {
    search(ADMIN_ROUTES, method, path, true)
}

/// Finds any other route. `tls`: the request came to the TLS port.
pub fn find(method: Method, path: &str, tls: bool) -> Found {
    search(ROUTES, method, path, tls)
}

fn search(routes: &'static [Route], method: Method, path: &str, tls: bool) -> Found {
    let mut other = Found::Nothing;
    for route in routes {
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
    use std::collections::BTreeSet;

    fn vars(pattern: &str, path: &str) -> Option<Vec<String>> {
        matches(pattern, path)
    }

    /// Paths with their methods, as `docs/openapi.yaml` has them at the beginnings of lines.
    fn described() -> BTreeSet<String> {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.yaml")).unwrap();
        let paths = text.split_once("\npaths:\n").and_then(|(_, rest)| rest.split_once("\ncomponents:\n")).unwrap().0;
        let (mut described, mut path) = (BTreeSet::new(), "");
        for line in paths.lines() {
            let name = line.trim_start().split(':').next().unwrap_or_default();
            match line.len() - line.trim_start().len() {
                2 if name.starts_with('/') => path = name,
                4 if ["get", "put", "post", "delete"].contains(&name) => {
                    described.insert(format!("{name} {path}"));
                }
                _ => {}
            }
        }
        described
    }

    #[test]
    fn every_route_is_described_and_every_description_has_a_route() {
        let row = |prefix: &str, route: &Route| {
            let method = format!("{:?}", route.method).to_lowercase();
            format!("{method} {prefix}{}", route.pattern.replace("..}", "}"))
        };
        let routes: BTreeSet<String> = ADMIN_ROUTES
            .iter()
            .map(|route| row("/admin", route))
            .chain(ROUTES.iter().map(|route| row("", route)))
            .collect();
        let mut described = described();
        if cfg!(not(feature = "acme")) {
            described.remove("get /.well-known/acme-challenge/{token}");
        }
        assert_eq!(routes.difference(&described).collect::<Vec<_>>(), [""; 0], "not in docs/openapi.yaml");
        assert_eq!(described.difference(&routes).collect::<Vec<_>>(), [""; 0], "no such route");
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

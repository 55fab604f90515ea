//! The HTTP thread: `tiny_http` on a loopback port, one request after the other.
//!
//! Nothing here waits for clients: the relay sends whole requests and takes whole answers. What waits for mails or for
//! disks is a job of the hub, whose result answers the request (see [`super::router::Handler::Later`]).

use super::files::Folders;
use super::forwarded;
use super::limits;
use super::peers::PeerTable;
use super::request::{Method, Request};
use super::response::{Responder, Response};
use super::router::{self, Area, Found, Guard, Handler, Route};
use super::{admin, files, upload};
use crate::config::address::Networks;
use crate::config::Config;
use crate::hub::{Hub, HubHandle, Origin};
use crate::net::relay::answer;
use std::io::{self, Cursor};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Size of the thread's stack.
const STACK: usize = 512 * 1024;
/// Pause before the loopback port is opened again after an error.
const REOPEN_PAUSE: Duration = Duration::from_millis(200);
/// Bodies up to this length are in memory before `tiny_http` hands out their request, bytes.
const READ_AHEAD: usize = 1024;

/// What handlers that run in the HTTP thread know.
pub struct Site {
    /// The way to the hub.
    pub handle: HubHandle,
    peers: PeerTable,
    /// Where files are.
    pub folders: Folders,
    /// `admin.rootPath`.
    pub admin_root: String,
    /// `proxy.protocol.networks`.
    proxies: Networks,
    /// A private server: its TLS port leads to the administrator's page.
    pub is_local: bool,
}

/// Starts the HTTP thread; the loopback port that it listens on. It ends with the program. `data_folder`: where uploads
/// are.
///
/// Errors: no port, no thread.
pub fn start(handle: HubHandle, config: &Config, data_folder: &Path, peers: PeerTable) -> io::Result<u16> {
    let (server, port) = open(0)?;
    let site = Site {
        handle,
        peers,
        folders: Folders::new(config, data_folder),
        admin_root: config.server.admin_root_path.trim_end_matches('/').to_owned(),
        proxies: config.server.proxy_protocol_networks.clone(),
        is_local: config.server.region == "local",
    };
    thread::Builder::new().name("http".into()).stack_size(STACK).spawn(move || site.run(server, port))?;
    Ok(port)
}

fn open(port: u16) -> io::Result<(tiny_http::Server, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = listener.local_addr()?.port();
    let server = tiny_http::Server::from_listener(listener, None).map_err(|e| io::Error::other(e.to_string()))?;
    Ok((server, port))
}

impl Site {
    fn run(&self, mut server: tiny_http::Server, port: u16) {
        loop {
            match server.recv() {
                Ok(request) => self.serve(request),
                Err(e) => {
                    // Its listener ended, for example for want of descriptors.
                    log::warn!("HTTP on the loopback port: {e}");
                    while let Ok(Some(request)) = server.try_recv() {
                        self.serve(request);
                    }
                    // Connections to the old one stay open, but it hands out no more requests.
                    self.peers.forget_all();
                    drop(server);
                    server = loop {
                        #[allow(clippy::disallowed_methods)] // Only this thread waits.
                        thread::sleep(REOPEN_PAUSE);
                        match open(port) {
                            Ok((server, _)) => break server,
                            Err(e) => log::warn!("HTTP on the loopback port {port}: {e}"),
                        }
                    };
                }
            }
        }
    }

    /// The path as seen from the administrator's root, if it lies there.
    fn admin_path<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let rest = request.path().strip_prefix(self.admin_root.as_str()).filter(|_| request.origin.tls)?;
        match rest {
            "" => Some("/"),
            rest => rest.starts_with('/').then_some(rest),
        }
    }

    fn serve(&self, mut incoming: tiny_http::Request) {
        let port = incoming.remote_addr().map_or(0, |a| a.port());
        let Some(origin) = self.peers.get(port) else { return turn_away(incoming) };
        let mut request = convert(&incoming, origin);
        request.origin.address = forwarded::client(&request, &self.proxies);
        let admin_path = self.admin_path(&request);
        let found = match admin_path {
            Some(path) => router::find_admin(request.method, path),
            None => router::find(request.method, request.path(), origin.tls),
        };
        let below_admin = admin_path.is_some();
        match found {
            Found::Route(route, vars) if matches!(route.handler, Handler::Upload(_)) => {
                request.vars = vars;
                let (Area::Admin(guard), Handler::Upload(purpose)) = (route.area, route.handler) else { return };
                upload::serve(self, incoming, request, guard, purpose);
            }
            Found::Route(route, vars) => {
                request.vars = vars;
                // The relay bounds it.
                if incoming.as_reader().read_to_end(&mut request.body).is_err() {
                    return;
                }
                request.make_text();
                let answer = Answer { incoming, area: route.area };
                match route.handler {
                    Handler::Upload(_) => {}
                    Handler::Thread(handler) => answer.send(handler(self, &request)),
                    Handler::Hub(handler) => {
                        let run = move |hub: &mut Hub| match enter(hub, &mut request, route) {
                            Ok(()) => handler(hub, &request),
                            Err(refusal) => refusal,
                        };
                        // None: the server is stopping.
                        let response = self.handle.call(run);
                        answer.send(response.unwrap_or_else(|| Response::empty(503)));
                    }
                    Handler::Later(handler) => {
                        // A small answer fits the socket's buffer: whoever sends it never waits.
                        let responder = Responder::new(move |response| answer.send(response));
                        self.handle.post(move |hub| match enter(hub, &mut request, route) {
                            Ok(()) => handler(hub, request, responder),
                            Err(refusal) => responder.send(refusal),
                        });
                    }
                }
            }
            Found::OtherMethod(_) | Found::Nothing if below_admin => {
                let area = Area::Admin(Guard::Nobody);
                let unknown = move |hub: &mut Hub| match admin::enter(hub, &mut request, area) {
                    Ok(()) => Response::empty(404),
                    Err(refusal) => refusal,
                };
                let response = self.handle.call(unknown);
                Answer { incoming, area }.send(response.unwrap_or_else(|| Response::empty(503)));
            }
            Found::OtherMethod(Area::Open) if request.method == Method::Options => {
                Answer { incoming, area: Area::Open }.send(preflight());
            }
            Found::OtherMethod(Area::Files) => {
                Answer { incoming, area: Area::Files }.send(Response::empty(405).with("allow", "GET, HEAD"));
            }
            Found::OtherMethod(area @ (Area::Private | Area::Admin(_))) => {
                Answer { incoming, area }.send(Response::empty(404));
            }
            Found::Nothing if files::is_download(request.path()) => {
                Answer { incoming, area: Area::Files }.send(files::not_found());
            }
            Found::OtherMethod(Area::Open) | Found::Nothing => {
                Answer { incoming, area: Area::Open }.send(Response::empty(404));
            }
        }
    }
}

/// Lets a request in. Errors: the answer for one that may not.
fn enter(hub: &mut Hub, request: &mut Request, route: &Route) -> Result<(), Response> {
    limits::admit(hub, request, route)?;
    admin::enter(hub, request, route.area)
}

/// A request that waits for its answer.
pub struct Answer {
    /// The request, its body read or not.
    pub incoming: tiny_http::Request,
    /// What kind of route it asked for.
    pub area: Area,
}

impl Answer {
    /// Answers.
    pub fn send(self, mut response: Response) {
        if self.area == Area::Open && response.header("access-control-allow-origin").is_none() {
            response = response.with("access-control-allow-origin", "*");
        }
        if let Some(whole) = response.piece_of {
            response = response.with(answer::PIECE_OF, whole.to_string());
        }
        if response.silent {
            response = response.with(answer::CLOSE, answer::SILENT);
        } else if response.close {
            response = response.with(answer::CLOSE, "close");
        }
        let header =
            |(name, value): &(&'static str, _)| tiny_http::Header::from_bytes(*name, AsRef::<str>::as_ref(value)).ok();
        let headers = response.headers.iter().filter_map(header).collect();
        let length = response.body.len();
        let status = tiny_http::StatusCode(response.status);
        let outgoing = tiny_http::Response::new(status, headers, Cursor::new(response.body), Some(length), None);
        // Never in chunks: the relay wants to know the length.
        if let Err(e) = self.incoming.respond(outgoing.with_chunked_threshold(usize::MAX)) {
            log::debug!("answer: {e}");
        }
    }
}

/// Gives no answer to a stranger on the loopback port. Its body is read to the end by the library, as slowly as it
/// comes.
fn turn_away(incoming: tiny_http::Request) {
    log::warn!("a program on this machine connected to the internal HTTP port");
    if incoming.body_length().is_some_and(|n| n <= READ_AHEAD) {
        drop(incoming.into_writer());
    } else {
        let _ = thread::Builder::new().stack_size(STACK).spawn(move || drop(incoming.into_writer()));
    }
}

fn preflight() -> Response {
    Response::empty(204)
        .with("access-control-allow-methods", "GET, PUT, POST, OPTIONS")
        .with("access-control-allow-headers", "content-type")
        .with("access-control-max-age", "86400")
}

fn convert(incoming: &tiny_http::Request, origin: Origin) -> Request {
    let method = match incoming.method() {
        tiny_http::Method::Get | tiny_http::Method::Head => Method::Get,
        tiny_http::Method::Post => Method::Post,
        tiny_http::Method::Put => Method::Put,
        tiny_http::Method::Delete => Method::Delete,
        tiny_http::Method::Options => Method::Options,
        _ => Method::Other,
    };
    let header = |h: &tiny_http::Header| (h.field.as_str().as_str().to_ascii_lowercase(), h.value.as_str().to_owned());
    Request {
        method,
        target: incoming.url().to_owned(),
        headers: incoming.headers().iter().map(header).collect(),
        body: Vec::new(),
        origin,
        vars: Vec::new(),
        admin: None,
    }
}

//! From a request to what answers it: a function in the event loop, a job, the thread that reads files, or an upload's.
//!
//! Nothing here waits for clients: requests come whole and answers go whole (`net::exchange`). What waits for mails or for
//! disks is a job of the hub, whose result answers the request (see [`super::router::Handler::Later`]).

use super::files::Folders;
use super::forwarded;
use super::limits;
use super::request::{Method, Request};
use super::response::{Responder, Response};
use super::router::{self, Area, Found, Guard, Handler, Route};
use super::{admin, files, upload};
use crate::config::Config;
use crate::hub::{Hub, HubHandle};
use std::io::{self, Cursor, Read};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{mpsc, Arc};
use std::thread;

/// Size of the stack of the thread that reads files.
const STACK: usize = 256 * 1024;

/// What handlers that run in the thread for files know.
pub struct Site {
    /// The way to the hub.
    pub handle: HubHandle,
    /// Where files are.
    pub folders: Folders,
    /// `admin.rootPath`.
    pub admin_root: String,
    /// A private server: its TLS port leads to the administrator's page.
    pub is_local: bool,
}

type Work = Box<dyn FnOnce(&Site) + Send>;

/// What requests need besides the hub.
pub struct Http {
    site: Arc<Site>,
    /// The thread that reads files, one request after the other.
    files: mpsc::Sender<Work>,
}

impl Http {
    /// Starts the thread that reads files; it ends with the program. `data_folder`: where uploads are.
    ///
    /// Errors: no thread.
    pub fn start(handle: HubHandle, config: &Config, data_folder: &Path) -> io::Result<Self> {
        let site = Arc::new(Site {
            handle,
            folders: Folders::new(config, data_folder),
            admin_root: config.server.admin_root_path.trim_end_matches('/').to_owned(),
            is_local: config.server.region == "local",
        });
        let (files, queue) = mpsc::channel::<Work>();
        let own = Arc::clone(&site);
        let work = move || queue.iter().for_each(|work| work(&own));
        thread::Builder::new().name("http".into()).stack_size(STACK).spawn(work)?;
        Ok(Http { site, files })
    }

    /// Finds what answers a request; its body may come later.
    pub fn route(&self, hub: &Hub, mut request: Request) -> Routed {
        request.origin.address = forwarded::client(&request, &hub.config.server.proxy_protocol_networks);
        let admin_path = self.admin_path(&request);
        let is_below_admin = admin_path.is_some();
        let mut found = match admin_path {
            Some(path) => router::find_admin(request.method, path),
            None => router::find(request.method, request.path(), request.origin.tls),
        };
        if let Found::Route(_, vars) = &mut found {
            request.vars = std::mem::take(vars);
        }
        Routed { request, found, is_below_admin }
    }

    /// The path as seen from the administrator's root, if it lies there.
    fn admin_path<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let root = self.site.admin_root.as_str();
        let rest = request.path().strip_prefix(root).filter(|_| request.origin.tls)?;
        match rest {
            "" => Some("/"),
            rest => rest.starts_with('/').then_some(rest),
        }
    }
}

/// A request with what answers it.
#[derive(Clone)]
pub struct Routed {
    request: Request,
    found: Found,
    is_below_admin: bool,
}

impl Routed {
    fn handler(&self) -> Option<Handler> {
        match &self.found {
            Found::Route(route, _) => Some(route.handler),
            Found::OtherMethod(_) | Found::Nothing => None,
        }
    }

    fn area(&self) -> Area {
        match &self.found {
            Found::Route(route, _) => route.area,
            _ if self.is_below_admin => Area::Admin(Guard::Nobody),
            Found::OtherMethod(area) => *area,
            Found::Nothing if files::is_download(self.request.path()) => Area::Files,
            Found::Nothing => Area::Open,
        }
    }

    /// Who asks.
    pub fn client(&self) -> IpAddr {
        self.request.origin.address
    }

    /// The body is a file, which may be larger than other bodies.
    pub fn takes_file(&self) -> bool {
        matches!(self.handler(), Some(Handler::Upload(_)))
    }

    /// The answer may be a file that comes in pieces ([`Response::piece_of`]).
    pub fn gives_file(&self) -> bool {
        matches!(self.handler(), Some(Handler::Thread(_)))
    }

    /// It is answered at once: there is no thread and no job that it needs.
    pub fn is_quick(&self) -> bool {
        matches!(self.handler(), Some(Handler::Hub(_)) | None)
    }

    /// With its whole body.
    pub fn with_body(mut self, body: Vec<u8>) -> Self {
        self.request.body = body;
        self
    }

    /// Asks for the piece of a file that begins at this offset.
    pub fn from_offset(mut self, offset: u64) -> Self {
        self.request.offset = offset;
        self
    }

    /// Begins to answer. Its body has come.
    pub fn start(mut self, http: &Http, hub: &mut Hub) -> Pending {
        let area = self.area();
        let Found::Route(route, _) = self.found else { return Pending::ready(area, self.refuse(hub)) };
        let mut request = self.request;
        match route.handler {
            Handler::Hub(handler) => {
                request.make_text();
                let response = match enter(hub, &mut request, route) {
                    Ok(()) => handler(hub, &request),
                    Err(refusal) => refusal,
                };
                Pending::ready(area, response)
            }
            Handler::Later(handler) => {
                request.make_text();
                let (responder, pending) = Pending::new(area);
                match enter(hub, &mut request, route) {
                    Ok(()) => handler(hub, request, responder),
                    Err(refusal) => responder.send(refusal),
                }
                pending
            }
            Handler::Thread(handler) => {
                request.make_text();
                let (responder, pending) = Pending::new(area);
                // Without the thread the answer is that of a responder that was dropped.
                let _ = http.files.send(Box::new(move |site| responder.send(handler(site, &request))));
                pending
            }
            Handler::Upload(_) => {
                let body = std::mem::take(&mut request.body);
                self.request = request;
                self.start_upload(http, Box::new(Cursor::new(body)))
            }
        }
    }

    /// Begins to take a file whose bytes come as they are read. What [`Routed::takes_file`] is false for gets 413.
    pub fn start_upload(self, http: &Http, body: Box<dyn Read + Send>) -> Pending {
        let area = self.area();
        let (Area::Admin(guard), Some(Handler::Upload(purpose))) = (area, self.handler()) else {
            return Pending::ready(area, Response::empty(413));
        };
        let (responder, pending) = Pending::new(area);
        upload::serve(&http.site, self.request, body, guard, purpose, responder);
        pending
    }

    /// The answer when there is no such route.
    fn refuse(mut self, hub: &mut Hub) -> Response {
        match self.found {
            _ if self.is_below_admin => match admin::enter(hub, &mut self.request, Area::Admin(Guard::Nobody)) {
                Ok(()) => Response::empty(404),
                Err(refusal) => refusal,
            },
            Found::OtherMethod(Area::Open) if self.request.method == Method::Options => preflight(),
            Found::OtherMethod(Area::Files) => Response::empty(405).with("allow", "GET, HEAD"),
            Found::Nothing if files::is_download(self.request.path()) => files::not_found(),
            _ => Response::empty(404),
        }
    }
}

/// Lets a request in. Errors: the answer for one that may not.
fn enter(hub: &mut Hub, request: &mut Request, route: &Route) -> Result<(), Response> {
    limits::admit(hub, request, route)?;
    admin::enter(hub, request, route.area)
}

fn preflight() -> Response {
    Response::empty(204)
        .with("access-control-allow-methods", "GET, PUT, POST, OPTIONS")
        .with("access-control-allow-headers", "content-type")
        .with("access-control-max-age", "86400")
}

/// An answer that is there or will be.
pub struct Pending {
    area: Area,
    answer: Result<Response, smol::channel::Receiver<Response>>,
}

impl Pending {
    fn ready(area: Area, response: Response) -> Self {
        Pending { area, answer: Ok(response) }
    }

    /// One that will be, and who gives it.
    fn new(area: Area) -> (Responder, Self) {
        let (sender, receiver) = smol::channel::bounded(1);
        let responder = Responder::new(move |response| {
            // Whoever waited may be gone.
            let _ = sender.try_send(response);
        });
        (responder, Pending { area, answer: Err(receiver) })
    }

    /// Waits for it.
    pub async fn response(self) -> Response {
        let response = match self.answer {
            Ok(response) => response,
            // Nobody will answer: what should have done it failed, or the server is stopping.
            Err(receiver) => receiver.recv().await.unwrap_or_else(|_| Response::empty(500)),
        };
        if self.area == Area::Open && response.header("access-control-allow-origin").is_none() {
            return response.with("access-control-allow-origin", "*");
        }
        response
    }
}

//! Listeners, and the first seconds of a connection: TLS handshake and protocol detection.

use super::server::{Admission, Entrance, Server};
use super::session::Feed;
use super::stream::Stream;
use super::{front, mqtt_session, proxy, session, tables};
use crate::hub::{Framing, Origin};
use crate::wire::sniff::{self, Protocol};
use async_io::{Async, Timer};
use futures_lite::future;
use std::future::{poll_fn, Future};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may say nothing before it is known what it speaks.
const DETECTION_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections that are taken in a row before others get their turn.
const ACCEPTS_IN_A_ROW: u32 = 16;
/// How often, at most, it is said that there are too many connections.
const FULL_NOTICE: Duration = Duration::from_secs(60);

/// What a listener's connections speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Hardware, HTTP, hardware websockets.
    Plain,
    /// TLS: apps, hardware, HTTPS, websockets.
    Tls,
    /// MQTT.
    Mqtt,
    /// MQTT over TLS.
    MqttTls,
}

/// Binds one port. `address` empty: all interfaces, IPv6 and IPv4.
pub fn bind(address: &str, port: u16) -> io::Result<Vec<TcpListener>> {
    use std::net::ToSocketAddrs;
    if address.is_empty() {
        // A dual-stack socket where the system makes one, else both families, else the one that exists.
        return match TcpListener::bind(("::", port)) {
            Ok(v6) => {
                let port = v6.local_addr()?.port();
                match TcpListener::bind(("0.0.0.0", port)) {
                    Ok(v4) => Ok(vec![v6, v4]),
                    Err(e) if e.kind() == io::ErrorKind::AddrInUse => {
                        // Either our own dual-stack socket or a stranger's IPv4 one: a connection tells.
                        Ok(vec![v6])
                    }
                    Err(_) => Ok(vec![v6]),
                }
            }
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => Err(e),
            Err(_) => Ok(vec![TcpListener::bind(("0.0.0.0", port))?]),
        };
    }
    let addresses: Vec<SocketAddr> = (address, port).to_socket_addrs()?.collect();
    Ok(vec![TcpListener::bind(&addresses[..])?])
}

/// Accepts for ever.
pub async fn accept(server: Rc<Server>, listener: Async<TcpListener>, service: Service) {
    let port = listener.get_ref().local_addr().map_or(0, |a| a.port());
    let mut full = Notice::default();
    let mut in_a_row = 0;
    loop {
        in_a_row += 1;
        if in_a_row >= ACCEPTS_IN_A_ROW {
            in_a_row = 0;
            // A flood of connections must not keep the loop from those that are there.
            future::yield_now().await;
        }
        match listener.accept().await {
            Ok((socket, address)) => {
                tables::make_room(&server, listener.get_ref());
                let origin = Origin { address: canonical(address.ip()), port, tls: false };
                let mut entrance = server.enter();
                if entrance.is_none() && server.make_place() {
                    // Who was asked to leave goes first.
                    future::yield_now().await;
                    entrance = server.enter();
                }
                let Some(entrance) = entrance else {
                    full.say(&format!("port {port}: {} connections are open, no more are taken", server.open_max()));
                    continue;
                };
                if server.is_proxy(origin.address) {
                    server.executor.spawn(proxied(Rc::clone(&server), socket, origin, service, entrance)).detach();
                } else if let Some(admission) = server.admit(origin.address) {
                    let admission = (entrance, admission);
                    server.executor.spawn(opened(Rc::clone(&server), socket, origin, service, admission)).detach();
                } else {
                    log::debug!("{} has too many connections", origin.address);
                }
            }
            // The peer is gone already.
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => log::debug!("accept on port {port}: {e}"),
            Err(e) => {
                full.say(&format!("port {port}: connections cannot be taken: {e}"));
                Timer::after(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Something that would be said again and again.
#[derive(Default)]
struct Notice {
    said: Option<Instant>,
}

impl Notice {
    fn say(&mut self, text: &str) {
        if self.said.is_none_or(|at| at.elapsed() >= FULL_NOTICE) {
            self.said = Some(Instant::now());
            log::warn!("{text}");
        }
    }
}

/// IPv4 addresses that a dual-stack socket shows as IPv6 ones.
fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        v4 => v4,
    }
}

/// A connection of a trusted proxy: finds out whose it is.
async fn proxied(
    server: Rc<Server>,
    mut socket: Async<TcpStream>,
    mut origin: Origin,
    service: Service,
    entrance: Entrance,
) {
    let header = {
        let Some(_opening) = server.begin_opening() else { return };
        within(DETECTION_TIMEOUT, async { Some(proxy::client(&mut socket).await) }).await
    };
    let admission = match header {
        Some(Ok(Some(client))) => {
            origin.address = canonical(client);
            server.admit(origin.address)
        }
        // The proxy's own connections are not counted: all its clients share its address.
        Some(Ok(None)) => Some(server.admit_proxy()),
        Some(Err(error)) => return log::debug!("proxy {}: {error}", origin.address),
        None => return,
    };
    match admission {
        Some(admission) => opened(server, socket, origin, service, (entrance, admission)).await,
        None => log::debug!("{} has too many connections", origin.address),
    }
}

/// A boxed future: a task reserves what its own transport needs, not what the largest does.
type Boxed = Pin<Box<dyn Future<Output = ()>>>;

async fn opened(
    server: Rc<Server>,
    socket: Async<TcpStream>,
    origin: Origin,
    service: Service,
    admission: (Entrance, Admission),
) {
    let _admission = admission;
    let session = server.places.unless_needed(begin(Rc::clone(&server), socket, origin, service)).await;
    if let Some(session) = session {
        session.await;
    }
}

/// Boxed, so that the handshake's state is gone when the session begins.
fn begin(
    server: Rc<Server>,
    socket: Async<TcpStream>,
    origin: Origin,
    service: Service,
) -> Pin<Box<dyn Future<Output = Option<Boxed>>>> {
    Box::pin(async move {
        let opening = server.begin_opening()?;
        let _ = socket.get_ref().set_nodelay(true);
        set_keepalive(socket.get_ref());
        let mut origin = origin;
        let stream = match service {
            Service::Plain | Service::Mqtt => Stream::Plain(socket),
            Service::Tls | Service::MqttTls => {
                origin.tls = true;
                within(HANDSHAKE_TIMEOUT, handshake(&server, socket)).await?
            }
        };
        if matches!(service, Service::Mqtt | Service::MqttTls) {
            drop(opening);
            return Some(Box::pin(mqtt_session::run(server, stream, origin)) as Boxed);
        }
        let (stream, first, protocol) =
            within(DETECTION_TIMEOUT, detect(Rc::clone(&server), stream, service == Service::Tls)).await?;
        drop(opening);
        Some(match protocol {
            Protocol::Http => Box::pin(front::run(server, stream, origin, first)),
            Protocol::App => session::run(server, stream, origin, first, Framing::App, Feed::Stream),
            Protocol::Hardware | Protocol::NeedMore => {
                session::run(server, stream, origin, first, Framing::Hardware, Feed::Stream)
            }
        })
    })
}

async fn within<T>(limit: Duration, work: impl Future<Output = Option<T>>) -> Option<T> {
    future::or(work, async {
        Timer::after(limit).await;
        None
    })
    .await
}

async fn handshake(server: &Rc<Server>, socket: Async<TcpStream>) -> Option<Stream> {
    let acceptor = futures_rustls::TlsAcceptor::from(server.tls.config());
    match acceptor.accept(socket).await {
        Ok(stream) => {
            let (socket, tls) = stream.into_inner();
            Some(Stream::Tls(Box::new((socket, tls))))
        }
        Err(e) => {
            log::debug!("TLS handshake: {e}");
            None
        }
    }
}

/// Reads until it is clear what the connection speaks. What was read stays for that protocol.
async fn detect(server: Rc<Server>, mut stream: Stream, tls: bool) -> Option<(Stream, Vec<u8>, Protocol)> {
    let mut first = Vec::new();
    loop {
        let n = poll_fn(|cx| {
            let mut buffer = server.buffer.borrow_mut();
            stream.poll_read(cx, &mut buffer).map(|result| result.inspect(|n| first.extend_from_slice(&buffer[..*n])))
        })
        .await
        .ok()?;
        if n == 0 {
            return None;
        }
        let protocol = if tls { sniff::tls_port(&first) } else { sniff::plain_port(&first) };
        if protocol != Protocol::NeedMore {
            return Some((stream, first, protocol));
        }
    }
}

/// Devices vanish without a word: the system asks after them.
fn set_keepalive(socket: &TcpStream) {
    if let Err(e) = rustix::net::sockopt::set_socket_keepalive(socket, true) {
        log::debug!("keep-alive: {e}");
    }
}

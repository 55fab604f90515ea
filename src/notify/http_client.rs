//! The one HTTP client for everything that this server asks of others: pushes, webhooks, text messages, tweets.
//!
//! As the reference's client it sends no `User-Agent`, follows no redirect and verifies certificates; it waits 5 s for
//! a connection and 60 s for the whole exchange. Unlike it, every answer has a size limit.
//!
//! Certificate roots come from the system, not from a list inside the program: they stay current without a new release,
//! owners of a private authority can use it for their own ntfy or webhook server, and the program stays smaller. They
//! are read at the first `https` request, so a server that makes none pays nothing. Distributions call the package
//! `ca-certificates`, OpenWrt calls it `ca-bundle`.

mod exchange;
#[cfg(test)]
mod tests;
mod url;

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::ClientConfig;

use super::local_address::LocalAddresses;
use crate::outgoing::stream::{Socket, Stream};
use crate::outgoing::trust;
use url::Url;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for a whole exchange.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections that wait for another request, and for how long.
const IDLE_CONNECTIONS: usize = 3;
const IDLE_TIME: Duration = Duration::from_secs(10);
/// At most this many addresses of a host are tried.
const MOST_ADDRESSES: usize = 16;

/// A blocking HTTP client; cheap to share between workers.
pub struct HttpClient {
    local: LocalAddresses,
    extra_roots: Vec<CertificateDer<'static>>,
    total: Duration,
    tls: OnceLock<Arc<ClientConfig>>,
    /// No I/O is done while it is locked.
    #[allow(clippy::disallowed_types)] // Workers share the client.
    idle: std::sync::Mutex<Vec<Idle>>,
}

/// A connection that waits for another request to its host.
struct Idle {
    is_secure: bool,
    host: String,
    port: u16,
    since: Instant,
    stream: Stream,
}

/// What came back.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body as far as it was read.
    pub body: Vec<u8>,
    /// The body was larger than the limit and `body` is only its beginning.
    pub truncated: bool,
    headers: Vec<(String, Vec<u8>)>,
}

impl Reply {
    /// The body as JSON; `None` when it is something else.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        // As text: serde_json's other reader would be 6 KB of code more.
        serde_json::from_str(std::str::from_utf8(&self.body).ok()?).ok()
    }

    /// A header's value; `None` when it is not there or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }
}

/// Why no answer came. The texts name no URL, header or body: those hold keys.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The URL cannot be used: no scheme, an unknown one, no host or bad characters.
    #[error("the URL is not valid")]
    BadUrl,
    /// A header's name or value has characters that HTTP forbids.
    #[error("a header is not valid")]
    BadHeader,
    /// The host name has no address.
    #[error("the host name is not known: {0}")]
    UnknownHost(String),
    /// The host's address is one that requests may not go to.
    #[error("requests to the address of this host are not allowed")]
    Forbidden,
    /// No certificate authority is known, so no `https` server can be trusted.
    #[error("no certificate authorities found, install the package ca-certificates or ca-bundle ({0})")]
    NoRoots(String),
    /// Nothing came in time.
    #[error("time-out")]
    Timeout,
    /// Refused, broken, or not HTTP.
    #[error("{0}")]
    Failed(String),
}

impl HttpClient {
    /// A client that connects to what `local` allows.
    pub fn new(local: LocalAddresses) -> Self {
        Self::with_roots(local, Vec::new())
    }

    /// As [`HttpClient::new`], trusting `extra_roots` besides the system's authorities.
    pub fn with_roots(local: LocalAddresses, extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self::with_timeout(local, extra_roots, TOTAL_TIMEOUT)
    }

    fn with_timeout(local: LocalAddresses, extra_roots: Vec<CertificateDer<'static>>, total: Duration) -> Self {
        Self { local, extra_roots, total, tls: OnceLock::new(), idle: Default::default() }
    }

    /// POSTs a body of the given content type; reads at most `limit` bytes of the answer.
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8], limit: usize) -> Result<Reply, HttpError> {
        self.request("POST", url, headers, Some(body), limit)
    }

    /// Sends one request. `body` is sent with every method; `Some(&[])` sends `Content-Length: 0`.
    pub fn request(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
        limit: usize,
    ) -> Result<Reply, HttpError> {
        let url = Url::parse(url).ok_or(HttpError::BadUrl)?;
        let request = exchange::request(method, &url, headers, body)?;
        let end = Instant::now() + self.total;
        let mut stream = match self.waiting(&url) {
            Some(stream) => stream,
            None => self.connect(&url, end)?,
        };
        stream.socket().end_at(end);
        let (reply, is_reusable) = exchange::exchange(&mut stream, &request, limit).map_err(explain)?;
        let wants_close = |(name, value): &(&str, &str)| {
            name.eq_ignore_ascii_case("connection") && value.to_ascii_lowercase().contains("close")
        };
        if is_reusable && !headers.iter().any(wants_close) {
            self.keep(url, stream);
        }
        Ok(reply)
    }

    /// A connection to this host that waits, and that the host has not closed.
    fn waiting(&self, url: &Url) -> Option<Stream> {
        let found = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|one| one.since.elapsed() < IDLE_TIME);
            let is_for = |one: &Idle| (one.is_secure, one.port) == (url.is_secure, url.port) && one.host == url.host;
            let place = idle.iter().position(is_for)?;
            idle.swap_remove(place)
        };
        let mut stream = found.stream;
        stream.socket().is_quiet().then_some(stream)
    }

    fn keep(&self, url: Url, stream: Stream) {
        let Url { is_secure, host, port, .. } = url;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|one| (one.is_secure, one.port) != (is_secure, port) || one.host != host);
        if idle.len() >= IDLE_CONNECTIONS {
            idle.remove(0);
        }
        idle.push(Idle { is_secure, host, port, since: Instant::now(), stream });
    }

    fn connect(&self, url: &Url, end: Instant) -> Result<Stream, HttpError> {
        let tls = url.is_secure.then(|| self.tls()).transpose()?;
        let addresses = self.addresses(url)?;
        let socket = Socket::connect(&addresses, end.min(Instant::now() + CONNECT_TIMEOUT)).map_err(explain)?;
        let Some(tls) = tls else { return Ok(Stream::Plain(socket)) };
        let name = ServerName::try_from(url.host.clone())
            .map_err(|_| HttpError::Failed("the host's name fits into no certificate".to_owned()))?;
        Stream::begin_tls(socket, tls, name).map_err(explain)
    }

    /// Looks the host up and leaves forbidden addresses out: after the look-up, so that no name can lead to one. It has the
    /// system's own time-outs.
    fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, HttpError> {
        let unknown = |error: io::Error| HttpError::UnknownHost(error.to_string());
        let all: Vec<SocketAddr> = (url.host.as_str(), url.port).to_socket_addrs().map_err(unknown)?.collect();
        let allowed = all.iter().copied().filter(|address| self.local.allows(address.ip()));
        let allowed: Vec<SocketAddr> = allowed.take(MOST_ADDRESSES).collect();
        match (allowed.is_empty(), all.is_empty()) {
            (false, _) => Ok(allowed),
            (true, true) => Err(HttpError::UnknownHost("no address".to_owned())),
            (true, false) => Err(HttpError::Forbidden),
        }
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, HttpError> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let mut certificates = self.extra_roots.clone();
        match trust::system_roots() {
            Ok(system) => certificates.extend(system),
            Err(reason) if certificates.is_empty() => return Err(HttpError::NoRoots(reason)),
            Err(reason) => log::debug!("no system certificate authorities: {reason}"),
        }
        let config = trust::authorities(certificates).map_err(|error| HttpError::Failed(error.to_string()))?;
        let config = Arc::new(config);
        Ok(Arc::clone(self.tls.get_or_init(|| config)))
    }
}

fn explain(error: io::Error) -> HttpError {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => HttpError::Timeout,
        _ => HttpError::Failed(error.to_string()),
    }
}

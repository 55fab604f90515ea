//! The one HTTP client for everything that this server asks of others: pushes, webhooks, text messages, tweets.
//!
//! As the reference's client it sends no `User-Agent`, follows no redirect and verifies certificates; it waits 5 s for
//! a connection and 60 s for the whole exchange. Unlike it, every answer has a size limit.
//!
//! Certificate roots come from the system, not from a list inside the program: they stay current without a new release,
//! owners of a private authority can use it for their own ntfy or webhook server, and the program stays smaller. They
//! are read at the first `https` request, so a server that makes none pays nothing. Distributions call the package
//! `ca-certificates`, OpenWrt calls it `ca-bundle`.

use std::fmt;
use std::io::Read;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use ureq::config::{AutoHeaderValue, Config};
use ureq::http::{HeaderMap, Request, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::Agent;

use super::local_address::LocalAddresses;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for a whole exchange.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);
/// Largest head of an answer, bytes. Also the read buffer of a connection (the library's default is 128 KiB).
const HEAD_LIMIT: usize = 16 * 1024;
/// Write buffer of a connection, bytes.
const WRITE_BUFFER: usize = 8 * 1024;
/// Connections that wait for another request, and for how long.
const IDLE_CONNECTIONS: usize = 3;
const IDLE_TIME: Duration = Duration::from_secs(10);

/// A blocking HTTP client; cheap to share between workers.
pub struct HttpClient {
    local: LocalAddresses,
    extra_roots: Vec<CertificateDer<'static>>,
    total: Duration,
    plain: Agent,
    secure: OnceLock<Agent>,
}

/// What came back.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body as far as it was read.
    pub body: Vec<u8>,
    /// The body was larger than the limit and `body` is only its beginning.
    pub truncated: bool,
    headers: HeaderMap,
}

impl Reply {
    /// The body as JSON; `None` when it is something else.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        // As text: serde_json's other reader would be 6 KB of code more.
        serde_json::from_str(std::str::from_utf8(&self.body).ok()?).ok()
    }

    /// A header's value; `None` when it is not there or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
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
        Self { local, extra_roots, total, plain: agent(local, total, None), secure: OnceLock::new() }
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
        let uri: Uri = url.parse().map_err(|_| HttpError::BadUrl)?;
        let agent = match uri.scheme_str() {
            Some("http") => &self.plain,
            Some("https") => self.secure()?,
            _ => return Err(HttpError::BadUrl),
        };
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => agent.run(request.body(body).map_err(|_| HttpError::BadHeader)?),
            None => agent.run(request.body(()).map_err(|_| HttpError::BadHeader)?),
        };
        let (head, body) = answer.map_err(explain)?.into_parts();
        let mut bytes = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        body.into_reader().take(most).read_to_end(&mut bytes).map_err(|e| explain(ureq::Error::from(e)))?;
        let truncated = bytes.len() > limit;
        bytes.truncate(limit);
        Ok(Reply { status: head.status.as_u16(), body: bytes, truncated, headers: head.headers })
    }

    fn secure(&self) -> Result<&Agent, HttpError> {
        if let Some(agent) = self.secure.get() {
            return Ok(agent);
        }
        let mut roots = self.extra_roots.clone();
        match system_roots() {
            Ok(system) => roots.extend(system),
            Err(reason) if roots.is_empty() => return Err(HttpError::NoRoots(reason)),
            Err(reason) => log::debug!("no system certificate authorities: {reason}"),
        }
        Ok(self.secure.get_or_init(|| agent(self.local, self.total, Some(&roots))))
    }
}

/// The certificate authorities that the system trusts; never empty.
///
/// # Errors
/// The reason why there are none.
pub fn system_roots() -> Result<Vec<CertificateDer<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err(found.errors.first().map_or_else(|| "none on this system".to_owned(), ToString::to_string));
    }
    Ok(found.certs)
}

fn agent(local: LocalAddresses, total: Duration, roots: Option<&[CertificateDer<'static>]>) -> Agent {
    let mut config = Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(AutoHeaderValue::None)
        .max_response_header_size(HEAD_LIMIT)
        .input_buffer_size(HEAD_LIMIT)
        .output_buffer_size(WRITE_BUFFER)
        .max_idle_connections(IDLE_CONNECTIONS)
        .max_idle_connections_per_host(1)
        .max_idle_age(IDLE_TIME)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(total));
    if let Some(roots) = roots {
        let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        config = config.tls_config(
            TlsConfig::builder()
                .provider(TlsProvider::Rustls)
                .root_certs(RootCerts::new_with_certs(&roots))
                .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .build(),
        );
    }
    Agent::with_parts(config.build(), DefaultConnector::default(), CheckedResolver { local })
}

/// Looks a name up and refuses forbidden addresses: after the look-up, so that no name can lead to one.
///
/// The look-up runs on the worker itself and has the system's own time-outs; the library's resolver would start a
/// thread for each.
struct CheckedResolver {
    local: LocalAddresses,
}

#[derive(Debug, thiserror::Error)]
#[error("forbidden address")]
struct ForbiddenAddress;

impl Resolver for CheckedResolver {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let all: Vec<SocketAddr> = (name, port).to_socket_addrs()?.collect();
        let mut found = self.empty();
        for address in all.iter().filter(|address| self.local.allows(address.ip())).take(MOST_ADDRESSES) {
            found.push(*address);
        }
        match (found.is_empty(), all.is_empty()) {
            (false, _) => Ok(found),
            (true, true) => Err(ureq::Error::HostNotFound),
            (true, false) => Err(ureq::Error::Other(Box::new(ForbiddenAddress))),
        }
    }
}

impl fmt::Debug for CheckedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckedResolver")
    }
}

/// At most this many addresses of a host are tried (the library's own bound).
const MOST_ADDRESSES: usize = 16;

fn explain(error: ureq::Error) -> HttpError {
    match error {
        ureq::Error::Timeout(_) => HttpError::Timeout,
        ureq::Error::HostNotFound => HttpError::UnknownHost("no address".to_owned()),
        ureq::Error::BadUri(_) => HttpError::BadUrl,
        ureq::Error::Other(e) if e.is::<ForbiddenAddress>() => HttpError::Forbidden,
        ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::TimedOut => HttpError::Timeout,
        // Look-up failures have no kind of their own in the standard library.
        ureq::Error::Io(e) if e.to_string().contains("lookup address") => HttpError::UnknownHost(e.to_string()),
        ureq::Error::Io(e) => HttpError::Failed(e.to_string()),
        ureq::Error::ConnectionFailed => HttpError::Failed("connection failed".to_owned()),
        other => HttpError::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_server::TestServer;
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    fn client() -> HttpClient {
        HttpClient::new(LocalAddresses::Allow)
    }

    #[test]
    fn sends_what_was_asked_and_nothing_else() {
        let server = TestServer::start(vec![TestServer::answer(200, "hi")]);
        let reply =
            client().request("PUT", &server.url("/a?b=c"), &[("X-One", "1")], Some(b"body".as_slice()), 10).unwrap();
        assert_eq!((reply.status, reply.body.as_slice(), reply.truncated), (200, b"hi".as_slice(), false));
        assert_eq!((reply.header("Content-Length"), reply.header("x")), (Some("2"), None));
        let seen = server.seen();
        assert_eq!((seen.line.as_str(), seen.text()), ("PUT /a?b=c HTTP/1.1", "body"));
        assert_eq!((seen.header("x-one"), seen.header("accept")), (Some("1"), Some("*/*")));
        assert_eq!(seen.header("content-length"), Some("4"));
        assert_eq!(seen.header("user-agent"), None);
        assert_eq!(seen.header("accept-encoding"), None);
    }

    #[test]
    fn a_body_goes_with_every_method_and_post_has_a_length() {
        let server = TestServer::start(vec![TestServer::answer(200, ""); 4]);
        for (method, body) in [("GET", Some("x")), ("DELETE", Some("x")), ("POST", Some("")), ("GET", None)] {
            client().request(method, &server.url("/"), &[], body.map(str::as_bytes), 10).unwrap();
            let seen = server.seen();
            assert_eq!(seen.line, format!("{method} / HTTP/1.1"));
            assert_eq!(seen.text(), body.unwrap_or_default());
            assert_eq!(seen.header("content-length"), body.map(|b| if b.is_empty() { "0" } else { "1" }));
        }
    }

    #[test]
    fn redirects_and_errors_are_answers() {
        let found = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_owned();
        let server = TestServer::start(vec![found, TestServer::answer(500, "no")]);
        assert_eq!(client().request("GET", &server.url("/"), &[], None, 10).unwrap().status, 302);
        assert_eq!(client().request("GET", &server.url("/"), &[], None, 10).unwrap().status, 500);
    }

    #[test]
    fn large_answers_are_cut_off() {
        let endless = format!("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{}", "x".repeat(200));
        let server = TestServer::start(vec![TestServer::answer(200, &"x".repeat(101)), endless]);
        for _ in 0..2 {
            let reply = client().request("GET", &server.url("/"), &[], None, 100).unwrap();
            assert!(reply.truncated);
            assert_eq!(reply.body.len(), 100);
        }
    }

    #[test]
    fn a_silent_server_is_a_timeout() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = HttpClient::with_timeout(LocalAddresses::Allow, Vec::new(), Duration::from_millis(300));
        let url = format!("http://{}/", silent.local_addr().unwrap());
        assert!(matches!(client.request("GET", &url, &[], None, 10), Err(HttpError::Timeout)));
    }

    #[test]
    fn failures_say_what_went_wrong_but_not_the_url() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = |url: &str| client().request("GET", url, &[], None, 10).err().unwrap().to_string();
        let refused = text(&format!("http://{free}/secret"));
        assert!(refused.contains("refused") && !refused.contains("secret"), "{refused}");
        for bad in ["ftp://x/", "nonsense", "http://", "http:// /", "/x", ""] {
            assert_eq!(text(bad), "the URL is not valid", "{bad}");
        }
        assert!(text("http://no-such-host.invalid/").starts_with("the host name is not known"));
        let bad_header = client().request("GET", "http://127.0.0.1:1/", &[("a b", "c")], None, 1);
        assert!(matches!(bad_header, Err(HttpError::BadHeader)));
    }

    #[test]
    fn local_addresses_can_be_refused_also_behind_a_name() {
        let client = HttpClient::new(LocalAddresses::Refuse);
        for url in ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://2130706433:1/"] {
            assert!(matches!(client.request("GET", url, &[], None, 1), Err(HttpError::Forbidden)), "{url}");
        }
    }

    #[test]
    fn https_needs_a_trusted_certificate() {
        let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let der = key.cert.der().clone();
        let mut config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![der.clone()], key.signing_key.serialize_der().try_into().unwrap())
                .unwrap();
        config.alpn_protocols.clear();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        #[allow(clippy::disallowed_methods)] // A peer for the test.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut session = rustls::ServerConnection::new(config.clone()).unwrap();
                let mut stream = stream.unwrap();
                let mut tls = rustls::Stream::new(&mut session, &mut stream);
                let _ = tls.read(&mut [0; 1000]);
                let _ = tls.write_all(TestServer::answer(200, "safe").as_bytes());
            }
        });
        let trusting = HttpClient::with_roots(LocalAddresses::Allow, vec![der]);
        assert_eq!(trusting.request("GET", &url, &[], None, 10).unwrap().body, b"safe");
        // Without system authorities the reason is their lack, else the unknown issuer.
        let reason = client().request("GET", &url, &[], None, 10).err().unwrap().to_string();
        assert!(reason.contains("certificate"), "{reason}");
    }
}

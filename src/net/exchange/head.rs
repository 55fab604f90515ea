//! A request's head: how the request comes, and what of it handlers get. No I/O.

use crate::http::request::{Method, Request};
use crate::hub::Origin;
use crate::net::front::HEADERS_MAX;

/// Longest request line, in bytes.
const LINE_MAX: usize = 4096;
/// Most bytes of all headers.
const HEADERS_SIZE_MAX: usize = 8192;

/// The headers that handlers get to see; all else is decided here or nobody's business.
const HEADERS: [&str; 12] = [
    "content-type",
    "authorization",
    "cookie",
    "host",
    "origin",
    "referer",
    "sec-fetch-site",
    "if-modified-since",
    "accept-encoding",
    "x-forwarded-for",
    "range",
    "if-range",
];

/// How a request's body comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// So many bytes, often none.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// How a request comes, and how its answer goes.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// The answer has no body.
    pub is_head: bool,
    /// The connection stays open after the answer.
    pub keep_alive: bool,
    /// How the body comes.
    pub body: Body,
    /// The client waits for a `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

/// Why a request is refused before anybody looks at what it asks for. The connection is closed after it, since nobody knows where the
/// next request would begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Refusal {
    BadRequest,
    Timeout,
    TooLarge,
    LineTooLong,
    ExpectationFailed,
    HeadersTooLarge,
    UnknownEncoding,
    Busy,
    GatewayTimeout,
    UnknownVersion,
}

impl Refusal {
    /// Status code and reason.
    pub fn status(self) -> &'static str {
        match self {
            Refusal::BadRequest => "400 Bad Request",
            Refusal::Timeout => "408 Request Timeout",
            Refusal::TooLarge => "413 Request Entity Too Large",
            Refusal::LineTooLong => "414 URI Too Long",
            Refusal::ExpectationFailed => "417 Expectation Failed",
            Refusal::HeadersTooLarge => "431 Request Header Fields Too Large",
            Refusal::UnknownEncoding => "501 Not Implemented",
            Refusal::Busy => "503 Service Unavailable",
            Refusal::GatewayTimeout => "504 Gateway Timeout",
            Refusal::UnknownVersion => "505 HTTP Version Not Supported",
        }
    }
}

/// Reads a head, or as much of one as was read before it grew too long. The request is without its body.
pub fn read(bytes: &[u8], origin: Origin) -> Result<(Request, Head), Refusal> {
    let line = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    if line > LINE_MAX {
        return Err(Refusal::LineTooLong);
    }
    if bytes.len() - line > HEADERS_SIZE_MAX {
        return Err(Refusal::HeadersTooLarge);
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(end)) if end == bytes.len() => {}
        // What is behind the end would be lost.
        Ok(httparse::Status::Complete(_)) => return Err(Refusal::BadRequest),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadersTooLarge),
        Err(httparse::Error::Version) => return Err(Refusal::UnknownVersion),
        Err(_) => return Err(Refusal::BadRequest),
    }
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(Refusal::BadRequest);
    };
    let mut forwarded = Vec::new();
    let (mut close, mut keep, mut length, mut chunked, mut expects_continue) = (false, false, None, false, false);
    for header in request.headers.iter() {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let value = header.value.trim_ascii();
        if let Some(name) = HEADERS.iter().find(|name| is(name)) {
            if *name == "range" && method != "GET" {
                continue;
            }
            let value = value.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect();
            forwarded.push(((*name).to_owned(), value));
        } else if is("connection") {
            for token in value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
                close |= token.eq_ignore_ascii_case(b"close");
                keep |= token.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if is("content-length") {
            let own = decimal(value).ok_or(Refusal::BadRequest)?;
            if length.is_some_and(|other| other != own) {
                return Err(Refusal::BadRequest);
            }
            length = Some(own);
        } else if is("transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") || chunked {
                return Err(Refusal::UnknownEncoding);
            }
            chunked = true;
        } else if is("expect") && version == 1 {
            if !value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Refusal::ExpectationFailed);
            }
            expects_continue = true;
        }
    }
    let body = match (chunked, length) {
        // Two lengths: somebody tries to hide a request.
        (true, Some(_)) => return Err(Refusal::BadRequest),
        (true, None) if version == 0 => return Err(Refusal::BadRequest),
        (true, None) => Body::Chunked,
        (false, length) => Body::Length(length.unwrap_or(0)),
    };
    let is_head = method == "HEAD";
    let method = match method {
        "GET" | "HEAD" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        _ => Method::Other,
    };
    let target = escaped(origin_form(target));
    let request = Request {
        method,
        target,
        headers: forwarded,
        body: Vec::new(),
        origin,
        offset: 0,
        vars: Vec::new(),
        admin: None,
    };
    Ok((request, Head { is_head, keep_alive: !close && (version == 1 || keep), body, expects_continue }))
}

/// `http://host/path` as `/path`; other targets as they are.
fn origin_form(target: &str) -> &str {
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let start = if lower.starts_with("http://") {
        7
    } else if lower.starts_with("https://") {
        8
    } else {
        return target;
    };
    let rest = target.get(start..).unwrap_or_default();
    rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/")
}

/// Escapes what is not ASCII, as browsers do.
fn escaped(target: &str) -> String {
    let mut out = String::with_capacity(target.len());
    for byte in target.bytes() {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin { address: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port: 1, tls: true };

    fn read(bytes: &[u8]) -> Result<(Request, Head), Refusal> {
        super::read(bytes, ORIGIN)
    }

    fn parse(text: &str) -> Result<Head, Refusal> {
        read(text.as_bytes()).map(|(_, head)| head)
    }

    fn request(text: &str) -> Request {
        read(text.as_bytes()).unwrap().0
    }

    #[test]
    fn handlers_get_only_what_matters() {
        let (request, head) = read(
            "PUT /t/update/v1?a=1 HTTP/1.1\r\nHost: x:80\r\nContent-Type:  application/json \r\nX-Own: y\r\n\
             Content-Length: 5\r\nAccept-Language: de\r\nTE: chunked\r\n\r\n"
                .as_bytes(),
        )
        .unwrap();
        assert_eq!((request.method, request.target.as_str()), (Method::Put, "/t/update/v1?a=1"));
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, [("host", "x:80"), ("content-type", "application/json")]);
        assert_eq!((head.body, head.keep_alive, head.is_head), (Body::Length(5), true, false));
    }

    #[test]
    fn versions_and_connection_headers() {
        let keeps = |text: &str| parse(text).unwrap().keep_alive;
        assert!(keeps("GET / HTTP/1.1\r\n\r\n"));
        assert!(!keeps("GET / HTTP/1.1\r\nConnection: foo, Close\r\n\r\n"));
        assert!(!keeps("GET / HTTP/1.0\r\n\r\n"));
        assert!(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
        assert_eq!(parse("GET / HTTP/2.0\r\n\r\n"), Err(Refusal::UnknownVersion));
    }

    #[test]
    fn absolute_and_foreign_targets() {
        assert_eq!(request("GET http://h:1/p?q HTTP/1.1\r\n\r\n").target, "/p?q");
        assert_eq!(request("GET HTTPS://h HTTP/1.1\r\n\r\n").target, "/");
        assert_eq!(request("GET /t/update/v1?value=é HTTP/1.1\r\n\r\n").target, "/t/update/v1?value=%C3%A9");
        assert_eq!(request("get / HTTP/1.1\r\n\r\n").method, Method::Other);
    }

    #[test]
    fn bodies() {
        let body = |text: &str| parse(&format!("POST / HTTP/1.1\r\n{text}\r\n")).map(|h| h.body);
        assert_eq!(body(""), Ok(Body::Length(0)));
        assert_eq!(body("Transfer-Encoding: Chunked\r\n"), Ok(Body::Chunked));
        assert_eq!(body("Content-Length: 3\r\nContent-Length: 3\r\n"), Ok(Body::Length(3)));
        for smuggled in [
            "Content-Length: 3\r\nContent-Length: 4\r\n",
            "Content-Length: +3\r\n",
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 99999999999999999999\r\n",
        ] {
            assert_eq!(body(smuggled), Err(Refusal::BadRequest), "{smuggled}");
        }
        assert_eq!(body("Transfer-Encoding: gzip, chunked\r\n"), Err(Refusal::UnknownEncoding));
        assert_eq!(body("Expect: coffee\r\n"), Err(Refusal::ExpectationFailed));
    }

    #[test]
    fn proxies_and_ranges_are_heard_of() {
        let headers = "X-Forwarded-For: 192.0.2.1\r\nRange: bytes=0-9\r\nIf-Range: x\r\n";
        let asked = |method: &str| request(&format!("{method} /a HTTP/1.1\r\n{headers}\r\n"));
        let get = asked("GET");
        assert_eq!(
            ["x-forwarded-for", "range", "if-range"].map(|name| get.header(name).unwrap()),
            ["192.0.2.1", "bytes=0-9", "x"]
        );
        // A part of nothing is nothing: HEAD tells of the whole.
        assert_eq!(asked("HEAD").header("range"), None);
    }

    #[test]
    fn what_is_too_long() {
        assert_eq!(parse(&format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(5000))), Err(Refusal::LineTooLong));
        assert_eq!(parse(&format!("GET /{}", "a".repeat(17_000))), Err(Refusal::LineTooLong));
        let large = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(9000));
        assert_eq!(parse(&large), Err(Refusal::HeadersTooLarge));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(65));
        assert_eq!(parse(&many), Err(Refusal::HeadersTooLarge));
        assert_eq!(parse("GET / HTTP/1.1\r\n bad\r\n\r\n"), Err(Refusal::BadRequest));
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_no_more_than_one_request(line in "[A-Z]{0,5} [ -~\u{e9}\r\n]{0,40} HTTP/1.[01]",
                                                      headers in "([A-Za-z-]{1,20}: [ -~\u{e9}]{0,30}\r\n){0,8}",
                                                      bytes: Vec<u8>) {
            crate::net::fuzz_targets::http_head(format!("{line}\r\n{headers}\r\n").as_bytes());
            crate::net::fuzz_targets::http_head(&bytes);
            crate::net::fuzz_targets::chunked_body(&bytes);
        }
    }
}

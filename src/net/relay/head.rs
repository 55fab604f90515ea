//! A request's head: what the relay must know of it, and what of it the HTTP thread gets. No I/O.

use crate::net::front::HEADERS_MAX;

/// Longest request line, in bytes.
const LINE_MAX: usize = 4096;
/// Most bytes of all headers.
const HEADERS_SIZE_MAX: usize = 8192;

/// The headers that the HTTP thread gets to see; all else is the relay's business or nobody's.
const FORWARDED: [&str; 12] = [
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

/// A request's head.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// Request line and headers for the HTTP thread, without the body's length and the final empty line.
    pub forward: Vec<u8>,
    /// The answer has no body.
    pub is_head: bool,
    /// The connection stays open after the answer.
    pub keep_alive: bool,
    /// How the body comes.
    pub body: Body,
    /// The client waits for a `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// A file for the administrator's folder: the only kind of request with a body of its own, larger limit.
    pub upload: bool,
}

/// Why a request is refused without the HTTP thread. The connection is closed after it, since nobody knows where the
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
    BadGateway,
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
            Refusal::BadGateway => "502 Bad Gateway",
            Refusal::Busy => "503 Service Unavailable",
            Refusal::GatewayTimeout => "504 Gateway Timeout",
            Refusal::UnknownVersion => "505 HTTP Version Not Supported",
        }
    }
}

/// Reads a head, or as much of one as was read before it grew too long. `admin`: the admin's root path, on the port that
/// has one.
pub fn read(bytes: &[u8], admin: Option<&str>) -> Result<Head, Refusal> {
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
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadersTooLarge),
        Err(httparse::Error::Version) => return Err(Refusal::UnknownVersion),
        Err(_) => return Err(Refusal::BadRequest),
    }
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(Refusal::BadRequest);
    };
    let target = origin_form(target);
    let mut forward = Vec::with_capacity(256);
    forward.extend_from_slice(method.as_bytes());
    forward.push(b' ');
    push_target(&mut forward, target);
    forward.extend_from_slice(b" HTTP/1.1\r\n");

    let (mut close, mut keep, mut length, mut chunked, mut expects_continue) = (false, false, None, false, false);
    for header in request.headers.iter() {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let value = header.value.trim_ascii();
        if let Some(name) = FORWARDED.iter().find(|name| is(name)) {
            if *name == "range" && method != "GET" {
                continue;
            }
            forward.extend_from_slice(name.as_bytes());
            forward.extend_from_slice(b": ");
            // The HTTP thread's parser wants ASCII.
            forward.extend(value.iter().map(|b| if b.is_ascii() { *b } else { b'?' }));
            forward.extend_from_slice(b"\r\n");
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
    Ok(Head {
        forward,
        is_head: method == "HEAD",
        keep_alive: !close && (version == 1 || keep),
        body,
        expects_continue,
        upload: method == "POST" && admin.is_some_and(|root| is_upload(target, root)),
    })
}

fn is_upload(target: &str, admin: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    path == "/upload" || path.strip_prefix(admin.trim_end_matches('/')).is_some_and(|rest| rest.starts_with("/ota/"))
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

/// Escapes what is not ASCII: the HTTP thread's parser refuses it, browsers' address bars never send it.
fn push_target(out: &mut Vec<u8>, target: &str) {
    for byte in target.bytes() {
        if byte.is_ascii() {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
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

    fn parse(text: &str) -> Result<Head, Refusal> {
        read(text.as_bytes(), Some("/admin"))
    }

    #[test]
    fn only_what_matters_is_forwarded() {
        let head = parse(
            "PUT /t/update/v1?a=1 HTTP/1.1\r\nHost: x:80\r\nContent-Type:  application/json \r\nX-Own: y\r\n\
             Content-Length: 5\r\nAccept-Language: de\r\nTE: chunked\r\n\r\n",
        )
        .unwrap();
        let text = String::from_utf8(head.forward).unwrap();
        assert_eq!(text, "PUT /t/update/v1?a=1 HTTP/1.1\r\nhost: x:80\r\ncontent-type: application/json\r\n");
        assert_eq!((head.body, head.keep_alive, head.upload), (Body::Length(5), true, false));
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
        let line = |text: &str| {
            let head = parse(text).unwrap();
            String::from_utf8(head.forward).unwrap().lines().next().unwrap().to_owned()
        };
        assert_eq!(line("GET http://h:1/p?q HTTP/1.1\r\n\r\n"), "GET /p?q HTTP/1.1");
        assert_eq!(line("GET HTTPS://h HTTP/1.1\r\n\r\n"), "GET / HTTP/1.1");
        assert_eq!(line("GET /t/update/v1?value=é HTTP/1.1\r\n\r\n"), "GET /t/update/v1?value=%C3%A9 HTTP/1.1");
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
        assert!(parse("POST /admin/ota/start?token=1 HTTP/1.1\r\n\r\n").unwrap().upload);
        assert!(read(b"POST /admin/ota/start HTTP/1.1\r\n\r\n", Some("/admin/")).unwrap().upload);
    }

    #[test]
    fn proxies_and_ranges_are_heard_of() {
        let headers = "X-Forwarded-For: 192.0.2.1\r\nRange: bytes=0-9\r\nIf-Range: x\r\n";
        let forwarded = |method: &str| {
            let head = parse(&format!("{method} /a HTTP/1.1\r\n{headers}\r\n")).unwrap();
            String::from_utf8(head.forward).unwrap()
        };
        assert!(forwarded("GET").ends_with("\r\nx-forwarded-for: 192.0.2.1\r\nrange: bytes=0-9\r\nif-range: x\r\n"));
        // A part of nothing is nothing: HEAD tells of the whole.
        assert!(!forwarded("HEAD").contains("\r\nrange:"));
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
        fn whatever_comes_is_forwarded_as_one_request(line in "[A-Z]{0,5} [ -~\u{e9}\r\n]{0,40} HTTP/1.[01]",
                                                      headers in "([A-Za-z-]{1,20}: [ -~\u{e9}]{0,30}\r\n){0,8}",
                                                      bytes: Vec<u8>) {
            crate::net::fuzz_targets::http_head(format!("{line}\r\n{headers}\r\n").as_bytes());
            crate::net::fuzz_targets::http_head(&bytes);
            crate::net::fuzz_targets::chunked_body(&bytes);
        }
    }
}

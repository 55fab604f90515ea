//! From an HTTP request to a websocket: which targets are websockets, and the answer to the upgrade request.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use ring::digest;

/// What a request target means to the websocket side. The admin's root path is tested before this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The hardware byte stream: `/websocket`, `/websockets`, `/websockets/…`, `/websockets?…`.
    Hardware,
    /// One app message per frame: `/dashws`, on the TLS port only.
    App,
    /// An ordinary HTTP request.
    Http,
}

/// Decides on the request target, path with query.
pub fn target(target: &str, tls: bool) -> Target {
    match target {
        "/dashws" if tls => return Target::App,
        // The browser build of the JavaScript library asks for this one.
        "/websocket" => return Target::Hardware,
        _ => {}
    }
    match target.strip_prefix("/websockets") {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '?']) => Target::Hardware,
        _ => Target::Http,
    }
}

/// The answer to an upgrade request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The whole HTTP answer.
    pub bytes: Vec<u8>,
    /// What the connection does after it.
    pub then: Then,
}

/// What a connection does after the answer to its upgrade request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It goes on in websocket frames.
    Frames,
    /// It waits for another HTTP request.
    Http,
    /// It is closed.
    Close,
}

/// Answers a request for a websocket, given its parsed head. No sub-protocol and no extension is ever chosen; origin and
/// host are not looked at.
pub fn answer(request: &httparse::Request<'_, '_>) -> Answer {
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| header.value.trim_ascii())
    };
    if request.method != Some("GET") {
        return refusal("403 Forbidden", "connection: close\r\n", "", Then::Close);
    }
    match (header("sec-websocket-version"), header("sec-websocket-key")) {
        (None, _) => bad_request("not a WebSocket handshake request: missing upgrade"),
        (Some(b"13" | b"8" | b"7"), Some(key)) if !key.is_empty() => upgrade(key),
        (Some(b"13" | b"8" | b"7"), _) => bad_request("not a WebSocket request: missing key"),
        (Some(_), _) => refusal("426 Upgrade Required", "sec-websocket-version: 13\r\n", "", Then::Http),
    }
}

fn upgrade(key: &[u8]) -> Answer {
    let mut sha1 = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    sha1.update(key);
    sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(sha1.finish());
    let bytes = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    );
    Answer { bytes: bytes.into_bytes(), then: Then::Frames }
}

fn bad_request(reason: &str) -> Answer {
    refusal("400 Bad Request", "connection: close\r\ncontent-type: text/plain\r\n", reason, Then::Close)
}

fn refusal(status: &str, headers: &str, body: &str, then: Then) -> Answer {
    let bytes = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    Answer { bytes: bytes.into_bytes(), then }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(head: &str) -> (String, Then) {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        assert!(request.parse(head.as_bytes()).unwrap().is_complete());
        let answer = answer(&request);
        (String::from_utf8(answer.bytes).unwrap(), answer.then)
    }

    #[test]
    fn targets() {
        for path in ["/websocket", "/websockets", "/websockets/", "/websockets/x", "/websockets?y"] {
            assert_eq!((target(path, true), target(path, false)), (Target::Hardware, Target::Hardware), "{path}");
        }
        for path in ["/websocketX", "/websocketsX", "/websocket/x", "/websocket?y"] {
            assert_eq!(target(path, false), Target::Http, "{path}");
        }
        assert_eq!((target("/dashws", true), target("/dashws", false)), (Target::App, Target::Http));
        assert_eq!((target("/dashws?x", true), target("/", true)), (Target::Http, Target::Http));
    }

    #[test]
    fn the_example_of_the_rfc() {
        let (text, then) = ask(
            "GET /websockets HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-VERSION: 13 \r\n\r\n",
        );
        assert_eq!(
            text,
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        );
        assert_eq!(then, Then::Frames);
    }

    #[test]
    fn refusals() {
        let (text, then) = ask("POST /websockets HTTP/1.1\r\n\r\n");
        assert!(text.starts_with("HTTP/1.1 403 ") && text.contains("\r\nconnection: close\r\n"));
        assert_eq!(then, Then::Close);
        let (text, then) = ask("GET /websockets HTTP/1.1\r\nSec-WebSocket-Version: 12\r\n\r\n");
        assert!(text.starts_with("HTTP/1.1 426 ") && text.contains("\r\nsec-websocket-version: 13\r\n"));
        assert!(text.contains("\r\ncontent-length: 0\r\n"));
        assert_eq!(then, Then::Http);
        for (head, reason) in [
            ("GET /websockets HTTP/1.1\r\n\r\n", "not a WebSocket handshake request: missing upgrade"),
            ("GET / HTTP/1.1\r\nSec-WebSocket-Version: 13\r\n\r\n", "not a WebSocket request: missing key"),
        ] {
            let (text, then) = ask(head);
            assert!(text.starts_with("HTTP/1.1 400 ") && text.ends_with(&format!("\r\n\r\n{reason}")), "{text}");
            assert_eq!(then, Then::Close);
        }
    }
}

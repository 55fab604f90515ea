//! The head of an answer as the client gets it. No I/O.

use crate::http::response::Response;

/// Whether an answer with this status has no body, whatever its headers say.
fn is_bodiless(status: u16) -> bool {
    matches!(status, 100..=199 | 204 | 304)
}

/// Status line and headers. An answer without a body loses what it has.
pub fn head(response: &mut Response, keep_alive: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let (status, reason) = (response.status, reason(response.status));
    out.extend_from_slice(format!("HTTP/1.1 {status} {reason}\r\nconnection: {connection}\r\n").as_bytes());
    // A value with a line end in it would be more than one header.
    let sound = |value: &str| value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    for (name, value) in response.headers.iter().filter(|(_, value)| sound(value)) {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if is_bodiless(status) {
        response.body = Vec::new();
    } else {
        let length = response.piece_of.unwrap_or(response.body.len() as u64);
        out.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// The words for the statuses that handlers use.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Payload Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(mut response: Response, keep_alive: bool) -> String {
        String::from_utf8(head(&mut response, keep_alive)).unwrap()
    }

    #[test]
    fn headers_in_their_order_and_the_length_last() {
        let response = Response::ok("a", *b"abc").with("access-control-allow-origin", "*");
        assert_eq!(
            written(response, true),
            "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-type: a\r\naccess-control-allow-origin: *\r\n\
             content-length: 3\r\n\r\n"
        );
    }

    #[test]
    fn no_length_where_there_is_no_body() {
        let mut response = Response { body: b"x".to_vec(), ..Response::empty(304) }.with("date", "d");
        assert_eq!(head(&mut response, false), b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\ndate: d\r\n\r\n");
        assert!(response.body.is_empty());
    }

    #[test]
    fn a_piece_announces_the_whole() {
        let response = Response { piece_of: Some(100_000), ..Response::json("[]") };
        assert!(written(response, true).ends_with("\r\ncontent-length: 100000\r\n\r\n"));
    }

    #[test]
    fn no_value_becomes_a_header_of_its_own() {
        for value in ["a\r\nset-cookie: b", "a\nb", "\0", "\u{e9}"] {
            let text = written(Response::empty(200).with("x", value), true);
            assert_eq!(text, "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n");
        }
    }
}

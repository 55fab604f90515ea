//! The head of the HTTP thread's answer, and what the client gets instead of it. No I/O.
//!
//! Large files come in pieces: the answer says with `x-piece-of` how long the file is, and the relay asks for the next
//! piece with `x-piece` when the client has taken the one before. So no client, however slow, holds the HTTP thread.

use crate::net::front::HEADERS_MAX;
use httparse::Status;

/// Header of an answer: its body is a piece of something of this length.
pub const PIECE_OF: &str = "x-piece-of";
/// Header of a request: the piece that begins at this offset is wanted.
pub const PIECE: &str = "x-piece";

/// Header of an answer: the client's connection is to be closed. The library lets no handler set the real one.
pub const CLOSE: &str = "x-connection";
/// Its value for a client that gets no answer at all.
pub const SILENT: &str = "silent";

/// An answer's head.
#[derive(Debug, PartialEq, Eq)]
pub struct AnswerHead {
    /// Status line and headers for the client, without what the relay adds.
    head: Vec<u8>,
    status: u16,
    /// Length of the body that follows.
    pub length: usize,
    /// Length of the whole, when the body is only its first piece.
    pub piece_of: Option<u64>,
    /// What must stay the same from piece to piece.
    pub version: Vec<u8>,
    /// The HTTP thread wants the client's connection closed.
    pub close: bool,
    /// The HTTP thread wants it closed without an answer.
    pub silent: bool,
}

/// The HTTP thread sent something that is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed answer of the HTTP thread")]
pub struct BadAnswer;

/// Reads the head at the start of `bytes` and its length; `None` when it is not whole yet.
pub fn read(bytes: &[u8]) -> Result<Option<(AnswerHead, usize)>, BadAnswer> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let end = match response.parse(bytes) {
        Ok(Status::Complete(end)) => end,
        Ok(Status::Partial) => return Ok(None),
        Err(_) => return Err(BadAnswer),
    };
    let status = response.code.ok_or(BadAnswer)?;
    let reason = response.reason.unwrap_or_default();
    let mut head = Vec::with_capacity(end);
    head.extend_from_slice(format!("HTTP/1.1 {status} {reason}\r\n").as_bytes());
    let mut answer =
        AnswerHead { head, status, length: 0, piece_of: None, version: Vec::new(), close: false, silent: false };
    for header in response.headers.iter() {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let number = || std::str::from_utf8(header.value).ok().and_then(|v| v.parse::<u64>().ok()).ok_or(BadAnswer);
        match header.name {
            // Made by the library itself; a date of ours is in lower case.
            "Server" | "Date" => {}
            _ if is("content-length") => answer.length = usize::try_from(number()?).map_err(|_| BadAnswer)?,
            _ if is(PIECE_OF) => answer.piece_of = Some(number()?),
            _ if is("transfer-encoding") => return Err(BadAnswer),
            _ if is(CLOSE) => {
                answer.close = header.value == b"close";
                answer.silent = header.value == SILENT.as_bytes();
            }
            name => {
                if is("last-modified") {
                    answer.version = header.value.to_vec();
                }
                answer.head.extend_from_slice(name.as_bytes());
                answer.head.extend_from_slice(b": ");
                answer.head.extend_from_slice(header.value);
                answer.head.extend_from_slice(b"\r\n");
            }
        }
    }
    Ok(Some((answer, end)))
}

impl AnswerHead {
    /// Whether such an answer has no body, whatever its headers say.
    pub fn is_bodiless(&self) -> bool {
        matches!(self.status, 100..=199 | 204 | 304)
    }

    /// The head as the client gets it.
    pub fn finish(&self, keep_alive: bool) -> Vec<u8> {
        let line = self.head.iter().position(|b| *b == b'\n').map_or(0, |i| i + 1);
        let (status, headers) = self.head.split_at(line);
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let mut out = Vec::with_capacity(self.head.len() + 64);
        out.extend_from_slice(status);
        out.extend_from_slice(format!("connection: {connection}\r\n").as_bytes());
        out.extend_from_slice(headers);
        if !self.is_bodiless() {
            let length = self.piece_of.unwrap_or(self.length as u64);
            out.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_own_headers_are_left_out() {
        let bytes = b"HTTP/1.1 200 OK\r\nServer: tiny-http (Rust)\r\nDate: x\r\ncontent-type: a\r\n\
            access-control-allow-origin: *\r\nContent-Length: 3\r\n\r\nabc";
        let (answer, end) = read(bytes).unwrap().unwrap();
        assert_eq!((answer.length, &bytes[end..]), (3, &b"abc"[..]));
        assert_eq!(
            String::from_utf8(answer.finish(true)).unwrap(),
            "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-type: a\r\naccess-control-allow-origin: *\r\n\
             content-length: 3\r\n\r\n"
        );
        assert_eq!(read(&bytes[..40]), Ok(None));
        assert_eq!(read(b"garbage\r\n\r\n"), Err(BadAnswer));
    }

    #[test]
    fn no_length_where_there_is_no_body() {
        let (answer, _) =
            read(b"HTTP/1.1 304 Not Modified\r\ndate: d\r\nx-connection: close\r\nContent-Length: 0\r\n\r\n")
                .unwrap()
                .unwrap();
        assert!(answer.close);
        assert_eq!(answer.finish(false), b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\ndate: d\r\n\r\n");
    }

    #[test]
    fn a_piece_announces_the_whole() {
        let (answer, _) =
            read(b"HTTP/1.1 200 OK\r\nlast-modified: m\r\nx-piece-of: 100000\r\nContent-Length: 65536\r\n\r\n")
                .unwrap()
                .unwrap();
        assert_eq!((answer.length, answer.piece_of, &answer.version[..]), (65_536, Some(100_000), &b"m"[..]));
        assert!(answer.finish(true).ends_with(b"last-modified: m\r\ncontent-length: 100000\r\n\r\n"));
    }
}

//! One request and its answer on a connection (RFC 9112).

use super::url::Url;
use super::{HttpError, Reply};
use crate::wire::chunked::Decoder;
use httparse::{Response, Status, EMPTY_HEADER};
use std::io::{self, Read, Write};

/// Largest head of an answer, bytes.
const HEAD_LIMIT: usize = 16 * 1024;
/// Most headers of an answer.
const HEADERS_MAX: usize = 100;
/// What is read at once, bytes.
const READ_SIZE: usize = 8 * 1024;

/// The bytes of a request.
///
/// # Errors
/// A header that cannot be sent.
pub fn request(method: &str, url: &Url, headers: &[(&str, &str)], body: Option<&[u8]>) -> Result<Vec<u8>, HttpError> {
    let is_set = |name: &str| headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let mut head = format!("{method} {} HTTP/1.1\r\n", url.target);
    let mut add = |name: &str, value: &str| head.extend([name, ": ", value, "\r\n"]);
    if !is_set("host") {
        add("Host", &url.host_header());
    }
    for (name, value) in headers {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty()
            || !name.bytes().all(is_token)
            || value.bytes().any(|b| (b < b' ' && b != b'\t') || b == 0x7f)
        {
            return Err(HttpError::BadHeader);
        }
        add(name, value);
    }
    if !is_set("accept") {
        add("Accept", "*/*");
    }
    if let Some(login) = url.login.as_deref().filter(|_| !is_set("authorization")) {
        add("Authorization", login);
    }
    if let Some(body) = body.filter(|_| !is_set("content-length")) {
        add("Content-Length", &body.len().to_string());
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body.unwrap_or_default());
    Ok(bytes)
}

/// Sends a request and reads the answer, with at most `limit` bytes of its body; also whether the connection can be used
/// again.
///
/// # Errors
/// The connection's, or an answer that is not HTTP.
pub fn exchange(stream: &mut (impl Read + Write), request: &[u8], limit: usize) -> io::Result<(Reply, bool)> {
    stream.write_all(request)?;
    stream.flush()?;
    let mut input = Vec::new();
    let head = loop {
        match Head::read(&input).map_err(io::Error::other)? {
            // What comes before the answer itself.
            Some((head, length)) if matches!(head.status, 100..=199) && head.status != 101 => {
                input.drain(..length);
            }
            Some((head, length)) => {
                input.drain(..length);
                break head;
            }
            None if input.len() > HEAD_LIMIT => return Err(io::Error::other("the answer's head is too large")),
            None if fill(stream, &mut input)? == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            None => {}
        }
    };
    let mut body = Body { stream, input, out: Vec::new(), limit };
    let is_bodiless = request.starts_with(b"HEAD ") || matches!(head.status, 100..=199 | 204 | 304);
    let is_whole = match head.length {
        _ if is_bodiless => true,
        Length::Known(length) => body.sized(length)?,
        Length::Chunks => body.chunks()?,
        Length::UntilClose => body.until_close()?,
    };
    let has_end = is_bodiless || head.length != Length::UntilClose;
    let is_reusable = is_whole && has_end && head.keeps && body.input.is_empty();
    let mut bytes = body.out;
    let truncated = bytes.len() > limit;
    bytes.truncate(limit);
    Ok((Reply { status: head.status, body: bytes, truncated, headers: head.headers }, is_reusable))
}

/// Reads what there is; 0 at the end.
fn fill(stream: &mut impl Read, input: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; READ_SIZE];
    loop {
        match stream.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => {
                let count = read?;
                input.extend_from_slice(&buffer[..count]);
                return Ok(count);
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Known(u64),
    Chunks,
    UntilClose,
}

struct Head {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    length: Length,
    /// The server keeps the connection.
    keeps: bool,
}

impl Head {
    /// The head at the start of `bytes` and its length; `None` when it is not whole yet.
    fn read(bytes: &[u8]) -> Result<Option<(Head, usize)>, &'static str> {
        const BAD: &str = "the answer is not HTTP";
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut response = Response::new(&mut headers);
        let end = match response.parse(bytes) {
            Ok(Status::Complete(end)) => end,
            Ok(Status::Partial) => return Ok(None),
            Err(_) => return Err(BAD),
        };
        let status = response.code.ok_or(BAD)?;
        let mut head =
            Head { status, headers: Vec::new(), length: Length::UntilClose, keeps: response.version == Some(1) };
        for header in response.headers.iter() {
            let value = String::from_utf8_lossy(header.value).trim().to_ascii_lowercase();
            match header.name.to_ascii_lowercase().as_str() {
                "connection" => {
                    let says = |word: &str| value.split(',').any(|part| part.trim() == word);
                    head.keeps = !says("close") && (head.keeps || says("keep-alive"));
                }
                "transfer-encoding" if value.rsplit(',').next().is_some_and(|last| last.trim() == "chunked") => {
                    head.length = Length::Chunks;
                }
                "content-length" if head.length != Length::Chunks => {
                    let length = value.parse().map_err(|_| BAD)?;
                    if !matches!(head.length, Length::UntilClose) && head.length != Length::Known(length) {
                        return Err(BAD);
                    }
                    head.length = Length::Known(length);
                }
                _ => {}
            }
            head.headers.push((header.name.to_owned(), header.value.to_vec()));
        }
        Ok(Some((head, end)))
    }
}

/// A body on its way. One byte more than `limit` is enough to see that it is too long.
struct Body<'a, S> {
    stream: &'a mut S,
    input: Vec<u8>,
    out: Vec<u8>,
    limit: usize,
}

/// Each: true when the body was read to its end.
impl<S: Read> Body<'_, S> {
    fn sized(&mut self, length: u64) -> io::Result<bool> {
        let mut left = length;
        loop {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(self.input.len());
            self.out.extend(self.input.drain(..count));
            left -= count as u64;
            if left == 0 || self.out.len() > self.limit {
                return Ok(left == 0);
            }
            if fill(self.stream, &mut self.input)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn chunks(&mut self) -> io::Result<bool> {
        let mut decoder = Decoder::default();
        loop {
            if decoder.feed(&mut self.input, &mut self.out).map_err(io::Error::other)? {
                return Ok(true);
            }
            if self.out.len() > self.limit {
                return Ok(false);
            }
            if fill(self.stream, &mut self.input)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn until_close(&mut self) -> io::Result<bool> {
        self.out.append(&mut self.input);
        while self.out.len() <= self.limit {
            match fill(self.stream, &mut self.out) {
                Ok(0) => return Ok(true),
                // Many servers end TLS without a word.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(true),
                read => read?,
            };
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Answers with these pieces, then closes.
    struct Peer(VecDeque<Vec<u8>>, Vec<u8>);

    impl Peer {
        fn new(answer: &[u8], step: usize) -> Peer {
            Peer(answer.chunks(step).map(<[u8]>::to_vec).collect(), Vec::new())
        }
    }

    impl Read for Peer {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(piece) = self.0.pop_front() else { return Ok(0) };
            buffer[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    impl Write for Peer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn ask(method: &str, answer: &str, step: usize) -> io::Result<(u16, String, bool, bool)> {
        let request = format!("{method} / HTTP/1.1\r\n\r\n");
        let (reply, is_reusable) = exchange(&mut Peer::new(answer.as_bytes(), step), request.as_bytes(), 10)?;
        Ok((reply.status, String::from_utf8(reply.body).unwrap(), reply.truncated, is_reusable))
    }

    #[test]
    fn bodies_end_where_they_say() {
        for (method, answer, status, body, truncated, is_reusable) in [
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false, true),
            ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nConnection: Close\r\n\r\nhello", 200, "hello", false, false),
            ("GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false, false),
            ("GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false, true),
            ("GET", "HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello", false, false),
            ("GET", "HTTP/1.1 200 OK\r\n\r\nhello hello hello", 200, "hello hell", true, false),
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nhello hello hello", 200, "hello hell", true, false),
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello hell", 200, "hello hell", false, true),
            (
                "GET",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n",
                200,
                "hello",
                false,
                true,
            ),
            ("GET", "HTTP/1.1 204 No\r\n\r\n", 204, "", false, true),
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "", false, true),
            ("GET", "HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", 304, "", false, true),
            (
                "GET",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
                201,
                "",
                false,
                true,
            ),
        ] {
            for step in [1, 7, 8000] {
                let seen = ask(method, answer, step).unwrap();
                // What follows an answer, or was not read of it, shows only in large pieces.
                assert_eq!(seen, (status, body.to_owned(), truncated, is_reusable), "{answer} by {step}");
            }
        }
        // Bytes that nobody asked for: the connection is not used again.
        let more = ask("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhix", 100).unwrap();
        assert_eq!(more, (200, "hi".to_owned(), false, false));
    }

    #[test]
    fn broken_answers_are_errors() {
        let long = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(20_000));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(101));
        for answer in [
            "",
            "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello",
            "HTTP/1.1 xyz\r\n\r\n",
            "SSH-2.0-x\r\n",
            &long,
            &many,
        ] {
            assert!(ask("GET", answer, 8000).is_err(), "{answer}");
        }
    }

    #[test]
    fn requests_have_what_they_need_once() {
        let url = Url::parse("http://u:p@h:81/a?b").unwrap();
        let text = |headers: &[(&str, &str)], body: Option<&[u8]>| {
            request("PUT", &url, headers, body).map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(
            text(&[("X-One", "1")], Some(b"hi")).unwrap(),
            "PUT /a?b HTTP/1.1\r\nHost: h:81\r\nX-One: 1\r\nAccept: */*\r\nAuthorization: Basic dTpw\r\nContent-Length: 2\r\n\r\nhi"
        );
        assert_eq!(
            text(&[("host", "x"), ("ACCEPT", "a/b"), ("authorization", "c")], None).unwrap(),
            "PUT /a?b HTTP/1.1\r\nhost: x\r\nACCEPT: a/b\r\nauthorization: c\r\n\r\n"
        );
        for bad in [("", "x"), ("a b", "x"), ("a:", "x"), ("a", "x\r\nb: c"), ("a", "\u{0}"), ("ä", "x")] {
            assert!(matches!(text(&[bad], None), Err(HttpError::BadHeader)), "{bad:?}");
        }
    }
}

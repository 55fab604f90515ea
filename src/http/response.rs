//! What handlers return.

use std::borrow::Cow;

/// Content type of texts for people.
pub const TEXT: &str = "text/plain;charset=utf-8";
/// Content type of JSON.
pub const JSON: &str = "application/json;charset=utf-8";

/// An answer. `net::exchange` adds `connection` and `content-length`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body.
    pub body: Vec<u8>,
    /// The client's connection is closed after this answer.
    pub close: bool,
    /// The client gets nothing of this answer: its connection is just closed.
    pub silent: bool,
    /// The body is a piece of a file of this length; the others are asked for with [`super::request::Request::offset`].
    pub piece_of: Option<u64>,
}

impl Response {
    /// No body.
    pub fn empty(status: u16) -> Self {
        Response { status, headers: Vec::new(), body: Vec::new(), close: false, silent: false, piece_of: None }
    }

    /// No answer at all: the connection is closed.
    pub fn silence() -> Self {
        Response { silent: true, ..Response::empty(403) }
    }

    /// 200 with any body.
    pub fn ok(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Response { body, ..Response::empty(200) }.with("content-type", content_type)
    }

    /// 200 with JSON.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Response::ok(JSON, body)
    }

    /// A text, usually why something was refused.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Response { status, ..Response::ok(TEXT, text.into()) }
    }

    /// A handler failed for reasons of its own: 500 without a text.
    pub fn failure() -> Self {
        Response::text(500, "")
    }

    /// To another path of this server; what does not belong into a path is escaped, `%` too.
    pub fn redirect(status: u16, to: impl AsRef<str>) -> Self {
        let mut location = String::with_capacity(to.as_ref().len());
        for byte in to.as_ref().bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
                location.push(char::from(byte));
            } else {
                location.push_str(&format!("%{byte:02X}"));
            }
        }
        Response::empty(status).with("location", location)
    }

    /// With one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_ref())
    }
}

/// Where a handler that needs time sends its answer. Dropped without one, the client gets status 500.
pub struct Responder(Box<dyn FnOnce(Response) + Send>);

impl Responder {
    /// What to do with the answer.
    pub fn new(send: impl FnOnce(Response) + Send + 'static) -> Self {
        Responder(Box::new(send))
    }

    /// Answers.
    pub fn send(self, response: Response) {
        (self.0)(response);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_ascii() {
        let response = Response::redirect(301, "/\u{e9} o+x@b.cc_1.csv.gz");
        assert_eq!(response.header("location"), Some("/%C3%A9%20o+x@b.cc_1.csv.gz"));
        let odd = Response::redirect(301, "/a%20{b}#c?\"d\"@b.cc_1.csv.gz");
        assert_eq!(odd.header("location"), Some("/a%2520%7Bb%7D%23c%3F%22d%22@b.cc_1.csv.gz"));
    }
}

#[cfg(test)]
pub mod testing {
    //! Answers that tests wait for.

    use super::*;
    use std::sync::mpsc;

    /// A responder, and where its answer arrives.
    pub fn responder() -> (Responder, mpsc::Receiver<Response>) {
        let (sender, receiver) = mpsc::channel();
        (Responder::new(move |response| sender.send(response).unwrap()), receiver)
    }

    impl Response {
        /// Status and body as text.
        pub fn shown(&self) -> (u16, &str) {
            (self.status, std::str::from_utf8(&self.body).unwrap())
        }
    }
}

//! The HTTP request of a webhook widget and its answer.

use std::borrow::Cow;
use std::fmt::Write;

use super::http_client::{HttpClient, HttpError};
use super::punycode;

/// A request whose placeholders are already replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The widget's `method`.
    pub method: Method,
    /// The URL as the template gave it: not yet percent-encoded, any scheme.
    pub url: String,
    /// Names and values, in order; a later header replaces an earlier one of the same name.
    pub headers: Vec<(String, String)>,
    /// Sent only when some header names the content type.
    pub body: Option<String>,
}

impl Call {
    /// Bytes of its texts.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.url.len() + headers + self.body.as_ref().map_or(0, String::len)
    }
}

/// The methods a webhook can use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    #[default]
    Get,
    Post,
    Put,
    Delete,
}

/// An answer that counts as success (status 200, 201, 202, 204 or 302).
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The decoded body; `None` when there was none or it was larger than allowed.
    pub body: Option<String>,
}

// URLs, headers and bodies hold keys: nothing of them may reach a log through `{:?}`.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({:?})", self.method)
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.as_ref().map_or(0, String::len))
    }
}

/// Why a call did not succeed. The texts hold neither URL nor answer.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// URL or headers cannot be sent at all: nothing happened, and it is no failure of the called server.
    #[error("webhook not sent: {0}")]
    Unusable(HttpError),
    /// The answer's status does not count as success.
    #[error("webhook answered with status {0}")]
    Status(u16),
    /// No answer.
    #[error("webhook failed: {0}")]
    Failed(HttpError),
}

impl WebhookError {
    /// True when the widget's failure counter grows.
    pub fn counts(&self) -> bool {
        !matches!(self, Self::Unusable(_))
    }
}

/// Sends the request and reads an answer of at most `limit` bytes.
///
/// A larger answer has `body` `None`: half an answer is of no use to a device.
///
/// # Errors
/// See [`WebhookError`]; a redirect other than 302 is one, none is followed.
pub fn send(call: &Call, client: &HttpClient, limit: usize) -> Result<Answer, WebhookError> {
    let url = request_url(&call.url).ok_or(WebhookError::Unusable(HttpError::BadUrl))?;
    let (headers, has_type) = request_headers(&call.headers);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    let text = call.body.as_deref().filter(|_| has_type).filter(|body| !body.is_empty());
    let (method, empty) = match call.method {
        Method::Get => ("GET", None),
        Method::Delete => ("DELETE", None),
        Method::Post => ("POST", Some("")),
        Method::Put => ("PUT", Some("")),
    };
    let body = text.or(empty).map(str::as_bytes);
    let reply = client.request(method, &url, &headers, body, limit).map_err(|error| match error {
        HttpError::BadUrl | HttpError::BadHeader => WebhookError::Unusable(error),
        error => WebhookError::Failed(error),
    })?;
    if !matches!(reply.status, 200 | 201 | 202 | 204 | 302) {
        return Err(WebhookError::Status(reply.status));
    }
    let body = (!reply.truncated && !reply.body.is_empty()).then(|| String::from_utf8_lossy(&reply.body).into_owned());
    Ok(Answer { status: reply.status, body })
}

/// The headers to send, later ones replacing earlier ones, and whether one names the content type.
fn request_headers(headers: &[(String, String)]) -> (Vec<(&str, Cow<'_, str>)>, bool) {
    let mut out: Vec<(&str, Cow<str>)> = Vec::with_capacity(headers.len());
    let mut has_type = false;
    for (name, value) in headers {
        // The client counts the body itself; a wrong count would break the connection.
        if name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding") {
            continue;
        }
        let mut value = Cow::Borrowed(value.as_str());
        if name.eq_ignore_ascii_case("content-type") {
            has_type = true;
            let lower = value.to_ascii_lowercase();
            if lower.starts_with("text/") && !lower.contains("charset") {
                value.to_mut().push_str("; charset=UTF-8");
            }
        }
        match out.iter_mut().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            Some(slot) => *slot = (name, value),
            None => out.push((name, value)),
        }
    }
    (out, has_type)
}

/// The URL in the form that goes over the wire; `None` when it is not one of HTTP.
///
/// Path and query are percent-encoded but for what URLs may hold; `%` stays, so templates can hold encoded text.
fn request_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "http" && scheme != "https" {
        return None;
    }
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = match authority.is_ascii() {
        true => Cow::Borrowed(authority),
        false => Cow::Owned(punycode::domain_to_ascii(authority)?),
    };
    let mut out = format!("{scheme}://{authority}");
    if !tail.starts_with('/') {
        out.push('/');
    }
    for &byte in tail.as_bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%?".contains(&byte);
        if plain {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::local_address::LocalAddresses;
    use super::super::test_server::{Seen, TestServer};
    use super::*;

    fn call(method: Method, url: String) -> Call {
        Call { method, url, headers: Vec::new(), body: None }
    }

    fn run(call: &Call) -> Result<Answer, WebhookError> {
        send(call, &HttpClient::new(LocalAddresses::Allow), 100)
    }

    fn seen(method: Method, headers: &[(&str, &str)], body: Option<&str>) -> Seen {
        let server = TestServer::start(vec![TestServer::answer(200, "")]);
        let headers = headers.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        run(&Call { method, url: server.url("/"), headers, body: body.map(str::to_owned) }).unwrap();
        server.seen()
    }

    #[test]
    fn urls_are_encoded_but_not_twice() {
        for (from, to) in [
            ("http://h/u?f=a b&g=c&t=a b\0c", "http://h/u?f=a%20b&g=c&t=a%20b%00c"),
            ("HTTP://h", "http://h/"),
            ("https://h:8?x=é\"[1]", "https://h:8/?x=%C3%A9%22%5B1%5D"),
            ("http://h/a%20b?c=d?e#frag?x", "http://h/a%20b?c=d?e"),
            ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ] {
            assert_eq!(request_url(from).as_deref(), Some(to), "{from}");
        }
        for bad in ["abc", "httpx://h/", "http:/h", "ftp://h/", "", "http"] {
            assert_eq!(request_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_body_needs_a_content_type() {
        let json = ("Content-Type", "application/json");
        assert_eq!(seen(Method::Put, &[json], Some("[\"1\"]")).text(), "[\"1\"]");
        assert_eq!(seen(Method::Get, &[("content-type", "application/json")], Some("x")).text(), "x");
        assert_eq!(seen(Method::Delete, &[json], Some("x")).text(), "x");
        let bare = seen(Method::Post, &[], Some("x"));
        assert_eq!((bare.text(), bare.header("content-length")), ("", Some("0")));
        assert_eq!(seen(Method::Get, &[json], Some("")).header("content-length"), None);
    }

    #[test]
    fn headers_are_those_of_the_widget() {
        let seen = seen(
            Method::Post,
            &[("X-A", "1"), ("Content-Type", "text/plain"), ("Content-Length", "99"), ("x-a", "2")],
            Some("grün"),
        );
        assert_eq!(seen.header("x-a"), Some("2"));
        assert_eq!(seen.headers.iter().filter(|(name, _)| name == "x-a").count(), 1);
        assert_eq!(seen.header("content-type"), Some("text/plain; charset=UTF-8"));
        assert_eq!(seen.header("user-agent"), None);
        assert_eq!((seen.header("content-length"), seen.text()), (Some("5"), "grün"));
    }

    #[test]
    fn some_statuses_are_success() {
        for (status, ok) in
            [(200, true), (201, true), (202, true), (302, true), (301, false), (404, false), (500, false)]
        {
            let server = TestServer::start(vec![TestServer::answer(status, "X")]);
            match run(&call(Method::Get, server.url("/"))) {
                Ok(answer) => assert!(ok && answer.status == status && answer.body.as_deref() == Some("X"), "{status}"),
                Err(error) => assert!(!ok && error.counts(), "{status}"),
            }
        }
        let server = TestServer::start(vec!["HTTP/1.1 204 No Content\r\n\r\n"]);
        assert_eq!(run(&call(Method::Get, server.url("/"))).unwrap().body, None);
    }

    #[test]
    fn an_answer_over_the_limit_is_dropped() {
        let server = TestServer::start(vec![
            TestServer::answer(200, &"x".repeat(100)),
            TestServer::answer(200, &"x".repeat(101)),
        ]);
        assert_eq!(run(&call(Method::Get, server.url("/"))).unwrap().body.unwrap().len(), 100);
        assert_eq!(run(&call(Method::Get, server.url("/"))).unwrap(), Answer { status: 200, body: None });
    }

    #[test]
    fn what_cannot_be_sent_is_no_failure_of_the_server() {
        for url in ["abc", "http://a b/", "http://", "httpx://h/"] {
            assert!(!run(&call(Method::Get, url.to_owned())).unwrap_err().counts(), "{url}");
        }
        let bad_header = Call {
            headers: vec![("a\nb".to_owned(), "c".to_owned())],
            ..call(Method::Get, "http://127.0.0.1:1/".to_owned())
        };
        assert!(!run(&bad_header).unwrap_err().counts());
        let refused = run(&call(Method::Get, "http://127.0.0.1:1/?key=secret".to_owned())).unwrap_err();
        assert!(refused.counts() && !refused.to_string().contains("secret"));
    }
}

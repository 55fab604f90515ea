//! `GET /.well-known/acme-challenge/{token}` on the plain ports: an ACME server looks whether the host is ours (RFC 8555, 8.3).

use super::request::Request;
use super::response::Response;
use crate::hub::Hub;

/// 200 with the answer while it is asked for with the right token, else 404.
pub fn handle(hub: &mut Hub, request: &Request) -> Response {
    match &hub.certificate.challenge {
        Some((token, answer)) if token == request.var(0) => Response::ok("text/html", answer.as_bytes()),
        _ => Response::empty(404),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing, Method};
    use crate::hub::testing::hub;

    #[test]
    fn only_the_token_in_question_is_answered() {
        let mut hub = hub();
        let request = |token: &str| testing::request(Method::Get, "/", &[token]);
        assert_eq!(handle(&mut hub, &request("tok1")).status, 404);
        hub.certificate.challenge = Some(("tok1".into(), "tok1.print".into()));
        let found = handle(&mut hub, &request("tok1"));
        assert_eq!((found.status, found.body.as_slice()), (200, b"tok1.print".as_slice()));
        assert_eq!(handle(&mut hub, &request("tok2")).status, 404);
    }
}

//! Tests of the client, with peers that answer.

use super::*;
use crate::notify::test_server::TestServer;
use std::io::{Read, Write};
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

/// Answers what comes, for each connection as often as told; says how often a connection began.
#[allow(clippy::disallowed_methods)] // A peer for the test.
fn counting(answers_each: usize) -> (String, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (began, begun) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            began.send(()).unwrap();
            let mut stream = stream.unwrap();
            for _ in 0..answers_each {
                let _ = stream.read(&mut [0; 1000]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
            }
        }
    });
    (url, begun)
}

#[test]
fn a_connection_is_used_again_until_the_server_closes_it() {
    let ask = |client: &HttpClient, url: &str| client.request("GET", url, &[], None, 10).unwrap().body;
    for (answers_each, connections) in [(3, 1), (1, 3)] {
        let (url, begun) = counting(answers_each);
        let client = client();
        for _ in 0..3 {
            assert_eq!(ask(&client, &url), b"hi");
            if answers_each == 1 {
                // The close is on its way.
                let is_open = || client.idle.lock().unwrap()[0].stream.socket().is_quiet();
                while is_open() {
                    std::thread::yield_now();
                }
            }
        }
        assert_eq!(begun.try_iter().count(), connections);
    }
}

#[test]
#[allow(clippy::disallowed_methods)] // A peer for the test.
fn bytes_that_drip_are_a_timeout_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        while stream.write_all(b"y").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let client = HttpClient::with_timeout(LocalAddresses::Allow, Vec::new(), Duration::from_millis(300));
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
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
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

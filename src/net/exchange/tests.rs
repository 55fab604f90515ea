//! Requests and answers over real sockets.
#![allow(clippy::disallowed_methods)] // Clients wait.

use crate::config::address::{Network, Networks};
use crate::config::Config;
use crate::hub::{testing as hub_testing, Origin};
use crate::net::stream::Stream;
use crate::net::{front, testing};
use crate::store::accounts::password_hash;
use async_io::Async;
use futures_lite::future;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

const TOKEN: &str = "tokentokentokentokentokentokento";

/// Runs a server in this thread and the clients in another one; stops when they end.
fn with_server(folder: &Path, clients: impl FnOnce(u16) + Send + 'static) {
    with_server_on(false, folder, clients);
}

/// The same; `tls`: its requests count as if they had come to the TLS port.
fn with_server_on(tls: bool, folder: &Path, clients: impl FnOnce(u16) + Send + 'static) {
    let mut config = Config { working_folder: folder.to_owned(), ..Config::default() };
    config.server.web_request_max_size = 100_000;
    config.server.proxy_protocol_networks = Networks(Network::parse("127.0.0.1").into_iter().collect());
    let mut hub = hub_testing::hub();
    let dash = format!(r#"{{"id":1,"isActive":true,"devices":[{{"id":0,"token":"{TOKEN}"}}]}}"#);
    let user = hub_testing::user(&mut hub, "a@b.cc", &dash);
    let account = &mut hub.users.get_mut(user).unwrap().user;
    (account.is_super_admin, account.pass) = (true, Some(password_hash("a@b.cc", "s3cret")));
    let (server, inbox) = testing::server(hub, config, folder);
    let executor = Rc::clone(&server.executor);
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.get_ref().local_addr().unwrap().port();
    let accepting = Rc::clone(&server);
    executor
        .spawn(async move {
            while let Ok((socket, address)) = listener.accept().await {
                let origin = Origin { address: address.ip(), port, tls };
                let task = front::run(Rc::clone(&accepting), Stream::Plain(socket), origin, Vec::new());
                accepting.executor.spawn(task).detach();
            }
        })
        .detach();
    let hub = Rc::clone(&server.hub);
    executor
        .spawn(async move {
            while let Ok(call) = inbox.recv().await {
                call(&mut hub.borrow_mut());
            }
        })
        .detach();
    let clients = smol::unblock(move || clients(port));
    async_io::block_on(executor.run(future::or(clients, async {
        async_io::Timer::after(Duration::from_secs(30)).await;
        panic!("the clients take too long");
    })));
}

struct Client(TcpStream);

impl Client {
    fn new(port: u16) -> Self {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Client(socket)
    }

    fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).unwrap();
    }

    /// Reads one answer by its length: head and body.
    fn answer(&mut self) -> (String, Vec<u8>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (head, body)
    }

    fn ask(&mut self, bytes: &str) -> (String, String) {
        self.send(bytes);
        let (head, body) = self.answer();
        (head.lines().next().unwrap().to_owned(), String::from_utf8(body).unwrap())
    }

    fn expect_end(&mut self) {
        assert_eq!(self.0.read(&mut [0; 16]).unwrap_or(0), 0);
    }
}

#[test]
fn requests_in_any_form_are_answered_in_order() {
    let folder = tempfile::tempdir().unwrap();
    with_server(folder.path(), |port| {
        let mut client = Client::new(port);
        let put = format!("PUT /{TOKEN}/update/v1 HTTP/1.1\r\nContent-Type: application/json\r\n");
        let get = format!("GET /{TOKEN}/get/v1 HTTP/1.1\r\n\r\n");
        // Pipelined, with a chunked body among them.
        client.send(&format!("{put}Content-Length: 5\r\n\r\n[\"1\"]{get}{put}Transfer-Encoding: chunked\r\n\r\n"));
        client.send(&format!("3\r\n[\"2\r\n2\r\n\"]\r\n0\r\n\r\n\r\n{get}"));
        let bodies: Vec<_> = (0..4).map(|_| String::from_utf8(client.answer().1).unwrap()).collect();
        assert_eq!(bodies, ["", "[\"1\"]", "", "[\"2\"]"]);
        // A HEAD has the length but not the body.
        client.send(&format!("HEAD /{TOKEN}/get/v1 HTTP/1.1\r\n\r\n{get}"));
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(String::from_utf8(head).unwrap().contains("content-length: 5\r\n"));
        assert_eq!(client.answer().1, b"[\"2\"]");
        // Continue, then the answer.
        let (line, _) = client.ask(&format!("{put}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
        assert_eq!(line, "HTTP/1.1 100 Continue");
        assert_eq!(client.ask("[\"3\"]").0, "HTTP/1.1 200 OK");
        // Like a websocket's, but none: an ordinary request.
        assert_eq!(client.ask("GET /websocketX HTTP/1.1\r\n\r\n").0, "HTTP/1.1 404 Not Found");
        let mut old = Client::new(port);
        old.send(&format!("GET /{TOKEN}/get/v1 HTTP/1.0\r\n\r\n"));
        assert!(old.answer().0.contains("connection: close\r\n"));
        old.expect_end();
    });
}

#[test]
fn what_is_too_much_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    with_server(folder.path(), |port| {
        let put = format!("PUT /{TOKEN}/update/v1 HTTP/1.1\r\nContent-Type: application/json\r\n");
        let mut client = Client::new(port);
        client.send(&format!("{put}Content-Length: 100001\r\n\r\n{}", "x".repeat(100_001)));
        assert!(client.answer().0.starts_with("HTTP/1.1 413 "));
        // The connection goes on after the body.
        assert_eq!(client.ask("GET /healthz HTTP/1.1\r\n\r\n").1, "ok");
        let exact = format!("[\"1\"]{}", " ".repeat(99_995));
        assert_eq!(client.ask(&format!("{put}Content-Length: 100000\r\n\r\n{exact}")).0, "HTTP/1.1 200 OK");
        for (bytes, status) in [
            (format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(5000)), "414"),
            (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(9000)), "431"),
            (format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(30_000)), "431"),
            ("GET / HTTP/1.1\r\nExpect: tea\r\n\r\n".into(), "417"),
            ("GET / HTTP/3.0\r\n\r\n".into(), "505"),
            (format!("{put}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "400"),
            (format!("{put}Transfer-Encoding: chunked\r\n\r\n1ffff\r\n{}", "x".repeat(0x1ffff)), "413"),
        ] {
            let mut client = Client::new(port);
            client.send(&bytes);
            let (head, _) = client.answer();
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {head}");
            client.expect_end();
        }
    });
}

#[test]
fn proxies_say_who_asks() {
    let folder = tempfile::tempdir().unwrap();
    with_server(folder.path(), |port| {
        let mut proxy = Client::new(port);
        assert_eq!(proxy.ask("GET /metrics HTTP/1.1\r\n\r\n").0, "HTTP/1.1 200 OK");
        let asked = proxy.ask("GET /metrics HTTP/1.1\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n");
        assert_eq!(asked.0, "HTTP/1.1 403 Forbidden");
    });
}

#[test]
fn slow_readers_of_large_files_stop_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let data: Vec<u8> = (0..3_000_000u32).map(|n| (n >> 8) as u8).collect();
    std::fs::create_dir_all(folder.path().join("static/ota")).unwrap();
    std::fs::write(folder.path().join("static/ota/f.bin"), &data).unwrap();
    with_server(folder.path(), move |port| {
        // More readers than may be at work at once, and none of them reads.
        let mut readers: Vec<_> = (0..40).map(|_| Client::new(port)).collect();
        for reader in &mut readers {
            reader.send("GET /static/ota/f.bin HTTP/1.1\r\n\r\n");
        }
        assert_eq!(Client::new(port).ask("GET /healthz HTTP/1.1\r\n\r\n").1, "ok");
        let (head, body) = readers[7].answer();
        assert!(head.contains("content-length: 3000000\r\n") && head.contains("connection: keep-alive"));
        assert!(body == data);
        readers[8].answer();
        readers[8].send("GET /static/ota/f.bin HTTP/1.1\r\nRange: bytes=1000000-1999999\r\n\r\n");
        let (head, body) = readers[8].answer();
        assert!(head.starts_with("HTTP/1.1 206 ") && head.contains("content-range: bytes 1000000-1999999/3000000\r\n"));
        assert!(body == data[1_000_000..2_000_000]);
        assert_eq!(readers[7].ask("GET /healthz HTTP/1.1\r\n\r\n").1, "ok");
    });
}

#[test]
fn large_files_are_taken_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let ota = folder.path().join("static/ota");
    let files = ota.clone();
    with_server_on(true, folder.path(), move |port| {
        let data: Vec<u8> = (0..3_000_000u32).map(|n| (n >> 8) as u8).collect();
        let part = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\n\r\n";
        let body = [&part[..], &data, b"\r\n--b--\r\n"].concat();
        let head = |login: &str| {
            let kind = "Content-Type: multipart/form-data; boundary=b";
            format!("POST /upload HTTP/1.1\r\n{login}{kind}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes()
        };
        // base64 of a@b.cc:s3cret
        let head_of_admin = head("Authorization: Basic YUBiLmNjOnMzY3JldA==\r\n");
        let mut client = Client::new(port);
        // The next request is there before the file is stored.
        let all = [&head_of_admin[..], &body, b"GET /healthz HTTP/1.1\r\n\r\n"].concat();
        client.0.write_all(&all).unwrap();
        let (answer, path) = client.answer();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: keep-alive"), "{answer}");
        let path = String::from_utf8(path).unwrap();
        assert_eq!(client.answer().1, b"ok");
        let name = path.strip_prefix("/static/ota/").unwrap();
        assert!(std::fs::read(files.join(name)).unwrap() == data);
        std::fs::remove_file(files.join(name)).unwrap();
        // Who may not is told before the file has come.
        let mut stranger = Client::new(port);
        stranger.0.write_all(&head("")).unwrap();
        let answer = stranger.answer().0;
        assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("connection: close"), "{answer}");
        stranger.expect_end();
        // More than may be at once break off; the next is taken.
        for _ in 0..3 {
            let mut broken = Client::new(port);
            broken.0.write_all(&all[..2_000_000]).unwrap();
        }
        let took = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            let mut last = Client::new(port);
            last.0.write_all(&all).unwrap();
            last.answer().0.starts_with("HTTP/1.1 200 ")
        });
        assert!(took);
    });
    assert_eq!(std::fs::read_dir(ota).unwrap().count(), 1, "only the last");
}

#[test]
fn lines_may_end_in_any_way_and_nothing_is_lost_behind_them() {
    let folder = tempfile::tempdir().unwrap();
    with_server(folder.path(), |port| {
        for (line, end) in [("\n", "\r\n"), ("\n", "\n"), ("\r\n", "\n"), ("\r\n", "\r\n")] {
            let head = format!("GET /healthz HTTP/1.1{line}Host: x{line}{end}");
            let mut client = Client::new(port);
            client.send(&format!("{head}{head}"));
            for _ in 0..2 {
                assert_eq!(client.answer().1, b"ok", "{head:?}");
            }
        }
    });
}

#[test]
fn a_websocket_request_hides_no_other_in_its_body() {
    let folder = tempfile::tempdir().unwrap();
    with_server(folder.path(), |port| {
        let hidden = "GET /healthz HTTP/1.1\r\n\r\n";
        for body in [
            format!("Content-Length: {}\r\n\r\n{hidden}", hidden.len()),
            format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len()),
        ] {
            let mut client = Client::new(port);
            client.send(&format!("GET /websockets HTTP/1.1\r\nSec-WebSocket-Version: 12\r\n{body}GET /xyz HTTP/1.1\r\nConnection: close\r\n\r\n"));
            let mut all = String::new();
            client.0.read_to_string(&mut all).unwrap();
            assert!(!all.contains("HTTP/1.1 200 "), "{all}");
        }
    });
}

#[test]
fn half_bodies_of_one_client_do_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    with_server(folder.path(), |port| {
        let put = |length: usize| {
            format!(
                "PUT /{TOKEN}/update/v1 HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        // As large as they may be, then what is left, to the last byte.
        let lengths = [100_000; 21].into_iter().chain([97_152, 40, 7]);
        let mut greedy = Vec::new();
        for length in lengths {
            let mut client = Client::new(port);
            client.send(&format!("{}{}", put(length), " ".repeat(length - 2)));
            greedy.push(client);
        }
        std::thread::sleep(Duration::from_millis(200));
        let mut other = Client::new(port);
        assert_eq!(other.ask(&format!("{}[\"1\"]", put(5))).0, "HTTP/1.1 200 OK");
    });
}

#[test]
fn half_heads_are_bounded_in_the_sum() {
    let folder = tempfile::tempdir().unwrap();
    with_server(folder.path(), |port| {
        let mut greedy: Vec<_> = (0..200).map(|_| Client::new(port)).collect();
        for client in &mut greedy {
            client.send(&format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(12_000)));
        }
        assert_eq!(Client::new(port).ask("GET /healthz HTTP/1.1\r\n\r\n").1, "ok");
        let is_closed = |client: &mut Client| {
            client.0.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
            client.0.read(&mut [0]).map_or_else(|e| e.kind() == std::io::ErrorKind::ConnectionReset, |n| n == 0)
        };
        let closed = greedy.iter_mut().filter_map(|client| is_closed(client).then_some(())).count();
        assert!((50..150).contains(&closed), "{closed}");
    });
}

#[test]
fn websockets_through_a_proxy_are_their_clients() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.server.proxy_protocol_networks = Networks(Network::parse("127.0.0.1").into_iter().collect());
    let (server, _) = testing::server(hub_testing::hub(), config, folder.path());
    let (mut client, socket) = testing::pair();
    let origin = Origin { address: Ipv4Addr::LOCALHOST.into(), port: 1, tls: false };
    let stream = Stream::Plain(Async::new(socket).unwrap());
    server.executor.spawn(front::run(Rc::clone(&server), stream, origin, Vec::new())).detach();
    let upgrade = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\nX-Forwarded-For: 192.0.2.7\r\n";
    client.write_all(format!("GET /websockets HTTP/1.1\r\n{upgrade}\r\n").as_bytes()).unwrap();
    async_io::block_on(server.executor.run(async_io::Timer::after(Duration::from_millis(100))));
    let hub = server.hub.borrow();
    let addresses: Vec<_> = hub.connections.iter().map(|(_, one)| one.origin.address.to_string()).collect();
    assert_eq!(addresses, ["192.0.2.7"]);
}

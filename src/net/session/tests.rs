//! Sessions over real sockets, in a time that is moved by hand.

use super::*;
use crate::config::Config;
use crate::hub::{testing as hub_testing, AppLogin, AppOs, Peer};
use crate::net::testing::{pair, server};
use async_io::{Async, Timer};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Bytes of a beginning that is counted.
const LARGE: usize = 10_000;

/// A client and the session that serves it.
struct World {
    server: Rc<Server>,
    client: TcpStream,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self::with(Framing::App, Feed::Stream)
    }

    fn with(framing: Framing, feed: Feed) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (server, _) = server(hub_testing::hub(), Config::default(), folder.path());
        let (client, socket) = pair();
        client.set_nonblocking(true).unwrap();
        let origin = Origin { address: client.local_addr().unwrap().ip(), port: 1, tls: true };
        let stream = Stream::Plain(Async::new(socket).unwrap());
        let session = run(Rc::clone(&server), stream, origin, Vec::new(), framing, feed);
        server.executor.spawn(session).detach();
        World { server, client, _folder: folder }
    }

    /// From now on the client is an app of an account, or a guest.
    fn log_in(&mut self, guest_of: Option<i32>) {
        assert!(self.goes_on(0, b""));
        let mut hub = self.server.hub.borrow_mut();
        let user = hub_testing::user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let conn = hub.connections.iter().next().unwrap().0;
        let login = AppLogin { user, guest_of, os: AppOs::Android, version: 22734 };
        hub.connections.get_mut(conn).unwrap().peer = Peer::App(login);
    }

    /// Lets the session do what it can.
    fn turn(&self) {
        for _ in 0..5 {
            async_io::block_on(self.server.executor.run(Timer::after(Duration::from_millis(5))));
        }
    }

    /// Sends bytes when so many seconds have passed; whether the session goes on after them.
    fn goes_on(&mut self, seconds: u64, bytes: &[u8]) -> bool {
        hub_testing::advance(&mut self.server.hub.borrow_mut(), seconds * 1000);
        self.client.write_all(bytes).unwrap();
        self.turn();
        loop {
            match self.client.read(&mut [0; 64]) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(e) => return e.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}

/// The header of a frame with a command that nobody knows, and the beginning of its body.
fn beginning(length: u32, part: usize) -> Vec<u8> {
    [&[99, 0, 1][..], &length.to_be_bytes(), &vec![b'x'; part]].concat()
}

#[test]
fn a_large_frame_that_drips_is_given_up() {
    let mut world = World::new();
    assert!(world.goes_on(0, &beginning(60_000, LARGE)));
    // A minute, and a second for each 4 KB of the 20 KB that are kept.
    assert!((0..12).all(|_| world.goes_on(5, b"x")));
    assert!(!(0..2).all(|_| world.goes_on(5, b"x")));
}

#[test]
fn small_frames_and_new_ones_have_their_own_time() {
    let mut world = World::new();
    world.log_in(None);
    // A small one costs nothing.
    assert!(world.goes_on(0, &beginning(3_000, 1_000)) && (0..50).all(|_| world.goes_on(60, b"x")));
    assert!(world.goes_on(60, &[b'x'; 1_950]));
    // One large frame after the other.
    for _ in 0..3 {
        assert!(world.goes_on(0, &beginning(20_000, LARGE)) && world.goes_on(50, &[b'x'; LARGE]));
    }
}

#[test]
fn only_an_accounts_own_apps_may_send_large_frames() {
    for (guest_of, may) in [(None, true), (Some(1), false)] {
        let mut world = World::new();
        world.log_in(guest_of);
        assert!(world.goes_on(0, &beginning(60_000, LARGE)) && world.goes_on(0, &vec![b'x'; 60_000 - LARGE]));
        assert_eq!(world.goes_on(0, &beginning(100_000, LARGE)), may);
    }
}

#[test]
fn a_stranger_that_reads_no_answers_is_not_listened_to() {
    let mut world = World::with(Framing::HardwareWebSocket, Feed::WebSocket(Box::default()));
    let ping = [&[0x89, 0xFD, 0, 0, 0, 0][..], &[b'x'; 125]].concat().repeat(100);
    let mut sent = 0;
    for _ in 0..200 {
        while let Ok(n @ 1..) = world.client.write(&ping[sent % ping.len()..]) {
            sent += n;
        }
        world.turn();
    }
    let waiting = world.server.hub.borrow().connections.iter().map(|(_, one)| one.outbox.waiting()).sum::<usize>();
    assert!(sent > 1_000_000 && waiting > 0 && waiting < 64 * 1024, "{sent} sent, {waiting} wait");
}

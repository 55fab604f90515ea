//! Connections that speak HTTP: request heads, upgrades to websockets, and other requests for [`exchange`].

use super::exchange::head::{self, Body};
use super::exchange::memory::Memory;
use super::handshake::{self, Answer, Target, Then};
use super::server::Server;
use super::session::Feed;
use super::stream::Stream;
use super::{exchange, session};
use crate::http::forwarded;
use crate::hub::{Framing, Origin};
use async_io::Timer;
use futures_lite::future;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;

/// Longest request head, in bytes.
pub const HEAD_MAX: usize = 16 * 1024;
/// Most headers of a request.
pub const HEADERS_MAX: usize = 64;
/// How long a request head may take to come, and how long a connection may wait for its next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Serves an HTTP connection to its end. `bytes`: what was read already.
pub async fn run(server: Rc<Server>, mut stream: Stream, origin: Origin, mut bytes: Vec<u8>) {
    loop {
        let late = async {
            Timer::after(HEAD_TIMEOUT).await;
            None
        };
        let head = future::or(read_head(&server, &mut stream, origin, &mut bytes), late);
        let Some(head) = server.places.unless_needed(head).await else { break };
        let upgrade = upgrade(&server, origin, bytes.get(..head).unwrap_or_default());
        match upgrade {
            None => match exchange::run(&server, &mut stream, origin, head, bytes).await {
                Some(rest) => bytes = rest,
                None => break,
            },
            Some((answer, target, origin)) => {
                if write_all(&mut stream, &answer.bytes).await.is_none() {
                    break;
                }
                let rest = bytes.split_off(head);
                match answer.then {
                    Then::Http => bytes = rest,
                    Then::Close => break,
                    Then::Frames => {
                        let framing =
                            if target == Target::App { Framing::AppWebSocket } else { Framing::HardwareWebSocket };
                        session::run(server, stream, origin, rest, framing, Feed::WebSocket(Box::default())).await;
                        return;
                    }
                }
            }
        }
    }
    stream.shut_down();
}

/// The answer to a request for a websocket, what that speaks, and who asks. `None`: it is none, or has a body, which would be
/// taken for what comes after it.
fn upgrade(server: &Rc<Server>, origin: Origin, bytes: &[u8]) -> Option<(Answer, Target, Origin)> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(bytes).ok()?;
    let target = handshake::target(request.path.unwrap_or_default(), origin.tls);
    if target == Target::Http {
        return None;
    }
    let (mut asked, head) = head::read(bytes, origin).ok()?;
    if head.body != Body::Length(0) {
        return None;
    }
    asked.origin.address = forwarded::client(&asked, &server.hub.borrow().config.server.proxy_protocol_networks);
    Some((handshake::answer(&request), target, asked.origin))
}

/// Reads until `bytes` holds a whole request head; its length. `None`: the connection ended, or there is no room for
/// more half heads.
async fn read_head(server: &Rc<Server>, stream: &mut Stream, origin: Origin, bytes: &mut Vec<u8>) -> Option<usize> {
    let mut searched = 0;
    let mut memory = Memory::new(&server.exchanges.requests, origin.address);
    loop {
        // Blank lines before a request are allowed.
        let blank = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        bytes.drain(..blank);
        searched = searched.min(bytes.len());
        if let Some(end) = find_end(bytes, searched) {
            return Some(end);
        }
        if bytes.len() > HEAD_MAX {
            return Some(bytes.len());
        }
        searched = bytes.len().saturating_sub(2);
        memory.grow_to(bytes.len(), 0).ok()?;
        if read_more(server, stream, bytes).await? == 0 {
            return None;
        }
    }
}

/// Where the empty line that ends a head ends, looking from `from` on. Lines end with or without CR.
fn find_end(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let ends = |at: usize| match rest.get(at..) {
        Some([b'\n', b'\n', ..]) => Some(from + at + 2),
        Some([b'\n', b'\r', b'\n', ..]) => Some(from + at + 3),
        _ => None,
    };
    (0..rest.len()).find_map(ends)
}

/// Reads once and appends; how many bytes came.
pub async fn read_more(server: &Rc<Server>, stream: &mut Stream, bytes: &mut Vec<u8>) -> Option<usize> {
    poll_fn(|cx| {
        let mut buffer = server.buffer.borrow_mut();
        stream.poll_read(cx, &mut buffer).map(|result| result.inspect(|n| bytes.extend_from_slice(&buffer[..*n])))
    })
    .await
    .ok()
}

/// How long a closed connection may still send, so that it sees what was said before.
const LINGER: Duration = Duration::from_secs(2);
/// How often what it sends is read and thrown away meanwhile.
const LINGER_READS: usize = 256;

/// Says that nothing more comes, and lets the peer finish: what it sent unread would make the system throw away what it
/// has not read.
pub async fn linger(server: &Rc<Server>, stream: &mut Stream) {
    stream.shut_down();
    let mut discard = |cx: &mut Context<'_>| stream.poll_read(cx, &mut server.buffer.borrow_mut());
    let drain = async {
        for _ in 0..LINGER_READS {
            if !matches!(poll_fn(&mut discard).await, Ok(1..)) {
                break;
            }
            // Others have their turn, however fast it sends.
            future::yield_now().await;
        }
    };
    future::or(drain, async {
        Timer::after(LINGER).await;
    })
    .await;
}

/// Sends everything.
pub async fn write_all(stream: &mut Stream, mut bytes: &[u8]) -> Option<()> {
    while !bytes.is_empty() {
        let n = poll_fn(|cx| stream.poll_write(cx, bytes)).await.ok()?;
        bytes = bytes.get(n..)?;
    }
    poll_fn(|cx| stream.poll_flush(cx)).await.ok()
}

//! A connection that speaks frames: reads, decodes, dispatches, and sends what waits in its outbox.
//!
//! Order within one poll: send, read, handle, send again; only when neither goes on the task waits. Its waker is in the
//! outbox exactly while it waits, so that messages made by its own frames do not wake it once more.

use super::front;
use super::mqtt_session::Packets;
use super::pending::{self, Owner, Share};
use super::server::Server;
use super::stream::Stream;
use super::websocket::{Event, WebSocket};
use crate::hub::meter::Verdict;
use crate::hub::{ConnId, Flow, Framing, Hub, Origin, Outbox};
use crate::wire::frame::{self, Decoded};
use crate::wire::{Command, Message, Status};
use crate::{app, hardware};
use std::future::{poll_fn, Future};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A frame of a stranger or a guest may not be longer than this: only an account's own apps have large ones to send.
const STRANGER_FRAME_MAX: usize = 64 * 1024 + frame::APP_HEADER;
/// With more bytes of unread answers than this, those included that workers are at, no further requests are handled.
const UNREAD_MAX: usize = 1024 * 1024;
/// The same of a stranger, of whom there may be many.
const STRANGER_UNREAD_MAX: usize = 16 * 1024;
/// Reads in a row before other tasks get their turn.
const READS_IN_A_ROW: usize = 8;
/// ms that a large frame may stay unfinished, and a second more for each [`UNFINISHED_RATE`] of its bytes.
const UNFINISHED_MAX: u64 = 60_000;
/// Bytes a second: slower than any network that large frames are sent over.
const UNFINISHED_RATE: u64 = 4 * 1024;

/// How a connection's bytes become messages.
pub enum Feed {
    /// Frames, one after the other.
    Stream,
    /// Frames in websocket messages.
    WebSocket(Box<WebSocket>),
    /// MQTT packets.
    Packets(Box<Packets>),
}

struct Session {
    server: Rc<Server>,
    stream: Stream,
    conn: ConnId,
    outbox: Rc<Outbox>,
    /// The beginning of a frame whose rest has not come.
    partial: Vec<u8>,
    /// Size of that frame, once its header has come.
    whole: usize,
    /// Its answers may wait as long as this, bytes.
    unread_max: usize,
    /// What of all memory for unfinished frames it takes.
    share: Share,
    /// In `partial` are whole frames, not handled because too many answers are unread.
    held: bool,
    /// What is around or in place of frames.
    feed: Feed,
    /// Since when a large frame is unfinished, ms since start.
    unfinished_since: Option<u64>,
    /// No more frames are handled.
    closing: bool,
}

/// Serves a connection to its end. `first`: bytes that were read already.
pub fn run(
    server: Rc<Server>,
    stream: Stream,
    origin: Origin,
    first: Vec<u8>,
    framing: Framing,
    feed: Feed,
) -> Pin<Box<dyn Future<Output = ()>>> {
    let idle_timeout = idle_timeout(&server.hub.borrow(), framing);
    let (conn, outbox) = server.open(framing, origin, idle_timeout);
    let share = Share::new(Rc::clone(&server.pending), Rc::clone(&outbox));
    let (partial, whole) = (Vec::new(), 0);
    let mut session = Session {
        server,
        stream,
        conn,
        outbox,
        partial,
        whole,
        unread_max: STRANGER_UNREAD_MAX,
        share,
        held: false,
        feed,
        unfinished_since: None,
        closing: false,
    };
    session.feed(&first);
    drop(first);
    Box::pin(async move {
        let end = poll_fn(|cx| session.poll(cx)).await;
        let (server, mut stream, conn) = session.into_parts();
        server.hub.borrow_mut().connection_lost(conn);
        match end {
            // Boxed: idle connections need not reserve what it takes.
            Ok(End::Closed) => Box::pin(front::linger(&server, &mut stream)).await,
            Ok(End::Left) => stream.shut_down(),
            Err(e) => log::debug!("connection ended: {e}"),
        }
    })
}

/// How a connection ended.
enum End {
    /// This side closed it.
    Closed,
    /// The peer did.
    Left,
}

/// ms without a byte after which a connection is closed; 0 = never.
fn idle_timeout(hub: &Hub, framing: Framing) -> u32 {
    let config = &hub.config.server;
    match framing {
        Framing::App | Framing::AppWebSocket => config.app_socket_idle_timeout.saturating_mul(1000),
        _ => hardware::idle_timeout(config.hard_socket_idle_timeout, framing),
    }
}

impl Session {
    /// What the end of a connection needs; what it kept is given back now.
    fn into_parts(self) -> (Rc<Server>, Stream, ConnId) {
        (self.server, self.stream, self.conn)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<End>> {
        self.outbox.unregister();
        for _ in 0..READS_IN_A_ROW {
            let sent = self.send(cx)?;
            if self.outbox.is_closing() && sent.is_ready() {
                return Poll::Ready(Ok(End::Closed));
            }
            if self.outbox.owed() > self.unread_max {
                return self.wait(cx);
            }
            if std::mem::take(&mut self.held) {
                self.resume();
                continue;
            }
            let buffer_owner = Rc::clone(&self.server);
            let mut buffer = buffer_owner.buffer.borrow_mut();
            match self.stream.poll_read(cx, &mut buffer) {
                Poll::Pending => {
                    drop(buffer);
                    return self.wait(cx);
                }
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Ready(Ok(0)) => {
                    // The peer's half-close ends the connection, after what it asked before was answered.
                    if self.outbox.is_promised_more() {
                        drop(buffer);
                        return self.wait(cx);
                    }
                    let _ = self.send(cx)?;
                    return Poll::Ready(Ok(End::Left));
                }
                Poll::Ready(Ok(n)) => self.feed(&buffer[..n]),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Leaves the waker in the outbox. What came in meanwhile is sent first.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<End>> {
        self.outbox.register(cx.waker());
        if self.outbox.is_closing() && self.outbox.waiting() == 0 {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Sends until nothing waits (`Ready`) or the socket takes no more.
    fn send(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        while self.outbox.waiting() > 0 {
            let mut pending = false;
            let stream = &mut self.stream;
            self.outbox.drain(|bytes| match stream.poll_write(cx, bytes) {
                Poll::Ready(result) => result,
                Poll::Pending => {
                    pending = true;
                    Ok(0)
                }
            })?;
            if pending {
                return Ok(Poll::Pending);
            }
        }
        match self.stream.poll_flush(cx) {
            Poll::Ready(result) => result.map(Poll::Ready),
            Poll::Pending => Ok(Poll::Pending),
        }
    }

    /// Handles the bytes that came.
    fn feed(&mut self, bytes: &[u8]) {
        self.batch(|session, hub| session.feed_to(hub, bytes));
    }

    /// Goes on with frames that were held back.
    fn resume(&mut self) {
        self.batch(|session, hub| session.feed_stream(hub, &[]));
    }

    fn batch(&mut self, work: impl FnOnce(&mut Self, &mut Hub)) {
        if self.closing || self.outbox.is_closing() {
            self.closing = true;
            return;
        }
        let server = Rc::clone(&self.server);
        server.batch(|hub| {
            work(self, hub);
            self.count(hub);
        });
    }

    /// Counts what is kept of unfinished frames; a connection for which there is no room is closed, as one whose frame is too long.
    fn count(&mut self, hub: &Hub) {
        let around = match &self.feed {
            Feed::Stream => 0,
            Feed::WebSocket(websocket) => websocket.kept(),
            Feed::Packets(packets) => packets.kept(),
        };
        let owner = Owner::of(hub.connections.get(self.conn).map(|connection| connection.peer));
        self.unread_max = if owner == Owner::Stranger { STRANGER_UNREAD_MAX } else { UNREAD_MAX };
        let (frame, ticks) = (self.partial.capacity(), hub.ticks());
        // What is held back waits for this side.
        self.unfinished_since = (frame > pending::FREE && !self.held).then(|| self.unfinished_since.unwrap_or(ticks));
        let waits = ticks.saturating_sub(self.unfinished_since.unwrap_or(ticks));
        let is_slow = waits > UNFINISHED_MAX + frame as u64 * 1000 / UNFINISHED_RATE;
        if (is_slow || !self.share.set(frame + around, owner)) && !self.closing {
            log::debug!("too many bytes of unfinished frames, or for too long");
            self.feed = Feed::Stream;
            self.end();
        }
    }

    fn feed_to(&mut self, hub: &mut Hub, bytes: &[u8]) {
        let ticks = hub.ticks();
        match hub.connections.get_mut(self.conn) {
            Some(connection) => connection.last_read = ticks,
            None => return self.end(),
        }
        match std::mem::replace(&mut self.feed, Feed::Stream) {
            Feed::Stream => self.feed_stream(hub, bytes),
            Feed::WebSocket(websocket) => self.feed_websocket(hub, websocket, bytes),
            Feed::Packets(mut packets) => {
                if packets.feed(hub, self.conn, &self.outbox, bytes) == Flow::Close {
                    self.end();
                }
                self.feed = Feed::Packets(packets);
            }
        }
    }

    fn feed_websocket(&mut self, hub: &mut Hub, mut websocket: Box<WebSocket>, mut input: &[u8]) {
        let mut answers = Vec::new();
        while !self.closing {
            let event = websocket.receive(&mut input, &mut answers);
            if !answers.is_empty() {
                self.outbox.push_raw(&answers);
                answers.clear();
            }
            match event {
                None => break,
                Some(Event::Closed) => {
                    self.closing = true;
                    self.outbox.finish();
                }
                Some(Event::Message(message)) if self.outbox.framing() == Framing::AppWebSocket => {
                    hub.stats.count(Command::WEB_SOCKETS);
                    // Frames that are no message are ignored: each stands alone.
                    if let Ok(message) = frame::decode_dash(message) {
                        self.handle(hub, message);
                    }
                }
                Some(Event::Message(message)) => {
                    hub.stats.count(Command::WEB_SOCKETS);
                    self.feed_stream(hub, message);
                }
            }
        }
        self.feed = Feed::WebSocket(websocket);
    }

    fn feed_stream(&mut self, hub: &mut Hub, bytes: &[u8]) {
        if self.partial.is_empty() {
            let used = self.handle_all(hub, bytes);
            if used < bytes.len() && !self.closing {
                self.partial = bytes[used..].to_vec();
            }
            return;
        }
        let mut whole = std::mem::take(&mut self.partial);
        let needed = whole.len() + bytes.len();
        if needed > whole.capacity() {
            // Twice as much each time, and no more than the frame needs.
            let size = (2 * whole.capacity()).min(self.whole).max(needed);
            whole.reserve_exact(size - whole.len());
        }
        whole.extend_from_slice(bytes);
        let used = self.handle_all(hub, &whole);
        if used < whole.len() && !self.closing {
            if used > 0 {
                whole.drain(..used);
            }
            self.partial = whole;
        }
    }

    /// Handles the whole frames at the start of `bytes`, as long as the answers are read; how many bytes they took.
    fn handle_all(&mut self, hub: &mut Hub, bytes: &[u8]) -> usize {
        let app = self.outbox.framing() == Framing::App;
        let mut used = 0;
        while !self.closing {
            let rest = &bytes[used..];
            if rest.is_empty() {
                break;
            }
            if self.outbox.owed() > self.unread_max {
                self.held = true;
                break;
            }
            match if app { frame::decode_app(rest) } else { frame::decode_hardware(rest) } {
                Ok(Decoded::Message(message, length)) => {
                    used += length;
                    self.handle(hub, message);
                }
                Ok(Decoded::Incomplete(needed)) => {
                    let owner = Owner::of(hub.connections.get(self.conn).map(|connection| connection.peer));
                    if !matches!(owner, Owner::Account(_)) && needed > STRANGER_FRAME_MAX {
                        self.end();
                    }
                    self.whole = needed;
                    break;
                }
                Err(error) => {
                    log::debug!("undecodable frame: {error}");
                    self.end();
                }
            }
        }
        used
    }

    fn handle(&mut self, hub: &mut Hub, message: Message<'_>) {
        self.unfinished_since = None;
        let limit = hub.config.server.user_message_quota_limit;
        let ticks = hub.ticks();
        let Some(connection) = hub.connections.get_mut(self.conn) else { return self.end() };
        match connection.meter.count(ticks, limit) {
            Verdict::Within => {}
            Verdict::Over => return,
            Verdict::OverWithNotice => {
                if !connection.outbox.is_congested() {
                    connection.outbox.respond(message.id, Status::QuotaLimit);
                }
                return;
            }
        }
        let flow = match self.outbox.framing() {
            Framing::App | Framing::AppWebSocket => app::dispatch(hub, self.conn, message),
            _ => hardware::dispatch(hub, self.conn, message),
        };
        if flow == Flow::Close || self.outbox.is_closing() {
            self.end();
        }
    }

    fn end(&mut self) {
        self.closing = true;
        self.partial = Vec::new();
        if !self.outbox.is_closing() {
            self.outbox.close();
        }
    }
}

#[cfg(test)]
mod tests;

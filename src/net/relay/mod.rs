//! The way of HTTP requests to the HTTP thread and of its answers back.
//!
//! * A request goes to the HTTP thread when it is whole, an answer to the client when it is whole: a slow client costs
//!   memory up to a bound, never the thread. Only uploads of files are passed on as they come.
//! * At most [`Shares::requests`] are with the HTTP thread, its pending answers (mails, exports) included; others wait their turn, up to [`WAITING_MAX`].
//! * Keep-alive, closing, `Expect` and the refusal of what is too long or too slow are decided here.
//!
//! [`head`] reads requests, [`chunked`] bodies, [`answer`] answers; [`backend`] is a connection to the HTTP thread, [`turns`] says
//! whose turn it is.

pub mod answer;
mod backend;
pub mod chunked;
pub mod head;
mod turns;

use super::front::{linger, read_more, write_all};
use super::server::Server;
use super::stream::Stream;
use crate::descriptors::Shares;
use crate::http::PeerTable;
use crate::hub::Origin;
use answer::AnswerHead;
use async_io::Timer;
use backend::Backend;
use futures_lite::future;
use head::{Body, Head, Refusal};
use smol::lock::Semaphore;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use turns::Turns;

/// An answer that takes longer is late.
const LATE: Duration = Duration::from_millis(250);
/// Connections to the HTTP thread that are kept for the next request.
const KEPT: usize = 4;
/// Most requests that wait for their turn.
const WAITING_MAX: usize = 512;
/// Bytes that all bodies together may take besides one of the largest allowed size.
const BODIES_MAX: usize = 2 * 1024 * 1024;
/// How long a client may pause within a body, or leave its answer unread.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Bytes per second that a body must come with, after the first [`PAUSE_MAX`].
const BODY_RATE: u64 = 2048;
/// How long the HTTP thread may take for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// How much of a refused body is thrown away to keep the connection.
const SKIP_MAX: u64 = 4 * 1024 * 1024;

/// Connections to the HTTP thread.
pub struct Relay {
    /// Who is behind each of them.
    pub peers: PeerTable,
    idle: RefCell<Vec<Backend>>,
    turns: Turns,
    uploads: Semaphore,
    /// Most requests that wait for their turn.
    waiting_max: usize,
    /// Connections that are older than this are not kept when they have served their request.
    generation: Cell<u64>,
    /// Bytes of all bodies that are being read or served.
    bodies: Cell<usize>,
}

impl Relay {
    /// A way for so many requests and uploads at the same time.
    pub fn new(shares: Shares) -> Self {
        Relay {
            peers: PeerTable::default(),
            idle: RefCell::default(),
            turns: Turns::new(shares.requests),
            uploads: Semaphore::new(shares.uploads),
            waiting_max: if shares.requests == 0 { 0 } else { WAITING_MAX },
            generation: Cell::new(0),
            bodies: Cell::new(0),
        }
    }

    /// A connection that is kept, if there is one that is of use.
    fn kept(&self) -> Option<Backend> {
        let mut idle = self.idle.borrow_mut();
        while let Some(backend) = idle.pop() {
            if backend.is_answered() {
                return Some(backend);
            }
        }
        None
    }
}

/// Bytes taken from what all bodies may take together; given back when dropped.
struct Memory<'a> {
    bodies: &'a Cell<usize>,
    taken: usize,
}

impl Memory<'_> {
    fn grow_to(&mut self, size: usize, most: usize) -> Result<(), Refusal> {
        let more = size.saturating_sub(self.taken);
        if self.bodies.get() + more > most {
            return Err(Refusal::Busy);
        }
        self.bodies.set(self.bodies.get() + more);
        self.taken += more;
        Ok(())
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        self.bodies.set(self.bodies.get() - self.taken);
    }
}

/// How a request ended.
enum End {
    /// It was answered; whether the connection stays open.
    Answered(bool),
    /// It is answered with this, and the connection is closed.
    Refused(Refusal),
    /// The client is gone.
    Gone,
}

type Step<T> = Result<T, End>;

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        End::Refused(refusal)
    }
}

/// Forwards the request whose head is the first `head` bytes of `bytes`. Returns what came after the request when the
/// connection stays open. Boxed, so that an idle connection's task is small.
pub fn forward<'a>(
    server: &'a Rc<Server>,
    stream: &'a mut Stream,
    origin: Origin,
    head: usize,
    mut bytes: Vec<u8>,
) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + 'a>> {
    Box::pin(async move {
        let rest = bytes.split_off(head.min(bytes.len()));
        let mut exchange = Exchange { server, stream, origin, input: rest };
        let end = match exchange.read_head(&bytes) {
            Ok(head) => exchange.run(&head).await.unwrap_or_else(|end| end),
            Err(refusal) => End::Refused(refusal),
        };
        match end {
            End::Answered(true) => return Some(exchange.input),
            End::Answered(false) => linger(exchange.server, exchange.stream).await,
            End::Refused(refusal) => {
                let answer = format!("HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", refusal.status());
                if exchange.write(answer.as_bytes()).await.is_ok() {
                    linger(exchange.server, exchange.stream).await;
                }
            }
            End::Gone => {}
        }
        None
    })
}

/// While an answer is late: gives up the connections that are kept, and those that serve others when they have. `tiny_http`
/// may give a new connection to a thread that it believes to be free and that is not, and then serves it only when
/// another connection ends.
async fn relieve<T>(relay: &Relay) -> T {
    loop {
        Timer::after(LATE).await;
        relay.generation.set(relay.generation.get() + 1);
        relay.idle.borrow_mut().clear();
    }
}

/// One request and its answer.
struct Exchange<'a> {
    server: &'a Rc<Server>,
    stream: &'a mut Stream,
    origin: Origin,
    /// What came after the head and is not used yet.
    input: Vec<u8>,
}

impl Exchange<'_> {
    fn read_head(&self, bytes: &[u8]) -> Result<Head, Refusal> {
        let hub = self.server.hub.borrow();
        let admin = self.origin.tls.then_some(hub.config.server.admin_root_path.as_str());
        head::read(bytes, admin)
    }

    async fn run(&mut self, head: &Head) -> Step<End> {
        let (limit, upload_limit) = {
            let hub = self.server.hub.borrow();
            let server = &hub.config.server;
            (server.web_request_max_size, server.ota_max_size.max(server.web_request_max_size))
        };
        let most = u64::from(if head.upload { upload_limit } else { limit });
        if let Body::Length(length) = head.body {
            if length > most {
                return self.skip(head, length).await;
            }
        }
        if head.expects_continue {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        match head.body {
            Body::Length(length) if head.upload && length > u64::from(limit) => self.upload(head, length).await,
            _ => self.whole(head, limit as usize).await,
        }
    }

    /// Reads the body, asks the HTTP thread, sends the answer.
    async fn whole(&mut self, head: &Head, limit: usize) -> Step<End> {
        let server = self.server;
        let mut memory = Memory { bodies: &server.relay.bodies, taken: 0 };
        let body = self.read_body(head.body, limit, &mut memory).await?;
        let (answer, first) = self.ask(head, &body, 0).await?;
        if answer.silent {
            return Err(End::Gone);
        }
        drop(body);
        drop(memory);
        let keep_alive = head.keep_alive && !answer.close;
        let mut out = answer.finish(keep_alive);
        out.extend_from_slice(&first);
        self.write(&out).await?;
        let mut sent = first.len() as u64;
        drop((out, first));
        if let Some(whole) = answer.piece_of.filter(|_| !head.is_head) {
            while sent < whole {
                let (next, piece) = self.ask(head, &[], sent).await.map_err(|_| End::Gone)?;
                if next.version != answer.version || next.piece_of != Some(whole) || piece.is_empty() {
                    // The file was replaced meanwhile: the client sees that its copy is not whole.
                    return Err(End::Gone);
                }
                sent += piece.len() as u64;
                self.write(&piece).await?;
            }
        }
        Ok(End::Answered(keep_alive))
    }

    /// Asks the HTTP thread once, when it is this request's turn.
    async fn ask(&self, head: &Head, body: &[u8], offset: u64) -> Step<(AnswerHead, Vec<u8>)> {
        let relay = &self.server.relay;
        if relay.turns.waiting() >= relay.waiting_max {
            return Err(Refusal::Busy.into());
        }
        let turn = relay.turns.take().await;
        let mut request = head.forward.clone();
        if offset > 0 {
            request.extend_from_slice(format!("{}: {offset}\r\n", answer::PIECE).as_bytes());
        }
        request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        request.extend_from_slice(body);
        let asking = async {
            loop {
                let kept = relay.kept();
                let fresh = kept.is_none();
                let result = self.ask_on(kept, &request, head.is_head).await;
                match result {
                    // The HTTP thread may have closed a connection that was kept.
                    Err(e) if !fresh && e.kind() != io::ErrorKind::InvalidData => {}
                    result => return result,
                }
            }
        };
        let answered = timed(ANSWER_TIMEOUT, future::or(asking, relieve(relay))).await;
        drop(turn);
        match answered {
            None => Err(Refusal::GatewayTimeout.into()),
            Some(Err(e)) => {
                log::warn!("no answer from the HTTP thread: {e}");
                Err(Refusal::BadGateway.into())
            }
            Some(Ok(answer)) => Ok(answer),
        }
    }

    async fn ask_on(&self, kept: Option<Backend>, request: &[u8], bodiless: bool) -> io::Result<(AnswerHead, Vec<u8>)> {
        let relay = &self.server.relay;
        let generation = relay.generation.get();
        let backend = match kept {
            Some(backend) => backend,
            None => Backend::open(self.server.http_port.get(), &relay.peers).await?,
        };
        backend.serve(self.origin);
        backend.send(request).await?;
        let answer = future::or(backend.receive(self.server, bodiless), async {
            backend.abandoned().await;
            Err(io::ErrorKind::ConnectionReset.into())
        })
        .await?;
        if generation != relay.generation.get() {
            return Ok(answer);
        }
        let mut idle = relay.idle.borrow_mut();
        idle.push(backend);
        if relay.turns.waiting() == 0 {
            // Whoever waits would have to make a new one.
            idle.truncate(KEPT);
        }
        Ok(answer)
    }

    /// Passes a file on as it comes, on a connection of its own. The HTTP thread may refuse it before it is whole.
    async fn upload(&mut self, head: &Head, length: u64) -> Step<End> {
        let relay = &self.server.relay;
        let Some(_turn) = relay.uploads.try_acquire() else { return Err(Refusal::Busy.into()) };
        let failed = |e: io::Error| {
            log::warn!("upload: no answer from the HTTP thread: {e}");
            End::Refused(Refusal::BadGateway)
        };
        let backend = Backend::open(self.server.http_port.get(), &relay.peers).await.map_err(failed)?;
        backend.serve(self.origin);
        let mut request = head.forward.clone();
        request.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
        let server = self.server;
        let answer = async {
            let answer = backend.receive(server, false).await;
            Some(answer.map_err(failed))
        };
        let deadline = PAUSE_MAX + Duration::from_secs(length / BODY_RATE);
        let (early, left) = {
            let left = Cell::new(length);
            let pass = async {
                let sent = timed(deadline, async {
                    backend.send(&request).await.map_err(failed)?;
                    while left.get() > 0 {
                        if self.input.is_empty() {
                            self.read().await?;
                        }
                        let n = usize::try_from(left.get()).unwrap_or(usize::MAX).min(self.input.len());
                        backend.send(&self.input[..n]).await.map_err(failed)?;
                        self.input.drain(..n);
                        left.set(left.get() - n as u64);
                    }
                    Ok(())
                });
                match sent.await {
                    None => Some(Err(Refusal::Timeout.into())),
                    Some(Err(end)) => Some(Err(end)),
                    Some(Ok(())) => None,
                }
            };
            let mut answer = std::pin::pin!(answer);
            let early = future::or(answer.as_mut(), async {
                match pass.await {
                    Some(failure) => Some(failure),
                    None => future::pending().await,
                }
            });
            // The deadline of the whole: the body's, and the answer's after it.
            let early = timed(deadline + ANSWER_TIMEOUT, early).await.flatten();
            (early, left.get())
        };
        let (answer, body) = early.unwrap_or(Err(Refusal::GatewayTimeout.into()))?;
        if answer.silent {
            return Err(End::Gone);
        }
        let keep_alive = head.keep_alive && !answer.close && left == 0;
        let mut out = answer.finish(keep_alive);
        out.extend_from_slice(&body);
        self.write(&out).await?;
        Ok(End::Answered(keep_alive))
    }

    /// Answers 413, and reads past the body if the connection is worth it.
    async fn skip(&mut self, head: &Head, mut length: u64) -> Step<End> {
        if head.expects_continue || !head.keep_alive || length > SKIP_MAX {
            return Err(Refusal::TooLarge.into());
        }
        let answer = "HTTP/1.1 413 Request Entity Too Large\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n";
        self.write(answer.as_bytes()).await?;
        let deadline = PAUSE_MAX + Duration::from_secs(length / BODY_RATE);
        let skipped = timed(deadline, async {
            while length > 0 {
                if self.input.is_empty() {
                    self.read().await?;
                }
                let n = usize::try_from(length).unwrap_or(usize::MAX).min(self.input.len());
                self.input.drain(..n);
                length -= n as u64;
            }
            Ok(End::Answered(true))
        });
        skipped.await.unwrap_or(Err(End::Gone))
    }

    async fn read_body(&mut self, body: Body, limit: usize, memory: &mut Memory<'_>) -> Step<Vec<u8>> {
        let most = BODIES_MAX.saturating_add(limit);
        let seconds = match body {
            Body::Length(length) => length / BODY_RATE,
            Body::Chunked => limit as u64 / BODY_RATE,
        };
        let read = timed(PAUSE_MAX + Duration::from_secs(seconds), async {
            match body {
                Body::Length(length) => {
                    let length = usize::try_from(length).map_err(|_| Refusal::TooLarge)?;
                    while self.input.len() < length {
                        memory.grow_to(self.input.len(), most)?;
                        self.read().await?;
                    }
                    memory.grow_to(length, most)?;
                    let after = self.input.split_off(length);
                    Ok(std::mem::replace(&mut self.input, after))
                }
                Body::Chunked => {
                    let (mut decoder, mut body) = (chunked::Decoder::default(), Vec::new());
                    while !decoder.feed(&mut self.input, &mut body).map_err(|_| Refusal::BadRequest)? {
                        if body.len() > limit {
                            return Err(Refusal::TooLarge.into());
                        }
                        memory.grow_to(body.len(), most)?;
                        self.read().await?;
                    }
                    if body.len() > limit {
                        return Err(Refusal::TooLarge.into());
                    }
                    Ok(body)
                }
            }
        });
        read.await.unwrap_or(Err(Refusal::Timeout.into()))
    }

    /// Reads more into `input`.
    async fn read(&mut self) -> Step<()> {
        match timed(PAUSE_MAX, read_more(self.server, self.stream, &mut self.input)).await {
            None => Err(Refusal::Timeout.into()),
            Some(None | Some(0)) => Err(End::Gone),
            Some(Some(_)) => Ok(()),
        }
    }

    /// Sends everything, as long as the client takes some of it now and then.
    async fn write(&mut self, bytes: &[u8]) -> Step<()> {
        for part in bytes.chunks(16 * 1024) {
            match timed(PAUSE_MAX, write_all(self.stream, part)).await {
                Some(Some(())) => {}
                _ => return Err(End::Gone),
            }
        }
        Ok(())
    }
}

/// `None`: it took too long.
async fn timed<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    future::or(async { Some(work.await) }, async {
        Timer::after(limit).await;
        None
    })
    .await
}

#[cfg(test)]
mod tests;

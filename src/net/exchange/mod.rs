//! HTTP requests and their answers, after the head of a request has come.
//!
//! * A request is handled when it is whole, an answer is sent to the client when it is whole: a slow client costs memory
//!   up to a bound, never a thread. Only uploads of files are passed on as they come.
//! * What the event loop answers itself is answered at once. Of what needs a job or reads a file, [`AT_WORK_MAX`] are under
//!   way; others wait their turn, up to [`WAITING_MAX`].
//! * Keep-alive, closing, `Expect` and the refusal of what is too long or too slow are decided here.
//!
//! [`head`] reads requests, [`body`] their bodies, [`upload`] passes files on, [`memory`] bounds what they take, [`answer`] words answers;
//! [`turns`] says whose turn it is.

pub mod answer;
mod body;
pub mod head;
pub mod memory;
mod turns;
mod upload;

use super::front::{linger, read_more, write_all};
use super::server::Server;
use super::stream::Stream;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::Routed;
use crate::hub::Origin;
use async_io::Timer;
use futures_lite::future;
use head::{Body, Head, Refusal};
use memory::{Memory, Requests};
use smol::lock::Semaphore;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use turns::Turns;

/// Most requests that jobs or the thread for files are at.
const AT_WORK_MAX: usize = 16;
/// Most requests that wait for their turn.
const WAITING_MAX: usize = 512;
/// How long a client may pause within a body, or leave its answer unread.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// How much of a refused body is thrown away to keep the connection.
const SKIP_MAX: u64 = 4 * 1024 * 1024;
/// Bodies up to this length are sent with their head.
const SMALL: usize = 16 * 1024;

/// What all requests share.
pub struct Exchanges {
    turns: Turns,
    uploads: Semaphore,
    /// What requests take that are being read or served.
    pub requests: Requests,
}

impl Exchanges {
    /// With so many uploads at the same time.
    pub fn new(uploads: usize) -> Self {
        Exchanges { turns: Turns::new(AT_WORK_MAX), uploads: Semaphore::new(uploads), requests: Requests::default() }
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

/// Answers the request whose head is the first `head` bytes of `bytes`. Returns what came after the request when the
/// connection stays open. Boxed, so that an idle connection's task is small.
pub fn run<'a>(
    server: &'a Rc<Server>,
    stream: &'a mut Stream,
    origin: Origin,
    head: usize,
    mut bytes: Vec<u8>,
) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + 'a>> {
    Box::pin(async move {
        let rest = bytes.split_off(head.min(bytes.len()));
        let head = head::read(&bytes, origin);
        drop(bytes);
        let mut exchange = Exchange { server, stream, input: rest };
        let end = match head {
            Ok((request, head)) => exchange.run(request, head).await.unwrap_or_else(|end| end),
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

/// One request and its answer.
struct Exchange<'a> {
    server: &'a Rc<Server>,
    stream: &'a mut Stream,
    /// What came after the head and is not used yet.
    input: Vec<u8>,
}

impl Exchange<'_> {
    async fn run(&mut self, request: Request, head: Head) -> Step<End> {
        let server = self.server;
        let (routed, limit, upload_limit) = {
            let hub = server.hub.borrow();
            let routed = server.http.route(&hub, request);
            let config = &hub.config.server;
            let limit = config.web_request_max_size;
            let largest = if routed.takes_file() { config.ota_max_size.max(limit) } else { limit };
            (routed, u64::from(limit), u64::from(largest))
        };
        if let Body::Length(length) = head.body {
            if length > upload_limit {
                return self.skip(&head, length).await;
            }
        }
        if head.expects_continue {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        match head.body {
            Body::Length(length) if length > limit => self.upload(&head, routed, length).await,
            _ => self.whole(&head, routed, limit as usize).await,
        }
    }

    /// Reads the body, asks for the answer, sends it.
    async fn whole(&mut self, head: &Head, routed: Routed, limit: usize) -> Step<End> {
        let server = self.server;
        let mut memory = Memory::new(&server.exchanges.requests, routed.client());
        let body = self.read_body(head.body, limit, &mut memory).await?;
        let again = (routed.gives_file() && !head.is_head).then(|| routed.clone());
        let mut response = self.ask(routed.with_body(body)).await?;
        if response.silent {
            return Err(End::Gone);
        }
        drop(memory);
        let keep_alive = head.keep_alive && !response.close;
        let mut out = answer::head(&mut response, keep_alive);
        if head.is_head {
            self.write(&out).await?;
            return Ok(End::Answered(keep_alive));
        }
        let body = std::mem::take(&mut response.body);
        let mut sent = body.len() as u64;
        if body.len() <= SMALL {
            out.extend_from_slice(&body);
            drop(body);
            self.write(&out).await?;
        } else {
            self.write(&out).await?;
            self.write(&body).await?;
        }
        if let (Some(whole), Some(again)) = (response.piece_of, again) {
            let version = response.header("last-modified");
            while sent < whole {
                let next = self.ask(again.clone().from_offset(sent)).await.map_err(|_| End::Gone)?;
                if next.header("last-modified") != version || next.piece_of != Some(whole) || next.body.is_empty() {
                    // The file was replaced meanwhile: the client sees that its copy is not whole.
                    return Err(End::Gone);
                }
                sent += next.body.len() as u64;
                self.write(&next.body).await?;
            }
        }
        Ok(End::Answered(keep_alive))
    }

    /// Asks for the answer, when it is this request's turn if it needs one.
    async fn ask(&self, routed: Routed) -> Step<Response> {
        let server = self.server;
        if routed.is_quick() {
            // Others have theirs, however many requests have come at once.
            future::yield_now().await;
            return Ok(server.batch(|hub| routed.start(&server.http, hub)).response().await);
        }
        let turns = &server.exchanges.turns;
        if turns.waiting() >= WAITING_MAX {
            return Err(Refusal::Busy.into());
        }
        let _turn = turns.take().await;
        let pending = server.batch(|hub| routed.start(&server.http, hub));
        timed(ANSWER_TIMEOUT, pending.response()).await.ok_or(Refusal::GatewayTimeout.into())
    }

    /// Answers 413, and reads past the body if the connection is worth it.
    async fn skip(&mut self, head: &Head, length: u64) -> Step<End> {
        if head.expects_continue || !head.keep_alive || length > SKIP_MAX {
            return Err(Refusal::TooLarge.into());
        }
        let answer = "HTTP/1.1 413 Request Entity Too Large\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n";
        self.write(answer.as_bytes()).await?;
        self.skip_body(length).await?;
        Ok(End::Answered(true))
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

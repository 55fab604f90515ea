//! Files that are too large to be kept in memory: passed on as they come.

use super::body::time_for;
use super::head::{Head, Refusal};
use super::{answer, timed, End, Exchange, Step, ANSWER_TIMEOUT};
use crate::http::{stream, Routed};
use futures_lite::future;
use std::cell::Cell;

impl Exchange<'_> {
    /// Passes the body to a thread of its own, which may refuse it before it is whole.
    pub(super) async fn upload(&mut self, head: &Head, routed: Routed, length: u64) -> Step<End> {
        let server = self.server;
        let Some(_turn) = server.exchanges.uploads.try_acquire() else { return Err(Refusal::Busy.into()) };
        let (sender, body) = stream::stream(length);
        let pending = routed.start_upload(&server.http, Box::new(body));
        let left = Cell::new(length);
        let pass = async {
            let sent = timed(time_for(length), async {
                while left.get() > 0 {
                    if self.input.is_empty() {
                        self.read().await?;
                    }
                    let n = usize::try_from(left.get()).unwrap_or(usize::MAX).min(self.input.len());
                    let after = self.input.split_off(n);
                    let piece = std::mem::replace(&mut self.input, after);
                    left.set(left.get() - n as u64);
                    if sender.send(piece).await.is_err() {
                        // Nobody wants the rest: the answer says why.
                        break;
                    }
                }
                Ok::<(), End>(())
            });
            match sent.await {
                Some(Ok(())) => future::pending().await,
                Some(Err(end)) => Err(end),
                None => Err(Refusal::Timeout.into()),
            }
        };
        let answered = future::or(async { Ok(pending.response().await) }, pass);
        // The deadline of the whole: the body's, and the answer's after it.
        let answered = timed(time_for(length) + ANSWER_TIMEOUT, answered).await;
        let mut response = answered.unwrap_or(Err(Refusal::GatewayTimeout.into()))?;
        if response.silent {
            return Err(End::Gone);
        }
        let keep_alive = head.keep_alive && !response.close && left.get() == 0;
        let mut out = answer::head(&mut response, keep_alive);
        out.append(&mut response.body);
        self.write(&out).await?;
        Ok(End::Answered(keep_alive))
    }
}

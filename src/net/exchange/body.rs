//! Reads the body of a request, within bounds of size, memory and time.

use super::head::{Body, Refusal};
use super::memory::Memory;
use super::{timed, End, Exchange, Step, PAUSE_MAX};
use crate::wire::chunked;
use std::time::Duration;

/// Bytes per second that a body must come with, after the first [`PAUSE_MAX`].
const BODY_RATE: u64 = 2048;

/// How long a body of this length may take.
pub fn time_for(length: u64) -> Duration {
    PAUSE_MAX + Duration::from_secs(length / BODY_RATE)
}

impl Exchange<'_> {
    /// Reads a body of at most `limit` bytes; what came after it stays in the input.
    pub(super) async fn read_body(&mut self, body: Body, limit: usize, memory: &mut Memory<'_>) -> Step<Vec<u8>> {
        let time = match body {
            Body::Length(length) => time_for(length),
            Body::Chunked => time_for(limit as u64),
        };
        let read = timed(time, async {
            match body {
                Body::Length(length) => {
                    let length = usize::try_from(length).map_err(|_| Refusal::TooLarge)?;
                    while self.input.len() < length {
                        memory.grow_to(self.input.len(), limit)?;
                        self.read().await?;
                    }
                    memory.grow_to(length, limit)?;
                    let after = self.input.split_off(length);
                    Ok(std::mem::replace(&mut self.input, after))
                }
                Body::Chunked => {
                    let (mut decoder, mut body) = (chunked::Decoder::default(), Vec::new());
                    while !decoder.feed(&mut self.input, &mut body).map_err(|_| Refusal::BadRequest)? {
                        if body.len() > limit {
                            return Err(Refusal::TooLarge.into());
                        }
                        memory.grow_to(body.len(), limit)?;
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

    /// Reads past a body.
    pub(super) async fn skip_body(&mut self, mut length: u64) -> Step<()> {
        let skipped = timed(time_for(length), async {
            while length > 0 {
                if self.input.is_empty() {
                    self.read().await?;
                }
                let n = usize::try_from(length).unwrap_or(usize::MAX).min(self.input.len());
                self.input.drain(..n);
                length -= n as u64;
            }
            Ok(())
        });
        skipped.await.unwrap_or(Err(End::Gone))
    }
}

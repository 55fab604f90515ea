//! What waits for one database: questions first, then writes in their order. Shared by the event loop and one worker.
//!
//! The lock is held for moving values only, never while a database is spoken to. Writes may take so much memory; what is over
//! it is dropped from the oldest and counted.
#![allow(clippy::disallowed_types)] // The lane is what the event loop and the worker share.

use super::super::jobs::QueueFull;
use super::{Question, Write};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most questions that wait.
const QUESTIONS_MAX: usize = 250;

/// The waiting work of one database.
pub struct Lane {
    state: Mutex<State>,
    changed: Condvar,
    memory: usize,
}

#[derive(Default)]
struct State {
    questions: VecDeque<Question>,
    writes: VecDeque<Write>,
    /// Bytes of the writes.
    size: usize,
    figures: Figures,
    /// No more comes; the worker may go on until then.
    end: Option<Instant>,
}

/// What is known about a lane, for the log and metrics. Numbers wrap around.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Whether the database is there.
    pub connected: bool,
    /// Questions and writes that wait or run.
    pub waiting: u32,
    /// Rows of the writes that wait or run.
    pub waiting_rows: u32,
    /// Questions and writes that were done since start.
    pub done: u32,
    /// Rows that were stored since start.
    pub stored: u32,
    /// Rows that the database refused.
    pub failed: u32,
    /// Rows for which there was no room.
    pub dropped: u32,
}

/// What a worker does next.
pub enum Task {
    /// Answers this.
    Question(Question),
    /// Stores this; [`Lane::done`] or [`Lane::put_back`] must follow.
    Write(Write),
    /// The time has come that it asked for.
    Wake,
    /// Ends.
    End,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.figures().fmt(f)
    }
}

/// A number for figures.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl State {
    /// Makes room by dropping the oldest rows. Accounts stay: the hub sends only a few at a time, and waits for an answer.
    fn make_room(&mut self, memory: usize) -> usize {
        let mut dropped = 0;
        while self.size > memory {
            let Some(at) = self.writes.iter().position(|write| !matches!(write, Write::Users { .. })) else { break };
            let Some(gone) = self.writes.remove(at) else { break };
            self.size -= gone.size();
            dropped += gone.rows();
            self.count_out(&gone);
        }
        self.figures.dropped = self.figures.dropped.wrapping_add(small(dropped));
        dropped
    }

    fn count_out(&mut self, write: &Write) {
        self.figures.waiting -= 1;
        self.figures.waiting_rows = self.figures.waiting_rows.saturating_sub(small(write.rows()));
    }
}

impl Lane {
    /// Nothing waits; at most this many bytes will.
    pub fn new(memory: usize) -> Self {
        Lane { state: Mutex::default(), changed: Condvar::new(), memory }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a question.
    ///
    /// # Errors
    /// Too many wait, or the server ends.
    pub fn ask(&self, question: Question) -> Result<(), QueueFull> {
        let mut state = self.state();
        if state.questions.len() >= QUESTIONS_MAX || state.end.is_some() {
            return Err(QueueFull);
        }
        state.questions.push_back(question);
        state.figures.waiting += 1;
        self.changed.notify_one();
        Ok(())
    }

    /// Queues a write. Returns how many rows were dropped to make room.
    pub fn write(&self, write: Write) -> usize {
        let mut state = self.state();
        if matches!(write, Write::Clean(_)) {
            // The later one does the work of the earlier ones.
            let before = state.writes.len();
            state.writes.retain(|write| !matches!(write, Write::Clean(_)));
            state.figures.waiting -= small(before - state.writes.len());
        }
        state.size += write.size();
        state.figures.waiting += 1;
        state.figures.waiting_rows = state.figures.waiting_rows.saturating_add(small(write.rows()));
        state.writes.push_back(write);
        let dropped = state.make_room(self.memory);
        self.changed.notify_one();
        dropped
    }

    /// What is known now.
    pub fn figures(&self) -> Figures {
        self.state().figures
    }

    /// Takes no more questions. The worker goes on with what waits, but not after `grace`.
    pub fn close(&self, grace: Duration) {
        self.state().end = Some(Instant::now() + grace);
        self.changed.notify_one();
    }

    /// Whether the server ends.
    pub fn is_closing(&self) -> bool {
        self.state().end.is_some()
    }

    /// For the worker: waits for something to do. `writes_from`: no writes before then; `wake`: when it wants to be woken.
    pub fn next(&self, writes_from: Instant, wake: Option<Instant>) -> Task {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            if state.end.is_some_and(|end| end <= now) {
                return Task::End;
            }
            if let Some(question) = state.questions.pop_front() {
                return Task::Question(question);
            }
            if writes_from <= now {
                if let Some(write) = state.writes.pop_front() {
                    state.size -= write.size();
                    return Task::Write(write);
                }
            }
            if state.end.is_some() && state.writes.is_empty() {
                return Task::End;
            }
            // At the end nobody waits for a database that is away.
            if wake.is_some_and(|wake| wake <= now) || state.end.is_some() {
                return Task::Wake;
            }
            let writes = (!state.writes.is_empty()).then_some(writes_from);
            let until = [writes, wake, state.end].into_iter().flatten().min();
            let rest = until.map_or(Duration::from_secs(3600), |until| until.saturating_duration_since(now));
            state = self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// For the worker: a question was answered.
    pub fn answered(&self) {
        let mut state = self.state();
        state.figures.waiting -= 1;
        state.figures.done = state.figures.done.wrapping_add(1);
    }

    /// For the worker: a write was done; so many rows were stored, so many refused.
    pub fn done(&self, write: &Write, stored: usize, failed: usize) {
        let mut state = self.state();
        state.count_out(write);
        let figures = &mut state.figures;
        figures.done = figures.done.wrapping_add(1);
        figures.stored = figures.stored.wrapping_add(small(stored));
        figures.failed = figures.failed.wrapping_add(small(failed));
    }

    /// For the worker: a write must be tried again, before all others.
    pub fn put_back(&self, write: Write) {
        let mut state = self.state();
        state.size += write.size();
        state.writes.push_front(write);
        state.make_room(self.memory);
    }

    /// For the worker: whether the database is there.
    pub fn set_connected(&self, connected: bool) {
        self.state().figures.connected = connected;
    }

    /// What waits, for tests.
    #[cfg(test)]
    pub fn take_all(&self) -> (Vec<Question>, Vec<Write>) {
        let mut state = self.state();
        state.size = 0;
        (state.questions.drain(..).collect(), state.writes.drain(..).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::names::{Pin, PinType};
    use crate::history::rows::{RawRow, RawValue};

    fn raw(rows: usize, ts: i64) -> Write {
        let pin = Pin::new(1, 0, PinType::Virtual, 5);
        Write::Raw(vec![RawRow { email: "a@b.cc".into(), pin, value: RawValue::Number(1.0), ts }; rows])
    }

    fn next(lane: &Lane) -> Task {
        let now = Instant::now();
        lane.next(now, Some(now))
    }

    #[test]
    fn questions_come_first_and_writes_keep_their_order() {
        let lane = Lane::new(1 << 20);
        lane.write(raw(1, 1));
        lane.write(raw(2, 2));
        lane.ask(Question::FindClone("c".into(), Box::new(|_, _| ()))).unwrap();
        assert_eq!((lane.figures().waiting, lane.figures().waiting_rows), (3, 3));
        assert!(matches!(next(&lane), Task::Question(_)));
        lane.answered();
        let Task::Write(first) = next(&lane) else { panic!() };
        assert_eq!(first.rows(), 1);
        lane.put_back(first);
        let Task::Write(first) = next(&lane) else { panic!() };
        lane.done(&first, 1, 0);
        let later = Instant::now() + Duration::from_secs(60);
        assert!(matches!(lane.next(later, Some(Instant::now())), Task::Wake));
        let Task::Write(second) = next(&lane) else { panic!() };
        lane.done(&second, 1, 1);
        assert!(matches!(next(&lane), Task::Wake));
        let wanted = Figures { done: 3, stored: 2, failed: 1, ..Figures::default() };
        assert_eq!(lane.figures(), wanted);
    }

    #[test]
    fn what_is_over_the_limit_is_dropped_from_the_oldest_and_counted() {
        let lane = Lane::new(100 * size_of::<RawRow>());
        assert_eq!(lane.write(raw(40, 1)), 0);
        assert_eq!(lane.write(raw(40, 2)), 0);
        assert_eq!(lane.write(raw(40, 3)), 40);
        let figures = lane.figures();
        assert_eq!((figures.dropped, figures.waiting_rows, figures.waiting), (40, 80, 2));
        let Task::Write(Write::Raw(rows)) = next(&lane) else { panic!() };
        assert_eq!(rows[0].ts, 2);
        lane.write(raw(100, 4));
        lane.put_back(Write::Raw(rows));
        let (_, left) = lane.take_all();
        assert_eq!(left.iter().map(Write::rows).collect::<Vec<_>>(), [100]);
    }

    #[test]
    fn there_is_a_limit_for_questions_and_an_end() {
        let lane = Lane::new(1000);
        let question = || Question::TokenHost("t".into(), Box::new(|_, _| ()));
        for _ in 0..QUESTIONS_MAX {
            lane.ask(question()).unwrap();
        }
        assert_eq!(lane.ask(question()), Err(QueueFull));
        lane.write(Write::Clean(1));
        lane.write(Write::Clean(2));
        lane.close(Duration::from_secs(60));
        for _ in 0..QUESTIONS_MAX {
            assert!(matches!(next(&lane), Task::Question(_)));
        }
        assert_eq!(lane.ask(question()), Err(QueueFull));
        assert!(matches!(next(&lane), Task::Write(Write::Clean(2))));
        assert!(matches!(next(&lane), Task::End));
        lane.write(Write::Clean(3));
        let later = Instant::now() + Duration::from_secs(60);
        assert!(matches!(lane.next(later, Some(later)), Task::Wake));
        lane.close(Duration::ZERO);
        assert!(matches!(next(&lane), Task::End));
    }
}

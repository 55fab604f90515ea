//! What must happen later: a queue of deadlines, run by the event loop.

use super::Hub;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;
use std::task::Waker;

/// What is done when its time has come.
pub type Action = Box<dyn FnOnce(&mut Hub)>;

struct Entry {
    at: u64,
    number: u64,
    action: Action,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap gives out its greatest entry: the earliest, and among equals the first made.
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

/// Actions by deadline, in ms since start. An action that is no longer wanted finds that out itself when it runs.
#[derive(Default)]
pub struct Schedule {
    entries: BinaryHeap<Entry>,
    made: u64,
    /// Of the task that sleeps until the earliest deadline.
    sleeper: Option<Waker>,
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({} entries)", self.entries.len())
    }
}

impl Schedule {
    /// Runs `action` at `at` ms since start.
    pub fn at(&mut self, at: u64, action: impl FnOnce(&mut Hub) + 'static) {
        self.made += 1;
        if self.next().is_none_or(|next| at < next) {
            if let Some(sleeper) = self.sleeper.take() {
                sleeper.wake();
            }
        }
        self.entries.push(Entry { at, number: self.made, action: Box::new(action) });
    }

    /// The earliest deadline, in ms since start.
    pub fn next(&self) -> Option<u64> {
        self.entries.peek().map(|e| e.at)
    }

    /// Takes the next action that is due.
    pub fn take_due(&mut self, ticks: u64) -> Option<Action> {
        if self.entries.peek()?.at > ticks {
            return None;
        }
        let entry = self.entries.pop()?;
        if self.entries.is_empty() {
            self.entries = BinaryHeap::new();
        }
        Some(entry.action)
    }

    /// Wakes this task when an earlier deadline than the present one comes in.
    pub fn register(&mut self, sleeper: &Waker) {
        self.sleeper = Some(sleeper.clone());
    }

    /// How many actions wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

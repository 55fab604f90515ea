//! Time as the hub sees it: the system's, or one that tests move by hand.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall time and time since start.
#[derive(Debug)]
pub enum Clock {
    /// The system's clocks.
    System {
        /// When the server started.
        start: Instant,
    },
    /// Both clocks stand still until [`Clock::advance`].
    Manual {
        /// Wall time in ms since 1970.
        wall: Cell<i64>,
        /// ms since start.
        ticks: Cell<u64>,
    },
}

impl Clock {
    /// The system's clocks.
    pub fn system() -> Self {
        Clock::System { start: Instant::now() }
    }

    /// A clock that stands at this wall time, in ms since 1970.
    pub fn manual(wall: i64) -> Self {
        Clock::Manual { wall: Cell::new(wall), ticks: Cell::new(0) }
    }

    /// Wall time in ms since 1970: for everything that is stored, shown or scheduled by people.
    pub fn now(&self) -> i64 {
        match self {
            Clock::System { .. } => {
                SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(0))
            }
            Clock::Manual { wall, .. } => wall.get(),
        }
    }

    /// ms since start, never going back: for time-outs, quotas and intervals.
    pub fn ticks(&self) -> u64 {
        match self {
            Clock::System { start } => u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            Clock::Manual { ticks, .. } => ticks.get(),
        }
    }

    /// Moves a manual clock; no effect on the system's.
    pub fn advance(&self, by: Duration) {
        if let Clock::Manual { wall, ticks } = self {
            let ms = by.as_millis() as u64;
            wall.set(wall.get() + ms as i64);
            ticks.set(ticks.get() + ms);
        }
    }
}

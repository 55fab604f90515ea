//! Message rate quota of one connection (spec 01 §6): a moving average of messages per second.

/// Least ms between two notices to the same connection that it is over its quota.
const NOTICE_INTERVAL: u64 = 60_000;
/// Weight of the newest second: 1 - e^(-1/60).
const ALPHA: f32 = 0.016_528_546;

/// Whether a frame may be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Handle it.
    Within,
    /// Drop it and say so with status 1.
    OverWithNotice,
    /// Drop it silently.
    Over,
}

/// Counts the frames of one connection.
#[derive(Debug, Clone)]
pub struct Meter {
    /// ms since start; when the current second began.
    last: u64,
    /// ms since start of the last notice, plus one; 0 = never.
    noticed: u64,
    rate: f32,
    count: u32,
    seeded: bool,
}

impl Meter {
    /// A fresh meter for a connection that was opened at `ticks` (ms since start).
    pub fn new(ticks: u64) -> Self {
        Meter { last: ticks, noticed: 0, rate: 0.0, count: 0, seeded: false }
    }

    /// Frames per second at `ticks` (ms since start), on average over about a minute.
    pub fn rate_at(&self, ticks: u64) -> f32 {
        let mut now = self.clone();
        now.settle(ticks);
        now.rate
    }

    /// Counts one frame at `ticks` (ms since start) against `limit` messages per second.
    pub fn count(&mut self, ticks: u64, limit: u32) -> Verdict {
        self.settle(ticks);
        if self.rate <= limit as f32 {
            self.count += 1;
            return Verdict::Within;
        }
        if self.noticed == 0 || ticks + 1 >= self.noticed + NOTICE_INTERVAL {
            self.noticed = ticks + 1;
            return Verdict::OverWithNotice;
        }
        Verdict::Over
    }

    /// Takes the seconds that have passed into the average.
    fn settle(&mut self, ticks: u64) {
        let age = ticks.saturating_sub(self.last);
        if age > 1000 {
            self.last = ticks - age % 1000;
            // After some minutes of silence the average is as good as zero: no need to run further back.
            for _ in 0..(age / 1000).min(1200) {
                let x = self.count as f32;
                self.count = 0;
                if self.seeded {
                    self.rate += ALPHA * (x - self.rate);
                } else {
                    self.rate = x;
                    self.seeded = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_second_of_150_is_served_and_then_costs_24_seconds() {
        let mut meter = Meter::new(0);
        for _ in 0..150 {
            assert_eq!(meter.count(500, 100), Verdict::Within);
        }
        assert_eq!(meter.count(1200, 100), Verdict::OverWithNotice);
        assert_eq!(meter.count(1300, 100), Verdict::Over);
        assert_eq!(meter.count(20_000, 100), Verdict::Over);
        assert_eq!(meter.count(27_000, 100), Verdict::Within);
    }

    #[test]
    fn a_later_burst_passes() {
        let mut meter = Meter::new(0);
        assert_eq!(meter.count(10, 100), Verdict::Within);
        for _ in 0..300 {
            assert_eq!(meter.count(3000, 100), Verdict::Within);
        }
        assert_eq!(meter.count(4100, 100), Verdict::Within);
    }

    #[test]
    fn a_second_notice_comes_after_a_minute() {
        let mut meter = Meter::new(0);
        for _ in 0..100_000 {
            meter.count(0, 100);
        }
        assert_eq!(meter.count(2000, 100), Verdict::OverWithNotice);
        assert_eq!(meter.count(61_000, 100), Verdict::Over);
        assert_eq!(meter.count(62_001, 100), Verdict::OverWithNotice);
    }
}

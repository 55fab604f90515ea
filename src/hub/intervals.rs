//! Least times between notifications that HTTP clients cause, per project.

use super::users::UserId;
use std::collections::HashMap;

/// When more projects than this are remembered, those whose interval is over are forgotten.
const REMEMBERED: usize = 1000;

/// When each project last had one, in ms since start.
#[derive(Debug, Default)]
pub struct Intervals(HashMap<(UserId, i32), u64>);

impl Intervals {
    /// Whether a project may have one more at `ticks` (ms since start); if so its interval, in ms, begins.
    pub fn take(&mut self, user: UserId, dash: i32, ticks: u64, interval: u64) -> bool {
        if interval == 0 {
            return true;
        }
        let is_over = |last: &u64| ticks.saturating_sub(*last) >= interval;
        if self.0.get(&(user, dash)).is_some_and(|last| !is_over(last)) {
            return false;
        }
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, last| !is_over(last));
        }
        self.0.insert((user, dash), ticks);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::Users;

    #[test]
    fn one_per_interval_and_project() {
        let user = Users::default().add(Default::default());
        let mut intervals = Intervals::default();
        assert!(intervals.take(user, 1, 0, 5000) && intervals.take(user, 2, 0, 5000));
        assert!(!intervals.take(user, 1, 4999, 5000) && intervals.take(user, 1, 5000, 5000));
        assert!(!intervals.take(user, 1, 9999, 5000) && intervals.take(user, 1, 6000, 0));
    }
}

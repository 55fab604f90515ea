//! A failure that lasts, like a full disk: the log mentions its beginning and its end, and once an hour that it goes on.

/// Between two mentions, ms.
const REMINDER_PERIOD: i64 = 60 * 60 * 1000;

/// Whether something fails, and when the log said so last.
#[derive(Debug, Default)]
pub struct Trouble {
    /// ms since 1970; None while nothing fails.
    told_at: Option<i64>,
}

impl Trouble {
    /// The last attempt failed.
    pub fn is_on(&self) -> bool {
        self.told_at.is_some()
    }

    /// An attempt failed; true when the log shall say so.
    pub fn failed(&mut self, now: i64) -> bool {
        let is_told = self.told_at.is_some_and(|at| (0..REMINDER_PERIOD).contains(&now.saturating_sub(at)));
        if !is_told {
            self.told_at = Some(now);
        }
        !is_told
    }

    /// An attempt succeeded; true when it is the first after failures.
    pub fn succeeded(&mut self) -> bool {
        self.told_at.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_at_its_beginning_every_hour_and_at_its_end() {
        let mut trouble = Trouble::default();
        assert!(!trouble.succeeded() && !trouble.is_on());
        let told: Vec<i64> = (0..200).filter(|minute| trouble.failed(minute * 60_000)).collect();
        assert_eq!(told, [0, 60, 120, 180]);
        assert!(trouble.is_on());
        // Also when the clock was set back.
        assert!(trouble.failed(0) && !trouble.failed(1));
        assert!(trouble.succeeded() && !trouble.succeeded());
        assert!(trouble.failed(2));
    }
}

//! What an account may have made in a day: things that cost disk space, or other people's patience.

use super::users::UserId;
use std::collections::HashMap;

/// The window in which things are counted, ms.
const WINDOW: u64 = 24 * 3600 * 1000;
/// When more counts than this are kept, those whose window is over are forgotten.
const REMEMBERED: usize = 1000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allowance {
    /// Copies of projects that are kept under a code.
    Clone,
    /// Tokens that are given out before their device is known.
    FlashedToken,
    /// Mails that the account's apps ask for.
    Mail,
}

impl Allowance {
    /// How many there may be in a window.
    pub const fn most(self) -> u32 {
        match self {
            Allowance::Clone | Allowance::Mail => 100,
            Allowance::FlashedToken => 1000,
        }
    }
}

/// How many there were in each running window, and when it began (ms since start).
#[derive(Debug, Default)]
pub struct Allowances(HashMap<(UserId, Allowance), (u32, u64)>);

impl Allowances {
    /// Whether an account may have so many more at `ticks` (ms since start); if so they are counted.
    pub fn take(&mut self, user: UserId, what: Allowance, number: u32, ticks: u64) -> bool {
        let is_over = |began: u64| ticks.saturating_sub(began) >= WINDOW;
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, (_, began)| !is_over(*began));
        }
        let (count, began) = self.0.entry((user, what)).or_insert((0, ticks));
        if is_over(*began) {
            (*count, *began) = (0, ticks);
        }
        let wanted = count.saturating_add(number);
        if wanted > what.most() {
            return false;
        }
        *count = wanted;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::Users;

    #[test]
    fn each_account_has_its_own_day() {
        let mut users = Users::default();
        let (a, b) = (users.add(Default::default()), users.add(Default::default()));
        let mut allowances = Allowances::default();
        assert!(allowances.take(a, Allowance::Clone, 99, 5) && !allowances.take(a, Allowance::Clone, 2, 6));
        assert!(allowances.take(a, Allowance::Clone, 1, 6) && !allowances.take(a, Allowance::Clone, 1, 6));
        assert!(allowances.take(b, Allowance::Clone, 1, 6) && allowances.take(a, Allowance::Mail, 1, 6));
        assert!(
            !allowances.take(a, Allowance::Clone, 1, WINDOW + 4) && allowances.take(a, Allowance::Clone, 1, WINDOW + 5)
        );
    }
}

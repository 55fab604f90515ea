//! At which seconds of the day which projects have something to do.
//!
//! Every timer is daily, so the second of the day (UTC) says all: the days of the week and their time zones count when
//! the second has come. What exactly is to be done is looked up in the profile then, so the agenda never holds old values.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::hash::Hash;

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Times of day by owner, twelve bytes or so each in both directions.
#[derive(Debug)]
pub struct Agenda<K> {
    /// Second of the day, owner and project. The owner is never `None`; that is the least owner for range look-ups.
    entries: BTreeSet<(u32, Option<K>, i32)>,
    by_owner: HashMap<K, Box<[(u32, i32)]>>,
}

impl<K> Default for Agenda<K> {
    fn default() -> Self {
        Agenda { entries: BTreeSet::new(), by_owner: HashMap::new() }
    }
}

impl<K: Copy + Ord + Hash + Debug> Agenda<K> {
    /// Replaces all times of an owner by these: second of the day and project, in any order. True if that changed anything.
    pub fn set(&mut self, owner: K, mut times: Vec<(u32, i32)>) -> bool {
        times.sort_unstable();
        times.dedup();
        let old = self.by_owner.get(&owner).map_or(&[][..], |old| old);
        if old == times.as_slice() {
            return false;
        }
        for (second, dash) in old {
            self.entries.remove(&(*second, Some(owner), *dash));
        }
        self.entries.extend(times.iter().map(|(second, dash)| (*second, Some(owner), *dash)));
        if times.is_empty() {
            self.by_owner.remove(&owner);
        } else {
            self.by_owner.insert(owner, times.into());
        }
        true
    }

    /// The owners and projects of a second of the day.
    pub fn at(&self, second: u32) -> Vec<(K, i32)> {
        let found = self.entries.range((second, None, i32::MIN)..).take_while(|(at, ..)| *at == second);
        found.filter_map(|(_, owner, dash)| Some(((*owner)?, *dash))).collect()
    }

    /// The first Unix second after `second` for which there is something.
    pub fn next_after(&self, second: i64) -> Option<i64> {
        let from = second.checked_add(1)?;
        let of_day = second_of_day(from);
        let first = |from: u32| self.entries.range((from, None, i32::MIN)..).next().map(|(at, ..)| i64::from(*at));
        let next = first(of_day).or_else(|| first(0).map(|at| at + DAY))?;
        Some(from + next - i64::from(of_day))
    }

    /// How many times there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The second of the day (UTC) of a Unix second.
pub fn second_of_day(second: i64) -> u32 {
    second.rem_euclid(DAY) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_in_order_and_around_midnight() {
        let mut agenda = Agenda::default();
        assert_eq!(agenda.next_after(0), None);
        assert!(agenda.set('a', vec![(100, 1), (100, 1), (100, 2), (86_399, 1)]));
        assert!(agenda.set('b', vec![(100, 7), (0, 7)]));
        assert!(!agenda.set('b', vec![(0, 7), (100, 7)]));
        assert_eq!(agenda.len(), 5);
        assert_eq!(agenda.at(100), [('a', 1), ('a', 2), ('b', 7)]);
        let day = 20_000 * DAY;
        assert_eq!(agenda.next_after(day), Some(day + 100));
        assert_eq!(agenda.next_after(day + 100), Some(day + 86_399));
        assert_eq!(agenda.next_after(day + 86_399), Some(day + DAY));
        assert_eq!(agenda.next_after(day - 1), Some(day));
        assert_eq!(agenda.next_after(-1), Some(0));
        assert_eq!(agenda.next_after(i64::MAX), None);
        assert!(agenda.set('b', vec![]));
        assert_eq!(agenda.next_after(day + 86_399), Some(day + DAY + 100));
        agenda.set('a', vec![]);
        assert!(agenda.is_empty() && agenda.by_owner.is_empty());
    }
}

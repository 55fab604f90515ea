//! Finished records on their way to the files, and how long they may wait for a common write.
//!
//! Flash wears out by writes, not by records: a pin that writes each second would cost an append to its minute file every
//! minute. So a file that got records lately is written again only after a while, with all that came meanwhile. The pause
//! doubles with each write, from one minute up to the write period; a file that got nothing for a while is written at once.
//! A new graph and a rare value are therefore on the disk in their minute, and a steady stream costs one append per period.
//!
//! Readers are given what waits ([`Waiting::records`]), so that nobody sees the difference. There is no file and no clock here.

use super::names::Record;
use std::collections::HashMap;
use std::hash::Hash;

/// Waiting records (16 bytes each) that are written without regard to the pauses; failed ones beyond it are lost.
pub const WAITING_MAX: usize = 50_000;

/// Records that wait, by file. `K` names a file.
#[derive(Debug)]
pub struct Waiting<K> {
    files: HashMap<K, File>,
    count: usize,
    period_min: i64,
}

/// A file that has waiting records or was written lately.
#[derive(Debug, Default)]
struct File {
    /// Oldest first.
    records: Vec<Record>,
    /// Minute since 1970 of the last write; of no meaning while the pause is 0.
    written_min: i64,
    /// Minutes after the last write until the next one; 0 = none is waited for.
    pause_min: i64,
}

impl File {
    /// A clock that was set back is no reason to wait longer.
    fn is_due(&self, minute: i64) -> bool {
        self.pause_min == 0 || minute < self.written_min || minute.saturating_sub(self.written_min) >= self.pause_min
    }
}

impl<K: Copy + Eq + Hash + Ord> Waiting<K> {
    /// Nothing waits yet. `period_min`: the longest pause in minutes, at least 1.
    pub fn new(period_min: u32) -> Self {
        Waiting { files: HashMap::new(), count: 0, period_min: i64::from(period_min.max(1)) }
    }

    /// A finished record for the end of a file.
    pub fn push(&mut self, file: K, record: Record) {
        self.files.entry(file).or_default().records.push(record);
        self.count += 1;
    }

    /// What is to be written in that minute (since 1970), by file.
    pub fn take_due(&mut self, minute: i64) -> Vec<(K, Vec<Record>)> {
        let is_full = self.count >= WAITING_MAX;
        self.take(minute, |file| is_full || file.is_due(minute))
    }

    /// Everything that waits, by file.
    pub fn take_all(&mut self, minute: i64) -> Vec<(K, Vec<Record>)> {
        self.take(minute, |_| true)
    }

    fn take(&mut self, minute: i64, is_due: impl Fn(&File) -> bool) -> Vec<(K, Vec<Record>)> {
        let period = self.period_min;
        let mut taken = Vec::new();
        self.files.retain(|key, file| {
            if !file.records.is_empty() && is_due(file) {
                taken.push((*key, std::mem::take(&mut file.records)));
                file.written_min = minute;
                file.pause_min = (file.pause_min * 2).clamp(1, period);
            }
            // A pause that is long over need not be remembered.
            let is_idle = minute.saturating_sub(file.written_min) >= 2 * period || minute < file.written_min;
            !(file.records.is_empty() && is_idle)
        });
        self.count -= taken.iter().map(|(_, records)| records.len()).sum::<usize>();
        taken.sort_unstable_by_key(|(key, _)| *key);
        taken
    }

    /// Records that could not be written, older than all that wait for this file: they are due again at once. Returns how many of
    /// the oldest are lost because too many wait already.
    pub fn put_back(&mut self, file: K, mut records: Vec<Record>) -> usize {
        let room = WAITING_MAX.saturating_sub(self.count);
        let lost = records.len().saturating_sub(room);
        records.drain(..lost);
        self.count += records.len();
        let file = self.files.entry(file).or_default();
        records.append(&mut file.records);
        (file.records, file.pause_min) = (records, 0);
        lost
    }

    /// The records of a file that wait, oldest first.
    pub fn records(&self, file: &K) -> &[Record] {
        self.files.get(file).map_or(&[], |file| file.records.as_slice())
    }

    /// Drops what waits for the files that `hit` names.
    pub fn forget(&mut self, hit: impl Fn(&K) -> bool) {
        self.files.retain(|key, _| !hit(key));
        self.count = self.files.values().map(|file| file.records.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: i64) -> Record {
        Record::new(n as f64, n)
    }

    /// The minutes in which a file is written that gets a record in each of them, from 0.
    fn writes(period: u32, minutes: std::ops::Range<i64>) -> Vec<i64> {
        let mut waiting = Waiting::new(period);
        let mut next = 0;
        let mut write = |minute| {
            waiting.push('a', record(minute));
            let taken = waiting.take_due(minute);
            for (_, records) in &taken {
                let wanted: Vec<_> = (next..=minute).map(record).collect();
                assert_eq!(*records, wanted);
                next = minute + 1;
            }
            !taken.is_empty()
        };
        minutes.filter(|minute| write(*minute)).collect()
    }

    #[test]
    fn pauses_grow_to_the_period() {
        assert_eq!(writes(10, 0..40), [0, 1, 3, 7, 15, 25, 35]);
        assert_eq!(writes(1, 0..5), [0, 1, 2, 3, 4]);
        assert_eq!(writes(0, 0..3), [0, 1, 2]);
    }

    #[test]
    fn rare_records_are_written_at_once() {
        let mut waiting = Waiting::new(10);
        for minute in [0, 10, 21, 1000] {
            waiting.push('a', record(minute));
            assert_eq!(waiting.take_due(minute), [('a', vec![record(minute)])]);
        }
        assert!(waiting.take_due(1019).is_empty() && waiting.files.len() == 1);
        waiting.take_due(1020);
        assert!(waiting.files.is_empty());
    }

    #[test]
    fn what_waits_can_be_read_taken_and_forgotten() {
        let mut waiting = Waiting::new(10);
        for file in ['a', 'b'] {
            waiting.push(file, record(0));
        }
        assert_eq!(waiting.take_due(0).len(), 2);
        for file in ['b', 'a'] {
            waiting.push(file, record(1));
            waiting.push(file, record(2));
        }
        waiting.take_due(0);
        assert_eq!(waiting.records(&'a'), [record(1), record(2)]);
        assert!(waiting.records(&'c').is_empty());
        waiting.forget(|file| *file == 'a');
        assert_eq!(waiting.take_all(0), [('b', vec![record(1), record(2)])]);
        assert_eq!(waiting.count, 0);
    }

    #[test]
    fn a_clock_that_is_set_back_delays_nothing() {
        let mut waiting = Waiting::new(10);
        waiting.push('a', record(1));
        waiting.take_due(1_000_000);
        waiting.push('a', record(2));
        assert_eq!(waiting.take_due(5).len(), 1);
        waiting.push('a', record(3));
        assert_eq!(waiting.take_due(i64::MAX).len(), 1);
        waiting.push('a', record(4));
        assert_eq!(waiting.take_due(i64::MIN).len(), 1);
    }

    #[test]
    fn failed_records_come_first_and_are_due_at_once() {
        let mut waiting = Waiting::new(10);
        waiting.push('a', record(1));
        let (_, failed) = waiting.take_due(0).remove(0);
        waiting.push('a', record(2));
        assert_eq!(waiting.put_back('a', failed), 0);
        assert_eq!(waiting.take_due(0), [('a', vec![record(1), record(2)])]);
    }

    #[test]
    fn too_many_are_written_or_lost() {
        let mut waiting = Waiting::new(10);
        waiting.push('a', record(0));
        waiting.take_due(0);
        for n in 1..WAITING_MAX as i64 {
            waiting.push('a', record(n));
        }
        assert!(waiting.take_due(0).is_empty());
        waiting.push('b', record(0));
        let taken = waiting.take_due(0);
        assert_eq!(taken.iter().map(|(_, records)| records.len()).sum::<usize>(), WAITING_MAX);
        for (file, records) in taken {
            assert_eq!(waiting.put_back(file, records), 0);
        }
        assert_eq!(waiting.put_back('b', vec![record(7); 5]), 5);
    }
}

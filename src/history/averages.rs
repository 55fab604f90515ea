//! Averages of the current minute, hour and day of every recorded pin, in memory.
//!
//! The hub calls [`Averages::record`] for each accepted number and [`Averages::flush`] once a minute; what comes out are
//! [`Append`]s, one per file with all its records, for a worker. There is no clock and no file here.
//!
//! A pin's three running sums lie in one slot of a hash map, so that a value costs one look-up. Values that do not belong
//! to the slot's minute, hour or day (late or future ones, which only HTTP clients with times of their own send) go to a
//! second map. Everything a client can make grow has a limit per owner; what is over it is dropped and counted.
//!
//! Flash wears out by writes, so finished records may wait: with a write period of n minutes every file is opened once in n
//! minutes for n records, and readers are given the waiting ones ([`Averages::unwritten`]). The default of 1 writes at
//! each flush, as the reference does.

use super::names::{FileId, Granularity, Owner, Pin, Record};
use std::collections::HashMap;

/// Most pins with running averages per owner.
const PINS_PER_OWNER: u32 = 10_000;
/// Most late or future sums per owner.
const STRAYS_PER_OWNER: u32 = 20_000;
/// Waiting records that are written without regard to the write period (16 bytes each).
const UNWRITTEN_MAX: usize = 50_000;
/// How far ahead of the last flush a value may be and still count as current, ms.
const AHEAD_MS: i64 = 120_000;

/// Finished records for the end of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    /// The file.
    pub file: FileId,
    /// The records, oldest first; never empty.
    pub records: Vec<Record>,
}

/// A running sum, as it is kept over a restart.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// Where the average will go.
    pub file: FileId,
    /// Number of the minute, hour or day since 1970.
    pub bucket: i64,
    /// Sum of the values.
    pub sum: f64,
    /// Number of values; not 0.
    pub count: u64,
}

/// All running averages and the finished records that are not yet handed over.
#[derive(Debug)]
pub struct Averages {
    owners: Vec<OwnerUse>,
    owner_numbers: HashMap<Owner, u32>,
    slots: HashMap<Key, [Sum; 3]>,
    strays: HashMap<(Key, Granularity, i64), Sum>,
    unwritten: HashMap<(Key, Granularity), Vec<Record>>,
    unwritten_count: usize,
    write_period_min: i64,
    last_flush_ms: i64,
    dropped: u64,
}

#[derive(Debug)]
struct OwnerUse {
    owner: Owner,
    slots: u32,
    strays: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    owner: u32,
    pin: Pin,
}

/// A sum over the values of one bucket; unused when the count is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    bucket: i64,
    sum: f64,
    count: u64,
}

impl Sum {
    fn add(&mut self, sum: f64, count: u64) {
        self.sum += sum;
        self.count = self.count.saturating_add(count);
    }

    fn record(&self, granularity: Granularity) -> Record {
        Record::new(self.sum / self.count as f64, granularity.bucket_start(self.bucket))
    }
}

impl Averages {
    /// No averages yet. `write_period_min`: how many minutes finished records may wait for a common write, at least 1.
    pub fn new(now_ms: i64, write_period_min: u32) -> Averages {
        Averages {
            owners: Vec::new(),
            owner_numbers: HashMap::new(),
            slots: HashMap::new(),
            strays: HashMap::new(),
            unwritten: HashMap::new(),
            unwritten_count: 0,
            write_period_min: i64::from(write_period_min.max(1)),
            last_flush_ms: now_ms,
            dropped: 0,
        }
    }

    /// Adds a value to the minute, hour and day that the time falls into.
    pub fn record(&mut self, owner: &Owner, pin: Pin, value: f64, ms: i64) {
        let key = Key { owner: self.owner_number(owner), pin };
        for granularity in Granularity::ALL {
            self.add(key, granularity, Sum { bucket: granularity.bucket(ms), sum: value, count: 1 });
        }
    }

    /// Goes on with the sums of the last run.
    pub fn restore(&mut self, unfinished: impl IntoIterator<Item = Unfinished>) {
        for Unfinished { file, bucket, sum, count } in unfinished {
            if count > 0 && (sum / count as f64).is_finite() {
                let key = Key { owner: self.owner_number(&file.owner), pin: file.pin };
                self.add(key, file.granularity, Sum { bucket, sum, count });
            }
        }
    }

    fn add(&mut self, key: Key, granularity: Granularity, new: Sum) {
        let Some(owner_use) = self.owners.get_mut(key.owner as usize) else { return };
        let current = match self.slots.get_mut(&key) {
            Some(slot) => slot,
            None if owner_use.slots < PINS_PER_OWNER => {
                owner_use.slots += 1;
                self.slots.entry(key).or_default()
            }
            None => {
                self.dropped += 1;
                return;
            }
        };
        let current = &mut current[granularity as usize];
        if current.count > 0 && current.bucket == new.bucket {
            return current.add(new.sum, new.count);
        }
        let is_future = granularity.bucket_start(new.bucket) > self.last_flush_ms.saturating_add(AHEAD_MS);
        if !is_future && (current.count == 0 || current.bucket < new.bucket) {
            // The displaced sum is finished or will soon be; there are at most a few per pin until the next flush.
            let old = std::mem::replace(current, new);
            if old.count > 0 {
                let stray = self.strays.entry((key, granularity, old.bucket)).or_insert_with(|| {
                    owner_use.strays += 1;
                    Sum { bucket: old.bucket, ..Sum::default() }
                });
                stray.add(old.sum, old.count);
            }
            return;
        }
        let has_room = owner_use.strays < STRAYS_PER_OWNER;
        match self.strays.entry((key, granularity, new.bucket)) {
            std::collections::hash_map::Entry::Occupied(mut stray) => stray.get_mut().add(new.sum, new.count),
            std::collections::hash_map::Entry::Vacant(place) if has_room => {
                owner_use.strays += 1;
                place.insert(new);
            }
            std::collections::hash_map::Entry::Vacant(_) => self.dropped += 1,
        }
    }

    fn owner_number(&mut self, owner: &Owner) -> u32 {
        if let Some(number) = self.owner_numbers.get(owner) {
            return *number;
        }
        let number = self.owners.len() as u32;
        self.owners.push(OwnerUse { owner: owner.clone(), slots: 0, strays: 0 });
        self.owner_numbers.insert(owner.clone(), number);
        number
    }

    /// Finishes every minute, hour and day that is over, and returns what is to be written now: minutes, then hours, then
    /// days, one [`Append`] per file. To be called at every full minute.
    pub fn flush(&mut self, now_ms: i64) -> Vec<Append> {
        self.finish(now_ms);
        let minute = Granularity::Minute.bucket(now_ms);
        let is_due = minute.rem_euclid(self.write_period_min) == 0 || self.unwritten_count >= UNWRITTEN_MAX;
        if is_due {
            self.take_unwritten()
        } else {
            Vec::new()
        }
    }

    /// Like [`Averages::flush`], but everything finished is written now, for the end of the run.
    pub fn flush_all(&mut self, now_ms: i64) -> Vec<Append> {
        self.finish(now_ms);
        self.take_unwritten()
    }

    fn finish(&mut self, now_ms: i64) {
        self.last_flush_ms = now_ms;
        let limits = Granularity::ALL.map(|granularity| granularity.bucket(now_ms));
        let mut finished = Vec::new();
        self.strays.retain(|&(key, granularity, _), sum| {
            let is_over = sum.bucket < limits[granularity as usize];
            if is_over {
                if let Some(owner) = self.owners.get_mut(key.owner as usize) {
                    owner.strays = owner.strays.saturating_sub(1);
                }
                finished.push((key, granularity, *sum));
            }
            !is_over
        });
        self.slots.retain(|&key, slot| {
            for granularity in Granularity::ALL {
                let sum = &mut slot[granularity as usize];
                if sum.count > 0 && sum.bucket < limits[granularity as usize] {
                    finished.push((key, granularity, std::mem::take(sum)));
                }
            }
            let is_used = slot.iter().any(|sum| sum.count > 0);
            if !is_used {
                if let Some(owner) = self.owners.get_mut(key.owner as usize) {
                    owner.slots = owner.slots.saturating_sub(1);
                }
            }
            is_used
        });
        finished.sort_unstable_by_key(|&(_, _, sum)| sum.bucket);
        self.unwritten_count += finished.len();
        for (key, granularity, sum) in finished {
            self.unwritten.entry((key, granularity)).or_default().push(sum.record(granularity));
        }
        shrink(&mut self.strays);
    }

    fn take_unwritten(&mut self) -> Vec<Append> {
        let mut files: Vec<_> = std::mem::take(&mut self.unwritten).into_iter().collect();
        self.unwritten_count = 0;
        files.sort_unstable_by_key(|&((key, granularity), _)| (granularity, key));
        let append = |((key, granularity), records): ((Key, Granularity), Vec<Record>)| {
            let owner = self.owners.get(key.owner as usize)?.owner.clone();
            Some(Append { file: FileId { owner, pin: key.pin, granularity }, records })
        };
        files.into_iter().filter_map(append).collect()
    }

    /// The finished records of a file that still wait to be written, oldest first.
    pub fn unwritten(&self, file: &FileId) -> &[Record] {
        let Some(&owner) = self.owner_numbers.get(&file.owner) else { return &[] };
        let key = Key { owner, pin: file.pin };
        self.unwritten.get(&(key, file.granularity)).map_or(&[], Vec::as_slice)
    }

    /// All running sums, for the temp file.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        let current = self.slots.iter().flat_map(|(&key, slot)| {
            Granularity::ALL.into_iter().map(move |granularity| (key, granularity, slot[granularity as usize]))
        });
        let strays = self.strays.iter().map(|(&(key, granularity, _), &sum)| (key, granularity, sum));
        let entry = |(key, granularity, sum): (Key, Granularity, Sum)| {
            let owner = self.owners.get(key.owner as usize)?.owner.clone();
            let file = FileId { owner, pin: key.pin, granularity };
            (sum.count > 0).then_some(Unfinished { file, bucket: sum.bucket, sum: sum.sum, count: sum.count })
        };
        current.chain(strays).filter_map(entry).collect()
    }

    /// Drops the sums and waiting records of an owner's pins, because their history is being deleted.
    pub fn forget(&mut self, owner: &Owner, matches: impl Fn(&Pin) -> bool) {
        let Some(&number) = self.owner_numbers.get(owner) else { return };
        let hit = |key: &Key| key.owner == number && matches(&key.pin);
        self.unwritten.retain(|(key, _), _| !hit(key));
        self.unwritten_count = self.unwritten.values().map(Vec::len).sum();
        let (slots, strays) = (self.slots.len(), self.strays.len());
        self.slots.retain(|key, _| !hit(key));
        self.strays.retain(|(key, _, _), _| !hit(key));
        if let Some(owner) = self.owners.get_mut(number as usize) {
            owner.slots = owner.slots.saturating_sub((slots - self.slots.len()) as u32);
            owner.strays = owner.strays.saturating_sub((strays - self.strays.len()) as u32);
        }
    }

    /// An owner has another name. The new one must have no averages yet; what it has of old ones is forgotten.
    pub fn rename(&mut self, from: &Owner, to: &Owner) {
        self.forget(to, |_| true);
        let Some(number) = self.owner_numbers.remove(from) else { return };
        if let Some(other) = self.owner_numbers.insert(to.clone(), number) {
            // Empty now; its number stays unused under the name that is free.
            self.owner_numbers.insert(from.clone(), other);
            if let Some(owner) = self.owners.get_mut(other as usize) {
                owner.owner = from.clone();
            }
        }
        if let Some(owner) = self.owners.get_mut(number as usize) {
            owner.owner = to.clone();
        }
    }

    /// How many pins have running averages.
    pub fn pins(&self) -> usize {
        self.slots.len()
    }

    /// How many values were dropped because of the limits per owner.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Gives memory back after a burst of late values.
fn shrink<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>) {
    if map.capacity() > 1000 && map.len() < map.capacity() / 8 {
        map.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::PinType;
    use super::*;

    const T0: i64 = 1_700_000_040_000; // a full minute
    const MINUTE: i64 = 60_000;
    const V5: Pin = Pin::new(1, 0, PinType::Virtual, 5);

    fn owner() -> Owner {
        Owner::new("a@b.cc", "Blynk")
    }

    fn of(appends: &[Append], granularity: Granularity) -> Vec<(f64, i64)> {
        let files = appends.iter().filter(|a| a.file.granularity == granularity);
        files.flat_map(|a| a.records.iter().map(|r| (r.value, r.ms))).collect()
    }

    #[test]
    fn minutes_hours_and_days_average_the_original_values() {
        let mut averages = Averages::new(T0, 1);
        for (value, ms) in [(1.0, T0), (2.0, T0 + 59_999), (9.0, T0 + MINUTE)] {
            averages.record(&owner(), V5, value, ms);
        }
        assert!(averages.flush(T0 + MINUTE - 1).is_empty());
        let first = averages.flush(T0 + MINUTE);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].file, FileId { owner: owner(), pin: V5, granularity: Granularity::Minute });
        assert_eq!(first[0].records, [Record::new(1.5, T0)]);
        let later = averages.flush(T0 + 2 * 86_400_000);
        assert_eq!(of(&later, Granularity::Minute), [(9.0, T0 + MINUTE)]);
        assert_eq!(of(&later, Granularity::Hourly), [(4.0, T0 / 3_600_000 * 3_600_000)]);
        assert_eq!(of(&later, Granularity::Daily), [(4.0, T0 / 86_400_000 * 86_400_000)]);
        let order: Vec<_> = later.iter().map(|a| a.file.granularity).collect();
        assert_eq!(order, Granularity::ALL);
        assert_eq!(averages.pins(), 0);
        assert!(averages.flush(T0 + 3 * 86_400_000).is_empty());
    }

    #[test]
    fn late_values_are_written_at_the_next_flush_in_order() {
        let now = T0 + 86_400_000 * 3;
        let mut averages = Averages::new(now, 1);
        averages.record(&owner(), V5, 5.0, now);
        for (value, ms) in [(9.0, T0 + MINUTE), (1.0, T0 + 1), (2.0, T0 + 2), (4.0, now + 1)] {
            averages.record(&owner(), V5, value, ms);
        }
        let appends = averages.flush(now + MINUTE);
        assert_eq!(of(&appends, Granularity::Minute), [(1.5, T0), (9.0, T0 + MINUTE), (4.5, now)]);
        assert_eq!(of(&appends, Granularity::Hourly), [(4.0, T0 / 3_600_000 * 3_600_000)]);
        assert_eq!(of(&appends, Granularity::Daily), [(4.0, T0 / 86_400_000 * 86_400_000)]);
    }

    #[test]
    fn future_values_wait_for_their_time() {
        let mut averages = Averages::new(T0, 1);
        averages.record(&owner(), V5, 1.0, T0 + 10 * MINUTE);
        averages.record(&owner(), V5, 2.0, T0 + 1);
        averages.record(&owner(), V5, 3.0, T0 + 10 * MINUTE);
        assert_eq!(of(&averages.flush(T0 + MINUTE), Granularity::Minute), [(2.0, T0)]);
        assert!(averages.flush(T0 + 10 * MINUTE).is_empty());
        let appends = averages.flush(T0 + 11 * MINUTE);
        assert_eq!(of(&appends, Granularity::Minute), [(2.0, T0 + 10 * MINUTE)]);
    }

    #[test]
    fn a_write_period_gathers_records_and_readers_see_them() {
        let file = FileId { owner: owner(), pin: V5, granularity: Granularity::Minute };
        let start = T0 / (10 * MINUTE) * 10 * MINUTE;
        let mut averages = Averages::new(start, 10);
        let mut written = Vec::new();
        for second in 0..600 {
            averages.record(&owner(), V5, 1.0, start + second * 1000);
            if second % 60 == 59 {
                written.push(averages.flush(start + (second + 1) * 1000));
            }
            if second == 300 {
                assert_eq!(averages.unwritten(&file).len(), 5);
            }
        }
        assert!(written[..9].iter().all(Vec::is_empty));
        assert_eq!(written[9][0].records.len(), 10);
        assert!(averages.unwritten(&file).is_empty());
    }

    /// (writes, bytes) of an hour with 100 pins at one value a second; nothing is synced.
    fn an_hour(write_period_min: u32) -> (usize, usize) {
        let start = T0 / 3_600_000 * 3_600_000;
        let mut averages = Averages::new(start, write_period_min);
        let mut appends = Vec::new();
        for second in 0..3600 {
            for pin in 0..100 {
                averages.record(&owner(), Pin { pin, ..V5 }, 1.0, start + second * 1000);
            }
            if second % 60 == 59 {
                appends.extend(averages.flush(start + (second + 1) * 1000));
            }
        }
        (appends.len(), appends.iter().map(|append| append.records.len() * Record::SIZE).sum())
    }

    #[test]
    fn a_longer_write_period_spares_flash() {
        assert_eq!(an_hour(1), (100 * 61, 100 * 61 * 16));
        assert_eq!(an_hour(10), (100 * 7, 100 * 61 * 16));
        assert_eq!(an_hour(60), (100 * 2, 100 * 61 * 16));
    }

    #[test]
    fn the_end_of_the_run_leaves_only_unfinished_sums() {
        let mut averages = Averages::new(T0, 10);
        averages.record(&owner(), V5, 1.0, T0);
        averages.record(&owner(), V5, 2.0, T0 + MINUTE);
        assert_eq!(of(&averages.flush_all(T0 + MINUTE + 1), Granularity::Minute), [(1.0, T0)]);
        let left = averages.unfinished();
        assert_eq!(left.len(), 3);
        let mut next = Averages::new(T0 + MINUTE + 2, 1);
        next.record(&owner(), V5, 4.0, T0 + MINUTE + 3);
        next.restore(left);
        let appends = next.flush(T0 + 2 * 86_400_000);
        assert_eq!(of(&appends, Granularity::Minute), [(3.0, T0 + MINUTE)]);
        assert_eq!(of(&appends, Granularity::Daily)[0].0, 7.0 / 3.0);
    }

    #[test]
    fn broken_sums_are_not_restored() {
        let file = FileId { owner: owner(), pin: V5, granularity: Granularity::Minute };
        let mut averages = Averages::new(T0, 1);
        averages.restore([
            Unfinished { file: file.clone(), bucket: 1, sum: 1.0, count: 0 },
            Unfinished { file, bucket: 1, sum: f64::NAN, count: 1 },
        ]);
        assert!(averages.unfinished().is_empty());
    }

    #[test]
    fn one_owner_cannot_fill_the_memory() {
        let mut averages = Averages::new(T0, 1);
        for i in 0..100_000 {
            averages.record(&owner(), V5, 1.0, T0 + i * 86_400_000);
        }
        let slots = 3;
        assert!(averages.unfinished().len() <= STRAYS_PER_OWNER as usize + slots);
        assert!(averages.dropped() > 0);
        for device in 0..50_000 {
            averages.record(&owner(), Pin { device, ..V5 }, 1.0, T0);
        }
        assert_eq!(averages.pins(), PINS_PER_OWNER as usize);
        let other = Owner::new("b@b.cc", "Blynk");
        averages.record(&other, V5, 1.0, T0);
        assert_eq!(averages.pins(), PINS_PER_OWNER as usize + 1);
        averages.flush(T0 + 400_000 * 86_400_000);
        assert_eq!(averages.pins(), 0);
        averages.record(&owner(), V5, 1.0, T0 + 400_000 * 86_400_000);
        assert_eq!(averages.pins(), 1);
    }

    #[test]
    fn deleted_history_does_not_come_back() {
        let mut averages = Averages::new(T0, 10);
        let kept = Pin { device: 1, ..V5 };
        let other = Owner::new("a@b.cc", "MyApp");
        for ms in [T0, T0 - MINUTE] {
            averages.record(&owner(), V5, 1.0, ms);
            averages.record(&owner(), kept, 1.0, ms);
            averages.record(&other, V5, 1.0, ms);
        }
        averages.flush(T0);
        averages.forget(&owner(), |pin| pin.device == 0);
        let appends = averages.flush_all(T0 + 2 * 86_400_000);
        let mut files: Vec<_> = appends.iter().map(|a| (a.file.owner.clone(), a.file.pin.device)).collect();
        files.dedup();
        files.sort();
        files.dedup();
        assert_eq!(files, [(owner(), 1), (other, 0)]);
    }
}

//! Averages of the current minute, hour and day of every recorded pin, in memory.
//!
//! The hub calls [`Averages::record`] for each accepted number and [`Averages::flush`] once a minute; what comes out are
//! [`Append`]s, one per file with all its records, for a worker. There is no clock and no file here.
//!
//! A pin's three running sums lie in one slot of a hash map, so that a value costs one look-up. Values that do not belong
//! to the slot's minute, hour or day (late or future ones, which only HTTP clients with times of their own send) go to a
//! second map. Everything a client can make grow has a limit per owner; what is over it is dropped and counted.
//!
//! Finished records go through [`Waiting`], which gathers those of a file for a common write.

use super::names::{FileId, Granularity, Owner, Pin, Record};
use super::rows::AverageRow;
use super::waiting::Waiting;
use std::collections::HashMap;
use std::sync::Arc;

/// Most pins with running averages per owner.
const PINS_PER_OWNER: u32 = 10_000;
/// Most late or future sums per owner.
const STRAYS_PER_OWNER: u32 = 20_000;
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
    waiting: Waiting<(Granularity, Key)>,
    /// What was finished since the last [`Averages::take_noted`], for a database; `None`: not noted.
    noted: Option<[Vec<AverageRow>; 3]>,
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
    /// No averages yet. `write_period_min`: how many minutes finished records may wait for a common write.
    pub fn new(now_ms: i64, write_period_min: u32) -> Averages {
        Averages {
            owners: Vec::new(),
            owner_numbers: HashMap::new(),
            slots: HashMap::new(),
            strays: HashMap::new(),
            waiting: Waiting::new(write_period_min),
            noted: None,
            last_flush_ms: now_ms,
            dropped: 0,
        }
    }

    /// Adds a value to the minute, hour and day that the time falls into.
    pub fn record(&mut self, owner: &Owner, pin: Pin, value: f64, ms: i64) {
        let key = Key { owner: self.owner_number(owner), pin };
        let buckets = Granularity::ALL.map(|granularity| granularity.bucket(ms));
        if let Some(slot) = self.slots.get_mut(&key) {
            // Nearly always the minute, the hour and the day go on.
            if slot.iter().zip(buckets).all(|(sum, bucket)| sum.count > 0 && sum.bucket == bucket) {
                slot.iter_mut().for_each(|sum| sum.add(value, 1));
                return;
            }
        }
        for (granularity, bucket) in Granularity::ALL.into_iter().zip(buckets) {
            self.add(key, granularity, Sum { bucket, sum: value, count: 1 });
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
        let due = self.waiting.take_due(Granularity::Minute.bucket(now_ms));
        self.appends(due)
    }

    /// Like [`Averages::flush`], but everything finished is written now, for backups and the end of the run.
    pub fn flush_all(&mut self, now_ms: i64) -> Vec<Append> {
        self.finish(now_ms);
        let all = self.waiting.take_all(Granularity::Minute.bucket(now_ms));
        self.appends(all)
    }

    /// Takes back what could not be written; it is due at the next flush. Returns how many records are lost because too many wait.
    pub fn put_back(&mut self, appends: Vec<Append>) -> usize {
        let put = |append: Append| {
            let key = Key { owner: self.owner_number(&append.file.owner), pin: append.file.pin };
            self.waiting.put_back((append.file.granularity, key), append.records)
        };
        appends.into_iter().map(put).sum()
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
        for (key, granularity, sum) in finished {
            let record = sum.record(granularity);
            if let (Some(noted), Some(known)) = (&mut self.noted, self.owners.get(key.owner as usize)) {
                let email = Arc::clone(&known.owner.email);
                noted[granularity as usize].push(AverageRow {
                    email,
                    pin: key.pin,
                    value: record.value,
                    ts: record.ms,
                });
            }
            self.waiting.push((granularity, key), record);
        }
        shrink(&mut self.strays);
    }

    /// From now on what is finished is noted, for a database.
    pub fn note(&mut self) {
        self.noted = Some(Default::default());
    }

    /// What was finished since the last call, however long it waits for its file.
    pub fn take_noted(&mut self) -> impl Iterator<Item = (Granularity, Vec<AverageRow>)> {
        let noted = self.noted.as_mut().map(std::mem::take).unwrap_or_default();
        Granularity::ALL.into_iter().zip(noted).filter(|(_, rows)| !rows.is_empty())
    }

    fn appends(&self, files: Vec<((Granularity, Key), Vec<Record>)>) -> Vec<Append> {
        let append = |((granularity, key), records): ((Granularity, Key), Vec<Record>)| {
            let owner = self.owners.get(key.owner as usize)?.owner.clone();
            Some(Append { file: FileId { owner, pin: key.pin, granularity }, records })
        };
        files.into_iter().filter_map(append).collect()
    }

    /// The finished records of a file that still wait to be written, oldest first.
    pub fn unwritten(&self, file: &FileId) -> &[Record] {
        let Some(&owner) = self.owner_numbers.get(&file.owner) else { return &[] };
        self.waiting.records(&(file.granularity, Key { owner, pin: file.pin }))
    }

    /// All running sums, for the temp file, in an order in which neighbours are alike.
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
        let mut sums: Vec<_> = current.chain(strays).collect();
        sums.sort_unstable_by_key(|&(key, granularity, sum)| (granularity, key, sum.bucket));
        sums.into_iter().filter_map(entry).collect()
    }

    /// Drops the sums and waiting records of an owner's pins, because their history is being deleted.
    pub fn forget(&mut self, owner: &Owner, matches: impl Fn(&Pin) -> bool) {
        let Some(&number) = self.owner_numbers.get(owner) else { return };
        let hit = |key: &Key| key.owner == number && matches(&key.pin);
        self.waiting.forget(|(_, key)| hit(key));
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
mod tests;

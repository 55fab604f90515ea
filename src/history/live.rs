//! The last values of pins that a chart shows with its LIVE period; in memory only, lost at a restart.

use super::names::{Owner, Pin, Record};
use std::collections::{HashMap, VecDeque};

/// How many points a ring keeps and a LIVE graph shows.
pub const LIVE_POINTS: usize = 60;
/// Most rings in memory (about a kilobyte each when full).
const RINGS_MAX: usize = 20_000;

/// A ring of values per owner and pin. Rings outlive the chart that asked for them.
#[derive(Debug, Default)]
pub struct LiveRings {
    rings: HashMap<(Owner, Pin), VecDeque<Record>>,
}

impl LiveRings {
    /// No values yet.
    pub fn new() -> LiveRings {
        LiveRings::default()
    }

    /// Adds a value; the oldest one of a full ring goes.
    pub fn add(&mut self, owner: &Owner, pin: Pin, value: f64, ms: i64) {
        let key = (owner.clone(), pin);
        if self.rings.len() >= RINGS_MAX && !self.rings.contains_key(&key) {
            self.drop_old_rings();
        }
        let ring = self.rings.entry(key).or_default();
        if ring.len() >= LIVE_POINTS {
            ring.pop_front();
        }
        ring.push_back(Record::new(value, ms));
    }

    /// Makes room by dropping the sixteenth of the rings that were idle longest.
    fn drop_old_rings(&mut self) {
        let last = |ring: &VecDeque<Record>| ring.back().map_or(i64::MIN, |record| record.ms);
        let mut times: Vec<i64> = self.rings.values().map(last).collect();
        let (_, limit, _) = times.select_nth_unstable(RINGS_MAX / 16);
        let limit = *limit;
        let mut left = RINGS_MAX / 16;
        self.rings.retain(|_, ring| {
            let goes = left > 0 && last(ring) <= limit;
            left -= usize::from(goes);
            !goes
        });
    }

    /// The values of a pin, oldest first, at most [`LIVE_POINTS`].
    pub fn points(&self, owner: &Owner, pin: Pin) -> Vec<Record> {
        self.rings.get(&(owner.clone(), pin)).map(|ring| ring.iter().copied().collect()).unwrap_or_default()
    }

    /// An owner has another name.
    pub fn rename(&mut self, from: &Owner, to: &Owner) {
        let pins: Vec<Pin> = self.rings.keys().filter(|(of, _)| of == from).map(|(_, pin)| *pin).collect();
        for pin in pins {
            if let Some(ring) = self.rings.remove(&(from.clone(), pin)) {
                self.rings.insert((to.clone(), pin), ring);
            }
        }
    }

    /// Drops the values of an owner's pins, because their history is being deleted.
    pub fn forget(&mut self, owner: &Owner, matches: impl Fn(&Pin) -> bool) {
        self.rings.retain(|(of, pin), _| of != owner || !matches(pin));
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::PinType;
    use super::*;

    const V5: Pin = Pin::new(1, 0, PinType::Virtual, 5);

    fn owner() -> Owner {
        Owner::new("a@b.cc", "Blynk")
    }

    #[test]
    fn the_last_sixty_values_stay() {
        let mut live = LiveRings::new();
        assert!(live.points(&owner(), V5).is_empty());
        for i in 0..61 {
            live.add(&owner(), V5, i as f64, 1000 + i);
        }
        let points = live.points(&owner(), V5);
        assert_eq!((points.len(), points[0], points[59]), (60, Record::new(1.0, 1001), Record::new(60.0, 1060)));
        assert!(live.points(&owner(), Pin { device: 1, ..V5 }).is_empty());
        assert!(live.points(&Owner::new("a@b.cc", "MyApp"), V5).is_empty());
    }

    #[test]
    fn deleted_pins_lose_their_values() {
        let mut live = LiveRings::new();
        let other = Pin { device: 1, ..V5 };
        live.add(&owner(), V5, 1.0, 1);
        live.add(&owner(), other, 2.0, 2);
        live.forget(&owner(), |pin| pin.device == 0);
        assert!(live.points(&owner(), V5).is_empty());
        assert_eq!(live.points(&owner(), other).len(), 1);
    }

    #[test]
    fn idle_rings_make_room() {
        let mut live = LiveRings::new();
        for device in 0..RINGS_MAX as i32 + 1 {
            live.add(&owner(), Pin { device, ..V5 }, 1.0, i64::from(device));
        }
        assert_eq!(live.rings.len(), RINGS_MAX - RINGS_MAX / 16 + 1);
        assert!(live.points(&owner(), V5).is_empty());
        assert!(!live.points(&owner(), Pin { device: RINGS_MAX as i32, ..V5 }).is_empty());
    }
}

//! Memory goes back to the system after a storm of clients.
//!
//! The allocator of glibc gives memory back from the end of its heap only, and keeps a few freed pieces of each size at
//! hand, wherever they are: one of them at the end holds everything below it. [`give_back`] has it keep pieces from the
//! beginning instead. Other allocators lose a fraction of a millisecond.

use std::hint::black_box;

/// Sizes of the pieces that glibc keeps: every sixteenth from the first to the last.
const SIZES: std::ops::RangeInclusive<usize> = 24..=1032;
/// It keeps seven of each; of so many at least seven are near the beginning.
const PIECES: usize = 32;
/// Freeing this much at once has it look whether the end of the heap is free.
const LARGE: usize = 96 * 1024;
/// Fewer connections are no storm.
const STORM: usize = 64;

/// Watches how many connections there are.
#[derive(Debug, Default)]
pub struct Storms {
    peak: usize,
}

impl Storms {
    /// Whether most connections have left since there were many of them; once for each storm.
    pub fn is_over(&mut self, connections: usize) -> bool {
        if self.peak >= STORM && connections <= self.peak / 2 {
            self.peak = connections;
            return true;
        }
        self.peak = self.peak.max(connections);
        false
    }
}

/// Has the allocator give back what it can.
pub fn give_back() {
    for size in SIZES.step_by(16) {
        let mut pieces: Vec<Vec<u8>> = (0..PIECES).map(|_| black_box(Vec::with_capacity(size))).collect();
        pieces.sort_unstable_by_key(|piece| piece.as_ptr() as usize);
        // In this order: the first ones are kept.
        pieces.into_iter().for_each(drop);
    }
    drop(black_box(Vec::<u8>::with_capacity(LARGE)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_over_once() {
        let mut storms = Storms::default();
        assert!(![0, 10, 63, 0, 40, 64, 1000, 501].iter().any(|n| storms.is_over(*n)));
        assert!(storms.is_over(500));
        assert!(![500, 400, 251].iter().any(|n| storms.is_over(*n)));
        assert!(storms.is_over(20));
        assert!(!storms.is_over(0));
        give_back();
    }
}

//! Failed logins per address: who guesses passwords and tokens is slowed down to a few tries a minute.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Failures that an address may make at once: more than a household of misconfigured phones needs.
const BURST: u32 = 100;
/// ms after which one failure is forgiven.
const FORGIVEN_AFTER: u64 = 6_000;
/// Failures of administrators' logins that an address may make at once.
const ADMIN_BURST: u32 = 20;
/// ms after which one of those is forgiven.
const ADMIN_FORGIVEN_AFTER: u64 = 30_000;
/// Most addresses that are remembered. When the table is full the ones with the fewest failures go.
const ADDRESSES: usize = 2048;

/// What is remembered of one address.
#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    /// ms since start; up to here failures were forgiven.
    since: u64,
}

impl Entry {
    /// Forgives what time has healed.
    fn settle(&mut self, ticks: u64, forgiven_after: u64) {
        let forgiven = ticks.saturating_sub(self.since) / forgiven_after;
        self.since += forgiven * forgiven_after;
        self.failures = self.failures.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX));
    }
}

/// Failed logins by address. IPv6 addresses count by their /64: everybody has that many of them.
#[derive(Debug)]
pub struct Attempts {
    entries: HashMap<IpAddr, Entry>,
    burst: u32,
    forgiven_after: u64,
}

impl Default for Attempts {
    fn default() -> Self {
        Attempts::new(BURST, FORGIVEN_AFTER)
    }
}

impl Attempts {
    /// `burst` failures at once, and another one every `forgiven_after` ms.
    pub fn new(burst: u32, forgiven_after: u64) -> Self {
        Attempts { entries: HashMap::new(), burst, forgiven_after }
    }

    /// Of administrators: they are few, and each is worth a lot to those who guess.
    pub fn of_administrators() -> Self {
        Attempts::new(ADMIN_BURST, ADMIN_FORGIVEN_AFTER)
    }

    /// Whether this address may try another login at `ticks` (ms since start).
    pub fn allows(&mut self, address: IpAddr, ticks: u64) -> bool {
        match self.entries.get_mut(&network(address)) {
            Some(entry) => {
                entry.settle(ticks, self.forgiven_after);
                entry.failures < self.burst
            }
            None => true,
        }
    }

    /// A login of this address failed at `ticks` (ms since start).
    pub fn failed(&mut self, address: IpAddr, ticks: u64) {
        let key = network(address);
        if self.entries.len() >= ADDRESSES && !self.entries.contains_key(&key) {
            self.make_room(ticks);
        }
        let entry = self.entries.entry(key).or_insert(Entry { failures: 0, since: ticks });
        entry.settle(ticks, self.forgiven_after);
        if entry.failures == 0 {
            entry.since = ticks;
        }
        entry.failures = (entry.failures + 1).min(self.burst);
    }

    /// The addresses with most failures that are not forgiven yet, at most `most` of them, with their failures.
    pub fn worst(&self, most: usize, ticks: u64) -> Vec<(IpAddr, u32)> {
        let settled = self.entries.iter().map(|(address, entry)| {
            let mut entry = *entry;
            entry.settle(ticks, self.forgiven_after);
            (*address, entry.failures)
        });
        let mut worst: Vec<_> = settled.filter(|(_, failures)| *failures > 0).collect();
        worst.sort_by_key(|(address, failures)| (std::cmp::Reverse(*failures), *address));
        worst.truncate(most);
        worst
    }

    fn make_room(&mut self, ticks: u64) {
        self.entries.retain(|_, entry| {
            entry.settle(ticks, self.forgiven_after);
            entry.failures > 0
        });
        // Still full: whoever is close to the limit stays, the many with few failures go.
        let mut limit = 2;
        while self.entries.len() >= ADDRESSES {
            self.entries.retain(|_, entry| entry.failures >= limit);
            limit *= 2;
        }
    }
}

/// The address that is counted.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        },
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_come_first() {
        let mut attempts = Attempts::default();
        let [a, b, c]: [IpAddr; 3] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|text| text.parse().unwrap());
        for (address, count) in [(a, 2), (b, 5), (c, 1)] {
            (0..count).for_each(|_| attempts.failed(address, 0));
        }
        assert_eq!(attempts.worst(2, 0), [(b, 5), (a, 2)]);
        assert_eq!(attempts.worst(9, 2 * FORGIVEN_AFTER), [(b, 3)]);
    }

    #[test]
    fn a_hundred_failures_then_ten_a_minute() {
        let mut attempts = Attempts::default();
        let (bad, good): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        for _ in 0..100 {
            assert!(attempts.allows(bad, 5));
            attempts.failed(bad, 5);
        }
        assert!(!attempts.allows(bad, 6) && attempts.allows(good, 6));
        assert!(attempts.allows(bad, 6_005));
        attempts.failed(bad, 6_005);
        assert!(!attempts.allows(bad, 6_006));
    }

    #[test]
    fn neighbours_in_a_64_count_together_and_the_table_is_bounded() {
        let mut attempts = Attempts::default();
        for i in 0..100u16 {
            attempts.failed(Ipv6Addr::new(1, 2, 3, 4, 0, 0, 0, i).into(), 0);
        }
        assert!(!attempts.allows("1:2:3:4::ffff".parse().unwrap(), 0));
        assert!(attempts.allows("1:2:3:5::1".parse().unwrap(), 0));
        for i in 0..10_000u32 {
            attempts.failed(IpAddr::V4(i.into()), 0);
        }
        assert!(attempts.entries.len() <= ADDRESSES);
        assert!(!attempts.allows("1:2:3:4::1".parse().unwrap(), 0));
    }
}

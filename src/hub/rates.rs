//! How many requests somebody may make a second, on average over ten seconds.

use super::attempts::network;
use super::connections::DeviceRef;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

/// Seconds whose requests may come at once.
const BURST: u64 = 10;
/// When more are remembered, those who are within their rate are forgotten.
const REMEMBERED: usize = 4096;
/// µs in a second.
const SECOND: u64 = 1_000_000;

/// Until when (µs since start) each has used up its rate.
#[derive(Debug)]
struct Rates<K>(HashMap<K, u64>);

impl<K: Eq + Hash> Rates<K> {
    /// Whether one more may come at `ticks` (ms since start); if so it is counted.
    fn take(&mut self, who: K, ticks: u64, per_second: u32) -> bool {
        let now = ticks.saturating_mul(1000);
        if self.0.len() >= REMEMBERED && !self.0.contains_key(&who) {
            self.0.retain(|_, until| *until > now);
            if self.0.len() >= REMEMBERED {
                // So many at once: better nobody is held up than everybody remembered.
                self.0.clear();
            }
        }
        let until = self.0.entry(who).or_insert(now);
        let next = (*until).max(now) + SECOND / u64::from(per_second.max(1));
        let is_within = next <= now + BURST * SECOND;
        if is_within {
            *until = next;
        }
        is_within
    }
}

/// Requests to the HTTP interface, by address and by device.
#[derive(Debug)]
pub struct HttpRates {
    addresses: Rates<IpAddr>,
    devices: Rates<DeviceRef>,
}

impl Default for HttpRates {
    fn default() -> Self {
        HttpRates { addresses: Rates(HashMap::new()), devices: Rates(HashMap::new()) }
    }
}

impl HttpRates {
    /// Whether an address (IPv6: its /64) may ask once more at `ticks` (ms since start). Limit 0 = no limit.
    pub fn of_address(&mut self, address: IpAddr, ticks: u64, per_second: u32) -> bool {
        per_second == 0 || self.addresses.take(network(address), ticks, per_second)
    }

    /// Whether a device's token may be used once more at `ticks` (ms since start). Limit 0 = no limit.
    pub fn of_device(&mut self, device: DeviceRef, ticks: u64, per_second: u32) -> bool {
        per_second == 0 || self.devices.take(device, ticks, per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_seconds_worth_at_once_then_the_rate() {
        let mut rates = Rates(HashMap::new());
        let taken = |rates: &mut Rates<u32>, who, ticks| (0..2000).filter(|_| rates.take(who, ticks, 100)).count();
        assert_eq!(taken(&mut rates, 1, 5), 1000);
        assert_eq!(taken(&mut rates, 2, 5), 1000);
        assert_eq!(taken(&mut rates, 1, 505), 50);
        assert_eq!(taken(&mut rates, 1, 100_505), 1000);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut rates = Rates(HashMap::new());
        for who in 0..20_000u32 {
            assert!(rates.take(who, u64::from(who / 3000), 1));
            assert!(rates.0.len() <= REMEMBERED);
        }
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut rates = HttpRates::default();
        let address = "2001:db8::1".parse().unwrap();
        assert!((0..99).all(|_| rates.of_address(address, 0, 0)));
        assert_eq!((0..99).filter(|_| rates.of_address(address, 0, 2)).count(), 20);
        assert!(!rates.of_address("2001:db8::2".parse().unwrap(), 0, 2));
    }
}

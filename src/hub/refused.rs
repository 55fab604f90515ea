//! The last devices that were refused for their token: whoever looks for a device that does not come finds it here.

use std::collections::VecDeque;
use std::net::IpAddr;

/// Most refusals that are remembered.
const REMEMBERED: usize = 10;
/// Characters of a token that are shown: enough to know it again, too few to use it.
const SHOWN: usize = 4;

/// The last refusals, the newest first.
#[derive(Debug, Default)]
pub struct Refused(VecDeque<(String, IpAddr, i64)>);

impl Refused {
    /// A device at this address came with a token that nobody has. `now`: ms since 1970. One that comes again and again is
    /// remembered once.
    pub fn add(&mut self, token: &str, address: IpAddr, now: i64) {
        let mut shown: String = token.chars().filter(|c| c.is_ascii_graphic()).take(SHOWN).collect();
        shown.push_str("...");
        self.0.retain(|(known, from, _)| (known, from) != (&shown, &address));
        self.0.truncate(REMEMBERED - 1);
        self.0.push_front((shown, address, now));
    }

    /// Beginning of the token, address, time in ms since 1970.
    pub fn iter(&self) -> impl Iterator<Item = &(String, IpAddr, i64)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_remembered_without_their_secret() {
        let mut refused = Refused::default();
        let address = |n: u8| IpAddr::from([192, 0, 2, n]);
        refused.add("secretsecretsecret", address(1), 5);
        refused.add("secretsecretsecret", address(1), 7);
        assert_eq!(refused.iter().collect::<Vec<_>>(), [&("secr...".to_owned(), address(1), 7)]);
        for n in 2..30 {
            refused.add("\0\u{1b}ab", address(n), i64::from(n));
        }
        assert_eq!(refused.iter().count(), REMEMBERED);
        assert_eq!(refused.iter().next(), Some(&("ab...".to_owned(), address(29), 29)));
    }
}

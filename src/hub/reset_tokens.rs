//! Tokens of password resets, of the app (32 characters) and of the web page (64 characters), in one pool.

use std::collections::HashMap;

/// ms that a token lives.
pub const LIFE: u64 = 45 * 60 * 1000;
/// Most tokens at the same time; the oldest go first.
const MOST: usize = 10_000;

/// Whose password a token resets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetToken {
    /// The account's mail address.
    pub email: String,
    /// The account's app name.
    pub app_name: String,
    /// ms since start.
    made_at: u64,
}

/// All tokens that wait to be used. Tokens that are too old count as absent.
#[derive(Debug, Default)]
pub struct ResetTokens {
    tokens: HashMap<Box<str>, ResetToken>,
}

impl ResetTokens {
    /// Makes a token name an account, at `ticks` (ms since start).
    pub fn add(&mut self, token: &str, email: &str, app_name: &str, ticks: u64) {
        self.expire(ticks);
        if self.tokens.len() >= MOST {
            let oldest = self.tokens.iter().min_by_key(|(_, t)| t.made_at).map(|(token, _)| token.clone());
            if let Some(oldest) = oldest {
                self.tokens.remove(&oldest);
            }
        }
        let reset = ResetToken { email: email.to_owned(), app_name: app_name.to_owned(), made_at: ticks };
        self.tokens.insert(token.into(), reset);
    }

    /// Whose password this token resets.
    pub fn get(&mut self, token: &str, ticks: u64) -> Option<&ResetToken> {
        self.expire(ticks);
        self.tokens.get(token)
    }

    /// Whether a token waits for this account.
    pub fn has(&mut self, email: &str, app_name: &str, ticks: u64) -> bool {
        self.expire(ticks);
        self.tokens.values().any(|t| t.email == email && t.app_name == app_name)
    }

    /// Forgets a token: it was used, or its mail could not be sent.
    pub fn remove(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    fn expire(&mut self, ticks: u64) {
        self.tokens.retain(|_, t| ticks.saturating_sub(t.made_at) < LIFE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_live_for_45_minutes() {
        let mut pool = ResetTokens::default();
        pool.add("t", "a@b.cc", "Blynk", 10);
        assert!(pool.has("a@b.cc", "Blynk", 11) && !pool.has("a@b.cc", "Other", 11));
        assert_eq!(pool.get("t", LIFE + 9).unwrap().email, "a@b.cc");
        assert_eq!(pool.get("t", LIFE + 10), None);
        assert!(!pool.has("a@b.cc", "Blynk", LIFE + 10));
    }

    #[test]
    fn the_pool_is_bounded() {
        let mut pool = ResetTokens::default();
        for i in 0..=MOST as u64 {
            pool.add(&i.to_string(), "a@b.cc", "Blynk", i);
        }
        assert_eq!(pool.tokens.len(), MOST);
        assert!(pool.get("0", MOST as u64).is_none() && pool.get("1", MOST as u64).is_some());
    }
}

//! Tokens of password resets, of the app (32 characters) and of the web page (64 characters), in one pool.

use std::collections::HashMap;
use std::fmt::Write as _;

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
    /// When its life ends, in ms since start.
    ends_at: u64,
}

/// All tokens that wait to be used. Tokens that are too old count as absent.
#[derive(Debug, Default)]
pub struct ResetTokens {
    tokens: HashMap<Box<str>, ResetToken>,
    /// Mails with tokens that a client waits for.
    pub mails: u32,
}

impl ResetTokens {
    /// Makes a token name an account, at `ticks` (ms since start).
    pub fn add(&mut self, token: &str, email: &str, app_name: &str, ticks: u64) {
        self.expire(ticks);
        if self.tokens.len() >= MOST {
            let oldest = self.tokens.iter().min_by_key(|(_, t)| t.ends_at).map(|(token, _)| token.clone());
            if let Some(oldest) = oldest {
                self.tokens.remove(&oldest);
            }
        }
        let reset =
            ResetToken { email: email.to_owned(), app_name: app_name.to_owned(), ends_at: ticks.saturating_add(LIFE) };
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

    /// Forgets the tokens of an account that is deleted.
    pub fn remove_account(&mut self, email: &str, app_name: &str) {
        self.tokens.retain(|_, t| t.email != email || t.app_name != app_name);
    }

    /// All tokens as lines `token TAB e-mail TAB app name TAB end of life`, the last in ms since 1970, for the next start.
    pub fn to_text(&mut self, ticks: u64, now: i64) -> String {
        self.expire(ticks);
        let mut text = String::new();
        for (token, t) in &self.tokens {
            let end = now.saturating_add_unsigned(t.ends_at - ticks);
            let _ = writeln!(text, "{token}\t{}\t{}\t{end}", t.email, t.app_name);
        }
        text
    }

    /// Takes in what [`ResetTokens::to_text`] made, at `ticks` (ms since start) and `now` (ms since 1970); lines that are
    /// something else are ignored.
    pub fn take_text(&mut self, text: &str, ticks: u64, now: i64) {
        for line in text.lines().take(MOST) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [token, email, app_name, end] = fields[..] else { continue };
            let left =
                end.parse::<i64>().map_or(0, |end| u64::try_from(end.saturating_sub(now)).unwrap_or(0)).min(LIFE);
            let reset = ResetToken { email: email.into(), app_name: app_name.into(), ends_at: ticks + left };
            self.tokens.insert(token.into(), reset);
        }
        self.expire(ticks);
    }

    fn expire(&mut self, ticks: u64) {
        self.tokens.retain(|_, t| ticks < t.ends_at);
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
    fn tokens_survive_a_restart() {
        let mut pool = ResetTokens::default();
        pool.add("t", "a@b.cc", "Blynk", 10);
        let text = pool.to_text(1010, 5_000_000) + "nonsense\nx\ty\tz\tnever\n";
        let mut next = ResetTokens::default();
        // A minute later.
        next.take_text(&text, 7, 5_060_000);
        assert_eq!(next.tokens.len(), 1);
        assert!(next.get("t", LIFE - 61_000 + 6).is_some() && next.get("t", LIFE - 61_000 + 7).is_none());
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

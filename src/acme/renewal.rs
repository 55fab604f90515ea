//! When a certificate is asked for: in the last third of the old one's life, and ever more rarely while that fails.

use crate::net::validity::Validity;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use std::time::Duration;

/// Pause after the first failure; each further one waits four times as long. Let's Encrypt allows five failed
/// verifications an hour.
const FIRST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest pause that the ACME server can ask for.
const LONGEST_TOLD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// From when on a new certificate is asked for, s since 1970; 0 when this one is none for the host.
pub fn due(leaf: &CertificateDer<'_>, host: &str) -> i64 {
    match Validity::of(leaf) {
        Some(Validity { from, until }) if names(leaf, host) => until - until.saturating_sub(from) / 3,
        _ => 0,
    }
}

/// Whether a certificate is for the host.
pub fn names(leaf: &CertificateDer<'_>, host: &str) -> bool {
    let Ok(host) = ServerName::try_from(host) else { return false };
    ParsedCertificate::try_from(leaf).is_ok_and(|parsed| verify_server_name(&parsed, &host).is_ok())
}

/// The pause after this many failures in a row. `told`: what the ACME server asks for.
pub fn pause(failures: u32, told: Option<Duration>) -> Duration {
    let own = FIRST_PAUSE.saturating_mul(4u32.saturating_pow(failures.saturating_sub(1))).min(LONGEST_PAUSE);
    own.max(told.unwrap_or_default().min(LONGEST_TOLD))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(names: &[&str]) -> CertificateDer<'static> {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        params.self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn the_last_third_is_for_renewal() {
        let (from, until) = (1_767_225_600, 1_775_001_600);
        let leaf = certificate(&["a.example", "b.example"]);
        assert_eq!(due(&leaf, "b.example"), from + (until - from) / 3 * 2);
        for other in ["c.example", "example", "127.0.0.1", "no name"] {
            assert_eq!(due(&leaf, other), 0, "{other}");
        }
        assert_eq!(due(&CertificateDer::from(vec![1, 2, 3]), "a.example"), 0);
    }

    #[test]
    fn failures_make_it_slow() {
        let minutes = |failures| pause(failures, None).as_secs() / 60;
        assert_eq!([1, 2, 3, 4, 5, 6, 1000].map(minutes), [5, 20, 80, 320, 1280, 1440, 1440]);
        assert_eq!(pause(1, Some(Duration::from_secs(7200))), Duration::from_secs(7200));
        assert_eq!(pause(2, Some(Duration::from_secs(1))), Duration::from_secs(1200));
        assert_eq!(pause(1, Some(Duration::MAX)), LONGEST_TOLD);
    }
}

//! How many sockets and files the process may have open, and who may have how many of them.
//!
//! What has to be saved must be saved, however many connections strangers make. So all parts have a share, and the shares
//! together are no more than the limit: connections get what the others leave.

use crate::hub::jobs;
use rustix::process::{getrlimit, setrlimit, Resource, Rlimit};

/// No more than this many is asked for: a limit of a billion, as in some containers, helps nobody.
const WANTED: u64 = 1024 * 1024;
/// Listeners, the event loop's own, logs, the control socket and its clients, databases, one file for HTTP.
const OWN: usize = 40;
/// A worker's: a connection and the questions for its address, or the files of an export.
const PER_WORKER: usize = 3;
/// An upload's: its file and its folder.
const PER_UPLOAD: usize = 2;
/// What is at least not for connections when there are [`PLENTY`]: for what nobody has thought of.
const RESERVED: usize = 128;
/// From this limit on nothing is saved on.
const PLENTY: u64 = 512;

/// Who may have how many descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Most connections of peers.
    pub connections: usize,
    /// Threads for mails, pushes and the like.
    pub network_threads: usize,
    /// Most uploads at the same time.
    pub uploads: usize,
}

impl Shares {
    /// With this limit of descriptors. `network_threads`: how many are configured.
    pub fn new(limit: u64, network_threads: usize) -> Self {
        let plenty = limit >= PLENTY;
        let network_threads = if plenty { network_threads } else { network_threads.min(1) };
        let uploads = if plenty { 2 } else { 1 };
        let others = OWN + jobs::threads(network_threads) * PER_WORKER + uploads * PER_UPLOAD;
        let reserved = if plenty { others.max(RESERVED) } else { others };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let connections = limit.saturating_sub(reserved).max(limit / 4);
        Shares { connections, network_threads, uploads }
    }
}

/// Raises the soft limit to the hard one, as the reference's runtime did: most systems start programs with 1024.
/// Returns the limit from now on.
pub fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let now = current.unwrap_or(WANTED);
    let wanted = maximum.unwrap_or(WANTED).min(WANTED);
    if wanted <= now {
        return now;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        Ok(()) => wanted,
        Err(e) => {
            log::debug!("the limit of descriptors stays at {now}: {e}");
            now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shares_together_are_within_the_limit() {
        for limit in (96..3000).chain([65_536, u64::from(u32::MAX)]) {
            for threads in [1, 4, 64] {
                let shares = Shares::new(limit, threads);
                let workers = jobs::threads(shares.network_threads);
                let used = OWN + workers * PER_WORKER + shares.uploads * PER_UPLOAD;
                let sum = (shares.connections + used) as u64;
                assert!(shares.connections > 8 && sum <= limit, "{limit}: {shares:?}, {sum} together");
            }
        }
    }

    #[test]
    fn with_few_descriptors_connections_are_what_is_left() {
        let connections = |limit| Shares::new(limit, 4).connections;
        assert_eq!((connections(1024), connections(100), connections(60), connections(0)), (896, 31, 15, 0));
        assert_eq!(Shares::new(1024, 4), Shares { connections: 896, network_threads: 4, uploads: 2 });
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let limit = raise_limit();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current.unwrap_or(WANTED), limit);
        assert!(limit >= maximum.unwrap_or(WANTED).min(WANTED));
        assert_eq!(raise_limit(), limit);
    }
}

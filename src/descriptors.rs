//! How many sockets and files the process may have open.

use rustix::process::{getrlimit, setrlimit, Resource, Rlimit};

/// Descriptors that are not for connections: files that are saved, requests to others, and above all the HTTP thread, which
/// takes up to four for a request and whose library ends when it gets none.
const RESERVED: u64 = 256;
/// No more than this many is asked for: a limit of a billion, as in some containers, helps nobody.
const WANTED: u64 = 1024 * 1024;

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

/// Most connections with this limit of descriptors: files must still be saved when strangers hold all of them.
pub fn connections_max(limit: u64) -> usize {
    usize::try_from(limit - RESERVED.min(limit / 2)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_kept_for_files() {
        assert_eq!((connections_max(1024), connections_max(100), connections_max(0)), (768, 50, 0));
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

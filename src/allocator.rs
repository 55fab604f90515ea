//! Has the allocator give freed memory back to the system at once.
//!
//! mimalloc gives back what has been free for 10 ms when the program next frees something near it: after a storm of clients a
//! server that has nothing to do keeps it all (2.7 times the start after 1,000 TLS devices; so 1.1 times). Only its environment
//! variable changes that without unsafe code, and it reads it before `main` begins.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// ms that mimalloc keeps what is free.
const VARIABLE: &str = "MIMALLOC_PURGE_DELAY";

/// Starts the program again, in the same process and with the same arguments, with the variable set; returns if it is set
/// already, or if that is not possible: then the server just keeps more memory.
pub fn give_back_at_once() {
    if env::var_os(VARIABLE).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    let error = again.args(arguments).env(VARIABLE, "0").exec();
    log::debug!("not started again to give memory back sooner: {error}");
}

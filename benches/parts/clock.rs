//! Processor time and memory. The machine may be busy with other things, so that processor time is what counts and the best
//! of several runs is shown; where the system does not tell it, wall time stands for it.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Wall and processor time of something.
#[derive(Clone, Copy)]
pub struct Cost {
    pub wall: Duration,
    pub cpu: Duration,
}

/// Processor time of all threads of this process, also of those that have ended, in steps of 10 ms.
fn process_cpu() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let fields = text.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
    Some(Duration::from_millis(10 * fields.filter_map(|n| n.parse::<u64>().ok()).sum::<u64>()))
}

/// Processor time of this thread.
fn thread_cpu() -> Option<Duration> {
    // The kernel brings the number up to date when it looks whose turn it is.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

fn measured<T>(clock: fn() -> Option<Duration>, work: impl FnOnce() -> T) -> Cost {
    let (before, start) = (clock(), Instant::now());
    black_box(work());
    let (wall, after) = (start.elapsed(), clock());
    Cost { wall, cpu: before.zip(after).map_or(wall, |(before, after)| after.saturating_sub(before)) }
}

/// What `work` costs all threads.
pub fn process<T>(work: impl FnOnce() -> T) -> Cost {
    measured(process_cpu, work)
}

/// What `work` costs this thread.
pub fn once<T>(work: impl FnOnce() -> T) -> Cost {
    measured(thread_cpu, work)
}

/// The best of so many runs, by processor time.
pub fn best<T>(runs: usize, mut work: impl FnMut() -> T) -> Cost {
    let mut best = once(&mut work);
    for _ in 1..runs {
        let cost = once(&mut work);
        best = Cost { wall: best.wall.min(cost.wall), cpu: best.cpu.min(cost.cpu) };
    }
    best
}

/// Resident memory, KB.
pub fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// One row of a table.
pub fn row(what: &str, cost: Cost) {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("  {what:58} {:10.3} ms  (wall {:.3} ms)", ms(cost.cpu), ms(cost.wall));
}

/// One row of a table, of something that was done so many times.
pub fn row_each(what: &str, cost: Cost, times: u32) {
    let us = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(times);
    println!("  {what:58} {:10.3} us  (wall {:.3} us)", us(cost.cpu), us(cost.wall));
}

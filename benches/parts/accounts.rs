//! Loading a data folder with many accounts.

use crate::clock;
use crate::world;
use eyelet::store::{load, Listing, LoadSettings};
use std::fs;

/// How many accounts.
const ACCOUNTS: usize = 10_000;
/// Their size, bytes.
const SIZE: usize = 10_240;

pub fn run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut user = world::user_of_size(SIZE);
    let mut bytes = 0;
    for n in 0..ACCOUNTS {
        user.email = format!("user{n}@example.com");
        let file = user.to_file();
        bytes += file.len();
        fs::write(folder.path().join(format!("user{n}@example.com.Blynk.user")), file).expect("a file");
    }
    drop(user);
    let settings =
        LoadSettings { host: "h", initial_energy: 1, terminal_lines: 25, table_rows: 100, now: world::START };
    for round in 0..5 {
        let (before, mut loaded) = (clock::resident(), None);
        let cost = clock::process(|| {
            loaded = Listing::of(folder.path()).ok().map(|listing| load(folder.path(), &listing, &settings));
        });
        let count = loaded.as_ref().map_or(0, |loaded| loaded.users.len());
        clock::row(&format!("{count} accounts"), cost);
        if round == 0 {
            let grown = clock::resident() - before;
            let times = grown as f64 * 1024.0 / bytes as f64;
            println!("  {} KB of files take {grown} KB of memory: {times:.2} times", bytes / 1024);
        }
    }
}

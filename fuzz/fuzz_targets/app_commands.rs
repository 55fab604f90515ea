//! Fuzzes `eyelet::app::fuzz_targets`: the first byte chooses the command.
#![no_main]

use eyelet::app::fuzz_targets::{World, COMMANDS};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((command, body)) = data.split_first() else { return };
    let account = World::account(include_str!("../../tests/data/example-profile.user.json"));
    let mut world = World::new(account);
    world.send(COMMANDS[usize::from(*command) % COMMANDS.len()], 1, body);
    world.check();
});

//! Fuzzes `eyelet::hardware::fuzz_targets`: the first byte chooses the command.
#![no_main]

use eyelet::hardware::fuzz_targets::{World, COMMANDS};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((command, body)) = data.split_first() else { return };
    let mut world = World::new(include_str!("../../tests/data/example-profile.user.json"));
    world.send(COMMANDS[usize::from(*command) % COMMANDS.len()], 1, body);
    world.check();
});

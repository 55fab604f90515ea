//! Fuzzes `eyelet::wire::fuzz_targets::app_frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::wire::fuzz_targets::app_frames(data));

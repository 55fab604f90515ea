//! Fuzzes `eyelet::wire::fuzz_targets::dash_frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::wire::fuzz_targets::dash_frame(data));

//! Fuzzes `eyelet::model::fuzz_targets::dashboard`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::model::fuzz_targets::dashboard(data));

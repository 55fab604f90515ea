//! Fuzzes `eyelet::model::fuzz_targets::user_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::model::fuzz_targets::user_file(data));

//! Fuzzes `eyelet::model::fuzz_targets::template`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::model::fuzz_targets::template(data));

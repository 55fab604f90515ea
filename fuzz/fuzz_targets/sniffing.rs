//! Fuzzes `eyelet::wire::fuzz_targets::sniffing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::wire::fuzz_targets::sniffing(data));

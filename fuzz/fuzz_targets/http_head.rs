//! Fuzzes `eyelet::net::fuzz_targets::http_head`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::net::fuzz_targets::http_head(data));

//! Fuzzes `eyelet::net::fuzz_targets::chunked_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::net::fuzz_targets::chunked_body(data));

//! Fuzzes `eyelet::net::fuzz_targets::websocket`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::net::fuzz_targets::websocket(data));

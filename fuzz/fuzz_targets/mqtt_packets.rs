//! Fuzzes `eyelet::net::fuzz_targets::mqtt_packets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::net::fuzz_targets::mqtt_packets(data));

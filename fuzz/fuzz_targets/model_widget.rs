//! Fuzzes `eyelet::model::fuzz_targets::widget`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eyelet::model::fuzz_targets::widget(data));

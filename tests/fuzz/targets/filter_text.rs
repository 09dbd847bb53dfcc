//! Filters: any text is read or refused with its place, and what is read is written to the same.
#![no_main]

use busbar::engine::testing::filter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| filter::filter_text(bytes));

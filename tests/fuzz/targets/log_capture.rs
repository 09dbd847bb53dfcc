//! Packet captures: any bytes are refused in a sentence or read to their end.
#![no_main]

use busbar::engine::testing::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::log_capture(bytes));

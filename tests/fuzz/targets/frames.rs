//! Frames: any frame is decoded, taken by every device, and encoded again to what it was.
#![no_main]

use busbar::engine::testing::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::frames(bytes));

//! What an adapter on a serial port says: any bytes.
#![no_main]

use busbar::engine::testing::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::slcan_lines(bytes));

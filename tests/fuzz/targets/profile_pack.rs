//! Profile packs: any bytes are taken or refused, and what is taken comes back.
#![no_main]

use busbar::engine::testing::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::profile_pack(bytes));

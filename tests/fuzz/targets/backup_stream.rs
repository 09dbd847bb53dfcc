//! Backups: any bytes are taken or refused, and what is taken is what was put in, to the last byte.
#![no_main]

use busbar::engine::testing::backup;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| backup::backup_stream(bytes));

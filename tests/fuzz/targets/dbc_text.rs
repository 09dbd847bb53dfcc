//! DBC text: any bytes give a schema and a list of problems, and the schema decodes any frame.
#![no_main]

use busbar::engine::testing::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::dbc_text(bytes));

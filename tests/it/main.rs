//! Integration tests: everything through the door, or through the program itself.

mod bad_input;
mod door;
mod support;

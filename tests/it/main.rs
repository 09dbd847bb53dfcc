//! Integration tests: everything through the door.

mod door;

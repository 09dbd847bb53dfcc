//! Integration tests: everything through the door.

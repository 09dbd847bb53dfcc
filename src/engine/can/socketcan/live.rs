//! The tests that need a real kernel CAN interface.

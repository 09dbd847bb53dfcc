//! Checks a DBC file and lists its problems.

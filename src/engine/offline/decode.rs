//! Decodes a recording with DBC files.

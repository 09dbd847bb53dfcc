//! DBC: text to schema to compiled codec; no devices, no files.

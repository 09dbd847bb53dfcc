//! The pack model as a battery would be seen.

//! The web face (feature `web`).

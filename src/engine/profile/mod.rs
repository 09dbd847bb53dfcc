//! Profiles: what is connected to what, in one readable TOML file.

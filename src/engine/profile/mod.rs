//! Profiles: what is connected to what, in one readable TOML file. `model` is what a profile
//! says.
//!
//! A profile is taken whole or refused whole: a broken file never half-runs. Nothing here opens a
//! bus or touches the running profile.

pub(crate) mod model;

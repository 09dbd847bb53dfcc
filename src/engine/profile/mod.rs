//! Profiles: what is connected to what, in one readable TOML file. `model` is what a profile says;
//! `parse` reads it, with the environment filled in by `expand`; `check` asks the
//! catalog of devices whether it makes sense; `write` writes it with comments
//! for people, and `edit` changes what a person wrote and leaves every other letter; `diff` says what two
//! texts differ in; `remote` what a text may not bring that comes over the network; `library` is the data folder, `shelf` the DBC files in it, `devices` the device
//! folders in it, `custom` makes one out of a DBC, `pack` takes a profile to another machine, and `settings` what is remembered
//! beside the profiles;
//! `watch` notices edits made outside; `starters` are the profiles that Busbar writes itself.
//!
//! A profile is taken whole or refused whole: a broken file never half-runs. Nothing here opens a
//! bus or touches the running profile.

pub(crate) mod check;
pub(crate) mod custom;
pub(crate) mod devices;
pub(crate) mod diff;
pub(crate) mod edit;
pub(crate) mod expand;
pub(crate) mod form;
pub(crate) mod library;
pub(crate) mod message;
pub(crate) mod model;
pub(crate) mod overlap;
pub(crate) mod pack;
pub(crate) mod parse;
pub(crate) mod recorder;
pub(crate) mod remote;
pub(crate) mod settings;
pub(crate) mod shelf;
pub(crate) mod starters;
pub(crate) mod watch;
pub(crate) mod write;

#[cfg(test)]
mod tests;

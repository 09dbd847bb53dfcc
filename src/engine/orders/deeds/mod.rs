//! What orders about people and settings do, in the transaction that also writes their line.

pub mod accounts;
pub mod dbc;
pub mod devices;
pub mod filters;
pub mod packs;
pub mod profiles;
pub mod reports;
pub mod services;
pub mod sessions;
pub mod settings;

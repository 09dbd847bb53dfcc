//! Makes views out of a snapshot: all judging, naming and formatting of what is shown is here.

pub mod buses;
pub mod cells;
pub mod charge;
pub mod chrome;
pub mod components;
pub mod dbc;
pub mod discovery;
pub mod doctor;
pub mod filter;
pub mod heard;
pub mod journal;
pub mod line;
pub mod logs;
pub mod pack;
pub mod panels;
pub mod parts;
pub mod plot;
pub mod profiles;
pub mod recordings;
pub mod replay;
pub mod report;
pub mod sending;
pub mod services;
pub mod sessions;
pub mod settings;
pub mod signal_plot;
pub mod start;
pub mod study;
pub mod system;
#[cfg(test)]
mod tests;
pub mod tiles;
pub mod tokens;
pub mod trace;
pub mod traffic;
pub mod user_editor;
pub mod users;

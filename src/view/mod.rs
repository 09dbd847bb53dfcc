//! What is shown, computed once as plain data and drawn by each face: texts with units, severities,
//! ages, and offers. No egui, no axum, no async; no face formats a number, judges a threshold or
//! asks for a permission by itself.

pub mod buses;
pub mod cells;
pub mod charge;
pub mod chrome;
pub mod components;
pub mod compose;
pub mod custom;
pub mod dbc;
pub mod discovery;
pub mod doctor;
pub mod exchange;
pub mod export;
pub mod filter;
#[cfg(any(test, feature = "testing"))]
pub mod fixtures;
pub mod journal;
pub mod logs;
pub mod offer;
pub mod pack;
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
pub mod shown;
pub mod start;
pub mod system;
pub mod text;
pub mod tokens;
pub mod trace;
pub mod traffic;
pub mod users;

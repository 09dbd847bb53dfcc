//! Busbar: a desktop console for battery packs on a CAN bus.

pub mod base;
pub mod boot;
pub mod cli;
#[cfg(feature = "desktop")]
pub mod desktop;
pub mod engine;
pub mod view;
#[cfg(feature = "web")]
pub mod web;

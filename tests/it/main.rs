//! Integration tests: everything through the door, or through the program itself.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by failing"
)]

mod accounts;
#[cfg(feature = "desktop")]
mod admin;
#[cfg(feature = "web")]
mod api;
#[cfg(feature = "web")]
mod attack;
#[cfg(feature = "desktop")]
#[cfg(feature = "web")]
mod backup;
#[cfg(unix)]
mod bad_charge;
mod bad_input;
mod can_desk;
#[cfg(feature = "web")]
mod can_walk;
#[cfg(feature = "web")]
mod charge_faces;
#[cfg(feature = "desktop")]
mod charging;
#[cfg(feature = "web")]
mod components;
#[cfg(feature = "web")]
mod dbc_files;
#[cfg(feature = "desktop")]
mod desktop;
mod door;
#[cfg(feature = "web")]
mod exchange;
#[cfg(all(feature = "web", feature = "mail"))]
mod feedback;
#[cfg(feature = "web")]
mod kept_filters;
#[cfg(feature = "web")]
mod kiosk;
#[cfg(feature = "web")]
mod listener;
#[cfg(feature = "web")]
mod listening;
#[cfg(feature = "web")]
mod live;
#[cfg(feature = "web")]
mod own_devices;
mod pages;
#[cfg(feature = "desktop")]
mod parts_desk;
#[cfg(unix)]
mod process_death;
mod processes;
#[cfg(feature = "web")]
mod profiles;
#[cfg(unix)]
mod profiles_command;
#[cfg(feature = "desktop")]
mod profiles_desk;
#[cfg(feature = "desktop")]
mod record_desk;
#[cfg(unix)]
mod recording;
mod recordings_command;
#[cfg(feature = "desktop")]
mod replay_desk;
#[cfg(feature = "web")]
mod replays;
#[cfg(feature = "web")]
mod secrets;
#[cfg(feature = "web")]
mod sending;
mod store;
mod support;
#[cfg(feature = "web")]
mod sweep;
#[cfg(feature = "desktop")]
mod system_desk;
#[cfg(feature = "web")]
mod visit;
mod watchdog;

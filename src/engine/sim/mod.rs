//! Simulated devices: nodes that speak real frames, and the physics of their cells.
//!
//! A [`Scene`] says what there is and what goes wrong; a [`World`] lets it live in virtual time; a
//! [`Runner`] paces a world by a clock and puts its frames on a bus through a guard. Nothing in
//! here knows what a receiver makes of the frames: simulation is a peer on the wire.

mod bmu;
mod bus_line;
mod cell;
mod cell_string;
mod chance;
mod charger;
mod contactors;
mod driver;
mod ear;
mod fault;
mod foxbms;
mod inverter_bms;
mod part;
mod plant;
mod runner;
mod scene;
mod scene_file;
mod second;
pub mod simulate;
#[cfg(test)]
mod tests;
mod truth;
mod unit;
mod wire;
mod world;

pub use chance::Chance;
pub use runner::Runner;
pub use scene::{Scene, SceneComponent, SceneError, SceneLine};
pub use truth::{StringTruth, Truth};
pub use world::{Parked, World, WorldError};

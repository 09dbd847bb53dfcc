//! The pack model: cells, modules, totals, flags, ages. Pure: values and a clock reading in, values
//! out; no clock, thread or frame of its own.
//!
//! A [`Pack`] takes the [`Fact`](crate::engine::device::Fact)s of one battery management system
//! and gives a [`PackPicture`] of any moment; [`together`] makes one picture of several that work
//! as one. A [`Charger`] and [`DriverControls`] do the same for theirs.

mod charger;
mod driver;
mod glance;
mod lapse;
mod look;
mod model;
mod modules;
mod part;
mod picture;
mod remarks;
mod seen;
mod settings;
mod share;
#[cfg(test)]
mod tests;
mod together;
mod trend;

pub use charger::{Charger, ChargerPicture};
pub use driver::{DriverControls, DriverPicture};
pub use glance::Glance;
pub use lapse::{Lapse, LapseSign};
pub use model::Pack;
pub use part::{Part, PartPicture, ReadingPicture};
pub use picture::{
    BalancingKnown, CellAt, CellPicture, CellState, FlagPicture, Lack, ModulePicture, PackPicture,
    Remark, Soc, TemperatureAt,
};
pub use seen::Seen;
pub use settings::{PackSettings, usual_patience};
pub use share::{Among, Share};
pub use together::together;

//! Everything behind the door. The children are private modules; what faces may name is
//! re-exported here and nothing else.

mod access;
mod can;
mod dbc;
mod device;
mod offline;
mod pack;
mod profile;
mod sim;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use access::actor::{Actor, Rights, Who};
pub use access::grant::{Denied, Face, Grant, LocalSeat, Session};
pub use access::permission::{
    Administer, ChangeSettings, ChargePacks, Permission, Right, UseCan, ViewPlant,
};
pub use can::guard::Cleared;
pub use offline::{check, decode, inspect, profiles};
pub use profile::library::{Library, LibraryError, Loaded};
pub use profile::model::{BusEntry, ComponentEntry, Limits, Profile};

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

pub use offline::{check, decode, inspect};

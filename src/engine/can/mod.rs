//! Frames and wires: what a CAN frame is, the buses it comes from, recordings of it, and the
//! guard that stands before every wire. Knows nothing of batteries or of what a frame means.

pub(crate) mod address;
pub(crate) mod bus;
#[cfg(test)]
pub(crate) mod conformance;
pub(crate) mod controller;
pub(crate) mod dress;
pub(crate) mod frame;
pub(crate) mod guard;
pub(crate) mod interfaces;
pub(in crate::engine) mod record;
pub(crate) mod replay;
pub(crate) mod room;
pub(crate) mod scan;
pub(crate) mod schedule;
pub(crate) mod slcan;
#[cfg(all(target_os = "linux", feature = "socketcan"))]
pub(crate) mod socketcan;
pub(crate) mod tape;
pub(crate) mod trace;
pub(crate) mod virtual_bus;

//! Orders about the controllers of buses: starting one anew that has taken itself off the bus, and
//! looking for the bit rate. Neither sends a frame, and neither is done beside a charge.

use crate::base::id::Name;
use crate::engine::access::permission::UseCan;

/// Every order about controllers that the hub knows.
#[derive(Clone, Debug)]
pub enum Controlling {
    /// See [`RestartBus`].
    Restart(RestartBus),
    /// See [`ScanBitRate`].
    Scan(ScanBitRate),
}

/// Starts the controller of a bus anew. It is done once and counted: nothing repeats it by itself.
#[derive(Clone, Debug)]
pub struct RestartBus {
    /// The bus.
    pub bus: Name,
}

/// Looks for the bit rate: listens at one after the other, and sets the bus as it was in the end.
#[derive(Clone, Debug)]
pub struct ScanBitRate {
    /// The bus.
    pub bus: Name,
}

plant_order!(
    RestartBus,
    "restart_bus",
    UseCan,
    AfterJournal,
    |one| one.bus.to_string(),
    Controlling,
    Controlling::Restart
);
plant_order!(
    ScanBitRate,
    "scan_bit_rate",
    UseCan,
    AfterJournal,
    |one| one.bus.to_string(),
    Controlling,
    Controlling::Scan
);

//! Orders about the controllers of buses: starting one anew that has taken itself off the bus, and
//! looking for the bit rate. Neither sends a frame, and neither is done beside a charge.

use crate::base::id::Name;
use crate::engine::access::permission::UseCan;
use crate::engine::orders::plant::Command;
use crate::engine::orders::{Haste, Order, Route};

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

impl Order for RestartBus {
    type Needs = UseCan;
    type Done = ();
    const NAME: &'static str = "restart_bus";
    const HASTE: Haste = Haste::AfterJournal;

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        self.bus.to_string()
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::Controlling(Controlling::Restart(self)), ())
    }
}

impl Order for ScanBitRate {
    type Needs = UseCan;
    type Done = ();
    const NAME: &'static str = "scan_bit_rate";
    const HASTE: Haste = Haste::AfterJournal;

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        self.bus.to_string()
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::Controlling(Controlling::Scan(self)), ())
    }
}

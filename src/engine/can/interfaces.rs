//! The CAN interfaces of this machine, and the serial ports that may be adapters, for a person who chooses one. Compiles everywhere; where
//! there is no SocketCAN it says so.

use crate::engine::can::address::{Address, Slcan};
use crate::engine::can::bus::{BusState, BusStatus};
use crate::engine::can::slcan;

/// A CAN interface of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name, such as `can0` or `/dev/ttyACM0`.
    pub name: String,
    /// Where it is found. The address of a serial port has no bit rate yet: that is for whoever opens
    /// it to say.
    pub address: Address,
    /// How it is doing and, where it cannot be used as it is, what to type.
    pub status: BusStatus,
    /// The same in one line: "up, 500 kbit/s".
    pub words: String,
}

/// What a look for CAN interfaces brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The interfaces, by name.
    pub interfaces: Vec<Interface>,
    /// Why there is none and what to type to get one; `None` where there is one.
    pub sentence: Option<String>,
}

/// Looks for CAN interfaces. Takes a few milliseconds at most and needs no permission.
#[must_use]
pub fn interfaces() -> Found {
    let mut found = kernel();
    found.interfaces.extend(slcan::candidates().into_iter().map(|port| {
        let what = port.device.unwrap_or_else(|| "serial port".to_owned());
        Interface {
            address: Address::Slcan(Slcan { port: port.port.clone(), ..Slcan::default() }),
            name: port.port,
            status: BusStatus::plain(BusState::Opening),
            words: format!("{what}; opened as an slcan adapter"),
        }
    }));
    found
}

fn kernel() -> Found {
    #[cfg(all(target_os = "linux", feature = "socketcan"))]
    return crate::engine::can::socketcan::interfaces();
    #[cfg(not(all(target_os = "linux", feature = "socketcan")))]
    return Found {
        interfaces: Vec::new(),
        sentence: Some(
            "This build has no SocketCAN: open a recording or the demo instead.".to_owned(),
        ),
    };
}

/// Whether the interface `name` has no hardware behind it, so that what is sent there moves nothing.
/// One that is not there, or that nothing is known of, counts as real.
#[must_use]
pub fn is_virtual(name: &str) -> bool {
    #[cfg(all(target_os = "linux", feature = "socketcan"))]
    return crate::engine::can::socketcan::is_virtual(name);
    #[cfg(not(all(target_os = "linux", feature = "socketcan")))]
    {
        let _ = name;
        false
    }
}

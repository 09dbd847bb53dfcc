//! The profiles that Busbar writes itself: for the demo, for a CAN interface that was found, for a
//! recording that was opened. What is connected to an unknown bus nobody can know; the usual
//! components at their usual addresses are a start that a person edits.

use std::path::Path;

use crate::base::id::{Name, NameError};
use crate::engine::can::address::{Address, AddressError, Slcan};
use crate::engine::profile::model::{BusEntry, ComponentEntry, Profile};

/// Name of the bus in a starting profile.
const BUS: &str = "bus 1";
/// The components that are watched for where nothing is known: name, kind, base address.
const USUAL: [(&str, &str, Option<u32>); 3] = [
    ("Pack", "prohelion-d1000-gen1", Some(0x600)),
    ("Charger", "elcon-tc", None),
    ("Driver controls", "ev-driver-controls", Some(0x500)),
];

/// Why a starting profile cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The interface has a name that no interface can have.
    #[error("no CAN interface")]
    Interface(#[source] AddressError),
    /// A name does not fit.
    #[error("no name for a profile")]
    Name(#[from] NameError),
}

impl Profile {
    /// The demo: `scene` on a virtual bus, and what is needed to watch it.
    ///
    /// # Errors
    /// The scene is called what no bus can be called.
    pub fn demo(scene: &str, components: Vec<ComponentEntry>) -> Result<Self, StartError> {
        let bus = Name::new("demo")?;
        let address = Address::Virtual("demo".to_owned());
        let entry = BusEntry { scene: Some(scene.to_owned()), ..BusEntry::new(bus, address) };
        Ok(Self::new(Name::new("Demo")?, vec![entry], components))
    }

    /// The CAN interface `interface`, watched for the usual components.
    ///
    /// # Errors
    /// That is no name of an interface.
    pub fn for_interface(interface: &str) -> Result<Self, StartError> {
        let address: Address =
            format!("socketcan:{interface}").parse().map_err(StartError::Interface)?;
        let bus = Name::new(interface).or_else(|_| Name::new(BUS))?;
        let components = usual_components(&bus)?;
        let name = Name::new(interface).or_else(|_| Name::new("CAN interface"))?;
        Ok(Self::new(name, vec![BusEntry::new(bus, address)], components))
    }

    /// The adapter on a serial port, watched for the usual components.
    ///
    /// # Errors
    /// A built-in name does not fit, which a test rules out.
    pub fn for_adapter(to: &Slcan) -> Result<Self, StartError> {
        let port = to.port.rsplit(['/', '\\']).next().unwrap_or_default();
        let bus = Name::new(port).or_else(|_| Name::new(BUS))?;
        let components = usual_components(&bus)?;
        let name = Name::new(port).or_else(|_| Name::new("CAN adapter"))?;
        let entry = BusEntry::new(bus, Address::Slcan(to.clone()));
        Ok(Self::new(name, vec![entry], components))
    }

    /// The recording `file`, watched for `components`, or for the usual ones if there are none.
    ///
    /// # Errors
    /// A built-in name does not fit, which a test rules out.
    pub fn for_recording(file: &Path, components: Vec<ComponentEntry>) -> Result<Self, StartError> {
        let bus = Name::new("recording")?;
        let components = if components.is_empty() { usual_components(&bus)? } else { components };
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let short: String = stem.unwrap_or_default().chars().take(Name::LIMIT).collect();
        let name = Name::new(short.trim_matches([' ', '.'])).or_else(|_| Name::new("Recording"))?;
        let address = Address::Replay(file.to_owned());
        Ok(Self::new(name, vec![BusEntry::new(bus, address)], components))
    }
}

/// What is watched for on `bus` where nothing is known about it.
///
/// # Errors
/// A built-in name does not fit, which a test rules out.
pub fn usual_components(bus: &Name) -> Result<Vec<ComponentEntry>, StartError> {
    USUAL
        .into_iter()
        .map(|(name, kind, base)| {
            let entry = ComponentEntry::new(Name::new(name)?, kind, bus.clone());
            Ok(ComponentEntry { base, ..entry })
        })
        .collect()
}

//! What a message means: device kinds as folders of data plus a little code.
//!
//! A kind is a folder under `assets/devices`: a manifest, a DBC, a sample and its decoded text. A
//! [`Device`] is a kind bound to a base address and its settings; it turns frames into [`Fact`]s
//! and values into frames. It knows no bus, keeps no values and has no clock.

pub(crate) mod battery;
mod bound;
mod catalog;
pub(crate) mod check;
mod fact;
mod flag;
#[cfg(test)]
mod folders;
mod identity;
mod kinds;
mod manifest;
mod panel;
pub(crate) mod recognise;
mod setting;
mod settings;
mod tells;

pub use bound::{Device, Malformed, Taken};
pub use catalog::{Catalog, Kind, Origin, Refused, Stays};
pub use check::Fault;
pub use fact::{
    BatteryFact, CellWord, ChargerCommand, ChargerControl, ChargerFaults, Contactors, Fact, Fans,
    Headroom, Limits, Outputs, PackState, Permits, Precharge, ReportedCell, ReportedTemperature,
    Switches,
};
pub use flag::{Flag, FlagSet, Level};
pub use identity::{Model, Question};
pub use manifest::{AddressWay, Category, Manifest, Rate, Sending};
pub use panel::{Beside, Sheet, SheetLamp, SheetReading};
pub use setting::{
    Digits, LONGEST_TEXT, SettingChoice, SettingRule, SettingShape, SettingValue, SettingValues,
};
pub use settings::{BindError, Claim, CurrentSign, Settings};
pub use tells::{CellsTold, Group, Speaker, Switching, Tells};

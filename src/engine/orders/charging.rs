//! Orders about charging. Whatever makes things safer goes first and is written after.

use crate::base::id::Name;
use crate::engine::access::permission::{ChangeSettings, ChargePacks, MakeSafe};
use crate::engine::charge::{Key, Lease, SetPoints};
use crate::engine::orders::plant::Command;
use crate::engine::orders::{Order, Route};
use crate::engine::store::charges::{self, Reader};

/// Every order about charging that the hub knows.
#[derive(Clone, Debug)]
pub enum Charging {
    /// See [`StartCharge`].
    Start(StartCharge),
    /// See [`StopCharge`].
    Stop(StopCharge),
    /// See [`ChangeCharge`].
    Change(ChangeCharge),
    /// See [`EngageContactors`].
    Engage(EngageContactors),
    /// See [`ClearLatches`].
    Clear(ClearLatches),
    /// See [`SetDemo`].
    Demo(SetDemo),
}

impl Charging {
    /// Whether it begins something by which contactors close or current flows.
    #[must_use]
    pub const fn begins(&self) -> bool {
        match self {
            Self::Start(_) | Self::Engage(_) => true,
            Self::Stop(_) | Self::Change(_) | Self::Clear(_) | Self::Demo(_) => false,
        }
    }
}

/// That a person was told what will happen and said yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirm;

/// Starts a charge.
#[derive(Clone, Debug)]
pub struct StartCharge {
    /// The pack: a group's name, or that of a single BMS's pack.
    pub pack: Name,
    /// The charger; none: the only one there is.
    pub charger: Option<Name>,
    /// What it is to do.
    pub set: SetPoints,
    /// What keeps it going.
    pub lease: Lease,
    /// A person said yes.
    pub confirm: Confirm,
}

/// Stops whatever runs, and opens the contactors. Always possible, never asks.
#[derive(Clone, Debug)]
pub struct StopCharge {
    /// The pack; none: every pack.
    pub pack: Option<Name>,
}

/// Changes the set points of a running charge, or those of the next one.
#[derive(Clone, Debug)]
pub struct ChangeCharge {
    /// The pack.
    pub pack: Name,
    /// What it is to do from now on.
    pub set: SetPoints,
}

/// Closes the contactors of a pack without a charge. They are opened by [`StopCharge`].
#[derive(Clone, Debug)]
pub struct EngageContactors {
    /// The pack.
    pub pack: Name,
    /// A person said yes.
    pub confirm: Confirm,
}

/// Clears what is latched at a pack. A stop at the machine is cleared only there.
#[derive(Clone, Debug)]
pub struct ClearLatches {
    /// The pack.
    pub pack: Name,
}

/// Parks the simulated vehicle of a demo, or lets it drive, and hurries its cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetDemo {
    /// Parked: nobody drives, nobody sends the key, the charger is plugged in.
    pub parked: bool,
    /// How much faster than the clock its cells live, 1 to 60.
    pub pace: f64,
}

/// Sets a rule of charging, or sets it back to its usual value: for every pack at once, while nothing
/// runs, and in the profile's file where it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetChargeRule {
    /// Which.
    pub key: Key,
    /// Its value, in its own unit; none: the usual one.
    pub value: Option<f64>,
    /// The version of the rules that the change was made on; none: whichever.
    pub expected: Option<i64>,
}

/// Records that the person has read the safety text of charging.
#[derive(Clone, Copy, Debug)]
pub struct ReadSafetyText;

plant_order!(
    StartCharge,
    "start_charge",
    ChargePacks,
    AfterJournal,
    |one| one.pack.to_string(),
    Charging,
    Charging::Start
);
plant_order!(
    StopCharge,
    "stop_charge",
    MakeSafe,
    AtOnce,
    |one| one.pack.as_ref().map_or_else(|| "every pack".to_owned(), ToString::to_string),
    Charging,
    Charging::Stop
);
plant_order!(
    ChangeCharge,
    "change_charge",
    ChargePacks,
    AfterJournal,
    |one| one.pack.to_string(),
    Charging,
    Charging::Change
);
plant_order!(
    EngageContactors,
    "engage_contactors",
    ChargePacks,
    AfterJournal,
    |one| one.pack.to_string(),
    Charging,
    Charging::Engage
);
plant_order!(
    ClearLatches,
    "clear_latches",
    ChargePacks,
    AfterJournal,
    |one| one.pack.to_string(),
    Charging,
    Charging::Clear
);
plant_order!(
    SetDemo,
    "set_demo",
    ChangeSettings,
    AfterJournal,
    |one| format!("{}, {}x", if one.parked { "parked" } else { "driving" }, one.pace),
    Charging,
    Charging::Demo
);

impl Order for SetChargeRule {
    type Needs = ChangeSettings;
    type Done = ();
    const NAME: &'static str = "set_charge_rule";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        let rule = self.key.rule();
        match self.value {
            Some(value) => format!("{} = {value} {}", rule.name, rule.unit),
            None => format!("{} = default ({} {})", rule.name, rule.usual, rule.unit),
        }
    }

    fn route(self) -> Route<()> {
        Route::Plant(Command::Rule(self), ())
    }
}

impl Order for ReadSafetyText {
    type Needs = ChargePacks;
    type Done = ();
    const NAME: &'static str = "read_safety_text";

    fn needs(&self) -> ChargePacks {
        ChargePacks
    }

    fn target(&self) -> String {
        "charging".to_owned()
    }

    fn route(self) -> Route<()> {
        Route::records(|desk| {
            let reader = desk.by.account.map_or(Reader::Local, Reader::Account);
            charges::note_read(desk.writing, reader, desk.by.at)?;
            desk.writing.touch();
            Ok(())
        })
    }
}

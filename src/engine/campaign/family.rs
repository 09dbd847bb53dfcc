//! What is thrown at a charge: kinds of faults, and families of them by name. Knows how a fault is
//! written into a scene, and nothing of what a machine makes of it.

use super::CampaignError;
use crate::engine::sim::Chance;

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Written into the scene: what, on whom, with which words besides.
    World(&'static str, On, &'static str),
    /// The process is killed and begins anew.
    Killed,
    /// The process stands still for a while.
    Frozen,
    /// The clock leaps ahead, as after a sleep of the machine.
    ClockLeaps,
    /// No line of the journal can be kept.
    DiskFull,
    /// The program is told to end, and ends once everything is off.
    Shutdown,
}

/// Whom a fault in the scene is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum On {
    /// One of the BMUs.
    Bmu,
    /// A module of one of them.
    Module,
    /// A cell of one of them.
    Cell,
    /// The charger.
    Charger,
    /// Any device.
    Device,
    /// The bus.
    Bus,
}

/// A kind and the name under which it is counted.
pub type Named = (&'static str, Kind);

macro_rules! world {
    ($($name:literal = $what:literal on $on:ident $(, $more:literal)?;)*) => {
        /// What the simulated world can do.
        pub const WORLD: &[Named] = &[$(
            ($name, Kind::World($what, On::$on, concat!($($more)?))),
        )*];
    };
}

world! {
    "bmu_silent" = "silent" on Bmu;
    "bmu_stuck" = "stuck" on Bmu;
    "bmu_lies_current" = "wrong" on Bmu, "message = 'BMU_PackVoltageCurrent'";
    "bmu_lies_range" = "wrong" on Bmu, "message = 'BMU_CellVoltageRange'";
    "bmu_lies_state" = "wrong" on Bmu, "message = 'BMU_PrechargeStatus'";
    "bmu_lies_flags" = "wrong" on Bmu, "message = 'BMU_ExtendedStatus'";
    "bmu_totals_silent" = "silent" on Bmu, "message = 'BMU_PackVoltageCurrent'";
    "bmu_room_silent" = "silent" on Bmu, "message = 'BMU_ChargerControl'";
    "bmu_range_silent" = "silent" on Bmu, "message = 'BMU_CellVoltageRange'";
    "bmu_state_silent" = "silent" on Bmu, "message = 'BMU_PrechargeStatus'";
    "bmu_flags_silent" = "silent" on Bmu, "message = 'BMU_ExtendedStatus'";
    "bmu_reboots" = "reboots" on Bmu;
    "cmu_silent" = "silent" on Module;
    "cmu_hot" = "wrong" on Module, "by = 60";
    "cmu_cold" = "wrong" on Module, "by = -70";
    "charger_silent" = "silent" on Charger;
    "charger_status_stuck" = "stuck" on Charger;
    "charger_keeps_on" = "keeps-on" on Charger;
    "charger_ignores_stop" = "ignores-stop" on Charger;
    "charger_lies" = "lies" on Charger;
    "charger_reboots" = "reboots" on Charger;
    "charger_other_address" = "other-address" on Charger;
    "charger_no_mains" = "no-mains" on Charger;
    "contactor_stuck" = "contactor-stuck" on Bmu;
    "contactor_welded" = "welded" on Bmu;
    "contactor_never_closes" = "never-closes" on Bmu;
    "contactor_supply" = "contactor-supply" on Bmu;
    "precharge_fails" = "precharge-fails" on Bmu;
    "shunt_reversed" = "reversed" on Bmu;
    "cell_untrusted" = "untrusted" on Cell;
    "cell_jumps" = "jumps" on Cell, "by = 400";
    "cell_reads_high" = "wrong" on Cell, "by = 350";
    "cell_reads_low" = "wrong" on Cell, "by = -450";
    "cell_stuck" = "stuck" on Cell;
    "second_master" = "second-master" on Bus;
    "second_key" = "second-controls" on Bus;
    "bus_off" = "bus-off" on Bus;
    "frames_lost" = "lost" on Device, "by = 0.6";
    "frames_late" = "late" on Device, "by = 1.7";
    "frames_twice" = "twice" on Device;
    "frames_shuffled" = "shuffled" on Device, "by = 0.6";
    "frames_corrupt" = "corrupt" on Device, "by = 0.1";
}

/// What can happen to the program itself.
pub const PROGRAM: &[Named] = &[
    ("process_killed", Kind::Killed),
    ("process_frozen", Kind::Frozen),
    ("clock_leaps", Kind::ClockLeaps),
    ("disk_full", Kind::DiskFull),
    ("shutdown", Kind::Shutdown),
];

/// Faults of one sort, for a campaign that looks at one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it throws, in a sentence.
    pub about: &'static str,
    /// The kinds begin with one of these; an empty list means all kinds.
    begins: &'static [&'static str],
}

/// A battery of the second generation, which is told what to do by commands instead of a key. Its faults are
/// those of its bench.
pub(super) const SECOND: Family = Family {
    name: "gen2",
    about: "A D1000 Gen 2 that is commanded step by step, or runs firmware that nobody may command.",
    begins: &["gen2_"],
};

/// All families; the first is what is run without a name.
pub const FAMILIES: &[Family] = &[
    Family { name: "all", about: "Every kind of fault, none to four of them.", begins: &[] },
    Family { name: "orders", about: "Orders from all faces and no fault.", begins: &["-"] },
    Family {
        name: "bmu",
        about: "A BMU that is silent, stuck, lies or begins anew.",
        begins: &["bmu_", "cmu_"],
    },
    Family {
        name: "charger",
        about: "A charger that is silent, keeps on, lies or ignores a stop.",
        begins: &["charger_"],
    },
    Family {
        name: "contactors",
        about: "Contactors that weld, stick, or do not close.",
        begins: &["contactor_", "precharge_"],
    },
    Family {
        name: "sensors",
        about: "Readings that jump, stick, lie or have the wrong sign.",
        begins: &["cell_", "cmu_", "shunt_"],
    },
    Family {
        name: "masters",
        about: "Somebody else commands charger or key.",
        begins: &["second_"],
    },
    Family {
        name: "frames",
        about: "Frames lost, late, twice, shuffled or flipped, and a bus that is off.",
        begins: &["frames_", "bus_off"],
    },
    Family {
        name: "program",
        about: "The program is killed, stands still, or cannot write.",
        begins: &["process_", "clock_", "disk_", "shutdown"],
    },
    SECOND,
];

impl Family {
    /// The family of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Self, CampaignError> {
        let found = FAMILIES.iter().find(|family| family.name == name).copied();
        found.ok_or_else(|| CampaignError::Family(name.to_owned()))
    }

    /// All names, for a sentence.
    #[must_use]
    pub fn names() -> String {
        FAMILIES.iter().map(|family| family.name).collect::<Vec<_>>().join(", ")
    }

    /// One of its kinds, where it has any.
    pub(super) fn draw(&self, chance: &mut Chance) -> Option<Named> {
        let own = |(name, _): &&Named| {
            self.begins.is_empty() || self.begins.iter().any(|begin| name.starts_with(begin))
        };
        let all = || WORLD.iter().chain(PROGRAM).filter(own);
        let count = all().count();
        let at = (chance.share() * count as f64) as usize;
        all().nth(at).copied()
    }
}

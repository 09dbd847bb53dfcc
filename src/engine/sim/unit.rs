//! A battery of a scene, of whatever kind: what a world asks of each of them.

use super::bmu::Bmu;
use super::ear::{Ear, Ears};
use super::fault::{Faults, Node};
use super::inverter_bms::{INVERTER_KIND, InverterBms, InverterWire};
use super::plant::{Plant, Strand};
use super::scene::{BmuKind, BmuPlan, ControlsPlan};
use super::second::{SECOND_KIND, Second, SecondWire};
use super::wire::{BMU_KIND, BmuWire, Mouth, Slot, Voice, WireError};
use crate::base::time::Mono;
use crate::engine::device::Catalog;

/// A battery with the messages that it sends.
#[derive(Clone, Debug)]
pub(super) enum Unit {
    /// A first generation.
    First(Box<(Bmu, BmuWire)>),
    /// A second generation.
    Second(Box<(Second, SecondWire)>),
    /// One that speaks to inverters.
    Inverter(Box<(InverterBms, InverterWire)>),
}

impl BmuKind {
    /// Its device folder.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::D1000Gen1 => BMU_KIND,
            Self::D1000Gen2 => SECOND_KIND,
            Self::Inverter => INVERTER_KIND,
        }
    }
}

impl Unit {
    /// The battery of `plan`; `ears` listen to what it and the driver's board need.
    ///
    /// # Errors
    /// It cannot speak as the scene wants.
    pub(super) fn new(
        catalog: &Catalog,
        (node, plan): (Node, &BmuPlan),
        driver: Option<&ControlsPlan>,
        seed: u64,
        ears: &mut Ears,
    ) -> Result<Self, WireError> {
        // The ids of an inverter's battery do not move.
        let base = (plan.kind != BmuKind::Inverter).then_some(plan.base);
        let voice = Voice::new(catalog, plan.kind.folder(), &plan.name, base)?;
        Ok(match plan.kind {
            BmuKind::D1000Gen1 => {
                let wire = BmuWire::new(&voice, plan.modules)?;
                let heard = [wire.precharge.id, wire.headroom.id, wire.charge.id];
                if driver.is_some() {
                    ears.listen(Ear::Bmu(node.0), &voice.device, &heard);
                }
                Self::First(Box::new((Bmu::new(node, plan, seed), wire)))
            }
            BmuKind::D1000Gen2 => {
                let wire = SecondWire::new(&voice, plan.modules)?;
                ears.listen(Ear::Second(node.0), &voice.device, &[wire.command]);
                Self::Second(Box::new((Second::new(node, plan), wire)))
            }
            BmuKind::Inverter => {
                let wire = InverterWire::new(&voice)?;
                Self::Inverter(Box::new((InverterBms::new(node, plan), wire)))
            }
        })
    }

    /// How many modules are measured one by one.
    pub(super) fn modules(&self) -> u16 {
        match self {
            Self::First(unit) => unit.0.modules(),
            Self::Second(unit) => unit.0.modules(),
            Self::Inverter(_) => 0,
        }
    }

    /// Takes a switch word from the bus.
    pub(super) fn hear_switches(&mut self, now: Mono, word: u16) {
        if let Self::First(unit) = self {
            unit.0.hear_switches(now, word);
        }
    }

    /// Takes a command from the bus.
    pub(super) fn hear_command(&mut self, now: Mono, command: u8) {
        if let Self::Second(unit) = self {
            unit.0.hear(now, command);
        }
    }

    /// When the vehicle will count as lost, where it is waited for.
    pub(super) fn vehicle_deadline(&self) -> Option<Mono> {
        match self {
            Self::First(unit) => unit.0.vehicle_deadline(),
            Self::Second(_) | Self::Inverter(_) => None,
        }
    }

    /// The vehicle has not spoken in time.
    pub(super) fn lose_vehicle(&mut self, now: Mono, faults: &Faults, mouth: &mut Mouth<'_>) {
        if let Self::First(unit) = self {
            let (bmu, wire) = &mut **unit;
            bmu.lose_vehicle(now, faults, mouth, wire);
        }
    }

    /// Whether closed contactors stay so whatever they are told.
    pub(super) fn holds(&self, now: Mono, faults: &Faults) -> bool {
        match self {
            Self::First(unit) => unit.0.holds(now, faults),
            Self::Second(unit) => unit.0.holds(now, faults),
            Self::Inverter(_) => false,
        }
    }

    /// Measures a module. Gives the time until it is measured again.
    pub(super) fn measure(
        &mut self,
        now: Mono,
        module: u16,
        strand: &mut Strand,
        faults: &mut Faults,
        mouth: &mut Mouth<'_>,
    ) -> i64 {
        match self {
            Self::First(unit) => {
                let (bmu, wire) = &mut **unit;
                bmu.measure(now, module, strand, faults, mouth, wire)
            }
            Self::Second(unit) => {
                let (bms, wire) = &mut **unit;
                bms.measure(now, module, strand, faults, mouth, wire)
            }
            Self::Inverter(_) => i64::MAX,
        }
    }

    /// A step of its own program. Gives the time until the next.
    pub(super) fn tick(
        &mut self,
        now: Mono,
        plant: &mut Plant,
        faults: &Faults,
        mouth: &mut Mouth<'_>,
    ) -> i64 {
        match self {
            Self::First(unit) => {
                let (bmu, wire) = &mut **unit;
                bmu.tick(now, plant, faults, mouth, wire)
            }
            Self::Second(unit) => {
                let (bms, wire) = &mut **unit;
                bms.tick(now, plant, faults, mouth, wire)
            }
            Self::Inverter(unit) => {
                let (bms, wire) = &mut **unit;
                bms.tick(now, plant, faults, mouth, wire)
            }
        }
    }

    /// The messages that it sends.
    pub(super) fn slots(&self) -> Vec<&Slot> {
        match self {
            Self::First(unit) => unit.1.slots(),
            Self::Second(unit) => unit.1.slots(),
            Self::Inverter(unit) => unit.1.slots(),
        }
    }
}

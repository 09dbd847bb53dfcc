//! `[battery]` of a device folder: which signals are what every battery tells, of one that needs no
//! code of its own.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::base::units::{Amps, Celsius, Millivolts, Percent, Volts};
use crate::engine::dbc::{Message, Row};
use crate::engine::device::fact::{BatteryFact, CellWord, Fact};
use crate::engine::device::flag::FlagSet;
use crate::engine::device::tells::{CellsTold, Group, Speaker, Switching, Tells};

/// Most cells and most temperatures.
pub const NUMBER_LIMIT: u16 = 256;

/// Where a battery says what every battery does. What is left out it does not tell.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatteryMap {
    /// Its voltage, volts.
    pub voltage: Option<Scaled>,
    /// Its current, amperes; which way round is a matter of the component's current sign.
    pub current: Option<Scaled>,
    /// Its state of charge, percent.
    pub soc: Option<Scaled>,
    /// Its cells, millivolts.
    pub cells: Vec<Numbered>,
    /// The temperatures of its cells, degrees Celsius.
    pub temperatures: Vec<Numbered>,
}

/// A signal, and what its value is multiplied with.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaled {
    /// Name of the message.
    pub message: String,
    /// Name of the signal.
    pub signal: String,
    /// What its value is multiplied with.
    #[serde(default = "one")]
    pub scale: f64,
}

/// A signal of one cell, or one temperature.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbered {
    /// Which, from 1.
    pub number: u16,
    /// Name of the message.
    pub message: String,
    /// Name of the signal.
    pub signal: String,
    /// What its value is multiplied with.
    #[serde(default = "one")]
    pub scale: f64,
}

const fn one() -> f64 {
    1.0
}

/// What a signal of a battery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatterySignal {
    /// Voltage.
    Voltage,
    /// Current.
    Current,
    /// State of charge.
    Soc,
    /// This cell, from 1.
    Cell(u16),
    /// This temperature, from 1.
    Temperature(u16),
}

impl BatteryMap {
    /// Everything that it maps: what, where, and the scale.
    pub fn all(&self) -> impl Iterator<Item = (BatterySignal, &str, &str, f64)> {
        let single = [
            (BatterySignal::Voltage, &self.voltage),
            (BatterySignal::Current, &self.current),
            (BatterySignal::Soc, &self.soc),
        ];
        let single = single.into_iter().filter_map(|(what, place)| {
            let Scaled { message, signal, scale } = place.as_ref()?;
            Some((what, message.as_str(), signal.as_str(), *scale))
        });
        let cells = numbered(BatterySignal::Cell, &self.cells);
        let temperatures = numbered(BatterySignal::Temperature, &self.temperatures);
        single.chain(cells).chain(temperatures)
    }

    /// What a battery of this map tells.
    pub(super) const fn tells(&self) -> Tells {
        let every = !self.cells.is_empty();
        Tells {
            groups: if every {
                &[Group::Modules, Group::Charge, Group::Totals]
            } else {
                &[Group::Charge, Group::Totals]
            },
            flags: FlagSet::NONE,
            cells: if every { CellsTold::Every } else { CellsTold::Nothing },
            switching: Switching::Unknown,
            speaker: Speaker::Nameless,
            temperature_limit: None,
            silence: "This battery is described by a DBC: it tells what its signals were said to be, and nothing of its limits, faults or contactors: these stay unknown.",
        }
    }

    /// What is odd about its numbers and scales.
    #[must_use]
    pub fn odd(&self) -> Option<String> {
        if self.all().any(|(_, _, _, scale)| !scale.is_finite() || scale == 0.0) {
            return Some("a scale is a number other than 0".to_owned());
        }
        for (word, all) in [("cell", &self.cells), ("temperature", &self.temperatures)] {
            let mut seen = BTreeSet::new();
            for number in all.iter().map(|one| one.number) {
                if !(1..=NUMBER_LIMIT).contains(&number) {
                    return Some(format!(
                        "{word} {number} is none: there can be 1 to {NUMBER_LIMIT}"
                    ));
                }
                if !seen.insert(number) {
                    return Some(format!("{word} {number} is there twice"));
                }
            }
        }
        None
    }
}

type Mapped<'m> = (BatterySignal, &'m str, &'m str, f64);

fn numbered(what: fn(u16) -> BatterySignal, all: &[Numbered]) -> impl Iterator<Item = Mapped<'_>> {
    all.iter().map(move |n| (what(n.number), n.message.as_str(), n.signal.as_str(), n.scale))
}

/// A signal of a message by its place, and what its value is multiplied with.
#[derive(Clone, Copy, Debug)]
struct At {
    place: usize,
    scale: f64,
}

impl At {
    fn read(self, row: &Row) -> Option<f64> {
        row.get(self.place).map(|value| value * self.scale).filter(|value| value.is_finite())
    }
}

/// What one message of such a battery says.
#[derive(Clone, Debug, Default)]
pub(super) struct Says {
    voltage: Option<At>,
    current: Option<At>,
    soc: Option<At>,
    /// The cells of a message make a module.
    module: u16,
    cells: Vec<At>,
    temperatures: Vec<(u16, At)>,
}

impl BatteryMap {
    /// The messages that have cells, by the lowest number in each: the modules, from 1.
    fn modules(&self) -> Vec<&str> {
        let mut cells: Vec<&Numbered> = self.cells.iter().collect();
        cells.sort_by_key(|cell| cell.number);
        let mut names: Vec<&str> = Vec::new();
        for cell in cells {
            if !names.contains(&cell.message.as_str()) {
                names.push(&cell.message);
            }
        }
        names
    }

    /// What `message` says of the battery.
    pub(super) fn says(&self, message: &Message) -> Says {
        let mut says = Says::default();
        let mut cells: Vec<(u16, At)> = Vec::new();
        for (what, _, signal, scale) in self.all().filter(|(_, own, ..)| *own == message.name) {
            let Some(place) = message.position(signal) else { continue };
            let at = At { place, scale };
            match what {
                BatterySignal::Voltage => says.voltage = Some(at),
                BatterySignal::Current => says.current = Some(at),
                BatterySignal::Soc => says.soc = Some(at),
                BatterySignal::Cell(number) => cells.push((number, at)),
                BatterySignal::Temperature(number) => says.temperatures.push((number, at)),
            }
        }
        cells.sort_by_key(|(number, _)| *number);
        says.cells = cells.into_iter().map(|(_, at)| at).collect();
        let place = self.modules().iter().position(|name| *name == message.name);
        says.module = place.and_then(|place| u16::try_from(place + 1).ok()).unwrap_or_default();
        says
    }
}

impl Says {
    /// Whether it says nothing.
    pub fn is_silent(&self) -> bool {
        let none = self.voltage.is_none() && self.current.is_none() && self.soc.is_none();
        none && self.cells.is_empty() && self.temperatures.is_empty()
    }

    /// Appends what a frame says; `factor` turns its current round. What is no number says nothing, and
    /// what says nothing grows old.
    pub fn say(&self, row: &Row, factor: f64, facts: &mut Vec<Fact>) {
        let read = |at: Option<At>| at.and_then(|at| at.read(row));
        match (read(self.voltage), read(self.current)) {
            (Some(voltage), Some(current)) => {
                let (voltage, current) = (Volts(voltage), Amps(current * factor));
                facts.push(Fact::Totals { voltage, current });
            }
            (voltage, current) => {
                let volts = voltage.map(|v| BatteryFact::PackVoltage(Volts(v)));
                let amps = current.map(|a| BatteryFact::PackCurrent(Amps(a * factor)));
                facts.extend([volts, amps].into_iter().flatten().map(Fact::Battery));
            }
        }
        if let Some(soc) = read(self.soc) {
            facts.push(Fact::Charge { used: None, soc: Some(Percent(soc)) });
        }
        // A message may tell some of them only, by a multiplexer.
        let told = (0..=u8::MAX).zip(&self.cells).filter_map(|(place, at)| {
            let cell = cell(at.read(row)?);
            Some(Fact::Cell { module: self.module, place, cell })
        });
        facts.extend(told);
        for (module, at) in &self.temperatures {
            if let Some(celsius) = at.read(row) {
                let cells = Some(Celsius(celsius));
                facts.push(Fact::Module { module: *module, serial: 0, board: None, cells });
            }
        }
    }
}

/// A cell of so many millivolts. Below zero is no cell.
fn cell(mv: f64) -> CellWord {
    let whole = Millivolts(mv.abs().round().min(1e9) as i32);
    if mv < 0.0 { CellWord::Untrusted(whole) } else { CellWord::Good(whole) }
}

//! What is really so in a world, whatever its devices say of it: for whoever judges a machine by
//! the cells and not by frames. Knows no frame and no fault.

use super::cell_string::CellString;
use super::world::World;

/// One string of cells as it really is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StringTruth {
    /// Its contactors are closed.
    pub connected: bool,
    /// Current into it, amperes.
    pub amps: f64,
    /// Voltage at its ends.
    pub volts: f64,
    /// Its highest cell, millivolts.
    pub highest_mv: f64,
    /// Its hottest cell, degrees Celsius.
    pub hottest_c: f64,
    /// Its coldest cell, degrees Celsius.
    pub coldest_c: f64,
}

/// A world as it really is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Volts at the output of the charger.
    pub charger_volts: f64,
    /// Amperes that it gives.
    pub charger_amps: f64,
    /// The strings, in the order of their BMUs.
    pub strings: Vec<StringTruth>,
}

impl StringTruth {
    fn of(cells: &CellString, connected: bool) -> Self {
        let mut truth = Self {
            connected,
            amps: cells.amps(),
            volts: cells.volts(),
            highest_mv: f64::MIN,
            hottest_c: f64::MIN,
            coldest_c: f64::MAX,
        };
        for cell in cells.cells() {
            truth.highest_mv = truth.highest_mv.max(1000.0 * cell.volts(truth.amps));
            truth.hottest_c = truth.hottest_c.max(cell.temperature_c());
            truth.coldest_c = truth.coldest_c.min(cell.temperature_c());
        }
        truth
    }
}

impl World {
    /// How it really is, into `truth`.
    pub fn look(&self, truth: &mut Truth) {
        let plant = self.plant();
        truth.charger_volts = plant.charger.volts;
        truth.charger_amps = plant.charger.amps;
        truth.strings.clear();
        let strings = plant.strands.iter();
        truth.strings.extend(strings.map(|s| StringTruth::of(&s.cells, s.connected)));
    }
}

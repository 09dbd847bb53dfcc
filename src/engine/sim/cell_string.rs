//! A string of cells in series, in modules as their CMUs see them. Knows how many, how they are
//! made and how warm they are; knows no frame. Chance is used once, when the cells are made.

use super::cell::{Cell, Make};
use super::chance::Chance;
use super::scene::BmuPlan;

/// Heat that a running shunt adds to its board, kelvin in the long run.
const SHUNT_WARMS_K: f64 = 1.5;
/// Share by which a board follows its surroundings in a second.
const BOARD_PULL: f64 = 0.01;

/// One module: its cells and its board.
#[derive(Clone, Debug)]
struct Module {
    cells: Vec<Cell>,
    board_c: f64,
}

/// Cells in series.
#[derive(Clone, Debug)]
pub(super) struct CellString {
    modules: Vec<Module>,
    /// Charge and heat that the string took since the last step, ampere-seconds and
    /// ampere²-seconds.
    taken: (f64, f64),
    amps: f64,
    inner_volts: f64,
    resistance_ohm: f64,
}

impl CellString {
    /// Makes the cells of `plan`, each a little different.
    pub(super) fn new(plan: &BmuPlan, ambient_c: f64, chance: &mut Chance) -> Self {
        let modules = (0..plan.modules)
            .map(|module| {
                let start_c = plan.temperature_c.unwrap_or(ambient_c);
                let warmth = start_c + 0.3 * chance.bell();
                let cells = (0..plan.cells_of(module))
                    .map(|cell| make_cell(plan, module, cell, warmth, chance))
                    .collect();
                Module { cells, board_c: warmth + 2.0 }
            })
            .collect();
        let mut string =
            Self { modules, taken: (0.0, 0.0), amps: 0.0, inner_volts: 0.0, resistance_ohm: 0.0 };
        string.sum_up();
        string
    }

    /// Sets the current, positive into the cells, for the `dt_s` seconds that have just begun.
    pub(super) fn carry(&mut self, amps: f64, dt_s: f64) {
        self.amps = amps;
        self.taken.0 += amps * dt_s;
        self.taken.1 += amps * amps * dt_s;
    }

    /// Lets the cells live through the last `span_s` seconds, `pace` times as fast.
    pub(super) fn step(&mut self, ambient_c: f64, span_s: f64, pace: f64) {
        let (amps, heating) = (self.taken.0 / span_s, self.taken.1 / span_s);
        self.taken = (0.0, 0.0);
        let live_s = span_s * pace;
        let parts = live_s.ceil().max(1.0);
        for _ in 0..parts as u32 {
            self.live(amps, heating, ambient_c, live_s / parts);
        }
        self.sum_up();
    }

    fn live(&mut self, amps: f64, heating: f64, ambient_c: f64, dt_s: f64) {
        for module in &mut self.modules {
            let mut shunts = 0.0;
            let mut warmth = 0.0;
            for cell in &mut module.cells {
                cell.step(amps, heating, ambient_c, dt_s);
                shunts += f64::from(u8::from(cell.is_shunted()));
                warmth += cell.temperature_c();
            }
            let around = warmth / (module.cells.len().max(1) as f64);
            let goal = around + 2.0 + SHUNT_WARMS_K * shunts;
            module.board_c += (goal - module.board_c) * (BOARD_PULL * dt_s).min(1.0);
        }
    }

    fn sum_up(&mut self) {
        let cells = || self.modules.iter().flat_map(|module| &module.cells);
        self.inner_volts = cells().map(Cell::inner_volts).sum();
        self.resistance_ohm = cells().map(Cell::resistance_ohm).sum();
    }

    /// Current into the cells, amperes.
    pub(super) const fn amps(&self) -> f64 {
        self.amps
    }

    /// Voltage of the string without the part that answers the current at once.
    pub(super) const fn inner_volts(&self) -> f64 {
        self.inner_volts
    }

    /// Resistance of the string, ohms.
    pub(super) const fn resistance_ohm(&self) -> f64 {
        self.resistance_ohm
    }

    /// Voltage at the ends of the string.
    pub(super) fn volts(&self) -> f64 {
        self.inner_volts + self.amps * self.resistance_ohm
    }

    /// Voltage of a cell, volts; `None` where there is no cell.
    pub(super) fn cell_volts(&self, module: u16, cell: u16) -> Option<f64> {
        self.cell(module, cell).map(|cell| cell.volts(self.amps))
    }

    /// All cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.modules.iter().flat_map(|module| &module.cells)
    }

    /// A cell; `None` where there is none.
    pub(super) fn cell(&self, module: u16, cell: u16) -> Option<&Cell> {
        self.modules.get(usize::from(module))?.cells.get(usize::from(cell))
    }

    /// A cell, for its shunt.
    pub(super) fn cell_mut(&mut self, module: u16, cell: u16) -> Option<&mut Cell> {
        self.modules.get_mut(usize::from(module))?.cells.get_mut(usize::from(cell))
    }

    /// Temperature of a module's middle cell, where its thermistor sits, and of its board.
    pub(super) fn module_c(&self, module: u16) -> (f64, f64) {
        self.modules.get(usize::from(module)).map_or((0.0, 0.0), |module| {
            let middle = module.cells.get(module.cells.len() / 2);
            (middle.map_or(0.0, Cell::temperature_c), module.board_c)
        })
    }

    /// Whether any shunt is on.
    pub(super) fn is_balancing(&self) -> bool {
        self.modules.iter().flat_map(|module| &module.cells).any(Cell::is_shunted)
    }

    /// Charge in all cells, ampere-hours, for tests of conservation.
    #[cfg(test)]
    pub(super) fn charge_ah(&self) -> f64 {
        self.modules.iter().flat_map(|module| &module.cells).map(Cell::charge_ah).sum()
    }
}

fn make_cell(plan: &BmuPlan, module: u16, cell: u16, warmth: f64, chance: &mut Chance) -> Cell {
    // The same draws for every cell, odd or not, so that one odd cell changes no other.
    let (soc, capacity, resistance, slow, loss, heat) =
        (chance.bell(), chance.bell(), chance.bell(), chance.bell(), chance.bell(), chance.bell());
    let odd = plan.oddities.iter().rev().find(|odd| odd.module == module && odd.cell == cell);
    let capacity_ah = plan.capacity_ah
        * (1.0 + capacity * plan.capacity_spread_percent / 100.0)
        * odd.map_or(1.0, |odd| odd.capacity_factor);
    let resistance_ohm = plan.resistance_mohm / 1000.0
        * (1.0 + resistance * plan.resistance_spread_percent / 100.0)
        * odd.map_or(1.0, |odd| odd.resistance_factor);
    let loss_percent = odd
        .and_then(|odd| odd.loss_percent_per_day)
        .unwrap_or(plan.loss_percent_per_day * (1.0 + 0.25 * loss));
    let spread_soc = plan.soc_percent + soc * plan.soc_spread_percent;
    let soc_percent = odd.and_then(|odd| odd.soc_percent).unwrap_or(spread_soc);
    let make = Make {
        capacity_ah,
        resistance_ohm,
        slow_ohm: 0.8 * resistance_ohm,
        slow_s: 35.0 * (1.0 + 0.1 * slow),
        loss_per_day: loss_percent / 100.0,
        // A kilogram of cell takes about 1000 J/K; 50 Ah weigh about one.
        heat_j_per_k: 20.0 * capacity_ah * (1.0 + 0.03 * heat),
        cooling_w_per_k: 0.004 * capacity_ah * (1.0 - 0.03 * heat),
    };
    Cell::new(make, soc_percent / 100.0, warmth + 0.2 * heat)
}

//! The modules of a battery: the last word of each cell and sensor, and what it comes to.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::base::reading::{Age, Patience, Reading};
use crate::base::time::Mono;
use crate::base::units::{Celsius, Millivolts};
use crate::engine::device::CellWord;
use crate::engine::pack::picture::{
    BalanceThresholds, CellAt, CellPicture, CellState, CellSummary, ModulePicture, TemperatureAt,
    TemperatureSummary,
};
use crate::engine::pack::seen::{Seen, younger};

/// Most modules of one battery that are kept; no device has more.
const MODULES_LIMIT: usize = 256;
/// Most cells of one module that are kept.
const CELLS_LIMIT: usize = 256;
/// A trust error that is shorter is no alarm (Gen 1 protocol note, section 2.2).
const TRUST_DELAY: Duration = Duration::from_millis(500);

/// No cell of any chemistry has more; a device that is no BMU may seem to say so, and so may a wire
/// that came off.
const PLAUSIBLE_MV: i32 = 6000;

/// What a temperature sensor of a battery can report, with much to spare: a pack that burns stays within.
/// Beyond it are a broken wire and devices that are no BMU.
const PLAUSIBLE_C: RangeInclusive<f64> = -100.0..=300.0;

/// Whether a cell may have this voltage at all.
pub(super) const fn is_plausible(voltage: Millivolts) -> bool {
    voltage.0 <= PLAUSIBLE_MV
}

/// Whether a sensor can report this temperature at all.
pub(super) fn is_temperature(celsius: Celsius) -> bool {
    PLAUSIBLE_C.contains(&celsius.get())
}

/// All modules of one battery.
#[derive(Clone, Debug, Default)]
pub(super) struct Modules {
    all: Vec<Module>,
}

#[derive(Clone, Debug, Default)]
struct Module {
    status: Reading<Status>,
    cells: Vec<Cell>,
    /// Which of its cells are balanced, where the device tells: bit 0 is the first.
    shunts: Reading<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Status {
    serial: u32,
    board: Option<Celsius>,
    cells: Option<Celsius>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    word: Reading<CellWord>,
    /// Since when its channels have disagreed, or said what no cell can have, without a break.
    untrusted_since: Option<Mono>,
}

/// What the modules come to, found without taking memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extremes {
    /// Lowest and highest trusted cell.
    pub cells: Option<(CellAt, CellAt)>,
    /// Coldest and hottest.
    pub temperatures: Option<(TemperatureAt, TemperatureAt)>,
    /// Cells that are there and trusted.
    pub counted: usize,
    /// Cells that have been untrusted for longer than a moment, and cells where none should be.
    pub untrusted: usize,
    /// Modules of which both temperature and cells were heard.
    pub modules: usize,
    /// Age of the oldest message of all of them; `None` where one has told only half.
    pub oldest: Option<Duration>,
}

impl Modules {
    /// Lowest, highest, oldest of all modules at `now`.
    pub fn extremes(&self, now: Mono, patience: Patience) -> Extremes {
        let mut sum = Extremes { oldest: Some(Duration::ZERO), ..Extremes::default() };
        for (place, module) in self.all.iter().enumerate() {
            let number = place as u16 + 1;
            let mut cells = 0;
            let mut oldest = module.status.at().map(|at| now.since(at));
            for (place, cell) in module.cells.iter().enumerate() {
                let Some(at) = cell.word.at() else { continue };
                cells += 1;
                // What is not there does not age.
                if cell.word.last() != Some(&CellWord::Absent) {
                    oldest = oldest.map(|oldest| oldest.max(now.since(at)));
                }
                sum.take_cell(number, place, cell, now, patience);
            }
            if module.status.at().is_none() && cells == 0 {
                continue;
            }
            sum.modules += usize::from(cells > 0 && oldest.is_some());
            let whole = oldest.filter(|_| cells > 0);
            sum.oldest = sum.oldest.zip(whole).map(|(one, other)| one.max(other));
            let told = module.status.usable(now, patience).and_then(|status| status.cells);
            if let Some(temperature) = told {
                let at = TemperatureAt { member: 0, temperature, module: number };
                sum.temperatures = Some(sum.temperatures.map_or((at, at), |(low, high)| {
                    let low = if at.temperature < low.temperature { at } else { low };
                    let high = if at.temperature > high.temperature { at } else { high };
                    (low, high)
                }));
            }
        }
        sum
    }

    /// The module with this number, made where it was never heard before; `None` for a number that
    /// no module has.
    fn module(&mut self, number: u16) -> Option<&mut Module> {
        let place = usize::from(number).checked_sub(1)?;
        if place >= MODULES_LIMIT {
            return None;
        }
        if self.all.len() <= place {
            self.all.resize_with(place + 1, Module::default);
        }
        self.all.get_mut(place)
    }

    /// Takes in serial number and temperatures.
    pub fn take_status(
        &mut self,
        at: Mono,
        number: u16,
        serial: u32,
        board: Option<Celsius>,
        cells: Option<Celsius>,
    ) {
        if let Some(module) = self.module(number) {
            module.status.take(at, Some(Status { serial, board, cells }));
        }
    }

    /// Takes in cells that follow each other; `first` is the number of the first of them, from 0.
    pub fn take_cells(&mut self, at: Mono, number: u16, first: u8, words: &[CellWord]) {
        let first = usize::from(first);
        let end = first + words.len();
        if end > CELLS_LIMIT {
            return;
        }
        let Some(module) = self.module(number) else { return };
        if module.cells.len() < end {
            module.cells.resize_with(end, Cell::default);
        }
        for (cell, word) in module.cells.iter_mut().skip(first).zip(words) {
            cell.untrusted_since = match word {
                CellWord::Untrusted(_) => cell.untrusted_since.or(Some(at)),
                CellWord::Good(mv) if !is_plausible(*mv) => cell.untrusted_since.or(Some(at)),
                CellWord::Good(_) | CellWord::Absent | CellWord::Extra => None,
            };
            cell.word.take(at, Some(*word));
        }
    }

    /// Takes in which cells are balanced.
    pub fn take_shunts(&mut self, at: Mono, number: u16, cells: u32) {
        if let Some(module) = self.module(number) {
            module.shunts.take(at, Some(cells));
        }
    }

    /// Whether some module tells which of its cells are balanced.
    pub fn tells_shunts(&self, now: Mono, patience: Patience) -> bool {
        self.all.iter().any(|module| module.shunts.usable(now, patience).is_some())
    }

    /// Lowest and highest trusted cell that is not lost, millivolts.
    pub fn range(&self, now: Mono, patience: Patience) -> Option<(i32, i32)> {
        let cells = self.all.iter().flat_map(|module| &module.cells);
        cells.fold(None, |range, cell| match cell.word.usable(now, patience) {
            Some(CellWord::Good(voltage @ Millivolts(mv))) if is_plausible(*voltage) => Some(
                range.map_or((*mv, *mv), |(low, high): (i32, i32)| (low.min(*mv), high.max(*mv))),
            ),
            Some(
                CellWord::Good(_) | CellWord::Untrusted(_) | CellWord::Absent | CellWord::Extra,
            )
            | None => range,
        })
    }

    /// All modules that were ever heard, at `now`.
    pub fn picture(
        &self,
        now: Mono,
        patience: Patience,
        balance: Option<BalanceThresholds>,
    ) -> Vec<ModulePicture> {
        let heard = self.all.iter().enumerate().filter(|(_, module)| {
            module.status.at().is_some() || module.cells.iter().any(|c| c.word.at().is_some())
        });
        heard
            .map(|(place, module)| {
                let status = Seen::judge(&module.status, now, patience);
                let shunts = module.shunts.usable(now, patience).copied();
                let balanced = |at: usize| shunts?.checked_shr(at as u32).map(|bits| bits & 1 == 1);
                let cells = module.cells.iter().enumerate();
                let cells: Vec<CellPicture> = cells
                    .map(|(at, cell)| {
                        let picture = cell.picture(now, patience, balance);
                        // What the device tells goes before what is expected of it.
                        let told = balanced(at).filter(|_| picture.state == CellState::Ok);
                        CellPicture { balancing: told.unwrap_or(picture.balancing), ..picture }
                    })
                    .collect();
                let age = cells.iter().map(|cell| cell.age).fold(status.age, younger);
                ModulePicture {
                    member: 0,
                    module: place as u16 + 1,
                    // A module that says no serial number says 0.
                    serial: status.and_then(|s| (s.serial != 0).then_some(s.serial)),
                    board: status.and_then(|s| s.board.filter(|c| is_temperature(*c))),
                    temperature: status.and_then(|s| s.cells.filter(|c| is_temperature(*c))),
                    implausible: status.value.map_or([None; 2], |s| {
                        [s.board, s.cells].map(|c| c.filter(|c| !is_temperature(*c)))
                    }),
                    cells,
                    age,
                }
            })
            .collect()
    }
}

impl Extremes {
    fn take_cell(&mut self, module: u16, place: usize, cell: &Cell, now: Mono, patience: Patience) {
        match cell.word.usable(now, patience) {
            Some(CellWord::Good(voltage)) if is_plausible(*voltage) => {
                let at = CellAt { member: 0, mv: voltage.get(), module, cell: place as u8 };
                self.counted += 1;
                self.cells = Some(self.cells.map_or((at, at), |(low, high)| {
                    let low = if at.mv < low.mv { at } else { low };
                    let high = if at.mv > high.mv { at } else { high };
                    (low, high)
                }));
            }
            Some(CellWord::Good(_) | CellWord::Untrusted(_)) => {
                self.untrusted += usize::from(cell.is_lasting());
            }
            Some(CellWord::Extra) => self.untrusted += 1,
            Some(CellWord::Absent) | None => {}
        }
    }
}

impl Cell {
    /// Whether it has been untrusted for longer than a moment: only a second message says so.
    fn is_lasting(&self) -> bool {
        let lasting = self.untrusted_since.zip(self.word.at());
        lasting.is_some_and(|(since, last)| last.since(since) >= TRUST_DELAY)
    }

    fn picture(
        &self,
        now: Mono,
        patience: Patience,
        balance: Option<BalanceThresholds>,
    ) -> CellPicture {
        let seen = Seen::judge(&self.word, now, patience);
        let (state, voltage) = match (seen.age, seen.value) {
            (Age::Never, _) => (CellState::Never, None),
            // What is not there does not age: an empty place stays empty.
            (Age::Lost(_), _) if self.word.last() == Some(&CellWord::Absent) => {
                (CellState::Absent, None)
            }
            (_, Some(CellWord::Good(mv))) if is_plausible(mv) => (CellState::Ok, Some(mv)),
            (_, Some(CellWord::Good(mv) | CellWord::Untrusted(mv))) => {
                (CellState::Untrusted, Some(mv))
            }
            (_, Some(CellWord::Absent)) => (CellState::Absent, None),
            (_, Some(CellWord::Extra)) => (CellState::Extra, None),
            (Age::Fresh(_) | Age::Late(_) | Age::Lost(_), None) => (CellState::Lost, None),
        };
        let alarming = state == CellState::Untrusted && self.is_lasting();
        // What no cell can have is no number to show.
        let implausible = voltage.is_some_and(|mv| !is_plausible(mv));
        let voltage = voltage.filter(|_| !implausible);
        let over = |limits: BalanceThresholds| voltage.is_some_and(|mv| mv.get() > limits.on);
        let balancing = state == CellState::Ok && balance.is_some_and(over);
        CellPicture { state, voltage, alarming, implausible, balancing, age: seen.age }
    }
}

impl CellSummary {
    /// Sums up the cells of modules.
    pub(super) fn of(modules: &[ModulePicture]) -> Self {
        let mut sum = Self::default();
        let mut total = 0_i64;
        for module in modules {
            for (number, cell) in module.cells.iter().enumerate() {
                match (cell.state, cell.voltage) {
                    (CellState::Ok, Some(voltage)) => {
                        let at = CellAt {
                            member: module.member,
                            mv: voltage.get(),
                            module: module.module,
                            cell: number as u8,
                        };
                        sum.counted += 1;
                        sum.balancing += usize::from(cell.balancing);
                        total += i64::from(at.mv);
                        sum.min = Some(sum.min.filter(|min| min.mv <= at.mv).unwrap_or(at));
                        sum.max = Some(sum.max.filter(|max| max.mv >= at.mv).unwrap_or(at));
                    }
                    (CellState::Untrusted, _) => sum.untrusted += 1,
                    (CellState::Absent, _) => sum.absent += 1,
                    (CellState::Extra, _) => sum.extra += 1,
                    (CellState::Lost, _) | (CellState::Ok, None) => sum.lost += 1,
                    (CellState::Never, _) => {}
                }
            }
        }
        sum.mean_mv = (sum.counted > 0).then(|| total as f64 / sum.counted as f64);
        sum.spread_mv = sum.max.zip(sum.min).map(|(max, min)| max.mv - min.mv);
        sum
    }
}

impl TemperatureSummary {
    /// Sums up the cell temperatures of modules.
    pub(super) fn of(modules: &[ModulePicture]) -> Self {
        let mut sum = Self::default();
        for module in modules {
            let Some(temperature) = module.temperature.value else {
                let usable = module.temperature.age.is_usable();
                let bare = usable && module.implausible[1].is_none();
                sum.without_sensor += usize::from(bare);
                continue;
            };
            let at = TemperatureAt { member: module.member, temperature, module: module.module };
            let keep = |own: &TemperatureAt| own.temperature;
            sum.min = Some(sum.min.filter(|min| keep(min) <= temperature).unwrap_or(at));
            sum.max = Some(sum.max.filter(|max| keep(max) >= temperature).unwrap_or(at));
        }
        sum
    }
}

/// All cells added up, millivolts; `None` unless every cell that is there has a trusted value.
pub(super) fn added_up(modules: &[ModulePicture]) -> Option<i64> {
    let mut total = None;
    for cell in modules.iter().flat_map(|module| &module.cells) {
        match (cell.state, cell.voltage) {
            (CellState::Ok, Some(mv)) => total = Some(total.unwrap_or(0) + i64::from(mv.get())),
            (CellState::Absent, _) => {}
            (CellState::Ok, None)
            | (CellState::Untrusted | CellState::Extra | CellState::Lost | CellState::Never, _) => {
                return None;
            }
        }
    }
    total
}

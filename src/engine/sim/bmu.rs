//! A simulated BMU of the first generation: measures its modules, judges, works its contactors and
//! says so (protocol note, sections 2 and 13). It knows its cells only as its CMUs measured them.

use super::chance::Chance;
use super::contactors::{self, Contactors, Inputs, RUN_BIT, START_BIT};
use super::fault::{ABSENT, EXTRA, Faults, Node};
use super::plant::{Plant, Strand};
use super::scene::{BmuPlan, MODULE_CELLS, Wrong};
use super::wire::{BmuWire, Mouth};
use crate::base::time::Mono;

/// Without a switch word for this long the vehicle counts as lost (protocol note, section 13).
pub(super) const VEHICLE_PATIENCE_NS: i64 = 250_000_000;
/// Without a word of a module for this long its CMU counts as lost.
const MODULE_PATIENCE_NS: i64 = 2_500_000_000;
/// A disagreement of a cell's channels shorter than this is not told as a flag (section 2.2).
const TRUST_PATIENCE_NS: i64 = 500_000_000;
/// Firmware build that the observed behaviour belongs to.
const FIRMWARE: f64 = 931.0;
/// Serial number of the first CMU; the others follow.
const FIRST_CMU_SERIAL: f64 = 61_825.0;
/// Milliamperes that one CMU takes from its supply.
const CMU_MA: f64 = 39.8;

/// Without these bits the key is off.
const KEY_BITS: u16 = RUN_BIT | START_BIT;

/// Status flags (protocol note, section 2.3).
pub(super) mod flag {
    pub(in super::super) const OVER_VOLTAGE: u32 = 0x1;
    pub(in super::super) const UNDER_VOLTAGE: u32 = 0x2;
    pub(in super::super) const OVER_TEMPERATURE: u32 = 0x4;
    pub(in super::super) const UNTRUSTED: u32 = 0x8;
    pub(in super::super) const MODULE_LOST: u32 = 0x10;
    pub(in super::super) const VEHICLE_LOST: u32 = 0x20;
    pub(in super::super) const MODULE_POWER: u32 = 0x80;
    pub(in super::super) const CONTACTOR_STUCK: u32 = 0x800;
    pub(in super::super) const EXTRA_CELL: u32 = 0x1000;
    /// Flags that open the contactors.
    pub(in super::super) const ERRORS: u32 = OVER_VOLTAGE
        | UNDER_VOLTAGE
        | OVER_TEMPERATURE
        | MODULE_LOST
        | VEHICLE_LOST
        | CONTACTOR_STUCK
        | EXTRA_CELL;
    /// Errors that stay until the key is off, even when their cause is gone.
    pub(in super::super) const LATCHED: u32 = ERRORS & !VEHICLE_LOST;
}

/// A module as its CMU last measured it.
#[derive(Clone, Debug)]
struct Measured {
    words: [i16; MODULE_CELLS as usize],
    cell_c: f64,
    board_c: f64,
    at: Option<Mono>,
    period_ns: f64,
}

/// A cell and where it is: module from 0, cell from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Extreme<T> {
    value: T,
    module: u16,
    cell: u16,
}

/// The BMU.
#[derive(Clone, Debug)]
pub(super) struct Bmu {
    node: Node,
    plan: BmuPlan,
    modules: Vec<Measured>,
    contactors: Contactors,
    chance: Chance,
    tick_ns: i64,
    ticks: u64,
    heard: Option<(Mono, u16)>,
    /// A key-off word came since the last tick: every word counts, not just the last.
    heard_off: bool,
    vehicle_lost: bool,
    /// The contactors did not follow the last time.
    stuck: bool,
    flags: u32,
    precharge_count: u16,
    used_ah: f64,
    balance_ah: Option<f64>,
    last_tick: Mono,
    low: Extreme<i16>,
    high: Extreme<i16>,
    cold: Extreme<f64>,
    hot: Extreme<f64>,
    fans: f64,
}

impl Bmu {
    /// The BMU of `plan`, just switched on.
    pub(super) fn new(node: Node, plan: &BmuPlan, seed: u64) -> Self {
        let mut chance = Chance::new(seed, 200 + node.0 as u64);
        let modules = (0..plan.modules)
            .map(|_| Measured {
                words: [ABSENT; MODULE_CELLS as usize],
                cell_c: 0.0,
                board_c: 0.0,
                at: None,
                // CMU clocks run free, up to a tenth off (section 2.1).
                period_ns: 1e9 * chance.between(0.9, 1.1),
            })
            .collect();
        let soc = plan.counted_soc_percent.unwrap_or(plan.soc_percent) / 100.0;
        Self {
            node,
            modules,
            contactors: Contactors::new(),
            tick_ns: (1e8 * chance.between(1.0005, 1.004)) as i64,
            chance,
            ticks: 0,
            heard: None,
            heard_off: false,
            vehicle_lost: true,
            stuck: false,
            flags: flag::MODULE_POWER | flag::VEHICLE_LOST,
            precharge_count: 0,
            used_ah: (1.0 - soc) * plan.capacity_ah,
            balance_ah: None,
            last_tick: Mono::ZERO,
            low: Extreme::default(),
            high: Extreme::default(),
            cold: Extreme::default(),
            hot: Extreme::default(),
            fans: 0.0,
            plan: plan.clone(),
        }
    }

    /// How many modules it has.
    pub(super) const fn modules(&self) -> u16 {
        self.plan.modules
    }

    /// Takes a switch word from the bus.
    pub(super) const fn hear_switches(&mut self, now: Mono, word: u16) {
        self.heard = Some((now, word));
        self.heard_off |= word & KEY_BITS == 0;
        self.vehicle_lost = false;
    }

    /// When the vehicle will count as lost, unless it speaks again; none while it is lost.
    pub(super) fn vehicle_deadline(&self) -> Option<Mono> {
        let (at, _) = self.heard?;
        (!self.vehicle_lost).then(|| Mono::from_nanos(at.nanos() + VEHICLE_PATIENCE_NS))
    }

    /// The vehicle has not spoken in time: opens the contactors and says so at once.
    pub(super) fn lose_vehicle(
        &mut self,
        now: Mono,
        faults: &Faults,
        mouth: &mut Mouth<'_>,
        wire: &BmuWire,
    ) {
        self.vehicle_lost = true;
        self.flags |= flag::VEHICLE_LOST;
        let inputs = self.inputs(now, faults);
        if self.contactors.step(inputs) {
            self.say_precharge(mouth, wire);
        }
    }

    /// A CMU measures its cells, and the BMU relays it. Gives the time until it does so again.
    pub(super) fn measure(
        &mut self,
        now: Mono,
        module: u16,
        strand: &mut Strand,
        faults: &mut Faults,
        mouth: &mut Mouth<'_>,
        wire: &BmuWire,
    ) -> i64 {
        let wobble = self.chance.between(-0.01, 0.01);
        let Some(measured) = self.modules.get_mut(usize::from(module)) else { return i64::MAX };
        let next = (measured.period_ns * (1.0 + wobble)) as i64;
        if faults.is_silent(self.node, module, now) || faults.has(Wrong::Reboots, self.node, now) {
            return next;
        }
        let on_mv = f64::from(self.plan.balance_mv);
        let off_mv = on_mv - f64::from(self.plan.balance_hysteresis_mv);
        for (place, word) in measured.words.iter_mut().enumerate() {
            let cell = place as u16;
            // The converter's last digit is never quite still.
            let noise = self.chance.between(-0.8, 0.8);
            let true_mv = strand
                .cells
                .cell_volts(module, cell)
                .map(|volts| (volts * 1000.0 + noise).round().clamp(1.0, 32_767.0) as i16);
            *word = faults.cell_word(self.node, (module, cell), true_mv, now);
            if let Some(cell) = strand.cells.cell_mut(module, cell) {
                if *word > 0 {
                    cell.balance(f64::from(*word), on_mv, off_mv);
                } else {
                    cell.unshunt();
                }
            }
        }
        let (cell_c, board_c) = strand.cells.module_c(module);
        measured.cell_c = tenth(cell_c + faults.degrees_off(self.node, module, now));
        measured.board_c = tenth(board_c);
        measured.at = Some(now);
        let words = measured.words.map(f64::from);
        let (cell_c, board_c) = (measured.cell_c, measured.board_c);
        self.find_extremes();
        if let Some(slots) = wire.modules.get(usize::from(module)) {
            let serial = FIRST_CMU_SERIAL + f64::from(module) + 100.0 * self.node.0 as f64;
            mouth.say_for(module, &slots.status, &[serial, board_c, cell_c]);
            mouth.say_for(module, &slots.low, words.get(..4).unwrap_or_default());
            mouth.say_for(module, &slots.high, words.get(4..).unwrap_or_default());
        }
        next
    }

    fn find_extremes(&mut self) {
        let (mut low, mut high) = (None::<Extreme<i16>>, None::<Extreme<i16>>);
        let (mut cold, mut hot) = (None::<Extreme<f64>>, None::<Extreme<f64>>);
        for (module, measured) in (0..).zip(&self.modules) {
            if measured.at.is_none() {
                continue;
            }
            for (cell, value) in (0..).zip(measured.words).filter(|(_, word)| *word > 0) {
                let here = Extreme { value, module, cell };
                low = Some(low.filter(|low| low.value <= value).unwrap_or(here));
                high = Some(high.filter(|high| high.value >= value).unwrap_or(here));
            }
            let here = Extreme { value: measured.cell_c, module, cell: 0 };
            cold = Some(cold.filter(|cold| cold.value <= here.value).unwrap_or(here));
            hot = Some(hot.filter(|hot| hot.value >= here.value).unwrap_or(here));
        }
        self.low = low.unwrap_or_default();
        self.high = high.unwrap_or_default();
        self.cold = cold.unwrap_or_default();
        self.hot = hot.unwrap_or_default();
    }

    /// A step of the BMU's own program, about every 100 ms. Gives the time until the next.
    pub(super) fn tick(
        &mut self,
        now: Mono,
        plant: &mut Plant,
        faults: &Faults,
        mouth: &mut Mouth<'_>,
        wire: &BmuWire,
    ) -> i64 {
        let pace = plant.pace();
        let Some(strand) = plant.strands.get_mut(self.node.0) else { return i64::MAX };
        self.count(now, strand, pace);
        if faults.has(Wrong::Reboots, self.node, now) {
            self.reboot();
            strand.connected &= self.holds(now, faults);
            return self.tick_ns;
        }
        self.judge(now, faults);
        let inputs = self.inputs(now, faults);
        let changed = self.contactors.step(inputs);
        self.heard_off = false;
        self.work(now, strand, faults);
        let turned = if faults.has(Wrong::Reversed, self.node, now) { -1.0 } else { 1.0 };
        self.say_fast(strand, turned, mouth, wire);
        if changed {
            self.say_precharge(mouth, wire);
        }
        self.say_slow(mouth, wire);
        self.ticks += 1;
        self.tick_ns
    }

    /// It has forgotten everything but what it counts.
    fn reboot(&mut self) {
        self.contactors = Contactors::new();
        (self.heard, self.heard_off, self.vehicle_lost) = (None, false, true);
        self.flags = flag::MODULE_POWER | flag::VEHICLE_LOST;
        self.stuck = false;
        self.modules.iter_mut().for_each(|measured| measured.at = None);
        self.find_extremes();
    }

    /// Whether closed contactors stay so whatever they are told.
    pub(super) fn holds(&self, now: Mono, faults: &Faults) -> bool {
        faults.has(Wrong::Welded, self.node, now)
    }

    /// The contactors follow, as far as they can.
    fn work(&mut self, now: Mono, strand: &mut Strand, faults: &Faults) {
        let wanted = self.contactors.is_closed();
        let held = strand.connected && self.holds(now, faults);
        self.stuck = held && !wanted;
        strand.connected = held || (wanted && !faults.has(Wrong::NeverCloses, self.node, now));
    }

    fn count(&mut self, now: Mono, strand: &Strand, pace: f64) {
        let hours = pace * now.since(self.last_tick).as_secs_f64() / 3600.0;
        self.last_tick = now;
        let into_ah = strand.cells.amps() * hours;
        self.used_ah -= into_ah;
        let balancing = strand.cells.is_balancing();
        match (&mut self.balance_ah, balancing) {
            (Some(since), true) => *since += into_ah,
            // The first cell at the balance threshold means full (section 2.7).
            (None, true) => {
                self.balance_ah = Some(0.0);
                self.used_ah = 0.0;
            }
            (since @ Some(_), false) => *since = None,
            (None, false) => {}
        }
    }

    /// Sets the flags from what was measured.
    fn judge(&mut self, now: Mono, faults: &Faults) {
        let overdue = |measured: &Measured| {
            let last = measured.at.unwrap_or(Mono::ZERO);
            now.nanos() - last.nanos() > MODULE_PATIENCE_NS
        };
        let words = || self.modules.iter().flat_map(|measured| measured.words);
        let known = self.high.value > 0;
        let untrusted = words().any(|word| word < 0 && word > EXTRA)
            && faults.untrusted_for(self.node, now, TRUST_PATIENCE_NS);
        let conditions = [
            (
                flag::OVER_VOLTAGE,
                known && i32::from(self.high.value) > i32::from(self.plan.over_mv),
            ),
            (
                flag::UNDER_VOLTAGE,
                known && i32::from(self.low.value) < i32::from(self.plan.under_mv),
            ),
            (flag::OVER_TEMPERATURE, known && self.hot.value >= self.plan.over_temperature_c),
            (flag::UNTRUSTED, untrusted),
            (flag::MODULE_LOST, self.modules.iter().any(overdue)),
            (flag::VEHICLE_LOST, self.vehicle_lost),
            (
                flag::CONTACTOR_STUCK,
                self.stuck || faults.has(Wrong::ContactorStuck, self.node, now),
            ),
            (flag::EXTRA_CELL, words().any(|word| word == EXTRA)),
        ];
        let key_off = self.heard.is_some_and(|(_, word)| word & KEY_BITS == 0);
        let kept = if key_off { 0 } else { self.flags & flag::LATCHED };
        let raised = conditions.iter().filter(|(_, is)| *is).fold(0, |all, (bit, _)| all | bit);
        self.flags = flag::MODULE_POWER | kept | raised;
    }

    fn inputs(&self, now: Mono, faults: &Faults) -> Inputs {
        let word = self.heard.map(|(_, word)| if self.heard_off { 0 } else { word });
        Inputs {
            switches: word.filter(|_| !self.vehicle_lost),
            fault: self.flags & flag::ERRORS != 0,
            supply: !faults.has(Wrong::ContactorSupply, self.node, now),
            fills: !faults.has(Wrong::PrechargeFails, self.node, now),
        }
    }

    /// What is said ten times a second: headroom, cell range, totals.
    fn say_fast(&self, strand: &Strand, turned: f64, mouth: &mut Mouth<'_>, wire: &BmuWire) {
        let (low, high) = (f64::from(self.low.value), f64::from(self.high.value));
        let charge = (f64::from(self.plan.balance_mv) - high).clamp(-32_768.0, 32_767.0);
        let discharge = (f64::from(self.plan.empty_mv) - low).clamp(-32_768.0, 32_767.0);
        let margin = self.hot.value - self.plan.over_temperature_c;
        let capacity = self.plan.capacity_ah.round().min(65_535.0);
        mouth.say(&wire.headroom, &[charge, margin, discharge, capacity]);
        let places =
            [self.low, self.high].map(|at| (f64::from(at.module) + 1.0, f64::from(at.cell)));
        let [(low_module, low_cell), (high_module, high_cell)] = places;
        mouth.say(&wire.range, &[low, high, low_module, low_cell, high_module, high_cell]);
        let millivolts = (strand.cells.volts() * 1000.0).round().max(0.0);
        let milliamps = (turned * strand.cells.amps() * 1000.0).round();
        mouth.say(&wire.totals, &[millivolts, milliamps]);
    }

    /// What is said once a second, each at its own tenth of it.
    fn say_slow(&mut self, mouth: &mut Mouth<'_>, wire: &BmuWire) {
        let capacity = self.plan.capacity_ah;
        match self.ticks % 10 {
            0 => {
                let serial = f64::from(self.plan.serial);
                mouth.say(&wire.heartbeat, &[4096.0, serial]);
            }
            1 => {
                let share = (1.0 - self.used_ah / capacity).clamp(0.0, 1.0);
                mouth.say(&wire.charge, &[self.used_ah, share]);
            }
            2 => {
                let since = self.balance_ah.unwrap_or(0.0);
                mouth.say(&wire.balance_charge, &[since, since / capacity]);
            }
            4 => self.say_precharge(mouth, wire),
            5 => {
                let places = [self.cold, self.hot].map(|at| f64::from(at.module) + 1.0);
                let [cold, hot] = places;
                mouth.say(&wire.temperatures, &[self.cold.value, self.hot.value, cold, hot]);
            }
            6 => {
                let on = f64::from(self.plan.balance_mv);
                let off = on - f64::from(self.plan.balance_hysteresis_mv);
                let flags = f64::from(self.flags & 0xFF);
                let modules = f64::from(self.plan.modules);
                mouth.say(&wire.status, &[on, off, flags, modules, FIRMWARE]);
            }
            7 => self.say_fans(mouth, wire),
            8 => mouth.say(&wire.extended, &[f64::from(self.flags), 0.0, 0.0]),
            _ => {}
        }
    }

    fn say_precharge(&mut self, mouth: &mut Mouth<'_>, wire: &BmuWire) {
        let shown = self.contactors.shown();
        let bits = if self.stuck { contactors::CLOSED } else { shown.bits };
        self.precharge_count = self.precharge_count.wrapping_add(1);
        let values = [
            f64::from(bits),
            f64::from(shown.state as u8),
            f64::from(self.precharge_count),
            f64::from(u8::from(shown.elapsed)),
            10.0 * f64::from(shown.timer),
        ];
        mouth.say(&wire.precharge, &values);
    }

    /// Fans and the 12 V side: the fans turn in Run, faster when it is hot.
    fn say_fans(&mut self, mouth: &mut Mouth<'_>, wire: &BmuWire) {
        let goal = if self.contactors.is_closed() {
            1400.0 + (self.hot.value - 30.0).clamp(0.0, 25.0) * 80.0
        } else {
            0.0
        };
        self.fans += (goal - self.fans) * 0.5;
        let rpm = if self.fans < 50.0 { 0.0 } else { self.fans };
        let second = (rpm * 0.985).round();
        let coils = if self.contactors.is_closed() { 780.0 } else { 66.0 };
        let fans_ma = rpm * 0.12;
        let modules_ma = CMU_MA * f64::from(self.plan.modules);
        mouth
            .say(&wire.fans, &[rpm.round(), second, (coils + fans_ma).round(), modules_ma.round()]);
    }
}

fn tenth(celsius: f64) -> f64 {
    (celsius * 10.0).round() / 10.0
}

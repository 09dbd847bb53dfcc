//! A simulated BMS of the second generation (protocol note, section 3), firmware 1.2: measures its
//! modules, goes through its states as it is commanded, and says so. No rates are published: 10 Hz and
//! 1 Hz are this program's choice.

use super::fault::{ABSENT, EXTRA, Faults, Node};
use super::plant::{Plant, Strand};
use super::scene::{BmuPlan, MODULE_CELLS, Wrong};
use super::wire::{Mouth, Slot, Voice, WireError};
use crate::base::time::Mono;
use crate::engine::can::frame::Id;

/// Folder of the simulated second generation.
pub(super) const SECOND_KIND: &str = "prohelion-d1000-gen2";
/// Time of a step.
const TICK_NS: i64 = 100_000_000;
/// Time between two measurements of a module.
const MODULE_NS: i64 = 1_000_000_000;
/// Without a command for this long it goes to Safe; the documents say "a number of seconds".
const CONTROL_NS: i64 = 3_000_000_000;
/// Without a word of a module for this long it counts as gone.
const MODULE_PATIENCE_NS: i64 = 2_500_000_000;
/// It waits two seconds with its contactors unchanged before it opens them.
const DISCONNECT_TICKS: u32 = 20;
/// The charger has to be this close to the battery, volts.
const MATCH_V: f64 = 10.0;
/// A charge that is to end waits for less than this, amperes, and for so long at most.
const STOPPED_A: f64 = 5.0;
const STOPPING_TICKS: u32 = 200;
/// Longest that it waits for a charger to match.
const CONNECT_TICKS: u32 = 500;

/// Reasons to be in Safe, by their bit from 32 on.
mod safe {
    pub(super) const CONTACTOR: u32 = 1 << 2;
    pub(super) const NODES: u32 = 1 << 9;
    pub(super) const CONTROL: u32 = 1 << 14;
    pub(super) const OVER_VOLTAGE: u32 = 1 << 16;
    pub(super) const UNDER_VOLTAGE: u32 = 1 << 17;
    pub(super) const OVER_TEMPERATURE: u32 = 1 << 18;
}

/// States with their bit on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle = 2,
    ChargeInit = 6,
    ChargeConnect = 7,
    ChargeEnabled = 8,
    ChargeStopping = 9,
    Disconnect = 10,
    Safe = 11,
}

/// A module as it was last measured.
#[derive(Clone, Debug)]
struct Measured {
    words: [i16; MODULE_CELLS as usize],
    celsius: f64,
    at: Option<Mono>,
}

/// The messages of a module.
#[derive(Clone, Debug)]
struct ModuleWire {
    cells: [Slot; 2],
    temperatures: Slot,
    counts: Slot,
}

/// The messages that it sends.
#[derive(Clone, Debug)]
pub(super) struct SecondWire {
    heartbeat: Slot,
    firmware: Slot,
    state: Slot,
    current: Slot,
    voltage: Slot,
    charge: Slot,
    limits: Slot,
    nodes: Slot,
    range: Slot,
    temperatures: Slot,
    contactors: Slot,
    counts: Slot,
    modules: Vec<ModuleWire>,
    pub command: Id,
}

const STATE_BITS: &str = "StateInit,StateCalibrate,StateIdle,StateConnect,StatePrecharge,\
StateEnabled,StateChargeInit,StateChargeConnect,StateChargeEnabled,StateChargeStopping,\
StateDisconnect,StateSafe";
const SAFE_BITS: &str = "SafeSelfTest,SafeWatchdog,SafeContactorFeedback,SafeHvil,\
SafeBatteryVoltage,SafeSumVoltage,SafeLoadVoltage,SafeChargerVoltage,SafeOverCurrent,SafeNodeCount,\
SafeCellCount,SafeSensorCount,SafeSensorLost,SafeIoExpander,SafeControlTimeout,SafeInternalComms,\
SafeCellOverVoltage,SafeCellUnderVoltage,SafeOverTemperature,SafeUnderTemperature,SafePressure,\
SafeHumidity,SafeVoc,SafeNox,SafePrechargeFailed";

impl SecondWire {
    pub(super) fn new(voice: &Voice, modules: u16) -> Result<Self, WireError> {
        let module = |number: u16| {
            let name = |what: &str| format!("CMU{number:02}_{what}");
            let cells = |k: u16| -> Result<Slot, WireError> {
                let signals = [1, 2, 3, 4].map(|at| format!("Cell{:02}", 4 * k + at));
                let signals: Vec<&str> = signals.iter().map(String::as_str).collect();
                voice.slot(&name(&format!("Cells{}", k + 1)), &signals)
            };
            let sensors = ["Temperature1", "Temperature2", "Temperature3", "Temperature4"];
            let counts = ["ConnectedCells", "ConnectedSensors", "BalanceStatus"];
            Ok(ModuleWire {
                cells: [cells(0)?, cells(1)?],
                temperatures: voice.slot(&name("Temperatures"), &sensors)?,
                counts: voice.slot(&name("Counts"), &counts)?,
            })
        };
        let range =
            ["MinCell", "MinCellNode", "MinCellNumber", "MaxCell", "MaxCellNode", "MaxCellNumber"];
        let temperatures =
            ["MinTemperature", "MinTemperatureNode", "MaxTemperature", "MaxTemperatureNode"];
        let contactors = ["Target4", "Target5", "State4", "State5"];
        let command = voice.slot("G2_Commands", &["Command"])?.id;
        Ok(Self {
            heartbeat: voice.slot("G2_Heartbeat", &["DeviceType", "DeviceSerial"])?,
            firmware: voice.slot("G2_Firmware", &["Major", "Minor", "Patch", "Build"])?,
            state: voice.slot("G2_State", &[STATE_BITS, SAFE_BITS])?,
            current: voice.slot("G2_Current", &["Instantaneous", "Filtered"])?,
            voltage: voice.slot("G2_Voltage", &["Battery", "Load"])?,
            charge: voice.slot("G2_Charge", &["StateOfCharge", "StateOfHealth"])?,
            limits: voice.slot("G2_Limits", &["MaxDischarge", "MaxCharge"])?,
            nodes: voice
                .slot("G2_Nodes", &["TotalVoltage", "BalanceThreshold", "CellsBalancing"])?,
            range: voice.slot("G2_CellRange", &range)?,
            temperatures: voice.slot("G2_TemperatureRange", &temperatures)?,
            contactors: voice.slot("G2_Contactors", &contactors)?,
            counts: voice.slot("G2_NodeCounts", &["ConfiguredNodes", "ConnectedNodes"])?,
            modules: (1..=modules).map(module).collect::<Result<_, WireError>>()?,
            command,
        })
    }

    /// All of them.
    pub(super) fn slots(&self) -> Vec<&Slot> {
        let own = [
            &self.heartbeat,
            &self.firmware,
            &self.state,
            &self.current,
            &self.voltage,
            &self.charge,
            &self.limits,
            &self.nodes,
            &self.range,
            &self.temperatures,
            &self.contactors,
            &self.counts,
        ];
        let modules = self
            .modules
            .iter()
            .flat_map(|module| module.cells.iter().chain([&module.temperatures, &module.counts]));
        own.into_iter().chain(modules).collect()
    }
}

/// The BMS.
#[derive(Clone, Debug)]
pub(super) struct Second {
    node: Node,
    plan: BmuPlan,
    modules: Vec<Measured>,
    state: State,
    in_state: u32,
    why: u32,
    heard: Option<(Mono, u8)>,
    soc: f64,
    last_tick: Mono,
    ticks: u64,
}

impl Second {
    /// The BMS of `plan`, just switched on.
    pub(super) fn new(node: Node, plan: &BmuPlan) -> Self {
        let measured = Measured { words: [ABSENT; MODULE_CELLS as usize], celsius: 0.0, at: None };
        Self {
            node,
            modules: vec![measured; usize::from(plan.modules)],
            state: State::Safe,
            in_state: 0,
            why: safe::CONTROL,
            heard: None,
            soc: plan.counted_soc_percent.unwrap_or(plan.soc_percent),
            last_tick: Mono::ZERO,
            ticks: 0,
            plan: plan.clone(),
        }
    }

    pub(super) const fn modules(&self) -> u16 {
        self.plan.modules
    }

    /// Takes a command from the bus.
    pub(super) const fn hear(&mut self, now: Mono, command: u8) {
        self.heard = Some((now, command));
    }

    /// Measures a module, and says what it found.
    pub(super) fn measure(
        &mut self,
        now: Mono,
        module: u16,
        strand: &mut Strand,
        faults: &mut Faults,
        mouth: &mut Mouth<'_>,
        wire: &SecondWire,
    ) -> i64 {
        let Some(measured) = self.modules.get_mut(usize::from(module)) else { return i64::MAX };
        if faults.is_silent(self.node, module, now) {
            return MODULE_NS;
        }
        let on_mv = f64::from(self.plan.balance_mv);
        let off_mv = on_mv - f64::from(self.plan.balance_hysteresis_mv);
        let mut shunts = 0_u16;
        for (place, word) in measured.words.iter_mut().enumerate() {
            let cell = place as u16;
            let true_mv = strand
                .cells
                .cell_volts(module, cell)
                .map(|volts| (volts * 1000.0).round().clamp(1.0, 32_767.0) as i16);
            *word = faults.cell_word(self.node, (module, cell), true_mv, now);
            if let Some(cell) = strand.cells.cell_mut(module, cell) {
                if *word > 0 {
                    cell.balance(f64::from(*word), on_mv, off_mv);
                    shunts |= u16::from(cell.is_shunted()) << place;
                } else {
                    cell.unshunt();
                }
            }
        }
        let (celsius, _) = strand.cells.module_c(module);
        measured.celsius = celsius + faults.degrees_off(self.node, module, now);
        measured.at = Some(now);
        if let Some(slots) = wire.modules.get(usize::from(module)) {
            // It has no words for what is not there or not trusted: it sends nothing or what it read.
            let mv = |word: &i16| match *word {
                ABSENT | EXTRA => 0.0,
                other => f64::from(other.unsigned_abs()),
            };
            for (slot, words) in slots.cells.iter().zip(measured.words.chunks(4)) {
                let words: Vec<f64> = words.iter().map(mv).collect();
                mouth.say_for(module, slot, &words);
            }
            let tenth = (measured.celsius * 10.0).round() / 10.0;
            mouth.say_for(module, &slots.temperatures, &[tenth; 4]);
            let cells = measured.words.iter().filter(|word| **word > 0).count();
            mouth.say_for(module, &slots.counts, &[cells as f64, 4.0, f64::from(shunts)]);
        }
        MODULE_NS
    }

    /// Lowest and highest cell with their places, where any was measured.
    fn range(&self) -> Option<[(i16, u16, u16); 2]> {
        let modules = (1_u16..).zip(&self.modules);
        let cells = modules.flat_map(|(module, measured)| {
            (1_u16..).zip(measured.words).map(move |(cell, word)| (word, module, cell))
        });
        let cells = cells.filter(|(word, _, _)| *word > 0);
        let low = cells.clone().min_by_key(|(word, _, _)| *word)?;
        Some([low, cells.max_by_key(|(word, _, _)| *word)?])
    }

    /// Coldest and hottest module.
    fn warmth(&self) -> Option<(f64, f64)> {
        let heard = self.modules.iter().filter(|measured| measured.at.is_some());
        let all = heard.map(|measured| measured.celsius);
        Some((all.clone().reduce(f64::min)?, all.reduce(f64::max)?))
    }

    /// Why it must be in Safe.
    fn judge(&self, now: Mono, faults: &Faults) -> u32 {
        let lost = |measured: &Measured| {
            now.nanos() - measured.at.unwrap_or(Mono::ZERO).nanos() > MODULE_PATIENCE_NS
        };
        let [low, high] =
            self.range().map_or([i32::MAX, 0], |[low, high]| [i32::from(low.0), i32::from(high.0)]);
        let hot = self.warmth().map_or(f64::MIN, |(_, hot)| hot);
        let control = self.heard.is_none_or(|(at, _)| now.nanos() - at.nanos() > CONTROL_NS);
        let conditions = [
            (safe::CONTROL, control),
            (safe::NODES, self.modules.iter().any(lost)),
            (safe::OVER_VOLTAGE, high > i32::from(self.plan.over_mv)),
            (safe::UNDER_VOLTAGE, low < i32::from(self.plan.under_mv)),
            (safe::OVER_TEMPERATURE, hot >= self.plan.over_temperature_c),
            (safe::CONTACTOR, faults.has(Wrong::ContactorStuck, self.node, now)),
        ];
        conditions.iter().filter(|(_, is)| *is).fold(0, |all, (bit, _)| all | bit)
    }

    /// The next state (protocol note, 3.4).
    fn next(&self, amps: f64, apart: f64) -> State {
        let command = self.heard.map_or(0, |(_, command)| command);
        let full = self.soc >= 100.0;
        match self.state {
            State::Disconnect if self.in_state >= DISCONNECT_TICKS => State::Safe,
            State::Disconnect => State::Disconnect,
            State::Safe if self.why == 0 && command == 1 => State::Idle,
            State::Safe => State::Safe,
            _ if self.why != 0 => State::Disconnect,
            State::Idle if command == 8 => State::ChargeInit,
            State::Idle => State::Idle,
            State::ChargeInit if command == 16 => State::ChargeConnect,
            State::ChargeInit if command == 8 => State::ChargeInit,
            State::ChargeInit => State::Idle,
            State::ChargeConnect if command != 16 => State::Idle,
            State::ChargeConnect if apart <= MATCH_V && self.in_state > 3 => State::ChargeEnabled,
            State::ChargeConnect if self.in_state > CONNECT_TICKS => State::Disconnect,
            State::ChargeConnect => State::ChargeConnect,
            State::ChargeEnabled if command != 16 || full => State::ChargeStopping,
            State::ChargeEnabled => State::ChargeEnabled,
            State::ChargeStopping if amps < STOPPED_A => State::Idle,
            State::ChargeStopping if self.in_state > STOPPING_TICKS => State::Disconnect,
            State::ChargeStopping => State::ChargeStopping,
        }
    }

    /// A step of its own program.
    pub(super) fn tick(
        &mut self,
        now: Mono,
        plant: &mut Plant,
        faults: &Faults,
        mouth: &mut Mouth<'_>,
        wire: &SecondWire,
    ) -> i64 {
        let (pace, output) = (plant.pace(), plant.charger.volts);
        let Some(strand) = plant.strands.get_mut(self.node.0) else { return i64::MAX };
        let hours = pace * now.since(self.last_tick).as_secs_f64() / 3600.0;
        self.last_tick = now;
        let into = strand.cells.amps() * hours / self.plan.capacity_ah * 100.0;
        self.soc = (self.soc + into).clamp(0.0, 100.0);
        let reasons = self.judge(now, faults);
        // What made it leave stays told until it is idle again.
        self.why = match self.state {
            State::Safe | State::Disconnect if reasons != 0 => self.why | reasons,
            _ => reasons,
        };
        let next = self.next(strand.cells.amps(), (output - strand.cells.volts()).abs());
        self.in_state = if next == self.state { self.in_state + 1 } else { 0 };
        self.state = next;
        let closed = self.closes(faults, now);
        strand.connected = closed || (strand.connected && self.holds(now, faults));
        self.say_fast(strand, mouth, wire);
        self.say_slow(strand, faults, now, mouth, wire);
        self.ticks += 1;
        TICK_NS
    }

    /// Whether both contactors to the charger are closed.
    fn closes(&self, faults: &Faults, now: Mono) -> bool {
        let on = match self.state {
            State::ChargeEnabled | State::ChargeStopping => true,
            // Its contactors stay as they are for two seconds.
            State::Disconnect => self.in_state < DISCONNECT_TICKS,
            State::Idle | State::ChargeInit | State::ChargeConnect | State::Safe => false,
        };
        on && !faults.has(Wrong::NeverCloses, self.node, now)
    }

    /// Whether closed contactors stay so whatever they are told.
    pub(super) fn holds(&self, now: Mono, faults: &Faults) -> bool {
        faults.has(Wrong::Welded, self.node, now)
    }

    fn say_fast(&self, strand: &Strand, mouth: &mut Mouth<'_>, wire: &SecondWire) {
        let milli = |value: f64| (value * 1000.0).round() / 1000.0;
        let state = f64::from(1_u32 << self.state as u32);
        mouth.say(&wire.state, &[state, f64::from(self.why)]);
        let amps = milli(strand.cells.amps());
        mouth.say(&wire.current, &[amps, amps]);
        let volts = milli(strand.cells.volts().max(0.0));
        mouth.say(&wire.voltage, &[volts, if strand.connected { volts } else { 0.0 }]);
        mouth.say(&wire.charge, &[(self.soc * 10.0).round() / 10.0, 99.0]);
        mouth.say(&wire.limits, &[milli(2.0 * self.plan.capacity_ah), milli(self.charge_limit())]);
    }

    /// What it lets itself be charged with: one times its capacity, and nothing from its over-voltage
    /// warning on, which is halfway between balancing and the fault.
    fn charge_limit(&self) -> f64 {
        let warning = (f64::from(self.plan.balance_mv) + f64::from(self.plan.over_mv)) / 2.0;
        let high = self.range().map_or(f64::MAX, |[_, high]| f64::from(high.0));
        if high >= warning { 0.0 } else { self.plan.capacity_ah }
    }

    fn say_slow(
        &self,
        strand: &Strand,
        faults: &Faults,
        now: Mono,
        mouth: &mut Mouth<'_>,
        wire: &SecondWire,
    ) {
        match self.ticks % 10 {
            0 => mouth.say(&wire.heartbeat, &[4472.0, f64::from(self.plan.serial)]),
            1 => mouth.say(&wire.firmware, &[1.0, 2.0, 0.0, 1.0]),
            2 => {
                let volts = (strand.cells.volts().max(0.0) * 1000.0).round() / 1000.0;
                let on = f64::from(self.plan.balance_mv);
                let shunted = strand.cells.cells().filter(|cell| cell.is_shunted()).count();
                mouth.say(&wire.nodes, &[volts, on, shunted as f64]);
            }
            3 | 8 => {
                if let Some([low, high]) = self.range() {
                    let at = |(mv, module, cell): (i16, u16, u16)| {
                        [f64::from(mv), f64::from(module), f64::from(cell)]
                    };
                    mouth.say(&wire.range, &[at(low), at(high)].concat());
                }
            }
            4 => {
                if let Some((cold, hot)) = self.warmth() {
                    let tenth = |celsius: f64| (celsius * 10.0).round() / 10.0;
                    mouth.say(&wire.temperatures, &[tenth(cold), 1.0, tenth(hot), 1.0]);
                }
            }
            5 | 7 | 9 => {
                let number = |is: bool| f64::from(u8::from(is));
                let five = self.closes(faults, now);
                let four = five || self.state == State::ChargeConnect;
                let closed = strand.connected;
                mouth.say(
                    &wire.contactors,
                    &[number(four), number(five), number(four || closed), number(closed)],
                );
            }
            6 => {
                let told = f64::from(self.plan.modules);
                mouth.say(&wire.counts, &[told, told]);
            }
            _ => {}
        }
    }
}

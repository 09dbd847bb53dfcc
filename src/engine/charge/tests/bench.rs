//! A pack and a charger in a few lines, and a station that charges it. Every value of the two views
//! can be bent by a test.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::time::Mono;
use crate::base::units::{AmpHours, Amps, Celsius, Millivolts, Percent, Volts, Watts};
use crate::engine::charge::{
    ChargerView, Lease, Message, Note, PackView, Rating, Rules, SetPoints, State, Station,
};
use crate::engine::device::{ChargerFaults, Flag, FlagSet, PackState, Switching};
use crate::engine::pack::{CellAt, TemperatureAt};

/// What a test does to the views before the machine sees them.
pub type Bend = fn(&mut PackView, &mut ChargerView);

/// What pack and charger of a bench are made like.
#[derive(Clone, Copy)]
pub struct Plant {
    /// Resistance of a cell that answers a current at once, and the part that answers slowly, ohms.
    pub ohm: f64,
    pub slow_ohm: f64,
    pub capacity_ah: f64,
    /// Open-circuit volts at a state of charge.
    pub curve: fn(f64) -> f64,
    pub balance_mv: i32,
    /// Time between two readings of the cells, seconds.
    pub reading_s: f64,
    /// Time from a command until the charger begins to follow it, seconds.
    pub dead_s: f64,
    /// How fast its current rises, amperes a second.
    pub rise: f64,
    /// The steps that its current has.
    pub grain: f64,
    pub most_amps: f64,
    /// Its status comes once a second and is as old as that; otherwise it is always new.
    pub slow_status: bool,
}

/// Ten cells in series, 20 Ah, and a charger that follows at once.
pub const USUAL: Plant = Plant {
    ohm: 0.003,
    slow_ohm: 0.0,
    capacity_ah: 20.0,
    curve: open_volts,
    balance_mv: 4100,
    reading_s: 0.1,
    dead_s: 0.0,
    rise: 2.0,
    grain: 0.0,
    most_amps: 16.0,
    slow_status: false,
};

/// A pack and a charger.
pub struct Bench {
    pub station: Station,
    pub plant: Plant,
    pub now: Mono,
    /// State of charge of the highest and of the lowest cell, 0 to 1.
    pub socs: (f64, f64),
    pub amps: f64,
    pub output: f64,
    pub told: Option<(f64, f64)>,
    pub key: Option<u16>,
    pub key_at: Mono,
    pub state: PackState,
    pub in_state: u32,
    pub hurry: f64,
    pub bend: Bend,
    pub sent: Vec<(Mono, Message)>,
    pub notes: Vec<Note>,
    pub highest_mv: i32,
    /// Volts of the slow part of a cell.
    slow_volts: f64,
    /// The highest and the lowest cell as they were read last, and steps since then.
    read: (i32, i32),
    since_read: u32,
    /// Whether the shunts of the two are on.
    shunts: (bool, bool),
    /// Commands on their way through the charger, oldest first.
    way: VecDeque<Option<(f64, f64)>>,
    /// What the charger said last, and steps since then.
    status: (f64, f64),
    since_status: u32,
    /// The charger does what it is told; otherwise it keeps on.
    pub obeys: bool,
    /// The contactors follow the key; otherwise they stay as they are.
    pub moves: bool,
    /// The BMUs do not hear the key.
    pub deaf: bool,
    /// How the contactors are worked.
    pub switching: Switching,
    /// The last command of a second generation.
    pub command: Option<u8>,
}

const CELLS: u16 = 10;
/// Time in which the slow part of a cell answers, seconds.
const SLOW_S: f64 = 40.0;

fn open_volts(soc: f64) -> f64 {
    if soc < 0.9 { 3.3 + soc * 0.7 } else { 3.93 + (soc - 0.9) * 2.7 }
}

impl Bench {
    pub fn new(soc: f64) -> Self {
        Self::of(USUAL, soc)
    }

    pub fn of(plant: Plant, soc: f64) -> Self {
        Self {
            station: Station::new(Rules::default(), Default::default()),
            plant,
            now: Mono::from_secs(100),
            socs: (soc, soc - 0.004),
            amps: 0.0,
            output: 0.0,
            told: None,
            key: None,
            key_at: Mono::ZERO,
            state: PackState::Error,
            in_state: 0,
            hurry: 1.0,
            bend: |_, _| {},
            sent: Vec::new(),
            notes: Vec::new(),
            highest_mv: 0,
            slow_volts: 0.0,
            read: (0, 0),
            since_read: u32::MAX / 2,
            shunts: (false, false),
            way: VecDeque::new(),
            status: (0.0, 0.0),
            since_status: u32::MAX / 2,
            obeys: true,
            moves: true,
            deaf: false,
            switching: Switching::Key,
            command: None,
        }
    }

    pub fn set() -> SetPoints {
        SetPoints {
            current: Amps(10.0),
            cell: Millivolts(4150),
            ..SetPoints::usual(&Rules::default())
        }
    }

    pub fn started(soc: f64) -> Self {
        let mut bench = Self::new(soc);
        bench.station.start(Self::set(), Lease::GoesOn).unwrap();
        bench
    }

    /// A charge that has been in constant current for a while.
    pub fn charging(soc: f64) -> Self {
        let mut bench = Self::started(soc);
        bench.run(40.0);
        assert_eq!(bench.station.state().name(), "constant_current", "{:?}", bench.notes);
        bench
    }

    pub fn views(&self) -> (PackView, ChargerView) {
        let cell = |mv| CellAt { member: 0, mv, module: 1, cell: 0 };
        let warm = |c| TemperatureAt { member: 0, temperature: Celsius(c), module: 1 };
        let (high, low) = self.read;
        let balance = self.plant.balance_mv;
        let closed = self.is_closed();
        let pack = PackView {
            bmus: 1,
            fast_age: Some(Duration::from_millis(60)),
            slow_age: Some(Duration::from_millis(50)),
            module_age: Some(Duration::from_millis(800)),
            voltage: Some(Volts(f64::from(CELLS) * f64::from(high + low) / 2000.0)),
            current: Some(Amps(self.amps)),
            highest: Some(cell(high)),
            lowest: Some(cell(low)),
            hottest: Some(warm(27.0)),
            coldest: Some(warm(25.0)),
            room_mv: Some(balance - high),
            margin_k: Some(-33.0),
            balance_mv: Some(balance),
            all_balancing: Some(low >= balance),
            cells: CELLS,
            untrusted: 0,
            soc: Some(Percent(self.socs.1 * 100.0)),
            capacity: Some(AmpHours(self.plant.capacity_ah)),
            state: Some(self.state),
            all_run: closed,
            all_idle: self.state == PackState::Idle,
            any_closed: Some(closed || self.state == PackState::ChargeConnect),
            // Without the vehicle's key a BMU rests and says what it misses.
            flags: Some(if self.hears_key() {
                FlagSet::NONE
            } else {
                FlagSet::of(&[Flag::VehicleTimeout])
            }),
            undocumented_flags: false,
            foreign_key: None,
            bus_ok: true,
            switching: self.switching,
            takes_commands: true,
            all_init: matches!(
                self.state,
                PackState::ChargeInit | PackState::ChargeConnect | PackState::ChargeEnabled
            ),
            ..PackView::default()
        };
        let charger = ChargerView {
            age: Some(Duration::from_millis(90 + 100 * u64::from(self.since_status))),
            voltage: Some(Volts(self.status.0)),
            current: Some(Amps(self.status.1)),
            faults: Some(ChargerFaults::default()),
            rating: Some(Rating {
                volts: Volts(60.0),
                amps: Amps(self.plant.most_amps),
                watts: Watts(37.5 * self.plant.most_amps),
            }),
            foreign: None,
            bus_ok: true,
        };
        (pack, charger)
    }

    /// Whether current can flow.
    fn is_closed(&self) -> bool {
        match self.switching {
            Switching::Key | Switching::Unknown => self.state == PackState::Run,
            Switching::Command => self.state == PackState::ChargeEnabled,
            Switching::Own => true,
        }
    }

    /// What the highest cell really is, millivolts.
    pub fn highest_really(&self) -> f64 {
        self.cell_mv(self.socs.0)
    }

    fn cell_mv(&self, soc: f64) -> f64 {
        ((self.plant.curve)(soc) + self.slow_volts + self.amps * self.plant.ohm) * 1000.0
    }

    fn measure(&mut self) {
        self.since_read += 1;
        if f64::from(self.since_read) * 0.1 >= self.plant.reading_s - 0.01 {
            self.since_read = 0;
            let mv = |soc| self.cell_mv(soc).round() as i32;
            self.read = (mv(self.socs.0), mv(self.socs.1));
            let on = self.plant.balance_mv;
            let shunt = |was: bool, mv: i32| mv >= on || (was && mv > on - 5);
            self.shunts = (shunt(self.shunts.0, self.read.0), shunt(self.shunts.1, self.read.1));
        }
        self.since_status += 1;
        if !self.plant.slow_status || self.since_status >= 10 {
            self.since_status = 0;
            self.status = (self.output, self.amps.max(0.0));
        }
    }

    /// What is seen of a pack at rest in `state`, with its contactors as they are there and `amps`
    /// flowing.
    pub fn seen(state: PackState, amps: f64) -> (PackView, ChargerView) {
        let mut bench = Self::new(0.5);
        (bench.state, bench.amps, bench.output) = (state, amps, 40.0);
        (bench.key, bench.key_at) = (Some(0), bench.now);
        bench.measure();
        bench.views()
    }

    /// One step of 100 ms.
    pub fn step(&mut self) {
        self.now = self.now.after(Station::CYCLE);
        self.measure();
        let (mut pack, mut charger) = self.views();
        (self.bend)(&mut pack, &mut charger);
        self.highest_mv = self.highest_mv.max(pack.highest.map_or(0, |cell| cell.mv));
        let mut messages = Vec::new();
        self.station.step(self.now, &pack, &charger, &mut messages, &mut self.notes);
        for message in messages {
            self.sent.push((self.now, message));
            match message {
                Message::Give { volts, amps } => self.told = Some((volts.get(), amps.get())),
                Message::Stop if self.obeys => self.told = None,
                Message::Stop | Message::Heartbeat => {}
                Message::Key(word) => {
                    self.key = Some(word);
                    self.key_at = self.now;
                }
                Message::Command(command) => {
                    self.command = Some(command);
                    (self.key, self.key_at) = (Some(0), self.now);
                }
            }
        }
        self.live();
    }

    /// What the charger follows by now: what it was told a while ago.
    fn follows(&mut self) -> Option<(f64, f64)> {
        self.way.push_back(self.told);
        let dead = (self.plant.dead_s * 10.0).round() as usize;
        if self.way.len() > dead { self.way.pop_front().flatten() } else { None }
    }

    fn live(&mut self) {
        let Plant { ohm, slow_ohm, capacity_ah, curve, rise, grain, .. } = self.plant;
        let told = self.follows();
        let pack = f64::from(CELLS) * curve((self.socs.0 + self.socs.1) / 2.0);
        let closed = self.is_closed();
        let goal = told.map_or(0.0, |(volts, amps)| if volts >= pack { amps } else { 0.0 });
        let goal = if grain > 0.0 { (goal / grain + 1e-6).floor() * grain } else { goal };
        let goal = if closed { goal } else { 0.0 };
        // Up slowly, down at once, as chargers do.
        self.amps = if goal > self.amps { goal.min(self.amps + rise * 0.1) } else { goal };
        self.output = match (closed, told) {
            (true, _) => pack + (self.amps * ohm + self.slow_volts) * f64::from(CELLS),
            (false, Some((volts, amps))) if amps > 0.0 => volts,
            (false, _) => 0.0,
        };
        self.slow_volts +=
            (self.amps * slow_ohm - self.slow_volts) * (0.1 / SLOW_S * self.hurry).min(1.0);
        let share = |amps: f64| amps * 0.1 / 3600.0 / capacity_ah * self.hurry;
        let shunt = |on: bool| if on { share(0.25) } else { 0.0 };
        self.socs.0 += share(self.amps) - shunt(self.shunts.0);
        self.socs.1 += share(self.amps) - shunt(self.shunts.1);
        self.turn_key();
    }

    fn hears_key(&self) -> bool {
        !self.deaf
            && self.key.is_some()
            && self.now.since(self.key_at) <= Duration::from_millis(250)
    }

    fn turn_key(&mut self) {
        if !self.moves {
            return;
        }
        let heard = self.key.filter(|_| self.hears_key());
        self.in_state += 1;
        let command = heard.and(self.command);
        let matches_pack = self.output > 0.0;
        let second = match (self.state, command) {
            (PackState::Idle | PackState::ChargeInit, None) => PackState::Safe,
            (PackState::ChargeConnect | PackState::ChargeEnabled, None) => PackState::Disconnect,
            (PackState::Disconnect, _) => PackState::Safe,
            (PackState::Error | PackState::Safe, Some(1)) => PackState::Idle,
            (PackState::Error, _) => PackState::Safe,
            (PackState::Idle, Some(8)) => PackState::ChargeInit,
            (PackState::ChargeInit, Some(16)) => PackState::ChargeConnect,
            (PackState::ChargeConnect, Some(16)) if matches_pack && self.in_state > 5 => {
                PackState::ChargeEnabled
            }
            (PackState::ChargeInit | PackState::ChargeConnect, Some(1)) => PackState::Idle,
            (PackState::ChargeEnabled, Some(1)) => PackState::ChargeStopping,
            (PackState::ChargeStopping, _) if self.amps < 5.0 => PackState::Idle,
            (state, _) => state,
        };
        let next = match (self.state, heard) {
            _ if self.switching == Switching::Command => second,
            (_, None) => PackState::Error,
            (PackState::Error, Some(0)) => PackState::Idle,
            (PackState::Idle, Some(0x70)) => PackState::Precharge,
            (PackState::Precharge, Some(0x70)) if self.in_state > 5 => PackState::Run,
            (PackState::Precharge | PackState::Run, Some(0)) => PackState::Idle,
            (state, Some(_)) => state,
        };
        if next != self.state {
            self.in_state = 0;
        }
        self.state = next;
    }

    pub fn run(&mut self, seconds: f64) {
        for _ in 0..(seconds * 10.0) as u32 {
            self.step();
        }
    }

    /// Runs until the state has this name; gives the seconds it took.
    pub fn until(&mut self, name: &str, most: f64) -> f64 {
        let from = self.now;
        while self.station.state().name() != name {
            assert!(
                self.now.since(from).as_secs_f64() < most,
                "not {name} within {most} s but {:?}",
                self.station.state()
            );
            self.step();
        }
        self.now.since(from).as_secs_f64()
    }

    /// Runs until the BMUs are told this word.
    pub fn until_key(&mut self, word: u16, most: f64) {
        for _ in 0..(most * 10.0) as u32 {
            if self.key == Some(word) {
                return;
            }
            self.step();
        }
        panic!("no key {word:#x} within {most} s but {:?}", self.station.state());
    }

    pub fn name(&self) -> &'static str {
        self.station.state().name()
    }

    /// Whether a command above zero was sent after `from`.
    pub fn gave_after(&self, from: Mono) -> bool {
        self.sent.iter().any(|(at, message)| {
            *at > from && matches!(message, Message::Give { amps, .. } if amps.get() > 0.0)
        })
    }

    pub fn stops_after(&self, from: Mono) -> usize {
        self.sent.iter().filter(|(at, m)| *at > from && *m == Message::Stop).count()
    }

    pub fn outcome(&self) -> crate::engine::charge::Outcome {
        match self.station.state() {
            State::Done { outcome, .. } | State::Fault { outcome, .. } => *outcome,
            other => panic!("not ended: {other:?}"),
        }
    }
}

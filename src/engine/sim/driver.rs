//! The driver of a scene: goes through its legs, turns the key, and says through the driver
//! controls what the hands do (protocol note, section 5). During a charge leg a simple host
//! commands the charger, as a person with a console would.

use super::chance::Chance;
use super::plant::Plant;
use super::scene::{ControlsPlan, Doing, Leg};
use super::wire::{ChargerWire, ControlsWire, Mouth};
use crate::base::time::Mono;
use crate::engine::device::PackState;

/// Time between two of the fast messages.
pub(super) const TICK_NS: i64 = 100_000_000;
/// Key words (protocol note, section 2.5).
const KEY_OFF: u16 = 0x0000;
const KEY_START: u16 = 0x0070;
const KEY_RUN: u16 = 0x0030;
const BRAKE: u16 = 0x0080;
/// Device number of driver controls (protocol note, section 1).
const CONTROLS_ID: f64 = 4098.0;

/// Ticks for which the key stays off before a start, is held on start, and rests after a failure.
const OFF_TICKS: u32 = 12;
const START_TICKS: u32 = 50;
const RETRY_TICKS: u32 = 50;
/// Ticks in Run without a running pack before the key goes off.
const DROPPED_TICKS: u32 = 10;

/// Where the key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Off,
    Start,
    Run,
}

/// What the driver sees on the dashboard, as heard from the BMUs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Dashboard {
    /// State of the contactors, as last told.
    pub state: Option<PackState>,
    /// Room to the balance threshold, millivolts.
    pub room_mv: f64,
    /// State of charge, percent.
    pub soc_percent: Option<f64>,
}

/// The driver.
#[derive(Clone, Debug)]
pub(super) struct Driver {
    plan: ControlsPlan,
    legs: Vec<Leg>,
    leg: usize,
    leg_since: Mono,
    key: Key,
    key_ticks: u32,
    wait: u32,
    ticks: u64,
    boards: Vec<Dashboard>,
    charge_amps: f64,
    chance: Chance,
}

impl Driver {
    /// A driver who has just sat down, in front of one dashboard a BMU.
    pub(super) fn new(plan: &ControlsPlan, legs: &[Leg], bmus: usize, seed: u64) -> Self {
        Self {
            plan: plan.clone(),
            legs: legs.to_vec(),
            leg: 0,
            leg_since: Mono::ZERO,
            key: Key::Off,
            key_ticks: 0,
            wait: OFF_TICKS,
            ticks: 0,
            boards: vec![Dashboard::default(); bmus],
            charge_amps: 0.0,
            chance: Chance::new(seed, 300),
        }
    }

    /// The dashboard of a BMU.
    pub(super) fn board(&mut self, bmu: usize) -> Option<&mut Dashboard> {
        self.boards.get_mut(bmu)
    }

    fn leg(&self) -> Leg {
        self.legs.get(self.leg).copied().unwrap_or(Leg {
            what: Doing::Off,
            seconds: f64::MAX,
            amps: None,
            until_percent: None,
        })
    }

    fn all(&self, state: PackState) -> bool {
        !self.boards.is_empty() && self.boards.iter().all(|board| board.state == Some(state))
    }

    /// Goes on to the next leg when this one is over.
    fn advance(&mut self, now: Mono) {
        let leg = self.leg();
        let over = now.since(self.leg_since).as_secs_f64() >= leg.seconds;
        let soc = self.boards.iter().filter_map(|board| board.soc_percent).fold(None, least);
        let reached = match (leg.until_percent, soc, leg.what) {
            (Some(until), Some(soc), Doing::Charge | Doing::Regen) => soc >= until,
            (Some(until), Some(soc), Doing::Drive | Doing::Rest | Doing::Off) => soc <= until,
            (None, _, _) | (_, None, _) => false,
        };
        if (over || reached) && !self.legs.is_empty() {
            self.leg = (self.leg + 1) % self.legs.len();
            self.leg_since = now;
            self.charge_amps = 0.0;
        }
    }

    /// Turns the key: off for a while, start until the pack runs, run as long as it does.
    fn turn_key(&mut self) {
        self.key_ticks += 1;
        let wants = self.leg().what != Doing::Off;
        let next = match self.key {
            Key::Off if wants && self.key_ticks >= self.wait && self.all(PackState::Idle) => {
                Key::Start
            }
            Key::Start | Key::Run if !wants => Key::Off,
            Key::Start if self.all(PackState::Run) && self.key_ticks >= 8 => Key::Run,
            Key::Start if self.key_ticks >= START_TICKS => Key::Off,
            Key::Run if !self.all(PackState::Run) => {
                if self.key_ticks >= DROPPED_TICKS {
                    Key::Off
                } else {
                    Key::Run
                }
            }
            Key::Run => {
                self.key_ticks = 0;
                Key::Run
            }
            Key::Off | Key::Start => self.key,
        };
        if next != self.key {
            let gave_up = next == Key::Off && wants;
            self.wait = if gave_up { RETRY_TICKS } else { OFF_TICKS };
            self.key = next;
            self.key_ticks = 0;
        }
    }

    /// Leaves the car, or gets in again: the key is off and everything begins anew from there.
    pub(super) fn leave(&mut self, plant: &mut Plant) {
        plant.drive(Doing::Off, None);
        self.key = Key::Off;
        self.key_ticks = 0;
        self.wait = OFF_TICKS;
        self.charge_amps = 0.0;
    }

    /// A tenth of a second of driving.
    pub(super) fn tick(
        &mut self,
        now: Mono,
        plant: &mut Plant,
        mouth: &mut Mouth<'_>,
        wire: &ControlsWire,
    ) -> i64 {
        self.advance(now);
        self.turn_key();
        let leg = self.leg();
        let running = self.key == Key::Run && self.all(PackState::Run);
        plant.drive(if running { leg.what } else { Doing::Off }, leg.amps);
        let pedal = plant.pedal();
        let braking = running && leg.what == Doing::Drive && pedal == 0.0;
        let word = match self.key {
            Key::Off => KEY_OFF,
            Key::Start => KEY_START,
            Key::Run if braking => KEY_RUN | BRAKE,
            Key::Run => KEY_RUN,
        };
        let state = match (self.key, leg.what) {
            (Key::Off, _) => 0.0,
            (Key::Start, _) => 2.0,
            (Key::Run, Doing::Drive | Doing::Regen) => 6.0,
            (Key::Run, Doing::Charge) => 7.0,
            (Key::Run, Doing::Off | Doing::Rest) => 4.0,
        };
        if self.ticks.is_multiple_of(10) {
            mouth.say(&wire.identity, &[CONTROLS_ID, f64::from(self.plan.serial)]);
        }
        // Torque mode: as fast as it likes, current by the pedal.
        let rpm = if pedal > 0.0 { 20_000.0 } else { 0.0 };
        mouth.say(&wire.drive, &[rpm, (pedal * 1000.0).round() / 1000.0]);
        mouth.say(&wire.power, &[1.0]);
        mouth.say(&wire.switches, &[f64::from(word), 0.0, state]);
        self.ticks += 1;
        TICK_NS + (self.chance.between(-2e6, 2e6) as i64)
    }

    /// Commands the charger, once a second: up while every cell has room, down when one is at its
    /// threshold; a plain stop outside of charge legs.
    pub(super) fn command(
        &mut self,
        volts: f64,
        amps: f64,
        mouth: &mut Mouth<'_>,
        wire: &ChargerWire,
    ) {
        let leg = self.leg();
        let charging =
            leg.what == Doing::Charge && self.key == Key::Run && self.all(PackState::Run);
        if !charging {
            self.charge_amps = 0.0;
            mouth.say(&wire.command, &[0.0, 0.0, 1.0]);
            return;
        }
        let room = self.boards.iter().map(|board| board.room_mv).fold(f64::MAX, f64::min);
        let most = leg.amps.unwrap_or(amps).min(amps);
        let step = (room * 0.05).clamp(-4.0, 1.0);
        self.charge_amps = (self.charge_amps + step).clamp(0.0, most);
        mouth.say(&wire.command, &[volts, self.charge_amps, 0.0]);
    }
}

fn least(a: Option<f64>, b: f64) -> Option<f64> {
    Some(a.map_or(b, |a| a.min(b)))
}

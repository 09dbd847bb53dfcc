//! A simulated Elcon charger (protocol note, section 9.1): does what it was last told, stops five
//! seconds after the last word, and says every second what it gives and what it misses.

use super::fault::{Faults, Node};
use super::plant::ChargerPower;
use super::scene::{ChargerPlan, Wrong};
use super::wire::{ChargerWire, Mouth};
use crate::base::time::Mono;

/// Without a command for this long it stops.
const COMMAND_PATIENCE_NS: i64 = 5_000_000_000;
/// Time between two status messages.
pub(super) const STATUS_NS: i64 = 1_000_000_000;
/// Below this voltage it sees no battery.
const BATTERY_VOLTS: f64 = 5.0;

const NO_INPUT: u8 = 0x04;
const NO_BATTERY: u8 = 0x08;
const NO_COMMAND: u8 = 0x10;

/// A command, as the charger understands it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Command {
    pub volts: f64,
    pub amps: f64,
    pub charge: Charging,
}

/// Whether a command says charge or stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charging {
    Go,
    Stop,
}

/// The charger.
#[derive(Clone, Debug)]
pub(super) struct Charger {
    node: Node,
    plan: ChargerPlan,
    heard: Option<(Mono, Command)>,
}

impl Charger {
    /// A charger that was just switched on.
    pub(super) fn new(node: Node, plan: &ChargerPlan) -> Self {
        Self { node, plan: plan.clone(), heard: None }
    }

    /// Takes a command from the bus. It resumes on the next one after a silence, as in reality.
    pub(super) fn hear(&mut self, now: Mono, command: Command, faults: &Faults) {
        let deaf = faults.has(Wrong::IgnoresStop, self.node, now);
        let command = match (self.heard, command.charge) {
            // It hears that somebody is there, and goes on as before.
            (Some((_, before)), Charging::Stop) if deaf => before,
            (_, Charging::Go | Charging::Stop) => command,
        };
        self.heard = Some((now, command));
    }

    fn is_silent(&self, now: Mono) -> bool {
        let last = self.heard.map_or(0, |(at, _)| at.nanos());
        now.nanos() - last >= COMMAND_PATIENCE_NS
    }

    /// Sets what the power side is to give, before each of its steps.
    pub(super) fn drive(&mut self, now: Mono, faults: &Faults, power: &mut ChargerPower) {
        if faults.has(Wrong::Reboots, self.node, now) {
            self.heard = None;
        } else if faults.has(Wrong::KeepsOn, self.node, now) {
            return;
        }
        let command = self.heard.map(|(_, command)| command);
        let mains = !faults.has(Wrong::NoMains, self.node, now);
        power.told = match command {
            Some(Command { volts, amps, charge: Charging::Go })
                if mains && !self.is_silent(now) =>
            {
                (volts.min(self.plan.volts), amps.min(self.plan.amps))
            }
            Some(_) | None => (0.0, 0.0),
        };
    }

    /// Says how it is.
    pub(super) fn say(
        &self,
        now: Mono,
        faults: &Faults,
        power: &ChargerPower,
        mouth: &mut Mouth<'_>,
        wire: &ChargerWire,
    ) {
        if faults.has(Wrong::Reboots, self.node, now) {
            return;
        }
        let mut bits = 0;
        if faults.has(Wrong::NoMains, self.node, now) {
            bits |= NO_INPUT;
        }
        if power.volts < BATTERY_VOLTS {
            bits |= NO_BATTERY;
        }
        if self.is_silent(now) {
            bits |= NO_COMMAND;
        }
        let volts = power.volts.clamp(0.0, 6553.5);
        let honest = if faults.has(Wrong::Lies, self.node, now) { 0.0 } else { power.amps };
        mouth.say(&wire.status, &[volts, honest.clamp(0.0, 6553.5), f64::from(bits)]);
    }
}

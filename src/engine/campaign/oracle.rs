//! The judge: what must hold after every step, computed from what is really so and from the bytes on
//! the wire. It shares no code with the machine that it judges; of the machine it only reads the
//! name of its state and the notes it makes, and holds them against what it does.

use super::listen::{Listener, since};
use super::plan::Plan;
use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};
use crate::engine::access::grant::Face;
use crate::engine::charge::{Key, Latches, Note, Rules, SetPoints, State, Station};
use crate::engine::sim::Truth;

/// A cycle, the guard's shortest gap, and some more: what every reaction may take besides its own
/// time, seconds.
const REACTION: f64 = 0.35;
/// How long a charger and a BMU go on by themselves, seconds (protocol note, 9.1 and 2.5).
const CHARGER_WAITS: f64 = 5.0;
const BMU_WAITS: f64 = 0.3;
/// A start against a latch may still come through when a person clears it before the next step.
const SAME_STEP: f64 = 0.15;
/// What the wire rounds off, and what two steps may differ by.
pub(super) const GRAIN: f64 = 0.11;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Violation {
    pub at: Mono,
    pub what: &'static str,
    pub detail: String,
}

/// Whether the program reaches the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// What it sends is heard.
    Bus,
    /// The bus takes nothing.
    Nobody,
}

/// What the program may do by what people asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Armed {
    Nothing,
    Contactors,
    Charge,
}

/// Conditions that may hold only so long while something is given. The order is that of `since`.
const CONDITIONS: usize = 17;

/// The judge.
pub(super) struct Oracle {
    rules: Rules,
    rating: (f64, f64, f64),
    pub(super) wire: Listener,
    pub(super) truth: Truth,
    armed: Armed,
    /// The last start took over contactors that were closed already.
    takes_over: bool,
    /// The last start was for a charge.
    charges: bool,
    /// When the last start was asked, and when the program last let nothing flow any more.
    asked: Option<Mono>,
    finishing: Option<Mono>,
    /// Since when all BMUs say Run while the key still says start.
    start_held: Option<Mono>,
    /// Transitions that were noted.
    pub(super) transitions: u64,
    /// A start that a latch stands against.
    refused: Option<(Mono, Option<SetPoints>)>,
    latches: Latches,
    set: Option<SetPoints>,
    /// Greatest set point that may still be in force, and until when.
    before: (f64, Mono),
    held: [Option<Mono>; CONDITIONS],
    stop_asked: Option<Mono>,
    state: &'static str,
    under_load: Option<Mono>,
    /// Nothing is judged by gaps until then: the program stood still.
    grace: Mono,
    trusts_cells: bool,
    trusts_physics: bool,
}

impl Oracle {
    pub(super) fn new(plan: &Plan, modules: usize) -> Self {
        let has = |begins: &[&str]| {
            plan.faults.iter().any(|f| begins.iter().any(|begin| f.name.starts_with(begin)))
        };
        let rating = (plan.rating.volts.get(), plan.rating.amps.get(), plan.rating.watts.get());
        Self {
            rules: plan.rules,
            rating,
            wire: Listener::new(&plan.bases, modules),
            truth: Truth::default(),
            armed: Armed::Nothing,
            takes_over: false,
            charges: false,
            asked: None,
            finishing: None,
            start_held: None,
            transitions: 0,
            refused: None,
            latches: Latches::default(),
            set: None,
            before: (0.0, Mono::ZERO),
            held: [None; CONDITIONS],
            stop_asked: None,
            state: "idle",
            under_load: None,
            grace: Mono::ZERO,
            trusts_cells: !has(&["cell_", "cmu_", "bmu_", "frames_"]),
            trusts_physics: !has(&["charger_keeps_on", "charger_ignores_stop", "second_master"]),
        }
    }

    /// A person asked for a charge, and nothing that the judge knows of stands against it.
    pub(super) fn started(&mut self, set: Option<SetPoints>, now: Mono) {
        self.refused = None;
        self.asked = Some(now);
        self.takes_over = self.state == "engaged";
        if !self.latches.is_clear() {
            self.refused = Some((now, set));
        } else {
            // A charge over closed contactors may be refused before its charger is told anything.
            self.charges = set.is_some() && !self.takes_over;
            self.armed = if set.is_some() { Armed::Charge } else { Armed::Contactors };
            self.set = set;
            self.before = (0.0, Mono::ZERO);
        }
    }

    pub(super) fn changed(&mut self, set: SetPoints, now: Mono) {
        if let Some(old) = self.set.replace(set) {
            self.before = (old.current.get(), now);
        }
    }

    pub(super) fn stopped(&mut self, face: Face, state: &State, now: Mono) {
        match face {
            Face::Web | Face::Api => self.latches.remote_stop = true,
            Face::Desktop | Face::CommandLine | Face::Inside => self.latches.local_stop = true,
        }
        self.disarm();
        if state.is_running() {
            self.stop_asked.get_or_insert(now);
        }
    }

    pub(super) fn cleared(&mut self, face: Face, now: Mono) {
        self.latches.fault = false;
        self.latches.remote_stop = false;
        if matches!(face, Face::Desktop | Face::CommandLine | Face::Inside) {
            self.latches.local_stop = false;
        }
        let refused = self.refused.take();
        if let Some((at, set)) = refused.filter(|(at, _)| since(Some(*at), now) < SAME_STEP) {
            self.started(set, at);
        }
    }

    /// The program was told to end, or something else took the right to go on.
    pub(super) fn ended(&mut self, state: &State, now: Mono) {
        self.disarm();
        if state.is_running() {
            self.stop_asked.get_or_insert(now);
        }
    }

    /// The process began anew: nothing is asked any more.
    pub(super) fn restarted(&mut self, now: Mono) {
        self.disarm();
        self.state = "idle";
        self.stood_still(now);
    }

    /// Time passed in which the program could do nothing.
    pub(super) fn stood_still(&mut self, now: Mono) {
        self.held = [None; CONDITIONS];
        self.stop_asked = self.stop_asked.map(|_| now);
        self.grace = now.after(std::time::Duration::from_millis(1500));
    }

    fn disarm(&mut self) {
        self.armed = Armed::Nothing;
    }

    /// Latches as the judge knows them, for a program that begins anew.
    pub(super) const fn latches(&self) -> Latches {
        self.latches
    }

    /// Takes what was written down and holds it against the state.
    pub(super) fn notes(
        &mut self,
        notes: &[Note],
        station: &Station,
        now: Mono,
    ) -> Option<Violation> {
        for note in notes {
            let Note::Entered { from, to } = note else { continue };
            if from.name() != self.state {
                let detail =
                    format!("noted {} to {}, but it was {}", from.name(), to.name(), self.state);
                return Some(violation(now, "transition_not_noted", detail));
            }
            self.state = to.name();
            self.transitions += 1;
            if matches!(to, State::Finishing(_)) {
                self.finishing = Some(now);
            }
            match to {
                State::Done { outcome, .. } | State::Fault { outcome, .. } => {
                    if self.under_load.take().is_some() && outcome.under_load.is_none() {
                        return Some(violation(
                            now,
                            "opening_under_load_not_logged",
                            format!("{outcome:?}"),
                        ));
                    }
                    self.latches.fault |= matches!(to, State::Fault { .. });
                    self.disarm();
                }
                State::Idle { .. } | State::Finishing(_) => self.disarm(),
                State::Checking(_)
                | State::Preconditioning(_)
                | State::Contactors(..)
                | State::Engaged(_)
                | State::ConstantCurrent(..)
                | State::Taper(..)
                | State::BalanceHold(..)
                | State::Paused(..) => {}
            }
        }
        let is = station.state().name();
        (is != self.state).then(|| {
            violation(
                now,
                "transition_not_noted",
                format!("it is {is}, by the notes {}", self.state),
            )
        })
    }

    /// What the program sent in this step.
    pub(super) fn sent(
        &mut self,
        frame: crate::engine::can::frame::FrameRef<'_>,
        now: Mono,
    ) -> Option<Violation> {
        let (key, command) = (self.wire.key, self.wire.command);
        self.wire.sent(frame, now);
        let listen = self.rules.get(Key::Listen) / 1000.0 - 0.05;
        if self.armed != Armed::Nothing && since(self.asked, now) < listen && !self.takes_over {
            let detail = format!("{:x} while it should listen", frame.id().raw());
            return Some(violation(now, "spoke_before_listening", detail));
        }
        if frame.id().raw() == 0x505 {
            return self.key_sent(key, now);
        }
        if frame.id().raw() != 0x1806_E5F4 {
            return None;
        }
        let told = self.wire.command?;
        if told.stop {
            return (told.volts > 0.0 || told.amps > 0.0)
                .then(|| violation(now, "stop_with_values", format!("{told:?}")));
        }
        if self.armed != Armed::Charge {
            return Some(violation(now, "resumed_by_itself", format!("{told:?} without a start")));
        }
        let ramp = self.rules.get(Key::RampUp);
        let (before, dt) = command.map_or((0.0, 1.0), |c| {
            (if c.stop { 0.0 } else { c.amps }, now.since(c.at).as_secs_f64().min(1.1))
        });
        if told.amps > before + ramp * dt + 0.5 + GRAIN {
            return Some(violation(
                now,
                "rises_too_fast",
                format!("{before} to {} A in {dt:.2} s", told.amps),
            ));
        }
        self.above_a_limit(told.volts, told.amps, now)
    }

    fn above_a_limit(&self, volts: f64, amps: f64, now: Mono) -> Option<Violation> {
        let set = self.set?;
        let fresh = now.since(self.before.1).as_secs_f64() < REACTION;
        let person = if fresh { set.current.get().max(self.before.0) } else { set.current.get() };
        let (most_volts, most_amps, most_watts) = self.rating;
        let pack = self.wire.bmus.iter().map(|told| told.volts).fold(0.0, f64::max);
        let mains = set.mains.map_or(self.rules.get(Key::MainsAmps), Amps::get);
        let supply =
            mains * self.rules.get(Key::MainsVolts) * self.rules.get(Key::Efficiency) / 100.0;
        let by_power = |watts: f64| if pack > 1.0 { 1.03 * watts / pack } else { f64::INFINITY };
        let limits = [
            ("set_point", person),
            ("profile", self.rules.get(Key::CurrentMax)),
            ("charger_current", most_amps),
            ("charger_power", by_power(most_watts)),
            ("supply", by_power(supply)),
        ];
        for (name, most) in limits {
            if amps > most + GRAIN {
                return Some(violation(
                    now,
                    "above_a_limit",
                    format!("{amps} A, {name} allows {most:.2} A"),
                ));
            }
        }
        let most = set.pack.map_or(f64::INFINITY, Volts::get);
        let most = most.min(self.rules.get(Key::PackMax)).min(most_volts);
        (volts > most + GRAIN && !fresh)
            .then(|| violation(now, "above_a_limit", format!("{volts} V, {most:.1} V are allowed")))
    }

    fn key_sent(&mut self, before: Option<(Mono, u16)>, now: Mono) -> Option<Violation> {
        let (_, word) = self.wire.key?;
        if word & 0x40 != 0 && self.armed == Armed::Nothing {
            return Some(violation(
                now,
                "resumed_by_itself",
                format!("key {word:#x} without a start"),
            ));
        }
        if word & 0x40 == 0 || !self.wire.all_run() {
            self.start_held = None;
        } else if since(Some(*self.start_held.get_or_insert(now)), now) > REACTION {
            return Some(violation(
                now,
                "start_held",
                "the key still says start in Run".to_owned(),
            ));
        }
        let held = before.is_some_and(|(_, word)| word & 0x20 != 0);
        if word & 0x20 != 0 || !held {
            return None;
        }
        let amps = self.wire.amps().abs();
        let known = self.wire.fast_age(now) < 0.5;
        let closed = self.wire.any_closed() && self.wire.slow_age(now) < 1.5;
        if !known || !closed || amps <= self.rules.get(Key::CurrentGone) + GRAIN {
            return None;
        }
        self.under_load = Some(now);
        let waited = since(self.finishing, now);
        let bound = self.rules.get(Key::StopCurrent) - REACTION;
        (self.state != "finishing" || waited < bound).then(|| {
            violation(now, "opened_under_load", format!("{amps:.2} A after {waited:.1} s of stop"))
        })
    }

    /// What must hold now.
    pub(super) fn judge(
        &mut self,
        now: Mono,
        station: &Station,
        reach: Reach,
    ) -> Option<Violation> {
        // What was said ends by itself: the charger and the BMU wait only so long.
        self.wire.command = self.wire.command.filter(|c| since(Some(c.at), now) < CHARGER_WAITS);
        if reach == Reach::Nobody {
            self.wire.key = self.wire.key.filter(|(at, _)| since(Some(*at), now) < BMU_WAITS);
            self.stood_still(now);
            return None;
        }
        let lost = self.rules.get(Key::BmuLost) / 1000.0 + REACTION;
        if self.wire.fast_age(now) > lost && self.state != "checking" {
            self.disarm();
        }
        self.broken(now).or_else(|| self.stops_in_time(now, station)).or_else(|| self.gaps(now))
    }

    /// Every condition under which nothing may be given, with the time it may hold.
    fn conditions(&self, now: Mono) -> [(&'static str, bool, f64); CONDITIONS] {
        let rule = |key| self.rules.get(key);
        let wire = &self.wire;
        let worst =
            |f: fn(&super::listen::Told) -> f64| wire.bmus.iter().map(f).fold(f64::MIN, f64::max);
        let least =
            |f: fn(&super::listen::Told) -> f64| wire.bmus.iter().map(f).fold(f64::MAX, f64::min);
        let high = worst(|t| f64::from(t.high_mv));
        let low = least(|t| f64::from(t.low_mv));
        let balance = least(|t| f64::from(t.balance_mv));
        let limit = rule(Key::CellMax).min(balance + rule(Key::CellOver));
        let run = wire.all_run();
        let command = wire.command.map_or(0.0, |c| if c.stop { 0.0 } else { c.amps });
        let much = 1.1f64.max(1.0 + rule(Key::OverPercent) / 100.0) * command + rule(Key::OverAmps);
        let charging = self.truth.charger_amps > 0.2;
        let truly = |f: fn(&crate::engine::sim::StringTruth) -> f64| {
            self.truth.strings.iter().map(f).fold(f64::MIN, f64::max)
        };
        let coldest = self.truth.strings.iter().map(|s| s.coldest_c).fold(f64::MAX, f64::min);
        let true_high = truly(|s| s.highest_mv);
        let true_hot = truly(|s| s.hottest_c);
        let recent = |at| since(at, now) < 1.5;
        [
            ("bmu_late", wire.fast_age(now) > rule(Key::BmuLate) / 1000.0, 0.0),
            ("bmu_status_lost", wire.slow_age(now) > rule(Key::SlowLost) / 1000.0, 0.0),
            ("module_lost", wire.module_age(now) > rule(Key::ModuleLost) / 1000.0, 0.0),
            ("charger_late", wire.charger_age(now) > rule(Key::ChargerLate) / 1000.0, 0.0),
            ("failure_flag", run && wire.bmus.iter().any(super::listen::Told::fails), 0.0),
            ("charger_fault", wire.charger_bits & 0x07 != 0, 0.0),
            ("cell_too_high", high > limit, 0.0),
            ("cell_too_low", low < rule(Key::CellMin), 0.0),
            ("spread", high - low > rule(Key::CellSpread), 0.0),
            ("too_hot", worst(|t| t.hot_c) > rule(Key::TemperatureMax), 0.0),
            ("too_cold", least(|t| t.cold_c) < rule(Key::TemperatureMin), 0.0),
            ("margin", worst(|t| t.margin) >= -rule(Key::DerateTo) + 0.05, 0.0),
            ("pack_voltage", worst(|t| t.volts) > rule(Key::PackMax), 0.0),
            ("over_current", run && wire.amps() > much, rule(Key::OverFor) / 1000.0),
            (
                "wrong_sign",
                run && wire.amps() < -rule(Key::WrongSign),
                rule(Key::WrongSignFor) / 1000.0,
            ),
            ("other_master", recent(wire.other_master) || recent(wire.other_key), 0.0),
            (
                "cells_beyond",
                self.trusts_cells
                    && self.trusts_physics
                    && charging
                    && (true_high > limit + 5.0
                        || true_hot > rule(Key::TemperatureMax) + 1.0
                        || coldest < rule(Key::TemperatureMin) - 1.0),
                3.0,
            ),
        ]
    }

    fn broken(&mut self, now: Mono) -> Option<Violation> {
        let gives = self.wire.gives();
        let conditions = self.conditions(now);
        let mut found = None;
        for ((name, broken, allowed), since) in conditions.into_iter().zip(&mut self.held) {
            // What may last a while counts from when something is given.
            if !broken || (!gives && allowed > 0.0) {
                *since = None;
                continue;
            }
            let from = *since.get_or_insert(now);
            let held = now.since(from).as_secs_f64();
            if gives && held > allowed + REACTION && found.is_none() {
                let detail = format!("for {held:.2} s: {:?}", self.wire.command);
                found = Some(violation(now, name, detail));
            }
        }
        found
    }

    fn stops_in_time(&mut self, now: Mono, station: &Station) -> Option<Violation> {
        if !station.state().is_running() {
            self.stop_asked = None;
            return None;
        }
        let asked = self.stop_asked?;
        let took = now.since(asked).as_secs_f64();
        let bound = self.rules.get(Key::StopCurrent) + self.rules.get(Key::StopContactors) + 0.6;
        if took > bound {
            return Some(violation(
                now,
                "stop_without_end",
                format!("{took:.1} s in {}", self.state),
            ));
        }
        (took > REACTION && self.wire.gives())
            .then(|| violation(now, "stop_ignored", format!("{:?}", self.wire.command)))
    }

    /// What is held must be said often enough, or charger and BMU let go under load.
    fn gaps(&self, now: Mono) -> Option<Violation> {
        if now < self.grace {
            return None;
        }
        if let Some((at, word)) = self.wire.key
            && word & 0x20 != 0
            && now.since(at).as_secs_f64() > 0.25
        {
            return Some(violation(now, "key_not_held", format!("{word:#x}")));
        }
        let command = self.wire.command?;
        let age = now.since(command.at).as_secs_f64();
        let stops = command.stop && self.charges && self.state == "finishing";
        ((!command.stop || stops) && age > 1.4)
            .then(|| violation(now, "command_not_repeated", format!("{command:?}, {age:.1} s ago")))
    }
}

fn violation(at: Mono, what: &'static str, detail: String) -> Violation {
    Violation { at, what, detail }
}

//! A station: one pack's machine with its wish, its meter and the pace of its messages. The hub owns
//! one for every pack, the campaign as many as it likes; both drive it by the same calls. Pure: it is
//! told the time and what is seen, and says what is to be sent and written down.

use std::time::Duration;

use thiserror::Error;

use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};
use crate::engine::access::grant::Face;
use crate::engine::charge::intent::{ChargerIntent, Intents, KeyIntent, Note};
use crate::engine::charge::meter::Tally;
use crate::engine::charge::picture::{Curve, Meter};
use crate::engine::charge::rules::{RuleError, Rules};
use crate::engine::charge::state::{Flow, Governor, State, StopReason};
use crate::engine::charge::step::step;
use crate::engine::charge::view::{ChargerView, PackView};
use crate::engine::charge::wish::{
    Latches, Lease, Presence, SetPointError, SetPoints, Standing, Want, Wish,
};
use crate::engine::device::Switching;

/// Time between two commands to the charger where nothing changes (protocol note, 9.1).
const COMMAND_EVERY: Duration = Duration::from_secs(1);
/// Shortest time between two commands to the charger, and how often a stop is told at first.
const COMMAND_LEAST: Duration = Duration::from_millis(100);
/// For so long a stop is told that often.
const STOP_BURST: Duration = Duration::from_secs(1);
/// Longest that a charger which still delivers after a fault is told to stop.
const FAULT_STOPS: Duration = Duration::from_secs(60);
/// Time between two switch words (protocol note, 2.5: faster than 5 Hz, send at 10 Hz).
const KEY_EVERY: Duration = Duration::from_millis(100);
/// Time between two heartbeats in the vehicle's place.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);
/// Changes of what governs are written down at most so often.
const GOVERNOR_EVERY: Duration = Duration::from_secs(1);
/// A smaller change of a command waits for its turn: the charger's smallest step.
const SMALLEST_AMPS: f64 = 0.05;
/// The same for its voltage.
const SMALLEST_VOLTS: f64 = 0.5;

/// A message that is due now. Whoever drives the station makes a frame (or a line of text) of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// To the charger: charge with at most this.
    Give {
        /// Highest voltage.
        volts: Volts,
        /// Highest current.
        amps: Amps,
    },
    /// To the charger: zero, zero, stop.
    Stop,
    /// The vehicle's switch word, to the BMUs.
    Key(u16),
    /// The command of a second generation, to the BMSs.
    Command(u8),
    /// The vehicle's heartbeat, to the BMUs.
    Heartbeat,
}

/// Why a station does not take a wish. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum StationError {
    /// A set point is out of its range.
    #[error(transparent)]
    SetPoint(#[from] SetPointError),
    /// Something runs already.
    #[error("something runs there already: stop it first")]
    Busy,
    /// Nothing runs that could be changed.
    #[error("no charge runs there")]
    NothingRuns,
    /// The rules do not hold together.
    #[error(transparent)]
    Rules(#[from] RuleError),
}

/// One pack's machine.
#[derive(Clone, Debug)]
pub struct Station {
    state: State,
    wish: Wish,
    intents: Intents,
    tally: Tally,
    next_number: u64,
    pace: Pace,
    governed: (Governor, Option<Mono>),
}

/// When which message was last sent.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    command: Option<(Mono, ChargerIntent)>,
    stopping: Option<Mono>,
    /// The last stop could not be heard by anybody yet.
    owes_stop: bool,
    key: Option<(Mono, KeyIntent)>,
    heartbeat: Option<Mono>,
}

impl Station {
    /// Time between two steps.
    pub const CYCLE: Duration = Duration::from_millis(100);

    /// A station that has done nothing, with what is still latched from before.
    #[must_use]
    pub fn new(rules: Rules, latches: Latches) -> Self {
        Self {
            state: State::idle(0),
            wish: Wish { rules, latches, ..Wish::default() },
            intents: Intents::default(),
            tally: Tally::default(),
            next_number: 1,
            pace: Pace::default(),
            governed: (Governor::Zero, None),
        }
    }

    /// One step at `now`: appends the messages that are due and what is to be written down.
    pub fn step(
        &mut self,
        now: Mono,
        pack: &PackView,
        charger: &ChargerView,
        messages: &mut Vec<Message>,
        notes: &mut Vec<Note>,
    ) {
        let before = self.state;
        let (state, intents) = step(before, now, pack, charger, &self.wish);
        self.state = state;
        self.intents = intents;
        self.settle(&before);
        self.write_down(now, &before, notes);
        self.tally.take(now, &before, &self.state, pack, &self.wish);
        self.owe(charger);
        self.send(now, messages);
    }

    /// What was told while the bus took nothing was not heard: a stop begins anew once it can be, even
    /// where the stop sequence has ended in the meantime. Whoever starts again owes nothing.
    fn owe(&mut self, charger: &ChargerView) {
        let stops = self.intents.charger == ChargerIntent::Stop;
        let silent = self.intents.charger == ChargerIntent::Silent;
        if !charger.bus_ok {
            self.pace.stopping = None;
            self.pace.owes_stop |= stops;
        } else if self.state.is_running() && !stops {
            self.pace.owes_stop = false;
        } else if self.pace.owes_stop && silent {
            self.intents.charger = ChargerIntent::Stop;
        }
    }

    /// What a step leaves in the wish: asked stops are dealt with, faults latch, and whatever ended
    /// is no longer wanted.
    fn settle(&mut self, before: &State) {
        if self.intents.stop_taken {
            self.wish.stop = None;
        }
        if self.intents.latch_fault {
            self.wish.latches.fault = true;
        }
        if before.is_running() && !self.state.is_running() {
            self.wish.want = Want::Nothing;
            self.wish.lease = Lease::GoesOn;
            self.wish.permitted = true;
        }
    }

    fn write_down(&mut self, now: Mono, before: &State, notes: &mut Vec<Note>) {
        if before.name() != self.state.name() {
            if let (false, State::Checking(run)) = (before.is_running(), &self.state) {
                notes.push(Note::Began { number: run.number });
                self.governed = (Governor::Zero, None);
            }
            notes.push(Note::Entered { from: *before, to: self.state });
        }
        let Some(flow) = flow_of(&self.state) else { return };
        let (known, at) = self.governed;
        let rested = at.is_none_or(|at| now.since(at) >= GOVERNOR_EVERY);
        if flow.governor != known && rested {
            self.governed = (flow.governor, Some(now));
            notes.push(Note::Governed { by: flow.governor, amps: flow.command });
        }
    }

    /// Which messages are due.
    fn send(&mut self, now: Mono, messages: &mut Vec<Message>) {
        self.command(now, messages);
        let key = self.intents.key;
        if self.intents.switching == Switching::Command
            && let Some(command) = key.command()
        {
            let changed = self.pace.key.is_none_or(|(_, last)| last != key);
            let due = self.pace.key.is_none_or(|(at, _)| is_due(now, at, KEY_EVERY));
            if changed || due {
                self.pace.key = Some((now, key));
                messages.push(Message::Command(command));
            }
        } else if let Some(word) = key.word() {
            let changed = self.pace.key.is_none_or(|(_, last)| last != key);
            let due = self.pace.key.is_none_or(|(at, _)| is_due(now, at, KEY_EVERY));
            if changed || due {
                self.pace.key = Some((now, key));
                messages.push(Message::Key(word));
            }
            if self.pace.heartbeat.is_none_or(|at| is_due(now, at, HEARTBEAT_EVERY)) {
                self.pace.heartbeat = Some(now);
                messages.push(Message::Heartbeat);
            }
        } else {
            self.pace.key = None;
            self.pace.heartbeat = None;
        }
    }

    /// The charger's command: once a second, at once on change, a stop ten times in its first second.
    fn command(&mut self, now: Mono, messages: &mut Vec<Message>) {
        let wanted = self.intents.charger;
        let last = self.pace.command;
        let since = |at: Mono, span| is_due(now, at, span);
        let message = match wanted {
            ChargerIntent::Silent => {
                self.pace.command = None;
                self.pace.stopping = None;
                return;
            }
            ChargerIntent::Stop => {
                let begun = *self.pace.stopping.get_or_insert(now);
                let burst = now.since(begun) <= STOP_BURST;
                // While the bus is off the burst always begins anew, so that this is never reached.
                self.pace.owes_stop &= burst;
                let every = if burst { COMMAND_LEAST } else { COMMAND_EVERY };
                let first = !matches!(last, Some((_, ChargerIntent::Stop)));
                // After a fault somebody else may rightly take over the charger one day.
                let over = matches!(self.state, State::Fault { .. });
                if over && now.since(begun) > FAULT_STOPS {
                    return;
                }
                // A first stop waits for nothing.
                if !first && last.is_some_and(|(at, _)| !since(at, every)) {
                    return;
                }
                Message::Stop
            }
            ChargerIntent::Give { volts, amps } => {
                self.pace.stopping = None;
                let due = match last {
                    None | Some((_, ChargerIntent::Silent | ChargerIntent::Stop)) => true,
                    Some((at, ChargerIntent::Give { volts: v, amps: a })) => {
                        let less = amps.get() < a.get() || volts.get() < v.get();
                        let changed = (amps.get() - a.get()).abs() >= SMALLEST_AMPS
                            || (volts.get() - v.get()).abs() >= SMALLEST_VOLTS
                            || (less && amps.get() < SMALLEST_AMPS);
                        since(at, COMMAND_EVERY) || (changed && since(at, COMMAND_LEAST))
                    }
                };
                if !due {
                    return;
                }
                Message::Give { volts, amps }
            }
        };
        self.pace.command = Some((now, wanted));
        messages.push(message);
    }

    /// Asks for a charge; gives the number of the want.
    ///
    /// # Errors
    /// A set point is out of its range, or something runs already.
    pub fn start(&mut self, set: SetPoints, lease: Lease) -> Result<u64, StationError> {
        set.check(&self.wish.rules)?;
        if self.state.is_running() && !matches!(self.state, State::Engaged(_)) {
            return Err(StationError::Busy);
        }
        let number = self.take_number();
        self.wish.want = Want::Charge { number, set };
        self.wish.lease = lease;
        self.wish.permitted = true;
        // A stop that was asked before this start is over; its latch is what stands in the way.
        self.wish.stop = None;
        Ok(number)
    }

    /// Asks for closed contactors without a charge; gives the number of the want.
    ///
    /// # Errors
    /// Something runs already.
    pub const fn engage(&mut self) -> Result<u64, StationError> {
        if self.state.is_running() {
            return Err(StationError::Busy);
        }
        let number = self.take_number();
        self.wish.want = Want::Contactors { number };
        self.wish.lease = Lease::GoesOn;
        self.wish.permitted = true;
        self.wish.stop = None;
        Ok(number)
    }

    const fn take_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Changes the set points of what runs.
    ///
    /// # Errors
    /// One is out of its range, or nothing runs; nothing is changed.
    pub fn change(&mut self, set: SetPoints) -> Result<(), StationError> {
        set.check(&self.wish.rules)?;
        match &mut self.wish.want {
            Want::Charge { set: present, .. } => {
                *present = set;
                Ok(())
            }
            Want::Nothing | Want::Contactors { .. } => Err(StationError::NothingRuns),
        }
    }

    /// Takes other rules, while nothing runs.
    ///
    /// # Errors
    /// Something runs, or the rules do not hold together.
    pub fn set_rules(&mut self, rules: Rules) -> Result<(), StationError> {
        if self.state.is_running() {
            return Err(StationError::Busy);
        }
        rules.check()?;
        self.wish.rules = rules;
        Ok(())
    }

    /// Asks for a stop: always possible. It sets the latch of its face where nothing runs, too: a
    /// start that is on its way must not come through after it.
    pub const fn stop(&mut self, face: Face) {
        self.wish.stop = Some(face);
        if Latches::is_local(face) {
            self.wish.latches.local_stop = true;
        } else {
            self.wish.latches.remote_stop = true;
        }
        if !self.state.is_running() {
            self.wish.want = Want::Nothing;
        }
    }

    /// Ends whatever runs for a reason of the program's own. Nothing is taken up afterwards.
    pub const fn end(&mut self, why: StopReason) {
        self.wish.end = Some(why);
        if !self.state.is_running() {
            self.wish.want = Want::Nothing;
        }
    }

    /// Clears latches, as a person's act: at the machine all of them, elsewhere not a local stop.
    /// Gives what is still latched.
    pub const fn clear(&mut self, face: Face) -> Latches {
        self.wish.latches.fault = false;
        self.wish.latches.remote_stop = false;
        if Latches::is_local(face) {
            self.wish.latches.local_stop = false;
        }
        self.wish.latches
    }

    /// Whether whoever started it still may.
    pub const fn permit(&mut self, standing: Standing) {
        self.wish.permitted = matches!(standing, Standing::May);
    }

    /// Whether whoever started it is still there, where the charge hangs on that.
    pub const fn presence(&mut self, presence: Presence) {
        if let Lease::WhilePresent { present } = &mut self.wish.lease {
            *present = matches!(presence, Presence::There);
        }
    }

    /// How much faster than the clock the cells of a demo live.
    pub const fn pace(&mut self, pace: f64) {
        self.wish.pace = pace;
    }

    /// Whether it has to be stepped: something runs, is asked for, or ended in a fault, after which a
    /// charger that still delivers is told to stop.
    #[must_use]
    pub const fn has_work(&self) -> bool {
        self.state.is_running()
            || self.wish.stop.is_some()
            || !matches!(self.wish.want, Want::Nothing)
            || matches!(self.state, State::Fault { .. })
    }

    /// Whether there is something to say after a fault: the charger still delivers, or has not been told.
    #[must_use]
    pub const fn still_stops(&self) -> bool {
        let silent = matches!(self.intents.charger, ChargerIntent::Silent);
        matches!(self.state, State::Fault { .. }) && (self.pace.owes_stop || !silent)
    }

    /// The machine's state.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What people want.
    #[must_use]
    pub const fn wish(&self) -> &Wish {
        &self.wish
    }

    /// What the last step wanted.
    #[must_use]
    pub const fn intents(&self) -> &Intents {
        &self.intents
    }

    /// What was counted.
    #[must_use]
    pub const fn meter(&self) -> &Meter {
        &self.tally.meter
    }

    /// The plot so far.
    #[must_use]
    pub const fn curve(&self) -> &Curve {
        &self.tally.curve
    }
}

/// Whether `span` has passed since `at`, to within half a millisecond: cycles are never quite even.
/// A clock that went back makes everything due.
fn is_due(now: Mono, at: Mono, span: Duration) -> bool {
    now < at || now.since(at) + Duration::from_micros(500) >= span
}

/// The current control of a state.
pub(super) const fn flow_of(state: &State) -> Option<&Flow> {
    match state {
        State::ConstantCurrent(_, flow)
        | State::Taper(_, flow)
        | State::BalanceHold(_, flow)
        | State::Paused(_, flow, _) => Some(flow),
        State::Idle { .. }
        | State::Checking(_)
        | State::Preconditioning(_)
        | State::Contactors(..)
        | State::Engaged(_)
        | State::Finishing(_)
        | State::Done { .. }
        | State::Fault { .. } => None,
    }
}

//! A station: one pack's machine with its wish, its meter and the pace of its messages. The hub owns
//! one for every pack, the campaign as many as it likes; both drive it by the same calls. Pure: it is
//! told the time and what is seen, and says what is to be sent and written down.

use std::time::Duration;

use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};
use crate::engine::access::grant::Face;
use crate::engine::charge::intent::{Intents, Note};
use crate::engine::charge::picture::{Curve, Meter};
use crate::engine::charge::rules::Rules;
use crate::engine::charge::state::{State, StopReason};
use crate::engine::charge::view::{ChargerView, PackView};
use crate::engine::charge::wish::{Latches, Lease, SetPointError, SetPoints, Want, Wish};

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
    /// The vehicle's heartbeat, to the BMUs.
    Heartbeat,
}

/// One pack's machine.
#[derive(Clone, Debug)]
pub struct Station {
    state: State,
    wish: Wish,
    intents: Intents,
    meter: Meter,
    curve: Curve,
    next_number: u64,
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
            meter: Meter::default(),
            curve: Curve::default(),
            next_number: 1,
        }
    }

    /// One step at `now`: appends the messages that are due and what is to be written down.
    pub fn step(
        &mut self,
        _now: Mono,
        _pack: &PackView,
        _charger: &ChargerView,
        _messages: &mut Vec<Message>,
        _notes: &mut Vec<Note>,
    ) {
    }

    /// Asks for a charge; gives the number of the want.
    ///
    /// # Errors
    /// A set point is out of its range.
    pub fn start(&mut self, set: SetPoints, lease: Lease) -> Result<u64, SetPointError> {
        set.check(&self.wish.rules)?;
        let number = self.next_number;
        self.next_number += 1;
        self.wish.want = Want::Charge { number, set };
        self.wish.lease = lease;
        Ok(number)
    }

    /// Asks for closed contactors without a charge.
    pub const fn engage(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.wish.want = Want::Contactors { number };
        number
    }

    /// Changes the set points of what runs.
    ///
    /// # Errors
    /// One is out of its range; nothing is changed.
    pub fn change(&mut self, set: SetPoints) -> Result<(), SetPointError> {
        set.check(&self.wish.rules)?;
        if let Want::Charge { set: present, .. } = &mut self.wish.want {
            *present = set;
        }
        Ok(())
    }

    /// Asks for a stop: always possible. Sets the latch of its face.
    pub const fn stop(&mut self, face: Face) {
        self.wish.stop = Some(face);
        if Latches::is_local(face) {
            self.wish.latches.local_stop = true;
        } else {
            self.wish.latches.remote_stop = true;
        }
    }

    /// Ends whatever runs for a reason of the program's own: shutdown, lost permission.
    pub const fn end(&mut self, _why: StopReason) {}

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
    pub const fn permit(&mut self, permitted: bool) {
        self.wish.permitted = permitted;
    }

    /// Whether whoever started it is still there, where the charge hangs on that.
    pub const fn presence(&mut self, present: bool) {
        if let Lease::WhilePresent { present: now } = &mut self.wish.lease {
            *now = present;
        }
    }

    /// How much faster than the clock the cells of a demo live.
    pub const fn pace(&mut self, pace: f64) {
        self.wish.pace = pace;
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
        &self.meter
    }

    /// The plot so far.
    #[must_use]
    pub const fn curve(&self) -> &Curve {
        &self.curve
    }
}

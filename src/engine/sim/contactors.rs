//! The BMU's contactor state machine (protocol note, section 2.4): a pure step every 100 ms. Knows
//! the key and the faults that it is told of, and what the precharge frame says; knows no frame.

/// States of the precharge frame, with their numbers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Error = 0,
    Idle = 1,
    Measure = 2,
    Precharge = 3,
    Run = 4,
    Enable = 5,
    NoSupply = 6,
}

/// Bits of the switch word (protocol note, section 2.5).
pub(super) const RUN_BIT: u16 = 0x20;
pub(super) const START_BIT: u16 = 0x40;

/// Contactor bits of the precharge frame, as a healthy pack sends them in each state.
const OPEN: u8 = 0x10;
const MEASURING: u8 = 0x15;
const PRECHARGING: u8 = 0x75;
pub(super) const CLOSED: u8 = 0x7F;
const UNSUPPLIED: u8 = 0x6F;
const SUPPLY_BIT: u8 = 0x10;

/// Value of the precharge timer when it starts, in 10 ms.
const TIMER_START: u8 = 200;
const TIMER_STEP: u8 = 10;
/// Steps for which the contactors are still reported closed after Run.
const RELEASE_STEPS: u8 = 6;

/// What a step needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inputs {
    /// The last switch word; none while nobody sends it.
    pub switches: Option<u16>,
    /// Any error flag.
    pub fault: bool,
    /// 12 V for the contactors.
    pub supply: bool,
    /// The bus capacitors fill.
    pub fills: bool,
}

/// The contactors.
#[derive(Clone, Debug)]
pub(super) struct Contactors {
    state: State,
    bits: u8,
    timer: u8,
    elapsed: bool,
    release: u8,
    started: bool,
}

/// What the precharge frame says, besides its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub bits: u8,
    pub state: State,
    pub elapsed: bool,
    pub timer: u8,
}

impl Contactors {
    /// Open, in Error: nobody has sent a switch word yet.
    pub(super) const fn new() -> Self {
        Self {
            state: State::Error,
            bits: OPEN,
            timer: 0,
            elapsed: false,
            release: 0,
            started: false,
        }
    }

    /// What the frame says now.
    pub(super) const fn shown(&self) -> Shown {
        Shown { bits: self.bits, state: self.state, elapsed: self.elapsed, timer: self.timer }
    }

    /// Whether the main contactors are closed.
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.state, State::Run) && self.bits == CLOSED
    }

    /// A step; says whether the frame is to be sent at once because the state changed.
    pub(super) fn step(&mut self, inputs: Inputs) -> bool {
        let before = (self.state, self.bits);
        self.release = self.release.saturating_sub(1);
        let word = inputs.switches.unwrap_or(0);
        let start = word & START_BIT != 0;
        let edge = start && !self.started;
        self.started = start;
        let run = word & (RUN_BIT | START_BIT) != 0;
        let next = if inputs.fault { State::Error } else { self.next(inputs, run, edge) };
        self.enter(next, inputs.supply);
        let releases = before.1 == CLOSED && before.0 == self.state;
        (self.state, self.bits) != before && !releases
    }

    fn next(&self, inputs: Inputs, run: bool, edge: bool) -> State {
        match self.state {
            State::Error if inputs.switches.is_some() && !run => State::Idle,
            State::Idle if edge && inputs.supply => State::Enable,
            State::Enable | State::Measure | State::Precharge if !inputs.supply => State::Error,
            State::Enable | State::Measure | State::Precharge | State::Run if !run => State::Idle,
            State::Enable => State::Measure,
            State::Measure => State::Precharge,
            State::Precharge if self.timer == 0 => State::Error,
            State::Precharge if inputs.fills => State::Run,
            State::Run if !inputs.supply => State::NoSupply,
            State::NoSupply if inputs.supply => State::Idle,
            State::Error | State::Idle | State::Precharge | State::Run | State::NoSupply => {
                self.state
            }
        }
    }

    fn enter(&mut self, next: State, supply: bool) {
        let fresh = next != self.state;
        if fresh && self.bits == CLOSED {
            self.release = RELEASE_STEPS;
        }
        let supplied = if supply { SUPPLY_BIT } else { 0 };
        match next {
            State::Error | State::Idle => {
                let closed = self.release > 0 && supply;
                self.bits = if closed { CLOSED } else { (OPEN & !SUPPLY_BIT) | supplied };
                if self.state == State::Precharge {
                    self.timer = 0;
                }
            }
            State::Enable => {
                self.bits = OPEN;
                self.elapsed = false;
                self.timer = 0;
            }
            State::Measure => self.bits = MEASURING,
            State::Precharge => {
                self.bits = PRECHARGING;
                self.timer =
                    if fresh { TIMER_START } else { self.timer.saturating_sub(TIMER_STEP) };
            }
            State::Run if fresh => {
                self.bits = PRECHARGING;
                self.timer = self.timer.saturating_sub(TIMER_STEP);
            }
            State::Run => {
                self.bits = CLOSED;
                self.timer = 0;
                self.elapsed = true;
            }
            State::NoSupply => self.bits = UNSUPPLIED,
        }
        self.state = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Inputs = Inputs { switches: Some(0), fault: false, supply: true, fills: true };

    fn key(word: u16) -> Inputs {
        Inputs { switches: Some(word), ..QUIET }
    }

    fn running() -> Contactors {
        let mut contactors = Contactors::new();
        contactors.step(QUIET);
        (0..6).for_each(|_| {
            contactors.step(key(0x70));
        });
        assert!(contactors.is_closed());
        contactors
    }

    fn wire(contactors: &Contactors) -> (u8, u8, u8, u8) {
        let shown = contactors.shown();
        (shown.bits, shown.state as u8, u8::from(shown.elapsed), shown.timer)
    }

    #[test]
    fn precharge_goes_through_the_observed_bytes() {
        let mut contactors = Contactors::new();
        assert!(!contactors.step(Inputs { switches: None, ..QUIET }), "nobody sends: it rests");
        assert_eq!(wire(&contactors), (0x10, 0, 0, 0));
        assert!(contactors.step(QUIET));
        assert_eq!(wire(&contactors), (0x10, 1, 0, 0));
        let mut seen = Vec::new();
        for _ in 0..8 {
            if contactors.step(key(0x70)) {
                seen.push(wire(&contactors));
            }
        }
        let observed = [
            (0x10, 5, 0, 0),
            (0x15, 2, 0, 0),
            (0x75, 3, 0, 200),
            (0x75, 4, 0, 190),
            (0x7F, 4, 1, 0),
        ];
        assert_eq!(seen, observed);
    }

    #[test]
    fn key_off_opens_and_the_contactors_report_closed_a_little_longer() {
        let mut contactors = running();
        assert!(contactors.step(key(0x02)));
        assert_eq!(wire(&contactors), (0x7F, 1, 1, 0));
        assert!(!contactors.is_closed());
        (0..5).for_each(|_| assert!(!contactors.step(QUIET)));
        assert!(!contactors.step(QUIET), "the release is told by the next regular frame");
        assert_eq!(wire(&contactors), (0x10, 1, 1, 0));
    }

    #[test]
    fn run_needs_a_start_edge_and_no_error() {
        let mut contactors = Contactors::new();
        (0..5).for_each(|_| {
            contactors.step(key(0x70));
        });
        assert_eq!(contactors.shown().state, State::Error, "start held: Error stays");
        contactors.step(QUIET);
        (0..5).for_each(|_| {
            contactors.step(key(0x30));
        });
        assert_eq!(contactors.shown().state, State::Idle, "run alone starts nothing");
        contactors.step(Inputs { fault: true, ..QUIET });
        contactors.step(Inputs { fault: true, ..key(0x70) });
        assert_eq!(contactors.shown().state, State::Error);
    }

    #[test]
    fn a_precharge_that_does_not_fill_runs_out_after_two_seconds() {
        let mut contactors = Contactors::new();
        contactors.step(QUIET);
        let stuck = Inputs { fills: false, ..key(0x70) };
        let mut timers = Vec::new();
        for _ in 0..40 {
            contactors.step(stuck);
            if contactors.shown().state == State::Precharge {
                timers.push(contactors.shown().timer);
            }
        }
        assert_eq!(timers.first(), Some(&200));
        assert!(timers.windows(2).all(|pair| pair[0] == pair[1] + 10));
        assert_eq!(timers.last(), Some(&0));
        assert_eq!(contactors.shown().state, State::Error);
    }

    #[test]
    fn without_contactor_supply_run_becomes_state_six() {
        let mut contactors = running();
        assert!(contactors.step(Inputs { supply: false, ..key(0x30) }));
        assert_eq!(wire(&contactors), (0x6F, 6, 1, 0));
        assert!(!contactors.is_closed());
        assert!(contactors.step(key(0x30)));
        assert_eq!(contactors.shown().state, State::Idle);
    }
}

//! One step of the machine: from what is, what is seen and what is wished to what is next. Whatever
//! ends a charge is looked at first, in every state, so that nothing comes before a stop.

use std::time::Duration;

use crate::base::time::Mono;
use crate::base::units::{Amps, Volts};
use crate::engine::charge::checks::{CheckId, Phase, Sight, bmu_late};
use crate::engine::charge::current;
use crate::engine::charge::intent::{ChargerIntent, Intents, KeyIntent};
use crate::engine::charge::rules::{Key as Rule, Rules};
use crate::engine::charge::state::{Flow, Governor, Key, PauseReason, Run, State, StopReason};
use crate::engine::charge::stop;
use crate::engine::charge::view::{ChargerView, PackView};
use crate::engine::charge::watch;
use crate::engine::charge::wish::{Lease, SetPoints, Want, Wish};
use crate::engine::device::{Flag, PackState, Switching};

/// What the charger is told while it is only to come to the pack's voltage: its smallest step.
pub(super) const MATCHING: Amps = Amps(0.1);
/// Steps further apart than this: whoever calls was held up, and its readings with it.
const HELD_UP: Duration = Duration::from_secs(1);

/// Everything a step looks at.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub now: Mono,
    pub pack: &'a PackView,
    pub charger: &'a ChargerView,
    pub wish: &'a Wish,
}

/// What follows from what is seen and wished at `now`: the next state, and everything that is to be
/// sent. Called ten times a second and at once when somebody asks for a stop.
#[must_use]
pub fn step(
    state: State,
    now: Mono,
    pack: &PackView,
    charger: &ChargerView,
    wish: &Wish,
) -> (State, Intents) {
    let scene = Scene { now, pack, charger, wish };
    let next = match scene.reason_to_end(&state) {
        Some(why) => stop::begin(&scene, &state, why),
        None => scene.go_on(state),
    };
    let mut intents = scene.intents(&next);
    intents.switching = pack.switching;
    if pack.switching == Switching::Own {
        intents.key = KeyIntent::Silent;
    }
    intents.stop_taken = wish.stop.is_some();
    intents.latch_fault = matches!((&state, &next), (before, State::Fault { .. })
        if !matches!(before, State::Fault { .. }));
    (next, intents)
}

impl Scene<'_> {
    pub(super) const fn rules(&self) -> &Rules {
        &self.wish.rules
    }

    fn sight<'b>(&'b self, set: Option<&'b SetPoints>, phase: Phase) -> Sight<'b> {
        Sight { pack: self.pack, charger: self.charger, wish: self.wish, set, phase }
    }

    /// Why what runs must end now; `None` where nothing runs or it may go on.
    fn reason_to_end(&self, state: &State) -> Option<StopReason> {
        let (run, flow) = match state {
            State::Idle { .. } | State::Done { .. } | State::Fault { .. } | State::Finishing(_) => {
                return None;
            }
            State::Checking(run)
            | State::Preconditioning(run)
            | State::Contactors(run, _)
            | State::Engaged(run) => (run, None),
            State::ConstantCurrent(run, flow)
            | State::Taper(run, flow)
            | State::BalanceHold(run, flow)
            | State::Paused(run, flow, _) => (run, Some(flow)),
        };
        let phase = state.phase()?;
        if let Some(why) = self.asked_to_end(run) {
            return Some(why);
        }
        if flow.is_some() && self.ended_by_itself() {
            return Some(StopReason::Complete);
        }
        if let Some(id) = self.sight(run.set.as_ref(), phase).first_broken() {
            return Some(match phase {
                Phase::Before => StopReason::NotReady(id),
                Phase::Closing | Phase::Flowing => StopReason::Interlock(id),
            });
        }
        if let Some(id) = flow.and_then(|flow| watch::broken(self, flow)) {
            return Some(StopReason::Interlock(id));
        }
        self.reached(run, flow)
    }

    /// A second generation leaves its charge by itself when it is full (protocol note, 3.4).
    fn ended_by_itself(&self) -> bool {
        let full = self.pack.soc.is_some_and(|soc| soc.get() >= 99.95);
        let leaves = matches!(self.pack.state, Some(PackState::ChargeStopping | PackState::Idle));
        self.pack.switching == Switching::Command && full && leaves
    }

    /// Whether somebody or the program wants an end.
    fn asked_to_end(&self, run: &Run) -> Option<StopReason> {
        let wish = self.wish;
        if let Some(face) = wish.stop {
            return Some(StopReason::Asked(face));
        }
        if let Some(why) = wish.end {
            return Some(why);
        }
        if !wish.permitted {
            return Some(StopReason::NotPermitted);
        }
        if wish.lease == (Lease::WhilePresent { present: false }) {
            return Some(StopReason::Left);
        }
        match wish.want {
            Want::Contactors { number } if number == run.number => None,
            // A charge may be asked for while contactors are closed: it takes them over.
            Want::Charge { number, .. } if number == run.number || run.set.is_none() => None,
            Want::Contactors { .. } | Want::Charge { .. } | Want::Nothing => {
                Some(StopReason::Withdrawn)
            }
        }
    }

    /// Whether what was wanted is there.
    fn reached(&self, run: &Run, flow: Option<&Flow>) -> Option<StopReason> {
        let (set, flow) = (run.set.as_ref()?, flow?);
        let elapsed = self.now.since(run.started);
        if elapsed >= self.rules().time(Rule::Longest)
            || set.time().is_some_and(|most| elapsed.mul_f64(self.wish.pace.max(1.0)) >= most)
        {
            return Some(StopReason::Time);
        }
        if set.charge.is_some_and(|most| flow.ah >= most.get()) {
            return Some(StopReason::TargetCharge);
        }
        // A hundred per cent is full, and full is what the cells say.
        let wanted = set.soc.filter(|soc| soc.get() < 100.0);
        if wanted.zip(self.pack.soc).is_some_and(|(wanted, soc)| soc.get() >= wanted.get()) {
            return Some(StopReason::TargetSoc);
        }
        let since = flow.complete_since?;
        let long = self.now.since(since) >= self.rules().time(Rule::CompleteFor);
        long.then_some(StopReason::Complete)
    }

    /// What is next where nothing has to end.
    fn go_on(&self, state: State) -> State {
        match state {
            State::Idle { done } | State::Done { done, .. } | State::Fault { done, .. } => {
                self.take_up(done).unwrap_or(state)
            }
            State::Checking(run) => self.check(run),
            State::Preconditioning(run) => self.precondition(run),
            State::Contactors(run, key) => self.close(run, key),
            State::Engaged(run) => self.engaged(run),
            State::ConstantCurrent(run, flow)
            | State::Taper(run, flow)
            | State::BalanceHold(run, flow) => self.flow(run, flow, &state),
            State::Paused(run, flow, why) => self.pause(run, flow, why),
            State::Finishing(stopping) => stop::go_on(self, stopping),
        }
    }

    /// Takes up a want that was not dealt with yet.
    fn take_up(&self, done: u64) -> Option<State> {
        let (number, set) = match self.wish.want {
            Want::Nothing => return None,
            Want::Contactors { number } => (number, None),
            Want::Charge { number, set } => (number, Some(set)),
        };
        let (started, since) = (self.now, self.now);
        (number > done).then_some(State::Checking(Run {
            number,
            started,
            since,
            set,
            closed: false,
        }))
    }

    /// Listens before anything is sent.
    fn check(&self, run: Run) -> State {
        let run = Run { set: self.set_of(&run), ..run };
        if self.now.since(run.since) < self.rules().time(Rule::Listen) {
            return State::Checking(run);
        }
        let run = Run { since: self.now, ..run };
        match run.set {
            Some(_) => State::Preconditioning(run),
            None => State::Contactors(run, Key::Off),
        }
    }

    /// Brings the charger to the pack's voltage.
    fn precondition(&self, run: Run) -> State {
        let run = Run { set: self.set_of(&run), ..run };
        let apart =
            self.charger.voltage.zip(self.pack.voltage).map(|(a, b)| (a.get() - b.get()).abs());
        // A status from before the command says nothing about it.
        let told = self.charger.age.is_some_and(|age| age < self.now.since(run.since));
        if told && apart.is_some_and(|apart| apart <= self.rules().get(Rule::Match)) {
            let run = Run { since: self.now, ..run };
            return if run.closed || self.pack.switching == Switching::Own {
                State::ConstantCurrent(run, self.fresh_flow())
            } else {
                State::Contactors(run, Key::Off)
            };
        }
        if self.now.since(run.since) > self.rules().time(Rule::MatchFor) {
            let why = StopReason::NotReady(CheckId::Matched);
            return stop::begin(self, &State::Preconditioning(run), why);
        }
        State::Preconditioning(run)
    }

    /// Off until every BMU is Idle, start until every BMU is in Run.
    fn close(&self, run: Run, key: Key) -> State {
        let run = Run { set: self.set_of(&run), ..run };
        let gone = self.now.since(run.since);
        let late = |rule| gone > self.rules().time(rule);
        // A BMU rests in Error and misses the vehicle until it hears our key, which is no fault. It
        // says so once a second: what it says has to be over before anything follows from its state.
        let heard = self.pack.flags.is_some_and(|flags| !flags.has(Flag::VehicleTimeout));
        let give_up = || {
            let id = if heard { CheckId::Engaged } else { CheckId::KeyHeard };
            stop::begin(self, &State::Contactors(run, key), StopReason::NotReady(id))
        };
        match key {
            Key::Off if self.pack.all_idle && heard && gone >= self.rules().time(Rule::KeyOff) => {
                let next = match self.pack.switching {
                    Switching::Command => Key::Init,
                    Switching::Key | Switching::Own | Switching::Unknown => Key::Start,
                };
                State::Contactors(Run { since: self.now, ..run }, next)
            }
            Key::Init if self.pack.all_init && heard => {
                State::Contactors(Run { since: self.now, ..run }, Key::Start)
            }
            Key::Off if late(Rule::IdleWithin) => give_up(),
            Key::Start if self.pack.all_run && heard => {
                let run = Run { since: self.now, ..run };
                match run.set {
                    Some(_) => State::ConstantCurrent(run, self.fresh_flow()),
                    None => State::Engaged(run),
                }
            }
            // It was idle before: whatever throws it into Error now will not go away by more key.
            Key::Init | Key::Start if self.is_thrown_out() => give_up(),
            Key::Init | Key::Start if late(Rule::RunWithin) => give_up(),
            Key::Off | Key::Init | Key::Start => State::Contactors(run, key),
        }
    }

    /// Something threw it out of closing its contactors.
    const fn is_thrown_out(&self) -> bool {
        matches!(self.pack.state, Some(PackState::Error | PackState::Safe | PackState::Disconnect))
    }

    /// Closed without a charge; a charge that is asked for takes the contactors over.
    fn engaged(&self, run: Run) -> State {
        let Want::Charge { number, set } = self.wish.want else { return State::Engaged(run) };
        let taken =
            Run { number, started: self.now, since: self.now, set: Some(set), closed: true };
        let sight = self.sight(taken.set.as_ref(), Phase::Flowing);
        // What a start looks at and what flows does not.
        let ready = [
            CheckId::LowestCell,
            CheckId::SetPoints,
            CheckId::Target,
            CheckId::ChargerFits,
            CheckId::Latches,
        ];
        let broken = sight.first_broken().or(ready.into_iter().find(|id| !sight.holds(*id)));
        match broken {
            None => State::Preconditioning(taken),
            Some(id) => {
                let why = StopReason::NotReady(id);
                stop::begin(self, &State::Engaged(Run { number, ..run }), why)
            }
        }
    }

    /// Current flows, or may.
    fn flow(&self, run: Run, flow: Flow, before: &State) -> State {
        let run = Run { set: self.set_of(&run), ..run };
        let Some(set) = run.set else { return State::Engaged(run) };
        if let Some(why) = self.late().or_else(|| self.held_up(&flow)) {
            let flow = watch::note(self, Flow { at: self.now, ..at_zero(flow) }, &set);
            return State::Paused(Run { since: self.now, ..run }, flow, why);
        }
        let hours = self.now.since(flow.at).min(HELD_UP).as_secs_f64() / 3600.0;
        let into = self.pack.current.map_or(0.0, |amps| amps.get().max(0.0));
        let ah = flow.ah + into * hours * self.wish.pace.max(1.0);
        let was = flow.command.get();
        let flow = current::follow(flow, self.now, self.pack, self.charger, &set, self.rules());
        let flow = watch::note(self, Flow { ah, ..flow }, &set);
        // Little current that still rises is no hold yet, and the hold is left only when there is
        // clearly more again.
        let held = matches!(before, State::BalanceHold(..));
        let most = self.rules().get(Rule::HoldCurrent) * if held { 2.0 } else { 1.0 };
        let little = flow.command.get() <= most && (held || flow.command.get() <= was);
        let kind = match (flow.governor == Governor::HighestCell, little) {
            (false, _) => State::ConstantCurrent,
            (true, false) => State::Taper,
            (true, true) => State::BalanceHold,
        };
        let next = kind(run, flow);
        // A state that was just entered began now.
        if next.name() == before.name() { next } else { kind(Run { since: self.now, ..run }, flow) }
    }

    /// At zero until the late reading is back; what is lost for good ends it elsewhere.
    fn pause(&self, run: Run, flow: Flow, why: PauseReason) -> State {
        let run = Run { set: self.set_of(&run), ..run };
        let flow = Flow { at: self.now, ..at_zero(flow) };
        // What was above the command when it fell to zero is not above it for as long as the pause
        // lasts: it is looked at anew, and what still flows ends the charge.
        let flow = run.set.map_or(flow, |set| watch::note(self, flow, &set));
        let flow = Flow { complete_since: None, ..flow };
        match self.late() {
            Some(why) => State::Paused(run, flow, why),
            // What came back has to stay a second before anything flows.
            None if self.now.since(run.since) < HELD_UP => State::Paused(run, flow, why),
            None => {
                let flow = Flow { integral: 0.0, ..flow };
                State::ConstantCurrent(Run { since: self.now, ..run }, flow)
            }
        }
    }

    /// Which reading is late.
    fn late(&self) -> Option<PauseReason> {
        let over = |age: Option<Duration>, most| age.is_none_or(|age| age > most);
        if over(self.pack.fast_age, bmu_late(self.pack, self.rules())) {
            Some(PauseReason::BmuLate)
        } else if over(self.charger.age, self.rules().time(Rule::ChargerLate)) {
            Some(PauseReason::ChargerLate)
        } else {
            None
        }
    }

    /// Whether nobody called for so long that what is known is of another time.
    fn held_up(&self, flow: &Flow) -> Option<PauseReason> {
        (self.now.since(flow.at) > HELD_UP || self.now < flow.at).then_some(PauseReason::BmuLate)
    }

    /// The set points of now: they may be changed while it runs.
    const fn set_of(&self, run: &Run) -> Option<SetPoints> {
        match self.wish.want {
            Want::Charge { number, set } if number == run.number => Some(set),
            Want::Charge { .. } | Want::Contactors { .. } | Want::Nothing => run.set,
        }
    }

    const fn fresh_flow(&self) -> Flow {
        Flow {
            command: Amps(0.0),
            integral: 0.0,
            governor: Governor::Ramp,
            at: self.now,
            complete_since: None,
            over_since: None,
            wrong_sign_since: None,
            missing_since: None,
            idle_since: None,
            ah: 0.0,
        }
    }

    /// Everything that is to be sent in a state.
    fn intents(&self, state: &State) -> Intents {
        let (charger, key) = match state {
            State::Idle { .. } | State::Checking(_) | State::Done { .. } => {
                (ChargerIntent::Silent, KeyIntent::Silent)
            }
            State::Preconditioning(run) => {
                let key = if run.closed { KeyIntent::Run } else { KeyIntent::Silent };
                (self.give(run, self.pack.voltage, self.matching()), key)
            }
            State::Contactors(run, key) => {
                let key = match key {
                    Key::Off => KeyIntent::Off,
                    Key::Init => KeyIntent::Init,
                    Key::Start => KeyIntent::Start,
                };
                (self.give(run, self.pack.voltage, self.matching()), key)
            }
            State::Engaged(_) => (ChargerIntent::Silent, KeyIntent::Run),
            State::ConstantCurrent(run, flow)
            | State::Taper(run, flow)
            | State::BalanceHold(run, flow) => (self.give(run, None, flow.command), KeyIntent::Run),
            State::Paused(run, _, _) => (self.give(run, None, Amps(0.0)), KeyIntent::Run),
            State::Finishing(stopping) => stop::intents(stopping),
            State::Fault { outcome, .. } => (stop::still(self, outcome), KeyIntent::Silent),
        };
        Intents { charger, key, ..Intents::default() }
    }

    /// What a charger may give while it is only brought to a voltage: nothing while a reading is late.
    fn matching(&self) -> Amps {
        if self.late().is_some() { Amps(0.0) } else { MATCHING }
    }

    /// What the charger is told: at most the voltage limit, or a voltage below it.
    fn give(&self, run: &Run, volts: Option<Volts>, amps: Amps) -> ChargerIntent {
        let Some(set) = &run.set else { return ChargerIntent::Silent };
        let limit = current::voltage_limit(self.pack, self.charger, set, self.rules());
        let volts = volts.map_or(limit.get(), |volts| volts.get().min(limit.get()));
        ChargerIntent::Give { volts: Volts(volts.max(0.0)), amps }
    }
}

/// Nothing flows.
fn at_zero(flow: Flow) -> Flow {
    Flow {
        command: Amps(0.0),
        integral: 0.0,
        governor: Governor::Zero,
        complete_since: None,
        ..flow
    }
}

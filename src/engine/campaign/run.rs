//! One run: a world and a program, step by step, with everything that the plan has for them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::CampaignError;
use super::console::Console;
use super::oracle::{Oracle, Reach, Violation};
use super::plan::{Deed, Plan};
use crate::base::time::Mono;
use crate::engine::can::frame::{Frame, Frames};
use crate::engine::charge::{Note, State, Station, StopReason};
use crate::engine::device::Catalog;
use crate::engine::sim::World;

/// Lines of a trace that are kept.
const TRACE: usize = 40;

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    pub violation: Option<(String, String)>,
    pub trace: Vec<String>,
    pub faults: BTreeMap<&'static str, u64>,
    pub states: BTreeMap<&'static str, u64>,
    pub withheld: u64,
}

/// How much of a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The last things that happened.
    Last,
    /// Every step.
    Every,
}

/// The last lines of what happened, or all of them.
pub(super) struct Trace {
    pub lines: Vec<String>,
    pub detail: Detail,
}

impl Trace {
    pub(super) fn say(&mut self, at: Mono, text: &str) {
        if self.detail == Detail::Last && self.lines.len() >= TRACE {
            self.lines.remove(0);
        }
        self.lines.push(format!("{:8.2} s  {text}", at.secs_f64()));
    }
}

struct Run<'a> {
    plan: &'a Plan,
    catalog: &'a Catalog,
    world: World,
    console: Option<Console>,
    oracle: Oracle,
    /// The program's clock is ahead of the world's by this.
    ahead: Duration,
    frozen: Option<Mono>,
    dead: Option<Mono>,
    disk_full: Option<Mono>,
    /// Lines of the journal that were kept, and those that could not be.
    journal: (u64, u64),
    ending: bool,
    frames: Frames,
    queue: Vec<(Frame, Mono)>,
    out: Vec<Frame>,
    trace: Trace,
    ended: Ended,
    last_state: &'static str,
}

/// Lives through a plan.
///
/// # Errors
/// The plan's scene is no world.
pub(super) fn live(plan: &Plan, catalog: &Catalog, detail: Detail) -> Result<Ended, CampaignError> {
    let world = World::of(catalog, &plan.scene, plan.seed)
        .map_err(|source| CampaignError::World { seed: plan.seed, source: Box::new(source) })?;
    let modules = usize::from(plan.modules);
    let latches = Oracle::new(plan, modules).latches();
    let mut run = Run {
        plan,
        catalog,
        world,
        console: Some(Console::start(plan, catalog, plan.rules, latches)?),
        oracle: Oracle::new(plan, modules),
        ahead: Duration::ZERO,
        frozen: None,
        dead: None,
        disk_full: None,
        journal: (0, 0),
        ending: false,
        frames: Frames::default(),
        queue: Vec::new(),
        out: Vec::new(),
        trace: Trace { lines: Vec::new(), detail },
        ended: Ended::default(),
        last_state: "",
    };
    for fault in &plan.faults {
        *run.ended.faults.entry(fault.name).or_default() += 1;
    }
    if detail == Detail::Every {
        for line in plan.text.lines() {
            run.trace.lines.push(line.to_owned());
        }
        run.trace.lines.push(format!("rules {:?}, rated {:?}", plan.rules, plan.rating));
    }
    let found = run.through()?;
    run.ended.withheld = run.console.as_ref().map_or(0, Console::withheld);
    if let Some(Violation { at, what, detail }) = found {
        run.trace.say(at, &format!("VIOLATION {what}: {detail}"));
        run.ended.violation = Some((what.to_owned(), detail));
    }
    run.ended.trace = run.trace.lines;
    Ok(run.ended)
}

impl Run<'_> {
    fn through(&mut self) -> Result<Option<Violation>, CampaignError> {
        let mut deeds = self.plan.deeds.iter().copied().peekable();
        let mut at = Mono::ZERO;
        while at < self.plan.end {
            at = at.after(Station::CYCLE);
            self.frames.clear();
            self.world.advance(at, &mut self.frames);
            self.hear();
            while let Some((_, deed)) = deeds.next_if(|(due, _)| *due <= at) {
                self.happen(at, deed)?;
            }
            self.wake(at)?;
            self.world.look(&mut self.oracle.truth);
            if let Some(found) = self.step(at) {
                return Ok(Some(found));
            }
        }
        let (kept, refused) = self.journal;
        let noted = self.oracle.transitions;
        let detail = format!("{kept} lines kept and {refused} refused of {noted} transitions");
        let what = "journal_incomplete";
        Ok((kept + refused != noted).then_some(Violation { at, what, detail }))
    }

    fn now(&self, at: Mono) -> Mono {
        at.after(self.ahead)
    }

    /// Frames reach the program, or wait for it while it stands still.
    fn hear(&mut self) {
        if self.console.is_none() {
            return;
        }
        for frame in self.frames.iter() {
            self.queue.push((frame.to_frame(), frame.time().after(self.ahead)));
        }
        if self.frozen.is_some() {
            return;
        }
        let Some(console) = &mut self.console else { return };
        for (frame, at) in self.queue.drain(..) {
            console.hear(frame.view(), at);
            self.oracle.wire.heard(frame.view(), at);
        }
    }

    fn happen(&mut self, at: Mono, deed: Deed) -> Result<(), CampaignError> {
        let now = self.now(at);
        self.trace.say(at, &format!("{deed:?}"));
        let Some(console) = &mut self.console else { return Ok(()) };
        if self.frozen.is_some() || self.ending {
            return Ok(());
        }
        let state = *console.seen().state();
        let station = console.station();
        match deed {
            Deed::Start(set, lease) => {
                if station.start(set, lease).is_ok() {
                    self.oracle.started(Some(set), now);
                }
            }
            Deed::Engage => {
                if station.engage().is_ok() {
                    self.oracle.started(None, now);
                }
            }
            Deed::Stop(face) => {
                station.stop(face);
                self.oracle.stopped(face, &state, now);
            }
            Deed::Change(set) => {
                if station.change(set).is_ok() {
                    self.oracle.changed(set, now);
                }
            }
            Deed::Clear(face) => {
                station.clear(face);
                self.oracle.cleared(face, now);
            }
            Deed::Permit(permitted) => station.permit(permitted.into()),
            Deed::Presence(present) => station.presence(present.into()),
            Deed::Kill(span) => {
                self.console = None;
                self.queue.clear();
                self.dead = Some(at.after(span));
            }
            Deed::Freeze(span) => self.frozen = Some(at.after(span)),
            Deed::Leap(span) => {
                self.ahead += span;
                let now = self.now(at);
                self.oracle.stood_still(now);
            }
            Deed::DiskFull(span) => self.disk_full = Some(at.after(span)),
            Deed::Shutdown => {
                station.end(StopReason::Shutdown);
                self.oracle.ended(&state, now);
                self.ending = true;
            }
        }
        Ok(())
    }

    fn wake(&mut self, at: Mono) -> Result<(), CampaignError> {
        if self.dead.is_some_and(|until| until <= at) {
            self.dead = None;
            let latches = self.oracle.latches();
            let rules = self.plan.rules;
            self.console = Some(Console::start(self.plan, self.catalog, rules, latches)?);
            let now = self.now(at);
            self.oracle.restarted(now);
            self.trace.say(at, "the program begins anew");
        }
        if self.frozen.is_some_and(|until| until <= at) {
            self.frozen = None;
            let now = self.now(at);
            self.oracle.stood_still(now);
            self.trace.say(at, "the program goes on");
            self.frames.clear();
            self.hear();
        }
        if self.disk_full.is_some_and(|until| until <= at) {
            self.disk_full = None;
        }
        Ok(())
    }

    fn step(&mut self, at: Mono) -> Option<Violation> {
        let now = self.now(at);
        let Some(console) = self.console.as_mut().filter(|_| self.frozen.is_none()) else {
            // Whoever stands still says nothing; what it last said is not its doing any more.
            self.oracle.wire.command = None;
            self.oracle.wire.key = None;
            self.oracle.stood_still(now);
            return None;
        };
        self.out.clear();
        if !console.seen().wish().permitted {
            self.oracle.ended(console.seen().state(), now);
        }
        console.step(now, &mut self.out);
        let reach = if console.bus_ok() { Reach::Bus } else { Reach::Nobody };
        let mut found = self.oracle.notes(&console.notes, console.seen(), now);
        // What cannot be kept is counted, and nobody waits for it.
        let lines =
            console.notes.iter().filter(|note| matches!(note, Note::Entered { .. })).count();
        let (kept, refused) = &mut self.journal;
        *(if self.disk_full.is_some() { refused } else { kept }) += lines as u64;
        let state = console.seen().state();
        if state.name() != self.last_state {
            *self.ended.states.entry(state.name()).or_default() += 1;
            self.last_state = state.name();
            let text = words(state);
            self.trace.say(at, &text);
        }
        for frame in &self.out {
            found = found.or_else(|| self.oracle.sent(frame.view(), now));
            self.world.receive(frame.view());
        }
        if self.trace.detail == Detail::Every {
            let line = self.line();
            self.trace.say(at, &line);
        }
        let console = self.console.as_ref()?;
        found.or_else(|| self.oracle.judge(now, console.seen(), reach))
    }

    /// The step in one line.
    fn line(&self) -> String {
        let mut line = String::new();
        let wire = &self.oracle.wire;
        let command = wire.command.map_or_else(
            || "silent".to_owned(),
            |c| {
                if c.stop { "stop".to_owned() } else { format!("{:.1} V {:.1} A", c.volts, c.amps) }
            },
        );
        let key = wire.key.map_or_else(|| "-".to_owned(), |(_, word)| format!("{word:02x}"));
        let truth = &self.oracle.truth;
        // Writing into a string does not fail.
        let _ = write!(
            line,
            "{:16} told {command:>16} key {key:>3}; gives {:.2} A {:.1} V",
            self.last_state, truth.charger_amps, truth.charger_volts
        );
        for (told, string) in wire.bmus.iter().zip(&truth.strings) {
            let _ = write!(
                line,
                "; bmu state {} {:02x} flags {:x} {:.2} A ({:.2}) {}..{} mV ({:.0}) {:.1} C",
                told.state,
                told.bits,
                told.flags,
                told.amps,
                string.amps,
                told.low_mv,
                told.high_mv,
                string.highest_mv,
                told.hot_c
            );
        }
        line
    }
}

fn words(state: &State) -> String {
    match state {
        State::Finishing(stopping) => format!("finishing: {:?}", stopping.why),
        State::Done { outcome, .. } | State::Fault { outcome, .. } => {
            format!("{}: {outcome:?}", state.name())
        }
        State::Paused(_, _, why) => format!("paused: {why:?}"),
        State::Idle { .. }
        | State::Checking(_)
        | State::Preconditioning(_)
        | State::Contactors(..)
        | State::Engaged(_)
        | State::ConstantCurrent(..)
        | State::Taper(..)
        | State::BalanceHold(..) => state.name().to_owned(),
    }
}

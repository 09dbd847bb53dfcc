//! A bay: one pack's station with what stands around it: which batteries and which charger, who
//! started what runs, its log, and what is kept of it.

use std::sync::Arc;
use std::time::Duration;

use crate::base::id::{BusId, ComponentId, Name};
use crate::base::time::Mono;
use crate::engine::access::account::SessionId;
use crate::engine::access::actor::Who;
use crate::engine::access::grant::Face;
use crate::engine::access::permission::ChargePacks;
use crate::engine::access::roster::Roster;
use crate::engine::charge::{
    ChargePicture, ChargerView, Check, Curve, Keep, Latches, Message, Note, PackView, Rules,
    SetPoints, Standing, State, Station, Step, StopReason, interlocks, preconditions,
};
use crate::engine::device::{Catalog, Device};
use crate::engine::hub::Now;
use crate::engine::hub::bus::Bus;
use crate::engine::hub::charging::record::{Beginning, Numbers, Record};
use crate::engine::hub::charging::words;
use crate::engine::hub::event::{Effect, Epoch};
use crate::engine::hub::plant::Plant;
use crate::engine::hub::sight::{charger_frame, command_frame, heartbeat_frame, key_frame};
use crate::engine::orders::OrderError;
use crate::engine::orders::charging::SetDemo;
use crate::engine::store::journal::{Entry, Outcome as JournalOutcome};

/// Whoever started a charge that hangs on their presence has left after this long.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// Most lines of the log of a charge.
const LOG_LINES: usize = 256;

/// Who started what runs.
#[derive(Clone, Debug)]
pub(super) struct Starter {
    pub(super) words: String,
    pub(super) who: Who,
    pub(super) face: Face,
    pub(super) session: Option<SessionId>,
}

impl Starter {
    /// Whether they may still charge. That a session has ended does not matter: a charge goes on without
    /// its page.
    fn may(&self, roster: &Roster) -> bool {
        roster.lets(&self.who, &ChargePacks)
    }

    /// Whether it is them who are there: in the session in which they started it, or with the token.
    /// Another session of the same account is a browser that was left open somewhere else, and a token
    /// of it is a program.
    fn is(&self, who: &Who, session: Option<SessionId>) -> bool {
        match self.session {
            Some(own) => session == Some(own),
            None => session.is_none() && self.who == *who,
        }
    }
}

/// One pack's station and what stands around it.
pub(super) struct Bay {
    pub(super) pack: Name,
    pub(super) bmus: Vec<ComponentId>,
    pub(super) station: Station,
    pub(super) charger: Option<ComponentId>,
    /// Another pack is charged by that charger now: what it says and is told is that one's matter.
    pub(super) lent: bool,
    /// When somebody last stopped it.
    pub(super) stopped: Option<Mono>,
    pub(super) pace: f64,
    pub(super) set: SetPoints,
    keys: Vec<(BusId, Device)>,
    commanded: Vec<(BusId, Device)>,
    starter: Option<Starter>,
    present: Mono,
    log: Arc<Vec<(Mono, String)>>,
    curve: Arc<Curve>,
    record: Option<Record>,
    /// The number of the last charge that was kept.
    kept: Option<u64>,
    latches: Latches,
    messages: Vec<Message>,
    notes: Vec<Note>,
}

/// Whoever gave an order.
pub(in crate::engine::hub) struct Giver {
    pub(in crate::engine::hub) words: String,
    pub(in crate::engine::hub) who: Who,
    pub(in crate::engine::hub) face: Face,
    /// The session it was given in, where that has a number.
    pub(in crate::engine::hub) session: Option<SessionId>,
    /// When: an order that waits for its line in the journal is carried out later than a stop that was
    /// given after it.
    pub(in crate::engine::hub) asked: Mono,
}

/// Where a bay is stepped.
pub(super) struct Floor<'a> {
    pub(super) plant: &'a Plant,
    pub(super) epoch: Epoch,
    pub(super) now: Now,
    pub(super) numbers: &'a Numbers,
}

impl Bay {
    pub(super) fn new(
        pack: Name,
        bmus: Vec<ComponentId>,
        plant: &Plant,
        catalog: &Catalog,
        latches: Latches,
    ) -> Self {
        let rules = plant.rules;
        let chargers = plant.chargers();
        let only = if let [only] = chargers.as_slice() { Some(*only) } else { None };
        Self {
            keys: plant.key_voices(&bmus, catalog),
            commanded: plant.commanded(&bmus),
            pack,
            bmus,
            station: Station::new(rules, latches),
            charger: only,
            lent: false,
            stopped: None,
            pace: 1.0,
            set: SetPoints::usual(&rules),
            starter: None,
            present: Mono::ZERO,
            log: Arc::default(),
            curve: Arc::default(),
            record: None,
            kept: None,
            latches,
            messages: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same in an amended plant, where its parts are elsewhere now. `None` where it cannot go on under
    /// the rules of that.
    pub(super) fn amend(
        mut self,
        (bmus, charger): (Vec<ComponentId>, Option<ComponentId>),
        plant: &Plant,
        catalog: &Catalog,
    ) -> Option<Self> {
        if !self.is_active() {
            self.set_rules(plant.rules).ok()?;
        }
        let chargers = plant.chargers();
        let only = if let [only] = chargers.as_slice() { Some(*only) } else { None };
        self.charger = charger.or(only);
        self.keys = plant.key_voices(&bmus, catalog);
        self.commanded = plant.commanded(&bmus);
        self.bmus = bmus;
        Some(self)
    }

    /// Whether it has to be stepped.
    pub(super) fn is_active(&self) -> bool {
        self.station.has_work()
    }

    /// Whether its batteries and those of `other` close their contactors by the same switches: those of one
    /// kind on one bus all obey the same message.
    pub(super) fn shares_switches(&self, other: &Self) -> bool {
        self.keys.iter().any(|(bus, _)| other.keys.iter().any(|(one, _)| one == bus))
    }

    /// Whether anything hangs on the devices that it has: what ended in a fault lets go of them once its
    /// charger does not deliver any more.
    pub(super) fn is_in_hand(&self) -> bool {
        let is_over = matches!(self.station.state(), State::Fault { .. })
            && self.station.wish().stop.is_none()
            && !self.station.still_stops();
        self.is_active() && !is_over
    }

    /// The buses on which batteries are commanded.
    #[cfg(test)]
    pub(super) fn commanded_on(&self) -> Vec<BusId> {
        self.commanded.iter().map(|(bus, _)| *bus).collect()
    }

    /// The buses that it sends to.
    pub(super) fn buses(&self, plant: &Plant) -> Vec<BusId> {
        let charger = self.charger.and_then(|id| plant.component(id)).map(|one| one.bus);
        let voices = self.keys.iter().chain(&self.commanded);
        voices.map(|(bus, _)| *bus).chain(charger).collect()
    }

    /// Somebody starts something.
    pub(super) fn begin(&mut self, now: Mono, starter: Starter) {
        self.starter = Some(starter);
        self.present = now;
        self.log = Arc::default();
        self.curve = Arc::default();
        self.record = None;
        self.kept = None;
        self.station.permit(Standing::May);
    }

    /// Somebody has changed the set points of what runs.
    pub(super) fn changed(&mut self, now: Mono, set: SetPoints) {
        if let Some(record) = &mut self.record {
            record.change(set);
        }
        let (amps, volts) = (set.current.get(), f64::from(set.cell.get()) / 1000.0);
        self.say(
            now,
            format!("Set points changed: at most {amps:.1} A, highest cell {volts:.3} V."),
        );
    }

    /// Takes other rules. Set points for the next charge that nobody has chosen, or that could not be
    /// any more, are as usual under the new ones.
    pub(super) fn set_rules(&mut self, rules: Rules) -> Result<(), OrderError> {
        let before = SetPoints::usual(&self.station.wish().rules);
        self.station.set_rules(rules)?;
        if self.set == before || self.set.check(&rules).is_err() {
            self.set = SetPoints::usual(&rules);
        }
        Ok(())
    }

    /// Somebody is there.
    pub(super) fn take_presence(&mut self, now: Mono, who: &Who, session: Option<SessionId>) {
        if self.starter.as_ref().is_some_and(|starter| starter.is(who, session)) {
            self.present = now;
        }
    }

    /// People or their rights have changed.
    pub(super) fn judge(&mut self, roster: &Roster) {
        // Whoever started what has ended is no matter for whoever comes next.
        if let Some(starter) = self.starter.as_ref().filter(|_| self.station.state().is_running()) {
            let may = starter.may(roster);
            self.station.permit(may.into());
        }
    }

    /// One step, and everything that follows from it.
    pub(super) fn step(&mut self, floor: &Floor<'_>, effects: &mut Vec<Effect>) {
        let now = floor.now.mono;
        let (pack, charger) = self.look(floor.plant, now);
        let charger = if self.lent { ChargerView::default() } else { charger };
        let local = self.starter.as_ref().is_some_and(|one| one.who == Who::LocalConsole);
        let there = local || now.since(self.present) < GONE_AFTER;
        self.station.presence(there.into());
        self.station.pace(self.pace);
        let (mut messages, mut notes) =
            (std::mem::take(&mut self.messages), std::mem::take(&mut self.notes));
        self.station.step(now, &pack, &charger, &mut messages, &mut notes);
        self.send(floor, &messages, effects);
        for note in &notes {
            self.write_down(floor, *note, (&pack, &charger), effects);
        }
        messages.clear();
        notes.clear();
        (self.messages, self.notes) = (messages, notes);
        if self.curve.points.len() != self.station.curve().points.len() {
            self.curve = Arc::new(self.station.curve().clone());
        }
        self.keep(now, &pack, effects);
    }

    /// What is seen of pack and charger.
    pub(super) fn look(&self, plant: &Plant, now: Mono) -> (PackView, ChargerView) {
        let charger = self.charger.map(|id| plant.charger_view(id, now)).unwrap_or_default();
        (plant.pack_view(&self.bmus, now), charger)
    }

    /// Whether a charge could be taken up now, so that whoever asks hears at once what stands in the
    /// way; the machine looks again before it sends anything.
    pub(super) fn ready(
        &self,
        charger: ComponentId,
        set: &SetPoints,
        plant: &Plant,
        now: Mono,
    ) -> Result<(), OrderError> {
        if self.station.state().is_running() {
            return Ok(());
        }
        let seen = (plant.pack_view(&self.bmus, now), plant.charger_view(charger, now));
        let checks = preconditions(&seen.0, &seen.1, self.station.wish(), set);
        let broken: Vec<String> = checks
            .iter()
            .filter(|check| !check.ok)
            .map(|check| {
                let (title, value, limit) = (check.id.title(), &check.value, &check.limit);
                let comma = if limit.is_empty() { "" } else { ", " };
                format!("{title} ({value}{comma}{limit}): {}", check.why)
            })
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        let pack = &self.pack;
        let mut text = format!("{pack} is not ready to be charged. {}", broken.join(" "));
        // A supply that is another device, or does not answer, says so on its bus.
        let bus = plant.component(charger).and_then(|one| plant.bus(one.bus));
        if let Some(sentence) = bus.and_then(Bus::sentence) {
            text = format!("{text} {sentence}");
        }
        Err(OrderError::Unfit(text))
    }

    fn send(&self, floor: &Floor<'_>, messages: &[Message], effects: &mut Vec<Effect>) {
        let epoch = floor.epoch;
        for message in messages {
            match *message {
                Message::Key(_) | Message::Heartbeat => {
                    for (bus, device) in &self.keys {
                        let frame = match *message {
                            Message::Key(word) => key_frame(device, word),
                            Message::Heartbeat
                            | Message::Command(_)
                            | Message::Give { .. }
                            | Message::Stop => heartbeat_frame(device),
                        };
                        let frames: Vec<_> = frame.into_iter().collect();
                        effects.push(Effect::Send { epoch, bus: *bus, frames });
                    }
                }
                Message::Command(command) => {
                    for (bus, device) in &self.commanded {
                        let frames: Vec<_> = command_frame(device, command).into_iter().collect();
                        effects.push(Effect::Send { epoch, bus: *bus, frames });
                    }
                }
                Message::Give { .. } | Message::Stop => {
                    let own = self.charger.filter(|_| !self.lent);
                    let Some(one) = own.and_then(|id| floor.plant.component(id)) else { continue };
                    // What cannot be said in a frame is no reason to go on: it is a stop then.
                    let frame = charger_frame(&one.device, *message)
                        .or_else(|| charger_frame(&one.device, Message::Stop));
                    let frames: Vec<_> = frame.into_iter().collect();
                    effects.push(Effect::Send { epoch, bus: one.bus, frames });
                }
            }
        }
    }

    fn write_down(
        &mut self,
        floor: &Floor<'_>,
        note: Note,
        seen: (&PackView, &ChargerView),
        effects: &mut Vec<Effect>,
    ) {
        let now = floor.now.mono;
        match note {
            Note::Began { .. } => {
                let by = self.by().unwrap_or_default();
                self.say(now, format!("Asked by {by}."));
            }
            Note::Entered { from, to } => {
                let checks = self.checks_of(&to, seen);
                let text = words::entered(&to, &checks);
                self.begin_record(floor, &to, seen.0);
                self.say(now, text.clone());
                effects.push(Effect::Journal(Box::new(self.line(floor, &from, &to, text))));
                if let State::Done { outcome, .. } | State::Fault { outcome, .. } = &to
                    && let Some(record) = &mut self.record
                {
                    let why = words::reason(&outcome.why, &checks);
                    record.end(floor.now.wall, outcome, why);
                }
            }
            Note::Governed { by, amps } => {
                if let Some(record) = &mut self.record {
                    record.governed(self.station.meter(), by);
                }
                let name = words::governor(by);
                self.push(now, format!("Governed by: {name}, {:.1} A.", amps.get()));
            }
        }
    }

    /// The checks that tell why something ends; none where nothing does.
    fn checks_of(&self, to: &State, (pack, charger): (&PackView, &ChargerView)) -> Vec<Check> {
        let why = match to {
            State::Finishing(stopping) => stopping.why,
            State::Done { outcome, .. } | State::Fault { outcome, .. } => outcome.why,
            State::Idle { .. }
            | State::Checking(_)
            | State::Preconditioning(_)
            | State::Contactors(..)
            | State::Engaged(_)
            | State::ConstantCurrent(..)
            | State::Taper(..)
            | State::BalanceHold(..)
            | State::Paused(..) => return Vec::new(),
        };
        match why {
            StopReason::NotReady(_) => preconditions(pack, charger, self.station.wish(), &self.set),
            StopReason::Interlock(_) => {
                interlocks(pack, charger, self.station.wish(), self.station.state())
            }
            StopReason::Complete
            | StopReason::TargetSoc
            | StopReason::TargetCharge
            | StopReason::Time
            | StopReason::Asked(_)
            | StopReason::Withdrawn
            | StopReason::Left
            | StopReason::NotPermitted
            | StopReason::Shutdown => Vec::new(),
        }
    }

    /// A charge is kept from when something is sent on: one that was refused has its journal line.
    fn begin_record(&mut self, floor: &Floor<'_>, to: &State, seen: &PackView) {
        let State::Preconditioning(run) = to else { return };
        let (Some(set), None) = (run.set, &self.record) else { return };
        let charger = self.charger.and_then(|id| floor.plant.name_of(id));
        let starter = self.starter.as_ref();
        let wall = floor.now.wall;
        let id = floor.numbers.next(wall);
        let with = Beginning {
            id,
            pack: self.pack.as_str(),
            charger: charger.map(Name::as_str).unwrap_or_default(),
            by: starter.map(|one| one.words.as_str()).unwrap_or_default(),
            face: starter.map_or(Face::Inside, |one| one.face),
            set,
            rules: &self.station.wish().rules,
            pace: self.pace,
        };
        let record = Record::begin(floor.now.mono, wall, &with, seen);
        self.kept = Some(record.id());
        self.record = Some(record);
    }

    fn line(&self, floor: &Floor<'_>, from: &State, to: &State, text: String) -> Entry {
        let why = match to {
            State::Done { outcome, .. } | State::Fault { outcome, .. } => Some(outcome.why),
            State::Finishing(stopping) => Some(stopping.why),
            State::Idle { .. }
            | State::Checking(_)
            | State::Preconditioning(_)
            | State::Contactors(..)
            | State::Engaged(_)
            | State::ConstantCurrent(..)
            | State::Taper(..)
            | State::BalanceHold(..)
            | State::Paused(..) => None,
        };
        let failed = why.is_some_and(|why| words::is_failure(&why));
        Entry {
            at: floor.now.wall,
            who: Who::ChargeControl.to_string(),
            face: Face::Inside.code(),
            address: None,
            action: "charge_state",
            target: self.pack.to_string(),
            before: Some(serde_json::json!({ "state": from.name() })),
            after: Some(serde_json::json!({ "state": to.name() })),
            outcome: if failed { JournalOutcome::Failed } else { JournalOutcome::Done },
            note: Some(text),
            of: None,
        }
    }

    /// Something that does not end what runs, into the log, the report and the journal.
    pub(super) fn warn(&mut self, floor: &Floor<'_>, text: &str, effects: &mut Vec<Effect>) {
        self.say(floor.now.mono, text.to_owned());
        let state = *self.station.state();
        let line = self.line(floor, &state, &state, text.to_owned());
        let outcome = JournalOutcome::Failed;
        let line = Entry { action: "charge_warning", before: None, after: None, outcome, ..line };
        effects.push(Effect::Journal(Box::new(line)));
    }

    /// Into the log and the report.
    fn say(&mut self, now: Mono, text: String) {
        if let Some(record) = &mut self.record {
            record.event(now, &text);
        }
        self.push(now, text);
    }

    fn push(&mut self, now: Mono, text: String) {
        let log = Arc::make_mut(&mut self.log);
        if log.len() >= LOG_LINES {
            log.remove(0);
        }
        log.push((now, text));
    }

    /// What is kept without anybody waiting for it.
    fn keep(&mut self, now: Mono, seen: &PackView, effects: &mut Vec<Effect>) {
        let latches = self.station.wish().latches;
        if latches != self.latches {
            self.latches = latches;
            let pack = self.pack.to_string();
            effects.push(Effect::Keep(Keep::Latches { pack, latches }));
        }
        if let Some(record) = &mut self.record {
            if self.station.state().is_running() {
                record.count(seen, self.station.meter(), self.pace);
            }
            effects.extend(record.due(now, self.station.curve()).map(Effect::Keep));
            if !self.station.state().is_running() {
                self.record = None;
            }
        }
    }

    /// Who started it, through which face.
    fn by(&self) -> Option<String> {
        let starter = self.starter.as_ref()?;
        Some(format!("{} ({})", starter.words, starter.face.code()))
    }

    /// What is shown of it.
    pub(super) fn picture(&self, plant: &Plant, now: Mono, demo: SetDemo) -> ChargePicture {
        let state = *self.station.state();
        let seen = self.look(plant, now);
        let wish = self.station.wish();
        let before = !state.is_running() || matches!(state, State::Checking(_));
        let (preconditions, interlocks) = if before {
            (preconditions(&seen.0, &seen.1, wish, &self.set), Vec::new())
        } else {
            (Vec::new(), interlocks(&seen.0, &seen.1, wish, &state))
        };
        let is_demo = self
            .keys
            .iter()
            .chain(&self.commanded)
            .any(|(bus, _)| plant.bus(*bus).is_some_and(|b| b.is_demo()));
        ChargePicture {
            pack: self.pack.clone(),
            bmus: self.bmus.clone(),
            chargers: plant.chargers(),
            charger: self.charger,
            state,
            step: step_of(&state),
            set: self.set,
            rules: wish.rules,
            latches: wish.latches,
            lease: wish.lease,
            by: if state.is_running() { self.by() } else { None },
            charger_intent: self.station.intents().charger,
            key_intent: self.station.intents().key,
            preconditions,
            interlocks,
            seen,
            meter: *self.station.meter(),
            record: self.kept,
            log: Arc::clone(&self.log),
            curve: Arc::clone(&self.curve),
            pace: self.pace,
            is_demo,
            parked: is_demo && demo.parked,
        }
    }
}

const fn step_of(state: &State) -> Step {
    match state {
        State::Idle { .. } => Step::None,
        State::Checking(_) => Step::Check,
        State::Preconditioning(_) | State::Contactors(..) | State::Engaged(_) => Step::Contactors,
        State::ConstantCurrent(..) | State::Paused(..) => Step::ConstantCurrent,
        State::Taper(..) | State::BalanceHold(..) => Step::Taper,
        State::Finishing(_) | State::Done { .. } | State::Fault { .. } => Step::Done,
    }
}

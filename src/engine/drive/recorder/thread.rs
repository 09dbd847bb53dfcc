//! One recorder: waits for its rule where it has one, writes what the tap brings, and tells the hub a
//! few times a second how it is doing.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::base::id::BusId;
use crate::base::time::{Clock, Mono, Timebase};
use crate::engine::can::frame::{FrameRef, Frames};
use crate::engine::can::record::Moment;
use crate::engine::can::record::plan::Place;
use crate::engine::can::record::roll::{Broken, Figures, Roll, Title};
use crate::engine::can::record::shelf::Shelf;
use crate::engine::can::record::tap::{Aside, Tapped, Told, Word};
use crate::engine::door::SharedTape;
use crate::engine::drive::recorder::{Desk, fault};
use crate::engine::filter::Memory;
use crate::engine::hub::{Event, RecordBus, RecordNews, Sieves};
use crate::engine::orders::{Answer, OrderError, Reply};
use crate::engine::profile::model::{Begins, RecorderEntry};
use crate::engine::snapshot::RecordState;

/// Longest wait for something to record: the clock is looked at so often.
const WAIT: Duration = Duration::from_millis(100);
/// How often the hub hears how it is doing.
const NEWS: Duration = Duration::from_millis(500);
/// Longest that the hub is waited for.
const HUB_LIMIT: Duration = Duration::from_secs(1);
/// A recorder with a rule for which there was no room tries again so long after.
const AGAIN: Duration = Duration::from_secs(10);
/// Why frames did not reach the recorder.
const BEHIND: &str = "the recorder could not follow";

/// What is to be recorded.
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) entry: Arc<RecorderEntry>,
    pub(super) by: String,
    pub(super) buses: Vec<RecordBus>,
    pub(super) sieves: Sieves,
    /// Number on the tape of the first frame that its tap brings.
    pub(super) from: u64,
}

/// The names and times of the buses that are recorded.
type Buses = BTreeMap<BusId, (String, Timebase)>;

/// A recorder's thread.
pub(super) struct Recorder {
    job: Job,
    place: Place,
    shelf: Shelf,
    tape: SharedTape,
    clock: Arc<dyn Clock>,
    inbox: Sender<Event>,
    told: Receiver<Tapped>,
    aside: Aside,
    /// So many of the frames that did not fit were heard of.
    heard: u64,
    ends: Receiver<Reply>,
    reply: Option<Reply>,
    buses: Buses,
    memory: Memory,
    /// What the filters that begin and end it remember, each for itself.
    rules: (Memory, Memory),
    roll: Option<Roll>,
    /// Number on the tape of the next frame that the tap will bring: what comes before it is taken from
    /// the tape, and nothing is taken from both.
    next: u64,
    /// When it ends, after its rule is over.
    until: Option<Mono>,
    /// What recordings before this one of the same rule have come to.
    before: Figures,
    rated: (Mono, u64, f64),
    /// When the disk was full last, and the word about it that the hub has not heard yet.
    full: (Option<Mono>, Option<String>),
    says_fault: bool,
}

impl Recorder {
    pub(super) fn new(
        job: Job,
        place: Place,
        desk: &Desk,
        (told, aside, ends): (Receiver<Tapped>, Aside, Receiver<Reply>),
        reply: Option<Reply>,
    ) -> Self {
        let buses = job.buses.iter().map(|one| (one.bus, (one.name.clone(), one.timebase)));
        Self {
            buses: buses.collect(),
            place,
            shelf: desk.shelf.clone(),
            tape: Arc::clone(&desk.tape),
            clock: Arc::clone(&desk.clock),
            inbox: desk.inbox.clone(),
            told,
            aside,
            heard: 0,
            ends,
            reply,
            memory: Memory::new(),
            rules: (Memory::new(), Memory::new()),
            roll: None,
            next: job.from,
            until: None,
            before: Figures::default(),
            rated: (desk.clock.now(), 0, 0.0),
            full: (None, None),
            says_fault: true,
            job,
        }
    }

    pub(super) fn run(mut self) {
        let ended = self.record();
        let now = Moment::of(&*self.clock);
        let mut why = ended.err().map(|broken| broken.to_string());
        if let Some(roll) = self.roll.take() {
            let (figures, done) = roll.finish(now);
            self.before = sum(&self.before, &figures);
            why = why.or(done.err().map(|broken| broken.to_string()));
        }
        self.says_fault = false;
        let answer: Answer = match &why {
            None => Ok(()),
            Some(why) => Err(OrderError::Unfit(why.clone())),
        };
        // Whoever waited for its beginning hears of its end where it never began.
        let waits = self.reply.take().or_else(|| self.ends.try_recv().ok());
        let state = RecordState::Ended(why.unwrap_or_else(|| "stopped".to_owned()));
        self.say(state, waits.map(|reply| (reply, answer)));
    }

    fn record(&mut self) -> Result<(), Broken> {
        match self.job.entry.begins {
            Begins::AtOnce => self.begin(self.next)?,
            Begins::Charge | Begins::Fault | Begins::Frames { .. } => {}
        }
        if let Some(reply) = self.reply.take() {
            self.say(self.state(), Some((reply, Ok(()))));
        }
        loop {
            let said = match self.told.recv_timeout(WAIT) {
                Ok(tapped) => self.take(tapped),
                Err(RecvTimeoutError::Timeout) => self.word_aside(),
                Err(RecvTimeoutError::Disconnected) => return self.last_gap(),
            };
            let now = Moment::of(&*self.clock);
            let said = said.and_then(|()| self.turn(now));
            said.or_else(|broken| self.wait_for_room(broken, now))?;
            self.tell_at_times(now.mono);
        }
    }

    /// Does what the time asks for.
    fn turn(&mut self, now: Moment) -> Result<(), Broken> {
        if let Some(roll) = &mut self.roll {
            roll.tick(now)?;
        }
        if self.until.is_some_and(|until| now.mono >= until) {
            self.pause(now)?;
        }
        Ok(())
    }

    /// A full disk ends what is written. A recorder with a rule waits for the next time that it comes true:
    /// there may be room again then.
    fn wait_for_room(&mut self, broken: Broken, now: Moment) -> Result<(), Broken> {
        match (&self.job.entry.begins, &broken) {
            (Begins::Charge | Begins::Fault | Begins::Frames { .. }, Broken::Full(_)) => {}
            (Begins::AtOnce, _) | (_, Broken::Write { .. }) => return Err(broken),
        }
        if let Some(roll) = self.roll.take() {
            // What can still be written is; that not all could be is said already.
            let (figures, _) = roll.finish(now);
            self.before = sum(&self.before, &figures);
        }
        self.until = None;
        let is_new = self.full.0.is_none();
        self.full.0 = Some(now.mono);
        if is_new {
            let recorder = &self.job.entry.name;
            tracing::warn!(%recorder, %broken, "a recorder waits for room");
            self.full.1 = Some(broken.to_string());
        }
        Ok(())
    }

    fn state(&self) -> RecordState {
        if self.roll.is_some() { RecordState::Running } else { RecordState::Waiting }
    }

    fn take(&mut self, tapped: Tapped) -> Result<(), Broken> {
        self.gap(tapped.missed)?;
        if tapped.has_word {
            self.word_aside()?;
        }
        match tapped.what {
            Told::Frames(number, frames) => self.frames(number, &frames),
            Told::Gap(lost, why) => match &mut self.roll {
                Some(roll) => roll.gap(Moment::of(&*self.clock), lost, &why),
                None => Ok(()),
            },
            Told::Begin => self.rule_begins(),
            Told::End => {
                self.rule_ends();
                Ok(())
            }
        }
    }

    /// Notes frames that did not fit into its queue.
    fn gap(&mut self, missed: u64) -> Result<(), Broken> {
        self.heard += missed;
        match &mut self.roll {
            Some(roll) if missed > 0 => roll.gap(Moment::of(&*self.clock), missed, BEHIND),
            Some(_) | None => Ok(()),
        }
    }

    /// What did not fit since the last that did stands in the recording too.
    fn last_gap(&mut self) -> Result<(), Broken> {
        self.gap(self.untold())
    }

    /// Frames that did not fit and that it has not heard of.
    fn untold(&self) -> u64 {
        self.aside.frames().saturating_sub(self.heard)
    }

    /// Takes a word about its rule that did not fit.
    fn word_aside(&mut self) -> Result<(), Broken> {
        match self.aside.take_word() {
            None => {}
            Some(Word::Begin) => self.rule_begins()?,
            Some(Word::End) => self.rule_ends(),
            Some(Word::BeginAndEnd) => {
                self.rule_begins()?;
                self.rule_ends();
            }
        }
        Ok(())
    }

    fn rule_begins(&mut self) -> Result<(), Broken> {
        self.until = None;
        if self.roll.is_none() { self.begin(self.next) } else { Ok(()) }
    }

    fn rule_ends(&mut self) {
        self.until = Some(self.clock.now().after(self.job.entry.after));
    }

    fn frames(&mut self, number: u64, frames: &Frames) -> Result<(), Broken> {
        let now = Moment::of(&*self.clock);
        self.next = number + frames.len() as u64;
        for (number, frame) in (number..).zip(frames.iter()) {
            let Some((_, timebase)) = self.buses.get_mut(&frame.bus()) else { continue };
            *timebase = frames.timebase();
            self.look_for_rule(number, frame, now)?;
            self.write(frame, now)?;
        }
        Ok(())
    }

    fn look_for_rule(
        &mut self,
        number: u64,
        frame: FrameRef<'_>,
        now: Moment,
    ) -> Result<(), Broken> {
        let Some((begin, end)) = &self.job.sieves.frames else { return Ok(()) };
        let begins = begin.lets(frame, &mut self.rules.0);
        let ends = end.as_ref().map(|end| end.lets(frame, &mut self.rules.1));
        let after = now.mono.after(self.job.entry.after);
        if begins {
            // Without a filter that ends it, it goes on for a while behind the last that begins it.
            self.until = if end.is_none() { Some(after) } else { None };
            if self.roll.is_none() {
                self.begin(number)?;
            }
        } else if ends == Some(true) && self.roll.is_some() && self.until.is_none() {
            self.until = Some(after);
        }
        Ok(())
    }

    fn write(&mut self, frame: FrameRef<'_>, now: Moment) -> Result<(), Broken> {
        let Some(roll) = &mut self.roll else { return Ok(()) };
        let Some((name, timebase)) = self.buses.get(&frame.bus()) else { return Ok(()) };
        if self.job.sieves.keeps.lets(frame, &mut self.memory) {
            roll.frame(now, (name, *timebase), frame)?;
        }
        Ok(())
    }

    /// Begins to write, with what came before the frame of this number on the tape.
    fn begin(&mut self, number: u64) -> Result<(), Broken> {
        let now = Moment::of(&*self.clock);
        // Frames that begin it may come thousands of times a second.
        let by_frames = matches!(self.job.entry.begins, Begins::Frames { .. });
        if by_frames && self.full.0.is_some_and(|at| now.mono.since(at) < AGAIN) {
            return Ok(());
        }
        let entry = &self.job.entry;
        let title = Title {
            name: entry.name.to_string(),
            by: self.job.by.clone(),
            filter: entry.filter.trim().to_owned(),
        };
        let disk = self
            .shelf
            .disk()
            .map_err(|cause| Broken::Write { path: self.shelf.folder().to_path_buf(), cause })?;
        let old = self.shelf.of_recorder(entry.name.as_str());
        let asked = (entry.files.clone(), self.place.clone(), title);
        self.roll = Some(Roll::begin(asked, Box::new(disk), old, now)?);
        self.full.0 = None;
        self.memory = Memory::new();
        if entry.before.is_zero() { Ok(()) } else { self.write_before(number, now) }
    }

    fn write_before(&mut self, number: u64, now: Moment) -> Result<(), Broken> {
        let reel = self.tape.read().unwrap_or_else(PoisonError::into_inner).reel();
        let before = self.job.entry.before;
        let mut newest: BTreeMap<BusId, Mono> = BTreeMap::new();
        let mut first = number;
        // Buses may have clocks of their own: each is looked back on from its own newest frame.
        for at in (reel.first()..number.min(reel.end())).rev() {
            let Some(frame) = reel.get(at) else { break };
            let newest = *newest.entry(frame.bus()).or_insert(frame.time());
            if newest.since(frame.time()) > before {
                break;
            }
            first = at;
        }
        for (at, frame) in reel.from(first) {
            if at >= number {
                break;
            }
            self.write(frame, now)?;
        }
        Ok(())
    }

    /// Its rule is over: the file is finished, and it waits again.
    fn pause(&mut self, now: Moment) -> Result<(), Broken> {
        self.until = None;
        let Some(roll) = self.roll.take() else { return Ok(()) };
        let (figures, done) = roll.finish(now);
        self.before = sum(&self.before, &figures);
        done
    }

    fn tell_at_times(&mut self, now: Mono) {
        let (last, frames, _) = self.rated;
        let span = now.since(last);
        if span < NEWS {
            return;
        }
        let written = self.figures().frames;
        let rate = written.saturating_sub(frames) as f64 / span.as_secs_f64();
        self.rated = (now, written, rate);
        let full = self.full.1.take();
        let news = RecordNews { full: full.clone(), ..self.news(self.state(), None) };
        // A hub that is behind hears the next ones.
        if self.inbox.try_send(Event::Record { number: self.job.number, news }).is_err() {
            self.full.1 = full;
        }
    }

    fn figures(&self) -> Figures {
        let own = self.roll.as_ref().map(Roll::figures);
        let mut figures = own.map_or_else(|| self.before.clone(), |own| sum(&self.before, &own));
        // Those that are still to be told of are missing already.
        figures.missing += if self.roll.is_some() { self.untold() } else { 0 };
        figures
    }

    fn news(&self, state: RecordState, answer: Option<(Reply, Answer)>) -> RecordNews {
        RecordNews { state, figures: self.figures(), rate: self.rated.2, full: None, answer }
    }

    fn say(&self, state: RecordState, answer: Option<(Reply, Answer)>) {
        let news = self.news(state, answer);
        let event = Event::Record { number: self.job.number, news };
        if let Err(error) = self.inbox.send_timeout(event, HUB_LIMIT)
            && let Event::Record { news: RecordNews { answer: Some((reply, answer)), .. }, .. } =
                error.into_inner()
        {
            reply.give(answer);
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.says_fault {
            let event = Event::Record { number: self.job.number, news: fault() };
            if self.inbox.send_timeout(event, HUB_LIMIT).is_err() {
                tracing::error!("the hub did not hear that a recorder has failed");
            }
        }
    }
}

fn sum(before: &Figures, own: &Figures) -> Figures {
    Figures {
        frames: before.frames + own.frames,
        bytes: before.bytes + own.bytes,
        missing: before.missing + own.missing,
        gaps: before.gaps + own.gaps,
        files: before.files + own.files,
        given_up: before.given_up + own.given_up,
        file: own.file.clone(),
        not_kept: own.not_kept.clone(),
    }
}

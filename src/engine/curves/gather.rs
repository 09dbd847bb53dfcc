//! The thread that gathers values: looks through what is new on a tape for the signals that somebody
//! wants to see. Whoever wants them never waits.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::study::Study;
use super::{Line, Series, Subject};
use crate::engine::can::frame::Kind;
use crate::engine::can::tape::Reel;
use crate::engine::dbc::Row;
use crate::engine::hub::decoders::{Decoders, Picker};

/// Frames that are looked at before anybody is told.
const STRETCH: u64 = 1_000_000;
/// Values that are put in at once.
const BATCH: usize = 4096;

/// What is wanted, and from which frames.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The frames.
    pub reel: Reel,
    /// What they mean.
    pub decoders: Arc<Decoders>,
    /// The signals.
    pub lines: Vec<Line>,
    /// The id that is looked at closely.
    pub study: Option<Subject>,
}

impl Wanted {
    fn is_as(&self, other: &Self) -> bool {
        (self.reel.first(), self.reel.end(), self.reel.wiped())
            == (other.reel.first(), other.reel.end(), other.reel.wiped())
            && Arc::ptr_eq(&self.decoders, &other.decoders)
            && self.lines == other.lines
            && self.study == other.study
    }
}

/// What is there of a line.
#[derive(Debug)]
pub struct LineState {
    series: Mutex<Series>,
    /// How its numbers are told; none where nothing knows the signal.
    pub picker: Option<Picker>,
}

impl LineState {
    /// Its values; held only for as long as they are put in or drawn.
    pub fn series(&self) -> MutexGuard<'_, Series> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls whoever wants to know that there is more to see.
pub type Told = Box<dyn Fn() + Send>;

/// Gathers what is wanted. Dropping it ends the thread.
pub struct Curves {
    shared: Arc<Shared>,
    last: Option<Wanted>,
    told: Option<Told>,
}

#[derive(Default)]
struct Shared {
    desk: Mutex<Desk>,
    wake: Condvar,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Desk {
    wanted: Option<Wanted>,
    is_over: bool,
}

/// What was gathered.
#[derive(Default)]
struct Done {
    lines: Vec<(Line, Arc<LineState>)>,
    study: Option<Arc<Mutex<Study>>>,
    /// Number of the frame up to which everything was looked at.
    looked: u64,
}

impl fmt::Debug for Curves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Curves").field("last", &self.last).finish_non_exhaustive()
    }
}

impl Curves {
    /// Tells `told` whenever there is more to see. The thread begins with the first wish.
    #[must_use]
    pub fn new(told: Told) -> Self {
        Self { shared: Arc::default(), last: None, told: Some(told) }
    }

    /// Wants this from now on. What is wanted already costs nothing.
    pub fn want(&mut self, wanted: Wanted) {
        let is_nothing = wanted.lines.is_empty() && wanted.study.is_none();
        if self.last.as_ref().is_some_and(|last| last.is_as(&wanted))
            || (is_nothing && self.last.is_none())
        {
            return;
        }
        if let Some(told) = self.told.take() {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("curves".into());
            if thread.spawn(move || Gatherer::new(shared, told).run()).is_err() {
                tracing::error!("no thread could be had: signals are not drawn");
            }
        }
        self.last = Some(wanted.clone());
        self.shared.desk.lock().unwrap_or_else(PoisonError::into_inner).wanted = Some(wanted);
        self.shared.wake.notify_one();
    }

    /// What is there of a line.
    #[must_use]
    pub fn line(&self, line: &Line) -> Option<Arc<LineState>> {
        let done = self.shared.done();
        done.lines.iter().find(|(known, _)| known == line).map(|(_, state)| Arc::clone(state))
    }

    /// What is known of the id that is looked at closely.
    #[must_use]
    pub fn study(&self, subject: Subject) -> Option<Arc<Mutex<Study>>> {
        let study = self.shared.done().study.clone()?;
        let same = study.lock().unwrap_or_else(PoisonError::into_inner).subject == subject;
        same.then_some(study)
    }

    /// Number of the frame up to which everything was looked at.
    #[must_use]
    pub fn looked(&self) -> u64 {
        self.shared.done().looked
    }
}

impl Drop for Curves {
    fn drop(&mut self) {
        self.shared.desk.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.shared.wake.notify_one();
    }
}

impl Shared {
    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next wish; none when it is over.
    fn next(&self) -> Option<Wanted> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if desk.is_over {
                return None;
            }
            if let Some(wanted) = desk.wanted.take() {
                return Some(wanted);
            }
            desk = self.wake.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is_over(&self) -> bool {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner).is_over
    }
}

/// How far the frames were looked through for something.
struct Search<T> {
    what: T,
    looked: u64,
}

/// The thread's own.
struct Gatherer {
    shared: Arc<Shared>,
    told: Told,
    lines: Vec<Search<(Line, Arc<LineState>)>>,
    study: Option<Search<Arc<Mutex<Study>>>>,
    /// What everything so far was made of.
    made_of: Option<(Arc<Decoders>, u64)>,
}

impl Gatherer {
    fn new(shared: Arc<Shared>, told: Told) -> Self {
        Self { shared, told, lines: Vec::new(), study: None, made_of: None }
    }

    fn run(&mut self) {
        while let Some(wanted) = self.shared.next() {
            self.arrange(&wanted);
            self.gather(&wanted.reel);
        }
    }

    /// Keeps what is still wanted, forgets the rest, makes room for what is new.
    fn arrange(&mut self, wanted: &Wanted) {
        let wiped = wanted.reel.wiped();
        let same = self.made_of.as_ref().is_some_and(|(decoders, before)| {
            Arc::ptr_eq(decoders, &wanted.decoders) && *before == wiped
        });
        if !same {
            (self.lines, self.study) = (Vec::new(), None);
            self.made_of = Some((Arc::clone(&wanted.decoders), wiped));
        }
        self.lines.retain(|one| wanted.lines.contains(&one.what.0));
        for line in &wanted.lines {
            if !self.lines.iter().any(|one| one.what.0 == *line) {
                let picker = wanted.decoders.pick(line.bus, line.id, &line.signal);
                let state = LineState { series: Mutex::default(), picker };
                self.lines.push(Search { what: (line.clone(), Arc::new(state)), looked: 0 });
            }
        }
        let subject = |one: &Search<Arc<Mutex<Study>>>| {
            one.what.lock().unwrap_or_else(PoisonError::into_inner).subject
        };
        if self.study.as_ref().map(subject) != wanted.study {
            self.study = wanted.study.map(|subject| Search {
                what: Arc::new(Mutex::new(Study::new(subject, &wanted.decoders))),
                looked: 0,
            });
        }
        let mut done = self.shared.done();
        done.lines = self.lines.iter().map(|one| one.what.clone()).collect();
        done.study = self.study.as_ref().map(|one| Arc::clone(&one.what));
    }

    /// Looks through what nobody has looked at yet, a stretch at a time.
    fn gather(&mut self, reel: &Reel) {
        let oldest = reel.get(reel.first()).map_or(i64::MIN, |frame| frame.time().nanos());
        let end = reel.end();
        loop {
            let mut least = end;
            for one in &mut self.lines {
                let (line, state) = &one.what;
                one.looked = look(reel, one.looked, (line, state));
                state.series().forget_before(oldest);
                least = least.min(one.looked);
            }
            if let Some(one) = &mut self.study {
                let from = one.looked.max(reel.first());
                let until = end.min(from.saturating_add(STRETCH));
                let mut study = one.what.lock().unwrap_or_else(PoisonError::into_inner);
                for (_, frame) in reel.from(from).take((until - from) as usize) {
                    study.take(frame);
                }
                one.looked = until;
                least = least.min(until);
            }
            let news = std::mem::replace(&mut self.shared.done().looked, least) != least;
            if news {
                (self.told)();
            }
            if least >= end || self.shared.is_over() {
                return;
            }
        }
    }
}

/// Puts the values of a stretch into a line. Gives the number of the frame to go on with.
fn look(reel: &Reel, looked: u64, (line, state): (&Line, &LineState)) -> u64 {
    let from = looked.max(reel.first());
    let until = reel.end().min(from.saturating_add(STRETCH));
    let Some(picker) = &state.picker else { return until };
    let mut row = Row::new();
    let mut batch: Vec<(i64, f64)> = Vec::with_capacity(BATCH);
    let give = |batch: &mut Vec<(i64, f64)>| {
        let mut series = state.series();
        batch.drain(..).for_each(|(at, value)| series.push(at, value));
    };
    for (_, frame) in reel.from(from).take((until - from) as usize) {
        if frame.id() != line.id || frame.bus() != line.bus {
            continue;
        }
        if !matches!(frame.kind(), Kind::Data | Kind::Fd) {
            continue;
        }
        if let Some(value) = picker.value(frame.data, &mut row) {
            batch.push((frame.time().nanos(), value));
        }
        if batch.len() == BATCH {
            give(&mut batch);
        }
    }
    give(&mut batch);
    until
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;

    use super::*;
    use crate::base::id::BusId;
    use crate::base::time::Mono;
    use crate::engine::can::frame::{Direction, Frame, Frames, Id};
    use crate::engine::can::tape::Tape;
    use crate::engine::dbc::{self, Codec};

    const DBC: &str = "BO_ 3 Three: 8 X\n SG_ Value : 0|8@1+ (0.5,0) [0|0] \"V\" X\n";

    fn decoders() -> Arc<Decoders> {
        let codec = Codec::compile(&[&dbc::parse(DBC.as_bytes()).schema]);
        let mut decoders = Decoders::new(1);
        decoders.add(BusId(0), Arc::new(codec));
        Arc::new(decoders)
    }

    /// Frames of the ids 0 to 9 in turn, a hundred a second.
    fn push(tape: &mut Tape, from: i64, count: i64) {
        let mut frames = Frames::default();
        for n in from..from + count {
            let id = Id::standard((n % 10) as u32).unwrap();
            let frame = Frame::classic(id, &[(n / 10 % 200) as u8; 8]).unwrap();
            frames.push(frame.at(Mono::from_millis(n * 10)).view());
        }
        tape.push(&frames);
    }

    #[test]
    fn a_line_and_a_study_follow_the_tape_and_begin_anew_when_it_is_wiped() {
        let (give, news) = unbounded();
        let mut curves = Curves::new(Box::new(move || give.send(()).unwrap()));
        let id = Id::standard(3).unwrap();
        let line = Line { bus: BusId(0), id, signal: "Value".into() };
        let subject = Subject { bus: BusId(0), id, direction: Direction::Received };
        let decoders = decoders();
        let mut tape = Tape::default();
        let until = |curves: &mut Curves, tape: &Tape| {
            let (lines, decoders) = (vec![line.clone()], Arc::clone(&decoders));
            let wanted = Wanted { reel: tape.reel(), decoders, lines, study: Some(subject) };
            curves.want(wanted);
            while curves.looked() != tape.reel().end() {
                news.recv().unwrap();
            }
            let state = curves.line(&line).unwrap();
            let study = curves.study(subject).unwrap();
            let frames = study.lock().unwrap().frames;
            let series = state.series();
            (series.count(), frames, series.ends().map(|(_, last)| last / 10_000_000))
        };
        push(&mut tape, 0, 1_000);
        assert_eq!(until(&mut curves, &tape), (100, 100, Some(993)));
        push(&mut tape, 1_000, 500);
        assert_eq!(until(&mut curves, &tape), (150, 150, Some(1_493)));
        tape.wipe();
        push(&mut tape, 1_500, 100);
        assert_eq!(until(&mut curves, &tape), (10, 10, Some(1_593)));
        let value = curves.line(&line).unwrap().series().value_at(15_930_000_000);
        assert_eq!(value.map(|(_, v)| v), Some(79.5), "with its factor");
    }

    #[test]
    fn a_signal_that_nobody_knows_has_no_values_and_ends_nothing() {
        let (give, news) = unbounded();
        let mut curves = Curves::new(Box::new(move || give.send(()).unwrap()));
        let mut tape = Tape::default();
        push(&mut tape, 0, 100);
        let line = Line { bus: BusId(0), id: Id::standard(4).unwrap(), signal: "None".into() };
        let wanted = Wanted {
            reel: tape.reel(),
            decoders: decoders(),
            lines: vec![line.clone()],
            study: None,
        };
        curves.want(wanted);
        news.recv().unwrap();
        let state = curves.line(&line).unwrap();
        assert!(state.picker.is_none() && state.series().count() == 0);
    }
}

//! One recording over all of its files. Whoever owns it hands on frames and, several times a second,
//! the time; it decides when a file is forced out, when a new one begins and which old ones go.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::base::time::{Evenness, Mono, TimeSource, Timebase, Wall};
use crate::engine::can::frame::FrameRef;
use crate::engine::can::record::Moment;
use crate::engine::can::record::disk::Disk;
use crate::engine::can::record::keep::{Believed, OldFile, given_up};
use crate::engine::can::record::label::{GAPS, Gap, Label};
use crate::engine::can::record::plan::{FilePlan, Place, WhenFull};
use crate::engine::can::record::sink::Sink;
use crate::engine::can::room::size;
use crate::engine::can::trace::Scribe;

/// How often what was recorded is forced out.
const CHECKPOINT: Duration = Duration::from_secs(1);
/// So long a disk may take to set free what was given up.
const SETTLES: Duration = Duration::from_secs(10);
/// Once so much was given up for one write, in at least so many files, and it is refused still, giving up
/// more does not help.
const GIVEN_FOR_ONE: (u64, u32) = (64 << 20, 4);
/// A frame that is earlier by so many nanoseconds than its file has not only come out of order.
const SET_BACK: i64 = 1_000_000_000;
/// How often a free name for a file is looked for.
const NAMES_TRIED: u32 = 1000;

/// Why a recording ended by itself.
#[derive(Debug, Error)]
pub enum Broken {
    /// The disk is full.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The system refuses something else.
    #[error("{}: it cannot be written: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// Who records what, for the label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Title {
    /// Name of the recording.
    pub name: String,
    /// Who has started it.
    pub by: String,
    /// The filter, in words.
    pub filter: String,
}

/// How a recording is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Frames written.
    pub frames: u64,
    /// Bytes in all of its files, those that went included.
    pub bytes: u64,
    /// Frames that are missing.
    pub missing: u64,
    /// Gaps.
    pub gaps: u64,
    /// Files begun.
    pub files: u32,
    /// Files that were given up.
    pub given_up: u32,
    /// The file that is being written, or the last.
    pub file: Option<PathBuf>,
    /// What the format could not hold, in the file that is being written.
    pub not_kept: Vec<String>,
}

struct Open {
    path: PathBuf,
    scribe: Scribe<Sink>,
    since: Mono,
    label: Label,
    /// Times of the first and of the last frame.
    span: Option<(i64, i64)>,
    is_touched: bool,
    /// So many of its frames are surely in the file.
    safe: u64,
    /// Gaps before its first frame, with what is lost there: what times mean, and from where they
    /// count, is known only with that.
    early: Vec<(u64, String)>,
}

/// A recording.
pub struct Roll {
    plan: FilePlan,
    place: Place,
    title: Title,
    disk: Box<dyn Disk>,
    open: Option<Open>,
    old: VecDeque<OldFile>,
    figures: Figures,
    /// Bytes of files that are finished.
    finished: u64,
    forced: Mono,
    times: Times,
    /// The last time that old files were given up so that enough stays free.
    given: Option<Given>,
    evenness: Evenness,
}

/// What was given up at once.
#[derive(Clone, Copy, Debug)]
struct Given {
    at: Mono,
    /// Their size.
    bytes: u64,
    /// What was free before.
    free: u64,
    /// Size of this recording then.
    written: u64,
}

impl Roll {
    /// Begins a recording: the first file is there when this comes back.
    ///
    /// # Errors
    /// No file can be made, or the disk is full.
    pub fn begin(
        (plan, place, title): (FilePlan, Place, Title),
        disk: Box<dyn Disk>,
        old: Vec<OldFile>,
        now: Moment,
    ) -> Result<Self, Broken> {
        let mut roll = Self {
            plan,
            place,
            title,
            disk,
            open: None,
            old: old.into(),
            figures: Figures::default(),
            finished: 0,
            forced: now.mono,
            times: Times::default(),
            given: None,
            evenness: Evenness::default(),
        };
        roll.room(now)?;
        roll.next(now)?;
        Ok(roll)
    }

    /// Records a frame of the bus called `bus`.
    ///
    /// # Errors
    /// It cannot be written; the recording is over.
    pub fn frame(
        &mut self,
        now: Moment,
        (bus, timebase): (&str, Timebase),
        frame: FrameRef<'_>,
    ) -> Result<(), Broken> {
        let at = self.times.of(now.wall, timebase, frame);
        self.ready(now)?;
        if self.is_before_its_file(at) {
            self.next(now)?;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let frame = frame.to_frame().at(at);
        if open.label.frames == 0 {
            // Whether there is a date is known only now.
            open.scribe.count_from(self.times.timebase());
        }
        let early = open.tell_early(at);
        let said = early.and(open.scribe.frame(bus, frame.view()));
        // What the format cannot hold is no frame of the file.
        self.figures.frames += open.scribe.written() - open.label.frames;
        open.label.frames = open.scribe.written();
        open.is_touched = true;
        let (first, last) = open.span.unwrap_or((at.nanos(), at.nanos()));
        open.span = Some((first.min(at.nanos()), last.max(at.nanos())));
        if open.label.buses.last().is_none_or(|last| last != bus)
            && !open.label.buses.iter().any(|known| known == bus)
        {
            open.label.buses.push(bus.to_owned());
        }
        let due = open.scribe.to_mut().is_due();
        if said.is_err() || due { self.give(said) } else { Ok(()) }
    }

    /// Notes that `lost` frames are missing here, and why.
    ///
    /// # Errors
    /// It cannot be written; the recording is over.
    pub fn gap(&mut self, now: Moment, lost: u64, why: &str) -> Result<(), Broken> {
        self.figures.missing += lost;
        self.figures.gaps += 1;
        let at = self.times.moment(now.wall);
        let Some(open) = &mut self.open else { return Ok(()) };
        open.label.missing += lost;
        open.label.gap_count += 1;
        if open.label.gaps.len() < GAPS {
            let at = now.wall.nanos() as f64 / 1e9;
            open.label.gaps.push(Gap { at, frames: lost, why: why.to_owned() });
        }
        open.is_touched = true;
        let text = match lost {
            0 => format!("gap: {why}"),
            1 => format!("gap: 1 frame is missing: {why}"),
            lost => format!("gap: {lost} frames are missing: {why}"),
        };
        if open.label.frames == 0 {
            if open.early.len() < GAPS {
                open.early.push((lost, text));
            }
            return Ok(());
        }
        let written = open.scribe.remark(at, lost, &text);
        if written.is_err() { self.give(written) } else { Ok(()) }
    }

    /// Does what the time asks for: once a second everything is forced out.
    ///
    /// # Errors
    /// It cannot be written; the recording is over.
    pub fn tick(&mut self, now: Moment) -> Result<(), Broken> {
        if now.mono.since(self.forced) < CHECKPOINT {
            return Ok(());
        }
        self.forced = now.mono;
        self.force()?;
        self.give_up(now);
        self.room(now)?;
        let over = self.plan.rotate_span;
        let is_over = |open: &Open| {
            let age = now.mono.since(open.since);
            over.is_some_and(|span| age >= span) && open.label.frames > 0
        };
        if self.open.as_ref().is_some_and(is_over) { self.next(now) } else { Ok(()) }
    }

    /// Ends the recording. What could still be written is.
    ///
    /// # Errors
    /// The last file cannot be finished.
    pub fn finish(mut self, now: Moment) -> (Figures, Result<(), Broken>) {
        let done = self.close(now);
        (self.figures, done)
    }

    /// How it is doing.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let mut figures = self.figures.clone();
        figures.bytes = self.finished + self.open.as_ref().map_or(0, |open| open.label_bytes());
        if let Some(open) = &self.open {
            figures.not_kept = open.scribe.lost().words();
        }
        figures
    }

    /// Frames written.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.figures.frames
    }

    /// The files that are there, the oldest first.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let open = self.open.as_ref().map(|open| open.path.clone());
        self.old.iter().map(|file| file.path.clone()).chain(open).collect()
    }

    /// Whether a frame is earlier than the file that it would go into, because the clock was set back: most
    /// formats count from the first frame, and could only give it the time of that.
    fn is_before_its_file(&self, at: Mono) -> bool {
        let first = self.open.as_ref().and_then(|open| open.span).map(|(first, _)| first);
        let is_dated = self.times.dated == Some(true);
        is_dated && first.is_some_and(|first| first.saturating_sub(at.nanos()) > SET_BACK)
    }

    /// Begins a new file where the last is large enough.
    fn ready(&mut self, now: Moment) -> Result<(), Broken> {
        let size = self.plan.rotate_size;
        let is_full = |open: &Open| {
            size.is_some_and(|size| open.label_bytes() >= size) && open.label.frames > 0
        };
        if self.open.as_ref().is_some_and(is_full) { self.next(now) } else { Ok(()) }
    }

    /// Writes out what has come together; makes room and tries again where the disk is full.
    fn give(&mut self, mut said: io::Result<()>) -> Result<(), Broken> {
        let mut given = (0, 0);
        loop {
            if said.is_ok() {
                let Some(open) = &mut self.open else { return Ok(()) };
                said = open.scribe.to_mut().give();
            }
            match said {
                Ok(()) => return Ok(()),
                Err(error) if is_full(&error) => {
                    self.make_room(&error.to_string(), &mut given)?;
                    said = Ok(());
                }
                Err(cause) => {
                    let path = self.open.as_ref().map(|open| open.path.clone());
                    return Err(Broken::Write { path: path.unwrap_or_default(), cause });
                }
            }
        }
    }

    /// Writes out everything and forces it onto the disk.
    fn force(&mut self) -> Result<(), Broken> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if !std::mem::take(&mut open.is_touched) {
            return Ok(());
        }
        let said = open.scribe.checkpoint();
        self.give(said)?;
        let Some(open) = &mut self.open else { return Ok(()) };
        open.safe = open.label.frames;
        open.describe();
        let label = (Label::place(&open.path), open.label.text());
        let synced = self.sync();
        // A label that cannot be written costs no frame; the next one may be.
        if let Err(error) = self.disk.write_whole(&label.0, &label.1) {
            tracing::debug!(%error, "the label of a recording was not written");
        }
        synced
    }

    /// Forces what was written onto the disk; makes room and tries again where that is full.
    fn sync(&mut self) -> Result<(), Broken> {
        let mut given = (0, 0);
        loop {
            let Some(open) = &mut self.open else { return Ok(()) };
            match open.scribe.to_mut().sync() {
                Ok(()) => return Ok(()),
                Err(error) if is_full(&error) => {
                    self.make_room(&error.to_string(), &mut given)?;
                }
                Err(cause) => return Err(Broken::Write { path: open.path.clone(), cause }),
            }
        }
    }

    /// Writes what stands behind the last frame, and forces everything onto the disk.
    fn end_file(&mut self) -> Result<(), Broken> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let said = open.scribe.end();
        self.give(said)?;
        self.sync()
    }

    /// Whether as much room is left as is to stay free; makes some where it is not. No more is given up than
    /// is lacking: a disk may set it free only later.
    fn room(&mut self, now: Moment) -> Result<(), Broken> {
        let Some(free) = self.short_of_room() else {
            self.given = None;
            return Ok(());
        };
        let lacking = self.plan.floor - free;
        let text = format!(
            "{} are left in {}, and {} are to stay free",
            size(free),
            self.place.folder().display(),
            size(self.plan.floor)
        );
        if self.plan.when_full == WhenFull::Stop {
            return Err(Broken::Full(text));
        }
        let written = self.figures().bytes;
        if let Some(last) = self.given {
            if now.mono.since(last.at) < SETTLES {
                return Ok(());
            }
            let rise =
                free.saturating_add(written.saturating_sub(last.written)).saturating_sub(last.free);
            if rise < last.bytes / 2 {
                let text = format!("{text}; giving up old recordings has not made more free");
                return Err(Broken::Full(text));
            }
        }
        let all = self.old.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
        if all < lacking {
            let text = format!("{text}; all old recordings together are only {}", size(all));
            return Err(Broken::Full(text));
        }
        let mut given = (0, 0);
        while given.0 < lacking && self.short_of_room().is_some() {
            self.give_oldest(&text, &mut given)?;
        }
        self.given = Some(Given { at: now.mono, bytes: given.0, free, written });
        Ok(())
    }

    /// What is free, where it is less than is to stay free.
    fn short_of_room(&self) -> Option<u64> {
        self.disk.free(self.place.folder()).filter(|free| *free < self.plan.floor)
    }

    /// Gives up the oldest file, if that is wanted, there is one, and enough was not `given` up already.
    fn make_room(&mut self, why: &str, given: &mut (u64, u32)) -> Result<(), Broken> {
        let (bytes, files) = GIVEN_FOR_ONE;
        if given.0 >= bytes && given.1 >= files {
            let text = format!("{why}; giving up old recordings has not made more free");
            return Err(Broken::Full(text));
        }
        match self.plan.when_full {
            WhenFull::Stop => Err(Broken::Full(why.to_owned())),
            WhenFull::DeleteOldest => self.give_oldest(why, given),
        }
    }

    fn give_oldest(&mut self, why: &str, given: &mut (u64, u32)) -> Result<(), Broken> {
        let Some(oldest) = self.old.pop_front() else { return Err(Broken::Full(why.to_owned())) };
        *given = (given.0.saturating_add(oldest.bytes), given.1 + 1);
        self.remove(&oldest);
        Ok(())
    }

    fn remove(&mut self, file: &OldFile) {
        self.figures.given_up += 1;
        if let Err(error) = self.disk.remove(&file.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %file.path.display(), %error, "an old recording was not removed");
        }
        // It may have none.
        let _ = self.disk.remove(&Label::place(&file.path));
    }

    fn give_up(&mut self, now: Moment) {
        let open = self.open.as_ref().map_or(0, |open| open.label_bytes());
        if self.evenness.look(now.mono, now.wall) {
            tracing::warn!(
                "the clock was set: no old recording is given up by its age for an hour"
            );
        }
        let is_believed = self.evenness.is_believed(now.mono);
        let clock = if is_believed { Believed::Yes } else { Believed::No };
        for file in given_up(&mut self.old, self.plan.keeping, (open, now, clock)) {
            self.remove(&file);
        }
    }

    /// Finishes the file, and begins the next.
    fn next(&mut self, now: Moment) -> Result<(), Broken> {
        self.close(now)?;
        let number = self.figures.files + 1;
        // A file that somebody has named is that file or none.
        let tries = match (&self.place, number) {
            (Place::File(_), 1) => 1,
            (Place::File(_) | Place::Folder(_), _) => NAMES_TRIED,
        };
        let mut given = (0, 0);
        for again in 0..tries {
            let path = self.place.file(&self.plan, &self.title.name, (number, now.wall, again));
            let paper = match self.disk.create(&path) {
                Ok(paper) => paper,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) if is_full(&error) => {
                    self.make_room(&error.to_string(), &mut given)?;
                    continue;
                }
                Err(cause) => return Err(Broken::Write { path, cause }),
            };
            let sink = Sink::new(paper, self.plan.packing);
            let Some(scribe) = Scribe::new(sink, self.plan.format, self.times.timebase()) else {
                let cause = io::Error::from(io::ErrorKind::Unsupported);
                return Err(Broken::Write { path, cause });
            };
            self.figures.files = number;
            self.figures.file = Some(path.clone());
            let label = Label {
                recording: self.title.name.clone(),
                number,
                format: FilePlan::format_name(self.plan.format).to_owned(),
                by: self.title.by.clone(),
                filter: self.title.filter.clone(),
                started: now.wall.nanos(),
                ..Label::default()
            };
            let since = now.mono;
            let (span, is_touched, safe, early) = (None, true, 0, Vec::new());
            self.open = Some(Open { path, scribe, since, label, span, is_touched, safe, early });
            self.give_up(now);
            return Ok(());
        }
        let path = self.place.file(&self.plan, &self.title.name, (number, now.wall, 0));
        let why = "a file of this name is there already, and none is replaced";
        let cause = io::Error::new(io::ErrorKind::AlreadyExists, why);
        Err(Broken::Write { path, cause })
    }

    /// Finishes the open file.
    fn close(&mut self, now: Moment) -> Result<(), Broken> {
        let at = self.times.moment(now.wall);
        let Some(open) = &mut self.open else { return Ok(()) };
        let said = open.tell_early(at).and_then(|()| open.scribe.checkpoint());
        let given = self.give(said);
        let ended = if given.is_ok() { self.end_file() } else { Ok(()) };
        let Some(mut open) = self.open.take() else { return given };
        if given.is_err() {
            // What waited is lost.
            let lost = open.label.frames - open.safe;
            open.label.frames = open.safe;
            open.label.missing += lost;
            self.figures.frames -= lost;
            self.figures.missing += lost;
        }
        open.describe();
        let bytes = open.label_bytes();
        let Open { path, mut label, .. } = open;
        label.ended = Some(now.wall.nanos());
        self.finished += bytes;
        self.figures.bytes = self.finished;
        self.figures.not_kept.clone_from(&label.not_kept);
        if let Err(error) = self.disk.write_whole(&Label::place(&path), &label.text()) {
            tracing::debug!(%error, "the label of a recording was not written");
        }
        self.old.push_back(OldFile { path, bytes, ended: now.wall, since: Some(now.mono) });
        given.and(ended)
    }
}

impl Open {
    fn label_bytes(&self) -> u64 {
        self.scribe.to_ref().bytes()
    }

    /// Writes the gaps before the first frame, which is at this time.
    fn tell_early(&mut self, at: Mono) -> io::Result<()> {
        let early = std::mem::take(&mut self.early);
        early.iter().try_for_each(|(lost, text)| self.scribe.remark(at, *lost, text))
    }

    fn describe(&mut self) {
        let seconds = self.span.map_or(0.0, |(first, last)| (last - first) as f64 / 1e9);
        self.label.seconds = seconds;
        self.label.not_kept = self.scribe.lost().words();
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// One scale for the times of all buses: the wall clock, or, where what is recorded first knows no
/// date (a recording being played), its own.
#[derive(Debug, Default)]
struct Times {
    dated: Option<bool>,
    last: i64,
    /// What is added to the times of a bus whose clock is of the other kind.
    shifts: BTreeMap<u16, i64>,
}

impl Times {
    fn of(&mut self, now: Wall, timebase: Timebase, frame: FrameRef<'_>) -> Mono {
        let own = timebase.wall(frame.time());
        let dated = *self.dated.get_or_insert(own.is_some());
        let raw = own.map_or(frame.time().nanos(), Wall::nanos);
        let at = if dated == own.is_some() {
            raw
        } else {
            let anchor = if dated { now.nanos() } else { self.last };
            let shift = self.shifts.entry(frame.bus().0).or_insert(anchor.saturating_sub(raw));
            raw.saturating_add(*shift)
        };
        self.last = at;
        Mono::from_nanos(at)
    }

    /// The time of something that is no frame.
    fn moment(&self, now: Wall) -> Mono {
        match self.dated {
            Some(true) | None => Mono::from_nanos(now.nanos()),
            Some(false) => Mono::from_nanos(self.last),
        }
    }

    fn timebase(&self) -> Timebase {
        let dated = self.dated.unwrap_or(true);
        let wall_at_zero = dated.then(|| Wall::from_nanos(0));
        Timebase { source: TimeSource::Program, wall_at_zero }
    }
}

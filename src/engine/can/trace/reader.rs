//! One pass through a recording: lines or blocks to frames, in the order of the file, with a count and a
//! bounded list of everything that was passed over.

use std::ops::Range;

use crate::base::id::BusId;
use crate::base::problem::{Problem, Severity};
use crate::base::time::Mono;
use crate::engine::can::frame::Frames;
use crate::engine::can::trace::block::{self, Blocks, Piece};
use crate::engine::can::trace::buses::Buses;
use crate::engine::can::trace::line::{Bus, Entry, Fault, Line};
use crate::engine::can::trace::quick::Shortcut;
use crate::engine::can::trace::sniff::excerpt;
use crate::engine::can::trace::source::{Found, Lines};
use crate::engine::can::trace::times::Times;
use crate::engine::can::trace::{Front, Log, blf};

/// Most skipped lines that are kept with their text; all are counted.
pub const PROBLEM_LIMIT: usize = 100;

/// Reads the frames of a recording.
#[derive(Debug)]
pub struct Reader {
    log: Log,
    intake: Intake,
    times: Times,
    line: u64,
    frames: u64,
    heartbeats: u64,
    broken: Broken,
    backwards: Option<Backwards>,
    unended: Option<u64>,
    buses: Buses,
    /// The byte from which on lines are another reader's.
    end: u64,
    /// The line or part of the first frame.
    first_line: u64,
}

/// What frames are made of.
#[derive(Debug)]
enum Intake {
    Lines(Lines),
    Blocks(Blocks),
}

/// A place in a recording from which any reader of it can go on.
#[derive(Clone, Debug)]
pub struct Mark {
    place: Place,
    line: u64,
    times: Times,
    buses: Buses,
}

#[derive(Clone, Debug)]
enum Place {
    Byte(u64),
    Block(block::Place),
}

/// What could not be read: all of it counted, the first of it with words.
#[derive(Debug, Default)]
struct Broken {
    count: u64,
    first: Vec<Problem>,
}

impl Broken {
    fn line(&mut self, line: u64, fault: &Fault, shown: &str) {
        let words = if shown.is_empty() { String::new() } else { format!(": “{shown}”") };
        self.note(line, || format!("skipped: {fault}{words}"));
    }

    fn byte(&mut self, byte: u64, fault: &Fault) {
        self.note(0, || format!("skipped at byte {byte}: {fault}"));
    }

    fn many(&mut self, line: u64, fault: &Fault, count: u64) {
        if count > 0 {
            self.line(line, fault, "");
            self.count += count - 1;
        }
    }

    /// Takes over what another reader counted behind `line`.
    fn append(&mut self, more: Self, line: u64) {
        self.count += more.count;
        let room = PROBLEM_LIMIT.saturating_sub(self.first.len());
        self.first.extend(more.first.into_iter().take(room).map(|mut problem| {
            // Parts of a binary recording have no lines.
            if problem.line > 0 {
                let place = line.saturating_add(u64::from(problem.line));
                problem.line = u32::try_from(place).unwrap_or(u32::MAX);
            }
            problem
        }));
    }

    fn note(&mut self, line: u64, text: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < PROBLEM_LIMIT {
            self.first.push(problem(line, Severity::Error, text()));
        }
    }
}

#[derive(Debug)]
struct Backwards {
    first_line: u64,
    times: u64,
}

impl Reader {
    pub(super) fn new(log: Log) -> Self {
        Self {
            intake: match &log.front {
                Front::Lines(_) => Intake::Lines(Lines::new(log.source())),
                Front::Blocks(shape) => Intake::Blocks(Blocks::new(shape, log.source())),
            },
            times: Times::new(log.time_style()),
            log,
            line: 0,
            frames: 0,
            heartbeats: 0,
            broken: Broken::default(),
            backwards: None,
            unended: None,
            buses: Buses::default(),
            end: u64::MAX,
            first_line: 0,
        }
    }

    /// A reader of the lines that begin within these bytes of the file. Counts lines from there on.
    pub(super) fn of_lines(log: Log, bytes: Range<u64>) -> Self {
        let mut reader = Self::new(log);
        reader.end = bytes.end;
        if let Intake::Lines(lines) = &mut reader.intake
            && let Some(before) = bytes.start.checked_sub(1)
        {
            // The line that the byte before belongs to, is another reader's.
            lines.go_to(before);
            lines.pass_line(bytes.end);
        }
        reader
    }

    /// Takes over what `part` has read, which stands right behind what this reader has; gives its
    /// frames the buses of this one.
    pub(super) fn absorb(&mut self, part: Self, frames: &mut Frames) {
        let Self { intake, times, line, heartbeats, broken, backwards, .. } = part;
        let (unended, buses, first_line) = (part.unended, part.buses, part.first_line);
        let first = frames.iter().next().map(|frame| frame.time().nanos());
        let places: Vec<Option<BusId>> = buses
            .names()
            .iter()
            .map(|name| self.buses.number(Bus::Named(name.as_bytes())))
            .collect();
        let is_same = |(place, bus): (usize, &Option<BusId>)| {
            bus.is_some_and(|bus| usize::from(bus.0) == place)
        };
        if !places.iter().enumerate().all(is_same) {
            let lost = frames.renumber(&places);
            self.broken.many(self.line, &Fault::Buses, lost);
        }
        // Whether the first frame of the part goes back was not for its reader to see.
        if first.is_some_and(|first| self.times.is_behind(first)) {
            note_backwards(&mut self.backwards, self.line + first_line);
        }
        if let Some(Backwards { first_line, times }) = backwards {
            match &mut self.backwards {
                Some(known) => known.times += times,
                None => {
                    let first_line = self.line + first_line;
                    self.backwards = Some(Backwards { first_line, times });
                }
            }
        }
        if first.is_some() {
            self.times = times;
        }
        self.unended = unended.map(|unended| self.line + unended).or(self.unended);
        self.broken.append(broken, self.line);
        self.heartbeats += heartbeats;
        self.line += line;
        self.frames += frames.len() as u64;
        self.intake = intake;
    }

    /// Goes to the first frame of a BLF file that seems to begin in the container at `at`; gives its
    /// place.
    pub(super) fn enter(&mut self, at: u64) -> Option<blf::Place> {
        match &mut self.intake {
            Intake::Blocks(Blocks::Blf(pass)) => pass.enter(at),
            Intake::Blocks(_) | Intake::Lines(_) => None,
        }
    }

    /// What begins behind `at` is another reader's: a line at that byte of the file, or an object in
    /// that container of a BLF file.
    pub(super) fn until(&mut self, at: u64) {
        match &mut self.intake {
            Intake::Blocks(Blocks::Blf(pass)) => pass.until(at),
            Intake::Blocks(_) => {}
            Intake::Lines(_) => self.end = at,
        }
    }

    /// Where in a BLF file it stands.
    pub(super) fn place(&self) -> Option<blf::Place> {
        match &self.intake {
            Intake::Blocks(Blocks::Blf(pass)) => Some(pass.place()),
            Intake::Blocks(_) | Intake::Lines(_) => None,
        }
    }

    /// Appends up to `limit` frames to `into`, stamped, on the bus whose name is at that position
    /// of [`Reader::bus_names`]. Gives the number of frames; 0 is the end of the recording.
    pub fn read(&mut self, into: &mut Frames, limit: usize) -> usize {
        into.set_timebase(self.log.timebase());
        let got = match self.intake {
            Intake::Lines(_) => self.read_lines(into, limit),
            Intake::Blocks(_) => self.read_blocks(into, limit),
        };
        self.frames += got as u64;
        got
    }

    fn read_blocks(&mut self, into: &mut Frames, limit: usize) -> usize {
        let Intake::Blocks(blocks) = &mut self.intake else { return 0 };
        let mut got = 0;
        while got < limit {
            let (fault, byte) = match blocks.next() {
                Piece::Frame(Entry { stamp, bus, frame }) => match self.buses.number(bus) {
                    Some(bus) => {
                        let (at, back) = self.times.take(stamp);
                        self.line += 1;
                        if self.first_line == 0 {
                            self.first_line = self.line;
                        }
                        if back {
                            note_backwards(&mut self.backwards, self.line);
                        }
                        into.push(frame.at(Mono::from_nanos(at)).on(bus).view());
                        got += 1;
                        continue;
                    }
                    None => (Fault::Buses, blocks.offset()),
                },
                Piece::Nothing => {
                    self.line += 1;
                    continue;
                }
                Piece::Skip(fault, byte) => (fault, byte),
                Piece::End => break,
            };
            self.line += 1;
            self.broken.byte(byte, &fault);
        }
        got
    }

    fn read_lines(&mut self, into: &mut Frames, limit: usize) -> usize {
        let Intake::Lines(lines) = &mut self.intake else { return 0 };
        let quick = Shortcut::of(&self.log);
        let mut got = 0;
        let mut first_line = 0;
        while got < limit {
            if lines.offset() >= self.end {
                break;
            }
            let (place, ended) = match lines.next_line() {
                Found::Line(place) => (place, true),
                Found::Unended(place) => (place, false),
                Found::TooLong => {
                    self.line += 1;
                    self.broken.line(self.line, &Fault::Long, "");
                    continue;
                }
                Found::End => break,
            };
            self.line += 1;
            let text = lines.bytes(place);
            let text = if self.line == 1 { without_mark(text) } else { text };
            if ended && let Some((stamp, bus, quick)) = quick.read(text, &mut self.buses) {
                let (at, back) = self.times.take(stamp);
                if back {
                    note_backwards(&mut self.backwards, self.line);
                }
                into.push_classic(Mono::from_nanos(at), bus, &quick);
                first_line = if got == 0 { self.line } else { first_line };
                got += 1;
                continue;
            }
            match self.log.line(text) {
                Ok(Line::Frame(entry)) => match self.buses.number(entry.bus) {
                    Some(bus) => {
                        let Entry { stamp, frame, .. } = entry;
                        let (at, back) = self.times.take(stamp);
                        if back {
                            note_backwards(&mut self.backwards, self.line);
                        }
                        if !ended {
                            self.unended = Some(self.line);
                        }
                        into.push(frame.at(Mono::from_nanos(at)).on(bus).view());
                        first_line = if got == 0 { self.line } else { first_line };
                        got += 1;
                    }
                    None => {
                        self.broken.line(self.line, &Fault::Buses, &excerpt(text));
                    }
                },
                Ok(Line::Nothing) => {}
                Ok(Line::Heartbeat) => self.heartbeats += 1,
                Err(fault) => {
                    self.broken.line(self.line, &fault, &excerpt(text));
                }
            }
        }
        if self.first_line == 0 {
            self.first_line = first_line;
        }
        got
    }

    /// The names of the buses met so far.
    #[must_use]
    pub fn bus_names(&self) -> &[String] {
        self.buses.names()
    }

    /// Frames read.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// Lines passed, of every kind; of a binary recording, its parts.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.line
    }

    /// Lines or parts that could not be read.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.broken.count
    }

    /// Bytes passed.
    #[must_use]
    pub fn offset(&self) -> u64 {
        match &self.intake {
            Intake::Lines(lines) => lines.offset(),
            Intake::Blocks(blocks) => blocks.offset(),
        }
    }

    /// Why reading stopped before the end, where it did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let (path, offset) = (self.log.path().display(), self.offset());
        let error = match &self.intake {
            Intake::Lines(lines) => lines.failure()?,
            Intake::Blocks(blocks) => blocks.failure()?,
        };
        Some(format!("{path}: the recording cannot be read beyond byte {offset}: {error}"))
    }

    /// What was met so far: the first [`PROBLEM_LIMIT`] skipped lines, each with its number, and
    /// what holds for the recording as a whole, with line 0 or that of the first case.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut all = Vec::new();
        if let Some(text) = self.failure() {
            all.push(problem(self.line, Severity::Error, text));
        }
        if let Some(why) = &self.log.broken {
            all.push(problem(self.line, Severity::Error, why.to_string()));
        }
        if let Some(note) = self.log.time_style().note() {
            all.push(problem(0, Severity::Note, note.to_owned()));
        }
        if self.heartbeats > 0 {
            let text = format!("{} bridge heartbeats (id 0) left out", self.heartbeats);
            all.push(problem(0, Severity::Note, text));
        }
        if let Some(Backwards { first_line, times }) = self.backwards {
            let text = match times {
                1 => "time runs backwards here; the order of the file is kept".to_owned(),
                n => format!(
                    "time runs backwards {n} times, here first; the order of the file is kept"
                ),
            };
            all.push(problem(first_line, Severity::Warning, text));
        }
        if let Some(line) = self.unended {
            let text = "the last line has no end; if the file was cut off, its frame is too short";
            all.push(problem(line, Severity::Note, text.to_owned()));
        }
        all.extend(self.broken.first.iter().cloned());
        let unlisted = self.broken.count.saturating_sub(self.broken.first.len() as u64);
        if unlisted > 0 {
            let text = if self.log.format().is_text() {
                format!("{unlisted} more lines were skipped")
            } else {
                format!("{unlisted} more parts were skipped")
            };
            all.push(problem(0, Severity::Error, text));
        }
        all
    }

    /// Where reading stands.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let place = match &self.intake {
            Intake::Lines(lines) => Place::Byte(lines.offset()),
            Intake::Blocks(blocks) => Place::Block(blocks.place()),
        };
        Mark { place, line: self.line, times: self.times, buses: self.buses.clone() }
    }

    /// Goes to a mark of the same recording, by this reader or another. Counts and problems go on;
    /// buses have the numbers that they have there.
    pub fn go_to(&mut self, mark: &Mark) {
        match (&mut self.intake, &mark.place) {
            (Intake::Lines(lines), Place::Byte(offset)) => lines.go_to(*offset),
            (Intake::Blocks(blocks), Place::Block(place)) => blocks.go_to(place),
            // A mark of another recording leads nowhere.
            (Intake::Lines(_), Place::Block(_)) | (Intake::Blocks(_), Place::Byte(_)) => return,
        }
        self.line = mark.line;
        self.times = mark.times;
        if mark.buses.names().len() > self.buses.names().len() {
            self.buses = mark.buses.clone();
        }
    }
}

fn problem(line: u64, severity: Severity, text: String) -> Problem {
    Problem { line: u32::try_from(line).unwrap_or(u32::MAX), severity, text }
}

fn note_backwards(so_far: &mut Option<Backwards>, line: u64) {
    match so_far {
        Some(known) => known.times += 1,
        None => *so_far = Some(Backwards { first_line: line, times: 1 }),
    }
}

/// Without a byte order mark of UTF-8.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

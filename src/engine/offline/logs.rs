//! A recording that is looked at beside whatever runs: a thread reads it onto a tape, the first rows
//! at once, and whoever looks takes pictures and never waits. Knows recordings, tapes and codecs; no
//! plant and no faces. What is kept is bounded: a longer recording is kept from its front on.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::base::id::BusId;
use crate::base::problem::Problem;
use crate::base::time::{Clock, Mono, Timebase};
use crate::engine::can::frame::{CLASSIC_BYTES, FD_BYTES, Frames};
use crate::engine::can::tape::{Reel, Tape};
use crate::engine::can::trace::{Log, Reader};
use crate::engine::dbc::Codec;
use crate::engine::device::Catalog;
use crate::engine::discovery::{self, Configured, Discovery};
use crate::engine::hub::decoders::Decoders;
use crate::engine::hub::traffic::Traffic;
use crate::engine::offline::decode;

/// Memory that the frames of one recording may take unless told otherwise, bytes: 41 million classic
/// frames.
pub const USUAL_BYTES: u64 = 1_000_000_000;
/// Frames that are shown before the rest is read.
const FRONT: usize = 2_000;
/// How often a new picture is made while reading.
const PICTURE: Duration = Duration::from_millis(50);
/// Bytes of a classic frame on the tape.
const FRAME_BYTES: u64 = 24;
/// Most threads that read.
const THREADS: usize = 4;
/// Most skipped lines that a picture names.
const PROBLEMS: usize = 20;
/// Frames after which the tape is handed on to be counted, and how often it may wait there.
const STRETCH: u64 = 65_536;
const TAPES: usize = 16;
/// Larger tables by id are not put into every picture.
const SMALL_TABLE: usize = 512;

/// Calls whoever wants to know that there is a new picture.
pub type Told = Box<dyn Fn() + Send>;

/// How far reading is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogState {
    /// It goes on.
    #[default]
    Reading,
    /// Everything is there.
    Whole,
    /// The memory was full: what came before is there.
    Full,
    /// Somebody stopped it: what came before is there.
    Stopped,
    /// Reading broke off, with a sentence: what came before is there.
    Broken(String),
    /// It is no recording, with a sentence.
    Refused(String),
}

impl LogState {
    /// Whether more is to come.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        matches!(self, Self::Reading)
    }
}

/// What is there of a recording at a moment.
#[derive(Clone, Debug, Default)]
pub struct LogPicture {
    /// Counts up with every picture.
    pub version: u64,
    /// The file.
    pub path: PathBuf,
    /// What it is, in words; empty before that is known.
    pub format: &'static str,
    /// What its times mean.
    pub timebase: Timebase,
    /// Its buses, by position.
    pub buses: Vec<String>,
    /// Its frames.
    pub reel: Reel,
    /// What it tells by id.
    pub traffic: Arc<Traffic>,
    /// Bytes read.
    pub read: u64,
    /// Bytes of the file; none for a pipe.
    pub size: Option<u64>,
    /// Lines, or parts of a binary recording, that could not be read.
    pub skipped: u64,
    /// The first of them, and what else there is to know.
    pub problems: Vec<Problem>,
    /// How far it is.
    pub state: LogState,
}

impl LogPicture {
    /// What talks on its bus at this position, as far as it was read, where these components are known
    /// already.
    #[must_use]
    pub fn discovery(&self, bus: u16, catalog: &Catalog, configured: &[Configured]) -> Discovery {
        let bus = BusId(bus);
        let own = self.traffic.rows().iter().filter(|row| row.last.bus() == bus);
        let last = own.map(|row| row.last.time()).max().unwrap_or(Mono::ZERO);
        discovery::discover(&self.traffic.hearing(bus, last), catalog, configured)
    }

    /// The codecs of its buses: the chosen ones first, then those of the plant's bus of the same name;
    /// where the plant has no such bus, those of all its buses.
    #[must_use]
    pub fn decoders(
        &self,
        plant: &[(&str, &[Arc<Codec>])],
        chosen: &[Arc<Dictionary>],
    ) -> Decoders {
        let mut decoders = Decoders::new(self.buses.len());
        for (at, name) in self.buses.iter().enumerate() {
            let Ok(bus) = u16::try_from(at) else { break };
            let same = plant.iter().find(|(known, _)| known == name);
            let known = same.map_or(plant, std::slice::from_ref);
            let mut codecs: Vec<Arc<Codec>> =
                chosen.iter().map(|one| Arc::clone(&one.codec)).collect();
            for codec in known.iter().flat_map(|(_, codecs)| codecs.iter()) {
                if !codecs.iter().any(|one| Arc::ptr_eq(one, codec)) {
                    codecs.push(Arc::clone(codec));
                }
            }
            codecs.into_iter().for_each(|codec| decoders.add(BusId(bus), codec));
        }
        decoders
    }
}

/// A DBC file that a recording is decoded with.
#[derive(Clone, Debug)]
pub struct Dictionary {
    /// The file.
    pub path: PathBuf,
    /// Messages in it.
    pub messages: usize,
    /// How many problems it has.
    pub problems: usize,
    codec: Arc<Codec>,
}

impl Dictionary {
    /// Reads a DBC file.
    ///
    /// # Errors
    /// It cannot be read, or has no message.
    pub fn open(path: &Path) -> Result<Self, decode::DecodeError> {
        let parsed = decode::load(path)?;
        let codec = Arc::new(Codec::compile(&[&parsed.schema]));
        let (messages, problems) = (parsed.schema.messages.len(), parsed.problems.len());
        Ok(Self { path: path.to_owned(), messages, problems, codec })
    }
}

/// A recording that is being read, or was. Dropping it ends the reading.
pub struct Opening {
    shared: Arc<Shared>,
}

struct Shared {
    picture: Mutex<Arc<LogPicture>>,
    stop: AtomicBool,
}

impl Opening {
    /// Begins to read the recording at `path` on a thread of its own; at most `most` bytes of memory
    /// are used for its frames.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        path: &Path,
        most: u64,
        clock: Arc<dyn Clock>,
        told: Told,
    ) -> std::io::Result<Self> {
        let first = LogPicture { path: path.to_owned(), ..LogPicture::default() };
        let picture = Mutex::new(Arc::new(first.clone()));
        let shared = Arc::new(Shared { picture, stop: AtomicBool::new(false) });
        let mut loader = Loader {
            shared: Arc::clone(&shared),
            picture: first,
            tape: Tape::new(u64::MAX),
            table: Arc::default(),
            bytes: 0,
            most,
            last: clock.now(),
            clock,
            told,
        };
        std::thread::Builder::new().name("log:open".into()).spawn(move || loader.run())?;
        Ok(Self { shared })
    }

    /// What is there now.
    #[must_use]
    pub fn picture(&self) -> Arc<LogPicture> {
        Arc::clone(&self.shared.picture.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads no further. What was read stays.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The thread's own.
struct Loader {
    shared: Arc<Shared>,
    picture: LogPicture,
    tape: Tape,
    table: Arc<Table>,
    /// Memory that the frames take, about.
    bytes: u64,
    most: u64,
    clock: Arc<dyn Clock>,
    /// When the last picture was made.
    last: Mono,
    told: Told,
}

/// The table by id, which is filled on a thread of its own: putting frames onto the tape and counting
/// them take about the same time, and both have to go in order.
#[derive(Default)]
struct Table {
    traffic: Mutex<Traffic>,
}

impl Table {
    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what is on the tapes that come, each longer than the one before, until none comes.
    fn fill(&self, tapes: &Receiver<Reel>) {
        let mut counted = 0;
        for reel in tapes {
            let mut traffic = self.traffic();
            reel.from(counted).for_each(|(_, frame)| traffic.take(frame));
            counted = reel.end();
        }
    }
}

impl Loader {
    fn run(&mut self) {
        let log = match Log::open(&self.picture.path) {
            Ok(log) => log,
            Err(error) => return self.publish(LogState::Refused(format!("{error}."))),
        };
        self.picture.format = log.format().words();
        self.picture.timebase = log.timebase();
        self.picture.size = log.size();
        self.front(&log);
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = NonZeroUsize::new(threads.min(THREADS)).unwrap_or(NonZeroUsize::MIN);
        let table = Arc::clone(&self.table);
        let (end, reader) = std::thread::scope(|scope| {
            let (to, tapes) = bounded(TAPES);
            let counting = std::thread::Builder::new().name("log:count".into());
            // Without a thread the tape is counted here, once it is whole.
            let counts = counting.spawn_scoped(scope, move || table.fill(&tapes)).is_ok();
            let ended = self.sweep(&log, threads, counts.then_some(&to));
            if !counts {
                let mut traffic = self.table.traffic();
                self.tape.reel().from(0).for_each(|(_, frame)| traffic.take(frame));
            }
            ended
        });
        self.count(&reader);
        let end = match (end, reader.failure()) {
            (LogState::Whole, Some(failure)) => LogState::Broken(format!("{failure}.")),
            (LogState::Whole, None) if self.tape.reel().is_empty() => {
                LogState::Refused(self.without_frame(&reader))
            }
            (end, _) => end,
        };
        if matches!(end, LogState::Whole) {
            self.picture.read = self.picture.size.unwrap_or(self.picture.read);
        }
        self.picture.traffic = Arc::new(self.table.traffic().clone());
        self.publish(end);
    }

    /// Reads everything onto the tape and tells `to` how far that is.
    fn sweep(
        &mut self,
        log: &Log,
        threads: NonZeroUsize,
        to: Option<&Sender<Reel>>,
    ) -> (LogState, Reader) {
        let mut end = LogState::Whole;
        let mut told = 0;
        let reader = log.sweep(threads, &mut |frames, reader| {
            if self.shared.stop.load(Ordering::Relaxed) {
                end = LogState::Stopped;
                return ControlFlow::Break(());
            }
            let fits = self.take(frames);
            if self.tape.end() - told >= STRETCH {
                told = self.tape.end();
                self.tell(to);
            }
            if !fits {
                end = LogState::Full;
                return ControlFlow::Break(());
            }
            let now = self.clock.now();
            if now.since(self.last) >= PICTURE {
                self.last = now;
                self.count(reader);
                self.publish(LogState::Reading);
            }
            ControlFlow::Continue(())
        });
        self.tell(to);
        (end, reader)
    }

    /// Hands what is on the tape to whoever counts it.
    fn tell(&self, to: Option<&Sender<Reel>>) {
        if to.is_some_and(|to| to.send(self.tape.reel()).is_err()) {
            tracing::error!("the table by id of a recording ends before the recording does");
        }
    }

    /// Shows the first rows, before threads are started and containers looked for.
    fn front(&mut self, log: &Log) {
        // A pipe is read only once.
        if log.size().is_none() {
            return;
        }
        let mut reader = log.reader();
        let mut frames = Frames::with_capacity(log.timebase(), FRONT);
        if reader.read(&mut frames, FRONT) == 0 {
            return;
        }
        self.take(&frames);
        frames.iter().for_each(|frame| self.table.traffic().take(frame));
        self.count(&reader);
        self.publish(LogState::Reading);
        (self.tape, self.bytes) = (Tape::new(u64::MAX), 0);
        self.table.traffic().clear();
    }

    /// Puts frames onto the tape; whether there was room for all.
    fn take(&mut self, frames: &Frames) -> bool {
        let mut bytes = 0;
        for frame in frames.iter() {
            bytes += FRAME_BYTES;
            if frame.data.len() > CLASSIC_BYTES {
                bytes += FD_BYTES as u64;
            }
        }
        self.tape.push(frames);
        self.bytes += bytes;
        self.bytes < self.most
    }

    fn count(&mut self, reader: &Reader) {
        let picture = &mut self.picture;
        if picture.buses.len() != reader.bus_names().len() {
            picture.buses = reader.bus_names().to_vec();
        }
        (picture.read, picture.skipped) = (reader.offset(), reader.skipped());
        picture.problems = reader.problems();
        picture.problems.truncate(PROBLEMS);
        let traffic = self.table.traffic();
        if traffic.rows().len() <= SMALL_TABLE {
            picture.traffic = Arc::new(traffic.clone());
        }
    }

    fn without_frame(&self, reader: &Reader) -> String {
        let path = self.picture.path.display();
        match reader.skipped() {
            0 => format!("{path}: this is a {} without a frame.", self.picture.format),
            n => format!("{path}: none of its {n} lines or parts can be read as a frame."),
        }
    }

    fn publish(&mut self, state: LogState) {
        let picture = &mut self.picture;
        picture.version += 1;
        picture.state = state;
        picture.reel = self.tape.reel();
        let made = Arc::new(picture.clone());
        *self.shared.picture.lock().unwrap_or_else(PoisonError::into_inner) = made;
        (self.told)();
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;

    use super::*;
    use crate::base::time::SystemClock;
    use crate::engine::can::frame::{Direction, Id};

    fn opened(text: &str, most: u64) -> (tempfile::TempDir, Opening, Receiver<()>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drive.any");
        std::fs::write(&path, text).unwrap();
        let (give, told) = unbounded();
        let told_of = Box::new(move || give.send(()).unwrap());
        let opening = Opening::start(&path, most, SystemClock::new(), told_of).unwrap();
        (folder, opening, told)
    }

    /// The last picture.
    fn whole(opening: &Opening, told: &Receiver<()>) -> Arc<LogPicture> {
        loop {
            told.recv().unwrap();
            let picture = opening.picture();
            if !picture.state.is_reading() {
                return picture;
            }
        }
    }

    fn lines(count: u64) -> String {
        let line =
            |n: u64| format!("({}.5) can{} {:03X}#{n:08X}\n", 1_436_509_052 + n, n % 2, n % 3);
        (0..count).map(line).collect()
    }

    #[test]
    fn a_recording_is_read_to_its_end_with_its_buses_and_ids() {
        let text = format!("{}broken\n", lines(5_000));
        let (_folder, opening, told) = opened(&text, USUAL_BYTES);
        told.recv().unwrap();
        assert!(opening.picture().reel.len() >= 2_000, "the first rows are there at once");
        let picture = match opening.picture() {
            picture if picture.state.is_reading() => whole(&opening, &told),
            picture => picture,
        };
        assert_eq!(picture.state, LogState::Whole);
        assert_eq!((picture.reel.len(), picture.reel.first()), (5_000, 0));
        assert_eq!(picture.buses, ["can0", "can1"]);
        assert_eq!((picture.skipped, picture.read), (1, text.len() as u64));
        assert!(picture.problems.iter().any(|one| one.line == 5_001), "{:?}", picture.problems);
        let row = picture.traffic.row(BusId(0), Id::standard(0).unwrap(), Direction::Received);
        assert_eq!(row.unwrap().count, 834);
        assert_eq!(picture.format, "candump log");
    }

    #[test]
    fn memory_is_bounded_and_the_front_is_what_stays() {
        let (_folder, opening, told) = opened(&lines(9_000), 100 * FRAME_BYTES);
        let picture = whole(&opening, &told);
        assert_eq!(picture.state, LogState::Full);
        assert_eq!(picture.reel.get(0).unwrap().data, [0, 0, 0, 0]);
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_path_and_the_reason() {
        for text in ["", "hello\nworld\n"] {
            let (folder, opening, told) = opened(text, USUAL_BYTES);
            let picture = whole(&opening, &told);
            let LogState::Refused(said) = &picture.state else { panic!("{:?}", picture.state) };
            assert!(said.contains("drive.any") && said.ends_with('.'), "{said}");
            drop(folder);
        }
    }

    #[test]
    fn a_reading_that_is_stopped_keeps_what_it_has() {
        let (_folder, opening, told) = opened(&lines(5_000), USUAL_BYTES);
        opening.stop();
        let picture = whole(&opening, &told);
        assert!(matches!(picture.state, LogState::Stopped | LogState::Whole));
        assert_eq!(picture.reel.first(), 0);
    }

    #[test]
    fn a_chosen_dictionary_speaks_before_the_plant() {
        let folder = tempfile::tempdir().unwrap();
        let dbc = |name: &str, message: &str| {
            let path = folder.path().join(name);
            let text = format!("BO_ 1 {message}: 8 X\n SG_ A : 0|8@1+ (1,0) [0|0] \"\" X\n");
            std::fs::write(&path, text).unwrap();
            Arc::new(Dictionary::open(&path).unwrap())
        };
        let (own, others) = (dbc("own.dbc", "Own"), dbc("plant.dbc", "Plant"));
        let buses = vec!["can0".to_owned(), "can7".to_owned()];
        let picture = LogPicture { buses, ..LogPicture::default() };
        let codecs = [Arc::clone(&others.codec)];
        let plant = [("can0", &codecs[..]), ("can1", &[][..])];
        let id = Id::standard(1).unwrap();
        let plain = picture.decoders(&plant, &[]);
        assert_eq!(plain.name(BusId(0), id), Some("Plant"));
        assert_eq!(plain.name(BusId(1), id), Some("Plant"), "a bus of another name knows them all");
        let chosen = picture.decoders(&plant, &[own]);
        assert_eq!(chosen.name(BusId(0), id), Some("Own"));
        let said = Dictionary::open(&folder.path().join("none.dbc")).err().unwrap().to_string();
        assert!(said.contains("none.dbc"), "{said}");
    }
}

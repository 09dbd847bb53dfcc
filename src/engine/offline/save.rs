//! Writes frames of a trace as a recording: those between two of them that a filter lets through. The
//! new file appears whole or not at all; what its format cannot hold is listed.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

use crate::base::problem::system_words;
use crate::base::time::{Mono, TimeSource, Timebase, Wall};
use crate::engine::can::tape::Reel;
use crate::engine::can::trace::{LogFormat, Scribe};
use crate::engine::filter::{Memory, Sieve};
use crate::engine::offline::convert::{self, Existing, Part};

/// Bytes written at once.
const BUFFER: usize = 1024 * 1024;
/// Frames between two looks at whether somebody stopped it.
const LOOK: u64 = 16_384;

/// Why frames are not saved.
#[derive(Debug, Error)]
pub enum SaveError {
    /// Nobody knows what it shall be.
    #[error(
        "{}: the ending of this name is none of a recording: take .log, .asc, .blf, .trc, .csv, .crtd, .pcap or .pcapng",
        path.display()
    )]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// A format that is only read.
    #[error("recordings are not written as {}: they are only read", format.words())]
    OnlyRead {
        /// The format.
        format: LogFormat,
    },
    /// There is a file of this name.
    #[error("{}: this file is there already and was left alone: choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// No frame is left.
    #[error("none of these frames fits: nothing was saved")]
    Nothing,
    /// It cannot be written.
    #[error("{}: the recording cannot be written: {}", path.display(), system_words(cause))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Somebody stopped it.
    #[error("{}: stopped before the end; nothing was written", path.display())]
    Stopped {
        /// The file.
        path: PathBuf,
    },
}

/// What is to be saved.
#[derive(Clone, Debug)]
pub struct Request {
    /// The frames.
    pub reel: Reel,
    /// Names of their buses, and what their stamps mean.
    pub buses: Vec<(String, Timebase)>,
    /// The first and the last frame, by their numbers.
    pub between: (u64, u64),
    /// Which of them.
    pub sieve: Sieve,
    /// Where to; its ending says as what.
    pub output: PathBuf,
    /// Whether a file that is there may be replaced.
    pub existing: Existing,
}

/// What was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// How many frames.
    pub frames: u64,
    /// As what, in words.
    pub format: &'static str,
    /// What the format cannot hold, with the number of frames it concerns.
    pub not_kept: Vec<String>,
}

/// Saves; `watch` is told the share that is done. Ends early once `stop` is set.
///
/// # Errors
/// It cannot be written, or nothing fits; the file is not there then.
pub fn save(
    request: &Request,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(f32),
) -> Result<Saved, SaveError> {
    let path = || request.output.clone();
    let write = |cause| SaveError::Write { path: path(), cause };
    let format =
        convert::by_ending(&request.output).ok_or_else(|| SaveError::Ending { path: path() })?;
    if !Scribe::<File>::can_write(format) {
        return Err(SaveError::OnlyRead { format });
    }
    if request.existing == Existing::Keep && is_there(&request.output) {
        return Err(SaveError::Exists { path: path() });
    }
    let part = Part::create(&request.output).map_err(write)?;
    let file = part.file().map_err(write)?;
    let is_dated = request.buses.iter().all(|(_, base)| base.wall_at_zero.is_some());
    let wall_at_zero = is_dated.then(|| Wall::from_nanos(0));
    let base = Timebase { source: TimeSource::Recording, wall_at_zero };
    let to = BufWriter::with_capacity(BUFFER, file);
    let Some(mut scribe) = Scribe::new(to, format, base) else {
        return Err(SaveError::OnlyRead { format });
    };
    let (first, last) = request.between;
    let mut memory = Memory::new();
    let mut frames = 0;
    for (number, frame) in request.reel.from(first).take_while(|(number, _)| *number <= last) {
        if (number - first).is_multiple_of(LOOK) {
            if stop.load(Ordering::Relaxed) {
                return Err(SaveError::Stopped { path: path() });
            }
            watch(((number - first) as f64 / (last - first + 1) as f64) as f32);
        }
        if !request.sieve.lets(frame, &mut memory) {
            continue;
        }
        let bus = request.buses.get(usize::from(frame.bus().0));
        let at = bus.filter(|_| is_dated).and_then(|(_, base)| base.wall(frame.time()));
        let at = at.map_or(frame.time(), |wall| Mono::from_nanos(wall.nanos()));
        let name = bus.map_or("can0", |(name, _)| name.as_str());
        scribe.frame(name, frame.to_frame().at(at).view()).map_err(write)?;
        frames += 1;
    }
    if frames == 0 {
        return Err(SaveError::Nothing);
    }
    let (to, lost) = scribe.finish().map_err(write)?;
    let file = to.into_inner().map_err(|error| write(error.into_error()))?;
    file.sync_all().map_err(write)?;
    part.become_it(request.existing).map_err(write)?;
    Ok(Saved { frames, format: format.words(), not_kept: lost.words() })
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::BusId;
    use crate::engine::can::frame::{Frame, Frames, Id};
    use crate::engine::can::tape::Tape;
    use crate::engine::can::trace::Log;
    use crate::engine::filter::{Filter, Scope, Vocabulary};

    fn request(folder: &Path, name: &str, filter: &str) -> Request {
        let mut frames = Frames::default();
        for n in 0..1_000_i64 {
            let id = Id::standard((n % 10) as u32).unwrap();
            let frame = Frame::classic(id, &[n as u8]).unwrap().on(BusId((n % 2) as u16));
            frames.push(frame.at(Mono::from_millis(n)).view());
        }
        let mut tape = Tape::default();
        tape.push(&frames);
        let sieve = Filter::parse(filter).unwrap();
        let sieve = sieve.compile(&Vocabulary::new(), Scope::Trace).unwrap();
        let base = |zero| Timebase {
            source: TimeSource::Kernel,
            wall_at_zero: Some(Wall::from_nanos(zero)),
        };
        let second = 1_700_000_000_000_000_000;
        Request {
            reel: tape.reel(),
            buses: vec![("can0".into(), base(second)), ("can1".into(), base(second + 500_000))],
            between: (100, 899),
            sieve,
            output: folder.join(name),
            existing: Existing::Keep,
        }
    }

    fn run(request: &Request) -> Result<Saved, SaveError> {
        save(request, &AtomicBool::new(false), &mut |_| {})
    }

    #[test]
    fn what_fits_is_saved_in_every_format_with_the_time_of_its_bus() {
        let folder = tempfile::tempdir().unwrap();
        for ending in ["log", "asc", "blf", "trc", "csv", "crtd", "pcap", "pcapng"] {
            let asked = request(folder.path(), &format!("out.{ending}"), "id:3");
            let saved = run(&asked).unwrap();
            assert_eq!(saved.frames, 80, "{ending}");
            let log = Log::open(&asked.output).unwrap();
            assert_eq!(log.format().words(), saved.format);
            let (mut reader, mut frames) = (log.reader(), Frames::default());
            assert_eq!(reader.read(&mut frames, 1_000), 80, "{ending}");
            if ending == "log" {
                let first = frames.iter().next().unwrap();
                let wall = log.timebase().wall(first.time()).unwrap();
                assert_eq!(wall.nanos(), 1_700_000_000_103_500_000, "frame 103 is of can1");
            }
        }
        assert!(std::fs::read_dir(folder.path()).unwrap().count() == 8, "and nothing beside");
    }

    #[test]
    fn what_cannot_be_saved_says_why_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let said = |name: &str, filter: &str| {
            run(&request(folder.path(), name, filter)).unwrap_err().to_string()
        };
        assert!(said("out.xyz", "").contains("ending"));
        assert!(said("out.log", "id:7FF").contains("none of these frames"));
        assert!(said("no/out.log", "").contains("cannot be written"));
        std::fs::write(folder.path().join("here.log"), "precious").unwrap();
        assert!(said("here.log", "").contains("left alone"));
        let stop = AtomicBool::new(true);
        let stopped = save(&request(folder.path(), "a.log", ""), &stop, &mut |_| {});
        assert!(matches!(stopped, Err(SaveError::Stopped { .. })));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

//! Turns a recording of one format into one of another. What the new format cannot hold is listed;
//! the new file appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use thiserror::Error;

use crate::base::problem::{Problem, system_words};
use crate::engine::can::frame::Kind;
pub use crate::engine::can::trace::LogFormat;
use crate::engine::can::trace::{Log, OpenLogError, Scribe};

/// Threads that read ahead while one writes.
const READERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);
/// Bytes written at once.
const BUFFER: usize = 1024 * 1024;

/// Why a recording is not converted.
#[derive(Debug, Error)]
pub enum ConvertError {
    /// The recording that is to be converted.
    #[error(transparent)]
    Log(#[from] OpenLogError),
    /// Nobody said what it shall become.
    #[error(
        "{}: the ending of this name is none of a recording; say with --to what it shall be: {}",
        path.display(),
        NAMES
    )]
    Ending {
        /// The new file.
        path: PathBuf,
    },
    /// A format that is only read.
    #[error("recordings are not written as {}: they are only read; take {NAMES}", format.words())]
    OnlyRead {
        /// The format.
        format: LogFormat,
    },
    /// There is a file of this name.
    #[error("{}: this file is there already; --force replaces it", path.display())]
    Exists {
        /// The new file.
        path: PathBuf,
    },
    /// A device, a pipe or the like in its place.
    #[error("{}: this is no regular file, and a new one cannot take its place", path.display())]
    NoFile {
        /// What is there.
        path: PathBuf,
    },
    /// Input and output are one.
    #[error("{}: a recording cannot be converted into itself", path.display())]
    Itself {
        /// The file.
        path: PathBuf,
    },
    /// A folder in its place.
    #[error("{}: this is a folder", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("{}: the new recording cannot be written: {}", path.display(), system_words(cause))]
    Write {
        /// The new file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Reading broke off.
    #[error("{0}; nothing was written")]
    Read(String),
    /// Somebody stopped it.
    #[error("{}: stopped before the end; nothing was written", path.display())]
    Stopped {
        /// The new file.
        path: PathBuf,
    },
}

/// What can be asked for by name.
const NAMES: &str = "candump, asc, blf, trc, gvret, crtd, arrowpoint, pcap, pcapng, mf4";

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays.
    Keep,
    /// It is replaced once the new one is whole.
    Replace,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The recording.
    pub input: PathBuf,
    /// The new file.
    pub output: PathBuf,
    /// What it shall be; found from its ending where this is not given.
    pub to: Option<LogFormat>,
    /// Whether a file that is there may be replaced.
    pub existing: Existing,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Frames read.
    pub frames: u64,
    /// Bytes of the recording read.
    pub bytes: u64,
}

/// What was converted, as machines read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Frames of every kind that the recording has.
    pub frames: u64,
    /// Error frames among them.
    pub error_frames: u64,
    /// Remote frames among them.
    pub remote_frames: u64,
    /// Lines, or parts of a binary recording, that could not be read.
    pub skipped_lines: u64,
    /// What the new format cannot hold, with the number of frames it concerns.
    pub not_kept: Vec<String>,
}

/// What was converted, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What the recording was, in words.
    pub from: &'static str,
    /// What it became, in words.
    pub to: &'static str,
    /// What machines read.
    pub summary: Summary,
    /// The first things that could not be read, and what else there is to know.
    pub problems: Vec<Problem>,
}

/// The format that the ending of a name stands for. `csv` stands for GVRET's, which most programs
/// read, unless it is `arrowpoint.csv`.
#[must_use]
pub fn by_ending(path: &Path) -> Option<LogFormat> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let mut endings = name.rsplit('.');
    let (last, before) = (endings.next()?, endings.next());
    // A name without a point has no ending.
    before?;
    Some(match last {
        "log" => LogFormat::Candump,
        "asc" => LogFormat::Asc,
        "blf" => LogFormat::Blf,
        "trc" => LogFormat::Trc,
        "csv" if before == Some("arrowpoint") => LogFormat::ArrowPoint,
        "csv" => LogFormat::Gvret,
        "crtd" => LogFormat::Crtd,
        "txt" if before == Some("crtd") => LogFormat::Crtd,
        "pcap" => LogFormat::Pcap,
        "pcapng" => LogFormat::Pcapng,
        "mf4" => LogFormat::Mf4,
        _ => return None,
    })
}

/// A request whose recording is open and whose new file has a place.
pub struct Job {
    log: Log,
    to: LogFormat,
    output: PathBuf,
    existing: Existing,
}

impl Job {
    /// Opens the recording and looks at where the new one goes.
    ///
    /// # Errors
    /// The recording is none, the format is not known or not written, or the place is taken.
    pub fn open(request: &Request) -> Result<Self, ConvertError> {
        let path = || request.output.clone();
        let to = match request.to {
            Some(format) => format,
            None => {
                by_ending(&request.output).ok_or_else(|| ConvertError::Ending { path: path() })?
            }
        };
        if !Scribe::<File>::can_write(to) {
            return Err(ConvertError::OnlyRead { format: to });
        }
        match fs::metadata(&request.output) {
            Ok(there) if there.is_dir() => return Err(ConvertError::Folder { path: path() }),
            Ok(there) if !there.is_file() => return Err(ConvertError::NoFile { path: path() }),
            Ok(_) | Err(_) => {}
        }
        let log = Log::open(&request.input)?;
        if let Ok(place) = fs::canonicalize(&request.output) {
            if fs::canonicalize(&request.input).is_ok_and(|input| input == place) {
                return Err(ConvertError::Itself { path: path() });
            }
            if request.existing == Existing::Keep {
                return Err(ConvertError::Exists { path: path() });
            }
        }
        Ok(Self { log, to, output: path(), existing: request.existing })
    }

    /// Size of the recording in bytes; `None` for a pipe.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.log.size()
    }

    /// Converts; `watch` is called after every batch. Ends early once `stop` is set.
    ///
    /// # Errors
    /// It could not be read or written to its end; the new file is not there then.
    pub fn run(
        &self,
        stop: &AtomicBool,
        watch: &mut dyn FnMut(Position),
    ) -> Result<Report, ConvertError> {
        let write = |cause| ConvertError::Write { path: self.output.clone(), cause };
        let part = Part::create(&self.output).map_err(write)?;
        let report = self.copy(&part, stop, watch)?;
        part.become_it(self.existing).map_err(write)?;
        Ok(report)
    }

    fn copy(
        &self,
        part: &Part,
        stop: &AtomicBool,
        watch: &mut dyn FnMut(Position),
    ) -> Result<Report, ConvertError> {
        let write = |cause| ConvertError::Write { path: self.output.clone(), cause };
        let file = part.file().map_err(write)?;
        let to = BufWriter::with_capacity(BUFFER, file);
        let Some(mut scribe) = Scribe::new(to, self.to, self.log.timebase()) else {
            return Err(ConvertError::OnlyRead { format: self.to });
        };
        let (mut errors, mut remotes) = (0, 0);
        let mut broken = None;
        let reader = self.log.sweep(READERS, &mut |frames, reader| {
            if stop.load(Ordering::Relaxed) {
                broken = Some(ConvertError::Stopped { path: self.output.clone() });
                return ControlFlow::Break(());
            }
            for frame in frames.iter() {
                match frame.kind() {
                    Kind::Error => errors += 1,
                    Kind::Remote => remotes += 1,
                    Kind::Data | Kind::Fd => {}
                }
                let bus = reader.bus_names().get(usize::from(frame.bus().0));
                if let Err(error) = scribe.frame(bus.map_or("can0", String::as_str), frame) {
                    broken = Some(write(error));
                    return ControlFlow::Break(());
                }
            }
            watch(Position { frames: reader.frames(), bytes: reader.offset() });
            ControlFlow::Continue(())
        });
        if let Some(error) = broken {
            return Err(error);
        }
        if let Some(failure) = reader.failure() {
            return Err(ConvertError::Read(failure));
        }
        let (to, lost) = scribe.finish().map_err(write)?;
        let file = to.into_inner().map_err(|error| write(error.into_error()))?;
        file.sync_all().map_err(write)?;
        let summary = Summary {
            frames: reader.frames(),
            error_frames: errors,
            remote_frames: remotes,
            skipped_lines: reader.skipped(),
            not_kept: lost.words(),
        };
        let (from, to) = (self.log.format().words(), self.to.words());
        Ok(Report { from, to, summary, problems: reader.problems() })
    }
}

/// The new file while it is not whole: beside its place, under another name. Gone again unless it
/// becomes the file. Where a link leads to the place, the file that it leads to is replaced.
pub(super) struct Part {
    path: PathBuf,
    output: PathBuf,
    file: File,
    is_done: bool,
}

impl Part {
    pub(super) fn create(output: &Path) -> io::Result<Self> {
        let output = fs::canonicalize(output).unwrap_or_else(|_| output.to_owned());
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let path = output.with_file_name(format!(".{name}.{}.part", std::process::id()));
        // Left by one of the same number that was killed, if it is there.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let file = File::create_new(&path)?;
        Ok(Self { path, output, file, is_done: false })
    }

    /// A second hold on the file, to write to.
    pub(super) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    pub(super) fn become_it(mut self, existing: Existing) -> io::Result<()> {
        let output = self.output.as_path();
        match existing {
            Existing::Replace => {
                // Who may read it stays so.
                if let Ok(there) = fs::metadata(output) {
                    if !there.is_file() {
                        return Err(io::Error::other("what is there is no regular file"));
                    }
                    fs::set_permissions(&self.path, there.permissions())?;
                }
                fs::rename(&self.path, output)?;
            }
            // A link is refused where somebody else was faster; some file systems have none.
            Existing::Keep => match fs::hard_link(&self.path, output) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) => fs::rename(&self.path, output)?,
            },
        }
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "(1436509052.249713) can0 044#2A366C2BBA\nbroken\n\
                       (1436509052.3) can1 123##311 T\n(1436509052.4) can0 123#R5\n\
                       (1436509052.5) can0 20000080#0000000000000000\n";

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in.log");
        fs::write(&input, LOG).unwrap();
        (folder, input)
    }

    fn request(input: &Path, output: &str) -> Request {
        let output = input.with_file_name(output);
        Request { input: input.to_owned(), output, to: None, existing: Existing::Keep }
    }

    fn convert(request: &Request) -> Result<Report, ConvertError> {
        Job::open(request)?.run(&AtomicBool::new(false), &mut |_| {})
    }

    #[test]
    fn every_written_format_is_known_by_its_ending_and_read_back() {
        let (folder, input) = folder();
        let endings = [
            "log",
            "asc",
            "blf",
            "trc",
            "csv",
            "arrowpoint.csv",
            "crtd",
            "crtd.txt",
            "pcap",
            "pcapng",
        ];
        for ending in endings {
            let asked = request(&input, &format!("out.{ending}"));
            let report = convert(&asked).unwrap();
            let Summary { frames, error_frames, remote_frames, skipped_lines, .. } = report.summary;
            assert_eq!((frames, error_frames, remote_frames, skipped_lines), (4, 1, 1, 1));
            let log = Log::open(&asked.output).unwrap();
            assert_eq!(log.format().words(), report.to, "{ending}");
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), endings.len() + 1, "nothing is left beside the files: {left:?}");
    }

    #[test]
    fn the_summary_for_machines_has_these_fields_and_no_others() {
        let (_folder, input) = folder();
        let report = convert(&request(&input, "out.crtd")).unwrap();
        let text = serde_json::to_string(&report.summary).unwrap();
        assert_eq!(
            text,
            "{\"frames\":4,\"error_frames\":1,\"remote_frames\":1,\"skipped_lines\":1,\"not_kept\":[\
             \"remote frame, left out (1 frame)\",\"error frame, left out (1 frame)\",\
             \"that a short frame was an FD frame (1 frame)\",\
             \"bit rate switch and error state of an FD frame (1 frame)\"]}"
        );
    }

    #[test]
    fn nothing_is_replaced_unless_asked_for() {
        let (_folder, input) = folder();
        let mut asked = request(&input, "out.asc");
        fs::write(&asked.output, "precious").unwrap();
        let said = convert(&asked).unwrap_err().to_string();
        assert!(said.contains("--force"), "{said}");
        assert_eq!(fs::read_to_string(&asked.output).unwrap(), "precious");
        asked.existing = Existing::Replace;
        convert(&asked).unwrap();
        assert_ne!(fs::read_to_string(&asked.output).unwrap(), "precious");
        let own = Request { output: input.clone(), to: Some(LogFormat::Asc), ..asked };
        assert!(convert(&own).unwrap_err().to_string().contains("into itself"));
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_is_replaced_with_its_mode_and_what_is_no_file_is_not() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        use std::os::unix::net::UnixListener;
        let (folder, input) = folder();
        let mut asked = request(&input, "link.asc");
        asked.existing = Existing::Replace;
        let real = folder.path().join("real.asc");
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&real, &asked.output).unwrap();
        convert(&asked).unwrap();
        assert!(fs::symlink_metadata(&asked.output).unwrap().is_symlink());
        assert_ne!(fs::read_to_string(&real).unwrap(), "old");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
        let asked = Request { output: folder.path().join("socket.asc"), ..asked };
        let _socket = UnixListener::bind(&asked.output).unwrap();
        let said = convert(&asked).unwrap_err().to_string();
        assert!(said.contains("no regular file"), "{said}");
        assert!(!fs::metadata(&asked.output).unwrap().is_file());
    }

    #[test]
    fn what_cannot_be_done_is_said_in_a_sentence_and_leaves_nothing_behind() {
        let (folder, input) = folder();
        let said = |request: &Request| convert(request).unwrap_err().to_string();
        assert!(said(&request(&input, "out.xyz")).contains("--to"));
        assert!(said(&request(&input, "out")).contains("--to"));
        assert!(said(&request(&input, "no/such/folder.asc")).contains("cannot be written"));
        assert!(said(&request(&input.with_file_name("none.log"), "out.asc")).contains("none.log"));
        fs::create_dir(input.with_file_name("sub.asc")).unwrap();
        assert!(said(&request(&input, "sub.asc")).contains("folder"));
        let stopped = Job::open(&request(&input, "out.asc")).unwrap();
        let said = stopped.run(&AtomicBool::new(true), &mut |_| {}).err().unwrap().to_string();
        assert!(said.contains("stopped"), "{said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}

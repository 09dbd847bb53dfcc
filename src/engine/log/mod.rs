//! The system log: what the program says of itself, kept in memory for its page and in files of the data
//! folder. Bounded everywhere: lines in memory, lines that wait for the disk, files and their size; what
//! does not fit is counted and said. Every line is [scrubbed](scrub) before anybody sees it. Knows nothing
//! of who may read it.

mod file;
pub(in crate::engine) mod scrub;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crossbeam_channel::{Sender, bounded};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::base::time::{Clock, Wall};
use crate::engine::access::settings::{LogLevel, Settings};

/// Lines in memory.
const KEPT: usize = 4_000;
/// Lines that wait for the disk.
const WAITING: usize = 1_024;
/// Most fields of a line.
const FIELDS: usize = 32;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Counts the lines since the start.
    pub seq: u64,
    /// When.
    pub at: Wall,
    /// How grave.
    pub level: LogLevel,
    /// Which part said it, such as `web::listen`.
    pub part: String,
    /// What it said.
    pub text: String,
}

/// Which lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// These and graver ones; nothing: all.
    pub level: Option<LogLevel>,
    /// Every word of this is in the line, whatever the case.
    pub find: String,
    /// Only lines with smaller numbers.
    pub before: Option<u64>,
}

/// The log. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct SystemLog {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    lines: Mutex<VecDeque<LogLine>>,
    next: AtomicU64,
    level: AtomicU8,
    file_mb: AtomicU32,
    files: AtomicU32,
    /// Lines that did not fit into what waits for the disk.
    lost: AtomicU64,
    out: OnceLock<(Sender<LogLine>, PathBuf)>,
}

impl SystemLog {
    /// An empty one, in memory alone.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let inner = Inner {
            clock,
            lines: Mutex::default(),
            next: AtomicU64::new(1),
            level: AtomicU8::new(LogLevel::Info as u8),
            file_mb: AtomicU32::new(2),
            files: AtomicU32::new(5),
            lost: AtomicU64::new(0),
            out: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Keeps its lines in files of `folder` too, from now on.
    ///
    /// # Errors
    /// The folder or the thread that writes cannot be had: the log stays in memory.
    pub fn keep_in(&self, folder: &Path) -> std::io::Result<()> {
        let folder = folder.join(file::FOLDER);
        let (sender, waiting) = bounded(WAITING);
        file::start(self.clone(), folder.clone(), waiting)?;
        // A second folder is not taken: there is one log of a program.
        drop(self.inner.out.set((sender, folder)));
        Ok(())
    }

    /// Holds what the settings say, at once.
    pub fn follow(&self, settings: &Settings) {
        self.inner.level.store(settings.general.log_level as u8, Ordering::Relaxed);
        self.inner.file_mb.store(settings.records.log_file_mb, Ordering::Relaxed);
        self.inner.files.store(settings.records.log_files, Ordering::Relaxed);
    }

    /// Says something.
    pub fn say(&self, level: LogLevel, part: &str, text: &str) {
        if level as u8 > self.inner.level.load(Ordering::Relaxed) {
            return;
        }
        let line = LogLine {
            seq: self.inner.next.fetch_add(1, Ordering::Relaxed),
            at: self.inner.clock.wall(),
            level,
            part: part.strip_prefix("busbar::").unwrap_or(part).chars().take(80).collect(),
            // A line is a line: what somebody else says could pretend to be another one.
            text: scrub::scrub(text).replace(['\n', '\r'], " "),
        };
        if let Some((out, _)) = self.inner.out.get()
            && out.try_send(line.clone()).is_err()
        {
            self.inner.lost.fetch_add(1, Ordering::Relaxed);
        }
        let mut lines = self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// Lines in memory that `filter` wants, the newest first, at most `most`.
    #[must_use]
    pub fn lines(&self, filter: &LogFilter, most: usize) -> Vec<LogLine> {
        let find = filter.find.to_lowercase();
        let wanted = |line: &&LogLine| {
            let is_early = filter.before.is_none_or(|before| line.seq < before);
            let is_grave = filter.level.is_none_or(|level| line.level <= level);
            let said = || format!("{} {}", line.part, line.text).to_lowercase();
            is_early
                && is_grave
                && (find.is_empty() || {
                    let said = said();
                    find.split_whitespace().all(|word| said.contains(word))
                })
        };
        let lines = self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().rev().filter(wanted).take(most).cloned().collect()
    }

    /// Lines that wait for the disk, how many may, and how many did not fit.
    #[must_use]
    pub fn queue(&self) -> (usize, usize, u64) {
        let waiting = self.inner.out.get().map_or(0, |(out, _)| out.len());
        (waiting, WAITING, self.inner.lost.load(Ordering::Relaxed))
    }

    /// Where its files are, where it has some.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.inner.out.get().map(|(_, folder)| folder.as_path())
    }

    /// Lines that did not fit since this was last asked.
    fn take_lost(&self) -> u64 {
        self.inner.lost.swap(0, Ordering::Relaxed)
    }

    /// At how many bytes a file is closed, and how many are kept.
    fn bounds(&self) -> (u64, u32) {
        let mb = u64::from(self.inner.file_mb.load(Ordering::Relaxed));
        (mb * 1_000_000, self.inner.files.load(Ordering::Relaxed))
    }
}

/// A line as it stands in a file.
#[must_use]
pub fn written(line: &LogLine) -> String {
    let at = i128::from(line.at.nanos());
    let at = jiff::Timestamp::from_nanosecond(at)
        .map_or_else(|_| "?".to_owned(), |at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    format!("{at} {:7} {}: {}\n", line.level.code(), line.part, line.text)
}

impl<S: Subscriber> Layer<S> for SystemLog {
    fn enabled(&self, about: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        is_wanted(about)
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let about = event.metadata();
        let Some(level) = level_of(about) else { return };
        let mut said = Said::default();
        event.record(&mut said);
        self.say(level, about.target(), &said.text());
    }
}

/// Our own parts, and what is grave of others.
fn is_wanted(about: &Metadata<'_>) -> bool {
    let ours = about.target().starts_with("busbar") || about.target() == "journal";
    ours || *about.level() <= Level::WARN
}

fn level_of(about: &Metadata<'_>) -> Option<LogLevel> {
    if !is_wanted(about) {
        return None;
    }
    match *about.level() {
        Level::ERROR => Some(LogLevel::Error),
        Level::WARN => Some(LogLevel::Warning),
        Level::INFO => Some(LogLevel::Info),
        Level::DEBUG => Some(LogLevel::Debug),
        _trace => None,
    }
}

/// The words and the fields of an event.
#[derive(Default)]
struct Said {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Said {
    fn text(&self) -> String {
        let mut text = self.message.clone();
        for (name, value) in &self.fields {
            let space = if text.is_empty() { "" } else { " " };
            _ = write!(text, "{space}{name}={value}");
        }
        text
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else if self.fields.len() < FIELDS {
            self.fields.push((field.name(), format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = value.to_owned();
        } else if self.fields.len() < FIELDS {
            self.fields.push((field.name(), value.to_owned()));
        }
    }
}

/// Standard error without what nobody should read.
#[derive(Clone, Copy, Debug, Default)]
pub struct CleanStderr;

impl std::io::Write for CleanStderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        std::io::stderr().write_all(scrub::scrub(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::base::time::FakeClock;

    fn log() -> SystemLog {
        SystemLog::new(FakeClock::new(Wall::from_nanos(0)))
    }

    fn texts(log: &SystemLog, filter: &LogFilter) -> Vec<String> {
        log.lines(filter, 100).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn what_the_program_says_is_kept_by_level_and_found_by_words() {
        let log = log();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(port = 18080, "the listener is open");
            tracing::warn!("the disk is slow");
            tracing::error!("the disk is full");
            tracing::debug!("nobody asked for this");
        });
        let all = texts(&log, &LogFilter::default());
        assert_eq!(
            all,
            ["the disk is full", "the disk is slow", "the listener is open port=18080"]
        );
        let grave = LogFilter { level: Some(LogLevel::Error), ..LogFilter::default() };
        assert_eq!(texts(&log, &grave), ["the disk is full"]);
        let found = LogFilter { find: "SLOW disk".into(), ..LogFilter::default() };
        assert_eq!(texts(&log, &found), ["the disk is slow"]);
        let early = LogFilter { before: Some(2), ..LogFilter::default() };
        assert_eq!(texts(&log, &early).len(), 1);
    }

    #[test]
    fn the_level_holds_at_once_and_memory_is_bounded() {
        let log = log();
        let mut settings = Settings::default();
        settings.general.log_level = LogLevel::Error;
        log.follow(&settings);
        log.say(LogLevel::Warning, "busbar::web", "unheard");
        assert!(log.lines(&LogFilter::default(), 10).is_empty());
        for number in 0..2 * KEPT {
            log.say(LogLevel::Error, "busbar::web", &number.to_string());
        }
        let lines = log.lines(&LogFilter::default(), usize::MAX);
        assert_eq!((lines.len(), lines[0].part.as_str()), (KEPT, "web"));
    }

    #[test]
    fn a_line_is_one_line_and_holds_no_secret() {
        let log = log();
        log.say(LogLevel::Error, "busbar::x", "password=hunter2\n2026-01-01 error forged");
        let line = &log.lines(&LogFilter::default(), 1)[0];
        assert!(!line.text.contains('\n') && !line.text.contains("hunter2"), "{line:?}");
        assert_eq!(written(line).matches('\n').count(), 1);
    }
}

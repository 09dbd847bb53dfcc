//! Recordings as JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::time::Wall;
use crate::engine::{
    Packing, RecordBegins, RecordFiles, RecordPicture, RecordState, RecordWhenFull, RecorderEntry,
    Shelved,
};
use crate::web::api::give::Time;
use crate::web::api::reading::tidy;
use crate::web::api::take::named_in;
use crate::web::problem::Problem;

/// A recording in the folder.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recording)]
pub struct RecordingShown {
    /// Its name: that of the file.
    name: String,
    /// Its size.
    bytes: u64,
    /// When it was begun, where that is known.
    started: Option<Time>,
    /// When it was finished; `null` while it grows, or where its program was ended.
    ended: Option<Time>,
    /// Frames in it, where they were counted.
    frames: Option<u64>,
    /// Seconds from its first frame to its last.
    seconds: Option<f64>,
    /// Its format: `candump`, `asc`, `blf` and so on.
    format: Option<String>,
    /// Names of its buses.
    buses: Vec<String>,
    /// Frames that are missing.
    missing: u64,
    /// How many gaps there are.
    gap_count: u64,
    /// The first of them.
    gaps: Vec<GapShown>,
    /// The recorder that has written it; empty for one that was taken in.
    recorder: String,
    /// Who has started that.
    by: String,
    /// The filter, if not everything was recorded.
    filter: String,
    /// What its format could not hold.
    not_kept: Vec<String>,
    /// Whether it is being written.
    grows: bool,
}

/// Where frames are missing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingGap)]
struct GapShown {
    /// When.
    at: Time,
    /// How many, as far as that is known.
    frames: u64,
    /// Why.
    why: String,
}

impl RecordingShown {
    /// Of what is in the folder.
    pub fn of(one: &Shelved) -> Self {
        let label = one.label.clone().unwrap_or_default();
        let known = one.label.is_some();
        let time = |nanos: i64| Time(Wall::from_nanos(nanos));
        let gap = |gap: crate::engine::RecordGap| GapShown {
            at: time((gap.at * 1e9) as i64),
            frames: gap.frames,
            why: gap.why,
        };
        Self {
            name: one.name.clone(),
            bytes: one.bytes,
            started: known.then(|| time(label.started)).or(one.written.map(Time)),
            ended: label.ended.map(time),
            frames: known.then_some(label.frames),
            seconds: known.then(|| tidy(label.seconds)),
            format: Some(label.format).filter(|format| !format.is_empty()),
            buses: label.buses,
            missing: label.missing,
            gap_count: label.gap_count,
            gaps: label.gaps.into_iter().map(gap).collect(),
            recorder: label.recording,
            by: label.by,
            filter: label.filter,
            not_kept: label.not_kept,
            grows: one.grows,
        }
    }
}

/// What is to be recorded. Everything may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecordingWanted)]
pub struct StartWanted {
    /// Its name, in front of the names of its files.
    #[serde(default = "usual_name")]
    #[schema(default = "recording")]
    name: String,
    /// Names of buses; none: every bus.
    #[serde(default)]
    buses: Vec<String>,
    /// Only frames that this filter lets through.
    #[serde(default)]
    filter: String,
    /// `candump`, `asc`, `blf`, `trc`, `gvret`, `crtd`, `arrowpoint`, `pcap` or `pcapng`.
    #[schema(default = "candump")]
    format: Option<String>,
    /// `none`, `gzip` or `zstd`.
    #[schema(default = "none")]
    compression: Option<String>,
    /// When it begins: `at-once`, `charge` (with every charge), `fault` (with every fault) or `frames`
    /// (with a frame that `begin_filter` lets through, until one comes that `end_filter` does).
    #[schema(default = "at-once")]
    begin: Option<String>,
    /// Frames that begin it.
    #[serde(default)]
    begin_filter: String,
    /// Frames that end it.
    #[serde(default)]
    end_filter: String,
    /// So many seconds of what came before are recorded too.
    #[schema(minimum = 0, maximum = 3600)]
    before_s: Option<f64>,
    /// So many seconds it goes on when its rule is over.
    #[schema(minimum = 0, maximum = 3600)]
    after_s: Option<f64>,
    /// A new file begins when one has so many bytes.
    #[schema(minimum = 4096, maximum = 1_000_000_000_000_000_i64)]
    rotate_bytes: Option<u64>,
    /// A new file begins after so many seconds.
    #[schema(minimum = 1, maximum = 604800)]
    rotate_s: Option<u32>,
    /// So many files are kept.
    #[schema(minimum = 1, maximum = 1_000_000)]
    keep_files: Option<u32>,
    /// So many bytes are kept.
    #[schema(maximum = 1_000_000_000_000_000_i64)]
    keep_bytes: Option<u64>,
    /// Files are kept for so many hours.
    #[schema(minimum = 1, maximum = 1_000_000)]
    keep_h: Option<u32>,
    /// `stop` or `delete-oldest`.
    #[schema(default = "stop")]
    when_full: Option<String>,
    /// So many bytes stay free on the disk.
    #[schema(maximum = 1_000_000_000_000_000_i64)]
    free_bytes: Option<u64>,
    /// How names of files are made: `{name}`, `{time}`, `{n}`.
    pattern: Option<String>,
}

fn usual_name() -> String {
    "recording".to_owned()
}

/// Most bytes, files and hours that can be asked for.
const MOST_BYTES: u64 = 1_000_000_000_000_000;
const MOST: u64 = 1_000_000;

/// A number that is not left out is within this range.
fn whole(
    field: &'static str,
    number: Option<u64>,
    range: std::ops::RangeInclusive<u64>,
) -> Result<(), Problem> {
    match number {
        Some(number) if !range.contains(&number) => {
            let (least, most) = (range.start(), range.end());
            let text = format!("{field} is {number}; it is from {least} to {most}.");
            Err(Problem::invalid(text).about(field))
        }
        Some(_) | None => Ok(()),
    }
}

/// Longest time before and after, seconds.
const LONGEST: f64 = 3600.0;

impl StartWanted {
    /// What is asked for.
    ///
    /// # Errors
    /// A field cannot be.
    pub fn entry(self) -> Result<RecorderEntry, Problem> {
        let mut entry = RecorderEntry::new(named_in("name", &self.name)?);
        entry.buses =
            self.buses.iter().map(|bus| named_in("buses", bus)).collect::<Result<_, _>>()?;
        entry.filter = self.filter;
        let unknown = |field: &'static str, word: &str| {
            Problem::invalid(format!("{field} is {word:?}, which there is not.")).about(field)
        };
        let rule = [("begin_filter", &self.begin_filter), ("end_filter", &self.end_filter)];
        let by_frames = self.begin.as_deref() == Some("frames");
        if let Some((field, _)) = rule.iter().find(|(_, filter)| !by_frames && !filter.is_empty()) {
            let text = format!("{field} goes with \"begin\": \"frames\".");
            return Err(Problem::invalid(text).about(*field));
        }
        if let Some(word) = &self.begin {
            entry.begins = RecordBegins::named(word, &self.begin_filter, &self.end_filter)
                .ok_or_else(|| unknown("begin", word))?;
        }
        let span = |field: &'static str, seconds: f64| match (0.0..=LONGEST).contains(&seconds) {
            true => Ok(Duration::from_secs_f64(seconds)),
            false => {
                let text = format!("{field} is {seconds}; it is from 0 to {LONGEST}.");
                Err(Problem::invalid(text).about(field))
            }
        };
        entry.before = self.before_s.map_or(Ok(entry.before), |s| span("before_s", s))?;
        entry.after = self.after_s.map_or(Ok(entry.after), |s| span("after_s", s))?;
        let files = &mut entry.files;
        if let Some(word) = &self.format {
            files.format =
                RecordFiles::format_named(word).ok_or_else(|| unknown("format", word))?;
        }
        if let Some(word) = &self.compression {
            files.packing = Packing::named(word).ok_or_else(|| unknown("compression", word))?;
        }
        if let Some(word) = &self.when_full {
            files.when_full =
                RecordWhenFull::named(word).ok_or_else(|| unknown("when_full", word))?;
        }
        files.rotate_size = self.rotate_bytes;
        whole("rotate_s", self.rotate_s.map(u64::from), 1..=604_800)?;
        whole("keep_files", self.keep_files.map(u64::from), 1..=MOST)?;
        whole("keep_h", self.keep_h.map(u64::from), 1..=MOST)?;
        whole("rotate_bytes", self.rotate_bytes, 4096..=MOST_BYTES)?;
        whole("keep_bytes", self.keep_bytes, 0..=MOST_BYTES)?;
        whole("free_bytes", self.free_bytes, 0..=MOST_BYTES)?;
        files.rotate_span = self.rotate_s.map(|s| Duration::from_secs(s.into()));
        files.keeping.files = self.keep_files;
        files.keeping.bytes = self.keep_bytes;
        files.keeping.age = self.keep_h.map(|h| Duration::from_secs(u64::from(h) * 3600));
        files.floor = self.free_bytes.unwrap_or(files.floor);
        files.pattern = self.pattern.unwrap_or_else(|| files.pattern.clone());
        entry.check().map_err(|(key, why)| {
            let field = match key {
                "rotate_mb" => "rotate_bytes",
                key => key,
            };
            Problem::invalid(format!("{field}: {why}.")).about(field)
        })?;
        Ok(entry)
    }
}

/// Whether something is recorded.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RecorderState)]
enum StateShown {
    /// It is.
    Running,
    /// Its rule has not come true.
    Waiting,
    /// It has ended.
    Ended,
}

/// What is recorded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recorder)]
pub struct RecorderShown {
    /// Its name.
    name: String,
    /// Who has started it; `profile` for one that the profile has.
    by: String,
    /// Since when.
    since: Time,
    /// Whether it runs.
    state: StateShown,
    /// Why it has ended.
    why: Option<String>,
    /// Names of its buses; none: every bus.
    buses: Vec<String>,
    /// Which frames.
    filter: String,
    /// When it begins.
    begin: &'static str,
    /// Its format.
    format: &'static str,
    /// How it is packed.
    compression: &'static str,
    /// Frames written.
    frames: u64,
    /// Bytes in all of its files.
    bytes: u64,
    /// Frames a second.
    rate: f64,
    /// Frames that are missing.
    missing: u64,
    /// How many gaps there are.
    gap_count: u64,
    /// Files begun.
    files: u32,
    /// Files that were deleted to make room.
    deleted_files: u32,
    /// Name of the file that is written, or of the last.
    file: Option<String>,
}

impl RecorderShown {
    /// Of what runs.
    pub fn of(one: &RecordPicture) -> Self {
        let (entry, figures) = (&one.entry, &one.figures);
        let (state, why) = match &one.state {
            RecordState::Running => (StateShown::Running, None),
            RecordState::Waiting => (StateShown::Waiting, None),
            RecordState::Ended(why) => (StateShown::Ended, Some(why.clone())),
        };
        let file = figures.file.as_ref().and_then(|file| file.file_name());
        Self {
            name: entry.name.to_string(),
            by: one.by.clone(),
            since: Time(one.since),
            state,
            why,
            buses: entry.buses.iter().map(ToString::to_string).collect(),
            filter: entry.filter.clone(),
            begin: entry.begins.name(),
            format: RecordFiles::format_name(entry.files.format),
            compression: entry.files.packing.name(),
            frames: figures.frames,
            bytes: figures.bytes,
            rate: tidy(one.rate),
            missing: figures.missing,
            gap_count: figures.gaps,
            files: figures.files,
            deleted_files: figures.given_up,
            file: file.map(|file| file.to_string_lossy().into_owned()),
        }
    }
}

//! What a profile records by itself: `[[recorder]]` tables. A recording that somebody starts by hand is
//! described by the same entry.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use toml::Spanned;

use crate::base::id::Name;
use crate::engine::can::record::plan::{FilePlan, PlanError, WhenFull};
use crate::engine::can::trace::Packing;
use crate::engine::filter::Filter;
use crate::engine::profile::model::Profile;
use crate::engine::profile::parse::{Number, Part, Reader};

#[cfg(test)]
mod tests;

/// Most recorders of a profile, and recordings at a time.
pub const RECORDER_LIMIT: usize = 16;
/// Longest time before and after, seconds.
const GREATEST_SPAN_S: u32 = 3600;
/// So long something is recorded after its rule is over, unless told otherwise.
const USUAL_AFTER: Duration = Duration::from_secs(10);

/// When a recording begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Begins {
    /// At once: when somebody starts it, or with the profile.
    #[default]
    AtOnce,
    /// With every charge, until it has ended.
    Charge,
    /// With every fault that a battery or a charge has, until it is gone.
    Fault,
    /// With a frame that the first filter lets through, until one comes that the second does.
    Frames {
        /// Begins it.
        begin: String,
        /// Ends it; empty: when the first has let none through for a while.
        end: String,
    },
}

impl Begins {
    /// Its name in profiles and requests.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AtOnce => "at-once",
            Self::Charge => "charge",
            Self::Fault => "fault",
            Self::Frames { .. } => "frames",
        }
    }

    /// The one with this name, with the filters for frames.
    #[must_use]
    pub fn named(name: &str, begin: &str, end: &str) -> Option<Self> {
        Some(match name {
            "at-once" => Self::AtOnce,
            "charge" => Self::Charge,
            "fault" => Self::Fault,
            "frames" => Self::Frames { begin: begin.to_owned(), end: end.to_owned() },
            _ => return None,
        })
    }
}

/// What is recorded, when, and into what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecorderEntry {
    /// Its name, in front of the names of its files.
    pub name: Name,
    /// The buses; none: all of them.
    pub buses: Vec<Name>,
    /// Which frames; empty: all of them.
    pub filter: String,
    /// When it begins.
    pub begins: Begins,
    /// So much of what came before is recorded too.
    pub before: Duration,
    /// So long it goes on when its rule is over.
    pub after: Duration,
    /// Its files.
    pub files: FilePlan,
}

/// A value of a `[[recorder]]` table.
pub enum RecorderValue {
    /// A text.
    Text(String),
    /// A whole number.
    Number(u64),
    /// Several texts.
    Texts(Vec<String>),
}

impl RecorderEntry {
    /// One that records everything at once into a candump log.
    #[must_use]
    pub fn new(name: Name) -> Self {
        Self {
            name,
            buses: Vec::new(),
            filter: String::new(),
            begins: Begins::AtOnce,
            before: Duration::ZERO,
            after: USUAL_AFTER,
            files: FilePlan::default(),
        }
    }

    /// Whether it can be: the files, and filters that can be read.
    ///
    /// # Errors
    /// What is wrong, and with which key.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        self.files.check().map_err(|why| (key_of(&why), why.to_string()))?;
        let filter = |key, text: &str| {
            Filter::parse(text).map(drop).map_err(|mistake| {
                let place = text.get(..mistake.span.start).unwrap_or_default().chars().count();
                (key, format!("character {}: {}", place + 1, mistake.text))
            })
        };
        filter("filter", &self.filter)?;
        if let Begins::Frames { begin, end } = &self.begins {
            if begin.trim().is_empty() {
                let why = "\"frames\" needs a filter that begins the recording".to_owned();
                return Err(("begin_filter", why));
            }
            filter("begin_filter", begin)?;
            filter("end_filter", end)?;
        }
        Ok(())
    }

    /// What is not as usual, as keys and values of a profile.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, RecorderValue)> {
        use RecorderValue::{Number, Text, Texts};
        let usual = Self::new(self.name.clone());
        let (files, plain) = (&self.files, &usual.files);
        let mut all = vec![("name", Text(self.name.to_string()))];
        let mut put = |key, is_own: bool, value| {
            if is_own {
                all.push((key, value));
            }
        };
        let buses: Vec<String> = self.buses.iter().map(ToString::to_string).collect();
        put("buses", !buses.is_empty(), Texts(buses));
        put("filter", !self.filter.is_empty(), Text(self.filter.clone()));
        put("begin", self.begins != Begins::AtOnce, Text(self.begins.name().to_owned()));
        if let Begins::Frames { begin, end } = &self.begins {
            put("begin_filter", true, Text(begin.clone()));
            put("end_filter", !end.is_empty(), Text(end.clone()));
        }
        put("before_s", self.before != usual.before, Number(self.before.as_secs()));
        put("after_s", self.after != usual.after, Number(self.after.as_secs()));
        let format = FilePlan::format_name(files.format);
        put("format", files.format != plain.format, Text(format.to_owned()));
        let packing = files.packing.name();
        put("compression", files.packing != plain.packing, Text(packing.to_owned()));
        put("pattern", files.pattern != plain.pattern, Text(files.pattern.clone()));
        let mega = |bytes: u64| bytes.div_ceil(1_000_000);
        let numbers = [
            ("rotate_mb", files.rotate_size.map(mega)),
            ("rotate_s", files.rotate_span.map(|span| span.as_secs())),
            ("keep_files", files.keeping.files.map(u64::from)),
            ("keep_mb", files.keeping.bytes.map(mega)),
            ("keep_h", files.keeping.age.map(|age| age.as_secs() / 3600)),
        ];
        for (key, number) in numbers {
            put(key, number.is_some(), Number(number.unwrap_or_default()));
        }
        let when_full = files.when_full.name();
        put("when_full", files.when_full != plain.when_full, Text(when_full.to_owned()));
        put("free_mb", files.floor != plain.floor, Number(mega(files.floor)));
        all
    }
}

/// The key that a mistake in a plan of files is about.
const fn key_of(why: &PlanError) -> &'static str {
    match why {
        PlanError::Format(_) => "format",
        PlanError::PackedAlready(_) => "compression",
        PlanError::Pattern { .. } => "pattern",
        PlanError::TooSmall { .. } => "rotate_mb",
    }
}

impl Serialize for RecorderEntry {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.pairs().into_iter().map(|(key, value)| (key, Plain(value))))
    }
}

struct Plain(RecorderValue);

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            RecorderValue::Text(text) => to.serialize_str(text),
            RecorderValue::Number(number) => to.serialize_u64(*number),
            RecorderValue::Texts(texts) => to.collect_seq(texts),
        }
    }
}

/// A `[[recorder]]` table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRecorder {
    name: Spanned<String>,
    #[serde(default)]
    buses: Vec<Spanned<String>>,
    filter: Option<Spanned<String>>,
    begin: Option<Spanned<String>>,
    begin_filter: Option<Spanned<String>>,
    end_filter: Option<Spanned<String>>,
    before_s: Option<Spanned<Number>>,
    after_s: Option<Spanned<Number>>,
    format: Option<Spanned<String>>,
    compression: Option<Spanned<String>>,
    pattern: Option<Spanned<String>>,
    rotate_mb: Option<Spanned<Number>>,
    rotate_s: Option<Spanned<Number>>,
    keep_files: Option<Spanned<Number>>,
    keep_mb: Option<Spanned<Number>>,
    keep_h: Option<Spanned<Number>>,
    when_full: Option<Spanned<String>>,
    free_mb: Option<Spanned<Number>>,
}

/// Most megabytes, hours and files that can be asked for.
const GREATEST: u32 = 100_000_000;
/// Longest time of a file, seconds: a week.
const GREATEST_ROTATE_S: u32 = 7 * 24 * 3600;

impl Reader<'_> {
    pub(super) fn recorders(
        &mut self,
        raw: Vec<Spanned<RawRecorder>>,
    ) -> Option<Vec<RecorderEntry>> {
        if raw.len() > RECORDER_LIMIT {
            let text = format!("{} recorders; at most {RECORDER_LIMIT} are allowed", raw.len());
            self.wrong(0, text);
            return None;
        }
        let all: Vec<_> =
            raw.into_iter().enumerate().map(|(at, one)| self.recorder(at, one)).collect();
        all.into_iter().collect()
    }

    fn recorder(&mut self, position: usize, raw: Spanned<RawRecorder>) -> Option<RecorderEntry> {
        let part = Part::Recorder(position);
        self.note(part, "", &raw);
        let raw = raw.into_inner();
        let name = self.name(part, "name", &raw.name);
        let buses: Vec<Option<Name>> =
            raw.buses.iter().map(|bus| self.name(part, "buses", bus)).collect();
        let filter = self.words(part, "filter", raw.filter);
        let begin = self.words(part, "begin_filter", raw.begin_filter);
        let end = self.words(part, "end_filter", raw.end_filter);
        let begins =
            self.choice(part, "begin", raw.begin, "at-once, charge, fault or frames", |w| {
                Begins::named(w, begin.as_deref().unwrap_or(""), end.as_deref().unwrap_or(""))
            });
        if !matches!(begins, Some(Begins::Frames { .. })) {
            for (key, filter) in [("begin_filter", &begin), ("end_filter", &end)] {
                if filter.as_ref().is_some_and(|filter| !filter.trim().is_empty()) {
                    let line = self.lines.of(part, key);
                    let what = format!("{key} goes with begin = \"frames\"");
                    self.wrong(line, format!("recorder {:?}: {what}", raw.name.get_ref()));
                }
            }
        }
        let formats = FilePlan::FORMATS.map(|(name, _)| name).join(", ");
        let format = self.choice(part, "format", raw.format, &formats, FilePlan::format_named);
        let packing =
            self.choice(part, "compression", raw.compression, "none, gzip or zstd", Packing::named);
        let full = "stop or delete-oldest";
        let when_full = self.choice(part, "when_full", raw.when_full, full, WhenFull::named);
        let mut number = |key, raw: Option<Spanned<Number>>, least, most| {
            self.whole(part, key, raw.as_ref(), least, most)
        };
        let before = number("before_s", raw.before_s, 0, GREATEST_SPAN_S);
        let after = number("after_s", raw.after_s, 0, GREATEST_SPAN_S);
        let rotate_mb = number("rotate_mb", raw.rotate_mb, 1, GREATEST);
        let rotate_s = number("rotate_s", raw.rotate_s, 1, GREATEST_ROTATE_S);
        let keep_files = number("keep_files", raw.keep_files, 1, GREATEST);
        let keep_mb = number("keep_mb", raw.keep_mb, 1, GREATEST);
        let keep_h = number("keep_h", raw.keep_h, 1, GREATEST);
        let free_mb = number("free_mb", raw.free_mb, 0, GREATEST);
        let pattern = self.words(part, "pattern", raw.pattern);
        let mut entry = RecorderEntry::new(name?);
        entry.buses = buses.into_iter().collect::<Option<_>>()?;
        entry.filter = filter.unwrap_or_default();
        entry.begins = begins.unwrap_or_default();
        let seconds = |s: u32| Duration::from_secs(s.into());
        entry.before = before.map_or(entry.before, seconds);
        entry.after = after.map_or(entry.after, seconds);
        let mega = |mb: u32| u64::from(mb) * 1_000_000;
        let files = &mut entry.files;
        files.format = format.unwrap_or(files.format);
        files.packing = packing.unwrap_or(files.packing);
        files.when_full = when_full.unwrap_or(files.when_full);
        files.rotate_size = rotate_mb.map(mega);
        files.rotate_span = rotate_s.map(seconds);
        files.keeping.files = keep_files;
        files.keeping.bytes = keep_mb.map(mega);
        files.keeping.age = keep_h.map(|h| Duration::from_secs(u64::from(h) * 3600));
        files.floor = free_mb.map_or(files.floor, mega);
        files.pattern = pattern.unwrap_or_else(|| files.pattern.clone());
        if let Err((key, why)) = entry.check() {
            let line = self.lines.of(part, key);
            self.wrong(line, format!("recorder {:?}: {key}: {why}", entry.name.as_str()));
        }
        Some(entry)
    }

    fn words(
        &mut self,
        part: Part,
        key: &'static str,
        raw: Option<Spanned<String>>,
    ) -> Option<String> {
        let raw = raw?;
        self.note(part, key, &raw);
        Some(raw.into_inner())
    }

    fn choice<T>(
        &mut self,
        part: Part,
        key: &'static str,
        raw: Option<Spanned<String>>,
        known: &str,
        find: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let raw = raw?;
        let line = self.note(part, key, &raw);
        let found = find(raw.get_ref());
        if found.is_none() {
            self.wrong(line, format!("{key} is {:?}: there is {known}", raw.get_ref()));
        }
        found
    }

    /// Recorders have names of their own, and record buses of the profile.
    pub(super) fn recorded(&mut self, profile: &Profile) {
        for (position, recorder) in profile.recorders.iter().enumerate() {
            let part = Part::Recorder(position);
            let name = recorder.name.as_str();
            let before = profile.recorders.iter().take(position);
            if before.into_iter().any(|other| other.name == recorder.name) {
                let line = self.lines.of(part, "name");
                self.wrong(line, format!("a second recorder is called {name:?}"));
            }
            for bus in recorder.buses.iter().filter(|bus| profile.bus(bus).is_none()) {
                let line = self.lines.of(part, "buses");
                let bus = bus.as_str();
                self.wrong(line, format!("recorder {name:?} names an unknown bus {bus:?}"));
            }
        }
    }
}

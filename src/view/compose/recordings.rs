//! Composes recording: what runs, what a person wants recorded, the recordings in the folder.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::id::Name;
use crate::base::time::Wall;
use crate::engine::{
    Packing, RecordBegins, RecordFiles, RecordPicture, RecordState, RecordWhenFull, RecorderEntry,
    Session, Shelved, Snapshot, UseCan,
};
use crate::view::offer::{Grave, Offer, Question};
use crate::view::recordings::{RecordPrefs, RecordRow, RecordView, ShelfRow, ShelfView};
use crate::view::shown::Tone;
use crate::view::text;

/// Gaps that are told behind a recording.
const GAPS_TOLD: usize = 8;

/// What is recorded.
#[must_use]
pub fn recording(snapshot: &Snapshot, session: &Session, zone: &TimeZone) -> RecordView {
    let may = session.may(UseCan);
    let rows = snapshot.recordings.iter().rev().map(|one| row(one, may, zone)).collect();
    let start = match may {
        true => Offer::open("Start recording"),
        false => Offer::shut("Start recording", &needs()),
    };
    let buses = snapshot.buses.iter().map(|bus| bus.name.to_string()).collect();
    RecordView { running: rows, start, chip: chip(snapshot), buses }
}

fn needs() -> String {
    let right = crate::view::compose::sending::right();
    format!("This needs the permission \u{201c}{right}\u{201d}.")
}

/// How many recordings are being written, in words; `None` while none is.
#[must_use]
pub fn chip(snapshot: &Snapshot) -> Option<String> {
    let is_running = |one: &&std::sync::Arc<RecordPicture>| one.state == RecordState::Running;
    match snapshot.recordings.iter().filter(is_running).count() {
        0 => None,
        1 => Some("Recording".to_owned()),
        more => Some(format!("Recording {more}")),
    }
}

fn row(one: &RecordPicture, may: bool, zone: &TimeZone) -> RecordRow {
    let (entry, figures) = (&one.entry, &one.figures);
    let (state, tone) = match &one.state {
        RecordState::Running => ("recording".to_owned(), Tone::Fault),
        RecordState::Waiting => (waiting(&entry.begins), Tone::Ok),
        RecordState::Ended(why) => (why.clone(), Tone::Muted),
    };
    let runs = !matches!(one.state, RecordState::Ended(_));
    let buses: Vec<&str> = entry.buses.iter().map(Name::as_str).collect();
    let buses = if buses.is_empty() { "every bus".to_owned() } else { buses.join(", ") };
    let filter = match entry.filter.trim() {
        "" => String::new(),
        filter => format!(", only {filter}"),
    };
    let format = format_words(RecordFiles::format_name(entry.files.format));
    let packing = match entry.files.packing {
        Packing::None => String::new(),
        packing @ (Packing::Gzip | Packing::Zstd) => format!(", {}", packing.name()),
    };
    let rate = match one.state {
        RecordState::Running => format!(", {} frames/s", text::fixed(one.rate, 0)),
        RecordState::Waiting | RecordState::Ended(_) => String::new(),
    };
    let files = match figures.files {
        0 | 1 => String::new(),
        files => format!(" in {files} files"),
    };
    let count = text::grouped(figures.frames);
    let name = figures.file.as_ref().and_then(|file| file.file_name());
    RecordRow {
        name: entry.name.to_string(),
        state,
        tone,
        what: format!("{buses} as {format}{packing}{filter}"),
        figures: format!("{count} frames, {}{files}{rate}", size(figures.bytes)),
        missing: missing(figures.missing, figures.gaps),
        file: name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        by: format!("by {} since {}", one.by, text::stamp(one.since, zone)),
        stop: (runs && may).then(|| Offer::open("Stop")),
        forget: (!runs && may).then(|| Offer::open("Forget")),
    }
}

fn waiting(begins: &RecordBegins) -> String {
    match begins {
        RecordBegins::AtOnce => "waiting".to_owned(),
        RecordBegins::Charge => "waiting for a charge".to_owned(),
        RecordBegins::Fault => "waiting for a fault".to_owned(),
        RecordBegins::Frames { begin, .. } => format!("waiting for {begin}"),
    }
}

/// "120 frames are missing in 2 gaps"; empty where there is no gap.
fn missing(frames: u64, gaps: u64) -> String {
    let gaps = match gaps {
        0 => {
            return if frames == 0 {
                String::new()
            } else {
                format!("{} frames are missing", text::grouped(frames))
            };
        }
        1 => "1 gap".to_owned(),
        gaps => format!("{} gaps", text::grouped(gaps)),
    };
    match frames {
        0 => gaps,
        1 => format!("1 frame is missing in {gaps}"),
        frames => format!("{} frames are missing in {gaps}", text::grouped(frames)),
    }
}

fn format_words(short: &str) -> &str {
    let known = RecordPrefs::FORMATS.iter().find(|(name, _)| *name == short);
    known.map_or(short, |(_, words)| words)
}

/// "1.2 MB".
#[must_use]
pub fn size(bytes: u64) -> String {
    let number = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", text::fixed(number / 1e3, 1)),
        1_000_000..1_000_000_000 => format!("{} MB", text::fixed(number / 1e6, 1)),
        _ => format!("{} GB", text::fixed(number / 1e9, 2)),
    }
}

/// The recordings in the folder.
#[must_use]
pub fn shelf(
    found: &Result<Vec<Shelved>, String>,
    (folder, session): (&std::path::Path, &Session),
    zone: &TimeZone,
) -> ShelfView {
    let may = session.may(UseCan);
    let folder = folder.display().to_string();
    match found {
        Err(why) => ShelfView { folder, empty: why.clone(), ..ShelfView::default() },
        Ok(all) => {
            let bytes: u64 = all.iter().map(|one| one.bytes).sum();
            let rows: Vec<ShelfRow> = all.iter().map(|one| shelf_row(one, may, zone)).collect();
            let summary = format!("{}, {}", text::count(rows.len(), "recording"), size(bytes));
            let empty = "Nothing is recorded yet.".to_owned();
            ShelfView { folder, rows, empty, summary }
        }
    }
}

fn shelf_row(one: &Shelved, may: bool, zone: &TimeZone) -> ShelfRow {
    let label = one.label.as_ref();
    let started = label.map(|label| Wall::from_nanos(label.started)).or(one.written);
    let (state, tone) = match label {
        _ if one.grows => ("being written".to_owned(), Tone::Fault),
        Some(label) if label.missing > 0 || label.gap_count > 0 => {
            (missing(label.missing, label.gap_count), Tone::Warning)
        }
        Some(label) if label.ended.is_none() => {
            ("not finished: its program was ended".to_owned(), Tone::Warning)
        }
        Some(_) | None => (String::new(), Tone::Muted),
    };
    let gaps = label.map(|label| label.gaps.iter().take(GAPS_TOLD)).into_iter().flatten();
    let gaps: Vec<String> = gaps
        .map(|gap| {
            let at = text::time_of_day(Wall::from_nanos((gap.at * 1e9) as i64), zone);
            format!("{at}: {}", gap.why)
        })
        .collect();
    let delete = match (may, one.grows) {
        (false, _) => Offer::shut("Delete\u{2026}", &needs()),
        (true, true) => {
            Offer::shut("Delete\u{2026}", "It is being written: stop the recording first.")
        }
        (true, false) => Offer::open("Delete\u{2026}"),
    };
    ShelfRow {
        name: one.name.clone(),
        path: one.path.clone(),
        started: started.map(|at| text::stamp(at, zone)).unwrap_or_default(),
        took: label
            .map(|l| text::span(Duration::from_secs_f64(l.seconds.clamp(0.0, 1e9))))
            .unwrap_or_default(),
        frames: label.map(|label| text::grouped(label.frames)).unwrap_or_default(),
        size: size(one.bytes),
        format: label.map(|label| format_words(&label.format).to_owned()).unwrap_or_default(),
        buses: label.map(|label| label.buses.join(", ")).unwrap_or_default(),
        state,
        tone,
        hover: gaps.join("\n"),
        delete: Grave {
            offer: delete,
            question: Question {
                title: format!("Delete {}?", one.name),
                text: format!("The recording ({}) is gone for good.", size(one.bytes)),
                confirm: "Delete it".to_owned(),
            },
        },
    }
}

/// What was typed, as a recording to be started.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn entry(prefs: &RecordPrefs) -> Result<RecorderEntry, String> {
    let name = match prefs.name.trim() {
        "" => "recording",
        name => name,
    };
    let named = |what: &str, text: &str| Name::new(text).map_err(|why| format!("{what}: {why}."));
    let mut entry = RecorderEntry::new(named("Name", name)?);
    let buses = prefs.buses.split([',', ' ']).filter(|bus| !bus.is_empty());
    entry.buses = buses.map(|bus| named("Buses", bus)).collect::<Result<_, _>>()?;
    entry.filter = prefs.filter.trim().to_owned();
    let unknown = |what: &str, word: &str| format!("{what}: there is no {word:?}.");
    let (begin, end) = (prefs.begin_filter.trim(), prefs.end_filter.trim());
    entry.begins = RecordBegins::named(&prefs.begin, begin, end)
        .ok_or_else(|| unknown("Begins", &prefs.begin))?;
    let files = &mut entry.files;
    files.format =
        RecordFiles::format_named(&prefs.format).ok_or_else(|| unknown("Format", &prefs.format))?;
    files.packing = Packing::named(&prefs.compression)
        .ok_or_else(|| unknown("Compression", &prefs.compression))?;
    files.when_full = RecordWhenFull::named(&prefs.when_full)
        .ok_or_else(|| unknown("When the disk is full", &prefs.when_full))?;
    let mega = |mb: f64| (mb * 1e6) as u64;
    files.rotate_size = number("Size of a file", &prefs.rotate_mb)?.map(mega);
    let minutes = number("Time of a file", &prefs.rotate_min)?;
    files.rotate_span = minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    files.keeping.files = number("Files kept", &prefs.keep_files)?.map(|files| files as u32);
    files.keeping.bytes = number("Size kept", &prefs.keep_mb)?.map(mega);
    let hours = number("Hours kept", &prefs.keep_h)?;
    files.keeping.age = hours.map(|hours| Duration::from_secs_f64(hours * 3600.0));
    let seconds = |what, text: &str, usual: Duration| -> Result<Duration, String> {
        let typed = number(what, text)?.map(Duration::from_secs_f64).unwrap_or(usual);
        let most = Duration::from_secs(3600);
        if typed > most { Err(format!("{what}: at most an hour.")) } else { Ok(typed) }
    };
    entry.before = seconds("Seconds before", &prefs.before_s, entry.before)?;
    entry.after = seconds("Seconds after", &prefs.after_s, entry.after)?;
    entry.check().map_err(|(key, why)| format!("{}: {why}.", words_of(key)))?;
    Ok(entry)
}

/// What a key of an entry is called on the screen.
fn words_of(key: &str) -> &str {
    match key {
        "filter" => "Filter",
        "begin_filter" => "Frames that begin it",
        "end_filter" => "Frames that end it",
        "compression" => "Compression",
        "format" => "Format",
        _ => "Files",
    }
}

/// Greatest number that is taken.
const GREATEST: f64 = 1e8;

fn number(what: &str, typed: &str) -> Result<Option<f64>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let number = typed.replace(',', ".").parse::<f64>();
    match number {
        Ok(number) if (0.0..=GREATEST).contains(&number) => Ok(Some(number)),
        Ok(_) | Err(_) => Err(format!("{what}: {typed:?} is no number that can be.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_a_recording_or_a_sentence() {
        let usual = entry(&RecordPrefs::default()).unwrap();
        assert_eq!(usual.name.as_str(), "recording");
        assert_eq!(usual, RecorderEntry::new(usual.name.clone()));
        let typed = RecordPrefs {
            name: "drive".into(),
            buses: "can0, can1".into(),
            begin: "frames".into(),
            begin_filter: "id:100".into(),
            rotate_mb: "1,5".into(),
            rotate_min: "10".into(),
            keep_files: "3".into(),
            compression: "zstd".into(),
            ..RecordPrefs::default()
        };
        let made = entry(&typed).unwrap();
        assert_eq!(made.buses.len(), 2);
        assert_eq!(made.files.rotate_size, Some(1_500_000));
        assert_eq!(made.files.rotate_span, Some(Duration::from_secs(600)));
        let wrong = |change: &dyn Fn(&mut RecordPrefs)| {
            let mut prefs = typed.clone();
            change(&mut prefs);
            entry(&prefs).unwrap_err()
        };
        assert!(wrong(&|p| p.filter = "id:".into()).starts_with("Filter: character"));
        assert!(wrong(&|p| p.begin_filter.clear()).contains("Frames that begin it"));
        assert!(wrong(&|p| p.rotate_mb = "much".into()).contains("Size of a file"));
        assert!(wrong(&|p| p.rotate_mb = "-1".into()).contains("Size of a file"));
        assert!(wrong(&|p| p.format = "blf".into()).contains("packed by itself"));
        assert!(wrong(&|p| p.before_s = "99999".into()).contains("an hour"));
    }

    #[test]
    fn sizes_and_gaps_are_told_in_words() {
        assert_eq!((size(999), size(1_250_000)), ("999 B".into(), "1.2 MB".into()));
        assert_eq!(missing(0, 0), "");
        assert_eq!(missing(0, 1), "1 gap");
        assert_eq!(missing(1234, 2), "1\u{a0}234 frames are missing in 2 gaps");
    }
}

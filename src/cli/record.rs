//! `busbar record`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::base::id::Name;
use crate::base::time::{Clock, SystemClock};
use crate::cli::meter::Meter;
use crate::cli::{Outcome, Refused, known_devices, stop_on_signal};
use crate::engine::record::{Ended, FilePlan, Place, Position, Request, Summary, run as record};
use crate::engine::{
    Address, BusEntry, Library, Packing, Profile, RecordKeeping, RecordWhenFull, demo_profile,
    load_profile,
};

/// Names of a recording that nobody has named.
const NAME: &str = "recording";

/// Record buses into files, without a window. No frame is sent.
///
/// BUS is socketcan:can0 (or can0), slcan:PORT@BITRATE, virtual:NAME or replay:FILE; with --profile, the name of one of its
/// buses, and without a BUS all of them. An adapter on a serial port acknowledges what it hears, as every
/// node of a bus does; slcan:PORT@BITRATE,listen has it listen only. That of SocketCAN is as the
/// interface was set up. Files have the time of their beginning in UTC in their names
/// unless --out names one. What was recorded a second ago is in the file, whatever happens to the
/// program or the machine's power. Frames that could not be recorded are counted, and stand in the
/// file as a gap. Ctrl+C ends it. Exit code 0: recorded; 1: recorded, but frames are missing or it
/// could not go on; 2: nothing recorded.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The buses.
    #[arg(value_name = "BUS", required_unless_present_any = ["profile", "demo"])]
    pub buses: Vec<String>,
    /// Record the buses of a profile: its name in the data folder, or a file.
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "demo")]
    pub profile: Option<String>,
    /// Record the simulated devices of a scene [default scene: demo].
    #[arg(long, value_name = "SCENE", num_args = 0..=1, default_missing_value = "demo")]
    pub demo: Option<String>,
    /// A file, or a folder that is there.
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub out: PathBuf,
    /// candump, asc, blf, trc, gvret, crtd, arrowpoint, pcap or pcapng [default: by the ending of
    /// --out, else candump].
    #[arg(long, value_name = "FORMAT")]
    pub to: Option<String>,
    /// Begin a new file when one has so many bytes: 500k, 20M, 1G.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub rotate_size: Option<u64>,
    /// Begin a new file after so long: 90s, 10m, 1h.
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub rotate_time: Option<Duration>,
    /// Keep so many files, or so many bytes (20M), or those of so long (2h): the oldest go. May be
    /// given several times.
    #[arg(long, value_name = "FILES|SIZE|TIME", value_parser = keep)]
    pub keep: Vec<Keep>,
    /// What happens when the disk is full: stop, or delete-oldest.
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    pub when_full: String,
    /// So much stays free on the disk.
    #[arg(long, value_name = "SIZE", default_value = "100M", value_parser = size)]
    pub free: u64,
    /// Pack the files with zstd.
    #[arg(long, conflicts_with = "gzip")]
    pub zstd: bool,
    /// Pack the files with gzip.
    #[arg(long)]
    pub gzip: bool,
    /// Only frames that this filter lets through, such as "id:600..6FF or type:error".
    #[arg(long, value_name = "FILTER", default_value = "")]
    pub filter: String,
    /// End after so long: 30s, 10m, 1h.
    #[arg(long = "for", value_name = "TIME", value_parser = span, allow_hyphen_values = true)]
    pub span: Option<Duration>,
    /// End after so many frames.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// How the summary is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How the summary is printed.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// {"frames", "bytes", "left_out", "missing", "gaps", "files", "deleted_files", "seconds", "not_kept", "ended", "why"}.
    Json,
}

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So many files.
    Files(u32),
    /// So many bytes.
    Bytes(u64),
    /// Those of so long.
    Age(Duration),
}

/// Runs it.
///
/// # Errors
/// Says what and where.
pub fn run(args: &Args, data_dir: Option<&Path>) -> Outcome {
    let (profile, only) = buses(args, data_dir)?;
    let files = files(args)?;
    let place = if args.out.is_dir() {
        Place::Folder(args.out.clone())
    } else {
        Place::File(args.out.clone())
    };
    let filter = args.filter.clone();
    let (span, count) = (args.span, args.count);
    let catalog = known_devices(data_dir);
    let request = Request { profile, catalog, only, filter, files, place, span, count };
    let clock: Arc<dyn Clock> = SystemClock::new();
    let stop = stop_on_signal()?;
    let terminal = io::stderr().is_terminal();
    let mut meter = Meter::new(None);
    let mut watch = |position: &Position| {
        if let Some(word) = &position.word {
            if terminal {
                meter.clear();
            }
            eprintln!("busbar: {word}");
        }
        meter.show(position.figures.frames, position.figures.bytes);
    };
    let summary = record(request, &clock, &stop, &mut watch)?;
    meter.clear();
    match args.format {
        Format::Json => writeln!(io::stdout(), "{}", serde_json::to_string(&summary)?)?,
        Format::Text => tell(&summary)?,
    }
    if let Some(why) = nothing(&summary) {
        eprintln!("busbar: {why}");
    }
    Ok(ExitCode::from(code(&summary)))
}

/// Why nothing was recorded, where nothing was.
fn nothing(summary: &Summary) -> Option<String> {
    if summary.frames > 0 || summary.missing > 0 || summary.ended == Ended::Broken {
        return None;
    }
    Some(match summary.left_out {
        0 => "nothing was recorded: no frame came".to_owned(),
        1 => "nothing was recorded: 1 frame came, and the filter let none through".to_owned(),
        many => {
            format!("nothing was recorded: {many} frames came, and the filter let none through")
        }
    })
}

/// The exit code of a recording that has begun.
fn code(summary: &Summary) -> u8 {
    if summary.frames == 0 && summary.missing == 0 {
        return 2;
    }
    let is_whole = summary.ended != Ended::Broken && summary.missing == 0;
    u8::from(!is_whole)
}

/// What is recorded, and which buses of it.
fn buses(args: &Args, data_dir: Option<&Path>) -> Result<(Profile, Vec<Name>), Refused> {
    let names = |texts: &[String]| -> Result<Vec<Name>, Refused> {
        texts
            .iter()
            .map(|text| Name::new(text).map_err(|why| format!("{text:?}: {why}").into()))
            .collect()
    };
    if let Some(scene) = &args.demo {
        let profile = demo_profile(scene)?;
        return Ok((profile, names(&args.buses)?));
    }
    if let Some(text) = &args.profile {
        let library = Library::find(data_dir)?;
        let file = library.resolve(text)?;
        let loaded = load_profile(&file, &library.catalog())?;
        return Ok((loaded.profile, names(&args.buses)?));
    }
    let mut entries: Vec<BusEntry> = Vec::new();
    for text in &args.buses {
        let whole = if text.contains(':') { text.clone() } else { format!("socketcan:{text}") };
        let address: Address = whole.parse()?;
        let name = match &address {
            Address::SocketCan(name) | Address::Virtual(name) => name.clone(),
            Address::Slcan(to) => {
                to.check().map_err(|why| why.to_string())?;
                to.port.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
            }
            Address::Replay(_) => format!("can{}", entries.len()),
            Address::Tcp { .. } => {
                return Err(format!("{address} is spoken to in text and brings no frames").into());
            }
        };
        let name = Name::new(&name).map_err(|why| format!("{text:?}: {why}"))?;
        if entries.iter().any(|one| one.name == name) {
            return Err(format!("{name} is given twice").into());
        }
        entries.push(BusEntry::new(name, address));
    }
    let name = Name::new(NAME).map_err(|why| why.to_string())?;
    Ok((Profile::new(name, entries, Vec::new()), Vec::new()))
}

fn files(args: &Args) -> Result<FilePlan, Refused> {
    let format = match &args.to {
        Some(name) => FilePlan::format_named(name).ok_or_else(|| {
            let known = FilePlan::FORMATS.map(|(name, _)| name).join(", ");
            format!("--to is {name:?}: there is {known}")
        })?,
        None => {
            let name = args.out.to_string_lossy();
            let bare = name.strip_suffix(".zst").or_else(|| name.strip_suffix(".gz"));
            let known = crate::engine::convert::by_ending(Path::new(bare.unwrap_or(&name)));
            known.unwrap_or(FilePlan::default().format)
        }
    };
    let by_name = match args.out.extension().and_then(|ending| ending.to_str()) {
        Some("zst") => Packing::Zstd,
        Some("gz") => Packing::Gzip,
        Some(_) | None => Packing::None,
    };
    let packing = match (args.zstd, args.gzip) {
        (true, _) => Packing::Zstd,
        (false, true) => Packing::Gzip,
        (false, false) => by_name,
    };
    let when_full = RecordWhenFull::named(&args.when_full).ok_or_else(|| {
        format!("--when-full is {:?}: there is stop or delete-oldest", args.when_full)
    })?;
    let mut keeping = RecordKeeping::default();
    for keep in &args.keep {
        match keep {
            Keep::Files(files) => keeping.files = Some(*files),
            Keep::Bytes(bytes) => keeping.bytes = Some(*bytes),
            Keep::Age(age) => keeping.age = Some(*age),
        }
    }
    let files = FilePlan {
        format,
        packing,
        rotate_size: args.rotate_size,
        rotate_span: args.rotate_time,
        keeping,
        when_full,
        floor: args.free,
        ..FilePlan::default()
    };
    files.check()?;
    Ok(files)
}

/// A number, and the letters behind it.
fn split(text: &str) -> Result<(f64, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let number: f64 =
        digits.parse().map_err(|_| format!("{text:?} does not begin with a number"))?;
    Ok((number, unit.trim()))
}

/// A size in bytes.
fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let times = match unit.to_ascii_lowercase().trim_end_matches('b') {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        _ => return Err(format!("{text:?} is no size: write 500k, 20M or 1G")),
    };
    let bytes = number * times;
    if bytes < 9e15 { Ok(bytes as u64) } else { Err(format!("{text:?} is more than any disk has")) }
}

/// A time.
fn span(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(format!("{text:?} is no time: write 90s, 10m, 1h or 2d")),
    };
    let span = number * seconds;
    if span > 0.0 && span < 1e9 {
        Ok(Duration::from_secs_f64(span))
    } else {
        Err(format!("{text:?} is no time that can be waited for"))
    }
}

/// What is kept: a plain number is files.
fn keep(text: &str) -> Result<Keep, String> {
    if let Ok(files) = text.parse::<u32>() {
        return if files > 0 {
            Ok(Keep::Files(files))
        } else {
            Err("at least 1 file is kept".into())
        };
    }
    let lower = text.to_ascii_lowercase();
    // "10m" would be minutes; megabytes are "10M" or "10MB".
    if text.ends_with(['k', 'K', 'M', 'G']) || lower.ends_with('b') {
        size(text).map(Keep::Bytes)
    } else {
        span(text).map(Keep::Age)
    }
}

fn tell(summary: &Summary) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let Summary { frames, bytes, missing, gaps, seconds, .. } = summary;
    writeln!(
        out,
        "{frames} frames in {seconds:.1} s, {bytes} bytes; {missing} frames missing in {gaps} gaps"
    )?;
    if summary.left_out > 0 {
        writeln!(out, "  {} frames left out by the filter", summary.left_out)?;
    }
    for file in &summary.files {
        writeln!(out, "  {}", file.display())?;
    }
    if summary.deleted_files > 0 {
        writeln!(out, "  {} older files were deleted", summary.deleted_files)?;
    }
    for lost in &summary.not_kept {
        writeln!(out, "  not kept: {lost}")?;
    }
    if let Some(why) = &summary.why {
        writeln!(out, "  it could not go on: {why}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_whether_anything_and_everything_was_recorded() {
        let of = |frames, missing, ended| {
            code(&Summary {
                frames,
                bytes: 0,
                left_out: 0,
                missing,
                gaps: 0,
                files: Vec::new(),
                deleted_files: 0,
                seconds: 1.0,
                not_kept: Vec::new(),
                ended,
                why: None,
            })
        };
        assert_eq!(of(5, 0, Ended::Stopped), 0);
        assert_eq!(
            (of(5, 1, Ended::Time), of(5, 0, Ended::Broken), of(0, 3, Ended::Time)),
            (1, 1, 1)
        );
        assert_eq!(of(0, 0, Ended::Stopped), 2, "nothing came");
    }

    #[test]
    fn sizes_and_times_are_read_as_people_write_them() {
        assert_eq!(size("500k"), Ok(500_000));
        assert_eq!(size("1.5G"), Ok(1_500_000_000));
        assert_eq!(size("20MB"), Ok(20_000_000));
        assert!(size("20 stone").is_err() && size("").is_err());
        assert_eq!(span("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
        assert!(span("0s").is_err() && span("-1s").is_err() && span("1x").is_err());
        assert_eq!(keep("5"), Ok(Keep::Files(5)));
        assert_eq!(keep("20M"), Ok(Keep::Bytes(20_000_000)));
        assert_eq!(keep("20m"), Ok(Keep::Age(Duration::from_secs(1200))));
        assert!(keep("0").is_err());
    }
}

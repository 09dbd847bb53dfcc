//! `busbar discover`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::base::time::{Clock, SystemClock};
use crate::cli::{Outcome, stop_on_signal, tell_odd};
use crate::engine::discover::{self, BusFound, RecordingFound};
use crate::engine::{Address, Candidate, DiscoverySide, Library, OFFERED};

/// Longest time that a bus is listened to, seconds.
const LONGEST: f64 = 3600.0;

/// Say what talks on a bus or in a recording.
///
/// What is found gets a score of at most 99 percent, with the reasons for and against it. Nothing is
/// ever taken for a device by its ids alone. Nothing is sent.
///
/// Exits with 0 where something was found that can be added, with 1 where nothing was, with 2 where
/// the recording cannot be read or the bus not be heard.
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("heard").required(true).args(["log", "bus", "demo"]))]
pub struct Args {
    /// The recording, of any format that `busbar convert` reads, found by content.
    #[arg(value_name = "LOG")]
    pub log: Option<PathBuf>,
    /// Listen to a bus instead: socketcan:can0 (or can0), slcan:PORT, or replay:FILE.
    #[arg(long, value_name = "ADDRESS")]
    pub bus: Option<String>,
    /// Listen to a simulated bus with the devices of this scene.
    #[arg(long, value_name = "SCENE", num_args = 0..=1, default_missing_value = "demo")]
    pub demo: Option<String>,
    /// How long a bus is listened to.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub seconds: f64,
    /// Tell everything that was looked at, not only what is likely enough.
    #[arg(long)]
    pub all: bool,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How it is printed.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object: {"buses": [...], "skipped_lines", "problems": [{"line", "severity", "text"}]}.
    Json,
}

/// Runs it; `data_dir` overrides the data folder, whose own device folders are known too.
///
/// # Errors
/// Says what and where.
pub fn run(args: &Args, data_dir: Option<&Path>) -> Outcome {
    let catalog = Library::find(data_dir)?.catalog();
    let found = match &args.log {
        Some(log) => {
            let found = discover::recording(log, &catalog)?;
            tell_odd(log, found.skipped, &found.problems);
            found
        }
        None => {
            if !(args.seconds > 0.0 && args.seconds <= LONGEST) {
                return Err(
                    format!("--seconds is {}: it can be up to {LONGEST}", args.seconds).into()
                );
            }
            let address: Address = match (&args.bus, &args.demo) {
                (Some(text), _) if text.contains(':') => text.parse()?,
                (Some(text), _) => format!("socketcan:{text}").parse()?,
                (None, _) => "virtual:demo".parse()?,
            };
            let clock: Arc<dyn Clock> = SystemClock::new();
            let stop = stop_on_signal()?;
            let span = Duration::from_secs_f64(args.seconds);
            let on = (&address, args.demo.as_deref());
            let heard = discover::bus(on, span, &clock, &stop, &catalog)?;
            RecordingFound { buses: vec![heard], skipped: 0, problems: Vec::new() }
        }
    };
    let mut out = io::stdout().lock();
    let written = match args.format {
        Format::Text => text(&mut out, &found.buses, args),
        Format::Json => writeln!(out, "{:#}", json(&found)),
    };
    match written {
        // Whoever read the output has enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    let any =
        found.buses.iter().flat_map(|bus| &bus.discovery.candidates).any(Candidate::is_offered);
    Ok(if any { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(out: &mut impl Write, found: &[BusFound], args: &Args) -> io::Result<()> {
    if found.is_empty() {
        return writeln!(out, "there is no frame in it");
    }
    for bus in found {
        let discovery = &bus.discovery;
        let seconds = discovery.span.as_secs_f64();
        writeln!(
            out,
            "{}: {} ids in {} frames, {seconds:.1} s",
            bus.name, discovery.ids, bus.frames
        )?;
        if let Some(sentence) = bus.status.as_ref().and_then(|status| status.sentence.as_ref()) {
            writeln!(out, "  {sentence}")?;
        }
        let told = discovery.candidates.iter().filter(|c| args.all || c.score >= OFFERED);
        let mut none = true;
        for candidate in told {
            none = false;
            let looks = if candidate.is_offered() { "looks like" } else { "is hardly" };
            writeln!(out, "  {looks} {} ({})", candidate.words(), candidate.kind.manifest.id)?;
            for reason in &candidate.reasons {
                let sign = match reason.side {
                    DiscoverySide::For => '+',
                    DiscoverySide::Against => '-',
                };
                writeln!(out, "    {sign} {}", reason.text)?;
            }
        }
        if none {
            writeln!(out, "  nothing that Busbar knows")?;
        }
        if !discovery.unknown.is_empty() {
            let first: Vec<String> =
                discovery.unknown.iter().take(8).map(ToString::to_string).collect();
            let more = if discovery.unknown.len() > 8 { ", ..." } else { "" };
            writeln!(
                out,
                "  {} ids are nobody's: {}{more}",
                discovery.unknown.len(),
                first.join(", ")
            )?;
        }
    }
    Ok(())
}

fn json(found: &RecordingFound) -> serde_json::Value {
    let bus = |bus: &BusFound| {
        serde_json::json!({
            "bus": bus.name,
            "frames": bus.frames,
            "seconds": bus.discovery.span.as_secs_f64(),
            "ids": bus.discovery.ids,
            "unknown_ids": bus.discovery.unknown.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "candidates": bus.discovery.candidates.iter().map(candidate).collect::<Vec<_>>(),
        })
    };
    serde_json::json!({
        "buses": found.buses.iter().map(bus).collect::<Vec<_>>(),
        "skipped_lines": found.skipped,
        "problems": found.problems,
    })
}

fn candidate(one: &Candidate) -> serde_json::Value {
    let side = |wanted: DiscoverySide| {
        let of = one.reasons.iter().filter(|reason| reason.side == wanted);
        of.map(|reason| reason.text.clone()).collect::<Vec<_>>()
    };
    serde_json::json!({
        "kind": one.kind.manifest.id,
        "title": one.kind.manifest.title,
        "base": one.base,
        "score": one.score,
        "offered": one.is_offered(),
        "serial": one.serial,
        "firmware": one.firmware,
        "settings": one.settings,
        "reasons_for": side(DiscoverySide::For),
        "reasons_against": side(DiscoverySide::Against),
    })
}

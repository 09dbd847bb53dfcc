//! `busbar replay`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use crate::base::time::{Clock, Mono, SystemClock};
use crate::cli::{Outcome, known_devices, stop_on_signal, tell_odd};
use crate::engine::replay::{
    Arming, EndKnown, Ended, IdMap, Job, Refusal, ReplayPlan, ReplayProgress, Request, Speed,
    Summary,
};

/// How often it is said how far it is: on a terminal, and elsewhere.
const STATUS_EVERY: Duration = Duration::from_millis(250);
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Exit code of a replay that the bus brought to a stand.
const HALTED: u8 = 1;
/// Exit code of one that came to its end without a frame.
const NOTHING: u8 = 2;
/// Exit code of one that somebody stopped before its end, as shells have it.
const STOPPED: u8 = 130;

/// Send a recording onto a bus, with its timing.
///
/// The recording may be of any format that Busbar reads. Frames go out when they were recorded to, by
/// absolute deadlines; how late they were is measured and told. Error frames are not sent. An
/// interface with hardware behind it is sent to only with --arm, and ids that set up devices which
/// Busbar knows are never sent there. Ctrl+C stops it: nothing goes out any more but the frame in
/// flight. Exit code 0: sent to its end, or looped until Ctrl+C; 1: the bus could not go on; 2:
/// nothing was sent; 130: stopped by Ctrl+C before its end.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The recording.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where it goes: an interface such as vcan0, or virtual:NAME for a trial that nobody hears.
    #[arg(long, value_name = "BUS")]
    pub bus: String,
    /// So many times as fast as it was recorded, 0.1 to 100, or max: as fast as the bus takes it.
    #[arg(long, value_name = "X|max", default_value = "1")]
    pub speed: Pace,
    /// Begin again at the end, until Ctrl+C.
    #[arg(long = "loop")]
    pub again: bool,
    /// Begin so many seconds after its first frame.
    #[arg(long, value_name = "SECONDS")]
    pub from: Option<Seconds>,
    /// End so many seconds after its first frame.
    #[arg(long, value_name = "SECONDS")]
    pub to: Option<Seconds>,
    /// Send only what passes this filter: "id:600..6FF bus:can0".
    #[arg(long, value_name = "FILTER", default_value = "")]
    pub filter: String,
    /// DBC file whose messages and signals the filter may name: --dbc car.dbc --filter
    /// "sig:PackVoltage>140". May be repeated; where two know an id, the first given is used.
    #[arg(long, value_name = "FILE")]
    pub dbc: Vec<PathBuf>,
    /// Send an id as another, or several as others: 0x123=0x456, 0x600-0x6FF=0x200. May be repeated.
    #[arg(long, value_name = "ID=ID")]
    pub map: Vec<IdMap>,
    /// Send what was recorded on one bus elsewhere: can1=vcan1. May be repeated.
    #[arg(long, value_name = "NAME=BUS")]
    pub map_bus: Vec<BusMap>,
    /// Shorten longer pauses of the recording to so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub longest_gap: Option<Seconds>,
    /// Send to interfaces with hardware behind them too. What is on them moves.
    #[arg(long)]
    pub arm: bool,
    /// How the summary is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How the summary is printed.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// {"recording", "ended", "why", "frames_sent", "refused": {...}, "left_out", "rounds",
    /// "late_us": {"p50", "p90", "p99", "max"}, "late_frames", "behind_s", "gaps_shortened_s",
    /// "skipped_lines", "problems": [{"line", "severity", "text"}]}.
    Json,
}

/// A speed as it is typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace(Speed);

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self(Speed::Fastest));
        }
        let factor = text.strip_suffix('x').unwrap_or(text).parse();
        factor
            .map(|factor| Self(Speed::Factor(factor)))
            .map_err(|_| format!("{text:?} is no speed: give 0.1 to 100, or max"))
    }
}

/// A time as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok();
        let span = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        span.map(Self).ok_or_else(|| format!("{text:?} is no number of seconds"))
    }
}

/// Where a bus of the recording goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusMap(String, String);

impl FromStr for BusMap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, bus)) if !name.is_empty() && !bus.is_empty() => {
                Ok(Self(name.to_owned(), bus.to_owned()))
            }
            Some(_) | None => Err(format!("{text:?} maps no bus: write can1=vcan1")),
        }
    }
}

/// Runs it; `data_dir` overrides the data folder, whose own device folders are known too.
///
/// # Errors
/// Says what and where.
pub fn run(args: &Args, data_dir: Option<&Path>) -> Outcome {
    let request = request(args, data_dir);
    let stop = stop_on_signal()?;
    let clock = SystemClock::new();
    let job = Job::open(&request, clock.clone())?;
    let onto: Vec<String> = job.buses().map(ToString::to_string).collect();
    eprintln!("{} onto {}", args.file.display(), onto.join(", "));
    let terminal = io::stderr().is_terminal();
    let every = if terminal { STATUS_EVERY } else { LINE_EVERY };
    let mut shown = clock.now();
    let done = job.run(&stop, &mut |progress: &ReplayProgress| {
        let now: Mono = clock.now();
        if now.since(shown) < every {
            return;
        }
        shown = now;
        let line = line(progress);
        // A status line that cannot be written is no reason to stop.
        let _ = if terminal {
            write!(io::stderr(), "\r\x1b[K{line}")
        } else {
            writeln!(io::stderr(), "{line}")
        };
    });
    if terminal {
        eprint!("\r\x1b[K");
    }
    let summary = done?;
    tell_odd(&args.file, summary.skipped_lines, &summary.problems);
    match args.format {
        Format::Json => writeln!(io::stdout(), "{}", serde_json::to_string(&summary)?)?,
        Format::Text => tell(&summary)?,
    }
    if summary.ended == Ended::End && summary.frames_sent == 0 {
        let why = summary.why.as_deref().unwrap_or("no frame of it can be");
        eprintln!("busbar: nothing was sent: {why}");
    }
    Ok(match summary.ended {
        Ended::End if summary.frames_sent == 0 => ExitCode::from(NOTHING),
        Ended::Stopped if !args.again => ExitCode::from(STOPPED),
        Ended::End | Ended::Stopped => ExitCode::SUCCESS,
        Ended::Halted => ExitCode::from(HALTED),
    })
}

fn request(args: &Args, data_dir: Option<&Path>) -> Request {
    let seconds = |given: Option<Seconds>| given.map(|seconds| seconds.0);
    Request {
        file: args.file.clone(),
        bus: args.bus.clone(),
        named: args.map_bus.iter().map(|map| (map.0.clone(), map.1.clone())).collect(),
        plan: ReplayPlan {
            speed: args.speed.0,
            times: (!args.again).then_some(1),
            from: seconds(args.from),
            to: seconds(args.to),
            longest_gap: seconds(args.longest_gap),
            ids: args.map.clone(),
        },
        filter: args.filter.clone(),
        dbcs: args.dbc.clone(),
        arming: if args.arm { Arming::Armed } else { Arming::VirtualOnly },
        catalog: known_devices(data_dir),
    }
}

/// "12.4 of 60.0 s, 1430 frames sent, late 0.02 ms (p99), 3 refused".
fn line(progress: &ReplayProgress) -> String {
    let figures = &progress.figures;
    let of = match (progress.length, progress.length_known) {
        (Some(length), EndKnown::Exactly) => format!(" of {:.1}", length.as_secs_f64()),
        (Some(length), EndKnown::Roughly) => format!(" of about {:.1}", length.as_secs_f64()),
        (None, _) => String::new(),
    };
    let mut text = format!(
        "{:.1}{of} s, {} frames sent, late {:.3} ms (p99)",
        progress.position.as_secs_f64(),
        figures.sent,
        figures.late_p99.as_secs_f64() * 1e3,
    );
    if figures.refused.total() > 0 {
        text += &format!(", {} refused", figures.refused.total());
    }
    if !figures.behind.is_zero() {
        text += &format!(", {:.3} s behind", figures.behind.as_secs_f64());
    }
    text
}

fn tell(summary: &Summary) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let how = match summary.ended {
        Ended::End => "to its end",
        Ended::Stopped => "stopped",
        Ended::Halted => "could not go on",
    };
    let left_out = match summary.left_out {
        0 => String::new(),
        count => format!(", {count} left out by the filter"),
    };
    let sent = summary.frames_sent;
    writeln!(out, "{}: {how}, {sent} frames sent{left_out}", summary.recording.display())?;
    if let Some(why) = summary.why.as_ref().filter(|_| summary.ended != Ended::End) {
        writeln!(out, "  because {why}")?;
    }
    for why in Refusal::ALL {
        let count = summary.refused.get(why.name()).copied().unwrap_or_default();
        if count > 0 {
            writeln!(out, "  not sent: {count} frames: {}", why.words())?;
        }
    }
    let late = &summary.late_us;
    writeln!(
        out,
        "  late by: half less than {:.1} us, 90 % {:.1} us, 99 % {:.1} us, at most {:.1} us; {} frames by more than 1 ms",
        late.p50, late.p90, late.p99, late.max, summary.late_frames,
    )?;
    if summary.behind_s > 0.0 {
        writeln!(
            out,
            "  fell {:.3} s behind the clock: what was too late was put off, not sent in a bunch",
            summary.behind_s
        )?;
    }
    if summary.gaps_shortened_s > 0.0 {
        writeln!(out, "  pauses shortened by {:.3} s", summary.gaps_shortened_s)?;
    }
    Ok(())
}

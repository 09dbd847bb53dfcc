//! `busbar simulate`.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::base::problem::system_words;
use crate::base::time::{Clock, Mono, SystemClock};
use crate::cli::{Outcome, Over, printed};
use crate::engine::simulate::{Prepared, Progress, SimulateError, Wanted};
use crate::engine::{PretendSupply, SupplyBrand, SupplyFault, SupplyStand};

/// The status line on a terminal is written so often.
const STATUS_EVERY: Duration = Duration::from_millis(500);
/// The output of a simulated supply is looked at so often.
const SUPPLY_LOOK: Duration = Duration::from_millis(10);

/// Run simulated devices on a bus.
///
/// The devices of a scene - battery, charger, driver controls - speak real frames on a real or
/// virtual bus, paced by the clock, and hear what others send there. With --log the frames are
/// written to a file instead, as fast as they can be computed. Ctrl+C ends it.
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("target").required(true).args(["bus", "log", "list", "supply"]))]
pub struct Args {
    /// Scene: one of the built-in ones (see --list), or a scene file.
    #[arg(long, value_name = "NAME|FILE", default_value = "demo")]
    pub scene: String,
    /// Bus to speak on: socketcan:NAME, or virtual:NAME for a trial that nobody hears.
    #[arg(long, value_name = "ADDRESS")]
    pub bus: Option<String>,
    /// Write a candump log instead, in virtual time; needs --duration. A dash is standard output.
    #[arg(long, value_name = "FILE", requires = "duration")]
    pub log: Option<PathBuf>,
    /// Whether a file that is there may be replaced.
    #[command(flatten)]
    pub over: Over,
    /// List the built-in scenes.
    #[arg(long)]
    pub list: bool,
    /// So many times faster than the clock, 0.01 to 1000 [default: the scene's own].
    #[arg(long, value_name = "N", conflicts_with = "log")]
    pub speed: Option<f64>,
    /// Seed of all chance [default: the scene's own]. The same seed gives the same frames.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// End after so many seconds of the scene.
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub duration: Option<f64>,
    /// Be a supply on the network instead: tdk or siglent. It says on standard output where it
    /// listens, and whenever its output changes.
    #[arg(long, value_name = "BRAND")]
    pub supply: Option<String>,
    /// Where the supply listens; port 0 is any that is free.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0", requires = "supply")]
    pub listen: SocketAddr,
    /// Voltage of the pack at the supply's output [default: nothing is connected].
    #[arg(long, value_name = "VOLTS", requires = "supply")]
    pub pack_volts: Option<f64>,
    /// What is wrong with the supply: silent, garbage, slow, other-device, refuses, drops, lies or
    /// stays-on.
    #[arg(long, value_name = "FAULT", default_value = "none", requires = "supply")]
    pub fault: String,
    /// Name of the bus in the log.
    #[arg(long, value_name = "NAME", default_value = "can0", requires = "log", value_parser = log_bus)]
    pub log_bus: String,
}

/// The name of a bus in a candump log, which has blanks between its columns.
fn log_bus(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a bus of a log has a name: write can0".to_owned());
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("the name of a bus in a log has no blanks and no line breaks".to_owned());
    }
    Ok(text.to_owned())
}

/// Runs it.
///
/// # Errors
/// Says what and where.
pub fn run(args: &Args) -> Outcome {
    if args.list {
        return list();
    }
    if let Some(brand) = &args.supply {
        return supply(brand, args);
    }
    let wanted = Wanted {
        scene: args.scene.clone(),
        seed: args.seed,
        speed: args.speed,
        duration: args.duration,
    };
    let prepared = wanted.prepare()?;
    let stop = crate::cli::stop_on_signal()?;
    match (&args.bus, &args.log) {
        (Some(bus), _) => speak(prepared, bus, &stop),
        (None, Some(log)) if is_same_file(Path::new(&args.scene), log) => {
            Err(format!("{} is the scene itself: name another file", log.display()).into())
        }
        (None, Some(log)) => {
            args.over.may_write(log)?;
            write(prepared, log, &args.log_bus, &stop)
        }
        (None, None) => Err("give --bus ADDRESS or --log FILE".into()),
    }
}

/// A simulated supply, until Ctrl+C.
fn supply(brand: &str, args: &Args) -> Outcome {
    let brand = SupplyBrand::of(brand)
        .ok_or_else(|| format!("there is no supply {brand:?}: it is tdk or siglent"))?;
    let known = SupplyFault::ALL.iter().find(|(word, _)| *word == args.fault);
    let (_, fault) = known.ok_or_else(|| format!("there is no fault {:?}", args.fault))?;
    if args.pack_volts.is_some_and(|volts| !(0.0..=1500.0).contains(&volts)) {
        return Err("--pack-volts is a voltage from 0 to 1500".into());
    }
    let device = PretendSupply::new(brand, args.pack_volts).broken(*fault);
    let stand = SupplyStand::open(args.listen, device)
        .map_err(|error| format!("nothing can listen at {}: {error}", args.listen))?;
    let stop = crate::cli::stop_on_signal()?;
    let mut out = io::stdout().lock();
    writeln!(out, "listening at {}", stand.address)?;
    out.flush()?;
    let mut told = None;
    while !stop.load(Ordering::SeqCst) {
        let is_on = stand.device().on;
        if told != Some(is_on) {
            told = Some(is_on);
            writeln!(out, "output {}", if is_on { "on" } else { "off" })?;
            out.flush()?;
        }
        std::thread::sleep(SUPPLY_LOOK);
    }
    Ok(ExitCode::SUCCESS)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| std::fs::canonicalize(path).ok();
    place(one).is_some_and(|place_of_one| place(other) == Some(place_of_one))
}

fn list() -> Outcome {
    let mut out = io::stdout().lock();
    let scenes = crate::engine::Scene::list();
    let mut lines = scenes.iter().map(|scene| format!("{:18}{}", scene.name, scene.description));
    printed(lines.try_for_each(|line| writeln!(out, "{line}")))?;
    Ok(ExitCode::SUCCESS)
}

fn speak(prepared: Prepared, bus: &str, stop: &AtomicBool) -> Outcome {
    let clock = SystemClock::new();
    let sentence = prepared.sentence();
    let mut broadcast = prepared.broadcast(bus, clock.clone())?;
    eprintln!("{bus}: {sentence}");
    let terminal = io::stderr().is_terminal();
    let mut shown = Mono::ZERO;
    let mut told = None;
    loop {
        let doing = broadcast.step();
        let ends = doing.over || stop.load(Ordering::SeqCst);
        if terminal && (ends || clock.now().since(shown) >= STATUS_EVERY) {
            shown = clock.now();
            eprint!("\r\x1b[K{}", line(&doing));
        } else if !terminal && doing.trouble != told {
            if let Some(trouble) = &doing.trouble {
                eprintln!("{bus}: {trouble}");
            }
            told.clone_from(&doing.trouble);
        }
        if ends {
            if terminal {
                eprintln!();
            }
            eprintln!("{bus}: {}", line(&doing));
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// "12.4 s, 1430 frames sent, 0 heard", and what is wrong.
fn line(doing: &Progress) -> String {
    let tally = &doing.tally;
    let mut text =
        format!("{:.1} s, {} frames sent, {} heard", doing.at.secs_f64(), tally.sent, tally.heard);
    let lost = [("withheld by the guard", tally.withheld), ("not taken by the bus", tally.refused)];
    for (what, count) in lost.into_iter().filter(|(_, count)| *count > 0) {
        text += &format!(", {count} {what}");
    }
    if let Some(trouble) = &doing.trouble {
        text += ": ";
        text += trouble;
    }
    text
}

fn write(prepared: Prepared, log: &Path, bus: &str, stop: &AtomicBool) -> Outcome {
    let sentence = prepared.sentence();
    let mut goes_on = |_: Mono, _: u64| !stop.load(Ordering::SeqCst);
    let count = if log.as_os_str() == "-" {
        let mut out = BufWriter::new(io::stdout().lock());
        match prepared.write_log(bus, &mut out, &mut goes_on) {
            // Whoever read it has enough of it.
            Err(SimulateError::Write(error)) => {
                printed(Err(error))?;
                return Ok(ExitCode::SUCCESS);
            }
            written => written?,
        }
    } else {
        let cannot =
            |error| format!("{} cannot be written: {}", log.display(), system_words(&error));
        let file = File::create(log).map_err(cannot)?;
        match prepared.write_log(bus, &mut BufWriter::new(file), &mut goes_on) {
            Err(SimulateError::Write(error)) => return Err(cannot(error).into()),
            written => written?,
        }
    };
    eprintln!("{}: {count} frames: {sentence}", log.display());
    Ok(ExitCode::SUCCESS)
}

//! `busbar campaign`.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::base::time::SystemClock;
use crate::cli::{Outcome, printed};
use crate::engine::{Campaign, FAMILIES, Family, Tally, replay_run};

/// Try charging on simulated packs, with everything that can go wrong.
///
/// Random charges in virtual time, drawn from a seed: the real machine, the real device folders and
/// the real guard against simulated packs and chargers. After every step it is looked at what is
/// really so. The exit code is 1 when anything was not as it must be.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Seed from which all runs are drawn.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many runs.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub runs: u64,
    /// What to throw at them (see --list).
    #[arg(long, value_name = "NAME", default_value = "all")]
    pub scene: String,
    /// Threads [default: as many as the machine has].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Show one run step by step: the seed that a campaign printed.
    #[arg(long, value_name = "SEED")]
    pub replay: Option<u64>,
    /// List what can be thrown.
    #[arg(long)]
    pub list: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How the result is printed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Runs it.
///
/// # Errors
/// There is no such family, or a run cannot be made.
pub fn run(args: &Args) -> Outcome {
    if args.list {
        print(|out| FAMILIES.iter().try_for_each(|f| writeln!(out, "{:12} {}", f.name, f.about)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let family = Family::named(&args.scene)?;
    if let Some(seed) = args.replay {
        let (lines, violation) = replay_run(seed, family)?;
        print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
        return Ok(if violation.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.map_or_else(all, usize::from);
    let campaign = Campaign { seed: args.seed, runs: args.runs, family, jobs };
    let clock = SystemClock::new();
    let tally = campaign.run(&*clock)?;
    match args.format {
        Format::Json => {
            let json = serde_json::to_string(&tally)?;
            print(|out| writeln!(out, "{json}"))?;
        }
        Format::Text => print(|out| print_text(out, &tally, family))?,
    }
    Ok(if tally.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints; the exit code still tells the result where nobody reads to the end.
fn print(what: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) -> io::Result<()> {
    printed(what(&mut io::stdout().lock()))
}

fn print_text(out: &mut impl Write, tally: &Tally, family: Family) -> io::Result<()> {
    writeln!(
        out,
        "{} runs of {}, {} with a violation, {:.1} s",
        tally.runs, family.name, tally.violations, tally.seconds
    )?;
    for (title, counts) in
        [("faults injected", &tally.faults_injected), ("states reached", &tally.states_reached)]
    {
        writeln!(out, "{title}:")?;
        counts.iter().try_for_each(|(name, count)| writeln!(out, "  {name:24} {count}"))?;
    }
    for failure in &tally.failures {
        writeln!(out, "\nseed {}: {}", failure.seed, failure.what)?;
        failure.trace.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
        writeln!(out, "  busbar campaign --scene {} --replay {}", family.name, failure.seed)?;
    }
    Ok(())
}

//! `busbar convert`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::meter::Meter;
use crate::cli::{Outcome, stop_on_signal, tell_problems};
use crate::engine::convert::{Existing, Job, LogFormat, Report, Request};

/// Turn a recording of one format into one of another.
///
/// What IN is, is found from its content: candump (log and screen), Vector ASC and BLF, PCAN trace,
/// GVRET and ArrowPoint CSV, CRTD, pcap and pcapng, MF4. What cannot be read is skipped and counted.
/// What the new format cannot hold is listed. OUT appears when it is whole; until then it is written
/// beside its place. Exit code 0: done; 2: not done, and OUT is as it was before.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The recording. On Linux, /dev/stdin reads from a pipe.
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The new file.
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// What OUT shall be [default: by its ending; csv is GVRET, arrowpoint.csv ArrowPoint].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub to: Option<To>,
    /// How the summary is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Replace OUT if it is there.
    #[arg(long)]
    pub force: bool,
}

/// The formats by their short names.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// candump's log.
    Candump,
    /// Vector's text log.
    Asc,
    /// Vector's binary log.
    Blf,
    /// PCAN's trace, version 2.1.
    Trc,
    /// GVRET's and SavvyCAN's table.
    Gvret,
    /// The Open Vehicle Monitor's log.
    Crtd,
    /// ArrowPoint's and Profinity's table.
    Arrowpoint,
    /// Packet capture, the old form.
    Pcap,
    /// Packet capture, the new form.
    Pcapng,
    /// ASAM's measurement format, version 4.10, bus logging.
    Mf4,
}

impl From<To> for LogFormat {
    fn from(to: To) -> Self {
        match to {
            To::Candump => Self::Candump,
            To::Asc => Self::Asc,
            To::Blf => Self::Blf,
            To::Trc => Self::Trc,
            To::Gvret => Self::Gvret,
            To::Crtd => Self::Crtd,
            To::Arrowpoint => Self::ArrowPoint,
            To::Pcap => Self::Pcap,
            To::Pcapng => Self::Pcapng,
            To::Mf4 => Self::Mf4,
        }
    }
}

/// How the summary is printed.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// {"frames", "error_frames", "remote_frames", "skipped_lines", "not_kept": [...]}.
    Json,
}

/// Runs it.
///
/// # Errors
/// Says what and where.
pub fn run(args: &Args) -> Outcome {
    let request = Request {
        input: args.input.clone(),
        output: args.output.clone(),
        to: args.to.map(Into::into),
        existing: if args.force { Existing::Replace } else { Existing::Keep },
    };
    let stop = stop_on_signal()?;
    let job = Job::open(&request)?;
    let mut meter = Meter::new(job.size());
    let done = job.run(&stop, &mut |position| meter.show(position.frames, position.bytes));
    meter.clear();
    let report = done?;
    match args.format {
        Format::Json => writeln!(io::stdout(), "{}", serde_json::to_string(&report.summary)?)?,
        Format::Text => tell(args, &report)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(args: &Args, report: &Report) -> io::Result<()> {
    let summary = &report.summary;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} ({}) -> {} ({}): {} frames, of them {} error and {} remote frames; {} skipped",
        args.input.display(),
        report.from,
        args.output.display(),
        report.to,
        summary.frames,
        summary.error_frames,
        summary.remote_frames,
        summary.skipped_lines,
    )?;
    for lost in &summary.not_kept {
        writeln!(out, "  not kept: {lost}")?;
    }
    tell_problems(&mut out, &report.problems)
}

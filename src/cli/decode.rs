//! `busbar decode`.

use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use crate::cli::meter::Meter;
use crate::cli::{Outcome, Over, tell_problems};
use crate::engine::decode::{self, DecodeError, Job, Request, Summary};

/// Decode a recording with DBC files.
///
/// The kind of recording (those of `busbar convert`) is found from its content. What cannot be read is
/// skipped and counted. Frames come out in the order of the recording; ids
/// that no DBC file has are counted and left out. They go to standard output, one line a frame, unless
/// --output or --format say otherwise. A summary goes to standard error.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// DBC file. Give it several times for several files: where two know an id, the first given is
    /// used. One that cannot be read is left out while another one has messages.
    #[arg(long, value_name = "FILE", required = true)]
    pub dbc: Vec<PathBuf>,
    /// The recording. On Linux, /dev/stdin reads from a pipe.
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// How frames are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write the name of a value where the DBC file has one.
    #[arg(long)]
    pub labels: bool,
    /// Decode only frames that this filter lets through, such as "bus:can0 id:600..6FF
    /// sig:PackVoltage>140 changed". Terms are id, msg, sig, bus, dir, type, data, b0, len, pgn, sa, time,
    /// changed and words to look for, joined by and, or, not and parentheses.
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
    pub filter: String,
    /// Write to this file [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Whether a file that is there may be replaced.
    #[command(flatten)]
    pub over: Over,
    /// Threads that decode [default: as many as the machine has].
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

/// How decoded frames are written.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a frame: {"t": seconds, "bus": "can0", "id": 1541, "ext": false, "message":
    /// "Name", "signals": {"Name": number}}. What is no number (NaN, infinite) is null. Recordings
    /// that name no bus have can0.
    Jsonl,
    /// One line a signal: t,bus,id,ext,message,signal,value,unit.
    Csv,
    /// One line a frame, for people.
    Text,
}

impl From<Format> for decode::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Jsonl => Self::Jsonl,
            Format::Csv => Self::Csv,
            Format::Text => Self::Text,
        }
    }
}

/// Runs it.
///
/// # Errors
/// Says what and where.
pub fn run(args: &Args) -> Outcome {
    let request = Request {
        dbcs: args.dbc.clone(),
        log: args.log.clone(),
        format: args.format.into(),
        filter: args.filter.clone(),
        values: if args.labels { decode::Values::Labels } else { decode::Values::Numbers },
        threads: args
            .threads
            .or_else(|| thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN),
    };
    let job = Job::open(&request)?;
    for error in job.left_out() {
        let _ = writeln!(io::stderr(), "busbar: warning: {error}; it is left out");
    }
    if let Some(path) = &args.output {
        args.over.may_write(path)?;
    }
    let mut out: Box<dyn Write + Send> = match &args.output {
        Some(path) => Box::new(decode::create(path, &request)?),
        None => Box::new(io::stdout()),
    };
    let meter = Meter::new(job.size());
    // Progress and decoded text would write into each other.
    let is_mixed = args.output.is_none() && io::stdout().is_terminal();
    let mut meter = if is_mixed { meter.silent() } else { meter };
    let done = job.run(&mut *out, &mut |position| meter.show(position.frames, position.bytes));
    meter.clear();
    match done {
        Ok(summary) => report(&request, &summary),
        // Whoever read the output has enough of it.
        Err(error) if error.is_closed_pipe() => {}
        Err(error @ DecodeError::Write(_)) => {
            let to = args.output.as_ref().map(|path| path.display().to_string());
            let to = to.as_deref().unwrap_or("standard output");
            return Err(format!("{to}: {error}").into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells on standard error what was decoded. Nobody may be reading it, which is no error.
fn report(request: &Request, summary: &Summary) {
    let mut err = io::stderr().lock();
    let tally = summary.tally;
    let _ = writeln!(
        err,
        "{}: {}: {} frames read, {} decoded, {} unknown, {} lines skipped",
        request.log.display(),
        summary.format,
        tally.frames,
        tally.decoded,
        tally.unknown,
        summary.skipped,
    );
    if tally.without_data > 0 {
        let _ = writeln!(err, "  {} remote and error frames left out", tally.without_data);
    }
    if !request.filter.trim().is_empty() {
        let _ = writeln!(err, "  {} frames kept back by the filter", tally.filtered);
    }
    for warning in &summary.filter_problems {
        let _ = writeln!(err, "  warning: {}", warning.text);
    }
    let _ = tell_problems(&mut err, &summary.problems);
    for (path, problems) in &summary.dbc_problems {
        let path = path.display();
        let count =
            if *problems == 1 { "1 problem".into() } else { format!("{problems} problems") };
        let _ = writeln!(err, "{path}: {count}; see busbar dbc check {path}");
    }
}

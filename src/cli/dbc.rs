//! `busbar dbc`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::base::problem::{Problem, Severity};
use crate::cli::dbc_show::{self, FormatArgs, ShowArgs};
use crate::cli::{Outcome, printed};
use crate::engine::check::{self, Check, ReadError};

/// What to do with a DBC file.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Check a DBC file and list its problems.
    ///
    /// Exits with 0 where it is sound or has warnings only, with 1 where something had to be left out or
    /// nothing is in it, with 2 where there is no such file.
    Check(CheckArgs),
    /// Print the messages and signals of a DBC file.
    Show(ShowArgs),
    /// Write a DBC file anew: the same messages in the order that other tools write, nothing lost.
    Format(FormatArgs),
}

/// Arguments of `busbar dbc check`.
#[derive(clap::Args, Debug)]
pub struct CheckArgs {
    /// The DBC file.
    pub file: PathBuf,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How to print.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For reading: a line for each problem and one for the sum.
    Text,
    /// One JSON object.
    Json,
}

/// Exit code of a check that found something that is not sound.
const UNSOUND: u8 = 1;
/// Exit code of a check of a file that cannot be read.
const UNREAD: u8 = 2;

/// Runs it.
///
/// # Errors
/// Says why the result could not be written.
pub fn run(command: &Command) -> Outcome {
    let args = match command {
        Command::Check(args) => args,
        Command::Show(args) => return dbc_show::show(args),
        Command::Format(args) => return dbc_show::format(args),
    };
    let (check, code) = match check::check(&args.file) {
        Ok(check) => {
            let code = code(&check);
            (check, code)
        }
        Err(error) => {
            let text = error.to_string();
            eprintln!("busbar: {text}");
            let code = match error {
                ReadError::Read { .. } | ReadError::NoFile(_) => UNREAD,
                ReadError::TooLarge { .. } | ReadError::Empty(_) | ReadError::Binary(_) => UNSOUND,
            };
            match args.format {
                Format::Text => return Ok(ExitCode::from(code)),
                // A program that asked for JSON gets it whatever the file is.
                Format::Json => {
                    let problems = vec![Problem { line: 0, severity: Severity::Error, text }];
                    (Check { messages: 0, signals: 0, problems }, code)
                }
            }
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Text => text(&check, args, &mut out),
        Format::Json => serde_json::to_writer_pretty(&mut out, &check)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
    };
    printed(written.and_then(|()| out.flush()))?;
    Ok(ExitCode::from(code))
}

/// The exit code for what was read.
fn code(check: &Check) -> u8 {
    let is_whole = check.problems.iter().all(|problem| problem.severity != Severity::Error);
    if check.messages > 0 && is_whole { 0 } else { UNSOUND }
}

fn text(check: &Check, args: &CheckArgs, out: &mut impl Write) -> io::Result<()> {
    let file = args.file.display();
    for problem in &check.problems {
        let (word, text) = (problem.severity.word(), &problem.text);
        match problem.line {
            0 => writeln!(out, "{file}: {word}: {text}")?,
            line => writeln!(out, "{file}:{line}: {word}: {text}")?,
        }
    }
    let Check { messages, signals, problems } = check;
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    writeln!(
        out,
        "{file}: {} with {}, {}",
        count(*messages, "message"),
        count(*signals, "signal"),
        count(problems.len(), "problem")
    )
}

//! `busbar profile versions` and `diff`: what a profile said before. Only looks.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::base::id::Name;
use crate::cli::profile::{Format, text_of, there_is};
use crate::cli::records::{Records, print_table};
use crate::cli::{Outcome, Refused};
use crate::engine::{
    DiffKind, DiffLine, Library, ProfileVersion, ProfileVersionLine, VersionId, diff,
};
use crate::view::export::moment;

/// Ways to look at what profiles said.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List the versions of a profile, newest first: when, who, what.
    Versions(VersionsArgs),
    /// Show the lines that a version of a profile changed, or in which two of its texts differ.
    Diff(DiffArgs),
}

/// Arguments of `busbar profile versions`.
#[derive(clap::Args, Debug)]
pub struct VersionsArgs {
    /// The profile. One that was deleted has its versions still.
    #[arg(value_name = "NAME")]
    pub profile: Name,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `busbar profile diff`.
#[derive(clap::Args, Debug)]
pub struct DiffArgs {
    /// The profile.
    #[arg(value_name = "NAME")]
    pub profile: Name,
    /// The version: what it changed, or from where on [default: the newest].
    #[arg(value_name = "VERSION")]
    pub version: Option<i64>,
    /// Compare that version with this one, or with the file as it is: `now`.
    #[arg(value_name = "TO", requires = "version")]
    pub to: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Runs it; `data_dir` overrides the data folder.
///
/// # Errors
/// Says what and where.
pub fn run(command: &Command, data_dir: Option<&Path>) -> Outcome {
    let records = Records::open(data_dir)?;
    let mut out = io::stdout().lock();
    match command {
        Command::Versions(args) => versions(&mut out, &records, args, data_dir)?,
        Command::Diff(args) => {
            let lines = compared(&records, args, data_dir)?;
            match args.format {
                Format::Json => {
                    let all: Vec<Value> = lines.iter().map(object).collect();
                    writeln!(out, "{:#}", Value::Array(all))?;
                }
                Format::Text => {
                    for line in &lines {
                        writeln!(out, "{} {}", sign(line.kind), line.text)?;
                    }
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn versions(
    out: &mut impl Write,
    records: &Records,
    args: &VersionsArgs,
    data_dir: Option<&Path>,
) -> Result<(), Refused> {
    let lines = records.versions(&args.profile)?;
    if lines.is_empty() {
        // Who mistyped a name has to hear of it.
        there_is(&Library::find(data_dir)?, &args.profile)?;
    }
    if args.format == Format::Json {
        let all: Vec<Value> = lines.iter().map(version).collect();
        return Ok(writeln!(out, "{:#}", Value::Array(all))?);
    }
    if lines.is_empty() {
        eprintln!("Nothing is known of a change of {}.", args.profile);
        return Ok(());
    }
    let row = |line: &ProfileVersionLine| {
        let by = format!("{} ({})", line.who, line.face);
        [line.id.to_string(), moment(line.at), by, line.what.clone()]
    };
    let rows: Vec<[String; 4]> = lines.iter().map(row).collect();
    Ok(print_table(out, ["Version", "When", "By", "What was changed"], &rows)?)
}

fn version(line: &ProfileVersionLine) -> Value {
    json!({
        "version": line.id.0,
        "at": moment(line.at),
        "by": line.who,
        "face": line.face,
        "what": line.what,
        "bytes": line.bytes,
    })
}

/// The lines that differ.
fn compared(
    records: &Records,
    args: &DiffArgs,
    data_dir: Option<&Path>,
) -> Result<Vec<DiffLine>, Refused> {
    let profile = &args.profile;
    let one = |id: i64| -> Result<ProfileVersion, Refused> {
        let found = records.version(profile, VersionId(id))?;
        Ok(found.ok_or_else(|| {
            format!("there is no version {id} of {profile}: `busbar profile versions {profile}` lists them")
        })?)
    };
    let newest = || -> Result<i64, Refused> {
        let lines = records.versions(profile)?;
        let id = lines.first().map(|line| line.id.0);
        Ok(id.ok_or_else(|| format!("nothing is known of a change of {profile}"))?)
    };
    let from = match args.version {
        Some(id) => one(id)?,
        None => one(newest()?)?,
    };
    match args.to.as_deref() {
        None => {
            let before = from.before.as_ref().map_or("", |(_, text)| text.as_str());
            Ok(diff(before, &from.text))
        }
        Some("now") => Ok(diff(&from.text, &text_of(&Library::find(data_dir)?, profile)?)),
        Some(other) => {
            let id = other.parse().map_err(|_| {
                format!("\u{201c}{other}\u{201d} is no version: give its number, or now")
            })?;
            Ok(diff(&from.text, &one(id)?.text))
        }
    }
}

const fn sign(kind: DiffKind) -> char {
    match kind {
        DiffKind::Same => ' ',
        DiffKind::Added => '+',
        DiffKind::Removed => '-',
        DiffKind::Left => '@',
    }
}

fn object(line: &DiffLine) -> Value {
    let kind = match line.kind {
        DiffKind::Same => "same",
        DiffKind::Added => "added",
        DiffKind::Removed => "removed",
        DiffKind::Left => "left_out",
    };
    json!({ "kind": kind, "text": line.text })
}

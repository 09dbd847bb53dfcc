//! `busbar profile`.

mod changes;
mod past;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::base::id::Name;
use crate::base::problem::Problem;
use crate::cli::{Outcome, Refused};
use crate::engine::profiles::{self, Filled, Report, Summary};
use crate::engine::{ComponentEntry, Library, Profile, read_profile_text};

pub use changes::Wanted;

mod exchange;

/// What to do with profiles.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List the profiles of the data folder, broken ones with the reason.
    List(ListArgs),
    /// Show what a profile says, with everything filled in.
    Show(OneArgs),
    /// Check a profile. Exits with 0 when it can run, with 1 when it is refused.
    Check(OneArgs),
    /// Changing them.
    #[command(flatten)]
    Change(changes::Command),
    /// What they said before.
    #[command(flatten)]
    Past(past::Command),
    /// Write a profile, its DBC files, its own device folders and chosen recordings into one ZIP for another
    /// machine.
    Export(ExportArgs),
    /// Take a profile pack that was written elsewhere into the data folder.
    Import(ImportArgs),
}

/// Arguments of `busbar profile export`.
#[derive(clap::Args, Debug)]
pub struct ExportArgs {
    /// The profile's name in the data folder.
    #[arg(value_name = "NAME")]
    pub profile: String,
    /// The ZIP that is written. One that is there is not replaced.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A recording of the folder that goes along; give it once for each.
    #[arg(
        long = "recording",
        value_name = "NAME",
        long_help = "A recording of the folder that goes along, by the name of its file; give it once for each. At most 16, of 64 MiB together, and none that is being written."
    )]
    pub recordings: Vec<String>,
}

/// Arguments of `busbar profile import`.
#[derive(clap::Args, Debug)]
pub struct ImportArgs {
    /// The ZIP.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Keep nothing: say what is new, changed or clashes. Exits with 1 where it would be refused.
    #[arg(long)]
    pub dry_run: bool,
    /// What the profile is to be called here [default: as it is].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Leave the recordings that are in it out.
    #[arg(long)]
    pub without_recordings: bool,
    /// Replace device folders and DBC files that are changed. A profile is never replaced.
    #[arg(long)]
    pub replace: bool,
}

/// Arguments of `busbar profile list`.
#[derive(clap::Args, Debug)]
pub struct ListArgs {
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `busbar profile show` and `check`.
#[derive(clap::Args, Debug)]
pub struct OneArgs {
    /// The profile: its name in the data folder, or a file.
    #[arg(value_name = "NAME|FILE")]
    pub profile: String,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How results are printed.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Runs it; `data_dir` overrides the data folder.
///
/// # Errors
/// Says what and where.
pub fn run(command: &Command, data_dir: Option<&Path>) -> Outcome {
    let mut out = io::stdout().lock();
    match command {
        Command::Change(command) => {
            drop(out);
            return changes::run(command, data_dir);
        }
        Command::Past(command) => {
            drop(out);
            return past::run(command, data_dir);
        }
        Command::List(args) => {
            let (folder, all) = profiles::list(data_dir)?;
            match args.format {
                Format::Text => print_list(&mut out, &folder, &all)?,
                Format::Json => print_json(&mut out, &all)?,
            }
        }
        Command::Show(args) => {
            let loaded = profiles::open(&args.profile, data_dir)?;
            let catalog = Library::find(data_dir)?.catalog();
            let filled = profiles::filled(&loaded.profile, &catalog);
            match args.format {
                Format::Text => print_profile(&mut out, &loaded.file, &loaded.profile, &filled)?,
                Format::Json => {
                    let mut json = serde_json::to_value(&loaded.profile)?;
                    json["component"] = serde_json::to_value(filled)?;
                    print_json(&mut out, &json)?;
                }
            }
        }
        Command::Check(args) => {
            let report = profiles::check(&args.profile, data_dir)?;
            match args.format {
                Format::Text => print_report(&mut out, &report)?,
                Format::Json => print_json(&mut out, &report)?,
            }
            let refused = report.profile.is_none();
            return Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
        Command::Export(args) => exchange::export(&mut out, args, data_dir)?,
        Command::Import(args) => return exchange::import(&mut out, args, data_dir),
    }
    Ok(ExitCode::SUCCESS)
}

fn print_json(out: &mut impl Write, what: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, what)?;
    writeln!(out)
}

fn print_list(out: &mut impl Write, folder: &Path, all: &[Summary]) -> io::Result<()> {
    if all.is_empty() {
        return writeln!(out, "no profile in {} yet", folder.display());
    }
    let width = all.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
    for one in all {
        write!(out, "{:width$}  ", one.name)?;
        match (&one.refused, one.parts) {
            (Some(reason), _) => writeln!(out, "refused: {reason}")?,
            (None, parts) => {
                let (buses, components) = parts.unwrap_or_default();
                let buses = count(buses, "bus", "buses");
                let components = count(components, "component", "components");
                let warnings = match one.warnings {
                    0 => String::new(),
                    n => format!(", {}", count(n, "warning", "warnings")),
                };
                writeln!(out, "{buses}, {components}{warnings}")?;
            }
        }
    }
    Ok(())
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn print_profile(
    out: &mut impl Write,
    file: &Path,
    profile: &Profile,
    filled: &[Filled],
) -> io::Result<()> {
    writeln!(out, "{}  ({})", profile.name, file.display())?;
    for bus in &profile.buses {
        write!(out, "  bus {}: {}", bus.name, bus.address)?;
        if let Some(scene) = &bus.scene {
            write!(out, ", scene {scene}")?;
        }
        for dbc in &bus.dbc {
            write!(out, ", {}", dbc.display())?;
        }
        writeln!(out)?;
    }
    for filled in filled {
        let ComponentEntry { name, kind, bus, .. } = &filled.entry;
        writeln!(out, "  component {name}: {kind} on {bus}{}", settings(filled))?;
    }
    Ok(())
}

/// The settings of a component as they hold, each behind a comma.
fn settings(filled: &Filled) -> String {
    let entry = &filled.entry;
    let limits = entry.limits;
    let said = |name: &str, text: String| {
        let note = if filled.defaults.contains(&name) { " (default)" } else { "" };
        format!("{text}{note}")
    };
    // Only a battery has a sign, strings and a pack.
    let strings = count(entry.strings.into(), "string", "strings");
    let own = [
        entry.base.map(|base| said("base", format!("base {base:#x}"))),
        entry.current_sign.map(|sign| said("current_sign", sign.to_string())),
        entry.current_sign.map(|_| said("strings", strings)),
        entry.pack.as_ref().map(|pack| said("pack", format!("pack {pack}"))),
        entry.late.map(|late| said("late_ms", format!("late after {} ms", late.as_millis()))),
        entry.lost.map(|lost| said("lost_ms", format!("lost after {} ms", lost.as_millis()))),
    ];
    let bounds: Vec<String> = [
        limits.cell_min.map(|mv| format!("cells at least {} mV", mv.get())),
        limits.cell_max.map(|mv| format!("cells at most {} mV", mv.get())),
        limits.temperature_min.map(|t| format!("at least {} °C", t.get())),
        limits.temperature_max.map(|t| format!("at most {} °C", t.get())),
        limits.current_max.map(|a| format!("at most {} A", a.get())),
    ]
    .into_iter()
    .flatten()
    .collect();
    let set = entry.settings.iter().map(|(name, value)| format!("{name} {value}"));
    let none = bounds.is_empty().then(|| "no limits (default)".to_owned());
    let all = own.into_iter().flatten().chain(bounds).chain(none).chain(set);
    all.map(|one| format!(", {one}")).collect()
}

fn print_report(out: &mut impl Write, report: &Report) -> io::Result<()> {
    for Problem { line, severity, text } in &report.problems {
        let file = report.file.display();
        match line {
            0 => writeln!(out, "{file}: {}: {text}", severity.word())?,
            line => writeln!(out, "{file}:{line}: {}: {text}", severity.word())?,
        }
    }
    match &report.profile {
        None => writeln!(out, "{} is refused", report.file.display()),
        Some(profile) => writeln!(
            out,
            "{} can run: {}, {}",
            report.file.display(),
            count(profile.buses.len(), "bus", "buses"),
            count(profile.components.len(), "component", "components")
        ),
    }
}

/// What the file of a profile of the data folder says.
fn text_of(library: &Library, profile: &Name) -> Result<String, Refused> {
    Ok(read_profile_text(&there_is(library, profile)?)?)
}

/// The file of a profile of the data folder.
fn there_is(library: &Library, profile: &Name) -> Result<PathBuf, Refused> {
    let file = library.file_of(profile);
    if file.exists() {
        return Ok(file);
    }
    Err(format!("there is no profile {profile}: `busbar profile list` shows those there are")
        .into())
}

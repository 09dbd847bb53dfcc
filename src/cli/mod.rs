//! The command line: a face like the others. Each command has a file; this one has the grammar.

pub mod backup;
pub mod campaign;
pub mod charge;
pub mod convert;
pub mod dbc;
mod dbc_show;
pub mod decode;
pub mod device;
pub mod discover;
pub mod doctor;
pub mod inspect;
mod meter;
pub mod open;
pub mod papers;
pub mod profile;
pub mod record;
pub mod records;
pub mod replay;
pub mod serve;
pub mod simulate;
pub mod token;
pub mod user;
pub mod watchdog;

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Parser, Subcommand};

use crate::base::problem::{Problem, system_words};
use crate::engine::{Address, Catalog, Library};

/// Problems of a recording that are printed; the rest is only counted.
const PROBLEMS_SHOWN: usize = 5;

/// Why a command did not do what it should; the text says what and where.
pub type Refused = Box<dyn std::error::Error>;

/// Whether a file that is there may be replaced.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Over {
    /// Replace a file that is there.
    #[arg(long)]
    pub force: bool,
}

impl Over {
    /// Whether this file may be written. Devices and pipes may always.
    ///
    /// # Errors
    /// It is there, and nobody said that it may be replaced.
    pub fn may_write(self, path: &Path) -> Result<(), Refused> {
        if !self.force && path.is_file() {
            let path = path.display();
            return Err(format!("{path}: this file is there already; --force replaces it").into());
        }
        Ok(())
    }
}

/// What came of writing to standard output: whoever reads it may stop early, as `head` does.
///
/// # Errors
/// It could not be written for another reason.
pub fn printed(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a line to standard output.
///
/// # Errors
/// It could not be written, and not because nobody reads it.
pub fn say(words: impl fmt::Display) -> io::Result<()> {
    printed(writeln!(io::stdout().lock(), "{words}"))
}

/// How a command ends: an exit code, or an error.
pub type Outcome = Result<ExitCode, Refused>;

/// A console for battery packs on a CAN bus. Without a command it opens the window.
#[derive(Parser, Debug)]
#[command(name = "busbar", version, about)]
pub struct Cli {
    /// What to run.
    #[command(flatten)]
    pub wanted: Wanted,
    /// Folder for profiles and settings.
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Recordings to look at in the window, beside what runs, and DBC files to look into; the same as
    /// `busbar open FILE…`.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What to do instead of opening the window.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to run; nothing given means what was chosen last.
#[derive(clap::Args, Debug, Default)]
pub struct Wanted {
    /// Profile to run: its name in the data folder, or a file.
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// Open one bus with the usual components: socketcan:can0, replay:FILE or virtual:NAME. For
    /// this run only; nothing is written.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["profile", "demo"])]
    pub bus: Option<Address>,
    /// Run the demo on a virtual bus, whatever was chosen before.
    #[arg(long)]
    pub demo: bool,
    /// Scene of the demo.
    #[arg(long, value_name = "NAME|FILE", requires = "demo")]
    pub scene: Option<String>,
}

impl Wanted {
    /// Whether something was asked for.
    #[must_use]
    pub const fn is_something(&self) -> bool {
        self.profile.is_some() || self.bus.is_some() || self.demo
    }
}

/// The commands.
#[expect(
    missing_docs,
    reason = "help says at length what stands at a command's arguments, but only where nothing stands here"
)]
#[derive(Subcommand, Debug)]
pub enum Command {
    Backup(backup::Args),
    Restore(backup::RestoreArgs),
    /// Charge a pack on the Busbar that runs.
    #[command(subcommand)]
    Charge(charge::Command),
    Convert(convert::Args),
    Decode(decode::Args),
    /// Work with DBC files.
    #[command(subcommand)]
    Dbc(dbc::Command),
    /// Work with kinds of device: device folders of one's own.
    #[command(subcommand)]
    Device(device::Command),
    Discover(discover::Args),
    Doctor(doctor::Args),
    Inspect(inspect::Args),
    Replay(replay::Args),
    Campaign(campaign::Args),
    /// Open the window and look at recordings, beside what runs.
    Open(open::Args),
    Record(record::Args),
    Simulate(simulate::Args),
    /// Run without a window: the pack on the terminal, and the web listener.
    Serve(serve::Args),
    /// Work with profiles.
    #[command(subcommand)]
    Profile(profile::Command),
    /// Work with accounts, beside a running Busbar or without one.
    #[command(subcommand)]
    User(user::Command),
    /// Work with tokens of the API, beside a running Busbar or without one.
    #[command(subcommand)]
    Token(token::Command),
    /// Print what a shell needs to complete commands.
    Completions(papers::Completions),
    /// Write the manual pages.
    #[command(hide = true)]
    Manual(papers::Manual),
    /// Stop what a dead console cannot: started by Busbar itself.
    #[command(hide = true)]
    Watchdog,
}

/// Runs a command.
///
/// # Errors
/// As the command says.
pub fn run(command: &Command, cli: &Cli) -> Outcome {
    carried_out(command, cli).map_err(|error| match error.downcast_ref::<io::Error>() {
        // What names no file comes from writing what was found out.
        Some(full) if full.kind() == io::ErrorKind::StorageFull => {
            format!("standard output cannot be written: {}", system_words(full)).into()
        }
        Some(_) | None => error,
    })
}

fn carried_out(command: &Command, cli: &Cli) -> Outcome {
    match command {
        Command::Backup(args) => backup::run(args, cli.data_dir.as_deref()),
        Command::Restore(args) => backup::restore(args, cli.data_dir.as_deref()),
        Command::Charge(command) => charge::run(command, cli.data_dir.as_deref()),
        Command::Convert(args) => convert::run(args),
        Command::Decode(args) => decode::run(args),
        Command::Dbc(command) => dbc::run(command),
        Command::Device(command) => device::run(command, cli.data_dir.as_deref()),
        Command::Discover(args) => discover::run(args, cli.data_dir.as_deref()),
        Command::Doctor(args) => doctor::run(args, cli.data_dir.as_deref()),
        Command::Inspect(args) => inspect::run(args, cli.data_dir.as_deref()),
        Command::Replay(args) => replay::run(args, cli.data_dir.as_deref()),
        Command::Campaign(args) => campaign::run(args),
        Command::Record(args) => record::run(args, cli.data_dir.as_deref()),
        Command::Simulate(args) => simulate::run(args),
        // It needs an engine, which only boot can start.
        Command::Serve(_) | Command::Open(_) => Err("the engine is started by boot".into()),
        Command::Profile(command) => profile::run(command, cli.data_dir.as_deref()),
        Command::User(command) => user::run(command, cli.data_dir.as_deref()),
        Command::Token(command) => token::run(command, cli.data_dir.as_deref()),
        Command::Completions(args) => papers::completions(args),
        Command::Manual(args) => papers::manual(args),
        Command::Watchdog => watchdog::run(),
    }
}

/// Tells what is wrong with a recording, line by line, and how much more there is.
fn tell_problems(to: &mut impl Write, problems: &[Problem]) -> io::Result<()> {
    for problem in problems.iter().take(PROBLEMS_SHOWN) {
        let place = match problem.line {
            0 => String::new(),
            line => format!("line {line}: "),
        };
        writeln!(to, "  {}: {place}{}", problem.severity.word(), problem.text)?;
    }
    let more = problems.len().saturating_sub(PROBLEMS_SHOWN);
    if more > 0 {
        writeln!(to, "  and {more} more of this kind")?;
    }
    Ok(())
}

/// Tells on standard error what is odd about a recording. Nobody may be reading it, which is no error.
fn tell_odd(recording: &Path, skipped: u64, problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{}: {skipped} lines skipped", recording.display());
    let _ = tell_problems(&mut err, problems);
}

/// Prints an error and its causes to standard error, one line each.
pub fn print_error(error: &dyn std::error::Error) {
    let mut said = error.to_string();
    eprintln!("busbar: {said}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        // Many libraries repeat their cause in their own text.
        if !said.contains(&text) {
            eprintln!("  because {text}");
        }
        said = text;
        cause = inner.source();
    }
}

/// The kinds of device that are known: those that come with the program, and those of the data folder.
/// Who names no data folder and has no home folder has none of their own.
fn known_devices(data_dir: Option<&Path>) -> Arc<Catalog> {
    let library = Library::find(data_dir);
    library.map_or_else(|_| Arc::new(Catalog::builtin()), |library| library.catalog())
}

/// A flag that Ctrl+C, or a polite kill, sets. The second one ends the program at once.
///
/// # Errors
/// The system does not let a program do that.
pub fn stop_on_signal() -> Result<Arc<AtomicBool>, io::Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let usual = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];
    for signal in usual.into_iter().chain(hang_up()) {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// The signal of a terminal that is closed, where it ends this program.
fn hang_up() -> Option<std::ffi::c_int> {
    #[cfg(unix)]
    {
        hang_up_ends().then_some(signal_hook::consts::SIGHUP)
    }
    #[cfg(not(unix))]
    {
        None
    }
}

/// Whether a terminal that is closed, or a session that ends, ends this program: not where whoever
/// started it has said otherwise, as `nohup` does. Known where the system tells it.
#[cfg(unix)]
fn hang_up_ends() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return false };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 0)
}

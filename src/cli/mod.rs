//! The command line: a face like the others. Each command has a file; this one has the grammar.

pub mod dbc;
pub mod decode;
pub mod inspect;
pub mod profile;
pub mod simulate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// How a command ends: an exit code, or an error whose text says what and where.
pub type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// A console for battery packs on a CAN bus. Without a command it opens the window.
#[derive(Parser, Debug)]
#[command(name = "busbar", version, about)]
pub struct Cli {
    /// Profile to run: its name in the data folder, or a file.
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// Run the demo on a virtual bus, whatever was chosen before.
    #[arg(long)]
    pub demo: bool,
    /// Scene of the demo.
    #[arg(long, value_name = "NAME|FILE", requires = "demo")]
    pub scene: Option<String>,
    /// Folder for profiles and settings.
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// What to do instead of opening the window.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Decode a recording with DBC files.
    Decode(decode::Args),
    /// Work with DBC files.
    #[command(subcommand)]
    Dbc(dbc::Command),
    /// Say what a recording tells about a pack.
    Inspect(inspect::Args),
    /// Run simulated devices on a bus.
    Simulate(simulate::Args),
    /// Work with profiles.
    #[command(subcommand)]
    Profile(profile::Command),
}

/// Runs a command.
///
/// # Errors
/// As the command says.
pub fn run(command: &Command, cli: &Cli) -> Outcome {
    match command {
        Command::Decode(args) => decode::run(args),
        Command::Dbc(command) => dbc::run(command),
        Command::Inspect(args) => inspect::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Profile(command) => profile::run(command, cli.data_dir.as_deref()),
    }
}

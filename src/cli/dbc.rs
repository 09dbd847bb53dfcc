//! `busbar dbc`.

use crate::cli::Outcome;

/// What to do with a DBC file.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Check a DBC file and list its problems.
    Check(CheckArgs),
}

/// Arguments of `busbar dbc check`.
#[derive(clap::Args, Debug)]
pub struct CheckArgs {}

/// Runs it.
///
/// # Errors
/// Says what and where.
pub fn run(_command: &Command) -> Outcome {
    Err("not built yet".into())
}

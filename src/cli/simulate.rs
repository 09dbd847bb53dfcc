//! `busbar simulate`.

use crate::cli::Outcome;

/// Run simulated devices on a bus.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs it.
///
/// # Errors
/// Says what and where.
pub fn run(_args: &Args) -> Outcome {
    Err("not built yet".into())
}

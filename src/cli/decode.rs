//! `busbar decode`.

use crate::cli::Outcome;

/// Decode a recording with DBC files.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs it.
///
/// # Errors
/// Says what and where.
pub fn run(_args: &Args) -> Outcome {
    Err("not built yet".into())
}

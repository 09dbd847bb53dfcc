//! `busbar inspect`.

use crate::cli::Outcome;

/// Say what a recording tells about a pack.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs it.
///
/// # Errors
/// Says what and where.
pub fn run(_args: &Args) -> Outcome {
    Err("not built yet".into())
}

//! `busbar profile`.

use std::path::Path;

use crate::cli::Outcome;

/// What to do with profiles.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List the profiles of the data folder.
    List,
}

/// Runs it; `data_dir` overrides the data folder.
///
/// # Errors
/// Says what and where.
pub fn run(_command: &Command, _data_dir: Option<&Path>) -> Outcome {
    Err("not built yet".into())
}

//! Starts the engine and the faces; hands the local seat to the desktop only.

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{self, Cli};

/// Parses the arguments and runs what they ask for.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Some(command) => cli::run(command, &cli),
        None => Err("the window is not built yet".into()),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("busbar: {error}");
        let mut cause = error.source();
        while let Some(inner) = cause {
            eprintln!("  because {inner}");
            cause = inner.source();
        }
        ExitCode::from(2)
    })
}

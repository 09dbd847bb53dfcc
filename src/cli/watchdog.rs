//! `busbar watchdog`: started by Busbar itself. Not for people, so it is in no list.

use std::io::{self, BufReader};
use std::process::ExitCode;
use std::sync::Arc;

use crate::base::time::{Clock, SystemClock};
use crate::cli::Outcome;
use crate::engine::{WatchdogEnded, watch_over};

/// Reads lines from standard input until it is released, or has stopped what it holds.
///
/// # Errors
/// The machine has no more threads.
pub fn run() -> Outcome {
    let clock: Arc<dyn Clock> = SystemClock::new();
    let mut say = |text: String| eprintln!("busbar watchdog: {text}");
    Ok(match watch_over(BufReader::new(io::stdin()), &clock, &mut say)? {
        WatchdogEnded::Released | WatchdogEnded::Stopped => ExitCode::SUCCESS,
        WatchdogEnded::Failed => ExitCode::from(2),
    })
}

//! `busbar doctor`: the check-up of the data folder.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use crate::base::time::{Clock as _, SystemClock};
use crate::cli::Outcome;
use crate::engine::{Finding, Health, Library, Machine, examine};

/// Look at the data folder and say what is wrong with it.
///
/// Looks at who may read it, whether Busbar is running on it, the database, the chain of the journal,
/// whether the secrets that are kept open with their key file, the accounts, the disk and the clock; names
/// the first journal line that was tampered with. Changes nothing, and works whether Busbar is running or
/// not.
///
/// The exit code is 0 if all is well, 1 if there is a warning, 2 if something is at fault.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// One JSON object instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// What is not looked at from here: this looks at the folder and the machine alone.
const QUEUES: &str =
    "Not looked at from here: queues, ages and buses of a running Busbar stand on its Doctor page.";

/// Runs it.
///
/// # Errors
/// There is no folder to look at, or standard output is gone.
pub fn run(args: &Args, data_dir: Option<&Path>) -> Outcome {
    let library = Library::find(data_dir)?;
    let mut found = examine(library.folder());
    let clock = SystemClock::new();
    found.extend(Machine::look(library.folder()).findings(clock.wall()));
    let (check, health, text) = ("queues", Health::Ok, QUEUES.to_owned());
    found.push(Finding { check, health, text, advice: None });
    let worst = found.iter().map(|finding| finding.health).max().unwrap_or(Health::Ok);
    let mut out = io::stdout().lock();
    if args.json {
        let folder = library.folder().to_string_lossy();
        let report = json!({ "folder": folder, "health": worst, "checks": found });
        writeln!(out, "{report:#}")?;
    } else {
        found.iter().try_for_each(|finding| writeln!(out, "{}", line(finding)))?;
    }
    out.flush()?;
    Ok(ExitCode::from(match worst {
        Health::Ok => 0,
        Health::Warning => 1,
        Health::Fault => 2,
    }))
}

fn line(finding: &Finding) -> String {
    let Finding { check, health, text, advice } = finding;
    let advice = advice.as_ref().map(|advice| format!(" {advice}")).unwrap_or_default();
    format!("{:<8} {check:<9} {text}{advice}", health.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_with_its_advice() {
        let finding = Finding {
            check: "journal",
            health: Health::Fault,
            text: "Line 4 is missing.".into(),
            advice: Some("Keep a copy.".into()),
        };
        assert_eq!(line(&finding), "fault    journal   Line 4 is missing. Keep a copy.");
        let finding = Finding { health: Health::Ok, advice: None, ..finding };
        assert_eq!(line(&finding), "ok       journal   Line 4 is missing.");
    }
}

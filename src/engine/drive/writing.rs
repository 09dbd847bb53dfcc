//! Writes the file of a profile aside, so that the hub never waits for a disk, and tells it how that
//! ended. Whatever happens to the thread, the hub hears something.

use crossbeam_channel::Sender;

use crate::engine::hub::{Event, KeepProfile};
use crate::engine::profile::library::{read, write_whole};

/// Writes `job` on a thread of its own; gives what the hub is to be told if there can be no thread.
pub(super) fn keep(inbox: Sender<Event>, job: KeepProfile) -> Option<Event> {
    let number = job.number;
    let body = move || {
        let mut word = Word { inbox, number, outcome: Err(FAULT.to_owned()) };
        word.outcome = write(&job);
    };
    let thread = std::thread::Builder::new().name("profile write".into()).spawn(body);
    thread.err().map(|error| Event::Kept { number, outcome: Err(error.to_string()) })
}

/// Said where the writing ended without a word of its own.
const FAULT: &str = "the profile's file could not be written, by a fault of Busbar's own";

/// What the hub is told when this is dropped.
struct Word {
    inbox: Sender<Event>,
    number: u64,
    outcome: Result<(), String>,
}

impl Drop for Word {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Ok(()));
        let event = Event::Kept { number: self.number, outcome };
        // Waits for room: until the hub has heard it, nothing can be started. Only a hub that has
        // ended does not take it.
        if self.inbox.send(event).is_err() {
            tracing::debug!("nobody is left to hear how the writing of a profile ended");
        }
    }
}

fn write(job: &KeepProfile) -> Result<(), String> {
    let there = read(&job.file).map_err(|error| told(&error))?;
    if *there != *job.before {
        return Err(format!(
            "{} was edited meanwhile: look at it again before changing it",
            job.file.display()
        ));
    }
    write_whole(&job.file, &job.text).map_err(|error| told(&error))
}

/// The error with what is behind it.
fn told(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use crossbeam_channel::bounded;

    use super::*;

    fn outcome(before: &str, there: &str) -> (Result<(), String>, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        fs::write(&file, there).unwrap();
        let (inbox, events) = bounded(1);
        let job =
            KeepProfile { number: 7, file: file.clone(), before: before.into(), text: "c".into() };
        assert!(keep(inbox, job).is_none());
        let event = events.recv_timeout(Duration::from_secs(10)).unwrap();
        let Event::Kept { number: 7, outcome } = event else { panic!("{event:?}") };
        (outcome, fs::read_to_string(file).unwrap())
    }

    #[test]
    fn a_file_is_written_and_the_hub_hears_of_it() {
        assert_eq!(outcome("a", "a"), (Ok(()), "c".to_owned()));
    }

    #[test]
    fn what_somebody_has_edited_meanwhile_is_not_overwritten() {
        let (outcome, there) = outcome("a", "b");
        assert!(outcome.unwrap_err().contains("was edited meanwhile"));
        assert_eq!(there, "b");
    }
}

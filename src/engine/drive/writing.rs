//! Works on the texts of profiles aside, so that the hub never waits for a disk, and tells it how that
//! ended. Whatever happens to the thread, the hub hears something.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Sender;

use crate::engine::access::grant::Face;
use crate::engine::hub::{Draft, Event, Found, KeepProfile, ProfileJob, ProfileNews, ProfileWork};
use crate::engine::offline::profiles::ground;
use crate::engine::orders::OrderError;
use crate::engine::orders::deeds::profiles::said;
use crate::engine::orders::plant::ActivateProfile;
use crate::engine::orders::profiles::{EditProfile, Profiling, RestoreProfile};
use crate::engine::people::People;
use crate::engine::people::ledger::{Author, Ledger, LedgerError, key_of};
use crate::engine::profile::check::admit;
use crate::engine::profile::edit::{Change, Revision, apply, words};
use crate::engine::profile::expand::environment;
use crate::engine::profile::library::{Loaded, interpret, read};
use crate::engine::profile::remote::brought;
use crate::engine::store::versions;

/// Writes `job` on a thread of its own; gives what the hub is to be told if there can be no thread.
pub(super) fn keep(inbox: Sender<Event>, people: Arc<People>, job: KeepProfile) -> Option<Event> {
    let number = job.number;
    let fault = || Event::Kept { number, outcome: Err(FAULT.to_owned()) };
    aside(inbox, fault(), move || {
        let outcome = write(&people, &job).map_err(|error| error.to_string());
        if let Err(why) = &outcome {
            tracing::error!(file = %job.file.display(), why, "a profile was not kept");
        }
        Event::Kept { number, outcome }
    })
}

/// Does `job` on a thread of its own; gives what the hub is to be told if there can be no thread.
pub(super) fn work(inbox: Sender<Event>, people: Arc<People>, job: ProfileJob) -> Option<Event> {
    let number = job.number;
    let fault = Event::Profile { number, outcome: Err(OrderError::Unfit(FAULT.to_owned())) };
    aside(inbox, fault, move || Event::Profile { number, outcome: done(&people, job) })
}

fn aside(
    inbox: Sender<Event>,
    fault: Event,
    body: impl FnOnce() -> Event + Send + 'static,
) -> Option<Event> {
    // Left here where there is no thread to take it.
    let word = Arc::new(Mutex::new(Some(fault)));
    let own = Arc::clone(&word);
    let body = move || {
        let mut word = Word { inbox, event: take(&own) };
        word.event = Some(body());
    };
    let thread = std::thread::Builder::new().name("profile write".into()).spawn(body);
    match thread {
        Ok(_) => None,
        Err(error) => {
            tracing::error!(%error, "there is no thread to write a profile with");
            take(&word)
        }
    }
}

fn take(word: &Mutex<Option<Event>>) -> Option<Event> {
    word.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Said where the work ended without a word of its own.
const FAULT: &str = "the profile's file could not be written, by a fault of Busbar's own";

/// What the hub is told when this is dropped.
struct Word {
    inbox: Sender<Event>,
    event: Option<Event>,
}

impl Drop for Word {
    fn drop(&mut self) {
        let Some(event) = self.event.take() else { return };
        // Waits for room: until the hub has heard it, nothing can be started. Only a hub that has
        // ended does not take it.
        if self.inbox.send(event).is_err() {
            tracing::debug!("nobody is left to hear how the writing of a profile ended");
        }
    }
}

/// Does something about the files of profiles, in a transaction of the thread that writes.
fn in_ledger<T: Send + 'static>(
    people: &Arc<People>,
    body: impl FnOnce(&Ledger<'_>) -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    let own = Arc::clone(people);
    let at = people.clock().wall();
    people.store().write(move |writing| {
        let done = body(&Ledger { writing, library: own.library(), at });
        if done.is_ok() {
            writing.touch();
        }
        done
    })
}

fn write(people: &Arc<People>, job: &KeepProfile) -> Result<(), LedgerError> {
    let job = job.clone();
    in_ledger(people, move |ledger| {
        let found = match job.found {
            Found::Stays => None,
            Found::Version => Some(read(&job.file)?),
        };
        let before = found.as_deref().unwrap_or(&job.before);
        ledger.replace(&job.file, (before, &job.text), &job.author)
    })
}

fn done(people: &Arc<People>, job: ProfileJob) -> Result<ProfileNews, OrderError> {
    let ProfileJob { by, face, work, .. } = job;
    match work {
        ProfileWork::Draft { file, text, order } => {
            let place = file.clone().unwrap_or_default();
            let (new, what) = wanted(people, &place, &text, (&order, face))?;
            let found = match &order {
                Profiling::Restore(_) => Found::Version,
                Profiling::Edit(_) | Profiling::Rename(_) | Profiling::Delete(_) => Found::Stays,
            };
            if *new == *text {
                if let (Some(file), Found::Version) = (file, found) {
                    let author = Author { by, face: face.code(), what };
                    mended(people, file, text, author).map_err(said)?;
                }
                return Ok(ProfileNews::Done);
            }
            let loaded = sound(people, &place, new)?;
            let order = Box::new(ActivateProfile { file, ..ActivateProfile::loaded(loaded) });
            Ok(ProfileNews::Draft(Draft { order, what, found }))
        }
        ProfileWork::Rename { file, text, to } => {
            let name = to.clone();
            let author = Author { by, face: face.code(), what: format!("called {to}") };
            let text = in_ledger(people, move |ledger| ledger.rename(&file, &text, &to, &author));
            let text = text.map_err(said)?.into();
            Ok(ProfileNews::Renamed { file: people.library().file_of(&name), name, text })
        }
        ProfileWork::Elsewhere(order) => {
            elsewhere(people, order, (by, face))?;
            Ok(ProfileNews::Done)
        }
    }
}

/// Has the file say what runs again, where somebody has written something else into it.
fn mended(
    people: &Arc<People>,
    file: PathBuf,
    runs: Arc<str>,
    author: Author,
) -> Result<(), LedgerError> {
    in_ledger(people, move |ledger| {
        let found = read(&file)?;
        if *found == *runs { Ok(()) } else { ledger.replace(&file, (&found, &runs), &author) }
    })
}

/// Does it with a profile that does not run, in the name of `by` who came through `face`.
pub(super) fn elsewhere(
    people: &Arc<People>,
    order: Profiling,
    (by, face): (String, Face),
) -> Result<(), OrderError> {
    let author = |what: String| Author { by, face: face.code(), what };
    let file = people.library().file_of(order.profile());
    if let Profiling::Delete(order) = order {
        let author = author("deleted".to_owned());
        let deleted = in_ledger(people, move |ledger| {
            ledger.delete(&order.profile, order.on.as_ref(), &author)
        });
        return deleted.map_err(said);
    }
    if !file.exists() {
        return Err(said(LedgerError::Missing(order.profile().clone())));
    }
    let text = read(&file).map_err(|error| said(error.into()))?;
    if let Profiling::Rename(order) = order {
        stale(&text, &order.on, &order.profile)?;
        let author = author(format!("called {}", order.to));
        let renamed =
            in_ledger(people, move |ledger| ledger.rename(&file, &text, &order.to, &author));
        return renamed.map(drop).map_err(said);
    }
    let (new, what) = wanted(people, &file, &text, (&order, face))?;
    if new == text {
        return Ok(());
    }
    let new = sound(people, &file, new)?.text;
    let author = author(what);
    in_ledger(people, move |ledger| ledger.replace(&file, (&text, &new), &author)).map_err(said)
}

fn stale(text: &str, on: &Revision, profile: &impl std::fmt::Display) -> Result<(), OrderError> {
    if Revision::of(text) == *on {
        return Ok(());
    }
    Err(OrderError::Stale { what: format!("the profile {profile}") })
}

/// What the profile in `file`, which says `text`, is to say, and what that changes in words. An earlier
/// version may come back whoever asks: what it says was there.
fn wanted(
    people: &People,
    file: &Path,
    text: &str,
    (order, face): (&Profiling, Face),
) -> Result<(String, String), OrderError> {
    match order {
        Profiling::Edit(EditProfile { profile, on, changes }) => {
            stale(text, on, profile)?;
            if changes.iter().any(|change| matches!(change, Change::Rename(_))) {
                let why =
                    "a profile is called otherwise by renaming it, which renames its file too";
                return Err(OrderError::Unfit(why.to_owned()));
            }
            let new = apply(text, file, changes, &environment)
                .map_err(|error| said(LedgerError::from(error)))?;
            if face.is_remote() {
                let places = (file, people.library().folder());
                let refused = |why| OrderError::Profile { name: profile.to_string(), why };
                brought((Some(text), &new), places, &environment)
                    .map_err(|why| refused(why.to_string()))?;
            }
            Ok((new, words(changes)))
        }
        Profiling::Restore(RestoreProfile { profile, on, version }) => {
            stale(text, on, profile)?;
            let key = key_of(people.library(), file);
            let found = people.store().read(|reading| versions::one(reading, &key, *version));
            let found = found.map_err(OrderError::from)?.ok_or_else(|| OrderError::NotFound {
                what: "version",
                which: format!("{version} of {profile}"),
            })?;
            // It is called as it is now: only what it says comes back.
            let named = crate::base::id::Name::new(&key).ok().map(Change::Rename);
            let named: Vec<Change> = named.into_iter().collect();
            let new = apply(&found.text, file, &named, &environment)
                .map_err(|error| said(LedgerError::from(error)))?;
            Ok((new, format!("back to version {version}")))
        }
        Profiling::Rename(_) | Profiling::Delete(_) => Ok((text.to_owned(), String::new())),
    }
}

/// The text as a profile that may run.
fn sound(people: &People, file: &Path, text: String) -> Result<Loaded, OrderError> {
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    interpret(file, text, &environment)
        .and_then(|loaded| admit(loaded, &ground(&people.devices().catalog())))
        .map_err(|error| OrderError::Profile {
            name: name.unwrap_or_default(),
            why: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use crossbeam_channel::bounded;

    use super::*;
    use crate::base::id::Name;
    use crate::base::time::SystemClock;
    use crate::engine::access::password::Cost;
    use crate::engine::store::Opener;

    fn people(folder: &Path) -> Arc<People> {
        let opener = Opener::Engine { face: "a test" };
        let clock: Arc<dyn crate::base::time::Clock> = SystemClock::new();
        let cost = Cost::of(&*clock);
        People::open(folder, opener, clock, cost).unwrap().0
    }

    fn outcome(before: &str, there: &str) -> (Result<(), String>, String, usize) {
        let folder = tempfile::tempdir().unwrap();
        let people = people(folder.path());
        people.library().make().unwrap();
        let file = people.library().profiles().join("a.toml");
        fs::write(&file, there).unwrap();
        let (inbox, events) = bounded(1);
        let author = Author { by: "Ada".into(), face: "web", what: "a rule".into() };
        let (before, text) = (before.into(), "c".into());
        let found = Found::Stays;
        let job = KeepProfile { number: 7, file: file.clone(), before, found, text, author };
        assert!(keep(inbox, Arc::clone(&people), job).is_none());
        let event = events.recv_timeout(Duration::from_secs(10)).unwrap();
        let Event::Kept { number: 7, outcome } = event else { panic!("{event:?}") };
        let kept = people.store().read(|reading| versions::list(reading, "a")).unwrap().len();
        (outcome, fs::read_to_string(file).unwrap(), kept)
    }

    #[test]
    fn a_file_is_written_with_its_versions_and_the_hub_hears_of_it() {
        // What was there before is kept too: nobody had.
        assert_eq!(outcome("a", "a"), (Ok(()), "c".to_owned(), 2));
        assert_eq!(outcome("a", "c"), (Ok(()), "c".to_owned(), 2));
    }

    #[test]
    fn going_back_takes_what_was_written_by_hand_out_of_the_file_and_keeps_it_as_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let people = people(folder.path());
        people.library().make().unwrap();
        let profile = Name::new("a").unwrap();
        let file = people.library().file_of(&profile);
        let said = |description: &str| format!("name = \"a\"\ndescription = \"{description}\"\n");
        let (first, runs) = (said("first"), said("runs"));
        fs::write(&file, &first).unwrap();
        let author = || Author { by: "Ada".into(), face: "web", what: "a word".into() };
        let (before, text) = (first.clone(), runs.clone());
        let place = file.clone();
        in_ledger(&people, move |ledger| ledger.replace(&place, (&before, &text), &author()))
            .unwrap();
        let list = || people.store().read(|reading| versions::list(reading, "a")).unwrap();
        let [newest, oldest] = [list()[0].id, list()[1].id];
        let broken = format!("{runs}this is broken\n");
        let back = |version| {
            fs::write(&file, &broken).unwrap();
            let on = Revision::of(&runs);
            let order = RestoreProfile { profile: profile.clone(), on, version };
            let (file, text) = (Some(file.clone()), runs.clone().into());
            let work = ProfileWork::Draft { file, text, order: Profiling::Restore(order) };
            done(&people, ProfileJob { number: 1, by: "Ada".into(), face: Face::Web, work })
                .unwrap()
        };
        assert!(matches!(back(newest), ProfileNews::Done));
        assert_eq!(fs::read_to_string(&file).unwrap(), runs, "it says what runs");
        assert_eq!(list().len(), 4, "what was written by hand, and going back");
        let ProfileNews::Draft(draft) = back(oldest) else { panic!("it says something else") };
        assert_eq!(draft.found, Found::Version);
        let (before, text) = (runs.as_str().into(), first.as_str().into());
        let job = |found| KeepProfile {
            number: 7,
            file: file.clone(),
            before: Arc::clone(&before),
            found,
            text: Arc::clone(&text),
            author: author(),
        };
        assert!(write(&people, &job(Found::Stays)).is_err(), "as any other change");
        assert_eq!(fs::read_to_string(&file).unwrap(), broken);
        write(&people, &job(draft.found)).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), first);
        assert_eq!(list().len(), 6);
    }

    #[test]
    fn an_edit_from_elsewhere_brings_no_file_and_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let people = people(folder.path());
        people.library().make().unwrap();
        let profile = Name::new("a").unwrap();
        let file = people.library().file_of(&profile);
        let text = "name = \"a\"\n[[bus]]\nname = \"b\"\naddress = \"virtual:x\"\n\
                    dbc = [\"/none/there.dbc\"]\n";
        fs::write(&file, text).unwrap();
        let order = |on: &str, change| {
            let (profile, on) = (profile.clone(), Revision::of(on));
            Profiling::Edit(EditProfile { profile, on, changes: vec![change] })
        };
        let bus = profile_bus(&["/none/there.dbc", "/none/other.dbc"]);
        for face in [Face::Web, Face::Api] {
            let by = ("Ada".to_owned(), face);
            let said = elsewhere(&people, order(text, bus.clone()), by).unwrap_err().to_string();
            let why = "none/other.dbc is outside of the data folder";
            assert!(said.contains("line 5: the file ") && said.contains(why), "{said}");
            // Nor into what runs, whether it is in a file or not.
            for file in [Some(file.clone()), None] {
                let work =
                    ProfileWork::Draft { file, text: text.into(), order: order(text, bus.clone()) };
                let job = ProfileJob { number: 1, by: "Ada".to_owned(), face, work };
                assert!(done(&people, job).unwrap_err().to_string().contains(why));
            }
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        let described = Change::Describe("kept ${HOME}".to_owned());
        elsewhere(&people, order(text, described), ("Ada".to_owned(), Face::Web)).unwrap();
        let now = fs::read_to_string(&file).unwrap();
        assert!(now.contains("kept $${HOME}") && now.contains("/none/there.dbc"), "{now}");
        elsewhere(&people, order(&now, bus), ("Ada".to_owned(), Face::CommandLine)).unwrap();
        assert!(fs::read_to_string(&file).unwrap().contains("/none/other.dbc"));
    }

    fn profile_bus(files: &[&str]) -> Change {
        let files = files.iter().map(Into::into).collect();
        Change::SetDbcs { bus: Name::new("b").unwrap(), files }
    }

    #[test]
    fn what_somebody_has_edited_meanwhile_is_not_overwritten() {
        let (outcome, there, kept) = outcome("a", "b");
        assert!(outcome.unwrap_err().contains("was edited meanwhile"));
        assert_eq!((there.as_str(), kept), ("b", 0));
    }
}

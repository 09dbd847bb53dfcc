//! Watches the file of the running profile and orders an edited one to run; says it to everybody
//! when the edited one is broken, while the running one stays.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::engine::{
    ActivateProfile, Catalog, ChangeSettings, Door, Notice, Session, TakeEdit, ViewPlant,
    WatchedChange, WatchedFile, interpret_profile,
};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What the notices are about.
const SUBJECT: &str = "profile file";

/// A running watcher; dropping it ends it.
pub(super) struct ProfileWatch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts to watch in the name of `session`.
pub(super) fn start(door: Door, session: Session) -> io::Result<ProfileWatch> {
    let (stop, stopped) = bounded::<()>(0);
    let body = move || Watcher { door, session, file: None, told: false }.run(&stopped);
    let thread = std::thread::Builder::new().name("profile watch".into()).spawn(body)?;
    Ok(ProfileWatch { stop: Some(stop), thread: Some(thread) })
}

impl Drop for ProfileWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the profile watch ended by a panic");
        }
    }
}

/// Tells everybody about the profile's file; an empty text takes back what was told.
pub(super) fn tell(door: &Door, session: &Session, text: String) {
    if let Ok(grant) = session.permit(ChangeSettings) {
        door.tell(&grant, Notice { subject: SUBJECT, text });
    }
}

struct Watcher {
    door: Door,
    session: Session,
    file: Option<WatchedFile>,
    /// What everybody was told still stands.
    told: bool,
}

impl Watcher {
    fn run(mut self, stopped: &Receiver<()>) {
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY) {
            self.look();
        }
    }

    fn look(&mut self) {
        self.follow();
        let Some(file) = &mut self.file else { return };
        let change = file.poll();
        self.take(change);
        if self.told && self.is_mended() {
            self.tell(String::new());
        }
    }

    /// Whether the file says what runs.
    fn is_mended(&self) -> bool {
        let running = self.running();
        running.zip(self.file.as_ref()).is_some_and(|((_, text), file)| file.said(&text))
    }

    /// The running profile's file and text, where it is kept in one.
    fn running(&self) -> Option<(PathBuf, Arc<str>)> {
        let grant = self.session.permit(ViewPlant).ok()?;
        let snapshot = self.door.look(&grant);
        let profile = snapshot.profile.as_ref()?;
        Some((profile.file.clone()?, profile.text.clone()?))
    }

    /// Watches the file of the profile that runs now, from the text that runs.
    fn follow(&mut self) {
        let running = self.running();
        let watched = self.file.as_ref().map(WatchedFile::file);
        if running.as_ref().map(|(file, _)| file.as_path()) != watched {
            self.file = running.map(|(file, text)| WatchedFile::since(&file, &text));
        }
    }

    fn take(&mut self, change: WatchedChange) {
        match change {
            WatchedChange::Same => {}
            WatchedChange::New(text) => self.edited(text),
            WatchedChange::Unreadable(error) => {
                let watched = self.file.as_ref().map(|watch| watch.file().to_owned());
                // It may just have been called otherwise.
                if self.running().map(|(file, _)| file) != watched {
                    return;
                }
                self.tell(format!("{error}. The running profile stays."));
            }
        }
    }

    /// The kinds of device that the plant knows.
    fn catalog(&self) -> Option<Arc<Catalog>> {
        let grant = self.session.permit(ViewPlant).ok()?;
        Some(Arc::clone(&self.door.look(&grant).catalog))
    }

    fn edited(&mut self, text: String) {
        let Some(file) = self.file.as_ref().map(|watch| watch.file().to_owned()) else { return };
        let Some(catalog) = self.catalog() else { return };
        let refused = match interpret_profile(&file, text, &catalog) {
            Err(error) => Some(error.to_string()),
            Ok(loaded) => {
                let order = ActivateProfile::loaded(loaded);
                // Reading takes a while: somebody may have chosen another profile, or this edit
                // may only bring back what runs.
                match self.running() {
                    Some((now, text)) if now == file && order.text.as_ref() != Some(&text) => {}
                    Some(_) | None => return,
                }
                match self.door.submit(&self.session, TakeEdit(order)) {
                    Err(refusal) => {
                        // Looked at again from the running text, so that the edit is not lost.
                        self.file = None;
                        Some(refusal.to_string())
                    }
                    Ok(ticket) => ticket.wait().err().map(|error| error.to_string()),
                }
            }
        };
        // A profile that now runs took all notices with it.
        if let Some(why) = refused {
            self.tell(format!(
                "The edited profile is refused: {why}. The running one stays: mend the file, or go back to a version on the profile's page."
            ));
        }
    }

    fn tell(&mut self, text: String) {
        self.told = !text.is_empty();
        tell(&self.door, &self.session, text);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crossbeam_channel::unbounded;

    use super::*;
    use crate::engine::testing::start_cheaply;
    use crate::engine::{Config, Face, Snapshot};

    const SOON: Duration = Duration::from_secs(20);
    const TEXT: &str = "name = \"Yard\"\n\n[[bus]]\nname = \"can0\"\naddress = \"virtual:yard\"\n";

    #[test]
    fn an_edit_that_is_refused_is_told_until_the_file_says_again_what_runs() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().to_owned(), "a test");
        let mut running = start_cheaply(config).unwrap();
        let session = running.take_seat().unwrap().sit(Face::Desktop);
        let door = running.door.clone();
        let (wake, woken) = unbounded();
        let grant = session.permit(ViewPlant).unwrap();
        door.watch(&grant, Box::new(move || _ = wake.send(())));
        let file = folder.path().join("Yard.toml");
        fs::write(&file, TEXT).unwrap();
        let catalog = Arc::clone(&door.look(&grant).catalog);
        let loaded = interpret_profile(&file, TEXT.to_owned(), &catalog).unwrap();
        let order = ActivateProfile::loaded(loaded);
        door.submit(&session, order).unwrap().wait().unwrap();
        let mut watcher = Watcher { door: door.clone(), session, file: None, told: false };
        let mut said = |text: &str, wanted: &dyn Fn(&Snapshot) -> bool| {
            fs::write(&file, text).unwrap();
            watcher.look();
            loop {
                if wanted(&door.look(&watcher.session.permit(ViewPlant).unwrap())) {
                    return;
                }
                woken.recv_timeout(SOON).expect("it was never told");
            }
        };
        let refused = |snapshot: &Snapshot| {
            snapshot.notices.iter().any(|notice| notice.text.contains("Yard.toml:6"))
        };
        let quiet = |snapshot: &Snapshot| snapshot.notices.is_empty();
        let broken = format!("{TEXT}this is broken\n");
        said(&broken, &refused);
        said(TEXT, &quiet);
        said(&broken, &refused);
        said(&format!("{TEXT}# By hand.\n"), &quiet);
        // One that is sound, and refused by what runs: it is looked at again and again until it is taken.
        watcher.tell("It is being charged.".to_owned());
        watcher.file = None;
        watcher.look();
        assert!(!watcher.told, "it says what runs");
    }
}

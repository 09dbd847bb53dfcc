//! The system's file dialog, on a thread of its own so that the window never waits for it.

use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::base::time::{Clock, SystemClock};

/// A dialog that answers sooner than a person could was never shown.
const TOO_QUICK: Duration = Duration::from_millis(700);

/// The dialog that may be open.
#[derive(Default)]
pub struct Dialog {
    answer: Option<Receiver<Answer>>,
}

struct Answer {
    path: Option<PathBuf>,
    took: Duration,
}

impl Dialog {
    /// Notes what the dialog that is opened next is for. One that is open already goes on for what it was
    /// opened for: its answer must not be taken for another one's.
    pub fn is_for<T>(&self, noted: &mut T, what: T) {
        if self.answer.is_none() {
            *noted = what;
        }
    }

    /// Asks for a recording to open, unless a dialog is open already.
    pub fn open(&mut self, ctx: &egui::Context) {
        self.show(ctx, || rfd::FileDialog::new().set_title("Open a recording").pick_file());
    }

    /// Asks for a file under this title, unless a dialog is open already.
    pub fn pick(&mut self, ctx: &egui::Context, title: &'static str) {
        self.show(ctx, move || rfd::FileDialog::new().set_title(title).pick_file());
    }

    /// Asks where to save a file of this name, unless a dialog is open already.
    pub fn save(&mut self, ctx: &egui::Context, title: &'static str, name: String) {
        let ask = move || rfd::FileDialog::new().set_title(title).set_file_name(name).save_file();
        self.show(ctx, ask);
    }

    fn show(
        &mut self,
        ctx: &egui::Context,
        dialog: impl FnOnce() -> Option<PathBuf> + Send + 'static,
    ) {
        if self.answer.is_some() {
            return;
        }
        let (sender, receiver) = bounded(1);
        let waking = ctx.clone();
        let ask = move || {
            let clock = SystemClock::new();
            // In a test nobody is there to answer: it is told that the system has no dialog.
            let path = if cfg!(any(test, feature = "testing")) { None } else { dialog() };
            let took = clock.now().since(crate::base::time::Mono::ZERO);
            // The window may be gone; then nobody wants the answer.
            _ = sender.send(Answer { path, took });
            waking.request_repaint();
        };
        if std::thread::Builder::new().name("file dialog".to_owned()).spawn(ask).is_ok() {
            self.answer = Some(receiver);
        }
    }

    /// The chosen file, or a sentence where the system has no dialog; `None` while there is no
    /// news and when a person closed it.
    pub fn poll(&mut self) -> Option<Result<PathBuf, String>> {
        let answer = match self.answer.as_ref()?.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Answer { path: None, took: Duration::ZERO },
        };
        self.answer = None;
        match answer {
            Answer { path: Some(path), .. } => Some(Ok(path)),
            Answer { path: None, took } if took < TOO_QUICK => {
                let words = "This system has no file dialog (`busbar doctor` says what brings one). Type the path instead.";
                Some(Err(words.to_owned()))
            }
            Answer { path: None, .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_a_dialog_that_is_open_is_for_what_it_was_opened_for() {
        let mut noted = "nothing";
        let mut dialog = Dialog::default();
        dialog.is_for(&mut noted, "open a log");
        let (sender, receiver) = bounded(1);
        dialog.answer = Some(receiver);
        // The file that is opened must not be taken as one to write over.
        dialog.is_for(&mut noted, "save values");
        assert_eq!(noted, "open a log");
        let path = Some(PathBuf::from("/drive.blf"));
        sender.send(Answer { path: path.clone(), took: Duration::ZERO }).unwrap();
        assert_eq!(dialog.poll(), path.map(Ok));
        dialog.is_for(&mut noted, "save values");
        assert_eq!(noted, "save values");
    }
}

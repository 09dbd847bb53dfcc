//! The backup on the System page: what it would hold, with which passphrase, into which file.

use std::path::PathBuf;

use egui::{RichText, Ui};

use crate::desktop::ask::{Ask, Existing, Place, SaveTo};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::pages::admin::Shared;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look, Ticked};
use crate::desktop::widgets::text::paragraph;
use crate::engine::{BackupRecordings, Secret};
use crate::view::offer::{Offer, Question};
use crate::view::system::BackupView;

/// Names of the fields, also for tests.
pub const PATH: &str = "Path of the backup";
/// The passphrase.
pub const PASSPHRASE: &str = "Passphrase of the backup";
/// The passphrase once more.
pub const AGAIN: &str = "The same passphrase again";

/// What is asked before a window closes that makes one.
pub(super) fn closing() -> Question {
    let text = "Closing Busbar breaks the backup off: there will be none. To have it, keep the window open until a sentence on the System page says that it is made.";
    Question {
        title: "A backup is being made".to_owned(),
        text: text.to_owned(),
        confirm: "Break the backup off and close".to_owned(),
    }
}

/// What is typed.
#[derive(Default)]
pub(super) struct BackupForm {
    /// Whether recordings go along.
    recordings: bool,
    passphrase: String,
    again: String,
    /// Where to; as long as nobody has been here, none. Then it is proposed once, and may be emptied.
    path: Option<String>,
    /// The path that the system's file dialog gave: it has asked about a file that is there.
    chosen: Option<PathBuf>,
    /// What the system's file dialog had to say.
    dialog: String,
}

impl BackupForm {
    /// Takes what the system's file dialog came to.
    pub(super) fn chosen(&mut self, chosen: Result<PathBuf, String>) {
        match chosen {
            Ok(path) => {
                self.path = Some(path.display().to_string());
                self.chosen = Some(path);
                self.dialog.clear();
            }
            Err(sentence) => self.dialog = sentence,
        }
    }

    /// It is made: nothing of what was typed is kept.
    pub(super) fn settled(&mut self) {
        *self = Self::default();
    }

    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &BackupView,
        shared: &mut Shared,
    ) -> Option<Command> {
        let about = "Everything that Busbar keeps, in one file, while it runs: accounts, settings, the journal, profiles, DBC files and device folders of one's own.";
        paragraph(ui, about, theme.muted);
        ui.label(RichText::new(&view.holds).color(theme.text));
        shared.answers(ui, theme, Place::Backup);
        let ticked = Ticked::from(self.recordings);
        if form::tick(ui, theme, ticked, ("Take recordings along", &view.recordings), None) {
            self.recordings = !self.recordings;
        }
        form::row(ui, theme, "Passphrase", |ui| {
            form::secret_field(ui, theme, PASSPHRASE, &mut self.passphrase);
        });
        form::row(ui, theme, "The same again", |ui| {
            form::secret_field(ui, theme, AGAIN, &mut self.again);
        });
        paragraph(ui, &view.passphrase, theme.muted);
        let propose = || {
            let home = std::env::home_dir().unwrap_or_default();
            home.join(&view.name).display().to_string()
        };
        self.path.get_or_insert_with(propose);
        let mut asked = None;
        let offer = self.offer(view, shared);
        form::row(ui, theme, "File", |ui| {
            let path = self.path.get_or_insert_default();
            form::line_field(ui, theme, PATH, path, "");
        });
        ui.horizontal_wrapped(|ui| {
            if form::named_offer(ui, theme, &offer, Look::Primary, "Make the backup") {
                asked = shared.ask(self.ask());
            }
            let browse = ui.button("Browse\u{2026}").accessible_name("Browse for the backup");
            if browse.clicked() {
                asked = Some(Command::BrowseBackup(view.name.clone()));
            }
            if shared.waits(Place::Backup) {
                ui.label(RichText::new("It is being made\u{2026}").color(theme.muted));
            }
            ui.label(RichText::new(&self.dialog).color(theme.warning));
        });
        paragraph(ui, &view.restore, theme.muted);
        for command in view.commands.iter().copied() {
            ui.label(RichText::new(command).font(fonts::mono(13.0)).color(theme.text));
        }
        asked
    }

    fn offer(&self, view: &BackupView, shared: &Shared) -> Offer {
        let label = "Make and save";
        let typed = self.passphrase.chars().count();
        if shared.waits(Place::Backup) {
            Offer::shut(label, "A backup is being made.")
        } else if typed > 0 && typed < view.least {
            Offer::shut(label, &format!("A passphrase has at least {} characters.", view.least))
        } else if self.passphrase != self.again {
            Offer::shut(label, "The two passphrases differ.")
        } else if self.typed().is_empty() {
            Offer::shut(label, "Type a path first.")
        } else {
            Offer::open(label)
        }
    }

    /// The path as it stands in the field.
    fn typed(&self) -> &str {
        self.path.as_deref().unwrap_or_default().trim()
    }

    fn ask(&self) -> Ask {
        let path = PathBuf::from(self.typed());
        let existing = match self.chosen.as_ref() == Some(&path) {
            true => Existing::Replace,
            false => Existing::Keep,
        };
        let recordings = match self.recordings {
            true => BackupRecordings::Take,
            false => BackupRecordings::Leave,
        };
        let passphrase = Some(&self.passphrase).filter(|typed| !typed.is_empty());
        let passphrase = passphrase.map(|typed| Secret::new(typed.clone()));
        Ask::MakeBackup { recordings, passphrase, to: SaveTo { path, existing } }
    }
}

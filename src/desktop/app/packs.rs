//! Profile packs in the window: brought by a dialog or a drop, saved by a dialog.

use std::path::{Path, PathBuf};

use super::{App, Browsing};
use crate::desktop::command::{Command, Page};
use crate::desktop::pages::profiles::Way;

impl App {
    /// Asks the system for a profile pack, or where to save one.
    pub(super) fn packs(&mut self, ctx: &egui::Context, way: Way) {
        self.dialog.is_for(&mut self.browsing, Browsing::Pack);
        self.dialog.is_for(&mut self.profiles.way, way.clone());
        match &way {
            Way::Bring => self.dialog.pick(ctx, "Choose a profile pack"),
            Way::Save(profile) => {
                self.dialog.save(ctx, "Save the profile pack", format!("{profile}.zip"));
            }
        }
    }

    /// What the dialog gave for a profile pack.
    pub(super) fn pack_chosen(&mut self, ctx: &egui::Context, outcome: Result<PathBuf, String>) {
        if let Some(command) = self.profiles.chosen(outcome) {
            self.carry_out(ctx, command);
        }
    }

    /// Takes a profile pack that was dropped on the window.
    pub(super) fn pack_dropped(&mut self, ctx: &egui::Context, path: PathBuf) {
        let command = self.profiles.bring(path);
        self.carry_out(ctx, Command::Go(Page::Profiles));
        self.carry_out(ctx, command);
    }
}

/// Whether a file is a profile pack, by its name.
pub(super) fn is_pack(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
}

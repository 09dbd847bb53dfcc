//! What is asked of the source for a page, and what is forgotten once it has happened.

use super::App;
use crate::desktop::command::Page;
use crate::desktop::pages::admin::Tab;

impl App {
    /// Forgets what was typed once the charge that runs does exactly that.
    pub(super) fn taken_over(&mut self) {
        let view = &self.seen.charge;
        let runs = view.stop.is_open() && !self.kept.charge.typed.is_empty();
        let sound = view.fields.iter().all(|field| field.error.is_empty());
        if self.seen.page == Page::Charge && runs && sound && !view.apply.is_open() {
            self.kept.charge.typed.clear();
        }
    }

    pub(super) fn look_at_people(&mut self) {
        let (seen, source) = (&mut self.seen.admin, &self.source);
        match self.kept.admin.tab {
            Tab::Users => seen.users = source.users(&self.kept.admin.users),
            Tab::Services => seen.services = source.services(),
            Tab::Sessions => seen.sessions = source.sessions(),
            Tab::Settings => seen.settings = source.settings(&self.kept.admin.find),
            // Its lines are asked for by the page and come as an answer.
            Tab::Journal | Tab::System => {}
        }
    }

    pub(super) fn look_at_parts(&mut self) {
        self.seen.parts = self.source.parts(&self.parts.prefs);
        self.seen.parts_prefs = self.parts.prefs.clone();
    }
}

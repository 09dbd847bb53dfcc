//! The editor of one account: what can be typed and ticked, saved as one.

use egui::{RichText, ScrollArea, Ui};

use crate::desktop::ask::{Ask, EditedUser, Place};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::pages::admin::Shared;
use crate::desktop::pages::admin::service_pick::ServicePick;
use crate::desktop::pages::admin::user_actions::{self, Extra};
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look, Ticked};
use crate::desktop::widgets::text::{caption, line, note};
use crate::engine::{AccountId, AccountKind, Rights, ServiceId};
use crate::view::compose::users::{choices, toggled};
use crate::view::offer::Offer;
use crate::view::users::{UserEditor, UsersView};

/// Name of the field for an account's name, also for tests.
pub const NAME: &str = "Name of the user";
/// Name of the field for its address.
pub const EMAIL: &str = "E-mail address of the user";

/// What was typed on top of what is there.
pub(super) struct Draft {
    id: AccountId,
    version: i64,
    /// What was there when it was begun.
    began: (String, String, Option<ServiceId>, Rights),
    name: String,
    email: String,
    service: ServicePick,
    rights: Rights,
    extra: Extra,
    /// It was sent and not answered yet.
    saving: bool,
}

impl Draft {
    pub(super) fn of(editor: &UserEditor) -> Self {
        let began = (editor.name.clone(), editor.email.clone(), editor.service, editor.rights);
        Self {
            id: editor.id,
            version: editor.version,
            name: editor.name.clone(),
            email: editor.email.clone(),
            service: ServicePick::of(editor.service),
            rights: editor.rights,
            extra: Extra::None,
            saving: false,
            began,
        }
    }

    /// Whether something was typed or ticked that is not saved.
    pub(super) fn touched(&self) -> bool {
        let (name, email, service, rights) = &self.began;
        self.name != *name
            || self.email != *email
            || self.service != ServicePick::of(*service)
            || self.rights != *rights
    }

    /// Follows what is there: another account, or the same one changed while nothing was typed.
    pub(super) fn follow(self, editor: &UserEditor) -> Self {
        if self.id != editor.id {
            return Self::of(editor);
        }
        if self.version != editor.version && !self.touched() {
            return Self { extra: self.extra, ..Self::of(editor) };
        }
        self
    }

    /// What was asked is done: what was typed below the form is over, and `None` where the form
    /// itself was saved.
    pub(super) fn settle(self) -> Option<Self> {
        (!self.saving).then_some(Self { extra: Extra::None, ..self })
    }

    /// What was asked is refused.
    pub(super) const fn refuse(&mut self) {
        self.saving = false;
    }

    fn wish(&self) -> EditedUser {
        let rights: Vec<_> = self.rights.iter().collect();
        EditedUser {
            id: self.id,
            version: self.version,
            name: self.name.trim().to_owned(),
            email: self.email.trim().to_owned(),
            service: self.service.choice(),
            rights: Rights::of_account(&rights),
        }
    }

    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        (view, editor): (&UsersView, &UserEditor),
        shared: &mut Shared,
    ) -> (Option<Command>, Option<()>) {
        let mut asked = None;
        let mut open = Some(());
        ui.horizontal(|ui| {
            caption(ui, theme, &editor.name);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let close = ui.small_button(crate::desktop::icons::CLOSE);
                if close.accessible_name("Close the editor").on_hover_text("Close, Esc").clicked() {
                    open = None;
                }
            });
        });
        shared.answers(ui, theme, Place::User);
        // Saving stays in sight below what scrolls.
        let height = (ui.available_height() - 44.0).max(80.0);
        let scroll = ScrollArea::vertical().id_salt("user editor").auto_shrink(false);
        scroll.max_height(height).show(ui, |ui| {
            for sentence in &editor.notes {
                note(ui, theme, sentence);
            }
            self.fields(ui, theme, view, editor);
            ui.add_space(6.0);
            let rule = (view.add.password.as_str(), &mut *shared);
            asked = user_actions::draw(ui, theme, editor, &mut self.extra, rule);
            ui.add_space(8.0);
            facts(ui, theme, editor);
        });
        ui.add_space(4.0);
        let saved = self.save(ui, theme, editor, shared);
        asked = asked.or(saved);
        (asked, open)
    }

    fn fields(&mut self, ui: &mut Ui, theme: &Theme, view: &UsersView, editor: &UserEditor) {
        form::row(ui, theme, "Name", |ui| {
            form::line_field(ui, theme, NAME, &mut self.name, "");
        });
        if editor.kind == AccountKind::Person {
            form::row(ui, theme, "E-mail", |ui| {
                form::line_field(ui, theme, EMAIL, &mut self.email, "none");
            });
        }
        self.service.draw(ui, theme, &view.services);
        ui.add_space(6.0);
        caption(ui, theme, "Permissions");
        for choice in choices(self.rights, editor.keeps_administrator.as_deref()) {
            let (on, fixed) = (Ticked::from(choice.held), choice.fixed.as_deref());
            if form::tick(ui, theme, on, (choice.words, choice.about), fixed) {
                self.rights = toggled(self.rights, choice.right);
            }
        }
    }

    fn save(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        editor: &UserEditor,
        shared: &mut Shared,
    ) -> Option<Command> {
        let mut asked = None;
        let touched = self.touched();
        ui.horizontal_wrapped(|ui| {
            let offer = match touched {
                false if editor.save.is_open() => Offer::shut("Save", "Nothing was changed."),
                true | false => editor.save.clone(),
            };
            if form::named_offer(ui, theme, &offer, Look::Primary, "Save the account") {
                self.saving = true;
                asked = shared.ask(Ask::SaveUser(self.wish()));
            }
            if touched && ui.button("Undo").clicked() {
                *self = Self::of(editor);
            }
            if touched && self.version != editor.version {
                let words = "Somebody else has changed this account. Undo shows what is there now.";
                line(ui, "Changed meanwhile", fonts::text(13.0), theme.warning)
                    .on_hover_text(words);
            }
            if shared.waits(Place::User) {
                ui.label(RichText::new("Asked…").color(theme.muted));
            }
        });
        asked
    }
}

fn facts(ui: &mut Ui, theme: &Theme, editor: &UserEditor) {
    ui.spacing_mut().interact_size.y = 16.0;
    let status = ("Status".to_owned(), editor.status.word.clone());
    for (label, value) in std::iter::once(&status).chain(&editor.facts) {
        ui.horizontal(|ui| {
            let text = RichText::new(label).font(fonts::text(12.0)).color(theme.muted);
            let size = egui::Vec2::new(form::LABEL, 16.0);
            let layout = egui::Layout::left_to_right(egui::Align::Center);
            ui.allocate_ui_with_layout(size, layout, |ui| {
                ui.set_min_width(form::LABEL);
                ui.add(egui::Label::new(text).truncate());
            });
            let text = RichText::new(value).font(fonts::text(12.0)).color(theme.text);
            ui.add(egui::Label::new(text).wrap());
        });
    }
}

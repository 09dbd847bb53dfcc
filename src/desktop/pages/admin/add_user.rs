//! The form for a new account.

use egui::{RichText, ScrollArea, Ui};

use crate::desktop::ask::{Ask, NewUser, Place, Way};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::pages::admin::Shared;
use crate::desktop::pages::admin::service_pick::ServicePick;
use crate::desktop::pages::admin::user_editor::{EMAIL, NAME};
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look, Ticked};
use crate::desktop::widgets::text::{caption, paragraph};
use crate::engine::{AccountKind, MustChangeIt, Preset, Rights, Secret};
use crate::view::compose::users::{choices, toggled};
use crate::view::offer::Offer;
use crate::view::users::UsersView;

/// What was typed so far.
pub(super) struct Adding {
    kind: AccountKind,
    name: String,
    email: String,
    service: ServicePick,
    rights: Rights,
    way: Wanted,
    password: String,
    must_change: bool,
    /// The name field takes the keyboard when the form opens.
    fresh: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Invitation,
    Password,
}

impl Adding {
    pub(super) fn new() -> Self {
        Self {
            kind: AccountKind::Person,
            name: String::new(),
            email: String::new(),
            service: ServicePick::default(),
            rights: Preset::Viewer.rights(),
            way: Wanted::Invitation,
            password: String::new(),
            must_change: true,
            fresh: true,
        }
    }

    fn wish(&self) -> NewUser {
        let person = self.kind == AccountKind::Person;
        let must = if self.must_change { MustChangeIt::Yes } else { MustChangeIt::No };
        let rights: Vec<_> = self.rights.iter().collect();
        NewUser {
            kind: self.kind,
            name: self.name.trim().to_owned(),
            email: if person { self.email.trim().to_owned() } else { String::new() },
            service: self.service.choice(),
            rights: Rights::of_account(&rights),
            way: match self.way {
                Wanted::Invitation | Wanted::Password if !person => Way::None,
                Wanted::Invitation => Way::Invitation,
                Wanted::Password => Way::Password(Secret::new(self.password.clone()), must),
            },
        }
    }

    /// Whether nothing was typed yet.
    pub(super) fn is_blank(&self) -> bool {
        [&self.name, &self.email, &self.password].into_iter().all(|text| text.trim().is_empty())
    }

    fn missing(&self) -> Option<&'static str> {
        if self.name.trim().is_empty() {
            return Some("Type a name first.");
        }
        let bare = self.kind == AccountKind::Person
            && self.way == Wanted::Password
            && self.password.is_empty();
        bare.then_some("Type a first password, or choose the invitation.")
    }

    /// Draws the form; `None` as second once it is closed.
    pub(super) fn draw(
        mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &UsersView,
        shared: &mut Shared,
    ) -> (Option<Command>, Option<Self>) {
        let mut asked = None;
        let mut closed = false;
        ui.horizontal(|ui| {
            caption(ui, theme, "Add user");
        });
        ui.add_space(2.0);
        shared.answers(ui, theme, Place::AddUser);
        // What ends the form stays in sight below what scrolls.
        let height = (ui.available_height() - 44.0).max(80.0);
        let fields = ScrollArea::vertical().id_salt("add user").auto_shrink(false);
        fields.max_height(height).show(ui, |ui| {
            self.who(ui, theme, view);
            self.permissions(ui, theme, view);
            if self.kind == AccountKind::Person {
                self.credential(ui, theme, view);
            }
        });
        ui.add_space(6.0);
        ui.horizontal_wrapped(|ui| {
            let missing = self.missing();
            let offer = match missing {
                Some(why) if view.add.offer.is_open() => Offer::shut("Add", why),
                Some(_) | None => Offer { label: "Add".into(), ..view.add.offer.clone() },
            };
            let waits = shared.waits(Place::AddUser);
            let pressed = ui
                .add_enabled_ui(!waits, |ui| {
                    form::named_offer(ui, theme, &offer, Look::Primary, "Add this user")
                })
                .inner;
            if pressed {
                asked = shared.ask(Ask::AddUser(self.wish()));
            }
            closed = ui.button("Cancel").clicked();
            if waits {
                ui.label(RichText::new("Adding…").color(theme.muted));
            }
        });
        (asked, (!closed).then_some(self))
    }

    fn who(&mut self, ui: &mut Ui, theme: &Theme, view: &UsersView) {
        form::row(ui, theme, "For", |ui| {
            let kinds = [(AccountKind::Person, "A person"), (AccountKind::Machine, "A program")];
            for (kind, words) in kinds {
                ui.selectable_value(&mut self.kind, kind, words);
            }
        });
        form::row(ui, theme, "Name", |ui| {
            let field = form::line_field(ui, theme, NAME, &mut self.name, "grace");
            if std::mem::take(&mut self.fresh) {
                field.request_focus();
            }
        });
        if self.kind == AccountKind::Person {
            form::row(ui, theme, "E-mail", |ui| {
                form::line_field(ui, theme, EMAIL, &mut self.email, "grace@example.org");
            });
        } else {
            paragraph(ui, &view.add.machine, theme.muted);
        }
        self.service.draw(ui, theme, &view.services);
        ui.add_space(8.0);
    }

    fn permissions(&mut self, ui: &mut Ui, theme: &Theme, view: &UsersView) {
        caption(ui, theme, "Permissions");
        ui.horizontal_wrapped(|ui| {
            for preset in &view.add.presets {
                let active = preset.rights == self.rights;
                let button = egui::Button::new(preset.word).selected(active);
                let spoken = format!("Preset: {}", preset.word);
                let response = ui.add(button).accessible_name(spoken);
                if response.on_hover_text(&preset.about).clicked() {
                    self.rights = preset.rights;
                }
            }
        });
        for choice in choices(self.rights, None) {
            let (on, fixed) = (Ticked::from(choice.held), choice.fixed.as_deref());
            if form::tick(ui, theme, on, (choice.words, choice.about), fixed) {
                self.rights = toggled(self.rights, choice.right);
            }
        }
        ui.add_space(8.0);
    }

    fn credential(&mut self, ui: &mut Ui, theme: &Theme, view: &UsersView) {
        caption(ui, theme, "First password");
        ui.horizontal_wrapped(|ui| {
            let ways = [(Wanted::Invitation, "Invitation link"), (Wanted::Password, "Set it now")];
            for (way, words) in ways {
                ui.selectable_value(&mut self.way, way, words);
            }
        });
        match self.way {
            Wanted::Invitation => {
                paragraph(ui, &view.add.invitation, theme.muted);
            }
            Wanted::Password => {
                form::row(ui, theme, "Password", |ui| {
                    form::secret_field(ui, theme, "First password to set", &mut self.password);
                });
                let rule = RichText::new(&view.add.password).font(fonts::text(12.0));
                ui.label(rule.color(theme.muted));
                let words = ("Must be changed at the first sign-in", "");
                if form::tick(ui, theme, Ticked::from(self.must_change), words, None) {
                    self.must_change = !self.must_change;
                }
            }
        }
    }
}

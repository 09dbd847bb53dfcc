//! A profile pack that was brought: what of it is new, the same, changed or in the way, before it is taken;
//! and the path of one, where the system has no file dialog.

use std::path::PathBuf;

use egui::{RichText, Ui};

use super::Way;
use crate::desktop::ask::{Existing, ProfileAsk, SaveTo};
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::{GAP, panel};
use crate::desktop::widgets::text::{line, note, paragraph};
use crate::engine::PackCarry;
use crate::view::exchange::{PackRow, PackView};
use crate::view::offer::Offer;
use crate::view::shown::{Note, Tone};

/// A pack that is looked at.
pub(super) struct Bringing {
    path: PathBuf,
    /// What its profile is to be called; empty: as it says.
    name: String,
    /// The name in the field when it was last looked at.
    asked: String,
    /// What it was to be called then; empty: as it says.
    told: String,
    /// What is to become of its recordings.
    carry: PackCarry,
    /// What was found.
    shown: Option<PackView>,
    waits: bool,
}

/// What was pressed.
pub(super) enum Pressed {
    /// Ask for this.
    Ask(ProfileAsk),
    /// Save this profile as one.
    Save(String, SaveTo),
    /// Take it: this leads to the profile of this name.
    Take(ProfileAsk, String),
    /// Leave it.
    Leave,
}

impl Bringing {
    pub(super) const fn begin(path: PathBuf) -> Self {
        Self {
            path,
            name: String::new(),
            asked: String::new(),
            told: String::new(),
            carry: PackCarry::Take,
            shown: None,
            waits: true,
        }
    }

    /// Takes what was found; whether it is of this pack.
    pub(super) fn take(&mut self, path: &PathBuf, view: PackView) {
        if *path == self.path {
            if self.name.is_empty() {
                self.name.clone_from(&view.name);
                self.asked.clone_from(&view.name);
            }
            self.shown = Some(view);
            self.waits = false;
        }
    }

    /// It was refused: whether there is nothing left to show.
    pub(super) const fn refused(&mut self) -> bool {
        self.waits = false;
        self.shown.is_none()
    }

    fn look(&mut self) -> ProfileAsk {
        self.waits = true;
        self.asked.clone_from(&self.name);
        self.told.clone_from(&self.name);
        let (path, name) = (self.path.clone(), self.name.clone());
        ProfileAsk::Bring { path, name, carry: self.carry }
    }
}

/// What looks at a pack as it says.
pub(super) const fn bring(path: PathBuf) -> ProfileAsk {
    ProfileAsk::Bring { path, name: String::new(), carry: PackCarry::Take }
}

/// Draws it.
pub(super) fn draw(ui: &mut Ui, theme: &Theme, bringing: &mut Bringing) -> Option<Pressed> {
    let mut pressed = None;
    panel(ui, theme, "A profile pack", |ui| pressed = content(ui, theme, bringing));
    ui.add_space(GAP - 6.0);
    pressed
}

fn content(ui: &mut Ui, theme: &Theme, bringing: &mut Bringing) -> Option<Pressed> {
    let path = bringing.path.display().to_string();
    line(ui, &path, fonts::mono(12.0), theme.muted);
    let mut pressed = None;
    let Some(view) = bringing.shown.take() else {
        paragraph(ui, "Looking\u{2026}", theme.muted);
        return ui.button("Leave it").clicked().then_some(Pressed::Leave);
    };
    form::row(ui, theme, "Name here", |ui| {
        let name = "Name of the profile here";
        form::line_field(ui, theme, name, &mut bringing.name, &view.name);
    });
    line(ui, &view.summary, fonts::text(12.5), theme.text);
    for row in &view.rows {
        item(ui, theme, row);
    }
    let mut left = view.recordings.left;
    let mut other = false;
    if view.recordings.count > 0 {
        let tick = egui::Checkbox::new(&mut left, "Leave its recordings out");
        other = ui.add_enabled(!bringing.waits, tick).clicked();
    }
    for lack in &view.lacks {
        note(ui, theme, &Note { tone: Tone::Warning, text: lack.clone(), closable: false });
    }
    ui.add_space(4.0);
    let current = bringing.name == bringing.asked && !bringing.waits;
    let offer = if current || !view.take.is_open() {
        view.take.clone()
    } else {
        Offer::shut(&view.take.label, "It is being looked at under this name.")
    };
    ui.horizontal(|ui| {
        let spoken = format!("{} as {}", offer.label, view.name);
        if form::named_offer(ui, theme, &offer, Look::Primary, &spoken) {
            let (path, name) = (bringing.path.clone(), bringing.told.clone());
            let (carry, mark) = (bringing.carry, view.mark.clone());
            let ask = ProfileAsk::Take { path, name, carry, mark };
            pressed = Some(Pressed::Take(ask, view.name.clone()));
        }
        if ui.button("Leave it").clicked() {
            pressed = Some(Pressed::Leave);
        }
    });
    bringing.shown = Some(view);
    if pressed.is_none() && other {
        bringing.carry = if left { PackCarry::Leave } else { PackCarry::Take };
        return Some(Pressed::Ask(bringing.look()));
    }
    if pressed.is_none() && !bringing.waits && bringing.name != bringing.asked {
        return Some(Pressed::Ask(bringing.look()));
    }
    pressed
}

fn item(ui: &mut Ui, theme: &Theme, row: &PackRow) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let state = RichText::new(row.state).font(fonts::strong(12.5));
        ui.label(state.color(theme.tone(row.tone)));
        ui.label(RichText::new(format!("{} {}", row.what, row.name)).color(theme.text));
        ui.label(RichText::new(row.means).font(fonts::text(12.0)).color(theme.muted));
    });
}

/// The path of a pack, where the system has no dialog.
pub(super) fn path(
    ui: &mut Ui,
    theme: &Theme,
    (way, typed): (&Way, &mut String),
) -> Option<Pressed> {
    let mut pressed = None;
    let (label, does) = match way {
        Way::Bring => ("Path of the profile pack", "Look at it"),
        Way::Save(_) => ("Path to save the profile pack to", "Save it"),
    };
    panel(ui, theme, label, |ui| {
        ui.horizontal_wrapped(|ui| {
            let field = form::line_field(ui, theme, label, typed, "/home/\u{2026}/profile.zip");
            let offer = match typed.trim().is_empty() {
                true => Offer::shut(does, "Type the path first."),
                false => Offer::open(does),
            };
            let clicked = form::offer(ui, theme, &offer, Look::Primary);
            if (clicked || form::entered(ui, &field)) && offer.is_open() {
                let path = PathBuf::from(typed.trim());
                pressed = Some(match way {
                    Way::Bring => Pressed::Ask(bring(path)),
                    Way::Save(profile) => {
                        let to = SaveTo { path, existing: Existing::Keep };
                        Pressed::Save(profile.clone(), to)
                    }
                });
            }
            if ui.button("Leave it").clicked() {
                pressed = Some(Pressed::Leave);
            }
        });
    });
    ui.add_space(GAP - 6.0);
    pressed
}

//! One profile: what it is called and for, its versions, what it says, or what a version changed.

use std::collections::BTreeSet;

use egui::{RichText, ScrollArea, TextEdit, Ui, UiBuilder};

use super::{diff, list};
use crate::desktop::fonts;
use crate::desktop::pages;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::{GAP, INSET, panel, panel_in};
use crate::desktop::widgets::text::{caption, line, note, paragraph};
use crate::engine::VersionId;
use crate::view::compose::exchange::chosen;
use crate::view::compose::profiles::name_trouble;
use crate::view::exchange::AlongRow;
use crate::view::offer::Offer;
use crate::view::profiles::{ProfileView, ProfilesView, Shown, VersionRow};
use crate::view::shown::{Note, Tone};

/// In narrower pages what it says stands below the rest.
const WIDE: f32 = 760.0;
/// Share of the left column, and its most.
const LEFT: (f32, f32) = (0.42, 520.0);
/// Height of what it says where that stands below.
const BELOW: f32 = 380.0;
/// Most height of the recordings that may go along.
const ALONG: f32 = 150.0;
/// Room for the head of what it says.
const HEAD: f32 = 62.0;

/// What is typed about a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    /// The text that it was begun on.
    pub(super) revision: String,
    /// Its name.
    pub(super) name: String,
    /// Its description.
    pub(super) description: String,
}

/// What is typed and chosen about a profile.
pub(super) struct Typed<'a> {
    /// Its name and description.
    pub(super) draft: &'a mut Option<Draft>,
    /// The recordings that go along in its pack.
    pub(super) along: &'a mut BTreeSet<String>,
    /// Those that may.
    pub(super) offered: &'a [AlongRow],
}

/// What was pressed.
pub(super) enum Pressed {
    All,
    Run,
    Copy,
    Export,
    Delete,
    Show(Option<VersionId>),
    Restore(VersionId),
    Save(Draft),
    Discard,
}

/// The head of the page.
pub(super) fn head(ui: &mut Ui, theme: &Theme, view: &ProfileView) -> Option<Pressed> {
    let row = &view.row;
    let mut pressed = None;
    ui.horizontal_wrapped(|ui| {
        ui.set_min_height(30.0);
        pages::title(ui, theme, &row.name);
        list::state(ui, theme, row);
        // A label without words would take the cursor back to the left edge.
        if !row.parts.is_empty() {
            ui.label(RichText::new(&row.parts).font(fonts::text(12.0)).color(theme.muted));
        }
        if ui.button("All profiles").clicked() {
            pressed = Some(Pressed::All);
        }
        if form::offer(ui, theme, &row.activate, Look::Plain) {
            pressed = Some(Pressed::Run);
        }
        if form::offer(ui, theme, &row.undo, Look::Plain) {
            pressed = view.undo_to.map(Pressed::Restore);
        }
        if form::offer(ui, theme, &row.copy, Look::Plain) {
            pressed = Some(Pressed::Copy);
        }
        let export = Offer { label: "Save as a pack\u{2026}".to_owned(), ..row.copy.clone() };
        if form::offer(ui, theme, &export, Look::Plain) {
            pressed = Some(Pressed::Export);
        }
        if form::offer(ui, theme, &row.delete.offer, Look::Grave) {
            pressed = Some(Pressed::Delete);
        }
    });
    if let Some(text) = &row.refused {
        note(ui, theme, &Note { tone: Tone::Fault, text: text.clone(), closable: false });
    }
    pressed
}

/// The rest of it.
pub(super) fn draw(
    ui: &mut Ui,
    theme: &Theme,
    (all, view): (&ProfilesView, &ProfileView),
    typed: &mut Typed<'_>,
) -> Option<Pressed> {
    let room = ui.available_rect_before_wrap();
    let mut pressed = None;
    if room.width() < WIDE {
        ScrollArea::vertical().id_salt("profile").auto_shrink(false).show(ui, |ui| {
            pressed = left(ui, theme, (all, view), typed);
            let text = panel(ui, theme, "", |ui| said(ui, theme, view, BELOW));
            pressed = pressed.take().or(text);
        });
        return pressed;
    }
    let width = (room.width() * LEFT.0).min(LEFT.1);
    let (first, second) = room.split_left_right_at_x(room.left() + width);
    ui.scope_builder(UiBuilder::new().max_rect(first), |ui| {
        ScrollArea::vertical().id_salt("profile").auto_shrink(false).show(ui, |ui| {
            pressed = left(ui, theme, (all, view), typed);
        });
    });
    let second = second.with_min_x(second.left() + GAP);
    let height = (second.height() - 2.0 * INSET - HEAD).max(80.0);
    let text = panel_in(ui, theme, second, |ui| said(ui, theme, view, height));
    pressed.or(text)
}

fn left(
    ui: &mut Ui,
    theme: &Theme,
    (all, view): (&ProfilesView, &ProfileView),
    typed: &mut Typed<'_>,
) -> Option<Pressed> {
    let mut pressed = None;
    panel(ui, theme, "About it", |ui| pressed = about(ui, theme, (all, view), typed.draft));
    ui.add_space(GAP - 6.0);
    if view.row.copy.is_open() && !typed.offered.is_empty() {
        panel(ui, theme, "Recordings in its pack", |ui| along(ui, theme, typed));
        ui.add_space(GAP - 6.0);
    }
    panel(ui, theme, "Versions", |ui| {
        let text = RichText::new(&view.bounds).font(fonts::text(11.5));
        ui.label(text.color(theme.muted));
        if view.versions.is_empty() {
            paragraph(ui, "It was not changed yet.", theme.muted);
        }
        for row in &view.versions {
            if let Some(what) = version(ui, theme, row) {
                pressed = Some(what);
            }
        }
    });
    ui.add_space(GAP - 6.0);
    pressed
}

fn about(
    ui: &mut Ui,
    theme: &Theme,
    (all, view): (&ProfilesView, &ProfileView),
    draft: &mut Option<Draft>,
) -> Option<Pressed> {
    let row = &view.row;
    let standing = Draft {
        revision: row.revision.clone(),
        name: row.name.clone(),
        description: row.description.clone(),
    };
    let mut typed = draft.clone().unwrap_or_else(|| standing.clone());
    ui.add_enabled_ui(row.change.is_open(), |ui| {
        form::row(ui, theme, "Name", |ui| {
            form::line_field(ui, theme, "Name", &mut typed.name, "What it is called");
        });
        ui.label(RichText::new("Description").color(theme.muted));
        let entry = TextEdit::multiline(&mut typed.description)
            .id(egui::Id::unique("profile description"))
            .hint_text("What it is for")
            .char_limit(4_000)
            .desired_rows(3)
            .desired_width(ui.available_width() - 20.0)
            .margin(egui::Margin::symmetric(10, 6));
        ui.add(entry).accessible_name("Description");
    });
    let trouble = name_trouble(&typed.name, &row.name, all);
    if let Some(why) = &trouble {
        paragraph(ui, why, theme.tone(Tone::Fault));
    }
    let same = typed.name == standing.name && typed.description == standing.description;
    let late = typed.revision != standing.revision && !same;
    if late {
        let text = "It was changed by somebody else since you began to type: what you typed is not saved over that. Copy what you want to keep, discard it and look again.";
        note(ui, theme, &Note { tone: Tone::Warning, text: text.into(), closable: false });
    }
    let offer = match (&trouble, same) {
        (Some(why), _) if row.change.is_open() => Offer::shut(&row.change.label, why),
        (None, true) if row.change.is_open() => {
            Offer::shut(&row.change.label, "Nothing was changed.")
        }
        (Some(_) | None, _) => row.change.clone(),
    };
    *draft = (!same).then_some(typed.clone());
    let mut pressed = None;
    ui.horizontal(|ui| {
        if form::offer(ui, theme, &offer, Look::Primary) {
            pressed = Some(Pressed::Save(typed));
        }
        if !same && ui.button("Discard what was typed").clicked() {
            pressed = Some(Pressed::Discard);
        }
    });
    line(ui, &list::changed(row), fonts::text(12.0), theme.muted);
    pressed
}

/// Which recordings go along when it is saved as a pack.
fn along(ui: &mut Ui, theme: &Theme, typed: &mut Typed<'_>) {
    typed.along.retain(|name| typed.offered.iter().any(|row| row.name == *name));
    let (sum, tone) = chosen(typed.offered, |name| typed.along.contains(name));
    line(ui, &sum, fonts::text(12.0), theme.tone(tone));
    let rows = ScrollArea::vertical().id_salt("along").max_height(ALONG);
    rows.auto_shrink([false, true]).show(ui, |ui| {
        for row in typed.offered {
            let mut goes = typed.along.contains(&row.name);
            let told = match row.why_not {
                Some(why) => format!("{}, {}: {why}", row.name, row.size),
                None => format!("{}, {}", row.name, row.size),
            };
            let tick = egui::Checkbox::new(&mut goes, told);
            if ui.add_enabled(row.why_not.is_none(), tick).clicked() {
                if goes {
                    typed.along.insert(row.name.clone());
                } else {
                    typed.along.remove(&row.name);
                }
            }
        }
    });
}

fn version(ui: &mut Ui, theme: &Theme, row: &VersionRow) -> Option<Pressed> {
    ui.add_space(4.0);
    ui.separator();
    ui.spacing_mut().item_spacing.y = 3.0;
    let id = row.id;
    ui.horizontal_top(|ui| {
        let number = RichText::new(id.to_string()).font(fonts::mono(12.5));
        ui.label(number.color(theme.accent)).on_hover_text(format!("Version {id}"));
        paragraph(ui, &row.what, theme.text);
    });
    let told = format!("{}, by {}", row.at, row.by);
    line(ui, &told, fonts::text(12.0), theme.muted);
    let mut pressed = None;
    ui.horizontal(|ui| {
        let spoken = format!("What version {id} changed");
        if ui.button("What it changed").accessible_name(spoken).clicked() {
            pressed = Some(Pressed::Show(Some(id)));
        }
        let spoken = format!("Go back to version {id}");
        if form::named_offer(ui, theme, &row.restore, Look::Plain, &spoken) {
            pressed = Some(Pressed::Restore(id));
        }
    });
    pressed
}

/// What it says, or what a version changed.
fn said(ui: &mut Ui, theme: &Theme, view: &ProfileView, height: f32) -> Option<Pressed> {
    let mut pressed = None;
    match &view.shown {
        Shown::Text(text) => {
            ui.horizontal(|ui| {
                caption(ui, theme, "What it says");
                if ui.small_button("Copy").accessible_name("Copy the text").clicked() {
                    ui.ctx().copy_text(text.clone());
                }
            });
            ui.add_space(4.0);
            diff::text(ui, theme, text, height);
        }
        Shown::Change { title, lines } => {
            ui.horizontal(|ui| {
                caption(ui, theme, "What was changed");
                if ui.small_button("Show what it says now").clicked() {
                    pressed = Some(Pressed::Show(None));
                }
            });
            line(ui, title, fonts::text(12.0), theme.muted);
            ui.add_space(4.0);
            if lines.is_empty() {
                paragraph(ui, "It says the same as the version before.", theme.muted);
            }
            diff::difference(ui, theme, lines, height);
        }
    }
    pressed
}

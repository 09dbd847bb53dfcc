//! The DBC tab: what the buses are read by, with values; and the way into the editor.

use egui::{Align, Layout, Rect, RichText, Role, ScrollArea, Sense, Ui, Vec2};

use super::dbc_desk;
use super::{CanTab, desk};
use crate::desktop::command::{Command, DbcCommand};
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::bits;
use crate::desktop::widgets::filter_box::{self, Typed};
use crate::desktop::widgets::panel::{GAP, panel_in};
use crate::desktop::widgets::text::{line, name, note, paragraph, shade};
use crate::view::dbc::{
    DbcAsk, DbcPrefs, DbcView, MessageRow, MessageView, Origin, SignalLine, SourceView,
};
use crate::view::filter::KeptFilters;
use crate::view::shown::{Note, Tone};

/// Name of the filter field, also for tests.
pub const FILTER: &str = "Filter the messages";
/// Height of a line of the tree.
const LINE: f32 = 24.0;

/// What the tab keeps between frames.
#[derive(Default)]
pub struct DbcPage {
    /// What would throw away what was not saved, until somebody agrees.
    pending: Option<DbcCommand>,
    pub(super) desk: dbc_desk::DeskForm,
}

/// Width of the bar of a list while it is moved.
const BAR: f32 = 12.0;

pub(super) const fn ask(ask: DbcAsk) -> Command {
    Command::Submit(Intent::Dbc(ask))
}

impl DbcPage {
    /// Draws the tab.
    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &DbcView,
        (tab, prefs, saved): (&mut CanTab, &mut DbcPrefs, &mut KeptFilters),
    ) -> Option<Command> {
        let mut asked = None;
        ui.horizontal(|ui| {
            ui.set_min_height(30.0);
            desk::tabs(ui, theme, tab);
            if ui
                .button(format!("{}  Open", icons::FOLDER_OPEN))
                .accessible_name("Open a DBC file")
                .clicked()
            {
                asked = Some(Command::Dbc(DbcCommand::Browse));
            }
            if ui.button("New").accessible_name("New DBC file").clicked() {
                asked = Some(ask(DbcAsk::New));
            }
            if view.desk.is_none() {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let mut typed =
                        Typed { text: &mut prefs.filter, cursor: &mut prefs.cursor, saved };
                    filter_box::draw(ui, theme, FILTER, &mut typed, &view.filter);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        if ui.available_width() > 60.0 {
                            line(ui, &view.summary, fonts::text(12.0), theme.muted);
                        }
                    });
                });
            }
        });
        let drawn = match &view.desk {
            Some(open) => self.desk.draw(ui, theme, open),
            None => {
                filter_box::mistakes(ui, theme, &mut prefs.filter, &view.filter);
                viewer(ui, theme, view, prefs)
            }
        };
        let asked = asked.or(drawn);
        let unsaved = view.desk.as_ref().is_some_and(|open| open.changed);
        self.careful(ui, theme, asked, unsaved)
    }

    /// Asks before what was not saved is thrown away.
    fn careful(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        asked: Option<Command>,
        unsaved: Unsaved,
    ) -> Option<Command> {
        let throws = match &asked {
            Some(Command::Dbc(DbcCommand::Browse)) => Some(DbcCommand::Browse),
            Some(Command::Submit(Intent::Dbc(one @ (DbcAsk::New | DbcAsk::Close)))) => {
                Some(DbcCommand::Ask(one.clone()))
            }
            Some(_) | None => None,
        };
        if let (Some(throws), true) = (throws, unsaved) {
            self.pending = Some(throws);
            return None;
        }
        let pending = self.pending.clone().filter(|_| unsaved);
        let Some(pending) = pending else {
            self.pending = None;
            return asked;
        };
        let window = egui::Window::new("Changes that were not saved")
            .collapsible(false)
            .resizable(false)
            .anchor(egui::Align2::CENTER_CENTER, Vec2::ZERO);
        let mut answer = asked;
        window.show(ui.ctx(), |ui| {
            paragraph(
                ui,
                "This file has changes that were not saved. Go on without them?",
                theme.text,
            );
            ui.horizontal(|ui| {
                if ui.button("Keep editing").clicked() {
                    self.pending = None;
                }
                let text = RichText::new("Discard the changes").color(theme.fault);
                if ui.button(text).clicked() {
                    self.pending = None;
                    answer = Some(match pending {
                        DbcCommand::Ask(one) => ask(one),
                        other => Command::Dbc(other),
                    });
                }
            });
        });
        answer
    }
}

/// Whether something was not saved.
type Unsaved = bool;

fn viewer(ui: &mut Ui, theme: &Theme, view: &DbcView, prefs: &mut DbcPrefs) -> Option<Command> {
    ui.add_space(GAP - 6.0);
    let body = ui.available_rect_before_wrap();
    let tree = (body.width() * 0.36).clamp(220.0, 420.0);
    let left = Rect::from_min_size(body.min, Vec2::new(tree, body.height()));
    let right = Rect::from_min_max(egui::pos2(left.right() + GAP, body.top()), body.max);
    let mut asked = None;
    panel_in(ui, theme, left, |ui| asked = self::tree(ui, theme, view, prefs));
    panel_in(ui, theme, right, |ui| match &view.selected {
        Some(message) => message_panel(ui, theme, message),
        None => pages::empty(
            ui,
            theme,
            icons::ARROWS_LEFT_RIGHT,
            "Choose a message on the left to see its signals and where their bits lie.",
        ),
    });
    ui.advance_cursor_after_rect(body);
    asked
}

fn tree(ui: &mut Ui, theme: &Theme, view: &DbcView, prefs: &mut DbcPrefs) -> Option<Command> {
    if view.sources.iter().all(|source| source.messages.is_empty()) && !prefs.filter.is_empty() {
        pages::empty(ui, theme, icons::SEARCH, &view.empty);
        return None;
    }
    if view.sources.is_empty() {
        pages::empty(ui, theme, icons::ARROWS_LEFT_RIGHT, &view.empty);
        return None;
    }
    let mut asked = None;
    ScrollArea::vertical().id_salt("dbc tree").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        // The bar grows over what stands at the right.
        ui.set_max_width(ui.available_width() - BAR);
        for source in &view.sources {
            let done = branch(ui, theme, source, prefs);
            asked = asked.take().or(done);
            ui.add_space(6.0);
        }
    });
    asked
}

fn branch(
    ui: &mut Ui,
    theme: &Theme,
    source: &SourceView,
    prefs: &mut DbcPrefs,
) -> Option<Command> {
    let mut asked = None;
    let known = format!("{}/{}", source.bus, source.name);
    let closed = prefs.closed.contains(&known);
    ui.horizontal(|ui| {
        let mark = if closed { icons::CARET_RIGHT } else { icons::CARET_DOWN };
        let text = RichText::new(format!("{mark}  {}", source.name)).font(fonts::strong(13.5));
        let head =
            ui.add(egui::Label::new(text.color(theme.text)).truncate().sense(Sense::click()));
        name(&head, Role::Button, &format!("{} {}", source.name, source.about));
        if head.on_hover_text(&source.about).clicked() {
            if closed {
                prefs.closed.remove(&known);
            } else {
                prefs.closed.insert(known.clone());
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (bus, own) = (source.bus, source.source);
            match source.origin {
                Origin::BuiltIn => {
                    let hover = "This is a part of Busbar and cannot be changed; a copy can.";
                    if ui.small_button("Copy to edit").on_hover_text(hover).clicked() {
                        asked = Some(ask(DbcAsk::Copy(bus, own)));
                    }
                }
                Origin::File => {
                    let hover = "The bus is no longer read by this file; the file stays.";
                    if ui.small_button("Remove").on_hover_text(hover).clicked() {
                        asked = Some(ask(DbcAsk::Unassign(bus, own)));
                    }
                    if let Some(file) = &source.file
                        && ui.small_button("Edit").clicked()
                    {
                        asked = Some(ask(DbcAsk::Open(file.clone())));
                    }
                }
            }
        });
    });
    line(ui, &source.about, fonts::text(11.5), theme.muted);
    if closed {
        return asked;
    }
    for problem in source.problems.iter().take(20) {
        let text = match problem.place.is_empty() {
            true => problem.text.clone(),
            false => format!("{}: {}", problem.place, problem.text),
        };
        line(ui, &text, fonts::text(11.5), theme.tone(problem.tone));
    }
    for message in &source.messages {
        leaf(ui, theme, message, prefs);
    }
    asked
}

fn leaf(ui: &mut Ui, theme: &Theme, row: &MessageRow, prefs: &mut DbcPrefs) {
    let size = Vec2::new(ui.available_width(), LINE);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let spoken = format!("{} {}, {}", row.id, row.name, row.count);
    name(&response, Role::ListItem, &spoken);
    let chosen = prefs.selected == Some(row.key);
    if chosen || response.hovered() {
        let fill = if chosen { theme.accent_soft } else { theme.hover };
        ui.painter().rect_filled(rect, 5.0, fill);
    }
    if response.clicked() {
        prefs.selected = Some(row.key);
    }
    if !ui.is_rect_visible(rect) {
        return;
    }
    let mut inside = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(rect.shrink2(Vec2::new(8.0, 0.0)))
            .layout(Layout::right_to_left(Align::Center)),
    );
    let colour = shade(theme, row.shade, Tone::Plain);
    let right = if row.rate.len() > 3 { &row.rate } else { &row.count };
    inside.label(RichText::new(right).font(fonts::mono(11.0)).color(theme.muted));
    inside.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.label(RichText::new(&row.id).font(fonts::mono(11.5)).color(theme.muted));
        line(ui, &row.name, fonts::text(12.5), colour);
    });
    response.on_hover_text(format!("{}\n{} frames, {}", row.name, row.count, row.rate));
}

fn message_panel(ui: &mut Ui, theme: &Theme, view: &MessageView) {
    ScrollArea::vertical().id_salt("dbc message").auto_shrink(false).show(ui, |ui| {
        line(ui, &view.title, fonts::strong(16.0), theme.text);
        if !view.comment.is_empty() {
            paragraph(ui, &view.comment, theme.muted);
        }
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            for (label, value) in &view.facts {
                ui.label(RichText::new(label).font(fonts::text(12.0)).color(theme.muted));
                ui.label(RichText::new(value).font(fonts::mono(12.0)).color(theme.text));
                ui.add_space(8.0);
            }
        });
        ui.add_space(6.0);
        // Nothing is chosen or moved here: that is for the editor.
        let _: Option<bits::Touched> = bits::draw(ui, theme, &view.layout, None);
        ui.add_space(8.0);
        if view.signals.is_empty() {
            let text = "This message has no signals.".to_owned();
            note(ui, theme, &Note { tone: Tone::Info, text, closable: false });
            return;
        }
        ScrollArea::horizontal().id_salt("dbc signals").show(ui, |ui| signals(ui, theme, view));
        line(ui, &view.looked, fonts::text(11.5), theme.muted);
    });
}

fn signals(ui: &mut Ui, theme: &Theme, view: &MessageView) {
    let heads = ["Signal", "Value", "Least", "Most", "Mean", "Changes", "Age", "Place"];
    egui::Grid::new("dbc signals grid").striped(false).spacing(Vec2::new(14.0, 6.0)).show(
        ui,
        |ui| {
            for head in heads {
                let text = RichText::new(head.to_uppercase()).font(fonts::strong(10.5));
                ui.label(text.color(theme.muted));
            }
            ui.end_row();
            for (at, signal) in view.signals.iter().enumerate() {
                signal_row(ui, theme, signal, at as u16);
                ui.end_row();
            }
        },
    );
}

fn signal_row(ui: &mut Ui, theme: &Theme, signal: &SignalLine, at: u16) {
    ui.horizontal(|ui| {
        let (dot, _) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
        ui.painter().rect_filled(dot, 3.0, bits::colour(theme, at));
        let label = RichText::new(&signal.name).font(fonts::text(13.0)).color(theme.text);
        ui.label(label).on_hover_text(&signal.hover);
    });
    let colour = shade(theme, signal.value.shade, Tone::Plain);
    ui.label(RichText::new(signal.value.line()).font(fonts::mono(12.5)).color(colour));
    for figure in [&signal.least, &signal.most, &signal.mean, &signal.changes] {
        ui.label(RichText::new(figure).font(fonts::mono(11.5)).color(theme.muted));
    }
    ui.label(RichText::new(&signal.value.note).font(fonts::text(11.5)).color(theme.muted));
    let place = match signal.selected.is_empty() {
        true => signal.place.clone(),
        false => format!("{}, {}", signal.place, signal.selected),
    };
    ui.label(RichText::new(place).font(fonts::text(11.5)).color(theme.muted));
}

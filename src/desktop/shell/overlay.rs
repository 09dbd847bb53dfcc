//! What lies on top of a page: the command palette and the list of keys.

use egui::{
    Align2, Id, Key, Modal, Modifiers, Response, RichText, Role, ScrollArea, Sense, TextEdit, Ui,
    Vec2, WidgetInfo,
};

use crate::desktop::command::{Command, Entry, KEYS, fit};
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::shell::path_box::PathBox;
use crate::desktop::theme::Theme;

/// Name of the palette's field, also for tests.
pub const FIELD: &str = "Find a page or an action";

/// What is on top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The palette, with what was typed and the chosen line.
    Palette(Typed),
    /// The list of keys.
    Help,
    /// The path of a file is typed.
    Path(PathBox),
}

/// The palette's own state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    text: String,
    line: usize,
}

/// What an overlay came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Still open.
    Open,
    /// Close it.
    Closed,
    /// Close it and do this.
    Chosen(Box<Command>),
}

/// Draws the palette over the page.
pub fn palette(
    ctx: &egui::Context,
    theme: &Theme,
    typed: &mut Typed,
    entries: &[Entry],
) -> Outcome {
    let fitting = fitting(&typed.text, entries);
    let last = fitting.len().saturating_sub(1);
    let pressed = |key| ctx.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    let down = pressed(Key::ArrowDown);
    let up = pressed(Key::ArrowUp);
    let moved = down || up;
    if down {
        typed.line = (typed.line + 1).min(last);
    }
    if up {
        typed.line = typed.line.saturating_sub(1);
    }
    typed.line = typed.line.min(last);
    let entered = pressed(Key::Enter);
    let mut chosen = entered.then(|| fitting.get(typed.line).map(|e| e.command.clone())).flatten();
    let window = ctx.content_rect();
    let width = (window.width() - 40.0).min(520.0);
    let area = Modal::default_area(Id::unique("palette"))
        .anchor(Align2::CENTER_TOP, Vec2::new(0.0, (window.height() * 0.12).min(90.0)));
    let modal = Modal::new(Id::unique("palette")).area(area).show(ctx, |ui| {
        ui.set_width(width);
        let field = TextEdit::singleline(&mut typed.text)
            .prefix(RichText::new(icons::SEARCH).color(theme.muted))
            .hint_text(
                RichText::new("Type a few letters of a page or an action").color(theme.muted),
            )
            .char_limit(80)
            .desired_width(width)
            .margin(egui::Margin::symmetric(10, 8));
        let response = ui.add(field).accessible_name(FIELD);
        if response.changed() {
            typed.line = 0;
        }
        response.request_focus();
        ui.add_space(4.0);
        let height = (window.height() * 0.6).min(400.0);
        // Without a least height it would stay as low as a short list once made it.
        let list = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
        list.auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (at, entry) in fitting.iter().enumerate() {
                let chosen_line = at == typed.line;
                let response = row(ui, theme, entry, chosen_line);
                if chosen_line && moved {
                    response.scroll_to_me(None);
                }
                if response.clicked() {
                    chosen = Some(entry.command.clone());
                }
            }
            if fitting.is_empty() {
                ui.label(RichText::new("Nothing fits these letters.").color(theme.muted));
            }
        });
    });
    match chosen {
        Some(command) => Outcome::Chosen(Box::new(command)),
        None if modal.should_close() || entered => Outcome::Closed,
        None => Outcome::Open,
    }
}

fn fitting<'a>(typed: &str, entries: &'a [Entry]) -> Vec<&'a Entry> {
    let mut scored: Vec<(i32, &Entry)> =
        entries.iter().filter_map(|e| Some((fit(typed, &e.label)?, e))).collect();
    if !typed.trim().is_empty() {
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    }
    scored.into_iter().map(|(_, e)| e).collect()
}

fn row(ui: &mut Ui, theme: &Theme, entry: &Entry, chosen: bool) -> Response {
    let (rect, response) =
        ui.allocate_exact_size(Vec2::new(ui.available_width(), 30.0), Sense::CLICK);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, chosen, &entry.label));
    if ui.is_rect_visible(rect) {
        if chosen {
            ui.painter().rect_filled(rect, 6.0, theme.accent_soft);
        } else if response.hovered() {
            ui.painter().rect_filled(rect, 6.0, theme.hover);
        }
        let colour = if chosen { theme.accent } else { theme.text };
        let at = rect.left_center() + Vec2::new(10.0, 0.0);
        ui.painter().text(at, Align2::LEFT_CENTER, entry.icon, fonts::text(15.0), colour);
        let at = rect.left_center() + Vec2::new(36.0, 0.0);
        ui.painter().text(at, Align2::LEFT_CENTER, &entry.label, fonts::text(13.5), colour);
        let at = rect.right_center() - Vec2::new(10.0, 0.0);
        ui.painter().text(at, Align2::RIGHT_CENTER, entry.key, fonts::mono(11.5), theme.muted);
    }
    response
}

/// Draws the list of keys over the page.
pub fn help(ctx: &egui::Context, theme: &Theme) -> Outcome {
    let window = ctx.content_rect();
    let width = (window.width() - 40.0).min(560.0);
    let modal = Modal::new(Id::unique("help")).show(ctx, |ui| {
        ui.set_width(width);
        pages::title(ui, theme, "Keys");
        ui.add_space(4.0);
        let height = window.height() - 150.0;
        let list = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
        list.auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            egui::Grid::new("keys").num_columns(2).spacing([18.0, 7.0]).show(ui, |ui| {
                for (keys, words) in KEYS {
                    ui.label(RichText::new(keys).font(fonts::mono(12.5)).color(theme.accent));
                    ui.add(egui::Label::new(RichText::new(words).color(theme.text)).wrap());
                    ui.end_row();
                }
            });
        });
        ui.add_space(8.0);
        ui.button("Close").clicked()
    });
    if modal.inner || modal.should_close() { Outcome::Closed } else { Outcome::Open }
}

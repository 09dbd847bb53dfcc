//! The CAN page: its tabs, and the first of them, the by-id table with the signals of the selected
//! id.

mod buses;
mod dbc;
mod dbc_desk;
mod desk;
mod editor;
mod kept;
pub mod logs;
mod marks;
mod message;
pub mod plot;
mod record;
mod replay;
mod rows;
pub mod save;
mod schedules;
mod send;
pub mod trace;

use egui::{
    Align, Align2, Color32, FocusDirection, Key, Layout, Modifiers, Pos2, Rect, Response, RichText,
    Role, ScrollArea, Sense, Ui, Vec2,
};
use egui_extras::{Column, TableBuilder};

use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::pages::signals;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::filter_box::{self, Typed};
use crate::desktop::widgets::panel::{GAP, panel_in};
use crate::desktop::widgets::text::{cut, line, name, shade};
use crate::view::filter::KeptFilters;
use crate::view::logs::TraceOf;
use crate::view::shown::{Shade, Tone};
use crate::view::traffic::{
    ByteCell, SortBy, SortOrder, StudyView, TrafficPrefs, TrafficRow, TrafficView,
};

pub use desk::{CanPage, CanPrefs, CanTab, CanViews};

/// Narrower pages show the signals below the table.
const TWO_COLUMNS: f32 = 800.0;
/// Bytes drawn in a row of the table; more are counted there and shown with the signals.
const BYTES_IN_ROW: usize = 8;
/// A summary that would be narrower than this is left out.
const SUMMARY_LEAST: f32 = 60.0;
const BYTE: Vec2 = Vec2::new(20.5, 19.0);

/// Name of the filter field, also for tests.
pub const FILTER: &str = "Filter the table";

/// Draws the page; `prefs` changes with what is sorted, filtered and selected.
fn draw(
    ui: &mut Ui,
    theme: &Theme,
    (of, view, study): (TraceOf, &TrafficView, &StudyView),
    (tab, prefs, saved): (&mut CanTab, &mut TrafficPrefs, &mut KeptFilters),
    between: impl FnOnce(&mut Ui) -> Option<Command>,
) -> Option<Command> {
    let mut asked = header(ui, theme, (of, view), (tab, prefs, saved));
    asked = asked.or(between(ui));
    filter_box::mistakes(ui, theme, &mut prefs.filter, &view.filter);
    keys(ui, view, prefs);
    ui.add_space(GAP - 6.0);
    let body = ui.available_rect_before_wrap();
    if body.width() >= TWO_COLUMNS {
        let share = if body.width() < 1100.0 { 0.7 } else { 0.66 };
        let table = (body.width() * share).floor();
        let left = Rect::from_min_size(body.min, Vec2::new(table, body.height()));
        let right = Rect::from_min_max(Pos2::new(left.right() + GAP, body.top()), body.max);
        panel_in(ui, theme, left, |ui| table_panel(ui, theme, view, prefs));
        let drawn = panel_in(ui, theme, right, |ui| {
            signals::draw(ui, theme, (of, view.selected.as_ref(), study), prefs)
        });
        asked = asked.or(drawn);
    } else {
        // A body too low for both scrolls as a whole.
        return ScrollArea::vertical()
            .id_salt("can page")
            .auto_shrink(false)
            .show(ui, |ui| {
                let size = Vec2::new(body.width(), body.height().max(340.0));
                let (body, _) = ui.allocate_exact_size(size, Sense::hover());
                asked.or(stacked(ui, theme, (of, view, study), prefs, body))
            })
            .inner;
    }
    ui.advance_cursor_after_rect(body);
    asked
}

/// The table above the signals.
fn stacked(
    ui: &mut Ui,
    theme: &Theme,
    (of, view, study): (TraceOf, &TrafficView, &StudyView),
    prefs: &mut TrafficPrefs,
    body: Rect,
) -> Option<Command> {
    let upper = (body.height() - GAP) * 0.58;
    let top = Rect::from_min_size(body.min, Vec2::new(body.width(), upper));
    let bottom = Rect::from_min_max(Pos2::new(body.left(), top.bottom() + GAP), body.max);
    panel_in(ui, theme, top, |ui| table_panel(ui, theme, view, prefs));
    panel_in(ui, theme, bottom, |ui| {
        signals::draw(ui, theme, (of, view.selected.as_ref(), study), prefs)
    })
}

fn header(
    ui: &mut Ui,
    theme: &Theme,
    (of, view): (TraceOf, &TrafficView),
    (tab, prefs, saved): (&mut CanTab, &mut TrafficPrefs, &mut KeptFilters),
) -> Option<Command> {
    let mut asked = None;
    ui.horizontal(|ui| {
        ui.set_min_height(30.0);
        desk::tabs(ui, theme, tab);
        asked = logs::open(ui);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // What was read from a file cannot be counted anew.
            let live = of == TraceOf::Live;
            let clear = egui::Button::new(format!("{}  Clear", icons::ERASER));
            let clear = ui.add_enabled(live, clear).accessible_name("Clear");
            if clear.on_hover_text("Forget all ids and count anew").clicked() {
                asked = Some(Command::Submit(Intent::ClearTraffic));
            }
            let mut typed = Typed { text: &mut prefs.filter, cursor: &mut prefs.cursor, saved };
            filter_box::draw(ui, theme, FILTER, &mut typed, &view.filter);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                summary(ui, theme, &view.summary);
            });
        });
    });
    asked
}

/// What there is, in a few words between the tabs and the filter, where there is room for some.
fn summary(ui: &mut Ui, theme: &Theme, text: &str) {
    if ui.available_width() >= SUMMARY_LEAST {
        line(ui, text, fonts::text(12.0), theme.muted);
    }
}

/// Arrow keys move the selection while no field has the focus.
fn keys(ui: &Ui, view: &TrafficView, prefs: &mut TrafficPrefs) {
    if ui.memory(|m| m.focused().is_some()) || !ui.is_enabled() {
        return;
    }
    let at = prefs.selected.and_then(|key| view.rows.iter().position(|r| r.key == key));
    let last = view.rows.len().saturating_sub(1);
    let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    let to = if pressed(Key::ArrowDown) {
        at.map_or(0, |at| (at + 1).min(last))
    } else if pressed(Key::ArrowUp) {
        at.map_or(0, |at| at.saturating_sub(1))
    } else if prefs.selected.is_some() && pressed(Key::Escape) {
        prefs.selected = None;
        return;
    } else {
        return;
    };
    // egui would move the focus to a neighbour with the same key.
    ui.memory_mut(|m| m.move_focus(FocusDirection::None));
    if let Some(row) = view.rows.get(to) {
        prefs.selected = Some(row.key);
    }
}

fn table_panel(ui: &mut Ui, theme: &Theme, view: &TrafficView, prefs: &mut TrafficPrefs) {
    if view.rows.is_empty() {
        pages::empty(ui, theme, icons::ARROWS_LEFT_RIGHT, &view.empty);
        return;
    }
    let room = ui.available_size();
    // Below this the columns would be unreadable: the table scrolls sideways instead.
    let least = 560.0;
    ScrollArea::horizontal().id_salt("by id").auto_shrink(false).show(ui, |ui| {
        ui.set_width(room.x.max(least));
        table(ui, theme, view, prefs, room.y);
    });
}

/// Widths of columns are remembered for each so many points of the table's width.
const WIDTH_STEP: f32 = 16.0;

/// Tables narrower than this leave jitter and rate to the tip of a row.
const ALL_COLUMNS: f32 = 672.0;
/// Those columns, by place.
const TOLD_ON_HOVER: [usize; 2] = [6, 7];
/// The first column of numbers, by place.
const NUMBERS: usize = 5;

const COLUMNS: [(&str, SortBy); 9] = [
    ("Id", SortBy::Id),
    ("Message", SortBy::Message),
    ("Dir", SortBy::Direction),
    ("Bus", SortBy::Bus),
    ("Data", SortBy::Bytes),
    ("Cycle ms", SortBy::Cycle),
    ("Jitter", SortBy::Jitter),
    ("Per s", SortBy::Rate),
    ("Count", SortBy::Count),
];

fn table(ui: &mut Ui, theme: &Theme, view: &TrafficView, prefs: &mut TrafficPrefs, height: f32) {
    ui.spacing_mut().item_spacing = Vec2::new(8.0, 0.0);
    // The message gives way first. Widths a person has set hold for windows of about this width:
    // those of a large window would push the last columns out of a small one.
    let step = (ui.available_width() / WIDTH_STEP).floor();
    let is_wide = step * WIDTH_STEP >= ALL_COLUMNS;
    let others = if is_wide { 602.0 } else { 490.0 };
    let message = (step * WIDTH_STEP - others).clamp(70.0, 420.0);
    let widths = [82.0, message, 22.0, 52.0, BYTE.x * BYTES_IN_ROW as f32 + 2.0, 60.0, 50.0, 46.0];
    // Rules between rows, none between columns.
    ui.visuals_mut().widgets.noninteractive.bg_stroke = egui::Stroke::NONE;
    let mut builder = TableBuilder::new(ui)
        .id_salt(("traffic", step as u32))
        .resizable(true)
        .sense(Sense::click())
        .auto_shrink(false)
        .min_scrolled_height(60.0)
        .max_scroll_height(height)
        .cell_layout(Layout::left_to_right(Align::Center));
    let kept = |at: &usize| is_wide || !TOLD_ON_HOVER.contains(at);
    for (_, width) in widths.into_iter().enumerate().filter(|(at, _)| kept(at)) {
        builder = builder.column(Column::initial(width).range(26.0..=900.0).clip(true));
    }
    builder = builder.column(Column::remainder().at_least(50.0).clip(true));
    let selected = prefs.selected;
    let mut clicked = None;
    builder
        .header(28.0, |mut header| {
            for (_, (label, sort)) in COLUMNS.into_iter().enumerate().filter(|(at, _)| kept(at)) {
                header.col(|ui| head(ui, theme, label, sort, prefs));
            }
        })
        .body(|body| {
            body.rows(28.0, view.rows.len(), |mut row| {
                let Some(shown) = view.rows.get(row.index()) else { return };
                row.set_selected(selected == Some(shown.key));
                cells(&mut row, theme, shown, is_wide);
                let response = row.response();
                rule(&response, theme);
                name(&response, Role::Row, &spoken(shown));
                if response.clicked() {
                    clicked = Some(shown.key);
                }
            });
        });
    if clicked.is_some() {
        prefs.selected = clicked;
    }
}

/// The line above a row; the table's own painter is gone when the row is done.
fn rule(row: &Response, theme: &Theme) {
    let painter = row.ctx.layer_painter(row.layer_id).with_clip_rect(row.interact_rect.expand(1.0));
    let top = Pos2::new(row.rect.left(), row.rect.top().round());
    let line = Rect::from_min_size(top, Vec2::new(row.rect.width(), 1.0));
    painter.rect_filled(line, 0.0, theme.line);
}

fn spoken(row: &TrafficRow) -> String {
    let what = if row.message.is_empty() { "unknown message" } else { &row.message };
    format!("{} {what}, {} on {}", row.id, row.direction, row.bus)
}

fn head(ui: &mut Ui, theme: &Theme, label: &str, sort: SortBy, prefs: &mut TrafficPrefs) {
    let rect = ui.available_rect_before_wrap();
    ui.painter().hline(
        rect.x_range().expand(5.0),
        rect.bottom() - 1.0,
        egui::Stroke::new(1.0, theme.line),
    );
    let active = sort == prefs.sort;
    let mark = match (active, prefs.order) {
        (false, _) => "",
        (true, SortOrder::Ascending) => icons::CARET_UP,
        (true, SortOrder::Descending) => icons::CARET_DOWN,
    };
    let colour = if active { theme.accent } else { theme.muted };
    let text = RichText::new(format!("{} {mark}", label.to_uppercase()))
        .font(fonts::strong(10.5))
        .color(colour);
    let response = ui.add(egui::Label::new(text).truncate().sense(Sense::click()));
    name(&response, Role::Button, &format!("Sort by {label}"));
    if response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        prefs.order = match (active, prefs.order) {
            (true, SortOrder::Ascending) => SortOrder::Descending,
            (true | false, _) => SortOrder::Ascending,
        };
        prefs.sort = sort;
    }
}

fn cells(
    row: &mut egui_extras::TableRow<'_, '_>,
    theme: &Theme,
    shown: &TrafficRow,
    is_wide: bool,
) {
    let plain = shade(theme, shown.shade, Tone::Plain);
    let texts = [
        (&shown.id, fonts::mono(12.5), plain),
        (&shown.message, fonts::text(13.0), plain),
        (&shown.direction, fonts::text(12.0), theme.muted),
        (&shown.bus, fonts::mono(12.0), plain),
    ];
    for (text, font, colour) in texts {
        let mut whole = true;
        let (_, response) = row.col(|ui| whole = cell(ui, text, font, colour));
        if !whole {
            response.on_hover_text(text);
        }
    }
    row.col(|ui| {
        bytes(ui, theme, &shown.bytes, BYTES_IN_ROW, shown.shade);
    });
    let numbers = [&shown.cycle, &shown.jitter, &shown.rate, &shown.count];
    let kept = |at: &usize| is_wide || !TOLD_ON_HOVER.contains(&(at + NUMBERS));
    for (_, text) in numbers.into_iter().enumerate().filter(|(at, _)| kept(at)) {
        let (_, response) = row.col(|ui| {
            cell(ui, text, fonts::mono(12.0), plain);
        });
        response.on_hover_text(&shown.gaps);
    }
}

/// Painted, not a label: the row as a whole is what is pressed and read out. Returns whether the
/// whole text had room.
pub(super) fn cell(ui: &mut Ui, text: &str, font: egui::FontId, colour: Color32) -> bool {
    let rect = ui.available_rect_before_wrap();
    let galley = cut(ui, text, font, rect.width());
    let at = Pos2::new(rect.left(), rect.center().y - galley.size().y / 2.0);
    let whole = !galley.elided;
    ui.painter().galley(at, galley, colour);
    whole
}

/// Bytes in hex, each on the colour of how often it changes.
pub(super) fn bytes(
    ui: &mut Ui,
    theme: &Theme,
    bytes: &[ByteCell],
    most: usize,
    age: Shade,
) -> Response {
    let shown = bytes.len().min(most);
    let rows = shown.div_ceil(BYTES_IN_ROW).max(1);
    let size = Vec2::new(
        BYTE.x * shown.min(BYTES_IN_ROW) as f32,
        BYTE.y * rows as f32 + 3.0 * (rows - 1) as f32,
    );
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let painter = ui.painter();
    for (at, byte) in bytes.iter().take(most).enumerate() {
        let place = Vec2::new(
            (at % BYTES_IN_ROW) as f32 * BYTE.x,
            (at / BYTES_IN_ROW) as f32 * (BYTE.y + 3.0),
        );
        let tile = Rect::from_min_size(rect.min + place, BYTE).shrink2(Vec2::new(1.0, 1.0));
        let colour = match theme.heat(byte.heat) {
            Some(heat) => {
                painter.rect_filled(tile, 3.0, heat);
                theme.tile_text
            }
            None => shade(theme, age, Tone::Plain),
        };
        let text = format!("{:02X}", byte.value);
        painter.text(tile.center(), Align2::CENTER_CENTER, text, fonts::mono(12.0), colour);
    }
    let more = bytes.len().saturating_sub(shown);
    if more > 0 {
        let font = fonts::text(11.0);
        painter.text(
            rect.right_center() + Vec2::new(4.0, 0.0),
            Align2::LEFT_CENTER,
            format!("+{more}"),
            font,
            theme.muted,
        );
    }
    response
}

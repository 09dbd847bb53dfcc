//! Tables of the Admin pages: columns of fixed width and one that takes the rest, heads that sort,
//! rows that can be chosen.

use egui::{Align, Layout, Pos2, Rect, Response, RichText, Role, ScrollArea, Sense, Ui, Vec2};
use egui_extras::{Column, TableBuilder, TableRow};

use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::{cut, name};
use crate::view::traffic::SortOrder;

/// Height of the heads.
const HEAD: f32 = 28.0;

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Its head; empty for a column of buttons.
    pub label: &'static str,
    /// Its width; `None` for the one that takes the rest.
    pub width: Option<f32>,
    /// Whether it sorts, and how it does now.
    pub sorts: Sorts,
}

/// Whether a column sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorts {
    /// It does not.
    Never,
    /// It could.
    Could,
    /// It does.
    Now(SortOrder),
}

impl Head {
    /// A column that does not sort.
    #[must_use]
    pub const fn plain(label: &'static str, width: Option<f32>) -> Self {
        Self { label, width, sorts: Sorts::Never }
    }
}

/// How a table is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// Its name in memory.
    pub id: &'a str,
    /// Its columns.
    pub heads: &'a [Head],
    /// How many rows it has.
    pub rows: usize,
    /// Height of a row.
    pub height: f32,
    /// Narrower than this it scrolls sideways.
    pub least: f32,
}

/// Draws a table that fills what room there is. `row` draws one row. Returns the column whose head
/// was pressed.
pub fn table(
    ui: &mut Ui,
    theme: &Theme,
    table: &Table<'_>,
    mut row: impl FnMut(usize, &mut TableRow<'_, '_>),
) -> Option<usize> {
    let room = ui.available_size();
    let mut pressed = None;
    ScrollArea::horizontal().id_salt((table.id, "sideways")).auto_shrink(false).show(ui, |ui| {
        ui.set_width(room.x.max(table.least));
        ui.spacing_mut().item_spacing = Vec2::new(10.0, 0.0);
        ui.visuals_mut().widgets.noninteractive.bg_stroke = egui::Stroke::NONE;
        let below = ui.cursor().top() + HEAD - 1.0;
        let rule = egui::Stroke::new(1.0, theme.line);
        ui.painter().hline(ui.max_rect().x_range(), below, rule);
        let mut builder = TableBuilder::new(ui)
            .id_salt((table.id, room.x as u32))
            .sense(Sense::click())
            .auto_shrink(false)
            .min_scrolled_height(60.0)
            .max_scroll_height(room.y)
            .cell_layout(Layout::left_to_right(Align::Center));
        for head in table.heads {
            builder = builder.column(match head.width {
                Some(width) => Column::exact(width).clip(true),
                None => Column::remainder().at_least(60.0).clip(true),
            });
        }
        builder
            .header(HEAD, |mut header| {
                for (at, column) in table.heads.iter().enumerate() {
                    header.col(|ui| {
                        if head(ui, theme, column) {
                            pressed = Some(at);
                        }
                    });
                }
            })
            .body(|body| {
                body.rows(table.height, table.rows, |mut line| row(line.index(), &mut line))
            });
    });
    pressed
}

fn head(ui: &mut Ui, theme: &Theme, head: &Head) -> bool {
    let (mark, colour) = match head.sorts {
        Sorts::Never | Sorts::Could => ("", theme.muted),
        Sorts::Now(SortOrder::Ascending) => (icons::CARET_UP, theme.accent),
        Sorts::Now(SortOrder::Descending) => (icons::CARET_DOWN, theme.accent),
    };
    let text = RichText::new(format!("{} {mark}", head.label.to_uppercase()))
        .font(fonts::strong(10.5))
        .color(colour);
    if head.sorts == Sorts::Never {
        ui.add(egui::Label::new(text).truncate());
        return false;
    }
    let response = ui.add(egui::Label::new(text).truncate().sense(Sense::click()));
    name(&response, Role::Button, &format!("Sort by {}", head.label));
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

/// A painted text in a cell, cut to its room; the whole shows on hover.
pub fn cell(
    row: &mut TableRow<'_, '_>,
    text: &str,
    font: egui::FontId,
    colour: egui::Color32,
    hover: &str,
) {
    let mut whole = true;
    let (_, response) = row.col(|ui| {
        let rect = ui.available_rect_before_wrap();
        let galley = cut(ui, text, font, rect.width());
        let at = Pos2::new(rect.left(), rect.center().y - galley.size().y / 2.0);
        whole = !galley.elided;
        ui.painter().galley(at, galley, colour);
    });
    if !hover.is_empty() {
        response.on_hover_text(hover);
    } else if !whole {
        response.on_hover_text(text);
    }
}

/// A dot of a tone and words in a cell.
pub fn status(row: &mut TableRow<'_, '_>, theme: &Theme, badge: &crate::view::shown::Badge) {
    let (_, response) = row.col(|ui| {
        let rect = ui.available_rect_before_wrap();
        let dot = Pos2::new(rect.left() + 4.0, rect.center().y);
        ui.painter().circle_filled(dot, 4.0, theme.lamp(badge.tone));
        let galley = cut(ui, &badge.word, fonts::text(13.0), rect.width() - 14.0);
        let at = Pos2::new(rect.left() + 14.0, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, theme.text);
    });
    response.on_hover_text(format!("{}\n{}", badge.word, badge.hover));
}

/// The line above a row, and the row's name for screen readers; returns the row to press.
pub fn finish(row: &TableRow<'_, '_>, theme: &Theme, spoken: &str) -> Response {
    let response = row.response();
    let painter = response.ctx.layer_painter(response.layer_id);
    let painter = painter.with_clip_rect(response.interact_rect.expand(1.0));
    let top = Pos2::new(response.rect.left(), response.rect.top().round());
    let line = Rect::from_min_size(top, Vec2::new(response.rect.width(), 1.0));
    painter.rect_filled(line, 0.0, theme.line);
    name(&response, Role::Row, spoken);
    response
}

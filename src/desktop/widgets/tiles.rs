//! The row of large numbers above the pack. All tiles share one size of number, the largest that
//! fits, so that nothing is cut off and nothing dances.

use egui::text::LayoutJob;
use egui::{Color32, Pos2, Rect, Role, Sense, Ui, Vec2};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::panel::GAP;
use crate::desktop::widgets::text::{cut, name, shade};
use crate::view::shown::{Shade, Tile, Tone};

const PAD: f32 = 12.0;
const LARGEST: f32 = 27.0;
const SMALLEST: f32 = 13.0;
const UNIT: f32 = 12.5;
const NOTE: f32 = 11.5;

/// Draws them in as many columns as the width bears.
pub fn tiles(ui: &mut Ui, theme: &Theme, tiles: &[Tile]) {
    let width = ui.available_width();
    let columns = match width {
        w if w >= 780.0 => 6,
        w if w >= 400.0 => 3,
        _ => 2,
    }
    .min(tiles.len().max(1));
    for row in tiles.chunks(columns) {
        let shares: Vec<f32> = row.iter().map(|t| share(t, columns)).collect();
        let total: f32 = shares.iter().sum();
        let room = width - GAP * (row.len() as f32 - 1.0);
        let widths: Vec<f32> = shares.iter().map(|s| room * s / total).collect();
        let size = common_size(row, &widths);
        let lines = note_lines(ui, row, &widths);
        let height = size * 1.25 + 43.0 + 15.0 * lines as f32;
        let (area, _) = ui.allocate_exact_size(Vec2::new(width, height), Sense::hover());
        let mut left = area.left();
        for (tile, width) in row.iter().zip(&widths) {
            let rect = Rect::from_min_size(Pos2::new(left, area.top()), Vec2::new(*width, height));
            draw(ui, theme, tile, rect, size);
            left += width + GAP;
        }
        ui.add_space(GAP - ui.spacing().item_spacing.y);
    }
}

/// One line of notes, or two where one is too narrow.
fn note_lines(ui: &Ui, tiles: &[Tile], widths: &[f32]) -> usize {
    let long = tiles.iter().zip(widths).any(|(tile, width)| {
        cut(ui, &tile.value.note, fonts::text(NOTE), width - 2.0 * PAD).elided
    });
    if long { 2 } else { 1 }
}

/// Tiles with long numbers or notes get more room. Steps, so that a digit more or less moves
/// nothing.
fn share(tile: &Tile, columns: usize) -> f32 {
    if columns < 6 {
        return 1.0;
    }
    let number: f32 = match tile.value.text.chars().count() {
        0..=8 => 1.0,
        9..=10 => 1.25,
        _ => 1.45,
    };
    number.max(match tile.value.note.chars().count() {
        0..=26 => 1.0,
        27..=34 => 1.2,
        _ => 1.35,
    })
}

fn common_size(tiles: &[Tile], widths: &[f32]) -> f32 {
    let fits = tiles.iter().zip(widths).map(|(tile, width)| {
        // JetBrains Mono is 0.6 of its size wide; at least seven places so that a change of
        // digits does not change the size.
        let places = tile.value.text.chars().count().max(7) as f32;
        let unit = tile.value.unit.chars().count() as f32 * UNIT * 0.62 + 4.0;
        (width - 2.0 * PAD - unit) / (places * 0.6)
    });
    fits.fold(LARGEST, f32::min).max(SMALLEST)
}

fn draw(ui: &mut Ui, theme: &Theme, tile: &Tile, rect: Rect, size: f32) {
    let id = ui.scope_id().with(("tile", &tile.label));
    let response = ui.interact(rect, id, Sense::hover());
    let painter = ui.painter_at(rect);
    painter.rect(
        rect,
        10.0,
        theme.panel,
        egui::Stroke::new(1.0, theme.line),
        egui::StrokeKind::Inside,
    );
    let inner = rect.width() - 2.0 * PAD;
    let left = rect.left() + PAD;
    let label = cut(ui, &tile.label.to_uppercase(), fonts::strong(10.5), inner);
    painter.galley(Pos2::new(left, rect.top() + 12.0), label, theme.muted);
    let value = &tile.value;
    let number =
        painter.layout_no_wrap(value.text.clone(), fonts::mono_strong(size), Color32::PLACEHOLDER);
    let at = Pos2::new(left, rect.top() + 29.0);
    let after = at + number.size();
    painter.galley(at, number, shade(theme, value.shade, tile.tone));
    let unit = painter.layout_no_wrap(value.unit.clone(), fonts::mono(UNIT), Color32::PLACEHOLDER);
    let at = Pos2::new(after.x + 4.0, after.y - unit.size().y - size * 0.14);
    painter.galley(at, unit, theme.muted);
    let note_tone = if value.shade == Shade::Late { Tone::Warning } else { Tone::Muted };
    let mut job =
        LayoutJob::simple(value.note.clone(), fonts::text(NOTE), Color32::PLACEHOLDER, inner);
    job.wrap.max_rows = 2;
    let note = painter.layout_job(job);
    let at = Pos2::new(left, rect.top() + 31.0 + size * 1.25);
    let whole = !note.elided;
    painter.galley(at, note, theme.tone(note_tone));
    let spoken = format!("{}: {}, {}", tile.label, value.line(), value.note);
    name(&response, Role::Label, spoken.trim_end_matches(", "));
    if !whole {
        response.on_hover_text(&value.note);
    }
}

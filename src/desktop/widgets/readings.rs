//! Readings and lamps of a part, as its folder groups them.

use egui::{Role, Sense, Ui, Vec2};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::{caption, cut, lamp, name, shade};
use crate::view::parts::PanelView;
use crate::view::shown::{Shade, Tile};

/// Narrowest place of a reading, and of a lamp.
const READING: f32 = 112.0;
const LAMP: f32 = 150.0;
const LABEL: f32 = 11.5;
const NUMBER: f32 = 15.0;
const SMALL: f32 = 11.5;

/// Draws the panels, one below the other.
pub fn readings(ui: &mut Ui, theme: &Theme, panels: &[PanelView]) {
    for panel in panels {
        ui.add_space(4.0);
        caption(ui, theme, &panel.title);
        let columns = places(ui.available_width(), READING);
        let each = ui.available_width() / columns as f32;
        for row in panel.tiles.chunks(columns) {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                row.iter().for_each(|tile| reading(ui, theme, tile, each));
            });
        }
        let columns = places(ui.available_width(), LAMP);
        let each = ui.available_width() / columns as f32;
        for row in panel.lamps.chunks(columns) {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing = Vec2::new(0.0, 1.0);
                row.iter().for_each(|one| _ = lamp(ui, theme, one, each));
            });
        }
    }
}

fn places(width: f32, least: f32) -> usize {
    ((width / least).floor() as usize).clamp(1, 6)
}

/// Label, number with its unit, and a line for age or meaning.
fn reading(ui: &mut Ui, theme: &Theme, tile: &Tile, width: f32) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, 50.0), Sense::hover());
    let room = width - 8.0;
    let value = &tile.value;
    if ui.is_rect_visible(rect) {
        let label = cut(ui, &tile.label, fonts::text(LABEL), room);
        ui.painter().galley(rect.min, label, theme.muted);
        let colour = shade(theme, value.shade, tile.tone);
        let number = cut(ui, &value.text, fonts::mono(NUMBER), room);
        let below = rect.min + Vec2::new(0.0, 15.0);
        let after = below + Vec2::new(number.size().x + 4.0, 4.0);
        let left = room - number.size().x - 4.0;
        ui.painter().galley(below, number, colour);
        if !value.unit.is_empty() && left > 8.0 {
            let unit = cut(ui, &value.unit, fonts::text(SMALL), left);
            ui.painter().galley(after, unit, theme.muted);
        }
        let note = cut(ui, &value.note, fonts::text(SMALL), room);
        ui.painter().galley(rect.min + Vec2::new(0.0, 34.0), note, theme.muted);
    }
    let spoken = match value.shade {
        Shade::Fresh => format!("{}: {}", tile.label, value.line()),
        Shade::Late | Shade::Lost | Shade::Never => {
            format!("{}: {}, {}", tile.label, value.line(), value.note)
        }
    };
    name(&response, Role::Label, &spoken);
    response.on_hover_text(spoken);
}

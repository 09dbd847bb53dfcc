//! The cell map: one painter pass over all tiles, and one node per cell for the pointer and for
//! screen readers. Draws what the view says; judges nothing.

use egui::{
    Align2, Color32, EventFilter, FocusDirection, Id, Key, Modifiers, Painter, Pos2, Rect, Role,
    ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::cell_plan::{Density, Plan, step};
use crate::desktop::widgets::text::value_at;
use crate::view::cells::{CellKind, CellMap, CellRow, CellTile};
use crate::view::shown::Shade;

/// A cell by row and place.
pub type Place = (usize, usize);

/// Draws the map into `room`, scrolling where it is larger. Clicks and arrow keys move `selected`.
pub fn cell_map(
    ui: &mut Ui,
    theme: &Theme,
    map: &CellMap,
    density: Density,
    selected: &mut Option<Place>,
) {
    let room = ui.available_size();
    let plan = Plan::new(map, room - Vec2::new(6.0, 2.0), density);
    let focus = ui.scope_id().with("cells");
    let moved = keys(ui, map, focus, selected);
    ScrollArea::both().id_salt("cells").max_height(room.y).auto_shrink([false, true]).show(
        ui,
        |ui| {
            let (area, _) = ui.allocate_exact_size(plan.size, Sense::hover());
            let map_response = ui.interact(area, focus, Sense::FOCUSABLE);
            map_response.widget_info(|| WidgetInfo::labeled(Role::Grid, true, "Cell map"));
            if map_response.has_focus() {
                keep_arrows(ui, focus);
            }
            let canvas = Canvas { plan: &plan, theme, density, offset: area.min.to_vec2() };
            canvas.heads(ui, map);
            for (at, row) in map.rows.iter().enumerate() {
                if let Some(clicked) = canvas.row(ui, at, row, *selected) {
                    *selected = Some(clicked);
                    take_focus(ui, focus);
                }
            }
            if let (true, Some((row, column))) = (moved, *selected) {
                ui.scroll_to_rect(
                    plan.tile(row, column).translate(area.min.to_vec2()).expand(12.0),
                    None,
                );
            }
        },
    );
}

/// Gives the map the focus, whatever the arrow key that was pressed would do with it.
fn take_focus(ui: &Ui, focus: Id) {
    ui.memory_mut(|m| {
        m.move_focus(FocusDirection::None);
        m.request_focus(focus);
    });
    // Only the next frame can keep the arrows, so there must be one.
    ui.ctx().request_repaint();
}

/// Keeps arrow keys from moving the focus on to a neighbour.
fn keep_arrows(ui: &Ui, focus: Id) {
    let arrows =
        EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|m| m.set_focus_lock_filter(focus, arrows));
}

/// Arrow keys while the map or nothing has the focus. Tells whether the selection moved.
fn keys(ui: &Ui, map: &CellMap, focus: Id, selected: &mut Option<Place>) -> bool {
    if let Some((row, column)) = *selected
        && map.rows.get(row).is_none_or(|r| column >= r.cells.len())
    {
        *selected = None;
    }
    let ours = ui.memory(|m| m.focused().is_none_or(|id| id == focus));
    if !ours || !ui.is_enabled() {
        return false;
    }
    let moves = [
        (Key::ArrowLeft, (0, -1)),
        (Key::ArrowRight, (0, 1)),
        (Key::ArrowUp, (-1, 0)),
        (Key::ArrowDown, (1, 0)),
    ];
    let mut moved = false;
    for (key, by) in moves {
        if ui.input_mut(|i| i.consume_key(Modifiers::NONE, key)) {
            *selected = step(map, *selected, by);
            moved = true;
            take_focus(ui, focus);
        }
    }
    if selected.is_some() && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape)) {
        *selected = None;
    }
    moved
}

struct Canvas<'a> {
    plan: &'a Plan,
    theme: &'a Theme,
    density: Density,
    offset: Vec2,
}

impl Canvas<'_> {
    fn heads(&self, ui: &Ui, map: &CellMap) {
        let painter = ui.painter();
        let font = fonts::text(10.5);
        for block in 0..self.plan.blocks {
            for column in 0..map.columns {
                if self.density == Density::Overview && column % 4 != 0 {
                    continue;
                }
                let at = self.plan.column_head(block, column) + self.offset;
                painter.text(at, Align2::CENTER_CENTER, column, font.clone(), self.theme.muted);
            }
            if self.plan.temperatures {
                for (column, text) in ["cell", "PCB"].into_iter().enumerate() {
                    let text = format!("{text} {}", map.unit);
                    let at = self.plan.temperature(block, None, column) + self.offset;
                    painter.text(at, Align2::RIGHT_CENTER, text, font.clone(), self.theme.muted);
                }
            }
        }
    }

    fn row(&self, ui: &Ui, at: usize, row: &CellRow, selected: Option<Place>) -> Option<Place> {
        let whole = self.plan.row(at).translate(self.offset);
        let painter = ui.painter();
        let visible = ui.is_rect_visible(whole);
        let mut clicked = None;
        if visible {
            painter.hline(
                whole.x_range(),
                whole.top(),
                Stroke::new(1.0, self.theme.line.gamma_multiply(0.6)),
            );
            let label = self.plan.label(at).translate(self.offset);
            let font = fonts::mono(if self.density == Density::Overview { 10.0 } else { 11.5 });
            painter.text(
                label.left_center(),
                Align2::LEFT_CENTER,
                &row.label,
                font,
                self.theme.muted,
            );
            let response = ui.interact(label, ui.scope_id().with(("row", at)), Sense::hover());
            if !row.hover.is_empty() {
                response.on_hover_text(&row.hover);
            }
            if self.plan.temperatures {
                for (column, value) in
                    [&row.cell_temperature, &row.board_temperature].into_iter().enumerate()
                {
                    let place = self.plan.temperature(0, Some(at), column) + self.offset;
                    value_at(ui, self.theme, (place, Align2::RIGHT_CENTER), value, 11.5);
                }
            }
        }
        for (column, cell) in row.cells.iter().enumerate() {
            let rect = self.plan.tile(at, column).translate(self.offset);
            let chosen = selected == Some((at, column));
            let response =
                ui.interact(rect, ui.scope_id().with(("cell", at, column)), Sense::CLICK);
            response.widget_info(|| WidgetInfo::selected(Role::GridCell, true, chosen, &cell.name));
            if response.clicked() {
                clicked = Some((at, column));
            }
            if visible {
                self.tile(painter, rect, cell, chosen);
                if response.hovered() {
                    response.on_hover_text(&cell.hover);
                }
            }
        }
        clicked
    }

    fn tile(&self, painter: &Painter, rect: Rect, cell: &CellTile, chosen: bool) {
        let theme = self.theme;
        let dimmed = matches!(cell.shade, Shade::Late);
        let (fill, ink) = match (cell.kind, cell.deviation) {
            (CellKind::Absent | CellKind::NoData, _) => (theme.absent, theme.muted),
            (_, Some(deviation)) if dimmed => {
                (theme.dimmed(theme.deviation(deviation)), theme.text)
            }
            (_, Some(deviation)) => (theme.deviation(deviation), theme.tile_text),
            (CellKind::Ok | CellKind::Untrusted | CellKind::Extra, None) => {
                (theme.raised, theme.text)
            }
        };
        let corner = 3.0;
        painter.rect_filled(rect, corner, fill);
        match cell.kind {
            CellKind::Untrusted => hatch(painter, rect, ink.gamma_multiply(0.45)),
            CellKind::Extra => {
                painter.rect_stroke(
                    rect,
                    corner,
                    Stroke::new(2.0, theme.warning),
                    StrokeKind::Inside,
                );
            }
            CellKind::Ok | CellKind::Absent | CellKind::NoData => {}
        }
        if self.density == Density::Numbers {
            let font = fonts::mono(self.plan.font);
            let galley = painter.layout_no_wrap(cell.text.clone(), font, Color32::PLACEHOLDER);
            let at = rect.center() - galley.size() / 2.0;
            if cell.kind == CellKind::Untrusted {
                let behind = Rect::from_min_size(at, galley.size()).expand2(Vec2::new(2.0, -1.0));
                painter.rect_filled(behind, 2.0, fill);
            }
            painter.galley(at, galley, ink);
        }
        if cell.balancing {
            painter.add(corner_mark(rect, (rect.height() * 0.36).min(9.0), ink));
        }
        if cell.lowest || cell.highest {
            painter.rect_stroke(rect, corner, Stroke::new(2.0, theme.outline), StrokeKind::Middle);
            painter.add(extreme_mark(rect, cell.highest, ink, self.density));
        }
        if chosen {
            let inner = Stroke::new(1.5, theme.tile_text);
            painter.rect_stroke(rect, corner, inner, StrokeKind::Inside);
            let outer = Stroke::new(2.5, theme.accent);
            painter.rect_stroke(rect, corner, outer, StrokeKind::Outside);
        }
    }
}

/// Slanted lines across a tile.
pub fn hatch(painter: &Painter, rect: Rect, colour: Color32) {
    let stroke = Stroke::new(1.2, colour);
    let height = rect.height();
    let mut x = rect.left() - height;
    while x < rect.right() {
        let (from, to) = (x.max(rect.left()), (x + height).min(rect.right()));
        if to > from {
            painter.line_segment(
                [
                    Pos2::new(from, rect.bottom() - (from - x)),
                    Pos2::new(to, rect.bottom() - (to - x)),
                ],
                stroke,
            );
        }
        x += 6.0;
    }
}

/// The corner that marks a balancing cell.
pub fn corner_mark(rect: Rect, size: f32, colour: Color32) -> Shape {
    let tip = rect.right_top();
    Shape::convex_polygon(
        vec![tip - Vec2::new(size, 0.0), tip, tip + Vec2::new(0.0, size)],
        colour,
        Stroke::NONE,
    )
}

/// A triangle up (highest) or down (lowest) at the left of a tile, or in its middle where it has
/// no number.
fn extreme_mark(rect: Rect, highest: bool, colour: Color32, density: Density) -> Shape {
    let at = match density {
        Density::Numbers => {
            rect.left_center() + Vec2::new((rect.width() * 0.1).clamp(4.0, 9.0), 0.0)
        }
        Density::Overview => rect.center(),
    };
    triangle(at, if highest { -1.0 } else { 1.0 }, 3.2, colour)
}

/// A triangle that points down (1) or up (-1).
pub fn triangle(at: Pos2, down: f32, size: f32, colour: Color32) -> Shape {
    let tip = at + Vec2::new(0.0, size * down);
    let base = at.y - size * 0.7 * down;
    let mut points = vec![Pos2::new(at.x - size, base), Pos2::new(at.x + size, base), tip];
    if down < 0.0 {
        points.reverse();
    }
    Shape::convex_polygon(points, colour, Stroke::NONE)
}

//! The picture of where the bits of a message lie: a row a byte, the highest bit at the left, a colour a
//! signal. Knows only the view.

use egui::ecolor::Hsva;
use egui::{
    Align2, Color32, CornerRadius, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2,
};

use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::{cut, name};
use crate::view::dbc::{BitCell, LayoutView};

/// Height of a row.
const ROW: f32 = 26.0;
/// Width of the numbers of bytes at the left.
const GUTTER: f32 = 34.0;
/// Height of the numbers of bits above.
const HEAD: f32 = 18.0;

/// What was done with the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// A signal was pressed.
    Pressed(u16),
    /// A signal was dropped with its first bit on this one.
    Dropped(u16, u16),
}

/// The colour of the signal at this position.
#[must_use]
pub fn colour(theme: &Theme, signal: u16) -> Color32 {
    // Steps of the golden ratio keep neighbours apart, however many there are.
    let hue = (f32::from(signal) * 0.618_034 + 0.56).fract();
    let dark = theme.background.r() < 128;
    Color32::from(Hsva::new(
        hue,
        if dark { 0.55 } else { 0.45 },
        if dark { 0.72 } else { 0.86 },
        1.0,
    ))
}

/// Draws the picture as wide as there is room; `chosen` has a ring. Returns what was done with it.
pub fn draw(ui: &mut Ui, theme: &Theme, view: &LayoutView, chosen: Option<u16>) -> Option<Touched> {
    let rows = view.cells.len() / 8;
    let width = ui.available_width().min(620.0);
    let size = Vec2::new(width, HEAD + ROW * rows as f32);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    name(&response, Role::Image, &spoken(view));
    let column = ((width - GUTTER) / 8.0).floor();
    let at = |index: usize| {
        let (row, place) = (index / 8, index % 8);
        let corner = Vec2::new(GUTTER + column * place as f32, HEAD + ROW * row as f32);
        Rect::from_min_size(rect.min + corner, Vec2::new(column, ROW))
    };
    numbers(ui, theme, rect, (rows, column));
    let painter = ui.painter();
    for (index, cell) in view.cells.iter().enumerate() {
        let place = at(index).shrink(1.0);
        let owner = cell.signals.first().copied();
        let fill = owner.map_or(theme.field, |signal| colour(theme, signal));
        painter.rect_filled(place, CornerRadius::same(3), fill);
        if cell.wrong {
            let edge = Stroke::new(1.5, theme.fault);
            painter.rect_stroke(place, 3.0, edge, StrokeKind::Inside);
        } else if owner.is_some() && owner == chosen {
            painter.rect_stroke(place, 3.0, Stroke::new(1.5, theme.text), StrokeKind::Inside);
        }
        if let Some(value) = cell.value {
            let ink = if owner.is_some() { theme.tile_text } else { theme.muted };
            let corner = place.right_bottom() - Vec2::new(4.0, 2.0);
            let font = fonts::mono(10.5);
            painter.text(corner, Align2::RIGHT_BOTTOM, value.to_string(), font, ink);
        }
    }
    names(ui, theme, view, &at);
    touched(ui, &response, view, &at)
}

fn numbers(ui: &Ui, theme: &Theme, rect: Rect, (rows, column): (usize, f32)) {
    let painter = ui.painter();
    for place in 0..8 {
        let x = rect.left() + GUTTER + column * (place as f32 + 0.5);
        let at = Pos2::new(x, rect.top() + HEAD / 2.0);
        let text = (7 - place).to_string();
        painter.text(at, Align2::CENTER_CENTER, text, fonts::mono(10.5), theme.muted);
    }
    for row in 0..rows {
        let y = rect.top() + HEAD + ROW * (row as f32 + 0.5);
        let at = Pos2::new(rect.left() + GUTTER - 8.0, y);
        painter.text(at, Align2::RIGHT_CENTER, row.to_string(), fonts::mono(11.0), theme.muted);
    }
}

/// The name of a signal stands once in each row, over the bits it has there.
fn names(ui: &Ui, theme: &Theme, view: &LayoutView, at: &impl Fn(usize) -> Rect) {
    let owner = |index: usize| view.cells.get(index).and_then(|cell| cell.signals.first().copied());
    let mut index = 0;
    while index < view.cells.len() {
        let Some(signal) = owner(index) else {
            index += 1;
            continue;
        };
        let row = index / 8;
        let run = (index..(row + 1) * 8).take_while(|&next| owner(next) == Some(signal)).count();
        let first = at(index);
        let room = first.width() * run as f32 - 8.0;
        if let Some(text) = view.names.get(usize::from(signal)) {
            let galley = cut(ui, text, fonts::text(11.0), room);
            let place = first.left_top() + Vec2::new(4.0, 2.0);
            ui.painter().galley(place, galley, theme.tile_text);
        }
        index += run;
    }
}

fn touched(
    ui: &Ui,
    response: &Response,
    view: &LayoutView,
    at: &impl Fn(usize) -> Rect,
) -> Option<Touched> {
    let cell_at = |place: Pos2| -> Option<&BitCell> {
        view.cells.iter().enumerate().find(|(index, _)| at(*index).contains(place)).map(|(_, c)| c)
    };
    let owner = |place: Pos2| cell_at(place)?.signals.first().copied();
    if let Some(cell) = response.hover_pos().and_then(cell_at) {
        response.clone().on_hover_text_at_pointer(&cell.hover);
    }
    let dragged = ui.memory(|memory| memory.data.get_temp::<u16>(response.id));
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin());
        if let Some(signal) = origin.and_then(owner) {
            ui.memory_mut(|memory| memory.data.insert_temp(response.id, signal));
        }
    }
    if response.drag_stopped() {
        ui.memory_mut(|memory| memory.data.remove::<u16>(response.id));
        let cell = response.interact_pointer_pos().and_then(cell_at);
        return dragged.zip(cell).map(|(signal, cell)| Touched::Dropped(signal, cell.bit));
    }
    let pressed = response.interact_pointer_pos().filter(|_| response.clicked());
    pressed.and_then(owner).map(Touched::Pressed)
}

fn spoken(view: &LayoutView) -> String {
    format!("Bits of {} bytes: {}", view.bytes, view.names.join(", "))
}

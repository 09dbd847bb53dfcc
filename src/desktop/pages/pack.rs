//! The Pack page: title, numbers, cell map, contactors, events, facts, trend. Two columns where
//! there is room, one below the other where there is not.

use egui::{Align, Layout, Pos2, Rect, RichText, ScrollArea, Sense, Stroke, Ui, UiBuilder, Vec2};

use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::cell_map::{Place, cell_map, corner_mark, hatch, triangle};
use crate::desktop::widgets::cell_plan::Density;
use crate::desktop::widgets::panel::{GAP, INSET, panel, panel_in};
use crate::desktop::widgets::text::{caption, cut, lamp, line, name, note, paragraph, shade};
use crate::desktop::widgets::tiles::tiles;
use crate::desktop::widgets::{chip, trend};
use crate::view::cells::{CellMap, CellTile};
use crate::view::pack::{ContactorsView, PackView};
use crate::view::shown::{Lamp, Shade, Tile, Tone};

/// What the page keeps between frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackPage {
    /// The cell whose details are shown.
    pub selected: Option<Place>,
    /// Numbers or overview.
    pub density: Density,
}

/// Narrower pages are one column.
const TWO_COLUMNS: f32 = 820.0;
/// The lowest the body gets before the page scrolls.
const LEAST_BODY: f32 = 300.0;

/// Draws the page.
pub fn draw(ui: &mut Ui, theme: &Theme, view: &PackView, page: &mut PackPage) -> Option<Command> {
    let room = ui.available_size();
    let mut asked = None;
    ScrollArea::vertical().id_salt("pack page").auto_shrink(false).show(ui, |ui| {
        ui.set_width(room.x);
        let top = ui.cursor().top();
        header(ui, theme, view);
        asked = tabs(ui, theme, view);
        for sentence in &view.notes {
            note(ui, theme, sentence);
        }
        ui.add_space(GAP - 6.0);
        tiles(ui, theme, &view.tiles);
        let left = room.y - (ui.cursor().top() - top);
        if room.x >= TWO_COLUMNS {
            let (body, _) =
                ui.allocate_exact_size(Vec2::new(room.x, left.max(LEAST_BODY)), Sense::hover());
            let share = if room.x < 1060.0 { 0.6 } else { 0.635 };
            let cells = (room.x * share).floor();
            let left = Rect::from_min_size(body.min, Vec2::new(cells, body.height()));
            let right = Rect::from_min_max(Pos2::new(left.right() + GAP, body.top()), body.max);
            panel_in(ui, theme, left, |ui| cells_panel(ui, theme, &view.cells, page));
            let mut side_ui = ui.new_child(UiBuilder::new().max_rect(right));
            side(&mut side_ui, theme, view);
        } else {
            let height = (left - 20.0).clamp(LEAST_BODY, 560.0);
            let (area, _) = ui.allocate_exact_size(Vec2::new(room.x, height), Sense::hover());
            panel_in(ui, theme, area, |ui| cells_panel(ui, theme, &view.cells, page));
            ui.add_space(GAP - 6.0);
            column(ui, theme, view, 200.0);
        }
    });
    asked
}

fn header(ui: &mut Ui, theme: &Theme, view: &PackView) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        pages::title(ui, theme, &view.title);
        if !view.base.is_empty() {
            chip::tag(ui, theme, &view.base);
        }
        if !view.state.word.is_empty() {
            chip::badge(ui, theme, &view.state);
        }
        let updated = RichText::new(&view.updated).font(fonts::text(12.0));
        ui.add(egui::Label::new(updated.color(theme.tone(view.updated_tone))).extend());
    });
}

fn tabs(ui: &mut Ui, theme: &Theme, view: &PackView) -> Option<Command> {
    let mut asked = None;
    if view.tabs.is_empty() {
        return asked;
    }
    ui.horizontal_wrapped(|ui| {
        for tab in &view.tabs {
            let colour = if tab.selected { theme.accent } else { theme.text };
            let text =
                RichText::new(format!("     {}", tab.label)).font(fonts::text(13.0)).color(colour);
            let fill = if tab.selected { theme.accent_soft } else { theme.raised };
            let button = egui::Button::new(text).fill(fill).selected(tab.selected);
            let response = ui.add(button).accessible_name(tab.label.as_str());
            let dot = response.rect.left_center() + Vec2::new(16.0, 0.0);
            ui.painter().circle_filled(dot, 4.0, theme.lamp(tab.tone));
            if response.clicked() {
                asked = Some(Command::SelectPack(tab.label.clone()));
            }
        }
    });
    asked
}

fn cells_panel(ui: &mut Ui, theme: &Theme, map: &CellMap, page: &mut PackPage) {
    ui.horizontal(|ui| {
        ui.set_min_height(24.0);
        caption(ui, theme, "Cells");
        ui.label(RichText::new("mV").font(fonts::text(11.5)).color(theme.muted));
        if map.rows.is_empty() {
            return;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            density(ui, theme, page);
            ui.add_space(4.0);
            if ui.available_width() > 300.0 {
                signs(ui, theme);
            }
        });
    });
    if map.rows.is_empty() {
        pages::empty(ui, theme, icons::BATTERY, &map.empty);
        return;
    }
    let inner = ui.max_rect();
    let foot = if page.selected.is_some() { 74.0 } else { 26.0 };
    let room = Rect::from_min_max(
        Pos2::new(inner.left(), ui.cursor().top() + 2.0),
        Pos2::new(inner.right() + 6.0, inner.bottom() - foot),
    );
    let mut cells = ui.new_child(UiBuilder::new().max_rect(room));
    cell_map(&mut cells, theme, map, page.density, &mut page.selected);
    let below = Rect::from_min_max(Pos2::new(inner.left(), room.bottom() + 6.0), inner.max);
    let mut foot = ui.new_child(UiBuilder::new().max_rect(below));
    foot.spacing_mut().item_spacing.y = 4.0;
    if let Some(cell) = page.selected.and_then(|(row, column)| map.rows.get(row)?.cells.get(column))
    {
        details(&mut foot, theme, cell);
    }
    scale(&mut foot, theme, map);
}

fn density(ui: &mut Ui, theme: &Theme, page: &mut PackPage) {
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.spacing_mut().button_padding = Vec2::new(9.0, 2.0);
    ui.spacing_mut().interact_size.y = 22.0;
    for (choice, words) in [(Density::Overview, "Overview"), (Density::Numbers, "Numbers")] {
        let chosen = page.density == choice;
        let colour = if chosen { theme.accent } else { theme.muted };
        let fill = if chosen { theme.accent_soft } else { theme.panel };
        let text = RichText::new(words).font(fonts::text(12.0)).color(colour);
        let button = egui::Button::new(text).fill(fill).stroke(Stroke::NONE).selected(chosen);
        if ui.add(button).clicked() {
            page.density = choice;
        }
    }
}

/// What the signs on the tiles mean. The layout runs from right to left.
fn signs(ui: &mut Ui, theme: &Theme) {
    ui.spacing_mut().item_spacing.x = 5.0;
    for word in ["absent", "untrusted", "balancing", "min", "max"] {
        ui.label(RichText::new(word).font(fonts::text(11.5)).color(theme.muted));
        let (rect, _) = ui.allocate_exact_size(Vec2::new(13.0, 13.0), Sense::hover());
        let painter = ui.painter();
        let colour = theme.text;
        match word {
            "max" => _ = painter.add(triangle(rect.center(), -1.0, 4.0, colour)),
            "min" => _ = painter.add(triangle(rect.center(), 1.0, 4.0, colour)),
            "balancing" => _ = painter.add(corner_mark(rect.shrink(1.5), 9.0, colour)),
            "untrusted" => hatch(painter, rect.shrink(1.0), colour),
            _ => {
                _ = painter.hline(
                    rect.shrink(1.0).x_range(),
                    rect.center().y,
                    Stroke::new(1.5, colour),
                )
            }
        }
        ui.add_space(3.0);
    }
}

/// Name, value, age and state of the selected cell on two lines.
fn details(ui: &mut Ui, theme: &Theme, cell: &CellTile) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 42.0), Sense::hover());
    ui.painter().rect_filled(rect, 6.0, theme.raised);
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect.shrink2(Vec2::new(10.0, 3.0))));
    inside.spacing_mut().item_spacing.y = 0.0;
    line(&mut inside, &cell.name, fonts::strong(12.5), theme.text);
    let words = cell.hover.lines().skip(1).collect::<Vec<_>>().join(" · ");
    line(&mut inside, &words, fonts::text(12.0), theme.muted);
}

/// The colour scale with its ends and its middle.
fn scale(ui: &mut Ui, theme: &Theme, map: &CellMap) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let label = |ui: &mut Ui, text: &str| {
            ui.label(RichText::new(text).font(fonts::mono(11.0)).color(theme.muted));
        };
        label(ui, &map.scale.low);
        let width = (ui.available_width() * 0.3).clamp(60.0, 220.0);
        let (rect, _) = ui.allocate_exact_size(Vec2::new(width, 8.0), Sense::hover());
        let steps = 24;
        for step in 0..steps {
            let part = rect.width() / steps as f32;
            let min = Pos2::new(rect.left() + part * step as f32, rect.top());
            let colour = theme.deviation((step as f32 + 0.5) / steps as f32 * 2.0 - 1.0);
            ui.painter().rect_filled(
                Rect::from_min_size(min, Vec2::new(part + 0.5, 8.0)),
                0.0,
                colour,
            );
        }
        label(ui, &map.scale.high);
        ui.add_space(6.0);
        label(ui, &map.scale.middle);
    });
}

/// The right column: scrolls where its panels need more height than there is; the trend takes
/// what is left.
fn side(ui: &mut Ui, theme: &Theme, view: &PackView) {
    let height = ui.available_height();
    ScrollArea::vertical()
        .id_salt("side")
        .auto_shrink(false)
        .show(ui, |ui| column(ui, theme, view, height));
}

fn column(ui: &mut Ui, theme: &Theme, view: &PackView, height: f32) {
    let top = ui.cursor().top();
    ui.spacing_mut().item_spacing.y = 6.0;
    panel(ui, theme, "Contactors", |ui| contactors(ui, theme, &view.contactors));
    ui.add_space(GAP - 6.0);
    panel(ui, theme, "Battery events", |ui| {
        if view.events.is_empty() {
            paragraph(ui, "The BMS has not reported its events yet.", theme.muted);
        }
        lamps(ui, theme, &view.events, 2);
    });
    ui.add_space(GAP - 6.0);
    let facts_rows = view.facts.len().div_ceil(fact_columns(ui.available_width()));
    let below = if facts_rows == 0 { 0.0 } else { facts_rows as f32 * FACT + 52.0 + GAP };
    let left = (height - (ui.cursor().top() - top) - below).max(176.0);
    let (area, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), left), Sense::hover());
    panel_in(ui, theme, area, |ui| {
        ui.horizontal(|ui| {
            caption(ui, theme, &view.trend.label);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| trend::legend(ui, theme));
        });
        trend::trend(ui, theme, &view.trend);
    });
    if facts_rows > 0 {
        ui.add_space(GAP - 6.0);
        panel(ui, theme, "Limits and settings", |ui| facts(ui, theme, view));
    }
}

/// Height of a line of the facts.
const FACT: f32 = 21.0;

fn fact_columns(width: f32) -> usize {
    if width >= 380.0 { 2 } else { 1 }
}

fn contactors(ui: &mut Ui, theme: &Theme, view: &ContactorsView) {
    if view.steps.is_empty() && view.lamps.is_empty() {
        paragraph(ui, "The BMS has not reported its contactors yet.", theme.muted);
    }
    ui.horizontal_wrapped(|ui| {
        let tight = ui.available_width() < 380.0;
        ui.spacing_mut().item_spacing = if tight { Vec2::new(2.0, 5.0) } else { Vec2::splat(5.0) };
        let size = if tight { 11.0 } else { 12.0 };
        for (at, step) in view.steps.iter().enumerate() {
            if at > 0 {
                ui.label(RichText::new("→").font(fonts::text(size)).color(theme.muted));
            }
            step_box(ui, theme, &step.label, step.current.then_some(step.tone), size);
        }
    });
    if !view.sentence.is_empty() {
        paragraph(ui, &view.sentence, theme.muted);
    }
    lamps(ui, theme, &view.lamps, 3);
}

fn step_box(ui: &mut Ui, theme: &Theme, label: &str, current: Option<Tone>, size: f32) {
    let (font, colour) = match current {
        Some(tone) => (fonts::strong(size), theme.on_tone(tone)),
        None => (fonts::text(size), theme.muted),
    };
    let galley = ui.painter().layout_no_wrap(label.to_owned(), font, colour);
    let (rect, response) = ui.allocate_exact_size(
        galley.size() + Vec2::new(if size < 12.0 { 8.0 } else { 16.0 }, 12.0),
        Sense::hover(),
    );
    match current {
        Some(Tone::Plain | Tone::Muted) => _ = ui.painter().rect_filled(rect, 6.0, theme.raised),
        Some(tone) => _ = ui.painter().rect_filled(rect, 6.0, theme.tone(tone)),
        None => {
            let stroke = Stroke::new(1.0, theme.line);
            ui.painter().rect_stroke(rect, 6.0, stroke, egui::StrokeKind::Inside);
        }
    }
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, colour);
    let spoken =
        if current.is_some() { format!("{label}, current state") } else { label.to_owned() };
    name(&response, egui::Role::Label, &spoken);
}

fn lamps(ui: &mut Ui, theme: &Theme, lamps: &[Lamp], most: usize) {
    let width = ui.available_width();
    let columns = ((width / 135.0).floor() as usize).clamp(1, most).min(lamps.len().max(1));
    let each = width / columns as f32;
    ui.spacing_mut().item_spacing = Vec2::new(0.0, 1.0);
    ui.spacing_mut().interact_size.y = 20.0;
    for row in lamps.chunks(columns) {
        ui.horizontal(|ui| {
            for one in row {
                lamp(ui, theme, one, each);
            }
        });
    }
}

fn facts(ui: &mut Ui, theme: &Theme, view: &PackView) {
    let width = ui.available_width();
    let columns = fact_columns(width + 2.0 * INSET);
    let each = (width - INSET * (columns as f32 - 1.0)) / columns as f32;
    ui.spacing_mut().item_spacing.y = 0.0;
    for row in view.facts.chunks(columns) {
        let (area, _) = ui.allocate_exact_size(Vec2::new(width, FACT), Sense::hover());
        for (at, fact) in row.iter().enumerate() {
            let left = area.left() + at as f32 * (each + INSET);
            let rect = Rect::from_min_size(Pos2::new(left, area.top()), Vec2::new(each, FACT));
            fact_in(ui, theme, fact, rect);
        }
    }
}

/// Label at the left, value at the right; the label gives way where both do not fit.
fn fact_in(ui: &mut Ui, theme: &Theme, fact: &Tile, rect: Rect) {
    let value = &fact.value;
    let words = if value.note.is_empty() {
        value.line()
    } else {
        format!("{} · {}", value.line(), value.note)
    };
    let response = ui.interact(rect, ui.scope_id().with(("fact", &fact.label)), Sense::hover());
    name(&response, egui::Role::Label, &format!("{}: {words}", fact.label));
    let tone = if value.shade == Shade::Fresh { fact.tone } else { Tone::Muted };
    let number = cut(ui, &words, fonts::mono(12.0), rect.width() - 40.0);
    let room = rect.width() - number.size().x - 8.0;
    let label = cut(ui, &fact.label, fonts::text(12.5), room);
    let middle = |galley: &egui::Galley| rect.center().y - galley.size().y / 2.0;
    let whole = !number.elided && !label.elided;
    let at = Pos2::new(rect.left(), middle(&label));
    ui.painter().galley(at, label, theme.muted);
    let at = Pos2::new(rect.right() - number.size().x, middle(&number));
    ui.painter().galley(at, number, shade(theme, value.shade, tone));
    if !whole {
        response.on_hover_text(format!("{}: {words}", fact.label));
    }
}

//! The Buses tab: how each bus is doing, how it is set, and what can be done to its controller.

use egui::{Grid, Pos2, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, Vec2};

use super::send::submit;
use crate::desktop::ask::SendAsk;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{Look, named_offer};
use crate::desktop::widgets::panel::{GAP, panel, scrolls};
use crate::desktop::widgets::text::{line, paragraph};
use crate::view::buses::{BusSheet, BusesView, Fact};
use crate::view::offer::Question;

/// Narrower panels show the settings below the figures.
const TWO_COLUMNS: f32 = 700.0;

/// What was asked for on the tab.
pub(super) enum Asked {
    /// Something to do at once.
    Do(Command),
    /// Something to ask about first.
    First(Question, SendAsk),
}

/// Draws the tab below the row of tabs.
pub(super) fn draw(ui: &mut Ui, theme: &Theme, view: &BusesView) -> Option<Asked> {
    let mut asked = None;
    ui.add_space(GAP - 8.0);
    ScrollArea::vertical().id_salt("buses").auto_shrink(false).show(ui, |ui| {
        scrolls(ui);
        if view.buses.is_empty() {
            let text = "No bus is open. Choose a demo or an interface on the Open page.";
            paragraph(ui, text, theme.muted);
        }
        for shown in &view.buses {
            let drawn = panel(ui, theme, "", |ui| sheet(ui, theme, shown));
            asked = asked.take().or(drawn);
            ui.add_space(GAP - 6.0);
        }
    });
    asked
}

fn sheet(ui: &mut Ui, theme: &Theme, bus: &BusSheet) -> Option<Asked> {
    let asked = head(ui, theme, bus);
    if !bus.sentence.is_empty() {
        paragraph(ui, &bus.sentence, theme.tone(bus.tone));
    }
    if !bus.said.is_empty() {
        paragraph(ui, &bus.said, theme.text);
    }
    ui.add_space(6.0);
    let width = ui.available_width();
    if width >= TWO_COLUMNS {
        let top = ui.cursor().min;
        let half = ((width - GAP) / 2.0).floor();
        let mut bottom = top.y;
        for (at, (salt, facts)) in
            [("doing", &bus.doing), ("set", &bus.set)].into_iter().enumerate()
        {
            let left = top.x + at as f32 * (half + GAP);
            let area = Rect::from_min_size(Pos2::new(left, top.y), Vec2::new(half, f32::INFINITY));
            let mut column = ui.new_child(UiBuilder::new().max_rect(area));
            table(&mut column, theme, (&bus.name, salt), facts);
            bottom = bottom.max(column.min_rect().bottom());
        }
        ui.advance_cursor_after_rect(Rect::from_min_max(top, Pos2::new(top.x + width, bottom)));
    } else {
        table(ui, theme, (&bus.name, "doing"), &bus.doing);
        table(ui, theme, (&bus.name, "set"), &bus.set);
    }
    rates(ui, theme, bus);
    asked
}

fn head(ui: &mut Ui, theme: &Theme, bus: &BusSheet) -> Option<Asked> {
    let mut asked = None;
    ui.horizontal(|ui| {
        ui.set_min_height(32.0);
        let (dot, _) = ui.allocate_exact_size(Vec2::new(10.0, 20.0), Sense::hover());
        ui.painter().circle_filled(dot.center(), 4.0, theme.lamp(bus.tone));
        ui.label(RichText::new(&bus.name).font(fonts::mono(14.0)).color(theme.text));
        ui.label(RichText::new(&bus.state).color(theme.tone(bus.tone)));
        if let Some(restart) = &bus.restart {
            let name = format!("{} {}", restart.label, bus.name);
            if named_offer(ui, theme, restart, Look::Plain, &name) {
                asked = Some(Asked::Do(submit(SendAsk::Restart(bus.name.clone()))));
            }
        }
        if let Some(scan) = &bus.scan {
            let label = scan.offer.label.trim_end_matches('\u{2026}');
            let name = format!("{label} of {}", bus.name);
            if named_offer(ui, theme, &scan.offer, Look::Plain, &name) {
                let ask = SendAsk::FindRate(bus.name.clone());
                asked = Some(Asked::First(scan.question.clone(), ask));
            }
        }
        line(ui, &bus.address, fonts::mono(12.0), theme.muted);
    });
    asked
}

fn table(ui: &mut Ui, theme: &Theme, (bus, salt): (&str, &str), facts: &[Fact]) {
    Grid::new((bus, salt)).num_columns(2).spacing(Vec2::new(16.0, 5.0)).show(ui, |ui| {
        for fact in facts {
            ui.label(RichText::new(&fact.label).font(fonts::text(12.5)).color(theme.muted));
            let value = RichText::new(&fact.value).font(fonts::text(13.0));
            ui.add(egui::Label::new(value.color(theme.tone(fact.tone))).wrap());
            ui.end_row();
        }
    });
}

/// What every rate of the last search brought.
fn rates(ui: &mut Ui, theme: &Theme, bus: &BusSheet) {
    if bus.tried.is_empty() {
        return;
    }
    ui.add_space(8.0);
    Grid::new((&bus.name, "rates")).num_columns(2).spacing(Vec2::new(16.0, 4.0)).show(ui, |ui| {
        for row in &bus.tried {
            ui.label(RichText::new(&row.rate).font(fonts::mono(12.5)).color(theme.tone(row.tone)));
            ui.label(RichText::new(&row.heard).font(fonts::text(12.5)).color(theme.muted));
            ui.end_row();
        }
    });
}

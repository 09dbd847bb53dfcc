//! The signals of the selected id, beside the table of the CAN page.

use egui::{
    Align, Color32, FontId, Layout, Rect, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, Vec2,
};

use crate::desktop::ask::Like;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::pages::can::{bytes, cell, plot};
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::{caption, line, name, paragraph};
use crate::view::logs::TraceOf;
use crate::view::plot::PlotKey;
use crate::view::traffic::{SignalLook, SignalPanel, SignalRow, StudyView, TrafficPrefs};

/// Most bytes of a frame.
const BYTES: usize = 64;
/// Room for the button at the right of a signal.
const PLOT: f32 = 50.0;
/// Height of the line with what a signal was at least and at most, and what it did lately.
const LOOK: f32 = 18.0;
/// Between texts of a row.
const GAP: f32 = 12.0;

/// Draws the bytes and signals of `panel`; closing it lets go of the selected id.
pub fn draw(
    ui: &mut Ui,
    theme: &Theme,
    (of, panel, study): (TraceOf, Option<&SignalPanel>, &StudyView),
    prefs: &mut TrafficPrefs,
) -> Option<Command> {
    let Some(panel) = panel else {
        let text = "Choose an id on the left to see its bytes and its signals.";
        pages::empty(ui, theme, icons::ARROWS_LEFT_RIGHT, text);
        return None;
    };
    let mut asked = None;
    ScrollArea::vertical().id_salt("signals").auto_shrink(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.small_button(icons::CLOSE).accessible_name("Close the signals").clicked() {
                    prefs.selected = None;
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    line(ui, &panel.title, fonts::strong(14.0), theme.text);
                });
            });
        });
        if !panel.comment.is_empty() {
            paragraph(ui, &panel.comment, theme.muted);
        }
        if !panel.bytes.is_empty() {
            ui.add_space(4.0);
            let response = bytes(ui, theme, &panel.bytes, BYTES, panel.shade);
            let mut spoken = String::from("Bytes:");
            panel.bytes.iter().for_each(|byte| spoken.push_str(&format!(" {:02X}", byte.value)));
            name(&response, Role::Label, &spoken);
        }
        ui.add_space(6.0);
        ui.horizontal_wrapped(|ui| {
            if ui.button("Send like this\u{2026}").clicked() {
                asked = Some(Command::SendLike(Like::Row(of, panel.key)));
            }
            if ui.button("Filter to this id").clicked() {
                let id = panel.key.id & 0x1FFF_FFFF;
                let digits = if id == panel.key.id { 3 } else { 8 };
                prefs.filter = format!("id:{id:0digits$X}");
            }
        });
        ui.add_space(4.0);
        if panel.signals.is_empty() {
            paragraph(ui, &panel.empty, theme.muted);
        }
        let plot = signals(ui, theme, &panel.signals, study);
        asked = asked.take().or_else(|| plot.map(|signal| Command::Plot(plot_key(panel, signal))));
        groups(ui, theme, study);
    });
    asked
}

fn plot_key(panel: &SignalPanel, signal: String) -> PlotKey {
    PlotKey { bus: panel.bus.clone(), id: panel.key.id, signal }
}

/// What came with every value of the multiplexers.
fn groups(ui: &mut Ui, theme: &Theme, study: &StudyView) {
    if study.groups.is_empty() {
        return;
    }
    ui.add_space(8.0);
    caption(ui, theme, &format!("By {}", study.switches));
    for group in &study.groups {
        let words = format!("{} = {}", study.switches, group.value);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            ui.label(RichText::new(&words).font(fonts::strong(12.5)).color(theme.text));
            ui.label(RichText::new(&group.bytes).font(fonts::mono(12.0)).color(theme.text));
            ui.label(RichText::new(&group.count).font(fonts::text(12.0)).color(theme.muted));
        });
        if !group.says.is_empty() {
            paragraph(ui, &group.says, theme.muted);
        }
        ui.add_space(3.0);
    }
}

/// Where the texts of a row stand, from its left.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Places {
    /// Name, value and raw value side by side; where value and raw value begin.
    Beside { value: f32, raw: f32 },
    /// The name above the value, which may take the whole width.
    Above,
}

/// Side by side where the widest texts have room for it.
fn places(width: f32, [name, value, raw]: [f32; 3]) -> Places {
    let spare = width - name - value - raw - 2.0 * GAP;
    if spare < 0.0 {
        return Places::Above;
    }
    let begin = name + GAP + spare * 0.4;
    Places::Beside { value: begin, raw: begin + value + GAP + spare * 0.3 }
}

/// Room for the raw value right of a value below its name; the raw value gives way first.
fn raw_room(width: f32, value: f32) -> f32 {
    (width - value - GAP).max(0.0)
}

fn texts(theme: &Theme, signal: &SignalRow) -> [(String, FontId, Color32); 3] {
    [
        (signal.name.clone(), fonts::text(13.0), theme.text),
        (signal.value.clone(), fonts::mono(12.5), theme.text),
        (signal.raw.clone(), fonts::mono(11.5), theme.muted),
    ]
}

/// Draws the signals; gives the one that is to be plotted.
fn signals(ui: &mut Ui, theme: &Theme, signals: &[SignalRow], study: &StudyView) -> Option<String> {
    let width = ui.available_width() - PLOT;
    let needed = |text: &str, font: &FontId| {
        ui.painter().layout_no_wrap(text.into(), font.clone(), Color32::PLACEHOLDER).size().x.ceil()
    };
    let mut rows = Vec::with_capacity(signals.len());
    let mut widest = [0.0_f32; 3];
    for signal in signals {
        let texts = texts(theme, signal);
        let wide = [0, 1, 2]
            .map(|at: usize| texts.get(at).map_or(0.0, |(text, font, _)| needed(text, font)));
        widest.iter_mut().zip(wide).for_each(|(most, wide)| *most = most.max(wide));
        rows.push((signal, texts, wide[1]));
    }
    let places = places(width, widest);
    let mut plotted = None;
    for (signal, texts, value) in rows {
        let look = study.signals.iter().find(|look| look.name == signal.name);
        if row(ui, theme, (signal, look), (texts, value), places) {
            plotted = Some(signal.name.clone());
        }
    }
    plotted
}

/// Draws a signal; whether it is to be plotted.
fn row(
    ui: &mut Ui,
    theme: &Theme,
    (signal, look): (&SignalRow, Option<&SignalLook>),
    (texts, value_width): ([(String, FontId, Color32); 3], f32),
    places: Places,
) -> bool {
    let width = ui.available_width() - PLOT;
    let upper = match places {
        Places::Beside { .. } => 27.0,
        Places::Above => 44.0,
    };
    let known = look.filter(|look| !look.extremes.is_empty());
    let height = if known.is_some() { upper + LOOK } else { upper };
    let whole = Vec2::new(width + PLOT, height);
    let (place, response) = ui.allocate_exact_size(whole, Sense::hover());
    let rect = Rect::from_min_size(place.min, Vec2::new(width, upper));
    let plot = Rect::from_min_max(
        egui::pos2(rect.right() + 4.0, rect.top() + 3.0),
        egui::pos2(place.right(), rect.top() + 23.0),
    );
    let button = egui::Button::new(RichText::new("Plot").font(fonts::text(11.0))).small();
    // A child, so that the next row begins below this one.
    let corner = UiBuilder::new().id_salt(("plot", &signal.name)).max_rect(plot);
    let mut corner = ui.new_child(corner);
    corner.spacing_mut().button_padding = Vec2::new(6.0, 1.0);
    let button = corner.add(button.wrap_mode(egui::TextWrapMode::Extend));
    let plotted = button.accessible_name(format!("Plot {}", signal.name)).clicked();
    name(&response, Role::Label, &format!("{}: {}", signal.name, signal.value));
    if ui.is_rect_visible(rect) {
        ui.painter().hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, theme.line));
        let boxes = match places {
            Places::Beside { value, raw } => [
                (0.0, 0.0, value - GAP, height),
                (value, 0.0, raw - GAP - value + 1.0, height),
                (raw, 0.0, width - raw + 1.0, height),
            ],
            Places::Above => {
                let room = raw_room(width, value_width);
                [
                    (0.0, 3.0, width, 20.0),
                    (0.0, 22.0, width, 20.0),
                    (width - room, 22.0, room, 20.0),
                ]
            }
        };
        for ((left, top, wide, high), (text, font, colour)) in boxes.into_iter().zip(texts) {
            // Less than two digits of a raw value tell nothing.
            if wide < 30.0 {
                continue;
            }
            let place = Rect::from_min_size(rect.min + Vec2::new(left, top), Vec2::new(wide, high));
            let mut at = ui.new_child(UiBuilder::new().max_rect(place));
            cell(&mut at, &text, font, colour);
        }
        if let Some(look) = known {
            let left = egui::pos2(rect.left(), rect.bottom());
            let line = Rect::from_min_size(left, Vec2::new(width, LOOK));
            let words = Rect::from_min_max(line.min, egui::pos2(line.center().x, line.bottom()));
            let mut at = ui.new_child(UiBuilder::new().max_rect(words));
            cell(&mut at, &look.extremes, fonts::mono(11.0), theme.muted);
            let place =
                Rect::from_min_max(egui::pos2(line.center().x + 6.0, line.top() + 4.0), line.max);
            plot::spark(
                ui.painter(),
                place.shrink2(Vec2::new(2.0, 3.0)),
                &look.strokes,
                theme.info,
            );
        }
    }
    let whole = format!("{}: {}, raw {}", signal.name, signal.value, signal.raw);
    if signal.hover.is_empty() {
        response.on_hover_text(whole);
    } else {
        response.on_hover_text(format!("{whole}\n{}", signal.hover));
    }
    plotted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_fit_beside_its_name_gets_the_whole_width() {
        assert_eq!(places(230.0, [150.0, 120.0, 40.0]), Places::Above);
        assert_eq!(raw_room(230.0, 120.0), 98.0);
        assert_eq!(raw_room(230.0, 260.0), 0.0, "the raw value gives way");
    }

    #[test]
    fn where_all_fit_no_text_reaches_into_the_next() {
        let Places::Beside { value, raw } = places(400.0, [150.0, 120.0, 40.0]) else {
            panic!("there is room");
        };
        assert!(value >= 150.0 + GAP, "{value}");
        assert!(raw >= value + 120.0 + GAP, "{raw}");
        assert!(raw + 40.0 <= 400.0, "{raw}");
    }
}

//! The panels of the Charge page, each drawn into the room it is given; what does not fit scrolls
//! inside.

use egui::{
    Align, Color32, Layout, Pos2, Rect, RichText, Role, ScrollArea, Sense, Stroke, TextEdit, Ui,
    Vec2,
};

use super::Below;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::charge_plot;
use crate::desktop::widgets::panel::scrolls;
use crate::desktop::widgets::text::{caption, cut, line, name, paragraph, shade};
use crate::view::charge::{ChargePrefs, ChargeView, CheckView, FieldView};
use crate::view::offer::Offer;
use crate::view::shown::{Shade, Tone};

/// Height of a line of the charger and of the checks.
const LINE: f32 = 27.0;

/// The red button of the page. Returns whether it was pressed.
pub(super) fn stop_button(ui: &mut Ui, theme: &Theme, offer: &Offer) -> bool {
    let text = format!("{}  {}", icons::STOP, offer.label);
    let text = RichText::new(text).font(fonts::strong(13.0)).color(theme.on_fault);
    let button = egui::Button::new(text).fill(theme.fault).stroke(Stroke::NONE);
    let response = ui.add_enabled(offer.is_open(), button).accessible_name(offer.label.as_str());
    match &offer.why_not {
        None => response.on_hover_text("Stops at once. F12 does so from every page.").clicked(),
        Some(why) => response.on_disabled_hover_text(why).clicked(),
    }
}

/// State, time left and what governs, below the buttons.
pub(super) fn state_lines(ui: &mut Ui, theme: &Theme, view: &ChargeView) {
    ui.spacing_mut().item_spacing.y = 2.0;
    line(ui, &view.line, fonts::text(12.0), theme.tone(view.state.1));
    let second = second(view);
    if !second.is_empty() {
        let text = RichText::new(second).font(fonts::text(12.0)).color(theme.muted);
        let text = egui::WidgetText::from(text);
        let galley = text.into_galley(ui, None, ui.available_width(), egui::TextStyle::Body);
        let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::hover());
        ui.painter().galley(rect.min, galley, theme.muted);
        name(&response, Role::Label, second);
    }
}

/// The same in one line over the whole page.
pub(super) fn state_line(ui: &mut Ui, theme: &Theme, view: &ChargeView) {
    let line_of = Vec2::new(ui.available_width(), 18.0);
    ui.allocate_ui_with_layout(line_of, Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        ui.label(RichText::new(&view.line).font(fonts::text(12.5)).color(theme.tone(view.state.1)));
        let second = second(view);
        if !second.is_empty() {
            line(ui, second, fonts::text(12.5), theme.muted);
        }
    });
}

/// Why nothing can be started, or what governs.
fn second(view: &ChargeView) -> &str {
    let why = view.start.offer.why_not.as_ref().filter(|_| !view.stop.is_open());
    why.unwrap_or(&view.governs)
}

/// The set points.
pub(super) fn fields(ui: &mut Ui, theme: &Theme, view: &ChargeView, prefs: &mut ChargePrefs) {
    caption(ui, theme, "Set points");
    ui.add_space(2.0);
    ScrollArea::vertical().id_salt("set points").auto_shrink(false).show(ui, |ui| {
        scrolls(ui);
        ui.spacing_mut().item_spacing.y = 3.0;
        for view in &view.fields {
            field(ui, theme, view, prefs);
        }
    });
}

fn field(ui: &mut Ui, theme: &Theme, view: &FieldView, prefs: &mut ChargePrefs) {
    let mut text = prefs.typed.get(&view.field).unwrap_or(&view.text).clone();
    let about = format!("{}\nAllowed: {} ({})", view.about, view.range, view.origin);
    let allowed = format!("{}, {}", view.range, view.origin);
    let tight = ui.available_width() < super::TIGHT;
    ui.horizontal(|ui| {
        let label = 116.0;
        ui.allocate_ui_with_layout(Vec2::new(label, 30.0), Layout::top_down(Align::Min), |ui| {
            ui.set_min_width(label);
            ui.spacing_mut().item_spacing.y = 0.0;
            if !tight {
                ui.add_space(6.0);
            }
            line(ui, &view.label, fonts::text(13.0), theme.muted).on_hover_text(&about);
            if tight {
                line(ui, &allowed, fonts::text(10.5), theme.muted).on_hover_text(&about);
            }
        });
        let entry = TextEdit::singleline(&mut text)
            .id(egui::Id::unique(("set point", view.field.as_str())))
            .font(fonts::mono(13.0))
            .char_limit(24)
            .desired_width(64.0)
            .margin(egui::Margin::symmetric(9, 6));
        let response = ui.add(entry).accessible_name(view.label.as_str()).on_hover_text(&about);
        if response.changed() {
            prefs.typed.insert(view.field.clone(), text);
        }
        ui.label(RichText::new(&view.unit).font(fonts::text(13.0)).color(theme.text));
        if !tight {
            line(ui, &allowed, fonts::text(11.0), theme.muted).on_hover_text(&about);
        }
    });
    if !view.error.is_empty() {
        paragraph(ui, &view.error, theme.fault);
    }
}

/// A label and a value with a rule below them.
fn pair(ui: &mut Ui, theme: &Theme, label: &str, value: &str, colour: Color32) {
    let width = ui.available_width();
    // The longest value is whole in the narrowest panel.
    let tight = width < super::TIGHT;
    let (inset, indent, size) = if tight { (0.0, 84.0, 11.5) } else { (6.0, width * 0.3, 12.5) };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, LINE), Sense::hover());
    let middle = rect.center().y;
    let left = rect.left() + inset;
    let label_galley = cut(ui, label, fonts::text(size + 0.5), indent - inset - 4.0);
    let place = Pos2::new(left, middle - label_galley.size().y / 2.0);
    ui.painter().galley(place, label_galley, theme.muted);
    let galley = cut(ui, value, fonts::mono(size), width - indent);
    let place = Pos2::new(rect.left() + indent, middle - galley.size().y / 2.0);
    let whole = !galley.elided;
    ui.painter().galley(place, galley, colour);
    ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, theme.line));
    name(&response, Role::Label, &format!("{label}: {value}"));
    if !whole {
        response.on_hover_text(value);
    }
}

/// The charger's lines and what was counted.
pub(super) fn charger(ui: &mut Ui, theme: &Theme, view: &ChargeView) {
    caption(ui, theme, "Charger");
    ui.add_space(2.0);
    ScrollArea::vertical().id_salt("charger").auto_shrink(false).show(ui, |ui| {
        scrolls(ui);
        ui.spacing_mut().item_spacing.y = 0.0;
        // What is counted comes before what hardly ever changes.
        let (first, rest) = view.charger_lines.split_at(view.charger_lines.len().min(3));
        for shown in first {
            pair(ui, theme, &shown.label, &shown.text, theme.tone(shown.tone));
        }
        let none = view.ah.shade == Shade::Never;
        let delivered = match none {
            true => view.ah.note.clone(),
            false => format!("{} \u{b7} {}", view.ah.line(), view.kwh.line()),
        };
        pair(ui, theme, "Delivered", &delivered, shade(theme, view.ah.shade, Tone::Plain));
        for (label, value) in [("Elapsed", &view.elapsed), ("Left", &view.left)] {
            let words = match none || value.note.is_empty() {
                true => value.line(),
                false => format!("{} {}", value.line(), value.note),
            };
            pair(ui, theme, label, &words, shade(theme, value.shade, Tone::Plain));
        }
        for shown in rest {
            pair(ui, theme, &shown.label, &shown.text, theme.tone(shown.tone));
        }
    });
}

/// Preconditions or interlocks.
pub(super) fn checks(ui: &mut Ui, theme: &Theme, view: &ChargeView) {
    let top = ui.max_rect().right_top();
    caption(ui, theme, &view.checks_title);
    let (word, tone) = &view.checks_word;
    if !word.is_empty() {
        let colour = theme.tone(*tone);
        let galley = ui.painter().layout_no_wrap(word.clone(), fonts::strong(11.0), colour);
        let size = galley.size() + Vec2::new(18.0, 6.0);
        let rect = Rect::from_min_size(top - Vec2::new(size.x, 3.0), size);
        let response = ui.interact(rect, ui.scope_id().with("word"), Sense::hover());
        ui.painter().rect_filled(rect, 10.0, crate::desktop::pages::soft(theme.panel, colour));
        ui.painter().galley(rect.center() - galley.size() / 2.0, galley, colour);
        name(&response, Role::Label, word);
    }
    if view.checks.is_empty() {
        paragraph(ui, "The list appears as soon as the pack is heard.", theme.muted);
    }
    ui.add_space(2.0);
    ScrollArea::vertical().id_salt("checks").auto_shrink(false).show(ui, |ui| {
        scrolls(ui);
        ui.spacing_mut().item_spacing.y = 0.0;
        // What does not hold stands first: it is what has to be seen.
        let (bad, good): (Vec<_>, Vec<_>) =
            view.checks.iter().partition(|check| check.tone == Tone::Fault);
        for check in bad.into_iter().chain(good) {
            one_check(ui, theme, check);
        }
    });
}

fn one_check(ui: &mut Ui, theme: &Theme, check: &CheckView) {
    let bad = check.tone == Tone::Fault;
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, LINE), Sense::hover());
    let middle = rect.center().y;
    let dot = Pos2::new(rect.left() + 10.0, middle);
    let (icon, colour) = match check.tone {
        Tone::Fault => (icons::FAULT, theme.fault),
        Tone::Muted => (icons::MINUS, theme.muted),
        Tone::Plain | Tone::Ok | Tone::Warning | Tone::Info => (icons::CHECK, theme.ok),
    };
    let icon_font = fonts::text(13.0);
    ui.painter().text(dot, egui::Align2::CENTER_CENTER, icon, icon_font, colour);
    let (share, size) = if width < super::TIGHT { (128.0, 11.5) } else { (width * 0.45, 12.5) };
    let share = share.min(190.0);
    let galley = cut(ui, &check.label, fonts::text(size + 0.5), share - 24.0);
    ui.painter().galley(
        Pos2::new(rect.left() + 20.0, middle - galley.size().y / 2.0),
        galley,
        theme.text,
    );
    let galley = cut(ui, &check.text, fonts::mono(size - 0.5), width - share);
    let whole = !galley.elided;
    let colour = if bad { theme.fault } else { theme.muted };
    let place = Pos2::new(rect.left() + share, middle - galley.size().y / 2.0);
    ui.painter().galley(place, galley, colour);
    let said = format!("{}: {}, {}", check.label, check.text, check.said);
    name(&response, Role::Label, &said);
    if !whole {
        response.on_hover_text(format!("{}: {}", check.label, check.text));
    }
    if !check.why.is_empty() {
        ui.horizontal_top(|ui| {
            ui.add_space(20.0);
            let colour = if bad { theme.text } else { theme.muted };
            let why = RichText::new(&check.why).font(fonts::text(12.0)).color(colour);
            ui.add(egui::Label::new(why).wrap());
        });
        ui.add_space(5.0);
    }
    let below = ui.cursor().top();
    ui.painter().hline(rect.x_range(), below, Stroke::new(1.0, theme.line));
}

/// The plot or the log. Returns the charge whose report is to be saved.
pub(super) fn lower(
    ui: &mut Ui,
    theme: &Theme,
    view: &ChargeView,
    below: &mut Below,
) -> Option<u64> {
    let mut report = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding = Vec2::new(9.0, 2.0);
        ui.spacing_mut().interact_size.y = 22.0;
        for (which, words) in Below::ALL {
            let chosen = *below == which;
            let colour = if chosen { theme.accent } else { theme.muted };
            let fill = if chosen { theme.accent_soft } else { theme.panel };
            let text = RichText::new(words).font(fonts::strong(11.5)).color(colour);
            let button = egui::Button::new(text).fill(fill).stroke(Stroke::NONE).selected(chosen);
            if ui.add(button).clicked() {
                *below = which;
            }
        }
        // Its report is kept when it has ended.
        if let Some(id) = view.record.filter(|_| !view.stop.is_open()) {
            ui.add_space(10.0);
            let text = RichText::new("Save report\u{2026}").font(fonts::strong(11.5));
            if ui.button(text).clicked() {
                report = Some(id);
            }
        }
        if *below == Below::Plot {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                charge_plot::legend(ui, theme, &view.curve);
            });
        }
    });
    ui.add_space(2.0);
    match below {
        Below::Plot => charge_plot::plot(ui, theme, &view.curve),
        Below::Log => log(ui, theme, view),
        Below::Rules | Below::Past => {}
    }
    report
}

fn log(ui: &mut Ui, theme: &Theme, view: &ChargeView) {
    if view.log.is_empty() {
        paragraph(ui, "What happens in a charge is written here, the newest first.", theme.muted);
        return;
    }
    ScrollArea::vertical().id_salt("charge log").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        for one in &view.log {
            ui.horizontal_top(|ui| {
                ui.label(RichText::new(&one.at).font(fonts::mono(12.5)).color(theme.muted));
                paragraph(ui, &one.text, theme.text);
            });
        }
    });
}

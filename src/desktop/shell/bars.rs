//! Top bar and bottom line.

use egui::{Align, Layout, Rect, RichText, Ui, UiBuilder};

use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::chip;
use crate::desktop::widgets::text::line;
use crate::view::chrome::Chrome;
use crate::view::offer::Offer;
use crate::view::shown::Tone;

/// Room for the button that stops a charge.
const STOP: f32 = 132.0;

/// The red button, above everything, always in the same place. Nothing lies on top of it.
pub fn stop(ctx: &egui::Context, theme: &Theme, offer: Option<&Offer>) -> Option<Command> {
    let offer = offer?;
    let corner = ctx.content_rect().right_top() + egui::vec2(-16.0 - STOP, 8.0);
    let area = egui::Area::new(egui::Id::unique("stop charge"))
        .order(egui::Order::Tooltip)
        .fixed_pos(corner)
        .constrain(true);
    let pressed = area.show(ctx, |ui| {
        let text = format!("{}  {}", icons::STOP, offer.label);
        let text = RichText::new(text).font(fonts::strong(13.5)).color(theme.on_fault);
        let button = egui::Button::new(text)
            .fill(theme.fault)
            .stroke(egui::Stroke::NONE)
            .min_size(egui::vec2(STOP, 30.0));
        let response = ui.add_enabled(offer.is_open(), button).accessible_name(&offer.label);
        match &offer.why_not {
            None => response.on_hover_text("Stops at once, without asking. F12").clicked(),
            Some(why) => response.on_disabled_hover_text(why).clicked(),
        }
    });
    pressed.inner.then_some(Command::Stop)
}

/// Room for the button that silences the buses.
const SILENCE: f32 = 92.0;

/// The button that ends sending by hand, left of the one that stops a charge. Nothing lies on top of
/// it.
pub fn silence(ctx: &egui::Context, theme: &Theme, chrome: &Chrome) -> Option<Command> {
    let offer = chrome.silence.as_ref()?;
    let stop = if chrome.stop.is_some() { STOP + 12.0 } else { 0.0 };
    let corner = ctx.content_rect().right_top() + egui::vec2(-16.0 - stop - SILENCE, 8.0);
    let area = egui::Area::new(egui::Id::unique("silence"))
        .order(egui::Order::Tooltip)
        .fixed_pos(corner)
        .constrain(true);
    let pressed = area.show(ctx, |ui| {
        let text = RichText::new(&offer.label).font(fonts::strong(13.5));
        let button = egui::Button::new(text.color(theme.on_tone(Tone::Warning)))
            .fill(theme.tone(Tone::Warning))
            .stroke(egui::Stroke::NONE)
            .min_size(egui::vec2(SILENCE, 30.0));
        let response = ui.add_enabled(offer.is_open(), button).accessible_name(&offer.label);
        let says = "Ends sending by hand on every bus, at once, without asking. F11";
        match &offer.why_not {
            None => response.on_hover_text(says).clicked(),
            Some(why) => response.on_disabled_hover_text(why).clicked(),
        }
    });
    pressed.inner.then_some(Command::Silence)
}

/// The line above the Pack page that leads to a charge of the demo. Returns whether it was pressed.
pub fn charge_demo(ui: &mut Ui, theme: &Theme, offer: &Offer) -> bool {
    ui.horizontal(|ui| {
        let pressed = ui.add(crate::desktop::pages::primary(theme, &offer.label)).clicked();
        let words =
            "Parks the simulated vehicle at its charger. Nothing is charged before you say so.";
        line(ui, words, fonts::text(12.5), theme.muted);
        pressed
    })
    .inner
}

/// Name of the palette's button, also for tests.
pub const PALETTE: &str = "Command palette";

/// The top bar. Its right end stays free for the button that stops a charge.
pub fn top(ui: &mut Ui, theme: &Theme, chrome: &Chrome) -> Option<Command> {
    let mut asked = None;
    let bar = ui.available_rect_before_wrap();
    let mut right =
        ui.new_child(UiBuilder::new().max_rect(bar).layout(Layout::right_to_left(Align::Center)));
    if chrome.stop.is_some() {
        right.add_space(STOP + 12.0);
    }
    if chrome.silence.is_some() {
        right.add_space(SILENCE + 12.0);
    }
    right.spacing_mut().button_padding = egui::vec2(8.0, 2.0);
    right.spacing_mut().interact_size.y = 26.0;
    let button = right.button(RichText::new(icons::SEARCH).font(fonts::text(15.0)));
    if button.accessible_name(PALETTE).on_hover_text("Command palette, Ctrl+K").clicked() {
        asked = Some(Command::Palette);
    }
    if let Some(chip) = chrome.recording.as_ref().filter(|_| bar.width() > 560.0) {
        chip::chip(&mut right, theme, &chip.text, Some(chip.tone), &chip.hover);
    }
    if let Some(armed) = &chrome.armed {
        let room = (bar.width() * 0.3).min(right.available_width());
        chip::chip_within(&mut right, theme, &armed.text, (Some(armed.tone), &armed.hover), room);
    }
    // Who is signed in gives way to what may be sent, where both have no room.
    let least = if chrome.armed.is_some() { 1_100.0 } else { 560.0 };
    if bar.width() > least && !chrome.who.is_empty() {
        chip::chip(&mut right, theme, &chrome.who, None, "Who is signed in");
    }
    if let Some(charging) = &chrome.charging {
        chip::chip(&mut right, theme, &charging.text, Some(charging.tone), &charging.hover);
    }
    if let Some(alarms) = &chrome.alarms {
        chip::chip(&mut right, theme, &alarms.text, Some(alarms.tone), &alarms.hover);
    }
    let rest =
        Rect::from_min_max(bar.min, egui::pos2(right.min_rect().left() - 12.0, bar.bottom()));
    let mut left =
        ui.new_child(UiBuilder::new().max_rect(rest).layout(Layout::left_to_right(Align::Center)));
    left.shrink_clip_rect(rest);
    left.spacing_mut().item_spacing.x = 12.0;
    let name = if chrome.profile.is_empty() { "Busbar" } else { &chrome.profile };
    line(&mut left, name, fonts::strong(16.0), theme.text);
    if !chrome.buses.is_empty() && left.available_width() > 90.0 {
        chip::chips(&mut left, theme, &chrome.buses);
    }
    asked
}

/// The bottom line: counters at the left, the clock at the right.
pub fn bottom(ui: &mut Ui, theme: &Theme, chrome: &Chrome) {
    let bar = ui.available_rect_before_wrap();
    let mut right =
        ui.new_child(UiBuilder::new().max_rect(bar).layout(Layout::right_to_left(Align::Center)));
    right.label(RichText::new(&chrome.clock).font(fonts::mono(11.5)).color(theme.muted));
    if let Some(web) = chrome.web.as_ref().filter(|_| bar.width() > 640.0) {
        right.add_space(14.0);
        let text = RichText::new(&web.text).font(fonts::text(11.5)).color(theme.tone(web.tone));
        right.label(text).on_hover_text(&web.hover);
    }
    let rest =
        Rect::from_min_max(bar.min, egui::pos2(right.min_rect().left() - 16.0, bar.bottom()));
    let mut left =
        ui.new_child(UiBuilder::new().max_rect(rest).layout(Layout::left_to_right(Align::Center)));
    left.shrink_clip_rect(rest);
    left.spacing_mut().item_spacing.x = 22.0;
    for part in &chrome.bottom {
        if left.available_width() < 40.0 {
            break;
        }
        let response = line(&mut left, &part.text, fonts::text(11.5), theme.tone(part.tone));
        if !part.hover.is_empty() {
            response.on_hover_text(&part.hover);
        }
    }
}

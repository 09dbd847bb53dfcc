//! The bar of a recording that plays: pause, position, pace, what was skipped.

use egui::{Button, ComboBox, RichText, Slider, Ui};

use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::source::{Intent, Pace, PlayerIntent};
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::line;
use crate::view::chrome::{PlayerView, Playing};

/// Draws the bar.
pub fn player(ui: &mut Ui, theme: &Theme, view: &PlayerView) -> Option<Command> {
    let mut asked = None;
    ui.horizontal(|ui| {
        asked = toggle(ui, theme, view);
        ui.label(RichText::new(&view.position).font(fonts::mono(12.5)).color(theme.text));
        let wide = ui.available_width();
        let after = if wide > 560.0 { 430.0 } else { 210.0 };
        if let Some(seconds) = ui.scope(|ui| seek(ui, theme, view, (wide - after).max(80.0))).inner
        {
            asked = Some(PlayerIntent::Seek(seconds));
        }
        ui.label(RichText::new(&view.length).font(fonts::mono(12.5)).color(theme.muted));
        if let Some(pace) = pace(ui, view) {
            asked = Some(PlayerIntent::Pace(pace));
        }
        let mut words = view.file.clone();
        if view.state == Playing::Ended {
            words.push_str(" · at its end");
        } else if view.state == Playing::Paused {
            words.push_str(" · paused");
        }
        line(ui, &words, fonts::text(12.5), theme.muted);
    });
    if !view.skipped.is_empty() {
        ui.horizontal(|ui| {
            ui.label(RichText::new(icons::WARNING).color(theme.warning));
            line(ui, &view.skipped, fonts::text(11.5), theme.warning);
        });
    }
    asked.map(|intent| Command::Submit(Intent::Player(intent)))
}

fn toggle(ui: &mut Ui, theme: &Theme, view: &PlayerView) -> Option<PlayerIntent> {
    let icon = match view.state {
        Playing::Playing => icons::PAUSE,
        Playing::Paused => icons::PLAY,
        Playing::Ended => icons::RESTART,
    };
    let text = RichText::new(format!("{icon}  {}", view.toggle.label))
        .font(fonts::strong(12.5))
        .color(theme.on_accent);
    let response = ui
        .add_enabled(
            view.toggle.is_open(),
            Button::new(text).fill(theme.accent).min_size(egui::vec2(92.0, 28.0)),
        )
        .accessible_name(view.toggle.label.as_str());
    let response = match &view.toggle.why_not {
        Some(why) => response.on_disabled_hover_text(why),
        None => response.on_hover_text("Space"),
    };
    response.clicked().then_some(PlayerIntent::Toggle)
}

fn seek(ui: &mut Ui, theme: &Theme, view: &PlayerView, width: f32) -> Option<f64> {
    ui.spacing_mut().slider_width = width;
    ui.visuals_mut().selection.bg_fill = theme.accent;
    ui.visuals_mut().handle_shape = egui::style::HandleShape::Circle;
    let mut share = view.fraction.clamp(0.0, 1.0);
    let response = ui
        .add(Slider::new(&mut share, 0.0..=1.0).show_value(false).smart_aim(false))
        .accessible_name("Position in the recording");
    response.changed().then_some(share * view.length_s)
}

fn pace(ui: &mut Ui, view: &PlayerView) -> Option<Pace> {
    let mut chosen = None;
    let response = ComboBox::from_id_salt("pace")
        .width(92.0)
        .height(400.0)
        .selected_text(&view.speed)
        .show_ui(ui, |ui| {
            for (pace, words) in Pace::CHOICES {
                if ui.selectable_label(view.speed == words, words).clicked() {
                    chosen = Some(pace);
                }
            }
        });
    response.response.accessible_name("Playing speed");
    chosen
}

//! What a profile says, line by line with its number, and the lines in which two of its texts differ.

use egui::{Color32, RichText, ScrollArea, Ui};

use crate::desktop::fonts;
use crate::desktop::pages::soft;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::panel::scrolls;
use crate::view::profiles::DiffRow;
use crate::view::shown::Tone;

/// Height of a line.
const LINE: f32 = 18.0;

/// The text.
pub(super) fn text(ui: &mut Ui, theme: &Theme, text: &str, height: f32) {
    let lines: Vec<&str> = text.lines().collect();
    let digits = lines.len().to_string().len();
    rows(ui, lines.len(), height, |ui, at| {
        let Some(line) = lines.get(at) else { return };
        let number = format!("{:>digits$}", at + 1);
        ui.label(RichText::new(number).font(fonts::mono(12.0)).color(theme.muted));
        ui.label(RichText::new(*line).font(fonts::mono(12.0)).color(theme.text));
    });
}

/// The lines that differ, and what stands around them.
pub(super) fn difference(ui: &mut Ui, theme: &Theme, lines: &[DiffRow], height: f32) {
    rows(ui, lines.len(), height, |ui, at| {
        let Some(line) = lines.get(at) else { return };
        let (ink, ground) = match line.tone {
            Tone::Ok | Tone::Fault | Tone::Warning | Tone::Info => {
                let ink = theme.tone(line.tone);
                (ink, soft(theme.panel, ink))
            }
            Tone::Plain => (theme.text, Color32::TRANSPARENT),
            Tone::Muted => (theme.muted, Color32::TRANSPARENT),
        };
        // Read out, a sign alone would say little.
        let said = RichText::new(format!("{} {}", line.sign, line.text));
        let room = ui.available_rect_before_wrap();
        let clip = ui.clip_rect();
        let stripe = egui::Rect::from_x_y_ranges(clip.x_range(), room.y_range());
        ui.painter().rect_filled(stripe, 0.0, ground);
        ui.label(said.font(fonts::mono(12.0)).color(ink));
    });
}

fn rows(ui: &mut Ui, count: usize, height: f32, mut row: impl FnMut(&mut Ui, usize)) {
    ui.spacing_mut().item_spacing.y = 0.0;
    // Lines are as high as the area reckons with, not as high as buttons.
    ui.spacing_mut().interact_size.y = LINE;
    let area = ScrollArea::both().id_salt("lines").auto_shrink(false).max_height(height);
    area.show_rows(ui, LINE, count, |ui, range| {
        scrolls(ui);
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        for at in range {
            ui.horizontal(|ui| {
                ui.set_height(LINE);
                row(ui, at);
            });
        }
    });
}

//! Saving frames of the trace: which of them, and where to. The ending of the name says as what.

use std::path::PathBuf;

use egui::{RichText, TextEdit, Ui};

use crate::desktop::ask::{FramesWanted, SavedPart};
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::paragraph;

/// Name of the path field, also for tests.
pub const PATH: &str = "Path to save to";
/// Words of the button that opens the form, also for tests.
pub const SAVE: &str = "Save\u{2026}";

/// What is typed.
#[derive(Debug, Default)]
pub struct SaveForm {
    path: String,
    part: SavedPart,
}

impl SaveForm {
    /// The button and the form below it; gives what is to be saved.
    pub(super) fn menu(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        chosen: Option<(u64, u64)>,
    ) -> Option<FramesWanted> {
        let outside = egui::PopupCloseBehavior::CloseOnClickOutside;
        let button = egui::containers::menu::MenuButton::new(SAVE)
            .config(egui::containers::menu::MenuConfig::new().close_behavior(outside));
        let (_, inner) = button.ui(ui, |ui| self.form(ui, theme, chosen));
        inner.and_then(|inner| inner.inner)
    }

    fn form(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        chosen: Option<(u64, u64)>,
    ) -> Option<FramesWanted> {
        ui.set_min_width(360.0);
        ui.set_max_width(360.0);
        ui.label(RichText::new("Save frames").font(fonts::strong(14.0)).color(theme.text));
        let between = chosen.map(|(one, other)| SavedPart::Between(one.min(other), one.max(other)));
        if matches!(self.part, SavedPart::Between(..)) {
            self.part = between.unwrap_or_default();
        }
        ui.radio_value(&mut self.part, SavedPart::Fitting, "What the filter lets through");
        ui.radio_value(&mut self.part, SavedPart::All, "All frames");
        let rows = between.unwrap_or(SavedPart::Between(0, 0));
        ui.add_enabled_ui(between.is_some(), |ui| {
            ui.radio_value(&mut self.part, rows, "The chosen rows");
        });
        let words = "The ending says as what: .log candump, .asc, .blf Vector, .trc PCAN, .csv GVRET, \
                     .arrowpoint.csv, .crtd, .pcap, .pcapng.";
        paragraph(ui, words, theme.muted);
        let field = TextEdit::singleline(&mut self.path)
            .hint_text(RichText::new("/home/ada/logs/part.blf").color(theme.muted))
            .font(fonts::mono(12.5))
            .desired_width(330.0);
        ui.add(field).accessible_name(PATH);
        let mut wanted = None;
        ui.horizontal(|ui| {
            let path = self.path.trim();
            let save = ui.add_enabled(!path.is_empty(), egui::Button::new("Save"));
            if save.on_disabled_hover_text("Type a path, or browse.").clicked() {
                wanted = Some(Some(PathBuf::from(path)));
            }
            if ui.button("Browse\u{2026}").clicked() {
                wanted = Some(None);
            }
        });
        let path = wanted?;
        ui.close();
        Some(FramesWanted { part: self.part, path })
    }
}

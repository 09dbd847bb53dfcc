//! Saving frames of the trace: which of them, and where to; the ending of the name says as what. And
//! saving the values of the plot below it.

use std::path::PathBuf;

use egui::{RichText, TextEdit, Ui};

use crate::desktop::ask::{FramesWanted, SavedPart, ValuesWanted};
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::paragraph;

/// Name of the path field, also for tests.
pub const PATH: &str = "Path to save to";
/// Words of the button that opens the form, also for tests.
pub const SAVE: &str = "Save\u{2026}";
/// The same for the values of the plot.
pub const VALUES_PATH: &str = "Path to save values to";
/// The same for the values of the plot.
pub const SAVE_VALUES: &str = "Save values\u{2026}";

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
                     .arrowpoint.csv, .crtd, .pcap, .pcapng, .mf4.";
        paragraph(ui, words, theme.muted);
        let named = (PATH, "/home/ada/logs/part.blf");
        let path = place(ui, theme, named, &mut self.path)?;
        ui.close();
        Some(FramesWanted { part: self.part, path })
    }
}

/// Saving values of the plot: of which time, and where to.
#[derive(Debug, Default)]
pub struct ValuesForm {
    path: String,
    time: SavedTime,
}

/// The time whose values are saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SavedTime {
    /// What the picture shows.
    #[default]
    Shown,
    /// All there is.
    All,
}

impl ValuesForm {
    /// The button and the form below it; gives what is to be saved. `ends` are those of the picture.
    pub(super) fn menu(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        ends: (i64, i64),
    ) -> Option<ValuesWanted> {
        let outside = egui::PopupCloseBehavior::CloseOnClickOutside;
        let button =
            egui::containers::menu::MenuButton::from_button(egui::Button::new(SAVE_VALUES).small())
                .config(egui::containers::menu::MenuConfig::new().close_behavior(outside));
        let (_, inner) = button.ui(ui, |ui| self.form(ui, theme, ends));
        inner.and_then(|inner| inner.inner)
    }

    fn form(&mut self, ui: &mut Ui, theme: &Theme, ends: (i64, i64)) -> Option<ValuesWanted> {
        ui.set_min_width(360.0);
        ui.set_max_width(360.0);
        let title = "Save values as CSV";
        ui.label(RichText::new(title).font(fonts::strong(14.0)).color(theme.text));
        ui.radio_value(&mut self.time, SavedTime::Shown, "The time that is shown");
        ui.radio_value(&mut self.time, SavedTime::All, "All there is");
        let words = "A line for every moment at which one of these signals has a value, and a column \
                     for each.";
        paragraph(ui, words, theme.muted);
        let named = (VALUES_PATH, "/home/ada/logs/plot.csv");
        let path = place(ui, theme, named, &mut self.path)?;
        ui.close();
        let between = match self.time {
            SavedTime::Shown => Some(ends),
            SavedTime::All => None,
        };
        Some(ValuesWanted { between, path })
    }
}

/// The field for a path and what saves; gives the path that was typed, or nothing where the system is
/// to be asked.
fn place(
    ui: &mut Ui,
    theme: &Theme,
    (spoken, hint): (&str, &str),
    typed: &mut String,
) -> Option<Option<PathBuf>> {
    let field = TextEdit::singleline(typed)
        .hint_text(RichText::new(hint).color(theme.muted))
        .font(fonts::mono(12.5))
        .desired_width(330.0);
    ui.add(field).accessible_name(spoken);
    let mut wanted = None;
    ui.horizontal(|ui| {
        let path = typed.trim();
        let save = ui.add_enabled(!path.is_empty(), egui::Button::new("Save"));
        if save.on_disabled_hover_text("Type a path, or browse.").clicked() {
            wanted = Some(Some(PathBuf::from(path)));
        }
        if ui.button("Browse\u{2026}").clicked() {
            wanted = Some(None);
        }
    });
    wanted
}

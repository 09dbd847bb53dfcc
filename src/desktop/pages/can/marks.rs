//! The marks of the trace: a list to jump by, with names.

use egui::{RichText, ScrollArea, TextEdit, Ui};

use super::trace::TracePage;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::theme::Theme;
use crate::view::trace::{TracePrefs, TraceView};

/// Longest name of a mark, letters.
const NAME: usize = 60;

impl TracePage {
    /// The list of marks, where there are some.
    pub(super) fn marks(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &TraceView,
        prefs: &mut TracePrefs,
    ) {
        if prefs.marks.is_empty() {
            return;
        }
        if ui.button("Next mark").clicked() {
            self.next_mark(prefs);
        }
        let label = format!("Marks {}", prefs.marks.len());
        let outside = egui::PopupCloseBehavior::CloseOnClickOutside;
        let button = egui::containers::menu::MenuButton::new(label)
            .config(egui::containers::menu::MenuConfig::new().close_behavior(outside));
        button.ui(ui, |ui| {
            ui.set_min_width(320.0);
            ScrollArea::vertical().max_height(340.0).show(ui, |ui| {
                for mark in &view.marks {
                    self.mark_line(ui, theme, (mark.number, &mark.time), prefs);
                }
            });
        });
    }

    fn mark_line(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        (number, time): (u64, &str),
        prefs: &mut TracePrefs,
    ) {
        let mut gone = false;
        ui.horizontal(|ui| {
            let words = format!("#{number}");
            let jump = ui.button(RichText::new(&words).font(fonts::mono(12.0)));
            if jump.accessible_name(format!("Go to mark {words}")).clicked() {
                self.go_to = Some(number.to_string());
            }
            ui.label(RichText::new(time).font(fonts::mono(11.5)).color(theme.muted));
            if let Some(name) = prefs.marks.get_mut(&number) {
                let field = TextEdit::singleline(name)
                    .hint_text(RichText::new("Name it").color(theme.muted))
                    .char_limit(NAME)
                    .desired_width(130.0);
                ui.add(field).accessible_name(format!("Name of mark {words}"));
            }
            let remove = ui.small_button(icons::CLOSE);
            gone = remove.accessible_name(format!("Remove mark {words}")).clicked();
        });
        if gone {
            prefs.marks.remove(&number);
        }
    }

    fn next_mark(&mut self, prefs: &TracePrefs) {
        let after = self.chosen.map_or(0, |(number, _)| number + 1);
        let next = prefs.marks.range(after..).next().or_else(|| prefs.marks.first_key_value());
        self.go_to = next.map(|(number, _)| number.to_string());
    }
}

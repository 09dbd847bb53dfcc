//! The Trace tab: every frame in the order it came. Which row is on top is a number, not an offset in
//! points, so that ten million rows are scrolled as exactly as ten.

use egui::{FocusDirection, Key, Modifiers, RichText, ScrollArea, TextEdit, Ui};

use super::rows;
use super::save::SaveForm;
use crate::desktop::ask::Like;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::filter_box::{self, Typed};
use crate::desktop::widgets::form::{choice, entered};
use crate::desktop::widgets::panel::{GAP, panel_in};
use crate::desktop::widgets::text::line;
use crate::view::filter::KeptFilters;
use crate::view::logs::TraceOf;
use crate::view::trace::{
    Finding, Found, Looked, Towards, TraceAsk, TracePace, TracePlace, TracePrefs, TraceSeen,
    TraceTimes, TraceView,
};

/// Name of the filter field, also for tests.
pub const FILTER: &str = "Filter the trace";
/// Name of the field for a place to go to.
pub const GO_TO: &str = "Go to a number or a time";
/// Name of the field for what is looked for.
pub const FIND: &str = "Find in the trace";

/// What the tab keeps between frames.
#[derive(Default)]
pub struct TracePage {
    pub(super) place: TracePlace,
    /// Rows that have room.
    pub(super) rows: usize,
    /// The chosen row, and the other end of the rows that are chosen with it; frame numbers.
    pub(super) chosen: Option<(u64, u64)>,
    /// Points that were scrolled and are less than a row.
    pub(super) wheel: f32,
    finding: Option<Finding>,
    find_text: String,
    go_text: String,
    pub(super) go_to: Option<String>,
    /// What is typed to save frames.
    saving: SaveForm,
    said: Option<String>,
    /// What was asked last, and whether there was more to look at.
    last: Option<(TraceAsk, Looked)>,
}

impl TracePage {
    /// At the first row, as a recording is opened.
    pub(super) fn at_front() -> Self {
        Self { place: TracePlace::Row(0), ..Self::default() }
    }

    /// What the tab wants to see.
    #[must_use]
    pub fn ask(&self, of: TraceOf, prefs: &TracePrefs) -> TraceAsk {
        TraceAsk {
            of,
            prefs: prefs.clone(),
            place: self.place,
            rows: self.rows.max(1),
            find: self.finding.clone(),
            go_to: self.go_to.clone(),
            chosen: self.chosen.map(|(number, _)| number),
        }
    }

    /// Whether something else is wanted than what was seen, or there is more to look at.
    #[must_use]
    pub fn wants(&self, of: TraceOf, prefs: &TracePrefs) -> bool {
        match &self.last {
            None => true,
            Some((last, looked)) => *looked == Looked::Part || *last != self.ask(of, prefs),
        }
    }

    /// Goes to the frame of this number.
    pub fn go_to(&mut self, number: u64) {
        self.go_to = Some(number.to_string());
    }

    /// Takes what was seen.
    pub fn seen(&mut self, ask: TraceAsk, seen: &TraceSeen, prefs: &mut TracePrefs) {
        let rows = &seen.view.rows;
        if let Some(number) = seen.goes_to {
            self.chosen = Some((number, number));
            prefs.pace = TracePace::Paused;
        }
        if ask.go_to.is_some() {
            self.go_to = None;
            self.said.clone_from(&seen.refused);
        }
        match (&mut self.finding, &seen.found) {
            (Some(finding), Some(Found::Looking(reached))) => finding.from = *reached,
            (Some(finding), Some(Found::Nothing)) => {
                let end = match finding.towards {
                    Towards::Next => "Nothing further down fits.",
                    Towards::Previous => "Nothing further up fits.",
                };
                self.said = Some(seen.refused.clone().unwrap_or_else(|| end.to_owned()));
                self.finding = None;
            }
            (Some(_), Some(Found::At(_))) => {
                (self.finding, self.said) = (None, None);
            }
            (None, _) | (Some(_), None) => {}
        }
        // A row moves when the oldest frames go; its number does not.
        let moved = seen.goes_to.is_some() || matches!(ask.place, TracePlace::Row(_));
        if let Some(first) = rows.first().filter(|_| moved) {
            self.place = TracePlace::Number(first.number);
        }
        let looked = if self.finding.is_some() { Looked::Part } else { seen.looked };
        let asked = TraceAsk { place: self.place, find: self.finding.clone(), go_to: None, ..ask };
        self.last = Some((asked, looked));
    }

    /// Follows the newest frames.
    pub(super) fn follow(&mut self, prefs: &mut TracePrefs) {
        prefs.pace = TracePace::Following;
        self.place = TracePlace::End;
    }

    /// Stands still where it is.
    pub(super) fn pause(&mut self, view: &TraceView, prefs: &mut TracePrefs) {
        prefs.pace = TracePace::Paused;
        if self.place == TracePlace::End
            && let Some(first) = view.rows.first()
        {
            self.place = TracePlace::Number(first.number);
        }
    }

    /// Shows the row `row` on top, and stands still there.
    pub(super) fn scroll_to(&mut self, row: u64, prefs: &mut TracePrefs) {
        prefs.pace = TracePace::Paused;
        self.place = TracePlace::Row(row);
    }

    /// Draws the tab below the row of tabs.
    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        (of, view): (TraceOf, &TraceView),
        prefs: &mut TracePrefs,
    ) -> Option<Command> {
        if prefs.pace == TracePace::Following {
            self.place = TracePlace::End;
        } else {
            self.pause(view, prefs);
        }
        filter_box::mistakes(ui, theme, &mut prefs.filter, &view.filter);
        ui.add_space(2.0);
        let mut asked = None;
        ui.horizontal_wrapped(|ui| asked = self.tools(ui, theme, (of, view), prefs));
        if let Some(said) = &self.said {
            line(ui, said, fonts::text(12.5), theme.warning);
        }
        let keyed = self.keys(ui, view, prefs);
        ui.add_space(GAP - 8.0);
        let body = ui.available_rect_before_wrap();
        panel_in(ui, theme, body, |ui| {
            if view.rows.is_empty() {
                // Without rows the room for them is not known.
                self.rows = self.rows.max(1);
                pages::empty(ui, theme, icons::ARROWS_LEFT_RIGHT, &view.empty);
            } else {
                rows::draw(ui, theme, self, (view, prefs));
            }
        });
        ui.advance_cursor_after_rect(body);
        asked.or(keyed)
    }

    fn tools(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        (of, view): (TraceOf, &TraceView),
        prefs: &mut TracePrefs,
    ) -> Option<Command> {
        let mut asked = None;
        let following = prefs.pace == TracePace::Following;
        let (icon, words) =
            if following { (icons::PAUSE, "Pause the trace") } else { (icons::PLAY, "Follow") };
        let label = if following { "Pause" } else { "Follow" };
        let toggle = ui.button(format!("{icon}  {label}")).accessible_name(words);
        if toggle.on_hover_text("Space").clicked() {
            if following { self.pause(view, prefs) } else { self.follow(prefs) }
        }
        let times = TraceTimes::ALL.map(|times| (times, times.words().to_owned()));
        choice(ui, "Times", (prefs.times.words(), 92.0), &mut prefs.times, &times);
        let field = |text: &mut String, name: &str, hint: &str, width: f32, ui: &mut Ui| {
            let field = TextEdit::singleline(text)
                .id(egui::Id::unique(("trace", name)))
                .hint_text(RichText::new(hint).color(theme.muted))
                .char_limit(200)
                .desired_width(width)
                .margin(egui::Margin::symmetric(8, 6));
            ui.add(field).accessible_name(name)
        };
        let go = field(&mut self.go_text, GO_TO, "Go to 1412, 12:30:05", 130.0, ui);
        if entered(ui, &go) && !self.go_text.trim().is_empty() {
            self.go_to = Some(self.go_text.clone());
        }
        let find = field(&mut self.find_text, FIND, "Find", 100.0, ui);
        let next = entered(ui, &find);
        let up = ui.button(icons::CARET_UP).accessible_name("Find previous").clicked();
        let down = ui.button(icons::CARET_DOWN).accessible_name("Find next").clicked();
        if up || down || next {
            self.look_for(if up { Towards::Previous } else { Towards::Next });
        }
        let chosen = self.chosen;
        let enabled = |ui: &mut Ui, label: &str, hover: &str| {
            let button = ui.add_enabled(chosen.is_some(), egui::Button::new(label));
            let button = button.on_disabled_hover_text("Choose a row first.");
            button.on_hover_text(hover).clicked()
        };
        if enabled(ui, "Mark", "Marks the chosen row, or takes its mark away. M") {
            self.mark(prefs);
        }
        self.marks(ui, theme, view, prefs);
        if enabled(ui, "Copy", "Copies the chosen rows as lines of a candump log. Ctrl+C") {
            asked = chosen.map(Command::CopyRows);
        }
        let save = ui.add_enabled_ui(view.kept > 0, |ui| self.saving.menu(ui, theme, chosen));
        if let Some(wanted) = save.inner {
            asked = Some(Command::SaveFrames(wanted));
        }
        if enabled(ui, "Send like this\u{2026}", "Makes up a frame like the chosen one") {
            asked = chosen.map(|(number, _)| Command::SendLike(Like::Frame(of, number)));
        }
        if let Some(chosen) = view.chosen.as_ref().filter(|one| !one.signals.is_empty()) {
            let menu = ui.menu_button("Plot\u{2026}", |ui| {
                ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                    for key in &chosen.signals {
                        if ui.button(&key.signal).clicked() {
                            asked = Some(Command::Plot(key.clone()));
                            ui.close();
                        }
                    }
                });
            });
            menu.response.on_hover_text("Plots a signal of the chosen row below the trace");
        }
        asked
    }

    fn look_for(&mut self, towards: Towards) {
        if self.find_text.trim().is_empty() {
            return;
        }
        let from = self.chosen.map(|(number, _)| number);
        self.said = None;
        self.finding = Some(Finding { text: self.find_text.clone(), towards, from });
    }

    fn mark(&self, prefs: &mut TracePrefs) {
        let Some((number, _)) = self.chosen else { return };
        if prefs.marks.remove(&number).is_none() && prefs.marks.len() < TracePrefs::MOST_MARKS {
            prefs.marks.insert(number, String::new());
        }
    }

    /// Keys of the trace, while no field has the focus.
    fn keys(&mut self, ui: &Ui, view: &TraceView, prefs: &mut TracePrefs) -> Option<Command> {
        if ui.memory(|m| m.focused().is_some()) || !ui.is_enabled() {
            return None;
        }
        let copies = ui.input(|i| i.events.contains(&egui::Event::Copy));
        if copies && let Some(chosen) = self.chosen {
            return Some(Command::CopyRows(chosen));
        }
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let extends = ui.input(|i| i.modifiers.shift);
        let shifted =
            |key| pressed(key) || ui.input_mut(|i| extends && i.consume_key(Modifiers::SHIFT, key));
        let page = self.rows.max(2) as u64 - 1;
        let last = view.fit.saturating_sub(self.rows as u64);
        if pressed(Key::Space) {
            match prefs.pace {
                TracePace::Following => self.pause(view, prefs),
                TracePace::Paused => self.follow(prefs),
            }
        } else if pressed(Key::End) {
            self.follow(prefs);
        } else if pressed(Key::Home) {
            self.scroll_to(0, prefs);
        } else if pressed(Key::PageDown) {
            self.scroll_to((view.top + page).min(last), prefs);
        } else if pressed(Key::PageUp) {
            self.scroll_to(view.top.saturating_sub(page), prefs);
        } else if pressed(Key::M) {
            self.mark(prefs);
        } else if pressed(Key::Escape) {
            (self.chosen, self.said, self.finding) = (None, None, None);
        } else if shifted(Key::ArrowDown) {
            self.step(view, prefs, (1, extends));
        } else if shifted(Key::ArrowUp) {
            self.step(view, prefs, (-1, extends));
        } else {
            return None;
        }
        // egui would move the focus to a neighbour with the same key.
        ui.memory_mut(|m| m.move_focus(FocusDirection::None));
        None
    }

    /// Chooses the row below or above; scrolls where that is out of sight.
    fn step(&mut self, view: &TraceView, prefs: &mut TracePrefs, (by, extends): (i64, bool)) {
        let rows = &view.rows;
        let at = self.chosen.and_then(|(number, _)| rows.iter().position(|r| r.number == number));
        let to = match at {
            None => Some(if by > 0 { 0 } else { rows.len().saturating_sub(1) }),
            Some(at) => at.checked_add_signed(by as isize).filter(|to| *to < rows.len()),
        };
        prefs.pace = TracePace::Paused;
        self.pause(view, prefs);
        match to.and_then(|to| rows.get(to)) {
            Some(row) => {
                let other = self.chosen.filter(|_| extends).map_or(row.number, |(_, other)| other);
                self.chosen = Some((row.number, other));
            }
            None => self.scroll_to(view.top.saturating_add_signed(by), prefs),
        }
    }

    /// The line right of the tabs: what there is and the filter, laid out from right to left.
    pub(super) fn filter(
        ui: &mut Ui,
        theme: &Theme,
        (of, view): (TraceOf, &TraceView),
        (prefs, saved): (&mut TracePrefs, &mut KeptFilters),
    ) -> Option<Command> {
        let clear = egui::Button::new(format!("{}  Clear", icons::ERASER));
        let clear = ui.add_enabled(of == TraceOf::Live, clear).accessible_name("Clear");
        let cleared = clear.on_hover_text("Forget all frames and ids and count anew").clicked();
        let mut typed = Typed { text: &mut prefs.filter, cursor: &mut prefs.cursor, saved };
        filter_box::draw(ui, theme, FILTER, &mut typed, &view.filter);
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            super::summary(ui, theme, &view.summary);
        });
        cleared.then_some(Command::Submit(Intent::ClearTraffic))
    }
}

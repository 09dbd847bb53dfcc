//! The Journal page: the filter, the lines, and what a chosen line says in full.

use std::path::PathBuf;

use egui::{Align, Layout, Pos2, Rect, RichText, ScrollArea, Ui};

use crate::desktop::ask::{Ask, Existing, Place, SaveTo};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::pages::admin::Shared;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::list::{self, Head, Table};
use crate::desktop::widgets::panel::{GAP, panel_in};
use crate::desktop::widgets::text::{caption, line, paragraph};
use crate::view::export::Format;
use crate::view::journal::{JournalPrefs, JournalRow, JournalView};
use crate::view::offer::Offer;
use crate::view::text::DASH;

/// Most lines that are kept on the page; older ones push the newest out of it.
const LINES: usize = 2_000;

/// Room from which on a list shows where a line came from.
const WITH_FROM: f32 = 1000.0;

/// What the page keeps between frames.
#[derive(Default)]
pub(super) struct JournalPage {
    view: JournalView,
    /// What the lines were asked for with.
    asked: Option<JournalPrefs>,
    selected: Option<u64>,
    saving: Option<Saving>,
}

/// A file to save lines into.
struct Saving {
    format: Format,
    path: String,
    /// The path that the system's file dialog gave: it has asked about a file that is there.
    chosen: Option<PathBuf>,
    /// What the system's file dialog had to say.
    dialog: String,
}

/// Name of the path field, also for tests.
pub const PATH: &str = "Path of the file";

impl JournalPage {
    /// Takes what the system's file dialog came to.
    pub(super) fn chosen(&mut self, chosen: Result<PathBuf, String>) {
        if let Some(saving) = &mut self.saving {
            match chosen {
                Ok(path) => {
                    saving.path = path.display().to_string();
                    saving.chosen = Some(path);
                }
                Err(sentence) => saving.dialog = sentence,
            }
        }
    }

    /// The file is written.
    pub(super) fn saved(&mut self) {
        self.saving = None;
    }

    /// Asks again when it is next drawn.
    pub(super) fn forget(&mut self) {
        self.asked = None;
    }

    /// A question that was refused is not asked again until the filter changes.
    pub(super) fn refused(&mut self, place: Place) {
        if place == Place::Journal {
            self.view.rows.clear();
            self.view.next = None;
        }
    }

    /// Takes lines; those after `after` stand below what is shown.
    pub(super) fn take(&mut self, mut view: JournalView, after: Option<u64>) {
        if after.is_some() && after == self.view.next {
            let mut rows = std::mem::take(&mut self.view.rows);
            rows.append(&mut view.rows);
            let over = rows.len().saturating_sub(LINES);
            rows.drain(..over);
            view.rows = rows;
        } else if after.is_some() {
            return;
        }
        self.view = view;
    }

    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        prefs: &mut JournalPrefs,
        shared: &mut Shared,
    ) -> Option<Command> {
        let mut asked = self.header(ui, theme, shared);
        filter(ui, theme, prefs, &self.view);
        let typing =
            ui.memory(|m| m.focused().is_some()) && !ui.input(|i| i.key_pressed(egui::Key::Enter));
        let is_new = self.asked.as_ref() != Some(prefs) && (self.asked.is_none() || !typing);
        if asked.is_none() && is_new {
            self.asked = Some(prefs.clone());
            let read = Ask::ReadJournal { prefs: prefs.clone(), before: None };
            asked = shared.ask(read);
        }
        asked = asked.or_else(|| self.save(ui, theme, prefs, shared));
        shared.answers(ui, theme, Place::JournalTools);
        shared.answers(ui, theme, Place::Journal);
        ui.add_space(GAP - 6.0);
        let body = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(body);
        let chosen = self.selected.and_then(|seq| self.view.rows.iter().find(|r| r.seq == seq));
        let Some(chosen) = chosen.cloned() else {
            let drawn = panel_in(ui, theme, body, |ui| self.lines(ui, theme, prefs, shared));
            return asked.or(drawn);
        };
        let split = body.right() - (body.width() * 0.32).clamp(300.0, 440.0);
        let left = Rect::from_min_max(body.min, Pos2::new(split - GAP, body.bottom()));
        let right = Rect::from_min_max(Pos2::new(split, body.top()), body.max);
        let drawn = panel_in(ui, theme, left, |ui| self.lines(ui, theme, prefs, shared));
        if panel_in(ui, theme, right, |ui| whole(ui, theme, &chosen)) {
            self.selected = None;
        }
        asked.or(drawn)
    }

    fn header(&mut self, ui: &mut Ui, theme: &Theme, shared: &mut Shared) -> Option<Command> {
        let mut wanted = None;
        ui.horizontal(|ui| {
            ui.set_min_height(30.0);
            pages::title(ui, theme, "Journal");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let files = [(&self.view.csv, Format::Csv), (&self.view.json, Format::Json)];
                for (offer, format) in files {
                    if !offer.label.is_empty() && form::offer(ui, theme, offer, Look::Plain) {
                        let path = format!("busbar-journal.{}", format.code());
                        let path = std::env::home_dir().unwrap_or_default().join(path);
                        let path = path.display().to_string();
                        self.saving =
                            Some(Saving { format, path, chosen: None, dialog: String::new() });
                    }
                }
                if form::offer(ui, theme, &self.view.verify, Look::Plain) {
                    wanted = Some(Ask::VerifyJournal);
                }
                let again = ui.button(icons::REFRESH).accessible_name("Read the journal again");
                if again.on_hover_text("Read again").clicked() {
                    self.asked = None;
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let busy = shared.waits(Place::JournalTools);
                    let words = if busy { "Checking…" } else { self.view.summary.as_str() };
                    line(ui, words, fonts::text(12.0), theme.muted);
                });
            });
        });
        wanted.and_then(|ask| shared.ask(ask))
    }

    /// The row that asks where to.
    fn save(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        prefs: &JournalPrefs,
        shared: &mut Shared,
    ) -> Option<Command> {
        let saving = self.saving.as_mut()?;
        let (mut asked, mut closed) = (None, false);
        ui.horizontal_wrapped(|ui| {
            let words = format!("Save these lines as {}:", saving.format.code().to_uppercase());
            ui.label(RichText::new(words).color(theme.muted));
            let field = form::line_field(ui, theme, PATH, &mut saving.path, "");
            let offer = if saving.path.trim().is_empty() {
                Offer::shut("Save", "Type a path first.")
            } else {
                Offer::open("Save")
            };
            let pressed = form::named_offer(ui, theme, &offer, Look::Primary, "Save the file");
            if pressed || form::entered(ui, &field) && offer.is_open() {
                let path = PathBuf::from(saving.path.trim());
                let (prefs, format) = (prefs.clone(), saving.format);
                let existing = match saving.chosen.as_ref() == Some(&path) {
                    true => Existing::Replace,
                    false => Existing::Keep,
                };
                let to = SaveTo { path, existing };
                asked = shared.ask(Ask::ExportJournal { prefs, format, to });
            }
            if ui.button("Browse…").clicked() {
                asked = Some(Command::BrowseSave(saving.format));
            }
            closed = ui.button("Cancel").clicked();
            ui.label(RichText::new(&saving.dialog).color(theme.warning));
        });
        if closed {
            self.saving = None;
        }
        asked
    }

    fn lines(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        prefs: &JournalPrefs,
        shared: &mut Shared,
    ) -> Option<Command> {
        if self.view.rows.is_empty() {
            let words = if shared.waits(Place::Journal) { "Reading…" } else { &self.view.empty };
            pages::empty(ui, theme, icons::FILE, words);
            return None;
        }
        let older = self.view.next.filter(|_| self.view.rows.len() < LINES);
        // A narrow list leaves out where it came from; the chosen line says it.
        let wide = ui.available_width() >= WITH_FROM;
        let mut heads = vec![
            Head::plain("Line", Some(56.0)),
            Head::plain("Time", Some(150.0)),
            Head::plain("Who", Some(110.0)),
            Head::plain("What", Some(170.0)),
            Head::plain("On what", None),
            Head::plain("Outcome", Some(100.0)),
        ];
        if wide {
            heads.insert(3, Head::plain("From", Some(150.0)));
        }
        let rows = self.view.rows.len() + usize::from(older.is_some());
        let table = Table { id: "journal", heads: &heads, rows, height: 28.0, least: 760.0 };
        let (mut clicked, mut more) = (None, false);
        list::table(ui, theme, &table, |at, line| {
            let Some(row) = self.view.rows.get(at) else {
                for _ in 0..3 {
                    line.col(|_| {});
                }
                line.col(|ui| more = ui.button("Older lines").clicked());
                return;
            };
            line.set_selected(self.selected == Some(row.seq));
            cells(line, theme, row, wide.then_some(row.from.as_str()));
            let spoken =
                format!("{}, {}, {}, {}", row.who, row.action, row.target, row.outcome.word);
            if list::finish(line, theme, &spoken).clicked() {
                clicked = Some(row.seq);
            }
        });
        if clicked.is_some() {
            self.selected = clicked;
        }
        let before = older.filter(|_| more)?;
        shared.ask(Ask::ReadJournal { prefs: prefs.clone(), before: Some(before) })
    }
}

/// The cells of a line; `from` has a column of its own where there is room.
fn cells(
    line: &mut egui_extras::TableRow<'_, '_>,
    theme: &Theme,
    row: &JournalRow,
    from: Option<&str>,
) {
    list::cell(line, &row.seq.to_string(), fonts::mono(12.0), theme.muted, "");
    list::cell(line, &row.time, fonts::mono(12.0), theme.muted, "");
    list::cell(line, &row.who, fonts::strong(13.0), theme.text, &row.from);
    if let Some(from) = from {
        list::cell(line, from, fonts::text(13.0), theme.muted, "");
    }
    list::cell(line, &row.action, fonts::text(13.0), theme.text, "");
    let said = if row.changed.is_empty() { &row.note } else { &row.changed };
    let what =
        if said.is_empty() { row.target.clone() } else { format!("{} \u{b7} {said}", row.target) };
    list::cell(line, &what, fonts::text(13.0), theme.muted, "");
    list::status(line, theme, &row.outcome);
}

/// The filter's fields. What is typed counts once Enter is pressed or the field is left.
fn filter(ui: &mut Ui, theme: &Theme, prefs: &mut JournalPrefs, view: &JournalView) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let field = |ui: &mut Ui, name: &str, hint: &str, text: &mut String, width: f32| {
            let entry = egui::TextEdit::singleline(text)
                .id(egui::Id::unique(("journal", name)))
                .hint_text(RichText::new(hint).color(theme.muted))
                .char_limit(200)
                .desired_width(width)
                .margin(egui::Margin::symmetric(8, 6));
            ui.add(entry).accessible_name(name);
        };
        field(ui, "Person", "Person", &mut prefs.who, 90.0);
        field(ui, "On what", "On what", &mut prefs.target, 90.0);
        field(ui, "Any text", "Any text", &mut prefs.text, 90.0);
        field(ui, "From", "From 2026-11-21", &mut prefs.from, 128.0);
        field(ui, "Until", "Until 2026-11-21", &mut prefs.until, 128.0);
        let all = || (String::new(), "all".to_owned());
        let words = |(code, words): &(&str, &str)| ((*code).to_owned(), (*words).to_owned());
        let actions: Vec<_> =
            std::iter::once(all()).chain(view.actions.iter().map(words)).collect();
        let shown = |options: &[(String, String)], code: &str| {
            let found = options.iter().find(|(known, _)| known == code);
            found.map_or_else(|| code.to_owned(), |(_, words)| words.clone())
        };
        let now = format!("Action: {}", shown(&actions, &prefs.action));
        form::choice(ui, "Action", (&now, 130.0), &mut prefs.action, &actions);
        let outcomes: Vec<_> =
            std::iter::once(all()).chain(view.outcomes.iter().map(words)).collect();
        let now = format!("Outcome: {}", shown(&outcomes, &prefs.outcome).to_lowercase());
        form::choice(ui, "Outcome", (&now, 116.0), &mut prefs.outcome, &outcomes);
        if *prefs != JournalPrefs::default() && ui.button("Show all").clicked() {
            *prefs = JournalPrefs::default();
        }
    });
}

/// Everything a line says. Returns whether it was closed.
fn whole(ui: &mut Ui, theme: &Theme, row: &JournalRow) -> bool {
    let mut closed = false;
    ui.horizontal(|ui| {
        caption(ui, theme, &format!("Line {}", row.seq));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.small_button(icons::CLOSE).accessible_name("Close the line");
            closed = close.clicked();
        });
    });
    ScrollArea::vertical().id_salt("journal line").auto_shrink(false).show(ui, |ui| {
        let facts = [
            ("Time", &row.time),
            ("Who", &row.who),
            ("From", &row.from),
            ("What", &row.action),
            ("On what", &row.target),
            ("Outcome", &row.outcome.word),
            ("Belongs to", &row.of),
        ];
        for (label, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
            form::row(ui, theme, label, |ui| {
                ui.add(egui::Label::new(RichText::new(value).color(theme.text)).wrap());
            });
        }
        if !row.note.is_empty() {
            paragraph(ui, &row.note, theme.text);
        }
        if !row.changes.is_empty() {
            ui.add_space(6.0);
            caption(ui, theme, "Changes");
            for change in &row.changes {
                ui.label(RichText::new(&change.field).font(fonts::strong(13.0)).color(theme.text));
                if change.before != DASH {
                    paragraph(ui, &format!("before: {}", change.before), theme.muted);
                }
                paragraph(ui, &format!("now: {}", change.after), theme.text);
            }
        }
        ui.add_space(6.0);
        caption(ui, theme, "Hash");
        let text = RichText::new(&row.hash).font(fonts::mono(11.0)).color(theme.muted);
        ui.add(egui::Label::new(text).wrap().selectable(true));
    });
    closed
}

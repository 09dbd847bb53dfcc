//! The Record tab: what runs, starting another, and the recordings in the folder.

use egui::{
    Align, Color32, FontId, Layout, OpenUrl, Pos2, Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2,
};

use super::editor::{remark, spoken};
use crate::desktop::ask::RecordAsk;
use crate::desktop::command::{Command, LogCommand};
use crate::desktop::fonts;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{Look, choice, line_field, named_offer, offer, row};
use crate::desktop::widgets::panel::{GAP, panel, scrolls};
use crate::desktop::widgets::text::{cut, line, paragraph};
use crate::view::compose;
use crate::view::offer::{Offer, Question};
use crate::view::recordings::{Choice, RecordPrefs, RecordRow, RecordView, ShelfRow, ShelfView};

/// Height of a row.
const ROW: f32 = 46.0;
/// Room for its buttons.
const BUTTONS: f32 = 120.0;
const SHELF_BUTTONS: f32 = 190.0;
/// Recordings that are drawn; the folder has the others.
const SHOWN: usize = 200;
/// Room of a field for a number.
const NUMBER: f32 = 96.0;

/// What the tab shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordViews {
    /// What runs.
    pub running: RecordView,
    /// The recordings in the folder.
    pub shelf: ShelfView,
}

/// What the tab keeps between frames.
#[derive(Default)]
pub struct RecordForm {
    /// What is wrong with what was typed.
    wrong: Option<String>,
    /// Whether rules, files and the disk are shown.
    more: bool,
}

/// What was pressed: something to do, or something to ask first.
pub enum Pressed {
    /// Do it.
    Do(Command),
    /// Ask before.
    Ask(Question, RecordAsk),
}

const fn submit(ask: RecordAsk) -> Pressed {
    Pressed::Do(Command::Submit(Intent::Record(ask)))
}

impl RecordForm {
    /// Draws the tab below the row of tabs.
    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        views: &RecordViews,
        prefs: &mut RecordPrefs,
    ) -> Option<Pressed> {
        let mut pressed = None;
        ui.add_space(GAP - 8.0);
        ScrollArea::vertical().id_salt("record").auto_shrink(false).show(ui, |ui| {
            scrolls(ui);
            pressed = running(ui, theme, &views.running);
            ui.add_space(GAP - 6.0);
            let drawn = self.start(ui, theme, &views.running, prefs);
            pressed = pressed.take().or(drawn);
            ui.add_space(GAP - 6.0);
            let drawn = shelf(ui, theme, &views.shelf);
            pressed = pressed.take().or(drawn);
        });
        pressed
    }

    fn start(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &RecordView,
        prefs: &mut RecordPrefs,
    ) -> Option<Pressed> {
        panel(ui, theme, "Start a recording", |ui| {
            row(ui, theme, "Name", |ui| {
                line_field(ui, theme, "Name", &mut prefs.name, "recording");
            });
            let hint = match view.buses.is_empty() {
                true => "no bus is open".to_owned(),
                false => format!("every bus: {}", view.buses.join(", ")),
            };
            row(ui, theme, "Buses", |ui| {
                line_field(ui, theme, "Buses", &mut prefs.buses, &hint);
            });
            row(ui, theme, "Only frames", |ui| {
                line_field(
                    ui,
                    theme,
                    "Only frames",
                    &mut prefs.filter,
                    "id:600..6FF or type:error",
                );
            });
            row(ui, theme, "Format", |ui| {
                choose(ui, "Format", 130.0, &mut prefs.format, &RecordPrefs::FORMATS);
                let packed = &RecordPrefs::COMPRESSIONS;
                choose(ui, "Compression", 130.0, &mut prefs.compression, packed);
            });
            row(ui, theme, "Begins", |ui| {
                choose(ui, "Begins", 160.0, &mut prefs.begin, &RecordPrefs::BEGINS);
            });
            if prefs.begin == "frames" {
                row(ui, theme, "with frames", |ui| {
                    line_field(ui, theme, "Begins with", &mut prefs.begin_filter, "id:100 b0=1");
                });
                row(ui, theme, "until", |ui| {
                    let hint = "empty: when no more come";
                    line_field(ui, theme, "Ends with", &mut prefs.end_filter, hint);
                });
            }
            let words = if self.more { "Fewer settings" } else { "Files, disk, time before" };
            if ui.link(words).clicked() {
                self.more = !self.more;
            }
            if self.more {
                more(ui, theme, prefs);
            }
            if let Some(wrong) = &self.wrong {
                paragraph(ui, wrong, theme.fault);
            }
            ui.add_space(4.0);
            if !offer(ui, theme, &view.start, Look::Primary) {
                return None;
            }
            match compose::recordings::entry(prefs) {
                Ok(_) => {
                    self.wrong = None;
                    Some(submit(RecordAsk::Start(Box::new(prefs.clone()))))
                }
                Err(sentence) => {
                    self.wrong = Some(sentence);
                    None
                }
            }
        })
    }
}

fn more(ui: &mut Ui, theme: &Theme, prefs: &mut RecordPrefs) {
    let number = |ui: &mut Ui, name: &str, text: &mut String, hint: &str| {
        let size = Vec2::new(NUMBER, 28.0);
        ui.allocate_ui(size, |ui| {
            ui.set_max_width(NUMBER);
            line_field(ui, theme, name, text, hint);
        });
    };
    row(ui, theme, "Time around", |ui| {
        number(ui, "Seconds before", &mut prefs.before_s, "0");
        ui.label("s before, and");
        number(ui, "Seconds after", &mut prefs.after_s, "10");
        ui.label("s after its rule is over");
    });
    row(ui, theme, "A new file", |ui| {
        number(ui, "A new file after megabytes", &mut prefs.rotate_mb, "any");
        ui.label("MB or");
        number(ui, "A new file after minutes", &mut prefs.rotate_min, "any");
        ui.label("min");
    });
    row(ui, theme, "Keep at most", |ui| {
        number(ui, "Files kept", &mut prefs.keep_files, "all");
        ui.label("files,");
        number(ui, "Megabytes kept", &mut prefs.keep_mb, "any");
        ui.label("MB,");
        number(ui, "Hours kept", &mut prefs.keep_h, "any");
        ui.label("hours");
    });
    row(ui, theme, "Disk full", |ui| {
        choose(ui, "Disk full", 300.0, &mut prefs.when_full, &RecordPrefs::WHEN_FULL);
    });
}

fn choose(ui: &mut Ui, name: &str, width: f32, value: &mut String, all: &[Choice]) {
    let shown = all.iter().find(|(code, _)| code == value).map_or("", |(_, words)| words);
    let options: Vec<(String, String)> =
        all.iter().map(|(code, words)| ((*code).to_owned(), (*words).to_owned())).collect();
    choice(ui, name, (shown, width), value, &options);
}

fn running(ui: &mut Ui, theme: &Theme, view: &RecordView) -> Option<Pressed> {
    panel(ui, theme, "Being recorded", |ui| {
        if view.running.is_empty() {
            remark(
                ui,
                theme,
                "Nothing. What is started below, or begins with the profile, is listed here.",
            );
        }
        let mut pressed = None;
        for one in &view.running {
            let drawn = recorder(ui, theme, one);
            pressed = pressed.or(drawn);
        }
        pressed
    })
}

/// A row with a rule above it: gives its place, and a painter of texts in shares of its width.
fn line_of(ui: &mut Ui, theme: &Theme, says: &str, buttons: f32) -> (Rect, f32) {
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, ROW), Sense::hover());
    spoken(&response, says);
    ui.painter().hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, theme.line));
    (rect, width - buttons)
}

/// Where a text stands: from and to as shares of the room, and how far down.
type Spot = (f32, f32, f32);

fn write(ui: &Ui, (rect, room): (Rect, f32), spot: Spot, text: &str, ink: (FontId, Color32)) {
    let (from, to, y) = spot;
    let galley = cut(ui, text, ink.0, (to - from) * room - 10.0);
    let at = Pos2::new(rect.left() + from * room, rect.top() + y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, ink.1);
}

fn buttons(ui: &mut Ui, rect: Rect, room: f32, content: impl FnOnce(&mut Ui)) {
    let place = Rect::from_min_max(Pos2::new(rect.right() - room, rect.top()), rect.max);
    let layout = Layout::right_to_left(Align::Center);
    content(&mut ui.new_child(UiBuilder::new().max_rect(place).layout(layout)));
}

fn recorder(ui: &mut Ui, theme: &Theme, one: &RecordRow) -> Option<Pressed> {
    let says = format!("Recording {}, {}, {} {}", one.name, one.state, one.figures, one.missing);
    let place = line_of(ui, theme, &says, BUTTONS);
    let rect = place.0;
    ui.painter().circle_filled(
        Pos2::new(rect.left() + 4.0, rect.top() + 15.0),
        4.0,
        theme.lamp(one.tone),
    );
    let (plain, small) = ((fonts::text(13.0), theme.text), (fonts::text(12.0), theme.muted));
    write(ui, place, (0.02, 0.24, 15.0), &one.name, (fonts::strong(13.0), theme.text));
    write(ui, place, (0.24, 0.62, 15.0), &one.figures, plain.clone());
    write(ui, place, (0.62, 1.0, 15.0), &one.what, plain);
    write(ui, place, (0.02, 0.24, 34.0), &one.state, (fonts::text(12.0), theme.tone(one.tone)));
    let (below, ink) = match one.missing.is_empty() {
        true => (&one.by, theme.muted),
        false => (&one.missing, theme.warning),
    };
    write(ui, place, (0.24, 0.62, 34.0), below, (fonts::text(12.0), ink));
    write(ui, place, (0.62, 1.0, 34.0), &one.file, (fonts::mono(11.5), small.1));
    let mut pressed = None;
    buttons(ui, rect, BUTTONS, |ui| {
        let name = &one.name;
        let offers = [
            (&one.stop, format!("Stop {name}"), RecordAsk::Stop(name.clone())),
            (&one.forget, format!("Forget {name}"), RecordAsk::Forget(name.clone())),
        ];
        for (offer, spoken, ask) in offers {
            let Some(offer) = offer else { continue };
            if named_offer(ui, theme, offer, Look::Plain, &spoken) {
                pressed = Some(submit(ask));
            }
        }
    });
    pressed
}

fn shelf(ui: &mut Ui, theme: &Theme, view: &ShelfView) -> Option<Pressed> {
    panel(ui, theme, "Recordings", |ui| {
        ui.horizontal(|ui| {
            if ui.button("Show the folder").clicked() {
                ui.ctx().open_url(OpenUrl::new_tab(format!("file://{}", view.folder)));
            }
            line(ui, &view.summary, fonts::text(12.0), theme.muted);
            line(ui, &view.folder, fonts::mono(11.5), theme.muted);
        });
        if view.rows.is_empty() {
            remark(ui, theme, &view.empty);
        }
        let mut pressed = None;
        for one in view.rows.iter().take(SHOWN) {
            let drawn = shelved(ui, theme, one);
            pressed = pressed.or(drawn);
        }
        let more = view.rows.len().saturating_sub(SHOWN);
        if more > 0 {
            remark(ui, theme, &format!("{more} older ones are in the folder."));
        }
        pressed
    })
}

fn shelved(ui: &mut Ui, theme: &Theme, one: &ShelfRow) -> Option<Pressed> {
    let says = format!("{}, {} frames, {}, {}", one.name, one.frames, one.size, one.state);
    let place = line_of(ui, theme, &says, SHELF_BUTTONS);
    let small = (fonts::text(12.0), theme.muted);
    let mono = (fonts::mono(12.0), theme.text);
    write(ui, place, (0.0, 0.5, 15.0), &one.name, (fonts::strong(13.0), theme.text));
    write(ui, place, (0.5, 0.68, 15.0), &one.frames, mono.clone());
    write(ui, place, (0.68, 0.82, 15.0), &one.size, mono.clone());
    write(ui, place, (0.82, 1.0, 15.0), &one.took, mono);
    let state = match one.state.is_empty() {
        true => &one.started,
        false => &one.state,
    };
    let ink = if one.state.is_empty() { theme.muted } else { theme.tone(one.tone) };
    write(ui, place, (0.0, 0.5, 34.0), state, (fonts::text(12.0), ink));
    write(ui, place, (0.5, 0.68, 34.0), "frames", small.clone());
    write(ui, place, (0.68, 0.82, 34.0), &one.format, small.clone());
    write(ui, place, (0.82, 1.0, 34.0), &one.buses, small);
    let mut pressed = None;
    buttons(ui, place.0, SHELF_BUTTONS, |ui| {
        let delete = format!("Delete {}", one.name);
        if named_offer(ui, theme, &one.delete.offer, Look::Grave, &delete) {
            let ask = RecordAsk::Delete(one.name.clone());
            pressed = Some(Pressed::Ask(one.delete.question.clone(), ask));
        }
        let open = format!("Look at {}", one.name);
        if named_offer(ui, theme, &Offer::open("Open"), Look::Plain, &open) {
            pressed = Some(Pressed::Do(Command::Log(LogCommand::Open(one.path.clone()))));
        }
    });
    pressed
}

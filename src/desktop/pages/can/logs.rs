//! The recordings beside the running plant: the row that switches between them, and how the one that
//! is shown stands.

use std::path::PathBuf;

use egui::{ProgressBar, RichText, Ui, Vec2};

use super::plot::PlotDesk;
use super::trace::TracePage;
use crate::desktop::ask::LogAsk;
use crate::desktop::command::{Command, LogCommand};
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::line;
use crate::view::logs::{LogId, LogView, MOST_LOGS, TraceOf};
use crate::view::trace::TracePrefs;
use crate::view::traffic::TrafficPrefs;

/// Name of the button that opens a recording, also for tests.
pub const OPEN: &str = "Open a log\u{2026}";
/// Width that the filter and what stands beside it need behind the button.
const OPEN_LEAST: f32 = 330.0;
/// Longest name on a button of the row, letters.
const NAME: usize = 28;

/// What a person wants of one recording: its own rows, marks and filter.
pub struct LogDesk {
    /// Which.
    pub id: LogId,
    /// Its trace.
    pub trace: TracePage,
    /// What is wanted of its trace.
    pub prefs: TracePrefs,
    /// Its plot.
    pub plot: PlotDesk,
    /// What is wanted of its table by id.
    pub table: TrafficPrefs,
}

/// The recordings that are open, and which is shown.
#[derive(Default)]
pub struct LogDesks {
    /// Whose frames are shown.
    pub shown: TraceOf,
    desks: Vec<LogDesk>,
    last: u64,
}

impl LogDesks {
    /// Makes room for one more and shows it. The oldest one that is more than there may be is to be
    /// closed.
    pub fn add(&mut self) -> (LogId, Option<LogId>) {
        self.last += 1;
        let id = LogId(self.last);
        self.desks.push(LogDesk {
            id,
            trace: TracePage::at_front(),
            prefs: TracePrefs {
                pace: crate::view::trace::TracePace::Paused,
                ..TracePrefs::default()
            },
            plot: PlotDesk::default(),
            table: TrafficPrefs::default(),
        });
        self.shown = TraceOf::Log(id);
        let beyond = self.desks.len() > MOST_LOGS;
        let oldest = beyond.then(|| self.desks.remove(0).id);
        (id, oldest)
    }

    /// Lets go of one; what stands beside it is shown.
    pub fn close(&mut self, id: LogId) {
        let Some(at) = self.desks.iter().position(|desk| desk.id == id) else { return };
        self.desks.remove(at);
        if self.shown == TraceOf::Log(id) {
            let beside = self.desks.get(at).or(self.desks.last());
            self.shown = beside.map_or(TraceOf::Live, |desk| TraceOf::Log(desk.id));
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.desks.is_empty()
    }

    /// That of the recording that is shown; none: the running plant.
    #[must_use]
    pub fn here(&self) -> Option<&LogDesk> {
        let TraceOf::Log(id) = self.shown else { return None };
        self.desks.iter().find(|desk| desk.id == id)
    }

    /// The same, to be changed.
    pub fn here_mut(&mut self) -> Option<&mut LogDesk> {
        let TraceOf::Log(id) = self.shown else { return None };
        self.desks.iter_mut().find(|desk| desk.id == id)
    }
}

/// The button that opens a recording.
pub(super) fn open(ui: &mut Ui) -> Option<Command> {
    // Beside the filter there is no room for it in a small window; Ctrl+L and the palette stay.
    if ui.available_width() < OPEN_LEAST {
        return None;
    }
    let button = ui.button(icons::FOLDER_OPEN).accessible_name(OPEN);
    let words = "Open a log beside what runs: its own trace, table by id and plot. Or drop the file on \
                 the window.";
    button.on_hover_text(words).clicked().then_some(Command::Log(LogCommand::Browse))
}

/// The row that switches, and below it how the recording that is shown stands; nothing where none is
/// open.
pub(super) fn row(
    ui: &mut Ui,
    theme: &Theme,
    logs: &[LogView],
    shown: &mut TraceOf,
) -> Option<Command> {
    if logs.is_empty() {
        return None;
    }
    let mut asked = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let live = tab(ui, theme, "Live", "What runs, frame by frame", *shown == TraceOf::Live);
        if live {
            *shown = TraceOf::Live;
        }
        for log in logs {
            let here = *shown == TraceOf::Log(log.id);
            if tab(ui, theme, &short(&log.name), &log.path, here) {
                *shown = TraceOf::Log(log.id);
            }
            let close = ui.small_button(icons::CLOSE);
            if close.accessible_name(format!("Close {}", log.name)).clicked() {
                asked = Some(Command::Log(LogCommand::Close(log.id)));
            }
        }
    });
    let here = logs.iter().find(|log| *shown == TraceOf::Log(log.id));
    asked.or(here.and_then(|log| standing(ui, theme, log)))
}

fn tab(ui: &mut Ui, theme: &Theme, words: &str, hover: &str, here: bool) -> bool {
    let (fill, colour) =
        if here { (theme.accent_soft, theme.accent) } else { (theme.raised, theme.text) };
    let text = RichText::new(words).font(fonts::text(12.5)).color(colour);
    let response = ui.add(egui::Button::new(text).fill(fill));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, here, words));
    response.on_hover_text(hover).clicked()
}

fn short(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    let front: String = name.chars().take(NAME - 1).collect();
    format!("{front}\u{2026}")
}

/// What is there of a recording, and what may be done with it.
fn standing(ui: &mut Ui, theme: &Theme, log: &LogView) -> Option<Command> {
    let mut asked = None;
    let submit = |ask| Some(Command::Submit(Intent::Log(ask)));
    ui.horizontal_wrapped(|ui| {
        if log.is_reading {
            if let Some(share) = log.progress {
                let words = format!("{:.0} %", share * 100.0);
                let bar = ProgressBar::new(share).text(words.clone()).desired_width(160.0);
                let bar = ui.add_sized(Vec2::new(160.0, 18.0), bar);
                bar.widget_info(|| {
                    egui::WidgetInfo::labeled(
                        egui::Role::ProgressIndicator,
                        true,
                        format!("Read so far: {words}"),
                    )
                });
            }
            let stop = ui.button("Stop reading");
            if stop.on_hover_text("What was read stays.").clicked() {
                asked = submit(LogAsk::Stop(log.id));
            }
        }
        line(ui, &log.summary, fonts::text(12.5), theme.muted);
        let (tone, sentence) = &log.remark;
        if !sentence.is_empty() {
            let said = line(ui, sentence, fonts::text(12.5), theme.tone(*tone));
            if !log.passed_over.is_empty() {
                said.on_hover_text(log.passed_over.join("\n"));
            }
        }
        if log.is_refused {
            return;
        }
        for name in &log.dictionaries {
            line(ui, &format!("decoded with {name}"), fonts::text(12.5), theme.muted);
        }
        let label = "Decode with a DBC\u{2026}";
        if ui.small_button(label).on_hover_text("Or drop the DBC on the window.").clicked() {
            asked = Some(Command::Log(LogCommand::BrowseDictionary(log.id)));
        }
        if !log.dictionaries.is_empty()
            && ui
                .small_button("Forget the DBC")
                .on_hover_text("Only those of the profile")
                .clicked()
        {
            asked = submit(LogAsk::Plain(log.id));
        }
        let play = ui.small_button("Play it as a bus");
        let words =
            "Runs it instead of what runs now: packs, chargers and limits as if it were live.";
        if play.on_hover_text(words).clicked() {
            let path = PathBuf::from(&log.path);
            asked = Some(Command::Submit(Intent::OpenRecording(path)));
        }
    });
    asked
}

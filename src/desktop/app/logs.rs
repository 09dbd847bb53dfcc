//! Recordings in the window: opened by a dialog, a drop or the command line, shown on the CAN page
//! beside what runs, and closed.

use std::path::{Path, PathBuf};

use super::packs::is_pack;
use super::{App, Browsing};
use crate::desktop::ask::{Existing, FramesWanted, LogAsk, SaveTo, SavedPart, ValuesWanted};
use crate::desktop::command::{Command, DbcCommand, LogCommand, Page};
use crate::desktop::pages::can::CanTab;
use crate::desktop::shell::overlay::Overlay;
use crate::desktop::shell::path_box::{PathBox, PathFor};
use crate::desktop::source::Intent;
use crate::view::components::PartsPrefs;
use crate::view::dbc::DbcAsk;
use crate::view::filter::SavedFilter;
use crate::view::logs::{LogId, TraceOf};
use crate::view::plot::PlotKey;
use crate::view::shown::Tone;
use crate::view::traffic::TrafficPrefs;

/// Frames that are to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FramesOf {
    of: TraceOf,
    part: SavedPart,
    filter: String,
}

/// Values that are to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValuesOf {
    of: TraceOf,
    lines: Vec<PlotKey>,
    between: Option<(i64, i64)>,
}

impl App {
    /// The same, with these recordings open, and these DBC files on their tab.
    #[must_use]
    pub fn with_logs(mut self, paths: Vec<PathBuf>) -> Self {
        let (dictionaries, logs): (Vec<_>, Vec<_>) =
            paths.into_iter().partition(|path| is_dictionary(path));
        let decodes = !logs.is_empty();
        for path in logs {
            let id = self.open_log(path);
            // What is given beside a recording decodes it.
            let each = dictionaries.iter().cloned();
            self.asked.extend(each.map(|path| Intent::Log(LogAsk::Decode(id, path))));
        }
        for path in dictionaries.into_iter().filter(|_| !decodes) {
            (self.kept.page, self.kept.can.tab) = (Page::Can, CanTab::Dbc);
            self.asked.push(Intent::Dbc(DbcAsk::Open(path)));
        }
        self
    }

    /// The same, with these signals drawn below the trace.
    #[must_use]
    pub fn with_plot(mut self, keys: impl IntoIterator<Item = PlotKey>) -> Self {
        keys.into_iter().for_each(|key| self.can.plot_here().1.add(key));
        self
    }

    /// Takes what the file dialog gave, and what was dropped.
    pub(super) fn files(&mut self, ctx: &egui::Context) {
        if let Some(outcome) = self.dialog.poll() {
            match (self.browsing.clone(), outcome) {
                (Browsing::Journal, outcome) => self.admin.chosen(outcome),
                (Browsing::Backup, outcome) => self.admin.backup_chosen(outcome),
                (Browsing::Report(id, form), outcome) => {
                    let saved = self.charge.chosen((id, form), outcome);
                    self.asked.extend(saved.map(Intent::Admin));
                }
                (Browsing::Recording, Ok(path)) => self.open(ctx, path),
                (Browsing::Recording, Err(sentence)) => self.start.dialog = sentence,
                (Browsing::Pack, outcome) => self.pack_chosen(ctx, outcome),
                (
                    Browsing::Log
                    | Browsing::Dictionary(_)
                    | Browsing::Frames(_)
                    | Browsing::Values(_)
                    | Browsing::Replay
                    | Browsing::Edited
                    | Browsing::Own
                    | Browsing::SavedDbc,
                    outcome,
                ) => {
                    self.chosen(outcome);
                }
            }
        }
        self.dropped(ctx);
    }

    fn open(&mut self, ctx: &egui::Context, path: std::path::PathBuf) {
        self.start.path = path.display().to_string();
        self.carry_out(ctx, Command::Submit(Intent::OpenRecording(path)));
    }

    /// Takes what is asked of recordings.
    pub(super) fn logs(&mut self, ctx: &egui::Context, command: LogCommand) {
        match command {
            LogCommand::Browse => {
                self.dialog.is_for(&mut self.browsing, Browsing::Log);
                self.dialog.pick(ctx, "Open a log");
            }
            LogCommand::Open(path) if is_dictionary(&path) => self.open_dictionary(path),
            LogCommand::Open(path) => {
                self.open_log(path);
            }
            LogCommand::Close(id) => {
                self.can.logs.close(id);
                self.asked.push(Intent::Log(LogAsk::Close(id)));
            }
            LogCommand::BrowseDictionary(id) => {
                self.dialog.is_for(&mut self.browsing, Browsing::Dictionary(id));
                self.dialog.pick(ctx, "Choose a DBC file");
            }
            LogCommand::Typed(path) => self.chosen(Ok(path)),
        }
    }

    /// What the dialog gave for a recording or its DBC file.
    pub(super) fn chosen(&mut self, outcome: Result<PathBuf, String>) {
        match (self.browsing.clone(), outcome) {
            (Browsing::Log, Ok(path)) => {
                self.open_log(path);
            }
            (Browsing::Replay, Ok(path)) => {
                self.kept.can.replay.file = path.display().to_string();
            }
            (Browsing::Dictionary(id), Ok(path)) => {
                self.asked.push(Intent::Log(LogAsk::Decode(id, path)));
            }
            (Browsing::Frames(frames), Ok(path)) => self.save_to(frames, path, Existing::Replace),
            (Browsing::Values(values), Ok(path)) => {
                self.save_values_to(values, path, Existing::Replace);
            }
            (
                Browsing::Recording
                | Browsing::Journal
                | Browsing::Backup
                | Browsing::Report(..)
                | Browsing::Pack,
                Ok(_),
            ) => {}
            (Browsing::Frames(_) | Browsing::Values(_), Err(_)) => {
                let words = "This system has no file dialog. Type the path instead.";
                self.can.said = words.to_owned();
            }
            (Browsing::Own, Ok(path)) => self.parts.own.take(&path),
            (Browsing::Own, Err(_)) => {
                let words = "This system has no file dialog. Type the path of the DBC file, or drop it here.";
                self.parts.say(Tone::Warning, words.to_owned());
            }
            (Browsing::Edited, Ok(path)) => self.asked.push(Intent::Dbc(DbcAsk::Open(path))),
            (Browsing::SavedDbc, Ok(path)) => {
                self.asked.push(Intent::Dbc(DbcAsk::SaveAs(path)));
            }
            (Browsing::Log | Browsing::Replay | Browsing::Recording, Err(_)) => {
                self.type_path("Open a log", PathFor::Open);
            }
            (Browsing::Dictionary(_), Err(_)) => {
                self.type_path("Decode with a DBC", PathFor::Open);
            }
            (Browsing::Edited, Err(_)) => self.type_path("Open a DBC file", PathFor::Open),
            (Browsing::SavedDbc, Err(_)) => {
                self.type_path("Save the DBC file", PathFor::SaveDbc);
            }
            // They have fields for a path, and say so themselves.
            (
                Browsing::Journal | Browsing::Backup | Browsing::Report(..) | Browsing::Pack,
                Err(sentence),
            ) => self.can.said = sentence,
        }
    }

    /// Takes the files that were dropped on the window.
    pub(super) fn dropped(&mut self, ctx: &egui::Context) {
        let files: Vec<PathBuf> =
            ctx.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
        for path in files {
            if is_dictionary(&path)
                && self.page() == Page::Parts
                && self.parts.prefs == PartsPrefs::Own
            {
                self.parts.own.take(&path);
                continue;
            }
            if is_pack(&path) {
                self.pack_dropped(ctx, path);
                continue;
            }
            let in_tab = self.kept.can.tab == CanTab::Dbc && self.kept.page == Page::Can;
            if in_tab && is_dictionary(&path) {
                self.asked.push(Intent::Dbc(DbcAsk::Open(path)));
                continue;
            }
            match (is_dictionary(&path), self.can.logs.shown) {
                (true, TraceOf::Log(id)) => {
                    self.asked.push(Intent::Log(LogAsk::Decode(id, path)));
                }
                (true, TraceOf::Live) => {
                    self.can.said = "A DBC file dropped here decodes the recording that is shown: \
                                     open one first. What runs is decoded with the files of its \
                                     profile."
                        .to_owned();
                    self.show_can();
                }
                // What is dropped on the Replay tab is replayed, not looked at.
                (false, _) if self.replays_here() => {
                    self.kept.can.replay.file = path.display().to_string();
                }
                (false, _) => {
                    self.open_log(path);
                }
            }
        }
    }

    /// Whether the Replay tab is shown.
    pub(super) fn replays_here(&self) -> bool {
        self.page() == Page::Can && self.kept.can.tab == CanTab::Replay
    }

    /// Takes what is asked of DBC files.
    pub(super) fn dbc(&mut self, ctx: &egui::Context, command: DbcCommand) {
        match command {
            DbcCommand::Browse => {
                self.dialog.is_for(&mut self.browsing, Browsing::Edited);
                self.dialog.pick(ctx, "Open a DBC file");
            }
            DbcCommand::BrowseOwn => {
                self.dialog.is_for(&mut self.browsing, Browsing::Own);
                self.dialog.pick(ctx, "Choose a DBC file");
            }
            DbcCommand::BrowseSave(name) => {
                self.dialog.is_for(&mut self.browsing, Browsing::SavedDbc);
                self.dialog.save(ctx, "Save the DBC file", name);
            }
            DbcCommand::Ask(ask) => self.asked.push(Intent::Dbc(ask)),
        }
    }

    /// A DBC decodes the recording that is shown; where none is, it is looked at.
    fn open_dictionary(&mut self, path: PathBuf) {
        match self.can.logs.shown {
            TraceOf::Log(id) => {
                self.asked.push(Intent::Log(LogAsk::Decode(id, path)));
                self.show_can();
            }
            TraceOf::Live => {
                (self.kept.page, self.kept.can.tab) = (Page::Can, CanTab::Dbc);
                self.asked.push(Intent::Dbc(DbcAsk::Open(path)));
            }
        }
    }

    fn type_path(&mut self, title: &'static str, wanted: PathFor) {
        self.overlay = Some(Overlay::Path(PathBox::new(title, wanted)));
    }

    fn open_log(&mut self, path: PathBuf) -> LogId {
        let (id, beyond) = self.can.logs.add();
        let closed = beyond.map(|oldest| Intent::Log(LogAsk::Close(oldest)));
        self.asked.extend(closed);
        self.asked.push(Intent::Log(LogAsk::Open(id, path)));
        self.can.said.clear();
        self.show_can();
        id
    }

    fn show_can(&mut self) {
        (self.awaiting, self.charge_demo) = (false, false);
        if self.kept.page != Page::Can {
            self.kept.page = Page::Can;
            self.kept.can.tab = CanTab::Trace;
        }
        if matches!(self.kept.can.tab, CanTab::Send | CanTab::Buses | CanTab::Record) {
            self.kept.can.tab = CanTab::Trace;
        }
    }

    /// Saves frames of the trace that is shown, or asks where to.
    pub(super) fn save_frames(&mut self, ctx: &egui::Context, wanted: FramesWanted) {
        let (of, _, prefs) = self.can.here(&mut self.kept.can.trace);
        let frames = FramesOf { of, part: wanted.part, filter: prefs.filter.clone() };
        match wanted.path {
            // Nobody has said that a file may go whose path was typed.
            Some(path) => self.save_to(frames, path, Existing::Keep),
            None => {
                self.dialog.is_for(&mut self.browsing, Browsing::Frames(frames));
                self.dialog.save(ctx, "Save frames", "trace.log".to_owned());
            }
        }
    }

    fn save_to(&mut self, frames: FramesOf, path: PathBuf, existing: Existing) {
        let FramesOf { of, part, filter } = frames;
        let to = SaveTo { path, existing };
        self.asked.push(Intent::Log(LogAsk::Save { of, part, filter, to }));
    }

    /// Saves values of the plot that is shown, or asks where to.
    pub(super) fn save_values(&mut self, ctx: &egui::Context, wanted: ValuesWanted) {
        let (of, plot) = self.can.plot_here();
        let values = ValuesOf { of, lines: plot.keys.clone(), between: wanted.between };
        match wanted.path {
            Some(path) => self.save_values_to(values, path, Existing::Keep),
            None => {
                self.dialog.is_for(&mut self.browsing, Browsing::Values(values));
                self.dialog.save(ctx, "Save values", "plot.csv".to_owned());
            }
        }
    }

    fn save_values_to(&mut self, values: ValuesOf, path: PathBuf, existing: Existing) {
        let ValuesOf { of, lines, between } = values;
        let to = SaveTo { path, existing };
        self.asked.push(Intent::Log(LogAsk::SaveValues { of, lines, between, to }));
    }

    /// Shows the row that a moment of the plot belongs to.
    pub(super) fn go_to_moment(&mut self, key: Option<&PlotKey>, at: i64) {
        let number = self.source.frame_at(self.can.logs.shown, key, at);
        let (_, page, _) = self.can.here(&mut self.kept.can.trace);
        if let Some(number) = number {
            page.go_to(number);
        }
    }

    /// What is wanted of the table by id of the recording that is shown.
    pub(super) fn table_of_log(&self) -> Option<(LogId, TrafficPrefs)> {
        let tab = self.kept.can.tab == CanTab::ById && self.page() == Page::Can;
        self.can.logs.here().filter(|_| tab).map(|desk| (desk.id, desk.table.clone()))
    }

    /// Asks for the filters that are kept.
    pub(super) fn look_at_filters(&mut self) {
        let Some(list) = self.source.filters() else { return };
        // What is kept now need not be remembered from earlier.
        let is_kept = |one: &SavedFilter| {
            let name = one.name.trim().to_lowercase();
            list.iter().any(|kept| kept.name.to_lowercase() == name)
        };
        let traffic = &mut self.kept.traffic;
        traffic.saved.retain(|one| !is_kept(one));
        traffic.told.retain(|name| traffic.saved.iter().any(|one| one.name == *name));
        self.can.filters.list = list;
    }

    /// Hands on what was asked about filters.
    pub(super) fn hand_on_filters(&mut self, ctx: &egui::Context) {
        if !self.can.filters.asked.is_empty() {
            self.asked.extend(self.can.filters.asked.drain(..).map(Intent::Filter));
            ctx.request_repaint();
        }
    }

    /// Asks for what the CAN page shows.
    pub(super) fn look_at_can(&mut self) {
        let (seen, source) = (&mut self.seen.can, &mut self.source);
        seen.logs = source.logs();
        seen.saving = source.saving();
        match self.kept.can.tab {
            CanTab::ById => {
                seen.traffic = match self.can.logs.here() {
                    None => source.traffic(&self.kept.traffic),
                    Some(desk) => source.log_traffic(desk.id, &desk.table),
                };
                let chosen = seen.traffic.selected.as_ref().map(|panel| panel.key);
                let of = self.can.logs.shown;
                seen.study = chosen.map_or_else(Default::default, |key| source.study(of, key));
            }
            CanTab::Trace => {
                let (of, page, prefs) = self.can.here(&mut self.kept.can.trace);
                let ask = page.ask(of, prefs);
                let looked = source.trace(&ask);
                page.seen(ask, &looked, prefs);
                seen.trace = looked.view;
                let chosen = seen.trace.chosen.as_ref().map(|frame| frame.at);
                let (of, plot) = self.can.plot_here();
                let ask = plot.ask(chosen);
                if !ask.lines.is_empty() {
                    seen.plot = source.plot(of, &ask);
                }
                plot.seen(ask);
            }
            CanTab::Replay => seen.replays = source.replays(&self.kept.can.replay),
            CanTab::Buses => seen.buses = source.buses(),
            CanTab::Send => seen.sending = source.sending(&self.kept.can.send),
            CanTab::Record => (seen.record.running, seen.record.shelf) = source.recordings(),
            CanTab::Dbc => seen.dbc = source.dbc(&self.kept.can.dbc),
        }
    }
}

fn is_dictionary(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("dbc"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::fixture::FixtureSource;

    fn key(signal: &str) -> PlotKey {
        PlotKey { signal: signal.to_owned(), ..PlotKey::default() }
    }

    #[test]
    fn what_is_named_beside_a_recording_decodes_it() {
        let ctx = egui::Context::default();
        let app = || App::new(&ctx, None, Box::new(FixtureSource::running(38))).unwrap();
        let both = app().with_logs(vec!["/d/car.dbc".into(), "/logs/drive.log".into()]);
        let decoded = LogAsk::Decode(LogId(1), "/d/car.dbc".into());
        assert!(both.asked.contains(&Intent::Log(decoded)), "{:?}", both.asked);
        let edited =
            |app: &App| app.asked.iter().any(|one| matches!(one, Intent::Dbc(DbcAsk::Open(_))));
        assert!(!edited(&both) && edited(&app().with_logs(vec!["/d/car.dbc".into()])));
        let mut typed = app();
        typed.logs(&ctx, LogCommand::Open("/d/car.dbc".into()));
        assert!(edited(&typed), "a DBC is no recording, wherever its path is typed");
    }

    #[test]
    fn without_a_dialog_a_dbc_is_saved_to_a_path_that_is_typed() {
        let ctx = egui::Context::default();
        let mut app = App::new(&ctx, None, Box::new(FixtureSource::running(38))).unwrap();
        app.browsing = Browsing::SavedDbc;
        app.chosen(Err("no dialog".to_owned()));
        assert!(matches!(app.overlay, Some(Overlay::Path(_))));
        app.logs(&ctx, LogCommand::Typed("/d/new.dbc".into()));
        assert_eq!(app.asked.pop(), Some(Intent::Dbc(DbcAsk::SaveAs("/d/new.dbc".into()))));
    }

    #[test]
    fn what_is_saved_is_what_was_shown_when_the_dialog_was_asked() {
        let ctx = egui::Context::default();
        let source = Box::new(FixtureSource::running(38));
        let mut app = App::new(&ctx, None, source).unwrap().with_plot([key("PackVoltage")]);
        let to = |path: &str| SaveTo { path: path.into(), existing: Existing::Replace };
        app.kept.can.trace.filter = "id:6FA".to_owned();
        app.save_frames(&ctx, FramesWanted { part: SavedPart::Fitting, path: None });
        // While the dialog is open, a recording is dropped on the window and is shown.
        app.open_log("/logs/other.log".into());
        app.kept.can.trace.filter = "id:600".to_owned();
        app.chosen(Ok("/logs/part.log".into()));
        let frames = LogAsk::Save {
            of: TraceOf::Live,
            part: SavedPart::Fitting,
            filter: "id:6FA".to_owned(),
            to: to("/logs/part.log"),
        };
        assert_eq!(app.asked.pop(), Some(Intent::Log(frames)));

        app.can.logs.shown = TraceOf::Live;
        app.dialog = crate::desktop::dialog::Dialog::default();
        app.save_values(&ctx, ValuesWanted { between: Some((1, 2)), path: None });
        app.can.plot_here().1.add(key("PackCurrent"));
        app.can.logs.shown = TraceOf::Log(LogId(1));
        app.chosen(Ok("/logs/plot.csv".into()));
        let values = LogAsk::SaveValues {
            of: TraceOf::Live,
            lines: vec![key("PackVoltage")],
            between: Some((1, 2)),
            to: to("/logs/plot.csv"),
        };
        assert_eq!(app.asked.pop(), Some(Intent::Log(values)));
    }
}

//! What the tabs of the CAN page share: which is shown, what is asked on top, and what was made out
//! of a frame that was seen.

use egui::{Pos2, Rect, RichText, Ui, UiBuilder, Vec2};
use serde::{Deserialize, Serialize};

use super::buses;
use super::dbc::DbcPage;
use super::logs::{self, LogDesk, LogDesks};
use super::plot::PlotDesk;
use super::record::{Pressed, RecordForm, RecordViews};
use super::send::SendForm;
use super::trace::TracePage;
use crate::desktop::ask::{LogAsk, SendAsk};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::pages;
use crate::desktop::pages::charge::{Reply, question};
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::panel::{GAP, panel_in};
use crate::desktop::widgets::text::note as note_line;
use crate::view::buses::BusesView;
use crate::view::compose::sending::orders::FRAME_GONE;
use crate::view::dbc::{DbcPrefs, DbcView};
use crate::view::filter::KeptFilters;
use crate::view::logs::{LogView, TraceOf};
use crate::view::offer::Question;
use crate::view::plot::{PlotKey, PlotPicture};
use crate::view::recordings::RecordPrefs;
use crate::view::replay::{ReplayPrefs, ReplayView};
use crate::view::sending::{Draft, SendPrefs, SendView};
use crate::view::shown::{Note, Tone};
use crate::view::trace::{TracePrefs, TraceView};
use crate::view::traffic::{StudyView, TrafficPrefs, TrafficView};

/// Share of the Trace tab that the plot takes.
const PLOT_SHARE: f32 = 0.42;

/// A tab of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CanTab {
    /// The last frame of every id.
    #[default]
    ById,
    /// Every frame in the order it came.
    Trace,
    /// Sending by hand.
    Send,
    /// Recordings that are sent onto buses.
    Replay,
    /// The buses and their controllers.
    Buses,
    /// Recording, and the recordings there are.
    Record,
    /// DBC files.
    Dbc,
}

impl CanTab {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::ById, Self::Trace, Self::Send, Self::Record, Self::Replay, Self::Buses, Self::Dbc];

    /// Its words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ById => "By id",
            Self::Trace => "Trace",
            Self::Send => "Send",
            Self::Replay => "Replay",
            Self::Buses => "Buses",
            Self::Record => "Record",
            Self::Dbc => "DBC",
        }
    }
}

/// What a person wants of the page, besides the table by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CanPrefs {
    /// The tab that is shown.
    pub tab: CanTab,
    /// What is wanted of the trace.
    pub trace: TracePrefs,
    /// What is sent.
    pub send: SendPrefs,
    /// What is replayed.
    pub replay: ReplayPrefs,
    /// What is to be recorded.
    pub record: RecordPrefs,
    /// What is plotted of what runs.
    pub plotted: Vec<PlotKey>,
    /// What is wanted of DBC files.
    pub dbc: DbcPrefs,
}

/// What the tabs show.
#[derive(Clone, Debug, Default)]
pub struct CanViews {
    /// The table by id.
    pub traffic: TrafficView,
    /// The rows of the trace that are in sight.
    pub trace: TraceView,
    /// Sending.
    pub sending: SendView,
    /// Replays.
    pub replays: ReplayView,
    /// The buses.
    pub buses: BusesView,
    /// Recording.
    pub record: RecordViews,
    /// DBC files.
    pub dbc: DbcView,
    /// Recordings beside what runs.
    pub logs: Vec<LogView>,
    /// The plot below the trace.
    pub plot: PlotPicture,
    /// The share that is done of saving frames or values; none where nothing is being saved.
    pub saving: Option<f32>,
    /// A close look at the id that is selected.
    pub study: StudyView,
}

/// What the page keeps between frames.
#[derive(Default)]
pub struct CanPage {
    form: SendForm,
    record: RecordForm,
    dbc: DbcPage,
    /// The trace of what runs.
    pub trace: TracePage,
    /// The plot of what runs.
    pub plot: PlotDesk,
    /// The recordings beside it.
    pub logs: LogDesks,
    /// The filters that are kept, the same on every tab.
    pub filters: KeptFilters,
    /// A sentence about recordings, until it is read.
    pub said: String,
    /// What is asked before a bus is armed or a recording is deleted, and what the answer no says.
    question: Option<(Question, &'static str, Intent)>,
}

impl CanPage {
    /// With these lines of what runs in its plot.
    #[must_use]
    pub fn plotting(keys: Vec<PlotKey>) -> Self {
        Self { plot: PlotDesk::of(keys), ..Self::default() }
    }

    /// Whether a box lies on top and the page below must not be used.
    #[must_use]
    pub const fn is_covered(&self) -> bool {
        self.question.is_some()
    }

    /// Lets go of what is asked: the buses were silenced.
    pub fn let_go(&mut self) {
        self.question = None;
    }

    /// Takes a draft that was made out of a frame; none where that is no longer kept.
    pub fn like(&mut self, draft: Option<Draft>, prefs: &mut SendPrefs) {
        self.form.take(draft.ok_or_else(|| FRAME_GONE.to_owned()), prefs);
    }

    /// Takes the draft with the signal that was typed.
    pub fn signal_set(&mut self, draft: Result<Draft, String>, prefs: &mut SendPrefs) {
        self.form.take(draft, prefs);
    }

    /// Draws the tab that is wanted.
    pub fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        views: &CanViews,
        (prefs, traffic): (&mut CanPrefs, &mut TrafficPrefs),
    ) -> Option<Command> {
        if !self.said.is_empty() {
            let note = Note { tone: Tone::Warning, text: self.said.clone(), closable: true };
            if note_line(ui, theme, &note) {
                self.said.clear();
            }
        }
        match prefs.tab {
            CanTab::ById => self.by_id(ui, theme, views, (prefs, traffic)),
            CanTab::Trace => self.frames(ui, theme, views, prefs),
            CanTab::Buses => self.buses(ui, theme, &views.buses, &mut prefs.tab),
            CanTab::Dbc => {
                let typed = (&mut prefs.tab, &mut prefs.dbc, &mut self.filters);
                self.dbc.draw(ui, theme, &views.dbc, typed)
            }
            CanTab::Send => {
                ui.horizontal(|ui| {
                    ui.set_min_height(30.0);
                    tabs(ui, theme, &mut prefs.tab);
                });
                let asked = self.form.draw(ui, theme, &views.sending, &mut prefs.send);
                match asked {
                    Some(Command::Submit(Intent::Send(SendAsk::Arm(bus)))) => {
                        self.question = Some(arming(bus));
                        None
                    }
                    other => other,
                }
            }
            CanTab::Replay => {
                ui.horizontal(|ui| {
                    ui.set_min_height(30.0);
                    tabs(ui, theme, &mut prefs.tab);
                });
                let own = (&mut prefs.replay, &mut self.filters);
                match super::replay::draw(ui, theme, &views.replays, own) {
                    Some(Command::Submit(Intent::Send(SendAsk::Arm(bus)))) => {
                        self.question = Some(arming(bus));
                        None
                    }
                    other => other,
                }
            }
            CanTab::Record => {
                ui.horizontal(|ui| {
                    ui.set_min_height(30.0);
                    tabs(ui, theme, &mut prefs.tab);
                });
                match self.record.draw(ui, theme, &views.record, &mut prefs.record)? {
                    Pressed::Do(command) => Some(command),
                    Pressed::Ask(question, ask) => {
                        self.question = Some((question, "Keep it", Intent::Record(ask)));
                        None
                    }
                }
            }
        }
    }

    fn buses(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &BusesView,
        tab: &mut CanTab,
    ) -> Option<Command> {
        ui.horizontal(|ui| {
            ui.set_min_height(30.0);
            tabs(ui, theme, tab);
        });
        match buses::draw(ui, theme, view)? {
            buses::Asked::First(question, ask) => {
                self.question = Some((question, "Leave it as it is", Intent::Send(ask)));
                None
            }
            buses::Asked::Do(command) => Some(command),
        }
    }

    fn by_id(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        views: &CanViews,
        (prefs, traffic): (&mut CanPrefs, &mut TrafficPrefs),
    ) -> Option<Command> {
        let of = self.logs.shown;
        let mut shown = of;
        let between = |ui: &mut Ui| logs::row(ui, theme, &views.logs, &mut shown);
        let view = (of, &views.traffic, &views.study);
        let table = self.logs.here_mut().map_or(traffic, |desk| &mut desk.table);
        let own = (&mut prefs.tab, table, &mut self.filters);
        let asked = super::draw(ui, theme, view, own, between);
        self.logs.shown = shown;
        asked
    }

    fn frames(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        views: &CanViews,
        prefs: &mut CanPrefs,
    ) -> Option<Command> {
        let of = self.logs.shown;
        let mut shown = of;
        let view = (of, &views.trace);
        let saved = &mut self.filters;
        let (page, own, plot) = match self.logs.here_mut() {
            None => (&mut self.trace, &mut prefs.trace, &mut self.plot),
            Some(LogDesk { trace, prefs, plot, .. }) => (trace, prefs, plot),
        };
        let mut asked = None;
        ui.horizontal(|ui| {
            ui.set_min_height(30.0);
            tabs(ui, theme, &mut prefs.tab);
            asked = logs::open(ui);
            let layout = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(layout, |ui| {
                let typed = (&mut *own, &mut *saved);
                let cleared = TracePage::filter(ui, theme, view, typed);
                asked = asked.take().or(cleared);
            });
        });
        let mut switched = logs::row(ui, theme, &views.logs, &mut shown);
        if let Some(share) = views.saving {
            ui.horizontal(|ui| {
                let words = format!("Saving, {:.0} %", share * 100.0);
                ui.label(RichText::new(words).color(theme.text));
                if ui.button("Stop saving").clicked() {
                    switched = Some(Command::Submit(Intent::Log(LogAsk::StopSaving)));
                }
            });
        }
        let body = ui.available_rect_before_wrap();
        let below = if plot.keys.is_empty() { 0.0 } else { body.height() * PLOT_SHARE };
        let rows = Rect::from_min_max(body.min, body.max - Vec2::new(0.0, below));
        let mut upper = ui.new_child(UiBuilder::new().max_rect(rows));
        let mut drawn = page.draw(&mut upper, theme, view, own);
        if below > 0.0 {
            let lower = Rect::from_min_max(Pos2::new(body.left(), rows.bottom() + GAP), body.max);
            let chosen = views.trace.chosen.as_ref().map(|frame| frame.at);
            let plotted =
                panel_in(ui, theme, lower, |ui| plot.draw(ui, theme, (of, &views.plot), chosen));
            drawn = drawn.or(plotted);
        }
        ui.advance_cursor_after_rect(body);
        self.logs.shown = shown;
        asked.or(switched).or(drawn)
    }

    /// The trace that is shown, and what is wanted of it.
    pub fn here<'a>(
        &'a mut self,
        live: &'a mut TracePrefs,
    ) -> (TraceOf, &'a mut TracePage, &'a mut TracePrefs) {
        let of = self.logs.shown;
        match self.logs.here_mut() {
            None => (TraceOf::Live, &mut self.trace, live),
            Some(desk) => (of, &mut desk.trace, &mut desk.prefs),
        }
    }

    /// The plot of the trace that is shown.
    pub fn plot_here(&mut self) -> (TraceOf, &mut PlotDesk) {
        let of = self.logs.shown;
        match self.logs.here_mut() {
            None => (TraceOf::Live, &mut self.plot),
            Some(desk) => (of, &mut desk.plot),
        }
    }

    /// Whether the trace that is shown has more to show, or its plot; `chosen` is the moment of the row
    /// that is chosen.
    #[must_use]
    pub fn wants_trace(&self, live: &TracePrefs, chosen: Option<i64>) -> bool {
        match self.logs.here() {
            None => self.trace.wants(TraceOf::Live, live) || self.plot.wants(chosen),
            Some(desk) => desk.trace.wants(self.logs.shown, &desk.prefs) || desk.plot.wants(chosen),
        }
    }

    /// Draws the box on top.
    pub fn on_top(&mut self, ctx: &egui::Context, theme: &Theme) -> Option<Command> {
        let (asked, no, intent) = self.question.as_ref()?;
        match question(ctx, theme, asked, no) {
            Reply::Open => None,
            Reply::Cancelled => {
                self.question = None;
                None
            }
            Reply::Confirmed => {
                let intent = intent.clone();
                self.question = None;
                Some(Command::Submit(intent))
            }
        }
    }
}

fn arming(bus: String) -> (Question, &'static str, Intent) {
    let question = Question {
        title: format!("Arm {bus}?"),
        text: crate::view::compose::sending::arm_question(&bus),
        confirm: format!("Arm {bus}"),
    };
    (question, "Leave it silent", Intent::Send(SendAsk::Arm(bus)))
}

/// Narrower than this, the tabs are one box that opens.
const TABS_LEAST: f32 = 720.0;

/// The title of the page and its tabs.
pub(super) fn tabs(ui: &mut Ui, theme: &Theme, here: &mut CanTab) {
    pages::title(ui, theme, "CAN");
    if ui.available_width() < TABS_LEAST {
        folded(ui, here);
        return;
    }
    ui.spacing_mut().item_spacing.x = 6.0;
    for tab in CanTab::ALL {
        let active = tab == *here;
        let (fill, colour) =
            if active { (theme.accent, theme.on_accent) } else { (theme.raised, theme.text) };
        let text = RichText::new(tab.words()).font(fonts::strong(13.0)).color(colour);
        let response = ui.add(egui::Button::new(text).fill(fill));
        response
            .widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, active, tab.words()));
        if response.clicked() {
            *here = tab;
        }
    }
    ui.spacing_mut().item_spacing.x = 8.0;
}

/// The same as one box that opens, where they would take the room of what stands beside them.
fn folded(ui: &mut Ui, here: &mut CanTab) {
    let now = *here;
    let open = egui::ComboBox::from_id_salt("can tabs").selected_text(now.words()).width(84.0);
    let open = open.show_ui(ui, |ui| {
        for tab in CanTab::ALL {
            ui.selectable_value(here, tab, tab.words());
        }
    });
    open.response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::ComboBox, true, format!("CAN: {}", now.words()))
    });
}

//! What the tabs of the CAN page share: which is shown, what is asked on top, and what was made out
//! of a frame that was seen.

use egui::{RichText, Ui};
use serde::{Deserialize, Serialize};

use super::send::SendForm;
use super::trace::TracePage;
use crate::desktop::ask::SendAsk;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::pages;
use crate::desktop::pages::charge::{Reply, question};
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::view::offer::Question;
use crate::view::sending::{Draft, SendPrefs, SendView};
use crate::view::trace::{TracePrefs, TraceView};
use crate::view::traffic::{TrafficPrefs, TrafficView};

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
}

impl CanTab {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ById, Self::Trace, Self::Send];

    /// Its words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ById => "By id",
            Self::Trace => "Trace",
            Self::Send => "Send",
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
}

/// What the page keeps between frames.
#[derive(Default)]
pub struct CanPage {
    form: SendForm,
    /// The trace.
    pub trace: TracePage,
    /// What is asked before a bus is armed.
    question: Option<(Question, SendAsk)>,
}

impl CanPage {
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
        let said = "That frame is no longer kept: nothing was taken over.".to_owned();
        self.form.take(draft.ok_or(said), prefs);
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
        match prefs.tab {
            CanTab::ById => super::draw(ui, theme, &views.traffic, (&mut prefs.tab, traffic)),
            CanTab::Trace => {
                let mut cleared = None;
                ui.horizontal(|ui| {
                    ui.set_min_height(30.0);
                    tabs(ui, theme, &mut prefs.tab);
                    let layout = egui::Layout::right_to_left(egui::Align::Center);
                    ui.with_layout(layout, |ui| {
                        let typed = (&mut prefs.trace, &mut traffic.saved);
                        cleared = TracePage::filter(ui, theme, &views.trace, typed);
                    });
                });
                cleared.or(self.trace.draw(ui, theme, &views.trace, &mut prefs.trace))
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
        }
    }

    /// Draws the box on top.
    pub fn on_top(&mut self, ctx: &egui::Context, theme: &Theme) -> Option<Command> {
        let (asked, ask) = self.question.as_ref()?;
        match question(ctx, theme, asked, "Leave it silent") {
            Reply::Open => None,
            Reply::Cancelled => {
                self.question = None;
                None
            }
            Reply::Confirmed => {
                let ask = ask.clone();
                self.question = None;
                Some(Command::Submit(Intent::Send(ask)))
            }
        }
    }
}

fn arming(bus: String) -> (Question, SendAsk) {
    let question = Question {
        title: format!("Arm {bus}?"),
        text: crate::view::compose::sending::arm_question(&bus),
        confirm: format!("Arm {bus}"),
    };
    (question, SendAsk::Arm(bus))
}

/// The title of the page and its tabs.
pub(super) fn tabs(ui: &mut Ui, theme: &Theme, here: &mut CanTab) {
    pages::title(ui, theme, "CAN");
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

//! The Charge page: pack and charger, steps, set points, charger, checks, and below them the plot,
//! the log and the rules of this charge. Keeps what was typed and the box that lies on top.

mod boxes;
mod panels;
mod past;
mod rules;

use std::path::PathBuf;

use egui::{Align, Layout, Pos2, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, Vec2};

use crate::desktop::ask::{Ask, Brought, ChargeAsk, ReportForm};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::{GAP, INSET, panel_in};
use crate::desktop::widgets::text::{line, name, note};
use crate::view::charge::{ChargePrefs, ChargeView, DemoView, StepView};
use crate::view::offer::Question;
use crate::view::shown::{Note, Tone};

/// What stands in the lower panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Below {
    /// The plot.
    #[default]
    Plot,
    /// What happened.
    Log,
    /// What it is decided by.
    Rules,
    /// Charges of the past.
    Past,
}

impl Below {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Plot, "This charge"),
        (Self::Log, "Log"),
        (Self::Rules, "Rules"),
        (Self::Past, "Past charges"),
    ];
}

/// What the page keeps between frames.
#[derive(Default)]
pub struct ChargePage {
    below: Below,
    /// What is asked before contactors close.
    question: Option<(Question, ChargeAsk)>,
    /// The safety text lies on top.
    reading: bool,
    /// It was put off, and is not shown again by itself.
    put_off: bool,
    past: past::Past,
    rules: rules::Rules,
}

/// Narrower pages are one column.
const THREE_COLUMNS: f32 = 820.0;
/// Height of the upper panels: the least, and what holds all set points; in between they share what
/// room there is with the lower panel.
const UPPER: (f32, f32) = (232.0, 376.0);
/// The lowest the lower panel gets before the page scrolls.
const LOWER: f32 = 132.0;
/// In narrower panels the buttons stand in two rows.
const TIGHT: f32 = 340.0;

/// How wide pages share their width between the three panels.
const fn shares(width: f32) -> [f32; 3] {
    match width {
        wide if wide >= 1180.0 => [0.32, 0.31, 0.37],
        narrow if narrow >= THREE_COLUMNS => [0.31, 0.33, 0.36],
        _ => [1.0; 3],
    }
}

/// The room inside the first panel.
fn set_points_width(page: f32) -> f32 {
    let [first, ..] = shares(page);
    let gaps = if first < 1.0 { 2.0 * GAP } else { 0.0 };
    ((page - gaps) * first).floor() - 2.0 * INSET
}

/// Hands something about charging to the source.
pub(super) const fn submit(ask: ChargeAsk) -> Command {
    Command::Submit(Intent::Charge(ask))
}

impl ChargePage {
    /// Whether a box lies on top and the page below must not be used.
    #[must_use]
    pub const fn is_covered(&self) -> bool {
        self.question.is_some() || self.reading
    }

    /// Takes what came of reading the list or saving a report.
    pub fn take(&mut self, outcome: Result<Brought, String>) {
        self.past.take(outcome);
    }

    /// Takes what came of changing a rule.
    pub fn take_rule(&mut self, outcome: Result<Brought, String>) {
        self.rules.take(outcome);
    }

    /// Takes what the system's file dialog came to.
    pub fn chosen(
        &mut self,
        which: (u64, ReportForm),
        chosen: Result<PathBuf, String>,
    ) -> Option<Ask> {
        self.past.chosen(which, chosen)
    }

    /// Lets go of what is asked: a stop was pressed.
    pub fn let_go(&mut self) {
        self.question = None;
    }

    /// Draws the page.
    pub fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &ChargeView,
        prefs: &mut ChargePrefs,
    ) -> Option<Command> {
        if !view.safety_text.is_empty() && !self.put_off && !view.pack.is_empty() {
            self.reading = true;
        }
        let room = ui.available_size();
        let mut asked = None;
        ScrollArea::vertical().id_salt("charge page").auto_shrink(false).show(ui, |ui| {
            ui.set_width(room.x);
            let top = ui.cursor().top();
            header(ui, theme, view, prefs);
            if view.pack.is_empty() {
                pages::empty(ui, theme, icons::BOLT, &view.empty);
                return;
            }
            asked = self.sentences(ui, theme, view);
            ui.add_space(GAP - 6.0);
            let rest = room.y - (ui.cursor().top() - top);
            let height = ((rest - GAP) * 0.57).clamp(UPPER.0, UPPER.1).floor();
            let upper = self.upper(ui, theme, view, (prefs, height));
            asked = asked.take().or(upper);
            ui.add_space(GAP - 6.0);
            let left = room.y - (ui.cursor().top() - top);
            let size = Vec2::new(room.x, left.max(LOWER));
            let (area, _) = ui.allocate_exact_size(size, Sense::hover());
            let (below, past, rules) = (&mut self.below, &mut self.past, &mut self.rules);
            let lower = panel_in(ui, theme, area, |ui| {
                let report = panels::lower(ui, theme, view, below);
                if let Some(id) = report {
                    return Some(Command::BrowseReport(id, ReportForm::Html));
                }
                match below {
                    Below::Past => past.draw(ui, theme),
                    Below::Rules => {
                        past.leave();
                        rules.draw(ui, theme, &view.rules)
                    }
                    Below::Plot | Below::Log => {
                        past.leave();
                        None
                    }
                }
            });
            asked = asked.take().or(lower);
        });
        asked
    }

    /// What has to be read before anything is done: no charger, latches, the demo's place.
    fn sentences(&mut self, ui: &mut Ui, theme: &Theme, view: &ChargeView) -> Option<Command> {
        let mut asked = None;
        let say = |ui: &mut Ui, tone, text: &str| {
            note(ui, theme, &Note { tone, text: text.to_owned(), closable: false });
        };
        if !view.empty.is_empty() {
            say(ui, Tone::Warning, &view.empty);
        }
        if !view.safety_text.is_empty() && self.put_off {
            ui.horizontal(|ui| {
                if ui.button("Read the safety text").clicked() {
                    self.reading = true;
                }
                ui.label(
                    RichText::new("Nothing is started before it was read.").color(theme.muted),
                );
            });
        }
        if !view.latches.is_empty() {
            ui.horizontal_top(|ui| {
                let words = (ui.available_width() - 72.0).max(80.0);
                ui.allocate_ui(Vec2::new(words, 0.0), |ui| {
                    ui.set_width(words);
                    say(ui, Tone::Warning, &view.latches.join("\n"));
                });
                ui.spacing_mut().interact_size = Vec2::new(64.0, 34.0);
                if form::offer(ui, theme, &view.clear, Look::Plain) {
                    asked = Some(submit(ChargeAsk::Clear(view.pack.clone())));
                }
            });
        }
        if let Some(strip) = &view.demo {
            asked = asked.or(demo(ui, theme, strip));
        }
        // In a narrow panel it would be cut.
        if set_points_width(ui.available_width()) < TIGHT {
            panels::state_line(ui, theme, view);
        }
        asked
    }

    fn upper(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &ChargeView,
        (prefs, wanted): (&mut ChargePrefs, f32),
    ) -> Option<Command> {
        let width = ui.available_width();
        let shares = shares(width);
        let columns = if width >= THREE_COLUMNS { 3.0 } else { 1.0 };
        let room = width - GAP * (columns - 1.0);
        let rows = 4.0 - columns.min(3.0);
        let each = if columns > 1.0 { wanted } else { UPPER.1 };
        let height = each * rows + GAP * (rows - 1.0);
        let (area, _) = ui.allocate_exact_size(Vec2::new(width, height), Sense::hover());
        let mut at = area.min;
        let mut asked = None;
        for (place, share) in shares.iter().enumerate() {
            let rect = Rect::from_min_size(at, Vec2::new((room * share).floor(), each));
            let drawn = panel_in(ui, theme, rect, |ui| match place {
                0 => self.set_points(ui, theme, view, prefs),
                1 => {
                    panels::charger(ui, theme, view);
                    None
                }
                _ => {
                    panels::checks(ui, theme, view);
                    None
                }
            });
            asked = asked.or(drawn);
            at = if columns > 1.0 {
                Pos2::new(rect.right() + GAP, at.y)
            } else {
                Pos2::new(at.x, rect.bottom() + GAP)
            };
        }
        asked
    }

    /// Set points with the buttons below them.
    fn set_points(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &ChargeView,
        prefs: &mut ChargePrefs,
    ) -> Option<Command> {
        let inner = ui.max_rect();
        let tight = inner.width() < TIGHT;
        let foot = if tight { 70.0 } else { 98.0 };
        let split = inner.bottom() - foot;
        let upper = Rect::from_min_max(inner.min, Pos2::new(inner.right(), split));
        let mut fields = ui.new_child(UiBuilder::new().max_rect(upper));
        fields.shrink_clip_rect(upper.expand(2.0));
        panels::fields(&mut fields, theme, view, prefs);
        let lower = Rect::from_min_max(Pos2::new(inner.left(), split + 6.0), inner.max);
        let mut foot = ui.new_child(UiBuilder::new().max_rect(lower));
        let mut asked = None;
        foot.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            ui.spacing_mut().button_padding.x = 9.0;
            if !tight {
                self.engage(ui, theme, view);
            }
            if view.stop.is_open() && view.apply.is_open() {
                if form::offer(ui, theme, &view.apply, Look::Primary) {
                    asked = Some(submit(ChargeAsk::Apply(whole(view, prefs))));
                }
            } else if form::offer(ui, theme, &view.start.offer, Look::Primary) {
                let ask = ChargeAsk::Start(whole(view, prefs));
                self.question = Some((view.start.question.clone(), ask));
            }
            if panels::stop_button(ui, theme, &view.stop) {
                asked = Some(Command::Stop);
            }
        });
        if tight {
            self.engage(&mut foot, theme, view);
        } else {
            panels::state_lines(&mut foot, theme, view);
        }
        asked
    }

    fn engage(&mut self, ui: &mut Ui, theme: &Theme, view: &ChargeView) {
        if form::offer(ui, theme, &view.engage.offer, Look::Plain) {
            let ask = ChargeAsk::Engage(view.pack.clone());
            self.question = Some((view.engage.question.clone(), ask));
        }
    }

    /// Draws the box on top.
    pub fn on_top(
        &mut self,
        ctx: &egui::Context,
        theme: &Theme,
        view: &ChargeView,
    ) -> Option<Command> {
        if self.reading {
            return match boxes::safety(ctx, theme, &view.safety_text) {
                boxes::Read::Open => None,
                boxes::Read::Later => {
                    (self.reading, self.put_off) = (false, true);
                    None
                }
                boxes::Read::Yes => {
                    (self.reading, self.put_off) = (false, true);
                    Some(submit(ChargeAsk::ReadSafetyText))
                }
            };
        }
        let (question, ask) = self.question.as_ref()?;
        match boxes::question(ctx, theme, question, "Cancel") {
            boxes::Reply::Open => None,
            boxes::Reply::Cancelled => {
                self.question = None;
                None
            }
            boxes::Reply::Confirmed => {
                let ask = ask.clone();
                self.question = None;
                Some(submit(ask))
            }
        }
    }
}

pub use boxes::{Reply, question};
pub use rules::VALUE;

/// What stands in every field, so that exactly what was shown is done.
fn whole(view: &ChargeView, prefs: &ChargePrefs) -> ChargePrefs {
    let typed = view.fields.iter().map(|field| {
        let text = prefs.typed.get(&field.field).unwrap_or(&field.text);
        (field.field.clone(), text.clone())
    });
    ChargePrefs {
        pack: Some(view.pack.clone()),
        charger: Some(view.charger.clone()).filter(|charger| !charger.is_empty()),
        typed: typed.collect(),
        ..prefs.clone()
    }
}

/// Title, pack and charger at the left, the steps at the right or below.
fn header(ui: &mut Ui, theme: &Theme, view: &ChargeView, prefs: &mut ChargePrefs) {
    let room = ui.available_width();
    let choose = |ui: &mut Ui, what: &str, now: &str, all: &[String]| {
        let mut chosen = now.to_owned();
        let options: Vec<(String, String)> =
            all.iter().map(|one| (one.clone(), one.clone())).collect();
        let shown = if now.is_empty() { "none" } else { now };
        let width = if room < 1000.0 { 120.0 } else { 180.0 };
        form::choice(ui, what, (shown, width), &mut chosen, &options).then_some(chosen)
    };
    let layout = match room >= THREE_COLUMNS {
        true => Layout::left_to_right(Align::Center),
        false => Layout::left_to_right(Align::Center).with_main_wrap(true),
    };
    ui.allocate_ui_with_layout(Vec2::new(room, 34.0), layout, |ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        pages::title(ui, theme, "Charge");
        if view.pack.is_empty() {
            return;
        }
        if let Some(pack) = choose(ui, "Pack", &view.pack, &view.packs) {
            prefs.pack = Some(pack);
            prefs.typed.clear();
        }
        ui.label(RichText::new("with").color(theme.muted));
        if let Some(charger) = choose(ui, "Charger", &view.charger, &view.chargers) {
            prefs.charger = Some(charger);
        }
        let left = ui.available_width();
        ui.allocate_ui_with_layout(
            Vec2::new(left, 32.0),
            Layout::right_to_left(Align::Center),
            |ui| {
                ui.spacing_mut().item_spacing.x = if room < 1000.0 { 4.0 } else { 8.0 };
                let size = if room < 1000.0 { 11.5 } else { 12.5 };
                for (at, step) in view.steps.iter().enumerate().rev() {
                    step_box(ui, theme, step, size);
                    if at > 0 {
                        let arrow = RichText::new(icons::ARROW_RIGHT).font(fonts::text(size));
                        ui.label(arrow.color(theme.muted));
                    }
                }
            },
        );
    });
}

fn step_box(ui: &mut Ui, theme: &Theme, step: &StepView, size: f32) {
    let font = if step.now { fonts::strong(size) } else { fonts::text(size) };
    let colour = if step.now { theme.on_tone(step.tone) } else { theme.tone(step.tone) };
    let galley = ui.painter().layout_no_wrap(step.label.clone(), font, colour);
    let pad = if size < 12.0 { 10.0 } else { 20.0 };
    let (rect, response) =
        ui.allocate_exact_size(galley.size() + Vec2::new(pad, 14.0), Sense::hover());
    if step.now {
        ui.painter().rect_filled(rect, 6.0, theme.tone(step.tone));
    } else {
        let stroke = egui::Stroke::new(1.0, theme.line);
        ui.painter().rect_stroke(rect, 6.0, stroke, egui::StrokeKind::Inside);
    }
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, colour);
    let spoken =
        if step.now { format!("{}, current step", step.label) } else { step.label.clone() };
    name(&response, egui::Role::Label, &spoken);
}

/// Park or drive, and how fast the cells live.
fn demo(ui: &mut Ui, theme: &Theme, demo: &DemoView) -> Option<Command> {
    let mut asked = None;
    ui.horizontal(|ui| {
        ui.label(RichText::new(icons::FLASK).font(fonts::text(16.0)).color(theme.accent));
        let (words, to) =
            if demo.parked { ("Drive the demo", false) } else { ("Park the demo", true) };
        let open = demo.offer.is_open();
        let why = demo.offer.why_not.clone().unwrap_or_default();
        let button = ui.add_enabled(open, egui::Button::new(words)).on_disabled_hover_text(&why);
        if button.clicked() {
            asked = Some(submit(ChargeAsk::Demo { parked: to, pace: demo.pace }));
        }
        ui.label(RichText::new("cells at").color(theme.muted));
        ui.spacing_mut().item_spacing.x = 4.0;
        for pace in &demo.paces {
            let chosen = (demo.pace - pace).abs() < 0.01;
            let label = format!("{pace}\u{d7}");
            let fill = if chosen { theme.accent_soft } else { theme.raised };
            let colour = if chosen { theme.accent } else { theme.text };
            let text = RichText::new(&label).color(colour);
            let button = egui::Button::new(text).fill(fill).selected(chosen);
            let response = ui.add_enabled(open, button).accessible_name(format!("Pace {label}"));
            if response.on_disabled_hover_text(&why).clicked() {
                asked = Some(submit(ChargeAsk::Demo { parked: demo.parked, pace: *pace }));
            }
        }
        ui.add_space(6.0);
        line(ui, &demo.text, fonts::text(12.5), theme.muted);
    });
    asked
}

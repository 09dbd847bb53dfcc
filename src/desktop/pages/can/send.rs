//! The Send tab: the buses with what arms and silences them, the frame that is made up, its signals,
//! and what is scheduled.

use egui::{Key, Modifiers, Pos2, Rect, RichText, ScrollArea, Sense, Ui, Vec2};

use super::{editor, kept, schedules};
use crate::desktop::ask::SendAsk;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{Look, named_offer};
use crate::desktop::widgets::panel::{GAP, panel, panel_in, scrolls};
use crate::desktop::widgets::text::{line, paragraph};
use crate::view::offer::Offer;
use crate::view::sending::{ByteOrder, Draft, SendBus, SendPrefs, SendView, Width};

/// Narrower pages show the signals below the frame.
const TWO_COLUMNS: f32 = 760.0;
/// Height of the frame and of its signals.
const HEIGHT: f32 = 438.0;

/// What the tab keeps between frames.
#[derive(Default)]
pub struct SendForm {
    /// The field that somebody types in, and what stands in it.
    pub(super) typing: Option<(String, String)>,
    /// What is wrong with what was typed.
    pub(super) wrong: Option<String>,
    /// The field that somebody types in, and the bytes of the frame before they did.
    settled: Option<(String, Vec<u8>)>,
    /// The field was left with something in it that is no value: these bytes come back.
    undone: Option<Vec<u8>>,
    /// Where the number begins, and how it is read.
    pub(super) number: (usize, Width, ByteOrder),
    /// What is looked for among the messages.
    pub(super) search: String,
}

/// Hands something about sending to the source.
pub(super) const fn submit(ask: SendAsk) -> Command {
    Command::Submit(Intent::Send(ask))
}

impl SendForm {
    /// Takes a draft, or says why there is none.
    pub(super) fn take(&mut self, draft: Result<Draft, String>, prefs: &mut SendPrefs) {
        match draft {
            Ok(draft) => {
                prefs.draft = draft;
                self.wrong = None;
            }
            Err(sentence) => self.wrong = Some(sentence),
        }
    }

    /// Draws the tab below the row of tabs.
    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &SendView,
        prefs: &mut SendPrefs,
    ) -> Option<Command> {
        let only = view.buses.first().filter(|_| prefs.draft.bus.is_empty());
        if let Some(bus) = only {
            prefs.draft.bus.clone_from(&bus.name);
        }
        if prefs.every.is_empty() {
            prefs.every = "100".to_owned();
        }
        self.settle(&prefs.draft.bytes);
        let mut asked = None;
        ui.add_space(GAP - 8.0);
        ScrollArea::vertical().id_salt("send").auto_shrink(false).show(ui, |ui| {
            scrolls(ui);
            asked = buses(ui, theme, view);
            ui.add_space(GAP - 6.0);
            let drawn = self.frame(ui, theme, view, prefs);
            asked = asked.take().or(drawn);
            ui.add_space(GAP - 6.0);
            let drawn = schedules::draw(ui, theme, view);
            asked = asked.take().or(drawn);
            ui.add_space(GAP - 6.0);
            let drawn = kept::draw(ui, theme, view, prefs);
            asked = asked.take().or(drawn);
        });
        asked = asked.or_else(|| kept::keys(ui, view));
        let pressed =
            ui.is_enabled() && ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::Enter));
        if let Some(bytes) = self.undone.take() {
            prefs.draft.bytes = bytes;
        }
        if pressed && self.offered(&view.send).is_open() {
            return Some(submit(SendAsk::Once(Box::new(prefs.clone()))));
        }
        asked
    }

    /// Keeps the bytes as they were before somebody typed in the field they are in.
    fn settle(&mut self, bytes: &[u8]) {
        let typing = self.typing.as_ref().map(|(key, _)| key);
        if self.settled.as_ref().map(|(key, _)| key) != typing {
            self.settled = typing.map(|key| (key.clone(), bytes.to_vec()));
        }
    }

    /// The field that was typed in was left. What it holds of a value that is none was only on the way to
    /// it (500000000 of 5000000000) and is nobody's wish.
    pub(super) fn leave(&mut self) {
        self.typing = None;
        if self.wrong.take().is_some() {
            self.undone = self.settled.take().map(|(_, bytes)| bytes);
        }
    }

    /// Nothing is sent while what stands in a field is not what would go out.
    pub(super) fn offered(&self, offer: &Offer) -> Offer {
        match self.wrong.as_ref().filter(|_| self.typing.is_some()) {
            Some(wrong) => Offer::shut(&offer.label, wrong),
            None => offer.clone(),
        }
    }

    /// The frame and its signals, side by side where there is room.
    fn frame(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        view: &SendView,
        prefs: &mut SendPrefs,
    ) -> Option<Command> {
        let width = ui.available_width();
        let beside = width >= TWO_COLUMNS;
        let height = if beside { HEIGHT } else { HEIGHT + GAP + 240.0 };
        let (area, _) = ui.allocate_exact_size(Vec2::new(width, height), Sense::hover());
        let (left, right) = if beside {
            let share = (width * 0.56).floor();
            let left = Rect::from_min_size(area.min, Vec2::new(share, height));
            (left, Rect::from_min_max(Pos2::new(left.right() + GAP, area.top()), area.max))
        } else {
            let left = Rect::from_min_size(area.min, Vec2::new(width, HEIGHT));
            (left, Rect::from_min_max(Pos2::new(area.left(), left.bottom() + GAP), area.max))
        };
        let frame = panel_in(ui, theme, left, |ui| editor::frame(ui, theme, self, (view, prefs)));
        let signals = panel_in(ui, theme, right, |ui| editor::signals(ui, theme, self, view));
        frame.or(signals)
    }
}

fn buses(ui: &mut Ui, theme: &Theme, view: &SendView) -> Option<Command> {
    panel(ui, theme, "Buses", |ui| {
        if view.buses.is_empty() {
            let text = "No bus is open. Choose a demo or an interface on the Open page.";
            paragraph(ui, text, theme.muted);
        }
        let mut asked = None;
        for shown in &view.buses {
            let drawn = bus(ui, theme, shown);
            asked = asked.or(drawn);
        }
        asked
    })
}

fn bus(ui: &mut Ui, theme: &Theme, bus: &SendBus) -> Option<Command> {
    let mut asked = None;
    ui.horizontal(|ui| {
        ui.set_min_height(32.0);
        let (dot, _) = ui.allocate_exact_size(Vec2::new(10.0, 20.0), Sense::hover());
        ui.painter().circle_filled(dot.center(), 4.0, theme.lamp(bus.tone));
        ui.label(RichText::new(&bus.name).font(fonts::mono(13.0)).color(theme.text));
        let arm = format!("{} {}", bus.arm.label.trim_end_matches('\u{2026}'), bus.name);
        if named_offer(ui, theme, &bus.arm, Look::Plain, &arm) {
            asked = Some(submit(SendAsk::Arm(bus.name.clone())));
        }
        if let Some(silence) = &bus.silence {
            let name = format!("{} {}", silence.label, bus.name);
            if named_offer(ui, theme, silence, Look::Grave, &name) {
                asked = Some(submit(SendAsk::Silence(Some(bus.name.clone()))));
            }
        }
        ui.label(RichText::new(&bus.state).color(theme.tone(bus.tone)));
        if !bus.health.is_empty() {
            line(ui, &bus.health, fonts::text(12.0), theme.muted);
        }
    });
    if let Some(refused) = &bus.refused {
        paragraph(ui, refused, theme.fault);
    }
    asked
}

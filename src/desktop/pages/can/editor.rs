//! The frame that is made up, as bytes, as numbers and as signals: each field reads the draft's bytes
//! and puts what is typed into them.

use egui::{RichText, ScrollArea, TextEdit, Ui};

use super::send::{SendForm, submit};
use crate::desktop::ask::SendAsk;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{Look, choice, offer};
use crate::desktop::widgets::panel::scrolls;
use crate::desktop::widgets::text::{caption, line, name, paragraph};
use crate::view::sending::{
    ByteOrder, DraftKind, DraftSignal, SendPrefs, SendView, Stays, SumRule, Width,
};

/// Names of the fields, also for tests.
pub const BYTES: &str = "Bytes";
/// Name of the field for the id.
pub const ID: &str = "Id";

/// A field that shows `now` unless somebody types in it. Returns what was typed, when it changes.
fn live(ui: &mut Ui, form: &mut SendForm, (key, width): (&str, f32), now: &str) -> Option<String> {
    let typing = form.typing.as_ref().filter(|(at, _)| at == key);
    let mut text = typing.map_or_else(|| now.to_owned(), |(_, text)| text.clone());
    let field = TextEdit::singleline(&mut text)
        .id(egui::Id::unique(("draft", key)))
        .font(fonts::mono(12.5))
        .char_limit(240)
        .desired_width(width)
        .margin(egui::Margin::symmetric(8, 5));
    let response = ui.add(field).accessible_name(key);
    let changed = response.changed().then(|| text.clone());
    if response.has_focus() {
        form.typing = Some((key.to_owned(), text));
    } else if typing_is(form, key) {
        form.leave();
    }
    changed
}

fn typing_is(form: &SendForm, key: &str) -> bool {
    form.typing.as_ref().is_some_and(|(at, _)| at == key)
}

/// A muted word before a field.
pub(super) fn label(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.label(RichText::new(text).color(theme.muted));
}

/// The frame as bytes and numbers, its counter and checksum, and what sends it.
pub(super) fn frame(
    ui: &mut Ui,
    theme: &Theme,
    form: &mut SendForm,
    (view, prefs): (&SendView, &mut SendPrefs),
) -> Option<Command> {
    caption(ui, theme, "Frame");
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.horizontal(|ui| super::message::draw(ui, theme, &mut form.search, (view, prefs)));
    ui.horizontal(|ui| {
        label(ui, theme, "Id 0x");
        let now = prefs.draft.id.clone();
        if let Some(typed) = live(ui, form, (ID, 84.0), &now) {
            prefs.draft.id = typed;
        }
        let kinds = DraftKind::ALL.map(|kind| (kind, kind.words().to_owned()));
        let shown = (prefs.draft.kind.words(), 120.0);
        choice(ui, "Kind", shown, &mut prefs.draft.kind, &kinds);
        line(ui, &view.message, fonts::text(12.5), theme.muted);
    });
    ui.horizontal(|ui| {
        label(ui, theme, BYTES);
        let now = prefs.draft.hex();
        let width = ui.available_width() - 96.0;
        if let Some(typed) = live(ui, form, (BYTES, width), &now) {
            form.wrong = prefs.draft.set_hex(&typed).err().map(|error| format!("{error}."));
        }
        let count = crate::view::text::count(prefs.draft.bytes.len(), "byte");
        line(ui, &count, fonts::text(12.0), theme.muted);
    });
    ui.horizontal(|ui| number(ui, theme, form, prefs));
    ui.horizontal(|ui| counter(ui, theme, form, prefs));
    ui.horizontal(|ui| checksum(ui, theme, form, prefs));
    said(ui, theme, form, view);
    sends(ui, theme, form, (view, prefs))
}

fn number(ui: &mut Ui, theme: &Theme, form: &mut SendForm, prefs: &mut SendPrefs) {
    label(ui, theme, "Number at byte");
    let bytes = prefs.draft.bytes.len();
    let places: Vec<(usize, String)> = (0..bytes).map(|at| (at, at.to_string())).collect();
    let (mut at, mut width, mut order) = form.number;
    at = at.min(bytes.saturating_sub(1));
    choice(ui, "At byte", (&at.to_string(), 34.0), &mut at, &places);
    let widths = Width::ALL.map(|width| (width, width.words().to_owned()));
    choice(ui, "Width", (width.words(), 88.0), &mut width, &widths);
    let orders = [(ByteOrder::Little, "Intel".to_owned()), (ByteOrder::Big, "Motorola".to_owned())];
    let words = match order {
        ByteOrder::Little => "Intel",
        ByteOrder::Big => "Motorola",
    };
    choice(ui, "Byte order", (words, 74.0), &mut order, &orders);
    form.number = (at, width, order);
    let Some(now) = prefs.draft.number(at, width, order) else {
        label(ui, theme, "beyond the end");
        return;
    };
    let room = (ui.available_width() - 20.0).clamp(50.0, 130.0);
    if let Some(typed) = live(ui, form, ("Number", room), &now) {
        let put = prefs.draft.set_number(at, (width, order), &typed);
        form.wrong = put.err().map(|error| format!("{error}."));
    }
}

/// A field for a small number.
fn small(ui: &mut Ui, theme: &Theme, form: &mut SendForm, key: (&str, &str), value: &mut String) {
    label(ui, theme, key.0);
    let now = value.clone();
    if let Some(typed) = live(ui, form, (key.1, 26.0), &now) {
        *value = typed;
    }
}

fn counter(ui: &mut Ui, theme: &Theme, form: &mut SendForm, prefs: &mut SendPrefs) {
    let counter = &mut prefs.counter;
    ui.checkbox(&mut counter.on, "Rolling counter");
    if counter.on {
        small(ui, theme, form, ("in byte", "Byte of the counter"), &mut counter.byte);
        small(ui, theme, form, ("from bit", "Lowest bit of the counter"), &mut counter.bit);
        small(ui, theme, form, ("bits", "Bits of the counter"), &mut counter.bits);
        let last = ("last value", "Last value of the counter");
        small(ui, theme, form, last, &mut counter.last);
    }
}

fn checksum(ui: &mut Ui, theme: &Theme, form: &mut SendForm, prefs: &mut SendPrefs) {
    let sum = &mut prefs.sum;
    let rules = SumRule::ALL.map(|rule| (rule, rule.words().to_owned()));
    choice(ui, "Checksum", (sum.rule.words(), 112.0), &mut sum.rule, &rules);
    if sum.rule == SumRule::None {
        return;
    }
    small(ui, theme, form, ("in byte", "Byte of the checksum"), &mut sum.byte);
    if let Some(words) = sum.rule.data_id() {
        label(ui, theme, words);
        let now = sum.data_id.clone();
        let room = (ui.available_width() - 20.0).clamp(50.0, 340.0);
        if let Some(typed) = live(ui, form, (words, room), &now) {
            sum.data_id = typed;
        }
    }
}

/// What is wrong, or why nothing can be sent, or what goes out first.
fn said(ui: &mut Ui, theme: &Theme, form: &SendForm, view: &SendView) {
    let (text, colour) = if let Some(wrong) = &form.wrong {
        (wrong.clone(), theme.fault)
    } else if let Some(problem) = &view.problem {
        (problem.clone(), theme.fault)
    } else if let Some(why) = view.send.why_not.as_ref().or(view.schedule.why_not.as_ref()) {
        (why.clone(), theme.warning)
    } else if let Some(first) = &view.first {
        (first.clone(), theme.muted)
    } else {
        (String::new(), theme.muted)
    };
    ui.horizontal(|ui| {
        ui.set_min_height(20.0);
        line(ui, &text, fonts::text(12.5), colour).on_hover_text(&text);
    });
}

fn sends(
    ui: &mut Ui,
    theme: &Theme,
    form: &mut SendForm,
    (view, prefs): (&SendView, &mut SendPrefs),
) -> Option<Command> {
    let mut asked = None;
    ui.horizontal(|ui| {
        if offer(ui, theme, &form.offered(&view.send), Look::Primary) {
            asked = Some(submit(SendAsk::Once(Box::new(prefs.clone()))));
        }
        line(ui, "Ctrl+Enter sends it too.", fonts::text(12.0), theme.muted);
    });
    ui.horizontal(|ui| {
        label(ui, theme, "Every");
        let now = prefs.every.clone();
        if let Some(typed) = live(ui, form, ("Milliseconds between two", 50.0), &now) {
            prefs.every = typed;
        }
        label(ui, theme, "ms,");
        let now = prefs.times.clone();
        if let Some(typed) = live(ui, form, ("How many times; empty for no end", 50.0), &now) {
            prefs.times = typed;
        }
        label(ui, theme, "times, called");
        let now = prefs.name.clone();
        let room = (ui.available_width() - 30.0).clamp(60.0, 200.0);
        if let Some(typed) = live(ui, form, ("Name of the schedule", room), &now) {
            prefs.name = typed;
        }
    });
    ui.horizontal(|ui| {
        let stays = Stays::ALL.map(|one| (one, one.words().to_owned()));
        let shown = (prefs.stays.words(), 190.0);
        choice(ui, "What ends it", shown, &mut prefs.stays, &stays);
        if offer(ui, theme, &form.offered(&view.schedule), Look::Plain) {
            asked = Some(submit(SendAsk::Start(Box::new(prefs.clone()))));
        }
    });
    ui.horizontal(|ui| {
        if offer(ui, theme, &form.offered(&view.keep), Look::Plain) {
            asked = Some(submit(SendAsk::Keep(Box::new(prefs.clone()))));
        }
        label(ui, theme, "with the key");
        let now = prefs.key.clone();
        if let Some(typed) = live(ui, form, ("Key that sends it", 34.0), &now) {
            prefs.key = typed;
        }
        line(ui, "A letter, a digit or F2 to F10.", fonts::text(12.0), theme.muted);
    });
    asked
}

/// The signals of the frame.
pub(super) fn signals(
    ui: &mut Ui,
    theme: &Theme,
    form: &mut SendForm,
    view: &SendView,
) -> Option<Command> {
    caption(ui, theme, "Signals");
    ui.add_space(4.0);
    if view.signals.is_empty() {
        let text = "No device and no DBC file of this bus takes this id apart. Choose a message, or \
                    type bytes and numbers.";
        pages::empty(ui, theme, icons::ARROWS_LEFT_RIGHT, text);
        return None;
    }
    let mut asked = None;
    ScrollArea::vertical().id_salt("draft signals").auto_shrink(false).show(ui, |ui| {
        scrolls(ui);
        for signal in &view.signals {
            let typed = signal_row(ui, theme, form, signal);
            if let Some(typed) = typed {
                asked = Some(Command::SetSignal { signal: signal.name.clone(), typed });
            }
        }
    });
    asked
}

fn signal_row(
    ui: &mut Ui,
    theme: &Theme,
    form: &mut SendForm,
    signal: &DraftSignal,
) -> Option<String> {
    let width = ui.available_width();
    ui.horizontal(|ui| {
        ui.set_min_height(30.0);
        let text = (width * 0.4).max(90.0);
        ui.allocate_ui(egui::Vec2::new(text, 28.0), |ui| {
            ui.set_width(text);
            let label = line(ui, &signal.name, fonts::text(13.0), theme.text);
            if !signal.comment.is_empty() {
                label.on_hover_text(&signal.comment);
            }
        });
        let words = !signal.words.is_empty();
        let mut typed = live(ui, form, (&signal.name, 84.0), &signal.value);
        ui.label(RichText::new(&signal.unit).color(theme.muted));
        if words {
            let now = signal.label.clone().unwrap_or_default();
            let mut chosen = now.clone();
            let options: Vec<(String, String)> =
                signal.words.iter().map(|word| (word.clone(), word.clone())).collect();
            let room = (ui.available_width() - 30.0).clamp(60.0, 180.0);
            let shown = if now.is_empty() { "no word" } else { &now };
            let key = format!("{} as a word", signal.name);
            if choice(ui, &key, (shown, room), &mut chosen, &options) {
                typed = Some(chosen);
            }
        }
        typed
    })
    .inner
}

/// A sentence for screen readers about what stands in a painted row.
pub(super) fn spoken(response: &egui::Response, text: &str) {
    name(response, egui::Role::Row, text);
}

/// A sentence in the middle of a panel's text.
pub(super) fn remark(ui: &mut Ui, theme: &Theme, text: &str) {
    paragraph(ui, text, theme.muted);
}

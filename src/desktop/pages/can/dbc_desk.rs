//! The editor of DBC files: messages and signals at the left, the form of what is chosen, the picture of
//! its bits, and what is wrong. What is typed goes to the source as it is typed.

use egui::{
    Align, Key, Layout, Modifiers, Rect, RichText, Role, ScrollArea, Sense, TextEdit, Ui, Vec2,
};

use super::dbc::ask;
use crate::desktop::command::{Command, DbcCommand};
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::bits::{self, Touched};
use crate::desktop::widgets::form::{Look, choice, offer, row};
use crate::desktop::widgets::panel::{GAP, panel_in};
use crate::desktop::widgets::text::{caption, line, name, note, paragraph};
use crate::view::dbc::{DbcAsk, DeskAsk, DeskField, DeskRow, DeskView, FieldForm};
use crate::view::shown::Tone;

/// What the editor keeps between frames: the letters of the field that has the focus.
#[derive(Default)]
pub struct DeskForm {
    /// The bus that is offered.
    bus: String,
}

fn desk(one: DeskAsk) -> Command {
    ask(DbcAsk::Desk(one))
}

impl DeskForm {
    /// Draws the editor.
    pub(super) fn draw(&mut self, ui: &mut Ui, theme: &Theme, view: &DeskView) -> Option<Command> {
        let keyed = keys(ui);
        let mut asked = self.bar(ui, theme, view);
        if let Some(said) = &view.said
            && note(ui, theme, said)
        {
            asked = Some(desk(DeskAsk::Dismiss));
        }
        ui.add_space(GAP - 6.0);
        let body = ui.available_rect_before_wrap();
        let (list, wide) = ((body.width() * 0.24).clamp(170.0, 280.0), body.width() > 900.0);
        let left = Rect::from_min_size(body.min, Vec2::new(list, body.height()));
        let rest = Rect::from_min_max(egui::pos2(left.right() + GAP, body.top()), body.max);
        panel_in(ui, theme, left, |ui| asked = asked.take().or(lists(ui, theme, view)));
        if wide {
            let share = (rest.width() * 0.42).clamp(300.0, 420.0);
            let form = Rect::from_min_size(rest.min, Vec2::new(share, rest.height()));
            let right = Rect::from_min_max(egui::pos2(form.right() + GAP, rest.top()), rest.max);
            panel_in(ui, theme, form, |ui| {
                ScrollArea::vertical().id_salt("dbc form").auto_shrink(false).show(ui, |ui| {
                    asked = asked.take().or(fields(ui, theme, view));
                });
            });
            panel_in(ui, theme, right, |ui| asked = asked.take().or(picture(ui, theme, view)));
        } else {
            panel_in(ui, theme, rest, |ui| {
                ScrollArea::vertical().id_salt("dbc form").auto_shrink(false).show(ui, |ui| {
                    asked = asked.take().or(fields(ui, theme, view));
                    ui.add_space(GAP);
                    asked = asked.take().or(parts(ui, theme, view));
                });
            });
        }
        ui.advance_cursor_after_rect(body);
        keyed.or(asked)
    }

    fn bar(&mut self, ui: &mut Ui, theme: &Theme, view: &DeskView) -> Option<Command> {
        let mut asked = None;
        ui.horizontal_wrapped(|ui| {
            let mark = if view.changed { "\u{2022} " } else { "" };
            let title = format!("{mark}{}", view.title);
            ui.label(RichText::new(title).font(fonts::strong(15.0)).color(theme.text));
            if offer(ui, theme, &view.undo, Look::Plain) {
                asked = Some(desk(DeskAsk::Undo));
            }
            if offer(ui, theme, &view.redo, Look::Plain) {
                asked = Some(desk(DeskAsk::Redo));
            }
            if offer(ui, theme, &view.save, Look::Primary) {
                asked = Some(ask(DbcAsk::Save));
            }
            if ui.button("Save as").clicked() {
                asked = Some(Command::Dbc(DbcCommand::BrowseSave(view.title.clone())));
            }
            if ui
                .button("Save as UTF-8")
                .on_hover_text("Writes the file as UTF-8 from now on.")
                .clicked()
            {
                asked = Some(desk(DeskAsk::AsUtf8));
            }
            if let Some(first) = view.buses.first() {
                if !view.buses.contains(&self.bus) {
                    self.bus.clone_from(first);
                }
                let buses: Vec<(String, String)> =
                    view.buses.iter().map(|bus| (bus.clone(), bus.clone())).collect();
                let shown = self.bus.clone();
                choice(ui, "Bus", (&shown, 90.0), &mut self.bus, &buses);
                let hover = "The bus is read by this file from now on, and so says the profile.";
                if ui.button("Use on this bus").on_hover_text(hover).clicked() {
                    asked = Some(ask(DbcAsk::Assign(self.bus.clone())));
                }
            }
            if ui
                .button(format!("{}  Close", icons::CLOSE))
                .accessible_name("Close the file")
                .clicked()
            {
                asked = Some(ask(DbcAsk::Close));
            }
        });
        line(ui, &view.about, fonts::text(12.0), theme.muted);
        asked
    }
}

/// Ctrl+Z, Ctrl+Shift+Z or Ctrl+Y, and Ctrl+S. They are taken before a field takes them: a field would
/// undo its own letters only.
fn keys(ui: &Ui) -> Option<Command> {
    if !ui.is_enabled() {
        return None;
    }
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    if pressed(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z) || pressed(Modifiers::COMMAND, Key::Y)
    {
        return Some(desk(DeskAsk::Redo));
    }
    if pressed(Modifiers::COMMAND, Key::Z) {
        return Some(desk(DeskAsk::Undo));
    }
    pressed(Modifiers::COMMAND, Key::S).then(|| ask(DbcAsk::Save))
}

/// What the captions and buttons of both lists take together.
const LIST_ROWS: f32 = 150.0;

fn lists(ui: &mut Ui, theme: &Theme, view: &DeskView) -> Option<Command> {
    let mut asked = None;
    let half = (ui.available_height() - LIST_ROWS).max(120.0) / 2.0;
    let of_messages = ("Messages", view.messages.as_slice(), view.message);
    let mut add_or_remove = |ui: &mut Ui, words: (&str, &str), asks: (DeskAsk, DeskAsk)| {
        ui.horizontal(|ui| {
            if ui.button("Add").accessible_name(words.0).clicked() {
                asked = Some(desk(asks.0));
            }
            let text = RichText::new("Remove").color(theme.fault);
            if ui.button(text).accessible_name(words.1).clicked() {
                asked = Some(desk(asks.1));
            }
        });
    };
    let message = list(ui, theme, of_messages, half);
    add_or_remove(
        ui,
        ("Add a message", "Remove the message"),
        (DeskAsk::AddMessage, DeskAsk::RemoveMessage),
    );
    ui.add_space(6.0);
    let of_signals = ("Signals", view.signals.as_slice(), view.signal);
    let signal = list(ui, theme, of_signals, half);
    add_or_remove(
        ui,
        ("Add a signal", "Remove the signal"),
        (DeskAsk::AddSignal, DeskAsk::RemoveSignal),
    );
    if let Some(at) = message {
        asked = Some(desk(DeskAsk::Select(at, None)));
    } else if let Some((message, at)) = view.message.zip(signal) {
        asked = Some(desk(DeskAsk::Select(message, Some(at))));
    }
    asked
}

fn list(
    ui: &mut Ui,
    theme: &Theme,
    (title, rows, chosen): (&str, &[DeskRow], Option<usize>),
    height: f32,
) -> Option<usize> {
    let mut pressed = None;
    caption(ui, theme, title);
    let area = ScrollArea::vertical().id_salt(title).auto_shrink(false).max_height(height);
    area.show_rows(ui, 24.0, rows.len(), |ui, range| {
        for (at, one) in rows.iter().enumerate().skip(range.start).take(range.len()) {
            let size = Vec2::new(ui.available_width(), 24.0);
            let (rect, response) = ui.allocate_exact_size(size, Sense::click());
            name(&response, Role::ListItem, &format!("{} {}", one.name, one.small));
            let is_chosen = chosen == Some(at);
            if is_chosen || response.hovered() {
                let fill = if is_chosen { theme.accent_soft } else { theme.hover };
                ui.painter().rect_filled(rect, 5.0, fill);
            }
            let inner = rect.shrink2(Vec2::new(6.0, 0.0));
            let layout = Layout::left_to_right(Align::Center);
            let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout));
            if one.tone != Tone::Plain {
                let icon = RichText::new(icons::WARNING).color(theme.tone(one.tone));
                inside.label(icon.font(fonts::text(12.0)));
            }
            let small = RichText::new(&one.small).font(fonts::mono(11.0)).color(theme.muted);
            inside.label(small);
            line(&mut inside, &one.name, fonts::text(12.5), theme.text);
            if response.clicked() {
                pressed = Some(at);
            }
        }
    });
    pressed
}

fn fields(ui: &mut Ui, theme: &Theme, view: &DeskView) -> Option<Command> {
    let mut asked = None;
    let title = match (view.message, view.signal) {
        (None, _) => "Add a message to begin.",
        (Some(_), None) => "Message",
        (Some(_), Some(_)) => "Signal",
    };
    caption(ui, theme, title);
    for shown in &view.fields {
        // Told apart by what is chosen, so that no letters move to another signal.
        ui.push_id((view.message, view.signal, shown.field as u8), |ui| {
            asked = asked.take().or(one_field(ui, theme, shown));
        });
    }
    asked
}

fn one_field(ui: &mut Ui, theme: &Theme, shown: &DeskField) -> Option<Command> {
    let mut text = shown.text.clone();
    let mut left = false;
    let changed = row(ui, theme, &shown.label, |ui| match &shown.form {
        FieldForm::Line | FieldForm::Lines => {
            let is_line = shown.form == FieldForm::Line;
            let field = match is_line {
                true => TextEdit::singleline(&mut text),
                false => TextEdit::multiline(&mut text).desired_rows(2),
            };
            let width = ui.available_width().min(300.0) - 20.0;
            let field = field.desired_width(width).margin(egui::Margin::symmetric(8, 5));
            let response = ui.add(field.char_limit(20_000)).accessible_name(&shown.label);
            left = response.lost_focus();
            response.changed()
        }
        FieldForm::Choice(options) => {
            let options: Vec<(String, String)> =
                options.iter().map(|one| (one.clone(), one.clone())).collect();
            choice(ui, &shown.label, (&shown.text, 150.0), &mut text, &options)
        }
    });
    if !shown.wrong.is_empty() {
        paragraph(ui, &shown.wrong, theme.tone(shown.tone));
    }
    if changed {
        return Some(desk(DeskAsk::Type(shown.field, text)));
    }
    left.then(|| desk(DeskAsk::Leave))
}

fn picture(ui: &mut Ui, theme: &Theme, view: &DeskView) -> Option<Command> {
    let area = ScrollArea::vertical().id_salt("dbc picture").auto_shrink(false);
    area.show(ui, |ui| parts(ui, theme, view)).inner
}

fn parts(ui: &mut Ui, theme: &Theme, view: &DeskView) -> Option<Command> {
    let mut asked = None;
    caption(ui, theme, "Where the bits lie");
    if view.message.is_some() {
        let chosen = view.signal.map(|at| at as u16);
        let touched = bits::draw(ui, theme, &view.layout, chosen);
        asked = match (touched, view.message) {
            (Some(Touched::Pressed(signal)), Some(message)) => {
                Some(desk(DeskAsk::Select(message, Some(usize::from(signal)))))
            }
            (Some(Touched::Dropped(signal, bit)), _) => {
                Some(desk(DeskAsk::Move(usize::from(signal), bit)))
            }
            (Some(Touched::Pressed(_)), None) | (None, _) => None,
        };
        line(ui, "Drag a signal to move it.", fonts::text(11.5), theme.muted);
    }
    ui.add_space(GAP);
    caption(ui, theme, "Problems");
    if view.problems.is_empty() {
        line(ui, "Nothing is wrong with this file.", fonts::text(12.5), theme.muted);
    }
    for problem in &view.problems {
        let text = match problem.line.place.is_empty() {
            true => problem.line.text.clone(),
            false => format!("{}: {}", problem.line.place, problem.line.text),
        };
        let text = RichText::new(text).font(fonts::text(12.0)).color(theme.tone(problem.line.tone));
        let sense = if problem.at.is_some() { Sense::click() } else { Sense::hover() };
        let label = ui.add(egui::Label::new(text).wrap().sense(sense));
        if let Some((message, signal)) = problem.at.filter(|_| label.clicked()) {
            asked = Some(desk(DeskAsk::Select(message, signal)));
        }
    }
    asked
}

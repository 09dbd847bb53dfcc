//! The messages that the profile keeps: each can be sent, started, loaded into the fields above or
//! forgotten; a key of its own sends one while nobody types in a field.

use egui::{Align, Color32, Event, FontId, Key, Layout, Pos2, Rect, Sense, Ui, UiBuilder, Vec2};

use super::editor::{remark, spoken};
use super::send::submit;
use crate::desktop::ask::SendAsk;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{Look, named_offer};
use crate::desktop::widgets::panel::panel;
use crate::desktop::widgets::text::cut;
use crate::view::offer::Offer;
use crate::view::sending::{KeptRow, SendPrefs, SendView};

/// Height of a row.
const ROW: f32 = 46.0;
/// Room for its buttons.
const BUTTONS: f32 = 300.0;

/// Draws the panel; loading one changes `prefs`.
pub(super) fn draw(
    ui: &mut Ui,
    theme: &Theme,
    view: &SendView,
    prefs: &mut SendPrefs,
) -> Option<Command> {
    panel(ui, theme, "Kept in the profile", |ui| {
        if view.kept.is_empty() {
            remark(
                ui,
                theme,
                "None. A frame that is kept is listed here under its name, ready to be sent; it is \
                 never sent by itself.",
            );
        }
        let mut asked = None;
        for row in &view.kept {
            let drawn = kept(ui, theme, row, prefs);
            asked = asked.or(drawn);
        }
        asked
    })
}

/// The message whose key was pressed, where it can be sent now.
pub(super) fn keys(ui: &Ui, view: &SendView) -> Option<Command> {
    // A button that was pressed last keeps the focus; only what is typed into a field is no key.
    if ui.ctx().text_edit_focused() || !ui.is_enabled() {
        return None;
    }
    let pressed = |wanted: Key| {
        let is = |event: &Event| match event {
            Event::Key { key, pressed, repeat, modifiers, .. } => {
                *key == wanted && *pressed && !*repeat && modifiers.is_none()
            }
            _ => false,
        };
        ui.input(|input| input.events.iter().any(is))
    };
    let row = view
        .kept
        .iter()
        .find(|row| row.send.is_open() && Key::from_name(&row.key).is_some_and(pressed))?;
    Some(submit(SendAsk::SendKept(row.name.clone())))
}

fn kept(ui: &mut Ui, theme: &Theme, row: &KeptRow, prefs: &mut SendPrefs) -> Option<Command> {
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, ROW), Sense::hover());
    spoken(&response, &format!("Kept message {} on {}, {}", row.name, row.bus, row.how));
    ui.painter().hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, theme.line));
    let room = width - BUTTONS;
    let text =
        |ui: &Ui, (from, to): (f32, f32), y: f32, text: &str, font: FontId, colour: Color32| {
            let galley = cut(ui, text, font, (to - from) * room - 10.0);
            let at = Pos2::new(rect.left() + from * room, rect.top() + y - galley.size().y / 2.0);
            ui.painter().galley(at, galley, colour);
        };
    let what = format!("{} {} {}", row.bus, row.id, row.message);
    text(ui, (0.0, 0.26), 15.0, &row.name, fonts::strong(13.0), theme.text);
    text(ui, (0.26, 0.64), 15.0, &what, fonts::mono(12.0), theme.text);
    text(ui, (0.64, 1.0), 15.0, &row.data, fonts::mono(12.0), theme.text);
    let key = match row.key.as_str() {
        "" => String::new(),
        key => format!("; key {key}"),
    };
    text(ui, (0.0, 1.0), 34.0, &format!("{}{key}", row.how), fonts::text(12.0), theme.muted);
    let place = Rect::from_min_max(Pos2::new(rect.right() - BUTTONS, rect.top()), rect.max);
    let layout = Layout::right_to_left(Align::Center);
    let mut buttons = ui.new_child(UiBuilder::new().max_rect(place).layout(layout));
    let name = &row.name;
    let mut asked = None;
    let forget = format!("Forget {name}");
    if named_offer(&mut buttons, theme, &row.forget, Look::Plain, &forget) {
        asked = Some(submit(SendAsk::ForgetKept(name.clone())));
    }
    let load = format!("Load {name}");
    if named_offer(&mut buttons, theme, &Offer::open("Load"), Look::Plain, &load) {
        prefs.clone_from(&row.draft);
    }
    let offers = [
        (&row.start, format!("Start {name}"), SendAsk::StartKept(name.clone())),
        (&row.send, format!("Send {name}"), SendAsk::SendKept(name.clone())),
    ];
    for (offer, spoken, ask) in offers {
        if named_offer(&mut buttons, theme, offer, Look::Plain, &spoken) {
            asked = Some(submit(ask));
        }
    }
    asked
}

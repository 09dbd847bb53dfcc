//! The frames that are sent again and again: what each is, how it is doing, and what stops it or
//! starts it again.

use egui::{Align, Color32, FontId, Layout, Pos2, Rect, Sense, Ui, UiBuilder, Vec2};

use super::editor::{remark, spoken};
use super::send::submit;
use crate::desktop::ask::SendAsk;
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{Look, named_offer};
use crate::desktop::widgets::panel::panel;
use crate::desktop::widgets::text::cut;
use crate::view::sending::{ScheduleRow, SendView};

/// Height of a row.
const ROW: f32 = 46.0;
/// Room for its buttons.
const BUTTONS: f32 = 150.0;

/// Draws the panel.
pub(super) fn draw(ui: &mut Ui, theme: &Theme, view: &SendView) -> Option<Command> {
    panel(ui, theme, "Scheduled frames", |ui| {
        if view.schedules.is_empty() {
            remark(
                ui,
                theme,
                "None. A frame that is sent every so many milliseconds is listed here.",
            );
        }
        let mut asked = None;
        for row in &view.schedules {
            let drawn = schedule(ui, theme, row);
            asked = asked.or(drawn);
        }
        asked
    })
}

fn schedule(ui: &mut Ui, theme: &Theme, row: &ScheduleRow) -> Option<Command> {
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, ROW), Sense::hover());
    let says = format!("Schedule {} on {}, {}, {} sent", row.name, row.bus, row.state, row.sent);
    spoken(&response, &says);
    ui.painter().hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, theme.line));
    let room = width - BUTTONS;
    let text =
        |ui: &Ui, (from, to): (f32, f32), y: f32, text: &str, font: FontId, colour: Color32| {
            let galley = cut(ui, text, font, (to - from) * room - 10.0);
            let at = Pos2::new(rect.left() + from * room, rect.top() + y - galley.size().y / 2.0);
            ui.painter().galley(at, galley, colour);
        };
    let dot = Pos2::new(rect.left() + 4.0, rect.top() + 15.0);
    ui.painter().circle_filled(dot, 4.0, theme.lamp(row.tone));
    let what =
        if row.message.is_empty() { row.id.clone() } else { format!("{} {}", row.id, row.message) };
    let plain = theme.text;
    text(ui, (0.02, 0.22), 15.0, &row.name, fonts::strong(13.0), plain);
    text(ui, (0.22, 0.48), 15.0, &what, fonts::mono(12.0), plain);
    text(ui, (0.48, 0.78), 15.0, &row.data, fonts::mono(12.0), plain);
    text(ui, (0.78, 0.89), 15.0, &row.every, fonts::mono(12.0), plain);
    text(ui, (0.89, 1.0), 15.0, &row.sent, fonts::mono(12.0), plain);
    let below = match row.health.is_empty() {
        true => row.hangs.clone(),
        false => format!("{}; {}", row.health, row.hangs),
    };
    text(ui, (0.02, 0.3), 34.0, &row.state, fonts::text(12.0), theme.tone(row.tone));
    text(ui, (0.3, 1.0), 34.0, &below, fonts::text(12.0), theme.muted);
    let place = Rect::from_min_max(Pos2::new(rect.right() - BUTTONS, rect.top()), rect.max);
    let layout = Layout::right_to_left(Align::Center);
    let mut buttons = ui.new_child(UiBuilder::new().max_rect(place).layout(layout));
    let name = &row.name;
    let offers = [
        (&row.stop, format!("Stop {name}"), SendAsk::Stop(name.clone())),
        (&row.forget, format!("Forget {name}"), SendAsk::Forget(name.clone())),
        (&row.again, format!("Start {name} again"), SendAsk::Again(name.clone())),
    ];
    let mut asked = None;
    for (offer, spoken, ask) in offers {
        let Some(offer) = offer else { continue };
        if named_offer(&mut buttons, theme, offer, Look::Plain, &spoken) {
            asked = Some(submit(ask));
        }
    }
    asked
}

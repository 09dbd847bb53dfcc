//! The Sessions page: who is signed in, from where, since when.

use egui::{RichText, Ui};

use crate::desktop::ask::{Ask, Place};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::pages::admin::Shared;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::list::{self, Head, Table};
use crate::desktop::widgets::panel::{GAP, panel_in};
use crate::desktop::widgets::text::line;
use crate::view::sessions::{SessionRow, SessionsView};

/// Room from which on the browser's name is shown.
const WITH_AGENT: f32 = 1040.0;

/// Draws the page.
pub(super) fn draw(
    ui: &mut Ui,
    theme: &Theme,
    view: &SessionsView,
    shared: &mut Shared,
) -> Option<Command> {
    ui.horizontal(|ui| {
        ui.set_min_height(30.0);
        pages::title(ui, theme, "Sessions");
        line(ui, &view.summary, fonts::text(12.0), theme.muted);
    });
    shared.answers(ui, theme, Place::Sessions);
    if !view.people.is_empty() {
        people(ui, theme, view, shared);
    }
    ui.add_space(GAP - 6.0);
    let body = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(body);
    panel_in(ui, theme, body, |ui| {
        if view.rows.is_empty() {
            pages::empty(ui, theme, icons::KEY, &view.empty);
            return None;
        }
        rows(ui, theme, view, shared)
    })
}

/// Everybody who is signed in, each with a button that ends all of their sessions.
fn people(ui: &mut Ui, theme: &Theme, view: &SessionsView, shared: &mut Shared) {
    ui.horizontal_wrapped(|ui| {
        for person in &view.people {
            let words = format!("{} \u{b7} {}", person.name, person.sessions);
            ui.label(RichText::new(words).font(fonts::text(13.0)).color(theme.text));
            let name = format!("Sign {} out everywhere", person.name);
            if form::named_offer(ui, theme, &person.end_all.offer, Look::Plain, &name) {
                let ask = Ask::EndSessions(person.account, Place::Sessions);
                shared.confirm(&person.end_all, ask);
            }
            ui.add_space(12.0);
        }
    });
}

fn rows(ui: &mut Ui, theme: &Theme, view: &SessionsView, shared: &mut Shared) -> Option<Command> {
    // A narrow window leaves out what the other side calls itself: it shows where it comes from.
    let wide = ui.available_width() >= WITH_AGENT;
    let mut heads = vec![
        Head::plain("Who", Some(100.0)),
        Head::plain("From", None),
        Head::plain("Since", Some(122.0)),
        Head::plain("Last used", Some(84.0)),
        Head::plain("Ends", Some(122.0)),
        Head::plain("State", Some(150.0)),
        Head::plain("", Some(58.0)),
    ];
    if wide {
        heads.insert(2, Head::plain("With", Some(190.0)));
    }
    let rows = view.rows.len();
    let table = Table { id: "sessions", heads: &heads, rows, height: 36.0, least: 820.0 };
    let mut asked = None;
    list::table(ui, theme, &table, |at, line| {
        let Some(row) = view.rows.get(at) else { return };
        let plain = if row.ended { theme.muted } else { theme.text };
        list::cell(line, &row.who, fonts::strong(13.0), plain, "");
        let from = format!("{}\n{}", row.from, row.agent_hover);
        list::cell(line, &row.from, fonts::text(13.0), plain, &from);
        if wide {
            list::cell(line, &row.agent, fonts::text(13.0), theme.muted, &row.agent_hover);
        }
        list::cell(line, &row.since, fonts::mono(12.0), theme.muted, "");
        list::cell(line, &row.last_used, fonts::text(12.5), plain, "");
        list::cell(line, &row.ends, fonts::text(12.5), theme.muted, "");
        list::status(line, theme, &row.state);
        line.col(|ui| {
            if let Some(command) = end(ui, theme, row, shared) {
                asked = Some(command);
            }
        });
        let spoken = format!("{}, {}, {}, {}", row.who, row.from, row.last_used, row.state.word);
        list::finish(line, theme, &spoken);
    });
    asked
}

fn end(ui: &mut Ui, theme: &Theme, row: &SessionRow, shared: &mut Shared) -> Option<Command> {
    let offer = row.end.as_ref()?;
    let name = format!("End the session of {} from {}", row.who, row.from);
    let pressed = form::named_offer(ui, theme, offer, Look::Plain, &name);
    if !pressed {
        return None;
    }
    shared.ask(Ask::EndSession { account: row.account, id: row.id })
}

//! What can be done to an account besides editing it: links, passwords, status, sessions, tokens.

use egui::{RichText, Ui};

use crate::desktop::ask::{Ask, Place};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::pages::admin::Shared;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::chip;
use crate::desktop::widgets::form::{self, Look, Ticked};
use crate::desktop::widgets::text::{caption, paragraph};
use crate::engine::{MustChangeIt, Purpose, Right, Rights, Secret, Status};
use crate::view::compose::users::toggled;
use crate::view::offer::{Grave, Offer};
use crate::view::tokens::TokenRow;
use crate::view::users::UserEditor;

/// What is open below the buttons.
#[derive(Default)]
pub(super) enum Extra {
    /// Nothing.
    #[default]
    None,
    /// A temporary password, as typed so far.
    Password(String),
    /// A new token.
    Token {
        /// Its name.
        name: String,
        /// What it allows.
        rights: Rights,
        /// How long it lives.
        days: u32,
    },
}

/// Draws the buttons and what they open. `rule` says what a password must be like.
pub(super) fn draw(
    ui: &mut Ui,
    theme: &Theme,
    editor: &UserEditor,
    extra: &mut Extra,
    (rule, shared): (&str, &mut Shared),
) -> Option<Command> {
    let mut asked = buttons(ui, theme, editor, extra, shared);
    if let Extra::Password(typed) = extra {
        asked = asked.or(password(ui, theme, editor, typed, (rule, shared)));
    }
    ui.add_space(8.0);
    caption(ui, theme, "Tokens");
    for row in &editor.tokens.rows {
        token(ui, theme, row, shared);
    }
    if editor.tokens.rows.is_empty() {
        paragraph(ui, &editor.tokens.empty, theme.muted);
    }
    if let Extra::Token { name, rights, days } = extra {
        asked = asked.or(new_token(ui, theme, editor, (name, rights, days), shared));
    } else if form::offer(ui, theme, &editor.tokens.create, Look::Plain) {
        let days = editor.tokens.lives.first().map_or(90, |(days, _)| *days);
        *extra =
            Extra::Token { name: String::new(), rights: Rights::of(&[Right::ReadSettings]), days };
    }
    asked
}

fn buttons(
    ui: &mut Ui,
    theme: &Theme,
    editor: &UserEditor,
    extra: &mut Extra,
    shared: &mut Shared,
) -> Option<Command> {
    let (id, version) = (editor.id, editor.version);
    let mut wanted = None;
    ui.horizontal_wrapped(|ui| {
        let mut press = |ui: &mut Ui, offer: Option<&Offer>, ask: Ask| {
            if offer.is_some_and(|offer| form::offer(ui, theme, offer, Look::Plain)) {
                wanted = Some(ask);
            }
        };
        press(ui, editor.invite.as_ref(), Ask::MakeLink { id, purpose: Purpose::Invitation });
        press(ui, editor.reset.as_ref(), Ask::MakeLink { id, purpose: Purpose::Reset });
        let enable = Ask::SetStatus { id, version, status: Status::Active };
        press(ui, editor.enable.as_ref(), enable);
        press(ui, editor.lift_wait.as_ref(), Ask::LiftWait(id));
        let temporary = editor.temporary.as_ref();
        if temporary.is_some_and(|offer| form::offer(ui, theme, offer, Look::Plain)) {
            *extra = Extra::Password(String::new());
        }
        let disable = Ask::SetStatus { id, version, status: Status::Disabled };
        let graves = [
            (Some(&editor.end_sessions), Ask::EndSessions(id, Place::User)),
            (editor.disable.as_ref(), disable),
            (Some(&editor.delete), Ask::DeleteUser { id, version }),
        ];
        for (grave, ask) in graves {
            if let Some(grave) = grave {
                press_grave(ui, theme, grave, (&grave.offer.label, ask), shared);
            }
        }
    });
    wanted.and_then(|ask| shared.ask(ask))
}

fn press_grave(
    ui: &mut Ui,
    theme: &Theme,
    grave: &Grave,
    (name, ask): (&str, Ask),
    shared: &mut Shared,
) {
    if form::named_offer(ui, theme, &grave.offer, Look::Grave, name) {
        shared.confirm(grave, ask);
    }
}

fn password(
    ui: &mut Ui,
    theme: &Theme,
    editor: &UserEditor,
    typed: &mut String,
    (rule, shared): (&str, &mut Shared),
) -> Option<Command> {
    ui.add_space(6.0);
    caption(ui, theme, "Temporary password");
    let field = form::secret_field(ui, theme, "Temporary password to set", typed);
    let words = format!("{rule} It must be changed at the next sign-in; all sessions end now.");
    paragraph(ui, &words, theme.muted);
    let offer = if typed.is_empty() {
        Offer::shut("Set it", "Type a password first.")
    } else {
        Offer::open("Set it")
    };
    let pressed = form::named_offer(ui, theme, &offer, Look::Primary, "Set the password");
    if !(pressed || form::entered(ui, &field) && offer.is_open()) {
        return None;
    }
    shared.ask(Ask::GivePassword {
        id: editor.id,
        version: editor.version,
        name: editor.name.clone(),
        password: Secret::new(std::mem::take(typed)),
        must_change: MustChangeIt::Yes,
    })
}

fn token(ui: &mut Ui, theme: &Theme, row: &TokenRow, shared: &mut Shared) {
    ui.horizontal_wrapped(|ui| {
        let over = row.revoke.is_none();
        let colour = if over { theme.muted } else { theme.text };
        ui.label(RichText::new(&row.name).font(fonts::strong(13.0)).color(colour));
        let words =
            format!("{} \u{b7} until {} \u{b7} used {}", row.state.word, row.expires, row.used);
        let text = RichText::new(words).font(fonts::text(12.0)).color(theme.muted);
        ui.label(text).on_hover_text(&row.state.hover);
        if let Some(grave) = &row.revoke {
            let name = format!("Revoke the token {}", row.name);
            let ask = Ask::RevokeToken { account: row.account, id: row.id };
            press_grave(ui, theme, grave, (&name, ask), shared);
        }
    });
    ui.horizontal(|ui| chip::permissions(ui, theme, &row.permissions));
    ui.add_space(4.0);
}

fn new_token(
    ui: &mut Ui,
    theme: &Theme,
    editor: &UserEditor,
    (name, rights, days): (&mut String, &mut Rights, &mut u32),
    shared: &mut Shared,
) -> Option<Command> {
    caption(ui, theme, "New token");
    form::row(ui, theme, "Name", |ui| {
        form::line_field(ui, theme, "Name of the token", name, "pit screen");
    });
    form::row(ui, theme, "Works for", |ui| {
        let shown = editor.tokens.lives.iter().find(|(life, _)| life == days);
        let shown = shown.map_or_else(String::new, |(_, words)| words.clone());
        form::choice(ui, "Works for", (&shown, 140.0), days, &editor.tokens.lives);
    });
    for choice in &editor.tokens.rights {
        let on = Ticked::from(rights.contains(choice.right));
        let words = format!("Token: {}", choice.words);
        if form::tick(ui, theme, on, (&words, ""), choice.fixed.as_deref()) {
            *rights = toggled(*rights, choice.right);
        }
    }
    let offer = if name.trim().is_empty() {
        Offer::shut("Make the token", "Type a name first.")
    } else {
        Offer::open("Make the token")
    };
    if !form::offer(ui, theme, &offer, Look::Primary) {
        return None;
    }
    let held: Vec<_> = rights.iter().collect();
    shared.ask(Ask::NewToken {
        account: editor.id,
        owner: editor.name.clone(),
        name: name.trim().to_owned(),
        rights: Rights::of_account(&held),
        days: *days,
    })
}

//! Keys that work on every page, what stops at once, and how the window closes.

use egui::{Key, Modifiers, Ui};

use super::App;
use crate::desktop::ask::{ChargeAsk, SendAsk};
use crate::desktop::command::{Command, LogCommand, Page};
use crate::desktop::source::{Intent, PlayerIntent};
use crate::desktop::theme::Theme;
use crate::view::offer::Question;

impl App {
    /// Stops whatever charges: at once, whatever lies on top, and without asking.
    pub(super) fn stop(&mut self) {
        self.charge.let_go();
        self.source.submit(Intent::Charge(ChargeAsk::Stop));
    }

    /// Ends sending by hand, whatever lies on top, and without asking.
    pub(super) fn silence(&mut self) {
        self.can.let_go();
        self.source.submit(Intent::Send(SendAsk::Silence(None)));
    }

    /// F12 and F11, before anything else may take them; held down they count once.
    pub(super) fn stop_keys(&mut self, ctx: &egui::Context) {
        let pressed = |wanted| {
            ctx.input(|i| {
                i.events.iter().any(|event| {
                    matches!(
                        event,
                        egui::Event::Key { key, pressed: true, repeat: false, .. } if *key == wanted
                    )
                })
            })
        };
        if pressed(Key::F12) {
            self.stop();
            ctx.request_repaint();
        }
        if pressed(Key::F11) {
            self.silence();
            ctx.request_repaint();
        }
    }

    /// A window that charges or makes a backup asks before it closes.
    pub(super) fn hold(&mut self, ctx: &egui::Context) {
        if !ctx.input(|i| i.viewport().close_requested()) || self.leaving {
            return;
        }
        if let Some(question) = self.closing_question() {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.closing = Some(question);
        }
    }

    /// What is asked before the window closes; of several things that would end, all are told.
    pub(super) fn closing_question(&self) -> Option<Question> {
        match (self.source.closing(), self.admin.closing()) {
            (Some(source), Some(admin)) => Some(Question {
                title: source.title,
                text: format!("{} {}", source.text, admin.text),
                confirm: source.confirm,
            }),
            (one, other) => one.or(other),
        }
    }

    /// What the button says that leaves the window open.
    pub(super) const fn stays(&self) -> &'static str {
        match self.seen.chrome.stop {
            Some(_) => "Keep charging",
            None => "Keep the window open",
        }
    }

    /// Stops, and closes the window: the engine ends when the stop has ended.
    pub(super) fn leave(&mut self, ctx: &egui::Context) {
        self.closing = None;
        self.leaving = true;
        self.stop();
        ctx.send_viewport_cmd(egui::ViewportCommand::Close);
    }

    /// Keys that work on every page.
    pub(super) fn keys(&self, ctx: &egui::Context) -> Option<Command> {
        let pressed = |m, key| ctx.input_mut(|i| i.consume_key(m, key));
        if pressed(Modifiers::COMMAND, Key::K) {
            return Some(Command::Palette);
        }
        if pressed(Modifiers::COMMAND, Key::L) {
            return Some(Command::Log(LogCommand::Browse));
        }
        if pressed(Modifiers::NONE, Key::F1) {
            return Some(Command::Help);
        }
        if pressed(Modifiers::COMMAND, Key::Q) {
            return Some(Command::Quit);
        }
        if let Some(page) = Page::ALL.into_iter().find(|p| pressed(Modifiers::COMMAND, p.key())) {
            return Some(Command::Go(page));
        }
        let player = self.seen.chrome.player.as_ref()?;
        // There, the same key is for what is replayed.
        let free =
            self.overlay.is_none() && !self.replays_here() && !ctx.egui_wants_keyboard_input();
        if free && player.toggle.is_open() && pressed(Modifiers::NONE, Key::Space) {
            return Some(Command::Submit(Intent::Player(PlayerIntent::Toggle)));
        }
        None
    }

    /// Esc closes sentences where nothing on the page has used it.
    pub(super) fn close_notes(&self, ctx: &egui::Context) -> Option<Command> {
        let any = self.seen.chrome.notes.iter().any(|note| note.closable);
        let pressed = any && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        pressed.then_some(Command::Submit(Intent::DismissNotes))
    }
}

/// While a file is held over the window: what happens when it is let go.
pub(super) fn dropping(ui: &Ui, theme: &Theme) {
    if ui.input(|i| i.raw.hovered_files.is_empty()) {
        return;
    }
    let window = ui.ctx().content_rect();
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("dropping"));
    let painter = ui.ctx().layer_painter(layer);
    painter.rect_filled(window, 0.0, theme.rail.gamma_multiply(0.85));
    let text = "Drop a recording to look at it, a DBC file to decode the one that is shown with it, or a \
                profile pack";
    let font = crate::desktop::fonts::strong(22.0);
    let room = (window.width() - 80.0).max(160.0);
    let galley = painter.layout(text.to_owned(), font, theme.text, room);
    painter.galley(window.center() - galley.size() / 2.0, galley, theme.text);
}

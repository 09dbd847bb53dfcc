//! The boxes on top of the Admin pages: a question before something grave, and what is shown this
//! once.

use egui::{Id, Key, Modal, Modifiers, RichText, TextEdit};

use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::paragraph;
use crate::view::offer::Question;
use crate::view::users::ShownOnce;

/// What a question came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Not answered yet.
    Open,
    /// Leave it.
    Cancelled,
    /// Do it.
    Confirmed,
}

/// Asks. Enter and Esc leave it; only a click or the space bar on its own button does it.
pub(super) fn question(ctx: &egui::Context, theme: &Theme, question: &Question) -> Reply {
    let entered = ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
    let width = (ctx.content_rect().width() - 40.0).min(460.0);
    let mut reply = if entered { Reply::Cancelled } else { Reply::Open };
    let modal = Modal::new(Id::unique("question")).frame(frame(theme)).show(ctx, |ui| {
        ui.set_width(width);
        ui.label(RichText::new(&question.title).font(fonts::strong(16.0)).color(theme.text));
        ui.add_space(4.0);
        paragraph(ui, &question.text, theme.text);
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            let cancel = ui.button("Cancel");
            if ui.memory(|m| m.focused().is_none()) {
                cancel.request_focus();
            }
            if cancel.clicked() {
                reply = Reply::Cancelled;
            }
            let words = RichText::new(&question.confirm).font(fonts::strong(13.0));
            let button = egui::Button::new(words.color(theme.on_fault)).fill(theme.fault);
            if ui.add(button).clicked() {
                reply = Reply::Confirmed;
            }
        });
    });
    if reply == Reply::Open && modal.should_close() { Reply::Cancelled } else { reply }
}

fn frame(theme: &Theme) -> egui::Frame {
    egui::Frame::new()
        .fill(theme.panel)
        .stroke(egui::Stroke::new(1.0, theme.line))
        .corner_radius(10)
        .inner_margin(egui::Margin::same(18))
}

/// What is shown this once, and whether it was copied.
pub(super) struct Once {
    shown: ShownOnce,
    copied: bool,
}

impl Once {
    pub(super) const fn new(shown: ShownOnce) -> Self {
        Self { shown, copied: false }
    }
}

/// Shows it. Returns whether it was closed; a click beside it does not close it.
pub(super) fn once(ctx: &egui::Context, theme: &Theme, once: &mut Once) -> bool {
    let width = (ctx.content_rect().width() - 40.0).min(560.0);
    let mut closed = ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
    Modal::new(Id::unique("shown once")).frame(frame(theme)).show(ctx, |ui| {
        ui.set_width(width);
        let Once { shown, copied } = once;
        ui.label(RichText::new(&shown.title).font(fonts::strong(16.0)).color(theme.text));
        ui.add_space(4.0);
        paragraph(ui, &shown.sentence, theme.text);
        ui.add_space(8.0);
        let mut text = shown.secret.reveal();
        let field = TextEdit::multiline(&mut text)
            .font(fonts::mono(12.5))
            .desired_rows(2)
            .desired_width(width)
            .margin(egui::Margin::symmetric(10, 8));
        ui.add(field).accessible_name(shown.label);
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let words = format!("Copy the {}", shown.label.to_lowercase());
            let label = format!("{}  {words}", icons::COPY);
            if ui.add(pages::primary(theme, &label)).accessible_name(words).clicked() {
                ui.ctx().copy_text(shown.secret.reveal().to_owned());
                *copied = true;
            }
            if ui.button("Close").clicked() {
                closed = true;
            }
            if *copied {
                ui.label(RichText::new("Copied").color(theme.ok));
            }
        });
    });
    closed
}

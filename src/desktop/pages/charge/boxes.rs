//! The boxes on top of the Charge page: the safety text, and what is asked before contactors close
//! or a window that charges.

use egui::{Id, Key, Modal, Modifiers, RichText, ScrollArea};

use crate::desktop::fonts;
use crate::desktop::pages;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::paragraph;
use crate::view::compose::charge::{SAFETY_CONFIRM, SAFETY_TITLE};
use crate::view::offer::Question;

/// What a question came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Not answered yet.
    Open,
    /// Leave it.
    Cancelled,
    /// Do it.
    Confirmed,
}

/// What the safety text came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// It is being read.
    Open,
    /// Not now.
    Later,
    /// It was read.
    Yes,
}

fn frame(theme: &Theme) -> egui::Frame {
    egui::Frame::new()
        .fill(theme.panel)
        .stroke(egui::Stroke::new(1.0, theme.line))
        .corner_radius(10)
        .inner_margin(egui::Margin::same(18))
}

/// Asks. Enter and Esc leave it; only a click or the space bar on its own button does it. `keep` is
/// on the button that leaves it.
pub fn question(ctx: &egui::Context, theme: &Theme, question: &Question, keep: &str) -> Reply {
    let entered = ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
    let width = (ctx.content_rect().width() - 40.0).min(500.0);
    let mut reply = if entered { Reply::Cancelled } else { Reply::Open };
    let modal = Modal::new(Id::unique("charge question")).frame(frame(theme)).show(ctx, |ui| {
        ui.set_width(width);
        ui.label(RichText::new(&question.title).font(fonts::strong(16.0)).color(theme.text));
        ui.add_space(4.0);
        paragraph(ui, &question.text, theme.text);
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            let keep = ui.button(keep);
            if ui.memory(|m| m.focused().is_none()) {
                keep.request_focus();
            }
            if keep.clicked() {
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

/// Shows the safety text. Neither Enter nor a click beside it counts as reading it.
pub(super) fn safety(ctx: &egui::Context, theme: &Theme, text: &str) -> Read {
    let entered = ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
    let window = ctx.content_rect();
    let mut read = if entered { Read::Later } else { Read::Open };
    let modal = Modal::new(Id::unique("safety text")).frame(frame(theme)).show(ctx, |ui| {
        ui.set_width((window.width() - 40.0).min(560.0));
        ui.label(RichText::new(SAFETY_TITLE).font(fonts::strong(18.0)).color(theme.text));
        ui.add_space(4.0);
        let most = (window.height() - 220.0).max(120.0);
        ScrollArea::vertical().id_salt("safety").max_height(most).show(ui, |ui| {
            for part in text.split("\n\n") {
                paragraph(ui, part, theme.text);
                ui.add_space(8.0);
            }
        });
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let later = ui.button("Later");
            if ui.memory(|m| m.focused().is_none()) {
                later.request_focus();
            }
            if later.clicked() {
                read = Read::Later;
            }
            if ui.add(pages::primary(theme, SAFETY_CONFIRM)).clicked() {
                read = Read::Yes;
            }
        });
    });
    if read == Read::Open && modal.should_close() { Read::Later } else { read }
}

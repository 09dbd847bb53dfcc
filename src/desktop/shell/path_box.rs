//! The path of a file, typed where the system has no file dialog.

use std::path::{Path, PathBuf};

use egui::{Id, Key, Modal, Modifiers, RichText, TextEdit};

use super::overlay::Outcome;
use crate::desktop::command::{Command, LogCommand};
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::paragraph;

/// Name of the field, also for tests.
pub const PATH: &str = "Path of the file";

/// What the file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFor {
    /// It is read.
    Open,
    /// It is written, as a DBC.
    SaveDbc,
}

/// What is typed, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathBox {
    title: &'static str,
    wanted: PathFor,
    typed: String,
}

impl PathBox {
    /// An empty one.
    #[must_use]
    pub const fn new(title: &'static str, wanted: PathFor) -> Self {
        Self { title, wanted, typed: String::new() }
    }

    /// The file that is meant; none while nothing is typed.
    fn path(&self) -> Option<PathBuf> {
        let mut path = Some(self.typed.trim()).filter(|typed| !typed.is_empty()).map(PathBuf::from);
        if let (PathFor::SaveDbc, Some(path)) = (self.wanted, &mut path)
            && path.extension().is_none()
        {
            path.set_extension("dbc");
        }
        path
    }

    /// What the button says: a file that would go is replaced by its own word only.
    fn verb(&self) -> &'static str {
        let there = || self.path().as_deref().is_some_and(Path::exists);
        match self.wanted {
            PathFor::Open => "Open",
            PathFor::SaveDbc if there() => "Replace this file",
            PathFor::SaveDbc => "Save",
        }
    }
}

/// Draws it over the page. Enter takes what is typed, but replaces no file.
pub fn draw(ctx: &egui::Context, theme: &Theme, asked: &mut PathBox) -> Outcome {
    let entered = ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
    let width = (ctx.content_rect().width() - 40.0).min(520.0);
    let (mut taken, mut closed) = (false, false);
    let modal = Modal::new(Id::unique("path")).show(ctx, |ui| {
        ui.set_width(width);
        ui.label(RichText::new(asked.title).font(fonts::strong(16.0)).color(theme.text));
        ui.add_space(4.0);
        let words = "This system has no file dialog (busbar doctor says what brings one). Type the path \
                     of the file.";
        paragraph(ui, words, theme.muted);
        ui.add_space(6.0);
        let field = TextEdit::singleline(&mut asked.typed)
            .font(fonts::mono(12.5))
            .char_limit(4096)
            .desired_width(width)
            .margin(egui::Margin::symmetric(8, 6));
        let field = ui.add(field).accessible_name(PATH);
        if ui.memory(|m| m.focused().is_none()) {
            field.request_focus();
        }
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            closed = ui.button("Cancel").clicked();
            let verb = asked.verb();
            let button = ui.add_enabled(asked.path().is_some(), egui::Button::new(verb));
            taken = button.clicked() || (entered && verb != "Replace this file");
        });
    });
    match asked.path().filter(|_| taken) {
        Some(path) => Outcome::Chosen(Box::new(Command::Log(LogCommand::Typed(path)))),
        None if closed || modal.should_close() => Outcome::Closed,
        None => Outcome::Open,
    }
}

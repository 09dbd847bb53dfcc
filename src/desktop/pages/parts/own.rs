//! Components of one's own: those there are, making one out of a DBC file, and what the messages and
//! signals of one are. What may be typed is the view's to say.

use std::path::{Path, PathBuf};

use egui::{CollapsingHeader, RichText, Ui};

use crate::desktop::ask::Ask;
use crate::desktop::command::{Command, DbcCommand};
use crate::desktop::fonts;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::panel;
use crate::desktop::widgets::text::{line, note, paragraph};
use crate::view::compose::custom::{suggested_id, wrong_role};
use crate::view::custom::{
    OwnAsk, OwnDeviceView, OwnDevicesView, OwnMessage, OwnRow, OwnTaken, OwnTyped,
};
use crate::view::offer::Question;
use crate::view::shown::Tone;

/// From so many messages on they are folded: only what is looked at is drawn.
const FOLDED_FROM: usize = 6;
/// Width of a signal's name.
const NAME: f32 = 200.0;
/// Width of what a signal is.
const ROLE: f32 = 190.0;

/// What is kept of them between frames.
#[derive(Default)]
pub struct OwnPage {
    /// What stands in the form that makes one.
    file: String,
    id: String,
    title: String,
    /// The one that is looked at, and what stands in its form.
    open: Option<(OwnDeviceView, OwnTyped)>,
}

/// What was pressed.
pub enum Pressed {
    /// This is to be asked.
    Ask(Command),
    /// This is to be removed, after the question.
    Remove(OwnAsk, Question),
}

fn ask(one: OwnAsk) -> Pressed {
    Pressed::Ask(Command::Submit(Intent::Admin(Ask::Own(one))))
}

impl OwnPage {
    /// Shows this one.
    pub fn show(&mut self, view: OwnDeviceView) {
        (self.file, self.id, self.title) = Default::default();
        let typed = view.typed();
        self.open = Some((view, typed));
    }

    /// Shows all of them.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Its title, where one is looked at.
    #[must_use]
    pub fn heading(&self) -> Option<&str> {
        let (view, _) = self.open.as_ref()?;
        Some(if view.title.is_empty() { &view.id } else { &view.title })
    }

    /// Takes a DBC file that was chosen or dropped.
    pub fn take(&mut self, file: &Path) {
        self.open = None;
        if self.id.trim().is_empty() {
            self.id = suggested_id(file);
        }
        self.file = file.display().to_string();
    }

    /// Draws them.
    pub fn draw(&mut self, ui: &mut Ui, theme: &Theme, view: &OwnDevicesView) -> Option<Pressed> {
        match &mut self.open {
            Some((one, typed)) => device(ui, theme, one, typed),
            None => self.all(ui, theme, view),
        }
    }

    fn all(&mut self, ui: &mut Ui, theme: &Theme, view: &OwnDevicesView) -> Option<Pressed> {
        paragraph(
            ui,
            "Device folders of this machine, made out of DBC files. They can be added to a profile like any other component.",
            theme.muted,
        );
        for refused in &view.refused {
            note(ui, theme, refused);
        }
        let mut pressed = None;
        ui.add_space(4.0);
        panel(ui, theme, "All of them", |ui| {
            if !view.empty.is_empty() {
                paragraph(ui, &view.empty, theme.muted);
            }
            for row in &view.rows {
                if listed(ui, theme, row) {
                    pressed = Some(ask(OwnAsk::Look(row.id.clone())));
                }
            }
        });
        ui.add_space(8.0);
        panel(ui, theme, "Make one out of a DBC", |ui| {
            pressed = pressed.take().or(self.make(ui, theme, view));
        });
        pressed
    }

    fn make(&mut self, ui: &mut Ui, theme: &Theme, view: &OwnDevicesView) -> Option<Pressed> {
        let mut pressed = None;
        form::row(ui, theme, "DBC file", |ui| {
            form::line_field(ui, theme, "DBC file", &mut self.file, "Choose one, or drop it here");
            if ui.button("Choose\u{2026}").accessible_name("Choose a DBC file").clicked() {
                pressed = Some(Pressed::Ask(Command::Dbc(DbcCommand::BrowseOwn)));
            }
        });
        form::row(ui, theme, "Folder", |ui| {
            form::line_field(ui, theme, "Folder", &mut self.id, "my-sensor");
        });
        let hint = "Small letters, digits and hyphens. Profiles call it by this.";
        ui.label(RichText::new(hint).font(fonts::text(11.5)).color(theme.muted));
        form::row(ui, theme, "Title", |ui| {
            form::line_field(ui, theme, "Title", &mut self.title, "What people call it");
        });
        ui.add_space(6.0);
        let mut make = view.make.clone();
        let missing = match (self.file.trim(), self.id.trim()) {
            ("", _) => Some("Choose a DBC file first."),
            (_, "") => Some("Name its folder first."),
            (_, _) => None,
        };
        if make.is_open() {
            make.why_not = missing.map(str::to_owned);
        }
        if form::offer(ui, theme, &make, Look::Primary) {
            let file = PathBuf::from(self.file.trim());
            let (id, title) = (self.id.trim().to_owned(), self.title.trim().to_owned());
            pressed = Some(ask(OwnAsk::Make { file, id, title }));
        }
        pressed
    }
}

fn listed(ui: &mut Ui, theme: &Theme, row: &OwnRow) -> bool {
    let pressed = ui.horizontal(|ui| {
        ui.label(RichText::new(&row.title).font(fonts::strong(14.0)).color(theme.text));
        line(ui, &format!("{}, {}", row.id, row.category), fonts::text(12.5), theme.muted);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.button("Open").accessible_name(format!("Open {}", row.title)).clicked()
        })
        .inner
    });
    paragraph(ui, &row.summary, theme.muted);
    pressed.inner
}

fn device(
    ui: &mut Ui,
    theme: &Theme,
    view: &OwnDeviceView,
    typed: &mut OwnTyped,
) -> Option<Pressed> {
    line(ui, &view.id, fonts::mono(12.5), theme.muted);
    if !view.used.is_empty() {
        let text = format!(
            "{} What runs goes by what was said when its profile was activated.",
            view.used
        );
        paragraph(ui, &text, theme.text);
    }
    let mut pressed = None;
    if view.by_hand.is_empty() {
        folder(ui, theme, view, typed);
    } else {
        paragraph(ui, &view.by_hand, theme.text);
        panel(ui, theme, "device.toml", |ui| {
            let text = RichText::new(&view.manifest).font(fonts::mono(12.0)).color(theme.text);
            ui.add(egui::Label::new(text).wrap());
        });
    }
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        if view.by_hand.is_empty() && form::offer(ui, theme, &view.save, Look::Primary) {
            let (id, mark) = (view.id.clone(), view.mark.clone());
            pressed = Some(ask(OwnAsk::Save { id, mark, typed: typed.clone() }));
        }
        if form::offer(ui, theme, &view.remove.offer, Look::Grave) {
            let (id, mark) = (view.id.clone(), view.mark.clone());
            let question = view.remove.question.clone();
            pressed = Some(Pressed::Remove(OwnAsk::Remove { id, mark }, question));
        }
    });
    pressed
}

fn folder(ui: &mut Ui, theme: &Theme, view: &OwnDeviceView, typed: &mut OwnTyped) {
    panel(ui, theme, "", |ui| {
        form::row(ui, theme, "Title", |ui| {
            form::line_field(ui, theme, "Title", &mut typed.title, "");
        });
        form::row(ui, theme, "Maker", |ui| {
            form::line_field(ui, theme, "Maker", &mut typed.maker, "");
        });
        let text = format!(
            "A signal can be {}. Where the DBC gives no unit, say it: cell 1 in mV. A message that is not taken is left out of the folder for good.",
            view.roles.join(", ")
        );
        paragraph(ui, &text, theme.muted);
    });
    let folded = view.messages.len() >= FOLDED_FROM;
    for message in &view.messages {
        ui.add_space(4.0);
        panel(ui, theme, "", |ui| {
            let title = RichText::new(format!("{}  {}", message.name, message.id));
            CollapsingHeader::new(title.font(fonts::strong(13.5)).color(theme.text))
                .id_salt(&message.name)
                .default_open(!folded)
                .show(ui, |ui| signals(ui, theme, message, typed));
        });
    }
}

fn signals(ui: &mut Ui, theme: &Theme, message: &OwnMessage, typed: &mut OwnTyped) {
    let own = typed.messages.entry(message.name.clone()).or_default();
    ui.horizontal(|ui| {
        let OwnTaken { taken, period } = own;
        ui.checkbox(taken, "Take it").accessible_name(format!("Take {}", message.name));
        ui.label(RichText::new("every").color(theme.muted));
        ui.add_enabled_ui(*taken, |ui| {
            let spoken = format!("Milliseconds between two of {}", message.name);
            field(ui, period, &spoken, 70.0);
        });
        ui.label(RichText::new("ms; 0: now and then").color(theme.muted));
    });
    if !own.taken {
        return;
    }
    for signal in &message.signals {
        let key = (message.name.clone(), signal.name.clone());
        let role = typed.roles.entry(key).or_default();
        ui.horizontal(|ui| {
            ui.allocate_ui(egui::Vec2::new(NAME, 24.0), |ui| {
                ui.set_width(NAME);
                let name = match signal.unit.as_str() {
                    "" => signal.name.clone(),
                    unit => format!("{} ({unit})", signal.name),
                };
                let label = egui::Label::new(RichText::new(name).color(theme.text));
                ui.add(label.truncate());
            });
            let spoken = format!("What {}.{} is", message.name, signal.name);
            field(ui, role, &spoken, ROLE);
        });
        if let Some(wrong) = wrong_role(role) {
            paragraph(ui, &wrong, theme.tone(Tone::Fault));
        }
    }
}

fn field(ui: &mut Ui, text: &mut String, spoken: &str, width: f32) {
    let field = egui::TextEdit::singleline(text)
        .id(egui::Id::unique(("own", spoken)))
        .char_limit(60)
        .desired_width(width);
    ui.add(field).accessible_name(spoken);
}

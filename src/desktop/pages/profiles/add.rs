//! The form for a new profile: its name, and what it begins as.

use egui::{RichText, Ui};

use super::Pressed;
use crate::desktop::fonts;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::{GAP, panel};
use crate::desktop::widgets::text::paragraph;
use crate::view::compose::profiles::{free_name, name_trouble};
use crate::view::offer::Offer;
use crate::view::profiles::{Beginning, ProfilesView};
use crate::view::shown::Tone;

/// What is typed.
pub(super) struct New {
    name: String,
    begins: Beginning,
}

impl New {
    /// The form as it begins, under a name that none has yet.
    pub(super) fn begin(view: &ProfilesView, begins: Beginning) -> Self {
        let of = match &begins {
            Beginning::Empty | Beginning::Interface(_) | Beginning::Scene(_) => "",
            Beginning::Copy(of) => of,
        };
        Self { name: free_name(of, view), begins }
    }
}

fn words(begins: &Beginning) -> String {
    match begins {
        Beginning::Empty => "empty".to_owned(),
        Beginning::Interface(name) => format!("with the usual components on {name}"),
        Beginning::Scene(scene) => format!("with the simulation {}", scene.title),
        Beginning::Copy(name) => format!("as a copy of {name}"),
    }
}

pub(super) fn draw(
    ui: &mut Ui,
    theme: &Theme,
    view: &ProfilesView,
    new: &mut New,
) -> Option<Pressed> {
    let mut pressed = None;
    panel(ui, theme, "Add a profile", |ui| {
        let field = form::row(ui, theme, "Name", |ui| {
            form::line_field(ui, theme, "Name", &mut new.name, "What it is called")
        });
        let trouble = name_trouble(&new.name, "", view);
        if let Some(why) = &trouble {
            paragraph(ui, why, theme.tone(Tone::Fault));
        }
        let interfaces = view.interfaces.iter().cloned().map(Beginning::Interface);
        let scenes = view.scenes.iter().cloned().map(Beginning::Scene);
        let copies = view.rows.iter().map(|row| Beginning::Copy(row.name.clone()));
        let all = std::iter::once(Beginning::Empty).chain(interfaces).chain(scenes).chain(copies);
        let options: Vec<(Beginning, String)> = all.map(|one| (one.clone(), words(&one))).collect();
        let shown = words(&new.begins);
        form::row(ui, theme, "It begins", |ui| {
            let width = (ui.available_width() - 12.0).clamp(80.0, 320.0);
            form::choice(ui, "It begins", (&shown, width), &mut new.begins, &options);
        });
        let about = "It is kept in a file of its own and does not run until you say so.";
        ui.label(RichText::new(about).font(fonts::text(11.5)).color(theme.muted));
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let offer = match &trouble {
                Some(why) if view.add.is_open() => Offer::shut("Add it", why),
                Some(_) | None => Offer { label: "Add it".to_owned(), ..view.add.clone() },
            };
            let clicked = form::offer(ui, theme, &offer, Look::Primary);
            if clicked || (form::entered(ui, &field) && offer.is_open()) {
                let (name, begins) = (new.name.clone(), new.begins.clone());
                pressed = Some(Pressed::Add { name, begins });
            }
            if ui.button("Cancel").clicked() {
                pressed = Some(Pressed::Leave);
            }
        });
    });
    ui.add_space(GAP - 6.0);
    pressed
}

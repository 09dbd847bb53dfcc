//! Choosing the service of an account: none, one there is, or a new one by its name.

use egui::Ui;

use crate::desktop::theme::Theme;
use crate::desktop::widgets::form;
use crate::engine::{ServiceChoice, ServiceId};
use crate::view::users::ServiceName;

/// Name of the field for a new service, also for tests.
pub const NEW_SERVICE: &str = "Name of the new service";

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServicePick {
    pick: Pick,
    new: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pick {
    #[default]
    None,
    Id(ServiceId),
    New,
}

impl ServicePick {
    /// This service, or none.
    pub(super) fn of(service: Option<ServiceId>) -> Self {
        Self { pick: service.map_or(Pick::None, Pick::Id), new: String::new() }
    }

    /// What was chosen; a new service without a name is none.
    pub(super) fn choice(&self) -> ServiceChoice {
        match self.pick {
            Pick::None => ServiceChoice::None,
            Pick::Id(id) => ServiceChoice::Id(id),
            Pick::New if self.new.trim().is_empty() => ServiceChoice::None,
            Pick::New => ServiceChoice::Named(self.new.trim().to_owned()),
        }
    }

    /// Draws it as a row of a form.
    pub(super) fn draw(&mut self, ui: &mut Ui, theme: &Theme, services: &[ServiceName]) {
        let mut options = vec![(Pick::None, "None".to_owned())];
        options.extend(services.iter().map(|known| (Pick::Id(known.id), known.name.clone())));
        options.push((Pick::New, "New service…".to_owned()));
        let shown = options.iter().find(|(pick, _)| *pick == self.pick);
        let shown = shown.map_or_else(|| "None".to_owned(), |(_, words)| words.clone());
        form::row(ui, theme, "Service", |ui| {
            let width = ui.available_width().min(340.0) - 16.0;
            form::choice(ui, "Service", (&shown, width), &mut self.pick, &options);
        });
        if self.pick == Pick::New {
            form::row(ui, theme, "", |ui| {
                form::line_field(ui, theme, NEW_SERVICE, &mut self.new, "Race team");
            });
        }
    }
}

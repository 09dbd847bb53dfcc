//! The Parts page: buses and components with their status in words and their settings, and adding,
//! changing and deleting components.

mod component;
mod discover;
mod kinds;
mod own;

use std::mem::{Discriminant, discriminant};

use egui::{RichText, ScrollArea, Ui, Vec2};

use self::component::Pressed;
use self::own::OwnPage;
use crate::desktop::ask::{Ask, Brought};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::icons;
use crate::desktop::pages;
use crate::desktop::pages::charge::{Reply, question};
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::panel::{GAP, panel};
use crate::desktop::widgets::readings::readings;
use crate::desktop::widgets::text::{caption, line, note, paragraph};
use crate::view::components::{Draft, DraftOf, PartsPrefs, PartsSeen, Switch};
use crate::view::compose::components::draft;
use crate::view::custom::OwnAsk;
use crate::view::discovery::DiscoverIn;
use crate::view::offer::Question;
use crate::view::parts::{Part, PartsView};
use crate::view::shown::{Note, Tone};

/// What is kept of the page between frames.
#[derive(Default)]
pub struct PartsPage {
    /// What is looked at.
    pub prefs: PartsPrefs,
    /// Components of one's own.
    pub own: OwnPage,
    /// What is to be taken away, and the question about it.
    asking: Option<(Taking, Question)>,
    /// What came of the last change, until it is read.
    said: Option<Note>,
    /// Nobody has seen it yet.
    fresh: bool,
    /// Whether the form tells already that the profile was changed meanwhile.
    told: bool,
    /// What was drawn last: anything else begins at its top.
    drawn: Option<Discriminant<PartsPrefs>>,
}

/// What is taken away once that was confirmed.
enum Taking {
    /// The component of this name.
    Component(String),
    /// A device folder.
    Device(OwnAsk),
}

impl PartsPage {
    /// Leaves a sentence to be read.
    pub fn say(&mut self, tone: Tone, text: String) {
        self.said = Some(Note { tone, text, closable: true });
    }

    /// Takes what came of a change.
    pub fn take(&mut self, outcome: Result<Brought, String>) {
        let (tone, text) = match outcome {
            Ok(Brought::Done(words)) => {
                if self.prefs == PartsPrefs::Own {
                    self.own.close();
                } else {
                    self.prefs = PartsPrefs::List;
                }
                (Tone::Ok, words)
            }
            Ok(Brought::Own(view, words)) => {
                self.own.show(*view);
                if words.is_empty() {
                    return;
                }
                (Tone::Ok, words)
            }
            Ok(
                Brought::Added { .. }
                | Brought::Once(_)
                | Brought::Lines { .. }
                | Brought::Charges(_)
                | Brought::Found(_)
                | Brought::System(_)
                | Brought::Profiles(_)
                | Brought::Pack(_),
            ) => return,
            // What was typed stays, to be mended.
            Err(sentence) => (Tone::Fault, sentence),
        };
        (self.said, self.fresh) = (Some(Note { tone, text, closable: true }), true);
    }

    /// Whether a question lies on top of it.
    #[must_use]
    pub const fn is_covered(&self) -> bool {
        self.asking.is_some()
    }

    /// Draws the question.
    pub fn on_top(
        &mut self,
        ctx: &egui::Context,
        theme: &Theme,
        seen: &PartsSeen,
    ) -> Option<Command> {
        let (_, asked) = self.asking.as_ref()?;
        match question(ctx, theme, asked, "Keep it") {
            Reply::Open => None,
            Reply::Cancelled => {
                self.asking = None;
                None
            }
            Reply::Confirmed => Some(submit(match self.asking.take()?.0 {
                Taking::Component(name) => {
                    Ask::DeleteComponent { name, revision: seen.view.revision.clone() }
                }
                Taking::Device(ask) => Ask::Own(ask),
            })),
        }
    }

    /// Draws the page.
    pub fn draw(&mut self, ui: &mut Ui, theme: &Theme, seen: &PartsSeen) -> Option<Command> {
        let mut asked = None;
        let mut area = ScrollArea::vertical().id_salt("parts page").auto_shrink(false);
        let now = Some(discriminant(&self.prefs));
        if std::mem::replace(&mut self.drawn, now) != now {
            area = area.vertical_scroll_offset(0.0);
        }
        area.show(ui, |ui| {
            asked = self.content(ui, theme, seen);
        });
        asked
    }

    fn content(&mut self, ui: &mut Ui, theme: &Theme, seen: &PartsSeen) -> Option<Command> {
        self.head(ui, theme, seen);
        let fresh = std::mem::take(&mut self.fresh);
        // A form has it at its end, where it is saved.
        let below = matches!((&self.prefs, &seen.form), (PartsPrefs::Form(_), Some(Ok(_))));
        if let Some(said) = self.said.as_ref().filter(|_| !below) {
            let shown = ui.scope(|ui| note(ui, theme, said));
            if fresh {
                shown.response.scroll_to_me(None);
            }
            if shown.inner {
                self.said = None;
            }
        }
        match &mut self.prefs {
            PartsPrefs::List => self.list(ui, theme, &seen.view),
            PartsPrefs::Kinds(search) => {
                let kind = kinds::draw(ui, theme, &seen.kinds, search)?;
                let of = DraftOf::New(kind);
                self.prefs = PartsPrefs::Form(Draft { of, ..Draft::default() });
                self.said = None;
                None
            }
            PartsPrefs::Own => match self.own.draw(ui, theme, &seen.own)? {
                own::Pressed::Ask(command) => {
                    self.said = None;
                    Some(command)
                }
                own::Pressed::Remove(ask, question) => {
                    self.asking = Some((Taking::Device(ask), question));
                    None
                }
            },
            PartsPrefs::Discover(wanted) => {
                let found = discover::draw(ui, theme, &seen.discovery, wanted)?;
                let (of, typed) = (DraftOf::New(found.kind.clone()), found.fields.iter().cloned());
                let typed = Some(typed.collect());
                self.prefs = PartsPrefs::Form(Draft { of, typed, ..Draft::default() });
                self.said = None;
                None
            }
            PartsPrefs::Form(draft) => match &seen.form {
                None => None,
                Some(Err(why)) => {
                    paragraph(ui, why, theme.tone(Tone::Fault));
                    None
                }
                Some(Ok(view)) => {
                    let outcome =
                        component::Outcome { said: &mut self.said, fresh, told: &mut self.told };
                    match component::draw(ui, theme, (view, draft), outcome)? {
                        Pressed::Cancel => {
                            (self.prefs, self.said) = (PartsPrefs::List, None);
                            None
                        }
                        Pressed::Save => {
                            let typed = draft.typed.clone();
                            let typed = typed.unwrap_or_else(|| component::standing(view));
                            draft::begin(draft, view);
                            // From now on everything that is wrong is said.
                            draft.typed = Some(typed.clone());
                            let (of, revision) = (draft.of.clone(), draft.revision.clone());
                            self.said = None;
                            Some(submit(Ask::PutComponent { of, typed, revision }))
                        }
                    }
                }
            },
        }
    }

    fn head(&mut self, ui: &mut Ui, theme: &Theme, seen: &PartsSeen) {
        let title = match (&self.prefs, &seen.form) {
            (PartsPrefs::List, _) => "Parts".to_owned(),
            (PartsPrefs::Kinds(_), _) => "Add component".to_owned(),
            (PartsPrefs::Discover(_), _) => "Discover".to_owned(),
            (PartsPrefs::Own, _) => {
                self.own.heading().unwrap_or("Components of one's own").to_owned()
            }
            (PartsPrefs::Form(_), Some(Ok(form))) => form.title.clone(),
            (PartsPrefs::Form(_), Some(Err(_)) | None) => "Component".to_owned(),
        };
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(30.0);
            pages::title(ui, theme, &title);
            if self.prefs == PartsPrefs::Own
                && self.own.heading().is_some()
                && ui.button("All of one's own").clicked()
            {
                self.own.close();
                self.said = None;
            }
            if self.prefs != PartsPrefs::List {
                if ui.button("All parts").clicked() {
                    (self.prefs, self.said) = (PartsPrefs::List, None);
                }
                return;
            }
            if form::offer(ui, theme, &seen.view.add, Look::Plain) {
                self.prefs = PartsPrefs::Kinds(String::new());
                self.said = None;
            }
            if ui.button("Discover\u{2026}").clicked() {
                self.prefs = PartsPrefs::Discover(DiscoverIn::default());
                self.said = None;
            }
            if ui.button("Components of one's own").clicked() {
                self.prefs = PartsPrefs::Own;
                self.own.close();
                self.said = None;
            }
            if !seen.view.profile_file.is_empty() {
                let text = format!("from {}", seen.view.profile_file);
                line(ui, &text, fonts::text(12.0), theme.muted).on_hover_text(
                    "The profile. Edits made to this file are picked up while Busbar runs.",
                );
            }
        });
    }

    fn list(&mut self, ui: &mut Ui, theme: &Theme, view: &PartsView) -> Option<Command> {
        if view.buses.is_empty() && view.components.is_empty() {
            let text = "The buses and components of the profile stand here. Open a demo, a CAN \
                        interface or a recording to get some.";
            pages::empty(ui, theme, icons::CUBE, text);
            return None;
        }
        section(ui, theme, "Buses", &view.buses);
        let (name, pressed) = section(ui, theme, "Components", &view.components)?;
        let revision = view.revision.clone();
        match pressed {
            CardPressed::Edit => {
                let of = DraftOf::Known(name);
                self.prefs = PartsPrefs::Form(Draft { of, ..Draft::default() });
                self.said = None;
                None
            }
            CardPressed::Switch(to) => Some(submit(Ask::SwitchComponent { name, to, revision })),
            CardPressed::Delete(question) => {
                self.asking = Some((Taking::Component(name), question));
                None
            }
        }
    }
}

fn submit(ask: Ask) -> Command {
    Command::Submit(Intent::Admin(ask))
}

/// What was pressed on the card of a component.
enum CardPressed {
    Edit,
    Switch(Switch),
    Delete(Question),
}

fn section(
    ui: &mut Ui,
    theme: &Theme,
    title: &str,
    parts: &[Part],
) -> Option<(String, CardPressed)> {
    if parts.is_empty() {
        return None;
    }
    let mut pressed = None;
    ui.add_space(8.0);
    caption(ui, theme, title);
    ui.add_space(2.0);
    let width = ui.available_width();
    let columns = ((width / 360.0).floor() as usize).clamp(1, 4);
    let each = (width - GAP * (columns as f32 - 1.0)) / columns as f32;
    for row in parts.chunks(columns) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = GAP;
            for part in row {
                ui.allocate_ui(Vec2::new(each, 0.0), |ui| {
                    ui.set_width(each);
                    ui.vertical(|ui| {
                        panel(ui, theme, "", |ui| {
                            if let Some(what) = card(ui, theme, part) {
                                let offers = part.offers.as_ref();
                                let name = offers.map_or(&part.name, |offers| &offers.name);
                                pressed = Some((name.clone(), what));
                            }
                        });
                    });
                });
            }
        });
        ui.add_space(GAP - 6.0);
    }
    pressed
}

/// What can be done with a component.
fn actions(ui: &mut Ui, theme: &Theme, part: &Part) -> Option<CardPressed> {
    let offers = part.offers.as_ref()?;
    let name = &offers.name;
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        let spoken = format!("Edit {name}");
        if form::named_offer(ui, theme, &offers.edit, Look::Plain, &spoken) {
            return Some(CardPressed::Edit);
        }
        let spoken = format!("{} {name}", offers.switch.label);
        if form::named_offer(ui, theme, &offers.switch, Look::Plain, &spoken) {
            return Some(CardPressed::Switch(offers.switches));
        }
        let spoken = format!("Delete {name}");
        let delete = form::named_offer(ui, theme, &offers.delete.offer, Look::Grave, &spoken);
        delete.then(|| CardPressed::Delete(offers.delete.question.clone()))
    })
    .inner
}

fn card(ui: &mut Ui, theme: &Theme, part: &Part) -> Option<CardPressed> {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), egui::Sense::hover());
        ui.painter().circle_filled(rect.center(), 5.0, theme.lamp(part.tone));
        ui.label(RichText::new(&part.name).font(fonts::strong(14.5)).color(theme.text));
        ui.label(
            RichText::new(&part.status).font(fonts::strong(12.0)).color(theme.tone(part.tone)),
        );
    });
    line(ui, &part.kind, fonts::text(12.5), theme.muted);
    if !part.sentence.is_empty() {
        paragraph(ui, &part.sentence, theme.text);
    }
    readings(ui, theme, &part.panels);
    ui.add_space(4.0);
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.spacing_mut().interact_size.y = 20.0;
    for (label, value) in &part.settings {
        ui.horizontal_top(|ui| {
            let width = ui.available_width() * 0.42;
            ui.allocate_ui(Vec2::new(width, 18.0), |ui| {
                ui.set_width(width);
                line(ui, label, fonts::text(12.5), theme.muted);
            });
            let value = RichText::new(value).font(fonts::mono(12.0)).color(theme.text);
            ui.add(egui::Label::new(value).wrap());
        });
    }
    actions(ui, theme, part)
}

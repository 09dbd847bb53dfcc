//! The Admin pages: users, services, sessions, the journal, the settings. This file holds what they
//! share: which of them is shown, what was answered, and the boxes on top.

mod add_user;
mod backup;
mod boxes;
mod journal;
mod service_pick;
mod services;
mod sessions;
mod settings;
mod system;
mod user_actions;
mod user_editor;
mod users;

use egui::{RichText, Ui};
use serde::{Deserialize, Serialize};

use crate::desktop::ask::{Answer, Ask, Brought, Place};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::text::note;
use crate::view::journal::JournalPrefs;
use crate::view::offer::{Grave, Question};
use crate::view::services::ServicesView;
use crate::view::sessions::SessionsView;
use crate::view::settings::SettingsView;
use crate::view::shown::{Note, Tone};
use crate::view::system::LogPrefs;
use crate::view::users::{ShownOnce, UsersPrefs, UsersView};

/// One of the Admin pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tab {
    /// Who has an account.
    #[default]
    Users,
    /// Teams and organisations.
    Services,
    /// Who is signed in.
    Sessions,
    /// What was done.
    Journal,
    /// Listener, sessions, e-mail and all else that is set.
    Settings,
    /// Doctor, information, log, feedback.
    System,
}

impl Tab {
    /// All of them, as they stand.
    pub const ALL: [Self; 6] =
        [Self::Users, Self::Services, Self::Sessions, Self::Journal, Self::Settings, Self::System];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Services => "Services",
            Self::Sessions => "Sessions",
            Self::Journal => "Journal",
            Self::Settings => "Settings",
            Self::System => "System",
        }
    }
}

/// What a person wants of the Admin pages; remembered from one run to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminPrefs {
    /// The page that is shown.
    pub tab: Tab,
    /// The list of users.
    pub users: UsersPrefs,
    /// The filter of the journal.
    pub journal: JournalPrefs,
    /// What is looked for among the settings.
    #[serde(skip)]
    pub find: String,
    /// Which lines of the system log are shown.
    #[serde(skip)]
    pub log: LogPrefs,
}

/// The views of the Admin pages.
#[derive(Clone, Debug, Default)]
pub struct AdminViews {
    /// Users.
    pub users: UsersView,
    /// Services.
    pub services: ServicesView,
    /// Sessions.
    pub sessions: SessionsView,
    /// Settings.
    pub settings: SettingsView,
}

/// What the pages keep between frames.
#[derive(Default)]
pub struct AdminPage {
    users: users::UsersPage,
    services: services::ServicesPage,
    journal: journal::JournalPage,
    settings: settings::SettingsPage,
    system: system::SystemPage,
    shared: Shared,
}

/// What every Admin page may use.
#[derive(Default)]
pub(super) struct Shared {
    /// What was answered, until it is read or replaced.
    said: Vec<(Place, Note)>,
    /// Where an answer is waited for. What was asked at one place goes on while something is asked at another.
    waiting: Vec<Place>,
    /// What is asked before something grave is done.
    question: Option<(Question, Ask)>,
    /// What is shown this once.
    once: Option<boxes::Once>,
}

impl Shared {
    /// Asks for something; what was said there before is over. It is waited for once it is handed on: what
    /// somebody does in the same frame may go before it.
    pub(super) fn ask(&mut self, ask: Ask) -> Option<Command> {
        let place = ask.place();
        self.said.retain(|(said, _)| *said != place);
        Some(Command::Submit(Intent::Admin(ask)))
    }

    /// Asks whether something grave is meant; it is done when that is confirmed.
    pub(super) fn confirm(&mut self, grave: &Grave, ask: Ask) {
        self.question = Some((grave.question.clone(), ask));
    }

    /// Leaves a sentence at a place.
    fn say(&mut self, place: Place, tone: Tone, text: String) {
        self.said.retain(|(said, _)| *said != place);
        self.said.push((place, Note { tone, text, closable: true }));
    }

    /// Whether an answer is waited for.
    pub(super) fn waits(&self, place: Place) -> bool {
        self.waiting.contains(&place)
    }

    /// Draws what was answered at `place`.
    pub(super) fn answers(&mut self, ui: &mut Ui, theme: &Theme, place: Place) {
        let mut closed = false;
        for (_, said) in self.said.iter().filter(|(at, _)| *at == place) {
            closed |= note(ui, theme, said);
        }
        if closed {
            self.said.retain(|(at, _)| *at != place);
        }
    }
}

impl AdminPage {
    /// Whether a box lies on top and the page below must not be used.
    #[must_use]
    pub const fn is_covered(&self) -> bool {
        self.shared.question.is_some() || self.shared.once.is_some()
    }

    /// Opens the form for a new account.
    pub fn add_user(&mut self) {
        self.users.add();
    }

    /// Takes what the system's file dialog came to.
    pub fn chosen(&mut self, chosen: Result<std::path::PathBuf, String>) {
        self.journal.chosen(chosen);
    }

    /// Takes what the system's file dialog came to for a backup.
    pub fn backup_chosen(&mut self, chosen: Result<std::path::PathBuf, String>) {
        self.system.backup.chosen(chosen);
    }

    /// Asks for the journal again when it is next shown.
    pub fn forget_journal(&mut self) {
        self.journal.forget();
    }

    /// What is asked goes out now: its answer is waited for.
    pub fn handed_on(&mut self, ask: &Ask) {
        let place = ask.place();
        if !self.shared.waits(place) {
            self.shared.waiting.push(place);
        }
    }

    /// What is asked before the window closes; `None` where nothing would be lost.
    #[must_use]
    pub fn closing(&self) -> Option<Question> {
        self.shared.waits(Place::Backup).then(backup::closing)
    }

    /// Takes an answer.
    pub fn take(&mut self, answer: Answer, prefs: &mut AdminPrefs) {
        let place = answer.place;
        self.shared.waiting.retain(|waiting| *waiting != place);
        let brought = match answer.outcome {
            Ok(brought) => brought,
            Err(sentence) => {
                self.journal.refused(place);
                self.users.refused(place);
                return self.shared.say(place, Tone::Fault, sentence);
            }
        };
        if !matches!(brought, Brought::Lines { .. } | Brought::Found(_) | Brought::System(_)) {
            // Whatever was done has a line of its own by now.
            self.journal.forget();
        }
        match brought {
            Brought::Done(words) => {
                self.settled(place);
                self.shared.say(place, Tone::Ok, words);
            }
            Brought::Added { id, once } => {
                self.settled(place);
                prefs.users.selected = Some(id);
                self.show_once(once);
            }
            Brought::Once(once) => {
                self.settled(place);
                self.show_once(Some(once));
            }
            Brought::Lines { view, after } => self.journal.take(view, after),
            Brought::System(seen) => self.system.take(seen),
            // They belong to other pages.
            Brought::Charges(_) | Brought::Profiles(_) | Brought::Pack(_) | Brought::Own(..) => {}
            Brought::Found(found) => {
                self.shared.said.retain(|(said, _)| *said != place);
                self.shared.said.push((place, found));
            }
        }
    }

    /// What was typed at `place` is done with.
    fn settled(&mut self, place: Place) {
        match place {
            Place::AddUser => self.users.added(),
            Place::User => self.users.settled(),
            Place::Services => self.services.settled(),
            Place::Settings(section) => self.settings.settled(section),
            Place::JournalTools => self.journal.saved(),
            Place::Feedback => self.system.settled(),
            Place::Backup => self.system.backup.settled(),
            Place::Sessions
            | Place::SystemLook
            | Place::Journal
            | Place::Charges
            | Place::Rules
            | Place::ProfilesLook
            | Place::Profiles
            | Place::Parts => {}
        }
    }

    fn show_once(&mut self, once: Option<ShownOnce>) {
        if let Some(once) = once {
            self.shared.once = Some(boxes::Once::new(once));
        }
    }

    /// Draws the page that `prefs` wants.
    pub fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        views: &AdminViews,
        prefs: &mut AdminPrefs,
    ) -> Option<Command> {
        let mut asked = tabs(ui, theme, prefs.tab);
        ui.add_space(2.0);
        let shared = &mut self.shared;
        let drawn = match prefs.tab {
            Tab::Users => self.users.draw(ui, theme, &views.users, &mut prefs.users, shared),
            Tab::Services => self.services.draw(ui, theme, &views.services, shared),
            Tab::Sessions => sessions::draw(ui, theme, &views.sessions, shared),
            Tab::Journal => self.journal.draw(ui, theme, &mut prefs.journal, shared),
            Tab::System => self.system.draw(ui, theme, &mut prefs.log, shared),
            Tab::Settings => {
                self.settings.draw(ui, theme, &views.settings, (&mut prefs.find, shared))
            }
        };
        asked = asked.or(drawn);
        asked
    }

    /// Draws the boxes on top.
    pub fn on_top(&mut self, ctx: &egui::Context, theme: &Theme) -> Option<Command> {
        if let Some(once) = &mut self.shared.once {
            if boxes::once(ctx, theme, once) {
                self.shared.once = None;
            }
            return None;
        }
        let (question, ask) = self.shared.question.as_ref()?;
        match boxes::question(ctx, theme, question) {
            boxes::Reply::Open => None,
            boxes::Reply::Cancelled => {
                self.shared.question = None;
                None
            }
            boxes::Reply::Confirmed => {
                let ask = ask.clone();
                self.shared.question = None;
                self.shared.ask(ask)
            }
        }
    }
}

/// The row of pages.
fn tabs(ui: &mut Ui, theme: &Theme, here: Tab) -> Option<Command> {
    let mut asked = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for tab in Tab::ALL {
            let active = tab == here;
            let colour = if active { theme.accent } else { theme.muted };
            let text = RichText::new(tab.title()).font(fonts::strong(13.0)).color(colour);
            let fill = if active { theme.accent_soft } else { egui::Color32::TRANSPARENT };
            let button = egui::Button::new(text).fill(fill).stroke(egui::Stroke::NONE);
            let response = ui.add(button);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Tab, true, active, tab.title())
            });
            if response.clicked() {
                asked = Some(Command::GoAdmin(tab));
            }
        }
    });
    asked
}

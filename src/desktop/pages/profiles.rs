//! The Profiles page: which there are, adding, running and deleting them, and one with its text, its
//! description and its versions. What it shows is read aside and comes as an answer; while the page is
//! shown it is asked for again and again, because files may be edited from outside.

mod add;
mod diff;
mod list;
mod one;
mod pack;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use egui::{ScrollArea, Ui};

use crate::desktop::ask::{Answer, Ask, Brought, Existing, Place, ProfileAsk, SaveTo};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::pages;
use crate::desktop::pages::charge::{Reply, question};
use crate::desktop::source::Intent;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look};
use crate::desktop::widgets::text::{line, note, paragraph};
use crate::view::offer::{Offer, Question};
use crate::view::profiles::{Beginning, ProfileView, ProfilesLook, ProfilesSeen};
use crate::view::shown::{Note, Tone};

/// Seconds between two looks while the page is shown.
const AGAIN_S: f64 = 2.0;

/// What is kept of the page between frames.
#[derive(Default)]
pub struct ProfilesPage {
    /// What is looked at.
    look: ProfilesLook,
    seen: Option<Box<ProfilesSeen>>,
    /// What was last asked to be looked at, when, and whether the answer is still to come.
    looked: Option<(ProfilesLook, f64, Awaited)>,
    /// A new profile, as it is typed.
    new: Option<add::New>,
    /// What is typed about the profile that is looked at.
    draft: Option<one::Draft>,
    /// The recordings that are to go along in its pack.
    along: BTreeSet<String>,
    /// A profile pack that is looked at.
    bringing: Option<pack::Bringing>,
    /// What the file dialog is asked for.
    pub way: Way,
    /// The system has no file dialog: the path of a profile pack, as typed.
    path: Option<String>,
    /// What is asked before something is deleted.
    asking: Option<(Question, ProfileAsk)>,
    /// Where the change that was asked for leads once it is done.
    then: ProfilesLook,
    /// What came of the last change, until it is read.
    said: Option<Note>,
}

/// What is to be done with a profile pack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// It is brought.
    #[default]
    Bring,
    /// This profile is saved as one.
    Save(String),
}

/// Whether an answer is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Yes,
    No,
}

impl ProfilesPage {
    /// Takes what came of a look or a change.
    pub fn take(&mut self, answer: Answer) {
        if answer.place == Place::ProfilesLook
            && let Some((_, _, awaited)) = &mut self.looked
        {
            *awaited = Awaited::No;
        }
        let (tone, text) = match answer.outcome {
            Ok(Brought::Profiles(seen)) => {
                // What was looked at before somebody went on is of no use.
                if seen.look == self.look {
                    self.seen = Some(seen);
                }
                return;
            }
            Ok(Brought::Pack(found)) => {
                if let Some(bringing) = &mut self.bringing {
                    bringing.take(&found.path, found.view);
                }
                return;
            }
            Ok(Brought::Done(words)) => {
                (self.new, self.draft, self.looked) = (None, None, None);
                (self.bringing, self.path) = (None, None);
                self.look = self.then.clone();
                (Tone::Ok, words)
            }
            Ok(
                Brought::Added { .. }
                | Brought::Once(_)
                | Brought::Lines { .. }
                | Brought::Charges(_)
                | Brought::Found(_)
                | Brought::Own(..)
                | Brought::System(_),
            ) => return,
            // What was typed stays, to be mended.
            Err(sentence) => {
                // Somebody may have changed what is shown: it is looked at anew.
                if answer.place == Place::Profiles {
                    self.looked = None;
                    if self.bringing.as_mut().is_some_and(pack::Bringing::refused) {
                        self.bringing = None;
                    }
                }
                (Tone::Fault, sentence)
            }
        };
        self.said = Some(Note { tone, text, closable: true });
    }

    /// Whether a question lies on top of it.
    #[must_use]
    pub const fn is_covered(&self) -> bool {
        self.asking.is_some()
    }

    /// Draws the question.
    pub fn on_top(&mut self, ctx: &egui::Context, theme: &Theme) -> Option<Command> {
        let (asked, _) = self.asking.as_ref()?;
        match question(ctx, theme, asked, "Keep it") {
            Reply::Open => None,
            Reply::Cancelled => {
                self.asking = None;
                None
            }
            Reply::Confirmed => {
                let (_, ask) = self.asking.take()?;
                Some(self.change(ask, ProfilesLook::All))
            }
        }
    }

    /// Looks at a profile pack.
    pub fn bring(&mut self, path: PathBuf) -> Command {
        (self.new, self.path, self.said) = (None, None, None);
        self.go(ProfilesLook::All);
        self.bringing = Some(pack::Bringing::begin(path.clone()));
        submit(pack::bring(path))
    }

    /// Takes what the system's file dialog came to.
    pub fn chosen(&mut self, outcome: Result<PathBuf, String>) -> Option<Command> {
        match (outcome, self.way.clone()) {
            (Ok(path), Way::Bring) => Some(self.bring(path)),
            (Ok(path), Way::Save(profile)) => {
                let to = SaveTo { path, existing: Existing::Replace };
                Some(self.save_pack(profile, to))
            }
            (Err(text), _) => {
                self.said = Some(Note { tone: Tone::Warning, text, closable: true });
                self.path = Some(String::new());
                None
            }
        }
    }

    /// Saves a profile as a pack, with the recordings that were chosen.
    fn save_pack(&mut self, profile: String, to: SaveTo) -> Command {
        let recordings = self.along.iter().cloned().collect();
        self.change(ProfileAsk::Export { profile, recordings, to }, self.look.clone())
    }

    /// The pack that is looked at, or the path of one.
    fn packs(&mut self, ui: &mut Ui, theme: &Theme) -> Option<Command> {
        let typed = self.path.as_mut();
        let typed = typed.and_then(|typed| pack::path(ui, theme, (&self.way, typed)));
        let pressed =
            typed.or(self.bringing.as_mut().and_then(|one| pack::draw(ui, theme, one)))?;
        match pressed {
            pack::Pressed::Leave => {
                (self.bringing, self.path) = (None, None);
                None
            }
            // From the field for a path: whatever is looked at makes room for it.
            pack::Pressed::Ask(ProfileAsk::Bring { path, .. }) if self.path.is_some() => {
                Some(self.bring(path))
            }
            pack::Pressed::Save(profile, to) => Some(self.save_pack(profile, to)),
            pack::Pressed::Ask(ask) => Some(submit(ask)),
            pack::Pressed::Take(ask, name) => Some(self.change(ask, ProfilesLook::One(name, None))),
        }
    }

    /// Draws the page.
    pub fn draw(&mut self, ui: &mut Ui, theme: &Theme) -> Option<Command> {
        let drawn = self.content(ui, theme);
        let now = ui.ctx().input(|input| input.time);
        let due = self.looked.as_ref().is_none_or(|(look, at, awaited)| {
            *look != self.look || (*awaited == Awaited::No && now - at >= AGAIN_S)
        });
        ui.ctx().request_repaint_after(Duration::from_secs_f64(AGAIN_S));
        if drawn.is_some() || !due {
            return drawn;
        }
        self.looked = Some((self.look.clone(), now, Awaited::Yes));
        Some(submit(ProfileAsk::Look(self.look.clone())))
    }

    /// Asks for a change that leads to `then`.
    fn change(&mut self, ask: ProfileAsk, then: ProfilesLook) -> Command {
        self.said = None;
        self.then = then;
        submit(ask)
    }

    /// Looks at something else.
    fn go(&mut self, look: ProfilesLook) {
        // A version of the same profile leaves what is typed about it.
        let of = |look: &ProfilesLook| match look {
            ProfilesLook::All => None,
            ProfilesLook::One(name, _) => Some(name.clone()),
        };
        if of(&look) != of(&self.look) {
            (self.draft, self.said) = (None, None);
            self.along.clear();
        }
        self.new = None;
        self.look = look;
    }

    fn content(&mut self, ui: &mut Ui, theme: &Theme) -> Option<Command> {
        let Some(seen) = self.seen.take() else {
            pages::title(ui, theme, "Profiles");
            self.said(ui, theme);
            paragraph(ui, "Looking\u{2026}", theme.muted);
            return None;
        };
        let asked = match (&self.look, &seen.one) {
            (ProfilesLook::All, _) => self.all(ui, theme, &seen),
            (ProfilesLook::One(name, _), one) => {
                let name = name.clone();
                let fresh = match &seen.look {
                    ProfilesLook::All => false,
                    ProfilesLook::One(of, _) => *of == name,
                };
                match one.as_ref().filter(|_| fresh) {
                    Some(Ok(view)) => self.one(ui, theme, (&seen, view)),
                    Some(Err(why)) => {
                        self.head_of(ui, theme, &name);
                        paragraph(ui, why, theme.tone(Tone::Fault));
                        None
                    }
                    None => {
                        self.head_of(ui, theme, &name);
                        paragraph(ui, "Looking\u{2026}", theme.muted);
                        None
                    }
                }
            }
        };
        // Nothing has come in meanwhile: answers are taken before the page is drawn.
        self.seen = Some(seen);
        asked
    }

    fn said(&mut self, ui: &mut Ui, theme: &Theme) {
        if self.said.as_ref().is_some_and(|said| note(ui, theme, said)) {
            self.said = None;
        }
    }

    fn head_of(&mut self, ui: &mut Ui, theme: &Theme, name: &str) {
        ui.horizontal(|ui| {
            pages::title(ui, theme, name);
            if ui.button("All profiles").clicked() {
                self.go(ProfilesLook::All);
            }
        });
        self.said(ui, theme);
    }

    /// The list.
    fn all(&mut self, ui: &mut Ui, theme: &Theme, seen: &ProfilesSeen) -> Option<Command> {
        let view = &seen.all;
        let mut brings = None;
        ui.horizontal(|ui| {
            ui.set_min_height(30.0);
            pages::title(ui, theme, "Profiles");
            if form::offer(ui, theme, &view.add, Look::Primary) {
                self.new = Some(add::New::begin(view, Beginning::Empty));
                self.said = None;
            }
            let bring = Offer { label: "Bring a pack\u{2026}".to_owned(), ..view.add.clone() };
            if form::offer(ui, theme, &bring, Look::Plain) {
                brings = Some(Command::Pack(Way::Bring));
            }
            let text = "A profile says which buses there are and what is connected to them.";
            line(ui, &format!("{}. {text}", view.summary), fonts::text(12.0), theme.muted);
        });
        self.said(ui, theme);
        if let Some(text) = &view.unkept {
            note(ui, theme, &Note { tone: Tone::Info, text: text.clone(), closable: false });
        }
        let mut asked = None;
        ScrollArea::vertical().id_salt("profiles").auto_shrink(false).show(ui, |ui| {
            brings = brings.take().or_else(|| self.packs(ui, theme));
            if let Some(new) = &mut self.new {
                asked = add::draw(ui, theme, view, new);
            }
            asked = asked.take().or(list::draw(ui, theme, view));
        });
        if brings.is_some() {
            return brings;
        }
        match asked? {
            Pressed::Open(name) => {
                self.go(ProfilesLook::One(name, None));
                None
            }
            Pressed::Copy(name) => {
                self.new = Some(add::New::begin(view, Beginning::Copy(name)));
                self.said = None;
                None
            }
            Pressed::Add { name, begins } => {
                let then = ProfilesLook::One(name.trim().to_owned(), None);
                Some(self.change(ProfileAsk::Add { name, begins }, then))
            }
            Pressed::Leave => {
                self.new = None;
                None
            }
            Pressed::Run(name) => Some(self.change(ProfileAsk::Run(name), self.look.clone())),
            Pressed::Delete(question, ask) => {
                self.asking = Some((question, ask));
                None
            }
        }
    }

    /// One profile.
    fn one(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        (seen, view): (&ProfilesSeen, &ProfileView),
    ) -> Option<Command> {
        let all = &seen.all;
        let name = view.row.name.clone();
        let head = one::head(ui, theme, view);
        self.said(ui, theme);
        if let Some(command) = self.packs(ui, theme) {
            return Some(command);
        }
        let mut typed =
            one::Typed { draft: &mut self.draft, along: &mut self.along, offered: &seen.along };
        let asked = head.or(one::draw(ui, theme, (all, view), &mut typed))?;
        let (revision, stay) = (view.row.revision.clone(), ProfilesLook::One(name.clone(), None));
        match asked {
            one::Pressed::All => self.go(ProfilesLook::All),
            one::Pressed::Show(version) => self.go(ProfilesLook::One(name, version)),
            one::Pressed::Copy => {
                self.go(ProfilesLook::All);
                self.new = Some(add::New::begin(all, Beginning::Copy(name)));
            }
            one::Pressed::Export => return Some(Command::Pack(Way::Save(name))),
            one::Pressed::Discard => (self.draft, self.said) = (None, None),
            one::Pressed::Delete => {
                let ask = ProfileAsk::Delete { profile: name, revision };
                self.asking = Some((view.row.delete.question.clone(), ask));
            }
            one::Pressed::Run => return Some(self.change(ProfileAsk::Run(name), stay)),
            one::Pressed::Restore(version) => {
                let ask = ProfileAsk::Restore { profile: name, revision, version };
                return Some(self.change(ask, stay));
            }
            one::Pressed::Save(draft) => {
                let one::Draft { revision, name: to, description } = draft;
                let then = ProfilesLook::One(to.trim().to_owned(), None);
                let ask = ProfileAsk::Save { profile: name, revision, name: to, description };
                return Some(self.change(ask, then));
            }
        }
        None
    }
}

/// What was pressed in the list or the form above it.
enum Pressed {
    Open(String),
    Run(String),
    Copy(String),
    Delete(Question, ProfileAsk),
    Add { name: String, begins: Beginning },
    Leave,
}

const fn submit(ask: ProfileAsk) -> Command {
    Command::Submit(Intent::Admin(Ask::Profiles(ask)))
}

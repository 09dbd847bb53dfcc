//! The System page: what the doctor says, information, the log, and a report of feedback. What it shows is
//! looked at aside and comes as an answer; while the page is shown it is asked for again and again.

use egui::{OpenUrl, RichText, ScrollArea, TextEdit, Ui};

use crate::desktop::ask::{Ask, Place};
use crate::desktop::command::Command;
use crate::desktop::fonts;
use crate::desktop::pages;
use crate::desktop::pages::admin::Shared;
use crate::desktop::pages::admin::backup::BackupForm;
use crate::desktop::theme::Theme;
use crate::desktop::widgets::form::{self, Look, Ticked};
use crate::desktop::widgets::panel::panel;
use crate::desktop::widgets::text::paragraph;
use crate::view::offer::Offer;
use crate::view::shown::Tone;
use crate::view::system::{Enclosure, Feedback, LogPrefs, MailOffer, SystemSeen};

/// Seconds between two looks while the page is shown.
const AGAIN_S: f64 = 2.0;
/// Seconds after which a look that nobody has answered is asked for once more.
const LOST_S: f64 = 60.0;
/// Lines of the log that are drawn.
const LINES: usize = 200;

/// What the page keeps between frames.
#[derive(Default)]
pub(super) struct SystemPage {
    seen: Option<Box<SystemSeen>>,
    asked_at: Option<f64>,
    text: String,
    with: Vec<Enclosure>,
    /// To whom; as long as nobody has typed there, the address of the settings.
    to: Option<String>,
    pub(super) backup: BackupForm,
}

impl SystemPage {
    pub(super) fn take(&mut self, seen: Box<SystemSeen>) {
        self.seen = Some(seen);
    }

    /// The report was written.
    pub(super) fn settled(&mut self) {
        self.text.clear();
    }

    pub(super) fn draw(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        prefs: &mut LogPrefs,
        shared: &mut Shared,
    ) -> Option<Command> {
        let mut asked = None;
        let now = ui.ctx().input(|input| input.time);
        ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(AGAIN_S));
        ScrollArea::vertical().id_salt("system").auto_shrink(false).show(ui, |ui| {
            pages::title(ui, theme, "System");
            shared.answers(ui, theme, Place::SystemLook);
            let Some(seen) = &self.seen else {
                paragraph(ui, "Looking\u{2026}", theme.muted);
                return;
            };
            panel(ui, theme, "Doctor", |ui| doctor(ui, theme, seen));
            panel(ui, theme, "Information", |ui| {
                for (label, text) in &seen.information.lines {
                    ui.horizontal_wrapped(|ui| {
                        ui.label(RichText::new(label).color(theme.muted));
                        ui.label(RichText::new(text).color(theme.text));
                    });
                }
            });
            let backup = &mut self.backup;
            let drawn = panel(ui, theme, "Backup", |ui| match &seen.backup {
                Ok(view) => backup.draw(ui, theme, view, shared),
                Err(why) => {
                    paragraph(ui, why, theme.tone(Tone::Fault));
                    None
                }
            });
            asked = drawn;
            panel(ui, theme, "System log", |ui| log(ui, theme, seen, prefs));
            let mail = seen.mail.clone();
            let drawn = panel(ui, theme, "Feedback", |ui| self.feedback(ui, theme, &mail, shared));
            asked = asked.take().or(drawn);
        });
        // What a person asks for goes before the next look.
        let pause = if shared.waits(Place::SystemLook) { LOST_S } else { AGAIN_S };
        let due = self.asked_at.is_none_or(|at| now - at >= pause);
        if asked.is_none() && due {
            self.asked_at = Some(now);
            asked = shared.ask(Ask::LookAtSystem(prefs.clone()));
        }
        asked
    }

    fn feedback(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        mail: &MailOffer,
        shared: &mut Shared,
    ) -> Option<Command> {
        let about = "Makes a report of what you write and what you choose to go with it. It is written into the data folder or sent by e-mail, and only where you say so; passwords, tokens, links and addresses of people are taken out.";
        paragraph(ui, about, theme.muted);
        shared.answers(ui, theme, Place::Feedback);
        let entry = TextEdit::multiline(&mut self.text)
            .id(egui::Id::unique("feedback"))
            .hint_text("What happened, what you expected, what you did before")
            .char_limit(20_000)
            .desired_rows(4)
            .desired_width(ui.available_width().min(700.0));
        ui.add(entry).accessible_name("What to report");
        for one in Enclosure::ALL {
            let on = self.with.contains(&one);
            if form::tick(ui, theme, Ticked::from(on), (one.words(), ""), None) {
                match on {
                    true => self.with.retain(|other| *other != one),
                    false => self.with.push(one),
                }
            }
        }
        let is_empty = self.text.trim().is_empty() && self.with.is_empty();
        let offer = |label: &str| match is_empty {
            true => Offer::shut(label, "Write something, or choose what goes with it."),
            false => Offer::open(label),
        };
        let feedback = || Feedback { text: self.text.clone(), with: self.with.clone() };
        if form::offer(ui, theme, &offer("Write the report"), Look::Primary) {
            return shared.ask(Ask::WriteFeedback(feedback()));
        }
        paragraph(ui, mail.words, theme.muted);
        if let Some(begin) = &mail.begin {
            let begins = Offer::open("Begin an e-mail");
            if form::offer(ui, theme, &begins, Look::Plain) {
                ui.ctx().open_url(OpenUrl::new_tab(begin));
            }
            return None;
        }
        let to = self.to.get_or_insert_with(|| mail.to.clone());
        form::line_field(ui, theme, "Send the report to", to, "battery-team@example.org");
        let send = match to.trim().is_empty() {
            true => Offer::shut("Send by e-mail", "Type the address that it goes to."),
            false => offer("Send by e-mail"),
        };
        if form::offer(ui, theme, &send, Look::Plain) {
            let ask = Ask::MailFeedback { to: to.clone(), feedback: feedback() };
            return shared.ask(ask);
        }
        None
    }
}

fn doctor(ui: &mut Ui, theme: &Theme, seen: &SystemSeen) {
    let view = &seen.doctor;
    ui.label(RichText::new(&view.summary).color(theme.tone(view.tone)).font(fonts::strong(14.0)));
    for row in &view.rows {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(row.word).color(theme.tone(row.tone)));
            ui.label(RichText::new(&row.check).font(fonts::mono(13.0)).color(theme.muted));
            ui.label(RichText::new(&row.text).color(theme.text));
            if !row.advice.is_empty() {
                ui.label(RichText::new(&row.advice).color(theme.muted));
            }
        });
    }
}

fn log(ui: &mut Ui, theme: &Theme, seen: &SystemSeen, prefs: &mut LogPrefs) {
    paragraph(ui, &format!("{} {}", seen.log.summary, seen.log.kept), theme.muted);
    ui.horizontal_wrapped(|ui| {
        let levels = ["", "error", "warning", "info", "debug"];
        let words = |code: &str| {
            if code.is_empty() { "All levels".to_owned() } else { format!("{code} and graver") }
        };
        let options: Vec<(String, String)> =
            levels.iter().map(|code| ((*code).to_owned(), words(code))).collect();
        let shown = words(&prefs.level);
        form::choice(ui, "Level", (&shown, 180.0), &mut prefs.level, &options);
        form::line_field(ui, theme, "Find in the log", &mut prefs.find, "Find in the log");
    });
    for row in seen.log.rows.iter().take(LINES) {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(&row.at).font(fonts::mono(12.0)).color(theme.muted));
            ui.label(RichText::new(row.level).color(theme.tone(row.tone)));
            ui.label(RichText::new(&row.part).font(fonts::mono(12.0)).color(theme.muted));
            ui.label(RichText::new(&row.text).color(theme.text));
        });
    }
}

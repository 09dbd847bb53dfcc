//! Composes the Settings page.

mod fields;
pub mod typed;

use jiff::tz::TimeZone;

use crate::engine::{
    Account, Administer, ChangeSettings, MailSecurity, MailSettings, Marks, Override, OverrideBy,
    Session, Settings, Snapshot,
};
use crate::view::compose::charge::rules_table;
use crate::view::compose::users::{guarded, sentence};
use crate::view::offer::Offer;
use crate::view::settings::{Field, Section, SectionView, SettingsView, Source};
use crate::view::shown::{Note, Tone};
use crate::view::text;

pub use typed::{SaveOrder, TypedError, reset_order, save_order};

/// What is known of the listener, besides its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenerState {
    /// Where it listens, such as `https://127.0.0.1:18080`; `None` while it does not.
    pub url: Option<String>,
    /// The fingerprint of the certificate it shows.
    pub fingerprint: Option<String>,
    /// Why it does not listen, or what it says besides.
    pub sentence: Option<String>,
}

/// Everything that the page is made of.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// Who changed them.
    pub marks: &'a Marks,
    /// What stands above them.
    pub overrides: &'a [Override],
    /// The listener.
    pub listener: &'a ListenerState,
    /// The plant, for the limits that charging decides by.
    pub snapshot: &'a Snapshot,
    /// The accounts, as far as whoever looks may know them.
    pub accounts: &'a [Account],
    /// Displays that are signed in.
    pub displays: usize,
    /// What times are shown in.
    pub zone: &'a TimeZone,
    /// What is looked for; empty for everything.
    pub find: &'a str,
}

/// Makes the page. Who may not change the settings sees them all the same.
#[must_use]
pub fn settings(seen: &Seen<'_>, session: &Session) -> SettingsView {
    let find = seen.find.trim().to_owned();
    let mut sections: Vec<SectionView> =
        Section::ALL.into_iter().map(|one| section(seen, one, session)).collect();
    let mut found = String::new();
    if !find.is_empty() {
        for one in &mut sections {
            let title = one.title;
            one.fields.retain(|field| is_about(field, title, &find));
        }
        sections.retain(|section| !section.fields.is_empty());
        let count: usize = sections.iter().map(|section| section.fields.len()).sum();
        found = match count {
            0 => format!("No setting is about \u{201c}{find}\u{201d}."),
            _ => format!("{} about \u{201c}{find}\u{201d}.", text::count(count, "setting")),
        };
    }
    SettingsView { version: seen.settings.version, sections, find, found }
}

fn section(seen: &Seen<'_>, section: Section, session: &Session) -> SectionView {
    let settings = seen.settings;
    let mut fields = match section {
        Section::General => fields::general(&settings.general),
        Section::Look => fields::look(&settings.look),
        Section::Web => fields::web(&settings.web),
        Section::Sessions => fields::sessions(&settings.sessions),
        Section::Mail => fields::mail(&settings.mail),
        Section::Kiosk => fields::kiosk(&settings.kiosk, seen.accounts),
        Section::Records => fields::records(&settings.records),
        Section::Safety => fields::safety(seen.snapshot),
    };
    if section != Section::Safety {
        for field in &mut fields {
            (field.source, field.origin) = origin(field, section, seen, session);
        }
    }
    let (save, version) = match section {
        Section::Safety => {
            let table = rules_table(seen.snapshot, session);
            (Offer { label: "Save".into(), ..table.change }, table.version)
        }
        _ if section.is_for_administrators() => (guarded("Save", session), settings.version),
        _ => (changeable("Save", session), settings.version),
    };
    let notes = match section {
        Section::Web => web_notes(settings, seen.listener),
        Section::Mail => mail_notes(&settings.mail),
        Section::Kiosk => kiosk_notes(seen),
        Section::Safety => vec![note(Tone::Muted, rules_table(seen.snapshot, session).kept)],
        Section::General | Section::Look | Section::Sessions | Section::Records => Vec::new(),
    };
    let about = about(section).into();
    SectionView { section, title: section.title(), about, notes, fields, version, save }
}

/// Whether a field is about what is looked for: every word of it is somewhere in what is said of it.
fn is_about(field: &Field, title: &str, find: &str) -> bool {
    let said = [field.name, field.label, field.unit, &field.effect, title].join(" ").to_lowercase();
    find.to_lowercase().split_whitespace().all(|word| said.contains(word))
}

/// Where the value of a field comes from. Who set it is told to those who could.
fn origin(field: &Field, section: Section, seen: &Seen<'_>, session: &Session) -> (Source, String) {
    if let Some(over) = seen.overrides.iter().find(|over| over.field == field.name) {
        let (source, whose) = match over.by {
            OverrideBy::CommandLine => (Source::CommandLine, "the command line"),
            OverrideBy::Environment => (Source::Environment, "the environment"),
        };
        let words = format!(
            "{} of {whose} says {} for this run; what is set here holds when it is gone.",
            over.name, over.value
        );
        return (source, words);
    }
    let mark = seen.marks.of(field.name);
    if field.is_default {
        return (Source::Default, "As by default.".to_owned());
    }
    let may = match section.is_for_administrators() {
        true => session.may(Administer),
        false => session.may(ChangeSettings),
    };
    let words = match mark {
        None => "Set here.".to_owned(),
        Some(mark) if may => {
            format!("Set by {} on {}.", mark.who, text::date(mark.at, seen.zone))
        }
        Some(mark) => format!("Set here on {}.", text::date(mark.at, seen.zone)),
    };
    (Source::Set, words)
}

/// An action for whoever may change system settings.
fn changeable(label: &str, session: &Session) -> Offer {
    match session.permit(ChangeSettings) {
        Ok(_) => Offer::open(label),
        Err(denied) => Offer::shut(label, &sentence(&denied.to_string())),
    }
}

/// What a complaint about a setting says on a screen: the setting goes by its label.
#[must_use]
pub fn complaint(field: &str, why: &str) -> String {
    match fields::label_of(field) {
        Some(label) => format!("{label}: {why}."),
        None => format!("{field}: {why}."),
    }
}

const fn about(section: Section) -> &'static str {
    match section {
        Section::General => "What concerns this Busbar as a whole. A change takes effect at once.",
        Section::Look => {
            "How things are shown, in the window and in browsers. A change takes effect at once; the API, files and limits stay as they are."
        }
        Section::Web => {
            "Lets people in through a browser or the API, with exactly the permissions of their accounts. A change takes effect at once: the listener opens anew, charging and recording go on."
        }
        Section::Sessions => {
            "How long somebody stays signed in, and what a password must be like. A change takes effect at once, for sessions that are open as well."
        }
        Section::Mail => {
            "Sends invitation and reset links. Without it, links are shown to copy. A change takes effect with the next link."
        }
        Section::Kiosk => {
            "A screen on a wall that shows the pack to whoever passes: it opens /kiosk and is signed in by its address, as an account that may only read. It sees one page, without a menu and without a stop button. Switching it off ends every display within a second."
        }
        Section::Records => {
            "What is kept and how much of it. A change takes effect at once; what runs into a file goes on into that file."
        }
        Section::Safety => {
            "The limits that charging decides by. They hold for every pack and are kept in the running profile. They can be changed while nothing charges, and hold from then on."
        }
    }
}

fn note(tone: Tone, text: String) -> Note {
    Note { tone, text, closable: false }
}

fn kiosk_notes(seen: &Seen<'_>) -> Vec<Note> {
    let kiosk = &seen.settings.kiosk;
    let mut notes = Vec::new();
    if !kiosk.enabled {
        return notes;
    }
    let text = match seen.displays {
        0 => "No display is signed in.".to_owned(),
        some => format!("{} signed in.", text::count(some, "display")),
    };
    notes.push(note(Tone::Info, text));
    let account = kiosk.account.and_then(|id| seen.accounts.iter().find(|one| one.id == id));
    if let Some(why) = account.and_then(crate::engine::display_unfit) {
        let text = format!("No display is let in with this account: {why}.");
        notes.push(note(Tone::Warning, text));
    }
    notes
}

fn web_notes(settings: &Settings, listener: &ListenerState) -> Vec<Note> {
    let mut notes = Vec::new();
    match &listener.url {
        Some(url) => notes.push(note(Tone::Ok, format!("Listening on {url}."))),
        None if listener.sentence.is_none() => {
            notes.push(note(Tone::Muted, "Nothing listens at the moment.".into()));
        }
        None => {}
    }
    if let Some(fingerprint) = &listener.fingerprint {
        let text = format!(
            "Its certificate has the SHA-256 fingerprint {fingerprint}: compare it with what the browser shows."
        );
        notes.push(note(Tone::Info, text));
    }
    if let Some(sentence) = &listener.sentence {
        notes.push(note(Tone::Fault, sentence.clone()));
    }
    if !settings.web.is_https() && !settings.web.listen.ip().is_loopback() {
        let text = "Passwords go through the network in the clear: anybody on the way can read them. Use HTTPS unless something else secures the way.";
        notes.push(note(Tone::Warning, text.into()));
    }
    notes
}

fn mail_notes(mail: &MailSettings) -> Vec<Note> {
    if mail.enabled && mail.security == MailSecurity::Plain {
        let text = "Links go to the mail server in the clear. That is only sound where the server is this machine.";
        return vec![note(Tone::Warning, text.into())];
    }
    Vec::new()
}

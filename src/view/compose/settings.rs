//! Composes the Settings page.

use std::net::SocketAddr;

use crate::engine::{
    MailSecurity, MailSettings, Session, SessionSettings, Settings, Tls, WebSettings,
};
use crate::view::compose::users::guarded;
use crate::view::settings::{Field, Input, Section, SectionView, SettingsView};
use crate::view::shown::{Note, Tone};

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

/// Makes the page. Who may not change the settings sees them all the same.
#[must_use]
pub fn settings(settings: &Settings, listener: &ListenerState, session: &Session) -> SettingsView {
    let section = |section: Section| SectionView {
        section,
        title: title(section),
        about: about(section).into(),
        notes: match section {
            Section::Web => web_notes(settings, listener),
            Section::Sessions => Vec::new(),
            Section::Mail => mail_notes(&settings.mail),
        },
        fields: match section {
            Section::Web => web(&settings.web),
            Section::Sessions => sessions(&settings.sessions),
            Section::Mail => mail(&settings.mail),
        },
        save: guarded("Save", session),
    };
    let sections = Section::ALL.into_iter().map(section).collect();
    SettingsView { version: settings.version, sections }
}

const fn title(section: Section) -> &'static str {
    match section {
        Section::Web => "Web listener",
        Section::Sessions => "Sessions and passwords",
        Section::Mail => "E-mail",
    }
}

const fn about(section: Section) -> &'static str {
    match section {
        Section::Web => {
            "Lets people in through a browser or the API, with exactly the permissions of their accounts. A change takes effect at once: the listener opens anew, charging and recording go on."
        }
        Section::Sessions => {
            "How long somebody stays signed in, and what a password must be like. A change takes effect at once, for sessions that are open as well."
        }
        Section::Mail => {
            "Sends invitation and reset links. Without it, links are shown to copy. A change takes effect with the next link."
        }
    }
}

fn note(tone: Tone, text: String) -> Note {
    Note { tone, text, closable: false }
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

/// A field; its default is what it holds in the default settings.
struct Draft {
    name: &'static str,
    label: &'static str,
    input: Input,
    value: String,
    default: String,
    unit: &'static str,
    effect: &'static str,
}

fn field(draft: Draft) -> Field {
    let Draft { name, label, input, value, default, unit, effect } = draft;
    let default = match &input {
        Input::Switch => if default.is_empty() { "off" } else { "on" }.to_owned(),
        Input::Choice(choices) => {
            let found = choices.iter().find(|(code, _)| *code == default);
            found.map_or(default, |(_, words)| (*words).to_owned())
        }
        Input::Number { .. } if !unit.is_empty() => format!("{default} {unit}"),
        Input::Number { .. } | Input::Text(_) | Input::Lines(_) if !default.is_empty() => default,
        Input::Number { .. } | Input::Text(_) | Input::Lines(_) | Input::Secret => "none".into(),
    };
    Field { name, label, input, value, default, unit, effect: effect.into() }
}

/// Makes one field out of two settings: what is set, and the default.
macro_rules! fields {
    ($set:expr, $default:expr; $($name:literal, $label:literal, $input:expr, $unit:literal, $read:expr, $effect:literal;)*) => {
        vec![$(field(Draft {
            name: $name,
            label: $label,
            input: $input,
            value: $read($set),
            default: $read($default),
            unit: $unit,
            effect: $effect,
        })),*]
    };
}

/// A switch as it is typed.
fn switch(on: bool) -> String {
    if on { "on".into() } else { String::new() }
}

fn path(path: Option<&std::path::PathBuf>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

/// Codes of [`Tls`].
pub(super) const TLS: [(&str, &str, Tls); 3] = [
    ("auto", "On every address but this machine\u{2019}s own", Tls::Auto),
    ("on", "Always", Tls::On),
    ("off", "Never", Tls::Off),
];

/// Codes of [`MailSecurity`].
pub(super) const SECURITY: [(&str, &str, MailSecurity); 3] = [
    ("start_tls", "STARTTLS, usually port 587", MailSecurity::StartTls),
    ("tls", "TLS from the start, usually port 465", MailSecurity::Tls),
    ("plain", "None: for a server on this machine", MailSecurity::Plain),
];

fn codes<T>(table: &[(&'static str, &'static str, T)]) -> Input {
    Input::Choice(table.iter().map(|(code, words, _)| (*code, *words)).collect())
}

fn code_of<T: PartialEq>(table: &[(&'static str, &'static str, T)], value: &T) -> String {
    let found = table.iter().find(|(.., known)| known == value);
    found.map_or_else(String::new, |(code, ..)| (*code).to_owned())
}

fn web(web: &WebSettings) -> Vec<Field> {
    type W = WebSettings;
    fields![web, &WebSettings::default();
        "web.enabled", "Listen", Input::Switch, "",
            |w: &W| switch(w.enabled),
            "Opens the listener with the window. `busbar serve` always opens it.";
        "web.listen", "Address and port", Input::Text("127.0.0.1:18080"), "",
            |w: &W| SocketAddr::to_string(&w.listen),
            "127.0.0.1 is reached from this machine only; 0.0.0.0 or [::] from every network it is on.";
        "web.tls", "HTTPS", codes(&TLS), "",
            |w: &W| code_of(&TLS, &w.tls),
            "Encrypts what goes through the network, with the certificate below or one that Busbar makes.";
        "web.certificate", "Certificate file", Input::Text("a PEM file"), "",
            |w: &W| path(w.certificate.as_ref()),
            "The certificate and the chain above it. Empty: Busbar makes one of its own, which browsers ask about.";
        "web.key", "Key file", Input::Text("a PEM file"), "",
            |w: &W| path(w.key.as_ref()),
            "The key of the certificate.";
        "web.allow_plain_http", "Allow plain HTTP on other addresses", Input::Switch, "",
            |w: &W| switch(w.allow_plain_http),
            "Sends passwords in the clear. Only where something else secures the way, such as a proxy.";
        "web.public_url", "Address people use", Input::Text("https://pack.example.org"), "",
            |w: &W| w.public_url.clone().unwrap_or_default(),
            "What links begin with. Empty: the address it listens on.";
        "web.cross_origins", "Pages that may use the API", Input::Lines("https://dash.example.org"), "",
            |w: &W| w.cross_origins.join("\n"),
            "Origins of other sites, one a line, whose scripts may use the API with a token.";
    ]
}

fn sessions(sessions: &SessionSettings) -> Vec<Field> {
    type S = SessionSettings;
    let number = |least, most| Input::Number { least, most };
    fields![sessions, &SessionSettings::default();
        "sessions.idle_min", "End a session after idling", number(1, 1440), "min",
            |s: &S| s.idle_min.to_string(),
            "Somebody who does nothing for so long must sign in again.";
        "sessions.absolute_h", "End every session after", number(1, 720), "h",
            |s: &S| s.absolute_h.to_string(),
            "Whatever somebody does, they must sign in again after so long.";
        "sessions.link_h", "Links work for", number(1, 720), "h",
            |s: &S| s.link_h.to_string(),
            "Invitation and reset links expire so long after they were made. Links already made keep their time.";
        "sessions.password_chars", "Shortest password", number(12, 128), "characters",
            |s: &S| s.password_chars.to_string(),
            "Applies to passwords set from now on.";
    ]
}

fn mail(mail: &MailSettings) -> Vec<Field> {
    type M = MailSettings;
    let mut fields = fields![mail, &MailSettings::default();
        "mail.enabled", "Send e-mail", Input::Switch, "",
            |m: &M| switch(m.enabled),
            "Sends links to accounts that have an e-mail address.";
        "mail.host", "Mail server", Input::Text("mail.example.org"), "",
            |m: &M| m.host.clone(),
            "The server that takes mail for sending (SMTP).";
        "mail.port", "Port", Input::Number { least: 1, most: 65_535 }, "",
            |m: &M| m.port.to_string(),
            "465 and 587 are usual.";
        "mail.security", "Encryption", codes(&SECURITY), "",
            |m: &M| code_of(&SECURITY, &m.security),
            "How the way to the mail server is secured.";
        "mail.user", "User name", Input::Text(""), "",
            |m: &M| m.user.clone().unwrap_or_default(),
            "Empty: the server asks for none.";
        "mail.password", "Password", Input::Secret, "",
            |_: &M| String::new(),
            "Empty: nothing changes. A single minus sign takes it away.";
        "mail.from", "Sender", Input::Text("busbar@example.org"), "",
            |m: &M| m.from.clone(),
            "The address that mails come from.";
    ];
    let kept = if mail.has_password {
        "A password is kept in the data folder and never shown. "
    } else {
        "None is kept. One that is given is kept in the data folder and never shown. "
    };
    for field in fields.iter_mut().filter(|field| field.name == "mail.password") {
        field.effect.insert_str(0, kept);
    }
    fields
}

//! The fields of every section: names, labels, bounds and what each does.

use std::net::SocketAddr;

use crate::engine::{
    Account, ChargeKey, GeneralSettings, KioskSettings, LogLevel, LookSettings, MailSecurity,
    MailSettings, RecordSettings, RuleOrigin, SessionSettings, Settings, Snapshot, TemperatureUnit,
    ThemeChoice, Tls, WebSettings,
};
use crate::view::charge::RuleView;
use crate::view::compose::charge::rules;
use crate::view::settings::{Field, Input, Source};

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
    let is_default = value == default;
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
    let origin = String::new();
    Field {
        name,
        label,
        input,
        value,
        default,
        unit,
        effect: effect.into(),
        origin,
        source: Source::Default,
        is_default,
    }
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

/// One a line.
fn lines<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn path(path: Option<&std::path::PathBuf>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

/// Codes of [`Tls`].
pub const TLS: [(&str, &str, Tls); 3] = [
    ("auto", "On every address but this machine\u{2019}s own", Tls::Auto),
    ("on", "Always", Tls::On),
    ("off", "Never", Tls::Off),
];

/// Codes of [`LogLevel`].
pub const LEVELS: [(&str, &str, LogLevel); 4] = [
    ("error", "Errors only", LogLevel::Error),
    ("warning", "Warnings and errors", LogLevel::Warning),
    ("info", "What was done, too", LogLevel::Info),
    ("debug", "Everything that helps to find a fault", LogLevel::Debug),
];

/// Codes of [`TemperatureUnit`].
pub const TEMPERATURES: [(&str, &str, TemperatureUnit); 2] = [
    ("celsius", "Degrees Celsius", TemperatureUnit::Celsius),
    ("fahrenheit", "Degrees Fahrenheit", TemperatureUnit::Fahrenheit),
];

/// Codes of [`ThemeChoice`].
pub const THEMES: [(&str, &str, ThemeChoice); 3] = [
    ("system", "As the system of whoever looks", ThemeChoice::System),
    ("dark", "Dark", ThemeChoice::Dark),
    ("light", "Light", ThemeChoice::Light),
];

/// Codes of [`MailSecurity`].
pub const SECURITY: [(&str, &str, MailSecurity); 3] = [
    ("start_tls", "STARTTLS, usually port 587", MailSecurity::StartTls),
    ("tls", "TLS from the start, usually port 465", MailSecurity::Tls),
    ("plain", "None: for a server on this machine", MailSecurity::Plain),
];

fn codes<T>(table: &[(&'static str, &'static str, T)]) -> Input {
    Input::Choice(table.iter().map(|(code, words, _)| ((*code).into(), (*words).into())).collect())
}

fn code_of<T: PartialEq>(table: &[(&'static str, &'static str, T)], value: &T) -> String {
    let found = table.iter().find(|(.., known)| known == value);
    found.map_or_else(String::new, |(code, ..)| (*code).to_owned())
}

/// The fields of the web listener.
pub fn web(web: &WebSettings) -> Vec<Field> {
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
        "web.trusted_proxies", "Trusted proxies", Input::Lines("10.0.0.1"), "",
            |w: &W| lines(&w.trusted_proxies),
            "Addresses or ranges, one a line, whose header X-Forwarded-For is believed for where a request comes from. Empty: nobody\u{2019}s is.";
    ]
}

/// The fields of sessions and passwords.
pub fn sessions(sessions: &SessionSettings) -> Vec<Field> {
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

/// The fields of e-mail.
pub fn mail(mail: &MailSettings) -> Vec<Field> {
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
            "Empty: nothing changes.";
        "mail.from", "Sender", Input::Text("busbar@example.org"), "",
            |m: &M| m.from.clone(),
            "The address that mails come from.";
    ];
    let kept = if mail.has_password {
        "One is set: it is kept sealed and never shown. "
    } else {
        "None is set. One that is given is kept sealed and never shown. "
    };
    for field in fields.iter_mut().filter(|field| field.name == "mail.password") {
        field.effect.insert_str(0, kept);
        field.is_default = !mail.has_password;
    }
    fields
}

/// The fields of what concerns everything.
pub fn general(general: &GeneralSettings) -> Vec<Field> {
    type G = GeneralSettings;
    fields![general, &GeneralSettings::default();
        "general.name", "Name of this Busbar", Input::Text("Rack 7"), "",
            |g: &G| g.name.clone(),
            "Stands in the title of pages, on the sign-in page and in feedback, for people who have several.";
        "general.feedback_to", "Feedback goes to", Input::Text("battery-team@example.org"), "",
            |g: &G| g.feedback_to.clone().unwrap_or_default(),
            "The address that a feedback mail is begun with. Empty: whoever writes it chooses.";
        "general.log_level", "System log", codes(&LEVELS), "",
            |g: &G| code_of(&LEVELS, &g.log_level),
            "How much the system log keeps, on its page and in its files.";
    ]
}

/// The fields of units and look.
pub fn look(look: &LookSettings) -> Vec<Field> {
    type L = LookSettings;
    fields![look, &LookSettings::default();
        "look.temperature", "Temperatures", codes(&TEMPERATURES), "",
            |l: &L| code_of(&TEMPERATURES, &l.temperature),
            "The unit of temperatures on the Pack page and its cells. Limits are typed, and the API, reports and files are written, in degrees Celsius.";
        "look.theme", "Theme of pages", codes(&THEMES), "",
            |l: &L| code_of(&THEMES, &l.theme),
            "In a browser where nobody chose one on the Account page, on the sign-in page and on displays.";
    ]
}

/// The fields of displays. Accounts go by their names for whoever may know them.
pub fn kiosk(kiosk: &KioskSettings, accounts: &[Account]) -> Vec<Field> {
    type K = KioskSettings;
    let mut choices = vec![(String::new(), "Choose an account".to_owned())];
    let fit = |one: &&Account| {
        crate::engine::display_unfit(one).is_none() || Some(one.id) == kiosk.account
    };
    choices.extend(accounts.iter().filter(fit).map(|one| (one.id.to_string(), one.name.clone())));
    if let Some(id) = kiosk.account.filter(|id| accounts.iter().all(|one| one.id != *id)) {
        choices.push((id.to_string(), "An account".to_owned()));
    }
    fields![kiosk, &KioskSettings::default();
        "kiosk.enabled", "Sign displays in", Input::Switch, "",
            |k: &K| switch(k.enabled),
            "Lets a browser at one of the addresses below open /kiosk without a password.";
        "kiosk.account", "As the account", Input::Choice(choices), "",
            |k: &K| k.account.map(|id| id.to_string()).unwrap_or_default(),
            "It holds Read system settings and nothing else. Displays end when it is given more.";
        "kiosk.addresses", "From these addresses", Input::Lines("192.168.1.40"), "",
            |k: &K| lines(&k.addresses),
            "Addresses or ranges such as 192.168.1.0/28, one a line. Whoever can use such an address sees the pack.";
        "kiosk.profile", "Only while this profile runs", Input::Text("a profile\u{2019}s name"), "",
            |k: &K| k.profile.clone().unwrap_or_default(),
            "Empty: under every profile. Displays end when another profile is activated.";
    ]
}

/// The fields of what is kept.
pub fn records(records: &RecordSettings) -> Vec<Field> {
    type R = RecordSettings;
    let number = |name: &str| {
        let bounds = RecordSettings::BOUNDS.iter().find(|(field, ..)| *field == name);
        let (least, most) = bounds.map_or((0, u32::MAX), |(_, least, most)| (*least, *most));
        Input::Number { least, most }
    };
    fields![records, &RecordSettings::default();
        "records.charges", "Charges kept", number("records.charges"), "charges",
            |r: &R| r.charges.to_string(),
            "With their reports and plots, some ten kilobytes each. The oldest go first; the journal keeps its lines of all of them.";
        "records.trace_frames", "Trace", number("records.trace_frames"), "frames",
            |r: &R| r.trace_frames.to_string(),
            "Frames of what runs that the trace holds in memory, some 24 bytes each. Fewer: the oldest go at once.";
        "records.log_memory_mb", "Memory of an opened recording", number("records.log_memory_mb"), "MB",
            |r: &R| r.log_memory_mb.to_string(),
            "A recording that needs more is opened in part. Holds for those opened from now on.";
        "records.recordings", "Folder of recordings", Input::Text("recordings"), "",
            |r: &R| path(r.recordings.as_ref()),
            "A folder in the data folder whose name begins with \u{201c}recordings\u{201d}, or, from the window only, any other in full. Recordings stay where they are; one that runs goes on there. Empty: recordings in the data folder.";
        "records.log_file_mb", "Size of a log file", number("records.log_file_mb"), "MB",
            |r: &R| r.log_file_mb.to_string(),
            "A file of the system log is closed at this size and a new one begun.";
        "records.log_files", "Log files kept", number("records.log_files"), "files",
            |r: &R| r.log_files.to_string(),
            "With the one that is written. The oldest go first.";
    ]
}

/// The limits that charging decides by.
pub fn safety(snapshot: &Snapshot) -> Vec<Field> {
    let shown = rules(&snapshot.rules.rules);
    let one = |(key, row): (&ChargeKey, RuleView)| {
        let rule = key.rule();
        let is_default = !row.is_set;
        let (source, origin) = match snapshot.rules.rules.origin(*key) {
            RuleOrigin::Usual => (Source::Default, "As usual.".to_owned()),
            RuleOrigin::Profile => (Source::Profile, "Set in the running profile.".to_owned()),
            RuleOrigin::Person => {
                (Source::Set, "Set here, and not kept when the profile ends.".to_owned())
            }
        };
        Field {
            name: rule.name,
            label: rule.title,
            input: Input::Text(""),
            value: row.value,
            default: row.usual,
            unit: rule.unit,
            effect: format!("{} It is {}.", row.about, row.bounds),
            origin,
            source,
            is_default,
        }
    };
    ChargeKey::ALL.iter().zip(shown).map(one).collect()
}

/// The label of the setting of this name.
pub fn label_of(name: &str) -> Option<&'static str> {
    let all = Settings::default();
    let mut fields = general(&all.general);
    fields.extend(look(&all.look));
    fields.extend(web(&all.web));
    fields.extend(sessions(&all.sessions));
    fields.extend(mail(&all.mail));
    fields.extend(kiosk(&all.kiosk, &[]));
    fields.extend(records(&all.records));
    fields.into_iter().find(|field| field.name == name).map(|field| field.label)
}

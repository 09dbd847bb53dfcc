//! Turns what was typed on the Settings page back into settings.

use std::path::PathBuf;

use thiserror::Error;

use crate::engine::{
    AccountId, AddressRange, ChargeKey, ChargeRules, GeneralSettings, KioskSettings, LookSettings,
    MailSettings, RecordSettings, SaveSettings, SaveSystem, Secret, SecretChange, SessionSettings,
    SetChargeRule, SettingError, Settings, WebSettings,
};
use crate::view::compose::charge::typed_rule;
use crate::view::compose::settings::fields::{self, LEVELS, SECURITY, TEMPERATURES, THEMES, TLS};
use crate::view::compose::users::sentence;
use crate::view::settings::{Field, Section};

/// Why what was typed is no setting.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TypedError {
    /// It cannot be read.
    #[error("{field}: \u{201c}{typed}\u{201d} is no {what}")]
    Unreadable {
        /// Its name, such as `sessions.idle_min`.
        field: &'static str,
        /// What was typed.
        typed: String,
        /// What was expected.
        what: &'static str,
    },
    /// It can be read and cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// It is no limit that charging could decide by.
    #[error("{why}")]
    Rule {
        /// Its name; empty where there is no such limit.
        field: &'static str,
        /// Why, a sentence.
        why: String,
    },
}

impl TypedError {
    /// The name of the field.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Unreadable { field, .. } | Self::Rule { field, .. } => field,
            Self::Setting(error) => error.field,
        }
    }

    /// What is wrong with it, a sentence that stands beside the field.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Unreadable { typed, what, .. } => {
                format!("\u{201c}{typed}\u{201d} is no {what}.")
            }
            Self::Setting(error) => sentence(&error.why),
            Self::Rule { why, .. } => why.clone(),
        }
    }

    /// The same with what the field is called, for where it stands alone.
    #[must_use]
    pub fn complaint(&self) -> String {
        match self {
            Self::Unreadable { field, typed, what } => {
                super::complaint(field, &format!("\u{201c}{typed}\u{201d} is no {what}"))
            }
            Self::Setting(error) => super::complaint(error.field, &error.why),
            Self::Rule { why, .. } => why.clone(),
        }
    }
}

/// What saves a section.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on its way to the door")]
#[derive(Clone, Debug)]
pub enum SaveOrder {
    /// A section that decides who comes in.
    Settings(SaveSettings),
    /// Another section.
    System(SaveSystem),
    /// Limits that charging decides by, one order each; none where nothing was changed.
    Safety(Vec<SetChargeRule>),
}

/// The order that saves `section` as typed on top of `current`. `typed` gives the text of the field
/// with that name, empty for a switch that is off; a field that was not there (`None`) stays.
///
/// # Errors
/// Names the first field that cannot be.
pub fn save_order<'t>(
    section: Section,
    (current, rules): (&Settings, &ChargeRules),
    expected: Option<i64>,
    typed: &dyn Fn(&str) -> Option<&'t str>,
) -> Result<SaveOrder, TypedError> {
    let order = SaveSettings { expected, ..SaveSettings::default() };
    let system = SaveSystem { expected, ..SaveSystem::default() };
    Ok(match section {
        Section::Web => {
            SaveOrder::Settings(SaveSettings { web: Some(web(&current.web, typed)?), ..order })
        }
        Section::Sessions => {
            let sessions = Some(sessions(&current.sessions, typed)?);
            SaveOrder::Settings(SaveSettings { sessions, ..order })
        }
        Section::Mail => SaveOrder::Settings(SaveSettings {
            mail: Some(mail(&current.mail, typed)?),
            mail_password: mail_password(typed("mail.password").unwrap_or_default()),
            ..order
        }),
        Section::Kiosk => {
            let kiosk = Some(kiosk(&current.kiosk, typed)?);
            SaveOrder::Settings(SaveSettings { kiosk, ..order })
        }
        Section::General => {
            let general = Some(general(&current.general, typed)?);
            SaveOrder::System(SaveSystem { general, ..system })
        }
        Section::Look => {
            let look = LookSettings {
                temperature: choice(
                    typed,
                    "look.temperature",
                    &TEMPERATURES,
                    current.look.temperature,
                )?,
                theme: choice(typed, "look.theme", &THEMES, current.look.theme)?,
            };
            SaveOrder::System(SaveSystem { look: Some(look), ..system })
        }
        Section::Records => {
            let records = Some(records(&current.records, typed)?);
            SaveOrder::System(SaveSystem { records, ..system })
        }
        Section::Safety => SaveOrder::Safety(safety(rules, expected, typed)?),
    })
}

/// The order that sets one setting of `section` back to its default.
///
/// # Errors
/// There is no such setting.
pub fn reset_order(
    section: Section,
    (current, rules): (&Settings, &ChargeRules),
    expected: Option<i64>,
    name: &str,
) -> Result<SaveOrder, TypedError> {
    if section == Section::Safety {
        let (key, value) =
            typed_rule(name, "").map_err(|why| TypedError::Rule { field: "", why })?;
        return Ok(SaveOrder::Safety(vec![SetChargeRule { key, value, expected }]));
    }
    if name == "mail.password" && current.mail.has_password {
        let mail_password = Some(SecretChange::Remove);
        let order = SaveSettings { expected, mail_password, ..SaveSettings::default() };
        return Ok(SaveOrder::Settings(order));
    }
    let (now, usual) = (shown(section, current), shown(section, &Settings::default()));
    let fresh = usual.iter().find(|field| field.name == name).map(|field| field.value.clone());
    let (Some(fresh), true) = (fresh, name != "mail.password") else {
        let typed = name.chars().take(60).collect();
        return Err(TypedError::Unreadable { field: "", typed, what: "setting with a default" });
    };
    let text = |asked: &str| match asked == name {
        true => Some(fresh.as_str()),
        false => now.iter().find(|field| field.name == asked).map(|field| field.value.as_str()),
    };
    save_order(section, (current, rules), expected, &text)
}

/// The fields of a section of the settings.
fn shown(section: Section, all: &Settings) -> Vec<Field> {
    match section {
        Section::General => fields::general(&all.general),
        Section::Look => fields::look(&all.look),
        Section::Web => fields::web(&all.web),
        Section::Sessions => fields::sessions(&all.sessions),
        Section::Mail => fields::mail(&all.mail),
        Section::Kiosk => fields::kiosk(&all.kiosk, &[]),
        Section::Records => fields::records(&all.records),
        Section::Safety => Vec::new(),
    }
}

/// One order for every limit that was changed. The first names the version that was looked at: what it
/// changes makes a new one.
fn safety(
    rules: &ChargeRules,
    expected: Option<i64>,
    typed: Typed<'_, '_>,
) -> Result<Vec<SetChargeRule>, TypedError> {
    let mut orders = Vec::new();
    for key in ChargeKey::ALL.iter().copied() {
        let name = key.rule().name;
        let Some(text) = typed(name) else { continue };
        let read = typed_rule(name, text).map_err(|why| TypedError::Rule { field: name, why });
        let (key, value) = read?;
        let is_same = value.is_some_and(|value| value.total_cmp(&rules.get(key)).is_eq());
        if !is_same && (value.is_some() || rules.is_set(key)) {
            let expected = if orders.is_empty() { expected } else { None };
            orders.push(SetChargeRule { key, value, expected });
        }
    }
    Ok(orders)
}

fn general(old: &GeneralSettings, typed: Typed<'_, '_>) -> Result<GeneralSettings, TypedError> {
    let general = GeneralSettings {
        name: line(typed, "general.name", Some(old.name.clone())).unwrap_or_default(),
        feedback_to: line(typed, "general.feedback_to", old.feedback_to.clone()),
        log_level: choice(typed, "general.log_level", &LEVELS, old.log_level)?,
    };
    general.check()?;
    Ok(general)
}

fn kiosk(old: &KioskSettings, typed: Typed<'_, '_>) -> Result<KioskSettings, TypedError> {
    let account = match typed("kiosk.account").map(str::trim) {
        None => old.account,
        Some("") => None,
        Some(text) => {
            let what = "account of this Busbar";
            let bad =
                |_| TypedError::Unreadable { field: "kiosk.account", typed: text.into(), what };
            Some(AccountId(text.parse().map_err(bad)?))
        }
    };
    let kiosk = KioskSettings {
        enabled: on(typed, "kiosk.enabled", old.enabled),
        account,
        addresses: ranges(typed, "kiosk.addresses", &old.addresses)?,
        profile: line(typed, "kiosk.profile", old.profile.clone()),
    };
    kiosk.check()?;
    Ok(kiosk)
}

fn records(old: &RecordSettings, typed: Typed<'_, '_>) -> Result<RecordSettings, TypedError> {
    let number = |field, old| read(typed, field, "whole number", old);
    let folder = |text: &str| Some(PathBuf::from(text)).filter(|_| !text.is_empty());
    let records = RecordSettings {
        charges: number("records.charges", old.charges)?,
        trace_frames: number("records.trace_frames", old.trace_frames)?,
        log_memory_mb: number("records.log_memory_mb", old.log_memory_mb)?,
        recordings: match typed("records.recordings").map(str::trim) {
            None => old.recordings.clone(),
            Some(text) => folder(text),
        },
        log_file_mb: number("records.log_file_mb", old.log_file_mb)?,
        log_files: number("records.log_files", old.log_files)?,
    };
    records.check()?;
    Ok(records)
}

/// Addresses and ranges, one a line.
fn ranges(
    typed: Typed<'_, '_>,
    field: &'static str,
    old: &[AddressRange],
) -> Result<Vec<AddressRange>, TypedError> {
    let Some(text) = typed(field) else { return Ok(old.to_vec()) };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let what = "address such as 10.0.0.7 and no range such as 10.0.0.0/24";
    lines
        .map(|line| {
            let bad = |_| TypedError::Unreadable { field, typed: line.to_owned(), what };
            line.parse::<AddressRange>().map_err(bad)
        })
        .collect()
}

/// An empty field leaves it as it is; taking it away is a step of its own.
fn mail_password(typed: &str) -> Option<SecretChange> {
    (!typed.is_empty()).then(|| SecretChange::Set(Secret::new(typed.to_owned())))
}

type Typed<'a, 't> = &'a dyn Fn(&str) -> Option<&'t str>;

fn read<T: std::str::FromStr>(
    typed: Typed<'_, '_>,
    field: &'static str,
    what: &'static str,
    old: T,
) -> Result<T, TypedError> {
    let Some(text) = typed(field) else { return Ok(old) };
    let bad = |_| TypedError::Unreadable { field, typed: text.to_owned(), what };
    text.trim().parse().map_err(bad)
}

fn choice<T: Copy>(
    typed: Typed<'_, '_>,
    field: &'static str,
    table: &[(&str, &str, T)],
    old: T,
) -> Result<T, TypedError> {
    let Some(text) = typed(field) else { return Ok(old) };
    let found = table.iter().find(|(code, ..)| *code == text);
    found.map(|(.., value)| *value).ok_or_else(|| TypedError::Unreadable {
        field,
        typed: text.to_owned(),
        what: "choice of this setting",
    })
}

fn line(typed: Typed<'_, '_>, field: &str, old: Option<String>) -> Option<String> {
    match typed(field).map(str::trim) {
        None => old,
        Some("") => None,
        Some(text) => Some(text.to_owned()),
    }
}

fn on(typed: Typed<'_, '_>, field: &str, old: bool) -> bool {
    typed(field).map_or(old, |text| !text.is_empty())
}

fn web(old: &WebSettings, typed: Typed<'_, '_>) -> Result<WebSettings, TypedError> {
    let file = |field: &str, old: &Option<PathBuf>| match typed(field).map(str::trim) {
        None => old.clone(),
        Some("") => None,
        Some(text) => Some(PathBuf::from(text)),
    };
    let lines = |text: &str| {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    };
    let web = WebSettings {
        enabled: on(typed, "web.enabled", old.enabled),
        listen: read(
            typed,
            "web.listen",
            "address with a port such as 127.0.0.1:18080",
            old.listen,
        )?,
        tls: choice(typed, "web.tls", &TLS, old.tls)?,
        certificate: file("web.certificate", &old.certificate),
        key: file("web.key", &old.key),
        allow_plain_http: on(typed, "web.allow_plain_http", old.allow_plain_http),
        public_url: line(typed, "web.public_url", old.public_url.clone()),
        cross_origins: typed("web.cross_origins").map_or_else(|| old.cross_origins.clone(), lines),
        trusted_proxies: ranges(typed, "web.trusted_proxies", &old.trusted_proxies)?,
    };
    web.check()?;
    Ok(web)
}

fn sessions(old: &SessionSettings, typed: Typed<'_, '_>) -> Result<SessionSettings, TypedError> {
    let number = |field, old| read(typed, field, "whole number", old);
    let sessions = SessionSettings {
        idle_min: number("sessions.idle_min", old.idle_min)?,
        absolute_h: number("sessions.absolute_h", old.absolute_h)?,
        link_h: number("sessions.link_h", old.link_h)?,
        password_chars: number("sessions.password_chars", old.password_chars)?,
    };
    sessions.check()?;
    Ok(sessions)
}

fn mail(old: &MailSettings, typed: Typed<'_, '_>) -> Result<MailSettings, TypedError> {
    let text = |field: &str, old: &str| typed(field).unwrap_or(old).trim().to_owned();
    let mail = MailSettings {
        enabled: on(typed, "mail.enabled", old.enabled),
        host: text("mail.host", &old.host),
        port: read(typed, "mail.port", "port from 1 to 65535", old.port)?,
        security: choice(typed, "mail.security", &SECURITY, old.security)?,
        user: line(typed, "mail.user", old.user.clone()),
        has_password: old.has_password,
        from: text("mail.from", &old.from),
    };
    mail.check()?;
    Ok(mail)
}

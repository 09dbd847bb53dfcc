//! Turns what was typed on the Settings page back into settings.

use std::path::PathBuf;

use thiserror::Error;

use crate::engine::{
    MailSettings, SaveSettings, Secret, SessionSettings, SettingError, Settings, WebSettings,
};
use crate::view::compose::settings::{SECURITY, TLS};
use crate::view::settings::Section;

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
}

impl TypedError {
    /// The name of the field.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Unreadable { field, .. } => field,
            Self::Setting(error) => error.field,
        }
    }
}

/// The order that saves `section` as typed on top of `current`. `typed` gives the text of the field
/// with that name; a field that was not sent (`None`) is an unticked switch, or else stays.
///
/// # Errors
/// Names the first field that cannot be.
pub fn save_order<'t>(
    section: Section,
    current: &Settings,
    expected: Option<i64>,
    typed: &dyn Fn(&str) -> Option<&'t str>,
) -> Result<SaveSettings, TypedError> {
    let order = SaveSettings { expected, ..SaveSettings::default() };
    Ok(match section {
        Section::Web => SaveSettings { web: Some(web(&current.web, typed)?), ..order },
        Section::Sessions => {
            SaveSettings { sessions: Some(sessions(&current.sessions, typed)?), ..order }
        }
        Section::Mail => SaveSettings {
            mail: Some(mail(&current.mail, typed)?),
            mail_password: mail_password(typed("mail.password").unwrap_or_default()),
            ..order
        },
    })
}

/// `None` leaves it as it is; an empty one takes it away.
fn mail_password(typed: &str) -> Option<Secret> {
    match typed {
        "" => None,
        "-" => Some(Secret::new(String::new())),
        password => Some(Secret::new(password.to_owned())),
    }
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

fn on(typed: Typed<'_, '_>, field: &str) -> bool {
    typed(field).is_some_and(|text| !text.is_empty())
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
        enabled: on(typed, "web.enabled"),
        listen: read(
            typed,
            "web.listen",
            "address with a port such as 127.0.0.1:18080",
            old.listen,
        )?,
        tls: choice(typed, "web.tls", &TLS, old.tls)?,
        certificate: file("web.certificate", &old.certificate),
        key: file("web.key", &old.key),
        allow_plain_http: on(typed, "web.allow_plain_http"),
        public_url: line(typed, "web.public_url", old.public_url.clone()),
        cross_origins: typed("web.cross_origins").map_or_else(|| old.cross_origins.clone(), lines),
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
        enabled: on(typed, "mail.enabled"),
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

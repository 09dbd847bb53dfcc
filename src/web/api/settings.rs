//! The system's settings. The password for the mail server goes in and never comes out.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{
    MailSettings, RecordSettings, Right, SaveSettings, Secret, SessionSettings, Settings,
    ViewPlant, WebSettings,
};
use crate::web::api::give::{Answer, order, versioned};
use crate::web::api::take::{Body, Who, expected_version, nullable, object};
use crate::web::api::words::{HttpsChoice, MailSecurityChoice};
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    const SETTINGS: &str = "/api/v1/settings";
    table.api(Method::GET, SETTINGS, Access::Needs(Right::ReadSettings), look).api(
        Method::PATCH,
        SETTINGS,
        Access::Needs(Right::Administrator),
        change,
    )
}

/// The settings.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
pub struct Shown {
    /// The web listener.
    web: WebShown,
    /// Sessions, passwords and links.
    sessions: SessionsShown,
    /// E-mail.
    mail: MailShown,
    /// What is kept.
    records: RecordsShown,
    /// Counts the changes; the same as the ETag.
    version: i64,
}

/// The web listener.
#[derive(Serialize, ToSchema)]
#[schema(as = WebSettings)]
struct WebShown {
    /// Whether the desktop opens it.
    enabled: bool,
    /// Where it listens, such as `127.0.0.1:18080`.
    listen: String,
    /// When it speaks HTTPS.
    tls: HttpsChoice,
    /// Certificate chain, a PEM file; `null` for one that Busbar makes.
    certificate: Option<String>,
    /// Its key, a PEM file.
    key: Option<String>,
    /// Allows plain HTTP on an address that is not loopback.
    allow_plain_http: bool,
    /// Where people find it, for links in mails.
    public_url: Option<String>,
    /// Origins whose pages may use the API.
    cross_origins: Vec<String>,
}

/// Sessions, passwords and links.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionSettings)]
struct SessionsShown {
    /// A session that nobody uses ends after so many minutes.
    idle_min: u32,
    /// Every session ends after so many hours.
    absolute_h: u32,
    /// A one-time link can be used for so many hours.
    link_h: u32,
    /// Least length of a password, in characters.
    password_chars: u32,
}

/// E-mail.
#[derive(Serialize, ToSchema)]
#[schema(as = MailSettings)]
struct MailShown {
    /// Whether links are sent.
    enabled: bool,
    /// The mail server.
    host: String,
    /// Its port.
    port: u16,
    /// How the way to it is secured.
    security: MailSecurityChoice,
    /// Name to sign in with there.
    user: Option<String>,
    /// Whether a password for it is kept.
    has_password: bool,
    /// Sender.
    from: String,
}

/// What is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordSettings)]
struct RecordsShown {
    /// So many charges are kept with their reports; the oldest go first.
    charges: u32,
}

impl From<&Settings> for Shown {
    fn from(settings: &Settings) -> Self {
        let Settings { web, sessions, mail, records, version } = settings;
        let path = |path: &Option<std::path::PathBuf>| {
            path.as_ref().map(|path| path.display().to_string())
        };
        Self {
            web: WebShown {
                enabled: web.enabled,
                listen: web.listen.to_string(),
                tls: web.tls.into(),
                certificate: path(&web.certificate),
                key: path(&web.key),
                allow_plain_http: web.allow_plain_http,
                public_url: web.public_url.clone(),
                cross_origins: web.cross_origins.clone(),
            },
            sessions: SessionsShown {
                idle_min: sessions.idle_min,
                absolute_h: sessions.absolute_h,
                link_h: sessions.link_h,
                password_chars: sessions.password_chars,
            },
            mail: MailShown {
                enabled: mail.enabled,
                host: mail.host.clone(),
                port: mail.port,
                security: mail.security.into(),
                user: mail.user.clone(),
                has_password: mail.has_password,
                from: mail.from.clone(),
            },
            records: RecordsShown { charges: records.charges },
            version: *version,
        }
    }
}

/// Shows the settings.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings",
    responses((status = 200, description = "The settings", body = Shown,
        headers(("ETag" = String, description = "Their version")))))]
pub async fn look(State(shared): State<Shared>, Who(session): Who) -> Answer {
    let settings = shared.door().settings(&session.permit(ViewPlant)?);
    Ok(versioned(StatusCode::OK, settings.version, &Shown::from(&*settings)))
}

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    /// The web listener.
    #[serde(default, deserialize_with = "object")]
    web: Option<WebChange>,
    /// Sessions, passwords and links.
    #[serde(default, deserialize_with = "object")]
    sessions: Option<SessionsChange>,
    /// E-mail.
    #[serde(default, deserialize_with = "object")]
    mail: Option<MailChange>,
    /// What is kept.
    #[serde(default, deserialize_with = "object")]
    records: Option<RecordsChange>,
}

/// What is to change about what is kept.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct RecordsChange {
    /// So many charges are kept with their reports; the oldest go first.
    #[schema(minimum = 10, maximum = 100_000)]
    charges: Option<u32>,
}

/// What is to change about the web listener.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct WebChange {
    /// Whether the desktop opens it.
    enabled: Option<bool>,
    /// Where it listens, such as `127.0.0.1:18080`.
    listen: Option<String>,
    /// When it speaks HTTPS.
    tls: Option<HttpsChoice>,
    /// Certificate chain, a PEM file; `null` for one that Busbar makes.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    certificate: Option<Option<String>>,
    /// Its key, a PEM file.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    key: Option<Option<String>>,
    /// Allows plain HTTP on an address that is not loopback.
    allow_plain_http: Option<bool>,
    /// Where people find it, such as `https://pack.example.org`, for links in mails.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    public_url: Option<Option<String>>,
    /// Origins whose pages may use the API, such as `https://dash.example.org`.
    #[schema(max_items = 32)]
    cross_origins: Option<Vec<String>>,
}

/// What is to change about sessions, passwords and links.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct SessionsChange {
    /// A session that nobody uses ends after so many minutes.
    #[schema(minimum = 1, maximum = 1440)]
    idle_min: Option<u32>,
    /// Every session ends after so many hours.
    #[schema(minimum = 1, maximum = 720)]
    absolute_h: Option<u32>,
    /// A one-time link can be used for so many hours.
    #[schema(minimum = 1, maximum = 720)]
    link_h: Option<u32>,
    /// Least length of a password, in characters.
    #[schema(minimum = 12, maximum = 128)]
    password_chars: Option<u32>,
}

/// What is to change about e-mail.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct MailChange {
    /// Whether links are sent.
    enabled: Option<bool>,
    /// The mail server.
    host: Option<String>,
    /// Its port.
    port: Option<u16>,
    /// How the way to it is secured.
    security: Option<MailSecurityChoice>,
    /// Name to sign in with there; `null` for none.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    user: Option<Option<String>>,
    /// Password to sign in with there; `null` takes it away. It never comes back.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, write_only)]
    password: Option<Option<String>>,
    /// Sender.
    from: Option<String>,
}

impl WebChange {
    fn on(self, old: &WebSettings) -> Result<WebSettings, Problem> {
        let file = |new: Option<Option<String>>, old: &Option<std::path::PathBuf>| match new {
            Some(new) => new.filter(|path| !path.is_empty()).map(Into::into),
            None => old.clone(),
        };
        let listen = match &self.listen {
            Some(text) => text.parse().map_err(|_| {
                let detail = format!(
                    "\u{201c}{text}\u{201d} is no address with a port, such as 127.0.0.1:18080."
                );
                Problem::invalid(detail).about("web.listen")
            })?,
            None => old.listen,
        };
        Ok(WebSettings {
            enabled: self.enabled.unwrap_or(old.enabled),
            listen,
            tls: self.tls.map_or(old.tls, Into::into),
            certificate: file(self.certificate, &old.certificate),
            key: file(self.key, &old.key),
            allow_plain_http: self.allow_plain_http.unwrap_or(old.allow_plain_http),
            public_url: self.public_url.unwrap_or_else(|| old.public_url.clone()),
            cross_origins: self.cross_origins.unwrap_or_else(|| old.cross_origins.clone()),
        })
    }
}

impl SessionsChange {
    fn on(&self, old: &SessionSettings) -> SessionSettings {
        SessionSettings {
            idle_min: self.idle_min.unwrap_or(old.idle_min),
            absolute_h: self.absolute_h.unwrap_or(old.absolute_h),
            link_h: self.link_h.unwrap_or(old.link_h),
            password_chars: self.password_chars.unwrap_or(old.password_chars),
        }
    }
}

impl MailChange {
    fn on(self, old: &MailSettings) -> MailSettings {
        MailSettings {
            enabled: self.enabled.unwrap_or(old.enabled),
            host: self.host.unwrap_or_else(|| old.host.clone()),
            port: self.port.unwrap_or(old.port),
            security: self.security.map_or(old.security, Into::into),
            user: self.user.unwrap_or_else(|| old.user.clone()),
            has_password: old.has_password,
            from: self.from.unwrap_or_else(|| old.from.clone()),
        }
    }
}

/// Changes settings.
#[utoipa::path(patch, path = "/api/v1/settings", tag = "settings",
    params(("If-Match" = Option<String>, Header, description = "The ETag that was looked at")),
    request_body = SettingsChange,
    responses(
        (status = 200, description = "As they are now", body = Shown,
            headers(("ETag" = String, description = "Their version"))),
        (status = 412, description = "They were changed meanwhile"),
    ))]
pub async fn change(
    State(shared): State<Shared>,
    Who(session): Who,
    headers: HeaderMap,
    Body(asked): Body<SettingsChange>,
) -> Answer {
    let asked_version = expected_version(&headers)?;
    let old = shared.door().settings(&session.permit(ViewPlant)?);
    // Sections are made whole from what was just read: they are saved only while that still holds.
    let expected = asked_version.or(Some(old.version));
    let mut mail = asked.mail;
    let password = mail.as_mut().and_then(|mail| mail.password.take());
    let save = SaveSettings {
        expected,
        web: asked.web.map(|web| web.on(&old.web)).transpose()?,
        sessions: asked.sessions.map(|sessions| sessions.on(&old.sessions)),
        mail: mail.map(|mail| mail.on(&old.mail)),
        records: asked.records.map(|records| RecordSettings {
            charges: records.charges.unwrap_or(old.records.charges),
        }),
        mail_password: password.map(|text| Secret::new(text.unwrap_or_default())),
    };
    let settings = order(&shared, &session, save).await?;
    Ok(versioned(StatusCode::OK, settings.version, &Shown::from(&*settings)))
}

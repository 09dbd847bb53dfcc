//! What is to change of the settings, as JSON.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::{
    AccountId, AddressRange, GeneralSettings, KioskSettings, LookSettings, MailSettings,
    RecordSettings, SaveSettings, SaveSystem, Secret, SecretChange, SessionSettings, Settings,
    WebSettings,
};
use crate::web::api::take::{nullable, object};
use crate::web::api::words::{
    HttpsChoice, LogLevelChoice, MailSecurityChoice, TemperatureChoice, ThemeName,
};
use crate::web::problem::Problem;

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
    /// What concerns everything.
    #[serde(default, deserialize_with = "object")]
    general: Option<GeneralChange>,
    /// Units and look.
    #[serde(default, deserialize_with = "object")]
    look: Option<LookChange>,
    /// Displays that sign themselves in.
    #[serde(default, deserialize_with = "object")]
    kiosk: Option<KioskChange>,
}

/// What is to change about what is kept.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct RecordsChange {
    /// So many charges are kept with their reports; the oldest go first.
    #[schema(minimum = 10, maximum = 100_000)]
    charges: Option<u32>,
    /// Frames that the trace of what runs holds.
    #[schema(minimum = 10_000, maximum = 200_000_000)]
    trace_frames: Option<u32>,
    /// Memory that the frames of one opened recording may take, in megabytes.
    #[schema(minimum = 50, maximum = 64_000)]
    log_memory_mb: Option<u32>,
    /// The folder that recordings go into: one in the data folder whose name begins with `recordings`;
    /// `null` for the usual one.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    recordings: Option<Option<String>>,
    /// A file of the system log is closed at so many megabytes.
    #[schema(minimum = 1, maximum = 100)]
    log_file_mb: Option<u32>,
    /// So many files of the system log are kept.
    #[schema(minimum = 1, maximum = 50)]
    log_files: Option<u32>,
}

/// What is to change about what concerns everything.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct GeneralChange {
    /// What this Busbar is called; empty for none.
    name: Option<String>,
    /// Where feedback goes; `null` for nowhere in particular.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    feedback_to: Option<Option<String>>,
    /// What the system log keeps.
    log_level: Option<LogLevelChoice>,
}

/// What is to change about units and look.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct LookChange {
    /// The unit of temperatures on screens.
    temperature: Option<TemperatureChoice>,
    /// The theme of pages where nobody chose one.
    theme: Option<ThemeName>,
}

/// What is to change about displays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct KioskChange {
    /// Whether they may sign themselves in.
    enabled: Option<bool>,
    /// Only while this profile runs; `null` for any.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    profile: Option<Option<String>>,
    /// The number of the account they come in as.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    account: Option<Option<i64>>,
    /// Addresses and ranges they may come from.
    #[schema(max_items = 64)]
    addresses: Option<Vec<String>>,
}

/// What is to change about the web listener.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
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
    /// Addresses and ranges of proxies whose word is taken for where a request comes from.
    #[schema(max_items = 32)]
    trusted_proxies: Option<Vec<String>>,
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
    /// Password to sign in with there; empty leaves it as it is, `null` takes it away. It never comes
    /// back.
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
            trusted_proxies: ranges(
                self.trusted_proxies,
                &old.trusted_proxies,
                "web.trusted_proxies",
            )?,
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

impl RecordsChange {
    fn on(self, old: &RecordSettings) -> RecordSettings {
        RecordSettings {
            charges: self.charges.unwrap_or(old.charges),
            trace_frames: self.trace_frames.unwrap_or(old.trace_frames),
            log_memory_mb: self.log_memory_mb.unwrap_or(old.log_memory_mb),
            recordings: match self.recordings {
                None => old.recordings.clone(),
                Some(folder) => folder.map(Into::into),
            },
            log_file_mb: self.log_file_mb.unwrap_or(old.log_file_mb),
            log_files: self.log_files.unwrap_or(old.log_files),
        }
    }
}

impl GeneralChange {
    fn on(self, old: &GeneralSettings) -> GeneralSettings {
        GeneralSettings {
            name: self.name.unwrap_or_else(|| old.name.clone()),
            feedback_to: self.feedback_to.unwrap_or_else(|| old.feedback_to.clone()),
            log_level: self.log_level.map_or(old.log_level, Into::into),
        }
    }
}

impl LookChange {
    fn on(&self, old: &LookSettings) -> LookSettings {
        LookSettings {
            temperature: self.temperature.map_or(old.temperature, Into::into),
            theme: self.theme.map_or(old.theme, Into::into),
        }
    }
}

impl KioskChange {
    fn on(self, old: &KioskSettings) -> Result<KioskSettings, Problem> {
        Ok(KioskSettings {
            enabled: self.enabled.unwrap_or(old.enabled),
            profile: self.profile.unwrap_or_else(|| old.profile.clone()),
            account: self.account.map_or(old.account, |id| id.map(AccountId)),
            addresses: ranges(self.addresses, &old.addresses, "kiosk.addresses")?,
        })
    }
}

fn ranges(
    new: Option<Vec<String>>,
    old: &[AddressRange],
    field: &'static str,
) -> Result<Vec<AddressRange>, Problem> {
    let Some(new) = new else { return Ok(old.to_vec()) };
    let read = |text: &String| {
        let problem = |error| Problem::invalid(format!("{error}.")).about(field);
        text.parse::<AddressRange>().map_err(problem)
    };
    new.iter().map(read).collect()
}

impl SettingsChange {
    /// What it asks of those who decide who comes in, and of those who look after the rest.
    ///
    /// # Errors
    /// Something in it cannot be read.
    pub fn orders(self, old: &Settings) -> Result<(SaveSettings, SaveSystem), Problem> {
        let mut mail = self.mail;
        let password = mail.as_mut().and_then(|mail| mail.password.take());
        let save = SaveSettings {
            expected: None,
            web: self.web.map(|web| web.on(&old.web)).transpose()?,
            sessions: self.sessions.map(|sessions| sessions.on(&old.sessions)),
            mail: mail.map(|mail| mail.on(&old.mail)),
            kiosk: self.kiosk.map(|kiosk| kiosk.on(&old.kiosk)).transpose()?,
            mail_password: password.and_then(|text| match text.map(Secret::new) {
                None => Some(SecretChange::Remove),
                // As an empty field of a form: what is kept stays.
                Some(secret) if secret.reveal().is_empty() => None,
                Some(secret) => Some(SecretChange::Set(secret)),
            }),
            system: SaveSystem::default(),
        };
        let system = SaveSystem {
            expected: None,
            general: self.general.map(|general| general.on(&old.general)),
            look: self.look.map(|look| look.on(&old.look)),
            records: self.records.map(|records| records.on(&old.records)),
        };
        Ok((save, system))
    }
}

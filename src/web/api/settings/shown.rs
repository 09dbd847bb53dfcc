//! The settings as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{Administer, Marks, Session, Settings};
use crate::view::settings::{Field, SectionView};
use crate::web::api::give::Time;
use crate::web::api::words::{
    HttpsChoice, LogLevelChoice, MailSecurityChoice, TemperatureChoice, ThemeName,
};

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
    /// What concerns everything.
    general: GeneralShown,
    /// Units and look.
    look: LookShown,
    /// Displays that sign themselves in.
    kiosk: KioskShown,
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
    /// Addresses and ranges of proxies whose word is taken for where a request comes from.
    trusted_proxies: Vec<String>,
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
    /// Since when, where that is known.
    password_set_at: Option<Time>,
    /// Who set it, for administrators, where that is known.
    password_set_by: Option<String>,
    /// Sender.
    from: String,
}

/// What is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordSettings)]
struct RecordsShown {
    /// So many charges are kept with their reports; the oldest go first.
    charges: u32,
    /// Frames that the trace of what runs holds.
    trace_frames: u32,
    /// Memory that the frames of one opened recording may take, in megabytes.
    log_memory_mb: u32,
    /// The folder that recordings go into; `null` for `recordings` in the data folder.
    recordings: Option<String>,
    /// A file of the system log is closed at so many megabytes.
    log_file_mb: u32,
    /// So many files of the system log are kept.
    log_files: u32,
}

/// What concerns everything.
#[derive(Serialize, ToSchema)]
#[schema(as = GeneralSettings)]
struct GeneralShown {
    /// What this Busbar is called; empty for none.
    name: String,
    /// Where feedback goes.
    feedback_to: Option<String>,
    /// What the system log keeps: this and what is graver.
    log_level: LogLevelChoice,
}

/// Units and look.
#[derive(Serialize, ToSchema)]
#[schema(as = LookSettings)]
struct LookShown {
    /// The unit of temperatures on screens. The API speaks degrees Celsius whatever it is.
    temperature: TemperatureChoice,
    /// The theme of pages where nobody chose one.
    theme: ThemeName,
}

/// Displays that sign themselves in.
#[derive(Serialize, ToSchema)]
#[schema(as = KioskSettings)]
struct KioskShown {
    /// Whether they may.
    enabled: bool,
    /// Only while this profile runs; `null` for any.
    profile: Option<String>,
    /// The number of the account they come in as.
    account: Option<i64>,
    /// Addresses and ranges they may come from.
    addresses: Vec<String>,
}

impl Shown {
    /// As `session` may see them.
    pub fn of(settings: &Settings, marks: &Marks, session: &Session) -> Self {
        let set = marks.of("mail.password").filter(|_| settings.mail.has_password);
        let Settings { web, sessions, mail, records, general, look, kiosk, version } = settings;
        let ranges = |all: &[crate::engine::AddressRange]| {
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
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
                trusted_proxies: ranges(&web.trusted_proxies),
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
                password_set_at: set.map(|mark| Time(mark.at)),
                password_set_by: set
                    .filter(|_| session.may(Administer))
                    .map(|mark| mark.who.clone()),
                from: mail.from.clone(),
            },
            records: RecordsShown {
                charges: records.charges,
                trace_frames: records.trace_frames,
                log_memory_mb: records.log_memory_mb,
                recordings: path(&records.recordings),
                log_file_mb: records.log_file_mb,
                log_files: records.log_files,
            },
            general: GeneralShown {
                name: general.name.clone(),
                feedback_to: general.feedback_to.clone(),
                log_level: general.log_level.into(),
            },
            look: LookShown { temperature: look.temperature.into(), theme: look.theme.into() },
            kiosk: KioskShown {
                enabled: kiosk.enabled,
                profile: kiosk.profile.clone(),
                account: kiosk.account.map(|id| id.0),
                addresses: ranges(&kiosk.addresses),
            },
            version: *version,
        }
    }
}

/// One setting with everything that is known of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Setting)]
pub struct FieldShown {
    /// Its name, such as `sessions.idle_min`.
    name: &'static str,
    /// The section it belongs to.
    section: &'static str,
    /// What it is called on screens.
    label: &'static str,
    /// Its value as it is typed; `on` or nothing for a switch, never that of a secret.
    value: String,
    /// Its default in words.
    default: String,
    /// Its unit, empty where it has none.
    unit: &'static str,
    /// What it does.
    effect: String,
    /// Where its value comes from: `default`, `set`, `profile`, `command_line` or `environment`.
    source: &'static str,
    /// The same in a sentence, with who set it and when where the asker could.
    origin: String,
    /// Whether the asker may change it now.
    may_change: bool,
}

impl FieldShown {
    /// One setting of `section`.
    pub fn of(section: &SectionView, field: Field) -> Self {
        Self {
            name: field.name,
            section: section.section.code(),
            label: field.label,
            value: field.value,
            default: field.default,
            unit: field.unit,
            effect: field.effect,
            source: field.source.code(),
            origin: field.origin,
            may_change: section.save.is_open(),
        }
    }
}

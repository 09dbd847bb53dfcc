//! The system's own settings: one struct a section, each with defaults and bounds. Secrets are not
//! in here; a section says at most whether there is one.

pub mod house;
pub mod kiosk;
pub mod marks;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::access::range::AddressRange;
pub use crate::engine::access::settings::house::{
    GeneralSettings, LogLevel, LookSettings, RecordSettings, TemperatureUnit, ThemeChoice,
};
pub use crate::engine::access::settings::kiosk::KioskSettings;
pub use crate::engine::access::settings::marks::{Mark, Marks, Override, OverrideBy};

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The web listener.
    pub web: WebSettings,
    /// Sessions, passwords and links.
    pub sessions: SessionSettings,
    /// E-mail.
    pub mail: MailSettings,
    /// What is kept, and how much of it.
    pub records: RecordSettings,
    /// What concerns everything.
    pub general: GeneralSettings,
    /// Units and look.
    pub look: LookSettings,
    /// Displays that sign themselves in.
    pub kiosk: KioskSettings,
    /// Counts the changes: an edit names the version it was made on.
    #[serde(skip_deserializing)]
    pub version: i64,
}

/// The web listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSettings {
    /// Whether the desktop opens it; `busbar serve` always does.
    pub enabled: bool,
    /// Where it listens.
    pub listen: SocketAddr,
    /// HTTPS or not.
    pub tls: Tls,
    /// Certificate chain, a PEM file; `None` for one that Busbar makes.
    pub certificate: Option<PathBuf>,
    /// Its key, a PEM file.
    pub key: Option<PathBuf>,
    /// Allows plain HTTP on an address that is not loopback.
    pub allow_plain_http: bool,
    /// Where people find it, such as `https://pack.example.org`, for links in mails; `None` for the
    /// address it listens on.
    pub public_url: Option<String>,
    /// Origins whose pages may use the API, such as `https://dash.example.org`.
    pub cross_origins: Vec<String>,
    /// Proxies whose word is taken for where a request comes from.
    pub trusted_proxies: Vec<AddressRange>,
}

/// When the listener speaks HTTPS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// On every address but loopback.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// Sessions, passwords and links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionSettings {
    /// A session that nobody uses ends after so many minutes.
    pub idle_min: u32,
    /// Every session ends after so many hours.
    pub absolute_h: u32,
    /// An invitation or reset link can be used for so many hours.
    pub link_h: u32,
    /// Least length of a password, in characters.
    pub password_chars: u32,
}

/// E-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// Whether links are sent.
    pub enabled: bool,
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is secured.
    pub security: MailSecurity,
    /// Name to sign in with there; `None` for none.
    pub user: Option<String>,
    /// Whether a password for it is kept. The password itself never comes back.
    #[serde(skip_deserializing)]
    pub has_password: bool,
    /// Sender.
    pub from: String,
}

/// How a connection to a mail server is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// TLS from the first byte (usually port 465).
    Tls,
    /// STARTTLS, required (usually port 587).
    #[default]
    StartTls,
    /// None: for a server on this machine.
    Plain,
}

/// Port of the web listener unless told otherwise.
pub const PORT: u16 = 18080;

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT),
            tls: Tls::Auto,
            certificate: None,
            key: None,
            allow_plain_http: false,
            public_url: None,
            cross_origins: Vec::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { idle_min: 30, absolute_h: 12, link_h: 72, password_chars: 12 }
    }
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            host: String::new(),
            port: 587,
            security: MailSecurity::StartTls,
            user: None,
            has_password: false,
            from: String::new(),
        }
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {why}")]
pub struct SettingError {
    /// Its name, such as `sessions.idle_min`.
    pub field: &'static str,
    /// What is wrong with it.
    pub why: String,
}

/// Most origins that may be listed.
const ORIGINS: usize = 32;

impl Settings {
    /// Checks what belongs together and what has bounds that no setting may pass.
    ///
    /// # Errors
    /// Names the first setting that cannot be.
    pub fn check(&self) -> Result<(), SettingError> {
        self.web.check()?;
        self.sessions.check()?;
        self.mail.check()?;
        self.records.check()?;
        self.general.check()?;
        self.kiosk.check()
    }
}

impl WebSettings {
    /// Whether the listener speaks HTTPS with these settings.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        match self.tls {
            Tls::On => true,
            Tls::Off => false,
            Tls::Auto => !self.listen.ip().is_loopback() && !self.allow_plain_http,
        }
    }

    /// What links begin with, as far as the settings know it: the address for people, or the one
    /// that is listened on.
    #[must_use]
    pub fn link_base(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        let scheme = if self.is_https() { "https" } else { "http" };
        let port = self.listen.port();
        if self.listen.ip().is_unspecified() {
            // Every address of the machine: the only one that is known from here is its own.
            return format!("{scheme}://localhost:{port}");
        }
        format!("{scheme}://{}", self.listen)
    }

    /// Checks them.
    ///
    /// # Errors
    /// Names the first setting that cannot be.
    pub fn check(&self) -> Result<(), SettingError> {
        if !self.is_https() && !self.listen.ip().is_loopback() && !self.allow_plain_http {
            let why = format!(
                "plain HTTP on {} would send passwords in the clear: use HTTPS, listen on loopback, or allow plain HTTP expressly",
                self.listen
            );
            return Err(SettingError { field: "web.tls", why });
        }
        if self.certificate.is_some() != self.key.is_some() {
            let why = "a certificate and its key come together".to_owned();
            return Err(SettingError { field: "web.certificate", why });
        }
        if let Some(url) = &self.public_url {
            origin(url).map_err(|why| SettingError { field: "web.public_url", why })?;
        }
        if self.cross_origins.len() > ORIGINS {
            let why = format!("at most {ORIGINS} origins can be listed");
            return Err(SettingError { field: "web.cross_origins", why });
        }
        for text in &self.cross_origins {
            origin(text).map_err(|why| SettingError { field: "web.cross_origins", why })?;
        }
        let (proxies, field) = (&self.trusted_proxies, "web.trusted_proxies");
        if proxies.len() > ORIGINS {
            let why = format!("at most {ORIGINS} proxies can be listed");
            return Err(SettingError { field, why });
        }
        if proxies.iter().any(AddressRange::is_everything) {
            let why = "with every address trusted, anybody could claim to come from anywhere";
            return Err(SettingError { field, why: why.to_owned() });
        }
        Ok(())
    }
}

/// Whether `text` is an origin: scheme, host and perhaps a port, nothing after them.
fn origin(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let good = rest.is_some_and(|host| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        !host.is_empty() && host.len() <= 255 && host.chars().all(allowed)
    });
    if good {
        Ok(())
    } else {
        Err(format!(
            "\u{201c}{text}\u{201d} is no origin such as https://pack.example.org or http://pack.local:8080"
        ))
    }
}

impl SessionSettings {
    /// Checks them.
    ///
    /// # Errors
    /// Names the first setting that cannot be.
    pub fn check(&self) -> Result<(), SettingError> {
        let bounds = [
            ("sessions.idle_min", self.idle_min, 1, 24 * 60),
            ("sessions.absolute_h", self.absolute_h, 1, 30 * 24),
            ("sessions.link_h", self.link_h, 1, 30 * 24),
            ("sessions.password_chars", self.password_chars, 12, 128),
        ];
        for (field, value, least, most) in bounds {
            if value < least || value > most {
                let why = format!("{value} is not between {least} and {most}");
                return Err(SettingError { field, why });
            }
        }
        Ok(())
    }
}

impl MailSettings {
    /// Checks them.
    ///
    /// # Errors
    /// Names the first setting that cannot be.
    pub fn check(&self) -> Result<(), SettingError> {
        if !self.enabled {
            return Ok(());
        }
        if self.host.trim().is_empty() {
            return Err(SettingError { field: "mail.host", why: "no mail server is named".into() });
        }
        match super::account::email(&self.from) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(SettingError { field: "mail.from", why: "no sender is named".into() }),
            Err(error) => Err(SettingError { field: "mail.from", why: error.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_and_stay_on_this_machine() {
        let settings = Settings::default();
        assert_eq!(settings.check(), Ok(()));
        assert!(settings.web.listen.ip().is_loopback() && !settings.web.enabled);
        assert!(!settings.web.is_https());
    }

    #[test]
    fn other_machines_are_spoken_to_in_https_unless_expressly_allowed() {
        let listen = "0.0.0.0:443".parse().unwrap();
        let web = WebSettings { listen, ..WebSettings::default() };
        assert!(web.is_https() && web.check().is_ok());
        let plain = WebSettings { tls: Tls::Off, ..web.clone() };
        assert_eq!(plain.check().unwrap_err().field, "web.tls");
        let allowed = WebSettings { allow_plain_http: true, ..plain };
        assert!(!allowed.is_https() && allowed.check().is_ok());
    }

    #[test]
    fn links_begin_with_the_address_for_people_or_else_with_the_listeners() {
        let web = WebSettings::default();
        assert_eq!(web.link_base(), "http://127.0.0.1:18080");
        let web = WebSettings { listen: "[::]:443".parse().unwrap(), ..web };
        assert_eq!(web.link_base(), "https://localhost:443");
        let public_url = Some("https://pack.example.org".to_owned());
        assert_eq!(WebSettings { public_url, ..web }.link_base(), "https://pack.example.org");
    }

    #[test]
    fn bounds_are_named() {
        let sessions = SessionSettings { password_chars: 8, ..SessionSettings::default() };
        let error = sessions.check().unwrap_err().to_string();
        assert_eq!(error, "sessions.password_chars: 8 is not between 12 and 128");
    }

    #[test]
    fn an_origin_has_no_path() {
        let web =
            |text: &str| WebSettings { public_url: Some(text.into()), ..WebSettings::default() };
        assert!(web("https://pack.example.org:8443").check().is_ok());
        for bad in ["pack", "https://", "https://a/b", "javascript:x", "https://a b", "https://u@h"]
        {
            assert!(web(bad).check().is_err(), "{bad}");
        }
    }
}

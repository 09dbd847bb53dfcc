//! Orders about the system's own settings: those that decide who comes in, which are an administrator's,
//! and the others.

use std::sync::Arc;

use crate::engine::access::permission::{Administer, ChangeSettings};
use crate::engine::access::secret::SecretChange;
use crate::engine::access::settings::{
    GeneralSettings, KioskSettings, LookSettings, MailSettings, RecordSettings, SessionSettings,
    Settings, WebSettings,
};
use crate::engine::orders::deeds::settings as deed;
use crate::engine::orders::{Order, Route};

/// Changes settings of the listener, sessions, e-mail and displays; a section that is `None` stays. They
/// are an administrator's.
#[derive(Clone, Debug, Default)]
pub struct SaveSettings {
    /// The version that the change was made on.
    pub expected: Option<i64>,
    /// The web listener.
    pub web: Option<WebSettings>,
    /// Sessions, passwords and links.
    pub sessions: Option<SessionSettings>,
    /// E-mail.
    pub mail: Option<MailSettings>,
    /// Displays that sign themselves in.
    pub kiosk: Option<KioskSettings>,
    /// What becomes of the password for the mail server.
    pub mail_password: Option<SecretChange>,
    /// Changes of the others that go along: all are made, or none. Its version is not looked at.
    pub system: SaveSystem,
}

impl SaveSettings {
    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.web.is_none()
            && self.sessions.is_none()
            && self.mail.is_none()
            && self.kiosk.is_none()
            && self.mail_password.is_none()
            && self.system.is_empty()
    }
}

impl Order for SaveSettings {
    type Needs = Administer;
    type Done = Arc<Settings>;
    const NAME: &'static str = "save_settings";

    fn needs(&self) -> Administer {
        Administer
    }

    fn target(&self) -> String {
        target(&[
            ("web", self.web.is_some()),
            ("sessions", self.sessions.is_some()),
            ("mail", self.mail.is_some() || self.mail_password.is_some()),
            ("kiosk", self.kiosk.is_some()),
            ("general", self.system.general.is_some()),
            ("look", self.system.look.is_some()),
            ("records", self.system.records.is_some()),
        ])
    }

    fn route(self) -> Route<Arc<Settings>> {
        Route::records(move |desk| deed::save(desk, self))
    }
}

/// Changes the other settings: what concerns everything, units and look, what is kept; a section that is
/// `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SaveSystem {
    /// The version that the change was made on.
    pub expected: Option<i64>,
    /// What concerns everything.
    pub general: Option<GeneralSettings>,
    /// Units and look.
    pub look: Option<LookSettings>,
    /// What is kept.
    pub records: Option<RecordSettings>,
}

impl SaveSystem {
    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.general.is_none() && self.look.is_none() && self.records.is_none()
    }
}

impl Order for SaveSystem {
    type Needs = ChangeSettings;
    type Done = Arc<Settings>;
    const NAME: &'static str = "save_system";

    fn needs(&self) -> ChangeSettings {
        ChangeSettings
    }

    fn target(&self) -> String {
        target(&[
            ("general", self.general.is_some()),
            ("look", self.look.is_some()),
            ("records", self.records.is_some()),
        ])
    }

    fn route(self) -> Route<Arc<Settings>> {
        Route::records(move |desk| deed::save_system(desk, self))
    }
}

fn target(sections: &[(&str, bool)]) -> String {
    let named: Vec<&str> =
        sections.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
    format!("settings {}", named.join(", "))
}

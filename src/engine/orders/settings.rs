//! Orders about the system's own settings.

use std::sync::Arc;

use crate::engine::access::permission::Administer;
use crate::engine::access::secret::Secret;
use crate::engine::access::settings::{
    MailSettings, RecordSettings, SessionSettings, Settings, WebSettings,
};
use crate::engine::orders::deeds::settings as deed;
use crate::engine::orders::{Order, Route};

/// Changes settings; a section that is `None` stays. They are an administrator's.
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
    /// What is kept.
    pub records: Option<RecordSettings>,
    /// A new password for the mail server; empty takes it away.
    pub mail_password: Option<Secret>,
}

impl Order for SaveSettings {
    type Needs = Administer;
    type Done = Arc<Settings>;
    const NAME: &'static str = "save_settings";

    fn needs(&self) -> Administer {
        Administer
    }

    fn target(&self) -> String {
        let sections = [
            ("web", self.web.is_some()),
            ("sessions", self.sessions.is_some()),
            ("mail", self.mail.is_some() || self.mail_password.is_some()),
            ("records", self.records.is_some()),
        ];
        let named: Vec<&str> =
            sections.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect();
        format!("settings {}", named.join(", "))
    }

    fn route(self) -> Route<Arc<Settings>> {
        Route::records(move |desk| deed::save(desk, self))
    }
}

//! What orders about settings do.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::engine::access::secret::SecretChange;
use crate::engine::access::settings::kiosk::unfit;
use crate::engine::access::settings::{KioskSettings, Mark, SettingError, Settings};
use crate::engine::orders::OrderError;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::settings::{SaveSettings, SaveSystem};
use crate::engine::store::StoreError;
use crate::engine::store::secrets::{self, MAIL_PASSWORD};
use crate::engine::store::settings::{self, MAIL_PASSWORD_FIELD};
use crate::engine::store::{accounts, charges};

pub fn save(desk: &mut Desk<'_>, order: SaveSettings) -> Result<Arc<Settings>, OrderError> {
    current(desk, order.expected)?;
    if !order.system.is_empty() {
        save_system(desk, SaveSystem { expected: None, ..order.system })?;
    }
    let old = current(desk, None)?;
    let password = order.mail_password;
    let mut new = Settings {
        web: order.web.unwrap_or_else(|| old.web.clone()),
        sessions: order.sessions.unwrap_or_else(|| old.sessions.clone()),
        mail: order.mail.unwrap_or_else(|| old.mail.clone()),
        kiosk: order.kiosk.unwrap_or_else(|| old.kiosk.clone()),
        ..old.clone()
    };
    // Not a setting of its own: it says whether there is a secret.
    new.mail.has_password = old.mail.has_password;
    new.check()?;
    if new.kiosk.enabled && new.kiosk != old.kiosk {
        fit_for_display(desk, &new.kiosk)?;
    }
    section(desk, "web", &old.web, &new.web)?;
    section(desk, "sessions", &old.sessions, &new.sessions)?;
    section(desk, "mail", &old.mail, &new.mail)?;
    section(desk, "kiosk", &old.kiosk, &new.kiosk)?;
    if let Some(change) = password {
        change_password(desk, &change)?;
        if old.mail == new.mail {
            settings::save(desk.writing, "mail", &kept_form(&new.mail)?)?;
        }
    }
    desk.writing.touch();
    Ok(Arc::new(settings::all(&desk.writing.reading())?))
}

/// Seals the mail server's password, or takes it away. The journal says which, and nothing of it.
fn change_password(desk: &mut Desk<'_>, change: &SecretChange) -> Result<(), OrderError> {
    let wrong = |why: String| OrderError::from(SettingError { field: MAIL_PASSWORD_FIELD, why });
    let word = match change {
        SecretChange::Remove => {
            secrets::remove(desk.writing, MAIL_PASSWORD)?;
            "taken away"
        }
        SecretChange::Set(password) => {
            let text = password.reveal();
            if text.is_empty() || text.chars().any(char::is_control) {
                let why = "a password is one line of text, and not empty";
                return Err(wrong(why.to_owned()));
            }
            let by = Mark { who: desk.by.who.clone(), at: desk.by.at };
            let kept = secrets::keep(desk.writing, MAIL_PASSWORD, password, &by);
            kept.map_err(|error| match error {
                StoreError::Secret(error) => wrong(error.to_string()),
                other => other.into(),
            })?;
            "given"
        }
    };
    desk.remember(MAIL_PASSWORD_FIELD, json!(word));
    Ok(())
}

pub fn save_system(desk: &mut Desk<'_>, order: SaveSystem) -> Result<Arc<Settings>, OrderError> {
    let old = current(desk, order.expected)?;
    let new = Settings {
        general: order.general.unwrap_or_else(|| old.general.clone()),
        look: order.look.unwrap_or_else(|| old.look.clone()),
        records: order.records.unwrap_or_else(|| old.records.clone()),
        ..old.clone()
    };
    new.check()?;
    let is_remote = desk.by.face.is_remote();
    if is_remote && new.records.recordings != old.records.recordings && !new.records.stays_inside()
    {
        // Whoever may change settings from elsewhere does not choose among all folders of this machine.
        let why =
            "a folder outside of the data folder is chosen at the machine itself: in the window"
                .to_owned();
        return Err(SettingError { field: "records.recordings", why }.into());
    }
    section(desk, "general", &old.general, &new.general)?;
    section(desk, "look", &old.look, &new.look)?;
    section(desk, "records", &old.records, &new.records)?;
    if old.records != new.records {
        charges::prune(desk.writing, new.records.charges)?;
    }
    desk.writing.touch();
    Ok(Arc::new(settings::all(&desk.writing.reading())?))
}

/// The settings as they are, where the change was made on them.
fn current(desk: &Desk<'_>, expected: Option<i64>) -> Result<Settings, OrderError> {
    let old = settings::all(&desk.writing.reading())?;
    if expected.is_some_and(|version| version != old.version) {
        return Err(OrderError::Stale { what: "a setting".into() });
    }
    Ok(old)
}

/// Whether the account may be that of a display.
fn fit_for_display(desk: &Desk<'_>, kiosk: &KioskSettings) -> Result<(), OrderError> {
    let wrong = |why: &str| SettingError { field: "kiosk.account", why: why.to_owned() };
    let all = accounts::all(&desk.writing.reading())?;
    let account = all.iter().map(|kept| &kept.account).find(|one| Some(one.id) == kiosk.account);
    let account = account.ok_or_else(|| wrong("there is no such account"))?;
    match unfit(account) {
        None => Ok(()),
        Some(why) => Err(wrong(why).into()),
    }
}

/// Saves a section if it was changed, and notes what was.
fn section<T: Serialize + PartialEq>(
    desk: &mut Desk<'_>,
    name: &str,
    old: &T,
    new: &T,
) -> Result<(), OrderError> {
    if old == new {
        return Ok(());
    }
    let (was, is) = (kept_form(old)?, kept_form(new)?);
    settings::save(desk.writing, name, &is)?;
    let mut before = desk.before.take().unwrap_or_else(|| json!({}));
    for (key, value) in &is {
        let other = was.get(key).cloned().unwrap_or(Value::Null);
        if *value != other {
            let key = format!("{name}.{key}");
            if let Some(before) = before.as_object_mut() {
                before.insert(key.clone(), other);
            }
            desk.remember(&key, value.clone());
        }
    }
    desk.before = Some(before);
    Ok(())
}

/// A section as it is kept: without what only says whether there is a secret.
fn kept_form<T: Serialize>(section: &T) -> Result<Map<String, Value>, StoreError> {
    match serde_json::to_value(section) {
        Ok(Value::Object(mut fields)) => {
            fields.remove("has_password");
            Ok(fields)
        }
        Ok(_) | Err(_) => Err(StoreError::Odd("a section that was to be put")),
    }
}

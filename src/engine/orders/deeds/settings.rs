//! What orders about settings do.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::engine::access::settings::Settings;
use crate::engine::orders::OrderError;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::settings::SaveSettings;
use crate::engine::store::StoreError;
use crate::engine::store::charges;
use crate::engine::store::settings::{self, MAIL_PASSWORD};

pub fn save(desk: &mut Desk<'_>, order: SaveSettings) -> Result<Arc<Settings>, OrderError> {
    let old = settings::all(&desk.writing.reading())?;
    if order.expected.is_some_and(|version| version != old.version) {
        return Err(OrderError::Stale { what: "the settings".into() });
    }
    let password = order.mail_password;
    let mut new = Settings {
        web: order.web.unwrap_or_else(|| old.web.clone()),
        sessions: order.sessions.unwrap_or_else(|| old.sessions.clone()),
        mail: order.mail.unwrap_or_else(|| old.mail.clone()),
        records: order.records.unwrap_or_else(|| old.records.clone()),
        version: old.version,
    };
    // Not a setting of its own: it says whether there is a secret.
    new.mail.has_password = old.mail.has_password;
    new.check()?;
    section(desk, "web", &old.web, &new.web)?;
    section(desk, "sessions", &old.sessions, &new.sessions)?;
    section(desk, "mail", &old.mail, &new.mail)?;
    section(desk, "records", &old.records, &new.records)?;
    if old.records != new.records {
        charges::prune(desk.writing, new.records.charges)?;
    }
    if let Some(password) = password {
        let kept = Some(&password).filter(|password| !password.reveal().is_empty());
        settings::keep_secret(desk.writing, MAIL_PASSWORD, kept)?;
        if old.mail == new.mail {
            settings::save(desk.writing, "mail", &kept_form(&new.mail)?)?;
        }
        let word = if kept.is_some() { "given" } else { "taken away" };
        desk.remember("mail.password", json!(word));
    }
    desk.writing.touch();
    Ok(Arc::new(settings::all(&desk.writing.reading())?))
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

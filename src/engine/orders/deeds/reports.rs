//! What orders about reports do.

use serde_json::json;

use crate::engine::access::account::{FieldError, Status, email};
use crate::engine::log::scrub::scrub;
use crate::engine::orders::OrderError;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::reports::{Mailed, REPORT_BYTES, Reach, Report};
use crate::engine::store::{accounts, settings};

pub fn mail(desk: &mut Desk<'_>, order: Report, reach: Reach) -> Result<Mailed, OrderError> {
    let Report { to, text } = order;
    let to = email(&to)?.ok_or(FieldError::Empty("e-mail address"))?;
    desk.target = Some(format!("report of feedback to {to}"));
    let settings = settings::all(&desk.writing.reading())?;
    if !settings.mail.enabled {
        return Err(OrderError::NoMail);
    }
    if text.len() > REPORT_BYTES {
        return Err(OrderError::Unfit(format!(
            "the report has {} kB, and at most {} kB are mailed: leave something out, or save it as a file",
            text.len() / 1024,
            REPORT_BYTES / 1024
        )));
    }
    // Whoever composed it has done so; here it is the rule.
    let text: String = text.lines().map(|line| scrub(line) + "\n").collect();
    let bytes = text.len();
    let by = (desk.by.who.clone(), settings.general.name.clone());
    let parcel = desk.people.pack_report(&to, by, text).ok_or(OrderError::Busy)?;
    if let Err(wait) = desk.people.count_report(desk.by.account) {
        let seconds = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
        return Err(OrderError::Wait { seconds });
    }
    let same = |other: &Option<String>| {
        other.as_ref().is_some_and(|other| other.to_lowercase() == to.to_lowercase())
    };
    let known = match reach {
        Reach::Anywhere => true,
        Reach::Known => {
            let all = accounts::all(&desk.writing.reading())?;
            let mut all = all.iter().map(|kept| &kept.account);
            same(&settings.general.feedback_to)
                || all.any(|one| one.status != Status::Disabled && same(&one.email))
        }
    };
    if !known {
        return Err(FieldError::Stranger(to).into());
    }
    desk.after = Some(json!({ "to": to, "bytes": bytes }));
    desk.writing.afterwards(move || parcel.post());
    Ok(Mailed { to, bytes })
}

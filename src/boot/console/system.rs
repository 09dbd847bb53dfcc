//! What the System page of the window is made of: looked at on a thread of its own, for the disk may be
//! slow and the journal long.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Shared;
use crate::engine::{Administer, ChangeSettings, Finding, ViewPlant};
use crate::view::compose::doctor::{Patient, doctor};
use crate::view::compose::system::{self, Enclosed, REPORT_LINES};
use crate::view::doctor::DoctorView;
use crate::view::system::{Enclosure, Feedback, LogPrefs, SystemSeen};
use crate::view::text;

/// How often the data folder is looked at: the whole journal is read for that.
const CHECK_EVERY: Duration = Duration::from_secs(60);
/// The folder of reports in the data folder.
const REPORTS: &str = "feedback";

/// What the page shows.
pub(super) fn look(
    shared: &Shared,
    zone: &TimeZone,
    prefs: &LogPrefs,
) -> Result<SystemSeen, String> {
    let said = |denied: crate::engine::Denied| format!("{denied}.");
    let grant = shared.session.permit(ViewPlant).map_err(said)?;
    let change = shared.session.permit(ChangeSettings).map_err(said)?;
    let door = &shared.door;
    let information =
        system::information(&door.look(&grant), &door.vitals(&grant), &door.machine(&grant));
    let log = system::log(door.log(&change), prefs, zone);
    let backup = super::backup::view(shared);
    let mail = system::mail_offer(&door.settings(&grant), &shared.session);
    Ok(SystemSeen { doctor: examined(shared)?, information, log, backup, mail })
}

fn examined(shared: &Shared) -> Result<DoctorView, String> {
    let grant = shared.session.permit(ViewPlant).map_err(|denied| format!("{denied}."))?;
    let door = &shared.door;
    let now = door.clock().now();
    let kept = shared.state().checked.clone();
    let fresh = kept.filter(|(at, _)| now.since(*at) < CHECK_EVERY).map(|(_, found)| found);
    let folder = match (fresh, shared.session.permit(Administer)) {
        (_, Err(_)) => None,
        (Some(found), Ok(_)) => Some(found),
        (None, Ok(grant)) => {
            let found: Arc<[Finding]> = door.examine(&grant).into();
            shared.state().checked = Some((now, Arc::clone(&found)));
            Some(found)
        }
    };
    Ok(doctor(&Patient {
        snapshot: &door.look(&grant),
        vitals: &door.vitals(&grant),
        machine: &door.machine(&grant),
        folder: folder.as_deref(),
        now: (door.clock().now(), door.clock().wall()),
    }))
}

/// The report of feedback, without secrets.
pub(super) fn report(
    shared: &Shared,
    zone: &TimeZone,
    feedback: &Feedback,
) -> Result<String, String> {
    let seen = look(shared, zone, &LogPrefs::default())?;
    let grant = shared.session.permit(ViewPlant).map_err(|denied| format!("{denied}."))?;
    let change = shared.session.permit(ChangeSettings).map_err(|denied| format!("{denied}."))?;
    let chosen = |one: Enclosure| feedback.with.contains(&one);
    let snapshot = shared.door.look(&grant);
    let profile = snapshot.profile.as_ref().and_then(|profile| profile.text.clone());
    let enclosed = Enclosed {
        system: chosen(Enclosure::System).then_some(seen.information),
        problems: chosen(Enclosure::Problems).then_some(seen.doctor),
        log: chosen(Enclosure::Log).then(|| {
            system::log_text(shared.door.log(&change), &LogPrefs::default(), REPORT_LINES)
        }),
        profile: profile.filter(|_| chosen(Enclosure::Profile)).map(|text| text.to_string()),
    };
    let settings = shared.door.settings(&grant);
    Ok(system::report(feedback, &enclosed, &settings, &shared.session))
}

/// Writes the report of feedback into the data folder; says where.
pub(super) fn feedback(
    shared: &Shared,
    zone: &TimeZone,
    feedback: &Feedback,
) -> Result<String, String> {
    let report = report(shared, zone, feedback)?;
    let grant = shared.session.permit(ViewPlant).map_err(|denied| format!("{denied}."))?;
    let settings = shared.door.settings(&grant);
    let folder = shared.library.folder().join(REPORTS);
    let stamp = text::stamp(shared.door.clock().wall(), zone).replace([':', ' '], "-");
    let path = folder.join(format!("busbar-feedback-{stamp}.txt"));
    let cannot = |error: std::io::Error| format!("{} cannot be written: {error}.", path.display());
    std::fs::create_dir_all(&folder).map_err(cannot)?;
    let mut file = std::fs::File::create_new(&path).map_err(cannot)?;
    file.write_all(report.as_bytes()).map_err(cannot)?;
    let to = settings.general.feedback_to.clone();
    let to = to.map_or_else(String::new, |to| format!(" Send it to {to}."));
    Ok(format!("The report is in {}.{to} Read it before you pass it on.", path.display()))
}

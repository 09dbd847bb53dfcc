//! Composes the Profiles page.

use jiff::tz::TimeZone;

use crate::base::id::Name;
use crate::base::time::Wall;
use crate::engine::profiles::Summary;
use crate::engine::{
    ChangeSettings, DiffKind, LastChange, MOST_VERSION_BYTES, MOST_VERSIONS, ProfileText,
    ProfileVersion, ProfileVersionLine, RecordState, Revision, Scene, Session, Snapshot, diff,
};
use crate::view::compose::users::sentence;
use crate::view::offer::{Grave, Offer, Question};
use crate::view::profiles::{DiffRow, ProfileRow, ProfileView, ProfilesView, Shown, VersionRow};
use crate::view::shown::Tone;
use crate::view::text;

/// Who has begun a recording that the profile has.
const PROFILE: &str = "profile";
/// Names of components that are listed one by one.
const NAMED: usize = 6;

/// Makes the list.
#[must_use]
pub fn profiles(
    (all, last): (&[Summary], &[LastChange]),
    interfaces: Vec<String>,
    snapshot: &Snapshot,
    (session, zone): (&Session, &TimeZone),
) -> ProfilesView {
    let running = snapshot.profile.as_ref();
    let unkept = running.filter(|profile| profile.file.is_none());
    ProfilesView {
        rows: all
            .iter()
            .map(|one| {
                let last = last.iter().find(|last| last.profile == one.name);
                let by = last.map(|last| last_by(one, last)).unwrap_or_default();
                ProfileRow { by, ..row(one, snapshot, session, zone) }
            })
            .collect(),
        summary: text::count(all.len(), "profile"),
        unkept: unkept.map(|profile| {
            let name = &profile.name;
            format!(
                "{name} runs and is in no file: what is changed in it is gone when Busbar ends."
            )
        }),
        add: guarded("Add profile", session),
        interfaces,
        scenes: Scene::list(),
        empty: "There is no profile yet. A profile says which buses there are and what is connected to them; Add profile makes one.",
    }
}

/// Who has written what the file of a profile says.
fn last_by(one: &Summary, last: &LastChange) -> String {
    if one.revision.as_deref() == Some(last.revision.code()) {
        by(&last.line)
    } else {
        "somebody outside of Busbar".to_owned()
    }
}

/// What somebody typed as the name of a profile.
///
/// # Errors
/// Says why none can be called so, in a sentence.
pub fn a_profile_name(typed: &str) -> Result<Name, String> {
    Name::new(typed.trim()).map_err(|error| format!("A profile cannot be called so: {error}."))
}

/// What is wrong with a name that was typed for a profile which is called `own` so far; empty for a new one.
#[must_use]
pub fn name_trouble(typed: &str, own: &str, view: &ProfilesView) -> Option<String> {
    let typed = typed.trim();
    if let Err(why) = a_profile_name(typed) {
        return Some(why);
    }
    let taken = typed != own && view.rows.iter().any(|row| row.name == typed);
    taken.then(|| format!("There is a profile called {typed} already."))
}

/// A name for a copy, or for a new profile, that none has yet.
#[must_use]
pub fn free_name(of: &str, view: &ProfilesView) -> String {
    let taken = |name: &str| view.rows.iter().any(|row| row.name == name);
    let begin = if of.is_empty() { "New profile".to_owned() } else { format!("{of} copy") };
    let more = (2..=view.rows.len() + 2).map(|number| format!("{begin} {number}"));
    std::iter::once(begin.clone()).chain(more).find(|name| !taken(name)).unwrap_or(begin)
}

fn guarded(label: &str, session: &Session) -> Offer {
    match session.permit(ChangeSettings) {
        Ok(_) => Offer::open(label),
        Err(denied) => Offer::shut(label, &sentence(&denied.to_string())),
    }
}

fn runs(snapshot: &Snapshot, name: &str) -> bool {
    let running = snapshot.profile.as_ref().filter(|profile| profile.file.is_some());
    running.is_some_and(|profile| profile.key() == name)
}

/// What keeps another profile from running now, in a sentence.
fn hinders(snapshot: &Snapshot) -> Option<String> {
    let charging = snapshot.charges.iter().find(|charge| charge.state.is_running());
    if let Some(charge) = charging {
        return Some(format!("{} is being charged: stop that first.", charge.pack));
    }
    let runs = |state: &RecordState| match state {
        RecordState::Running | RecordState::Waiting => true,
        RecordState::Ended(_) => false,
    };
    let by_people = |name: &str| name != PROFILE;
    let mut all = snapshot.recordings.iter();
    let recording = all.find(|one| runs(&one.state) && by_people(&one.by));
    recording.map(|one| format!("The recording {} runs: stop it first.", one.entry.name))
}

fn row(one: &Summary, snapshot: &Snapshot, session: &Session, zone: &TimeZone) -> ProfileRow {
    let is_running = runs(snapshot, &one.name);
    let (state, tone) = match (&one.refused, is_running) {
        (Some(_), _) => ("refused", Tone::Fault),
        (None, true) => ("runs", Tone::Ok),
        (None, false) => ("", Tone::Muted),
    };
    let parts = one.parts.map(|(buses, components)| {
        let buses = if buses == 1 { "1 bus".to_owned() } else { format!("{buses} buses") };
        format!("{buses}, {}", text::count(components, "component"))
    });
    let shown: Vec<&str> = one.components.iter().take(NAMED).map(String::as_str).collect();
    let more = one.components.len().saturating_sub(NAMED);
    let mut components = shown.join(", ");
    if more > 0 {
        components.push_str(&format!(" and {more} more"));
    }
    let changed = one.changed_ms.map(|ms| Wall::from_nanos(ms.saturating_mul(1_000_000)));
    let running = |label: &str, why: String| {
        if guarded(label, session).is_open() {
            Offer::shut(label, &why)
        } else {
            guarded(label, session)
        }
    };
    let activate = match (is_running, &one.refused, hinders(snapshot)) {
        (true, _, _) => running("Run", format!("{} runs already.", one.name)),
        (false, Some(_), _) => running("Run", "It is refused: mend it first.".to_owned()),
        (false, None, Some(why)) => running("Run", why),
        (false, None, None) => guarded("Run", session),
    };
    let delete = "Delete\u{2026}";
    ProfileRow {
        name: one.name.clone(),
        description: one.description.clone().unwrap_or_default(),
        parts: parts.unwrap_or_default(),
        components,
        changed: changed.map(|at| text::exact(at, zone)).unwrap_or_default(),
        state,
        tone,
        refused: one.refused.clone(),
        revision: one.revision.clone().unwrap_or_default(),
        by: String::new(),
        activate,
        copy: guarded("Copy\u{2026}", session),
        change: guarded("Save", session),
        undo: guarded("Undo", session),
        delete: Grave {
            offer: if is_running {
                running(delete, format!("{} runs: let another profile run first.", one.name))
            } else {
                guarded(delete, session)
            },
            question: Question {
                title: format!("Delete {}?", one.name),
                text: "Its file is removed. Its versions stay: a profile that is added under this name can go back to them.".into(),
                confirm: format!("Delete {}", one.name),
            },
        },
    }
}

/// One profile with its versions, and what of it is shown: what `version` changed, else its text.
#[must_use]
pub fn profile(
    one: &Summary,
    said: &ProfileText,
    versions: (&[ProfileVersionLine], Option<&ProfileVersion>),
    snapshot: &Snapshot,
    (session, zone): (&Session, &TimeZone),
) -> ProfileView {
    let (lines, version) = versions;
    let mut row = row(one, snapshot, session, zone);
    // The running one is edited as it runs.
    row.revision = Revision::of(&said.text).code().to_owned();
    row.by = lines.first().map(by).unwrap_or_default();
    if lines.len() < 2 && row.undo.is_open() {
        row.undo = Offer::shut("Undo", "There is no version before this one.");
    }
    let newest = lines.first().map(|line| line.id);
    let versions = lines.iter().map(|line| {
        let label = "Go back to this";
        // Where the file says something that is refused, the newest version is a way back too.
        let restore = match newest == Some(line.id) && one.refused.is_none() {
            true if row.undo.is_open() => Offer::shut(label, "This is the present version."),
            true | false => guarded(label, session),
        };
        VersionRow {
            id: line.id,
            at: text::exact(line.at, zone),
            by: by(line),
            what: line.what.clone(),
            restore,
        }
    });
    let shown = match version {
        None => Shown::Text(said.text.clone()),
        Some(version) => {
            let (line, at) = (&version.line, text::exact(version.line.at, zone));
            let before = version.before.as_ref().map_or("", |(_, text)| text.as_str());
            Shown::Change {
                title: format!("Version {}: {}. By {}, {at}.", line.id, line.what, by(line)),
                lines: difference(before, &version.text),
            }
        }
    };
    ProfileView {
        versions: versions.collect(),
        undo_to: lines.get(1).map(|line| line.id),
        bounds: format!(
            "The newest {MOST_VERSIONS} versions are kept, or {} MB of them.",
            MOST_VERSION_BYTES >> 20
        ),
        shown,
        row,
    }
}

fn by(line: &ProfileVersionLine) -> String {
    match line.face.as_str() {
        "inside" => line.who.clone(),
        face => format!("{} ({})", line.who, face.replace('_', " ")),
    }
}

/// The lines that differ.
#[must_use]
pub fn difference(before: &str, after: &str) -> Vec<DiffRow> {
    let row = |line: crate::engine::DiffLine| {
        let (sign, tone) = match line.kind {
            DiffKind::Same => (" ", Tone::Plain),
            DiffKind::Added => ("+", Tone::Ok),
            DiffKind::Removed => ("-", Tone::Fault),
            DiffKind::Left => ("@", Tone::Muted),
        };
        DiffRow { kind: line.kind, sign, tone, text: line.text }
    };
    diff(before, after).into_iter().map(row).collect()
}

//! What depends on a component: what its deletion takes with it, and what stands in its way.

use crate::engine::{
    ChargePicture, Codec, ComponentEntry, ComponentPicture, DbcSource, Id, MessageEntry,
    ModelPicture, Profile, RecordBegins, ScheduleState, Snapshot,
};
use crate::view::components::Dependents;

/// Most names that are told one by one.
const TOLD: usize = 6;

/// What depends on the component `name` of the running profile.
#[must_use]
pub fn dependents(snapshot: &Snapshot, name: &str) -> Dependents {
    let Some(profile) = super::said(snapshot) else { return Dependents::default() };
    let Some(entry) = profile.components.iter().find(|entry| entry.name.as_str() == name) else {
        return Dependents::default();
    };
    let Some(part) = snapshot.components.iter().find(|part| part.name == entry.name) else {
        // It is not listened to: nothing goes with it.
        return Dependents::default();
    };
    let mut lines = Vec::new();
    lines.extend(pack(profile, entry, part));
    lines.extend(charging(snapshot, part));
    lines.extend(messages(snapshot, part));
    lines.extend(schedules(snapshot, part));
    lines.extend(recorders(profile, entry, part, snapshot));
    lines.extend(charts(snapshot, part));
    Dependents { lines, why_not: running(snapshot, part) }
}

/// Why it cannot be changed now: something charges by it.
fn running(snapshot: &Snapshot, part: &ComponentPicture) -> Option<String> {
    let uses = |charge: &ChargePicture| {
        charge.state.is_running()
            && (charge.bmus.contains(&part.id) || charge.charger == Some(part.id))
    };
    let charge = snapshot.charges.iter().find(|charge| uses(charge))?;
    Some(format!(
        "{} is being charged or its contactors are held, and {} has a part in it: stop that first.",
        charge.pack, part.name
    ))
}

/// The pack that a battery belongs to.
fn pack(profile: &Profile, entry: &ComponentEntry, part: &ComponentPicture) -> Option<String> {
    let ModelPicture::Bms(_) = part.model else { return None };
    let pack = entry.pack();
    let others = profile.components.iter().filter(|other| {
        other.name != entry.name
            && other.kind == entry.kind
            && other.pack() == pack
            && other.enabled
    });
    Some(match others.count() {
        0 => format!("The pack {pack} goes with it: it can no longer be seen or charged."),
        1 => format!("The pack {pack} goes on with one battery less: one is left."),
        more => format!("The pack {pack} goes on with one battery less: {more} are left."),
    })
}

/// Packs that this charger could charge.
fn charging(snapshot: &Snapshot, part: &ComponentPicture) -> Option<String> {
    let ModelPicture::Charger(_) = part.model else { return None };
    let by_it = snapshot.charges.iter().filter(|charge| charge.chargers == [part.id]);
    let packs: Vec<&str> = by_it.map(|charge| charge.pack.as_str()).collect();
    (!packs.is_empty()).then(|| format!("Nothing else can charge {}.", listed(&packs)))
}

/// Kept messages whose ids are its own.
fn messages(snapshot: &Snapshot, part: &ComponentPicture) -> Option<String> {
    let bus = snapshot.buses.get(usize::from(part.bus.0))?;
    let is_its = |message: &&MessageEntry| {
        message.bus == bus.name && part.messages.iter().any(|one| one.id == message.frame.id())
    };
    let named: Vec<&str> =
        snapshot.messages.iter().filter(is_its).map(|message| message.name.as_str()).collect();
    let text = || {
        format!(
            "Kept messages with its ids stay, and nothing names them any more: {}.",
            listed(&named)
        )
    };
    (!named.is_empty()).then(text)
}

/// Frames that are sent again and again with its ids.
fn schedules(snapshot: &Snapshot, part: &ComponentPicture) -> Option<String> {
    let running = snapshot.schedules.iter().filter(|one| {
        one.bus == part.bus
            && one.state == ScheduleState::Running
            && part.messages.iter().any(|message| message.id == one.schedule.frame.id())
    });
    let names: Vec<&str> = running.map(|one| one.schedule.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("What is sent with its ids goes on: {}.", listed(&names)))
}

/// Recorders whose rule or filter speaks of it.
fn recorders(
    profile: &Profile,
    entry: &ComponentEntry,
    part: &ComponentPicture,
    snapshot: &Snapshot,
) -> Option<String> {
    let charger = matches!(part.model, ModelPicture::Charger(_));
    let alone = charger && snapshot.charges.iter().all(|charge| charge.chargers == [part.id]);
    let names_it = |filter: &str| {
        let filter = filter.to_lowercase();
        let message = |name: &str| filter.contains(&name.to_lowercase());
        filter.contains(&entry.name.as_str().to_lowercase())
            || part.messages.iter().any(|one| message(&one.name))
    };
    let depends = profile.recorders.iter().filter(|recorder| {
        names_it(&recorder.filter)
            || match &recorder.begins {
                RecordBegins::AtOnce | RecordBegins::Fault => false,
                RecordBegins::Charge => alone,
                RecordBegins::Frames { begin, end } => names_it(begin) || names_it(end),
            }
    });
    let names: Vec<&str> = depends.map(|recorder| recorder.name.as_str()).collect();
    let text = || format!("Recorders that wait for it or name its messages: {}.", listed(&names));
    (!names.is_empty()).then(text)
}

/// DBC files of its bus that name the same ids: they name them from then on.
fn charts(snapshot: &Snapshot, part: &ComponentPicture) -> Option<String> {
    let bus = snapshot.buses.get(usize::from(part.bus.0))?;
    let named = |codec: &Codec| {
        let known = |id: Id| part.messages.iter().any(|one| one.id == id);
        codec.messages().any(|(_, message)| known(message.id))
    };
    let sources = snapshot.decoders.sources(part.bus).filter(|(_, codec)| named(codec));
    let files: Vec<String> = sources
        .filter_map(|(source, _)| match source {
            DbcSource::File { file, .. } => file.file_name(),
            DbcSource::Device(_) | DbcSource::Unsaid => None,
        })
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let text = || format!("On {} its ids are then named by {} alone.", bus.name, listed(&files));
    (!files.is_empty()).then(text)
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().take(TOLD).copied().collect();
    match names.len().saturating_sub(TOLD) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

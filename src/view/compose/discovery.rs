//! Composes the Discover page.

use std::time::Duration;

use crate::engine::discover::BusFound;
use crate::engine::logs::LogPicture;
use crate::engine::{
    BusPicture, Candidate, ChangeSettings, Discovery, DiscoverySide, Id, OFFERED, Session, Snapshot,
};
use crate::view::discovery::{DiscoveryView, FoundView};
use crate::view::logs::LogId;
use crate::view::offer::Offer;
use crate::view::shown::Tone;
use crate::view::text;

/// From this score on something is as good as sure.
const SURE: u8 = 85;
/// Ids that are named one by one.
const NAMED: usize = 12;
/// What is said of a recording in which nobody talks.
const NO_FRAME: &str = "There is no frame in it that a device could have sent.";

/// Makes the page of the bus called `wanted`, or of the first.
#[must_use]
pub fn discovery(snapshot: &Snapshot, session: &Session, wanted: &str) -> DiscoveryView {
    let buses: Vec<String> = snapshot.buses.iter().map(|bus| bus.name.to_string()).collect();
    let chosen = snapshot.buses.iter().find(|bus| bus.name.as_str() == wanted);
    let Some(bus) = chosen.or_else(|| snapshot.buses.first()) else {
        let empty = "There is no bus to listen to: open a profile, a CAN interface or a recording.";
        return DiscoveryView { empty: empty.to_owned(), ..DiscoveryView::default() };
    };
    let found = snapshot.discovery(bus);
    let can = may(session);
    let one = |candidate: &Candidate| view((snapshot, Some(bus)), candidate, &can);
    let empty = match (found.ids, found.candidates.is_empty()) {
        (0, _) => "Nothing was heard on this bus yet. Is it connected, and at the right bit rate?",
        (_, true) => {
            "Nothing that talks here looks like a device that Busbar knows. A component can be added by hand, or described by a DBC file of its own."
        }
        (_, false) => "",
    };
    DiscoveryView {
        bus: bus.name.to_string(),
        buses,
        heard: heard(found.ids, found.span),
        empty: empty.to_owned(),
        found: found.candidates.iter().map(one).collect(),
        unknown: unknown(&found.unknown),
        ..DiscoveryView::default()
    }
}

/// Makes the page of a recording that is open: what talks in it, and the way to add that to the profile.
/// It goes onto the bus of the same name, or onto the first.
#[must_use]
pub fn in_log(
    snapshot: &Snapshot,
    session: &Session,
    (id, picture): (LogId, &LogPicture),
) -> DiscoveryView {
    let talks = (0..).zip(&picture.buses).map(|(at, name)| {
        let onto = snapshot.bus_for(name);
        let configured = onto.map_or_else(Vec::new, |bus| snapshot.configured(bus));
        (name.clone(), picture.discovery(at, &snapshot.catalog, &configured))
    });
    let mut view = recorded(snapshot, session, talks.collect());
    if picture.state.is_reading() && view.empty == NO_FRAME {
        "The recording is being read.".clone_into(&mut view.empty);
    }
    DiscoveryView { log: Some(id), ..view }
}

/// Makes the page of a recording that is kept, from what talks on its buses.
#[must_use]
pub fn in_recording(snapshot: &Snapshot, session: &Session, found: Vec<BusFound>) -> DiscoveryView {
    recorded(snapshot, session, found.into_iter().map(|bus| (bus.name, bus.discovery)).collect())
}

/// What talks on the buses of a recording.
fn recorded(
    snapshot: &Snapshot,
    session: &Session,
    buses: Vec<(String, Discovery)>,
) -> DiscoveryView {
    let can = may(session);
    let several = buses.len() > 1;
    let (mut ids, mut span, mut found) = (0, Duration::ZERO, Vec::new());
    let mut nobodys = Vec::new();
    for (name, talks) in buses {
        let onto = snapshot.bus_for(&name);
        (ids, span) = (ids + talks.ids, span.max(talks.span));
        nobodys.extend(talks.unknown);
        found.extend(talks.candidates.into_iter().map(|candidate| {
            let mut one = view((snapshot, onto), &candidate, &can);
            if several {
                one.place.push_str(&format!(", on {name}"));
            }
            (candidate.score, one)
        }));
    }
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    nobodys.sort_unstable();
    nobodys.dedup();
    let empty = match (ids, found.is_empty()) {
        (0, _) => NO_FRAME,
        (_, true) => {
            "Nothing that talks in it looks like a device that Busbar knows. A component can be added by hand, or described by a DBC file of its own."
        }
        (_, false) => "",
    };
    DiscoveryView {
        buses: snapshot.buses.iter().map(|bus| bus.name.to_string()).collect(),
        heard: heard(ids, span),
        empty: empty.to_owned(),
        found: found.into_iter().map(|(_, one)| one).collect(),
        unknown: unknown(&nobodys),
        ..DiscoveryView::default()
    }
}

fn may(session: &Session) -> Result<(), String> {
    session.permit(ChangeSettings).map(drop).map_err(|denied| denied.to_string())
}

fn heard(ids: usize, span: Duration) -> String {
    format!("{} ids heard within {}", text::grouped(ids as u64), text::span(span))
}

fn unknown(ids: &[Id]) -> String {
    let first: Vec<String> = ids.iter().take(NAMED).map(ToString::to_string).collect();
    match ids.len() {
        0 => String::new(),
        count if count > NAMED => {
            format!("{count} ids are nobody's: {} and more", first.join(", "))
        }
        1 => format!("One id is nobody's: {}", first.join(", ")),
        count => format!("{count} ids are nobody's: {}", first.join(", ")),
    }
}

fn view(
    (snapshot, bus): (&Snapshot, Option<&BusPicture>),
    candidate: &Candidate,
    can: &Result<(), String>,
) -> FoundView {
    let side = |wanted: DiscoverySide| {
        let of = candidate.reasons.iter().filter(|reason| reason.side == wanted);
        of.map(|reason| reason.text.clone()).collect()
    };
    let manifest = &candidate.kind.manifest;
    let mut place = format!("at 0x{:03X}", candidate.base);
    if let Some(serial) = candidate.serial {
        place.push_str(&format!(", serial {serial}"));
    }
    if let Some(firmware) = &candidate.firmware {
        place.push_str(&format!(", firmware {firmware}"));
    }
    let shares: Vec<&str> = candidate.shares.iter().map(|name| name.as_str()).collect();
    let remark = match (&candidate.known, shares.is_empty()) {
        (Some(name), _) => format!("It is in the profile already: {name}."),
        (None, false) => format!("Some of its ids belong to {}.", shares.join(", ")),
        (None, true) => String::new(),
    };
    FoundView {
        title: manifest.title.clone(),
        place,
        score: format!("{} %", candidate.score),
        share: f32::from(candidate.score) / 100.0,
        tone: match candidate.score {
            SURE.. => Tone::Ok,
            OFFERED.. => Tone::Info,
            _ => Tone::Muted,
        },
        good: side(DiscoverySide::For),
        bad: side(DiscoverySide::Against),
        remark,
        add: add(candidate, can),
        kind: manifest.id.clone(),
        fields: fields(snapshot, bus, candidate),
    }
}

fn add(candidate: &Candidate, can: &Result<(), String>) -> Offer {
    match (can, &candidate.known) {
        (Err(why), _) => Offer::shut("Add\u{2026}", why),
        (Ok(()), Some(name)) => Offer::shut("Add\u{2026}", &format!("{name} is this one")),
        (Ok(()), None) if candidate.score < OFFERED => Offer::shut(
            "Add\u{2026}",
            "Too little speaks for it: add it by hand if you know better",
        ),
        (Ok(()), None) => Offer::open("Add\u{2026}"),
    }
}

/// What stands in the fields of the form to add it.
fn fields(
    snapshot: &Snapshot,
    bus: Option<&BusPicture>,
    candidate: &Candidate,
) -> Vec<(String, String)> {
    let field = |name: &str, value: String| (name.to_owned(), value);
    let mut fields = vec![
        field("name", free_name(snapshot, candidate)),
        field("bus", bus.map_or_else(String::new, |bus| bus.name.to_string())),
        field("base", format!("0x{:X}", candidate.base)),
    ];
    fields.extend(candidate.settings.iter().map(|(name, value)| field(name, value.clone())));
    fields
}

/// A name that no component has: what it is and its serial number or address.
fn free_name(snapshot: &Snapshot, candidate: &Candidate) -> String {
    let word = candidate.kind.manifest.category.words();
    let mut chars = word.chars();
    let word: String =
        chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default();
    let first = match candidate.serial {
        Some(serial) => format!("{word} {serial}"),
        None => format!("{word} 0x{:X}", candidate.base),
    };
    let is_free = |name: &String| snapshot.components.iter().all(|c| c.name.as_str() != name);
    let more = (2..1000).map(|n| format!("{first} ({n})"));
    let mut all = std::iter::once(first.clone()).chain(more);
    all.find(is_free).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::local_session;
    use crate::engine::testing::plant::Plant;

    fn heard() -> Snapshot {
        let mut scene = Plant::of("demo");
        scene.run(std::time::Duration::from_secs(12));
        Snapshot::clone(&scene.hub.snapshot(scene.now()))
    }

    #[test]
    fn what_is_in_the_profile_already_is_said_and_cannot_be_added_again() {
        let snapshot = heard();
        let view = discovery(&snapshot, &local_session(), "");
        let pack = view.found.iter().find(|found| found.kind == "prohelion-d1000-gen1").unwrap();
        assert!(pack.place.starts_with("at 0x600, serial "), "{pack:?}");
        assert!(pack.remark.starts_with("It is in the profile already: "), "{pack:?}");
        assert!(!pack.add.is_open());
    }

    #[test]
    fn what_is_not_in_the_profile_is_offered_with_its_fields_filled_in() {
        let mut snapshot = heard();
        snapshot.components.clear();
        let view = discovery(&snapshot, &local_session(), "demo");
        let pack = view.found.iter().find(|found| found.kind == "prohelion-d1000-gen1").unwrap();
        assert!(pack.add.is_open(), "{pack:?}");
        let field = |name: &str| pack.fields.iter().find(|(own, _)| own == name).unwrap().1.clone();
        assert_eq!((field("bus"), field("base")), ("demo".to_owned(), "0x600".to_owned()));
        assert!(field("name").starts_with("Battery "), "{}", field("name"));
        assert!(view.heard.contains(" ids heard within "), "{}", view.heard);
    }

    #[test]
    fn what_talks_in_a_recording_is_found_and_goes_onto_the_bus_of_the_profile() {
        let mut snapshot = heard();
        let traffic = std::sync::Arc::clone(&snapshot.traffic);
        let buses = vec!["car".to_owned()];
        let picture = LogPicture { buses, traffic, ..LogPicture::default() };
        let look = |snapshot: &Snapshot| in_log(snapshot, &local_session(), (LogId(3), &picture));
        let view = look(&snapshot);
        let pack = view.found.iter().find(|found| found.kind == "prohelion-d1000-gen1").unwrap();
        assert!(pack.remark.starts_with("It is in the profile already: "), "{pack:?}");
        snapshot.components.clear();
        let view = look(&snapshot);
        assert_eq!(
            (view.log, view.buses.as_slice()),
            (Some(LogId(3)), ["demo".to_owned()].as_slice())
        );
        let pack = view.found.iter().find(|found| found.kind == "prohelion-d1000-gen1").unwrap();
        assert!(pack.add.is_open() && pack.place.starts_with("at 0x600, serial "), "{pack:?}");
        assert!(pack.fields.contains(&("bus".to_owned(), "demo".to_owned())), "{:?}", pack.fields);
        let nothing = LogPicture { buses: vec!["car".to_owned()], ..LogPicture::default() };
        let view = in_log(&snapshot, &local_session(), (LogId(3), &nothing));
        assert!(view.found.is_empty() && !view.empty.is_empty(), "{view:?}");
    }

    #[test]
    fn a_silent_bus_says_what_to_look_for() {
        let scene = Plant::of("demo");
        let snapshot = scene.hub.snapshot(scene.now());
        let view = discovery(&snapshot, &local_session(), "");
        assert!(view.empty.contains("right bit rate"), "{}", view.empty);
    }
}

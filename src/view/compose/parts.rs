//! Composes the Parts page.

use crate::engine::{
    Address, BusPicture, ChargerPicture, ComponentEntry, ComponentPicture, ModelPicture, Session,
    Snapshot,
};
use crate::view::compose::chrome::{bit_rate, bus_state, listening};
use crate::view::compose::components::{adding, entries, offers, revision};
use crate::view::compose::heard::{heard, lines};
use crate::view::compose::pack::standing;
use crate::view::compose::panels::panels;
use crate::view::parts::{Part, PartsView};
use crate::view::shown::Tone;
use crate::view::text;

/// Makes the page.
#[must_use]
pub fn parts(snapshot: &Snapshot, session: &Session) -> PartsView {
    let profile = snapshot.profile.as_ref();
    let file = profile.and_then(|profile| profile.file.as_ref());
    PartsView {
        profile_file: file.map_or_else(
            || "memory (not kept in a file)".into(),
            |file| file.display().to_string(),
        ),
        buses: snapshot.buses.iter().map(bus).collect(),
        components: components(snapshot, session),
        add: adding(snapshot, session),
        revision: revision(snapshot),
    }
}

fn bus(bus: &BusPicture) -> Part {
    let (word, tone) = bus_state(bus.status.state);
    let status = &bus.status;
    let mut settings = vec![
        ("Address".to_owned(), bus.address.to_string()),
        ("Frames".to_owned(), format!("{} seen", text::grouped(bus.frames))),
        ("Dropped".to_owned(), text::grouped(status.dropped)),
        ("Error frames".to_owned(), text::grouped(bus.error_frames)),
        ("Time stamps".to_owned(), bus.timebase.source.words().to_owned()),
        ("CAN FD".to_owned(), if status.fd { "yes" } else { "no" }.to_owned()),
        ("Sending".to_owned(), listening(&bus.address, status.listening).to_owned()),
    ];
    settings.extend(status.bit_rate.map(|rate| ("Bit rate".to_owned(), bit_rate(rate))));
    settings.extend(status.data_bit_rate.map(|rate| ("Data bit rate".to_owned(), bit_rate(rate))));
    settings.extend(
        status
            .error_counters
            .map(|(tx, rx)| ("Error counters".to_owned(), format!("transmit {tx}, receive {rx}"))),
    );
    Part {
        name: bus.name.to_string(),
        kind: match bus.address {
            Address::SocketCan(_) => "SocketCAN interface".to_owned(),
            Address::Slcan(_) => "Adapter on a serial port".to_owned(),
            Address::Virtual(_) => "Virtual bus".to_owned(),
            Address::Replay(_) => "Recording".to_owned(),
            Address::Tcp { .. } => "Supply on the network".to_owned(),
        },
        tone,
        status: word.to_owned(),
        sentence: status.sentence.clone().unwrap_or_default(),
        settings,
        panels: Vec::new(),
        offers: None,
    }
}

/// The components in the order of the profile, those that are not listened to among them.
fn components(snapshot: &Snapshot, session: &Session) -> Vec<Part> {
    let shown = |entry: &ComponentEntry| {
        let part = snapshot.components.iter().find(|part| part.name == entry.name);
        part.map_or_else(|| off(snapshot, entry), |part| component(snapshot, part))
    };
    let entries = entries(snapshot).iter().map(shown);
    let mut parts: Vec<Part> = entries.collect();
    if parts.is_empty() {
        parts = snapshot.components.iter().map(|part| component(snapshot, part)).collect();
    }
    for offers in offers(snapshot, session) {
        if let Some(part) = parts.iter_mut().find(|part| part.name == offers.name) {
            part.offers = Some(offers);
        }
    }
    parts
}

/// A component that is not listened to.
fn off(snapshot: &Snapshot, entry: &ComponentEntry) -> Part {
    let kind = snapshot.catalog.find(&entry.kind);
    Part {
        name: entry.name.to_string(),
        kind: kind.map_or_else(|| entry.kind.clone(), |kind| kind.manifest.title.clone()),
        tone: Tone::Muted,
        status: "off".to_owned(),
        sentence: "It is disabled: it stays in the profile and is not listened to.".to_owned(),
        settings: vec![("Bus".to_owned(), entry.bus.to_string())],
        ..Part::default()
    }
}

fn component(snapshot: &Snapshot, part: &ComponentPicture) -> Part {
    let bus = snapshot.buses.get(usize::from(part.bus.0));
    let (status, tone, sentence) = standing(part);
    let mut settings = vec![(
        "Bus".to_owned(),
        bus.map_or_else(|| text::DASH.to_owned(), |bus| bus.name.to_string()),
    )];
    settings.extend(lines(&heard(snapshot, part)));
    settings.extend(part.settings.iter().cloned());
    if let (ModelPicture::Charger(charger), Some(row)) = (&part.model, bus)
        && !matches!(row.address, Address::Tcp { .. })
    {
        settings.push(("Own time-out".to_owned(), own_time_out(charger)));
    }
    let (malformed, complaint) = &part.malformed;
    if *malformed > 0 {
        let last = complaint.as_deref().unwrap_or_default();
        let frames = text::grouped(*malformed);
        settings.push(("Not understood".to_owned(), format!("{frames} frames; last: {last}")));
    }
    Part {
        name: part.name.to_string(),
        kind: part.title.clone(),
        tone,
        status,
        sentence,
        settings,
        panels: panels(&part.part, snapshot.temperature),
        offers: None,
    }
}

/// How long a charger goes on when nobody commands it: as measured, beside what its documents say.
fn own_time_out(charger: &ChargerPicture) -> String {
    let told = charger.lapse_told.map_or_else(
        || "its documents do not say".to_owned(),
        |told| format!("{} by its documents", text::span(told)),
    );
    match charger.lapse {
        // Its statuses come once a second: the moment lies between two of them.
        Some(lapse) => {
            let (least, most) = (lapse.least.as_secs_f64(), lapse.most.as_secs_f64());
            format!("measured {least:.1} to {most:.1} s; {told}")
        }
        None => format!("not measured yet; {told}"),
    }
}

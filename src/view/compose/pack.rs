//! Composes the Pack page.

use std::time::Duration;

use crate::base::id::ComponentId;
use crate::base::reading::Age;
use crate::engine::{
    ComponentPicture, Contactors, FlagPicture, Level, ModelPicture, Outputs, PackPicture,
    PackState, PlayState, Remark, Seen, Snapshot, Switching,
};
use crate::view::compose::{cells, tiles};
use crate::view::pack::{ContactorsView, PackView, StepView, Tab, Trend};
use crate::view::shown::{Badge, Lamp, Note, Tone};
use crate::view::text;

/// One choice of the Pack page: a pack of several BMSs, or a BMS.
struct Choice<'a> {
    label: String,
    title: String,
    base: String,
    picture: &'a PackPicture,
    /// The devices that it is made of.
    parts: Vec<&'a ComponentPicture>,
}

/// Makes the page; `selected` is the label of a tab, `None` the first.
#[must_use]
pub fn pack(snapshot: &Snapshot, selected: Option<&str>) -> PackView {
    let choices = choices(snapshot);
    let chosen = choices.iter().position(|choice| Some(choice.label.as_str()) == selected);
    let chosen = chosen.unwrap_or(0);
    let Some(choice) = choices.get(chosen) else { return without_pack(snapshot) };
    let tab = |(at, choice): (usize, &Choice<'_>)| Tab {
        label: choice.label.clone(),
        selected: at == chosen,
        tone: tone(choice.picture.level),
    };
    let tabs =
        if choices.len() > 1 { choices.iter().enumerate().map(tab).collect() } else { vec![] };
    PackView { tabs, ..of_choice(snapshot, choice) }
}

/// Every pack of the profile with its name, for a display that shows several: what works as one is one.
/// Of the events only those that are raised.
#[must_use]
pub fn every(snapshot: &Snapshot) -> Vec<(String, PackView)> {
    let members = snapshot.groups.iter().flat_map(|group| &group.members);
    let names = members.filter_map(|id| snapshot.components.get(usize::from(id.0)));
    let names: Vec<&str> = names.map(|part| part.name.as_str()).collect();
    let groups = snapshot.groups.len();
    let all = choices(snapshot).into_iter().enumerate();
    // The packs of several come first, and none of them is a member of another.
    let own = all.filter(|(at, choice)| *at < groups || !names.contains(&choice.label.as_str()));
    own.map(|(_, choice)| {
        let mut view = of_choice(snapshot, &choice);
        view.events.retain(|lamp| lamp.tone != Tone::Muted);
        (choice.label, view)
    })
    .collect()
}

fn of_choice(snapshot: &Snapshot, choice: &Choice<'_>) -> PackView {
    let picture = choice.picture;
    let (updated, updated_tone) =
        standing_still(snapshot).unwrap_or_else(|| updated(picture.presence));
    PackView {
        title: choice.title.clone(),
        base: choice.base.clone(),
        state: state(picture),
        updated,
        updated_tone,
        tabs: Vec::new(),
        notes: notes(choice),
        tiles: tiles::tiles(picture, snapshot.temperature),
        cells: cells::cells(picture, snapshot.temperature),
        contactors: contactors(picture),
        events: picture.flags.iter().map(lamp).collect(),
        facts: tiles::facts(picture, snapshot.temperature)
            .into_iter()
            .chain(tiles::beside(picture, snapshot.beside(&choice.label)))
            .collect(),
        trend: trend(picture),
    }
}

/// The pictures of all packs of a snapshot with what to call them, packs of several BMSs first.
pub fn pictures(snapshot: &Snapshot) -> impl Iterator<Item = (String, &PackPicture)> {
    choices(snapshot).into_iter().map(|choice| (choice.label, choice.picture))
}

/// Every raised flag and remark of warning or fault, of all components.
#[must_use]
pub fn open_flags(snapshot: &Snapshot) -> Vec<Lamp> {
    let mut open = Vec::new();
    for component in &snapshot.components {
        let named = |label: &str| format!("{}: {label}", component.name);
        let mut add = |level: Level, label: &str, hover: &str| {
            if level >= Level::Warning {
                let lamp = Lamp { label: named(label), tone: tone(level), hover: hover.to_owned() };
                open.push(lamp);
            }
        };
        for remark in remarks(component).chain(&component.part.remarks) {
            add(remark.level, &remark.text, &remark.text);
        }
        if let ModelPicture::Bms(picture) = &component.model {
            for flag in &picture.flags {
                add(flag.level, flag.flag.label(), &flag.words);
            }
        }
    }
    open
}

/// How a component is doing: a word, its tone, a sentence.
#[must_use]
pub fn standing(part: &ComponentPicture) -> (String, Tone, String) {
    let (age, level) = match &part.model {
        ModelPicture::Bms(picture) => (picture.presence, picture.level),
        ModelPicture::Charger(picture) => (picture.voltage.age, picture.level),
        ModelPicture::DriverControls(picture) => (picture.switches.age, picture.level),
        ModelPicture::Part => (part.part.presence, Level::Ok),
    };
    let level = level.max(part.part.level);
    let mut said = remarks(part).chain(&part.part.remarks);
    let remark = said.find(|remark| remark.level == level);
    let sentence = remark.map_or_else(String::new, |remark| remark.text.clone());
    match age {
        Age::Never => {
            let why =
                "Nothing has been heard of it. Look at its power, its bus and its base address.";
            ("never heard".into(), Tone::Muted, why.into())
        }
        Age::Lost(age) => {
            let why = format!("No data for {}. Look at its power and its wiring.", text::span(age));
            ("lost".into(), Tone::Fault, why)
        }
        Age::Late(age) => {
            let why = format!("Its last data is {} old.", text::span(age));
            ("late".into(), Tone::Warning, why)
        }
        Age::Fresh(_) if level >= Level::Warning => (level.word().into(), tone(level), sentence),
        Age::Fresh(_) => ("ok".into(), Tone::Ok, sentence),
    }
}

/// The tone that goes with a level.
#[must_use]
pub const fn tone(level: Level) -> Tone {
    match level {
        Level::Ok => Tone::Ok,
        Level::Info => Tone::Info,
        Level::Warning => Tone::Warning,
        Level::Fault => Tone::Fault,
    }
}

fn remarks(part: &ComponentPicture) -> std::slice::Iter<'_, Remark> {
    let said: &[Remark] = match &part.model {
        ModelPicture::Bms(picture) => &picture.remarks,
        ModelPicture::Charger(picture) => &picture.remarks,
        ModelPicture::DriverControls(picture) => &picture.remarks,
        ModelPicture::Part => &[],
    };
    said.iter()
}

/// What is to be said of a pack: of its numbers, and of the devices they come from.
fn notes(choice: &Choice<'_>) -> Vec<Note> {
    let mut notes: Vec<Note> = choice.picture.remarks.iter().map(note).collect();
    for part in &choice.parts {
        for mut one in part.part.remarks.iter().map(note) {
            if choice.parts.len() > 1 {
                one.text = format!("{}: {}", part.name, one.text);
            }
            if notes.iter().all(|said| said.text != one.text) {
                notes.push(one);
            }
        }
    }
    notes
}

fn choices(snapshot: &Snapshot) -> Vec<Choice<'_>> {
    let single = |id: &ComponentId| snapshot.components.get(usize::from(id.0));
    let groups = snapshot.groups.iter().map(|group| Choice {
        parts: group.members.iter().filter_map(single).collect(),
        label: group.name.to_string(),
        title: group.name.to_string(),
        base: format!("{} in parallel", group.members.len()),
        picture: &group.picture,
    });
    let single = snapshot.components.iter().filter_map(|part| match &part.model {
        ModelPicture::Bms(picture) => Some(Choice {
            parts: vec![part],
            label: part.name.to_string(),
            title: part.title.clone(),
            base: part.base.map_or_else(String::new, |base| format!("0x{base:03X}")),
            picture,
        }),
        ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => None,
    });
    groups.chain(single).collect()
}

fn without_pack(snapshot: &Snapshot) -> PackView {
    let text = if snapshot.profile.is_some() {
        "No battery is known here. In a recording none was recognised by its heartbeat; the CAN page shows every frame. Add a component of a battery kind to the profile's file, or open another one."
    } else {
        "Nothing runs yet. The page Profiles runs a profile, and adds one with a simulated pack or for a CAN interface."
    };
    let mut view = PackView { title: "No pack".into(), ..PackView::default() };
    view.cells.empty = text.into();
    view
}

/// Where a recording stands that is not playing: nothing in it is news.
fn standing_still(snapshot: &Snapshot) -> Option<(String, Tone)> {
    let player = snapshot.player.as_ref()?;
    let word = match player.state {
        PlayState::Playing => return None,
        PlayState::Paused => "paused",
        PlayState::Ended => "ended",
    };
    let at = player.position?.since(player.start?);
    Some((format!("{word} at {} of the recording", text::position(at)), Tone::Muted))
}

fn updated(age: Age) -> (String, Tone) {
    match age {
        Age::Never => ("nothing heard yet".into(), Tone::Muted),
        // Finer than this only dances: at ten messages a second the age is below 0.1 s anyway.
        Age::Fresh(age) if age < Duration::from_millis(200) => {
            ("updated just now".into(), Tone::Muted)
        }
        Age::Fresh(age) => (format!("updated {} ago", text::span(age)), Tone::Muted),
        Age::Late(age) => (format!("updated {} ago", text::span(age)), Tone::Warning),
        Age::Lost(age) => (format!("no data for {}", text::span(age)), Tone::Fault),
    }
}

fn state(picture: &PackPicture) -> Badge {
    let hover = picture.state_words.clone();
    match (picture.presence, picture.state.value) {
        (Age::Lost(_), _) => Badge { word: "LOST".into(), tone: Tone::Fault, hover },
        (Age::Never, _) => Badge { word: "NO DATA".into(), tone: Tone::Muted, hover },
        (Age::Fresh(_) | Age::Late(_), None) if picture.switching == Switching::Own => {
            Badge { word: "ONLINE".into(), tone: tone(picture.level), hover }
        }
        (Age::Fresh(_) | Age::Late(_), None) => {
            Badge { word: "UNKNOWN".into(), tone: Tone::Muted, hover }
        }
        (Age::Fresh(_) | Age::Late(_), Some(state)) => {
            Badge { word: state.words().to_uppercase(), tone: tone(picture.state_level), hover }
        }
    }
}

fn note(remark: &Remark) -> Note {
    Note { tone: tone(remark.level), text: remark.text.clone(), closable: false }
}

fn lamp(flag: &FlagPicture) -> Lamp {
    let tone = match flag.raised {
        Some(true) => tone(flag.level),
        Some(false) | None => Tone::Muted,
    };
    let label = match flag.raised {
        Some(_) => flag.flag.label().to_owned(),
        None => format!("{}: unknown", flag.flag.label()),
    };
    let hover = match flag.raised {
        Some(true) => flag.words.clone(),
        Some(false) => "Not raised.".to_owned(),
        None => "Not known: nothing recent has been heard of it.".to_owned(),
    };
    Lamp { label, tone, hover }
}

fn contactors(picture: &PackPicture) -> ContactorsView {
    let step = |state: PackState| StepView {
        label: state.words(),
        current: picture.state.value == Some(state),
        tone: tone(picture.state_level),
    };
    let sequence: &[PackState] = match picture.switching {
        Switching::Key => &PackState::SEQUENCE,
        Switching::Command => &PackState::CHARGE_SEQUENCE,
        // It does not tell, so that there is nothing to show a place in.
        Switching::Own | Switching::Unknown => &[],
    };
    let known = sequence.iter().copied();
    let other = picture.state.value.filter(|state| !sequence.contains(state));
    let lamps = match picture.switching {
        Switching::Key => contactor_lamps(&picture.contactors, picture),
        Switching::Command => output_lamps(&picture.outputs),
        Switching::Own | Switching::Unknown => Vec::new(),
    };
    ContactorsView {
        steps: other.into_iter().chain(known).map(step).collect(),
        sentence: picture.state_words.clone(),
        lamps,
    }
}

/// The contactors of a second generation.
fn output_lamps(outputs: &Seen<Outputs>) -> Vec<Lamp> {
    const PATHS: [&str; 5] =
        ["all paths", "precharge", "load", "charger, first", "charger, second"];
    let lamp = |(at, path): (usize, &&str)| {
        let number = at + 1;
        let state = outputs.value.and_then(|now| now.state.get(at).copied());
        let (word, tone) = match state {
            None => ("unknown", Tone::Muted),
            Some(0) => ("off", Tone::Muted),
            Some(_) => ("on", Tone::Ok),
        };
        Lamp {
            label: format!("Contactor {number} {word}"),
            tone,
            hover: format!(
                "Contactor {number} ({path}), as the BMS reports it. Its documents do not list the values: anything but 0 counts as closed."
            ),
        }
    };
    PATHS.iter().enumerate().map(lamp).collect()
}

fn contactor_lamps(contactors: &Seen<Contactors>, picture: &PackPicture) -> Vec<Lamp> {
    const PATHS: [&str; 3] = ["pack minus", "main plus", "precharge path"];
    let Some(now) = contactors.value else {
        let hover =
            |path: &str| format!("Contactor of the {path}: nothing recent has been heard of it.");
        let unknown = |(at, path): (usize, &&str)| Lamp {
            label: format!("Contactor {}: unknown", at + 1),
            tone: Tone::Muted,
            hover: hover(path),
        };
        return PATHS.iter().enumerate().map(unknown).collect();
    };
    let lamp = |(at, (path, on)): (usize, (&&str, bool))| Lamp {
        label: format!("Contactor {} {}", at + 1, if on { "on" } else { "off" }),
        tone: if on { Tone::Ok } else { Tone::Muted },
        hover: format!(
            "The {path}, as the BMU switches it. Whether the contactor follows is told by the event Contactor stuck."
        ),
    };
    let mut lamps: Vec<Lamp> = PATHS.iter().zip(now.on).enumerate().map(lamp).collect();
    let supply = picture.contactor_supply.value;
    let volts = supply.map_or_else(String::new, |v| format!(" {} V", text::fixed(v.get(), 1)));
    lamps.push(Lamp {
        label: format!("12 V supply{volts} {}", if now.supply_ok { "good" } else { "missing" }),
        tone: if now.supply_ok { Tone::Ok } else { Tone::Warning },
        hover: "Supply of the contactors. Without it the BMU cannot close them.".into(),
    });
    lamps
}

/// A gap of more than this many seconds between two points is drawn as a gap.
const TREND_GAP_S: f64 = 3.0;

fn trend(picture: &PackPicture) -> Trend {
    let mut trend = Trend { label: "Last 10 minutes".into(), ..Trend::default() };
    let mut last: Option<f64> = None;
    for point in picture.trend.points() {
        let ago = -(picture.at.since(point.at).as_secs_f64());
        if last.is_some_and(|last| ago - last > TREND_GAP_S) {
            trend.voltage.push([ago, f64::NAN]);
            trend.current.push([ago, f64::NAN]);
        }
        trend.voltage.push([ago, point.voltage.get()]);
        trend.current.push([ago, point.current.get()]);
        last = Some(ago);
    }
    // The present second is not over yet: the line goes on to what the tiles show.
    if let (Some(volts), Some(amps)) = (picture.voltage.value, picture.current.value) {
        trend.voltage.push([0.0, volts.get()]);
        trend.current.push([0.0, amps.get()]);
    }
    trend
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::plant::Plant;

    #[test]
    fn a_display_is_given_every_pack_once_and_what_works_as_one_as_one() {
        let mut plant = Plant::of("large");
        plant.run(Duration::from_secs(5));
        let mut snapshot = Snapshot::clone(&plant.hub.snapshot(plant.now()));
        let names = |snapshot: &Snapshot| -> Vec<String> {
            every(snapshot).into_iter().map(|(name, _)| name).collect()
        };
        let whole: Vec<String> = snapshot.groups.iter().map(|one| one.name.to_string()).collect();
        assert_eq!((names(&snapshot), whole.len()), (whole, 1));
        snapshot.groups.clear();
        let each = names(&snapshot);
        assert_eq!(each.len(), 2, "{each:?}");
        let shown = every(&snapshot);
        assert!(shown.iter().all(|(_, view)| view.tiles.len() == 6 && view.tabs.is_empty()));
        assert!(shown.iter().flat_map(|(_, view)| &view.events).all(|one| one.tone != Tone::Muted));
        snapshot.components.clear();
        assert!(names(&snapshot).is_empty());
    }
}

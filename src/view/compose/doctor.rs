//! Composes the Doctor page out of the newest picture, the counts of the engine, the machine, and the
//! check-up of the data folder where it was made. Nothing here asks the hub for anything.

use std::time::Duration;

use crate::base::reading::Age;
use crate::base::time::{Mono, Wall};
use crate::engine::{
    BusPicture, BusState, ComponentPicture, Finding, Health, Machine, ModelPicture, Snapshot,
    Vitals,
};
use crate::view::doctor::{DoctorRow, DoctorView};
use crate::view::shown::Tone;
use crate::view::text;

/// Everything that is looked at.
#[derive(Clone, Copy)]
pub struct Patient<'a> {
    /// The newest picture.
    pub snapshot: &'a Snapshot,
    /// The counts of the engine.
    pub vitals: &'a Vitals,
    /// What the machine tells.
    pub machine: &'a Machine,
    /// What was found in the data folder; none where nobody looked.
    pub folder: Option<&'a [Finding]>,
    /// Now, on the engine's clock and on the wall.
    pub now: (Mono, Wall),
}

/// From this age on the newest picture says that something hangs: where nothing happens there is one a
/// minute.
const OLD: Duration = Duration::from_secs(90);

/// Makes the page.
#[must_use]
pub fn doctor(patient: &Patient<'_>) -> DoctorView {
    let mut found = findings(patient);
    found.extend(patient.folder.unwrap_or_default().iter().cloned());
    let left_out = match patient.folder {
        Some(_) => String::new(),
        None => "The data folder, the database and the chain of the journal are looked at for administrators, and by `busbar doctor`.".to_owned(),
    };
    DoctorView { left_out, ..view(found) }
}

/// The page of these findings alone.
#[must_use]
pub fn view(mut found: Vec<Finding>) -> DoctorView {
    found.sort_by_key(|one| std::cmp::Reverse(one.health));
    let count = |health| found.iter().filter(|one| one.health == health).count();
    let (faults, warnings) = (count(Health::Fault), count(Health::Warning));
    let summary = match (faults, warnings) {
        (0, 0) => "All is well.".to_owned(),
        (0, some) => format!("It works; {}.", text::count(some, "warning")),
        (some, 0) => format!("{}.", text::count(some, "fault")),
        (some, others) => {
            format!("{}, {}.", text::count(some, "fault"), text::count(others, "warning"))
        }
    };
    let worst = found.iter().map(|one| one.health).max().unwrap_or(Health::Ok);
    let rows = found.into_iter().map(row).collect();
    DoctorView { summary, tone: tone(worst), rows, left_out: String::new() }
}

fn row(finding: Finding) -> DoctorRow {
    DoctorRow {
        check: finding.check.to_owned(),
        word: finding.health.word(),
        tone: tone(finding.health),
        text: finding.text,
        advice: finding.advice.unwrap_or_default(),
    }
}

const fn tone(health: Health) -> Tone {
    match health {
        Health::Ok => Tone::Ok,
        Health::Warning => Tone::Warning,
        Health::Fault => Tone::Fault,
    }
}

/// What is found beside the data folder.
#[must_use]
pub fn findings(patient: &Patient<'_>) -> Vec<Finding> {
    let Patient { snapshot, vitals, machine, now: (now, wall), .. } = *patient;
    let mut found = vec![picture(now.since(snapshot.at))];
    found.push(queue(
        "events",
        (vitals.inbox, vitals.inbox_limit),
        snapshot.totals.lost,
        ("event", "frame"),
    ));
    found.push(queue("stops", (vitals.urgent, vitals.urgent_limit), 0, ("stop", "stop")));
    let (waiting, limit, lost) = vitals.log;
    found.push(queue("log", (waiting, limit), lost, ("line", "line")));
    found.push(queue("records", vitals.records, 0, ("change", "change")));
    found.push(queue("mail", vitals.letters, 0, ("letter", "letter")));
    let problems = snapshot.profile.iter().flat_map(|profile| &profile.problems);
    let notices = snapshot.notices.iter().map(|notice| &notice.text);
    let told = |text: &String| finding("profile", Health::Warning, text.clone(), "");
    found.extend(problems.chain(notices).map(told));
    found.extend(snapshot.buses.iter().map(bus));
    found.extend(snapshot.components.iter().filter_map(component));
    found.extend(recordings(snapshot));
    found.extend(machine.findings(wall));
    found
}

fn finding(check: &'static str, health: Health, text: String, advice: &str) -> Finding {
    let advice = Some(advice).filter(|advice| !advice.is_empty()).map(str::to_owned);
    Finding { check, health, text, advice }
}

fn picture(age: Duration) -> Finding {
    if age < OLD {
        let text = format!("The newest picture of the plant is {} old.", text::span(age));
        return finding("picture", Health::Ok, text, "");
    }
    let text =
        format!("The newest picture of the plant is {} old: the engine hangs.", text::span(age));
    finding(
        "picture",
        Health::Fault,
        text,
        "Stop what charges by hand, then start Busbar again; the system log says what came before.",
    )
}

/// A queue with its bound, and what did not fit into it.
fn queue(
    check: &'static str,
    (waiting, limit): (usize, usize),
    lost: u64,
    (what, gone): (&str, &str),
) -> Finding {
    let said = format!(
        "{} waiting, room for {}{}.",
        text::count(waiting, what),
        text::grouped(limit as u64),
        match lost {
            0 => String::new(),
            1 => format!("; 1 {gone} did not fit since the start"),
            some => format!("; {} {gone}s did not fit since the start", text::grouped(some)),
        }
    );
    let share = waiting.saturating_mul(100) / limit.max(1);
    match (share, lost) {
        (90.., _) => finding(
            check,
            Health::Fault,
            said,
            "This machine cannot keep up: close what else runs on it, or watch fewer buses.",
        ),
        (50.., _) | (_, 1..) => finding(
            check,
            Health::Warning,
            said,
            "Look whether this machine is busy with something else.",
        ),
        (_, 0) => finding(check, Health::Ok, said, ""),
    }
}

fn bus(bus: &BusPicture) -> Finding {
    let dropped = bus.status.dropped;
    let (health, advice) = match bus.status.state {
        BusState::Active | BusState::Ended if dropped == 0 => (Health::Ok, ""),
        BusState::Active | BusState::Ended => (
            Health::Warning,
            "Frames came faster than they were taken: look at the load of the bus and of this machine.",
        ),
        BusState::Opening => (Health::Ok, ""),
        BusState::Warning | BusState::Passive => {
            (Health::Warning, "Look at the wiring, the terminators and the bit rate.")
        }
        BusState::Off | BusState::Down | BusState::Missing | BusState::Failed => {
            (Health::Fault, "Look at the Buses page: it says what can be done.")
        }
    };
    let said = bus.status.sentence.clone().unwrap_or_default();
    let lost = match dropped {
        0 => String::new(),
        some => format!(", {} dropped", text::grouped(some)),
    };
    let text = format!(
        "Bus {} at {} is {}: {} frames a second{lost}. {said}",
        bus.name,
        bus.address,
        format!("{:?}", bus.status.state).to_lowercase(),
        text::fixed(bus.rate, 0),
    );
    finding("bus", health, text.trim_end().to_owned(), advice)
}

fn component(part: &ComponentPicture) -> Option<Finding> {
    let presence = match &part.model {
        ModelPicture::Bms(pack) => pack.presence,
        // Their ages stand on the Parts page.
        ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => {
            return None;
        }
    };
    let name = &part.name;
    Some(match presence {
        Age::Fresh(age) => {
            let text = format!("{name} was heard {} ago.", text::span(age));
            finding("device", Health::Ok, text, "")
        }
        Age::Late(age) => {
            let text = format!("{name} is late: it was heard {} ago.", text::span(age));
            finding("device", Health::Warning, text, "Look at the load of its bus.")
        }
        Age::Lost(age) => {
            let text = format!("{name} has not been heard for {}.", text::span(age));
            finding(
                "device",
                Health::Fault,
                text,
                "Look at its supply and its bus, and at its addresses on the Parts page.",
            )
        }
        Age::Never => {
            let text = format!("{name} was never heard.");
            finding(
                "device",
                Health::Warning,
                text,
                "Look at its bus and at its addresses on the Parts page.",
            )
        }
    })
}

/// What recordings lost.
fn recordings(snapshot: &Snapshot) -> Vec<Finding> {
    let one = |entry: &std::sync::Arc<crate::engine::RecordPicture>| {
        let lost = entry.figures.missing;
        let name = &entry.entry.name;
        let text = match lost {
            0 => format!("Recording {name}: nothing is missing."),
            some => format!(
                "Recording {name}: {} frames are missing, marked as a gap.",
                text::grouped(some)
            ),
        };
        let health = if lost == 0 { Health::Ok } else { Health::Warning };
        let advice = if lost == 0 {
            ""
        } else {
            "The disk cannot keep up: record fewer ids, or into another folder."
        };
        finding("record", health, text, advice)
    };
    snapshot.recordings.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Notice;
    use crate::view::fixtures::{Stage, charging};

    #[test]
    fn a_queue_is_told_in_a_whole_sentence() {
        let told = |counts, lost| queue("log", counts, lost, ("line", "line")).text;
        assert_eq!(told((0, 1024), 0), "0 lines waiting, room for 1\u{a0}024.");
        assert_eq!(
            told((1, 1024), 3),
            "1 line waiting, room for 1\u{a0}024; 3 lines did not fit since the start."
        );
        let full = queue("events", (950, 1000), 1, ("event", "frame"));
        assert_eq!(full.health, Health::Fault);
        assert!(full.text.contains("950 events waiting") && full.text.contains("1 frame did not"));
    }

    #[test]
    fn what_every_page_warns_of_is_not_well_here() {
        let mut snapshot = charging(Stage::Idle);
        let notice = Notice { subject: "profile file", text: "It is refused.".to_owned() };
        snapshot.notices.push(notice);
        let (vitals, machine) = (Vitals::default(), Machine::default());
        let now = (Mono::ZERO, Wall::from_nanos(0));
        let patient =
            Patient { snapshot: &snapshot, vitals: &vitals, machine: &machine, folder: None, now };
        let found = findings(&patient);
        let told = found.iter().find(|found| found.text == "It is refused.").unwrap();
        assert_eq!((told.check, told.health), ("profile", Health::Warning));
    }

    #[test]
    fn no_two_things_that_are_looked_at_once_have_the_same_name() {
        let snapshot = charging(Stage::Idle);
        let (vitals, machine) = (Vitals::default(), Machine::default());
        let now = (Mono::ZERO, Wall::from_nanos(1_780_300_800_000_000_000));
        let engine =
            Finding { check: "engine", health: Health::Ok, text: String::new(), advice: None };
        let folder = Some(std::slice::from_ref(&engine));
        let patient =
            Patient { snapshot: &snapshot, vitals: &vitals, machine: &machine, folder, now };
        let rows = doctor(&patient).rows;
        for check in ["engine", "picture", "events", "stops", "log", "records", "mail"] {
            assert_eq!(rows.iter().filter(|row| row.check == check).count(), 1, "{check}");
        }
    }
}

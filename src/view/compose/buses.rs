//! Composes the buses.

use crate::engine::{
    Address, BusPicture, BusState, Listening, ScanReport, Session, Snapshot, TriedRate, UseCan,
};
use crate::view::buses::{BusSheet, BusesView, Fact, TriedRow};
use crate::view::compose::chrome::{bit_rate, bus_state};
use crate::view::compose::sending::right;
use crate::view::offer::{Grave, Offer, Question};
use crate::view::shown::Tone;
use crate::view::text;

/// From this load on frames of low priority wait noticeably.
const BUSY: f64 = 70.0;
/// And from this on they may not get through at all.
const FULL: f64 = 90.0;

/// Makes the page for `session`.
#[must_use]
pub fn buses(snapshot: &Snapshot, session: &Session) -> BusesView {
    BusesView { buses: snapshot.buses.iter().map(|bus| sheet(bus, session)).collect() }
}

fn sheet(bus: &BusPicture, session: &Session) -> BusSheet {
    let (state, tone) = bus_state(bus.status.state);
    let has_controller = matches!(bus.address, Address::SocketCan(_) | Address::Slcan(_));
    let controller = &bus.controller;
    BusSheet {
        name: bus.name.to_string(),
        state: state.to_owned(),
        tone,
        address: bus.address.to_string(),
        sentence: bus.status.sentence.clone().unwrap_or_default(),
        doing: doing(bus),
        set: settings(bus),
        restart: has_controller
            .then(|| offer(session, "Restart", controller.no_restart.as_deref())),
        scan: has_controller.then(|| scan(bus, session)),
        said: said(bus),
        tried: controller.report.as_deref().map(tried).unwrap_or_default(),
    }
}

fn offer(session: &Session, label: &str, why_not: Option<&str>) -> Offer {
    if !session.may(UseCan) {
        let why = format!("This needs the permission \u{201c}{}\u{201d}.", right());
        return Offer::shut(label, &why);
    }
    match why_not {
        Some(why) => Offer::shut(label, &sentence(why)),
        None => Offer::open(label),
    }
}

fn scan(bus: &BusPicture, session: &Session) -> Grave {
    let name = &bus.name;
    Grave {
        offer: offer(session, "Find the bit rate\u{2026}", bus.controller.no_scan.as_deref()),
        question: Question {
            title: format!("Find the bit rate of {name}?"),
            text: format!(
                "{name} is listened at with one bit rate after the other, for up to 15 seconds and \
                 only if its controller confirms that it listens only. Meanwhile nothing is received \
                 at the rate that is set, by other programs neither. Then it is set as it was."
            ),
            confirm: format!("Find the bit rate of {name}"),
        },
    }
}

/// A name may begin a sentence as it is written.
fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn said(bus: &BusPicture) -> String {
    let controller = &bus.controller;
    if controller.restarting {
        return format!("{} is being restarted.", bus.name);
    }
    if let Some(scan) = &controller.scan {
        return match scan.rate {
            Some(rate) => {
                format!("Listening at {} ({} of {}).", bit_rate(rate), scan.done + 1, scan.of)
            }
            None => format!("{} is being set as it was.", bus.name),
        };
    }
    let report = controller.report.as_ref().map(|report| report.sentence.clone());
    controller.last.clone().or(report).unwrap_or_default()
}

fn tried(report: &ScanReport) -> Vec<TriedRow> {
    let row = |TriedRate { rate, heard, refused }: &TriedRate| TriedRow {
        rate: bit_rate(*rate),
        heard: match refused {
            Some(why) => format!("not tried: {why}"),
            None if heard.frames == 0 && heard.errors == 0 => "nothing".to_owned(),
            None => format!(
                "{} frames, {} errors",
                text::grouped(heard.frames),
                text::grouped(heard.errors)
            ),
        },
        tone: if report.found == Some(*rate) { Tone::Ok } else { Tone::Muted },
    };
    report.tried.iter().map(row).collect()
}

fn fact(label: &str, value: String) -> Fact {
    Fact { label: label.to_owned(), value, tone: Tone::Plain }
}

fn counted(label: &str, value: String, count: u64) -> Fact {
    let tone = if count == 0 { Tone::Plain } else { Tone::Warning };
    Fact { tone, ..fact(label, value) }
}

fn doing(bus: &BusPicture) -> Vec<Fact> {
    let status = &bus.status;
    let rate = |rate: f64| format!("{} frames/s", text::grouped(rate.max(0.0).round() as u64));
    let mut facts = Vec::new();
    facts.push(match bus.load {
        Some(load) => {
            let tone = match load {
                load if load >= FULL => Tone::Fault,
                load if load >= BUSY => Tone::Warning,
                _ => Tone::Plain,
            };
            Fact { tone, ..fact("Load", format!("{} %", text::fixed(load, 0))) }
        }
        None => fact("Load", "not known without a bit rate".to_owned()),
    });
    facts.push(fact("Received", rate(bus.rate - bus.sent_rate)));
    facts.push(fact("Sent", rate(bus.sent_rate)));
    let errors = text::grouped(bus.error_frames);
    let errors = match bus.error_rate {
        a_second if a_second > 0.0 => format!("{errors}, {} a second", text::fixed(a_second, 0)),
        _ => errors,
    };
    facts.push(counted("Error frames", errors, bus.error_frames));
    facts.push(match status.error_counters {
        Some((transmit, receive)) => {
            let worst = u64::from(transmit.max(receive));
            let tone = match worst {
                0..96 => Tone::Plain,
                96..128 => Tone::Warning,
                _ => Tone::Fault,
            };
            let value = format!("transmit {transmit}, receive {receive}");
            Fact { tone, ..fact("Error counters", value) }
        }
        None => fact("Error counters", "not told".to_owned()),
    });
    facts.push(counted("Frames lost", text::grouped(status.dropped), status.dropped));
    let restarts = u64::from(bus.controller.restarts);
    if restarts > 0 {
        let value = match restarts {
            1 => "once".to_owned(),
            more => format!("{more} times"),
        };
        facts.push(counted("Restarted by hand", value, restarts));
    }
    facts
}

fn settings(bus: &BusPicture) -> Vec<Fact> {
    let status = &bus.status;
    let rate = match (status.bit_rate, status.data_bit_rate) {
        (Some(rate), Some(data)) => format!("{}, data {}", bit_rate(rate), bit_rate(data)),
        (Some(rate), None) => bit_rate(rate),
        (None, _) => "none".to_owned(),
    };
    let mut facts = vec![fact("Bit rate", rate)];
    facts.extend(status.sample_point.map(|sample| {
        fact("Sample point", format!("{} %", text::fixed(f64::from(sample) / 10.0, 1)))
    }));
    facts.push(fact("CAN FD", if status.fd { "yes" } else { "no" }.to_owned()));
    facts.push(mode(bus));
    facts.push(fact("Time stamps", bus.timebase.source.words().to_owned()));
    facts.extend(status.restart_ms.map(|ms| {
        let value = match ms {
            0 => "by hand only".to_owned(),
            ms => format!("by the driver, after {ms} ms"),
        };
        fact("After bus off", value)
    }));
    facts.extend(status.adapter.clone().map(|adapter| fact("Adapter", adapter)));
    facts
}

/// Whether it only listens: confirmed, or said not to be.
fn mode(bus: &BusPicture) -> Fact {
    let armed = bus.armed.is_some() || bus.status.listening == Listening::Armed;
    let runs = !matches!(bus.status.state, BusState::Opening) && !bus.status.state.is_lost();
    let (value, tone) = match (&bus.address, bus.status.listening) {
        (Address::Replay(_), _) => ("a recording: nothing can be sent", Tone::Plain),
        (Address::Tcp { .. }, _) => ("text to one supply, no frames", Tone::Plain),
        (Address::Virtual(_), _) if armed => ("armed: frames may be sent", Tone::Warning),
        (Address::Virtual(_), _) => ("inside Busbar: nobody outside is disturbed", Tone::Plain),
        (_, _) if !runs => ("not known while it does not run", Tone::Muted),
        (_, Listening::Confirmed) => ("listen-only, confirmed by the controller", Tone::Ok),
        (_, Listening::Asked) => ("listen-only was asked for and is not confirmed", Tone::Warning),
        (_, _) if armed => ("armed: frames may be sent", Tone::Warning),
        (_, Listening::Silent | Listening::Armed) => {
            ("not listen-only: Busbar is silent, the controller acknowledges frames", Tone::Plain)
        }
    };
    Fact { tone, ..fact("Mode", value.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ScanCounts;
    use crate::engine::testing::local_session;
    use crate::engine::testing::plant::Plant;

    fn picture() -> BusPicture {
        let scene = Plant::of("demo");
        let mut bus = scene.hub.snapshot(scene.now()).buses[0].clone();
        bus.address = "socketcan:can0".parse().unwrap();
        bus.status.state = BusState::Active;
        bus
    }

    fn composed(bus: &BusPicture) -> BusSheet {
        sheet(bus, &local_session())
    }

    fn value<'a>(facts: &'a [Fact], label: &str) -> &'a Fact {
        facts.iter().find(|fact| fact.label == label).unwrap()
    }

    #[test]
    fn listen_only_is_confirmed_or_said_not_to_be() {
        let mut bus = picture();
        let mut mode = |listening, tone, part: &str| {
            bus.status.listening = listening;
            let sheet = composed(&bus);
            let mode = value(&sheet.set, "Mode");
            assert!(mode.tone == tone && mode.value.contains(part), "{mode:?}");
        };
        mode(Listening::Confirmed, Tone::Ok, "confirmed by the controller");
        mode(Listening::Asked, Tone::Warning, "is not confirmed");
        mode(Listening::Silent, Tone::Plain, "acknowledges frames");
        bus.status.state = BusState::Missing;
        assert!(value(&composed(&bus).set, "Mode").value.contains("not known"));
        bus.address = "virtual:demo".parse().unwrap();
        let sheet = composed(&bus);
        assert!(value(&sheet.set, "Mode").value.contains("nobody outside"));
        assert!(sheet.restart.is_none() && sheet.scan.is_none(), "it has no controller");
    }

    #[test]
    fn counters_and_load_are_judged() {
        let mut bus = picture();
        bus.status.error_counters = Some((130, 7));
        bus.load = Some(72.4);
        bus.status.dropped = 3;
        bus.controller.restarts = 2;
        let sheet = composed(&bus);
        assert_eq!(value(&sheet.doing, "Error counters").tone, Tone::Fault);
        let load = value(&sheet.doing, "Load");
        assert_eq!((load.value.as_str(), load.tone), ("72 %", Tone::Warning));
        assert_eq!(value(&sheet.doing, "Frames lost").tone, Tone::Warning);
        assert_eq!(value(&sheet.doing, "Restarted by hand").value, "2 times");
    }

    #[test]
    fn what_cannot_be_done_says_why_and_what_was_found_is_listed() {
        let mut bus = picture();
        bus.controller.no_restart = Some("can0 has not taken itself off the bus".into());
        bus.controller.no_scan = None;
        let heard = ScanCounts { frames: 30, errors: 0 };
        let tried = vec![TriedRate { rate: 500_000, heard, refused: None }];
        let sentence = "The bus runs at 500 kbit/s.".to_owned();
        let report = ScanReport { found: Some(500_000), tried, sentence };
        bus.controller.report = Some(std::sync::Arc::new(report));
        let sheet = composed(&bus);
        let why = sheet.restart.unwrap().why_not.unwrap();
        assert_eq!(why, "can0 has not taken itself off the bus.");
        assert!(sheet.scan.unwrap().offer.is_open());
        assert_eq!(sheet.said, "The bus runs at 500 kbit/s.");
        assert_eq!(sheet.tried[0].heard, "30 frames, 0 errors");
    }
}

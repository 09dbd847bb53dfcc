//! `/metrics`: what is known at this moment as text for Prometheus. A value that is not known is left
//! out, never written as zero.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};

use crate::base::reading::Age;
use crate::engine::{
    BusPicture, BusState, Grant, ModelPicture, PackPicture, Right, Snapshot, ViewPlant, Vitals,
};
use crate::web::problem::Problem;
use crate::web::shared::{Counts, Shared};
use crate::web::table::{Access, Table};
use crate::web::visitor::Visitor;

/// Text exposition format, version 0.0.4.
const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";
/// States of a bus and their words.
const STATES: [(BusState, &str); 9] = [
    (BusState::Opening, "opening"),
    (BusState::Active, "active"),
    (BusState::Warning, "warning"),
    (BusState::Passive, "passive"),
    (BusState::Off, "off"),
    (BusState::Down, "down"),
    (BusState::Missing, "missing"),
    (BusState::Failed, "failed"),
    (BusState::Ended, "ended"),
];

/// Enters the routes.
#[must_use]
pub fn routes(table: Table) -> Table {
    let access = Access::NeedsOrLoopback(Right::ReadSettings);
    let table = table.api(Method::GET, "/metrics", access, metrics);
    table.api(Method::GET, "/api/v1/metrics", access, metrics)
}

/// What is known at this moment, as Prometheus reads it.
#[utoipa::path(get, path = "/api/v1/metrics", tag = "system",
    security((), ("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "Metrics, text format 0.0.4; from this machine itself \
        without signing in", body = String, content_type = "text/plain")))]
pub(super) async fn metrics(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let refused = match visitor.session() {
        Ok(session) => match session.permit(ViewPlant) {
            Ok(grant) => return told(&shared, &grant),
            Err(denied) => Problem::from(denied),
        },
        Err(not_in) => Problem::from(not_in),
    };
    // The table let through whoever is on this machine itself.
    let reader = shared.reader().filter(|_| visitor.is_here());
    match reader.and_then(|reader| reader.permit(ViewPlant).ok()) {
        Some(grant) => told(&shared, &grant),
        None => refused.into_response(),
    }
}

fn told(shared: &Shared, grant: &Grant<'_, ViewPlant>) -> Response {
    let (door, counts) = (shared.door(), shared.counts());
    let snapshot = door.look(grant);
    let age = door.clock().now().since(snapshot.at);
    let text = text(&snapshot, age, &door.vitals(grant), counts);
    ([(header::CONTENT_TYPE, KIND)], text).into_response()
}

/// All of it as text.
fn text(snapshot: &Snapshot, age: Duration, vitals: &Vitals, counts: &Counts) -> String {
    let mut sheet = Sheet::default();
    system(&mut sheet, snapshot, age, vitals, counts);
    buses(&mut sheet, &snapshot.buses);
    let packs = packs(snapshot);
    let picture = |read: fn(&PackPicture) -> Option<f64>| {
        packs.iter().filter_map(move |(name, pack)| Some((*name, read(pack)?))).collect::<Vec<_>>()
    };
    for (name, help, read) in PACK {
        sheet.family(name, Kind::Gauge, help);
        for (pack, value) in picture(*read) {
            sheet.value(name, &[("pack", pack)], value);
        }
    }
    readings(&mut sheet, &packs);
    sheet.text
}

fn system(sheet: &mut Sheet, snapshot: &Snapshot, age: Duration, vitals: &Vitals, counts: &Counts) {
    let now = |count: &std::sync::atomic::AtomicUsize| count.load(Ordering::Relaxed) as f64;
    let totals = snapshot.totals;
    let (gauge, counter) = (Kind::Gauge, Kind::Counter);
    let singles = [
        (
            "busbar_snapshot_age_seconds",
            gauge,
            "Age of the picture that is told.",
            age.as_secs_f64(),
        ),
        ("busbar_frames_received_total", counter, "Frames received.", totals.received as f64),
        ("busbar_frames_sent_total", counter, "Frames sent by Busbar itself.", totals.sent as f64),
        ("busbar_frames_lost_total", counter, "Frames lost on the way in.", totals.lost as f64),
        ("busbar_sessions", gauge, "Sessions of people signed in.", vitals.sessions as f64),
        ("busbar_tokens", gauge, "API tokens that can be used.", vitals.tokens as f64),
        (
            "busbar_sign_ins_refused_total",
            counter,
            "Sign-ins refused since the start.",
            vitals.sign_ins_refused as f64,
        ),
        (
            "busbar_inbox_events",
            gauge,
            "Events that wait for the owner of the live state.",
            vitals.inbox as f64,
        ),
        (
            "busbar_inbox_events_limit",
            gauge,
            "Events that may wait before frames are lost.",
            vitals.inbox_limit as f64,
        ),
        ("busbar_live_clients", gauge, "Live streams.", now(&counts.live)),
        ("busbar_web_connections", gauge, "Open connections.", now(&counts.connections)),
        (
            "busbar_web_connections_refused_total",
            counter,
            "Connections refused because there were too many.",
            now(&counts.turned_away),
        ),
        ("busbar_web_requests_total", counter, "Requests.", now(&counts.requests)),
    ];
    for (name, kind, help, value) in singles {
        sheet.family(name, kind, help);
        sheet.value(name, &[], value);
    }
}

fn buses(sheet: &mut Sheet, buses: &[BusPicture]) {
    type Read = fn(&BusPicture) -> Option<f64>;
    let families: [(&str, Kind, &str, Read); 4] = [
        ("busbar_bus_frames_total", Kind::Counter, "Frames received.", |bus| {
            Some(bus.frames as f64)
        }),
        ("busbar_bus_error_frames_total", Kind::Counter, "Error frames received.", |bus| {
            Some(bus.error_frames as f64)
        }),
        (
            "busbar_bus_dropped_frames_total",
            Kind::Counter,
            "Frames that the system or a queue dropped since the bus was opened.",
            |bus| Some(bus.status.dropped as f64),
        ),
        (
            "busbar_bus_load_ratio",
            Kind::Gauge,
            "Estimated load, where the bit rate is known.",
            |bus| Some(bus.load? / 100.0),
        ),
    ];
    for (name, kind, help, read) in families {
        sheet.family(name, kind, help);
        for bus in buses {
            if let Some(value) = read(bus) {
                sheet.value(name, &[("bus", &bus.name)], value);
            }
        }
    }
    let name = "busbar_bus_state";
    sheet.family(name, Kind::Gauge, "1 for the state that the bus is in, 0 for the others.");
    for bus in buses {
        for (state, word) in STATES {
            let value = f64::from(u8::from(bus.status.state == state));
            sheet.value(name, &[("bus", &bus.name), ("state", &word)], value);
        }
    }
}

type Read = fn(&PackPicture) -> Option<f64>;

/// What is told of every pack.
const PACK: &[(&str, &str, Read)] = &[
    ("busbar_pack_up", "1 while the pack is heard, 0 while it is not.", |pack| {
        Some(f64::from(u8::from(pack.presence.is_usable())))
    }),
    ("busbar_pack_voltage_volts", "Voltage of the pack.", |pack| Some(pack.voltage.value?.get())),
    ("busbar_pack_current_amperes", "Current, positive into the pack.", |pack| {
        Some(pack.current.value?.get())
    }),
    ("busbar_pack_power_watts", "Power, positive into the pack.", |pack| {
        Some(pack.power.value?.get())
    }),
    ("busbar_pack_state_of_charge_ratio", "State of charge, 0 to 1.", |pack| {
        Some(pack.soc.value?.percent.get() / 100.0)
    }),
    ("busbar_pack_cell_voltage_min_volts", "Voltage of the lowest cell.", |pack| {
        Some(f64::from(pack.cells.min?.mv) / 1000.0)
    }),
    ("busbar_pack_cell_voltage_max_volts", "Voltage of the highest cell.", |pack| {
        Some(f64::from(pack.cells.max?.mv) / 1000.0)
    }),
    ("busbar_pack_temperature_min_celsius", "Temperature of the coldest module.", |pack| {
        Some(pack.temperatures.min?.temperature.get())
    }),
    ("busbar_pack_temperature_max_celsius", "Temperature of the hottest module.", |pack| {
        Some(pack.temperatures.max?.temperature.get())
    }),
];

/// How old and how late the readings are.
fn readings(sheet: &mut Sheet, packs: &[(&dyn Display, &PackPicture)]) {
    let ages = |pack: &PackPicture| {
        [
            ("presence", pack.presence),
            ("voltage", pack.voltage.age),
            ("current", pack.current.age),
            ("state_of_charge", pack.soc.age),
            ("state", pack.state.age),
            // Late while some of the cells or temperatures are lost, too.
            ("cells", pack.cells_age()),
            ("temperatures", pack.temperatures_age()),
        ]
    };
    let name = "busbar_pack_reading_age_seconds";
    sheet.family(name, Kind::Gauge, "Time since the reading was received.");
    for (pack, picture) in packs {
        for (reading, age) in ages(picture) {
            if let Some(age) = age.duration() {
                sheet.value(name, &[("pack", pack), ("reading", &reading)], age.as_secs_f64());
            }
        }
    }
    let name = "busbar_pack_reading_late";
    sheet.family(name, Kind::Gauge, "1 while a reading is late or lost, 0 while it is fresh.");
    for (pack, picture) in packs {
        for (reading, age) in ages(picture) {
            let late = match age {
                Age::Never => continue,
                Age::Fresh(_) => 0.0,
                Age::Late(_) | Age::Lost(_) => 1.0,
            };
            sheet.value(name, &[("pack", pack), ("reading", &reading)], late);
        }
    }
}

/// The packs: batteries by themselves, and those made of several.
fn packs(snapshot: &Snapshot) -> Vec<(&dyn Display, &PackPicture)> {
    let single = snapshot.components.iter().filter_map(|component| match &component.model {
        ModelPicture::Bms(picture) => Some((&component.name as &dyn Display, &**picture)),
        ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => None,
    });
    let several =
        snapshot.groups.iter().map(|group| (&group.name as &dyn Display, &*group.picture));
    single.chain(several).collect()
}

/// Kinds of metric.
#[derive(Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
}

/// The text as it grows.
#[derive(Default)]
struct Sheet {
    text: String,
}

impl Sheet {
    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        // Writing into a string does not fail.
        let _written = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &dyn Display)], value: f64) {
        self.text.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let open = if at == 0 { '{' } else { ',' };
            let _written = write!(self.text, "{open}{label}=\"{}\"", escaped(&text.to_string()));
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _written = writeln!(self.text, "{close} {value}");
    }
}

/// The text of a label's value.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::engine::testing::plant::Plant;

    fn told(scene: &str, span: Duration) -> String {
        let mut plant = Plant::of(scene);
        plant.run(span);
        let snapshot = plant.hub.snapshot(plant.now());
        let vitals = Vitals { sessions: 2, ..Vitals::default() };
        let counts = Counts { live: AtomicUsize::new(3), ..Counts::default() };
        text(&snapshot, Duration::from_millis(50), &vitals, &counts)
    }

    fn value(text: &str, series: &str) -> Option<f64> {
        let line = text.lines().find(|line| line.starts_with(series))?;
        line.strip_prefix(series)?.trim().parse().ok()
    }

    #[test]
    fn a_running_pack_is_told_in_units() {
        let text = told("demo", Duration::from_secs(3));
        let pack = |name: &str| value(&text, &format!("busbar_pack_{name}{{pack=\"BMU\"}}"));
        assert_eq!(pack("up"), Some(1.0), "{text}");
        assert!(pack("voltage_volts").is_some_and(|v| (300.0..500.0).contains(&v)), "{text}");
        let share = pack("state_of_charge_ratio");
        assert!(share.is_some_and(|share| (0.0..=1.0).contains(&share)), "{share:?}");
        let cell = (pack("cell_voltage_min_volts"), pack("cell_voltage_max_volts"));
        assert!(cell.0 > Some(2.0) && cell.0 <= cell.1 && cell.1 < Some(5.0), "{cell:?}");
        assert_eq!(value(&text, "busbar_sessions"), Some(2.0));
        assert_eq!(value(&text, "busbar_live_clients"), Some(3.0));
        assert_eq!(value(&text, "busbar_snapshot_age_seconds"), Some(0.05));
    }

    #[test]
    fn what_was_never_heard_is_not_told_as_zero() {
        let text = told("demo", Duration::ZERO);
        assert!(text.contains("busbar_pack_up{pack=\"BMU\"} 0\n"), "{text}");
        assert!(!text.contains("busbar_pack_voltage_volts{"), "{text}");
        assert!(!text.contains("reading=\"voltage\""), "{text}");
    }

    #[test]
    fn every_line_is_a_comment_or_a_name_with_a_number() {
        let text = told("demo", Duration::from_secs(2));
        let mut families = std::collections::BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(families.insert(name.to_owned()), "{name} twice");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            } else if !line.starts_with("# HELP ") {
                let (series, number) = line.rsplit_once(' ').unwrap();
                assert!(number.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
                let name = series.split('{').next().unwrap();
                assert!(families.contains(name), "{line}");
            }
        }
    }

    #[test]
    fn labels_cannot_break_out_of_their_quotes() {
        let mut sheet = Sheet::default();
        sheet.value("x", &[("bus", &"a\"} 1\nevil{b=\"\\")], 1.0);
        assert_eq!(sheet.text, "x{bus=\"a\\\"} 1\\nevil{b=\\\"\\\\\"} 1\n");
    }
}

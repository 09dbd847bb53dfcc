//! Believable views for tests and benches: a driving pack of any size, its traffic, its parts.
//! Numbers come from a seed, so that every run shows the same picture.

mod charge;
mod recordings;
mod report;

pub use charge::{Stage, charging};
pub use recordings::recordings;
pub use report::charge_report;

use crate::engine::testing::filter::names;
use crate::engine::{Change, Frame, Id, RowFacts, Scope, Sieve};
use crate::view::cells::{CellKind, CellMap, CellRow, CellTile, Scale};
use crate::view::chrome::{Chip, Chrome, PlayerView, Playing};
use crate::view::compose::filter::{Prepared, prepare};
use crate::view::offer::Offer;
use crate::view::pack::{ContactorsView, PackView, StepView, Tab, Trend};
use crate::view::parts::{Part, PartsView};
use crate::view::shown::{Badge, Lamp, Note, Shade, Shown, Tile, Tone};
use crate::view::start::{FoundInterface, StartView};
use crate::view::traffic::{
    ByteCell, RowKey, SignalPanel, SignalRow, TrafficPrefs, TrafficRow, TrafficView, arrange,
};

/// A value with its unit and note.
#[must_use]
pub fn shown(text: &str, unit: &str, note: &str) -> Shown {
    Shown { text: text.into(), unit: unit.into(), shade: Shade::Fresh, note: note.into() }
}

fn tile(label: &str, value: Shown) -> Tile {
    Tile { label: label.into(), value, tone: Tone::Plain }
}

fn lamp(label: &str, tone: Tone, hover: &str) -> Lamp {
    Lamp { label: label.into(), tone, hover: hover.into() }
}

/// A small sequence of believable numbers.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A pack of `cells` cells, eight to a module; the last module may have fewer and shows the rest
/// of its places as absent. `tick` moves the numbers.
#[must_use]
pub fn pack(cells: usize, tick: u64) -> PackView {
    PackView {
        title: "Prohelion D1000 Gen 1".into(),
        base: "0x600".into(),
        state: Badge { word: "RUN".into(), tone: Tone::Ok, hover: "Contactors closed.".into() },
        updated: "updated 80 ms ago".into(),
        updated_tone: Tone::Muted,
        tabs: Vec::new(),
        notes: Vec::new(),
        tiles: tiles(cells, tick),
        cells: cell_map(cells, tick),
        contactors: contactors(),
        events: events(),
        facts: vec![
            tile("Balance above", shown("3.72", "V", "")),
            tile("Hysteresis", shown("0.02", "V", "")),
            tile("Nominal capacity", shown("27.3", "Ah", "")),
            tile("Fans", shown("1 200 / 1 180", "rpm", "")),
            tile("Firmware", shown("build 412", "", "")),
        ],
        trend: trend(),
    }
}

/// The same pack with two BMUs to choose from and a note.
#[must_use]
pub fn pack_of_two(selected: Option<&str>) -> PackView {
    let second = selected == Some("Rear pack");
    let mut view = pack(if second { 12 } else { 38 }, 0);
    let tab = |label: &str, selected, tone| Tab { label: label.into(), selected, tone };
    view.tabs = vec![tab("Front pack", !second, Tone::Ok), tab("Rear pack", second, Tone::Warning)];
    view.notes = vec![Note {
        tone: Tone::Info,
        text: "The BMU rests in Error because nobody sends the vehicle heartbeat (0x505). \
               That is normal on a bench."
            .into(),
        closable: false,
    }];
    view
}

fn tiles(cells: usize, tick: u64) -> Vec<Tile> {
    let modules = cells.div_ceil(8);
    let volts = 3.7434 * cells as f64 + (tick % 7) as f64 * 0.01;
    vec![
        tile(
            "Pack voltage",
            shown(&format!("{volts:.2}"), "V", &format!("{modules} CMUs · {cells} cells")),
        ),
        tile("Current", shown("+10.05", "A", "charging")),
        tile("Power", shown("+1.43", "kW", "into the battery")),
        tile("State of charge", shown("66.4", "%", "18.1 of 27.3 Ah, from the BMU")),
        tile("Cells", shown("3.699–3.799", "V", "spread 100 mV · min 8·1 · max 7·6")),
        tile("Temperature", shown("31.8–33.2", "°C", "hottest CMU 14")),
    ]
}

fn cell_map(cells: usize, tick: u64) -> CellMap {
    let mut seeded = Seeded(7 + tick);
    let values: Vec<u64> = (0..cells).map(|_| 3700 + seeded.below(100)).collect();
    let lowest = values.iter().enumerate().min_by_key(|(_, mv)| **mv).map(|(at, _)| at);
    let highest = values.iter().enumerate().max_by_key(|(_, mv)| **mv).map(|(at, _)| at);
    let rows = (0..cells.div_ceil(8))
        .map(|module| CellRow {
            label: format!("CMU {}", module + 1),
            hover: format!("Serial number {}", 41_000 + module),
            cells: (0..8)
                .map(|place| {
                    let at = module * 8 + place;
                    let name = format!("CMU {} cell {place}", module + 1);
                    let Some(mv) = values.get(at) else { return absent(&name) };
                    let mut cell = measured(&name, *mv);
                    cell.lowest = lowest == Some(at);
                    cell.highest = highest == Some(at);
                    cell.balancing = at % 9 == 7;
                    if at == 21 {
                        cell.kind = CellKind::Untrusted;
                        cell.hover
                            .push_str("\nNot trusted: the two channels of the module disagree.");
                    }
                    if module == 2 && cells > 24 {
                        cell.shade = Shade::Late;
                    }
                    cell
                })
                .collect(),
            cell_temperature: shown(&format!("{:.1}", 31.2 + module as f64 * 0.2), "°C", ""),
            board_temperature: shown(&format!("{:.1}", 28.4 + module as f64 * 0.3), "°C", ""),
        })
        .collect();
    CellMap {
        columns: 8,
        rows,
        scale: Scale {
            low: "−50 mV".into(), middle: "mean 3749 mV".into(), high: "+50 mV".into()
        },
        empty:
            "No cell has been heard yet. They appear as soon as the BMU sends its cell voltages."
                .into(),
        unit: "°C",
    }
}

fn absent(name: &str) -> CellTile {
    CellTile {
        text: "–".into(),
        kind: CellKind::Absent,
        name: format!("{name}, absent"),
        hover: format!("{name}\nNo cell is configured here."),
        ..CellTile::default()
    }
}

fn measured(name: &str, mv: u64) -> CellTile {
    let off = mv as f32 - 3749.0;
    CellTile {
        text: mv.to_string(),
        kind: CellKind::Ok,
        deviation: Some((off / 50.0).clamp(-1.0, 1.0)),
        shade: Shade::Fresh,
        name: format!("{name}, {mv} mV"),
        hover: format!("{name}\n{mv} mV, {off:+.0} mV from the mean\n80 ms ago"),
        ..CellTile::default()
    }
}

fn contactors() -> ContactorsView {
    let step = |label: &str, current| StepView { label: label.into(), current, tone: Tone::Ok };
    ContactorsView {
        steps: vec![
            step("Idle", false),
            step("Enable", false),
            step("Measure", false),
            step("Precharge", false),
            step("Run", true),
        ],
        sentence: "Both contactors are closed; the pack feeds the vehicle.".into(),
        lamps: vec![
            lamp("Contactor 1 closed", Tone::Ok, "Driven, no error reported."),
            lamp("Contactor 2 closed", Tone::Ok, "Driven, no error reported."),
            lamp("12 V supply 12.4 V", Tone::Ok, "The BMU reports its supply as sound."),
        ],
    }
}

fn events() -> Vec<Lamp> {
    [
        ("Cell over voltage", Tone::Muted),
        ("Cell under voltage", Tone::Muted),
        ("Cell over temperature", Tone::Muted),
        ("Measurement untrusted", Tone::Warning),
        ("CMU comms timeout", Tone::Muted),
        ("Vehicle comms timeout", Tone::Muted),
        ("Isolation test failed", Tone::Muted),
        ("SoC not valid", Tone::Muted),
        ("12 V supply low", Tone::Muted),
        ("Contactor stuck", Tone::Muted),
        ("CMU extra cell", Tone::Muted),
        ("BMU setup mode", Tone::Muted),
    ]
    .into_iter()
    .map(|(label, tone)| lamp(label, tone, &format!("{label}: not reported.")))
    .collect()
}

fn trend() -> Trend {
    let at = |i: u32| f64::from(i) - 600.0;
    let voltage = (0..=600).map(|i| {
        let t = f64::from(i) / 60.0;
        [at(i), 142.0 + (t * 1.6).sin() * 0.9 + (t * 9.0).sin() * 0.2]
    });
    let current = (0..=600).map(|i| {
        let t = f64::from(i) / 60.0;
        let gap = (300..330).contains(&i);
        [at(i), if gap { f64::NAN } else { (t * 1.3).cos() * 30.0 + (t * 11.0).sin() * 5.0 }]
    });
    Trend {
        label: "Last 10 minutes".into(),
        voltage: voltage.collect(),
        current: current.collect(),
    }
}

/// Top bar and bottom line of a healthy demo.
#[must_use]
pub fn chrome() -> Chrome {
    let chip = |text: &str, tone| Chip { text: text.into(), tone, hover: String::new() };
    Chrome {
        profile: "Demo pack".into(),
        buses: vec![
            Chip {
                text: "demo · 500 kbit/s · 18 % load · 1 412 fr/s".into(),
                tone: Tone::Ok,
                hover: "Virtual bus, listen-only.".into(),
            },
            chip("charger · 250 kbit/s · 1 % load · 4 fr/s", Tone::Ok),
        ],
        alarms: Some(chip("1 warning", Tone::Warning)),
        charging: None,
        stop: None,
        armed: None,
        recording: None,
        silence: None,
        demo: None,
        who: "Desktop · full access".into(),
        notes: Vec::new(),
        bottom: vec![
            chip("rx 8 412 330 · tx 0 · lost 0", Tone::Muted),
            chip("recording off", Tone::Muted),
        ],
        web: Some(chip("web listener https://127.0.0.1:8443 · 2 sessions", Tone::Muted)),
        clock: "14:26:08 +10:00".into(),
        player: None,
    }
}

/// A recording at a third of its length.
#[must_use]
pub fn player() -> PlayerView {
    PlayerView {
        file: "drive-day.log".into(),
        position: "1:02.3".into(),
        length: "3:04.0".into(),
        fraction: 0.338,
        length_s: 184.0,
        speed: "1×".into(),
        state: Playing::Playing,
        skipped: "2 of 81 402 lines were skipped; the first is line 17: no identifier.".into(),
        toggle: Offer::open("Pause"),
    }
}

/// By-id rows as `prefs` wants them, with the selected id's signals.
#[must_use]
pub fn traffic(prefs: &TrafficPrefs) -> TrafficView {
    let mut rows = rows();
    let total = rows.len();
    let selected = prefs.selected.and_then(|key| rows.iter().find(|r| r.key == key)).map(panel);
    let known = rows.iter().filter(|row| !row.message.is_empty());
    let vocabulary = names("demo", known.map(|row| (row.key.id, row.message.as_str())));
    let Prepared { sieve, view: filter } =
        prepare(&prefs.filter, prefs.cursor, &vocabulary, Scope::Table);
    rows.retain(|row| fits(&sieve, row));
    arrange(&mut rows, prefs);
    TrafficView {
        empty: if total == 0 {
            "Nothing has been heard yet. Frames appear here as soon as a bus carries them.".into()
        } else {
            format!("None of the {total} ids fits \u{201c}{}\u{201d}.", prefs.filter)
        },
        summary: format!("{} of {total} ids · 1 412 frames a second", rows.len()),
        rows,
        selected,
        filter,
    }
}

/// Whether a filter lets a row through.
fn fits(sieve: &Sieve, row: &TrafficRow) -> bool {
    let raw = row.key.id & 0x1FFF_FFFF;
    let id = if row.key.id == raw { Id::standard(raw) } else { Id::extended(raw) };
    let bytes: Vec<u8> = row.bytes.iter().map(|byte| byte.value).collect();
    let is_warm = row.bytes.iter().any(|byte| byte.heat > 0.0);
    let facts = RowFacts {
        count: row.frames,
        changed: if is_warm { Change::Changed } else { Change::Same },
        ..RowFacts::default()
    };
    let frame = id.and_then(|id| Frame::classic(id, &bytes));
    frame.is_some_and(|frame| sieve.lets_row(frame.view(), &facts))
}

fn rows() -> Vec<TrafficRow> {
    let mut rows = vec![
        row(0x600, "BMU heartbeat", "00 52 46 41 10 27 00 00", 0, 1000.1, 178),
        row(0x6F4, "Pack SoC", "33 B3 90 41 9A 2F 2A 3F", 2, 1000.0, 178),
        row(0x6FA, "Pack voltage/current", "4A 2C 02 00 BE D8 FF FF", 2, 100.0, 1780),
        row(0x6FD, "Pack status", "00 00 00 00 0E 00 12 01", 0, 200.0, 890),
        row(0x8000_0000 | 0x1806_E5F4, "BMS → charger", "05 B4 00 AF 00 00 00 00", 0, 500.0, 356),
        row(0x8000_0000 | 0x18FF_50E5, "Charger status", "05 8A 00 AE 00 00 00 00", 2, 500.2, 356),
        row(0x7DF, "", "02 01 0C", 0, 0.0, 1),
    ];
    for module in 0..14_u32 {
        let n = module + 1;
        rows.push(row(
            0x601 + module * 3,
            &format!("CMU {n} status"),
            "A1 03 00 00 1C 01 40 01",
            1,
            200.0,
            890,
        ));
        rows.push(row(
            0x602 + module * 3,
            &format!("CMU {n} cells 1–4"),
            "73 0E 75 0E 71 0E 7A 0E",
            2,
            200.0,
            890,
        ));
        rows.push(row(
            0x603 + module * 3,
            &format!("CMU {n} cells 5–8"),
            "77 0E 70 0E 74 0E 7B 0E",
            2,
            199.9,
            890,
        ));
    }
    rows
}

fn row(raw: u32, message: &str, bytes: &str, hot: usize, cycle_ms: f64, frames: u64) -> TrafficRow {
    let id = raw & 0x1FFF_FFFF;
    let heats = [0.9, 0.5, 0.1];
    let bytes = bytes.split(' ').enumerate().map(|(at, text)| ByteCell {
        value: u8::from_str_radix(text, 16).unwrap_or(0),
        heat: if at < hot { heats.get(at + id as usize % 2).copied().unwrap_or(0.0) } else { 0.0 },
    });
    TrafficRow {
        key: RowKey { bus: 0, id: raw, sent: false },
        id: if raw == id { format!("0x{id:03X}") } else { format!("0x{id:08X}") },
        message: message.into(),
        direction: "rx".into(),
        bus: "demo".into(),
        bytes: bytes.collect(),
        cycle: if cycle_ms > 0.0 { format!("{cycle_ms:.1}") } else { "–".into() },
        count: frames.to_string(),
        shade: if message.is_empty() { Shade::Late } else { Shade::Fresh },
        cycle_ms: (cycle_ms > 0.0).then_some(cycle_ms),
        frames,
        jitter: if cycle_ms > 0.0 { "0.12".into() } else { "–".into() },
        jitter_ms: (cycle_ms > 0.0).then_some(0.12),
        gaps: format!("Between {frames} frames: mean {cycle_ms:.2} ms"),
        rate: if cycle_ms > 0.0 { format!("{:.1}", 1e3 / cycle_ms) } else { "–".into() },
        frames_a_second: (cycle_ms > 0.0).then_some(1e3 / cycle_ms),
    }
}

fn panel(row: &TrafficRow) -> SignalPanel {
    let signal = |name: &str, value: &str, raw: &str| SignalRow {
        name: name.into(),
        value: value.into(),
        raw: raw.into(),
        hover: format!("{name}, little endian"),
    };
    let known = !row.message.is_empty();
    SignalPanel {
        key: row.key,
        bus: row.bus.clone(),
        title: if known { format!("{} · {}", row.id, row.message) } else { row.id.clone() },
        bytes: row.bytes.clone(),
        shade: row.shade,
        comment: if known { "Sent ten times a second.".into() } else { String::new() },
        signals: if known {
            vec![
                signal("PackVoltage", "142.410 V", "0x00022C4A"),
                signal("PackCurrent", "−10.050 A", "0xFFFFD8BE"),
            ]
        } else {
            Vec::new()
        },
        empty: "No DBC of this bus knows this id. Add one to the profile to see its signals."
            .into(),
    }
}

/// Two buses and three components, one of them lost.
#[must_use]
pub fn parts() -> PartsView {
    let part =
        |name: &str, kind: &str, tone, status: &str, sentence: &str, settings: &[(&str, &str)]| {
            Part {
                name: name.into(),
                kind: kind.into(),
                tone,
                status: status.into(),
                sentence: sentence.into(),
                settings: settings.iter().map(|(l, v)| ((*l).into(), (*v).into())).collect(),
                panels: Vec::new(),
                offers: None,
            }
        };
    PartsView {
        add: Offer::open("Add component\u{2026}"),
        revision: "0".into(),
        profile_file: "/home/ada/.local/share/busbar/profiles/Demo pack.toml".into(),
        buses: vec![
            part(
                "demo",
                "Virtual bus",
                Tone::Ok,
                "ok",
                "Carries 1 412 frames a second.",
                &[
                    ("Address", "virtual:demo"),
                    ("Bit rate", "500 kbit/s"),
                    ("Sending", "listen-only"),
                ],
            ),
            part(
                "charger",
                "SocketCAN interface",
                Tone::Fault,
                "down",
                "can1 is down. Bring it up with: sudo ip link set can1 up type can bitrate 250000",
                &[("Address", "socketcan:can1")],
            ),
        ],
        components: vec![
            part(
                "Main pack",
                "Prohelion D1000 Gen 1",
                Tone::Ok,
                "ok",
                "Heard 80 ms ago.",
                &[
                    ("Bus", "demo"),
                    ("Base address", "0x600"),
                    ("Current sign", "positive into the battery"),
                    ("Parallel strings", "1"),
                    ("Late after", "500 ms"),
                    ("Lost after", "1 s"),
                ],
            ),
            part(
                "Charger",
                "Elcon/TC charger",
                Tone::Fault,
                "lost",
                "Nothing was heard for 12 s. Is it powered, and is the bus at 250 kbit/s?",
                &[("Bus", "charger"), ("Id", "0x18FF50E5")],
            ),
            part(
                "Driver controls",
                "EV driver controls",
                Tone::Muted,
                "never heard",
                "Nothing was heard since the start.",
                &[("Bus", "demo"), ("Base address", "0x500")],
            ),
        ],
    }
}

/// One interface that is up and one that is down, and two scenes.
#[must_use]
pub fn start() -> StartView {
    let scene = |name: &str, sentence: &str| (name.to_owned(), sentence.to_owned());
    StartView {
        interfaces: vec![
            FoundInterface {
                name: "can0".into(),
                wants_rate: false,
                sentence: "up, 500 kbit/s".into(),
            },
            FoundInterface {
                name: "can1".into(),
                wants_rate: false,
                sentence: "down: sudo ip link set can1 up type can bitrate 250000".into(),
            },
        ],
        no_interface: String::new(),
        scenes: vec![
            scene("demo", "A pack of 14 modules, driving and resting in turn."),
            scene("cold-morning", "The same pack at −10 °C: slow, sagging, unwilling to charge."),
            scene("weak-cell", "One cell has lost a third of its capacity."),
            scene("cmu-dropout", "A module falls silent now and then."),
        ],
    }
}

//! What a subscription is told, as JSON made out of a snapshot: what is known is there with its unit
//! in its name, what is not known is absent. Knows nothing of who is told.
//!
//! A value that is absent here is told as `null` in a change, so that a change is a JSON merge patch
//! (RFC 7396) on what was told before.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::base::reading::Age;
use crate::engine::{
    BusPicture, DecodedSignal, Decoders, Direction, Kind, ModelPicture, ModulePicture, PackPicture,
    Scope, Snapshot, TrafficEntry,
};
use crate::view::compose::traffic::{fits, is_silent};
use crate::web::api::Replay;
use crate::web::live::ask::{FrameFilter, Topic};
use crate::web::live::charge;

/// Most signals in one subscription.
const SIGNALS: usize = 2000;
/// Most rows of frames in one subscription.
const FRAMES: usize = 1000;

/// A JSON object.
pub type Object = Map<String, Value>;

/// What is kept from one state to the next, so that only frames that came since are decoded.
#[derive(Default)]
pub struct Memory {
    decoders: Option<Arc<Decoders>>,
    rows: HashMap<(u16, u32, bool), Decoded>,
}

/// The wanted signals of a row of the table.
struct Decoded {
    /// Count of the row when it was decoded.
    count: u64,
    signals: Vec<(String, Value)>,
}

/// Everything that `topic` is told at the moment of `snapshot`.
pub fn state(topic: &Topic, snapshot: &Snapshot, memory: &mut Memory) -> Object {
    let mut state = Object::new();
    let mut left_out = Object::new();
    if !topic.packs.is_empty() {
        let wanted = packs(snapshot).filter(|(name, _)| topic.wants_pack(name));
        let told = wanted.map(|(name, picture)| (name.to_owned(), pack(picture).into()));
        state.insert("packs".into(), Value::Object(told.collect()));
    }
    if !topic.charges.is_empty() {
        state.insert("charges".into(), charge::told(topic, snapshot).into());
    }
    if !topic.signals.is_empty() {
        let mut told = Object::new();
        let mut beyond = pack_signals(topic, snapshot, &mut told);
        beyond += frame_signals(topic, snapshot, memory, &mut told);
        if beyond > 0 {
            left_out.insert("signals".into(), beyond.into());
        }
        state.insert("signals".into(), told.into());
    }
    if topic.events {
        state.insert("events".into(), events(snapshot).into());
    }
    if let Some(filter) = &topic.frames {
        let (told, beyond) = frames(filter, snapshot);
        if beyond > 0 {
            left_out.insert("frames".into(), beyond.into());
        }
        state.insert("frames".into(), told.into());
    }
    if topic.replays {
        state.insert("replays".into(), replays(snapshot).into());
    }
    if !left_out.is_empty() {
        state.insert("left_out".into(), left_out.into());
    }
    state
}

/// Every replay by its name, as the API says it; what is not known is absent.
fn replays(snapshot: &Snapshot) -> Object {
    let told = snapshot.replays.iter().map(|one| {
        // Names of fields are texts, and what cannot be written is told as nothing.
        let mut said = serde_json::to_value(Replay::of(snapshot, one)).unwrap_or_default();
        if let Value::Object(said) = &mut said {
            said.retain(|name, value| name != "name" && !value.is_null());
        }
        (one.name.to_string(), said)
    });
    told.collect()
}

/// The merge patch that makes `new` out of `old`; empty where nothing changed.
pub fn difference(old: &Object, new: &Object) -> Object {
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let mut patch: Object = gone.map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in new {
        match (old.get(name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                let within = difference(old, new);
                if !within.is_empty() {
                    patch.insert(name.clone(), within.into());
                }
            }
            (Some(old), new) if old == new => {}
            (_, new) => {
                patch.insert(name.clone(), new.clone());
            }
        }
    }
    patch
}

/// Every pack by its name: each battery management system, and those made of several.
fn packs(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &PackPicture)> {
    let single = snapshot.components.iter().filter_map(|component| match &component.model {
        ModelPicture::Bms(picture) => Some((component.name.as_str(), &**picture)),
        ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => None,
    });
    let joined = snapshot.groups.iter().map(|group| (group.name.as_str(), &*group.picture));
    single.chain(joined)
}

/// One number or word of a pack.
struct Quantity {
    name: &'static str,
    value: Value,
    is_late: bool,
}

/// What is known of a pack, apart from its modules. Current and power are positive into the battery.
fn quantities(p: &PackPicture) -> Vec<Quantity> {
    let soc = p.soc.value;
    let number = |value: Option<f64>, places| value.map_or(Value::Null, |v| rounded(v, places));
    let all = [
        ("voltage_v", number(p.voltage.value.map(|v| v.get()), 3), p.voltage.age),
        ("current_a", number(p.current.value.map(|v| v.get()), 3), p.current.age),
        ("power_w", number(p.power.value.map(|v| v.get()), 1), p.power.age),
        ("cell_sum_v", number(p.cell_sum.map(|v| v.get()), 3), Age::Never),
        ("soc_percent", number(soc.map(|soc| soc.percent.get()), 3), p.soc.age),
        ("soc_source", soc.map(|soc| soc.source.words()).into(), p.soc.age),
        ("used_ah", number(p.used.value.map(|v| v.get()), 3), p.used.age),
        ("capacity_ah", number(p.capacity.value.map(|v| v.get()), 3), p.capacity.age),
        ("pack_state", p.state.value.map(|state| state.words()).into(), p.state.age),
        ("min_cell_mv", p.cells.min.map(|at| at.mv).into(), p.cells_age()),
        ("max_cell_mv", p.cells.max.map(|at| at.mv).into(), p.cells_age()),
        ("mean_cell_mv", number(p.cells.mean_mv, 1), p.cells_age()),
        ("spread_mv", p.cells.spread_mv.into(), p.cells_age()),
        ("cells_counted", p.cells.counted.into(), Age::Never),
        ("cells_untrusted", p.cells.untrusted.into(), Age::Never),
        ("cells_lost", p.cells.lost.into(), Age::Never),
        ("cells_balancing", p.cells.balancing.into(), Age::Never),
        (
            "min_c",
            number(p.temperatures.min.map(|at| at.temperature.get()), 1),
            p.temperatures_age(),
        ),
        (
            "max_c",
            number(p.temperatures.max.map(|at| at.temperature.get()), 1),
            p.temperatures_age(),
        ),
        ("balance_on_mv", p.balance.value.map(|limits| limits.on).into(), p.balance.age),
        ("balance_off_mv", p.balance.value.map(|limits| limits.off).into(), p.balance.age),
    ];
    let known = all.into_iter().filter(|(_, value, _)| !value.is_null());
    known
        .map(|(name, value, age)| Quantity { name, value, is_late: matches!(age, Age::Late(_)) })
        .collect()
}

fn pack(p: &PackPicture) -> Object {
    let mut told = Object::new();
    let mut late = Vec::new();
    for Quantity { name, value, is_late } in quantities(p) {
        if is_late {
            late.push(Value::from(name));
        }
        told.insert(name.into(), value);
    }
    let raised = p.flags.iter().filter(|flag| flag.raised == Some(true));
    told.insert("flags".into(), raised.map(|flag| flag.flag.name()).collect());
    let remarks = p.remarks.iter().map(|r| json!({"level": r.level.word(), "text": r.text}));
    told.insert("remarks".into(), remarks.collect());
    told.insert("presence".into(), age_word(p.presence).into());
    told.insert("level".into(), p.level.word().into());
    told.insert("late".into(), late.into());
    let modules = p.modules.iter().map(|m| (module_name(p, m), module(m).into()));
    told.insert("modules".into(), Value::Object(modules.collect()));
    told
}

/// "7", or "Rear/7" in a pack of several.
fn module_name(p: &PackPicture, module: &ModulePicture) -> String {
    match p.members.get(usize::from(module.member)) {
        Some(member) => format!("{member}/{}", module.module),
        None => module.module.to_string(),
    }
}

fn module(m: &ModulePicture) -> Object {
    let mut told = Object::new();
    let mut tell = |name: &str, value: Value| {
        if !value.is_null() {
            told.insert(name.into(), value);
        }
    };
    tell("serial", m.serial.value.into());
    tell("cell_c", m.temperature.value.map_or(Value::Null, |c| rounded(c.get(), 1)));
    tell("board_c", m.board.value.map_or(Value::Null, |c| rounded(c.get(), 1)));
    tell("presence", age_word(m.age).into());
    tell("cells_mv", m.cells.iter().map(|c| Value::from(c.voltage.map(|mv| mv.get()))).collect());
    tell("cell_states", m.cells.iter().map(|cell| cell.state.word()).collect());
    tell("balancing", m.cells.iter().map(|cell| cell.balancing).collect());
    told
}

const fn age_word(age: Age) -> &'static str {
    match age {
        Age::Never => "never",
        Age::Fresh(_) => "fresh",
        Age::Late(_) => "late",
        Age::Lost(_) => "lost",
    }
}

fn rounded(value: f64, places: i32) -> Value {
    let scale = 10_f64.powi(places);
    Value::from((value * scale).round() / scale)
}

/// Signals of packs; answers how many there was no room for.
fn pack_signals(topic: &Topic, snapshot: &Snapshot, told: &mut Object) -> usize {
    let mut beyond = 0;
    for (pack, picture) in packs(snapshot) {
        let start = format!("pack/{pack}/");
        if !topic.signals.iter().any(|pattern| pattern.may_begin(&start)) {
            continue;
        }
        for Quantity { name, value, is_late } in quantities(picture) {
            let name = format!("{start}{name}");
            if topic.signals.iter().any(|pattern| pattern.fits(&name)) {
                beyond += usize::from(!put(told, name, json!({"value": value, "late": is_late})));
            }
        }
    }
    beyond
}

/// Decoded signals of the by-id table; answers how many there was no room for.
fn frame_signals(
    topic: &Topic,
    snapshot: &Snapshot,
    memory: &mut Memory,
    told: &mut Object,
) -> usize {
    let known = memory.decoders.as_ref();
    if !known.is_some_and(|known| Arc::ptr_eq(known, &snapshot.decoders)) {
        *memory = Memory { decoders: Some(Arc::clone(&snapshot.decoders)), rows: HashMap::new() };
    }
    if memory.rows.len() > 2 * snapshot.traffic.rows().len() {
        memory.rows.clear();
    }
    let mut beyond = 0;
    for row in snapshot.traffic.rows() {
        let Some(bus) = bus_of(snapshot, row) else { continue };
        let (id, sent) = (row.last.id(), row.last.direction() == Direction::Sent);
        let raw = id.raw() | u32::from(id.is_extended()) << 31;
        let decoded = memory
            .rows
            .entry((bus.id.0, raw, sent))
            .or_insert_with(|| Decoded { count: 0, signals: Vec::new() });
        if decoded.count != row.count {
            decoded.count = row.count;
            decoded.signals = signals_of(topic, snapshot, bus, row);
        }
        let late = is_silent(row, bus.now);
        for (name, value) in &decoded.signals {
            let mut value = value.clone();
            if let Value::Object(value) = &mut value {
                value.insert("late".into(), late.into());
            }
            beyond += usize::from(!put(told, name.clone(), value));
        }
    }
    beyond
}

/// The wanted signals of a row, with their names.
fn signals_of(
    topic: &Topic,
    snapshot: &Snapshot,
    bus: &BusPicture,
    row: &TrafficEntry,
) -> Vec<(String, Value)> {
    let Some(message) = message_of(snapshot, row) else { return Vec::new() };
    let start = format!("signal/{}/{message}/", bus.name);
    if !topic.signals.iter().any(|pattern| pattern.may_begin(&start)) {
        return Vec::new();
    }
    let decoded = snapshot.decoders.decode(row.last.view());
    let signals = decoded.map(|frame| frame.signals).unwrap_or_default();
    let named = signals.into_iter().map(|signal| (format!("{start}{}", signal.name), signal));
    let wanted = named.filter(|(name, _)| topic.signals.iter().any(|p| p.fits(name)));
    wanted.map(|(name, signal)| (name, signal_value(signal))).collect()
}

fn signal_value(signal: DecodedSignal) -> Value {
    let mut told = Object::new();
    // A value that is no number cannot be written in JSON, and is left out.
    if signal.value.is_finite() {
        told.insert("value".into(), signal.value.into());
    }
    if !signal.unit.is_empty() {
        told.insert("unit".into(), signal.unit.into());
    }
    if let Some(label) = signal.label {
        told.insert("label".into(), label.into());
    }
    told.into()
}

/// Name of the message of a row that carries data.
fn message_of<'s>(snapshot: &'s Snapshot, row: &TrafficEntry) -> Option<&'s str> {
    match row.last.kind() {
        Kind::Data | Kind::Fd => snapshot.decoders.name(row.last.bus(), row.last.id()),
        Kind::Remote | Kind::Error => None,
    }
}

fn bus_of<'s>(snapshot: &'s Snapshot, row: &TrafficEntry) -> Option<&'s BusPicture> {
    snapshot.buses.get(usize::from(row.last.bus().0))
}

/// Whether there was room for it. The same signal in a second frame takes the place of the first.
fn put(told: &mut Object, name: String, value: Value) -> bool {
    let has_room = told.len() < SIGNALS || told.contains_key(&name);
    if has_room {
        told.insert(name, value);
    }
    has_room
}

/// Notices by subject, and raised flags by pack.
fn events(snapshot: &Snapshot) -> Object {
    let notices = snapshot.notices.iter().map(|n| (n.subject.to_owned(), n.text.as_str().into()));
    let flags = packs(snapshot).map(|(name, picture)| {
        let raised = picture.flags.iter().filter(|flag| flag.raised == Some(true));
        let told = raised.map(|flag| {
            let words = json!({"level": flag.level.word(), "text": flag.words});
            (flag.flag.name().to_owned(), words)
        });
        (name.to_owned(), Value::Object(told.collect()))
    });
    let mut told = Object::new();
    told.insert("flags".into(), Value::Object(flags.collect()));
    told.insert("notices".into(), Value::Object(notices.collect()));
    told
}

/// Rows of the by-id table, and for how many there was no room.
fn frames(filter: &FrameFilter, snapshot: &Snapshot) -> (Object, usize) {
    let (mut told, mut beyond) = (Object::new(), 0);
    // What means nothing in the table lets nothing through: it was refused when it was asked for.
    let Ok(sieve) = snapshot.vocabulary().sieve(&filter.filter, Scope::Table) else {
        return (told, beyond);
    };
    for row in snapshot.traffic.rows() {
        let Some(bus) = bus_of(snapshot, row) else { continue };
        if !sieve.is_everything() && !fits(&sieve, snapshot, row) {
            continue;
        }
        if !filter.wants(bus.name.as_str(), row.last.id().raw()) {
            continue;
        }
        let message = message_of(snapshot, row);
        if filter.name.as_ref().is_some_and(|name| !message.is_some_and(|m| name.fits(m))) {
            continue;
        }
        if told.len() < FRAMES {
            let (name, value) = frame(bus, message, row);
            told.insert(name, value);
        } else {
            beyond += 1;
        }
    }
    (told, beyond)
}

fn frame(bus: &BusPicture, message: Option<&str>, row: &TrafficEntry) -> (String, Value) {
    let frame = row.last.view();
    let direction = match frame.direction() {
        Direction::Received => "received",
        Direction::Sent => "sent",
    };
    let kind = match frame.kind() {
        Kind::Data => "data",
        Kind::Fd => "fd",
        Kind::Remote => "remote",
        Kind::Error => "error",
    };
    let mut told = Object::new();
    told.insert("kind".into(), kind.into());
    if let Some(message) = message {
        told.insert("name".into(), message.into());
    }
    if frame.kind() == Kind::Remote {
        told.insert("length".into(), row.last.len().into());
    }
    told.insert("data".into(), data_encoding::HEXUPPER.encode(frame.data).into());
    told.insert("count".into(), row.count.into());
    if let Some(ns) = row.cycle_ns {
        told.insert("cycle_ms".into(), rounded(ns / 1e6, 1));
    }
    told.insert("late".into(), is_silent(row, bus.now).into());
    (format!("{}/{}/{direction}", bus.name, frame.id()), told.into())
}

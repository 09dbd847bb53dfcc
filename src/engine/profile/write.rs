//! Writes a profile as the file a person would like to find: every table explained where it
//! stands, what is not set shown as a comment. What it writes, [`super::parse`] reads back as the
//! same profile.

use std::fmt::{Display, Write as _};

use crate::base::units::{Amps, Volts, Watts};
use crate::engine::can::address::Address;
use crate::engine::device::SettingValue;
use crate::engine::profile::model::{BusEntry, ComponentEntry, Profile, RecorderEntry};
use crate::engine::profile::recorder::RecorderValue;

const HEAD: &str = "\
# A Busbar profile: which buses there are and what is connected to them.
#
# It may be edited while Busbar runs: a change is picked up within a second. If something is
# wrong, Busbar says in which line and goes on with what it had.
#
# Numbers may be written 1536 or 0x600. ${NAME} stands for the environment variable NAME,
# ${NAME:-default} for the same with a default, $$ for a dollar sign. `busbar profile check` tells
# whether the file is sound.
";

const BUS_HEAD: &str = "
# --- Buses -----------------------------------------------------------------------------------
#
# address  socketcan:can0    a CAN interface of this machine
#          slcan:/dev/ttyACM0  an adapter on a serial port (CANable, CANtact, Lawicel ...)
#          virtual:demo      a bus inside Busbar
#          replay:FILE       a recording, played back (candump, ASC, BLF, TRC, CSV, CRTD, pcap, MF4)
#          tcp:HOST:PORT     a supply on the network that speaks text; it carries no frames
# bit_rate, data_bit_rate, listen_only, baud
#          how an adapter on a serial port is opened: bits a second, the same for the data of FD
#          (left out: classic CAN), true to disturb nothing and send nothing, and the speed of the
#          serial line where that is a real one. Other interfaces are set up by the system.
# scene    the simulated devices on a virtual bus: the name of a scene, or a file
# dbc      files that name other messages on this bus; relative to this file
";

const COMPONENT_HEAD: &str = "
# --- Components ------------------------------------------------------------------------------
#
# kind          what it is; `busbar profile check` lists the kinds there are
# bus           the name of one of the buses above
# enabled       false: it stays in this file and is not listened to
# base          its base address; left out: the one it has from the factory
# current_sign  \"charge-positive\" or \"discharge-positive\": which way round it counts current.
#               Charge with an ampere or two and see that Busbar says \"charging\".
# strings       parallel strings behind it
# pack          components that name the same pack are shown as one
# late_ms       its values are shown dimmed when they are older than this, in milliseconds
# lost_ms       and not at all when they are older than this
# limits        what its values should stay within: cell_min_mv, cell_max_mv (millivolts),
#               temperature_min_c, temperature_max_c (degrees Celsius), current_max_a (amperes)
# rating_v      what a charger can give at most: volts,
# rating_a      amperes,
# rating_w      watts; left out: as the data sheet of its kind says
# settings      what else its kind lets it set, such as { dialect = \"sma\" }
";

const CHARGE_HEAD: &str = "
# --- Charging --------------------------------------------------------------------------------
#
# The limits, thresholds and times that charging decides by. What is not set here is as usual; the
# page Settings lists all of them. No setting can pass its hard bounds.

[charge]
";

const MESSAGE_HEAD: &str = "
# --- Messages --------------------------------------------------------------------------------
#
# Frames that are kept to be sent by hand, from the Send tab: none is ever sent by itself.
";

/// The text of `profile`.
#[must_use]
pub fn write(profile: &Profile) -> String {
    let mut out = String::from(HEAD);
    out.push('\n');
    put(&mut out, "name", &quote(profile.name.as_str()));
    if let Some(text) = &profile.description {
        put(&mut out, "description", &quote(text));
    }
    out.push_str(BUS_HEAD);
    for bus in &profile.buses {
        write_bus(&mut out, bus);
    }
    out.push_str(COMPONENT_HEAD);
    for component in &profile.components {
        write_component(&mut out, component);
    }
    out.push_str(CHARGE_HEAD);
    for (name, value) in profile.charge.own() {
        put(&mut out, name, &value);
    }
    for recorder in &profile.recorders {
        write_recorder(&mut out, recorder);
    }
    if !profile.messages.is_empty() {
        out.push_str(MESSAGE_HEAD);
    }
    for message in &profile.messages {
        out.push_str("\n[[message]]\n");
        for (key, value) in message.lines() {
            put(&mut out, key, &value);
        }
    }
    out
}

fn write_recorder(out: &mut String, recorder: &RecorderEntry) {
    out.push_str("\n[[recorder]]\n");
    for (key, value) in recorder.pairs() {
        match value {
            RecorderValue::Text(text) => put(out, key, &quote(&text)),
            RecorderValue::Number(number) => put(out, key, &number),
            RecorderValue::Texts(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| quote(text)).collect();
                put(out, key, &format!("[{}]", texts.join(", ")));
            }
        }
    }
}

fn write_bus(out: &mut String, bus: &BusEntry) {
    out.push_str("\n[[bus]]\n");
    bus_pairs(bus).iter().for_each(|pair| pair.write(out));
}

fn write_component(out: &mut String, component: &ComponentEntry) {
    out.push_str("\n[[component]]\n");
    component_pairs(component).iter().for_each(|pair| pair.write(out));
}

/// A key of a table with its value as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The key.
    pub(super) key: &'static str,
    /// Its value; none: it is left out.
    pub(super) value: Option<String>,
    /// What stands there as a comment where it is left out; empty: nothing.
    example: &'static str,
    /// Whether leaving it out would say the same.
    pub(super) is_usual: bool,
}

impl Pair {
    /// A key that is always said.
    pub(super) const fn said(key: &'static str, value: String) -> Self {
        Self { key, value: Some(value), example: "", is_usual: false }
    }

    /// A key that may be left out.
    fn may<T: Display>(key: &'static str, value: Option<T>, example: &'static str) -> Self {
        let value = value.map(|value| value.to_string());
        Self { key, value, example, is_usual: false }
    }

    /// The same, and whether its value is the usual one.
    fn usually(self, is_usual: bool) -> Self {
        Self { is_usual, ..self }
    }

    fn write(&self, out: &mut String) {
        match &self.value {
            Some(value) => put(out, self.key, value),
            None if self.example.is_empty() => {}
            None => put(out, &format!("# {}", self.key), &self.example),
        }
    }
}

/// A bus, key by key.
pub(super) fn bus_pairs(bus: &BusEntry) -> Vec<Pair> {
    let mut pairs = vec![Pair::said("name", quote(bus.name.as_str()))];
    match &bus.address {
        Address::Slcan(to) => {
            pairs.push(Pair::said("address", quote(&format!("slcan:{}", to.port))));
            pairs.push(Pair::may("bit_rate", to.bit_rate, "500000"));
            pairs.push(Pair::may("data_bit_rate", to.data_bit_rate, "2000000"));
            let listen_only = Pair::said("listen_only", to.listen_only.to_string());
            pairs.push(listen_only.usually(!to.listen_only));
            pairs.push(Pair::may("baud", to.baud, "115200"));
        }
        other => pairs.push(Pair::said("address", quote(&other.to_string()))),
    }
    pairs.push(Pair::may("scene", bus.scene.as_deref().map(quote), ""));
    let files: Vec<String> = bus.dbc.iter().map(|file| quote(&file.to_string_lossy())).collect();
    let dbc = Pair::said("dbc", format!("[{}]", files.join(", ")));
    pairs.push(dbc.usually(files.is_empty()));
    pairs
}

/// A component, key by key.
pub(super) fn component_pairs(component: &ComponentEntry) -> Vec<Pair> {
    let millis = |span: Option<std::time::Duration>| span.map(|span| span.as_millis());
    let limits = component.limits;
    let limits = [
        ("cell_min_mv", limits.cell_min.map(|mv| mv.get().to_string())),
        ("cell_max_mv", limits.cell_max.map(|mv| mv.get().to_string())),
        ("temperature_min_c", limits.temperature_min.map(|t| t.get().to_string())),
        ("temperature_max_c", limits.temperature_max.map(|t| t.get().to_string())),
        ("current_max_a", limits.current_max.map(|a| a.get().to_string())),
    ];
    let set: Vec<String> = limits
        .into_iter()
        .filter_map(|(key, value)| value.map(|value| format!("{key} = {value}")))
        .collect();
    let set = (!set.is_empty()).then(|| format!("{{ {} }}", set.join(", ")));
    let rating = component.rating;
    let settings = component.settings.iter();
    let settings: Vec<String> =
        settings.map(|(name, value)| format!("{} = {}", key(name), setting(value))).collect();
    let settings = (!settings.is_empty()).then(|| format!("{{ {} }}", settings.join(", ")));
    let base = component.base.map(|base| format!("{base:#x}"));
    let sign = component.current_sign.map(|sign| quote(sign.name()));
    let pack = component.pack.as_ref().map(|pack| quote(pack.as_str()));
    let strings = Pair::said("strings", component.strings.to_string());
    vec![
        Pair::said("name", quote(component.name.as_str())),
        Pair::said("kind", quote(&component.kind)),
        Pair::said("bus", quote(component.bus.as_str())),
        Pair::may("enabled", (!component.enabled).then_some(false), ""),
        Pair::may("base", base, "0x600"),
        Pair::may("current_sign", sign, "\"charge-positive\""),
        strings.usually(component.strings == 1),
        Pair::may("pack", pack, "\"Main pack\""),
        Pair::may("late_ms", millis(component.late), "500"),
        Pair::may("lost_ms", millis(component.lost), "1000"),
        Pair::may("limits", set, "{ cell_min_mv = 2700, cell_max_mv = 4150 }"),
        Pair::may("rating_v", rating.volts.map(Volts::get), ""),
        Pair::may("rating_a", rating.amps.map(Amps::get), ""),
        Pair::may("rating_w", rating.watts.map(Watts::get), ""),
        Pair::may("settings", settings, ""),
    ]
}

/// A name as a key of TOML.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quote(name) }
}

/// A value of a setting as TOML.
pub(super) fn setting(value: &SettingValue) -> String {
    match value {
        SettingValue::Switch(on) => on.to_string(),
        SettingValue::Integer(number) => number.to_string(),
        // With its point, so that it reads back as what it is.
        SettingValue::Number(number) => format!("{number:?}"),
        SettingValue::Word(text) => quote(text),
    }
}

fn put(out: &mut String, key: &str, value: &dyn Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{key} = {value}");
}

/// A TOML string, with dollar signs doubled so that they read back as they are.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' => out.push_str("$$"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

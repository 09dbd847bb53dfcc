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
    put(out, "name", &quote(bus.name.as_str()));
    match &bus.address {
        Address::Slcan(to) => {
            put(out, "address", &quote(&format!("slcan:{}", to.port)));
            maybe(out, "bit_rate", to.bit_rate, "500000");
            maybe(out, "data_bit_rate", to.data_bit_rate, "2000000");
            put(out, "listen_only", &to.listen_only);
            maybe(out, "baud", to.baud, "115200");
        }
        other => put(out, "address", &quote(&other.to_string())),
    }
    if let Some(scene) = &bus.scene {
        put(out, "scene", &quote(scene));
    }
    let files: Vec<String> = bus.dbc.iter().map(|file| quote(&file.to_string_lossy())).collect();
    put(out, "dbc", &format!("[{}]", files.join(", ")));
}

fn write_component(out: &mut String, component: &ComponentEntry) {
    out.push_str("\n[[component]]\n");
    put(out, "name", &quote(component.name.as_str()));
    put(out, "kind", &quote(&component.kind));
    put(out, "bus", &quote(component.bus.as_str()));
    maybe(out, "base", component.base.map(|base| format!("{base:#x}")), "0x600");
    let sign = component.current_sign.map(|sign| quote(sign.name()));
    maybe(out, "current_sign", sign, "\"charge-positive\"");
    put(out, "strings", &component.strings);
    let pack = component.pack.as_ref().map(|pack| quote(pack.as_str()));
    maybe(out, "pack", pack, "\"Main pack\"");
    maybe(out, "late_ms", component.late.map(|late| late.as_millis()), "500");
    maybe(out, "lost_ms", component.lost.map(|lost| lost.as_millis()), "1000");
    let limits = component.limits;
    let pairs = [
        ("cell_min_mv", limits.cell_min.map(|mv| mv.get().to_string())),
        ("cell_max_mv", limits.cell_max.map(|mv| mv.get().to_string())),
        ("temperature_min_c", limits.temperature_min.map(|t| t.get().to_string())),
        ("temperature_max_c", limits.temperature_max.map(|t| t.get().to_string())),
        ("current_max_a", limits.current_max.map(|a| a.get().to_string())),
    ];
    let set: Vec<String> = pairs
        .into_iter()
        .filter_map(|(key, value)| value.map(|value| format!("{key} = {value}")))
        .collect();
    let set = (!set.is_empty()).then(|| format!("{{ {} }}", set.join(", ")));
    maybe(out, "limits", set, "{ cell_min_mv = 2700, cell_max_mv = 4150 }");
    let rating = component.rating;
    let pairs = [
        ("rating_v", rating.volts.map(Volts::get)),
        ("rating_a", rating.amps.map(Amps::get)),
        ("rating_w", rating.watts.map(Watts::get)),
    ];
    for (key, value) in pairs {
        if let Some(value) = value {
            put(out, key, &value);
        }
    }
    let settings = component.settings.iter();
    let settings: Vec<String> =
        settings.map(|(name, value)| format!("{} = {}", key(name), setting(value))).collect();
    if !settings.is_empty() {
        put(out, "settings", &format!("{{ {} }}", settings.join(", ")));
    }
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

/// A key that may be absent: then an example of it stands there as a comment.
fn maybe<T: Display>(out: &mut String, key: &str, value: Option<T>, example: &str) {
    match value {
        Some(value) => put(out, key, &value),
        None => put(out, &format!("# {key}"), &example),
    }
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

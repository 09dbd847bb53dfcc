//! The text of a manifest that was made out of a DBC, and what it says read back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Chosen, Draft, Mapped, Role};
use crate::engine::dbc::{Kind, Schema, Signal};
use crate::engine::device::battery::BatterySignal;
use crate::engine::device::{Category, Manifest};

/// What the first line of such a manifest begins with: what a person wrote is not written over.
pub(super) const MARK: &str = "# Made by Busbar out of messages.dbc";

/// Most panels of a folder; what is beyond shares the last one.
const PANELS: usize = 32;

/// A text in TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A number in TOML that is one with a point.
fn number(value: f64) -> String {
    toml::Value::Float(value).to_string()
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// The manifest of `draft`, whose signals are these.
pub(super) fn manifest(draft: &Draft, schema: &Schema, mapped: &[Mapped<'_>]) -> String {
    let mut out = String::new();
    head(&mut out, draft, schema, mapped);
    rates(&mut out, draft);
    panels(&mut out, schema, mapped);
    battery(&mut out, mapped);
    out
}

fn head(out: &mut String, draft: &Draft, schema: &Schema, mapped: &[Mapped<'_>]) {
    let category = match draft.category {
        _ if mapped.iter().any(|one| one.role.is_of_battery()) => "battery",
        Category::MotorController => "motor-controller",
        Category::Solar => "solar",
        Category::Sensor => "sensor",
        // A charger needs to be told what to do, and a battery tells at least something of one.
        Category::Battery | Category::Charger | Category::DriverControls | Category::Custom => {
            "custom"
        }
    };
    let default = schema.messages.iter().map(|message| message.id.raw()).min().unwrap_or_default();
    let shown = mapped.len();
    let summary = match draft.messages.len() {
        1 => format!("Described by a DBC: one message, {shown} readings."),
        count => format!("Described by a DBC: {count} messages, {shown} readings."),
    };
    // Keys of the whole come before the first table.
    let seldom = draft.messages.iter().filter(|(_, message)| message.period_ms == 0);
    let seldom: Vec<&str> = seldom.map(|(name, _)| name.as_str()).collect();
    let rates = if seldom.len() == draft.messages.len() { "rate = []\n" } else { "" };
    let on_demand = if seldom.is_empty() {
        String::new()
    } else {
        format!("on_demand = [{}]\n", list(&seldom))
    };
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{MARK}; a page of Busbar changes it. Once it is changed by\n\
         # hand, take this line out: then Busbar leaves it alone.\n\n\
         id = {}\ntitle = {}\nmaker = {}\ncategory = {}\nsummary = {}\n{on_demand}{rates}\n\
         [address]\nway = \"fixed\"\ndefault = 0x{default:X}\n",
        quoted(&draft.id),
        quoted(&draft.title),
        quoted(&draft.maker),
        quoted(category),
        quoted(&summary),
    );
}

fn rates(out: &mut String, draft: &Draft) {
    let mut by_period: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (name, message) in draft.messages.iter().filter(|(_, message)| message.period_ms > 0) {
        by_period.entry(message.period_ms).or_default().push(name);
    }
    for (period, names) in by_period {
        let (late, lost) = (period * 3, (period * 10).max(2000));
        let _ = write!(
            out,
            "\n[[rate]]\nname = \"every {period} ms\"\nperiod_ms = {period}\nlate_ms = {late}\nlost_ms = {lost}\nmessages = [{}]\n",
            list(&names)
        );
    }
}

/// A panel for every message that has readings.
fn panels(out: &mut String, schema: &Schema, mapped: &[Mapped<'_>]) {
    let mut panels = 0;
    for message in &schema.messages {
        let own =
            mapped.iter().filter(|one| one.message == message.name && one.role == Role::Reading);
        let own: Vec<&Mapped<'_>> = own.collect();
        if own.is_empty() {
            continue;
        }
        panels += 1;
        if panels <= PANELS {
            let title = if panels == PANELS { "More" } else { &message.name };
            let _ = write!(out, "\n[[panel]]\ntitle = {}\n", quoted(title));
        }
        for one in own {
            let signal = quoted(&format!("{}.{}", one.message, one.signal.name));
            let label = quoted(&spaced(&one.signal.name));
            let digits = digits(one.signal);
            let _ = write!(
                out,
                "\n[[panel.reading]]\nsignal = {signal}\nlabel = {label}\ndigits = {digits}\n"
            );
        }
    }
}

/// Most decimals that are shown.
const DIGITS: usize = 3;

/// As many decimals as its values have, up to three, and at most one more than tell its steps apart. A
/// floating point number has no step.
fn digits(signal: &Signal) -> usize {
    if matches!(signal.kind, Kind::Float | Kind::Double) {
        return DIGITS;
    }
    let steps = match signal.factor.abs() {
        step if step >= 1.0 || step <= 0.0 => 0,
        step if step >= 0.1 => 1,
        step if step >= 0.01 => 2,
        _ => 3,
    };
    let factor = decimals(signal.factor).min(steps + 1);
    factor.max(decimals(signal.offset)).min(DIGITS)
}

/// The digits behind the point of a number as it is written.
fn decimals(number: f64) -> usize {
    number.to_string().split_once('.').map_or(0, |(_, digits)| digits.len())
}

/// "PackVoltage_1" as "Pack voltage 1".
fn spaced(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut last = '_';
    for c in name.chars() {
        let begins = c.is_uppercase() && (last.is_lowercase() || last.is_ascii_digit());
        if c != '_' {
            match words.last_mut() {
                Some(word) if last != '_' && !begins => word.push(c),
                Some(_) | None => words.push(c.to_string()),
            }
        }
        last = c;
    }
    // A letter that stands alone, and what is written in capitals, stays so.
    let plain =
        |word: &String| word.chars().count() > 1 && word.chars().skip(1).all(|c| !c.is_uppercase());
    for word in words.iter_mut().skip(1).filter(|word| plain(word)) {
        *word = word.to_lowercase();
    }
    if words.is_empty() { name.to_owned() } else { words.join(" ") }
}

fn battery(out: &mut String, mapped: &[Mapped<'_>]) {
    if !mapped.iter().any(|one| one.role.is_of_battery()) {
        return;
    }
    out.push_str("\n[battery]\n");
    let place = |one: &Mapped<'_>| {
        let (message, signal) = (quoted(one.message), quoted(&one.signal.name));
        format!("message = {message}, signal = {signal}, scale = {}", number(one.scale))
    };
    for (key, role) in [
        ("voltage", Role::PackVoltage),
        ("current", Role::PackCurrent),
        ("soc", Role::StateOfCharge),
    ] {
        if let Some(one) = mapped.iter().find(|one| one.role == role) {
            let _ = writeln!(out, "{key} = {{ {} }}", place(one));
        }
    }
    let numbered = |of: fn(Role) -> Option<u16>| {
        let mut all: Vec<(u16, &Mapped<'_>)> =
            mapped.iter().filter_map(|one| Some((of(one.role)?, one))).collect();
        all.sort_by_key(|(number, _)| *number);
        all
    };
    let cell = |role| match role {
        Role::Cell(number) => Some(number),
        Role::Signal
        | Role::Reading
        | Role::PackVoltage
        | Role::PackCurrent
        | Role::StateOfCharge
        | Role::Temperature(_) => None,
    };
    let temperature = |role| match role {
        Role::Temperature(number) => Some(number),
        Role::Signal
        | Role::Reading
        | Role::PackVoltage
        | Role::PackCurrent
        | Role::StateOfCharge
        | Role::Cell(_) => None,
    };
    for (key, all) in [("cells", numbered(cell)), ("temperatures", numbered(temperature))] {
        if all.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{key} = [");
        for (number, one) in all {
            let _ = writeln!(out, "  {{ number = {number}, {} }},", place(one));
        }
        out.push_str("]\n");
    }
}

/// What the signals of such a folder are.
pub(super) fn roles(manifest: &Manifest, schema: &Schema) -> BTreeMap<(String, String), Chosen> {
    let mut roles = BTreeMap::new();
    for reading in manifest.panels.iter().flat_map(|panel| &panel.readings) {
        if let Some((message, signal)) = reading.signal.name().split_once('.') {
            roles.insert((message.to_owned(), signal.to_owned()), Role::Reading.into());
        }
    }
    for (what, message, signal, scale) in manifest.battery.iter().flat_map(|map| map.all()) {
        let role = match what {
            BatterySignal::Voltage => Role::PackVoltage,
            BatterySignal::Current => Role::PackCurrent,
            BatterySignal::Soc => Role::StateOfCharge,
            BatterySignal::Cell(number) => Role::Cell(number),
            BatterySignal::Temperature(number) => Role::Temperature(number),
        };
        let found = schema.message_named(message);
        let found = found.and_then(|m| m.signals.iter().find(|own| own.name == signal));
        let own = found.and_then(|signal| role.scale(&signal.unit));
        let same = |(_, other): &&(&str, f64)| (*other - scale).abs() < 1e-12;
        let unit = match own {
            Some(own) if (own - scale).abs() < 1e-12 => "",
            _ => role.units().iter().find(same).map_or("", |(unit, _)| unit),
        };
        let chosen = Chosen { role, unit: unit.to_owned() };
        roles.insert((message.to_owned(), signal.to_owned()), chosen);
    }
    roles
}

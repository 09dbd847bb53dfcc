//! The set points as fields: what stands in them, what they may be, and who says so.

use super::Desk;
use super::typed::{Kind, one, range_of};
use crate::base::units::Percent;
use crate::engine::{ChargeKey, SetPoints};
use crate::view::charge::FieldView;
use crate::view::text;

/// One set point.
pub(super) struct Entry {
    /// Its name in the API.
    pub field: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// How it is typed.
    pub kind: Kind,
    /// The rule that is its upper limit.
    pub rule: Option<ChargeKey>,
    /// What it does, and what an empty field means.
    pub about: &'static str,
}

impl Entry {
    /// Whether it may be left empty.
    pub(super) fn optional(&self) -> bool {
        !matches!(self.field, "current_a" | "cell_mv")
    }
}

/// All of them, in the order of the page.
pub(super) const FIELDS: &[Entry] = &[
    Entry {
        field: "current_a",
        label: "Max current",
        kind: Kind::Number("A"),
        rule: Some(ChargeKey::CurrentMax),
        about: "The charge never asks for more than this.",
    },
    Entry {
        field: "cell_mv",
        label: "Max cell voltage",
        kind: Kind::Cell,
        rule: Some(ChargeKey::CellMax),
        about: "The highest cell is held below this; the current goes down as it comes near.",
    },
    Entry {
        field: "soc_percent",
        label: "Charge to",
        kind: Kind::Number("%"),
        rule: None,
        about: "Stops at this state of charge. Empty: until the pack is full.",
    },
    Entry {
        field: "seconds",
        label: "Stop after",
        kind: Kind::Time,
        rule: Some(ChargeKey::Longest),
        about: "Stops after this time, hours and minutes. Empty: only the longest time of the rules.",
    },
    Entry {
        field: "charge_ah",
        label: "Stop after charge",
        kind: Kind::Number("Ah"),
        rule: None,
        about: "Stops when this much has gone in. Empty: not by charge.",
    },
    Entry {
        field: "pack_v",
        label: "Max pack voltage",
        kind: Kind::Number("V"),
        rule: Some(ChargeKey::PackMax),
        about: "The charger is never told more. Empty: the profile\u{2019}s limit.",
    },
    Entry {
        field: "mains_a",
        label: "Mains current",
        kind: Kind::Number("A"),
        rule: Some(ChargeKey::MainsAmps),
        about: "What the socket can give; the charge stays below it. Empty: the profile\u{2019}s figure.",
    },
];

/// The value of a field in set points, in the unit of the API.
fn value(set: &SetPoints, field: &str) -> Option<f64> {
    match field {
        "current_a" => Some(set.current.get()),
        "cell_mv" => Some(f64::from(set.cell.get())),
        "soc_percent" => set.soc.map(|soc| soc.get()),
        "seconds" => set.seconds,
        "charge_ah" => set.charge.map(|charge| charge.get()),
        "pack_v" => set.pack.map(|pack| pack.get()),
        "mains_a" => set.mains.map(|mains| mains.get()),
        _ => None,
    }
}

/// The fields with what was typed in them.
pub(super) fn fields(desk: &Desk<'_>) -> Vec<FieldView> {
    FIELDS.iter().map(|entry| field(desk, entry)).collect()
}

fn field(desk: &Desk<'_>, entry: &Entry) -> FieldView {
    let picture = desk.picture;
    let typed = desk.prefs.typed.get(entry.field);
    let present = || value(&picture.set, entry.field).map(|value| entry.kind.show(value));
    let error =
        typed.map_or_else(String::new, |typed| match one(entry.field, typed, &picture.rules) {
            Ok(value) => below_present(desk, entry.field, value),
            Err(error) => format!("{error}."),
        });
    let unit = match entry.field {
        "soc_percent" => "% SoC",
        _ => entry.kind.unit(),
    };
    FieldView {
        field: entry.field.to_owned(),
        label: entry.label.to_owned(),
        text: typed.cloned().or_else(present).unwrap_or_default(),
        unit: unit.to_owned(),
        range: range_of(entry.field, entry.kind, &picture.rules),
        origin: match entry.rule {
            Some(key) if picture.rules.is_set(key) => "profile",
            Some(_) => "usual",
            None => "fixed",
        }
        .to_owned(),
        error,
        about: entry.about.to_owned(),
    }
}

/// A target that is reached already is no target.
fn below_present(desk: &Desk<'_>, field: &str, value: Option<f64>) -> String {
    let present = desk.picture.seen.0.soc.map(Percent::get);
    match (field, value, present) {
        ("soc_percent", Some(wanted), Some(present)) if wanted <= present => format!(
            "Charge to {} %: the pack is at {} % already.",
            super::words::trimmed(wanted),
            text::fixed(present, 1)
        ),
        (_, _, _) => String::new(),
    }
}

//! The fields that every component has, or every battery, or every charger.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Field, Group, Need, Typed, Wrong};
use crate::base::id::Name;
use crate::base::units::{Amps, Celsius, Millivolts, Volts, Watts};
use crate::engine::can::address::Address;
use crate::engine::device::{
    AddressWay, Category, CurrentSign, Digits, Kind, SettingChoice, SettingRule, SettingShape,
    SettingValue,
};
use crate::engine::pack::usual_patience;
use crate::engine::profile::model::{BusEntry, ComponentEntry, Limits, OwnRating, Profile};
use crate::engine::profile::parse::bounds;

/// Limits that a component does not set.
const NO_LIMIT: &str = "no limit of ours; the device's own still hold";

/// Which of the fields a kind has.
struct Has {
    /// Sign, strings, pack and limits.
    battery: bool,
    /// A rating.
    rating: bool,
}

impl Has {
    const fn of(kind: &Kind) -> Self {
        let (battery, rating) = match kind.manifest.category {
            Category::Battery => (true, false),
            Category::Charger => (false, true),
            Category::DriverControls
            | Category::MotorController
            | Category::Solar
            | Category::Sensor
            | Category::Custom => (false, false),
        };
        Self { battery, rating }
    }
}

/// The buses that a component of a kind can be on.
pub(super) fn fitting<'p>(
    kind: &Kind,
    profile: &'p Profile,
) -> impl Iterator<Item = &'p BusEntry> + use<'p> {
    let wants_text = kind.manifest.address.way == AddressWay::Text;
    let is_text = |bus: &&BusEntry| matches!(bus.address, Address::Tcp { .. });
    profile.buses.iter().filter(move |bus| is_text(bus) == wants_text)
}

/// The fields besides those that the kind declares.
pub(super) fn common(kind: &Kind, profile: &Profile) -> Vec<Field> {
    let has = Has::of(kind);
    let mut fields = place(kind, profile);
    if has.battery {
        fields.extend(battery(kind));
        fields.extend(limits());
    }
    if has.rating {
        fields.extend(rating(kind));
    }
    let patience = usual_patience(kind);
    let ms = |span: Duration| format!("{} ms", span.as_millis());
    let (least, most) = bounds::PATIENCE_MS;
    let late = whole("late_ms", "Late after", (least, most), "ms");
    let help = "Older than this, its values are shown dimmed, with their age.";
    fields.push(field(late, Group::Ages, help, &ms(patience.late)));
    let lost = whole("lost_ms", "Lost after", (least, most), "ms");
    let help = "Older than this, its values are not shown and nothing relies on them.";
    fields.push(field(lost, Group::Ages, help, &ms(patience.lost)));
    fields
}

fn place(kind: &Kind, profile: &Profile) -> Vec<Field> {
    let name = rule("name", "Name", SettingShape::Text, "");
    let help = "What it is called on every page, in the journal and in the profile.";
    let name = Field { need: Need::Always, ..field(name, Group::Place, help, "") };
    let choice = |bus: &BusEntry| SettingChoice {
        value: bus.name.to_string(),
        title: format!("{} ({})", bus.name, bus.address),
    };
    let buses = SettingShape::Choice(fitting(kind, profile).map(choice).collect());
    let help = "The bus that it is heard on.";
    let bus = field(rule("bus", "Bus", buses, ""), Group::Place, help, "");
    let bus = Field { need: Need::Always, ..bus };
    match kind.manifest.address.way {
        // There is nothing to choose.
        AddressWay::Fixed => vec![name, bus],
        AddressWay::Base | AddressWay::Node | AddressWay::Text => vec![name, bus, base(kind)],
    }
}

/// The address: any in range, or one of a list.
fn base(kind: &Kind) -> Field {
    let address = &kind.manifest.address;
    let (title, help) = match address.way {
        AddressWay::Base => (
            "Base address",
            format!(
                "Its ids begin here; it has {} of them. Addresses go in steps of 0x{:02X}.",
                address.span, address.step
            ),
        ),
        AddressWay::Node => ("Address", "It stands in the ids of its messages.".to_owned()),
        AddressWay::Text | AddressWay::Fixed => {
            ("Address", "As it is set at the device.".to_owned())
        }
    };
    let shape = if address.choices.is_empty() {
        let highest = address.highest.unwrap_or(match address.way {
            AddressWay::Base => 0x800_u32.saturating_sub(address.span),
            AddressWay::Node | AddressWay::Text | AddressWay::Fixed => address.default,
        });
        let written = match address.way {
            AddressWay::Base | AddressWay::Node => Digits::Hex,
            AddressWay::Text | AddressWay::Fixed => Digits::Decimal,
        };
        SettingShape::Integer { range: 0..=i64::from(highest), written }
    } else {
        let choice = |base: &u32| {
            let text = base_text(kind, *base);
            SettingChoice { value: text.clone(), title: text }
        };
        SettingShape::Choice(address.choices.iter().map(choice).collect())
    };
    let usual = base_text(kind, address.default);
    field(rule("base", title, shape, ""), Group::Place, &help, &usual)
}

/// An address as it is written in the form of a kind.
pub(super) fn base_text(kind: &Kind, base: u32) -> String {
    match kind.manifest.address.way {
        AddressWay::Base => format!("0x{base:03X}"),
        AddressWay::Node => format!("0x{base:02X}"),
        AddressWay::Text | AddressWay::Fixed => base.to_string(),
    }
}

/// What was typed for an address of a list, as it stands there; anything else as it is.
pub(super) fn listed_base(kind: &Kind, text: &str) -> String {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = match hex {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let listed = number.ok().filter(|base| kind.manifest.address.choices.contains(base));
    listed.map_or_else(|| text.to_owned(), |base| base_text(kind, base))
}

fn battery(kind: &Kind) -> Vec<Field> {
    let choice = |(sign, title): (CurrentSign, &str)| SettingChoice {
        value: sign.name().to_owned(),
        title: title.to_owned(),
    };
    let signs = [
        (CurrentSign::ChargePositive, "positive while charging"),
        (CurrentSign::DischargePositive, "positive while discharging"),
    ];
    let usual = signs.iter().find(|(sign, _)| *sign == kind.manifest.current_sign);
    let usual = usual.map_or("", |(_, title)| title);
    let shape = SettingShape::Choice(signs.map(choice).to_vec());
    let sign = rule("current_sign", "Current is sent", shape, "");
    let help = "Charge with an ampere or two and see that Busbar says \u{201c}charging\u{201d}.";
    let sign = field(sign, Group::Battery, help, usual);
    let strings = whole("strings", "Parallel strings", bounds::STRINGS, "");
    let strings = field(strings, Group::Battery, "Strings of cells behind it.", "1");
    let pack = rule("pack", "Pack", SettingShape::Text, "");
    let help = "Components that name the same pack are shown as one.";
    vec![sign, strings, field(pack, Group::Battery, help, "a pack of its own, named as it is")]
}

fn limits() -> Vec<Field> {
    let limit = |rule: SettingRule, help: &str| field(rule, Group::Limits, help, NO_LIMIT);
    let (cell_min, cell_max) = (bounds::CELL_MIN_MV, bounds::CELL_MAX_MV);
    let warm = bounds::TEMPERATURE_C;
    let current = measure("current_max_a", "Highest current", bounds::CURRENT_MAX_A, "A");
    vec![
        limit(
            whole("cell_min_mv", "Lowest cell voltage", cell_min, "mV"),
            "A cell below it is a warning.",
        ),
        limit(
            whole("cell_max_mv", "Highest cell voltage", cell_max, "mV"),
            "A cell above it is a warning.",
        ),
        limit(
            measure("temperature_min_c", "Lowest cell temperature", warm, "\u{b0}C"),
            "A colder cell is a warning.",
        ),
        limit(
            measure("temperature_max_c", "Highest cell temperature", warm, "\u{b0}C"),
            "A hotter cell is a warning.",
        ),
        limit(current, "More than this, either way, is a warning."),
    ]
}

fn rating(kind: &Kind) -> Vec<Field> {
    let usual = kind.manifest.rating;
    let said = |of: Option<f64>, unit: &str| {
        let unknown = || "not known: it cannot charge before this is said".to_owned();
        of.map_or_else(unknown, |number| format!("{number} {unit}"))
    };
    let one = |name, title, bounds, unit, of: Option<f64>| {
        let help = "What it can give at most, by its data sheet. It is never told to give more.";
        field(measure(name, title, bounds, unit), Group::Rating, help, &said(of, unit))
    };
    vec![
        one("rating_v", "Highest voltage", bounds::RATING_V, "V", usual.map(|u| u.volts)),
        one("rating_a", "Highest current", bounds::RATING_A, "A", usual.map(|u| u.amps)),
        one("rating_w", "Highest power", bounds::RATING_W, "W", usual.map(|u| u.watts)),
    ]
}

fn field(rule: SettingRule, group: Group, help: &str, usual: &str) -> Field {
    let rule = SettingRule { help: help.to_owned(), ..rule };
    Field { rule, group, need: Need::MayBeEmpty, usual: usual.to_owned() }
}

fn rule(name: &str, title: &str, shape: SettingShape, unit: &str) -> SettingRule {
    SettingRule {
        name: name.to_owned(),
        title: title.to_owned(),
        shape,
        unit: unit.to_owned(),
        default: SettingValue::Word(String::new()),
        help: String::new(),
    }
}

fn whole(name: &str, title: &str, (least, most): (u32, u32), unit: &str) -> SettingRule {
    let range = i64::from(least)..=i64::from(most);
    rule(name, title, SettingShape::Integer { range, written: Digits::Decimal }, unit)
}

fn measure(name: &str, title: &str, (least, most): (f64, f64), unit: &str) -> SettingRule {
    rule(name, title, SettingShape::Number { range: least..=most }, unit)
}

/// Takes the values of these fields out of `values`; what is left is the kind's own.
pub(super) fn read_common(
    kind: &Kind,
    values: &mut BTreeMap<String, SettingValue>,
    wrong: &mut Vec<Wrong>,
) -> Option<ComponentEntry> {
    let mut taken = Taken { values, wrong };
    let name = taken.name("name", "Name");
    let bus = taken.name("bus", "Bus");
    let pack = taken.name("pack", "Pack");
    let limits = taken.limits();
    let millis = |ms: i64| u64::try_from(ms).ok().map(Duration::from_millis);
    let late = taken.whole("late_ms").and_then(millis);
    let lost = taken.whole("lost_ms").and_then(millis);
    let usual = usual_patience(kind);
    let order = (late.unwrap_or(usual.late), lost.unwrap_or(usual.lost));
    if (late.is_some() || lost.is_some()) && order.0 >= order.1 {
        let (late, lost) = (order.0.as_millis(), order.1.as_millis());
        let text = format!("Lost after ({lost} ms) must be longer than Late after ({late} ms).");
        taken.say("lost_ms", text);
    }
    let rating = OwnRating {
        volts: taken.number("rating_v").map(Volts),
        amps: taken.number("rating_a").map(Amps),
        watts: taken.number("rating_w").map(Watts),
    };
    let sign = taken.word("current_sign").and_then(|word| word.parse::<CurrentSign>().ok());
    let strings = taken.whole("strings").and_then(|count| u16::try_from(count).ok());
    let base = taken.base();
    let entry = ComponentEntry::new(name?, &kind.manifest.id, bus?);
    Some(ComponentEntry {
        base,
        current_sign: sign,
        strings: strings.unwrap_or(1),
        pack,
        late,
        lost,
        limits,
        rating,
        ..entry
    })
}

/// The address that a value is.
pub(super) fn base_of(value: &SettingValue) -> Option<u32> {
    match value {
        SettingValue::Integer(number) => u32::try_from(*number).ok(),
        SettingValue::Word(word) => match word.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => word.parse().ok(),
        },
        SettingValue::Switch(_) | SettingValue::Number(_) => None,
    }
}

/// Values on their way into a component.
struct Taken<'a> {
    values: &'a mut BTreeMap<String, SettingValue>,
    wrong: &'a mut Vec<Wrong>,
}

impl Taken<'_> {
    fn say(&mut self, field: &str, text: String) {
        self.wrong.push(Wrong { field: field.to_owned(), text });
    }

    fn word(&mut self, name: &str) -> Option<String> {
        self.values.remove(name).map(|value| value.to_string())
    }

    fn name(&mut self, field: &str, title: &str) -> Option<Name> {
        let text = self.word(field)?;
        match Name::new(&text) {
            Ok(name) => Some(name),
            Err(why) => {
                self.say(field, format!("{title}: {why}."));
                None
            }
        }
    }

    fn whole(&mut self, name: &str) -> Option<i64> {
        match self.values.remove(name)? {
            SettingValue::Integer(number) => Some(number),
            SettingValue::Switch(_) | SettingValue::Number(_) | SettingValue::Word(_) => None,
        }
    }

    fn number(&mut self, name: &str) -> Option<f64> {
        match self.values.remove(name)? {
            SettingValue::Number(number) => Some(number),
            SettingValue::Switch(_) | SettingValue::Integer(_) | SettingValue::Word(_) => None,
        }
    }

    /// The address: a number, or one of a list as it is shown there.
    fn base(&mut self) -> Option<u32> {
        base_of(&self.values.remove("base")?)
    }

    fn limits(&mut self) -> Limits {
        let millivolts = |mv: i64| i32::try_from(mv).ok().map(Millivolts);
        let limits = Limits {
            cell_min: self.whole("cell_min_mv").and_then(millivolts),
            cell_max: self.whole("cell_max_mv").and_then(millivolts),
            temperature_min: self.number("temperature_min_c").map(Celsius),
            temperature_max: self.number("temperature_max_c").map(Celsius),
            current_max: self.number("current_max_a").map(Amps),
        };
        if let (Some(min), Some(max)) = (limits.cell_min, limits.cell_max)
            && min.get() >= max.get()
        {
            let (min, max) = (min.get(), max.get());
            let text = format!("It must be above the lowest: {max} mV is not above {min} mV.");
            self.say("cell_max_mv", text);
        }
        if let (Some(min), Some(max)) = (limits.temperature_min, limits.temperature_max)
            && min.get() >= max.get()
        {
            let (min, max) = (min.get(), max.get());
            let text =
                format!("It must be above the lowest: {max} \u{b0}C is not above {min} \u{b0}C.");
            self.say("temperature_max_c", text);
        }
        limits
    }
}

/// What stands in these fields of a component as it is.
pub(super) fn typed(entry: &ComponentEntry, kind: &Kind) -> Typed {
    let ms = |span: Duration| span.as_millis().to_string();
    let Limits { cell_min, cell_max, temperature_min, temperature_max, current_max } = entry.limits;
    let pairs = [
        ("name", Some(entry.name.to_string())),
        ("bus", Some(entry.bus.to_string())),
        ("base", entry.base.map(|base| base_text(kind, base))),
        ("current_sign", entry.current_sign.map(|sign| sign.name().to_owned())),
        ("strings", (entry.strings != 1).then(|| entry.strings.to_string())),
        ("pack", entry.pack.as_ref().map(ToString::to_string)),
        ("late_ms", entry.late.map(ms)),
        ("lost_ms", entry.lost.map(ms)),
        ("cell_min_mv", cell_min.map(|mv| mv.get().to_string())),
        ("cell_max_mv", cell_max.map(|mv| mv.get().to_string())),
        ("temperature_min_c", temperature_min.map(|t| t.get().to_string())),
        ("temperature_max_c", temperature_max.map(|t| t.get().to_string())),
        ("current_max_a", current_max.map(|a| a.get().to_string())),
        ("rating_v", entry.rating.volts.map(|v| v.get().to_string())),
        ("rating_a", entry.rating.amps.map(|a| a.get().to_string())),
        ("rating_w", entry.rating.watts.map(|w| w.get().to_string())),
    ];
    let pairs = pairs.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?)));
    pairs.collect()
}

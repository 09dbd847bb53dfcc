//! Composes the tiles of the Pack page: totals and facts.

use crate::base::id::Name;
use crate::base::reading::Age;
use crate::base::units::{Amps, Percent, Volts};
use crate::engine::{
    Among, Beside, CellAt, CellsTold, Lack, PackPicture, ReadingPicture, Seen, Share, Switching,
    TemperatureAt, TemperatureUnit,
};
use crate::view::shown::{Shown, Tile, Tone};
use crate::view::text;

/// Below this the pack counts as resting, amperes.
const RESTING_A: f64 = 0.05;

/// Voltage, current, power, state of charge, cells, temperature.
#[must_use]
pub fn tiles(picture: &PackPicture, unit: TemperatureUnit) -> Vec<Tile> {
    vec![
        voltage(picture),
        current(picture),
        power(picture),
        charge(picture),
        cells(picture),
        temperature(picture, unit),
    ]
}

fn tile(label: &str, value: Shown) -> Tile {
    Tile { label: label.to_owned(), value, tone: Tone::Plain }
}

fn shown<T>(seen: &Seen<T>, unit: &str, number: impl Fn(&T) -> String, note: String) -> Shown {
    text::shown(seen.age, seen.value.as_ref().map(number), unit, note)
}

fn voltage(picture: &PackPicture) -> Tile {
    let (modules, cells) = (picture.modules.len(), picture.cells.present());
    let note = match modules {
        0 => String::new(),
        _ => format!("{modules} CMUs \u{b7} {cells} cells"),
    };
    tile("Pack voltage", shown(&picture.voltage, "V", |v| text::fixed(v.get(), 2), note))
}

fn current(picture: &PackPicture) -> Tile {
    let amps = picture.current.value.map_or(0.0, |amps| amps.get());
    let note = match amps {
        a if a > RESTING_A => "charging",
        a if a < -RESTING_A => "discharging",
        _ => "resting",
    };
    tile("Current", shown(&picture.current, "A", |a| text::signed(a.get(), 2), note.to_owned()))
}

fn power(picture: &PackPicture) -> Tile {
    let watts = picture.power.value.map_or(0.0, |watts| watts.get());
    let note = match watts {
        w if w > 0.0 => "into the pack",
        w if w < 0.0 => "out of the pack",
        _ => "no power",
    };
    let kilowatts = |w: &crate::base::units::Watts| text::signed(w.get() / 1000.0, 2);
    tile("Power", shown(&picture.power, "kW", kilowatts, note.to_owned()))
}

fn charge(picture: &PackPicture) -> Tile {
    let ah = |ah: f64| text::fixed(ah, 1);
    let left = match (picture.capacity.value, picture.used.value) {
        (Some(_), Some(used)) if used.get() < 0.0 => {
            format!("{} Ah beyond full \u{b7} ", ah(-used.get()))
        }
        (Some(capacity), Some(used)) => {
            format!("{} of {} Ah \u{b7} ", ah(capacity.get() - used.get()), ah(capacity.get()))
        }
        (None, _) | (_, None) => String::new(),
    };
    let source = picture.soc.value.map_or("", |soc| soc.source.words());
    let number = |soc: &crate::engine::Soc| text::fixed(soc.percent.get(), 1);
    tile("State of charge", shown(&picture.soc, "%", number, format!("{left}{source}")))
}

/// Where a cell is: "3\u{b7}4" for CMU 3 cell 4, with its BMS in front where there are several.
fn place(picture: &PackPicture, cell: CellAt) -> String {
    let member = picture.members.get(usize::from(cell.member));
    let member = member.map_or_else(String::new, |member| format!("{member} "));
    // Module 0 stands for no place: the BMS does not say which cell it is.
    if cell.module == 0 {
        return format!("{member}not told");
    }
    format!("{member}{}\u{b7}{}", cell.module, cell.cell)
}

fn volts(mv: i32) -> String {
    text::fixed(f64::from(mv) / 1000.0, 3)
}

fn cells(picture: &PackPicture) -> Tile {
    let cells = &picture.cells;
    match picture.cells_told {
        CellsTold::Every => {}
        CellsTold::Range => return reported_cells(picture),
        CellsTold::Nothing => {
            return tile("Cells", Shown { text: NOT_TOLD.into(), ..Shown::default() });
        }
    }
    let range = cells.min.zip(cells.max).zip(cells.spread_mv);
    let text = range.map(|((min, max), _)| format!("{}\u{2013}{}", volts(min.mv), volts(max.mv)));
    let note = range.map_or_else(String::new, |((min, max), spread)| {
        let (min, max) = (place(picture, min), place(picture, max));
        format!("spread {spread} mV \u{b7} min {min} \u{b7} max {max}")
    });
    let shown = text::shown(picture.cells_age(), text, "V", note.clone());
    tile("Cells", of_share(shown, picture.cells_share(), note))
}

/// What stands where a BMS has nothing to tell, which is not the same as having told nothing lately.
const NOT_TOLD: &str = "not told";

/// Lowest and highest cell of a BMS that tells no other.
fn reported_cells(picture: &PackPicture) -> Tile {
    let range = picture.reported_cells;
    let note = range.value.map_or_else(String::new, |(low, high)| {
        format!("spread {} mV \u{b7} of the lowest and the highest", high.mv - low.mv)
    });
    let text =
        |(low, high): &(CellAt, CellAt)| format!("{}\u{2013}{}", volts(low.mv), volts(high.mv));
    tile("Cells", shown(&range, "V", text, note))
}

/// Coldest and hottest as a BMS without modules reports them, or its one temperature.
fn reported_temperature(picture: &PackPicture, unit: TemperatureUnit) -> Tile {
    let number = |at: TemperatureAt| text::fixed(unit.of(at.temperature.get()), 1);
    let range = picture.reported_temperatures.and_then(|(low, high)| low.zip(high));
    if range.value.is_some() {
        let text = |(low, high): &(TemperatureAt, TemperatureAt)| {
            format!("{}\u{2013}{}", number(*low), number(*high))
        };
        return tile("Temperature", shown(&range, unit.symbol(), text, String::new()));
    }
    let celsius = |c: &crate::base::units::Celsius| text::fixed(unit.of(c.get()), 1);
    let note = "of the battery, no cell named".to_owned();
    tile("Temperature", shown(&picture.temperature, unit.symbol(), celsius, note))
}

/// With the word for how many it is of, where that is not all.
fn of_share(shown: Shown, share: Option<Share>, note: String) -> Shown {
    let Some(Share { told, of, among }) = share.filter(|_| !shown.unit.is_empty()) else {
        return shown;
    };
    let what = match among {
        Among::Batteries => "batteries",
        Among::Modules => "CMUs",
        Among::Cells => "cells",
    };
    Shown { note: format!("of {told} of {of} {what} only \u{b7} {note}"), ..shown }
}

fn temperature(picture: &PackPicture, unit: TemperatureUnit) -> Tile {
    if picture.cells_told != CellsTold::Every {
        return reported_temperature(picture, unit);
    }
    let number = |at: TemperatureAt| text::fixed(unit.of(at.temperature.get()), 1);
    let of = |at: TemperatureAt| {
        let member = picture.members.get(usize::from(at.member));
        member.map_or_else(String::new, |member| format!("{member} "))
            + &format!("CMU {}", at.module)
    };
    let range = picture.temperatures.min.zip(picture.temperatures.max);
    let text = range.map(|(min, max)| format!("{}\u{2013}{}", number(min), number(max)));
    let note = range.map_or_else(String::new, |(min, max)| {
        format!("hottest {} \u{b7} coldest {}", of(max), of(min))
    });
    let shown = text::shown(picture.temperatures_age(), text, unit.symbol(), note.clone());
    tile("Temperature", of_share(shown, picture.temperatures_share(), note))
}

/// Thresholds, capacity, supplies, who it is.
#[must_use]
pub fn facts(picture: &PackPicture, unit: TemperatureUnit) -> Vec<Tile> {
    let volts3 = |v: &Volts| text::fixed(v.get(), 3);
    let balance_on = picture.balance.map(|balance| Volts(f64::from(balance.on) / 1000.0));
    let headroom = picture.headroom.map(|headroom| headroom.charge.get());
    let margin = picture.headroom.map(|headroom| -headroom.temperature.get());
    let degrees = match unit {
        TemperatureUnit::Celsius => "K",
        TemperatureUnit::Fahrenheit => unit.symbol(),
    };
    let firmware = &picture.firmware;
    let identity = picture.identity.map(|identity| identity.serial);
    let rpm = picture.fans.map(|fans| fans.rpm);
    if picture.switching != Switching::Key {
        return more_facts(picture);
    }
    vec![
        tile("Balance at", shown(&balance_on, "V", volts3, String::new())),
        tile(
            "Headroom",
            shown(&headroom, "mV", |mv| text::signed(f64::from(*mv), 0), String::new()),
        ),
        tile(
            "Heat margin",
            shown(&margin, degrees, |k| text::fixed(unit.difference(*k), 1), String::new()),
        ),
        tile(
            "Capacity",
            shown(&picture.capacity, "Ah", |ah| text::fixed(ah.get(), 0), String::new()),
        ),
        tile("Fans", shown(&rpm, "rpm", |[a, b]| format!("{a} / {b}"), String::new())),
        tile("Serial", shown(&identity, "", u32::to_string, String::new())),
        tile("Firmware", shown(firmware, "", |build| format!("build {build}"), String::new())),
    ]
}

/// What parts beside the pack measure of it a second time, with how far that is from the pack's own.
pub fn beside<'s>(
    picture: &'s PackPicture,
    all: impl Iterator<Item = (&'s Name, Beside, ReadingPicture)> + 's,
) -> impl Iterator<Item = Tile> + 's {
    all.map(|(name, what, now)| {
        let (label, unit, own) = match what {
            Beside::PackCurrent => ("current", "A", picture.current.value.map(|amps| amps.get())),
            Beside::PackVoltage => ("voltage", "V", picture.voltage.value.map(|volts| volts.get())),
        };
        let number = |value: &f64| match what {
            Beside::PackCurrent => text::signed(*value, 2),
            Beside::PackVoltage => text::fixed(*value, 2),
        };
        let apart = now.value.value.zip(own).map(|(second, own)| second - own);
        let note = apart.map_or_else(String::new, |apart| {
            format!("{} {unit} from the BMS's own", text::signed(apart, 2))
        });
        tile(&format!("{name}: {label}"), shown(&now.value, unit, number, note))
    })
}

/// A limit of several batteries together, with whose word it lacks where it is not known.
fn joined(shown: Shown, (picture, lack): (&PackPicture, Option<Lack>)) -> Shown {
    match lack {
        Some(lack) => Shown { note: lack_words(picture, lack), ..shown },
        None => shown,
    }
}

/// Whose word is missing, so that several batteries have no limit together: "String 2 does not tell it".
#[must_use]
pub fn lack_words(picture: &PackPicture, lack: Lack) -> String {
    let name = picture.members.get(usize::from(lack.member)).map_or("one", String::as_str);
    match lack.age {
        Age::Fresh(_) => format!("{name} does not tell it"),
        Age::Late(age) => format!("what {name} said of it is {} old", text::span(age)),
        Age::Lost(age) => format!("{name} has said nothing of it for {}", text::span(age)),
        Age::Never => format!("{name} has told none"),
    }
}

/// The same for what is not a first generation: limits first.
fn more_facts(picture: &PackPicture) -> Vec<Tile> {
    let amps = |a: &Amps| text::fixed(a.get(), 1);
    let volts1 = |v: &Volts| text::fixed(v.get(), 1);
    let percent = |p: &Percent| text::fixed(p.get(), 1);
    let limits = &picture.limits;
    let lacking = &picture.lacking;
    let permits = picture.permits.value;
    let may = |yes: Option<bool>| match yes {
        Some(false) => "not permitted by the BMS".to_owned(),
        Some(true) | None => String::new(),
    };
    let balance_on = picture.balance.map(|balance| Volts(f64::from(balance.on) / 1000.0));
    let version = picture.version.map(|(major, minor)| format!("{major}.{minor}"));
    let maker = picture.maker.map(|letters| text::in_letters(&letters));
    let amps_limit = |name, limit: Seen<Amps>, lack, note| {
        tile(name, joined(shown(&limit, "A", amps, note), (picture, lack)))
    };
    let volts_limit = |name, limit: Seen<Volts>, lack| {
        tile(name, joined(shown(&limit, "V", volts1, String::new()), (picture, lack)))
    };
    let (charging, discharging) =
        (may(permits.map(|p| p.charge)), may(permits.map(|p| p.discharge)));
    let mut tiles = vec![
        amps_limit(
            "Charge limit",
            limits.and_then(|l| l.charge_current),
            lacking.charge_current,
            charging,
        ),
        volts_limit(
            "Charge voltage",
            limits.and_then(|l| l.charge_voltage),
            lacking.charge_voltage,
        ),
        amps_limit(
            "Discharge limit",
            limits.and_then(|l| l.discharge_current),
            lacking.discharge_current,
            discharging,
        ),
        volts_limit(
            "Discharge voltage",
            limits.and_then(|l| l.discharge_voltage),
            lacking.discharge_voltage,
        ),
        tile("State of health", shown(&picture.health, "%", percent, String::new())),
        tile(
            "Capacity",
            shown(&picture.capacity, "Ah", |ah| text::fixed(ah.get(), 0), String::new()),
        ),
    ];
    match picture.switching {
        Switching::Command => tiles.extend([
            tile("Balance at", shown(&balance_on, "V", |v| text::fixed(v.get(), 3), String::new())),
            tile(
                "Serial",
                shown(&picture.identity.map(|who| who.serial), "", u32::to_string, String::new()),
            ),
            tile("Firmware", shown(&version, "", String::clone, String::new())),
        ]),
        Switching::Key | Switching::Own | Switching::Unknown => {
            tiles.push(tile("Maker", shown(&maker, "", String::clone, String::new())));
        }
    }
    tiles
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::units::{Amps, Celsius};
    use crate::engine::{CellPicture, CellState, ModulePicture};
    use crate::view::shown::Shade;

    fn limit(picture: &PackPicture, label: &str) -> Shown {
        let tiles = facts(picture, TemperatureUnit::Celsius);
        tiles.into_iter().find(|tile| tile.label == label).unwrap().value
    }

    #[test]
    fn extremes_of_some_cells_are_not_shown_as_those_of_all() {
        let fresh = Age::Fresh(Duration::from_millis(200));
        let lost = Age::Lost(Duration::from_secs(9));
        let at = |mv| CellAt { member: 0, mv, module: 1, cell: 0 };
        let cell = |state, age| CellPicture { state, age, ..CellPicture::default() };
        let warmth = TemperatureAt { member: 0, module: 1, temperature: Celsius(21.0) };
        let module = |cells, age| ModulePicture {
            cells,
            temperature: Seen { value: None, age },
            ..ModulePicture::default()
        };
        let cells = vec![cell(CellState::Ok, fresh), cell(CellState::Lost, lost)];
        let mut picture = PackPicture {
            modules: vec![module(cells, fresh), module(Vec::new(), lost)],
            ..PackPicture::default()
        };
        (picture.cells.min, picture.cells.max) = (Some(at(3700)), Some(at(3700)));
        picture.cells.spread_mv = Some(0);
        (picture.temperatures.min, picture.temperatures.max) = (Some(warmth), Some(warmth));
        let find = |picture: &PackPicture, label: &str| {
            let tiles = tiles(picture, TemperatureUnit::Celsius);
            tiles.into_iter().find(|tile| tile.label == label).unwrap().value
        };
        let shown = find(&picture, "Cells");
        assert_eq!(shown.shade, Shade::Late, "{shown:?}");
        assert!(shown.note.starts_with("of 1 of 2 cells only \u{b7} spread 0 mV"), "{shown:?}");
        let shown = find(&picture, "Temperature");
        assert_eq!(shown.shade, Shade::Late, "{shown:?}");
        assert!(shown.note.starts_with("of 1 of 2 CMUs only \u{b7} hottest CMU 1"), "{shown:?}");
        picture.modules.pop();
        picture.modules[0].cells.pop();
        let shown = find(&picture, "Cells");
        assert_eq!((shown.shade, shown.note.starts_with("spread 0 mV")), (Shade::Fresh, true));
        assert_eq!(find(&picture, "Temperature").shade, Shade::Fresh);
    }

    #[test]
    fn a_limit_of_several_batteries_is_a_number_or_a_dash_that_says_whose_word_is_missing() {
        let fresh = Age::Fresh(Duration::from_millis(200));
        let mut picture = PackPicture {
            members: vec!["Left".to_owned(), "Right".to_owned()],
            switching: Switching::Own,
            limits: Seen { value: Some(Default::default()), age: fresh },
            ..PackPicture::default()
        };
        picture.limits.value.as_mut().unwrap().charge_current = Some(Amps(35.0));
        picture.lacking.discharge_current = Some(Lack { member: 1, age: fresh });
        let shown = limit(&picture, "Charge limit");
        assert_eq!((shown.text.as_str(), shown.unit.as_str()), ("35.0", "A"));
        assert_eq!(shown.note, "");
        let shown = limit(&picture, "Discharge limit");
        assert_eq!((shown.shade, shown.note.as_str()), (Shade::Never, "Right does not tell it"));
        let late = Age::Late(Duration::from_secs(2));
        picture.limits = Seen { value: None, age: late };
        picture.lacking.charge_current = Some(Lack { member: 0, age: late });
        let shown = limit(&picture, "Charge limit");
        assert_eq!(shown.note, "what Left said of it is 2.0 s old");
        assert!(shown.unit.is_empty() && shown.text != "35.0", "{shown:?}");
    }
}

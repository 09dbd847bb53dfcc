//! Reads a scene from TOML text and checks that it holds together. Every complaint names the line
//! and says what would be right.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::part::PartPlan;
use super::scene::{
    BmuKind, BmuPlan, ChargerPlan, ControlsPlan, Doing, Fault, Leg, MODULE_CELLS, Oddity, Scene,
    SceneError, Wrong,
};
use super::world::Parked;
use crate::base::id::Name;
use crate::base::time::{Mono, Wall};

/// Most BMUs, legs, faults and odd cells of a scene.
const MOST_BMUS: usize = 8;
const MOST_PARTS: usize = 16;
const MOST_LEGS: usize = 256;
const MOST_FAULTS: usize = 64;
const MOST_ODDITIES: usize = 1024;
/// Most modules that a BMU can relay (protocol note, section 2.1).
const MOST_MODULES: u16 = 79;
/// Most modules of a second generation that are told apart (protocol note, section 3.1).
const MOST_SECOND_MODULES: u16 = 27;
/// Longest time that a scene may name, seconds: a year.
const LONGEST_S: f64 = 366.0 * 86_400.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    description: String,
    #[serde(default)]
    seed: u64,
    speed: Option<Spanned<f64>>,
    start: Option<Spanned<Datetime>>,
    ambient_c: Option<Spanned<f64>>,
    #[serde(default)]
    parked: bool,
    pack: Name,
    #[serde(default)]
    bmu: Vec<Spanned<BmuPlan>>,
    #[serde(default)]
    cell: Vec<Spanned<CellTable>>,
    charger: Option<Spanned<ChargerPlan>>,
    controls: Option<Spanned<ControlsPlan>>,
    #[serde(default)]
    part: Vec<Spanned<PartPlan>>,
    #[serde(default)]
    leg: Vec<Spanned<Leg>>,
    #[serde(default)]
    fault: Vec<Spanned<FaultTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CellTable {
    bmu: Option<Name>,
    module: u16,
    cell: u16,
    soc_percent: Option<f64>,
    #[serde(default = "one")]
    capacity_factor: f64,
    #[serde(default = "one")]
    resistance_factor: f64,
    loss_percent_per_day: Option<f64>,
}

const fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultTable {
    #[serde(rename = "do")]
    what: Wrong,
    on: Option<Name>,
    module: Option<u16>,
    cell: Option<u16>,
    message: Option<String>,
    from: f64,
    until: Option<f64>,
    every: Option<f64>,
    by: Option<f64>,
}

/// Says what is wrong; the caller adds the line.
type Check<T = ()> = Result<T, String>;

impl Scene {
    /// Reads a scene from `text`; `origin` names it in complaints.
    ///
    /// # Errors
    /// Something does not hold together: with the line.
    pub fn parse(text: &str, origin: &str, name: &str) -> Result<Self, SceneError> {
        let at = |offset: usize, text_of: String| SceneError::Wrong {
            origin: origin.to_owned(),
            line: line_of(text, offset),
            text: text_of,
        };
        let file: File = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            at(offset, error.message().replace('\n', " "))
        })?;
        let mut scene = Self {
            name: name.to_owned(),
            title: file.title,
            description: file.description,
            seed: file.seed,
            speed: file.speed.as_ref().map_or(1.0, |s| *s.get_ref()),
            start: Wall::from_nanos(0),
            ambient_c: file.ambient_c.as_ref().map_or(22.0, |c| *c.get_ref()),
            parked: if file.parked { Parked::Parked } else { Parked::Driving },
            pack: file.pack,
            bmus: Vec::new(),
            charger: None,
            controls: None,
            parts: Vec::new(),
            legs: Vec::new(),
            faults: Vec::new(),
        };
        let start = file.speed.as_ref().map_or(0, |s| s.span().start);
        number("speed", scene.speed, 0.01, 1000.0).map_err(|t| at(start, t))?;
        let start = file.ambient_c.as_ref().map_or(0, |s| s.span().start);
        number("ambient_c", scene.ambient_c, -40.0, 60.0).map_err(|t| at(start, t))?;
        if let Some(start) = &file.start {
            scene.start = wall(start.get_ref()).map_err(|t| at(start.span().start, t))?;
        }
        limit(&file.bmu, MOST_BMUS, "bmu").map_err(|(o, t)| at(o, t))?;
        limit(&file.cell, MOST_ODDITIES, "cell").map_err(|(o, t)| at(o, t))?;
        limit(&file.part, MOST_PARTS, "part").map_err(|(o, t)| at(o, t))?;
        limit(&file.leg, MOST_LEGS, "leg").map_err(|(o, t)| at(o, t))?;
        limit(&file.fault, MOST_FAULTS, "fault").map_err(|(o, t)| at(o, t))?;
        if file.bmu.is_empty() {
            return Err(at(0, "a scene needs at least one [[bmu]]".to_owned()));
        }
        let mut taken = BTreeSet::new();
        for bmu in file.bmu {
            let offset = bmu.span().start;
            let plan = bmu.into_inner();
            check_bmu(&plan)
                .and_then(|()| fresh(&mut taken, &plan.name))
                .map_err(|t| at(offset, t))?;
            scene.bmus.push(plan);
        }
        if let Some(charger) = file.charger {
            let offset = charger.span().start;
            let plan = charger.into_inner();
            check_charger(&plan)
                .and_then(|()| fresh(&mut taken, &plan.name))
                .map_err(|t| at(offset, t))?;
            scene.charger = Some(plan);
        }
        if let Some(controls) = file.controls {
            let offset = controls.span().start;
            let plan = controls.into_inner();
            fresh(&mut taken, &plan.name).map_err(|t| at(offset, t))?;
            scene.controls = Some(plan);
        }
        for part in file.part {
            let offset = part.span().start;
            let plan = part.into_inner();
            check_part(&plan, &scene)
                .and_then(|()| fresh(&mut taken, &plan.name))
                .map_err(|t| at(offset, t))?;
            scene.parts.push(plan);
        }
        for cell in file.cell {
            let offset = cell.span().start;
            scene.take_cell(&cell.into_inner()).map_err(|t| at(offset, t))?;
        }
        for leg in file.leg {
            let offset = leg.span().start;
            scene.take_leg(leg.into_inner()).map_err(|t| at(offset, t))?;
        }
        for fault in file.fault {
            let offset = fault.span().start;
            scene.take_fault(fault.into_inner()).map_err(|t| at(offset, t))?;
        }
        Ok(scene)
    }

    fn take_cell(&mut self, table: &CellTable) -> Check {
        let known = names(self.bmus.iter().map(|bmu| &bmu.name));
        let bmu = match &table.bmu {
            Some(name) => self.bmus.iter_mut().find(|bmu| bmu.name == *name),
            None => self.bmus.first_mut(),
        };
        let Some(bmu) = bmu else {
            let asked = table.bmu.as_ref().map_or("", Name::as_str);
            return Err(format!("there is no BMU {asked:?}; this scene has {known}"));
        };
        let (module, cell) = place(bmu, table.module, table.cell)?;
        if cell >= bmu.cells_of(module) {
            let (m, c) = (table.module, table.cell);
            return Err(format!(
                "cell {c} of module {m} is absent, so it cannot be made different"
            ));
        }
        if let Some(soc) = table.soc_percent {
            number("soc_percent", soc, -20.0, 120.0)?;
        }
        number("capacity_factor", table.capacity_factor, 0.01, 10.0)?;
        number("resistance_factor", table.resistance_factor, 0.01, 100.0)?;
        if let Some(loss) = table.loss_percent_per_day {
            number("loss_percent_per_day", loss, 0.0, 1000.0)?;
        }
        bmu.oddities.push(Oddity {
            module,
            cell,
            soc_percent: table.soc_percent,
            capacity_factor: table.capacity_factor,
            resistance_factor: table.resistance_factor,
            loss_percent_per_day: table.loss_percent_per_day,
        });
        Ok(())
    }

    fn take_leg(&mut self, leg: Leg) -> Check {
        if self.controls.is_none() {
            return Err("a [[leg]] needs somebody who drives: add [controls]".to_owned());
        }
        if leg.what == Doing::Charge && self.charger.is_none() {
            return Err("a charge leg needs a [charger]".to_owned());
        }
        number("seconds", leg.seconds, 1.0, LONGEST_S)?;
        if let Some(amps) = leg.amps {
            number("amps", amps, 0.0, 2000.0)?;
        }
        if let Some(percent) = leg.until_percent {
            number("until_percent", percent, 0.0, 100.0)?;
        }
        self.legs.push(leg);
        Ok(())
    }

    fn take_fault(&mut self, table: FaultTable) -> Check {
        let what = table.what;
        number("from", table.from, 0.0, LONGEST_S)?;
        if let Some(until) = table.until
            && !(until > table.from && until <= LONGEST_S)
        {
            return Err(format!("until is {until}, which is not later than from {}", table.from));
        }
        if let Some(every) = table.every {
            number("every", every, 0.01, LONGEST_S)?;
            if table.until.is_none() {
                return Err("a fault that comes again (every) must also end: add until".to_owned());
            }
        }
        let by = self.check_by(what, &table)?;
        let (module, cell) = self.check_target(what, &table)?;
        self.faults.push(Fault {
            what,
            on: table.on,
            module,
            cell,
            message: table.message,
            from: moment(table.from),
            until: table.until.map(moment),
            every: table.every.map(|s| moment(s).nanos()),
            by,
        });
        Ok(())
    }

    /// How much: what each fault means by `by`.
    fn check_by(&self, what: Wrong, table: &FaultTable) -> Check<f64> {
        let by = match what {
            Wrong::Late => table.by.unwrap_or(0.5),
            Wrong::Lost => table.by.unwrap_or(0.5),
            Wrong::Shuffled => table.by.unwrap_or(0.3),
            Wrong::Corrupt => table.by.unwrap_or(0.2),
            Wrong::Jumps => table.by.unwrap_or(200.0),
            Wrong::Misread => table.by.unwrap_or(0.0),
            Wrong::Silent
            | Wrong::Stuck
            | Wrong::Untrusted
            | Wrong::ExtraCell
            | Wrong::ContactorSupply
            | Wrong::ContactorStuck
            | Wrong::PrechargeFails
            | Wrong::NoMains
            | Wrong::SecondControls
            | Wrong::BusOff
            | Wrong::Twice
            | Wrong::Reversed
            | Wrong::Welded
            | Wrong::NeverCloses
            | Wrong::Reboots
            | Wrong::IgnoresStop
            | Wrong::KeepsOn
            | Wrong::Lies
            | Wrong::OtherAddress
            | Wrong::SecondMaster => {
                return match table.by {
                    Some(_) => Err(format!("a {what} fault takes no by")),
                    None => Ok(0.0),
                };
            }
        };
        match what {
            Wrong::Late | Wrong::Shuffled => number("by (seconds)", by, 0.001, 60.0)?,
            Wrong::Lost | Wrong::Corrupt => number("by (a share)", by, 0.0, 1.0)?,
            _ if table.module.is_some() && by == 0.0 => {
                return Err("say by how much it is wrong: by = millivolts or degrees".to_owned());
            }
            _ => number("by", by, -5000.0, 5000.0)?,
        }
        Ok(by)
    }

    /// The device, module and cell that a fault is on must be there and be of a kind that can go
    /// wrong in this way.
    fn check_target(&self, what: Wrong, table: &FaultTable) -> Check<(Option<u16>, Option<u16>)> {
        let bmu = table.on.as_ref().and_then(|on| self.bmus.iter().find(|b| b.name == *on));
        if let Some(on) = &table.on {
            let others = self.charger.iter().map(|c| &c.name);
            let others = others.chain(self.controls.iter().map(|c| &c.name));
            let others = others.chain(self.parts.iter().map(|part| &part.name));
            let known: Vec<&Name> = self.bmus.iter().map(|b| &b.name).chain(others).collect();
            if !known.contains(&on) {
                let known = names(known.into_iter());
                return Err(format!(
                    "there is no device {:?}; this scene has {known}",
                    on.as_str()
                ));
            }
        }
        let needs = match what {
            Wrong::BusOff | Wrong::SecondControls | Wrong::SecondMaster => Needs::Bus,
            Wrong::Untrusted | Wrong::ExtraCell | Wrong::Jumps => Needs::Cell,
            Wrong::ContactorSupply
            | Wrong::ContactorStuck
            | Wrong::PrechargeFails
            | Wrong::Reversed
            | Wrong::Welded
            | Wrong::NeverCloses => Needs::Bmu,
            Wrong::NoMains
            | Wrong::IgnoresStop
            | Wrong::KeepsOn
            | Wrong::Lies
            | Wrong::OtherAddress => Needs::Charger,
            Wrong::Silent
            | Wrong::Late
            | Wrong::Stuck
            | Wrong::Misread
            | Wrong::Lost
            | Wrong::Twice
            | Wrong::Shuffled
            | Wrong::Corrupt
            | Wrong::Reboots => Needs::Any,
        };
        needs.check(what, table, bmu.is_some(), self)?;
        let Some(module) = table.module else {
            return match table.cell {
                Some(_) => Err("a cell needs its module too: add module".to_owned()),
                None => Ok((None, None)),
            };
        };
        let Some(bmu) = bmu else {
            return Err("only a BMU has modules: say which with on".to_owned());
        };
        let (module, cell) = place(bmu, module, table.cell.unwrap_or(0))?;
        let absent = cell >= bmu.cells_of(module);
        if table.cell.is_some() && absent != (what == Wrong::ExtraCell) {
            let is = if absent { "absent" } else { "there" };
            return Err(format!("a {what} fault cannot be on a cell that is {is}"));
        }
        Ok((Some(module), table.cell.map(|_| cell)))
    }
}

enum Needs {
    Bus,
    Cell,
    Bmu,
    Charger,
    Any,
}

impl Needs {
    fn check(&self, what: Wrong, table: &FaultTable, on_bmu: bool, scene: &Scene) -> Check {
        let says = |text: &str| Err(format!("a {what} fault {text}"));
        let bare = table.module.is_none() && table.cell.is_none() && table.message.is_none();
        match self {
            Self::Bus if table.on.is_some() || !bare => {
                says("is on the whole bus: leave on, module, cell and message out")
            }
            Self::Bus if what == Wrong::SecondControls && scene.controls.is_none() => {
                says("needs [controls] to be the first ones")
            }
            Self::Bus if what == Wrong::SecondMaster && scene.charger.is_none() => {
                says("needs a [charger] to command")
            }
            Self::Any
                if what == Wrong::Reboots
                    && (!bare
                        || scene.controls.as_ref().map(|c| &c.name) == table.on.as_ref()
                        || scene
                            .parts
                            .iter()
                            .any(|part| Some(&part.name) == table.on.as_ref())) =>
            {
                says("is on a BMU or on the charger: name it with on, and nothing else")
            }
            Self::Cell if table.cell.is_none() => says("is on one cell: add on, module and cell"),
            Self::Bmu if !on_bmu || !bare => says("is on a BMU: name it with on, and nothing else"),
            Self::Charger
                if scene.charger.as_ref().map(|c| &c.name) != table.on.as_ref() || !bare =>
            {
                says("is on the charger: name it with on, and nothing else")
            }
            Self::Any if table.on.is_none() => says("is on a device: name it with on"),
            Self::Any if table.message.is_some() && table.module.is_some() => {
                says("is on a module or on a message, not both")
            }
            Self::Any if table.cell.is_some() && !matches!(what, Wrong::Stuck | Wrong::Misread) => {
                says("cannot be on one cell: leave cell out")
            }
            Self::Any if table.module.is_some() && table.cell.is_none() && what == Wrong::Stuck => {
                says("is on a device, a message or a cell: add cell")
            }
            Self::Bus | Self::Cell | Self::Bmu | Self::Charger | Self::Any => Ok(()),
        }
    }
}

fn check_bmu(bmu: &BmuPlan) -> Check {
    if bmu.modules == 0 || bmu.modules > MOST_MODULES {
        return Err(format!("modules is {}; a BMU has 1 to {MOST_MODULES}", bmu.modules));
    }
    if bmu.kind == BmuKind::D1000Gen2 && bmu.modules > MOST_SECOND_MODULES {
        let modules = bmu.modules;
        return Err(format!("modules is {modules}; this kind has 1 to {MOST_SECOND_MODULES}"));
    }
    if bmu.cells == 0 || bmu.cells > MODULE_CELLS {
        return Err(format!("cells is {}; a module has 1 to {MODULE_CELLS}", bmu.cells));
    }
    if let Some(last) = bmu.last_module_cells
        && (last == 0 || last > MODULE_CELLS)
    {
        return Err(format!("last_module_cells is {last}; a module has 1 to {MODULE_CELLS}"));
    }
    number("capacity_ah", bmu.capacity_ah, 0.1, 10_000.0)?;
    number("soc_percent", bmu.soc_percent, 0.0, 100.0)?;
    if let Some(soc) = bmu.counted_soc_percent {
        number("counted_soc_percent", soc, -50.0, 150.0)?;
    }
    number("soc_spread_percent", bmu.soc_spread_percent, 0.0, 30.0)?;
    number("capacity_spread_percent", bmu.capacity_spread_percent, 0.0, 25.0)?;
    number("resistance_mohm", bmu.resistance_mohm, 0.01, 1000.0)?;
    number("resistance_spread_percent", bmu.resistance_spread_percent, 0.0, 25.0)?;
    number("loss_percent_per_day", bmu.loss_percent_per_day, 0.0, 100.0)?;
    if let Some(celsius) = bmu.temperature_c {
        number("temperature_c", celsius, -40.0, 80.0)?;
    }
    number("over_temperature_c", bmu.over_temperature_c, -20.0, 120.0)?;
    let order = [
        ("under_mv", bmu.under_mv),
        ("empty_mv", bmu.empty_mv),
        ("balance_mv", bmu.balance_mv),
        ("over_mv", bmu.over_mv),
    ];
    for pair in order.windows(2) {
        if let [(low_name, low), (high_name, high)] = pair
            && low > high
        {
            return Err(format!("{low_name} is {low} and {high_name} is {high}: they must rise"));
        }
    }
    number("over_mv", f64::from(bmu.over_mv), 0.0, 5000.0)?;
    if bmu.balance_hysteresis_mv >= bmu.balance_mv {
        return Err("balance_hysteresis_mv must be below balance_mv".to_owned());
    }
    Ok(())
}

fn check_charger(charger: &ChargerPlan) -> Check {
    number("volts", charger.volts, 1.0, 2000.0)?;
    number("amps", charger.amps, 0.1, 1000.0)?;
    number("watts", charger.watts, 1.0, 1_000_000.0)
}

fn check_part(part: &PartPlan, scene: &Scene) -> Check {
    number("watts", part.watts, 0.0, 100_000.0)?;
    match &part.on {
        Some(on) if !scene.bmus.iter().any(|bmu| bmu.name == *on) => {
            let known = names(scene.bmus.iter().map(|bmu| &bmu.name));
            Err(format!("there is no BMU {:?}; this scene has {known}", on.as_str()))
        }
        Some(_) | None => Ok(()),
    }
}

fn fresh(taken: &mut BTreeSet<Name>, name: &Name) -> Check {
    if taken.insert(name.clone()) {
        Ok(())
    } else {
        Err(format!("two devices are called {:?}; every name may be used once", name.as_str()))
    }
}

/// Module and cell from 0, where they are within the BMU; the file counts modules from 1 and cells
/// from 0, as the BMU does.
fn place(bmu: &BmuPlan, module: u16, cell: u16) -> Check<(u16, u16)> {
    if module == 0 || module > bmu.modules {
        let (name, has) = (bmu.name.as_str(), bmu.modules);
        return Err(format!("module is {module}; {name:?} has modules 1 to {has}"));
    }
    if cell >= MODULE_CELLS {
        let last = MODULE_CELLS - 1;
        return Err(format!("cell is {cell}; a module has cells 0 to {last}"));
    }
    Ok((module - 1, cell))
}

fn number(name: &str, value: f64, least: f64, most: f64) -> Check {
    if value >= least && value <= most {
        Ok(())
    } else {
        Err(format!("{name} is {value}; it may be {least} to {most}"))
    }
}

fn limit<T>(tables: &[Spanned<T>], most: usize, name: &str) -> Result<(), (usize, String)> {
    match tables.get(most) {
        Some(over) => Err((over.span().start, format!("a scene has at most {most} [[{name}]]"))),
        None => Ok(()),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a Name>) -> String {
    names.map(Name::as_str).collect::<Vec<_>>().join(", ")
}

fn moment(seconds: f64) -> Mono {
    Mono::from_nanos((seconds * 1e9) as i64)
}

/// TOML has dates with and without an offset; without one, UTC is meant.
fn wall(date: &Datetime) -> Check<Wall> {
    let says = |_| format!("start is {date}; write a date and time such as 2026-03-02T08:00:00Z");
    let text = date.to_string();
    let text = if date.offset.is_none() && date.time.is_some() { text + "Z" } else { text };
    let stamp: jiff::Timestamp = text.parse().map_err(says)?;
    i64::try_from(stamp.as_nanosecond())
        .map(Wall::from_nanos)
        .map_err(|_| format!("start is {date}; that is too far from today"))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

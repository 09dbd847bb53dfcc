//! A pack as the API shows it, made out of the engine's picture of it. Voltages, currents and the
//! like carry their unit in the name of the field; current and power into the battery are positive.

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{
    Beside, CellAt, CellPicture, Flag, FlagPicture, ModulePicture, PackPicture, Snapshot,
    TemperatureAt,
};
use crate::web::api::give::Time;
use crate::web::api::pack_own_json::OwnWord;
use crate::web::api::reading::{Freshness, Reading, Sentence, Weight, age_s, reading, tidy};

/// What a pack is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackKind {
    /// One battery management system.
    Single,
    /// Several that work as one.
    Group,
}

/// One pack of a snapshot, before it is shown.
pub struct Source<'s> {
    /// Its number: that of its component, or one behind all components for a group.
    pub id: usize,
    /// Its name.
    pub name: &'s str,
    /// What it is made of.
    pub kind: PackKind,
    /// Title of its device's kind.
    pub title: &'s str,
    /// Names of its members; empty for a single one.
    pub members: Vec<&'s str>,
    /// What it looks like.
    pub picture: &'s PackPicture,
}

/// All packs of a snapshot by their numbers.
#[must_use]
pub fn sources(snapshot: &Snapshot) -> Vec<Source<'_>> {
    use crate::engine::ModelPicture;
    let singles = snapshot.components.iter().enumerate();
    let singles = singles.filter_map(|(id, part)| match &part.model {
        ModelPicture::Bms(picture) => Some(Source {
            id,
            name: part.name.as_str(),
            kind: PackKind::Single,
            title: &part.title,
            members: Vec::new(),
            picture,
        }),
        ModelPicture::Charger(_) | ModelPicture::DriverControls(_) | ModelPicture::Part => None,
    });
    let behind = snapshot.components.len();
    let part = |id: &crate::base::id::ComponentId| snapshot.components.get(usize::from(id.0));
    let groups = snapshot.groups.iter().enumerate().map(|(at, group)| Source {
        id: behind + at,
        name: group.name.as_str(),
        kind: PackKind::Group,
        title: group.members.first().and_then(part).map_or("", |part| part.title.as_str()),
        members: group.members.iter().filter_map(part).map(|part| part.name.as_str()).collect(),
        picture: &group.picture,
    });
    singles.chain(groups).collect()
}

/// A pack in a few figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackSummary {
    /// Its number in the running profile.
    id: usize,
    /// Its name.
    name: String,
    /// What it is made of.
    kind: PackKind,
    /// Title of its device's kind.
    title: String,
    /// Names of its members; empty for a single one.
    members: Vec<String>,
    /// The worst of its state, flags and remarks.
    level: Weight,
    /// Whether its device is heard.
    presence: Freshness,
    /// Seconds since its device was heard.
    age_s: Option<f64>,
    /// Where the contactor sequence stands.
    pack_state: Reading<String>,
    /// Voltage.
    voltage_v: Reading<f64>,
    /// Current, positive into the battery.
    current_a: Reading<f64>,
    /// Power, positive into the battery.
    power_w: Reading<f64>,
    /// State of charge.
    soc_percent: Reading<f64>,
}

impl PackSummary {
    /// The figures of `source`.
    #[must_use]
    pub fn of(source: &Source<'_>) -> Self {
        let picture = source.picture;
        Self {
            id: source.id,
            name: source.name.to_owned(),
            kind: source.kind,
            title: source.title.to_owned(),
            members: source.members.iter().map(|name| (*name).to_owned()).collect(),
            level: picture.level.into(),
            presence: picture.presence.into(),
            age_s: age_s(picture.presence),
            pack_state: reading(picture.state, |state| state.words()),
            voltage_v: reading(picture.voltage, |volts| tidy(volts.get())),
            current_a: reading(picture.current, |amps| tidy(amps.get())),
            power_w: reading(picture.power, |watts| tidy(watts.get())),
            soc_percent: reading(picture.soc, |soc| tidy(soc.percent.get())),
        }
    }
}

/// A pack with everything that is known of it but its cells.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pack {
    /// Its main figures.
    #[serde(flatten)]
    summary: PackSummary,
    /// Number of the snapshot.
    snapshot: u64,
    /// When the snapshot was taken.
    at: Time,
    /// How much the state matters now.
    state_level: Weight,
    /// A sentence on it: what it means or waits for.
    state_words: String,
    /// Who the device says it is.
    identity: Reading<Identity>,
    /// Its firmware build.
    firmware: Reading<u32>,
    /// All cells added up; only while every cell has a value.
    cell_sum_v: Option<f64>,
    /// Parallel strings.
    strings: u16,
    /// Where the state of charge comes from.
    soc_source: Option<String>,
    /// Charge taken out since full.
    used_ah: Reading<f64>,
    /// Capacity.
    capacity_ah: Reading<f64>,
    /// How far the pack is from its limits.
    headroom: Reading<Headroom>,
    /// Contactors.
    contactors: Reading<ContactorsShown>,
    /// Supply of the contactors.
    contactor_supply_v: Reading<f64>,
    /// What is left on the precharge timer.
    precharge_timer_s: Reading<f64>,
    /// Every flag, raised or not.
    flags: Vec<FlagShown>,
    /// Seconds since the flags were heard.
    flags_age_s: Option<f64>,
    /// Raised bits that no document explains.
    undocumented_flags: u32,
    /// How many modules have been heard.
    modules: usize,
    /// How many modules the device says there are.
    modules_told: Reading<u16>,
    /// Sums over the cells.
    cells: CellFigures,
    /// Coldest module cells.
    coldest: Option<Warmth>,
    /// Hottest module cells.
    hottest: Option<Warmth>,
    /// Fans and the 12 V side.
    fans: Reading<FansShown>,
    /// Groups of messages that the device never sent although it has been heard for a while.
    not_sent: Vec<&'static str>,
    /// What its device says of itself beyond that: the limits that it sets, its health, its outputs.
    own: OwnWord,
    /// What other parts measure of it a second time; no decision is made of it.
    beside: Vec<Second>,
    /// Sentences on what is odd or worth knowing, worst first.
    remarks: Vec<Sentence>,
}

/// Something of a pack that another part measures too.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecondMeasurement)]
struct Second {
    /// The part.
    component: String,
    /// What it measures.
    what: SecondOf,
    /// Amperes into the battery, or volts.
    reading: Reading<f64>,
}

/// What of a pack is measured a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SecondOf)]
enum SecondOf {
    /// Its current, amperes into the battery.
    Current,
    /// Its voltage, volts.
    Voltage,
}

impl From<Beside> for SecondOf {
    fn from(beside: Beside) -> Self {
        match beside {
            Beside::PackCurrent => Self::Current,
            Beside::PackVoltage => Self::Voltage,
        }
    }
}

/// Who a device says it is.
#[derive(Debug, Serialize, ToSchema)]
struct Identity {
    /// What it is.
    model: String,
    /// Serial number.
    serial: u32,
}

/// How far a pack is from its limits.
#[derive(Debug, Serialize, ToSchema)]
struct Headroom {
    /// The highest cell may rise by so much.
    charge_mv: i32,
    /// The hottest cell may get warmer by so much.
    temperature_c: f64,
    /// The device's word for how far the lowest cell is from empty; negative is good.
    discharge_mv: i32,
}

/// Contactors.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contactors)]
struct ContactorsShown {
    /// Outputs of contactor 1, 2 and 3 (pack minus, main plus, precharge path).
    on: Vec<bool>,
    /// The device's bits for the three; they behave like feedback.
    feedback: Vec<bool>,
    /// Their 12 V supply is good.
    supply_ok: bool,
}

/// A flag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flag)]
struct FlagShown {
    /// Its name for programs.
    flag: &'static str,
    /// Its name on the screen.
    label: &'static str,
    /// Whether it is raised; `null` while nothing recent is known.
    raised: Option<bool>,
    /// How much it matters now.
    level: Weight,
    /// What it means now and what to do.
    words: String,
}

/// Sums over the cells. Only measured, trusted cells count in the voltages.
#[derive(Debug, Serialize, ToSchema)]
struct CellFigures {
    /// Lowest.
    lowest: Option<CellPlace>,
    /// Highest.
    highest: Option<CellPlace>,
    /// Mean.
    mean_mv: Option<f64>,
    /// Highest minus lowest.
    spread_mv: Option<i32>,
    /// How many count.
    counted: usize,
    /// How many are untrusted.
    untrusted: usize,
    /// How many places are empty.
    absent: usize,
    /// How many are where none should be.
    extra: usize,
    /// How many have no usable value any more.
    lost: usize,
    /// How many are balanced, as far as that is known.
    balancing: usize,
}

/// A cell and where it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::web::api) struct CellPlace {
    /// Its voltage.
    voltage_mv: i32,
    /// Which of the members; 0 in a single battery.
    member: u8,
    /// Module, from 1.
    module: u16,
    /// Cell, from 0.
    cell: u8,
}

impl From<CellAt> for CellPlace {
    fn from(at: CellAt) -> Self {
        Self { voltage_mv: at.mv, member: at.member, module: at.module, cell: at.cell }
    }
}

/// A module's cell temperature and where it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::web::api) struct Warmth {
    /// Temperature of its cells.
    temperature_c: f64,
    /// Which of the members; 0 in a single battery.
    member: u8,
    /// Module, from 1.
    module: u16,
}

impl From<TemperatureAt> for Warmth {
    fn from(at: TemperatureAt) -> Self {
        let temperature_c = tidy(at.temperature.get());
        Self { temperature_c, member: at.member, module: at.module }
    }
}

/// Fans and the 12 V side.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fans)]
struct FansShown {
    /// Speed of the two fans, revolutions a minute.
    rpm: Vec<u16>,
    /// Current of fans and contactors.
    actuators_a: f64,
    /// Current of the modules' supply.
    modules_a: f64,
}

impl Pack {
    /// What `source` looks like in `snapshot`.
    #[must_use]
    pub fn of(snapshot: &Snapshot, source: &Source<'_>) -> Self {
        let picture = source.picture;
        Self {
            summary: PackSummary::of(source),
            snapshot: snapshot.version,
            at: Time(snapshot.wall),
            state_level: picture.state_level.into(),
            state_words: picture.state_words.clone(),
            identity: reading(picture.identity, |who| Identity {
                model: who.model.words(),
                serial: who.serial,
            }),
            firmware: reading(picture.firmware, |build| build),
            cell_sum_v: picture.cell_sum.map(|volts| tidy(volts.get())),
            strings: picture.strings,
            soc_source: picture.soc.value.map(|soc| soc.source.words().to_owned()),
            used_ah: reading(picture.used, |charge| tidy(charge.get())),
            capacity_ah: reading(picture.capacity, |charge| tidy(charge.get())),
            headroom: reading(picture.headroom, |headroom| Headroom {
                charge_mv: headroom.charge.get(),
                temperature_c: tidy(headroom.temperature.get()),
                discharge_mv: headroom.discharge.get(),
            }),
            contactors: reading(picture.contactors, |contactors| ContactorsShown {
                on: contactors.on.to_vec(),
                feedback: contactors.feedback.to_vec(),
                supply_ok: contactors.supply_ok,
            }),
            contactor_supply_v: reading(picture.contactor_supply, |volts| tidy(volts.get())),
            precharge_timer_s: reading(picture.precharge_timer, |left| tidy(left.as_secs_f64())),
            flags: picture.flags.iter().map(FlagShown::from).collect(),
            flags_age_s: age_s(picture.flags_age),
            undocumented_flags: picture.undocumented_flags,
            modules: picture.modules.len(),
            modules_told: reading(picture.modules_told, |count| count),
            cells: CellFigures::of(picture),
            coldest: picture.temperatures.min.map(Warmth::from),
            hottest: picture.temperatures.max.map(Warmth::from),
            fans: reading(picture.fans, |fans| FansShown {
                rpm: fans.rpm.to_vec(),
                actuators_a: tidy(fans.actuators.get()),
                modules_a: tidy(fans.modules.get()),
            }),
            own: OwnWord::of(picture),
            beside: snapshot
                .beside(source.name)
                .map(|(name, what, now)| Second {
                    component: name.to_string(),
                    what: what.into(),
                    reading: reading(now.value, tidy),
                })
                .collect(),
            not_sent: picture.not_sent.iter().map(|group| group.words()).collect(),
            remarks: picture.remarks.iter().map(Sentence::from).collect(),
        }
    }
}

impl From<&FlagPicture> for FlagShown {
    fn from(picture: &FlagPicture) -> Self {
        let flag: Flag = picture.flag;
        Self {
            flag: flag.name(),
            label: flag.label(),
            raised: picture.raised,
            level: picture.level.into(),
            words: picture.words.clone(),
        }
    }
}

impl CellFigures {
    fn of(picture: &PackPicture) -> Self {
        let cells = &picture.cells;
        Self {
            lowest: cells.min.map(CellPlace::from),
            highest: cells.max.map(CellPlace::from),
            mean_mv: cells.mean_mv.map(tidy),
            spread_mv: cells.spread_mv,
            counted: cells.counted,
            untrusted: cells.untrusted,
            absent: cells.absent,
            extra: cells.extra,
            lost: cells.lost,
            balancing: cells.balancing,
        }
    }
}

/// A module with its cells.
#[derive(Debug, Serialize, ToSchema)]
pub struct Module {
    /// Which of the members it belongs to; 0 in a single battery.
    member: u8,
    /// Its number, from 1.
    module: u16,
    /// How old its youngest message is, as a word.
    state: Freshness,
    /// Seconds since its youngest message.
    age_s: Option<f64>,
    /// Serial number of its board.
    serial: Reading<u32>,
    /// Temperature of its board.
    board_temperature_c: Reading<f64>,
    /// Temperature of its cells; no value where no sensor is fitted.
    cell_temperature_c: Reading<f64>,
    /// Its cells, in order.
    cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Serialize, ToSchema)]
struct Cell {
    /// Its number, from 0.
    cell: usize,
    /// Its voltage: of a measured cell, or the slow channel of an untrusted one.
    voltage_mv: Option<i32>,
    /// What its place holds: `ok`, `untrusted`, `absent` (no cell is configured), `extra` (a voltage
    /// where no cell is configured), `lost` or `never`.
    state: &'static str,
    /// Seconds since it was measured.
    age_s: Option<f64>,
    /// Marks.
    marks: Vec<Mark>,
}

/// What stands out about a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Mark {
    /// The lowest of the pack.
    Lowest,
    /// The highest of the pack.
    Highest,
    /// Balanced, as far as that is known.
    Balancing,
    /// Untrusted for long enough to raise an alarm.
    Alarming,
}

/// The modules of a pack with their cells.
#[must_use]
pub fn modules(picture: &PackPicture) -> Vec<Module> {
    picture.modules.iter().map(|module| shown(picture, module)).collect()
}

fn shown(picture: &PackPicture, module: &ModulePicture) -> Module {
    let cells = module.cells.iter().enumerate();
    Module {
        member: module.member,
        module: module.module,
        state: module.age.into(),
        age_s: age_s(module.age),
        serial: reading(module.serial, |serial| serial),
        board_temperature_c: reading(module.board, |celsius| tidy(celsius.get())),
        cell_temperature_c: reading(module.temperature, |celsius| tidy(celsius.get())),
        cells: cells.map(|(at, cell)| cell_shown(picture, module, at, cell)).collect(),
    }
}

fn cell_shown(
    picture: &PackPicture,
    module: &ModulePicture,
    at: usize,
    cell: &CellPicture,
) -> Cell {
    let is = |place: Option<CellAt>| {
        place.is_some_and(|place| {
            (place.member, place.module, usize::from(place.cell))
                == (module.member, module.module, at)
        })
    };
    let marks = [
        (Mark::Lowest, is(picture.cells.min)),
        (Mark::Highest, is(picture.cells.max)),
        (Mark::Balancing, cell.balancing),
        (Mark::Alarming, cell.alarming),
    ];
    Cell {
        cell: at,
        voltage_mv: cell.voltage.map(|voltage| voltage.get()),
        state: cell.state.word(),
        age_s: age_s(cell.age),
        marks: marks.into_iter().filter(|(_, there)| *there).map(|(mark, _)| mark).collect(),
    }
}

//! Buses and components of the running profile.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{
    BusPicture, BusState, Category as Kind, ChargerPicture, ComponentEntry, ComponentPicture,
    DriverPicture, Listening, ModelPicture, Right, Snapshot, ViewPlant,
};
use crate::view::compose;
use crate::view::compose::heard::heard;
use crate::view::compose::pack::standing;
use crate::web::api::buses::Controller;
use crate::web::api::give::{Answer, List, json, page};
use crate::web::api::panels::{Panel, panels};
use crate::web::api::reading::{Freshness, Reading, Sentence, Weight, reading, tidy};
use crate::web::api::take::{Asked, Who};
use crate::web::shared::Shared;
use crate::web::table::{Access, Table};

/// Enters the routes.
pub fn routes(table: Table) -> Table {
    let access = Access::Needs(Right::ReadSettings);
    let table = table.api(Method::GET, "/api/v1/buses", access, buses);
    table.api(Method::GET, "/api/v1/components", access, components)
}

/// Which part of a list is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Most items on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

/// A bus.
#[derive(Serialize, ToSchema)]
pub struct Bus {
    /// Its number in the running profile.
    id: u16,
    /// Its name.
    name: String,
    /// Where it is, such as `socketcan:can0`.
    address: String,
    /// How it is doing.
    state: BusWord,
    /// What is wrong and what to do, where something is.
    sentence: Option<String>,
    /// Whether this program may disturb it.
    listening: ListeningWord,
    /// Seconds for which frames may still be sent to it by hand; `null`: it is only listened to.
    armed_seconds: Option<f64>,
    /// Who has armed it.
    armed_by: Option<String>,
    /// Why the last frame that was sent by hand did not go out, for a few seconds.
    refused: Option<String>,
    /// Nominal bit rate, bit/s.
    bit_rate: Option<u32>,
    /// FD data bit rate, bit/s.
    data_bit_rate: Option<u32>,
    /// Whether FD frames can be received.
    fd: bool,
    /// Where a bit is sampled, in thousandths of it, where the controller tells.
    sample_point_permille: Option<u16>,
    /// What the adapter says of itself.
    adapter: Option<String>,
    /// Who puts the time on frames.
    time_source: &'static str,
    /// After how many milliseconds the driver restarts the controller by itself; 0: never.
    restart_ms: Option<u32>,
    /// What can be done to its controller, and what was.
    controller: Controller,
    /// Error counters of the controller, where it tells.
    error_counters: Option<ErrorCounters>,
    /// Frames seen.
    frames: u64,
    /// Error frames seen.
    error_frames: u64,
    /// Frames that the kernel or a queue dropped.
    dropped: u64,
    /// Frames a second over the last second.
    frames_per_s: f64,
    /// Of these, sent by this program.
    sent_per_s: f64,
    /// Error frames a second.
    errors_per_s: f64,
    /// Estimated load, where the bit rate is known.
    load_percent: Option<f64>,
}

/// Error counters of a controller.
#[derive(Serialize, ToSchema)]
struct ErrorCounters {
    /// Of sending.
    transmit: u16,
    /// Of receiving.
    receive: u16,
}

macro_rules! mirror {
    ($(#[$doc:meta])* $word:ident for $engine:ident { $($(#[$about:meta])* $name:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        enum $word { $($(#[$about])* $name),* }

        impl From<$engine> for $word {
            fn from(one: $engine) -> Self {
                match one { $($engine::$name => Self::$name),* }
            }
        }
    };
}

mirror!(
    /// How a bus is doing.
    BusWord for BusState {
        Opening, Active, Warning, Passive, Off, Down, Missing, Failed, Ended,
    }
);
mirror!(
    /// Whether this program may disturb a bus: it does not send, the controller was told to listen only
    /// and has not confirmed it, it has, or this program may send.
    ListeningWord for Listening { Silent, Asked, Confirmed, Armed }
);

impl From<&BusPicture> for Bus {
    fn from(bus: &BusPicture) -> Self {
        let status = &bus.status;
        let counters = status.error_counters;
        Self {
            id: bus.id.0,
            name: bus.name.to_string(),
            address: bus.address.to_string(),
            state: status.state.into(),
            sentence: status.sentence.clone(),
            listening: status.listening.into(),
            armed_seconds: bus.armed.as_ref().map(|arm| tidy(arm.left.as_secs_f64())),
            armed_by: bus.armed.as_ref().map(|arm| arm.by.clone()),
            refused: bus.hand_refusal.clone(),
            bit_rate: status.bit_rate,
            data_bit_rate: status.data_bit_rate,
            fd: status.fd,
            sample_point_permille: status.sample_point,
            adapter: status.adapter.clone(),
            time_source: bus.timebase.source.words(),
            restart_ms: status.restart_ms,
            controller: Controller::from(&bus.controller),
            error_counters: counters.map(|(transmit, receive)| ErrorCounters { transmit, receive }),
            frames: bus.frames,
            error_frames: bus.error_frames,
            dropped: status.dropped,
            frames_per_s: tidy(bus.rate),
            sent_per_s: tidy(bus.sent_rate),
            errors_per_s: tidy(bus.error_rate),
            load_percent: bus.load.map(tidy),
        }
    }
}

/// Lists the buses of the running profile.
#[utoipa::path(get, path = "/api/v1/buses", tag = "plant", params(Wanted),
    responses((status = 200, description = "A page of them", body = List<Bus>)))]
pub async fn buses(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let buses = snapshot.buses.iter().map(Bus::from);
    let list = page(buses, |bus| bus.id.into(), wanted.cursor.as_deref(), wanted.limit)?;
    Ok(json(StatusCode::OK, &list))
}

/// A component.
#[derive(Serialize, ToSchema)]
pub struct Component {
    /// Its number in the running profile.
    id: u16,
    /// Its name.
    name: String,
    /// Title of its kind.
    title: String,
    /// Name of its bus.
    bus: Option<String>,
    /// Base address, where the kind has one.
    base: Option<u32>,
    /// Its settings in words.
    settings: Vec<Setting>,
    /// Frames of a wrong length for their message.
    malformed: u64,
    /// The last complaint about one.
    last_complaint: Option<String>,
    /// What it tells, by category.
    category: Category,
    /// The worst of what it tells.
    level: Weight,
    /// Number of its pack, where it is a battery management system: `GET /api/v1/packs/{id}`.
    pack: Option<u16>,
    /// What it tells as a charger.
    charger: Option<Charger>,
    /// What it tells as driver controls.
    driver_controls: Option<Driver>,
    /// How old its last word is, as a word, of a part that is described by its folder alone.
    presence: Option<Freshness>,
    /// Sentences on what its readings and lamps say, worst first.
    remarks: Vec<Sentence>,
    /// What its folder wants shown of it.
    panels: Vec<Panel>,
    /// Whether it is listened to; one that is not tells nothing and stands behind the others.
    enabled: bool,
    /// How it is doing, in a word: `ok`, `late`, `lost`, `never heard`, `warning`, `fault`, `off`.
    status: String,
    /// The reason, a sentence; empty where there is none to give.
    reason: String,
    /// Seconds since it was last heard.
    last_heard_s: Option<f64>,
    /// Its frames a second.
    frames_per_s: f64,
    /// Messages that it sends by itself and that were never heard.
    never_heard: Vec<String>,
}

/// A setting of a component.
#[derive(Serialize, ToSchema)]
#[schema(as = ComponentSetting)]
struct Setting {
    /// Its name.
    name: String,
    /// Its value in words.
    value: String,
}

/// What a component is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Category {
    /// A battery management system.
    Bms,
    /// A charger or a supply.
    Charger,
    /// A motor controller.
    MotorController,
    /// What takes power from the sun.
    Solar,
    /// What only measures.
    Sensor,
    /// Driver controls.
    DriverControls,
    /// Whatever a person has described.
    Custom,
}

impl From<Kind> for Category {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Battery => Self::Bms,
            Kind::Charger => Self::Charger,
            Kind::MotorController => Self::MotorController,
            Kind::Solar => Self::Solar,
            Kind::Sensor => Self::Sensor,
            Kind::DriverControls => Self::DriverControls,
            Kind::Custom => Self::Custom,
        }
    }
}

/// What a charger tells.
#[derive(Serialize, ToSchema)]
struct Charger {
    /// One word on it: `charging`, `idle`, `fault`, `lost`, `never heard`.
    state: &'static str,
    /// Output voltage.
    voltage_v: Reading<f64>,
    /// Output current, positive into the battery.
    current_a: Reading<f64>,
    /// Output power.
    power_w: Reading<f64>,
    /// Sentences, worst first.
    remarks: Vec<Sentence>,
}

impl From<&ChargerPicture> for Charger {
    fn from(picture: &ChargerPicture) -> Self {
        Self {
            state: picture.state,
            voltage_v: reading(picture.voltage, |volts| tidy(volts.get())),
            current_a: reading(picture.current, |amps| tidy(amps.get())),
            power_w: reading(picture.power, |watts| tidy(watts.get())),
            remarks: picture.remarks.iter().map(Sentence::from).collect(),
        }
    }
}

/// What driver controls tell.
#[derive(Serialize, ToSchema)]
struct Driver {
    /// The key: `off`, `accessories`, `run`, `start`.
    key: Reading<String>,
    /// The switches that are on, in words.
    switched_on: Vec<&'static str>,
    /// Sentences, worst first.
    remarks: Vec<Sentence>,
}

impl From<&DriverPicture> for Driver {
    fn from(picture: &DriverPicture) -> Self {
        Self {
            key: reading(picture.key, str::to_owned),
            switched_on: picture.switched_on.clone(),
            remarks: picture.remarks.iter().map(Sentence::from).collect(),
        }
    }
}

fn component(snapshot: &Snapshot, part: &ComponentPicture) -> Component {
    let bus = snapshot.buses.get(usize::from(part.bus.0));
    let (status, _, reason) = standing(part);
    let heard = heard(snapshot, part);
    let setting =
        |(name, value): &(String, String)| Setting { name: name.clone(), value: value.clone() };
    let (level, pack, charger, driver_controls) = match &part.model {
        ModelPicture::Bms(picture) => (picture.level, Some(part.id.0), None, None),
        ModelPicture::Charger(picture) => {
            (picture.level, None, Some(Charger::from(&**picture)), None)
        }
        ModelPicture::DriverControls(picture) => {
            (picture.level, None, None, Some(Driver::from(&**picture)))
        }
        ModelPicture::Part => (part.part.level, None, None, None),
    };
    let presence = match &part.model {
        ModelPicture::Part => Some(part.part.presence.into()),
        ModelPicture::Bms(_) | ModelPicture::Charger(_) | ModelPicture::DriverControls(_) => None,
    };
    Component {
        id: part.id.0,
        name: part.name.to_string(),
        title: part.title.clone(),
        bus: bus.map(|bus| bus.name.to_string()),
        base: part.base,
        settings: part.settings.iter().map(setting).collect(),
        malformed: part.malformed.0,
        last_complaint: part.malformed.1.clone(),
        category: part.category.into(),
        level: level.max(part.part.level).into(),
        pack,
        charger,
        driver_controls,
        presence,
        remarks: part.part.remarks.iter().map(Sentence::from).collect(),
        panels: panels(&part.part),
        enabled: true,
        status,
        reason,
        last_heard_s: heard.age_s.map(tidy),
        frames_per_s: tidy(heard.rate),
        never_heard: heard.never,
    }
}

/// One that is not listened to, behind those that are.
fn off(snapshot: &Snapshot, (at, entry): (usize, &ComponentEntry)) -> Component {
    let kind = snapshot.catalog.find(&entry.kind).map(|kind| &kind.manifest);
    Component {
        id: u16::try_from(snapshot.components.len() + at).unwrap_or(u16::MAX),
        name: entry.name.to_string(),
        title: kind.map_or_else(|| entry.kind.clone(), |kind| kind.title.clone()),
        bus: Some(entry.bus.to_string()),
        base: entry.base,
        settings: Vec::new(),
        malformed: 0,
        last_complaint: None,
        category: kind.map_or(Kind::Custom, |kind| kind.category).into(),
        level: Weight::Ok,
        pack: None,
        charger: None,
        driver_controls: None,
        presence: None,
        remarks: Vec::new(),
        panels: Vec::new(),
        enabled: false,
        status: "off".to_owned(),
        reason: "It is disabled: it stays in the profile and is not listened to.".to_owned(),
        last_heard_s: None,
        frames_per_s: 0.0,
        never_heard: Vec::new(),
    }
}

/// Lists the components of the running profile.
#[utoipa::path(get, path = "/api/v1/components", tag = "plant", params(Wanted),
    responses((status = 200, description = "A page of them", body = List<Component>)))]
pub async fn components(
    State(shared): State<Shared>,
    Who(session): Who,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let snapshot = shared.door().look(&session.permit(ViewPlant)?);
    let parts = snapshot.components.iter().map(|part| component(&snapshot, part));
    let entries = compose::components::entries(&snapshot).iter();
    let off = entries.filter(|entry| !entry.enabled).enumerate().map(|one| off(&snapshot, one));
    let parts = parts.chain(off);
    let list = page(parts, |part| part.id.into(), wanted.cursor.as_deref(), wanted.limit)?;
    Ok(json(StatusCode::OK, &list))
}

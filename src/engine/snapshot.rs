//! A picture of everything at one moment, published whole and never changed after.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::base::id::{BusId, ComponentId, Name};
use crate::base::time::{Mono, Timebase, Wall};
use crate::engine::access::settings::TemperatureUnit;
use crate::engine::can::address::Address;
use crate::engine::can::bus::BusStatus;
use crate::engine::can::frame::Id;
use crate::engine::can::record::roll::Figures;
use crate::engine::can::replay::{Progress, ReplayPlan, ReplayProgress};
use crate::engine::can::scan::Report;
use crate::engine::can::schedule::{Schedule, ScheduleFigures};
use crate::engine::charge::{ChargePicture, Rules};
use crate::engine::device::{Beside, Catalog, Category, Kind, Sending, Settings};
use crate::engine::discovery::{self, Configured, Discovery};
use crate::engine::filter::Vocabulary;
use crate::engine::hub::decoders::Decoders;
use crate::engine::hub::traffic::Traffic;
use crate::engine::orders::sending::Keeps;
use crate::engine::pack::{
    ChargerPicture, DriverPicture, PackPicture, PartPicture, ReadingPicture,
};
use crate::engine::profile::edit::Revision;
use crate::engine::profile::message::MessageEntry;
use crate::engine::profile::model::{Profile, RecorderEntry};

/// Everything that is known at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts up with every snapshot.
    pub version: u64,
    /// When it was taken, engine clock.
    pub at: Mono,
    /// The same on the wall clock.
    pub wall: Wall,
    /// The kinds of device that are known, and the device folders that were refused.
    pub catalog: Arc<Catalog>,
    /// The running profile; `None` before the first choice.
    pub profile: Option<ProfilePicture>,
    /// Sentences that concern everything, until they are no longer true.
    pub notices: Vec<Notice>,
    /// The profile's buses.
    pub buses: Vec<BusPicture>,
    /// The profile's components.
    pub components: Vec<ComponentPicture>,
    /// Packs made of several BMSs, by name.
    pub groups: Vec<GroupPicture>,
    /// The charge of every pack, in the order of the packs.
    pub charges: Vec<Arc<ChargePicture>>,
    /// Frames that are sent again and again, in the order they were started.
    pub schedules: Vec<Arc<SchedulePicture>>,
    /// Recordings that are sent onto buses, in the order they were started.
    pub replays: Vec<Arc<ReplayPicture>>,
    /// What is recorded, and what was since the profile runs, in the order it was begun.
    pub recordings: Vec<Arc<RecordPicture>>,
    /// Messages that the profile keeps to be sent by hand.
    pub messages: Arc<[MessageEntry]>,
    /// The rules that charging decides by.
    pub rules: RulesPicture,
    /// The by-id table.
    pub traffic: Arc<Traffic>,
    /// Names and decodes what is in the table.
    pub decoders: Arc<Decoders>,
    /// The recording being played.
    pub player: Option<Progress>,
    /// Frames since the engine started: received, sent, lost.
    pub totals: Totals,
    /// The unit of temperatures on screens.
    pub temperature: TemperatureUnit,
}

impl Snapshot {
    /// What talks on a bus, as far as it was heard until now.
    #[must_use]
    pub fn discovery(&self, bus: &BusPicture) -> Discovery {
        let configured = self.configured(bus);
        discovery::discover(&self.traffic.hearing(bus.id, bus.now), &self.catalog, &configured)
    }

    /// The bus that what talks on a recorded bus of this name would go onto: the one of the same name, or the
    /// first.
    #[must_use]
    pub fn bus_for(&self, recorded: &str) -> Option<&BusPicture> {
        let same = self.buses.iter().find(|bus| bus.name.as_str() == recorded);
        same.or_else(|| self.buses.first())
    }

    /// The components that the profile has on a bus.
    #[must_use]
    pub fn configured(&self, bus: &BusPicture) -> Vec<Configured> {
        let on_bus = self.components.iter().filter(|component| component.bus == bus.id);
        let configured = on_bus.map(|component| {
            let kind = &component.kind;
            let base = component.base.unwrap_or(kind.manifest.address.default);
            let device = kind.bind(Settings { base, ..kind.defaults() });
            Configured {
                name: component.name.clone(),
                kind: kind.manifest.id.clone(),
                base,
                claims: device.map(|device| device.claims()).unwrap_or_default(),
            }
        });
        configured.collect()
    }

    /// The names that filters are compared with.
    #[must_use]
    pub fn vocabulary(&self) -> Arc<Vocabulary> {
        // The position of a bus is its handle.
        let names: Vec<&str> = self.buses.iter().map(|bus| bus.name.as_str()).collect();
        self.decoders.vocabulary(&names)
    }

    /// What parts beside it measure of the pack with this name a second time, with their names. No
    /// decision is made of it.
    pub fn beside(&self, pack: &str) -> impl Iterator<Item = (&Name, Beside, ReadingPicture)> {
        let member = move |part: &&ComponentPicture| {
            let own = part.pack.as_ref().is_some_and(|own| own.as_str() == pack);
            own || self.is_alone(part, pack)
        };
        self.components.iter().filter(member).flat_map(|part| {
            let readings = part.part.sheet.readings.iter().zip(&part.part.readings);
            readings.filter_map(|(shown, now)| Some((&part.name, shown.rule.beside?, *now)))
        })
    }

    /// Whether `part` belongs to the pack of which the BMS called `bms` is the only one.
    fn is_alone(&self, part: &ComponentPicture, bms: &str) -> bool {
        let Some(pack) = &part.pack else { return false };
        let of_pack = |one: &&ComponentPicture| {
            matches!(one.model, ModelPicture::Bms(_)) && one.pack.as_ref() == Some(pack)
        };
        let mut all = self.components.iter().filter(of_pack);
        let first = all.next();
        first.is_some_and(|first| first.name.as_str() == bms) && all.next().is_none()
    }
}

/// The running profile.
#[derive(Clone, Debug)]
pub struct ProfilePicture {
    /// Its name.
    pub name: Name,
    /// The file it is kept in.
    pub file: Option<PathBuf>,
    /// What is odd about it, though it runs.
    pub problems: Vec<String>,
    /// The text of its file as it was read.
    pub text: Option<Arc<str>>,
    /// Its buses, components and recorders as it was read or last edited, those that are not listened
    /// to among them.
    pub said: Arc<Profile>,
}

impl ProfilePicture {
    /// What orders and versions call it: the name of its file, else its own.
    #[must_use]
    pub fn key(&self) -> &str {
        let stem = self.file.as_deref().and_then(std::path::Path::file_stem);
        stem.and_then(std::ffi::OsStr::to_str).unwrap_or_else(|| self.name.as_str())
    }

    /// Which text of it runs: an edit names it.
    #[must_use]
    pub fn revision(&self) -> Option<Revision> {
        self.text.as_deref().map(Revision::of)
    }
}

/// The rules that charging decides by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RulesPicture {
    /// Their values.
    pub rules: Rules,
    /// Another one after every change: a change names the version it was made on.
    pub version: i64,
    /// Why none can be changed now, in a sentence; none where one can.
    pub why_not: Option<String>,
}

/// A sentence for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about; a newer notice on the same subject takes its place.
    pub subject: &'static str,
    /// What happened, what it means, what to do; empty: nothing any more.
    pub text: String,
}

/// Counters since the engine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Frames received.
    pub received: u64,
    /// Frames sent by this program.
    pub sent: u64,
    /// Frames lost: in the kernel, in a bus's queue, before the hub.
    pub lost: u64,
}

/// One bus.
#[derive(Clone, Debug)]
pub struct BusPicture {
    /// Handle.
    pub id: BusId,
    /// Name.
    pub name: Name,
    /// Where it is.
    pub address: Address,
    /// How it is doing.
    pub status: BusStatus,
    /// Its own clock now (differs from the engine's on a recording).
    pub now: Mono,
    /// What its stamps mean.
    pub timebase: Timebase,
    /// Frames seen.
    pub frames: u64,
    /// Error frames seen.
    pub error_frames: u64,
    /// Frames a second over the last second.
    pub rate: f64,
    /// Of these, sent by this program.
    pub sent_rate: f64,
    /// Of these, error frames.
    pub error_rate: f64,
    /// Estimated load, per cent, where the bit rate is known.
    pub load: Option<f64>,
    /// Who may send to it by hand and for how long; `None`: it is only listened to.
    pub armed: Option<ArmPicture>,
    /// Why the last frame that was sent by hand did not go out, for a few seconds.
    pub hand_refusal: Option<String>,
    /// What can be done to its controller, and what was.
    pub controller: ControllerPicture,
}

/// The controller of a bus: what people have done to it, and may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControllerPicture {
    /// How often it was restarted by an order.
    pub restarts: u32,
    /// It is being restarted.
    pub restarting: bool,
    /// The bit rate is being looked for.
    pub scan: Option<ScanPicture>,
    /// What came of the last restart, in a sentence.
    pub last: Option<String>,
    /// What the last search for the bit rate has found.
    pub report: Option<Arc<Report>>,
    /// Why it cannot be restarted now.
    pub no_restart: Option<String>,
    /// Why the bit rate cannot be looked for now.
    pub no_scan: Option<String>,
}

/// A search for a bit rate that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanPicture {
    /// The rate that is listened at; none while the bus is set as it was.
    pub rate: Option<u32>,
    /// Rates that are done.
    pub done: usize,
    /// Of how many.
    pub of: usize,
}

/// A bus that people may send to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmPicture {
    /// For how long.
    pub left: Duration,
    /// Who has armed it.
    pub by: String,
}

/// A scheduled frame.
#[derive(Clone, Debug)]
pub struct SchedulePicture {
    /// Its bus.
    pub bus: BusId,
    /// What is sent and how often.
    pub schedule: Schedule,
    /// What ends it besides a stop.
    pub keeps: Keeps,
    /// Who has started it.
    pub by: String,
    /// Whether it runs.
    pub state: ScheduleState,
    /// How it is doing.
    pub figures: ScheduleFigures,
}

/// Whether a scheduled frame is being sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleState {
    /// It is.
    Running,
    /// It is not, and why.
    Stopped(String),
}

/// A recording that is sent onto buses.
#[derive(Clone, Debug)]
pub struct ReplayPicture {
    /// Its name.
    pub name: Name,
    /// The recording.
    pub file: PathBuf,
    /// The bus that its frames go onto.
    pub bus: BusId,
    /// Buses of the recording that go onto others.
    pub named: Vec<(String, BusId)>,
    /// What it was asked to do when it was started.
    pub plan: ReplayPlan,
    /// Which frames.
    pub filter: String,
    /// What ends it besides a stop.
    pub keeps: Keeps,
    /// Who has started it.
    pub by: String,
    /// Whether it can go on.
    pub state: ReplayState,
    /// How far it is; `None` before the recording was opened.
    pub progress: Option<ReplayProgress>,
    /// Whether that is what it said after it was last told something.
    pub is_of_now: bool,
}

/// Whether a replay can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayState {
    /// It can: it plays, stands, or has come to its end.
    Ready,
    /// It was brought to a stand, and why; it goes on only where somebody says so.
    Held(String),
    /// It has ended for good, and why.
    Stopped(String),
}

/// A recording.
#[derive(Clone, Debug)]
pub struct RecordPicture {
    /// What, when and into what.
    pub entry: Arc<RecorderEntry>,
    /// Who has begun it; "profile" for one that the profile has.
    pub by: String,
    /// Since when.
    pub since: Wall,
    /// Whether it runs.
    pub state: RecordState,
    /// How it is doing.
    pub figures: Figures,
    /// Frames a second.
    pub rate: f64,
}

/// Whether something is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// It is.
    Running,
    /// It is not yet, or not at the moment: its rule has not come true.
    Waiting,
    /// It is no more, and why.
    Ended(String),
}

/// One component.
#[derive(Clone, Debug)]
pub struct ComponentPicture {
    /// Handle.
    pub id: ComponentId,
    /// Name.
    pub name: Name,
    /// Its kind, as it was when the profile was activated.
    pub kind: Arc<Kind>,
    /// Title of its kind: "Prohelion D1000 Gen 1".
    pub title: String,
    /// Its bus.
    pub bus: BusId,
    /// Base address, where the kind has one.
    pub base: Option<u32>,
    /// Settings in words, for the Parts page.
    pub settings: Vec<(String, String)>,
    /// Frames of a wrong length for their message, and the last such complaint.
    pub malformed: (u64, Option<String>),
    /// Its messages where it is.
    pub messages: Arc<[OwnMessage]>,
    /// The pack that it belongs to, where its profile says so.
    pub pack: Option<Name>,
    /// What kind of part it is.
    pub category: Category,
    /// What it tells.
    pub model: ModelPicture,
    /// What its folder wants shown besides; all there is of a part without a model.
    pub part: Arc<PartPicture>,
}

/// A message of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMessage {
    /// Its id, at the component's address.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Whether the component sends it by itself.
    pub sending: Sending,
}

/// What a component tells, by category.
#[derive(Clone, Debug)]
pub enum ModelPicture {
    /// A battery management system.
    Bms(Arc<PackPicture>),
    /// A charger.
    Charger(Arc<ChargerPicture>),
    /// Driver controls.
    DriverControls(Arc<DriverPicture>),
    /// A part that is described by its folder alone.
    Part,
}

/// Several BMSs that make one pack.
#[derive(Clone, Debug)]
pub struct GroupPicture {
    /// Its name.
    pub name: Name,
    /// Its BMSs.
    pub members: Vec<ComponentId>,
    /// All of them as one.
    pub picture: Arc<PackPicture>,
}

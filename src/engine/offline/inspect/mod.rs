//! Says what a recording tells about a battery, at its end or at a moment. Reads one recording and
//! runs one device through the pack model; how that is written down is in `json` and `text`.

mod json;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::base::id::BusId;
use crate::base::problem::Problem;
use crate::base::time::{Mono, Timebase, Wall};
use crate::engine::can::frame::{FrameRef, Frames, Kind as FrameKind};
use crate::engine::can::trace::{Log, OpenLogError};
pub use crate::engine::device::CurrentSign;
use crate::engine::device::{
    AddressWay, BindError, Catalog, Category, Device, Kind, Malformed, Model, Taken,
};
use crate::engine::pack::{CellAt, Pack, PackPicture, PackSettings};

/// Frames that are read at once.
const BATCH: usize = 4096;

/// A BMU sends its heartbeat once a second; within this it must have been heard.
const HEARTBEAT_WITHIN: Duration = Duration::from_secs(3);

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The recording.
    pub log: PathBuf,
    /// The kinds of device that are known.
    pub catalog: Arc<Catalog>,
    /// Id of the device kind.
    pub device: String,
    /// Base address; the kind's default where not given.
    pub base: Option<u32>,
    /// Which way round it counts current; the kind's default where not given.
    pub current_sign: Option<CurrentSign>,
    /// Parallel strings below it.
    pub strings: u16,
    /// Name of the bus in the recording; the first on which the device is heard where not given.
    pub bus: Option<String>,
    /// The moment: seconds from the start of the recording, or the recording's own time in
    /// seconds; the end where not given.
    pub at: Option<f64>,
}

/// What the recording says.
#[derive(Clone, Debug)]
pub struct Report {
    /// The recording.
    pub log: PathBuf,
    /// Its format in words.
    pub format: &'static str,
    /// The device kind.
    pub kind: Arc<Kind>,
    /// Base address.
    pub base: u32,
    /// Which way round the device counts.
    pub current_sign: CurrentSign,
    /// Name of the bus; empty where the recording has no names.
    pub bus: String,
    /// The moment, from the start of the recording.
    pub at: Duration,
    /// The moment on the wall clock, where the recording has a date.
    pub wall: Option<Wall>,
    /// Length of the recording.
    pub length: Duration,
    /// Whether the moment is the end.
    pub moment: Moment,
    /// Frames of the recording.
    pub frames: u64,
    /// Frames of the device up to the moment.
    pub device_frames: u64,
    /// Frames with an id of the device that were not what it sends.
    pub malformed: Malformed,
    /// Other bases at which a BMU heartbeat was heard.
    pub other_bases: Vec<u32>,
    /// Other buses on which ids of the device were heard.
    pub other_buses: Vec<String>,
    /// Lines that were skipped, and what else is odd about the recording.
    pub problems: Vec<Problem>,
    /// Lines that were skipped.
    pub skipped: u64,
    /// The battery.
    pub picture: PackPicture,
}

/// Which moment a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The last frame of the recording.
    End,
    /// One that was asked for.
    Asked,
}

/// Why a recording cannot be inspected.
#[derive(Debug, Error)]
pub enum InspectError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenLogError),
    /// It cannot be read to its end.
    #[error("{0}")]
    Read(String),
    /// No such kind.
    #[error("there is no device kind {asked:?}; known are {}", known.join(", "))]
    UnknownDevice {
        /// What was asked for.
        asked: String,
        /// Ids of all kinds.
        known: Vec<String>,
    },
    /// A device folder of one's own that is not sound.
    #[error("the device folder {asked:?} is refused: {why}")]
    RefusedDevice {
        /// What was asked for.
        asked: String,
        /// What is wrong with it.
        why: String,
    },
    /// Not a battery.
    #[error("{title} is no battery but of the kind {:?}; batteries are {}", category.words(), known.join(", "))]
    NotABattery {
        /// Title of the kind.
        title: String,
        /// What it is.
        category: Category,
        /// Ids of all batteries.
        known: Vec<String>,
    },
    /// It cannot have this address.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// No frame in it.
    #[error("{}: the recording has no frame", log.display())]
    NoFrames {
        /// The recording.
        log: PathBuf,
    },
    /// No such bus in it.
    #[error("{}: the recording has no bus {asked:?}; it has {}", log.display(), known.join(", "))]
    NoBus {
        /// The recording.
        log: PathBuf,
        /// What was asked for.
        asked: String,
        /// Names of its buses.
        known: Vec<String>,
    },
    /// Nothing of this device in it.
    #[error(
        "{}: no frame of {title} at base 0x{base:03X} among {frames} frames{}",
        log.display(),
        heard_at(bases)
    )]
    NotHeard {
        /// The recording.
        log: PathBuf,
        /// Title of the kind.
        title: String,
        /// The base that was looked at.
        base: u32,
        /// Frames of the recording.
        frames: u64,
        /// Bases at which a heartbeat of a BMU was heard.
        bases: Vec<u32>,
    },
    /// The ids overlap those of a device at another base, and there is no heartbeat at this one.
    #[error(
        "{}: the ids of {title} at base 0x{base:03X} are used by another device: no BMU has its heartbeat at 0x{base:03X}{}",
        log.display(),
        heard_at(bases)
    )]
    OtherBase {
        /// The recording.
        log: PathBuf,
        /// Title of the kind.
        title: String,
        /// The base that was looked at.
        base: u32,
        /// Bases at which a heartbeat of a BMU was heard.
        bases: Vec<u32>,
    },
    /// Not a moment of the recording.
    #[error(
        "{}: --at {asked} is not within the recording; it is {length} s long, so 0 to {length}, or in its own time {start} to {end}",
        log.display()
    )]
    OutsideTime {
        /// The recording.
        log: PathBuf,
        /// What was asked for.
        asked: f64,
        /// Its length, seconds.
        length: f64,
        /// Its first moment in its own time, seconds.
        start: f64,
        /// Its last.
        end: f64,
    },
}

fn heard_at(bases: &[u32]) -> String {
    if bases.is_empty() {
        return "; no heartbeat of a BMU is in it at any base".to_owned();
    }
    let names: Vec<String> = bases.iter().map(|base| format!("0x{base:03X}")).collect();
    format!("; a heartbeat of a BMU is at {}", names.join(" and "))
}

/// Reads a recording and says what it tells about a battery.
///
/// # Errors
/// Says what is wrong with the recording or with what was asked.
pub fn inspect(request: &Request) -> Result<Report, InspectError> {
    let kind = find_kind(&request.device, &request.catalog)?;
    let mut settings = kind.defaults();
    settings.base = request.base.unwrap_or(settings.base);
    settings.current_sign = request.current_sign.unwrap_or(settings.current_sign);
    settings.strings = request.strings;
    let device = kind.bind(settings)?;
    let log = Log::open(&request.log)?;
    let until = match request.at {
        Some(asked) => Some(moment(&log, asked)?),
        None => None,
    };
    let mut look = Look::new(device, until);
    look.read(&log, request.bus.as_deref())?;
    look.report(&log, request)
}

fn find_kind(asked: &str, catalog: &Catalog) -> Result<Arc<Kind>, InspectError> {
    let is_battery = |kind: &Kind| kind.manifest.category == Category::Battery;
    let Some(kind) = catalog.find(asked) else {
        if let Some(refused) = catalog.refused().iter().find(|refused| refused.folder == asked) {
            let faults: Vec<String> = refused.faults.iter().map(ToString::to_string).collect();
            let (asked, why) = (asked.to_owned(), faults.join("; "));
            return Err(InspectError::RefusedDevice { asked, why });
        }
        let known = catalog.iter().map(|kind| kind.manifest.id.clone()).collect();
        return Err(InspectError::UnknownDevice { asked: asked.to_owned(), known });
    };
    if is_battery(kind) {
        return Ok(Arc::clone(kind));
    }
    let batteries = catalog.iter().filter(|kind| is_battery(kind));
    Err(InspectError::NotABattery {
        title: kind.manifest.title.clone(),
        category: kind.manifest.category,
        known: batteries.map(|kind| kind.manifest.id.clone()).collect(),
    })
}

/// First and last time of a recording.
fn span(log: &Log) -> Result<(Mono, Mono), InspectError> {
    let mut reader = log.reader();
    let mut frames = Frames::default();
    let mut span: Option<(Mono, Mono)> = None;
    while reader.read(&mut frames, BATCH) > 0 {
        for frame in frames.iter() {
            let at = frame.time();
            let (first, last) = span.unwrap_or((at, at));
            span = Some((first.min(at), last.max(at)));
        }
        frames.clear();
    }
    if let Some(failure) = reader.failure() {
        return Err(InspectError::Read(failure));
    }
    span.ok_or_else(|| InspectError::NoFrames { log: log.path().to_owned() })
}

/// The moment that is asked for: from the start where that is within the recording, else in the
/// recording's own time.
fn moment(log: &Log, asked: f64) -> Result<Mono, InspectError> {
    let (start, end) = span(log)?;
    let length = end.since(start).as_secs_f64();
    let (first, last) = (start.secs_f64(), end.secs_f64());
    // A person types a moment as it was printed, to the millisecond.
    let slack = 0.001;
    if asked >= 0.0 && asked <= length + slack {
        return Ok(start.after(Duration::from_secs_f64(asked)).min(end));
    }
    if asked >= first - slack && asked <= last + slack {
        let nanos = (asked * 1e9).round() as i64;
        return Ok(Mono::from_nanos(nanos).clamp(start, end));
    }
    let log = log.path().to_owned();
    let round = |seconds: f64| (seconds * 1000.0).round() / 1000.0;
    let (length, start, end) = (round(length), round(first), round(last));
    Err(InspectError::OutsideTime { log, asked, length, start, end })
}

/// A recording being looked at.
struct Look {
    device: Device,
    pack: Pack,
    until: Option<Mono>,
    start: Option<Mono>,
    end: Mono,
    chosen: Option<BusId>,
    others: BTreeSet<BusId>,
    /// Bases of known devices, and whether it is a BMU.
    heartbeats: BTreeMap<u32, bool>,
    timebase: Timebase,
    frames: u64,
    device_frames: u64,
    heard: u64,
    skipped: u64,
    problems: Vec<Problem>,
    bus_names: Vec<String>,
}

impl Look {
    fn new(device: Device, until: Option<Mono>) -> Self {
        let pack = Pack::new(PackSettings::of_device(&device));
        Self {
            device,
            pack,
            until,
            start: None,
            end: Mono::ZERO,
            chosen: None,
            others: BTreeSet::new(),
            heartbeats: BTreeMap::new(),
            timebase: Timebase::default(),
            frames: 0,
            device_frames: 0,
            heard: 0,
            skipped: 0,
            problems: Vec::new(),
            bus_names: Vec::new(),
        }
    }

    fn read(&mut self, log: &Log, bus: Option<&str>) -> Result<(), InspectError> {
        let mut reader = log.reader();
        let mut frames = Frames::default();
        let mut facts = Vec::new();
        while reader.read(&mut frames, BATCH) > 0 {
            let wanted = bus.map(|name| reader.bus_names().iter().position(|own| own == name));
            for frame in frames.iter() {
                self.frames += 1;
                let (start, at) = (*self.start.get_or_insert(frame.time()), frame.time());
                self.start = Some(start.min(at));
                self.end = if self.frames == 1 { at } else { self.end.max(at) };
                let fits = |at: Option<usize>| at == Some(usize::from(frame.bus().0));
                if wanted.is_none_or(fits) {
                    self.take(frame, &mut facts);
                }
            }
            frames.clear();
        }
        if let Some(failure) = reader.failure() {
            return Err(InspectError::Read(failure));
        }
        self.timebase = log.timebase();
        self.skipped = reader.skipped();
        self.problems = reader.problems();
        self.bus_names = reader.bus_names().to_vec();
        if self.frames == 0 {
            return Err(InspectError::NoFrames { log: log.path().to_owned() });
        }
        match bus {
            Some(asked) if !self.bus_names.iter().any(|own| own == asked) => {
                Err(InspectError::NoBus {
                    log: log.path().to_owned(),
                    asked: asked.to_owned(),
                    known: self.bus_names.clone(),
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn take(&mut self, frame: FrameRef<'_>, facts: &mut Vec<crate::engine::device::Fact>) {
        self.heartbeats.extend(heartbeat(&frame));
        let is_own = self.device.message_name(frame.id()).is_some();
        if !is_own {
            return;
        }
        if *self.chosen.get_or_insert(frame.bus()) != frame.bus() {
            self.others.insert(frame.bus());
            return;
        }
        self.heard += 1;
        if self.until.is_some_and(|until| frame.time() > until) {
            return;
        }
        facts.clear();
        match self.device.take(frame, facts) {
            Taken::Known => self.device_frames += 1,
            Taken::Malformed | Taken::Foreign => {}
        }
        for fact in facts.iter() {
            self.pack.apply(frame.time(), fact);
        }
    }

    fn report(self, log: &Log, request: &Request) -> Result<Report, InspectError> {
        let base = self.device.settings().base;
        let kind = Arc::clone(self.device.kind());
        let bases: Vec<u32> = self.bmu_bases().collect();
        let title = kind.manifest.title.clone();
        let path = log.path().to_owned();
        if self.heard == 0 {
            let frames = self.frames;
            return Err(InspectError::NotHeard { log: path, title, base, frames, bases });
        }
        if self.is_of_another_base(&kind, base) {
            return Err(InspectError::OtherBase { log: path, title, base, bases });
        }
        let start = self.start.unwrap_or(self.end);
        let at = self.until.unwrap_or(self.end);
        let picture = self.pack.picture(at);
        let name = |bus: &BusId| self.bus_names.get(usize::from(bus.0)).cloned();
        Ok(Report {
            log: path,
            format: log.format().words(),
            base,
            current_sign: self.device.settings().current_sign,
            bus: self.chosen.as_ref().and_then(name).unwrap_or_default(),
            at: at.since(start),
            wall: self.timebase.wall(at),
            length: self.end.since(start),
            moment: if request.at.is_some() { Moment::Asked } else { Moment::End },
            frames: self.frames,
            device_frames: self.device_frames,
            malformed: self.device.malformed().clone(),
            other_bases: bases.into_iter().filter(|other| *other != base).collect(),
            other_buses: self.others.iter().filter_map(name).collect(),
            problems: self.problems,
            skipped: self.skipped,
            picture,
            kind,
        })
    }

    /// Bases are closer together than a BMU's ids reach, so a wrong base reads another device's
    /// messages as its own. Every BMU sends its heartbeat, whatever else it is told; one that is
    /// not there while another is, or in whose place another device speaks, is no BMU.
    fn is_of_another_base(&self, kind: &Kind, base: u32) -> bool {
        let rule = &kind.manifest.address;
        match self.heartbeats.get(&base) {
            Some(true) => false,
            Some(false) => true,
            None => {
                let start = self.start.unwrap_or(self.end);
                let settled = self.end.since(start) >= HEARTBEAT_WITHIN;
                let overlaps = |other: u32| other.abs_diff(base) < rule.span;
                rule.way == AddressWay::Base
                    && self.bmu_bases().any(|other| settled || overlaps(other))
            }
        }
    }

    fn bmu_bases(&self) -> impl Iterator<Item = u32> {
        self.heartbeats.iter().filter(|(_, is_bmu)| **is_bmu).map(|(base, _)| *base)
    }
}

/// The base of a device, and whether it is a BMU, where the frame is the heartbeat of a known
/// device (protocol note, section 1).
fn heartbeat(frame: &FrameRef<'_>) -> Option<(u32, bool)> {
    let id = frame.id();
    let fits = !id.is_extended() && id.raw().is_multiple_of(0x20) && frame.data.len() == 8;
    if !fits || frame.kind() != FrameKind::Data {
        return None;
    }
    let (word, _serial) = frame.data.split_first_chunk::<4>()?;
    let is_bmu = match Model::from_word(u32::from_le_bytes(*word)).0 {
        Model::Bmu | Model::OldBmu | Model::BmsGen2 => true,
        Model::DriverControls
        | Model::OldDriverControls
        | Model::WaveSculptor200
        | Model::WaveSculptor22
        | Model::TwelveVoltController
        | Model::ContactorBoard
        | Model::M48 => false,
        Model::Unknown(_) => return None,
    };
    Some((id.raw(), is_bmu))
}

/// Where a lowest or highest cell comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CellSource {
    /// From the cells that were heard.
    Cells,
    /// From the BMU's own report, since not all cells were heard.
    Bmu,
}

impl Report {
    /// Lowest and highest cell: of the cells that were heard, or as the BMU reports them where it
    /// knows modules that were not heard.
    fn extremes(&self) -> Option<(CellAt, CellAt, CellSource)> {
        let own = self.picture.cells.min.zip(self.picture.cells.max);
        let reported = self.picture.reported_cells.value;
        let heard = |at: CellAt| self.picture.modules.iter().any(|m| m.module == at.module);
        let told = self.picture.modules_told.value.map_or(0, usize::from);
        let partial = self.picture.modules.len() < told
            || reported.is_some_and(|(low, high)| !heard(low) || !heard(high));
        match (own, reported) {
            (Some((min, max)), None) => Some((min, max, CellSource::Cells)),
            (Some((min, max)), Some(_)) if !partial => Some((min, max, CellSource::Cells)),
            (_, Some((low, high))) => Some((low, high, CellSource::Bmu)),
            (None, None) => None,
        }
    }
}

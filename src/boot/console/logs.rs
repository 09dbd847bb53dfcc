//! The recordings that the window looks at beside what runs: each is read by a thread of its own, and
//! has its own filter and its own codecs. None of it waits.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::tz::TimeZone;

use super::file::{self, Failed};
use super::plots::Plots;
use super::{Console, Shared};
use crate::desktop::ask::{Existing, Like, LogAsk, SaveTo, SavedPart};
use crate::engine::logs::{Dictionary, LogPicture, LogState, Opening, USUAL_BYTES};
use crate::engine::save::{self, Request};
use crate::engine::{Decoders, Direction, Id, Reel, Session, Sieve, Snapshot, ViewPlant, convert};
use crate::view::compose;
use crate::view::compose::trace::{Naming, TraceReader};
use crate::view::discovery::{DiscoverIn, DiscoveryView};
use crate::view::export::plot_csv::PlotError;
use crate::view::logs::{LogId, LogView, TraceOf};
use crate::view::plot::{PlotAsk, PlotKey, PlotPicture};
use crate::view::sending::Draft;
use crate::view::shown::Tone;
use crate::view::text;
use crate::view::trace::{Looked, TraceAsk, TraceSeen};
use crate::view::traffic::{RowKey, StudyView, TrafficPrefs, TrafficView};

/// All of them.
#[derive(Default)]
pub(super) struct Logs {
    open: Vec<OpenLog>,
}

/// One that is open.
struct OpenLog {
    id: LogId,
    opening: Result<Opening, LogPicture>,
    /// The DBC files that were chosen for it.
    chosen: Vec<Arc<Dictionary>>,
    /// What its trace has found so far.
    reader: TraceReader,
    /// Its codecs, and what they were made of.
    decoders: Option<(MadeOf, Arc<Decoders>)>,
    /// What is plotted of it.
    plots: Plots,
}

/// What codecs are made of.
struct MadeOf {
    plant: Option<Arc<Decoders>>,
    buses: usize,
    chosen: usize,
}

impl OpenLog {
    fn picture(&self) -> Arc<LogPicture> {
        match &self.opening {
            Ok(opening) => opening.picture(),
            Err(picture) => Arc::new(picture.clone()),
        }
    }

    /// Its codecs; made anew when the plant's, its buses or its DBC files are others.
    fn decoders(&mut self, snapshot: Option<&Snapshot>, picture: &LogPicture) -> Arc<Decoders> {
        let plant = snapshot.map(|snapshot| &snapshot.decoders);
        if let Some((made_of, decoders)) = &self.decoders {
            let same = match (&made_of.plant, plant) {
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if same && made_of.buses == picture.buses.len() && made_of.chosen == self.chosen.len() {
                return Arc::clone(decoders);
            }
        }
        let known = snapshot.into_iter().flat_map(|snapshot| {
            let codecs = |bus| snapshot.decoders.codecs(bus);
            snapshot.buses.iter().map(move |bus| (bus.name.as_str(), codecs(bus.id)))
        });
        let known: Vec<_> = known.collect();
        let decoders = Arc::new(picture.decoders(&known, &self.chosen));
        let made_of =
            MadeOf { plant: plant.cloned(), buses: picture.buses.len(), chosen: self.chosen.len() };
        self.decoders = Some((made_of, Arc::clone(&decoders)));
        decoders
    }
}

impl Logs {
    fn find(&mut self, log: LogId) -> Option<&mut OpenLog> {
        self.open.iter_mut().find(|one| one.id == log)
    }

    /// How they stand; takes the DBC files that were read meanwhile.
    pub(super) fn views(&mut self, shared: &Shared) -> Vec<LogView> {
        let read = std::mem::take(&mut shared.state().dictionaries);
        for (log, dictionary) in read {
            if let Some(one) = self.find(log) {
                one.chosen.insert(0, dictionary);
                one.decoders = None;
            }
        }
        let view = |one: &OpenLog| {
            compose::logs::log(one.id, &one.picture(), one.chosen.iter().map(AsRef::as_ref))
        };
        self.open.iter().map(view).collect()
    }

    /// Puts what talks in the recording that is wanted in the place of what talks on a bus, and names
    /// all that are open.
    pub(super) fn discover(
        &self,
        snapshot: &Snapshot,
        session: &Session,
        wanted: &DiscoverIn,
        view: &mut DiscoveryView,
    ) {
        if let DiscoverIn::Log(log) = wanted
            && let Some(one) = self.open.iter().find(|one| one.id == *log)
        {
            *view = compose::discovery::in_log(snapshot, session, (*log, &one.picture()));
        }
        let named = |one: &OpenLog| {
            let log = compose::logs::log(one.id, &one.picture(), std::iter::empty());
            (one.id, log.name)
        };
        view.logs = self.open.iter().map(named).collect();
    }

    /// The rows of a trace that are in sight.
    pub(super) fn trace(
        &mut self,
        snapshot: Option<&Snapshot>,
        (log, ask): (LogId, &TraceAsk),
        zone: &TimeZone,
    ) -> TraceSeen {
        let Some(one) = self.find(log) else { return nothing() };
        let picture = one.picture();
        let decoders = one.decoders(snapshot, &picture);
        let naming = Naming::of_log(&picture, &decoders, zone);
        let mut seen = one.reader.read(&naming, &picture.reel, ask);
        if picture.reel.is_empty() {
            seen.view.empty = match &picture.state {
                LogState::Reading => "The recording is being opened.".to_owned(),
                LogState::Refused(sentence) | LogState::Broken(sentence) => sentence.clone(),
                LogState::Whole | LogState::Full | LogState::Stopped => {
                    "There is no frame in it.".to_owned()
                }
            };
        }
        seen
    }

    /// The table by id.
    pub(super) fn traffic(
        &mut self,
        snapshot: Option<&Snapshot>,
        log: LogId,
        prefs: &TrafficPrefs,
    ) -> TrafficView {
        let Some(one) = self.find(log) else { return TrafficView::default() };
        let picture = one.picture();
        let decoders = one.decoders(snapshot, &picture);
        compose::traffic::log_traffic(&picture, &decoders, prefs)
    }

    /// A close look at an id.
    pub(super) fn study(
        &mut self,
        snapshot: Option<&Snapshot>,
        log: LogId,
        row: RowKey,
    ) -> StudyView {
        let Some(one) = self.find(log) else { return StudyView::default() };
        let picture = one.picture();
        let decoders = one.decoders(snapshot, &picture);
        one.plots.study(&picture.reel, &decoders, row)
    }

    /// The plot of signals.
    pub(super) fn plot(
        &mut self,
        snapshot: Option<&Snapshot>,
        (log, ask): (LogId, &PlotAsk),
        zone: &TimeZone,
    ) -> PlotPicture {
        let Some(one) = self.find(log) else { return PlotPicture::default() };
        let picture = one.picture();
        let decoders = one.decoders(snapshot, &picture);
        let naming = Naming::of_log(&picture, &decoders, zone);
        one.plots.plot(&naming, &picture.reel, ask)
    }

    /// The frame that brought the value of a line at a moment of the plot.
    pub(super) fn frame_at(
        &self,
        (log, key, at): (LogId, Option<&PlotKey>, i64),
        zone: &TimeZone,
    ) -> Option<u64> {
        let one = self.open.iter().find(|one| one.id == log)?;
        let (picture, (_, decoders)) = (one.picture(), one.decoders.as_ref()?);
        let naming = Naming::of_log(&picture, decoders, zone);
        compose::signal_plot::frame_at(&naming, &picture.reel, key, at)
    }

    /// The rows between two frames as lines of a candump log.
    pub(super) fn copied(&self, (log, between): (LogId, (u64, u64)), zone: &TimeZone) -> String {
        let Some(one) = self.open.iter().find(|one| one.id == log) else { return String::new() };
        let Some((_, decoders)) = &one.decoders else { return String::new() };
        let picture = one.picture();
        let naming = Naming::of_log(&picture, decoders, zone);
        one.reader.copied(&naming, &picture.reel, between)
    }

    /// A draft like a frame that was seen: for the bus of the same name, else for the first.
    pub(super) fn like(&self, snapshot: &Snapshot, log: LogId, like: Like) -> Option<Draft> {
        let picture = self.open.iter().find(|one| one.id == log)?.picture();
        let frame = match like {
            Like::Frame(_, number) => picture.reel.get(number)?.to_frame(),
            Like::Row(_, key) => picture.traffic.rows().iter().find(|row| is(row, key))?.last,
        };
        let name = picture.buses.get(usize::from(frame.bus().0));
        let same = snapshot.buses.iter().find(|bus| Some(bus.name.as_str()) == name.map(|n| &**n));
        let bus = same.or(snapshot.buses.first());
        Some(Draft::like(bus.map_or("", |bus| bus.name.as_str()), &frame))
    }
}

fn is(row: &crate::engine::TrafficEntry, key: RowKey) -> bool {
    let raw = key.id & 0x1FFF_FFFF;
    let id = if raw == key.id { Id::standard(raw) } else { Id::extended(raw) };
    let sent = row.last.direction() == Direction::Sent;
    row.last.bus().0 == key.bus && Some(row.last.id()) == id && sent == key.sent
}

fn nothing() -> TraceSeen {
    let view = crate::view::trace::TraceView {
        empty: "This recording was closed.".to_owned(),
        ..crate::view::trace::TraceView::default()
    };
    TraceSeen { view, looked: Looked::All, found: None, goes_to: None, refused: None }
}

/// What `make` makes of the trace that is meant; none where it has gone.
fn of_trace<T>(
    console: &mut Console,
    of: TraceOf,
    make: impl FnOnce(&Naming<'_>, Reel) -> T,
) -> Option<T> {
    let zone = console.zone.clone();
    match of {
        TraceOf::Live => {
            let (snapshot, reel) = console.live()?;
            Some(make(&Naming::of(&snapshot, &zone), reel))
        }
        TraceOf::Log(log) => {
            let snapshot = console.snapshot();
            let one = console.logs.find(log)?;
            let picture = one.picture();
            let decoders = one.decoders(snapshot.as_deref(), &picture);
            Some(make(&Naming::of_log(&picture, &decoders, &zone), picture.reel.clone()))
        }
    }
}

/// Saves on a thread of its own, unless something is being saved: `work` is told when to stop, and
/// tells the share that is done; what came of it is said.
fn saving(
    console: &Console,
    work: impl FnOnce(&AtomicBool, &mut dyn FnMut(f32)) -> Result<String, String> + Send + 'static,
) {
    let stop = Arc::new(AtomicBool::new(false));
    {
        let mut state = console.shared.state();
        if state.saving.is_some() {
            drop(state);
            let words = "Something is being saved: wait for it, or stop it first.";
            return console.shared.note(Tone::Warning, words.to_owned());
        }
        state.saving = Some((0.0, Arc::clone(&stop)));
    }
    console.aside("save", move |shared| {
        let done = work(&stop, &mut |share| {
            if let Some((known, _)) = &mut shared.state().saving {
                *known = share;
            }
            shared.changed();
        });
        shared.state().saving = None;
        match done {
            Ok(words) => shared.note(Tone::Info, words),
            Err(words) => shared.note(Tone::Fault, words),
        }
    });
}

/// Saves frames.
fn save(console: &mut Console, of: TraceOf, (part, filter): (SavedPart, &str), to: SaveTo) {
    let made =
        of_trace(console, of, |naming, reel| (naming.sieve(filter), naming.named_buses(), reel));
    let Some((sieve, buses, reel)) = made else { return };
    let everything = (reel.first(), reel.end().saturating_sub(1));
    let (between, sieve) = match part {
        SavedPart::Fitting => (everything, sieve),
        SavedPart::All => (everything, Ok(Sieve::everything())),
        SavedPart::Between(first, last) => ((first, last), sieve),
    };
    let sieve = match sieve {
        Ok(sieve) => sieve,
        Err(sentence) => return console.shared.note(Tone::Fault, sentence),
    };
    let existing = match to.existing {
        Existing::Keep => convert::Existing::Keep,
        Existing::Replace => convert::Existing::Replace,
    };
    let request = Request { reel, buses, between, sieve, output: to.path, existing };
    saving(console, move |stop, watch| {
        let saved = save::save(&request, stop, watch).map_err(|error| format!("{error}."))?;
        let path = request.output.display();
        let frames = text::grouped(saved.frames);
        let lost = match saved.not_kept.as_slice() {
            [] => String::new(),
            lost => format!(" What it cannot hold: {}.", lost.join(", ")),
        };
        Ok(format!("{path}: {frames} frames saved as {}.{lost}", saved.format))
    });
}

/// Saves values of a plot.
fn save_values(
    console: &mut Console,
    of: TraceOf,
    (lines, between): (&[PlotKey], Option<(i64, i64)>),
    to: SaveTo,
) {
    let made = of_trace(console, of, |naming, reel| {
        compose::signal_plot::export(naming, &reel, lines, between)
    });
    let Some(export) = made else { return };
    saving(console, move |stop, watch| {
        let go_on = &mut |share| {
            watch(share);
            match stop.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let saved = file::write(&to, |out| {
            export.write(out, go_on).map_err(|error| match error {
                PlotError::File(why) => Failed::File(why),
                PlotError::Nothing | PlotError::Stopped => Failed::Content(error.to_string()),
            })
        })?;
        Ok(compose::signal_plot::saved(&to.path.display().to_string(), &saved))
    });
}

/// Does what was asked of recordings.
pub(super) fn carry_out(console: &mut Console, ask: LogAsk) {
    match ask {
        LogAsk::Open(id, path) => {
            let shared = Arc::clone(&console.shared);
            let clock = Arc::clone(shared.door.clock());
            let most = shared.session.permit(ViewPlant).map_or(USUAL_BYTES, |grant| {
                u64::from(shared.door.settings(&grant).records.log_memory_mb) * 1_000_000
            });
            let told = Box::new(move || shared.changed());
            let opening = Opening::start(&path, most, clock, told).map_err(|error| LogPicture {
                path,
                state: LogState::Refused(format!("A thread cannot be started: {error}.")),
                ..LogPicture::default()
            });
            console.logs.open.push(OpenLog {
                id,
                opening,
                chosen: Vec::new(),
                reader: TraceReader::default(),
                decoders: None,
                plots: Plots::new(&console.shared),
            });
        }
        LogAsk::Close(id) => console.logs.open.retain(|one| one.id != id),
        LogAsk::Stop(id) => {
            if let Some(OpenLog { opening: Ok(opening), .. }) = console.logs.find(id) {
                opening.stop();
            }
        }
        LogAsk::Decode(id, path) => {
            console.aside("dictionary", move |shared| match Dictionary::open(&path) {
                Ok(dictionary) => {
                    if dictionary.problems > 0 {
                        let were = if dictionary.problems == 1 { "was" } else { "were" };
                        let words = format!(
                            "{}: {} used; {} {were} passed over. `busbar dbc check` lists them.",
                            path.display(),
                            text::count(dictionary.messages, "message"),
                            text::count(dictionary.problems, "problem"),
                        );
                        shared.note(Tone::Info, words);
                    }
                    shared.state().dictionaries.push((id, Arc::new(dictionary)));
                    shared.changed();
                }
                Err(error) => shared.note(Tone::Fault, format!("{error}.")),
            })
        }
        LogAsk::Save { of, part, filter, to } => save(console, of, (part, &filter), to),
        LogAsk::SaveValues { of, lines, between, to } => {
            save_values(console, of, (&lines, between), to);
        }
        LogAsk::StopSaving => {
            if let Some((_, stop)) = &console.shared.state().saving {
                stop.store(true, Ordering::Relaxed);
            }
        }
        LogAsk::Plain(id) => {
            if let Some(one) = console.logs.find(id) {
                one.chosen.clear();
                one.decoders = None;
            }
        }
    }
    console.shared.changed();
}

//! The window's source: stands on the door with the session of the local seat, turns what a person
//! asked for into orders, and snapshots into views. Work that may take longer than a frame (looking
//! through a recording, asking the kernel for interfaces) is done on a thread of its own.

mod backup;
#[cfg(test)]
mod backup_tests;
mod charging;
mod components;
mod dbc;
mod devices;
mod file;
mod filters;
#[cfg(test)]
mod filters_tests;
mod logs;
mod packs;
#[cfg(test)]
mod packs_tests;
mod people;
mod player;
mod plots;
#[cfg(test)]
mod plots_tests;
mod profiles;
#[cfg(test)]
mod profiles_tests;
mod recordings;
mod replaying;
#[cfg(test)]
mod report_tests;
mod sending;
#[cfg(test)]
mod sending_tests;
mod system;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::tz::TimeZone;

use crate::base::time::Mono;
use crate::boot::choice::{Choice, ChoiceError};
use crate::desktop::ask::{Answer, Like};
use crate::desktop::source::{Intent, Source, Waker};
use crate::engine::logs::Dictionary;
use crate::engine::{
    ActivateProfile, Address, BackupWeight, ClearTraffic, Door, Finding, Found, Gate, Library,
    LibraryError, Order, Reel, SavedFilter, Session, Snapshot, Ticket, UseCan, ViewPlant,
    interfaces,
};
use crate::view::buses::BusesView;
use crate::view::charge::{ChargePrefs, ChargeView};
use crate::view::chrome::Chrome;
use crate::view::components::{PartsPrefs, PartsSeen};
use crate::view::compose;
use crate::view::compose::sessions::living_sessions;
use crate::view::compose::settings::ListenerState;
use crate::view::compose::trace::{Naming, TraceReader};
use crate::view::dbc::{DbcPrefs, DbcView};
use crate::view::logs::{LogId, LogView, TraceOf};
use crate::view::offer::Question;
use crate::view::pack::PackView;
use crate::view::plot::{PlotAsk, PlotKey, PlotPicture};
use crate::view::recordings::{RecordView, ShelfView};
use crate::view::replay::{ReplayPrefs, ReplayView};
use crate::view::sending::{Draft, SendPrefs, SendView};
use crate::view::services::ServicesView;
use crate::view::sessions::SessionsView;
use crate::view::settings::SettingsView;
use crate::view::shown::{Note, Tone};
use crate::view::start::StartView;
use crate::view::trace::{Looked, TraceAsk, TraceSeen};
use crate::view::traffic::{RowKey, StudyView, TrafficPrefs, TrafficView};
use crate::view::users::{UsersPrefs, UsersView};

/// Most sentences that wait to be read.
const NOTES: usize = 8;

/// The console of the person at the machine.
pub struct Console {
    shared: Arc<Shared>,
    zone: TimeZone,
    first_start: bool,
    /// What the trace has found so far, and the frames that it was last read from.
    reader: TraceReader,
    reel: Option<(u64, Reel)>,
    /// Recordings that are looked at beside what runs.
    logs: logs::Logs,
    /// The folder of recordings.
    folder: recordings::Folder,
    /// What is plotted of what runs.
    plots: plots::Plots,
    /// DBC files.
    dbc: dbc::Room,
}

/// What the threads that do long work share with the window.
struct Shared {
    door: Door,
    gate: Gate,
    session: Session,
    library: Library,
    state: Mutex<State>,
    /// Held while kept filters are changed and read.
    filtering: Mutex<()>,
    /// Counts what has changed besides the snapshot.
    changes: AtomicU64,
    /// Counts what was chosen to run: the newest wins, however long it takes to prepare.
    turns: AtomicU64,
    waker: Mutex<Option<Waker>>,
    /// What is known of the web listener.
    listener: RwLock<ListenerState>,
}

#[derive(Default)]
struct State {
    /// What has come of what was asked on the Admin pages.
    answers: Vec<Answer>,
    found: Found,
    /// What was last found in the data folder, and when: the page looks more often than that changes.
    checked: Option<(Mono, Arc<[Finding]>)>,
    /// What a backup would hold, and when that was weighed.
    weighed: Option<(Mono, BackupWeight)>,
    notes: Vec<Note>,
    tickets: Vec<Waiting>,
    /// Choices that have been carried out.
    opened: u64,
    /// DBC files for recordings that were read and not yet taken.
    dictionaries: Vec<(LogId, Arc<Dictionary>)>,
    /// The filters that are kept; none until they were read.
    filters: Option<Vec<SavedFilter>>,
    /// Frames or values are being saved: the share that is done, and what stops it.
    saving: Option<(f32, Arc<AtomicBool>)>,
}

/// An order on its way.
struct Waiting {
    /// What it does, in words.
    what: String,
    ticket: Ticket,
    /// It makes something new run.
    opens: bool,
}

impl Console {
    /// The console of `session`.
    #[must_use]
    pub fn new(door: Door, gate: Gate, session: Session, library: Library) -> Self {
        let shared = Arc::new(Shared {
            door,
            gate,
            session,
            library,
            state: Mutex::default(),
            filtering: Mutex::default(),
            changes: AtomicU64::new(0),
            turns: AtomicU64::new(0),
            waker: Mutex::new(None),
            listener: RwLock::default(),
        });
        let (reader, reel, logs) = (TraceReader::default(), None, logs::Logs::default());
        Self {
            plots: plots::Plots::new(&shared),
            shared,
            zone: TimeZone::system(),
            first_start: false,
            reader,
            reel,
            logs,
            folder: recordings::Folder::default(),
            dbc: dbc::Room::default(),
        }
    }

    /// The same, of somebody who never chose anything.
    #[must_use]
    pub fn at_first_start(self) -> Self {
        Self { first_start: true, ..self }
    }

    /// Leaves a sentence to be read.
    pub fn note(&self, tone: Tone, text: String) {
        self.shared.note(tone, text);
    }

    /// Takes what is known of the web listener, whenever that changes.
    #[must_use]
    #[cfg_attr(not(any(test, feature = "web")), expect(dead_code, reason = "there is no listener"))]
    pub fn on_listener(&self) -> Box<dyn Fn(ListenerState) + Send + Sync> {
        let shared = Arc::clone(&self.shared);
        Box::new(move |state| {
            *shared.listener.write().unwrap_or_else(PoisonError::into_inner) = state;
            shared.changed();
        })
    }

    fn snapshot(&self) -> Option<Arc<Snapshot>> {
        let grant = self.shared.session.permit(ViewPlant).ok()?;
        Some(self.shared.door.look(&grant))
    }

    /// What runs, and its last frames; none to whom they are not shown.
    fn live(&mut self) -> Option<(Arc<Snapshot>, Reel)> {
        let snapshot = self.snapshot()?;
        let grant = self.shared.session.permit(UseCan).ok()?;
        // Scrolling between two pictures needs no newer frames.
        if self.reel.as_ref().is_none_or(|(version, _)| *version != snapshot.version) {
            self.reel = Some((snapshot.version, self.shared.door.reel(&grant)));
        }
        let (_, reel) = self.reel.as_ref()?;
        Some((snapshot, reel.clone()))
    }

    /// Runs `work` on a thread named `name`.
    fn aside(&self, name: &str, work: impl FnOnce(&Shared) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || work(&shared));
        if let Err(error) = thread {
            self.shared.note(Tone::Fault, format!("A thread cannot be started: {error}."));
        }
    }

    fn choose(&mut self, choice: Choice) {
        self.first_start = false;
        let turn = self.shared.turns.fetch_add(1, Ordering::SeqCst) + 1;
        self.aside("choose", move |shared| shared.choose(&choice, turn));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = waker.as_ref() {
            waker();
        }
    }

    fn note(&self, tone: Tone, text: String) {
        let mut state = self.state();
        if state.notes.len() == NOTES {
            state.notes.remove(0);
        }
        state.notes.push(Note { tone, text, closable: true });
        drop(state);
        self.changed();
    }

    fn submit<O: Order<Done = ()>>(&self, order: O) {
        let what = O::NAME.replace('_', " ");
        match self.door.submit(&self.session, order) {
            Ok(ticket) => {
                let opens = O::NAME == ActivateProfile::NAME;
                self.state().tickets.push(Waiting { what, ticket, opens });
            }
            Err(refusal) => self.note(Tone::Fault, format!("{what}: {refusal}.")),
        }
    }

    /// Runs the choice with the number `turn`, unless somebody has chosen again meanwhile.
    fn choose(&self, choice: &Choice, turn: u64) {
        // What would be refused is not remembered either: the next start would open it.
        if let Some(pack) = self.charging() {
            let words =
                format!("{pack} is being charged: stop that first. Nothing else was opened.");
            return self.note(Tone::Fault, words);
        }
        let order = match choice.keep(&self.library) {
            Ok(order) => Ok(order),
            Err(ChoiceError::Library(error @ LibraryError::Write { .. })) => {
                self.note(Tone::Warning, format!("The choice is not remembered: {error}."));
                choice.order(&self.library)
            }
            Err(error) => Err(error),
        };
        if self.turns.load(Ordering::SeqCst) != turn {
            return;
        }
        match order {
            Ok(order) => self.submit(order),
            Err(error) => self.note(Tone::Fault, format!("{error}.")),
        }
    }

    /// A pack that is being charged.
    fn charging(&self) -> Option<String> {
        let snapshot = self.door.look(&self.session.permit(ViewPlant).ok()?);
        let running = snapshot.charges.iter().find(|picture| picture.state.is_running());
        running.map(|picture| picture.pack.to_string())
    }

    /// Takes the answers that have come and says the bad ones.
    fn settle(&self) {
        let mut bad = Vec::new();
        let mut state = self.state();
        let mut good = false;
        let State { tickets, notes, opened, .. } = &mut *state;
        tickets.retain(|waiting| match waiting.ticket.poll() {
            None => true,
            // What went wrong with earlier attempts to open something is over.
            Some(Ok(())) => {
                if waiting.opens {
                    notes.clear();
                }
                *opened += u64::from(waiting.opens);
                good = true;
                false
            }
            Some(Err(error)) => {
                bad.push(format!("{}: {error}.", waiting.what));
                false
            }
        });
        drop(state);
        if good {
            self.changed();
        }
        bad.into_iter().for_each(|text| self.note(Tone::Fault, text));
    }
}

impl Source for Console {
    fn version(&self) -> u64 {
        self.shared.settle();
        let snapshot = self.snapshot().map_or(0, |snapshot| snapshot.version);
        let roster = people::roster(&self.shared).map_or(0, |roster| roster.version);
        snapshot + roster + self.shared.changes.load(Ordering::SeqCst)
    }

    fn running(&self) -> bool {
        self.snapshot().is_some_and(|snapshot| snapshot.profile.is_some())
    }

    fn opened(&self) -> u64 {
        self.shared.state().opened
    }

    fn chrome(&self) -> Chrome {
        let Some(snapshot) = self.snapshot() else { return Chrome::default() };
        let mut chrome = compose::chrome::chrome(&snapshot, &self.shared.session, &self.zone);
        let sessions = people::roster(&self.shared).map(|roster| living_sessions(&roster));
        let listener = people::listener(&self.shared);
        chrome.web = Some(compose::chrome::web(&listener, sessions.unwrap_or_default()));
        chrome.notes.extend(self.shared.state().notes.iter().cloned());
        if self.first_start {
            let text = "This is a simulated demo pack. Open on the left connects a CAN interface of this machine, plays a recording, or keeps the demo.";
            chrome.notes.push(Note { tone: Tone::Info, text: text.into(), closable: true });
        }
        chrome
    }

    fn pack(&self, selected: Option<&str>) -> PackView {
        let snapshot = self.snapshot();
        snapshot.map_or_else(PackView::default, |s| compose::pack::pack(&s, selected))
    }

    fn charge(&self, prefs: &ChargePrefs) -> ChargeView {
        charging::view(&self.shared, self.snapshot().as_deref(), prefs, &self.zone)
    }

    fn closing(&self) -> Option<Question> {
        let charging = self.snapshot().and_then(|snapshot| compose::charge::closing(&snapshot));
        charging.or_else(|| self.dbc.is_changed().then(compose::dbc::closing))
    }

    fn traffic(&self, prefs: &TrafficPrefs) -> TrafficView {
        let snapshot = self.snapshot();
        snapshot.map_or_else(TrafficView::default, |s| compose::traffic::traffic(&s, prefs))
    }

    fn buses(&self) -> BusesView {
        let session = &self.shared.session;
        let compose = |s: Arc<Snapshot>| compose::buses::buses(&s, session);
        self.snapshot().map_or_else(BusesView::default, compose)
    }

    fn recordings(&mut self) -> (RecordView, ShelfView) {
        recordings::view(self)
    }

    fn sending(&self, prefs: &SendPrefs) -> SendView {
        let session = &self.shared.session;
        let compose = |s: Arc<Snapshot>| compose::sending::sending(&s, session, prefs);
        self.snapshot().map_or_else(SendView::default, compose)
    }

    fn replays(&self, prefs: &ReplayPrefs) -> ReplayView {
        let session = &self.shared.session;
        let compose = |s: Arc<Snapshot>| compose::replay::replays(&s, session, prefs);
        self.snapshot().map_or_else(ReplayView::default, compose)
    }

    fn with_signal(&self, draft: &Draft, signal: &str, typed: &str) -> Result<Draft, String> {
        let snapshot = self.snapshot().ok_or("Nothing runs.")?;
        compose::sending::with_signal(&snapshot, draft, (signal, typed))
    }

    fn dbc(&mut self, prefs: &DbcPrefs) -> DbcView {
        dbc::view(self, prefs)
    }

    fn like(&self, like: Like) -> Option<Draft> {
        let grant = self.shared.session.permit(UseCan).ok()?;
        let snapshot = self.snapshot()?;
        match like {
            Like::Row(TraceOf::Live, _) | Like::Frame(TraceOf::Live, _) => {
                sending::like(&snapshot, &self.shared.door.reel(&grant), like)
            }
            Like::Row(TraceOf::Log(log), _) | Like::Frame(TraceOf::Log(log), _) => {
                self.logs.like(&snapshot, log, like)
            }
        }
    }

    fn filters(&self) -> Option<Vec<SavedFilter>> {
        self.shared.state().filters.clone()
    }

    fn saving(&self) -> Option<f32> {
        self.shared.state().saving.as_ref().map(|(share, _)| *share)
    }

    fn study(&mut self, of: TraceOf, row: RowKey) -> StudyView {
        if let TraceOf::Log(log) = of {
            let snapshot = self.snapshot();
            return self.logs.study(snapshot.as_deref(), log, row);
        }
        let Some((snapshot, reel)) = self.live() else { return StudyView::default() };
        self.plots.study(&reel, &snapshot.decoders, row)
    }

    fn plot(&mut self, of: TraceOf, ask: &PlotAsk) -> PlotPicture {
        if let TraceOf::Log(log) = of {
            let snapshot = self.snapshot();
            return self.logs.plot(snapshot.as_deref(), (log, ask), &self.zone);
        }
        let Some((snapshot, reel)) = self.live() else { return PlotPicture::default() };
        let naming = Naming::of(&snapshot, &self.zone);
        self.plots.plot(&naming, &reel, ask)
    }

    fn frame_at(&self, of: TraceOf, key: Option<&PlotKey>, at: i64) -> Option<u64> {
        match (of, &self.reel) {
            (TraceOf::Log(log), _) => self.logs.frame_at((log, key, at), &self.zone),
            (TraceOf::Live, Some((_, reel))) => {
                let snapshot = self.snapshot()?;
                let naming = Naming::of(&snapshot, &self.zone);
                compose::signal_plot::frame_at(&naming, reel, key, at)
            }
            (TraceOf::Live, None) => None,
        }
    }

    fn logs(&mut self) -> Vec<LogView> {
        self.logs.views(&self.shared)
    }

    fn log_traffic(&mut self, log: LogId, prefs: &TrafficPrefs) -> TrafficView {
        let snapshot = self.snapshot();
        self.logs.traffic(snapshot.as_deref(), log, prefs)
    }

    fn trace(&mut self, ask: &TraceAsk) -> TraceSeen {
        if let TraceOf::Log(log) = ask.of {
            let snapshot = self.snapshot();
            return self.logs.trace(snapshot.as_deref(), (log, ask), &self.zone);
        }
        let view = compose::trace::shut();
        let (looked, found, goes_to, refused) = (Looked::All, None, None, None);
        let shut = TraceSeen { view, looked, found, goes_to, refused };
        let Some((snapshot, reel)) = self.live() else { return shut };
        let naming = Naming::of(&snapshot, &self.zone);
        self.reader.read(&naming, &reel, ask)
    }

    fn copied(&self, of: TraceOf, between: (u64, u64)) -> String {
        if let TraceOf::Log(log) = of {
            return self.logs.copied((log, between), &self.zone);
        }
        let (Some(snapshot), Some((_, reel))) = (self.snapshot(), &self.reel) else {
            return String::new();
        };
        self.reader.copied(&Naming::of(&snapshot, &self.zone), reel, between)
    }

    fn parts(&self, prefs: &PartsPrefs) -> PartsSeen {
        let Some(snapshot) = self.snapshot() else { return PartsSeen::default() };
        let session = &self.shared.session;
        let mut seen = compose::components::seen(&snapshot, session, prefs);
        if let PartsPrefs::Discover(wanted) = prefs {
            self.logs.discover(&snapshot, session, wanted, &mut seen.discovery);
        }
        seen
    }

    fn start(&self) -> StartView {
        compose::start::start(&self.shared.state().found)
    }

    fn submit(&mut self, intent: Intent) {
        match intent {
            Intent::ChooseDemo(scene) => self.choose(Choice::Demo(scene)),
            Intent::ChooseInterface(name) => {
                self.choose(Choice::Bus(Address::SocketCan(name)));
            }
            Intent::ChooseAdapter(to) => self.choose(Choice::Bus(Address::Slcan(to))),
            Intent::OpenRecording(path) => self.choose(Choice::Bus(Address::Replay(path))),
            Intent::FindInterfaces => self.aside("interfaces", |shared| {
                shared.state().found = interfaces();
                shared.changed();
            }),
            Intent::Player(intent) => self.player(intent),
            Intent::DismissNotes => {
                self.first_start = false;
                self.shared.state().notes.clear();
                self.shared.changed();
            }
            Intent::ClearTraffic => self.shared.submit(ClearTraffic),
            Intent::Charge(ask) => {
                charging::carry_out(&self.shared, self.snapshot().as_deref(), ask);
            }
            Intent::Send(ask) => {
                sending::carry_out(&self.shared, self.snapshot().as_deref(), ask);
            }
            Intent::Replay(ask) => {
                replaying::carry_out(&self.shared, self.snapshot().as_deref(), ask);
            }
            Intent::Record(ask) => recordings::carry_out(self, ask),
            Intent::Log(ask) => logs::carry_out(self, ask),
            Intent::Dbc(ask) => dbc::carry_out(self, ask),
            Intent::Filter(ask) => self.aside("filters", move |s| filters::carry_out(s, ask)),
            Intent::Admin(ask) => {
                let zone = self.zone.clone();
                self.aside("admin", move |shared| people::carry_out(shared, ask, &zone));
            }
        }
    }

    fn users(&self, prefs: &UsersPrefs) -> UsersView {
        let (session, now) = (&self.shared.session, self.shared.door.clock().wall());
        people::roster(&self.shared).map_or_else(UsersView::default, |roster| {
            compose::users::users(&roster, prefs, session, now, &self.zone)
        })
    }

    fn services(&self) -> ServicesView {
        people::roster(&self.shared).map_or_else(ServicesView::default, |roster| {
            compose::services::services(&roster, &self.shared.session)
        })
    }

    fn sessions(&self) -> SessionsView {
        let (session, now) = (&self.shared.session, self.shared.door.clock().wall());
        people::roster(&self.shared).map_or_else(SessionsView::default, |roster| {
            compose::sessions::sessions(&roster, session, now, &self.zone)
        })
    }

    fn settings(&self, find: &str) -> SettingsView {
        people::settings(&self.shared, &self.zone, find).unwrap_or_default()
    }

    fn answers(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.shared.state().answers)
    }

    fn wake_with(&mut self, waker: Waker) {
        let for_snapshots = Arc::clone(&waker);
        if let Ok(grant) = self.shared.session.permit(ViewPlant) {
            self.shared.door.watch(&grant, Box::new(move || for_snapshots()));
            let for_rosters = Arc::clone(&waker);
            self.shared.door.watch_roster(&grant, Box::new(move || for_rosters()));
        }
        *self.shared.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker);
        self.submit(Intent::FindInterfaces);
        self.aside("filters", filters::read);
    }
}

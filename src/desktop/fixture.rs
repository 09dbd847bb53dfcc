//! A source for tests and benches: believable views that answer to intents, and a record of them.

mod can;
mod parts;
mod profiles;
mod system;

pub use profiles::Kept;

/// What a test of the window presses, for those who may not name the toolkit.
pub mod keys {
    pub use egui::accesskit::Role;
    pub use egui::{Key, Modifiers};
}

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::desktop::ask::{Answer, Ask, Brought, ChargeAsk, Like, NewUser, Way};
use crate::desktop::source::{Intent, Pace, PlayerIntent, Source, Waker};
use crate::engine::logs::LogPicture;
use crate::engine::testing::local_session;
use crate::engine::testing::roster::{NOW, after, person, roster};
use crate::engine::{
    AccountId, AccountKind, Curves, JournalLine, JournalPage, MessageEntry, OneTimeLink, Outcome,
    PendingLink, Purpose, ReplayPicture, Roster, SchedulePicture, Secret, Service, ServiceChoice,
    ServiceId, Snapshot, Status, Tape,
};
use crate::view::buses::BusesView;
use crate::view::charge::{ChargePrefs, ChargeView, SafetyText};
use crate::view::chrome::{Chrome, PlayerView, Playing};
use crate::view::components::{PartsPrefs, PartsSeen};
use crate::view::compose;
use crate::view::compose::settings::{ListenerState, Seen};
use crate::view::compose::trace::TraceReader;
use crate::view::dbc::{DbcPrefs, DbcView};
use crate::view::exchange;
use crate::view::filter::SavedFilter;
use crate::view::fixtures::{self, Stage};
use crate::view::logs::{LogId, LogView, TraceOf};
use crate::view::offer::{Offer, Question};
use crate::view::pack::PackView;
use crate::view::plot::{PlotAsk, PlotKey, PlotPicture};
use crate::view::recordings::{RecordView, ShelfView};
use crate::view::replay::{ReplayPrefs, ReplayView};
use crate::view::report::{ReportRow, ReportsView};
use crate::view::sending::{Draft, SendPrefs, SendView};
use crate::view::services::ServicesView;
use crate::view::sessions::SessionsView;
use crate::view::settings::SettingsView;
use crate::view::shown::{Note, Tone};
use crate::view::start::StartView;
use crate::view::trace::{TraceAsk, TraceSeen};
use crate::view::traffic::{RowKey, StudyView, TrafficPrefs, TrafficView};
use crate::view::users::{UsersPrefs, UsersView};
use jiff::tz::TimeZone;

/// What the source shows; shared with the test that watches it.
#[derive(Debug, Default)]
pub struct World {
    /// Changes with every change.
    pub version: u64,
    /// Whether a profile runs.
    pub running: bool,
    /// Cells of the pack; 0 for a pack that has not been heard.
    pub cells: usize,
    /// Several packs to choose from, instead of one of `cells` cells.
    pub two_packs: bool,
    /// No frame has been heard yet.
    pub silent: bool,
    /// The recording that plays.
    pub player: Option<PlayerView>,
    /// Sentences above every page.
    pub notes: Vec<Note>,
    /// What is said instead of opening what was asked for.
    pub refusal: Option<String>,
    /// How often something was opened.
    pub opened: u64,
    /// How often a view of a page was asked for.
    pub looks: Cell<u32>,
    /// Everything that was asked for.
    pub asked: Vec<Intent>,
    /// Who there is and who is in.
    pub roster: Roster,
    /// Where the charge stands; `None`: there is nothing to charge.
    pub charge: Option<Stage>,
    /// Whether the safety text was read.
    pub safety: SafetyText,
    /// Whether the demo's bus is armed, and for how long.
    pub armed: Option<Duration>,
    /// The editor of DBC files.
    pub desk: compose::dbc::desk::DbcDesk,
    /// What is scheduled.
    pub schedules: Vec<Arc<SchedulePicture>>,
    /// What is replayed.
    pub replays: Vec<Arc<ReplayPicture>>,
    /// What the profile keeps to be sent.
    pub messages: Vec<MessageEntry>,
    /// The plant that the tabs of the CAN page are composed of.
    pub plant: OnceCell<Snapshot>,
    /// What the trace shows.
    pub tape: Tape,
    /// What the trace has found so far.
    pub reader: TraceReader,
    /// What a close look at any id brings.
    pub study: StudyView,
    /// The filters that are kept.
    pub filters: Vec<SavedFilter>,
    /// The share that is done of saving frames.
    pub saving: Option<f32>,
    /// What was asked of the plot.
    pub plotted: Vec<PlotAsk>,
    /// What gathers the values of a plot from the tape; without it plots are made up.
    pub curves: Option<Curves>,
    /// Recordings that are open.
    pub logs: Vec<(LogId, LogPicture)>,
    /// The profiles that are kept.
    pub profiles: Vec<Kept>,
    /// What any profile pack would become.
    pub pack: exchange::PackView,
    /// The recordings that may go along in one.
    pub along: Vec<exchange::AlongRow>,
    /// Answers that were not fetched yet.
    pub answers: Vec<Answer>,
    /// Nothing is answered for now: what was asked takes its time.
    pub is_slow: bool,
}

/// The source.
#[derive(Clone, Debug, Default)]
pub struct FixtureSource {
    /// Shared with the test.
    pub world: Rc<RefCell<World>>,
}

impl FixtureSource {
    /// A running demo of `cells` cells.
    #[must_use]
    pub fn running(cells: usize) -> Self {
        let profiles = vec![
            Kept::new("Car", "The solar car as it raced, with both packs and the tracker"),
            Kept::new("Workshop", "The bench"),
        ];
        let world = World { running: true, cells, roster: roster(), profiles, ..World::default() };
        Self { world: Rc::new(RefCell::new(world)) }
    }

    /// Nothing was ever opened.
    #[must_use]
    pub fn first_start() -> Self {
        Self { world: Rc::new(RefCell::new(World { cells: 38, ..World::default() })) }
    }
}

impl Source for FixtureSource {
    fn version(&self) -> u64 {
        self.world.borrow().version
    }

    fn running(&self) -> bool {
        self.world.borrow().running
    }

    fn opened(&self) -> u64 {
        self.world.borrow().opened
    }

    fn chrome(&self) -> Chrome {
        let world = self.world.borrow();
        if !world.running {
            return Chrome {
                who: "Desktop · full access".into(),
                notes: world.notes.clone(),
                ..Chrome::default()
            };
        }
        let mut chrome = Chrome {
            player: world.player.clone(),
            notes: world.notes.clone(),
            ..fixtures::chrome()
        };
        if world.armed.is_some() {
            (chrome.armed, chrome.silence) = world.armed_chrome();
        }
        if let Some(stage) = world.charge {
            let snapshot = fixtures::charging(stage);
            chrome.stop = compose::charge::stop(&snapshot, &local_session());
            chrome.charging = compose::charge::chip(&snapshot);
            chrome.demo = compose::charge::demo_offer(&snapshot);
            chrome.notes.extend(compose::charge::alerts(&snapshot));
        }
        chrome
    }

    fn pack(&self, selected: Option<&str>) -> PackView {
        let world = self.world.borrow();
        world.looks.set(world.looks.get() + 1);
        if world.two_packs {
            return fixtures::pack_of_two(selected);
        }
        if world.cells == 0 {
            let mut view =
                PackView { title: "Prohelion D1000 Gen 1".into(), ..PackView::default() };
            view.cells.empty = fixtures::pack(8, 0).cells.empty;
            view.updated = "never heard".into();
            return view;
        }
        fixtures::pack(world.cells, world.version)
    }

    fn charge(&self, prefs: &ChargePrefs) -> ChargeView {
        let world = self.world.borrow();
        let Some(stage) = world.charge else { return ChargeView::default() };
        let prefs = ChargePrefs { safety: world.safety, ..prefs.clone() };
        let snapshot = fixtures::charging(stage);
        compose::charge::charge(&snapshot, &prefs, &local_session(), &TimeZone::UTC)
    }

    fn closing(&self) -> Option<Question> {
        compose::charge::closing(&fixtures::charging(self.world.borrow().charge?))
    }

    fn traffic(&self, prefs: &TrafficPrefs) -> TrafficView {
        let mut view = fixtures::traffic(prefs);
        if self.world.borrow().silent {
            view.rows.clear();
            view.selected = None;
            view.empty = "Nothing has been heard yet.".into();
        }
        view
    }

    fn trace(&mut self, ask: &TraceAsk) -> TraceSeen {
        self.world.borrow_mut().trace(ask)
    }

    fn copied(&self, _of: TraceOf, between: (u64, u64)) -> String {
        self.world.borrow().copied(between)
    }

    fn logs(&mut self) -> Vec<LogView> {
        self.world.borrow().log_views()
    }

    fn filters(&self) -> Option<Vec<SavedFilter>> {
        Some(self.world.borrow().filters.clone())
    }

    fn saving(&self) -> Option<f32> {
        self.world.borrow().saving
    }

    fn study(&mut self, _of: TraceOf, _row: RowKey) -> StudyView {
        self.world.borrow().study.clone()
    }

    fn plot(&mut self, of: TraceOf, ask: &PlotAsk) -> PlotPicture {
        self.world.borrow_mut().plot(of, ask)
    }

    fn frame_at(&self, of: TraceOf, key: Option<&PlotKey>, at: i64) -> Option<u64> {
        self.world.borrow().frame_at(of, key, at)
    }

    fn log_traffic(&mut self, log: LogId, prefs: &TrafficPrefs) -> TrafficView {
        self.world.borrow().log_traffic(log, prefs)
    }

    fn buses(&self) -> BusesView {
        compose::buses::buses(&self.world.borrow().snapshot(), &local_session())
    }

    fn recordings(&mut self) -> (RecordView, ShelfView) {
        let snapshot = self.world.borrow().snapshot();
        let zone = TimeZone::UTC;
        (
            compose::recordings::recording(&snapshot, &local_session(), &zone),
            fixtures::recordings(&zone),
        )
    }

    fn sending(&self, prefs: &SendPrefs) -> SendView {
        let world = self.world.borrow();
        compose::sending::sending(&world.snapshot(), &local_session(), prefs)
    }

    fn replays(&self, prefs: &ReplayPrefs) -> ReplayView {
        let world = self.world.borrow();
        compose::replay::replays(&world.snapshot(), &local_session(), prefs)
    }

    fn with_signal(&self, draft: &Draft, signal: &str, typed: &str) -> Result<Draft, String> {
        let snapshot = self.world.borrow().snapshot();
        compose::sending::with_signal(&snapshot, draft, (signal, typed))
    }

    fn dbc(&mut self, prefs: &DbcPrefs) -> DbcView {
        self.world.borrow_mut().dbc(prefs)
    }

    fn like(&self, like: Like) -> Option<Draft> {
        self.world.borrow().like(like)
    }

    fn parts(&self, prefs: &PartsPrefs) -> PartsSeen {
        self.world.borrow().parts(prefs)
    }

    fn start(&self) -> StartView {
        fixtures::start()
    }

    fn users(&self, prefs: &UsersPrefs) -> UsersView {
        let roster = &self.world.borrow().roster;
        compose::users::users(roster, prefs, &local_session(), NOW, &TimeZone::UTC)
    }

    fn services(&self) -> ServicesView {
        compose::services::services(&self.world.borrow().roster, &local_session())
    }

    fn sessions(&self) -> SessionsView {
        let roster = &self.world.borrow().roster;
        compose::sessions::sessions(roster, &local_session(), NOW, &TimeZone::UTC)
    }

    fn settings(&self, find: &str) -> SettingsView {
        let world = self.world.borrow();
        let roster = &world.roster;
        let seen = Seen {
            settings: &roster.settings,
            marks: &roster.marks,
            overrides: &[],
            listener: &ListenerState::default(),
            snapshot: &world.snapshot(),
            accounts: &roster.accounts,
            displays: 0,
            zone: &TimeZone::UTC,
            find,
        };
        compose::settings::settings(&seen, &local_session())
    }

    fn answers(&mut self) -> Vec<Answer> {
        let mut world = self.world.borrow_mut();
        if world.is_slow { Vec::new() } else { std::mem::take(&mut world.answers) }
    }

    fn submit(&mut self, intent: Intent) {
        let mut world = self.world.borrow_mut();
        world.version += 1;
        let opens = matches!(
            intent,
            Intent::ChooseDemo(_)
                | Intent::ChooseInterface(_)
                | Intent::ChooseAdapter(_)
                | Intent::OpenRecording(_)
        );
        if let Some(text) = world.refusal.clone().filter(|_| opens) {
            world.notes.push(Note { tone: Tone::Fault, text, closable: true });
            world.asked.push(intent);
            return;
        }
        world.opened += u64::from(opens);
        match &intent {
            Intent::ChooseDemo(_) | Intent::ChooseInterface(_) | Intent::ChooseAdapter(_) => {
                world.running = true;
                world.player = None;
            }
            Intent::OpenRecording(path) => {
                world.running = true;
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                world.player = Some(PlayerView { file, ..fixtures::player() });
            }
            Intent::Player(asked) => play(world.player.as_mut(), *asked),
            Intent::ClearTraffic => world.silent = true,
            Intent::DismissNotes => world.notes.retain(|note| !note.closable),
            Intent::FindInterfaces => {}
            Intent::Charge(ask) => world.charge(ask),
            Intent::Send(ask) => world.send(ask),
            Intent::Replay(ask) => world.replay(ask),
            Intent::Record(_) => {}
            Intent::Log(ask) => world.logs(ask),
            Intent::Filter(ask) => world.filter_asked(ask),
            Intent::Dbc(ask) => world.dbc_asked(ask),
            Intent::Admin(ask) => {
                let place = ask.place();
                let outcome = match world.refusal.clone() {
                    Some(sentence) => Err(sentence),
                    None => Ok(world.people(ask)),
                };
                world.answers.push(Answer { place, outcome });
            }
        }
        world.asked.push(intent);
    }

    fn wake_with(&mut self, _waker: Waker) {}
}

fn play(player: Option<&mut PlayerView>, asked: PlayerIntent) {
    let Some(player) = player else { return };
    match asked {
        PlayerIntent::Toggle => {
            let (state, label) = match player.state {
                Playing::Playing => (Playing::Paused, "Play"),
                Playing::Paused | Playing::Ended => (Playing::Playing, "Pause"),
            };
            player.state = state;
            player.toggle = Offer::open(label);
        }
        PlayerIntent::Pace(pace) => {
            let words = Pace::CHOICES.iter().find(|(choice, _)| *choice == pace);
            player.speed = words.map_or_else(String::new, |(_, words)| (*words).to_owned());
        }
        PlayerIntent::Seek(seconds) => {
            player.fraction = seconds / player.length_s;
            player.position = format!("{:.0}:{:04.1}", (seconds / 60.0).floor(), seconds % 60.0);
        }
    }
}

impl World {
    /// Does what was asked, as far as a test looks at it.
    fn people(&mut self, ask: &Ask) -> Brought {
        match ask {
            Ask::AddUser(new) => return self.add(new),
            Ask::SaveUser(edited) => {
                let id = edited.id;
                for account in self.roster.accounts.iter_mut().filter(|a| a.id == id) {
                    account.name.clone_from(&edited.name);
                    account.rights = edited.rights;
                    account.version += 1;
                }
            }
            Ask::MakeLink { id, purpose } => {
                let name = self.roster.account(*id).map_or_else(String::new, |a| a.name.clone());
                return Brought::Once(compose::users::shown_link(
                    &link(*purpose),
                    &name,
                    NOW,
                    &TimeZone::UTC,
                ));
            }
            Ask::SetStatus { id, status, .. } => {
                for account in self.roster.accounts.iter_mut().filter(|a| a.id == *id) {
                    account.status = *status;
                    account.version += 1;
                }
            }
            Ask::DeleteUser { id, .. } => self.roster.accounts.retain(|a| a.id != *id),
            Ask::AddService(name) => self.roster.services.push(Service {
                id: ServiceId(77),
                name: name.clone(),
                members: 0,
                version: 1,
            }),
            Ask::RemoveService { id, .. } => self.roster.services.retain(|s| s.id != *id),
            Ask::EndSession { id, .. } => self.roster.sessions.retain(|s| s.id != *id),
            Ask::EndSessions(account, _) => {
                self.roster.sessions.retain(|s| s.account != *account);
            }
            Ask::ReadJournal { prefs, before } => return lines(prefs, *before),
            Ask::ReadCharges => {
                let report = fixtures::charge_report();
                let row = ReportRow {
                    id: report.id,
                    pack: report.pack,
                    outcome: ("Complete".into(), Tone::Ok),
                    started: "2026-11-21 14:00".into(),
                    ..ReportRow::default()
                };
                return Brought::Charges(ReportsView { rows: vec![row], ..ReportsView::default() });
            }
            Ask::Profiles(ask) => return self.profiles(ask),
            Ask::Own(_) => return parts::own(),
            Ask::LookAtSystem(_) => return Brought::System(Box::new(system::seen())),
            Ask::VerifyJournal => {
                let whole = crate::engine::Verdict::Whole { lines: 3, head: Some("00ff".into()) };
                return Brought::Found(compose::journal::verdict(&whole));
            }
            Ask::GivePassword { .. }
            | Ask::LiftWait(_)
            | Ask::NewToken { .. }
            | Ask::RevokeToken { .. }
            | Ask::RenameService { .. }
            | Ask::ExportJournal { .. }
            | Ask::SaveReport { .. }
            | Ask::SetRule { .. }
            | Ask::PutComponent { .. }
            | Ask::SwitchComponent { .. }
            | Ask::DeleteComponent { .. }
            | Ask::WriteFeedback(_)
            | Ask::MailFeedback { .. }
            | Ask::MakeBackup { .. }
            | Ask::SaveSettings { .. }
            | Ask::ResetSetting { .. } => {}
        }
        Brought::Done("Done.".into())
    }

    /// Does what was asked of charging, at once.
    fn charge(&mut self, ask: &ChargeAsk) {
        let runs = |stage: Stage| {
            !matches!(stage, Stage::Idle | Stage::Unready | Stage::Done | Stage::Fault)
        };
        match ask {
            ChargeAsk::Start(_) => self.charge = Some(Stage::Charging),
            ChargeAsk::Engage(_) => self.charge = Some(Stage::Contactors),
            ChargeAsk::Stop if self.charge.is_some_and(runs) => {
                self.charge = Some(Stage::Stopped);
            }
            ChargeAsk::Clear(_) => self.charge = Some(Stage::Idle),
            ChargeAsk::Demo { parked, .. } => {
                self.charge = Some(if *parked { Stage::Idle } else { Stage::Unready });
            }
            ChargeAsk::ReadSafetyText => self.safety = SafetyText::Read,
            ChargeAsk::Stop | ChargeAsk::Apply(_) => {}
        }
    }

    fn add(&mut self, new: &NewUser) -> Brought {
        let invited = new.way == Way::Invitation;
        let expires = after(72 * 3600);
        let id = AccountId(40 + self.roster.accounts.len() as i64);
        let mut account = person(id.0, &new.name, new.rights);
        account.kind = new.kind;
        account.last_sign_in = None;
        account.has_password = !invited && new.kind == AccountKind::Person;
        account.status = if invited { Status::Invited } else { Status::Active };
        account.link = invited.then_some(PendingLink { purpose: Purpose::Invitation, expires });
        account.service = match &new.service {
            ServiceChoice::Id(id) => Some(*id),
            ServiceChoice::None | ServiceChoice::Named(_) => None,
        };
        self.roster.accounts.push(account);
        let link = link(Purpose::Invitation);
        let shown = compose::users::shown_link(&link, &new.name, NOW, &TimeZone::UTC);
        Brought::Added { id, once: invited.then_some(shown) }
    }
}

fn link(purpose: Purpose) -> OneTimeLink {
    OneTimeLink {
        purpose,
        token: Secret::new("b7Qk".into()),
        url: Secret::new("http://127.0.0.1:18080/invitation/b7Qk".into()),
        expires: after(72 * 3600),
        mailed_to: None,
    }
}

fn lines(prefs: &crate::view::journal::JournalPrefs, before: Option<u64>) -> Brought {
    let line = |seq: u64| JournalLine {
        seq,
        at: NOW,
        who: if seq.is_multiple_of(2) { "ada".into() } else { "local console".into() },
        face: if seq.is_multiple_of(2) { "web".into() } else { "desktop".into() },
        address: None,
        action: "change_account".into(),
        target: format!("account {seq}"),
        before: Some(serde_json::json!({ "status": "active" })),
        after: Some(serde_json::json!({ "status": "disabled" })),
        outcome: if seq.is_multiple_of(5) { Outcome::Refused } else { Outcome::Done },
        note: None,
        of: None,
        hash: format!("{seq:064x}"),
    };
    let top = before.unwrap_or(121);
    let lines: Vec<JournalLine> = (top.saturating_sub(50).max(1)..top).rev().map(line).collect();
    let wanted = lines.into_iter().filter(|line| line.who.contains(&prefs.who));
    let next = (top > 51).then_some(top.saturating_sub(50));
    let page = JournalPage { lines: wanted.collect(), next };
    let view = compose::journal::journal(&page, prefs, &local_session(), &TimeZone::UTC);
    Brought::Lines { view, after: before }
}

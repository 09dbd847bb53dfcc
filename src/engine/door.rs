//! The door: the one way in. It takes orders from every face, mints the grant, has the journal line
//! written, and hands the admitted order to the hub or to the store; and it gives out snapshots,
//! rosters and journal pages to those who may look.

mod system;
mod told;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError, bounded};
use thiserror::Error;

use crate::base::id::Name;
use crate::base::time::{Clock, Mono};
use crate::engine::access::grant::{Denied, Grant, Session};
use crate::engine::access::permission::{
    Administer, ChangeSettings, OwnAccount, UseCan, ViewPlant,
};
use crate::engine::access::roster::Roster;
use crate::engine::access::settings::{Override, Settings};
use crate::engine::can::record::shelf::Shelf as RecordShelf;
use crate::engine::can::tape::{Reel, Tape};
use crate::engine::charge::ChargeReport;
use crate::engine::filter::SavedFilter;
use crate::engine::hub::Event;
use crate::engine::log::SystemLog;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::{Admitted, Answer, Haste, Order, OrderError, Reply, Route, Ticket};
use crate::engine::people::People;
use crate::engine::people::stamp::Stamp;
use crate::engine::profile::devices::Devices;
use crate::engine::profile::library::{Library, LibraryError, read as read_profile};
use crate::engine::profile::shelf::Shelf;
use crate::engine::snapshot::{Notice, Snapshot};
use crate::engine::store::charges::{self, Reader};
use crate::engine::store::filters;
use crate::engine::store::journal::{self, Entry, Filter, Line, Outcome, Page, Verdict};
use crate::engine::store::versions::{self, Version, VersionId, VersionLine};
use crate::engine::store::{Store, StoreError, Writing};

pub use system::Vitals;
pub use told::{LastChange, Own, ProfileText};

/// How often the hub is told that somebody is there.
const TELL_PRESENCE: Duration = Duration::from_secs(1);

/// Why the door did not take an order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The permission is missing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is too much to do; nothing was changed.
    #[error("the engine is too busy to take this order: try again")]
    Busy,
}

/// Where the hub leaves the newest snapshot.
pub(in crate::engine) type Board = Arc<RwLock<Arc<Snapshot>>>;

/// Where the hub's thread leaves every frame.
pub(in crate::engine) type SharedTape = Arc<RwLock<Tape>>;

/// Called after every new snapshot; must return at once.
pub type Waker = Box<dyn Fn() + Send + Sync>;

/// What the door needs of the plant.
#[derive(Clone)]
pub(in crate::engine) struct Plant {
    pub inbox: Sender<Event>,
    /// For orders that must not wait behind anything: stops. Taken out first.
    pub urgent: Sender<Event>,
    pub board: Board,
    pub tape: SharedTape,
    pub wakers: Wakers,
    pub shelf: RecordShelf,
    /// What stands above the settings for this run.
    pub overrides: Arc<[Override]>,
    /// What the program says of itself.
    pub log: SystemLog,
    /// The data folder.
    pub folder: Arc<Path>,
    /// When the engine was started.
    pub started: Mono,
}

/// The door of a running engine. Cloning gives another handle to the same door.
#[derive(Clone)]
pub struct Door {
    plant: Plant,
    people: Arc<People>,
    closing: Arc<Closing>,
}

/// Held by every door: when the last one is gone, lines that nobody waits for are written before the
/// program goes on to its end.
struct Closing(Store);

impl Closing {
    fn settle(&self) {
        if let Err(error) = self.0.settle() {
            tracing::error!(target: "journal", %error, "the last lines may be missing");
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.settle();
    }
}

/// The wakers of everybody who watches.
#[derive(Clone, Default)]
pub(in crate::engine) struct Wakers(Arc<RwLock<Vec<Waker>>>);

impl Wakers {
    /// Wakes everybody. A face that falls over it takes nobody with it, least of all the hub, whose
    /// thread this is.
    pub(in crate::engine) fn wake(&self) {
        let wakers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for waker in wakers.iter() {
            if catch_unwind(AssertUnwindSafe(waker)).is_err() {
                tracing::error!("a face fell over being woken");
            }
        }
    }
}

/// What somebody takes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The recording of this name.
    Recording(String),
    /// The DBC file of this name.
    Dbc(Name),
}

impl Door {
    pub(in crate::engine) fn new(plant: Plant, people: Arc<People>) -> Self {
        let closing = Arc::new(Closing(people.store().clone()));
        Self { plant, people, closing }
    }

    /// Takes an order: asks the policy, has the journal line written, passes it on. Never blocks.
    ///
    /// # Errors
    /// The session lacks the permission, or there is too much to do.
    pub fn submit<O: Order>(
        &self,
        session: &Session,
        order: O,
    ) -> Result<Ticket<O::Done>, Refusal> {
        let stamp = Stamp::of(session, self.people.clock().wall());
        let entry = stamp.entry(O::NAME, order.target());
        let grant = match session.permit(order.needs()) {
            Ok(grant) => grant,
            Err(denied) => {
                self.file_refusal(entry, &denied);
                return Err(denied.into());
            }
        };
        let (sender, answer) = bounded(1);
        match order.route() {
            Route::Plant(command, done) => {
                let order = Admitted::new(&grant, command, (session.face(), session.id()))
                    .asked_at(self.people.clock().now());
                self.to_hub(O::HASTE, order, entry, move |answer| {
                    // Nobody waiting for the answer is no fault: a face may have closed meanwhile.
                    drop(sender.try_send(answer.map(|()| done)));
                })?;
            }
            Route::Records(deed) => {
                let people = Arc::clone(&self.people);
                let job = move |writing: &Writing<'_>| {
                    Desk::new(writing, stamp, people).carry_out(entry, deed)
                };
                let then = move |answer: Result<Result<O::Done, OrderError>, OrderError>| {
                    drop(sender.try_send(answer.and_then(|answer| answer)));
                };
                self.people.store().post(job, then).map_err(|_full| Refusal::Busy)?;
            }
        }
        Ok(Ticket::new(answer))
    }

    /// Writes down that a face has turned `session` away before any order was made: from `request`,
    /// such as "DELETE /api/v1/users/{id}", which must hold nothing secret.
    pub fn note_refusal(&self, session: &Session, request: String, denied: &Denied) {
        let stamp = Stamp::of(session, self.people.clock().wall());
        self.file_refusal(stamp.entry("request", request), denied);
    }

    /// The filters that whoever holds `session` keeps, by name. Blocks for the query.
    ///
    /// # Errors
    /// The database refuses.
    pub fn filters(
        &self,
        _grant: &Grant<'_, UseCan>,
        session: &Session,
    ) -> Result<Vec<SavedFilter>, StoreError> {
        let owner = filters::Owner::from(session.actor().account());
        self.people.store().read(|reading| filters::of(reading, owner))
    }

    /// Writes down that `session` takes something along: a recording or a DBC file.
    pub fn note_taken(&self, grant: &Grant<'_, UseCan>, session: &Session, what: Taken) {
        let stamp = Stamp::of(session, self.people.clock().wall());
        let (action, target) = match what {
            Taken::Recording(name) => ("download_recording", name),
            Taken::Dbc(name) => ("download_dbc", name.to_string()),
        };
        tracing::info!(actor = %grant.actor(), action, target, "taken along");
        self.people.store().file(stamp.entry(action, target));
    }

    fn file_refusal(&self, entry: Entry, denied: &Denied) {
        let note = Some(denied.to_string());
        let entry = Entry { outcome: Outcome::Refused, note, ..entry };
        if let Some(entry) = self.people.within_budget(entry) {
            self.people.store().file(entry);
        }
    }

    /// Has the line written and the order passed to the hub after it, or before it if it is in haste.
    fn to_hub(
        &self,
        haste: Haste,
        order: Admitted,
        entry: Entry,
        take: impl FnOnce(Answer) + Send + 'static,
    ) -> Result<(), Refusal> {
        let inbox = self.plant.inbox.clone();
        match haste {
            Haste::AtOnce => {
                let inbox = self.plant.urgent.clone();
                let people = Arc::clone(&self.people);
                let reply = Reply::new(move |answer| {
                    note_outcome(&people, entry, None, &answer);
                    take(answer);
                });
                pass(&inbox, order, reply);
                Ok(())
            }
            Haste::AfterJournal => {
                let people = Arc::clone(&self.people);
                let asked = Entry { outcome: Outcome::Asked, ..entry.clone() };
                let job = move |writing: &Writing<'_>| journal::append(writing, &asked);
                let then = move |line: Result<u64, StoreError>| match line {
                    Err(error) => take(Err(error.into())),
                    Ok(seq) => pass(
                        &inbox,
                        order,
                        Reply::new(move |answer| {
                            note_outcome(&people, entry, Some(seq), &answer);
                            take(answer);
                        }),
                    ),
                };
                self.people.store().post(job, then).map_err(|_full| Refusal::Busy)
            }
        }
    }

    /// Waits until every journal line so far is written. The last door does so by itself.
    pub(in crate::engine) fn settle(&self) {
        self.closing.settle();
    }

    /// The engine's clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.people.clock()
    }

    /// The newest picture of everything.
    #[must_use]
    pub fn look(&self, _grant: &Grant<'_, ViewPlant>) -> Arc<Snapshot> {
        Arc::clone(&self.plant.board.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The last frames of all buses.
    #[must_use]
    pub fn reel(&self, _grant: &Grant<'_, UseCan>) -> Reel {
        self.plant.tape.read().unwrap_or_else(PoisonError::into_inner).reel()
    }

    /// The profiles of the data folder, to be read; they are changed by orders. Reading blocks.
    #[must_use]
    pub fn library(&self, _grant: &Grant<'_, ViewPlant>) -> Library {
        self.people.library().clone()
    }

    /// What a profile says: the running one as it runs, else its file. Blocks for reading that.
    ///
    /// # Errors
    /// There is none of this name, or its file cannot be read.
    pub fn profile_text(
        &self,
        grant: &Grant<'_, ViewPlant>,
        name: &Name,
    ) -> Result<ProfileText, LibraryError> {
        let library = self.people.library();
        let snapshot = self.look(grant);
        let running = snapshot.profile.as_ref().filter(|profile| profile.key() == name.as_str());
        if let Some(profile) = running
            && let Some(text) = &profile.text
        {
            let (file, text) = (profile.file.clone(), text.to_string());
            return Ok(ProfileText { file, runs: true, text });
        }
        let file = library.file_of(name);
        if !file.exists() {
            let (name, folder, known) = (name.to_string(), library.profiles(), library.names()?);
            return Err(LibraryError::Unknown { name, folder, known });
        }
        Ok(ProfileText { text: read_profile(&file)?, file: Some(file), runs: false })
    }

    /// The versions of a profile, newest first. Blocks for the query.
    ///
    /// # Errors
    /// The database refuses.
    pub fn profile_versions(
        &self,
        _grant: &Grant<'_, ViewPlant>,
        name: &str,
    ) -> Result<Vec<VersionLine>, StoreError> {
        self.people.store().read(|reading| versions::list(reading, name))
    }

    /// One version of a profile with its text; none where there is none with this number. Blocks for the
    /// query.
    ///
    /// # Errors
    /// The database refuses.
    pub fn profile_version(
        &self,
        _grant: &Grant<'_, ViewPlant>,
        name: &str,
        id: VersionId,
    ) -> Result<Option<Version>, StoreError> {
        self.people.store().read(|reading| versions::one(reading, name, id))
    }

    /// Notes that this profile is the one to open at the next start. Blocks for writing that.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn remember_profile(
        &self,
        _grant: &Grant<'_, ChangeSettings>,
        name: &Name,
    ) -> Result<(), LibraryError> {
        self.people.library().remember(|settings| settings.profile = Some(name.to_string()))
    }

    /// The DBC files of the data folder, to be read; they are changed by orders. Reading blocks.
    #[must_use]
    pub fn dbcs(&self, _grant: &Grant<'_, UseCan>) -> Shelf {
        self.people.shelf().clone()
    }

    /// What the device folders of the data folder say, sound or not; they are changed by orders.
    /// Reading blocks.
    #[must_use]
    pub fn devices(&self, _grant: &Grant<'_, ChangeSettings>) -> Devices {
        self.people.devices().clone()
    }

    /// The folder of recordings. What changes it is done by orders.
    #[must_use]
    pub fn recordings(&self, _grant: &Grant<'_, UseCan>) -> &RecordShelf {
        &self.plant.shelf
    }

    /// The file of the kept DBC of this name, whether it exists or not.
    #[must_use]
    pub fn dbc_file(&self, _grant: &Grant<'_, ViewPlant>, name: &Name) -> std::path::PathBuf {
        self.people.shelf().file_of(name)
    }

    /// Calls `waker` after every new snapshot.
    pub fn watch(&self, _grant: &Grant<'_, ViewPlant>, waker: Waker) {
        self.plant.wakers.0.write().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    /// Tells everybody something about the plant; a full inbox loses it, and the log has it. An empty text
    /// takes back what was told of its subject.
    pub fn tell(&self, grant: &Grant<'_, ChangeSettings>, notice: Notice) {
        if !notice.text.is_empty() {
            tracing::warn!(actor = %grant.actor(), subject = notice.subject, "{}", notice.text);
        }
        if self.plant.inbox.try_send(Event::Notice(notice)).is_err() {
            tracing::error!("the inbox was full: a notice was lost");
        }
    }

    /// Says that whoever holds `session` is there: a charge may hang on that. May be called as often
    /// as one likes; the hub is told once a second.
    pub fn present(&self, session: &Session) {
        let now = self.people.clock().now();
        if session.life().is_time_to_tell(now, TELL_PRESENCE) {
            let who = session.actor().who().clone();
            // Lost in a full inbox it is said again after a second; ten are needed.
            let session = session.id();
            drop(self.plant.inbox.try_send(Event::Present { who, session }));
        }
    }

    /// The newest picture of who there is and who is in.
    #[must_use]
    pub fn roster(&self, _grant: &Grant<'_, Administer>) -> Arc<Roster> {
        self.people.roster()
    }

    /// Calls `waker` after every new roster. The waker learns nothing of what is in it.
    pub fn watch_roster(&self, _grant: &Grant<'_, ViewPlant>, waker: Waker) {
        self.people.watch(waker);
    }

    /// One's own account (or, for an administrator, another one) with its sessions and tokens.
    #[must_use]
    pub fn own(&self, grant: &Grant<'_, OwnAccount>) -> Option<Own> {
        let roster = self.people.roster();
        let id = grant.what().0;
        let account = roster.account(id)?.clone();
        let service = account.service.and_then(|id| roster.service(id)).map(|s| s.name.clone());
        let sessions = roster.sessions.iter().filter(|s| s.account == id).cloned().collect();
        let tokens = roster.tokens.iter().filter(|t| t.account == id).cloned().collect();
        Some(Own { account, service, sessions, tokens })
    }

    /// The settings; no secret is in them.
    #[must_use]
    pub fn settings(&self, _grant: &Grant<'_, ViewPlant>) -> Arc<Settings> {
        Arc::clone(&self.people.roster().settings)
    }

    /// Journal lines that `filter` wants with numbers below `before`, newest first, at most `limit`.
    /// Blocks for the query.
    ///
    /// # Errors
    /// The database refuses.
    pub fn journal(
        &self,
        _grant: &Grant<'_, Administer>,
        filter: &Filter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.people.store().read(|reading| journal::page(reading, filter, before, limit))
    }

    /// Hands every line that `filter` wants to `take`, oldest first, until it says stop. Blocks.
    ///
    /// # Errors
    /// The database refuses.
    pub fn each_journal_line(
        &self,
        _grant: &Grant<'_, Administer>,
        filter: &Filter,
        take: &mut dyn FnMut(Line) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        journal::each(self.people.store(), filter, take)
    }

    /// Charges that `filter` wants with numbers below `before`, newest first, at most `limit`. One
    /// that runs is there as it was half a minute ago at the latest. Blocks for the query.
    ///
    /// # Errors
    /// The database refuses.
    pub fn charges(
        &self,
        _grant: &Grant<'_, ViewPlant>,
        filter: &charges::Filter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<charges::Page, StoreError> {
        self.people.store().read(|reading| charges::page(reading, filter, before, limit))
    }

    /// The whole of one charge; none where there is none with this number. Blocks for the query.
    ///
    /// # Errors
    /// The database refuses, or what is kept cannot be understood.
    pub fn charge(
        &self,
        _grant: &Grant<'_, ViewPlant>,
        id: u64,
    ) -> Result<Option<ChargeReport>, StoreError> {
        self.people.store().read(|reading| charges::one(reading, id))
    }

    /// Whether whoever holds `session` has read the safety text of charging: its account, or whoever
    /// sits at the machine. Does not block.
    #[must_use]
    pub fn has_read_safety_text(&self, session: &Session) -> bool {
        self.people.has_read(Reader::of(session.actor()))
    }

    /// Checks the chain of the journal. Blocks.
    ///
    /// # Errors
    /// The database refuses.
    pub fn verify_journal(&self, _grant: &Grant<'_, Administer>) -> Result<Verdict, StoreError> {
        self.people.store().read(journal::verify)
    }
}

fn pass(inbox: &Sender<Event>, order: Admitted, reply: Reply) {
    match inbox.try_send(Event::Order { order, reply }) {
        Ok(()) => {}
        Err(TrySendError::Full(Event::Order { reply, .. })) => reply.give(Err(OrderError::Busy)),
        Err(TrySendError::Disconnected(Event::Order { reply, .. })) => {
            reply.give(Err(OrderError::Stopping));
        }
        // It gives back what it was given.
        Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
    }
}

/// Writes how an order for the hub ended.
fn note_outcome(people: &Arc<People>, entry: Entry, of: Option<u64>, answer: &Answer) {
    let (outcome, note) = match answer {
        Ok(()) => (Outcome::Done, None),
        Err(error) => (Outcome::Failed, Some(error.to_string())),
    };
    let came = note.as_deref().unwrap_or("done");
    tracing::info!(target: "journal", by = entry.who, face = entry.face, "{} {}: {came}", entry.action, entry.target);
    people.store().file(Entry { outcome, note, of, at: people.clock().wall(), ..entry });
}

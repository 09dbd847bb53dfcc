//! The hub: the one owner of all live state. Events in, effects out; no I/O, no clock, no thread.
//! [`Hub::step`] is a function of its state, the event and the time it is given.

mod amending;
mod assigning;
mod bus;
mod changing;
mod charging;
mod controllers;
pub(crate) mod decoders;
mod editing;
pub(crate) mod event;
mod hand;
pub(crate) mod hearing;
mod keeping;
mod kinds;
mod limits;
mod plant;
mod recording;
mod ruling;
mod sight;
#[cfg(test)]
mod tests;
pub(crate) mod traffic;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use event::{
    BusPlan, ControlNews, ControlWork, Draft, Effect, Epoch, Event, Fate, Found, HandNews,
    HandPlan, HandWork, KeepProfile, ProfileJob, ProfileNews, ProfileWork, RecordBus, RecordNews,
    RecordWork, ReplayJob, ReplayNews, ReplayWork, SendingPlan, Sieves,
};

use crate::base::id::BusId;
use crate::base::time::{Mono, Wall};
use crate::engine::access::settings::TemperatureUnit;
use crate::engine::can::bus::{BusStatus, Received};
use crate::engine::can::frame::{Direction, Frames, Kind};
use crate::engine::can::replay::Progress;
use crate::engine::charge::Latches;
use crate::engine::device::Catalog;
use crate::engine::hub::assigning::Assigning;
use crate::engine::hub::charging::{Charging, Giver};
use crate::engine::hub::controllers::{Controllers, Floor};
use crate::engine::hub::editing::Editing;
use crate::engine::hub::hand::{Bench, Ended, Hand, Hands};
use crate::engine::hub::keeping::Keeping;
use crate::engine::hub::plant::Plant;
use crate::engine::hub::recording::Recordings;
use crate::engine::hub::ruling::{Asked, Ruling};
use crate::engine::hub::traffic::Traffic;
use crate::engine::orders::dbc::AssignDbcs;
use crate::engine::orders::plant::{ActivateProfile, Command, Play};
use crate::engine::orders::{Admitted, Answer, OrderError, Reply};
use crate::engine::profile::model::RecorderEntry;
use crate::engine::snapshot::{Notice, Snapshot, Totals};

/// What notices about the file of the running profile are about.
pub(super) const PROFILE_FILE: &str = "profile file";

/// What notices about recordings are about.
const RECORDERS: &str = "recorder";

/// Shortest time between two snapshots.
const PUBLISH: Duration = Duration::from_millis(100);

/// What notices about the watchdog are about.
const WATCHDOG: &str = "watchdog";

/// With nothing received for less than the first, ages are shown going on at the second pace, and
/// after that at the third.
const QUIET: Duration = Duration::from_secs(15);
const QUIET_PACE: Duration = Duration::from_millis(250);
const AGEING_PACE: Duration = Duration::from_secs(1);
/// Where no age goes on (nothing was ever heard, or a recording stands still), only the clock of
/// the window does, and it shows minutes.
const MINUTE_NS: i64 = 60_000_000_000;

/// The time, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Monotonic.
    pub mono: Mono,
    /// Wall.
    pub wall: Wall,
}

/// The owner of all live state.
pub struct Hub {
    catalog: Arc<Catalog>,
    plant: Plant,
    charging: Charging,
    hands: Hands,
    recordings: Recordings,
    controllers: Controllers,
    ruling: Ruling,
    assigning: Assigning,
    editing: Editing,
    keeping: Keeping,
    epoch: Epoch,
    /// Since when this profile runs, however often it was amended.
    began: Epoch,
    traffic: Arc<Traffic>,
    totals: Totals,
    /// The unit of temperatures on screens.
    temperature: TemperatureUnit,
    notices: Vec<Notice>,
    player: Option<Progress>,
    version: u64,
    published: Mono,
    published_wall: Wall,
    last_frame: Mono,
    news: News,
    /// Answers that go out after the snapshot that shows what they speak of.
    answers: Vec<Effect>,
}

/// Whether there is something to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    /// Nothing since the last snapshot.
    None,
    /// Frames came: at the usual pace.
    Frames,
    /// Something changed that a person waits for: at once.
    Urgent,
}

impl Hub {
    /// A hub without a plant, where nothing is latched.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, now: Now) -> Self {
        Self::latched(catalog, now, BTreeMap::new())
    }

    /// The same where charges were kept from before: the next has a number after the newest.
    #[must_use]
    pub fn numbered_after(self, newest: u64) -> Self {
        self.charging.number_after(newest);
        self
    }

    /// A hub without a plant, with what is still latched from before, by pack.
    #[must_use]
    pub fn latched(catalog: Arc<Catalog>, now: Now, latches: BTreeMap<String, Latches>) -> Self {
        Self {
            catalog,
            plant: Plant::empty(),
            charging: Charging::new(latches),
            hands: Hands::default(),
            recordings: Recordings::default(),
            controllers: Controllers::default(),
            ruling: Ruling::new(now.wall),
            assigning: Assigning::default(),
            editing: Editing::default(),
            keeping: Keeping::default(),
            epoch: Epoch::default(),
            began: Epoch::default(),
            traffic: Arc::default(),
            totals: Totals::default(),
            temperature: TemperatureUnit::default(),
            notices: Vec::new(),
            player: None,
            version: 0,
            published: now.mono,
            published_wall: now.wall,
            last_frame: now.mono,
            news: News::Urgent,
            answers: Vec::new(),
        }
    }

    /// Takes in an event and appends what is to be done about it.
    pub fn step(&mut self, now: Now, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Frames { epoch, bus, frames, received } if self.holds(epoch, bus) => {
                self.frames(now, bus, &frames, received);
            }
            Event::Bus { epoch, bus, status } if self.holds(epoch, bus) => {
                self.status((now, self.epoch), bus, status, effects);
            }
            Event::Lost { epoch, bus, frames } if self.holds(epoch, bus) => {
                self.totals.lost += frames;
                tracing::debug!(bus = bus.0, frames, "the hub cannot follow: frames were dropped");
                // Not urgent: a hub that is behind must not be made to publish more.
                self.news = self.news.max(News::Frames);
            }
            Event::Played { epoch, progress } if self.plays(epoch) => self.played(progress),
            Event::Unsent { epoch, bus, why } if self.holds(epoch, bus) => {
                if let Some(bus) = self.plant.bus_mut(bus) {
                    bus.take_unsent(now.mono, why);
                }
                self.news = News::Urgent;
            }
            Event::Hand { epoch, bus, news } if self.holds(epoch, bus) => {
                self.hands.take(now.mono, bus, news);
                self.news = self.news.max(News::Frames);
            }
            Event::Replay { epoch, name, number, news } if epoch >= self.began => {
                self.hands.take_replay(now.mono, (&name, number), *news);
                self.news = self.news.max(News::Frames);
            }
            Event::Controlled { epoch, bus, news } if self.holds(epoch, bus) => {
                let at = (now, self.epoch);
                let floor = Floor { plant: &self.plant, hands: &self.hands, at };
                self.controllers.take(bus, news, &floor, effects);
                self.news = News::Urgent;
            }
            Event::Watchdog { epoch, bus, text } if self.holds(epoch, bus) => {
                self.charging.warn((now, self.epoch), bus, &text, &self.plant, effects);
                self.notice(Notice { subject: WATCHDOG, text });
            }
            // They belong to a plant that was replaced.
            Event::Frames { .. }
            | Event::Bus { .. }
            | Event::Lost { .. }
            | Event::Played { .. }
            | Event::Unsent { .. }
            | Event::Watchdog { .. }
            | Event::Controlled { .. }
            | Event::Hand { .. }
            | Event::Replay { .. } => {}
            Event::Record { number, news } => self.recorded(now, number, news, effects),
            Event::Kept { number, outcome } => self.kept(now, number, outcome, effects),
            Event::Profile { number, outcome } => {
                let next = self.editing.news(number, outcome, self.epoch);
                self.go_on_editing(now, next, effects);
            }
            Event::Order { order, reply } => self.order(now, order, reply, effects),
            Event::Present { who, session } => self.charging.present(now.mono, &who, session),
            Event::Roster(roster) => {
                if self.temperature != roster.settings.look.temperature {
                    self.temperature = roster.settings.look.temperature;
                    self.news = News::Urgent;
                }
                self.hands.judge(&roster, (now, self.epoch), effects);
                self.charging.take_roster(roster);
            }
            Event::Catalog(catalog) => self.take_catalog(catalog),
            Event::Shutdown => self.charging.close(now.mono),
            Event::Notice(notice) => self.notice(notice),
            Event::Tick => {}
        }
        self.charging.step_if_due(&mut self.plant, (now, self.epoch), effects);
        for (charger, lapse) in self.plant.take_lapses() {
            effects.push(Effect::Journal(Box::new(charging::lapse_line(now, &charger, lapse))));
        }
        if self.hands.step_if_due((now, self.epoch), effects) == Ended::Something {
            self.news = News::Urgent;
        }
        if self.controllers.due().is_some_and(|due| due <= now.mono) {
            let at = (now, self.epoch);
            let floor = Floor { plant: &self.plant, hands: &self.hands, at };
            self.controllers.step_if_due(&floor, effects);
            self.news = News::Urgent;
        }
        self.publish_if_due(now, effects);
        // Whoever waited for an answer finds its outcome in the snapshot.
        effects.append(&mut self.answers);
    }

    /// When [`step`](Self::step) wants to be called again, with [`Event::Tick`] if nothing happens.
    #[must_use]
    pub fn next_deadline(&self) -> Mono {
        let published = self.published.after(self.pace());
        let due = [self.charging.due(), self.hands.due(), self.controllers.due()]
            .into_iter()
            .flatten()
            .min();
        due.map_or(published, |due| due.min(published))
    }

    #[cfg(test)]
    pub(in crate::engine) const fn charging_for_tests(&mut self) -> &mut Charging {
        &mut self.charging
    }

    /// Whether nothing charges and no contactor is held: the program may end, the profile change.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        !self.charging.is_active()
    }

    /// Whether the program may end: nothing charges any more, and where a fault has ended something it
    /// was seen that no current flows and the contactors are open.
    #[must_use]
    pub fn may_end(&self) -> bool {
        self.charging.may_end()
    }

    /// The picture of now.
    #[must_use]
    pub fn snapshot(&self, now: Now) -> Arc<Snapshot> {
        let components = self.plant.component_pictures(now.mono);
        Arc::new(Snapshot {
            version: self.version,
            at: now.mono,
            wall: now.wall,
            catalog: Arc::clone(&self.catalog),
            profile: self.plant.profile(),
            notices: self.notices.clone(),
            buses: self.plant.bus_pictures(now.mono, &self.hands, &self.controllers),
            groups: self.plant.group_pictures(&components),
            components,
            charges: self.charging.pictures(&self.plant, now.mono),
            schedules: self.hands.schedules(),
            replays: self.hands.replays(),
            recordings: self.recordings.pictures(),
            messages: Arc::clone(&self.plant.messages),
            rules: self.ruling.picture(&self.plant, &self.charging),
            traffic: Arc::clone(&self.traffic),
            decoders: self.plant.decoders(),
            player: self.player.clone(),
            totals: self.totals,
            temperature: self.temperature,
        })
    }

    fn pace(&self) -> Duration {
        match self.news {
            News::Urgent => Duration::ZERO,
            News::Frames => PUBLISH,
            News::None if self.hands.is_armed() => AGEING_PACE,
            News::None if !self.plant.is_ageing() => {
                let gone = self.published_wall.nanos().rem_euclid(MINUTE_NS);
                Duration::from_nanos((MINUTE_NS - gone) as u64)
            }
            News::None if self.published.since(self.last_frame) < QUIET => QUIET_PACE,
            News::None => AGEING_PACE,
        }
    }

    fn publish_if_due(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if now.mono < self.published.after(self.pace()) {
            return;
        }
        self.version += 1;
        self.published = now.mono;
        self.published_wall = now.wall;
        self.news = News::None;
        let snapshot = self.snapshot(now);
        self.recordings.judge(&snapshot, effects);
        effects.push(Effect::Publish(snapshot));
    }

    fn frames(&mut self, now: Now, bus: BusId, frames: &Frames, received: Received) {
        if received.restarted {
            self.plant.forget(bus);
            Arc::make_mut(&mut self.traffic).clear_bus(bus);
            self.news = News::Urgent;
        }
        self.plant.clock(bus, frames.timebase(), received.position);
        if frames.is_empty() {
            return;
        }
        let traffic = Arc::make_mut(&mut self.traffic);
        let mut sent = 0;
        for frame in frames.iter() {
            traffic.take(frame);
            sent += u64::from(frame.direction() == Direction::Sent);
            match frame.kind() {
                Kind::Data | Kind::Fd => self.plant.take(frame),
                Kind::Remote | Kind::Error => {}
            }
        }
        self.plant.count(now.mono, bus, frames);
        self.totals.sent += sent;
        self.totals.received += frames.len() as u64 - sent;
        self.last_frame = now.mono;
        self.news = self.news.max(News::Frames);
    }

    fn status(
        &mut self,
        at: (Now, Epoch),
        bus: BusId,
        status: BusStatus,
        effects: &mut Vec<Effect>,
    ) {
        if status.state.is_lost() {
            self.hands.lose(bus, at, effects);
        }
        let change = self.plant.status(bus, status);
        self.totals.lost += change.dropped;
        // Counters that run are no reason to publish faster than usual.
        self.news = self.news.max(if change.word { News::Urgent } else { News::Frames });
    }

    fn played(&mut self, progress: Progress) {
        if self.player.as_ref() != Some(&progress) {
            self.player = Some(progress);
            self.news = self.news.max(News::Frames);
        }
    }

    fn notice(&mut self, notice: Notice) {
        self.notices.retain(|old| old.subject != notice.subject);
        if !notice.text.is_empty() {
            self.notices.push(notice);
        }
        self.news = News::Urgent;
    }

    fn order(&mut self, now: Now, order: Admitted, reply: Reply, effects: &mut Vec<Effect>) {
        let (by, face) = order.given();
        let (by, who) = (by.to_owned(), order.who().clone());
        let (rights, session) = order.held();
        let asked = order.asked().unwrap_or(now.mono);
        let command = order.into_command();
        if let Some(why) = self.editing.hinders().filter(|_| command.begins()) {
            self.answers.push(Effect::Answer(reply, Err(OrderError::Unfit(why))));
            self.news = News::Urgent;
            return;
        }
        let answer = match command {
            Command::Profile(order) => {
                self.edit(editing::Asked { order: *order, by, face, reply });
                return;
            }
            Command::TakeEdit(order) => self.take_edit(now, *order, (by.clone(), face), effects),
            Command::Activate(order) => {
                self.ruling.renew(now.wall);
                let recorders = order.profile.recorders.clone();
                let done = self.activate(*order, effects);
                if done.is_ok() {
                    self.record(now, recorders, effects);
                }
                done
            }
            Command::Recording(order) => {
                let asked = recording::Asked { order, by, reply };
                let snapshot = self.snapshot(now);
                if let Some((reply, answer)) = self.recordings.order(asked, &snapshot, effects) {
                    self.answers.push(Effect::Answer(reply, answer));
                }
                self.news = News::Urgent;
                return;
            }
            Command::Keeping(order) => {
                let asked = keeping::Asked { order, by, face, reply };
                self.keep_message(now, asked, effects);
                return;
            }
            Command::Rule(order) => {
                let asked = Asked { order, by, face, reply };
                self.set_rule(now, asked, effects);
                return;
            }
            Command::Assign(order) => {
                self.assign(order, (by, face.code()), reply);
                return;
            }
            Command::Play(play) => self.play(play, effects),
            Command::Charging(order) => {
                let by = Giver { words: by.clone(), who, face, session, asked };
                if order.begins() {
                    // What was wrong during the last charge is over.
                    self.notices.retain(|notice| notice.subject != WATCHDOG);
                }
                let blocked =
                    self.hands.in_the_way(&self.plant, now.mono).or_else(|| self.ruling.hinders());
                if let Some(why) = blocked.filter(|_| order.begins()) {
                    Err(OrderError::Unfit(why))
                } else {
                    let (plant, at) = (&mut self.plant, (now, self.epoch));
                    self.charging.order((order, by), plant, at, effects)
                }
            }
            Command::Sending(order) => {
                let hand = Hand { words: by.clone(), who, rights, session };
                let (plant, epoch, charging) = (&self.plant, self.epoch, self.charging.guarded());
                let bench = Bench { plant, epoch, now, charging };
                self.hands.order((order, hand), &bench, effects)
            }
            Command::Replaying(order) => {
                let hand = Hand { words: by.clone(), who, rights, session };
                let (plant, epoch, charging) = (&self.plant, self.epoch, self.charging.guarded());
                let bench = Bench { plant, epoch, now, charging };
                self.hands.replay((order, hand), &bench, effects)
            }
            Command::Controlling(order) => {
                let floor = Floor { plant: &self.plant, hands: &self.hands, at: (now, self.epoch) };
                self.controllers.order(&order, &floor, effects)
            }
            Command::ClearTraffic => {
                Arc::make_mut(&mut self.traffic).clear();
                effects.push(Effect::Wipe);
                Ok(())
            }
        };
        self.answers.push(Effect::Answer(reply, answer));
        self.news = News::Urgent;
    }

    /// Begins what the profile records by itself.
    fn record(&mut self, now: Now, entries: Vec<RecorderEntry>, effects: &mut Vec<Effect>) {
        let snapshot = self.snapshot(now);
        let wrong = self.recordings.renew(entries, &snapshot, effects);
        if !wrong.is_empty() {
            self.notice(Notice { subject: RECORDERS, text: wrong.join(" ") });
        }
    }

    fn recorded(&mut self, now: Now, number: u64, news: RecordNews, effects: &mut Vec<Effect>) {
        let RecordNews { answer, .. } = &news;
        self.news = self.news.max(if answer.is_some() { News::Urgent } else { News::Frames });
        let mut news = news;
        if let Some((reply, answer)) = news.answer.take() {
            self.answers.push(Effect::Answer(reply, answer));
        }
        let by_profile = self.recordings.take(number, news, now.wall);
        if let Some(line) = by_profile {
            let (name, why) = (line.target.clone(), line.note.clone().unwrap_or_default());
            self.notice(Notice {
                subject: RECORDERS,
                text: format!("The recording {name} has stopped: {why}."),
            });
            effects.push(Effect::Journal(Box::new(line)));
        }
    }

    /// Runs the profile of `order` instead of the present one.
    ///
    /// # Errors
    /// It cannot run; the present one stays.
    pub fn activate(&mut self, order: ActivateProfile, effects: &mut Vec<Effect>) -> Answer {
        let name = order.profile.name.to_string();
        if let Some(pack) = self.charging.busy() {
            let why = format!("{pack} is being charged: stop that first");
            return Err(OrderError::Profile { name, why });
        }
        if let Some(pack) = self.charging.still_stops() {
            let why = format!(
                "after the fault of {pack} its charger still says that it delivers and is told to stop: see that it is off first"
            );
            return Err(OrderError::Profile { name, why });
        }
        if let Some(recording) = self.recordings.by_people() {
            let why = format!("the recording {recording} runs: stop it first");
            return Err(OrderError::Profile { name, why });
        }
        let plant = Plant::build(order, &self.catalog)
            .map_err(|error| OrderError::Profile { name, why: error.to_string() })?;
        self.plant = plant;
        self.charging.build(&self.plant, &self.catalog);
        self.hands = Hands::default();
        self.controllers = Controllers::default();
        self.epoch = Epoch(self.epoch.0 + 1);
        self.began = self.epoch;
        self.plant.buses.iter_mut().for_each(|bus| bus.open(self.epoch));
        self.traffic = Arc::default();
        self.player = None;
        self.notices.clear();
        self.notice_kinds();
        effects.push(Effect::Connect { epoch: self.epoch, buses: self.plant.bus_plans() });
        Ok(())
    }

    fn play(&self, play: Play, effects: &mut Vec<Effect>) -> Answer {
        if self.player.is_none() {
            return Err(OrderError::NoRecording);
        }
        effects.push(Effect::Play(play));
        Ok(())
    }
}

//! The hub: the one owner of all live state. Events in, effects out; no I/O, no clock, no thread.
//! [`Hub::step`] is a function of its state, the event and the time it is given.

mod bus;
pub(crate) mod decoders;
pub(crate) mod event;
mod limits;
mod plant;
pub(crate) mod traffic;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

pub use event::{BusPlan, Effect, Epoch, Event};

use crate::base::id::BusId;
use crate::base::time::{Mono, Wall};
use crate::engine::can::bus::{BusStatus, Received};
use crate::engine::can::frame::{Direction, Frames, Kind};
use crate::engine::can::replay::Progress;
use crate::engine::device::Catalog;
use crate::engine::hub::plant::Plant;
use crate::engine::hub::traffic::Traffic;
use crate::engine::order::{ActivateProfile, Admitted, Answer, Command, OrderError, Play};
use crate::engine::snapshot::{Notice, Snapshot, Totals};

/// Shortest time between two snapshots.
const PUBLISH: Duration = Duration::from_millis(100);

/// With nothing received for so long (first), a snapshot is made only so often (second): ages go
/// on, but an idle console rests.
const RESTING: [(Duration, Duration); 4] = [
    (Duration::from_secs(15), Duration::from_millis(250)),
    (Duration::from_secs(60), Duration::from_secs(1)),
    (Duration::from_secs(600), Duration::from_secs(10)),
    (Duration::MAX, Duration::from_secs(60)),
];

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
    epoch: Epoch,
    traffic: Arc<Traffic>,
    totals: Totals,
    notices: Vec<Notice>,
    player: Option<Progress>,
    version: u64,
    published: Mono,
    last_frame: Mono,
    news: News,
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
    /// A hub without a plant.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, now: Now) -> Self {
        Self {
            catalog,
            plant: Plant::empty(),
            epoch: Epoch::default(),
            traffic: Arc::default(),
            totals: Totals::default(),
            notices: Vec::new(),
            player: None,
            version: 0,
            published: now.mono,
            last_frame: now.mono,
            news: News::Urgent,
        }
    }

    /// Takes in an event and appends what is to be done about it.
    pub fn step(&mut self, now: Now, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Frames { epoch, bus, frames, received } if epoch == self.epoch => {
                self.frames(now, bus, &frames, received);
            }
            Event::Bus { epoch, bus, status } if epoch == self.epoch => self.status(bus, status),
            Event::Lost { epoch, bus, frames } if epoch == self.epoch => {
                self.totals.lost += frames;
                tracing::warn!(bus = bus.0, frames, "the hub cannot follow: frames were dropped");
                self.news = News::Urgent;
            }
            Event::Played { epoch, progress } if epoch == self.epoch => self.played(progress),
            // They belong to a plant that was replaced.
            Event::Frames { .. }
            | Event::Bus { .. }
            | Event::Lost { .. }
            | Event::Played { .. } => {}
            Event::Order { order, reply } => self.order(order, reply, effects),
            Event::Notice(notice) => self.notice(notice),
            Event::Tick => {}
        }
        self.publish_if_due(now, effects);
    }

    /// When [`step`](Self::step) wants to be called again, with [`Event::Tick`] if nothing happens.
    #[must_use]
    pub fn next_deadline(&self) -> Mono {
        self.published.after(self.pace())
    }

    /// The picture of now.
    #[must_use]
    pub fn snapshot(&self, now: Now) -> Arc<Snapshot> {
        let components = self.plant.component_pictures(now.mono);
        Arc::new(Snapshot {
            version: self.version,
            at: now.mono,
            wall: now.wall,
            profile: self.plant.profile(),
            notices: self.notices.clone(),
            buses: self.plant.bus_pictures(now.mono),
            groups: self.plant.group_pictures(&components),
            components,
            traffic: Arc::clone(&self.traffic),
            decoders: self.plant.decoders(),
            player: self.player.clone(),
            totals: self.totals,
        })
    }

    fn pace(&self) -> Duration {
        match self.news {
            News::Urgent => Duration::ZERO,
            News::Frames => PUBLISH,
            News::None => {
                let quiet = self.published.since(self.last_frame);
                let rest = RESTING.iter().find(|(up_to, _)| quiet < *up_to);
                rest.map_or(PUBLISH, |(_, pace)| *pace)
            }
        }
    }

    fn publish_if_due(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if now.mono < self.next_deadline() {
            return;
        }
        self.version += 1;
        self.published = now.mono;
        self.news = News::None;
        effects.push(Effect::Publish(self.snapshot(now)));
    }

    fn frames(&mut self, now: Now, bus: BusId, frames: &Frames, received: Received) {
        if received.restarted {
            self.plant.forget(bus);
            Arc::make_mut(&mut self.traffic).clear_bus(bus);
            self.news = News::Urgent;
        }
        self.plant.clock(now.mono, bus, frames.timebase(), received.position);
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

    fn status(&mut self, bus: BusId, status: BusStatus) {
        self.totals.lost += self.plant.status(bus, status);
        self.news = News::Urgent;
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

    fn order(&mut self, order: Admitted, reply: Sender<Answer>, effects: &mut Vec<Effect>) {
        let (by, face, at) = order.given();
        let (by, at) = (by.to_owned(), at.secs_f64());
        let answer = match order.into_command() {
            Command::Activate(order) => self.activate(*order, effects),
            Command::Play(play) => self.play(play, effects),
            Command::ClearTraffic => {
                Arc::make_mut(&mut self.traffic).clear();
                Ok(())
            }
        };
        let outcome = answer.as_ref().map_or_else(ToString::to_string, |()| "done".to_owned());
        tracing::info!(target: "journal", actor = by, ?face, at, outcome);
        effects.push(Effect::Answer(reply, answer));
        self.news = News::Urgent;
    }

    /// Runs the profile of `order` instead of the present one.
    ///
    /// # Errors
    /// It cannot run; the present one stays.
    pub fn activate(&mut self, order: ActivateProfile, effects: &mut Vec<Effect>) -> Answer {
        let name = order.profile.name.to_string();
        let plant = Plant::build(order, &self.catalog)
            .map_err(|error| OrderError::Profile { name, why: error.to_string() })?;
        self.plant = plant;
        self.epoch = Epoch(self.epoch.0 + 1);
        self.traffic = Arc::default();
        self.player = None;
        self.notices.clear();
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

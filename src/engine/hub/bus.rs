//! One bus of the running plant: who owns which id, its clock, its figures.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::base::id::{BusId, ComponentId, Name};
use crate::base::time::{Mono, Timebase};
use crate::engine::can::address::Address;
use crate::engine::can::bus::{BusState, BusStatus, Listening};
use crate::engine::can::frame::{Direction, FrameRef, Frames, Head, Id, Kind};
use crate::engine::can::scan::Counts;
use crate::engine::device::Claim;
use crate::engine::hub::controllers::Controllers;
use crate::engine::hub::event::{BusPlan, Epoch};
use crate::engine::hub::hand::Hands;
use crate::engine::profile::model::BusEntry;
use crate::engine::snapshot::BusPicture;

/// Rates are taken over this time.
const WINDOW: Duration = Duration::from_secs(1);
/// Most batches that the window holds.
const BATCHES: usize = 1024;
/// No owner.
const NOBODY: u16 = u16::MAX;

/// A bus that did not take a frame cannot send for this long, and says so for that long.
const UNSENT_FOR: Duration = Duration::from_secs(2);
const UNSENT_SHOWN: Duration = Duration::from_secs(30);

/// Batches that follow each other faster than this are counted as one.
const MERGE: Duration = Duration::from_millis(10);

/// What came in with a batch.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    frames: u64,
    /// Of these, sent by this program.
    sent: u64,
    errors: u64,
    bits: u64,
}

impl Heard {
    const fn add(&mut self, more: Self) {
        self.frames += more.frames;
        self.sent += more.sent;
        self.errors += more.errors;
        self.bits += more.bits;
    }
}

/// What is new in a status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StatusChange {
    /// Frames dropped since the last status.
    pub(super) dropped: u64,
    /// The state or its sentence is another.
    pub(super) word: bool,
}

/// A bus.
pub(super) struct Bus {
    entry: BusEntry,
    status: BusStatus,
    /// Owner of every standard id.
    standard: Vec<u16>,
    /// Owners of extended ids: last id of a claimed range, to (first, owner).
    extended: BTreeMap<u32, (u32, u16)>,
    own_clock: Option<Mono>,
    timebase: Timebase,
    frames: u64,
    error_frames: u64,
    /// What came in the batches of the last second.
    recent: VecDeque<(Mono, Heard)>,
    /// The ids of the vehicle's switches and heartbeat on it.
    keys: Vec<u32>,
    /// When somebody else last sent one of them.
    foreign_key: Option<Mono>,
    /// When a frame last did not go out, and why.
    unsent: Option<(Mono, String)>,
    /// Whether this program sends to it now.
    armed: bool,
    /// In which running of the plant it was opened: what belongs to an earlier one is not of it.
    since: Epoch,
}

impl Bus {
    pub(super) fn new(entry: BusEntry) -> Self {
        Self {
            entry,
            status: BusStatus::plain(BusState::Opening),
            standard: vec![NOBODY; Id::MAX_STANDARD as usize + 1],
            extended: BTreeMap::new(),
            own_clock: None,
            timebase: Timebase::default(),
            frames: 0,
            error_frames: 0,
            recent: VecDeque::new(),
            keys: Vec::new(),
            foreign_key: None,
            unsent: None,
            armed: false,
            since: Epoch::default(),
        }
    }

    /// It is opened in this running of the plant.
    pub(super) const fn open(&mut self, epoch: Epoch) {
        self.since = epoch;
    }

    /// Whether what bears `epoch` is of this bus as it is now open.
    pub(super) fn holds(&self, epoch: Epoch) -> bool {
        epoch >= self.since
    }

    /// Whether it is the same bus as `other`, whatever components and files there are.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let (one, other) = (&self.entry, &other.entry);
        one.name == other.name && one.address == other.address && one.scene == other.scene
    }

    /// Goes on where `old`, the same bus of a plant that was amended, has come to.
    pub(super) fn go_on(&mut self, old: Self) {
        let entry = std::mem::replace(&mut self.entry, old.entry.clone());
        let (standard, extended) =
            (std::mem::take(&mut self.standard), std::mem::take(&mut self.extended));
        let keys = std::mem::take(&mut self.keys);
        *self = Self { entry, standard, extended, keys, ..old };
    }

    /// Looks out for whoever else sends the vehicle's switches (`base` + 5) or heartbeat (`base`).
    pub(super) fn watch_keys(&mut self, base: u32) {
        self.keys.extend([base, base + 5]);
    }

    /// The same for the commands of batteries that are commanded themselves.
    pub(super) fn watch_ids(&mut self, ids: impl Iterator<Item = u32>) {
        self.keys.extend(ids);
    }

    /// Notes a frame that somebody else has sent in the vehicle's place.
    pub(super) fn note_key(&mut self, frame: FrameRef<'_>) {
        let id = frame.id();
        if frame.direction() == Direction::Received
            && !id.is_extended()
            && self.keys.contains(&id.raw())
        {
            self.foreign_key = Some(frame.time());
        }
    }

    /// How long ago somebody else was last heard in the vehicle's place.
    pub(super) fn foreign_key(&self, now: Mono) -> Option<Duration> {
        self.foreign_key.map(|at| now.since(at))
    }

    /// Forgets whom it has heard.
    pub(super) const fn forget(&mut self) {
        self.foreign_key = None;
    }

    /// A frame did not go out.
    pub(super) fn take_unsent(&mut self, now: Mono, why: String) {
        self.unsent = Some((now, why));
    }

    /// This program sends to it now.
    pub(super) const fn arm(&mut self) {
        self.armed = true;
    }

    /// This program sends nothing to it any more.
    pub(super) const fn disarm(&mut self) {
        self.armed = false;
    }

    /// Whether it runs and takes what is sent.
    pub(super) fn can_send(&self, now: Mono) -> bool {
        let runs = match self.status.state {
            BusState::Active | BusState::Warning => true,
            BusState::Opening
            | BusState::Passive
            | BusState::Off
            | BusState::Down
            | BusState::Missing
            | BusState::Failed
            | BusState::Ended => false,
        };
        let failed = self.unsent.as_ref().is_some_and(|(at, _)| now.since(*at) < UNSENT_FOR);
        runs && !failed && self.why_mute().is_none()
    }

    /// Whether this program sends to it now, for a charge.
    pub(super) const fn is_armed(&self) -> bool {
        self.armed
    }

    /// How it is doing.
    pub(super) const fn state(&self) -> BusState {
        self.status.state
    }

    /// What came in so far.
    pub(super) const fn counts(&self) -> Counts {
        Counts { frames: self.frames - self.error_frames, errors: self.error_frames }
    }

    /// Where it is.
    pub(super) const fn address(&self) -> &Address {
        &self.entry.address
    }

    /// Its name.
    pub(super) const fn name(&self) -> &Name {
        &self.entry.name
    }

    /// Why people cannot send to it by hand.
    pub(super) fn why_not_by_hand(&self) -> Option<String> {
        if let Address::Tcp { .. } = self.entry.address {
            let name = &self.entry.name;
            return Some(format!("{name} leads to a supply that is spoken to in text"));
        }
        self.why_mute()
    }

    /// What is wrong with it, in its own words.
    pub(super) fn sentence(&self) -> Option<&str> {
        self.status.sentence.as_deref()
    }

    /// Why nothing can ever be sent to it.
    pub(super) fn why_mute(&self) -> Option<String> {
        let name = &self.entry.name;
        match &self.entry.address {
            Address::Replay(_) => Some(format!("{name} is a recording, which is only played")),
            Address::Virtual(_)
            | Address::SocketCan(_)
            | Address::Slcan(_)
            | Address::Tcp { .. } => {
                let quiet =
                    matches!(self.status.listening, Listening::Confirmed | Listening::Asked);
                quiet.then(|| {
                    format!("the interface of {name} is in listen-only mode: set it to send")
                })
            }
        }
    }

    /// Whether it is a recording that is played.
    pub(super) const fn is_recording(&self) -> bool {
        matches!(self.entry.address, Address::Replay(_))
    }

    /// Whether simulated devices live on it.
    pub(super) const fn is_demo(&self) -> bool {
        self.entry.scene.is_some()
    }

    /// Gives `component` the ids it claims that nobody has yet.
    pub(super) fn route(&mut self, component: ComponentId, claims: &[Claim]) {
        for claim in claims {
            let (first, last) = (*claim.ids.start(), *claim.ids.end());
            if claim.extended {
                self.extended.entry(last).or_insert((first, component.0));
                continue;
            }
            let last = last.min(Id::MAX_STANDARD) as usize;
            let places = self.standard.get_mut(first as usize..=last).unwrap_or_default();
            places.iter_mut().filter(|owner| **owner == NOBODY).for_each(|o| *o = component.0);
        }
    }

    /// Who owns `id`.
    pub(super) fn owner(&self, id: Id) -> Option<ComponentId> {
        let raw = id.raw();
        let owner = if id.is_extended() {
            let (_, &(first, owner)) = self.extended.range(raw..).next()?;
            (first <= raw).then_some(owner)?
        } else {
            *self.standard.get(raw as usize)?
        };
        (owner != NOBODY).then_some(ComponentId(owner))
    }

    pub(super) fn clock(&mut self, timebase: Timebase, own: Option<Mono>) {
        self.timebase = timebase;
        self.own_clock = own.or(self.own_clock);
    }

    /// What time it is on this bus: its own clock's, or `now`.
    pub(super) fn now(&self, now: Mono) -> Mono {
        self.own_clock.unwrap_or(now)
    }

    pub(super) fn count(&mut self, now: Mono, frames: &Frames) {
        let mut heard = Heard::default();
        for frame in frames.iter() {
            heard.add(Heard {
                frames: 1,
                sent: u64::from(frame.direction() == Direction::Sent),
                errors: u64::from(frame.kind() == Kind::Error),
                bits: wire_bits(&frame.head),
            });
        }
        self.frames += heard.frames;
        self.error_frames += heard.errors;
        match self.recent.back_mut() {
            Some((at, some)) if now.since(*at) < MERGE => some.add(heard),
            Some(_) | None => {
                if self.recent.len() == BATCHES {
                    self.recent.pop_front();
                }
                self.recent.push_back((now, heard));
            }
        }
        self.drop_old(now);
    }

    fn drop_old(&mut self, now: Mono) {
        while self.recent.front().is_some_and(|(at, _)| now.since(*at) > WINDOW) {
            self.recent.pop_front();
        }
    }

    /// Whether ages go on here by themselves.
    pub(super) const fn is_ageing(&self) -> bool {
        self.own_clock.is_none() && self.frames > 0
    }

    /// Takes in a status and says what is new in it.
    pub(super) fn take_status(&mut self, status: BusStatus) -> StatusChange {
        let dropped = status.dropped.saturating_sub(self.status.dropped);
        let word = status.state != self.status.state || status.sentence != self.status.sentence;
        self.status = status;
        StatusChange { dropped, word }
    }

    /// The status, with what only the sending side knows.
    fn shown_status(&self, now: Mono) -> BusStatus {
        let mut status = self.status.clone();
        if self.armed {
            status.listening = Listening::Armed;
        }
        if let Some((at, why)) = &self.unsent
            && status.sentence.is_none()
            && now.since(*at) < UNSENT_SHOWN
        {
            status.sentence = Some(format!("A frame could not be sent: {why}."));
        }
        status
    }

    pub(super) fn plan(&self, bus: BusId) -> BusPlan {
        BusPlan {
            bus,
            name: self.entry.name.to_string(),
            address: self.entry.address.clone(),
            scene: self.entry.scene.clone(),
            sending: None,
            hand: None,
            supply: None,
        }
    }

    pub(super) fn picture(
        &self,
        id: BusId,
        now: Mono,
        (hands, controllers): (&Hands, &Controllers),
    ) -> BusPicture {
        let mut heard = Heard::default();
        let recent = self.recent.iter().filter(|(at, _)| now.since(*at) <= WINDOW);
        recent.for_each(|(_, more)| heard.add(*more));
        let load =
            self.status.bit_rate.map(|rate| heard.bits as f64 / f64::from(rate.max(1)) * 100.0);
        BusPicture {
            id,
            name: self.entry.name.clone(),
            address: self.entry.address.clone(),
            status: self.shown_status(now),
            now: self.now(now),
            timebase: self.timebase,
            frames: self.frames,
            error_frames: self.error_frames,
            rate: heard.frames as f64,
            sent_rate: heard.sent as f64,
            error_rate: heard.errors as f64,
            load: load.map(|load| load.min(100.0)),
            armed: hands.arm_picture(id, now),
            hand_refusal: hands.refusal(id, now),
            controller: controllers.picture(id, self, (now, hands.holds(id))),
        }
    }
}

/// Bits that a frame takes on the wire, with interframe space and average stuffing (a fit to the
/// exact figures for random data, within 2 %). For FD the data phase counts at the nominal rate
/// divided by four, the usual ratio.
fn wire_bits(head: &Head) -> u64 {
    let bytes = head.len() as u64;
    let arbitration = if head.id().is_extended() { 70 } else { 49 };
    match head.kind() {
        Kind::Remote => arbitration,
        Kind::Data => arbitration + bytes * 49 / 6,
        Kind::Error => 20,
        Kind::Fd => arbitration + bytes * 49 / 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Name;
    use crate::engine::can::frame::Frame;

    fn bus() -> Bus {
        let address = Address::Virtual("test".into());
        Bus::new(BusEntry::new(Name::new("test").unwrap(), address))
    }

    fn claim(ids: std::ops::RangeInclusive<u32>, extended: bool) -> Claim {
        Claim { ids, extended }
    }

    #[test]
    fn every_id_goes_to_the_first_component_that_claims_it() {
        let mut bus = bus();
        bus.route(ComponentId(0), &[claim(0x600..=0x6FF, false)]);
        bus.route(
            ComponentId(1),
            &[claim(0x6A0..=0x6AF, false), claim(0x18FF_50E5..=0x18FF_50E5, true)],
        );
        let owner = |raw, extended: bool| {
            let id = if extended { Id::extended(raw) } else { Id::standard(raw) };
            bus.owner(id.unwrap()).map(|owner| owner.0)
        };
        assert_eq!(owner(0x600, false), Some(0));
        assert_eq!(owner(0x6A5, false), Some(0));
        assert_eq!(owner(0x700, false), None);
        assert_eq!(owner(0x18FF_50E5, true), Some(1));
        assert_eq!(owner(0x18FF_50E4, true), None);
        assert_eq!(owner(0x600, true), None);
    }

    #[test]
    fn a_full_bus_is_about_fully_loaded() {
        let mut bus = bus();
        bus.status.bit_rate = Some(1_000_000);
        let frame = Frame::classic(Id::standard(0x600).unwrap(), &[0xA5; 8]).unwrap();
        let mut frames = Frames::default();
        (0..8754).for_each(|_| frames.push(frame.view()));
        bus.count(Mono::from_millis(500), &frames);
        let (hands, controllers) = (Hands::default(), Controllers::default());
        let both = (&hands, &controllers);
        let picture = bus.picture(BusId(0), Mono::from_secs(1), both);
        assert!((picture.load.unwrap() - 100.0).abs() < 2.0, "{:?}", picture.load);
        assert_eq!(picture.rate, 8754.0);
        assert_eq!(bus.picture(BusId(0), Mono::from_secs(9), both).rate, 0.0);
    }
}

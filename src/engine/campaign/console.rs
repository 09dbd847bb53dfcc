//! The program under test: device folders, models, a station and a guard, put together as the hub and
//! its sending thread do it. It hears frames and gives those that pass the guard. Knows nothing of
//! what is really so in the world.

use std::time::Duration;

use super::CampaignError;
use super::plan::Plan;
use crate::base::time::Mono;
use crate::engine::can::frame::{Direction, Frame, FrameRef, Kind};
use crate::engine::can::guard::Guard;
use crate::engine::charge::{
    ChargerView, Foreign, Latches, Message, Note, PackView, Rating, Rules, Station,
};
use crate::engine::device::{Catalog, Device, Fact};
use crate::engine::pack::{Charger, Pack, PackSettings};

/// The guard closes when the station has not been stepped for this long.
const PATIENCE: Duration = Duration::from_millis(500);
/// Error classes of a controller that is off the bus, and back on it.
const BUS_OFF: u32 = 0x40;
const BUS_BACK: u32 = 0x100;
/// Ids that only the vehicle, or whoever stands in for it, sends.
const VEHICLE: [u32; 2] = [0x500, 0x505];

/// The program.
pub(super) struct Console {
    packs: Vec<(Device, Pack)>,
    charger: (Device, Charger),
    key: Device,
    station: Station,
    guard: Guard,
    rating: Rating,
    foreign_key: Option<Mono>,
    bus_ok: bool,
    facts: Vec<Fact>,
    messages: Vec<Message>,
    waiting: Vec<Frame>,
    withheld: u64,
    /// What was written down in the last step.
    pub(super) notes: Vec<Note>,
}

impl Console {
    /// A program that was just started, with what is still latched from before.
    ///
    /// # Errors
    /// A device folder cannot be bound.
    pub(super) fn start(
        plan: &Plan,
        catalog: &Catalog,
        rules: Rules,
        latches: Latches,
    ) -> Result<Self, CampaignError> {
        let bind = |kind: &'static str, base: Option<u32>| {
            let kind = catalog.find(kind).ok_or(CampaignError::Device(kind))?;
            let mut settings = kind.defaults();
            settings.base = base.unwrap_or(settings.base);
            kind.bind(settings).map_err(|_| CampaignError::Device("binding"))
        };
        let mut packs = Vec::new();
        for base in &plan.bases {
            let device = bind("prohelion-d1000-gen1", Some(*base))?;
            let pack = Pack::new(PackSettings::of_device(&device));
            packs.push((device, pack));
        }
        let charger = bind("elcon-tc", None)?;
        let key = bind("ev-driver-controls", None)?;
        let Rating { volts, amps, .. } = plan.rating;
        let mut allow = charger.allows_up_to(volts.get(), amps.get());
        allow.extend(key.allows());
        let model = Charger::of(&charger.kind().manifest, |usual| usual);
        Ok(Self {
            packs,
            charger: (charger, model),
            key,
            station: Station::new(rules, latches),
            guard: Guard::new(allow, PATIENCE),
            rating: plan.rating,
            foreign_key: None,
            bus_ok: true,
            facts: Vec::new(),
            messages: Vec::new(),
            waiting: Vec::new(),
            withheld: 0,
            notes: Vec::new(),
        })
    }

    /// The machine, for orders.
    pub(super) const fn station(&mut self) -> &mut Station {
        &mut self.station
    }

    /// The machine, to look at.
    pub(super) const fn seen(&self) -> &Station {
        &self.station
    }

    /// Frames that the guard kept back for good.
    pub(super) const fn withheld(&self) -> u64 {
        self.withheld
    }

    /// Whether the bus takes frames.
    pub(super) const fn bus_ok(&self) -> bool {
        self.bus_ok
    }

    /// Takes a frame that came from the bus at `at`.
    pub(super) fn hear(&mut self, frame: FrameRef<'_>, at: Mono) {
        match frame.kind() {
            Kind::Error if frame.id().raw() == BUS_OFF => self.bus_ok = false,
            Kind::Error if frame.id().raw() == BUS_BACK => self.bus_ok = true,
            Kind::Error | Kind::Remote | Kind::Fd => {}
            Kind::Data => self.take(frame, at),
        }
    }

    fn take(&mut self, frame: FrameRef<'_>, at: Mono) {
        self.facts.clear();
        if frame.id().is_extended() {
            let (device, model) = &mut self.charger;
            device.take(frame, &mut self.facts);
            self.facts.iter().for_each(|fact| model.apply(at, Direction::Received, fact));
            return;
        }
        let raw = frame.id().raw();
        if VEHICLE.contains(&raw) {
            self.foreign_key = Some(at);
            return;
        }
        let owner = self.packs.iter_mut().find(|(device, _)| {
            (device.settings().base..device.settings().base + 0x100).contains(&raw)
        });
        if let Some((device, pack)) = owner {
            device.take(frame, &mut self.facts);
            self.facts.iter().for_each(|fact| pack.apply(at, fact));
        }
    }

    /// What is seen at `now`.
    pub(super) fn view(&self, now: Mono) -> (PackView, ChargerView) {
        let mut whole: Option<PackView> = None;
        for (member, (_, pack)) in self.packs.iter().enumerate() {
            let one = PackView {
                foreign_key: self.foreign_key.map(|at| now.since(at)),
                bus_ok: self.bus_ok,
                ..PackView::of(&pack.glance(now), member as u8)
            };
            whole = Some(whole.map_or(one, |whole| whole.beside(one)));
        }
        let glance = self.charger.1.glance(now);
        let charger = ChargerView {
            age: glance.age,
            voltage: glance.voltage,
            current: glance.current,
            faults: glance.faults,
            rating: Some(self.rating),
            foreign: glance.foreign.map(|(ago, command)| Foreign { ago, command }),
            bus_ok: self.bus_ok,
        };
        (whole.unwrap_or_default(), charger)
    }

    /// A step of the station; appends the frames that may go out.
    pub(super) fn step(&mut self, now: Mono, out: &mut Vec<Frame>) {
        self.messages.clear();
        self.notes.clear();
        self.guard.beat(now);
        let (pack, charger) = self.view(now);
        self.station.step(now, &pack, &charger, &mut self.messages, &mut self.notes);
        let due = std::mem::take(&mut self.messages);
        for message in &due {
            match self.frame(*message) {
                Some(frame) => self.offer(frame),
                None => self.withheld += 1,
            }
        }
        self.messages = due;
        self.flush(now, out);
    }

    /// The newest frame of an id takes the place of one that still waits.
    fn offer(&mut self, frame: Frame) {
        self.waiting.retain(|old| old.id() != frame.id());
        self.waiting.push(frame);
    }

    /// Sends what waits, as far as the guard lets it.
    pub(super) fn flush(&mut self, now: Mono, out: &mut Vec<Frame>) {
        let waiting = std::mem::take(&mut self.waiting);
        for frame in waiting {
            match self.guard.clear(now, frame) {
                Ok(cleared) if self.bus_ok => out.push(cleared.into_frame().at(now)),
                Ok(_) => {}
                Err(crate::engine::can::guard::Withheld::TooOften(_)) => self.waiting.push(frame),
                Err(_) => self.withheld += 1,
            }
        }
    }

    fn frame(&self, message: Message) -> Option<Frame> {
        match message {
            Message::Give { volts, amps } => self.tell(down(volts.get())?, down(amps.get())?, 0.0),
            Message::Stop => self.tell(0.0, 0.0, 1.0),
            Message::Command(_) => None,
            Message::Key(word) => {
                let bits = [(0x10, "Accessories"), (0x20, "Run"), (0x40, "Start")];
                let bit = |(bit, name)| (name, f64::from(u8::from(word & bit != 0)));
                self.key.encode("EVDC_Switches", &bits.map(bit)).ok()
            }
            Message::Heartbeat => {
                let values = [("DeviceId", 4098.0), ("SerialOrAnswer", 1.0)];
                self.key.encode("EVDC_Heartbeat", &values).ok()
            }
        }
    }

    fn tell(&self, volts: f64, amps: f64, control: f64) -> Option<Frame> {
        let values = [("MaxVoltage", volts), ("MaxCurrent", amps), ("Control", control)];
        self.charger.0.encode("Elcon_Command", &values).ok()
    }
}

/// A number in steps of a tenth, never more than it was; none for what is no number or negative.
fn down(value: f64) -> Option<f64> {
    let steps = (value * 10.0 + 1e-6).floor();
    (steps >= 0.0 && steps.is_finite()).then_some(steps / 10.0)
}

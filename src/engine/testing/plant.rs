//! A plant without threads: a scene's world feeds a hub on a clock that the test moves.

#![expect(clippy::panic, reason = "a test says what went wrong by failing")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::id::{BusId, Name};
use crate::base::time::{Mono, TimeSource, Timebase, Wall};
use crate::engine::access::grant::{Face, LocalSeat};
use crate::engine::can::bus::{BusState, BusStatus, BusTx, Received, SendError};
use crate::engine::can::frame::{Direction, Frame, Frames};
use crate::engine::can::guard::Cleared;
use crate::engine::device::Catalog;
use crate::engine::drive::sending::Outlet;
use crate::engine::hub::{Effect, Epoch, Event, Hub, Now};
use crate::engine::orders::charging::SetDemo;
use crate::engine::orders::plant::ActivateProfile;
use crate::engine::orders::{Admitted, Answer, Order, Reply, Route};
pub use crate::engine::prepare::demo_profile;
use crate::engine::sim::{Parked, Scene, World};
use crate::engine::snapshot::Snapshot;

/// How long a batch is.
const BATCH: Duration = Duration::from_millis(10);

/// A scene, a hub that runs its profile, and the time.
pub struct Plant {
    /// The hub.
    pub hub: Hub,
    /// Where the hub's plant is in its life.
    pub epoch: Epoch,
    /// What the hub asked for, in order.
    pub effects: Vec<Effect>,
    world: World,
    scene: String,
    at: Mono,
    wire: Wire,
    outlet: Option<Outlet>,
    /// How many effects were carried out.
    carried: usize,
    /// Nothing reaches the world.
    cut: bool,
}

impl Plant {
    /// The built-in scene `scene` at its first moment.
    ///
    /// # Panics
    /// There is no such scene, or its profile does not run.
    #[must_use]
    pub fn of(scene: &str) -> Self {
        let found = Scene::find(scene).unwrap_or_else(|error| panic!("{error}"));
        let world = World::new(&found, found.seed).unwrap_or_else(|error| panic!("{error}"));
        let mut hub = Hub::new(Arc::new(Catalog::builtin()), now(Mono::ZERO));
        let profile = demo_profile(scene).unwrap_or_else(|error| panic!("{error}"));
        let mut effects = Vec::new();
        let ran = hub.activate(ActivateProfile::of(profile), &mut effects);
        assert!(ran.is_ok(), "{ran:?}");
        let epoch = Epoch(1);
        let scene = scene.to_owned();
        let wire = Wire::default();
        let mut plant = Self {
            hub,
            epoch,
            effects,
            world,
            scene,
            at: Mono::ZERO,
            wire,
            outlet: None,
            carried: 0,
            cut: false,
        };
        plant.tell_bus();
        plant
    }

    /// The program ends and starts again while the world goes on; what was latched is still known.
    ///
    /// # Panics
    /// The scene's profile does not run.
    pub fn restart(
        &mut self,
        latches: std::collections::BTreeMap<String, crate::engine::charge::Latches>,
    ) {
        self.hub = Hub::latched(Arc::new(Catalog::builtin()), now(self.at), latches);
        let profile = demo_profile(&self.scene).unwrap_or_else(|error| panic!("{error}"));
        self.effects.clear();
        self.carried = 0;
        let ran = self.hub.activate(ActivateProfile::of(profile), &mut self.effects);
        assert!(ran.is_ok(), "{ran:?}");
        self.tell_bus();
    }

    /// Somebody drives the vehicle, whatever the hub has asked for.
    pub fn drive(&mut self) {
        self.world.park(Parked::Driving);
    }

    /// Whoever drives and whoever charges fall silent, whatever the console says.
    pub fn park(&mut self) {
        self.world.park(Parked::Parked);
    }

    /// Tries to run the scene's profile once more.
    ///
    /// # Errors
    /// The hub refuses.
    ///
    /// # Panics
    /// There is no such scene.
    pub fn activate_again(&mut self) -> Answer {
        let profile = demo_profile(&self.scene).unwrap_or_else(|error| panic!("{error}"));
        self.hub.activate(ActivateProfile::of(profile), &mut self.effects)
    }

    /// The bus is running.
    fn tell_bus(&mut self) {
        let (epoch, bus) = (self.epoch, BusId(0));
        let status = BusStatus::plain(BusState::Active);
        self.step(Event::Bus { epoch, bus, status });
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Now {
        now(self.at)
    }

    /// The scene goes on for `span`, and the hub hears it; what the hub sends is heard there, through
    /// the same outlet and guard as on a real bus.
    pub fn run(&mut self, span: Duration) {
        let end = self.at.after(span);
        while self.at < end {
            self.at = self.at.after(BATCH).min(end);
            let timebase = Timebase { source: TimeSource::Simulation, wall_at_zero: None };
            let mut frames = Frames::new(timebase);
            self.world.advance(self.at, &mut frames);
            let own = self.wire.take();
            for frame in &own {
                frames.push(frame.at(self.at).view());
            }
            let (epoch, bus, received) = (self.epoch, BusId(0), Received::default());
            self.step(Event::Frames { epoch, bus, frames, received });
            self.carry();
        }
    }

    /// Does what the hub asks of the wire and of the world.
    fn carry(&mut self) {
        let mut unsent = Vec::new();
        for effect in self.effects.get(self.carried..).unwrap_or_default() {
            match effect {
                Effect::Connect { buses, .. } => {
                    let plan = buses.first().and_then(|plan| plan.sending.clone());
                    let wire = Box::new(self.wire.clone());
                    self.outlet = plan.map(|plan| Outlet::new(wire, plan));
                }
                Effect::Beat => {
                    if let Some(outlet) = &mut self.outlet {
                        outlet.beat(self.at);
                    }
                }
                Effect::Send { frames, .. } => {
                    for frame in frames {
                        let sent = self
                            .outlet
                            .as_mut()
                            .map(|outlet| outlet.send(self.at, frame.at(self.at)));
                        unsent.extend(sent.and_then(Result::err));
                    }
                }
                Effect::Demo(SetDemo { parked, pace }) => {
                    self.world.park(if *parked { Parked::Parked } else { Parked::Driving });
                    self.world.pace(*pace);
                }
                Effect::Publish(_)
                | Effect::Play(_)
                | Effect::Wipe
                | Effect::Answer(..)
                | Effect::Hand { .. }
                | Effect::Replay { .. }
                | Effect::Record { .. }
                | Effect::Control { .. }
                | Effect::Journal(_)
                | Effect::KeepProfile(_)
                | Effect::Profile(_)
                | Effect::Amend { .. }
                | Effect::Keep(_) => {}
            }
        }
        self.carried = self.effects.len();
        if let Some(outlet) = &mut self.outlet {
            unsent.extend(outlet.tick(self.at).err());
        }
        for frame in self.wire.sent() {
            if !self.cut {
                self.world.receive(frame.at(self.at).view());
            }
        }
        for why in unsent {
            let (epoch, bus) = (self.epoch, BusId(0));
            self.step(Event::Unsent { epoch, bus, why });
        }
    }

    /// Time goes on for `span` and nothing is heard, neither here nor there; the hub is called when it wants to be.
    pub fn silence(&mut self, span: Duration) {
        let end = self.at.after(span);
        self.cut = true;
        while self.hub.next_deadline() <= end {
            self.at = self.hub.next_deadline().max(self.at);
            self.step(Event::Tick);
            self.carry();
        }
        self.cut = false;
        drop(self.wire.take());
        self.at = end;
    }

    /// Every frame that the hub has put on the bus since this was last asked.
    #[must_use]
    pub fn heard(&self) -> Vec<Frame> {
        self.wire.heard()
    }

    /// Something happens now.
    pub fn step(&mut self, event: Event) {
        let now = self.now();
        self.hub.step(now, event, &mut self.effects);
    }

    /// Gives the hub an order from the seat at the machine, and has its answer. What else the hub asked
    /// for stays among the effects.
    ///
    /// # Panics
    /// The order is not for the hub, or is not answered at once.
    pub fn give<O: Order<Done = ()>>(&mut self, order: O) -> Answer {
        let session = LocalSeat::new().sit(Face::Desktop);
        let grant = session.permit(order.needs()).unwrap_or_else(|error| panic!("{error:?}"));
        let Route::Plant(command, ()) = order.route() else { panic!("not for the hub") };
        let admitted = Admitted::new(&grant, command, (Face::Desktop, None));
        let answer = Arc::new(Mutex::new(None));
        let told = Arc::clone(&answer);
        let reply = Reply::new(move |answer| {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        });
        self.step(Event::Order { order: admitted, reply });
        for effect in &mut self.effects {
            match std::mem::replace(effect, Effect::Wipe) {
                Effect::Answer(reply, answer) => reply.give(answer),
                other => *effect = other,
            }
        }
        let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.unwrap_or_else(|| panic!("the order was not answered"))
    }

    /// The name of the scene's bus.
    ///
    /// # Panics
    /// It has none.
    #[must_use]
    pub fn bus_name(&self) -> Name {
        let snapshot = self.hub.snapshot(self.now());
        let first = snapshot.buses.first().map(|bus| bus.name.clone());
        first.unwrap_or_else(|| panic!("the scene has no bus"))
    }

    /// The last snapshot that was published.
    ///
    /// # Panics
    /// There was none.
    #[must_use]
    pub fn published(&self) -> Arc<Snapshot> {
        let published = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Publish(snapshot) => Some(Arc::clone(snapshot)),
            Effect::Connect { .. }
            | Effect::Play(_)
            | Effect::Wipe
            | Effect::Answer(..)
            | Effect::Send { .. }
            | Effect::Beat
            | Effect::Hand { .. }
            | Effect::Replay { .. }
            | Effect::Record { .. }
            | Effect::Control { .. }
            | Effect::Demo(_)
            | Effect::Journal(_)
            | Effect::KeepProfile(_)
            | Effect::Profile(_)
            | Effect::Amend { .. }
            | Effect::Keep(_) => None,
        });
        published.unwrap_or_else(|| panic!("nothing was published"))
    }
}

/// The transmit half of a bus that the test looks at.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Queues>>);

#[derive(Default)]
struct Queues {
    /// For the world.
    sent: Vec<Frame>,
    /// For the hub, which hears its own frames back.
    own: Vec<Frame>,
    /// For the test.
    heard: Vec<Frame>,
}

impl Wire {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Frame> {
        std::mem::take(&mut self.queues().own)
    }

    fn sent(&self) -> Vec<Frame> {
        std::mem::take(&mut self.queues().sent)
    }

    fn heard(&self) -> Vec<Frame> {
        std::mem::take(&mut self.queues().heard)
    }
}

impl BusTx for Wire {
    fn transmit(&mut self, frame: Cleared) -> Result<(), SendError> {
        let frame = frame.into_frame();
        let mut queues = self.queues();
        queues.sent.push(frame);
        queues.own.push(frame.going(Direction::Sent));
        queues.heard.push(frame);
        Ok(())
    }
}

fn now(mono: Mono) -> Now {
    Now { mono, wall: Wall::from_nanos(mono.nanos()) }
}

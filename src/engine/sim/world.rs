//! A world: the devices of a scene, living on one simulated bus in virtual time. It has no clock
//! and no thread; [`World::advance`] takes it to a moment and gives the frames of that time, the
//! same ones in whatever steps it is called. Frames of others come in through [`World::receive`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use thiserror::Error;

use super::bus_line::{BusLine, Complaint};
use super::charger::{self, Charger};
use super::driver::{self, Driver};
use super::ear::{Ear, Ears, Heard};
use super::fault::{Fate, Faults, Node};
use super::part::Part;
use super::plant::{self, Plant};
use super::scene::{Scene, Wrong};
use super::unit::Unit;
use super::wire::{
    CHARGER_KIND, CONTROLS_KIND, ChargerWire, ControlsWire, Mouth, Said, Slot, Voice, WireError,
};
use crate::base::id::Name;
use crate::base::time::{Mono, TimeSource, Timebase};
use crate::engine::can::frame::{Frame, FrameRef, Frames, Kind};
use crate::engine::can::guard::Allow;
use crate::engine::device::Catalog;

/// How long after its start a bus-off fault has made the controller passive, and off.
const PASSIVE_NS: i64 = 40_000_000;
const OFF_NS: i64 = 80_000_000;
/// A second pair of driver controls speaks half a beat after the first.
const SECOND_CONTROLS_NS: i64 = 50_000_000;
/// Time between two commands to the charger.
const COMMAND_NS: i64 = 1_000_000_000;

/// Why a scene is no world.
#[derive(Debug, Error)]
pub enum WorldError {
    /// A device cannot speak as the scene wants.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A fault on a message that the device does not send.
    #[error("{device} sends no message {message:?}; it sends {known}")]
    NoMessage {
        /// The device.
        device: String,
        /// What the fault names.
        message: String,
        /// What there is.
        known: String,
    },
}

/// Whether somebody sits in the vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parked {
    /// The driver does what the scene's legs say, and its own host commands the charger.
    #[default]
    Driving,
    /// Nobody sends the key, nobody commands the charger, and nothing draws current: what is to be
    /// done is done by whoever else is on the bus.
    Parked,
}

/// Something that is due at its time.
#[derive(Clone, Copy, Debug)]
enum Task {
    Power,
    Watch(usize),
    Module(usize, u16),
    Bmu(usize),
    Driver,
    Command,
    Charger,
    Part(usize),
    SecondControls,
    SecondMaster,
    BusOff { from: Mono, until: Option<Mono>, every: Option<i64>, stage: Complaint },
}

/// A simulated world.
#[derive(Clone, Debug)]
pub struct World {
    now: Mono,
    timebase: Timebase,
    tasks: Vec<Task>,
    due: BinaryHeap<Reverse<(Mono, usize)>>,
    plant: Plant,
    bmus: Vec<Unit>,
    charger: Option<(Charger, ChargerWire)>,
    driver: Option<(Driver, ControlsWire)>,
    parts: Vec<Part>,
    charger_limits: (f64, f64),
    faults: Faults,
    line: BusLine,
    ears: Ears,
    said: Vec<Said>,
    parked: Parked,
}

impl World {
    /// The world of `scene`, at its start, with `seed` for all chance in it.
    ///
    /// # Errors
    /// A device of the scene cannot be had as it is described.
    pub fn new(scene: &Scene, seed: u64) -> Result<Self, WorldError> {
        Self::of(&Catalog::builtin(), scene, seed)
    }

    /// The same with the device folders of a catalog that is there already.
    ///
    /// # Errors
    /// A device of the scene cannot be had as it is described.
    pub fn of(catalog: &Catalog, scene: &Scene, seed: u64) -> Result<Self, WorldError> {
        let timebase = Timebase { source: TimeSource::Simulation, wall_at_zero: Some(scene.start) };
        let mut ears = Ears::default();
        let mut bmus = Vec::new();
        for (number, plan) in scene.bmus.iter().enumerate() {
            let driver = scene.controls.as_ref();
            bmus.push(Unit::new(catalog, (Node(number), plan), driver, seed, &mut ears)?);
        }
        let mut charger = None;
        if let Some(plan) = &scene.charger {
            let voice = Voice::new(catalog, CHARGER_KIND, &plan.name, None)?;
            let wire = ChargerWire::new(&voice)?;
            ears.listen(Ear::Charger, &voice.device, &[wire.command.id]);
            charger = Some((Charger::new(Node(bmus.len()), plan), wire));
        }
        // The BMUs follow the key of whoever sends it, also where the scene has nobody who does.
        let base = scene.controls.as_ref().map(|plan| plan.base);
        let name = scene.controls.as_ref().map_or(&scene.pack, |plan| &plan.name);
        let voice = Voice::new(catalog, CONTROLS_KIND, name, base)?;
        let controls = ControlsWire::new(&voice)?;
        ears.listen(Ear::Controls, &voice.device, &[controls.switches.id]);
        let driver = scene
            .controls
            .as_ref()
            .map(|plan| (Driver::new(plan, &scene.legs, bmus.len(), seed), controls));
        let strand = |on: &Name| scene.bmus.iter().position(|bmu| bmu.name == *on);
        let parts = scene.parts.iter().enumerate();
        let parts = parts.map(|(number, plan)| {
            Part::new(catalog, plan, number, plan.on.as_ref().and_then(strand), seed)
        });
        let parts = parts.collect::<Result<_, _>>()?;
        let mut world = Self {
            now: Mono::ZERO,
            timebase,
            tasks: Vec::new(),
            due: BinaryHeap::new(),
            plant: Plant::new(scene, seed),
            charger_limits: scene.charger.as_ref().map_or((0.0, 0.0), |c| (c.volts, c.amps)),
            bmus,
            charger,
            driver,
            parts,
            faults: Faults::new(seed),
            line: BusLine::default(),
            ears,
            said: Vec::new(),
            parked: scene.parked,
        };
        world.aim_faults(scene)?;
        world.plan_tasks(scene, seed);
        Ok(world)
    }

    /// The number of a device: BMUs first, then the charger, then the driver controls.
    fn node(&self, scene: &Scene, name: &str) -> Option<Node> {
        let bmus = scene.bmus.iter().map(|bmu| bmu.name.as_str());
        let charger = scene.charger.as_ref().map_or("", |c| c.name.as_str());
        let controls = scene.controls.as_ref().map_or("", |c| c.name.as_str());
        let first = self.part_node(0).0;
        let part = scene.parts.iter().position(|part| part.name.as_str() == name);
        let other = bmus.chain([charger, controls]).position(|known| known == name);
        other.or_else(|| part.map(|part| first + part)).map(Node)
    }

    /// Behind the BMUs stand charger, controls, and whoever commands or copies them.
    const fn part_node(&self, part: usize) -> Node {
        Node(self.bmus.len() + 5 + part)
    }

    const fn controls_node(&self) -> Node {
        Node(self.bmus.len() + 1)
    }

    fn aim_faults(&mut self, scene: &Scene) -> Result<(), WorldError> {
        for fault in &scene.faults {
            let node = fault.on.as_ref().and_then(|on| self.node(scene, on.as_str()));
            let message = match (&fault.message, node) {
                (Some(message), Some(node)) => {
                    let slots = self.slots(node);
                    let found = slots.iter().find(|slot| slot.name == *message);
                    let id = found.map(|slot| slot.id).ok_or_else(|| WorldError::NoMessage {
                        device: fault.on.as_ref().map_or_else(String::new, ToString::to_string),
                        message: message.clone(),
                        known: slots.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", "),
                    })?;
                    Some(id)
                }
                (Some(_) | None, _) => None,
            };
            self.faults.add(fault.clone(), node, message);
        }
        Ok(())
    }

    /// The messages of a device.
    fn slots(&self, node: Node) -> Vec<&Slot> {
        if let Some(unit) = self.bmus.get(node.0) {
            unit.slots()
        } else if node == self.controls_node() {
            self.driver.as_ref().map_or_else(Vec::new, |(_, wire)| wire.slots())
        } else if let Some(part) = node.0.checked_sub(self.part_node(0).0) {
            self.parts.get(part).map_or_else(Vec::new, |part| part.slots().collect())
        } else {
            self.charger.as_ref().map_or_else(Vec::new, |(_, wire)| vec![&wire.status])
        }
    }

    fn plan_tasks(&mut self, scene: &Scene, seed: u64) {
        let mut chance = super::chance::Chance::new(seed, 1);
        self.plan(Task::Power, plant::STEP_NS);
        for bmu in 0..self.bmus.len() {
            let modules = self.bmus.get(bmu).map_or(0, Unit::modules);
            for module in 0..modules {
                self.plan(Task::Module(bmu, module), (chance.between(0.02, 0.98) * 1e9) as i64);
            }
            self.plan(Task::Bmu(bmu), (chance.between(0.01, 0.1) * 1e9) as i64);
            self.plan(Task::Watch(bmu), 1);
        }
        if self.driver.is_some() {
            self.plan(Task::Driver, (chance.between(0.01, 0.1) * 1e9) as i64);
        }
        if self.charger.is_some() {
            self.plan(Task::Charger, (chance.between(0.1, 0.9) * 1e9) as i64);
            // A host that commands the charger is there only where a leg says charge.
            if scene.legs.iter().any(|leg| leg.what == super::scene::Doing::Charge) {
                self.plan(Task::Command, (chance.between(0.1, 0.9) * 1e9) as i64);
            }
        }
        for part in 0..self.parts.len() {
            self.plan(Task::Part(part), (chance.between(0.01, 0.1) * 1e9) as i64);
        }
        if self.faults.all(Wrong::SecondControls).next().is_some() {
            self.plan(Task::SecondControls, SECOND_CONTROLS_NS);
        }
        if let Some(first) = self.faults.all(Wrong::SecondMaster).map(|f| f.from).min() {
            self.plan(Task::SecondMaster, first.nanos());
        }
        let offs: Vec<(Mono, Option<Mono>, Option<i64>)> =
            self.faults.all(Wrong::BusOff).map(|f| (f.from, f.until, f.every)).collect();
        for (from, until, every) in offs {
            let task = Task::BusOff { from, until, every, stage: Complaint::Warning };
            self.plan(task, from.nanos());
        }
    }

    fn plan(&mut self, task: Task, first_ns: i64) {
        self.due.push(Reverse((Mono::from_nanos(first_ns), self.tasks.len())));
        self.tasks.push(task);
    }

    /// How much faster than its clock the cells of a world may live.
    pub const PACES: (f64, f64) = (1.0, 60.0);

    /// Parks the vehicle, or lets somebody drive it.
    pub fn park(&mut self, parked: Parked) {
        if parked != self.parked {
            self.parked = parked;
            if let Some((driver, _)) = &mut self.driver {
                driver.leave(&mut self.plant);
            }
        }
    }

    /// Hurries the cells and what is counted of them, within [`Self::PACES`]; frames and contactors
    /// stay in real time. What is no number changes nothing.
    pub fn pace(&mut self, pace: f64) {
        let (least, most) = Self::PACES;
        if pace.is_finite() {
            self.plant.hurry(pace.clamp(least, most));
        }
    }

    /// How far it has come.
    #[must_use]
    pub const fn now(&self) -> Mono {
        self.now
    }

    /// Its power side.
    pub(super) const fn plant(&self) -> &Plant {
        &self.plant
    }

    /// When the next thing happens or the next frame comes out.
    #[must_use]
    pub fn next_due(&self) -> Mono {
        let task = self.due.peek().map(|Reverse((at, _))| *at);
        let soonest = [task, self.line.next_late(), self.line.next_ready()];
        soonest.into_iter().flatten().min().unwrap_or(Mono::from_nanos(i64::MAX))
    }

    /// Lives on to `to` and appends the frames of that time to `out`, in order, stamped with the
    /// time since the world's start. A `to` in the past does nothing.
    pub fn advance(&mut self, to: Mono, out: &mut Frames) {
        out.set_timebase(self.timebase);
        loop {
            let task = self.due.peek().map(|Reverse((at, _))| *at).filter(|at| *at <= to);
            let late = self.line.next_late().filter(|at| *at <= to);
            match (task, late) {
                (None, None) => break,
                (task, Some(at)) if task.is_none_or(|task| at <= task) => {
                    self.now = at;
                    if let Some(frame) = self.line.take_late() {
                        self.send(frame);
                    }
                }
                (_, _) => self.run_next(),
            }
            // Frames leave as they are through, so that a long step needs no second copy of them.
            self.line.hand_out(self.now, out);
        }
        self.now = self.now.max(to);
        self.line.hand_out(self.now, out);
    }

    fn run_next(&mut self) {
        let Some(Reverse((at, number))) = self.due.pop() else { return };
        self.now = at;
        let Some(task) = self.tasks.get(number).copied() else { return };
        if let Some(next) = self.run(task, number) {
            self.due.push(Reverse((next, number)));
        }
    }

    /// Does what is due and says when it is due again.
    fn run(&mut self, task: Task, number: usize) -> Option<Mono> {
        let now = self.now;
        let after = |ns: i64| Some(Mono::from_nanos(now.nanos().saturating_add(ns)));
        let said = std::mem::take(&mut self.said);
        let mut buffer = said;
        let mut mouth = Mouth::new(&mut buffer);
        let (node, next) = match task {
            Task::Power => {
                if let Some((charger, _)) = &mut self.charger {
                    charger.drive(now, &self.faults, &mut self.plant.charger);
                }
                self.plant.step();
                (Node(0), after(plant::STEP_NS))
            }
            Task::Watch(bmu) => (Node(bmu), self.watch(bmu, &mut mouth)),
            Task::Module(bmu, module) => {
                let span = match (self.bmus.get_mut(bmu), self.plant.strands.get_mut(bmu)) {
                    (Some(unit), Some(strand)) => {
                        unit.measure(now, module, strand, &mut self.faults, &mut mouth)
                    }
                    (_, _) => return None,
                };
                (Node(bmu), after(span))
            }
            Task::Bmu(number) => {
                let unit = self.bmus.get_mut(number)?;
                let span = unit.tick(now, &mut self.plant, &self.faults, &mut mouth);
                (Node(number), after(span))
            }
            Task::Driver if self.parked == Parked::Parked => {
                (self.controls_node(), after(driver::TICK_NS))
            }
            Task::Driver => {
                let (driver, wire) = self.driver.as_mut()?;
                let span = driver.tick(now, &mut self.plant, &mut mouth, wire);
                (self.controls_node(), after(span))
            }
            Task::Command => {
                let (driver, _) = self.driver.as_mut()?;
                let (_, wire) = self.charger.as_ref()?;
                let (volts, amps) = self.charger_limits;
                if self.parked == Parked::Driving {
                    driver.command(volts, amps, &mut mouth, wire);
                }
                (Node(self.bmus.len() + 2), after(COMMAND_NS))
            }
            Task::Charger => {
                let (charger, wire) = self.charger.as_ref()?;
                charger.say(now, &self.faults, &self.plant.charger, &mut mouth, wire);
                (Node(self.bmus.len()), after(charger::STATUS_NS))
            }
            Task::Part(number) => {
                let span = self.parts.get_mut(number)?.tick(now, &self.plant, &mut mouth);
                self.plant.give(self.parts.iter().map(Part::given_amps).sum());
                (self.part_node(number), after(span))
            }
            Task::SecondControls => {
                if let Some((_, wire)) = &self.driver
                    && self.faults.has_bus(Wrong::SecondControls, now)
                {
                    mouth.say(&wire.switches, &[0.0, 0.0, 0.0]);
                }
                (Node(self.bmus.len() + 3), after(driver::TICK_NS))
            }
            Task::SecondMaster => {
                let (_, wire) = self.charger.as_ref()?;
                if self.faults.has_bus(Wrong::SecondMaster, now) {
                    let (volts, amps) = self.charger_limits;
                    mouth.say(&wire.command, &[volts, amps / 2.0, 0.0]);
                }
                (Node(self.bmus.len() + 4), after(COMMAND_NS))
            }
            Task::BusOff { from, until, every, stage } => {
                self.line.complain(now, stage);
                let (task, at) = next_stage(from, until, every, stage);
                if let Some(slot) = self.tasks.get_mut(number) {
                    *slot = task;
                }
                (Node(0), at)
            }
        };
        for Said { module, frame } in buffer.drain(..) {
            match self.faults.judge(node, module, frame, now) {
                Fate::Sent(frame) => self.send(frame),
                Fate::Twice(frame) => {
                    self.send(frame);
                    self.send(frame);
                }
                Fate::Later(frame, at) => self.line.put_later(at, frame),
                Fate::Gone => {}
            }
        }
        self.said = buffer;
        next
    }

    fn watch(&mut self, number: usize, mouth: &mut Mouth<'_>) -> Option<Mono> {
        let now = self.now;
        let unit = self.bmus.get_mut(number)?;
        match unit.vehicle_deadline() {
            Some(at) if at > now => return Some(at),
            Some(_) => {
                unit.lose_vehicle(now, &self.faults, mouth);
                if let Some(strand) = self.plant.strands.get_mut(number) {
                    strand.connected &= unit.holds(now, &self.faults);
                }
            }
            None => {}
        }
        Some(Mono::from_nanos(now.nanos() + super::bmu::VEHICLE_PATIENCE_NS))
    }

    /// Puts a frame on the wire; the devices of this world hear it.
    fn send(&mut self, frame: Frame) {
        if self.line.put(self.now, frame) {
            self.hear(frame.view());
        }
    }

    /// Takes a frame that somebody else sent on the bus, at the world's time.
    pub fn receive(&mut self, frame: FrameRef<'_>) {
        if !self.line.is_off() {
            self.hear(frame);
        }
    }

    fn hear(&mut self, frame: FrameRef<'_>) {
        if frame.kind() != Kind::Data || !self.ears.listens(frame.id()) {
            return;
        }
        let now = self.now;
        match self.ears.understand(frame) {
            Some((_, Heard::Switches(word))) => {
                self.bmus.iter_mut().for_each(|unit| unit.hear_switches(now, word));
            }
            Some((_, Heard::Command(command))) => {
                if let Some((charger, _)) = &mut self.charger {
                    charger.hear(now, command, &self.faults);
                }
            }
            Some((Ear::Second(number), Heard::Commanded(command))) => {
                if let Some(unit) = self.bmus.get_mut(number) {
                    unit.hear_command(now, command);
                }
            }
            Some((Ear::Bmu(number), heard)) => {
                let board = self.driver.as_mut().and_then(|(driver, _)| driver.board(number));
                if let Some(board) = board {
                    heard.show(board);
                }
            }
            Some((
                Ear::Controls | Ear::Charger | Ear::Second(_),
                Heard::State(_) | Heard::Room(_) | Heard::Soc(_) | Heard::Commanded(_),
            ))
            | None => {}
        }
    }

    /// What a guard must let through for this world to speak.
    #[must_use]
    pub fn allow(&self) -> Vec<Allow> {
        let bmus = self.bmus.iter().flat_map(Unit::slots);
        let charger = self.charger.iter().flat_map(|(_, wire)| [&wire.status, &wire.command]);
        let controls = self.driver.iter().flat_map(|(_, wire)| wire.slots());
        let complaints =
            Complaint::ids().map(|id| Allow::any(id, Kind::Error, 8, std::time::Duration::ZERO));
        let parts = self.parts.iter().flat_map(Part::slots);
        let data = bmus.chain(charger).chain(controls).chain(parts).map(Slot::allow);
        data.chain(complaints).collect()
    }
}

/// What a bus-off fault does next, and when.
fn next_stage(
    from: Mono,
    until: Option<Mono>,
    every: Option<i64>,
    stage: Complaint,
) -> (Task, Option<Mono>) {
    let plus = |ns: i64| Mono::from_nanos(from.nanos().saturating_add(ns));
    let at = |stage| Task::BusOff { from, until, every, stage };
    match stage {
        Complaint::Warning => (at(Complaint::Passive), Some(plus(PASSIVE_NS))),
        Complaint::Passive => (at(Complaint::Off), Some(plus(OFF_NS))),
        Complaint::Off => {
            let back = until.map(|until| until.max(plus(OFF_NS)));
            (at(Complaint::Restarted), back)
        }
        Complaint::Restarted => {
            let again = every.map(|every| plus(every.max(2 * OFF_NS)));
            let shift = |moment: Mono| Mono::from_nanos(moment.nanos() + every.unwrap_or(0));
            let task = Task::BusOff {
                from: again.unwrap_or(from),
                until: until.map(shift),
                every,
                stage: Complaint::Warning,
            };
            (task, again)
        }
    }
}

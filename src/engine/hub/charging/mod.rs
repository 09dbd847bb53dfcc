//! Charging in the hub: a bay for every pack, stepped ten times a second while anything runs there and
//! at once when somebody asks for a stop; the orders about it, carried out or refused with a sentence.
//! Decides nothing about currents: that is the station's.

mod bay;
mod record;
#[cfg(test)]
mod tests;
mod words;

pub(super) use bay::Giver;
pub(super) use words::lapse_line;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::id::{BusId, ComponentId, Name};
use crate::base::time::Mono;
use crate::engine::access::account::SessionId;
use crate::engine::access::actor::Who;
use crate::engine::access::grant::Face;
use crate::engine::access::roster::Roster;
use crate::engine::charge::{
    ChargePicture, ChargerIntent, Latches, Lease, Rules, State, Station, StopReason,
};
use crate::engine::device::Catalog;
use crate::engine::hub::Now;
use crate::engine::hub::amending::Amendment;
use crate::engine::hub::charging::bay::{Bay, Floor, Starter};
use crate::engine::hub::charging::record::Numbers;
use crate::engine::hub::event::{Effect, Epoch, Fate};
use crate::engine::hub::plant::Plant;
use crate::engine::orders::charging::{
    ChangeCharge, Charging as Order, ClearLatches, EngageContactors, SetDemo, StartCharge,
    StopCharge,
};
use crate::engine::orders::{Answer, OrderError};

/// How much the cells of a demo may be hurried.
const PACES: std::ops::RangeInclusive<f64> = 1.0..=60.0;

/// Charging of the running plant.
pub(in crate::engine) struct Charging {
    bays: Vec<Bay>,
    /// When the next step is due, while anything runs.
    due: Mono,
    /// What is latched at every pack that was ever heard of, whatever profile runs.
    latches: BTreeMap<String, Latches>,
    roster: Option<Arc<Roster>>,
    demo: SetDemo,
    closing: bool,
    numbers: Numbers,
}

/// The demo as its scene has it.
const DRIVING: SetDemo = SetDemo { parked: false, pace: 1.0 };

impl Charging {
    /// Without a plant, with what is still latched from before.
    pub(super) fn new(latches: BTreeMap<String, Latches>) -> Self {
        let bays = Vec::new();
        let numbers = Numbers::default();
        Self {
            bays,
            due: Mono::ZERO,
            latches,
            roster: None,
            demo: DRIVING,
            closing: false,
            numbers,
        }
    }

    /// Numbers of charges go on after this one.
    pub(super) fn number_after(&self, newest: u64) {
        self.numbers.after(newest);
    }

    /// Takes up the packs of another plant. Nothing that ran goes on.
    pub(super) fn build(&mut self, plant: &Plant, catalog: &Catalog) {
        self.remember();
        self.demo = DRIVING;
        let packs = plant.packs.iter().cloned();
        self.bays = packs
            .map(|(pack, bmus)| {
                let latches = self.latches.get(pack.as_str()).copied().unwrap_or_default();
                Bay::new(pack, bmus, plant, catalog, latches)
            })
            .collect();
    }

    /// What of this would be disturbed by an amendment of the plant, in a sentence.
    pub(super) fn in_the_way(
        &self,
        old: &Plant,
        amendment: &Amendment,
        rules: Rules,
    ) -> Option<String> {
        for bay in self.bays.iter().filter(|bay| bay.is_in_hand()) {
            let pack = &bay.pack;
            if amendment.opens_or_closes(old) {
                return Some(format!(
                    "{pack} is being charged, and buses are opened and closed only while nothing is: stop that first"
                ));
            }
            if rules != old.rules {
                return Some(format!(
                    "{pack} is being charged by the present rules: stop that first"
                ));
            }
            let members = amendment.plant.packs.iter().find(|(name, _)| name == pack);
            let is_whole = members.is_some_and(|(_, members)| members.len() == bay.bmus.len());
            let mut parts = bay.bmus.iter().chain(&bay.charger);
            let other = parts.find(|id| !amendment.is_same(old, **id));
            if let Some(name) = other.and_then(|id| old.name_of(*id)) {
                return Some(format!("{pack} is being charged with {name}: stop that first"));
            }
            let mut buses = bay.buses(old).into_iter().chain(old.buses_of(&bay.bmus));
            let bus = buses.find(|bus| amendment.fate(*bus) != Some(Fate::Kept));
            if let Some(bus) = bus.and_then(|bus| old.bus(bus)) {
                let name = bus.name();
                return Some(format!(
                    "{pack} is being charged, and what may be sent on {name} would change: stop that first"
                ));
            }
            if !is_whole {
                return Some(format!("{pack} is being charged: stop that first"));
            }
        }
        None
    }

    /// Takes up the packs of the amended plant. What runs goes on; so do the set points and the last
    /// charge of a pack that is still made of the same batteries.
    pub(super) fn amend(
        &mut self,
        plant: &Plant,
        catalog: &Catalog,
        moved: &[Option<ComponentId>],
    ) {
        self.remember();
        let to = |id: ComponentId| moved.get(usize::from(id.0)).copied().flatten();
        let mut old = std::mem::take(&mut self.bays);
        for (pack, bmus) in plant.packs.iter().cloned() {
            let same = |bay: &Bay| {
                let members: Option<Vec<ComponentId>> = bay.bmus.iter().map(|id| to(*id)).collect();
                bay.pack == pack && members.as_ref() == Some(&bmus)
            };
            let kept = old.iter().position(same).map(|at| old.remove(at));
            let bay = kept.and_then(|bay| {
                let charger = bay.charger.and_then(to);
                bay.amend((bmus.clone(), charger), plant, catalog)
            });
            let latches = self.latches.get(pack.as_str()).copied().unwrap_or_default();
            self.bays.push(bay.unwrap_or_else(|| Bay::new(pack, bmus, plant, catalog, latches)));
        }
        if let Some(roster) = &self.roster {
            self.bays.iter_mut().for_each(|bay| bay.judge(roster));
        }
    }

    fn remember(&mut self) {
        for bay in &self.bays {
            self.latches.insert(bay.pack.to_string(), bay.station.wish().latches);
        }
    }

    /// When the next step is due; none while nothing runs.
    pub(super) fn due(&self) -> Option<Mono> {
        self.is_active().then_some(self.due)
    }

    pub(super) fn is_active(&self) -> bool {
        self.bays.iter().any(Bay::is_active)
    }

    /// Whether nothing has to be stopped before the program ends.
    pub(super) fn may_end(&self) -> bool {
        let seen_off = |bay: &Bay| {
            let state = bay.station.state();
            matches!(state, State::Fault { outcome, .. } if outcome.current_gone && outcome.opened)
        };
        self.bays.iter().all(|bay| !bay.is_active() || seen_off(bay))
    }

    /// A pack that is charged, or that ended in a fault which nobody has cleared or whose current was not seen
    /// to be gone: nobody sends in its devices' place.
    pub(super) fn guarded(&self) -> Option<&Name> {
        let is_over = |bay: &Bay| match bay.station.state() {
            State::Fault { outcome, .. } => {
                outcome.current_gone && bay.station.wish().latches.is_clear()
            }
            State::Idle { .. }
            | State::Checking(_)
            | State::Preconditioning(_)
            | State::Contactors(..)
            | State::Engaged(_)
            | State::ConstantCurrent(..)
            | State::Paused(..)
            | State::Taper(..)
            | State::BalanceHold(..)
            | State::Finishing(_)
            | State::Done { .. } => false,
        };
        self.bays.iter().find(|bay| bay.is_active() && !is_over(bay)).map(|bay| &bay.pack)
    }

    /// A pack at which something runs.
    pub(super) fn busy(&self) -> Option<&Name> {
        let busy = self.bays.iter().find(|bay| bay.station.state().is_running());
        busy.map(|bay| &bay.pack)
    }

    /// A pack that ended in a fault and whose charger is still told to stop.
    pub(super) fn still_stops(&self) -> Option<&Name> {
        self.bays.iter().find(|bay| bay.station.still_stops()).map(|bay| &bay.pack)
    }

    /// Takes other rules at every pack. Only while nothing runs anywhere.
    ///
    /// # Errors
    /// Something runs, or they do not hold together.
    pub(super) fn set_rules(&mut self, rules: Rules) -> Result<(), OrderError> {
        self.bays.iter_mut().try_for_each(|bay| bay.set_rules(rules))
    }

    /// Something is wrong around a bus that does not end what runs there: it is written down.
    pub(super) fn warn(
        &mut self,
        (now, epoch): (Now, Epoch),
        bus: BusId,
        text: &str,
        plant: &Plant,
        effects: &mut Vec<Effect>,
    ) {
        let floor = Floor { plant, epoch, now, numbers: &self.numbers };
        let here = self.bays.iter_mut().filter(|bay| bay.station.state().is_running());
        for bay in here.filter(|bay| bay.buses(plant).contains(&bus)) {
            bay.warn(&floor, text, effects);
        }
    }

    /// Steps what runs, if it is time.
    pub(super) fn step_if_due(
        &mut self,
        plant: &mut Plant,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) {
        if !self.is_active() || now.mono < self.due {
            return;
        }
        self.due = now.mono.after(Station::CYCLE);
        // First, so that what is sent in this step finds the guards awake.
        effects.push(Effect::Beat);
        self.lend();
        let floor = Floor { plant, epoch, now, numbers: &self.numbers };
        for bay in self.bays.iter_mut().filter(|bay| bay.is_active()) {
            bay.step(&floor, effects);
        }
        self.arm(plant);
    }

    /// A charger belongs to the pack that it charges: one that has ended in a fault with the same charger
    /// does not tell it to stop beside that.
    fn lend(&mut self) {
        // Contactors that are held without a charge, and a start that is only being checked, tell it nothing.
        let tells = |bay: &&Bay| bay.station.intents().charger != ChargerIntent::Silent;
        let running = self.bays.iter().filter(|bay| bay.station.state().is_running());
        let used: Vec<ComponentId> = running.filter(tells).filter_map(|bay| bay.charger).collect();
        for bay in &mut self.bays {
            let is_used = bay.charger.is_some_and(|charger| used.contains(&charger));
            bay.lent = is_used && !bay.station.state().is_running();
        }
    }

    /// Steps one pack at once.
    fn step_now(
        &mut self,
        place: usize,
        plant: &mut Plant,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) {
        if !self.is_active() {
            return;
        }
        effects.push(Effect::Beat);
        self.lend();
        if let Some(bay) = self.bays.get_mut(place) {
            bay.step(&Floor { plant, epoch, now, numbers: &self.numbers }, effects);
        }
        if now.mono >= self.due {
            self.due = now.mono.after(Station::CYCLE);
        }
        self.arm(plant);
    }

    /// Tells the buses whether anything is sent to them.
    fn arm(&self, plant: &mut Plant) {
        plant.buses.iter_mut().for_each(|bus| bus.disarm());
        for bay in self.bays.iter().filter(|bay| bay.is_active()) {
            for bus in bay.buses(plant) {
                if let Some(bus) = plant.bus_mut(bus) {
                    bus.arm();
                }
            }
        }
    }

    /// Somebody whose charge hangs on their presence is there.
    pub(super) fn present(&mut self, now: Mono, who: &Who, session: Option<SessionId>) {
        self.bays.iter_mut().for_each(|bay| bay.take_presence(now, who, session));
    }

    /// People or their rights have changed.
    pub(super) fn take_roster(&mut self, roster: Arc<Roster>) {
        self.bays.iter_mut().for_each(|bay| bay.judge(&roster));
        self.roster = Some(roster);
    }

    /// The program ends: everything is stopped, and nothing can be started any more.
    pub(super) fn close(&mut self, now: Mono) {
        self.closing = true;
        self.due = now;
        for bay in self.bays.iter_mut().filter(|bay| bay.station.state().is_running()) {
            bay.station.end(StopReason::Shutdown);
        }
    }

    /// What is shown of every pack.
    pub(super) fn pictures(&self, plant: &Plant, now: Mono) -> Vec<Arc<ChargePicture>> {
        self.bays.iter().map(|bay| Arc::new(bay.picture(plant, now, self.demo))).collect()
    }

    /// Carries out an order.
    pub(super) fn order(
        &mut self,
        (order, by): (Order, Giver),
        plant: &mut Plant,
        at: (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        match order {
            Order::Start(order) => self.start(&order, by, plant, at, effects),
            Order::Stop(order) => self.stop(&order, by.face, plant, at, effects),
            Order::Change(order) => self.change(&order, plant, at, effects),
            Order::Engage(order) => self.engage(&order, by, plant, at, effects),
            Order::Clear(order) => self.clear(&order, (by.face, by.asked), plant, at, effects),
            Order::Demo(order) => self.set_demo(order, plant, effects),
        }
    }

    fn find(&self, pack: &Name) -> Result<usize, OrderError> {
        let place = self.bays.iter().position(|bay| bay.pack == *pack);
        place.ok_or_else(|| OrderError::NotFound { what: "pack", which: pack.to_string() })
    }

    fn start(
        &mut self,
        order: &StartCharge,
        by: Giver,
        plant: &mut Plant,
        at: (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let place = self.find(&order.pack)?;
        let charger = choose_charger(plant, order.charger.as_ref())?;
        self.free(place, Some(charger), plant)?;
        let Some(bay) = self.bays.get_mut(place) else { return Ok(()) };
        order.set.check(&bay.station.wish().rules)?;
        if bay.station.still_stops() && bay.charger != Some(charger) {
            // It would no longer be told by anybody.
            let text = "its last charger is still being told to stop: wait until it is off";
            return Err(OrderError::Unfit(text.to_owned()));
        }
        bay.ready(charger, &order.set, plant, at.0.mono)?;
        bay.station.start(order.set, given(order.lease))?;
        bay.charger = Some(charger);
        bay.set = order.set;
        self.begin(place, by, at.0.mono);
        self.step_now(place, plant, at, effects);
        Ok(())
    }

    fn engage(
        &mut self,
        order: &EngageContactors,
        by: Giver,
        plant: &mut Plant,
        at: (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let place = self.find(&order.pack)?;
        self.free(place, None, plant)?;
        let Some(bay) = self.bays.get_mut(place) else { return Ok(()) };
        bay.station.engage()?;
        self.begin(place, by, at.0.mono);
        self.step_now(place, plant, at, effects);
        Ok(())
    }

    fn begin(&mut self, place: usize, by: Giver, now: Mono) {
        let Giver { words, who, face, session, asked: _ } = by;
        if let Some(bay) = self.bays.get_mut(place) {
            bay.begin(now, Starter { words, who, face, session });
            if let Some(roster) = &self.roster {
                bay.judge(roster);
            }
        }
    }

    /// Whether something can be started at a pack, as far as it does not depend on readings.
    fn free(&self, place: usize, charger: Option<ComponentId>, plant: &Plant) -> Answer {
        if self.closing {
            return Err(OrderError::Stopping);
        }
        let Some(bay) = self.bays.get(place) else { return Ok(()) };
        let pack = &bay.pack;
        // A charge takes over contactors that are held without one.
        let held = matches!(bay.station.state(), State::Engaged(_)) && charger.is_some();
        if bay.station.state().is_running() && !held {
            let text = format!(
                "{pack} is already being charged or its contactors are held: stop that first"
            );
            return Err(OrderError::Unfit(text));
        }
        let latches = bay.station.wish().latches;
        if !latches.is_clear() {
            return Err(OrderError::Unfit(still_latched(pack, latches)));
        }
        let others = self.bays.iter().enumerate().filter(|(other, _)| *other != place);
        if let Some((_, other)) = others.clone().find(|(_, other)| bay.shares_switches(other)) {
            let text = format!(
                "{} on the same bus obeys the same switches, so that its contactors would close and open with those of {pack}: put both into one pack, or each on a bus of its own",
                other.pack
            );
            return Err(OrderError::Unfit(text));
        }
        for (_, other) in others.filter(|(_, other)| other.station.state().is_running()) {
            if charger.is_some() && other.charger == charger {
                let text =
                    format!("{} is being charged by this charger: stop that first", other.pack);
                return Err(OrderError::Unfit(text));
            }
        }
        let buses = plant.buses_of(&bay.bmus).into_iter();
        let buses = buses.chain(charger.and_then(|id| plant.component(id)).map(|one| one.bus));
        for bus in buses.filter_map(|bus| plant.bus(bus)) {
            if let Some(why) = bus.why_mute() {
                return Err(OrderError::Unfit(format!("nothing can be sent: {why}")));
            }
        }
        Ok(())
    }

    /// Always possible. It sets the latch of its face where nothing runs, too: a start that is on its
    /// way must not come through after it.
    fn stop(
        &mut self,
        order: &StopCharge,
        face: Face,
        plant: &mut Plant,
        at: (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let places: Vec<usize> = match &order.pack {
            Some(pack) => vec![self.find(pack)?],
            None => (0..self.bays.len()).collect(),
        };
        for place in places {
            if let Some(bay) = self.bays.get_mut(place) {
                bay.station.stop(face);
                bay.stopped = Some(at.0.mono);
            }
            self.step_now(place, plant, at, effects);
        }
        Ok(())
    }

    fn change(
        &mut self,
        order: &ChangeCharge,
        plant: &mut Plant,
        at: (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let place = self.find(&order.pack)?;
        let Some(bay) = self.bays.get_mut(place) else { return Ok(()) };
        order.set.check(&bay.station.wish().rules)?;
        if bay.station.state().is_running() {
            bay.station.change(order.set)?;
            bay.changed(at.0.mono, order.set);
        }
        bay.set = order.set;
        self.step_now(place, plant, at, effects);
        Ok(())
    }

    fn clear(
        &mut self,
        order: &ClearLatches,
        (face, asked): (Face, Mono),
        plant: &mut Plant,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let place = self.find(&order.pack)?;
        let Some(bay) = self.bays.get_mut(place) else { return Ok(()) };
        if bay.stopped.is_some_and(|stopped| asked < stopped) {
            let text = "it was stopped after that was asked: look at it, then clear it again";
            return Err(OrderError::Unfit(text.to_owned()));
        }
        let left = bay.station.clear(face);
        bay.step(&Floor { plant, epoch, now, numbers: &self.numbers }, effects);
        if left.is_clear() {
            Ok(())
        } else {
            Err(OrderError::Unfit(still_latched(&order.pack, left)))
        }
    }

    fn set_demo(&mut self, order: SetDemo, plant: &Plant, effects: &mut Vec<Effect>) -> Answer {
        if !plant.buses.iter().any(crate::engine::hub::bus::Bus::is_demo) {
            let text = "this is no demo: nothing here is simulated by Busbar";
            return Err(OrderError::Unfit(text.to_owned()));
        }
        // Written so that NaN is refused too.
        if !PACES.contains(&order.pace) {
            let (least, most) = (PACES.start(), PACES.end());
            let text =
                format!("the cells can live {least} to {most} times as fast, not {}", order.pace);
            return Err(OrderError::Unfit(text));
        }
        if let (false, Some(pack)) = (order.parked, self.busy()) {
            let text = format!("{pack} is being charged: stop that before the vehicle drives");
            return Err(OrderError::Unfit(text));
        }
        self.demo = order;
        for bay in &mut self.bays {
            let demo = plant
                .buses_of(&bay.bmus)
                .into_iter()
                .filter_map(|bus| plant.bus(bus))
                .all(crate::engine::hub::bus::Bus::is_demo);
            bay.pace = if demo { order.pace } else { 1.0 };
        }
        effects.push(Effect::Demo(order));
        Ok(())
    }
}

/// A lease begins with whoever gives it there.
const fn given(lease: Lease) -> Lease {
    match lease {
        Lease::GoesOn => Lease::GoesOn,
        Lease::WhilePresent { .. } => Lease::WhilePresent { present: true },
    }
}

fn choose_charger(plant: &Plant, wanted: Option<&Name>) -> Result<ComponentId, OrderError> {
    let chargers = plant.chargers();
    let name = |id: &ComponentId| plant.name_of(*id);
    match (wanted, chargers.as_slice()) {
        (Some(wanted), all) => all
            .iter()
            .copied()
            .find(|id| name(id) == Some(wanted))
            .ok_or_else(|| OrderError::NotFound { what: "charger", which: wanted.to_string() }),
        (None, []) => {
            let text = "this profile has no charger: add one to it, then start again";
            Err(OrderError::Unfit(text.to_owned()))
        }
        (None, [only]) => Ok(*only),
        (None, several) => {
            let names: Vec<&str> = several.iter().filter_map(name).map(Name::as_str).collect();
            Err(OrderError::Unfit(format!("say which charger: there is {}", names.join(", "))))
        }
    }
}

fn still_latched(pack: &Name, latches: Latches) -> String {
    let mut what = Vec::new();
    if latches.fault {
        what.push("a fault has stopped a charge");
    }
    if latches.local_stop {
        what.push("somebody at the machine has stopped it, which is released only there");
    }
    if latches.remote_stop {
        what.push("somebody elsewhere has stopped it");
    }
    format!("{pack} is latched: {}. Look at it, then clear that first", what.join("; "))
}

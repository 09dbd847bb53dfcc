//! Amending the running plant: from the one that runs to one of an edited profile, with everything that
//! is the same going on: buses with their threads and counters, components with what they said and how
//! old that is, the tape, and what charges, records, replays or is armed there. What would change under
//! one of these is named, and the edit refused.
//!
//! A bus keeps its place while those before it are there: one that moves up because another has gone is
//! opened anew. Buses are opened and closed only while nothing charges, because the hub waits for that.

use std::sync::Arc;

use crate::base::id::{BusId, ComponentId, Name};
use crate::engine::device::Catalog;
use crate::engine::hub::event::{BusPlan, Effect, Epoch, Fate};
use crate::engine::hub::plant::{Plant, PlantError};
use crate::engine::hub::{Hub, Now};
use crate::engine::orders::plant::ActivateProfile;
use crate::engine::orders::{Answer, OrderError};
use crate::engine::profile::model::{ComponentEntry, Limits, OwnRating};

/// A plant that is to take the place of the running one, and what goes over to it.
pub(super) struct Amendment {
    pub(super) plant: Plant,
    /// What becomes of each bus of the new plant.
    pub(super) fates: Vec<Fate>,
    /// Where each component of the old plant is in the new one.
    pub(super) moved: Vec<Option<ComponentId>>,
}

impl Amendment {
    /// What it takes to make the plant of `order` out of `old`.
    pub(super) fn new(
        old: &Plant,
        order: ActivateProfile,
        catalog: &Catalog,
    ) -> Result<Self, PlantError> {
        let plant = Plant::build(order, catalog)?;
        let fates: Vec<Fate> = (0..plant.buses.len()).map(|at| fate(old, &plant, at)).collect();
        let moved = moved(old, &plant, &fates);
        Ok(Self { plant, fates, moved })
    }

    /// What becomes of a bus of the old plant; none: it is closed.
    pub(super) fn fate(&self, bus: BusId) -> Option<Fate> {
        let fate = self.fates.get(usize::from(bus.0)).copied()?;
        (fate != Fate::Opened).then_some(fate)
    }

    /// Whether a component of the old plant is in the new one, the same in everything.
    pub(super) fn is_same(&self, old: &Plant, id: ComponentId) -> bool {
        let new = self.moved.get(usize::from(id.0)).copied().flatten();
        let new = new.and_then(|new| self.plant.component(new));
        old.component(id).zip(new).is_some_and(|(old, new)| old.entry == new.entry)
    }

    /// Whether any bus is opened or closed.
    pub(super) fn opens_or_closes(&self, old: &Plant) -> bool {
        self.fates.contains(&Fate::Opened) || self.fates.len() < old.buses.len()
    }

    /// Lets everything that stays go over.
    fn carry_over(&mut self, old: Plant) {
        let kept = old.buses.into_iter().zip(&mut self.plant.buses).zip(&self.fates);
        for ((old, new), fate) in kept {
            if *fate != Fate::Opened {
                new.go_on(old);
            }
        }
        for (old, to) in old.components.into_iter().zip(&self.moved) {
            let Some(new) = to.and_then(|id| self.plant.components.get_mut(usize::from(id.0)))
            else {
                continue;
            };
            new.device = old.device;
            new.model = old.model;
        }
    }
}

/// A bus stays where it is the same one in the same place.
fn fate(old: &Plant, new: &Plant, at: usize) -> Fate {
    let same = old.buses.get(at).zip(new.buses.get(at)).is_some_and(|(old, new)| old.is_same(new));
    let (Some(was), Some(is), true) = (old.plans.get(at), new.plans.get(at), same) else {
        return Fate::Opened;
    };
    let target = |plan: &BusPlan| {
        plan.supply.as_ref().map(|(target, device)| (target.clone(), device.settings().clone()))
    };
    if target(was) != target(is) {
        return Fate::Opened;
    }
    match (was.sending == is.sending && was.hand == is.hand, &was.hand, &is.hand) {
        (true, _, _) => Fate::Kept,
        (false, Some(_), Some(_)) => Fate::Replanned,
        (false, _, _) => Fate::Opened,
    }
}

/// Where the components of the old plant are in the new one: by name, or called otherwise. Only such
/// as are on a bus that is still there, and would understand the same.
fn moved(old: &Plant, new: &Plant, fates: &[Fate]) -> Vec<Option<ComponentId>> {
    let entries = |plant: &Plant| -> Vec<ComponentEntry> {
        plant.components.iter().map(|one| one.entry.clone()).collect()
    };
    let (was, is) = (entries(old), entries(new));
    let mut taken = vec![false; is.len()];
    let by_name: Vec<Option<usize>> = was
        .iter()
        .map(|one| is.iter().position(|other| other.name == one.name))
        .inspect(|at| {
            if let Some(taken) = at.and_then(|at| taken.get_mut(at)) {
                *taken = true;
            }
        })
        .collect();
    let fits = |one: &ComponentEntry, at: usize| {
        let same = is.get(at).is_some_and(|other| heard(one) == heard(other));
        // The bus may have moved up: what was heard on it was still heard on it.
        let bus = new.components.get(at).map(|component| usize::from(component.bus.0));
        let bus = bus.and_then(|bus| Some((new.buses.get(bus)?, fates.get(bus)?)));
        same && bus.is_some_and(|(bus, fate)| {
            *fate != Fate::Opened || old.buses.iter().any(|was| was.is_same(bus))
        })
    };
    let mut moved = Vec::with_capacity(was.len());
    for (one, place) in was.iter().zip(by_name) {
        let at = place
            .or_else(|| (0..is.len()).find(|at| taken.get(*at) == Some(&false) && fits(one, *at)));
        let at = at.filter(|at| fits(one, *at));
        if let Some(taken) = at.and_then(|at| taken.get_mut(at)) {
            *taken = true;
        }
        moved.push(at.map(|at| ComponentId(at as u16)));
    }
    moved
}

/// What of a component decides what it makes of its frames.
fn heard(entry: &ComponentEntry) -> ComponentEntry {
    ComponentEntry {
        name: entry.bus.clone(),
        pack: None,
        limits: Limits::default(),
        rating: OwnRating::default(),
        ..entry.clone()
    }
}

impl Hub {
    /// Why the running plant cannot be amended so, in a sentence that names what stands in the way.
    pub(super) fn in_the_way(&self, amendment: &Amendment) -> Option<String> {
        let (old, rules) = (&self.plant, amendment.plant.rules);
        if let Some(why) = self.charging.in_the_way(old, amendment, rules) {
            return Some(why);
        }
        for (id, bus) in old.bus_ids().zip(&old.buses) {
            let fate = amendment.fate(id);
            if fate == Some(Fate::Kept) {
                continue;
            }
            let name = bus.name();
            if let Some(why) = self.hands.in_the_way_of(id, name) {
                return Some(why);
            }
            if fate.is_some() {
                continue;
            }
            if let Some(recording) = self.recordings.of_bus(name) {
                return Some(format!("the recording {recording} records {name}: stop it first"));
            }
            if self.controllers.are_busy(id) {
                return Some(format!("the controller of {name} is being worked on: wait for that"));
            }
        }
        let gone = |name: &Name| {
            let entry = old.recorders.iter().find(|entry| entry.name == *name);
            entry.is_some_and(|entry| !amendment.plant.recorders.contains(entry))
        };
        let recording = self.recordings.by_profile().find(|name| gone(name))?;
        Some(format!("the recorder {recording} runs and would change: stop it first"))
    }

    /// Finds out what it takes to amend the running plant, and whether it can be.
    pub(super) fn judge(&self, order: ActivateProfile) -> Result<Amendment, OrderError> {
        let name = order.profile.name.to_string();
        let amendment = Amendment::new(&self.plant, order, &self.catalog)
            .map_err(|error| OrderError::Profile { name, why: error.to_string() })?;
        match self.in_the_way(&amendment) {
            Some(why) => Err(OrderError::Unfit(why)),
            None => Ok(amendment),
        }
    }

    /// The running plant is the amended one from now on.
    pub(super) fn amend(
        &mut self,
        now: Now,
        order: ActivateProfile,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let mut amendment = self.judge(order)?;
        let rules_changed = amendment.plant.rules != self.plant.rules;
        self.epoch = Epoch(self.epoch.0 + 1);
        for (bus, fate) in amendment.plant.buses.iter_mut().zip(&amendment.fates) {
            if *fate == Fate::Opened {
                bus.open(self.epoch);
            }
        }
        let old = std::mem::replace(&mut self.plant, Plant::empty());
        let closed: Vec<BusId> =
            old.bus_ids().filter(|bus| amendment.fate(*bus).is_none()).collect();
        let had = old.recorders.clone();
        for bus in &closed {
            Arc::make_mut(&mut self.traffic).clear_bus(*bus);
        }
        if closed.iter().any(|bus| old.bus(*bus).is_some_and(|bus| bus.is_recording())) {
            self.player = None;
        }
        amendment.carry_over(old);
        let Amendment { plant, fates, moved } = amendment;
        self.plant = plant;
        let stays = |bus: BusId| fates.get(usize::from(bus.0)).is_some_and(|f| *f != Fate::Opened);
        self.hands.amend(&stays);
        self.controllers.amend(&stays);
        self.charging.amend(&self.plant, &self.catalog, &moved);
        if rules_changed {
            self.ruling.renew(now.wall);
        }
        // What was wrong with an edit is wrong no more.
        self.notices.retain(|notice| notice.subject != super::PROFILE_FILE);
        let buses = self.plant.bus_plans().into_iter().zip(fates).collect();
        effects.push(Effect::Amend { epoch: self.epoch, buses });
        let new = self.plant.recorders.iter().filter(|entry| !had.contains(entry)).cloned();
        let new = new.collect();
        self.begin_more(now, new, effects);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Recordings that are sent onto buses: who may, onto what, and what ends them. When each frame goes
//! out is a thread's, behind the guard of the bus.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use super::{Bench, Hand, find};
use crate::base::id::{BusId, Name};
use crate::base::time::{Mono, Wall};
use crate::engine::access::actor::Who;
use crate::engine::access::grant::Face;
use crate::engine::access::permission::{ChargePacks, Permission};
use crate::engine::access::roster::Roster;
use crate::engine::can::guard::Reach;
use crate::engine::can::replay::{PlayState, ReplayProgress, Routes, check_speed};
use crate::engine::dbc::{Codec, Schema};
use crate::engine::filter::Sifter;
use crate::engine::hub::Now;
use crate::engine::hub::event::{Effect, Epoch, ReplayJob, ReplayNews, ReplayTarget, ReplayWork};
use crate::engine::hub::plant::Plant;
use crate::engine::orders::replaying::{
    Begins, ChangeReplay, ReplayChange, Replaying, StartReplay, StopReplay,
};
use crate::engine::orders::sending::{Keeps, Then};
use crate::engine::orders::{Answer, OrderError};
use crate::engine::snapshot::{ReplayPicture, ReplayState};
use crate::engine::store::journal::{Entry, Outcome};

/// Most replays at a time; each has a thread.
pub(in crate::engine) const REPLAYS: usize = 8;
/// What was replayed, or sent by hand, may pass for what a pack says for this long.
pub(super) const AFTERGLOW: Duration = Duration::from_secs(5);
/// Most buses that one goes onto.
const BUSES: usize = 16;

/// One replay.
struct Running {
    order: StartReplay,
    number: u64,
    targets: Vec<(BusId, Reach)>,
    /// The commands of chargers and contactors are among what it may send.
    commands: bool,
    by: Hand,
    state: ReplayState,
    progress: Option<ReplayProgress>,
    /// What it was last told, as far as it has not said that this is over.
    told: Told,
    /// How many orders it was given.
    orders: u64,
    /// How many of them it had heard of when it last said how it is doing.
    heard: u64,
}

/// What a replay was last told to do about its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// To send on.
    Play,
    /// To send one; it may have to look for it.
    Step,
    /// To stand, or it stands by itself.
    Stand,
}

/// All of them.
#[derive(Default)]
pub(in crate::engine::hub) struct Replays {
    all: Vec<Running>,
    started: u64,
    /// When a frame of a replay was last known to go out, by bus.
    sent: Vec<(BusId, Mono)>,
}

impl Replays {
    /// Whether some replay may send: the guards must hear the hub.
    pub(super) fn are_playing(&self) -> bool {
        self.all.iter().any(Running::may_send)
    }

    /// A replay that may send to this bus, or could go on.
    pub(super) fn onto(&self, bus: BusId) -> Option<&Name> {
        let goes = |one: &&Running| one.targets.iter().any(|(target, _)| *target == bus);
        self.all.iter().filter(|one| !one.is_over()).find(goes).map(|one| &one.order.name)
    }

    /// Those that went onto buses that are others now are forgotten.
    pub(super) fn amend(&mut self, stays: &dyn Fn(BusId) -> bool) {
        self.all.retain(|one| one.targets.iter().all(|(bus, _)| stays(*bus)));
        self.sent.retain(|(bus, _)| stays(*bus));
    }

    /// Carries out an order.
    pub(super) fn order(
        &mut self,
        (order, by): (Replaying, Hand),
        armed: &dyn Fn(BusId) -> bool,
        bench: &Bench<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        match order {
            Replaying::Start(order) => self.start(*order, by, (armed, bench), effects),
            Replaying::Change(order) => self.change(order, &by, (armed, bench), effects),
            Replaying::Pause(order) => {
                let one = self.find(&order.name)?;
                let glows = one.may_send().then(|| one.targets.clone());
                one.told = Told::Stand;
                effects.push(one.effect(bench.epoch, ReplayWork::Pause));
                glows.iter().for_each(|targets| note(&mut self.sent, bench.now.mono, targets));
                Ok(())
            }
            Replaying::Stop(order) => self.stop(&order, &by, bench, effects),
        }
    }

    fn find(&mut self, name: &Name) -> Result<&mut Running, OrderError> {
        let which = || OrderError::NotFound { what: "replay", which: name.to_string() };
        self.all.iter_mut().find(|one| one.order.name == *name).ok_or_else(which)
    }

    fn start(
        &mut self,
        order: StartReplay,
        by: Hand,
        (armed, bench): (&dyn Fn(BusId) -> bool, &Bench<'_>),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        order.plan.check().map_err(|error| OrderError::Unfit(error.to_string()))?;
        let (targets, routes) = targets(&order, bench.plant)?;
        may_play(&targets, armed, bench)?;
        let pick = sifter(&order.filter, targets.first().map(|(bus, _)| *bus), bench.plant)?;
        self.make_room(&order.name, (bench.now.mono, bench.epoch), effects)?;
        let commands = ChargePacks.covers(&by.actor());
        let onto = |(bus, _): &(BusId, Reach)| {
            let withheld = if commands { Vec::new() } else { bench.plant.charging_ids(*bus) };
            ReplayTarget { bus: *bus, withheld }
        };
        self.started += 1;
        let number = self.started;
        let job = ReplayJob {
            number,
            file: order.file.clone(),
            plan: order.plan.clone(),
            pick,
            routes,
            targets: targets.iter().map(onto).collect(),
        };
        let told = match order.begins {
            Begins::Playing => Told::Play,
            Begins::Paused => Told::Stand,
        };
        let (state, progress, orders, heard) = (ReplayState::Ready, None, 0, 0);
        let mut one =
            Running { order, number, targets, commands, by, state, progress, told, orders, heard };
        effects.push(Effect::Beat);
        effects.push(one.effect(bench.epoch, ReplayWork::Start(Box::new(job))));
        if told == Told::Play {
            effects.push(one.effect(bench.epoch, ReplayWork::Play));
        }
        self.all.push(one);
        Ok(())
    }

    /// Takes the one of the same name from the list, or where the list is full the oldest that is over.
    fn make_room(
        &mut self,
        name: &Name,
        (now, epoch): (Mono, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let same = self.all.iter().position(|one| one.order.name == *name);
        let place = match same {
            Some(place) if self.all.get(place).is_some_and(Running::may_send) => {
                let text = format!("the replay {name} is playing: stop it first");
                return Err(OrderError::Unfit(text));
            }
            Some(place) => Some(place),
            None if self.all.len() < REPLAYS => None,
            None => Some(self.all.iter().position(Running::is_over).ok_or_else(|| {
                OrderError::Unfit(format!("there are {REPLAYS} replays already: stop one first"))
            })?),
        };
        if let Some(place) = place {
            let mut old = self.all.remove(place);
            if old.may_send() {
                note(&mut self.sent, now, &old.targets);
            }
            effects.push(old.effect(epoch, ReplayWork::Stop));
        }
        Ok(())
    }

    fn change(
        &mut self,
        order: ChangeReplay,
        by: &Hand,
        (armed, bench): (&dyn Fn(BusId) -> bool, &Bench<'_>),
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let one = self.find(&order.name)?;
        if let ReplayState::Stopped(why) = &one.state {
            let text = format!("it has ended ({why}): start it anew");
            return Err(OrderError::Unfit(text));
        }
        let work = match order.change {
            ReplayChange::Play => {
                may_play(&one.targets, armed, bench)?;
                one.may_command(by)?;
                one.told = Told::Play;
                ReplayWork::Play
            }
            ReplayChange::Step(filter) => {
                may_play(&one.targets, armed, bench)?;
                one.may_command(by)?;
                let first = one.targets.first().map(|(bus, _)| *bus);
                let filter = filter.map(|text| sifter(&text, first, bench.plant)).transpose()?;
                one.told = Told::Step;
                ReplayWork::Step(filter.flatten())
            }
            ReplayChange::Seek(to) => ReplayWork::Seek(to),
            ReplayChange::Speed(speed) => {
                check_speed(speed).map_err(|error| OrderError::Unfit(error.to_string()))?;
                ReplayWork::Speed(speed)
            }
            ReplayChange::Times(Some(0)) => {
                return Err(OrderError::Unfit("a recording cannot be replayed 0 times".to_owned()));
            }
            ReplayChange::Times(times) => ReplayWork::Times(times),
        };
        let goes = matches!(work, ReplayWork::Play | ReplayWork::Step(_));
        if goes {
            one.state = ReplayState::Ready;
            // Whoever lets it go on answers for it.
            one.by = by.clone();
            effects.push(Effect::Beat);
        }
        effects.push(one.effect(bench.epoch, work));
        let glows = goes.then(|| one.targets.clone());
        // A frame may be out before it is said to be.
        glows.iter().for_each(|targets| note(&mut self.sent, bench.now.mono, targets));
        Ok(())
    }

    fn stop(
        &mut self,
        order: &StopReplay,
        by: &Hand,
        bench: &Bench<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let one = self.find(&order.name)?;
        effects.push(one.effect(bench.epoch, ReplayWork::Stop));
        let (may_send, targets) = (one.may_send(), one.targets.clone());
        one.told = Told::Stand;
        if !matches!(one.state, ReplayState::Stopped(_)) {
            one.state = ReplayState::Stopped(format!("stopped by {}", by.words));
        }
        if order.then == Then::Forget {
            self.all.retain(|one| one.order.name != order.name);
        }
        if may_send {
            note(&mut self.sent, bench.now.mono, &targets);
        }
        Ok(())
    }

    /// Ends those that go onto `bus`; all of them where none is named.
    pub(super) fn silence(
        &mut self,
        bus: Option<BusId>,
        why: &str,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) {
        let on = |one: &&mut Running| bus.is_none_or(|bus| one.goes_onto(bus));
        for one in self.all.iter_mut().filter(on) {
            if one.may_send() {
                note(&mut self.sent, now.mono, &one.targets);
            }
            one.end(why, (now, epoch), effects);
        }
    }

    /// Lets those stand that go onto a bus which is no longer armed.
    pub(super) fn hold(
        &mut self,
        bus: BusId,
        why: &str,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) {
        let wired = |one: &&mut Running| one.targets.contains(&(bus, Reach::Wire));
        for one in self.all.iter_mut().filter(wired).filter(|one| one.may_send()) {
            note(&mut self.sent, now.mono, &one.targets);
            one.told = Told::Stand;
            one.state = ReplayState::Held(why.to_owned());
            effects.push(one.effect(epoch, ReplayWork::Pause));
            effects.push(Effect::Journal(Box::new(one.line("pause_replay", now.wall, why))));
        }
    }

    /// Ends what hangs on somebody who has gone or may no longer send.
    pub(super) fn judge(&mut self, roster: &Roster, at: (Now, Epoch), effects: &mut Vec<Effect>) {
        for one in &mut self.all {
            let why = if !one.by.may(roster) {
                "whoever let it play may no longer send"
            } else if one.commands && !roster.lets(&one.by.who, &ChargePacks) {
                "whoever let it play may no longer command chargers"
            } else if one.order.keeps == Keeps::WithSession && !one.by.is_in(roster) {
                "the session that let it play has ended"
            } else {
                continue;
            };
            one.end(why, at, effects);
        }
    }

    /// What a replay said of itself.
    pub(super) fn take(&mut self, now: Mono, (name, number): (&Name, u64), news: ReplayNews) {
        let found = |one: &&mut Running| one.order.name == *name && one.number == number;
        let Some(one) = self.all.iter_mut().find(found) else { return };
        let sent = |progress: &Option<ReplayProgress>| {
            progress.as_ref().map_or(0, |progress| progress.figures.sent)
        };
        if sent(&news.progress) > sent(&one.progress) {
            note(&mut self.sent, now, &one.targets);
        }
        one.heard = one.heard.max(news.order);
        if let Some(progress) = news.progress {
            // What it said before it heard of the last order is no answer to that.
            if news.order >= one.orders && progress.state != PlayState::Playing {
                one.told = Told::Stand;
            }
            one.progress = Some(progress);
        }
        if let Some(why) = news.ended
            && !matches!(one.state, ReplayState::Stopped(_))
        {
            one.told = Told::Stand;
            one.state = ReplayState::Stopped(why);
        }
    }

    /// A replay that goes where a charge would have to be believed.
    pub(super) fn in_the_way(&self, plant: &Plant, now: Mono) -> Option<String> {
        let devices = |one: &&Running| one.targets.iter().any(|(bus, _)| plant.has_devices(*bus));
        if let Some(one) = self.all.iter().filter(|one| one.may_send()).find(devices) {
            return Some(format!(
                "the replay {} sends onto a bus of this plant: stop it before charging",
                one.order.name
            ));
        }
        let glows =
            |(bus, at): &&(BusId, Mono)| plant.has_devices(*bus) && now.since(*at) < AFTERGLOW;
        self.sent.iter().find(glows).map(|_| {
            format!(
                "a recording was replayed onto a bus of this plant a moment ago, and what it said may \
                 still pass for what the pack says: try again in {} s",
                AFTERGLOW.as_secs()
            )
        })
    }

    /// All of them, for people.
    pub(super) fn pictures(&self) -> Vec<Arc<ReplayPicture>> {
        self.all.iter().map(|one| Arc::new(one.picture())).collect()
    }
}

impl Running {
    /// Whether frames of it may be on their way.
    fn may_send(&self) -> bool {
        let plays = self.progress.as_ref().is_some_and(|one| one.state == PlayState::Playing);
        self.state == ReplayState::Ready && (self.told != Told::Stand || plays)
    }

    fn is_over(&self) -> bool {
        let ended = self.progress.as_ref().is_some_and(|one| one.state == PlayState::Ended);
        matches!(self.state, ReplayState::Stopped(_)) || (ended && self.told == Told::Stand)
    }

    fn goes_onto(&self, bus: BusId) -> bool {
        self.targets.iter().any(|(own, _)| *own == bus)
    }

    fn effect(&mut self, epoch: Epoch, work: ReplayWork) -> Effect {
        self.orders += 1;
        Effect::Replay { epoch, name: self.order.name.clone(), order: self.orders, work }
    }

    /// Whoever lets it go on must hold what it was given to send.
    fn may_command(&self, by: &Hand) -> Answer {
        if self.commands && !ChargePacks.covers(&by.actor()) {
            let what = "this replay may command chargers and contactors: to let it go on";
            return Err(OrderError::NeedsToo { what: what.to_owned(), needs: ChargePacks::RIGHT });
        }
        Ok(())
    }

    fn end(&mut self, why: &str, (now, epoch): (Now, Epoch), effects: &mut Vec<Effect>) {
        if matches!(self.state, ReplayState::Stopped(_)) {
            return;
        }
        self.told = Told::Stand;
        self.state = ReplayState::Stopped(why.to_owned());
        let stop = self.effect(epoch, ReplayWork::Stop);
        effects.push(stop);
        effects.push(Effect::Journal(Box::new(self.line("stop_replay", now.wall, why))));
    }

    fn line(&self, action: &'static str, at: Wall, why: &str) -> Entry {
        Entry {
            at,
            who: Who::SendControl.to_string(),
            face: Face::Inside.code(),
            address: None,
            action,
            target: self.order.name.to_string(),
            before: None,
            after: None,
            outcome: Outcome::Done,
            note: Some(why.to_owned()),
            of: None,
        }
    }

    fn picture(&self) -> ReplayPicture {
        let order = &self.order;
        let buses = self.targets.iter().map(|(bus, _)| *bus);
        let named = order.named.iter().map(|(name, _)| name.clone());
        ReplayPicture {
            name: order.name.clone(),
            file: order.file.clone(),
            bus: buses.clone().next().unwrap_or_default(),
            named: named.zip(buses.skip(1)).collect(),
            plan: order.plan.clone(),
            filter: order.filter.clone(),
            keeps: order.keeps,
            by: self.by.words.clone(),
            state: self.state.clone(),
            progress: self.progress.clone(),
            is_of_now: self.heard >= self.orders,
        }
    }
}

/// The buses that a replay goes onto: the usual one first, then one for each bus of the recording that
/// goes elsewhere.
fn targets(
    order: &StartReplay,
    plant: &Plant,
) -> Result<(Vec<(BusId, Reach)>, Routes), OrderError> {
    if order.named.len() >= BUSES {
        let text = format!("a replay goes onto at most {BUSES} buses");
        return Err(OrderError::Unfit(text));
    }
    let mut targets = Vec::new();
    for name in std::iter::once(&order.bus).chain(order.named.iter().map(|(_, bus)| bus)) {
        let bus = find(name, plant)?;
        if let Some(why) = plant.bus(bus).and_then(|bus| bus.why_not_by_hand()) {
            return Err(OrderError::Unfit(format!("nothing can be replayed onto it: {why}")));
        }
        targets.push((bus, plant.reach(bus).unwrap_or(Reach::Wire)));
    }
    let named = order.named.iter().enumerate().map(|(at, (from, _))| (from.clone(), at + 1));
    Ok((targets, Routes { named: named.collect(), others: 0 }))
}

/// Frames of a replay may have gone onto these buses until `now`.
fn note(sent: &mut Vec<(BusId, Mono)>, now: Mono, targets: &[(BusId, Reach)]) {
    for (bus, _) in targets {
        sent.retain(|(own, _)| own != bus);
        sent.push((*bus, now));
    }
}

/// Whether frames may go onto these buses now.
fn may_play(
    targets: &[(BusId, Reach)],
    armed: &dyn Fn(BusId) -> bool,
    bench: &Bench<'_>,
) -> Answer {
    for (bus, reach) in targets {
        let name = || bench.plant.bus(*bus).map_or_else(String::new, |bus| bus.name().to_string());
        if *reach == Reach::Wire && !armed(*bus) {
            let text = format!("the bus {} is not armed: arm it first, then replay", name());
            return Err(OrderError::Unfit(text));
        }
        // What a pack once said must not pass for what it says while a charge believes it.
        if let Some(pack) = bench.charging.filter(|_| bench.plant.has_devices(*bus)) {
            return Err(OrderError::Unfit(format!(
                "{pack} is being charged: nothing is replayed onto {} beside that",
                name()
            )));
        }
    }
    Ok(())
}

/// What chooses the frames; nothing does where the filter is empty.
fn sifter(
    text: &str,
    bus: Option<BusId>,
    plant: &Plant,
) -> Result<Option<Box<Sifter>>, OrderError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let decoders = plant.decoders();
    let known = bus.and_then(|bus| decoders.codecs(bus).first().cloned());
    let codec = known.unwrap_or_else(|| Arc::new(Codec::compile(&[&Schema::default()])));
    let sifter = Sifter::new(text, codec).map_err(|mistake| {
        OrderError::Unfit(format!("the filter cannot be used: {}", mistake.text))
    })?;
    Ok(Some(Box::new(sifter)))
}

//! Sending by hand: which buses are armed, until when and by whom; what is scheduled on them. Decides
//! who may still send; what goes out and when is the sending thread's, behind its own guard.

mod replays;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::base::id::{BusId, Name};
use crate::base::time::{Mono, Wall};
use crate::engine::access::account::SessionId;
use crate::engine::access::actor::{Actor, Rights, Who};
use crate::engine::access::grant::Face;
use crate::engine::access::permission::{ChargePacks, Permission, UseCan};
use crate::engine::access::roster::Roster;
use crate::engine::can::frame::Id;
use crate::engine::can::schedule::{SCHEDULES, Schedule, ScheduleFigures};
use crate::engine::hub::Now;
use crate::engine::hub::event::{Effect, Epoch, HandNews, HandWork, ReplayNews};
use crate::engine::hub::hand::replays::{AFTERGLOW, Replays};
use crate::engine::hub::plant::Plant;
use crate::engine::orders::replaying::Replaying;
use crate::engine::orders::sending::{
    ArmBus, Keeps, SendFrames, Sending, Silence, StartSchedule, StopSchedule, Then,
};
use crate::engine::orders::{Answer, OrderError};
use crate::engine::snapshot::{ArmPicture, ReplayPicture, SchedulePicture, ScheduleState};
use crate::engine::store::journal::{Entry, Outcome};

/// How often the guards hear that the hub still decides, while a bus is armed.
const BEAT: Duration = Duration::from_millis(100);
/// What ends or holds what went onto a bus that is not there any more.
const LOST: &str = "the bus was lost";
/// A refusal is shown for this long.
const REFUSAL_SHOWN: Duration = Duration::from_secs(10);

/// Whoever gave an order to send.
#[derive(Clone, Debug)]
pub(super) struct Hand {
    pub(super) words: String,
    pub(super) who: Who,
    pub(super) rights: Rights,
    pub(super) session: Option<SessionId>,
}

struct Arm {
    bus: BusId,
    until: Mono,
    by: Hand,
}

struct Scheduled {
    bus: BusId,
    /// Tells it from others that had its name.
    number: u64,
    schedule: Schedule,
    keeps: Keeps,
    /// It sends what commands chargers or contactors.
    commands: bool,
    by: Hand,
    state: ScheduleState,
    figures: ScheduleFigures,
}

/// What is armed and scheduled.
#[derive(Default)]
pub(super) struct Hands {
    arms: Vec<Arm>,
    scheduled: Vec<Scheduled>,
    started: u64,
    refused: Vec<(BusId, Mono, String)>,
    beat: Mono,
    replays: Replays,
    spoken: Spoken,
}

/// What went out by hand a moment ago: bus, id and when.
#[derive(Default)]
struct Spoken(Vec<(BusId, Id, Mono)>);

impl Spoken {
    fn note(&mut self, bus: BusId, id: Id, now: Mono) {
        self.0.retain(|(other, own, at)| now.since(*at) < AFTERGLOW && (*other, *own) != (bus, id));
        self.0.push((bus, id, now));
    }
}

/// Whether anything has ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nothing has.
    Nothing,
    /// Something has, and people wait for it.
    Something,
}

/// Where an order is carried out.
pub(super) struct Bench<'a> {
    pub(super) plant: &'a Plant,
    pub(super) epoch: Epoch,
    pub(super) now: Now,
    /// The pack that is being charged, if one is.
    pub(super) charging: Option<&'a Name>,
}

impl Hands {
    /// Whether some bus is armed.
    pub(super) const fn is_armed(&self) -> bool {
        !self.arms.is_empty()
    }

    /// Whether this bus is armed.
    pub(super) fn holds(&self, bus: BusId) -> bool {
        self.arms.iter().any(|arm| arm.bus == bus)
    }

    /// The bus is not there any more, or off: when it is back, nothing that was armed is, and nothing
    /// that was replayed goes on by itself.
    pub(super) fn lose(&mut self, bus: BusId, at: (Now, Epoch), effects: &mut Vec<Effect>) {
        self.replays.hold(bus, LOST, at, effects);
        if self.holds(bus) {
            self.disarm(bus, LOST, at, effects);
        }
    }

    /// When the next step is due; none while nothing is armed and nothing replayed.
    pub(super) fn due(&self) -> Option<Mono> {
        let beat = self.beat.after(BEAT);
        match self.arms.iter().map(|arm| arm.until).min() {
            Some(ends) => Some(beat.min(ends)),
            None => self.replays.are_playing().then_some(beat),
        }
    }

    /// Beats for the guards, and ends what is over.
    /// Says whether anything ended.
    pub(super) fn step_if_due(
        &mut self,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) -> Ended {
        if self.due().is_none_or(|due| now.mono < due) {
            return Ended::Nothing;
        }
        self.beat = now.mono;
        effects.push(Effect::Beat);
        let over: Vec<BusId> =
            self.arms.iter().filter(|arm| arm.until <= now.mono).map(|arm| arm.bus).collect();
        let ended = if over.is_empty() { Ended::Nothing } else { Ended::Something };
        for bus in over {
            let why = "the time the bus was armed for is over";
            self.replays.hold(bus, why, (now, epoch), effects);
            self.disarm(bus, why, (now, epoch), effects);
        }
        ended
    }

    fn disarm(
        &mut self,
        bus: BusId,
        why: &str,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) {
        self.arms.retain(|arm| arm.bus != bus);
        effects.push(Effect::Hand { epoch, bus, work: HandWork::Silence });
        for one in self.scheduled.iter_mut().filter(|one| one.bus == bus && one.is_running()) {
            one.end(why, now.mono, &mut self.spoken);
            effects.push(Effect::Journal(Box::new(one.ended(now.wall, why))));
        }
    }

    /// Ends what hangs on somebody who has gone or may no longer send.
    pub(super) fn judge(
        &mut self,
        roster: &Roster,
        (now, epoch): (Now, Epoch),
        effects: &mut Vec<Effect>,
    ) {
        let unfit: Vec<BusId> =
            self.arms.iter().filter(|arm| !arm.by.may(roster)).map(|arm| arm.bus).collect();
        for bus in unfit {
            let why = "whoever armed the bus may no longer send";
            self.replays.hold(bus, why, (now, epoch), effects);
            self.disarm(bus, why, (now, epoch), effects);
        }
        self.replays.judge(roster, (now, epoch), effects);
        for one in self.scheduled.iter_mut().filter(|one| one.is_running()) {
            let why = if !one.by.may(roster) {
                "whoever started it may no longer send"
            } else if one.commands && !roster.lets(&one.by.who, &ChargePacks) {
                "whoever started it may no longer command chargers"
            } else if one.keeps == Keeps::WithSession && !one.by.is_in(roster) {
                "the session that started it has ended"
            } else {
                continue;
            };
            one.end(why, now.mono, &mut self.spoken);
            let work = HandWork::Stop(one.schedule.name.clone());
            effects.push(Effect::Hand { epoch, bus: one.bus, work });
            effects.push(Effect::Journal(Box::new(one.ended(now.wall, why))));
        }
    }

    /// What a sending thread said.
    pub(super) fn take(&mut self, now: Mono, bus: BusId, news: HandNews) {
        for one in self.scheduled.iter_mut().filter(|one| one.bus == bus) {
            // Also of what was stopped meanwhile: some of it may have gone out since it was last told.
            if let Some((_, figures)) = news.figures.iter().find(|(other, _)| *other == one.number)
            {
                one.figures = *figures;
            }
            let ended = news.ended.iter().find(|(other, _)| *other == one.number);
            if let Some((_, why)) = ended.filter(|_| one.is_running()) {
                one.end(why, now, &mut self.spoken);
            }
        }
        if let Some(why) = news.refused {
            self.refused.retain(|(other, _, _)| *other != bus);
            self.refused.push((bus, now, why));
        }
    }

    /// A schedule that sends what a charge of this plant would send itself.
    pub(super) fn in_the_way(&self, plant: &Plant, now: Mono) -> Option<String> {
        let running = self.scheduled.iter().filter(|one| one.is_running());
        let scheduled = running
            .filter(|one| plant.charging_ids(one.bus).contains(&one.schedule.frame.id()))
            .map(|one| {
                let (name, id) = (&one.schedule.name, one.schedule.frame.id());
                format!("the scheduled frame {name} sends {id}: stop it before charging")
            })
            .next();
        scheduled
            .or_else(|| self.in_the_way_of_reports(plant, now))
            .or_else(|| self.replays.in_the_way(plant, now))
    }

    /// What is, or was a moment ago, sent in the place of a battery or a charger.
    fn in_the_way_of_reports(&self, plant: &Plant, now: Mono) -> Option<String> {
        for one in self.scheduled.iter().filter(|one| one.is_running()) {
            let (name, id) = (&one.schedule.name, one.schedule.frame.id());
            if let Some(reporter) = plant.reporter(one.bus, id) {
                return Some(format!(
                    "the scheduled frame {name} sends {id}, which is how {} reports: stop it before charging",
                    reporter.entry.name
                ));
            }
        }
        let fresh = self.spoken.0.iter().filter(|(_, _, at)| now.since(*at) < AFTERGLOW);
        let mut told = fresh.filter_map(|(bus, id, _)| Some((id, plant.reporter(*bus, *id)?)));
        told.next().map(|(id, reporter)| {
            format!(
                "{id} was sent by hand a moment ago, and may still pass for what {} reports: try again in \
                 {} s",
                reporter.entry.name,
                AFTERGLOW.as_secs()
            )
        })
    }

    /// What of this would be disturbed where a bus is closed or given other rules, in a sentence.
    pub(super) fn in_the_way_of(&self, bus: BusId, name: &Name) -> Option<String> {
        if let Some(arm) = self.arms.iter().find(|arm| arm.bus == bus) {
            return Some(format!("the bus {name} is armed by {}: silence it first", arm.by.words));
        }
        let replay = self.replays.onto(bus)?;
        Some(format!("the replay {replay} goes onto {name}: stop it first"))
    }

    /// The plant was amended: what was of buses that are others now is forgotten.
    pub(super) fn amend(&mut self, stays: &dyn Fn(BusId) -> bool) {
        self.arms.retain(|arm| stays(arm.bus));
        self.scheduled.retain(|one| stays(one.bus));
        self.refused.retain(|(bus, _, _)| stays(*bus));
        self.replays.amend(stays);
    }

    /// Carries out an order about a replay.
    pub(super) fn replay(
        &mut self,
        order: (Replaying, Hand),
        bench: &Bench<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        self.beat = bench.now.mono;
        let arms = &self.arms;
        let armed =
            |bus: BusId| arms.iter().any(|arm| arm.bus == bus && arm.until > bench.now.mono);
        self.replays.order(order, &armed, bench, effects)
    }

    /// What a replay said of itself.
    pub(super) fn take_replay(&mut self, now: Mono, which: (&Name, u64), news: ReplayNews) {
        self.replays.take(now, which, news);
    }

    /// What is replayed.
    pub(super) fn replays(&self) -> Vec<Arc<ReplayPicture>> {
        self.replays.pictures()
    }

    /// Carries out an order.
    pub(super) fn order(
        &mut self,
        (order, by): (Sending, Hand),
        bench: &Bench<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        match order {
            Sending::Arm(order) => self.arm(&order, by, bench, effects),
            Sending::Silence(order) => self.silence(&order, &by, bench, effects),
            Sending::Send(order) => self.send(order, &by, bench, effects),
            Sending::Start(order) => self.start(order, by, bench, effects),
            Sending::Stop(order) => self.stop(&order, &by, bench, effects),
        }
    }

    fn arm(
        &mut self,
        order: &ArmBus,
        by: Hand,
        bench: &Bench<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let bus = find(&order.bus, bench.plant)?;
        if !(ArmBus::LEAST..=ArmBus::MOST).contains(&order.span) {
            let (least, most) = (ArmBus::LEAST.as_secs(), ArmBus::MOST.as_secs() / 3600);
            return Err(OrderError::Unfit(format!(
                "a bus can be armed for {least} s to {most} h, not for {} s",
                order.span.as_secs()
            )));
        }
        if let Some(why) = bench.plant.bus(bus).and_then(|bus| bus.why_not_by_hand()) {
            return Err(OrderError::Unfit(format!("it cannot be armed: {why}")));
        }
        let until = bench.now.mono.after(order.span);
        self.arms.retain(|arm| arm.bus != bus);
        self.arms.push(Arm { bus, until, by });
        self.refused.retain(|(other, _, _)| *other != bus);
        self.beat = bench.now.mono;
        effects.push(Effect::Beat);
        effects.push(Effect::Hand { epoch: bench.epoch, bus, work: HandWork::Arm(until) });
        Ok(())
    }

    fn silence(
        &mut self,
        order: &Silence,
        by: &Hand,
        bench: &Bench<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let only = order.bus.as_ref().map(|bus| find(bus, bench.plant)).transpose()?;
        let why = format!("silenced by {}", by.words);
        // First of all, so that no frame of theirs is given to a bus any more.
        self.replays.silence(only, &why, (bench.now, bench.epoch), effects);
        for bus in bench.plant.bus_ids().filter(|bus| only.is_none_or(|only| only == *bus)) {
            self.disarm(bus, &why, (bench.now, bench.epoch), effects);
        }
        Ok(())
    }

    fn send(
        &mut self,
        order: SendFrames,
        by: &Hand,
        bench: &Bench<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let bus = find(&order.bus, bench.plant)?;
        let frames = order.frames;
        if frames.is_empty() || frames.len() > SendFrames::MOST {
            return Err(OrderError::Unfit(format!(
                "1 to {} frames can be sent at once, not {}",
                SendFrames::MOST,
                frames.len()
            )));
        }
        for frame in &frames {
            self.may_send(frame.id(), bus, by, bench)?;
        }
        for frame in &frames {
            self.spoken.note(bus, frame.id(), bench.now.mono);
        }
        let work = HandWork::Send(frames);
        effects.push(Effect::Hand { epoch: bench.epoch, bus, work });
        Ok(())
    }

    /// Whether a frame with this id may go out by this hand, as far as can be said here.
    fn may_send(&self, id: Id, bus: BusId, by: &Hand, bench: &Bench<'_>) -> Answer {
        let unfit = |text: String| Err(OrderError::Unfit(text));
        let name = || bench.plant.bus(bus).map_or_else(String::new, |bus| bus.name().to_string());
        if !self.arms.iter().any(|arm| arm.bus == bus && arm.until > bench.now.mono) {
            return unfit(format!("the bus {} is not armed: arm it first, then send", name()));
        }
        if bench.plant.blocked_ids(bus).iter().any(|block| block.holds(id)) {
            return unfit(format!(
                "{id} may never be sent on {}: it is reserved for setting devices up",
                name()
            ));
        }
        // What is sent here must not pass for what a battery says while a charge believes it.
        if let Some(pack) = bench.charging
            && let Some(reporter) = bench.plant.reporter(bus, id)
        {
            return unfit(format!(
                "{id} is how {} reports, and the charge of {pack} goes by that: stop the charge first",
                reporter.entry.name
            ));
        }
        if bench.plant.charging_ids(bus).contains(&id) {
            if let Some(pack) = bench.charging {
                let text = format!("{id} belongs to the charge of {pack}: stop that first");
                return unfit(text);
            }
            if !ChargePacks.covers(&by.actor()) {
                let what = format!("{id} commands a charger or the contactors: that");
                return Err(OrderError::NeedsToo { what, needs: ChargePacks::RIGHT });
            }
        }
        Ok(())
    }

    fn start(
        &mut self,
        order: StartSchedule,
        by: Hand,
        bench: &Bench<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let StartSchedule { bus, schedule, keeps } = order;
        let bus = find(&bus, bench.plant)?;
        schedule.check().map_err(|error| OrderError::Unfit(error.to_string()))?;
        self.may_send(schedule.frame.id(), bus, &by, bench)?;
        let name = schedule.name.clone();
        // One name is one schedule, on whichever bus it ran.
        for old in self.scheduled.iter().filter(|old| old.schedule.name == name && old.bus != bus) {
            let work = HandWork::Stop(name.clone());
            effects.push(Effect::Hand { epoch: bench.epoch, bus: old.bus, work });
        }
        for old in self.scheduled.iter().filter(|old| old.schedule.name == name) {
            self.spoken.note(old.bus, old.schedule.frame.id(), bench.now.mono);
        }
        self.scheduled.retain(|old| old.schedule.name != name);
        if self.scheduled.len() >= SCHEDULES {
            let stopped = self.scheduled.iter().position(|one| !one.is_running());
            let Some(stopped) = stopped else {
                return Err(OrderError::Unfit(format!(
                    "there are {SCHEDULES} scheduled frames already: stop one first"
                )));
            };
            self.scheduled.remove(stopped);
        }
        self.started += 1;
        let number = self.started;
        let work = HandWork::Start(number, Box::new(schedule.clone()));
        effects.push(Effect::Hand { epoch: bench.epoch, bus, work });
        let (state, figures) = (ScheduleState::Running, ScheduleFigures::default());
        let commands = bench.plant.charging_ids(bus).contains(&schedule.frame.id());
        let one = Scheduled { bus, number, schedule, keeps, commands, by, state, figures };
        self.scheduled.push(one);
        Ok(())
    }

    fn stop(
        &mut self,
        order: &StopSchedule,
        by: &Hand,
        bench: &Bench<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let mut found = self.scheduled.iter_mut();
        let Some(one) = found.find(|one| one.schedule.name == order.name) else {
            let which = order.name.to_string();
            return Err(OrderError::NotFound { what: "scheduled frame", which });
        };
        let work = HandWork::Stop(order.name.clone());
        effects.push(Effect::Hand { epoch: bench.epoch, bus: one.bus, work });
        if one.is_running() {
            one.end(&format!("stopped by {}", by.words), bench.now.mono, &mut self.spoken);
        }
        if order.then == Then::Forget {
            self.scheduled.retain(|one| one.schedule.name != order.name);
        }
        Ok(())
    }

    /// Who has armed a bus and for how long, for its picture.
    pub(super) fn arm_picture(&self, bus: BusId, now: Mono) -> Option<ArmPicture> {
        let arm = self.arms.iter().find(|arm| arm.bus == bus && arm.until > now)?;
        Some(ArmPicture { left: arm.until.since(now), by: arm.by.words.clone() })
    }

    /// Why the last frame did not go out there, while that is news.
    pub(super) fn refusal(&self, bus: BusId, now: Mono) -> Option<String> {
        let news = |at: Mono| now.since(at) < REFUSAL_SHOWN;
        let last = self.refused.iter().find(|(other, at, _)| *other == bus && news(*at));
        last.map(|(_, _, why)| why.clone())
    }

    /// What is scheduled.
    pub(super) fn schedules(&self) -> Vec<Arc<SchedulePicture>> {
        let picture = |one: &Scheduled| {
            Arc::new(SchedulePicture {
                bus: one.bus,
                schedule: one.schedule.clone(),
                keeps: one.keeps,
                by: one.by.words.clone(),
                state: one.state.clone(),
                figures: one.figures,
            })
        };
        self.scheduled.iter().map(picture).collect()
    }
}

impl Scheduled {
    fn end(&mut self, why: &str, now: Mono, spoken: &mut Spoken) {
        self.state = ScheduleState::Stopped(why.to_owned());
        spoken.note(self.bus, self.schedule.frame.id(), now);
    }

    fn is_running(&self) -> bool {
        self.state == ScheduleState::Running
    }

    fn ended(&self, at: Wall, why: &str) -> Entry {
        Entry {
            at,
            who: Who::SendControl.to_string(),
            face: Face::Inside.code(),
            address: None,
            action: "stop_schedule",
            target: self.schedule.name.to_string(),
            before: None,
            after: None,
            outcome: Outcome::Done,
            note: Some(why.to_owned()),
            of: None,
        }
    }
}

impl Hand {
    /// Whether they may still send. Whoever sits at the machine always may.
    fn may(&self, roster: &Roster) -> bool {
        roster.lets(&self.who, &UseCan)
    }

    /// The hand as it was when it gave the order.
    fn actor(&self) -> Actor {
        Actor::new(self.who.clone(), self.rights)
    }

    /// Whether the session that gave the order still is. Those of this machine and those of tokens
    /// end otherwise.
    fn is_in(&self, roster: &Roster) -> bool {
        self.session.is_none_or(|id| {
            let mut sessions = roster.sessions.iter().filter(|session| session.id == id);
            sessions.any(|session| session.ended.is_none() && session.life.ended().is_none())
        })
    }
}

fn find(name: &Name, plant: &Plant) -> Result<BusId, OrderError> {
    plant
        .bus_named(name)
        .ok_or_else(|| OrderError::NotFound { what: "bus", which: name.to_string() })
}

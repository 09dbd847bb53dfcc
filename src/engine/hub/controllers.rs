//! The controllers of the buses: who may be started anew and how often it was, and the search for a
//! bit rate. Decides; what is done to an interface or an adapter, and when, is its thread's.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::base::id::BusId;
use crate::base::time::Mono;
use crate::engine::access::actor::Who;
use crate::engine::access::grant::Face;
use crate::engine::can::address::Address;
use crate::engine::can::bus::BusState;
use crate::engine::can::scan::{Next, Report, Scan};
use crate::engine::hub::Now;
use crate::engine::hub::bus::Bus;
use crate::engine::hub::event::{ControlNews, ControlWork, Effect, Epoch};
use crate::engine::hub::hand::Hands;
use crate::engine::hub::plant::Plant;
use crate::engine::orders::buses::Controlling;
use crate::engine::orders::{Answer, OrderError};
use crate::engine::snapshot::{ControllerPicture, ScanPicture};
use crate::engine::store::journal::{Entry, Outcome};

/// Restarts that are remembered for the pause before the next.
const REMEMBERED: usize = 8;
/// Restarts longer ago than this do not count for it.
const MEMORY: Duration = Duration::from_secs(60);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);
/// An answer that has not come by then does not come: whoever had to give it has ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// The controllers of the running plant.
#[derive(Default)]
pub(super) struct Controllers(Vec<Desk>);

struct Desk {
    bus: BusId,
    restarts: u32,
    recent: VecDeque<Mono>,
    busy: Option<(Mono, Busy)>,
    last: Option<String>,
    report: Option<Arc<Report>>,
}

enum Busy {
    Restart,
    Scan(Box<Scan>),
}

impl Desk {
    const fn new(bus: BusId) -> Self {
        let recent = VecDeque::new();
        Self { bus, restarts: 0, recent, busy: None, last: None, report: None }
    }

    /// How long the next restart has to wait: the longer, the more often it did not help.
    fn pause(&self, now: Mono) -> Duration {
        let recent = self.recent.iter().filter(|at| now.since(**at) < MEMORY).count();
        let (Some(last), Some(doubled)) = (self.recent.back(), recent.checked_sub(1)) else {
            return Duration::ZERO;
        };
        let pause = Duration::from_secs(1 << doubled.min(5)).min(LONGEST);
        pause.saturating_sub(now.since(*last))
    }
}

/// Where an order is carried out.
pub(super) struct Floor<'a> {
    pub(super) plant: &'a Plant,
    pub(super) hands: &'a Hands,
    pub(super) at: (Now, Epoch),
}

impl Controllers {
    /// When the next step is due.
    pub(super) fn due(&self) -> Option<Mono> {
        let busy = self.0.iter().filter_map(|desk| desk.busy.as_ref());
        let due = busy.map(|(since, busy)| {
            let late = since.after(PATIENCE);
            match busy {
                Busy::Restart => late,
                Busy::Scan(scan) => scan.due().unwrap_or(late),
            }
        });
        due.min()
    }

    /// Whether something is being done to the controller of this bus.
    pub(super) fn are_busy(&self, bus: BusId) -> bool {
        self.0.iter().any(|desk| desk.bus == bus && desk.busy.is_some())
    }

    /// The plant was amended: what was done to buses that are others now is forgotten.
    pub(super) fn amend(&mut self, stays: &dyn Fn(BusId) -> bool) {
        self.0.retain(|desk| stays(desk.bus));
    }

    /// Carries out an order.
    pub(super) fn order(
        &mut self,
        order: &Controlling,
        floor: &Floor<'_>,
        effects: &mut Vec<Effect>,
    ) -> Answer {
        let name = match order {
            Controlling::Restart(order) => &order.bus,
            Controlling::Scan(order) => &order.bus,
        };
        let missing = || OrderError::NotFound { what: "bus", which: name.to_string() };
        let id = floor.plant.bus_named(name).ok_or_else(missing)?;
        let bus = floor.plant.bus(id).ok_or_else(missing)?;
        let (now, epoch) = (floor.at.0.mono, floor.at.1);
        let by_hand = floor.hands.holds(id);
        let refusal = match order {
            Controlling::Restart(_) => self.no_restart(id, bus, now),
            Controlling::Scan(_) => self.no_scan(id, bus, by_hand),
        };
        if let Some(why) = refusal {
            return Err(OrderError::Unfit(why));
        }
        let desk = self.desk(id);
        let work = match order {
            Controlling::Restart(_) => {
                desk.busy = Some((now, Busy::Restart));
                desk.restarts = desk.restarts.saturating_add(1);
                if desk.recent.len() == REMEMBERED {
                    desk.recent.pop_front();
                }
                desk.recent.push_back(now);
                ControlWork::Restart
            }
            Controlling::Scan(_) => {
                let (scan, first) = Scan::begin();
                desk.busy = Some((now, Busy::Scan(Box::new(scan))));
                desk.report = None;
                match work_of(first) {
                    Some(work) => work,
                    None => return Ok(()),
                }
            }
        };
        desk.last = None;
        effects.push(Effect::Control { epoch, bus: id, work });
        Ok(())
    }

    fn desk(&mut self, bus: BusId) -> &mut Desk {
        let at = match self.0.iter().position(|desk| desk.bus == bus) {
            Some(at) => at,
            None => {
                self.0.push(Desk::new(bus));
                self.0.len() - 1
            }
        };
        &mut self.0[at]
    }

    fn known(&self, bus: BusId) -> Option<&Desk> {
        self.0.iter().find(|desk| desk.bus == bus)
    }

    /// What a thread says came of its work.
    pub(super) fn take(
        &mut self,
        id: BusId,
        news: ControlNews,
        floor: &Floor<'_>,
        effects: &mut Vec<Effect>,
    ) {
        let (now, epoch) = floor.at;
        let Some(bus) = floor.plant.bus(id) else { return };
        let name = bus.name().to_string();
        let desk = self.desk(id);
        match (desk.busy.take(), news) {
            (Some((_, Busy::Restart)), ControlNews::Restarted(outcome)) => {
                let text = match &outcome {
                    Ok(()) => format!("{name} was restarted."),
                    Err(why) => format!("{name} was not restarted: {why}."),
                };
                let line = line(now, "restart_bus", &name, &text, outcome.is_ok());
                effects.push(Effect::Journal(Box::new(line)));
                desk.last = Some(text);
            }
            (Some((_, Busy::Scan(mut scan))), ControlNews::Listening(outcome)) => {
                let next = scan.set(now.mono, outcome, bus.counts());
                desk.busy = Some((now.mono, Busy::Scan(scan)));
                let work = work_of(next);
                effects.extend(work.map(|work| Effect::Control { epoch, bus: id, work }));
            }
            (Some((_, Busy::Scan(scan))), ControlNews::Restored(outcome)) => {
                let report = scan.restored(outcome);
                let found = report.found.is_some();
                let line = line(now, "scan_bit_rate", &name, &report.sentence, found);
                effects.push(Effect::Journal(Box::new(line)));
                desk.report = Some(Arc::new(report));
            }
            // An answer that nobody waits for any more.
            (busy, _) => desk.busy = busy,
        }
    }

    /// Goes on with what is due.
    pub(super) fn step_if_due(&mut self, floor: &Floor<'_>, effects: &mut Vec<Effect>) {
        let (now, epoch) = floor.at;
        for desk in &mut self.0 {
            let Some((since, busy)) = &mut desk.busy else { continue };
            let bus = floor.plant.bus(desk.bus);
            let next = match (busy, bus) {
                (Busy::Scan(scan), Some(bus)) if scan.due().is_some() => {
                    // Whoever arms the bus in the midst of it, or lets it charge, comes first.
                    if floor.hands.holds(desk.bus) || bus.is_armed() {
                        scan.give_up("somebody sends on this bus")
                    } else {
                        scan.tick(now.mono, bus.counts())
                    }
                }
                (Busy::Restart | Busy::Scan(_), _) => Next::Wait,
            };
            if let Some(work) = work_of(next) {
                *since = now.mono;
                effects.push(Effect::Control { epoch, bus: desk.bus, work });
            } else if now.mono.since(*since) >= PATIENCE {
                desk.busy = None;
                desk.last = Some("The controller gave no answer: open the profile again.".into());
            }
        }
    }

    /// Why the bus cannot be restarted now.
    fn no_restart(&self, id: BusId, bus: &Bus, now: Mono) -> Option<String> {
        let name = bus.name();
        let desk = self.known(id);
        if desk.is_some_and(|desk| desk.busy.is_some()) {
            return Some(format!("something is being done to {name} already"));
        }
        if let Some(why) = nothing_to_set(bus) {
            return Some(format!("{name} {why}, so there is nothing to restart"));
        }
        let state = bus.state();
        if bus.is_armed() && state != BusState::Off {
            return Some(format!("a charge sends on {name}: stop it first"));
        }
        let fits = match (bus.address(), state) {
            // An adapter is opened anew, whatever it thinks of itself.
            (Address::Slcan(_), BusState::Opening | BusState::Missing) => false,
            (Address::Slcan(_), _) => true,
            (_, state) => state == BusState::Off,
        };
        if !fits {
            return Some(match state {
                BusState::Missing | BusState::Opening => format!("{name} is not there"),
                BusState::Active
                | BusState::Warning
                | BusState::Passive
                | BusState::Off
                | BusState::Down
                | BusState::Failed
                | BusState::Ended => format!("{name} has not taken itself off the bus"),
            });
        }
        let pause = desk.map_or(Duration::ZERO, |desk| desk.pause(now));
        (!pause.is_zero()).then(|| {
            let secs = pause.as_secs_f64().ceil();
            format!("{name} was restarted a moment ago: wait {secs} s, and look for the cause")
        })
    }

    /// Why the bit rate cannot be looked for now.
    fn no_scan(&self, id: BusId, bus: &Bus, by_hand: bool) -> Option<String> {
        let name = bus.name();
        if self.known(id).is_some_and(|desk| desk.busy.is_some()) {
            return Some(format!("something is being done to {name} already"));
        }
        if let Some(why) = nothing_to_set(bus) {
            return Some(format!("{name} {why}, so it has no bit rate"));
        }
        if bus.is_armed() {
            return Some(format!("a charge sends on {name}: stop it first"));
        }
        if by_hand {
            return Some(format!("{name} is armed: silence it first"));
        }
        match bus.state() {
            BusState::Missing | BusState::Opening => Some(format!("{name} is not there")),
            BusState::Active
            | BusState::Warning
            | BusState::Passive
            | BusState::Off
            | BusState::Down
            | BusState::Failed
            | BusState::Ended => None,
        }
    }

    /// What is known of a bus's controller, for its picture.
    pub(super) fn picture(
        &self,
        id: BusId,
        bus: &Bus,
        (now, by_hand): (Mono, bool),
    ) -> ControllerPicture {
        let desk = self.known(id);
        let busy = desk.and_then(|desk| desk.busy.as_ref());
        ControllerPicture {
            restarts: desk.map_or(0, |desk| desk.restarts),
            restarting: matches!(busy, Some((_, Busy::Restart))),
            scan: busy.and_then(|(_, busy)| match busy {
                Busy::Scan(scan) => {
                    let (done, of) = scan.progress();
                    Some(ScanPicture { rate: scan.rate(), done, of })
                }
                Busy::Restart => None,
            }),
            last: desk.and_then(|desk| desk.last.clone()),
            report: desk.and_then(|desk| desk.report.clone()),
            no_restart: self.no_restart(id, bus, now),
            no_scan: self.no_scan(id, bus, by_hand),
        }
    }
}

fn work_of(next: Next) -> Option<ControlWork> {
    match next {
        Next::Wait => None,
        Next::ListenAt(rate) => Some(ControlWork::ListenAt(rate)),
        Next::Restore => Some(ControlWork::Restore),
    }
}

/// What a bus is that has no controller.
fn nothing_to_set(bus: &Bus) -> Option<&'static str> {
    match bus.address() {
        Address::SocketCan(_) | Address::Slcan(_) => None,
        Address::Virtual(_) => Some("exists inside Busbar only"),
        Address::Replay(_) => Some("is a recording"),
        Address::Tcp { .. } => Some("leads to a supply that is spoken to in text"),
    }
}

fn line(now: Now, action: &'static str, bus: &str, text: &str, done: bool) -> Entry {
    Entry {
        at: now.wall,
        who: Who::SendControl.to_string(),
        face: Face::Inside.code(),
        address: None,
        action,
        target: bus.to_owned(),
        before: None,
        after: None,
        outcome: if done { Outcome::Done } else { Outcome::Failed },
        note: Some(text.to_owned()),
        of: None,
    }
}

//! When the watchdog is needed: from the first command to a charger that would go on without this
//! program until nothing charges any more. A charger on a virtual bus lives within the program and
//! dies with it, so nothing is held there.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::base::id::BusId;
use crate::base::time::Mono;
use crate::engine::can::address::Address;
use crate::engine::can::frame::Frame;
use crate::engine::hub::BusPlan;
use crate::engine::watchdog::{Hold, Keeper};

/// Where the program is that is started as the watchdog, once somebody has said.
pub(super) type Program = Arc<OnceLock<PathBuf>>;

/// What must be stopped if this program dies, and the watchdog while it holds some of it.
pub(super) struct Sentinel {
    program: Program,
    /// By bus and by the stop that a command is recognised by, what is to be held.
    holds: Vec<(BusId, Frame, Hold)>,
    keeper: Option<Keeper>,
    /// Watchdogs that were let go; each ends by itself within a moment.
    leaving: Vec<Keeper>,
}

impl Sentinel {
    pub(super) const fn new(program: Program) -> Self {
        Self { program, holds: Vec::new(), keeper: None, leaving: Vec::new() }
    }

    /// Another plant: other chargers.
    pub(super) fn plan(&mut self, buses: &[BusPlan]) {
        self.holds = buses.iter().flat_map(holds).collect();
    }

    /// Frames are about to go to a bus. A command that is no stop is held first.
    ///
    /// # Errors
    /// The watchdog cannot be started, or has ended: why, in a sentence.
    pub(super) fn sends(&mut self, now: Mono, bus: BusId, frames: &[Frame]) -> Result<(), String> {
        let Some(hold) = self.held_by(bus, frames) else { return Ok(()) };
        // Nobody said where it is: a test, or a program that is itself only a part.
        let Some(program) = self.program.get() else { return Ok(()) };
        let keeper = match &mut self.keeper {
            Some(keeper) => keeper,
            none => {
                let started = Keeper::start(program);
                let cannot = |error| format!("the watchdog cannot be started: {error}");
                none.insert(started.map_err(cannot)?)
            }
        };
        let told = keeper.hold(hold).and_then(|()| keeper.beat(now));
        told.map_err(|gone| {
            self.keeper = None;
            gone.to_string()
        })
    }

    fn held_by(&self, bus: BusId, frames: &[Frame]) -> Option<Hold> {
        let commands = |stop: &Frame| {
            let content = stop.view().data.to_vec();
            frames.iter().any(|one| one.id() == stop.id() && one.view().data != content)
        };
        let here = self.holds.iter().filter(|(own, _, _)| *own == bus);
        here.filter(|(_, stop, _)| commands(stop)).map(|(_, _, hold)| hold.clone()).next()
    }

    /// The hub decides.
    ///
    /// # Errors
    /// The watchdog has ended: what it held was stopped.
    pub(super) fn beat(&mut self, now: Mono) -> Result<(), String> {
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        keeper.beat(now).map_err(|gone| {
            self.keeper = None;
            gone.to_string()
        })
    }

    /// Nothing charges any more.
    pub(super) fn rest(&mut self) {
        self.leaving.retain(|keeper| !keeper.has_ended());
        if let Some(mut keeper) = self.keeper.take() {
            keeper.release();
            self.leaving.push(keeper);
        }
    }
}

fn holds(plan: &BusPlan) -> Vec<(BusId, Frame, Hold)> {
    let stops = plan.sending.iter().flat_map(|sending| &sending.stops);
    let hold = |stop: &Frame| match (&plan.address, &plan.supply) {
        (Address::Tcp { .. }, Some((target, _))) => Some(Hold::Supply(target.clone())),
        (Address::SocketCan(interface), _) => {
            Some(Hold::Can { interface: interface.clone(), stop: *stop })
        }
        (Address::Tcp { .. } | Address::Virtual(_) | Address::Replay(_), _) => None,
    };
    stops.filter_map(|stop| Some((plan.bus, *stop, hold(stop)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device::Catalog;
    use crate::engine::hub::SendingPlan;

    fn plan(bus: u16, address: &str) -> BusPlan {
        let kind = Arc::clone(Catalog::builtin().find("elcon-tc").unwrap());
        let device = kind.bind(kind.defaults()).unwrap();
        let stops = vec![device.charger_frame(None).unwrap()];
        BusPlan {
            bus: BusId(bus),
            name: "b".into(),
            address: address.parse().unwrap(),
            scene: None,
            hand: None,
            sending: Some(SendingPlan { stops, ..SendingPlan::default() }),
            supply: None,
        }
    }

    #[test]
    fn a_command_is_held_and_a_stop_is_not() {
        let mut sentinel = Sentinel::new(Program::default());
        sentinel.plan(&[plan(0, "virtual:demo"), plan(1, "socketcan:can0")]);
        let kind = Arc::clone(Catalog::builtin().find("elcon-tc").unwrap());
        let device = kind.bind(kind.defaults()).unwrap();
        let give = device.charger_frame(Some((160.0, 5.0))).unwrap();
        let stop = device.charger_frame(None).unwrap();
        assert_eq!(sentinel.held_by(BusId(0), &[give]), None, "it dies with the program");
        assert_eq!(sentinel.held_by(BusId(1), &[stop]), None);
        let held = sentinel.held_by(BusId(1), &[give]);
        assert_eq!(held, Some(Hold::Can { interface: "can0".into(), stop }));
    }

    #[test]
    fn a_watchdog_that_cannot_be_started_is_said() {
        let program = Program::default();
        program.set("/nowhere/busbar".into()).unwrap();
        let mut sentinel = Sentinel::new(program);
        sentinel.plan(&[plan(1, "socketcan:can0")]);
        let kind = Arc::clone(Catalog::builtin().find("elcon-tc").unwrap());
        let device = kind.bind(kind.defaults()).unwrap();
        let give = device.charger_frame(Some((160.0, 5.0))).unwrap();
        let said = sentinel.sends(Mono::ZERO, BusId(1), &[give]).unwrap_err();
        assert!(said.contains("cannot be started"), "{said}");
    }
}

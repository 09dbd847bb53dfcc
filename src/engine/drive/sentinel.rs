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
use crate::engine::watchdog::{Hold, Keeper, MOST_HELD};

/// Where the program is that is started as the watchdog, once somebody has said.
pub(super) type Program = Arc<OnceLock<PathBuf>>;

/// The watchdog of a bus has died during a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lapse {
    /// The bus.
    pub(super) bus: BusId,
    /// What that means, in a sentence.
    pub(super) text: String,
    /// Whether the charge goes on.
    pub(super) goes_on: bool,
}

/// Said where the charge goes on.
const GOES_ON: &str = "The watchdog process has died during a charge and was started again. If it dies once more, the charge ends.";
/// Said where it does not.
const ENDS: &str =
    "the watchdog process has died: nothing would switch the charger off if Busbar died too";

/// What must be stopped if this program dies, and the watchdog while it holds some of it.
pub(super) struct Sentinel {
    program: Program,
    /// By bus and by the stop that a command is recognised by, what is to be held.
    holds: Vec<(BusId, Frame, Hold)>,
    keeper: Option<Keeper>,
    /// What the present watchdog holds, and on which bus.
    held: Vec<(BusId, Hold)>,
    /// A watchdog has died since something began to charge.
    lapsed: bool,
    /// What the hub has not heard yet.
    told: Vec<Lapse>,
    /// Watchdogs that were let go; each ends by itself within a moment.
    leaving: Vec<Keeper>,
}

impl Sentinel {
    pub(super) const fn new(program: Program) -> Self {
        Self {
            program,
            holds: Vec::new(),
            keeper: None,
            held: Vec::new(),
            lapsed: false,
            told: Vec::new(),
            leaving: Vec::new(),
        }
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
        let one = (bus, hold);
        if !self.held.contains(&one) && self.held.len() >= MOST_HELD {
            return Err(format!("the watchdog holds {MOST_HELD} chargers, which is the most"));
        }
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
        let told = keeper.hold(one.1.clone()).and_then(|()| keeper.beat(now));
        if !self.held.contains(&one) {
            self.held.push(one);
        }
        match told {
            Ok(()) => Ok(()),
            Err(_gone) => match self.lapse(now) {
                // Another one holds it now.
                lapses if lapses.iter().all(|lapse| lapse.goes_on) => {
                    self.told.extend(lapses);
                    Ok(())
                }
                lapses => Err(lapses.into_iter().map(|lapse| lapse.text).collect()),
            },
        }
    }

    /// The watchdog has died while it held something. A charger on CAN stops by itself when it is told
    /// nothing, so its charge goes on under another watchdog, once. A supply has no such time of its
    /// own: without the watchdog nothing would end its current if this program died, so its charge
    /// ends, and so does every charge whose watchdog dies for a second time.
    fn lapse(&mut self, now: Mono) -> Vec<Lapse> {
        let again = std::mem::replace(&mut self.lapsed, true);
        if let Some(keeper) = self.keeper.take() {
            tracing::error!(process = keeper.process(), "the watchdog process has died");
        }
        let held = std::mem::take(&mut self.held);
        let (on_can, ends): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|(_, hold)| matches!(hold, Hold::Can { .. }) && !again);
        let ended = |(bus, _)| Lapse { bus, text: ENDS.to_owned(), goes_on: false };
        let mut lapses: Vec<Lapse> = ends.into_iter().map(ended).collect();
        if on_can.is_empty() {
            return lapses;
        }
        match self.replace(now, &on_can) {
            Ok(()) => {
                let goes_on = |(bus, _): &(BusId, Hold)| Lapse {
                    bus: *bus,
                    text: GOES_ON.to_owned(),
                    goes_on: true,
                };
                lapses.extend(on_can.iter().map(goes_on));
                self.held = on_can;
            }
            Err(why) => {
                let text = format!("{ENDS} ({why})");
                let ended = |(bus, _)| Lapse { bus, text: text.clone(), goes_on: false };
                lapses.extend(on_can.into_iter().map(ended));
            }
        }
        lapses
    }

    /// Another watchdog holds this.
    fn replace(&mut self, now: Mono, held: &[(BusId, Hold)]) -> Result<(), String> {
        let program = self.program.get().ok_or("nobody said where the program is")?;
        let mut keeper = Keeper::start(program).map_err(|error| error.to_string())?;
        let told = held.iter().try_for_each(|(_, hold)| keeper.hold(hold.clone()));
        told.and_then(|()| keeper.beat(now)).map_err(|gone| gone.to_string())?;
        self.keeper = Some(keeper);
        Ok(())
    }

    fn held_by(&self, bus: BusId, frames: &[Frame]) -> Option<Hold> {
        let commands = |stop: &Frame| {
            let content = stop.view().data.to_vec();
            frames.iter().any(|one| one.id() == stop.id() && one.view().data != content)
        };
        let here = self.holds.iter().filter(|(own, _, _)| *own == bus);
        here.filter(|(_, stop, _)| commands(stop)).map(|(_, _, hold)| hold.clone()).next()
    }

    /// The hub decides. Gives what has happened to the watchdog since this was last asked.
    pub(super) fn beat(&mut self, now: Mono) -> Vec<Lapse> {
        let mut lapses = std::mem::take(&mut self.told);
        if self.keeper.as_mut().is_some_and(|keeper| keeper.beat(now).is_err()) {
            lapses.extend(self.lapse(now));
        }
        lapses
    }

    /// What is held must be stopped now, and not from here: the watchdog loses its pipe and does it.
    pub(super) fn act(&mut self) {
        self.keeper = None;
        self.held.clear();
    }

    /// Nothing charges any more.
    pub(super) fn rest(&mut self) {
        (self.lapsed, self.held) = (false, Vec::new());
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
        (address @ (Address::SocketCan(_) | Address::Slcan(_)), _) => {
            Some(Hold::Can { address: address.clone(), stop: *stop })
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
        assert_eq!(held, Some(Hold::Can { address: "socketcan:can0".parse().unwrap(), stop }));
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

    #[test]
    fn more_than_the_watchdog_holds_is_not_commanded() {
        let mut sentinel = Sentinel::new(Program::default());
        sentinel.plan(&[plan(1, "socketcan:can0")]);
        let kind = Arc::clone(Catalog::builtin().find("elcon-tc").unwrap());
        let device = kind.bind(kind.defaults()).unwrap();
        let give = device.charger_frame(Some((160.0, 5.0))).unwrap();
        let hold = sentinel.held_by(BusId(1), &[give]).unwrap();
        sentinel.held = (0..MOST_HELD as u16).map(|n| (BusId(n + 2), hold.clone())).collect();
        let said = sentinel.sends(Mono::ZERO, BusId(1), &[give]).unwrap_err();
        assert!(said.contains("the watchdog holds 32 chargers"), "{said}");
        sentinel.held.pop();
        sentinel.sends(Mono::ZERO, BusId(1), &[give]).unwrap();
    }

    #[cfg(unix)]
    mod deaths {
        use std::os::unix::fs::PermissionsExt as _;
        use std::process::Command;
        use std::time::Duration;

        use super::*;
        use crate::base::time::{Clock as _, SystemClock};
        use crate::engine::supply::{Brand, Target};

        const BUS: BusId = BusId(1);

        /// A program that listens as the watchdog does, and is a process of its own.
        fn program(folder: &std::path::Path) -> Program {
            let file = folder.join("listener");
            std::fs::write(&file, "#!/bin/sh\nexec cat >/dev/null\n").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).unwrap();
            let program = Program::default();
            program.set(file).unwrap();
            program
        }

        fn command() -> Frame {
            let kind = Arc::clone(Catalog::builtin().find("elcon-tc").unwrap());
            let device = kind.bind(kind.defaults()).unwrap();
            device.charger_frame(Some((160.0, 5.0))).unwrap()
        }

        fn kill(sentinel: &Sentinel) -> u32 {
            let process = sentinel.keeper.as_ref().unwrap().process();
            let killed = Command::new("kill").args(["-9", &process.to_string()]).status();
            assert!(killed.unwrap().success());
            process
        }

        /// Beats until something is said.
        fn said(sentinel: &mut Sentinel, clock: &SystemClock) -> Vec<Lapse> {
            let (_never, quiet) = crossbeam_channel::bounded::<()>(0);
            for _ in 0..2_000 {
                let lapses = sentinel.beat(clock.now());
                if !lapses.is_empty() {
                    return lapses;
                }
                let _timeout = quiet.recv_timeout(Duration::from_millis(10));
            }
            Vec::new()
        }

        #[test]
        fn on_can_a_watchdog_that_is_killed_is_replaced_once_and_then_the_charge_ends() {
            let folder = tempfile::tempdir().unwrap();
            let clock = SystemClock::new();
            let mut sentinel = Sentinel::new(program(folder.path()));
            sentinel.plan(&[plan(1, "socketcan:can0")]);
            sentinel.sends(clock.now(), BUS, &[command()]).unwrap();
            let first = kill(&sentinel);
            let text = GOES_ON.to_owned();
            assert_eq!(said(&mut sentinel, &clock), [Lapse { bus: BUS, text, goes_on: true }]);
            assert_ne!(kill(&sentinel), first, "another one holds it");
            let text = ENDS.to_owned();
            assert_eq!(said(&mut sentinel, &clock), [Lapse { bus: BUS, text, goes_on: false }]);
            // The next charge begins anew.
            sentinel.rest();
            sentinel.sends(clock.now(), BUS, &[command()]).unwrap();
            kill(&sentinel);
            assert!(said(&mut sentinel, &clock).iter().all(|lapse| lapse.goes_on));
        }

        #[test]
        fn of_a_supply_the_charge_ends_when_its_watchdog_is_killed() {
            let folder = tempfile::tempdir().unwrap();
            let clock = SystemClock::new();
            let mut sentinel = Sentinel::new(program(folder.path()));
            let target = Target {
                brand: Brand::ALL[0],
                host: "127.0.0.1".into(),
                port: 1,
                number: 1,
                volts: crate::base::units::Volts(30.0),
                amps: crate::base::units::Amps(3.0),
            };
            let hold = Hold::Supply(target);
            let stop = plan(1, "socketcan:can0").sending.unwrap().stops[0];
            sentinel.holds = vec![(BUS, stop, hold)];
            sentinel.sends(clock.now(), BUS, &[command()]).unwrap();
            kill(&sentinel);
            let text = ENDS.to_owned();
            assert_eq!(said(&mut sentinel, &clock), [Lapse { bus: BUS, text, goes_on: false }]);
            assert!(sentinel.keeper.is_none());
        }
    }
}

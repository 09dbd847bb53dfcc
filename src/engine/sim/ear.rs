//! What the devices of a world listen to: a handful of ids, and what a frame with one of them
//! means, taken apart by the device folders. Everything else on the bus is not looked at.

use super::charger::{Charging, Command};
use super::driver::Dashboard;
use crate::engine::can::frame::{FrameRef, Id};
use crate::engine::device::{BatteryFact, ChargerControl, Device, Fact, PackState, Taken};

/// Whose message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ear {
    /// A BMU, by number: the driver looks at its dashboard.
    Bmu(usize),
    /// A battery of the second generation, by number: it follows its commands.
    Second(usize),
    /// Driver controls: the BMUs follow the key.
    Controls,
    /// Whoever commands the charger.
    Charger,
}

/// What was understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Heard {
    /// The key.
    Switches(u16),
    /// What the charger is to do.
    Command(Command),
    /// What a battery of the second generation is to do.
    Commanded(u8),
    /// State of a BMU's contactors.
    State(PackState),
    /// Room to the balance threshold, millivolts.
    Room(f64),
    /// State of charge, percent.
    Soc(f64),
}

impl Heard {
    /// Puts it on a dashboard.
    pub(super) const fn show(self, board: &mut Dashboard) {
        match self {
            Self::State(state) => board.state = Some(state),
            Self::Room(mv) => board.room_mv = mv,
            Self::Soc(percent) => board.soc_percent = Some(percent),
            Self::Switches(_) | Self::Command(_) | Self::Commanded(_) => {}
        }
    }

    fn of(fact: &Fact) -> Option<Self> {
        match fact {
            Fact::Switches(switches) => Some(Self::Switches(switches.word)),
            Fact::ChargerCommand(command) => Some(Self::Command(Command {
                volts: command.voltage.get(),
                amps: command.current.get(),
                charge: match command.control {
                    ChargerControl::Charge => Charging::Go,
                    ChargerControl::Stop
                    | ChargerControl::Sleep
                    | ChargerControl::Undocumented(_) => Charging::Stop,
                },
            })),
            Fact::Precharge(precharge) => Some(Self::State(precharge.state)),
            Fact::Headroom(headroom) => Some(Self::Room(f64::from(headroom.charge.get()))),
            Fact::Charge { soc, .. } => soc.map(|soc| Self::Soc(soc.get())),
            Fact::Battery(BatteryFact::Commanded(command)) => Some(Self::Commanded(*command)),
            Fact::Heartbeat { .. }
            | Fact::Answer { .. }
            | Fact::Module { .. }
            | Fact::Cells { .. }
            | Fact::Cell { .. }
            | Fact::BalanceCharge { .. }
            | Fact::CellRange { .. }
            | Fact::TemperatureRange { .. }
            | Fact::Totals { .. }
            | Fact::Balance { .. }
            | Fact::Flags { .. }
            | Fact::Fans(_)
            | Fact::Hardware { .. }
            | Fact::ChargerOutput { .. }
            | Fact::Drive { .. }
            | Fact::DrivePower { .. }
            | Fact::Reading { .. }
            | Fact::Lamp { .. }
            | Fact::Battery(_) => None,
        }
    }
}

/// The ids that are listened to, and the folders that understand them.
#[derive(Clone, Debug, Default)]
pub(super) struct Ears {
    ids: Vec<(Id, usize)>,
    devices: Vec<(Ear, Device)>,
    facts: Vec<Fact>,
}

impl Ears {
    /// Listens to some messages of a device.
    pub(super) fn listen(&mut self, ear: Ear, device: &Device, ids: &[Id]) {
        self.ids.extend(ids.iter().map(|&id| (id, self.devices.len())));
        self.devices.push((ear, device.clone()));
    }

    /// Whether anybody listens to an id.
    pub(super) fn listens(&self, id: Id) -> bool {
        self.ids.iter().any(|(known, _)| *known == id)
    }

    /// What a frame says, and whose word it is.
    pub(super) fn understand(&mut self, frame: FrameRef<'_>) -> Option<(Ear, Heard)> {
        let id = frame.id();
        let (_, device) = self.ids.iter().find(|(known, _)| *known == id)?;
        let (ear, device) = self.devices.get_mut(*device)?;
        self.facts.clear();
        match device.take(frame, &mut self.facts) {
            Taken::Known => self.facts.iter().find_map(Heard::of).map(|heard| (*ear, heard)),
            Taken::Malformed | Taken::Foreign => None,
        }
    }
}

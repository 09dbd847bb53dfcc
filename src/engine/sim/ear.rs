//! What the devices of a world listen to: a handful of ids, and what a frame with one of them
//! means. Everything else on the bus is not looked at.

use super::bmu::Bmu;
use super::charger::{Charger, Charging, Command};
use super::driver::{Dashboard, Driver};
use super::wire::{BmuWire, ChargerWire, ControlsWire, Slot};
use crate::engine::can::frame::{FrameRef, Id, Kind};
use crate::engine::can::guard::Allow;

/// Whose message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ear {
    Bmu(usize),
    Controls,
    Charger,
}

/// What was understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Heard {
    Nothing,
    Switches(u16),
    Command(Command),
    State(u8),
    Room(f64),
    Soc(f64),
}

impl Heard {
    /// Puts it on a dashboard.
    pub(super) const fn show(self, board: &mut Dashboard) {
        match self {
            Self::State(state) => board.state = Some(state),
            Self::Room(mv) => board.room_mv = mv,
            Self::Soc(percent) => board.soc_percent = Some(percent),
            Self::Nothing | Self::Switches(_) | Self::Command(_) => {}
        }
    }
}

/// The ids that are listened to.
#[derive(Clone, Debug)]
pub(super) struct Ears {
    ids: Vec<(Id, Ear)>,
    allow: Vec<Allow>,
}

impl Ears {
    /// What the devices of a world listen to and say.
    pub(super) fn new(
        bmus: &[(Bmu, BmuWire)],
        charger: Option<&(Charger, ChargerWire)>,
        driver: Option<&(Driver, ControlsWire)>,
    ) -> Self {
        let mut ids = Vec::new();
        let mut slots: Vec<&Slot> = Vec::new();
        for (number, (_, wire)) in bmus.iter().enumerate() {
            let heard = [&wire.precharge, &wire.headroom, &wire.charge];
            ids.extend(heard.map(|slot| (slot.id, Ear::Bmu(number))));
            slots.extend(wire.slots());
        }
        if let Some((_, wire)) = charger {
            ids.push((wire.command.id, Ear::Charger));
            slots.extend([&wire.status, &wire.command]);
        }
        let switches = driver.map_or_else(|| Id::standard(0x505), |(_, w)| Some(w.switches.id));
        ids.extend(switches.map(|id| (id, Ear::Controls)));
        if let Some((_, wire)) = driver {
            slots.extend(wire.slots());
        }
        let allow = slots.into_iter().map(allow).collect();
        Self { ids, allow }
    }

    /// Whose message an id is, where it is listened to.
    pub(super) fn find(&self, id: Id) -> Option<Ear> {
        self.ids.iter().find(|(known, _)| *known == id).map(|(_, ear)| *ear)
    }

    /// What a frame says.
    pub(super) fn understand(&self, ear: Ear, frame: FrameRef<'_>) -> Heard {
        let &[a, b, c, d, e, f, g, h] = frame.data else { return Heard::Nothing };
        match ear {
            Ear::Controls => Heard::Switches(u16::from_le_bytes([a, b])),
            Ear::Charger => Heard::Command(Command {
                volts: f64::from(u16::from_be_bytes([a, b])) / 10.0,
                amps: f64::from(u16::from_be_bytes([c, d])) / 10.0,
                charge: if e == 0 { Charging::Go } else { Charging::Stop },
            }),
            Ear::Bmu(_) => match frame.id().raw() & 0xFF {
                0xF4 => Heard::Soc(f64::from(f32::from_le_bytes([e, f, g, h])) * 100.0),
                0xF6 => Heard::Room(f64::from(i16::from_le_bytes([a, b]))),
                0xF7 => Heard::State(b),
                _ => Heard::Nothing,
            },
        }
    }

    /// What a guard must let through for the devices to speak.
    pub(super) fn allow(&self) -> Vec<Allow> {
        self.allow.clone()
    }
}

fn allow(slot: &Slot) -> Allow {
    Allow {
        id: slot.id,
        kind: Kind::Data,
        len: 8,
        every: std::time::Duration::from_millis(20),
        ranges: Vec::new(),
        stops: false,
    }
}

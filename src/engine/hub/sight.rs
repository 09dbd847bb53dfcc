//! What charging sees of the plant, and how what it says becomes frames. The plant keeps what was
//! heard; here it is looked at from the side of a pack and of a charger.

use std::sync::Arc;

use crate::base::id::{BusId, ComponentId, Name};
use crate::base::time::Mono;
use crate::engine::can::address::Address;
use crate::engine::can::frame::{Frame, Id};
use crate::engine::can::guard::{Block, Reach};
use crate::engine::charge::{ChargerView, Foreign, Message, PackView, Rating};
use crate::engine::device::{Catalog, Device, Switching};
use crate::engine::hub::bus::Bus;
use crate::engine::hub::event::{HandPlan, SendingPlan};
use crate::engine::hub::plant::{Component, Model, Plant};
use crate::engine::pack::Lapse;
use crate::engine::supply::{Brand, Target};

/// Kind of the device in whose place the switches are sent.
const KEY_KIND: &str = "ev-driver-controls";
/// Messages of it.
const SWITCHES: &str = "EVDC_Switches";
const HEARTBEAT: &str = "EVDC_Heartbeat";
/// Device number of driver controls (protocol note, section 1), and the serial number that says that
/// it is a console.
const CONTROLS_ID: f64 = 4098.0;
const CONTROLS_SERIAL: f64 = 1.0;

/// Message of a second generation by which it is commanded, and the value that says so.
const COMMANDS: &str = "G2_Commands";
const COMMAND_UPDATE: f64 = 1.0;

/// Bits of the switch word, by the names of their signals.
const KEY_BITS: [(u16, &str); 3] = [(0x10, "Accessories"), (0x20, "Run"), (0x40, "Start")];

impl Plant {
    pub(super) fn component(&self, id: ComponentId) -> Option<&Component> {
        self.components.get(usize::from(id.0))
    }

    pub(super) fn bus(&self, id: BusId) -> Option<&Bus> {
        self.buses.get(usize::from(id.0))
    }

    pub(super) fn bus_mut(&mut self, id: BusId) -> Option<&mut Bus> {
        self.buses.get_mut(usize::from(id.0))
    }

    /// The chargers, in the order of the profile.
    pub(super) fn chargers(&self) -> Vec<ComponentId> {
        let all = self.components.iter().enumerate();
        all.filter(|(_, one)| matches!(one.model, Model::Charger(_)))
            .map(|(at, _)| ComponentId(at as u16))
            .collect()
    }

    /// The name of a component.
    pub(super) fn name_of(&self, id: ComponentId) -> Option<&Name> {
        self.component(id).map(|component| &component.entry.name)
    }

    /// The buses that the batteries of a pack are on, each once.
    pub(super) fn buses_of(&self, bmus: &[ComponentId]) -> Vec<BusId> {
        let mut buses: Vec<BusId> =
            bmus.iter().filter_map(|id| self.component(*id)).map(|one| one.bus).collect();
        buses.sort_unstable_by_key(|bus| bus.0);
        buses.dedup();
        buses
    }

    /// The worst of the batteries of a pack.
    pub(super) fn pack_view(&self, bmus: &[ComponentId], now: Mono) -> PackView {
        let mut whole: Option<PackView> = None;
        for (member, id) in bmus.iter().enumerate() {
            let one = self.battery_view(*id, member as u8, now);
            whole = Some(whole.map_or(one, |whole| whole.beside(one)));
        }
        whole.unwrap_or_default()
    }

    fn battery_view(&self, id: ComponentId, member: u8, now: Mono) -> PackView {
        let nothing = PackView { bmus: 1, ..PackView::default() };
        let Some(component) = self.component(id) else { return nothing };
        let Some(bus) = self.bus(component.bus) else { return nothing };
        match &component.model {
            Model::Bms(pack) => PackView {
                foreign_key: bus.foreign_key(bus.now(now)),
                bus_ok: bus.can_send(now),
                ..PackView::of(&pack.glance(bus.now(now)), member)
            },
            Model::Charger(_) | Model::DriverControls(_) | Model::Part => nothing,
        }
    }

    /// What is known of a charger.
    pub(super) fn charger_view(&self, id: ComponentId, now: Mono) -> ChargerView {
        let Some(component) = self.component(id) else { return ChargerView::default() };
        let Some(bus) = self.bus(component.bus) else { return ChargerView::default() };
        let Model::Charger(charger) = &component.model else { return ChargerView::default() };
        let glance = charger.glance(bus.now(now));
        ChargerView {
            age: glance.age,
            voltage: glance.voltage,
            current: glance.current,
            faults: glance.faults,
            rating: component.rating(),
            foreign: glance.foreign.map(|(ago, command)| Foreign { ago, command }),
            bus_ok: bus.can_send(now),
        }
    }

    /// Chargers that went on for a measured time after the last command of this program.
    pub(super) fn take_lapses(&mut self) -> Vec<(Name, Lapse)> {
        let mut lapses = Vec::new();
        for component in &mut self.components {
            if let Model::Charger(charger) = &mut component.model
                && let Some(lapse) = charger.take_lapse()
            {
                lapses.push((component.entry.name.clone(), lapse));
            }
        }
        lapses
    }

    /// The devices in whose place the switches are sent, one for each bus of a pack.
    pub(super) fn key_voices(
        &self,
        bmus: &[ComponentId],
        catalog: &Catalog,
    ) -> Vec<(BusId, Device)> {
        let keyed = bmus
            .iter()
            .copied()
            .filter(|id| self.component(*id).is_some_and(|one| one.switching() == Switching::Key));
        let buses = self.buses_of(&keyed.collect::<Vec<_>>()).into_iter();
        buses.filter_map(|bus| Some((bus, self.key_voice(bus, catalog)?))).collect()
    }

    fn key_voice(&self, bus: BusId, catalog: &Catalog) -> Option<Device> {
        let here = self.components.iter().filter(|one| one.bus == bus);
        let mut own = here.filter(|one| matches!(one.model, Model::DriverControls(_)));
        if let Some(component) = own.next() {
            return Some(component.device.clone());
        }
        let kind = catalog.find(KEY_KIND)?;
        // The kind's own settings always fit it.
        Arc::clone(kind).bind(kind.defaults()).ok()
    }

    /// The batteries of a pack that are commanded themselves, each on its bus.
    pub(super) fn commanded(&self, bmus: &[ComponentId]) -> Vec<(BusId, Device)> {
        let all = bmus.iter().filter_map(|id| self.component(*id));
        let commanded = all.filter(|one| one.switching() == Switching::Command);
        commanded.map(|one| (one.bus, one.device.clone())).collect()
    }

    /// The supply that a bus of text leads to, with what it may be set to at most.
    pub(super) fn supply(&self, bus: BusId) -> Option<(Target, Device)> {
        let Address::Tcp { host, port } = self.bus(bus)?.address() else { return None };
        let component = self.components.iter().find(|one| one.bus == bus)?;
        let brand = Brand::of(&component.kind.manifest.id)?;
        let most = component.rating()?;
        let (host, port) = (host.clone(), *port);
        let number = component.device.settings().base;
        let target = Target { brand, host, port, number, volts: most.volts, amps: most.amps };
        Some((target, component.device.clone()))
    }

    /// What may be sent to a bus: to its chargers, and in the vehicle's place where it has batteries.
    pub(super) fn sending(&self, bus: BusId) -> Option<SendingPlan> {
        let mut plan = SendingPlan::default();
        let here = || self.components.iter().filter(move |one| one.bus == bus);
        if self.packs.is_empty() || self.bus(bus)?.why_mute().is_some() {
            return None;
        }
        for component in here() {
            let extended = |claim: crate::engine::device::Claim| Block {
                ids: claim.ids,
                extended: claim.extended,
            };
            plan.blocks.extend(component.device.nevers().into_iter().map(extended));
            if let Model::Charger(_) = component.model {
                let most = component.rating();
                let (volts, amps) = most.map_or((0.0, 0.0), |m| (m.volts.get(), m.amps.get()));
                plan.rules.extend(component.device.allows_up_to(volts, amps));
                plan.stops.extend(charger_frame(&component.device, Message::Stop));
            }
        }
        for component in here().filter(|one| one.switching() == Switching::Command) {
            let rules = component.device.allows();
            plan.held.extend(rules.iter().map(|rule| rule.id));
            plan.rules.extend(rules);
        }
        if here().any(|one| one.switching() == Switching::Key) {
            let device = self.key_voice(bus, &Catalog::builtin())?;
            let blocks = device.nevers().into_iter();
            plan.blocks.extend(blocks.map(|c| Block { ids: c.ids, extended: c.extended }));
            plan.held.extend(key_frame(&device, 0).map(|frame| frame.id()));
            plan.rules.extend(device.allows());
        }
        (!plan.rules.is_empty()).then_some(plan)
    }
}

impl Plant {
    /// Its buses.
    pub(super) fn bus_ids(&self) -> impl Iterator<Item = BusId> + use<> {
        (0..self.buses.len()).map(|at| BusId(at as u16))
    }

    /// The bus of this name.
    pub(super) fn bus_named(&self, name: &Name) -> Option<BusId> {
        self.buses.iter().position(|bus| bus.name() == name).map(|at| BusId(at as u16))
    }

    /// What people may not send to a bus by hand; `None`: nothing can be sent to it so.
    pub(super) fn hand(&self, bus: BusId) -> Option<HandPlan> {
        let reach = self.reach(bus)?;
        let fits = self.bus(bus)?.why_not_by_hand().is_none();
        fits.then(|| HandPlan { blocks: self.blocked_ids(bus), reach })
    }

    /// Whether a bus is within the program.
    pub(super) fn reach(&self, bus: BusId) -> Option<Reach> {
        Some(match self.bus(bus)?.address() {
            Address::Virtual(_) => Reach::Within,
            Address::SocketCan(_)
            | Address::Slcan(_)
            | Address::Replay(_)
            | Address::Tcp { .. } => Reach::Wire,
        })
    }

    /// Whether a device of the profile is on a bus.
    pub(super) fn has_devices(&self, bus: BusId) -> bool {
        self.components.iter().any(|component| component.bus == bus)
    }

    /// The ids that are never sent to a bus: those by which its devices are set up.
    pub(super) fn blocked_ids(&self, bus: BusId) -> Vec<Block> {
        let here = self.components.iter().filter(|one| one.bus == bus);
        let claims = here.flat_map(|component| component.device.nevers());
        claims.map(|claim| Block { ids: claim.ids, extended: claim.extended }).collect()
    }

    /// The ids by which a charge commands chargers and contactors on a bus.
    pub(super) fn charging_ids(&self, bus: BusId) -> Vec<Id> {
        let plan = self.sending(bus).unwrap_or_default();
        plan.rules.iter().map(|rule| rule.id).collect()
    }

    /// The battery or charger that reports with this id on a bus: what a charge goes by.
    pub(super) fn reporter(&self, bus: BusId, id: Id) -> Option<&Component> {
        let owns = |one: &&Component| {
            one.device
                .claims()
                .into_iter()
                .any(|claim| Block { ids: claim.ids, extended: claim.extended }.holds(id))
        };
        let here = self.components.iter().filter(|one| one.bus == bus);
        let mut measured = here.filter(|one| match one.model {
            Model::Bms(_) | Model::Charger(_) => true,
            Model::DriverControls(_) | Model::Part => false,
        });
        measured.find(owns).filter(|_| !self.charging_ids(bus).contains(&id))
    }
}

impl Component {
    /// How its contactors are worked; none of what is no battery.
    pub(super) fn switching(&self) -> Switching {
        match self.model {
            Model::Bms(_) => self.device.tells().switching,
            Model::Charger(_) | Model::DriverControls(_) | Model::Part => Switching::Unknown,
        }
    }

    /// What it can give at most, where it is a charger and anybody has said.
    pub(super) fn rating(&self) -> Option<Rating> {
        self.entry.rating(&self.kind)
    }
}

/// The frame by which a charger is told something; `None` where it cannot be told so.
pub(super) fn charger_frame(device: &Device, message: Message) -> Option<Frame> {
    match message {
        Message::Give { volts, amps } => device.charger_frame(Some((volts.get(), amps.get()))),
        Message::Stop => device.charger_frame(None),
        Message::Key(_) | Message::Command(_) | Message::Heartbeat => None,
    }
}

/// The frame of a switch word.
pub(super) fn key_frame(device: &Device, word: u16) -> Option<Frame> {
    let bit = |(bit, name): (u16, &'static str)| (name, f64::from(u8::from(word & bit != 0)));
    device.encode(SWITCHES, &KEY_BITS.map(bit)).ok()
}

/// The frame of a command to a battery of the second generation.
pub(super) fn command_frame(device: &Device, command: u8) -> Option<Frame> {
    let values = [("Command", f64::from(command)), ("CommandType", COMMAND_UPDATE)];
    device.encode(COMMANDS, &values).ok()
}

/// The frame of the vehicle's heartbeat.
pub(super) fn heartbeat_frame(device: &Device) -> Option<Frame> {
    let values = [("DeviceId", CONTROLS_ID), ("SerialOrAnswer", CONTROLS_SERIAL)];
    device.encode(HEARTBEAT, &values).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::{Amps, Volts};
    use crate::engine::device::{AddressWay, Kind, Settings};

    fn device(kind: &str) -> Device {
        let catalog = Catalog::builtin();
        let kind = catalog.find(kind).unwrap();
        kind.bind(kind.defaults()).unwrap()
    }

    #[test]
    fn a_charger_is_told_in_the_bytes_that_were_recorded() {
        let charger = device("elcon-tc");
        let told = |volts, amps| {
            charger_frame(&charger, Message::Give { volts: Volts(volts), amps: Amps(amps) })
        };
        let frame = told(160.0, 5.0).unwrap();
        assert_eq!(frame.id().raw(), 0x1806_E5F4);
        assert_eq!(frame.view().data, [0x06, 0x40, 0x00, 0x32, 0, 0, 0, 0]);
        // Never more than was said.
        assert_eq!(told(160.0, 5.09).unwrap().view().data[3], 0x32);
        assert_eq!(told(16.1, 16.1).unwrap().view().data, [0, 161, 0, 161, 0, 0, 0, 0]);
        assert!(told(f64::NAN, 5.0).is_none() && told(160.0, -0.1).is_none());
        let stop = charger_frame(&charger, Message::Stop).unwrap();
        assert_eq!(stop.view().data, [0, 0, 0, 0, 1, 0, 0, 0]);
        let kind = Arc::clone(charger.kind());
        let second = kind.bind(Settings { base: 0xE7, ..kind.defaults() }).unwrap();
        assert_eq!(charger_frame(&second, Message::Stop).unwrap().id().raw(), 0x1806_E7F4);
    }

    #[test]
    fn the_switches_are_sent_as_a_bmu_expects_them() {
        let controls = device(KEY_KIND);
        for word in [0x0000_u16, 0x0070, 0x0030] {
            let frame = key_frame(&controls, word).unwrap();
            assert_eq!(frame.id().raw(), 0x505);
            assert_eq!(frame.view().data[..2], word.to_le_bytes());
            assert_eq!(frame.view().data[2..], [0; 6]);
        }
        let beat = heartbeat_frame(&controls).unwrap();
        assert_eq!(beat.id().raw(), 0x500);
        assert_eq!(beat.view().data, [0x02, 0x10, 0, 0, 1, 0, 0, 0]);
    }

    /// Every frame that the samples of all kinds hold, offered to the guard of every kind.
    #[test]
    fn no_guard_lets_another_devices_frames_or_a_devices_own_words_pass() {
        use crate::engine::can::guard::{Guard, Withheld};

        let catalog = Catalog::builtin();
        // What is spoken to in text is on no wire of frames.
        let text = |kind: &&Arc<Kind>| kind.manifest.address.way == AddressWay::Text;
        let kinds: Vec<_> = catalog.iter().filter(|kind| !text(kind)).cloned().collect();
        let mut offered = 0;
        for guarded in &kinds {
            let device = guarded.bind(guarded.defaults()).unwrap();
            let rules = device.allows_up_to(198.0, 46.0);
            let named: Vec<_> = rules.iter().map(|rule| rule.id).collect();
            for other in &kinds {
                let other = other.bind(other.defaults()).unwrap();
                for (_, message) in other.codec().messages() {
                    // Two dialects of one charger have the same command.
                    if named.contains(&message.id) {
                        continue;
                    }
                    let mut guard = Guard::new(rules.clone(), std::time::Duration::from_secs(1));
                    guard.beat(Mono::ZERO);
                    let frame = Frame::classic(message.id, &[0; 8]).unwrap();
                    let said = guard.clear(Mono::ZERO, frame).map(drop);
                    let id = message.id;
                    assert_eq!(said, Err(Withheld::NotListed(id)), "{}", guarded.manifest.id);
                    offered += 1;
                }
            }
        }
        assert!(offered > 60, "{offered}");
    }

    /// A charger's guard lets its commands pass up to its rating, and each of these no more.
    #[test]
    fn every_byte_of_a_command_is_looked_at() {
        use crate::engine::can::guard::Guard;

        let charger = device("elcon-tc");
        let rules = charger.allows_up_to(160.0, 16.0);
        let good = [0x06, 0x40, 0x00, 0xA0, 0, 0, 0, 0];
        let passes = |bytes: [u8; 8]| {
            let mut guard = Guard::new(rules.clone(), std::time::Duration::from_secs(1));
            guard.beat(Mono::ZERO);
            let id = charger_frame(&charger, Message::Stop).unwrap().id();
            guard.clear(Mono::ZERO, Frame::classic(id, &bytes).unwrap()).is_ok()
        };
        assert!(passes(good));
        for byte in 0..8 {
            let mut bad = good;
            bad[byte] = bad[byte].wrapping_add(2);
            assert!(!passes(bad), "byte {byte}");
        }
    }
}

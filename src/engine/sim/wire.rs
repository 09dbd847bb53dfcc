//! What the simulated devices say, as frames. Values are put into frames by the device folders,
//! the same that take them apart on the other side; here stand only the names of messages and
//! signals and who says them.

use super::world::WorldError;
use crate::engine::can::frame::{Frame, Id};

/// Folder of the simulated BMU.
pub(super) const BMU_KIND: &str = "prohelion-d1000-gen1";
/// Folder of the simulated charger.
pub(super) const CHARGER_KIND: &str = "elcon-tc";
/// Folder of the simulated driver controls.
pub(super) const CONTROLS_KIND: &str = "ev-driver-controls";

/// A message that a simulated device sends, ready to be filled.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub id: Id,
    pub name: String,
    fields: Vec<(usize, char, f64)>,
}

/// A frame that was said, and the module it speaks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub module: Option<u16>,
    pub frame: Frame,
}

/// What a device says during one step, in order.
#[derive(Debug)]
pub(super) struct Mouth<'a> {
    said: &'a mut Vec<Said>,
}

impl<'a> Mouth<'a> {
    pub(super) fn new(said: &'a mut Vec<Said>) -> Self {
        Self { said }
    }

    /// Says a message with these values, one for each of its named signals.
    pub(super) fn say(&mut self, slot: &Slot, values: &[f64]) {
        self.push(None, slot, values);
    }

    /// The same for one module of the device.
    pub(super) fn say_for(&mut self, module: u16, slot: &Slot, values: &[f64]) {
        self.push(Some(module), slot, values);
    }

    fn push(&mut self, module: Option<u16>, slot: &Slot, values: &[f64]) {
        if let Some(frame) = slot.fill(values) {
            self.said.push(Said { module, frame });
        }
    }
}

impl Slot {
    fn fill(&self, values: &[f64]) -> Option<Frame> {
        let mut data = [0u8; 8];
        for (&(at, kind, factor), &value) in self.fields.iter().zip(values) {
            let raw = (value / factor).round_ties_even();
            let mut put = |bytes: &[u8]| {
                data.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = *from);
            };
            match kind {
                'b' => put(&[raw as u8]),
                'h' => put(&(raw as i16).to_le_bytes()),
                'H' => put(&(raw as u16).to_le_bytes()),
                'M' => put(&(raw as u16).to_be_bytes()),
                'I' => put(&(raw as u32).to_le_bytes()),
                'i' => put(&(raw as i32).to_le_bytes()),
                'f' => put(&(value as f32).to_le_bytes()),
                _ => return None,
            }
        }
        Frame::classic(self.id, &data)
    }
}

/// Messages of a module.
#[derive(Clone, Debug)]
pub(super) struct ModuleWire {
    pub status: Slot,
    pub low: Slot,
    pub high: Slot,
}

/// Messages of a BMU.
#[derive(Clone, Debug)]
pub(super) struct BmuWire {
    pub heartbeat: Slot,
    pub charge: Slot,
    pub balance_charge: Slot,
    pub headroom: Slot,
    pub precharge: Slot,
    pub range: Slot,
    pub temperatures: Slot,
    pub totals: Slot,
    pub status: Slot,
    pub fans: Slot,
    pub extended: Slot,
    pub modules: Vec<ModuleWire>,
}

fn slot(name: &str, raw: u32, fields: &[(usize, char, f64)]) -> Result<Slot, WorldError> {
    let id = Id::guess(raw).ok_or(WorldError::Base { base: raw })?;
    Ok(Slot { id, name: name.to_owned(), fields: fields.to_vec() })
}

impl BmuWire {
    /// All of them.
    pub(super) fn slots(&self) -> Vec<&Slot> {
        let own = [
            &self.heartbeat,
            &self.charge,
            &self.balance_charge,
            &self.headroom,
            &self.precharge,
            &self.range,
            &self.temperatures,
            &self.totals,
            &self.status,
            &self.fans,
            &self.extended,
        ];
        let modules = self.modules.iter().flat_map(|m| [&m.status, &m.low, &m.high]);
        own.into_iter().chain(modules).collect()
    }

    /// The messages of a BMU at `base` with so many modules.
    pub(super) fn new(base: u32, modules: u16) -> Result<Self, WorldError> {
        let at = |name: &str, offset, fields: &[_]| slot(name, base + offset, fields);
        let four = [(0, 'h', 1.0), (2, 'h', 1.0), (4, 'h', 1.0), (6, 'h', 1.0)];
        let modules = (0..u32::from(modules))
            .map(|module| {
                let first = 1 + 3 * module;
                Ok(ModuleWire {
                    status: at(
                        &format!("CMU{:02}_Status", module + 1),
                        first,
                        &[(0, 'I', 1.0), (4, 'h', 0.1), (6, 'h', 0.1)],
                    )?,
                    low: at(&format!("CMU{:02}_Cells0to3", module + 1), first + 1, &four)?,
                    high: at(&format!("CMU{:02}_Cells4to7", module + 1), first + 2, &four)?,
                })
            })
            .collect::<Result<_, WorldError>>()?;
        Ok(Self {
            heartbeat: at("BMU_Heartbeat", 0, &[(0, 'I', 1.0), (4, 'I', 1.0)])?,
            charge: at("BMU_PackSoc", 0xF4, &[(0, 'f', 1.0), (4, 'f', 1.0)])?,
            balance_charge: at("BMU_BalanceSoc", 0xF5, &[(0, 'f', 1.0), (4, 'f', 1.0)])?,
            headroom: at(
                "BMU_ChargerControl",
                0xF6,
                &[(0, 'h', 1.0), (2, 'h', 0.1), (4, 'h', 1.0), (6, 'H', 1.0)],
            )?,
            precharge: at(
                "BMU_PrechargeStatus",
                0xF7,
                &[(0, 'b', 1.0), (1, 'b', 1.0), (4, 'H', 1.0), (6, 'b', 1.0), (7, 'b', 1.0)],
            )?,
            range: at(
                "BMU_CellVoltageRange",
                0xF8,
                &[
                    (0, 'H', 1.0),
                    (2, 'H', 1.0),
                    (4, 'b', 1.0),
                    (5, 'b', 1.0),
                    (6, 'b', 1.0),
                    (7, 'b', 1.0),
                ],
            )?,
            temperatures: at(
                "BMU_CellTemperatureRange",
                0xF9,
                &[(0, 'h', 0.1), (2, 'h', 0.1), (4, 'b', 1.0), (6, 'b', 1.0)],
            )?,
            totals: at("BMU_PackVoltageCurrent", 0xFA, &[(0, 'I', 1.0), (4, 'i', 1.0)])?,
            status: at(
                "BMU_PackStatus",
                0xFB,
                &[(0, 'H', 1.0), (2, 'H', 1.0), (4, 'b', 1.0), (5, 'b', 1.0), (6, 'H', 1.0)],
            )?,
            fans: at(
                "BMU_Fans",
                0xFC,
                &[(0, 'H', 1.0), (2, 'H', 1.0), (4, 'H', 1.0), (6, 'H', 1.0)],
            )?,
            extended: at(
                "BMU_ExtendedStatus",
                0xFD,
                &[(0, 'I', 1.0), (4, 'b', 1.0), (5, 'b', 1.0)],
            )?,
            modules,
        })
    }
}

/// Messages of a charger, and the one it is commanded with.
#[derive(Clone, Debug)]
pub(super) struct ChargerWire {
    pub status: Slot,
    pub command: Slot,
}

impl ChargerWire {
    pub(super) fn new() -> Result<Self, WorldError> {
        let fields = [(0, 'M', 0.1), (2, 'M', 0.1), (4, 'b', 1.0)];
        Ok(Self {
            status: slot("Elcon_Status", 0x18FF_50E5, &fields)?,
            command: slot("Elcon_Command", 0x1806_E5F4, &fields)?,
        })
    }
}

/// Messages of the driver controls.
#[derive(Clone, Debug)]
pub(super) struct ControlsWire {
    pub identity: Slot,
    pub drive: Slot,
    pub power: Slot,
    pub switches: Slot,
}

impl ControlsWire {
    /// All of them.
    pub(super) fn slots(&self) -> Vec<&Slot> {
        vec![&self.identity, &self.drive, &self.power, &self.switches]
    }

    pub(super) fn new(base: u32) -> Result<Self, WorldError> {
        let pair = [(0, 'f', 1.0), (4, 'f', 1.0)];
        Ok(Self {
            identity: slot("EVDC_Heartbeat", base, &[(0, 'I', 1.0), (4, 'I', 1.0)])?,
            drive: slot("EVDC_MotorDrive", base + 1, &pair)?,
            power: slot("EVDC_MotorPower", base + 2, &pair)?,
            switches: slot(
                "EVDC_Switches",
                base + 5,
                &[(0, 'H', 1.0), (6, 'b', 1.0), (7, 'b', 1.0)],
            )?,
        })
    }
}

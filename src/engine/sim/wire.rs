//! What the simulated devices say, as frames. Values are put into frames by the device folders,
//! the same that take them apart on the other side; here stand only the names of messages and
//! signals and who says them.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::base::id::Name;
use crate::engine::can::frame::{CLASSIC_BYTES, FD_BYTES, Frame, Id, Kind};
use crate::engine::can::guard::Allow;
use crate::engine::dbc::{Codec, MessageIndex};
use crate::engine::device::{BindError, Catalog, Device};

/// Folder of the simulated BMU.
pub(super) const BMU_KIND: &str = "prohelion-d1000-gen1";
/// Folder of the simulated charger.
pub(super) const CHARGER_KIND: &str = "elcon-tc";
/// Folder of the simulated driver controls.
pub(super) const CONTROLS_KIND: &str = "ev-driver-controls";

/// Why a device of a scene cannot speak.
#[derive(Debug, Error)]
pub enum WireError {
    /// This program has no such device folder.
    #[error("there is no device folder {0}")]
    NoKind(&'static str),
    /// It cannot have the address that the scene gives it.
    #[error("{device}: {source}")]
    Bind {
        /// Name in the scene.
        device: String,
        /// Why not.
        source: BindError,
    },
    /// The folder's DBC lacks something that the simulation says.
    #[error("the DBC of {kind} has no {what}")]
    Schema {
        /// The folder.
        kind: &'static str,
        /// The message or signal.
        what: String,
    },
}

/// A message that a simulated device sends, ready to be filled.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub id: Id,
    pub name: String,
    len: usize,
    every: Duration,
    codec: Arc<Codec>,
    index: MessageIndex,
    fields: Vec<Field>,
}

/// Where a value goes.
#[derive(Clone, Debug)]
enum Field {
    /// Into a signal, in its unit.
    Number(usize),
    /// Its bits into one signal each, from bit 0 on.
    Bits(Vec<usize>),
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
    placed: Vec<(usize, f64)>,
}

impl<'a> Mouth<'a> {
    pub(super) const fn new(said: &'a mut Vec<Said>) -> Self {
        Self { said, placed: Vec::new() }
    }

    /// Says a message with these values, one for each of its fields.
    pub(super) fn say(&mut self, slot: &Slot, values: &[f64]) {
        self.push(None, slot, values);
    }

    /// The same for one module of the device.
    pub(super) fn say_for(&mut self, module: u16, slot: &Slot, values: &[f64]) {
        self.push(Some(module), slot, values);
    }

    fn push(&mut self, module: Option<u16>, slot: &Slot, values: &[f64]) {
        if let Some(frame) = slot.fill(values, &mut self.placed) {
            self.said.push(Said { module, frame });
        }
    }
}

impl Slot {
    /// The frame of these values; none where one does not fit into its signal, which a device
    /// that keeps to its own ranges does not offer.
    fn fill(&self, values: &[f64], placed: &mut Vec<(usize, f64)>) -> Option<Frame> {
        placed.clear();
        for (field, &value) in self.fields.iter().zip(values) {
            match field {
                Field::Number(at) => placed.push((*at, value)),
                Field::Bits(places) => {
                    let word = value as u32;
                    let bit = |n: usize| f64::from((word >> n) & 1);
                    placed.extend(places.iter().enumerate().map(|(n, &at)| (at, bit(n))));
                }
            }
        }
        let mut bytes = [0; FD_BYTES];
        let filled = self.codec.encode(self.index, placed, &mut bytes);
        debug_assert!(filled.is_ok(), "{filled:?}");
        Frame::classic(self.id, bytes.get(..filled.ok()?.min(CLASSIC_BYTES))?)
    }

    /// What a guard must let through for this message: faults may crowd frames, but not without
    /// limit.
    pub(super) fn allow(&self) -> Allow {
        Allow::any(self.id, Kind::Data, self.len, self.every)
    }
}

/// A device folder bound to an address, from which slots are cut.
pub(super) struct Voice {
    pub device: Device,
    kind: &'static str,
    codec: Arc<Codec>,
}

impl Voice {
    /// The device `name` of a scene, at `base` or at its kind's own address.
    pub(super) fn new(
        catalog: &Catalog,
        kind: &'static str,
        name: &Name,
        base: Option<u32>,
    ) -> Result<Self, WireError> {
        let found = catalog.find(kind).ok_or(WireError::NoKind(kind))?;
        let mut settings = found.defaults();
        settings.base = base.unwrap_or(settings.base);
        let bind = |source| WireError::Bind { device: name.to_string(), source };
        let device = found.bind(settings).map_err(bind)?;
        let codec = Arc::clone(device.codec());
        Ok(Self { device, kind, codec })
    }

    /// The message `name` with these fields; a field with commas takes a word of bits.
    pub(super) fn slot(&self, name: &str, fields: &[&str]) -> Result<Slot, WireError> {
        let lacks = |what: String| WireError::Schema { kind: self.kind, what };
        let (index, message) = self
            .codec
            .messages()
            .find(|(_, message)| message.name == name)
            .ok_or_else(|| lacks(format!("message {name}")))?;
        let place = |signal: &str| {
            message.position(signal).ok_or_else(|| lacks(format!("signal {signal} in {name}")))
        };
        let fields = fields
            .iter()
            .map(|field| match field.contains(',') {
                true => field.split(',').map(place).collect::<Result<_, _>>().map(Field::Bits),
                false => place(field).map(Field::Number),
            })
            .collect::<Result<_, _>>()?;
        let rate = self.device.kind().manifest.rate_of(name);
        let every = Duration::from_millis(rate.map_or(0, |rate| rate.period_ms / 5));
        let (id, len) = (message.id, usize::from(message.len));
        let codec = Arc::clone(&self.codec);
        // A change of state is told at once, whenever the last regular frame was.
        let every = if name == "BMU_PrechargeStatus" { Duration::ZERO } else { every };
        Ok(Slot { id, name: name.to_owned(), len, every, codec, index, fields })
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

const CONTACTOR_BITS: &str = "Contactor1Feedback,Contactor2Feedback,Contactor1On,Contactor2On,\
ContactorSupplyOk,Contactor3Feedback,Contactor3On";
const STATUS_BITS: &str = "CellOverVoltage,CellUnderVoltage,CellOverTemperature,\
MeasurementUntrusted,CmuTimeout,VehicleTimeout,SetupMode,CmuPowerPresent";
const EXTENDED_BITS: &str = "CellOverVoltage,CellUnderVoltage,CellOverTemperature,\
MeasurementUntrusted,CmuTimeout,VehicleTimeout,SetupMode,CmuPowerPresent,IsolationFailed,\
SocInvalid,SupplyLow,ContactorStuck,ExtraCell";
const CHARGER_BITS: &str = "HardwareFailure,OverTemperature,InputFault,NoBattery,CommandTimeout";
const SWITCH_BITS: &str = "Reverse,Neutral,Regeneration,Drive,Accessories,Run,Start,Brake,FuelDoor";

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

    /// The messages of a BMU with so many modules.
    pub(super) fn new(voice: &Voice, modules: u16) -> Result<Self, WireError> {
        let module = |number| {
            let name = |what| format!("CMU{number:02}_{what}");
            let status = ["SerialNumber", "BoardTemperature", "CellTemperature"];
            Ok(ModuleWire {
                status: voice.slot(&name("Status"), &status)?,
                low: voice.slot(&name("Cells0to3"), &["Cell0", "Cell1", "Cell2", "Cell3"])?,
                high: voice.slot(&name("Cells4to7"), &["Cell4", "Cell5", "Cell6", "Cell7"])?,
            })
        };
        let range = [
            "MinCellVoltage",
            "MaxCellVoltage",
            "MinCellModule",
            "MinCellNumber",
            "MaxCellModule",
            "MaxCellNumber",
        ];
        let temperatures = [
            "MinCellTemperature",
            "MaxCellTemperature",
            "MinTemperatureModule",
            "MaxTemperatureModule",
        ];
        let precharge = [CONTACTOR_BITS, "State", "MessageCount", "TimerElapsed", "Timer"];
        let status =
            ["BalanceOnVoltage", "BalanceOffVoltage", STATUS_BITS, "CmuCount", "FirmwareBuild"];
        let headroom =
            ["ChargeCellError", "TemperatureMargin", "DischargeCellError", "PackCapacity"];
        let balance = ["AmpHoursSinceBalance", "BalanceFraction"];
        let fans = ["Fan0Speed", "Fan1Speed", "FanContactorCurrent", "CmuCurrent"];
        let extended = [EXTENDED_BITS, "HardwareVersion", "ModelId"];
        Ok(Self {
            heartbeat: voice.slot("BMU_Heartbeat", &["DeviceId", "SerialOrAnswer"])?,
            charge: voice.slot("BMU_PackSoc", &["AmpHoursUsed", "SocFraction"])?,
            balance_charge: voice.slot("BMU_BalanceSoc", &balance)?,
            headroom: voice.slot("BMU_ChargerControl", &headroom)?,
            precharge: voice.slot("BMU_PrechargeStatus", &precharge)?,
            range: voice.slot("BMU_CellVoltageRange", &range)?,
            temperatures: voice.slot("BMU_CellTemperatureRange", &temperatures)?,
            totals: voice.slot("BMU_PackVoltageCurrent", &["PackVoltage", "PackCurrent"])?,
            status: voice.slot("BMU_PackStatus", &status)?,
            fans: voice.slot("BMU_Fans", &fans)?,
            extended: voice.slot("BMU_ExtendedStatus", &extended)?,
            modules: (1..=modules).map(module).collect::<Result<_, WireError>>()?,
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
    pub(super) fn new(voice: &Voice) -> Result<Self, WireError> {
        let status = ["OutputVoltage", "OutputCurrent", CHARGER_BITS];
        let command = ["MaxVoltage", "MaxCurrent", "Control"];
        Ok(Self {
            status: voice.slot("Elcon_Status", &status)?,
            command: voice.slot("Elcon_Command", &command)?,
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

    pub(super) fn new(voice: &Voice) -> Result<Self, WireError> {
        Ok(Self {
            identity: voice.slot("EVDC_Heartbeat", &["DeviceId", "SerialOrAnswer"])?,
            drive: voice.slot("EVDC_MotorDrive", &["Velocity", "MotorCurrent"])?,
            power: voice.slot("EVDC_MotorPower", &["BusCurrent"])?,
            switches: voice.slot("EVDC_Switches", &[SWITCH_BITS, "Flags", "State"])?,
        })
    }
}

//! A battery, from the facts of one battery management system: what is kept, and what comes in.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::reading::{Age, Reading};
use crate::base::time::Mono;
use crate::base::units::{AmpHours, Amps, Celsius, Percent, Volts};
use crate::engine::device::{
    BatteryFact, Fact, Fans, Flag, FlagSet, Group, Headroom, Limits, Outputs, PackState, Permits,
    Precharge, Question, ReportedCell, ReportedTemperature,
};
use crate::engine::pack::modules::Modules;
use crate::engine::pack::picture::{
    BalanceThresholds, CellAt, Identity, TemperatureAt, Transition,
};
use crate::engine::pack::settings::PackSettings;
use crate::engine::pack::trend::TrendInMaking;

/// How far the device's own lowest and highest cell may be from ours, millivolts: cells come once
/// a second and the range ten times, so under load they differ for a moment.
const RANGE_TOLERANCE_MV: i32 = 50;
/// How often the two are compared.
const RANGE_EVERY: Duration = Duration::from_secs(1);

/// A battery, from the facts of one battery management system.
#[derive(Clone, Debug)]
pub struct Pack {
    pub(super) settings: PackSettings,
    pub(super) first: Option<Mono>,
    pub(super) newest: Option<Mono>,
    pub(super) newest_fast: Option<Mono>,
    pub(super) groups: [bool; Group::ALL.len()],
    pub(super) identity: Reading<Identity>,
    pub(super) in_bootloader: bool,
    pub(super) firmware: Reading<u32>,
    pub(super) hardware: Reading<(u8, u8)>,
    pub(super) voltage: Reading<Volts>,
    pub(super) current: Reading<Amps>,
    pub(super) charge: Reading<(Option<AmpHours>, Option<Percent>)>,
    pub(super) balance_charge: Reading<(AmpHours, Option<Percent>)>,
    pub(super) headroom: Reading<Headroom>,
    pub(super) precharge: Reading<Precharge>,
    pub(super) state: Reading<PackState>,
    pub(super) outputs: Reading<Outputs>,
    pub(super) version: Reading<(u8, u8)>,
    pub(super) limits: Reading<Limits>,
    pub(super) permits: Reading<Permits>,
    pub(super) health: Reading<Percent>,
    pub(super) capacity: Reading<AmpHours>,
    pub(super) maker: Reading<[u8; 8]>,
    pub(super) temperature: Reading<Celsius>,
    pub(super) transitions: VecDeque<Transition>,
    pub(super) flags: [Reading<bool>; Flag::ALL.len()],
    pub(super) warnings: [Reading<bool>; Flag::ALL.len()],
    pub(super) undocumented_flags: Reading<u32>,
    pub(super) cell_range: Reading<(CellAt, CellAt)>,
    pub(super) temperature_range: Reading<(Option<TemperatureAt>, Option<TemperatureAt>)>,
    pub(super) balance: Reading<BalanceThresholds>,
    pub(super) count: Reading<u16>,
    pub(super) fans: Reading<Fans>,
    pub(super) modules: Modules,
    pub(super) trend: TrendInMaking,
    pub(super) range_differs_since: Option<Mono>,
    range_compared: Option<Mono>,
}

impl Pack {
    /// How many changes of state are kept.
    pub const TRANSITIONS: usize = 32;

    /// A battery that was not heard yet.
    #[must_use]
    pub fn new(settings: PackSettings) -> Self {
        Self {
            settings,
            first: None,
            newest: None,
            newest_fast: None,
            groups: [false; Group::ALL.len()],
            identity: Reading::NEVER,
            in_bootloader: false,
            firmware: Reading::NEVER,
            hardware: Reading::NEVER,
            voltage: Reading::NEVER,
            current: Reading::NEVER,
            charge: Reading::NEVER,
            balance_charge: Reading::NEVER,
            headroom: Reading::NEVER,
            precharge: Reading::NEVER,
            state: Reading::NEVER,
            outputs: Reading::NEVER,
            version: Reading::NEVER,
            limits: Reading::NEVER,
            permits: Reading::NEVER,
            health: Reading::NEVER,
            capacity: Reading::NEVER,
            maker: Reading::NEVER,
            temperature: Reading::NEVER,
            transitions: VecDeque::new(),
            flags: [Reading::NEVER; Flag::ALL.len()],
            warnings: [Reading::NEVER; Flag::ALL.len()],
            undocumented_flags: Reading::NEVER,
            cell_range: Reading::NEVER,
            temperature_range: Reading::NEVER,
            balance: Reading::NEVER,
            count: Reading::NEVER,
            fans: Reading::NEVER,
            modules: Modules::default(),
            trend: TrendInMaking::default(),
            range_differs_since: None,
            range_compared: None,
        }
    }

    /// Forgets everything, as after a jump in a recording.
    pub fn forget(&mut self) {
        *self = Self::new(self.settings);
    }

    /// How old the device's word as a whole is; see
    /// [`PackPicture::presence`](super::PackPicture::presence).
    #[must_use]
    pub fn presence(&self, now: Mono) -> Age {
        let judge = |at: Mono, patience| Reading::new(at, ()).age(now, patience);
        match (self.newest_fast, self.newest) {
            (Some(fast), _) => judge(fast, self.settings.fast),
            (None, Some(any)) => judge(any, self.settings.slow),
            (None, None) => Age::Never,
        }
    }

    /// Takes in a fact heard at `at`. Cheap; takes memory only for a module never heard before.
    pub fn apply(&mut self, at: Mono, fact: &Fact) {
        // What somebody else tells it is no word of its own.
        if matches!(fact, Fact::Battery(BatteryFact::Commanded(_))) {
            return;
        }
        let Some(group) = group_of(fact) else { return };
        self.hear(at, group);
        match *fact {
            Fact::Heartbeat { model, serial } => {
                self.identity.take(at, Some(Identity { model, serial }));
                self.in_bootloader = false;
            }
            Fact::Answer { question, value } => self.take_answer(at, question, value),
            Fact::Module { module, serial, board, cells } => {
                self.modules.take_status(at, module, serial, board, cells);
            }
            Fact::Cells { module, first, ref cells } => {
                self.modules.take_cells(at, module, first, cells);
            }
            Fact::Cell { module, place, cell } => {
                self.modules.take_cells(at, module, place, &[cell]);
            }
            Fact::Charge { used, soc } => self.charge.take(at, Some((used, soc))),
            Fact::BalanceCharge { since, soc } => {
                self.balance_charge.take(at, since.map(|since| (since, soc)));
            }
            Fact::Headroom(headroom) => self.headroom.take(at, Some(headroom)),
            Fact::Precharge(precharge) => self.take_precharge(at, precharge),
            Fact::CellRange { low, high } => self.take_cell_range(at, low, high),
            Fact::TemperatureRange { low, high } => {
                let value = (temperature_at(low), temperature_at(high));
                self.temperature_range.take(at, Some(value));
            }
            Fact::Totals { voltage, current } => {
                self.voltage.take(at, Some(voltage));
                self.current.take(at, Some(current));
                self.trend.take(at, voltage, current);
            }
            Fact::Balance { on, off, modules, firmware } => {
                let thresholds = BalanceThresholds { on: on.get(), off: off.get() };
                self.balance.take(at, Some(thresholds));
                self.count.take(at, Some(u16::from(modules)));
                self.firmware.take(at, Some(u32::from(firmware)));
            }
            Fact::Flags { told, raised, undocumented } => {
                self.take_flags(at, told, raised, undocumented)
            }
            Fact::Fans(fans) => self.fans.take(at, Some(fans)),
            Fact::Hardware { version, model } => self.hardware.take(at, Some((version, model))),
            Fact::Battery(ref more) => self.take_more(at, more),
            Fact::ChargerOutput { .. }
            | Fact::ChargerCommand(_)
            | Fact::Switches(_)
            | Fact::Drive { .. }
            | Fact::DrivePower { .. }
            | Fact::Reading { .. }
            | Fact::Lamp { .. } => {}
        }
    }

    /// What not every kind tells.
    fn take_more(&mut self, at: Mono, fact: &BatteryFact) {
        match *fact {
            BatteryFact::PackVoltage(voltage) => {
                self.voltage.take(at, Some(voltage));
                self.take_trend(at);
            }
            BatteryFact::PackCurrent(current) => {
                self.current.take(at, Some(current));
                self.take_trend(at);
            }
            BatteryFact::PackTemperature(celsius) => self.temperature.take(at, Some(celsius)),
            BatteryFact::Limits(limits) => self.limits.take(at, Some(limits)),
            BatteryFact::Permits(permits) => self.permits.take(at, Some(permits)),
            BatteryFact::Health(health) => self.health.take(at, Some(health)),
            BatteryFact::Capacity(capacity) => self.capacity.take(at, Some(capacity)),
            BatteryFact::Maker(letters) => self.maker.take(at, Some(letters)),
            BatteryFact::State(state) => self.take_state(at, state),
            BatteryFact::Outputs(outputs) => self.outputs.take(at, Some(outputs)),
            BatteryFact::Version { major, minor } => self.version.take(at, Some((major, minor))),
            BatteryFact::BalanceAt(on) => {
                self.balance.take(at, Some(BalanceThresholds { on: on.get(), off: on.get() }));
            }
            // Who commands it is seen by the bus.
            BatteryFact::Commanded(_) => {}
            BatteryFact::ModuleCount(count) => self.count.take(at, Some(count)),
            BatteryFact::Shunts { module, cells } => self.modules.take_shunts(at, module, cells),
            BatteryFact::Warnings { told, raised } => {
                take_each(&mut self.warnings, at, told, raised);
            }
        }
    }

    fn take_flags(&mut self, at: Mono, told: FlagSet, raised: FlagSet, undocumented: u32) {
        take_each(&mut self.flags, at, told, raised);
        // Only the message with all flags has room for undocumented ones.
        if told == self.settings.tells.flags {
            self.undocumented_flags.take(at, Some(undocumented));
        }
    }

    /// A point of the trend, where voltage and current come by themselves and both are there.
    fn take_trend(&mut self, at: Mono) {
        let fast = self.settings.fast;
        let voltage = self.voltage.usable(at, fast).copied();
        if let Some((voltage, current)) = voltage.zip(self.current.usable(at, fast).copied()) {
            self.trend.take(at, voltage, current);
        }
    }

    fn hear(&mut self, at: Mono, group: Group) {
        self.first.get_or_insert(at);
        self.newest = Some(at);
        if matches!(group, Group::Headroom | Group::CellRange | Group::Totals) {
            self.newest_fast = Some(at);
        }
        if let Some(heard) = self.groups.get_mut(group as usize) {
            *heard = true;
        }
    }

    fn take_answer(&mut self, at: Mono, question: Question, value: u32) {
        match question {
            Question::FirmwareBuild => self.firmware.take(at, Some(value)),
            Question::Bootloader => self.in_bootloader = true,
            Question::All
            | Question::DeviceId
            | Question::HardwareVersion
            | Question::Model
            | Question::BootloaderVersion
            | Question::Serial
            | Question::HardwareModel
            | Question::Event
            | Question::NotUnderstood
            | Question::Unknown(_) => {}
        }
    }

    fn take_precharge(&mut self, at: Mono, precharge: Precharge) {
        self.take_state(at, precharge.state);
        self.precharge.take(at, Some(precharge));
    }

    fn take_state(&mut self, at: Mono, state: PackState) {
        if self.transitions.back().is_none_or(|last| last.state != state) {
            if self.transitions.len() >= Self::TRANSITIONS {
                self.transitions.pop_front();
            }
            self.transitions.push_back(Transition { at, state });
        }
        self.state.take(at, Some(state));
    }

    fn take_cell_range(&mut self, at: Mono, low: ReportedCell, high: ReportedCell) {
        self.cell_range.take(at, Some((cell_at(low), cell_at(high))));
        if self.range_compared.is_some_and(|last| at.since(last) < RANGE_EVERY) {
            return;
        }
        self.range_compared = Some(at);
        let own = self.modules.range(at, self.settings.modules);
        let differs = own.is_some_and(|(lowest, highest)| {
            (lowest - low.voltage).abs() > RANGE_TOLERANCE_MV
                || (highest - high.voltage).abs() > RANGE_TOLERANCE_MV
        });
        self.range_differs_since =
            if differs { self.range_differs_since.or(Some(at)) } else { None };
    }
}

/// Takes in those that are told.
fn take_each(
    readings: &mut [Reading<bool>; Flag::ALL.len()],
    at: Mono,
    told: FlagSet,
    raised: FlagSet,
) {
    for (flag, reading) in Flag::ALL.iter().zip(readings) {
        if told.has(*flag) {
            reading.take(at, Some(raised.has(*flag)));
        }
    }
}

const fn cell_at(cell: ReportedCell) -> CellAt {
    CellAt { member: 0, mv: cell.voltage, module: cell.module, cell: cell.cell }
}

fn temperature_at(reported: ReportedTemperature) -> Option<TemperatureAt> {
    let at = |temperature| TemperatureAt { member: 0, temperature, module: reported.module };
    reported.temperature.map(at)
}

/// The flags that a first generation tells beside its balance thresholds.
const SHORT_FLAGS: FlagSet = FlagSet::of(&[
    Flag::CellOverVoltage,
    Flag::CellUnderVoltage,
    Flag::CellOverTemperature,
    Flag::MeasurementUntrusted,
    Flag::ModuleTimeout,
    Flag::VehicleTimeout,
    Flag::SetupMode,
    Flag::ModulePowerMissing,
]);

/// The same for what not every battery tells.
const fn group_of_more(fact: &BatteryFact) -> Group {
    match fact {
        BatteryFact::PackVoltage(_)
        | BatteryFact::PackCurrent(_)
        | BatteryFact::PackTemperature(_) => Group::Totals,
        BatteryFact::Limits(_) | BatteryFact::Permits(_) => Group::Limits,
        BatteryFact::Health(_) | BatteryFact::Capacity(_) => Group::Charge,
        BatteryFact::State(_) | BatteryFact::Outputs(_) => Group::Precharge,
        BatteryFact::Version { .. } | BatteryFact::Maker(_) | BatteryFact::Commanded(_) => {
            Group::Version
        }
        BatteryFact::BalanceAt(_) | BatteryFact::ModuleCount(_) => Group::Status,
        BatteryFact::Shunts { .. } => Group::Modules,
        BatteryFact::Warnings { .. } => Group::ExtendedStatus,
    }
}

/// Which group of messages a fact came in; `None` for what no battery says.
const fn group_of(fact: &Fact) -> Option<Group> {
    Some(match fact {
        Fact::Heartbeat { .. } | Fact::Answer { .. } => Group::Heartbeat,
        Fact::Module { .. } | Fact::Cells { .. } | Fact::Cell { .. } => Group::Modules,
        Fact::Charge { .. } => Group::Charge,
        Fact::BalanceCharge { .. } => Group::BalanceCharge,
        Fact::Headroom(_) => Group::Headroom,
        Fact::Precharge(_) => Group::Precharge,
        Fact::Battery(more) => group_of_more(more),
        Fact::CellRange { .. } => Group::CellRange,
        Fact::TemperatureRange { .. } => Group::TemperatureRange,
        Fact::Totals { .. } => Group::Totals,
        Fact::Balance { .. } => Group::Status,
        // The flags of a first generation come in two messages; the other fact of each says which
        // group it is.
        Fact::Flags { told, .. } if told.is(SHORT_FLAGS) => Group::Status,
        Fact::Flags { .. } => Group::ExtendedStatus,
        Fact::Fans(_) => Group::Fans,
        Fact::Hardware { .. } => Group::ExtendedStatus,
        Fact::ChargerOutput { .. }
        | Fact::ChargerCommand(_)
        | Fact::Switches(_)
        | Fact::Drive { .. }
        | Fact::DrivePower { .. }
        | Fact::Reading { .. }
        | Fact::Lamp { .. } => return None,
    })
}

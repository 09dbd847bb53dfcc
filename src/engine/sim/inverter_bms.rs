//! A simulated battery that speaks to inverters on 0x351 and its neighbours, in all dialects at once:
//! a real one has one of them, and whoever listens reads that of its own. It works its contactors by
//! itself.

use super::fault::{Faults, Node};
use super::plant::{Plant, Strand};
use super::scene::{BmuPlan, Wrong};
use super::wire::{Mouth, Slot, Voice, WireError};
use crate::base::time::Mono;

/// Folder of the simulated battery.
pub(super) const INVERTER_KIND: &str = "inverter-bms-351";
/// The whole set comes once a second.
const TICK_NS: i64 = 1_000_000_000;
/// From this far below its balance voltage on it asks for less current, millivolts.
const EASES_MV: f64 = 60.0;
/// What is added to degrees Celsius to be the kelvin of such batteries.
const ICE_K: f64 = 273.0;

const PROTECT_BITS: &str = "ProtectOverVoltage,ProtectUnderVoltage,ProtectOverTemperature";

/// The messages that it sends.
#[derive(Clone, Debug)]
pub(super) struct InverterWire {
    limits: Slot,
    charge: Slot,
    measured: Slot,
    alarms: Slot,
    alerts: Slot,
    requests: Slot,
    maker: Slot,
    rated: Slot,
    range: Slot,
}

impl InverterWire {
    pub(super) fn new(voice: &Voice) -> Result<Self, WireError> {
        let limits = ["ChargeVoltage", "ChargeCurrent", "DischargeCurrent", "DischargeVoltage"];
        let alerts = [
            "AlarmGeneral",
            "AlarmHighVoltage",
            "AlarmLowVoltage",
            "AlarmHighTemperature",
            "AlarmLowTemperature",
            "AlarmHighTemperatureCharge",
            "AlarmLowTemperatureCharge",
            "AlarmDischargeCurrent",
            "AlarmChargeCurrent",
            "AlarmContactor",
            "AlarmShortCircuit",
            "AlarmInternal",
            "AlarmImbalance",
        ];
        let maker = [0, 1, 2, 3, 4, 5, 6].map(|at| format!("Letter{at}"));
        let maker: Vec<&str> = maker.iter().map(String::as_str).collect();
        let range = ["MinCell", "MaxCell", "MinTemperature", "MaxTemperature"];
        Ok(Self {
            limits: voice.slot("LV_Limits", &limits)?,
            charge: voice
                .slot("LV_Charge", &["StateOfCharge", "StateOfHealth", "FineStateOfCharge"])?,
            measured: voice.slot("LV_Measured", &["Voltage", "Current", "Temperature"])?,
            alarms: voice.slot("LV_Alarms", &[PROTECT_BITS, "Modules", "Tag"])?,
            alerts: voice.slot("LV_Alerts", &alerts)?,
            requests: voice.slot("LV_Requests", &["ChargeEnable,DischargeEnable"])?,
            maker: voice.slot("LV_Maker", &maker)?,
            rated: voice.slot("LV_Rated", &["Capacity"])?,
            range: voice.slot("LV_CellRange", &range)?,
        })
    }

    /// All of them.
    pub(super) fn slots(&self) -> Vec<&Slot> {
        vec![
            &self.limits,
            &self.charge,
            &self.measured,
            &self.alarms,
            &self.alerts,
            &self.requests,
            &self.maker,
            &self.rated,
            &self.range,
        ]
    }
}

/// The battery.
#[derive(Clone, Debug)]
pub(super) struct InverterBms {
    node: Node,
    plan: BmuPlan,
    soc: f64,
    last_tick: Mono,
}

impl InverterBms {
    pub(super) fn new(node: Node, plan: &BmuPlan) -> Self {
        let soc = plan.counted_soc_percent.unwrap_or(plan.soc_percent);
        Self { node, plan: plan.clone(), soc, last_tick: Mono::ZERO }
    }

    /// Its cells: lowest and highest millivolts, coldest and hottest.
    fn look(strand: &Strand) -> [f64; 4] {
        let amps = strand.cells.amps();
        let start = [f64::MAX, f64::MIN, f64::MAX, f64::MIN];
        strand.cells.cells().fold(start, |[low, high, cold, hot], cell| {
            let (mv, celsius) = (cell.volts(amps) * 1000.0, cell.temperature_c());
            [low.min(mv), high.max(mv), cold.min(celsius), hot.max(celsius)]
        })
    }

    /// A second of its life.
    pub(super) fn tick(
        &mut self,
        now: Mono,
        plant: &mut Plant,
        faults: &Faults,
        mouth: &mut Mouth<'_>,
        wire: &InverterWire,
    ) -> i64 {
        let pace = plant.pace();
        let Some(strand) = plant.strands.get_mut(self.node.0) else { return i64::MAX };
        let hours = pace * now.since(self.last_tick).as_secs_f64() / 3600.0;
        self.last_tick = now;
        let into = strand.cells.amps() * hours / self.plan.capacity_ah * 100.0;
        self.soc = (self.soc + into).clamp(0.0, 100.0);
        let [low, high, cold, hot] = Self::look(strand);
        let over = high > f64::from(self.plan.over_mv);
        let under = low < f64::from(self.plan.under_mv);
        let warm = hot >= self.plan.over_temperature_c;
        let fault = over || under || warm;
        strand.connected = !fault && !faults.has(Wrong::NeverCloses, self.node, now);
        let room = (f64::from(self.plan.balance_mv) - high) / EASES_MV;
        let share = if fault { 0.0 } else { room.clamp(0.0, 1.0) };
        let turned = if faults.has(Wrong::Reversed, self.node, now) { -1.0 } else { 1.0 };
        self.say(strand, (share, turned), [over, under, warm], [low, high, cold, hot], mouth, wire);
        TICK_NS
    }

    fn say(
        &self,
        strand: &Strand,
        (share, turned): (f64, f64),
        wrong: [bool; 3],
        [low, high, cold, hot]: [f64; 4],
        mouth: &mut Mouth<'_>,
        wire: &InverterWire,
    ) {
        let tenth = |value: f64| (value * 10.0).round() / 10.0;
        let cells = f64::from(self.plan.cell_count());
        let most = cells * f64::from(self.plan.balance_mv) / 1000.0;
        let least = cells * f64::from(self.plan.empty_mv) / 1000.0;
        let capacity = self.plan.capacity_ah;
        let charge = tenth((0.5 * capacity * share).min(3000.0));
        let discharge = tenth(capacity.min(3000.0));
        mouth.say(&wire.limits, &[tenth(most), charge, discharge, tenth(least)]);
        let fine = (self.soc * 100.0).round() / 100.0;
        mouth.say(&wire.charge, &[self.soc.round(), 99.0, fine]);
        // More than a signal of 16 bits holds is no low-voltage battery.
        let volts = (strand.cells.volts() * 100.0).round().clamp(0.0, 32_767.0) / 100.0;
        let amps = tenth(turned * strand.cells.amps()).clamp(-3000.0, 3000.0);
        mouth.say(&wire.measured, &[volts, amps, tenth((cold + hot) / 2.0)]);
        let bits = wrong.iter().enumerate().filter(|(_, is)| **is);
        let bits = bits.fold(0_u32, |bits, (at, _)| bits | 1 << at);
        mouth.say(&wire.alarms, &[f64::from(bits), f64::from(self.plan.modules), 20_048.0]);
        let alert = |is: bool| if is { 1.0 } else { 2.0 };
        let mut alerts = [2.0; 13];
        for (place, is) in [(1, wrong[0]), (2, wrong[1]), (3, wrong[2])] {
            if let Some(alarm) = alerts.get_mut(place) {
                *alarm = alert(is);
            }
        }
        mouth.say(&wire.alerts, &alerts);
        mouth.say(&wire.requests, &[if wrong.contains(&true) { 0.0 } else { 3.0 }]);
        mouth.say(&wire.maker, &b"BUSBAR ".map(f64::from));
        mouth.say(&wire.rated, &[capacity.round()]);
        let kelvin = |celsius: f64| (celsius + ICE_K).round();
        mouth.say(&wire.range, &[low.round(), high.round(), kelvin(cold), kelvin(hot)]);
    }
}

//! A foxBMS 2 on the cells of a string: a second battery management system that only watches. It
//! numbers the cells through, four in a group, a group every tenth of a second.

use super::plant::Strand;
use super::wire::{Mouth, Slot, Voice, WireError};

/// Cells of a group, and most groups.
const GROUP: usize = 4;
const GROUPS: usize = 45;

/// What it says besides its cells, in the order in which it is said.
const MESSAGES: &[(&str, &[&str])] = &[
    ("FOX_State", &["BmsState", "ConnectedStrings", "DeactivatedStrings", "InsulationMonitoring"]),
    ("FOX_PackValues", &["BatteryVoltage", "BusVoltage", "PackPower", "PackCurrent"]),
    ("FOX_VoltageRange", &["MinVoltage", "MaxVoltage"]),
    ("FOX_TemperatureRange", &["MinTemperature", "MaxTemperature"]),
    (
        "FOX_Limits",
        &["MaxChargeCurrent", "MaxDischargeCurrent", "MaxBatteryVoltage", "MinBatteryVoltage"],
    ),
    ("FOX_Insulation", &["PackInsulation"]),
    ("FOX_Estimation", &["MinSoc", "MaxSoc", "Soh", "Energy"]),
];

/// Its messages: those above, then one for each group of cells.
pub(super) fn slots(voice: &Voice) -> Result<Vec<Slot>, WireError> {
    let own = MESSAGES.iter().map(|(name, fields)| voice.slot(name, fields));
    let group = |group: usize| {
        let cells = (group * GROUP)..((group + 1) * GROUP);
        let valid = cells.clone().map(|cell| format!("Valid{cell:03}"));
        let volts = cells.map(|cell| format!("Cell{cell:03}"));
        let names: Vec<String> =
            std::iter::once("Group".to_owned()).chain(valid).chain(volts).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        voice.slot("FOX_Cells", &names)
    };
    own.chain((0..GROUPS).map(group)).collect()
}

/// Says what is due at tick number `ticks`, of a tenth of a second each.
pub(super) fn say(ticks: u64, strand: &Strand, slots: &[Slot], mouth: &mut Mouth<'_>) {
    let cells = &strand.cells;
    let mv: Vec<f64> = cells.cells().map(|cell| cell.volts(cells.amps()) * 1e3).collect();
    let warm: Vec<f64> = cells.cells().map(super::cell::Cell::temperature_c).collect();
    let least = |all: &[f64]| all.iter().copied().fold(f64::MAX, f64::min).clamp(-40.0, 8000.0);
    let most = |all: &[f64]| all.iter().copied().fold(f64::MIN, f64::max).clamp(-40.0, 8000.0);
    let (volts, amps) = (cells.volts(), cells.amps());
    let on = f64::from(u8::from(strand.connected));
    let bus = if strand.connected { volts } else { 0.0 };
    let mut put = |slot: usize, values: &[f64]| {
        if let Some(slot) = slots.get(slot) {
            mouth.say(slot, values);
        }
    };
    // Out of the battery is positive, as it is set from the factory.
    put(0, &[5.0 + 2.0 * on, on, 1.0 - on, 1.0]);
    put(1, &[volts, bus, -volts * amps / 1e3, -amps]);
    put(2, &[least(&mv).round(), most(&mv).round()]);
    put(3, &[least(&warm).round().min(120.0), most(&warm).round().min(120.0)]);
    put(4, &[30.0, 60.0, 480.0, 280.0]);
    put(5, &[4998.0]);
    if ticks.is_multiple_of(10) {
        // A coarse guess by voltage, as good as its cells are at rest.
        let percent = ((least(&mv) - 3000.0) / 12.0).clamp(0.0, 100.0);
        put(6, &[percent, percent, 98.0, percent / 10.0]);
    }
    let groups = mv.len().div_ceil(GROUP).clamp(1, GROUPS) as u64;
    let group = (ticks % groups) as usize;
    let mut values = vec![group as f64];
    let here = || (0..GROUP).map(|cell| mv.get(group * GROUP + cell).copied());
    values.extend(here().map(|cell| f64::from(u8::from(cell.is_some()))));
    values.extend(here().map(|cell| cell.map_or(0.0, |mv| mv.round().clamp(0.0, 8191.0))));
    put(MESSAGES.len() + group, &values);
}

//! Batteries that speak to inverters, in all their dialects. Test code only.

use std::collections::BTreeMap;

use super::*;
use crate::engine::device::setting::{SettingValue, SettingValues};

/// Words of the setting.
#[derive(Clone, Copy, Debug)]
enum Dialect {
    Pylontech,
    SmaVictron,
    Byd,
}

fn battery(dialect: Dialect) -> Device {
    let kind = kind("inverter-bms-351");
    let word = match dialect {
        Dialect::Pylontech => "pylontech",
        Dialect::SmaVictron => "sma-victron",
        Dialect::Byd => "byd",
    };
    let values = BTreeMap::from([("dialect".to_owned(), SettingValue::Word(word.to_owned()))]);
    let values = SettingValues::of(&values);
    kind.bind(Settings { values, ..kind.defaults() }).unwrap()
}

fn more(device: &mut Device, id: u32, hex: &str) -> Vec<BatteryFact> {
    let only = |fact| match fact {
        Fact::Battery(more) => more,
        other => panic!("{other:?}"),
    };
    told(device, id, hex).into_iter().map(only).collect()
}

fn limits(device: &mut Device, hex: &str) -> [Option<f64>; 4] {
    match more(device, 0x351, hex)[..] {
        // The last digit of a product is not the maker's.
        [BatteryFact::Limits(l)] => [
            l.charge_voltage.map(Volts::get),
            l.charge_current.map(Amps::get),
            l.discharge_current.map(Amps::get),
            l.discharge_voltage.map(Volts::get),
        ]
        .map(|value| value.map(|value| (value * 1e6).round() / 1e6)),
        ref other => panic!("{other:?}"),
    }
}

/// The frames of BYD's own documents (field lessons, 4.1).
#[test]
fn the_published_frames_say_what_their_maker_says() {
    let mut byd = battery(Dialect::Byd);
    let told = limits(&mut byd, "48 02 00 05 00 05 AE 01");
    assert_eq!(told, [Some(58.4), Some(128.0), Some(128.0), Some(43.0)]);
    let facts = more(&mut byd, 0x356, "BE 14 F9 FF 8C 00 00 00");
    let [
        BatteryFact::PackVoltage(volts),
        BatteryFact::PackCurrent(amps),
        BatteryFact::PackTemperature(celsius),
    ] = facts[..]
    else {
        panic!("{facts:?}")
    };
    assert!((volts.get() - 53.10).abs() < 1e-9 && (amps.get() + 0.7).abs() < 1e-9);
    assert!((celsius.get() - 14.0).abs() < 1e-9);
    let facts = super::told(&mut byd, 0x373, "EA 0C 01 0D 1F 01 22 01");
    let cell = |voltage| ReportedCell { voltage, module: 0, cell: 0 };
    let warm = |celsius| ReportedTemperature { temperature: Some(Celsius(celsius)), module: 0 };
    let cells = Fact::CellRange { low: cell(3306), high: cell(3329) };
    let temperatures = Fact::TemperatureRange { low: warm(14.0), high: warm(17.0) };
    assert_eq!(facts, [cells, temperatures]);
}

#[test]
fn energy_in_and_out_is_in_steps_of_a_hundred_watt_hours() {
    let byd = battery(Dialect::Byd);
    let frame = frame(0x378, "40 08 00 00 2B 07 00 00");
    let index = byd.codec().find(frame.id()).unwrap();
    let mut row = Row::new();
    byd.codec().decode(index, frame.view().data, &mut row);
    let kwh: Vec<f64> = row.values().map(|(_, value)| (value * 10.0).round() / 10.0).collect();
    assert_eq!(kwh, [211.2, 183.5]);
}

#[test]
fn what_is_left_out_or_marked_as_none_is_no_limit() {
    let mut battery = battery(Dialect::Pylontech);
    assert_eq!(
        limits(&mut battery, "14 02 FA 00 F4 01"),
        [Some(53.2), Some(25.0), Some(50.0), None]
    );
    assert_eq!(limits(&mut battery, "FF FF 00 80 00 80 FF FF"), [None; 4]);
    // Less than nothing is no limit either, and lets nothing flow.
    assert_eq!(limits(&mut battery, "14 02 FF FF F4 01")[1], None);
    assert_eq!(more(&mut battery, 0x356, "00 80 00 80 00 80"), []);
}

#[test]
fn current_is_turned_round_where_its_maker_counts_the_other_way() {
    let kind = kind("inverter-bms-351");
    let current_sign = CurrentSign::DischargePositive;
    let mut turned = kind.bind(Settings { current_sign, ..kind.defaults() }).unwrap();
    let facts = more(&mut turned, 0x356, "BE 14 F9 FF 8C 00 00 00");
    assert!(matches!(facts[1], BatteryFact::PackCurrent(amps) if (amps.get() - 0.7).abs() < 1e-9));
}

#[test]
fn voltage_comes_in_tenths_where_the_component_says_so() {
    let kind = kind("inverter-bms-351");
    let step = SettingValue::Word("0.1".to_owned());
    let values = SettingValues::of(&BTreeMap::from([("voltage_step".to_owned(), step)]));
    let mut tenths = kind.bind(Settings { values, ..kind.defaults() }).unwrap();
    let facts = more(&mut tenths, 0x356, "13 02 00 00 8C 00");
    assert!(
        matches!(facts[0], BatteryFact::PackVoltage(v) if (v.get() - 53.1).abs() < 1e-9),
        "{facts:?}"
    );
}

#[test]
fn a_finer_state_of_charge_counts_only_where_it_agrees_with_the_coarse_one() {
    let soc = |dialect, hex: &str| match super::told(&mut battery(dialect), 0x355, hex)[0] {
        Fact::Charge { soc, used: None } => soc.map(Percent::get),
        ref other => panic!("{other:?}"),
    };
    let fine = soc(Dialect::SmaVictron, "5E 00 63 00 BA 24 00 00").unwrap();
    assert!((fine - 94.02).abs() < 1e-9, "{fine}");
    // Luxpower has cells there, and other dialects who knows what.
    assert_eq!(soc(Dialect::SmaVictron, "5E 00 63 00 01 0D EA 0C"), Some(94.0));
    assert_eq!(soc(Dialect::Pylontech, "5E 00 63 00 BA 24 00 00"), Some(94.0));
    assert_eq!(soc(Dialect::Pylontech, "5E 00 63 00"), Some(94.0));
    for none in ["FF FF FF FF", "65 00 63 00"] {
        assert_eq!(soc(Dialect::Pylontech, none), None, "{none}");
    }
}

fn flags(device: &mut Device, id: u32, hex: &str) -> (FlagSet, FlagSet, u32, FlagSet) {
    let facts = super::told(device, id, hex);
    match facts[..] {
        [
            Fact::Flags { told, raised, undocumented },
            Fact::Battery(BatteryFact::Warnings { raised: warned, .. }),
        ] => (told, raised, undocumented, warned),
        _ => panic!("{facts:?}"),
    }
}

/// Others have mixed these up: over with under, charge with discharge.
#[test]
fn each_bit_of_0x359_is_its_own_alarm() {
    let bits = [
        (1, Flag::CellOverVoltage),
        (2, Flag::CellUnderVoltage),
        (3, Flag::CellOverTemperature),
        (4, Flag::CellUnderTemperature),
        (7, Flag::DischargeOverCurrent),
        (8, Flag::ChargeOverCurrent),
        (11, Flag::SystemFault),
    ];
    let mut battery = battery(Dialect::Pylontech);
    for bit in 0..16 {
        let hex: String =
            (1_u16 << bit).to_le_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
        let (told, raised, undocumented, warned) =
            flags(&mut battery, 0x359, &format!("{hex} 00 00 03 50 4E"));
        assert_eq!(told, battery.tells().flags);
        assert_eq!(warned, FlagSet::NONE);
        match bits.iter().find(|(at, _)| *at == bit) {
            Some((_, flag)) => {
                assert_eq!((raised, undocumented), (FlagSet::of(&[*flag]), 0), "bit {bit}");
            }
            None => assert_eq!((raised, undocumented), (FlagSet::NONE, 1 << bit), "bit {bit}"),
        }
    }
    let (_, raised, _, warned) = flags(&mut battery, 0x359, "00 00 02 08 03 50 4E");
    assert_eq!(raised, FlagSet::NONE);
    assert_eq!(warned, FlagSet::of(&[Flag::CellOverVoltage, Flag::InternalComms]));
}

#[test]
fn two_bits_of_0x35a_raise_clear_or_say_nothing() {
    let mut battery = battery(Dialect::SmaVictron);
    let quiet = flags(&mut battery, 0x35A, "AA AA AA AA AA AA AA AA");
    assert_eq!((quiet.0, quiet.1), (battery.tells().flags, FlagSet::NONE));
    for silent in ["00 00 00 00 00 00 00 00", "FF FF FF FF FF FF FF FF"] {
        let (told, raised, _, warned) = flags(&mut battery, 0x35A, silent);
        assert_eq!((told, raised, warned), (FlagSet::NONE, FlagSet::NONE, FlagSet::NONE));
    }
    // Byte 0, bits 2 and 3: high voltage raised, everything else cleared.
    let (_, raised, _, _) = flags(&mut battery, 0x35A, "A6 AA AA AA AA AA AA AA");
    assert_eq!(raised, FlagSet::of(&[Flag::CellOverVoltage]));
    // Too cold to be charged, though not too cold to be: raised, whatever the other says.
    let (_, raised, _, _) = flags(&mut battery, 0x35A, "AA 9A AA AA AA AA AA AA");
    assert_eq!(raised, FlagSet::of(&[Flag::CellUnderTemperature]));
}

#[test]
fn what_another_dialect_means_by_an_id_is_not_read() {
    let nothing = |dialect, id, hex: &str| {
        let facts = super::told(&mut battery(dialect), id, hex);
        assert_eq!(facts, [], "{dialect:?} {id:X}");
    };
    nothing(Dialect::Pylontech, 0x35A, "A6 AA AA AA AA AA AA AA");
    nothing(Dialect::Pylontech, 0x373, "EA 0C 01 0D 1F 01 22 01");
    nothing(Dialect::SmaVictron, 0x359, "02 00 00 00 03 50 4E");
    nothing(Dialect::Byd, 0x35C, "C0 00");
}

#[test]
fn a_cell_range_that_no_cells_have_is_none() {
    let mut battery = battery(Dialect::Byd);
    for odd in [
        "00 00 00 00 00 00 00 00",
        "FF FF FF FF FF FF FF FF",
        "01 0D EA 0C 22 01 1F 01",
        "EA 0C 10 27 00 00 22 01",
    ] {
        assert_eq!(super::told(&mut battery, 0x373, odd), [], "{odd}");
    }
}

#[test]
fn no_length_and_no_bytes_bring_it_down_or_make_a_number_out_of_nothing() {
    let mut chance = crate::engine::testing::Chance::new(0x351, 7);
    for dialect in [Dialect::Pylontech, Dialect::SmaVictron, Dialect::Byd] {
        let mut battery = battery(dialect);
        let ids: Vec<Id> = battery.codec().messages().map(|(_, message)| message.id).collect();
        for round in 0..20_000 {
            let id = ids[round % ids.len()];
            let bytes: [u8; 8] = chance.bits().to_le_bytes();
            let len = (chance.bits() % 9) as usize;
            let mut facts = Vec::new();
            battery.take(Frame::classic(id, &bytes[..len]).unwrap().view(), &mut facts);
            for fact in facts {
                let sound = match fact {
                    Fact::Charge { soc, .. } => {
                        soc.is_none_or(|soc| (0.0..=100.0).contains(&soc.get()))
                    }
                    Fact::CellRange { low, high } => {
                        low.voltage > 0 && low.voltage <= high.voltage && high.voltage <= 6000
                    }
                    Fact::Battery(BatteryFact::Limits(l)) => {
                        l.charge_current.is_none_or(|amps| amps.get() >= 0.0)
                            && l.charge_voltage.is_none_or(|volts| volts.get() > 0.0)
                    }
                    Fact::Battery(BatteryFact::PackVoltage(volts)) => volts.get() >= 0.0,
                    _ => true,
                };
                assert!(sound, "{id} {bytes:02X?} of {len}: {fact:?}");
            }
        }
        assert!(battery.malformed().count > 0);
    }
}

/// The recording of a vehicle whose Orion BMS speaks the ids of an inverter's battery, voltage in tenths,
/// beside its own limits.
#[test]
fn the_recorded_vehicle_with_an_orion_bms_decodes_to_its_known_limits() {
    let Some(log) = crate::engine::testing::shared_data("logs/orion-ev-candump.log") else {
        return;
    };
    let text = std::fs::read_to_string(log).unwrap();
    let kind = kind("inverter-bms-351");
    let values = [("dialect", "sma-victron"), ("voltage_step", "0.1")];
    let values = values.map(|(name, word)| (name.to_owned(), SettingValue::Word(word.to_owned())));
    let values = SettingValues::of(&BTreeMap::from(values));
    let mut vehicle = kind.bind(Settings { values, ..kind.defaults() }).unwrap();
    let orion = bound("orion-bms");
    let (mut limits, mut volts, mut currents) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut row = Row::new();
    for line in text.lines() {
        let Some((id, data)) = line.rsplit(' ').next().and_then(|word| word.split_once('#')) else {
            continue;
        };
        let Ok(id) = u32::from_str_radix(id, 16) else { continue };
        if ![0x351, 0x356, 0x6B1].contains(&id) {
            continue;
        }
        let frame = frame(id, data);
        let mut facts = Vec::new();
        vehicle.take(frame.view(), &mut facts);
        for fact in facts {
            match fact {
                Fact::Battery(BatteryFact::Limits(told)) => limits.push(told),
                Fact::Battery(BatteryFact::PackVoltage(told)) => volts.push(told.get()),
                _ => {}
            }
        }
        if let (0x6B1, Some(index)) = (id, orion.codec().find(frame.id())) {
            orion.codec().decode(index, frame.view().data, &mut row);
            let of: Vec<f64> = row.values().map(|(_, value)| value).collect();
            currents.insert((of[0] as i64, of[1] as i64));
        }
    }
    let rounded = |value: f64| (value * 10.0).round() / 10.0;
    let last = limits.last().unwrap();
    assert_eq!(last.charge_voltage.map(|v| rounded(v.get())), Some(298.8));
    assert_eq!(last.charge_current.map(|a| rounded(a.get())), Some(10.0));
    assert_eq!(last.discharge_current.map(|a| rounded(a.get())), Some(104.0));
    assert_eq!(last.discharge_voltage.map(|v| rounded(v.get())), Some(230.4));
    assert!(volts.len() > 200 && volts.iter().all(|volts| (280.0..300.0).contains(volts)));
    // Its own message says the same in whole amperes, once it has begun.
    assert!(currents.contains(&(104, 10)), "{currents:?}");
}

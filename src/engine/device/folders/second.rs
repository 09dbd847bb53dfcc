//! The second generation in both of its firmwares. Test code only.

use super::*;

fn second(version: &str) -> Device {
    let mut device = bound("prohelion-d1000-gen2");
    if !version.is_empty() {
        told(&mut device, 0x601, version);
    }
    device
}

const SECOND: &str = "01 02 00 00 00 00 00 00";
const FIRST: &str = "01 01 00 00 00 00 00 00";

fn state(device: &mut Device, hex: &str) -> (PackState, FlagSet, u32) {
    match told(device, 0x606, hex)[..] {
        [Fact::Battery(BatteryFact::State(state)), Fact::Flags { told, raised, undocumented }] => {
            assert_eq!(told, device.tells().flags);
            (state, raised, undocumented)
        }
        ref other => panic!("{other:?}"),
    }
}

fn bit(at: u32) -> String {
    (1_u64 << at).to_le_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn nothing_that_depends_on_the_firmware_is_read_before_it_is_told_or_where_it_is_unknown() {
    for version in ["", "02 00 00 00 00 00 00 00", "01 03 00 00 00 00 00 00"] {
        let mut device = second(version);
        for (_, message) in device.codec().clone().messages() {
            let name = &message.name;
            if ["G2_Heartbeat", "G2_Firmware", "G2_Commands"].contains(&name.as_str()) {
                continue;
            }
            let mut facts = Vec::new();
            let frame = Frame::classic(message.id, &[1; 8]).unwrap();
            device.take(frame.view(), &mut facts);
            facts.retain(|fact| !matches!(fact, Fact::Reading { .. } | Fact::Lamp { .. }));
            assert_eq!(facts, [], "{name} of {version:?}");
        }
    }
}

#[test]
fn each_state_is_one_bit_and_several_are_none() {
    use PackState::*;
    let second_states = [
        Starting,
        Starting,
        Idle,
        Enable,
        Precharge,
        Run,
        ChargeInit,
        ChargeConnect,
        ChargeEnabled,
        ChargeStopping,
        Disconnect,
        Safe,
    ];
    let mut device = second(SECOND);
    for (at, wanted) in second_states.into_iter().enumerate() {
        assert_eq!(state(&mut device, &bit(at as u32)).0, wanted, "bit {at}");
    }
    assert!(matches!(state(&mut device, "00 00 00 00 00 00 00 00").0, Undocumented(0)));
    assert!(matches!(state(&mut device, "04 08 00 00 00 00 00 00").0, Undocumented(_)));
    // The same bits mean something else in firmware 1.1, and the later ones nothing.
    let mut device = second(FIRST);
    assert_eq!(state(&mut device, &bit(5)).0, Run);
    assert_eq!(state(&mut device, &bit(6)).0, Charge);
    assert_eq!(state(&mut device, &bit(7)).0, Safe);
    for at in 8..12 {
        assert!(matches!(state(&mut device, &bit(at)).0, Undocumented(_)), "bit {at}");
    }
}

#[test]
fn every_fault_bit_raises_a_flag_and_every_other_bit_is_undocumented() {
    let mut device = second(SECOND);
    for at in 12..64 {
        let (_, raised, undocumented) = state(&mut device, &bit(at));
        let documented =
            (16..=22).contains(&at) || (24..=28).contains(&at) || (32..=56).contains(&at);
        assert_eq!(!raised.is_empty(), documented, "bit {at}");
        assert_eq!(undocumented == 0, documented, "bit {at}");
    }
    let raises = |device: &mut Device, at| state(device, &bit(at)).1;
    assert_eq!(raises(&mut device, 46), FlagSet::of(&[Flag::VehicleTimeout]));
    assert_eq!(raises(&mut device, 48), FlagSet::of(&[Flag::CellOverVoltage]));
    assert_eq!(raises(&mut device, 49), FlagSet::of(&[Flag::CellUnderVoltage]));
    assert_eq!(raises(&mut device, 50), FlagSet::of(&[Flag::CellOverTemperature]));
    assert_eq!(raises(&mut device, 51), FlagSet::of(&[Flag::CellUnderTemperature]));
}

#[test]
fn firmware_1_1_tells_no_current_no_temperature_and_no_limit_since_its_documents_disagree() {
    let mut device = second(FIRST);
    for id in [0x607, 0x60C, 0x60F, 0x611, 0x615, 0x6F0] {
        assert_eq!(told(&mut device, id, "01 00 01 00 01 00 01 00"), [], "{id:X}");
    }
    let facts = told(&mut device, 0x60B, "DE 03 00 00 00 00 00 00");
    assert!(
        matches!(facts[..], [Fact::Battery(BatteryFact::Health(p))] if (p.get() - 99.0).abs() < 1e-9)
    );
    let facts = told(&mut device, 0x60A, "BC 02 E8 03 0A 0F DE 03");
    assert!(
        matches!(facts[..], [Fact::Charge { soc: Some(p), used: None }] if (p.get() - 70.0).abs() < 1e-9),
        "{facts:?}"
    );
}

#[test]
fn a_command_is_encoded_as_the_documents_have_it_and_the_guard_lets_no_other_pass() {
    use std::time::Duration;

    use crate::base::time::Mono;
    use crate::engine::can::guard::Guard;

    let device = second(SECOND);
    let frame = |command: f64| {
        device.encode("G2_Commands", &[("Command", command), ("CommandType", 1.0)]).unwrap()
    };
    // Enable is the example of the documents, and is never ours to send.
    assert_eq!(frame(4.0).view().data, [4, 0, 0, 0, 1, 0, 0, 0]);
    let allows = device.allows();
    assert!(allows[0].is_stop(frame(1.0).view()) && !allows[0].is_stop(frame(8.0).view()));
    for command in 0..=32_u8 {
        let mut guard = Guard::new(device.allows(), Duration::from_secs(1));
        guard.beat(Mono::ZERO);
        let passes = guard.clear(Mono::ZERO, frame(f64::from(command))).is_ok();
        let plain = [1, 8, 16].contains(&command);
        let several = [9].contains(&command);
        assert_eq!(passes, plain || several, "{command}");
    }
}

#[test]
fn no_bytes_bring_it_down_or_make_a_number_out_of_nothing() {
    let mut chance = crate::engine::testing::Chance::new(0x600, 12);
    for version in [FIRST, SECOND, ""] {
        let mut device = second(version);
        let ids: Vec<Id> = device
            .codec()
            .messages()
            .filter(|(_, message)| message.name != "G2_Firmware")
            .map(|(_, message)| message.id)
            .collect();
        for round in 0..20_000 {
            let bytes: [u8; 8] = chance.bits().to_le_bytes();
            let len = (chance.bits() % 9) as usize;
            let mut facts = Vec::new();
            let frame = Frame::classic(ids[round % ids.len()], &bytes[..len]).unwrap();
            let taken = device.take(frame.view(), &mut facts);
            assert!(len == 8 || taken != Taken::Known || facts.is_empty());
            for fact in facts {
                let sound = match fact {
                    Fact::Charge { soc, .. } => {
                        soc.is_none_or(|soc| (0.0..=100.0).contains(&soc.get()))
                    }
                    Fact::CellRange { low, high } => low.voltage <= high.voltage,
                    Fact::Module { cells, .. } => {
                        cells.is_none_or(|c| (-60.0..=150.0).contains(&c.get()))
                    }
                    Fact::Battery(BatteryFact::Limits(l)) => {
                        l.charge_current.is_none_or(|amps| amps.get() >= 0.0)
                    }
                    _ => true,
                };
                assert!(sound, "{bytes:02X?}: {fact:?}");
            }
        }
    }
}

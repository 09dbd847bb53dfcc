//! Driver controls, and shunts and batteries whose numbers stand where a multiplexer or a setting
//! says. Test code only.

use super::*;

#[test]
fn a_shunt_that_sends_the_least_byte_first_is_read_so() {
    use crate::engine::device::{SettingValue, SettingValues};

    let kind = kind("isabellenhuette-ivt-s");
    let little = [("byte_order".to_owned(), SettingValue::Word("little".to_owned()))];
    let values = SettingValues::of(&little.into_iter().collect());
    let mut shunt = kind.bind(Settings { values, ..kind.defaults() }).unwrap();
    let reading = |facts: Vec<Fact>| {
        facts.into_iter().find_map(|fact| match fact {
            Fact::Reading { place: 0, value } => value,
            _ => None,
        })
    };
    assert_eq!(reading(told(&mut shunt, 0x521, "00 00 53 8A FF FF")), Some(-30.125));
    let mut usual = bound("isabellenhuette-ivt-s");
    assert_eq!(reading(told(&mut usual, 0x521, "00 00 FF FF 8A 53")), Some(-30.125));
    // A result with the id of another says nothing of the current.
    assert_eq!(reading(told(&mut usual, 0x522, "00 00 FF FF 8A 53")), None);
}

#[test]
fn every_cell_of_a_foxbms_is_where_its_number_says() {
    let mut fox = bound("foxbms-2");
    for group in 0..45_u32 {
        let voltage = |cell: u32| f64::from(3000 + group * 4 + cell);
        let names: Vec<(String, f64)> = (0..4)
            .flat_map(|cell| {
                let number = group * 4 + cell;
                [(format!("Valid{number:03}"), 1.0), (format!("Cell{number:03}"), voltage(cell))]
            })
            .collect();
        let mut values = vec![("Group", f64::from(group))];
        values.extend(names.iter().map(|(name, value)| (name.as_str(), *value)));
        let frame = fox.encode("FOX_Cells", &values).unwrap();
        let mut facts = Vec::new();
        fox.take(frame.view(), &mut facts);
        let [Fact::Cells { module, first, cells }] = facts[..] else { panic!("{facts:?}") };
        let place = (u32::from(module) - 1) * 12 + u32::from(first);
        assert_eq!(place, group * 4);
        let expected = [0, 1, 2, 3].map(|cell| CellWord::Good(Millivolts(voltage(cell) as i32)));
        assert_eq!(cells, expected, "group {group}");
    }
}

#[test]
fn driver_controls_tell_who_they_are_and_what_the_key_says() {
    let mut controls = bound("ev-driver-controls");
    let fact = Fact::Heartbeat { model: Model::DriverControls, serial: 1 };
    assert_eq!(told(&mut controls, 0x500, "02 10 00 00 01 00 00 00"), [fact]);
    let start = Switches { word: 0x70, flags: 0, state: 0 };
    // Besides, its folder wants readings and lamps shown of the same message.
    let model = |mut facts: Vec<Fact>| {
        facts.retain(|fact| !matches!(fact, Fact::Reading { .. } | Fact::Lamp { .. }));
        facts
    };
    let facts = model(told(&mut controls, 0x505, "70 00 00 00 00 00 00 00"));
    assert_eq!(facts, [Fact::Switches(start)]);
    for bit in 0..16 {
        let hex: String = (1u16 << bit).to_le_bytes().iter().map(|b| format!("{b:02X}")).collect();
        let facts = model(told(&mut controls, 0x505, &format!("{hex} 000000000000")));
        let spare = if (9..=11).contains(&bit) { "spare" } else { "documented" };
        assert!(
            matches!(facts[..], [Fact::Switches(Switches { word, .. })] if word == 1 << bit),
            "{spare} bit {bit}: {facts:?}"
        );
    }
}

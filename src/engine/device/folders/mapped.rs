//! Chargers without code of their own. Test code only.

use super::*;

#[test]
fn a_charger_without_code_tells_and_is_told_what_its_folder_says() {
    let mut charger = bound("generic-charger");
    let wrong = |hex: &str, charger: &mut Device| match told(charger, 0x580, hex)[..] {
        [Fact::ChargerOutput { voltage, current, faults }] => {
            assert_eq!(voltage, Volts(100.0));
            assert!(current.get() <= 15.0);
            faults
        }
        ref other => panic!("{other:?}"),
    };
    assert_eq!(wrong("03 E8 00 96 00 00 00 00", &mut charger), ChargerFaults::default());
    // Every bit that the folder calls a fault is one, and none hides another.
    for bit in 0..8 {
        let faults = wrong(&format!("03E80000{:02X}000000", 1 << bit), &mut charger);
        assert_ne!(faults, ChargerFaults::default(), "bit {bit}");
    }
    let give = charger.charger_frame(Some((98.79, 15.0))).unwrap();
    assert_eq!(give.view().data, [0x03, 0xDB, 0x00, 0x96, 1, 0, 0, 0]);
    let stop = charger.charger_frame(None).unwrap();
    assert_eq!(stop.view().data, [0; 8]);
    let allow = &charger.allows()[0];
    assert!(allow.is_stop(stop.view()) && !allow.is_stop(give.view()));
    for odd in [(f64::NAN, 1.0), (1.0, f64::INFINITY), (-0.1, 1.0), (7000.0, 1.0)] {
        assert_eq!(charger.charger_frame(Some(odd)), None, "{odd:?}");
    }
}

#[test]
fn the_newer_elcon_status_takes_whatever_it_does_not_know_for_a_fault() {
    let mut charger = bound("elcon-tc-v1");
    let mut faults = |hex: &str| match told(&mut charger, 0x18FF_50E5, hex)[..] {
        [Fact::ChargerOutput { faults, .. }] => faults.undocumented,
        ref other => panic!("{other:?}"),
    };
    assert_eq!(faults("06 10 00 31 00 00 00 00"), 0);
    for bit in 0..32 {
        let word = 1_u32 << bit;
        assert_eq!(faults(&format!("06100031{word:08X}")), 1, "bit {bit}");
    }
}

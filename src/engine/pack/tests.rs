//! The pack model as a battery would be seen.

use std::time::Duration;

use super::picture::*;
use super::*;
use crate::base::reading::{Age, Patience};
use crate::base::time::Mono;
use crate::base::units::*;
use crate::engine::device::*;

mod parallel;
mod temperatures;

fn ms(ms: i64) -> Mono {
    Mono::from_millis(ms)
}

fn pack() -> Pack {
    let catalog = Catalog::builtin();
    Pack::new(PackSettings::of(&catalog.find("prohelion-d1000-gen1").unwrap().manifest, 1))
}

fn totals(volts: f64, amps: f64) -> Fact {
    Fact::Totals { voltage: Volts(volts), current: Amps(amps) }
}

fn good(mv: i32) -> CellWord {
    CellWord::Good(Millivolts(mv))
}

fn untrusted(mv: i32) -> CellWord {
    CellWord::Untrusted(Millivolts(mv))
}

fn four(module: u16, first: u8, cells: [CellWord; 4]) -> Fact {
    Fact::Cells { module, first, cells }
}

fn flags(raised: &[Flag]) -> Fact {
    let told = FlagSet::of(&Flag::ALL);
    Fact::Flags { told, raised: FlagSet::of(raised), undocumented: 0 }
}

fn precharge(state: PackState, on: [bool; 3], supply_ok: bool) -> Fact {
    let contactors = Contactors { on, feedback: on, supply_ok };
    let (supply, timer) = (None, Duration::ZERO);
    Fact::Precharge(Precharge { state, contactors, supply, elapsed: true, timer, count: 0 })
}

fn state(state: PackState) -> Fact {
    precharge(state, [false; 3], true)
}

fn texts(picture: &PackPicture) -> String {
    picture.remarks.iter().map(|r| format!("{}: {}\n", r.level.word(), r.text)).collect()
}

fn flag(picture: &PackPicture, flag: Flag) -> &FlagPicture {
    picture.flags.iter().find(|f| f.flag == flag).unwrap()
}

mod ages {
    use super::*;

    #[test]
    fn a_silent_bmu_is_lost_within_a_second() {
        let mut pack = pack();
        assert_eq!(pack.picture(ms(0)).presence, Age::Never);
        pack.apply(ms(0), &Fact::Heartbeat { model: Model::Bmu, serial: 61905 });
        pack.apply(ms(0), &totals(155.0, 2.5));
        assert!(matches!(pack.picture(ms(300)).voltage.age, Age::Fresh(_)));
        let late = pack.picture(ms(301));
        assert!(matches!(late.voltage.age, Age::Late(_)) && late.voltage.value.is_some());
        assert_eq!(late.level, Level::Warning);
        let last = pack.picture(ms(1000));
        assert_eq!(last.voltage.value, Some(Volts(155.0)));
        let lost = pack.picture(ms(1001));
        assert_eq!((lost.voltage.value, lost.power.value), (None, None));
        assert!(matches!(lost.presence, Age::Lost(_)));
        assert_eq!((lost.level, lost.identity.value), (Level::Fault, None));
        let lost = pack.picture(ms(3000));
        assert!(texts(&lost).contains("no frame from it for 3.0 s"), "{}", texts(&lost));
    }

    #[test]
    fn lost_totals_are_told_apart_from_a_lost_bmu() {
        let mut pack = pack();
        pack.apply(ms(0), &totals(155.0, 2.5));
        for at in 0..10 {
            pack.apply(ms(at * 1000), &state(PackState::Idle));
        }
        let picture = pack.picture(ms(9000));
        assert!(texts(&picture).contains("still sends other messages"), "{}", texts(&picture));
        assert_eq!(picture.state.value, Some(PackState::Idle));
    }

    #[test]
    fn a_bmu_without_fast_messages_is_judged_by_its_slow_ones() {
        let mut pack = pack();
        pack.apply(ms(0), &Fact::Heartbeat { model: Model::Bmu, serial: 1 });
        assert!(matches!(pack.presence(ms(1500)), Age::Fresh(_)));
        assert!(matches!(pack.presence(ms(1501)), Age::Late(_)));
        assert!(matches!(pack.presence(ms(5001)), Age::Lost(_)));
    }

    #[test]
    fn messages_that_a_bmu_was_told_not_to_send_are_not_sent_and_not_zero() {
        let mut pack = pack();
        for at in 0..40 {
            pack.apply(ms(at * 100), &totals(155.0, 2.5));
        }
        let picture = pack.picture(ms(2000));
        assert_eq!(picture.not_sent, []);
        let picture = pack.picture(ms(3900));
        assert_eq!(picture.not_sent.len(), Group::D1000_GEN1.len() - 1);
        assert!(
            picture.not_sent.contains(&Group::Fans) && picture.not_sent.contains(&Group::Charge)
        );
        assert_eq!((picture.soc.value, picture.soc.age), (None, Age::Never));
        assert_eq!((picture.cells.min, picture.cells.mean_mv), (None, None));
        assert!(picture.flags.iter().all(|f| f.raised.is_none() && f.level == Level::Ok));
        assert!(texts(&picture).contains("info: Not sent by the BMU:"), "{}", texts(&picture));
    }

    #[test]
    fn numbers_without_a_heartbeat_may_be_those_of_another_device() {
        let cells = four(1, 0, [good(3700); 4]);
        let mut pack = pack();
        for at in 0..4 {
            pack.apply(ms(at * 1000), &cells);
        }
        assert!(!texts(&pack.picture(ms(3000))).contains("heartbeat has"));
        pack.apply(ms(3001), &cells);
        let picture = pack.picture(ms(3001));
        assert!(picture.level >= Level::Warning);
        let said = texts(&picture);
        assert!(
            said.starts_with("warning: No BMU heartbeat has been heard at this base"),
            "{said}"
        );
        pack.apply(ms(3500), &Fact::Heartbeat { model: Model::Bmu, serial: 1 });
        assert!(!texts(&pack.picture(ms(3500))).contains("heartbeat has"));
    }

    #[test]
    fn a_component_may_set_its_own_times() {
        let own = Patience { late: Duration::from_secs(2), lost: Duration::from_secs(9) };
        let settings = PackSettings::default().with_patience(own);
        assert_eq!((settings.fast, settings.slow), (own, own));
        let short = Patience { late: Duration::from_millis(150), lost: Duration::from_millis(500) };
        let settings = PackSettings::default().with_patience(short);
        assert_eq!(settings.fast, short);
        assert_eq!(settings.slow, PackSettings::default().slow);
    }
}

mod cells {
    use super::*;

    #[test]
    fn lowest_highest_mean_and_spread_name_module_and_cell() {
        let mut pack = pack();
        pack.apply(ms(0), &four(1, 0, [good(3724), good(3700), good(3794), good(3802)]));
        pack.apply(ms(0), &four(1, 4, [good(3931), good(3955), good(4094), good(4124)]));
        let sum = pack.picture(ms(0)).cells;
        let place = |at: Option<CellAt>| at.map(|at| (at.mv, at.module, at.cell));
        assert_eq!(place(sum.min), Some((3700, 1, 1)));
        assert_eq!(place(sum.max), Some((4124, 1, 7)));
        assert_eq!((sum.mean_mv, sum.spread_mv, sum.counted), (Some(3890.5), Some(424), 8));
        assert_eq!(pack.picture(ms(0)).cell_sum, Some(Volts(31.124)));
    }

    #[test]
    fn untrusted_absent_and_extra_cells_are_not_in_the_sums() {
        let mut pack = pack();
        pack.apply(
            ms(0),
            &four(3, 0, [good(3700), untrusted(2000), CellWord::Absent, CellWord::Extra]),
        );
        let picture = pack.picture(ms(0));
        let module = &picture.modules[0];
        assert_eq!((picture.modules.len(), module.module), (1, 3));
        let states: Vec<_> = module.cells.iter().map(|c| (c.state, c.voltage)).collect();
        assert_eq!(states[0], (CellState::Ok, Some(Millivolts(3700))));
        assert_eq!(states[1], (CellState::Untrusted, Some(Millivolts(2000))));
        assert_eq!(states[2..], [(CellState::Absent, None), (CellState::Extra, None)]);
        let sum = picture.cells;
        assert_eq!(sum.min.map(|at| at.mv), Some(3700));
        assert_eq!((sum.counted, sum.untrusted, sum.absent, sum.extra), (1, 1, 1, 1));
        assert_eq!(picture.cell_sum, None);
        assert!(
            texts(&picture).contains("fault: A voltage where no cell is configured: CMU 3 cell 3.")
        );
    }

    #[test]
    fn a_trust_error_alarms_only_when_a_second_message_confirms_it() {
        let mut pack = pack();
        let bad = four(1, 0, [good(3700), untrusted(3600), good(3701), good(3702)]);
        pack.apply(ms(0), &bad);
        pack.apply(ms(300), &bad);
        assert!(!texts(&pack.picture(ms(900))).contains("Untrusted"));
        pack.apply(ms(500), &bad);
        let picture = pack.picture(ms(500));
        assert!(picture.modules[0].cells[1].alarming);
        assert!(texts(&picture).contains("CMU 1 cell 1"), "{}", texts(&picture));
        pack.apply(ms(600), &four(1, 0, [good(3700), good(3600), good(3701), good(3702)]));
        assert!(texts(&pack.picture(ms(600))).is_empty());
    }

    #[test]
    fn a_voltage_that_no_cell_can_have_is_not_trusted_and_its_cell_is_named() {
        let mut pack = pack();
        let cells = [good(3700), good(6001), good(32767), good(6000)];
        pack.apply(ms(0), &four(1, 0, cells));
        let picture = pack.picture(ms(0));
        let states = picture.modules[0].cells.iter().map(|cell| cell.state);
        use CellState::{Ok, Untrusted};
        assert_eq!(states.collect::<Vec<_>>(), [Ok, Untrusted, Untrusted, Ok]);
        assert_eq!(picture.cells.max.map(|at| (at.mv, at.cell)), Some((6000, 3)));
        assert_eq!((picture.cells.counted, picture.cells.untrusted), (2, 2));
        assert_eq!(picture.cell_sum, None);
        let shown = picture.modules[0].cells.iter().map(|cell| cell.voltage.map(|mv| mv.get()));
        assert_eq!(shown.collect::<Vec<_>>(), [Some(3700), None, None, Some(6000)]);
        assert!(texts(&picture).is_empty(), "one message may be wrong: {}", texts(&picture));
        pack.apply(ms(1000), &four(1, 0, cells));
        let said = texts(&pack.picture(ms(1000)));
        assert!(said.starts_with("warning: Implausible"), "{said}");
        assert!(said.contains(": CMU 1 cell 1, CMU 1 cell 2.") && said.lines().count() == 1);
    }

    #[test]
    fn a_module_without_one_trusted_cell_points_to_its_supply() {
        let mut pack = pack();
        let bad = [untrusted(3600), untrusted(3601), untrusted(3602), CellWord::Absent];
        for at in [0, 1000] {
            pack.apply(ms(at), &four(2, 0, bad));
            pack.apply(ms(at), &four(2, 4, [CellWord::Absent; 4]));
        }
        let picture = pack.picture(ms(1000));
        assert!(texts(&picture).contains("All cells of CMU 2"), "{}", texts(&picture));
    }

    #[test]
    fn cells_grow_old_one_half_module_at_a_time() {
        let mut pack = pack();
        pack.apply(ms(0), &four(1, 0, [good(3700); 4]));
        pack.apply(
            ms(0),
            &four(1, 4, [good(3700), good(3700), CellWord::Absent, CellWord::Absent]),
        );
        pack.apply(ms(4000), &four(1, 0, [good(3705); 4]));
        let picture = pack.picture(ms(5001));
        let states: Vec<_> = picture.modules[0].cells.iter().map(|c| c.state).collect();
        let (ok, lost, absent) = (CellState::Ok, CellState::Lost, CellState::Absent);
        assert_eq!(states, [ok, ok, ok, ok, lost, lost, absent, absent]);
        assert_eq!((picture.cells.lost, picture.cells.counted), (2, 4));
        assert_eq!(picture.cells.mean_mv, Some(3705.0));
        assert_eq!(picture.cell_sum, None);
    }

    #[test]
    fn cells_above_the_threshold_are_expected_to_be_balanced() {
        let mut pack = pack();
        pack.apply(ms(0), &four(1, 0, [good(4101), good(4100), good(3700), untrusted(4150)]));
        assert_eq!(pack.picture(ms(0)).balancing_known, BalancingKnown::Unknown);
        let (on, off) = (Millivolts(4100), Millivolts(4095));
        pack.apply(ms(0), &Fact::Balance { on, off, modules: 1, firmware: 931 });
        let picture = pack.picture(ms(0));
        let balancing: Vec<_> = picture.modules[0].cells.iter().map(|c| c.balancing).collect();
        assert_eq!(balancing, [true, false, false, false]);
        assert_eq!(picture.balancing_known, BalancingKnown::Expected);
        assert_eq!(picture.firmware.value, Some(931));
    }

    #[test]
    fn modules_up_to_79_and_odd_numbers_do_no_harm() {
        let mut pack = pack();
        for module in [79, 0, u16::MAX] {
            pack.apply(ms(0), &four(module, 0, [good(3700); 4]));
            pack.apply(ms(0), &four(module, 255, [good(3700); 4]));
        }
        let picture = pack.picture(ms(0));
        assert_eq!(picture.modules.iter().map(|m| m.module).collect::<Vec<_>>(), [79]);
        assert_eq!(picture.cells.counted, 4);
    }

    #[test]
    fn a_missing_thermistor_is_no_temperature() {
        let mut pack = pack();
        let board = Some(Celsius(27.6));
        for (module, cells) in [(1, Some(Celsius(24.4))), (2, None), (3, Some(Celsius(-3.0)))] {
            pack.apply(ms(0), &Fact::Module { module, serial: 1, board, cells });
        }
        let picture = pack.picture(ms(0));
        let place = |at: Option<TemperatureAt>| at.map(|at| (at.temperature.get(), at.module));
        assert_eq!(place(picture.temperatures.min), Some((-3.0, 3)));
        assert_eq!(place(picture.temperatures.max), Some((24.4, 1)));
        assert_eq!(picture.temperatures.without_sensor, 1);
        assert_eq!(picture.modules[1].temperature.value, None);
        assert_eq!(picture.modules[1].board.value, board);
    }

    #[test]
    fn a_missing_module_is_named() {
        let mut pack = pack();
        for at in 0..5 {
            let (on, off) = (Millivolts(4100), Millivolts(4095));
            pack.apply(ms(at * 1000), &Fact::Balance { on, off, modules: 3, firmware: 931 });
            pack.apply(ms(at * 1000), &four(1, 0, [good(3700); 4]));
            pack.apply(ms(at * 1000), &four(4, 0, [good(3700); 4]));
        }
        let said = texts(&pack.picture(ms(4000)));
        assert!(said.contains("counts 3 CMUs, 2 were heard; missing: CMU 2, CMU 3."), "{said}");
        assert!(said.contains("also relays CMU 4"), "{said}");
    }

    #[test]
    fn what_some_do_not_tell_any_more_is_said_of_the_extremes_and_makes_them_late() {
        let mut pack = pack();
        let module = |module, celsius| Fact::Module {
            module,
            serial: 1,
            board: None,
            cells: Some(Celsius(celsius)),
        };
        let tell = |pack: &mut Pack, at: i64, half: bool| {
            pack.apply(ms(at), &totals(150.0, 0.0));
            pack.apply(ms(at), &four(1, 0, [good(3700); 4]));
            pack.apply(ms(at), &module(1, 20.0));
            if !half {
                pack.apply(ms(at), &four(1, 4, [good(4200); 4]));
                pack.apply(ms(at), &module(2, 60.0));
                pack.apply(ms(at), &four(2, 0, [good(3700); 4]));
            }
        };
        (0..10).for_each(|at| tell(&mut pack, at * 100, false));
        let whole = pack.picture(ms(900));
        assert_eq!((whole.cells_share(), whole.temperatures_share()), (None, None));
        assert!(matches!(whole.cells_age(), Age::Fresh(_)), "{:?}", whole.cells_age());
        (10..80).for_each(|at| tell(&mut pack, at * 100, true));
        let part = pack.picture(ms(7_900));
        assert_eq!(part.cells.max.map(|at| at.mv), Some(3700), "of those that are told");
        let share = Share { told: 4, of: 12, among: Among::Cells };
        assert_eq!(part.cells_share(), Some(share));
        let share = Share { told: 1, of: 2, among: Among::Modules };
        assert_eq!(part.temperatures_share(), Some(share));
        assert!(matches!(part.cells_age(), Age::Late(_)), "{:?}", part.cells_age());
        assert!(matches!(part.temperatures_age(), Age::Late(_)));
        let said = texts(&part);
        assert!(said.contains("minimum and maximum: CMU 1 cell 4, CMU 1 cell 5"), "{said}");
        // Of the one that is lost as a whole that is said, and not of its cells too.
        assert!(said.contains("No data any more from CMU 2."), "{said}");
        assert!(!said.contains("CMU 2 cell") && !said.contains("temperature any more"), "{said}");
        let later = pack.picture(ms(60_000));
        assert!(matches!(later.cells_age(), Age::Lost(_)), "{:?}", later.cells_age());
        assert_eq!(later.cells_share(), None, "of none there is nothing to say");
    }

    #[test]
    fn a_module_that_falls_silent_is_a_fault() {
        let mut pack = pack();
        pack.apply(ms(0), &four(2, 0, [good(3700); 4]));
        for at in 0..61 {
            pack.apply(ms(at * 100), &totals(150.0, 0.0));
        }
        assert!(texts(&pack.picture(ms(6000))).contains("fault: No data any more from CMU 2."));
    }

    #[test]
    fn a_bmu_whose_own_range_disagrees_for_long_is_told_on() {
        let mut pack = pack();
        let cell = |voltage| ReportedCell { voltage, module: 1, cell: 0 };
        for at in 0..80 {
            if at % 10 == 0 {
                pack.apply(
                    ms(at * 100),
                    &four(1, 0, [good(3700), good(3800), good(3750), good(3750)]),
                );
            }
            let range = Fact::CellRange { low: cell(3600), high: cell(3800) };
            pack.apply(ms(at * 100), &range);
            let said = texts(&pack.picture(ms(at * 100)));
            assert_eq!(said.contains("reports cells from 3600 to 3800"), at >= 50, "{at}: {said}");
        }
    }
}

mod states_and_flags {
    use super::*;

    #[test]
    fn resting_in_error_for_want_of_a_vehicle_is_normal() {
        let mut pack = pack();
        pack.apply(ms(0), &totals(150.0, 0.0));
        pack.apply(ms(0), &state(PackState::Error));
        pack.apply(ms(0), &flags(&[Flag::VehicleTimeout]));
        let picture = pack.picture(ms(0));
        assert_eq!((picture.level, picture.state_level), (Level::Info, Level::Info));
        assert!(picture.state_words.contains("nobody sends the vehicle heartbeat"));
        assert_eq!(flag(&picture, Flag::VehicleTimeout).level, Level::Info);
    }

    #[test]
    fn a_real_fault_is_not_hidden_by_the_missing_vehicle_nor_by_a_warning() {
        let mut pack = pack();
        pack.apply(ms(0), &totals(150.0, 0.0));
        pack.apply(ms(0), &state(PackState::Error));
        let raised = [Flag::CellOverVoltage, Flag::VehicleTimeout, Flag::SupplyLow];
        pack.apply(ms(0), &flags(&raised));
        let picture = pack.picture(ms(0));
        assert_eq!((picture.level, picture.state_level), (Level::Fault, Level::Fault));
        assert!(picture.state_words.contains("Cell over voltage"), "{}", picture.state_words);
        assert_eq!(flag(&picture, Flag::SupplyLow).level, Level::Warning);
        assert_eq!(flag(&picture, Flag::CellOverVoltage).level, Level::Fault);
    }

    #[test]
    fn a_missing_vehicle_while_not_in_error_is_a_fault() {
        let mut pack = pack();
        pack.apply(ms(0), &precharge(PackState::Run, [true; 3], true));
        pack.apply(ms(0), &flags(&[Flag::VehicleTimeout]));
        assert_eq!(flag(&pack.picture(ms(0)), Flag::VehicleTimeout).level, Level::Fault);
    }

    #[test]
    fn modules_without_power_are_a_warning() {
        let mut pack = pack();
        pack.apply(ms(0), &totals(150.0, 0.0));
        pack.apply(ms(0), &flags(&[Flag::ModulePowerMissing]));
        let picture = pack.picture(ms(0));
        assert_eq!(picture.level, Level::Warning);
        assert_eq!(flag(&picture, Flag::ModulePowerMissing).raised, Some(true));
    }

    #[test]
    fn the_short_flags_do_not_clear_the_long_ones() {
        let mut pack = pack();
        pack.apply(ms(0), &flags(&[Flag::ContactorStuck, Flag::CellOverVoltage]));
        let told = FlagSet::of(&[Flag::CellOverVoltage, Flag::CellUnderVoltage]);
        let short = Fact::Flags { told, raised: FlagSet::NONE, undocumented: 0 };
        pack.apply(ms(500), &short);
        let picture = pack.picture(ms(500));
        assert_eq!(flag(&picture, Flag::ContactorStuck).raised, Some(true));
        assert_eq!(flag(&picture, Flag::CellOverVoltage).raised, Some(false));
        let picture = pack.picture(ms(5400));
        assert_eq!(flag(&picture, Flag::ContactorStuck).raised, None);
    }

    #[test]
    fn the_sequence_of_states_is_kept_with_its_times() {
        let mut pack = pack();
        use PackState::{Enable, Error, Idle, Measure, Precharge, Run};
        let sequence = [Error, Idle, Enable, Measure, Precharge, Run, Idle];
        for (at, each) in sequence.into_iter().enumerate() {
            pack.apply(ms(at as i64 * 100), &state(each));
            pack.apply(ms(at as i64 * 100 + 50), &state(each));
        }
        let picture = pack.picture(ms(700));
        let kept: Vec<_> = picture.transitions.iter().map(|t| (t.at, t.state)).collect();
        let expected: Vec<_> =
            sequence.into_iter().enumerate().map(|(at, s)| (ms(at as i64 * 100), s)).collect();
        assert_eq!(kept, expected);
        for at in 0..200 {
            pack.apply(ms(1000 + at), &state(if at % 2 == 0 { Run } else { Idle }));
        }
        assert_eq!(pack.picture(ms(1200)).transitions.len(), Pack::TRANSITIONS);
    }

    #[test]
    fn a_lost_contactor_supply_in_an_undocumented_state_is_told() {
        let mut pack = pack();
        pack.apply(ms(0), &precharge(PackState::Undocumented(6), [true, true, true], false));
        let picture = pack.picture(ms(0));
        assert_eq!(picture.state_level, Level::Warning);
        assert!(picture.state_words.contains("State 6"), "{}", picture.state_words);
        assert!(texts(&picture).contains("12 V supply of the contactors is missing"));
    }

    #[test]
    fn the_wrong_device_at_the_address_is_told() {
        let mut pack = pack();
        pack.apply(ms(0), &Fact::Heartbeat { model: Model::DriverControls, serial: 1 });
        let said = texts(&pack.picture(ms(0)));
        assert!(
            said.contains("warning: The device at this address says it is EV driver"),
            "{said}"
        );
    }

    #[test]
    fn a_state_of_charge_that_the_bmu_does_not_trust_says_so() {
        let mut pack = pack();
        let charge = Fact::Charge { used: Some(AmpHours(9.2)), soc: Some(Percent(66.4)) };
        pack.apply(ms(0), &charge);
        pack.apply(ms(0), &flags(&[]));
        let source = |pack: &Pack| pack.picture(ms(0)).soc.value.map(|soc| soc.source);
        assert_eq!(source(&pack), Some(SocSource::Reported));
        pack.apply(ms(0), &flags(&[Flag::SocInvalid]));
        assert_eq!(source(&pack), Some(SocSource::ReportedInvalid));
    }
}

/// Readings come and go in any order and at any time; a picture is always made and never says that
/// a lost value is one.
#[test]
fn a_picture_never_shows_a_value_that_is_too_old() {
    let mut pack = pack();
    let facts = [
        totals(150.0, 1.0),
        four(1, 0, [good(3700); 4]),
        state(PackState::Run),
        flags(&[Flag::SocInvalid]),
        Fact::Charge { used: None, soc: Some(Percent(50.0)) },
    ];
    let mut seed = 0x1234_5678_u32;
    let mut at = 0;
    for _ in 0..2000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        at += i64::from(seed >> 19);
        pack.apply(ms(at), &facts[(seed >> 8) as usize % facts.len()]);
        let picture = pack.picture(ms(at + i64::from(seed & 0xFFF)));
        for (age, shown) in [
            (picture.voltage.age, picture.voltage.value.is_some()),
            (picture.soc.age, picture.soc.value.is_some()),
            (picture.state.age, picture.state.value.is_some()),
        ] {
            assert!(age.is_usable() || !shown, "seed 0x12345678, at {at}: {age:?}");
        }
        for cell in picture.modules.iter().flat_map(|module| &module.cells) {
            assert!(cell.age.is_usable() || cell.voltage.is_none(), "seed 0x12345678, at {at}");
        }
    }
}

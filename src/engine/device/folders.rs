//! Every device folder, checked: one test that enumerates them, and the golden vectors of the
//! protocol note. Test code only.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::catalog::{Catalog, FOLDERS, Kind};
use super::fact::*;
use super::flag::{Flag, FlagSet};
use super::identity::{Model, Question};
use super::settings::{CurrentSign, Settings};
use super::{AddressWay, Device, Taken};
use crate::base::units::*;
use crate::engine::can::frame::{Frame, Id};
use crate::engine::dbc::{self, Row};

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/devices")
}

fn kind(id: &str) -> Arc<Kind> {
    Arc::clone(Catalog::builtin().find(id).unwrap())
}

fn bound(id: &str) -> Device {
    let kind = kind(id);
    kind.bind(kind.defaults()).unwrap()
}

fn frame(id: u32, hex: &str) -> Frame {
    let digits: String = hex.split_whitespace().collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    Frame::classic(Id::guess(id).unwrap(), &bytes).unwrap()
}

fn told(device: &mut Device, id: u32, hex: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    assert_eq!(device.take(frame(id, hex).view(), &mut facts), Taken::Known, "{id:X}");
    facts
}

#[test]
fn what_comes_with_the_program_is_read_once() {
    let (one, two) = (Catalog::builtin(), Catalog::builtin());
    assert!(one.iter().count() > 0);
    assert!(one.iter().zip(two.iter()).all(|(a, b)| Arc::ptr_eq(a, b)));
}

#[test]
fn every_folder_on_disk_is_embedded_and_every_embedded_one_is_known() {
    let mut on_disk: Vec<String> = std::fs::read_dir(assets())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    on_disk.sort();
    let embedded: Vec<&str> = FOLDERS.iter().map(|folder| folder.name).collect();
    assert_eq!(on_disk, embedded);
    let catalog = Catalog::builtin();
    let known: Vec<&str> = catalog.iter().map(|kind| kind.manifest.id.as_str()).collect();
    assert_eq!(known, embedded);
}

#[test]
fn every_folder_has_a_sound_dbc_whose_messages_have_a_rate_and_a_comment() {
    for folder in FOLDERS {
        let parsed = dbc::parse(folder.dbc);
        assert_eq!(parsed.problems, [], "{}", folder.name);
        let kind = kind(folder.name);
        let manifest = &kind.manifest;
        assert!(!manifest.title.is_empty() && !manifest.maker.is_empty());
        assert!(manifest.summary.ends_with('.'), "{}", folder.name);
        for message in &parsed.schema.messages {
            let name = &message.name;
            assert!((1..=8).contains(&message.len), "{name}");
            assert!(message.comment.is_some(), "{name} has no comment");
            let groups = manifest.rates.iter().filter(|rate| rate.covers(name)).count();
            let asked_for = manifest.on_demand.contains(name);
            assert_eq!(groups + usize::from(asked_for), 1, "{name} is in {groups} rates");
            let period = manifest.rate_of(name).map(|rate| rate.period_ms as f64);
            assert_eq!(message.cycle_ms(), period, "{name}");
        }
        for rate in &manifest.rates {
            assert!(rate.period_ms < rate.late_ms && rate.late_ms < rate.lost_ms, "{}", rate.name);
        }
        let device = kind.bind(kind.defaults()).unwrap();
        assert_eq!(device.allows().len(), manifest.sends.len(), "{}", folder.name);
        for allow in device.allows() {
            assert_eq!(allow.ranges.len(), allow.len);
            let banned = device.nevers();
            let raw = allow.id.raw();
            assert!(allow.id.is_extended() || !banned.iter().any(|never| never.ids.contains(&raw)));
        }
    }
}

/// The ids that a device of this kind listens to stay within what it claims.
#[test]
fn every_message_is_within_the_claims_of_its_device_at_every_address() {
    for folder in FOLDERS {
        let kind = kind(folder.name);
        let rule = &kind.manifest.address;
        let bases: Vec<u32> = match rule.way {
            AddressWay::Base => {
                let highest = rule.highest.unwrap_or(0x800 - rule.span);
                (0..=highest).step_by(rule.step as usize).collect()
            }
            AddressWay::Node | AddressWay::Text => rule.choices.clone(),
            AddressWay::Fixed => vec![rule.default],
        };
        for base in bases {
            let device = kind.bind(Settings { base, ..kind.defaults() }).unwrap();
            let claims = device.claims();
            for (_, message) in device.codec().messages() {
                let id = message.id;
                let own =
                    |c: &super::Claim| c.extended == id.is_extended() && c.ids.contains(&id.raw());
                assert!(claims.iter().any(own), "{id} of {} at 0x{base:X}", message.name);
                assert_eq!(device.message_name(id), Some(message.name.as_str()));
            }
        }
    }
}

fn golden_text(name: &str, sample: &str) -> String {
    let mut device = bound(name);
    let mut row = Row::new();
    let mut text = String::new();
    for line in sample.lines() {
        let (id, data) = line.rsplit_once(' ').unwrap().1.split_once('#').unwrap();
        let id = u32::from_str_radix(id, 16).unwrap();
        let frame = frame(id, data);
        write!(text, "{} {data}", frame.id()).unwrap();
        if let Some(index) = device.codec().find(frame.id()) {
            device.codec().decode(index, frame.view().data, &mut row);
            let message = device.codec().message(index);
            write!(text, " {}", message.name).unwrap();
            for (at, value) in row.values() {
                let signal = &message.signals[at];
                write!(text, " {}={value}{}", signal.name, signal.unit).unwrap();
                if let Some(label) = row.raw(at).and_then(|raw| signal.label(raw)) {
                    write!(text, " ({label})").unwrap();
                }
            }
        }
        text.push('\n');
        let mut facts = Vec::new();
        let taken = device.take(frame.view(), &mut facts);
        facts.iter().for_each(|fact| writeln!(text, "  {fact:?}").unwrap());
        match taken {
            Taken::Known => {}
            Taken::Malformed => writeln!(text, "  malformed: {}", device.malformed().last).unwrap(),
            Taken::Foreign => writeln!(text, "  not of this device").unwrap(),
        }
    }
    text
}

#[test]
fn every_sample_decodes_to_its_golden_text() {
    for folder in FOLDERS {
        assert!(!folder.sample.is_empty(), "{} has no sample", folder.name);
        let text = golden_text(folder.name, folder.sample);
        let path = assets().join(folder.name).join("golden.txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            text,
            golden,
            "{}: run again with UPDATE_GOLDEN=1 if this is right",
            path.display()
        );
    }
}

#[test]
fn every_sample_shows_every_message_that_means_something() {
    for folder in FOLDERS {
        let device = bound(folder.name);
        let mut shown = BTreeSet::new();
        for line in folder.sample.lines() {
            let (id, _) = line.rsplit_once(' ').unwrap().1.split_once('#').unwrap();
            let id = Id::guess(u32::from_str_radix(id, 16).unwrap()).unwrap();
            shown.extend(device.message_name(id).map(str::to_owned));
        }
        for message in &kind(folder.name).schema.messages {
            let is_a_middle_module = message.name.starts_with("CMU")
                && !message.name.starts_with("CMU01")
                && !message.name.starts_with("CMU79");
            let never_seen = kind(folder.name).manifest.on_demand.contains(&message.name);
            let shown = shown.contains(&message.name);
            assert!(
                shown || is_a_middle_module || never_seen,
                "{} not in the sample",
                message.name
            );
        }
    }
}

#[test]
fn all_79_modules_are_written_out_with_the_same_layout() {
    let kind = kind("prohelion-d1000-gen1");
    let modules: Vec<_> =
        kind.schema.messages.iter().filter(|m| m.name.starts_with("CMU")).collect();
    assert_eq!(modules.len(), 3 * 79);
    for (at, message) in modules.iter().enumerate() {
        let what = ["Status", "Cells0to3", "Cells4to7"][at % 3];
        assert_eq!(message.name, format!("CMU{:02}_{what}", at / 3 + 1));
        assert_eq!(message.id.raw(), 0x601 + at as u32);
        let model = modules[at % 3];
        assert_eq!(message.signals.len(), model.signals.len());
        for (signal, of_model) in message.signals.iter().zip(&model.signals) {
            assert_eq!(
                (&signal.name, signal.start, signal.length),
                (&of_model.name, of_model.start, of_model.length)
            );
            assert_eq!((signal.kind, signal.factor), (of_model.kind, of_model.factor));
            assert_eq!(signal.labels, of_model.labels, "{}", message.name);
        }
    }
}

mod golden_vectors {
    use super::*;

    fn bmu() -> Device {
        bound("prohelion-d1000-gen1")
    }

    fn good(mv: i32) -> CellWord {
        CellWord::Good(Millivolts(mv))
    }

    #[test]
    fn the_heartbeat_tells_model_and_serial() {
        let fact = Fact::Heartbeat { model: Model::Bmu, serial: 61905 };
        assert_eq!(told(&mut bmu(), 0x600, "00 10 00 00 D1 F1 00 00"), [fact]);
    }

    #[test]
    fn a_module_tells_its_serial_and_temperatures() {
        let facts = told(&mut bmu(), 0x601, "81 F1 00 00 14 01 F4 00");
        let (board, cells) = (Some(Celsius(27.6)), Some(Celsius(24.4)));
        assert_eq!(facts, [Fact::Module { module: 1, serial: 61825, board, cells }]);
        let facts = told(&mut bmu(), 0x6EB, "81 F1 00 00 14 01 70 FE");
        assert_eq!(facts, [Fact::Module { module: 79, serial: 61825, board, cells: None }]);
    }

    #[test]
    fn cells_are_millivolts() {
        let facts = told(&mut bmu(), 0x602, "8C 0E 74 0E D2 0E DA 0E");
        let cells = [good(3724), good(3700), good(3794), good(3802)];
        assert_eq!(facts, [Fact::Cells { module: 1, first: 0, cells }]);
        let facts = told(&mut bmu(), 0x603, "5B 0F 73 0F FE 0F 1C 10");
        let cells = [good(3931), good(3955), good(4094), good(4124)];
        assert_eq!(facts, [Fact::Cells { module: 1, first: 4, cells }]);
    }

    #[test]
    fn special_cell_values_are_no_millivolts() {
        let facts = told(&mut bmu(), 0x6EC, "8C 0E 8C F1 00 80 01 80");
        let untrusted = CellWord::Untrusted(Millivolts(3700));
        let cells = [good(3724), untrusted, CellWord::Absent, CellWord::Extra];
        assert_eq!(facts, [Fact::Cells { module: 79, first: 0, cells }]);
    }

    #[test]
    fn the_state_of_charge_is_a_fraction_on_the_wire() {
        let facts = told(&mut bmu(), 0x6F4, "10 E3 1E C0 00 00 80 3F");
        let [Fact::Charge { used: Some(used), soc: Some(soc) }] = facts[..] else {
            panic!("{facts:?}")
        };
        assert!((used.get() + 2.4826).abs() < 5e-5, "{used:?}");
        assert_eq!(soc, Percent(100.0));
        // 0.664 as f32 is not 0.664; the percentage is.
        let facts = told(&mut bmu(), 0x6F4, "00 00 00 00 E7 FB 29 3F");
        assert_eq!(facts, [Fact::Charge { used: Some(AmpHours(0.0)), soc: Some(Percent(66.4)) }]);
    }

    #[test]
    fn a_state_of_charge_that_is_none_is_not_shown() {
        let facts = told(&mut bmu(), 0x6F4, "00 00 C0 7F 00 00 C0 7F");
        assert_eq!(facts, [Fact::Charge { used: None, soc: None }]);
    }

    #[test]
    fn charger_control_tells_margins_and_capacity() {
        let facts = told(&mut bmu(), 0x6F6, "E7 FF 32 FF 82 FB 35 00");
        let headroom = Headroom {
            charge: Millivolts(-25),
            temperature: Celsius(-20.6),
            discharge: Millivolts(-1150),
            capacity: AmpHours(53.0),
        };
        assert_eq!(facts, [Fact::Headroom(headroom)]);
    }

    #[test]
    fn precharge_tells_run_with_the_documented_error_bits_set() {
        let facts = told(&mut bmu(), 0x6F7, "7F 04 00 00 57 33 01 00");
        let [Fact::Precharge(run)] = facts[..] else { panic!("{facts:?}") };
        assert_eq!((run.state, run.count, run.elapsed), (PackState::Run, 13143, true));
        assert_eq!(run.contactors.on, [true; 3]);
        assert_eq!(run.contactors.feedback, [true; 3]);
        assert!(run.contactors.supply_ok && run.supply.is_none());

        let facts = told(&mut bmu(), 0x6F7, "10 01 00 00 07 34 01 00");
        let [Fact::Precharge(idle)] = facts[..] else { panic!("{facts:?}") };
        assert_eq!((idle.state, idle.count), (PackState::Idle, 13319));
        assert_eq!(idle.contactors.on, [false; 3]);
    }

    #[test]
    fn the_precharge_sequence_is_told_step_by_step() {
        let mut bmu = bmu();
        let mut step = |hex: &str| match told(&mut bmu, 0x6F7, hex)[..] {
            [Fact::Precharge(p)] => (p.state, p.contactors.on, p.elapsed, p.timer.as_millis()),
            ref other => panic!("{other:?}"),
        };
        use PackState::{Enable, Error, Measure, Precharge, Run, Undocumented};
        assert_eq!(step("10 00 00 00 00 00 01 00"), (Error, [false; 3], true, 0));
        assert_eq!(step("10 05 00 00 00 00 01 00").0, Enable);
        assert_eq!(step("15 02 00 00 00 00 01 00").0, Measure);
        assert_eq!(step("75 03 00 00 00 00 01 00").0, Precharge);
        assert_eq!(step("75 04 00 00 00 00 00 C8"), (Run, [true, false, true], false, 2000));
        assert_eq!(step("6F 06 00 00 00 00 01 00").0, Undocumented(6));
        assert_eq!(Undocumented(6).words(), "state 6 (undocumented)");
    }

    #[test]
    fn the_device_names_its_lowest_and_highest_cell() {
        let facts = told(&mut bmu(), 0x6F8, "74 0E 1D 10 01 01 05 07");
        let low = ReportedCell { voltage: 3700, module: 1, cell: 1 };
        let high = ReportedCell { voltage: 4125, module: 5, cell: 7 };
        assert_eq!(facts, [Fact::CellRange { low, high }]);
    }

    #[test]
    fn the_device_names_its_coldest_and_hottest_module() {
        let facts = told(&mut bmu(), 0x6F9, "DC 00 F4 00 05 00 01 00");
        let low = ReportedTemperature { temperature: Some(Celsius(22.0)), module: 5 };
        let high = ReportedTemperature { temperature: Some(Celsius(24.4)), module: 1 };
        assert_eq!(facts, [Fact::TemperatureRange { low, high }]);
        // Signed, whatever the printed documents say: -12.3 and -40.0 for no thermistor.
        let facts = told(&mut bmu(), 0x6F9, "70 FE 85 FF 05 00 01 00");
        let low = ReportedTemperature { temperature: None, module: 5 };
        let high = ReportedTemperature { temperature: Some(Celsius(-12.3)), module: 1 };
        assert_eq!(facts, [Fact::TemperatureRange { low, high }]);
    }

    #[test]
    fn current_is_positive_into_the_battery_whatever_the_device_counts() {
        let facts = told(&mut bmu(), 0x6FA, "A7 5D 02 00 17 0A 00 00");
        assert_eq!(facts, [Fact::Totals { voltage: Volts(155.047), current: Amps(2.583) }]);
        let kind = kind("prohelion-d1000-gen1");
        let current_sign = CurrentSign::DischargePositive;
        let mut turned = kind.bind(Settings { current_sign, ..kind.defaults() }).unwrap();
        let facts = told(&mut turned, 0x6FA, "A7 5D 02 00 17 0A 00 00");
        assert_eq!(facts, [Fact::Totals { voltage: Volts(155.047), current: Amps(-2.583) }]);
    }

    #[test]
    fn status_0x80_is_healthy() {
        let low = [
            Flag::CellOverVoltage,
            Flag::CellUnderVoltage,
            Flag::CellOverTemperature,
            Flag::MeasurementUntrusted,
            Flag::ModuleTimeout,
            Flag::VehicleTimeout,
            Flag::SetupMode,
            Flag::ModulePowerMissing,
        ];
        let facts = told(&mut bmu(), 0x6FB, "04 10 FF 0F 80 05 A3 03");
        let flags = Fact::Flags { told: FlagSet::of(&low), raised: FlagSet::NONE, undocumented: 0 };
        let balance = Fact::Balance {
            on: Millivolts(4100),
            off: Millivolts(4095),
            modules: 5,
            firmware: 931,
        };
        assert_eq!(facts, [flags, balance]);
        let facts = told(&mut bmu(), 0x6FD, "80 00 00 00 00 00 00 00");
        let (told, raised) = (FlagSet::D1000_GEN1, FlagSet::NONE);
        let flags = Fact::Flags { told, raised, undocumented: 0 };
        assert_eq!(facts, [flags, Fact::Hardware { version: 0, model: 0 }]);
    }

    #[test]
    fn each_flag_bit_raises_its_own_flag_and_power_is_turned_round() {
        let order = [
            Flag::CellOverVoltage,
            Flag::CellUnderVoltage,
            Flag::CellOverTemperature,
            Flag::MeasurementUntrusted,
            Flag::ModuleTimeout,
            Flag::VehicleTimeout,
            Flag::SetupMode,
            Flag::ModulePowerMissing,
            Flag::IsolationFailed,
            Flag::SocInvalid,
            Flag::SupplyLow,
            Flag::ContactorStuck,
            Flag::ExtraCell,
        ];
        let mut bmu = bmu();
        for (bit, &flag) in order.iter().enumerate() {
            let word = 0x80u32 ^ (1 << bit);
            let hex: String = word.to_le_bytes().iter().map(|b| format!("{b:02X}")).collect();
            let facts = told(&mut bmu, 0x6FD, &format!("{hex} 00000000"));
            let Fact::Flags { raised, undocumented: 0, .. } = facts[0] else { panic!("{facts:?}") };
            assert_eq!(raised, FlagSet::of(&[flag]), "bit {bit}");
        }
        let facts = told(&mut bmu, 0x6FD, "80 20 00 80 00 00 00 00");
        assert!(matches!(facts[0], Fact::Flags { undocumented: 0x8000_2000, .. }), "{facts:?}");
    }

    #[test]
    fn fans_and_the_12_v_side_are_told() {
        let fans = Fans { rpm: [0, 0], actuators: Amps(0.066), modules: Amps(0.199) };
        assert_eq!(told(&mut bmu(), 0x6FC, "00 00 00 00 42 00 C7 00"), [Fact::Fans(fans)]);
    }

    #[test]
    fn the_old_letters_and_the_answer_code_are_understood() {
        let mut bmu = bmu();
        let old = Fact::Heartbeat { model: Model::OldBmu, serial: 5 };
        assert_eq!(told(&mut bmu, 0x600, "54 4F 36 37 05 00 00 00"), [old]);
        let answer = Fact::Answer { question: Question::FirmwareBuild, value: 931 };
        assert_eq!(told(&mut bmu, 0x600, "00 10 00 08 A3 03 00 00"), [answer]);
    }

    #[test]
    fn the_charger_is_big_endian() {
        let mut charger = bound("elcon-tc");
        let command = ChargerCommand {
            voltage: Volts(160.0),
            current: Amps(5.0),
            control: ChargerControl::Charge,
        };
        let facts = told(&mut charger, 0x1806_E5F4, "06 40 00 32 00 00 00 00");
        assert_eq!(facts, [Fact::ChargerCommand(command)]);
        let facts = told(&mut charger, 0x18FF_50E5, "06 10 00 31 00 00 00 00");
        let (voltage, current) = (Volts(155.2), Amps(4.9));
        let faults = ChargerFaults::default();
        assert_eq!(facts, [Fact::ChargerOutput { voltage, current, faults }]);
        let facts = told(&mut charger, 0x18FF_50E5, "04 12 00 00 10 00 00 00");
        let faults = ChargerFaults { command_timeout: true, ..ChargerFaults::default() };
        let (voltage, current) = (Volts(104.2), Amps(0.0));
        assert_eq!(facts, [Fact::ChargerOutput { voltage, current, faults }]);
    }

    #[test]
    fn each_status_bit_of_the_charger_is_its_own_fault_also_while_it_delivers() {
        let none = ChargerFaults::default();
        let bits = [
            ChargerFaults { hardware: true, ..none },
            ChargerFaults { over_temperature: true, ..none },
            ChargerFaults { input: true, ..none },
            ChargerFaults { no_battery: true, ..none },
            ChargerFaults { command_timeout: true, ..none },
        ];
        let mut charger = bound("elcon-tc");
        for (bit, faults) in bits.into_iter().enumerate() {
            let status = format!("06 10 00 31 {:02X} 00 00 00", 1 << bit);
            let facts = told(&mut charger, 0x18FF_50E5, &status);
            let (voltage, current) = (Volts(155.2), Amps(4.9));
            assert_eq!(facts, [Fact::ChargerOutput { voltage, current, faults }], "bit {bit}");
        }
        let facts = told(&mut charger, 0x18FF_50E5, "06 10 00 31 20 00 00 00");
        let Fact::ChargerOutput { faults, .. } = facts[0] else { panic!("{facts:?}") };
        assert_ne!(faults.undocumented, 0);
    }
}

mod inverter;
mod mapped;
mod second;
mod vehicle;

mod addresses {
    use super::*;

    #[test]
    fn a_bmu_works_at_any_multiple_of_0x20_and_says_why_not_elsewhere() {
        let kind = kind("prohelion-d1000-gen1");
        let at = |base| kind.bind(Settings { base, ..kind.defaults() });
        let mut bmu = at(0x200).unwrap();
        let fact = Fact::Totals { voltage: Volts(155.047), current: Amps(2.583) };
        assert_eq!(told(&mut bmu, 0x2FA, "A7 5D 02 00 17 0A 00 00"), [fact]);
        let mut facts = Vec::new();
        let other = frame(0x6FA, "A7 5D 02 00 17 0A 00 00");
        assert_eq!(bmu.take(other.view(), &mut facts), Taken::Foreign);
        assert!(facts.is_empty());

        let said = at(0x605).unwrap_err().to_string();
        assert!(said.contains("0x605") && said.contains("0x600 and 0x620"), "{said}");
        let said = at(0x800).unwrap_err().to_string();
        assert!(said.contains("0x800") && said.contains("0x000 to 0x700"), "{said}");
        assert!(at(u32::MAX).is_err() && at(0x700).is_ok() && at(0).is_ok());
    }

    #[test]
    fn four_chargers_can_share_a_bus() {
        let kind = kind("elcon-tc");
        for base in [0xE5, 0xE7, 0xE8, 0xE9] {
            let mut charger = kind.bind(Settings { base, ..kind.defaults() }).unwrap();
            told(&mut charger, 0x18FF_5000 | base, "06 10 00 31 00 00 00 00");
            told(&mut charger, 0x1806_00F4 | base << 8, "06 40 00 32 00 00 00 00");
        }
        let said = kind.bind(Settings { base: 0xE6, ..kind.defaults() }).unwrap_err().to_string();
        assert!(said.contains("0xE6") && said.contains("0xE5, 0xE7, 0xE8 or 0xE9"), "{said}");
    }

    #[test]
    fn a_battery_has_at_least_one_string() {
        let kind = kind("prohelion-d1000-gen1");
        let said = kind.bind(Settings { strings: 0, ..kind.defaults() }).unwrap_err().to_string();
        assert!(said.contains("1 to 1000"), "{said}");
    }

    #[test]
    fn bootloader_and_factory_configuration_are_never_sent() {
        let kind = kind("prohelion-d1000-gen1");
        let device = kind.bind(Settings { base: 0x200, ..kind.defaults() }).unwrap();
        let nevers: Vec<_> = device.nevers().into_iter().map(|claim| claim.ids).collect();
        assert_eq!(nevers, [0x2F0..=0x2F0, 0x7F0..=0x7F4]);
        assert_eq!(device.allows(), []);
    }
}

mod shapes {
    use super::*;

    #[test]
    fn a_frame_of_another_length_is_counted_and_not_used() {
        let mut bmu = bound("prohelion-d1000-gen1");
        let mut facts = Vec::new();
        for hex in ["A7 5D 02 00", "", "A7 5D 02 00 17 0A 00"] {
            assert_eq!(bmu.take(frame(0x6FA, hex).view(), &mut facts), Taken::Malformed);
        }
        let fd = Frame::fd(Id::guess(0x6FA).unwrap(), &[0; 8]).unwrap();
        assert_eq!(bmu.take(fd.view(), &mut facts), Taken::Malformed);
        assert!(facts.is_empty());
        assert_eq!(bmu.malformed().count, 4);
        assert!(bmu.malformed().last.contains("0x6FA"), "{}", bmu.malformed().last);
    }

    #[test]
    fn a_remote_request_says_nothing_and_an_error_frame_is_nobodys() {
        let mut bmu = bound("prohelion-d1000-gen1");
        let mut facts = Vec::new();
        let request = Frame::remote(Id::guess(0x600).unwrap(), 8).unwrap();
        assert_eq!(bmu.take(request.view(), &mut facts), Taken::Known);
        let error = Frame::error(0x600, &[0; 8]).unwrap();
        assert_eq!(bmu.take(error.view(), &mut facts), Taken::Foreign);
        assert!(facts.is_empty() && bmu.malformed().count == 0);
    }

    #[test]
    fn values_become_frames_and_come_back() {
        let mut bmu = bound("prohelion-d1000-gen1");
        let values = [("PackVoltage", 155_047.0), ("PackCurrent", -2583.0)];
        let frame = bmu.encode("BMU_PackVoltageCurrent", &values).unwrap();
        assert_eq!(frame.view().data, [0xA7, 0x5D, 2, 0, 0xE9, 0xF5, 0xFF, 0xFF]);
        let mut facts = Vec::new();
        bmu.take(frame.view(), &mut facts);
        assert_eq!(facts, [Fact::Totals { voltage: Volts(155.047), current: Amps(-2.583) }]);
        let said = bmu.encode("BMU_Nothing", &[]).unwrap_err().to_string();
        assert!(said.contains("no message BMU_Nothing"), "{said}");
        let said = bmu.encode("BMU_Fans", &[("Speed", 1.0)]).unwrap_err().to_string();
        assert!(said.contains("no signal Speed"), "{said}");
        assert!(bmu.encode("BMU_Fans", &[("Fan0Speed", 70_000.0)]).is_err());
    }

    #[test]
    fn a_charger_at_another_address_encodes_its_own_ids() {
        let kind = kind("elcon-tc");
        let charger = kind.bind(Settings { base: 0xE7, ..kind.defaults() }).unwrap();
        let values = [("OutputVoltage", 155.2), ("OutputCurrent", 4.9)];
        let frame = charger.encode("Elcon_Status", &values).unwrap();
        assert_eq!(frame.id().to_string(), "0x18FF50E7");
        assert_eq!(frame.view().data, [0x06, 0x10, 0x00, 0x31, 0, 0, 0, 0]);
    }
}

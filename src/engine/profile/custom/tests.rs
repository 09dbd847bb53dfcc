//! Components of one's own: made out of DBC files, read back, changed.

use super::*;
use crate::base::reading::Patience;
use crate::base::time::Mono;
use crate::engine::device::{CurrentSign, Settings};
use crate::engine::pack::{Pack, PackSettings, usual_patience};
use crate::engine::testing::shared_folder;

const DBC: &str = r#"VERSION ""
BU_: Pack
BO_ 256 Pack_Main: 8 Pack
 SG_ PackVoltage : 0|16@1+ (0.1,0) [0|6553.5] "V" Pack
 SG_ PackCurrent : 16|16@1- (10,0) [-327680|327670] "mA" Pack
 SG_ Charge : 32|8@1+ (0.5,0) [0|100] "%" Pack
 SG_ Mode_Word : 40|8@1+ (1,0) [0|255] "" Pack
BO_ 257 Pack_Cells: 8 Pack
 SG_ CellA : 0|16@1+ (0.001,0) [0|5] "V" Pack
 SG_ CellB : 16|16@1+ (1,0) [0|5000] "mV" Pack
 SG_ CellC : 32|16@1+ (1,0) [0|5000] "" Pack
 SG_ Warmth : 48|16@1- (0.1,0) [-40|125] "degC" Pack
BO_ 2566844672 Far: 8 Pack
 SG_ Word : 0|32@1+ (1,0) [0|0] "" Pack
"#;

fn draft() -> Draft {
    Draft::new("my-pack", "My pack", DBC.as_bytes()).unwrap()
}

fn say(draft: &mut Draft, signal: &str, role: &str) {
    let (message, name) = signal.split_once('.').unwrap();
    draft.roles.insert((message.to_owned(), name.to_owned()), role.parse().unwrap());
}

#[test]
fn what_a_signal_can_be_is_read_as_it_is_written() {
    for text in [
        "signal",
        "reading",
        "pack voltage",
        "pack current",
        "state of charge",
        "cell 12",
        "temperature 3",
        "cell 1 in V",
        "pack current in mA",
    ] {
        let chosen: Chosen = text.parse().unwrap();
        assert_eq!(chosen.to_string(), text);
    }
    assert_eq!("Pack-Voltage".parse(), Ok(Role::PackVoltage));
    assert_eq!("".parse(), Ok(Role::Signal));
    for text in ["cell", "cell 0", "cell 257", "cell -1", "voltage", "cell 1 in A", "reading in V"]
    {
        let said = text.parse::<Chosen>().unwrap_err().to_string();
        assert!(said.contains(text) && said.contains("cell 1 to 256"), "{said}");
    }
}

#[test]
fn a_dbc_becomes_a_folder_that_shows_all_its_signals() {
    let files = draft().make().unwrap();
    let kind = check::read("my-pack", &files.manifest, &files.messages).unwrap();
    assert_eq!(kind.manifest.category, Category::Custom);
    assert_eq!(kind.schema.messages.len(), 3);
    let labels: Vec<&str> =
        kind.manifest.panels.iter().flat_map(|p| &p.readings).map(|r| r.label.as_str()).collect();
    assert!(labels.contains(&"Pack voltage") && labels.contains(&"Mode word"), "{labels:?}");
    assert_eq!(labels.len(), 9);
}

#[test]
fn signals_of_a_pack_make_it_a_battery_in_units_of_its_own() {
    let mut draft = draft();
    say(&mut draft, "Pack_Main.PackVoltage", "pack voltage");
    say(&mut draft, "Pack_Main.PackCurrent", "pack current");
    say(&mut draft, "Pack_Main.Charge", "state of charge");
    say(&mut draft, "Pack_Cells.CellA", "cell 1");
    say(&mut draft, "Pack_Cells.CellB", "cell 2");
    say(&mut draft, "Pack_Cells.CellC", "cell 3 in mV");
    say(&mut draft, "Pack_Cells.Warmth", "temperature 1");
    draft.messages.remove("Far");
    let files = draft.make().unwrap();
    let kind = check::read("my-pack", &files.manifest, &files.messages).unwrap();
    assert_eq!(kind.manifest.category, Category::Battery);
    assert_eq!(kind.schema.messages.len(), 2, "what is not taken is not in the folder");
    let map = kind.manifest.battery.clone().unwrap();
    let scales: Vec<f64> = map.all().map(|(.., scale)| scale).collect();
    assert_eq!(scales, [1.0, 0.001, 1.0, 1000.0, 1.0, 1.0, 1.0]);
    // Read back, everything is as it was said, and made again it is the same, byte for byte.
    let again = Draft::of("my-pack", &files).unwrap();
    for (name, chosen) in &draft.roles {
        if name.0 != "Far" {
            assert_eq!(again.role(&name.0, &name.1), *chosen, "{name:?}");
        }
    }
    assert_eq!(again.make().unwrap(), files);
}

#[test]
fn frames_of_a_battery_that_was_mapped_become_the_readings_of_its_pack() {
    let mut draft = draft();
    for (signal, role) in [
        ("Pack_Main.PackVoltage", "pack voltage"),
        ("Pack_Main.PackCurrent", "pack current"),
        ("Pack_Main.Charge", "state of charge"),
        ("Pack_Cells.CellA", "cell 1"),
        ("Pack_Cells.CellB", "cell 2"),
        ("Pack_Cells.CellC", "cell 3 in mV"),
        ("Pack_Cells.Warmth", "temperature 1"),
    ] {
        say(&mut draft, signal, role);
    }
    let files = draft.make().unwrap();
    let kind = check::read("my-pack", &files.manifest, &files.messages).unwrap();
    for (sign, amps) in
        [(CurrentSign::ChargePositive, -12.0), (CurrentSign::DischargePositive, 12.0)]
    {
        let settings = Settings { current_sign: sign, ..kind.defaults() };
        let mut device = kind.bind(settings).unwrap();
        let mut pack = Pack::new(PackSettings::of_device(&device));
        let main = [("PackVoltage", 148.2), ("PackCurrent", -12_000.0), ("Charge", 61.5)];
        let cells = [("CellA", 3.712), ("CellB", 3698.0), ("CellC", 3701.0), ("Warmth", 24.5)];
        let all: [(&str, &[(&str, f64)]); 2] = [("Pack_Main", &main), ("Pack_Cells", &cells)];
        for (message, values) in all {
            let frame = device.encode(message, values).unwrap();
            let mut facts = Vec::new();
            device.take(frame.view(), &mut facts);
            facts.iter().for_each(|fact| pack.apply(Mono::from_millis(1_000), fact));
        }
        let picture = pack.picture(Mono::from_millis(1_100));
        let near = |value: Option<f64>, wanted: f64| {
            assert!(
                value.is_some_and(|value| (value - wanted).abs() < 1e-6),
                "{value:?}, {wanted}"
            );
        };
        near(picture.voltage.value.map(|volts| volts.get()), 148.2);
        near(picture.current.value.map(|current| current.get()), amps);
        near(picture.soc.value.map(|soc| soc.percent.get()), 61.5);
        assert_eq!(picture.modules.len(), 1, "{:?}", picture.modules);
        let module = &picture.modules[0];
        let cells: Vec<_> = module.cells.iter().map(|cell| cell.voltage.map(|v| v.get())).collect();
        assert_eq!(cells.get(..3), Some([Some(3712), Some(3698), Some(3701)].as_slice()));
        assert_eq!(
            picture.cells.min.map(|cell| (cell.mv, cell.module, cell.cell)),
            Some((3698, 1, 1))
        );
        near(picture.temperatures.max.map(|at| at.temperature.get()), 24.5);
        // What no signal says stays unknown, and is said to.
        assert_eq!(
            (picture.limits.value, picture.contactors.value, picture.state.value),
            (None, None, None)
        );
        assert!(picture.silence.contains("nothing of its limits"), "{}", picture.silence);
        let later = pack.picture(Mono::from_millis(120_000));
        assert_eq!((later.voltage.value, later.soc.value), (None, None), "what is old is no value");
    }
}

#[test]
fn values_are_late_and_lost_by_the_times_of_the_messages_that_they_come_in() {
    let mut draft = draft();
    for (signal, role) in [
        ("Pack_Main.PackVoltage", "pack voltage"),
        ("Pack_Main.PackCurrent", "pack current"),
        ("Pack_Main.Charge", "state of charge"),
        ("Pack_Cells.CellA", "cell 1"),
    ] {
        say(&mut draft, signal, role);
    }
    draft.messages.get_mut("Pack_Main").unwrap().period_ms = 1_000;
    draft.messages.get_mut("Pack_Cells").unwrap().period_ms = 5_000;
    let made = |draft: &Draft| {
        let files = draft.make().unwrap();
        check::read("my-pack", &files.manifest, &files.messages).unwrap()
    };
    let kind = made(&draft);
    let times = |patience: Patience| (patience.late.as_millis(), patience.lost.as_millis());
    let settings = PackSettings::of(&kind.manifest, 1);
    assert_eq!(times(settings.fast), (3_000, 10_000));
    assert_eq!(times(settings.slow), (3_000, 10_000));
    assert_eq!(times(settings.modules), (15_000, 50_000));
    assert_eq!(settings.period.as_millis(), 1_000);
    assert_eq!(usual_patience(&kind), settings.fast, "what the pages say");
    // A battery that tells its cells only.
    draft.roles.retain(|(message, _), _| message == "Pack_Cells");
    let settings = PackSettings::of(&made(&draft).manifest, 1);
    assert_eq!(times(settings.slow), (15_000, 50_000));
}

#[test]
fn another_dbc_keeps_what_was_said_of_signals_that_are_still_there() {
    let mut former = draft();
    say(&mut former, "Pack_Main.Charge", "state of charge");
    say(&mut former, "Pack_Main.Mode_Word", "signal");
    let files = former.make().unwrap();
    let former = Draft::of("my-pack", &files).unwrap();
    let more = DBC.replace("BO_ 257", " SG_ Added : 48|8@1+ (1,0) [0|255] \"\" Pack\nBO_ 257");
    let mut draft = Draft::new("my-pack", "Another", more.as_bytes()).unwrap();
    draft.go_on_from(former, None);
    let role = |signal| draft.role("Pack_Main", signal).to_string();
    assert_eq!(role("Charge"), "state of charge");
    assert_eq!(role("Mode_Word"), "signal", "as it was said to be");
    assert_eq!((role("PackVoltage"), role("Added")), ("reading".into(), "reading".into()));
    assert_eq!(draft.title, "My pack");
}

#[test]
fn what_cannot_be_is_refused_with_the_signal_and_why() {
    let refused = |signal: &str, role: &str| {
        let mut draft = draft();
        say(&mut draft, signal, role);
        draft.make().unwrap_err().to_string()
    };
    let said = refused("Pack_Cells.CellC", "cell 3");
    assert!(
        said.contains("Pack_Cells.CellC: the DBC gives it no unit: write cell 3 in mV"),
        "{said}"
    );
    let said = refused("Pack_Main.Charge", "pack voltage");
    assert!(said.contains("it is in \"%\""), "{said}");
    let said = refused("Pack_Main.Nothing", "reading");
    assert!(said.contains("Pack_Main.Nothing: the DBC has no such signal"), "{said}");
    let mut twice = draft();
    say(&mut twice, "Pack_Cells.CellA", "cell 1");
    say(&mut twice, "Pack_Cells.CellB", "cell 1");
    let said = twice.make().unwrap_err().to_string();
    assert!(said.contains("is cell 1 already"), "{said}");
    let mut none = draft();
    none.messages.clear();
    assert!(none.make().unwrap_err().to_string().contains("at least one"));
    for id in ["", "Upper", "a b", "../x", "-a"] {
        let bad = Draft { id: id.to_owned(), ..draft() };
        assert!(bad.make().unwrap_err().to_string().contains("small letters"), "{id:?}");
    }
    let builtin = Draft { title: String::new(), ..draft() };
    assert!(builtin.make().unwrap_err().to_string().contains("device.toml:"));
}

#[test]
fn what_a_person_wrote_is_not_written_over() {
    let mut files = draft().make().unwrap();
    let text = String::from_utf8(files.manifest).unwrap();
    files.manifest = text.split_once('\n').unwrap().1.as_bytes().to_vec();
    assert_eq!(Draft::of("my-pack", &files).unwrap_err(), CustomError::ByHand);
}

#[test]
fn quotes_and_odd_letters_in_names_stay_what_they_are() {
    let odd = Draft {
        title: "Pack \"one\" \\ [address] #5 \u{fc}".to_owned(),
        maker: "'''".to_owned(),
        ..draft()
    };
    let files = odd.make().unwrap();
    let kind = check::read("my-pack", &files.manifest, &files.messages).unwrap();
    assert_eq!(
        (kind.manifest.title.as_str(), kind.manifest.maker.as_str()),
        (odd.title.as_str(), "'''")
    );
}

#[test]
fn messages_that_come_now_and_then_have_no_rate() {
    let mut draft = draft();
    for message in draft.messages.values_mut() {
        message.period_ms = 0;
    }
    let files = draft.make().unwrap();
    let kind = check::read("my-pack", &files.manifest, &files.messages).unwrap();
    assert_eq!((kind.manifest.rates.len(), kind.manifest.on_demand.len()), (0, 3));
    assert_eq!(Draft::of("my-pack", &files).unwrap().make().unwrap(), files);
}

/// Every DBC that is at hand makes a folder, or says with its line why it does not.
#[test]
fn real_dbc_files_make_folders_that_are_sound() {
    let Some(folder) = shared_folder() else { return };
    let mut made = 0;
    for entry in std::fs::read_dir(folder.join("data/dbc")).unwrap() {
        let file = entry.unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        match Draft::new("some-device", "Some device", &bytes).and_then(|draft| draft.make()) {
            Ok(files) => {
                made += 1;
                let again = Draft::of("some-device", &files).unwrap();
                assert_eq!(again.make().unwrap(), files, "{}", file.display());
            }
            Err(why) => {
                let said = why.to_string();
                println!("skipped {}: {said}", file.file_name().unwrap().to_string_lossy());
                assert!(said.contains("messages.dbc") || said.contains("device.toml"), "{said}");
            }
        }
    }
    assert!(made >= 8, "{made}");
}

#[test]
fn a_reading_has_the_decimals_that_its_values_have() {
    let digits = |factor: f64, offset: f64| {
        let line = format!(" SG_ Value : 0|16@1+ ({factor},{offset}) [0|0] \"\" Pack");
        let text = format!("BU_: Pack\nBO_ 256 One: 8 Pack\n{line}\n");
        let files = Draft::new("one", "One", text.as_bytes()).unwrap().make().unwrap();
        let kind = check::read("one", &files.manifest, &files.messages).unwrap();
        kind.manifest.panels[0].readings[0].digits
    };
    let steps = [1.0, 10.0, 0.5, 0.1, 0.25, 1.5, 0.01, 0.001, 0.00001, 0.390_625];
    let shown: Vec<_> = steps.iter().map(|step| digits(*step, 0.0)).collect();
    assert_eq!(shown, [0, 0, 1, 1, 2, 1, 2, 3, 3, 2]);
    assert_eq!((digits(1.0, -40.0), digits(1.0, -273.15)), (0, 2));
    let float = " SG_ Value : 0|32@1- (1,0) [0|0] \"V\" Pack\nSIG_VALTYPE_ 256 Value : 1;\n";
    let text = format!("BU_: Pack\nBO_ 256 One: 8 Pack\n{float}");
    let files = Draft::new("one", "One", text.as_bytes()).unwrap().make().unwrap();
    let kind = check::read("one", &files.manifest, &files.messages).unwrap();
    assert_eq!(kind.manifest.panels[0].readings[0].digits, 3, "3.65 V is not 4 V");
}

/// Cells on pages of `page` each, behind a multiplexer, all of them in one message.
fn paged(cells: u16, page: u16) -> Vec<Option<i32>> {
    let mut text =
        "BU_: Pack\nBO_ 256 Cells: 8 Pack\n SG_ Page M : 0|8@1+ (1,0) [0|0] \"\" Pack\n".to_owned();
    for cell in 0..cells {
        let (at, start) = (cell / page, 8 + cell % page * 16);
        text += &format!(" SG_ C{cell} m{at} : {start}|16@1+ (1,0) [0|0] \"mV\" Pack\n");
    }
    let mut draft = Draft::new("paged", "Paged", text.as_bytes()).unwrap();
    for cell in 0..cells {
        say(&mut draft, &format!("Cells.C{cell}"), &format!("cell {}", cell + 1));
    }
    let files = draft.make().unwrap();
    let kind = check::read("paged", &files.manifest, &files.messages).unwrap();
    let mut device = kind.bind(kind.defaults()).unwrap();
    let mut pack = Pack::new(PackSettings::of_device(&device));
    for at in 0..cells.div_ceil(page) {
        let mut data = [0; 8];
        data[0] = at as u8;
        for slot in 0..page.min(cells - at * page) {
            let from = 1 + usize::from(slot) * 2;
            data[from..from + 2].copy_from_slice(&(3000 + at * page + slot).to_le_bytes());
        }
        let id = crate::engine::can::frame::Id::standard(256).unwrap();
        let frame = crate::engine::can::frame::Frame::classic(id, &data).unwrap();
        let mut facts = Vec::new();
        device.take(frame.view(), &mut facts);
        facts.iter().for_each(|fact| pack.apply(Mono::from_millis(1_000), fact));
    }
    let picture = pack.picture(Mono::from_millis(1_100));
    let (low, high) = (picture.cells.min.unwrap(), picture.cells.max.unwrap());
    assert_eq!((low.mv, high.mv), (3000, 2999 + i32::from(cells)), "{cells} cells, {page} a page");
    picture.modules[0].cells.iter().map(|cell| cell.voltage.map(|mv| mv.get())).collect()
}

#[test]
fn cells_are_shown_however_many_a_message_tells_and_a_page_of_it() {
    for (cells, page) in [(5, 3), (16, 1), (96, 3), (96, 2), (256, 3), (4, 2), (7, 3)] {
        let wanted: Vec<Option<i32>> = (0..i32::from(cells)).map(|n| Some(3000 + n)).collect();
        assert_eq!(paged(cells, page), wanted, "{cells} cells, {page} a page");
    }
}

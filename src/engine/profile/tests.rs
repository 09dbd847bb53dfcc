//! Profiles from text to file and back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use crate::base::id::Name;
use crate::base::units::{Amps, Celsius, Millivolts, Volts};
use crate::engine::can::address::Address;
use crate::engine::charge::{Key, Rules};
use crate::engine::device::{CurrentSign, SettingValue};
use crate::engine::profile::library::{self, Library, LibraryError};
use crate::engine::profile::model::{BusEntry, ComponentEntry, Limits, OwnRating, Profile};
use crate::engine::profile::parse::{self, Part};
use crate::engine::profile::write::write;
use crate::engine::testing::golden;

fn no_variables(_: &str) -> Option<String> {
    None
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn full() -> Profile {
    let bus = BusEntry {
        dbc: vec![PathBuf::from("dbc/cost $5.dbc")],
        ..BusEntry::new(name("Car"), Address::SocketCan("can0".into()))
    };
    let demo = BusEntry {
        scene: Some("cold-morning".into()),
        ..BusEntry::new(name("Demo"), Address::Virtual("demo".into()))
    };
    let left = ComponentEntry {
        current_sign: Some(CurrentSign::DischargePositive),
        strings: 2,
        pack: Some(name("Main pack")),
        late: Some(Duration::from_millis(400)),
        lost: Some(Duration::from_millis(900)),
        settings: BTreeMap::from([
            ("dialect".to_owned(), SettingValue::Word("a $ b".to_owned())),
            ("odd key".to_owned(), SettingValue::Number(2.0)),
            ("on".to_owned(), SettingValue::Switch(true)),
        ]),
        limits: Limits {
            cell_min: Some(Millivolts(2700)),
            cell_max: Some(Millivolts(4150)),
            temperature_min: Some(Celsius(-10.5)),
            temperature_max: Some(Celsius(55.0)),
            current_max: Some(Amps(250.0)),
        },
        ..ComponentEntry::new(name("Left"), "prohelion-d1000-gen1", name("Car")).at(0x600)
    };
    let charger = ComponentEntry::new(name("Charger"), "elcon-tc", name("Demo"));
    let rating = OwnRating { volts: Some(Volts(160.5)), amps: Some(Amps(16.0)), watts: None };
    let charger = ComponentEntry { rating, ..charger };
    let mut charge = Rules::default();
    charge.set(Key::CurrentMax, 12.5).unwrap();
    charge.set(Key::CellMax, 4100.0).unwrap();
    let (buses, components) = (vec![bus, demo], vec![left, charger]);
    Profile { charge, ..Profile::new(name("Two halves"), buses, components) }
}

fn said(text: &str) -> String {
    let problems = parse::parse(text, &no_variables).unwrap_err();
    problems.iter().map(|p| format!("{}: {}\n", p.line, p.text)).collect()
}

const BUS: &str = "name = 'P'\n[[bus]]\nname = 'b'\naddress = 'virtual:x'\n";

#[test]
fn a_profile_is_written_for_people() {
    let mut all = write(&full());
    all.push_str("\n\n");
    all.push_str(&write(&Profile::for_interface("can0").unwrap()));
    golden("profile/written.txt", &all);
}

#[test]
fn what_is_written_reads_back_the_same() {
    let back = parse::parse(&write(&full()), &no_variables).unwrap();
    assert_eq!(back.profile, full());
    for start in [
        Profile::demo("driving", Vec::new()).unwrap(),
        Profile::for_interface("can0").unwrap(),
        Profile::for_recording(Path::new("/logs/run 1..log"), Vec::new()).unwrap(),
        Profile::for_recording(Path::new("."), Vec::new()).unwrap(),
    ] {
        assert_eq!(parse::parse(&write(&start), &no_variables).unwrap().profile, start);
    }
}

#[test]
fn numbers_may_be_decimal_hexadecimal_or_quoted() {
    let with = |base: &str| {
        let text =
            format!("{BUS}[[component]]\nname = 'c'\nkind = 'k'\nbus = 'b'\nbase = {base}\n");
        parse::parse(&text, &|name| (name == "BASE").then(|| "0x620".into()))
            .map(|parsed| parsed.profile.components[0].base)
    };
    assert_eq!(with("1536"), Ok(Some(0x600)));
    assert_eq!(with("0x600"), Ok(Some(0x600)));
    assert_eq!(with("'0x600'"), Ok(Some(0x600)));
    assert_eq!(with("${BASE}"), Ok(Some(0x620)));
    assert_eq!(with("\"${BASE}\""), Ok(Some(0x620)));
    assert_eq!(with("${NONE:-0x640}"), Ok(Some(0x640)));
    assert_eq!(with("0x1FFFFFFF"), Ok(Some(0x1FFF_FFFF)));
    assert!(with("0x20000000").unwrap_err()[0].text.contains("base is 0x20000000"));
    assert!(with("-1").unwrap_err()[0].text.contains("from 0x0 to 0x1fffffff"));
    assert!(with("'high'").unwrap_err()[0].text.contains("a whole number such as 1536 or 0x600"));
}

#[test]
fn a_password_in_a_profile_is_refused_with_its_line_and_not_repeated() {
    for (text, wanted) in [
        ("name = 'P'\n[[bus]]\nname = 'b'\naddress = 'tcp:ada:planted9@10.0.0.7:5025'", "4: "),
        ("name = 'P'\npassword = 'planted9'", "2: unknown field `password`"),
        ("name = 'P'\n[mail]\npassword = 'planted9'", "2: unknown field `mail`"),
        ("name = 'P'\n[[bus]]\nname = 'b'\naddress = 'mqtt://ada:planted9@host'", "4: \"mqtt\" is"),
    ] {
        let said = said(text);
        assert!(said.contains(wanted), "{text:?} gave {said}");
        assert!(!said.contains("planted9"), "{text:?} gave {said}");
    }
    let text =
        format!("{BUS}[[component]]\nname = 'c'\nkind = 'k'\nbus = 'b'\ntoken = 'planted9'\n");
    let refused = parse::parse(&text, &|_| None).map(drop).unwrap_err();
    assert!(refused[0].text.contains("unknown field `token`"), "{refused:?}");
    assert!(
        refused.iter().all(|one| one.line > 0 && !one.text.contains("planted9")),
        "{refused:?}"
    );
}

#[test]
fn every_mistake_in_the_file_has_its_line() {
    let component = "[[component]]\nname = 'c'\nkind = 'k'\nbus = 'b'\n";
    let cases = [
        ("", "0: the file is empty"),
        ("bus = []", "missing field `name`"),
        ("name = 'P'\nnmae = 1", "2: unknown field `nmae`"),
        ("name = 'P'\nbus = 3", "2: invalid type: integer `3`"),
        ("name = 'P\n", "1: "),
        ("name = 'a/b'", "1: name \"a/b\": a name may not contain '/'"),
        ("name = 'P'\n[[bus]]\nname = 'b'", "2: missing field `address`"),
        ("name = 'P'\n[[bus]]\nname = 'b'\naddress = 'can0'", "4: \"can0\" is no bus address"),
        (
            "name = 'P'\n[[bus]]\nname = 'b'\naddress = 'socketcan:can0'\nscene = 's'",
            "5: a scene lives on a virtual bus only, not on socketcan:can0",
        ),
        (
            "name = 'P'\n[[bus]]\nname='b'\naddress='virtual:x'\n[[bus]]\nname='b'\naddress='virtual:y'",
            "6: a second bus is called \"b\"; the first is in line 3",
        ),
    ];
    for (text, wanted) in cases {
        assert!(said(text).contains(wanted), "{text:?} gave {}", said(text));
    }
    let cases = [
        (
            "[[component]]\nname = 'c'\nkind = 'k'\nbus = 'z'",
            "8: component \"c\" names an unknown bus \"z\": there is b",
        ),
        ("strngs = 2", "9: unknown field `strngs`"),
        ("strings = 0", "9: strings is 0: from 1 to 1000"),
        ("late_ms = 900\nlost_ms = 900", "10: lost_ms (900) must be greater than late_ms (900)"),
        (
            "current_sign = 'plus'",
            "9: current_sign: \"plus\" is no current sign; it is charge-positive or",
        ),
        ("limits = { cell_min_mv = 4000, cell_max_mv = 3000 }", "9: cell_max_mv (3000) must be"),
        ("limits = { temperature_min_c = 9.5, temperature_max_c = 9 }", "9: temperature_max_c (9)"),
        ("limits = { current_max_a = nan }", "9: current_max_a is NaN"),
        ("limits = { cell_max = 1 }", "9: unknown field `cell_max`"),
        ("settings = { a = [1] }", "9: invalid type: sequence, expected a number, a text, true or"),
        ("settings = { a = nan }", "9: a is NaN, which is no number"),
        ("[component.settings]\na = 'x'\na = 'y'", "11: duplicate key"),
        ("rating_v = -5", "9: rating_v is -5: from 1 to 1500"),
        ("rating_a = nan", "9: rating_a is NaN"),
        ("[charge]\ncurrent_max_a = 9000", "10: [charge]: current_max_a cannot be 9000"),
        ("[charge]\ncurrent_max_a = nan", "10: [charge]: current_max_a cannot be NaN"),
        ("[charge]\nspeed = 1", "10: [charge]: there is no charge rule \"speed\""),
        (
            "[charge]\ntemperature_min_c = 20\ntemperature_max_c = 20",
            "11: [charge]: temperature_min_c must be below temperature_max_c",
        ),
        (component, "10: a second component is called \"c\"; the first is in line 6"),
    ];
    for (more, wanted) in cases {
        let first = if more.starts_with("[[component]]\nname = 'c'\nkind = 'k'\nbus = 'z'") {
            ""
        } else {
            component
        };
        let text = format!("{BUS}{first}{more}");
        assert!(said(&text).contains(wanted), "{more:?} gave {}", said(&text));
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = format!("{BUS}[[component]]\nname='c'\nkind='k'\nbus='b'\nstrings=0\nbase=-5\n");
    let said = said(&text);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("9: strings") && lines[1].starts_with("10: base"), "{said}");
}

#[test]
fn lines_are_kept_for_later_questions() {
    let parsed = parse::parse(&write(&full()), &no_variables).unwrap();
    let text = write(&full());
    let line = parsed.lines.of(Part::Component(0), "base");
    assert_eq!(text.lines().nth(line as usize - 1), Some("base = 0x600"));
    let line = parsed.lines.of(Part::Component(1), "base");
    assert_eq!(text.lines().nth(line as usize - 1), Some("[[component]]"));
}

#[test]
fn a_library_keeps_profiles_and_lists_broken_ones_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::find(Some(&folder.path().join("data"))).unwrap();
    assert!(library.names().unwrap().is_empty());
    let said = library.resolve("Mine").unwrap_err().to_string();
    assert!(said.contains("no profile \"Mine\"") && said.contains("none yet"), "{said}");
    let file = library.save(&full()).unwrap();
    fs::write(library.profiles().join("Broken.toml"), "name = 'Broken'\nbus = 1\n").unwrap();
    let listed = library.list(&no_variables).unwrap();
    assert_eq!(listed.len(), 2);
    let reason = listed[0].outcome.as_ref().unwrap_err().to_string();
    assert!(reason.contains("Broken.toml:2: invalid type"), "{reason}");
    let there = listed[1].outcome.as_ref().unwrap();
    assert_eq!(there.profile.name, full().name);
    assert_eq!(library.resolve("Two halves").unwrap(), file);
    let said = library.resolve("Mine").unwrap_err().to_string();
    assert!(said.contains("there is Broken, Two halves"), "{said}");
    assert_eq!(library.free_name(&name("Two halves")).as_str(), "Two halves 2");
    assert_eq!(library.free_name(&name("Other")).as_str(), "Other");
}

#[cfg(unix)]
#[test]
fn the_data_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let library = Library::find(Some(&folder.path().join("data"))).unwrap();
    library.save(&full()).unwrap();
    let mode = fs::metadata(library.folder()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_save_that_fails_leaves_the_old_file_and_no_litter() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::find(Some(folder.path())).unwrap();
    library.save(&full()).unwrap();
    // A folder in the way of the new text makes the rename fail.
    let file = library.profiles().join("Blocked.toml");
    fs::create_dir(&file).unwrap();
    fs::write(file.join("inside"), "x").unwrap();
    let blocked = Profile { name: name("Blocked"), ..full() };
    let said = library.save(&blocked).unwrap_err();
    assert!(matches!(said, LibraryError::Write { .. }), "{said}");
    let left: Vec<_> =
        fs::read_dir(library.profiles()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(library::load(&library.file_of(&full().name), &no_variables).is_ok());
}

#[test]
fn files_in_a_profile_are_found_from_its_own_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.toml");
    let text = "name = 'P'\n[[bus]]\nname = 'b'\naddress = 'replay:logs/a.log'\ndbc = ['x.dbc', '/y.dbc']\n";
    fs::write(&file, text).unwrap();
    let loaded = library::load(&file, &no_variables).unwrap();
    let bus = &loaded.profile.buses[0];
    assert_eq!(bus.address, Address::Replay(folder.path().join("logs/a.log")));
    assert_eq!(bus.dbc, [folder.path().join("x.dbc"), PathBuf::from("/y.dbc")]);
}

#[test]
fn what_is_no_small_text_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let said = |file: &Path| {
        let error = library::load(file, &no_variables).unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}; {}", source.unwrap_or_default())
    };
    let missing = said(&at("none.toml"));
    assert!(missing.contains("none.toml") && missing.contains("No such file"), "{missing}");
    assert!(said(folder.path()).contains("is no regular file"));
    fs::write(at("binary.toml"), b"name = 'x'\n\xFF\xFE\x00").unwrap();
    assert!(said(&at("binary.toml")).contains("binary.toml:2: this is no UTF-8 text"));
    fs::File::create(at("huge.toml")).unwrap().set_len(4 << 30).unwrap();
    assert!(said(&at("huge.toml")).contains("has 4294967296 bytes"));
    fs::write(at("empty.toml"), "").unwrap();
    assert!(said(&at("empty.toml")).contains("empty.toml: the file is empty"));
}

fn any_text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 $\"'{}#=äé_-]{0,12}"
}

fn any_name() -> impl Strategy<Value = Name> {
    any_text().prop_filter_map("no name", |text| Name::new(&text).ok())
}

fn any_setting() -> impl Strategy<Value = SettingValue> {
    prop_oneof![
        any::<bool>().prop_map(SettingValue::Switch),
        any::<i64>().prop_map(SettingValue::Integer),
        (-1e9..1e9_f64).prop_map(SettingValue::Number),
        any_text().prop_map(SettingValue::Word),
    ]
}

prop_compose! {
    fn any_component()(
        name in any_name(),
        kind in any_text(),
        base in proptest::option::of(0_u32..0x2000_0000),
        strings in 1_u16..=1000,
        pack in proptest::option::of(any_name()),
        late in proptest::option::of(1_u64..500),
        lost in proptest::option::of(500_u64..5000),
        cell_max in proptest::option::of(1..10_000_i32),
        hot in proptest::option::of(-100.0..300.0_f64),
        settings in proptest::collection::btree_map(any_text(), any_setting(), 0..3),
    ) -> ComponentEntry {
        let limits = Limits {
            cell_max: cell_max.map(Millivolts),
            temperature_max: hot.map(Celsius),
            ..Limits::default()
        };
        ComponentEntry {
            base, strings, pack, limits, settings,
            late: late.map(Duration::from_millis),
            lost: lost.map(Duration::from_millis),
            ..ComponentEntry::new(name, &kind, Name::new("b").unwrap())
        }
    }
}

proptest! {
    #[test]
    fn every_profile_reads_back_as_it_was_written(
        title in any_name(),
        file in any_text(),
        mut components in proptest::collection::vec(any_component(), 0..4),
    ) {
        components.sort_by(|a, b| a.name.cmp(&b.name));
        components.dedup_by(|a, b| a.name == b.name);
        let address = Address::Replay(PathBuf::from(format!("x{file}")));
        let bus = BusEntry::new(Name::new("b").unwrap(), address);
        let profile = Profile::new(title, vec![bus], components);
        let back = parse::parse(&write(&profile), &no_variables);
        prop_assert_eq!(back.map(|parsed| parsed.profile), Ok(profile));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(name|\\[\\[bus\\]\\]|[='\"\\[\\]{}$#x0-9.\n-]){0,40}") {
        let _ = parse::parse(&text, &no_variables);
    }
}

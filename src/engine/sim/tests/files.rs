//! Scene files, good and bad, and a simulation as a log.

use super::{BARE, run};
use crate::engine::can::frame::Frames;
use crate::engine::can::trace::Log;
use crate::engine::sim::simulate::{SimulateError, Wanted};
use crate::engine::sim::{Scene, World};

fn wanted(scene: &str, duration: Option<f64>) -> Wanted {
    Wanted { scene: scene.to_owned(), seed: None, speed: None, duration }
}

#[test]
fn a_simulation_written_as_a_log_reads_back_frame_by_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus-off.log");
    let prepared = wanted("bus-off", Some(60.0)).prepare().unwrap();
    let mut file = std::fs::File::create(&path).unwrap();
    let count = prepared.write_log("can7", &mut file, &mut |_, _| true).unwrap();
    let scene = Scene::builtin("bus-off").unwrap();
    let mut world = World::new(&scene, scene.seed).unwrap();
    let made = run(&mut world, 60.0);
    assert_eq!(count, made.len() as u64);
    let mut reader = Log::open(&path).unwrap().reader();
    let mut read = Frames::default();
    while reader.read(&mut read, 100_000) > 0 {}
    assert_eq!(read.len(), made.len());
    for (read, made) in read.iter().zip(made.iter()) {
        assert_eq!((read.id(), read.kind(), read.data), (made.id(), made.kind(), made.data));
        let at = scene.start.nanos() + made.time().nanos();
        assert!((read.time().nanos() - at).abs() < 1000);
    }
    assert_eq!(reader.bus_names(), ["can7"]);
}

#[test]
fn a_simulation_that_cannot_be_says_why() {
    let said = |wanted: Wanted| wanted.prepare().err().unwrap().to_string();
    assert!(said(wanted("dmeo", None)).contains("choose one of demo"));
    assert!(said(wanted("demo", Some(-1.0))).starts_with("--duration is -1"));
    let fast = Wanted { speed: Some(1e9), ..wanted("demo", None) };
    assert!(said(fast).starts_with("--speed is 1000000000"));
    let endless = wanted("demo", None).prepare().unwrap();
    let outcome = endless.write_log("can0", &mut Vec::new(), &mut |_, _| true);
    assert!(matches!(outcome, Err(SimulateError::Endless)));
    let clock = crate::base::time::FakeClock::new(scene_start());
    let on = |bus: &str| {
        let prepared = wanted("demo", None).prepare().unwrap();
        prepared.broadcast(bus, clock.clone()).err().unwrap().to_string()
    };
    assert!(on("replay:a.log").contains("a recording cannot be sent to"));
    assert!(on("can0").contains("write socketcan:can0"));
    assert!(on("usb:1").contains("there are socketcan, slcan, virtual, replay and tcp"));
}

fn scene_start() -> crate::base::time::Wall {
    Scene::builtin("demo").unwrap().start
}

#[test]
fn the_entries_of_the_readme_are_those_of_the_reader() {
    let readme = include_str!("../../../../assets/scenes/README.md");
    for entry in [
        "counted_soc_percent",
        "soc_spread_percent",
        "capacity_spread_percent",
        "until_percent",
        "balance_hysteresis_mv",
        "last_module_cells",
        "loss_percent_per_day",
        "ambient_c",
        "extra-cell",
        "contactor-supply",
        "second-controls",
        "precharge-fails",
        "bus-off",
    ] {
        assert!(readme.contains(entry), "{entry}");
    }
}

#[test]
fn a_broken_scene_is_refused_with_its_line_and_what_would_be_right() {
    let said = |tail: &str| {
        let text = format!("{}{tail}", BARE.trim_start());
        Scene::parse(&text, "x.toml", "x").unwrap_err().to_string()
    };
    let cases = [
        ("modules = 3\n", "x.toml, line 7: "),
        ("colour = 'red'\n", "x.toml, line 7: unknown field `colour`"),
        ("soc_percent = 170\n", "x.toml, line 4: soc_percent is 170; it may be 0 to 100"),
        ("[[cell]]\nmodule = 3\ncell = 1\n", "line 7: module is 3; \"BMU\" has modules 1 to 2"),
        ("[[cell]]\nmodule = 1\ncell = 8\n", "line 7: cell is 8; a module has cells 0 to 7"),
        ("[[leg]]\ndo = 'drive'\nseconds = 5\n", "line 7: a [[leg]] needs somebody who drives"),
        ("[[leg]]\ndo = 'fly'\nseconds = 5\n", "line 8: unknown variant `fly`"),
        ("[[fault]]\ndo = 'silent'\non = 'X'\nfrom = 1\n", "line 7: there is no device \"X\""),
        ("[[fault]]\ndo = 'bus-off'\non = 'BMU'\nfrom = 1\n", "line 7: a bus-off fault is on the"),
        ("[[fault]]\ndo = 'bus-off'\nfrom = 9\nuntil = 3\n", "line 7: until is 3"),
        ("[[fault]]\ndo = 'untrusted'\non = 'BMU'\nfrom = 1\n", "add on, module and cell"),
        ("[charger]\nname = 'BMU'\nvolts = 60\n", "two devices are called \"BMU\""),
    ];
    for (tail, expected) in cases {
        let text = said(tail);
        assert!(text.contains(expected), "{text:?} lacks {expected:?}");
    }
    let missing = Scene::builtin("dmeo").unwrap_err().to_string();
    assert!(missing.contains("\"dmeo\"") && missing.contains("demo, cold-morning"), "{missing}");
    let lost = Scene::find("nowhere/x.toml").unwrap_err().to_string();
    assert!(lost.starts_with("nowhere/x.toml cannot be read: "), "{lost}");
    let base = BARE.replace("modules = 2", "modules = 2\nbase = 0x610");
    let scene = Scene::parse(&base, "x", "x").unwrap();
    let said = World::new(&scene, 0).unwrap_err().to_string();
    assert!(said.starts_with("BMU: base address 0x610"), "{said}");
    let fault = "[[fault]]\ndo = 'silent'\non = 'BMU'\nmessage = 'Soup'\nfrom = 1\n";
    let scene = Scene::parse(&format!("{BARE}{fault}"), "x", "x").unwrap();
    let said = World::new(&scene, 0).unwrap_err().to_string();
    assert!(said.contains("\"Soup\"") && said.contains("BMU_PackSoc"), "{said}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn no_scene_file_makes_a_world_panic(
        modules in 0u16..90, cells in 0u16..10, base in 0u32..0x900, soc in -5.0f64..110.0,
        spread in 0.0f64..40.0, capacity in 0.0f64..200.0, ambient in -50.0f64..70.0,
        what in "(drive|rest|regen|charge|off|fly)", amps in 0.0f64..900.0,
        fault in "(silent|late|stuck|wrong|lost|untrusted|extra-cell|contactor-supply|contactor-stuck|precharge-fails|no-mains|second-controls|bus-off|nonsense)",
        on in "(BMU|Charger|EVDC|X)", place in 0u8..4, from in 0.0f64..20.0, span in 0.0f64..20.0,
        every in 0.001f64..9.0, by in -100.0f64..100.0, extra in "[a-z\\[\\]=\"\n]{0,12}",
        seed in proptest::prelude::any::<u64>(),
    ) {
        let target = match place {
            0 => "module = 1\n",
            1 => "module = 1\ncell = 1\n",
            2 => "message = 'BMU_PackSoc'\n",
            _ => "",
        };
        let text = format!(
            "title = 'T'\ndescription = 'D.'\npack = 'P'\nambient_c = {ambient}\n[[bmu]]\nname = 'BMU'\n\
             modules = {modules}\ncells = {cells}\nbase = {base}\nsoc_percent = {soc}\n\
             soc_spread_percent = {spread}\ncapacity_ah = {capacity}\n\
             [charger]\nname = 'Charger'\nvolts = 300\n[controls]\nname = 'EVDC'\n\
             [[leg]]\ndo = '{what}'\nseconds = 9\namps = {amps}\n[[fault]]\ndo = '{fault}'\n\
             on = '{on}'\n{target}from = {from}\nuntil = {}\nevery = {every}\nby = {by}\n{extra}",
            from + span,
        );
        let scene = [text.clone(), text.replace(&format!("by = {by}\n"), "")]
            .into_iter()
            .find_map(|text| Scene::parse(&text, "x", "x").ok());
        if let Some(Ok(mut world)) = scene.map(|scene| World::new(&scene, seed)) {
            let frames = run(&mut world, 40.0);
            proptest::prop_assert!(frames.len() < 200_000);
        }
    }
}

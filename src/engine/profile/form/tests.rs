//! What can be typed into the form of a component, and what comes of it. Test code only.

use super::*;
use crate::base::units::{Amps, Millivolts};
use crate::engine::device::CurrentSign;
use crate::engine::profile::model::BusEntry;
use crate::engine::profile::{check, parse, write};

const BMU: &str = "prohelion-d1000-gen1";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A profile with a bus of frames, a bus of text and a battery at 0x600.
fn profile() -> Profile {
    let bus = |own: &str, address: &str| BusEntry::new(name(own), address.parse().unwrap());
    let buses = vec![bus("Car", "socketcan:can0"), bus("Bench", "tcp:supply:5025")];
    let pack = ComponentEntry::new(name("Pack"), BMU, name("Car"));
    Profile::new(name("P"), buses, vec![pack])
}

/// The built-in kinds and one with a setting of every type.
fn catalog() -> Catalog {
    let mut catalog = Catalog::builtin();
    let setting = |kind: &str, more: &str| {
        format!(
            "[[setting]]\nname = '{kind}'\ntitle = 'The {kind}'\ntype = '{kind}'\nhelp = 'h'\n{more}\n"
        )
    };
    let settings = [
        setting("integer", "range = [1, 9]\ndefault = 3\nunit = 'ms'"),
        setting("number", "range = [0, 2]\ndefault = 1"),
        setting(
            "choice",
            "choices = [{ value = 'sma', title = 'SMA' }, { value = 'byd', title = 'BYD' }]\ndefault = 'sma'",
        ),
        setting("switch", "default = true"),
        setting("text", "default = ''"),
    ];
    let manifest = format!(
        "id = 'probe'\ntitle = 'Probe'\nmaker = 'm'\ncategory = 'charger'\nsummary = 's'\n\
         rate = []\n[address]\nway = 'base'\ndefault = 0x100\nstep = 0x10\nspan = 0x10\n{}",
        settings.concat()
    );
    let dbc = b"BO_ 256 M: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\n";
    catalog.add("probe", &manifest, dbc).unwrap();
    catalog
}

fn check_as(kind: &str, old: Option<&str>, pairs: &[(&str, &str)]) -> Checked {
    let (catalog, profile) = (catalog(), profile());
    let old = old.map(name);
    let kind = catalog.find(kind).unwrap();
    let form = Form { kind, profile: &profile, old: old.as_ref(), catalog: &catalog };
    let mut typed = form.first();
    typed.extend(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    form.check(&typed)
}

#[test]
fn every_mistake_stands_beside_its_field() {
    // Kind, what is typed, the field that is wrong, and a part of what is said.
    type Mistake =
        (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);
    let table: &[Mistake] = &[
        (BMU, &[("name", "")], "name", "Name is missing."),
        (BMU, &[("name", "a/b")], "name", "may not contain '/'"),
        (BMU, &[("name", "Pack")], "name", "already a component named \u{201c}Pack\u{201d}."),
        (BMU, &[("bus", "")], "bus", "Bus is missing."),
        (BMU, &[("bus", "Nowhere")], "bus", "it must be Car."),
        (BMU, &[("bus", "Bench")], "bus", "it must be Car."),
        ("tdk-genesys", &[("bus", "Car")], "bus", "it must be Bench."),
        (BMU, &[("base", "0x601")], "base", "not a multiple of 0x20"),
        (BMU, &[("base", "0x800")], "base", "a whole number from 0x000 to 0x700"),
        (BMU, &[("base", "six")], "base", "Base address cannot be \u{201c}six\u{201d}"),
        (BMU, &[("base", "0x600")], "base", "\"Pack\" claims 0x600 to 0x6FF on this bus too."),
        ("elcon-tc", &[("base", "0xE6")], "base", "it must be 0xE5, 0xE7, 0xE8 or 0xE9"),
        ("tdk-genesys", &[("base", "31")], "base", "from 0 to 30"),
        (BMU, &[("current_sign", "plus")], "current_sign", "charge-positive or discharge-positive"),
        (BMU, &[("strings", "0")], "strings", "from 1 to 1000"),
        (BMU, &[("strings", "1.5")], "strings", "a whole number"),
        (BMU, &[("pack", ".")], "pack", "may not start or end"),
        (BMU, &[("late_ms", "0")], "late_ms", "from 1 to 3600000, in ms"),
        (BMU, &[("late_ms", "900"), ("lost_ms", "900")], "lost_ms", "must be longer than"),
        (BMU, &[("late_ms", "5000")], "lost_ms", "Lost after (1000 ms) must be longer"),
        (BMU, &[("cell_max_mv", "10001")], "cell_max_mv", "from 1 to 10000, in mV"),
        (
            BMU,
            &[("cell_min_mv", "4000"), ("cell_max_mv", "3000")],
            "cell_max_mv",
            "above the lowest",
        ),
        (BMU, &[("temperature_max_c", "nan")], "temperature_max_c", "from -100 to 300"),
        (
            BMU,
            &[("temperature_min_c", "9.5"), ("temperature_max_c", "9")],
            "temperature_max_c",
            "9 \u{b0}C is not above 9.5 \u{b0}C.",
        ),
        (BMU, &[("current_max_a", "-1")], "current_max_a", "from 0 to 100000, in A"),
        (BMU, &[("rating_v", "100")], "rating_v", "has no setting \u{201c}rating_v\u{201d}."),
        ("elcon-tc", &[("rating_v", "0")], "rating_v", "from 1 to 1500, in V"),
        ("elcon-tc", &[("strings", "2")], "strings", "has no setting"),
        ("probe", &[("integer", "10")], "integer", "a whole number from 1 to 9, in ms"),
        ("probe", &[("number", "2.5")], "number", "a number from 0 to 2"),
        ("probe", &[("choice", "deye")], "choice", "it must be sma or byd"),
        ("probe", &[("switch", "maybe")], "switch", "on or off"),
        ("probe", &[("text", "a\u{7}b")], "text", "a text of at most 200 characters"),
        ("probe", &[("speed", "9")], "speed", "Probe has no setting \u{201c}speed\u{201d}."),
    ];
    for (kind, typed, field, part) in table {
        let said = check_as(kind, None, typed);
        assert_eq!(said.entry, None, "{typed:?}");
        let texts: Vec<_> = said.wrong.iter().filter(|wrong| wrong.field == *field).collect();
        assert_eq!(texts.len(), 1, "{typed:?}: {:?}", said.wrong);
        assert!(texts[0].text.contains(part), "{typed:?}: {}", texts[0].text);
        assert!(texts[0].text.ends_with('.'), "{}", texts[0].text);
        assert_eq!(said.wrong.len(), 1, "{typed:?}: {:?}", said.wrong);
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_fields() {
    let said = check_as(BMU, None, &[("strings", "0"), ("name", ""), ("cell_max_mv", "x")]);
    let fields: Vec<&str> = said.wrong.iter().map(|wrong| wrong.field.as_str()).collect();
    assert_eq!(fields, ["name", "strings", "cell_max_mv"]);
}

#[test]
fn what_is_typed_becomes_a_component_that_the_profile_takes() {
    let typed = [
        ("name", "Second"),
        ("base", "0x200"),
        ("current_sign", "discharge-positive"),
        ("strings", "2"),
        ("cell_max_mv", "4150"),
        ("current_max_a", "12,5"),
        ("late_ms", "400"),
    ];
    let said = check_as(BMU, None, &typed);
    assert_eq!((&said.wrong, &said.odd), (&vec![], &vec![]));
    let entry = said.entry.unwrap();
    assert_eq!((entry.base, entry.strings), (Some(0x200), 2));
    assert_eq!(entry.current_sign, Some(CurrentSign::DischargePositive));
    assert_eq!(entry.limits.cell_max, Some(Millivolts(4150)));
    assert_eq!(entry.limits.current_max, Some(Amps(12.5)));
    let own = [("name", "P"), ("integer", "7"), ("choice", "byd"), ("switch", "off"), ("text", "")];
    let entry_of_probe = check_as("probe", None, &own).entry.unwrap();
    let set: Vec<String> =
        entry_of_probe.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
    assert_eq!(set, ["choice byd", "integer 7", "switch off"], "what is left empty is not set");
    // Written, read and checked as a profile it is the same.
    let mut whole = profile();
    whole.components.extend([entry, entry_of_probe]);
    let parsed = parse::parse(&write::write(&whole), &|_| None).unwrap();
    assert_eq!(parsed.profile, whole);
    let ground = check::Ground { catalog: catalog(), scenes: Vec::new() };
    assert_eq!(check::check(&parsed.profile, &parsed.lines, &ground), []);
}

#[test]
fn an_address_within_the_block_of_another_is_told_and_can_be() {
    let pedals = |base| check_as("ev-driver-controls", None, &[("base", base)]);
    let said = pedals("0x6A0");
    assert!(said.entry.is_some());
    assert_eq!(said.odd.len(), 1);
    assert!(said.odd[0].starts_with("\"Pack\" claims 0x6A0 to 0x6BF on this bus too; what comes"));
    assert!(pedals("0x6E0").odd[0].contains("cannot both be there, so move one of them."));
    assert_eq!(pedals("0x500").odd, [] as [String; 0]);
}

#[test]
fn a_form_that_nobody_has_touched_says_what_the_component_is() {
    let (catalog, mut profile) = (catalog(), profile());
    let full = check_as(
        BMU,
        None,
        &[("name", "Second"), ("base", "0x200"), ("strings", "3"), ("temperature_max_c", "55.5")],
    );
    let full = full.entry.unwrap();
    profile.components.push(full.clone());
    let kind = catalog.find(BMU).unwrap();
    let form = Form { kind, profile: &profile, old: Some(&full.name), catalog: &catalog };
    assert_eq!(form.check(&form.first()).entry, Some(full.clone()));
    // A new one has a name that is free and the bus that fits.
    let new = Form { old: None, ..form };
    assert_eq!(new.first()["name"], "Prohelion D1000 Gen 1");
    assert_eq!(new.first()["bus"], "Car");
}

#[test]
fn every_kind_that_comes_with_the_program_has_a_form_with_help_at_every_field() {
    let (catalog, profile) = (Catalog::builtin(), profile());
    for kind in catalog.iter() {
        let form = Form { kind, profile: &profile, old: None, catalog: &catalog };
        let fields = form.fields();
        let mut names: Vec<&str> = fields.iter().map(|field| field.rule.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), fields.len(), "two fields of one name: {}", kind.manifest.id);
        for Field { rule, need, usual, .. } in &fields {
            assert!(rule.help.ends_with(['.', '?', '!']), "{}: {}", kind.manifest.id, rule.name);
            assert!(!rule.title.is_empty());
            assert_eq!(
                usual.is_empty(),
                *need == Need::Always,
                "{}: {}",
                kind.manifest.id,
                rule.name
            );
        }
    }
}

#[test]
fn one_field_is_checked_while_it_is_typed() {
    let (catalog, profile) = (catalog(), profile());
    let kind = catalog.find(BMU).unwrap();
    let form = Form { kind, profile: &profile, old: None, catalog: &catalog };
    assert_eq!(form.check_field("strings", "2"), None);
    assert!(form.check_field("strings", "two").unwrap().contains("a whole number from 1 to 1000"));
    assert!(form.check_field("name", "Pack").unwrap().contains("already a component"));
}

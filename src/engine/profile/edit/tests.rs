//! Edits of a profile's text: what is changed, what stays as it was written, what is refused.

use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::base::units::Millivolts;
use crate::engine::can::address::Address;
use crate::engine::can::dress::{Checksum, ChecksumRule, Counter, Dress};
use crate::engine::can::frame::{Frame, Id};
use crate::engine::profile::model::{Limits, Profile};
use crate::engine::profile::parse;
use crate::engine::profile::write::write;

const FILE: &str = "/data/profiles/a.toml";

fn none(_: &str) -> Option<String> {
    None
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn change(text: &str, change: Change) -> Result<String, EditError> {
    apply(text, Path::new(FILE), &[change], &none)
}

fn rule(text: &str, key: Key, value: Option<f64>) -> String {
    change(text, Change::SetRule { key, value }).unwrap()
}

fn cell_max() -> Key {
    "cell_max_mv".parse().unwrap()
}

fn dbcs(text: &str, bus: &str, files: &[&str]) -> Result<String, EditError> {
    let files = files.iter().map(PathBuf::from).collect();
    change(text, Change::SetDbcs { bus: name(bus), files })
}

fn read_profile(text: &str) -> Profile {
    parse::parse(text, &none).unwrap_or_else(|why| panic!("{why:?}\n{text}")).profile
}

mod rules {
    use super::*;

    const HEAD: &str = "name = \"a\"\nbus = []\n";

    #[test]
    fn a_value_is_replaced_where_it_stands_and_its_comment_stays() {
        let text = format!("{HEAD}# Ours.\n[charge]\n  cell_max_mv   = 4_150 # as agreed\n# end\n");
        let after = rule(&text, cell_max(), Some(4100.0));
        let wanted =
            format!("{HEAD}# Ours.\n[charge]\n  cell_max_mv   = 4100 # as agreed\n# end\n");
        assert_eq!(after, wanted);
        assert_eq!(rule(&after, cell_max(), None), format!("{HEAD}# Ours.\n[charge]\n# end\n"));
    }

    #[test]
    fn a_new_value_comes_after_the_last_of_the_table_and_before_the_next_table() {
        let text =
            "[charge] # rules\nmatch_v = 5\n# about the bus\n\n[[bus]]\nname = \"cell_max_mv\"\n";
        let wanted = "[charge] # rules\nmatch_v = 5\ncell_max_mv = 4100.5\n# about the bus\n\n[[bus]]\nname = \"cell_max_mv\"\n";
        assert_eq!(rule(text, cell_max(), Some(4100.5)), wanted);
    }

    #[test]
    fn a_profile_without_the_table_gets_one() {
        let key = || "current_max_a".parse::<Key>().unwrap();
        for (text, end) in [("name = \"a\"", "\n"), ("name = \"a\"\r\n", "\r\n")] {
            let wanted = ["name = \"a\"", "", "[charge]", "current_max_a = 12.5", ""].join(end);
            assert_eq!(rule(text, key(), Some(12.5)), wanted);
        }
        assert_eq!(rule("name = \"a\"", key(), None), "name = \"a\"");
        assert_eq!(rule("", key(), Some(1.0)), "\n[charge]\ncurrent_max_a = 1\n");
    }

    #[test]
    fn variables_stay_as_they_are_written() {
        let text = "base = ${BASE:-0x600}\nname = \"${NAME}\"\n[charge]\nmatch_v = ${MATCH}\n";
        let after = rule(text, "match_v".parse().unwrap(), Some(5.0));
        assert_eq!(after, text.replace("${MATCH}", "5"));
    }

    #[test]
    fn a_table_in_another_form_is_changed_in_that_form() {
        for (text, wanted) in [
            ("charge = { cell_max_mv = 4100 }\n", "charge = { cell_max_mv = 4000 }\n"),
            ("charge.cell_max_mv = 4100\n", "charge.cell_max_mv = 4000\n"),
            ("[charge]\n\"cell_max_mv\" = 4100\n", "[charge]\n\"cell_max_mv\" = 4000\n"),
            ("['charge']\ncell_max_mv = 4100\n", "['charge']\ncell_max_mv = 4000\n"),
        ] {
            assert_eq!(rule(text, cell_max(), Some(4000.0)), wanted);
        }
    }

    #[test]
    fn a_form_that_is_not_understood_is_refused_and_never_broken() {
        let refused = change("charge = 7\n", Change::SetRule { key: cell_max(), value: Some(1.0) });
        assert_eq!(refused, Err(EditError::Form("the charge rule cell_max_mv".into())));
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("written in a way that cannot be changed here"), "{said}");
        let broken = change("a = 1\n[charge", Change::SetRule { key: cell_max(), value: None });
        let said = broken.unwrap_err().to_string();
        assert!(said.starts_with("the profile cannot be read, line 2:"), "{said}");
        // What only looks like the table is none.
        let text = "note = \"\"\"\n[charge]\ncell_max_mv = 1\n\"\"\"\n";
        let wanted = format!("{text}\n[charge]\ncell_max_mv = 4000\n");
        assert_eq!(rule(text, cell_max(), Some(4000.0)), wanted);
    }

    #[test]
    fn every_rule_can_be_set_to_its_bounds_and_read_back() {
        let text = write(&Profile::for_interface("can0").unwrap());
        for key in Key::ALL {
            for value in [key.rule().least, key.rule().most, key.rule().usual] {
                let after = rule(&text, *key, Some(value));
                // Some bounds are out of order with another rule, which is said, and not here.
                if let Ok(read) = parse::parse(&after, &none) {
                    assert_eq!(read.profile.charge.get(*key), value, "{}", key.rule().name);
                }
                assert_eq!(rule(&after, *key, None), text, "{}", key.rule().name);
            }
        }
    }
}

mod files {
    use super::*;

    const TEXT: &str = "name = 'a'\n[[bus]] # first\nname = 'one'\naddress = 'virtual:a'\n# none yet\n\n[[bus]]\nname = 'two'\ndbc  = ['x.dbc'] # ours\naddress = 'virtual:b'\n";

    #[test]
    fn files_are_named_from_the_folder_of_the_profile_and_comments_stay() {
        let one = dbcs(TEXT, "one", &["/data/dbc/car.dbc", "/other/b$.dbc"]).unwrap();
        let line =
            "address = 'virtual:a'\ndbc = [\"../dbc/car.dbc\", \"/other/b$$.dbc\"]\n# none yet\n";
        assert!(one.contains(line), "{one}");
        let two = dbcs(TEXT, "two", &["/data/profiles/x.dbc", "/data/dbc/car.dbc"]).unwrap();
        assert!(two.contains("dbc  = [\"x.dbc\", \"../dbc/car.dbc\"] # ours\n"), "{two}");
        assert!(dbcs(TEXT, "two", &[]).unwrap().contains("dbc  = [] # ours\n"));
        assert_eq!(dbcs(TEXT, "two", &["/data/profiles/x.dbc"]).unwrap(), TEXT);
        assert_eq!(dbcs(TEXT, "one", &[]).unwrap(), TEXT);
    }

    #[test]
    fn a_list_over_several_lines_is_replaced_as_a_whole() {
        let text =
            "[[bus]]\nname = 'one'\ndbc = [\n  'a.dbc', # old\n  'b.dbc',\n]\naddress = 'x'\n";
        let after = dbcs(text, "one", &["/data/dbc/c.dbc"]).unwrap();
        assert_eq!(after, "[[bus]]\nname = 'one'\ndbc = [\"../dbc/c.dbc\"]\naddress = 'x'\n");
    }

    #[test]
    fn a_bus_that_is_not_there_is_named() {
        for text in ["name = 'x'\n", "bus = 7\n", "[[bus]]\nname = 'two'\n"] {
            let refused = dbcs(text, "one", &["/data/dbc/c.dbc"]).unwrap_err();
            assert_eq!(refused.to_string(), "the profile has no bus one");
        }
        let inline = dbcs("bus = [{ name = 'one' }]\n", "one", &["/data/dbc/c.dbc"]).unwrap();
        assert_eq!(inline, "bus = [{ name = 'one' , dbc = [\"../dbc/c.dbc\"] }]\n");
        assert!(dbcs("[[", "one", &[]).unwrap_err().to_string().contains("line 1"));
    }
}

mod messages {
    use super::*;

    const HEAD: &str = "name = \"a\"\n[[bus]]\nname = \"can0\"\naddress = \"virtual:a\"\n";

    fn entry(one: &str, byte: u8) -> MessageEntry {
        MessageEntry {
            name: name(one),
            bus: name("can0"),
            frame: Frame::classic(Id::standard(0x123).unwrap(), &[byte, 0]).unwrap(),
            every: Duration::from_micros(1500),
            times: Some(3),
            dress: Dress {
                counter: Some(Counter { byte: 0, bit: 4, bits: 4, last: Some(14) }),
                checksum: Some(Checksum {
                    rule: ChecksumRule::E2eProfile1 { data_id: 0x123 },
                    byte: 1,
                }),
            },
            key: Some("F5".parse().unwrap()),
            stays: true,
        }
    }

    fn put(text: &str, entry: MessageEntry) -> String {
        change(text, Change::PutMessage(Box::new(entry))).unwrap()
    }

    fn read(text: &str) -> Vec<MessageEntry> {
        read_profile(text).messages
    }

    #[test]
    fn a_message_is_added_changed_and_taken_out_and_nothing_else_changes() {
        let text = format!("{HEAD}# the end\n");
        let one = put(&text, entry("one", 1));
        assert!(one.starts_with(&text), "{one}");
        assert_eq!(read(&one), [entry("one", 1)]);
        let two = put(&one, MessageEntry { key: None, ..entry("two", 2) });
        let noted = two.replacen("[[message]]\n", "[[message]] # ours\n# keep me\n", 1);
        let changed = put(&noted, entry("one", 9));
        assert!(changed.contains("[[message]] # ours\n# keep me\nname = \"one\""), "{changed}");
        assert_eq!(read(&changed)[0], entry("one", 9));
        assert_eq!(read(&changed).len(), 2);
        let without = change(&changed, Change::DropMessage(name("one"))).unwrap();
        assert_eq!(read(&without).len(), 1);
        assert!(!without.contains("# ours") && without.contains("# the end"), "{without}");
        let none = change(&without, Change::DropMessage(name("two"))).unwrap();
        assert_eq!(none.trim_end(), text.trim_end());
        let missing = change(&none, Change::DropMessage(name("two"))).unwrap_err();
        assert_eq!(missing.to_string(), "the profile has no message two");
    }

    #[test]
    fn every_kind_of_frame_is_written_and_read_back() {
        let id = Id::extended(0x600).unwrap();
        let fd = Frame::fd(id, &[7; 12]).unwrap();
        let frames = [
            Frame::remote(id, 5).unwrap(),
            fd,
            fd.with_bit_rate_switch(),
            Frame::classic(id, &[]).unwrap(),
        ];
        for frame in frames {
            let wanted = MessageEntry { frame, dress: Dress::default(), ..entry("one", 1) };
            let text = put(HEAD, wanted.clone());
            assert_eq!(read(&text), [wanted], "{text}");
        }
    }

    #[test]
    fn messages_in_one_line_are_changed_there_and_what_only_looks_like_one_is_none() {
        let inline =
            format!("message = [{{ name = \"one\", bus = \"can0\", id = \"1\" }}] # all\n{HEAD}");
        let changed = put(&inline, entry("one", 1));
        assert_eq!(read(&changed), [entry("one", 1)]);
        assert!(changed.contains("}] # all\n"), "{changed}");
        let none = change(&inline, Change::DropMessage(name("one"))).unwrap_err();
        // A list that is empty now would be said otherwise than one that is not there.
        assert!(matches!(none, EditError::Form(_)), "{none}");
        let text = "note = \"\"\"\n[[message]]\nname = \"one\"\n\"\"\"\n";
        assert!(put(text, entry("one", 1)).starts_with(text));
    }

    #[test]
    fn what_is_wrong_with_a_message_is_said_with_its_line() {
        let cases = [
            ("id = \"zz\"", "is no id"),
            ("id = \"800\"", "\"800\" is no id"),
            ("id = \"1\"\nkind = \"flexray\"", "no kind"),
            ("id = \"1\"\ndata = \"0\"", "no bytes"),
            ("id = \"1\"\ndata = \"00 11 22 33 44 55 66 77 88\"", "9 bytes"),
            ("id = \"1\"\nkey = \"F12\"", "is no key"),
            ("id = \"1\"\nevery_ms = 0.2", "1 ms"),
            ("id = \"1\"\ncounter = { byte = 0, bits = 4 }", "counter"),
            ("id = \"1\"\ntimes = 0", "0 times"),
        ];
        for (fields, said) in cases {
            let text = format!("{HEAD}[[message]]\nname = \"one\"\nbus = \"can0\"\n{fields}\n");
            let problems = parse::parse(&text, &none).unwrap_err();
            assert!(problems[0].text.contains(said), "{fields}: {problems:?}");
            assert_eq!(problems[0].line, 6, "{fields}");
        }
        let other = format!("{HEAD}[[message]]\nname = \"one\"\nbus = \"can9\"\nid = \"1\"\n");
        assert!(parse::parse(&other, &none).unwrap_err()[0].text.contains("unknown bus"));
        let twice = format!(
            "{HEAD}{}",
            "[[message]]\nname = \"one\"\nbus = \"can0\"\nid = \"1\"\nkey = \"A\"\n".repeat(2)
        );
        let problems = parse::parse(&twice, &none).unwrap_err();
        assert!(problems.iter().any(|one| one.text.contains("second message")), "{problems:?}");
    }
}

mod parts {
    use super::*;

    const TEXT: &str = "# Head.\nname = 'a'\n\n# --- Buses ---\n\n[[bus]]\nname = 'can0' # ours\naddress = 'virtual:a'\n\n# --- Parts ---\n\n# The front one.\n[[component]]\nname = 'Front' # left\nkind = 'prohelion-d1000-gen1'\nbus = 'can0'\nbase = ${BASE:-0x600} # by hand\n# pack = 'x'\n\n# The rear one.\n[[component]]\nname = 'Rear'\nkind = 'prohelion-d1000-gen1'\nbus = 'can0'\nbase = 0x200\n\n[component.limits]\n# Not more.\ncell_max_mv = 4150\n# end\n";

    fn entry(text: &str, one: &str) -> ComponentEntry {
        let all = read_profile(text).components;
        all.into_iter().find(|entry| entry.name.as_str() == one).unwrap()
    }

    fn put(text: &str, old: Option<&str>, entry: ComponentEntry) -> Result<String, EditError> {
        change(text, Change::PutComponent { name: old.map(name), entry: Box::new(entry) })
    }

    #[test]
    fn a_component_is_changed_in_its_place_and_what_is_the_same_stays_as_it_is_written() {
        let same = put(TEXT, Some("Front"), entry(TEXT, "Front")).unwrap();
        assert_eq!(same, TEXT);
        let front = ComponentEntry { strings: 2, ..entry(TEXT, "Front") };
        let wanted = TEXT.replace("# by hand\n", "# by hand\nstrings = 2\n");
        assert_eq!(put(TEXT, Some("Front"), front).unwrap(), wanted);
        let other = entry(TEXT, "Front").at(0x300);
        let wanted = TEXT.replace("${BASE:-0x600}", "0x300");
        assert_eq!(put(TEXT, Some("Front"), other).unwrap(), wanted);
        let limits = Limits { cell_max: Some(Millivolts(4100)), ..Limits::default() };
        let rear = ComponentEntry { limits, name: name("Back"), ..entry(TEXT, "Rear") };
        let wanted = TEXT.replace("4150", "4100").replace("'Rear'", "\"Back\"");
        assert_eq!(put(TEXT, Some("Rear"), rear).unwrap(), wanted);
    }

    #[test]
    fn a_component_is_found_by_what_its_variable_stands_for() {
        let text = TEXT.replace("'Front' #", "'${WHERE:-Front}' #");
        let after = change(&text, Change::DisableComponent(name("Front"))).unwrap();
        assert!(!entry(&after, "Front").enabled);
        assert_eq!(after, text.replace("# by hand\n", "# by hand\nenabled = false\n"));
        let again = change(&after, Change::EnableComponent(name("Front"))).unwrap();
        assert_eq!(again, text);
        assert_eq!(change(&text, Change::EnableComponent(name("Front"))).unwrap(), text);
        let set = |wanted: &str| (wanted == "WHERE").then(|| "Middle".to_owned());
        let changes = [Change::DisableComponent(name("Middle"))];
        assert!(apply(&text, Path::new(FILE), &changes, &set).is_ok());
    }

    #[test]
    fn a_component_that_goes_takes_its_own_comments_and_leaves_those_of_the_section() {
        let after = change(TEXT, Change::DropComponent(name("Front"))).unwrap();
        let (from, to) = (TEXT.find("# The front").unwrap(), TEXT.find("# The rear").unwrap());
        let wanted = format!("{}{}", &TEXT[..from], &TEXT[to..]);
        assert_eq!(after, wanted);
        let none = change(&after, Change::DropComponent(name("Rear"))).unwrap();
        assert!(none.contains("# --- Parts ---") && none.ends_with("# end\n"), "{none}");
        assert!(!none.contains("Rear") && !none.contains("cell_max"), "{none}");
        let missing = change(&none, Change::DropComponent(name("Rear"))).unwrap_err();
        assert_eq!(missing.to_string(), "the profile has no component Rear");
    }

    #[test]
    fn a_component_is_added_behind_the_others() {
        let charger = ComponentEntry::new(name("Charger"), "elcon-tc", name("can0"));
        let after = put(TEXT, None, charger.clone()).unwrap();
        assert!(after.starts_with(TEXT), "{after}");
        assert_eq!(read_profile(&after).components[2], charger);
        let text = format!("{TEXT}\n[charge]\nmatch_v = 5\n");
        let between = put(&text, None, charger.clone()).unwrap();
        assert!(between.find("Charger") < between.find("[charge]"), "{between}");
        assert_eq!(read_profile(&between).components[2], charger);
        let taken = put(TEXT, None, entry(TEXT, "Rear")).unwrap_err();
        assert_eq!(taken.to_string(), "the profile already has a component named Rear");
        let renamed = ComponentEntry { name: name("Rear"), ..entry(TEXT, "Front") };
        assert!(matches!(put(TEXT, Some("Front"), renamed), Err(EditError::Taken { .. })));
    }

    #[test]
    fn what_names_a_bus_follows_its_new_name_and_keeps_it_from_going() {
        let text = format!("{TEXT}\n[[recorder]]\nname = 'all'\nbuses = ['can0']\n");
        let mut entry = read_profile(&text).buses[0].clone();
        entry.name = name("left");
        let bus = Change::PutBus { name: Some(name("can0")), entry: Box::new(entry) };
        let after = change(&text, bus).unwrap();
        let read = read_profile(&after);
        assert_eq!(read.buses[0].name, name("left"));
        assert!(read.components.iter().all(|one| one.bus == name("left")), "{after}");
        assert_eq!(read.recorders[0].buses, [name("left")]);
        assert!(after.contains("# ours") && after.contains("${BASE:-0x600} # by hand"), "{after}");
        let used = change(&text, Change::DropBus(name("can0"))).unwrap_err().to_string();
        let wanted = "the bus can0 is used by component Front, component Rear, recorder all: change that first";
        assert_eq!(used, wanted);
        let address: Address = "virtual:b".parse().unwrap();
        let second = BusEntry::new(name("two"), address);
        let two = Change::PutBus { name: None, entry: Box::new(second.clone()) };
        let two = change(&text, two).unwrap();
        assert_eq!(read_profile(&two).buses[1], second);
        assert!(two.find("'can0' # ours") < two.find("virtual:b"), "{two}");
        let back = change(&two, Change::DropBus(name("two"))).unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn files_of_a_bus_stay_as_they_are_written() {
        let text = "name = 'a'\n[[bus]]\nname = 'log'\naddress = 'replay:../logs/a.log'\ndbc = ['../dbc/car.dbc']\n";
        let file = Path::new(FILE);
        let loaded =
            crate::engine::profile::library::interpret(file, text.to_owned(), &none).unwrap();
        let entry = Box::new(loaded.profile.buses[0].clone());
        let bus = Change::PutBus { name: Some(name("log")), entry };
        assert_eq!(change(text, bus).unwrap(), text);
    }

    #[test]
    fn a_description_is_set_and_taken_out() {
        let said = change(TEXT, Change::Describe("Bench, 2 packs\n for $5".into())).unwrap();
        let read = read_profile(&said);
        assert_eq!(read.description.as_deref(), Some("Bench, 2 packs\n for $5"));
        let none = change(&said, Change::Describe(" ".into())).unwrap();
        assert_eq!(none, TEXT);
        let other = change(TEXT, Change::Rename(name("b"))).unwrap();
        assert_eq!(other, TEXT.replace("'a'", "\"b\""));
    }

    #[test]
    fn too_much_at_once_is_refused() {
        let many = vec![Change::Describe("x".into()); MOST_CHANGES + 1];
        let said = apply(TEXT, Path::new(FILE), &many, &none).unwrap_err().to_string();
        assert_eq!(said, "257 changes at once are too many: 256 are possible");
    }
}

fn any_change() -> impl Strategy<Value = (u8, usize, usize)> {
    (0_u8..9, 0_usize..4, 0_usize..4)
}

/// What is to come of it, worked out on the profile itself.
fn expect(profile: &Profile, kind: u8, one: usize, other: usize) -> (Change, Option<Profile>) {
    let called = |at: usize| name(["alpha", "beta", "gamma $1", "delta q"][at]);
    let mut after = profile.clone();
    let place = profile.components.iter().position(|entry| entry.name == called(one));
    let bus = profile.buses[other % profile.buses.len()].name.clone();
    let set = |enabled: bool, mut after: Profile| {
        place.map(|at| {
            after.components[at].enabled = enabled;
            after
        })
    };
    match kind {
        0 | 1 => {
            let mut entry = ComponentEntry::new(called(one), "elcon-tc", bus);
            entry.strings = 1 + other as u16;
            entry.base = (other > 1).then_some(0x10 * other as u32);
            entry.pack = (other == 2).then(|| called(other));
            entry.limits.cell_max = (other == 3).then_some(Millivolts(4000 + one as i32));
            let old = place.map(|_| called(one));
            match place {
                Some(at) => after.components[at] = entry.clone(),
                None => after.components.push(entry.clone()),
            }
            (Change::PutComponent { name: old, entry: Box::new(entry) }, Some(after))
        }
        2 => {
            let gone = place.map(|at| {
                after.components.remove(at);
                after
            });
            (Change::DropComponent(called(one)), gone)
        }
        3 => (Change::EnableComponent(called(one)), set(true, after)),
        4 => (Change::DisableComponent(called(one)), set(false, after)),
        5 => {
            after.description = (one > 0).then(|| format!("text {one}"));
            (Change::Describe(after.description.clone().unwrap_or_default()), Some(after))
        }
        6 => {
            let files: Vec<PathBuf> = (0..one).map(|n| format!("/x/{n}.dbc").into()).collect();
            let at = other % profile.buses.len();
            after.buses[at].dbc.clone_from(&files);
            (Change::SetDbcs { bus, files }, Some(after))
        }
        7 => {
            let at = other % profile.buses.len();
            let new = name(["bus one", "bus two", "three", "four"][one]);
            if profile.buses.iter().any(|b| b.name == new && b.name != bus) {
                let mut entry = profile.buses[at].clone();
                entry.name = new;
                return (Change::PutBus { name: Some(bus), entry: Box::new(entry) }, None);
            }
            after.buses[at].name = new.clone();
            for part in after.components.iter_mut().filter(|part| part.bus == bus) {
                part.bus = new.clone();
            }
            let entry = after.buses[at].clone();
            (Change::PutBus { name: Some(bus), entry: Box::new(entry) }, Some(after))
        }
        _ => {
            let used = profile.components.iter().any(|part| part.bus == bus);
            let gone = (!used && profile.buses.len() > 1).then(|| {
                after.buses.retain(|one| one.name != bus);
                after
            });
            if gone.is_none() && !used {
                return (Change::Describe("kept".into()), {
                    let mut after = profile.clone();
                    after.description = Some("kept".into());
                    Some(after)
                });
            }
            (Change::DropBus(bus), gone)
        }
    }
}

proptest! {
    /// From a profile to its text, through any edits, to a profile: what is read is what was meant, and
    /// every comment of the head stays.
    #[test]
    fn whatever_is_edited_is_read_back_as_it_was_meant(
        steps in proptest::collection::vec(any_change(), 0..25),
    ) {
        let mut profile = Profile::for_interface("can0").unwrap();
        let second: Address = "virtual:b".parse().unwrap();
        profile.buses.push(BusEntry::new(name("spare"), second));
        let mut text = write(&profile);
        for (kind, one, other) in steps {
            let (wanted, after) = expect(&profile, kind, one, other);
            let given = change(&text, wanted.clone());
            match (after, given) {
                (Some(after), Ok(given)) => {
                    let read = parse::parse(&given, &none).map(|parsed| parsed.profile);
                    prop_assert_eq!(read.as_ref(), Ok(&after), "{:?}\n{}", wanted, given);
                    (profile, text) = (after, given);
                }
                (None, Err(_)) => {}
                (after, given) => prop_assert!(false, "{:?}: {:?} {:?}", wanted, after, given),
            }
            for head in ["# A Busbar profile", "# --- Buses", "# --- Components", "# --- Charging"] {
                prop_assert!(text.contains(head), "{} is gone after {:?}\n{}", head, wanted, text);
            }
        }
    }
}

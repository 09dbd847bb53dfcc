//! Profile packs: there and back, what they would change, and those that somebody made to do harm.

use proptest::prelude::*;

use super::*;
use crate::engine::profile::shelf::Expected;

mod recordings;

const DBC: &[u8] = include_bytes!("../../../../assets/devices/generic-charger/messages.dbc");
const TOML: &str = include_str!("../../../../assets/devices/generic-charger/device.toml");
const PLAIN: &str = "name = \"Car\"\n";
/// Comments and an order of one's own, which stay letter for letter.
const TEXT: &str = "# by hand\nname = \"Car\"\n\n[[bus]]\ndbc = [\"../dbc/car.dbc\"] # ours\n\
                    name = \"main\"\naddress = \"virtual:${BUS}\"\n\n[[component]]\nname = \"c\"\n\
                    kind = \"my-charger\"\nbus = \"main\"\n";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn lookup(name: &str) -> Option<String> {
    (name == "BUS").then(|| "planted-in-the-environment".to_owned())
}

fn device(id: &str) -> Files {
    let manifest = TOML.replace("id = \"generic-charger\"", &format!("id = \"{id}\""));
    Files { manifest: manifest.into_bytes(), messages: DBC.to_vec() }
}

struct Place {
    folder: tempfile::TempDir,
    library: Library,
    devices: Devices,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (library, devices) = (Library::of(folder.path()), Devices::open(folder.path()));
        library.make().unwrap();
        Self { folder, library, devices }
    }

    fn shelf(&self) -> Shelf {
        Shelf::new(self.folder.path())
    }

    fn furnished() -> Self {
        let place = Self::new();
        place.shelf().write(&name("car"), DBC, &Expected::Nothing).unwrap();
        place.devices.write("my-charger", &device("my-charger"), &Expected::Nothing).unwrap();
        place
    }

    fn pack(&self, text: &str) -> Result<Pack, PackError> {
        Pack::of((&self.library, &self.devices), &name("Car"), text, &lookup)
    }

    fn preview(&self, pack: &Pack) -> Preview {
        let none = Brought::default();
        pack.preview(None, (&self.library, &self.devices), &none, &lookup).unwrap()
    }
}

/// A ZIP of these entries.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let entries: Vec<_> = entries.iter().map(|(name, says)| ((*name).to_owned(), *says)).collect();
    zipped::assembled(&entries).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    match Pack::read(bytes, &lookup) {
        Ok(pack) => panic!("taken: {pack:?}"),
        Err(error) => error.to_string(),
    }
}

/// The bytes with every `from` made a `to` of the same length.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let (mut out, mut at, mut count) = (bytes.to_vec(), 0, 0);
    while at + from.len() <= out.len() {
        if out[at..].starts_with(from) {
            out[at..at + from.len()].copy_from_slice(to);
            count += 1;
        }
        at += 1;
    }
    assert!(count > 0, "nothing to patch");
    out
}

/// The same ZIP with another number in the list's first entry.
fn listed_as(mut bytes: Vec<u8>, at: usize, value: &[u8]) -> Vec<u8> {
    let end = bytes.len() - 22;
    let list = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().unwrap()) as usize;
    bytes[list + at..list + at + value.len()].copy_from_slice(value);
    bytes
}

#[test]
fn a_profile_reaches_another_machine_letter_for_letter_with_what_it_needs() {
    let here = Place::furnished();
    let pack = here.pack(TEXT).unwrap();
    assert_eq!(pack.profile(), TEXT);
    let bytes = pack.write().unwrap();
    assert_eq!(bytes, pack.write().unwrap(), "the same bytes for the same pack");
    let there = Pack::read(&bytes, &lookup).unwrap();
    assert_eq!(there, pack);
    assert_eq!(there.dbcs()[&name("car")], DBC);
    assert_eq!(there.devices()["my-charger"], device("my-charger"));
    assert!(!bytes.windows(7).any(|part| part == b"planted"), "what the environment says stays");
    assert!(!pack.profile().contains("planted"));
}

#[test]
fn a_preview_says_what_is_new_the_same_changed_and_what_clashes() {
    let pack = Place::furnished().pack(TEXT).unwrap();
    let there = Place::new();
    let words = |preview: &Preview| {
        let item =
            |item: &Item| format!("{} {}: {}", item.part.words(), item.name, item.stand.word());
        preview.items.iter().map(item).collect::<Vec<_>>().join(", ")
    };
    let fresh = there.preview(&pack);
    assert_eq!(words(&fresh), "device folder my-charger: new, DBC file car: new, profile Car: new");
    assert!(fresh.lacks.is_empty(), "{:?}", fresh.lacks);
    there.shelf().write(&name("car"), DBC, &Expected::Nothing).unwrap();
    let other = device("my-charger");
    let other = Files { manifest: [&other.manifest[..], b"\n# mine\n"].concat(), ..other };
    there.devices.write("my-charger", &other, &Expected::Nothing).unwrap();
    std::fs::write(there.library.file_of(&name("Car")), PLAIN).unwrap();
    let later = there.preview(&pack);
    let wanted = "device folder my-charger: changed, DBC file car: same, profile Car: clashes";
    assert_eq!(words(&later), wanted);
    assert_ne!(fresh.mark, later.mark, "another mark for another folder");
    let named = pack
        .preview(Some(&name("Van")), (&there.library, &there.devices), &Brought::default(), &lookup)
        .unwrap();
    assert!(words(&named).ends_with("profile Van: new"), "{}", words(&named));
    assert!(named.text.contains("name = \"Van\"") && named.text.starts_with("# by hand\n"));
}

#[test]
fn a_dbc_from_elsewhere_comes_along_and_is_found_beside_the_profile() {
    let here = Place::new();
    let elsewhere = here.folder.path().join("far away").join("Drive line.dbc");
    std::fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    std::fs::write(&elsewhere, DBC).unwrap();
    let text = format!(
        "name = \"Car\"\n[[bus]]\nname = \"main\"\naddress = \"virtual:x\"\ndbc = ['{}']\n",
        elsewhere.display()
    );
    let pack = here.pack(&text).unwrap();
    assert_eq!(pack.dbcs().keys().collect::<Vec<_>>(), [&name("Drive line")]);
    assert!(pack.profile().contains("../dbc/Drive line.dbc"), "{}", pack.profile());
    assert!(!pack.profile().contains("far away"));
    std::fs::remove_file(&elsewhere).unwrap();
    let gone = here.pack(&text).unwrap_err().to_string();
    assert!(gone.starts_with("a DBC file of the bus main cannot be read"), "{gone}");
}

#[test]
fn what_a_profile_lacks_is_said() {
    let text = "name = \"Car\"\n[[bus]]\nname = \"main\"\naddress = \"replay:drive.log\"\n\
                dbc = [\"../dbc/gone.dbc\"]\n[[component]]\nname = \"c\"\nkind = \"nobody-knows\"\n\
                bus = \"main\"\n";
    let pack = Pack::read(&zip(&[("profile.toml", text.as_bytes())]), &lookup).unwrap();
    let lacks = Place::new().preview(&pack).lacks.join("\n");
    for part in ["the kind nobody-knows", "gone.dbc, which is not", "drive.log, which is not"] {
        assert!(lacks.contains(part), "{part} in {lacks}");
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for hostile in [
        "../profile.toml",
        "../../etc/cron.d/x",
        "/etc/passwd",
        "dbc/../../x.dbc",
        "dbc/..dbc",
        "dbc/a/b.dbc",
        "dbc\\..\\x.dbc",
        "C:\\x.dbc",
        "dbc/C:x.dbc",
        "dbc/a.dbc:stream.dbc",
        "./profile.toml",
        "devices/../x/device.toml",
        "devices/Up/device.toml",
        "devices/x/run.sh",
        "busbar.db",
        "secrets.key",
        "dbc/x.exe",
        "dbc/.dbc",
        "recordings//x",
        "recordings/../busbar.db",
        "recordings/a/b.log",
        "recordings/..",
        "recordings/.upload-1-0.part",
        "recordings/a.log.json",
        "recordings/a.log:stream",
        "profile.toml/",
    ] {
        let bytes = zip(&[("profile.toml", PLAIN.as_bytes()), (hostile, b"x")]);
        let said = refusal(&bytes);
        assert!(said.contains("is nothing that a profile pack holds"), "{hostile}: {said}");
    }
}

#[test]
fn names_that_are_there_twice_are_refused() {
    let plain = ("profile.toml", PLAIN.as_bytes());
    let case = zip(&[plain, ("dbc/Car.dbc", DBC), ("dbc/car.dbc", DBC)]);
    assert!(refusal(&case).contains("is there twice, or differs in case alone"));
    let two = zip(&[plain, ("dbc/car.dbc", DBC), ("dbc/cat.dbc", DBC)]);
    let twice = patched(&two, b"dbc/cat.dbc", b"dbc/car.dbc");
    assert!(refusal(&twice).contains("is there twice, or differs in case alone"));
}

#[test]
fn links_and_devices_are_refused() {
    let good = zip(&[("profile.toml", PLAIN.as_bytes())]);
    for mode in [0o120_777_u32, 0o060_644, 0o010_644, 0o140_644, 0o040_755] {
        let odd = listed_as(good.clone(), 38, &(mode << 16).to_le_bytes());
        assert!(refusal(&odd).contains("is a link, a device"), "{mode:o}");
    }
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let plain = ("profile.toml", PLAIN.as_bytes());
    let small = zip(&[("dbc/a.dbc", DBC), plain]);
    let bomb = listed_as(small, 24, &(16_u32 << 20).to_le_bytes());
    assert!(refusal(&bomb).contains("becomes more than 200 times as large"));
    let names: Vec<String> = (0..500).map(|n| format!("dbc/{n}.dbc")).collect();
    let mut many: Vec<(&str, &[u8])> = vec![plain];
    many.extend(names.iter().map(|name| (name.as_str(), DBC)));
    assert!(refusal(&zip(&many)).contains("501 entries; a profile pack has at most 500"));
    let huge = zip(&[("profile.toml", &vec![b'#'; (1 << 20) + 1])]);
    assert!(refusal(&huge).contains("has 1048577 bytes; it can have 1048576"));
    let large = vec![0; usize::try_from(LARGEST).unwrap() + 1];
    assert!(refusal(&large).contains("a profile pack has at most 80 MiB"));
    // 4 GiB that are only told; and a bomb that tells of little.
    let good = zip(&[plain]);
    let told = listed_as(good.clone(), 24, &u32::MAX.to_le_bytes());
    assert!(refusal(&told).contains("has 4294967295 bytes"));
    let lies = listed_as(zip(&[("profile.toml", &[b'#'; 100_000])]), 24, &10_u32.to_le_bytes());
    assert!(refusal(&lies).contains("is not as large as the list of entries says"));
}

#[test]
fn what_others_pack_is_read_and_what_lies_over_another_is_not() {
    // Written by another program, to a disk and to a pipe.
    for bytes in [
        &include_bytes!("../../../../tests/fuzz/packs/small.zip")[..],
        &include_bytes!("../../../../tests/fuzz/packs/streamed.zip")[..],
    ] {
        let pack = Pack::read(bytes, &lookup).unwrap();
        assert_eq!(pack.name(), &name("Car"));
        assert_eq!(pack.dbcs().len(), 1);
    }
    let two =
        zip(&[("dbc/car.dbc", DBC), ("dbc/cat.dbc", DBC), ("profile.toml", PLAIN.as_bytes())]);
    assert!(Pack::read(&two, &lookup).is_ok());
    let over = listed_as(two.clone(), 42, &7_u32.to_le_bytes());
    assert!(refusal(&over).contains("is not where the list of entries says"));
    // The list calls an entry otherwise than the entry itself: no two readers see the same.
    let mut other = two.clone();
    other[30..41].copy_from_slice(b"dbc/cow.dbc");
    assert!(refusal(&other).contains("is not where the list of entries says"));
    let damaged = listed_as(two, 16, &[0; 4]);
    assert!(refusal(&damaged).contains("is damaged"));
}

#[test]
fn together_no_more_is_unpacked_than_a_pack_has() {
    // Little known to packers: each is taken alone, five are not.
    let mut seed = 1_u64;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 56) as u8
    };
    let mut text: Vec<u8> = Vec::with_capacity(14 << 20);
    while text.len() < 14 << 20 {
        let byte = noise();
        text.extend(std::iter::repeat_n(byte, 96));
    }
    let names: Vec<String> = (0..5).map(|n| format!("dbc/{n}.dbc")).collect();
    let mut all: Vec<(&str, &[u8])> = vec![("profile.toml", PLAIN.as_bytes())];
    all.extend(names.iter().map(|name| (name.as_str(), text.as_slice())));
    let said = refusal(&zip(&all));
    assert!(said.contains("bytes unpacked; a profile pack has at most 64 MiB"), "{said}");
}

#[test]
fn what_is_no_zip_of_one_piece_is_refused() {
    let good = zip(&[("dbc/", b""), ("profile.toml", PLAIN.as_bytes()), ("dbc/car.dbc", DBC)]);
    assert!(Pack::read(&good, &lookup).is_ok());
    for cut in 0..good.len() {
        refusal(&good[..cut]);
    }
    refusal(&[b"#!/bin/sh\n", good.as_slice()].concat());
    refusal(&[good.as_slice(), b"x"].concat());
    refusal(&[good.as_slice(), good.as_slice()].concat());
    refusal(b"");
    refusal(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let encrypted = listed_as(good.clone(), 8, &1_u16.to_le_bytes());
    assert!(refusal(&encrypted).contains("is encrypted"));
    let packed = listed_as(good, 10, &12_u16.to_le_bytes());
    assert!(refusal(&packed).contains("by a method that is not read here"));
}

#[test]
fn what_is_not_what_it_is_called_is_refused() {
    let plain = ("profile.toml", PLAIN.as_bytes());
    let of = |entries: &[(&str, &[u8])]| refusal(&zip(entries));
    assert!(of(&[("dbc/car.dbc", DBC)]).contains("there is no profile.toml in it"));
    assert!(of(&[("profile.toml", b"\xFF\xFE")]).contains("is no UTF-8 text"));
    let said = of(&[("profile.toml", b"name = \"x\"\nnonsense = 1\n")]);
    assert!(said.starts_with("profile.toml:2: "), "{said}");
    assert!(of(&[plain, ("dbc/car.dbc", b"\x7FELF")]).contains("it is no DBC file"));
    let vast = "BO_ 1 A: 8 X\n".repeat(16_385);
    let said = of(&[plain, ("dbc/car.dbc", vast.as_bytes())]);
    assert!(said.contains("has 16385 messages; a DBC file can have 16384"), "{said}");
    let folder = device("mine");
    let (manifest, messages) = ("devices/mine/device.toml", "devices/mine/messages.dbc");
    assert!(of(&[plain, (manifest, &folder.manifest)]).contains("has no messages.dbc"));
    assert!(of(&[plain, (messages, DBC)]).contains("has no device.toml"));
    let said = of(&[plain, (manifest, b"id = 1\n"), (messages, DBC)]);
    assert!(said.starts_with("the device folder mine: device.toml"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_pack_comes_back_as_it_was(
        called in "[A-Za-zäß][A-Za-z0-9 _äß-]{0,20}[A-Za-z0-9]",
        note in "[ -~]{0,200}",
        dbcs in proptest::collection::btree_map("[a-z][a-z0-9]{0,9}", 0_usize..2000, 0..6),
        ids in proptest::collection::btree_set("my-[a-z0-9]{1,9}", 0..5),
        recordings in proptest::collection::btree_map(
            r"[a-z0-9_][a-z0-9 ._-]{0,20}\.(log|asc|blf|log\.zst|csv\.gz)",
            proptest::collection::vec(any::<u8>(), 0..300), 0..5,
        ),
    ) {
        let says = |spaces: &usize| [DBC, &b"\n".repeat(*spaces)].concat();
        let pack = Pack {
            name: name(&called),
            profile: format!("# {note}\nname = \"{called}\"\n"),
            dbcs: dbcs.iter().map(|(dbc, spaces)| (name(dbc), says(spaces))).collect(),
            devices: ids.iter().map(|id| (id.clone(), device(id))).collect(),
            recordings,
            left: BTreeSet::new(),
        };
        let bytes = pack.write().unwrap();
        prop_assert_eq!(Pack::read(&bytes, &|_: &str| Some(String::new())).unwrap(), pack);
    }

    #[test]
    fn a_damaged_pack_is_taken_whole_or_refused(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), from_end in any::<bool>(),
    ) {
        let mut bytes = zip(&[("profile.toml", PLAIN.as_bytes()), ("dbc/car.dbc", DBC)]);
        // What decides is at the end.
        let at = if from_end { bytes.len() - 1 - at.index(160) } else { at.index(bytes.len()) };
        bytes[at] = byte;
        crate::engine::testing::fuzz::profile_pack(&bytes);
    }
}

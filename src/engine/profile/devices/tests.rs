//! Device folders of one's own: taken, refused with file and line, changed and removed; and hostile ones.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const DBC: &[u8] = include_bytes!("../../../../assets/devices/generic-charger/messages.dbc");
const TOML: &str = include_str!("../../../../assets/devices/generic-charger/device.toml");

fn manifest(id: &str) -> String {
    TOML.replace("id = \"generic-charger\"", &format!("id = \"{id}\""))
}

fn files(id: &str) -> Files {
    Files { manifest: manifest(id).into_bytes(), messages: DBC.to_vec() }
}

fn put(data: &Path, id: &str, manifest: &str, messages: &[u8]) {
    let folder = data.join("devices").join(id);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(MANIFEST), manifest).unwrap();
    fs::write(folder.join(MESSAGES), messages).unwrap();
}

fn refusal(devices: &Devices, id: &str) -> Refused {
    let catalog = devices.catalog();
    let found = catalog.refused().iter().find(|refused| refused.folder == id);
    found.unwrap_or_else(|| panic!("{id} is not refused: {:?}", catalog.refused())).clone()
}

#[test]
fn a_folder_is_taken_changed_refused_and_taken_away_while_the_program_runs() {
    let data = tempfile::tempdir().unwrap();
    let devices = Devices::open(data.path());
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    devices.watch(Box::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
    }));
    assert_eq!(devices.look(), Looked::Same);
    put(data.path(), "my-charger", &manifest("my-charger"), DBC);
    assert_eq!(devices.look(), Looked::New);
    assert_eq!(devices.look(), Looked::Same);
    let title = |devices: &Devices| {
        devices.catalog().find("my-charger").map(|kind| kind.manifest.title.clone())
    };
    assert_eq!(title(&devices).as_deref(), Some("Generic CAN charger"));

    let renamed = manifest("my-charger").replace("Generic CAN charger", "Workshop charger");
    put(data.path(), "my-charger", &renamed, DBC);
    assert_eq!(devices.look(), Looked::New);
    assert_eq!(title(&devices).as_deref(), Some("Workshop charger"));

    // A broken edit is refused with file and line; what was sound before stays.
    put(data.path(), "my-charger", &renamed.replace("span = 0x10", "span = 0x10\nspam = 1"), DBC);
    assert_eq!(devices.look(), Looked::New);
    assert_eq!(title(&devices).as_deref(), Some("Workshop charger"));
    let refused = refusal(&devices, "my-charger");
    assert_eq!(refused.stays, Stays::Former);
    let line = renamed.lines().position(|line| line.starts_with("span")).unwrap() as u32 + 2;
    let said = refused.faults[0].to_string();
    assert!(said.starts_with(&format!("device.toml:{line}: ")) && said.contains("spam"), "{said}");

    fs::remove_dir_all(data.path().join("devices/my-charger")).unwrap();
    assert_eq!(devices.look(), Looked::New);
    assert_eq!(title(&devices), None);
    assert!(devices.catalog().refused().is_empty());
    assert_eq!(woken.load(Ordering::SeqCst), 4);
}

#[test]
fn a_folder_is_written_read_back_and_removed_by_those_who_saw_it_last() {
    let data = tempfile::tempdir().unwrap();
    let devices = Devices::open(data.path());
    let own = files("own");
    assert_eq!(devices.write("own", &own, &Expected::Nothing).unwrap(), None);
    assert_eq!(devices.read("own").unwrap(), own);
    assert!(devices.catalog().find("own").is_some(), "it is in force at once");
    let again = devices.write("own", &own, &Expected::Nothing).unwrap_err();
    assert!(again.to_string().contains("changed by somebody else"), "{again}");
    let stale = devices.write("own", &own, &Expected::Mark("00".into())).unwrap_err();
    assert!(matches!(stale, DevicesError::Changed(_)), "{stale}");
    fs::write(data.path().join("devices/own/notes.txt"), "mine").unwrap();
    let other =
        Files { manifest: manifest("own").replace("any", "Us").into_bytes(), ..own.clone() };
    let before = devices.write("own", &other, &Expected::Mark(own.mark())).unwrap();
    assert_eq!(before, Some(own.mark()));
    let notes = fs::read_to_string(data.path().join("devices/own/notes.txt")).unwrap();
    assert_eq!(notes, "mine", "what else is in the folder stays");
    devices.remove("own", &Expected::Mark(own.mark())).unwrap_err();
    assert_eq!(devices.remove("own", &Expected::Mark(other.mark())).unwrap(), Some(other.mark()));
    assert!(devices.catalog().find("own").is_none());
    assert!(!data.path().join("devices/own").exists());
    let gone = devices.remove("own", &Expected::Anything).unwrap_err();
    assert_eq!(gone.to_string(), "there is no device folder own");
    let left: Vec<_> = fs::read_dir(data.path().join("devices")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_comes_with_the_program_cannot_be_replaced() {
    let data = tempfile::tempdir().unwrap();
    put(data.path(), "elcon-tc", &manifest("elcon-tc"), DBC);
    let devices = Devices::open(data.path());
    let title = &devices.catalog().find("elcon-tc").unwrap().manifest.title.clone();
    assert_eq!(title, "Elcon / TC charger");
    assert!(refusal(&devices, "elcon-tc").faults[0].text.contains("comes with Busbar"));
    let said = devices.write("elcon-tc", &files("elcon-tc"), &Expected::Anything).unwrap_err();
    assert!(matches!(said, DevicesError::Builtin(_)), "{said}");
}

#[test]
fn every_mistake_in_a_folder_is_told_with_its_file_and_line() {
    let data = tempfile::tempdir().unwrap();
    let devices = Devices::open(data.path());
    let line =
        |text: &str, part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    for (from, to, at, word) in [
        ("category = \"charger\"", "category = \"toaster\"", "toaster", "unknown variant"),
        ("step = 0x10", "step = 0", "[address]", "at least 1"),
        ("span = 0x10", "span = 0x900", "[address]", "at most"),
        ("default = 0x580", "default = 0x7FF", "[address]", "beyond the 11-bit ids"),
        ("default = 0x580", "default = 0x58F", "GC_Status:", "not among the ids"),
        (
            "messages = [\"GC_Status\"]",
            "messages = [\"GC_Statu\"]",
            "GC_Statu\"",
            "no message \"GC_Statu\"",
        ),
        ("late_ms = 1500", "late_ms = 100", "[[rate]]", "late_ms above"),
        (
            "message = \"GC_Command\"",
            "message = \"GC_Comand\"",
            "[[send]]",
            "no message \"GC_Comand\"",
        ),
        ("every_ms = 100", "every_ms = 0", "[[send]]", "at least 10"),
        (", [0, 0], [0, 0], [0, 0]]\nstop", "]\nstop", "[[send]]", "has 8 bytes"),
        ("stop = [[0, 0]", "stop = [[9, 0]", "[[send]]", "from the least to the greatest"),
        (
            "{ byte = 2, step = 0.1",
            "{ byte = 7, step = 0.1",
            "[[send]]",
            "two bytes that are there",
        ),
        (
            "step = 0.1, what = \"volts\"",
            "step = -0.1, what = \"volts\"",
            "[[send]]",
            "in steps above 0",
        ),
        ("volts = 120.0", "volts = nan", "[rating]", "numbers from 0 on"),
        ("points = 15", "points = 99", "[[recognise.sign]]", "at most 60"),
        ("bytes = [\".. ..", "bytes = [\"xx ..", "bytes = [\"xx", "none of 1F"),
        (
            "OutputVoltage\", least",
            "OutputVolts\", least",
            "[[recognise.sign]]",
            "no signal \"OutputVolts\"",
        ),
        ("title = \"Generic CAN charger\"", "title = \"\"", "title", "1 to 80"),
        ("id = \"odd\"", "id = \"even\"", "id = ", "name of its folder"),
    ] {
        let text = manifest("odd").replacen(from, to, 1);
        assert_ne!(text, manifest("odd"), "{from} is not in the manifest");
        put(data.path(), "odd", &text, DBC);
        devices.look();
        let faults = refusal(&devices, "odd").faults;
        let hit = faults.iter().find(|fault| fault.text.contains(word));
        let Some(hit) = hit else { panic!("{to:?}: {faults:?}") };
        let wanted = match hit.file {
            MESSAGES => line(&String::from_utf8_lossy(DBC), at),
            _ => line(&text, at),
        };
        assert_eq!(hit.line as usize, wanted, "{to:?}: {hit}");
    }
    // The signals that the folder maps are looked for too.
    put(data.path(), "odd", &manifest("odd").replace("\"Broken\"", "\"Broke\""), DBC);
    devices.look();
    let said = refusal(&devices, "odd").faults[0].to_string();
    assert!(said.contains("no signal Broke in message GC_Status"), "{said}");
}

#[test]
fn a_broken_dbc_is_told_with_its_line() {
    let data = tempfile::tempdir().unwrap();
    let devices = Devices::open(data.path());
    let text = String::from_utf8_lossy(DBC);
    for (dbc, word) in [
        (text.replace(" SG_ TooHot : 33|1@1+", " SG_ TooHot : 33|99@1+"), "messages.dbc:"),
        (text.replace("GC_Command: 8", "GC_Command: 64"), "at most 8"),
        (text.replace("GC_Command: 8", "GC_Status: 8"), "second message GC_Status"),
        ("hello".to_owned(), "no message"),
        (String::new(), "no message"),
    ] {
        put(data.path(), "odd", &manifest("odd"), dbc.as_bytes());
        devices.look();
        let refused = refusal(&devices, "odd");
        let said = refused.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert!(said.contains(word) && said.contains("messages.dbc"), "{word}: {said}");
    }
}

#[test]
fn hostile_folders_are_refused_and_harm_nothing() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("devices");
    // As large as it gets, without taking room on the disk.
    put(data.path(), "huge", &manifest("huge"), DBC);
    let huge = File::create(folder.join("huge/messages.dbc")).unwrap();
    huge.set_len(1 << 40).unwrap();
    put(data.path(), "no-text", "", DBC);
    fs::write(folder.join("no-text/device.toml"), [0xFF, 0xFE, 0]).unwrap();
    put(data.path(), "deep", &"[".repeat(200_000), DBC);
    put(data.path(), "Bad Name", &manifest("Bad Name"), DBC);
    fs::create_dir_all(folder.join("empty")).unwrap();
    fs::write(folder.join("README"), "a file is no folder").unwrap();
    fs::create_dir_all(folder.join(".hidden")).unwrap();
    #[cfg(unix)]
    {
        let secret = data.path().join("secret.txt");
        fs::write(&secret, "password = 'hunter2'").unwrap();
        fs::create_dir_all(folder.join("link")).unwrap();
        std::os::unix::fs::symlink(&secret, folder.join("link/device.toml")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.join("link/messages.dbc")).unwrap();
        std::os::unix::fs::symlink(data.path(), folder.join("linked")).unwrap();
    }
    let devices = Devices::open(data.path());
    let catalog = devices.catalog();
    let refused: Vec<&str> =
        catalog.refused().iter().map(|refused| refused.folder.as_str()).collect();
    #[cfg(unix)]
    assert_eq!(refused, ["Bad Name", "deep", "empty", "huge", "link", "linked", "no-text"]);
    let told = |id: &str| {
        refusal(&devices, id).faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert!(told("huge").contains("it can have 2097152"), "{}", told("huge"));
    assert!(told("empty").contains("device.toml: it is not there"), "{}", told("empty"));
    assert!(told("no-text").contains("no UTF-8"), "{}", told("no-text"));
    assert!(told("Bad Name").contains("small letters"), "{}", told("Bad Name"));
    #[cfg(unix)]
    {
        assert!(told("link").contains("a link") && !told("link").contains("hunter2"));
        assert!(told("linked").contains("a link is not followed"));
        devices.remove("linked", &Expected::Anything).unwrap();
        assert!(data.path().join("secret.txt").exists(), "only the link is removed");
    }
    assert_eq!(devices.catalog().iter().len(), Catalog::builtin().iter().len());
}

#[test]
fn a_file_in_the_place_of_a_folder_is_removed_whole() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("devices");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("stray"), "no folder").unwrap();
    Devices::open(data.path()).remove("stray", &Expected::Anything).unwrap();
    let left: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn names_that_climb_reach_nothing() {
    let data = tempfile::tempdir().unwrap();
    let devices = Devices::open(data.path());
    for name in ["..", "../profiles", "a/b", "", ".x", "/etc"] {
        assert!(devices.read(name).is_err(), "{name}");
        assert!(devices.write(name, &files("a"), &Expected::Anything).is_err(), "{name}");
        assert!(devices.remove(name, &Expected::Anything).is_err(), "{name}");
    }
    assert!(data.path().exists());
}

#[test]
fn only_so_many_folders_are_read() {
    let data = tempfile::tempdir().unwrap();
    for at in 0..FOLDER_LIMIT + 5 {
        fs::create_dir_all(data.path().join(format!("devices/d{at:04}"))).unwrap();
    }
    let devices = Devices::open(data.path());
    let catalog = devices.catalog();
    assert_eq!(catalog.refused().len(), FOLDER_LIMIT + 1);
    assert!(catalog.refused().last().unwrap().faults[0].text.contains("more than 200"));
    let full = devices.write("mine", &files("mine"), &Expected::Nothing).unwrap_err();
    assert!(matches!(full, DevicesError::Full), "{full}");
}

#[test]
fn what_a_killed_program_left_of_a_folder_is_taken_away_and_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("devices");
    put(data.path(), "own", &manifest("own"), DBC);
    for left in [".own.4711.new", ".own.4711.old", ".git", ".own.new", ".own.x.new", "a.1.new"] {
        fs::create_dir_all(folder.join(left)).unwrap();
        fs::write(folder.join(left).join("messages.dbc"), DBC).unwrap();
    }
    fs::write(folder.join(".own.1.new"), "a file").unwrap();
    Devices::open(data.path()).sweep();
    let there = fs::read_dir(&folder).unwrap();
    let mut there: Vec<_> =
        there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert_eq!(there, [".git", ".own.1.new", ".own.new", ".own.x.new", "a.1.new", "own"]);
}

//! `busbar profile` where no Busbar runs, and beside one that does.

use busbar::boot::local;
use busbar::engine::testing::start_cheaply;
use busbar::engine::{Config, Face, JournalFilter, JournalLine, Outcome, Running, Session};
use serde_json::{Value, json};

use crate::support::{Desk, Ran};

const TEXT: &str = "# Ours.\nname = \"Bench\"\n\n[[bus]]\nname = \"b\"\naddress = \"virtual:b\"\n";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.file("data/profiles/Bench.toml", TEXT);
    desk
}

fn profile(desk: &Desk, words: &[&str]) -> Ran {
    let mut all: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"profile"];
    all.extend(words.iter().map(|word| word as &dyn AsRef<std::ffi::OsStr>));
    desk.busbar(&all)
}

fn versions(desk: &Desk, name: &str) -> Vec<Value> {
    let ran = profile(desk, &["versions", name, "--format", "json"]);
    let all: Value = serde_json::from_str(&ran.ends_with(0).out).unwrap();
    all.as_array().unwrap().clone()
}

fn revision(desk: &Desk, name: &str) -> String {
    let ran = profile(desk, &["list", "--format", "json"]);
    let all: Value = serde_json::from_str(&ran.ends_with(0).out).unwrap();
    let one = all.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
    one["revision"].as_str().unwrap().to_owned()
}

fn text(desk: &Desk, name: &str) -> String {
    std::fs::read_to_string(desk.path(&format!("data/profiles/{name}.toml"))).unwrap()
}

/// An engine on the data folder, with its control socket.
struct House {
    running: Running,
    session: Session,
    _socket: local::ControlSocket,
}

fn house(desk: &Desk) -> House {
    let folder = desk.path("data");
    let mut running = start_cheaply(Config::new(folder.clone(), "a test")).unwrap();
    let seat = running.take_seat().unwrap();
    let session = seat.sit(Face::Desktop);
    let socket = local::open(&folder, running.door.clone(), seat.sit(Face::CommandLine)).unwrap();
    House { running, session, _socket: socket }
}

impl House {
    fn runs(&self) -> Option<String> {
        let grant = self.session.permit(busbar::engine::ViewPlant).unwrap();
        let snapshot = self.running.door.look(&grant);
        snapshot.profile.as_ref().map(|profile| profile.name.to_string())
    }

    fn journal(&self) -> Vec<JournalLine> {
        let grant = self.session.permit(busbar::engine::Administer).unwrap();
        let page = self.running.door.journal(&grant, &JournalFilter::default(), None, 100);
        page.unwrap().lines
    }
}

#[test]
fn without_a_busbar_profiles_are_copied_described_called_otherwise_and_deleted() {
    let desk = desk();
    profile(&desk, &["copy", "Bench", "Second"]).ends_with(0).names(&["Second is added"]);
    profile(&desk, &["copy", "Bench", "Second"]).ends_with(2).names(&["already", "Second"]);
    profile(&desk, &["copy", "Nothing", "Third"]).ends_with(2).names(&["no profile", "Nothing"]);
    profile(&desk, &["describe", "Bench", "For trying things"]).ends_with(0);
    assert!(text(&desk, "Bench").starts_with("# Ours.\n"), "what a person wrote stays");
    assert!(text(&desk, "Bench").contains("description = \"For trying things\""));
    profile(&desk, &["rename", "Second", "Third"]).ends_with(0).names(&["called Third now"]);
    assert!(!desk.path("data/profiles/Second.toml").exists());
    assert_eq!(versions(&desk, "Third").len(), 2, "its versions went with it");
    profile(&desk, &["rename", "Third", "Bench"]).ends_with(2).names(&["already", "Bench"]);
    profile(&desk, &["rename", "Third", "a/b"]).ends_with(2).names(&["may not contain"]);
    profile(&desk, &["delete", "Third"]).ends_with(0).names(&["its versions stay"]);
    assert_eq!(versions(&desk, "Third").len(), 3);
    profile(&desk, &["delete", "Third"]).ends_with(2).names(&["Third"]);
    profile(&desk, &["describe", "Third", "x"]).ends_with(2).names(&["profile list"]);
    // What was done has lines, like anything.
    let house = house(&desk);
    let done: Vec<(String, String)> = house
        .journal()
        .into_iter()
        .filter(|line| line.outcome == Outcome::Done && line.action != "profile_version")
        .map(|line| (line.action, line.face))
        .collect();
    for action in ["add_profile", "edit_profile", "rename_profile", "delete_profile"] {
        assert!(done.contains(&(action.into(), "command_line".into())), "{action}: {done:?}");
    }
}

#[test]
fn what_cannot_be_kept_as_a_version_is_not_deleted() {
    let desk = desk();
    let (file, says) = (desk.path("data/profiles/Latin.toml"), b"# mine \xfc\nname = \"Latin\"\n");
    std::fs::write(&file, says).unwrap();
    let refused = |words: &[&str]| {
        let why = ["Latin.toml:1", "no UTF-8 text", "no version of it can be kept", "by hand"];
        profile(&desk, words).ends_with(2).names(&why);
        assert_eq!(std::fs::read(&file).unwrap(), says);
    };
    refused(&["delete", "Latin"]);
    // Beside a Busbar that runs, as from its other faces.
    let house = house(&desk);
    refused(&["delete", "Latin"]);
    drop(house);
    // Text in which there is no profile is kept, and deleted.
    desk.file("data/profiles/Latin.toml", "no profile");
    profile(&desk, &["delete", "Latin"]).ends_with(0).names(&["its versions stay"]);
    assert!(!file.exists());
    assert_eq!(versions(&desk, "Latin").len(), 2);
}

#[test]
fn a_revision_that_is_not_the_present_one_changes_nothing() {
    let desk = desk();
    let seen = revision(&desk, "Bench");
    profile(&desk, &["describe", "Bench", "one", "--revision", &seen]).ends_with(0);
    let late = profile(&desk, &["describe", "Bench", "two", "--revision", &seen]);
    late.ends_with(2).names(&["changed by somebody else meanwhile"]);
    profile(&desk, &["delete", "Bench", "--revision", &seen]).ends_with(2).names(&["meanwhile"]);
    assert!(text(&desk, "Bench").contains("\"one\""));
}

#[test]
fn versions_are_listed_compared_and_gone_back_to() {
    let desk = desk();
    profile(&desk, &["versions", "Bench"]).ends_with(0).names(&["Nothing is known"]);
    profile(&desk, &["diff", "Bench"]).ends_with(2).names(&["nothing is known"]);
    for words in ["one", "two"] {
        profile(&desk, &["describe", "Bench", words]).ends_with(0);
    }
    let all = versions(&desk, "Bench");
    let what: Vec<&str> = all.iter().filter_map(|one| one["what"].as_str()).collect();
    assert_eq!(what, ["description changed", "description changed", "as it was found"]);
    assert_eq!(all[0]["face"], "command_line");
    let ran = profile(&desk, &["diff", "Bench"]);
    let lines: Vec<&str> = ran.ends_with(0).out.lines().collect();
    assert!(lines.contains(&"- description = \"one\""), "{lines:?}");
    assert!(lines.contains(&"+ description = \"two\""), "{lines:?}");
    let first = all[2]["version"].to_string();
    let ran = profile(&desk, &["diff", "Bench", &first, "now", "--format", "json"]);
    let lines: Value = serde_json::from_str(&ran.ends_with(0).out).unwrap();
    let added = json!({"kind": "added", "text": "description = \"two\""});
    assert!(lines.as_array().unwrap().contains(&added), "{lines}");
    profile(&desk, &["diff", "Bench", "999"]).ends_with(2).names(&["no version 999"]);
    profile(&desk, &["diff", "Bench", &first, "soon"]).ends_with(2).names(&["soon", "now"]);
    profile(&desk, &["restore", "Bench"]).ends_with(0);
    assert!(text(&desk, "Bench").contains("\"one\""), "the last change is undone");
    profile(&desk, &["restore", "Bench", &first]).ends_with(0);
    assert_eq!(text(&desk, "Bench"), TEXT);
    profile(&desk, &["restore", "Bench", "999"]).ends_with(2).names(&["version", "999"]);
}

#[test]
fn without_a_busbar_activating_is_for_the_next_start_and_what_is_refused_is_not_taken() {
    let desk = desk();
    let ran = profile(&desk, &["activate", "Bench"]);
    ran.ends_with(0).names(&["no Busbar runs", "Bench"]);
    let settings = std::fs::read_to_string(desk.path("data/settings.toml")).unwrap();
    assert!(settings.contains("profile = \"Bench\""), "{settings}");
    desk.file("data/profiles/Broken.toml", "name = 7\n");
    profile(&desk, &["activate", "Broken"]).ends_with(2).names(&["Broken.toml"]);
    profile(&desk, &["activate", "Nothing"]).ends_with(2).names(&["Nothing"]);
}

#[test]
fn beside_a_busbar_the_running_one_is_asked_and_keeps_its_rules() {
    let desk = desk();
    desk.file("data/profiles/Car.toml", TEXT.replace("Bench", "Car"));
    let house = house(&desk);
    profile(&desk, &["activate", "Bench"]).ends_with(0).names(&["Bench runs"]);
    assert_eq!(house.runs().as_deref(), Some("Bench"));
    profile(&desk, &["delete", "Bench"]).ends_with(2).names(&["let another one run first"]);
    profile(&desk, &["describe", "Bench", "For trying things"]).ends_with(0);
    assert!(text(&desk, "Bench").contains("For trying things"));
    profile(&desk, &["rename", "Bench", "Table"]).ends_with(0);
    assert_eq!(house.runs().as_deref(), Some("Table"), "called so while it runs");
    profile(&desk, &["restore", "Table"]).ends_with(0);
    profile(&desk, &["copy", "Table", "Spare"]).ends_with(0);
    profile(&desk, &["delete", "Spare"]).ends_with(0);
    profile(&desk, &["activate", "Car"]).ends_with(0);
    assert_eq!(house.runs().as_deref(), Some("Car"));
    profile(&desk, &["delete", "Table"]).ends_with(0);
    let lines = house.journal();
    let by = lines.iter().find(|line| line.action == "activate_profile").unwrap();
    assert_eq!(by.face, "command_line");
}

#[test]
fn a_busbar_that_cannot_be_asked_is_named_and_nothing_is_changed() {
    let desk = desk();
    let running = start_cheaply(Config::new(desk.path("data"), "a test")).unwrap();
    let ran = profile(&desk, &["describe", "Bench", "x"]);
    ran.ends_with(2).names(&["a test, process", "it alone changes profiles", "Profiles page"]);
    assert_eq!(text(&desk, "Bench"), TEXT);
    drop(running);
    profile(&desk, &["describe", "Bench", "x"]).ends_with(0);
}

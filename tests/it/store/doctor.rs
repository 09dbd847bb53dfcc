//! `busbar doctor`, as a person or a script calls it.

use std::fs;

use serde_json::Value;

use crate::support::Desk;

#[test]
fn the_exit_code_tells_how_bad_it_is() {
    let desk = Desk::new();
    desk.busbar(&[&"doctor"]).ends_with(1).names(&["warning  folder", "There is no data folder"]);
    desk.busbar(&[&"user", &"list"]).ends_with(0);
    let well = desk.busbar(&[&"doctor"]);
    well.ends_with(0).names(&["ok       journal", "ok       schema", "is not running on it"]);
    assert!(well.out.lines().all(|line| line.starts_with("ok ")), "{}", well.out);
    let file = desk.path("data/busbar.db");
    for end in ["wal", "shm"] {
        // A command need not have tidied up before it ended; what it wrote would heal the file.
        drop(fs::remove_file(desk.path(&format!("data/busbar.db-{end}"))));
    }
    fs::write(&file, "ruined").unwrap();
    let ill = desk.busbar(&[&"doctor", &"--json"]);
    let report: Value = serde_json::from_str(&ill.ends_with(2).out).unwrap();
    assert_eq!(report["health"], "fault");
    let checks = report["checks"].as_array().unwrap();
    let database = checks.iter().find(|check| check["check"] == "database").unwrap();
    assert!(database["text"].as_str().unwrap().contains("cannot be read"), "{database}");
    assert!(database["advice"].as_str().unwrap().contains("moves it aside"), "{database}");
    assert_eq!(fs::read_to_string(file).unwrap(), "ruined");
}

#[test]
fn a_file_where_the_folder_should_be_is_named() {
    let desk = Desk::new();
    desk.file("data", "x");
    desk.busbar(&[&"doctor"]).ends_with(2);
    desk.busbar(&[&"user", &"list"]).ends_with(2).names(&["the data folder", "cannot be used"]);
}

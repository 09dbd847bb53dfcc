//! Backups of a running Busbar, through the API, the page and the command line, and back.

use std::fs;
use std::path::Path;

use busbar::engine::Right;
use serde_json::json;
use tempfile::TempDir;
use ureq::http::Request;

use crate::listening::Listening;
use crate::processes::busbar;
use crate::support::{Ran, busbar_on, mail_with};

const SMTP: &str = "smtp-planted-5ecret";
const WORD: &str = "tin of beans 4";

struct Bench {
    house: Listening,
    administrator: String,
    changer: String,
    place: TempDir,
}

fn bench() -> Bench {
    let house = Listening::new();
    let (_, administrator) = house.program("root", &[Right::Administrator]);
    let (_, changer) = house.program("changer", &[Right::ChangeSettings]);
    house.order(mail_with(SMTP));
    let new = json!({"name": "Car", "text": "name = \"Car\"\n"});
    house.json("POST", "/api/v1/profiles", &changer, &new).is(201);
    Bench { house, administrator, changer, place: tempfile::tempdir().unwrap() }
}

impl Bench {
    /// Sends a body and gives status and bytes.
    fn bytes(&self, path: &str, kind: &str, body: &str) -> (u16, Vec<u8>) {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = Request::post(self.house.url(path))
            .header("authorization", format!("Bearer {}", self.administrator))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", kind)
            .body(body.to_owned())
            .unwrap();
        let mut response = agent.run(request).unwrap();
        (response.status().as_u16(), response.body_mut().read_to_vec().unwrap())
    }

    fn kept(&self, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let file = self.place.path().join(name);
        fs::write(&file, bytes).unwrap();
        file
    }
}

fn holds(folder: &Path, needle: &str) -> bool {
    let all = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    all.filter(|path| path.is_file()).any(|path| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

#[test]
fn an_administrator_takes_a_backup_of_a_running_busbar_that_restores_elsewhere() {
    let bench = bench();
    let house = &bench.house;
    for path in ["/api/v1/backup", "/system/backup"] {
        assert_eq!(house.get(path, &bench.changer).status, 403, "{path}");
    }
    house.json("POST", "/api/v1/backup", &bench.changer, &json!({})).refuses(
        403,
        "permission_missing",
        "",
    );
    let short = json!({"passphrase": "short"});
    house.json("POST", "/api/v1/backup", &bench.administrator, &short).refuses(
        422,
        "invalid",
        "passphrase",
    );
    let weight = house.get("/api/v1/backup", &bench.administrator).is(200).json();
    assert!(weight["files"].as_u64() >= Some(2), "{weight}");
    let (status, plain) = bench.bytes("/api/v1/backup", "application/json", "{}");
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&plain));
    let body = json!({"recordings": true, "passphrase": WORD}).to_string();
    let (status, sealed) = bench.bytes("/api/v1/backup", "application/json", &body);
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&sealed));
    // Nothing of it is left in the data folder, and the journal knows of each.
    let left: Vec<_> = fs::read_dir(house.folder().join("backups")).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    let journal = house.get("/api/v1/journal?limit=1000", &bench.administrator).is(200).text;
    assert!(journal.contains("without recordings, not encrypted"), "{journal}");
    assert!(journal.contains("with recordings, encrypted") && !journal.contains(WORD));
    // What came of each: as large as what was sent.
    for backup in [&plain, &sealed] {
        let bytes = format!("\"bytes\":{}", backup.len());
        assert!(journal.contains("backup_made") && journal.contains(&bytes), "{bytes}: {journal}");
    }

    let there = bench.place.path().join("there");
    let file = bench.kept("plain.backup", &plain);
    let file = file.to_str().unwrap();
    let seen = busbar_on(&there, "", &["restore", file, "--preview"]);
    seen.ends_with(0).names(&["new      profiles/Car.toml", "has to be set anew"]);
    assert!(!there.join("busbar.db").exists());
    busbar_on(&there, "", &["restore", file]).ends_with(2).names(&["say --yes"]);
    busbar_on(&there, "", &["restore", file, "--yes"]).ends_with(0).names(&["restored into"]);
    assert_eq!(fs::read_to_string(there.join("profiles/Car.toml")).unwrap(), "name = \"Car\"\n");
    assert!(!holds(&there, SMTP) && !there.join("secrets.key").exists());
    let users = busbar_on(&there, "", &["user", "list"]);
    users.ends_with(0);
    assert!(users.out.contains("root"), "{}", users.out);

    let file = bench.kept("sealed.backup", &sealed);
    let file = file.to_str().unwrap();
    let again = ["restore", file, "--yes", "--passphrase-stdin"];
    busbar_on(&there, "another passphrase", &again)
        .ends_with(2)
        .names(&["passphrase is another one"]);
    fs::write(there.join("profiles/Later.toml"), "name = \"Later\"\n").unwrap();
    let done = busbar_on(&there, WORD, &again);
    done.names(&["goes     profiles/Later.toml", "there.before-restore-…"]);
    done.ends_with(0).names(&["replaces busbar.db", "there.before-restore-"]);
    let key = fs::read(house.folder().join("secrets.key")).unwrap();
    assert_eq!(fs::read(there.join("secrets.key")).unwrap(), key);
    busbar_on(&there, "", &["doctor"]).names(&["journal"]);
}

#[test]
fn the_page_makes_one_and_wants_the_passphrase_twice() {
    let bench = bench();
    let page = bench.house.get("/system/backup", &bench.administrator).is(200).text;
    assert!(page.contains("busbar restore") && page.contains("Take recordings along"), "{page}");
    let kind = "application/x-www-form-urlencoded";
    let form = "do=make&passphrase=tin+of+beans+4&again=tin+of+peas";
    let (status, refused) = bench.bytes("/system/backup", kind, form);
    let refused = String::from_utf8(refused).unwrap();
    assert_eq!(status, 422, "{refused}");
    assert!(refused.contains("The two passphrases differ") && !refused.contains("tin of beans"));
    let form = "do=make&passphrase=tin+of+beans+4&again=tin+of+beans+4";
    let (status, sealed) = bench.bytes("/system/backup", kind, form);
    assert_eq!(status, 200);
    assert!(sealed.starts_with(b"BUSBARB"), "{} bytes", sealed.len());
}

#[test]
fn the_command_line_makes_one_beside_a_running_busbar_and_restores_none_there() {
    let bench = bench();
    let data = bench.house.folder();
    let file = bench.place.path().join("mine.backup");
    let file = file.to_str().unwrap();
    let made = busbar_on(data, "", &["backup", file]);
    made.ends_with(0);
    assert!(made.out.contains("read back and found whole"), "{}", made.out);
    assert!(made.out.contains("left out: Recordings"), "{}", made.out);
    busbar_on(data, "", &["backup", file]).ends_with(2).names(&["mine.backup"]);
    // The journal says of each what came of it: its size, or why there is none.
    let journal = bench.house.get("/api/v1/journal?limit=1000", &bench.administrator).is(200);
    let journal = journal.json();
    let ends = journal["items"].as_array().unwrap().iter();
    let ends: Vec<_> = ends.filter(|line| line["action"] == "backup_made").collect();
    let outcomes: Vec<_> = ends.iter().map(|line| &line["outcome"]).collect();
    assert_eq!(outcomes, ["failed", "done"], "{journal}");
    assert!(ends[0]["note"].as_str().unwrap().contains("mine.backup"), "{}", ends[0]);
    assert_eq!(ends[1]["after"]["bytes"], fs::metadata(file).unwrap().len(), "{}", ends[1]);
    busbar_on(data, "", &["restore", file, "--yes"]).ends_with(2).names(&["already runs"]);
    bench.house.get("/api/v1/profiles/Car", &bench.changer).is(200);
    let sealed = bench.place.path().join("sealed.backup");
    let sealed = sealed.to_str().unwrap();
    let made = ["backup", sealed, "--encrypt", "--passphrase-stdin"];
    busbar_on(data, "short", &made).ends_with(2).names(&["fewer than 10"]);
    busbar_on(data, WORD, &made).ends_with(0);
    let odd = bench.kept("odd", b"not a backup");
    let odd = odd.to_str().unwrap();
    busbar_on(data, "", &["restore", odd, "--preview"])
        .ends_with(2)
        .names(&["no backup of Busbar"]);
}

#[test]
fn a_folder_that_is_not_there_is_restored_into_and_nothing_is_backed_up_of_it() {
    let bench = bench();
    let file = bench.place.path().join("mine.backup");
    let made = busbar_on(bench.house.folder(), "", &["backup", file.to_str().unwrap()]);
    made.ends_with(0);
    let beside = fs::read_dir(bench.place.path()).unwrap().count();
    assert_eq!(beside, 1, "nothing is left beside it");
    // By its bare name, from the folder that it is to be in.
    let run = |arguments: &[&str]| -> Ran {
        busbar(arguments).current_dir(bench.place.path()).output().unwrap().into()
    };
    run(&["backup", "none.backup", "--data-dir", "nowhere"])
        .ends_with(2)
        .names(&["no data folder nowhere"]);
    assert!(!bench.place.path().join("nowhere").exists());
    run(&["restore", "mine.backup", "--yes", "--data-dir", "new"]).ends_with(0);
    assert!(bench.place.path().join("new/profiles/Car.toml").exists());
}

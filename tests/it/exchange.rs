//! Profile packs from one machine to another, through the API and the command line, on real engines.

use std::fs;

use busbar::engine::{ActivateProfile, ProfilePack, Right, demo_profile, environment};
use serde_json::{Value, json};
use ureq::http::Request;

use crate::listening::Listening;
use crate::support::{Desk, mail_with};

const DBC: &str = "BU_: X\nBO_ 256 Main: 8 X\n SG_ Volts : 0|16@1+ (0.1,0) [0|100] \"V\" X\n";
const PROFILE: &str = "# by hand\nname = \"Car\"\n[[bus]]\nname = \"main\"\n\
                       address = \"virtual:x\"\ndbc = [\"../dbc/car.dbc\"]\n\
                       [[component]]\nname = \"p\"\nkind = \"my-pack\"\nbus = \"main\"\n";
/// What of it is for whoever sits at the machine.
const VARIABLE: &str = "virtual:${BUSBAR_NO_SUCH:-x}";
const SMTP: &str = "smtp-planted-5ecret";

/// A machine, and who changes settings there.
struct Machine {
    house: Listening,
    changer: String,
}

impl Machine {
    fn new() -> Self {
        let house = Listening::new();
        let (_, changer) =
            house.program("changer", &[Right::ChangeSettings, Right::SendReceiveCan]);
        house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
        Self { house, changer }
    }

    fn put(&self, path: &str, body: &str) {
        let kind = [("content-type", "text/plain")];
        let put = self.house.send("PUT", path, &self.changer, &kind, body);
        assert!(matches!(put.status, 200 | 201), "{} {}", put.status, put.text);
    }

    /// One with a profile, a DBC file and a device folder of its own.
    fn furnished() -> Self {
        let machine = Self::new();
        machine.put("/api/v1/dbc/car", DBC);
        machine.put("/api/v1/devices/my-pack/dbc", DBC);
        let new = json!({"name": "Car", "text": PROFILE});
        machine.house.json("POST", "/api/v1/profiles", &machine.changer, &new).is(201);
        machine
    }

    /// Bytes out and in: status, ETag, body.
    fn bytes(&self, path: &str, who: &str, seen: Option<&str>, body: Option<&[u8]>) -> Got {
        let mut request = Request::builder().uri(self.house.url(path));
        request = request.header("authorization", format!("Bearer {who}"));
        if let Some(seen) = seen {
            request = request.header("if-match", seen);
        }
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut response = match body {
            Some(body) => {
                let request = request.method("POST").header("content-type", "application/zip");
                agent.run(request.body(body.to_vec()).unwrap()).unwrap()
            }
            None => agent.run(request.body(()).unwrap()).unwrap(),
        };
        let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        Got { status, tag, body: response.body_mut().read_to_vec().unwrap() }
    }

    fn bring(&self, query: &str, seen: Option<&str>, pack: &[u8]) -> Got {
        self.bytes(&format!("/api/v1/packs{query}"), &self.changer, seen, Some(pack))
    }
}

struct Got {
    status: u16,
    tag: Option<String>,
    body: Vec<u8>,
}

impl Got {
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn states(&self) -> Vec<String> {
        let json = self.json();
        let items = json["items"].as_array().unwrap();
        let words = |item: &Value| {
            format!("{} {}", item["name"].as_str().unwrap(), item["state"].as_str().unwrap())
        };
        items.iter().map(words).collect()
    }
}

#[test]
fn a_pack_made_on_one_machine_is_previewed_and_taken_on_another() {
    let (here, there) = (Machine::furnished(), Machine::new());
    let pack = here.bytes("/api/v1/profiles/Car/pack", &here.changer, None, None).is(200).body;
    let seen = there.bring("?preview", None, &pack).is(200);
    assert_eq!(seen.states(), ["my-pack new", "car new", "Car new"]);
    assert_eq!(seen.json()["lacks"], json!([]));
    there.house.get("/api/v1/profiles/Car", &there.changer).is(404);
    let done = there.bring("", None, &pack).is(201);
    assert_eq!(done.states(), ["my-pack new", "car new", "Car new"]);
    let shown = there.house.get("/api/v1/profiles/Car", &there.changer).is(200).json();
    assert_eq!(shown["text"], json!(PROFILE), "letter for letter");
    assert_eq!(shown["runs"], json!(false));
    assert_eq!(there.house.get("/api/v1/dbc/car/file", &there.changer).is(200).text, DBC);
    let versions = there.house.get("/api/v1/profiles/Car/versions", &there.changer).is(200);
    assert_eq!(versions.json()[0]["what"], json!("brought by a profile pack"));
    // It runs there as it did here.
    there.house.ask("POST", "/api/v1/profiles/Car/activate", &there.changer).is(200);
    // Once more: all of it is there already.
    let again = there.bring("?preview", None, &pack).is(200);
    assert_eq!(again.states(), ["my-pack same", "car same", "Car same"]);
}

#[test]
fn nothing_is_replaced_unseen_and_all_of_a_pack_comes_or_nothing() {
    let (here, there) = (Machine::furnished(), Machine::new());
    let pack = here.bytes("/api/v1/profiles/Car/pack", &here.changer, None, None).is(200).body;
    let own = DBC.replace("Volts", "Mine");
    there.put("/api/v1/dbc/car", &own);
    let kept = |machine: &Machine| {
        machine.house.get("/api/v1/dbc/car/file", &machine.changer).is(200).text
    };
    let refused = there.bring("", None, &pack).is(409);
    assert!(String::from_utf8_lossy(&refused.body).contains("another DBC file car"));
    assert_eq!(kept(&there), own);
    there.house.get("/api/v1/devices/my-pack", &there.changer).is(404);
    let seen = there.bring("?preview", None, &pack).is(200);
    assert_eq!(seen.states(), ["my-pack new", "car changed", "Car new"]);
    // Somebody else was faster than whoever looked.
    there.put("/api/v1/dbc/car", &DBC.replace("Volts", "Theirs"));
    there.bring("", seen.tag.as_deref(), &pack).is(412);
    there.house.get("/api/v1/profiles/Car", &there.changer).is(404);
    let seen = there.bring("?preview", None, &pack).is(200);
    there.bring("", seen.tag.as_deref(), &pack).is(201);
    assert_eq!(kept(&there), DBC);
    // A profile is never replaced, whatever was seen: it gets another name.
    let edit = json!({"description": "mine"});
    there.house.json("PATCH", "/api/v1/profiles/Car", &there.changer, &edit).is(200);
    let seen = there.bring("?preview", None, &pack).is(200);
    assert_eq!(seen.states(), ["my-pack same", "car same", "Car clashes"]);
    there.bring("", seen.tag.as_deref(), &pack).is(409);
    there.bring("?name=Car%20of%20Ann", None, &pack).is(201);
    there.house.get("/api/v1/profiles/Car%20of%20Ann", &there.changer).is(200);
}

#[test]
fn a_pack_that_cannot_be_kept_whole_leaves_nothing_behind() {
    let (here, there) = (Machine::furnished(), Machine::new());
    let pack = here.bytes("/api/v1/profiles/Car/pack", &here.changer, None, None).is(200).body;
    // Where the profiles are there is something else: the last step fails.
    let profiles = there.house.folder().join("profiles");
    drop(fs::remove_dir_all(&profiles));
    fs::write(&profiles, "in the way").unwrap();
    let failed = there.bring("", None, &pack);
    assert!((400..=503).contains(&failed.status), "{}", failed.status);
    let left = |folder: &str, file: &str| there.house.folder().join(folder).join(file).exists();
    assert!(!left("dbc", "car.dbc") && !left("devices", "my-pack"), "half of it stays");
}

/// A form that brings a file, as a browser sends it.
fn form_with(file: &[u8]) -> Vec<u8> {
    let head = "--edge\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\nx\r\n--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"car.zip\"\r\n\r\n";
    [head.as_bytes(), file, b"\r\n--edge--\r\n"].concat()
}

impl Machine {
    /// Sends the form of the pages and gives the status and the page.
    fn upload(&self, token: &str, file: &[u8]) -> (u16, String) {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let config = config.max_redirects(0).max_redirects_will_error(false).build();
        let agent: ureq::Agent = config.into();
        let request = Request::post(self.house.url("/profile-pack"))
            .header("authorization", format!("Bearer {token}"))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "multipart/form-data; boundary=edge")
            .body(form_with(file))
            .unwrap();
        let mut response = agent.run(request).unwrap();
        let status = response.status().as_u16();
        (status, response.body_mut().read_to_string().unwrap())
    }

    fn press(&self, path: &str, fields: &str) -> crate::listening::Answered {
        let kind = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.house.send("POST", path, &self.changer, &kind, fields)
    }
}

/// What stands in a field of a page that is not shown.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn on_the_pages_a_pack_is_saved_then_looked_at_elsewhere_and_taken_as_it_was_seen() {
    let (here, there) = (Machine::furnished(), Machine::new());
    let page = here.house.get("/profiles/Car", &here.changer).is(200).text;
    assert!(page.contains("/profiles/Car/pack"), "{page}");
    let pack = here.bytes("/profiles/Car/pack", &here.changer, None, None).is(200).body;
    let (_, viewer) = there.house.program("viewer", &[Right::ReadSettings]);
    assert_eq!(there.upload(&viewer, &pack).0, 403);
    let (status, refused) = there.upload(&there.changer, b"no ZIP at all");
    assert_eq!(status, 422);
    assert!(refused.contains("no profile pack"), "{refused}");
    assert_eq!(there.upload(&there.changer, &pack).0, 303);
    there.house.get("/api/v1/profiles/Car", &there.changer).is(404);
    let seen = there.house.get("/profile-pack", &there.changer).is(200).text;
    assert!(seen.contains("3 new") && seen.contains("device folder"), "{seen}");
    // It waits for whoever brought it, and for nobody else.
    let (_, other) = there.house.program("other", &[Right::ChangeSettings]);
    assert!(!there.house.get("/profile-pack", &other).is(200).text.contains("3 new"));
    // Under another name it was not looked at.
    let mark = hidden(&seen, "mark");
    there.press("/profile-pack/take", &format!("mark={mark}&name=Van")).is(412);
    there.house.get("/api/v1/profiles/Van", &there.changer).is(404);
    let taken = there.press("/profile-pack/take", &format!("mark={mark}&name=")).is(303);
    assert_eq!(taken.header("location"), "/profiles/Car?done=pack-taken");
    let shown = there.house.get("/api/v1/profiles/Car", &there.changer).is(200).json();
    assert_eq!(shown["text"], json!(PROFILE));
    there.press("/profile-pack/take", &format!("mark={mark}&name=")).is(422);
    // A clash is named, and cured by another name.
    let edit = json!({"description": "mine"});
    there.house.json("PATCH", "/api/v1/profiles/Car", &there.changer, &edit).is(200);
    assert_eq!(there.upload(&there.changer, &pack).0, 303);
    let seen = there.house.get("/profile-pack", &there.changer).is(200).text;
    assert!(seen.contains("give this one another name"), "{seen}");
    let seen = there.house.get("/profile-pack?name=Van", &there.changer).is(200).text;
    let mark = hidden(&seen, "mark");
    there.press("/profile-pack/take", &format!("mark={mark}&name=Van")).is(303);
    there.house.get("/api/v1/profiles/Van", &there.changer).is(200);
}

#[test]
fn who_may_not_change_settings_neither_takes_nor_brings_a_pack() {
    let machine = Machine::furnished();
    let (_, viewer) =
        machine.house.program("viewer", &[Right::ReadSettings, Right::SendReceiveCan]);
    let pack =
        machine.bytes("/api/v1/profiles/Car/pack", &machine.changer, None, None).is(200).body;
    machine.bytes("/api/v1/profiles/Car/pack", &viewer, None, None).is(403);
    for path in ["/api/v1/packs", "/api/v1/packs?preview"] {
        machine.bytes(path, &viewer, None, Some(&pack)).is(403);
    }
    let hostile = machine.bring("", None, b"PK\x03\x04 nothing of the kind").is(422);
    assert!(String::from_utf8_lossy(&hostile.body).contains("no profile pack"));
}

#[test]
fn a_pack_that_names_what_is_the_machines_is_not_taken_from_elsewhere() {
    let (here, there) = (Machine::furnished(), Machine::new());
    let file = here.house.folder().join("profiles/Car.toml");
    for (address, why) in [
        (VARIABLE, "line 5: ${BUSBAR_NO_SUCH:-x} is filled in from the environment"),
        ("replay:/none/there.log", "none/there.log is outside of the data folder"),
    ] {
        fs::write(&file, PROFILE.replace("virtual:x", address)).unwrap();
        let pack = here.bytes("/api/v1/profiles/Car/pack", &here.changer, None, None).is(200).body;
        for query in ["?preview", "", "?name=Van"] {
            let refused = there.bring(query, None, &pack);
            assert!(matches!(refused.status, 409 | 422), "{query}: {}", refused.status);
            let said = String::from_utf8_lossy(&refused.body).into_owned();
            assert!(said.contains(why), "{query}: {said}");
        }
        let (status, page) = there.upload(&there.changer, &pack);
        let page = match status {
            303 => there.house.get("/profile-pack", &there.changer).text,
            _ => page,
        };
        assert!(page.contains(why), "{status} {page}");
    }
    let list = there.house.get("/api/v1/profiles", &there.changer).is(200);
    assert_eq!(list.json(), json!([]));
    there.house.get("/api/v1/dbc/car/file", &there.changer).is(404);
}

#[test]
fn no_secret_is_in_a_pack() {
    let machine = Machine::furnished();
    machine.house.order(mail_with(SMTP));
    let pack =
        machine.bytes("/api/v1/profiles/Car/pack", &machine.changer, None, None).is(200).body;
    let read = ProfilePack::read(&pack, &environment).unwrap();
    let mut all = String::from_utf8_lossy(&pack).into_owned() + read.profile();
    for bytes in read.dbcs().values() {
        all += &String::from_utf8_lossy(bytes);
    }
    for files in read.devices().values() {
        all += &String::from_utf8_lossy(&files.manifest);
        all += &String::from_utf8_lossy(&files.messages);
    }
    assert_eq!((read.dbcs().len(), read.devices().len()), (1, 1), "what it needs and nothing else");
    let folder = machine.house.folder().display().to_string();
    for planted in [SMTP, machine.changer.as_str(), "example.org", folder.as_str()] {
        assert!(!all.contains(planted), "{planted} is in the pack");
    }
}

#[test]
fn the_command_line_exports_previews_and_imports() {
    let (here, there) = (Desk::new(), Desk::new());
    let profile = PROFILE.replace("virtual:x", VARIABLE);
    here.file("data/profiles/Car.toml", &profile);
    here.file("data/dbc/car.dbc", DBC);
    let dbc = here.file("my.dbc", DBC);
    let made = here.busbar(&[&"device", &"make", &dbc, &"--id", &"my-pack"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let zip = here.path("car.zip");
    let out = here.busbar(&[&"profile", &"export", &"Car", &zip]);
    assert_eq!(out.code, Some(0), "{}", out.err);
    assert!(out.out.contains("DBC files: 1, device folders: 1, recordings: 0"), "{}", out.out);
    let before = fs::read(&zip).unwrap();
    let again = here.busbar(&[&"profile", &"export", &"Car", &zip]);
    assert_ne!(again.code, Some(0), "a file that is there is not replaced");
    assert_eq!(fs::read(&zip).unwrap(), before);

    let dry = there.busbar(&[&"profile", &"import", &zip, &"--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.err);
    assert_eq!(
        dry.out,
        "new      device folder my-pack\nnew      DBC file car\nnew      profile Car\n"
    );
    assert!(!there.path("data/profiles/Car.toml").exists());
    there.file("data/dbc/car.dbc", DBC.replace("Volts", "Mine"));
    let dry = there.busbar(&[&"profile", &"import", &zip, &"--dry-run"]);
    assert_eq!(dry.code, Some(1), "it would be refused");
    let refused = there.busbar(&[&"profile", &"import", &zip]);
    assert_ne!(refused.code, Some(0), "{}", refused.out);
    assert!(refused.err.contains("another DBC file car"), "{}", refused.err);
    let taken = there.busbar(&[&"profile", &"import", &zip, &"--replace", &"--name", &"Van"]);
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    let text = fs::read_to_string(there.path("data/profiles/Van.toml")).unwrap();
    assert_eq!(text, profile.replace("\"Car\"", "\"Van\""));
    assert_eq!(fs::read_to_string(there.path("data/dbc/car.dbc")).unwrap(), DBC);
    assert!(there.path("data/devices/my-pack/device.toml").exists());
    let check = there.busbar(&[&"profile", &"check", &"Van"]);
    assert_eq!(check.code, Some(0), "{} {}", check.out, check.err);
    let odd = there.file("odd.zip", "not a ZIP");
    let refused = there.busbar(&[&"profile", &"import", &odd]);
    assert!(refused.err.contains("this is no profile pack"), "{}", refused.err);
}

const LOG: &str =
    "(1780300800.000000) can0 100#0011223344556677\n(1780300800.100000) can0 100#00\n";

impl Machine {
    fn record(&self, name: &str, says: &str) {
        let path = format!("/api/v1/recordings/{name}");
        self.house.send("PUT", &path, &self.changer, &[], says).is(201);
    }

    fn recording(&self, name: &str) -> crate::listening::Answered {
        self.house.get(&format!("/api/v1/recordings/{name}/file"), &self.changer)
    }
}

#[test]
fn recordings_go_along_where_they_are_named_and_never_replace_one() {
    let (here, there) = (Machine::furnished(), Machine::new());
    here.record("drive.log", LOG);
    here.record("more.log", LOG);
    let path = "/api/v1/profiles/Car/pack?recording=drive.log&recording=more.log";
    let pack = here.bytes(path, &here.changer, None, None).is(200).body;
    for (query, status) in
        [("recording=none.log", 404), ("recording=..%2Fbusbar.db", 422), ("x=y", 422)]
    {
        let odd = format!("/api/v1/profiles/Car/pack?{query}");
        here.bytes(&odd, &here.changer, None, None).is(status);
    }
    let seen = there.bring("?preview", None, &pack).is(200);
    let all = ["my-pack new", "car new", "drive.log new", "more.log new", "Car new"];
    assert_eq!(seen.states(), all);
    there.recording("drive.log").is(404);
    // Whoever else was faster keeps what they have, and nothing else of the pack comes.
    there.record("more.log", &LOG.repeat(2));
    there.bring("", seen.tag.as_deref(), &pack).is(409);
    there.recording("drive.log").is(404);
    there.house.get("/api/v1/profiles/Car", &there.changer).is(404);
    assert_eq!(there.recording("more.log").is(200).text, LOG.repeat(2));
    // Without them the rest comes all the same, on the page too.
    let third = Machine::new();
    third.record("more.log", &LOG.repeat(2));
    assert_eq!(third.upload(&third.changer, &pack).0, 303);
    let clashing = third.house.get("/profile-pack", &third.changer).is(200).text;
    assert!(clashing.contains("leave them out, or delete the one here"), "{clashing}");
    let page = third.house.get("/profile-pack?recordings=leave", &third.changer).is(200).text;
    let mark = hidden(&page, "mark");
    third.press("/profile-pack/take", &format!("mark={mark}&name=")).is(409);
    third.press("/profile-pack/take", &format!("mark={mark}&name=&recordings=leave")).is(303);
    third.recording("drive.log").is(404);
    third.house.get("/api/v1/profiles/Car", &third.changer).is(200);
    there.house.ask("DELETE", "/api/v1/recordings/more.log", &there.changer).is(204);
    there.bring("", None, &pack).is(201);
    assert_eq!(there.recording("drive.log").is(200).text, LOG);
    assert_eq!(there.recording("more.log").is(200).text, LOG);
    let again = there.bring("?preview", None, &pack).is(200).states();
    assert_eq!(again, ["my-pack same", "car same", "drive.log same", "more.log same", "Car same"]);
    let (_, boss) = here.house.program("boss", &[Right::Administrator]);
    let journal = here.house.get("/api/v1/journal?action=export_pack", &boss).is(200).text;
    assert!(journal.contains("recordings: drive.log, more.log"), "{journal}");
}

#[test]
fn recordings_of_a_pack_that_cannot_be_kept_whole_go_again() {
    let (here, there) = (Machine::furnished(), Machine::new());
    here.record("drive.log", LOG);
    let path = "/api/v1/profiles/Car/pack?recording=drive.log";
    let pack = here.bytes(path, &here.changer, None, None).is(200).body;
    let profiles = there.house.folder().join("profiles");
    drop(fs::remove_dir_all(&profiles));
    fs::write(&profiles, "in the way").unwrap();
    let failed = there.bring("", None, &pack);
    assert!((400..=503).contains(&failed.status), "{}", failed.status);
    let left: Vec<_> = fs::read_dir(there.house.folder().join("recordings"))
        .map(|all| all.map(|one| one.unwrap().file_name()).collect())
        .unwrap_or_default();
    assert!(left.is_empty(), "{left:?} stays");
}

#[test]
fn who_may_not_send_and_receive_can_neither_takes_nor_brings_recordings() {
    let machine = Machine::furnished();
    machine.record("drive.log", LOG);
    let (_, changer) = machine.house.program("only", &[Right::ChangeSettings]);
    machine.bytes("/api/v1/profiles/Car/pack", &changer, None, None).is(200);
    let missing = |got: Got| {
        let got = got.is(403);
        let text = String::from_utf8_lossy(&got.body).into_owned();
        assert!(text.contains("Send and receive CAN"), "{text}");
    };
    for path in ["/api/v1/profiles/Car/pack", "/profiles/Car/pack"] {
        missing(machine.bytes(&format!("{path}?recording=drive.log"), &changer, None, None));
    }
    let path = "/api/v1/profiles/Car/pack?recording=drive.log";
    let pack = machine.bytes(path, &machine.changer, None, None).is(200).body;
    for path in ["/api/v1/packs", "/api/v1/packs?preview", "/api/v1/packs?name=Van"] {
        missing(machine.bytes(path, &changer, None, Some(&pack)));
    }
    // What is left of it is for them.
    let rest = machine.bytes("/api/v1/packs?preview&recordings=leave", &changer, None, Some(&pack));
    assert!(rest.is(200).states().contains(&"drive.log left out".to_owned()));
    machine.bytes("/api/v1/packs?preview&recordings=some", &changer, None, Some(&pack)).is(422);
    assert_eq!(machine.upload(&changer, &pack).0, 303);
    for query in ["", "?recordings=take"] {
        let seen = machine.house.get(&format!("/profile-pack{query}"), &changer).is(200).text;
        assert!(seen.contains("left out") && seen.contains("Send and receive CAN"), "{seen}");
    }
    assert_eq!(machine.upload(&machine.changer, &pack).0, 303);
    let seen = machine.house.get("/profile-pack", &machine.changer).is(200).text;
    assert!(seen.contains("drive.log") && seen.contains("recording"), "{seen}");
    // The page offers them to whoever may have them, and to nobody else.
    let offered = "name=\"recording\" value=\"drive.log\"";
    let page = |who: &str| machine.house.get("/profiles/Car", who).is(200).text;
    assert!(page(&machine.changer).contains(offered));
    assert!(!page(&changer).contains("drive.log"));
}

#[test]
fn the_command_line_takes_recordings_along() {
    let (here, there) = (Desk::new(), Desk::new());
    here.file("data/profiles/Car.toml", "name = \"Car\"\n");
    here.file("data/recordings/drive.log", LOG);
    let zip = here.path("car.zip");
    let none = here.busbar(&[&"profile", &"export", &"Car", &zip, &"--recording", &"none.log"]);
    assert!(none.err.contains("there is no recording \"none.log\""), "{}", none.err);
    assert!(!zip.exists());
    let out = here.busbar(&[&"profile", &"export", &"Car", &zip, &"--recording", &"drive.log"]);
    assert_eq!(out.code, Some(0), "{}", out.err);
    assert!(out.out.contains("recordings: 1"), "{}", out.out);
    let dry = there.busbar(&[&"profile", &"import", &zip, &"--dry-run"]);
    assert_eq!(dry.out, "new      recording drive.log\nnew      profile Car\n", "{}", dry.err);
    assert!(!there.path("data/recordings/drive.log").exists());
    there.file("data/recordings/drive.log", "another");
    let dry = there.busbar(&[&"profile", &"import", &zip, &"--dry-run"]);
    assert_eq!(dry.code, Some(1), "{}", dry.out);
    let refused = there.busbar(&[&"profile", &"import", &zip, &"--replace"]);
    assert!(refused.err.contains("already a recording"), "{}", refused.err);
    let out: [&dyn AsRef<std::ffi::OsStr>; 5] =
        [&"profile", &"import", &zip, &"--without-recordings", &"--dry-run"];
    let dry = there.busbar(&out);
    assert_eq!(dry.out, "left out recording drive.log\nnew      profile Car\n", "{}", dry.err);
    assert_eq!(dry.code, Some(0));
    fs::remove_file(there.path("data/recordings/drive.log")).unwrap();
    let taken = there.busbar(&[&"profile", &"import", &zip]);
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    assert_eq!(fs::read_to_string(there.path("data/recordings/drive.log")).unwrap(), LOG);
}

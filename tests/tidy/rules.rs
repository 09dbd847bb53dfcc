//! The rules for single files.

use crate::source::{Source, words};

/// Most lines of a file.
pub const LONGEST_FILE: usize = 600;

/// A rule, a look at what it is for, and a look at what it lets pass.
pub struct Rule {
    pub name: &'static str,
    pub check: fn(&Source) -> Vec<String>,
    /// Path and text that break it once.
    pub breaks: &'static [(&'static str, &'static str)],
    /// Path and text that keep it.
    pub keeps: &'static [(&'static str, &'static str)],
}

pub const RULES: &[Rule] = &[
    Rule {
        name: "files are chapters",
        check: length,
        breaks: &[("src/a.rs", LONG)],
        keeps: &[("src/a.rs", "fn a() {}\n")],
    },
    Rule {
        name: "names point down",
        check: layers,
        breaks: &[
            ("src/base/time.rs", "use crate::engine::can::frame::Frame;"),
            ("src/engine/can/frame.rs", "use crate::engine::dbc::Schema;"),
            ("src/engine/can/frame.rs", "use crate::{base::id, engine::{access, dbc::Schema}};"),
            ("src/engine/can/frame.rs", "fn f() { crate::engine::hub::step() }"),
            ("src/engine/can/frame.rs", "use super::super::pack::Pack;"),
            ("src/engine/dbc/a.rs", "use crate::engine::filter::Filter;"),
            ("src/engine/filter/a.rs", "use crate::engine::device::Catalog;"),
            ("src/engine/profile/a.rs", "use crate::engine::sim::World;"),
            ("src/engine/charge/a.rs", "use crate::engine::sim::World;"),
            ("src/engine/campaign/a.rs", "use crate::engine::hub::Hub;"),
            ("src/engine/sim/a.rs", "use crate::engine::pack::Pack;"),
            ("src/engine/sim/a.rs", "use crate::engine::Library;"),
            ("src/view/a.rs", "use crate::desktop::theme;"),
            ("src/view/a.rs", "use crate::engine::pack::Pack;"),
            ("src/cli/a.rs", "use crate::desktop::theme;"),
            ("src/desktop/a.rs", "use crate::boot;"),
            ("src/engine/door.rs", "use crate::view::pack::PackView;"),
            ("src/engine/snapshot.rs", "use crate::engine::hub::Hub;"),
            ("src/engine/store/a.rs", "use crate::engine::people::People;"),
            ("src/engine/people/a.rs", "use crate::engine::orders::Order;"),
            ("src/web/a.rs", "use crate::boot::host;"),
        ],
        keeps: &[
            ("src/engine/can/frame.rs", "use crate::{base::id, engine::access, engine::can::bus};"),
            (
                "src/engine/can/frame.rs",
                "// see crate::engine::dbc\nlet a = \"crate::engine::dbc\";",
            ),
            ("src/engine/can/frame.rs", "use crate::engine::testing::golden;"),
            ("src/engine/sim/a.rs", "use crate::engine::device::Catalog;"),
            ("src/engine/snapshot.rs", "use crate::engine::hub::traffic::Traffic;"),
            ("src/engine/hub/traffic.rs", "#[cfg(test)]\nmod tests { use super::*; }"),
            ("src/engine/offline/a.rs", "use crate::engine::sim::World;"),
            ("src/engine/campaign/a.rs", "use crate::engine::{charge::Station, sim::World};"),
            ("src/view/a.rs", "use crate::engine::{Snapshot, Profile};"),
            ("src/cli/a.rs", "use crate::view::pack; use crate::engine::decode;"),
            ("src/boot/mod.rs", "use crate::desktop; use crate::cli;"),
        ],
    },
    Rule {
        name: "crates stay in their rooms",
        check: rooms,
        breaks: &[
            ("src/engine/can/trace/a.rs", "use libc::c_int;"),
            ("src/engine/hub.rs", "use socketcan::CanFrame;"),
            ("src/engine/hub.rs", "let c = rusqlite::Connection::open();"),
            ("src/cli/a.rs", "fn f(ui: &mut egui::Ui) {}"),
            ("src/view/a.rs", "use axum;"),
            ("src/engine/people/gate.rs", "use lettre::Message;"),
            ("src/engine/drive.rs", "tokio::spawn(x)"),
        ],
        keeps: &[
            ("src/engine/can/socketcan/a.rs", "use libc::c_int;"),
            ("src/engine/drive.rs", "use crate::engine::can::socketcan; socketcan::open(a)"),
            ("src/desktop/pages/a.rs", "use egui::Ui; use eframe::App; use rfd::FileDialog;"),
            ("src/web/a.rs", "use axum::Router; tokio::spawn(x)"),
            ("src/engine/people/mail.rs", "use lettre::Message;"),
        ],
    },
    Rule {
        name: "one place asks for the time",
        check: clocks,
        breaks: &[
            ("src/engine/hub.rs", "let now = Instant::now();"),
            ("src/desktop/a.rs", "let now = std::time::SystemTime::now();"),
            ("src/cli/a.rs", "let now = jiff::Timestamp::now();"),
        ],
        keeps: &[
            ("src/base/time.rs", "let now = Instant::now();"),
            ("src/engine/hub.rs", "let now = clock.now(); // not Instant::now()"),
        ],
    },
    Rule {
        name: "tests do not sleep",
        check: sleeps,
        breaks: &[
            ("tests/it/a.rs", "std::thread::sleep(TICK);"),
            ("src/a.rs", "#[cfg(test)]\nmod tests { fn a() { thread::sleep(TICK); } }"),
        ],
        keeps: &[
            ("tests/it/a.rs", "clock.advance(TICK);"),
            ("src/a.rs", "#[cfg(test)]\nmod tests;\nfn a() { thread::sleep(TICK); }"),
        ],
    },
    Rule {
        name: "lints are expected with a reason, not allowed",
        check: |file| everywhere(file, &["#[allow", "#![allow"], "write #[expect(…, reason = …)]"),
        breaks: &[
            ("src/a.rs", "#[allow(dead_code)]\nfn a() {}"),
            ("tests/it/a.rs", "#![allow(dead_code)]"),
        ],
        keeps: &[("src/a.rs", "#[expect(dead_code, reason = \"#[allow\")]\nfn a() {}")],
    },
    Rule {
        name: "nothing is left for later",
        check: |file| everywhere(file, &["todo!", "unimplemented!", "dbg!"], "write it"),
        breaks: &[
            ("src/a.rs", "fn a() { todo!() }"),
            ("src/a.rs", "fn a() { unimplemented!(\"x\") }"),
        ],
        keeps: &[("src/a.rs", "// todo!()\nfn a() {}")],
    },
    Rule {
        name: "one noun per idea",
        check: names,
        breaks: &[
            ("src/engine/bus_manager.rs", "//! x"),
            ("src/view/util/a.rs", "//! x"),
            ("src/a.rs", "pub struct FrameHandler;"),
            ("src/a.rs", "enum Helper { A }"),
            ("src/a.rs", "trait PackInfo {}"),
            ("src/a.rs", "type CellData = u8;"),
            ("src/a.rs", "mod helpers {}"),
        ],
        keeps: &[
            ("src/engine/bus.rs", "struct DatabaseFile; enum Information {} fn handler() {}"),
            ("src/a.rs", "mod informed; struct Manage; struct DataBits;"),
        ],
    },
    Rule {
        name: "every file says what it knows",
        check: header,
        breaks: &[("src/a.rs", "use a;\n"), ("src/a.rs", "// plain\n"), ("src/a.rs", "")],
        keeps: &[("src/a.rs", "//! The frames.\nuse a;"), ("src/a.rs", "#![expect(x)]\n//! A.\n")],
    },
    Rule {
        name: "switches are types",
        check: switches,
        breaks: &[
            ("src/a.rs", "pub fn open(name: &str, armed: bool) {}"),
            ("src/a.rs", "pub(crate) const fn f(\n    a: bool,\n) {}"),
        ],
        keeps: &[
            ("src/a.rs", "fn open(armed: bool) {}"),
            ("src/a.rs", "pub fn armed(&self) -> bool { true }\nfn b(x: bool) {}"),
        ],
    },
    Rule {
        name: "queues are bounded and threads are named",
        check: |file| {
            let wrong = ["unbounded()", "unbounded::<", "mpsc::channel()", "thread::spawn("];
            production(file, &wrong, "give it a bound, or a name")
        },
        breaks: &[
            ("src/a.rs", "let (a, b) = crossbeam_channel::unbounded();"),
            ("src/a.rs", "let (a, b) = mpsc::channel();"),
            ("src/a.rs", "std::thread::spawn(|| ());"),
        ],
        keeps: &[
            ("src/a.rs", "let (a, b) = crossbeam_channel::bounded(16);"),
            ("src/a.rs", "thread::Builder::new().name(n).spawn(|| ());"),
            ("src/a.rs", "#[cfg(test)]\nmod tests { fn a() { thread::spawn(|| ()); } }"),
        ],
    },
    Rule {
        name: "only the command line prints",
        check: prints,
        breaks: &[
            ("src/engine/hub.rs", "fn a() { println!(\"x\"); }"),
            ("src/view/a.rs", "fn a() { eprintln!(\"x\"); }"),
        ],
        keeps: &[
            ("src/cli/a.rs", "fn a() { println!(\"x\"); }"),
            ("src/boot/mod.rs", "fn a() { eprintln!(\"x\"); }"),
            ("src/engine/a.rs", "#[cfg(test)]\nmod tests { fn a() { println!(\"x\"); } }"),
        ],
    },
    Rule {
        name: "colours are written in the theme",
        check: colours,
        breaks: &[
            ("src/desktop/pages/a.rs", "let c = Color32::from_rgb(1, 2, 3);"),
            ("src/desktop/widgets/a.rs", "let c = egui::Color32::RED;"),
            ("src/desktop/a.rs", "let c = hex_color!(1);"),
        ],
        keeps: &[
            ("src/desktop/theme.rs", "let c = Color32::from_rgb(1, 2, 3);"),
            ("src/desktop/a.rs", "let c: Color32 = Color32::TRANSPARENT;"),
        ],
    },
    Rule {
        name: "the project speaks of no machine",
        check: machines,
        breaks: &[
            ("src/a.rs", "const A: &str = \"/root/target\";"),
            ("tests/it/a.rs", "// see /work/notes\n"),
            ("src/a.rs", "//! from http://packages.internal/index\n"),
        ],
        keeps: &[(
            "src/a.rs",
            "//! https://example.org, http://127.0.0.1:1, /dev/root, a/work/b\n",
        )],
    },
    Rule {
        name: "the children of the engine are private",
        check: private_children,
        breaks: &[("src/engine/mod.rs", "mod can;\npub mod hub;\n")],
        keeps: &[
            ("src/engine/mod.rs", "mod can;\npub mod testing;\npub use can::Frame;\n"),
            ("src/view/mod.rs", "pub mod pack;\n"),
        ],
    },
];

/// 601 lines.
const LONG: &str = {
    const BYTES: [u8; LONGEST_FILE + 1] = [b'\n'; LONGEST_FILE + 1];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

pub fn length(file: &Source) -> Vec<String> {
    let lines = file.text.lines().count();
    let long = lines > LONGEST_FILE;
    long.then(|| format!("{lines} lines; at most {LONGEST_FILE}")).into_iter().collect()
}

/// The engine's children, lowest first, in the steps of the ladder. A module may name its own step
/// and those before it.
const LADDER: [&[&str]; 24] = [
    &["access"],
    &["can"],
    &["dbc"],
    &["filter"],
    &["device"],
    &["discovery"],
    &["supply"],
    &["watchdog"],
    &["pack"],
    &["charge"],
    &["campaign"],
    &["profile"],
    &["store"],
    &["needs"],
    &["backup", "log", "machine"],
    &["people"],
    &["orders"],
    &["hub/decoders", "hub/traffic"],
    &["snapshot"],
    &["hub"],
    &["curves"],
    &["door"],
    &["drive", "offline"],
    &["prepare"],
];
/// Who may name the simulation: what starts it, and work without an engine.
const SIM_SEEN_BY: [&str; 4] = ["campaign", "drive", "offline", "prepare"];
/// Where the engine's own public face stands: above all its children.
const ENGINE: usize = LADDER.len() + 1;
/// What simulated devices may name: frames, DBCs and devices, and nothing that decides.
const SIM_SEES: usize = 5;

/// How high a module stands. `None`: it is free (the roots and what serves tests).
fn height(module: &[String]) -> Option<usize> {
    let child = module.get(1).map(String::as_str);
    match module.first()?.as_str() {
        "base" => Some(0),
        "engine" => match child? {
            "testing" => None,
            "sim" => Some(LADDER.len()),
            name => {
                let inner = format!("{name}/{}", module.get(2).map_or("", String::as_str));
                let step = |name: &str| LADDER.iter().position(|step| step.contains(&name));
                step(&inner).or_else(|| step(name)).map_or(Some(ENGINE), |at| Some(at + 1))
            }
        },
        "view" => Some(ENGINE + 1),
        "desktop" | "web" | "cli" => Some(ENGINE + 2),
        "boot" => Some(ENGINE + 3),
        _ => None,
    }
}

fn layers(file: &Source) -> Vec<String> {
    let own = file.module();
    // The engine's own root starts the simulation and re-exports: it may name all its children.
    let Some(from) = (if own == ["engine"] { Some(ENGINE) } else { height(&own) }) else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    for (at, path) in paths(file, &own) {
        let Some(to) = height(&path) else { continue };
        let same_face = path.first() == own.first();
        let in_engine = own.first().is_some_and(|first| first == "engine");
        let sim = |module: &[String]| module.get(1).is_some_and(|name| name == "sim");
        let allowed = if sim(&own) {
            to <= SIM_SEES || sim(&path)
        } else if sim(&path) {
            own == ["engine"] || own.get(1).is_some_and(|name| SIM_SEEN_BY.contains(&&**name))
        } else if in_engine {
            to <= from
        } else if from > ENGINE && path.first().is_some_and(|first| first == "engine") {
            // Faces and the view name what the engine re-exports, never a child.
            to == ENGINE
        } else {
            to < from || (to == from && same_face)
        };
        if !allowed {
            wrong.push(format!("line {} names {}", file.line(at), path.join("::")));
        }
    }
    wrong
}

/// Every path of this crate that the code names, with its place.
fn paths(file: &Source, own: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for at in words(&file.code, "crate::") {
        if !file.code[..at].ends_with("$") {
            spread(&file.code[at + "crate::".len()..], &[], &mut |path| found.push((at, path)));
        }
    }
    for at in words(&file.code, "super::") {
        if file.code[..at].ends_with("::") {
            continue;
        }
        let mut rest = &file.code[at..];
        let mut up = own.to_vec();
        // The module of tests at the end of a file is a step further in.
        if at > file.production().len() && !file.is_test() {
            up.push("tests".into());
        }
        while let Some(more) = rest.strip_prefix("super::") {
            up.pop();
            rest = more;
        }
        spread(rest, &up, &mut |path| found.push((at, path)));
    }
    found
}

/// Follows a path, and every branch of one in braces.
fn spread<'c>(code: &'c str, lead: &[String], found: &mut dyn FnMut(Vec<String>)) -> &'c str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            if rest.is_empty() {
                return rest;
            }
            rest = match rest.strip_prefix(',') {
                Some(after) => after,
                None => spread(rest, lead, found),
            };
        }
    }
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
    if end == 0 {
        found(lead.to_vec());
        // A star, or something that is no path: passed over.
        return code.get(1..).unwrap_or_default();
    }
    let mut path = lead.to_vec();
    path.push(code[..end].to_owned());
    match code[end..].strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => spread(rest, &path, found),
        Some(_) | None => {
            found(path);
            let rest = &code[end..];
            rest.strip_prefix(" as ").map_or(rest, |named| {
                named.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
            })
        }
    }
}

/// A crate and the only folder that may name it.
const ROOMS: [(&str, &str); 21] = [
    ("rusqlite", "src/engine/store/"),
    ("socketcan", "src/engine/can/socketcan/"),
    ("libc", "src/engine/can/socketcan/"),
    ("serial2", "src/engine/can/slcan/"),
    ("socket2", "src/web/"),
    ("tokio", "src/web/"),
    ("axum", "src/web/"),
    ("askama", "src/web/"),
    ("hyper", "src/web/"),
    ("hyper_util", "src/web/"),
    ("rcgen", "src/web/"),
    ("tokio_rustls", "src/web/"),
    ("utoipa", "src/web/"),
    ("lettre", "src/engine/people/mail.rs"),
    ("argon2", "src/engine/access/password.rs"),
    ("egui", "src/desktop/"),
    ("eframe", "src/desktop/"),
    ("egui_extras", "src/desktop/"),
    ("egui_plot", "src/desktop/"),
    ("egui_phosphor", "src/desktop/"),
    ("rfd", "src/desktop/"),
];

fn rooms(file: &Source) -> Vec<String> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let strange = ROOMS.iter().filter(|(_, room)| !file.path.starts_with(room));
    strange
        .flat_map(|(name, room)| {
            words(&file.code, name)
                .filter(|&at| {
                    let after = &file.code[at + name.len()..];
                    let used = file.code[..at].ends_with("use ");
                    // Our own module for real interfaces is called as the crate.
                    let own = *name == "socketcan" || file.code[..at].ends_with("::");
                    used || (after.starts_with("::") && !own)
                })
                .map(|at| format!("line {} uses {name}; only {room} may", file.line(at)))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn clocks(file: &Source) -> Vec<String> {
    let now = ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"];
    let elsewhere = file.path.starts_with("src/") && file.path != "src/base/time.rs";
    if elsewhere { everywhere(file, &now, "ask the clock that was given") } else { Vec::new() }
}

fn sleeps(file: &Source) -> Vec<String> {
    let from = file.production().len();
    let said = everywhere(file, &["thread::sleep"], "move a fake clock");
    let first = file.code.find("thread::sleep").unwrap_or_default();
    if first < from { Vec::new() } else { said }
}

/// Complains of each of `wrong` in the code.
fn everywhere(file: &Source, wrong: &[&str], instead: &str) -> Vec<String> {
    found_in(file, &file.code, wrong, instead)
}

/// The same in the code that is no test code.
fn production(file: &Source, wrong: &[&str], instead: &str) -> Vec<String> {
    if file.path.starts_with("src/") {
        return found_in(file, file.production(), wrong, instead);
    }
    Vec::new()
}

fn found_in(file: &Source, code: &str, wrong: &[&str], instead: &str) -> Vec<String> {
    let mut all = Vec::new();
    for word in wrong {
        let said = |at| format!("line {} has {word}: {instead}", file.line(at));
        all.extend(words(code, word).map(said));
    }
    all
}

const BANNED: [&str; 8] =
    ["manager", "handler", "helper", "helpers", "util", "utils", "data", "info"];

fn names(file: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let inside = file.path.strip_prefix("src/").unwrap_or_default();
    for part in inside.trim_end_matches(".rs").split('/') {
        let last = part.rsplit('_').next().unwrap_or_default();
        if BANNED.contains(&last) {
            wrong.push(format!("is called {part}: say what it is"));
        }
    }
    for keyword in ["struct ", "enum ", "trait ", "type ", "mod "] {
        for at in words(&file.code, keyword) {
            let rest = &file.code[at + keyword.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            let start = name.rfind(|c: char| c.is_uppercase() || c == '_').unwrap_or(0);
            let last = name[start..].trim_start_matches('_').to_lowercase();
            if BANNED.contains(&last.as_str()) {
                wrong.push(format!("line {} calls something {name}", file.line(at)));
            }
        }
    }
    wrong
}

fn header(file: &Source) -> Vec<String> {
    let mut lines = file.text.lines().filter(|line| !line.starts_with("#!"));
    let sound = lines.next().is_some_and(|line| line.starts_with("//! ") && line.len() >= 6);
    if sound { Vec::new() } else { vec!["does not begin with a //! sentence".into()] }
}

fn switches(file: &Source) -> Vec<String> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let code = file.production();
    let mut wrong = Vec::new();
    for at in words(code, "fn ") {
        let line = code[..at].rfind('\n').map_or(0, |start| start + 1);
        let public = code[line..at].trim_start().starts_with("pub");
        let rest = &code[at..];
        let Some(open) = rest.find('(') else { continue };
        let close = rest[open..].find(')').map_or(rest.len(), |close| open + close);
        let switch = rest[open..close].split(',').any(|one| one.trim_end().ends_with(": bool"));
        if public && switch {
            wrong.push(format!("line {}: a public function takes a bool", file.line(at)));
        }
    }
    wrong
}

fn prints(file: &Source) -> Vec<String> {
    let silent = file.path.starts_with("src/") && !file.path.starts_with("src/cli/");
    if !silent || file.path.starts_with("src/boot/") {
        return Vec::new();
    }
    production(file, &["println!", "eprintln!", "print!", "eprint!"], "return it instead")
}

fn colours(file: &Source) -> Vec<String> {
    if !file.path.starts_with("src/desktop/") || file.path.starts_with("src/desktop/theme") {
        return Vec::new();
    }
    let mut all = production(file, &["hex_color!"], "name a token of the theme");
    for at in words(file.production(), "Color32::") {
        let name = &file.code[at + "Color32::".len()..];
        let free = ["TRANSPARENT", "PLACEHOLDER"].iter().any(|word| name.starts_with(word));
        let made = name.starts_with("from_") || name.starts_with(|c: char| c.is_uppercase());
        if made && !free {
            all.push(format!("line {} writes a colour: name a token of the theme", file.line(at)));
        }
    }
    all
}

fn machines(file: &Source) -> Vec<String> {
    if file.path.starts_with("tests/tidy") {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let folder = ["/root/", "/work/"].iter().any(|folder| {
            line.match_indices(folder).any(|(at, _)| {
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == '_')
            })
        });
        let plain = line.match_indices("http://").any(|(at, lead)| {
            let host = &line[at + lead.len()..];
            let host = host.split(['/', '"', '`']).next().unwrap_or_default().to_lowercase();
            // This machine, a placeholder, or a name that is nobody's (RFC 2606) or everybody's.
            let starts = ["127.0.0.1", "localhost", "[::1]", "{", "192.168.", "rack", "www.w3.org"];
            let known = starts.iter().any(|lead| host.starts_with(lead));
            let example = [".example", "example.org", ".local"].iter().any(|n| host.contains(n));
            !(host.is_empty() || known || example)
        });
        if folder || plain {
            wrong.push(format!("line {} names a machine or its folders", number + 1));
        }
    }
    wrong
}

fn private_children(file: &Source) -> Vec<String> {
    if file.path != "src/engine/mod.rs" {
        return Vec::new();
    }
    let open = words(&file.code, "pub mod ");
    open.filter(|at| !file.code[*at..].starts_with("pub mod testing"))
        .map(|at| format!("line {} opens a child to the faces", file.line(at)))
        .collect()
}

//! What only one kind of system has is named only where the compiler leaves it out elsewhere. Machines
//! with Windows or macOS are not at hand, so that this is looked at instead of tried.

use std::fs;
use std::path::Path;

use crate::source::{Source, words};

/// A name that only some systems have, and what a condition around it has to say, one of these.
const NAMES: [(&str, &[&str]); 6] = [
    ("std::os::unix", UNIX),
    ("std::os::fd", UNIX),
    ("std::os::windows", &["windows"]),
    ("std::os::linux", LINUX),
    ("libc::", LINUX),
    ("can::socketcan", LINUX),
];
const UNIX: &[&str] = &["unix", "target_os = \"linux\""];
const LINUX: &[&str] = &["target_os = \"linux\""];

/// Whether this attribute lets the item below it be compiled on such a system alone.
fn holds(attribute: &str, wanted: &[&str]) -> bool {
    let Some(condition) = attribute.trim().strip_prefix("#[cfg(") else { return false };
    !condition.contains("not(") && wanted.iter().any(|word| condition.contains(word))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether the item that line `at` belongs to, or one around it, stands under such a condition. Formatted
/// code is indented as it is nested.
fn is_under(lines: &[&str], at: usize, wanted: &[&str]) -> bool {
    let mut edge = usize::MAX;
    for number in (0..=at).rev() {
        let line = lines[number];
        if line.trim().is_empty() || indent(line) >= edge {
            continue;
        }
        edge = indent(line);
        let above = lines[..number].iter().rev().map(|line| line.trim_start());
        let mut with_it = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        if with_it.any(|line| holds(line, wanted)) {
            return true;
        }
    }
    false
}

/// The conditions under which the file itself is compiled: those over its `mod` line, and over those of
/// the folders around it.
fn conditions_of(file: &Source, read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let module = file.module();
    let mut found = Vec::new();
    for depth in 1..=module.len() {
        let above = module[..depth - 1].join("/");
        let parents =
            [format!("src/{above}/mod.rs"), format!("src/{above}.rs"), "src/lib.rs".into()];
        let parents = if above.is_empty() { &parents[2..] } else { &parents[..2] };
        let Some(text) = parents.iter().find_map(|parent| read(parent)) else { continue };
        let lines: Vec<&str> = text.lines().collect();
        let said = format!("mod {};", module[depth - 1]);
        let Some(at) = lines.iter().position(|line| line.trim_end().ends_with(&said)) else {
            continue;
        };
        let above = lines[..at].iter().rev();
        let attributes = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        found.extend(attributes.map(|line| (*line).to_owned()));
    }
    found
}

fn strangers(file: &Source, conditions: &[String]) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (name, wanted) in NAMES {
        if conditions.iter().any(|line| holds(line, wanted)) {
            continue;
        }
        for at in words(&file.code, name) {
            let line = file.line(at);
            if !is_under(&lines, line - 1, wanted) {
                found.push(format!("{}:{line}: {name} without a condition", file.path));
            }
        }
    }
    found
}

#[test]
fn what_one_system_has_is_named_only_where_others_leave_it_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).ok();
    let files = crate::sources();
    let files = files.iter().filter(|file| file.path.starts_with("src/"));
    let found: Vec<String> =
        files.flat_map(|file| strangers(file, &conditions_of(file, &read))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_name_of_one_system_is_seen_wherever_it_stands() {
    let seen = |text: &str| strangers(&Source::new("src/a.rs", text), &[]).len();
    assert_eq!(seen("use std::os::unix::fs::PermissionsExt as _;\n"), 1);
    assert_eq!(seen("#[cfg(unix)]\nuse std::os::unix::fs::PermissionsExt as _;\n"), 0);
    assert_eq!(seen("#[cfg(not(unix))]\nuse std::os::unix::fs::PermissionsExt as _;\n"), 1);
    let function =
        "#[cfg(unix)]\n/// Says it.\nfn a() {\n    let b = 1;\n\n    std::os::unix::a(b);\n}\n";
    assert_eq!(seen(function), 0);
    assert_eq!(seen(&format!("{function}fn c() {{\n    std::os::unix::a(1);\n}}\n")), 1);
    assert_eq!(
        seen("fn a() {\n    #[cfg(unix)]\n    {\n        use std::os::unix::b;\n    }\n}\n"),
        0
    );
    assert_eq!(seen("fn a() {\n    #[cfg(unix)]\n    b();\n    std::os::unix::b();\n}\n"), 1);
    assert_eq!(
        seen("#[cfg(unix)]\nfn a() {\n    libc::getpid();\n}\n"),
        1,
        "libc is there on Linux"
    );
    assert_eq!(seen("#[cfg(windows)]\nuse std::os::windows::fs::FileExt as _;\n"), 0);
    assert_eq!(seen("// std::os::unix is not on Windows\nlet a = \"libc::b\";\n"), 0);
}

#[test]
fn a_file_is_compiled_where_its_module_is_declared() {
    let read = |path: &str| match path {
        "src/lib.rs" => Some("pub mod engine;\n".to_owned()),
        "src/engine/mod.rs" => Some(
            "mod door;\n#[cfg(all(target_os = \"linux\", feature = \"b\"))]\nmod can;\n".into(),
        ),
        _ => None,
    };
    let seen = |path: &str| {
        let file = Source::new(path, "fn a() {\n    libc::getpid();\n}\n");
        strangers(&file, &conditions_of(&file, &read)).len()
    };
    assert_eq!((seen("src/engine/can/port.rs"), seen("src/engine/door.rs")), (0, 1));
}

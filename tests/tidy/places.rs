//! What must be there and what must not: the folders of the package, its papers, the folders of
//! devices and scenes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::files_below;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Everything that may lie at the top of the package.
const TOP: [&str; 18] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "src",
    "assets",
    "migrations",
    "tests",
    "benches",
    "packaging",
    "docs",
    ".ci",
    ".cargo",
    ".config",
    ".gitignore",
    ".rustfmt.toml",
];
/// What tools leave there and the repository ignores.
const LEFT_BY_TOOLS: [&str; 4] = [".git", "target", ".idea", ".vscode"];

/// Files that are text and speak to people.
fn papers() -> Vec<PathBuf> {
    let root = root();
    let mut all = vec![root.join("README.md"), root.join("CHANGELOG.md"), root.join("Cargo.toml")];
    for folder in ["assets", "docs", "packaging", "tests", "benches", ".ci"] {
        for extension in ["md", "toml", "sh", "py", "ron", "desktop", "rules", "service"] {
            all.extend(files_below(&root.join(folder), extension));
        }
    }
    all.push(root.join(".ci/run"));
    all
}

fn strangers(names: impl Iterator<Item = String>) -> Vec<String> {
    names.filter(|name| !TOP.contains(&&**name) && !LEFT_BY_TOOLS.contains(&&**name)).collect()
}

#[test]
fn the_top_of_the_package_holds_what_the_note_says() {
    let entries = fs::read_dir(root()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(strangers(names), [] as [String; 0]);
    assert_eq!(strangers(["src".into(), "fuzz".into()].into_iter()), ["fuzz"]);
}

#[test]
fn the_papers_of_the_package_are_there() {
    let text = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    assert!(text("LICENSE-MIT").contains("Permission is hereby granted, free of charge"));
    assert!(text("LICENSE-APACHE").contains("Apache License"));
    let version = env!("CARGO_PKG_VERSION");
    assert!(text("CHANGELOG.md").contains(&format!("## {version}")), "no entry for {version}");
    let readme = text("README.md");
    for command in ["cargo run --release", "cargo test"] {
        assert!(readme.contains(command), "the README does not say {command}");
    }
    let ci = text(".ci/run");
    assert!(ci.contains("cargo test\n"), "CI does not run the tests as the README says");
}

#[test]
fn pictures_and_files_that_the_readme_shows_are_there() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let targets = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let missing: Vec<&str> = targets
        .filter(|target| !target.starts_with("http") && !target.starts_with('#'))
        .filter(|target| !root().join(target).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_papers_name_no_machine() {
    for file in papers() {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let machine = ["/work/", "/home/"].iter().find(|word| line.contains(**word));
            assert_eq!(machine, None, "{}:{}", file.display(), number + 1);
        }
    }
}

/// What is missing from a device folder.
fn missing_from_device(folder: &Path) -> Vec<&'static str> {
    let has_dbc = !files_below(folder, "dbc").is_empty();
    let mut missing: Vec<&str> = ["device.toml", "sample.log", "golden.txt"]
        .into_iter()
        .filter(|name| !folder.join(name).is_file())
        .collect();
    if !has_dbc {
        missing.push("*.dbc");
    }
    missing
}

fn names_in(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_device_folder_is_complete() {
    let names = names_in("assets/devices");
    for wanted in [
        "prohelion-d1000-gen1",
        "elcon-tc",
        "ev-driver-controls",
        "tdk-genesys",
        "siglent-spd3303x",
    ] {
        assert!(names.contains(wanted), "no device {wanted}");
    }
    for name in names {
        let folder = root().join("assets/devices").join(&name);
        assert_eq!(missing_from_device(&folder), [] as [&str; 0], "in {name}");
        let manifest = fs::read_to_string(folder.join("device.toml")).unwrap();
        assert!(manifest.contains(&format!("id = \"{name}\"")), "{name} has another id");
    }
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(missing_from_device(empty.path()).len(), 4);
}

#[test]
fn every_scene_is_there_and_explains_itself() {
    let names = names_in("assets/scenes");
    let wanted =
        ["cold-morning", "unbalanced", "weak-cell", "cmu-dropout", "bus-off", "sensor-untrusted"];
    for name in wanted {
        assert!(names.contains(&format!("{name}.toml")), "no scene {name}");
    }
    for name in names {
        let text = fs::read_to_string(root().join("assets/scenes").join(&name)).unwrap();
        assert!(text.starts_with("# "), "the scene {name} does not begin with a sentence");
    }
}

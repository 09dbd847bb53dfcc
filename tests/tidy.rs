//! House rules. What the compiler does not see is held up here: who may name whom, which crate may
//! be used where, what a file may look like. Each rule carries a snippet that breaks it and one
//! that keeps it, so that a rule that has gone blind fails too.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

#[path = "tidy/places.rs"]
mod places;
#[path = "tidy/platforms.rs"]
mod platforms;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use std::path::Path;

use rules::RULES;
use source::Source;

/// Everything that Rust is written in here.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all: Vec<Source> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| source::files_below(&root.join(folder), "rs"))
        .map(|file| Source::read(root, &file))
        .collect();
    assert!(all.len() > 40, "only {} files were found: the scan is broken", all.len());
    all
}

#[test]
fn every_file_keeps_the_house_rules() {
    let mut broken = Vec::new();
    for file in sources() {
        for rule in RULES {
            for said in (rule.check)(&file) {
                broken.push(format!("{}: {said}  [{}]", file.path, rule.name));
            }
        }
    }
    assert!(broken.is_empty(), "{} broken rules:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn every_rule_sees_what_it_is_for() {
    for rule in RULES {
        assert!(!rule.breaks.is_empty() && !rule.keeps.is_empty(), "{} has no snippet", rule.name);
        for (path, snippet) in rule.breaks {
            let said = (rule.check)(&Source::new(path, snippet));
            assert_eq!(said.len(), 1, "{} is blind to {path}: {snippet:?}: {said:?}", rule.name);
        }
        for (path, snippet) in rule.keeps {
            let said = (rule.check)(&Source::new(path, snippet));
            assert!(said.is_empty(), "{} dislikes {path}: {snippet:?}: {said:?}", rule.name);
        }
    }
}

#[test]
fn a_long_file_is_seen() {
    let long = "//! x\n".repeat(rules::LONGEST_FILE + 1);
    assert_eq!(rules::length(&Source::new("src/a.rs", &long)).len(), 1);
    let long = "//! x\n".repeat(rules::LONGEST_FILE);
    assert!(rules::length(&Source::new("src/a.rs", &long)).is_empty());
}

//! Any text at all, and texts made of what the language has.

use proptest::prelude::*;

use super::{names, pack, standard};
use crate::engine::filter::{Filter, LONGEST, Memory, Scope, complete};

/// Pieces that texts are made of: all the words and signs there are, sound values and unsound ones.
const PIECES: &[&str] = &[
    "id:",
    "bus:",
    "msg:",
    "sig:",
    "dir:",
    "type:",
    "len",
    "count:",
    "data:",
    "pgn:",
    "sa:",
    "time:",
    "since:",
    "changed",
    "not",
    "and",
    "or",
    "&&",
    "||",
    "(",
    ")",
    "(",
    ")",
    "-",
    "!",
    ":",
    ",",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "\"",
    "\"a b\"",
    "\\",
    "*",
    "?",
    "..",
    "/",
    "&",
    "600",
    "6ff",
    "0x",
    "18FF50E5",
    "00000600",
    "7F0",
    "ext",
    "std",
    "can0",
    "Pack",
    "PackVoltage",
    "State",
    ".",
    "Idle",
    "140",
    "-5",
    "1e3",
    "4.1V",
    "mV",
    "12??34",
    "*AB",
    "b0",
    "b63",
    "b3=7F",
    "b1&80",
    "rx",
    "tx",
    "error",
    "fd",
    "FEF2",
    "65266",
    "10..20",
    "30s",
    "1.5h",
    "x",
    "\u{e4}",
    "\u{1f50b}",
    " ",
    " ",
    " ",
    " ",
    "\t",
    "1e308",
    "0",
    "9999999999999999999999",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        12 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A text that is mostly sound.
fn sound() -> impl Strategy<Value = String> {
    let terms = prop::sample::select(
        &[
            "id:600..6FF",
            "id:18FF50E5,ext",
            "bus:can*",
            "msg:\"a b\",c?",
            "sig:PackVoltage>140V",
            "Pack.State!=Idle,2..3",
            "changed",
            "data:*12??",
            "b3>7F",
            "b0&80",
            "len<=4",
            "time:>1.5",
            "since:1min",
            "pgn:FEF2",
            "sa:5..",
            "\"and\"",
            "b2!=12",
            "dir:tx",
            "type:fd,rtr",
            "word",
            "count:7..",
            "id:600/7F0",
            "sig:x=-1e-9",
            "sig:\"a.b\".c",
        ][..],
    );
    let leaf = terms.prop_map(str::to_owned);
    leaf.prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|all| all.join(" ")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|all| all.join(" or ")),
            inner.clone().prop_map(|one| format!("not {one}")),
            inner.prop_map(|one| format!("({one})")),
        ]
    })
}

/// Reads a text, runs it, writes it and reads it again.
fn whole_way(text: &str) -> Result<(), TestCaseError> {
    let names = names();
    let filter = match Filter::parse(text) {
        Ok(filter) => filter,
        Err(mistake) => {
            prop_assert!(text.get(mistake.span.clone()).is_some(), "{mistake:?}");
            prop_assert!(!mistake.text.is_empty() && mistake.marked(text).contains('^'));
            return Ok(());
        }
    };
    for scope in [Scope::Trace, Scope::Recording, Scope::Table] {
        let Ok(sieve) = filter.compile(&names, scope) else { continue };
        let mut memory = Memory::new();
        for frame in [pack(140_000, 5), standard(0x6FD, &[1, 2]), standard(0, &[])] {
            let first = sieve.lets(frame.view(), &mut memory);
            let again = sieve.lets(frame.view(), &mut memory);
            prop_assert!(first || !again || text.contains("not") || text.contains(['-', '!']));
        }
        for warning in sieve.warnings() {
            prop_assert!(text.get(warning.span.clone()).is_some(), "{warning:?}");
        }
    }
    let shown = filter.to_string();
    if shown.len() <= LONGEST {
        let again = Filter::parse(&shown);
        prop_assert_eq!(again.as_ref(), Ok(&filter), "{} is written {}", text, shown);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_text_is_read_or_refused_with_a_place_and_written_to_the_same(text in text()) {
        whole_way(&text)?;
    }

    #[test]
    fn what_is_read_is_written_to_the_same(text in sound()) {
        prop_assert!(Filter::parse(&text).is_ok(), "{}", text);
        whole_way(&text)?;
    }

    #[test]
    fn completion_takes_any_text_and_any_place(text in text(), at in 0usize..60) {
        let names = names();
        for offer in complete(&text, at, &names) {
            prop_assert!(text.get(offer.span.clone()).is_some(), "{:?}", offer);
            prop_assert!(!offer.text.is_empty() && !offer.says.is_empty());
        }
    }
}

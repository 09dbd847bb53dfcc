//! Values of a plot, saved as a file from the real console.

use std::path::{Path, PathBuf};

use super::tests::{Desk, desk_in};
use crate::desktop::ask::{Existing, LogAsk, SaveTo};
use crate::desktop::source::{Intent, Source as _};
use crate::view::logs::{LogId, TraceOf};
use crate::view::plot::PlotKey;

const LOG: LogId = LogId(1);
const DBC: &str = "BO_ 3 Three: 8 X\n SG_ Volts : 0|8@1+ (0.5,0) [0|0] \"V\" X\n";

/// A console with a recording beside it, decoded with a DBC file.
fn reading(folder: tempfile::TempDir) -> Desk {
    let (log, dbc) = (folder.path().join("in.log"), folder.path().join("in.dbc"));
    std::fs::write(&dbc, DBC).unwrap();
    let text = "(1700000000.000000) can0 003#02\n(1700000000.500000) can0 004#FF\n\
                (1700000001.000000) can0 003#03\n(1700000002.000000) can0 003#04\n";
    std::fs::write(&log, text).unwrap();
    let mut desk = desk_in(folder);
    desk.console.submit(Intent::Log(LogAsk::Open(LOG, log)));
    desk.console.submit(Intent::Log(LogAsk::Decode(LOG, dbc)));
    desk.until(|console| {
        let logs = console.logs();
        logs.iter().any(|log| !log.is_reading && !log.dictionaries.is_empty())
    });
    desk
}

fn key(signal: &str) -> PlotKey {
    PlotKey { bus: "can0".into(), id: 3, signal: signal.into() }
}

/// What is said once values were saved, or not.
fn said(
    desk: &mut Desk,
    lines: Vec<PlotKey>,
    between: Option<(i64, i64)>,
    (path, existing): (&Path, Existing),
) -> String {
    desk.console.submit(Intent::DismissNotes);
    let to = SaveTo { path: PathBuf::from(path), existing };
    let ask = LogAsk::SaveValues { of: TraceOf::Log(LOG), lines, between, to };
    desk.console.submit(Intent::Log(ask));
    desk.until(|console| console.chrome().notes.iter().any(|note| note.closable));
    assert_eq!(desk.console.saving(), None);
    let notes = desk.console.chrome().notes;
    notes.into_iter().find(|note| note.closable).unwrap().text
}

#[test]
fn the_values_of_a_plot_are_saved_as_a_file_and_a_sentence_says_which() {
    let mut desk = reading(tempfile::tempdir().unwrap());
    let path = desk.folder.path().join("out.csv");
    let first = 1_700_000_000_000_000_000;
    let part = Some((first + 1_000_000_000, first + 2_000_000_000));
    let words = said(&mut desk, vec![key("Volts")], part, (&path, Existing::Keep));
    assert_eq!(words, format!("{}: 2 moments of 1 signal saved as CSV.", path.display()));
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = [
        "time,Volts (V)",
        "2023-11-14T22:13:21.000000000Z,1.5",
        "2023-11-14T22:13:22.000000000Z,2",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    let words = said(&mut desk, vec![key("Volts")], None, (&path, Existing::Keep));
    assert!(words.contains("left alone"), "{words}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    let words = said(&mut desk, vec![key("Volts")], None, (&path, Existing::Replace));
    assert!(words.contains("3 moments"), "{words}");
}

#[test]
fn what_has_no_value_is_no_file_and_a_sentence_says_why() {
    let mut desk = reading(tempfile::tempdir().unwrap());
    let path = desk.folder.path().join("out.csv");
    for (lines, between) in [(vec![key("Else")], None), (vec![key("Volts")], Some((0, 1)))] {
        let words = said(&mut desk, lines, between, (&path, Existing::Keep));
        assert_eq!(words, "None of these signals has a value in this time: nothing was saved.");
        assert!(!path.exists());
    }
}

//! Every change can be undone, and leaves nothing behind.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::base::problem::Severity;
use crate::engine::dbc::parse;
use crate::engine::dbc::schema::AttributeValue;
use crate::engine::dbc::write;
use crate::engine::testing::shared_folder;

const TEXT: &str = concat!(
    "BU_: Bms Tool\n",
    "BO_ 256 Pack: 8 Bms\n",
    " SG_ Which M : 0|8@1+ (1,0) [0|0] \"\" Tool\n",
    " SG_ Voltage m1 : 8|16@1+ (0.1,0) [0|500] \"V\" Tool\n",
    " SG_ Current m2 : 15|16@0- (0.1,0) [0|0] \"A\" Tool\n",
    " SG_ State : 56|4@1+ (1,0) [0|0] \"\" Tool\n\n",
    "BO_ 512 Cells: 8 Bms\n SG_ Lowest : 0|16@1+ (1,0) [0|0] \"mV\" Tool\n\n",
    "VAL_ 256 State 0 \"Off\" 1 \"On\" ;\nSIG_GROUP_ 256 Both 1 : Voltage Current;\n",
);

fn editor() -> Editor {
    Editor::new(parse(TEXT.as_bytes()))
}

fn step(editor: &mut Editor, edit: Edit) {
    editor.perform(edit, Pace::Step).unwrap();
}

fn of_signal(at: usize, to: SignalField) -> Edit {
    Edit::Signal { message: 0, at, to }
}

fn said(schema: &Schema) -> Vec<String> {
    faults(schema).into_iter().map(|fault| fault.text).collect()
}

#[test]
fn a_sound_file_has_no_faults() {
    assert_eq!(said(editor().schema()), Vec::<String>::new());
}

#[test]
fn a_switch_that_is_taken_out_leaves_its_signals_and_undo_brings_everything_back() {
    let mut editor = editor();
    let before = editor.schema().clone();
    step(&mut editor, Edit::RemoveSignal { message: 0, at: 0 });
    let message = &editor.schema().messages[0];
    assert_eq!(message.signals.len(), 3);
    assert!(message.signals.iter().all(|signal| signal.selection.is_none()));
    step(&mut editor, Edit::RemoveSignal { message: 0, at: 0 });
    assert_eq!(editor.schema().messages[0].groups[0].signals, ["Current"]);
    let after = editor.schema().clone();
    assert!(editor.undo() && editor.undo() && !editor.undo());
    assert_eq!(editor.schema(), &before);
    assert!(!editor.is_changed());
    assert!(editor.redo() && editor.redo() && !editor.redo());
    assert_eq!(editor.schema(), &after);
    assert!(editor.is_changed());
}

#[test]
fn letters_are_one_step_until_the_field_is_left() {
    let mut editor = editor();
    for text in ["P", "Pa", "Pac"] {
        let edit = rename_message(editor.schema(), 0, text);
        editor.perform(edit, Pace::Typed).unwrap();
    }
    editor.settle();
    let edit = rename_message(editor.schema(), 0, "Other");
    editor.perform(edit, Pace::Typed).unwrap();
    editor.undo();
    assert_eq!(editor.schema().messages[0].name, "Pac");
    editor.undo();
    assert_eq!(editor.schema().messages[0].name, "Pack");
    assert!(!editor.can_undo());
}

#[test]
fn what_is_wrong_is_said_and_keeps_nobody_from_going_on() {
    let mut editor = editor();
    step(&mut editor, of_signal(3, SignalField::Start(60)));
    step(&mut editor, of_signal(3, SignalField::Length(8)));
    step(&mut editor, of_signal(1, SignalField::Start(4)));
    let edit = rename_signal(editor.schema(), 0, 2, "has a blank");
    step(&mut editor, edit);
    let edit = rename_message(editor.schema(), 1, "Pack");
    step(&mut editor, edit);
    let id = editor.schema().messages[0].id;
    step(&mut editor, Edit::Message { at: 1, to: MessageField::Id(id) });
    let said = said(editor.schema());
    for wanted in [
        "signal State of message Pack reaches bit 67, beyond its 8 bytes: make the message longer or move the signal",
        "signals Which and Voltage of message Pack share bits",
        "\"has a blank\" is no name for a signal: letters, digits and _ only, and no digit first",
        "two messages are called Pack",
        "messages Pack and Pack have the id",
    ] {
        assert!(said.iter().any(|text| text.contains(wanted)), "{wanted} is not in {said:#?}");
    }
    let written = editor.write().unwrap();
    assert!(parse(&written.bytes).schema.messages.len() == 2, "it can still be saved");
    let places: Vec<Place> = faults(editor.schema())
        .into_iter()
        .filter(|fault| fault.severity == Severity::Error)
        .map(|fault| fault.place)
        .collect();
    assert!(places.contains(&Place::Signal(0, 3)) && places.contains(&Place::Message(1)));
}

#[test]
fn a_long_name_gets_a_short_one_and_gives_it_back() {
    let mut editor = editor();
    let long = "VoltageOfTheWholePackAsTheContactorsSeeIt";
    let edit = rename_signal(editor.schema(), 0, 1, long);
    step(&mut editor, edit);
    let written = editor.write().unwrap();
    let again = parse(&written.bytes);
    assert_eq!(again.problems, []);
    assert_eq!(again.schema.messages[0].signals[1].name, long);
    let text = String::from_utf8(written.bytes).unwrap();
    assert!(text.contains(" SG_ VoltageOfTheWholePackAsThe_1 m1 : "), "{text}");
    assert!(text.contains("SIG_GROUP_ 256 Both 1 : VoltageOfTheWholePackAsThe_1 Current;"));
    let edit = rename_signal(editor.schema(), 0, 1, "Voltage");
    step(&mut editor, edit);
    let text = String::from_utf8(editor.write().unwrap().bytes).unwrap();
    assert!(!text.contains("BA_ \"SystemSignalLongSymbol\""), "{text}");
    assert!(text.contains("SIG_GROUP_ 256 Both 1 : Voltage Current;"), "{text}");
}

#[test]
fn cycles_frame_formats_and_senders_are_defined_where_they_were_not() {
    let mut editor = editor();
    let cycle = set_cycle(editor.schema(), 0, Some(100.0));
    step(&mut editor, cycle);
    let format = set_framing(editor.schema(), 0, Framing::Fd);
    step(&mut editor, format);
    let senders = set_senders(editor.schema(), 0, vec!["Gateway".into(), "Bms".into()]);
    step(&mut editor, senders);
    let again = parse(&editor.write().unwrap().bytes);
    assert_eq!(again.problems, []);
    let message = &again.schema.messages[0];
    assert_eq!(message.cycle_ms(), Some(100.0));
    assert_eq!(framing(message), Framing::Fd);
    assert_eq!(message.senders, ["Gateway", "Bms"]);
    assert_eq!(again.schema.nodes.len(), 3);
    let number = AttributeValue::Text("StandardCAN_FD".into());
    assert_eq!(message.attribute("VFrameFormat"), Some(&number));
    let before = parse(TEXT.as_bytes()).schema;
    while editor.undo() {}
    assert_eq!(editor.schema(), &before);
}

#[test]
fn new_messages_and_signals_take_what_is_free() {
    let mut editor = editor();
    let edit = new_message(editor.schema());
    step(&mut editor, edit);
    assert_eq!(editor.schema().messages[2].id.raw(), 0x101);
    for _ in 0..12 {
        let edit = new_signal(editor.schema(), 1);
        step(&mut editor, edit);
    }
    let signals = &editor.schema().messages[1].signals;
    assert_eq!((signals[1].start, signals[1].length), (16, 8));
    assert_eq!((signals[6].start, signals[6].length), (56, 8));
    assert_eq!(signals[7].name, "Signal_7");
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence_and_nothing_is_changed() {
    let mut editor = editor();
    let before = editor.schema().clone();
    let circle = Selection { switch: 3, ranges: vec![(1, 1)] };
    let root = Selection { switch: 1, ranges: vec![(0, 0)] };
    for (edit, why) in [
        (of_signal(9, SignalField::Start(1)), "message Pack has no signal number 9"),
        (Edit::RemoveMessage { at: 7 }, "there is no message number 7"),
        (of_signal(0, SignalField::Length(65)), "a signal has 1 to 64 bits, not 65"),
        (of_signal(0, SignalField::Factor(f64::NAN)), "NaN is no number that a DBC can hold"),
        (
            of_signal(3, SignalField::Multiplexing(Role::Value, Some(circle))),
            "signal State cannot be selected by itself, nor by one that it selects",
        ),
        (
            of_signal(0, SignalField::Multiplexing(Role::Switch, Some(root))),
            "signal Which cannot be selected by itself, nor by one that it selects",
        ),
    ] {
        let both = Edit::Several(vec![of_signal(1, SignalField::Unit("kV".into())), edit]);
        assert_eq!(editor.perform(both, Pace::Step).unwrap_err().to_string(), why);
        assert_eq!(editor.schema(), &before, "{why}");
    }
    assert!(!editor.can_undo() && !editor.is_changed());
}

fn any_edit() -> impl Strategy<Value = (u8, usize, usize, u16)> {
    (0u8..12, 0usize..4, 0usize..5, 0u16..600)
}

fn make(schema: &Schema, (what, message, at, number): (u8, usize, usize, u16)) -> Edit {
    let of = |to| Edit::Signal { message, at, to };
    match what {
        0 => Edit::RemoveMessage { at: message },
        1 => Edit::RemoveSignal { message, at },
        2 => new_message(schema),
        3 | 4 => new_signal(schema, message),
        5 => of(SignalField::Start(number)),
        6 => of(SignalField::Length((number % 64) as u8 + 1)),
        7 => {
            let ranges = vec![(u64::from(number % 7), u64::from(number % 7 + number % 3))];
            let selection = Selection { switch: usize::from(number % 5), ranges };
            of(SignalField::Multiplexing(Role::Switch, Some(selection)))
        }
        8 => rename_signal(schema, message, at, &"LongName".repeat(usize::from(number % 6 + 1))),
        9 => rename_message(schema, message, &"Long_Name".repeat(usize::from(number % 6 + 1))),
        10 => set_cycle(schema, message, Some(f64::from(number))),
        _ => set_senders(schema, message, vec![format!("Node{}", number % 4)]),
    }
}

#[test]
fn any_run_of_changes_is_undone_and_done_again_to_the_letter() {
    let seed = std::env::var("BUSBAR_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1u64);
    println!("seed {seed} (set BUSBAR_SEED for another)");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let runs = prop::collection::vec(any_edit(), 1..40);
    let outcome = TestRunner::new_with_rng(config, rng).run(&runs, |run| {
        let mut editor = editor();
        let mut seen = vec![editor.schema().clone()];
        for one in run {
            let edit = make(editor.schema(), one);
            if editor.perform(edit, Pace::Step).is_ok() {
                seen.push(editor.schema().clone());
            }
        }
        for before in seen.iter().rev().skip(1) {
            prop_assert!(editor.undo());
            prop_assert_eq!(editor.schema(), before);
        }
        prop_assert!(!editor.undo());
        for after in seen.iter().skip(1) {
            prop_assert!(editor.redo());
            prop_assert_eq!(editor.schema(), after);
        }
        let _ = faults(editor.schema());
        prop_assert!(write(editor.schema(), editor.form()).is_ok());
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("seed {seed}: {failure}");
    }
}

#[test]
fn every_file_of_the_shared_folder_is_read_again_as_it_was() {
    let Some(folder) = shared_folder() else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.join("data/dbc")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "dbc") {
            continue;
        }
        let editor = Editor::new(parse(&std::fs::read(&path).unwrap()));
        let written = editor.write().unwrap();
        assert_eq!(misread(editor.schema(), &written.bytes), None, "{}", path.display());
        seen += 1;
    }
    println!("{seen} files");
    assert!(seen > 0);
}

#[test]
fn what_is_read_otherwise_is_named() {
    let mut editor = editor();
    let edit = rename_signal(editor.schema(), 0, 2, "has a blank");
    step(&mut editor, edit);
    let written = editor.write().unwrap();
    let what = misread(editor.schema(), &written.bytes).unwrap();
    assert_eq!(what, "signal has a blank of message Pack");
    assert!(unfit_names(editor.schema()).contains("has a blank"));
}

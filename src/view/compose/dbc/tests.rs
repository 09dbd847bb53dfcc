//! The editor as a person types, and the picture of bits.

use std::path::Path;

use super::desk::DbcDesk;
use super::layout;
use crate::engine::parse_dbc;
use crate::view::dbc::{DeskAsk, DeskView, EditField};
use crate::view::shown::Tone;

const TEXT: &str = concat!(
    "BU_: Bms\nBO_ 256 Pack: 8 Bms\n",
    " SG_ Mode M : 0|4@1+ (1,0) [0|0] \"\" Bms\n",
    " SG_ Voltage m1 : 8|16@1+ (0.1,0) [0|500] \"V\" Bms\n",
    " SG_ Current m2 : 15|16@0- (0.1,0) [0|0] \"A\" Bms\n",
    " SG_ Nibble : 7|4@0+ (1,0) [0|0] \"\" Bms\n",
);

fn desk() -> DbcDesk {
    let mut desk = DbcDesk::default();
    desk.open(Path::new("/somewhere/car.dbc"), TEXT.as_bytes());
    desk
}

fn view(desk: &DbcDesk) -> DeskView {
    desk.view(Vec::new()).unwrap()
}

fn type_in(desk: &mut DbcDesk, field: EditField, text: &str) -> (String, Tone) {
    desk.ask(DeskAsk::Type(field, text.to_owned()));
    let view = view(desk);
    let shown = view.fields.iter().find(|one| one.field == field).unwrap();
    assert_eq!(shown.text, text, "what is typed stays as it is typed");
    (shown.wrong.clone(), shown.tone)
}

fn saved(desk: &DbcDesk) -> String {
    String::from_utf8(desk.saving().unwrap().bytes).unwrap()
}

#[test]
fn the_picture_has_both_byte_orders_and_the_signal_that_is_there_now_first() {
    let schema = parse_dbc(TEXT.as_bytes()).schema;
    let message = &schema.messages[0];
    let picture = layout(message, Some(&[0x12, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!((picture.bytes, picture.cells.len()), (8, 64));
    let at = |byte: usize, bit: usize| &picture.cells[byte * 8 + (7 - bit)];
    assert_eq!(at(0, 7).signals, [3], "a Motorola signal begins with its highest bit");
    assert_eq!(at(0, 4).signals, [3]);
    assert_eq!(at(0, 3).signals, [0]);
    assert_eq!((at(0, 4).value, at(0, 1).value, at(0, 0).value), (Some(1), Some(1), Some(0)));
    assert_eq!(at(1, 0).signals, [2, 1], "mode 2 selects the current");
    assert!(!at(1, 0).wrong, "two that are never there together share bits in peace");
    assert!(at(1, 0).hover.contains("Voltage, its bit 0"), "{}", at(1, 0).hover);
    assert!(at(1, 0).hover.contains("Current, its bit 8"), "{}", at(1, 0).hover);
    let without = layout(message, None);
    assert_eq!(without.cells[15].signals, [1, 2]);
    assert_eq!(without.cells[15].value, None);
}

#[test]
fn what_is_typed_changes_the_file_and_what_is_no_value_is_said() {
    let mut desk = desk();
    desk.ask(DeskAsk::Select(0, Some(1)));
    let (wrong, tone) = type_in(&mut desk, EditField::Factor, "0.");
    let wanted = "signal Voltage has the factor 0: it always reads 0";
    assert_eq!((wrong.as_str(), tone), (wanted, Tone::Fault));
    let (wrong, tone) = type_in(&mut desk, EditField::Factor, "0.x");
    assert_eq!((wrong.as_str(), tone), ("\u{201c}0.x\u{201d} is no factor.", Tone::Fault));
    assert_eq!(type_in(&mut desk, EditField::Factor, "0.25").0, "");
    let (wrong, _) = type_in(&mut desk, EditField::Start, "60");
    assert!(wrong.contains("reaches bit 75, beyond its 8 bytes"), "{wrong}");
    assert!(view(&desk).layout.cells.iter().any(|cell| cell.wrong));
    assert_eq!(type_in(&mut desk, EditField::Start, "16").0, "");
    assert_eq!(type_in(&mut desk, EditField::Labels, "0 Off\n1 = On").0, "");
    let (wrong, _) = type_in(&mut desk, EditField::Labels, "Off");
    assert!(wrong.contains("does not begin with a number"), "{wrong}");
    assert_eq!(type_in(&mut desk, EditField::Values, "1-2, 5").0, "");
    assert_eq!(type_in(&mut desk, EditField::Range, "-1 to 2.5").0, "");
    let text = saved(&desk);
    assert!(text.contains(" SG_ Voltage m1 : 16|16@1+ (0.25,0) [-1|2.5] \"V\" Bms"), "{text}");
    assert!(text.contains("VAL_ 256 Voltage 0 \"Off\" 1 \"On\" ;"), "{text}");
    assert!(text.contains("SG_MUL_VAL_ 256 Voltage Mode 1-2, 5-5;"), "{text}");
}

#[test]
fn undo_goes_back_field_by_field_to_what_was_read() {
    let mut desk = desk();
    assert!(!view(&desk).changed && !view(&desk).undo.is_open());
    for text in ["0x1", "0x12", "0x123"] {
        type_in(&mut desk, EditField::Id, text);
    }
    desk.ask(DeskAsk::Leave);
    type_in(&mut desk, EditField::Cycle, "100");
    type_in(&mut desk, EditField::Senders, "Bms, Gateway");
    assert!(saved(&desk).contains("BO_ 291 Pack: 8 Bms"));
    for _ in 0..3 {
        desk.ask(DeskAsk::Undo);
    }
    assert!(!view(&desk).changed && view(&desk).redo.is_open(), "{:?}", view(&desk).about);
    desk.ask(DeskAsk::Redo);
    assert_eq!(view(&desk).messages[0].small, "0x123");
}

#[test]
fn the_byte_order_is_turned_where_the_signal_lies_and_a_signal_is_moved_by_its_first_bit() {
    let mut desk = desk();
    desk.ask(DeskAsk::Select(0, Some(3)));
    type_in(&mut desk, EditField::Order, "Intel");
    assert!(saved(&desk).contains("SG_ Nibble : 4|4@1+"), "{}", saved(&desk));
    type_in(&mut desk, EditField::Order, "Motorola");
    assert!(saved(&desk).contains("SG_ Nibble : 7|4@0+"));
    desk.ask(DeskAsk::Move(3, 31));
    assert!(saved(&desk).contains("SG_ Nibble : 31|4@0+"));
    type_in(&mut desk, EditField::Order, "Intel");
    desk.ask(DeskAsk::Move(3, 43));
    assert!(saved(&desk).contains("SG_ Nibble : 40|4@1+"), "{}", saved(&desk));
}

#[test]
fn what_was_chosen_and_is_gone_leaves_nothing_behind() {
    let mut desk = desk();
    desk.ask(DeskAsk::Select(0, Some(3)));
    for _ in 0..6 {
        desk.ask(DeskAsk::RemoveSignal);
    }
    assert_eq!((view(&desk).signals.len(), view(&desk).signal), (0, None));
    desk.ask(DeskAsk::RemoveMessage);
    desk.ask(DeskAsk::RemoveMessage);
    assert_eq!((view(&desk).message, view(&desk).fields.len()), (None, 0));
    desk.ask(DeskAsk::AddMessage);
    desk.ask(DeskAsk::AddSignal);
    assert_eq!((view(&desk).message, view(&desk).signal), (Some(0), Some(0)));
}

#[test]
fn a_saved_file_is_no_longer_changed_unless_somebody_typed_on() {
    let mut desk = desk();
    type_in(&mut desk, EditField::MessageName, "Battery");
    let saving = desk.saving().unwrap();
    assert_eq!(saving.expected, Some(crate::engine::dbc_mark(TEXT.as_bytes())));
    desk.saved(Path::new("/elsewhere/bms.dbc"), &saving.bytes);
    assert!(!desk.is_changed());
    assert_eq!(view(&desk).title, "bms.dbc");
    type_in(&mut desk, EditField::MessageName, "Battery2");
    desk.saved(Path::new("/elsewhere/bms.dbc"), &saving.bytes);
    assert!(desk.is_changed());
}

#[test]
fn a_character_that_the_encoding_lacks_is_said_and_utf8_takes_it() {
    let mut desk = DbcDesk::default();
    let text = TEXT.replace("\"V\"", "\"\u{b0}\"");
    let (single, _, _) = encoding_rs::WINDOWS_1252.encode(&text);
    desk.open(Path::new("/somewhere/car.dbc"), &single);
    desk.ask(DeskAsk::Select(0, Some(1)));
    type_in(&mut desk, EditField::Unit, "\u{3a9}");
    let why = desk.saving().unwrap_err();
    assert!(why.contains("is not in Windows-1252"), "{why}");
    desk.ask(DeskAsk::AsUtf8);
    assert!(saved(&desk).contains("\"\u{3a9}\""));
}

#[test]
fn what_no_tool_could_read_again_is_not_saved() {
    let mut desk = desk();
    desk.ask(DeskAsk::Select(0, Some(1)));
    for name in ["Voltage 1x", "1x", "Voltage:", "Vol-tage", "Spannung\u{df}", "V M", ""] {
        let (wrong, tone) = type_in(&mut desk, EditField::SignalName, name);
        assert!(!wrong.is_empty() && tone == Tone::Fault, "{name}");
        let why = desk.saving().unwrap_err();
        assert!(why.starts_with("Not saved: ") && why.contains(name), "{name}: {why}");
    }
    type_in(&mut desk, EditField::SignalName, "Volts");
    assert!(saved(&desk).contains(" SG_ Volts m1 : 8|16@1+"));
    type_in(&mut desk, EditField::Receivers, "Bms, My-Node");
    let why = desk.saving().unwrap_err();
    assert!(why.contains("My-Node"), "{why}");
    type_in(&mut desk, EditField::Receivers, "Bms");
    // What is odd and can be read is saved, and said.
    type_in(&mut desk, EditField::Start, "60");
    let saving = desk.saving().unwrap();
    desk.saved(Path::new("/somewhere/car.dbc"), &saving.bytes);
    let said = view(&desk).said.unwrap();
    assert!(said.text.contains("reaches bit 75, beyond its 8 bytes"), "{}", said.text);
    assert_eq!(said.tone, Tone::Warning);
}

#[test]
fn a_name_that_was_in_the_file_before_keeps_nobody_from_saving() {
    let mut desk = DbcDesk::default();
    let text = TEXT.replace("BU_: Bms", "BU_: B\u{e4}r Bms");
    desk.open(Path::new("/somewhere/car.dbc"), text.as_bytes());
    type_in(&mut desk, EditField::MessageName, "Battery");
    assert!(saved(&desk).contains("BO_ 256 Battery: 8 Bms"));
}

#[test]
fn what_is_no_value_leaves_nothing_of_itself_behind() {
    let mut desk = desk();
    desk.ask(DeskAsk::Select(0, Some(1)));
    for text in ["1", "12", "12x"] {
        desk.ask(DeskAsk::Type(EditField::Factor, text.to_owned()));
    }
    let why = desk.saving().unwrap_err();
    assert!(why.contains("12x"), "{why}");
    desk.ask(DeskAsk::Leave);
    assert!(!desk.is_changed(), "what was typed before the letter is no value of anybody's");
    assert!(saved(&desk).contains("(0.1,0)"));
    for text in ["2", "25"] {
        desk.ask(DeskAsk::Type(EditField::Factor, text.to_owned()));
    }
    desk.ask(DeskAsk::Leave);
    for text in ["25x", "25"] {
        desk.ask(DeskAsk::Type(EditField::Factor, text.to_owned()));
    }
    assert!(saved(&desk).contains("(25,0)"));
    desk.ask(DeskAsk::Undo);
    desk.ask(DeskAsk::Undo);
    assert!(saved(&desk).contains("(0.1,0)"), "each is a step of its own");
}

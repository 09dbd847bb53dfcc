//! Each construct of a DBC file, and each way to write it wrong, with snippets of our own; and
//! what the real files hold.

use super::*;
use crate::base::problem::Severity;
use crate::engine::can::frame::Id;
use crate::engine::dbc::schema::{
    AttributeValue, Kind, Matching, Message, Order, Role, Selection, Signal,
};
use crate::engine::testing::shared_folder;

fn sound(text: &str) -> Schema {
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.problems, [], "{text}");
    parsed.schema
}

/// A message with the signals given, and then more.
fn message(signals: &str, more: &str) -> String {
    format!("BO_ 100 M: 8 A\n{signals}\n{more}\n")
}

fn problems(text: &str) -> Vec<(u32, Severity, String)> {
    parse(text.as_bytes()).problems.into_iter().map(|p| (p.line, p.severity, p.text)).collect()
}

fn only(schema: &Schema) -> &Message {
    assert_eq!(schema.messages.len(), 1);
    &schema.messages[0]
}

const X: &str = " SG_ X : 0|8@1+ (1,0) [0|0] \"\" B";

#[test]
fn a_message_with_a_signal_is_read() {
    let text =
        "BO_ 1536 Heartbeat: 8 BMU\n SG_ S : 32|32@1- (0.5,-1) [0|10] \"V\" Console,Logger\n";
    let schema = sound(text);
    let message = only(&schema);
    assert_eq!((message.name.as_str(), message.len, message.line), ("Heartbeat", 8, 1));
    assert_eq!(message.senders, ["BMU"]);
    let signal = &message.signals[0];
    assert_eq!((signal.start, signal.length, signal.line), (32, 32, 2));
    assert_eq!((signal.order, signal.kind), (Order::Little, Kind::Signed));
    assert_eq!((signal.factor, signal.offset), (0.5, -1.0));
    assert_eq!((signal.min, signal.max), (Some(0.0), Some(10.0)));
    assert_eq!(signal.unit, "V");
    assert_eq!(signal.receivers, ["Console", "Logger"]);
}

#[test]
fn spacing_and_indentation_do_not_matter() {
    let tight = "BO_ 100 M:8 A\r\nSG_ X:7|16@0-(1e-3,1E+06)[-|NaN]\"km/h\"B\r\n";
    let wide = "BO_  100   M :  8   A\n\t SG_  X  :  7 | 16 @ 0 -  ( 1e-3 , 1E+06 )  [ - | NaN ] \"km/h\"  B\n";
    for text in [tight, wide] {
        let schema = sound(text);
        let signal = &only(&schema).signals[0];
        assert_eq!((signal.start, signal.length), (7, 16));
        assert_eq!((signal.order, signal.kind), (Order::Big, Kind::Signed));
        assert_eq!((signal.factor, signal.offset), (0.001, 1e6));
        assert_eq!((signal.min, signal.max, signal.unit.as_str()), (None, None, "km/h"));
    }
}

#[test]
fn a_bad_line_costs_that_line_only_and_is_named() {
    let signals = " SG_ A : 0|0@1+ (1,0) [0|0] \"\" B\n SG_ B : 0|99@1+ (1,0) [0|0] \"\" B\n what is \
                   this\n and this\n SG_ C : x|8@1+ (1,0) [0|0] \"\" B\n SG_ D : 0|8@1+ (1,0) [0|0] \"\" B";
    let text = message(signals, "");
    let found = problems(&text);
    let texts: Vec<_> = found.iter().map(|(line, _, text)| (*line, text.as_str())).collect();
    assert_eq!(
        texts,
        [
            (2, "SG_ A has 0 bits, a signal has 1 to 64; left out"),
            (3, "SG_ B has 99 bits, a signal has 1 to 64; left out"),
            (4, "lines 4 to 5 do not start with a DBC keyword; left out"),
            (6, "SG_ C has no usable start bit; left out"),
        ]
    );
    assert!(found.iter().all(|(_, severity, _)| *severity == Severity::Error));
    assert_eq!(only(&parse(text.as_bytes()).schema).signals.len(), 1);
}

#[test]
fn a_signal_without_its_scaling_is_read_as_it_is() {
    let text = message(" SG_ A : 0|8@1+\n SG_ B : 8|8@1+ (-,NaN) [0|0] \"\" B", "");
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.problems.len(), 3);
    for signal in &only(&parsed.schema).signals {
        assert_eq!((signal.factor, signal.offset), (1.0, 0.0));
    }
}

#[test]
fn ids_are_standard_or_extended_by_their_top_bit() {
    let schema = sound("BO_ 1536 A: 8 X\nBO_ 2566849792 B: 8 X\n");
    assert_eq!(schema.messages[0].id, Id::standard(1536).unwrap());
    assert_eq!(schema.messages[1].id, Id::extended(0x18FF_0500).unwrap());
    let unmarked = parse(b"BO_ 419366144 A: 8 X\n");
    assert_eq!(unmarked.schema.messages[0].id, Id::extended(0x18FF_0500).unwrap());
    assert_eq!(unmarked.problems[0].severity, Severity::Warning);
    for bad in ["BO_ 99999999999 A: 8 X\n", "BO_ 3758096384 A: 8 X\n", "BO_ x A: 8 X\n"] {
        let text = format!("{bad}{X}\n");
        let parsed = parse(text.as_bytes());
        assert_eq!(parsed.schema.messages.len(), 0);
        assert_eq!(parsed.problems.len(), 2, "{bad}");
    }
}

#[test]
fn signals_of_no_message_are_not_loaded_and_their_labels_are_no_problem() {
    let text = format!(
        "BO_ 3221225472 VECTOR__INDEPENDENT_SIG_MSG: 0 Vector__XXX\n{X}\nVAL_ 3221225472 X 0 \"a\" ;\n"
    );
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.schema.messages.len(), 0);
    assert_eq!(parsed.problems.len(), 1);
    assert_eq!(parsed.problems[0].severity, Severity::Note);
}

#[test]
fn names_and_ids_that_are_there_twice_are_kept_apart() {
    let text = format!("BO_ 100 A: 8 X\n{X}\n{X}\nBO_ 100 B: 8 X\n");
    let parsed = parse(text.as_bytes());
    let names: Vec<_> = parsed.schema.messages[0].signals.iter().map(|s| &s.name).collect();
    assert_eq!(names, ["X", "X_2"]);
    assert_eq!(parsed.schema.messages.len(), 2);
    assert!(parsed.problems.iter().any(|p| p.text.contains("frames are decoded as A")));
}

#[test]
fn comments_may_have_several_lines_quotes_and_no_end() {
    let schema = sound(&message(
        X,
        "CM_ BO_ 100 \"first\n\nthird\";\nCM_ SG_ 100 X \"a \\\"b\\\" c\";\nCM_ \"file\";",
    ));
    assert_eq!(only(&schema).comment.as_deref(), Some("first\n\nthird"));
    assert_eq!(only(&schema).signals[0].comment.as_deref(), Some("a \"b\" c"));
    assert_eq!(schema.comment.as_deref(), Some("file"));
    let text = message(
        X,
        "CM_ SG_ 100 X \"the \"big\" one\";\nCM_ BO_ 100 \"no end\nVAL_ 100 X 1 \"on\" ;",
    );
    let parsed = parse(text.as_bytes());
    let message = only(&parsed.schema);
    assert_eq!(message.signals[0].comment.as_deref(), Some("the \"big\" one"));
    assert_eq!(message.comment.as_deref(), Some("no end"));
    assert_eq!(message.signals[0].label(1), Some("on"));
    assert_eq!(parsed.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [3, 4, 4]);
}

#[test]
fn a_line_after_a_comment_without_end_is_counted_right() {
    let text = message(X, "CM_ BO_ 100 \"a\nb\nc\";\nbad line\nBA_ \"Q\" BO_ 100 1");
    let lines: Vec<_> = problems(&text).iter().map(|p| p.0).collect();
    assert_eq!(lines, [6, 7]);
}

#[test]
fn labels_come_from_the_signal_or_from_a_table() {
    let signals =
        format!("{X}\n SG_ Y : 8|8@1- (1,0) [0|0] \"\" B\n SG_ Z : 0|64@1+ (1,0) [0|0] \"\" B");
    let more = "VAL_TABLE_ T 0 \"zero\" 1 \"one\" ;\nVAL_ 100 X T ;\nVAL_ 100 Y -1 \"minus\" 3 \"three\"\n;\n\
                VAL_ 100 Z 18446744073709551615 \"all\" ;";
    let text = message(&signals, more);
    let parsed = parse(text.as_bytes());
    let signals = &only(&parsed.schema).signals;
    assert_eq!(signals[0].label(1), Some("one"));
    assert_eq!(signals[1].label(-1i64 as u64), Some("minus"));
    assert_eq!(signals[1].label(2), None);
    assert_eq!(signals[2].label(u64::MAX), Some("all"));
    assert_eq!(parsed.schema.tables[0].labels.len(), 2);
}

#[test]
fn what_names_something_unknown_is_left_out_and_said() {
    let more = "CM_ SG_ 100 Nobody \"x\";\nVAL_ 7 X 0 \"a\" ;\nBA_ \"Q\" BU_ Nobody 1;\nSIG_VALTYPE_ 100 No : 1;";
    let texts: Vec<_> = problems(&message(X, more)).into_iter().map(|p| p.2).collect();
    assert_eq!(
        texts,
        [
            "a comment for signal Nobody of message 100, which is not in the file; left out",
            "labels for signal X of message 7, which is not in the file; left out",
            "an attribute for node Nobody, which is not in the file; left out",
            "a value type for signal No of message 100, which is not in the file; left out",
        ]
    );
}

fn selection(signal: &Signal) -> Option<(usize, &[(u64, u64)])> {
    signal.selection.as_ref().map(|Selection { switch, ranges }| (*switch, ranges.as_slice()))
}

#[test]
fn multiplexing_is_read_in_both_forms() {
    let signals = " SG_ A M : 0|8@1+ (1,0) [0|0] \"\" B\n SG_ B m1M : 8|8@1+ (1,0) [0|0] \"\" B\n \
                   SG_ C m3 : 16|8@1+ (1,0) [0|0] \"\" B\n SG_ D m0x : 24|8@1+ (1,0) [0|0] \"\" B";
    let schema = parse(message(signals, "SG_MUL_VAL_ 100 C B 3-5, 9-9;").as_bytes()).schema;
    let signals = &only(&schema).signals;
    assert_eq!((signals[0].role, signals[1].role), (Role::Switch, Role::Switch));
    assert_eq!(selection(&signals[0]), None);
    assert_eq!(selection(&signals[1]), Some((0, &[(1, 1)][..])));
    assert_eq!(selection(&signals[2]), Some((1, &[(3, 5), (9, 9)][..])));
    assert_eq!(signals[3].name, "D_m0x");
}

#[test]
fn switches_that_select_each_other_are_broken_up() {
    let signals = " SG_ A m0M : 0|8@1+ (1,0) [0|0] \"\" B\n SG_ B m1M : 8|8@1+ (1,0) [0|0] \"\" B";
    let text = message(signals, "SG_MUL_VAL_ 100 A B 0-0;\nSG_MUL_VAL_ 100 B A 1-1;");
    let parsed = parse(text.as_bytes());
    let signals = &only(&parsed.schema).signals;
    assert_eq!((selection(&signals[0]), selection(&signals[1])), (None, Some((0, &[(1, 1)][..]))));
    assert!(parsed.problems.iter().any(|p| p.text.contains("selected by itself")));
}

#[test]
fn value_types_make_floats_where_the_length_allows_it() {
    let signals = " SG_ A : 0|32@1- (1,0) [0|0] \"\" B\n SG_ B : 0|64@1- (1,0) [0|0] \"\" B\n SG_ C : 0|16@1- (1,0) [0|0] \"\" B";
    let text =
        message(signals, "SIG_VALTYPE_ 100 A : 1;\nSIG_VALTYPE_ 100 B:2;\nSIG_VALTYPE_ 100 C : 1;");
    let parsed = parse(text.as_bytes());
    let kinds: Vec<_> = only(&parsed.schema).signals.iter().map(|s| s.kind).collect();
    assert_eq!(kinds, [Kind::Float, Kind::Double, Kind::Signed]);
    assert!(parsed.problems.iter().any(|p| p.line == 7 && p.text.contains("taken as an integer")));
}

#[test]
fn attributes_are_kept_and_long_names_used() {
    let more = "BU_: N1\nBA_DEF_ BO_ \"GenMsgCycleTime\" INT 0 1000;\nBA_DEF_ SG_ \"How\" ENUM \"a\",\"b\";\n\
                BA_DEF_DEF_ \"How\" \"a\";\nBA_ \"GenMsgCycleTime\" BO_ 100 200;\nBA_ \"How\" SG_ 100 X 1;\n\
                BA_ \"SystemSignalLongSymbol\" SG_ 100 X \"ALongName\";\nBA_ \"SystemMessageLongSymbol\" BO_ 100 \"Msg\";\n\
                BA_ \"Top\" 1.5;\nBA_REL_ \"R\" BU_BO_REL_ N1 100 1;\nEV_ E: 0 [0|1] \"\" 0 1 D X;\nCM_ EV_ E \"env\";";
    let schema = sound(&message(X, more));
    let message = only(&schema);
    assert_eq!((message.name.as_str(), message.signals[0].name.as_str()), ("Msg", "ALongName"));
    assert_eq!(message.cycle_ms(), Some(200.0));
    assert_eq!(message.signals[0].attribute("How"), Some(&AttributeValue::Text("b".to_owned())));
    assert_eq!(schema.attributes[0].value, AttributeValue::Number(1.5));
    assert_eq!(schema.relations.len(), 1);
    assert_eq!(schema.variables[0].comment.as_deref(), Some("env"));
    assert_eq!(schema.nodes[0].name, "N1");
}

#[test]
fn j1939_messages_are_matched_by_parameter_group() {
    let id = 0x98FE_F2FEu32;
    let head = format!("BO_ {id} M: 8 A\n{X}\nBO_ 5 S: 8 A\n");
    let by_format = format!(
        "{head}BA_DEF_ BO_ \"VFrameFormat\" ENUM \"StandardCAN\",\"ExtendedCAN\",\"reserved\",\"J1939PG\";\nBA_ \"VFrameFormat\" BO_ {id} 3;\n"
    );
    let by_protocol =
        format!("{head}BA_DEF_ \"ProtocolType\" STRING;\nBA_ \"ProtocolType\" \"J1939\";\n");
    for text in [by_format, by_protocol] {
        let schema = sound(&text);
        assert_eq!(schema.messages[0].matching, Matching::ParameterGroup);
        assert_eq!(schema.messages[1].matching, Matching::Exact);
        let codec = crate::engine::dbc::Codec::compile(&[&schema]);
        let other_source = Id::extended(0x0CFE_F211).unwrap();
        assert_eq!(codec.find(other_source), codec.find(Id::extended(0x18FE_F2FE).unwrap()));
        assert!(codec.find(other_source).is_some());
        assert_eq!(codec.find(Id::extended(0x18FE_F311).unwrap()), None);
    }
    assert_eq!(sound(&head).messages[0].matching, Matching::Exact);
}

#[test]
fn signals_that_overlap_or_overhang_are_loaded_with_a_warning() {
    let text = "BO_ 1 M: 2 A\n SG_ A : 0|8@1+ (1,0) [0|0] \"\" B\n SG_ B : 7|4@0+ (1,0) [0|0] \"\" B\n \
                SG_ C : 12|16@1+ (1,0) [0|0] \"\" B\n SG_ D : 600|8@1+ (1,0) [0|0] \"\" B\n";
    let parsed = parse(text.as_bytes());
    assert_eq!(only(&parsed.schema).signals.len(), 4);
    let lines: Vec<_> = parsed.problems.iter().map(|p| (p.line, p.severity)).collect();
    assert_eq!(lines, [3, 4, 5].map(|line| (line, Severity::Warning)));
}

#[test]
fn a_file_with_an_error_on_every_line_is_read_to_its_end() {
    let mut text = "SG_ x \" (\nBO_ y\nCM_ SG_ \"\nVAL_\nBA_DEF_ 3\n@@@\n".repeat(20_000);
    text.push_str(&message(X, ""));
    let parsed = parse(text.as_bytes());
    assert_eq!(only(&parsed.schema).signals.len(), 1);
    assert_eq!(parsed.problems.len(), report::LIMIT + 1);
}

#[test]
fn every_real_file_is_loaded_with_all_its_messages_and_signals() {
    // As cantools 45.1 counts them; the two files that it refuses counted by their lines.
    let counts = [
        ("cantools-issue_184_extended_mux_cascaded", 1, 5),
        ("cantools-issue_184_extended_mux_independent_multiplexors", 1, 6),
        ("cantools-long_names_multiple_relations", 8, 13),
        ("cantools-multiplex_2", 4, 19),
        ("cantools-vehicle", 217, 462),
        ("css-j1939-demo", 2, 2),
        ("derived_c20_12v_arrowpoint", 5, 16),
        ("derived_d1000_gen1_full", 37, 166),
        ("derived_d1000_gen2_v1_2", 87, 390),
        ("derived_elcon_tc", 2, 10),
        ("ecubus-float", 6, 15),
        ("foxbms-2", 41, 2075),
        ("foxbms-overlapping-signals", 1, 23),
        ("opendbc-esr", 80, 868),
        ("orion-ev", 9, 63),
        ("think-city", 501, 548),
        ("vendor-d1000-gen1", 11, 62),
        ("vendor-elmar-mppt", 7, 34),
        ("vendor-ev-driver-controls", 5, 19),
        ("vendor-wavesculptor22", 16, 51),
    ];
    let Some(folder) = shared_folder() else { return };
    for (name, messages, signals) in counts {
        let bytes = std::fs::read(folder.join(format!("data/dbc/{name}.dbc"))).unwrap();
        let parsed = parse(&bytes);
        let found = (parsed.schema.messages.len(), parsed.schema.signal_count());
        assert_eq!(found, (messages, signals), "{name}");
        let lost = parsed.problems.iter().filter(|p| p.severity == Severity::Error).count();
        assert_eq!(lost, 0, "{name}: {:?}", parsed.problems);
    }
}

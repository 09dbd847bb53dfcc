//! What is written is read back as it was: every real file, and random schemas.

use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::engine::dbc::parse;
use crate::engine::testing::{schema_without_lines, shared_folder};

fn text_of(schema: &Schema, form: Form) -> Vec<u8> {
    write(schema, form).unwrap().bytes
}

/// Reads, writes, reads again and compares; and a second writing gives the same bytes.
fn comes_back(what: &str, bytes: &[u8]) {
    let read = parse(bytes);
    let written = text_of(&read.schema, read.form);
    let again = parse(&written);
    assert_eq!(again.form, read.form, "{what}");
    let (before, after) = (schema_without_lines(read.schema), schema_without_lines(again.schema));
    for (before, after) in before.messages.iter().zip(&after.messages) {
        assert_eq!(before, after, "{what}");
    }
    assert_eq!(before, after, "{what}");
    assert_eq!(text_of(&after, again.form), written, "{what} is not stable");
}

fn files_below(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "dbc") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_device_file_comes_back_as_it_was() {
    let files = files_below(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets"));
    assert!(files.len() > 5, "{files:?}");
    for file in files {
        comes_back(&file.display().to_string(), &std::fs::read(&file).unwrap());
    }
}

#[test]
fn every_real_file_comes_back_as_it_was() {
    let Some(shared) = shared_folder() else {
        println!("skipped: there is no shared folder with DBC files");
        return;
    };
    let files = files_below(&shared);
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        comes_back(&file.display().to_string(), &std::fs::read(&file).unwrap());
    }
}

#[test]
fn everything_that_a_file_says_is_kept() {
    let text = concat!(
        "VERSION \"7\"\n\nNS_ :\n\tCM_\n\tNEW_THING_\n\nBS_: 500000 : 1,2\n\nBU_: A B\n",
        "VAL_TABLE_ Power 0 \"Off\" 1 \"On\" ;\n\n",
        "BO_ 3221225472 VECTOR__INDEPENDENT_SIG_MSG: 0 Vector__XXX\n",
        " SG_ Alone : 0|8@1+ (1,0) [0|0] \"\" Vector__XXX\n\n",
        "BO_ 256 Switching: 8 A\n",
        " SG_ Which M : 0|8@1+ (1,0) [9|1] \"\" B\n",
        " SG_ One m1 : 8|8@1- (0.5,-40) [-40|80] \"\u{b0}C\" A,B\n",
        " SG_ Some m2 : 15|16@0+ (1,0) [0|0] \"\" Vector__XXX\n",
        " SG_ Wide : 0|99@1+ (1,0) [0|0] \"\" Vector__XXX\n\n",
        "BO_TX_BU_ 256 : A,B;\n",
        "EV_ Knob: 0 [0|1] \"\" 0 1 DUMMY_NODE_VECTOR0 Vector__XXX;\n",
        "ENVVAR_DATA_ Knob: 4;\n",
        "CM_ \"the \\\"whole\\\" file\";\nCM_ BU_ A \"a node\";\nCM_ SG_ 256 One \"two\nlines\";\n",
        "CM_ EV_ Knob \"a knob\";\nCM_ BO_ 7 \"nobody\";\n",
        "BA_DEF_ BO_ \"GenMsgCycleTime\" INT 0 65535;\n",
        "BA_DEF_ SG_ \"Mode\" ENUM \"a\",\"b\";\n",
        "BA_DEF_REL_ BU_SG_REL_ \"Rel\" FLOAT 0 1;\n",
        "BA_DEF_DEF_ \"GenMsgCycleTime\" 0;\nBA_DEF_DEF_ \"Mode\" \"a\";\n",
        "BA_ \"GenMsgCycleTime\" BO_ 256 100;\nBA_ \"Mode\" SG_ 256 One 1;\n",
        "BA_REL_ \"Rel\" BU_SG_REL_ A SG_ 256 One 0.5;\n",
        "VAL_ 256 Which 1 \"first\" 2 \"second\" ;\nVAL_ Knob 0 \"left\" ;\n",
        "SIG_GROUP_ 256 Both 3 : One Some;\nSG_MUL_VAL_ 256 Some Which 2-3, 7-7;\n",
        "FOO_ of a newer tool\n// a remark\n",
    );
    comes_back("the text", text.as_bytes());
    let written = text_of(&parse(text.as_bytes()).schema, parse(text.as_bytes()).form);
    // The format's own tools put two blanks in some places.
    let written = String::from_utf8(written).unwrap().replace("  ", " ");
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("SG_MUL_VAL_")) {
        assert!(written.contains(line), "{line} is not in:\n{written}");
    }
    // Where one signal needs ranges, all have them: tools expect it.
    assert!(
        written.contains("SG_MUL_VAL_ 256 One Which 1-1;\nSG_MUL_VAL_ 256 Some Which 2-3, 7-7;")
    );
}

#[test]
fn long_names_stay_behind_their_short_ones() {
    let text = concat!(
        "BU_: Node_0000\nBO_ 1 Short_0000: 8 Node_0000\n",
        " SG_ Sig_0000 M : 0|8@1+ (1,0) [0|0] \"\" Node_0000\n",
        " SG_ Other m1 : 8|8@1+ (1,0) [0|0] \"\" Node_0000\n",
        "BA_DEF_ SG_ \"SystemSignalLongSymbol\" STRING ;\n",
        "BA_ \"SystemNodeLongSymbol\" BU_ Node_0000 \"A_node_with_a_name_of_more_than_32_letters\";\n",
        "BA_ \"SystemMessageLongSymbol\" BO_ 1 \"A_message_with_a_name_of_more_than_32_letters\";\n",
        "BA_ \"SystemSignalLongSymbol\" SG_ 1 Sig_0000 \"A_signal_with_a_name_of_more_than_32_letters\";\n",
        "SG_MUL_VAL_ 1 Other Sig_0000 1-4;\n",
    );
    comes_back("the text", text.as_bytes());
    let schema = parse(text.as_bytes()).schema;
    assert_eq!(schema.messages[0].senders, ["A_node_with_a_name_of_more_than_32_letters"]);
    let written = String::from_utf8(text_of(&schema, Form::default())).unwrap();
    assert!(written.contains("BO_ 1 Short_0000: 8 Node_0000\n SG_ Sig_0000 M :"), "{written}");
}

#[test]
fn line_ends_and_encodings_are_kept() {
    let text = "VERSION \"\"\nBO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"°C\" X\n";
    let dos = text.replace('\n', "\r\n");
    for text in [text, &dos] {
        let single = encoding_rs::WINDOWS_1252.encode(text).0;
        let wide: Vec<u8> =
            std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        comes_back("UTF-8", text.as_bytes());
        comes_back("UTF-8 with its mark", &[b"\xEF\xBB\xBF", text.as_bytes()].concat());
        comes_back("Windows-1252", &single);
        comes_back("UTF-16", &wide);
        let read = parse(&single);
        let written = text_of(&read.schema, read.form);
        assert!(written.windows(2).any(|two| two == b"\xB0C"), "the degree sign is one byte");
        let feeds = memchr::memchr_iter(b'\n', &written).count();
        let returns = memchr::memchr_iter(b'\r', &written).count();
        assert_eq!(returns, if text == dos { feeds } else { 0 });
    }
}

#[test]
fn a_second_message_with_an_id_does_not_take_what_is_said_of_the_first() {
    let text =
        "BO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\nBO_ 1 B: 8 X\nCM_ BO_ 1 \"of A\";\n";
    let mut schema = parse(text.as_bytes()).schema;
    schema.messages[1].comment = Some("of B".into());
    let written = write(&schema, Form::default()).unwrap();
    let again = parse(&written.bytes).schema;
    assert_eq!(again.messages[0].comment.as_deref(), Some("of A"));
    assert_eq!(again.messages[1].comment, None);
    assert!(
        written.notes[0].starts_with("message B has the id 0x001 of another one"),
        "{written:?}"
    );
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,24}",
        1 => "[a-zäöü°µ\"\\\\\n]{0,12}",
    ]
    .prop_map(|text| text.trim_end_matches(['\\', '\r']).to_owned())
}

fn ident() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9_]{0,12}".prop_map(|name| format!("{name}_x"))
}

fn signal() -> impl Strategy<Value = Signal> {
    let shape = (0u16..512, 1u8..=64, any::<bool>(), 0u8..4);
    let finite = || any::<f64>().prop_filter("finite", |n| n.is_finite());
    let range = prop::option::of((-1e6..1e6, 0.5..1e6));
    let labels = prop::collection::vec((any::<i64>(), words()), 0..4);
    let texts = (words(), prop::option::of(words()), prop::collection::vec(ident(), 0..3));
    (shape, finite(), finite(), range, labels, texts).prop_map(
        |(
            (start, length, big, kind),
            factor,
            offset,
            range,
            labels,
            (unit, comment, receivers),
        )| {
            let (kind, length) = match kind {
                0 => (Kind::Unsigned, length),
                1 => (Kind::Signed, length),
                2 => (Kind::Float, 32),
                _ => (Kind::Double, 64),
            };
            let text = "BO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" Vector__XXX\n";
            let plain = parse(text.as_bytes()).schema.messages[0].signals[0].clone();
            Signal {
                start,
                length,
                order: if big { Order::Big } else { Order::Little },
                kind,
                factor,
                offset,
                min: range.map(|(min, _)| min),
                max: range.map(|(min, more)| min + more),
                labels: labels.into_iter().map(|(value, text)| Label { value, text }).collect(),
                unit,
                comment,
                receivers,
                ..plain
            }
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let selection = prop::option::of(prop::collection::vec((0u64..9, 0u64..3), 1..3));
    let signals = prop::collection::vec((signal(), selection), 0..8);
    let senders = prop::collection::vec(ident(), 0..3);
    (0u16..=64, senders, signals, prop::option::of(words())).prop_map(
        |(len, mut senders, parts, comment)| {
            senders.dedup();
            senders.truncate(1 + usize::from(senders.first() != senders.last()));
            let mut message = parse(b"BO_ 1 A: 8 Vector__XXX\n").schema.messages[0].clone();
            (message.len, message.senders, message.comment) = (len, senders, comment);
            for (at, (mut signal, selection)) in parts.into_iter().enumerate() {
                signal.name = format!("S{at}");
                if at == 0 {
                    signal.role = Role::Switch;
                } else if let Some(ranges) = selection {
                    let ranges = ranges.into_iter().map(|(from, more)| (from, from + more));
                    let ranges = ranges.collect();
                    signal.selection =
                        Some(crate::engine::dbc::schema::Selection { switch: 0, ranges });
                }
                message.signals.push(signal);
            }
            message
        },
    )
}

#[test]
fn random_schemas_come_back_as_they_were() {
    let seed = std::env::var("BUSBAR_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1u64);
    println!("seed {seed} (set BUSBAR_SEED for another)");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    let schemas = (prop::collection::vec(message(), 0..6), words(), prop::option::of(words()));
    let outcome =
        TestRunner::new_with_rng(config, rng).run(&schemas, |(mut messages, version, comment)| {
            for (at, message) in messages.iter_mut().enumerate() {
                message.name = format!("M{at}");
                let raw = at as u32 * 0x31;
                message.id = if at % 2 == 0 {
                    crate::engine::can::frame::Id::standard(raw).unwrap()
                } else {
                    crate::engine::can::frame::Id::extended(raw).unwrap()
                };
            }
            let schema = Schema { messages, version, comment, ..Schema::default() };
            let form = Form { encoding: Encoding::Utf8Marked, line_end: LineEnd::Unix };
            let written = text_of(&schema, form);
            let again = parse(&written);
            prop_assert_eq!(
                schema_without_lines(again.schema),
                schema_without_lines(schema),
                "{}",
                String::from_utf8_lossy(&written)
            );
            Ok(())
        });
    if let Err(failure) = outcome {
        panic!("seed {seed}: {failure}");
    }
}

#[test]
fn a_line_that_begins_with_a_blank_of_another_kind_becomes_no_signal_of_another_message() {
    let text = "VERSION \"\"\n\nBU_: A\n\nBO_ 1 M: 8 A\n\u{a0}SG_ X : 7|16@0+ (1,0) [0|1] \"\" A\n SG_ Y : 23|16@0+ (1,0) [0|1] \"\" A\n\nBO_ 2 N: 8 A\n SG_ Z : 7|16f\n";
    let read = parse(text.as_bytes()).schema;
    let shape = |schema: &Schema| -> Vec<_> {
        schema.messages.iter().map(|m| (m.id, m.signals.len())).collect()
    };
    assert_eq!(shape(&read).iter().map(|(_, signals)| *signals).collect::<Vec<_>>(), [1, 0]);
    let written = text_of(&read, Form::default());
    assert_eq!(
        shape(&parse(&written).schema),
        shape(&read),
        "{}",
        String::from_utf8_lossy(&written)
    );
    assert!(String::from_utf8_lossy(&written).contains("SG_ X"), "the line is kept");
    comes_back("another blank", text.as_bytes());
}

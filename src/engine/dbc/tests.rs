//! The compiled codec against a slow decoder of its own that goes bit by bit, over random
//! messages; and reading, which must stand anything.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::run::Level;
use super::schema::{Kind, Order, Role, Selection};
use super::*;
use crate::engine::can::frame::Id;
use crate::engine::testing::shared_folder;

/// Runs a property over seeded random cases. `BUSBAR_SEED` sets another seed.
fn holds<S: Strategy>(
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let seed = std::env::var("BUSBAR_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1u64);
    println!("seed {seed} (set BUSBAR_SEED for another)");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    if let Err(failure) = TestRunner::new_with_rng(config, rng).run(strategy, property) {
        panic!("seed {seed}: {failure}");
    }
}

/// Bit by bit, as the format describes it; `None` where a bit is not in the data.
fn slow_raw(data: &[u8], signal: &Signal) -> Option<u64> {
    let bit = |at: usize| data.get(at / 8).map(|byte| u64::from(byte >> (at % 8) & 1));
    let mut raw = 0;
    let mut at = usize::from(signal.start);
    for n in 0..u32::from(signal.length) {
        match signal.order {
            Order::Little => {
                raw |= bit(at)? << n;
                at += 1;
            }
            Order::Big => {
                raw = raw << 1 | bit(at)?;
                at = if at % 8 == 0 { at + 15 } else { at - 1 };
            }
        }
    }
    let negative = signal.kind == Kind::Signed && raw >> (signal.length - 1) & 1 == 1;
    Some(if negative && signal.length < 64 { raw | u64::MAX << signal.length } else { raw })
}

fn slow_value(signal: &Signal, raw: u64) -> f64 {
    let whole = signal.factor.fract() == 0.0 && signal.offset.fract() == 0.0;
    if whole && matches!(signal.kind, Kind::Unsigned | Kind::Signed) {
        let raw = if signal.kind == Kind::Signed { i128::from(raw as i64) } else { raw.into() };
        return (raw * signal.factor as i128 + signal.offset as i128) as f64;
    }
    let number = match signal.kind {
        Kind::Unsigned => raw as f64,
        Kind::Signed => raw as i64 as f64,
        Kind::Float => f64::from(f32::from_bits(raw as u32)),
        Kind::Double => f64::from_bits(raw),
    };
    number * signal.factor + signal.offset
}

fn slow_decode(message: &Message, data: &[u8]) -> Vec<(usize, u64, f64)> {
    let there = |signal: &Signal| {
        let mut signal = signal;
        while let Some(selection) = &signal.selection {
            let switch = &message.signals[selection.switch];
            let raw = slow_raw(data, switch)?;
            let holds = selection.ranges.iter().any(|&(from, to)| from <= raw && raw <= to);
            if !holds {
                return None;
            }
            signal = switch;
        }
        Some(())
    };
    let all = message.signals.iter().enumerate();
    let decoded = all.filter_map(|(position, signal)| {
        there(signal)?;
        let raw = slow_raw(data, signal)?;
        Some((position, raw, slow_value(signal, raw)))
    });
    decoded.collect()
}

fn fast_decode(
    codec: &Codec,
    index: MessageIndex,
    data: &[u8],
    row: &mut Row,
) -> Vec<(usize, u64, f64)> {
    codec.decode(index, data, row);
    let mut all: Vec<_> =
        row.values().map(|(at, value)| (at, row.raw(at).unwrap(), value)).collect();
    all.sort_by_key(|(at, ..)| *at);
    for (at, _, value) in &all {
        assert_eq!(row.get(*at).unwrap().to_bits(), value.to_bits());
    }
    all
}

fn same(a: &[(usize, u64, f64)], b: &[(usize, u64, f64)]) -> bool {
    let equal = |(x, y): (&(usize, u64, f64), &(usize, u64, f64))| {
        x.0 == y.0 && x.1 == y.1 && (x.2.to_bits() == y.2.to_bits() || x.2.is_nan() && y.2.is_nan())
    };
    a.len() == b.len() && a.iter().zip(b).all(equal)
}

/// A signal from six random numbers, somewhere in or beyond `bytes`.
fn any_signal(bytes: u16) -> impl Strategy<Value = Signal> {
    let factor = prop_oneof![
        Just((1.0, 0.0)),
        Just((0.1, -40.0)),
        Just((-0.015_625, 3.0)),
        Just((3.0, 7.0)),
        Just((1e-3, 0.0)),
        Just((1024.0, -5.0)),
    ];
    let kind = prop_oneof![
        4 => Just(Kind::Unsigned),
        4 => Just(Kind::Signed),
        1 => Just(Kind::Float),
        1 => Just(Kind::Double)
    ];
    let order = prop_oneof![Just(Order::Little), Just(Order::Big)];
    let length = prop_oneof![1u8..=16, 1u8..=64, Just(64u8)];
    (0..bytes * 8, length, order, kind, factor).prop_map(|(start, length, order, kind, scale)| {
        let length = match kind {
            Kind::Float => 32,
            Kind::Double => 64,
            Kind::Unsigned | Kind::Signed => length,
        };
        let mut signal = plain_signal();
        (signal.start, signal.length, signal.order, signal.kind) = (start, length, order, kind);
        (signal.factor, signal.offset) = scale;
        signal
    })
}

fn plain_signal() -> Signal {
    let text = "BO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\n";
    parse(text.as_bytes()).schema.messages[0].signals[0].clone()
}

/// A message with signals anywhere; some are selected by earlier ones.
fn any_message() -> impl Strategy<Value = Message> {
    let bytes = prop_oneof![3 => Just(8u16), 1 => Just(3u16), 1 => Just(24u16), 1 => Just(64u16)];
    bytes.prop_flat_map(|bytes| {
        let selection =
            (any::<prop::sample::Index>(), prop::collection::vec((0u64..12, 0u64..3), 1..4));
        let one = (any_signal(bytes), prop::option::weighted(0.4, selection));
        prop::collection::vec(one, 1..24).prop_map(move |parts| message_of(bytes, parts))
    })
}

type Part = (Signal, Option<(prop::sample::Index, Vec<(u64, u64)>)>);

fn message_of(bytes: u16, parts: Vec<Part>) -> Message {
    let text = format!("BO_ 1 A: {bytes} X\n");
    let mut message = parse(text.as_bytes()).schema.messages[0].clone();
    for (position, (mut signal, selection)) in parts.into_iter().enumerate() {
        signal.name = format!("S{position}");
        if let Some((switch, ranges)) = selection
            && position > 0
        {
            // Few and short switches, so that frames meet their values.
            let switch = switch.index(position.min(3));
            let above: &mut Signal = &mut message.signals[switch];
            above.role = Role::Switch;
            above.kind = Kind::Unsigned;
            above.length = above.length.min(3);
            let ranges = ranges.into_iter().map(|(from, more)| (from, from + more)).collect();
            signal.selection = Some(Selection { switch, ranges });
        }
        message.signals.push(signal);
    }
    message
}

fn codec_of(message: &Message) -> Codec {
    let schema = Schema { messages: vec![message.clone()], ..Schema::default() };
    Codec::compile(&[&schema])
}

#[test]
fn every_frame_decodes_as_bit_by_bit_at_every_level_of_the_processor() {
    let data = prop::collection::vec(any::<u8>(), 0..=64);
    holds(3000, &(any_message(), data), |(message, data)| {
        let expected = slow_decode(&message, &data);
        for level in Level::all() {
            let codec = codec_of(&message).at_level(level);
            let index = codec.find(message.id).unwrap();
            let mut row = Row::new();
            // A short frame, a whole one, and the same row again.
            for data in [&data[..], &data[..data.len() / 2], &data[..data.len().min(8)], &data[..]]
            {
                let slow = slow_decode(&message, data);
                let fast = fast_decode(&codec, index, data, &mut row);
                prop_assert!(same(&fast, &slow), "{level:?}\n{fast:?}\n{slow:?}");
            }
            prop_assert_eq!(row.len(), expected.len());
        }
        Ok(())
    });
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    let data = prop::collection::vec(any::<u8>(), 64);
    holds(3000, &(any_message(), data), |(mut message, data)| {
        // Overlapping signals cannot hold two values, so each stands alone here.
        for position in 0..message.signals.len() {
            message.signals[position].selection = None;
            let signal = message.signals[position].clone();
            let codec = codec_of(&message);
            let index = codec.find(message.id).unwrap();
            let mut row = Row::new();
            codec.decode(index, &data[..usize::from(message.len)], &mut row);
            let (Some(value), Some(raw)) = (row.get(position), row.raw(position)) else { continue };
            if value.is_nan() || (signal.length > 50 && signal.kind != Kind::Double) {
                continue;
            }
            let mut out = [0; 64];
            let len = codec.encode(index, &[(position, value)], &mut out).unwrap();
            prop_assert_eq!(len, usize::from(message.len));
            codec.decode(index, &out[..len], &mut row);
            if matches!(signal.kind, Kind::Double | Kind::Float) {
                let back = row.get(position).unwrap();
                let near = (back - value).abs() <= value.abs() * 1e-6 + 1e-5;
                prop_assert!(near || back == value, "{} {}", back, value);
            } else {
                prop_assert_eq!(row.raw(position), Some(raw));
                prop_assert_eq!(row.get(position), Some(value));
            }
        }
        Ok(())
    });
}

#[test]
fn a_value_that_is_rounded_up_out_of_its_bits_is_refused() {
    let text = b"BU_: A\nBO_ 1 M: 8 A\n SG_ S : 0|64@1- (1,0) [0|0] \"\" A\nBO_ 2 U: 8 A\n \
SG_ U : 0|64@1+ (1,0) [0|0] \"\" A\nBO_ 3 F: 8 A\n SG_ F : 0|32@1- (1,0) [0|0] \"\" A\n\
SIG_VALTYPE_ 3 F : 1;\n";
    let file = parse(text).schema;
    let put = |place: usize, value: f64| {
        let message = &file.messages[place];
        let codec = codec_of(message);
        let mut out = [0; 64];
        let done = codec.encode(codec.find(message.id).unwrap(), &[(0, value)], &mut out);
        done.is_ok()
    };
    let whole = 2f64.powi(63);
    assert!(put(0, -whole) && put(0, whole - 1024.0) && !put(0, whole), "it became the least");
    assert!(put(1, 2.0 * whole - 2048.0) && !put(1, 2.0 * whole) && !put(1, -1.0));
    assert!(put(2, f64::from(f32::MAX)) && put(2, f64::INFINITY) && !put(2, 1e300));
}

#[test]
fn any_bytes_can_be_read() {
    holds(2000, &prop::collection::vec(any::<u8>(), 0..400), |bytes| {
        drop(parse(&bytes));
        Ok(())
    });
}

const SAMPLE: &str = "VERSION \"1\"\nNS_ :\n\tCM_\n\nBU_: A B\nBO_ 100 M: 8 A\n SG_ X M : 0|8@1+ (1,0) \
[0|0] \"V\" B\n SG_ Y m0M : 8|8@1- (0.5,-3) [0|9] \"\" B\n SG_ Z m1 : 15|16@0+ (1,0) [0|0] \"\" B\n\
BO_TX_BU_ 100 : A,B;\nEV_ E: 0 [0|1] \"\" 0 1 DUMMY A;\nCM_ BO_ 100 \"two\nlines\";\nCM_ \"all\";\n\
BA_DEF_ BO_ \"N\" ENUM \"a\",\"b\";\nBA_DEF_DEF_ \"N\" \"a\";\nBA_ \"N\" BO_ 100 1;\n\
VAL_ 100 X 0 \"off\" 1 \"on\";\nVAL_TABLE_ T 0 \"o\";\nSIG_VALTYPE_ 100 Z : 1;\n\
SG_MUL_VAL_ 100 Z Y 1-3, 5-5;\nSIG_GROUP_ 100 G 1 : X Y;\nBA_REL_ \"R\" BU_BO_REL_ A 100 1;\n";

#[test]
fn a_mangled_file_can_be_read_and_its_frames_decoded() {
    let edit = (
        any::<prop::sample::Index>(),
        0u8..4,
        prop::sample::select(b"\"\\;:|@()[],-0M \nSB_\0\xFF9".to_vec()),
    );
    let edits = prop::collection::vec(edit, 1..12);
    holds(4000, &edits, |edits| {
        let mut bytes = SAMPLE.as_bytes().to_vec();
        for (at, how, byte) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match how {
                0 if !bytes.is_empty() => bytes[at] = byte,
                2 if !bytes.is_empty() => _ = bytes.remove(at),
                3 => bytes.truncate(at),
                _ => bytes.insert(at, byte),
            }
        }
        let parsed = parse(&bytes);
        let codec = Codec::compile(&[&parsed.schema]);
        let mut row = Row::new();
        for (index, message) in codec.messages() {
            let data: Vec<u8> = (0..64).collect();
            let slow = slow_decode(message, &data);
            let fast = fast_decode(&codec, index, &data, &mut row);
            prop_assert!(same(&fast, &slow), "{fast:?}\n{slow:?}");
        }
        Ok(())
    });
}

#[test]
fn every_real_message_decodes_as_bit_by_bit() {
    let Some(folder) = shared_folder() else { return };
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    for entry in std::fs::read_dir(folder.join("data/dbc")).unwrap() {
        let schema = parse(&std::fs::read(entry.unwrap().path()).unwrap()).schema;
        let codec = Codec::compile(&[&schema]);
        let mut row = Row::new();
        for (index, message) in codec.messages() {
            for round in 0..32u64 {
                let data: Vec<u8> = (0..64)
                    .map(|_| {
                        seed ^= seed << 13;
                        seed ^= seed >> 7;
                        seed ^= seed << 17;
                        seed as u8
                    })
                    .collect();
                let mut data = data[..usize::from(message.len).min(64)].to_vec();
                // Multiplexers are mostly small numbers in the first byte.
                if let Some(first) = data.first_mut()
                    && round % 2 == 0
                {
                    *first = round as u8 / 2;
                }
                let slow = slow_decode(message, &data);
                let fast = fast_decode(&codec, index, &data, &mut row);
                assert!(same(&fast, &slow), "{} {data:02X?}\n{fast:?}\n{slow:?}", message.name);
            }
        }
    }
}

#[test]
fn a_device_can_be_moved_to_another_base() {
    let id = 0x98FF_0500u32;
    let text = format!("BO_ 1536 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\nBO_ {id} B: 8 X\n");
    let schema = parse(text.as_bytes()).schema;
    let codec = Codec::compile_shifted(&schema, -0x400);
    let moved = codec.find(Id::standard(0x200).unwrap()).unwrap();
    assert_eq!(codec.message(moved).name, "A");
    assert_eq!(codec.find(Id::standard(0x600).unwrap()), None);
    assert!(codec.find(Id::extended(0x18FF_0500).unwrap()).is_some());
    assert_eq!(Codec::compile_shifted(&schema, 0x600).messages().len(), 1);
}

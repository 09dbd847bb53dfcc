//! What the fuzzer calls, and the property tests with it: any bytes at all into the places that
//! read what others wrote. Each returns when all is well and panics when it is not.

use std::sync::{Arc, OnceLock};

use crate::base::time::Mono;
use crate::engine::can::frame::{Frame, Frames, Id};
use crate::engine::can::slcan::line::{self, Lines, Said};
use crate::engine::can::trace::{Log, OpenLogError};
use crate::engine::dbc::{self, Codec, MessageIndex, Row};
use crate::engine::device::{Catalog, Device};
use crate::engine::pack::{Charger, DriverControls, Pack, PackSettings, Part};
use crate::engine::profile::pack::Pack as ProfilePack;
use crate::engine::profile::parse;

/// Greatest number of frames that one input makes.
const FRAMES: usize = 256;

/// DBC text: any bytes give a schema, and the schema decodes any frame without a word.
pub fn dbc_text(bytes: &[u8]) {
    let parsed = dbc::parse(bytes);
    let codec = Codec::compile(&[&parsed.schema]);
    let shifted = Codec::compile_shifted(&parsed.schema, -0x400);
    let mut row = Row::default();
    let ramp: Vec<u8> = (0..64_u8).map(|n| n.wrapping_mul(37)).collect();
    for codec in [&codec, &shifted] {
        for (index, message) in codec.messages().take(FRAMES) {
            for len in [0, 1, 7, 8, 12, 64] {
                codec.decode(index, &ramp[..len], &mut row);
                assert!(row.len() <= message.signals.len(), "more values than signals");
            }
        }
    }
    comes_back(&parsed);
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    for problem in &parsed.problems {
        assert!(problem.line as usize <= lines + 1, "line {} of {lines}", problem.line);
        assert!(!problem.text.is_empty(), "a problem without words");
    }
}

/// What was read is written, and read again as the same messages with the same signals.
fn comes_back(parsed: &dbc::Parsed) {
    // UTF-8 has every character that damaged bytes can turn into.
    let form = dbc::Form { encoding: dbc::Encoding::Utf8Marked, ..parsed.form };
    let written = dbc::write(&parsed.schema, form);
    assert!(written.is_ok(), "UTF-8 lacks no character");
    let Ok(written) = written else { return };
    let again = dbc::parse(&written.bytes).schema;
    let shapes = |schema: &dbc::Schema| -> Vec<_> {
        let shape = |m: &dbc::Message| {
            let signals: Vec<_> = m
                .signals
                .iter()
                .map(|s| (s.start, s.length, s.order, s.factor, s.offset))
                .collect();
            (m.id, m.len, signals)
        };
        schema.messages.iter().map(shape).collect()
    };
    assert_eq!(shapes(&again), shapes(&parsed.schema), "written otherwise than it was read");
}

/// What an adapter on a serial port says: any bytes are read, every frame is written to a line that reads
/// the same, and a whole line after them is read too.
///
/// # Panics
/// Something is wrong.
pub fn slcan_lines(bytes: &[u8]) {
    let read = |bytes: &[u8]| {
        let mut lines = Lines::default();
        bytes.iter().filter_map(|byte| lines.take(*byte)).collect::<Vec<Said>>()
    };
    for said in read(bytes) {
        let Said::Frame(frame, _) = said else { continue };
        let written = line::write(&frame.view());
        assert_eq!(written.map(|text| read(&text)), Some(vec![Said::Frame(frame, None)]));
    }
    let after = read(&[bytes, b"\rt1230\r"].concat());
    assert!(matches!(after.last(), Some(Said::Frame(..))), "a whole line was not read");
}

/// A recording: any bytes are refused in a sentence, or read to their end.
///
/// # Panics
/// Something is wrong.
pub fn log_lines(bytes: &[u8]) {
    read_whole(Log::from_bytes("fuzz.log", bytes.to_vec()));
}

/// A BLF file: any bytes as a whole file, and as what a container holds.
///
/// # Panics
/// Something is wrong.
pub fn log_blf(bytes: &[u8]) {
    read_whole(Log::from_bytes("fuzz.blf", bytes.to_vec()));
    let mut file = b"LOGG".to_vec();
    file.extend(144_u32.to_le_bytes());
    file.resize(144, 0);
    // Two containers of plain contents, so that an object may straddle them.
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for part in [first, second] {
        file.extend(b"LOBJ\x10\0\x01\0");
        file.extend((32 + part.len() as u32).to_le_bytes());
        file.extend(10_u32.to_le_bytes());
        file.extend([0; 16]);
        file.extend(part);
        file.resize(file.len() + part.len() % 4, 0);
    }
    read_whole(Log::from_bytes("fuzz.blf", file));
}

/// A capture: any bytes as a whole file, as packets of the old form, and as blocks of the new one.
///
/// # Panics
/// Something is wrong.
pub fn log_capture(bytes: &[u8]) {
    read_whole(Log::from_bytes("fuzz.pcap", bytes.to_vec()));
    let mut old = b"\x4D\x3C\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\xE3\0\0\0".to_vec();
    for packet in bytes.chunks(21) {
        old.extend([1, 2, 3, 4, 5, 6, 7, 0]);
        old.extend((packet.len() as u32).to_le_bytes());
        old.extend((packet.len() as u32).to_le_bytes());
        old.extend(packet);
    }
    read_whole(Log::from_bytes("fuzz.pcap", old));
    let mut new = b"\x0A\x0D\x0D\x0A\x1C\0\0\0\x4D\x3C\x2B\x1A\x01\0\0\0".to_vec();
    new.extend([0xFF; 8]);
    new.extend(b"\x1C\0\0\0\x01\0\0\0\x14\0\0\0\xE3\0\0\0\0\0\0\0\x14\0\0\0");
    new.extend(bytes);
    read_whole(Log::from_bytes("fuzz.pcapng", new));
}

/// An MF4 file: any bytes as a whole file. What it is made of is too much for chance, so that the
/// fuzzer begins with sound ones.
///
/// # Panics
/// Something is wrong.
pub fn log_mf4(bytes: &[u8]) {
    read_whole(Log::from_bytes("fuzz.mf4", bytes.to_vec()));
}

/// Reads the recording `file` to its end.
///
/// # Panics
/// Something is wrong.
pub fn read_log(file: &std::path::Path) {
    read_whole(Log::open(file));
}

fn read_whole(opened: Result<Log, OpenLogError>) {
    let log = match opened {
        Ok(log) => log,
        Err(error) => {
            assert!(!error.to_string().is_empty(), "refused without a word");
            return;
        }
    };
    let mut reader = log.reader();
    let mut frames = Frames::default();
    let mut all = 0;
    // A frame needs some bytes of text, so that this ends.
    while reader.read(&mut frames, FRAMES) > 0 {
        all += frames.len();
        let names = reader.bus_names().len();
        for frame in frames.iter() {
            assert!(usize::from(frame.head.bus().0) < names, "a bus without a name");
            assert!(frame.data.len() <= 64, "too long for a frame");
        }
        frames.clear();
    }
    let lines = reader.lines();
    assert!(all as u64 <= lines, "{all} frames in {lines} lines");
    for problem in reader.problems() {
        assert!(u64::from(problem.line) <= lines, "line {} of {lines}", problem.line);
    }
}

/// Messages whose signals do not overlap, so that what is decoded can be encoded again: both byte
/// orders, signs, floats, a switch with two branches, an FD message.
const LAYOUT: &str = r#"VERSION ""
BO_ 256 Little: 8 A
 SG_ one : 0|13@1+ (0.5,-10) [0|0] "V" A
 SG_ two : 13|24@1- (1,0) [0|0] "" A
 SG_ three : 37|1@1+ (1,0) [0|0] "" A
BO_ 257 Big: 8 A
 SG_ one : 7|12@0- (2,0) [0|0] "" A
 SG_ two : 11|20@0+ (0.25,3) [0|0] "" A
BO_ 258 Switch: 8 A
 SG_ which M : 0|8@1+ (1,0) [0|0] "" A
 SG_ left m0 : 8|32@1- (1,0) [0|0] "" A
 SG_ right m1 : 8|16@1+ (0.1,0) [0|0] "" A
BO_ 259 Single: 8 A
 SG_ real : 0|32@1- (1,0) [0|0] "" A
BO_ 260 Wide: 64 A
 SG_ far : 400|17@1- (1,0) [0|0] "" A
 SG_ last : 511|1@1+ (1,0) [0|0] "" A
SIG_VALTYPE_ 259 real : 1;
"#;

/// What frames are decoded with.
struct Bench {
    codec: Codec,
    devices: Vec<Device>,
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let parsed = dbc::parse(LAYOUT.as_bytes());
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        let catalog = Catalog::builtin();
        let devices = catalog.iter().filter_map(|kind| kind.bind(kind.defaults()).ok());
        Bench { codec: Codec::compile(&[&parsed.schema]), devices: devices.collect() }
    })
}

/// Frames: any frame is decoded, taken by every device and shown in every picture; what was decoded
/// encodes to bytes that decode to the same.
///
/// The input is a row of frames: four bytes of id and flags, one of length and time, the data.
pub fn frames(bytes: &[u8]) {
    let Bench { codec, devices } = bench();
    let mut devices = devices.clone();
    let mut facts = Vec::new();
    let mut pack = Pack::new(PackSettings::default());
    let slow = PackSettings::default().slow;
    let (mut charger, mut driver) = (Charger::new(slow), DriverControls::new(slow));
    let part = |device: &Device| Part::new(Arc::clone(&device.kind().sheet), slow, None);
    let mut parts: Vec<Part> = devices.iter().map(part).collect();
    let mut row = Row::default();
    let mut now = Mono::ZERO;
    let mut rest = bytes;
    for _ in 0..FRAMES {
        let Some((frame, after)) = next_frame(rest) else { break };
        now = now.after(std::time::Duration::from_millis(u64::from(rest[4]) * 7));
        rest = after;
        let frame = frame.at(now);
        if let Some(index) = codec.find(frame.id()) {
            round_trip(codec, index, frame.view().data, &mut row);
        }
        for (device, part) in devices.iter_mut().zip(&mut parts) {
            facts.clear();
            device.take(frame.view(), &mut facts);
            for fact in &facts {
                pack.apply(now, fact);
                charger.apply(now, crate::engine::can::frame::Direction::Received, fact);
                driver.apply(now, fact);
                part.apply(now, fact);
            }
        }
    }
    let _ = pack.picture(now);
    let _ = charger.picture(now);
    let _ = driver.picture(now);
    for part in &parts {
        let _ = part.picture(now);
    }
}

fn next_frame(bytes: &[u8]) -> Option<(Frame, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<5>()?;
    let word = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    let id = if word >> 31 == 1 {
        Id::extended(word & 0x1FFF_FFFF)?
    } else {
        Id::standard(word & 0x7FF)?
    };
    let lengths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64];
    let len = if word >> 30 & 1 == 1 { lengths[usize::from(head[4] & 15)] } else { 8 };
    let len = len.min(rest.len());
    let (data, after) = rest.split_at(len);
    let frame = match word >> 28 & 3 {
        0 => Frame::remote(id, len.min(8)),
        1 => Frame::error(word & 0x1FFF_FFFF, &data[..len.min(8)]),
        _ if len <= 8 => Frame::classic(id, data),
        _ => Frame::fd(id, data),
    };
    // A length that no frame has: the input is at its end.
    Some((frame?, after))
}

fn round_trip(codec: &Codec, index: MessageIndex, data: &[u8], row: &mut Row) {
    codec.decode(index, data, row);
    let before: Vec<(usize, f64)> = row.values().collect();
    let sound = before.iter().all(|(_, value)| value.is_finite());
    let whole = data.len() == usize::from(codec.message(index).len);
    assert!(!whole || !before.is_empty(), "a whole frame gave no value: {data:02x?}");
    if !sound || !whole {
        return;
    }
    let mut out = [0; 64];
    let len = match codec.encode(index, &before, &mut out) {
        Ok(len) => len,
        Err(error) => {
            assert!(before.is_empty(), "decoded {before:?} and cannot encode it: {error}");
            return;
        }
    };
    codec.decode(index, &out[..len], row);
    let after: Vec<(usize, f64)> = row.values().collect();
    assert_eq!(before, after, "of {data:02x?}");
}

/// A profile: any text is taken, or refused with lines that the text has.
pub fn profile_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lookup = |name: &str| name.len().is_multiple_of(2).then(|| name.to_lowercase());
    if let Err(problems) = parse::parse(text, &lookup) {
        assert!(!problems.is_empty(), "refused without a word");
        let lines = text.matches('\n').count() + 1;
        for problem in problems {
            assert!(problem.line as usize <= lines, "line {} of {lines}", problem.line);
            assert!(!problem.text.contains('\n'), "more than one line: {}", problem.text);
        }
    }
}

/// A profile pack: any bytes are taken or refused in one line, and what is taken comes back.
pub fn profile_pack(bytes: &[u8]) {
    let lookup = |name: &str| name.len().is_multiple_of(2).then(|| name.to_lowercase());
    match ProfilePack::read(bytes, &lookup) {
        Ok(pack) => {
            // What is taken may be larger once we have packed it: then it is refused, never cut.
            let Ok(written) = pack.write() else { return };
            let again = ProfilePack::read(&written, &lookup);
            assert!(again.is_ok_and(|again| again == pack), "written otherwise than it was read");
        }
        Err(error) => assert!(!error.to_string().is_empty(), "refused without a word"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..400)
    }

    /// Text that looks like what is expected, with something wrong in it.
    fn nearly(lines: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
        let line = (0..lines.len(), any::<proptest::sample::Index>(), any::<u8>(), 0..4_u8);
        proptest::collection::vec(line, 0..12).prop_map(move |picks| {
            let mut text = Vec::new();
            for (pick, at, byte, way) in picks {
                let mut line = lines[pick].as_bytes().to_vec();
                let at = at.index(line.len());
                match way {
                    0 => line[at] = byte,
                    1 => line.truncate(at),
                    2 => line.insert(at, byte),
                    _ => {}
                }
                text.extend(line);
                text.push(b'\n');
            }
            text
        })
    }

    const DBC: &[&str] = &[
        "VERSION \"\"",
        "BO_ 2147484672 Cells: 64 BMU",
        " SG_ Mux M : 0|8@1+ (1,0) [0|0] \"\" X",
        " SG_ Cell m1 : 8|16@1- (0.001,0) [0|5] \"V\" X,Y",
        " SG_ Far : 500|64@0+ (1e-3,-40) [-40|215] \"\" X",
        "SG_MUL_VAL_ 1024 Cell Mux 1-3, 5-5;",
        "SIG_VALTYPE_ 1024 Far : 2;",
        "VAL_ 1024 Mux 0 \"off\" 1 \"on\" ;",
        "VAL_TABLE_ States 1 \"a\" 0 \"b\" ;",
        "CM_ SG_ 1024 Cell \"one",
        "two\";",
        "BA_DEF_ SG_ \"SPN\" INT 0 524287;",
        "BA_ \"SPN\" SG_ 1024 Cell 4294967296;",
        "BU_: BMU X",
    ];
    const LOG: &[&str] = &[
        "(1562885457.402001) can0 6F8#740E1D1001010507",
        "(1562885457.402001) can1 18FF50E5##1740E1D10010105070000000A",
        "(0000000009.9) can0 123#R8",
        " (2019-07-11 22:51:01.500000)  can0  6FA   [8]  A7 5D 02 00 17 0A 00 00",
        "  can0  6FA   [8]  A7 5D 02 00 17 0A 00 00",
        "Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8",
        "166064000,0000021A,false,Rx,0,8,FE,36,12,FE,69,05,07,AD,",
        "timestamp,arbitration_id,extended,remote,error,dlc,data",
        "1483389946.197,0xdadada,1,0,0,6,WzQyLCA5",
        "1320745424.000 CXX OVMS CRTD log",
        "1320745424.002 R11 402 FA 01 C3 A0 96 00 07 01",
    ];
    const PROFILE: &[&str] = &[
        "name = \"P\"",
        "[[bus]]",
        "name = 'b'",
        "address = \"virtual:${IFACE:-x}\" # note",
        "[[component]]",
        "kind = 'elcon-tc'",
        "base = ${BASE}",
        "limits = { cell_min_mv = 1, cell_max_mv = 0x10 }",
        "strings = \"2\"",
    ];

    proptest! {
        #[test]
        fn any_dbc_text_is_taken(bytes in prop_oneof![bytes(), nearly(DBC)]) {
            dbc_text(&bytes);
        }

        #[test]
        fn any_profile_is_taken_or_refused_with_a_line(bytes in prop_oneof![bytes(), nearly(PROFILE)]) {
            profile_text(&bytes);
        }

        #[test]
        fn any_frames_are_taken(bytes in bytes()) {
            frames(&bytes);
        }

        #[test]
        fn frames_of_known_messages_read_back(
            id in 256_u32..261, data in proptest::collection::vec(any::<u8>(), 64),
        ) {
            let length = if id == 260 { 0x4F } else { 8 };
            let word = id | 1 << 30 | 3 << 28;
            let mut bytes = word.to_le_bytes().to_vec();
            bytes.push(length);
            bytes.extend(data);
            frames(&bytes);
        }
    }

    /// Small sound recordings, which the fuzzer begins with too.
    fn seeds() -> Vec<(String, Vec<u8>)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/seeds");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let name =
            |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let mut seeds: Vec<_> = files.map(|f| (name(&f), std::fs::read(&f).unwrap())).collect();
        seeds.sort();
        seeds
    }

    #[test]
    fn every_seed_is_a_sound_recording() {
        let seeds = seeds();
        assert!(seeds.len() >= 7, "{}", seeds.len());
        for (name, bytes) in seeds {
            let log = Log::from_bytes(&name, bytes).unwrap();
            let mut reader = log.reader();
            let mut frames = Frames::default();
            while reader.read(&mut frames, FRAMES) > 0 {}
            assert!(frames.len() > 3 && reader.skipped() == 0, "{name}: {:?}", reader.problems());
        }
    }

    proptest! {
        #[test]
        fn a_binary_recording_with_wrong_bytes_is_refused_or_read_to_its_end(
            pick in any::<proptest::sample::Index>(),
            wrong in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
            cut in any::<proptest::sample::Index>(),
            is_cut: bool,
        ) {
            let seeds = seeds();
            let mut bytes = seeds[pick.index(seeds.len())].1.clone();
            for (at, byte) in wrong {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if is_cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            log_mf4(&bytes);
            log_blf(&bytes);
            log_capture(&bytes);
        }
    }

    #[test]
    fn any_recording_is_refused_or_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("any.log");
        proptest!(|(bytes in prop_oneof![bytes(), nearly(LOG)])| {
            std::fs::write(&file, &bytes).unwrap();
            read_log(&file);
        });
    }
}

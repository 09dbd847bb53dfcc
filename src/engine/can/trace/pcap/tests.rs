//! Captures written by hand, and broken ones.

use super::*;
use crate::engine::can::frame::{Frame, Frames, Id, Kind};
use crate::engine::can::trace::{Log, LogFormat};

fn read(bytes: Vec<u8>) -> (Vec<Frame>, Vec<String>, Vec<String>) {
    let log = Log::from_bytes("some.pcap", bytes).unwrap();
    let mut reader = log.reader();
    let mut batch = Frames::default();
    while reader.read(&mut batch, 100) > 0 {}
    let problems = reader.problems().into_iter().map(|problem| problem.text).collect();
    let frames = batch.iter().map(|frame| frame.to_frame()).collect();
    (frames, problems, reader.bus_names().to_vec())
}

fn refusal(bytes: Vec<u8>) -> String {
    Log::from_bytes("some.pcap", bytes).unwrap_err().to_string()
}

/// The old form, big end first, microseconds, of a link type.
fn old_big(link: u32, packets: &[&[u8]]) -> Vec<u8> {
    let mut bytes = OLD_MICROS.to_be_bytes().to_vec();
    bytes.extend([0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    bytes.extend(link.to_be_bytes());
    for (n, packet) in packets.iter().enumerate() {
        bytes.extend(1_700_000_000_u32.to_be_bytes());
        bytes.extend((n as u32).to_be_bytes());
        bytes.extend((packet.len() as u32).to_be_bytes());
        bytes.extend((packet.len() as u32).to_be_bytes());
        bytes.extend(*packet);
    }
    bytes
}

const PLAIN: [u8; 11] = [0, 0, 1, 0x23, 3, 0, 0, 0, 1, 2, 3];

#[test]
fn the_old_form_is_read_with_either_byte_first() {
    let mut fd = vec![0x98, 0xFF, 0x50, 0xE5, 12, 5, 0, 0];
    fd.extend([9; 12]);
    let error = [0x20, 0, 0, 4, 8, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0];
    let remote = [0x40, 0, 1, 0x23, 5, 0, 0, 0];
    let (frames, problems, buses) = read(old_big(227, &[&PLAIN, &fd, &error, &remote]));
    assert_eq!(problems, [""; 0]);
    assert_eq!(buses, ["can0"]);
    let kinds: Vec<_> = frames.iter().map(|f| (f.kind(), f.len())).collect();
    assert_eq!(kinds, [(Kind::Data, 3), (Kind::Fd, 12), (Kind::Error, 8), (Kind::Remote, 5)]);
    assert!(frames[1].has_bit_rate_switch() && frames[1].id().is_extended());
    assert_eq!(frames[3].time().nanos(), 1_700_000_000_000_003_000);
}

#[test]
fn cooked_captures_say_which_way_a_frame_went() {
    let mut packet = vec![0, 4, 1, 0x18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0C];
    packet.extend(PLAIN);
    let mut ethernet = packet.clone();
    ethernet[15] = 8;
    let (frames, problems, _) = read(old_big(113, &[&packet, &ethernet]));
    assert_eq!((frames.len(), problems.len()), (1, 0));
    assert_eq!(frames[0].direction(), Direction::Sent);
}

#[test]
fn the_new_form_keeps_names_and_directions() {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes).unwrap();
    let frame = Frame::classic(Id::standard(0x123).unwrap(), &[1, 2, 3]).unwrap();
    for n in 0..4_u32 {
        let at = crate::base::time::Mono::from_nanos(1_700_000_000_000_000_001 + i64::from(n));
        let way = if n == 3 { Direction::Sent } else { Direction::Received };
        let name = ["left", "right one"][n as usize % 2];
        writer.frame(&mut bytes, n % 2, name, frame.at(at).going(way).view()).unwrap();
    }
    let log = Log::from_bytes("x", bytes.clone()).unwrap();
    assert_eq!(log.format(), LogFormat::Pcapng);
    let (frames, problems, buses) = read(bytes);
    assert_eq!((frames.len(), problems.len()), (4, 0));
    assert_eq!(buses, ["left", "right one"]);
    assert_eq!(frames[3].time().nanos(), 1_700_000_000_000_000_004);
    assert_eq!((frames[3].direction(), frames[3].bus().0), (Direction::Sent, 1));
}

#[test]
fn a_second_section_has_interfaces_of_its_own() {
    let mut bytes = Vec::new();
    let frame = Frame::classic(Id::standard(0x123).unwrap(), &[]).unwrap();
    for name in ["one", "two"] {
        let mut writer = Writer::new(&mut bytes).unwrap();
        writer.frame(&mut bytes, 0, name, frame.view()).unwrap();
    }
    let log = Log::from_bytes("x", bytes).unwrap();
    let mut reader = log.reader();
    let mut batch = Frames::default();
    assert_eq!(reader.read(&mut batch, 1), 1);
    let mark = reader.mark();
    assert_eq!(reader.read(&mut batch, 9), 1);
    assert_eq!(reader.bus_names(), ["one", "two"]);
    let mut other = log.reader();
    other.go_to(&mark);
    let mut rest = Frames::default();
    assert_eq!(other.read(&mut rest, 9), 1);
    assert_eq!(rest.get(0), batch.get(1));
}

#[test]
fn captures_of_something_else_are_refused() {
    assert!(refusal(old_big(1, &[&PLAIN])).contains("link type 1"));
    let mut bytes = Vec::new();
    Writer::new(&mut bytes).unwrap();
    assert!(refusal(bytes).contains("none of its first interfaces"));
    assert!(refusal(OLD_NANOS.to_le_bytes().to_vec()).contains("header"));
}

#[test]
fn broken_packets_are_skipped_with_their_place() {
    let short = [0, 0, 1, 0x23, 8, 0, 0, 0, 1];
    let wide = [0, 0, 0x10, 0x23, 0, 0, 0, 0];
    let (frames, problems, _) = read(old_big(227, &[&short, &PLAIN, &wide, &[1, 2]]));
    assert_eq!((frames.len(), problems.len()), (1, 3));
    assert!(problems[0].contains("byte 24"), "{problems:?}");
    let mut cut = old_big(227, &[&PLAIN, &PLAIN]);
    cut.truncate(cut.len() - 3);
    let (frames, problems, _) = read(cut);
    assert_eq!((frames.len(), problems.len()), (1, 1));
    let mut huge = old_big(227, &[&PLAIN, &PLAIN]);
    let place = huge.len() - PLAIN.len() - 8;
    huge[place] = 0xFF;
    let (frames, problems, _) = read(huge);
    assert_eq!((frames.len(), problems.len()), (1, 1));
}

#[test]
fn blocks_with_impossible_lengths_end_the_reading() {
    for len in [0_u32, 4, 13, u32::MAX] {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes).unwrap();
        let frame = Frame::classic(Id::standard(0x123).unwrap(), &[]).unwrap();
        writer.frame(&mut bytes, 0, "can0", frame.view()).unwrap();
        bytes.extend(ENHANCED_KIND.to_le_bytes());
        bytes.extend(len.to_le_bytes());
        bytes.extend([0; 40]);
        let (frames, problems, _) = read(bytes);
        let skipped = problems.iter().filter(|text| text.contains("byte ")).count();
        assert_eq!((frames.len(), skipped), (1, 1), "{len}");
    }
}

const ENHANCED_KIND: u32 = 6;

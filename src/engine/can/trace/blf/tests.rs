//! BLF written by hand, broken in many ways, and a real one where the machine has it.

use std::io::{Cursor, Write};

use super::*;
use crate::engine::can::frame::{Direction, Frame, Id, Kind};
use crate::engine::can::trace::{Log, LogFormat};
use crate::engine::testing::shared_data;

const START: i64 = 1_581_670_280_123_000_000;

fn frames(count: usize) -> Vec<Frame> {
    let id = |n: usize| Id::guess(0x100 + n as u32).unwrap();
    (0..count)
        .map(|n| match n % 5 {
            0 => Frame::classic(id(n), &[n as u8; 8]).unwrap(),
            1 => Frame::classic(id(n), &[]).unwrap().going(Direction::Sent),
            2 => Frame::remote(id(n), 5).unwrap(),
            3 => line_flags(Frame::fd(id(n), &[n as u8; 64]).unwrap(), n),
            _ => Frame::error(0x80, &[]).unwrap(),
        })
        .collect()
}

fn line_flags(frame: Frame, n: usize) -> Frame {
    crate::engine::can::trace::line::with_flags(frame, (n / 5 % 4) as u8)
}

fn file(frames: &[Frame]) -> Vec<u8> {
    let mut to = Cursor::new(Vec::new());
    let mut writer = Writer::begin(&mut to, Some(START)).unwrap();
    for (n, frame) in frames.iter().enumerate() {
        writer.frame(&mut to, n as i64 * 1001, 2, frame.view()).unwrap();
    }
    writer.end(&mut to).unwrap();
    to.into_inner()
}

fn read(bytes: Vec<u8>) -> (Vec<Frame>, Vec<String>) {
    let log = Log::from_bytes("some.blf", bytes).unwrap();
    assert_eq!(log.format(), LogFormat::Blf);
    let mut reader = log.reader();
    let mut batch = crate::engine::can::frame::Frames::default();
    while reader.read(&mut batch, 1000) > 0 {}
    let problems = reader.problems().into_iter().map(|problem| problem.text).collect();
    (batch.iter().map(|frame| frame.to_frame()).collect(), problems)
}

/// A file of one container of `method` that claims `claimed` bytes.
fn one_container(method: u16, claimed: u32, contents: &[u8]) -> Vec<u8> {
    let mut bytes = file(&[]);
    bytes.extend(MARK);
    bytes.extend([16, 0, 1, 0]);
    bytes.extend((32 + contents.len() as u32).to_le_bytes());
    bytes.extend(CONTAINER.to_le_bytes());
    bytes.extend(method.to_le_bytes());
    bytes.extend([0; 6]);
    bytes.extend(claimed.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(contents);
    bytes
}

#[test]
fn frames_that_straddle_containers_come_back_as_they_were() {
    let frames = frames(9_000);
    let (back, problems) = read(file(&frames));
    assert_eq!(back.len(), frames.len());
    for (n, (back, frame)) in back.iter().zip(&frames).enumerate() {
        assert_eq!(back.time().nanos(), START + n as i64 * 1001);
        assert_eq!(*back, frame.at(back.time()).on(back.bus()));
    }
    assert!(problems.iter().all(|text| text.contains("local")), "{problems:?}");
}

#[test]
fn containers_may_be_cut_anywhere() {
    // The same contents in containers of 1000 bytes, so that nearly every object straddles.
    let mut whole = file(&frames(50));
    let packed = whole.split_off(144);
    let mut contents = Vec::new();
    block::inflate(&packed[32..], LIMIT, &mut contents).unwrap();
    for piece in contents.chunks(77) {
        whole.extend(&one_container(PLAIN, 0, piece)[144..]);
        whole.extend(vec![0; piece.len() % 4]);
    }
    assert_eq!(read(whole).0.len(), 50);
}

#[test]
fn reading_goes_on_at_every_place() {
    let log = Log::from_bytes("some.blf", file(&frames(7_000))).unwrap();
    let mut reader = log.reader();
    let mut all = crate::engine::can::frame::Frames::default();
    let mut marks = Vec::new();
    loop {
        marks.push((reader.mark(), all.len()));
        if reader.read(&mut all, 997) == 0 {
            break;
        }
    }
    for (mark, count) in marks {
        let mut other = log.reader();
        other.go_to(&mark);
        let mut rest = crate::engine::can::frame::Frames::default();
        while other.read(&mut rest, 500) > 0 {}
        assert_eq!(rest.len(), all.len() - count);
        assert_eq!(rest.get(0), all.get(count));
    }
}

#[test]
fn a_container_that_claims_too_much_is_skipped_with_its_place() {
    for claimed in [u32::MAX, LIMIT as u32 + 1] {
        let (frames, problems) = read(one_container(ZLIB, claimed, b"xx"));
        assert!(frames.is_empty());
        assert!(problems.iter().any(|p| p.contains("byte 144")), "{problems:?}");
    }
    let (frames, problems) = read(one_container(ZLIB, 1000, b"this is not zlib"));
    assert!(frames.is_empty());
    assert!(problems.iter().any(|p| p.contains("unpacked")), "{problems:?}");
    let (frames, problems) = read(one_container(9, 10, b"0123456789"));
    assert!(frames.is_empty() && problems.iter().any(|p| p.contains("unpacked")));
}

#[test]
fn a_bomb_in_a_container_stays_small() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; 80_000_000]).unwrap();
    let bomb = one_container(ZLIB, 1000, &packed.finish().unwrap());
    let (frames, problems) = read(bomb);
    assert!(frames.is_empty());
    assert!(!problems.is_empty());
}

#[test]
fn a_cut_file_gives_what_is_whole() {
    let frames = frames(3_000);
    let whole = file(&frames);
    for end in [whole.len() - 8, whole.len() - 100, whole.len() / 2, 200] {
        let (back, problems) = read(whole[..end].to_vec());
        assert!(back.len() <= frames.len());
        assert!(problems.iter().any(|p| p.contains("byte ")), "{end}: {problems:?}");
    }
}

#[test]
fn broken_objects_cost_only_themselves() {
    let mut one = Vec::new();
    one.extend(&frames_contents(&frames(20)));
    for (at, bytes) in [(8, [0; 4]), (8, [0xFF; 4]), (0, *b"XXXX"), (4, [0xFF; 4])] {
        let mut broken = one.clone();
        broken[at..at + 4].copy_from_slice(&bytes);
        let (back, problems) = read(one_container(PLAIN, 0, &broken));
        assert!(back.len() >= 18, "{at}: {}", back.len());
        assert!(problems.iter().any(|p| p.contains("byte 144")), "{problems:?}");
    }
}

fn frames_contents(frames: &[Frame]) -> Vec<u8> {
    let mut contents = Vec::new();
    block::inflate(&file(frames)[144 + 32..], LIMIT, &mut contents).unwrap();
    contents
}

#[test]
fn fd_objects_of_the_newer_kind_are_frames() {
    let mut object = Vec::new();
    object.extend(MARK);
    object.extend([32, 0, 1, 0]);
    object.extend((32 + 40 + 10_u32).to_le_bytes());
    object.extend(101_u32.to_le_bytes());
    object.extend(1_u32.to_le_bytes());
    object.extend([0; 4]);
    object.extend(5_u64.to_le_bytes());
    object.extend([3, 9, 12, 0]);
    object.extend((0x18FF_50E5 | EXTENDED_ID).to_le_bytes());
    object.extend([0; 4]);
    object.extend(0x3000_u32.to_le_bytes());
    object.extend([0; 18]);
    object.extend([1, 0, 0, 0, 0, 0]);
    object.extend([7; 10]);
    let (back, _) = read(one_container(PLAIN, 0, &object));
    let [frame] = back[..] else { panic!("{back:?}") };
    assert_eq!((frame.kind(), frame.direction()), (Kind::Fd, Direction::Sent));
    // Two bytes that are valid but not there are zero.
    assert_eq!(frame.view().data, [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0]);
    assert!(frame.has_bit_rate_switch() && frame.id().is_extended());
    assert_eq!(frame.time().nanos(), START + 50_000);
}

const EXTENDED_ID: u32 = 1 << 31;

#[test]
fn a_header_that_cannot_be_is_refused() {
    let refusal =
        |bytes: &[u8]| Log::from_bytes("some.blf", bytes.to_vec()).unwrap_err().to_string();
    assert!(refusal(b"LOGG").contains("header"));
    assert!(refusal(b"LOGG\xFF\xFF\xFF\xFF").contains("header"));
}

#[test]
fn a_real_file_is_read_whole() {
    let Some(path) = shared_data("logs/ecubus.blf") else { return };
    let (frames, problems) = read(std::fs::read(path).unwrap());
    let errors = frames.iter().filter(|frame| frame.kind() == Kind::Error).count();
    assert_eq!((frames.len(), errors), (2_526, 1_700), "{problems:?}");
}

/// What a sweep on so many threads gives and tells.
fn swept(log: &Log, count: usize) -> (Vec<Frame>, Vec<crate::base::problem::Problem>, [u64; 3]) {
    let mut all = Vec::new();
    let threads = std::num::NonZeroUsize::new(count).unwrap();
    let reader = log.sweep(threads, &mut |frames, _| {
        all.extend(frames.iter().map(|frame| frame.to_frame()));
        std::ops::ControlFlow::Continue(())
    });
    (all, reader.problems(), [reader.frames(), reader.lines(), reader.skipped()])
}

/// A file whose contents are cut into containers of `size` bytes, every other one packed.
fn cut_into(size: usize, frames: &[Frame]) -> Vec<u8> {
    let mut whole = file(frames);
    let mut at = 144;
    let mut contents = Vec::new();
    while let Some(size) = u32_at(&whole, at + 8) {
        block::inflate(&whole[at + 32..at + size as usize], LIMIT, &mut contents).unwrap();
        at += (size + size % 4) as usize;
    }
    whole.truncate(144);
    for (n, piece) in contents.chunks(size).enumerate() {
        let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(piece).unwrap();
        let (method, body) =
            if n % 2 == 0 { (PLAIN, piece.to_vec()) } else { (ZLIB, to.finish().unwrap()) };
        whole.extend(&one_container(method, piece.len() as u32, &body)[144..]);
        whole.extend(vec![0; body.len() % 4]);
    }
    whole
}

/// Frames whose bytes look like an object of the file.
fn deceptive(count: usize) -> Vec<Frame> {
    let mut bytes = [0; 64];
    bytes[8..24].copy_from_slice(b"LOBJ\x10\0\x01\0\x28\0\0\0\x41\0\0\0");
    let id = Id::guess(0x100).unwrap();
    (0..count).map(|_| Frame::fd(id, &bytes).unwrap()).collect()
}

#[test]
fn parts_begin_where_the_one_before_ends_and_not_where_it_looks_so() {
    let mixed: Vec<Frame> = frames(300).into_iter().chain(deceptive(100)).collect();
    for size in [60, 77, 100, 316, 1000, 5000] {
        let log = Log::from_bytes("some.blf", cut_into(size, &mixed)).unwrap();
        let alone = swept(&log, 1);
        assert_eq!(alone.0.len(), mixed.len(), "{size}");
        assert_eq!(swept(&log, 3), alone, "{size}");
    }
}

proptest::proptest! {
    #[test]
    fn any_damage_gives_the_same_on_many_threads(
        size in 40..700_usize, place in 144..20_000_usize, bits: u8, cut in 144..30_000_usize,
    ) {
        let mixed: Vec<Frame> = frames(100).into_iter().chain(deceptive(20)).collect();
        let mut bytes = cut_into(size, &mixed);
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= bits;
        }
        bytes.truncate(cut);
        let log = Log::from_bytes("some.blf", bytes).unwrap();
        let (alone, together) = (swept(&log, 1), swept(&log, 3));
        proptest::prop_assert_eq!(&together.1, &alone.1);
        proptest::prop_assert_eq!(together.2, alone.2);
        proptest::prop_assert!(together.0 == alone.0);
    }
}

#[test]
fn containers_unpacked_ahead_give_the_same() {
    let mut bytes = file(&frames(9_000));
    // One of the containers in the middle is broken.
    for broken in [false, true] {
        if broken {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0xFF;
        }
        let log = Log::from_bytes("some.blf", bytes.clone()).unwrap();
        let ways = [1, 3].map(|count| swept(&log, count));
        assert_eq!(ways[0], ways[1]);
        assert!(ways[0].0.len() > 3_000);
    }
}

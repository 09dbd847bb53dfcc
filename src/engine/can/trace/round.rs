//! Round trips: what is written in a format is read back as it was, but for what the format is said
//! not to keep; and nothing is lost that is not listed.

use std::io::Cursor;

use proptest::prelude::*;

use super::keeps::{Hold, Keeps, Loss, Losses};
use super::scribe::Scribe;
use super::*;
use crate::base::time::{TimeSource, Wall};
use crate::engine::can::frame::{Direction, Frame, Frames, Id, Kind};
use crate::engine::can::trace::line;

const FORMATS: [LogFormat; 10] = [
    LogFormat::Candump,
    LogFormat::Asc,
    LogFormat::Trc,
    LogFormat::ArrowPoint,
    LogFormat::Gvret,
    LogFormat::Crtd,
    LogFormat::Blf,
    LogFormat::Pcap,
    LogFormat::Pcapng,
    LogFormat::Mf4,
];

/// Begins on 14 February 2020, not on a whole millisecond.
const START: i64 = 1_581_670_280_123_456_789;

fn write(format: LogFormat, zero: Option<i64>, frames: &[(&str, Frame)]) -> (Vec<u8>, Losses) {
    let wall_at_zero = zero.map(Wall::from_nanos);
    let timebase = Timebase { source: TimeSource::Recording, wall_at_zero };
    let mut scribe = Scribe::new(Cursor::new(Vec::new()), format, timebase).unwrap();
    frames.iter().for_each(|(bus, frame)| scribe.frame(bus, frame.view()).unwrap());
    let (to, lost) = scribe.finish().unwrap();
    (to.into_inner(), lost)
}

fn read(format: LogFormat, bytes: Vec<u8>) -> Vec<(String, Frame)> {
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).into_owned();
    let log = Log::from_bytes("round trip", bytes).unwrap();
    assert_eq!(log.format(), format);
    let mut reader = log.reader();
    let mut frames = Frames::default();
    while reader.read(&mut frames, 100) > 0 {}
    assert_eq!(reader.skipped(), 0, "{:?}\n{shown}", reader.problems());
    let name = |frame: &Frame| reader.bus_names()[usize::from(frame.bus().0)].clone();
    frames
        .iter()
        .map(|f| f.to_frame())
        .map(|f| (name(&f), f.on(crate::base::id::BusId(0))))
        .collect()
}

/// Writes frames and reads them back: as many come back as were not left out, and each is what the
/// format is said to keep of it.
fn there_and_back(format: LogFormat, zero: Option<i64>, frames: &[(&str, Frame)]) -> Losses {
    let (bytes, lost) = write(format, zero, frames);
    let keeps = Keeps::of(format);
    let mut counted = Losses::default();
    let fit = |(bus, frame): &(&str, Frame), counted: &mut Losses| {
        let at = Mono::from_nanos(frame.time().nanos() + zero.unwrap_or(0));
        keeps.fit(format, frame.at(at).view(), counted).map(|frame| (bus.to_string(), frame))
    };
    let expected: Vec<_> = frames.iter().filter_map(|f| fit(f, &mut counted)).collect();
    assert_eq!(expected.len() as u64 + lost.left_out(), frames.len() as u64);
    if expected.is_empty() {
        return lost;
    }
    let back = read(format, bytes);
    assert_eq!(back.len(), expected.len(), "{format:?}");
    for ((bus, back), (name, expected)) in back.iter().zip(&expected) {
        let at = match keeps.date {
            Hold::Nothing => {
                Mono::from_nanos(expected.time().nanos().rem_euclid(86_400 * 1_000_000_000))
            }
            Hold::Whole | Hold::Part => expected.time(),
        };
        assert_eq!(*back, expected.at(at), "{format:?} {lost:?}");
        match keeps.buses {
            Hold::Nothing => assert_eq!(bus, "can0"),
            Hold::Whole | Hold::Part => assert_eq!(bus, name, "{format:?}"),
        }
    }
    lost
}

fn some_frames() -> Vec<(&'static str, Frame)> {
    let id = Id::standard(0x123).unwrap();
    let wide = Id::extended(0x123).unwrap();
    let details = [0, 0, 4, 0, 0, 0, 17, 33];
    let frames = [
        Frame::classic(id, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap(),
        Frame::classic(wide, &[]).unwrap(),
        Frame::classic(id, &[0xAB]).unwrap().going(Direction::Sent),
        Frame::remote(id, 0).unwrap(),
        Frame::remote(wide, 8).unwrap().going(Direction::Sent),
        Frame::error(0x80, &[]).unwrap(),
        Frame::error(0x80, &details).unwrap(),
        Frame::error(0x2C, &[1; 8]).unwrap(),
        Frame::fd(id, &[]).unwrap(),
        Frame::fd(wide, &[1, 2, 3]).unwrap().with_bit_rate_switch(),
        Frame::fd(id, &[9; 12]).unwrap().with_error_state_indicator(),
        Frame::fd(wide, &[7; 64]).unwrap().with_bit_rate_switch().with_error_state_indicator(),
    ];
    let at = |n: usize| Mono::from_nanos(n as i64 * 1_000_000);
    frames.into_iter().enumerate().map(|(n, frame)| ("can0", frame.at(at(n)))).collect()
}

/// What is lost of the frames above, format by format: the whole list, so that nothing is lost in
/// silence and nothing is said to be lost that is there.
#[test]
fn every_format_loses_what_it_says_and_nothing_else() {
    let start = START / 1_000_000 * 1_000_000;
    let expected: [(LogFormat, &[(Loss, u64)]); 10] = [
        (LogFormat::Candump, &[]),
        (LogFormat::Asc, &[(Loss::ErrorDetails, 2)]),
        (LogFormat::Trc, &[(Loss::ErrorDetails, 1)]),
        (
            LogFormat::ArrowPoint,
            &[
                (Loss::Date, 6),
                (Loss::Direction, 2),
                (Loss::RemoteLength, 1),
                (Loss::Error, 3),
                (Loss::Fd, 4),
            ],
        ),
        (
            LogFormat::Gvret,
            &[(Loss::Remote, 2), (Loss::Error, 3), (Loss::FdForm, 2), (Loss::FdFlags, 3)],
        ),
        (
            LogFormat::Crtd,
            &[(Loss::Remote, 2), (Loss::Error, 3), (Loss::FdForm, 2), (Loss::FdFlags, 3)],
        ),
        (LogFormat::Blf, &[(Loss::ErrorDetails, 2)]),
        (LogFormat::Pcap, &[(Loss::Direction, 2)]),
        (LogFormat::Pcapng, &[]),
        (LogFormat::Mf4, &[(Loss::ErrorDetails, 2)]),
    ];
    for (format, losses) in expected {
        let lost = there_and_back(format, Some(start), &some_frames());
        let mut wanted = Losses::default();
        for (loss, count) in losses {
            (0..*count).for_each(|_| wanted.add(*loss));
        }
        if format == LogFormat::ArrowPoint {
            assert_eq!(lost.of(Loss::Date), 5, "the frames that are left");
            wanted = lost.clone();
        }
        assert_eq!(lost, wanted, "{format:?}");
    }
}

#[test]
fn a_recording_without_a_date_stays_without_one() {
    for format in FORMATS {
        let (bytes, _) = write(format, None, &some_frames());
        let log = Log::from_bytes("undated", bytes).unwrap();
        assert_eq!(log.timebase().wall_at_zero, None, "{format:?}");
        there_and_back(format, None, &some_frames());
    }
}

#[test]
fn buses_keep_their_names_where_the_format_has_names_and_their_numbers_elsewhere() {
    let frame = some_frames()[0].1;
    let buses = ["can0", "can7", "vehicle bus", "can1"];
    let frames: Vec<_> = buses.iter().map(|bus| (*bus, frame)).collect();
    for format in FORMATS {
        let (bytes, lost) = write(format, Some(START), &frames);
        let names: Vec<_> = read(format, bytes).into_iter().map(|(name, _)| name).collect();
        let (wanted, loss): (&[&str], _) = match format {
            LogFormat::Pcapng => (&["can0", "can7", "vehicle_bus", "can1"], Loss::BusName),
            LogFormat::Candump => (&["can0", "can7", "vehicle_bus", "can1"], Loss::BusName),
            LogFormat::Pcap | LogFormat::ArrowPoint => (&["can0"; 4], Loss::Bus),
            // The nameless number is taken, so that can1 becomes another.
            _ => (&["can0", "can7", "can1", "can2"], Loss::BusName),
        };
        assert_eq!(names, wanted, "{format:?}");
        assert!(lost.of(loss) > 0, "{format:?}");
    }
}

#[test]
fn times_before_the_first_frame_are_counted_where_they_cannot_be_written() {
    let (_, frame) = some_frames()[0];
    let second = Mono::from_millis(1000);
    let frames = [("can0", frame.at(second)), ("can0", frame.at(Mono::ZERO))];
    for format in FORMATS {
        let (bytes, lost) = write(format, Some(START), &frames);
        let from_start =
            matches!(format, LogFormat::Asc | LogFormat::Trc | LogFormat::Blf | LogFormat::Mf4);
        assert_eq!(lost.of(Loss::Time), u64::from(from_start), "{format:?}");
        assert_eq!(read(format, bytes).len(), 2);
    }
}

#[test]
fn a_recording_without_frames_is_still_a_file_of_its_kind() {
    for format in FORMATS {
        let (bytes, lost) = write(format, Some(START), &[]);
        assert_eq!(lost, Losses::default());
        if let Ok(log) = Log::from_bytes("empty", bytes) {
            assert_eq!(log.reader().read(&mut Frames::default(), 10), 0, "{format:?}");
        }
    }
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let id = prop_oneof![
        (0..=Id::MAX_STANDARD).prop_map(|raw| Id::standard(raw).unwrap()),
        (0..=Id::MAX_EXTENDED).prop_map(|raw| Id::extended(raw).unwrap()),
    ];
    let len = prop::sample::select(vec![0_usize, 1, 2, 7, 8, 12, 16, 20, 24, 32, 48, 64]);
    let parts = (id, len, 0..4_u8, any::<[u8; 64]>(), any::<u8>());
    parts.prop_map(|(id, len, kind, bytes, flags)| {
        let short = &bytes[..len.min(8)];
        let frame = match kind {
            0 => Frame::classic(id, short).unwrap(),
            1 => Frame::remote(id, short.len()).unwrap(),
            2 => Frame::error(id.raw(), short).unwrap(),
            _ => line::with_flags(Frame::fd(id, &bytes[..len]).unwrap(), flags & 3),
        };
        if flags & 4 == 0 { frame } else { frame.going(Direction::Sent) }
    })
}

proptest! {
    /// Any frames, in order, on any bus with a number, dated or not.
    #[test]
    fn any_recording_comes_back_but_for_what_is_listed(
        frames in prop::collection::vec((any_frame(), 0..5_u64, 0..1_000_000_000_i64), 1..40),
        format in prop::sample::select(FORMATS.to_vec()),
        is_dated: bool,
    ) {
        const NAMES: [&str; 5] = ["can0", "can1", "can2", "can9", "can254"];
        let mut at = 0;
        let frames: Vec<_> = frames
            .into_iter()
            .map(|(frame, bus, step)| {
                at += step;
                (NAMES[bus as usize], frame.at(Mono::from_nanos(at)))
            })
            .collect();
        there_and_back(format, is_dated.then_some(START), &frames);
    }

    /// What loses nothing by its own account is the same, whatever that account is made of.
    #[test]
    fn what_is_not_listed_is_the_same(
        frame in any_frame(), format in prop::sample::select(FORMATS.to_vec()), us in 0..1_000_000_i64,
    ) {
        let frame = frame.at(Mono::from_nanos(us * 1000));
        let (bytes, lost) = write(format, Some(START / 1000 * 1000), &[("can0", frame)]);
        if lost == Losses::default() {
            let back = read(format, bytes);
            prop_assert_eq!(back.len(), 1);
            prop_assert_eq!(&back[0].0, "can0");
            prop_assert_eq!(back[0].1, frame.at(Mono::from_nanos(START / 1000 * 1000 + us * 1000)));
        } else {
            prop_assert!(frame.kind() != Kind::Data || format != LogFormat::Candump);
        }
    }
}

//! Whole recordings: small ones made here, and the real ones where the machine has them.

use std::io::Write;

use proptest::prelude::*;

use super::reader::PROBLEM_LIMIT;
use super::*;
use crate::base::problem::{Problem, Severity};
use crate::base::time::Wall;
use crate::engine::can::frame::{Direction, Frame, Frames, Id, Kind};
use crate::engine::testing::{shared_data, shared_folder};

fn kept(text: &[u8]) -> (tempfile::NamedTempFile, Log) {
    let file = written(text);
    let log = Log::open(file.path()).unwrap();
    (file, log)
}

fn written(text: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    file
}

fn refusal(text: &[u8]) -> String {
    let file = written(text);
    let said = Log::open(file.path()).unwrap_err().to_string();
    let name = file.path().display().to_string();
    assert!(said.starts_with(&name) && !said.contains('\n'), "{said}");
    said
}

fn all(log: &Log) -> (Vec<Frame>, Reader) {
    let mut reader = log.reader();
    let mut frames = Frames::default();
    while reader.read(&mut frames, 1000) > 0 {}
    (frames.iter().map(|f| f.to_frame()).collect(), reader)
}

fn contents(frames: &[Frame]) -> Vec<(Id, Vec<u8>)> {
    frames.iter().map(|f| (f.id(), f.view().data.to_vec())).collect()
}

#[test]
fn a_format_is_found_behind_comments_and_broken_lines() {
    let text = b"# my drive\n\n;note\nhalf a li\n(1436509052.249713) can0 123#11\n";
    let (_file, log) = kept(text);
    assert_eq!(log.format(), LogFormat::Candump);
    let (frames, reader) = all(&log);
    assert_eq!(frames.len(), 1);
    assert_eq!((reader.skipped(), reader.lines()), (1, 5));
    let [problem] = &reader.problems()[..] else { panic!("{:?}", reader.problems()) };
    assert_eq!((problem.line, problem.severity), (4, Severity::Error));
    assert!(problem.text.contains("half a li"), "{}", problem.text);
    assert_eq!(log.timebase().wall_at_zero, Some(Wall::from_nanos(0)));
    assert_eq!(reader.bus_names(), ["can0"]);
}

#[test]
fn every_format_is_known_by_its_content() {
    let format = |text: &str| kept(text.as_bytes()).1.format();
    assert_eq!(format(" (000.1)  can0  123   [1]  11\n"), LogFormat::CandumpScreen);
    assert_eq!(format("  vcan0       123   [1]  11\n"), LogFormat::CandumpScreen);
    assert_eq!(format("22:51:46.481 , 1 , 0x0x6F8 , , 0x0705010110, 1.0"), LogFormat::ArrowPoint);
    assert_eq!(format("166064000,0000021A,false,0,1,FE,\n"), LogFormat::Gvret);
    assert_eq!(format("0.0,0x21A,1,1,0,0,\n0.0,0x21A,1,0,0,0,\n"), LogFormat::PythonCan);
    assert_eq!(format("date Fri\nbase hex\n 0.1 1 123 Rx d 0\n"), LogFormat::Asc);
    assert_eq!(format(";$FILEVERSION=1.1\n 1) 1.0 Rx 0123 0\n"), LogFormat::Trc);
    assert_eq!(format("\u{FEFF}166.064000 R11 0000021A FE\n"), LogFormat::Crtd);
}

#[test]
fn a_file_that_is_no_recording_is_refused_in_one_sentence() {
    assert!(refusal(b"").contains("empty"));
    assert!(refusal(b" \n\n").contains("empty"));
    assert!(refusal(&[0; 5000]).contains("no text"));
    assert!(refusal(b"Dear reader,\nthis is a letter.\n").contains("line 1 is “Dear reader,”"));
    assert!(refusal(b"\xFF\xFE(\x001\0").contains("UTF-16"));
    assert!(refusal(b"LOGG\x90\0\0").contains("begins like Vector BLF, but"));
    let missing = Log::open(Path::new("/nowhere/at all.log")).unwrap_err().to_string();
    assert!(
        missing.starts_with("/nowhere/at all.log: the recording cannot be opened"),
        "{missing}"
    );
    assert!(Log::open(&std::env::temp_dir()).unwrap_err().to_string().contains("folder"));
}

#[test]
fn a_line_without_end_is_passed_over() {
    let mut text = b"(1436509052.000000) can0 123#11\n".to_vec();
    text.extend(vec![b'x'; 3_000_000]);
    text.extend(b"\n(1436509053.000000) can0 123#22\n");
    let (_file, log) = kept(&text);
    let (frames, reader) = all(&log);
    assert_eq!((frames.len(), reader.skipped()), (2, 1));
    assert_eq!(reader.problems()[0].line, 2);
    assert!(reader.problems()[0].text.contains("longer than 65536 bytes"));
}

#[test]
fn a_huge_file_of_zeros_behind_a_frame_is_one_broken_line() {
    let file = written(b"(1436509052.000000) can0 123#11\n");
    // Sparse: 4 GB that take no room on the disk.
    if file.as_file().set_len(4 << 30).is_err() {
        eprintln!("skipped: no sparse files here");
        return;
    }
    let log = Log::open(file.path()).unwrap();
    let mut reader = log.reader();
    let mut frames = Frames::default();
    assert_eq!(reader.read(&mut frames, 1), 1);
    assert_eq!(log.size(), Some(4 << 30));
}

#[test]
fn a_cut_off_file_says_where_it_was_cut() {
    let (_file, log) = kept(b"(1436509052.000000) can0 123#1122\n(1436509053.000000) can0 12");
    let (frames, reader) = all(&log);
    assert_eq!((frames.len(), reader.skipped()), (1, 1));
    assert_eq!(reader.problems()[0].line, 2);
    let (_file, log) = kept(b"(1436509052.000000) can0 123#1122\n(1436509053.000000) can0 123#11");
    let (frames, reader) = all(&log);
    assert_eq!((frames.len(), reader.skipped()), (2, 0));
    assert!(reader.problems()[0].text.contains("no end"));
}

#[test]
fn time_that_runs_backwards_keeps_the_order_of_the_file() {
    let (_file, log) =
        kept(b"(1436509052.5) a 1#\n(1436509052.4) b 2#\n(1436509053) a 3#\n(1436509051) a 4#\n");
    let (frames, reader) = all(&log);
    let ids: Vec<_> = frames.iter().map(|f| f.id().raw()).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    assert_eq!(reader.bus_names(), ["a", "b"]);
    let [problem] = &reader.problems()[..] else { panic!("{:?}", reader.problems()) };
    assert_eq!(problem.line, 2);
    assert!(problem.text.contains("backwards 2 times"), "{}", problem.text);
}

#[test]
fn a_recording_without_a_date_says_so() {
    let (_file, log) = kept(b"(166.0) can0 123#11\n");
    assert_eq!(log.timebase().wall_at_zero, None);
    assert!(all(&log).1.problems()[0].text.contains("no date"));
}

#[test]
fn only_so_many_broken_lines_are_kept_and_all_are_counted() {
    let mut text = b"(1436509052.5) can0 123#\n".to_vec();
    (0..250).for_each(|n| writeln!(text, "broken {n}").unwrap());
    let (_file, log) = kept(&text);
    let (_, reader) = all(&log);
    assert_eq!(reader.skipped(), 250);
    let problems = reader.problems();
    assert_eq!(problems.len(), PROBLEM_LIMIT + 1);
    assert_eq!(problems.last().unwrap().text, "150 more lines were skipped");
}

#[test]
fn too_many_buses_are_too_many() {
    let mut text = Vec::new();
    (0..300).for_each(|n| writeln!(text, "(1436509052.5) bus{n} 123#").unwrap());
    let (_file, log) = kept(&text);
    let (frames, reader) = all(&log);
    assert_eq!((frames.len(), reader.skipped(), reader.bus_names().len()), (256, 44, 256));
}

#[test]
fn reading_goes_on_at_a_mark() {
    let mut text = Vec::new();
    (0..1000).for_each(|n| writeln!(text, "(1436509052.{n:06}) can0 {n:03X}#").unwrap());
    let (_file, log) = kept(&text);
    let mut reader = log.reader();
    let mut frames = Frames::default();
    reader.read(&mut frames, 400);
    let mark = reader.mark();
    reader.read(&mut frames, 1000);
    reader.go_to(&mark);
    let mut again = Frames::default();
    assert_eq!(reader.read(&mut again, 10_000), 600);
    assert_eq!(again.get(0), frames.get(400));
}

#[test]
fn one_capture_in_three_formats_gives_the_same_frames() {
    let names = ["candump.log", "gvret.csv", "crtd.txt"];
    let formats = [LogFormat::Candump, LogFormat::Gvret, LogFormat::Crtd];
    let mut first: Option<Vec<(Id, Vec<u8>)>> = None;
    for (name, format) in names.into_iter().zip(formats) {
        let Some(path) = shared_data(&format!("logs/think-city.{name}")) else { return };
        let log = Log::open(&path).unwrap();
        assert_eq!(log.format(), format);
        let (frames, reader) = all(&log);
        assert_eq!((frames.len(), reader.skipped()), (12_974, 0), "{name}");
        let contents = contents(&frames);
        assert_eq!(*first.get_or_insert_with(|| contents.clone()), contents, "{name}");
    }
}

#[test]
fn both_recordings_of_the_two_bmus_agree() {
    let Some(csv) = shared_data("logs/prohelion-two-bmu-elcon-charge.arrowpoint.csv") else {
        return;
    };
    let Some(log) = shared_data("logs/prohelion-two-bmu-elcon-charge.candump.log") else { return };
    let csv = Log::open(&csv).unwrap();
    assert_eq!(csv.format(), LogFormat::ArrowPoint);
    assert_eq!(csv.timebase().wall_at_zero, None);
    let (table, reader) = all(&csv);
    assert_eq!((table.len(), reader.skipped()), (32_284, 0));
    assert!(reader.problems().iter().any(|p| p.text.contains("539 bridge heartbeats")));
    let (lines, reader) = all(&Log::open(&log).unwrap());
    assert_eq!((lines.len(), reader.skipped()), (32_284, 0));
    assert_eq!(contents(&table), contents(&lines));
    let spans = [&table, &lines].map(|f| f[f.len() - 1].time().since(f[0].time()));
    assert_eq!(spans[0], spans[1]);
}

#[test]
fn the_other_real_logs_are_read_whole() {
    let Some(orion) = shared_data("logs/orion-ev-candump.log") else { return };
    let (frames, reader) = all(&Log::open(&orion).unwrap());
    assert_eq!((frames.len(), reader.skipped()), (50_660, 0));
    let Some(multiple) = shared_data("logs/css-multiple.log") else { return };
    let (frames, reader) = all(&Log::open(&multiple).unwrap());
    assert_eq!((frames.len(), reader.skipped()), (164, 0));
    assert_eq!(reader.bus_names(), ["can0", "can1"]);
    assert!(frames.iter().any(|f| f.kind() == Kind::Fd && f.len() == 64));
    let contents_of = |name: &str, frames: usize| {
        let path = shared_data(&format!("logs/{name}"))?;
        let (read, reader) = all(&Log::open(&path).unwrap());
        assert_eq!((read.len(), reader.skipped()), (frames, 0), "{name}: {:?}", reader.problems());
        Some(contents(&read))
    };
    let source = contents(&frames);
    for name in ["css-multiple.asc", "css-multiple.trc"] {
        assert_eq!(contents_of(name, 164), Some(source.clone()), "{name}");
    }
    contents_of("nmea2000-pcan-view.trc", 12_274);
    contents_of("foxbms.trc", 9);
    contents_of("ecubus.asc", 36);
}

#[test]
fn every_file_of_the_shared_folder_opens_or_is_refused_with_a_reason() {
    let Some(folder) = shared_folder() else { return };
    let mut opened = 0;
    for part in ["logs", "dbc"] {
        for file in std::fs::read_dir(folder.join("data").join(part)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            match Log::open(&path) {
                Ok(log) => {
                    assert_eq!(part, "logs", "{name} is no recording");
                    let (alone, one) = all(&log);
                    assert!(!alone.is_empty(), "{name}");
                    assert_eq!(one.failure(), None, "{name}");
                    // Whatever is not a frame is named.
                    assert_eq!(one.skipped() > 0, one.problems().iter().any(is_error), "{name}");
                    let mut together = Vec::new();
                    let threads = std::num::NonZeroUsize::new(3).unwrap();
                    let many = log.sweep(threads, &mut |frames, _| {
                        together.extend(frames.iter().map(|frame| frame.to_frame()));
                        std::ops::ControlFlow::Continue(())
                    });
                    assert!(together == alone, "{name} on several threads");
                    assert_eq!(many.problems(), one.problems(), "{name}");
                    opened += 1;
                }
                Err(refused) => {
                    let said = refused.to_string();
                    assert!(said.contains(name) && !said.contains('\n'), "{said}");
                }
            }
        }
    }
    assert!(opened >= 14, "{opened}");
}

fn is_error(problem: &Problem) -> bool {
    problem.severity == Severity::Error
}

/// Lines that are nearly right: real ones of every format, and pieces of them.
fn crooked_lines() -> impl Strategy<Value = Vec<u8>> {
    let real = prop::sample::select(vec![
        "(1436509052.249713) vcan0 044#2A366C2BBA",
        "(1436509052.249713) vcan0 18FF50E5##3001122334455667788990011 T",
        "(1436509052.249713) can0 123#R8",
        " (1436509052.249713)  can0  RX - -  123   [8]  11 22 33 44 55 66 77 88   '.\"3DUfw.'",
        "  can0  20000004   [8]  00 08 00 00 00 00 00 00   ERRORFRAME",
        " (2015-07-10 06:17:32.249713)  can0  123   [3]  33`22`11",
        "22:51:46.481  , 1  , 0x0x6F8   ,      , 0x07050101101d0e74, 1.0E-34, 3.0E-29",
        "166064000,0000021A,false,Rx,0,8,FE,36,12,FE,69,05,07,AD,",
        "1436509052.249713 1R11 0000021A FE 36 12 FE 69 05 07 AD ",
    ]);
    let cut = (real, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>());
    let line = cut.prop_map(|(line, from, at, byte)| {
        let mut line = line.as_bytes().to_vec();
        let at = at.index(line.len());
        line[at] = byte;
        line.split_off(from.index(line.len() * 4).saturating_sub(3 * line.len()))
    });
    let noise = prop::collection::vec(any::<u8>(), 0..40);
    let lines = prop::collection::vec(prop_oneof![4 => line, 1 => noise], 0..60);
    lines.prop_map(|lines| lines.join(&b'\n'))
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let id = prop_oneof![
        (0..=Id::MAX_STANDARD).prop_map(|raw| Id::standard(raw).unwrap()),
        (0..=Id::MAX_EXTENDED).prop_map(|raw| Id::extended(raw).unwrap()),
    ];
    let lengths = prop::sample::select(vec![0_usize, 1, 3, 8, 12, 48, 64]);
    let parts = (id, lengths, 0..4_u8, any::<[u8; 64]>(), 0..4_000_000_000_i64, any::<bool>());
    parts.prop_map(|(id, len, kind, bytes, us, sent)| {
        let short = &bytes[..len.min(8)];
        let frame = match kind {
            0 => Frame::classic(id, short).unwrap(),
            1 => Frame::remote(id, short.len()).unwrap(),
            2 => Frame::error(id.raw(), short).unwrap(),
            _ => Frame::fd(id, &bytes[..len]).unwrap().with_bit_rate_switch(),
        };
        let way = if sent { Direction::Sent } else { Direction::Received };
        frame.at(Mono::from_nanos(us * 1000)).going(way)
    })
}

proptest! {
    #[test]
    fn whatever_a_file_holds_every_line_of_it_is_accounted_for(bytes in crooked_lines()) {
        let lines = bytes.split(|b| *b == b'\n').count() as u64;
        if let Ok(log) = Log::from_bytes("crooked.log", bytes) {
            let (frames, reader) = all(&log);
            prop_assert!(frames.len() as u64 + reader.skipped() <= lines);
            prop_assert!(reader.lines() == lines || reader.lines() + 1 == lines);
            let last = log.last_time(frames[0].time());
            prop_assert!(last.is_some() || !log.time_style().is_absolute());
        }
    }

    #[test]
    fn frames_written_as_a_candump_log_read_back(frames in prop::collection::vec(any_frame(), 1..40)) {
        let mut text = Vec::new();
        frames.iter().for_each(|f| write::write_line(&mut text, "can0", f.view()).unwrap());
        let log = Log::from_bytes("written.log", text).unwrap();
        let (back, reader) = all(&log);
        prop_assert_eq!(reader.skipped(), 0);
        prop_assert_eq!(back, frames);
    }
}

//! Recordings are rotated, kept, given up and cut as they should, on disks that fill up and fail.

mod folder;
mod full;
mod spilled;
mod stuck;

use std::collections::BTreeMap;
use std::io::{self, Cursor, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;

use super::Moment;
use super::disk::{Disk, Paper, RealDisk};
use super::label::Label;
use super::plan::{FilePlan, Keeping, Place, WhenFull};
use super::roll::{Broken, Figures, Roll, Title};
use super::shelf::Shelf;
use super::tap::{Told, tap};
use crate::base::id::BusId;
use crate::base::time::{Mono, TimeSource, Timebase, Wall};
use crate::engine::can::frame::{Direction, Frame, Frames, Id};
use crate::engine::can::room::Room;
use crate::engine::can::trace::{Log, LogFormat, Packing};

const START: i64 = 1_700_000_000_000_000_000;

fn moment(ms: i64) -> Moment {
    let wall = Wall::from_nanos(START + ms * 1_000_000);
    Moment { mono: Mono::from_millis(ms), wall }
}

fn base() -> Timebase {
    Timebase { source: TimeSource::Program, wall_at_zero: Some(Wall::from_nanos(START)) }
}

fn frame(n: u32) -> Frame {
    let id = Id::standard(n % 0x700).unwrap();
    let at = Mono::from_nanos(i64::from(n) * 1_000_000);
    Frame::classic(id, &n.to_be_bytes()).unwrap().at(at).on(BusId(0))
}

fn title() -> Title {
    Title { name: "drive 1".into(), by: "ada".into(), filter: String::new() }
}

fn roll(plan: FilePlan, folder: &Path, disk: impl Disk + 'static) -> Roll {
    plan.check().unwrap();
    let place = Place::Folder(folder.to_owned());
    Roll::begin((plan, place, title()), Box::new(disk), Vec::new(), moment(0)).unwrap()
}

/// Records frames `from..to`, one each millisecond.
fn feed(roll: &mut Roll, from: u32, to: u32) -> Result<(), Broken> {
    for n in from..to {
        let now = moment(n.into());
        roll.frame(now, ("can0", base()), frame(n).view())?;
        roll.tick(now)?;
    }
    Ok(())
}

fn read(path: &Path) -> (Vec<Frame>, Vec<String>) {
    let log = Log::open(path).unwrap();
    let zero = log.timebase().wall_at_zero.map_or(0, Wall::nanos);
    let mut reader = log.reader();
    let mut frames = Frames::default();
    while reader.read(&mut frames, 1000) > 0 {}
    let problems = reader.problems().into_iter().map(|one| one.text).collect();
    let all = frames.iter().map(|frame| {
        let at = Mono::from_nanos(frame.time().nanos() + zero - START);
        frame.to_frame().at(at)
    });
    (all.collect(), problems)
}

/// The recordings of a folder by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let shelf = Shelf::new(folder.to_owned());
    let mut all: Vec<_> = shelf.list().unwrap().into_iter().map(|one| one.path).collect();
    all.sort();
    all
}

#[test]
fn every_file_is_whole_by_itself_in_every_format_and_together_they_are_everything() {
    for (name, format) in FilePlan::FORMATS {
        for packing in Packing::ALL {
            let plan = FilePlan {
                format,
                packing,
                rotate_size: Some(4096),
                rotate_span: Some(Duration::from_secs(1)),
                ..FilePlan::default()
            };
            if plan.check().is_err() {
                assert_eq!(format, LogFormat::Blf, "{name} {packing:?}");
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let mut roll = roll(plan, folder.path(), RealDisk);
            // The first id is one that the ArrowPoint table does not hold.
            feed(&mut roll, 1, 3500).unwrap();
            let (figures, done) = roll.finish(moment(3500));
            done.unwrap();
            let files = files(folder.path());
            assert!(files.len() >= 3, "{name}: {} files", files.len());
            assert_eq!(figures.files as usize, files.len());
            let mut all = Vec::new();
            for file in &files {
                let (frames, problems) = read(file);
                assert!(!frames.is_empty(), "{name} {packing:?}");
                assert!(problems.iter().all(|one| !one.contains("skipped")), "{problems:?}");
                let label = Label::read(file).unwrap();
                assert_eq!(label.frames as usize, frames.len(), "{name}");
                assert_eq!((label.buses.len(), label.recording.as_str()), (1, "drive 1"));
                assert!(label.ended.is_some());
                all.extend(frames);
            }
            let kept = |n: &u32| !n.is_multiple_of(0x700) || format != LogFormat::ArrowPoint;
            let wanted: Vec<u32> = (1..3500).filter(kept).collect();
            assert_eq!(all.len(), wanted.len(), "{name} {packing:?}");
            for (frame, n) in all.iter().zip(wanted) {
                assert_eq!(frame.view().data, n.to_be_bytes(), "{name} {packing:?}");
            }
        }
    }
}

#[test]
fn names_of_files_have_the_time_in_utc_and_nothing_of_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let plan = FilePlan { pattern: "{name}-{n}_{time}".into(), ..FilePlan::default() };
    let place = Place::Folder(folder.path().to_owned());
    let title = Title { name: "../ä б".into(), ..title() };
    let begin = || {
        let asked = (plan.clone(), place.clone(), title.clone());
        Roll::begin(asked, Box::new(RealDisk), Vec::new(), moment(0)).unwrap()
    };
    let (one, two) = (begin(), begin());
    drop((one, two));
    let names: Vec<_> = files(folder.path());
    let names: Vec<_> = names.iter().map(|p| p.file_name().unwrap().to_str().unwrap()).collect();
    // The second finds its name taken.
    assert_eq!(names, ["_ä_б-001_20231114T221320Z-1.log", "_ä_б-001_20231114T221320Z.log"]);
    for (pattern, why) in [("{name}", "told apart"), ("../{n}", "letters"), (".{n}", "letters")] {
        let plan = FilePlan { pattern: pattern.into(), ..FilePlan::default() };
        assert!(plan.check().unwrap_err().to_string().contains(why), "{pattern}");
    }
}

#[test]
fn no_more_is_kept_than_may_be() {
    let span = Some(Duration::from_secs(1));
    let keepings = [
        (Keeping { files: Some(3), ..Keeping::default() }, 3),
        (Keeping { bytes: Some(130_000), ..Keeping::default() }, 4),
        (Keeping { age: Some(Duration::from_millis(2500)), ..Keeping::default() }, 4),
    ];
    for (keeping, most) in keepings {
        let folder = tempfile::tempdir().unwrap();
        let plan = FilePlan { rotate_span: span, keeping, ..FilePlan::default() };
        let mut roll = roll(plan, folder.path(), RealDisk);
        feed(&mut roll, 0, 9500).unwrap();
        let given_up = roll.figures().given_up;
        roll.finish(moment(9500)).1.unwrap();
        let left = files(folder.path());
        assert!(left.len() <= most && left.len() >= 2, "{keeping:?}: {}", left.len());
        assert!(given_up >= 5, "{given_up}");
        // The newest are there, and nothing is left of the others.
        assert_eq!(read(left.last().unwrap()).0.last().unwrap().time().nanos(), 9_499_000_000);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2 * left.len());
    }
}

/// A disk of a size, in memory.
#[derive(Clone, Default)]
struct SmallDisk {
    size: u64,
    floor_only: bool,
    files: Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
}

struct SmallPaper {
    disk: SmallDisk,
    path: PathBuf,
    at: Cursor<Vec<u8>>,
}

impl SmallDisk {
    fn used(&self) -> u64 {
        self.files.lock().unwrap().values().map(|bytes| bytes.len() as u64).sum()
    }
}

impl Disk for SmallDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Paper>> {
        self.files.lock().unwrap().insert(path.to_owned(), Vec::new());
        let at = Cursor::new(Vec::new());
        Ok(Box::new(SmallPaper { disk: self.clone(), path: path.to_owned(), at }))
    }

    fn write_whole(&self, _: &Path, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.lock().unwrap().remove(path);
        Ok(())
    }

    fn free(&self, _: &Path) -> Option<u64> {
        self.floor_only.then(|| self.size.saturating_sub(self.used()))
    }
}

impl Write for SmallPaper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.disk.size.saturating_sub(self.disk.used()) as usize;
        if room == 0 && !self.disk.floor_only {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // As much as fits, as a real one does.
        let take = if self.disk.floor_only { bytes.len() } else { bytes.len().min(room) };
        let got = self.at.write(&bytes[..take])?;
        self.disk.files.lock().unwrap().insert(self.path.clone(), self.at.get_ref().clone());
        Ok(got)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for SmallPaper {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.at.seek(to)
    }
}

impl Paper for SmallPaper {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.at.get_mut().truncate(length as usize);
        self.disk.files.lock().unwrap().insert(self.path.clone(), self.at.get_ref().clone());
        Ok(())
    }
}

#[test]
fn a_full_disk_stops_a_recording_with_a_reason_and_every_byte_of_it_is_a_frame() {
    for packing in Packing::ALL {
        let disk = SmallDisk { size: 100_000, ..SmallDisk::default() };
        let plan = FilePlan { packing, ..FilePlan::default() };
        let mut roll = roll(plan, Path::new("folder"), disk.clone());
        let said = feed(&mut roll, 0, 100_000).unwrap_err();
        assert!(matches!(said, Broken::Full(_)), "{said}");
        let (figures, _) = roll.finish(moment(100_000));
        assert!(figures.frames > 1000);
        let bytes = disk.files.lock().unwrap().values().next().unwrap().clone();
        let log = Log::from_bytes("full", bytes).unwrap();
        let mut reader = log.reader();
        let mut frames = Frames::default();
        while reader.read(&mut frames, 1000) > 0 {}
        assert!(reader.problems().is_empty(), "{:?}", reader.problems());
        // What did not fit is not counted as recorded.
        assert_eq!(frames.len() as u64, figures.frames, "{packing:?}");
    }
}

#[test]
fn a_full_disk_gives_up_the_oldest_file_where_that_is_wanted() {
    let disk = SmallDisk { size: 100_000, ..SmallDisk::default() };
    let plan = FilePlan {
        rotate_size: Some(20_000),
        when_full: WhenFull::DeleteOldest,
        ..FilePlan::default()
    };
    let mut roll = roll(plan, Path::new("folder"), disk.clone());
    feed(&mut roll, 0, 20_000).unwrap();
    let (figures, done) = roll.finish(moment(20_000));
    done.unwrap();
    assert!(figures.given_up > 10, "{figures:?}");
    assert_eq!(figures.frames, 20_000);
    // What is left ends with the last frame, without a hole.
    let files = disk.files.lock().unwrap().clone();
    let text: String =
        files.values().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect();
    let last: Vec<u32> = text
        .lines()
        .map(|line| u32::from_str_radix(line.split_once('#').unwrap().1, 16).unwrap())
        .collect();
    assert!(last.windows(2).all(|two| two[1] == two[0] + 1));
    assert_eq!(last.last(), Some(&19_999));
}

#[test]
fn as_much_stays_free_as_is_to_stay_free() {
    let disk = SmallDisk { size: 50_000, floor_only: true, ..SmallDisk::default() };
    let plan = FilePlan { floor: 20_000, ..FilePlan::default() };
    let mut roll = roll(plan.clone(), Path::new("folder"), disk.clone());
    let said = feed(&mut roll, 0, 20_000).unwrap_err().to_string();
    assert!(said.contains("are to stay free"), "{said}");
    assert!(disk.used() < 60_000);
    let place = Place::Folder("folder".into());
    let again = Roll::begin((plan, place, title()), Box::new(disk), Vec::new(), moment(0));
    assert!(again.is_err());
}

#[test]
fn a_disk_that_fails_otherwise_ends_the_recording_with_its_words() {
    struct Failing;
    impl Disk for Failing {
        fn create(&self, _: &Path) -> io::Result<Box<dyn Paper>> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
        fn write_whole(&self, _: &Path, _: &str) -> io::Result<()> {
            Ok(())
        }
        fn remove(&self, _: &Path) -> io::Result<()> {
            Ok(())
        }
        fn free(&self, _: &Path) -> Option<u64> {
            None
        }
    }
    let place = Place::Folder("folder".into());
    let asked = (FilePlan::default(), place, title());
    let said = Roll::begin(asked, Box::new(Failing), Vec::new(), moment(0)).err().unwrap();
    assert!(said.to_string().contains("cannot be written"), "{said}");
}

#[test]
fn a_gap_stands_in_the_file_where_it_can_and_always_beside_it() {
    for (name, format) in FilePlan::FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let mut roll = roll(FilePlan { format, ..FilePlan::default() }, folder.path(), RealDisk);
        feed(&mut roll, 1, 10).unwrap();
        roll.gap(moment(10), 1234, "the recorder could not follow").unwrap();
        roll.gap(moment(10), 0, "can0 was lost").unwrap();
        feed(&mut roll, 10, 20).unwrap();
        let figures = roll.figures();
        assert_eq!((figures.missing, figures.gaps), (1234, 2));
        roll.finish(moment(20)).1.unwrap();
        let file = files(folder.path()).remove(0);
        let (frames, problems) = read(&file);
        assert_eq!(frames.len(), 19, "{name}");
        assert!(problems.iter().all(|one| !one.contains("skipped")), "{name}: {problems:?}");
        let label = Label::read(&file).unwrap();
        assert_eq!((label.missing, label.gap_count, label.gaps.len()), (1234, 2, 2));
        assert!(label.gaps[0].why.contains("could not follow"));
        let bytes = std::fs::read(&file).unwrap();
        let marked = bytes.windows(12).any(|part| part == b"gap: 1234 fr");
        let can = !matches!(
            format,
            LogFormat::Gvret | LogFormat::ArrowPoint | LogFormat::Pcap | LogFormat::Blf
        );
        assert_eq!(marked, can, "{name}");
    }
}

#[test]
fn what_was_written_a_second_ago_is_there_whenever_the_program_ends() {
    for (name, format) in FilePlan::FORMATS {
        for packing in Packing::ALL {
            let plan = FilePlan { format, packing, ..FilePlan::default() };
            if plan.check().is_err() {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let mut roll = roll(plan, folder.path(), RealDisk);
            feed(&mut roll, 1, 2500).unwrap();
            // Nothing is finished, as if the program were killed.
            std::mem::forget(roll);
            let file = files(folder.path()).remove(0);
            let (frames, problems) = read(&file);
            assert!(frames.len() >= 1400, "{name} {packing:?}: {}", frames.len());
            let cut = ["skipped", "broken", "cut off", "cannot"];
            assert!(
                problems.iter().all(|one| cut.iter().all(|word| !one.contains(word))),
                "{name} {packing:?}: {problems:?}"
            );
            let label = Label::read(&file).unwrap();
            assert!(label.frames >= 1400 && label.ended.is_none(), "{name}: {label:?}");
        }
    }
}

#[test]
fn frames_without_a_date_are_recorded_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut roll = roll(FilePlan::default(), folder.path(), RealDisk);
    let undated = Timebase { source: TimeSource::Recording, wall_at_zero: None };
    roll.frame(moment(0), ("can0", undated), frame(1).view()).unwrap();
    roll.frame(moment(5), ("can1", base()), frame(5).on(BusId(1)).view()).unwrap();
    roll.finish(moment(10)).1.unwrap();
    let text = std::fs::read_to_string(&files(folder.path())[0]).unwrap();
    assert_eq!(
        text,
        "(0000000000.001000) can0 001#00000001\n(0000000000.001000) can1 005#00000005\n"
    );
}

#[test]
fn a_name_is_never_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("recordings");
    let shelf = Shelf::new(inside.clone());
    std::fs::write(folder.path().join("secret.log"), "x").unwrap();
    assert!(shelf.list().unwrap().is_empty());
    std::fs::create_dir_all(inside.join("sub.log")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path().join("secret.log"), inside.join("link.log")).unwrap();
    for name in [
        "../secret.log",
        "..",
        ".",
        "",
        "/etc/passwd",
        "a/b",
        "a\\b",
        ".hidden",
        "x.log.json",
        "link.log",
        "sub.log",
        "a\0b",
        "C:x",
    ] {
        assert!(shelf.find(name).is_err(), "{name:?}");
        assert!(shelf.remove(name).is_err(), "{name:?}");
        if name != "link.log" && name != "sub.log" {
            assert!(shelf.take_in(name, 100).is_err(), "{name:?}");
        }
    }
    assert!(shelf.list().unwrap().is_empty());
    assert!(folder.path().join("secret.log").exists());
}

#[test]
fn what_is_taken_in_is_a_recording_and_what_grows_stays() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().to_owned());
    let take = |name: &str, bytes: &[u8]| {
        let mut incoming = shelf.take_in(name, 1000)?;
        incoming.add(bytes)?;
        shelf.keep(incoming.look(moment(0).wall)?)
    };
    take("a.log", b"(1.000000) can0 123#11\n(3.500000) can1 123#11\n").unwrap();
    let found = shelf.find("a.log").unwrap();
    let label = found.label.unwrap();
    assert_eq!((label.frames, label.seconds, label.buses.len()), (2, 2.5, 2));
    assert_eq!(label.format, "candump");
    assert!(
        take("a.log", b"(1.000000) can0 123#11\n").unwrap_err().to_string().contains("already")
    );
    let other_case = take("A.Log", b"(1.000000) can0 123#11\n").unwrap_err();
    assert!(
        matches!(&other_case, super::shelf::ShelfError::Taken(name) if name == "a.log"),
        "{other_case}"
    );
    let said = take("b.log", b"\x00\x01\x02").unwrap_err().to_string();
    assert!(said.contains("b.log") && !said.contains(".part"), "{said}");
    assert!(take("c.log", &[b'x'; 1001]).unwrap_err().to_string().contains("larger"));
    // Nothing of what was refused is left.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);

    let place = Place::Folder(folder.path().to_owned());
    let asked = (FilePlan::default(), place, title());
    let disk = Box::new(shelf.disk().unwrap());
    let mut roll = Roll::begin(asked, disk, Vec::new(), moment(0)).unwrap();
    feed(&mut roll, 0, 10).unwrap();
    let name =
        |figures: Figures| figures.file.unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let name = name(roll.figures());
    assert!(shelf.find(&name).unwrap().grows);
    assert!(shelf.remove(&name).unwrap_err().to_string().contains("being written"));
    roll.finish(moment(10)).1.unwrap();
    assert!(!shelf.find(&name).unwrap().grows);
    assert_eq!(shelf.of_recorder("drive 1").len(), 1);
    shelf.remove(&name).unwrap();
    shelf.remove("a.log").unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let id = prop_oneof![
        (1_u32..0x7FF).prop_map(|raw| Id::standard(raw).unwrap()),
        (0x800_u32..0x1FFF_FFFF).prop_map(|raw| Id::extended(raw).unwrap()),
    ];
    let data = proptest::collection::vec(any::<u8>(), 0..=8);
    (id, data, 0_i64..86_000_000, any::<bool>()).prop_map(|(id, data, ms, sent)| {
        let way = if sent { Direction::Sent } else { Direction::Received };
        let frame = Frame::classic(id, &data).unwrap().going(way);
        frame.at(Mono::from_millis(ms))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_frames_recorded_are_read_back(
        mut frames in proptest::collection::vec(any_frame(), 1..200),
        zstd in any::<bool>(),
    ) {
        frames.sort_by_key(|frame| frame.time());
        for (name, format) in FilePlan::FORMATS {
            let packing = if zstd && format != LogFormat::Blf { Packing::Zstd } else { Packing::None };
            let folder = tempfile::tempdir().unwrap();
            let plan = FilePlan { format, packing, rotate_size: Some(5000), ..FilePlan::default() };
            let mut roll = roll(plan, folder.path(), RealDisk);
            for frame in &frames {
                roll.frame(moment(0), ("can0", base()), frame.view()).unwrap();
            }
            let figures = roll.figures();
            roll.finish(moment(0)).1.unwrap();
            let back: Vec<Frame> = files(folder.path()).iter().flat_map(|file| read(file).0).collect();
            prop_assert_eq!(back.len(), frames.len());
            let no_way = figures.not_kept.iter().any(|lost| lost.contains("direction"))
                || matches!(format, LogFormat::Pcap | LogFormat::ArrowPoint);
            for (back, frame) in back.iter().zip(&frames) {
                prop_assert_eq!((back.id(), back.view().data), (frame.id(), frame.view().data));
                prop_assert!(no_way || back.direction() == frame.direction(), "{}", name);
                if !matches!(format, LogFormat::ArrowPoint) {
                    prop_assert_eq!(back.time(), frame.time(), "{}", name);
                }
            }
        }
    }
}

#[test]
fn what_would_fill_the_disk_is_not_taken_in_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = |free: fn(&Path) -> Option<u64>| {
        Shelf::new(folder.path().to_owned()).with_room(Room::of(1_000_000, free))
    };
    let full = shelf(|_| Some(999_999)).take_in("a.log", 1 << 40).unwrap_err();
    assert!(full.to_string().contains("stay free for the journal"), "{full}");
    // It fills while the recording comes in.
    let block = vec![b' '; 1 << 20];
    let nearly = shelf(|folder| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let taken: u64 = entries.filter_map(|one| Some(one.metadata().ok()?.len())).sum();
        Some(20_000_000_u64.saturating_sub(taken))
    });
    let mut incoming = nearly.take_in("a.log", 1 << 40).unwrap();
    let refused = (0..100).find_map(|_| incoming.add(&block).err()).expect("it never ends");
    assert!(refused.to_string().contains("stay free"), "{refused}");
    assert!((14_000_000..=24_000_000).contains(&incoming.bytes()), "{}", incoming.bytes());
    drop(incoming);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

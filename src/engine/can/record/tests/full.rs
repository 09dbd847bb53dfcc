//! Disks that are full for a moment, just when it is awkward, and gaps before the first frame.

use super::*;
use crate::engine::can::record::keep::OldFile;

/// A disk on which the head of a file cannot be written anew so many times.
#[derive(Clone, Default)]
struct Grudging(Arc<Mutex<u32>>);

struct GrudgingPaper {
    disk: Grudging,
    paper: Box<dyn Paper>,
    at: u64,
    length: u64,
}

impl Grudging {
    fn refuse(&self, times: u32) {
        *self.0.lock().unwrap() = times;
    }
}

impl Disk for Grudging {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Paper>> {
        let paper = RealDisk.create(path)?;
        Ok(Box::new(GrudgingPaper { disk: self.clone(), paper, at: 0, length: 0 }))
    }

    fn write_whole(&self, path: &Path, text: &str) -> io::Result<()> {
        RealDisk.write_whole(path, text)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn free(&self, _: &Path) -> Option<u64> {
        None
    }
}

impl Write for GrudgingPaper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut left = self.disk.0.lock().unwrap();
        if self.at == 0 && self.length > 0 && *left > 0 {
            *left -= 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        let got = self.paper.write(bytes)?;
        self.at += got as u64;
        self.length = self.length.max(self.at);
        Ok(got)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.paper.flush()
    }
}

impl Seek for GrudgingPaper {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.at = self.paper.seek(to)?;
        Ok(self.at)
    }
}

impl Paper for GrudgingPaper {
    fn sync(&mut self) -> io::Result<()> {
        self.paper.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.length = length;
        self.paper.cut(length)
    }
}

/// A BLF with ten older files that may go.
fn blf(folder: &Path, disk: Grudging) -> Roll {
    let old = (0..10).map(|n| {
        let path = folder.join(format!("old{n}.blf"));
        std::fs::write(&path, "x").unwrap();
        OldFile { path, bytes: 1, ended: Wall::from_nanos(0), since: None }
    });
    let (format, when_full) = (LogFormat::Blf, WhenFull::DeleteOldest);
    let plan = FilePlan { format, when_full, ..FilePlan::default() };
    let asked = (plan, Place::Folder(folder.to_owned()), title());
    Roll::begin(asked, Box::new(disk), old.collect(), moment(0)).unwrap()
}

fn recorded(folder: &Path) -> Vec<Frame> {
    let mut all = files(folder);
    all.retain(|file| !file.file_name().unwrap().to_str().unwrap().starts_with("old"));
    assert_eq!(all.len(), 1);
    let (frames, problems) = read(&all[0]);
    // A BLF says of itself that nobody knows its zone, and nothing else is to be said.
    assert!(problems.iter().all(|one| one.contains("taken as UTC")), "{problems:?}");
    frames
}

#[test]
fn a_disk_that_is_full_while_the_head_is_written_anew_costs_no_frame() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Grudging::default();
    let mut roll = blf(folder.path(), disk.clone());
    disk.refuse(3);
    feed(&mut roll, 1, 5500).unwrap();
    let (figures, done) = roll.finish(moment(5500));
    done.unwrap();
    assert_eq!(figures.given_up, 3);
    let frames = recorded(folder.path());
    assert_eq!(frames.len(), 5499);
    assert!((1_u32..).zip(&frames).all(|(n, frame)| frame.view().data == n.to_be_bytes()));
}

#[test]
fn a_disk_that_is_full_at_the_very_end_does_not_spoil_a_recording_that_may_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Grudging::default();
    let mut roll = blf(folder.path(), disk.clone());
    feed(&mut roll, 1, 500).unwrap();
    // Everything is out and forced, and the head is written once more at the end.
    roll.tick(moment(5000)).unwrap();
    disk.refuse(2);
    let (figures, done) = roll.finish(moment(5001));
    done.unwrap();
    assert_eq!(figures.given_up, 2);
    assert_eq!(recorded(folder.path()).len(), 499);
}

#[test]
fn a_gap_before_the_first_frame_leaves_the_times_of_the_frames_as_they_are() {
    let undated = Timebase { source: TimeSource::Recording, wall_at_zero: None };
    for base in [undated, base()] {
        for format in [LogFormat::Candump, LogFormat::Asc, LogFormat::Blf, LogFormat::Trc] {
            let folder = tempfile::tempdir().unwrap();
            let plan = FilePlan { format, ..FilePlan::default() };
            let mut roll = roll(plan, folder.path(), RealDisk);
            // Told a second after what the frames bear.
            roll.gap(moment(1000), 0, "can0 was lost").unwrap();
            roll.gap(moment(1000), 7, "can0 dropped them before Busbar").unwrap();
            for n in 1..=20 {
                roll.frame(moment(1001), ("can0", base), frame(n).view()).unwrap();
            }
            roll.finish(moment(1002)).1.unwrap();
            let file = files(folder.path()).remove(0);
            let frames = read(&file).0;
            let first = frames[0].time().nanos();
            let steps: Vec<i64> = frames.iter().map(|one| one.time().nanos() - first).collect();
            let wanted: Vec<i64> = (0..20).map(|n| n * 1_000_000).collect();
            assert_eq!(steps, wanted, "{format:?} {base:?}");
            let label = Label::read(&file).unwrap();
            assert_eq!((label.missing, label.gap_count, label.gaps.len()), (7, 2, 2));
            if format == LogFormat::Candump {
                let text = std::fs::read_to_string(&file).unwrap();
                assert!(text.starts_with("# gap: can0 was lost\n# gap: 7 frames"), "{text}");
            }
        }
    }
}

#[test]
fn a_recording_of_nothing_but_a_gap_has_that() {
    let folder = tempfile::tempdir().unwrap();
    let mut roll = roll(FilePlan::default(), folder.path(), RealDisk);
    roll.gap(moment(1000), 0, "can0 was lost").unwrap();
    roll.finish(moment(1002)).1.unwrap();
    let text = std::fs::read_to_string(files(folder.path()).remove(0)).unwrap();
    assert_eq!(text, "# gap: can0 was lost\n");
}

/// A disk that sets free what was removed only when it is told to.
#[derive(Clone, Default)]
struct Lazy(Arc<Mutex<(u64, u64)>>);

impl Disk for Lazy {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Paper>> {
        RealDisk.create(path)
    }

    fn write_whole(&self, path: &Path, text: &str) -> io::Result<()> {
        RealDisk.write_whole(path, text)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let bytes = std::fs::metadata(path).map_or(0, |found| found.len());
        self.0.lock().unwrap().1 += bytes;
        RealDisk.remove(path)
    }

    fn free(&self, _: &Path) -> Option<u64> {
        Some(self.0.lock().unwrap().0)
    }
}

#[test]
fn no_more_is_given_up_than_is_lacking_where_a_disk_sets_it_free_late() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Lazy::default();
    disk.0.lock().unwrap().0 = 100_000;
    let old = (0..20).map(|n| {
        let path = folder.path().join(format!("old{n:02}.log"));
        std::fs::write(&path, [b'x'; 1000]).unwrap();
        OldFile { path, bytes: 1000, ended: Wall::from_nanos(0), since: None }
    });
    let plan = FilePlan { when_full: WhenFull::DeleteOldest, floor: 50_000, ..FilePlan::default() };
    let asked = (plan, Place::Folder(folder.path().to_owned()), title());
    let mut roll = Roll::begin(asked, Box::new(disk.clone()), old.collect(), moment(0)).unwrap();
    let left = || {
        files(folder.path()).iter().filter(|file| file.to_string_lossy().contains("old")).count()
    };
    disk.0.lock().unwrap().0 = 47_500;
    for tick in 1..=9 {
        roll.tick(moment(tick * 1000)).unwrap();
        assert_eq!(left(), 17, "three make up for what is lacking");
    }
    // It was set free.
    *disk.0.lock().unwrap() = (50_500, 0);
    (10..=15).for_each(|tick| roll.tick(moment(tick * 1000)).unwrap());
    assert_eq!(left(), 17);
    // And now nothing ever is: the recording ends, and the other files stay.
    disk.0.lock().unwrap().0 = 48_500;
    roll.tick(moment(30_000)).unwrap();
    let said = roll.tick(moment(41_000)).unwrap_err().to_string();
    assert!(said.contains("the disk is full") && said.contains("not made more free"), "{said}");
    assert_eq!(left(), 15);
}

#[test]
fn old_files_that_are_not_enough_are_not_given_up_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Lazy::default();
    let path = folder.path().join("old.log");
    std::fs::write(&path, "x").unwrap();
    let old = OldFile { path: path.clone(), bytes: 1, ended: Wall::from_nanos(0), since: None };
    let plan = FilePlan { when_full: WhenFull::DeleteOldest, floor: 50_000, ..FilePlan::default() };
    let asked = (plan, Place::Folder(folder.path().to_owned()), title());
    let said = Roll::begin(asked, Box::new(disk), vec![old], moment(0)).err().unwrap().to_string();
    assert!(said.contains("all old recordings together are only"), "{said}");
    assert!(path.exists());
}

#[test]
fn a_clock_that_is_set_gives_up_no_file_by_its_age() {
    const DAY: i64 = 24 * 3600 * 1000;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, ended: i64| {
        let path = folder.path().join(name);
        std::fs::write(&path, "x").unwrap();
        OldFile { path, bytes: 1, ended: Wall::from_nanos(ended), since: None }
    };
    // One of a time when the clock was not set, one of an hour ago, and one that is too old.
    let old = vec![
        file("old.log", START - DAY * 3 * 1_000_000),
        file("new.log", START - 3_600_000_000_000),
    ];
    let keeping = Keeping { age: Some(Duration::from_secs(48 * 3600)), ..Keeping::default() };
    let plan =
        FilePlan { keeping, rotate_span: Some(Duration::from_secs(60)), ..FilePlan::default() };
    let asked = (plan, Place::Folder(folder.path().to_owned()), title());
    let mut roll = Roll::begin(asked, Box::new(RealDisk), old, moment(0)).unwrap();
    assert!(!folder.path().join("old.log").exists(), "it is older than is kept");
    let far = |ms: i64| Moment {
        wall: Wall::from_nanos(START + (ms + DAY * 9_000) * 1_000_000),
        ..moment(ms)
    };
    roll.frame(moment(1), ("can0", base()), frame(1).view()).unwrap();
    for minute in 1..50 {
        roll.frame(far(minute * 60_000), ("can0", base()), frame(1).view()).unwrap();
        roll.tick(far(minute * 60_000)).unwrap();
    }
    assert!(folder.path().join("new.log").exists(), "the clock may be wrong");
    assert_eq!(roll.figures().given_up, 1, "nor are those of this recording given up");
    // Half a day later it is right again, and nothing is lost.
    roll.tick(moment(DAY / 2)).unwrap();
    assert!(folder.path().join("new.log").exists());
    // After two days and an hour of a clock that goes on evenly it is too old.
    roll.tick(moment(DAY * 3)).unwrap();
    assert!(!folder.path().join("new.log").exists());
}

#[test]
fn a_clock_that_is_set_back_begins_a_file_in_which_frames_have_their_own_times() {
    for format in [LogFormat::Candump, LogFormat::Asc, LogFormat::Blf, LogFormat::Trc] {
        let folder = tempfile::tempdir().unwrap();
        let plan = FilePlan { format, ..FilePlan::default() };
        let mut roll = roll(plan, folder.path(), RealDisk);
        for n in [7_200_000, 7_200_010, 1_000, 2_000, 3_000] {
            roll.frame(moment(n.into()), ("can0", base()), frame(n).view()).unwrap();
        }
        let (figures, done) = roll.finish(moment(7_200_020));
        done.unwrap();
        assert_eq!(figures.files, 2, "{format:?}");
        let mut times: Vec<i64> = files(folder.path())
            .iter()
            .flat_map(|file| read(file).0)
            .map(|frame| frame.time().nanos() / 1_000_000)
            .collect();
        times.sort_unstable();
        assert_eq!(times, [1_000, 2_000, 3_000, 7_200_000, 7_200_010], "{format:?}");
    }
}

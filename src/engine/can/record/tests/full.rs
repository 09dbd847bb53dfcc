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
        OldFile { path, bytes: 1, ended: Wall::from_nanos(0) }
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

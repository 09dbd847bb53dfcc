//! A disk that hangs: nobody waits for it, and every frame is recorded or counted.

use super::*;

/// A disk that takes nothing until it is let.
struct Stuck(crossbeam_channel::Receiver<()>);

struct StuckPaper(crossbeam_channel::Receiver<()>, Box<dyn Paper>);

impl Disk for Stuck {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Paper>> {
        Ok(Box::new(StuckPaper(self.0.clone(), RealDisk.create(path)?)))
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

impl Write for StuckPaper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Ends when whoever holds the other end lets go.
        let _ = self.0.recv();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

impl Seek for StuckPaper {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.1.seek(to)
    }
}

impl Paper for StuckPaper {
    fn sync(&mut self) -> io::Result<()> {
        self.1.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.1.cut(length)
    }
}

#[test]
fn a_disk_that_hangs_holds_nobody_up_and_every_frame_is_recorded_or_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (hold, held) = crossbeam_channel::bounded(0);
    let mut roll = roll(FilePlan::default(), folder.path(), Stuck(held));
    let (mut tap, out, all) = tap(8);
    let thread = std::thread::Builder::new().name("recorder".into()).spawn(move || {
        for (at, tapped) in out.iter().enumerate() {
            // Every batch a second later, so that every one is forced out.
            let now = moment(1500 * (at as i64 + 1));
            if tapped.missed > 0 {
                roll.gap(now, tapped.missed, "the recorder could not follow").unwrap();
            }
            if let Told::Frames(_, frames) = tapped.what {
                for frame in frames.iter() {
                    roll.frame(now, ("can0", base()), frame).unwrap();
                }
            }
            roll.tick(now).unwrap();
        }
        let figures = roll.figures();
        roll.finish(moment(9_000_000)).1.unwrap();
        figures
    });
    let mut batch = Frames::new(base());
    (0..100).for_each(|n| batch.push(frame(n).view()));
    let batch = Arc::new(batch);
    // The receiving side is through with all of it while the disk takes nothing.
    (0..1000).for_each(|n| tap.frames(n * 100, &batch));
    let missed = all.frames();
    assert!(missed >= 90_000, "{missed}");
    drop(hold);
    // Told before the next batch that fits: until then nobody knows.
    while {
        tap.frames(0, &batch);
        all.frames() > missed
    } && tap.is_behind()
    {
        std::thread::yield_now();
    }
    drop(tap);
    let figures = thread.unwrap().join().unwrap();
    assert!(figures.gaps >= 1);
    let all = all.frames();
    assert_eq!(figures.missing, all);
    let file = files(folder.path()).remove(0);
    let (frames, _) = read(&file);
    assert_eq!(frames.len() as u64, figures.frames);
    assert_eq!(Label::read(&file).unwrap().missing, all);
}

//! A recorder's tap and its file without a plant around them, for benches.

#![expect(clippy::expect_used, reason = "what serves benches says what went wrong by failing")]

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use crate::base::id::BusId;
use crate::base::time::{Clock, SystemClock, TimeSource, Timebase};
use crate::engine::can::frame::{Frame, Frames, Id};
use crate::engine::can::record::Moment;
use crate::engine::can::record::disk::RealDisk;
use crate::engine::can::record::plan::{FilePlan, Place};
use crate::engine::can::record::roll::{Roll, Title};
use crate::engine::can::record::tap::{QUEUE, Tap, Tapped, tap};
use crate::engine::can::trace::Packing;

/// The ways of writing that are measured: a format, and how it is packed.
pub const WAYS: [&str; 7] =
    ["candump", "candump.zstd", "candump.gzip", "asc", "blf", "crtd", "pcapng"];

/// A batch of frames, and where it goes.
pub struct Stand {
    clock: Arc<SystemClock>,
    batch: Frames,
    timebase: Timebase,
    taps: Vec<(Tap, Receiver<Tapped>)>,
    roll: Option<Roll>,
}

impl Stand {
    /// With a batch of so many frames of eight bytes.
    #[must_use]
    pub fn new(frames: usize) -> Self {
        let clock = SystemClock::new();
        let timebase = clock.timebase(TimeSource::Program);
        let mut batch = Frames::with_capacity(timebase, frames);
        for n in 0..frames as u64 {
            let id = Id::standard(0x600 + (n % 0x100) as u32).expect("a standard id");
            let frame = Frame::classic(id, &(n * 0x9E37_79B9).to_le_bytes()).expect("eight bytes");
            batch.push(frame.at(clock.now()).on(BusId(0)).view());
        }
        Self { clock, batch, timebase, taps: Vec::new(), roll: None }
    }

    /// So many recordings listen.
    pub fn listen(&mut self, recordings: usize) {
        self.taps = (0..recordings).map(|_| tap(QUEUE)).map(|(tap, out, _)| (tap, out)).collect();
    }

    /// Hands the batch on, as the hub's thread does, and takes it out again.
    pub fn hand_on(&mut self) {
        let frames = Arc::new(self.batch.clone());
        for (tap, out) in &mut self.taps {
            tap.frames(0, &frames);
            drop(out.try_recv());
        }
    }

    /// Writes into files in `folder`, one of [`WAYS`], a new one after every 100 MB.
    pub fn open(&mut self, folder: &Path, way: &str) {
        let (format, packing) = way.split_once('.').unwrap_or((way, "none"));
        let mut plan = FilePlan {
            format: FilePlan::format_named(format).expect("a format that is recorded"),
            packing: Packing::named(packing).expect("a way of packing"),
            rotate_size: Some(100_000_000),
            ..FilePlan::default()
        };
        plan.keeping.files = Some(2);
        let place = Place::Folder(folder.to_owned());
        let asked = (plan, place, Title::default());
        let now = Moment::of(&*self.clock);
        let roll = Roll::begin(asked, Box::new(RealDisk), Vec::new(), now);
        self.roll = Some(roll.expect("a file"));
    }

    /// Writes the batch.
    pub fn write(&mut self) {
        let now = Moment::of(&*self.clock);
        let roll = self.roll.as_mut().expect("open comes before");
        for frame in self.batch.iter() {
            roll.frame(now, ("can0", self.timebase), frame).expect("a frame that can be written");
        }
        roll.tick(now).expect("a file that can be written");
    }
}

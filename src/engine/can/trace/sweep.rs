//! Reads a whole recording on several threads: pieces of the lines of a file, or some containers of BLF,
//! side by side; what comes out is in the order of the file, and the same as
//! one [`Reader`] gives.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::engine::can::frame::Frames;
use crate::engine::can::trace::{Log, LogFormat, Reader, blf};

/// Bytes of a piece.
#[cfg(not(test))]
const PIECE: u64 = 4 * 1024 * 1024;
/// Small, so that small recordings have several.
#[cfg(test)]
const PIECE: u64 = 200;
/// Bytes that are read before all others, so that the first frames are there at once.
#[cfg(not(test))]
const FIRST: u64 = 64 * 1024;
#[cfg(test)]
const FIRST: u64 = 90;
/// Frames given out at once where they are read one after the other.
const BATCH: usize = 8192;
/// Parts that a thread may be ahead.
const AHEAD: usize = 2;

/// Who takes the frames: a batch, and the reader that knows the buses and how far it is.
pub type Taker<'a> = &'a mut dyn FnMut(&Frames, &Reader) -> ControlFlow<()>;

/// A piece that was read: its frames, and the reader that counted.
type Part = (Frames, Reader);

/// A part of a BLF file that was read from where its first object seems to begin.
struct Guess {
    place: Option<blf::Place>,
    frames: Frames,
    reader: Reader,
}

impl Log {
    /// Reads everything, on up to `threads` threads beside this one, until `take` has enough. Gives
    /// back the reader with what was counted.
    pub fn sweep(&self, threads: NonZeroUsize, take: Taker<'_>) -> Reader {
        let several = threads.get() > 1;
        let size = self.size().unwrap_or(0);
        if several && self.has_independent_lines() && size > PIECE {
            return self.sweep_lines(size, threads, take);
        }
        if several && self.format() == LogFormat::Blf && self.size().is_some() {
            return self.sweep_containers(threads, take);
        }
        let mut reader = self.reader();
        let _ = self.drain(&mut reader, take);
        reader
    }

    fn drain(&self, reader: &mut Reader, take: Taker<'_>) -> ControlFlow<()> {
        let mut frames = Frames::with_capacity(self.timebase(), 0);
        while reader.read(&mut frames, BATCH) > 0 {
            take(&frames, reader)?;
            frames.clear();
        }
        ControlFlow::Continue(())
    }

    fn sweep_lines(&self, size: u64, threads: NonZeroUsize, take: Taker<'_>) -> Reader {
        let mut whole = self.reader_of(0..FIRST);
        let pieces = size.saturating_sub(FIRST).div_ceil(PIECE);
        let enough = AtomicBool::new(false);
        let started: Option<()> = thread::scope(|scope| {
            let mut queues: Vec<Receiver<Part>> = Vec::new();
            for turn in 0..threads.get() as u64 {
                let (give, queue) = bounded(AHEAD);
                let (log, enough, step) = (self.clone(), &enough, threads.get());
                let read = move || read_pieces(&log, turn, step, pieces, enough, &give);
                named(turn).spawn_scoped(scope, read).ok()?;
                queues.push(queue);
            }
            let mut flow = self.drain(&mut whole, take);
            for queue in queues.iter().cycle().take(usize::try_from(pieces).unwrap_or(usize::MAX)) {
                if flow.is_break() || whole.failure().is_some() {
                    break;
                }
                let Ok((mut frames, part)) = queue.recv() else { break };
                whole.absorb(part, &mut frames);
                flow = take(&frames, &whole);
            }
            enough.store(true, Ordering::Relaxed);
            Some(())
        });
        if started.is_none() && whole.lines() == 0 {
            // No thread could be had.
            whole.until(u64::MAX);
            let _ = self.drain(&mut whole, take);
        }
        whole
    }

    fn sweep_containers(&self, threads: NonZeroUsize, take: Taker<'_>) -> Reader {
        let mut whole = self.reader();
        let parts = blf::parts(self.source());
        let enough = AtomicBool::new(false);
        thread::scope(|scope| {
            let mut queues: Vec<Receiver<Guess>> = Vec::new();
            for turn in 0..threads.get() {
                let (give, queue) = bounded(AHEAD);
                let (log, enough, step) = (self.clone(), &enough, threads.get());
                let mine = parts.iter().copied().zip(parts.iter().copied().skip(1));
                let mine = mine.skip(turn).step_by(step);
                let read = move || read_parts(&log, mine, enough, &give);
                // Where there is no thread, all is read one after the other.
                if named(turn as u64).spawn_scoped(scope, read).is_err() {
                    break;
                }
                queues.push(queue);
            }
            let complete = queues.len() == threads.get();
            let mut queues = queues.iter().cycle();
            for (start, end) in parts.iter().zip(parts.iter().skip(1)).filter(|_| complete) {
                let Some(Ok(guess)) = queues.next().map(Receiver::recv) else { break };
                if self.join(&mut whole, guess, (*start, *end), take).is_break() {
                    enough.store(true, Ordering::Relaxed);
                    return;
                }
            }
            whole.until(u64::MAX);
            let _ = self.drain(&mut whole, take);
            enough.store(true, Ordering::Relaxed);
        });
        whole
    }

    /// Takes over the part of a BLF file between two containers, if it was guessed right where it
    /// begins and there is nothing to tell about it; else reads it again, one thing after the other.
    fn join(
        &self,
        whole: &mut Reader,
        guess: Guess,
        (start, end): (u64, u64),
        take: Taker<'_>,
    ) -> ControlFlow<()> {
        // To the first object that is not part of what came before.
        whole.until(start);
        self.drain(whole, take)?;
        let Guess { place, mut frames, reader } = guess;
        let is_right = place.is_some() && place == whole.place();
        if is_right && reader.skipped() == 0 && reader.failure().is_none() {
            whole.absorb(reader, &mut frames);
            return if frames.is_empty() {
                ControlFlow::Continue(())
            } else {
                take(&frames, whole)
            };
        }
        whole.until(end);
        self.drain(whole, take)
    }
}

fn named(turn: u64) -> thread::Builder {
    thread::Builder::new().name(format!("log:{turn}"))
}

/// Reads every `step`th piece from `turn` on.
fn read_pieces(
    log: &Log,
    turn: u64,
    step: usize,
    pieces: u64,
    enough: &AtomicBool,
    give: &Sender<Part>,
) {
    for piece in (turn..pieces).step_by(step) {
        let from = FIRST + piece * PIECE;
        let mut reader = log.reader_of(from..from.saturating_add(PIECE));
        let mut frames = Frames::with_capacity(log.timebase(), (PIECE / 40) as usize);
        reader.read(&mut frames, usize::MAX);
        if enough.load(Ordering::Relaxed) || give.send((frames, reader)).is_err() {
            return;
        }
    }
}

/// Reads parts of a BLF file, each from where its first object seems to begin.
fn read_parts(
    log: &Log,
    parts: impl Iterator<Item = (u64, u64)>,
    enough: &AtomicBool,
    give: &Sender<Guess>,
) {
    for (start, end) in parts {
        let mut reader = log.reader();
        let mut frames = Frames::with_capacity(log.timebase(), 0);
        let place = reader.enter(start);
        reader.until(end);
        if place.is_some() {
            reader.read(&mut frames, usize::MAX);
        }
        if enough.load(Ordering::Relaxed) || give.send(Guess { place, frames, reader }).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::can::frame::Frame;

    fn threads(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    /// Frames with the names of their buses, and what else a reader tells.
    fn swept(log: &Log, count: usize) -> (Vec<(String, Frame)>, Reader) {
        let mut all = Vec::new();
        let reader = log.sweep(threads(count), &mut |frames, reader| {
            for frame in frames.iter() {
                let bus = usize::from(frame.bus().0);
                all.push((reader.bus_names()[bus].clone(), frame.to_frame()));
            }
            ControlFlow::Continue(())
        });
        (all, reader)
    }

    fn same(log: &Log) {
        let (alone, one) = swept(log, 1);
        for count in [2, 3] {
            let (together, many) = swept(log, count);
            assert_eq!(together, alone);
            assert_eq!(many.problems(), one.problems());
            let counts = |r: &Reader| (r.frames(), r.lines(), r.skipped(), r.bus_names().to_vec());
            assert_eq!(counts(&many), counts(&one));
        }
    }

    #[test]
    fn pieces_of_lines_are_the_same_as_all_of_them() {
        let mut text = Vec::new();
        for n in 0..200_u32 {
            let bus = ["can0", "b", "can1"][n as usize / 7 % 3];
            // Now and then a broken line, a long one, or one that goes back in time.
            let back = if n % 41 == 0 { 5 } else { 0 };
            let line = match n % 23 {
                11 => format!("broken {n}\n"),
                13 => format!("({}.5) {bus} 123##3{}\n", 1_436_509_052 + n, "11".repeat(64)),
                _ => format!("({}.5) {bus} 123#{:02X}\n", 1_436_509_052 + n - back, n),
            };
            text.extend(line.into_bytes());
        }
        text.extend(b"(1436509999.5) can0 123#11");
        same(&Log::from_bytes("pieces.log", text).unwrap());
    }

    #[test]
    fn a_line_longer_than_many_pieces_is_passed_over_once() {
        let mut text = b"(1436509052.5) can0 123#11\n".to_vec();
        text.extend(vec![b'x'; 100_000]);
        text.extend(b"\n(1436509053.5) can0 123#22\n");
        same(&Log::from_bytes("long.log", text.clone()).unwrap());
        text.extend(vec![b'x'; 5_000]);
        same(&Log::from_bytes("long.log", text).unwrap());
    }

    #[test]
    fn whoever_has_enough_gets_no_more() {
        let text = "(1436509052.5) can0 123#11\n".repeat(1000);
        let log = Log::from_bytes("enough.log", text.into_bytes()).unwrap();
        let mut calls = 0;
        log.sweep(threads(3), &mut |_, _| {
            calls += 1;
            ControlFlow::Break(())
        });
        assert_eq!(calls, 1);
    }

    proptest! {
        #[test]
        fn any_lines_come_out_the_same(
            lines in prop::collection::vec(prop_oneof![
                3 => Just("(1436509052.249713) can0 044#2A366C2BBA".to_owned()),
                2 => Just("(1436509052.249713) can1 044#2A".to_owned()),
                1 => "[ -~]{0,120}",
                1 => Just(String::new()),
            ], 1..80),
            end in prop::sample::select(vec!["", "\n", "\r\n", "\n\n"]),
        ) {
            let text = lines.join("\n") + end;
            if let Ok(log) = Log::from_bytes("any.log", text.into_bytes()) {
                same(&log);
            }
        }
    }
}

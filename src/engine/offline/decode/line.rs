//! From a recording to text over several threads: one reads and parses, some decode and format,
//! one writes. Batches go round in a ring of fixed size, so nothing grows, and come out in the order
//! of the recording.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::engine::can::frame::{Frames, Kind};
use crate::engine::can::trace::Reader;
use crate::engine::dbc::{Codec, Row};
use crate::engine::filter::Sifter;
use crate::engine::offline::decode::scribe::Scribe;
use crate::engine::offline::decode::{Position, Tally};

/// Frames of a batch.
const BATCH_FRAMES: usize = 4096;

/// What goes round: frames on the way in, text on the way out.
#[derive(Default)]
struct Batch {
    number: u64,
    frames: Frames,
    /// Which of them are wanted; all where it is empty.
    picked: Vec<bool>,
    /// The names of the buses, as they stand in a line.
    buses: Arc<Vec<Vec<u8>>>,
    text: Vec<u8>,
    tally: Tally,
    /// Where in the recording it ends, bytes.
    offset: u64,
}

/// Decodes and formats one batch after the other.
struct Desk<'a> {
    codec: &'a Codec,
    scribe: &'a Scribe,
    row: Row,
}

impl Desk<'_> {
    fn work(&mut self, batch: &mut Batch) {
        batch.text.clear();
        batch.tally = Tally { frames: batch.frames.len() as u64, ..Tally::default() };
        for (at, frame) in batch.frames.iter().enumerate() {
            if batch.picked.get(at) == Some(&false) {
                batch.tally.filtered += 1;
                continue;
            }
            match frame.kind() {
                Kind::Remote | Kind::Error => {
                    batch.tally.without_data += 1;
                    continue;
                }
                Kind::Data | Kind::Fd => {}
            }
            let Some(index) = self.codec.find(frame.id()) else {
                batch.tally.unknown += 1;
                continue;
            };
            batch.tally.decoded += 1;
            self.codec.decode(index, frame.data, &mut self.row);
            let bus = batch.buses.get(usize::from(frame.bus().0)).map_or(&[][..], Vec::as_slice);
            self.scribe.write(&mut batch.text, frame, bus, index, &self.row);
        }
    }
}

/// Reads the next batch; nothing at the end. Frames are picked here, in their order.
pub struct Feed<'a> {
    reader: &'a mut Reader,
    scribe: &'a Scribe,
    sifter: Option<&'a mut Sifter>,
    buses: Arc<Vec<Vec<u8>>>,
    number: u64,
}

impl<'a> Feed<'a> {
    /// Of everything `reader` still has.
    pub fn new(reader: &'a mut Reader, scribe: &'a Scribe, sifter: Option<&'a mut Sifter>) -> Self {
        Self { reader, scribe, sifter, buses: Arc::default(), number: 0 }
    }

    fn fill(&mut self, batch: &mut Batch) -> Option<()> {
        batch.frames.clear();
        if self.reader.read(&mut batch.frames, BATCH_FRAMES) == 0 {
            return None;
        }
        let names = self.reader.bus_names();
        if names.len() != self.buses.len() {
            self.buses = Arc::new(names.iter().map(|name| self.scribe.bus(name)).collect());
        }
        if let Some(sifter) = &mut self.sifter {
            sifter.pick(&batch.frames, names, &mut batch.picked);
        }
        batch.buses = Arc::clone(&self.buses);
        batch.number = self.number;
        batch.offset = self.reader.offset();
        self.number += 1;
        Some(())
    }
}

/// Writes batches and keeps the count.
struct Press<'a> {
    out: &'a mut (dyn Write + Send),
    watch: &'a mut (dyn FnMut(Position) + Send),
    tally: Tally,
}

impl Press<'_> {
    fn write(&mut self, batch: &Batch) -> io::Result<()> {
        self.out.write_all(&batch.text)?;
        self.tally.add(&batch.tally);
        (self.watch)(Position { frames: self.tally.frames, bytes: batch.offset });
        Ok(())
    }
}

/// Decodes everything `feed` has and writes it to `out`.
pub fn run(
    codec: &Codec,
    scribe: &Scribe,
    feed: Feed<'_>,
    threads: NonZeroUsize,
    out: &mut (dyn Write + Send),
    watch: &mut (dyn FnMut(Position) + Send),
) -> io::Result<Tally> {
    let mut press = Press { out, watch, tally: Tally::default() };
    press.out.write_all(scribe.header().as_bytes())?;
    if threads.get() == 1 {
        alone(codec, scribe, feed, &mut press)?;
    } else {
        together(codec, scribe, feed, &mut press, threads.get())?;
    }
    press.out.flush()?;
    Ok(press.tally)
}

fn alone(
    codec: &Codec,
    scribe: &Scribe,
    mut feed: Feed<'_>,
    press: &mut Press<'_>,
) -> io::Result<()> {
    let mut desk = Desk { codec, scribe, row: Row::new() };
    let mut batch = Batch::default();
    while feed.fill(&mut batch).is_some() {
        desk.work(&mut batch);
        press.write(&batch)?;
    }
    Ok(())
}

fn together(
    codec: &Codec,
    scribe: &Scribe,
    feed: Feed<'_>,
    press: &mut Press<'_>,
    threads: usize,
) -> io::Result<()> {
    // Two batches for every thread: one it works on, one that waits.
    let ring = 2 * (threads + 2);
    let (give_empty, take_empty) = bounded(ring);
    let (give_read, take_read) = bounded(ring);
    let (give_done, take_done) = bounded(ring);
    for _ in 0..ring {
        // The ring has room for all of them.
        let _ = give_empty.try_send(Batch::default());
    }
    thread::scope(|scope| {
        named("decode:read").spawn_scoped(scope, move || read(feed, take_empty, give_read))?;
        for number in 0..threads {
            let (take_read, give_done) = (take_read.clone(), give_done.clone());
            let mut desk = Desk { codec, scribe, row: Row::new() };
            named(&format!("decode:{number}")).spawn_scoped(scope, move || {
                for mut batch in take_read {
                    desk.work(&mut batch);
                    if give_done.send(batch).is_err() {
                        break;
                    }
                }
            })?;
        }
        // The ends held here would keep the threads waiting for ever.
        drop((take_read, give_done));
        print(press, take_done, give_empty)
    })
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}

fn read(mut feed: Feed<'_>, empty: Receiver<Batch>, give: Sender<Batch>) {
    for mut batch in empty {
        if feed.fill(&mut batch).is_none() || give.send(batch).is_err() {
            break;
        }
    }
}

/// Writes the batches in order. Those that come early wait; there are never more than the ring has.
/// On an error the ends are dropped, and the threads end one after the other.
fn print(press: &mut Press<'_>, done: Receiver<Batch>, empty: Sender<Batch>) -> io::Result<()> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for batch in done {
        early.insert(batch.number, batch);
        while let Some(batch) = early.remove(&next) {
            press.write(&batch)?;
            next += 1;
            // At the end nobody takes it any more.
            let _ = empty.send(batch);
        }
    }
    Ok(())
}

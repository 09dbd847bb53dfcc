//! One pass through the records of a group of data: the next frame, with its bytes from wherever they
//! are.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::can::frame::Frame;
use crate::engine::can::trace::block::u32_at;
use crate::engine::can::trace::line::Fault;
use crate::engine::can::trace::mf4::layout::{Form, Kind, Records};
use crate::engine::can::trace::mf4::record::{Bare, Bytes, Frames};
use crate::engine::can::trace::mf4::stream::Stream;
use crate::engine::can::trace::window::Window;

/// Frames that wait for their bytes, and bytes that wait for their frame, at most.
const WAITING: usize = 256;
/// Longest value that is kept.
const VALUE: usize = 64;
/// Records that are passed over at once.
const TURN: usize = 4096;

/// A frame that is whole.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Nanoseconds since the start of the file.
    pub at: i64,
    /// Number of the bus, from zero.
    pub bus: u32,
    /// The frame.
    pub frame: Frame,
}

/// A frame that has not come out yet.
#[derive(Clone, Debug)]
enum Waiting {
    /// Its bytes stand among the values of a kind, from `pointer` on.
    For { bare: Bare, place: usize, pointer: u64 },
    /// It stands behind one that waits.
    InTurn(Ready),
}

/// Values of a kind that no frame has taken yet.
#[derive(Clone, Debug, Default)]
struct Values {
    /// Bytes of all values so far, with their lengths.
    passed: u64,
    kept: VecDeque<(u64, Vec<u8>)>,
}

/// Where a group stands.
#[derive(Clone, Debug, Default)]
pub struct State {
    at: u64,
    head: Option<Ready>,
    waiting: VecDeque<Waiting>,
    values: Vec<Values>,
}

/// What comes next in a group.
pub enum Next {
    /// A frame of this time.
    Frame(i64),
    /// Something that cannot be read, at this byte of the file.
    Skip(Fault, u64),
    /// Many records of something else.
    Nothing,
    /// Nothing more.
    End,
}

/// A group being read.
#[derive(Debug)]
pub struct Group {
    records: Stream,
    signals: Vec<Stream>,
    data: Arc<Records>,
    /// Where it stands.
    pub state: State,
}

/// What became of a record.
enum Step {
    Frame(Ready),
    Passed,
    End,
}

impl Group {
    /// Starts at the front; no block above `limit` is unpacked.
    pub fn new(data: &Arc<Records>, limit: usize) -> Self {
        let values = vec![Values::default(); data.values];
        Self {
            records: Stream::new(&data.segments, limit),
            signals: data.signals.iter().map(|signal| Stream::new(signal, limit)).collect(),
            data: Arc::clone(data),
            state: State { values, ..State::default() },
        }
    }

    /// Bytes of its records that were used.
    pub const fn used(&self) -> u64 {
        self.state.at
    }

    /// Gives the frame that [`Group::head`] found.
    pub fn take(&mut self) -> Option<Ready> {
        self.state.head.take()
    }

    /// Looks for the next frame.
    pub fn head(&mut self, window: &mut Window) -> Next {
        if let Some(head) = &self.state.head {
            return Next::Frame(head.at);
        }
        for _ in 0..TURN {
            let at = self.state.at;
            let step = match self.resolve() {
                Some(Ok(ready)) => Ok(Step::Frame(ready)),
                Some(Err(fault)) => return Next::Skip(fault, self.records.place(at)),
                None => self.step(window),
            };
            match step {
                Ok(Step::Frame(ready)) => {
                    let at = ready.at;
                    self.state.head = Some(ready);
                    return Next::Frame(at);
                }
                Ok(Step::Passed) => {}
                Ok(Step::End) if self.state.waiting.pop_front().is_some() => {
                    return Next::Skip(Fault::Data, self.records.place(at));
                }
                Ok(Step::End) => return Next::End,
                Err(fault) => {
                    if self.state.at == at {
                        // Nothing was passed: the block that it is in is left out.
                        self.state.at = self.records.behind(at).max(at + 1);
                    }
                    return Next::Skip(fault, self.records.place(at));
                }
            }
        }
        Next::Nothing
    }

    /// The frame that waits longest, if its bytes have come or can no longer come.
    fn resolve(&mut self) -> Option<Result<Ready, Fault>> {
        let too_many = self.state.waiting.len() >= WAITING;
        let bytes = match self.state.waiting.front()? {
            Waiting::InTurn(_) => None,
            Waiting::For { place, pointer, .. } => {
                let values = self.state.values.get_mut(*place)?;
                match values.kept.iter().position(|(from, _)| from == pointer) {
                    Some(found) => {
                        let value = values.kept.remove(found);
                        // What came before it was for nobody.
                        values.kept.drain(..found.min(values.kept.len()));
                        value.map(|(_, value)| value)
                    }
                    None if values.passed > *pointer || too_many => None,
                    None => return None,
                }
            }
        };
        Some(match self.state.waiting.pop_front()? {
            Waiting::InTurn(ready) => Ok(ready),
            Waiting::For { bare, .. } => {
                bytes.ok_or(Fault::Data).and_then(|bytes| ready(&bare, &bytes))
            }
        })
    }

    /// Takes in one record.
    fn step(&mut self, window: &mut Window) -> Result<Step, Fault> {
        let data = Arc::clone(&self.data);
        let at = self.state.at;
        let id_bytes = usize::from(data.id_bytes);
        if at >= self.records.end() {
            return Ok(Step::End);
        }
        let id = self.records.bytes(window, at, id_bytes)?;
        if id.len() < id_bytes {
            self.state.at = self.records.end();
            return Err(Fault::Cut);
        }
        let id = id.iter().rev().fold(0_u64, |id, byte| id << 8 | u64::from(*byte));
        let kind = match id_bytes {
            0 => data.kinds.first(),
            _ => data.kinds.iter().find(|kind| kind.id == id),
        };
        let Some(kind) = kind else {
            // How long it is is not known, nor where the next one begins.
            self.state.at = self.records.end();
            return Err(Fault::Object);
        };
        let from = at.saturating_add(id_bytes as u64);
        match &kind.form {
            Form::Values(place) => self.value(window, from, *place),
            Form::Frames(frames) => self.frame(window, from, kind, frames),
            Form::Other => {
                self.state.at = from.saturating_add(kind.len as u64);
                Ok(Step::Passed)
            }
        }
    }

    /// A value of varying length.
    fn value(&mut self, window: &mut Window, from: u64, place: usize) -> Result<Step, Fault> {
        let len = u32_at(self.records.bytes(window, from, 4)?, 0);
        let Some(len) = len else {
            self.state.at = self.records.end();
            return Err(Fault::Cut);
        };
        self.state.at = from.saturating_add(4 + u64::from(len));
        let wanted = (len as usize).min(VALUE);
        let bytes = self.records.bytes(window, from + 4, wanted)?.to_vec();
        let Some(values) = self.state.values.get_mut(place) else { return Err(Fault::Object) };
        if values.kept.len() >= WAITING {
            values.kept.pop_front();
        }
        values.kept.push_back((values.passed, bytes));
        values.passed = values.passed.saturating_add(4 + u64::from(len));
        Ok(Step::Passed)
    }

    fn frame(
        &mut self,
        window: &mut Window,
        from: u64,
        kind: &Kind,
        frames: &Frames,
    ) -> Result<Step, Fault> {
        let record = self.records.bytes(window, from, kind.len)?;
        if record.len() < kind.len {
            self.state.at = self.records.end();
            return Err(Fault::Cut);
        }
        self.state.at = from.saturating_add(kind.len as u64);
        let bare = frames.bare(record)?;
        let pointer = |byte: usize| Frames::pointer(byte, record).ok_or(Fault::Data);
        let found = match frames.bytes {
            _ if !bare.has_bytes() => ready(&bare, &[])?,
            Bytes::None => return Err(Fault::Data),
            Bytes::Fixed { byte, len } => {
                let end = byte.saturating_add(len);
                ready(&bare, record.get(byte..end).ok_or(Fault::Data)?)?
            }
            Bytes::Signal { byte, place } => {
                let pointer = pointer(byte)?;
                let signal = self.signals.get_mut(place).ok_or(Fault::Data)?;
                let len = u32_at(signal.bytes(window, pointer, 4)?, 0).ok_or(Fault::Data)?;
                let wanted = (len as usize).min(VALUE);
                let value = signal.bytes(window, pointer.saturating_add(4), wanted)?;
                ready(&bare, value)?
            }
            Bytes::Values { byte, place } => {
                let pointer = pointer(byte)?;
                self.state.waiting.push_back(Waiting::For { bare, place, pointer });
                return Ok(Step::Passed);
            }
        };
        if self.state.waiting.is_empty() {
            return Ok(Step::Frame(found));
        }
        self.state.waiting.push_back(Waiting::InTurn(found));
        Ok(Step::Passed)
    }

    /// Goes to where it stood.
    pub fn go_to(&mut self, state: &State) {
        self.state = state.clone();
        self.records.forgive();
        self.signals.iter_mut().for_each(Stream::forgive);
    }
}

fn ready(bare: &Bare, bytes: &[u8]) -> Result<Ready, Fault> {
    Ok(Ready { at: bare.at, bus: bare.bus, frame: bare.with(bytes)? })
}

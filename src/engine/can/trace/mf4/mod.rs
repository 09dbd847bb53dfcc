//! Bus logging in ASAM's measurement format (MDF 4): blocks that point at each other, among them
//! groups of records whose fields are a CAN frame. Records of several groups in turn ("unsorted") and
//! one group after the other ("sorted") are read; frames of several groups come out in the order of
//! their times. Also files that their recorder did not finish.
//!
//! Every block is looked at only after its size was checked, every list of blocks is followed so far
//! and no further, and what is unpacked at one time has a bound.

mod blocks;
mod group;
mod layout;
mod record;
mod stream;
#[cfg(test)]
mod tests;
mod write;

use std::io;
use std::sync::Arc;

use crate::engine::can::trace::block::Piece;
use crate::engine::can::trace::line::{Bus, Entry, Stamp};
use crate::engine::can::trace::source::Source;
use crate::engine::can::trace::times::TimeStyle;
use crate::engine::can::trace::window::Window;
use blocks::Walk;
use group::{Group, Next, State};
use layout::{Layout, Start};
pub use write::Writer;

/// What is unpacked at one time, for all groups together.
const BUDGET: usize = 512 * 1024 * 1024;

/// Bytes read at once: while blocks are followed here and there, and while records are read.
const SMALL_CHUNK: usize = 16 * 1024;
const CHUNK: usize = 256 * 1024;
/// Most blocks that are followed to find out how a file is built.
const BLOCKS: u32 = 400_000;

/// What the front says.
#[derive(Clone, Debug)]
pub struct Header {
    layout: Arc<Layout>,
}

impl Header {
    /// Reads it.
    ///
    /// # Errors
    /// Blocks are broken, or none of the groups has CAN frames.
    pub fn read(source: Source) -> Result<(Self, TimeStyle), String> {
        let mut walk = Walk::new(Window::new(source, SMALL_CHUNK), BLOCKS);
        let layout = Layout::read(&mut walk)?;
        let style = match layout.start {
            Start::Utc(_) => TimeStyle::Wall,
            Start::Local(_) => TimeStyle::Local,
            Start::Unknown => TimeStyle::Relative,
        };
        Ok((Self { layout: Arc::new(layout) }, style))
    }
}

/// A place: where each group stands.
#[derive(Clone, Debug)]
pub struct Place(Arc<Vec<State>>);

/// One pass through a file.
#[derive(Debug)]
pub struct Pass {
    window: Window,
    layout: Arc<Layout>,
    groups: Vec<Group>,
}

impl Pass {
    /// Starts at the front.
    pub fn new(header: &Header, source: Source) -> Self {
        let layout = Arc::clone(&header.layout);
        let streams: usize = layout.groups.iter().map(|group| 1 + group.signals.len()).sum();
        let limit = (BUDGET / streams.max(1)).min(stream::LIMIT);
        let groups = layout.groups.iter().map(|group| Group::new(group, limit)).collect();
        Self { window: Window::new(source, CHUNK), layout, groups }
    }

    /// Bytes passed: of each group's records as much as was used.
    pub fn offset(&self) -> u64 {
        let used = self.groups.iter().map(Group::used).fold(0, u64::saturating_add);
        used.min(self.window.size().unwrap_or(u64::MAX))
    }

    /// Why reading stopped early.
    pub const fn failure(&self) -> Option<&io::Error> {
        self.window.failure()
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        Place(Arc::new(self.groups.iter().map(|group| group.state.clone()).collect()))
    }

    /// Goes to a place.
    pub fn go_to(&mut self, place: &Place) {
        for (group, state) in self.groups.iter_mut().zip(place.0.iter()) {
            group.go_to(state);
        }
    }

    /// The next piece.
    pub fn next(&mut self) -> Piece<'static> {
        let mut first: Option<(usize, i64)> = None;
        for (place, group) in self.groups.iter_mut().enumerate() {
            match group.head(&mut self.window) {
                Next::Frame(at) => {
                    if first.is_none_or(|(_, earliest)| at < earliest) {
                        first = Some((place, at));
                    }
                }
                Next::Skip(fault, at) => return Piece::Skip(fault, at),
                Next::Nothing => return Piece::Nothing,
                Next::End => {}
            }
        }
        let group = first.and_then(|(place, _)| self.groups.get_mut(place));
        let Some(ready) = group.and_then(Group::take) else { return Piece::End };
        let stamp = match self.layout.start {
            Start::Utc(start) => Stamp::At(start.saturating_add(ready.at)),
            Start::Local(start) => Stamp::Local(start.saturating_add(ready.at)),
            Start::Unknown => Stamp::At(ready.at),
        };
        let bus = Bus::Numbered(ready.bus);
        Piece::Frame(Entry { stamp, bus, frame: ready.frame })
    }
}

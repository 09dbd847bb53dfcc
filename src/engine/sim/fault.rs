//! What goes wrong, applied: to the readings of cells before a BMU speaks of them, and to frames
//! before they reach the bus. Knows when and to whom; the devices themselves stay right.

use std::collections::HashMap;

use super::chance::Chance;
use super::scene::{Fault, Wrong};
use crate::base::time::Mono;
use crate::engine::can::frame::{Frame, Id};

/// The device of a world that speaks, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node(pub usize);

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    /// It is sent, perhaps changed.
    Sent(Frame),
    /// It is sent two times.
    Twice(Frame),
    /// It is sent at this time.
    Later(Frame, Mono),
    /// It never reaches the bus.
    Gone,
}

#[derive(Clone, Debug)]
struct Aimed {
    fault: Fault,
    node: Option<Node>,
    message: Option<Id>,
}

/// All faults of a world.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    list: Vec<Aimed>,
    chance: Chance,
    stuck_frames: HashMap<(usize, Id), Frame>,
    stuck_cells: HashMap<(usize, u16, u16), i16>,
}

/// Voltage words of a cell with a special meaning (protocol note, section 2.2).
pub(super) const ABSENT: i16 = i16::MIN;
pub(super) const EXTRA: i16 = i16::MIN + 1;

impl Faults {
    /// No faults yet.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            list: Vec::new(),
            chance: Chance::new(seed, 7),
            stuck_frames: HashMap::new(),
            stuck_cells: HashMap::new(),
        }
    }

    /// Adds a fault on `node`, where it is on one, and on one `message`, where it is on one.
    pub(super) fn add(&mut self, fault: Fault, node: Option<Node>, message: Option<Id>) {
        self.list.push(Aimed { fault, node, message });
    }

    /// Whether `what` is at work on the whole of `node`.
    pub(super) fn has(&self, what: Wrong, node: Node, now: Mono) -> bool {
        self.list.iter().any(|aimed| {
            aimed.fault.what == what && aimed.node == Some(node) && aimed.fault.is_on(now)
        })
    }

    /// Whether a fault of this kind on the whole bus is at work.
    pub(super) fn has_bus(&self, what: Wrong, now: Mono) -> bool {
        self.list.iter().any(|aimed| aimed.fault.what == what && aimed.fault.is_on(now))
    }

    /// The faults of this kind.
    pub(super) fn all(&self, what: Wrong) -> impl Iterator<Item = &Fault> {
        self.list.iter().map(|aimed| &aimed.fault).filter(move |fault| fault.what == what)
    }

    /// Whether some cell of `node` has been untrusted for at least `span_ns`.
    pub(super) fn untrusted_for(&self, node: Node, now: Mono, span_ns: i64) -> bool {
        let before = Mono::from_nanos(now.nanos() - span_ns);
        self.list.iter().any(|aimed| {
            let fault = &aimed.fault;
            fault.what == Wrong::Untrusted
                && aimed.node == Some(node)
                && fault.is_on(now)
                && fault.is_on(before)
        })
    }

    /// Whether a module says nothing at all.
    pub(super) fn is_silent(&self, node: Node, module: u16, now: Mono) -> bool {
        self.list.iter().any(|aimed| {
            let fault = &aimed.fault;
            fault.what == Wrong::Silent
                && aimed.node == Some(node)
                && fault.module == Some(module)
                && fault.is_on(now)
        })
    }

    /// The voltage word of a cell whose true voltage is `true_mv` (none where there is no cell).
    pub(super) fn cell_word(
        &mut self,
        node: Node,
        place: (u16, u16),
        true_mv: Option<i16>,
        now: Mono,
    ) -> i16 {
        let mut word = true_mv.unwrap_or(ABSENT);
        for (number, aimed) in self.list.iter().enumerate() {
            let fault = &aimed.fault;
            let here = aimed.node == Some(node)
                && fault.module == Some(place.0)
                && fault.cell == Some(place.1);
            if !here {
                continue;
            }
            let key = (number, place.0, place.1);
            if !fault.is_on(now) {
                self.stuck_cells.remove(&key);
                continue;
            }
            match fault.what {
                Wrong::Untrusted => word = -word.abs().max(1),
                Wrong::ExtraCell => word = EXTRA,
                Wrong::Stuck => word = *self.stuck_cells.entry(key).or_insert(word),
                Wrong::Misread => {
                    word = (f64::from(word) + fault.by).round().clamp(1.0, 32_767.0) as i16;
                }
                Wrong::Jumps => {
                    let off = self.chance.between(-fault.by, fault.by);
                    word = (f64::from(word) + off).round().clamp(1.0, 32_767.0) as i16;
                }
                Wrong::Silent
                | Wrong::Late
                | Wrong::Lost
                | Wrong::ContactorSupply
                | Wrong::ContactorStuck
                | Wrong::PrechargeFails
                | Wrong::NoMains
                | Wrong::SecondControls
                | Wrong::BusOff
                | Wrong::Twice
                | Wrong::Shuffled
                | Wrong::Corrupt
                | Wrong::Reversed
                | Wrong::Welded
                | Wrong::NeverCloses
                | Wrong::Reboots
                | Wrong::IgnoresStop
                | Wrong::KeepsOn
                | Wrong::Lies
                | Wrong::OtherAddress
                | Wrong::SecondMaster => {}
            }
        }
        word
    }

    /// By how many degrees a module's temperature reads wrong.
    pub(super) fn degrees_off(&self, node: Node, module: u16, now: Mono) -> f64 {
        let here = |aimed: &&Aimed| {
            let fault = &aimed.fault;
            fault.what == Wrong::Misread
                && aimed.node == Some(node)
                && fault.module == Some(module)
                && fault.cell.is_none()
                && fault.is_on(now)
        };
        self.list.iter().filter(here).map(|aimed| aimed.fault.by).sum()
    }

    /// What becomes of a frame of `node` (and of one of its modules, where it speaks for one).
    pub(super) fn judge(
        &mut self,
        node: Node,
        module: Option<u16>,
        frame: Frame,
        now: Mono,
    ) -> Fate {
        let mut frame = frame;
        let (mut at, mut twice) = (None, false);
        let id = frame.id();
        for (number, aimed) in self.list.iter().enumerate() {
            let fault = &aimed.fault;
            let here = aimed.node == Some(node)
                && aimed.message.is_none_or(|message| message == id)
                && (fault.module.is_none() || fault.module == module)
                && fault.cell.is_none();
            if !here {
                continue;
            }
            let key = (number, id);
            if !fault.is_on(now) {
                self.stuck_frames.remove(&key);
                continue;
            }
            match fault.what {
                Wrong::Silent => return Fate::Gone,
                Wrong::Lost if self.chance.share() < fault.by => return Fate::Gone,
                Wrong::Late => at = Some(now.after(seconds(fault.by))),
                Wrong::Stuck => frame = *self.stuck_frames.entry(key).or_insert(frame),
                Wrong::Misread if fault.module.is_none() => {
                    let bytes = self.chance.bits().to_le_bytes();
                    let len = frame.len().min(bytes.len());
                    frame = bytes
                        .get(..len)
                        .and_then(|bytes| Frame::classic(id, bytes))
                        .unwrap_or(frame);
                }
                Wrong::Twice => twice = true,
                Wrong::Shuffled => {
                    at = Some(now.after(seconds(self.chance.between(0.0, fault.by))))
                }
                Wrong::Corrupt if self.chance.share() < fault.by => {
                    frame = flipped(frame, self.chance.bits());
                }
                Wrong::OtherAddress => frame = with_other_address(frame),
                Wrong::Misread
                | Wrong::Lost
                | Wrong::Untrusted
                | Wrong::ExtraCell
                | Wrong::ContactorSupply
                | Wrong::ContactorStuck
                | Wrong::PrechargeFails
                | Wrong::NoMains
                | Wrong::SecondControls
                | Wrong::BusOff
                | Wrong::Corrupt
                | Wrong::Jumps
                | Wrong::Reversed
                | Wrong::Welded
                | Wrong::NeverCloses
                | Wrong::Reboots
                | Wrong::IgnoresStop
                | Wrong::KeepsOn
                | Wrong::Lies
                | Wrong::SecondMaster => {}
            }
        }
        match at {
            Some(at) => Fate::Later(frame, at),
            None if twice => Fate::Twice(frame),
            None => Fate::Sent(frame),
        }
    }
}

/// The frame with one of its bits flipped.
fn flipped(frame: Frame, dice: u64) -> Frame {
    let mut bytes = [0; 8];
    let view = frame.view();
    for (byte, &found) in bytes.iter_mut().zip(view.data) {
        *byte = found;
    }
    let len = view.data.len().min(bytes.len());
    let bit = (dice % (8 * len.max(1) as u64)) as usize;
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
    bytes.get(..len).and_then(|bytes| Frame::classic(frame.id(), bytes)).unwrap_or(frame)
}

/// The frame as the next charger on the bus would say it.
fn with_other_address(frame: Frame) -> Frame {
    let other = Id::extended(frame.id().raw() + 2);
    other.and_then(|id| Frame::classic(id, frame.view().data)).unwrap_or(frame)
}

fn seconds(span: f64) -> std::time::Duration {
    std::time::Duration::try_from_secs_f64(span).unwrap_or_default()
}

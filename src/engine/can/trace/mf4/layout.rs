//! The plan of an MDF 4 file: which groups of records are CAN frames, where their fields lie, and
//! where their records are.

use std::sync::Arc;

use crate::base::time::Mono;
use crate::engine::can::trace::mf4::blocks::{Block, Walk};
use crate::engine::can::trace::mf4::record::{Bytes, Field, Frames, Number, What};
use crate::engine::can::trace::mf4::stream::{self, Segment};

/// Where the header stands.
const HEADER: u64 = 64;
/// Most blocks of one list that are followed.
const LIST: usize = 65_536;
/// Most groups with frames of CAN.
const GROUPS: usize = 64;
/// Most channels of a group, and how deep they may be nested.
const CHANNELS: usize = 512;
const DEPTH: usize = 4;
/// Greatest record.
const RECORD: u32 = 1024 * 1024;

/// When times begin to count, nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// In UTC.
    Utc(i64),
    /// In a zone that the file does not name.
    Local(i64),
    /// The recorder had no clock.
    Unknown,
}

/// The plan.
#[derive(Debug)]
pub struct Layout {
    /// When times begin to count.
    pub start: Start,
    /// Groups of data that have CAN frames.
    pub groups: Vec<Arc<Records>>,
}

/// A group of data: records of one kind, or of several in turn.
#[derive(Debug)]
pub struct Records {
    /// Where its records are.
    pub segments: Arc<Vec<Segment>>,
    /// Bytes of a number before each record that says which kind it is.
    pub id_bytes: u8,
    /// The kinds.
    pub kinds: Vec<Kind>,
    /// Signals of varying length that have a place of their own.
    pub signals: Vec<Arc<Vec<Segment>>>,
    /// How many kinds are values of varying length.
    pub values: usize,
}

/// A kind of record.
#[derive(Debug)]
pub struct Kind {
    /// Its number.
    pub id: u64,
    /// Bytes of a record.
    pub len: usize,
    /// What it is.
    pub form: Form,
}

/// What records of a kind are.
#[derive(Debug)]
pub enum Form {
    /// Frames.
    Frames(Box<Frames>),
    /// Values of varying length: each with its length before it, of this number among those.
    Values(usize),
    /// Something else.
    Other,
}

impl Layout {
    /// Reads it.
    ///
    /// # Errors
    /// The header is broken, or no group has CAN frames; a part of a sentence says what.
    pub fn read(walk: &mut Walk) -> Result<Self, String> {
        let version = walk.array::<2>(28).map(u16::from_le_bytes);
        if !matches!(version, Some(400..=499)) {
            return Err("it is of another version than 4".to_owned());
        }
        let header = walk.block(HEADER, *b"##HD").ok_or("its header block is broken")?;
        let ns = i64::try_from(header.u64(0)).unwrap_or(0);
        let start = match header.u8(12) & 1 {
            _ if Mono::from_nanos(ns) < Mono::from_millis(100_000_000_000) => Start::Unknown,
            1 => Start::Local(ns),
            _ => Start::Utc(ns),
        };
        let mut groups = Vec::new();
        let mut at = header.link(0);
        for _ in 0..LIST {
            let Some(block) = walk.block(at, *b"##DG") else { break };
            groups.extend(data(walk, &block).map(Arc::new));
            if groups.len() > GROUPS {
                return Err(format!("it has more than {GROUPS} groups of CAN frames"));
            }
            at = block.link(0);
        }
        if groups.is_empty() {
            return Err("none of its groups of records has CAN frames".to_owned());
        }
        Ok(Self { start, groups })
    }
}

/// A group of data; `None` where it has no frames.
fn data(walk: &mut Walk, block: &Block) -> Option<Records> {
    let id_bytes = block.u8(0);
    if !matches!(id_bytes, 0 | 1 | 2 | 4 | 8) {
        return None;
    }
    let mut found = Vec::new();
    let mut at = block.link(1);
    for _ in 0..CHANNELS {
        let Some(group) = walk.block(at, *b"##CG") else { break };
        found.push((at, group.link(0), group));
        at = found.last().map_or(0, |(_, next, _)| *next);
    }
    let is_values = |group: &Block| group.u16(16) & 1 == 1;
    let values: Vec<u64> =
        found.iter().filter(|(_, _, group)| is_values(group)).map(|(at, ..)| *at).collect();
    let mut signals = Vec::new();
    let mut kinds = Vec::new();
    for (at, _, group) in &found {
        let (len, invalid) = (group.u32(24), group.u32(28));
        let form = if let Some(place) = values.iter().position(|v| v == at) {
            Form::Values(place)
        } else {
            let total = len.checked_add(invalid).filter(|len| *len <= RECORD)?;
            // A record without a byte would never end.
            if total == 0 && id_bytes == 0 {
                return None;
            }
            let frames = frames(walk, group, &values, &mut signals);
            frames.map_or(Form::Other, |frames| Form::Frames(Box::new(frames)))
        };
        let len = len.saturating_add(invalid) as usize;
        kinds.push(Kind { id: group.u64(0), len, form });
    }
    if !kinds.iter().any(|kind| matches!(kind.form, Form::Frames(_))) {
        return None;
    }
    let segments = Arc::new(stream::segments(walk, block.link(2)));
    Some(Records { segments, id_bytes, kinds, signals, values: values.len() })
}

/// A channel of a group, with its full name.
struct Channel {
    name: String,
    block: Block,
    /// Elements of an array, where it is one.
    elements: Option<u64>,
}

/// All channels from `first` on, and those that they are made of.
fn channels(walk: &mut Walk, first: u64, depth: usize, into: &mut Vec<Channel>) {
    let mut at = first;
    while into.len() < CHANNELS {
        let Some(block) = walk.block(at, *b"##CN") else { return };
        let name = walk.text(block.link(2)).unwrap_or_default();
        let (next, inner) = (block.link(0), block.link(1));
        let array = walk.block(inner, *b"##CA");
        let elements = array.map(|array| {
            let sizes = (0..usize::from(array.u16(2)).min(3)).map(|n| array.u64(16 + 8 * n));
            sizes.fold(1_u64, u64::saturating_mul)
        });
        let is_plain = elements.is_none();
        into.push(Channel { name, block, elements });
        if is_plain && depth < DEPTH {
            channels(walk, inner, depth + 1, into);
        }
        at = next;
    }
}

/// The frames that records of a group are; `None` where they are something else.
fn frames(
    walk: &mut Walk,
    group: &Block,
    values: &[u64],
    signals: &mut Vec<Arc<Vec<Segment>>>,
) -> Option<Frames> {
    let mut all = Vec::new();
    channels(walk, group.link(1), 0, &mut all);
    let events = [
        ("CAN_DataFrame.", What::Data),
        ("CAN_RemoteFrame.", What::Remote),
        ("CAN_ErrorFrame.", What::Error),
    ];
    let (prefix, what) =
        events.into_iter().find(|(prefix, _)| all.iter().any(|c| c.name.starts_with(prefix)))?;
    let field = |wanted: &str| {
        let found = all.iter().find(|c| c.name.strip_prefix(prefix) == Some(wanted))?;
        field_at(&found.block)
    };
    let (master, time) = all.iter().find_map(|channel| {
        let is_time = matches!(channel.block.u8(0), 2 | 3) && channel.block.u8(1) == 1;
        is_time.then(|| field_at(&channel.block).map(|f| (&channel.block, f)))?
    })?;
    let conversion = walk.block(master.link(4), *b"##CC");
    let (offset, factor) = match conversion {
        Some(cc) if cc.u8(0) == 1 => (cc.f64(24), cc.f64(32)),
        Some(_) | None => (0.0, 1.0),
    };
    let bytes = all.iter().find(|c| c.name.strip_prefix(prefix) == Some("DataBytes"));
    let bytes = match bytes {
        Some(channel) => place_of_bytes(walk, channel, values, signals),
        None => Bytes::None,
    };
    Some(Frames {
        what,
        time,
        offset,
        factor,
        channel: field("BusChannel"),
        id: field("ID"),
        wide: field("IDE"),
        code: field("DLC"),
        len: field("DataLength"),
        way: field("Dir"),
        form: field("EDL"),
        brs: field("BRS"),
        esi: field("ESI"),
        remote: field("RTR"),
        bytes,
    })
}

/// Where a number lies in a record.
fn field_at(channel: &Block) -> Option<Field> {
    let number = match channel.u8(2) {
        0 | 2 => Number::Little,
        1 | 3 => Number::Big,
        4 => Number::RealLittle,
        5 => Number::RealBig,
        _ => return None,
    };
    let (shift, byte, bits) = (channel.u8(3), channel.u32(4), channel.u32(8));
    if shift > 7 || bits == 0 || bits > 64 {
        return None;
    }
    Some(Field { number, byte: byte as usize, shift: u32::from(shift), bits })
}

/// Where the bytes of a frame are.
fn place_of_bytes(
    walk: &mut Walk,
    channel: &Channel,
    values: &[u64],
    signals: &mut Vec<Arc<Vec<Segment>>>,
) -> Bytes {
    let block = &channel.block;
    let byte = block.u32(4) as usize;
    if block.u8(0) != 1 {
        let one = u64::from(block.u32(8)) / 8;
        let len = one.saturating_mul(channel.elements.unwrap_or(1)).min(64) as usize;
        return Bytes::Fixed { byte, len };
    }
    let link = block.link(5);
    if let Some(place) = values.iter().position(|at| *at == link) {
        return Bytes::Values { byte, place };
    }
    signals.push(Arc::new(stream::segments(walk, link)));
    Bytes::Signal { byte, place: signals.len() - 1 }
}

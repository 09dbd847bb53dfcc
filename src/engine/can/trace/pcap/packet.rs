//! The blocks of the new form, and the frame in a packet: which bytes mean what.

use crate::engine::can::frame::{Direction, Frame, Id};
use crate::engine::can::trace::line::{self, Fault};

/// A block that describes an interface.
pub const INTERFACE: u32 = 1;
/// A block with a packet and little else.
pub const SIMPLE: u32 = 3;
/// A block with a packet.
pub const ENHANCED: u32 = 6;

/// The link type of CAN frames as Linux has them.
pub const LINK_CAN: u16 = 227;
/// Cooked captures of Linux, first and second edition.
const LINK_COOKED: u16 = 113;
const LINK_COOKED_2: u16 = 276;
/// What cooked captures call classic and FD frames.
const PROTOCOL_CAN: u16 = 0x000C;
const PROTOCOL_CAN_FD: u16 = 0x000D;
/// Cooked: sent by this machine.
const OUTGOING: u16 = 4;

/// In an id: 29 bits.
pub const EXTENDED: u32 = 1 << 31;
/// In an id: a remote frame.
pub const REMOTE: u32 = 1 << 30;
/// In an id: an error frame.
pub const ERROR: u32 = 1 << 29;
/// In the flags: FD's form. Bit rate switch and error state indicator are the lowest two bits.
pub const FD_FORM: u8 = 4;
/// Bytes before the data of a frame.
pub const FRAME_HEAD: usize = 8;
/// Size of an FD frame with all that Linux keeps of it.
const WHOLE_FD: usize = 72;

/// Options of blocks that are looked at.
const OPTION_END: u16 = 0;
const OPTION_NAME: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;
const OPTION_FLAGS: u16 = 2;
/// Longest name of an interface.
const NAME_BYTES: usize = 64;

/// Which byte comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The low one.
    Little,
    /// The high one.
    Big,
}

impl Order {
    /// Four bytes as a number.
    pub const fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    const fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        bytes.get(at..)?.first_chunk::<4>().map(|b| self.u32(*b))
    }

    fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        bytes.get(at..)?.first_chunk::<2>().map(|b| self.u16(*b))
    }

    /// The options of a block from `at` on: code and value. They end where a length leads out of the
    /// block.
    fn options(self, block: &[u8], at: usize) -> impl Iterator<Item = (u16, &[u8])> {
        // The block ends with its length once more.
        let block = block.get(..block.len().saturating_sub(4)).unwrap_or_default();
        let mut at = at;
        std::iter::from_fn(move || {
            let code = self.u16_at(block, at)?;
            let len = usize::from(self.u16_at(block, at + 2)?);
            let value = block.get(at + 4..at + 4 + len)?;
            at += 4 + len.next_multiple_of(4);
            (code != OPTION_END).then_some((code, value))
        })
    }
}

/// An interface of a capture.
#[derive(Clone, Debug)]
pub struct Interface {
    link: u16,
    /// Parts of a second that its times count.
    per_second: i128,
    /// Seconds to be added.
    offset: i64,
    /// What it is called.
    pub name: Option<String>,
}

impl Interface {
    /// One of which only the link type is known.
    pub const fn plain(link: u16) -> Self {
        Self { link, per_second: 1_000_000, offset: 0, name: None }
    }

    /// Reads the block that describes it.
    pub fn read(order: Order, block: &[u8]) -> Option<Self> {
        let mut interface = Self::plain(order.u16_at(block, 8)?);
        for (code, value) in order.options(block, 16) {
            match (code, value) {
                (OPTION_NAME, name) => {
                    let name = name.get(..NAME_BYTES).unwrap_or(name);
                    let name = String::from_utf8_lossy(name);
                    let name = name.trim_matches(['\0', ' ']);
                    interface.name = (!name.is_empty()).then(|| name.to_owned());
                }
                (OPTION_RESOLUTION, [power, ..]) => {
                    let base = if power & 0x80 == 0 { 10_i128 } else { 2 };
                    interface.per_second = base.checked_pow(u32::from(power & 0x7F))?;
                }
                (OPTION_OFFSET, value) => {
                    let (low, high) = (order.u32_at(value, 0)?, order.u32_at(value, 4)?);
                    let (low, high) = match order {
                        Order::Little => (low, high),
                        Order::Big => (high, low),
                    };
                    interface.offset = (u64::from(high) << 32 | u64::from(low)).cast_signed();
                }
                _ => {}
            }
        }
        Some(interface)
    }

    /// Whether CAN frames may come from it.
    pub const fn is_can(&self) -> bool {
        matches!(self.link, LINK_CAN | LINK_COOKED | LINK_COOKED_2)
    }

    /// A time of this interface as nanoseconds.
    fn nanos(&self, count: u64) -> Option<i64> {
        let part = i128::from(count) * 1_000_000_000 / self.per_second;
        i64::try_from(part + i128::from(self.offset) * 1_000_000_000).ok()
    }
}

/// Where a block has its packet, and what else it says of it.
pub struct Found {
    /// The interface.
    pub interface: usize,
    /// When, if it says so.
    pub stamp: Option<i64>,
    /// Which way.
    pub way: Direction,
    /// Where in the block the packet begins.
    pub from: usize,
    /// How long it is.
    pub len: usize,
}

/// Finds the packet of a block.
pub fn find(
    order: Order,
    kind: u32,
    block: &[u8],
    interfaces: &[Interface],
) -> Result<Found, Fault> {
    let word = |at: usize| order.u32_at(block, at).ok_or(Fault::Cut);
    if kind == SIMPLE {
        let len = (word(8)? as usize).min(block.len().saturating_sub(16));
        return Ok(Found { interface: 0, stamp: None, way: Direction::Received, from: 12, len });
    }
    let (interface, len) = (word(8)? as usize, word(20)? as usize);
    let count = u64::from(word(12)?) << 32 | u64::from(word(16)?);
    let known = interfaces.get(interface).ok_or(Fault::Interface)?;
    let stamp = known.nanos(count).ok_or(Fault::Time)?;
    let end = len.checked_next_multiple_of(4).and_then(|len| len.checked_add(28));
    let end = end.filter(|end| end + 4 <= block.len()).ok_or(Fault::Length)?;
    let mut way = Direction::Received;
    for (code, value) in order.options(block, end) {
        if code == OPTION_FLAGS && order.u32_at(value, 0).is_some_and(|flags| flags & 3 == 2) {
            way = Direction::Sent;
        }
    }
    Ok(Found { interface, stamp: Some(stamp), way, from: 28, len })
}

/// The frame of a packet, and which way it went where the packet itself says that; `None` where it is
/// something else.
pub fn read(
    interface: &Interface,
    packet: &[u8],
) -> Result<Option<(Frame, Option<Direction>)>, Fault> {
    let big = |at: usize| Order::Big.u16_at(packet, at).ok_or(Fault::Cut);
    let (head, protocol, kind) = match interface.link {
        LINK_CAN => (0, None, None),
        LINK_COOKED => (16, Some(big(14)?), Some(big(0)?)),
        LINK_COOKED_2 => {
            let kind = packet.get(10).copied().ok_or(Fault::Cut)?;
            (20, Some(big(0)?), Some(u16::from(kind)))
        }
        _ => return Ok(None),
    };
    if !matches!(protocol, None | Some(PROTOCOL_CAN | PROTOCOL_CAN_FD)) {
        return Ok(None);
    }
    let way = kind.map(|k| if k == OUTGOING { Direction::Sent } else { Direction::Received });
    let frame = frame(packet.get(head..).ok_or(Fault::Cut)?, protocol)?;
    Ok(Some((frame, way)))
}

fn frame(bytes: &[u8], protocol: Option<u16>) -> Result<Frame, Fault> {
    let Some((&[a, b, c, d, len, flags, _, _], data)) = bytes.split_first_chunk::<FRAME_HEAD>()
    else {
        return Err(Fault::Cut);
    };
    let (raw, len) = (u32::from_be_bytes([a, b, c, d]), usize::from(len));
    let number = raw & Id::MAX_EXTENDED;
    if raw & ERROR != 0 {
        let details = data.get(..len).ok_or(Fault::Length)?;
        return Frame::error(number, details).ok_or(Fault::Length);
    }
    let id = if raw & EXTENDED != 0 { Id::extended(number) } else { Id::standard(number) };
    let id = id.ok_or(Fault::Id)?;
    if raw & REMOTE != 0 {
        return Frame::remote(id, len).ok_or(Fault::Length);
    }
    let data = data.get(..len).ok_or(Fault::Length)?;
    // Older captures mark FD only by their size.
    let is_fd = flags & 7 != 0 || len > 8 || bytes.len() == WHOLE_FD;
    if protocol != Some(PROTOCOL_CAN) && (is_fd || protocol == Some(PROTOCOL_CAN_FD)) {
        let frame = Frame::fd(id, data).ok_or(Fault::Length)?;
        return Ok(line::with_flags(frame, flags & (line::BRS | line::ESI)));
    }
    Frame::classic(id, data).ok_or(Fault::Length)
}

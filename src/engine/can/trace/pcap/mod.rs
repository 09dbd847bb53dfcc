//! Packet captures of CAN frames, in the old form (pcap) and the new (pcapng), of the link types
//! "CAN of Linux" and "cooked capture of Linux". Packets of other links are passed over.

mod packet;
#[cfg(test)]
mod tests;
mod write;

use std::io;
use std::sync::Arc;

use crate::engine::can::frame::Direction;
use crate::engine::can::trace::block::Piece;
use crate::engine::can::trace::line::{Bus, Entry, Fault, Stamp};
use crate::engine::can::trace::source::Source;
use crate::engine::can::trace::times::{DeltaTimes, TimeStyle};
use crate::engine::can::trace::window::{CHUNK, Window};
use packet::{Interface, Order};
pub use write::Writer;

/// The first four bytes of a file of the new form.
pub const SECTION: u32 = 0x0A0D_0D0A;
/// In a section of the new form: which byte comes first.
const ORDER_MARK: u32 = 0x1A2B_3C4D;
/// The first four bytes of the old form, times in microseconds.
const OLD_MICROS: u32 = 0xA1B2_C3D4;
/// The first four bytes of the old form, times in nanoseconds.
const OLD_NANOS: u32 = 0xA1B2_3C4D;
/// Front of a file of the old form.
const OLD_HEAD: u64 = 24;
/// Front of a packet of the old form.
const OLD_PACKET_HEAD: usize = 16;
/// Greatest packet and block that is looked at.
const LIMIT: usize = 1024 * 1024;
/// Most interfaces of a file of the new form.
const INTERFACES: usize = 256;
/// Blocks at the front in which there must be an interface of CAN.
const FRONT_BLOCKS: usize = 64;

/// The two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Old { unit: i64 },
    New,
}

/// What the front says.
#[derive(Clone, Debug)]
pub struct Header {
    form: Form,
    start: Place,
}

/// A place: the next packet or block, and what is known by then.
#[derive(Clone, Debug)]
pub struct Place {
    at: u64,
    order: Order,
    interfaces: Arc<Vec<Interface>>,
}

impl Header {
    /// Reads it.
    ///
    /// # Errors
    /// It is too short, or the capture is of something else than CAN.
    pub fn read(source: Source) -> Result<(Self, TimeStyle), String> {
        let mut window = Window::new(source.clone(), CHUNK);
        let mark: [u8; 4] = window.array(0).ok_or("it ends within its header")?;
        let header = if u32::from_be_bytes(mark) == SECTION {
            let start = Place { at: 0, order: Order::Little, interfaces: Arc::default() };
            Self { form: Form::New, start }
        } else {
            Self::old(&mut window, mark)?
        };
        let stamp = header.first_stamp(source)?;
        let style = TimeStyle::judge(stamp.as_slice(), DeltaTimes::Never);
        // A capture without a frame has no times that anybody could miss.
        let style = if style == TimeStyle::Missing { TimeStyle::Relative } else { style };
        Ok((header, style))
    }

    fn old(window: &mut Window, mark: [u8; 4]) -> Result<Self, String> {
        let orders = [Order::Little, Order::Big];
        let known = orders.into_iter().find_map(|order| match order.u32(mark) {
            OLD_MICROS => Some((order, 1000)),
            OLD_NANOS => Some((order, 1)),
            _ => None,
        });
        let (order, unit) = known.ok_or("its first bytes are none of a capture")?;
        let link: [u8; 4] = window.array(20).ok_or("it ends within its header")?;
        let link = order.u32(link) & 0xFFFF;
        let interface = Interface::plain(u16::try_from(link).unwrap_or(0));
        if !interface.is_can() {
            return Err(format!("it is a capture of link type {link}, and CAN has 227"));
        }
        let interfaces = Arc::new(vec![interface]);
        Ok(Self { form: Form::Old { unit }, start: Place { at: OLD_HEAD, order, interfaces } })
    }

    /// The time of the first frame; in the new form an interface must come before it.
    fn first_stamp(&self, source: Source) -> Result<Option<Stamp>, String> {
        let mut pass = Pass::new(self, source);
        for _ in 0..FRONT_BLOCKS {
            match pass.next() {
                Piece::Frame(entry) => return Ok(Some(entry.stamp)),
                Piece::End => break,
                Piece::Nothing | Piece::Skip(..) => {}
            }
        }
        if pass.interfaces.iter().any(Interface::is_can) {
            return Ok(None);
        }
        Err("none of its first interfaces is one of CAN".to_owned())
    }
}

/// One pass through a capture.
#[derive(Debug)]
pub struct Pass {
    window: Window,
    form: Form,
    at: u64,
    order: Order,
    interfaces: Arc<Vec<Interface>>,
    ended: bool,
}

/// What a packet's record says besides its bytes.
struct Record {
    interface: usize,
    stamp: Option<i64>,
    way: Direction,
    /// Where its bytes begin, and how many there are.
    data: (u64, usize),
}

impl Pass {
    /// Starts at the front.
    pub fn new(header: &Header, source: Source) -> Self {
        let Place { at, order, interfaces } = header.start.clone();
        Self {
            window: Window::new(source, CHUNK),
            form: header.form,
            at,
            order,
            interfaces,
            ended: false,
        }
    }

    /// Bytes passed.
    pub fn offset(&self) -> u64 {
        self.at.min(self.window.size().unwrap_or(u64::MAX))
    }

    /// Why reading stopped early.
    pub const fn failure(&self) -> Option<&io::Error> {
        self.window.failure()
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        Place { at: self.at, order: self.order, interfaces: Arc::clone(&self.interfaces) }
    }

    /// Goes to a place.
    pub fn go_to(&mut self, place: &Place) {
        self.at = place.at;
        self.order = place.order;
        self.interfaces = Arc::clone(&place.interfaces);
        self.ended = false;
    }

    /// The next piece.
    pub fn next(&mut self) -> Piece<'_> {
        let at = self.at;
        let record = match self.form {
            _ if self.ended => return Piece::End,
            Form::Old { unit } => self.old_packet(unit),
            Form::New => self.block(),
        };
        let Some(record) = record.transpose() else {
            return if self.ended { Piece::End } else { Piece::Nothing };
        };
        match record.and_then(|record| self.frame(&record)) {
            Ok(Some(entry)) => Piece::Frame(entry),
            Ok(None) => Piece::Nothing,
            Err(fault) => Piece::Skip(fault, at),
        }
    }

    fn frame(&mut self, record: &Record) -> Result<Option<Entry<'_>>, Fault> {
        let (from, len) = record.data;
        let interface = self.interfaces.get(record.interface).ok_or(Fault::Interface)?;
        let bytes = self.window.bytes(from, len);
        if bytes.len() < len {
            return Err(Fault::Cut);
        }
        let Some((frame, way)) = packet::read(interface, bytes)? else { return Ok(None) };
        let way = way.unwrap_or(record.way);
        let stamp = record.stamp.map_or(Stamp::Unsaid, Stamp::At);
        let bus = match (&interface.name, self.form) {
            (Some(name), _) => Bus::Named(name.as_bytes()),
            (None, Form::Old { .. }) => Bus::Unsaid,
            (None, Form::New) => Bus::Numbered(u32::try_from(record.interface).unwrap_or(u32::MAX)),
        };
        Ok(Some(Entry { stamp, bus, frame: frame.going(way) }))
    }

    /// Takes in a packet of the old form; `None` at the end.
    fn old_packet(&mut self, unit: i64) -> Result<Option<Record>, Fault> {
        let head = self.window.bytes(self.at, OLD_PACKET_HEAD);
        if head.len() < OLD_PACKET_HEAD {
            self.ended = true;
            return if head.is_empty() { Ok(None) } else { Err(Fault::Cut) };
        }
        let word = |place: usize| {
            head.get(4 * place..)
                .and_then(|b| b.first_chunk::<4>())
                .map_or(0, |b| self.order.u32(*b))
        };
        let (seconds, part, len) = (word(0), word(1), word(2) as usize);
        if len > LIMIT {
            // Where the next packet begins is not known.
            self.ended = true;
            return Err(Fault::Object);
        }
        let stamp = i64::from(seconds) * 1_000_000_000 + i64::from(part) * unit;
        let data = (self.at + OLD_PACKET_HEAD as u64, len);
        self.at = data.0 + len as u64;
        Ok(Some(Record { interface: 0, stamp: Some(stamp), way: Direction::Received, data }))
    }

    /// Takes in a block of the new form; `None` where it holds no packet, and at the end.
    fn block(&mut self) -> Result<Option<Record>, Fault> {
        let at = self.at;
        let Some(head) = self.window.array::<12>(at) else {
            self.ended = true;
            let is_end = self.window.bytes(at, 1).is_empty();
            return if is_end { Ok(None) } else { Err(Fault::Cut) };
        };
        let [k0, k1, k2, k3, l0, l1, l2, l3, m0, m1, m2, m3] = head;
        let is_section = u32::from_be_bytes([k0, k1, k2, k3]) == SECTION;
        if is_section {
            let orders = [Order::Little, Order::Big];
            let order = orders.into_iter().find(|o| o.u32([m0, m1, m2, m3]) == ORDER_MARK);
            let Some(order) = order else {
                self.ended = true;
                return Err(Fault::Object);
            };
            self.order = order;
            self.interfaces = Arc::default();
        }
        let kind = self.order.u32([k0, k1, k2, k3]);
        let len = self.order.u32([l0, l1, l2, l3]) as usize;
        if len < 12 || !len.is_multiple_of(4) {
            // Where the next block begins is not known.
            self.ended = true;
            return Err(Fault::Object);
        }
        self.at = at + len as u64;
        match kind {
            _ if is_section => Ok(None),
            _ if len > LIMIT => Err(Fault::Object),
            packet::INTERFACE => {
                if self.interfaces.len() >= INTERFACES {
                    return Err(Fault::Buses);
                }
                let block = self.window.bytes(at, len);
                let interface = Interface::read(self.order, block).ok_or(Fault::Cut)?;
                Arc::make_mut(&mut self.interfaces).push(interface);
                Ok(None)
            }
            packet::ENHANCED | packet::SIMPLE => {
                let block = self.window.bytes(at, len);
                if block.len() < len {
                    self.ended = true;
                    return Err(Fault::Cut);
                }
                let found = packet::find(self.order, kind, block, &self.interfaces)?;
                let data = (at + found.from as u64, found.len);
                let (interface, stamp, way) = (found.interface, found.stamp, found.way);
                Ok(Some(Record { interface, stamp, way, data }))
            }
            _ => Ok(None),
        }
    }
}

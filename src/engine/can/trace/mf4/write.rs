//! Writes MF4: what describes the records first, then one block with the records of all kinds in turn,
//! in the order they came. Until it is finished the file says that it is not, so that what a recorder
//! left behind can be read too.

use std::io::{self, Seek, SeekFrom, Write};

use crate::engine::can::frame::{CLASSIC_BYTES, Direction, FD_BYTES, FrameRef, Kind};
use crate::engine::can::trace::line;

/// Front of the file, of which the header block begins right behind.
const FILE_HEAD: u64 = 64;
/// Front of every block.
const BLOCK_HEAD: u64 = 24;
/// What is not yet right in a file that was not finished: counts of records, length of the data.
const UNFINISHED: u16 = 1 | 4;
/// In the flags of a group: its records are events of a bus, as they were on it.
const BUS_EVENTS: u16 = 2 | 4;
/// In the flags of a channel: it belongs to an event of a bus.
const OF_BUS: u32 = 1 << 10;
/// Where the count of records stands in a group: behind its links and its number.
const COUNT: u64 = BLOCK_HEAD + 6 * 8 + 8;

/// Types of numbers.
const WHOLE: u8 = 0;
const BYTES: u8 = 10;
/// Kinds of channels.
const VALUE: u8 = 0;
const MASTER: u8 = 2;

/// Where things lie in a record, behind the number of its kind: nanoseconds, id, bus, flags, length,
/// bytes.
const ID: u32 = 8;
const BUS: u32 = 12;
const FLAGS: u32 = 13;
const LEN: u32 = 14;
const DATA: u32 = 15;

/// The kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// Data frames of up to eight bytes.
    Short,
    /// Data frames of more.
    Long,
    /// Remote frames.
    Remote,
    /// Error frames.
    Error,
}

impl Sort {
    const ALL: [Self; 4] = [Self::Short, Self::Long, Self::Remote, Self::Error];

    fn of(frame: &FrameRef<'_>) -> Self {
        match frame.kind() {
            Kind::Error => Self::Error,
            Kind::Remote => Self::Remote,
            Kind::Data | Kind::Fd if frame.data.len() <= CLASSIC_BYTES => Self::Short,
            Kind::Data | Kind::Fd => Self::Long,
        }
    }

    /// The number before its records.
    const fn number(self) -> u8 {
        match self {
            Self::Short => 1,
            Self::Long => 2,
            Self::Remote => 3,
            Self::Error => 4,
        }
    }

    const fn event(self) -> &'static str {
        match self {
            Self::Short | Self::Long => "CAN_DataFrame",
            Self::Remote => "CAN_RemoteFrame",
            Self::Error => "CAN_ErrorFrame",
        }
    }

    /// Bytes of data that a record has room for.
    const fn room(self) -> u32 {
        match self {
            Self::Short => CLASSIC_BYTES as u32,
            Self::Long => FD_BYTES as u32,
            Self::Remote | Self::Error => 0,
        }
    }

    /// The parts of a frame: name, type, first byte, bits below it, bits.
    fn parts(self) -> Vec<(&'static str, u8, u32, u8, u32)> {
        let mut parts = vec![("BusChannel", WHOLE, BUS, 0, 8), ("Dir", WHOLE, FLAGS, 4, 1)];
        if self == Self::Error {
            return parts;
        }
        parts.extend([
            ("ID", WHOLE, ID, 0, 29),
            ("IDE", WHOLE, ID + 3, 7, 1),
            ("DLC", WHOLE, FLAGS, 0, 4),
        ]);
        if self != Self::Remote {
            parts.extend([
                ("EDL", WHOLE, FLAGS, 5, 1),
                ("BRS", WHOLE, FLAGS, 6, 1),
                ("ESI", WHOLE, FLAGS, 7, 1),
                ("DataLength", WHOLE, LEN, 0, 8),
                ("DataBytes", BYTES, DATA, 0, 8 * self.room()),
            ]);
        }
        parts
    }
}

/// What has been written so far.
#[derive(Debug)]
pub struct Writer {
    /// Where each kind counts its records, and how many there are.
    counts: [(u64, u64); Sort::ALL.len()],
    /// Where the block of records begins, and how many bytes it has.
    data: u64,
    size: u64,
}

impl Writer {
    /// Begins a file whose times count from `start`, nanoseconds since 1970; `None` where the date is
    /// not known.
    ///
    /// # Errors
    /// As `to` says.
    pub fn begin(to: &mut dyn Write, start: Option<i64>) -> io::Result<Self> {
        let mut plan = Plan(front(*b"UnFinMF ", UNFINISHED));
        let header = plan.header(start.unwrap_or(0).max(0).unsigned_abs());
        let mut next = 0;
        let mut counts = [(0, 0); Sort::ALL.len()];
        for (sort, count) in Sort::ALL.iter().zip(&mut counts).rev() {
            next = plan.group(*sort, next);
            *count = (next + COUNT, 0);
        }
        let group = plan.block(*b"DG", &[0, next, 0, 0], &[1, 0, 0, 0, 0, 0, 0, 0]);
        plan.link(header, 0, group);
        let data = plan.block(*b"DT", &[], &[]);
        plan.link(group, 2, data);
        to.write_all(&plan.0)?;
        Ok(Self { counts, data, size: BLOCK_HEAD })
    }

    /// Adds a frame, `offset` nanoseconds behind the start, of a channel that counts from one.
    ///
    /// # Errors
    /// As `to` says.
    pub fn frame(
        &mut self,
        to: &mut dyn Write,
        offset: i64,
        channel: u8,
        frame: FrameRef<'_>,
    ) -> io::Result<()> {
        let sort = Sort::of(&frame);
        let mut record = [0; 1 + DATA as usize + FD_BYTES];
        let wide = if frame.id().is_extended() { 1 << 31 } else { 0 };
        let id = if sort == Sort::Error { 0 } else { frame.id().raw() | wide };
        let flag = |is_set: bool, place: u8| u8::from(is_set) << place;
        let is_fd = frame.kind() == Kind::Fd;
        let flags = line::fd_code(frame.len()) as u8
            | flag(frame.direction() == Direction::Sent, 4)
            | flag(is_fd, 5)
            | flag(frame.has_bit_rate_switch(), 6)
            | flag(frame.has_error_state_indicator(), 7);
        let head = [sort.number()]
            .into_iter()
            .chain(offset.max(0).to_le_bytes())
            .chain(id.to_le_bytes())
            .chain([channel, flags, frame.data.len() as u8]);
        let bytes = head.chain(frame.data.iter().copied());
        record.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        let size = 1 + DATA as usize + sort.room() as usize;
        to.write_all(record.get(..size).unwrap_or(&record))?;
        self.size += size as u64;
        if let Some((_, count)) = self.counts.get_mut(usize::from(sort.number()) - 1) {
            *count += 1;
        }
        Ok(())
    }

    /// Writes what was counted, and that the file is finished.
    ///
    /// # Errors
    /// As `to` says.
    pub fn end<W: Write + Seek + ?Sized>(self, to: &mut W) -> io::Result<()> {
        let mut put = |at: u64, bytes: &[u8]| {
            to.seek(SeekFrom::Start(at))?;
            to.write_all(bytes)
        };
        for (at, count) in self.counts {
            put(at, &count.to_le_bytes())?;
        }
        put(self.data + 8, &self.size.to_le_bytes())?;
        put(0, &front(*b"MDF     ", 0))?;
        to.seek(SeekFrom::End(0))?;
        Ok(())
    }
}

/// The front of a file: what it is, its version, what is not finished about it.
fn front(mark: [u8; 8], unfinished: u16) -> Vec<u8> {
    let mut bytes = mark.to_vec();
    bytes.extend(b"4.10    Busbar  ");
    bytes.extend([0; 4]);
    bytes.extend(410_u16.to_le_bytes());
    bytes.resize(60, 0);
    bytes.extend(unfinished.to_le_bytes());
    bytes.resize(FILE_HEAD as usize, 0);
    bytes
}

/// Blocks that describe the records, put one behind the other and linked by where they stand.
struct Plan(Vec<u8>);

impl Plan {
    /// Adds a block; gives where it stands.
    fn block(&mut self, name: [u8; 2], links: &[u64], body: &[u8]) -> u64 {
        let at = self.0.len().next_multiple_of(8);
        self.0.resize(at, 0);
        let size = BLOCK_HEAD + 8 * links.len() as u64 + body.len() as u64;
        self.0.extend(b"##");
        self.0.extend(name);
        self.0.extend([0; 4]);
        self.0.extend(size.to_le_bytes());
        self.0.extend((links.len() as u64).to_le_bytes());
        links.iter().for_each(|link| self.0.extend(link.to_le_bytes()));
        self.0.extend(body);
        at as u64
    }

    /// Sets a link of a block that stands already.
    fn link(&mut self, block: u64, place: usize, target: u64) {
        let at = block as usize + BLOCK_HEAD as usize + 8 * place;
        if let Some(link) = self.0.get_mut(at..at + 8) {
            link.copy_from_slice(&target.to_le_bytes());
        }
    }

    /// A text, or words in the markup that some texts must have.
    fn text(&mut self, name: [u8; 2], text: &str) -> u64 {
        let mut body = text.as_bytes().to_vec();
        body.resize((body.len() + 1).next_multiple_of(8), 0);
        self.block(name, &[], &body)
    }

    /// The header, and the history that every file must have.
    fn header(&mut self, start: u64) -> u64 {
        let mut body = start.to_le_bytes().to_vec();
        // Zone and summer time, which do not matter as times are in UTC, and what kind of clock.
        body.extend([0; 24]);
        let header = self.block(*b"HD", &[0; 6], &body);
        let comment = format!(
            "<FHcomment><TX>CAN frames</TX><tool_id>Busbar</tool_id><tool_vendor>Busbar</tool_vendor>\
             <tool_version>{}</tool_version></FHcomment>",
            env!("CARGO_PKG_VERSION")
        );
        let comment = self.text(*b"MD", &comment);
        let mut body = start.to_le_bytes().to_vec();
        body.extend([0; 8]);
        let history = self.block(*b"FH", &[0, comment], &body);
        self.link(header, 1, history);
        header
    }

    /// The group of a kind of records, linked before `next`.
    fn group(&mut self, sort: Sort, next: u64) -> u64 {
        let name = self.text(*b"TX", "CAN");
        // A bus, and that of CAN.
        let source = self.block(*b"SI", &[name, name, 0], &[2, 2, 0, 0, 0, 0, 0, 0]);
        let event = sort.event();
        let mut inner = 0;
        for (part, form, byte, shift, bits) in sort.parts().into_iter().rev() {
            let name = self.text(*b"TX", &format!("{event}.{part}"));
            let links = [inner, 0, name, 0, 0, 0, 0, 0];
            let body = channel([VALUE, 0, form, shift], byte, bits, OF_BUS);
            inner = self.block(*b"CN", &links, &body);
        }
        let name = self.text(*b"TX", event);
        let body = channel([VALUE, 0, BYTES, 0], ID, 8 * (DATA - ID + sort.room()), OF_BUS);
        let whole = self.block(*b"CN", &[0, inner, name, source, 0, 0, 0, 0], &body);
        let unit = self.text(*b"TX", "s");
        let mut linear = vec![1, 0, 0, 0, 0, 0, 2, 0];
        linear.extend([0; 16]);
        linear.extend(0_f64.to_le_bytes());
        linear.extend(1e-9_f64.to_le_bytes());
        let linear = self.block(*b"CC", &[0, unit, 0, 0], &linear);
        let name = self.text(*b"TX", "Timestamp");
        let body = channel([MASTER, 1, WHOLE, 0], 0, 64, 0);
        let time = self.block(*b"CN", &[whole, 0, name, 0, linear, 0, unit, 0], &body);
        let acquired = self.text(*b"TX", event);
        let mut body = u64::from(sort.number()).to_le_bytes().to_vec();
        body.extend([0; 8]);
        body.extend(BUS_EVENTS.to_le_bytes());
        // The parts of names are divided by a point.
        body.extend(u16::from(b'.').to_le_bytes());
        body.extend([0; 4]);
        body.extend((DATA + sort.room()).to_le_bytes());
        body.extend([0; 4]);
        self.block(*b"CG", &[next, time, acquired, source, 0, 0], &body)
    }
}

/// The body of a channel: kind, what it counts, type and bits below it, then its place.
fn channel(form: [u8; 4], byte: u32, bits: u32, flags: u32) -> Vec<u8> {
    let mut body = form.to_vec();
    body.extend(byte.to_le_bytes());
    body.extend(bits.to_le_bytes());
    body.extend(flags.to_le_bytes());
    // Bits of invalidity, precision, attachments, and ranges, none of which there are.
    body.resize(72, 0);
    body
}

//! Writes BLF: objects into containers of 128 KiB, packed one after the other, and at the end the
//! header anew with what was counted.

use std::io::{self, Seek, SeekFrom, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::engine::can::frame::{CLASSIC_BYTES, Direction, FD_BYTES, FrameRef, Kind};
use crate::engine::can::trace::blf::object::{
    ERROR_EXT, EXTENDED, FD_BRS, FD_ESI, FD_FORM, FD_MESSAGE, MESSAGE, REMOTE,
};
use crate::engine::can::trace::blf::{CONTAINER, CONTAINER_HEAD, MARK, OBJECT_HEAD, ZLIB};
use crate::engine::can::trace::line;

const FILE_HEAD: usize = 144;
/// Contents of a container, unpacked.
const CONTENTS: usize = 128 * 1024;
/// Front of an object of ours, with flags and time.
const HEAD: usize = 32;
/// Times are nanoseconds.
const NANOSECONDS: u32 = 2;
/// The object of a remark.
const REMARK: u32 = 92;
/// How hard to pack: most of the gain for a third of the time.
const LEVEL: u32 = 4;

/// What has been written so far.
#[derive(Debug)]
pub struct Writer {
    start: Option<i64>,
    last: i64,
    contents: Vec<u8>,
    size: u64,
    unpacked: u64,
    objects: u32,
}

impl Writer {
    /// Begins a file whose times count from `start`, nanoseconds since 1970 in whole milliseconds;
    /// `None` where the date is not known.
    ///
    /// # Errors
    /// As `to` says.
    pub fn begin(to: &mut dyn Write, start: Option<i64>) -> io::Result<Self> {
        let writer = Self {
            start,
            last: 0,
            contents: Vec::with_capacity(CONTENTS + 256),
            size: FILE_HEAD as u64,
            unpacked: FILE_HEAD as u64,
            objects: 0,
        };
        to.write_all(&writer.header())?;
        Ok(writer)
    }

    fn header(&self) -> [u8; FILE_HEAD] {
        let mut head = Vec::with_capacity(FILE_HEAD);
        head.extend(b"LOGG");
        head.extend((FILE_HEAD as u32).to_le_bytes());
        // Which program wrote it (none that is known), and the version of the format.
        head.extend([0, 0, 0, 0, 2, 6, 8, 1]);
        head.extend(self.size.to_le_bytes());
        head.extend(self.unpacked.to_le_bytes());
        head.extend(self.objects.to_le_bytes());
        head.extend(0_u32.to_le_bytes());
        let stop = self.start.map(|start| start.saturating_add(self.last));
        for moment in [self.start, stop] {
            system_time(moment).iter().for_each(|part| head.extend(part.to_le_bytes()));
        }
        let mut bytes = [0; FILE_HEAD];
        bytes.iter_mut().zip(head).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Adds a frame, `offset` nanoseconds behind the start.
    ///
    /// # Errors
    /// As `to` says.
    pub fn frame(
        &mut self,
        to: &mut dyn Write,
        offset: i64,
        channel: u16,
        frame: FrameRef<'_>,
    ) -> io::Result<()> {
        let (kind, size) = match frame.kind() {
            Kind::Data | Kind::Remote => (MESSAGE, HEAD + 16),
            Kind::Error => (ERROR_EXT, HEAD + 32),
            Kind::Fd => (FD_MESSAGE, HEAD + 84),
        };
        let out = &mut self.contents;
        out.extend(MARK);
        out.extend((HEAD as u16).to_le_bytes());
        out.extend(1_u16.to_le_bytes());
        out.extend((size as u32).to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(NANOSECONDS.to_le_bytes());
        out.extend([0; 4]);
        out.extend(offset.unsigned_abs().to_le_bytes());
        out.extend(channel.to_le_bytes());
        let end = out.len() + size - HEAD - 2;
        body(out, frame);
        // Objects have sizes that go into four, so that none is padded.
        out.resize(end, 0);
        self.last = self.last.max(offset);
        self.objects = self.objects.saturating_add(1);
        if self.contents.len() >= CONTENTS { self.flush(to) } else { Ok(()) }
    }

    /// Adds a remark, `offset` nanoseconds behind the start.
    ///
    /// # Errors
    /// As `to` says.
    pub fn remark(&mut self, to: &mut dyn Write, offset: i64, text: &str) -> io::Result<()> {
        let text = text.as_bytes();
        let size = (HEAD + 16 + text.len()).next_multiple_of(4);
        let out = &mut self.contents;
        let end = out.len() + size;
        out.extend(MARK);
        out.extend((HEAD as u16).to_le_bytes());
        out.extend(1_u16.to_le_bytes());
        out.extend((size as u32).to_le_bytes());
        out.extend(REMARK.to_le_bytes());
        out.extend(NANOSECONDS.to_le_bytes());
        out.extend([0; 4]);
        out.extend(offset.unsigned_abs().to_le_bytes());
        // It is about no event of a kind of its own.
        out.extend(0_u32.to_le_bytes());
        out.extend((text.len() as u32).to_le_bytes());
        out.extend([0; 8]);
        out.extend(text);
        out.resize(end, 0);
        self.last = self.last.max(offset);
        self.objects = self.objects.saturating_add(1);
        if self.contents.len() >= CONTENTS { self.flush(to) } else { Ok(()) }
    }

    /// Writes what has come together, and the header anew: a file that is cut behind this is whole.
    ///
    /// # Errors
    /// As `to` says.
    pub fn checkpoint<W: Write + Seek + ?Sized>(&mut self, mut to: &mut W) -> io::Result<()> {
        if self.contents.is_empty() {
            return Ok(());
        }
        self.flush(&mut to)?;
        self.head(to)
    }

    fn head<W: Write + Seek + ?Sized>(&self, to: &mut W) -> io::Result<()> {
        to.seek(SeekFrom::Start(0))?;
        to.write_all(&self.header())?;
        to.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// Packs what has come together into a container.
    fn flush(&mut self, to: &mut dyn Write) -> io::Result<()> {
        if self.contents.is_empty() {
            return Ok(());
        }
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(LEVEL));
        packed.write_all(&self.contents)?;
        let packed = packed.finish()?;
        let size = CONTAINER_HEAD + packed.len();
        let mut head = Vec::with_capacity(CONTAINER_HEAD);
        head.extend(MARK);
        head.extend((OBJECT_HEAD as u16).to_le_bytes());
        head.extend(1_u16.to_le_bytes());
        head.extend((size as u32).to_le_bytes());
        head.extend(CONTAINER.to_le_bytes());
        head.extend(ZLIB.to_le_bytes());
        head.extend([0; 6]);
        head.extend((self.contents.len() as u32).to_le_bytes());
        head.extend([0; 4]);
        to.write_all(&head)?;
        to.write_all(&packed)?;
        let padding = size % 4;
        to.write_all([0; 4].get(..padding).unwrap_or_default())?;
        self.size += (size + padding) as u64;
        self.unpacked += (CONTAINER_HEAD + self.contents.len()) as u64;
        self.contents.clear();
        Ok(())
    }

    /// Writes what is left, and the header anew. After an error it can be tried again.
    ///
    /// # Errors
    /// As `to` says.
    pub fn end<W: Write + Seek + ?Sized>(&mut self, mut to: &mut W) -> io::Result<()> {
        self.flush(&mut to)?;
        self.head(to)
    }
}

/// What follows the channel of an object.
fn body(out: &mut Vec<u8>, frame: FrameRef<'_>) {
    let wide = if frame.id().is_extended() { EXTENDED } else { 0 };
    let id = (frame.id().raw() | wide).to_le_bytes();
    let way = u8::from(frame.direction() == Direction::Sent);
    let len = frame.len().min(FD_BYTES) as u8;
    match frame.kind() {
        Kind::Error => {}
        Kind::Data | Kind::Remote => {
            let remote = if frame.kind() == Kind::Remote { REMOTE } else { 0 };
            out.extend([way | remote, len.min(CLASSIC_BYTES as u8)]);
            out.extend(id);
            out.extend(frame.data);
        }
        Kind::Fd => {
            let brs = if frame.has_bit_rate_switch() { FD_BRS } else { 0 };
            let esi = if frame.has_error_state_indicator() { FD_ESI } else { 0 };
            out.extend([way, line::fd_code(frame.len()) as u8]);
            out.extend(id);
            // Length on the wire in nanoseconds and bits, which nobody measured.
            out.extend([0; 5]);
            out.extend([FD_FORM | brs | esi, len]);
            out.extend([0; 5]);
            out.extend(frame.data);
        }
    }
}

/// The eight numbers of a date and time; zeros where there is none.
fn system_time(at: Option<i64>) -> [u16; 8] {
    let Some(at) = at else { return [0; 8] };
    let Ok(moment) = jiff::Timestamp::from_nanosecond(i128::from(at)) else { return [0; 8] };
    let date = moment.to_zoned(jiff::tz::TimeZone::UTC);
    let whole = |n: i64| u16::try_from(n).unwrap_or(0);
    [
        whole(date.year().into()),
        whole(date.month().into()),
        whole(date.weekday().to_sunday_zero_offset().into()),
        whole(date.day().into()),
        whole(date.hour().into()),
        whole(date.minute().into()),
        whole(date.second().into()),
        whole(date.millisecond().into()),
    ]
}

//! The trace of PCAN, versions 1.0 to 2.1: `     1)      1059.9  Rx         0300  7  00 00 ...`. The
//! header names the version, from 2.0 on also the columns, and when times began to count, in days
//! since the end of 1899. Records of states, counters and events are no frames.

use std::io::{self, Write};

use crate::engine::can::frame::{CLASSIC_BYTES, Direction, FD_BYTES, Frame, FrameRef, Id, Kind};
use crate::engine::can::trace::line::{self, Bus, Entry, Fault, Line, Stamp};
use crate::engine::can::trace::scan::{self, Words};
use crate::engine::can::trace::times;

/// Most columns that a file may name.
const COLUMNS: usize = 12;
/// Days from the end of 1899 to 1970.
const DAYS_TO_1970: i64 = 25_569;
const DAY_NS: i64 = 86_400_000_000_000;
/// What both the ten digits of a start time and a microsecond go into.
const START_STEP_NS: i64 = 216_000;
/// One in the last of the ten digits of a start time.
const START_DIGIT_NS: i64 = 8_640;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// Number, reserved, or unknown.
    Other,
    /// Milliseconds since the start.
    Offset,
    /// Kind of record; up to 1.3 direction and kind in one.
    Type,
    Bus,
    Id,
    Direction,
    /// Number of bytes.
    Length,
    /// Length code.
    Code,
    /// The bytes, always last.
    Data,
}

/// What the first lines say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    columns: [Column; COLUMNS],
    /// When times began to count, nanoseconds since 1970.
    start: Option<i64>,
}

impl Default for Header {
    fn default() -> Self {
        // Without a version it is 1.0.
        Self { columns: named(b"N,O,I,L,D"), start: None }
    }
}

fn named(names: &[u8]) -> [Column; COLUMNS] {
    let mut columns = [Column::Other; COLUMNS];
    for (column, name) in columns.iter_mut().zip(names.split(|b| *b == b',')) {
        *column = match scan::trim(name) {
            b"O" => Column::Offset,
            b"T" => Column::Type,
            b"B" => Column::Bus,
            b"I" => Column::Id,
            b"d" => Column::Direction,
            b"l" => Column::Length,
            b"L" => Column::Code,
            b"D" => Column::Data,
            _ => Column::Other,
        };
    }
    columns
}

impl Header {
    /// Looks at one of the first lines.
    pub fn take(&mut self, text: &[u8]) {
        let Some(setting) = scan::trim(text).strip_prefix(b";$") else { return };
        let Some(equals) = memchr::memchr(b'=', setting) else { return };
        let (key, value) = setting.split_at(equals);
        let value = scan::trim(value.get(1..).unwrap_or_default());
        match key {
            b"STARTTIME" => self.start = start(value).filter(|at| *at >= times::FIRST_DATE),
            b"COLUMNS" => self.columns = named(value),
            b"FILEVERSION" => match value {
                b"1.1" => self.columns = named(b"N,O,T,I,L,D"),
                b"1.2" => self.columns = named(b"N,O,B,T,I,L,D"),
                b"1.3" => self.columns = named(b"N,O,B,T,I,R,L,D"),
                b"2.0" => self.columns = named(b"N,O,T,I,d,l,D"),
                b"2.1" => self.columns = named(b"N,O,T,B,I,d,R,L,D"),
                _ => {}
            },
            _ => {}
        }
    }

    fn has(&self, column: Column) -> bool {
        self.columns.contains(&column)
    }
}

/// `43874.3730111290` days as nanoseconds since 1970, as if it were UTC.
fn start(text: &[u8]) -> Option<i64> {
    let dot = memchr::memchr(b'.', text).unwrap_or(text.len());
    let (days, fraction) = text.split_at(dot);
    // A machine that writes a comma for the point has no date that can be trusted.
    let days = scan::decimal(days).filter(|days| *days < 1_000_000)?.checked_sub(DAYS_TO_1970)?;
    let fraction = fraction.get(1..).unwrap_or_default();
    let fraction = fraction.get(..18).unwrap_or(fraction);
    let part = if fraction.is_empty() { 0 } else { scan::decimal(fraction)? };
    let unit = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = (i128::from(part) * i128::from(DAY_NS) + unit / 2) / unit;
    days.checked_mul(DAY_NS)?.checked_add(i64::try_from(part).ok()?)
}

/// `1059.900` milliseconds as nanoseconds.
fn millis(text: &[u8]) -> Option<i64> {
    // A thousandth of as many seconds.
    let dot = memchr::memchr(b'.', text).unwrap_or(text.len());
    let (whole, part) = text.split_at(dot);
    let part = scan::nanos(part.get(1..).unwrap_or_default())? / 1000;
    let whole = scan::decimal(whole).filter(|ms| *ms < 1_000_000_000_000)?;
    whole.checked_mul(1_000_000)?.checked_add(part)
}

/// The words of a line by what they are.
#[derive(Default)]
struct Row<'a> {
    offset: &'a [u8],
    kind: Option<&'a [u8]>,
    bus: Option<&'a [u8]>,
    id: &'a [u8],
    way: Option<&'a [u8]>,
    length: Option<&'a [u8]>,
    code: Option<&'a [u8]>,
}

/// Reads one line.
pub fn read<'a>(header: &Header, text: &'a [u8]) -> Result<Line<'a>, Fault> {
    let mut words = Words::new(text);
    match words.clone().next() {
        None => return Ok(Line::Nothing),
        Some(first) if first.starts_with(b";") => return Ok(Line::Nothing),
        Some(first) => {
            let number = first.strip_suffix(b")").unwrap_or(first);
            scan::decimal(number).ok_or(Fault::Form)?;
        }
    }
    let mut row = Row::default();
    for column in header.columns {
        if column == Column::Data {
            break;
        }
        let mut next = || words.next().ok_or(Fault::Form);
        match column {
            Column::Other => {
                // Columns that were never named have no words.
                let _ = words.next();
            }
            Column::Offset => row.offset = next()?,
            Column::Type => {
                let kind = next()?;
                match kind {
                    b"ST" | b"EC" | b"EV" | b"Warng" => return Ok(Line::Nothing),
                    b"ER" => return late_error(header, row.offset, words),
                    _ => row.kind = Some(kind),
                }
            }
            Column::Bus => row.bus = Some(next()?),
            Column::Id => row.id = next()?,
            Column::Direction => row.way = Some(next()?),
            Column::Length => row.length = Some(next()?),
            Column::Code => row.code = Some(next()?),
            Column::Data => {}
        }
    }
    if row.id.eq_ignore_ascii_case(b"FFFFFFFF") {
        // The state of the bus.
        return Ok(Line::Nothing);
    }
    let (frame, way) = frame(header, &row, words)?;
    entry(header, row.offset, row.bus, frame.going(way))
}

fn entry<'a>(
    header: &Header,
    offset: &[u8],
    bus: Option<&[u8]>,
    frame: Frame,
) -> Result<Line<'a>, Fault> {
    let at = millis(offset).ok_or(Fault::Time)?;
    let stamp = match header.start {
        Some(start) => Stamp::Local(start.checked_add(at).ok_or(Fault::Time)?),
        None => Stamp::At(at),
    };
    let bus = match bus {
        None => Bus::Unsaid,
        // They count from one, buses from zero.
        Some(digits) => {
            let number = scan::decimal(digits).and_then(|n| u32::try_from(n).ok());
            Bus::Numbered(number.ok_or(Fault::Form)?.saturating_sub(1))
        }
    };
    Ok(Line::Frame(Entry { stamp, bus, frame }))
}

fn frame(header: &Header, row: &Row<'_>, data: Words<'_>) -> Result<(Frame, Direction), Fault> {
    let way = match (row.way, header.has(Column::Direction), row.kind) {
        (Some(way), _, _) => line::direction(way).ok_or(Fault::Form)?,
        (None, false, Some(b"Error")) => return Ok((error(data)?, Direction::Received)),
        (None, false, Some(kind)) => line::direction(kind).ok_or(Fault::Form)?,
        (None, _, _) => Direction::Received,
    };
    if data.clone().next() == Some(b"ERROR") {
        return Ok((error(data)?, way));
    }
    let raw = scan::hex(row.id).ok_or(Fault::Id)?;
    // Four digits for 11 bits, more for 29.
    let id = if row.id.len() > 4 { Id::extended(raw) } else { Id::standard(raw) };
    let id = id.ok_or(Fault::Id)?;
    let number = |word: Option<&[u8]>| {
        word.map(|digits| {
            scan::decimal(digits).and_then(|n| usize::try_from(n).ok()).ok_or(Fault::Length)
        })
    };
    let code = number(row.code).transpose()?;
    let length = number(row.length).transpose()?;
    let kind = match row.kind {
        Some(kind) if header.has(Column::Direction) => kind,
        Some(_) | None => b"DT",
    };
    if kind == b"RR" || data.clone().next() == Some(b"RTR") {
        let len = length.or(code).ok_or(Fault::Length)?.min(CLASSIC_BYTES);
        return Ok((Frame::remote(id, len).ok_or(Fault::Length)?, way));
    }
    let flags = match kind {
        b"DT" => None,
        b"FD" => Some(0),
        b"FB" => Some(line::BRS),
        b"FE" => Some(line::BRS | line::ESI),
        b"BI" => Some(line::ESI),
        _ => return Err(Fault::Form),
    };
    let mut bytes = [0; FD_BYTES];
    let there = line::byte_words(data, &mut bytes)?;
    let said = match (length, code, flags) {
        (Some(length), _, _) => length,
        (None, Some(code), Some(_)) => line::fd_length(code).ok_or(Fault::Length)?,
        (None, Some(code), None) => code.min(CLASSIC_BYTES),
        (None, None, _) => return Err(Fault::Form),
    };
    let bytes = bytes.get(..said).filter(|_| there == said).ok_or(Fault::Length)?;
    let frame = match flags {
        None => Frame::classic(id, bytes).ok_or(Fault::Length)?,
        Some(flags) => line::with_flags(Frame::fd(id, bytes).ok_or(Fault::Length)?, flags),
    };
    Ok((frame, way))
}

/// An error frame of 2.0 and later, behind its type: `1 - Rx - 5 04 00 02 00 00`, where some columns
/// stand empty.
fn late_error<'a>(header: &Header, offset: &[u8], words: Words<'_>) -> Result<Line<'a>, Fault> {
    let bus = if header.has(Column::Bus) { words.clone().next() } else { None };
    let mut rest = words;
    let way = rest.find_map(line::direction).ok_or(Fault::Form)?;
    entry(header, offset, bus, error(rest)?.going(way))
}

/// An error frame of the last five or four bytes that stand there: what kind of error, in which
/// direction, where in the frame, both counters. The kind is missing before 2.0.
fn error(data: Words<'_>) -> Result<Frame, Fault> {
    let mut bytes = [0_u8; 5];
    for pair in data {
        if let &[high, low] = pair
            && let Some(byte) = scan::byte(high, low)
        {
            bytes.rotate_left(1);
            bytes[4] = byte;
        }
    }
    let [kind, _, _, receiving, sending] = bytes;
    let details = error_details(kind, sending, receiving);
    Frame::error(line::BUS_ERROR, details.as_ref().map_or(&[][..], <[u8; 8]>::as_slice))
        .ok_or(Fault::Data)
}

/// What an error record tells, as `linux/can/error.h` has it; `None` where it tells nothing.
pub const fn error_details(kind: u8, sending: u8, receiving: u8) -> Option<[u8; 8]> {
    match (kind & 7, sending, receiving) {
        (0, 0, 0) => None,
        (kind, _, _) => Some([0, 0, kind, 0, 0, 0, sending, receiving]),
    }
}

/// The latest time at or before `first` from which this format can count without losing a
/// microsecond.
pub const fn start_before(first: i64) -> i64 {
    first.div_euclid(START_STEP_NS) * START_STEP_NS
}

/// Writes the header of version 2.1; times count from `start`, nanoseconds since 1970.
pub fn write_header(to: &mut dyn Write, start: i64) -> io::Result<()> {
    let days = start.div_euclid(DAY_NS) + DAYS_TO_1970;
    let part = start.rem_euclid(DAY_NS) / START_DIGIT_NS;
    write!(to, ";$FILEVERSION=2.1\r\n;$STARTTIME={days}.{part:010}\r\n")?;
    write!(to, ";$COLUMNS=N,O,T,B,I,d,R,L,D\r\n;\r\n")?;
    write!(to, ";   Message   Time    Type Bus  ID    Rx/Tx  Length  Data\r\n")
}

/// Writes a frame, `offset` nanoseconds behind the start; what is below a microsecond is cut off.
pub fn write_frame(
    to: &mut dyn Write,
    number: u64,
    offset: i64,
    channel: u32,
    frame: FrameRef<'_>,
) -> io::Result<()> {
    let us = offset / 1000;
    let way = match frame.direction() {
        Direction::Received => "Rx",
        Direction::Sent => "Tx",
    };
    let (kind, code) = match (frame.kind(), line::flags(&frame.head)) {
        (Kind::Data, _) => ("DT", frame.len()),
        (Kind::Remote, _) => ("RR", frame.len()),
        (Kind::Error, _) => ("ER", 5),
        (Kind::Fd, 0) => ("FD", line::fd_code(frame.len())),
        (Kind::Fd, line::BRS) => ("FB", line::fd_code(frame.len())),
        (Kind::Fd, line::ESI) => ("BI", line::fd_code(frame.len())),
        (Kind::Fd, _) => ("FE", line::fd_code(frame.len())),
    };
    write!(to, "{number:>7} {:>9}.{:03} {kind} {channel:>2} ", us / 1000, us % 1000)?;
    match (frame.kind(), frame.id().is_extended()) {
        (Kind::Error, _) => write!(to, "       -")?,
        (_, true) => write!(to, "{:08X}", frame.id().raw())?,
        (_, false) => write!(to, "    {:04X}", frame.id().raw())?,
    }
    write!(to, " {way} -  {code:<4}")?;
    if frame.kind() == Kind::Error {
        let at = |place: usize| frame.data.get(place).copied().unwrap_or(0);
        let kind = if at(2) & 7 == 0 { 8 } else { at(2) & 7 };
        let dir = u8::from(frame.direction() == Direction::Received);
        write!(to, " {kind:02X} {dir:02X} 00 {:02X} {:02X}", at(7), at(6))?;
    } else {
        frame.data.iter().try_for_each(|byte| write!(to, " {byte:02X}"))?;
    }
    write!(to, "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(lines: &str) -> Header {
        let mut header = Header::default();
        lines.lines().for_each(|line| header.take(line.as_bytes()));
        header
    }

    fn entry(header: &Header, text: &str) -> (Stamp, Frame) {
        match read(header, text.as_bytes()) {
            Ok(Line::Frame(entry)) => (entry.stamp, entry.frame),
            Ok(_) => panic!("no frame: {text}"),
            Err(fault) => panic!("{fault}: {text}"),
        }
    }

    #[test]
    fn every_version_has_its_columns() {
        let lines = [
            ("", "  1)   1841  0123  2  11 22"),
            (";$FILEVERSION=1.1", "     1)      1841.0  Rx         0123  2  11 22 "),
            (";$FILEVERSION=1.2", "     1)      1841.000 1  Rx         0123  2  11 22"),
            (";$FILEVERSION=1.3", "     1)      1841.000 1  Rx        0123 -  2    11 22"),
            (
                ";$FILEVERSION=2.0\n;$COLUMNS=N,O,T,I,d,l,D",
                "  1   1841.000 DT     0123 Rx 2  11 22",
            ),
            (
                ";$FILEVERSION=2.1\n;$COLUMNS=N,O,T,B,I,d,R,L,D",
                "  1   1841.000 DT 1      0123 Rx -  2    11 22",
            ),
        ];
        for (head, line) in lines {
            let (stamp, frame) = entry(&header(head), line);
            assert_eq!(stamp, Stamp::At(1_841_000_000), "{head}");
            assert_eq!(frame, Frame::classic(Id::standard(0x123).unwrap(), &[0x11, 0x22]).unwrap());
        }
    }

    #[test]
    fn the_start_is_a_number_of_days() {
        assert_eq!(start(b"25569.5"), Some(DAY_NS / 2));
        assert_eq!(start(b"43874.3730111290"), Some(1_581_584_228_161_545_600));
        assert_eq!(start(b"43874"), Some(1_581_552_000_000_000_000));
        for bad in [&b"43874,5"[..], b"x", b"", b"-1.5", b"99999999999"] {
            assert_eq!(start(bad), None, "{bad:?}");
        }
        let dated = header(";$FILEVERSION=1.1\n;$STARTTIME=43874.5");
        let (stamp, _) = entry(&dated, "1) 1.5 Rx 0123 0");
        assert_eq!(stamp, Stamp::Local(1_581_595_200_001_500_000));
    }

    #[test]
    fn remote_error_and_fd_records_are_frames() {
        let old = header(";$FILEVERSION=1.1");
        let (_, remote) = entry(&old, "2) 7468.9 Tx 0100 8 RTR");
        assert_eq!((remote.kind(), remote.len()), (Kind::Remote, 8));
        assert_eq!(remote.direction(), Direction::Sent);
        let (_, error) = entry(&Header::default(), " 2)  1842  0008 4 ERROR 00 19 08 09");
        assert_eq!(error.kind(), Kind::Error);
        assert_eq!(error.view().data[6..], [9, 8]);
        let new = header(";$FILEVERSION=2.1\n;$COLUMNS=N,O,T,B,I,d,R,L,D");
        for (kind, flags) in [("FD", 0), ("FB", line::BRS), ("FE", 3), ("BI", line::ESI)] {
            let line = format!("1 1.0 {kind} 1 00000123 Rx - 9 {}", "AA ".repeat(12));
            let (_, fd) = entry(&new, &line);
            assert_eq!((fd.kind(), fd.len(), line::flags(&fd)), (Kind::Fd, 12, flags));
        }
        assert_eq!(entry(&new, "1 1.0 RR 1 0123 Rx - 4").1.len(), 4);
        let (_, error) = entry(&new, "1 1.0 ER 1 - Rx - 5 04 01 02 10 20");
        assert_eq!(
            (error.kind(), error.view().data),
            (Kind::Error, &[0, 0, 4, 0, 0, 0, 32, 16][..])
        );
    }

    #[test]
    fn records_of_states_are_passed_over_and_broken_ones_say_so() {
        let new = header(";$FILEVERSION=2.1\n;$COLUMNS=N,O,T,B,I,d,R,L,D");
        let old = header(";$FILEVERSION=1.1");
        let nothing =
            |h: &Header, text: &str| matches!(read(h, text.as_bytes()), Ok(Line::Nothing));
        assert!(nothing(&new, "; comment") && nothing(&new, ""));
        assert!(nothing(&new, "1 1.0 ST 1 - Rx - 4 00 00 00 08"));
        assert!(nothing(&old, "3) 1843.0 Warng FFFFFFFF 4 00 00 00 04 BUSLIGHT"));
        assert!(nothing(&Header::default(), "3) 1843 FFFFFFFF 4 00 00 00 04 -- -- BUSLIGHT"));
        let fault = |text: &str| read(&old, text.as_bytes()).err();
        assert_eq!(fault("hello there"), Some(Fault::Form));
        assert_eq!(fault("1) x Rx 0123 0"), Some(Fault::Time));
        assert_eq!(fault("1) 1.0 Rx 0800 0"), Some(Fault::Id));
        assert_eq!(fault("1) 1.0 Rx 0123 2 11"), Some(Fault::Length));
        assert_eq!(fault("1) 1.0 Rx 0123 1 1"), Some(Fault::Data));
        assert_eq!(fault("1) 1.0 Xx 0123 0"), Some(Fault::Form));
        assert_eq!(fault("1) 1.0"), Some(Fault::Form));
    }
}

//! The text log of Vector's tools: `   0.789091 2  200x            Tx   d 8 02 10 81 00 00 00 00 00`,
//! FD frames as `0.1 CANFD 1 Rx 123 Name 1 0 d 32 ...`. The header says whether numbers are hex, from
//! where times count, and when that was. Lines that tell of something else than a frame (chip
//! states, statistics, markers) are passed over.

use std::io::{self, Write};

use crate::engine::can::frame::{CLASSIC_BYTES, Direction, FD_BYTES, Frame, FrameRef, Id, Kind};
use crate::engine::can::trace::line::{self, Bus, Entry, Fault, Line, Stamp};
use crate::engine::can::trace::scan::{self, Words};
use crate::engine::can::trace::times::{self, DeltaTimes};

/// FD: the frame is a request for data.
const FLAG_REMOTE: u32 = 0x10;
/// FD: the frame has FD's form; a classic frame of an FD channel has not.
const FLAG_FD: u32 = 0x1000;
/// FD: bit rate switch.
const FLAG_BRS: u32 = 0x2000;
/// FD: error state indicator.
const FLAG_ESI: u32 = 0x4000;

/// What the first lines say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    base: Base,
    counting: Counting,
    /// When times began to count, nanoseconds since 1970.
    start: Option<i64>,
    /// The first block of the measurement has a date of its own, which counts.
    block: Option<i64>,
}

/// How ids, lengths and bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Base {
    #[default]
    Hex,
    Decimal,
}

/// What times count from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Counting {
    #[default]
    Start,
    LineBefore,
}

impl Header {
    /// Looks at one of the first lines.
    pub fn take(&mut self, text: &[u8]) {
        let mut words = Words::new(text);
        let Some(first) = words.next() else { return };
        if first.eq_ignore_ascii_case(b"date") {
            self.start = self.start.or_else(|| date(words));
        } else if first.eq_ignore_ascii_case(b"begin") && self.block.is_none() {
            let is_block = words.next().is_some_and(|w| w.eq_ignore_ascii_case(b"triggerblock"));
            self.block = is_block.then(|| date(words)).flatten();
        } else if first.eq_ignore_ascii_case(b"base") {
            for word in words {
                match word {
                    b"hex" => self.base = Base::Hex,
                    b"dec" => self.base = Base::Decimal,
                    b"absolute" => self.counting = Counting::Start,
                    b"relative" => self.counting = Counting::LineBefore,
                    _ => {}
                }
            }
        }
    }

    /// When times began to count, if the file says it. A date before 1973 stands for none.
    fn start(&self) -> Option<i64> {
        self.block.or(self.start).filter(|start| *start >= times::FIRST_DATE)
    }

    /// What its times count from.
    pub const fn delta_times(&self) -> DeltaTimes {
        match self.counting {
            Counting::Start => DeltaTimes::Never,
            Counting::LineBefore => DeltaTimes::Always,
        }
    }

    /// Whether ids, lengths and bytes are hex.
    pub fn is_hex(&self) -> bool {
        self.base == Base::Hex
    }

    /// What a time of a line means.
    pub fn stamp(&self, at: i64) -> Option<Stamp> {
        Some(match self.start() {
            Some(start) => match self.counting {
                Counting::Start => Stamp::Local(start.checked_add(at)?),
                Counting::LineBefore => Stamp::LocalSpan(start, at),
            },
            None => Stamp::At(at),
        })
    }

    fn number(&self, digits: &[u8]) -> Option<u32> {
        match self.base {
            Base::Hex => scan::hex(digits),
            Base::Decimal => scan::decimal(digits).and_then(|n| u32::try_from(n).ok()),
        }
    }
}

/// `Fri Feb 14 08:51:20.123 am 2020` as nanoseconds since 1970, as if it were UTC. Months may be
/// German.
fn date<'a>(mut words: impl Iterator<Item = &'a [u8]>) -> Option<i64> {
    let _day_of_week = words.next()?;
    let name: [u8; 3] = *words.next()?.to_ascii_lowercase().first_chunk::<3>()?;
    let month = match &name {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" | b"mrz" | [b'm', 0xC3, _] | [b'm', 0xE4, _] => 3,
        b"apr" => 4,
        b"may" | b"mai" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" | b"okt" => 10,
        b"nov" => 11,
        b"dec" | b"dez" => 12,
        _ => return None,
    };
    let day = scan::decimal(words.next()?)?;
    let mut clock = scan::time_of_day(words.next()?)?;
    let mut year = words.next()?;
    let half = year.to_ascii_lowercase();
    if half == b"am" || half == b"pm" {
        const HALF: i64 = 12 * 3_600_000_000_000;
        clock = match half[0] {
            b'a' if clock >= HALF => clock - HALF,
            b'p' if clock < HALF => clock + HALF,
            _ => clock,
        };
        year = words.next()?;
    }
    scan::midnight(scan::decimal(year)?, month, day)?.checked_add(clock)
}

/// Reads one line.
pub fn read<'a>(header: &Header, text: &'a [u8]) -> Result<Line<'a>, Fault> {
    let mut words = Words::new(text);
    let Some(first) = words.next() else { return Ok(Line::Nothing) };
    if !first.first().is_some_and(u8::is_ascii_digit) {
        return if is_heading(first) { Ok(Line::Nothing) } else { Err(Fault::Form) };
    }
    let at = scan::seconds(first).ok_or(Fault::Time)?;
    let stamp = header.stamp(at).ok_or(Fault::Time)?;
    let channel = words.next().ok_or(Fault::Form)?;
    let read = if channel == b"CANFD" {
        let channel = words.next().ok_or(Fault::Form)?;
        Some((channel, long_frame(header, words)?))
    } else if channel.first().is_some_and(u8::is_ascii_digit) {
        short_frame(header, words)?.map(|frame| (channel, frame))
    } else if channel.first().is_some_and(u8::is_ascii_alphabetic) {
        // Some other event: a chip state, a marker, another kind of bus.
        None
    } else {
        return Err(Fault::Form);
    };
    let Some((channel, frame)) = read else { return Ok(Line::Nothing) };
    let channel = scan::decimal(channel).and_then(|n| u32::try_from(n).ok()).ok_or(Fault::Form)?;
    // Channels count from one, buses from zero.
    let bus = Bus::Numbered(channel.saturating_sub(1));
    Ok(Line::Frame(Entry { stamp, bus, frame }))
}

/// Lines without a time: those of the header and of blocks.
fn is_heading(first: &[u8]) -> bool {
    let known: [&[u8]; 7] = [b"date", b"base", b"internal", b"no", b"begin", b"end", b"previous"];
    first.starts_with(b"//") || known.iter().any(|word| first.eq_ignore_ascii_case(word))
}

fn id(header: &Header, word: &[u8]) -> Result<Id, Fault> {
    let id = match word {
        [digits @ .., b'x' | b'X'] => header.number(digits).and_then(Id::extended),
        digits => header.number(digits).and_then(Id::standard),
    };
    id.ok_or(Fault::Id)
}

/// A bus error of which the file tells nothing more.
fn some_error() -> Result<Frame, Fault> {
    Frame::error(line::BUS_ERROR, &[]).ok_or(Fault::Id)
}

/// A frame behind its channel; `None` where the line tells of something else.
fn short_frame(header: &Header, mut words: Words<'_>) -> Result<Option<Frame>, Fault> {
    let word = words.next().ok_or(Fault::Form)?;
    if word.eq_ignore_ascii_case(b"ErrorFrame") {
        return some_error().map(Some);
    }
    if word == b"Statistic:" || word == b"J1939TP" {
        return Ok(None);
    }
    let id = id(header, word)?;
    let way = words.next().ok_or(Fault::Form)?;
    if way == b"TxRq" {
        // The wish to send; the frame itself follows when it has gone out.
        return Ok(None);
    }
    let way = line::direction(way).ok_or(Fault::Form)?;
    let frame = match words.next().ok_or(Fault::Form)? {
        b"d" | b"D" => {
            let length = words.next().ok_or(Fault::Length)?;
            data_frame(header, id, length, words)?
        }
        b"r" | b"R" => {
            let length = words.next().and_then(|digits| header.number(digits)).unwrap_or(0);
            // A length code above 8 asks for 8 bytes.
            Frame::remote(id, (length as usize).min(CLASSIC_BYTES)).ok_or(Fault::Length)?
        }
        _ => return Err(Fault::Form),
    };
    Ok(Some(frame.going(way)))
}

/// As many bytes as stand there, up to 64.
fn bytes_of(header: &Header, words: Words<'_>, into: &mut [u8; FD_BYTES]) -> usize {
    if header.base == Base::Hex {
        return scan::hex_words(words.rest(), into);
    }
    let read = |word| scan::decimal(word).and_then(|n| u8::try_from(n).ok());
    let mut len = 0;
    for (slot, byte) in into.iter_mut().zip(words.map_while(read)) {
        *slot = byte;
        len += 1;
    }
    len
}

/// A data frame whose length is written as a code, hex or decimal, or as a number of bytes: writers
/// differ above 8, and what stands there decides.
fn data_frame(header: &Header, id: Id, length: &[u8], words: Words<'_>) -> Result<Frame, Fault> {
    let mut bytes = [0; FD_BYTES];
    let there = bytes_of(header, words, &mut bytes);
    let decimal = scan::decimal(length).and_then(|n| usize::try_from(n).ok());
    let hex = scan::hex(length).and_then(|n| usize::try_from(n).ok());
    let said = decimal.or(hex).ok_or(Fault::Length)?;
    if said <= CLASSIC_BYTES {
        let data = bytes.get(..said).filter(|_| there >= said).ok_or(Fault::Length)?;
        return Frame::classic(id, data).ok_or(Fault::Length);
    }
    let fits = |n: usize| n == there || line::fd_length(n) == Some(there);
    if there > CLASSIC_BYTES && (decimal.is_some_and(fits) || hex.is_some_and(fits)) {
        return bytes.get(..there).and_then(|data| Frame::fd(id, data)).ok_or(Fault::Length);
    }
    // A raw length code of 9 to 15 stands for eight bytes.
    let data = bytes.get(..CLASSIC_BYTES).filter(|_| there == CLASSIC_BYTES);
    data.and_then(|data| Frame::classic(id, data)).ok_or(Fault::Length)
}

/// A frame of an FD channel, behind that.
fn long_frame(header: &Header, mut words: Words<'_>) -> Result<Frame, Fault> {
    let mut next = || words.next().ok_or(Fault::Form);
    let way = line::direction(next()?).ok_or(Fault::Form)?;
    let word = next()?;
    if word.eq_ignore_ascii_case(b"ErrorFrame") {
        return some_error().map(|frame| frame.going(way));
    }
    let id = id(header, word)?;
    let mut brs = next()?;
    if !matches!(brs, b"0" | b"1") {
        // The name that the frame has in a database.
        brs = next()?;
    }
    let esi = next()?;
    let mark = match (brs, esi) {
        (b"0", b"0") => 0,
        (b"1", b"0") => line::BRS,
        (b"0", b"1") => line::ESI,
        (b"1", b"1") => line::BRS | line::ESI,
        _ => return Err(Fault::Form),
    };
    let code = header.number(next()?).ok_or(Fault::Length)? as usize;
    let len = scan::decimal(next()?).and_then(|n| usize::try_from(n).ok()).ok_or(Fault::Length)?;
    let mut bytes = [0; FD_BYTES];
    let there = bytes_of(header, words, &mut bytes);
    let data = bytes.get(..len).filter(|_| there >= len).ok_or(Fault::Length)?;
    // Behind the bytes: duration, length in bits, flags.
    let flags = words.nth(len + 2).and_then(scan::hex);
    let is_remote = flags.is_some_and(|f| f & FLAG_REMOTE != 0 && f & FLAG_FD == 0);
    if is_remote || (len == 0 && code > 0) {
        let frame = Frame::remote(id, code.min(CLASSIC_BYTES)).ok_or(Fault::Length)?;
        return Ok(frame.going(way));
    }
    let is_classic = len <= CLASSIC_BYTES && flags.is_some_and(|f| f != 0 && f & FLAG_FD == 0);
    let frame = if is_classic { Frame::classic(id, data) } else { Frame::fd(id, data) };
    let frame = frame.ok_or(Fault::Length)?.going(way);
    Ok(line::with_flags(frame, mark))
}

/// Writes the header; times count from `start`, nanoseconds since 1970.
pub fn write_header(to: &mut dyn Write, start: i64) -> io::Result<()> {
    let Ok(moment) = jiff::Timestamp::from_nanosecond(i128::from(start)) else {
        return Err(io::Error::other("the date is out of range"));
    };
    let date = moment.strftime("%a %b %d %H:%M:%S");
    let (millis, year) = (start.rem_euclid(1_000_000_000) / 1_000_000, moment.strftime("%Y"));
    let date = format!("{date}.{millis:03} {year}");
    writeln!(to, "date {date}\nbase hex  timestamps absolute\ninternal events logged")?;
    writeln!(to, "Begin Triggerblock {date}\n   0.000000 Start of measurement")
}

/// Writes a frame, `offset` nanoseconds behind the start.
pub fn write_frame(
    to: &mut dyn Write,
    offset: i64,
    channel: u32,
    frame: FrameRef<'_>,
) -> io::Result<()> {
    let (whole, part) = (offset / 1_000_000_000, offset % 1_000_000_000);
    if part % 1000 == 0 {
        write!(to, "{whole:>4}.{:06} ", part / 1000)?;
    } else {
        write!(to, "{whole:>4}.{part:09} ")?;
    }
    let wide = if frame.id().is_extended() { "x" } else { "" };
    let id = format!("{:X}{wide}", frame.id().raw());
    let way = match frame.direction() {
        Direction::Received => "Rx",
        Direction::Sent => "Tx",
    };
    match frame.kind() {
        Kind::Error => return writeln!(to, "{channel}  ErrorFrame"),
        Kind::Remote => return writeln!(to, "{channel}  {id:<15} {way:<4} r {:x}", frame.len()),
        Kind::Data => write!(to, "{channel}  {id:<15} {way:<4} d {:x}", frame.len())?,
        Kind::Fd => {
            let brs = u8::from(frame.has_bit_rate_switch());
            let esi = u8::from(frame.has_error_state_indicator());
            let code = line::fd_code(frame.len());
            write!(to, "CANFD {channel:>3} {way:<4} {id:>8}  {:>32} {brs} {esi} {code:x} ", "")?;
            write!(to, "{:>2}", frame.len())?;
        }
    }
    frame.data.iter().try_for_each(|byte| write!(to, " {byte:02X}"))?;
    if frame.kind() == Kind::Fd {
        let mut flags = FLAG_FD;
        flags |= if frame.has_bit_rate_switch() { FLAG_BRS } else { 0 };
        flags |= if frame.has_error_state_indicator() { FLAG_ESI } else { 0 };
        write!(to, " {:>8} {:>4} {flags:>8X} {:>8} {:>8} {:>8} {:>8} {:>8}", 0, 0, 0, 0, 0, 0, 0)?;
    }
    writeln!(to)
}

/// Writes what stands behind the last frame.
pub fn write_end(to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "End TriggerBlock")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Mono;

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
    fn dates_are_read_in_every_way_they_are_written() {
        let at = |text: &str| date(Words::new(text.as_bytes())).map(|ns| ns / 1_000_000);
        assert_eq!(at("Fri Feb 14 08:51:20 am 2020"), Some(1_581_670_280_000));
        assert_eq!(at("Fri Feb 14 08:51:20.5 pm 2020"), Some(1_581_713_480_500));
        assert_eq!(at("Fri Feb 14 12:51:20 am 2020"), Some(1_581_641_480_000));
        assert_eq!(at("Don Dez 1 15:30:43 2005"), Some(1_133_451_043_000));
        assert_eq!(at("Don Mär 24 15:30:43.001 2005"), Some(1_111_678_243_001));
        assert_eq!(at("Don Foo 24 15:30:43 2005"), None);
        assert_eq!(at("Fri Feb 30 08:51:20 2020"), None);
        assert_eq!(at(""), None);
    }

    #[test]
    fn lines_of_every_kind_are_read() {
        let plain = Header::default();
        let (stamp, frame) = entry(&plain, "  348.161750 1 123  Rx d 1 12");
        assert_eq!(stamp, Stamp::At(348_161_750_000));
        assert_eq!((frame.id(), frame.view().data), (Id::standard(0x123).unwrap(), &[0x12][..]));
        let (_, sent) = entry(&plain, "0.1 2 12345678x Tx d 0 Length = 0 BitCount = 0");
        assert!(sent.id().is_extended() && sent.is_empty());
        assert_eq!(sent.direction(), Direction::Sent);
        let twelve = "AA ".repeat(12);
        for code in ["9", "c", "12"] {
            let (_, fd) = entry(&plain, &format!("0.1 1 123 Rx d {code} {twelve}"));
            assert_eq!((fd.kind(), fd.len()), (Kind::Fd, 12), "{code}");
        }
        let (_, eight) = entry(&plain, "0.1 1 123 Rx d 9 11 22 33 44 55 66 77 88");
        assert_eq!((eight.kind(), eight.len()), (Kind::Data, 8));
        let (_, remote) = entry(&plain, "0.1 1 123 Rx r 5");
        assert_eq!((remote.kind(), remote.len()), (Kind::Remote, 5));
        assert_eq!(entry(&plain, "0.1 1 123 Rx r").1.len(), 0);
        let (_, error) = entry(&plain, "0.1 1  ErrorFrame");
        assert_eq!((error.kind(), error.id().raw()), (Kind::Error, line::BUS_ERROR));
    }

    #[test]
    fn fd_lines_are_read_with_and_without_a_name() {
        let plain = Header::default();
        let bytes = "11 ".repeat(12);
        for name in ["Speed ", ""] {
            let text = format!("0.1 CANFD 2 Tx 123x {name}1 0 9 12 {bytes}0 0 3000 0 0");
            let (_, fd) = entry(&plain, &text);
            assert_eq!((fd.kind(), fd.len(), fd.direction()), (Kind::Fd, 12, Direction::Sent));
            assert!(fd.has_bit_rate_switch() && !fd.has_error_state_indicator());
        }
        let (_, classic) = entry(&plain, "0.1 CANFD 1 Rx 123 0 0 1 1 AB 0 0 200040 0");
        assert_eq!(classic.kind(), Kind::Data);
        let (_, remote) = entry(&plain, "0.1 CANFD 1 Rx 123 0 0 4 0 0 0 10 0");
        assert_eq!((remote.kind(), remote.len()), (Kind::Remote, 4));
        let (_, empty) = entry(&plain, "0.1 CANFD 1 Rx 123 0 0 0 0 0 0 1000 0");
        assert_eq!((empty.kind(), empty.len()), (Kind::Fd, 0));
    }

    #[test]
    fn the_header_says_how_numbers_and_times_are_meant() {
        let dated = header("date Fri Feb 14 08:51:20 am 2020\nbase dec  timestamps absolute");
        let (stamp, frame) = entry(&dated, "1.5 1 291 Rx d 2 18 255");
        assert_eq!(stamp, Stamp::Local(1_581_670_281_500_000_000));
        assert_eq!((frame.id().raw(), frame.view().data), (0x123, &[18, 255][..]));
        let relative = header("date Fri Feb 14 08:51:20 am 2020\nbase hex timestamps relative");
        let (stamp, _) = entry(&relative, "1.5 1 123 Rx d 0");
        assert_eq!(stamp, Stamp::LocalSpan(1_581_670_280_000_000_000, 1_500_000_000));
        let block =
            header("date Fri Feb 14 08:51:20 2020\nBegin Triggerblock Fri Feb 14 08:51:21 2020");
        assert_eq!(entry(&block, "1 1 123 Rx d 0").0, Stamp::Local(1_581_670_282_000_000_000));
        let never = header("date Thu Jan 1 00:00:00.000 1970");
        assert_eq!(entry(&never, "1 1 123 Rx d 0").0, Stamp::At(1_000_000_000));
    }

    #[test]
    fn what_is_no_frame_is_passed_over_and_what_is_broken_says_so() {
        let plain = Header::default();
        for text in [
            "date Fri Feb 14 08:51:20 am 2020",
            "// version 9.0.0",
            "   0.000000 Start of measurement",
            "0.1 CAN 1 Status:chip status error active",
            "0.1 1  Statistic: D 0 R 0",
            "0.1 1 123 TxRq d 1 12",
            "End TriggerBlock",
            "",
        ] {
            assert!(matches!(read(&plain, text.as_bytes()), Ok(Line::Nothing)), "{text}");
        }
        let fault = |text: &str| read(&plain, text.as_bytes()).err();
        assert_eq!(fault("hello"), Some(Fault::Form));
        assert_eq!(fault("1.x 1 123 Rx d 0"), Some(Fault::Time));
        assert_eq!(fault("0.1 1 800 Rx d 0"), Some(Fault::Id));
        assert_eq!(fault("0.1 1 Engine Rx d 0"), Some(Fault::Id));
        assert_eq!(fault("0.1 1 123 Rx d 2 11"), Some(Fault::Length));
        assert_eq!(fault("0.1 1 123 Rx d 9 11"), Some(Fault::Length));
        assert_eq!(fault("0.1 CANFD 1 Rx 123 1 0 9 12 11"), Some(Fault::Length));
        assert_eq!(fault("0.1 CANFD 1 Rx 123 1 0 f 65 11"), Some(Fault::Length));
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut text = Vec::new();
        write_header(&mut text, 1_581_670_280_123_000_000).unwrap();
        let header = header(&String::from_utf8(text).unwrap());
        let id = Id::extended(0x44).unwrap();
        let frame = Frame::fd(id, &[7; 64]).unwrap().with_error_state_indicator();
        let frame = frame.going(Direction::Sent);
        let mut text = Vec::new();
        write_frame(&mut text, 1_000_000_001, 3, frame.at(Mono::from_nanos(5)).view()).unwrap();
        let text = String::from_utf8(text).unwrap();
        let (stamp, back) = entry(&header, text.trim_end());
        assert_eq!((stamp, back), (Stamp::Local(1_581_670_281_123_000_001), frame));
    }
}

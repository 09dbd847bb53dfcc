//! CRTD, the log of the Open Vehicle Monitor: `1436509052.249713 1R11 123 11 22`. The bus number is
//! often left out. Records that begin with C are comments, events and settings.

use std::io::{self, Write};

use crate::engine::can::frame::{Direction, FD_BYTES, FrameRef, Id};
use crate::engine::can::trace::line::{self, Bus, Entry, Fault, Line, Stamp};
use crate::engine::can::trace::scan::{self, Words};

/// Reads one line.
pub fn read(text: &[u8]) -> Result<Line<'_>, Fault> {
    let mut words = Words::new(text);
    let Some(time) = words.next() else { return Ok(Line::Nothing) };
    if matches!(time.first(), Some(b'#' | b';')) {
        return Ok(Line::Nothing);
    }
    let at = scan::seconds(time).ok_or(Fault::Time)?;
    let record = words.next().ok_or(Fault::Form)?;
    let digits = record.iter().position(|b| !b.is_ascii_digit()).ok_or(Fault::Form)?;
    let (bus, kind) = record.split_at(digits);
    let bus = match scan::decimal(bus).map(u32::try_from) {
        None => Bus::Unsaid,
        Some(Ok(number)) => Bus::Numbered(number),
        Some(Err(_)) => return Err(Fault::Form),
    };
    let (way, extended) = match kind {
        b"R11" => (Direction::Received, false),
        b"R29" => (Direction::Received, true),
        b"T11" => (Direction::Sent, false),
        b"T29" => (Direction::Sent, true),
        [b'C', ..] => return Ok(Line::Nothing),
        _ => return Err(Fault::Form),
    };
    let raw = words.next().and_then(scan::hex).ok_or(Fault::Id)?;
    let id = if extended { Id::extended(raw) } else { Id::standard(raw) }.ok_or(Fault::Id)?;
    let mut bytes = [0; FD_BYTES];
    let len = line::byte_words(words, &mut bytes)?;
    let frame = line::data_frame(id, bytes.get(..len).ok_or(Fault::Length)?)?.going(way);
    Ok(Line::Frame(Entry { stamp: Stamp::At(at), bus, frame }))
}

/// Writes a frame as a line; what CRTD cannot hold must be gone by then.
pub fn write_frame(to: &mut dyn Write, bus: u32, frame: FrameRef<'_>) -> io::Result<()> {
    let ns = frame.time().nanos().max(0);
    let (whole, part) = (ns / 1_000_000_000, ns % 1_000_000_000);
    if part % 1000 == 0 {
        write!(to, "{whole}.{:06} ", part / 1000)?;
    } else {
        write!(to, "{whole}.{part:09} ")?;
    }
    // The first bus is often left out.
    if bus > 0 {
        write!(to, "{bus}")?;
    }
    let way = match frame.direction() {
        Direction::Received => 'R',
        Direction::Sent => 'T',
    };
    if frame.id().is_extended() {
        write!(to, "{way}29 {:08X}", frame.id().raw())?;
    } else {
        write!(to, "{way}11 {:03X}", frame.id().raw())?;
    }
    frame.data.iter().try_for_each(|byte| write!(to, " {byte:02X}"))?;
    writeln!(to)
}

/// Writes a remark.
///
/// # Errors
/// As `to` says.
pub fn write_remark(to: &mut impl Write, at: i64, text: &str) -> io::Result<()> {
    let (whole, part) = (at.max(0) / 1_000_000_000, at.max(0) % 1_000_000_000);
    writeln!(to, "{whole}.{:06} CXX {text}", part / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::frame::Frame;

    fn frame(text: &str) -> Frame {
        match read(text.as_bytes()) {
            Ok(Line::Frame(entry)) => entry.frame,
            Ok(_) => panic!("no frame: {text}"),
            Err(fault) => panic!("{fault}: {text}"),
        }
    }

    #[test]
    fn crtd_records_are_frames_with_and_without_a_bus() {
        let f = frame("166.064000 R11 0000021A FE 36 12 FE 69 05 07 AD ");
        assert_eq!((f.id(), f.len()), (Id::standard(0x21A).unwrap(), 8));
        let f = frame("1436509052.249713 2T29 18FF50E5\r");
        assert!(f.id().is_extended() && f.is_empty());
        assert_eq!(f.direction(), Direction::Sent);
    }

    #[test]
    fn crtd_comments_are_passed_over() {
        for text in ["1.0 CXX OVMS CRTD", "1.0 1CEV vehicle.on", "1.0 CVR 3.1", "# note", ""] {
            assert!(matches!(read(text.as_bytes()), Ok(Line::Nothing)), "{text}");
        }
    }

    #[test]
    fn a_broken_crtd_line_says_what_is_wrong() {
        let fault = |text: &'static str| read(text.as_bytes()).err();
        assert_eq!(fault("now R11 123 11"), Some(Fault::Time));
        assert_eq!(fault("1.0 R12 123 11"), Some(Fault::Form));
        assert_eq!(fault("1.0 12"), Some(Fault::Form));
        assert_eq!(fault("1.0 R11 800 11"), Some(Fault::Id));
        assert_eq!(fault("1.0 R11 123 1 22"), Some(Fault::Data));
        assert_eq!(fault("1.0 R11 123 00 11 22 33 44 55 66 77 88"), Some(Fault::Length));
    }
}

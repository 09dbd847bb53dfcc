//! Recordings that are tables with commas: those of ArrowPoint and Profinity, and those of GVRET
//! and SavvyCAN.

use std::io::{self, Write};

use crate::engine::can::frame::{CLASSIC_BYTES, Direction, FD_BYTES, Frame, FrameRef, Id, Kind};
use crate::engine::can::trace::line::{self, Bus, Entry, Fault, Line, Stamp};
use crate::engine::can::trace::scan;

/// The columns of a line, without the blanks around them.
fn columns(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| *b == b',').map(scan::trim)
}

fn is_comment(text: &[u8]) -> bool {
    matches!(scan::trim_start(text).first(), None | Some(b'#' | b';'))
}

/// Reads one line of ArrowPoint or Profinity (protocol note, section 11):
/// `22:51:46.481  , 1         , 0x0x6F8   ,      , 0x07050101101d0e74, ...`.
///
/// The time has no date. The id has two prefixes. The data has its last byte in front. The flag E
/// is often missing, so ids above 0x7FF are taken as extended. Id 0 and the flag H mark heartbeats
/// of the bridge, which are no CAN frames.
pub fn arrowpoint(text: &[u8]) -> Result<Line<'_>, Fault> {
    if is_comment(text) || scan::trim_start(text).starts_with(b"Recv time") {
        return Ok(Line::Nothing);
    }
    let mut columns = columns(text);
    let mut next = || columns.next().ok_or(Fault::Form);
    let (time, _number, id, flags, data) = (next()?, next()?, next()?, next()?, next()?);
    let at = scan::time_of_day(time).ok_or(Fault::Time)?;
    let mut digits = id;
    while let Some(rest) = digits.strip_prefix(b"0x") {
        digits = rest;
    }
    let raw = scan::hex(digits).ok_or(Fault::Id)?;
    let has = |flag: u8| flags.iter().any(|f| f.eq_ignore_ascii_case(&flag));
    if raw == 0 || has(b'H') {
        return Ok(Line::Heartbeat);
    }
    let id = if has(b'E') { Id::extended(raw) } else { Id::guess(raw) }.ok_or(Fault::Id)?;
    let frame = if has(b'R') {
        Frame::remote(id, 0)
    } else {
        let digits = data.strip_prefix(b"0x").ok_or(Fault::Data)?;
        let mut bytes = [0; CLASSIC_BYTES];
        let len = scan::hex_bytes(digits, &mut bytes).ok_or(Fault::Data)?;
        let data = bytes.get_mut(..len).ok_or(Fault::Length)?;
        data.reverse();
        Frame::classic(id, data)
    };
    let frame = frame.ok_or(Fault::Length)?;
    Ok(Line::Frame(Entry { stamp: Stamp::OfDay(at), bus: Bus::Unsaid, frame }))
}

/// Reads one line of GVRET or SavvyCAN: `166064000,0000021A,false,0,8,FE,36,12,FE,69,05,07,AD,`,
/// newer ones with `Rx` or `Tx` before the number of the bus. Times are microseconds, or seconds
/// where they have a point. Columns behind the length are padding.
pub fn gvret(text: &[u8]) -> Result<Line<'_>, Fault> {
    if is_comment(text) || scan::trim_start(text).starts_with(b"Time Stamp") {
        return Ok(Line::Nothing);
    }
    let mut columns = columns(text);
    let mut next = || columns.next().ok_or(Fault::Form);
    let (time, id, wide, mut bus) = (next()?, next()?, next()?, next()?);
    let extended = match wide {
        b"true" | b"True" | b"TRUE" | b"1" => true,
        b"false" | b"False" | b"FALSE" | b"0" => false,
        _ => return Err(Fault::Form),
    };
    let way = line::direction(bus);
    if way.is_some() {
        bus = next()?;
    }
    let len = next()?;
    let at = if memchr::memchr(b'.', time).is_some() {
        scan::seconds(time)
    } else {
        scan::decimal(time).and_then(|us| us.checked_mul(1000))
    };
    let at = at.ok_or(Fault::Time)?;
    let raw = scan::hex(id.strip_prefix(b"0x").unwrap_or(id)).ok_or(Fault::Id)?;
    let id = if extended { Id::extended(raw) } else { Id::standard(raw) }.ok_or(Fault::Id)?;
    let bus = scan::decimal(bus).and_then(|n| u32::try_from(n).ok()).ok_or(Fault::Form)?;
    let len = scan::decimal(len).and_then(|n| usize::try_from(n).ok()).ok_or(Fault::Length)?;
    let mut bytes = [0; FD_BYTES];
    let room = bytes.get_mut(..len).ok_or(Fault::Length)?;
    for slot in room.iter_mut() {
        let byte = columns.next().ok_or(Fault::Length)?;
        *slot = scan::hex(byte).and_then(|b| u8::try_from(b).ok()).ok_or(Fault::Data)?;
    }
    let frame = line::data_frame(id, room)?.going(way.unwrap_or(Direction::Received));
    Ok(Line::Frame(Entry { stamp: Stamp::At(at), bus: Bus::Numbered(bus), frame }))
}

/// Writes the names of GVRET's columns.
pub fn write_gvret_header(to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8")
}

/// Writes a frame as a line of GVRET; what GVRET cannot hold must be gone by then.
pub fn write_gvret(to: &mut dyn Write, bus: u32, frame: FrameRef<'_>) -> io::Result<()> {
    let (us, id) = (frame.time().nanos().max(0) / 1000, frame.id());
    let way = match frame.direction() {
        Direction::Received => "Rx",
        Direction::Sent => "Tx",
    };
    write!(to, "{us},{:08X},{},{way},{bus},{},", id.raw(), id.is_extended(), frame.len())?;
    frame.data.iter().try_for_each(|byte| write!(to, "{byte:02X},"))?;
    writeln!(to)
}

/// Writes the names of ArrowPoint's columns.
pub fn write_arrowpoint_header(to: &mut dyn Write) -> io::Result<()> {
    writeln!(
        to,
        "Recv time     , Packet num, ID        , flags, data              , float[1], float[0], \
         sender addr"
    )
}

/// Writes a frame as a line of ArrowPoint; what ArrowPoint cannot hold must be gone by then.
pub fn write_arrowpoint(to: &mut dyn Write, number: u64, frame: FrameRef<'_>) -> io::Result<()> {
    const DAY_MS: i64 = 86_400_000;
    let ms = (frame.time().nanos() / 1_000_000).rem_euclid(DAY_MS);
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    write!(to, "{:02}:{:02}:", minutes / 60, minutes % 60)?;
    write!(to, "{:02}.{:03}  , {number:<9} , ", rest / 1000, rest % 1000)?;
    let wide = if frame.id().is_extended() { "E" } else { "" };
    let remote = if frame.kind() == Kind::Remote { "R" } else { "" };
    let (id, flags) = (format!("0x0x{:X}", frame.id().raw()), format!("{wide}{remote}"));
    write!(to, "{id:<14}, {flags:<4} , 0x")?;
    frame.data.iter().rev().try_for_each(|byte| write!(to, "{byte:02x}"))?;
    let mut bytes = [0; CLASSIC_BYTES];
    bytes.iter_mut().zip(frame.data).for_each(|(to, from)| *to = *from);
    let [a, b, c, d, e, f, g, h] = bytes;
    let (low, high) = (f32::from_le_bytes([a, b, c, d]), f32::from_le_bytes([e, f, g, h]));
    writeln!(to, ", {high:E}, {low:E}, ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(read: Result<Line<'_>, Fault>) -> (Stamp, Frame) {
        match read {
            Ok(Line::Frame(Entry { stamp, frame, .. })) => (stamp, frame),
            Ok(_) => panic!("no frame"),
            Err(fault) => panic!("{fault}"),
        }
    }

    #[test]
    fn an_arrowpoint_line_has_its_last_byte_in_front() {
        let (stamp, frame) = entry(arrowpoint(
            b"22:51:46.481  , 1         , 0x0x6F8   ,      , 0x07050101101d0e74, 1.0E-34, 3.09E-29",
        ));
        assert_eq!(stamp, Stamp::OfDay(82_306_481_000_000));
        assert_eq!(frame.id(), Id::standard(0x6F8).unwrap());
        assert_eq!(frame.view().data, [0x74, 0x0E, 0x1D, 0x10, 1, 1, 5, 7]);
        let (_, wide) = entry(arrowpoint(b"22:51:46.728, 68, 0x0x1806E5F4, , 0x0000000032004006"));
        assert!(wide.id().is_extended());
        let (_, flagged) = entry(arrowpoint(b"22:51:46.728, 68, 0x0x123, E, 0x0000000032004006"));
        assert!(flagged.id().is_extended());
        let (_, remote) = entry(arrowpoint(b"22:51:46.728, 68, 0x0x123, R, 0x0000000000000000"));
        assert_eq!(remote.kind(), Kind::Remote);
    }

    #[test]
    fn the_bridges_heartbeats_are_no_frames() {
        let line = b"22:51:46.604 , 43 , 0x0x0 , , 0x0050c2cfc353f401, 7.4E-39, -211.9";
        assert!(matches!(arrowpoint(line), Ok(Line::Heartbeat)));
        let line = b"22:51:46.604 , 43 , 0x0x5 , H , 0x0050c2cfc353f401, 7.4E-39, -211.9";
        assert!(matches!(arrowpoint(line), Ok(Line::Heartbeat)));
        assert!(matches!(arrowpoint(b"Recv time     , Packet num, ID"), Ok(Line::Nothing)));
    }

    #[test]
    fn a_broken_arrowpoint_line_says_what_is_wrong() {
        let fault = |text: &'static str| arrowpoint(text.as_bytes()).err();
        assert_eq!(fault("22:51:46.604 , 43"), Some(Fault::Form));
        assert_eq!(fault("25:51:46.604, 43, 0x0x6F8, , 0x00"), Some(Fault::Time));
        assert_eq!(fault("22:51:46.604, 43, 0x0xZZ, , 0x00"), Some(Fault::Id));
        assert_eq!(fault("22:51:46.604, 43, 0x0x6F8, , 0x0"), Some(Fault::Data));
        assert_eq!(fault("22:51:46.604, 43, 0x0x6F8, , 00"), Some(Fault::Data));
    }

    #[test]
    fn gvret_lines_are_read_with_and_without_a_direction() {
        let (stamp, frame) =
            entry(gvret(b"166064000,0000027A,false,0,7,30,30,0D,8C,09,15,00,00,\r"));
        assert_eq!(stamp, Stamp::At(166_064_000_000));
        assert_eq!(frame.view().data, [0x30, 0x30, 0x0D, 0x8C, 9, 0x15, 0]);
        let (_, sent) = entry(gvret(b"1,0000027A,true,Tx,1,0,"));
        assert!(sent.id().is_extended() && sent.is_empty());
        assert_eq!(sent.direction(), Direction::Sent);
        let long = format!("1.5,7FF,false,Rx,1,12,{}", "AA,".repeat(12));
        let (stamp, fd) = entry(gvret(long.as_bytes()));
        assert_eq!((stamp, fd.kind(), fd.len()), (Stamp::At(1_500_000_000), Kind::Fd, 12));
        assert!(matches!(gvret(b"Time Stamp,ID,Extended,Dir,Bus,LEN,D1"), Ok(Line::Nothing)));
    }

    #[test]
    fn a_broken_gvret_line_says_what_is_wrong() {
        let fault = |text: &'static str| gvret(text.as_bytes()).err();
        assert_eq!(fault("1,27A,false,0"), Some(Fault::Form));
        assert_eq!(fault("1,27A,maybe,0,0,"), Some(Fault::Form));
        assert_eq!(fault("x,27A,false,0,0,"), Some(Fault::Time));
        assert_eq!(fault("1,800,false,0,0,"), Some(Fault::Id));
        assert_eq!(fault("1,27A,false,0,3,11,22"), Some(Fault::Length));
        assert_eq!(fault("1,27A,false,0,65,11,22"), Some(Fault::Length));
        assert_eq!(fault("1,27A,false,0,2,11,222"), Some(Fault::Data));
    }
}

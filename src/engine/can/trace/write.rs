//! Frames as lines of a candump log.

use std::io::{self, Write};

use crate::base::time::Mono;
use crate::engine::can::frame::{Direction, FrameRef, Kind};
use crate::engine::can::trace::line::{self, ERROR_FLAG};

/// Writes `frame` of the bus `bus` as a line of this style, line end included. Times are cut to
/// microseconds unless they have more digits, so that what is written reads back exactly.
///
/// # Errors
/// As `to` says.
pub fn write_line(to: &mut impl Write, bus: &str, frame: FrameRef<'_>) -> io::Result<()> {
    write_time(to, frame.time())?;
    write!(to, " {bus} ")?;
    let id = frame.id();
    match (frame.kind(), id.is_extended()) {
        (Kind::Error, _) => write!(to, "{:08X}#", id.raw() | ERROR_FLAG)?,
        (Kind::Data | Kind::Remote | Kind::Fd, true) => write!(to, "{:08X}#", id.raw())?,
        (Kind::Data | Kind::Remote | Kind::Fd, false) => write!(to, "{:03X}#", id.raw())?,
    }
    match frame.kind() {
        Kind::Remote if frame.is_empty() => write!(to, "R")?,
        Kind::Remote => write!(to, "R{}", frame.len())?,
        Kind::Fd => write!(to, "#{:X}", line::flags(&frame.head))?,
        Kind::Data | Kind::Error => {}
    }
    frame.data.iter().try_for_each(|byte| write!(to, "{byte:02X}"))?;
    match frame.direction() {
        Direction::Received => writeln!(to),
        Direction::Sent => writeln!(to, " T"),
    }
}

fn write_time(to: &mut impl Write, at: Mono) -> io::Result<()> {
    let ns = at.nanos().max(0);
    let (whole, part) = (ns / 1_000_000_000, ns % 1_000_000_000);
    if part % 1000 == 0 {
        write!(to, "({whole:010}.{:06})", part / 1000)
    } else {
        write!(to, "({whole:010}.{part:09})")
    }
}

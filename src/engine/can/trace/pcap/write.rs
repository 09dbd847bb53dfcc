//! Writes captures: the old form, which has neither names of buses nor directions, and the new one,
//! which has both. Times are nanoseconds since 1970.

use std::io::{self, Write};

use crate::engine::can::frame::{Direction, FrameRef, Kind};
use crate::engine::can::trace::line;
use crate::engine::can::trace::pcap::packet::{
    ENHANCED, ERROR, EXTENDED, FD_FORM, FRAME_HEAD, INTERFACE, LINK_CAN, REMOTE,
};
use crate::engine::can::trace::pcap::{OLD_NANOS, ORDER_MARK, SECTION};

/// A block of statistics of an interface.
const STATISTICS: u32 = 5;
/// Longest packet that may come.
const SNAP: u32 = 72;

/// Which form, and what it has named so far.
#[derive(Debug)]
pub enum Writer {
    /// The old form.
    Old,
    /// The new form, with so many interfaces.
    New(u32),
}

impl Writer {
    /// Begins a file of the old form.
    ///
    /// # Errors
    /// As `to` says.
    pub fn old(to: &mut dyn Write) -> io::Result<Self> {
        to.write_all(&OLD_NANOS.to_le_bytes())?;
        to.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
        to.write_all(&SNAP.to_le_bytes())?;
        to.write_all(&u32::from(LINK_CAN).to_le_bytes())?;
        Ok(Self::Old)
    }

    /// Begins a file of the new form.
    ///
    /// # Errors
    /// As `to` says.
    pub fn new(to: &mut dyn Write) -> io::Result<Self> {
        let mut body = ORDER_MARK.to_le_bytes().to_vec();
        body.extend([1, 0, 0, 0]);
        // How long the section is, is not said.
        body.extend([0xFF; 8]);
        block(to, SECTION, &body)?;
        Ok(Self::New(0))
    }

    /// Adds a frame of bus number `bus`, called `name`. Numbers come in turn: a new one is one more
    /// than the last.
    ///
    /// # Errors
    /// As `to` says.
    pub fn frame(
        &mut self,
        to: &mut dyn Write,
        bus: u32,
        name: &str,
        frame: FrameRef<'_>,
    ) -> io::Result<()> {
        let at = frame.time().nanos().max(0).unsigned_abs();
        let packet = packet(frame);
        let len = (packet.len() as u32).to_le_bytes();
        match self {
            Self::Old => {
                let seconds = u32::try_from(at / 1_000_000_000).unwrap_or(u32::MAX);
                to.write_all(&seconds.to_le_bytes())?;
                to.write_all(&((at % 1_000_000_000) as u32).to_le_bytes())?;
                to.write_all(&len)?;
                to.write_all(&len)?;
                to.write_all(&packet)
            }
            Self::New(known) => {
                if bus >= *known {
                    *known += 1;
                    block(to, INTERFACE, &interface(name))?;
                }
                let mut body = bus.to_le_bytes().to_vec();
                body.extend(((at >> 32) as u32).to_le_bytes());
                body.extend((at as u32).to_le_bytes());
                body.extend(len);
                body.extend(len);
                body.extend(&packet);
                pad(&mut body);
                let way = match frame.direction() {
                    Direction::Received => 1_u32,
                    Direction::Sent => 2,
                };
                option(&mut body, 2, &way.to_le_bytes());
                option(&mut body, 0, &[]);
                block(to, ENHANCED, &body)
            }
        }
    }

    /// Adds a remark that `lost` packets are missing before `at`, as a block of statistics; the old form
    /// has no place for it, nor has a file that has named no interface yet.
    ///
    /// # Errors
    /// As `to` says.
    pub fn remark(&mut self, to: &mut dyn Write, at: i64, lost: u64, text: &str) -> io::Result<()> {
        match self {
            Self::Old | Self::New(0) => Ok(()),
            Self::New(_) => {
                let at = at.max(0).unsigned_abs();
                let mut body = 0_u32.to_le_bytes().to_vec();
                body.extend(((at >> 32) as u32).to_le_bytes());
                body.extend((at as u32).to_le_bytes());
                option(&mut body, 1, text.as_bytes());
                if lost > 0 {
                    option(&mut body, 5, &lost.to_le_bytes());
                }
                option(&mut body, 0, &[]);
                block(to, STATISTICS, &body)
            }
        }
    }
}

/// A frame as a packet.
fn packet(frame: FrameRef<'_>) -> Vec<u8> {
    let wide = if frame.id().is_extended() { EXTENDED } else { 0 };
    let id = match frame.kind() {
        Kind::Data | Kind::Fd => frame.id().raw() | wide,
        Kind::Remote => frame.id().raw() | wide | REMOTE,
        Kind::Error => frame.id().raw() | ERROR,
    };
    let flags = match frame.kind() {
        Kind::Fd => FD_FORM | line::flags(&frame.head),
        Kind::Data | Kind::Remote | Kind::Error => 0,
    };
    let mut packet = Vec::with_capacity(FRAME_HEAD + frame.data.len());
    packet.extend(id.to_be_bytes());
    packet.extend([frame.len() as u8, flags, 0, 0]);
    packet.extend(frame.data);
    packet
}

fn interface(name: &str) -> Vec<u8> {
    let mut body = LINK_CAN.to_le_bytes().to_vec();
    body.extend([0, 0]);
    body.extend(SNAP.to_le_bytes());
    option(&mut body, 2, name.as_bytes());
    // Times count billionths of a second.
    option(&mut body, 9, &[9]);
    option(&mut body, 0, &[]);
    body
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    pad(body);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

fn block(to: &mut dyn Write, kind: u32, body: &[u8]) -> io::Result<()> {
    let len = (12 + body.len() as u32).to_le_bytes();
    to.write_all(&kind.to_le_bytes())?;
    to.write_all(&len)?;
    to.write_all(body)?;
    to.write_all(&len)
}

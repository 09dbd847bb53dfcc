//! The objects of a BLF file that are frames: which bytes mean what.

use crate::engine::can::frame::{CLASSIC_BYTES, Direction, FD_BYTES, Frame, Id};
use crate::engine::can::trace::block::{u16_at, u32_at};
use crate::engine::can::trace::line::{self, Fault};

/// A classic frame.
pub const MESSAGE: u32 = 1;
/// An error frame, with little else.
const ERROR: u32 = 2;
/// An error frame.
pub const ERROR_EXT: u32 = 73;
/// A classic frame with its length on the wire.
const MESSAGE_2: u32 = 86;
/// An FD frame.
pub const FD_MESSAGE: u32 = 100;
/// An FD frame, of as many bytes as it has.
const FD_MESSAGE_64: u32 = 101;
/// An error frame of an FD channel.
const FD_ERROR_64: u32 = 104;

/// In the flags: a remote frame.
pub const REMOTE: u8 = 0x80;
/// In the flags of FD: FD's form.
pub const FD_FORM: u8 = 1;
/// In the flags of FD: bit rate switch.
pub const FD_BRS: u8 = 2;
/// In the flags of FD: error state indicator.
pub const FD_ESI: u8 = 4;
/// In an id: 29 bits.
pub const EXTENDED: u32 = 1 << 31;
/// Bytes before the data of a [`FD_MESSAGE_64`].
const FD_64_HEAD: usize = 40;

/// Channel and frame of an object; `None` where it is of another kind.
pub fn read(object: &[u8]) -> Result<Option<(u16, Frame)>, Fault> {
    let kind = u32_at(object, 12).ok_or(Fault::Object)?;
    let head = u16_at(object, 4).map(usize::from).ok_or(Fault::Object)?;
    let body = || object.get(head..).ok_or(Fault::Object);
    let some_error = || Frame::error(line::BUS_ERROR, &[]).ok_or(Fault::Id);
    match kind {
        MESSAGE | MESSAGE_2 => short(body()?),
        FD_MESSAGE => long(body()?),
        FD_MESSAGE_64 => long_64(body()?, head),
        ERROR | ERROR_EXT => {
            let channel = u16_at(body()?, 0).ok_or(Fault::Cut)?;
            Ok(Some((channel, some_error()?)))
        }
        FD_ERROR_64 => {
            let channel = *body()?.first().ok_or(Fault::Cut)?;
            Ok(Some((u16::from(channel), some_error()?)))
        }
        _ => Ok(None),
    }
}

/// Which way a frame went; `None` for the wish to send, which its frame follows.
const fn way(code: u8) -> Option<Direction> {
    match code & 0x0F {
        0 => Some(Direction::Received),
        1 => Some(Direction::Sent),
        _ => None,
    }
}

fn id(raw: u32) -> Result<Id, Fault> {
    let number = raw & Id::MAX_EXTENDED;
    let id = if raw & EXTENDED != 0 { Id::extended(number) } else { Id::standard(number) };
    id.ok_or(Fault::Id)
}

fn classic(id: Id, flags: u8, code: u8, data: &[u8]) -> Result<Frame, Fault> {
    // A length code above 8 stands for 8 bytes.
    let len = usize::from(code).min(CLASSIC_BYTES);
    let frame = if flags & REMOTE != 0 {
        Frame::remote(id, len)
    } else {
        Frame::classic(id, data.get(..len).ok_or(Fault::Cut)?)
    };
    frame.ok_or(Fault::Length)
}

fn short(body: &[u8]) -> Result<Option<(u16, Frame)>, Fault> {
    let (Some(channel), Some(&flags), Some(&code), Some(raw)) =
        (u16_at(body, 0), body.get(2), body.get(3), u32_at(body, 4))
    else {
        return Err(Fault::Cut);
    };
    let Some(way) = way(flags) else { return Ok(None) };
    let frame = classic(id(raw)?, flags, code, body.get(8..).unwrap_or_default())?;
    Ok(Some((channel, frame.going(way))))
}

fn long(body: &[u8]) -> Result<Option<(u16, Frame)>, Fault> {
    let (Some(channel), Some(&flags), Some(&code), Some(raw)) =
        (u16_at(body, 0), body.get(2), body.get(3), u32_at(body, 4))
    else {
        return Err(Fault::Cut);
    };
    let (Some(&form), Some(&valid)) = (body.get(13), body.get(14)) else {
        return Err(Fault::Cut);
    };
    let Some(way) = way(flags) else { return Ok(None) };
    let data = body.get(20..).unwrap_or_default();
    let id = id(raw)?;
    if form & FD_FORM == 0 {
        return Ok(Some((channel, classic(id, flags, code, data)?.going(way))));
    }
    let data = data.get(..usize::from(valid)).ok_or(Fault::Length)?;
    let frame = Frame::fd(id, data).ok_or(Fault::Length)?.going(way);
    let brs = if form & FD_BRS != 0 { line::BRS } else { 0 };
    let esi = if form & FD_ESI != 0 { line::ESI } else { 0 };
    Ok(Some((channel, line::with_flags(frame, brs | esi))))
}

fn long_64(body: &[u8], head: usize) -> Result<Option<(u16, Frame)>, Fault> {
    let (Some(front), Some(raw), Some(flags)) =
        (body.first_chunk::<FD_64_HEAD>(), u32_at(body, 4), u32_at(body, 12))
    else {
        return Err(Fault::Cut);
    };
    let (channel, code, valid, way_code, extra) =
        (front[0], front[1], usize::from(front[2]), front[34], usize::from(front[35]));
    let Some(way) = way(way_code) else { return Ok(None) };
    let id = id(raw)?;
    // What follows the data begins at `extra`, counted from the front of the object.
    let end = if extra == 0 { body.len() } else { extra.saturating_sub(head).min(body.len()) };
    let there = body.get(FD_64_HEAD..end).unwrap_or_default();
    // Fewer bytes than are valid may be there; the rest are zero.
    let mut bytes = [0; FD_BYTES];
    let data = bytes.get_mut(..valid).ok_or(Fault::Length)?;
    data.iter_mut().zip(there).for_each(|(to, from)| *to = *from);
    let channel = u16::from(channel);
    if flags & 0x1000 == 0 {
        let flags = if flags & 0x10 != 0 { REMOTE } else { 0 };
        return Ok(Some((channel, classic(id, flags, code, &bytes)?.going(way))));
    }
    let frame = Frame::fd(id, data).ok_or(Fault::Length)?.going(way);
    let brs = if flags & 0x2000 != 0 { line::BRS } else { 0 };
    let esi = if flags & 0x4000 != 0 { line::ESI } else { 0 };
    Ok(Some((channel, line::with_flags(frame, brs | esi))))
}

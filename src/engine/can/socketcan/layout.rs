//! Frames as the kernel lays them out: `can_frame` (16 bytes) and `canfd_frame` (72 bytes) of
//! `linux/can.h`. Pure functions on bytes, without a socket.

use crate::engine::can::frame::{CLASSIC_BYTES, FD_BYTES, Frame, FrameRef, Id, Kind};

/// Size of a classic frame in the socket.
pub const CLASSIC_SIZE: usize = 16;
/// Size of an FD frame in the socket; also the MTU of an interface that carries FD.
pub const FD_SIZE: usize = 72;
/// Where the payload starts, in both.
const PAYLOAD: usize = 8;

const EXTENDED_FLAG: u32 = 1 << 31;
const REMOTE_FLAG: u32 = 1 << 30;
const ERROR_FLAG: u32 = 1 << 29;

const FD_BIT_RATE_SWITCH: u8 = 0x01;
const FD_ERROR_STATE: u8 = 0x02;
const FD_FORMAT: u8 = 0x04;

/// Reads a frame out of `bytes` as a socket gave them; `None` where they are no frame that Busbar
/// knows.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Frame> {
    let (&word, rest) = bytes.split_first_chunk::<4>()?;
    let word = u32::from_ne_bytes(word);
    let len = usize::from(*rest.first()?);
    let flags = *rest.get(1)?;
    let payload = bytes.get(PAYLOAD..)?;
    match bytes.len() {
        CLASSIC_SIZE if word & ERROR_FLAG != 0 => {
            Frame::error(word & Id::MAX_EXTENDED, payload.get(..len.min(CLASSIC_BYTES))?)
        }
        CLASSIC_SIZE if word & REMOTE_FLAG != 0 => Frame::remote(id(word)?, len),
        CLASSIC_SIZE => Frame::classic(id(word)?, payload.get(..len)?),
        FD_SIZE => {
            // A virtual interface passes on any length; a wire would have padded it.
            let frame = Frame::fd(id(word)?, payload.get(..fd_length(len)?)?)?;
            let frame =
                if flags & FD_BIT_RATE_SWITCH != 0 { frame.with_bit_rate_switch() } else { frame };
            Some(if flags & FD_ERROR_STATE != 0 {
                frame.with_error_state_indicator()
            } else {
                frame
            })
        }
        _ => None,
    }
}

/// Lays out `frame` for a socket; the bytes to send are the first ones, as many as the second
/// value says.
#[must_use]
pub fn write(frame: &FrameRef<'_>) -> ([u8; FD_SIZE], usize) {
    let mut bytes = [0; FD_SIZE];
    let kind = match frame.kind() {
        Kind::Data | Kind::Fd => 0,
        Kind::Remote => REMOTE_FLAG,
        Kind::Error => ERROR_FLAG,
    };
    let wide = frame.id().is_extended() && frame.kind() != Kind::Error;
    let extended = if wide { EXTENDED_FLAG } else { 0 };
    let word = frame.id().raw() | kind | extended;
    bytes[..4].copy_from_slice(&word.to_ne_bytes());
    bytes[4] = frame.len() as u8;
    let size = match frame.kind() {
        Kind::Data | Kind::Remote | Kind::Error => CLASSIC_SIZE,
        Kind::Fd => {
            bytes[5] = FD_FORMAT
                | if frame.has_bit_rate_switch() { FD_BIT_RATE_SWITCH } else { 0 }
                | if frame.has_error_state_indicator() { FD_ERROR_STATE } else { 0 };
            FD_SIZE
        }
    };
    let room = bytes[PAYLOAD..].iter_mut();
    room.zip(frame.data).for_each(|(place, byte)| *place = *byte);
    (bytes, size)
}

const fn id(word: u32) -> Option<Id> {
    if word & EXTENDED_FLAG != 0 {
        Id::extended(word & Id::MAX_EXTENDED)
    } else {
        Id::standard(word & Id::MAX_STANDARD)
    }
}

/// The length that FD has for at least `len` bytes.
fn fd_length(len: usize) -> Option<usize> {
    const LONG: [usize; 7] = [12, 16, 20, 24, 32, 48, FD_BYTES];
    if len <= CLASSIC_BYTES {
        return Some(len);
    }
    LONG.into_iter().find(|&long| long >= len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classic(word: u32, len: u8, payload: [u8; 8]) -> [u8; CLASSIC_SIZE] {
        let mut bytes = [0; CLASSIC_SIZE];
        bytes[..4].copy_from_slice(&word.to_ne_bytes());
        bytes[4] = len;
        bytes[8..].copy_from_slice(&payload);
        bytes
    }

    fn fd(word: u32, len: u8, flags: u8) -> [u8; FD_SIZE] {
        let mut bytes = [0xA5; FD_SIZE];
        bytes[..4].copy_from_slice(&word.to_ne_bytes());
        bytes[4] = len;
        bytes[5] = flags;
        bytes
    }

    #[test]
    fn kernel_bytes_become_the_frame_they_mean() {
        let short = read(&classic(0x605, 3, [1, 2, 3, 9, 9, 9, 9, 9])).unwrap();
        assert_eq!(short, Frame::classic(Id::standard(0x605).unwrap(), &[1, 2, 3]).unwrap());
        let wide = read(&classic(0x98FF_50E5, 8, [7; 8])).unwrap();
        assert_eq!(wide, Frame::classic(Id::extended(0x18FF_50E5).unwrap(), &[7; 8]).unwrap());
        let remote = read(&classic(0x4000_0123, 5, [0; 8])).unwrap();
        assert_eq!(remote, Frame::remote(Id::standard(0x123).unwrap(), 5).unwrap());
        let error = read(&classic(0x2000_0044, 8, [0, 0x10, 0, 0, 0, 0, 0, 0])).unwrap();
        assert_eq!(error, Frame::error(0x44, &[0, 0x10, 0, 0, 0, 0, 0, 0]).unwrap());
    }

    #[test]
    fn fd_flags_are_kept_and_odd_lengths_padded() {
        let frame = read(&fd(0x123, 48, FD_FORMAT | FD_BIT_RATE_SWITCH)).unwrap();
        assert_eq!((frame.kind(), frame.len()), (Kind::Fd, 48));
        assert!(frame.has_bit_rate_switch() && !frame.has_error_state_indicator());
        assert!(read(&fd(1, 0, FD_ERROR_STATE)).unwrap().has_error_state_indicator());
        assert_eq!(read(&fd(1, 33, 0)).unwrap().len(), 48);
        assert!(read(&fd(1, 65, 0)).is_none());
    }

    #[test]
    fn bytes_that_are_no_frame_are_none() {
        assert!(read(&[]).is_none());
        assert!(read(&[0; 15]).is_none());
        assert!(read(&[0; 71]).is_none());
        assert!(read(&classic(1, 9, [0; 8])).is_none());
        assert!(read(&classic(REMOTE_FLAG, 200, [0; 8])).is_none());
    }

    #[test]
    fn every_frame_reads_back_as_written() {
        let std = Id::standard(0x7FF).unwrap();
        let ext = Id::extended(0x1FFF_FFFF).unwrap();
        let low = Id::extended(0x7FF).unwrap();
        let mut frames = vec![
            Frame::remote(low, 8).unwrap(),
            Frame::error(0x1FFF_FFFF, &[1; 8]).unwrap(),
            Frame::fd(std, &[3; 64]).unwrap().with_bit_rate_switch().with_error_state_indicator(),
            Frame::fd(ext, &[]).unwrap(),
        ];
        for len in 0..=8 {
            frames.push(Frame::classic(std, &[0xEE; 8][..len]).unwrap());
            frames.push(Frame::classic(low, &[0x11; 8][..len]).unwrap());
        }
        for frame in frames {
            let (bytes, size) = write(&frame.view());
            assert_eq!(read(&bytes[..size]), Some(frame));
        }
    }
}

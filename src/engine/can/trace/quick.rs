//! The quick path for the line that nearly every candump log is made of: a time of 10 and 6 digits,
//! a bus that was met before, a classic frame, nothing behind it. Eight digits are looked at
//! at once. Whatever differs is left to [`super::candump::read`], which decides what is right; this
//! only ever says the same, faster.

mod asc;

use crate::base::id::BusId;
use crate::engine::can::frame::{CLASSIC_BYTES, Classic, Direction, Id};
use crate::engine::can::trace::asc::Header;
use crate::engine::can::trace::buses::Buses;
use crate::engine::can::trace::line::Stamp;
use crate::engine::can::trace::{Front, Log, LogFormat};

/// The quick path for a recording, where its format has one.
#[derive(Clone, Copy, Debug)]
pub enum Shortcut {
    /// Of a candump log.
    Candump,
    /// Of an ASC file.
    Asc(Header),
    /// There is none.
    None,
}

impl Shortcut {
    /// The one for `log`.
    pub const fn of(log: &Log) -> Self {
        match (log.format(), &log.front) {
            (LogFormat::Candump, _) => Self::Candump,
            (LogFormat::Asc, Front::Lines(dialect)) => Self::Asc(dialect.asc),
            _ => Self::None,
        }
    }

    /// Reads a whole line if it is one of those; its time, bus and frame.
    pub fn read(&self, text: &[u8], buses: &mut Buses) -> Option<(Stamp, BusId, Classic)> {
        match self {
            Self::Candump => {
                let bus = buses.known(name(text)?)?;
                let (at, frame) = read(text)?;
                Some((Stamp::At(at), bus, frame))
            }
            Self::Asc(header) => {
                let (stamp, bus, frame) = asc::read(header, text)?;
                Some((stamp, buses.number(bus)?, frame))
            }
            Self::None => None,
        }
    }
}

/// Where the name of the bus begins.
const BUS: usize = 20;

/// The name of the bus in such a line.
fn name(text: &[u8]) -> Option<&[u8]> {
    let rest = text.get(BUS..)?;
    rest.get(..rest.iter().position(|byte| *byte == b' ')?)
}

/// Reads `text` if it is such a line; nanoseconds, as written, and the frame.
fn read(text: &[u8]) -> Option<(i64, Classic)> {
    let (front, rest) = text.split_first_chunk::<BUS>()?;
    if front[0] != b'(' || front[11] != b'.' || front[18] != b')' || front[19] != b' ' {
        return None;
    }
    let rest = rest.get(name(text)?.len() + 1..)?;
    let (id, data) = if rest.get(3) == Some(&b'#') {
        let (digits, data) = rest.split_first_chunk::<4>()?;
        // The '#' is put in the place of a zero in front.
        let digits = (u32::from_le_bytes(*digits) << 8) | u32::from(b'0');
        let raw = hex_digits(u64::from(digits) | (0x3030_3030 << 32))?;
        (Id::standard(raw.swap_bytes() >> 16)?, data)
    } else {
        let (digits, data) = rest.split_first_chunk::<8>()?;
        let raw = hex_digits(u64::from_le_bytes(*digits))?;
        // Error frames have a bit more than ids have and so are none here.
        (Id::extended(raw.swap_bytes())?, data.strip_prefix(b"#")?)
    };
    let (len, bytes) = payload(text, data.len())?;
    Some((time(front)?, Classic { id, way: Direction::Received, len, bytes }))
}

/// `(1436509052.249713) ` as nanoseconds.
fn time(front: &[u8; BUS]) -> Option<i64> {
    let word = |from: usize| -> Option<u64> {
        Some(u64::from_le_bytes(*front.get(from..)?.first_chunk::<8>()?))
    };
    let high = decimal_digits(word(1)?)?;
    // Two digits behind six zeros, and six digits behind two.
    let low = decimal_digits((word(3)? & (0xFFFF << 48)) | 0x3030_3030_3030)?;
    let micros = decimal_digits((word(12)? << 16) | 0x3030)?;
    let seconds = i64::from(high) * 100 + i64::from(low);
    seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(micros) * 1000)
}

/// The last `digits` characters of `text` as bytes. `text` is longer than 16 by its time.
fn payload(text: &[u8], digits: usize) -> Option<(usize, [u8; CLASSIC_BYTES])> {
    let (rest, last) = text.split_last_chunk::<8>()?;
    let last = u64::from_le_bytes(*last);
    let value = match digits {
        0 => 0,
        8 => u64::from(hex_digits(last)?),
        2 | 4 | 6 => {
            // Characters before the data are shifted out; zeros take the places behind it.
            let shift = 8 * (8 - digits as u32);
            u64::from(hex_digits((last >> shift) | (ZEROS << (64 - shift)))?)
        }
        10 | 12 | 14 | 16 => {
            let before = u64::from_le_bytes(*rest.last_chunk::<8>()?);
            // Both words moved so that the data begins in the first.
            let shift = 8 * (16 - digits as u32);
            let (first, second) = if shift == 0 {
                (before, last)
            } else {
                ((before >> shift) | (last << (64 - shift)), last >> shift)
            };
            let zeros = ZEROS.checked_shl(64 - shift).unwrap_or(0);
            u64::from(hex_digits(first)?) | (u64::from(hex_digits(second | zeros)?) << 32)
        }
        _ => return None,
    };
    Some((digits / 2, value.to_le_bytes()))
}

const ONES: u64 = 0x0101_0101_0101_0101;
/// The bit that makes a letter small, and that every digit has.
const SMALL: u64 = ONES * 0x20;
const LOW: u64 = ONES * 0x0F;
const HIGH: u64 = ONES * 0xF0;
const ZEROS: u64 = ONES * 0x30;

/// Eight hex digits, the first in the lowest byte, as four bytes, the first in the lowest.
fn hex_digits(text: u64) -> Option<u32> {
    let lower = text | SMALL;
    let value = (lower & LOW) + ((lower >> 6) & ONES) * 9;
    // Made into text again it must be what it was; a digit has bit 5, a letter bit 6.
    let letter = ((value + ONES * 6) >> 4) & ONES;
    let again = value + ZEROS + letter * 0x27;
    let marked = (text | (text >> 1)) & SMALL;
    if again != lower || value & HIGH != 0 || marked != SMALL {
        return None;
    }
    let pairs = ((value << 4) | (value >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs | (pairs >> 8)) & 0x0000_FFFF_0000_FFFF;
    Some((fours | (fours >> 16)) as u32)
}

/// Eight decimal digits, the first in the lowest byte.
fn decimal_digits(text: u64) -> Option<u32> {
    if text & HIGH != ZEROS || text.wrapping_add(ONES * 6) & HIGH != ZEROS {
        return None;
    }
    let ones = text & LOW;
    let tens = (ones.wrapping_mul((10 << 8) | 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let hundreds = (tens.wrapping_mul((100 << 16) | 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    Some((hundreds.wrapping_mul((10_000 << 32) | 1) >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::can::frame::Kind;
    use crate::engine::can::trace::candump;
    use crate::engine::can::trace::line::{Bus, Line};

    /// What the careful reader makes of the same line, if it is of the quick kind.
    fn careful(text: &[u8]) -> Option<(i64, Classic)> {
        let Ok(Line::Frame(entry)) = candump::read(text) else { return None };
        let (Stamp::At(at), Bus::Named(bus)) = (entry.stamp, entry.bus) else { return None };
        if entry.frame.kind() != Kind::Data || Some(bus) != name(text) {
            return None;
        }
        let mut bytes = [0; 8];
        let data = entry.frame.view();
        bytes[..data.len()].copy_from_slice(data.data);
        let way = entry.frame.direction();
        Some((at, Classic { id: entry.frame.id(), way, len: data.len(), bytes }))
    }

    #[test]
    fn lines_of_every_length_are_read_quickly() {
        for len in 0..=8 {
            for id in ["7FF", "000", "18FF50E5", "00000001"] {
                let data: String = (0..len).map(|n| format!("{:02x}", 0x1F * n + 0xA)).collect();
                let text = format!("(1436509052.249713) vcan0 {id}#{data}");
                let quick = read(text.as_bytes());
                assert!(quick.is_some(), "{text}");
                assert_eq!(quick, careful(text.as_bytes()), "{text}");
            }
        }
    }

    #[test]
    fn every_digit_is_told_from_everything_else() {
        for byte in 0..=255_u8 {
            for place in 0..8 {
                let mut text = *b"01234567";
                text[place] = byte;
                let hex = hex_digits(u64::from_le_bytes(text)).is_some();
                assert_eq!(hex, byte.is_ascii_hexdigit(), "{byte:#x}");
                let decimal = decimal_digits(u64::from_le_bytes(text));
                assert_eq!(decimal.is_some(), byte.is_ascii_digit(), "{byte:#x}");
            }
        }
        assert_eq!(decimal_digits(u64::from_le_bytes(*b"98765432")), Some(98_765_432));
        assert_eq!(hex_digits(u64::from_le_bytes(*b"01aBcDeF")), Some(0xEFCD_AB01));
    }

    proptest! {
        /// The quick reader says what the careful one says, or nothing.
        #[test]
        fn quick_is_never_wrong(
            text in r"\([0-9]{9,11}\.[0-9:]{5,7}\)[ ]{1,2}(can0|b) [0-9A-Fa-fRg#]{0,26}( T)?",
        ) {
            if let Some(quick) = read(text.as_bytes()) {
                prop_assert_eq!(Some(quick), careful(text.as_bytes()));
            }
        }

        #[test]
        fn no_bytes_make_it_stumble(text: Vec<u8>) {
            let _ = read(&text);
        }
    }
}

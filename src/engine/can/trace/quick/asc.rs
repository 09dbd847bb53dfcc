//! The quick path for the line that nearly every ASC file is made of: a classic data frame with hex
//! numbers, from the left to the right in one go.

use crate::engine::can::frame::{CLASSIC_BYTES, Classic, Direction, Id};
use crate::engine::can::trace::asc::Header;
use crate::engine::can::trace::line::{Bus, Stamp};
use crate::engine::can::trace::scan::{byte, is_blank, nibble};

/// Most digits of the seconds: as many as the careful reader takes.
const WHOLE_DIGITS: usize = 10;
/// Most digits of a channel here.
const CHANNEL_DIGITS: usize = 3;

/// Reads `text` if it is such a line.
pub fn read(header: &Header, text: &[u8]) -> Option<(Stamp, Bus<'static>, Classic)> {
    if !header.is_hex() {
        return None;
    }
    let (seconds, rest) = digits(blanks(text), WHOLE_DIGITS)?;
    let (nanos, rest) = fraction(rest.strip_prefix(b".")?)?;
    let (channel, rest) = digits(some_blanks(rest)?, CHANNEL_DIGITS)?;
    let (id, rest) = id(some_blanks(rest)?)?;
    let (way, rest) = match some_blanks(rest)? {
        [b'R', b'x', rest @ ..] => (Direction::Received, rest),
        [b'T', b'x', rest @ ..] => (Direction::Sent, rest),
        _ => return None,
    };
    let rest = some_blanks(some_blanks(rest)?.strip_prefix(b"d")?)?;
    let (len @ b'0'..=b'8', rest) = rest.split_first()? else { return None };
    let len = usize::from(len - b'0');
    let mut bytes = [0; CLASSIC_BYTES];
    let (words, _) = rest.as_chunks::<3>();
    for (slot, [blank, high, low]) in bytes.iter_mut().zip(words.get(..len)?) {
        if *blank != b' ' {
            return None;
        }
        *slot = byte(*high, *low)?;
    }
    if rest.get(3 * len).is_some_and(|next| !is_blank(*next)) {
        return None;
    }
    let at = seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?;
    let channel = u32::try_from(channel).ok()?;
    // Channels count from one, buses from zero.
    let bus = Bus::Numbered(channel.saturating_sub(1));
    Some((header.stamp(at)?, bus, Classic { id, way, len, bytes }))
}

fn blanks(mut rest: &[u8]) -> &[u8] {
    while let [b' ', after @ ..] = rest {
        rest = after;
    }
    rest
}

fn some_blanks(rest: &[u8]) -> Option<&[u8]> {
    rest.strip_prefix(b" ").map(blanks)
}

/// One to `most` decimal digits, and what follows them.
fn digits(text: &[u8], most: usize) -> Option<(i64, &[u8])> {
    let mut value = 0;
    let mut rest = text;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        value = value * 10 + i64::from(digit - b'0');
        rest = after;
        if text.len() - rest.len() > most {
            return None;
        }
    }
    (rest.len() < text.len()).then_some((value, rest))
}

/// Six or nine digits of a second as nanoseconds, and what follows them.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let (value, rest) = digits(text, 9)?;
    match text.len() - rest.len() {
        6 => Some((value * 1000, rest)),
        9 => Some((value, rest)),
        _ => None,
    }
}

fn id(text: &[u8]) -> Option<(Id, &[u8])> {
    let mut raw = 0;
    let mut rest = text;
    while let [first, after @ ..] = rest
        && let Some(digit) = nibble(*first)
    {
        raw = raw << 4 | u32::from(digit);
        rest = after;
    }
    match (text.len() - rest.len(), rest) {
        (1..=8, [b'x', after @ ..]) => Some((Id::extended(raw)?, after)),
        (1..=8, _) => Some((Id::standard(raw)?, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::can::frame::{Frame, Kind};
    use crate::engine::can::trace::asc;
    use crate::engine::can::trace::line::Line;

    fn header(relative: &str) -> Header {
        let mut header = Header::default();
        let lines = format!("date Fri Feb 14 08:51:20 am 2020\nbase hex timestamps {relative}");
        lines.lines().for_each(|line| header.take(line.as_bytes()));
        header
    }

    /// Stamp, channel and frame as the quick and the careful reader see a line.
    fn both(header: &Header, text: &str) -> [Option<(Stamp, u32, Frame)>; 2] {
        let quick = read(header, text.as_bytes()).and_then(|(stamp, bus, classic)| {
            let Bus::Numbered(number) = bus else { return None };
            let frame = Frame::classic(classic.id, &classic.bytes[..classic.len]).unwrap();
            Some((stamp, number, frame.going(classic.way)))
        });
        let careful = match asc::read(header, text.as_bytes()) {
            Ok(Line::Frame(entry)) if entry.frame.kind() == Kind::Data => {
                let Bus::Numbered(number) = entry.bus else { return [quick, None] };
                Some((entry.stamp, number, entry.frame))
            }
            _ => None,
        };
        [quick, careful]
    }

    #[test]
    fn lines_of_every_length_are_read_quickly() {
        for relative in ["absolute", "relative"] {
            for len in 0..=8 {
                for id in ["7FF", "0", "18FF50E5x", "1x"] {
                    for end in ["", "\r", "  Length = 0 BitCount = 0 ID = 0"] {
                        let data: String = (0..len).map(|n| format!(" {:02X}", n * 31)).collect();
                        let text = format!("   1.000137 2  {id:<15} Tx   d {len}{data}{end}");
                        let [quick, careful] = both(&header(relative), &text);
                        assert!(quick.is_some(), "{text}");
                        assert_eq!(quick, careful, "{text}");
                    }
                }
            }
        }
    }

    proptest! {
        /// The quick reader says what the careful one says, or nothing.
        #[test]
        fn quick_is_never_wrong(
            text in r" {0,3}[0-9]{1,11}\.[0-9]{5,10} [0-9]{1,4} {1,2}[0-9A-F]{1,9}x?  (Rx|Tx|TxRq) d [0-9a]( [0-9A-F]{2}){0,9}[ \r]{0,1}[0-9]{0,3}",
        ) {
            let [quick, careful] = both(&header("absolute"), &text);
            if quick.is_some() {
                prop_assert_eq!(quick, careful);
            }
        }

        #[test]
        fn no_bytes_make_it_stumble(text: Vec<u8>) {
            let _ = read(&Header::default(), &text);
        }
    }
}

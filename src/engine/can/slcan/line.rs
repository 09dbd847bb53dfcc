//! The lines of the serial line protocol that Lawicel made and most cheap adapters speak: one letter,
//! hexadecimal digits, a carriage return. Text in, values out, and the other way round. Knows no port
//! and no order of things; any bytes at all are read without a word, and after a broken line the next
//! one is read again.

use crate::engine::can::frame::{CLASSIC_BYTES, FD_BYTES, Frame, FrameRef, Id, Kind};

/// Ends a line; alone it says that a command was carried out.
pub const RETURN: u8 = b'\r';
/// Says that a command was not carried out.
pub const BELL: u8 = 0x07;
/// Longest line that is read: a frame of 64 bytes with a long id and a time stamp takes 142.
pub const LONGEST: usize = 160;
/// Time stamps count milliseconds and start again at zero after so many.
pub const STAMP_WRAP: u16 = 60_000;

/// Bytes of an FD frame by its length code.
const FD_LENGTHS: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, FD_BYTES];

/// What an adapter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A frame from the bus, with the adapter's own time where it gives one.
    Frame(Frame, Option<u16>),
    /// The last command was carried out.
    Done,
    /// The last command was not.
    Refused,
    /// Its status flags.
    Flags(Flags),
    /// Its version, or a line that is nothing else.
    Text(String),
    /// Its serial number.
    Serial(String),
    /// Bytes that mean nothing.
    Broken,
}

/// The status flags of an adapter, cleared by being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// It has lost frames, because its queue was full or its controller was read too late.
    #[must_use]
    pub const fn lost(self) -> bool {
        self.0 & 0b0000_1001 != 0
    }

    /// Its controller has counted at least 96 errors.
    #[must_use]
    pub const fn warning(self) -> bool {
        self.0 & 0b0000_0100 != 0
    }

    /// Its controller has counted at least 128 errors.
    #[must_use]
    pub const fn passive(self) -> bool {
        self.0 & 0b0010_0000 != 0
    }

    /// Its controller has seen an error on the bus.
    #[must_use]
    pub const fn bus_error(self) -> bool {
        self.0 & 0b1000_0000 != 0
    }
}

/// Cuts a stream of bytes into what was said.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    /// The line has become too long to be one: what follows up to its end is left out.
    lost: bool,
}

impl Lines {
    /// Forgets a line that has begun.
    pub fn clear(&mut self) {
        self.line.clear();
        self.lost = false;
    }

    /// Takes in the next byte; says what ended with it.
    pub fn take(&mut self, byte: u8) -> Option<Said> {
        match byte {
            BELL => {
                self.clear();
                Some(Said::Refused)
            }
            RETURN => {
                let said = if self.lost { Said::Broken } else { read(&self.line) };
                self.clear();
                Some(said)
            }
            // Some firmware ends its lines as terminals do.
            b'\n' => None,
            _ if self.line.len() >= LONGEST => {
                self.lost = true;
                None
            }
            _ => {
                self.line.push(byte);
                None
            }
        }
    }
}

/// Reads a line without its end.
#[must_use]
pub fn read(line: &[u8]) -> Said {
    let Some((&first, rest)) = line.split_first() else { return Said::Done };
    match (first, rest) {
        // With automatic sending on, "sent" has its own letter.
        (b'z' | b'Z', []) => Said::Done,
        (b't' | b'T' | b'r' | b'R' | b'd' | b'D' | b'b' | b'B', _) => match frame(first, rest) {
            Some((frame, stamp)) => Said::Frame(frame, stamp),
            // A version may begin with any letter: this is none, a frame was cut or disturbed.
            None if rest.iter().all(u8::is_ascii_hexdigit) => Said::Broken,
            None => text(line),
        },
        (b'F', [high, low]) => match digit(*high).zip(digit(*low)) {
            Some((high, low)) => Said::Flags(Flags((high << 4 | low) as u8)),
            None => Said::Broken,
        },
        (b'N', rest) if rest.len() <= 8 && rest.iter().all(u8::is_ascii_alphanumeric) => {
            Said::Serial(String::from_utf8_lossy(rest).into_owned())
        }
        _ => text(line),
    }
}

fn text(line: &[u8]) -> Said {
    let fits = line.len() > 1 && line.iter().all(|byte| (b' '..=b'~').contains(byte));
    if fits { Said::Text(String::from_utf8_lossy(line).into_owned()) } else { Said::Broken }
}

fn frame(letter: u8, rest: &[u8]) -> Option<(Frame, Option<u16>)> {
    let digits = if letter.is_ascii_uppercase() { 8 } else { 3 };
    let id = number(rest.get(..digits)?)?;
    let id = if letter.is_ascii_uppercase() { Id::extended(id)? } else { Id::standard(id)? };
    let code = digit(*rest.get(digits)?)? as usize;
    let rest = rest.get(digits + 1..)?;
    let letter = letter.to_ascii_lowercase();
    let len = match letter {
        b't' | b'r' => Some(code).filter(|len| *len <= CLASSIC_BYTES)?,
        _ => *FD_LENGTHS.get(code)?,
    };
    let carried = if letter == b'r' { 0 } else { len };
    let mut bytes = [0; FD_BYTES];
    let payload = bytes.get_mut(..carried)?;
    let (text, stamp) = rest.split_at_checked(carried * 2)?;
    for (byte, pair) in payload.iter_mut().zip(text.chunks_exact(2)) {
        *byte = number(pair)? as u8;
    }
    let frame = match letter {
        b't' => Frame::classic(id, payload)?,
        b'r' => Frame::remote(id, len)?,
        b'd' => Frame::fd(id, payload)?,
        _ => Frame::fd(id, payload)?.with_bit_rate_switch(),
    };
    Some((frame, time(stamp)?))
}

/// No stamp, one of four digits, or what some firmware gives instead, which is left out.
fn time(stamp: &[u8]) -> Option<Option<u16>> {
    match stamp.len() {
        0 => Some(None),
        4 => {
            let ms = number(stamp)? as u16;
            (ms < STAMP_WRAP).then_some(Some(ms))
        }
        8 => number(stamp).map(|_| None),
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |sum, byte| Some(sum.checked_mul(16)? | digit(*byte)?))
}

const fn digit(byte: u8) -> Option<u32> {
    (byte as char).to_digit(16)
}

/// The line that sends `frame`, with its end; `None` for an error frame, which cannot be sent.
#[must_use]
pub fn write(frame: &FrameRef<'_>) -> Option<Vec<u8>> {
    use std::fmt::Write as _;
    let code = match frame.kind() {
        Kind::Data | Kind::Remote => frame.len(),
        Kind::Fd => FD_LENGTHS.iter().position(|len| *len == frame.len())?,
        Kind::Error => return None,
    };
    let letter = match (frame.kind(), frame.has_bit_rate_switch()) {
        (Kind::Data | Kind::Error, _) => 't',
        (Kind::Remote, _) => 'r',
        (Kind::Fd, false) => 'd',
        (Kind::Fd, true) => 'b',
    };
    let id = frame.id();
    let mut line = String::with_capacity(LONGEST);
    // Writing to a String cannot fail.
    let _ = if id.is_extended() {
        write!(line, "{}{:08X}{code:X}", letter.to_ascii_uppercase(), id.raw())
    } else {
        write!(line, "{letter}{:03X}{code:X}", id.raw())
    };
    for byte in frame.data {
        let _ = write!(line, "{byte:02X}");
    }
    line.push(char::from(RETURN));
    Some(line.into_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(text: &[u8]) -> Vec<Said> {
        let mut lines = Lines::default();
        text.iter().filter_map(|byte| lines.take(*byte)).collect()
    }

    fn classic(id: u32, bytes: &[u8]) -> Frame {
        Frame::classic(Id::standard(id).unwrap(), bytes).unwrap()
    }

    #[test]
    fn frames_of_every_kind_are_read() {
        let wide = Id::extended(0x18FF_50E5).unwrap();
        let cases: [(&[u8], Frame, Option<u16>); 7] = [
            (b"t1232AABB\r", classic(0x123, &[0xAA, 0xBB]), None),
            (b"t7FF0\r", classic(0x7FF, &[]), None),
            (b"t1231aa1F40\r", classic(0x123, &[0xAA]), Some(0x1F40)),
            (b"T18FF50E5101\r", Frame::classic(wide, &[1]).unwrap(), None),
            (b"r1238\r", Frame::remote(Id::standard(0x123).unwrap(), 8).unwrap(), None),
            (b"R18FF50E50EA5F\r", Frame::remote(wide, 0).unwrap(), Some(59_999)),
            (
                b"B18FF50E59000102030405060708090A0B\r",
                Frame::fd(wide, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
                    .unwrap()
                    .with_bit_rate_switch(),
                None,
            ),
        ];
        for (text, frame, stamp) in cases {
            assert_eq!(said(text), [Said::Frame(frame, stamp)], "{}", text.escape_ascii());
        }
    }

    #[test]
    fn answers_are_told_from_frames() {
        assert_eq!(said(b"\r"), [Said::Done]);
        assert_eq!(said(b"z\rZ\r"), [Said::Done, Said::Done]);
        assert_eq!(said(b"\x07"), [Said::Refused]);
        assert_eq!(said(b"V1013\r"), [Said::Text("V1013".into())]);
        assert_eq!(said(b"NA123\r"), [Said::Serial("A123".into())]);
        assert_eq!(said(b"b158aa7 github.com\r"), [Said::Text("b158aa7 github.com".into())]);
        let [Said::Flags(flags)] = said(b"FA4\r")[..] else { panic!() };
        assert!(flags.warning() && flags.passive() && flags.bus_error() && !flags.lost());
        assert!(Flags(0x08).lost() && Flags(0x01).lost() && !Flags(0x02).lost());
    }

    #[test]
    fn what_is_cut_or_disturbed_is_broken_and_the_next_line_is_read_again() {
        let broken: [&[u8]; 9] = [
            b"t12\r",
            b"t123\r",
            b"t1239112233445566778899\r",
            b"t1232AAB\r",
            b"t8000\r",
            b"T20000000011\r",
            b"t1231AAEA60\r",
            b"t1231AA1F4\r",
            b"FZZ\r",
        ];
        for text in broken {
            let next = [text, b"t1230\r"].concat();
            let told = [Said::Broken, Said::Frame(classic(0x123, &[]), None)];
            assert_eq!(said(&next), told, "{}", text.escape_ascii());
        }
        let endless = [vec![b't'; 100_000], b"\rt1230\r".to_vec()].concat();
        assert_eq!(said(&endless)[0], Said::Broken);
        assert_eq!(said(&endless).len(), 2);
        // A refusal in the midst of a line ends that line.
        assert_eq!(said(b"t123\x07t1230\r")[0], Said::Refused);
    }

    #[test]
    fn an_error_frame_has_no_line() {
        assert_eq!(write(&Frame::error(4, &[0; 8]).unwrap().view()), None);
    }

    proptest! {
        #[test]
        fn every_frame_reads_back_as_written(
            raw in 0..=Id::MAX_EXTENDED,
            extended: bool,
            kind in 0..4_u8,
            bytes in proptest::collection::vec(any::<u8>(), 0..=64),
        ) {
            let id = if extended { Id::extended(raw) } else { Id::standard(raw & 0x7FF) }.unwrap();
            let len = bytes.len().min(8);
            let fits = FD_LENGTHS.iter().rev().find(|fits| **fits <= bytes.len()).copied();
            let frame = match kind {
                0 => Frame::classic(id, &bytes[..len]),
                1 => Frame::remote(id, len),
                2 => Frame::fd(id, &bytes[..fits.unwrap()]),
                _ => Frame::fd(id, &bytes[..fits.unwrap()]).map(Frame::with_bit_rate_switch),
            };
            let frame = frame.unwrap();
            let line = write(&frame.view()).unwrap();
            prop_assert!(line.len() <= LONGEST);
            prop_assert_eq!(said(&line), [Said::Frame(frame, None)]);
        }

        #[test]
        fn any_bytes_are_read_and_a_whole_line_after_them_too(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let all = [&bytes[..], b"\rt1230\r"].concat();
            let told = said(&all);
            prop_assert_eq!(told.last(), Some(&Said::Frame(classic(0x123, &[]), None)));
        }
    }
}

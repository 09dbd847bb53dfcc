//! The log style of candump (`-l`, `-L`): `(1436509052.249713) vcan0 044#2A366C2BBA`. FD frames
//! have `##` and a digit of flags, remote frames `R` and an optional length, error frames the flag
//! 0x20000000 in an id of eight digits. Some writers add ` R` or ` T` for the direction, or `_` and
//! a digit for a length code above eight.

use crate::engine::can::frame::{CLASSIC_BYTES, Direction, FD_BYTES, Frame};
use crate::engine::can::trace::line::{self, Bus, Code, Entry, Fault, Line, Stamp};
use crate::engine::can::trace::scan::{self, Words};

/// Reads one line.
pub fn read(text: &[u8]) -> Result<Line<'_>, Fault> {
    let mut words = Words::new(text);
    let Some(time) = words.next() else { return Ok(Line::Nothing) };
    if matches!(time.first(), Some(b'#' | b';')) || text.starts_with(b"DROPCOUNT") {
        return Ok(Line::Nothing);
    }
    let time = time.strip_prefix(b"(").and_then(|t| t.strip_suffix(b")")).ok_or(Fault::Form)?;
    let at = scan::seconds(time).ok_or(Fault::Time)?;
    let bus = words.next().ok_or(Fault::Form)?;
    let content = words.next().ok_or(Fault::Form)?;
    let hash = memchr::memchr(b'#', content).ok_or(Fault::Form)?;
    let (id, rest) = content.split_at(hash);
    let frame = frame(line::code(id)?, rest.get(1..).unwrap_or_default())?;
    let way = match words.next() {
        None => Direction::Received,
        Some(word) => line::direction(word).ok_or(Fault::Form)?,
    };
    Ok(Line::Frame(Entry { stamp: Stamp::At(at), bus: Bus::Named(bus), frame: frame.going(way) }))
}

/// The frame of an id and what stands behind the first `#`.
fn frame(code: Code, rest: &[u8]) -> Result<Frame, Fault> {
    let id = match code {
        Code::Frame(id) => id,
        Code::Error(class) => {
            let mut bytes = [0; CLASSIC_BYTES];
            let len = scan::hex_bytes(rest, &mut bytes).ok_or(Fault::Data)?;
            let details = bytes.get(..len).ok_or(Fault::Length)?;
            return Frame::error(class, details).ok_or(Fault::Length);
        }
    };
    match rest {
        [b'R' | b'r'] => Frame::remote(id, 0).ok_or(Fault::Length),
        [b'R' | b'r', len, ..] => {
            let len = scan::nibble(*len).ok_or(Fault::Length)?;
            // A length code above 8 asks for 8 bytes.
            Frame::remote(id, usize::from(len).min(CLASSIC_BYTES)).ok_or(Fault::Length)
        }
        [b'#', flags, data @ ..] => {
            let flags = scan::nibble(*flags).ok_or(Fault::Data)?;
            let mut bytes = [0; FD_BYTES];
            let len = data_bytes(data, &mut bytes)?;
            let frame =
                Frame::fd(id, bytes.get(..len).ok_or(Fault::Length)?).ok_or(Fault::Length)?;
            Ok(line::with_flags(frame, flags))
        }
        data => {
            // A raw length code of 9 to 15 may follow the eight bytes: `#1122334455667788_B`.
            let data = match data {
                [bytes @ .., b'_', code] if bytes.len() == 16 && scan::nibble(*code) > Some(8) => {
                    bytes
                }
                all => all,
            };
            let mut bytes = [0; CLASSIC_BYTES];
            let len = data_bytes(data, &mut bytes)?;
            Frame::classic(id, bytes.get(..len).ok_or(Fault::Length)?).ok_or(Fault::Length)
        }
    }
}

/// Hex pairs, with or without dots between them.
fn data_bytes(digits: &[u8], into: &mut [u8]) -> Result<usize, Fault> {
    if digits.len() > into.len() * 3 {
        return Err(Fault::Length);
    }
    if let Some(len) = scan::hex_bytes(digits, into) {
        return Ok(len);
    }
    let mut len = 0;
    for pair in digits.strip_prefix(b".").unwrap_or(digits).split(|b| *b == b'.') {
        let room = into.get_mut(len..).ok_or(Fault::Length)?;
        len += scan::hex_bytes(pair, room).ok_or(Fault::Data)?;
    }
    Ok(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Mono;
    use crate::engine::can::frame::{Id, Kind};
    use crate::engine::can::trace::write::write_line;

    fn parsed(text: &str) -> Frame {
        match read(text.as_bytes()) {
            Ok(Line::Frame(entry)) => match entry.stamp {
                Stamp::At(ns) => entry.frame.at(Mono::from_nanos(ns)),
                other => panic!("{other:?}"),
            },
            Ok(_) => panic!("no frame: {text}"),
            Err(fault) => panic!("{fault}: {text}"),
        }
    }

    fn fault(text: &str) -> Fault {
        read(text.as_bytes()).err().unwrap()
    }

    #[test]
    fn every_kind_of_frame_is_read() {
        let f = parsed("(1436509052.249713) vcan0 044#2A366C2BBA");
        assert_eq!(f.time().nanos(), 1_436_509_052_249_713_000);
        assert_eq!(
            (f.id(), f.view().data),
            (Id::standard(0x44).unwrap(), &[0x2A, 0x36, 0x6C, 0x2B, 0xBA][..])
        );
        assert!(parsed("(1.0) can0 00000044#").id().is_extended());
        assert_eq!(parsed("(1.0) can0 080#").len(), 0);
        let fd = parsed("(1.0) can0 123##3001122334455667788990011");
        assert_eq!((fd.kind(), fd.len()), (Kind::Fd, 12));
        assert!(fd.has_bit_rate_switch() && fd.has_error_state_indicator());
        assert_eq!(parsed("(1.0) can0 123##0").kind(), Kind::Fd);
        let remote = parsed("(1.0) can0 123#R8");
        assert_eq!((remote.kind(), remote.len()), (Kind::Remote, 8));
        assert_eq!(parsed("(1.0) can0 123#R").len(), 0);
        let error = parsed("(1.0) can0 20000004#0008000000000000");
        assert_eq!((error.kind(), error.id().raw()), (Kind::Error, 4));
        assert_eq!(parsed("(1.0) can0 123#11.22.33").len(), 3);
        assert_eq!(parsed("(1.0) can0 123#1122334455667788_B").len(), 8);
        assert_eq!(parsed("(1.0)   can0 123#11 T\r").direction(), Direction::Sent);
        assert_eq!(parsed("(1.0)   can0 123#11 R").direction(), Direction::Received);
    }

    #[test]
    fn a_broken_line_says_what_is_wrong() {
        assert_eq!(fault("hello"), Fault::Form);
        assert_eq!(fault("(1.x) can0 123#11"), Fault::Time);
        assert_eq!(fault("(1.0) can0 800#11"), Fault::Id);
        assert_eq!(fault("(1.0) can0 FFFFFFFF#11"), Fault::Id);
        assert_eq!(fault("(1.0) can0 123#1"), Fault::Data);
        assert_eq!(fault("(1.0) can0 123#112233445566778899"), Fault::Data);
        assert_eq!(fault("(1.0) can0 123##0112233445566778899"), Fault::Length);
        assert_eq!(fault("(1.0) can0 123"), Fault::Form);
        assert_eq!(fault("(1.0) can0"), Fault::Form);
    }

    #[test]
    fn what_is_written_reads_back() {
        let at = Mono::from_nanos(1_436_509_052_249_713_001);
        let id = Id::standard(0x44).unwrap();
        let wide = Id::extended(0x44).unwrap();
        let frames = [
            Frame::classic(id, &[1, 2, 3]).unwrap(),
            Frame::classic(wide, &[]).unwrap().going(Direction::Sent),
            Frame::remote(id, 5).unwrap(),
            Frame::error(0x88, &[0, 1, 2, 3, 4, 5, 6, 7]).unwrap(),
            Frame::fd(wide, &[7; 64]).unwrap().with_bit_rate_switch(),
        ];
        for frame in frames {
            let frame = frame.at(at);
            let mut text = Vec::new();
            write_line(&mut text, "can0", frame.view()).unwrap();
            let text = String::from_utf8(text).unwrap();
            assert_eq!(parsed(text.trim_end()), frame, "{text}");
        }
    }
}

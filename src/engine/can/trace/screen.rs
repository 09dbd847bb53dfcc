//! What candump prints on the screen:
//! ` (1436509052.249713)  can0  RX - -  123   [8]  11 22 33 44 55 66 77 88   '."3DUfw.'`.
//! With or without a time (`-ta`, `-tA`, `-td`, `-tz`), message details (`-x`), an ASCII column
//! (`-a`), binary digits (`-i`), swapped bytes (`-S`), colours (`-c`), error details (`-e`). A
//! length of two digits marks an FD frame.

use crate::engine::can::frame::{CLASSIC_BYTES, Direction, FD_BYTES, Frame};
use crate::engine::can::trace::line::{self, Bus, Code, Entry, Fault, Line, Stamp};
use crate::engine::can::trace::scan::{self, Words};

/// Reads one line.
pub fn read(text: &[u8]) -> Result<Line<'_>, Fault> {
    let body = scan::trim(text);
    if body.is_empty() || matches!(body.first(), Some(b'#' | b';')) {
        return Ok(Line::Nothing);
    }
    if text.starts_with(b"DROPCOUNT") {
        return Ok(Line::Nothing);
    }
    match frame_line(body) {
        // The words of `-e` stand on lines of their own behind a tab.
        Err(_) if text.starts_with(b"\t") => Ok(Line::Nothing),
        other => other,
    }
}

fn frame_line(body: &[u8]) -> Result<Line<'_>, Fault> {
    let (stamp, rest) = time(without_colour(body))?;
    let mut words = Words::new(rest).map(plain).filter(|word| !word.is_empty()).peekable();
    let bus = words.next().ok_or(Fault::Form)?;
    let mut way = Direction::Received;
    let mut marks = [b'-'; 2];
    if let Some(found) = words.peek().and_then(|word| line::direction(word)) {
        way = found;
        words.next();
        for mark in &mut marks {
            *mark = *words.next().and_then(|word| word.first()).ok_or(Fault::Form)?;
        }
    }
    let code = line::code(words.next().ok_or(Fault::Form)?)?;
    let (len, fd) = length(words.next().ok_or(Fault::Form)?)?;
    let mut frame = frame(code, len, fd, words)?;
    if marks.contains(&b'B') {
        frame = frame.with_bit_rate_switch();
    }
    if marks.contains(&b'E') {
        frame = frame.with_error_state_indicator();
    }
    Ok(Line::Frame(Entry { stamp, bus: Bus::Named(bus), frame: frame.going(way) }))
}

/// The time in parentheses, where there is one, and what follows.
fn time(body: &[u8]) -> Result<(Stamp, &[u8]), Fault> {
    let Some(inner) = body.strip_prefix(b"(") else { return Ok((Stamp::Unsaid, body)) };
    let close = memchr::memchr(b')', inner).ok_or(Fault::Time)?;
    let (time, rest) = inner.split_at(close);
    let stamp = match scan::seconds(time) {
        Some(ns) => Stamp::At(ns),
        None => Stamp::Local(scan::date_time(time).ok_or(Fault::Time)?),
    };
    Ok((stamp, rest.get(1..).unwrap_or_default()))
}

/// Whether the frame is classic or FD, as the length in brackets tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Classic,
    Fd,
}

/// `[8]` is classic, `[08]` FD; `{F}` is a raw length code above eight of a classic frame.
fn length(word: &[u8]) -> Result<(usize, Family), Fault> {
    match word {
        [b'[', digit @ b'0'..=b'8', b']'] => Ok((usize::from(digit - b'0'), Family::Classic)),
        [b'[', tens @ b'0'..=b'6', ones @ b'0'..=b'9', b']'] => {
            Ok((usize::from((tens - b'0') * 10 + (ones - b'0')), Family::Fd))
        }
        [b'{', code, b'}'] if scan::nibble(*code) > Some(8) => Ok((CLASSIC_BYTES, Family::Classic)),
        _ => Err(Fault::Length),
    }
}

fn frame<'a>(
    code: Code,
    len: usize,
    family: Family,
    mut words: impl Iterator<Item = &'a [u8]>,
) -> Result<Frame, Fault> {
    let mut bytes = [0; FD_BYTES];
    let room = bytes.get_mut(..len).ok_or(Fault::Length)?;
    if len > 0 {
        let first = words.next().ok_or(Fault::Data)?;
        if first == b"remote" {
            return remote(code, len);
        }
        data(first, words, room)?;
    } else if words.next() == Some(b"remote") {
        return remote(code, 0);
    }
    let frame = match (code, family) {
        (Code::Error(class), _) => Frame::error(class, room),
        (Code::Frame(id), Family::Classic) => Frame::classic(id, room),
        (Code::Frame(id), Family::Fd) => Frame::fd(id, room),
    };
    frame.ok_or(Fault::Length)
}

fn remote(code: Code, len: usize) -> Result<Frame, Fault> {
    match code {
        Code::Frame(id) => Frame::remote(id, len).ok_or(Fault::Length),
        Code::Error(_) => Err(Fault::Form),
    }
}

/// Fills `room` from words of one byte each, or from one word of swapped bytes.
fn data<'a>(
    first: &'a [u8],
    words: impl Iterator<Item = &'a [u8]>,
    room: &mut [u8],
) -> Result<(), Fault> {
    if memchr::memchr(b'`', first).is_some() {
        let mut parts = first.split(|b| *b == b'`');
        for slot in room.iter_mut().rev() {
            *slot = parts.next().and_then(one_byte).ok_or(Fault::Data)?;
        }
        return if parts.next().is_none() { Ok(()) } else { Err(Fault::Length) };
    }
    let mut all = std::iter::once(first).chain(words);
    for slot in room {
        *slot = all.next().and_then(one_byte).ok_or(Fault::Data)?;
    }
    Ok(())
}

/// Two hex or eight binary digits.
fn one_byte(word: &[u8]) -> Option<u8> {
    match word {
        [high, low] => scan::byte(*high, *low),
        bits if bits.len() == 8 => bits.iter().try_fold(0_u8, |value, bit| match bit {
            b'0' => Some(value << 1),
            b'1' => Some(value << 1 | 1),
            _ => None,
        }),
        _ => None,
    }
}

/// Without colour codes in front.
fn without_colour(mut word: &[u8]) -> &[u8] {
    while let Some(code) = word.strip_prefix(b"\x1B[") {
        let end = code.iter().position(u8::is_ascii_alphabetic).map_or(code.len(), |at| at + 1);
        word = scan::trim_start(code.get(end..).unwrap_or_default());
    }
    word
}

/// Without colour codes in front and behind.
fn plain(word: &[u8]) -> &[u8] {
    let word = without_colour(word);
    let end = memchr::memchr(0x1B, word).unwrap_or(word.len());
    word.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::frame::{Id, Kind};

    fn entry(text: &str) -> (Stamp, Frame) {
        match read(text.as_bytes()) {
            Ok(Line::Frame(Entry { stamp, frame, .. })) => (stamp, frame),
            Ok(_) => panic!("no frame: {text}"),
            Err(fault) => panic!("{fault}: {text}"),
        }
    }

    fn frame(text: &str) -> Frame {
        entry(text).1
    }

    #[test]
    fn times_come_in_every_style_of_candump() {
        let time = |front: &str| entry(&format!("{front}  can0  123   [2]  11 22")).0;
        assert_eq!(time(" (1436509052.249713)"), Stamp::At(1_436_509_052_249_713_000));
        assert_eq!(time(" (000.010000)"), Stamp::At(10_000_000));
        assert_eq!(time(""), Stamp::Unsaid);
        let dated = time(" (2015-07-10 06:17:32.249713)");
        assert_eq!(dated, Stamp::Local(1_436_509_052_249_713_000));
    }

    #[test]
    fn every_kind_of_frame_on_the_screen_is_read() {
        let f = frame("  can0  123   [8]  11 22 33 44 55 66 77 88   '.\"3DUfw.'");
        assert_eq!(f.view().data, [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
        assert_eq!((f.id(), f.kind()), (Id::standard(0x123).unwrap(), Kind::Data));
        assert!(frame("  can0  00000123   [0] ").id().is_extended());
        assert_eq!(frame("  can0  123   [0] ").len(), 0);
        let fd = frame("  can0  TX B E       123  [08]  11 22 33 44 55 66 77 88");
        assert_eq!((fd.kind(), fd.direction()), (Kind::Fd, Direction::Sent));
        assert!(fd.has_bit_rate_switch() && fd.has_error_state_indicator());
        let remote = frame("  can0  123   [4]  remote request");
        assert_eq!((remote.kind(), remote.len()), (Kind::Remote, 4));
        assert_eq!(frame("  can0  123   [0]  remote request").kind(), Kind::Remote);
        let error = frame("  can0  20000004   [8]  00 08 00 00 00 00 00 00   ERRORFRAME");
        assert_eq!((error.kind(), error.id().raw()), (Kind::Error, 4));
        assert_eq!(frame("  can0  123   [3]  33`22`11   `3\".`").view().data, [0x11, 0x22, 0x33]);
        assert_eq!(frame("  can0  123   [1]  00010001").view().data, [0x11]);
        let coloured = frame(" \x1B[31m(000.1) \x1B[32m can0\x1B[0m  123   [1]  11\x1B[0m");
        assert_eq!(coloured.view().data, [0x11]);
    }

    #[test]
    fn details_of_an_error_are_no_broken_line() {
        assert!(matches!(read(b"\tcontroller-problem{rx-overflow}"), Ok(Line::Nothing)));
        assert!(matches!(read(b"DROPCOUNT: dropped 3 CAN frames on 'can0'"), Ok(Line::Nothing)));
        assert!(matches!(read(b"  "), Ok(Line::Nothing)));
    }

    #[test]
    fn a_cut_line_on_the_screen_is_broken() {
        let fault = |text: &str| read(text.as_bytes()).err();
        assert_eq!(fault("  can0  123   [8]  11 22 33"), Some(Fault::Data));
        assert_eq!(fault("  can0  123   [9]  11 22 33"), Some(Fault::Length));
        assert_eq!(fault("  can0  123   [09]  11 22 33 44 55 66 77 88 99"), Some(Fault::Length));
        assert_eq!(fault("  can0  8FF   [0]"), Some(Fault::Id));
        assert_eq!(fault("  can0"), Some(Fault::Form));
        assert_eq!(fault("(nonsense) can0  123   [0]"), Some(Fault::Time));
    }
}

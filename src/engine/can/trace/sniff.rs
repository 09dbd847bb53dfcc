//! Finding out what a recording is from its content: the first lines are offered to every format,
//! and the one that understands most of them is it.

use crate::engine::can::trace::format::{Dialect, LogFormat};
use crate::engine::can::trace::line::{Line, Stamp};
use crate::engine::can::trace::scan;
use crate::engine::can::trace::times::TimeStyle;

/// How much of the front of a file is looked at, bytes.
pub const HEAD_BYTES: usize = 1024 * 1024;
/// Frames of one format that settle the matter.
const ENOUGH: usize = 256;

/// What the front of a file is.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A recording.
    Log(LogFormat, Dialect, TimeStyle),
    /// A recording that is no text.
    Blocks(LogFormat),
    /// Text in two bytes a character.
    Wide,
    /// No text.
    Binary,
    /// Text, but no recording; the first line that says something, and its number.
    Text(usize, String),
    /// Nothing but blanks.
    Blank,
}

/// Looks at the front of a file.
pub fn look(head: &[u8]) -> Verdict {
    if let Some(format) = blocks(head) {
        return Verdict::Blocks(format);
    }
    let mut stamps: Vec<Vec<Stamp>> = LogFormat::TEXT.iter().map(|_| Vec::new()).collect();
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let dialect = Dialect::of(text);
    for text in text.split(|b| *b == b'\n') {
        for (format, stamps) in LogFormat::TEXT.iter().zip(&mut stamps) {
            if let Ok(Line::Frame(entry)) = format.read(&dialect, text) {
                stamps.push(entry.stamp);
            }
        }
        if stamps.iter().any(|s| s.len() >= ENOUGH) {
            break;
        }
    }
    // The first of those that understood most.
    let best = LogFormat::TEXT.iter().zip(&stamps).rev().max_by_key(|(_, stamps)| stamps.len());
    match best {
        Some((format, stamps)) if !stamps.is_empty() => {
            let style = TimeStyle::judge(stamps, format.delta_times(&dialect));
            Verdict::Log(*format, dialect, style)
        }
        _ => other(head),
    }
}

/// Binary recordings are known by their first bytes.
fn blocks(head: &[u8]) -> Option<LogFormat> {
    let marks: [(&[u8], LogFormat); 8] = [
        (b"MDF     ", LogFormat::Mf4),
        (b"UnFinMF ", LogFormat::Mf4),
        (b"LOGG", LogFormat::Blf),
        (b"\x0A\x0D\x0D\x0A", LogFormat::Pcapng),
        (b"\xD4\xC3\xB2\xA1", LogFormat::Pcap),
        (b"\xA1\xB2\xC3\xD4", LogFormat::Pcap),
        (b"\x4D\x3C\xB2\xA1", LogFormat::Pcap),
        (b"\xA1\xB2\x3C\x4D", LogFormat::Pcap),
    ];
    marks.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, format)| *format)
}

fn other(head: &[u8]) -> Verdict {
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return Verdict::Wide;
    }
    if memchr::memchr(0, head).is_some() {
        return Verdict::Binary;
    }
    let mut lines = head.split(|b| *b == b'\n').map(scan::trim).enumerate();
    let Some((place, first)) = lines.find(|(_, line)| !line.is_empty()) else {
        return Verdict::Blank;
    };
    Verdict::Text(place + 1, excerpt(first))
}

/// The front of a line, fit to be shown.
pub fn excerpt(line: &[u8]) -> String {
    const SHOWN: usize = 60;
    let line = scan::trim(line);
    let text = String::from_utf8_lossy(line.get(..4 * SHOWN).unwrap_or(line));
    let mut shown: String =
        text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}

//! From bytes to text: UTF-8 with or without a mark, UTF-16 with a mark, else Windows-1252, which
//! is what the tools that write DBC files use.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How the bytes of a file stand for its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Nothing but ASCII, so that the file does not say.
    #[default]
    Ascii,
    /// UTF-8.
    Utf8,
    /// UTF-8 with its mark.
    Utf8Marked,
    /// UTF-16 with its mark, the low byte first.
    Utf16Le,
    /// UTF-16 with its mark, the high byte first.
    Utf16Be,
    /// A byte per character, because the file is not valid UTF-8.
    Windows1252,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// A line feed.
    #[default]
    Unix,
    /// A carriage return and a line feed.
    Dos,
}

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// How bytes stand for text.
    pub encoding: Encoding,
    /// What ends a line.
    pub line_end: LineEnd,
}

/// The text of a file and how it was read. Never fails.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => match single(rest) {
            (text, Encoding::Windows1252) => (text, Encoding::Windows1252),
            (text, _) => (text, Encoding::Utf8Marked),
        },
        [0xFF, 0xFE, rest @ ..] => {
            (UTF_16LE.decode_without_bom_handling(rest).0, Encoding::Utf16Le)
        }
        [0xFE, 0xFF, rest @ ..] => {
            (UTF_16BE.decode_without_bom_handling(rest).0, Encoding::Utf16Be)
        }
        all => single(all),
    }
}

fn single(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => (Cow::Borrowed(text), Encoding::Ascii),
        Ok(text) => (Cow::Borrowed(text), Encoding::Utf8),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0, Encoding::Windows1252),
    }
}

/// What ends the first line.
pub(super) fn line_end(text: &str) -> LineEnd {
    match text.find('\n').and_then(|at| text.get(..at)) {
        Some(line) if line.ends_with('\r') => LineEnd::Dos,
        Some(_) | None => LineEnd::Unix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_sign_is_read_in_every_encoding() {
        assert_eq!(decode("°C".as_bytes()), ("°C".into(), Encoding::Utf8));
        assert_eq!(decode(b"\xEF\xBB\xBF\xC2\xB0C"), ("°C".into(), Encoding::Utf8Marked));
        assert_eq!(decode(b"\xB0C"), ("°C".into(), Encoding::Windows1252));
        assert_eq!(decode(b"\xFF\xFE\xB0\0C\0"), ("°C".into(), Encoding::Utf16Le));
        assert_eq!(decode(b"\xFE\xFF\0\xB0\0C"), ("°C".into(), Encoding::Utf16Be));
    }
}

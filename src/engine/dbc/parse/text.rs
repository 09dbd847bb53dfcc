//! From bytes to text: UTF-8 with or without a mark, UTF-16 with a mark, else Windows-1252, which
//! is what the tools that write DBC files use.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How the bytes of a file were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8, nothing was changed.
    Utf8,
    /// UTF-16 with its mark.
    Utf16,
    /// A byte per character, because the file is not valid UTF-8.
    Windows1252,
}

/// The text of a file and how it was read. Never fails.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => single(rest),
        [0xFF, 0xFE, rest @ ..] => (UTF_16LE.decode_without_bom_handling(rest).0, Encoding::Utf16),
        [0xFE, 0xFF, rest @ ..] => (UTF_16BE.decode_without_bom_handling(rest).0, Encoding::Utf16),
        all => single(all),
    }
}

fn single(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), Encoding::Utf8),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0, Encoding::Windows1252),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_sign_is_read_in_every_encoding() {
        assert_eq!(decode("°C".as_bytes()), ("°C".into(), Encoding::Utf8));
        assert_eq!(decode(b"\xEF\xBB\xBF\xC2\xB0C"), ("°C".into(), Encoding::Utf8));
        assert_eq!(decode(b"\xB0C"), ("°C".into(), Encoding::Windows1252));
        assert_eq!(decode(b"\xFF\xFE\xB0\0C\0"), ("°C".into(), Encoding::Utf16));
        assert_eq!(decode(b"\xFE\xFF\0\xB0\0C"), ("°C".into(), Encoding::Utf16));
    }
}

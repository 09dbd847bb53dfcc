//! Numbers, quoted texts and encodings as a DBC file has them.

use encoding_rs::WINDOWS_1252;

use super::{Encoding, WriteError};
use crate::engine::dbc::parse::starts_statement;

/// A number so that reading it gives the same one; very large and very small ones with an exponent.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e16).contains(&size) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// A text in quotes. The format knows one escape, that of a quote: a text that ends with a backslash
/// gets a blank, and a line that reads as a statement is joined to the one before.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push(if starts_statement(line) { ' ' } else { '\n' });
        }
        out.push_str(&line.replace('"', "\\\""));
    }
    if text.ends_with('\\') {
        out.push(' ');
    }
    out.push('"');
    out
}

/// The bytes of a text. A file of ASCII alone that gets other characters is written as
/// Windows-1252, which is what the format's own tools expect, where it has them all.
pub(super) fn encode(text: &str, encoding: Encoding) -> Result<Vec<u8>, WriteError> {
    Ok(match encoding {
        Encoding::Ascii if text.is_ascii() => text.as_bytes().to_vec(),
        Encoding::Ascii => match single(text) {
            // Bytes that happen to be valid UTF-8 would be read as that.
            Ok(bytes) if std::str::from_utf8(&bytes).is_err() => bytes,
            Ok(_) | Err(_) => text.as_bytes().to_vec(),
        },
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf8Marked => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        Encoding::Utf16Le => wide(text, u16::to_le_bytes),
        Encoding::Utf16Be => wide(text, u16::to_be_bytes),
        Encoding::Windows1252 => match single(text)? {
            bytes if text.is_ascii() || std::str::from_utf8(&bytes).is_err() => bytes,
            _ => text.as_bytes().to_vec(),
        },
    })
}

fn single(text: &str) -> Result<Vec<u8>, WriteError> {
    let (bytes, _, lacks) = WINDOWS_1252.encode(text);
    if !lacks {
        return Ok(bytes.into_owned());
    }
    let mut one = [0; 4];
    let missing = text.chars().find(|c| WINDOWS_1252.encode(c.encode_utf8(&mut one)).2);
    Err(WriteError::Character(missing.unwrap_or_default()))
}

fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_read_back_as_they_were() {
        for (value, text) in
            [(0.1, "0.1"), (-40.0, "-40"), (0.0, "0"), (1e-9, "1e-9"), (1.5e300, "1.5e300")]
        {
            assert_eq!(number(value), text);
            assert_eq!(text.parse(), Ok(value));
        }
    }

    #[test]
    fn a_text_keeps_its_quotes_and_lines_and_never_hides_its_end() {
        assert_eq!(quoted("say \"on\"\nnow"), "\"say \\\"on\\\"\nnow\"");
        assert_eq!(quoted("C:\\"), "\"C:\\ \"");
        assert_eq!(quoted("a\nBO_ 1 b"), "\"a BO_ 1 b\"");
    }

    #[test]
    fn every_encoding_is_written_as_it_is_read() {
        for (encoding, bytes) in [
            (Encoding::Utf8, &b"\xC2\xB0C"[..]),
            (Encoding::Utf8Marked, b"\xEF\xBB\xBF\xC2\xB0C"),
            (Encoding::Windows1252, b"\xB0C"),
            (Encoding::Ascii, b"\xB0C"),
            (Encoding::Utf16Le, b"\xFF\xFE\xB0\0C\0"),
            (Encoding::Utf16Be, b"\xFE\xFF\0\xB0\0C"),
        ] {
            assert_eq!(encode("°C", encoding).as_deref(), Ok(bytes), "{encoding:?}");
        }
        assert_eq!(encode("Ω", Encoding::Windows1252), Err(WriteError::Character('Ω')));
        assert_eq!(encode("Ω", Encoding::Ascii).as_deref(), Ok("Ω".as_bytes()));
    }
}

//! `[recognise]` of a device folder: by what a device of the kind gives itself away on a bus. Plain
//! data; what is made of it is a matter of `engine::discovery`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::manifest::covers;

/// Most signs a folder may name.
pub const SIGN_LIMIT: usize = 64;
/// Most points one sign may count.
pub const POINT_LIMIT: u8 = 60;

/// By what a kind is recognised.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recognition {
    /// Names of the messages that every sound device of the kind sends; a `*` stands for anything.
    /// Left out: all that have a rate.
    pub expects: Vec<String>,
    /// Where it says its serial number.
    pub serial: Option<Place>,
    /// Where it says its firmware.
    pub firmware: Option<Place>,
    /// What is in the bytes of a device of this kind and hardly in those of another.
    #[serde(rename = "sign")]
    pub signs: Vec<Sign>,
}

impl Recognition {
    /// Whether every sound device of the kind sends this message, which has a rate.
    #[must_use]
    pub fn is_expected(&self, message: &str) -> bool {
        self.expects.is_empty() || self.expects.iter().any(|pattern| covers(pattern, message))
    }
}

/// A signal of a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Name of the message.
    pub message: String,
    /// Name of the signal.
    pub signal: String,
}

/// Something in a message that speaks for the kind; what contradicts it speaks against it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// Name of the message.
    pub message: String,
    /// What it counts, of 100.
    pub points: u8,
    /// Without one of the signs of this grade a device is not of this kind.
    #[serde(default)]
    pub grade: Grade,
    /// Bytes from the first on, such as "00 10 00 ..": one pattern of these has to fit.
    #[serde(default)]
    pub bytes: Vec<Pattern>,
    /// Signals and what they can be.
    #[serde(default, rename = "where")]
    pub ranges: Vec<SignRange>,
    /// What it means when it is there, as the end of a sentence that begins with the device: "says
    /// in its heartbeat that it is a D1000 Gen 1 BMU".
    pub says: String,
    /// Settings of the component that follow from it, as one would type them.
    #[serde(default)]
    pub sets: BTreeMap<String, String>,
}

/// What a sign is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// It speaks for the kind, and against it where it is contradicted.
    #[default]
    Usual,
    /// A device of the kind has one of these; without any it is none.
    Needed,
    /// It speaks for the kind or for a dialect of it; that it is not so says nothing.
    Bonus,
}

/// What a signal can be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignRange {
    /// Name of the signal.
    pub signal: String,
    /// Least physical value.
    pub least: f64,
    /// Greatest physical value.
    pub most: f64,
}

/// What bytes can be, from the first on: `1F` is that byte, `00-1F` one of these, `..` any.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    ranges: Vec<(u8, u8)>,
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let byte = |digits: &str| match digits.len() {
            // The number is read by itself: a sign before it would pass for a digit.
            2 if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                u8::from_str_radix(digits, 16).ok()
            }
            _ => None,
        };
        let range = |word: &str| {
            let ends = match word.split_once('-') {
                _ if word == ".." => Some((0, 0xFF)),
                None => byte(word).map(|only| (only, only)),
                Some((least, most)) => byte(least).zip(byte(most)),
            };
            ends.filter(|(least, most)| least <= most).ok_or_else(|| {
                format!("{word:?} in the bytes {text:?} is none of 1F, 00-1F and ..")
            })
        };
        let ranges: Vec<(u8, u8)> = text.split_whitespace().map(range).collect::<Result<_, _>>()?;
        if ranges.is_empty() || ranges.len() > 64 {
            return Err(format!("the bytes {text:?} are none: 1 to 64 can be named"));
        }
        Ok(Self { ranges })
    }
}

impl Pattern {
    /// Whether these bytes are so; bytes that are not there are not.
    #[must_use]
    pub fn fits(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.ranges.len()
            && self
                .ranges
                .iter()
                .zip(bytes)
                .all(|((least, most), byte)| (least..=most).contains(&byte))
    }

    /// How many bytes it speaks of.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Never: a pattern without a byte is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Result<Pattern, String> {
        Pattern::try_from(text.to_owned())
    }

    #[test]
    fn a_pattern_fits_bytes_ranges_and_anything() {
        let heartbeat = pattern("00 10-1F ..").unwrap();
        assert!(heartbeat.fits(&[0, 0x10, 0xFF, 7]));
        assert!(heartbeat.fits(&[0, 0x1F, 0]));
        assert!(!heartbeat.fits(&[0, 0x20, 0]), "beyond the range");
        assert!(!heartbeat.fits(&[0, 0x10]), "a byte is missing");
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        for (text, word) in
            [("0", "\"0\""), ("1F-00", "1F-00"), ("+1", "+1"), ("", "none"), ("00 zz", "zz")]
        {
            let said = pattern(text).unwrap_err();
            assert!(said.contains(word), "{text:?}: {said}");
        }
    }
}

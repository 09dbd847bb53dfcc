//! Numbers of a filter: ids, runs, patterns of bytes, quantities with units, times. Each takes a word
//! and gives a value, or a sentence that says what is wrong with the word.

use super::expr::{Ids, MaskedByte, Quantity, Seconds, Stretch};
use crate::engine::can::frame::{FD_BYTES, Id};

/// What is wrong, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub text: String,
    pub instead: Option<String>,
}

impl Wrong {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), instead: None }
    }
}

/// How a whole number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// In decimal digits.
    Ten,
    /// In hexadecimal digits, with or without `0x`.
    Sixteen,
}

/// What whole numbers a term takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub base: Base,
    pub last: u64,
    /// "length", for sentences.
    pub noun: &'static str,
}

fn without_prefix(text: &str) -> &str {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text)
}

/// A whole number.
pub(super) fn whole(text: &str, limits: Limits) -> Result<u64, Wrong> {
    let Limits { base, last, noun } = limits;
    let (digits, radix, kind) = match base {
        Base::Ten => (text, 10, "whole"),
        Base::Sixteen => (without_prefix(text), 16, "hexadecimal"),
    };
    let sound = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    let number = if sound { u64::from_str_radix(digits, radix).ok() } else { None };
    match number {
        Some(number) if number <= last => Ok(number),
        Some(_) => Err(too_large(text, limits)),
        None if sound => Err(too_large(text, limits)),
        None => Err(Wrong::new(format!("`{text}` is no {kind} number for a {noun}."))),
    }
}

fn too_large(text: &str, limits: Limits) -> Wrong {
    let Limits { base, last, noun } = limits;
    match base {
        Base::Ten => Wrong::new(format!("{text} is no {noun}: the largest is {last}.")),
        Base::Sixteen => {
            let said =
                format!("0x{} is no {noun}: the largest is 0x{last:X}.", without_prefix(text));
            // People also write these numbers in decimal.
            let decimal = text.parse().ok().filter(|number: &u64| *number <= last);
            let instead = decimal.map(|number| format!("{number:X}"));
            Wrong { text: said, instead }
        }
    }
}

/// One number, or a run of them: `4`, `4..8`, `4..`, `..8`.
pub(super) fn stretch(text: &str, limits: Limits) -> Result<Stretch, Wrong> {
    let Some((from, to)) = text.split_once("..") else {
        let number = whole(text, limits)?;
        return Ok(Stretch { from: number, to: number });
    };
    if from.is_empty() && to.is_empty() {
        return Err(Wrong::new("A range needs a number at one of its ends."));
    }
    let from = if from.is_empty() { 0 } else { whole(from, limits)? };
    let to = if to.is_empty() { limits.last } else { whole(to, limits)? };
    ordered(from, to)
}

fn ordered(from: u64, to: u64) -> Result<Stretch, Wrong> {
    if from > to {
        return Err(Wrong::new("The end of this range is below its beginning."));
    }
    Ok(Stretch { from, to })
}

/// Ids: a number, a run, a number with a mask, `std` or `ext`. Written with eight digits a number
/// is an id of 29 bits.
pub(super) fn ids(text: &str) -> Result<Ids, Wrong> {
    let limits = Limits { base: Base::Sixteen, last: Id::MAX_EXTENDED.into(), noun: "CAN id" };
    match text.to_ascii_lowercase().as_str() {
        "std" | "standard" => return Ok(Ids::AllStandard),
        "ext" | "extended" => return Ok(Ids::AllExtended),
        _ => {}
    }
    if let Some((value, mask)) = text.split_once('/') {
        let value = whole(value, limits)?;
        let mask = whole(mask, Limits { noun: "mask of a CAN id", ..limits })?;
        return Ok(Ids::Masked { value: value as u32, mask: mask as u32 });
    }
    let first = text.split("..").next().unwrap_or_default();
    let run = stretch(text, limits)?;
    let long = without_prefix(first).len() >= 8 || run.from > u64::from(Id::MAX_STANDARD);
    Ok(if long { Ids::Extended(run) } else { Ids::Run(run) })
}

/// Bytes as hexadecimal digits, `?` for any digit; spaces between them do not count.
pub(super) fn bytes(text: &str) -> Result<Vec<MaskedByte>, Wrong> {
    let compact: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let digits = match compact.as_slice() {
        ['0', 'x' | 'X', rest @ ..] => rest,
        all => all,
    };
    if digits.is_empty() {
        return Err(Wrong::new("There are no bytes here; write them like `12??34`."));
    }
    if let Some(letter) = digits.iter().find(|l| **l != '?' && !l.is_ascii_hexdigit()) {
        return Err(Wrong::new(format!(
            "`{letter}` is no hexadecimal digit; write bytes like `12??34`."
        )));
    }
    // A single digit is a whole byte, as in b3=7.
    let padded: Vec<char> = match digits {
        [one] if *one != '?' => vec!['0', *one],
        all => all.to_vec(),
    };
    if padded.len() % 2 == 1 {
        return Err(Wrong::new("There is half a byte at the end: a byte has two digits."));
    }
    if padded.len() / 2 > FD_BYTES {
        return Err(Wrong::new(format!("A frame has at most {FD_BYTES} bytes.")));
    }
    let half = |digit: char| match digit.to_digit(16) {
        Some(value) => (value as u8, 0xF),
        None => (0, 0),
    };
    let byte = |pair: &[char]| {
        let (high, low) = (pair.first().copied().map(half), pair.get(1).copied().map(half));
        let ((high, above), (low, below)) = (high.unwrap_or((0, 0)), low.unwrap_or((0, 0)));
        MaskedByte { value: high << 4 | low, mask: above << 4 | below }
    };
    Ok(padded.chunks(2).map(byte).collect())
}

/// Splits a number off the beginning of a word: sign, digits, point, exponent, or hexadecimal with
/// `0x`. `None` where there is none, or none that is finite.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = text.len() - unsigned.len();
    if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let end = hex.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hex.len());
        let number = u64::from_str_radix(hex.get(..end)?, 16).ok()? as f64;
        let number = if text.starts_with('-') { -number } else { number };
        return Some((number, hex.get(end..)?));
    }
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = sign + digits(sign);
    let mut count = end - sign;
    if bytes.get(end) == Some(&b'.') {
        let more = digits(end + 1);
        count += more;
        end += 1 + more;
    }
    if count == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + signed);
        if exponent > 0 {
            end += 1 + signed + exponent;
        }
    }
    let number: f64 = text.get(..end)?.parse().ok()?;
    if number.is_finite() { Some((number, text.get(end..)?)) } else { None }
}

/// Whether a word means a number, sound or not.
pub(super) fn looks_like_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let unsigned = unsigned.strip_prefix('.').unwrap_or(unsigned);
    unsigned.starts_with(|letter: char| letter.is_ascii_digit())
}

/// A number with a unit or without.
pub(super) fn quantity(text: &str) -> Result<Quantity, Wrong> {
    let wrong = || {
        Wrong::new(format!(
            "`{text}` is no number with a unit; put quotes around a word of a value table."
        ))
    };
    let (value, unit) = leading_number(text).ok_or_else(wrong)?;
    let begins = |letter: char| letter.is_alphabetic() || "%\u{b0}\u{b5}".contains(letter);
    let goes_on = |letter: char| begins(letter) || letter.is_numeric() || "/^_-".contains(letter);
    if unit.is_empty() || unit.starts_with(begins) && unit.chars().all(goes_on) {
        Ok(Quantity { value, unit: unit.to_owned() })
    } else {
        Err(wrong())
    }
}

/// Longest time, seconds: some hundred years, more than a nanosecond clock has.
const LONGEST_TIME: f64 = 1e10;

/// A time in seconds, or with one of the units ms, s, min, h.
pub(super) fn seconds(text: &str) -> Result<f64, Wrong> {
    let wrong =
        || Wrong::new(format!("`{text}` is no time; write seconds, or 200ms, 30s, 5min, 1h."));
    let (value, unit) = leading_number(text).ok_or_else(wrong)?;
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "us" | "\u{b5}s" => 1e-6,
        "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let seconds = value * scale;
    if seconds.abs() <= LONGEST_TIME { Ok(seconds) } else { Err(wrong()) }
}

/// A range of times.
pub(super) fn times(text: &str) -> Result<Seconds, Wrong> {
    let Some((from, to)) = text.split_once("..") else {
        seconds(text)?;
        return Err(Wrong::new(format!(
            "A moment alone lets next to nothing through; write a range such as `{text}..`."
        )));
    };
    if from.is_empty() && to.is_empty() {
        return Err(Wrong::new("A range needs a number at one of its ends."));
    }
    let from = if from.is_empty() { f64::NEG_INFINITY } else { seconds(from)? };
    let to = if to.is_empty() { f64::INFINITY } else { seconds(to)? };
    if from > to {
        return Err(Wrong::new("The end of this range is below its beginning."));
    }
    Ok(Seconds { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hexadecimal_and_eight_digits_mean_29_bits() {
        let run = |from, to| Stretch { from, to };
        assert_eq!(ids("600"), Ok(Ids::Run(run(0x600, 0x600))));
        assert_eq!(ids("0x600..6ff"), Ok(Ids::Run(run(0x600, 0x6FF))));
        assert_eq!(ids("00000600"), Ok(Ids::Extended(run(0x600, 0x600))));
        assert_eq!(ids("18FF50E5.."), Ok(Ids::Extended(run(0x18FF_50E5, 0x1FFF_FFFF))));
        assert_eq!(ids("0x600/0x7F0"), Ok(Ids::Masked { value: 0x600, mask: 0x7F0 }));
        assert_eq!(ids("EXT"), Ok(Ids::AllExtended));
        assert!(ids("xyz").unwrap_err().text.contains("hexadecimal"));
        assert!(ids("6ff..600").is_err() && ids("..").is_err() && ids("20000000").is_err());
    }

    #[test]
    fn a_decimal_parameter_group_is_told_in_hex() {
        let limits = Limits { base: Base::Sixteen, last: 0x3_FFFF, noun: "parameter group" };
        let wrong = whole("65266", limits).unwrap_err();
        assert_eq!(wrong.instead.as_deref(), Some("FEF2"), "{}", wrong.text);
        assert_eq!(whole("0xFEF2", limits), Ok(0xFEF2));
    }

    #[test]
    fn bytes_have_two_digits_or_any() {
        let sound = bytes("12 ?? 3?").unwrap();
        let pairs: Vec<(u8, u8)> = sound.iter().map(|byte| (byte.value, byte.mask)).collect();
        assert_eq!(pairs, [(0x12, 0xFF), (0, 0), (0x30, 0xF0)]);
        assert_eq!(bytes("0x7").unwrap(), [MaskedByte { value: 7, mask: 0xFF }]);
        assert!(bytes("123").is_err() && bytes("").is_err() && bytes("1g").is_err());
        assert!(bytes(&"00".repeat(65)).is_err());
    }

    #[test]
    fn a_quantity_is_a_number_with_or_without_a_unit() {
        let read = |text: &str| quantity(text).map(|q| (q.value, q.unit));
        assert_eq!(read("-4.1V"), Ok((-4.1, "V".into())));
        assert_eq!(read("1e3"), Ok((1000.0, String::new())));
        assert_eq!(read("5e"), Ok((5.0, "e".into())));
        assert_eq!(read("0x1F"), Ok((31.0, String::new())));
        assert_eq!(read(".5%"), Ok((0.5, "%".into())));
        assert!(read("2_x").is_err() && read("1e999").is_err() && read("-").is_err());
    }

    #[test]
    fn times_have_units_and_ranges() {
        assert_eq!(seconds("200ms"), Ok(0.2));
        assert_eq!(times("5min.."), Ok(Seconds { from: 300.0, to: f64::INFINITY }));
        assert!(times("5").is_err() && times("9..3").is_err() && seconds("5 parsec").is_err());
    }
}
